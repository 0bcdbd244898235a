//! `docgen reference`
//!
//! Pages of the manual that follow from the code: what clap parses, what templates are given, which words
//! holes have. `docs/reference/` holds what this prints, and `tests/cmd.rs` fails where it does not. What
//! this leaves out: how any of it is used, which the guide tells.

mod commands;

use clap::{Args, CommandFactory, ValueEnum};

use super::ui::Ui;
use super::{Arguments, DONE};
use crate::error::Result;

/// Print a page of docgen's reference, as Markdown
#[derive(Debug, Args)]
#[command(after_help = "\
The pages are made from the program itself, so that they are about the version that prints them.

Examples:
  docgen reference commands                 what this help says, of all commands at once
  docgen reference commands > commands.md")]
pub(super) struct Reference {
    /// Which page
    #[arg(value_enum)]
    page: Page,
}

/// A page of the reference.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Page {
    /// Every command, with its arguments, options and examples
    Commands,
}

impl Reference {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let page = match self.page {
            Page::Commands => commands::page(Arguments::command()),
        };
        ui.data(&page);
        Ok(DONE)
    }
}
