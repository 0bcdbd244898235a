//! The run over the steps of a plan.
//!
//! What fails stops only what needs it; what was set up is cleaned up, whatever happened. What this leaves out:
//! recording one capture.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::plan::{Plan, SuiteRun};
use super::stable::Stable;
use super::values::Values;
use super::{Capture, environment};
use crate::capture::{Background, CommandSpec, Failure, Ports, Program, run_beside, shown_without_secrets};
use crate::cli::recording;
use crate::cli::ui::Ui;
use crate::cli::{DONE, NEEDS_A_PERSON};
use crate::error::{Error, Result};
use crate::settings::Located;
use crate::suite::Step;

/// How a capture went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Went {
    Recorded,
    Failed,
    NotRun,
}

/// What became of the steps so far.
#[derive(Default)]
struct Progress {
    /// A line of the table at the end for each capture: its path, how it went, and in words.
    told: Vec<(String, Went, String)>,
    /// What is known of the recordings that are there.
    stable: Stable,
    /// How captures went, by path.
    went: HashMap<String, Went>,
    /// The suites whose setup was begun, with what it left running.
    begun: HashMap<usize, Vec<Background>>,
    /// Those that are not set up.
    unready: HashSet<usize>,
    /// Something beside the captures failed.
    has_failed: bool,
    /// How the run goes could not be written down, which was told.
    is_note_lost: bool,
    is_interrupted: bool,
    /// The user does not want to wait for cleaning up.
    is_cleaning_interrupted: bool,
}

impl Capture {
    /// Runs a plan, while these ports are open.
    pub(super) fn run_plan(
        &self,
        mut plan: Plan,
        ports: Option<Ports>,
        stable: Stable,
        ui: &Ui,
    ) -> Result<u8> {
        // A signal that comes between two commands counts too: what was set up has to be cleaned up.
        let signal = Arc::new(AtomicBool::new(false));
        for kind in [SIGINT, SIGTERM, SIGHUP] {
            let _ = signal_hook::flag::register(kind, signal.clone());
        }
        if self.only {
            tell_of_last_run(&plan, ui);
        }
        let mut progress = Progress { stable, ..Progress::default() };
        progress.stable.learn(&plan.recorded_values);
        for step in plan.steps.clone() {
            progress.is_interrupted |= signal.load(Ordering::Relaxed);
            match step {
                Step::Setup(suite) => self.set_up(&plan, suite, &mut progress, ui),
                Step::Record(job) => self.record_job(&mut plan, job, ports.as_ref(), &mut progress, ui),
                Step::Cleanup(suite) => self.clean_up(&mut plan, suite, &mut progress, ui),
            }
        }
        ui.notices(&ports.map(Ports::close).unwrap_or_default());
        let width = progress.told.iter().map(|(path, ..)| path.chars().count()).max().unwrap_or(0);
        for (path, _, result) in &progress.told {
            ui.say(format_args!("{path:width$}  {result}"));
        }
        let count = |wanted: Went| progress.told.iter().filter(|(_, went, _)| *went == wanted).count();
        let (failed, not_run) = (count(Went::Failed), count(Went::NotRun));
        let rest = if not_run == 0 { String::new() } else { format!(", {not_run} not run") };
        if !progress.told.is_empty() {
            ui.say(format_args!("{} recorded, {failed} failed{rest}", count(Went::Recorded)));
        }
        Ok(if failed + not_run == 0 && !progress.has_failed { DONE } else { NEEDS_A_PERSON })
    }

    /// Sets a suite up, unless one around it is not.
    fn set_up(&self, plan: &Plan, suite: usize, progress: &mut Progress, ui: &Ui) {
        let is_inside = |unready: &usize| {
            plan.jobs_of(suite).all(|job| {
                let place = |of: usize| job.suites.iter().position(|other| *other == of);
                place(*unready).is_some_and(|outer| place(suite).is_some_and(|inner| outer < inner))
            })
        };
        if progress.is_interrupted || progress.unready.iter().any(is_inside) {
            progress.unready.insert(suite);
            return;
        }
        let of_suite = &plan.suites[suite];
        let mut left = Vec::new();
        for line in &of_suite.suite.setup {
            match self.beside(of_suite, "setup", line, ui) {
                Ok(background) => left.push(background),
                Err(failure) => {
                    tell(
                        *failure,
                        line,
                        "the captures of this suite are not run, and are as they were",
                        progress,
                        ui,
                    );
                    progress.unready.insert(suite);
                    break;
                }
            }
        }
        progress.begun.insert(suite, left);
    }

    /// Cleans a suite up, if its setup was begun.
    fn clean_up(&self, plan: &mut Plan, suite: usize, progress: &mut Progress, ui: &Ui) {
        let Some(left) = progress.begun.remove(&suite) else { return };
        let of_suite = &plan.suites[suite];
        for line in &of_suite.suite.cleanup {
            if progress.is_cleaning_interrupted {
                let file = of_suite.file.display();
                ui.warn(format_args!("not run, of the cleanup of {file}: {}", line.value));
                continue;
            }
            if let Err(failure) = self.beside(of_suite, "cleanup", line, ui) {
                progress.is_cleaning_interrupted |= failure.is_interrupted;
                tell(*failure, line, "look what is left; the captures are kept", progress, ui);
            }
        }
        left.into_iter().for_each(Background::end);
        if !of_suite.suite.cleanup.is_empty() {
            let paths: Vec<String> = plan.jobs_of(suite).map(|job| job.path.clone()).collect();
            plan.values.clean_up(paths.iter().map(String::as_str));
            note(&plan.values, progress, ui);
        }
    }

    /// Runs a line of a suite, which is not recorded.
    fn beside(
        &self,
        suite: &SuiteRun,
        what: &str,
        line: &Located<String>,
        ui: &Ui,
    ) -> Result<Background, Box<Failure>> {
        // What is set up may be the very cloud that an openrc is about.
        let mut settings = suite.settings.clone();
        settings.capture.env_file.take_if(|file| !file.exists());
        let mut spec = CommandSpec::new(Vec::new(), environment(&settings)?);
        spec.program = Program::Shell(line.value.clone());
        spec.dir = suite.settings.capture.dir.clone();
        spec.time_limit = suite.settings.capture.time_limit.map(Duration::from_secs);
        let rules =
            if self.keep_secrets { None } else { Some(recording::rules(&self.captures, &suite.settings)?) };
        let shown = rules.as_ref().map_or_else(|| spec.shown(), |rules| shown_without_secrets(&spec, rules));
        let running = ui.running(format!("{what}: {shown}"));
        let ran = run_beside(&spec, rules.as_ref(), &std::env::temp_dir());
        running.finish();
        ran
    }

    /// Records a capture, unless what it needs is not there.
    fn record_job(
        &self,
        plan: &mut Plan,
        index: usize,
        ports: Option<&Ports>,
        progress: &mut Progress,
        ui: &Ui,
    ) {
        let (place, all) = (plan.place(index), plan.jobs.len());
        let job = &plan.jobs[index];
        let why_not = if progress.is_interrupted {
            Some("not run".to_owned())
        } else if let Some(suite) = job.suites.iter().find(|suite| progress.unready.contains(suite)) {
            Some(format!("not run: the setup of {} failed", plan.suites[*suite].file.display()))
        } else {
            job.needs.iter().find_map(|need| match progress.went.get(&need.path)? {
                Went::Recorded => None,
                Went::Failed => Some(format!("not run: needs {}, which failed", need.path)),
                Went::NotRun => Some(format!("not run: needs {}, which was not run", need.path)),
            })
        };
        let unknown = if why_not.is_none() { plan.values.unknown(job) } else { Vec::new() };
        let result = match why_not {
            Some(why_not) => Err((Went::NotRun, why_not)),
            None if !unknown.is_empty() => {
                ui.errors(&unknown);
                Err((Went::NotRun, "not run; the capture is as it was".to_owned()))
            }
            None => self
                .one(job, &job.given(&plan.values.known(job)), (place, all), ports, &mut progress.stable, ui)
                .map_err(|failure| {
                    ui.reasons(&failure.notes);
                    let errors: Vec<Error> =
                        failure.errors.into_iter().map(|error| job.located(error)).collect();
                    ui.errors(&errors);
                    progress.is_interrupted |= failure.is_interrupted;
                    let is_there = job.folder.exists();
                    let rest = if is_there { "the capture is as it was" } else { "nothing was written" };
                    (Went::Failed, format!("failed; {rest}"))
                }),
        };
        let path = job.path.clone();
        let (went, told) = match result {
            Ok(recorded) => {
                plan.values.add(&path, recorded.seen, recorded.values);
                (Went::Recorded, recorded.told)
            }
            Err(told) => {
                // Of what was to be new nothing is there, to be gone on with neither.
                if plan.jobs[index].new.is_none() {
                    plan.values.fail(&path);
                }
                told
            }
        };
        progress.went.insert(path.clone(), went);
        progress.told.push((path, went, told));
        note(&plan.values, progress, ui);
    }
}

/// Says which values of the last run are used.
fn tell_of_last_run(plan: &Plan, ui: &Ui) {
    let made: HashSet<&str> = plan.jobs.iter().map(|job| job.path.as_str()).collect();
    let mut jobs = plan.jobs.clone();
    jobs.iter_mut().for_each(|job| job.used.retain(|used| !made.contains(used.path.as_str())));
    let (names, is_cleaned_up) = plan.values.of_last_run(jobs.iter());
    if !names.is_empty() {
        let rest = if is_cleaned_up { ", and was cleaned up since: what they name may be gone" } else { "" };
        ui.say(format_args!("values of the last run: {}{rest}", names.join(", ")));
    }
}

/// Tells why a line of a suite failed, at the line.
fn tell(failure: Failure, line: &Located<String>, hint: &str, progress: &mut Progress, ui: &Ui) {
    let errors = failure.errors.into_iter().map(|error| match error.place() {
        None => error.at(line.place.clone()),
        Some(_) => error,
    });
    let errors: Vec<Error> =
        errors.map(|error| if error.help().is_none() { error.hint(hint) } else { error }).collect();
    ui.errors(&errors);
    progress.is_interrupted |= failure.is_interrupted;
    progress.has_failed = true;
}

/// Writes down how the run went so far, for the next one.
fn note(values: &Values, progress: &mut Progress, ui: &Ui) {
    if progress.is_note_lost {
        return;
    }
    if let Err(error) = values.write() {
        ui.error(&error.hint("the captures are kept; `--resume` and `--only` will know nothing of this run"));
        progress.is_note_lost = true;
        progress.has_failed = true;
    }
}
