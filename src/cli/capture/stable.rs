//! What new recordings keep of those that are there, and what is done otherwise than they say.
//!
//! Captures are recorded one after another, and each is put in its place when it is done. So which value stands
//! for which is handed on from one to the next: an image has one id in all of them. What this leaves out:
//! the comparison itself ([`crate::diff`]), and how a change is shown (`cli::diff`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::Capture;
use super::jobs::{Given, Job};
use crate::cli::recording::layers_of;
use crate::cli::ui::Ui;
use crate::diff::{self, Kept, Kinds, Map, compare_next};
use crate::error::{Error, ErrorKind, Place, Result, counted};
use crate::files::Root;
use crate::page;
use crate::settings::{Settings, Volatile};
use crate::site::diff::{Recorded, at_wrong_volatile, recorded};
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

    /// Takes over which value stands for which: one of a recording and the one of today.
    pub(super) fn learn(&mut self, values: &[(String, String)]) {
        for (recorded, now) in values {
            self.map.add(&recorded.as_str().into(), &now.as_str().into());
        }
    }
}

/// The recording that is there, beside a new one.
pub(super) struct Before {
    /// What the command did then.
    pub(super) trace: Trace,
    /// For each of its exchanges the same one of the trace that is written now.
    pub(super) partners: Vec<Option<usize>>,
    /// The settings with the values that other captures gave then.
    pub(super) settings: Settings,
    /// The settings with the values of other captures as the trace that is written now has them.
    pub(super) settings_now: Settings,
    /// What gives a value, by the value as that trace has it.
    pub(super) given_now: HashMap<String, String>,
    /// The new recording with the old values, where they are kept; and words on it for the user.
    pub(super) kept: Option<(Kept, String)>,
}

impl Capture {
    /// What is made anew in every run of a job.
    ///
    /// # Errors
    /// Where `[volatile]` settings are wrong.
    pub(super) fn kinds(&self, job: &Job, stable: &mut Stable) -> Result<Arc<Kinds>> {
        let mut volatile = self.profile(job).map(|profile| profile.volatile().clone()).unwrap_or_default();
        volatile.extend(&job.settings.volatile);
        if let Some(kinds) = stable.kinds.get(&volatile) {
            return Ok(kinds.clone());
        }
        let layers = || layers_of(&Root::open(&self.captures).ok()?, &job.folder).ok();
        let kinds = Kinds::new([&volatile])
            .map_err(|error| at_wrong_volatile(error, &layers().unwrap_or_default()))?;
        let kinds = Arc::new(kinds);
        stable.kinds.insert(volatile, kinds.clone());
        Ok(kinds)
    }

    /// Compares what was recorded with the capture that is there; nothing, where there is none.
    pub(super) fn compare_with_old(
        &self,
        job: &Job,
        given: &Given<'_>,
        (trace, output): (&Trace, &str),
        stable: &mut Stable,
        ui: &Ui,
    ) -> Result<Option<Before>> {
        let old = match self.old_recording(job, ui) {
            Some(old) => old,
            // What is new has the values of what is there.
            None if given.values.values().any(|value| stable.map.old_of(&value.text).is_some()) => {
                Recorded { trace: Trace::default(), output: None }
            }
            None => return Ok(None),
        };
        let kinds = self.kinds(job, stable)?;
        let capture = diff::Capture {
            old: diff::Recording { trace: &old.trace, output: old.output.as_deref() },
            new: diff::Recording { trace, output: Some(output) },
            kinds: &kinds,
        };
        let (mut findings, added) = compare_next(&capture, &mut stable.map);
        let old_of = |value: &str| stable.map.old_of(value).unwrap_or(value).to_owned();
        let (settings, given_before) = (given.settings(old_of), given.by_value(old_of));
        let mut given_now = given.by_value(str::to_owned);
        let mut partners = findings.alignment.partners(&old.trace, trace);
        let (mut kept, mut settings_now) = (None, job.settings.clone());
        if !self.fresh {
            let with_old = diff::keep(&capture, &findings, &stable.map);
            // What a person wrote down by its new name has that name.
            let typed = self.typed(job);
            let named =
                with_old.values.iter().find(|value| typed.iter().any(|text| text.contains(&***value)));
            if let Some(value) = named {
                let of = if job.new.is_some() { "the command" } else { "capture.toml" };
                ui.say(format_args!("note: {}: {of} names `{value}`, so no old values are kept", job.path));
                // What is written has no old values that others could share.
                stable.map.forget(&added);
            } else {
                let profile = self.profile(job);
                let optional =
                    |settings, trace| page::optional_exchanges(settings, profile.as_deref(), trace);
                findings
                    .set_aside_optional(&optional(&settings, &old.trace), &optional(&job.settings, trace));
                let changes = match findings.changes.len() {
                    0 => "no change".to_owned(),
                    count => counted(count, "change"),
                };
                let told = match old.output {
                    Some(_) => format!("{} kept, {changes}", counted(with_old.values.len(), "value")),
                    None => format!("{} kept", counted(with_old.values.len(), "value")),
                };
                partners.clone_from(&with_old.partners);
                settings_now.clone_from(&settings);
                given_now = given_before;
                kept = Some((with_old, told));
            }
        }
        Ok(Some(Before { trace: old.trace, partners, settings, settings_now, given_now, kept }))
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
