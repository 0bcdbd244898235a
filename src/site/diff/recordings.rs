//! Where recordings are: a file, a capture's folder, a folder with many, or what a commit has of these.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::super::capture::missing_trace;
use super::super::folders::{SHARED_SETTINGS, TRACES};
use super::git::Commit;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{LARGEST_TRACE, Listed, Root, is_hidden};
use crate::settings::Layer;
use crate::source;
use crate::text_file::{decode, read_recording, read_text};
use crate::trace::Trace;

/// The path of a capture in the folder itself.
const HERE: &str = ".";

/// Recordings, each by its path without the trace's own name.
pub(in crate::site) struct Recordings {
    pub(in crate::site) captures: BTreeMap<String, Files>,
    place: Where,
    /// Settings, by the path of their file below the folder.
    settings: BTreeMap<String, PathBuf>,
    /// Where traces and outputs are, if not beside all else.
    recorded: Option<Root>,
}

/// The files of a recording.
#[derive(Clone, Debug)]
pub(in crate::site) struct Files {
    trace: String,
    /// A second one, of which nobody knows whether it is the one that is meant.
    other_trace: Option<String>,
    /// What the command printed.
    output: Option<String>,
    /// Whether it was named itself, and not the folder around it.
    pub(in crate::site) is_alone: bool,
}

enum Where {
    Nowhere,
    /// A file that the user named, in its folder.
    File(PathBuf),
    Folder(Root),
    /// The objects of the files, by their paths.
    Commit(Mutex<Commit>, BTreeMap<String, String>),
}

impl Recordings {
    /// None at all.
    pub(in crate::site) fn none() -> Recordings {
        Recordings {
            captures: BTreeMap::new(),
            place: Where::Nowhere,
            settings: BTreeMap::new(),
            recorded: None,
        }
    }

    /// Those at a path.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where there is nothing.
    pub(in crate::site) fn on_disk(path: &Path) -> Result<Recordings> {
        let metadata = path.metadata().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(ErrorKind::Io, format!("there is no file or folder `{}`", path.display()))
                    .hint("name a capture's folder, a folder of captures, or a HAR or log file")
            }
            _ => Error::io("read", path, error),
        })?;
        if !metadata.is_dir() {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let is_beside = |name: &str| path.with_file_name(name).is_file();
            let captures = alone(path, is_beside);
            let own = path.with_file_name("capture.toml");
            let is_capture = TRACES.contains(&&*name) && own.is_file();
            let settings = is_capture.then(|| ("capture.toml".to_owned(), own)).into_iter().collect();
            return Ok(Recordings {
                captures,
                place: Where::File(path.to_owned()),
                settings,
                recorded: None,
            });
        }
        Recordings::in_folder(Root::open(path).map_err(|error| Error::io("read", path, error))?)
    }

    /// Those in a folder and below it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read.
    pub(in crate::site) fn in_folder(root: Root) -> Result<Recordings> {
        let path = root.path();
        let (files, mut errors) = root.files(path, &is_hidden);
        if let Some(error) = errors.pop() {
            return Err(error);
        }
        let is_file = |listed: &Listed| listed.is_file || (listed.is_link && root.is_file(&listed.path));
        let names: Vec<String> = files
            .iter()
            .filter(|listed| is_file(listed))
            .filter_map(|listed| {
                let below = root.below(&listed.path)?;
                Some(below.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"))
            })
            .collect();
        let captures = named_as(path, found(&names, true));
        let settings = settings(&names).map(|name| (name.clone(), path.join(name))).collect();
        Ok(Recordings { captures, place: Where::Folder(root), settings, recorded: None })
    }

    /// The captures of a folder as they were recorded into another one, which has nothing but their recordings.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where a folder cannot be read.
    pub(super) fn recorded_into(other: &Path, captures: &Path) -> Result<Recordings> {
        let recorded = Recordings::on_disk(other)?;
        let Where::Folder(root) = recorded.place else { return Ok(Recordings::none()) };
        let there = Recordings::on_disk(captures)?;
        Ok(Recordings { captures: recorded.captures, recorded: Some(root), ..there })
    }

    /// What a commit has at a path where `now` is what is there now. Loose files are compared only where there
    /// are such now: a repository has logs of all kinds.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where git does not give it.
    pub(in crate::site) fn of_commit(rev: &str, path: &Path, now: &Recordings) -> Result<Recordings> {
        let commit = Commit::open(rev, path)?;
        let names: Vec<String> = commit.files.iter().map(|(name, _)| name.clone()).collect();
        let captures = match &now.place {
            Where::File(file) => {
                let mut captures = alone(file, |_| false);
                captures.retain(|_, files| names.contains(&files.trace));
                captures
            }
            _ => named_as(path, found(&names, now.captures.values().any(|files| !files.is_of_capture()))),
        };
        if captures.is_empty() && now.captures.is_empty() {
            let message =
                format!("there is no recording at `{}`, neither now nor in `{rev}`", path.display());
            return Err(Error::new(ErrorKind::Io, message));
        }
        let objects = commit.files.iter().cloned().collect();
        // What they name beside them is looked for where it would be now.
        let settings = settings(&names).map(|name| (name.clone(), path.join(name))).collect();
        let place = Where::Commit(Mutex::new(commit), objects);
        Ok(Recordings { captures, place, settings, recorded: None })
    }

    /// Those at a path, of which there has to be one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where there is nothing, or no recording.
    pub(in crate::site) fn some_on_disk(path: &Path) -> Result<Recordings> {
        let found = Recordings::on_disk(path)?;
        if found.captures.is_empty() {
            let message = format!("`{}` holds no recording", path.display());
            return Err(Error::new(ErrorKind::Io, message).hint(
                "a recording is a `trace.har` or `trace.log` in a capture's folder, or any `.har` or `.log` file",
            ));
        }
        Ok(found)
    }

    /// What there is to say of each capture that has settings and was never recorded.
    pub(in crate::site) fn not_recorded(&self) -> Vec<Error> {
        let folder_of =
            |file: &str| file.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
        let recorded: HashSet<String> = self
            .captures
            .values()
            .filter(|files| files.is_of_capture())
            .map(|files| folder_of(&files.trace))
            .collect();
        let is_of_another = |name: &str| {
            name.rsplit('/').next() != Some("capture.toml") || recorded.contains(&folder_of(name))
        };
        let unrecorded = self.settings.iter().filter(|(name, _)| !is_of_another(name));
        unrecorded
            .map(|(_, path)| missing_trace(path).hint("record it: until then it is not compared"))
            .collect()
    }

    /// The folder on the disk that they are in.
    pub(in crate::site) fn folder(&self) -> Option<&Path> {
        match &self.place {
            Where::File(file) => file.parent().map(crate::files::or_here),
            Where::Folder(root) => Some(crate::files::or_here(root.path())),
            Where::Nowhere | Where::Commit(..) => None,
        }
    }

    /// The one of a capture's path below the folder, with the name that it has here.
    pub(in crate::site) fn of_path(&self, path: &str) -> Option<(&str, &Files)> {
        // A folder that is one capture has that folder's name.
        let alone =
            || self.captures.first_key_value().filter(|_| path.is_empty() && self.captures.len() == 1);
        self.captures.get_key_value(path).or_else(alone).map(|(name, files)| (name.as_str(), files))
    }

    /// The settings for one, from those of the folder down to its own.
    pub(in crate::site) fn settings(&self, name: &str) -> Result<Vec<Layer>> {
        let text = |name: &String, path: &PathBuf| match &self.place {
            Where::Folder(root) => root.read_text(path),
            Where::Commit(..) => decode(path, self.bytes(name)?),
            _ => read_text(path),
        };
        let is_above = |file: &str| {
            let (folder, file) = file.rsplit_once('/').unwrap_or(("", file));
            let is_own = folder == name || (folder.is_empty() && self.captures.len() == 1);
            let is_around = folder.is_empty()
                || name.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if file == SHARED_SETTINGS { is_around } else { is_own }
        };
        let mut files: Vec<(&String, &PathBuf)> =
            self.settings.iter().filter(|(file, _)| is_above(file)).collect();
        // A folder's shared settings come before the capture's own, and both after those above.
        files.sort_by_key(|(_, path)| (path.components().count(), path.ends_with("capture.toml")));
        files.into_iter().map(|(name, path)| Layer::parse(path, &text(name, path)?)).collect()
    }

    /// The trace, what was printed, and what was damaged.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read; [`ErrorKind::UnknownFormat`] where it is no trace.
    #[allow(clippy::type_complexity, reason = "three things that a recording is")]
    pub(in crate::site) fn read(&self, files: &Files) -> Result<(Trace, Option<String>, Vec<Error>)> {
        if let Some(other) = &files.other_trace {
            return Err(Error::new(ErrorKind::Io, "the capture has two traces, trace.har and trace.log")
                .at(Place::file(self.shown(other)))
                .hint("keep the one that is meant"));
        }
        let file = self.shown(&files.trace);
        let bytes = self.recorded_bytes(&files.trace)?;
        if let Some(error) = source::conflict(&file, &bytes) {
            return Err(error);
        }
        let mut read = source::read(&file, bytes);
        if let Some(at) = read.diagnostics.iter().position(|error| error.kind() == ErrorKind::UnknownFormat) {
            return Err(read.diagnostics.swap_remove(at));
        }
        let output = match &files.output {
            Some(output) => Some(source::decode(self.recorded_bytes(output)?).to_string()),
            // A capture has none where nothing was printed.
            None => files.is_of_capture().then(String::new),
        };
        Ok((read.trace, output, read.diagnostics))
    }

    /// A file of a capture's folder beside its trace, with its name as the user would give it.
    pub(in crate::site) fn beside(&self, files: &Files, name: &str) -> Option<(PathBuf, String)> {
        if !files.is_of_capture() {
            return None;
        }
        let name = match files.trace.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{name}"),
            None => name.to_owned(),
        };
        let is_there = match &self.place {
            Where::Nowhere => false,
            Where::File(file) => file.with_file_name(&name).is_file(),
            Where::Folder(root) => root.is_file(&root.shown(Path::new(&name))),
            Where::Commit(_, objects) => objects.contains_key(&name),
        };
        let bytes = is_there.then(|| self.bytes(&name).ok()).flatten()?;
        Some((self.shown(&name), String::from_utf8(bytes).ok()?))
    }

    /// A trace or an output.
    fn recorded_bytes(&self, name: &str) -> Result<Vec<u8>> {
        match &self.recorded {
            Some(root) => root.read(&root.shown(Path::new(name)), LARGEST_TRACE),
            None => self.bytes(name),
        }
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        match &self.place {
            Where::Nowhere => Ok(Vec::new()),
            Where::File(file) => read_recording(&file.with_file_name(name)),
            Where::Folder(root) => root.read(&root.shown(Path::new(name)), LARGEST_TRACE),
            Where::Commit(commit, objects) => {
                let object = objects.get(name).map(String::as_str).unwrap_or_default();
                commit.lock().unwrap_or_else(PoisonError::into_inner).read(object, name)
            }
        }
    }

    /// The files on the disk that are read of them.
    pub(in crate::site) fn files_on_disk(&self) -> Vec<PathBuf> {
        let Where::Folder(root) = &self.place else { return Vec::new() };
        let recorded = self.captures.values().flat_map(Files::names);
        recorded.chain(self.settings.keys()).map(|name| root.shown(Path::new(name))).collect()
    }

    /// The files of one of them on the disk.
    pub(in crate::site) fn files_of(&self, files: &Files) -> Vec<PathBuf> {
        files.names().map(|name| self.shown(name)).collect()
    }

    /// The trace's file, as the user would name it.
    pub(in crate::site) fn file(&self, files: &Files) -> PathBuf {
        self.shown(&files.trace)
    }

    fn shown(&self, name: &str) -> PathBuf {
        match &self.place {
            Where::Nowhere => PathBuf::from(name),
            Where::File(file) => file.with_file_name(name),
            Where::Folder(root) => root.shown(Path::new(name)),
            Where::Commit(commit, _) => commit.lock().unwrap_or_else(PoisonError::into_inner).shown(name),
        }
    }
}

impl Files {
    /// The names of all of them.
    fn names(&self) -> impl Iterator<Item = &String> {
        [Some(&self.trace), self.other_trace.as_ref(), self.output.as_ref()].into_iter().flatten()
    }

    fn is_of_capture(&self) -> bool {
        TRACES.contains(&self.trace.rsplit('/').next().unwrap_or_default())
    }
}

/// The one recording that a file is.
fn alone(file: &Path, is_beside: impl Fn(&str) -> bool) -> BTreeMap<String, Files> {
    let name_of = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = &*name_of(file).unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let output = if TRACES.contains(&name) { "output.txt".to_owned() } else { format!("{stem}.out") };
    // What is called like all others has the name of its capture.
    let folder = std::path::absolute(file).ok().and_then(|file| name_of(file.parent()?));
    let called = folder.filter(|_| TRACES.contains(&name)).unwrap_or_else(|| stem.to_owned());
    let files = Files {
        trace: name.to_owned(),
        other_trace: None,
        output: is_beside(&output).then_some(output),
        is_alone: true,
    };
    BTreeMap::from([(called, files)])
}

/// A folder that is one capture has that folder's name.
fn named_as(folder: &Path, mut captures: BTreeMap<String, Files>) -> BTreeMap<String, Files> {
    let absolute = std::path::absolute(folder).ok();
    let name = absolute.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    if let (1, Some(name)) = (captures.len(), name)
        && let Some(files) = captures.remove(HERE)
    {
        captures.insert(name, files);
    }
    captures
}

/// The recordings among files below a folder.
fn found(names: &[String], with_loose: bool) -> BTreeMap<String, Files> {
    let all: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut captures = BTreeMap::new();
    for name in names {
        let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
        let beside =
            |file: &str| if folder.is_empty() { file.to_owned() } else { format!("{folder}/{file}") };
        let there = |file: String| all.contains(&*file).then_some(file);
        if file == TRACES[1] && all.contains(&*beside(TRACES[0])) {
            continue;
        }
        let stem = name.strip_suffix(".har").or(name.strip_suffix(".log"));
        let (path, files) = if TRACES.contains(&file) {
            let other_trace = (file == TRACES[0]).then(|| there(beside(TRACES[1]))).flatten();
            let files = Files {
                trace: name.clone(),
                other_trace,
                output: there(beside("output.txt")),
                is_alone: folder.is_empty(),
            };
            (if folder.is_empty() { HERE } else { folder }, files)
        } else if let (Some(stem), true) = (stem, with_loose) {
            let output = there(format!("{stem}.out"));
            (stem, Files { trace: name.clone(), other_trace: None, output, is_alone: false })
        } else {
            continue;
        };
        captures.entry(path.to_owned()).or_insert(files);
    }
    captures
}

/// The settings files among files below a folder.
fn settings(names: &[String]) -> impl Iterator<Item = &String> {
    let is = |name: &&String| {
        let file = name.rsplit('/').next().unwrap_or_default();
        file == SHARED_SETTINGS || file == "capture.toml"
    };
    names.iter().filter(is)
}
