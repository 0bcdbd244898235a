//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! What docgen itself writes, and what browsers and proxies do. A whole file is parsed at
//! once, by docgen's own reader of JSON. What that refuses, `serde_json` reads, which says why. Only
//! when that fails too are the entries read one by one, so that damage in one costs that one.
//! What this leaves out: pages, cookies, caches and single timings, which no page of docgen
//! shows.

mod model;
pub mod write;

use std::path::Path;

use serde_json::Deserializer;

use self::model::{Entry, GapEntry, Har};
use super::places::Places;
use super::requestshook_writer;
use crate::error::{Error, ErrorKind};
use crate::json;
use crate::text::Text;
use crate::trace::{Exchange, Gap, Micros, Trace};

const HINT: &str = "the entry is left out; capture the command again, or mend the file";

/// Reads the archive `text`, the content of `file`. The exchanges keep the order of the array.
pub fn read(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    if let Some(trace) = undamaged(text).and_then(|har| har.into_trace(text).ok()) {
        return (trace, Vec::new());
    }
    read_slowly(file, text)
}

/// The same, but with headers and bodies as a log of the trace shows them, and that log: what
/// [`rewrite`](super::requestshook_writer::rewrite) makes of the trace, in far less time.
pub(super) fn read_as_log(file: &Path, text: &Text) -> (Trace, Text, Vec<Error>) {
    if let Some((trace, log)) = undamaged(text).and_then(|har| har.into_log(text).ok()) {
        return (trace, log, Vec::new());
    }
    let (trace, diagnostics) = read_slowly(file, text);
    let (trace, log) = requestshook_writer::rewrite(trace);
    (trace, log, diagnostics)
}

/// The same as [`read`] for a file that is damaged or unusual.
fn read_slowly(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    match whole(text) {
        Ok(trace) => (trace, Vec::new()),
        Err(error) => Salvage::new(file, text, error).run(),
    }
}

/// Whether `text` begins as an archive does.
pub(super) fn is_one(text: &str) -> bool {
    let start = text.trim_ascii_start();
    start.starts_with('{')
        && (first_key(start).is_some_and(|key| key == "log")
            || memchr::memmem::find(start.as_bytes(), b"\"startedDateTime\"").is_some())
}

fn first_key(object: &str) -> Option<&str> {
    let rest = object.strip_prefix('{')?.trim_ascii_start().strip_prefix('"')?;
    rest.split_once('"').map(|(key, _)| key)
}

/// The trace of a file without damage; otherwise the error and its byte offset.
fn whole(text: &Text) -> Result<Trace, (usize, String)> {
    let har: Har<'_> = serde_json::from_str(text).map_err(|error| explain(text, &error))?;
    har.into_trace(text).map_err(|message| (0, message))
}

/// What [`whole`] reads, in a fraction of the time; a file that is damaged or unusual is left to
/// that.
fn undamaged(text: &Text) -> Option<Har<'_>> {
    json::from_str(text).ok()
}

/// The byte offset in `text` that `error` is about, and its message without the place.
fn explain(text: &str, error: &serde_json::Error) -> (usize, String) {
    let mut start = 0;
    for _ in 1..error.line() {
        start += memchr::memchr(b'\n', &text.as_bytes()[start..]).map_or(0, |at| at + 1);
    }
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    ((start + error.column().saturating_sub(1)).min(text.len()), message.to_owned())
}

/// Reads a damaged archive entry by entry.
struct Salvage<'a> {
    text: &'a Text,
    places: Places<'a>,
    /// Why the file could not be read as a whole.
    cause: (usize, String),
    trace: Trace,
    diagnostics: Vec<Error>,
    /// How many bytes may yet be parsed in the search for whole entries.
    ///
    /// Objects nested without end would make that search quadratic.
    budget: usize,
    clock: Micros,
}

/// A whole entry in a damaged file.
struct Found {
    start: usize,
    end: usize,
    exchange: Exchange,
}

/// How many times the length of the file a search for whole entries may read.
const PATIENCE: usize = 32;

impl<'a> Salvage<'a> {
    fn new(file: &'a Path, text: &'a Text, cause: (usize, String)) -> Salvage<'a> {
        Salvage {
            text,
            places: Places::new(file, text),
            cause,
            trace: Trace::default(),
            diagnostics: Vec::new(),
            budget: text.len().saturating_mul(PATIENCE),
            clock: 0,
        }
    }

    fn run(mut self) -> (Trace, Vec<Error>) {
        let mut at = entries_start(self.text);
        self.trace.gaps = earlier_gaps(&self.text[..at]);
        // The next whole entry, where a search has found it already.
        let mut known: Option<Found> = None;
        let mut is_after_damage = false;
        let mut is_ended = false;
        while let Some(skipped) = self.text[at..].find(|c: char| !c.is_ascii_whitespace() && c != ',') {
            at += skipped;
            let is_object = self.text[at..].starts_with('{');
            if self.text[at..].starts_with(']') && !is_after_damage {
                is_ended = true;
                break;
            }
            let found = match known.take_if(|found| found.start == at) {
                Some(found) => Ok(found),
                None => self.entry(at),
            };
            let (place, message) = match found {
                Ok(found) => {
                    self.clock = self.clock.max(found.exchange.ended.unwrap_or(found.exchange.started));
                    self.trace.exchanges.push(found.exchange);
                    is_after_damage = false;
                    at = found.end;
                    continue;
                }
                Err(reason) => reason,
            };
            if known.is_none() {
                known = self.search(at + 1);
            }
            let next = known.as_ref().map_or(self.text.len(), |found| found.start);
            let end = object_end(self.text, at).filter(|&end| end <= next).unwrap_or(next);
            // What is no object is a piece of the damaged entry before it.
            if is_object || !is_after_damage {
                self.damage(at, end, place, format!("this entry is damaged: {message}"));
            }
            is_after_damage = true;
            at = if is_object { end } else { next };
        }
        if self.diagnostics.is_empty() {
            let (place, message) = std::mem::take(&mut self.cause);
            if is_ended || !message.starts_with("EOF") {
                self.damage(place, place, place, format!("this is no whole HAR file: {message}"));
            } else {
                let end = self.text.trim_ascii_end().len();
                self.damage(end, end, end, "the file ends before its list of entries does".to_owned());
            }
        }
        (self.trace, self.diagnostics)
    }

    /// The entry that begins at `start`; or where and why it is damaged.
    fn entry(&self, start: usize) -> Result<Found, (usize, String)> {
        let text = &self.text[start..];
        let mut stream = Deserializer::from_str(text).into_iter::<Entry<'_>>();
        match stream.next() {
            Some(Ok(entry)) => {
                let end = start + stream.byte_offset();
                let exchange = entry.into_exchange(self.text).map_err(|message| (start, message))?;
                Ok(Found { start, end, exchange })
            }
            Some(Err(error)) => {
                let (at, message) = explain(text, &error);
                Err((start + at, message))
            }
            None => Err((start, "there is no entry".to_owned())),
        }
    }

    /// The first whole entry after `from`.
    fn search(&mut self, from: usize) -> Option<Found> {
        let text = self.text;
        for found in memchr::memchr_iter(b'{', &text.as_bytes()[from..]) {
            let start = from + found;
            if !first_key(&text[start..text.floor_char_boundary(start + 512)]).is_some_and(is_entry_key) {
                continue;
            }
            match self.entry(start) {
                Ok(found) => return Some(found),
                Err((at, _)) => self.budget = self.budget.checked_sub(at - start + 1)?,
            }
        }
        None
    }

    /// Notes that the entry in `start..end` is damaged at `place`.
    fn damage(&mut self, start: usize, end: usize, place: usize, message: String) {
        let started = memchr::memmem::find(&self.text.as_bytes()[start..end], b"\"startedDateTime\"");
        let started = started.and_then(|at| {
            let value = self.text[start + at..end].split('"').nth(3)?;
            model::parse_time(value).ok()
        });
        let place = self.places.span(place, place + 1);
        self.trace.gaps.push(Gap {
            at: started.unwrap_or(self.clock),
            line: place.line,
            column: place.column,
            reason: message.clone(),
        });
        self.diagnostics.push(Error::new(ErrorKind::DamagedEntry, message).at(place).hint(HINT));
    }
}

/// The gaps that the file's writer knew of; they stand before the entries.
fn earlier_gaps(before_entries: &str) -> Vec<Gap> {
    const NAME: &str = "\"_gaps\":";
    let Some(at) = memchr::memmem::find(before_entries.as_bytes(), NAME.as_bytes()) else {
        return Vec::new();
    };
    let mut stream =
        Deserializer::from_str(&before_entries[at + NAME.len()..]).into_iter::<Vec<GapEntry<'_>>>();
    let gaps = stream.next().and_then(Result::ok).unwrap_or_default();
    gaps.into_iter().filter_map(|gap| gap.into_gap().ok()).collect()
}

/// Whether an entry of an archive may begin with this key.
fn is_entry_key(key: &str) -> bool {
    const KEYS: [&str; 10] = [
        "startedDateTime",
        "time",
        "request",
        "response",
        "cache",
        "timings",
        "pageref",
        "serverIPAddress",
        "connection",
        "comment",
    ];
    key.starts_with('_') || KEYS.contains(&key)
}

/// Where the first entry should be: after the bracket that opens the list.
fn entries_start(text: &str) -> usize {
    for found in memchr::memmem::find_iter(text.as_bytes(), b"\"entries\"") {
        let after = &text[found + "\"entries\"".len()..];
        let bracket = after.trim_ascii_start().strip_prefix(':').map(str::trim_ascii_start);
        if let Some(rest) = bracket.and_then(|rest| rest.strip_prefix('[')) {
            return text.len() - rest.len();
        }
    }
    // Without it, the first object that looks like an entry may still be one.
    let first = memchr::memmem::find(text.as_bytes(), b"\"startedDateTime\"");
    first.and_then(|first| memchr::memrchr(b'{', &text.as_bytes()[..first])).unwrap_or(text.len())
}

/// Where the object that begins at `start` ends, by its brackets and strings alone.
fn object_end(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => loop {
                at += 1 + memchr::memchr2(b'"', b'\\', bytes.get(at + 1..)?)?;
                if bytes[at] == b'"' {
                    break;
                }
                at += 1;
            },
            _ if depth == 0 => return None,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trace::Body;

    fn read_text(text: &str) -> (Trace, Vec<Error>) {
        read(Path::new("trace.har"), &Text::from(text.to_owned()))
    }

    fn entry_text(path: &str) -> String {
        format!(
            r#"{{"_id": 1, "startedDateTime": "2026-11-20T21:00:00.000001+09:00", "time": 1.5,
              "request": {{"method": "GET", "url": "http://h/{path}", "headers": [{{"name": "A", "value": "{{[\""}}]}},
              "response": {{"status": 200, "statusText": "OK", "content": {{"text": "{{\"a\": [1]}}"}}}}}}"#
        )
    }

    fn archive(entries: &[String]) -> String {
        format!(
            "{{\"log\": {{\"version\": \"1.2\", \"entries\": [\n{}\n], \"pages\": []}}}}",
            entries.join(",\n")
        )
    }

    fn paths(trace: &Trace) -> String {
        trace.exchanges.iter().map(|exchange| exchange.request.url.rsplit_once('/').unwrap().1).collect()
    }

    #[test]
    fn times_have_microseconds_and_any_offset() {
        let (trace, diagnostics) = read_text(&archive(&[entry_text("a")]));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let exchange = &trace.exchanges[0];
        assert_eq!(exchange.started, 1_795_176_000_000_001);
        assert_eq!(exchange.ended, Some(exchange.started + 1500));
        for text in
            ["2026-11-20T12:00:00.000001Z", "2026-11-20T21:00:00.000001+0900", "2026-11-20T12:00:00.000001"]
        {
            assert_eq!(model::parse_time(text), Ok(exchange.started), "{text}");
        }
        assert!(model::parse_time("yesterday").is_err());
    }

    proptest! {
        #[test]
        fn an_undamaged_file_is_read_alike(trace in crate::trace::testing::trace()) {
            let text = Text::from(write::write(&trace));
            prop_assert_eq!(undamaged(&text).and_then(|har| har.into_trace(&text).ok()), whole(&text).ok());
        }

        #[test]
        fn the_log_is_that_of_the_trace(
            trace in crate::trace::testing::trace(),
            notation in any::<[bool; 2]>(),
            cut in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let mut text = write::write(&trace);
            let [by_number, slashes] = notation;
            if by_number {
                let mut units = [0; 2];
                let number = |unit: &u16| format!("\\u{unit:04x}");
                text = text
                    .chars()
                    .map(|c| match c {
                        ' '..='\x7f' | '\n' => c.to_string(),
                        c => c.encode_utf16(&mut units).iter().map(number).collect(),
                    })
                    .collect();
            }
            if slashes {
                text = text.replace('/', "\\/");
            }
            if let Some(cut) = cut {
                text.truncate(text.floor_char_boundary(cut.index(text.len())));
            }
            let (file, text) = (Path::new("trace.har"), Text::from(text));
            let (trace, diagnostics) = read(file, &text);
            let (shown, log, of_shown) = read_as_log(file, &text);
            prop_assert_eq!((shown, log), requestshook_writer::rewrite(trace));
            prop_assert_eq!(format!("{of_shown:?}"), format!("{diagnostics:?}"));
        }
    }

    #[test]
    fn only_what_an_exchange_needs_must_be_there() {
        let least = r#"{"startedDateTime": "2026-11-20T21:00:00Z", "time": null, "timings": {"send": -1, "wait": 2, "receive": 1.25},
            "request": {"method": "HEAD", "url": "http://h/", "headers": [{"name": ":authority", "value": "h"}]},
            "response": {"status": 200, "content": {"size": 12}}}"#;
        let none = r#"{"startedDateTime": "2026-11-20T20:00:00Z", "time": -1, "request": {"method": "GET", "url": "u",
            "postData": {"params": [{"name": "a", "value": "b"}, {"name": "c"}]}}, "response": {"status": 0}}"#;
        let left_out = r#"{"startedDateTime": "2026-11-20T20:00:00Z", "request": {"method": "GET", "url": "u"},
            "response": {"status": 200, "content": {"size": 12}}}"#;
        let (trace, diagnostics) = read_text(&archive(&[least.into(), none.into(), left_out.into()]));
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let [first, second, third] = &trace.exchanges[..] else { panic!() };
        assert_eq!(first.ended, Some(first.started + 3250));
        assert!(first.request.headers.is_empty());
        assert_eq!(first.response.as_ref().unwrap().body, Body::Absent);
        assert_eq!((&second.response, second.ended), (&None, None));
        assert_eq!(second.request.body, Body::Text("a=b&c=".into()));
        let body = &third.response.as_ref().unwrap().body;
        assert!(matches!(body, Body::Omitted(words) if words.contains("12 bytes")), "{body:?}");
    }

    #[test]
    fn what_no_line_can_hold_stays_in_its_fields() {
        let entry = r#"{"startedDateTime": "2026-11-20T21:00:00Z", "request": {"method": "GET", "url": "u", "headers":
            [{"name": "a:b", "value": "c: d"}]}, "response": {"status": 200, "content": {}, "headers":
            [{"name": "a", "value": "b\nc: d"}, {"name": "e", "value": "\"f\""}]}}"#;
        let text = Text::from(archive(&[entry.to_owned()]));
        let (shown, log, _) = read_as_log(Path::new("trace.har"), &text);
        for trace in [read_text(&text).0, shown] {
            let exchange = &trace.exchanges[0];
            assert_eq!(exchange.request.headers.iter().collect::<Vec<_>>(), [("a:b", "c: d")]);
            let headers = &exchange.response.as_ref().unwrap().headers;
            assert_eq!(headers.iter().collect::<Vec<_>>(), [("a", "b\nc: d"), ("e", "\"f\"")]);
        }
        assert!(log.contains("\na:b: c: d\n") && log.contains("\na: b\nc: d\ne: \"f\"\n"), "{log}");
    }

    #[test]
    fn base64_is_text_where_it_holds_text() {
        let content = |text: &str| {
            let entry = format!(
                r#"{{"startedDateTime": "2026-11-20T21:00:00Z", "request": {{"method": "GET", "url": "u"}},
                "response": {{"status": 200, "content": {{"encoding": "base64", "text": "{text}"}}}}}}"#
            );
            let (trace, diagnostics) = read_text(&archive(&[entry]));
            (trace.exchanges.first().map(|e| e.response.as_ref().unwrap().body.clone()), diagnostics.len())
        };
        assert_eq!(content("6rCA\\nCg=="), (Some(Body::Text("가\n".into())), 0));
        assert_eq!(content("%%"), (None, 1));
        let (Some(Body::Binary(binary)), 0) = content("AAEC") else { panic!() };
        assert_eq!((&binary.head[..], binary.length), (&[0, 1, 2][..], Some(3)));
        let sha256 = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
        assert_eq!(binary.sha256.as_deref(), Some(sha256));
    }

    #[test]
    fn a_damaged_entry_costs_only_itself() {
        let whole: Vec<_> = ["a", "b", "c", "d"].map(entry_text).into();
        type Damage = fn(&str) -> String;
        let damages: [(&str, Damage); 7] = [
            ("a value", |entry| entry.replace("200", "2oo")),
            ("a field", |entry| entry.replace("\"method\"", "\"methud\"")),
            ("a time", |entry| entry.replace("2026-11-20", "2026-11-32")),
            ("a quote", |entry| entry.replace("\"OK\"", "\"OK")),
            ("a brace", |entry| entry.replace("\"request\": {", "\"request\": ")),
            ("the end", |entry| entry[..entry.len() / 2].to_owned()),
            ("the start", |entry| entry[entry.len() / 2..].to_owned()),
        ];
        for (what, damage) in damages {
            let mut entries = whole.clone();
            entries[1] = damage(&entries[1]);
            let (trace, diagnostics) = read_text(&archive(&entries));
            assert_eq!(paths(&trace), "acd", "{what}: {diagnostics:?}");
            assert_eq!(diagnostics.len(), 1, "{what}: {diagnostics:?}");
            assert_eq!(trace.gaps.len(), 1);
            let line = diagnostics[0].place().unwrap().line;
            assert!((5..=8).contains(&line), "{what}: {diagnostics:?}");
        }
        let mut entries = whole.clone();
        entries[1] = damages[0].1(&entries[1]);
        entries[2] = damages[1].1(&entries[2]);
        let (trace, diagnostics) = read_text(&archive(&entries));
        assert_eq!((paths(&trace).as_str(), diagnostics.len()), ("ad", 2), "{diagnostics:?}");
    }

    #[test]
    fn a_file_cut_off_anywhere_keeps_what_came_before() {
        let text = archive(&["a", "b", "c"].map(entry_text));
        let ends: Vec<_> =
            ["a", "b", "c"].map(|path| text.find(&entry_text(path)).unwrap() + entry_text(path).len()).into();
        for cut in 1..text.len() {
            let (trace, diagnostics) = read_text(&text[..cut]);
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            assert_eq!(trace.exchanges.len(), whole, "{}", &text[..cut]);
            assert_eq!((diagnostics.len(), trace.gaps.len()), (1, 1), "{}", &text[..cut]);
        }
    }

    #[test]
    fn hostile_nesting_ends() {
        let (trace, diagnostics) = read_text(&archive(&["{\"cache\":".repeat(20_000)]));
        assert_eq!((trace.exchanges.len(), diagnostics.len()), (0, 1));
    }
}
