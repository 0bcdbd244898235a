//! The log of `requests-observer`.
//!
//! ```text
//! __NAME__ -> Request [N] METHOD URL
//! Name: value
//!
//! body
//! __NAME__ <- Response [N] STATUS REASON URL
//! ```
//!
//! N counts the requests of a process, so the name and N are the id of an exchange. An empty
//! body is `None`. Nothing is escaped: a body ends where its Content-Length says, if an entry
//! follows there, else at the next line that is the head of an entry with headers after it.
//! What this leaves out: who received a request, which the log does not say.

use std::path::Path;

use super::pairing::{Call, Pairing};
use super::requestshook::{declared_length, is_coded, is_token, split_header};
use crate::error::Error;
use crate::text::{self, Text};
use crate::trace::{Body, Headers, Response, Trace};

const HINT: &str = "the entry is left out; capture the command again, or mend the line";

/// Reads the log `text`, the content of `file`.
pub fn read(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    let mut reader = Reader { whole: text, text, pairing: Pairing::new(file, text) };
    reader.run();
    reader.pairing.finish()
}

/// Where the first whole head of an entry is.
pub(super) fn first_entry(text: &str) -> Option<usize> {
    candidates(text, 0).find(|&at| Head::parse(line(text, at)).is_some())
}

/// Where lines begin that start as a head does.
fn candidates(text: &str, from: usize) -> impl Iterator<Item = usize> {
    let first =
        (text[from..].starts_with("__") && (from == 0 || text[..from].ends_with('\n'))).then_some(from);
    let later = memchr::memmem::find_iter(&text.as_bytes()[from..], b"\n__").map(move |at| from + at + 1);
    first.into_iter().chain(later)
}

/// The line of `text` that begins at `at`, without its end.
fn line(text: &str, at: usize) -> &str {
    let rest = &text[at..];
    let line = &rest[..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
    line.strip_suffix('\r').unwrap_or(line)
}

struct Head<'a> {
    name: &'a str,
    /// The number, which is one of this name's.
    number: &'a str,
    kind: Kind<'a>,
    url: &'a str,
}

enum Kind<'a> {
    Request { method: &'a str },
    Response { status: u16, reason: &'a str },
}

impl<'a> Head<'a> {
    fn parse(line: &'a str) -> Option<Head<'a>> {
        let rest = line.strip_prefix("__")?;
        let (name, rest, is_request) = match rest.split_once("__ -> Request [") {
            Some((name, rest)) => (name, rest, true),
            None => {
                let (name, rest) = rest.split_once("__ <- Response [")?;
                (name, rest, false)
            }
        };
        let (number, rest) = rest.split_once("] ")?;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (first, rest) = rest.split_once(' ')?;
        let (reason, url) = rest.rsplit_once(' ').unwrap_or(("", rest));
        let kind = if is_request {
            Kind::Request { method: Some(first).filter(|method| is_token(method) && reason.is_empty())? }
        } else {
            Kind::Response { status: first.parse().ok().filter(|_| first.len() == 3)?, reason }
        };
        (!url.is_empty()).then_some(Head { name, number, kind, url })
    }

    /// Whether `line` begins as a head does, though it may not go on as one.
    fn is_begun(line: &str) -> bool {
        line.strip_prefix("__").is_some_and(|rest| rest.contains("__ -> ") || rest.contains("__ <- "))
    }
}

struct Reader<'a> {
    whole: &'a Text,
    text: &'a str,
    pairing: Pairing<'a>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        let text = self.text;
        let mut at = self.next_head(0);
        let before = &text[..at];
        if !before.trim_ascii().is_empty() {
            let start = before.len() - before.trim_ascii_start().len();
            let end = start + line(text, start).len();
            self.pairing.damage("this belongs to no entry", start, end, HINT);
        }
        while at < text.len() {
            at = self.entry(at);
        }
    }

    /// Where the next head is at or after `from`, whole or begun.
    fn next_head(&self, from: usize) -> usize {
        let is_head =
            |&at: &usize| self.is_head(at) || Head::is_begun(line(self.text, at)) && self.is_alone(at);
        candidates(self.text, from).find(is_head).unwrap_or(self.text.len())
    }

    /// Whether the line at `at` is a head, and the line after it is a header or empty.
    fn is_head(&self, at: usize) -> bool {
        let head = line(self.text, at);
        if Head::parse(head).is_none() {
            return false;
        }
        let next = self.text[at + head.len()..].split_once('\n').map_or("", |(_, rest)| line(rest, 0));
        next.is_empty() || split_header(next).is_some()
    }

    /// Whether the line before `at` is empty.
    fn is_alone(&self, at: usize) -> bool {
        let before = self.text[..at].strip_suffix('\n').unwrap_or("");
        before.is_empty() || before.ends_with('\n') || before.ends_with("\n\r")
    }

    /// Reads the entry at `start`; where the next one begins.
    fn entry(&mut self, start: usize) -> usize {
        let text = self.text;
        let first = line(text, start);
        let Some(head) = Head::parse(first) else {
            self.pairing.damage("the head of this entry is damaged", start, start + first.len(), HINT);
            return self.next_head(start + first.len());
        };
        let mut headers = Vec::new();
        let mut at = start;
        loop {
            at = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end + 1);
            if at == text.len() {
                let message = "the log ends before the empty line that follows the headers of this entry";
                self.pairing.damage(message, start, start + first.len(), HINT);
                return at;
            }
            let header = line(text, at);
            if header.is_empty() {
                break;
            }
            let Some((name, value)) = split_header(header) else {
                let message = "this is neither a header nor the empty line that follows the headers";
                self.pairing.damage(message, at, at + header.len(), HINT);
                return self.next_head(at);
            };
            headers.push((text::slice(self.whole, name), text::slice(self.whole, value)));
        }
        let headers: Headers = headers.into_iter().collect();
        let body_start = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end + 1);
        let length = declared_length(&headers).filter(|_| !is_coded(&headers));
        let (body_end, next) = self.body_end(body_start, length);
        let body = &text[body_start..body_end];
        let is_none = body.is_empty() || body == "None" && length != Some("None".len());
        if !is_none && length.is_some_and(|length| length > body.len()) && next == text.len() {
            let message = "the log ends before the body of this entry does";
            self.pairing.damage(message, body_end, body_end, HINT);
            return next;
        }
        let body = if is_none { Body::Absent } else { Body::Text(text::slice(self.whole, body)) };
        let slice = |part| text::slice(self.whole, part);
        let call =
            |method| Call { from: Some(head.name), to: None, method, url: head.url, id: Some(head.number) };
        match head.kind {
            Kind::Request { method } => {
                self.pairing.request(call(Some(method)), headers, body);
            }
            Kind::Response { status, reason } => {
                let response =
                    Response { status, reason: slice(reason), headers, body, ..Response::default() };
                self.pairing.response(call(None), response, start, start + first.len());
            }
        }
        next
    }

    /// Where the body that begins at `start` ends, and where the next entry begins.
    fn body_end(&self, start: usize, length: Option<usize>) -> (usize, usize) {
        let text = self.text;
        if let Some(end) = length.map(|length| start.saturating_add(length))
            && end > start
            && text.is_char_boundary(end)
        {
            let next = end + text[end..].bytes().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
            if next == text.len() || next > end && self.is_head(next) {
                return (end, next);
            }
        }
        let next = self.next_head(start);
        let body = text[start..next].trim_end_matches(['\n', '\r']);
        (start + body.len(), next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::KnownFrom;

    const LOG: &str = "__openstack__ -> Request [1] GET http://h/a
Accept: */*

None

__glance__ -> Request [7] POST http://k/b?c
Content-Length: 55

text

__x__ -> Request [3] GET http://h/fake
A: b

none

__glance__ <- Response [7] 201 http://k/b?c

__openstack__ <- Response [1] 300 Multiple Choices http://h/a/
Content-Length: 4

None
";

    fn read_text(text: &str) -> (Trace, Vec<Error>) {
        read(Path::new("trace.log"), &Text::from(text.to_owned()))
    }

    #[test]
    fn messages_pair_by_name_and_number() {
        for log in [LOG.to_owned(), LOG.trim_end().to_owned()] {
            let (trace, diagnostics) = read_text(&log);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            let [first, second] = &trace.exchanges[..] else { panic!("{trace:?}") };
            assert_eq!((first.from.as_deref(), &first.to), (Some("openstack"), &None));
            assert_eq!(first.request.body, Body::Absent);
            let response = first.response.as_ref().unwrap();
            assert_eq!((response.status, &*response.reason), (300, "Multiple Choices"));
            assert_eq!(response.url.as_deref(), Some("http://h/a/"));
            assert_eq!(response.body, Body::Text("None".into()));
            let Body::Text(body) = &second.request.body else { panic!() };
            assert!(body.starts_with("text\n") && body.ends_with("A: b\n\nnone"), "{body:?}");
            let response = second.response.as_ref().unwrap();
            assert_eq!((response.status, &*response.reason, &response.body), (201, "", &Body::Absent));
            assert!(second.started < second.ended.unwrap() && second.ended < first.ended);
        }
    }

    #[test]
    fn each_name_numbers_its_own_requests() {
        let names: Vec<String> = (0..200).map(|number| format!("service-{number}")).collect();
        let request = |name: &String| format!("__{name}__ -> Request [1] GET http://h/a\nA: b\n\nNone\n\n");
        let response =
            |name: &String| format!("__{name}__ <- Response [1] 200 OK http://h/a\nA: b\n\nNone\n\n");
        let log: String = names.iter().map(request).chain(names.iter().map(response)).collect();
        let (trace, diagnostics) = read_text(&log);
        assert!(diagnostics.is_empty(), "{}", diagnostics[0]);
        assert!(trace.exchanges.iter().all(|exchange| exchange.response.is_some()));
    }

    #[test]
    fn damage_costs_one_entry() {
        let (trace, diagnostics) = read_text(&LOG.replace("[7] POST", "[7 POST"));
        assert_eq!(trace.exchanges.len(), 3, "{trace:?}");
        assert_eq!(trace.exchanges[2].known_from, KnownFrom::Response);
        assert!(!diagnostics.is_empty());
        assert!(
            diagnostics.iter().any(|error| error.message().ends_with("with the id glance 7")),
            "{diagnostics:?}"
        );
        let (trace, diagnostics) = read_text(&LOG.replace("Accept: */*", "Accept */*"));
        assert_eq!(trace.exchanges.len(), 2);
        assert_eq!(diagnostics.len(), 2, "the request, and the response that has lost it: {diagnostics:?}");
        assert_eq!(diagnostics[0].place().map(|place| (place.line, place.column)), Some((2, 1)));
    }
}
