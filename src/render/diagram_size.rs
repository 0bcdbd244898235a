//! Diagrams that are too long to be drawn.
//!
//! Mermaid draws nothing of a diagram of more than 50,000 characters, and a page cannot raise that: its
//! reader sees an error where the steps should be. So whoever makes the page is told. What this leaves out:
//! diagrams that can be drawn and that nobody can read.

use super::templates::Content;

/// The most characters of a diagram that mermaid draws (`maxTextSize`, in units of UTF-16).
pub const MOST: usize = 50_000;

/// Diagrams of a page's files that are too long: the index of the file, and how many characters it has.
pub fn too_long(files: &[(String, &Content)]) -> Vec<(usize, usize)> {
    let included = files.iter().find(|(name, _)| name == "diagram.md" || name.ends_with("/diagram.md"));
    let included = included.map_or("", |(_, content)| text(content));
    let mut found = Vec::new();
    for (index, (name, content)) in files.iter().enumerate() {
        let page = text(content);
        // A character has a byte at least; the parts of a page are in one of its fences, or in none.
        if page.len() + included.len() * 4 <= MOST || name.ends_with("/log.md") || name == "log.md" {
            continue;
        }
        let sizes = diagrams(page, included);
        found.extend(sizes.into_iter().filter(|&size| size > MOST).map(|size| (index, size)));
    }
    found
}

fn text(content: &Content) -> &str {
    str::from_utf8(content.as_bytes()).unwrap_or_default()
}

/// How many characters each diagram of a page has, with the lines that are included.
fn diagrams(page: &str, included: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut open: Option<(&str, usize)> = None;
    for line in page.lines() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        match &mut open {
            Some((fence, size)) if bare.trim_end() == *fence => {
                sizes.push(*size);
                open = None;
            }
            Some((_, size)) if bare.starts_with("--8<-- ") && bare.contains("diagram.md\"") => {
                *size += included.lines().map(|line| indent + units(line) + 1).sum::<usize>();
            }
            Some((_, size)) => *size += units(line) + 1,
            None => {
                let fence = &bare[..bare.len() - bare.trim_start_matches('`').len()];
                if fence.len() >= 3 && bare[fence.len()..].trim() == "mermaid" {
                    open = Some((fence, 0));
                }
            }
        }
    }
    sizes
}

fn units(line: &str) -> usize {
    if line.is_ascii() { line.len() } else { line.encode_utf16().count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The diagrams that are too long of files with these names and texts.
    fn found(files: &[(&str, String)]) -> Vec<(usize, usize)> {
        let made: Vec<Content> =
            files.iter().map(|(_, text)| Content::Bytes(text.clone().into_bytes())).collect();
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
