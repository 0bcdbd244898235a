//! Profiles, as settings name them.
//!
//! A name is that of one of docgen's own; what ends in `.toml` is a file, which is read once, whichever thread
//! asks first. What this leaves out: what a profile says.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::named_files::NamedFiles;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::profile::Profile;

/// The profiles that were read.
#[derive(Debug, Default)]
pub(crate) struct Profiles {
    read: Mutex<HashMap<PathBuf, Arc<Profile>>>,
}

impl Profiles {
    /// The profile that a setting at `place` names.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] where docgen has none of this name, or its file is not one that settings may name
    /// or says what no profile says; [`ErrorKind::Io`] where it cannot be read.
    pub(crate) fn named(&self, name: &str, place: &Place, files: &NamedFiles) -> Result<Arc<Profile>> {
        let Some(file) = file(name) else {
            return Profile::embedded(name).cloned().ok_or_else(|| {
                Error::new(ErrorKind::Setting, format!("there is no profile `{name}`"))
                    .at(place.clone())
                    .hint(format!(
                        "docgen has {}; a file of your own is named with its ending, as in `profile = \"mine.toml\"`",
                        Profile::embedded_names().join(", ")
                    ))
            });
        };
        let root = files.expect_root_of(file, place)?;
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(profile) = read.get(file) {
            return Ok(profile.clone());
        }
        let text = root.read_text(file).map_err(|error| error.at(place.clone()))?;
        let profile = Profile::from_toml(file, &text).map_err(|error| files.discreet(file, error))?;
        let profile = Arc::new(profile);
        read.insert(file.to_owned(), profile.clone());
        Ok(profile)
    }
}

/// The file that a profile's name is, where it is not one of docgen's own.
pub(crate) fn file(name: &str) -> Option<&Path> {
    name.ends_with(".toml").then_some(Path::new(name))
}
