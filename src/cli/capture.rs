//! `docgen capture`

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::keep_connections;
use super::recording::{
    self, expect_writable, put, settings_for_new, settings_of, tell_replaced, warn_of_secrets,
};
use super::ui::Ui;
use super::{DONE, NEEDS_A_PERSON};
use crate::capture::{
    CommandSpec, Failure, Options, Program, ProxyOptions, Recording, RecordingLock, UpstreamProxy, openrc,
    record, shown_without_secrets,
};
use crate::error::{Error, ErrorKind, Place, Result, counted, escape_control};
use crate::files::Root;
use crate::files::folder::remove_leftovers;
use crate::page::{self, first_settings, invocation};
use crate::redact::Rules;
use crate::settings::Settings;

use crate::site::folders::{self, Folder};
use crate::source::har;
use crate::text_file::{read_recording, read_text};
use crate::toml_file::{string as quoted, with_value};

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

/// One capture to make.
struct Job {
    path: String,
    folder: PathBuf,
    settings: Settings,
    /// The words of a new command; `None` for one of the settings.
    new: Option<Vec<String>>,
    /// The tables of its capture.toml that a new command keeps.
    kept: String,
}

/// Says how a command is run and what of it is secret, whatever the command is.
const KEPT_TABLES: [&str; 3] = ["capture", "env", "redact"];

impl Job {
    /// The words of the settings' command; with a shell, the line that it gets.
    fn words(&self, shell: bool) -> Result<Vec<String>> {
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
    fn located(&self, error: Error) -> Error {
        if self.new.is_some() || error.place().is_some() {
            return error;
        }
        error.at(Place::file(self.folder.join("capture.toml")))
    }
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
        let mut outcomes = Vec::new();
        let mut failed = 0;
        let mut is_interrupted = false;
        for (index, job) in jobs.iter().enumerate() {
            let result = if is_interrupted {
                "not run".to_owned()
            } else {
                self.one(job, index, jobs.len(), ui).unwrap_or_else(|failure| {
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

    /// The captures that are there and have a command, below the paths that are given.
    fn existing(&self, ui: &Ui) -> Result<Vec<Job>> {
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

    fn new_one(&self) -> Result<Job> {
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

    fn one(&self, job: &Job, index: usize, all: usize, ui: &Ui) -> Result<String, Box<Failure>> {
        let spec = self.spec(job)?;
        let _lock = RecordingLock::take(&job.folder, &std::env::temp_dir())?;
        expect_writable(&self.captures, &job.folder)?;
        if let Ok(root) = Root::open(&self.captures) {
            remove_leftovers(&root, &job.folder);
        }
        let redaction = if self.keep_secrets { None } else { Some(self.rules(job)?) };
        let allow_broken = job.settings.capture.allow_broken.unwrap_or(false);
        let keeper = std::env::current_exe().map(|docgen| vec![docgen.into(), keep_connections::NAME.into()]);
        let options = Options {
            proxy: self.proxy(job, &spec),
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

    /// Writes what was recorded into the capture's folder, and options for the next time where the capture
    /// is alone.
    fn keep(&self, job: &Job, recorded: &Recording, is_alone: bool, ui: &Ui) -> Result<String> {
        let (trace, mut tally) = recorded.exchanges.trace_and_tally()?;
        let har = har::write::write(&trace);
        let settings;
        let mut files = vec![("output.txt", recorded.output.as_str())];
        if let Some(words) = &job.new {
            let named = self.named_profile(job);
            let of_settings = job.settings.profile.as_ref().map(|profile| profile.value.as_str());
            let profile = named.or(of_settings).and_then(|name| recording::profile(&self.captures, name));
            let shell = self.shell || job.settings.capture.shell == Some(true);
            let public = recorded.exchanges.redacted_command(words, shell, &mut tally);
            if public != *words {
                ui.warn(format_args!(
                    "the command holds a secret, which capture.toml does not get: give it in the environment, and mend `command`"
                ));
            }
            let text = first_settings::settings_text(
                &public,
                shell && job.kept.is_empty(),
                &trace,
                named,
                profile.as_deref(),
            );
            let mut text = format!("{text}{}", job.kept);
            if shell {
                text = with_value(&job.folder.join("capture.toml"), &text, "capture", "shell", true)?;
            }
            settings = self.with_options(job, text)?;
            files.push(("capture.toml", &settings));
        } else if is_alone && (self.exit.is_some() || !self.ignore_host.is_empty()) {
            settings = self.with_options(job, read_text(&job.folder.join("capture.toml"))?)?;
            files.push(("capture.toml", &settings));
        }
        files.push(("trace.har", &har));
        let root = Root::create(&self.captures).map_err(|error| Error::io("make", &self.captures, error))?;
        put(&root, &job.folder, &files)?;
        for (name, _) in &files {
            ui.detail(format_args!("wrote {}", job.folder.join(name).display()));
        }
        tell_replaced(&tally, ui);
        let count = counted(recorded.exchanges.len(), "exchange");
        Ok(format!("{count} in {:.2} s", recorded.elapsed.as_secs_f64()))
    }

    /// `text`, the capture's settings, with the exit status that is expected from now on and the hosts that
    /// are ignored.
    fn with_options(&self, job: &Job, mut text: String) -> Result<String> {
        let file = job.folder.join("capture.toml");
        let capture = &job.settings.capture;
        if let Some(exit) = self.exit.map(i32::from).filter(|&exit| exit != capture.exit.unwrap_or(0)) {
            text = with_value(&file, &text, "capture", "exit", exit)?;
        }
        let hosts = self.ignored_hosts(job);
        if hosts != capture.ignore_hosts.as_deref().unwrap_or_default() {
            text = with_value(&file, &text, "capture", "ignore_hosts", Hosts(&hosts))?;
        }
        Ok(text)
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
        }
    }
}

/// Hosts as settings write them.
#[derive(Clone, Copy)]
struct Hosts<'h>(&'h [String]);

impl std::fmt::Display for Hosts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quoted: Vec<String> = self.0.iter().map(|host| quoted(host)).collect();
        write!(f, "[{}]", quoted.join(", "))
    }
}

impl From<Hosts<'_>> for toml::Value {
    fn from(hosts: Hosts<'_>) -> toml::Value {
        hosts.0.to_vec().into()
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
