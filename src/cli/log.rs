//! `docgen log`

use std::path::PathBuf;

use clap::Args;

use super::status;
use super::ui::Ui;
use crate::error::Result;
use crate::source;
use crate::text_file::read_recording;

/// Print a trace as text, a message after the other
#[derive(Debug, Args)]
#[command(after_help = "\
The text has the form of a requestshook log. With these two lines, the second once in each clone,
git shows readable diffs of traces:

  echo '*.har diff=docgen-trace' >> .gitattributes
  git config diff.docgen-trace.textconv 'docgen log'

Examples:
  docgen log captures/openstack/image/show/trace.har
  docgen log trace.har | less")]
pub(super) struct Log {
    /// A trace: a HAR file, or a log of a format that docgen reads
    trace: PathBuf,
}

impl Log {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let bytes = read_recording(&self.trace).map_err(|error| {
            let inside = ["trace.har", "trace.log"].map(|name| self.trace.join(name));
            match inside.iter().find(|file| file.is_file()) {
                Some(file) => error.hint(format!("name the trace: {}", file.display())),
                None => error,
            }
        })?;
        let read = source::read(&self.trace, bytes);
        ui.data(&source::requestshook_writer::write(&read.trace));
        ui.errors(&read.diagnostics);
        Ok(status(&read.diagnostics))
    }
}
