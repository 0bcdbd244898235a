//! Files that no recorder writes, given to the real program: no panic, no hang, an error with its
//! place, and all other pages written.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::fs;
use std::io::{BufWriter, Write};
use std::process::Command;

use support::{Site, entry, is_root, log, skip};

/// Peak memory of a run in KiB, of its processes' children that ended.
fn render_measured(site: &Site) -> (support::Ran, u64) {
    let script = "\"$0\" render captures docs & pid=$!; peak=0; \
                  while read -r name kib _ < <(grep VmHWM /proc/$pid/status 2>/dev/null); do \
                  peak=$kib; sleep 0.02; done; wait $pid; status=$?; echo $peak; exit $status";
    let output = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_docgen")])
        .current_dir(site.root())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let ran = support::Ran::from(output);
    let peak = ran.out.trim().parse().unwrap_or(0);
    (ran, peak)
}

/// Checks one hostile file beside a good capture: what is said of it, and where.
#[track_caller]
fn complains(file: &str, content: impl AsRef<[u8]>, words: &[&str]) -> Site {
    let site = Site::with(&["good"]);
    site.write(&format!("captures/bad/{file}"), content);
    site.render(&[]).complains(words);
    assert!(site.exists("docs/good/index.md"), "the other page is written");
    site
}

#[test]
fn a_har_that_is_none_is_named_with_its_place() {
    let head = r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":["#;
    let message = r#""request":{"method":"GET","url":"http://a/b","headers":[]},"response":{"status":200,"statusText":"OK","headers":[],"content":{"text":"x"}}"#;
    let entry = format!(r#"{{"startedDateTime":"2026-01-01T00:00:00.000Z","time":1,{message}}}"#);

    complains("trace.har", "", &["captures/bad/trace.har"]);
    complains("trace.har", "{}", &["captures/bad/trace.har:1:1", "in no format that docgen reads"]);
    complains("trace.har", "[1, 2]", &["captures/bad/trace.har:1:1"]);
    complains("trace.har", r#"{"log": {}}"#, &["captures/bad/trace.har:1:", "entries"]);
    complains("trace.har", r#"{"log": {"entries": 3}}"#, &["captures/bad/trace.har:1:"]);
    complains("trace.har", "{\n\"log\": {\n\"entries\": [\n{]}\n}", &["captures/bad/trace.har:4:2"]);

    // Cut off in the middle of the second entry: the first is on the page.
    let cut = format!("{head}\n{entry},\n{}", &entry[..entry.len() / 2]);
    let site = complains("trace.har", cut, &["captures/bad/trace.har:3:"]);
    assert!(site.read("docs/bad/body.md").contains("GET /b"));
    // A broken entry costs itself.
    let broken = entry.replace("\"GET\"", "{");
    let site = complains(
        "trace.har",
        format!("{head}\n{entry},\n{broken},\n{entry}\n]}}}}"),
        &["captures/bad/trace.har:3:", "this entry is damaged"],
    );
    assert_eq!(site.read("docs/bad/body.md").matches("### ").count(), 4);
    // A wrong field costs the field: numbers that fit nothing, and values of another kind.
    for (from, to, field) in [
        ("\"GET\"", "{}", "method"),
        ("\"status\":200", "\"status\":99999999999999999999999", "status"),
        ("\"status\":200", "\"status\":-7", "status"),
        ("\"time\":1", "\"time\":1e400", "time"),
        ("\"2026-01-01T00:00:00.000Z\"", "\"+999999-13-41T99:99:99Z\"", "startedDateTime"),
    ] {
        let odd = entry.replace(from, to);
        let site = Site::with(&["good"]);
        site.write("captures/bad/trace.har", format!("{head}\n{entry},\n{odd}\n]}}}}"));
        let ran = site.render(&[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert_eq!(ran.err.matches("warning: ").count(), 1, "{}", ran.err);
        assert!(ran.err.contains(&format!("warning: `{field}` ")), "{}", ran.err);
        assert!(ran.err.contains("captures/bad/trace.har:3:"), "{}", ran.err);
        assert_eq!(site.read("docs/bad/body.md").matches("### ").count(), 4);
    }
}

#[test]
fn a_har_of_odd_but_whole_entries_renders() {
    let site = Site::new();
    site.write("captures/none/trace.har", r#"{"log":{"entries":[]}}"#);
    site.write(
        "captures/twice/trace.har",
        r#"{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","time":0,
        "request":{"method":"GET","method":"PUT","url":"http://a/b","headers":[]},
        "response":{"status":204,"statusText":"","headers":[],"content":{}}}]}}"#,
    );
    let ran = site.render(&[]);
    // Whatever it decides about a name that stands twice, it says so or shows one of the two.
    assert!(ran.status == 0 || ran.err.contains("captures/twice/trace.har:2:"), "{}", ran.err);
    assert!(site.exists("docs/none/index.md"), "{}", ran.err);
}

#[test]
fn json_nested_without_end_is_no_stack_overflow() {
    let deep = "[".repeat(2_000_000);
    complains("trace.har", format!("{{\"log\":{{\"entries\":{deep}"), &["captures/bad/trace.har:1:"]);
    // As a body it is text.
    let site = Site::new();
    let closed = format!("{deep}{}", "]".repeat(2_000_000));
    site.write("captures/a/trace.log", entry("a", "1", &closed, "x"));
    site.write("captures/b/trace.log", entry("a", "1", &deep, "x"));
    let objects = format!("{}1{}", "{\"a\":".repeat(300_000), "}".repeat(300_000));
    site.write("captures/c/trace.log", entry("a", "1", &objects, "x"));
    site.write("captures/docgen.toml", "layout = \"page\"\n");
    site.renders();
    for (page, body) in [("a", &closed), ("b", &deep), ("c", &objects)] {
        assert!(site.read(&format!("docs/{page}.md")).contains(body.as_str()), "{page}");
    }
}

#[test]
fn text_in_other_clothes() {
    let plain = log("a", "x");
    let rendered = |bytes: Vec<u8>| {
        let site = Site::new();
        site.write("captures/a/trace.log", bytes);
        let ran = site.render(&[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        (site.read("docs/a/body.md"), site.read("docs/a/diagram.md"))
    };
    let expected = rendered(plain.clone().into_bytes());
    assert_eq!(rendered(plain.replace('\n', "\r\n").into_bytes()), expected, "Windows line ends");
    assert_eq!(rendered(format!("\u{feff}{plain}").into_bytes()), expected, "a byte order mark");
    assert_eq!(rendered(plain.trim_end().into()), expected, "no final newline");
    let (body, _) = rendered(entry("a", "1", "nul\0 esc\x1b[31m del\x7f", "x").into_bytes());
    assert!(!body.contains(['\0', '\x1b', '\x7f']), "{body}");
    assert!(body.contains("nul") && body.contains("esc"));

    // Another encoding is said to be one.
    for (order, mark) in [("little", [0xff, 0xfe]), ("big", [0xfe, 0xff])] {
        let units = plain.encode_utf16();
        let wide: Vec<u8> = if order == "little" {
            mark.into_iter().chain(units.flat_map(u16::to_le_bytes)).collect()
        } else {
            mark.into_iter().chain(units.flat_map(u16::to_be_bytes)).collect()
        };
        complains("trace.log", wide, &["captures/bad/trace.log", "UTF-16"]);
    }
    // Settings and page sources have to be UTF-8.
    complains("capture.toml", b"title = \"\xff\"\n", &["captures/bad/capture.toml:1:10", "UTF-8"]);
}

#[test]
fn what_is_no_log_is_named() {
    complains("trace.log", "\nhello\nworld\n", &["captures/bad/trace.log:2:1", "hello", "docgen reads HAR"]);
    complains("trace.log", [0u8; 100_000], &["captures/bad/trace.log:1:1"]);
    complains("trace.log", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &["captures/bad/trace.log"]);
}

/// A command may send nothing, and its log is empty then.
#[test]
fn an_empty_log_is_one_of_no_messages() {
    for content in ["", "\n\n\n"] {
        let site = Site::new();
        site.write("captures/a/trace.log", content);
        site.write("captures/b/trace.log", content);
        site.write("captures/b/capture.toml", "layout = \"page\"\n");
        site.renders();
        assert_eq!(site.read("docs/a/diagram.md"), "");
    }
}

#[test]
fn a_folder_of_a_traces_name_is_not_a_trace() {
    let site = Site::with(&["good"]);
    fs::create_dir_all(site.path("captures/bad/trace.log")).unwrap();
    site.write("captures/bad/capture.toml", "title = \"x\"\n");
    let ran = site.render(&[]);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert!(site.exists("docs/good/index.md"));
}

#[test]
fn a_file_that_cannot_be_read_costs_its_own_page() {
    if is_root() {
        return skip("permissions do not stop root");
    }
    let site = Site::with(&["good", "bad"]);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o0);
    fs::set_permissions(site.path("captures/bad/trace.log"), mode).unwrap();
    site.render(&[]).complains(&["captures/bad/trace.log", "cannot read"]);
    assert!(site.exists("docs/good/index.md"));
}

#[test]
fn a_body_of_one_line_of_100_mib() {
    let site = Site::with(&["good"]);
    let length = 100 << 20;
    let line = "x\"`{{ ".repeat(length / 6);
    site.write("captures/long/trace.log", entry("a", "1", &line, "x"));
    let (ran, peak) = render_measured(&site);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(site.exists("docs/good/index.md"));
    let written = fs::metadata(site.path("docs/long/body.md")).unwrap().len();
    assert!(written > line.len() as u64, "{written}");
    // The log itself and the page of it, and little more.
    assert!(peak < 3 * 100 * 1024, "{peak} KiB");
    let _ = writeln!(std::io::stderr(), "100 MiB line: {peak} KiB at most");
}

#[test]
fn a_million_lines_that_look_like_heads() {
    let site = Site::with(&["good"]);
    let mut out = BufWriter::new({
        fs::create_dir_all(site.path("captures/heads")).unwrap();
        fs::File::create(site.path("captures/heads/trace.log")).unwrap()
    });
    let (before, after) = entry("a", "1", "{BODY}", "x")
        .split_once("{BODY}")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    out.write_all(before.as_bytes()).unwrap();
    for number in 0..1_000_000 {
        writeln!(out, "### (client) REQ >>> (glance) {number}").unwrap();
    }
    out.write_all(after.as_bytes()).unwrap();
    drop(out);
    let ran = site.render(&["--jobs", "2"]);
    assert!(!ran.err.contains("panicked"), "{}", &ran.err[..1000.min(ran.err.len())]);
    assert!(site.exists("docs/good/index.md"));
    assert!(site.exists("docs/heads/body.md"));
    // A person reads what is said: not a million lines.
    assert!(ran.err.lines().count() < 2_000, "{} lines", ran.err.lines().count());
}
