//! What keystoneauth prints under `--debug` (`keystoneauth1/session.py`).
//!
//! ```text
//! REQ: curl -g -i -X METHOD URL -H "Name: value" … -d 'body'
//! RESP: [STATUS] Name: value Name: value …
//! RESP BODY: body
//! ```
//!
//! among the lines of other loggers. The one call that keystoneauth does not print so is that
//! for a token: its URL, the line of urllib3 with the status, and the bare JSON of the answer.
//! Nothing is escaped and nothing stands between two headers, but they are sorted by name,
//! which tells most colons apart. What this leaves out: who sent and who received a call, and
//! the reason phrase, which the log does not hold.

use std::path::Path;

use super::pairing::{Call, Pairing};
use super::requestshook::{declared_length, is_coded, is_token};
use crate::error::Error;
use crate::json;
use crate::text::{self, Text};
use crate::trace::{Body, Headers, Response, Trace};

const HINT: &str = "the entry is left out; run the command with --debug again, or mend the line";

/// Reads the log `text`, the content of `file`.
pub fn read(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    let pairing = Pairing::new(file, text);
    let mut reader = Reader { whole: text, text, pairing, open: None, answer: None, token_url: None };
    reader.run();
    reader.pairing.finish()
}

/// Where the first call is.
pub(super) fn first_entry(text: &str) -> Option<usize> {
    let calls = memchr::memmem::find_iter(text.as_bytes(), b"REQ: curl ");
    let tokens = memchr::memmem::find_iter(text.as_bytes(), b"Making authentication request to ");
    let is_log_line = |&at: &usize| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        is_log_prefix(&text[start..at])
    };
    // A match deep in a long line is a quotation; a few of them say enough.
    [calls.take(64).find(is_log_line), tokens.take(64).find(is_log_line)].into_iter().flatten().min()
}

/// A line of the log that says something about a call.
enum Line<'a> {
    /// After `REQ: curl `.
    Request(&'a str),
    /// After `RESP: `.
    Response(&'a str),
    /// After `RESP BODY: `.
    Body(&'a str),
    /// The URL of a request for a token.
    Token(&'a str),
    /// The status in a line of urllib3.
    Status(u16),
    /// A line that certainly is no part of a body.
    Other,
}

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Option<Line<'a>> {
        let line = line.strip_suffix('\r').unwrap_or(line);
        const MARKS: [&str; 4] = ["REQ: curl ", "RESP: ", "RESP BODY: ", "Making authentication request to "];
        let near = &line[..line.floor_char_boundary(LONGEST_PREFIX + 40)];
        let mark =
            MARKS.iter().enumerate().filter_map(|(kind, mark)| Some((near.find(mark)?, kind, mark))).min();
        if let Some((at, kind, mark)) = mark
            && is_log_prefix(&line[..at])
        {
            let rest = &line[at + mark.len()..];
            return Some(match kind {
                0 => Line::Request(rest),
                1 => Line::Response(rest),
                2 => Line::Body(rest),
                _ => Line::Token(rest),
            });
        }
        if let Some(at) = near.find("http")
            && is_log_prefix(&line[..at])
            && let Some(status) = urllib3_status(&line[at..])
        {
            return Some(Line::Status(status));
        }
        let is_other = near.starts_with("Starting new HTTP")
            || near.starts_with("Resetting dropped connection")
            || near.starts_with("END return value:")
            || near.split_once(" call to ").is_some_and(|(method, _)| is_token(method))
                && line.contains(" used request id ");
        is_other.then_some(Line::Other)
    }
}

const LONGEST_PREFIX: usize = 200;

/// Whether a log's formatter may have put `prefix` before a message: a time, a level, a logger.
fn is_log_prefix(prefix: &str) -> bool {
    const LEVELS: [&str; 2] = ["DEBUG", "INFO"];
    prefix.is_empty()
        || prefix.len() <= LONGEST_PREFIX
            && prefix.ends_with([' ', ':'])
            && !prefix.contains(['{', '"', '\''])
            && (prefix.contains("keystoneauth")
                || LEVELS.iter().any(|level| prefix.contains(level))
                || prefix.starts_with(|c: char| c.is_ascii_digit()))
}

/// The status in `http://host:port "METHOD path HTTP/1.1" STATUS LENGTH`.
fn urllib3_status(line: &str) -> Option<u16> {
    let (host, rest) = line.split_once(" \"")?;
    if host.contains(' ') || !(host.starts_with("http://") || host.starts_with("https://")) {
        return None;
    }
    let (call, rest) = rest.rsplit_once("\" ")?;
    let status = rest.split(' ').next()?;
    let is_call = call.rsplit_once(" HTTP/").is_some() && status.len() == 3;
    status.parse().ok().filter(|_| is_call)
}

/// A response whose body may yet come.
struct Answer<'a> {
    call: Option<Call<'a>>,
    response: Response,
    start: usize,
    end: usize,
}

struct Reader<'a> {
    whole: &'a Text,
    text: &'a str,
    pairing: Pairing<'a>,
    /// The last request, until its response comes.
    open: Option<Call<'a>>,
    answer: Option<Answer<'a>>,
    /// The last request was one for a token, and urllib3 has not told its status.
    token_url: Option<&'a str>,
}

impl<'a> Reader<'a> {
    fn run(&mut self) {
        let mut at = 0;
        while at < self.text.len() {
            at = self.line(at);
        }
        self.answer();
    }

    /// Where `part`, which is cut from this log, begins in it.
    fn start_of(&self, part: &str) -> usize {
        text::range_of(self.text, part).expect("it is cut from the log").start
    }

    fn line_end(&self, at: usize) -> usize {
        memchr::memchr(b'\n', &self.text.as_bytes()[at..]).map_or(self.text.len(), |found| at + found)
    }

    /// Reads the line at `start` with what belongs to it; where the next one begins.
    fn line(&mut self, start: usize) -> usize {
        let end = self.line_end(start);
        let line = &self.text[start..end];
        match Line::parse(line) {
            Some(Line::Request(rest)) => {
                self.answer();
                return self.request(start, end, rest);
            }
            Some(Line::Token(url)) => {
                self.answer();
                let url = url.trim_ascii_end();
                let call = Call { from: None, to: None, method: Some("POST"), url, id: None };
                // The password is in its body; this line is all that the log says of it.
                let words = line.strip_suffix('\r').unwrap_or(line);
                let body = Body::Omitted(text::slice(self.whole, words));
                self.pairing.request(call, Headers::default(), body);
                self.open = Some(call);
                self.token_url = Some(url);
            }
            Some(Line::Status(status)) if self.token_url.take().is_some() => {
                let response = Response { status, ..Response::default() };
                self.answer = Some(Answer { call: self.open.take(), response, start, end });
            }
            Some(Line::Response(rest)) => {
                self.answer();
                match response(self.whole, rest) {
                    Some(response) => {
                        self.answer = Some(Answer { call: self.open.take(), response, start, end })
                    }
                    None => {
                        self.open = None;
                        self.pairing.damage("this response is damaged", start, end, HINT);
                    }
                }
            }
            Some(Line::Body(rest)) => return self.body(self.start_of(rest), end),
            None if line.starts_with('{') && self.is_token_answer() => return self.body(start, end),
            Some(Line::Status(_) | Line::Other) | None => {}
        }
        end + 1
    }

    /// Whether the answer that waits for its body is that to a request for a token.
    fn is_token_answer(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| {
            answer.response.headers.is_empty() && self.text[answer.start..answer.end].contains(" HTTP/")
        })
    }

    /// Hands over the answer that waits for its body.
    fn answer(&mut self) {
        let Some(Answer { call, response, start, end }) = self.answer.take() else { return };
        match call {
            Some(call) => self.pairing.response(call, response, start, end),
            None => self.pairing.damage("no request is open for this response", start, end, HINT),
        }
    }

    /// The start of the first line after `from` that is certainly the log's own.
    fn next_log_line(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.text.len() {
            let end = self.line_end(at);
            if Line::parse(&self.text[at..end]).is_some() {
                break;
            }
            at = end + 1;
        }
        at.min(self.text.len())
    }

    /// Reads the request in `start..end`, of which `rest` comes after `curl `.
    fn request(&mut self, start: usize, end: usize, rest: &'a str) -> usize {
        self.open = None;
        self.token_url = None;
        let Some(curl) = Curl::parse(rest) else {
            self.pairing.damage("this request is damaged", start, end, HINT);
            return end + 1;
        };
        let mut next = end + 1;
        let body = match curl.body {
            None => Body::Absent,
            Some(first) => {
                let body_start = self.start_of(first);
                let is_whole = |line: &str| line.strip_suffix('\r').unwrap_or(line).ends_with('\'');
                let content = |end: usize| {
                    let body = &self.text[body_start..end];
                    body.strip_suffix('\r').unwrap_or(body).strip_suffix('\'')
                };
                let mut body = if is_whole(first) { content(end) } else { None };
                if body.is_none_or(|body| !body.is_empty() && json::validate(body).is_err()) {
                    // The body may go on in the lines up to the next one that the log itself wrote.
                    let limit = self.next_log_line(next.min(self.text.len()));
                    let mut at = next;
                    while at < limit {
                        let line_end = self.line_end(at);
                        if is_whole(&self.text[at..line_end]) && line_end > at {
                            body = content(line_end);
                            next = line_end + 1;
                        }
                        at = line_end + 1;
                    }
                }
                let Some(body) = body else {
                    self.pairing.damage("the body of this request has no end", body_start, end, HINT);
                    return next;
                };
                if is_python_object(body) {
                    Body::Omitted(text::slice(self.whole, body))
                } else if body.is_empty() {
                    Body::Absent
                } else {
                    Body::Text(text::slice(self.whole, body))
                }
            }
        };
        let slice = |part| text::slice(self.whole, part);
        let headers = curl.headers.into_iter().map(|(name, value)| (slice(name), slice(value))).collect();
        let call = Call { from: None, to: None, method: Some(curl.method), url: curl.url, id: None };
        self.pairing.request(call, headers, body);
        self.open = Some(call);
        next
    }

    /// Reads the body of the answer that waits for one. It begins at `start`, in a line that
    /// ends at `end`.
    fn body(&mut self, start: usize, end: usize) -> usize {
        let Some(mut answer) = self.answer.take() else {
            self.pairing.damage("this body belongs to no response", start, end, HINT);
            return end + 1;
        };
        let line = self.text[start..end].strip_suffix('\r').unwrap_or(&self.text[start..end]);
        let mut next = end + 1;
        let body = if line.starts_with("Omitted, ") {
            Body::Omitted(text::slice(self.whole, line))
        } else if line.is_empty() && self.text.len() <= end + 1 {
            Body::Absent
        } else {
            let mut body = line;
            let is_json = line.starts_with(['{', '[']);
            let checked = if is_json { json::validate(line) } else { Ok(()) };
            if !is_json || checked.is_err() {
                let exact = declared_length(&answer.response.headers)
                    .filter(|_| !is_coded(&answer.response.headers))
                    .map(|length| start.saturating_add(length))
                    .filter(|&at| at > start && self.text.is_char_boundary(at))
                    .filter(|&at| at == self.text.len() || self.text[at..].starts_with(['\n', '\r']));
                let (body_end, after) = match exact {
                    Some(at) => (at, self.line_end(at) + 1),
                    None => {
                        let after = self.next_log_line(next.min(self.text.len()));
                        (start + self.text[start..after].trim_end_matches(['\n', '\r']).len(), after)
                    }
                };
                let is_short = checked.is_err_and(|at| at >= line.len());
                if is_json && is_short && exact.is_none() && body_end == start + line.len() {
                    let message = "the JSON body of this response is cut off here";
                    self.pairing.damage(message, body_end, body_end + 1, HINT);
                    return next;
                }
                body = &self.text[start..body_end];
                next = after;
            }
            if body.is_empty() { Body::Absent } else { Body::Text(text::slice(self.whole, body)) }
        };
        answer.response.body = body;
        self.answer = Some(answer);
        self.answer();
        next
    }
}

/// Whether `body` is what Python prints for something that is no text.
fn is_python_object(body: &str) -> bool {
    body == "<binary_data>"
        || body.starts_with('<')
            && body.ends_with('>')
            && (body.starts_with("<_io.") || body.contains(" object at 0x") || body.contains(" object <"))
}

/// The parts of the command line in a request.
struct Curl<'a> {
    method: &'a str,
    url: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    /// What follows the quote that opens the body, in this line.
    body: Option<&'a str>,
}

impl<'a> Curl<'a> {
    fn parse(rest: &'a str) -> Option<Curl<'a>> {
        let (_, rest) = rest.split_once("-X ")?;
        let (method, rest) = rest.split_once(' ')?;
        let url_end = rest.find(' ').unwrap_or(rest.len());
        let (url, mut rest) = rest.split_at(url_end);
        if !is_token(method) || url.is_empty() {
            return None;
        }
        let mut headers = Vec::new();
        while let Some(field) = rest.strip_prefix(" -H \"") {
            // A value may hold quotes; it ends at one that the next part or nothing follows.
            let mut quotes = memchr::memchr_iter(b'"', field.as_bytes());
            let end = quotes.find(|&at| {
                let after = &field[at + 1..];
                after.is_empty() || after.starts_with(" -H \"") || after.starts_with(" -d '")
            })?;
            headers.push(field[..end].split_once(':').filter(|(name, _)| is_token(name))?);
            rest = &field[end + 1..];
        }
        for (_, value) in &mut headers {
            *value = value.strip_prefix(' ').unwrap_or(value);
        }
        let body = rest.strip_prefix(" -d '");
        (body.is_some() || rest.trim_ascii().is_empty()).then_some(Curl { method, url, headers, body })
    }
}

/// The response that `[STATUS] Name: value Name: value` describes.
fn response(whole: &Text, line: &str) -> Option<Response> {
    let (status, rest) = line.strip_prefix('[')?.split_once(']')?;
    let status = status.parse().ok().filter(|_| status.len() == 3)?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let mut starts: Vec<(usize, &str)> = Vec::new();
    let mut at = 0;
    for word in rest.split(' ') {
        if let Some(name) = word.strip_suffix(':')
            && is_header_name(name, starts.last().map(|&(_, name)| name))
        {
            starts.push((at, name));
        }
        at += word.len() + 1;
    }
    if starts.first().map_or(!rest.is_empty(), |&(at, _)| at != 0) {
        return None;
    }
    let mut headers = Headers::default();
    for (index, &(start, name)) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(rest.len(), |&(next, _)| next - 1);
        let value = rest.get(start + name.len() + 2..end).unwrap_or("");
        headers.push(text::slice(whole, name), text::slice(whole, value));
    }
    Some(Response { status, headers, ..Response::default() })
}

/// Whether a word before a colon is the name of a header that comes after `previous`.
fn is_header_name(name: &str, previous: Option<&str>) -> bool {
    let is_name =
        is_token(name) && (name.starts_with(|c: char| c.is_ascii_uppercase()) || name.contains('-'));
    match previous {
        Some(previous) => is_name && name > previous,
        None => is_token(name),
    }
}
