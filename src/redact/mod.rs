//! Secrets: what they are called, what they look like, and what stands in their place.
//!
//! A recording is made to be published, so it is redacted before a byte of it is
//! written. That takes two passes, because a secret is often known by its name in
//! one place and stands bare in another: a [`Learner`] sees every exchange and
//! collects values; the [`Redactor`] that it becomes replaces them everywhere.
//!
//! One rule for all that is recorded, imported or checked: a value is secret by its name (`names.toml`),
//! by its looks (`looks.toml`), or because a strong one is known from elsewhere. `scan` finds names and
//! values in every notation that HTTP carries, commands and outputs hold; only the value goes, and all
//! bytes that are no secret stay as they were.
//!
//! - A token keeps its head and its tail around an ellipsis if it is longer than
//!   60 characters, at most a quarter of it and at most 80 characters; the same
//!   token looks the same everywhere. A shorter one is replaced whole.
//! - Everything else becomes `***`. The scheme of `Authorization`, names and attributes of cookies stay.
//! - A value that is known is looked for elsewhere only if no word, host, path or number is like it.
//!   A weak one goes at its own place alone, and the [`Tally`] names it.
//!
//! Pure functions. What it leaves out: reading settings and profiles, which the caller does.
//!
//! ```
//! use docgen::redact::{RuleSpec, Rules, redact};
//! use docgen::trace::Trace;
//!
//! let rules = Rules::new("en", &RuleSpec { keys: vec!["licence".into()], ..RuleSpec::default() })?;
//! let printed = "{\"licence\": \"AB-1234-XY-77\", \"name\": \"cirros\"}\nbought AB-1234-XY-77\n";
//! let redacted = redact(Trace::default(), printed, &rules);
//! assert_eq!(redacted.output, "{\"licence\": \"***\", \"name\": \"cirros\"}\nbought ***\n");
//! assert_eq!(redacted.tally.total(), 2);
//! # Ok::<(), docgen::Error>(())
//! ```

mod find;
mod known;
mod looks;
mod names;
mod scan;
mod strength;
mod tally;

pub use find::{Finding, find_secrets};
use known::Known;
use regex::Regex;
use scan::{Edit, Scan, apply};
use serde::Deserialize;
pub use tally::{Tally, Where};

use crate::error::{Error, ErrorKind, Result};
use crate::profile::{Profile, Under};
use crate::settings::Settings;
use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, Response, Trace, UrlParts};

/// What stands for a secret that shows nothing.
const MASK: &str = "***";

/// The ellipses of all languages; each is known as one, whatever the language of a capture.
const ELLIPSES: [&str; 2] = ["(...생략...)", "(...)"];

/// A token of this many characters or fewer shows nothing.
const SHORT: usize = 60;

/// How many characters of a token are shown at most, whatever its length.
const SHOWN: usize = 80;

/// Rules that a user or a profile adds to those that are built in.
#[derive(Clone, Debug, Default)]
pub struct RuleSpec {
    /// Names of header fields whose values are secret, in any case.
    pub headers: Vec<String>,
    /// Names whose values are secret wherever they stand, in any spelling.
    pub keys: Vec<String>,
    /// Names whose values are no secrets, whatever the built-in rules say.
    pub except: Vec<String>,
    /// JSON pointers (RFC 6901) to values in bodies; `*` stands for any one member or index.
    pub pointers: Vec<String>,
    /// Regular expressions; the first group is the secret, or all of the match if there is none.
    pub patterns: Vec<String>,
    /// What is secret under the paths of an API.
    pub under: Vec<Under>,
}

/// What is secret, and what stands in its place.
#[derive(Clone, Debug)]
pub struct Rules {
    ellipsis: &'static str,
    headers: Vec<String>,
    keys: Vec<String>,
    except: Vec<String>,
    pointers: Vec<Vec<String>>,
    patterns: Vec<Regex>,
    under: Vec<Under>,
}

impl Rules {
    /// The built-in rules and those of `spec`, for pages in the language `locale` (`ko` or any other).
    ///
    /// # Errors
    /// When a pattern is no regular expression, or a pointer no JSON pointer.
    pub fn new(locale: &str, spec: &RuleSpec) -> Result<Rules> {
        let mut patterns = Vec::new();
        for pattern in &spec.patterns {
            patterns.push(Regex::new(pattern).map_err(|error| {
                Error::new(ErrorKind::Setting, format!("`{pattern}` is no regular expression: {error}"))
                    .hint("the syntax is that of Rust's regex crate: no look-around, no back-references")
            })?);
        }
        let mut pointers = Vec::new();
        for pointer in &spec.pointers {
            let Some(path) = pointer.strip_prefix('/') else {
                return Err(Error::new(ErrorKind::Setting, format!("`{pointer}` is no JSON pointer"))
                    .hint("it begins with a slash: /auth/identity/password"));
            };
            pointers.push(path.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect());
        }
        let plain = |names: &[String]| names.iter().map(|name| names::plain(name)).collect();
        Ok(Rules {
            ellipsis: if locale == "ko" || locale.starts_with("ko-") { ELLIPSES[0] } else { ELLIPSES[1] },
            headers: plain(&spec.headers),
            keys: plain(&spec.keys),
            except: plain(&spec.except),
            pointers,
            patterns,
            under: spec.under.clone(),
        })
    }

    /// What is secret in a capture of these settings and this profile.
    ///
    /// # Errors
    /// As [`Rules::new`].
    pub fn of(settings: &Settings, profile: Option<&Profile>) -> Result<Rules> {
        let own = &settings.redact;
        let system = profile.map(Profile::secrets).cloned().unwrap_or_default();
        let both = |own: &[String], of_system: Vec<String>| [own, &of_system].concat();
        let spec = RuleSpec {
            headers: both(&own.headers, system.headers),
            keys: both(&own.keys, system.keys),
            except: both(&own.except, system.except),
            pointers: own.pointers.clone(),
            patterns: own.patterns.clone(),
            under: system.under,
        };
        Rules::new(&settings.locale, &spec)
    }

    /// Whether a variable of the environment of this name is secret by it.
    pub fn is_secret_variable(&self, name: &str) -> bool {
        Scan::new(self, None).judges(name)
    }

    /// What stands for a secret of this class.
    fn stand_in(&self, class: Class, value: &str) -> String {
        let length = value.chars().count();
        if class == Class::Secret || length <= SHORT {
            return MASK.to_owned();
        }
        let shown = (length / 4).min(SHOWN);
        let tail = shown / 2;
        let at = |n: usize| value.char_indices().nth(n).map_or(value.len(), |(at, _)| at);
        format!("{}{}{}", &value[..at(shown - tail)], self.ellipsis, &value[at(length - tail)..])
    }
}

/// What a secret is, as far as its stand-in goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Class {
    /// Shows its head and tail, so that a reader can tell one from another.
    Token,
    /// Shows nothing.
    Secret,
}

/// Whether a value was redacted before, by docgen or by whoever recorded it.
fn is_redacted(value: &str) -> bool {
    const WORDS: [&str; 8] = [
        "[redacted]",
        "redacted",
        "<redacted>",
        "[filtered]",
        "<hidden>",
        "[hidden]",
        "<masked>",
        "[secure]",
    ];
    value == MASK
        || ELLIPSES.iter().any(|ellipsis| value.contains(ellipsis))
        // keystoneauth's log writes a digest.
        || value.strip_prefix("{SHA256}").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || value.chars().count() > 2 && value.chars().all(|c| matches!(c, '*' | '•' | '●'))
        || WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// Collects the secrets of a recording.
pub struct Learner<'r> {
    rules: &'r Rules,
    known: Known,
}

impl<'r> Learner<'r> {
    /// One that knows nothing yet.
    pub fn new(rules: &'r Rules) -> Learner<'r> {
        Learner { rules, known: Known::default() }
    }

    /// A value that is secret wherever it stands, if it is strong; `name` is what it is called.
    pub fn value(&mut self, name: &str, value: &str) {
        self.known.add(Class::Secret, name, value);
    }

    /// A value that stands in the recording for reasons of its own, such as the command's program.
    pub fn public(&mut self, value: &str) {
        self.known.public(value);
    }

    /// What an exchange says by the names in it.
    pub fn exchange(&mut self, exchange: &Exchange) {
        for url in [Some(&exchange.request.url), exchange.response.as_ref().and_then(|r| r.url.as_ref())] {
            let parts = UrlParts::of(url.map_or("", |url| url));
            self.known.public(parts.host());
            self.known.public(parts.host_and_port());
        }
        let mut learned = Vec::new();
        visit(exchange, self.rules, None, &mut |_, edits| learned.extend(edits));
        self.learn(learned);
    }

    /// What a text says, such as the output of a command.
    pub fn text(&mut self, text: &str) {
        let edits = Scan::new(self.rules, None).body(text, "");
        self.learn(edits);
    }

    /// What the words of a command say.
    pub fn command(&mut self, words: &[String]) {
        let edits = Scan::new(self.rules, None).command(words);
        self.learn(edits.into_iter().flatten().collect());
    }

    /// What a line for a shell says.
    pub fn command_line(&mut self, line: &str) {
        let edits = Scan::new(self.rules, None).command_line(line);
        self.learn(edits);
    }

    fn learn(&mut self, edits: Vec<Edit>) {
        for found in edits.iter().flat_map(|edit| &edit.found).filter(|found| found.anywhere) {
            self.known.add(found.class, &found.name, &found.value);
        }
    }

    /// Knows all that there is to know.
    pub fn done(self) -> Redactor {
        let known = self.known.build(self.rules);
        Redactor { rules: self.rules.clone(), known }
    }
}

/// Replaces secrets.
pub struct Redactor {
    rules: Rules,
    known: known::Replacer,
}

impl Redactor {
    /// The exchange without its secrets, which are counted.
    pub fn exchange(&self, mut exchange: Exchange, tally: &mut Tally) -> Exchange {
        let mut changes = Vec::new();
        visit(&exchange, &self.rules, Some(&self.known), &mut |part, edits| {
            tally.add(part.place(), &edits);
            if !edits.is_empty() {
                changes.push((part, edits));
            }
        });
        for (part, edits) in changes {
            change(&mut exchange, part, &edits);
        }
        exchange
    }

    /// A text, such as the output of a command, without its secrets.
    pub fn text(&self, text: &str, tally: &mut Tally) -> String {
        let edits = Scan::new(&self.rules, Some(&self.known)).body(text, "");
        tally.add(Where::Output, &edits);
        apply(text, &edits)
    }

    /// The words of a command without their secrets. With a shell, the one word is a line.
    pub fn command(&self, words: &[String], is_shell: bool, tally: &mut Tally) -> Vec<String> {
        let scan = Scan::new(&self.rules, Some(&self.known));
        let edits = match (words, is_shell) {
            ([line], true) => vec![scan.command_line(line)],
            _ => scan.command(words),
        };
        let changed = words.iter().zip(edits);
        changed
            .map(|(word, edits)| {
                tally.add(Where::Command, &edits);
                apply(word, &edits)
            })
            .collect()
    }

    /// Names of values that are too weak to be told from words, which `tally` gets to tell.
    pub fn weak(&self, tally: &mut Tally) {
        tally.weak(self.known.weak.keys().cloned());
    }
}

/// A trace and what the command printed, both without their secrets.
#[derive(Debug)]
pub struct Redacted {
    /// The trace.
    pub trace: Trace,
    /// What the command printed.
    pub output: String,
    /// What was replaced.
    pub tally: Tally,
}

/// A trace and what the command printed, without their secrets.
pub fn redact(trace: Trace, output: &str, rules: &Rules) -> Redacted {
    let mut learner = Learner::new(rules);
    for exchange in &trace.exchanges {
        learner.exchange(exchange);
    }
    learner.text(output);
    let redactor = learner.done();
    let mut tally = Tally::default();
    redactor.weak(&mut tally);
    let exchanges =
        trace.exchanges.into_iter().map(|exchange| redactor.exchange(exchange, &mut tally)).collect();
    let notes = trace.notes.iter().map(|note| redactor.text(note, &mut Tally::default()).into()).collect();
    let output = redactor.text(output, &mut tally);
    Redacted { trace: Trace { exchanges, notes, ..trace }, output, tally }
}

/// A part of an exchange.
#[derive(Clone, Copy, Debug)]
enum Part {
    Url,
    ResponseUrl,
    From,
    To,
    /// The field at this place.
    Header(Fields, usize),
    /// Of the request, or the response.
    Body(bool),
    Reason,
    InformationalReason(usize),
    Failure,
}

/// Fields of an exchange.
#[derive(Clone, Copy, Debug)]
enum Fields {
    Request,
    RequestTrailers,
    Response,
    ResponseTrailers,
    /// Of the answer of 1xx at this place.
    Informational(usize),
}

impl Fields {
    fn of_request() -> [Fields; 2] {
        [Fields::Request, Fields::RequestTrailers]
    }

    fn of_response(response: &Response) -> impl Iterator<Item = Fields> + use<> {
        let informational = (0..response.informational.len()).map(Fields::Informational);
        [Fields::Response, Fields::ResponseTrailers].into_iter().chain(informational)
    }

    fn of_mut(self, exchange: &mut Exchange) -> Option<&mut Headers> {
        let response = exchange.response.as_mut();
        match self {
            Fields::Request => Some(&mut exchange.request.headers),
            Fields::RequestTrailers => Some(&mut exchange.request.trailers),
            Fields::Response => response.map(|response| &mut response.headers),
            Fields::ResponseTrailers => response.map(|response| &mut response.trailers),
            Fields::Informational(at) => response
                .and_then(|response| response.informational.get_mut(at))
                .map(|answer| &mut answer.headers),
        }
    }

    fn of(self, exchange: &Exchange) -> Option<&Headers> {
        let response = exchange.response.as_ref();
        match self {
            Fields::Request => Some(&exchange.request.headers),
            Fields::RequestTrailers => Some(&exchange.request.trailers),
            Fields::Response => response.map(|response| &response.headers),
            Fields::ResponseTrailers => response.map(|response| &response.trailers),
            Fields::Informational(at) => {
                response.and_then(|response| response.informational.get(at)).map(|answer| &answer.headers)
            }
        }
    }
}

impl Part {
    fn place(self) -> Where {
        match self {
            Part::Url | Part::ResponseUrl | Part::From | Part::To => Where::Url,
            Part::Header(..) => Where::Header,
            Part::Body(_) => Where::Body,
            Part::Reason | Part::InformationalReason(_) | Part::Failure => Where::Reason,
        }
    }
}

/// Shows `each` every part of an exchange with its edits.
fn visit(
    exchange: &Exchange,
    rules: &Rules,
    known: Option<&known::Replacer>,
    each: &mut dyn FnMut(Part, Vec<Edit>),
) {
    let request = &exchange.request;
    let responses = exchange.response.as_ref().map(|response| &response.headers);
    let all = || request.headers.iter().chain(responses.into_iter().flat_map(Headers::iter));
    let scan = Scan::new(rules, known).under(&request.url, |mark| {
        all().any(|(name, _)| name.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark)))
    });
    each(Part::Url, scan.url(&request.url));
    // A recorder may have named a server by its URL.
    each(Part::From, scan.authority(exchange.from.as_deref().unwrap_or_default()));
    each(Part::To, scan.authority(exchange.to.as_deref().unwrap_or_default()));
    let fields = |of: Fields, each: &mut dyn FnMut(Part, Vec<Edit>)| {
        for (index, (name, value)) in of.of(exchange).into_iter().flat_map(Headers::iter).enumerate() {
            each(Part::Header(of, index), scan.header(name, value));
        }
    };
    Fields::of_request().into_iter().for_each(|of| fields(of, each));
    each(Part::Body(false), body(&request.body, &media_type(&request.headers, &request.media_type), &scan));
    if let Some(failure) = &exchange.failure {
        each(Part::Failure, scan.value(failure));
    }
    let Some(response) = &exchange.response else { return };
    if let Some(url) = &response.url {
        each(Part::ResponseUrl, scan.url(url));
    }
    each(Part::Reason, scan.value(&response.reason));
    for (at, answer) in response.informational.iter().enumerate() {
        each(Part::InformationalReason(at), scan.value(&answer.reason));
    }
    Fields::of_response(response).for_each(|of| fields(of, each));
    each(Part::Body(true), body(&response.body, &media_type(&response.headers, &response.media_type), &scan));
}

/// The media type that the headers name, or else `told`, in lower case, without parameters.
fn media_type(headers: &Headers, told: &Option<Text>) -> String {
    let value = headers.get("content-type").or(told.as_deref()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The text of a body that is not kept whole, as far as it is one.
fn head_text(head: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(head)
}

fn body(body: &Body, media: &str, scan: &Scan<'_>) -> Vec<Edit> {
    match body {
        Body::Absent => Vec::new(),
        Body::Text(text) => scan.body(text, media),
        Body::Omitted(why) => scan.value(why),
        Body::Binary(binary) => {
            let head = head_text(&binary.head);
            let mut edits = scan.body(&head, media);
            let end = edits.last().map_or(0, |edit| edit.range.end);
            // The value may have been cut, too.
            let cut = scan.known().and_then(|known| known.cut_off(&head));
            edits.extend(cut.filter(|edit| edit.range.start >= end));
            edits
        }
    }
}

/// Makes the edits of a part.
fn change(exchange: &mut Exchange, part: Part, edits: &[Edit]) {
    let edit = |text: &mut Text| *text = Text::from(apply(text, edits));
    match part {
        Part::Url => edit(&mut exchange.request.url),
        Part::ResponseUrl => exchange.response.iter_mut().filter_map(|r| r.url.as_mut()).for_each(edit),
        Part::From => exchange.from.iter_mut().for_each(edit),
        Part::To => exchange.to.iter_mut().for_each(edit),
        Part::Reason => exchange.response.iter_mut().for_each(|response| edit(&mut response.reason)),
        Part::Failure => exchange.failure.iter_mut().for_each(edit),
        Part::InformationalReason(at) => {
            let answer =
                exchange.response.iter_mut().filter_map(|response| response.informational.get_mut(at));
            answer.for_each(|answer| edit(&mut answer.reason));
        }
        Part::Header(of, index) => {
            let Some(headers) = of.of_mut(exchange) else { return };
            let changed = headers.iter().enumerate().map(|(at, (name, value))| {
                let value = if at == index { Text::from(apply(value, edits)) } else { Text::from(value) };
                (Text::from(name), value)
            });
            *headers = changed.collect();
        }
        Part::Body(is_response) => {
            let response = exchange.response.as_mut().map(|response| &mut response.body);
            let body = if is_response { response } else { Some(&mut exchange.request.body) };
            match body {
                Some(Body::Text(text) | Body::Omitted(text)) => edit(text),
                Some(Body::Binary(binary)) => {
                    binary.head = match std::str::from_utf8(&binary.head) {
                        Ok(head) => apply(head, edits).into_bytes(),
                        Err(_) => Vec::new(),
                    };
                    // The digest of the whole would let one try what the secret may be.
                    binary.sha256 = None;
                }
                Some(Body::Absent) | None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
