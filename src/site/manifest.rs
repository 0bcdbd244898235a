//! Which files below a docs folder docgen wrote.
//!
//! The manifest is in `.docgen` there and committed: a line a file, sorted, with a digest and no time,
//! so that a fresh clone knows which pages it may replace and whether somebody edited one. Its own
//! `.gitattributes` has git merge it line by line; two branches that changed the same page leave two
//! lines for it, and a page is docgen's if it fits either. A page that was there before docgen, and that
//! docgen found to be the very page that it would have written, is marked as `adopted`: docgen keeps it up
//! to date, and leaves it where it is when its capture goes. Losing the manifest costs time, never a page.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::docs::Docs;
use super::file_state::Digest;
use super::page_path::PagePath;
use crate::error::{Error, ErrorKind, Place, Result};

const NAME: &str = "manifest";
pub(super) const JOURNAL: &str = "journal";

const HEAD: &str = "# Pages that docgen wrote: file and digest. Made by docgen; do not edit.";
const ADOPTED: &str = "adopted";

/// Which files below a docs folder docgen wrote, and with which content.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Manifest {
    pages: BTreeMap<PagePath, Written>,
}

/// What is known of a page that docgen wrote.
#[derive(Clone, Debug, Default, PartialEq)]
struct Written {
    digests: Vec<Digest>,
    /// Whether it was there before docgen.
    is_adopted: bool,
}

impl Manifest {
    /// The manifest of a docs folder, with the journal of a run that was killed; empty where
    /// there is none. Beside it, what is wrong in it.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where it is there and cannot be read.
    pub(super) fn read(docs: &Docs) -> Result<(Manifest, Vec<Error>)> {
        let mut manifest = Manifest::default();
        let mut errors = Vec::new();
        for name in [NAME, JOURNAL] {
            if let Some(bytes) = docs.read_own(name)? {
                let text = String::from_utf8_lossy(&bytes);
                for span in manifest.add(&text) {
                    let place = Place::span(docs.own_path(name), &text, span.start, span.end);
                    let error = Error::new(ErrorKind::Ownership, "this is the path of no page").at(place);
                    errors.push(error.hint("docgen writes pages, and takes them away, below the docs folder only; remove the line"));
                }
            }
        }
        Ok((manifest, errors))
    }

    /// Adds lines of a path, a tab and a digest. Gives the paths that no page can have; other lines (a
    /// conflict's marks) say nothing.
    fn add(&mut self, text: &str) -> Vec<std::ops::Range<usize>> {
        let mut refused = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let at = start;
            start += line.len();
            let mut fields = line.trim_end().split('\t');
            let (Some(path), Some(digest)) = (fields.next(), fields.next()) else { continue };
            let Ok(digest) = digest.parse::<Digest>() else { continue };
            let Some(page) = PagePath::parse(path) else {
                refused.push(at..at + path.len());
                continue;
            };
            let written = self.pages.entry(page).or_default();
            written.is_adopted |= fields.next() == Some(ADOPTED);
            if !written.digests.contains(&digest) {
                written.digests.push(digest);
            }
        }
        refused
    }

    /// How many pages there are.
    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether docgen wrote a file of this path.
    pub(super) fn holds(&self, page: &PagePath) -> bool {
        self.pages.contains_key(page)
    }

    /// Whether docgen wrote a file of this path with this content.
    pub(super) fn wrote(&self, page: &PagePath, digest: Digest) -> bool {
        self.pages.get(page).is_some_and(|written| written.digests.contains(&digest))
    }

    /// Whether a page was there before docgen.
    pub(super) fn is_adopted(&self, page: &PagePath) -> bool {
        self.pages.get(page).is_some_and(|written| written.is_adopted)
    }

    /// Notes that the file of this path has this content now.
    pub(super) fn set(&mut self, page: PagePath, digest: Digest) {
        self.pages.entry(page).or_default().digests = vec![digest];
    }

    /// Notes that a page was there before docgen.
    pub(super) fn adopt(&mut self, page: PagePath) {
        self.pages.entry(page).or_default().is_adopted = true;
    }

    /// Forgets a file.
    pub(super) fn remove(&mut self, page: &PagePath) {
        self.pages.remove(page);
    }

    /// The paths of all files, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &PagePath> {
        self.pages.keys()
    }

    /// Writes the manifest, unless it is there already as it would be written.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub(super) fn write(&self, docs: &Docs) -> Result<()> {
        let mut lines: Vec<String> = Vec::new();
        for (page, written) in &self.pages {
            lines.extend(written.digests.iter().map(|digest| line(page, *digest, written.is_adopted)));
        }
        lines.sort_unstable();
        let mut text = format!("{HEAD}\n");
        text.extend(lines);
        if docs.read_own(NAME)?.is_some_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        write_git_files(docs)?;
        docs.put_own(NAME, text.as_bytes())
    }
}

/// Tells git how to merge the manifest, and what else in docgen's own folder not to take. Where files of
/// these names are there already they are left as they are.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io).
pub(super) fn write_git_files(docs: &Docs) -> Result<()> {
    for (name, content) in
        [(".gitattributes", "manifest merge=union\n"), (".gitignore", "/cache\n/journal\n/lock\n/tmp-*\n")]
    {
        if docs.read_own(name)?.is_none() {
            docs.put_own(name, content.as_bytes())?;
        }
    }
    Ok(())
}

/// A line of the manifest, and of the journal.
pub(super) fn line(page: &PagePath, digest: Digest, is_adopted: bool) -> String {
    let mut line = String::with_capacity(page.as_str().len() + "\t\n".len() + 32);
    let mark = if is_adopted { "\tadopted" } else { "" };
    // Writing to a string cannot fail.
    let _ = writeln!(line, "{page}\t{digest}{mark}");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str) -> PagePath {
        PagePath::parse(path).unwrap()
    }

    #[test]
    fn a_merged_manifest_knows_both_sides() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let mut manifest = Manifest::default();
        let text = format!("# x\nshow.md\t{a}\nshow.md\t{b}\tadopted\n<<<<<<< HEAD\nlist.md\t{a}\n");
        assert!(manifest.add(&text).is_empty());
        assert!(manifest.wrote(&page("show.md"), a) && manifest.wrote(&page("show.md"), b));
        assert!(!manifest.wrote(&page("show.md"), Digest::of(b"c")) && !manifest.holds(&page("new.md")));
        // Whoever wrote it first did so on both sides.
        assert!(manifest.is_adopted(&page("show.md")) && !manifest.is_adopted(&page("list.md")));
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_no_page() {
        let digest = Digest::of(b"a");
        for path in ["../a.md", "/etc/motd.md", "a/../../b.md", ".docgen/cache", ".git/config", "a.txt", ""] {
            let mut manifest = Manifest::default();
            let refused = manifest.add(&format!("{path}\t{digest}\n"));
            let ends: Vec<usize> = refused.iter().map(|span| span.end).collect();
            assert_eq!((manifest.len(), ends), (0, vec![path.len()]), "{path}");
        }
    }
}
