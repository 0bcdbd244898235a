//! `docgen diff`: planted changes in generated traces, recordings of a true upgrade, and what a user can
//! get wrong.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]
#![allow(clippy::print_stderr, reason = "a test that cannot run says so")]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::Command;

use docgen::diff::{
    Capture, Change, Findings, Kinds, Recording, Side, What, compare, compare_next, compare_suite, keep,
};
use docgen::text::Text;
use docgen::trace::{Body, Exchange, Headers, Request, Response, Trace};
use serde_json::{Map, Value, json};
use support::{Ran, Site, own};

/// How many changes are planted; `DOCGEN_PLANTS` says otherwise.
const PLANTS: u64 = 60;

#[test]
fn each_planted_change_is_told_and_nothing_else() {
    let plants = std::env::var("DOCGEN_PLANTS").map_or(PLANTS, |count| count.parse().unwrap());
    let mut planted: HashMap<&str, usize> = HashMap::new();
    for seed in 0..plants {
        let mut rng = Rng::new(seed);
        let script = Script::generated(&mut rng);
        let (changed, expected) = plant(&script, &mut rng);
        *planted.entry(expected.kind).or_default() += 1;
        let (old, new) = (script.recorded(seed * 2 + 1), changed.recorded(seed * 2 + 2));
        let found = compared(&old, &new);
        let told: Vec<String> = found.iter().map(shown).collect();
        assert!(
            expected.is_met(&found),
            "seed {seed}, {}: {:?} is not {told:#?}",
            expected.kind,
            expected.changes
        );
    }
    assert!(planted.len() == 18 || plants < 200, "{planted:?}");
}

#[test]
fn two_recordings_of_the_same_are_the_same() {
    for seed in 0..10 {
        let script = Script::generated(&mut Rng::new(seed));
        let told = compared(&script.recorded(seed * 2 + 1), &script.recorded(seed * 2 + 2));
        assert!(told.is_empty(), "seed {seed}: {:#?}", told.iter().map(shown).collect::<Vec<_>>());
    }
}

/// What a comparison says of two recordings alone, and the new one with the old one's values.
fn kept(old: &Trace, new: &Trace) -> (Findings, Trace) {
    let recording = |trace| Recording { trace, output: None };
    let capture = Capture { old: recording(old), new: recording(new), kinds: Kinds::built_in() };
    let mut map = docgen::diff::Map::default();
    let (findings, _) = compare_next(&capture, &mut map);
    let kept = keep(&capture, &findings, &map);
    (findings, kept.trace)
}

#[test]
fn a_recording_of_the_same_keeps_every_value() {
    for seed in 0..10 {
        let script = Script::generated(&mut Rng::new(seed));
        let (old, new) = (script.recorded(seed * 2 + 1), script.recorded(seed * 2 + 2));
        assert_eq!(kept(&old, &old).1, old, "seed {seed}");
        assert_eq!(kept(&old, &new).1, old, "seed {seed}");
    }
}

#[test]
fn keeping_values_hides_no_change_and_makes_none_up() {
    let plants = std::env::var("DOCGEN_PLANTS").map_or(PLANTS, |count| count.parse().unwrap());
    let told = |findings: &Findings| -> Vec<String> {
        let mut told: Vec<String> = findings
            .changes
            .iter()
            .map(|change| {
                let exchange = change.exchange.as_ref().unwrap();
                let numbers = [exchange.old, exchange.new].map(|place| place.map(|place| place.number));
                let old = change.old.as_ref().map(|value| value.shown());
                format!("{:?} {:?} {:?} {numbers:?} {old:?}", change.what, change.side, change.at)
            })
            .collect();
        told.sort();
        told
    };
    for seed in 0..plants / 4 {
        let mut rng = Rng::new(seed);
        let script = Script::generated(&mut rng);
        let (changed, expected) = plant(&script, &mut rng);
        let (old, new) = (script.recorded(seed * 3 + 1), changed.recorded(seed * 3 + 2));
        let (findings, first) = kept(&old, &new);
        let (again, second) = kept(&old, &first);
        assert_eq!(told(&again), told(&findings), "seed {seed}, {}", expected.kind);
        assert_eq!(second, first, "seed {seed}, {}", expected.kind);
        // What is kept stays so from now on.
        let (later, third) = kept(&first, &changed.recorded(seed * 3 + 3));
        assert_eq!(told(&later), [""; 0], "seed {seed}, {}", expected.kind);
        assert_eq!(third, first, "seed {seed}, {}", expected.kind);
    }
}

/// `docgen diff` in a folder.
fn diff(folder: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.arg("diff").args(arguments).current_dir(folder).env("NO_COLOR", "1");
    Ran::from(command.output().unwrap())
}

/// A HAR as browsers save one, of one page load: a document, an asset that a build named, calls.
fn page_load(
    build: &str,
    nonce: &str,
    asset: &str,
    tag: &str,
    version: &str,
    failure: Option<&str>,
) -> String {
    let entry = |at: usize, method: &str, path: &str, response: Value, body: &str| {
        let mut response = response;
        response["content"] = json!({ "size": body.len(), "mimeType": "text/html", "text": body });
        if let (true, Some(failure)) = (response["status"] == 0, failure) {
            response["_error"] = failure.into();
        }
        json!({
            "startedDateTime": format!("2026-11-27T10:00:0{at}.000Z"), "time": 5,
            "request": { "method": method, "url": format!("https://shop.example{path}"), "httpVersion": version,
                "headers": [], "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0 },
            "response": response, "cache": {}, "timings": { "send": 0, "wait": 5, "receive": 0 },
        })
    };
    let response = |status: u16, headers: &[(&str, String)]| {
        let headers: Vec<Value> =
            headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        let version = if status == 0 { "" } else { version };
        json!({ "status": status, "statusText": "", "httpVersion": version, "headers": headers, "cookies": [],
            "redirectURL": "", "headersSize": -1, "bodySize": -1 })
    };
    let policy = ("content-security-policy", format!("script-src 'nonce-{nonce}'"));
    let validators =
        [("etag", format!("\"{tag}\"")), ("last-modified", format!("Thu, 0{build} Oct 2026 04:00:15 GMT"))];
    let script = format!("/assets/app-{}.js", &tag[..8]);
    let markup = format!("<script nonce=\"{nonce}\" src=\"{script}\"></script>");
    let entries = [
        entry(1, "GET", "/", response(200, &[policy]), &markup),
        entry(2, "GET", &script, response(200, &validators), asset),
        entry(3, "GET", "/logo", response(200, &validators), "same"),
        entry(4, "POST", "/pay", response(if failure.is_some() { 0 } else { 200 }, &[]), ""),
    ];
    json!({ "log": { "version": "1.2", "creator": { "name": "x", "version": "1" }, "entries": entries } })
        .to_string()
}

#[test]
fn what_a_browser_saved_of_two_builds_of_a_site() {
    let site = Site::new();
    let h2 = "http/2.0";
    site.write("a.har", page_load("1", "ef3e8a21aa", "let a = 1;", "816c034c55", h2, None));
    // Another visit: no build, and so the same tags.
    site.write("a2.har", page_load("1", "f1c3c195bb", "let a = 1;", "816c034c55", h2, None));
    let told = diff(site.root(), &["a.har", "a2.har"]);
    assert_eq!((told.status, &*told.out), (0, ""), "{}", told.err);
    // Another build: that a file has another name, tag and date follows from what is in it.
    site.write("b.har", page_load("2", "0123456789", "let a = 2;", "46202c3677", h2, None));
    let told = diff(site.root(), &["a.har", "b.har"]);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", told.out);
    assert!(lines[0].contains("/assets/app-{id}, response body: let a = 1; → let a = 2;"), "{}", told.out);
    // Beside a body that is the same they are no consequence.
    assert!(
        lines[1].starts_with("response header etag: \"816c034c55\" → \"46202c3677\"  [b (6)]"),
        "{}",
        told.out
    );
    assert!(lines[2].starts_with("response header last-modified: "), "{}", told.out);
    // Who answers no more, why not, and another version of the protocol.
    site.write(
        "c.har",
        page_load("1", "ef3e8a21aa", "let a = 1;", "816c034c55", "HTTP/1.1", Some("net::ERR_TIMED_OUT")),
    );
    let told = diff(site.root(), &["a.har", "c.har"]);
    assert!(told.out.contains("POST /pay, status: 200 → no response"), "{}", told.out);
    assert!(
        told.out.contains("request header HTTP version: http/2.0 → HTTP/1.1  [c (1),(3),(5),(7)]"),
        "{}",
        told.out
    );
    assert_eq!(told.out.lines().count(), 2, "{}", told.out);
    site.write(
        "d.har",
        page_load("1", "ef3e8a21aa", "let a = 1;", "816c034c55", "HTTP/1.1", Some("net::ERR_FAILED")),
    );
    let told = diff(site.root(), &["c.har", "d.har"]);
    assert!(told.out.contains("POST /pay, reason: net::ERR_TIMED_OUT → net::ERR_FAILED"), "{}", told.out);
    assert_eq!(told.out.lines().count(), 1, "{}", told.out);
}

/// Recordings of ten commands before and after a true upgrade, which are not part of the project.
fn upgrade() -> Option<std::path::PathBuf> {
    let folder = own("../shared/upgrade");
    if !folder.is_dir() {
        eprintln!("skipped: there is no ../shared/upgrade");
    }
    folder.is_dir().then_some(folder)
}

#[test]
fn an_upgrade_is_told_in_twelve_facts() {
    let Some(folder) = upgrade() else { return };
    let told = diff(&folder, &["z4", "t1"]);
    assert_eq!(told.status, 1, "{}", told.err);
    assert_eq!(told.out.lines().count(), 12, "{}", told.out);
    let json = diff(&folder, &["z4", "t1", "--format", "json"]);
    let changes: Vec<Value> = json.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(changes.len(), 81);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut prints = std::collections::HashSet::new();
    for change in &changes {
        let text = |key: &str| change[key].as_str().unwrap_or_default();
        *counts.entry(format!("{} {}", text("change"), text("at"))).or_default() += 1;
        assert!(prints.insert((text("capture"), text("fingerprint"))), "{change}");
    }
    let expected = [
        ("body /versions/[id=v2.15]/status", 10),
        ("body /versions/[id=v2.17]", 10),
        ("call-added ", 1),
        ("header Accept", 2),
        ("header User-Agent", 52),
        ("header X-OpenStack-Image-Size", 1),
        ("output checksum", 1),
        ("output properties", 1),
        ("output size", 1),
        ("output status", 1),
        ("repeat ", 1),
    ];
    assert_eq!(counts, expected.map(|(what, count)| (what.to_owned(), count)).into());
}

#[test]
fn a_cloud_recorded_twice_is_the_same_but_for_what_its_server_says() {
    let Some(folder) = upgrade() else { return };
    // Another cloud of the same release.
    let told = diff(&folder, &["z1", "z4"]);
    assert_eq!((told.status, &*told.out), (0, ""), "{}", told.err);
    // Glance names fewer stores in its first request.
    let told = diff(&folder, &["z1", "z2"]);
    assert_eq!(told.out.lines().count(), 1, "{}", told.out);
    assert!(
        told.out.starts_with("response header Openstack-Image-Store-Ids: local → local,os_glance"),
        "{}",
        told.out
    );
}

const LOG: &str = "### (client) REQ >>> (shop) : GET http://h/items/ID\nAccept: */*\n\nnone\n\n\n\
                   ### (client) RESP <<< (shop) : STATUS GET http://h/items/ID\nServer: x\n\n{\"id\": \"ID\"}\n\n";

fn log(id: u32, status: &str) -> String {
    LOG.replace("ID", &format!("{id:032x}")).replace("STATUS", status)
}

#[test]
fn a_commit_is_compared_with_what_is_there_now() {
    let site = Site::new();
    site.git(&["init", "-q"]);
    for (name, id) in [("a", 1), ("b", 2), ("gone", 3)] {
        site.write(&format!("captures/{name}/trace.log"), log(id, "200 OK"));
    }
    site.write("captures/docgen.toml", "");
    site.git(&["add", "."]);
    site.git(&["commit", "-q", "-m", "first"]);
    assert_eq!(diff(site.root(), &["--git", "HEAD"]).status, 0);
    site.write("captures/a/trace.log", log(11, "200 OK"));
    site.write("captures/b/trace.log", log(12, "404 Not Found"));
    site.write("captures/new/trace.log", log(13, "200 OK"));
    std::fs::remove_dir_all(site.path("captures/gone")).unwrap();
    let told = diff(site.root(), &["--git", "HEAD", "captures"]);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(
        lines,
        [
            "gone: capture removed, 1 exchange",
            "new: capture added, 1 exchange",
            "shop GET /items/{id}, status: 200 → 404  [b (2)]"
        ],
        "{}",
        told.err
    );
    let json = diff(site.root(), &["--git", "HEAD", "--format", "json"]);
    let whats = json.out.lines().map(|line| {
        let change: Value = serde_json::from_str(line).unwrap();
        format!("{} {}", change["capture"].as_str().unwrap(), change["change"].as_str().unwrap())
    });
    assert_eq!(whats.collect::<Vec<_>>(), ["b status", "gone call-removed", "new call-added"]);
    // One capture, from a folder below, and one that is gone.
    let told = diff(&site.path("captures"), &["--git", "HEAD", "b"]);
    assert_eq!(told.out, "shop GET /items/{id}, status: 200 → 404  [b (2)]\n", "{}", told.err);
    let told = diff(site.root(), &["--git", "HEAD", "captures/gone"]);
    assert_eq!(told.out, "gone: capture removed, 1 exchange\n", "{}", told.err);
    let told = diff(site.root(), &["--git", "HEAD", "captures/b/trace.log"]);
    assert_eq!(told.status, 1);
    let told = diff(site.root(), &["--git", "no-such-commit"]);
    assert!(told.err.starts_with("error: there is no commit `no-such-commit`"), "{}", told.err);
    let elsewhere = tempfile::tempdir().unwrap();
    let told = diff(elsewhere.path(), &["--git", "HEAD"]);
    assert!(told.err.starts_with("error: git says: not a git repository"), "{}", told.err);
    let told = diff(site.root(), &["--git", "--output=x"]);
    assert_eq!(told.status, 2, "{}", told.err);
    assert!(!site.exists("x"));
}

#[test]
fn sentences_about_what_changed_are_named_until_they_change_too() {
    let site = Site::new();
    site.git(&["init", "-q"]);
    let page = "# Items\n\nThe command sends one call.\n\n{{ diagram }}\n\n## {{ heading(show.request) }}\n\n\
                The server says 200.\n\n{{ tabs(show.response) }}\n\n## What is printed\n\nOne line.\n\n{{ output }}\n";
    site.write("captures/a/page.md", page);
    site.write("captures/a/output.txt", "one\n");
    let selector = format!("shop GET /items/{:032x}", 1);
    site.write("captures/a/capture.toml", format!("layout = 'page'\n\n[label]\nshow = '{selector}'\n"));
    site.write("captures/a/trace.log", log(1, "200 OK"));
    site.git(&["add", "."]);
    site.git(&["commit", "-q", "-m", "first"]);
    let read_again = || -> Vec<String> {
        let told = diff(site.root(), &["--git", "HEAD"]);
        told.out.lines().filter_map(|line| line.strip_prefix("read again: ")).map(str::to_owned).collect()
    };
    // A status is the call's own.
    site.write("captures/a/trace.log", log(1, "404 Not Found"));
    assert_eq!(read_again(), ["captures/a/page.md:9"]);
    let json = diff(site.root(), &["--git", "HEAD", "--format", "json"]);
    let change: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(change["prose"], json!([{"file": "captures/a/page.md", "line": 9}]));
    let github = diff(site.root(), &["--git", "HEAD", "--format", "github"]);
    assert!(github.out.contains("::warning file=captures/a/page.md,line=9,"), "{}", github.out);
    site.write("captures/a/page.md", page.replace("says 200", "says 404"));
    assert_eq!(read_again(), [""; 0]);
    // One call more is everybody's, and so is what is printed of the page as a whole.
    site.write("captures/a/page.md", page);
    site.write("captures/a/trace.log", log(1, "200 OK") + &log(2, "200 OK").replace("items", "parts"));
    assert_eq!(read_again(), ["captures/a/page.md:3,9,15"]);
    site.write("captures/a/trace.log", log(1, "200 OK"));
    site.write("captures/a/output.txt", "two\n");
    assert_eq!(read_again(), ["captures/a/page.md:3,15"]);
    // A call that is gone takes what selects it along.
    site.write("captures/a/output.txt", "one\n");
    site.write("captures/a/trace.log", log(1, "200 OK").replace("items", "other/path"));
    assert_eq!(read_again(), ["captures/a/capture.toml:4", "captures/a/page.md:3,9,15"]);
}

/// The commands of the upgrade.
const COMMANDS: [&str; 10] = [
    "add-project",
    "create",
    "delete",
    "list",
    "member-list",
    "remove-project",
    "save",
    "set",
    "show",
    "unset",
];

/// Sentences of the page sources in `fixtures/sentences` that the upgrade makes false, by capture.
const FALSE: [(&str, &str); 10] = [
    ("create", "Making an image takes five requests."),
    ("create", "Beside the token and the type of the data it has no header of its own."),
    ("create", "With this answer all is done: nothing more is asked after the upload."),
    ("create", "The image is still queued when the command ends."),
    ("list", "Recorded with version 0.103 of the SDK."),
    ("list", "The newest version that the service speaks is v2.15."),
    ("list", "The version before v2.8 in age is {{"),
    ("list", "The line that is marked is the first version of all."),
    ("add-project", "It is keystone's own client that looks the project up."),
    ("save", "The image is looked at once, and then its data is fetched."),
];

#[test]
fn each_sentence_that_an_upgrade_makes_false_is_named_and_none_is_lost() {
    let Some(upgrade) = upgrade() else { return };
    let site = Site::new();
    let docgen = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1");
        Ran::from(command.output().unwrap())
    };
    let ok = |arguments: &[&str]| {
        let ran = docgen(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.err);
        ran.err
    };
    let record = |tag: &str| {
        for name in COMMANDS {
            let read = |ending: &str| std::fs::read(upgrade.join(format!("{tag}/{name}.{ending}"))).unwrap();
            site.write(&format!("captures/{name}/trace.har"), read("har"));
            site.write(&format!("captures/{name}/output.txt"), read("out"));
        }
    };
    site.git(&["init", "-q"]);
    site.write("captures/docgen.toml", "layout = 'page'\nprofile = 'openstack'\n");
    record("z4");
    for name in COMMANDS {
        ok(&["new", &format!("captures/{name}")]);
    }
    for name in ["create", "list", "add-project", "save"] {
        let source = std::fs::read(own(&format!("tests/fixtures/sentences/{name}.md"))).unwrap();
        site.write(&format!("captures/{name}/page.md"), source);
    }
    ok(&["render", "captures", "docs"]);
    site.git(&["add", "."]);
    site.git(&["commit", "-q", "-m", "Zed"]);
    let sources: Vec<String> =
        COMMANDS.iter().map(|name| site.read(&format!("captures/{name}/page.md"))).collect();
    // Each sentence, with the exchange in whose section it is.
    let sections = |pages: &str| -> Vec<(String, String)> {
        let mut section = String::new();
        let mut found = Vec::new();
        for line in pages.lines() {
            match line.strip_prefix("### ").or(line.strip_prefix("## ")) {
                Some(heading) => {
                    section = heading.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).to_owned()
                }
                None if line.ends_with('.') => found.push((line.to_owned(), section.clone())),
                None => {}
            }
        }
        found
    };
    let pages: Vec<Vec<(String, String)>> =
        COMMANDS.iter().map(|name| sections(&site.read(&format!("docs/{name}.md")))).collect();

    record("t1");
    let told = diff(site.root(), &["--git", "HEAD", "--format", "json", "captures"]);
    let mut named = std::collections::BTreeSet::new();
    for line in told.out.lines() {
        let change: Value = serde_json::from_str(line).unwrap();
        for spoken in change["prose"].as_array().into_iter().flatten() {
            named.insert((spoken["file"].as_str().unwrap().to_owned(), spoken["line"].as_u64().unwrap()));
        }
    }
    for (name, sentence) in FALSE {
        let file = format!("captures/{name}/page.md");
        let source = site.read(&file);
        let line = source.lines().position(|line| line.starts_with(sentence)).unwrap() as u64 + 1;
        assert!(named.contains(&(file.clone(), line)), "{file}:{line}: {sentence}\n{named:?}");
    }

    // Of drafted pages most lines say nothing that a changed header or value could make false. Those come behind.
    let told = diff(site.root(), &["--git", "HEAD", "captures"]);
    let mut likely = std::collections::BTreeSet::new();
    for read in told.out.lines().filter_map(|line| line.strip_prefix("read again: ")) {
        let first = read.split("; on the same calls: ").next().unwrap();
        let Some((file, ranges)) = first.rsplit_once(':').filter(|_| !first.contains(", on the")) else {
            continue;
        };
        for range in ranges.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let lines = first.parse::<u64>().unwrap()..=last.parse().unwrap();
            likely.extend(lines.map(|line| (file.to_owned(), line)));
        }
    }
    assert!(likely.is_subset(&named) && likely.len() <= 40, "{} lines: {likely:?}", likely.len());
    for (name, sentence) in FALSE {
        let file = format!("captures/{name}/page.md");
        let source = site.read(&file);
        let line = source.lines().position(|line| line.starts_with(sentence)).unwrap() as u64 + 1;
        assert!(likely.contains(&(file.clone(), line)), "{file}:{line}: {sentence}\n{likely:?}");
    }

    // The pages go on without a hand, and no sentence is lost, or in the section of another exchange.
    let said = ok(&["update", "--git", "HEAD"]);
    assert!(said.contains("`show_image` is now `glance GET /image/v2/images/{image_id} #1`"), "{said}");
    ok(&["render", "captures", "docs"]);
    ok(&["check", "captures", "docs"]);
    for ((name, source), before) in COMMANDS.iter().zip(&sources).zip(&pages) {
        let now = site.read(&format!("captures/{name}/page.md"));
        let mut lines = now.lines();
        for line in source.lines() {
            assert!(lines.any(|new| new == line), "{name}: `{line}` is lost");
        }
        let page = sections(&site.read(&format!("docs/{name}.md")));
        for (sentence, section) in before {
            let found = page.iter().find(|(other, _)| other == sentence);
            // What a hole prints in a sentence may be another value now.
            let Some((_, now)) = found else { continue };
            let is_pinned = FALSE.iter().any(|(_, other)| other == sentence);
            assert!(
                !is_pinned || now == section,
                "{name}: `{sentence}` is in `{now}`, and was in `{section}`"
            );
        }
    }
}

#[test]
fn settings_say_what_is_volatile() {
    let site = Site::new();
    let body = |host: &str, job: u32| {
        log(1, "200 OK")
            .replace("Server: x", &format!("X-Backend: {host}"))
            .replace("{\"", &format!("{{\"job\": \"job-{job}\", \""))
    };
    site.write("old/a/trace.log", body("one", 1));
    site.write("captures/a/trace.log", body("two", 2));
    assert_eq!(diff(site.root(), &["old", "captures"]).out.lines().count(), 2);
    site.write("captures/docgen.toml", "[volatile]\nheaders = ['x-backend']\n");
    let told = diff(site.root(), &["old", "captures"]);
    assert!(
        told.out.starts_with("shop GET /items/{id}, response body /job: \"job-1\" → \"job-2\""),
        "{}",
        told.out
    );
    site.write("captures/a/capture.toml", "[volatile]\npatterns = ['job-[0-9]+']\n");
    assert_eq!(diff(site.root(), &["old", "captures"]).status, 0);
    assert_eq!(diff(site.root(), &["old/a", "captures/a/trace.log"]).status, 0);
    site.write("captures/a/capture.toml", "[volatile]\npointers = ['/job']\n");
    assert_eq!(diff(site.root(), &["old", "captures"]).status, 0);
    site.write("captures/a/capture.toml", "[volatile]\npatterns = ['job-[0-9+']\n");
    let told = diff(site.root(), &["old", "captures"]);
    assert!(
        told.err.contains("is no regular expression") && told.err.contains("captures/a/capture.toml"),
        "{}",
        told.err
    );
    site.write("captures/a/capture.toml", "[volatile.except]\nheaders = ['X-Backend']\nkinds = ['hex-id']\n");
    site.write("old/a/trace.log", body("one", 2));
    let told = diff(site.root(), &["old", "captures"]);
    assert!(told.out.starts_with("response header X-Backend: one → two"), "{}", told.out);
}

/// What a comparison tells, with the map of the pair where there is something to settle.
fn compared(old: &Trace, new: &Trace) -> Vec<Change> {
    let recording = |trace| Recording { trace, output: None };
    let capture = Capture { old: recording(old), new: recording(new), kinds: Kinds::built_in() };
    let (mut found, _) = compare_suite(1, |_, known| vec![compare(&capture, known)]);
    found.remove(0).changes
}

fn shown(change: &Change) -> String {
    let exchange = change.exchange.as_ref().unwrap();
    let number = exchange.new.or(exchange.old).unwrap().number;
    let value = |value: &Option<docgen::diff::Value>| value.as_ref().map(|value| value.shown().to_owned());
    let (what, side) = (change.what.name(), change.side.map_or("", Side::name));
    format!(
        "{number} {} {what} {side} {:?} {:?} {:?}",
        exchange.name,
        change.at,
        value(&change.old),
        value(&change.new)
    )
}

/// Numbers that look like chance and are the same in every run (SplitMix64).
struct Rng(u64);

impl Rng {
    fn new(seed: u64) -> Rng {
        Rng(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x9E37_79B9_7F4A_7C15)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn pick<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// What a command does, with names in `«…»` for what is made anew in each run.
#[derive(Clone)]
struct Script {
    calls: Vec<Call>,
}

#[derive(Clone, PartialEq)]
struct Call {
    method: &'static str,
    path: String,
    request_headers: Vec<(String, String)>,
    request: Option<Value>,
    status: u16,
    reason: String,
    response_headers: Vec<(String, String)>,
    response: Option<Value>,
}

const WORDS: [&str; 12] = [
    "active",
    "queued",
    "bare",
    "qcow2",
    "public",
    "demo",
    "admin",
    "up",
    "net",
    "RegionOne",
    "m1.tiny",
    "none",
];

impl Script {
    /// Fifty exchanges or so: a token, a catalog, and things that are made, asked for again and again, listed.
    fn generated(rng: &mut Rng) -> Script {
        let mut calls = vec![Call::token(), Call::versions()];
        let things = 4 + rng.below(4);
        for thing in 0..things {
            calls.push(Call::of("POST", "/v2/things", 202, rng, Some(thing)));
            for _ in 0..1 + rng.below(4) {
                calls.push(Call::poll(thing, "BUILD"));
            }
            calls.push(Call::poll(thing, "ACTIVE"));
        }
        while calls.len() < 48 {
            let thing = rng.below(things);
            let path = format!("/v2/things/«id{thing}»/{}", rng.pick(&["parts", "meta", "tags", "log"]));
            match rng.below(4) {
                0 => calls.push(Call::list(things)),
                1 => calls.push(Call::of("PUT", &path, 200, rng, Some(thing))),
                _ => calls.push(Call::of("GET", &path, 200, rng, Some(thing))),
            }
        }
        calls.extend(
            (0..2).map(|thing| Call::of("DELETE", &format!("/v2/things/«id{thing}»"), 204, rng, None)),
        );
        Script { calls }
    }

    /// A recording of it, on a cloud of its own.
    fn recorded(&self, seed: u64) -> Trace {
        let mut minting = Minting { rng: Rng::new(seed), values: HashMap::new(), now: 0 };
        let start = 1_790_000_000 + seed as i64 * 3_600;
        let exchanges = self.calls.iter().enumerate().map(|(at, call)| {
            minting.now = start + at as i64 * 2;
            let headers = |minting: &mut Minting, fields: &[(String, String)]| -> Headers {
                fields
                    .iter()
                    .map(|(name, value)| (Text::from(&**name), minting.filled(value).into()))
                    .collect()
            };
            let body = |minting: &mut Minting, body: &Option<Value>| match body {
                Some(body) => Body::Text(minting.json(body).into()),
                None => Body::Absent,
            };
            let request = Request {
                method: call.method.into(),
                url: format!("http://{}:9292{}", minting.filled("«host»"), minting.filled(&call.path)).into(),
                headers: headers(&mut minting, &call.request_headers),
                body: body(&mut minting, &call.request),
                ..Request::default()
            };
            let response = Response {
                status: call.status,
                reason: (&*call.reason).into(),
                headers: headers(&mut minting, &call.response_headers),
                body: body(&mut minting, &call.response),
                ..Response::default()
            };
            Exchange {
                started: minting.now * 1_000_000,
                ended: Some(minting.now * 1_000_000 + 500_000),
                request,
                response: Some(response),
                ..Exchange::default()
            }
        });
        Trace { exchanges: exchanges.collect(), ..Trace::default() }
    }
}

impl Call {
    fn new(method: &'static str, path: &str, status: u16) -> Call {
        let field = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Call {
            method,
            path: path.to_owned(),
            request_headers: [
                ("Host", "«host»:9292"),
                ("User-Agent", "client/1.0 library/2.3"),
                ("Accept", "application/json"),
                ("X-Auth-Token", "«token0»"),
            ]
            .map(field)
            .into(),
            request: None,
            status,
            reason: "OK".into(),
            response_headers: [
                ("Content-Type", "application/json"),
                ("Date", "«date»"),
                ("Vary", "X-Auth-Token"),
                ("X-Openstack-Request-Id", "req-«uuid»"),
                ("Connection", "keep-alive"),
            ]
            .map(field)
            .into(),
            response: None,
        }
    }

    fn token() -> Call {
        let mut call = Call::new("POST", "/v3/auth/tokens", 201);
        call.request_headers.pop();
        call.request = Some(json!({"auth": {"identity": {"methods": ["password"], "user": "admin"}}}));
        call.response_headers.push(("X-Subject-Token".into(), "«token0»".into()));
        call.response = Some(json!({"token": {
            "expires_at": "«time3600»", "issued_at": "«time0»", "audit_ids": ["«audit»"], "is_domain": false,
            "roles": [{"id": "«hex1»", "name": "member"}, {"id": "«hex2»", "name": "reader"}],
            "catalog": [{"type": "thing", "id": "«hex3»", "url": "http://«host»:9292/v2", "weight": 3}],
        }}));
        call
    }

    fn versions() -> Call {
        let version =
            |number: usize| json!({"id": format!("v2.{number}"), "status": "SUPPORTED", "rank": number});
        let mut call = Call::new("GET", "/", 300);
        call.response = Some(json!({"versions": (0..6).map(version).collect::<Vec<_>>()}));
        call
    }

    fn poll(thing: usize, status: &str) -> Call {
        let mut call = Call::new("GET", &format!("/v2/things/«id{thing}»"), 200);
        call.response = Some(json!({
            "id": format!("«id{thing}»"), "status": status, "size": 30_000 + thing, "created_at": "«time0»",
            "checksum": "7aedad31d202d52bde40f28f06405f95", "owner": "«hex4»", "links": [{"rel": "self", "href": format!("/v2/things/«id{thing}»")}],
        }));
        call
    }

    fn list(things: usize) -> Call {
        let thing = |thing: usize| json!({"id": format!("«id{thing}»"), "name": format!("thing-{thing}"), "tags": ["a", "b", "c"]});
        let mut call = Call::new("GET", "/v2/things", 200);
        call.response = Some(json!({"things": (0..things).map(thing).collect::<Vec<_>>(), "next": null}));
        call
    }

    fn of(method: &'static str, path: &str, status: u16, rng: &mut Rng, thing: Option<usize>) -> Call {
        let mut call = Call::new(method, path, status);
        if let Some(thing) = thing {
            if method != "GET" {
                call.request = Some(json!({"name": format!("thing-{thing}"), "count": rng.below(90)}));
            }
            let word = |rng: &mut Rng| (*rng.pick(&WORDS)).to_owned();
            call.response = Some(json!({
                "id": format!("«id{thing}»"), "state": word(rng), "count": rng.below(1000), "is_public": rng.below(2) == 0,
                "list": (0..3 + rng.below(3)).map(|at| format!("{}{at}", word(rng))).collect::<Vec<_>>(),
                "ports": [{"name": "a", "mac": "«mac»", "up": true}, {"name": "b", "mac": "«mac»", "up": false}],
                "updated_at": "«time0»", "expires": "«time86400»",
            }));
        }
        call
    }
}

/// Makes what each run makes anew: a name in `«…»` stands for the same value in all of a recording, those of
/// times and of what is new in each message for another one.
struct Minting {
    rng: Rng,
    values: HashMap<String, String>,
    now: i64,
}

impl Minting {
    fn filled(&mut self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, from)) = rest.split_once('«') {
            let (name, behind) = from.split_once('»').unwrap();
            filled.push_str(before);
            filled.push_str(&self.value(name));
            rest = behind;
        }
        filled + rest
    }

    fn value(&mut self, name: &str) -> String {
        let time = |seconds: i64| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        if let Some(offset) = name.strip_prefix("time") {
            return time(self.now + offset.parse::<i64>().unwrap()).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        }
        match name {
            "date" => return time(self.now).format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
            "uuid" | "mac" | "audit" => return self.made(name),
            _ => {}
        }
        if let Some(value) = self.values.get(name) {
            return value.clone();
        }
        let value = self.made(name.trim_end_matches(|c: char| c.is_ascii_digit()));
        self.values.insert(name.to_owned(), value.clone());
        value
    }

    fn made(&mut self, kind: &str) -> String {
        let hex = format!("{:016x}{:016x}", self.rng.next(), self.rng.next());
        let uuid = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        match kind {
            "id" | "uuid" => uuid,
            "hex" => hex,
            "token" => format!("gAAAAABr{hex}(...){}", &hex[3..25]),
            "mac" => format!("fa:16:3e:{}:{}:{}", &hex[..2], &hex[2..4], &hex[4..6]),
            "audit" => hex[..22].to_owned(),
            "host" => format!("192.0.2.{}", 1 + self.rng.below(250)),
            other => panic!("{other} is no kind"),
        }
    }

    /// JSON with the members of objects in any order, and members that are objects, too.
    fn json(&mut self, value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let mut members: Vec<(&String, &Value)> = members.iter().collect();
                for at in (1..members.len()).rev() {
                    members.swap(at, self.rng.below(at + 1));
                }
                let members =
                    members.into_iter().map(|(key, value)| format!("\"{key}\": {}", self.json(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            Value::Array(members) => {
                format!("[{}]", members.iter().map(|member| self.json(member)).collect::<Vec<_>>().join(", "))
            }
            Value::String(text) => Value::from(self.filled(text)).to_string(),
            other => other.to_string(),
        }
    }
}

/// What has to be told, and nothing else.
struct Expected {
    kind: &'static str,
    changes: Vec<(What, Option<Side>, usize)>,
}

impl Expected {
    fn is_met(&self, found: &[Change]) -> bool {
        let place = |change: &Change| {
            let exchange = change.exchange.as_ref().unwrap();
            (change.what, change.side, exchange.new.or(exchange.old).unwrap().number)
        };
        let mut found: Vec<(What, Option<Side>, usize)> = found.iter().map(place).collect();
        let mut expected = self.changes.clone();
        found.sort_unstable();
        expected.sort_unstable();
        found == expected
    }
}

/// The script with one thing otherwise.
fn plant(script: &Script, rng: &mut Rng) -> (Script, Expected) {
    let mut changed = script.clone();
    let at = 2 + rng.below(changed.calls.len() - 2);
    let number = at + 1;
    let side = if rng.below(2) == 0 { Side::Request } else { Side::Response };
    let call = &mut changed.calls[at];
    let one = |kind, what, side, number| Expected { kind, changes: vec![(what, Some(side), number)] };
    let fields = |call: &mut Call| match side {
        Side::Request => std::mem::take(&mut call.request_headers),
        _ => std::mem::take(&mut call.response_headers),
    };
    let put = |call: &mut Call, fields: Vec<(String, String)>| match side {
        Side::Request => call.request_headers = fields,
        _ => call.response_headers = fields,
    };
    let expected = match rng.below(18) {
        0 => {
            call.status = if call.status == 500 { 503 } else { 500 };
            one("status", What::Status, Side::Response, number)
        }
        1 => {
            call.reason = "Fine".into();
            one("reason", What::Reason, Side::Response, number)
        }
        2 => {
            let mut all = fields(call);
            let field = rng.below(all.len());
            all[field].0.insert_str(0, "X-Other-");
            put(call, all);
            let change = (What::Header, Some(side), number);
            Expected { kind: "header name", changes: vec![change, change] }
        }
        3 => {
            let mut all = fields(call);
            let field = rng.below(all.len());
            all[field].0 = all[field].0.to_ascii_lowercase();
            put(call, all);
            one("header case", What::Header, side, number)
        }
        4 => {
            let mut all = fields(call);
            let plain: Vec<usize> = (0..all.len()).filter(|&at| !all[at].1.contains('«')).collect();
            all[*rng.pick(&plain)].1.push_str("; other");
            put(call, all);
            one("header value", What::Header, side, number)
        }
        5 => {
            let mut all = fields(call);
            if rng.below(2) == 0 {
                all.remove(rng.below(all.len()));
            } else {
                all.insert(rng.below(all.len() + 1), ("X-New".into(), "30000".into()));
            }
            put(call, all);
            one("header presence", What::Header, side, number)
        }
        6 => {
            let mut all = fields(call);
            // Further than next to it: of two that change places, either may be the one that moved.
            let field = all.remove(0);
            all.push(field);
            put(call, all);
            one("header order", What::HeaderOrder, side, number)
        }
        7..=10 => return plant_in_body(script, rng),
        11 => {
            // Some other thing's id, in one place of a body.
            let with_id = |call: &Call| call.response.as_ref().is_some_and(|body| body.get("id").is_some());
            let all: Vec<usize> = (2..script.calls.len()).filter(|&at| with_id(&script.calls[at])).collect();
            let at = *rng.pick(&all);
            let body = changed.calls[at].response.as_mut().unwrap();
            let other = if body["id"] == "«id0»" { "«id1»" } else { "«id0»" };
            body["id"] = other.into();
            one("id used elsewhere", What::Body, Side::Response, at + 1)
        }
        12 => {
            call.request_headers[3].1 = "«token1»".into();
            one("token never given", What::Header, Side::Request, number)
        }
        13 => {
            let body = changed.calls[0].response.as_mut().unwrap();
            body["token"]["expires_at"] = "«time86400»".into();
            one("lifetime", What::Body, Side::Response, 1)
        }
        14 => {
            changed.calls.insert(at, Call::of("GET", "/v2/new/thing/here", 200, rng, Some(0)));
            Expected { kind: "call added", changes: vec![(What::CallAdded, None, number)] }
        }
        15 => {
            let is_alone = |at: &usize| {
                let same = |other: Option<&Call>| {
                    other.is_some_and(|other| {
                        other.path == script.calls[*at].path && other.method == script.calls[*at].method
                    })
                };
                !same(script.calls.get(at - 1)) && !same(script.calls.get(at + 1))
            };
            let all: Vec<usize> = (2..script.calls.len()).filter(is_alone).collect();
            let at = *rng.pick(&all);
            changed.calls.remove(at);
            Expected { kind: "call removed", changes: vec![(What::CallRemoved, None, at + 1)] }
        }
        16 => {
            // Over three others at least that are different.
            let call = changed.calls.remove(1);
            let to = 5 + rng.below(changed.calls.len() - 5);
            changed.calls.insert(to, call);
            Expected { kind: "call moved", changes: vec![(What::CallMoved, None, to + 1)] }
        }
        _ => {
            let again = changed.calls[at].clone();
            changed.calls.insert(at, again);
            // Which one of equal ones is the new one, nobody can tell: the last of them.
            let is_same = |other: &&Call| **other == changed.calls[at];
            let number = at + changed.calls[at..].iter().take_while(is_same).count();
            Expected { kind: "call repeated", changes: vec![(What::Repeat, None, number)] }
        }
    };
    (changed, expected)
}

/// A value, a type, a key or a member of a list, somewhere in a response's body.
fn plant_in_body(script: &Script, rng: &mut Rng) -> (Script, Expected) {
    let mut changed = script.clone();
    let with_body: Vec<usize> =
        (0..script.calls.len()).filter(|&at| script.calls[at].response.is_some()).collect();
    let at = *rng.pick(&with_body);
    let body = changed.calls[at].response.as_mut().unwrap();
    let mut pointers = Vec::new();
    leaves(body, String::new(), &mut pointers);
    // A value that names a member of a list is planted by the list's own.
    let plain = |value: &Value| !value.as_str().is_some_and(|text| text.contains('«'));
    let kind = match rng.below(4) {
        0 => {
            let leaves: Vec<String> =
                pointers.into_iter().filter(|at| plain(body.pointer(at).unwrap())).collect();
            let leaf = body.pointer_mut(rng.pick::<String>(&leaves)).unwrap();
            *leaf = match &*leaf {
                Value::String(text) => format!("{text}-other").into(),
                Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
                Value::Bool(bool) => (!bool).into(),
                _ => "something".into(),
            };
            "JSON value"
        }
        1 => {
            let is_number =
                |at: &String| body.pointer(at).unwrap().is_u64() || body.pointer(at).unwrap().is_boolean();
            let leaves: Vec<String> = pointers.into_iter().filter(is_number).collect();
            if leaves.is_empty() {
                return plant_in_body(script, rng);
            }
            let leaf = body.pointer_mut(rng.pick::<String>(&leaves)).unwrap();
            *leaf = leaf.to_string().into();
            "JSON type"
        }
        2 => {
            let objects = objects(body);
            let object = body.pointer_mut(rng.pick::<String>(&objects)).unwrap().as_object_mut().unwrap();
            // Without its name a member of a list is another one.
            let keys: Vec<String> = object
                .keys()
                .filter(|key| !["name", "id", "rel", "type"].contains(&key.as_str()))
                .cloned()
                .collect();
            match rng.below(2) {
                0 if !keys.is_empty() => _ = object.remove(rng.pick::<String>(&keys)),
                _ => _ = object.insert("new_key".into(), json!({"a": 1})),
            }
            "JSON key"
        }
        _ => {
            let mut lists = Vec::new();
            lists_in(body, String::new(), &mut lists);
            if lists.is_empty() {
                return plant_in_body(script, rng);
            }
            let list = body.pointer_mut(rng.pick::<String>(&lists)).unwrap().as_array_mut().unwrap();
            let place = rng.below(list.len());
            let is_object = list[0].is_object();
            if list.len() > 1 && rng.below(2) == 0 {
                list.remove(place);
            } else if is_object {
                let mut member: Map<String, Value> = list[0].as_object().unwrap().clone();
                for key in ["name", "rel", "id", "type"] {
                    if let Some(name) = member.get_mut(key).filter(|name| plain(name)) {
                        *name = "newcomer".into();
                    } else if let Some(id) = member.get_mut(key) {
                        *id = "«id77»".into();
                    }
                }
                list.insert(place, member.into());
            } else {
                list.insert(place, "newcomer".into());
            }
            "JSON list member"
        }
    };
    (changed, Expected { kind, changes: vec![(What::Body, Some(Side::Response), at + 1)] })
}

fn leaves(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| leaves(value, format!("{at}/{key}"), found))
        }
        Value::Array(members) => members
            .iter()
            .enumerate()
            .for_each(|(place, value)| leaves(value, format!("{at}/{place}"), found)),
        _ => found.push(at),
    }
}

fn objects(body: &Value) -> Vec<String> {
    fn walk(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(key, value)| walk(value, format!("{at}/{key}"), found));
                found.push(at);
            }
            Value::Array(members) => {
                members
                    .iter()
                    .enumerate()
                    .for_each(|(place, value)| walk(value, format!("{at}/{place}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(body, String::new(), &mut found);
    found
}

fn lists_in(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(key, value)| lists_in(value, format!("{at}/{key}"), found))
        }
        Value::Array(members) if !members.is_empty() => {
            members
                .iter()
                .enumerate()
                .for_each(|(place, value)| lists_in(value, format!("{at}/{place}"), found));
            found.push(at);
        }
        _ => {}
    }
}
