//! Diagrams that are too long to be drawn.
//!
//! Mermaid draws nothing of a diagram of more than 50,000 characters, and a page cannot raise that: its
//! reader sees an error where the steps should be. So whoever makes the page is told. What this leaves out:
//! diagrams that can be drawn and that nobody can read.

use memchr::memmem;

use super::templates::Content;

/// The most characters of a diagram that mermaid draws (`maxTextSize`, in units of UTF-16).
pub const MOST: usize = 50_000;

/// Diagrams of a page's files that are too long: the index of the file, and how many characters it has.
pub fn too_long(files: &[(String, &Content)]) -> Vec<(usize, usize)> {
    let included = files.iter().find(|(name, _)| name == "diagram.md" || name.ends_with("/diagram.md"));
    let included = included.map_or("", |(_, content)| content.as_str());
    let mut found = Vec::new();
    for (index, (name, content)) in files.iter().enumerate() {
        let page = content.as_str();
        // A character has a byte at least; the parts of a page are in one of its fences, or in none.
        if page.len() + included.len() * 4 <= MOST || name.ends_with("/log.md") || name == "log.md" {
            continue;
        }
        let sizes = diagrams(page, included);
        found.extend(sizes.into_iter().filter(|&size| size > MOST).map(|size| (index, size)));
    }
    found
}

/// How many characters each diagram of a page has, with the lines that are included.
fn diagrams(page: &str, included: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut from = 0;
    // Pages are long, and few of their lines open a diagram.
    while let Some(found) = memmem::find(&page.as_bytes()[from..], b"mermaid") {
        let at = from + found;
        let start = page[from..at].rfind('\n').map_or(from, |end| from + end + 1);
        let mut lines = page[start..].split_inclusive('\n');
        from = start + lines.next().map_or(0, str::len);
        let Some(fence) = fence_of_diagram(&page[start..from]) else { continue };
        let mut size = 0;
        for line in lines {
            from += line.len();
            let line = line.trim_end_matches(['\r', '\n']);
            let bare = line.trim_start();
            if bare.trim_end() == fence {
                sizes.push(size);
                break;
            }
            size += if bare.starts_with("--8<-- ") && bare.contains("diagram.md\"") {
                let indent = line.len() - bare.len();
                included.lines().map(|line| indent + units(line) + 1).sum::<usize>()
            } else {
                units(line) + 1
            };
        }
    }
    sizes
}

/// The backticks of a line that opens the fence of a diagram.
fn fence_of_diagram(line: &str) -> Option<&str> {
    let bare = line.trim_start();
    let info = bare.trim_start_matches('`');
    let fence = &bare[..bare.len() - info.len()];
    (fence.len() >= 3 && info.trim() == "mermaid").then_some(fence)
}

fn units(line: &str) -> usize {
    if line.is_ascii() { line.len() } else { line.encode_utf16().count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The diagrams that are too long of files with these names and texts.
    fn found(files: &[(&str, String)]) -> Vec<(usize, usize)> {
        let made: Vec<Content> = files.iter().map(|(_, text)| Content::Own(text.clone())).collect();
        let named: Vec<_> =
            files.iter().zip(&made).map(|((name, _), made)| ((*name).to_owned(), made)).collect();
        too_long(&named)
    }

    #[test]
    fn a_diagram_has_the_characters_that_mermaid_counts() {
        let of = |line: &str| found(&[("a.md", format!("# t\n\n``` mermaid\n{line}\n```\n\n{line}\n"))]);
        assert_eq!(of(&"x".repeat(MOST - 1)), []);
        assert_eq!(of(&"x".repeat(MOST)), [(0, MOST + 1)]);
        // A character of three bytes is one, one beyond 16 bits is two.
        assert_eq!(of(&"가".repeat(MOST - 1)), []);
        assert_eq!(of(&"🛰".repeat(MOST / 2)), [(0, MOST + 1)]);
    }

    #[test]
    fn every_diagram_counts_and_nothing_that_only_names_mermaid() {
        let long = "x".repeat(MOST);
        let short = "``` mermaid\nmermaid\n```\n";
        let named = format!("mermaid ``` mermaid\n``` mermaids\n{long}\n```\n");
        assert_eq!(found(&[("a.md", format!("{short}{named}{short}"))]), []);
        let opened = format!("{short}{named}  ````  mermaid  \r\n```\n{long}\n````\n{short}");
        assert_eq!(found(&[("a.md", opened)]), [(0, "```\n".len() + MOST + 1)]);
    }

    #[test]
    fn what_is_included_counts_with_its_indent() {
        let index = "``` mermaid\nsequenceDiagram\n    --8<-- \"a/diagram.md\"\n```\n".to_owned();
        let of = |lines: usize| {
            found(&[("a/diagram.md", "a->>b: c\n".repeat(lines)), ("a/index.md", index.clone())])
        };
        let size = |lines: usize| "sequenceDiagram\n".len() + lines * (4 + "a->>b: c\n".len());
        assert_eq!(of(3_000), []);
        assert_eq!(of(4_000), [(1, size(4_000))]);
    }
}
