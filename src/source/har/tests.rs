//! What archives of all kinds, and damaged ones, are read as.

use proptest::prelude::*;

use super::*;
use crate::error::Severity;
use crate::source::requestshook_writer;
use crate::trace::{Body, Exchange, KnownFrom};

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
}

proptest! {
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
fn a_value_of_several_lines_is_several_fields() {
    let entry = r#"{"startedDateTime": "2026-11-20T21:00:00Z", "request": {"method": "GET", "url": "u", "headers":
        [{"name": "a:b", "value": "c: d"}]}, "response": {"status": 200, "content": {}, "headers":
        [{"name": "Set-Cookie", "value": "a=b\nc=d"}, {"name": "e", "value": "\"f\""}]}}"#;
    let text = Text::from(archive(&[entry.to_owned()]));
    let (shown, log, _) = read_as_log(Path::new("trace.har"), &text);
    for trace in [read_text(&text).0, shown] {
        let exchange = &trace.exchanges[0];
        assert_eq!(exchange.request.headers.iter().collect::<Vec<_>>(), [("a:b", "c: d")]);
        let headers = &exchange.response.as_ref().unwrap().headers;
        let fields = [("Set-Cookie", "a=b"), ("Set-Cookie", "c=d"), ("e", "\"f\"")];
        assert_eq!(headers.iter().collect::<Vec<_>>(), fields);
    }
    assert!(
        log.contains("\na:b: c: d\n") && log.contains("\nSet-Cookie: a=b\nSet-Cookie: c=d\ne: \"f\"\n"),
        "{log}"
    );
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
    assert_eq!(content("%%"), (Some(Body::Text("%%".into())), 1));
    assert_eq!(content("REDACTED"), (Some(Body::Text("REDACTED".into())), 1));
    let (Some(Body::Binary(binary)), 0) = content("AAEC") else { panic!() };
    assert_eq!((&binary.head[..], binary.length), (&[0, 1, 2][..], Some(3)));
    let sha256 = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
    assert_eq!(binary.sha256.as_deref(), Some(sha256));
}

#[test]
fn a_broken_structure_costs_the_entry_around_it() {
    let whole: Vec<_> = ["a", "b", "c", "d"].map(entry_text).into();
    type Damage = fn(&str) -> String;
    let damages: [(&str, Damage); 6] = [
        ("a quote", |entry| entry.replace("\"OK\"", "\"OK")),
        ("a brace", |entry| entry.replace("\"request\": {", "\"request\": ")),
        ("a comma", |entry| entry.replace("1.5,", "1.5")),
        ("the end", |entry| entry[..entry.len() / 2].to_owned()),
        ("the start", |entry| entry[entry.len() / 2..].to_owned()),
        ("all but a brace", |_| "{}".to_owned()),
    ];
    for (what, damage) in damages {
        let mut entries = whole.clone();
        entries[1] = damage(&entries[1]);
        let (trace, diagnostics) = read_text(&archive(&entries));
        assert_eq!(paths(&trace), "acd", "{what}: {diagnostics:?}");
        assert_eq!(diagnostics.len(), 1, "{what}: {diagnostics:?}");
        assert_eq!((trace.gaps.len(), diagnostics[0].severity()), (1, Severity::Error));
        let line = diagnostics[0].place().unwrap().line;
        assert!((5..=8).contains(&line), "{what}: {diagnostics:?}");
    }
    let mut entries = whole.clone();
    entries[1] = damages[0].1(&entries[1]);
    entries[2] = damages[1].1(&entries[2]);
    let (trace, diagnostics) = read_text(&archive(&entries));
    assert_eq!((paths(&trace).as_str(), diagnostics.len()), ("ad", 2), "{diagnostics:?}");
    // What is no object is an entry lost, and the list goes on.
    let (trace, diagnostics) = read_text(&archive(&["null".into(), whole[0].clone(), "[1]".into()]));
    assert_eq!((paths(&trace).as_str(), diagnostics.len(), trace.gaps.len()), ("a", 2, 2), "{diagnostics:?}");
}

#[test]
fn a_file_cut_off_anywhere_keeps_what_came_before() {
    let text = archive(&["a", "b", "c"].map(entry_text));
    let ends: Vec<_> =
        ["a", "b", "c"].map(|path| text.find(&entry_text(path)).unwrap() + entry_text(path).len()).into();
    let list_end = text.find("\n], \"pages\"").unwrap() + 2;
    for cut in 1..text.len() {
        let (trace, diagnostics) = read_text(&text[..cut]);
        let whole = ends.iter().filter(|&&end| end <= cut).count();
        assert_eq!(trace.exchanges.len(), whole, "{}", &text[..cut]);
        // After the list nothing is lost.
        let gaps = usize::from(cut < list_end);
        assert_eq!((diagnostics.len(), trace.gaps.len()), (1, gaps), "{}", &text[..cut]);
        let severity = if gaps == 1 { Severity::Error } else { Severity::Warning };
        assert_eq!(diagnostics[0].severity(), severity, "{}", &text[..cut]);
    }
}

#[test]
fn many_damaged_entries_end() {
    // Each of these would look for the next whole entry, or for its own end, up to that of the file.
    for (entry, count) in
        [("{x},", 200_000), ("{\"time\": 1},{x ", 100_000), ("{[", 300_000), ("{\"_a\":[", 100_000)]
    {
        let (trace, diagnostics) = read_text(&archive(&[entry.repeat(count)]));
        assert!(trace.exchanges.is_empty() && !diagnostics.is_empty());
    }
}

#[test]
fn hostile_nesting_ends() {
    let (trace, diagnostics) = read_text(&archive(&["{\"cache\":".repeat(20_000)]));
    assert_eq!((trace.exchanges.len(), diagnostics.len()), (0, 1));
}

/// An archive of three entries, all fields in it that docgen reads, one a line.
fn model() -> serde_json::Value {
    let entry = |path: &str, second: usize| {
        serde_json::json!({
            "startedDateTime": format!("2026-11-20T21:00:0{second}Z"),
            "time": 250,
            "request": {
                "method": "POST",
                "url": format!("http://h/{path}?q=1"),
                "headers": [{ "name": "Accept", "value": "*/*" }, { "name": "X-A", "value": path }],
                "bodySize": -1,
                "postData": { "mimeType": "text/plain", "text": "said" },
            },
            "response": {
                "status": 201,
                "statusText": "Created",
                "headers": [{ "name": "Date", "value": "today" }, { "name": "Age", "value": "0" }],
                "content": {
                    "size": 12,
                    "mimeType": "application/json",
                    "encoding": "",
                    "comment": "",
                    "text": "{\"a\": [1, 2]}",
                },
                "bodySize": 12,
            },
            "timings": { "blocked": 1, "dns": 1, "connect": 1, "send": 1, "wait": 2, "receive": 1.5 },
            "_from": "client",
            "_to": "server",
            "_synthetic": false,
        })
    };
    serde_json::json!({ "log": { "version": "1.2", "entries": [entry("a", 1), entry("b", 2), entry("c", 3)] } })
}

/// Where a field is in an entry, and the values that are of a wrong kind there.
const FIELDS: [(&str, &[&str]); 31] = [
    ("/startedDateTime", &["5", "\"yesterday\"", "\"\"", "true", "NaN", "[]", "{}", "-1e9"]),
    ("/time", NO_NUMBER),
    ("/request", &["\"x\"", "5", "[]", "NaN", "false"]),
    ("/request/method", NO_STRING),
    ("/request/method", &["\"\"", "null"]),
    ("/request/url", NO_STRING),
    ("/request/headers", &["\"x\"", "5", "{\"a\": \"b\"}", "[1]", "[null]", "[[]]", "NaN", "[{}]"]),
    ("/request/headers/0", &["\"x\"", "5", "null", "[]", "{}", "NaN"]),
    ("/request/headers/0/name", NO_STRING),
    ("/request/headers/0/name", &["\"\"", "null"]),
    ("/request/headers/0/value", NO_STRING),
    ("/request/headers/0/value", &["null", "\"half \\ud800\"", "\"\\x41\""]),
    ("/request/bodySize", NO_NUMBER),
    ("/request/postData", &["\"x\"", "5", "[]", "true", "NaN"]),
    ("/request/postData/text", NO_STRING),
    ("/request/postData/mimeType", NO_STRING),
    ("/response", &["\"x\"", "5", "[]", "NaN", "false"]),
    ("/response/status", &["\"200\"", "\"x\"", "1234", "-5", "20.5", "1e999", "true", "[]", "{}", "NaN"]),
    ("/response/statusText", NO_STRING),
    ("/response/headers", &["\"x\"", "5", "{\"a\": \"b\"}", "[1]", "[null]", "NaN", "[{}]"]),
    ("/response/headers/1/value", NO_STRING),
    ("/response/content", &["\"x\"", "5", "[]", "true", "NaN"]),
    ("/response/content/text", NO_STRING),
    ("/response/content/encoding", NO_STRING),
    ("/response/content/encoding", &["\"gzip\""]),
    ("/response/content/size", NO_NUMBER),
    ("/response/content/size", &["1e300"]),
    ("/response/bodySize", NO_NUMBER),
    ("/timings", &["\"x\"", "5", "[]", "NaN", "false"]),
    ("/timings/wait", NO_NUMBER),
    ("/_synthetic", &["\"x\"", "5", "[]", "{}", "NaN"]),
];
const NO_NUMBER: &[&str] = &["\"5\"", "\"x\"", "true", "[]", "{}", "NaN", "-Infinity", "1e999", "undefined"];
const NO_STRING: &[&str] = &["5", "-1.5", "true", "[]", "[\"x\"]", "{}", "{\"a\": 1}", "NaN", "None"];

/// Makes the part of `read` that a field at `pointer` is for as it is in `good`.
fn repair(read: &mut Exchange, good: &Exchange, pointer: &str) {
    let response = |exchange: &Exchange| exchange.response.clone().unwrap_or_default();
    let parts: Vec<_> = pointer.split('/').skip(1).collect();
    match &parts[..] {
        ["startedDateTime"] => {
            (read.started, read.ended, read.synthetic) = (good.started, good.ended, good.synthetic);
        }
        ["time" | "timings", ..] => repair_times(read, good),
        ["request"] => (read.request, read.known_from) = (good.request.clone(), good.known_from),
        ["request", "method"] => read.request.method = good.request.method.clone(),
        ["request", "url"] => read.request.url = good.request.url.clone(),
        ["request", "headers", ..] => read.request.headers = good.request.headers.clone(),
        ["request", "postData", ..] => {
            read.request.body = good.request.body.clone();
            read.request.media_type = good.request.media_type.clone();
        }
        ["response"] => {
            read.response = good.response.clone();
            repair_times(read, good);
            read.failure = good.failure.clone();
        }
        ["response", part, ..] => {
            let (good, read) = (response(good), read.response.as_mut().unwrap());
            match *part {
                "status" => read.status = good.status,
                "statusText" => read.reason = good.reason,
                "headers" => read.headers = good.headers,
                "content" => (read.body, read.media_type) = (good.body, good.media_type),
                _ => {}
            }
        }
        ["_synthetic"] => read.synthetic = good.synthetic,
        _ => {}
    }
}

fn repair_times(read: &mut Exchange, good: &Exchange) {
    (read.ended, read.sending, read.receiving) = (good.ended, good.sending, good.receiving);
}

/// Reads the model with `value` for the field at `pointer` of its entry `index`.
fn spoil(index: usize, pointer: &str, value: &str) {
    const MARK: &str = "the spoilt one";
    let (good, none) = read_text(&serde_json::to_string_pretty(&model()).unwrap());
    assert!(none.is_empty(), "{none:?}");
    let mut spoilt = model();
    *spoilt.pointer_mut(&format!("/log/entries/{index}{pointer}")).unwrap() = MARK.into();
    let spoilt = serde_json::to_string_pretty(&spoilt).unwrap();
    let at = spoilt.find(MARK).unwrap() - 1;
    let text = spoilt.replace(&format!("\"{MARK}\""), value);
    let what = || format!("{pointer} {value}");
    let (mut read, told) = read_text(&text);
    let place = Place::span("trace.har", &text, at, at + 1);
    assert_eq!(told.len(), 1, "{}: {told:?}", what());
    assert_eq!(told[0].severity(), Severity::Warning, "{}: {told:?}", what());
    // What is missing is told of what it is missing from.
    let (line, is_missing) = (told[0].place().unwrap().line, told[0].message().contains(" has no "));
    assert!(line == place.line || is_missing && place.line - line < 3, "{}: {told:?}", what());
    assert!(told[0].place().unwrap().column > 0);
    assert_eq!(read.exchanges.len(), good.exchanges.len(), "{}", what());
    repair(&mut read.exchanges[index], &good.exchanges[index], pointer);
    assert_eq!(read, good, "{}", what());
}

#[test]
fn a_bad_field_costs_itself_and_a_warning() {
    for (pointer, values) in FIELDS {
        for value in values {
            for index in 0..3 {
                spoil(index, pointer, value);
            }
        }
    }
}

proptest! {
    #[test]
    fn spoilt_fields_are_read_alike_for_the_log(
        spoilt in proptest::collection::vec((0usize..3, prop::sample::select(&FIELDS[..]), any::<prop::sample::Index>()), 1..4),
    ) {
        let mut har = model();
        let mut values = Vec::new();
        for (index, (pointer, bad), which) in spoilt {
            if let Some(field) = har.pointer_mut(&format!("/log/entries/{index}{pointer}")) {
                *field = format!("spoilt {}", values.len()).into();
                values.push(bad[which.index(bad.len())]);
            }
        }
        let mut text = serde_json::to_string_pretty(&har).unwrap();
        for (at, value) in values.iter().enumerate() {
            text = text.replace(&format!("\"spoilt {at}\""), value);
        }
        let (trace, told) = read_text(&text);
        prop_assert_eq!(trace.exchanges.len() + trace.gaps.len(), 3);
        prop_assert!(!told.is_empty());
        let (shown, log, of_shown) = read_as_log(Path::new("trace.har"), &Text::from(text));
        prop_assert_eq!((shown, log), requestshook_writer::rewrite(trace));
        prop_assert_eq!(format!("{of_shown:?}"), format!("{told:?}"));
    }
}

proptest! {
    #[test]
    fn one_spoilt_field_of_any_archive_changes_nothing_else(
        good in crate::trace::testing::trace(),
        which in any::<prop::sample::Index>(),
        (pointer, bad) in prop::sample::select(&FIELDS[..]),
        value in any::<prop::sample::Index>(),
    ) {
        const MARK: &str = "the spoilt one";
        let mut har: serde_json::Value = serde_json::from_str(&write::write(&good)).unwrap();
        let index = if good.exchanges.is_empty() { 0 } else { which.index(good.exchanges.len()) };
        let Some(field) = har.pointer_mut(&format!("/log/entries/{index}{pointer}")) else { return Ok(()) };
        *field = MARK.into();
        let has_response = good.exchanges[index].response.is_some();
        // Of an entry with neither nothing is left.
        prop_assume!(has_response || pointer != "/request");
        let value = bad[value.index(bad.len())];
        // A response alone may not tell the method.
        let is_alone = good.exchanges[index].known_from == KnownFrom::Response;
        prop_assume!(!(is_alone && pointer == "/request/method" && value == "\"\""));
        let text = serde_json::to_string_pretty(&har).unwrap().replace(&format!("\"{MARK}\""), value);
        let (mut read, told) = read_text(&text);
        prop_assert_eq!(told.len(), 1, "{} {}: {:?}", pointer, value, told);
        let place = told[0].place().unwrap();
        prop_assert!(told[0].severity() == Severity::Warning && place.line > 0 && place.column > 0);
        let exchange = &mut read.exchanges[index];
        if !has_response {
            (exchange.response, exchange.ended) = (None, None);
        }
        if has_response || !pointer.starts_with("/response/") {
            repair(exchange, &good.exchanges[index], pointer);
        }
        prop_assert_eq!(read, good);
    }
}

/// What is read of `text`: the last parts of the URLs, the warnings, and the errors.
fn outcome(text: &str) -> (String, Vec<String>, Vec<String>) {
    let (trace, told) = read_text(text);
    let of = |severity| {
        let found = told.iter().filter(|error| error.severity() == severity);
        found.map(|error| error.message().to_owned()).collect()
    };
    (paths(&trace), of(Severity::Warning), of(Severity::Error))
}

#[test]
fn entries_are_found_wherever_a_file_has_them() {
    let [a, b] = ["a", "b"].map(entry_text);
    let one = archive(std::slice::from_ref(&a));
    let is_no_archive = |text: &str, count: usize| {
        let (found, warnings, errors) = outcome(text);
        assert_eq!(
            (found.len(), warnings.len(), errors.len()),
            (count, 1, 0),
            "{text}: {warnings:?} {errors:?}"
        );
        warnings[0].clone()
    };
    assert!(is_no_archive(&a, 1).contains("there is no `log`"));
    assert!(is_no_archive(&format!("{{\"entries\": [{a}, {b}]}}"), 2).contains("there is no `log`"));
    assert!(is_no_archive(&format!("[{a}, {b}]"), 2).contains("but a list"));
    assert!(is_no_archive(&format!("[{one}, {one}]"), 2).contains("but a list"));
    assert!(is_no_archive(&format!("{one}\n{one}\n"), 2).contains("does not end before this"));
    assert!(is_no_archive(&format!("{one} // the end"), 1).contains("does not belong"));
    assert!(is_no_archive(&format!("{one}}}"), 1).contains("does not belong"));
    assert!(is_no_archive(&one.replace("\n]", ",\n]"), 1).contains("nothing comes after this comma"));
    assert!(
        is_no_archive(&format!("{{\"log\": {{\"entries\": [{a} {b}]}}}}"), 2).contains("comma is missing")
    );
    assert!(is_no_archive(&format!("{{\"har\": {one}}}"), 1).contains("there is no `log`"));
    // JSON lines, each an entry: it is told once that there is no log, and once that there are more.
    let (found, warnings, errors) = outcome(&format!("{a}\n{b}\n{a}\n"));
    assert_eq!((found.as_str(), warnings.len(), errors.len()), ("aba", 2, 0), "{warnings:?}");
}

#[test]
fn damage_in_a_file_of_another_shape_costs_no_more() {
    let [a, b, c] = ["a", "b", "c"].map(entry_text);
    let broken = b.replace("\"OK\"", "\"OK");
    let [one, two, three] = [&a, &broken, &c].map(|entry| archive(std::slice::from_ref(entry)));
    for text in [
        format!("[{a}, {broken}, {c}]"),
        format!("{a}\n{broken}\n{c}\n"),
        format!("[{one}, {two}, {three}]"),
        format!("{one}\n{two}\n{three}"),
    ] {
        let (found, _, errors) = outcome(&text);
        assert_eq!((found.as_str(), errors.len()), ("ac", 1), "{text}: {errors:?}");
    }
    // What is broken between archives is no entry, and what comes after it is read.
    let (found, _, errors) = outcome(&format!("[{one}, {{\"log\": {{\"pages\": ]}}}}, {three}]"));
    assert_eq!((found.as_str(), errors.len()), ("ac", 1), "{errors:?}");
}

#[test]
fn a_file_without_entries_says_what_it_lacks() {
    for (text, message) in [
        ("{\"log\": {\"version\": \"1.2\"}}", "this is no whole HAR file: its `log` has no `entries`"),
        ("{\"log\": {\"entries\": null}}", "this is no whole HAR file: `entries` is null, not a list"),
        (
            "{\"log\": {\"entries\": {\"a\": 1}}}",
            "this is no whole HAR file: `entries` is an object, not a list",
        ),
        ("{\"log\": 5}", "this is no whole HAR file: `log` is a number, not an object"),
        ("{\"a\": 5}", "this is no whole HAR file: there is no `log`"),
        (
            "{\"log\": {\"pages\": [}]}}",
            "this is no whole HAR file: this bracket closes what another one opened",
        ),
        ("{\"log\": {\"pages\": [", "the file ends before its list of entries does"),
        ("", "the file ends before its list of entries does"),
    ] {
        let (found, warnings, errors) = outcome(text);
        assert_eq!((found.as_str(), warnings.len()), ("", 0), "{text}");
        assert_eq!(errors, [message], "{text}");
    }
    assert_eq!(outcome("{\"log\": {\"entries\": []}}"), Default::default());
}

#[test]
fn what_is_true_of_many_places_is_said_once() {
    let text = archive(&["a", "b", "c"].map(entry_text)).replace("1.5", "\"1.5\"");
    let (trace, told) = read_text(&text);
    assert_eq!((paths(&trace).as_str(), told.len()), ("abc", 1), "{told:?}");
    assert_eq!(told[0].place().unwrap().line, 2);
    assert_eq!(told[0].help(), Some("the same is true of 2 more places, on line 5, 8"));
}

#[test]
fn entries_without_a_time_follow_the_one_before() {
    let with =
        |path: &str, time: &str| entry_text(path).replace("\"2026-11-20T21:00:00.000001+09:00\"", time);
    let (trace, told) =
        read_text(&archive(&[with("a", "\"?\""), entry_text("b"), with("c", "null"), with("d", "{}")]));
    assert_eq!(told.len(), 2, "{told:?}");
    let times: Vec<_> = trace.exchanges.iter().map(|e| (e.started, e.ended.unwrap(), e.synthetic)).collect();
    let base = trace.exchanges[1].started;
    let expected = [(-1500, 0, true), (0, 1500, false), (1500, 3000, true), (3000, 4500, true)];
    assert_eq!(times, expected.map(|(from, to, synthetic)| (base + from, base + to, synthetic)));
}

#[test]
fn a_member_that_is_there_twice_counts_once() {
    let text = archive(&[entry_text("a").replace("\"time\": 1.5", "\"time\": 9, \"time\": 1.5")]);
    let (trace, told) = read_text(&text);
    assert_eq!(trace.exchanges[0].ended, Some(trace.exchanges[0].started + 1500));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].message().contains("`time` is here for the second time"), "{told:?}");
}

/// The exchange of an entry of which these are the request's and the response's other members.
fn of_parts(entry: &str, request: &str, response: &str) -> (Exchange, Vec<Error>) {
    let text = format!(
        "{{\"startedDateTime\": \"2026-11-20T21:00:00Z\"{entry}, \"request\": {{\"method\": \"POST\", \"url\": \"u\"{request}}}, \"response\": {{{response}}}}}"
    );
    let (mut trace, told) = read_text(&archive(&[text]));
    (trace.exchanges.remove(0), told)
}

#[test]
fn a_response_is_what_says_anything_of_one() {
    let is_one = |response: &str| {
        let (exchange, told) = of_parts("", "", response);
        assert!(told.is_empty(), "{told:?}");
        exchange.response.map(|response| response.status)
    };
    assert_eq!(is_one(r#""status": 0"#), None);
    assert_eq!(is_one(r#""status": -1, "content": {"size": 0, "mimeType": "x-unknown"}"#), None);
    assert_eq!(is_one(r#""headers": []"#), None);
    assert_eq!(is_one(r#""status": 0, "headers": [{"name": "a", "value": "b"}]"#), Some(0));
    assert_eq!(is_one(r#""status": 0, "content": {"text": "a"}"#), Some(0));
    assert_eq!(is_one(r#""status": null, "content": {"size": 5}"#), Some(0));
    assert_eq!(is_one(r#""status": 200.0"#), Some(200));
}

#[test]
fn a_failure_keeps_its_reason_wherever_it_is_written() {
    for (entry, response) in [
        (", \"_error\": \"net::ERR\"", "\"status\": 0"),
        ("", "\"status\": 0, \"_error\": \"net::ERR\""),
        ("", "\"status\": -1, \"_failureText\": \"net::ERR\""),
    ] {
        let (exchange, told) = of_parts(entry, "", response);
        assert!(told.is_empty(), "{told:?}");
        assert_eq!((exchange.failure.as_deref(), exchange.response), (Some("net::ERR"), None));
    }
    let (exchange, _) = of_parts(", \"_webSocketMessages\": [{\"data\": \"[\"}, {}]", "", "\"status\": 101");
    assert_eq!(exchange.web_socket_messages, 2);
}

#[test]
fn a_form_is_rebuilt_from_its_fields() {
    let body = |post_data: &str| {
        let (exchange, told) = of_parts("", &format!(", \"postData\": {post_data}"), "\"status\": 200");
        (exchange.request.body, told.len())
    };
    let text = |text: &str| Body::Text(Text::from(text.to_owned()));
    let fields = r#""params": [{"name": "a b", "value": "c&d"}, {"name": "e"}]"#;
    assert_eq!(body(&format!("{{{fields}}}")), (text("a+b=c%26d&e="), 0));
    assert_eq!(body(&format!("{{\"text\": \"\", {fields}}}")), (text("a+b=c%26d&e="), 0));
    assert_eq!(body(&format!("{{\"text\": \"x\", {fields}}}")), (text("x"), 0));
    let file = r#"{"mimeType": "multipart/form-data; boundary=b", "params": [{"name": "f", "fileName": "n.txt", "contentType": "text/plain"}]}"#;
    let expected = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n.txt\"\r\nContent-Type: text/plain\r\n\r\n\r\n--b--\r\n";
    assert_eq!(body(file), (text(expected), 1));
    assert_eq!(body(r#"{"params": [{"name": "a", "value": 1}, {"value": "x"}, 5]}"#), (text("a=1"), 3));
}

#[test]
fn a_body_that_is_left_out_is_no_absent_one() {
    let omitted = |request: &str, response: &str| {
        let (exchange, told) = of_parts("", request, response);
        assert!(told.is_empty(), "{told:?}");
        let words = |body| if let Body::Omitted(words) = body { words.to_string() } else { String::new() };
        [exchange.request.body, exchange.response.unwrap().body].map(words)
    };
    let size = "Omitted, 9 bytes are not in the HAR file";
    assert_eq!(omitted("", r#""status": 200, "content": {"size": 9}"#), ["", size]);
    assert_eq!(omitted("", r#""status": 200, "content": {"size": 9, "text": ""}"#), ["", size]);
    assert_eq!(omitted("", r#""status": 200, "bodySize": 9"#), ["", size]);
    assert_eq!(omitted(", \"bodySize\": 9", r#""status": 304, "content": {"size": 9}"#), [size, ""]);
    let attached = r#""status": 200, "content": {"size": 9, "_file": "a.json"}"#;
    assert_eq!(omitted("", attached), ["", "Omitted, it is in the file a.json beside the HAR file"]);
    let evicted = r#""status": 200, "content": {"size": 9, "comment": "evicted"}"#;
    assert_eq!(omitted("", evicted), ["", "evicted"]);
}

#[test]
fn what_a_body_is_said_to_be_is_kept_where_no_header_says_so() {
    let kinds = |headers: &str| {
        let request =
            format!(", \"headers\": {headers}, \"postData\": {{\"mimeType\": \"a/b\", \"text\": \"x\"}}");
        let response = r#""status": 200, "content": {"mimeType": "x-unknown", "text": "x"}"#;
        let (exchange, _) = of_parts("", &request, response);
        (exchange.request.media_type, exchange.response.unwrap().media_type)
    };
    assert_eq!(kinds("[]"), (Some("a/b".into()), None));
    assert_eq!(kinds(r#"[{"name": "content-type", "value": "c/d"}]"#), (None, None));
}
