//! A capture that is run: one that is there, or a new one.

use std::collections::HashMap;
use std::path::PathBuf;

use super::Capture;
use super::values::Value;
use crate::capture::CommandSpec;
use crate::cli::recording::{Kept, settings_for_new};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::Root;
use crate::page;
use crate::settings::{Reference, Settings};
use crate::site::folders::Folder;
use crate::suite::Need;

/// One capture to make.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) path: String,
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    /// The words of a new command; `None` for one of the settings.
    pub(super) new: Option<Vec<String>>,
    /// What a new command keeps of the capture.toml that it replaces.
    pub(super) kept: Kept,
    /// Whether the user asked for it, and not only another capture.
    pub(super) is_named: bool,
    /// Whether it is the only one that the user asked for: options of the command line are kept in its settings.
    pub(super) is_alone: bool,
    /// The captures that come before it.
    pub(super) needs: Vec<Need>,
    /// The values of other captures without which it cannot be run.
    pub(super) used: Vec<Used>,
    /// The suites that it is in and that have something to set up or clean up, the outermost first.
    pub(super) suites: Vec<usize>,
}

/// A value of another capture that a job uses.
#[derive(Clone)]
pub(super) struct Used {
    pub(super) reference: Reference,
    /// The path of the capture that gives it.
    pub(super) path: String,
}

/// Values of other captures for the settings of a job.
pub(super) struct Given<'g> {
    /// The settings as they are typed.
    typed: &'g Settings,
    /// The values, by what stands between the braces.
    pub(super) values: &'g HashMap<String, Value>,
}

impl Given<'_> {
    /// The settings with the values, each as `text` has it.
    pub(super) fn settings(&self, text: impl Fn(&str) -> String) -> Settings {
        let texts = self.values.iter().map(|(name, value)| (name.clone(), text(&value.text))).collect();
        self.typed.clone().with_exports(&texts)
    }

    /// What settings write for a value, by the value as `text` has it.
    pub(super) fn by_value(&self, text: impl Fn(&str) -> String) -> HashMap<String, String> {
        self.values.iter().map(|(name, value)| (text(&value.text), format!("{{{name}}}"))).collect()
    }
}

impl Job {
    /// That of a capture that is there, as far as its folder and settings say.
    pub(super) fn existing(folder: &Folder, settings: Settings) -> Job {
        Job {
            path: folder.path.clone(),
            folder: folder.dir.clone(),
            settings,
            new: None,
            kept: Kept::default(),
            is_named: true,
            is_alone: false,
            needs: Vec::new(),
            used: Vec::new(),
            suites: Vec::new(),
        }
    }

    /// These values of other captures for its settings.
    pub(super) fn given<'g>(&'g self, values: &'g HashMap<String, Value>) -> Given<'g> {
        Given { typed: &self.settings, values }
    }

    /// The job with values of other captures in its settings.
    pub(super) fn with(&self, given: &Given<'_>) -> Job {
        Job { settings: given.settings(str::to_owned), ..self.clone() }
    }

    /// The words of the command; with a shell, the line that it gets.
    pub(super) fn words(&self, shell: bool) -> Result<Vec<String>> {
        let typed = self.settings.command.as_deref().unwrap_or_default();
        let command = page::Command::new(typed, &self.settings.vars);
        // A new one is run to the letter, unless something was filled in.
        let is_to_the_letter =
            |words: &&Vec<String>| page::command_line(words, shell).trim_end() == command.typed();
        if let Some(words) = self.new.as_ref().filter(|words| is_to_the_letter(words)) {
            return Ok(words.clone());
        }
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
        let root = Root::open(&self.captures).ok();
        let line = if self.shell { words.join(" ") } else { page::command_line(&words, false) };
        let (settings, kept) = settings_for_new(root.as_ref(), &folder, &line)?;
        let words = match (self.shell, settings.capture.shell == Some(true)) {
            (true, _) => vec![line],
            (false, true) => vec![CommandSpec::new(words, Vec::new()).shown()],
            (false, false) => words,
        };
        let (needs, used, suites) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Job {
            path,
            folder,
            settings,
            new: Some(words),
            kept,
            is_named: true,
            is_alone: true,
            needs,
            used,
            suites,
        })
    }
}
