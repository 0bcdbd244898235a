//! `docgen update`

use std::path::PathBuf;

use clap::Args;

use super::ui::Ui;
use super::{DONE, NEEDS_A_PERSON, Trust};
use crate::error::{Result, counted};
use crate::site::drafts::{self, Location};

/// Bring page sources up to date with their traces
#[derive(Debug, Args)]
#[command(after_help = "\
An exchange that the source shows nowhere gets its sections, behind those of the exchange before
it, and a label in capture.toml. A section whose exchange is gone is put between the lines
`<!-- docgen: gone LABEL -->` and `<!-- docgen: end -->`: its prose is kept in the source and left
out of the page. Nothing else changes a byte, and doing it again changes nothing.

Examples:
  docgen update captures/openstack/image/show
  docgen update captures/openstack/image/*")]
pub(super) struct Update {
    /// The captures' folders
    #[arg(required = true, value_name = "CAPTURE")]
    folders: Vec<PathBuf>,
    /// The folder of all captures [default: the highest one above that has a docgen.toml, else the
    /// nearest that is called `captures`]
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

impl Update {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let mut status = DONE;
        for folder in &self.folders {
            let updated = Location::of(folder, self.captures.as_deref())
                .map_err(|error| vec![error])
                .and_then(|location| drafts::update(&location, &self.trust.folders));
            let report = match updated {
                Ok(report) => report,
                Err(errors) => {
                    ui.errors(&errors);
                    status = NEEDS_A_PERSON;
                    continue;
                }
            };
            ui.errors(&report.diagnostics);
            status = status.max(super::status(&report.diagnostics));
            for file in &report.files {
                ui.detail(format_args!("wrote {}", file.display()));
            }
            let marked = report.marked.iter().map(|label| format!(", marked `{label}` as gone"));
            ui.say(format_args!(
                "{}: {} added{}",
                folder.display(),
                counted(report.added.len(), "section"),
                marked.collect::<String>()
            ));
        }
        Ok(status)
    }
}
