//! One command with its proxy, from its start to what is worth keeping of it.

use std::ffi::OsString;
use std::io::Write;
use std::time::{Duration, Instant};

use super::proxy::Proxy;
use super::runner::{self, CommandSpec, Ending, Program};
use super::watch::{Seen, Watch};
use super::{ProxyOptions, Spooled, environment};
use crate::error::{Error, ErrorKind, Result};
use crate::redact::{Learner, Redactor, Rules};
use crate::text::Text;
use crate::trace::{Exchange, Trace};

/// How many lines of what a command printed are shown when it failed.
const LAST_LINES: usize = 8;

/// How a command is recorded.
#[derive(Clone, Debug)]
pub struct Options {
    /// How the proxy records. The certificates that the command's environment names are added to
    /// those that it trusts.
    pub proxy: ProxyOptions,
    /// What is secret; `None` keeps secrets in clear.
    pub redaction: Option<Rules>,
    /// Who sends the requests, as the trace should name it.
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
pub struct Progress {
    /// How many exchanges are over.
    pub exchanges: usize,
    /// How long the command has run.
    pub elapsed: Duration,
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
    notes: Vec<Text>,
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

    /// A text that goes with the exchanges, without the secrets that they hold.
    pub fn redacted(&self, text: &str) -> String {
        self.redactor.as_ref().map_or_else(|| text.to_owned(), |redactor| redactor.text(text))
    }

    /// Shows each exchange to `each`, redacted.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more, and what `each` gives.
    pub fn for_each(&self, mut each: impl FnMut(Exchange) -> Result<()>) -> Result<()> {
        for exchange in self.spooled.iter(self.from.as_ref()) {
            let exchange = exchange?;
            each(match &self.redactor {
                Some(redactor) => redactor.exchange(exchange),
                None => exchange,
            })?;
        }
        Ok(())
    }

    /// All of them at once, redacted.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more.
    pub fn trace(&self) -> Result<Trace> {
        let mut trace = Trace { notes: self.notes.clone(), ..Trace::default() };
        self.for_each(|exchange| {
            trace.exchanges.push(exchange);
            Ok(())
        })?;
        Ok(trace)
    }
}

/// Runs a command and records every exchange that it causes. Blocks until both are over, and calls
/// `progress` ten times a second meanwhile.
///
/// While it runs, Ctrl-C and SIGTERM end the command and not docgen; they come back as a failure.
///
/// # Errors
/// When the command cannot be started, ends otherwise than expected, takes too long, is
/// interrupted, or caused no exchange; when a server failed it and that is not allowed; when the proxy cannot be started; when the recording cannot
/// be kept.
pub fn record(
    spec: &CommandSpec,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> std::result::Result<Recording, Box<Failure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        Error::new(ErrorKind::Capture, format!("cannot start the recording: {error}")).with_source(error)
    })?;
    runtime.block_on(record_async(spec, options, progress))
}

async fn record_async(
    spec: &CommandSpec,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> std::result::Result<Recording, Box<Failure>> {
    let mut proxy_options = options.proxy.clone();
    proxy_options.certificates.extend(environment::named_certificates(&spec.env));
    let proxy = Proxy::start(&proxy_options).await?;
    let trusted = temporary(&proxy_options, "docgen-ca-", ".pem", proxy.trusted().as_bytes())?;
    let wgetrc = match environment::wgetrc(&spec.env, trusted.path()) {
        Some(settings) => Some(temporary(&proxy_options, "docgen-wgetrc-", "", settings.as_bytes())?),
        None => None,
    };
    let added =
        environment::added(&proxy.url(), trusted.path(), wgetrc.as_ref().map(tempfile::NamedTempFile::path));
    let password = proxy.password().to_owned();

    let begun = Instant::now();
    let mut tick = || progress(Progress { exchanges: proxy.exchanges(), elapsed: begun.elapsed() });
    let mut watch = options.watch.then(|| start_watch(&proxy, spec));
    let watching = watch.as_mut().and_then(|watch| watch.as_mut().ok());
    let ran = runner::run(spec, &environment::REMOVED, &added, watching, &mut tick).await;
    let elapsed = begun.elapsed();
    let seen = match watch {
        Some(Ok(watch)) => watch.finish(&options.keeper),
        Some(Err(error)) => Seen::blind(error),
        None => Seen::default(),
    };
    let (spooled, mut notes) = proxy.finish().await?;
    let ran = ran?;
    notes.extend(seen.told().into_iter().map(|message| {
        Error::new(ErrorKind::Capture, message)
            .hint("what went past the proxy is not recorded; the guide says how to keep a client to it, under \"Clients that ignore the proxy\"")
    }));

    let output = runner::plain_text(&ran.output);
    if seen.took_rights && RIGHTS_WANTED.iter().any(|words| output.contains(words)) {
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
            let own = environment::secrets(&spec.env).chain([&*password]);
            Some(learn(rules, own, &spooled, &output)?)
        }
        None => None,
    };
    let output = match &redactor {
        Some(redactor) => {
            notes = notes.iter().map(|note| redacted(note, redactor)).collect();
            redactor.text(&output)
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
    let exchanges = Exchanges { spooled, redactor, from: options.from.clone(), notes: told };
    let flaw = [(ErrorKind::Server, Flaw::Server), (ErrorKind::Unrecorded, Flaw::Untrue)]
        .into_iter()
        .find(|(kind, _)| !options.allow_broken && notes.iter().any(|note| note.kind() == *kind))
        .map(|(_, flaw)| flaw);
    match problem(spec, ran.ending, &output, flaw, exchanges.is_empty()) {
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
    Watch::start(proxy.address())
}

/// What knows all secrets: those of the environment, of the exchanges and of the output.
fn learn<'s>(
    rules: &Rules,
    own: impl Iterator<Item = &'s str>,
    spooled: &Spooled,
    output: &str,
) -> Result<Redactor> {
    let mut learner = Learner::new(rules);
    own.for_each(|secret| learner.value(secret));
    for exchange in spooled.iter(None) {
        learner.exchange(&exchange?);
    }
    learner.text(output);
    Ok(learner.done())
}

/// The note without the secrets that a URL in it may hold.
fn redacted(note: &Error, redactor: &Redactor) -> Error {
    let error = Error::new(note.kind(), redactor.text(note.message()));
    match note.help() {
        Some(help) => error.hint(help),
        None => error,
    }
}

/// A file for the command, of certificates for example: public, and for this user only all the same.
fn temporary(
    options: &ProxyOptions,
    prefix: &str,
    suffix: &str,
    content: &[u8],
) -> Result<tempfile::NamedTempFile> {
    let io = |error| {
        Error::io("write what the command needs to", &options.temp_dir, error)
            .hint("free some space there, or set TMPDIR to a folder that has it")
    };
    let mut file =
        tempfile::Builder::new().prefix(prefix).suffix(suffix).tempfile_in(&options.temp_dir).map_err(io)?;
    file.write_all(content).map_err(io)?;
    file.flush().map_err(io)?;
    Ok(file)
}

/// What is wrong with the recording of a command that did what it should.
#[derive(Clone, Copy)]
enum Flaw {
    /// A server failed it.
    Server,
    /// It is not all that happened, or not as it would have happened.
    Untrue,
}

/// What keeps a recording from being one.
fn problem(
    spec: &CommandSpec,
    ending: Ending,
    output: &str,
    flaw: Option<Flaw>,
    is_empty: bool,
) -> Option<Error> {
    let name = spec.shown();
    let error = |message: String| Error::new(ErrorKind::Capture, message);
    let said = last_lines(output);
    match ending {
        Ending::Exit(status) if status == spec.expected_exit => {}
        Ending::Exit(status) => {
            let expected = spec.expected_exit;
            let message =
                format!("`{name}` ended with exit status {status}, and {expected} was expected; {said}");
            return Some(error(message).hint(format!(
                "if that is how it should end, record it with `--exit {status}`, which writes `exit = {status}` below \
                 `[capture]` in its capture.toml"
            )));
        }
        Ending::Signal(number) => {
            return Some(error(format!("`{name}` was ended by signal {number}; {said}")));
        }
        Ending::TimeLimit => {
            let limit = spec.time_limit.unwrap_or_default();
            return Some(error(format!("`{name}` took longer than {limit:?} and was ended; {said}")).hint(
                "give it more time with `time_limit`, in seconds, below `[capture]` in its capture.toml",
            ));
        }
        Ending::Interrupted => {
            return Some(error(format!("`{name}` was interrupted")).hint("the capture is as it was"));
        }
    }
    match flaw {
        Some(Flaw::Server) => {
            return Some(error(format!("`{name}` succeeded, and a server did not")).hint(
                "look into what is said of the server above; if the command is expected to get over it, write `allow_broken = true` \
                 below `[capture]` in its capture.toml",
            ));
        }
        Some(Flaw::Untrue) => {
            return Some(error(format!("`{name}` succeeded, and its recording would not be true")).hint(
                "look into what is said above; to keep the recording all the same, with what is said in it, write \
                 `allow_broken = true` below `[capture]` in its capture.toml",
            ));
        }
        None => {}
    }
    is_empty.then(|| {
        error(format!("`{name}` succeeded, and nothing was recorded")).hint(
            "it sent no request, or it ignores http_proxy and https_proxy; tell it in its own options to use them, \
             or keep a log of what it does and take that in with `docgen import LOG CAPTURE_DIR`",
        )
    })
}

fn last_lines(output: &str) -> String {
    let lines: Vec<&str> = output.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.len() {
        0 => "it printed nothing".to_owned(),
        count => format!("it printed last:\n  {}", lines[count.saturating_sub(LAST_LINES)..].join("\n  ")),
    }
}
