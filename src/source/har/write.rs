//! A trace as an HTTP Archive.
//!
//! The layout is made for diffs: a fixed order of fields, one header a line, nothing that
//! changes without the trace changing. Every field that HAR 1.2 demands is there, so that
//! a browser's developer tools and proxies open the file. What HAR cannot say is in
//! fields that begin with `_`, as it allows.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat};

use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, KnownFrom, Micros, Response, Trace, UrlParts};

/// The version of the creator: without the patch, which changes no file.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION_MAJOR"), ".", env!("CARGO_PKG_VERSION_MINOR"));

/// The version of a message that tells none.
const HTTP_1_1: &str = "HTTP/1.1";

/// The archive of `trace`, whose exchanges keep their order. Reading it gives `trace` again.
pub fn write(trace: &Trace) -> String {
    let mut json = Json { text: String::new(), depth: 0, is_first: true };
    json.object(None, |json| {
        json.object(Some("log"), |json| {
            json.string("version", "1.2");
            json.line_object("creator", &[("name", "docgen"), ("version", VERSION)]);
            if !trace.gaps.is_empty() {
                json.array("_gaps", |json| {
                    for gap in &trace.gaps {
                        json.object(None, |json| {
                            json.string("at", &time(gap.at));
                            json.number("line", gap.line);
                            json.number("column", gap.column);
                            json.string("reason", &gap.reason);
                        });
                    }
                });
            }
            if !trace.notes.is_empty() {
                json.array("_notes", |json| {
                    for note in &trace.notes {
                        json.element(note);
                    }
                });
            }
            json.array("entries", |json| {
                for exchange in &trace.exchanges {
                    json.object(None, |json| entry(json, exchange));
                }
            });
        });
    });
    json.text.push('\n');
    json.text
}

fn entry(json: &mut Json, exchange: &Exchange) {
    json.string("startedDateTime", &time(exchange.started));
    let micros = exchange.ended.map_or(0, |ended| ended.saturating_sub(exchange.started).max(0));
    json.number("time", millis(micros));
    if let Some(from) = &exchange.from {
        json.string("_from", from);
    }
    if exchange.from_inferred {
        json.number("_fromInferred", true);
    }
    if let Some(to) = &exchange.to {
        json.string("_to", to);
    }
    if exchange.synthetic {
        json.number("_synthetic", true);
    }
    if exchange.web_socket_messages > 0 {
        json.number("_webSocketMessageCount", exchange.web_socket_messages);
    }
    match exchange.known_from {
        KnownFrom::Wire => {}
        KnownFrom::Diagram => json.string("_knownFrom", "diagram"),
        KnownFrom::Response => json.string("_knownFrom", "response"),
    }
    let request = &exchange.request;
    json.object(Some("request"), |json| {
        json.string("method", &request.method);
        json.string("url", &request.url);
        json.string("httpVersion", request.version.as_deref().unwrap_or(HTTP_1_1));
        json.array("cookies", |_| {});
        headers(json, "headers", &request.headers);
        json.array("queryString", |json| {
            for pair in UrlParts::of(&request.url).query.into_iter().flat_map(|query| query.split('&')) {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                json.pair(name, value);
            }
        });
        json.number("headersSize", -1);
        json.number("bodySize", size(&request.body));
        match &request.body {
            Body::Text(text) => json.object(Some("postData"), |json| {
                json.string("mimeType", mime_type(&request.headers, &request.media_type));
                json.string("text", text);
            }),
            Body::Absent if request.media_type.is_none() => {}
            other => json.object(Some("_body"), |json| {
                if let Some(kind) = &request.media_type {
                    json.string("mimeType", kind);
                }
                unusual_body(json, other);
            }),
        }
        trailers(json, &request.trailers);
    });
    let missing = Response::default();
    let response = exchange.response.as_ref().unwrap_or(&missing);
    json.object(Some("response"), |json| {
        json.number("status", response.status);
        json.string("statusText", &response.reason);
        json.string("httpVersion", response.version.as_deref().unwrap_or(HTTP_1_1));
        if let Some(failure) = &exchange.failure {
            json.string("_error", failure);
        }
        // What says nothing else would be read as no response.
        if response.status == 0 && exchange.response.is_some() {
            json.number("_answered", true);
        }
        if let Some(url) = &response.url {
            json.string("_url", url);
        }
        if !response.informational.is_empty() {
            json.array("_informational", |json| {
                for answer in &response.informational {
                    json.object(None, |json| {
                        json.number("status", answer.status);
                        json.string("statusText", &answer.reason);
                        headers(json, "headers", &answer.headers);
                    });
                }
            });
        }
        json.array("cookies", |_| {});
        headers(json, "headers", &response.headers);
        json.object(Some("content"), |json| {
            json.number("size", size(&response.body).max(0));
            json.string("mimeType", mime_type(&response.headers, &response.media_type));
            match &response.body {
                Body::Absent => {}
                Body::Text(text) => json.string("text", text),
                other => unusual_body(json, other),
            }
        });
        json.string("redirectURL", response.headers.get("Location").map_or("", |url| url));
        json.number("headersSize", -1);
        json.number("bodySize", size(&response.body));
        trailers(json, &response.trailers);
    });
    json.line("cache", "{}");
    let send = exchange.sending.clamp(0, micros);
    let receive = exchange.receiving.clamp(0, micros - send);
    let wait = millis(micros - send - receive);
    let [send, receive] = [send, receive].map(|part| if part == 0 { "0".to_owned() } else { millis(part) });
    json.line("timings", &format!("{{ \"send\": {send}, \"wait\": {wait}, \"receive\": {receive} }}"));
}

/// A time in milliseconds.
fn millis(micros: Micros) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

fn trailers(json: &mut Json, trailers: &Headers) {
    if !trailers.is_empty() {
        headers(json, "_trailers", trailers);
    }
}

fn headers(json: &mut Json, name: &str, headers: &Headers) {
    json.array(name, |json| {
        for (name, value) in headers.iter() {
            json.pair(name, value);
        }
    });
}

/// A body that HAR has no field for.
fn unusual_body(json: &mut Json, body: &Body) {
    match body {
        Body::Absent | Body::Text(_) => {}
        Body::Omitted(words) => json.string("_omitted", words),
        Body::Binary(binary) => json.object(Some("_binary"), |json| {
            if let Some(length) = binary.length {
                json.number("length", length);
            }
            if let Some(sha256) = &binary.sha256 {
                json.string("sha256", sha256);
            }
            json.string("head", &BASE64_STANDARD.encode(&binary.head));
        }),
    }
}

/// The length of a body in bytes; -1 when it is not known.
fn size(body: &Body) -> i64 {
    match body {
        Body::Absent => 0,
        Body::Text(text) => i64::try_from(text.len()).unwrap_or(-1),
        Body::Binary(binary) => binary.length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1),
        Body::Omitted(_) => -1,
    }
}

fn mime_type<'a>(headers: &'a Headers, told: &'a Option<Text>) -> &'a str {
    headers.get("Content-Type").or(told.as_deref()).unwrap_or_default()
}

/// A moment as HAR has it. One too far away for a calendar becomes the nearest that is not.
fn time(at: Micros) -> String {
    let nearest = if at < 0 { DateTime::<chrono::Utc>::MIN_UTC } else { DateTime::<chrono::Utc>::MAX_UTC };
    DateTime::from_timestamp_micros(at).unwrap_or(nearest).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Writes JSON, indented by two.
struct Json {
    text: String,
    depth: usize,
    /// Nothing has been written yet at this depth.
    is_first: bool,
}

impl Json {
    fn object(&mut self, name: Option<&str>, content: impl FnOnce(&mut Json)) {
        self.start(name);
        self.nested('{', '}', content);
    }

    fn array(&mut self, name: &str, content: impl FnOnce(&mut Json)) {
        self.start(Some(name));
        self.nested('[', ']', content);
    }

    fn string(&mut self, name: &str, value: &str) {
        self.start(Some(name));
        self.quoted(value);
    }

    fn number(&mut self, name: &str, value: impl std::fmt::Display) {
        self.line(name, &value.to_string());
    }

    /// A member whose value is JSON already.
    fn line(&mut self, name: &str, value: &str) {
        self.start(Some(name));
        self.text.push_str(value);
    }

    /// An element with a name and a value, on one line.
    fn pair(&mut self, name: &str, value: &str) {
        self.start(None);
        self.members(&[("name", name), ("value", value)]);
    }

    /// An element that is a string.
    fn element(&mut self, value: &str) {
        self.start(None);
        self.quoted(value);
    }

    /// An object on one line.
    fn line_object(&mut self, name: &str, members: &[(&str, &str)]) {
        self.start(Some(name));
        self.members(members);
    }

    fn members(&mut self, members: &[(&str, &str)]) {
        let mut before = "{ ";
        for (name, value) in members {
            self.text.push_str(before);
            self.quoted(name);
            self.text.push_str(": ");
            self.quoted(value);
            before = ", ";
        }
        self.text.push_str(" }");
    }

    /// Begins the line of an element, or of a member with this name.
    fn start(&mut self, name: Option<&str>) {
        if !self.is_first {
            self.text.push(',');
        }
        self.is_first = false;
        self.break_line();
        if let Some(name) = name {
            self.quoted(name);
            self.text.push_str(": ");
        }
    }

    fn nested(&mut self, open: char, close: char, content: impl FnOnce(&mut Json)) {
        self.text.push(open);
        self.depth += 1;
        self.is_first = true;
        content(self);
        self.depth -= 1;
        if !self.is_first {
            self.break_line();
        }
        self.is_first = false;
        self.text.push(close);
    }

    fn break_line(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
    }

    fn quoted(&mut self, text: &str) {
        self.text.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < b' ' || matches!(byte, b'"' | b'\\' | 0x7f))
        {
            self.text.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'"' => self.text.push_str("\\\""),
                b'\\' => self.text.push_str("\\\\"),
                b'\n' => self.text.push_str("\\n"),
                b'\r' => self.text.push_str("\\r"),
                b'\t' => self.text.push_str("\\t"),
                byte => self.text.push_str(&format!("\\u{byte:04x}")),
            }
            rest = &rest[at + 1..];
        }
        self.text.push_str(rest);
        self.text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_reads_back(trace in crate::trace::testing::trace()) {
            let har = write(&trace);
            let (read, diagnostics) = super::super::read(Path::new("trace.har"), &Text::from(har.clone()));
            prop_assert!(diagnostics.is_empty(), "{:?}", diagnostics);
            prop_assert_eq!(&read, &trace);
            prop_assert_eq!(write(&read), har);
        }
    }

    #[test]
    fn every_field_that_the_standard_demands_is_there() {
        let trace = Trace {
            exchanges: vec![Exchange {
                from: None,
                to: None,
                started: 1_795_176_000_000_001,
                ended: Some(1_795_176_000_001_501),
                synthetic: false,
                known_from: KnownFrom::Wire,
                request: crate::trace::Request {
                    method: "GET".into(),
                    url: "http://h/?a=b&c".into(),
                    ..Default::default()
                },
                response: Some(Response { status: 200, reason: "OK".into(), ..Default::default() }),
                ..Exchange::default()
            }],
            ..Trace::default()
        };
        let text = write(&trace);
        let har: serde_json::Value = serde_json::from_str(&text).unwrap();
        let keys = |pointer: &str| {
            let members = har.pointer(pointer).unwrap().as_object().unwrap();
            members
                .keys()
                .cloned()
                .collect::<std::collections::BTreeSet<_>>()
                .into_iter()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(keys("/log"), "creator entries version");
        assert_eq!(keys("/log/entries/0"), "cache request response startedDateTime time timings");
        assert_eq!(
            keys("/log/entries/0/request"),
            "bodySize cookies headers headersSize httpVersion method queryString url"
        );
        assert_eq!(
            keys("/log/entries/0/response"),
            "bodySize content cookies headers headersSize httpVersion redirectURL status statusText"
        );
        assert_eq!(keys("/log/entries/0/timings"), "receive send wait");
        assert!(
            text.contains(
                "\"startedDateTime\": \"2026-11-20T12:00:00.000001Z\",\n        \"time\": 1.500,\n"
            ),
            "{text}"
        );
        assert!(text.contains("\"queryString\": [\n            { \"name\": \"a\", \"value\": \"b\" },\n            { \"name\": \"c\", \"value\": \"\" }\n          ],"), "{text}");
    }
}
