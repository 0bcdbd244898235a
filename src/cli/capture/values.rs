//! The values that captures give to others: those of this run, and of the last one.
//!
//! Recordings hold stable values, so what is live on a cloud is noted apart, in docgen's own folder
//! among the captures. What is secret is in memory only. What this leaves out: where a value is in a recording
//! ([`crate::suite::export`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::jobs::{Job, Used};
use crate::error::{Error, ErrorKind, Result};
use crate::files::Root;
use crate::files::own_folder::OwnFolder;
use crate::site::last_run::{FILE, noted};
use crate::suite::last_run::{LastRun, Outcome, RELEASE, Ran, Seen, release_of};

/// A value that a capture gave.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) text: String,
    /// Whether redaction replaces it.
    pub(super) is_secret: bool,
}

/// All that is known of values.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// The captures among which they are noted.
    captures: Option<PathBuf>,
    last: LastRun,
    /// The captures of which this run says something else, and those that are gone.
    changed: BTreeSet<String>,
    gone: BTreeSet<String>,
    /// Of this run, by capture and name.
    live: HashMap<String, HashMap<String, Value>>,
    /// Of captures without a command, out of their recordings.
    recorded: HashMap<String, HashMap<String, String>>,
}

impl Values {
    /// Those of a run that knows none yet.
    pub(super) fn of(captures: &Path) -> Values {
        Values { captures: Some(captures.to_owned()), ..Values::default() }
    }

    /// Those that the last run noted.
    ///
    /// # Errors
    /// Where what it noted cannot be read.
    pub(super) fn read(captures: &Root) -> Result<Values> {
        Ok(Values { last: noted(&OwnFolder::of(captures)?)?, ..Values::of(captures.path()) })
    }

    /// From now on nothing is noted for the next run.
    pub(super) fn forget_folder(&mut self) {
        self.captures = None;
    }

    /// How the last run went.
    pub(super) fn last(&self) -> &LastRun {
        &self.last
    }

    /// Forgets captures that are gone.
    pub(super) fn retain(&mut self, is_there: impl Fn(&str) -> bool) {
        let gone = self.last.captures.keys().filter(|path| !is_there(path));
        self.gone = gone.cloned().collect();
        self.last.captures.retain(|path, _| is_there(path));
    }

    /// Takes the values of a capture that no command makes.
    pub(super) fn add_recorded(&mut self, path: &str, values: HashMap<String, String>) {
        self.recorded.insert(path.to_owned(), values);
    }

    /// Whether the last run left this value, and what it names is not known to be gone.
    pub(super) fn is_left(&self, path: &str, name: &str) -> bool {
        self.last.captures.get(path).is_some_and(|ran| !ran.is_cleaned_up && ran.exports.contains_key(name))
    }

    /// The value that the last run left, if it did.
    pub(super) fn left(&self, path: &str, name: &str) -> Option<&str> {
        self.last.captures.get(path)?.exports.get(name).map(String::as_str)
    }

    /// The value that a job uses, if it is known.
    fn value(&self, used: &Used) -> Option<Value> {
        let (path, name) = (&used.path, &used.reference.export);
        let plain = |text: &String| Value { text: text.clone(), is_secret: false };
        let live = self.live.get(path).and_then(|values| values.get(name)).cloned();
        live.or_else(|| self.recorded.get(path)?.get(name).map(plain))
            .or_else(|| self.last.captures.get(path)?.exports.get(name).map(plain))
    }

    /// The values that a job uses, as far as they are known, by what stands between the braces.
    pub(super) fn known(&self, job: &Job) -> HashMap<String, Value> {
        let known = job.used.iter().filter_map(|used| Some((used.reference.text(), self.value(used)?)));
        known.collect()
    }

    /// The errors about values that a job uses and nobody knows.
    pub(super) fn unknown(&self, job: &Job) -> Vec<Error> {
        let unknown = job.used.iter().filter(|used| self.value(used).is_none());
        unknown
            .map(|used| {
                let (path, reference) = (&used.path, &used.reference);
                let ran = self.last.captures.get(path);
                let is_secret = ran.is_some_and(|ran| ran.secrets.contains(&reference.export));
                let why = if is_secret {
                    "it is secret, and was in memory only"
                } else {
                    "it was not recorded on this machine"
                };
                Error::new(
                    ErrorKind::Capture,
                    format!("the value of `{{{}}}` is not known: {why}", reference.text()),
                )
                .at(reference.place.clone())
                .hint(format!("run `{path}` in the same run: name both, or leave `--only` out"))
            })
            .collect()
    }

    /// The values of the last run that these jobs use, as a person would name them; and whether what they
    /// name may be gone.
    pub(super) fn of_last_run<'j>(&self, jobs: impl Iterator<Item = &'j Job>) -> (Vec<String>, bool) {
        let mut names = BTreeSet::new();
        let mut is_cleaned_up = false;
        for used in jobs.flat_map(|job| &job.used).filter(|used| !self.live.contains_key(&used.path)) {
            if let Some(ran) = self.last.captures.get(&used.path) {
                names.insert(format!("{}.{}", used.path, used.reference.export));
                is_cleaned_up |= ran.is_cleaned_up;
            }
        }
        (names.into_iter().collect(), is_cleaned_up)
    }

    /// Notes that a capture was recorded, what of, and what it gives.
    pub(super) fn add(&mut self, path: &str, seen: Seen, values: HashMap<String, Value>) {
        let (secret, plain): (Vec<_>, Vec<_>) = values.iter().partition(|(_, value)| value.is_secret);
        let exports: BTreeMap<String, String> =
            plain.into_iter().map(|(name, value)| (name.clone(), value.text.clone())).collect();
        let secrets = secret.into_iter().map(|(name, _)| name.clone()).collect();
        let ran = Ran { result: Outcome::Recorded, exports, secrets, is_cleaned_up: false, seen: Some(seen) };
        self.last.captures.insert(path.to_owned(), ran);
        self.changed.insert(path.to_owned());
        self.live.insert(path.to_owned(), values);
        let releases = self.live.iter().filter_map(|(path, values)| {
            let release = values.get(RELEASE).filter(|release| !release.is_secret)?;
            Some((path.as_str(), release.text.as_str()))
        });
        let told: HashMap<&str, &str> = releases.collect();
        if told.is_empty() {
            return;
        }
        for path in self.live.keys() {
            if let Some(seen) = self.last.captures.get_mut(path).and_then(|ran| ran.seen.as_mut()) {
                seen.release = release_of(path, &told).map(str::to_owned);
                self.changed.insert(path.clone());
            }
        }
    }

    /// When a capture was last recorded here, and of what.
    pub(super) fn seen(&self, path: &str) -> Option<&Seen> {
        self.last.captures.get(path)?.seen.as_ref()
    }

    /// Notes that a capture failed, or was not run.
    pub(super) fn fail(&mut self, path: &str) {
        self.last.captures.entry(path.to_owned()).or_default().result = Outcome::Failed;
        self.changed.insert(path.to_owned());
    }

    /// Notes that what captures made may be gone.
    pub(super) fn clean_up<'p>(&mut self, paths: impl Iterator<Item = &'p str>) {
        for path in paths {
            if let Some(ran) = self.last.captures.get_mut(path) {
                ran.is_cleaned_up = true;
                self.changed.insert(path.to_owned());
            }
        }
    }

    /// Writes what is to be known to the next run. What another docgen noted meanwhile of other captures stays.
    ///
    /// # Errors
    /// Where docgen's own folder cannot be written.
    pub(super) fn write(&self) -> Result<()> {
        let Some(captures) = &self.captures else { return Ok(()) };
        if self.changed.is_empty() && self.gone.is_empty() {
            return Ok(());
        }
        let root = Root::open(captures).map_err(|error| Error::io("read", captures, error))?;
        let own = &OwnFolder::of(&root)?;
        let _lock = own.lock()?;
        own.remove_leftovers();
        let mut all = noted(own).unwrap_or_default();
        all.captures.retain(|path, _| !self.gone.contains(path));
        let changed = self.changed.iter().filter_map(|path| self.last.captures.get_key_value(path));
        all.captures.extend(changed.map(|(path, ran)| (path.clone(), ran.clone())));
        own.put_ignored(FILE, all.to_json().as_bytes())
    }
}
