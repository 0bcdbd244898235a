//! Files that the user names, and files that people write as text, with an error that has its place where
//! one is none.
//!
//! What the user names may be anything that can be read to an end, a pipe too to which somebody writes. What this leaves out: files
//! that somebody else may have put there ([`crate::files`]), and what captured bytes are (`source`).

use std::fs::File;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{LARGEST_TEXT, LARGEST_TRACE, read_at_most};

/// The content of a file that the user named as text.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be read or is not UTF-8.
pub(crate) fn read_text(file: &Path) -> Result<String> {
    decode(file, read(file, LARGEST_TEXT)?)
}

/// The content of a recording that the user named.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be read.
pub(crate) fn read_recording(file: &Path) -> Result<Vec<u8>> {
    read(file, LARGEST_TRACE)
}

fn read(file: &Path, most: u64) -> Result<Vec<u8>> {
    let open = || {
        // Without waiting for somebody to open a pipe's other end; then with patience for what he writes.
        let wait = OFlags::NONBLOCK;
        let opened = File::options().read(true).custom_flags(wait.bits() as i32).open(file)?;
        fcntl_setfl(&opened, fcntl_getfl(&opened)?.difference(wait))?;
        let metadata = opened.metadata()?;
        Ok((opened, metadata))
    };
    let (opened, metadata) = open().map_err(|error| Error::io("read", file, error))?;
    let bytes = read_at_most(opened, if metadata.is_file() { metadata.len() } else { 0 }, file, most)?;
    if bytes.is_empty() && metadata.file_type().is_fifo() {
        let message = format!("nothing comes out of the pipe `{}`", file.display());
        return Err(Error::new(ErrorKind::Io, message)
            .at(Place::file(file))
            .hint("begin to write to it first, or name a file"));
    }
    Ok(bytes)
}

/// `bytes`, the content of a file that people write, as text.
///
/// # Errors
/// [`ErrorKind::Io`] with the place where it is not UTF-8.
pub(crate) fn decode(file: &Path, bytes: Vec<u8>) -> Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let text = String::from_utf8_lossy(valid);
        Error::new(ErrorKind::Io, "this file is not UTF-8").at(Place::span(
            file,
            &text,
            text.len(),
            text.len(),
        ))
    })
}
