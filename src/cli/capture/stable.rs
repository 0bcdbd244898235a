//! What new recordings keep of those that are there, and what is done otherwise than they say.
//!
//! Captures are recorded one after another, and each is put in its place when it is done. So which value stands
//! for which is handed on from one to the next: an image has one id in all of them. What this leaves out:
//! the comparison itself ([`crate::diff`]), and how a change is shown (`cli::diff`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Capture;
use super::jobs::Job;
use crate::cli::recording;
use crate::cli::ui::Ui;
use crate::diff::{self, Kept, Kinds, Map, compare_next};
use crate::error::{Error, ErrorKind, Place, Result, counted};
use crate::files::Root;
use crate::settings::Volatile;
use crate::site::diff::{Recorded, recorded};
use crate::site::folders::SHARED_SETTINGS;
use crate::trace::Trace;

/// What a run over captures knows of the recordings that are there.
#[derive(Default)]
pub(super) struct Stable {
    /// Which minted value of the captures that were recorded so far is which.
    map: Map,
    kinds: HashMap<Volatile, Arc<Kinds>>,
    /// The folder of new recordings that are only compared, and are put nowhere else.
    pub(super) aside: Option<PathBuf>,
}

impl Stable {
    /// What a run knows whose recordings go into this folder and are only compared.
    pub(super) fn aside(folder: PathBuf) -> Stable {
        Stable { aside: Some(folder), ..Stable::default() }
    }

    /// What is made anew in every run of a job.
    fn kinds(&mut self, captures: &Path, job: &Job) -> Result<Arc<Kinds>> {
        let profile =
            job.settings.profile.as_ref().and_then(|named| recording::profile(captures, &named.value));
        let mut volatile = profile.map(|profile| profile.volatile().clone()).unwrap_or_default();
        volatile.extend(&job.settings.volatile);
        if let Some(kinds) = self.kinds.get(&volatile) {
            return Ok(kinds.clone());
        }
        let kinds = Arc::new(Kinds::new([&volatile])?);
        self.kinds.insert(volatile, kinds.clone());
        Ok(kinds)
    }
}

impl Capture {
    /// What was recorded, with the values of the capture that is there; with words on it for the user. Nothing,
    /// where there is none to take over.
    pub(super) fn with_old_values(
        &self,
        job: &Job,
        (trace, output): (&Trace, &str),
        stable: &mut Stable,
        ui: &Ui,
    ) -> Result<Option<(Kept, String)>> {
        if self.fresh {
            return Ok(None);
        }
        let Some(old) = self.old_recording(job, ui) else { return Ok(None) };
        let kinds = stable.kinds(&self.captures, job)?;
        let capture = diff::Capture {
            old: diff::Recording { trace: &old.trace, output: old.output.as_deref() },
            new: diff::Recording { trace, output: Some(output) },
            kinds: &kinds,
        };
        let findings = compare_next(&capture, &mut stable.map);
        let kept = diff::keep(&capture, &findings, &stable.map);
        // What a person wrote down by its new name has that name.
        let typed = self.typed(job);
        let named = kept.values.iter().find(|value| typed.iter().any(|text| text.contains(&***value)));
        if let Some(value) = named {
            let of = if job.new.is_some() { "the command" } else { "capture.toml" };
            ui.say(format_args!("note: {}: {of} names `{value}`, so no old values are kept", job.path));
            return Ok(None);
        }
        let changes = match findings.changes.len() {
            0 => "no change".to_owned(),
            count => counted(count, "change"),
        };
        let told = format!("{} kept, {changes}", counted(kept.values.len(), "value"));
        Ok(Some((kept, told)))
    }

    /// The recording of a capture that is there. One that is damaged is told, and is none.
    fn old_recording(&self, job: &Job, ui: &Ui) -> Option<Recorded> {
        // A new one may be the first.
        if !self.captures.exists() {
            return None;
        }
        recorded(&self.captures, &job.folder).unwrap_or_else(|error| {
            let message = format!("the old recording is not used: {}", error.message());
            let told = Error::new(ErrorKind::Capture, message);
            let place = error.place().cloned().unwrap_or_else(|| Place::file(job.folder.clone()));
            ui.notices(&[told.at(place).hint("this one is recorded afresh, with values of its own")]);
            None
        })
    }

    /// What a person typed of the command that is run: its words, and the values of its variables.
    fn typed(&self, job: &Job) -> Vec<String> {
        if let Some(words) = &job.new {
            return words.clone();
        }
        let Ok(root) = Root::open(&self.captures) else { return Vec::new() };
        let around = job.folder.ancestors().take_while(|folder| folder.starts_with(&self.captures));
        let files =
            around.map(|folder| folder.join(SHARED_SETTINGS)).chain([job.folder.join("capture.toml")]);
        let mut typed = Vec::new();
        for file in files.filter(|file| root.is_file(file)) {
            // One that is no TOML was told before.
            let settings: toml::Table =
                root.read_text(&file).ok().and_then(|text| toml::from_str(&text).ok()).unwrap_or_default();
            let vars = settings.get("vars").and_then(toml::Value::as_table);
            let values = vars.into_iter().flat_map(toml::Table::values).chain(settings.get("command"));
            typed.extend(values.filter_map(toml::Value::as_str).map(str::to_owned));
        }
        typed
    }
}
