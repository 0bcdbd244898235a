//! What docgen keeps about the pages under a docs folder: which are its own, and
//! what they were made from.
//!
//! Both live in `.docgen` there. The manifest is committed: a line a file, sorted,
//! with a digest and no time, so that a fresh clone knows which pages it may
//! replace and whether somebody edited one. Its own `.gitattributes` has git merge
//! it line by line; two branches that changed the same page leave two lines for it,
//! and a page is docgen's if it fits either. The cache is for this machine alone
//! and ignored by git. Losing either costs time, never a page.
//!
//! Pages are written one by one and the manifest at the end. What a run that is
//! killed between has written stands in its journal, which the next run reads as
//! part of the manifest.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::stamp::{Digest, Stamp};
use super::write::replace;
use crate::error::{Error, Result};

/// The folder that holds manifest and cache.
pub const FOLDER: &str = ".docgen";

const JOURNAL: &str = "journal";

const MANIFEST_HEAD: &str = "# Pages that docgen wrote: file and digest. Made by docgen; do not edit.";

/// Which files below a docs folder docgen wrote, and with which content.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// Digests by the file's path below the docs folder.
    pages: BTreeMap<String, Vec<Digest>>,
}

impl Manifest {
    /// The manifest of a docs folder, with the journal of a run that was killed; empty where
    /// there is none.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io) where it is there and cannot be read.
    pub fn read(docs: &Path) -> Result<Manifest> {
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
    pub fn parse(text: &str) -> Manifest {
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
    pub fn holds(&self, path: &str) -> bool {
        self.pages.contains_key(path)
    }

    /// Whether docgen wrote a file of this path with this content.
    pub fn wrote(&self, path: &str, digest: Digest) -> bool {
        self.pages.get(path).is_some_and(|digests| digests.contains(&digest))
    }

    /// Notes that the file of this path has this content now.
    pub fn set(&mut self, path: &str, digest: Digest) {
        self.pages.insert(path.to_owned(), vec![digest]);
    }

    /// Forgets a file.
    pub fn remove(&mut self, path: &str) {
        self.pages.remove(path);
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.pages.keys().map(String::as_str)
    }

    /// Writes the manifest, unless it is there already as it would be written.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn write(&self, docs: &Path) -> Result<()> {
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

/// What a run is about to write and the manifest does not hold yet.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Opened when the first page is written, so that a run with nothing to do leaves no trace.
    file: Mutex<Option<File>>,
}

impl Journal {
    /// The journal of a docs folder.
    pub fn of(docs: &Path) -> Journal {
        Journal { path: docs.join(FOLDER).join(JOURNAL), file: Mutex::default() }
    }

    /// Notes pages that are about to be written: their paths below the docs folder, and digests.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn note<'a>(&self, pages: impl Iterator<Item = (&'a str, Digest)>) -> Result<()> {
        let lines: String = pages.map(|(path, digest)| line(path, digest)).collect();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || File::options().create(true).append(true).open(&self.path);
        let mut write = || match &mut *file {
            Some(file) => file.write_all(lines.as_bytes()),
            none => none.insert(open()?).write_all(lines.as_bytes()),
        };
        write().map_err(|error| Error::io("write", &self.path, error))
    }

    /// Removes the journal, once the manifest holds all that it notes.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn remove(self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path, error))
            }
            _ => Ok(()),
        }
    }
}

/// A line of the manifest, and of the journal.
fn line(path: &str, digest: Digest) -> String {
    let mut line = String::with_capacity(path.len() + "\t\n".len() + 32);
    // Writing to a string cannot fail.
    let _ = writeln!(line, "{path}\t{digest}");
    line
}

/// A file, and what it was when a page was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Where it is: for an input as it was opened, for an output below the docs folder.
    pub path: PathBuf,
    /// What `stat` said.
    pub stamp: Stamp,
    /// What it held.
    pub digest: Digest,
}

impl Seen {
    /// Whether the file, with the stamp that it has now, still holds the same.
    pub fn is_still(&self, file: &Path, now: Stamp, written: i128) -> bool {
        if now == self.stamp && !now.is_racy(written) {
            return true;
        }
        now.size == self.stamp.size && Digest::at(file) == Some(self.digest)
    }

    /// The same with the stamp that the file has now: touched files are read once and not each time.
    pub fn restamped(&self, now: Stamp) -> Seen {
        Seen { stamp: now, ..self.clone() }
    }
}

/// What a capture's pages were made from, and what they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// Every file that was read.
    pub inputs: Vec<Seen>,
    /// Every file that was written.
    pub outputs: Vec<Seen>,
}

/// The records of all captures whose pages are as they should be.
#[derive(Clone, Debug, Default)]
pub struct Cache {
    /// Records by the capture's path.
    pub records: HashMap<String, Record>,
    /// When the cache was written, in nanoseconds since 1970.
    pub written: i128,
}

impl Cache {
    /// The cache of a docs folder, if one is there that was written with this key: the
    /// digest of everything that makes a page and is no file (docgen's version, its own
    /// templates and profiles).
    pub fn read(docs: &Path, key: Digest) -> Cache {
        let file = docs.join(FOLDER).join("cache");
        let Ok(text) = std::fs::read_to_string(&file) else { return Cache::default() };
        let mut cache = Cache::default();
        let Some(body) = text.strip_prefix(&head(key)) else { return cache };
        cache.written = Stamp::at(&file).map_or(0, |stamp| stamp.modified);
        let mut current: Option<Record> = None;
        for line in body.lines() {
            let mut fields = line.splitn(7, '\t');
            let kind = fields.next();
            match (kind, &mut current) {
                (Some("c"), _) => current = Some(Record::default()),
                (Some("i" | "o"), Some(record)) => {
                    let Some(seen) = parse_seen(fields) else { return Cache::default() };
                    match kind {
                        Some("i") => record.inputs.push(seen),
                        _ => record.outputs.push(seen),
                    }
                }
                // The capture's name closes its record: one that is cut off has none.
                (Some("e"), Some(record)) => {
                    let path = line[1..].trim_start_matches('\t');
                    cache.records.insert(path.to_owned(), std::mem::take(record));
                }
                _ => return Cache::default(),
            }
        }
        cache
    }

    /// Writes the cache.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub fn write(docs: &Path, key: Digest, records: &BTreeMap<String, Record>) -> Result<()> {
        let mut text = head(key);
        for (path, record) in records {
            text.push_str("c\n");
            for (kind, all) in [("i", &record.inputs), ("o", &record.outputs)] {
                for seen in all {
                    let Stamp { size, modified, changed, inode } = seen.stamp;
                    let Some(file) = seen.path.to_str().filter(|file| !file.contains('\n')) else { continue };
                    // Writing to a string cannot fail.
                    let _ = writeln!(
                        text,
                        "{kind}\t{size}\t{modified}\t{changed}\t{inode}\t{}\t{file}",
                        seen.digest
                    );
                }
            }
            let _ = writeln!(text, "e\t{path}");
        }
        replace(docs, &docs.join(FOLDER).join("cache"), text.as_bytes())
    }
}

fn head(key: Digest) -> String {
    format!("docgen cache 1 {key}\n")
}

fn parse_seen<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<Seen> {
    let stamp = Stamp {
        size: fields.next()?.parse().ok()?,
        modified: fields.next()?.parse().ok()?,
        changed: fields.next()?.parse().ok()?,
        inode: fields.next()?.parse().ok()?,
    };
    let digest = fields.next()?.parse().ok()?;
    Some(Seen { path: fields.next()?.into(), stamp, digest })
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
