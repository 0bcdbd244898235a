//! `docgen capture`: its arguments, and the run over all captures that are wanted.
//!
//! What this leaves out: which captures those are (`jobs`), and how a recording is put into its
//! capture's folder (`keep`).

mod jobs;
mod keep;
mod senders;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::keep_connections;
use super::recording::{self, expect_writable, warn_of_secrets};
use super::ui::Ui;
use super::{DONE, NEEDS_A_PERSON};
use crate::capture::{
    CommandSpec, Failure, Options, Ports, Program, ProxyOptions, RecordingLock, UpstreamProxy, openrc,
    record, shown_without_secrets,
};
use crate::error::{Error, ErrorKind, Result, escape_control};
use crate::files::Root;
use crate::files::folder::remove_leftovers;
use crate::page::invocation;
use crate::redact::Rules;
use crate::settings::Settings;
use crate::text_file::{read_recording, read_text};
use jobs::Job;

/// Run commands and record every exchange that they cause
#[derive(Debug, Args)]
#[command(after_help = "\
Each command runs with a proxy of its own on the loopback interface. What it sends and receives
becomes the trace.har of its capture, what it prints the output.txt; an old capture is replaced
only when the new one is whole. Tokens and passwords are replaced before anything is written.

What docgen could not see or cut is told; a capture whose recording would be false fails. Programs in
Go, and Ruby's Net::HTTP, never ask a server on the loopback interface through a proxy: give them
another address of the machine.

A capture's command runs with your rights and your cloud's credentials: read the captures of a
stranger before you run them.

Examples:
  docgen capture captures                                  all commands again
  docgen capture captures openstack/image/show             one of them, or all below a folder
  docgen capture captures openstack/image/list -- openstack image list --all
  docgen capture captures openstack/image/gone --exit 1 -- openstack image show gone
  docgen capture captures --dry-run                        what would be run")]
pub(super) struct Capture {
    /// The folder of the captures
    captures: PathBuf,
    /// Paths below the folder of the captures: captures, or folders of them
    paths: Vec<String>,
    /// A command to make a new capture of, at the one path below the folder of the captures
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Say what would be run, and run nothing
    #[arg(long)]
    dry_run: bool,
    /// Have a shell run the new command, as one line
    #[arg(long, requires = "command")]
    shell: bool,
    /// Replace the capture that is at the path of a new one; its page.md stays, and of its
    /// capture.toml [capture], [env] and [redact]
    #[arg(long, requires = "command")]
    force: bool,
    /// The exit status that the one command is expected to end with, which capture.toml keeps
    #[arg(long, value_name = "STATUS")]
    exit: Option<u8>,
    /// Pass on what goes to this host, and do not record it: an update check, telemetry. Named as in
    /// no_proxy; may be given several times. Where one command is recorded, capture.toml keeps it
    #[arg(long, value_name = "HOST")]
    ignore_host: Vec<String>,
    /// Take any certificate of a server
    #[arg(long)]
    insecure: bool,
    /// Write tokens and passwords as they are, unredacted
    #[arg(long)]
    keep_secrets: bool,
}

/// How one went: a line of the table at the end.
struct Outcome {
    path: String,
    result: String,
}

impl Capture {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let jobs = if self.command.is_empty() { self.existing(ui)? } else { vec![self.new_one()?] };
        if self.exit.is_some() && jobs.len() > 1 {
            return Err(Error::new(
                ErrorKind::Capture,
                format!("`--exit` is about one command, not {}", jobs.len()),
            )
            .hint("name the path of one capture"));
        }
        if self.dry_run {
            return Ok(self.show(&jobs, ui));
        }
        if self.insecure || jobs.iter().any(|job| job.settings.capture.insecure == Some(true)) {
            ui.warn(format_args!("certificates of servers are not checked"));
        }
        if self.keep_secrets {
            warn_of_secrets(ui);
        }
        let ports = match self.open_ports(&jobs) {
            Ok(ports) => ports,
            Err(errors) => {
                ui.errors(&errors);
                return Ok(NEEDS_A_PERSON);
            }
        };
        let mut outcomes = Vec::new();
        let mut failed = 0;
        let mut is_interrupted = false;
        for (index, job) in jobs.iter().enumerate() {
            let result = if is_interrupted {
                "not run".to_owned()
            } else {
                self.one(job, index, jobs.len(), ports.as_ref(), ui).unwrap_or_else(|failure| {
                    ui.reasons(&failure.notes);
                    let errors: Vec<Error> =
                        failure.errors.into_iter().map(|error| job.located(error)).collect();
                    ui.errors(&errors);
                    is_interrupted = failure.is_interrupted;
                    failed += 1;
                    let is_there = job.folder.exists();
                    let rest = if is_there { "the capture is as it was" } else { "nothing was written" };
                    format!("failed; {rest}")
                })
            };
            outcomes.push(Outcome { path: job.path.clone(), result });
        }
        ui.notices(&ports.map(Ports::close).unwrap_or_default());
        let width = outcomes.iter().map(|outcome| outcome.path.chars().count()).max().unwrap_or(0);
        for outcome in &outcomes {
            ui.say(format_args!("{:width$}  {}", outcome.path, outcome.result));
        }
        let not_run = outcomes.iter().filter(|outcome| outcome.result == "not run").count();
        let rest = if not_run == 0 { String::new() } else { format!(", {not_run} not run") };
        ui.say(format_args!("{} recorded, {failed} failed{rest}", outcomes.len() - failed - not_run));
        Ok(if failed == 0 { DONE } else { NEEDS_A_PERSON })
    }

    /// Says what would be run.
    fn show(&self, jobs: &[Job], ui: &Ui) -> u8 {
        let mut status = DONE;
        for job in jobs {
            let spec = self.spec(job);
            let spec = spec.and_then(|spec| match expect_writable(&self.captures, &job.folder) {
                Ok(()) => Ok(spec),
                Err(error) => Err(vec![error]),
            });
            match spec {
                Ok(spec) => ui.data(&format!("{}: {}\n", job.path, escape_control(&spec.shown()))),
                Err(errors) => {
                    ui.errors(&errors);
                    status = NEEDS_A_PERSON;
                }
            }
        }
        status
    }

    fn one(
        &self,
        job: &Job,
        index: usize,
        all: usize,
        ports: Option<&Ports>,
        ui: &Ui,
    ) -> Result<String, Box<Failure>> {
        let spec = self.spec(job)?;
        let _lock = RecordingLock::take(&job.folder, &std::env::temp_dir())?;
        expect_writable(&self.captures, &job.folder)?;
        if let Ok(root) = Root::open(&self.captures) {
            remove_leftovers(&root, &job.folder);
        }
        let redaction = if self.keep_secrets { None } else { Some(self.rules(job)?) };
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
        let running = ui.running(format!("[{}/{all}] {}: {shown}", index + 1, job.path));
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
        Ok(self.keep(job, &recording, all == 1, ui)?)
    }

    /// What is secret in what a job records.
    fn rules(&self, job: &Job) -> Result<Rules> {
        match self.named_profile(job) {
            Some(name) => Rules::of(&job.settings, recording::profile(&self.captures, name).as_deref()),
            None => recording::rules(&self.captures, &job.settings),
        }
    }

    /// The profile that a new command goes by, where the settings name none.
    fn named_profile(&self, job: &Job) -> Option<&'static str> {
        let words = job.new.as_ref().filter(|_| job.settings.profile.is_none())?;
        let shell = self.shell || job.settings.capture.shell == Some(true);
        let is_openstack = invocation::words(words, shell).first().is_some_and(|word| word == "openstack");
        is_openstack.then_some("openstack")
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
        let words = match &job.new {
            Some(words) => words.clone(),
            None => job.words(shell).map_err(one)?,
        };
        let line = shell.then(|| words.join(" "));
        let mut spec = CommandSpec::new(words, environment(&job.settings)?);
        if let Some(line) = line {
            spec.program = Program::Shell(line);
        }
        spec.dir = capture.dir.clone();
        spec.expected_exit = self.exit.map(i32::from).or(capture.exit).unwrap_or(0);
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
    Ok(env)
}
