//! `docgen new`

use std::path::{Path, PathBuf};

use clap::Args;

use super::ui::Ui;
use super::{NEEDS_A_PERSON, Trust, located};
use crate::error::Result;
use crate::site::drafts::{self, Updated, Wanted};

/// Write a page source for a capture, for your own words
#[derive(Debug, Args)]
#[command(after_help = "\
The page source is Markdown with a hole, `{{ … }}`, for everything that follows from the trace; the
page looks as it did without it. Exchanges that have no label yet get one in capture.toml, behind
what is there. A page source that is there already is left alone: `docgen update` is for that.

Examples:
  docgen new captures/openstack/image/show
  docgen new captures/openstack/image     all captures in it that have no page source yet
  docgen new x/show --captures x      where the captures' folder has no docgen.toml and another name")]
pub(super) struct New {
    /// Captures, or folders of them
    #[arg(required = true, value_name = "CAPTURE")]
    folders: Vec<PathBuf>,
    /// The folder of all captures [default: the highest one above that has a docgen.toml, else the
    /// nearest that is called `captures`]
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

impl New {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let (wanted, mut status) = located(&self.folders, self.captures.as_deref(), ui);
        for (root, paths) in wanted {
            let wanted = Wanted { root, paths, rev: None, trusted: self.trust.folders.clone() };
            let mut told = |_: &Path, drafted: Updated| match drafted {
                Ok(report) => {
                    ui.errors(&report.diagnostics);
                    status = status.max(super::status(&report.diagnostics));
                    for file in &report.files {
                        ui.say(format_args!("wrote {}", file.display()));
                    }
                    for label in &report.dropped {
                        ui.say(format_args!(
                            "dropped the label `{label}`, which is about nothing and which nothing used"
                        ));
                    }
                    if !report.labels.is_empty() {
                        ui.detail(format_args!("labels: {}", report.labels.join(", ")));
                    }
                }
                Err(errors) => {
                    ui.errors(&errors);
                    status = NEEDS_A_PERSON;
                }
            };
            if let Err(errors) = drafts::new_all(&wanted, &mut told) {
                ui.errors(&errors);
                status = NEEDS_A_PERSON;
            }
        }
        Ok(status)
    }
}
