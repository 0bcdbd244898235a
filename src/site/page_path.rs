//! Where a page is, below the docs folder.
//!
//! Whoever has a [`PagePath`] need not ask any more whether it leads out of the docs folder, or into what
//! docgen or git keep for themselves: there is no other way to make one than [`PagePath::of`] a capture and
//! [`PagePath::parse`], which refuses.

use std::borrow::Borrow;
use std::fmt;
use std::path::Path;

use crate::settings::{Layout, PageFile};

/// How many bytes a file's name has at most, on the file systems of Linux and macOS.
const LONGEST_NAME: usize = 255;
/// How many bytes a path has at most, on Linux (`PATH_MAX`, with the zero at its end).
const LONGEST_PATH: usize = 4095;

/// A page's path below the docs folder: names with `/` between them, none of which begins with a dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PagePath(String);

impl PagePath {
    /// The path of a capture's file.
    pub(super) fn of(capture: &str, file: &PageFile) -> PagePath {
        PagePath(match (file.ending, capture) {
            ("", "") => "index.md".into(),
            ("", _) => format!("{capture}.md"),
            (ending, "") => ending.into(),
            (ending, _) => format!("{capture}/{ending}"),
        })
    }

    /// The path of a capture's own page.
    pub(super) fn own(capture: &str, layout: Layout) -> PagePath {
        PagePath::of(capture, layout.traits().main())
    }

    /// The path of the index of a folder.
    pub(super) fn index_of(folder: &str) -> PagePath {
        PagePath(if folder.is_empty() { "index.md".into() } else { format!("{folder}/index.md") })
    }

    /// The path that a text names, if a capture's file can have it.
    pub(super) fn parse(text: &str) -> Option<PagePath> {
        let is_name = |part: &str| !part.is_empty() && !part.starts_with('.') && part.len() <= LONGEST_NAME;
        let is_page = text.ends_with(".md")
            && text.len() <= LONGEST_PATH
            && text.split('/').all(is_name)
            && !text.contains(|c: char| c.is_control() || (cfg!(windows) && matches!(c, '\\' | ':')));
        is_page.then(|| PagePath(text.to_owned()))
    }

    /// The path as a text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path from the docs folder on.
    pub(super) fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// The folder and the name in it.
    pub(super) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }

    /// The paths of the captures that can have this page, in any layout.
    pub(super) fn captures(&self) -> impl Iterator<Item = &str> {
        let (folder, name) = self.split();
        let is_part = Layout::files().any(|file| file.ending == name);
        // A capture at the root is a page of this name in any layout.
        let at_root = self.0 == "index.md";
        (is_part || at_root).then_some(folder).into_iter().chain(self.0.strip_suffix(".md"))
    }
}

impl Borrow<str> for PagePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_a_page_has_a_path() {
        for path in ["a.md", "a/b/c.md", "한국어/a b.md", "a/..md.md"] {
            let is_hidden = path.contains("/.");
            assert_eq!(PagePath::parse(path).is_none(), is_hidden, "{path}");
        }
        for path in [
            "",
            "..",
            "../a.md",
            "a/../b.md",
            "/a.md",
            "//a.md",
            "a//b.md",
            "./a.md",
            "a/",
            ".md",
            ".docgen/a.md",
            ".git/config",
            ".git/a.md",
            "a/.hidden/b.md",
            "a.txt",
            "a",
            "a\tb.md",
            "a\n.md",
        ] {
            assert_eq!(PagePath::parse(path), None, "{path}");
        }
    }

    #[test]
    fn a_page_knows_its_captures() {
        let captures =
            |page: &str| PagePath(page.to_owned()).captures().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(captures("a/b.md"), ["a/b"]);
        assert_eq!(captures("a/log.md"), ["a", "a/log"]);
        assert_eq!(captures("index.md"), ["", "index"]);
        for file in Layout::files() {
            for capture in ["", "a", "a/b", "index"] {
                let page = PagePath::of(capture, file);
                assert!(page.captures().any(|known| known == capture), "{page}");
                assert_eq!(PagePath::parse(page.as_str()).as_ref(), Some(&page));
            }
        }
    }
}
