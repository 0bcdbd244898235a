//! `docgen man`

use clap::{Args, CommandFactory};

use super::ui::Ui;
use super::{Arguments, DONE};
use crate::error::{Error, ErrorKind, Result};

/// Print the manual page, of docgen or of one of its commands
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  docgen man | man -l -
  docgen man render > docgen-render.1")]
pub(super) struct Man {
    /// The command
    command: Option<String>,
}

impl Man {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let mut root = Arguments::command();
        root.build();
        let command = match &self.command {
            None => root,
            Some(name) => root.find_subcommand(name).cloned().ok_or_else(|| {
                Error::new(ErrorKind::Setting, format!("there is no command `{name}`"))
                    .hint("`docgen help` lists them")
            })?,
        };
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Error::new(ErrorKind::Io, format!("the manual page cannot be made: {error}")))?;
        ui.data(&String::from_utf8_lossy(&page));
        Ok(DONE)
    }
}
