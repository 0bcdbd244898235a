//! What all captures of a run share: templates, phrases, profiles and what is known of each other.
//!
//! Each is read once, whichever thread asks first. What this leaves out: what becomes of them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Options;
use super::cache::Cache;
use super::capture::Capture;
use super::file_state::{FileState, listing};
use super::folders::{self, Folder};
use super::journal::Journal;
use super::manifest::Manifest;
use crate::error::{Error, ErrorKind, Result};
use crate::page::Phrases;
use crate::profile::Profile;
use crate::render::holes::Opening;
use crate::render::templates::Templates;
use crate::settings::{Located, Settings};
use crate::text_file::read_text;

/// What all captures of a run share.
pub(super) struct Site<'a> {
    pub(super) options: &'a Options,
    pub(super) manifest: &'a Manifest,
    pub(super) cache: &'a Cache,
    pub(super) journal: Journal,
    pub(super) captures: HashMap<&'a str, &'a Folder>,
    pub(super) templates: Mutex<HashMap<Vec<PathBuf>, Arc<Templates>>>,
    pub(super) profiles: Mutex<HashMap<String, Arc<Profile>>>,
    pub(super) phrases: Mutex<HashMap<PhrasesKey, Phrases>>,
    pub(super) openings: Mutex<HashMap<String, SharedOpenings>>,
}

/// What phrases depend on: templates folders, locale, profile, and the settings' own phrases.
pub(super) type PhrasesKey = (Vec<PathBuf>, String, Option<String>, Vec<(String, String)>);

/// The exchanges of a capture that others share, and what was read to know them.
pub(super) type SharedOpenings = (Arc<Vec<Opening>>, Vec<FileState>);

impl<'a> Site<'a> {
    pub(super) fn new(
        options: &'a Options,
        manifest: &'a Manifest,
        cache: &'a Cache,
        folders: &'a [Folder],
    ) -> Site<'a> {
        Site {
            options,
            manifest,
            cache,
            journal: Journal::of(&options.docs),
            captures: folders.iter().map(|folder| (folder.path.as_str(), folder)).collect(),
            templates: Mutex::default(),
            profiles: Mutex::default(),
            phrases: Mutex::default(),
            openings: Mutex::default(),
        }
    }
}

impl Site<'_> {
    pub(super) fn templates(&self, capture: &mut Capture<'_>) -> Result<Arc<Templates>> {
        let dirs = capture.settings.template_dirs();
        let mut all = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let templates = match all.get(&dirs) {
            Some(templates) => templates.clone(),
            None => {
                let made = Arc::new(Templates::new(folders::user_templates(&capture.settings.templates)?)?);
                all.insert(dirs.clone(), made.clone());
                made
            }
        };
        for dir in &dirs {
            capture.read.extend(listing(dir));
        }
        for file in templates.user_files() {
            capture.read.extend(FileState::now(file));
        }
        Ok(templates)
    }

    /// The phrases of the locale, with the profile's and the maintainer's own in their place.
    pub(super) fn phrases(
        &self,
        capture: &Capture<'_>,
        templates: &Templates,
        profile: Option<&Profile>,
    ) -> Result<Phrases> {
        let Settings { locale, phrases: own, .. } = &capture.settings;
        let key = (
            capture.settings.template_dirs(),
            locale.clone(),
            profile.map(|profile| profile.name().to_owned()),
            own.clone(),
        );
        let mut all = self.phrases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(phrases) = all.get(&key) {
            return Ok(phrases.clone());
        }
        let mut phrases =
            templates.phrases(locale).map_err(|error| match &capture.settings.locale_place {
                Some(place) if error.place().is_none() => error.at(place.clone()),
                _ => error,
            })?;
        if let Some(of_profile) = profile.and_then(|profile| profile.phrases(locale)) {
            phrases = phrases.overlaid(of_profile);
        }
        phrases = phrases.overlaid(own.iter().map(|(key, phrase)| (key, phrase)));
        all.insert(key, phrases.clone());
        Ok(phrases)
    }

    pub(super) fn profile(&self, capture: &mut Capture<'_>) -> Result<Option<Arc<Profile>>> {
        let Some(Located { value: name, place }) = &capture.settings.profile else { return Ok(None) };
        let mut all = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        if !name.ends_with(".toml") {
            return match (all.get(name), Profile::embedded_text(name)) {
                (Some(profile), _) => Ok(Some(profile.clone())),
                (None, Some(text)) => {
                    let made = Arc::new(Profile::from_toml(name.as_ref(), text)?);
                    all.insert(name.clone(), made.clone());
                    Ok(Some(made))
                }
                (None, None) => Err(Error::new(ErrorKind::Setting, format!("there is no profile `{name}`"))
                    .at(place.clone())
                    .hint(format!(
                        "docgen has {}; a file of your own is named with its ending, as in `profile = \"mine.toml\"`",
                        Profile::embedded_names().join(", ")
                    ))),
            };
        }
        let file = Path::new(name);
        capture.read.extend(FileState::now(file));
        if let Some(profile) = all.get(name) {
            return Ok(Some(profile.clone()));
        }
        let text = read_text(file).map_err(|error| error.at(place.clone()))?;
        let made = Arc::new(Profile::from_toml(file, &text)?);
        all.insert(name.clone(), made.clone());
        Ok(Some(made))
    }
}
