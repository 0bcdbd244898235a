//! Which files below a docs folder docgen wrote.
//!
//! The manifest is in `.docgen` there and committed: a line a file, sorted, with a digest and no time,
//! so that a fresh clone knows which pages it may replace and whether somebody edited one. Its own
//! `.gitattributes` has git merge it line by line; two branches that changed the same page leave two
//! lines for it, and a page is docgen's if it fits either. Losing it costs time, never a page.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::file_state::Digest;
use super::write::replace;
use crate::error::{Error, Result};

/// The folder that holds manifest and cache.
pub(super) const FOLDER: &str = ".docgen";

pub(super) const JOURNAL: &str = "journal";

const MANIFEST_HEAD: &str = "# Pages that docgen wrote: file and digest. Made by docgen; do not edit.";

/// Which files below a docs folder docgen wrote, and with which content.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Manifest {
    /// Digests by the file's path below the docs folder.
    pages: BTreeMap<String, Vec<Digest>>,
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
                let is_one = docs.join(FOLDER).join("manifest").is_file();
                let manifest = if is_one { Manifest::read(docs)? } else { Manifest::default() };
                self.0.insert(docs.to_path_buf(), manifest);
            }
            let parts: Option<Vec<&str>> =
                file.strip_prefix(docs).ok().and_then(|path| path.iter().map(|part| part.to_str()).collect());
            if parts.is_some_and(|parts| self.0[docs].holds(&parts.join("/"))) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Manifest {
    /// The manifest of a docs folder, with the journal of a run that was killed; empty where
    /// there is none.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where it is there and cannot be read.
    pub(super) fn read(docs: &Path) -> Result<Manifest> {
        let mut lines = String::new();
        for name in ["manifest", JOURNAL] {
            let file = docs.join(FOLDER).join(name);
            match std::fs::read_to_string(&file) {
                Ok(text) => lines.push_str(&text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(Error::io("read", &file, error)),
            }
        }
        Ok(Manifest::parse(&lines))
    }

    /// Reads lines of a path, a tab and a digest. Other lines (a conflict's marks) say nothing.
    pub(super) fn parse(text: &str) -> Manifest {
        let mut manifest = Manifest::default();
        for line in text.lines() {
            let Some((path, digest)) = line.rsplit_once('\t') else { continue };
            if let Ok(digest) = digest.parse() {
                let digests = manifest.pages.entry(path.to_owned()).or_default();
                if !digests.contains(&digest) {
                    digests.push(digest);
                }
            }
        }
        manifest
    }

    /// Whether docgen wrote a file of this path.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.pages.contains_key(path)
    }

    /// Whether docgen wrote a file of this path with this content.
    pub(super) fn wrote(&self, path: &str, digest: Digest) -> bool {
        self.pages.get(path).is_some_and(|digests| digests.contains(&digest))
    }

    /// Notes that the file of this path has this content now.
    pub(super) fn set(&mut self, path: &str, digest: Digest) {
        self.pages.insert(path.to_owned(), vec![digest]);
    }

    /// Forgets a file.
    pub(super) fn remove(&mut self, path: &str) {
        self.pages.remove(path);
    }

    /// The paths of all files, sorted.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.pages.keys().map(String::as_str)
    }

    /// Writes the manifest, unless it is there already as it would be written.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub(super) fn write(&self, docs: &Path) -> Result<()> {
        let folder = docs.join(FOLDER);
        let mut text = format!("{MANIFEST_HEAD}\n");
        let mut lines: Vec<String> = self
            .pages
            .iter()
            .flat_map(|(path, all)| all.iter().map(move |digest| line(path, *digest)))
            .collect();
        lines.sort_unstable();
        text.extend(lines);
        let own = [
            (".gitattributes", "manifest merge=union\n"),
            (".gitignore", "/cache\n/journal\n/lock\n/tmp-*\n"),
        ];
        for (name, content) in own {
            let file = folder.join(name);
            if !file.exists() {
                replace(docs, &file, content.as_bytes())?;
            }
        }
        let file = folder.join("manifest");
        if std::fs::read(&file).is_ok_and(|old| old == text.as_bytes()) {
            return Ok(());
        }
        replace(docs, &file, text.as_bytes())
    }
}

/// A line of the manifest, and of the journal.
pub(super) fn line(path: &str, digest: Digest) -> String {
    let mut line = String::with_capacity(path.len() + "\t\n".len() + 32);
    // Writing to a string cannot fail.
    let _ = writeln!(line, "{path}\t{digest}");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_manifest_knows_both_sides() {
        let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
        let manifest = Manifest::parse(&format!("# x\nshow.md\t{a}\nshow.md\t{b}\n<<<<<<< HEAD\n"));
        assert!(manifest.wrote("show.md", a) && manifest.wrote("show.md", b));
        assert!(!manifest.wrote("show.md", Digest::of(b"c")) && !manifest.holds("list.md"));
    }
}
