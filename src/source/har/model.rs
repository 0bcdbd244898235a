//! The parts of an archive that docgen reads, and how they become an exchange.
//!
//! Strings are borrowed from the file, and bodies keep their escapes until it is known in which
//! form they are wanted. Fields that docgen does not read are not named, and those that it can do
//! without may be missing or `null`.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, NaiveDateTime};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

use crate::json::{Escaped, JsonString, Str};
use crate::source::requestshook_writer::{self, Elsewhere};
use crate::text::{self, Text};
use crate::trace::{Binary, Body, Exchange, Gap, Headers, KnownFrom, Micros, Request, Response, Trace};

/// How many bytes are kept of a body that is not text.
const HEAD: usize = 32;

#[derive(Deserialize)]
pub(super) struct Har<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
    #[serde(borrow, default, rename = "_gaps")]
    gaps: Vec<GapEntry<'a>>,
}

#[derive(Deserialize)]
pub(super) struct GapEntry<'a> {
    #[serde(borrow)]
    at: Str<'a>,
    line: usize,
    column: usize,
    #[serde(borrow)]
    reason: Str<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    started_date_time: Str<'a>,
    time: Option<f64>,
    #[serde(borrow)]
    request: RequestEntry<'a>,
    #[serde(borrow)]
    response: Option<ResponseEntry<'a>>,
    timings: Option<Box<Timings>>,
    #[serde(borrow, rename = "_from")]
    from: Option<Str<'a>>,
    #[serde(borrow, rename = "_to")]
    to: Option<Str<'a>>,
    #[serde(default, rename = "_synthetic")]
    synthetic: bool,
    #[serde(borrow, rename = "_knownFrom")]
    known_from: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Timings {
    blocked: Option<f64>,
    dns: Option<f64>,
    connect: Option<f64>,
    send: Option<f64>,
    wait: Option<f64>,
    receive: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestEntry<'a> {
    #[serde(borrow)]
    method: Str<'a>,
    #[serde(borrow)]
    url: Str<'a>,
    #[serde(borrow)]
    headers: Option<Vec<Field<'a>>>,
    #[serde(borrow)]
    post_data: Option<Box<Content<'a>>>,
    #[serde(borrow, rename = "_body")]
    body: Option<Box<Content<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseEntry<'a> {
    status: Option<f64>,
    #[serde(borrow)]
    status_text: Option<Str<'a>>,
    #[serde(borrow)]
    headers: Option<Vec<Field<'a>>>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow, rename = "_url")]
    url: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct Field<'a> {
    #[serde(borrow)]
    name: Str<'a>,
    #[serde(borrow)]
    value: Option<Str<'a>>,
}

/// A body: `postData`, `content`, or docgen's own `_body`.
#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    text: Option<JsonString<'a>>,
    #[serde(borrow)]
    encoding: Option<Str<'a>>,
    #[serde(borrow)]
    params: Option<Vec<Field<'a>>>,
    size: Option<f64>,
    #[serde(borrow)]
    comment: Option<Str<'a>>,
    #[serde(borrow, rename = "_binary")]
    binary: Option<Box<BinaryEntry<'a>>>,
    #[serde(borrow, rename = "_omitted")]
    omitted: Option<Str<'a>>,
}

#[derive(Deserialize)]
struct BinaryEntry<'a> {
    length: Option<u64>,
    #[serde(borrow)]
    sha256: Option<Str<'a>>,
    #[serde(borrow)]
    head: Option<Str<'a>>,
}

impl GapEntry<'_> {
    pub(super) fn into_gap(self) -> Result<Gap, String> {
        let GapEntry { at, line, column, reason } = self;
        Ok(Gap { at: parse_time(&at.0)?, line, column, reason: reason.0.into_owned() })
    }
}

impl<'a> Har<'a> {
    /// The trace; its strings share the memory of `whole`, the file. An error is a sentence.
    pub(super) fn into_trace(self, whole: &Text) -> Result<Trace, String> {
        let exchanges = self.log.entries.into_iter().map(|entry| entry.into_exchange(whole));
        Ok(Trace { exchanges: exchanges.collect::<Result<_, _>>()?, gaps: gaps(self.log.gaps)? })
    }

    /// The trace, with headers and bodies as its log shows them, and that log. An error is a
    /// sentence.
    pub(super) fn into_log(self, whole: &Text) -> Result<(Trace, Text), String> {
        let mut details = Vec::with_capacity(self.log.entries.len());
        let mut exchanges = Vec::with_capacity(self.log.entries.len());
        for entry in self.log.entries {
            let (mut exchange, [mut asked, mut answered]) = entry.split(whole)?;
            let Exchange { request, response, known_from, .. } = &mut exchange;
            // Such a request is in no log.
            if *known_from == KnownFrom::Response || !asked.are_lines() {
                std::mem::take(&mut asked).fill(&mut request.headers, &mut request.body, whole);
            }
            if let Some(response) = response.as_mut().filter(|_| !answered.are_lines()) {
                std::mem::take(&mut answered).fill(&mut response.headers, &mut response.body, whole);
            }
            details.push([asked, answered]);
            exchanges.push(exchange);
        }
        let trace = Trace { exchanges, gaps: gaps(self.log.gaps)? };
        Ok(requestshook_writer::rewrite_with(trace, &Archived { details, size: whole.len() }))
    }
}

fn gaps(gaps: Vec<GapEntry<'_>>) -> Result<Vec<Gap>, String> {
    gaps.into_iter().map(GapEntry::into_gap).collect()
}

impl<'a> Entry<'a> {
    /// The exchange; its strings share the memory of `whole`, the file. An error is a sentence.
    pub(super) fn into_exchange(self, whole: &Text) -> Result<Exchange, String> {
        let (mut exchange, [asked, answered]) = self.split(whole)?;
        let Exchange { request, response, .. } = &mut exchange;
        asked.fill(&mut request.headers, &mut request.body, whole);
        if let Some(response) = response {
            answered.fill(&mut response.headers, &mut response.body, whole);
        }
        Ok(exchange)
    }

    /// The exchange, but for what the details of its two messages have.
    fn split(self, whole: &Text) -> Result<(Exchange, [Details<'a>; 2]), String> {
        let text = |part: Str<'_>| text::share(whole, part.0);
        let started = parse_time(&self.started_date_time.0)?;
        let known_from = match self.known_from.as_ref().map(|known| &*known.0) {
            Some("diagram") => KnownFrom::Diagram,
            Some("response") => KnownFrom::Response,
            _ => KnownFrom::Wire,
        };
        let request = self.request;
        let mut details = [request.headers, None].map(Details::new);
        let [asked, answered] = &mut details;
        let body = match request.body.or(request.post_data) {
            Some(content) => content.into_body(whole, false, &mut asked.body)?,
            None => Body::Absent,
        };
        let method = text(request.method);
        let status = status(self.response.as_ref().and_then(|response| response.status))?;
        let response = match (status, self.response) {
            (Some(status), Some(response)) => {
                *answered = Details::new(response.headers);
                // Such a response has a Content-Length of what it does not hold.
                let is_empty = &*method == "HEAD" || matches!(status, 204 | 304);
                Some(Response {
                    status,
                    reason: response.status_text.map(text).unwrap_or_default(),
                    url: response.url.map(text),
                    headers: Headers::default(),
                    body: match response.content {
                        Some(content) => content.into_body(whole, !is_empty, &mut answered.body)?,
                        None => Body::Absent,
                    },
                })
            }
            _ => None,
        };
        let duration = duration(self.time, self.timings.as_deref());
        let exchange = Exchange {
            from: self.from.map(text),
            to: self.to.map(text),
            started,
            ended: response.is_some().then(|| started.saturating_add(duration)),
            synthetic: self.synthetic,
            known_from,
            request: Request { method, url: text(request.url), headers: Headers::default(), body },
            response,
        };
        Ok((exchange, details))
    }
}

impl<'a> Content<'a> {
    /// The body. `may_be_left_out` says that a size without a text means a text left out. A text
    /// that still has its escapes goes to `escaped`, and the body is an empty one.
    fn into_body(
        self,
        whole: &Text,
        may_be_left_out: bool,
        escaped: &mut Option<Escaped<'a>>,
    ) -> Result<Body, String> {
        let text = |part: Str<'_>| text::share(whole, part.0);
        if let Some(binary) = self.binary {
            let head = match binary.head {
                Some(head) => decode_base64(&head.0)?,
                None => Vec::new(),
            };
            return Ok(Body::Binary(Binary { head, length: binary.length, sha256: binary.sha256.map(text) }));
        }
        if let Some(words) = self.omitted {
            return Ok(Body::Omitted(text(words)));
        }
        let is_base64 = self.encoding.is_some_and(|encoding| encoding.0.eq_ignore_ascii_case("base64"));
        match self.text {
            Some(JsonString::Plain(plain)) if plain.is_empty() => return Ok(Body::Absent),
            Some(JsonString::Plain(plain)) if is_base64 => return Ok(body_of(decode_base64(&plain)?)),
            Some(JsonString::Plain(plain)) => return Ok(Body::Text(text::share(whole, plain))),
            Some(JsonString::Escaped(coded)) if is_base64 => {
                return Ok(body_of(decode_base64(&coded.text())?));
            }
            Some(JsonString::Escaped(coded)) => {
                *escaped = Some(coded);
                return Ok(Body::Text(Text::new()));
            }
            None => {}
        }
        if let Some(params) = self.params.filter(|params| !params.is_empty()) {
            let pairs: Vec<_> = params
                .iter()
                .map(|field| {
                    let value = field.value.as_ref().map_or("", |value| &value.0);
                    format!("{}={value}", field.name.0)
                })
                .collect();
            return Ok(Body::Text(Text::from(pairs.join("&"))));
        }
        match self.size {
            Some(size) if may_be_left_out && size > 0.0 => Ok(Body::Omitted(match self.comment {
                Some(comment) => text(comment),
                None => Text::from(format!("Omitted, {size} bytes are not in the HAR file")),
            })),
            _ => Ok(Body::Absent),
        }
    }
}

/// The headers of a message, and its body where that has escapes.
#[derive(Default)]
struct Details<'a> {
    fields: Vec<Field<'a>>,
    body: Option<Escaped<'a>>,
}

impl<'a> Details<'a> {
    fn new(fields: Option<Vec<Field<'a>>>) -> Details<'a> {
        let mut fields = fields.unwrap_or_default();
        // A browser lists HTTP/2's pseudo-header fields, which are no header fields (RFC 9113, 8.3).
        fields.retain(|field| !field.name.0.starts_with(':'));
        Details { fields, body: None }
    }

    /// Whether each field, written as a line, can be read back from it.
    fn are_lines(&self) -> bool {
        // Only an escape makes a line end in a string.
        let is_line = |text: &Str<'_>| matches!(text.0, Cow::Borrowed(_)) || !text.0.contains('\n');
        self.fields.iter().all(|Field { name, value }| {
            let has_colon = memchr::memchr(b':', name.0.as_bytes()).is_some();
            !has_colon && is_line(name) && value.as_ref().is_none_or(is_line)
        })
    }

    /// Puts everything where it belongs.
    fn fill(self, headers: &mut Headers, body: &mut Body, whole: &Text) {
        let text = |part: Str<'_>| text::share(whole, part.0);
        let fields = self.fields.into_iter();
        *headers =
            fields.map(|Field { name, value }| (text(name), value.map(text).unwrap_or_default())).collect();
        if let Some(escaped) = self.body {
            *body = Body::Text(Text::from(escaped.text()));
        }
    }
}

/// What of the messages stands in the archive and not in their trace.
struct Archived<'a> {
    details: Vec<[Details<'a>; 2]>,
    /// The length of the archive.
    size: usize,
}

impl Elsewhere for Archived<'_> {
    fn size(&self) -> usize {
        self.size
    }

    fn push_headers(&self, exchange: usize, is_response: bool, log: &mut Vec<u8>) {
        push_lines(&self.details[exchange][usize::from(is_response)].fields, log);
    }

    fn push_body(&self, exchange: usize, is_response: bool, log: &mut Vec<u8>) -> bool {
        let Some(escaped) = self.details[exchange][usize::from(is_response)].body else { return false };
        if !escaped.reindent_onto(log) {
            requestshook_writer::push_text(&escaped.text(), log);
        }
        true
    }
}

/// Adds the fields as lines.
fn push_lines(fields: &[Field<'_>], lines: &mut Vec<u8>) {
    for Field { name, value } in fields {
        lines.extend_from_slice(name.0.as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_ref().map_or("", |value| &value.0).as_bytes());
        lines.push(b'\n');
    }
}

/// The body that these bytes are: text, where they are UTF-8 with nothing but text in it.
fn body_of(bytes: Vec<u8>) -> Body {
    let is_text = |byte: &u8| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b);
    if bytes.is_empty() {
        return Body::Absent;
    }
    let bytes = if bytes.iter().all(is_text) {
        match String::from_utf8(bytes) {
            Ok(text) => return Body::Text(Text::from(text)),
            Err(error) => error.into_bytes(),
        }
    } else {
        bytes
    };
    let sha256 =
        digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Body::Binary(Binary {
        head: bytes[..bytes.len().min(HEAD)].to_vec(),
        length: Some(bytes.len() as u64),
        sha256: Some(Text::from(sha256)),
    })
}

fn decode_base64(text: &str) -> Result<Vec<u8>, String> {
    BASE64_STANDARD.decode(text).or_else(|error| {
        // MIME breaks its lines.
        let joined: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let error = format!("its body is not base64: {error}");
        if joined.len() == text.len() {
            Err(error)
        } else {
            BASE64_STANDARD.decode(joined).map_err(|_| error)
        }
    })
}

/// The status code; `None` when no response came, for which recorders write 0 or -1.
fn status(status: Option<f64>) -> Result<Option<u16>, String> {
    match status {
        None | Some(0.0 | -1.0) => Ok(None),
        Some(status) if (1.0..1000.0).contains(&status) => Ok(Some(status as u16)),
        Some(status) => Err(format!("its status {status} is none of HTTP's")),
    }
}

/// How long the exchange took, in microseconds: the whole where it is given, else its parts.
fn duration(time: Option<f64>, timings: Option<&Timings>) -> Micros {
    let given = |time: &f64| *time >= 0.0;
    let time = time.filter(given).unwrap_or_else(|| {
        let parts = timings.map_or([None; 6], |timings| {
            [timings.blocked, timings.dns, timings.connect, timings.send, timings.wait, timings.receive]
        });
        parts.into_iter().flatten().filter(given).sum()
    });
    (time * 1000.0).round() as Micros
}

/// The moment that an ISO 8601 time names; one without an offset is taken for UTC.
pub(super) fn parse_time(text: &str) -> Result<Micros, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.timestamp_micros());
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z") {
        return Ok(time.timestamp_micros());
    }
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
        .map(|time| time.and_utc().timestamp_micros())
        .map_err(|error| format!("its startedDateTime is no time: {error}"))
}
