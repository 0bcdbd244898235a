//! What a new recording takes over from the old one, as a user sees it: real commands, a server that makes
//! everything anew.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use support::{Ran, Site};

/// A shop whose items, requests and jobs are made anew, and the status of an item.
struct Shop {
    address: SocketAddr,
    status: Arc<Mutex<&'static str>>,
}

impl Shop {
    fn open() -> Shop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let status = Arc::new(Mutex::new("queued"));
        let shop = Shop { address, status: status.clone() };
        std::thread::spawn(move || {
            let mut count = 0;
            for stream in listener.incoming() {
                count += 1;
                answer(stream.unwrap(), count, *status.lock().unwrap());
            }
        });
        shop
    }
}

fn answer(mut stream: TcpStream, count: u32, status: &str) {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    reader.read_line(&mut line).unwrap();
    // An item that is there already has its number.
    let number = line.split(' ').nth(1).and_then(|path| path.rsplit('/').next()?.parse().ok());
    let item: u32 = number.unwrap_or(count);
    while !matches!(&*line, "\r\n" | "") {
        line.clear();
        reader.read_line(&mut line).unwrap();
    }
    let now = chrono::Utc::now() + chrono::Duration::seconds(i64::from(count) * 10);
    let id = format!("{item:08}-0000-4000-8000-{item:012}");
    // Keys of an object, and members of a list, have no order.
    let keys = [format!("\"id\": \"{id}\""), format!("\"status\": \"{status}\"")];
    let keys = if count.is_multiple_of(2) { [&*keys[1], &*keys[0]] } else { [&*keys[0], &*keys[1]] };
    let body = format!(
        "{{\"item\": {{{}, {}}}, \"made_at\": \"{}\", \"job\": \"j{count}\"}}\n",
        keys[0],
        keys[1],
        now.format("%Y-%m-%dT%H:%M:%SZ")
    );
    let date = now.format("%a, %d %b %Y %H:%M:%S GMT");
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nDate: {date}\r\nX-Request-Id: r{count}-{count}{count}{count}{count}aa\r\nX-Backend: b{count}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// `docgen capture captures …` in a folder.
fn capture(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.args(["capture", "captures"]).args(arguments).current_dir(site.root()).env("NO_COLOR", "1");
    Ran::from(command.output().unwrap())
}

/// All files below the captures.
fn files(site: &Site) -> BTreeMap<String, String> {
    let root = site.path("captures");
    let entries = walkdir::WalkDir::new(&root).into_iter().map(Result::unwrap);
    let text = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let file = |entry: walkdir::DirEntry| {
        let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        (name, text(entry.path()))
    };
    // What is noted for docgen alone is no recording.
    let is_own =
        |entry: &walkdir::DirEntry| entry.path().components().any(|part| part.as_os_str() == ".docgen");
    entries.filter(|entry| entry.file_type().is_file() && !is_own(entry)).map(file).collect()
}

/// Two captures of a shop, recorded once; what varies and is known as nothing that does is set aside.
fn recorded(shop: &Shop) -> Site {
    let site = Site::new();
    site.write("captures/docgen.toml", "[volatile]\nheaders = ['X-Backend']\npointers = ['/job']\n");
    for name in ["a", "b"] {
        let url = format!("http://{}/items/{name}", shop.address);
        site.write(&format!("captures/{name}/capture.toml"), format!("command = 'curl -sS {url}'\n"));
    }
    let first = capture(&site, &[]);
    assert_eq!(first.status, 0, "{}", first.err);
    assert!(!first.err.contains("kept"), "{}", first.err);
    site
}

#[test]
fn what_did_not_change_keeps_its_bytes() {
    let shop = Shop::open();
    let site = recorded(&shop);
    let old = files(&site);
    let again = capture(&site, &[]);
    assert_eq!(again.status, 0, "{}", again.err);
    // A time in a header, one in the body, an id, and a request.
    assert!(
        again.err.contains("a  1 exchange in") && again.err.contains(", 4 values kept, no change"),
        "{}",
        again.err
    );
    assert_eq!(files(&site), old);
    // One alone, and one that does something otherwise.
    *shop.status.lock().unwrap() = "active";
    let again = capture(&site, &["b"]);
    assert!(again.err.contains(", 4 values kept, 2 changes"), "{}", again.err);
    let new = files(&site);
    let changed: Vec<&str> =
        old.iter().filter(|(name, text)| new[*name] != **text).map(|(name, _)| name.as_str()).collect();
    assert_eq!(changed, ["b/output.txt", "b/trace.har"]);
    assert_eq!(new["b/output.txt"], old["b/output.txt"].replace("queued", "active"));
    assert_eq!(
        new["b/trace.har"].replace("active", "queued").lines().collect::<Vec<_>>(),
        old["b/trace.har"].lines().collect::<Vec<_>>()
    );
    let fresh = capture(&site, &["a", "--fresh"]);
    assert!(!fresh.err.contains("kept"), "{}", fresh.err);
    assert_ne!(files(&site)["a/trace.har"], old["a/trace.har"]);
}

#[test]
fn a_new_command_keeps_what_it_can() {
    let shop = Shop::open();
    let site = recorded(&shop);
    let old = files(&site);
    let url = format!("http://{}/items/a", shop.address);
    let again = capture(&site, &["a", "--force", "--", "curl", "-sS", &url]);
    assert!(again.err.contains("4 values kept, no change"), "{}", again.err);
    assert_eq!(files(&site)["a/trace.har"], old["a/trace.har"]);
    let other = capture(&site, &["c", "--", "curl", "-sS", &url]);
    assert!(other.status == 0 && !other.err.contains("kept"), "{}", other.err);
}

#[test]
fn a_check_tells_and_writes_nothing() {
    let shop = Shop::open();
    let site = recorded(&shop);
    site.write("captures/b/page.md", "# B\n\nIt is queued.\n\n{{ output }}\n");
    let (old, noted) = (files(&site), site.read("captures/.docgen/last-run.json"));
    let same = capture(&site, &["--check"]);
    assert_eq!((same.status, &*same.out), (0, ""), "{}", same.err);
    *shop.status.lock().unwrap() = "active";
    let told = capture(&site, &["--check", "b"]);
    assert_eq!(told.status, 1, "{}", told.err);
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", told.out);
    assert!(
        lines[0].contains("response body /item/status: \"queued\" → \"active\"  [b (2)]"),
        "{}",
        told.out
    );
    assert!(lines[1].starts_with("output /item/status"), "{}", told.out);
    assert_eq!(lines[2], "read again: captures/b/page.md:3");
    let json = capture(&site, &["--check", "--format", "json"]);
    assert_eq!((json.status, json.out.lines().count()), (1, 4), "{}", json.err);
    assert!(json.out.contains("\"prose\":[{\"file\":\"captures/b/page.md\",\"line\":3}]"), "{}", json.out);
    assert_eq!(files(&site), old);
    assert_eq!(site.read("captures/.docgen/last-run.json"), noted);
    // A command that fails is one that does something otherwise.
    site.write("captures/a/capture.toml", "command = 'curl -sS http://127.0.0.1:1/'\n");
    let failed = capture(&site, &["--check", "a"]);
    assert!(failed.status == 1 && failed.err.contains("1 failed"), "{}", failed.err);
    assert_eq!(capture(&site, &["--format", "json"]).status, 2);
}

/// A check is a run like others: of some captures alone, and of those that failed the last time.
#[test]
fn a_check_goes_over_what_a_run_would() {
    let shop = Shop::open();
    let site = recorded(&shop);
    let b = site.read("captures/b/capture.toml");
    site.write("captures/b/capture.toml", format!("{b}[capture]\nneeds = ['a']\n"));
    let (old, noted) = (files(&site), site.read("captures/.docgen/last-run.json"));
    *shop.status.lock().unwrap() = "active";
    let places = |arguments: &[&str]| -> Vec<String> {
        let told = capture(&site, &[&["--check", "--format", "json"], arguments].concat());
        assert!(!told.err.contains("error"), "{}", told.err);
        assert_eq!((files(&site), site.read("captures/.docgen/last-run.json")), (old.clone(), noted.clone()));
        let change = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let mut names: Vec<String> =
            told.out.lines().map(|line| change(line)["capture"].as_str().unwrap().to_owned()).collect();
        names.dedup();
        assert_eq!(told.status, i32::from(!names.is_empty()), "{}", told.err);
        names
    };
    assert_eq!(places(&["b"]), ["a", "b"]);
    assert_eq!(places(&["b", "--only"]), ["b"]);
    assert!(places(&["--resume"]).is_empty());
    // One that failed is the one to look at.
    site.write("captures/b/capture.toml", b.replace("curl", "curl --no-such-option"));
    assert_eq!(capture(&site, &["b"]).status, 1);
    site.write("captures/b/capture.toml", &b);
    let (old, noted) = (files(&site), site.read("captures/.docgen/last-run.json"));
    let told = capture(&site, &["--check", "--resume"]);
    assert_eq!(told.status, 1, "{}", told.err);
    assert!(told.out.contains("[b (2)]") && !told.out.contains("a ("), "{}", told.out);
    assert_eq!((files(&site), site.read("captures/.docgen/last-run.json")), (old, noted));
}

#[test]
fn what_varies_is_proposed() {
    let shop = Shop::open();
    let site = recorded(&shop);
    site.write("captures/docgen.toml", "");
    let old = files(&site);
    let told = capture(&site, &["--learn"]);
    assert_eq!(told.status, 0, "{}", told.err);
    let settings: toml::Table = toml::from_str(&told.out).unwrap();
    let expected: toml::Table =
        toml::from_str("[volatile]\nheaders = ['X-Backend']\npointers = ['/job']\n").unwrap();
    assert_eq!(settings, expected, "{}", told.out);
    assert!(told.out.contains("\"X-Backend\",  # a (2), b (2): b"), "{}", told.out);
    assert_eq!(files(&site), old);
    // Pasted, it says all.
    site.write("captures/docgen.toml", &*told.out);
    let told = capture(&site, &["--learn"]);
    assert_eq!((told.status, &*told.out), (0, ""), "{}", told.err);
}

#[test]
fn an_old_recording_that_cannot_be_used_is_told() {
    let shop = Shop::open();
    let site = recorded(&shop);
    let trace = files(&site)["a/trace.har"].clone();
    let conflict = format!("<<<<<<< ours\n{trace}=======\n{trace}>>>>>>> theirs\n");
    for damaged in [&trace[..trace.len() / 2], "no trace at all", &conflict] {
        site.write("captures/a/trace.har", damaged);
        let again = capture(&site, &["a"]);
        assert_eq!(again.status, 0, "{}", again.err);
        assert!(
            again.err.contains("the old recording is not used: ")
                && again.err.contains("captures/a/trace.har")
                && !again.err.contains("kept"),
            "{}",
            again.err
        );
        assert!(capture(&site, &["a"]).err.contains("values kept, no change"));
    }
    site.write("captures/docgen.toml", "[volatile]\npatterns = ['(']\n");
    let wrong = capture(&site, &["a"]);
    assert!(wrong.status == 1 && wrong.err.contains("is no regular expression"), "{}", wrong.err);
    assert!(
        wrong.err.contains("captures/docgen.toml") && !wrong.err.contains("exchange in"),
        "{}",
        wrong.err
    );
}

#[test]
fn what_a_person_names_anew_is_named_so() {
    let shop = Shop::open();
    let site = recorded(&shop);
    // The next item.
    let command = format!("command = 'curl -sS http://{}/items/a'\n", shop.address);
    let id = format!("{:08}-0000-4000-8000-{:012}", 3, 3);
    site.write("captures/a/capture.toml", format!("{command}[vars]\nid = '{id}'\n"));
    let again = capture(&site, &["a"]);
    assert!(
        again.err.contains(&format!("capture.toml names `{id}`, so no old values are kept")),
        "{}",
        again.err
    );
    assert!(files(&site)["a/trace.har"].contains(&id));
}

#[test]
fn what_one_capture_says_afresh_is_nothing_that_others_know() {
    let shop = Shop::open();
    let site = Site::new();
    site.write("captures/docgen.toml", "[volatile]\nheaders = ['X-Backend']\npointers = ['/job']\n");
    let id = |number: u32| format!("{number:08}-0000-4000-8000-{number:012}");
    let command = |name: &str, item: u32, more: &str| {
        let url = format!("http://{}/items/{item}", shop.address);
        site.write(&format!("captures/{name}/capture.toml"), format!("command = 'curl -sS {url}'\n{more}"));
    };
    command("a", 100, "");
    command("b", 100, "");
    assert_eq!(capture(&site, &[]).status, 0);
    // From now on `a` is about another item, and `b` is not.
    command("a", 300, &format!("[vars]\nid = '{}'\n", id(300)));
    let again = capture(&site, &[]);
    assert!(again.err.contains("so no old values are kept"), "{}", again.err);
    assert!(again.err.contains("b  1 exchange in") && again.err.contains("no change"), "{}", again.err);
    assert!(files(&site)["a/trace.har"].contains(&id(300)), "{}", again.err);
    assert!(files(&site)["b/trace.har"].contains(&id(100)), "{}", again.err);
}

#[test]
fn what_may_be_missing_is_no_change() {
    let shop = Shop::open();
    let site = Site::new();
    let (item, token) =
        (format!("http://{}/items/1", shop.address), format!("http://{}/token", shop.address));
    site.write(
        "captures/docgen.toml",
        format!(
            "layout = 'page'\n[volatile]\nheaders = ['X-Backend']\npointers = ['/job']\n\
             [[group]]\nkind = 'opt'\ntitle = 'no token yet'\nfirst = '{} GET /token'\n",
            shop.address
        ),
    );
    let with_token = format!("command = 'curl -sS -o /dev/null {token} -o /dev/null {item}'\n");
    let without = format!("command = 'curl -sS -o /dev/null {item}'\n");
    site.write("captures/a/capture.toml", &with_token);
    assert_eq!(capture(&site, &[]).status, 0);
    for (command, exchanges) in [(&without, "1 exchange"), (&with_token, "2 exchanges")] {
        site.write("captures/a/capture.toml", command);
        let again = capture(&site, &[]);
        assert!(again.err.contains(exchanges) && again.err.contains(", no change"), "{}", again.err);
    }
    let group = site.read("captures/docgen.toml");
    site.write("captures/docgen.toml", group.replace("'opt'", "'loop'"));
    site.write("captures/a/capture.toml", &without);
    let again = capture(&site, &[]);
    assert!(again.err.contains(", 1 change"), "{}", again.err);
}
