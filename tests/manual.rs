//! The project's own site as a manual: each page is in the navigation of `mkdocs.yml`. What this leaves out: what
//! builders say of links and sections (`scripts/build-site`), and the recipes for CI (`recipes.rs`).
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeSet;

use support::own;

/// Parts of pages in the layout `snippets`, which are no pages.
const PARTS: [&str; 3] = ["diagram.md", "body.md", "log.md"];

#[test]
fn each_page_is_in_the_navigation() {
    let configuration = std::fs::read_to_string(own("mkdocs.yml")).unwrap();
    let (_, nav) = configuration.split_once("\nnav:\n").unwrap();
    let nav: BTreeSet<&str> = nav
        .lines()
        .map_while(|line| line.trim_start().strip_prefix("- "))
        .filter(|entry| entry.ends_with(".md"))
        .collect();
    let docs = own("docs");
    let files = walkdir::WalkDir::new(&docs).into_iter().map(|file| file.unwrap().into_path());
    let pages: BTreeSet<String> = files
        .filter(|file| file.extension().is_some_and(|ending| ending == "md"))
        .filter(|file| !PARTS.iter().any(|part| file.ends_with(part)))
        .map(|file| file.strip_prefix(&docs).unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(
        nav.iter().copied().eq(pages.iter().map(String::as_str)),
        "mkdocs.yml has {nav:?}, docs has {pages:?}"
    );
}
