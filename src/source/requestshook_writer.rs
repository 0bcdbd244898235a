//! A trace in the format of the `requestshook` log.
//!
//! For people: a trace of any source reads as the logs that the source documents show.
//! A log of the middleware that was read comes out with the same bytes. What the first line of
//! an entry has no place for, as a blank in a URL, is there as in a URL (`%20`), so that
//! every line that is written is read. A body that the trace leaves out is there as words that the
//! reader knows. What this leaves out: gaps, which no entry can carry, and
//! times, which the format has no place for.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use super::requestshook::{BETWEEN, is_token};
use crate::json;
use crate::text::{self, Text};
use crate::trace::{
    Body, Exchange, Headers, KnownFrom, Micros, Request, Response, Trace, UrlParts, omission,
};

/// The messages of `trace` in the order of their times; where these are equal, in the order of
/// the trace, each request before its response.
///
/// A JSON body on a single line is laid out as the middleware does it. Where the trace does not
/// say who sent a request, the log says `client`; who received it, the URL's host and port.
pub fn write(trace: &Trace) -> String {
    Log::of(trace, &NoDetails).finish().0
}

/// The log of [`write()`], and the trace with the headers and bodies that the log shows: they share
/// its memory, and JSON that was on a single line is laid out.
pub fn rewrite(trace: Trace) -> (Trace, Text) {
    rewrite_with(trace, &NoDetails)
}

/// The same for a trace that does not hold all headers and bodies. Where `details` has those of a
/// message, it has empty ones.
pub(super) fn rewrite_with(trace: Trace, details: &impl DetailsSource) -> (Trace, Text) {
    let (text, parts) = Log::of(&trace, details).finish();
    share(trace, text, parts)
}

/// Headers and bodies that a trace does not hold.
pub(super) trait DetailsSource {
    /// A guess at how many bytes they take in a log.
    fn size(&self) -> usize;

    /// Adds the header lines of a message, each with its end.
    fn push_headers(&self, exchange: usize, is_response: bool, log: &mut Vec<u8>);

    /// Adds the body of a message as a log shows it; `false` where there is none.
    fn push_body(&self, exchange: usize, is_response: bool, log: &mut Vec<u8>) -> bool;
}

/// Adds the text of a body. JSON on a single line is laid out as the middleware does it.
pub(super) fn push_text(text: &str, log: &mut Vec<u8>) {
    if !(may_be_laid_out(text) && json::reindent_onto(text, log)) {
        log.extend_from_slice(text.as_bytes());
    }
}

/// A trace holds everything itself.
struct NoDetails;

impl DetailsSource for NoDetails {
    fn size(&self) -> usize {
        0
    }

    fn push_headers(&self, _: usize, _: bool, _: &mut Vec<u8>) {}

    fn push_body(&self, _: usize, _: bool, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// The trace with the headers and bodies that are at `parts` of its log.
fn share(mut trace: Trace, text: String, parts: Vec<Part>) -> (Trace, Text) {
    let log = Text::from(text);
    for Part { exchange, is_response, lines, body: shown } in parts {
        let Exchange { request, response, .. } = &mut trace.exchanges[exchange];
        let (headers, body) = match response {
            Some(response) if is_response => (&mut response.headers, &mut response.body),
            _ => (&mut request.headers, &mut request.body),
        };
        if headers.are_lines() {
            *headers = Headers::from_checked_lines(text::slice(&log, &log[lines]));
        }
        if let Body::Text(text) = body {
            *text = text::slice(&log, &log[shown]);
        }
    }
    (trace, log)
}

/// The log as it grows.
struct Log<'a, E> {
    /// Bytes, because JSON is laid out by so many at once. All that is added is text.
    text: Vec<u8>,
    parts: Vec<Part>,
    details: &'a E,
}

/// Where a message is in the log.
struct Part {
    exchange: usize,
    is_response: bool,
    /// Its header lines, without the last line's end.
    lines: Range<usize>,
    body: Range<usize>,
}

impl<'a, E: DetailsSource> Log<'a, E> {
    fn of(trace: &Trace, details: &'a E) -> Log<'a, E> {
        let mut messages = Vec::with_capacity(trace.exchanges.len() * 2);
        for (index, exchange) in trace.exchanges.iter().enumerate() {
            if exchange.known_from != KnownFrom::Response {
                messages.push((exchange.started, index, Message::Request(&exchange.request)));
            }
            if let Some(response) = &exchange.response {
                messages.push((
                    exchange.ended.unwrap_or(exchange.started),
                    index,
                    Message::Response(response),
                ));
            }
        }
        messages.sort_by_key(|&(at, index, ref message): &(Micros, usize, Message<'_>)| {
            (at, index, matches!(message, Message::Response(_)))
        });
        let size = messages.iter().map(|(.., message)| message.size()).sum::<usize>() + details.size();
        let (text, parts) = (Vec::with_capacity(size), Vec::with_capacity(messages.len()));
        let mut log = Log { text, parts, details };
        for (_, index, message) in messages {
            log.entry(index, &trace.exchanges[index], message);
        }
        log
    }

    fn entry(&mut self, index: usize, exchange: &Exchange, message: Message<'_>) {
        let request = &exchange.request;
        let from = name(exchange.from.as_deref().unwrap_or("client"));
        let to = name(exchange.to.as_deref().unwrap_or_else(|| UrlParts::of(&request.url).authority));
        let method = method(&request.method);
        match message {
            Message::Request(Request { url, headers, body, .. }) => {
                self.push(&["\n### (", &from, ") REQ >>> (", &to, ") : ", &method, " ", &target(url), "\n"]);
                self.rest(index, false, headers, body);
            }
            Message::Response(Response { status, reason, url, headers, body, .. }) => {
                let url = target(url.as_ref().unwrap_or(&request.url));
                let reason = one_line(reason);
                let space = if reason.is_empty() { "" } else { " " };
                let status = format!("{status:03}");
                self.push(&["\n### (", &from, ") RESP <<< (", &to, ") : ", &status, " "]);
                self.push(&[&reason, space, &method, " ", &url, "\n"]);
                self.rest(index, true, headers, body);
            }
        }
    }

    fn rest(&mut self, exchange: usize, is_response: bool, headers: &Headers, body: &Body) {
        let start = self.text.len();
        match headers.as_lines() {
            Some("") => self.details.push_headers(exchange, is_response, &mut self.text),
            Some(lines) => self.push(&[lines, "\n"]),
            None => headers.iter().for_each(|(name, value)| self.push(&[name, ": ", value, "\n"])),
        }
        let lines = start..(self.text.len() - 1).max(start);
        self.push(&["\n"]);
        let start = self.text.len();
        let is_elsewhere = self.details.push_body(exchange, is_response, &mut self.text);
        match body {
            _ if is_elsewhere => {}
            Body::Absent => self.push(&["none"]),
            Body::Text(text) => push_text(text, &mut self.text),
            Body::Binary(binary) => self.push(&[&binary.repr()]),
            Body::Omitted(words) => {
                let has_length = has_length(&self.text[lines.clone()]);
                self.push(&[&omission(words, has_length)]);
            }
        }
        self.parts.push(Part { exchange, is_response, lines, body: start..self.text.len() });
        self.push(&["\n\n"]);
    }

    fn push(&mut self, parts: &[&str]) {
        for part in parts {
            self.text.extend_from_slice(part.as_bytes());
        }
    }

    fn finish(self) -> (String, Vec<Part>) {
        (String::from_utf8(self.text).expect("nothing but text was added"), self.parts)
    }
}

enum Message<'a> {
    Request(&'a Request),
    Response(&'a Response),
}

impl Message<'_> {
    /// A guess at the size of the entry, so that the log seldom has to move while it grows.
    fn size(&self) -> usize {
        let (headers, body) = match self {
            Message::Request(request) => (&request.headers, &request.body),
            Message::Response(response) => (&response.headers, &response.body),
        };
        let body = match body {
            Body::Text(text) if may_be_laid_out(text) => text.len() + text.len() / 2,
            Body::Text(text) => text.len(),
            _ => 160,
        };
        let headers = match headers.as_lines() {
            Some(lines) => lines.len() + 1,
            None => headers.iter().map(|(name, value)| name.len() + value.len() + 3).sum(),
        };
        headers + body + 160
    }
}

/// Whether header lines have one of a Content-Length.
fn has_length(lines: &[u8]) -> bool {
    const NAME: &[u8] = b"content-length:";
    lines
        .split(|&byte| byte == b'\n')
        .any(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)))
}

/// `name`, that of a participant, as a head has it: nothing in it looks like the end of it.
fn name(name: &str) -> Cow<'_, str> {
    let mut name = one_line(name);
    for end in BETWEEN.iter().filter(|end| name.contains(**end)).collect::<Vec<_>>() {
        name = name.replace(end, &end.replacen(')', "%29", 1)).into();
    }
    name
}

/// `method` as a head has it: a token, or nothing.
fn method(method: &str) -> Cow<'_, str> {
    if method.is_empty() || is_token(method) {
        return method.into();
    }
    escape(method, |c| !is_token(c.encode_utf8(&mut [0; 4])))
}

/// `url` as a head has it: all after its last blank.
fn target(url: &str) -> Cow<'_, str> {
    if url.is_empty() {
        return "/".into();
    }
    escape(url, |c| matches!(c, ' ' | '\n'))
}

/// `text`, its line ends as blanks.
fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains('\n') { text.replace('\n', " ").into() } else { text.into() }
}

/// `text` with these characters escaped as in a URL (RFC 3986, section 2.1).
fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_escaped(c) {
            let _ = c.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write!(escaped, "%{byte:02X}"));
        } else {
            escaped.push(c);
        }
    }
    escaped.into()
}

/// Whether `text` is laid out as the middleware does it, if it is JSON: it is on one line, and begins
/// as an object or array.
fn may_be_laid_out(text: &str) -> bool {
    text.starts_with(['{', '[']) && json::is_one_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source;
    use crate::trace::testing;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::path::Path;

    /// The log of `trace` as it is read.
    fn read(log: &str) -> Trace {
        source::read(Path::new("trace.log"), log.as_bytes().to_vec()).trace
    }

    proptest! {
        /// What the first lines say. Where a body ends is the reader's question, and which request a
        /// response answers that of [`pairing`](super::super::pairing): bodies are simple and URLs differ here.
        #[test]
        fn a_written_log_is_read_as_it_was(mut trace in testing::trace()) {
            trace.gaps.clear();
            for (index, exchange) in trace.exchanges.iter_mut().enumerate() {
                exchange.request.url = format!("http://h/{index}/{}", exchange.request.url).into();
                exchange.request.body = Body::Absent;
                if let Some(response) = &mut exchange.response {
                    response.url = None;
                    response.body = Body::Absent;
                }
            }
            let log = write(&trace);
            let again = read(&log);
            prop_assert_eq!(again.exchanges.len(), trace.exchanges.len(), "{}", log);
            prop_assert_eq!(write(&again), log);
            let in_log = |exchange: &Exchange| {
                let answer = exchange.response.as_ref();
                let answer = answer.map(|it| (it.status, one_line(&it.reason).into_owned()));
                let call = (method(&exchange.request.method).into_owned(), answer);
                (exchange.known_from == KnownFrom::Response, target(&exchange.request.url).into_owned(), call)
            };
            let sorted = |trace: &Trace| {
                let mut seen: Vec<_> = trace.exchanges.iter().map(in_log).collect();
                seen.sort();
                seen
            };
            prop_assert_eq!(sorted(&again), sorted(&trace));
        }

        /// A length that the headers declare is that of what the log does not hold.
        #[test]
        fn what_stands_for_a_body_is_read_as_that(
            trace in testing::trace(), said in "\\([0-9]{1,2} bytes, not in the log\\)", lengths in vec(0..400u64, 16),
        ) {
            let mut trace = Trace { gaps: Vec::new(), ..trace };
            let mut lengths = lengths.into_iter();
            for (index, exchange) in trace.exchanges.iter_mut().enumerate() {
                exchange.known_from = KnownFrom::Wire;
                exchange.request.method = "GET".into();
                exchange.request.url = format!("http://h/{index}").into();
                let response = exchange.response.iter_mut().map(|it| {
                    it.url = None;
                    (&mut it.headers, &mut it.body)
                });
                let request = &mut exchange.request;
                for (headers, body) in response.chain([(&mut request.headers, &mut request.body)]) {
                    if !matches!(body, Body::Omitted(_) | Body::Binary(_)) {
                        *body = Body::Omitted(said.as_str().into());
                    }
                    let length = lengths.next().unwrap_or_default().to_string();
                    *headers = [("Content-Type", "application/json"), ("Content-Length", &*length)]
                        .map(|(name, value)| (name.into(), value.into()))
                        .into_iter()
                        .collect();
                }
            }
            let log = write(&trace);
            let again = source::read(Path::new("trace.log"), log.as_bytes().to_vec());
            prop_assert!(again.diagnostics.is_empty(), "{:?}\n{}", again.diagnostics, log);
            prop_assert_eq!(write(&again.trace), &*log);
            // One that has as many bytes as the headers declare is believed.
            let is_right = |headers: &Headers, body: &Body| match body {
                Body::Text(text) => headers.get("Content-Length") == Some(&text.len().to_string()),
                body => matches!(body, Body::Omitted(_) | Body::Binary(_)),
            };
            for Exchange { request, response, .. } in &again.trace.exchanges {
                prop_assert!(is_right(&request.headers, &request.body), "{}", log);
                prop_assert!(response.iter().all(|it| is_right(&it.headers, &it.body)), "{}", log);
            }
        }

        #[test]
        fn a_rewritten_trace_says_the_same(trace in testing::trace()) {
            let log = write(&trace);
            let (rewritten, shared) = rewrite(trace.clone());
            prop_assert_eq!(&*shared, &log);
            prop_assert_eq!(write(&rewritten), log);
            for (new, old) in rewritten.exchanges.iter().zip(&trace.exchanges) {
                prop_assert_eq!(&new.request.headers, &old.request.headers);
                let headers = |exchange: &Exchange| exchange.response.as_ref().map(|it| it.headers.clone());
                prop_assert_eq!(headers(new), headers(old));
                if let (Body::Text(new), Body::Text(old)) = (&new.request.body, &old.request.body) {
                    let laid_out = may_be_laid_out(old).then(|| json::reindent(old)).flatten();
                    prop_assert_eq!(laid_out.as_deref().unwrap_or(old), &**new);
                }
            }
        }
    }
}
