//! What a commit knows of captures, for the labels of today.
//!
//! A new log that was put in place of an old one leaves the labels behind. The old one is in git, with the
//! settings that it was read with, and so is which exchange each label was about. What this leaves out: how a
//! label finds its exchange again (`page::carried`), and writing it.

use super::capture::Capture;
use super::diff::recordings::Recordings;
use crate::diff::{self, Kinds, Recording};
use crate::error::Result;
use crate::files::Root;
use crate::page::Input;
use crate::page::Resolved;
use crate::page::carried::{Carried, carried};
use crate::profile::Profile;
use crate::settings::{Settings, Volatile};

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
        let new = Input::of_trace(&capture.trace, &capture.settings, profile);
        let volatile = profile.map(Profile::volatile).into_iter().chain([&capture.settings.volatile]);
        let said: Vec<&Volatile> = volatile.filter(|said| **said != Volatile::default()).collect();
        let own;
        let kinds = if said.is_empty() {
            Kinds::built_in()
        } else {
            own = Kinds::new(said)?;
            &own
        };
        let recording = |trace| Recording { trace, output: None };
        let compared = diff::Capture { old: recording(&old_trace), new: recording(&capture.trace), kinds };
        let (found, _) = diff::compare_suite(1, |_, known| vec![diff::compare(&compared, known)]);
        let alignment = found.into_iter().next().unwrap_or_default().alignment;
        Ok(carried(&Resolved::new(&old), &Resolved::new(&new), &alignment))
    }
}
