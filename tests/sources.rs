//! The readers over the logs that were recorded for this project, whole and damaged.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::path::{Path, PathBuf};

use docgen::ErrorKind;
use docgen::error::Severity;
use docgen::source::{self, Format, Read, har, requestshook_writer};
use docgen::trace::{Body, Exchange, KnownFrom};
use proptest::prelude::*;

fn logs(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logs");
    let entries = walkdir::WalkDir::new(root).into_iter().filter_map(Result::ok);
    let mut found: Vec<_> = entries
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().contains(name) && path.extension().is_some_and(|e| e == "log"))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn content(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a fixture can be read")
}

fn read(text: &str) -> Read {
    source::read(Path::new("trace.log"), text.as_bytes().to_vec())
}

#[test]
fn every_real_requestshook_log_reads_whole() {
    for log in logs("requestshook.log") {
        let text = content(&log);
        let read = read(&text);
        assert_eq!(read.format, Some(Format::Requestshook));
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        assert!(read.trace.gaps.is_empty());
        let heads = text.lines().filter(|line| line.starts_with("### (")).count();
        assert_eq!(read.trace.exchanges.len() * 2, heads, "{}", log.display());
        assert!(read.trace.exchanges.iter().all(|exchange| exchange.response.is_some()));
        assert_eq!(read.log.unwrap(), text);
    }
}

#[test]
fn a_real_log_is_written_as_it_was() {
    for log in logs("requestshook.log") {
        let text = content(&log);
        assert!(requestshook_writer::write(&read(&text).trace) == text, "{}", log.display());
    }
}

#[test]
fn a_real_log_survives_the_way_through_har() {
    for log in logs(".log") {
        let trace = read(&content(&log)).trace;
        let archive = har::write::write(&trace);
        let again = read(&archive);
        assert_eq!(again.format, Some(Format::Har));
        assert!(again.diagnostics.is_empty(), "{:?}", again.diagnostics);
        assert_eq!(again.trace, trace, "{}", log.display());
    }
}

#[test]
fn other_line_ends_and_a_missing_last_one_change_nothing() {
    for log in logs("requestshook.log") {
        let text = content(&log);
        let trace = read(&text).trace;
        for other in [text.replace('\n', "\r\n"), text.trim_end().to_owned(), format!("\u{feff}{text}")] {
            let read = read(&other);
            assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
            assert_eq!(read.trace, trace);
        }
    }
}

#[test]
fn the_debug_output_of_keystoneauth_reads_whole() {
    for log in logs("keystoneauth-debug") {
        for prefix in ["", "DEBUG keystoneauth.session [-] ", "2026-11-20 21:55:17,001 DEBUG "] {
            let text: String = content(&log).lines().map(|line| format!("{prefix}{line}\n")).collect();
            let read = read(&text);
            assert_eq!(read.format, Some(Format::ClientLog));
            assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
            let calls =
                text.matches("REQ: curl ").count() + text.matches("Making authentication request").count();
            assert_eq!(read.trace.exchanges.len(), calls);
            let urls: Vec<_> = read.trace.exchanges.iter().map(|it| &*it.request.url).collect();
            let base = urls[0].strip_suffix("/identity").expect("the first call is the discovery");
            let list = ["/identity", "/identity/v3/auth/tokens", "/image", "/image/v2/images?visibility=all"];
            let create = ["/identity", "/identity/v3/auth/tokens", "/image", "/image/v2/images"];
            let paths = urls.iter().map(|url| url.strip_prefix(base).expect("all are on one host"));
            if log.ends_with("image-list.log") {
                assert_eq!(paths.collect::<Vec<_>>(), list);
            } else {
                assert_eq!(paths.take(4).collect::<Vec<_>>(), create);
                assert!(
                    urls[4].starts_with(&format!("{base}/image/v2/images/")) && urls[4].ends_with("/file")
                );
            }
            for exchange in &read.trace.exchanges {
                let response = exchange.response.as_ref().expect("each call has a response");
                let kind = response.headers.get("Content-Type");
                match &response.body {
                    Body::Text(body) => assert!(body.starts_with('{') && body.ends_with('}'), "{body}"),
                    Body::Omitted(words) => assert!(words.starts_with("Omitted, "), "{words}"),
                    other => panic!("{other:?} of {kind:?}"),
                }
            }
        }
    }
}

#[test]
fn a_real_call_of_keystoneauth_is_taken_apart() {
    let log = logs("zed/keystoneauth-debug/image-create.log").remove(0);
    let trace = read(&content(&log)).trace;
    let line: Vec<_> =
        trace.exchanges.iter().map(|e| (&*e.request.method, e.response.as_ref().map(|r| r.status))).collect();
    let expected = [("GET", 300), ("POST", 201), ("GET", 300), ("POST", 201), ("PUT", 204)];
    assert_eq!(line, expected.map(|(method, status)| (method, Some(status))));
    let create = &trace.exchanges[3];
    let names: Vec<_> = create.request.headers.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Content-Type", "User-Agent", "X-Auth-Token"]);
    let Body::Text(body) = &create.request.body else { panic!() };
    assert!(body.starts_with("{\"disk_format\"") && body.ends_with("\"images/cirros\"}"));
    let headers = &create.response.as_ref().expect("it has one").headers;
    let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    assert_eq!(
        names.join(" "),
        "Connection Content-Length Content-Type Date Location Openstack-Image-Import-Methods Openstack-Image-Store-Ids X-Openstack-Request-Id"
    );
    assert_eq!(headers.get("date"), Some("Fri, 20 Nov 2026 21:55:18 GMT"));
    let upload = &trace.exchanges[4];
    assert_eq!(upload.request.body, Body::Omitted("<_io.BufferedReader name='cirros.img'>".into()));
    assert_eq!(upload.request.headers.get("Accept"), Some(""));
}

#[test]
fn a_request_body_of_keystoneauth_may_hold_anything() {
    let log = "REQ: curl -g -i --insecure -X POST http://h/a -H \"A: say \"b\"\" -H \"X: {SHA256}1\" -d 'it's \" -H \"B: c\"\nand\n'more''\n\
               http://h:80 \"POST /a HTTP/1.1\" 200 4\n\
               RESP: [200] Content-Length: 9 Content-Type: text/plain Date: Fri, 20 Nov 2026 21:55:18 GMT x-trace: a: b\n\
               RESP BODY: one\n\ntwo\n\n\
               POST call to h for http://h/a used request id req-1\n\
               REQ: curl -g -i -X GET http://h/b -d 'open\n\
               RESP: [200]\n";
    let read = read(log);
    let exchange = &read.trace.exchanges[0];
    assert_eq!(exchange.request.body, Body::Text("it's \" -H \"B: c\"\nand\n'more'".into()));
    let headers: Vec<_> =
        exchange.request.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(headers, ["A=say \"b\"", "X={SHA256}1"]);
    let response = exchange.response.as_ref().expect("it has one");
    assert_eq!(response.body, Body::Text("one\n\ntwo\n".into()));
    assert_eq!(response.headers.get("X-Trace"), Some("a: b"));
    assert_eq!(read.trace.exchanges.len(), 1);
    // The response is lost with its request, which is one cause.
    assert_eq!(read.diagnostics.len(), 1, "{:?}", read.diagnostics);
    assert_eq!(read.diagnostics[0].place().map(|place| (place.line, place.column)), Some((11, 39)));
}

#[test]
fn the_answer_to_head_has_no_body_whatever_its_length() {
    let log = "\n### (a) REQ >>> (b) : HEAD http://h/x\nA: b\n\nnone\n\n\n### (a) RESP <<< (b) : 200 OK HEAD http://h/x\nContent-Length: 4\n\nnone\n\n";
    let length = log.len().to_string();
    for length in ["4", "900", &length] {
        let log = log.replace("Length: 4", &format!("Length: {length}")).repeat(3);
        let read = read(&log);
        assert_eq!((read.trace.exchanges.len(), read.diagnostics.len()), (3, 0));
        let answers = read.trace.exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
        assert!(answers.into_iter().all(|response| response.body == Body::Absent));
    }
}

/// The byte ranges of the entries of a log in which no body looks like an entry.
fn entries(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut starts: Vec<_> = text.match_indices("\n\n\n### (").map(|(at, _)| at + 2).collect();
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

fn ids(exchange: &Exchange) -> Option<&str> {
    exchange.request.headers.get("X-Requestshook-Request-Id")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is lost is told, and entries that the damage did not touch are there as they were.
    #[test]
    fn damage_costs_what_it_touches(
        which in 0usize..64,
        place in any::<prop::sample::Index>(),
        length in prop_oneof![1usize..40, 40usize..6000],
        junk in prop_oneof![Just(String::new()), "[ -~\n]{0,30}"],
    ) {
        let logs = logs("requestshook.log");
        let text = content(&logs[which % logs.len()]);
        let whole = read(&text).trace;
        let start = text.floor_char_boundary(place.index(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len())).max(start);
        let damaged = format!("{}{junk}{}", &text[..start], &text[end..]);
        let after = read(&damaged);
        // The entry before the damage may have lost its end, and the one after it its start.
        let hurt: Vec<_> = entries(&text).into_iter().filter(|entry| entry.start <= end + 2 && start <= entry.end + 2).collect();
        for exchange in &whole.exchanges {
            let id = ids(exchange).expect("every exchange has one");
            if hurt.iter().any(|entry| text[entry.clone()].contains(id)) {
                continue;
            }
            let kept = after.trace.exchanges.iter().find(|kept| ids(kept) == Some(id));
            let kept = kept.unwrap_or_else(|| panic!("{id} is lost: {:?}", after.diagnostics));
            prop_assert_eq!((&kept.request, &kept.response), (&exchange.request, &exchange.response));
        }
        // A response that the damage did not touch is there, with its request or without.
        for exchange in &whole.exchanges {
            let id = ids(exchange).expect("every exchange has one");
            let is_hurt = |entry: &std::ops::Range<usize>| text[entry.clone()].contains(") RESP <<< (") && text[entry.clone()].contains(id);
            if !hurt.iter().any(is_hurt) {
                let facts = |exchange: &Exchange| exchange.response.clone().map(|r| (r.status, r.headers, r.body));
                let kept = |kept: &Exchange| facts(kept) == facts(exchange);
                prop_assert!(after.trace.exchanges.iter().any(kept), "the response {id} is lost: {:?}", after.diagnostics);
            }
        }
        let alone = after.trace.exchanges.iter().filter(|exchange| exchange.known_from == KnownFrom::Response);
        // What damage made of an entry may look like a line of the text before it: that is told, and leaves no gap.
        let errors = after.diagnostics.iter().filter(|error| error.severity() == Severity::Error);
        prop_assert_eq!(errors.count(), after.trace.gaps.len() + alone.count());
        for error in &after.diagnostics {
            prop_assert_eq!(error.kind(), ErrorKind::DamagedEntry);
            prop_assert!(error.place().is_some_and(|place| place.line > 0 && place.column > 0));
            prop_assert!(error.help().is_some());
        }
    }

    /// A log that ends too early says so, unless an entry ends there.
    #[test]
    fn a_cut_off_log_says_so(which in 0usize..64, place in any::<prop::sample::Index>()) {
        let logs = logs("requestshook.log");
        let text = content(&logs[which % logs.len()]);
        let cut = text.floor_char_boundary(place.index(text.len()));
        let after = read(&text[..cut]);
        let is_between = text[..cut].trim_ascii_end().is_empty()
            || entries(&text).iter().any(|entry| (entry.end.saturating_sub(2)..=entry.end + 1).contains(&cut));
        prop_assert_eq!(after.diagnostics.len(), usize::from(!is_between), "{:?} at {:?}", after.diagnostics, &text[..cut]);
    }

    /// No bytes make a reader panic or lose its balance.
    #[test]
    fn any_bytes_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        source::read(Path::new("x"), bytes);
    }

    /// Neither do the pieces of which the formats are made, in any order.
    #[test]
    fn any_pieces_read(pieces in proptest::collection::vec(prop::sample::select(PIECES), 0..24)) {
        let text = pieces.concat();
        let read = read(&text);
        let log = requestshook_writer::write(&read.trace);
        har::write::write(&read.trace);
        source::read(Path::new("x"), log.into_bytes());
    }
}

const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    "\n\n\n",
    "\r\n",
    " ",
    "가",
    "none",
    "None",
    "b'\\x00'...",
    "{",
    "}",
    "{\"a\": 1}",
    "[",
    "]",
    "\"",
    "'",
    ",",
    "### (",
    "### (a) REQ >>> (b) : GET http://h/x",
    "### (a) RESP <<< (b) : 200 OK GET http://h/x/",
    "Content-Length: 4\n",
    "Content-Length: 99999999999999999999\n",
    "Content-Type: application/json\n",
    "X-Requestshook-Request-Id: 1\n",
    "A: b\n",
    "no header\n",
    "Content-Encoding: gzip\n",
    "__a__ -> Request [1] GET http://h",
    "__a__ <- Response [1] 200 OK http://h",
    "__a__ -> ",
    "REQ: curl -g -i -X GET http://h",
    " -H \"A: b\"",
    " -d '",
    "RESP: [200]",
    " A: b B: c:",
    "RESP BODY: ",
    "RESP BODY: Omitted, x",
    "Making authentication request to http://h\n",
    "http://h \"POST /p HTTP/1.1\" 201 12\n",
    "\"GET /p HTTP/1.1\" 200 12\n",
    "DEBUG:keystoneauth.session:",
    "2022-07-13 00:58:50.123 7 DEBUG keystoneauth.session.body [req-1 - -] ",
    "Jul 13 00:58:50 host nova[7]: ",
    " _log /a/b.py:7\n",
    " {{(pid=7) _log /a/b.py:7}}\n",
    "curl -g -i -X GET 'http://h' ",
    "[200] A: b\n",
    "RESP:",
    "RESP STATUS: 200 OK\n",
    "RESP HEADERS: ",
    "{'a': u'b\\x41'}",
    "[('a', b'\\xff')]",
    "HTTP/1.1 200 OK\n",
    "{\"token\": {}}",
    "GET call to http://h used request id 1\n",
    "> ",
    "\t",
    "2022-07-13T00:58:50.1234567Z ",
    "[2022-07-13T00:58:50Z] ",
    "web-1  | ",
    "```\n",
    "\u{1b}[1;2m",
    "#033[0m",
    "{\"log\": {\"entries\": [",
    "{\"startedDateTime\": \"2026-11-20T00:00:00Z\", ",
    "\"request\": {\"method\": \"GET\", \"url\": \"u\"}",
    "]}}",
];

#[test]
fn a_body_may_hold_what_looks_like_an_entry() {
    let log = content(&logs("zed/image-list/requestshook.log")[0]);
    let body = format!("text\n\n{log}\n\n\n");
    let entry = |length: &str| {
        format!(
            "\n### (a) REQ >>> (b) : PUT http://h/log\nContent-Type: text/plain\n{length}X-Requestshook-Request-Id: 1\n\n{body}\n\n\
             \n### (a) RESP <<< (b) : 204 PUT http://h/log\nX-Requestshook-Request-Id: 1\n\nnone\n\n"
        )
    };
    let read = read(&entry(&format!("Content-Length: {}\n", body.len())));
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    assert_eq!(read.trace.exchanges.len(), 1);
    assert_eq!(read.trace.exchanges[0].request.body, Body::Text(body.as_str().into()));
    let response = read.trace.exchanges[0].response.as_ref().expect("it has one");
    assert_eq!((response.status, &*response.reason), (204, ""));
}

#[test]
fn a_json_body_that_lost_lines_is_told() {
    let log = content(&logs("zed/image-create/requestshook.log")[0]);
    let lost = log.replacen("\"catalog\": [\n", "", 1);
    let read = read(&lost);
    assert_eq!(read.diagnostics.len(), 1, "{:?}", read.diagnostics);
    let place = read.diagnostics[0].place().expect("it has one");
    assert!(lost.lines().nth(place.line - 1).is_some_and(|line| *line == *place.excerpt));
    assert_eq!(read.trace.exchanges.len(), 6);
    let unanswered: Vec<_> =
        read.trace.exchanges.iter().filter(|exchange| exchange.response.is_none()).collect();
    assert!(unanswered.len() == 1 && unanswered[0].request.url.ends_with("/auth/tokens"));
}

#[test]
fn other_layouts_of_json_and_what_only_looks_like_it_are_whole() {
    for body in [
        "{\n    \"a\": [1,\n 2]\n}",
        "{\"a\": 1}",
        "[]",
        "[\n  {},\n  \"}\"\n]",
        "{% if a %}\nb\n}",
        "[default]\na = 1\n]",
    ] {
        for kind in ["application/json", "text/plain"] {
            let length = body.len();
            let log = format!(
                "\n### (a) REQ >>> (b) : PUT http://h/x\nContent-Type: {kind}\nContent-Length: {length}\n\n{body}\n\n"
            )
            .repeat(2);
            let read = read(&log);
            assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
            assert_eq!(read.trace.exchanges.len(), 2);
            assert!(
                read.trace.exchanges.iter().all(|exchange| exchange.request.body == Body::Text(body.into()))
            );
        }
    }
}

#[test]
fn a_text_of_lines_that_look_like_heads_stays_a_body() {
    let body = "# notes\n\n\n### (a) REQ >>> (b) : GET http://h/\n\n### (x) y\n\n\n### (a) REQ >>> (b) : GET http://h/\nA: b\n\nend\n";
    let log = format!(
        "\n### (a) REQ >>> (b) : PUT http://h/log\nX-Requestshook-Request-Id: 1\n\n{body}\n\n\
         \n### (a) RESP <<< (b) : 200 OK PUT http://h/log\nContent-Length: 4\nX-Requestshook-Request-Id: 1\n\nnone\n\n"
    );
    let read = read(&log);
    let [told] = &read.diagnostics[..] else { panic!("{:?}", read.diagnostics) };
    assert!(
        told.severity() == Severity::Warning
            && told.message().starts_with("this looks like the head of an entry"),
        "{told}"
    );
    let [exchange] = &read.trace.exchanges[..] else { panic!() };
    assert_eq!(exchange.request.body, Body::Text(body.into()));
    assert_eq!(exchange.response.as_ref().map(|response| &response.body), Some(&Body::Text("none".into())));
    assert_eq!(requestshook_writer::write(&read.trace), log);
}

#[test]
fn concurrent_calls_pair_by_id_and_nested_ones_without() {
    let request = |id: &str| format!("\n### (a) REQ >>> (b) : GET http://h/x\n{id}A: b\n\nnone\n\n");
    let response = |id: &str, status: u16| {
        format!("\n### (a) RESP <<< (b) : {status} OK GET http://h/x/\n{id}A: b\n\nnone\n\n")
    };
    let id = |id: u8| format!("X-Requestshook-Request-Id: {id}\n");
    let statuses = |read: &Read| {
        read.trace.exchanges.iter().map(|e| e.response.as_ref().map_or(0, |r| r.status)).collect::<Vec<_>>()
    };

    let interleaved =
        [request(&id(1)), request(&id(2)), response(&id(1), 201), response(&id(2), 202)].concat();
    let first = read(&interleaved);
    assert_eq!((statuses(&first), first.diagnostics.len()), (vec![201, 202], 0));
    let times: Vec<_> = first.trace.exchanges.iter().map(|e| (e.started, e.ended)).collect();
    assert_eq!(times, [(1000, Some(3000)), (2000, Some(4000))]);
    assert_eq!(
        first.trace.exchanges[0].response.as_ref().and_then(|r| r.url.as_deref()),
        Some("http://h/x/")
    );

    let nested = read(&[request(""), request(""), response("", 201), response("", 202)].concat());
    assert_eq!((statuses(&nested), nested.diagnostics.len()), (vec![202, 201], 0));

    let twice = read(&interleaved.repeat(2));
    assert_eq!((statuses(&twice), twice.diagnostics.len()), (vec![201, 202, 201, 202], 0));

    let alone = read(
        &[request(&id(1)), response(&id(3), 203), response(&id(1), 201), response(&id(1), 204)].concat(),
    );
    assert_eq!((statuses(&alone), alone.diagnostics.len()), (vec![201, 203, 204], 2));
    assert!(alone.diagnostics[0].message().contains("with the id 3"), "{:?}", alone.diagnostics);
    let lone: Vec<_> =
        alone.trace.exchanges.iter().map(|exchange| exchange.known_from == KnownFrom::Response).collect();
    assert_eq!(lone, [false, true, true]);

    let unanswered = read(&request(&id(1)));
    assert_eq!((statuses(&unanswered), unanswered.trace.exchanges[0].ended), (vec![0], None));
}

#[test]
fn other_bytes_show_and_blank_files_are_empty_logs() {
    let log = b"\n### (a) REQ >>> (b) : GET http://h/x\nA: \xff\n\nx\xfe\n\n";
    let read = source::read(Path::new("x"), log.to_vec());
    assert_eq!(read.trace.exchanges[0].request.headers.get("A"), Some("\\xff"));
    assert_eq!(read.trace.exchanges[0].request.body, Body::Text("x\\xfe".into()));
    for blank in ["", "\n", "\u{feff}\r\n"] {
        let read = self::read(blank);
        assert_eq!((read.format, read.diagnostics.len(), read.trace.exchanges.len()), (None, 0, 0));
    }
    let unknown = self::read("hello\n");
    assert_eq!(unknown.diagnostics[0].kind(), ErrorKind::UnknownFormat);
}

/// None of these may take quadratic time; the test would not end.
#[test]
fn large_and_hostile_logs_end() {
    let head = "\n### (a) REQ >>> (b) : GET http://h/x\nX-Requestshook-Request-Id: 1\n\n";
    let many = 200_000;
    let line = format!("{head}{}\n\n", "x".repeat(20 << 20));
    assert_eq!(read(&line).trace.exchanges[0].request.body, Body::Text("x".repeat(20 << 20).into()));
    for hostile in [
        format!("{head}{}", "\n\n\n### (a) REQ >>> (b) : GET http://h/x\nno header\n".repeat(many)),
        format!("{head}{}", "\n\n\n### (a) REQ >>> (b) : GET http://h/x\nA: b\n\nnone".repeat(many)),
        format!("{head}{}", "### (a) REQ >>> (b) : GET http://h/x".repeat(many)),
        format!("{head}{}", "X-A: ### (a) REQ >>> (b) : GET http://h/x\n".repeat(many)),
        format!("{head}{}", "### (".repeat(many * 5)),
        format!("{head}{{{}", "\n\n\n### (x".repeat(many)),
        "\n### (a) REQ >>> (b) : GET http://h/x\nX-Requestshook-Request-Id: 1\n\n{\"a\": \n\n"
            .repeat(many / 10),
        "\n### (a) REQ >>> (b) : GET http://h/x\nX-Requestshook-Request-Id: 1\n\nnone\n\n".repeat(many / 10),
        "\n### (a) RESP <<< (b) : 200 OK GET http://h/x\nX-Requestshook-Request-Id: 1\n\nnone\n\n"
            .repeat(many / 10),
        "REQ: curl -g -i -X GET http://h -d '\n".repeat(many / 2),
        "REQ: curl -g -i -X GET http://h -H \"".repeat(many / 2),
        format!("REQ: curl -g -i -X GET http://h\nRESP: [200] {}\n", "A: ".repeat(many)),
        format!("REQ: curl -g -i -X GET http://h\n{}", "RESP: [200] A: b\nRESP BODY: {\n".repeat(many / 10)),
        "__a__ -> Request [1] GET http://h\nA: b\n".repeat(many),
        "__a__ -> Request [1] GET http://h\n\n".repeat(many / 10),
        format!("{{\"log\": {{\"entries\": [{}", "{\"startedDateTime\": \"".repeat(many)),
        format!("{{\"log\": {{\"entries\": [{}", "{\"request\": 1},".repeat(many / 10)),
        format!("{{\"log\": {{\"entries\": [{}", "{\"cache\":[".repeat(many)),
    ] {
        let read = read(&hostile);
        assert!(read.format.is_some());
        assert!(!read.diagnostics.is_empty() || !read.trace.exchanges.is_empty());
    }
}

/// One exchange of a requestshook log, whose response has this status line, these headers and this body.
fn answered(status: &str, headers: &str, body: &str) -> String {
    format!(
        "### (a) REQ >>> (b) : GET http://h/x\nAccept: */*\nX-Requestshook-Request-Id: 1\n\nnone\n\n\n\
         ### (a) RESP <<< (b) : {status} GET http://h/x\n{headers}X-Requestshook-Request-Id: 1\n\n{body}\n\n"
    )
}

fn body_of(status: &str, headers: &str, body: &str) -> Body {
    let read = read(&answered(status, headers, body));
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    read.trace.exchanges[0].response.as_ref().unwrap().body.clone()
}

#[test]
fn a_response_that_has_no_body_has_the_length_of_another() {
    let length = "Content-Length: 4\n";
    assert_eq!(body_of("304 Not Modified", length, "none"), Body::Absent);
    assert_eq!(body_of("200 OK", length, "none"), Body::Text("none".into()));
    let head = answered("200 OK", length, "none").replace("GET", "HEAD");
    assert_eq!(read(&head).trace.exchanges[0].response.as_ref().unwrap().body, Body::Absent);
}

#[test]
fn bytes_are_the_repr_of_up_to_32() {
    let repr = |count: usize| format!("b'{}'...", "\\x00".repeat(count));
    let Body::Binary(binary) = body_of("200 OK", "", &repr(32)) else { panic!() };
    assert_eq!(binary.head, [0; 32]);
    assert_eq!(body_of("200 OK", "", &repr(33)), Body::Text(repr(33).into()));
    // A text that looks like it, and is as long as its length says.
    let text = repr(2);
    let length = format!("Content-Length: {}\n", text.len());
    assert_eq!(body_of("200 OK", &length, &text), Body::Text(text.into()));
}

#[test]
fn the_length_of_bytes_is_theirs_unless_they_were_coded() {
    for (coding, length) in
        [("", Some(99)), ("Content-Encoding: Identity\n", Some(99)), ("Content-Encoding: gzip\n", None)]
    {
        let headers = format!("Content-Length: 99\n{coding}");
        let Body::Binary(binary) = body_of("200 OK", &headers, "b'\\x00\\x01'...") else { panic!() };
        assert_eq!(binary.length, length, "{coding}");
    }
}

#[test]
fn a_request_that_is_cut_off_in_a_header_keeps_what_is_whole() {
    let whole = answered("200 OK", "", "none");
    let cut = format!("### (a) REQ >>> (b) : GET http://h/cut\nA: b\nUser-Agent: half{whole}");
    let read = read(&cut);
    let urls: Vec<&str> = read.trace.exchanges.iter().map(|exchange| &*exchange.request.url).collect();
    assert_eq!(urls, ["http://h/cut", "http://h/x"]);
    let cut = &read.trace.exchanges[0];
    assert_eq!(cut.request.headers.iter().collect::<Vec<_>>(), [("A", "b")]);
    assert!(matches!(&cut.request.body, Body::Omitted(_)) && cut.response.is_none());
    let told: Vec<String> = read.diagnostics.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the next entry begins in the middle of a header"), "{told:?}");
    assert!(told[0].contains("trace.log:3:17"), "{told:?}");
}

#[test]
fn a_name_that_holds_the_head_of_another_entry_is_whole_after_damage_too() {
    let entry = answered("200 OK", "", "none").replace("(a)", "(x### (y)");
    let read = read(&format!("lost\n\n{entry}"));
    let names: Vec<_> = read.trace.exchanges.iter().map(|exchange| exchange.from.as_deref()).collect();
    assert_eq!(names, [Some("x### (y")]);
    assert_eq!(read.diagnostics.len(), 1, "{:?}", read.diagnostics);
}

#[test]
fn a_length_that_ends_in_a_later_entry_is_not_believed_of_broken_json() {
    let first = answered("200 OK", "Content-Type: application/json\nContent-Length: 0000\n", "oops");
    let second = answered("200 OK", "", "none").replace("/x", "/y").replace("Id: 1", "Id: 2");
    let text = format!("{first}{second}");
    let length = text.len() - 2 - text.find("oops").unwrap();
    let read = read(&text.replace("0000", &format!("{length:04}")));
    let urls: Vec<&str> = read.trace.exchanges.iter().map(|exchange| &*exchange.request.url).collect();
    assert_eq!(urls, ["http://h/x", "http://h/y"]);
}

#[test]
fn a_gap_is_between_its_neighbours() {
    let first = answered("200 OK", "", "none");
    let second = first.replace("/x", "/y").replace("Id: 1", "Id: 2");
    let text = format!("{first}\n### (a) REQ >>> (b) : GET http://h/cut\nUser-Agent: half{second}");
    let read = read(&text);
    let [_, before, after] = &read.trace.exchanges[..] else { panic!("{:?}", read.trace) };
    let [gap] = &read.trace.gaps[..] else { panic!("{:?}", read.trace.gaps) };
    assert!(before.started < gap.at && gap.at < after.started, "{gap:?}");
}

#[test]
fn content_that_a_response_cannot_have_is_not_left_out() {
    let body = |method: &str, status: u16| {
        let archive = format!(
            r#"{{"log": {{"version": "1.2", "entries": [{{"startedDateTime": "2024-03-05T10:15:00Z", "time": 1.0009,
              "request": {{"method": "{method}", "url": "http://h/x", "headers": []}},
              "response": {{"status": {status}, "statusText": "", "headers": [], "content": {{"size": 5, "mimeType": "text/plain"}}}}}}]}}}}"#
        );
        let read = source::read(Path::new("trace.har"), archive.into_bytes());
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        let exchange = &read.trace.exchanges[0];
        // A duration is rounded to the nearest microsecond.
        assert_eq!(exchange.ended.unwrap() - exchange.started, 1001);
        exchange.response.as_ref().unwrap().body.clone()
    };
    assert_eq!(body("GET", 204), Body::Absent);
    assert_eq!(body("GET", 304), Body::Absent);
    assert_eq!(body("HEAD", 200), Body::Absent);
    assert!(matches!(body("GET", 200), Body::Omitted(_)));
}

/// The empty lines between two entries belong to none of them.
#[test]
fn a_log_that_ends_between_entries_is_whole() {
    for log in logs("requestshook.log") {
        let text = content(&log);
        for entry in entries(&text) {
            for cut in (entry.end.saturating_sub(2)..=entry.end + 1).filter(|&cut| text.is_char_boundary(cut))
            {
                let after = text.get(..cut).map(read);
                assert!(after.is_none_or(|after| after.diagnostics.is_empty()), "{log:?}, {cut}");
            }
        }
    }
}
