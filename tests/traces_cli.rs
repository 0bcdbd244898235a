//! Traces in and out, as a user types it: `docgen import` of logs, `docgen log`, git's diffs, other
//! programs' eyes on what docgen writes, and what the project itself publishes.
//!
//! mitmproxy is that of `scripts/setup test`; without it, its test is skipped, and listed as ignored.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use docgen::redact::{RuleSpec, Rules, find_secrets};
use libtest_mimic::{Arguments, Trial};

const TOKEN: &str = "gAAAAABqExampleOfATokenThatIsLongEnoughToBeShownWithItsHeadAndTail0123456789012345678901234567890123456789abcdef";
const PASSWORD: &str = "sesame-open-yourself";

fn main() {
    let always: [(&str, fn()); 6] = [
        ("an_imported_har_has_no_secrets", an_imported_har_has_no_secrets),
        ("a_trace_in_the_way_is_replaced_by_force_alone", a_trace_in_the_way_is_replaced_by_force_alone),
        ("a_damaged_log_keeps_its_other_exchanges", a_damaged_log_keeps_its_other_exchanges),
        ("what_is_no_log_is_told", what_is_no_log_is_told),
        ("git_shows_readable_diffs", git_shows_readable_diffs),
        ("the_project_publishes_no_secret", the_project_publishes_no_secret),
    ];
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials: Vec<Trial> = always.into_iter().map(|(name, test)| trial(name, test)).collect();
    let name = "mitmproxy_reads_all_traces";
    trials.push(if mitmdump().exists() {
        trial(name, mitmproxy_reads_all_traces)
    } else {
        trial(&format!("{name} (needs scripts/setup test)"), || {}).with_ignored_flag(true)
    });
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mitmdump() -> PathBuf {
    repository().join(".build/mitmproxy/bin/mitmdump")
}

fn docgen(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1").output().unwrap()
}

/// What docgen says on standard error; its exit status has to be this.
fn says(status: i32, folder: &Path, arguments: &[&str]) -> String {
    let output = docgen(folder, arguments);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(status), "{text}");
    text
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

/// A HAR as a browser saves it, with secrets where they usually are.
fn har() -> String {
    let entry = |second: u32, method: &str, path: &str, body: &str| {
        let request = serde_json::json!({
            "method": method, "url": format!("http://h:9292{path}"), "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [
                {"name": "X-Auth-Token", "value": TOKEN},
                {"name": "Cookie", "value": format!("session={PASSWORD}")},
            ],
            "queryString": [], "headersSize": -1, "bodySize": body.len(),
            "postData": {"mimeType": "application/json", "text": body},
        });
        let response = serde_json::json!({
            "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [],
            "headers": [{"name": "X-Subject-Token", "value": TOKEN}],
            "content": {"size": 2, "mimeType": "application/json", "text": "{}"},
            "redirectURL": "", "headersSize": -1, "bodySize": 2,
        });
        serde_json::json!({
            "startedDateTime": format!("2026-11-20T10:00:{second:02}.000Z"), "time": 5,
            "request": request, "response": response, "cache": {}, "timings": {"send": 0, "wait": 5, "receive": 0},
        })
    };
    let login = format!(r#"{{"auth": {{"password": "{PASSWORD}"}}}}"#);
    let entries =
        [entry(1, "POST", "/v3/auth/tokens", &login), entry(2, "GET", &format!("/images?token={TOKEN}"), "")];
    let creator = serde_json::json!({"name": "a browser", "version": "1"});
    serde_json::json!({"log": {"version": "1.2", "creator": creator, "entries": entries}}).to_string()
}

fn an_imported_har_has_no_secrets() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("LOG.har"), har()).unwrap();
    let said = says(0, root.path(), &["import", "LOG.har", "captures/a"]);
    contains(&said, &["captures/a: 2 exchanges"]);
    let trace = fs::read_to_string(root.path().join("captures/a/trace.har")).unwrap();
    assert!(!trace.contains(PASSWORD) && !trace.contains(TOKEN), "{trace}");
    contains(&trace, &["gAAAAABqE", "(...)", "/v3/auth/tokens"]);
    says(0, root.path(), &["render", "captures", "docs"]);
    says(0, root.path(), &["check", "captures", "docs"]);
    // The language and the rules are those of the folder's settings.
    fs::create_dir(root.path().join("ko")).unwrap();
    fs::write(root.path().join("ko/docgen.toml"), "locale = \"ko\"\n[redact]\nkeys = [\"methods\"]\n")
        .unwrap();
    says(0, root.path(), &["import", "LOG.har", "ko/a"]);
    contains(&fs::read_to_string(root.path().join("ko/a/trace.har")).unwrap(), &["(...생략...)"]);
    // In clear where that is asked for, aloud.
    let said = says(0, root.path(), &["import", "LOG.har", "captures/b", "--keep-secrets"]);
    assert_eq!(said.matches("secrets are kept unredacted").count(), 1, "{said}");
    contains(&fs::read_to_string(root.path().join("captures/b/trace.har")).unwrap(), &[PASSWORD, TOKEN]);
    let said = says(1, root.path(), &["check", "captures", "docs"]);
    contains(&said, &["captures/b/trace.har"]);
    assert!(!said.contains(PASSWORD) && !said.contains(TOKEN), "{said}");
}

fn a_trace_in_the_way_is_replaced_by_force_alone() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("LOG.har"), har()).unwrap();
    for name in ["trace.har", "trace.log"] {
        let capture = root.path().join("captures").join(name.replace('.', "-"));
        let arguments = ["import", "LOG.har", capture.to_str().unwrap()];
        fs::create_dir_all(&capture).unwrap();
        fs::write(capture.join(name), "old").unwrap();
        fs::write(capture.join("page.md"), "prose").unwrap();
        let said = says(1, root.path(), &arguments);
        contains(&said, &[name, "is there already", "--force"]);
        assert_eq!(fs::read_to_string(capture.join(name)).unwrap(), "old");
        says(0, root.path(), &[&arguments[..], &["--force"]].concat());
        let mut names: Vec<_> =
            fs::read_dir(&capture).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["page.md", "trace.har"]);
    }
}

fn a_damaged_log_keeps_its_other_exchanges() {
    let root = tempfile::tempdir().unwrap();
    let log = repository().join("tests/fixtures/logs/zed/image-list/requestshook.log");
    let log = fs::read_to_string(log).unwrap();
    fs::write(root.path().join("whole.log"), &log).unwrap();
    let said = says(0, root.path(), &["import", "whole.log", "whole"]);
    let count = |folder: &str| {
        let trace = fs::read_to_string(root.path().join(folder).join("trace.har")).unwrap();
        trace.matches("\"startedDateTime\"").count()
    };
    assert!(count("whole") > 2, "{said}");
    // The last entry is cut off in its headers.
    let last = log.rfind("\n### ").unwrap();
    let cut = log[last..].match_indices('\n').nth(3).unwrap().0;
    fs::write(root.path().join("cut.log"), &log[..last + cut - 3]).unwrap();
    let said = says(1, root.path(), &["import", "cut.log", "cut"]);
    contains(&said, &["error: ", " --> cut.log:", "= help: "]);
    assert!(count("cut") >= count("whole") - 1, "{said}");
    assert!(fs::read_to_string(root.path().join("cut/trace.har")).unwrap().len() > 1000);
    // A HAR with a field that is none costs that field.
    let mut har: serde_json::Value = serde_json::from_str(&har()).unwrap();
    har["log"]["entries"][0]["request"] = "no request".into();
    fs::write(root.path().join("cut.har"), serde_json::to_string_pretty(&har).unwrap()).unwrap();
    let said = says(0, root.path(), &["import", "cut.har", "cut-har"]);
    contains(&said, &["warning: `request` is a string", " --> cut.har:"]);
    assert!(!said.contains(PASSWORD) && !said.contains(TOKEN), "{said}");
    assert_eq!(count("cut-har"), 2);
}

fn what_is_no_log_is_told() {
    let root = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("broken.har", &har()[..300]),
        ("other.har", r#"{"images": []}"#),
        (
            "empty.har",
            r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}"#,
        ),
        ("words.log", "nothing of interest\n"),
        ("empty.log", ""),
    ] {
        fs::write(root.path().join(name), content).unwrap();
        let said = says(1, root.path(), &["import", name, "captures/a"]);
        contains(&said, &["error: ", name]);
        assert!(!said.contains("a heading reads"), "{name} is taken for a page:\n{said}");
        assert!(!root.path().join("captures").exists(), "{name}");
    }
    contains(&says(1, root.path(), &["import", "nowhere.har", "captures/a"]), &["cannot read nowhere.har"]);
}

fn git_shows_readable_diffs() {
    let root = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(arguments);
        let output = command.current_dir(root.path()).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "-q"]);
    // The project's own attributes, and the two lines that the help tells.
    let attributes = fs::read_to_string(repository().join(".gitattributes")).unwrap();
    let help = String::from_utf8(docgen(root.path(), &["log", "--help"]).stdout).unwrap();
    let attribute = "*.har diff=docgen-trace";
    let setting = "git config diff.docgen-trace.textconv 'docgen log'";
    contains(&attributes, &[attribute, setting]);
    contains(&help, &[&format!("echo '{attribute}' >> .gitattributes"), setting]);
    fs::write(root.path().join(".gitattributes"), format!("{attribute}\n")).unwrap();
    let program = format!("'{}' log", env!("CARGO_BIN_EXE_docgen"));
    git(&["config", "diff.docgen-trace.textconv", &program]);

    let trace = fs::read_to_string(repository().join("captures/openstack/image/show/trace.har")).unwrap();
    fs::write(root.path().join("trace.har"), &trace).unwrap();
    git(&["add", "."]);
    git(&["commit", "-qm", "old"]);
    fs::write(root.path().join("trace.har"), trace.replace("cirros", "debian")).unwrap();
    let diff = git(&["diff"]);
    let changed: Vec<&str> =
        diff.lines().filter(|line| line.starts_with('-') && !line.starts_with("---")).collect();
    assert!(!changed.is_empty() && changed.iter().all(|line| line.contains("cirros")), "{diff}");
    // The body's own lines, which in the HAR are one long string.
    contains(&diff, &["\n-  \"name\": \"cirros\",\n", "\n+  \"name\": \"debian\",\n"]);
}

/// The files of the project that others read: captures and pages.
fn published() -> Vec<PathBuf> {
    let folders = ["captures", "docs"].map(|folder| repository().join(folder));
    let files =
        folders.iter().flat_map(|folder| walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap));
    let is_text = |path: &Path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        ["har", "log", "txt", "md", "toml"].contains(&extension)
    };
    files.map(walkdir::DirEntry::into_path).filter(|path| is_text(path)).collect()
}

fn the_project_publishes_no_secret() {
    let files = published();
    assert!(files.len() > 30);
    // Whatever docgen takes for a secret, and a token that is not shortened, whatever docgen thinks.
    let token = regex::Regex::new(r"gAAAAA[A-Za-z0-9_=-]{40}").unwrap();
    // The password of scripts/cloud/cloud.sh.
    let password = regex::Regex::new(r"docgen-[0-9]+-cloud-pass").unwrap();
    let rules = Rules::new("en", &RuleSpec::default()).unwrap();
    let mut in_clear = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found = find_secrets(&text, &rules).into_iter().map(|finding| (finding.span.start, finding.kind));
        let tokens = token.find_iter(&text).map(|found| (found.start(), "token, by its form"));
        let passwords = password.find_iter(&text).map(|found| (found.start(), "the cloud's password"));
        for (at, kind) in found.chain(tokens).chain(passwords) {
            // The place, and never what stands there.
            let line = text[..at].matches('\n').count() + 1;
            in_clear.push(format!("{}:{line}: {kind}", file.display()));
        }
    }
    assert!(in_clear.is_empty(), "{in_clear:#?}");
}

fn mitmproxy_reads_all_traces() {
    let traces: Vec<PathBuf> =
        published().into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "har")).collect();
    assert!(traces.len() > 8);
    for trace in traces {
        let count = fs::read_to_string(&trace).unwrap().matches("\"startedDateTime\"").count();
        let output = Command::new(mitmdump())
            .args(["--set", "flow_detail=1", "-nr"])
            .arg(&trace)
            .env("HOME", std::env::temp_dir())
            .output()
            .unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{shown}");
        assert_eq!(shown.matches(" << ").count(), count, "{}\n{shown}", trace.display());
    }
}
