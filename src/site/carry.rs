//! What a commit knows of captures, for the labels of today.
//!
//! A new log that was put in place of an old one leaves the labels behind. The old one is in git, with the
//! settings that it was read with, and so is which exchange each label was about. What this leaves out: how a
//! label finds its exchange again (`page::carried`), and writing it.

use super::capture::Capture;
use super::diff::recordings::Recordings;
use crate::error::Result;
use crate::files::Root;
use crate::page::Input;
use crate::page::carried::{Carried, between};
use crate::profile::Profile;
use crate::settings::Settings;

/// The captures as a commit has them.
pub(super) struct Before(Recordings);

impl Before {
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io) where git does not give them.
    pub(super) fn of(rev: &str, root: &Root) -> Result<Before> {
        let now = Recordings::on_disk(root.path())?;
        Recordings::of_commit(rev, root.path(), &now).map(Before)
    }

    /// What becomes of the labels of a capture; nothing where the commit does not have it.
    ///
    /// # Errors
    /// Where the old recording or its settings cannot be read.
    pub(super) fn carry(&self, capture: &Capture<'_>, profile: Option<&Profile>) -> Result<Carried> {
        let Some((name, files)) = self.0.of_path(&capture.folder.path) else { return Ok(Carried::default()) };
        let (old_trace, _, _) = self.0.read(files)?;
        let old_settings = Settings::resolve(&self.0.settings(name)?);
        let old = Input::of_trace(&old_trace, &old_settings, profile);
        between(&old, &Input::of_trace(&capture.trace, &capture.settings, profile))
    }
}
