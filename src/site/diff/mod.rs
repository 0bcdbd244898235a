//! Recordings, or folders of them, read and compared.
//!
//! A recording is whatever docgen reads a trace from: a capture's folder, or a HAR or log file of anybody,
//! with what the command printed beside it where that is there. Of two folders, recordings of the same path
//! belong together. Nothing is held that a second look could need: where a suite's map contradicts a
//! comparison, both recordings are read again. What this leaves out: what a change is (`diff`), and showing it.

mod git;
mod prose;
pub(super) mod recordings;

pub use prose::Spoken;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::folders::{self, TRACES};
use super::named_files::NamedFiles;
use super::profiles::Profiles;
use crate::diff::{self, Alignment, Capture, Change, Findings, Kinds, KnownMap, Recording};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{LARGEST_TRACE, Root};
use crate::page::{self, Input};
use crate::profile::Profile;
use crate::settings::{Layer, Located, Settings, Volatile};
use crate::source;
use crate::suite::{self, export};
use crate::trace::Trace;
use prose::Prose;
use recordings::{Files, Recordings};

/// What to compare.
#[derive(Clone, Debug)]
pub struct Options {
    /// The old one.
    pub old: Old,
    /// The new one.
    pub new: PathBuf,
    /// How many threads compare.
    pub jobs: usize,
    /// Folders in which settings may name files, beside those of the project.
    pub trusted: Vec<PathBuf>,
}

/// Where the old recordings are.
#[derive(Clone, Debug)]
pub enum Old {
    /// In a file or a folder.
    Path(PathBuf),
    /// Where the new ones are, as a commit has it.
    Commit(String),
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// All that were compared, in the order of their paths.
    pub captures: Vec<Compared>,
    /// What could not be read, and what was damaged.
    pub diagnostics: Vec<Error>,
}

/// A capture, compared with its old self.
#[derive(Debug)]
pub struct Compared {
    /// Its path; of a file, the file's name.
    pub name: String,
    /// The file of its new trace; of the old one, where that alone is there.
    pub trace: PathBuf,
    /// Which of the two is there.
    pub there: There,
    /// How many exchanges the old and the new one have.
    pub exchanges: (usize, usize),
    /// What is different; everything, where only one is there.
    pub changes: Vec<Change>,
    /// For each change the lines of page sources, and of labels, that speak of it and are as they were.
    pub prose: Vec<Vec<Spoken>>,
    /// How many lists have only another order.
    pub reordered: usize,
    /// Which exchanges belong together.
    pub alignment: Alignment,
    /// How many exchanges that may be missing are in one of both only.
    pub optional: usize,
}

/// Which of two recordings is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum There {
    /// Both.
    Both,
    /// The old one: the capture is gone.
    OnlyOld,
    /// The new one: the capture is new.
    OnlyNew,
}

/// Compares recordings, or folders of them.
///
/// # Errors
/// Only what leaves nothing to compare: a file or folder that is not there or holds no recording, a commit
/// that git does not give. What concerns one recording is in the report.
pub fn diff(options: &Options) -> Result<Report> {
    let (old, new) = match &options.old {
        Old::Path(path) => (Recordings::some_on_disk(path)?, Recordings::some_on_disk(&options.new)?),
        // A capture may be gone since.
        Old::Commit(rev) => {
            let new = match options.new.exists() {
                true => Recordings::on_disk(&options.new)?,
                false => Recordings::none(),
            };
            (Recordings::of_commit(rev, &options.new, &new)?, new)
        }
    };
    let said = said_beside(&new, &options.trusted);
    let mut report = compare_all(&old, &new, &said, options.jobs);
    // What a commit lacks is nothing that one could record now.
    if let Old::Path(_) = options.old {
        report.diagnostics.extend(old.not_recorded());
    }
    report.diagnostics.extend(new.not_recorded());
    if have_no_call_in_common(&report.captures) {
        let message = "no call of the old recordings is one of the new ones";
        report.diagnostics.push(
            Error::warning(ErrorKind::Usage, message).hint("are they recordings of different systems?"),
        );
    }
    Ok(report)
}

/// Whether captures that both have made calls, then and now, and none of them is the same.
pub(super) fn have_no_call_in_common(captures: &[Compared]) -> bool {
    let made_calls = |compared: &&Compared| compared.exchanges.0 > 0 && compared.exchanges.1 > 0;
    let mut both =
        captures.iter().filter(|compared| compared.there == There::Both).filter(made_calls).peekable();
    both.peek().is_some() && both.all(|compared| compared.alignment.pairs.is_empty())
}

/// Compares captures that were recorded into a folder of their own, `new`, with those that are there, or with
/// those that were recorded into another folder, `old`. What settings and prose say is that of the captures.
///
/// # Errors
/// [`ErrorKind::Io`] where a folder cannot be read.
pub fn diff_recorded(captures: &Path, old: Option<&Path>, new: &Path, jobs: usize) -> Result<Report> {
    let mut old = match old {
        Some(old) => Recordings::recorded_into(old, captures)?,
        None => Recordings::on_disk(captures)?,
    };
    let new = Recordings::recorded_into(new, captures)?;
    old.captures.retain(|path, _| new.captures.contains_key(path));
    let said = said_beside(&new, &[]);
    Ok(compare_all(&old, &new, &said, jobs))
}

/// What a capture's folder holds of its recording.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// What the command did.
    pub trace: Trace,
    /// What it printed.
    pub output: Option<String>,
}

/// The recording in the folder of a capture below `captures`, if there is one.
///
/// # Errors
/// Why it cannot be used: it cannot be read, is in no format that docgen reads, or is damaged.
pub fn recorded(captures: &Path, folder: &Path) -> Result<Option<Recorded>> {
    let root = Root::open(captures).map_err(|error| Error::io("read", captures, error))?;
    let there = |name: &&&str| root.is_file(&folder.join(name));
    let Some(file) = TRACES.iter().find(there).map(|name| folder.join(name)) else { return Ok(None) };
    let bytes = root.read(&file, LARGEST_TRACE)?;
    if let Some(error) = source::conflict(&file, &bytes) {
        return Err(error);
    }
    let mut read = source::read(&file, bytes);
    let is_damaged = read.format.is_none() || !read.trace.gaps.is_empty();
    if is_damaged && !read.diagnostics.is_empty() {
        return Err(read.diagnostics.swap_remove(0));
    }
    let output = folder.join("output.txt");
    let output = match root.is_file(&output) {
        true => source::decode(root.read(&output, LARGEST_TRACE)?).to_string(),
        false => String::new(),
    };
    Ok(Some(Recorded { trace: read.trace, output: Some(output) }))
}

/// What is said about recordings in and above their folder.
fn said_beside<'a>(recordings: &'a Recordings, trusted: &[PathBuf]) -> AllSettings<'a> {
    let root = recordings.folder().unwrap_or(Path::new("."));
    // What is above a folder is said for what is in it.
    let above = folders::settings_above(&root.join("x"));
    AllSettings::new(recordings, above, NamedFiles::new(root, trusted))
}

/// Compares recordings with those of the same paths; `said` is said about the new ones.
pub(super) fn compare_all(old: &Recordings, new: &Recordings, said: &AllSettings<'_>, jobs: usize) -> Report {
    let pairs = pairs(old, new);
    let mut report = Report::default();
    let mut exchanges = vec![None; pairs.len()];
    let mut prose = vec![Vec::new(); pairs.len()];
    let (found, _) = diff::compare_suite(pairs.len(), |places, known| {
        let outcomes = super::in_parallel(places, jobs, |&at| compare(&pairs[at], old, new, said, known));
        let mut found = Vec::with_capacity(outcomes.len());
        for (&at, outcome) in places.iter().zip(outcomes) {
            report.diagnostics.extend(outcome.diagnostics);
            let (counts, findings) = outcome.found.unzip();
            exchanges[at] = counts;
            prose[at] = outcome.prose;
            found.push(findings.unwrap_or_default());
        }
        found
    });
    for (((pair, found), exchanges), mut prose) in pairs.iter().zip(found).zip(exchanges).zip(prose) {
        // What cannot be read was told.
        let Some(exchanges) = exchanges else { continue };
        prose.resize(found.changes.len(), Vec::new());
        report.captures.push(Compared {
            name: pair.name.to_owned(),
            trace: match (pair.old, pair.new) {
                (_, Some(files)) => new.file(files),
                (Some(files), None) => old.file(files),
                (None, None) => PathBuf::new(),
            },
            there: pair.there(),
            exchanges,
            changes: found.changes,
            prose,
            reordered: found.reordered,
            alignment: found.alignment,
            optional: found.optional,
        });
    }
    // A setting that is wrong is wrong for many.
    let mut told = std::collections::HashSet::new();
    report.diagnostics.retain(|error| told.insert(error.to_string()));
    report
}

/// The recordings of a capture.
pub(super) struct Pair<'a> {
    pub(super) name: &'a str,
    pub(super) old: Option<&'a Files>,
    pub(super) new: Option<&'a Files>,
}

impl Pair<'_> {
    fn there(&self) -> There {
        match (self.old, self.new) {
            (Some(_), None) => There::OnlyOld,
            (None, Some(_)) => There::OnlyNew,
            _ => There::Both,
        }
    }
}

/// Those of the same path belong together, and one and one do, whatever they are called.
pub(super) fn pairs<'a>(old: &'a Recordings, new: &'a Recordings) -> Vec<Pair<'a>> {
    let (olds, news) = (&old.captures, &new.captures);
    if let (Some((_, old)), Some((name, new)), 1, 1) =
        (olds.first_key_value(), news.first_key_value(), olds.len(), news.len())
        && (old.is_alone || new.is_alone)
    {
        return vec![Pair { name, old: Some(old), new: Some(new) }];
    }
    let mut pairs: BTreeMap<&str, Pair<'_>> = BTreeMap::new();
    for (name, files) in olds {
        pairs.insert(name, Pair { name, old: Some(files), new: None });
    }
    for (name, files) in news {
        pairs.entry(name).or_insert(Pair { name, old: None, new: None }).new = Some(files);
    }
    pairs.into_values().collect()
}

#[derive(Default)]
struct Outcome {
    /// How many exchanges there were, and what is different; `None` where a recording cannot be read.
    found: Option<((usize, usize), Findings)>,
    /// For each change, the lines that speak of it; empty where none is there.
    prose: Vec<Vec<Spoken>>,
    diagnostics: Vec<Error>,
}

fn compare(
    pair: &Pair<'_>,
    old_recordings: &Recordings,
    new_recordings: &Recordings,
    all_said: &AllSettings<'_>,
    known: KnownMap<'_>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let old_files = pair.old.map(|files| (old_recordings, files));
    let new_files = pair.new.map(|files| (new_recordings, files));
    let mut read =
        |of: Option<(&Recordings, &Files)>| match of.map(|(recordings, files)| recordings.read(files)) {
            None => Some((Trace::default(), None)),
            Some(Ok((trace, output, diagnostics))) => {
                outcome.diagnostics.extend(diagnostics);
                Some((trace, output))
            }
            Some(Err(error)) => {
                outcome.diagnostics.push(error);
                None
            }
        };
    let (Some((old, old_output)), Some((new, new_output))) = (read(old_files), read(new_files)) else {
        return outcome;
    };
    let above = all_said.above.as_deref().unwrap_or_default();
    let said = all_said.of(pair.name).unwrap_or_else(|error| {
        outcome.diagnostics.push(error);
        CaptureSettings::nothing()
    });
    let capture = Capture {
        old: Recording { trace: &old, output: old_output.as_deref() },
        new: Recording { trace: &new, output: new_output.as_deref() },
        kinds: &said.kinds,
    };
    let exchanges = (old.exchanges.len(), new.exchanges.len());
    let mut findings = diff::compare(&capture, known);
    let profile = said.profile.as_deref();
    // The values of other captures are those of their own time.
    let settings_then = pair
        .old
        .map_or(said.settings.clone(), |_| all_said.of_old(said.as_typed.clone(), pair.name, old_recordings));
    let optional = |settings, trace| page::optional_exchanges(settings, profile, trace);
    findings.set_aside_optional(&optional(&settings_then, &old), &optional(&said.settings, &new));
    if let (Some(new_files), false) = (new_files, findings.changes.is_empty()) {
        let prose = Prose {
            old: old_files,
            new: new_files,
            old_trace: &old,
            new_trace: &new,
            name: pair.name,
            above,
            all_said,
            settings: &said.settings,
            profile,
        };
        outcome.prose = prose.of(&findings.changes);
    }
    outcome.found = Some((exchanges, findings));
    outcome
}

/// An error about `[volatile]`, at the first file of settings that is wrong by itself.
pub(crate) fn at_wrong_volatile(error: Error, layers: &[Layer]) -> Error {
    let wrong = layers.iter().find(|layer| Kinds::new([layer.volatile()]).is_err());
    match wrong {
        Some(layer) => error.at(Place::file(layer.file())),
        None => error,
    }
}

/// What is said about captures where recordings are.
pub(super) struct AllSettings<'a> {
    recordings: &'a Recordings,
    above: Result<Vec<Layer>>,
    named: Result<NamedFiles>,
    kinds: Mutex<HashMap<Volatile, Arc<Kinds>>>,
    profiles: Profiles,
    /// What captures give to others: those of the old recordings, and of the new ones.
    old_exports: KnownExports,
    new_exports: KnownExports,
}

/// The values of captures' exports by name, by the capture's path.
type KnownExports = Mutex<HashMap<String, Arc<HashMap<String, String>>>>;

/// What is said about one of them.
pub(super) struct CaptureSettings {
    /// With the values of other captures.
    pub(super) settings: Settings,
    /// Without those.
    as_typed: Settings,
    pub(super) profile: Option<Arc<Profile>>,
    kinds: Arc<Kinds>,
}

impl CaptureSettings {
    /// What holds where nothing is said.
    fn nothing() -> CaptureSettings {
        let kinds = Arc::new(Kinds::built_in().clone());
        CaptureSettings { settings: Settings::default(), as_typed: Settings::default(), profile: None, kinds }
    }
}

impl<'a> AllSettings<'a> {
    /// With the settings above the recordings, and the folders in which settings may name files.
    pub(super) fn new(
        recordings: &'a Recordings,
        above: Result<Vec<Layer>>,
        named: Result<NamedFiles>,
    ) -> AllSettings<'a> {
        AllSettings {
            recordings,
            above,
            named,
            kinds: Mutex::default(),
            profiles: Profiles::default(),
            old_exports: KnownExports::default(),
            new_exports: KnownExports::default(),
        }
    }

    /// What is said about the capture of this path.
    pub(super) fn of(&self, name: &str) -> Result<CaptureSettings> {
        let mut layers = self.above.clone()?;
        layers.extend(self.recordings.settings(name)?);
        let settings = Settings::resolve(&layers);
        let profile = self.profile(&settings)?;
        let mut volatile = profile.as_ref().map(|profile| profile.volatile().clone()).unwrap_or_default();
        volatile.extend(&settings.volatile);
        let kinds = self.kinds(volatile).map_err(|error| at_wrong_volatile(error, &layers))?;
        let filled =
            self.filled(settings.clone(), name, (self.recordings, &self.new_exports), &mut Vec::new());
        Ok(CaptureSettings { settings: filled, as_typed: settings, profile, kinds })
    }

    /// Settings of a capture with the values that other captures gave in the old recordings.
    fn of_old(&self, settings: Settings, name: &str, old: &Recordings) -> Settings {
        self.filled(settings, name, (old, &self.old_exports), &mut Vec::new())
    }

    /// Settings of the capture `name` with the values of others, as far as these recordings have them: what is
    /// wrong with an export is told where pages are made. `open` are those whose exports are on their way.
    fn filled(
        &self,
        settings: Settings,
        name: &str,
        from: (&Recordings, &KnownExports),
        open: &mut Vec<String>,
    ) -> Settings {
        if settings.references.is_empty() {
            return settings;
        }
        let is_known = |path: &str| from.0.captures.contains_key(path);
        let mut values = HashMap::new();
        for used in &settings.references {
            let Some(path) = suite::found(name, &used.capture, is_known) else { continue };
            let exports = self.exports(path, from, open);
            values.extend(exports.get(&used.export).map(|value| (used.text(), value.clone())));
        }
        settings.with_exports(&values)
    }

    fn exports(
        &self,
        path: String,
        (recordings, known): (&Recordings, &KnownExports),
        open: &mut Vec<String>,
    ) -> Arc<HashMap<String, String>> {
        let known_now = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(exports) = known_now().get(&path) {
            return exports.clone();
        }
        if open.contains(&path) {
            return Arc::default();
        }
        open.push(path.clone());
        let found = self.exports_of(&path, (recordings, known), open).unwrap_or_default();
        open.pop();
        known_now().entry(path).or_insert(Arc::new(found)).clone()
    }

    fn exports_of(
        &self,
        path: &str,
        from: (&Recordings, &KnownExports),
        open: &mut Vec<String>,
    ) -> Result<HashMap<String, String>> {
        let mut layers = self.above.clone()?;
        layers.extend(from.0.settings(path)?);
        let mut settings = Settings::resolve(&layers);
        if settings.exports.is_empty() {
            return Ok(HashMap::new());
        }
        let (trace, output, _) = from.0.read(&from.0.captures[path])?;
        settings.references = suite::values_of_exports(&settings).cloned().collect();
        let settings = self.filled(settings, path, from, open);
        let profile = self.profile(&settings)?;
        let input =
            Input { output: output.as_deref(), ..Input::of_trace(&trace, &settings, profile.as_deref()) };
        let values = export::values(&input).into_iter();
        Ok(values.filter_map(|(name, value)| Some((name, value.ok()?))).collect())
    }

    fn kinds(&self, volatile: Volatile) -> Result<Arc<Kinds>> {
        let mut made = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kinds) = made.get(&volatile) {
            return Ok(kinds.clone());
        }
        let kinds = Arc::new(Kinds::new([&volatile])?);
        made.insert(volatile, kinds.clone());
        Ok(kinds)
    }

    fn profile(&self, settings: &Settings) -> Result<Option<Arc<Profile>>> {
        let Some(Located { value: name, place }) = &settings.profile else { return Ok(None) };
        let files = self.named.as_ref().map_err(Clone::clone)?;
        self.profiles.named(name, place, files).map(Some)
    }
}
