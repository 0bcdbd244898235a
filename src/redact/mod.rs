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
use known::KnownSecrets;
use names::Memory;
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
        Scan::new(self, None, &Memory::default()).judges(name)
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
    let value = value.trim_matches(['"', '\'', ' ', ',', ';']);
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
    known: KnownSecrets,
    memory: Memory,
}

impl<'r> Learner<'r> {
    /// One that knows nothing yet.
    pub fn new(rules: &'r Rules) -> Learner<'r> {
        Learner { rules, known: KnownSecrets::default(), memory: Memory::default() }
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
        visit(exchange, &self.scan(), &mut |_, text, find| learned.extend(find(text)));
        self.learn(learned);
    }

    /// What a text says, such as the output of a command.
    pub fn text(&mut self, text: &str) {
        let edits = self.scan().body(text, "");
        self.learn(edits);
    }

    /// What the words of a command say.
    pub fn command(&mut self, words: &[String]) {
        let edits = self.scan().command(words);
        self.learn(edits.into_iter().flatten().collect());
    }

    /// What a line for a shell says.
    pub fn command_line(&mut self, line: &str) {
        let edits = self.scan().command_line(line);
        self.learn(edits);
    }

    fn scan(&self) -> Scan<'_> {
        Scan::new(self.rules, None, &self.memory)
    }

    fn learn(&mut self, edits: Vec<Edit>) {
        for found in edits.iter().flat_map(|edit| &edit.found).filter(|found| found.anywhere) {
            self.known.add(found.class, &found.name, &found.value);
        }
    }

    /// Knows all that there is to know.
    pub fn done(self) -> Redactor {
        let known = self.known.build(self.rules);
        Redactor { rules: self.rules.clone(), known, memory: self.memory }
    }
}

/// Replaces secrets.
pub struct Redactor {
    rules: Rules,
    known: known::Replacer,
    memory: Memory,
}

impl Redactor {
    /// The exchange without its secrets, which are counted.
    pub fn exchange(&self, mut exchange: Exchange, tally: &mut Tally) -> Exchange {
        let mut changes = Vec::new();
        visit(&exchange, &self.scan(), &mut |part, text, find| {
            changes.extend(settled(text, find, part.place(), tally).map(|changed| (part, changed)));
        });
        for (part, changed) in changes {
            change(&mut exchange, part, changed);
        }
        exchange
    }

    /// A text, such as the output of a command, without its secrets.
    pub fn text(&self, text: &str, tally: &mut Tally) -> String {
        let scan = self.scan();
        let changed = settled(text, &|text| scan.body(text, ""), Where::Output, tally);
        changed.unwrap_or_else(|| text.to_owned())
    }

    /// The words of a command without their secrets. With a shell, the one word is a line.
    pub fn command(&self, words: &[String], is_shell: bool, tally: &mut Tally) -> Vec<String> {
        let scan = self.scan();
        if let ([line], true) = (words, is_shell) {
            let changed = settled(line, &|line| scan.command_line(line), Where::Command, tally);
            return vec![changed.unwrap_or_else(|| line.clone())];
        }
        let mut words = words.to_vec();
        for pass in 0..PASSES {
            let edits = scan.command(&words);
            if edits.iter().all(Vec::is_empty) {
                break;
            }
            for (word, edits) in words.iter_mut().zip(edits) {
                if pass == 0 {
                    tally.add(Where::Command, &edits);
                }
                *word = apply(word, &edits);
            }
        }
        words
    }

    fn scan(&self) -> Scan<'_> {
        Scan::new(&self.rules, Some(&self.known), &self.memory)
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

/// How often a text is scanned at most.
const PASSES: usize = 5;

/// A text without its secrets, if it has any. What stands in for one may make another of what is around
/// it, so the text is scanned until nothing is found, as `docgen check` will scan it.
fn settled(text: &str, find: &dyn Fn(&str) -> Vec<Edit>, place: Where, tally: &mut Tally) -> Option<String> {
    let mut changed: Option<String> = None;
    for pass in 0..PASSES {
        let now = changed.as_deref().unwrap_or(text);
        let edits = find(now);
        if edits.is_empty() {
            break;
        }
        if pass == 0 {
            tally.add(place, &edits);
        }
        changed = Some(apply(now, &edits));
    }
    changed
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

/// Finds the edits of a text.
type Find<'f> = &'f dyn Fn(&str) -> Vec<Edit>;

/// Shows `each` every part of an exchange, and how its edits are found.
fn visit(exchange: &Exchange, scan: &Scan<'_>, each: &mut dyn FnMut(Part, &str, Find<'_>)) {
    let request = &exchange.request;
    let responses = exchange.response.as_ref().map(|response| &response.headers);
    let all = || request.headers.iter().chain(responses.into_iter().flat_map(Headers::iter));
    let scan = scan.under(&request.url, |mark| {
        all().any(|(name, _)| name.get(..mark.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(mark)))
    });
    let url = |text: &str| scan.url(text);
    let value = |text: &str| scan.value(text);
    let authority = |text: &str| scan.authority(text);
    let fields = |of: Fields, each: &mut dyn FnMut(Part, &str, Find<'_>)| {
        for (index, (name, value)) in of.of(exchange).into_iter().flat_map(Headers::iter).enumerate() {
            each(Part::Header(of, index), value, &|value| scan.header(name, value));
        }
    };
    each(Part::Url, &request.url, &url);
    // A recorder may have named a server by its URL.
    each(Part::From, exchange.from.as_deref().unwrap_or_default(), &authority);
    each(Part::To, exchange.to.as_deref().unwrap_or_default(), &authority);
    Fields::of_request().into_iter().for_each(|of| fields(of, each));
    body(&request.body, Part::Body(false), &media_type(&request.headers, &request.media_type), &scan, each);
    each(Part::Failure, exchange.failure.as_deref().unwrap_or_default(), &value);
    let Some(response) = &exchange.response else { return };
    each(Part::ResponseUrl, response.url.as_deref().unwrap_or_default(), &url);
    each(Part::Reason, &response.reason, &value);
    for (at, answer) in response.informational.iter().enumerate() {
        each(Part::InformationalReason(at), &answer.reason, &value);
    }
    Fields::of_response(response).for_each(|of| fields(of, each));
    body(&response.body, Part::Body(true), &media_type(&response.headers, &response.media_type), &scan, each);
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

fn body(body: &Body, part: Part, media: &str, scan: &Scan<'_>, each: &mut dyn FnMut(Part, &str, Find<'_>)) {
    match body {
        Body::Absent => {}
        Body::Text(text) => each(part, text, &|text| scan.body(text, media)),
        Body::Omitted(why) => each(part, why, &|why| scan.value(why)),
        Body::Binary(binary) => each(part, &head_text(&binary.head), &|head| {
            let mut edits = scan.body(head, media);
            let end = edits.last().map_or(0, |edit| edit.range.end);
            // The value may have been cut, too.
            let cut = scan.known().and_then(|known| known.cut_off(head));
            edits.extend(cut.filter(|edit| edit.range.start >= end));
            edits
        }),
    }
}

/// Puts the text of a part in its place.
fn change(exchange: &mut Exchange, part: Part, text: String) {
    let response = exchange.response.as_mut();
    match part {
        Part::Url => exchange.request.url = text.into(),
        Part::From => exchange.from = Some(text.into()),
        Part::To => exchange.to = Some(text.into()),
        Part::Failure => exchange.failure = Some(text.into()),
        Part::ResponseUrl => {
            if let Some(response) = response {
                response.url = Some(text.into());
            }
        }
        Part::Reason => {
            if let Some(response) = response {
                response.reason = text.into();
            }
        }
        Part::InformationalReason(at) => {
            if let Some(answer) = response.and_then(|response| response.informational.get_mut(at)) {
                answer.reason = text.into();
            }
        }
        Part::Header(of, index) => {
            let Some(headers) = of.of_mut(exchange) else { return };
            let changed = headers.iter().enumerate().map(|(at, (name, value))| {
                (Text::from(name), Text::from(if at == index { &text } else { value }))
            });
            *headers = changed.collect();
        }
        Part::Body(is_response) => {
            let of_response = response.map(|response| &mut response.body);
            match if is_response { of_response } else { Some(&mut exchange.request.body) } {
                Some(Body::Text(body) | Body::Omitted(body)) => *body = text.into(),
                Some(Body::Binary(binary)) => {
                    let is_text = std::str::from_utf8(&binary.head).is_ok();
                    binary.head = if is_text { text.into_bytes() } else { Vec::new() };
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
