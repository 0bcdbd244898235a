//! Which captures are run: those that are there, and a new one.

use std::path::PathBuf;

use super::Capture;
use crate::capture::CommandSpec;
use crate::cli::recording::{settings_for_new, settings_of};
use crate::cli::ui::Ui;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::Root;
use crate::page;
use crate::settings::Settings;
use crate::site::folders::{self, Folder};

/// One capture to make.
pub(super) struct Job {
    pub(super) path: String,
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    /// The words of a new command; `None` for one of the settings.
    pub(super) new: Option<Vec<String>>,
    /// The tables of its capture.toml that a new command keeps.
    pub(super) kept: String,
}

/// Says how a command is run and what of it is secret, whatever the command is.
const KEPT_TABLES: [&str; 3] = ["capture", "env", "redact"];

impl Job {
    /// The words of the settings' command; with a shell, the line that it gets.
    pub(super) fn words(&self, shell: bool) -> Result<Vec<String>> {
        let typed = self.settings.command.as_deref().unwrap_or_default();
        let command = page::Command::new(typed, &self.settings.vars);
        let error = |message: String| {
            Error::new(ErrorKind::Capture, message).at(Place::file(self.folder.join("capture.toml")))
        };
        let words = if shell { Some(vec![command.typed().to_owned()]) } else { command.words() };
        let words = words.ok_or_else(|| {
            error(format!("the quotes of `{typed}` do not match")).hint(
                "a command is words as a POSIX shell splits them; `shell = true` below `[capture]` has a shell run it",
            )
        })?;
        if words.iter().all(|word| word.trim().is_empty()) {
            return Err(error("the command is empty".to_owned()).hint("write `command = \"...\"` there"));
        }
        Ok(words)
    }

    /// The error with the file that says what to run, where it names no other.
    pub(super) fn located(&self, error: Error) -> Error {
        if self.new.is_some() || error.place().is_some() {
            return error;
        }
        error.at(Place::file(self.folder.join("capture.toml")))
    }
}

impl Capture {
    /// The captures that are there and have a command, below the paths that are given.
    pub(super) fn existing(&self, ui: &Ui) -> Result<Vec<Job>> {
        let root = folders::open(&self.captures)?;
        let captures = folders::find(&root, None)?;
        ui.errors(&captures.errors);
        let folders = captures.folders;
        let below = |path: &str, wanted: &str| {
            let wanted = wanted.trim_matches('/');
            path == wanted || path.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
        };
        for wanted in &self.paths {
            if !folders.iter().any(|folder| below(&folder.path, wanted)) {
                let known: Vec<&str> = folders.iter().map(|folder| folder.path.as_str()).collect();
                let near = similar::get_close_matches(wanted.as_str(), &known, 1, 0.5);
                let error = Error::new(
                    ErrorKind::Capture,
                    format!("there is no capture `{wanted}` below {}", self.captures.display()),
                );
                return Err(match near.first() {
                    Some(near) => error
                        .hint(format!("did you mean `{near}`? A new one needs its command: `-- COMMAND`")),
                    None => error.hint("a new one needs its command: `-- COMMAND`"),
                });
            }
        }
        // In the order in which they are named: a command may need what another one makes.
        let place = |folder: &Folder| self.paths.iter().position(|wanted| below(&folder.path, wanted));
        let mut wanted: Vec<(usize, Folder)> = folders
            .into_iter()
            .filter_map(|folder| Some((if self.paths.is_empty() { 0 } else { place(&folder)? }, folder)))
            .collect();
        wanted.sort_by_key(|(place, _)| *place);
        let mut jobs = Vec::new();
        for (_, folder) in wanted {
            let settings = settings_of(&root, &folder.dir)?;
            if settings.command.is_some() {
                jobs.push(Job {
                    path: folder.path,
                    folder: folder.dir,
                    settings,
                    new: None,
                    kept: String::new(),
                });
            } else if !self.paths.is_empty() {
                return Err(Error::new(
                    ErrorKind::Capture,
                    format!("the capture `{}` has no command", folder.path),
                )
                .at(Place::file(folder.dir.join("capture.toml")))
                .hint("write `command = \"...\"` there"));
            }
        }
        if jobs.is_empty() {
            return Err(Error::new(
                ErrorKind::Capture,
                format!("no capture below {} has a command", self.captures.display()),
            )
            .hint("make one: `docgen capture CAPTURES PATH -- COMMAND`"));
        }
        Ok(jobs)
    }

    pub(super) fn new_one(&self) -> Result<Job> {
        let [path] = &self.paths[..] else {
            return Err(Error::new(
                ErrorKind::Capture,
                "a new capture needs one path below the captures' folder",
            )
            .hint("docgen capture captures openstack/image/list -- openstack image list"));
        };
        let path = path.trim_matches('/').to_owned();
        // What `find` passes over, or could make no page of.
        let is_name =
            |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(char::is_control);
        if !path.split('/').all(is_name) {
            return Err(Error::new(
                ErrorKind::Capture,
                format!("`{path}` cannot be the path of a capture below {}", self.captures.display()),
            )
            .hint("names with `/` between them, of which none begins with a dot: openstack/image/list"));
        }
        let folder = self.captures.join(&path);
        let ours = ["capture.toml", "trace.har", "trace.log", "output.txt"].map(|name| folder.join(name));
        if let Some(file) = ours.into_iter().find(|file| file.exists()).filter(|_| !self.force) {
            return Err(Error::new(ErrorKind::Ownership, format!("there is a capture at `{path}` already"))
                .at(Place::file(file))
                .hint("run it again by leaving out the command, or replace it with `--force`"));
        }
        let words: Option<Vec<String>> =
            self.command.iter().map(|word| word.to_str().map(str::to_owned)).collect();
        let words = words.ok_or_else(|| {
            Error::new(ErrorKind::Capture, "the command is not UTF-8, and no page could show it")
        })?;
        let (settings, kept) =
            settings_for_new(Root::open(&self.captures).ok().as_ref(), &folder, &KEPT_TABLES)?;
        let has_shell_set = settings.capture.shell == Some(true);
        let words = match (self.shell, has_shell_set) {
            (true, _) => vec![words.join(" ")],
            (false, true) => vec![CommandSpec::new(words, Vec::new()).shown()],
            (false, false) => words,
        };
        Ok(Job { path, folder, settings, new: Some(words), kept })
    }
}
