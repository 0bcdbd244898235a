//! `docgen templates`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::DONE;
use super::ui::Ui;
use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;
use crate::render::templates::EMBEDDED;

/// List the default templates, or write them out to be changed
#[derive(Debug, Args)]
#[command(after_help = "\
A file of the same name in your own templates folder (`templates = \"...\"` in docgen.toml) wins
over the default.

Examples:
  docgen templates list
  docgen templates eject page/tabs.md --to templates
  docgen templates eject --to templates        all of them")]
pub(super) struct Templates {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Debug, Subcommand)]
enum Subcommands {
    /// List the names of the default templates, phrases and profiles
    List,
    /// Write defaults to a folder; files that are there are left alone
    Eject {
        /// Which ones; all without a name
        names: Vec<String>,
        /// The folder to write to
        #[arg(long, value_name = "FOLDER", default_value = "templates")]
        to: PathBuf,
    },
}

impl Templates {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        match self.command {
            Subcommands::List => {
                for (name, _) in embedded() {
                    ui.data(&format!("{name}\n"));
                }
            }
            Subcommands::Eject { names, to } => {
                for name in &names {
                    if !embedded().any(|(known, _)| known == *name) {
                        return Err(Error::new(
                            ErrorKind::Template,
                            format!("there is no template `{name}`"),
                        )
                        .hint("`docgen templates list` lists them"));
                    }
                }
                for (name, text) in embedded().filter(|(name, _)| names.is_empty() || names.contains(name)) {
                    let file = to.join(&name);
                    let done =
                        if eject(&file, text)? { "wrote" } else { "left alone, as it is there already:" };
                    ui.say(format_args!("{done} {}", file.display()));
                }
            }
        }
        Ok(DONE)
    }
}

/// Names and contents of everything that a user's file can replace.
fn embedded() -> impl Iterator<Item = (String, &'static str)> {
    let profiles = Profile::embedded_names()
        .iter()
        .filter_map(|name| Some((format!("profiles/{name}.toml"), Profile::embedded_text(name)?)));
    EMBEDDED.iter().map(|(name, text)| ((*name).to_owned(), *text)).chain(profiles)
}

/// Writes a file; `false` where there is one.
fn eject(file: &std::path::Path, text: &str) -> Result<bool> {
    use std::io::Write;
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::io("make", folder, error))?;
    }
    let made = std::fs::File::create_new(file).and_then(|mut made| made.write_all(text.as_bytes()));
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true).map_err(|error| Error::io("write", file, error)),
    }
}
