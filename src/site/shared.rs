//! What all captures of a run share: templates, phrases, profiles and what is known of each other.
//!
//! Each is read once, whichever thread asks first. What this leaves out: what becomes of them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::Options;
use super::cache::Cache;
use super::docs::Docs;
use super::exports::SharedExports;
use super::file_state::FileState;
use super::folders::{self, Folder};
use super::journal::Journal;
use super::manifest::Manifest;
use super::named_files::NamedFiles;
use super::profiles::{self, Profiles};
use crate::error::Result;
use crate::files::Root;
use crate::page::Phrases;
use crate::profile::Profile;
use crate::render::holes::ExchangeSummary;
use crate::render::templates::Templates;
use crate::settings::{Located, Settings};

/// What all captures of a run share.
pub(super) struct Site<'a> {
    pub(super) options: &'a Options,
    /// The folder of the captures.
    pub(super) captures_root: &'a Root,
    /// Where settings may name files.
    pub(super) named: NamedFiles,
    /// The docs folder, if there is one.
    pub(super) docs: Option<&'a Docs>,
    pub(super) manifest: &'a Manifest,
    pub(super) cache: &'a Cache,
    pub(super) journal: Journal,
    pub(super) captures: HashMap<&'a str, &'a Folder>,
    /// The folders with an index.
    pub(super) indexes: &'a [Folder],
    pub(super) templates: Mutex<HashMap<Vec<PathBuf>, Arc<Templates>>>,
    pub(super) profiles: Profiles,
    pub(super) phrases: Mutex<HashMap<PhrasesKey, Phrases>>,
    pub(super) summaries: Mutex<HashMap<String, SharedSummaries>>,
    pub(super) exports: Mutex<HashMap<String, SharedExports>>,
}

/// What phrases depend on: templates folders, locale, profile, and the settings' own phrases.
pub(super) type PhrasesKey = (Vec<PathBuf>, String, Option<String>, Vec<(String, String)>);

/// The exchanges of a capture that others share, and what was read to know them.
pub(super) type SharedSummaries = (Arc<Vec<ExchangeSummary>>, Vec<FileState>);

impl<'a> Site<'a> {
    /// # Errors
    /// Where a folder that the user trusts cannot be read.
    pub(super) fn new(
        options: &'a Options,
        captures_root: &'a Root,
        docs: Option<&'a Docs>,
        manifest: &'a Manifest,
        cache: &'a Cache,
        folders: &'a [Folder],
    ) -> Result<Site<'a>> {
        Ok(Site {
            options,
            captures_root,
            named: NamedFiles::new(captures_root.path(), &options.trusted)?,
            docs,
            manifest,
            cache,
            journal: Journal::default(),
            indexes: &[],
            captures: folders.iter().map(|folder| (folder.path.as_str(), folder)).collect(),
            templates: Mutex::default(),
            profiles: Profiles::default(),
            phrases: Mutex::default(),
            summaries: Mutex::default(),
            exports: Mutex::default(),
        })
    }
}

impl Site<'_> {
    /// The templates of settings; their files are added to what was read.
    pub(super) fn templates(&self, settings: &Settings, seen: &mut Vec<FileState>) -> Result<Arc<Templates>> {
        let dirs = settings.template_dirs();
        let mut all = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let templates = match all.get(&dirs) {
            Some(templates) => templates.clone(),
            None => {
                let made =
                    Arc::new(Templates::new(folders::user_templates(&self.named, &settings.templates)?)?);
                all.insert(dirs.clone(), made.clone());
                made
            }
        };
        let read = dirs.iter().map(PathBuf::as_path).chain(templates.user_files());
        seen.extend(read.filter_map(|path| FileState::now(self.named.root_of(path)?, path)));
        Ok(templates)
    }

    /// The phrases of the locale, with the profile's and the maintainer's own in their place.
    pub(super) fn phrases(
        &self,
        settings: &Settings,
        templates: &Templates,
        profile: Option<&Profile>,
    ) -> Result<Phrases> {
        let Settings { locale, phrases: own, .. } = settings;
        let key = (
            settings.template_dirs(),
            locale.clone(),
            profile.map(|profile| profile.name().to_owned()),
            own.clone(),
        );
        let mut all = self.phrases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(phrases) = all.get(&key) {
            return Ok(phrases.clone());
        }
        let mut phrases = templates.phrases(locale).map_err(|error| match &settings.locale_place {
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

    /// The profile of settings; its file is added to what was read.
    pub(super) fn profile(
        &self,
        settings: &Settings,
        seen: &mut Vec<FileState>,
    ) -> Result<Option<Arc<Profile>>> {
        let Some(Located { value: name, place }) = &settings.profile else { return Ok(None) };
        let file = profiles::file(name);
        seen.extend(file.and_then(|file| FileState::now(self.named.root_of(file)?, file)));
        self.profiles.named(name, place, &self.named).map(Some)
    }
}
