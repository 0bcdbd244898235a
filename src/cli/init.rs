//! `docgen init`

use std::path::{Path, PathBuf};

use clap::Args;

use super::ui::Ui;
use super::{DONE, status};
use crate::error::Result;
use crate::page::command_line;
use crate::site::init::{Options, Started, init};

/// Start a site, or add docgen to one that is there
#[derive(Debug, Args)]
#[command(after_help = "\
In an empty folder: a site that MkDocs, ProperDocs and Zensical build, with a first capture. Beside a
mkdocs.yml, properdocs.yml or zensical.toml: the extensions that pages need are put into it, and
nothing is taken out, so that no comment is lost; where it is written in a form that nothing can be
added to, this says what to write. Then a style sheet; mermaid where it draws a page's diagrams, so that pages fetch
nothing from outside; the schemas of docgen's settings for your editor, and a workflow of GitHub's
that builds the site. What is there already stays as it is; running this again changes nothing.

Examples:
  docgen init             here
  docgen init handbook    in another folder, which is made where it is missing")]
pub(super) struct Init {
    /// The site's folder
    #[arg(default_value = ".")]
    site: PathBuf,
    /// The folder of the captures, from the site's
    #[arg(long, value_name = "FOLDER", default_value = "captures")]
    captures: String,
}

impl Init {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        // As short as a user would name what is here.
        let site = if self.site == Path::new(".") { PathBuf::new() } else { self.site };
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let options = Options { site, captures: self.captures, has_plugin: is_plugin_installed(), jobs };
        let started = init(&options)?;
        ui.errors(&started.left);
        let Started { made, completed, renewed, unchanged, left, folders: (captures, docs) } = &started;
        for (what, files) in [("wrote", made), ("added to", completed), ("renewed", renewed)] {
            for file in files {
                ui.say(format_args!("{what} {}", file.display()));
            }
        }
        if made.len() + completed.len() + renewed.len() == 0 {
            ui.say(format_args!("{unchanged} unchanged: docgen is in this site already"));
        } else {
            let words = [captures, docs].map(|folder| folder.display().to_string());
            ui.say(format_args!("next: docgen render {}", command_line(&words, false)));
        }
        Ok(if left.is_empty() { DONE } else { status(left) })
    }
}

/// Whether this program came in the wheel, which has a plugin for MkDocs and ProperDocs beside it.
fn is_plugin_installed() -> bool {
    let Some(prefix) =
        std::env::current_exe().ok().and_then(|file| Some(file.parent()?.parent()?.to_owned()))
    else {
        return false;
    };
    let libraries = std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten();
    libraries
        .into_iter()
        .any(|library| library.path().join("site-packages/docgen_http/__init__.py").is_file())
}
