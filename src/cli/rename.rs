//! `docgen rename`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::ui::Ui;
use super::{NEEDS_A_PERSON, Trust, status};
use crate::error::{Error, ErrorKind, Result, counted};
use crate::files::or_here;
use crate::site::drafts::Location;
use crate::site::project::docs_of;
use crate::site::rename::{self, Changed, Moved, Name, Plan, Wanted};

/// Give a label, a participant or a capture another name, wherever it is used
#[derive(Debug, Args)]
#[command(after_help = "\
What names it changes in settings, in the holes, marks and links of page sources, of all captures. All
other bytes stay. Either all files are changed or none; what names it and is not docgen's to change is
told with its line.

Examples:
  docgen rename label captures/openstack/image/show show show_image
  docgen rename label captures/openstack token issue_token   in all captures of a folder
  docgen rename participant captures glance image-api
  docgen rename capture captures/openstack/image/show captures/openstack/image/read
  docgen rename label captures/openstack/image/show show show_image --dry-run")]
pub(super) struct Rename {
    #[command(subcommand)]
    name: Named,
}

#[derive(Debug, Subcommand)]
enum Named {
    /// A label of a capture, or of all captures of a folder
    Label(Within),
    /// A `[[participant]]` of a capture, or of all captures of a folder
    ///
    /// It goes by its id. Where a recording calls it by the old one, that becomes one of its `names`.
    Participant(Within),
    Capture(Capture),
}

/// A name that captures have for something in them.
#[derive(Debug, Args)]
struct Within {
    /// The capture, or a folder of captures
    capture: PathBuf,
    /// What it is called
    old: String,
    /// What it is to be called
    new: String,
    #[command(flatten)]
    options: Options,
}

/// A capture, or a folder of captures, by its path: the folder is moved
#[derive(Debug, Args)]
struct Capture {
    /// The folder
    old: PathBuf,
    /// Where it is to be
    new: PathBuf,
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
            Named::Label(Within { capture, old, new, options }) => {
                let Location { root, path } = Location::of(&capture, options.captures.as_deref())?;
                (options.wanted(root, Name::Label { path, old, new }), options)
            }
            Named::Participant(Within { capture, old, new, options }) => {
                let Location { root, path } = Location::of(&capture, options.captures.as_deref())?;
                (options.wanted(root, Name::Participant { path, old, new }), options)
            }
            Named::Capture(Capture { old, new, options }) => {
                let Location { root, path: old } = Location::of(&old, options.captures.as_deref())?;
                let new = path_below(&root, &new)?;
                (options.wanted(root, Name::Capture { old, new }), options)
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
    let all = plan.changed.iter().flat_map(changes);
    let lines = all.map(|change| change.old.len().max(change.new.len())).sum::<usize>();
    if let Some(Moved { from, to }) = &plan.moved {
        ui.say(format_args!("{} to {}: its pages follow with `docgen render`", file(from), file(to)));
    }
    ui.say(format_args!("{} in {} {done}", counted(lines, "line"), counted(plan.changed.len(), "file")));
    status(&plan.left)
}

/// The lines of a file that change, each with its number: as they are, and as they are to be.
fn lines(changed: &Changed) -> String {
    let shown = |sign: char, lines: &[&str]| -> String {
        lines.iter().map(|line| format!("{sign} {}\n", crate::error::escape_control(line))).collect()
    };
    let of_change = |change: Change<'_>| {
        let (old, new) = (shown('-', &change.old), shown('+', &change.new));
        format!("{}:{}\n{old}{new}", file(&changed.file), change.line)
    };
    changes(changed).into_iter().map(of_change).collect()
}

/// Lines that stand together and change.
struct Change<'t> {
    /// The number of the first, from 1.
    line: usize,
    old: Vec<&'t str>,
    new: Vec<&'t str>,
}

/// What changes in a file, from its beginning on.
fn changes(changed: &Changed) -> Vec<Change<'_>> {
    let [old, new] = [&changed.old, &changed.new].map(|text| text.lines().collect::<Vec<_>>());
    let made = similar::capture_diff_slices(similar::Algorithm::Myers, &old, &new);
    let made = made.iter().filter(|change| change.tag() != similar::DiffTag::Equal);
    made.map(|change| Change {
        line: change.old_range().start + 1,
        old: old[change.old_range()].to_vec(),
        new: new[change.new_range()].to_vec(),
    })
    .collect()
}

/// The path of a folder, which need not be there, below the one of all captures.
fn path_below(root: &Path, folder: &Path) -> Result<String> {
    let whole = |path: &Path| std::path::absolute(path).map_err(|error| Error::io("find", path, error));
    let (root, folder) = (whole(or_here(root))?, whole(folder)?);
    let below = folder.strip_prefix(&root).ok().and_then(Path::to_str);
    below.map(|below| below.replace(std::path::MAIN_SEPARATOR, "/")).ok_or_else(|| {
        Error::new(ErrorKind::Usage, format!("`{}` is not below `{}`", folder.display(), root.display()))
            .hint("name the new folder as the old one, from where you are: `captures/image/read`")
    })
}

fn file(path: &Path) -> String {
    crate::error::escape_control(&path.display().to_string()).into_owned()
}
