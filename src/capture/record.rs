//! One command with its proxy, from its start to what is worth keeping of it.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::open_files::OpenFiles;
use super::proxy::Proxy;
use super::runner::{self, CommandSpec, Ending, Program, Ran};
use super::stopped::Stopped;
use super::watch::{Watch, WatchReport};
use super::{ProxyOptions, Spooled, environment, temporary};
use crate::error::{Error, ErrorKind, Result};
use crate::profile::Profile;
use crate::redact::{Learner, Redactor, Rules, Tally};
use crate::sequence::senders::{self, Evidence, Fit};
use crate::settings;
use crate::text::Text;
use crate::trace::{Exchange, Trace, UrlParts};

/// How many lines of what a command printed are shown when it failed.
const LAST_LINES: usize = 8;

/// How many characters of such a line are shown.
const LAST_CHARACTERS: usize = 300;

/// The command without its secrets, as far as they can be told before it has run.
pub fn shown_without_secrets(spec: &CommandSpec, rules: &Rules) -> String {
    let mut learner = Learner::new(rules);
    learn_command(&mut learner, spec, environment::secrets(&spec.env, rules));
    shown(spec, &learner.done())
}

/// The command as one would type it, without what is known to be secret.
pub(super) fn shown(spec: &CommandSpec, redactor: &Redactor) -> String {
    let tally = &mut Tally::default();
    let program = match &spec.program {
        Program::Words(words) => Program::Words(redactor.command(words, false, tally)),
        Program::Shell(line) => {
            Program::Shell(redactor.command(std::slice::from_ref(line), true, tally).concat())
        }
    };
    CommandSpec { program, ..spec.clone() }.shown()
}

/// What a command and its environment say of secrets.
pub(super) fn learn_command<'s>(
    learner: &mut Learner<'_>,
    spec: &CommandSpec,
    own: impl Iterator<Item = (&'s str, &'s str)>,
) {
    own.for_each(|(name, secret)| learner.value(name, secret));
    spec.secrets.iter().for_each(|(name, secret)| learner.value(name, secret));
    match &spec.program {
        Program::Words(words) => {
            words.first().into_iter().for_each(|program| learner.public(program));
            learner.command(words);
        }
        Program::Shell(line) => learner.command_line(line),
    }
}

/// How a command is recorded.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the proxy records. The certificates that the command's environment names are added to
    /// those that it trusts.
    pub proxy: ProxyOptions,
    /// What is secret; `None` keeps secrets in clear.
    pub redaction: Option<Rules>,
    /// Who sends the requests that come in at no participant's port, as the trace should name it.
    pub from: Option<Text>,
    /// Keeps a recording in which a server refused, broke off or sent what is no HTTP, or which docgen
    /// knows not to be all that happened, if the command ended as expected all the same.
    pub allow_broken: bool,
    /// Whether connections that go past the proxy are looked for. Where docgen may not administer the
    /// system, programs that gain rights when they start (`sudo`) gain none then.
    pub watch: bool,
    /// The command line of a program that calls [`keep_connections`](super::keep_connections) with its
    /// standard input. It is started where a watched command leaves something running.
    pub keeper: Vec<OsString>,
}

/// What is told while a command runs.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'p> {
    /// How many exchanges are over.
    pub exchanges: usize,
    /// How long the command has run.
    pub elapsed: Duration,
    /// What of the command is stopped, and goes on only when somebody says so.
    pub stopped: Option<&'p Stopped>,
}

/// A command that did what it should, and all that it caused.
#[derive(Debug)]
pub struct Recording {
    /// The exchanges, redacted when they are read.
    pub exchanges: Exchanges,
    /// What the command printed, standard output and error in their order, as a terminal leaves
    /// it: without colours, redacted.
    pub output: String,
    /// What a reader of the recording should know: what could not be recorded, what broke off.
    pub notes: Vec<Error>,
    /// The exit status, which is the expected one.
    pub exit: i32,
    /// How long the command ran.
    pub elapsed: Duration,
}

/// A command that could not be recorded. Nothing of it is to be kept.
#[derive(Debug)]
pub struct Failure {
    /// What went wrong, at least one.
    pub errors: Vec<Error>,
    /// What else was seen, which may be why.
    pub notes: Vec<Error>,
    /// What the command printed, redacted as far as secrets are known by then.
    pub output: String,
    /// The user ended it, and wants no other command to be run.
    pub is_interrupted: bool,
}

impl From<Vec<Error>> for Box<Failure> {
    fn from(errors: Vec<Error>) -> Box<Failure> {
        Box::new(Failure { errors, notes: Vec::new(), output: String::new(), is_interrupted: false })
    }
}

impl From<Error> for Box<Failure> {
    fn from(error: Error) -> Box<Failure> {
        vec![error].into()
    }
}

/// The exchanges of a recording, in the order of their requests, read one at a time: there may be
/// more than fit in memory.
pub struct Exchanges {
    spooled: Spooled,
    redactor: Option<Redactor>,
    from: Option<Text>,
    /// What was replaced in the output.
    tally: Tally,
    notes: Vec<Text>,
    /// What the command printed, with its secrets.
    printed: String,
}

impl std::fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchanges").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl Exchanges {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.spooled.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The words of the command without their secrets, and those that the exchanges hold. With a
    /// shell, the one word is a line.
    pub fn redacted_command(&self, words: &[String], is_shell: bool, tally: &mut Tally) -> Vec<String> {
        match &self.redactor {
            Some(redactor) => redactor.command(words, is_shell, tally),
            None => words.to_vec(),
        }
    }

    /// Shows each exchange to `each`, redacted, and counts what was replaced in them and in the output.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more, and what `each` gives.
    pub fn for_each(&self, mut each: impl FnMut(Exchange) -> Result<()>) -> Result<Tally> {
        let mut tally = self.tally.clone();
        for exchange in self.spooled.iter(self.from.as_ref()) {
            let exchange = exchange?;
            each(match &self.redactor {
                Some(redactor) => redactor.exchange(exchange, &mut tally),
                None => exchange,
            })?;
        }
        Ok(tally)
    }

    /// All of them at once and what the command printed, as they were: with their secrets, for values that
    /// another command is given, and never for the disk.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more.
    pub fn unredacted(&self) -> Result<(Trace, &str)> {
        Ok((self.spooled.trace(self.from.as_ref())?, &self.printed))
    }

    /// Names the senders of `trace`, which is all of them, where nobody saw who sent an exchange and it was
    /// sent for another one; gives how many. `by_nesting` needs no process that says that it serves;
    /// `declared` and `profile` name the participants.
    pub fn infer_senders(
        &self,
        trace: &mut Trace,
        by_nesting: bool,
        declared: &[settings::Participant],
        profile: Option<&Profile>,
    ) -> usize {
        if by_nesting {
            return senders::infer(trace, Evidence::Nesting, declared, profile);
        }
        if self.spooled.processes.is_empty() {
            return 0;
        }
        let known: Vec<(bool, Option<u16>)> = (trace.exchanges.iter())
            .map(|exchange| (exchange.from.is_some(), UrlParts::of(&exchange.request.url).port()))
            .collect();
        let fit = |inner: usize, outer: usize| {
            let Some(process) = self.spooled.process(inner).filter(|process| process.listens) else {
                return Fit::No;
            };
            let (is_told, port) = known[outer];
            match self.spooled.process(outer) {
                // A process waits for no answer of its own.
                Some(other) if other.id == process.id => Fit::No,
                None if !is_told => Fit::No,
                _ if port.is_some_and(|port| process.ports.contains(&port)) => Fit::Sure,
                _ => Fit::Possible,
            }
        };
        senders::infer(trace, Evidence::Known(&fit), declared, profile)
    }

    /// All of them at once, redacted.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more.
    pub fn trace(&self) -> Result<Trace> {
        Ok(self.trace_and_tally()?.0)
    }

    /// All of them at once, redacted, and what was replaced in them and in the output.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more.
    pub fn trace_and_tally(&self) -> Result<(Trace, Tally)> {
        let mut trace = Trace { notes: self.notes.clone(), ..Trace::default() };
        let tally = self.for_each(|exchange| {
            trace.exchanges.push(exchange);
            Ok(())
        })?;
        Ok((trace, tally))
    }
}

/// Runs a command and records every exchange that it causes. Blocks until both are over, and calls
/// `progress` ten times a second meanwhile.
///
/// While it runs, Ctrl-C and SIGTERM end the command and not docgen; they come back as a failure.
///
/// # Errors
/// When the command cannot be started, ends otherwise than expected, takes too long, is
/// interrupted, or caused no exchange; when a server failed it and that is not allowed; when the proxy
/// cannot be started; when the recording cannot be kept.
pub fn record(
    spec: &CommandSpec,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> std::result::Result<Recording, Box<Failure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Error::new(ErrorKind::Capture, format!("cannot start the recording: {error}")).with_source(error)
    })?;
    runtime.block_on(record_async(spec, options, progress))
}

async fn record_async(
    spec: &CommandSpec,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> std::result::Result<Recording, Box<Failure>> {
    let mut proxy_options = options.proxy.clone();
    proxy_options.certificates.extend(environment::named_certificates(&spec.env));
    temporary::remove_leftovers(&proxy_options.temp_dir);
    let open_files = OpenFiles::raise();
    let proxy = Proxy::start(&proxy_options).await?;
    let trusted = temporary::certificates(&proxy_options.temp_dir, proxy.trusted())?;
    let wgetrc = match environment::wgetrc(&spec.env, trusted.path()) {
        Some(settings) => Some(temporary::wgetrc(&proxy_options.temp_dir, &settings)?),
        None => None,
    };
    let added =
        environment::added(&proxy.url(), trusted.path(), wgetrc.as_ref().map(tempfile::NamedTempFile::path));
    let password = proxy.password().to_owned();

    let begun = Instant::now();
    let mut tick = |stopped: Option<&Stopped>| {
        progress(Progress { exchanges: proxy.exchanges(), elapsed: begun.elapsed(), stopped });
    };
    let mut watch = options.watch.then(|| start_watch(&proxy, spec));
    let watching = watch.as_mut().and_then(|watch| watch.as_mut().ok());
    let ran = runner::run(spec, &environment::REMOVED, &added, &open_files, watching, &mut tick).await;
    let elapsed = begun.elapsed();
    let report = match watch {
        Some(Ok(watch)) => watch.finish(&options.keeper),
        Some(Err(error)) => WatchReport::blind(error),
        None => WatchReport::default(),
    };
    let (spooled, mut notes) = proxy.finish().await?;
    let ran = ran?;
    notes.extend(report.told().into_iter().map(|message| {
        Error::new(ErrorKind::Capture, message)
            .hint("what went past the proxy is not recorded; the guide says how to keep a client to it, under \"Clients that ignore the proxy\"")
    }));

    let output = runner::plain_text(&ran.output);
    if report.took_rights && RIGHTS_WANTED.iter().any(|words| output.contains(words)) {
        notes.push(
            Error::new(
                ErrorKind::Capture,
                "the command may have wanted rights that no program gains while docgen looks for connections past the proxy",
            )
            .hint("write `watch = false` below `[capture]` in its capture.toml: it has them then, and docgen does not look"),
        );
    }
    let redactor = match &options.redaction {
        Some(rules) => {
            let own = environment::secrets(&spec.env, rules).chain([("http_proxy", &*password)]);
            Some(learn(rules, own, spec, &spooled, &output)?)
        }
        None => None,
    };
    let mut tally = Tally::default();
    let mut command = one_line(&spec.shown());
    let printed = output.clone();
    let output = match &redactor {
        Some(redactor) => {
            redactor.weak(&mut tally);
            notes = notes.iter().map(|note| redacted(note, redactor)).collect();
            command = one_line(&shown(spec, redactor));
            redactor.text(&output, &mut tally)
        }
        None => output,
    };
    if ran.output_is_cut {
        notes.push(Error::new(
            ErrorKind::Capture,
            format!("the command printed more than {} bytes; the rest is left out", spec.output_limit),
        ));
    }
    let told = notes.iter().map(|note| Text::from(note.message())).collect();
    let exchanges = Exchanges { spooled, redactor, from: options.from.clone(), tally, notes: told, printed };
    let flaw = [(ErrorKind::Server, Flaw::Server), (ErrorKind::Unrecorded, Flaw::Untrue)]
        .into_iter()
        .find(|(kind, _)| !options.allow_broken && notes.iter().any(|note| note.kind() == *kind))
        .map(|(_, flaw)| flaw);
    let is_explained =
        notes.iter().any(|note| matches!(note.kind(), ErrorKind::Server | ErrorKind::Unrecorded));
    match problem(spec, &ran, &command, &output, flaw, is_explained, exchanges.is_empty()) {
        Some(error) => {
            let is_interrupted = ran.ending == Ending::Interrupted;
            Err(Box::new(Failure { errors: vec![error], notes, output, is_interrupted }))
        }
        None => Ok(Recording { exchanges, output, notes, exit: spec.expected_exit, elapsed }),
    }
}

/// What programs say that were started without the rights which they should gain.
const RIGHTS_WANTED: [&str; 4] =
    ["no new privileges", "effective uid is not 0", "newuidmap", "must be setuid"];

fn start_watch(proxy: &Proxy, spec: &CommandSpec) -> std::io::Result<Watch> {
    let is_root = rustix::process::geteuid().is_root();
    if let (false, Program::Words(words)) = (is_root, &spec.program)
        && words.first().is_some_and(|program| environment::gains_rights(program, &spec.env))
    {
        let error = format!("{} would not gain its rights, if it did", words[0]);
        return Err(std::io::Error::other(error));
    }
    Watch::start(proxy.addresses().to_vec())
}

/// What knows all secrets: those of the environment, the command, the exchanges and the output.
fn learn<'s>(
    rules: &Rules,
    own: impl Iterator<Item = (&'s str, &'s str)>,
    spec: &CommandSpec,
    spooled: &Spooled,
    output: &str,
) -> Result<Redactor> {
    let mut learner = Learner::new(rules);
    learn_command(&mut learner, spec, own);
    for exchange in spooled.iter(None) {
        learner.exchange(&exchange?);
    }
    learner.text(output);
    Ok(learner.done())
}

/// The note without the secrets that a URL in it may hold.
fn redacted(note: &Error, redactor: &Redactor) -> Error {
    // A note is no part of the recording, and counts for nothing.
    let error = Error::new(note.kind(), redactor.text(note.message(), &mut Tally::default()));
    match note.help() {
        Some(help) => error.hint(help),
        None => error,
    }
}

/// What is wrong with the recording of a command that did what it should.
#[derive(Clone, Copy)]
enum Flaw {
    /// A server failed it.
    Server,
    /// It is not all that happened, or not as it would have happened.
    Untrue,
}

/// What keeps a recording of `command` from being one.
fn problem(
    spec: &CommandSpec,
    ran: &Ran,
    command: &str,
    output: &str,
    flaw: Option<Flaw>,
    is_explained: bool,
    is_empty: bool,
) -> Option<Error> {
    let error = |message: String| Error::new(ErrorKind::Capture, message);
    let how_it_ended = || ran.ending.told(command, spec);
    match ran.ending {
        Ending::Exit(status) if status == spec.expected_exit => {}
        Ending::Exit(status) => {
            let expected = spec.expected_exit;
            let message = format!("{}, and {expected} was expected", how_it_ended());
            let error = with_output(message, output);
            let how = format!(
                "record it with `--exit {status}`, which writes `exit = {status}` below `[capture]` in its capture.toml"
            );
            return Some(if is_explained {
                error.hint(format!("look into what is said above; if it should end so all the same, {how}"))
            } else if asked_a_person(output) {
                error.hint(
                    "it seems to have asked on a terminal, and a command that is recorded has none: give it what it \
                     asks for in its environment (`env_file`), in a file that it reads (`stdin`, both below \
                     `[capture]` in its capture.toml) or by an option",
                )
            } else {
                error.hint(format!("if that is how it should end, {how}"))
            });
        }
        Ending::Signal(_) => return Some(with_output(how_it_ended(), output)),
        Ending::TimeLimit => {
            let message = how_it_ended();
            return Some(match &ran.stopped {
                Some(stopped) => {
                    with_output(format!("{message}: {stopped} was stopped"), output).hint(format!(
                        "find out who stops it; `kill -CONT {}` would have continued it",
                        stopped.process
                    ))
                }
                None => with_output(message, output).hint(
                    "give it more time with `time_limit`, in seconds, below `[capture]` in its capture.toml",
                ),
            });
        }
        Ending::Interrupted => {
            return Some(error(how_it_ended()).hint("the capture is as it was"));
        }
    }
    match flaw {
        Some(Flaw::Server) => {
            return Some(error(format!("`{command}` succeeded, and a server did not")).hint(
                "look into what is said of the server above; if the command is expected to get over it, write `allow_broken = true` \
                 below `[capture]` in its capture.toml",
            ));
        }
        Some(Flaw::Untrue) => {
            return Some(error(format!("`{command}` succeeded, and its recording would not be true")).hint(
                "look into what is said above; to keep the recording all the same, with what is said in it, write \
                 `allow_broken = true` below `[capture]` in its capture.toml",
            ));
        }
        None => {}
    }
    is_empty.then(|| {
        error(format!("`{command}` succeeded, and nothing was recorded")).hint(
            "it sent no request, or it ignores http_proxy and https_proxy; tell it in its own options to use them, \
             or keep a log of what it does and take that in with `docgen import LOG CAPTURE_DIR`",
        )
    })
}

/// A command's first line, for a message that is one itself.
pub(super) fn one_line(command: &str) -> String {
    match command.trim().split_once('\n') {
        Some((first, _)) => format!("{} …", first.trim_end().trim_end_matches('\\').trim_end()),
        None => command.trim().to_owned(),
    }
}

/// An error that quotes the last of what the command printed.
pub(super) fn with_output(message: String, output: &str) -> Error {
    match last_lines(output) {
        Some(lines) => Error::new(ErrorKind::Capture, message).quoting(lines),
        None => Error::new(ErrorKind::Capture, message + "; it printed nothing"),
    }
}

/// The last lines of what a command printed, none of them without end; `None` if there is none.
fn last_lines(output: &str) -> Option<String> {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(LAST_LINES)..].iter().map(|line| {
        match line.char_indices().nth(LAST_CHARACTERS) {
            Some((end, _)) => format!("{} …", &line[..end]),
            None => (*line).to_owned(),
        }
    });
    (!lines.is_empty()).then(|| last.collect::<Vec<_>>().join("\n"))
}

/// What programs say that find no terminal to ask on, in lower case.
const WITHOUT_A_TERMINAL: [&str; 13] = [
    // What a shell says, and git.
    "/dev/tty",
    "could not read username",
    "could not read password",
    // Python's getpass, and input().
    "can not control echo on the terminal",
    "eoferror",
    // sudo, docker, kubectl and others.
    "a terminal is required",
    "is not a tty",
    "not a terminal",
    "unable to open tty",
    "inappropriate ioctl for device",
    // OpenSSH, which would have asked whether it knows the host, or for a password.
    "host key verification failed",
    "read_passphrase: can't open",
    "permission denied (publickey",
];

/// The words of a question that is answered in secret, or with yes or no.
const QUESTIONS: [&str; 8] =
    ["password", "passphrase", "passcode", "username", "login", "[y/n]", "(y/n)", "(yes/no"];

/// Whether a command that failed looks as if it had asked something on a terminal.
fn asked_a_person(output: &str) -> bool {
    let tail: Vec<String> = output.lines().rev().take(LAST_LINES).map(str::to_lowercase).collect();
    let is_question = |line: &String| {
        line.trim_end().ends_with([':', '?', ']', ')']) && QUESTIONS.iter().any(|word| line.contains(word))
    };
    tail.iter().any(|line| WITHOUT_A_TERMINAL.iter().any(|words| line.contains(words)))
        || tail.iter().find(|line| !line.trim().is_empty()).is_some_and(is_question)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_told_from_a_failure() {
        for asked in [
            "sh: 1: cannot open /dev/tty: No such device or address\n",
            "fatal: could not read Username for 'http://h': No such device or address",
            "Password: ",
            "Are you sure? [y/N]\n\n",
            "Password: Traceback (most recent call last):\n  …\nEOFError: EOF when reading a line\n",
        ] {
            assert!(asked_a_person(asked), "{asked}");
        }
        for failed in ["", "404 Not Found", "wrong password", "password: required field is missing", "done:"]
        {
            assert!(!asked_a_person(failed), "{failed}");
        }
    }

    #[test]
    fn a_message_quotes_little() {
        let output = (0..20).map(|n| format!("line {n}\n\n")).collect::<String>() + &"x".repeat(9000);
        let last = last_lines(&output).unwrap();
        assert_eq!((last.lines().count(), last.lines().next()), (LAST_LINES, Some("line 13")));
        assert!(last.len() < 1000 && last.ends_with(" …"));
        assert_eq!(last_lines(" \n\n"), None);
        assert_eq!(one_line("curl \\\n  -s x\n"), "curl …");
    }
}
