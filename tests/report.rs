//! Reports: what recordings do otherwise than others, as a page among pages.
#![allow(clippy::unwrap_used, reason = "all of this is a test")]

mod support;

use support::{Site, entry, log};

/// A site whose capture `a` was recorded before a change and after it, with a report on both.
fn site(report: &str) -> Site {
    let site = Site::new();
    for (tree, answer) in [("old", "first"), ("new", "second")] {
        site.write(&format!("captures/r/{tree}/a.log"), log("a", answer));
        site.write(&format!("captures/r/{tree}/b.log"), log("b", "same"));
    }
    site.write("captures/r/report.toml", report);
    site
}

const BOTH: &str = "old = 'r/old'\nnew = 'r/new'\n";

/// `docgen render` of it, which has to go well: how many pages were written.
fn written(site: &Site) -> String {
    let run = site.render(&[]);
    assert_eq!(run.status, 0, "{}", run.err);
    run.err.lines().last().unwrap().split(',').next().unwrap().to_owned()
}

#[test]
fn a_report_is_made_again_when_any_recording_changed_and_only_then() {
    let site = site(BOTH);
    assert_eq!(written(&site), "1 written");
    let first = site.read("docs/r.md");
    assert!(first.contains("| `first` | `second` |"), "{first}");
    assert_eq!(written(&site), "0 written");
    site.write("captures/r/old/b.log", log("b", "other"));
    assert_eq!(written(&site), "1 written");
    assert_ne!(site.read("docs/r.md"), first);
    site.write("captures/r/old/b.log", log("b", "same"));
    assert_eq!((written(&site), site.read("docs/r.md")), ("1 written".into(), first.clone()));
    // A recording that comes, and one that goes.
    site.write("captures/r/new/deep/c.log", log("c", "new"));
    assert_eq!(written(&site), "1 written");
    assert!(site.read("docs/r.md").contains("| deep/c |"));
    std::fs::remove_file(site.path("captures/r/new/deep/c.log")).unwrap();
    assert_eq!((written(&site), site.read("docs/r.md")), ("1 written".into(), first));
    // What is said above the recordings.
    site.write("captures/docgen.toml", "[volatile]\npointers = ['/capture', '/said']\n");
    assert_eq!(site.render(&[]).status, 0);
    site.write("captures/r/report.toml", format!("title = 'x'\n{BOTH}"));
    assert_eq!(written(&site), "1 written");
    assert!(site.render(&["--check"]).err.contains("0 stale, 1 up to date"));
}

#[test]
fn recordings_may_be_those_of_a_commit() {
    let site = site("old = { git = 'v1', path = 'r/new' }\nnew = 'r/new'\n");
    site.write("captures/r/new/a.log", log("a", "first"));
    site.git(&["init", "-q"]);
    site.git(&["add", "."]);
    site.git(&["commit", "-q", "-m", "first"]);
    site.git(&["tag", "v1"]);
    site.write("captures/r/new/a.log", log("a", "second"));
    assert_eq!(written(&site), "1 written");
    let page = site.read("docs/r.md");
    assert!(page.contains("first") && page.contains("second") && page.contains("`v1:r/new`"), "{page}");
    // A tag may be moved: no cache can tell.
    site.git(&["commit", "-q", "-a", "-m", "second"]);
    site.git(&["tag", "-f", "v1"]);
    assert_eq!(written(&site), "1 written");
    assert!(!site.read("docs/r.md").contains("first"));
    site.write("captures/r/report.toml", "old = { git = 'v2', path = 'r/new' }\nnew = 'r/new'\n");
    let run = site.render(&[]);
    assert_eq!(run.status, 1);
    assert!(
        run.err.contains("there is no commit `v2`") && run.err.contains("report.toml:1:7"),
        "{}",
        run.err
    );
    assert!(site.exists("docs/r.md"), "the old page stays");
}

#[test]
fn what_may_be_missing_is_drawn_as_optional_and_is_no_change() {
    let site = site(BOTH);
    let warm = log("a", "second") + &entry("cache", "9", "none", "warm");
    site.write("captures/r/new/a.log", warm);
    assert_eq!(written(&site), "1 written");
    let page = site.read("docs/r.md");
    assert!(page.contains("rect rgba(46, 160, 67") && page.contains("Added calls"), "{page}");
    site.write("captures/docgen.toml", "[[group]]\nkind = 'opt'\nfirst = 'glance GET /cache'\n");
    assert_eq!(written(&site), "1 written");
    let page = site.read("docs/r.md");
    assert!(page.contains("  opt may be missing"), "{page}");
    assert!(!page.contains("rect rgba") && !page.contains("Added calls"), "{page}");
}

#[test]
fn secrets_in_recordings_of_a_report_alone_are_found() {
    let site = site(BOTH);
    assert_eq!(written(&site), "1 written");
    let check = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(["check", "captures", "docs"]).current_dir(site.root()).env("NO_COLOR", "1");
        support::Ran::from(command.output().unwrap())
    };
    assert_eq!(check().status, 0);
    site.write(
        "captures/r/new/a.log",
        log("a", "second").replace("Accept: */*", "X-Auth-Token: hunter2hunter2"),
    );
    site.write("captures/r/old/b.out", "password: hunter3hunter3\n");
    let found = check();
    let said = found.err + &found.out;
    assert_eq!(found.status, 1, "{said}");
    assert!(said.contains("captures/r/new/a.log:") && said.contains("captures/r/old/b.out:1:"), "{said}");
    assert!(!said.contains("hunter"), "{said}");
}

#[test]
fn a_link_out_of_the_captures_is_not_followed() {
    let site = site("old = 'r/linked'\nnew = 'r/new'\n");
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("a.log"), log("a", "secret")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), site.path("captures/r/linked")).unwrap();
    let run = site.render(&[]);
    assert_eq!(run.status, 1);
    assert!(run.err.contains("symbolic link that leads out"), "{}", run.err);
    assert!(!site.exists("docs/r.md"));
}

#[test]
fn a_changed_template_is_a_report_s_too() {
    let site = site(BOTH);
    site.write("docgen.toml", "");
    assert_eq!(written(&site), "1 written");
    site.write("captures/docgen.toml", "templates = '../tpl'\n");
    let embedded = site.read("docs/r.md");
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/report");
    for file in std::fs::read_dir(root).unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap();
        let name = file.file_name().into_string().unwrap();
        site.write(&format!("tpl/report/{name}"), format!("{{# mine #}}{text}"));
    }
    assert_eq!(site.render(&[]).status, 0);
    assert_eq!(site.read("docs/r.md"), embedded);
    site.write("tpl/report/legend.md", "Mine.\n");
    assert_eq!(written(&site), "1 written");
    assert!(site.read("docs/r.md").contains("\nMine.\n"));
}
