//! Labels of a capture that is recorded again: each stays at the exchange that it was about.

use super::Capture;
use super::jobs::Job;
use super::stable::Before;
use crate::cli::ui::Ui;
use crate::page::carried::{Carried, carried};
use crate::page::{Input, Resolved};
use crate::toml_file::with_texts;
use crate::trace::Trace;

impl Capture {
    /// `text`, the capture's settings, with selectors that keep its labels where they were in the old recording,
    /// and what became of them. Where that cannot be written, they are as they were.
    pub(super) fn with_carried_labels(
        &self,
        job: &Job,
        text: &str,
        before: &Before,
        new: &Trace,
        ui: &Ui,
    ) -> (String, Carried) {
        let profile = self.profile(job);
        let input = |trace, settings| Input::of_trace(trace, settings, profile.as_deref());
        let (old, new) = (input(&before.trace, &before.settings), input(new, &before.settings_now));
        let carried = carried(&Resolved::new(&old), &Resolved::new(&new), &before.partners);
        match with_texts(&job.folder.join("capture.toml"), text, "label", &carried.selectors) {
            Ok(text) => (text, carried),
            Err(error) => {
                ui.notices(&[error.as_warning()]);
                (text.to_owned(), Carried::default())
            }
        }
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
