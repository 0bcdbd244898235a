//! The command line: arguments to the library's calls, and their answers to a person.
//!
//! This is the only code that prints, reads arguments or asks for the environment.
//! Data goes to standard output and everything else to standard error; colour and
//! progress only where somebody looks. One file a subcommand.

mod capture;
mod check;
mod completions;
mod diff;
mod import;
mod init;
mod keep_connections;
mod log;
mod man;
mod new;
mod recording;
mod reference;
mod rename;
mod render;
mod schema;
mod templates;
mod ui;
mod update;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Parser, Subcommand};

use crate::error::{Error, ErrorKind, Result, Severity};
use crate::site::drafts::Location;
use crate::site::project::{captures_of, docs_of};
use ui::Ui;

/// Everything is as it should be.
const DONE: u8 = 0;
/// Something in the input needs a person.
const NEEDS_A_PERSON: u8 = 1;
/// The arguments make no sense.
const WRONG_USAGE: u8 = 2;

/// Numbered sequence-diagram pages of what a command does on the wire.
#[derive(Debug, Parser)]
#[command(name = "docgen", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Examples:
  docgen init                          a first site here, or docgen in one that is there
  docgen capture image/list -- openstack image list   record a command
  docgen render captures docs          make the pages of all captures
  docgen render captures docs --check  in CI: fail, with a diff, where pages are stale
  docgen new captures/image/show       a page source to write in, for one capture
  docgen update captures/image/show    bring that source up to date with a new trace
  docgen rename label captures/image/show show read   a label by another name, wherever it is used
  docgen check captures docs           all that does not hold any more, with file and line
  docgen diff --git HEAD captures      what a new recording does otherwise, each fact once
  docgen import docs/show.md captures/show  make a capture of a page that was written by hand
  docgen templates eject --to tpl      a copy of the default templates, to change

Exit status: 0 done; 1 something in the input needs a person; 2 wrong usage.")]
struct Arguments {
    /// Say nothing but errors and warnings
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 900)]
    quiet: bool,
    /// Name each file that is written or removed, too
    #[arg(short, long, global = true, display_order = 901)]
    verbose: bool,
    #[command(subcommand)]
    command: Command,
}

/// The two folders that all pages are made from and put into.
#[derive(Debug, Args)]
struct Folders {
    /// The folder of the captures [default: the one around the current folder, or `captures` in it or in
    /// one above]
    captures: Option<PathBuf>,
    /// The folder of the pages [default: the one that `docs` in CAPTURES/docgen.toml names]
    docs: Option<PathBuf>,
}

impl Folders {
    /// The folder of the captures, and that of the pages.
    fn found(self) -> Result<(PathBuf, PathBuf)> {
        let captures = self.captures.map_or_else(|| captures_of(".".as_ref()), Ok)?;
        let docs = self.docs.map_or_else(|| docs_of(&captures), Ok)?;
        Ok((captures, docs))
    }
}

/// Where settings may name files, beside the folder of the captures.
#[derive(Debug, Args)]
struct Trust {
    /// Let settings name templates and profiles in this folder too
    #[arg(id = "trust", long = "trust", value_name = "FOLDER")]
    folders: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Render(render::Render),
    New(new::New),
    Update(update::Update),
    Rename(rename::Rename),
    Check(check::Check),
    Diff(diff::Diff),
    Capture(capture::Capture),
    Log(log::Log),
    Import(import::Import),
    Templates(templates::Templates),
    Schema(schema::Schema),
    Completions(completions::Completions),
    Reference(reference::Reference),
    Man(man::Man),
    KeepConnections(keep_connections::KeepConnections),
}

/// Runs docgen with these arguments, the program's name first, and tells the exit status:
/// 0 done; 1 something in the input needs a person, named on standard error; 2 wrong usage.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // A file that grows beyond a limit of the system (`ulimit -f`) is an error like that of a full disk, and
    // not the end of the program. Without this signal a system has no such limit.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    // What panicked was told by then, with its place.
    std::panic::catch_unwind(AssertUnwindSafe(|| status_of(arguments))).unwrap_or_else(|_| {
        Ui::new(false, false).error(&Error::fault());
        NEEDS_A_PERSON.into()
    })
}

fn status_of(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers, not errors; clap knows which is which.
            if error.use_stderr() {
                let _ = error.print();
                return WRONG_USAGE.into();
            }
            let ui = Ui::new(false, false);
            ui.data_written(error.print().and_then(|()| std::io::stdout().flush()));
            return if ui.has_lost_data() { NEEDS_A_PERSON.into() } else { DONE.into() };
        }
    };
    let ui = Ui::new(arguments.quiet, arguments.verbose);
    let result = match arguments.command {
        Command::Init(command) => command.run(&ui),
        Command::Render(command) => command.run(&ui),
        Command::New(command) => command.run(&ui),
        Command::Update(command) => command.run(&ui),
        Command::Rename(command) => command.run(&ui),
        Command::Check(command) => command.run(&ui),
        Command::Diff(command) => command.run(&ui),
        Command::Capture(command) => command.run(&ui),
        Command::Log(command) => command.run(&ui),
        Command::Import(command) => command.run(&ui),
        Command::Templates(command) => command.run(&ui),
        Command::Schema(command) => command.run(&ui),
        Command::Completions(command) => command.run(&ui),
        Command::Reference(command) => command.run(&ui),
        Command::Man(command) => command.run(&ui),
        Command::KeepConnections(command) => command.run(),
    };
    match result {
        Ok(DONE) if ui.has_lost_data() => NEEDS_A_PERSON.into(),
        Ok(status) => status.into(),
        Err(error) => {
            ui.error(&error);
            if error.kind() == ErrorKind::Usage { WRONG_USAGE.into() } else { NEEDS_A_PERSON.into() }
        }
    }
}

/// The paths of folders by the folder of all captures that each is below, and the status so far: what is below
/// none was told.
fn located(folders: &[PathBuf], captures: Option<&Path>, ui: &Ui) -> (BTreeMap<PathBuf, Vec<String>>, u8) {
    let mut paths: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    let mut status = DONE;
    for folder in folders {
        match Location::of(folder, captures) {
            Ok(Location { root, path }) => paths.entry(root).or_default().push(path),
            Err(error) => {
                ui.errors(&[error]);
                status = NEEDS_A_PERSON;
            }
        }
    }
    (paths, status)
}

/// The status for a run that ended with these errors and warnings.
fn status(errors: &[Error]) -> u8 {
    if errors.iter().all(|error| error.severity() == Severity::Warning) { DONE } else { NEEDS_A_PERSON }
}
