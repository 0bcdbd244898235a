//! What pages were made from, so that a run with nothing to do finds that out fast.
//!
//! It is for this machine alone, and ignored by git. Losing it costs time, never a page.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use super::file_state::{Digest, FileState, Stat};
use super::manifest::FOLDER;
use super::write::replace;
use crate::error::Result;

/// What a capture's pages were made from, and what they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// Every file that was read.
    pub(super) inputs: Vec<FileState>,
    /// Every file that was written.
    pub(super) outputs: Vec<FileState>,
}

/// The records of all captures whose pages are as they should be.
#[derive(Clone, Debug, Default)]
pub(super) struct Cache {
    /// Records by the capture's path.
    pub(super) records: HashMap<String, Record>,
    /// When the cache was written, in nanoseconds since 1970.
    pub(super) written: i128,
}

impl Cache {
    /// The cache of a docs folder, if one is there that was written with this key: the
    /// digest of everything that makes a page and is no file (docgen's version, its own
    /// templates and profiles).
    pub(super) fn read(docs: &Path, key: Digest) -> Cache {
        let file = docs.join(FOLDER).join("cache");
        let Ok(text) = std::fs::read_to_string(&file) else { return Cache::default() };
        let mut cache = Cache::default();
        let Some(body) = text.strip_prefix(&head(key)) else { return cache };
        cache.written = Stat::at(&file).map_or(0, |stat| stat.modified);
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
    pub(super) fn write(docs: &Path, key: Digest, records: &BTreeMap<String, Record>) -> Result<()> {
        let mut text = head(key);
        for (path, record) in records {
            text.push_str("c\n");
            for (kind, all) in [("i", &record.inputs), ("o", &record.outputs)] {
                for seen in all {
                    let Stat { size, modified, changed, inode } = seen.stat;
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

fn parse_seen<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<FileState> {
    let stat = Stat {
        size: fields.next()?.parse().ok()?,
        modified: fields.next()?.parse().ok()?,
        changed: fields.next()?.parse().ok()?,
        inode: fields.next()?.parse().ok()?,
    };
    let digest = fields.next()?.parse().ok()?;
    Some(FileState { path: fields.next()?.into(), stat, digest })
}
