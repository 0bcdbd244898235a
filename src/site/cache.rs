//! What pages were made from, so that a run with nothing to do finds that out fast.
//!
//! It is for this machine alone, and ignored by git. Losing it costs time, never a page. One that came
//! with a clone is not believed ([`super::file_state`] says why), and a check asks none.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use super::docs::Docs;
use super::file_state::{Digest, FileState, Stat};
use super::manifest::write_git_files;
use crate::error::Result;
use crate::page::index::Listed;

const NAME: &str = "cache";

/// What a capture's pages were made from, and what they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// Every file that was read.
    pub(super) inputs: Vec<FileState>,
    /// Every file that was written.
    pub(super) outputs: Vec<FileState>,
    /// What an index tells of it, if there is one above it.
    pub(super) listed: Option<Listed>,
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
    pub(super) fn read(docs: &Docs, key: Digest) -> Cache {
        let mut cache = Cache::default();
        let Ok(Some(bytes)) = docs.own().read(NAME) else { return cache };
        let Ok(text) = String::from_utf8(bytes) else { return cache };
        let Some(body) = text.strip_prefix(&head(key)) else { return cache };
        cache.written = docs.own().metadata(NAME).map_or(0, |metadata| Stat::of(&metadata).modified);
        let mut current: Option<Record> = None;
        for line in body.lines() {
            let mut fields = line.splitn(7, '\t');
            let kind = fields.next();
            match (kind, &mut current) {
                (Some("c"), _) => current = Some(Record::default()),
                (Some("l"), Some(record)) => {
                    let Ok(listed) = serde_json::from_str(&line[1..]) else { return Cache::default() };
                    record.listed = Some(listed);
                }
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
    pub(super) fn write(docs: &Docs, key: Digest, records: &BTreeMap<String, Record>) -> Result<()> {
        let mut text = head(key);
        for (path, record) in records {
            let kinds = [("i", &record.inputs), ("o", &record.outputs)];
            let all = kinds.iter().flat_map(|(kind, all)| all.iter().map(move |seen| (kind, seen)));
            let mut lines = String::from("c\n");
            // A record without one of its files would not notice that this one changes.
            let is_whole = all.into_iter().all(|(kind, seen)| {
                let Stat { size, modified, changed, inode } = seen.stat;
                let file = seen.path.to_str().filter(|file| !file.contains('\n'));
                // Writing to a string cannot fail.
                file.is_some_and(|file| {
                    let digest = seen.digest;
                    writeln!(lines, "{kind}\t{size}\t{modified}\t{changed}\t{inode}\t{digest}\t{file}")
                        .is_ok()
                })
            });
            if is_whole {
                text.push_str(&lines);
                if let Some(Ok(listed)) = record.listed.as_ref().map(serde_json::to_string) {
                    let _ = writeln!(text, "l\t{listed}");
                }
                let _ = writeln!(text, "e\t{path}");
            }
        }
        write_git_files(docs)?;
        docs.own().put(NAME, text.as_bytes())
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
