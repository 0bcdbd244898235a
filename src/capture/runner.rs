//! Runs a command, and ends it with all that it started.
//!
//! The command is a list of words; a shell sees it only when that is asked for.
//! What it prints, to standard output or error, comes through one pipe in the
//! order of its writing, as a terminal would show it. It leads a session and a
//! process group of its own. The group is ended on time-out, on Ctrl-C, and when
//! the command is over but something it started is not. The session has no
//! terminal, so that a command which would ask a person for a password fails at
//! once (`/dev/tty` cannot be opened) instead of waiting for an answer that nobody
//! sees a question to; a recording has to run again without a person anyway. What
//! it leaves out: the meaning of an exit status, and children that leave the group.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use process_wrap::std::{CommandWrap, CommandWrapper as _, ProcessSession};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};

use super::open_files::OpenFiles;
use super::stopped::{self, Stopped};
use super::watch::Watch;
use crate::error::{Error, ErrorKind, Result};

/// How long a command may take to end after it was asked to.
pub(super) const ENDING: Duration = Duration::from_secs(3);

/// How long output is waited for after the command has ended, in case something that it started
/// goes on writing.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How often progress is told.
const TICK: Duration = Duration::from_millis(100);

/// How many ticks pass until it is found out again whether the command is stopped.
const LOOK: u32 = 5;

/// A command to record.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// What is run.
    pub program: Program,
    /// The whole environment that it gets, before docgen adds its proxy.
    pub env: Vec<(OsString, OsString)>,
    /// Where it runs; the current folder if not given.
    pub dir: Option<PathBuf>,
    /// What it reads from standard input; nothing if not given.
    pub stdin: Option<Vec<u8>>,
    /// The exit status that means that it did what it should.
    pub expected_exit: i32,
    /// How long it may take.
    pub time_limit: Option<Duration>,
    /// How much of its output is kept, in bytes.
    pub output_limit: usize,
    /// Values that are secret wherever they stand, by what they are called.
    pub secrets: Vec<(String, String)>,
}

/// What is run.
#[derive(Clone, Debug)]
pub enum Program {
    /// A program and its arguments.
    Words(Vec<String>),
    /// A line for `sh -c`.
    Shell(String),
}

impl CommandSpec {
    /// These words with this environment: no input, an expected exit status of 0, no time limit,
    /// and up to 8 MiB of output.
    pub fn new(words: Vec<String>, env: Vec<(OsString, OsString)>) -> CommandSpec {
        CommandSpec {
            program: Program::Words(words),
            env,
            dir: None,
            stdin: None,
            expected_exit: 0,
            time_limit: None,
            output_limit: 8 << 20,
            secrets: Vec::new(),
        }
    }

    /// The command as one would type it into a POSIX shell.
    pub fn shown(&self) -> String {
        match &self.program {
            // A NUL byte, which no quotes can hold, is in no argument that can be run.
            Program::Words(words) => {
                shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
            }
            Program::Shell(line) => line.clone(),
        }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// By itself, with this status.
    Exit(i32),
    /// By a signal that docgen did not send.
    Signal(i32),
    /// It was ended because its time was over.
    TimeLimit,
    /// It was ended because the user said so.
    Interrupted,
}

impl Ending {
    /// How a command ended by itself, by what waiting for it gave.
    ///
    /// # Errors
    /// When it could not be waited for.
    pub(crate) fn of(waited: std::io::Result<std::process::ExitStatus>) -> Result<Ending> {
        let status = waited.map_err(|error| {
            Error::new(ErrorKind::Capture, format!("cannot wait for the command: {error}"))
        })?;
        Ok(match (status.code(), status.signal()) {
            (Some(code), _) => Ending::Exit(code),
            (None, signal) => Ending::Signal(signal.unwrap_or_default()),
        })
    }

    /// The same in words; `command` is as it may be shown.
    pub(crate) fn told(self, command: &str, spec: &CommandSpec) -> String {
        match self {
            Ending::Exit(status) => format!("`{command}` ended with exit status {status}"),
            Ending::Signal(number) => format!("`{command}` was ended by signal {number}"),
            Ending::TimeLimit => {
                let limit = spec.time_limit.unwrap_or_default();
                format!("`{command}` took longer than {limit:?} and was ended")
            }
            Ending::Interrupted => format!("`{command}` was interrupted"),
        }
    }
}

/// What came of a command.
pub(crate) struct Ran {
    pub(crate) ending: Ending,
    /// What it printed, as it printed it, up to the limit.
    pub(crate) output: Vec<u8>,
    /// It printed more.
    pub(crate) output_is_cut: bool,
    /// What was stopped when it was ended.
    pub(crate) stopped: Option<Stopped>,
}

/// Runs the command with `more` variables on top of its own, and `less` of them taken away, and as many
/// files as it could have open without docgen. `watch` is told of its connections. `tick` is called ten times a second, with what is stopped.
///
/// # Errors
/// When it cannot be started.
pub(crate) async fn run(
    spec: &CommandSpec,
    less: &[&str],
    more: &[(String, OsString)],
    open_files: &OpenFiles,
    watch: Option<&mut Watch>,
    tick: &mut dyn FnMut(Option<&Stopped>),
) -> Result<Ran> {
    let (mut command, output) = prepare(spec, less, more)?;
    if let Some(watch) = watch {
        watch.install(&mut command);
    }
    let mut interrupts = Interrupts::new()?;
    let mut child = open_files.as_before(|| command.spawn()).map_err(|error| not_started(spec, error))?;
    // It holds the writing ends of the pipe, which must close when the child's do.
    drop(command);
    let group = Group::of(&child);
    let leader = group.0;
    let mut output =
        Output { pipe: output, kept: Vec::new(), limit: spec.output_limit, is_cut: false, is_open: true };

    let limit = tokio::time::sleep(spec.time_limit.unwrap_or_else(no_time_limit));
    tokio::pin!(limit);
    let mut ticks = tokio::time::interval(TICK);
    let mut until_look = LOOK;
    let mut stopped = None;
    let ending = loop {
        tokio::select! {
            biased;
            () = interrupts.next() => {
                group.end(&mut child, &mut output, Some(&mut interrupts)).await;
                break Ending::Interrupted;
            }
            () = output.read(), if output.is_open => {}
            status = child.wait() => break Ending::of(status)?,
            () = &mut limit => {
                group.end(&mut child, &mut output, Some(&mut interrupts)).await;
                break Ending::TimeLimit;
            }
            _ = ticks.tick() => {
                until_look -= 1;
                if until_look == 0 {
                    until_look = LOOK;
                    stopped = leader.and_then(stopped::find);
                }
                tick(stopped.as_ref());
            }
        }
    };
    output.drain(LAST_WORDS).await;
    group.end_rest(&mut output).await;
    Ok(Ran { ending, output: output.kept, output_is_cut: output.is_cut, stopped })
}

/// As long as a command without a time limit may take.
pub(crate) fn no_time_limit() -> Duration {
    Duration::from_secs(365 * 24 * 3600)
}

/// The command, ready to be started, and the reading end of the pipe that it prints into.
///
/// # Errors
/// Where there is nothing to run, or not in its folder.
pub(crate) fn prepare(
    spec: &CommandSpec,
    less: &[&str],
    more: &[(String, OsString)],
) -> Result<(Command, pipe::Receiver)> {
    let mut command = match &spec.program {
        Program::Words(words) => {
            let (program, arguments) = words.split_first().ok_or_else(|| {
                Error::new(ErrorKind::Capture, "there is no command to run").hint("name one: command = \"…\"")
            })?;
            let mut command = Command::new(program);
            command.args(arguments);
            command
        }
        Program::Shell(line) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(line);
            command
        }
    };
    command.env_clear();
    command.envs(spec.env.iter().filter(|(name, _)| !less.iter().any(|unwanted| name == unwanted)).cloned());
    command.envs(more.iter().cloned());
    if let Some(dir) = &spec.dir {
        if !dir.is_dir() {
            return Err(Error::new(
                ErrorKind::Capture,
                format!("the working folder {} does not exist", dir.display()),
            ));
        }
        command.current_dir(dir);
    }
    let pipe = |error: std::io::Error| Error::new(ErrorKind::Capture, format!("cannot make a pipe: {error}"));
    let (reader, writer) = std::io::pipe().map_err(pipe)?;
    command.stdout(OwnedFd::from(writer.try_clone().map_err(pipe)?)).stderr(OwnedFd::from(writer));
    command.stdin(match &spec.stdin {
        None => Stdio::null(),
        Some(text) => Stdio::from(input(text).map_err(pipe)?),
    });
    ProcessSession.pre_spawn(command.as_std_mut(), &CommandWrap::with_new("", |_| {})).map_err(|error| {
        Error::new(ErrorKind::Capture, format!("cannot give the command a session of its own: {error}"))
    })?;
    command.kill_on_drop(true);
    let output = pipe::Receiver::from_owned_fd(OwnedFd::from(reader)).map_err(pipe)?;
    Ok((command, output))
}

/// A nameless pipe with `text` in it, which a thread fills as it is read.
fn input(text: &[u8]) -> std::io::Result<File> {
    let (reader, mut writer) = std::io::pipe()?;
    let text = text.to_vec();
    // A command that reads none of it closes its end; that is its own business.
    std::thread::spawn(move || writer.write_all(&text));
    Ok(File::from(OwnedFd::from(reader)))
}

/// The error about a command that could not be started.
pub(crate) fn not_started(spec: &CommandSpec, error: std::io::Error) -> Error {
    let name = match &spec.program {
        Program::Words(words) => words.first().map_or("", String::as_str),
        Program::Shell(_) => "sh",
    };
    let not_found = error.kind() == std::io::ErrorKind::NotFound;
    let (message, hint) = if not_found && name.contains('/') && std::path::Path::new(name).exists() {
        (
            format!("{name} cannot be run: the interpreter that its first line names was not found"),
            "install it again",
        )
    } else if not_found {
        (
            format!("the command {name} was not found"),
            "install it, activate the environment that it is in, or name it with its path",
        )
    } else {
        (format!("cannot run {name}: {error}"), "look at its permissions; name it with its path")
    };
    Error::new(ErrorKind::Capture, message).hint(hint).with_source(error)
}

/// The reading end of what the command prints.
struct Output {
    pipe: pipe::Receiver,
    kept: Vec<u8>,
    limit: usize,
    is_cut: bool,
    is_open: bool,
}

impl Output {
    async fn read(&mut self) {
        let mut piece = [0; 8192];
        match self.pipe.read(&mut piece).await {
            Ok(0) | Err(_) => self.is_open = false,
            Ok(read) => {
                let room = (self.limit - self.kept.len()).min(read);
                self.kept.extend_from_slice(&piece[..room]);
                self.is_cut |= room < read;
            }
        }
    }

    /// Reads to the end, for this long.
    async fn drain(&mut self, time: Duration) {
        let _ = tokio::time::timeout(time, async {
            while self.is_open {
                self.read().await;
            }
        })
        .await;
    }
}

/// The process group of the command. Dropped, it is killed.
pub(crate) struct Group(Option<Pid>);

impl Group {
    /// That of a command that was just started, which leads it.
    pub(crate) fn of(child: &Child) -> Group {
        Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    fn send(&self, what: Signal) {
        if let Some(group) = self.0 {
            // There may be nobody any more.
            let _ = kill_process_group(group, what);
        }
    }

    pub(crate) fn ask_to_end(&self) {
        self.send(Signal::TERM);
        // What is stopped would not hear of it.
        self.send(Signal::CONT);
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        self.send(Signal::KILL);
    }

    /// Whether any of it still runs.
    pub(crate) fn lives(&self) -> bool {
        self.0.is_some_and(|group| test_kill_process_group(group).is_ok())
    }

    /// Asks the group to end, and ends it if it does not, or if the user insists.
    async fn end(&self, child: &mut Child, output: &mut Output, mut interrupts: Option<&mut Interrupts>) {
        self.ask_to_end();
        let until = tokio::time::sleep(ENDING);
        tokio::pin!(until);
        loop {
            let insisted = async {
                match interrupts.as_mut() {
                    Some(interrupts) => interrupts.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = output.read(), if output.is_open => {}
                _ = child.wait() => return,
                () = insisted => break,
                () = &mut until => break,
            }
        }
        self.send(Signal::KILL);
        let _ = child.wait().await;
    }

    /// Ends it, and waits until it has ended.
    pub(crate) fn end_waiting(&self) {
        if !self.lives() {
            return;
        }
        self.ask_to_end();
        let until = Instant::now() + ENDING;
        while self.lives() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.send(Signal::KILL);
    }

    /// Ends what is left of the group after its leader.
    async fn end_rest(&self, output: &mut Output) {
        if !self.lives() {
            return;
        }
        self.ask_to_end();
        let until = Instant::now() + ENDING;
        while self.lives() && Instant::now() < until {
            output.drain(Duration::from_millis(20)).await;
            if !output.is_open {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self.send(Signal::KILL);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.send(Signal::KILL);
    }
}

/// What tells docgen to stop.
pub(crate) struct Interrupts([Signals; 3]);

impl Interrupts {
    pub(crate) fn new() -> Result<Interrupts> {
        let listen = |kind| {
            signal(kind)
                .map_err(|error| Error::new(ErrorKind::Capture, format!("cannot listen to signals: {error}")))
        };
        Ok(Interrupts([
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        ]))
    }

    pub(crate) async fn next(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// What a command printed as a terminal would leave it: colours and other control sequences
/// removed, lines that were written over by what they ended as. Bytes that are no text become
/// U+FFFD.
pub(crate) fn plain_text(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let text = anstream::adapter::strip_str(&text).to_string();
    let mut plain = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
            None => (line, ""),
        };
        if line.contains('\r') {
            plain.push_str(&overwritten(line));
        } else {
            plain.push_str(line);
        }
        plain.push_str(end);
    }
    plain
}

/// What is left of a line whose parts begin again at its start.
fn overwritten(line: &str) -> String {
    let mut cells: Vec<char> = Vec::new();
    for part in line.split('\r') {
        for (at, c) in part.chars().enumerate() {
            match cells.get_mut(at) {
                Some(cell) => *cell = c,
                None => cells.push(c),
            }
        }
    }
    cells.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_what_a_terminal_leaves() {
        assert_eq!(plain_text(b"\x1b[1;31mred\x1b[0m\r\n\ttab\n"), "red\n\ttab\n");
        assert_eq!(plain_text(b" 10%\r 50%\r100%\r\nrest"), "100%\nrest");
        assert_eq!(plain_text(b"downloading\rdone\n"), "doneloading\n");
        assert_eq!(plain_text("이미지 \u{1b}]0;title\u{7}목록\n".as_bytes()), "이미지 목록\n");
        assert_eq!(plain_text(b"\xff\n"), "\u{fffd}\n");
    }

    fn sh(line: &str) -> CommandSpec {
        let env = vec![("PATH".into(), "/usr/bin:/bin".into()), ("NO_PROXY".into(), "x".into())];
        CommandSpec { program: Program::Shell(line.to_owned()), ..CommandSpec::new(Vec::new(), env) }
    }

    fn run_it(spec: &CommandSpec) -> Result<Ran> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let added = [("ADDED".to_owned(), "yes".into())];
        runtime.block_on(run(spec, &["NO_PROXY"], &added, &OpenFiles::raise(), None, &mut |_| {}))
    }

    #[test]
    fn output_comes_in_order_from_both() {
        let ran = run_it(&sh("echo out; echo err >&2; echo out $ADDED$NO_PROXY; cat; exit 3")).unwrap();
        assert_eq!((ran.ending, &ran.output[..]), (Ending::Exit(3), &b"out\nerr\nout yes\n"[..]));
    }

    #[test]
    fn input_is_given() {
        let spec = CommandSpec { stdin: Some(vec![b'x'; 1 << 20]), ..sh("wc -c") };
        assert_eq!(plain_text(&run_it(&spec).unwrap().output).trim(), "1048576");
        let spec = CommandSpec { stdin: Some(vec![b'x'; 1 << 20]), output_limit: 5, ..sh("cat") };
        let ran = run_it(&spec).unwrap();
        assert_eq!((&ran.output[..], ran.output_is_cut), (&b"xxxxx"[..], true));
    }

    #[test]
    fn words_meet_no_shell() {
        let spec = CommandSpec::new(["echo", "$HOME; `id`", "*"].map(str::to_owned).to_vec(), sh("").env);
        assert_eq!(run_it(&spec).unwrap().output, b"$HOME; `id` *\n");
    }

    #[test]
    fn a_command_that_is_not_there() {
        let spec = CommandSpec::new(vec!["no-such-command".to_owned()], sh("").env);
        let error = run_it(&spec).err().unwrap();
        assert!(error.message().contains("no-such-command was not found") && error.help().is_some());
        let error = run_it(&CommandSpec { dir: Some("/no/such/folder".into()), ..sh("true") }).err().unwrap();
        assert!(error.message().contains("/no/such/folder"));
    }

    /// The process ids that a command printed, one a line.
    fn gone(ran: &Ran) -> bool {
        let text = plain_text(&ran.output);
        let ids: Vec<i32> = text.lines().map(|line| line.parse().unwrap()).collect();
        assert!(!ids.is_empty());
        // A zombie that nobody has waited for yet counts as gone.
        ids.iter().all(|id| match std::fs::read_to_string(format!("/proc/{id}/stat")) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        })
    }

    #[test]
    fn the_time_limit_ends_children_too() {
        let spec = CommandSpec {
            time_limit: Some(Duration::from_millis(300)),
            ..sh(
                "trap '' TERM; echo $$; (trap '' TERM; sleep 60 & echo $!; wait) & echo $!; while :; do sleep 0.1; done",
            )
        };
        let begun = Instant::now();
        let ran = run_it(&spec).unwrap();
        assert_eq!(ran.ending, Ending::TimeLimit);
        assert!(begun.elapsed() < Duration::from_secs(8));
        std::thread::sleep(Duration::from_millis(100));
        assert!(gone(&ran), "{}", plain_text(&ran.output));
    }

    #[test]
    fn what_goes_on_in_the_background_is_ended() {
        let begun = Instant::now();
        let ran = run_it(&sh("sleep 60 & echo $!")).unwrap();
        assert_eq!(ran.ending, Ending::Exit(0));
        assert!(begun.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(100));
        assert!(gone(&ran));
    }
}
