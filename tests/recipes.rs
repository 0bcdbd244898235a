//! The recipes of the guide for CI, run: each line that a workflow there has a shell run is run by a shell, in a
//! clone, against a small server. What this leaves out: GitHub itself.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use support::{Ran, Site};

/// A step of a workflow.
#[derive(Debug)]
struct Step {
    script: String,
    /// Whether it runs after one that failed, too.
    is_always: bool,
}

/// The steps with a script of the workflow that the guide has under this name.
fn workflow(name: &str) -> Vec<Step> {
    let guide = std::fs::read_to_string(support::own("docs/guide/ci.md")).unwrap();
    let (_, rest) = guide.split_once(&format!("``` yaml\n# .github/workflows/{name}\n")).unwrap();
    let (text, _) = rest.split_once("\n```\n").unwrap();
    let mut steps = Vec::new();
    let mut is_always = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let key = line.trim_start().trim_start_matches("- ");
        if line.trim_start().starts_with("- ") {
            is_always = key == "if: always()";
        }
        let Some(script) = key.strip_prefix("run: ") else { continue };
        let indent = line.len() - line.trim_start().len();
        let mut script = script.to_owned();
        if script == "|" {
            script.clear();
            let is_of_block = |line: &&str| line.len() - line.trim_start().len() > indent;
            while let Some(line) = lines.next_if(is_of_block) {
                script += &format!("{}\n", line.trim_start());
            }
        }
        steps.push(Step { script, is_always });
    }
    steps
}

/// A server that says one word.
fn server(word: &Arc<Mutex<&'static str>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, word) = (listener.local_addr().unwrap(), word.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !matches!(&*line, "\r\n") {
                line.clear();
                if reader.read_line(&mut line).unwrap() == 0 {
                    break;
                }
            }
            let body = format!("{{\"status\": \"{}\"}}", word.lock().unwrap());
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

/// `docgen …` in the folder of a site, which has to do well.
fn docgen(site: &Site, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_docgen")).args(arguments).current_dir(site.root()).output();
    let ran = Ran::from(output.unwrap());
    assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.err);
}

/// Runs the steps of a workflow in a new clone of a site, as a runner does: `bash -e`, and after a failure only what
/// runs always. Gives what each did, and the summary.
fn run(site: &Site, steps: &[Step]) -> (Vec<Ran>, String) {
    let folder = tempfile::tempdir().unwrap();
    let clone = folder.path().join("clone");
    site.git(&[
        "clone",
        "-q",
        "--depth",
        "2",
        &format!("file://{}", site.root().display()),
        clone.to_str().unwrap(),
    ]);
    let summary = folder.path().join("summary");
    let path = std::env::var("PATH").unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_docgen")).parent().unwrap().display();
    let mut has_failed = false;
    let mut done = Vec::new();
    for step in steps.iter() {
        if has_failed && !step.is_always {
            continue;
        }
        let output = Command::new("bash")
            .args(["-e", "-c", &step.script])
            .current_dir(&clone)
            .env("PATH", format!("{program}:{path}"))
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output();
        let ran = Ran::from(output.unwrap());
        has_failed |= ran.status != 0;
        done.push(ran);
    }
    let status = Command::new("git").args(["status", "--porcelain"]).current_dir(&clone).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stdout), "", "a workflow changes nothing");
    (done, std::fs::read_to_string(&summary).unwrap_or_default())
}

/// A project with one capture and its page, committed; and the word that its server says.
fn project() -> (Site, Arc<Mutex<&'static str>>) {
    let word = Arc::new(Mutex::new("queued"));
    let site = Site::new();
    let url = format!("http://{}/item", server(&word));
    site.write("captures/docgen.toml", "layout = 'page'\n");
    site.write("captures/item/capture.toml", format!("command = 'curl -sS {url}'\n"));
    site.write("captures/item/page.md", "# Item\n\nIt is queued.\n\n{{ rest }}\n\n{{ output }}\n");
    site.git(&["init", "-q"]);
    record(&site);
    commit(&site);
    (site, word)
}

fn record(site: &Site) {
    docgen(site, &["capture", "captures"]);
    docgen(site, &["render", "captures", "docs"]);
}

fn commit(site: &Site) {
    site.git(&["add", "-A"]);
    site.git(&["commit", "-q", "-m", "x"]);
}

fn statuses(ran: &[Ran]) -> Vec<i32> {
    ran.iter().map(|ran| ran.status).collect()
}

#[test]
fn a_pull_request_is_checked_and_told() {
    let steps = workflow("docs.yml");
    assert_eq!(steps.len(), 3, "{steps:?}");
    let (site, word) = project();
    // One that changes no recording.
    site.write("README", "x");
    commit(&site);
    let (ran, summary) = run(&site, &steps);
    assert_eq!((statuses(&ran), &*ran[2].out), (vec![0, 0, 0], ""), "{ran:?}");
    assert!(summary.starts_with("1 capture: 1 the same\n"), "{summary}");
    // One with what the server says now.
    *word.lock().unwrap() = "active";
    record(&site);
    commit(&site);
    let (ran, summary) = run(&site, &steps);
    assert_eq!(statuses(&ran), [0, 0, 0], "{ran:?}");
    let annotations: Vec<&str> = ran[2].out.lines().collect();
    assert!(annotations[0].starts_with("::warning file=captures/item/page.md,line=3,"), "{annotations:?}");
    let is_told =
        |line: &&str| line.starts_with("::notice file=captures/item/trace.har,") && line.contains("/status");
    assert!(annotations.iter().any(is_told), "{annotations:?}");
    assert!(summary.contains("| Where |") && summary.contains("\"active\""), "{summary}");
    // One whose page is not what its capture says: it fails, and what changed is told all the same.
    let page: PathBuf = site.path("docs/item.md");
    std::fs::write(&page, std::fs::read_to_string(&page).unwrap() + "By hand.\n").unwrap();
    commit(&site);
    let (ran, summary) = run(&site, &steps);
    assert_eq!(statuses(&ran), [1, 0], "{ran:?}");
    assert!(ran[0].err.contains("docs/item.md"), "{ran:?}");
    assert!(summary.starts_with("1 capture: 1 the same\n"), "{summary}");
}

#[test]
fn every_night_the_documentation_tests_the_cloud() {
    let steps = workflow("nightly.yml");
    assert_eq!(steps.len(), 1, "{steps:?}");
    let (site, word) = project();
    let (ran, _) = run(&site, &steps);
    assert_eq!((statuses(&ran), &*ran[0].out), (vec![0], ""), "{ran:?}");
    *word.lock().unwrap() = "active";
    let (ran, _) = run(&site, &steps);
    assert_eq!(statuses(&ran), [1], "{ran:?}");
    assert!(ran[0].out.contains("response body /status: \"queued\" → \"active\"  [item (2)]"), "{ran:?}");
    assert!(ran[0].out.contains("read again: captures/item/page.md:3"), "{ran:?}");
}
