//! What a user types, as a user types it: the cases of `tests/cmd`, and those of the README and the guide. And that
//! the pages of `docs/reference` are what the program prints of itself.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn commands_do_what_they_say() {
    let cases = trycmd::TestCases::new();
    cases.case("tests/cmd/*.trycmd");
}

/// Every `console` block of the README is run, one after the other, beside the project's captures.
#[test]
fn the_readme_is_true() {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(ROOT).join("captures"), &folder.path().join("README.in/captures"));
    fs::copy(Path::new(ROOT).join("README.md"), folder.path().join("README.md")).unwrap();
    trycmd::TestCases::new().case(folder.path().join("README.md")).run();
}

/// Every `console` block of the guide is run, page by page, beside the project's captures and docs. One page of
/// them lies in `handbook` too, as one that somebody wrote.
#[test]
fn the_guide_is_true() {
    let mut seen = 0;
    for page in fs::read_dir(Path::new(ROOT).join("docs/guide")).unwrap() {
        let page = page.unwrap().path();
        let text = fs::read_to_string(&page).unwrap();
        if !text.contains("\n``` console\n") {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        let copied = folder.path().join(page.file_name().unwrap());
        fs::write(&copied, text).unwrap();
        let beside = copied.with_extension("in");
        for name in ["captures", "docs"] {
            copy(&Path::new(ROOT).join(name), &beside.join(name));
        }
        fs::create_dir(beside.join("handbook")).unwrap();
        fs::write(beside.join("handbook/show.md"), page_as_by_hand()).unwrap();
        trycmd::TestCases::new().case(copied).run();
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

/// A page of the project's own without links and front matter, as people write them.
fn page_as_by_hand() -> String {
    let folder = tempfile::tempdir().unwrap();
    let captures = folder.path().join("captures");
    copy(&Path::new(ROOT).join("captures"), &captures);
    let settings = fs::read_to_string(captures.join("docgen.toml")).unwrap();
    let plain = settings.replace("links = true", "links = false").replace("front_matter = true", "");
    fs::write(captures.join("docgen.toml"), plain).unwrap();
    let mut docgen = Command::new(env!("CARGO_BIN_EXE_docgen"));
    let ran = docgen.args(["render", "captures", "docs"]).current_dir(folder.path()).output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    fs::read_to_string(folder.path().join("docs/openstack/image/show.md")).unwrap()
}

/// What goes wrong at first, with every message as it appears. The commands follow each other in a
/// folder that is theirs.
#[test]
fn first_steps_that_go_wrong_say_so() {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(ROOT).join("tests/first-steps"), folder.path());
    trycmd::TestCases::new().case(folder.path().join("first-steps.trycmd")).run();
}

/// The pages of the reference.
const REFERENCE: [&str; 4] = ["commands", "holes", "settings", "templates"];

/// Each page of the reference is what the program says; `UPDATE_CASES=1` writes what it says now.
#[test]
fn the_reference_is_up_to_date() {
    for page in REFERENCE {
        let made = Command::new(env!("CARGO_BIN_EXE_docgen")).args(["reference", page]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let made = String::from_utf8(made.stdout).unwrap();
        let file = Path::new(ROOT).join(format!("docs/reference/{page}.md"));
        if std::env::var_os("UPDATE_CASES").is_some() {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, &made).unwrap();
        }
        let there = fs::read_to_string(&file).unwrap_or_default();
        let line = there.lines().zip(made.lines()).take_while(|(old, new)| old == new).count();
        assert!(
            there == made,
            "docs/reference/{page}.md is stale from line {} on; `UPDATE_CASES=1 cargo test --test cmd \
             the_reference` writes it anew:\n- {}\n+ {}",
            line + 1,
            there.lines().nth(line).unwrap_or_default(),
            made.lines().nth(line).unwrap_or_default()
        );
    }
}

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Copies all files below a folder.
fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let to = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
