//! Every input that fuzzing kept, once more: `scripts/fuzz` looks for new ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "all of this is a test")]
#![allow(missing_docs, unreachable_pub, reason = "it is a crate of its own elsewhere")]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;

use std::path::Path;

fn corpus(target: &str) {
    let (_, run) = fuzz::TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let file = file.unwrap().path();
        // What is told of a failure has to tell the file.
        println!("{}", file.display());
        run(&std::fs::read(file).unwrap());
        count += 1;
    }
    assert!(count > 0, "there is nothing in {}", folder.display());
}

#[test]
fn readers() {
    corpus("readers");
}

#[test]
fn page_sources() {
    corpus("page_source");
}

#[test]
fn settings() {
    corpus("settings");
}

#[test]
fn templates() {
    corpus("templates");
}

#[test]
fn sites() {
    corpus("site");
}

#[test]
fn imports() {
    corpus("import");
}

#[test]
fn every_target_has_its_test() {
    let mut folders: Vec<String> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
    folders.sort();
    assert_eq!(folders, ["import", "page_source", "readers", "settings", "site", "templates"]);
    assert_eq!(fuzz::TARGETS.len(), folders.len());
}
