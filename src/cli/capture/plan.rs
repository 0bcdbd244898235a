//! What a run does: which captures, in which order, between what is set up and cleaned up.
//!
//! All that can be wrong with needs, values and orders is found here, before any command runs. What this
//! leaves out: how an order follows ([`crate::suite`]), and running.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::Capture;
use super::jobs::{Job, Used};
use super::values::Values;
use crate::cli::recording::settings_of;
use crate::cli::ui::Ui;
use crate::error::{Error, ErrorKind, Place, Result, Severity};
use crate::files::Root;
use crate::settings::{Settings, Suite};
use crate::site::exports::{self, unknown_capture, unknown_export};
use crate::site::folders::{self, Captures, Folder, settings_above};
use crate::suite::{self, Member, Need, Step, is_below};
use crate::toml_file::nearest;

/// What a run does.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) jobs: Vec<Job>,
    pub(super) suites: Vec<SuiteRun>,
    pub(super) steps: Vec<Step>,
    pub(super) values: Values,
    /// Values of the last run that are used, each behind the one that the recordings have in its place.
    pub(super) recorded_values: Vec<(String, String)>,
}

/// A suite with something to set up or clean up.
pub(super) struct SuiteRun {
    /// The file that says so.
    pub(super) file: PathBuf,
    pub(super) suite: Suite,
    /// The settings of its folder.
    pub(super) settings: Settings,
}

impl Plan {
    /// One job, and nothing around it.
    pub(super) fn of_one(job: Job) -> Plan {
        Plan { jobs: vec![job], steps: vec![Step::Record(0)], ..Plan::default() }
    }

    /// Where a job stands in the order, from 1.
    pub(super) fn place(&self, job: usize) -> usize {
        let records = self.steps.iter().filter(|step| matches!(step, Step::Record(_)));
        records.take_while(|step| **step != Step::Record(job)).count() + 1
    }

    /// The jobs of a suite.
    pub(super) fn jobs_of(&self, suite: usize) -> impl Iterator<Item = &Job> {
        self.jobs.iter().filter(move |job| job.suites.contains(&suite))
    }
}

/// What is known of the captures while a plan is made.
struct KnownCaptures<'k> {
    root: &'k Root,
    captures: &'k Captures,
    folders: &'k [Folder],
    by_path: HashMap<&'k str, &'k Folder>,
    settings: HashMap<&'k str, Settings>,
    values: Values,
}

impl<'k> KnownCaptures<'k> {
    fn settings(&mut self, folder: &'k Folder) -> Result<&Settings> {
        if !self.settings.contains_key(folder.path.as_str()) {
            self.settings.insert(&folder.path, settings_of(self.root, &folder.dir)?);
        }
        Ok(&self.settings[folder.path.as_str()])
    }

    /// What the capture of this path and these settings needs of others, and which of their values it uses.
    fn needs(
        &mut self,
        own_path: &str,
        settings: &Settings,
        ui: &Ui,
    ) -> Result<(Vec<Need>, Vec<Used>), Vec<Error>> {
        let one = |error| vec![error];
        let mut errors = Vec::new();
        let mut needs = Vec::new();
        for need in &settings.needs {
            let named = need.value.trim_matches('/');
            let is_there = |path: &str| self.folders.iter().any(|folder| is_below(&folder.path, path));
            let Some(path) = suite::found(own_path, named, is_there) else {
                errors.push(unknown_need(named, &need.place, self.folders));
                continue;
            };
            let is_own = need.place.file.file_name().is_some_and(|name| name == "capture.toml");
            let below = self.folders.iter().filter(|other| is_below(&other.path, &path));
            // What a folder says of all its captures one of them cannot say of itself.
            let below = below.filter(|other| other.path != own_path || (is_own && path == other.path));
            needs.extend(below.map(|other| Need { path: other.path.clone(), place: need.place.clone() }));
        }
        let mut used = Vec::new();
        for reference in suite::needed_values(settings) {
            let is_known = |path: &str| self.by_path.contains_key(path);
            let Some(path) = suite::found(own_path, &reference.capture, is_known) else {
                match unknown_capture(reference, self.by_path.keys().copied()) {
                    Some(error) if error.severity() == Severity::Error => errors.push(error),
                    warning => warning.iter().for_each(|warning| ui.error(warning)),
                }
                continue;
            };
            let exporter = self.by_path[path.as_str()];
            let of_exporter = self.settings(exporter).map_err(one)?;
            if !of_exporter.exports.iter().any(|export| export.name == reference.export) {
                let names = of_exporter.exports.iter().map(|export| export.name.as_str());
                errors.push(unknown_export(reference, &path, names));
                continue;
            }
            if of_exporter.command.is_some() {
                needs.push(Need { path: path.clone(), place: reference.place.clone() });
            } else if let Err(found) = self.take_recorded(exporter, &reference.export) {
                errors.extend(found);
                continue;
            }
            used.push(Used { reference: reference.clone(), path });
        }
        if errors.is_empty() { Ok((needs, used)) } else { Err(errors) }
    }

    /// Takes the values of a capture without a command out of its recording; the one that is `wanted` has to be
    /// there.
    fn take_recorded(&mut self, exporter: &Folder, wanted: &str) -> Result<(), Vec<Error>> {
        let exports = exports::on_disk(self.root, self.folders, exporter)?;
        if let Some(Err(error)) = exports.get(wanted) {
            return Err(vec![error.clone()]);
        }
        let values = exports.iter().filter_map(|(name, value)| Some((name.clone(), value.clone().ok()?)));
        self.values.add_recorded(&exporter.path, values.collect());
        Ok(())
    }
}

impl Capture {
    /// What a run does: over captures that are there, or for a new one.
    ///
    /// # Errors
    /// All that keeps it from being run as a whole.
    pub(super) fn plan(&self, ui: &Ui) -> Result<Plan, Vec<Error>> {
        let one = |error| vec![error];
        let new = if self.command.is_empty() { None } else { Some(self.new_one().map_err(one)?) };
        let new = match new {
            // It may be the first of all.
            Some(job) if suite::needed_values(&job.settings).next().is_none() => {
                return Ok(Plan { values: Values::of(&self.captures), ..Plan::of_one(job) });
            }
            new => new,
        };
        let root = folders::open(&self.captures).map_err(one)?;
        let captures = folders::find(&root, None).map_err(one)?;
        ui.errors(&captures.errors);
        let mut values = Values::read(&root).map_err(one)?;
        let by_path: HashMap<&str, &Folder> =
            captures.folders.iter().map(|folder| (folder.path.as_str(), folder)).collect();
        values.retain(|path| by_path.contains_key(path));
        let mut known = KnownCaptures {
            root: &root,
            captures: &captures,
            folders: &captures.folders,
            by_path,
            settings: HashMap::new(),
            values,
        };
        // With where it was named, and with what needs it.
        let mut pending: Vec<(Job, Option<usize>, Option<String>)> = match new {
            Some(job) => vec![(job, Some(0), None)],
            None => {
                let wanted = self.wanted(&mut known, ui).map_err(one)?;
                let job = |(place, folder)| Ok((known.job(folder)?, Some(place), None));
                wanted.into_iter().rev().map(job).collect::<Result<_>>().map_err(one)?
            }
        };
        let mut jobs: Vec<Job> = Vec::new();
        let mut errors = Vec::new();
        let mut met: HashSet<String> = pending.iter().map(|(job, ..)| job.path.clone()).collect();
        let mut places = Vec::new();
        while let Some((job, place, needed_by)) = pending.pop() {
            let (needs, used) = match known.needs(&job.path, &job.settings, ui) {
                Ok(found) => found,
                Err(found) => {
                    errors.extend(found);
                    continue;
                }
            };
            if let Some(by) = needed_by.filter(|_| !self.paths.is_empty() || self.resume) {
                ui.say(format_args!("{}: recorded too, because {by} needs it", job.path));
            }
            for need in needs.iter().filter(|_| !self.only) {
                let needed = known.by_path[need.path.as_str()];
                // A new capture takes what there is.
                let is_left = (self.resume || job.new.is_some()) && known.is_left(&need.path, &used);
                if !is_left && !met.contains(&need.path) {
                    let needed = known.job(needed).map_err(one)?;
                    if needed.settings.command.is_some() {
                        met.insert(need.path.clone());
                        pending.push((needed, None, Some(job.path.clone())));
                    }
                }
            }
            let is_named = place.is_some();
            places.push(place);
            jobs.push(Job { needs, used, is_named, ..job });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.ordered(jobs, &places, known, ui)
    }

    /// The plan for these jobs, each with the place at which it was named.
    fn ordered(
        &self,
        mut jobs: Vec<Job>,
        places: &[Option<usize>],
        known: KnownCaptures<'_>,
        ui: &Ui,
    ) -> Result<Plan, Vec<Error>> {
        let one = |error| vec![error];
        let mut suites: Vec<SuiteRun> = Vec::new();
        let mut members = Vec::with_capacity(jobs.len());
        let mut told = HashSet::new();
        for (job, place) in jobs.iter_mut().zip(places) {
            let mut above: Vec<(String, &Suite)> = Vec::new();
            let shared = known.captures.shared_above(&job.path);
            for shared in &shared {
                let layer = shared.layer(known.root).map_err(one)?;
                let Some(of_layer) = layer.suite() else { continue };
                let dir = layer.file().parent().unwrap_or(known.root.path());
                let below = dir.strip_prefix(known.root.path()).unwrap_or(dir).to_string_lossy().into_owned();
                if told.insert(layer.file().to_owned()) {
                    ui.errors(&unknown_in_order(&below, of_layer, known.folders));
                }
                above.push((below, of_layer));
                if of_layer.setup.is_empty() && of_layer.cleanup.is_empty() {
                    continue;
                }
                let at = match suites.iter().position(|suite| suite.file == layer.file()) {
                    Some(at) => at,
                    None => {
                        let layers = settings_above(&dir.join("of-the-suite")).map_err(one)?;
                        let settings = Settings::resolve(&layers);
                        suites.push(SuiteRun {
                            file: layer.file().to_owned(),
                            suite: of_layer.clone(),
                            settings,
                        });
                        suites.len() - 1
                    }
                };
                job.suites.push(at);
            }
            let above: Vec<(&str, &Suite)> =
                above.iter().map(|(path, suite)| (path.as_str(), *suite)).collect();
            let mut rank = suite::rank(&job.path, &above);
            if !self.paths.is_empty() {
                // In the order in which they are named.
                rank.insert(0, (place.unwrap_or(usize::MAX), String::new()));
            }
            members.push(Member { path: job.path.clone(), needs: job.needs.clone(), rank });
        }
        let order = suite::order(&members).map_err(one)?;
        let is_one = jobs.iter().filter(|job| job.is_named).count() == 1;
        jobs.iter_mut().for_each(|job| job.is_alone = job.is_named && is_one);
        // What is new and needs nothing to be made again is in no suite yet.
        let is_apart = self.only || (jobs.len() == 1 && jobs[0].new.is_some());
        let steps = match is_apart {
            true => order.iter().map(|job| Step::Record(*job)).collect(),
            false => suite::steps(&order, |job| &jobs[job].suites),
        };
        let recorded_values = known.recorded_values(&jobs);
        Ok(Plan { steps, jobs, suites, values: known.values, recorded_values })
    }

    /// The captures that the arguments name and that have a command, each with the place at which it is named.
    fn wanted<'k>(&self, known: &mut KnownCaptures<'k>, ui: &Ui) -> Result<Vec<(usize, &'k Folder)>> {
        if self.resume {
            let unfinished: Vec<&Folder> = known
                .values
                .last()
                .unfinished()
                .filter_map(|path| known.by_path.get(path).copied())
                .collect();
            if known.values.last().captures.is_empty() {
                let message = format!("there is no run below {} to go on with", self.captures.display());
                return Err(Error::new(ErrorKind::Capture, message)
                    .hint("leave `--resume` out: `docgen capture CAPTURES` runs all"));
            }
            if unfinished.is_empty() {
                ui.say(format_args!("nothing to go on with: the last run recorded all of its captures"));
            }
            return Ok(unfinished.into_iter().map(|folder| (0, folder)).collect());
        }
        for wanted in &self.paths {
            if !known.folders.iter().any(|folder| is_below(&folder.path, wanted.trim_matches('/'))) {
                return Err(self.no_such(wanted, known.folders));
            }
        }
        let place = |folder: &Folder| {
            self.paths.iter().position(|wanted| is_below(&folder.path, wanted.trim_matches('/')))
        };
        let mut found = Vec::new();
        for folder in known.folders {
            let Some(place) = (if self.paths.is_empty() { Some(0) } else { place(folder) }) else { continue };
            if known.settings(folder)?.command.is_some() {
                found.push((place, folder));
            } else if !self.paths.is_empty() {
                let message = format!("the capture `{}` has no command", folder.path);
                return Err(Error::new(ErrorKind::Capture, message)
                    .at(Place::file(folder.dir.join("capture.toml")))
                    .hint("write `command = \"...\"` there"));
            }
        }
        if found.is_empty() {
            let message = format!("no capture below {} has a command", self.captures.display());
            return Err(Error::new(ErrorKind::Capture, message)
                .hint("make one: `docgen capture CAPTURES PATH -- COMMAND`"));
        }
        Ok(found)
    }

    fn no_such(&self, wanted: &str, folders: &[Folder]) -> Error {
        let known: Vec<&str> = folders.iter().map(|folder| folder.path.as_str()).collect();
        let near = similar::get_close_matches(wanted, &known, 1, 0.5);
        let error = Error::new(
            ErrorKind::Capture,
            format!("there is no capture `{wanted}` below {}", self.captures.display()),
        );
        error.hint(match near.first() {
            Some(near) => format!("did you mean `{near}`? A new one needs its command: `-- COMMAND`"),
            None => "a new one needs its command: `-- COMMAND`".to_owned(),
        })
    }
}

impl<'k> KnownCaptures<'k> {
    /// That of a capture, as far as its folder and settings say.
    fn job(&mut self, folder: &'k Folder) -> Result<Job> {
        Ok(Job::existing(folder, self.settings(folder)?.clone()))
    }

    /// The values of the last run that jobs use, each behind the one that the recordings have in its place.
    fn recorded_values(&self, jobs: &[Job]) -> Vec<(String, String)> {
        let made: HashSet<&str> = jobs.iter().map(|job| job.path.as_str()).collect();
        let used = jobs.iter().flat_map(|job| &job.used).filter(|used| !made.contains(used.path.as_str()));
        let pair = |used: &Used| {
            let exporter = self.by_path.get(used.path.as_str())?;
            let now = self.values.left(&used.path, &used.reference.export)?;
            // What is wrong with a recording is told where it is read for its own sake.
            let exports = exports::on_disk(self.root, self.folders, exporter).ok()?;
            let recorded = exports.get(&used.reference.export)?.as_ref().ok()?;
            Some((recorded.clone(), now.to_owned()))
        };
        let mut pairs: Vec<(String, String)> = used.filter_map(pair).collect();
        pairs.sort();
        pairs.dedup();
        pairs
    }

    /// Whether the last run recorded a capture, and left all of its values that are used.
    fn is_left(&self, path: &str, used: &[Used]) -> bool {
        let last = self.values.last();
        let is_recorded = last
            .captures
            .get(path)
            .is_some_and(|ran| ran.result == suite::last_run::Outcome::Recorded && !ran.is_cleaned_up);
        let mut of_it = used.iter().filter(|used| used.path == path);
        is_recorded && of_it.all(|used| self.values.is_left(path, &used.reference.export))
    }
}

fn unknown_need(named: &str, place: &Place, folders: &[Folder]) -> Error {
    let error =
        Error::new(ErrorKind::Setting, format!("there is no capture `{named}`, which is needed here"));
    let paths = || folders.iter().map(|folder| folder.path.as_str());
    let names = paths().filter_map(|path| path.rsplit('/').next());
    error.at(place.clone()).hint(match nearest(named, paths().chain(names)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "a capture is named by its path from a folder above, a folder stands for all below it".to_owned()
        }
    })
}

/// What a suite orders and nobody finds.
fn unknown_in_order(path: &str, suite: &Suite, folders: &[Folder]) -> Vec<Error> {
    let whole = |entry: &str| {
        let entry = entry.trim_matches('/');
        if path.is_empty() { entry.to_owned() } else { format!("{path}/{entry}") }
    };
    let is_known = |entry: &str| folders.iter().any(|folder| is_below(&folder.path, &whole(entry)));
    let below = folders
        .iter()
        .filter(|folder| is_below(&folder.path, path))
        .map(|folder| folder.path.strip_prefix(path).unwrap_or(&folder.path).trim_start_matches('/'));
    let unknown = suite.order.iter().filter(|entry| !is_known(&entry.value));
    unknown
        .map(|entry| {
            let message = format!("there is no capture `{}` to be ordered", entry.value);
            let error = Error::warning(ErrorKind::Setting, message).at(entry.place.clone());
            match nearest(&entry.value, below.clone()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("paths begin at the folder of this file; take it out if it is gone"),
            }
        })
        .collect()
}
