//! A page without prose has every structural line of a page that was written by hand.
//!
//! Some of the hand-written pages are not part of the project: where they are missing, this says so.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::fs;
use std::process::Command;

use support::{Site, hand_written};

/// A line that a page of its kind has, whatever it says: headings, fences, tabs, and what the
/// diagram and the command block hold. Highlights, line numbers and trailing blanks are the
/// author's choice.
fn structure(page: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fence: Option<(String, bool)> = None;
    for line in page.lines() {
        let bare = line.trim();
        let ticks: String = bare.chars().take_while(|c| *c == '`').collect();
        let is_fence = ticks.len() >= 3;
        match &fence {
            Some((open, _)) if is_fence && bare == open => fence = None,
            Some((_, is_kept)) => {
                // A comment is the author's.
                if *is_kept && !bare.starts_with("%%") {
                    lines.push(line.trim_end().to_owned());
                }
                continue;
            }
            None if is_fence => {
                let is_kept = ["mermaid", "bash", "json title=\"configuration"];
                let is_kept = is_kept.iter().any(|kind| bare[ticks.len()..].trim().starts_with(kind));
                fence = Some((ticks, is_kept));
            }
            None if bare.starts_with('#') || bare.starts_with("===") => {}
            None => continue,
        }
        lines.push(without_choices(line.trim_end()));
    }
    lines
}

fn without_choices(line: &str) -> String {
    let mut line = line.to_owned();
    for option in [" hl_lines=\"", " linenums=\""] {
        if let Some(at) = line.find(option) {
            let end =
                line[at + option.len()..].find('"').map_or(line.len(), |end| at + option.len() + end + 1);
            line.replace_range(at..end, "");
        }
    }
    line
}

/// The line between the two tabs of each message.
fn lines_between_tabs(page: &str) -> Vec<&str> {
    let lines: Vec<&str> = page.lines().collect();
    let bodies = lines.iter().enumerate().filter(|(_, line)| **line == "=== \"Body\"");
    bodies.map(|(at, _)| lines[at - 1]).collect()
}

#[test]
fn a_page_without_prose_has_the_structure_of_one_written_by_hand() {
    let names = ["image-create", "image-save", "image-add-project", "image-show"];
    for (folder, name) in hand_written().iter().flat_map(|folder| names.map(|name| (folder, name))) {
        let seed = fs::read_to_string(folder.join(name).with_extension("md")).unwrap();
        let site = Site::new();
        site.write("seed.md", &seed);
        let imported = Command::new(env!("CARGO_BIN_EXE_docgen"))
            .args(["import", "seed.md", "captures/page", "--quiet"])
            .current_dir(site.root())
            .output()
            .unwrap();
        assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
        site.renders();
        assert!(site.read("docs/page.md") == seed, "{name} does not come back");

        fs::remove_file(site.path("captures/page/page.md")).unwrap();
        site.renders();
        let page = site.read("docs/page.md");
        let made = structure(&page);
        let mut rest = made.iter();
        for line in structure(&seed) {
            assert!(
                rest.any(|made| *made == line),
                "{name}: `{line}` is missing, or comes too early, in\n{}",
                made.join("\n")
            );
        }
        // What is there besides are the headings of exchanges that the author left out.
        let wanted = structure(&seed);
        let mut extra = made.clone();
        for line in &wanted {
            let at = extra.iter().position(|made| made == line).unwrap();
            extra.remove(at);
        }
        assert!(extra.iter().all(|line| line.starts_with("### (")), "{name}: {extra:?}");

        // Where the authors agree: three empty lines before the command, one after any heading,
        // one before the exchanges, four blanks between the tabs.
        assert!(page.contains(")\n\n\n\n## "), "{name}");
        let lines: Vec<&str> = page.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("##")) {
            assert_eq!(lines.get(at + 1).copied().unwrap_or_default(), "", "{name}: after {line}");
        }
        assert!(lines_between_tabs(&page).iter().all(|blank| *blank == "    "), "{name}");
    }
}
