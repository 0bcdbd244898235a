//! Values that captures give to others, as pages show them: out of the recordings on the disk.
//!
//! What was read to know a value counts as read for the page that shows it. What this leaves out: where a
//! value is in a recording ([`crate::suite::export`]), and live values, which only a run of commands knows.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::Options;
use super::cache::Cache;
use super::capture::Capture;
use super::file_state::FileState;
use super::folders::Folder;
use super::manifest::Manifest;
use super::shared::Site;
use crate::error::{Error, ErrorKind, Result};
use crate::files::Root;
use crate::page::Phrases;
use crate::settings::Reference;
use crate::suite::{self, export};
use crate::toml_file::nearest;

/// The values of a capture's exports, by name.
pub(crate) type Exports = HashMap<String, Result<String>>;

/// The same, and what was read to know them.
pub(super) type SharedExports = (Arc<Exports>, Vec<FileState>);

/// The values that a capture gives by its recording as it is on the disk.
///
/// # Errors
/// Those of its files and settings.
pub(crate) fn on_disk(root: &Root, folders: &[Folder], folder: &Folder) -> Result<Arc<Exports>, Vec<Error>> {
    let options = Options { captures: root.path().to_owned(), check: true, ..Options::default() };
    let (manifest, cache) = (Manifest::default(), Cache::default());
    let site = Site::new(&options, root, None, &manifest, &cache, folders).map_err(|error| vec![error])?;
    Ok(site.exports_of(folder, &mut Vec::new())?.0)
}

/// What there is to say of a value of a capture that is not there; a warning where it may be no value at all.
/// `None` where it is rather a text that looks like one.
pub(crate) fn unknown_capture<'p>(used: &Reference, known: impl Iterator<Item = &'p str>) -> Option<Error> {
    let known: Vec<&str> = known.collect();
    let last = |path: &'p str| path.rsplit('/').next().unwrap_or(path);
    let near = nearest(&used.capture, known.iter().copied().chain(known.iter().map(|path| last(path))));
    let message = format!("`{{{}}}` is a value of no capture: there is no `{}`", used.text(), used.capture);
    let error = match (used.capture.contains('/'), near) {
        (true, _) => Error::new(ErrorKind::Setting, message),
        (false, Some(_)) => Error::warning(ErrorKind::Setting, message),
        (false, None) => return None,
    };
    let hint = match near {
        Some(near) => format!("did you mean `{{{near}.{}}}`?", used.export),
        None => "a capture is named by its path from a folder above, as in `{image/create.id}`".to_owned(),
    };
    Some(error.at(used.place.clone()).hint(hint))
}

/// The error about a value that a capture does not give.
pub(crate) fn unknown_export<'n>(
    used: &Reference,
    path: &str,
    names: impl Iterator<Item = &'n str>,
) -> Error {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let error = Error::new(ErrorKind::Setting, format!("the capture `{path}` exports no `{}`", used.export));
    error.at(used.place.clone()).hint(match nearest(&used.export, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!(
            "say where it is, below `[export]` in its capture.toml: {} = {{ from = \"output\", pointer = \"/id\" }}",
            used.export
        ),
        None => format!("it exports `{}`", names.join("`, `")),
    })
}

impl Site<'_> {
    /// A capture, read from its folder, with the values of other captures in its settings.
    pub(super) fn read<'f>(&self, folder: &'f Folder) -> Result<Capture<'f>, Vec<Error>> {
        let mut capture = Capture::read(self.captures_root, folder).map_err(|error| vec![error])?;
        let references = capture.settings.references.clone();
        self.fill(&mut capture, &references, &mut Vec::new())?;
        Ok(capture)
    }

    /// Puts values for these references into the settings of a capture. `open` are the captures whose exports
    /// are on their way.
    fn fill(
        &self,
        capture: &mut Capture<'_>,
        references: &[Reference],
        open: &mut Vec<String>,
    ) -> Result<(), Vec<Error>> {
        if references.is_empty() {
            return Ok(());
        }
        let mut values = HashMap::new();
        let mut errors = Vec::new();
        for used in references {
            let Some(folder) = self.exporter(capture, used) else {
                match unknown_capture(used, self.captures.keys().copied()) {
                    Some(error) if error.severity() == crate::error::Severity::Error => errors.push(error),
                    warning => capture.diagnostics.extend(warning),
                }
                continue;
            };
            match self.exports_of(folder, open) {
                Ok((exports, read)) => {
                    capture.read.extend(read);
                    match exports.get(&used.export) {
                        Some(Ok(value)) => drop(values.insert(used.text(), value.clone())),
                        Some(Err(error)) => errors.push(error.clone()),
                        None => {
                            errors.push(unknown_export(
                                used,
                                &folder.path,
                                exports.keys().map(String::as_str),
                            ));
                        }
                    }
                }
                Err(found) => errors.extend(found),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        capture.settings = std::mem::take(&mut capture.settings).with_exports(&values);
        Ok(())
    }

    /// The capture that a reference names.
    fn exporter(&self, capture: &mut Capture<'_>, used: &Reference) -> Option<&Folder> {
        for path in suite::candidates(&capture.folder.path, &used.capture) {
            let found = self.captures.get(path.as_str()).copied();
            // A file that comes or goes there has to be noticed, and a capture that comes nearer too.
            let dir = match found {
                Some(folder) => folder.dir.clone(),
                None => {
                    let there = self.captures_root.shown(Path::new(&path));
                    let above = there.ancestors().skip(1).find(|dir| self.captures_root.is_dir(dir));
                    above.unwrap_or(self.captures_root.path()).to_owned()
                }
            };
            capture.read.extend(FileState::now(self.captures_root, &dir));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The values of a capture's exports.
    fn exports_of(&self, folder: &Folder, open: &mut Vec<String>) -> Result<SharedExports, Vec<Error>> {
        let known = || self.exports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(exports) = known().get(&folder.path) {
            return Ok(exports.clone());
        }
        if let Some(start) = open.iter().position(|path| *path == folder.path) {
            let way = [&open[start..], std::slice::from_ref(&folder.path)].concat().join("` → `");
            return Err(vec![
                Error::new(ErrorKind::Setting, format!("exports that are found only by each other: `{way}`"))
                    .at(crate::error::Place::file(folder.dir.join("capture.toml")))
                    .hint("write one of their selectors without the variable of the other"),
            ]);
        }
        open.push(folder.path.clone());
        let made = self.make_exports(folder, open);
        open.pop();
        let made = made?;
        known().insert(folder.path.clone(), made.clone());
        Ok(made)
    }

    fn make_exports(&self, folder: &Folder, open: &mut Vec<String>) -> Result<SharedExports, Vec<Error>> {
        let one = |error| vec![error];
        let mut capture = Capture::read(self.captures_root, folder).map_err(one)?;
        let needed: Vec<Reference> = suite::values_of_exports(&capture.settings).cloned().collect();
        self.fill(&mut capture, &needed, open)?;
        let profile = self.profile(&capture.settings, &mut capture.read).map_err(one)?;
        let phrases = Phrases::default();
        let values = export::values(&capture.input(profile.as_deref(), &phrases));
        Ok((Arc::new(values.into_iter().collect()), capture.read))
    }
}
