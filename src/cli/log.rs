//! `docgen log`

use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::Args;

use super::ui::Ui;
use super::{DONE, NEEDS_A_PERSON, status};
use crate::error::{Result, escape_control};
use crate::site::drafts::Location;
use crate::site::{folders, last_run};
use crate::source;
use crate::text_file::read_recording;

/// Print a trace as text, a message after the other
#[derive(Debug, Args)]
#[command(after_help = "\
Of a folder of captures, each is said when it was last recorded, and of what, where that is known.

The text has the form of a requestshook log. With these two lines, the second once in each clone,
git shows readable diffs of traces:

  echo '*.har diff=docgen-trace' >> .gitattributes
  git config diff.docgen-trace.textconv 'docgen log'

Examples:
  docgen log captures/openstack/image/show
  docgen log trace.har | less")]
pub(super) struct Log {
    /// A trace: a HAR file, or a log of a format that docgen reads; or a folder of captures, for all of them
    trace: PathBuf,
}

impl Log {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        if !self.trace.is_dir() {
            return tell(&self.trace, ui);
        }
        let traces = folders::traces(&self.trace)?;
        let mut told = DONE;
        for (at, trace) in traces.iter().enumerate() {
            if traces.len() > 1 {
                // As `head` and `tail` name their files.
                ui.data(&format!("{}==> {} <==\n", if at == 0 { "" } else { "\n" }, trace.display()));
            }
            // What is wrong with one keeps nobody from reading the others.
            told = told.max(tell(trace, ui).unwrap_or_else(|error| {
                ui.errors(&[error]);
                NEEDS_A_PERSON
            }));
            tell_when_seen(trace, ui);
        }
        Ok(told)
    }
}

/// When the capture of a trace was last recorded here, where that is known.
fn tell_when_seen(trace: &Path, ui: &Ui) {
    let Some(location) = trace.parent().and_then(|folder| Location::of(folder, None).ok()) else { return };
    match last_run::seen(&location.root, &location.path) {
        Ok(Some(seen)) => {
            let seen = seen.in_words(Utc::now());
            ui.say(format_args!("{}: last recorded {}", trace.display(), escape_control(&seen)));
        }
        Ok(None) => {}
        Err(error) => ui.errors(&[error]),
    }
}

fn tell(trace: &Path, ui: &Ui) -> Result<u8> {
    let bytes = read_recording(trace)?;
    if let Some(error) = source::conflict(trace, &bytes) {
        return Err(error);
    }
    let read = source::read(trace, bytes);
    ui.data(&source::requestshook_writer::write(&read.trace));
    ui.errors(&read.diagnostics);
    Ok(status(&read.diagnostics))
}
