//! Which files below a docs folder docgen wrote.
//!
//! The manifest is in `.docgen` there and committed: a line a file, sorted, with a digest and no time,
//! so that a fresh clone knows which pages it may replace and whether somebody edited one. Its own
//! `.gitattributes` has git merge it line by line; two branches that changed the same page leave two
//! lines for it, and a page is docgen's if it fits either. A page that was there before docgen, and that
//! docgen found to be the very page that it would have written, is marked as `adopted`: docgen keeps it up
//! to date, and leaves it where it is when its capture goes. Losing the manifest costs time, never a page.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::docs::Docs;
use super::file_state::Digest;
use super::page_path::PagePath;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::own_folder::OWN;

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

/// Which files docgen wrote, as the manifests of the docs folders around them say.
#[derive(Debug, Default)]
pub struct WrittenPages(HashMap<PathBuf, Manifest>);

impl WrittenPages {
    /// Whether docgen wrote `file`.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where a manifest is there and cannot be read.
    pub fn holds(&mut self, file: &Path) -> Result<bool> {
        let file = file.canonicalize().map_err(|error| Error::io("find", file, error))?;
        for docs in file.ancestors().skip(1) {
            if !self.0.contains_key(docs) {
                let opened = if docs.join(OWN).join(NAME).is_file() { Docs::open(docs)? } else { None };
                // What is wrong in a manifest is for whoever renders.
                let manifest = opened.map(|docs| Manifest::read(&docs)).transpose()?;
                self.0.insert(docs.to_path_buf(), manifest.unwrap_or_default().0);
            }
            let parts: Option<Vec<&str>> =
                file.strip_prefix(docs).ok().and_then(|path| path.iter().map(|part| part.to_str()).collect());
            let page = parts.and_then(|parts| PagePath::parse(&parts.join("/")));
            if page.is_some_and(|page| self.0[docs].holds(&page)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
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
            if let Some(bytes) = docs.own().read(name)? {
                let text = String::from_utf8_lossy(&bytes);
                let place = |span: std::ops::Range<usize>| {
                    Place::span(docs.own().shown(name), &text, span.start, span.end)
                };
                let Lines { refused, unread } = manifest.add(&text);
                for span in refused {
                    let error =
                        Error::new(ErrorKind::Ownership, "this is the path of no page").at(place(span));
                    errors.push(error.hint("docgen writes pages, and takes them away, below the docs folder only; remove the line"));
                }
                // A journal ends where its run was killed.
                if let Some(first) = unread.first().filter(|_| name == NAME) {
                    errors.push(unread_line(&text[first.clone()], unread.len()).at(place(first.clone())));
                }
            }
        }
        Ok((manifest, errors))
    }

    /// Adds lines of a path, a tab and a digest, and tells of others.
    fn add(&mut self, text: &str) -> Lines {
        let mut lines = Lines::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let at = start;
            start += line.len();
            let line = line.trim_end();
            let mut fields = line.split('\t');
            let path = fields.next().unwrap_or_default();
            let Some(Ok(digest)) = fields.next().map(str::parse::<Digest>) else {
                lines
                    .unread
                    .extend((!line.is_empty() && !line.starts_with('#')).then_some(at..at + line.len()));
                continue;
            };
            let Some(page) = PagePath::parse(path) else {
                lines.refused.push(at..at + path.len());
                continue;
            };
            let written = self.pages.entry(page).or_default();
            written.is_adopted |= fields.next() == Some(ADOPTED);
            if !written.digests.contains(&digest) {
                written.digests.push(digest);
            }
        }
        lines
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
        if docs.own().read(NAME)?.is_some_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        write_git_files(docs)?;
        docs.own().put(NAME, text.as_bytes())
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
        docs.own().put_if_missing(name, content)?;
    }
    Ok(())
}

/// Lines of a manifest that name no page of docgen's.
#[derive(Debug, Default)]
struct Lines {
    /// Paths that no page can have.
    refused: Vec<std::ops::Range<usize>>,
    /// Lines that are no path and digest.
    unread: Vec<std::ops::Range<usize>>,
}

/// What to say of the first of so many lines that cannot be read. The pages of the others are known.
fn unread_line(line: &str, count: usize) -> Error {
    let is_mark = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
    if is_mark {
        return Error::warning(ErrorKind::Ownership, "the manifest has the marks of a merge conflict")
            .hint("both sides are read; `docgen render` writes it anew, without the marks");
    }
    let message = match count {
        1 => "this line is no page and its digest".to_owned(),
        count => format!("this line is no page and its digest, like {} more", count - 1),
    };
    Error::warning(ErrorKind::Ownership, message).hint(
        "take the file from git again; without the line docgen takes a page for its own only where it is as it would \
         write it, and `--force` replaces it",
    )
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
        let Lines { refused, unread } = manifest.add(&text);
        assert_eq!(
            (refused.len(), unread.iter().map(|span| &text[span.clone()]).collect()),
            (0, vec!["<<<<<<< HEAD"])
        );
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
            let Lines { refused, unread } = manifest.add(&format!("{path}\t{digest}\n"));
            assert!(unread.is_empty());
            let ends: Vec<usize> = refused.iter().map(|span| span.end).collect();
            assert_eq!((manifest.len(), ends), (0, vec![path.len()]), "{path}");
        }
    }
}
