//! Commands that run beside recordings and are not recorded: what a suite sets up and cleans up.
//!
//! They run as a recorded command does, in a session of their own without a terminal, and are ended with
//! all that they started by Ctrl-C or at the end of their time. But what one leaves running when it has
//! ended goes on: it may be the very server that is recorded. It writes into a nameless file, so that it is
//! not ended by a pipe that nobody reads. What this leaves out: the proxy.

use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::open_files::OpenFiles;
use super::record::{Failure, learn_command, one_line, shown, with_output};
use super::runner::{ENDING, Ending, Group, Interrupts, no_time_limit, not_started, plain_text, prepare};
use super::{CommandSpec, environment};
use crate::error::{Error, ErrorKind, Result};
use crate::redact::{Learner, Rules, Tally};

/// What a command left running, until [`Background::end`] or until this is dropped.
#[must_use]
pub struct Background(Option<Group>);

impl Background {
    /// Ends it, as far as it still runs.
    pub fn end(self) {
        if let Some(group) = &self.0 {
            group.end_waiting();
        }
    }
}

/// Runs a command and waits for its end, but not for what it started. `rules` say what of it is secret in a
/// message; `temp_dir` is where the nameless file goes that it writes into.
///
/// # Errors
/// When it cannot be started, ends otherwise than expected, takes too long or is interrupted.
pub fn run_beside(
    spec: &CommandSpec,
    rules: Option<&Rules>,
    temp_dir: &Path,
) -> std::result::Result<Background, Box<Failure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Error::new(ErrorKind::Capture, format!("cannot start the command: {error}")).with_source(error)
    })?;
    runtime.block_on(run_async(spec, rules, temp_dir))
}

async fn run_async(
    spec: &CommandSpec,
    rules: Option<&Rules>,
    temp_dir: &Path,
) -> std::result::Result<Background, Box<Failure>> {
    let file = tempfile::tempfile_in(temp_dir).map_err(|error| Error::io("write in", temp_dir, error))?;
    let (ending, group) = ended(spec, &file).await?;
    if ending == Ending::Exit(spec.expected_exit) {
        return Ok(Background(group.lives().then_some(group)));
    }
    let mut output =
        vec![
            0;
            usize::try_from(file.metadata().map_or(0, |file| file.len())).unwrap_or(0).min(spec.output_limit)
        ];
    let read = file.read_at(&mut output, 0).unwrap_or_default();
    let (command, output) = without_secrets(spec, rules, plain_text(&output[..read]));
    let error = with_output(ending.told(&command, spec), &output);
    Err(Box::new(Failure {
        errors: vec![error],
        notes: Vec::new(),
        output,
        is_interrupted: ending == Ending::Interrupted,
    }))
}

/// Runs the command, which writes into `file`, until its own end.
async fn ended(spec: &CommandSpec, file: &std::fs::File) -> Result<(Ending, Group)> {
    let (mut command, _) = prepare(spec, &[], &[])?;
    let writer = || {
        let again = file.try_clone().map(OwnedFd::from);
        again.map_err(|error| Error::new(ErrorKind::Capture, format!("cannot keep the output: {error}")))
    };
    command.stdout(writer()?).stderr(writer()?);
    let mut interrupts = Interrupts::new()?;
    let mut child =
        OpenFiles::raise().as_before(|| command.spawn()).map_err(|error| not_started(spec, error))?;
    let group = Group::of(&child);
    let limit = tokio::time::sleep(spec.time_limit.unwrap_or_else(no_time_limit));
    tokio::pin!(limit);
    let ending = tokio::select! {
        biased;
        () = interrupts.next() => Ending::Interrupted,
        status = child.wait() => Ending::of(status)?,
        () = &mut limit => Ending::TimeLimit,
    };
    if matches!(ending, Ending::Interrupted | Ending::TimeLimit) {
        group.ask_to_end();
        let insisted_or_late = async {
            tokio::select! {
                () = interrupts.next() => {}
                () = tokio::time::sleep(ENDING) => {}
            }
        };
        tokio::select! {
            _ = child.wait() => group.end_waiting(),
            () = insisted_or_late => group.kill(),
        }
        let _ = child.wait().await;
    }
    Ok((ending, group))
}

/// The command on one line and what it printed, without their secrets.
fn without_secrets(spec: &CommandSpec, rules: Option<&Rules>, output: String) -> (String, String) {
    let Some(rules) = rules else { return (one_line(&spec.shown()), output) };
    let mut learner = Learner::new(rules);
    learn_command(&mut learner, spec, environment::secrets(&spec.env, rules));
    learner.text(&output);
    let redactor = learner.done();
    (one_line(&shown(spec, &redactor)), redactor.text(&output, &mut Tally::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Program;
    use std::time::{Duration, Instant};

    fn sh(line: &str) -> CommandSpec {
        let env = vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("OS_PASSWORD".into(), "Sesame-0pen-yourself".into()),
        ];
        CommandSpec { program: Program::Shell(line.to_owned()), ..CommandSpec::new(Vec::new(), env) }
    }

    fn run(spec: &CommandSpec) -> std::result::Result<Background, Box<Failure>> {
        let rules = Rules::new("en", &crate::redact::RuleSpec::default()).unwrap();
        run_beside(spec, Some(&rules), &std::env::temp_dir())
    }

    #[test]
    fn what_it_leaves_running_goes_on_until_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let begun = Instant::now();
        let line = format!(
            "sh -c 'echo $$ > {}; while :; do echo on; sleep 0.05; done' & sleep 0.3",
            file.display()
        );
        let background = run(&sh(&line)).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(20));
        let pid = std::fs::read_to_string(&file).unwrap().trim().to_owned();
        let lives = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            stat.is_ok_and(|stat| !stat.contains(") Z "))
        };
        std::thread::sleep(Duration::from_millis(300));
        assert!(lives());
        background.end();
        std::thread::sleep(Duration::from_millis(100));
        assert!(!lives());
    }

    #[test]
    fn why_it_failed_is_told_without_secrets() {
        let failure = run(&sh("echo out; echo $OS_PASSWORD >&2; exit 3")).err().unwrap();
        let told = failure.errors[0].to_string();
        assert!(told.contains("exit status 3") && told.contains("out") && told.contains("***"), "{told}");
        assert!(!told.contains("Sesame"), "{told}");
        let late = CommandSpec { time_limit: Some(Duration::from_millis(200)), ..sh("sleep 60") };
        let failure = run(&late).err().unwrap();
        assert!(failure.errors[0].message().contains("took longer") && !failure.is_interrupted);
        let failure = run(&CommandSpec { dir: Some("/no/such".into()), ..sh("true") }).err().unwrap();
        assert!(failure.errors[0].message().contains("/no/such"));
    }
}
