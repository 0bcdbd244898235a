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
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("README.in");
    for entry in walkdir::WalkDir::new(root.join("captures")) {
        let entry = entry.unwrap();
        let to = beside.join(entry.path().strip_prefix(root).unwrap());
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).unwrap();
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
    fs::copy(root.join("README.md"), folder.path().join("README.md")).unwrap();
    fs::write(folder.path().join("README.toml"), "fs.sandbox = true\n").unwrap();
    trycmd::TestCases::new().case(folder.path().join("README.md")).run();
}
