//! The parts of an archive that docgen reads, and how they become an exchange.
//!
//! Strings are borrowed: from the file, or, where they hold an escape, from what the tokenizer
//! unescaped. Fields that docgen does not read are not named, and those that it can do without
//! may be missing or `null`.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use sha2::{Digest, Sha256};

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
    timings: Option<Timings>,
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
    post_data: Option<Content<'a>>,
    #[serde(borrow, rename = "_body")]
    body: Option<Content<'a>>,
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
    text: Option<Str<'a>>,
    #[serde(borrow)]
    encoding: Option<Str<'a>>,
    #[serde(borrow)]
    params: Option<Vec<Field<'a>>>,
    size: Option<f64>,
    #[serde(borrow)]
    comment: Option<Str<'a>>,
    #[serde(borrow, rename = "_binary")]
    binary: Option<BinaryEntry<'a>>,
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

/// Where the strings that are borrowed stand.
pub(super) struct Memory<'a> {
    /// The file.
    pub(super) whole: &'a Text,
    /// The strings of the file that have escapes, without them, if they stand in one text.
    pub(super) unescaped: Option<&'a Text>,
}

/// A string. `Option<Cow<str>>` would always be copied by serde; this is not.
struct Str<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Str<'a>, D::Error> {
        struct Borrow;

        impl<'de> Visitor<'de> for Borrow {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_string(Borrow)
    }
}

impl Str<'_> {
    /// The string as text, sharing `memory` where it is a part of that.
    fn into_text(self, memory: &Memory<'_>) -> Text {
        match self.0 {
            Cow::Borrowed(part) if text::holds(memory.whole, part) => text::slice(memory.whole, part),
            Cow::Borrowed(part) => {
                memory.unescaped.map_or_else(|| Text::from(part), |all| text::slice(all, part))
            }
            Cow::Owned(text) => Text::from(text),
        }
    }

    fn to_text(&self, memory: &Memory<'_>) -> Text {
        Str(self.0.clone()).into_text(memory)
    }
}

impl GapEntry<'_> {
    pub(super) fn into_gap(self) -> Result<Gap, String> {
        let GapEntry { at, line, column, reason } = self;
        Ok(Gap { at: parse_time(&at.0)?, line, column, reason: reason.0.into_owned() })
    }
}

impl Har<'_> {
    /// The trace; its strings share `memory`. An error is a sentence.
    pub(super) fn into_trace(self, memory: &Memory<'_>) -> Result<Trace, String> {
        let headers = headers(&self.log.entries, memory);
        let exchanges = self.log.entries.into_iter().zip(headers);
        let exchanges = exchanges.map(|(entry, headers)| entry.into_exchange(headers, memory));
        let exchanges = exchanges.collect::<Result<_, _>>()?;
        let gaps = self.log.gaps.into_iter().map(GapEntry::into_gap).collect::<Result<_, _>>()?;
        Ok(Trace { exchanges, gaps })
    }
}

impl Entry<'_> {
    /// The exchange; its strings share `memory`. An error is a sentence.
    pub(super) fn into_only_exchange(self, memory: &Memory<'_>) -> Result<Exchange, String> {
        let headers = headers(std::slice::from_ref(&self), memory).next().unwrap_or_default();
        self.into_exchange(headers, memory)
    }

    /// The exchange, with the headers of its request and response.
    fn into_exchange(self, headers: [Headers; 2], memory: &Memory<'_>) -> Result<Exchange, String> {
        let [request_headers, response_headers] = headers;
        let text = |part: Str<'_>| part.into_text(memory);
        let started = parse_time(&self.started_date_time.0)?;
        let known_from = match self.known_from.as_ref().map(|known| &*known.0) {
            Some("diagram") => KnownFrom::Diagram,
            Some("response") => KnownFrom::Response,
            _ => KnownFrom::Wire,
        };
        let request = self.request;
        let body = match request.body.or(request.post_data) {
            Some(content) => content.into_body(memory, false)?,
            None => Body::Absent,
        };
        let method = text(request.method);
        let status = status(self.response.as_ref().and_then(|response| response.status))?;
        let response = match (status, self.response) {
            (Some(status), Some(response)) => {
                // Such a response has a Content-Length of what it does not hold.
                let is_empty = &*method == "HEAD" || matches!(status, 204 | 304);
                Some(Response {
                    status,
                    reason: response.status_text.map(text).unwrap_or_default(),
                    url: response.url.map(text),
                    headers: response_headers,
                    body: match response.content {
                        Some(content) => content.into_body(memory, !is_empty)?,
                        None => Body::Absent,
                    },
                })
            }
            _ => None,
        };
        let duration = duration(self.time, self.timings.as_ref());
        Ok(Exchange {
            from: self.from.map(text),
            to: self.to.map(text),
            started,
            ended: response.is_some().then(|| started.saturating_add(duration)),
            synthetic: self.synthetic,
            known_from,
            request: Request { method, url: text(request.url), headers: request_headers, body },
            response,
        })
    }
}

impl Content<'_> {
    /// The body. `may_be_left_out` says that a size without a text means a text left out.
    fn into_body(self, memory: &Memory<'_>, may_be_left_out: bool) -> Result<Body, String> {
        if let Some(binary) = self.binary {
            let head = match binary.head {
                Some(head) => decode_base64(&head.0)?,
                None => Vec::new(),
            };
            let sha256 = binary.sha256.map(|sha256| sha256.into_text(memory));
            return Ok(Body::Binary(Binary { head, length: binary.length, sha256 }));
        }
        if let Some(words) = self.omitted {
            return Ok(Body::Omitted(words.into_text(memory)));
        }
        match self.text {
            Some(text) if !text.0.is_empty() => {
                if self.encoding.is_some_and(|encoding| encoding.0.eq_ignore_ascii_case("base64")) {
                    return Ok(body_of(decode_base64(&text.0)?));
                }
                return Ok(Body::Text(text.into_text(memory)));
            }
            Some(_) => return Ok(Body::Absent),
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
                Some(comment) => comment.into_text(memory),
                None => Text::from(format!("Omitted, {size} bytes are not in the HAR file")),
            })),
            _ => Ok(Body::Absent),
        }
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
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
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

/// The headers of each entry's request and response. They are written as lines into one text,
/// which all share, as a log of the same messages would hold them.
fn headers(entries: &[Entry<'_>], memory: &Memory<'_>) -> impl Iterator<Item = [Headers; 2]> + use<> {
    // Fields are seldom longer as lines than in the file.
    let mut lines = String::with_capacity((entries.len() * 1024).min(memory.whole.len()));
    let written: Vec<[Result<Range<usize>, Headers>; 2]> = entries
        .iter()
        .map(|entry| {
            let response = entry.response.as_ref().and_then(|response| response.headers.as_deref());
            [entry.request.headers.as_deref(), response].map(|fields| {
                let fields = fields.unwrap_or_default();
                // What no line can hold stays in fields.
                write_lines(fields, memory, &mut lines).ok_or_else(|| listed(fields, memory))
            })
        })
        .collect();
    let lines = Text::from(lines);
    let shared = move |place| Headers::from_checked_lines(text::slice(&lines, &lines[place]));
    written.into_iter().map(move |each| each.map(|headers| headers.map_or_else(|fields| fields, &shared)))
}

/// Adds `fields` to `lines`; their place there, without the last line's end. `None` when they
/// could not be read back from it.
fn write_lines(fields: &[Field<'_>], memory: &Memory<'_>, lines: &mut String) -> Option<Range<usize>> {
    let start = lines.len();
    for field in fields.iter().filter(|field| field.is_header()) {
        let (name, value) = (&*field.name.0, field.value.as_ref().map_or("", |value| &value.0));
        // The file itself has no line end inside a string: only an escape makes one.
        let is_one_line = |text: &str| text::holds(memory.whole, text) || !text.contains('\n');
        if name.contains(':') || !is_one_line(name) || !is_one_line(value) {
            lines.truncate(start);
            return None;
        }
        if lines.len() > start {
            lines.push('\n');
        }
        lines.push_str(name);
        lines.push_str(": ");
        lines.push_str(value);
    }
    Some(start..lines.len())
}

fn listed(fields: &[Field<'_>], memory: &Memory<'_>) -> Headers {
    let fields = fields.iter().filter(|field| field.is_header());
    let value =
        |field: &Field<'_>| field.value.as_ref().map(|value| value.to_text(memory)).unwrap_or_default();
    fields.map(|field| (field.name.to_text(memory), value(field))).collect()
}

impl Field<'_> {
    /// A browser lists HTTP/2's pseudo-header fields, which are no header fields (RFC 9113, 8.3).
    fn is_header(&self) -> bool {
        !self.name.0.starts_with(':')
    }
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
    if let Some(time) = usual_time(text) {
        return Ok(time);
    }
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

/// The moment that `2026-11-20T21:00:00Z` names, with a fraction or without. This is how nearly
/// everybody writes it, and chrono takes its time with all the ways that there are.
pub(super) fn usual_time(text: &str) -> Option<Micros> {
    let (seconds, rest) = text.as_bytes().split_first_chunk::<19>()?;
    if [4, 7, 10, 13, 16].map(|at| seconds[at]) != *b"--T::" {
        return None;
    }
    let digits = |digits: &[u8]| {
        let add = |number, &digit: &u8| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'));
        digits.iter().try_fold(0, add)
    };
    let fraction = match rest {
        b"Z" => &[],
        [b'.', fraction @ .., b'Z'] if !fraction.is_empty() => fraction,
        _ => return None,
    };
    // What is finer than a microsecond is cut off.
    let micros = digits(fraction.get(..6).unwrap_or(fraction))? * 10u32.pow(6 - fraction.len().min(6) as u32);
    fraction.iter().all(u8::is_ascii_digit).then_some(())?;
    let year = i32::try_from(digits(&seconds[..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, digits(&seconds[5..7])?, digits(&seconds[8..10])?)?;
    let [hour, minute, second] = [11, 14, 17].map(|at| digits(&seconds[at..at + 2]));
    // A leap second is chrono's to read, for it takes none of this.
    Some(date.and_hms_micro_opt(hour?, minute?, second?, micros)?.and_utc().timestamp_micros())
}
