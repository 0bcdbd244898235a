//! `docgen capture`: its arguments, and the run over all captures that are wanted.
//!
//! What this leaves out: which captures those are and in which order (`plan`), values that one gives to
//! others (`values`), how a recording is put into its capture's folder (`keep`), and what it takes over from
//! the one that is there (`stable`).

mod aside;
mod jobs;
mod keep;
mod labels;
mod plan;
mod run;
mod senders;
mod stable;
mod values;

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use clap::Args;

use super::diff::Format;
use super::keep_connections;
use super::recording::{self, expect_writable, warn_of_secrets};
use super::ui::Ui;
use super::{DONE, NEEDS_A_PERSON};
use crate::capture::{
    CommandSpec, Failure, Options, Ports, Program, ProxyOptions, REPEATABLE, Recording, RecordingLock,
    UpstreamProxy, openrc, record, shown_without_secrets,
};
use crate::error::{Error, ErrorKind, Result, escape_control};
use crate::files::Root;
use crate::files::folder::remove_leftovers;
use crate::page::{Input, Phrases, invocation};
use crate::profile::Profile;
use crate::redact::Rules;
use crate::settings::{Located, Settings};
use crate::site::project::captures_of;
use crate::suite::last_run::Seen;
use crate::suite::{Step, export};
use crate::text::Text;
use crate::text_file::{read_recording, read_text};
use crate::trace::Trace;
use jobs::{Given, Job};
use plan::Plan;
use stable::Stable;
use values::Value;

/// Run commands and record every exchange that they cause
#[derive(Debug, Args)]
#[command(after_help = "\
Each command runs with a proxy of its own on the loopback interface. What it sends and receives
becomes the trace.har of its capture, what it prints the output.txt; an old capture is replaced
only when the new one is whole. Tokens and passwords are replaced before anything is written.

A new recording takes over the times, ids, tokens and orders of the one that is there: what the
command still does keeps its very bytes, and git shows what it does otherwise.

What docgen could not see or cut is told; a capture whose recording would be false fails. Programs in
Go, and Ruby's Net::HTTP, never ask a server on the loopback interface through a proxy: give them
another address of the machine.

A capture's command runs with your rights and your cloud's credentials. Read the captures of a
stranger before you run them.

Examples:
  docgen capture                                           all commands again, in their order
  docgen capture openstack/image/list -- openstack image list   a new one, in the project's captures
  docgen capture captures                                  the same, of a folder that is named
  docgen capture captures openstack/image/show             one or all below a folder, and what they need
  docgen capture captures openstack/image/show --only      that one alone
  docgen capture captures --resume                         those that failed the last time
  docgen capture captures openstack/image/list -- openstack image list --all
  docgen capture captures openstack/image/gone --exit 1 -- openstack image show gone
  docgen capture captures --check                          does all still hold? writes nothing
  docgen capture captures --dry-run                        what would be run")]
pub(super) struct Capture {
    /// The folder of the captures; it may be left out where a project has one: what is no folder here is
    /// a path below that
    #[arg(value_name = "CAPTURES")]
    first: Option<PathBuf>,
    /// The folder of the captures.
    #[arg(skip)]
    captures: PathBuf,
    /// Paths below the folder of the captures: captures, or folders of them
    paths: Vec<String>,
    /// A command to make a new capture of, at the one path below the folder of the captures
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Run the captures at PATHS alone, with the values that others gave in the last run: nothing that
    /// they need, no setup and no cleanup
    #[arg(long)]
    only: bool,
    /// Go on with the captures that failed or were not run the last time, and with what they need and
    /// is gone
    #[arg(long, conflicts_with_all = ["command", "only"])]
    resume: bool,
    /// Say what would be run in which order, setup and cleanup included, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Have a shell run the new command, as one line
    #[arg(long, requires = "command")]
    shell: bool,
    /// Replace the capture that is at the path of a new one; its page.md stays, and of its capture.toml
    /// [capture], [env], [redact], [export], and its participants where one has a `listen`
    #[arg(long, requires = "command")]
    force: bool,
    /// The exit status that the one command is expected to end with, which capture.toml keeps
    #[arg(long, value_name = "STATUS")]
    exit: Option<u8>,
    /// Pass on what goes to this host, and do not record it: an update check, telemetry. Named as in
    /// no_proxy; may be given several times. Where one command is recorded, capture.toml keeps it
    #[arg(long, value_name = "HOST")]
    ignore_host: Vec<String>,
    /// Take over nothing of the recordings that are there: times, ids, tokens and orders are the new ones
    #[arg(long)]
    fresh: bool,
    /// Record, say what the commands do otherwise than their captures say, and write nothing; the exit
    /// status is 1 where there is something
    #[arg(long, conflicts_with_all = ["command", "fresh", "learn", "dry_run"])]
    check: bool,
    /// With --check, how to say it
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT", requires = "check")]
    format: Format,
    /// Record twice, propose [volatile] settings for what varies and is known as nothing that does, and
    /// write nothing
    #[arg(long, conflicts_with_all = ["command", "fresh", "dry_run"])]
    learn: bool,
    /// Take any certificate of a server
    #[arg(long)]
    insecure: bool,
    /// Write tokens and passwords as they are, unredacted
    #[arg(long)]
    keep_secrets: bool,
}

/// What came of a capture.
struct Recorded {
    /// How it went, in words.
    told: String,
    /// Its values for others.
    values: HashMap<String, Value>,
    seen: Seen,
}

impl Capture {
    pub(super) fn run(mut self, ui: &Ui) -> Result<u8> {
        self.find_captures()?;
        let plan = match self.plan(ui) {
            Ok(plan) => plan,
            Err(mut errors) if errors.len() == 1 => return Err(errors.swap_remove(0)),
            Err(errors) => {
                ui.errors(&errors);
                return Ok(super::status(&errors));
            }
        };
        let named = plan.jobs.iter().filter(|job| job.is_named).count();
        if self.exit.is_some() && named > 1 {
            return Err(Error::new(
                ErrorKind::Capture,
                format!("`--exit` is about one command, not {named}"),
            )
            .hint("name the path of one capture"));
        }
        if self.dry_run {
            return Ok(self.show(&plan, ui));
        }
        if self.insecure || plan.jobs.iter().any(|job| job.settings.capture.insecure == Some(true)) {
            ui.warn(format_args!("certificates of servers are not checked"));
        }
        if self.keep_secrets {
            warn_of_secrets(ui);
        }
        if self.check {
            return self.check(plan, ui);
        }
        if self.learn {
            return self.learn(plan, ui);
        }
        self.record_all(plan, Stable::default(), ui)
    }

    /// Finds the folder of the captures, and tells it from the paths below it. A new capture has one path: where
    /// one thing is named, it is that.
    fn find_captures(&mut self) -> Result<()> {
        let usage = |message: &str, hint: &str| Err(Error::new(ErrorKind::Usage, message).hint(hint));
        let found = captures_of(".".as_ref());
        let is_of_new = !self.command.is_empty() && self.paths.is_empty();
        self.captures = match (self.first.take(), found) {
            (None, found) => found?,
            (Some(first), Ok(captures)) => {
                let path = first.to_str().filter(|path| {
                    // A new one is not there yet; the folder of the captures alone is not its path.
                    let is_new = is_of_new && !is_same_folder(&first, &captures);
                    is_new || !first.exists() && captures.join(path).exists()
                });
                match path.map(str::to_owned) {
                    Some(path) => {
                        self.paths.insert(0, path);
                        captures
                    }
                    None => first,
                }
            }
            (Some(first), Err(_)) => first,
        };
        match self.paths.is_empty() {
            true if self.only => usage("`--only` is about captures that are named", "name their paths"),
            false if self.resume => usage(
                "`--resume` goes on with what failed, and is about no captures that are named",
                "leave the paths out, or `--resume`",
            ),
            _ => Ok(()),
        }
    }

    /// Records all of a plan, one after another.
    fn record_all(&self, plan: Plan, stable: Stable, ui: &Ui) -> Result<u8> {
        let ports = match self.open_ports(&plan.jobs) {
            Ok(ports) => ports,
            Err(errors) => {
                ui.errors(&errors);
                return Ok(NEEDS_A_PERSON);
            }
        };
        self.run_plan(plan, ports, stable, ui)
    }

    /// Says what would be run.
    fn show(&self, plan: &Plan, ui: &Ui) -> u8 {
        let mut status = DONE;
        let hooks = |what: &str, suite: usize, lines: &[Located<String>]| {
            for line in lines {
                let file = plan.suites[suite].file.display();
                ui.data(&format!("{what} of {file}: {}\n", escape_control(&line.value)));
            }
        };
        for step in &plan.steps {
            let job = match step {
                Step::Setup(suite) => {
                    hooks("setup", *suite, &plan.suites[*suite].suite.setup);
                    continue;
                }
                Step::Cleanup(suite) => {
                    hooks("cleanup", *suite, &plan.suites[*suite].suite.cleanup);
                    continue;
                }
                Step::Record(job) => &plan.jobs[*job],
            };
            // A value that this very run makes is not known yet.
            let is_made = |path: &str| plan.jobs.iter().any(|job| job.path == path);
            let mut known = Job { used: job.used.clone(), ..job.clone() };
            known.used.retain(|used| !is_made(&used.path));
            let unknown = plan.values.unknown(&known);
            let spec = self.spec(&job.with(&job.given(&plan.values.known(&known))));
            let spec = spec.and_then(|spec| match expect_writable(&self.captures, &job.folder) {
                Ok(()) if unknown.is_empty() => Ok(spec),
                Ok(()) => Err(unknown),
                Err(error) => Err(vec![error]),
            });
            match spec {
                Ok(spec) => {
                    ui.data(&format!("{}: {}\n", job.path, escape_control(&spec.shown())));
                    if let Some(seen) = plan.values.seen(&job.path) {
                        let seen = seen.in_words(Utc::now());
                        ui.say(format_args!("{}: last recorded {}", job.path, escape_control(&seen)));
                    }
                }
                Err(errors) => {
                    ui.errors(&errors);
                    status = NEEDS_A_PERSON;
                }
            }
        }
        status
    }

    /// Records one capture, the one at this place of so many.
    fn one(
        &self,
        job: &Job,
        given: &Given<'_>,
        (place, all): (usize, usize),
        ports: Option<&Ports>,
        stable: &mut Stable,
        ui: &Ui,
    ) -> Result<Recorded, Box<Failure>> {
        let job = &job.with(given);
        let mut spec = self.spec(job)?;
        // What is wrong with them is found before anything is run.
        self.kinds(job, stable)?;
        let secrets = given.values.iter().filter(|(_, value)| value.is_secret);
        spec.secrets = secrets.map(|(name, value)| (name.clone(), value.text.clone())).collect();
        let _lock = RecordingLock::take(&job.folder, &std::env::temp_dir())?;
        if stable.aside.is_none() {
            expect_writable(&self.captures, &job.folder)?;
            if let Ok(root) = Root::open(&self.captures) {
                remove_leftovers(&root, &job.folder);
            }
        }
        let redaction = if self.keep_secrets {
            None
        } else {
            Some(Rules::of(&job.settings, self.profile(job).as_deref())?)
        };
        let allow_broken = job.settings.capture.allow_broken.unwrap_or(false);
        let keeper = std::env::current_exe().map(|docgen| vec![docgen.into(), keep_connections::NAME.into()]);
        let mut proxy = self.proxy(job, &spec);
        proxy.ports = ports.map(|ports| ports.of_capture(&job.settings.ports)).transpose()?;
        let options = Options {
            proxy,
            redaction,
            from: None,
            allow_broken,
            watch: job.settings.capture.watch.unwrap_or(true),
            keeper: keeper.unwrap_or_default(),
        };
        let shown = match &options.redaction {
            Some(rules) => shown_without_secrets(&spec, rules),
            None => spec.shown(),
        };
        let running = ui.running(format!("[{place}/{all}] {}: {shown}", job.path));
        let mut told = None;
        let recorded = record(&spec, &options, &mut |progress| {
            running.tell(progress.exchanges, progress.elapsed);
            if let Some(stopped) = progress.stopped.filter(|stopped| told.as_ref() != Some(*stopped)) {
                running.warn(ui, format_args!(
                    "{stopped} of the command was stopped, and nothing goes on until `kill -CONT {}`; Ctrl-C ends it",
                    stopped.process
                ));
            }
            told = progress.stopped.cloned();
        });
        running.finish();
        let recording = recorded?;
        ui.notices(&recording.notes);
        let values = self.exports(job, &recording)?;
        let seen = Seen::of(&recording.exchanges.trace()?, Utc::now());
        Ok(Recorded { told: self.keep(job, given, &recording, stable, ui)?, values, seen })
    }

    /// The values that a recording gives to other captures.
    fn exports(&self, job: &Job, recording: &Recording) -> Result<HashMap<String, Value>, Vec<Error>> {
        let one = |error| vec![error];
        if job.settings.exports.is_empty() {
            return Ok(HashMap::new());
        }
        let profile = self.profile(job);
        let (phrases, log) = (Phrases::default(), Text::new());
        let values = |mut trace: Trace, output: &str| {
            self.name_senders(job, recording, &mut trace);
            export::values(&Input {
                path: &job.path,
                settings: &job.settings,
                profile: profile.as_deref(),
                phrases: &phrases,
                trace: &trace,
                trace_file: "trace.har",
                log: &log,
                output: Some(output),
            })
        };
        let (trace, printed) = recording.exchanges.unredacted().map_err(one)?;
        let live = values(trace, printed);
        let redacted = values(recording.exchanges.trace().map_err(one)?, &recording.output);
        let mut found = HashMap::new();
        let mut errors = Vec::new();
        for ((name, live), (_, redacted)) in live.into_iter().zip(redacted) {
            match live {
                Ok(text) => {
                    let is_secret = redacted.ok().as_ref() != Some(&text);
                    found.insert(name, Value { text, is_secret });
                }
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(found) } else { Err(errors) }
    }

    /// The profile that a new command goes by, where the settings name none.
    fn named_profile(&self, job: &Job) -> Option<&'static str> {
        let words = job.new.as_ref().filter(|_| job.settings.profile.is_none())?;
        let shell = self.shell || job.settings.capture.shell == Some(true);
        let is_openstack = invocation::words(words, shell).first().is_some_and(|word| word == "openstack");
        is_openstack.then_some("openstack")
    }

    /// The profile that a job goes by. Where it is wrong, `docgen render` says so.
    fn profile(&self, job: &Job) -> Option<Arc<Profile>> {
        let of_settings = job.settings.profile.as_ref().map(|profile| profile.value.as_str());
        recording::profile(&self.captures, self.named_profile(job).or(of_settings)?)
    }

    /// The hosts of the settings, and those of the command line.
    fn ignored_hosts(&self, job: &Job) -> Vec<String> {
        let mut hosts = job.settings.capture.ignore_hosts.clone().unwrap_or_default();
        for host in &self.ignore_host {
            if !hosts.contains(host) {
                hosts.push(host.clone());
            }
        }
        hosts
    }

    fn spec(&self, job: &Job) -> Result<CommandSpec, Vec<Error>> {
        let one = |error| vec![error];
        let capture = &job.settings.capture;
        let shell = self.shell || capture.shell.unwrap_or(false);
        let words = job.words(shell).map_err(one)?;
        let line = shell.then(|| words.join(" "));
        let mut spec = CommandSpec::new(words, environment(&job.settings)?);
        if let Some(line) = line {
            spec.program = Program::Shell(line);
        }
        spec.dir = capture.dir.clone();
        spec.expected_exit = self.exit.filter(|_| job.is_named).map(i32::from).or(capture.exit).unwrap_or(0);
        spec.time_limit = capture.time_limit.map(Duration::from_secs);
        if let Some(file) = &capture.stdin {
            spec.stdin = Some(read_recording(file).map_err(one)?);
        }
        Ok(spec)
    }

    fn proxy(&self, job: &Job, spec: &CommandSpec) -> ProxyOptions {
        let capture = &job.settings.capture;
        let defaults = ProxyOptions::default();
        ProxyOptions {
            body_limit: capture.body_limit.unwrap_or(defaults.body_limit),
            insecure: self.insecure || capture.insecure.unwrap_or(false),
            certificates: capture.certificates.clone().unwrap_or_default(),
            ignore_hosts: self.ignored_hosts(job),
            upstream: UpstreamProxy::of(&spec.env),
            temp_dir: std::env::temp_dir(),
            ports: None,
        }
    }
}

/// Whether two paths lead to one folder, which is there.
fn is_same_folder(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// The environment of docgen, with what the openrc file and then the settings say.
fn environment(settings: &Settings) -> Result<Vec<(OsString, OsString)>, Vec<Error>> {
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let mut set = |name: &str, value: &str| {
        env.retain(|(known, _)| known != name);
        env.push((name.into(), value.into()));
    };
    if let Some(file) = &settings.capture.env_file {
        let text = read_text(file).map_err(|error| vec![error])?;
        // Passwords are in it, and the messages of a CI run are read by others.
        let hidden = |errors: Vec<Error>| errors.into_iter().map(Error::without_excerpt).collect::<Vec<_>>();
        for (name, value) in &openrc(file, &text, |name| std::env::var(name).ok()).map_err(hidden)? {
            set(name, value);
        }
    }
    for (name, value) in &settings.env {
        set(name, value);
    }
    for (name, value) in REPEATABLE {
        if !env.iter().any(|(known, _)| known == name) {
            env.push((name.into(), value.into()));
        }
    }
    Ok(env)
}
