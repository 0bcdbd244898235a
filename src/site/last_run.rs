//! What docgen noted of the last run over captures, in its own folder among them.
//!
//! The one who records writes it, and reads it again; a page reads it only where it asks when it was seen. What
//! this leaves out: what is noted ([`crate::suite::last_run`]).

use std::path::Path;

use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::own_folder::OwnFolder;
use crate::suite::last_run::{LastRun, Seen};

/// The file's name.
pub(crate) const FILE: &str = "last-run.json";

/// When a capture was last recorded here, and of what, if that is known.
///
/// # Errors
/// Those of reading what is noted.
pub fn seen(captures: &Path, path: &str) -> Result<Option<Seen>> {
    let own = OwnFolder::of(&super::folders::open(captures)?)?;
    Ok(noted(&own)?.captures.remove(path).and_then(|ran| ran.seen))
}

/// What is noted; nothing, where nothing is.
///
/// # Errors
/// Where the file cannot be read, or is something else.
pub(crate) fn noted(own: &OwnFolder) -> Result<LastRun> {
    let Some(json) = own.read(FILE)? else { return Ok(LastRun::default()) };
    LastRun::from_json(&json).ok_or_else(|| {
        Error::new(ErrorKind::Io, "this is not what docgen noted of the last run")
            .at(Place::file(own.shown(FILE)))
            .hint("remove it; the next run writes it anew")
    })
}
