//! `docgen update`

use std::path::{Path, PathBuf};

use clap::Args;

use super::ui::Ui;
use super::{NEEDS_A_PERSON, Trust, located};
use crate::error::{Result, counted};
use crate::site::drafts::{self, Report, Updated, Wanted};
use crate::site::project::captures_of;

/// Bring page sources up to date with their traces
#[derive(Debug, Args)]
#[command(after_help = "\
An exchange that the source shows nowhere gets its sections, behind those of the exchange before
it, a line in a list of steps where the source has one, and a label in capture.toml. A section whose exchange is gone is put between the lines
`<!-- docgen: gone LABEL -->` and `<!-- docgen: end -->`: its prose is kept in the source and left
out of the page. A label whose exchange is gone and that nothing uses is taken out of capture.toml.
Nothing else changes a byte, and doing it again changes nothing.

Where a new log was put in place of an old one, `--git REV` compares the two, and keeps each label at
the exchange that it was about: a selector in capture.toml is rewritten where it says another one, or
none. `docgen capture` does so by itself.

Examples:
  docgen update captures/openstack/image/show
  docgen update captures                     all of them
  docgen update --git HEAD captures/openstack/image")]
pub(super) struct Update {
    /// Captures, or folders of them [default: the folder of all captures]
    #[arg(value_name = "CAPTURE")]
    folders: Vec<PathBuf>,
    /// Keep each label at the exchange that it was about in the recordings of this commit
    #[arg(long, value_name = "REV")]
    git: Option<String>,
    /// The folder of all captures [default: the highest one above that has a docgen.toml, else the
    /// nearest that is called `captures`]
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

impl Update {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let (wanted, mut status) = located(&self.folders()?, self.captures.as_deref(), ui);
        for (root, paths) in wanted {
            let wanted = Wanted { root, paths, rev: self.git.clone(), trusted: self.trust.folders.clone() };
            let mut told = |folder: &Path, updated: Updated| match updated {
                Ok(report) => {
                    ui.errors(&report.diagnostics);
                    status = status.max(super::status(&report.diagnostics));
                    tell(folder, &report, ui);
                }
                Err(errors) => {
                    ui.errors(&errors);
                    status = NEEDS_A_PERSON;
                }
            };
            if let Err(errors) = drafts::update_all(&wanted, &mut told) {
                ui.errors(&errors);
                status = NEEDS_A_PERSON;
            }
        }
        Ok(status)
    }

    /// The folders that are named, or else the one of all captures.
    fn folders(&self) -> Result<Vec<PathBuf>> {
        if !self.folders.is_empty() {
            return Ok(self.folders.clone());
        }
        Ok(vec![self.captures.clone().map_or_else(|| captures_of(".".as_ref()), Ok)?])
    }
}

fn tell(folder: &Path, report: &Report, ui: &Ui) {
    for file in &report.files {
        ui.detail(format_args!("wrote {}", file.display()));
    }
    let carried = report.carried.iter().map(|(label, selector)| format!(", `{label}` is now `{selector}`"));
    let dropped = report.dropped.iter().map(|label| format!(", dropped `{label}`, which nothing used"));
    let marked = report.marked.iter().map(|label| format!(", marked `{label}` as gone"));
    let steps = match report.steps {
        0 => String::new(),
        steps => format!(" and {}", counted(steps, "step")),
    };
    ui.say(format_args!(
        "{}: {}{steps} added{}",
        folder.display(),
        counted(report.added.len(), "section"),
        carried.chain(marked).chain(dropped).collect::<String>()
    ));
}
