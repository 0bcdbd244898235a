//! What a user types, as a user types it: the cases of `tests/cmd`, and the README's own.

#![allow(clippy::unwrap_used, reason = "helpers of tests panic as tests do")]

use std::fs;
use std::path::Path;

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

/// What goes wrong at first, with every message as it appears. The commands follow each other in a
/// folder that is theirs.
#[test]
fn first_steps_that_go_wrong_say_so() {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(ROOT).join("tests/first-steps"), folder.path());
    trycmd::TestCases::new().case(folder.path().join("first-steps.trycmd")).run();
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
