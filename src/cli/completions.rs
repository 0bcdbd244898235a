//! `docgen completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::ui::Ui;
use super::{Arguments, DONE};
use crate::error::Result;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  docgen completions bash > ~/.local/share/bash-completion/completions/docgen
  docgen completions zsh > ~/.zfunc/_docgen
  docgen completions fish > ~/.config/fish/completions/docgen.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "docgen", &mut script);
        ui.data(&String::from_utf8_lossy(&script));
        Ok(DONE)
    }
}
