//! `docgen import` as a user types it: what is taken in, what is passed over, and why.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Ran, Site, own};

/// A page that documents one call.
const PAGE: &str =
    "# Look\n\n``` mermaid\nsequenceDiagram\n  autonumber\n  c->>s: GET /bags\n  s-->>c: 200 OK\n```\n";

fn docgen(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    Ran::from(command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1").output().unwrap())
}

/// A site with these pages in its docs folder.
fn site(pages: &[(&str, &str)]) -> Site {
    let site = Site::new();
    for (name, text) in pages {
        site.write(&format!("docs/{name}"), text);
    }
    site
}

#[test]
fn a_page_without_http_is_no_capture() {
    let diagram =
        |lines: &str| format!("# Page\n\n```mermaid\n{lines}\n```\n\n``` bash\n$ rm -rf build\n```\n");
    let pages = [
        (
            "words.md",
            diagram(
                "sequenceDiagram\n  Alice->>Bob: Hello Bob, how are you?\n  Bob-->>Alice: 200 times better",
            ),
        ),
        (
            "notes.md",
            diagram(
                "sequenceDiagram\n  autonumber\n  A->>B: knock\n  Note over A,B: GET /looks like one\n  B-->>A: come in",
            ),
        ),
        (
            "loop.md",
            diagram(
                "sequenceDiagram\n  loop Every minute\n    John-->Alice: Great!\n  end\n  alt is sick\n    Bob->>Alice: Not so good :(\n  end",
            ),
        ),
        ("flow.md", diagram("flowchart LR\n  A[GET /a] --> B[200 OK]")),
        ("none.md", "# Nothing\n\nGET /a is what one would ask.\n".to_owned()),
    ];
    let pages: Vec<(&str, &str)> = pages.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let all = site(&pages);
    let ran = docgen(&all, &["import", "docs", "captures"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(all.files("captures").is_empty(), "{}", ran.err);
    for (name, _) in pages {
        let ran = docgen(&all, &["import", &format!("docs/{name}"), "captures/x"]);
        assert_eq!(ran.status, 1, "{name}: {}", ran.err);
        assert!(ran.err.contains("this page documents no calls"), "{name}: {}", ran.err);
        assert!(ran.err.contains("= help: "), "{name}: {}", ran.err);
        assert!(all.files("captures").is_empty(), "{name}");
    }
}

#[test]
fn a_page_of_curl_commands_is_refused_with_what_to_do() {
    let page = "# Look\n\n1. Ask:\n\n    ``` bash\n    $ curl -i http://h/bags\n    ```\n\n2. Read it.\n";
    let site = site(&[("curl.md", page), ("look.md", PAGE)]);
    let ran = docgen(&site, &["import", "docs/curl.md", "captures/x"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("docs/curl.md:6") && ran.err.contains("docgen capture"), "{}", ran.err);
    // Among others it is told, and they come in.
    let ran = docgen(&site, &["import", "docs", "captures"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("note: this page shows its calls as commands of curl"), "{}", ran.err);
    assert!(site.exists("captures/look/trace.har") && !site.exists("captures/curl"));
}

#[test]
fn pages_that_docgen_wrote_are_not_imported() {
    let site = site(&[("look.md", PAGE)]);
    assert_eq!(docgen(&site, &["import", "docs/look.md", "captures/look"]).status, 0);
    site.write("captures/new/trace.har", "{\"log\": {\"entries\": []}}");
    assert_eq!(docgen(&site, &["render", "captures", "docs"]).status, 0);
    site.write("docs/other.md", PAGE);
    let ran = docgen(&site, &["import", "docs/look.md", "again/look"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("docgen wrote this page itself"), "{}", ran.err);
    let ran = docgen(&site, &["import", "docs", "again"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("docgen wrote them itself"), "{}", ran.err);
    assert!(site.exists("again/other/trace.har") && !site.exists("again/look"), "{}", ran.err);
}

#[test]
fn a_command_that_asks_no_server_is_not_taken() {
    let page = |command: &str| format!("{PAGE}\n``` bash\n$ {command}\n```\n");
    let site = site(&[("git.md", &page("git remote -v")), ("shop.md", &page("shop look"))]);
    for (name, command) in [("git", None), ("shop", Some("command = \"shop look\""))] {
        let ran = docgen(&site, &["import", &format!("docs/{name}.md"), &format!("captures/{name}")]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let settings = site.read(&format!("captures/{name}/capture.toml"));
        assert_eq!(settings.lines().find(|line| line.starts_with("command")), command, "{settings}");
        assert_eq!(ran.err.contains("is not taken for the page's command"), command.is_none(), "{}", ran.err);
    }
}

#[test]
fn the_first_line_of_a_message_tells_what_was_asked() {
    let page = include_str!("cases/import/first-lines-en/page.md");
    let site = site(&[("look.md", page)]);
    assert_eq!(docgen(&site, &["import", "docs/look.md", "captures/look"]).status, 0);
    let har: serde_json::Value = serde_json::from_str(&site.read("captures/look/trace.har")).unwrap();
    let of = |pointer: &str| har.pointer(&format!("/log/entries/0/{pointer}")).cloned().unwrap_or_default();
    assert_eq!(of("request/method"), "GET");
    assert_eq!(of("request/url"), "http://shop.example/bags?color=red");
    assert_eq!(of("response/status"), 200);
    assert_eq!(of("response/content/text"), "[{\"color\": \"red\"}]");
}

#[test]
fn a_har_and_its_import_make_the_same_page() {
    for case in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/har/of-any-tool/captures"))
            .unwrap()
    {
        let case = case.unwrap().path();
        if !case.is_dir() {
            continue;
        }
        let har = std::fs::read_to_string(case.join("trace.har")).unwrap();
        let site = Site::new();
        site.write("captures/docgen.toml", "layout = \"page\"\n");
        site.write("captures/x/trace.har", &har);
        docgen(&site, &["render", "captures", "docs"]);
        let page = site.read("docs/x.md");
        site.write("given.har", &har);
        docgen(&site, &["import", "given.har", "captures/x", "--force", "--keep-secrets"]);
        let ran = docgen(&site, &["render", "captures", "docs"]);
        assert_eq!(ran.status, 0, "{}: {}", case.display(), ran.err);
        assert!(!ran.err.contains("warning: "), "{}: {}", case.display(), ran.err);
        // A gap has the place that it had in the first file, in both.
        assert_eq!(site.read("docs/x.md"), page, "{}", case.display());
    }
}

#[test]
fn a_password_in_a_form_in_parts_is_in_no_file_of_the_capture() {
    let form =
        "--x\\r\\nContent-Disposition: form-data; name=\\\"password\\\"\\r\\n\\r\\nhunter22\\r\\n--x--\\r\\n";
    let har = format!(
        "{{\"log\": {{\"entries\": [{{\"startedDateTime\": \"2024-01-01T00:00:01Z\", \"request\": {{\"method\": \"POST\", \"url\": \"http://h/login\",\n\"postData\": {{\"mimeType\": \"multipart/form-data; boundary=x\",\n\"text\": \"{form}\"}}}}, \"response\": {{\"status\": 204}}}}]}}}}"
    );
    let site = Site::new();
    site.write("given.har", &har);
    assert_eq!(docgen(&site, &["import", "given.har", "captures/x"]).status, 0);
    assert_eq!(docgen(&site, &["render", "captures", "docs"]).status, 0);
    for (name, content) in site.files("captures").into_iter().chain(site.files("docs")) {
        assert!(!String::from_utf8_lossy(&content).contains("hunter22"), "{name}");
    }
    // As somebody recorded it, it is found where it is.
    site.write("captures/x/trace.har", &har);
    docgen(&site, &["render", "captures", "docs"]);
    let ran = docgen(&site, &["check", "captures", "docs"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("captures/x/trace.har:3:") && !ran.err.contains("hunter22"), "{}", ran.err);
}

/// What is neither a page nor a folder of them is told where it may stand for one.
#[test]
fn links_and_pipes_among_pages_are_told() {
    let site = site(&[("a.md", PAGE), ("deep/b.md", PAGE)]);
    let at = |name: &str| site.path(&format!("docs/{name}"));
    std::os::unix::fs::symlink("a.md", at("link.md")).unwrap();
    std::os::unix::fs::symlink("deep", at("folder")).unwrap();
    std::os::unix::fs::symlink("a.md", at("picture.png")).unwrap();
    std::os::unix::fs::symlink("nowhere", at(".#b.md")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe.md"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let ran = docgen(&site, &["import", "docs", "captures"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    for told in [
        "`docs/link.md` is a symbolic link",
        "`docs/folder` is a symbolic link",
        "`docs/pipe.md` is no regular file",
    ] {
        assert_eq!(ran.err.matches(told).count(), 1, "{told}: {}", ran.err);
    }
    assert_eq!(ran.err.matches("is passed over").count(), 3, "{}", ran.err);
    assert!(ran.err.contains("2 pages imported"), "{}", ran.err);
}

#[test]
fn a_pipe_is_read_where_somebody_writes_to_it() {
    let site = site(&[]);
    let pipe = site.path("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for command in [&["import", "pipe", "captures/a"][..], &["log", "pipe"]] {
        docgen(&site, command).complains(&["nothing comes out of the pipe `pipe`"]);
    }
    assert!(!site.exists("captures/a"));
    for (text, capture) in [(PAGE.to_owned(), "captures/page"), (support::log("x", "x"), "captures/log")] {
        site.write("text", text);
        let line = format!("cat text | \"$0\" import /dev/stdin {capture}");
        let mut command = Command::new("sh");
        command.args(["-c", &line, env!("CARGO_BIN_EXE_docgen")]).current_dir(site.root());
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.status, 0, "{capture}: {}", ran.err);
        assert!(site.exists(&format!("{capture}/trace.har")), "{capture}");
    }
}

#[test]
fn a_page_of_exchanges_is_not_read_back() {
    let page = std::fs::read_to_string(own("docs/openstack/server/create.md")).unwrap();
    let line = page.lines().position(|line| line.contains("docgen-overview")).unwrap() + 1;
    let site = site(&[("create.md", &page)]);
    let ran = docgen(&site, &["import", "docs/create.md", "captures/create"]);
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains(&format!("create.md:{line}:")), "{}", ran.err);
    assert!(ran.err.contains("in the layout `exchanges`") && ran.err.contains("`docgen new`"), "{}", ran.err);
    assert!(!site.exists("captures/create"));
}
