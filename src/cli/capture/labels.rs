//! Labels of a capture that is recorded again: each stays at the exchange that it was about.

use std::path::Path;

use super::Capture;
use super::jobs::Job;
use crate::cli::recording;
use crate::cli::ui::Ui;
use crate::files::{LARGEST_TRACE, Root};
use crate::page::Input;
use crate::page::carried::{Carried, between};
use crate::source;
use crate::toml_file::with_texts;
use crate::trace::Trace;

impl Capture {
    /// `text`, the capture's settings, with selectors that keep its labels where they were in the old recording,
    /// and what became of them. Where that cannot be told, or written, they are as they were.
    pub(super) fn with_carried_labels(
        &self,
        job: &Job,
        text: &str,
        new: &Trace,
        ui: &Ui,
    ) -> (String, Carried) {
        let carried = self.carried_labels(job, new).unwrap_or_default();
        match with_texts(&job.folder.join("capture.toml"), text, "label", &carried.selectors) {
            Ok(text) => (text, carried),
            Err(error) => {
                ui.notices(&[error.as_warning()]);
                (text.to_owned(), Carried::default())
            }
        }
    }

    /// What becomes of a capture's labels; `None` where there is no old recording that can be read.
    fn carried_labels(&self, job: &Job, new: &Trace) -> Option<Carried> {
        if job.settings.labels.is_empty() {
            return None;
        }
        let root = Root::open(&self.captures).ok()?;
        let files = ["trace.har", "trace.log"].map(|name| job.folder.join(name));
        let file: &Path = files.iter().find(|file| root.is_file(file))?;
        let old = source::read(file, root.read(file, LARGEST_TRACE).ok()?);
        let named = job.settings.profile.as_ref();
        let profile = named.and_then(|named| recording::profile(&self.captures, &named.value));
        let input = |trace| Input::of_trace(trace, &job.settings, profile.as_deref());
        between(&input(&old.trace), &input(new)).ok()
    }
}

/// Says what became of labels.
pub(super) fn tell(carried: &Carried, ui: &Ui) {
    for (label, selector) in &carried.selectors {
        if !carried.gone.contains(label) {
            ui.say(format_args!("`{label}` stays at its exchange, which is now `{selector}`"));
        }
    }
    for label in &carried.gone {
        ui.say(format_args!("the exchange of `{label}` is gone"));
    }
}
