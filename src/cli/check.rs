//! `docgen check`

use clap::{Args, ValueEnum};
use serde_json::json;

use super::ui::Ui;
use super::{Folders, Trust, status};
use crate::error::{Error, Result};
use crate::site::Options;
use crate::site::check::check;

/// Say everything that does not hold any more
#[derive(Debug, Args)]
#[command(after_help = "\
Stale pages, labels that match nothing, holes that cannot be filled, exchanges that no page shows,
prose whose exchange is gone, links between pages that lead nowhere, unredacted secrets, and what
the site's configuration (mkdocs.yml, properdocs.yml or zensical.toml beside DOCS) lacks for pages
to look right; each with file and line. Nothing is written.

Examples:
  docgen check captures docs
  docgen check                                both folders as CAPTURES/docgen.toml names them
  docgen check captures docs --format json    one object a line")]
pub(super) struct Check {
    #[command(flatten)]
    folders: Folders,
    /// How to say it
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    trust: Trust,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Format {
    /// For a person, on standard error
    Human,
    /// A JSON object a line, on standard output
    Json,
}

impl Check {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (captures, docs) = self.folders.found()?;
        let options =
            Options { captures, docs, jobs, check: true, trusted: self.trust.folders, ..Options::default() };
        let findings = check(&options)?;
        match self.format {
            Format::Json => findings.iter().for_each(|finding| ui.data(&as_json(finding))),
            Format::Human => {
                ui.errors(&findings);
                ui.say(format_args!("{} found", findings.len()));
            }
        }
        Ok(status(&findings))
    }
}

/// A finding as a JSON object on a line. Numbers are absent where a whole file or line is meant.
fn as_json(finding: &Error) -> String {
    let place = finding.place();
    let number = |number: Option<usize>| number.filter(|number| *number > 0);
    let object = json!({
        "kind": finding.kind().name(),
        "severity": finding.severity().name(),
        "message": finding.message(),
        "file": place.map(|place| place.file.to_string_lossy()),
        "line": number(place.map(|place| place.line)),
        "column": number(place.map(|place| place.column)),
        "hint": finding.help(),
    });
    format!("{object}\n")
}
