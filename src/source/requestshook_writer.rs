//! A trace in the format of the `requestshook` log.
//!
//! For people: a trace of any source reads as the logs that the source documents show.
//! A log of the middleware that was read comes out with the same bytes. What this leaves
//! out: gaps, which no entry can carry, and times, which the format has no place for.

use std::ops::Range;

use crate::json;
use crate::text::{self, Text};
use crate::trace::{Body, Exchange, Headers, KnownFrom, Micros, Request, Response, Trace, UrlParts};

/// The messages of `trace` in the order of their times; where these are equal, in the order of
/// the trace, each request before its response.
///
/// A JSON body on a single line is laid out as the middleware does it. Where the trace does not
/// say who sent a request, the log says `client`; who received it, the URL's host and port.
pub fn write(trace: &Trace) -> String {
    Log::of(trace, &Nowhere).finish().0
}

/// The log of [`write()`], and the trace with the headers and bodies that the log shows: they share
/// its memory, and JSON that was on a single line is laid out.
pub fn rewrite(trace: Trace) -> (Trace, Text) {
    rewrite_with(trace, &Nowhere)
}

/// The same for a trace that does not hold all headers and bodies. Where `elsewhere` has those of a
/// message, it has empty ones.
pub(super) fn rewrite_with(trace: Trace, elsewhere: &impl Elsewhere) -> (Trace, Text) {
    let (text, parts) = Log::of(&trace, elsewhere).finish();
    share(trace, text, parts)
}

/// Headers and bodies that a trace does not hold.
pub(super) trait Elsewhere {
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
struct Nowhere;

impl Elsewhere for Nowhere {
    fn size(&self) -> usize {
        0
    }

    fn push_headers(&self, _: usize, _: bool, _: &mut Vec<u8>) {}

    fn push_body(&self, _: usize, _: bool, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// The trace with the headers and bodies that stand at `parts` of its log.
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
    elsewhere: &'a E,
}

/// Where a message stands in the log.
struct Part {
    exchange: usize,
    is_response: bool,
    /// Its header lines, without the last line's end.
    lines: Range<usize>,
    body: Range<usize>,
}

impl<'a, E: Elsewhere> Log<'a, E> {
    fn of(trace: &Trace, elsewhere: &'a E) -> Log<'a, E> {
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
        let size = messages.iter().map(|(.., message)| message.size()).sum::<usize>() + elsewhere.size();
        let (text, parts) = (Vec::with_capacity(size), Vec::with_capacity(messages.len()));
        let mut log = Log { text, parts, elsewhere };
        for (_, index, message) in messages {
            log.entry(index, &trace.exchanges[index], message);
        }
        log
    }

    fn entry(&mut self, index: usize, exchange: &Exchange, message: Message<'_>) {
        let request = &exchange.request;
        let from = exchange.from.as_deref().unwrap_or("client");
        let to = exchange.to.as_deref().unwrap_or_else(|| UrlParts::of(&request.url).authority);
        let method = &request.method;
        match message {
            Message::Request(Request { url, headers, body, .. }) => {
                self.push(&["\n### (", from, ") REQ >>> (", to, ") : ", method, " ", url, "\n"]);
                self.rest(index, false, headers, body);
            }
            Message::Response(Response { status, reason, url, headers, body, .. }) => {
                let url = url.as_ref().unwrap_or(&request.url);
                let space = if reason.is_empty() { "" } else { " " };
                let status = format!("{status:03}");
                self.push(&["\n### (", from, ") RESP <<< (", to, ") : ", &status, " "]);
                self.push(&[reason, space, method, " ", url, "\n"]);
                self.rest(index, true, headers, body);
            }
        }
    }

    fn rest(&mut self, exchange: usize, is_response: bool, headers: &Headers, body: &Body) {
        let start = self.text.len();
        match headers.as_lines() {
            Some("") => self.elsewhere.push_headers(exchange, is_response, &mut self.text),
            Some(lines) => self.push(&[lines, "\n"]),
            None => headers.iter().for_each(|(name, value)| self.push(&[name, ": ", value, "\n"])),
        }
        let lines = start..(self.text.len() - 1).max(start);
        self.push(&["\n"]);
        let start = self.text.len();
        let is_elsewhere = self.elsewhere.push_body(exchange, is_response, &mut self.text);
        match body {
            _ if is_elsewhere => {}
            Body::Absent => self.push(&["none"]),
            Body::Text(text) => push_text(text, &mut self.text),
            Body::Binary(binary) => self.push(&[&binary.repr()]),
            Body::Omitted(words) => self.push(&[words]),
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

/// Whether `text` is laid out as the middleware does it, if it is JSON: it is on one line, and begins
/// as an object or array.
fn may_be_laid_out(text: &str) -> bool {
    text.starts_with(['{', '[']) && json::is_one_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing;
    use proptest::prelude::*;

    proptest! {
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
