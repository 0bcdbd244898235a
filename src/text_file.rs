//! A file that people write, as text, with an error that has its place where it is none.
//!
//! What this leaves out: captured bytes, which are read whatever they are (`source`).

use std::path::Path;

use crate::error::{Error, ErrorKind, Place, Result};

/// The content of a file as text.
///
/// # Errors
/// [`ErrorKind::Io`] where it cannot be read or is not UTF-8.
pub(crate) fn read_text(file: &Path) -> Result<String> {
    decode(file, std::fs::read(file).map_err(|error| Error::io("read", file, error))?)
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
