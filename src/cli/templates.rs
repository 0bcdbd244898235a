//! `docgen templates`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::DONE;
use super::ui::Ui;
use crate::error::{Error, ErrorKind, Result};
use crate::files::Root;
use crate::files::whole::write_new;
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
                expect_here(&to)?;
                let root = Root::create(&to).map_err(|error| Error::io("make", &to, error))?;
                for (name, text) in embedded().filter(|(name, _)| names.is_empty() || names.contains(name)) {
                    let file = to.join(&name);
                    let done = if eject(&root, &file, text)? {
                        "wrote"
                    } else {
                        "left alone, as it is there already:"
                    };
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

/// A folder that is named from the current one on may be a stranger's, as `templates` in a clone.
///
/// # Errors
/// [`ErrorKind::Io`] where a link on the way to it leads out of the current folder.
fn expect_here(to: &Path) -> Result<()> {
    if to.is_absolute() {
        return Ok(());
    }
    let here = Root::open(Path::new("")).map_err(|error| Error::io("read", Path::new("."), error))?;
    here.leads_out(to).map_or(Ok(()), Err)
}

/// Writes a file below the folder that the user named, through no link that leads out of it; `false` where
/// something of its name is there.
fn eject(to: &Root, file: &Path, text: &str) -> Result<bool> {
    let Some(below) = to.below(file) else { return Err(to.outside(file)) };
    let make = || {
        if let Some(folder) = below.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            to.dir().create_dir_all(folder)?;
        }
        write_new(to.dir(), &below, text.as_bytes())
    };
    match make() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && to.is_file(file) => Ok(false),
        Err(error) => Err(to.error("write", file, error)),
    }
}
