//! The pages that a run is about to write, noted before it does.
//!
//! The manifest is written once, at a run's end. What a run that is killed before has written is in its
//! journal, which the next run reads as part of the manifest.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::file_state::Digest;
use super::manifest::{FOLDER, JOURNAL, line};
use crate::error::{Error, Result};

/// What a run is about to write and the manifest does not hold yet.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// Opened when the first page is written, so that a run with nothing to do leaves no trace.
    file: Mutex<Option<File>>,
}

impl Journal {
    /// The journal of a docs folder.
    pub(super) fn of(docs: &Path) -> Journal {
        Journal { path: docs.join(FOLDER).join(JOURNAL), file: Mutex::default() }
    }

    /// Notes pages that are about to be written: their paths below the docs folder, and digests.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub(super) fn note<'a>(&self, pages: impl Iterator<Item = (&'a str, Digest)>) -> Result<()> {
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
    pub(super) fn remove(self) -> Result<()> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::io("remove", &self.path, error))
            }
            _ => Ok(()),
        }
    }
}
