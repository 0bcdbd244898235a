//! A trace in the format of the `requestshook` log.
//!
//! For people: a trace of any source reads as the logs that the source documents show.
//! A log of the middleware that was read comes out with the same bytes. What this leaves
//! out: gaps, which no entry can carry, and times, which the format has no place for.

use std::fmt::Write;

use crate::json;
use crate::trace::{Body, Exchange, Headers, KnownFrom, Micros, Request, Response, Trace, UrlParts};

/// The messages of `trace` in the order of their times; where these are equal, in the order of
/// the trace, each request before its response.
///
/// A JSON body on a single line is laid out as the middleware does it. Where the trace does not
/// say who sent a request, the log says `client`; who received it, the URL's host and port.
pub fn write(trace: &Trace) -> String {
    let mut messages = Vec::with_capacity(trace.exchanges.len() * 2);
    for (index, exchange) in trace.exchanges.iter().enumerate() {
        if exchange.known_from != KnownFrom::Response {
            messages.push((exchange.started, index, Message::Request(&exchange.request)));
        }
        if let Some(response) = &exchange.response {
            messages.push((exchange.ended.unwrap_or(exchange.started), index, Message::Response(response)));
        }
    }
    messages.sort_by_key(|&(at, index, ref message): &(Micros, usize, Message<'_>)| {
        (at, index, matches!(message, Message::Response(_)))
    });
    let size = messages.iter().map(|(.., message)| message.size()).sum();
    let mut log = String::with_capacity(size);
    for (_, index, message) in messages {
        entry(&mut log, &trace.exchanges[index], message);
    }
    log
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
        let body = if let Body::Text(text) = body { text.len() } else { 160 };
        headers.iter().map(|(name, value)| name.len() + value.len() + 3).sum::<usize>() + body + 160
    }
}

fn entry(log: &mut String, exchange: &Exchange, message: Message<'_>) {
    let request = &exchange.request;
    let from = exchange.from.as_deref().unwrap_or("client");
    let to = exchange.to.as_deref().unwrap_or_else(|| UrlParts::of(&request.url).authority);
    let method = &request.method;
    match message {
        Message::Request(Request { url, headers, body, .. }) => {
            put(log, format_args!("\n### ({from}) REQ >>> ({to}) : {method} {url}\n"));
            rest(log, headers, body);
        }
        Message::Response(Response { status, reason, url, headers, body }) => {
            let url = url.as_ref().unwrap_or(&request.url);
            let space = if reason.is_empty() { "" } else { " " };
            put(
                log,
                format_args!("\n### ({from}) RESP <<< ({to}) : {status} {reason}{space}{method} {url}\n"),
            );
            rest(log, headers, body);
        }
    }
}

fn rest(log: &mut String, headers: &Headers, body: &Body) {
    for (name, value) in headers.iter() {
        for part in [name, ": ", value, "\n"] {
            log.push_str(part);
        }
    }
    log.push('\n');
    match body {
        Body::Absent => log.push_str("none"),
        Body::Text(text) => match single_line_json(text) {
            Some(laid_out) => log.push_str(&laid_out),
            None => log.push_str(text),
        },
        Body::Binary(binary) => log.push_str(&binary.repr()),
        Body::Omitted(words) => log.push_str(words),
    }
    log.push_str("\n\n");
}

/// `text` as the middleware lays it out, if it is an object or array on one line.
fn single_line_json(text: &str) -> Option<String> {
    let may_be = text.starts_with(['{', '[']) && memchr::memchr(b'\n', text.as_bytes()).is_none();
    if may_be { json::reindent(text) } else { None }
}

fn put(log: &mut String, text: std::fmt::Arguments<'_>) {
    log.write_fmt(text).expect("a String takes any text");
}
