//! The pages that a run is about to write, noted before it does.
//!
//! The manifest is written once, at a run's end. What a run that is killed before has written is in its
//! journal, which the next run reads as part of the manifest.

use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use super::docs::Docs;
use super::file_state::Digest;
use super::manifest::{JOURNAL, line};
use super::page_path::PagePath;
use crate::error::{Error, Result};

/// What a run is about to write and the manifest does not hold yet.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Opened when the first page is written, so that a run with nothing to do leaves no trace.
    file: Mutex<Option<File>>,
}

impl Journal {
    /// Notes pages that are about to be written, and their digests.
    ///
    /// # Errors
    /// [`Io`](crate::ErrorKind::Io).
    pub(super) fn note<'a>(
        &self,
        docs: &Docs,
        pages: impl Iterator<Item = (&'a PagePath, Digest)>,
    ) -> Result<()> {
        let lines: String = pages.map(|(page, digest)| line(page, digest, false)).collect();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(docs.own().append(JOURNAL)?),
        };
        file.write_all(lines.as_bytes())
            .map_err(|error| Error::io("write", &docs.own().shown(JOURNAL), error))
    }
}
