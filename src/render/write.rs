//! Files that appear whole or not at all.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ledger::FOLDER;
use crate::error::{Error, Result};

/// Puts `bytes` at `file`, below `docs`, in place of what is there: readers see the old file or
/// the new one. Folders are made as they are needed.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io); the old file is intact then.
pub(super) fn replace(docs: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // In docgen's own folder, so that a build that is killed leaves nothing among the pages.
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = docs.join(FOLDER).join(format!("tmp-{}-{count}", std::process::id()));
    let written = std::fs::write(&part, bytes).or_else(|error| {
        if error.kind() != std::io::ErrorKind::NotFound {
            return Err(error);
        }
        std::fs::create_dir_all(docs.join(FOLDER))?;
        std::fs::write(&part, bytes)
    });
    let moved = written.and_then(|()| {
        std::fs::rename(&part, file).or_else(|error| {
            if error.kind() != std::io::ErrorKind::NotFound {
                return Err(error);
            }
            std::fs::create_dir_all(file.parent().unwrap_or(docs))?;
            std::fs::rename(&part, file)
        })
    });
    moved.map_err(|error| {
        let _ = std::fs::remove_file(&part);
        Error::io("write", file, error)
    })
}

/// Removes the parts that a killed run left behind.
pub(super) fn remove_leftovers(docs: &Path) {
    let Ok(entries) = std::fs::read_dir(docs.join(FOLDER)) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b"tmp-") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
