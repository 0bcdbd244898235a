//! `docgen reference`
//!
//! Pages of the manual that follow from the code: what clap parses, what templates are given, which words
//! holes have, which keys settings have. `docs/reference/` holds what this prints, and `tests/cmd.rs` fails where
//! it does not. What this leaves out: how any of it is used, which the guide tells.

mod commands;
mod settings;

use clap::{Args, CommandFactory, ValueEnum};

use super::ui::Ui;
use super::{Arguments, DONE};
use crate::error::Result;
use crate::render::{holes, reference};

/// Print a page of docgen's reference, as Markdown
#[derive(Debug, Args)]
#[command(after_help = "\
The pages are made from the program itself, so that they are about the version that prints them.

Examples:
  docgen reference commands                 what this help says, of all commands at once
  docgen reference templates > templates.md")]
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
    /// Every hole that a page source may have
    Holes,
    /// Every key of docgen.toml, capture.toml, report.toml, index.toml and profiles
    Settings,
    /// Every template, and what it may use
    Templates,
}

impl Reference {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let page = match self.page {
            Page::Commands => commands::page(Arguments::command()),
            Page::Holes => holes::holes_page(),
            Page::Settings => settings::page(),
            Page::Templates => reference::templates_page(),
        };
        ui.data(&page);
        Ok(DONE)
    }
}
