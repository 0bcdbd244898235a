//! Pages that docgen rendered itself, read back: every case of `tests/cases` in the layouts that are read back.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docgen::import::{HandWritten, Imported, Surroundings, TextFile, documents_calls, import, write};
use docgen::render::templates::Templates;
use docgen::site::{Options, render};
use tempfile::TempDir;

/// Pages of which not all anchors give back as labels: a status that nobody saw, two messages below one heading of a
/// person's, a response whose request nobody recorded, a drawing that does not tell who talks to whom.
const ANCHORS_STAY_TEXT: [&str; 5] = [
    "har/of-any-tool/firefox",
    "holes/links/own-headings",
    "logs/told/unanswered",
    "svg/layouts/page",
    "svg/layouts/prose",
];

fn files_below(root: &Path) -> Vec<PathBuf> {
    let found = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().flatten();
    found.filter(|entry| entry.file_type().is_file()).map(|entry| entry.into_path()).collect()
}

/// The folders of cases that have captures.
fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let folders = walkdir::WalkDir::new(root).min_depth(2).max_depth(2).sort_by_file_name();
    let folders = folders.into_iter().flatten().map(|entry| entry.into_path());
    // A report is no capture, though it looks like a page of one.
    let is_wanted =
        |case: &PathBuf| case.join("captures").is_dir() && !case.parent().unwrap().ends_with("report");
    folders.filter(is_wanted).collect()
}

fn render_quietly(captures: &Path, docs: &Path) {
    let options =
        Options { captures: captures.to_owned(), docs: docs.to_owned(), jobs: 1, ..Options::default() };
    // Cases have captures that cannot be rendered, too.
    let _ = render(&options, &|_, _| {});
}

/// A page that was rendered, imported as if nobody had its capture.
struct Read {
    /// The path of its capture.
    path: String,
    imported: Imported,
    /// Its files below the docs folder, and their content.
    files: Vec<(String, String)>,
}

fn surroundings(path: &str) -> Surroundings {
    let templates = Arc::new(Templates::new(BTreeMap::new()).unwrap());
    Surroundings { path: path.to_owned(), layers: Vec::new(), templates }
}

/// The pages of a docs folder, without those that are no captures or in a layout that is not read.
fn read_pages(docs: &Path) -> Vec<Read> {
    let mut found = Vec::new();
    for file in files_below(docs).into_iter().filter(|file| file.extension().is_some_and(|ext| ext == "md")) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let below = file.strip_prefix(docs).unwrap().to_str().unwrap().to_owned();
        let name = below.rsplit('/').next().unwrap_or_default();
        if ["body.md", "diagram.md", "log.md"].contains(&name) || text.contains("docgen-overview") {
            continue;
        }
        let page = HandWritten::read(&file, Some(docs)).unwrap();
        if !documents_calls(&page) {
            continue;
        }
        let is_snippets = page.snippet_prefix.is_some() && name == "index.md";
        let path = below.strip_suffix(if is_snippets { "/index.md" } else { ".md" }).unwrap().to_owned();
        let mut files = vec![(below.clone(), text)];
        for (name, part) in [("body.md", &page.body), ("diagram.md", &page.diagram)] {
            files.extend(part.iter().map(|part| (format!("{path}/{name}"), part.text.clone())));
        }
        let imported = import(&page, &surroundings(&path));
        let imported = imported.unwrap_or_else(|errors| panic!("{below}: {}", errors[0]));
        found.push(Read { path, imported, files });
    }
    found
}

impl Read {
    fn file(&self, name: &str) -> &str {
        self.imported.files.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }
}

/// Renders each case with these settings above its own, imports its pages and renders those.
fn there_and_back(settings: &[(&str, &str)], is_right: impl Fn(&Read) -> bool) -> usize {
    let (mut count, mut wrong) = (0, Vec::new());
    for case in cases() {
        let dir = TempDir::new().unwrap();
        let (captures, docs) = (dir.path().join("captures"), dir.path().join("docs"));
        for file in files_below(&case.join("captures")) {
            let to = captures.join(file.strip_prefix(case.join("captures")).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(file, to).unwrap();
        }
        let above = captures.join("docgen.toml");
        let old = std::fs::read_to_string(&above).unwrap_or_default();
        let added = settings.iter().filter(|(key, _)| !old.contains(key));
        let added: String = added.map(|(key, value)| format!("{key} = {value}\n")).collect();
        std::fs::write(&above, added + &old).unwrap();
        render_quietly(&captures, &docs);
        let pages = read_pages(&docs);
        let again = dir.path().join("again");
        for page in &pages {
            write(
                &again.join("captures"),
                &again.join("captures").join(&page.path),
                &page.imported.files,
                true,
            )
            .unwrap();
        }
        render_quietly(&again.join("captures"), &again.join("docs"));
        let root = case.parent().unwrap().parent().unwrap();
        for page in &pages {
            let name = format!("{}/{}", case.strip_prefix(root).unwrap().display(), page.path);
            for (file, text) in &page.files {
                let back = std::fs::read_to_string(again.join("docs").join(file)).unwrap_or_default();
                if &back != text {
                    wrong.push(format!("{name}: {file} is not as it was"));
                }
            }
            let has_links = has_links(page) && !ANCHORS_STAY_TEXT.contains(&&*name);
            if page.file("capture.toml").contains("\nlinks = true\n") != has_links || !is_right(page) {
                let said = [page.file("capture.toml"), page.file("page.md")].join("\n");
                wrong.push(format!("{name}: {:?}\n{said}", page.imported.notices));
            }
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{} pages:\n{}", wrong.len(), wrong.join("\n\n"));
    count
}

fn has_links(page: &Read) -> bool {
    page.files.iter().any(|(_, text)| ["](#diagram", ")](#", " { #"].iter().any(|mark| text.contains(mark)))
}

#[test]
fn every_case_comes_back_as_it_was_rendered() {
    assert!(there_and_back(&[], |_| true) > 100);
}

#[test]
fn every_case_comes_back_with_links_and_front_matter() {
    let count = there_and_back(&[("links", "true"), ("front_matter", "true")], |page| {
        let text = &page.files[0].1;
        let is_docgens = text.starts_with("---\n") && text.contains("\nlang: ");
        let is_setting = page.file("capture.toml").contains("\nfront_matter = true\n");
        is_setting == is_docgens && page.file("page.md").starts_with("---\n") != is_docgens
            || !text.starts_with("---\n")
    });
    assert!(count > 100, "{count}");
}

const LINKED: &str = "\
---
title: Look
description: Two calls. More of them.
lang: en
---

# Look

It asks in [(1)](#ask-bags),[(2)](#ask-bags-response), as ([1](#ask-bags)-[2](#ask-bags-response)) tell. See [bags](#ask-bags).

## Sequence Diagram { #diagram }

``` mermaid
sequenceDiagram
  accTitle: Look
  accDescr: 2 messages between c, s.
  autonumber
  participant c
  participant s
  c->>s: GET /bags
  s-->>c: Response: 200 OK
```

### [(1)](#diagram \"Back to the diagram\") GET /bags { #ask-bags }

=== \"Header\"
    ``` http title=\"GET http://h/bags\"
    A: b
    ```
    
=== \"Body\"
    ``` json title=\"\"
    none
    ```

### Bags

<span id=\"ask-bags-response\"></span>

=== \"Header\"
    ``` http title=\"200 OK http://h/bags\"
    C: d
    ```
    
=== \"Body\"
    ``` json title=\"\"
    none
    ```
";

fn imported(text: &str) -> Imported {
    import(&HandWritten::of(TextFile::new("look.md", text)), &surroundings("look")).unwrap()
}

fn file(imported: &Imported, name: &str) -> String {
    imported.files.iter().find(|(known, _)| *known == name).map(|(_, text)| text.clone()).unwrap_or_default()
}

#[test]
fn anchors_become_labels_and_links_become_holes() {
    let made = imported(LINKED);
    assert!(made.notices.is_empty(), "{:?}", made.notices);
    let source = "\
# {{ title }}

It asks in {{ ask_bags }}, as {{ span(ask_bags) }} tell. See [bags](#ask-bags).

## Sequence Diagram { #diagram }

{{ diagram }}

{{ message(ask_bags.request) }}

### Bags

{{ tabs(ask_bags.response) }}
";
    assert_eq!(file(&made, "page.md"), source);
    let settings = "title = \"Look\"\ndescription = \"Two calls. More of them.\"\nlayout = \"page\"\nlocale = \"en\"\nfront_matter = true\nlinks = true\n";
    assert!(file(&made, "capture.toml").starts_with(settings), "{}", file(&made, "capture.toml"));
    assert!(file(&made, "capture.toml").contains("ask_bags = \"s GET /bags\""));
}

#[test]
fn front_matter_that_somebody_added_to_stays() {
    let text = LINKED.replace("lang: en\n", "lang: en\ntags: [bags]\n");
    let made = imported(&text);
    let head = text.split_once("# Look").unwrap().0;
    assert!(file(&made, "page.md").starts_with(head), "{}", file(&made, "page.md"));
    assert!(!file(&made, "capture.toml").contains("front_matter"), "{}", file(&made, "capture.toml"));
    for (above, times) in [("", 1), ("front_matter = true\nlinks = true\n", 1)] {
        let dir = TempDir::new().unwrap();
        let captures = dir.path().join("captures");
        write(&captures, &captures.join("look"), &made.files, false).unwrap();
        std::fs::write(captures.join("docgen.toml"), above).unwrap();
        render_quietly(&captures, &dir.path().join("docs"));
        let back = std::fs::read_to_string(dir.path().join("docs/look.md")).unwrap();
        assert_eq!(back, text);
        assert_eq!(back.matches("title: ").count(), times);
    }
}
