//! `docgen rename`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::ui::Ui;
use super::{NEEDS_A_PERSON, Trust, status};
use crate::error::{Result, counted};
use crate::files::or_here;
use crate::site::drafts::Location;
use crate::site::project::docs_of;
use crate::site::rename::{self, Changed, Name, Plan, Wanted};

/// Give a label another name, wherever it is used
#[derive(Debug, Args)]
#[command(after_help = "\
A label is renamed in capture.toml, in the holes and marks of page sources, and in links to its
section, of all captures. All other bytes stay. Either all files are changed or none; what names it
and is not docgen's to change is told with its line.

Examples:
  docgen rename label captures/openstack/image/show show show_image
  docgen rename label captures/openstack token issue_token   in all captures of a folder
  docgen rename label captures/openstack/image/show show show_image --dry-run")]
pub(super) struct Rename {
    #[command(subcommand)]
    name: Named,
}

#[derive(Debug, Subcommand)]
enum Named {
    Label(Label),
}

/// A label of a capture, or of all captures of a folder
#[derive(Debug, Args)]
struct Label {
    /// The capture, or a folder of captures
    capture: PathBuf,
    /// What the label is called
    old: String,
    /// What it is to be called
    new: String,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
struct Options {
    /// Say what would change, line by line, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// The folder of all captures [default: the highest one above that has a docgen.toml, else the
    /// nearest that is called `captures`]
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
    /// The folder of the pages, to look for links in those that people wrote [default: the one that
    /// `docs` in CAPTURES/docgen.toml names]
    #[arg(long, value_name = "FOLDER")]
    docs: Option<PathBuf>,
    #[command(flatten)]
    trust: Trust,
}

impl Options {
    /// What to rename in these captures.
    fn wanted(&self, root: PathBuf, name: Name) -> Wanted {
        // Who has not said where the pages are has none to look at.
        let docs = self.docs.clone().or_else(|| docs_of(or_here(&root)).ok());
        Wanted { root, docs, trusted: self.trust.folders.clone(), name }
    }
}

impl Rename {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let (wanted, options) = match self.name {
            Named::Label(Label { capture, old, new, options }) => {
                let Location { root, path } = Location::of(&capture, options.captures.as_deref())?;
                (options.wanted(root, Name::Label { path, old, new }), options)
            }
        };
        match rename::plan(&wanted) {
            Ok(plan) if options.dry_run => {
                plan.changed.iter().for_each(|changed| ui.data(&lines(changed)));
                Ok(tell(&plan, "to change", ui))
            }
            Ok(plan) => {
                rename::carry_out(&wanted.root, &plan)?;
                plan.changed
                    .iter()
                    .for_each(|changed| ui.detail(format_args!("wrote {}", changed.file.display())));
                Ok(tell(&plan, "changed", ui))
            }
            Err(errors) => {
                ui.errors(&errors);
                Ok(NEEDS_A_PERSON)
            }
        }
    }
}

/// Tells of a plan what is for a person, and how much it is; gives the status.
fn tell(plan: &Plan, done: &str, ui: &Ui) -> u8 {
    ui.errors(&plan.left);
    let lines = plan.changed.iter().map(|changed| changed_lines(changed).len()).sum::<usize>();
    ui.say(format_args!("{} in {} {done}", counted(lines, "line"), counted(plan.changed.len(), "file")));
    status(&plan.left)
}

/// The lines of a file that change, each with its number: as it is, and as it is to be.
fn lines(changed: &Changed) -> String {
    let shown = |line: &str| crate::error::escape_control(line).into_owned();
    let of_line = |(number, old, new): &(usize, &str, &str)| {
        format!("{}:{number}\n- {}\n+ {}\n", file(&changed.file), shown(old), shown(new))
    };
    changed_lines(changed).iter().map(of_line).collect()
}

fn file(path: &Path) -> String {
    crate::error::escape_control(&path.display().to_string()).into_owned()
}

/// The number of each line that changes, the line, and the new one. A new name has no line end.
fn changed_lines(changed: &Changed) -> Vec<(usize, &str, &str)> {
    let pairs = changed.old.lines().zip(changed.new.lines()).enumerate();
    pairs.filter(|(_, (old, new))| old != new).map(|(index, (old, new))| (index + 1, old, new)).collect()
}
