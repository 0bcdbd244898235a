//! An entry of an archive, and how it becomes an exchange.
//!
//! Each field is taken as it comes. One of the wrong kind is read for what it says, or left out, and
//! told with its place; all others stay. Strings are borrowed from the file, and bodies keep their
//! escapes until it is known in which form they are wanted. What this leaves out: fields that no
//! page shows, of whatever kind, and the list around the entries.

use std::borrow::Cow;

use super::body::{Content, content};
use super::time;
use crate::json::{Broken, Escaped, Key, Kind, Progress, Reader};
use crate::text::{self, Text};
use crate::trace::{Body, Exchange, Gap, Headers, Informational, KnownFrom, Micros, Request, Response};

/// What stands for a method or URL that an entry does not tell.
const UNKNOWN: &str = "UNKNOWN";

/// An exchange, without the headers and bodies of its messages.
pub(super) struct Entry<'a> {
    pub(super) exchange: Exchange,
    /// Those of the request and of the response.
    pub(super) details: [Details<'a>; 2],
    /// Whether the entry says when it happened.
    pub(super) has_time: bool,
}

/// The headers of a message, and its body where that has escapes.
#[derive(Default)]
pub(super) struct Details<'a> {
    pub(super) fields: Vec<Field<'a>>,
    pub(super) body: Option<Escaped<'a>>,
}

/// The name and the value of a header field.
pub(super) type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

impl<'a> Entry<'a> {
    /// The exchange with all that belongs to it; its strings share the memory of `whole`, the file.
    pub(super) fn into_exchange(self, whole: &Text) -> Exchange {
        let Entry { mut exchange, details: [asked, answered], .. } = self;
        let Exchange { request, response, .. } = &mut exchange;
        asked.fill(&mut request.headers, &mut request.body, whole);
        if let Some(response) = response {
            answered.fill(&mut response.headers, &mut response.body, whole);
        }
        exchange
    }
}

impl Details<'_> {
    /// Whether each field, written as a line, can be read back from it.
    pub(super) fn are_lines(&self) -> bool {
        self.fields.iter().all(|(name, _)| memchr::memchr2(b':', b'\n', name.as_bytes()).is_none())
    }

    /// Puts everything where it belongs.
    pub(super) fn fill(self, headers: &mut Headers, body: &mut Body, whole: &Text) {
        let share = |part| text::share(whole, part);
        *headers = self.fields.into_iter().map(|(name, value)| (share(name), share(value))).collect();
        if let Some(escaped) = self.body {
            *body = Body::Text(Text::from(escaped.text()));
        }
    }
}

/// What an archive says of a request.
#[derive(Default)]
struct RequestParts<'a> {
    method: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    version: Option<Text>,
    fields: Option<Vec<Field<'a>>>,
    trailers: Option<Vec<Field<'a>>>,
    content: Option<Content<'a>>,
    /// docgen's own form of a body that HAR cannot say.
    own: Option<Content<'a>>,
    body_size: Option<f64>,
}

/// What an archive says of a response.
#[derive(Default)]
struct ResponseParts<'a> {
    status: Option<Status>,
    reason: Option<Cow<'a, str>>,
    url: Option<Cow<'a, str>>,
    informational: Vec<Informational>,
    version: Option<Text>,
    fields: Option<Vec<Field<'a>>>,
    trailers: Option<Vec<Field<'a>>>,
    content: Option<Content<'a>>,
    body_size: Option<f64>,
    failure: Option<Cow<'a, str>>,
    is_answer: Option<bool>,
}

/// A status code, as recorders write it.
#[derive(Clone, Copy, PartialEq)]
enum Status {
    Known(u16),
    /// 0 or -1: there was no response, or the recorder did not see its first line.
    Unseen,
    /// There is something that is no status.
    Unknown,
}

/// The next value, an object, as an entry; `None` where it has neither a request nor a response.
pub(super) fn entry<'a>(json: &mut Reader<'a>, whole: &Text) -> Result<Option<Entry<'a>>, Broken> {
    let start = json.next_at();
    let (mut started, mut duration, mut parts) = (None, None, None);
    let (mut asked, mut answered) = (None, None);
    let (mut from, mut from_inferred, mut to) = (None, None, None);
    let (mut synthetic, mut known_from) = (None, None);
    let (mut failure, mut messages) = (None, None);
    // Whether it was told that the request is none.
    let mut is_told = false;
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        match &*key.name {
            "startedDateTime" => {
                let at = json.next_at();
                let value = match json.peek()? {
                    Kind::Null => json.skip().map(|_| None)?,
                    _ => Some(moment(json)?),
                };
                if value == Some(None) {
                    json.tell(
                        at,
                        "`startedDateTime` is no time; this entry is taken to follow the one before it",
                    );
                }
                put(json, &key, &mut started, value);
            }
            "time" => {
                let value = millis(json, "time")?;
                put(json, &key, &mut duration, value);
            }
            "timings" => {
                let value = timings(json)?;
                put(json, &key, &mut parts, value);
            }
            "request" => {
                let before = json.told.len();
                // docgen writes where the request is known from before the request.
                let is_unseen = known_from.as_deref() == Some("response");
                let value = request(json, whole, is_unseen)?;
                is_told |= value.is_none() && json.told.len() > before;
                put(json, &key, &mut asked, value);
            }
            "response" => {
                let value = response(json, whole)?;
                put(json, &key, &mut answered, value);
            }
            "_from" => {
                let value = text(json, "_from")?;
                put(json, &key, &mut from, value);
            }
            "_fromInferred" => {
                let value = boolean(json, "_fromInferred")?;
                put(json, &key, &mut from_inferred, value);
            }
            "_to" => {
                let value = text(json, "_to")?;
                put(json, &key, &mut to, value);
            }
            "_synthetic" => {
                let value = boolean(json, "_synthetic")?;
                put(json, &key, &mut synthetic, value);
            }
            "_knownFrom" => {
                let value = text(json, "_knownFrom")?;
                put(json, &key, &mut known_from, value);
            }
            "_error" => {
                let value = text(json, "_error")?.filter(|error| !error.is_empty());
                put(json, &key, &mut failure, value);
            }
            "_webSocketMessages" => {
                let value = count(json)?;
                put(json, &key, &mut messages, value);
            }
            "_webSocketMessageCount" => {
                let value = number(json, "_webSocketMessageCount")?.map(|count| count as usize);
                put(json, &key, &mut messages, value);
            }
            _ => {
                json.skip()?;
            }
        }
    }
    let share = |part| text::share(whole, part);
    let mut known_from = match known_from.as_deref() {
        Some("diagram") => KnownFrom::Diagram,
        Some("response") => KnownFrom::Response,
        _ => KnownFrom::Wire,
    };
    if started.is_none() {
        json.tell(start, "this entry has no `startedDateTime`; it is taken to follow the one before it");
    }
    let started = started.flatten();
    let failure = failure.or_else(|| answered.as_mut()?.failure.take()).map(share);
    let has_request = asked.is_some();
    let RequestParts { method, url, version, fields, trailers, content, own, body_size } =
        asked.unwrap_or_default();
    let mut details: [Details<'a>; 2] = Default::default();
    let (headers, media_type, body) = message(fields, own.or(content), body_size, true, &mut details[0]);
    let request = Request {
        method: share(method.unwrap_or(UNKNOWN.into())),
        url: share(url.unwrap_or(UNKNOWN.into())),
        version,
        headers,
        media_type: media_type.map(share),
        body,
        trailers: owned(trailers),
    };
    let response = answered.and_then(|answered| {
        let status = answered.status.unwrap_or(Status::Unseen);
        let is_something = status != Status::Unseen
            || answered.is_answer == Some(true)
            || answered.fields.as_ref().is_some_and(|fields| !fields.is_empty())
            || answered.content.as_ref().is_some_and(Content::is_something);
        if !is_something {
            return None;
        }
        let status = if let Status::Known(status) = status { status } else { 0 };
        // Such a response has a Content-Length of what it does not hold.
        let may_have_body = !(&*request.method == "HEAD" || matches!(status, 204 | 304));
        let ResponseParts {
            reason, url, informational, version, fields, trailers, content, body_size, ..
        } = answered;
        let (headers, media_type, body) = message(fields, content, body_size, may_have_body, &mut details[1]);
        Some(Response {
            status,
            reason: reason.map(share).unwrap_or_default(),
            url: url.map(share),
            informational,
            version,
            headers,
            media_type: media_type.map(share),
            body,
            trailers: owned(trailers),
        })
    });
    if !has_request {
        if response.is_none() {
            return Ok(None);
        }
        if !is_told {
            json.tell(start, "this entry has no `request`; only its response is shown");
        }
        known_from = KnownFrom::Response;
    }
    let started_at = started.unwrap_or_default();
    let Timings { all, sending, receiving } = parts.unwrap_or_default();
    let duration = duration.or(all).unwrap_or_default();
    let is_answered = response.is_some();
    let sending = if is_answered { sending.min(duration) } else { 0 };
    let receiving = if is_answered { receiving.min(duration - sending) } else { 0 };
    let exchange = Exchange {
        from: from.map(share),
        from_inferred: from_inferred.unwrap_or_default(),
        to: to.map(share),
        started: started_at,
        ended: is_answered.then(|| started_at.saturating_add(duration)),
        sending,
        receiving,
        synthetic: synthetic.unwrap_or(started.is_none()),
        known_from,
        failure,
        web_socket_messages: messages.unwrap_or_default(),
        request,
        response,
    };
    Ok(Some(Entry { exchange, details, has_time: started.is_some() }))
}

/// The headers, the media type and the body of a message. What has to be decoded goes to `details`.
fn message<'a>(
    fields: Option<Vec<Field<'a>>>,
    content: Option<Content<'a>>,
    body_size: Option<f64>,
    may_have_body: bool,
    details: &mut Details<'a>,
) -> (Headers, Option<Cow<'a, str>>, Body) {
    details.fields = fields.unwrap_or_default();
    let mut content = content.unwrap_or_else(|| Content { size: body_size, ..Content::default() });
    if may_have_body {
        content.left_out();
    }
    details.body = content.escaped;
    let is_type = |(name, _): &Field<'_>| name.eq_ignore_ascii_case("content-type");
    let has_type = details.fields.iter().any(is_type);
    // Chrome says so where it knows none.
    let is_told = |kind: &Cow<'_, str>| !has_type && !kind.is_empty() && kind != "x-unknown";
    (Headers::default(), content.mime_type.filter(is_told), content.body)
}

/// `is_unseen` of a request of which a response tells all that is known: it may not tell the method.
fn request<'a>(
    json: &mut Reader<'a>,
    whole: &Text,
    is_unseen: bool,
) -> Result<Option<RequestParts<'a>>, Broken> {
    if !is_object(json, "request")? {
        return Ok(None);
    }
    let start = json.next_at();
    let mut asked = RequestParts::default();
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        match &*key.name {
            "method" => {
                let value = match is_unseen && json.peek()? == Kind::String {
                    true => text(json, "method")?.unwrap_or_default(),
                    false => needed(json, "method")?,
                };
                put(json, &key, &mut asked.method, Some(value));
            }
            "url" => {
                let value = needed(json, "url")?;
                put(json, &key, &mut asked.url, Some(value));
            }
            "httpVersion" => {
                let value = version(json)?;
                put(json, &key, &mut asked.version, value);
            }
            "headers" => {
                let value = headers(json)?;
                put(json, &key, &mut asked.fields, value);
            }
            "_trailers" => {
                let value = headers(json)?;
                put(json, &key, &mut asked.trailers, value);
            }
            "postData" => {
                let value = content(json, whole, "postData")?;
                put(json, &key, &mut asked.content, value);
            }
            "_body" => {
                let value = content(json, whole, "_body")?;
                put(json, &key, &mut asked.own, value);
            }
            "bodySize" => {
                let value = size(json, "bodySize")?;
                put(json, &key, &mut asked.body_size, value);
            }
            _ => {
                json.skip()?;
            }
        }
    }
    if asked.method.is_none() {
        json.tell(start, "this request has no `method`");
    }
    if asked.url.is_none() {
        json.tell(start, "this request has no `url`");
    }
    Ok(Some(asked))
}

fn response<'a>(json: &mut Reader<'a>, whole: &Text) -> Result<Option<ResponseParts<'a>>, Broken> {
    if !is_object(json, "response")? {
        return Ok(None);
    }
    let mut answered = ResponseParts::default();
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        match &*key.name {
            "status" => {
                let value = status(json)?;
                put(json, &key, &mut answered.status, value);
            }
            "statusText" => {
                let value = text(json, "statusText")?;
                put(json, &key, &mut answered.reason, value);
            }
            "httpVersion" => {
                let value = version(json)?;
                put(json, &key, &mut answered.version, value);
            }
            "headers" => {
                let value = headers(json)?;
                put(json, &key, &mut answered.fields, value);
            }
            "_informational" if json.peek()? == Kind::List => {
                let mut progress = Progress::default();
                while json.next_element(&mut progress)? {
                    answered.informational.extend(informational(json)?);
                }
            }
            "_trailers" => {
                let value = headers(json)?;
                put(json, &key, &mut answered.trailers, value);
            }
            "content" => {
                let value = content(json, whole, "content")?;
                put(json, &key, &mut answered.content, value);
            }
            "bodySize" => {
                let value = size(json, "bodySize")?;
                put(json, &key, &mut answered.body_size, value);
            }
            "_url" => {
                let value = text(json, "_url")?;
                put(json, &key, &mut answered.url, value);
            }
            "_error" | "_failureText" => {
                let value = text(json, "_error")?.filter(|error| !error.is_empty());
                put(json, &key, &mut answered.failure, value);
            }
            "_answered" => {
                let value = boolean(json, "_answered")?;
                put(json, &key, &mut answered.is_answer, value);
            }
            _ => {
                json.skip()?;
            }
        }
    }
    Ok(Some(answered))
}

/// Keeps `value`, the value of the member `key`, if there is one.
pub(super) fn put<T>(json: &mut Reader<'_>, key: &Key<'_>, slot: &mut Option<T>, value: Option<T>) {
    if let Some(value) = value
        && slot.replace(value).is_some()
    {
        json.tell(key.at, format!("`{}` is here for the second time; this one counts", key.name));
    }
}

/// The next value, which should be a string. `null` is none.
pub(super) fn text<'a>(json: &mut Reader<'a>, name: &str) -> Result<Option<Cow<'a, str>>, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::String => json.string().map(|text| Some(text.text())),
        Kind::Null => json.skip().map(|_| None),
        kind @ (Kind::Number | Kind::Boolean) => {
            json.tell(at, format!("`{name}` is {}, not a string; it is read as one", kind.name()));
            json.skip().map(|text| Some(text.into()))
        }
        kind => wrong(json, at, name, kind, "a string"),
    }
}

/// The next value, a string that has to say something; what stands for it where it does not.
fn needed<'a>(json: &mut Reader<'a>, name: &str) -> Result<Cow<'a, str>, Broken> {
    let (at, before) = (json.next_at(), json.told.len());
    let said = text(json, name)?.filter(|said| !said.is_empty());
    if said.is_none() && json.told.len() == before {
        json.tell(at, format!("`{name}` says nothing"));
    }
    Ok(said.unwrap_or(UNKNOWN.into()))
}

/// The next value, which should be a number. `null` is none.
pub(super) fn number(json: &mut Reader<'_>, name: &str) -> Result<Option<f64>, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::Number => {
            let number = json.number();
            if number.is_none() {
                json.tell(at, format!("`{name}` is too large a number; it is left out"));
            }
            Ok(number)
        }
        Kind::Null => json.skip().map(|_| None),
        kind => wrong(json, at, name, kind, "a number"),
    }
}

/// How many bytes something has. Nothing, and less, is not told apart.
pub(super) fn size(json: &mut Reader<'_>, name: &str) -> Result<Option<f64>, Broken> {
    /// No file system has longer files.
    const MOST: f64 = u64::MAX as f64;
    let at = json.next_at();
    let size = number(json, name)?.filter(|size| *size > 0.0);
    if size.is_some_and(|size| size > MOST) {
        json.tell(at, format!("`{name}` is too large a number; it is left out"));
        return Ok(None);
    }
    Ok(size.map(f64::trunc))
}

fn boolean(json: &mut Reader<'_>, name: &str) -> Result<Option<bool>, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::Boolean => json.skip().map(|word| Some(word == "true")),
        Kind::Null => json.skip().map(|_| None),
        kind => wrong(json, at, name, kind, "true or false"),
    }
}

/// Passes over a value of the wrong kind.
fn wrong<T>(
    json: &mut Reader<'_>,
    at: usize,
    name: &str,
    kind: Kind,
    right: &str,
) -> Result<Option<T>, Broken> {
    json.tell(at, format!("`{name}` is {}, not {right}; it is left out", kind.name()));
    json.skip().map(|_| None)
}

/// Whether the next value is an object; what is none is passed over.
fn is_object(json: &mut Reader<'_>, name: &str) -> Result<bool, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::Object => return Ok(true),
        Kind::Null => {
            json.skip()?;
        }
        kind => {
            wrong::<()>(json, at, name, kind, "an object")?;
        }
    }
    Ok(false)
}

/// How long something took, in microseconds. Less than nothing says that it is not known.
fn millis(json: &mut Reader<'_>, name: &str) -> Result<Option<Micros>, Broken> {
    /// No recorder runs for a century.
    const MOST: f64 = 100.0 * 366.0 * 86_400_000.0;
    let at = json.next_at();
    let millis = number(json, name)?.filter(|millis| *millis >= 0.0);
    if millis.is_some_and(|millis| millis > MOST) {
        json.tell(at, format!("`{name}` is too large a number; it is left out"));
        return Ok(None);
    }
    Ok(millis.map(|millis| (millis * 1000.0).round() as Micros))
}

/// The version of the protocol, where it is another than most have.
fn version(json: &mut Reader<'_>) -> Result<Option<Text>, Broken> {
    if json.peek()? != Kind::String {
        return json.skip().map(|_| None);
    }
    let version = json.string()?.text();
    let is_told = !["", "unknown", "http/1.1"].iter().any(|usual| version.eq_ignore_ascii_case(usual));
    Ok(is_told.then(|| Text::from(version.into_owned())))
}

/// The next value, an answer before the response.
fn informational(json: &mut Reader<'_>) -> Result<Option<Informational>, Broken> {
    if !is_object(json, "_informational")? {
        return Ok(None);
    }
    let mut answer = Informational::default();
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        match &*key.name {
            "status" => {
                if let Some(Status::Known(status)) = status(json)? {
                    answer.status = status;
                }
            }
            "statusText" => {
                answer.reason = Text::from(text(json, "statusText")?.unwrap_or_default().into_owned());
            }
            "headers" => answer.headers = owned(headers(json)?),
            _ => {
                json.skip()?;
            }
        }
    }
    Ok(Some(answer))
}

/// Fields that few messages have, in memory of their own.
fn owned(fields: Option<Vec<Field<'_>>>) -> Headers {
    let fields = fields.unwrap_or_default().into_iter();
    fields.map(|(name, value)| (Text::from(name.into_owned()), Text::from(value.into_owned()))).collect()
}

/// How long the parts of an exchange took.
#[derive(Default)]
struct Timings {
    /// All of them, where one is told.
    all: Option<Micros>,
    sending: Micros,
    receiving: Micros,
}

fn timings(json: &mut Reader<'_>) -> Result<Option<Timings>, Broken> {
    if !is_object(json, "timings")? {
        return Ok(None);
    }
    let mut parts = Timings::default();
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        // The time of `ssl` is part of that of `connect`.
        match &*key.name {
            name @ ("blocked" | "dns" | "connect" | "send" | "wait" | "receive") => {
                let Some(part) = millis(json, name)? else { continue };
                parts.all = Some(parts.all.unwrap_or(0) + part);
                match name {
                    "send" => parts.sending = part,
                    "receive" => parts.receiving = part,
                    _ => {}
                }
            }
            _ => {
                json.skip()?;
            }
        }
    }
    Ok(Some(parts))
}

/// When an exchange began.
fn moment(json: &mut Reader<'_>) -> Result<Option<Micros>, Broken> {
    match json.peek()? {
        Kind::String => Ok(time::parse(&json.string()?.text()).ok()),
        Kind::Number => Ok(json.number().and_then(time::since_1970)),
        _ => json.skip().map(|_| None),
    }
}

fn status(json: &mut Reader<'_>) -> Result<Option<Status>, Broken> {
    let at = json.next_at();
    let code = |number: f64| match number {
        0.0 | -1.0 => Some(Status::Unseen),
        code if (1.0..1000.0).contains(&code) && code.fract() == 0.0 => Some(Status::Known(code as u16)),
        _ => None,
    };
    let found = match json.peek()? {
        Kind::Null => return json.skip().map(|_| None),
        Kind::Number => json.number().and_then(code),
        Kind::String => {
            // Some write the reason with it.
            let text = json.string()?.text();
            let found = text.split_whitespace().next().and_then(|word| word.parse().ok()).and_then(code);
            if found.is_some() {
                json.tell(at, "`status` is a string, not a number; it is read as one");
            }
            found
        }
        _ => json.skip().map(|_| None)?,
    };
    if found.is_none() {
        json.tell(at, "`status` is none of HTTP's; the response is shown without one");
    }
    Ok(Some(found.unwrap_or(Status::Unknown)))
}

/// How many elements a list has.
fn count(json: &mut Reader<'_>) -> Result<Option<usize>, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::List => {
            let mut count = 0;
            let mut progress = Progress::default();
            while json.next_element(&mut progress)? {
                json.skip()?;
                count += 1;
            }
            Ok(Some(count))
        }
        Kind::Null => json.skip().map(|_| None),
        kind => wrong(json, at, "_webSocketMessages", kind, "a list"),
    }
}

/// The header fields of a message: a list of them, or an object of names and values.
fn headers<'a>(json: &mut Reader<'a>) -> Result<Option<Vec<Field<'a>>>, Broken> {
    let at = json.next_at();
    let mut fields = Vec::with_capacity(8);
    let mut progress = Progress::default();
    match json.peek()? {
        Kind::List => {
            while json.next_element(&mut progress)? {
                let (at, before) = (json.next_at(), json.told.len());
                let Some([name, value]) = texts_of(json, ["name", "value"], "header field")? else {
                    continue;
                };
                // One cause is told once.
                let is_told = json.told.len() > before;
                let Some(name) = name.filter(|name| !name.is_empty()) else {
                    if !is_told {
                        json.tell(at, "this header field has no name; it is left out");
                    }
                    continue;
                };
                if name.contains(['\n', '\r']) {
                    json.tell(at, "the name of this header field has a line end; it is left out");
                    continue;
                }
                if value.is_none() && !is_told {
                    json.tell(at, "this header field has no value; it is shown with an empty one");
                }
                push_field(&mut fields, name, value.unwrap_or_default());
            }
        }
        Kind::Object => {
            json.tell(at, "`headers` is an object, not a list; its members are read as header fields");
            while let Some(key) = json.next_member(&mut progress)? {
                let mut values = Vec::new();
                if json.peek()? == Kind::List {
                    let mut progress = Progress::default();
                    while json.next_element(&mut progress)? {
                        values.extend(text(json, "value")?);
                    }
                } else {
                    values.extend(text(json, "value")?);
                }
                values.into_iter().for_each(|value| push_field(&mut fields, key.name.clone(), value));
            }
        }
        Kind::Null => return json.skip().map(|_| None),
        kind => return wrong(json, at, "headers", kind, "a list"),
    }
    Ok(Some(fields))
}

fn push_field<'a>(fields: &mut Vec<Field<'a>>, name: Cow<'a, str>, value: Cow<'a, str>) {
    // A browser lists HTTP/2's pseudo-header fields, which are no header fields (RFC 9113, 8.3).
    if name.starts_with(':') {
        return;
    }
    // Chrome joins the values of fields of one name by line ends, which no value has.
    match value {
        Cow::Owned(value) if value.contains('\n') => {
            fields.extend(value.lines().map(|line| (name.clone(), line.to_owned().into())));
        }
        value => fields.push((name, value)),
    }
}

/// The members of these names of the next value, an object; `None` where it is none, which is told as
/// no `what`.
pub(super) fn texts_of<'a, const N: usize>(
    json: &mut Reader<'a>,
    names: [&str; N],
    what: &str,
) -> Result<Option<[Option<Cow<'a, str>>; N]>, Broken> {
    let at = json.next_at();
    let kind = json.peek()?;
    if kind != Kind::Object {
        json.tell(at, format!("this is {}, not a {what}; it is left out", kind.name()));
        return json.skip().map(|_| None);
    }
    let mut found = [const { None }; N];
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        match names.iter().position(|name| *name == key.name) {
            Some(index) => {
                let value = text(json, names[index])?;
                put(json, &key, &mut found[index], value);
            }
            None => {
                json.skip()?;
            }
        }
    }
    Ok(Some(found))
}

/// The next value, a gap that docgen's own trace knows of.
pub(super) fn gap(json: &mut Reader<'_>) -> Result<Option<Gap>, Broken> {
    let start = json.next_at();
    if !is_object(json, "_gaps")? {
        return Ok(None);
    }
    let (mut at, mut line, mut column, mut reason) = (None, None, None, None);
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        match &*key.name {
            "at" => at = moment(json)?,
            // Numbers of the file's lines are no floating-point numbers.
            "line" => line = json.skip()?.parse().ok(),
            "column" => column = json.skip()?.parse().ok(),
            "reason" => reason = text(json, "reason")?,
            _ => {
                json.skip()?;
            }
        }
    }
    let gap = (|| Some(Gap { at: at?, line: line?, column: column?, reason: reason?.into_owned() }))();
    if gap.is_none() {
        json.tell(start, "this gap does not say where it was; it is left out");
    }
    Ok(gap)
}
