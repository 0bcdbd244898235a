//! Secrets: what they are called, what they look like, and what stands in their place.
//!
//! A recording is made to be published, so it is redacted before a byte of it is
//! written. That takes two passes, because a secret is often known by its name in
//! one place and stands bare in another: a [`Learner`] sees every exchange and
//! collects values; the [`Redactor`] that it becomes replaces them everywhere.
//!
//! - A token keeps its head and its tail around an ellipsis if it is longer than
//!   60 characters, at most a quarter of it and at most 80 characters; the same
//!   token looks the same everywhere. A shorter one is replaced whole.
//! - Passwords, secrets, private keys, cookies and `Authorization` become `***`.
//! - Headers go by their names, JSON, forms and queries by their keys; beyond them
//!   there are patterns (Fernet tokens, JSON web tokens, private keys in PEM).
//! - What is cut off or in no known form, and speaks of secrets, loses its text.
//!
//! Bytes that are no secret stay as they were: order, spacing, repeated keys. Pure
//! functions. What it leaves out: values shorter than four characters, and a few
//! words such as `admin`, are replaced where their name says what they are, and
//! nowhere else, since a page without the word would be no page.
//!
//! ```
//! use docgen::redact::{RuleSpec, Rules, redact};
//! use docgen::trace::Trace;
//!
//! let rules = Rules::new("en", &RuleSpec { keys: vec!["licence".into()], ..RuleSpec::default() })?;
//! let printed = "{\"licence\": \"AB-1234\", \"name\": \"cirros\"}\nbought AB-1234\n";
//! let (_, printed) = redact(Trace::default(), printed, &rules);
//! assert_eq!(printed, "{\"licence\": \"***\", \"name\": \"cirros\"}\nbought ***\n");
//! # Ok::<(), docgen::Error>(())
//! ```

mod find;
mod known;
mod names;
mod walk;

use std::borrow::Cow;

pub use find::{Finding, find_secrets};
use known::Known;
use regex::Regex;
use walk::Visitor;

use crate::error::{Error, ErrorKind, Result};
use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, Trace};

/// What stands for a secret that shows nothing.
const MASK: &str = "***";

/// The ellipses of all languages; each is known as one, whatever the language of a capture.
const ELLIPSES: [&str; 2] = ["(...생략...)", "(...)"];

/// A token of this many characters or fewer shows nothing.
const SHORT: usize = 60;

/// How many characters of a token are shown at most, whatever its length.
const SHOWN: usize = 80;

/// Rules that a user adds to those that are built in.
#[derive(Clone, Debug, Default)]
pub struct RuleSpec {
    /// Names of header fields whose values are secret, in any case.
    pub headers: Vec<String>,
    /// Names of JSON members, form fields and query parameters, in any case.
    pub keys: Vec<String>,
    /// JSON pointers (RFC 6901) to values in bodies; `*` stands for any one member or index.
    pub pointers: Vec<String>,
    /// Regular expressions; the first group is the secret, or all of the match if there is none.
    pub patterns: Vec<String>,
}

/// What is secret, and what stands in its place.
#[derive(Clone, Debug)]
pub struct Rules {
    ellipsis: &'static str,
    headers: Vec<String>,
    keys: Vec<String>,
    pointers: Vec<Vec<String>>,
    patterns: Vec<Regex>,
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
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Ok(Rules {
            ellipsis: if locale == "ko" || locale.starts_with("ko-") { ELLIPSES[0] } else { ELLIPSES[1] },
            headers: lower(&spec.headers),
            keys: spec.keys.iter().map(|key| names::plain(key)).collect(),
            pointers,
            patterns,
        })
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Shows its head and tail, so that a reader can tell one from another.
    Token,
    /// Shows nothing.
    Secret,
}

/// Whether a value was redacted before, by docgen or by hand in its manner.
fn is_redacted(value: &str) -> bool {
    value == MASK
        || ELLIPSES.iter().any(|ellipsis| value.contains(ellipsis))
        // keystoneauth's log writes a digest.
        || value.strip_prefix("{SHA256}").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
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

    /// A value that is secret wherever it stands.
    pub fn value(&mut self, value: &str) {
        self.known.add(Class::Secret, value);
    }

    /// What an exchange says by the names in it.
    pub fn exchange(&mut self, exchange: &Exchange) {
        let mut collect = Collect(&mut self.known);
        messages(exchange.clone(), self.rules, &mut collect);
    }

    /// What a text says, such as the output of a command.
    pub fn text(&mut self, text: &str) {
        walk::text(text, self.rules, true, &mut Collect(&mut self.known));
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
    /// The exchange without its secrets.
    pub fn exchange(&self, exchange: Exchange) -> Exchange {
        messages(exchange, &self.rules, &mut Replace { rules: &self.rules, known: &self.known })
    }

    /// A text, such as the output of a command, without its secrets.
    pub fn text(&self, text: &str) -> String {
        let mut replace = Replace { rules: &self.rules, known: &self.known };
        let text = walk::text(text, &self.rules, true, &mut replace);
        self.known.replace(&text).into_owned()
    }
}

/// A trace and what the command printed, both without their secrets.
pub fn redact(trace: Trace, output: &str, rules: &Rules) -> (Trace, String) {
    let mut learner = Learner::new(rules);
    for exchange in &trace.exchanges {
        learner.exchange(exchange);
    }
    learner.text(output);
    let redactor = learner.done();
    let exchanges = trace.exchanges.into_iter().map(|exchange| redactor.exchange(exchange)).collect();
    let notes = trace.notes.iter().map(|note| redactor.text(note).into()).collect();
    (Trace { exchanges, notes, ..trace }, redactor.text(output))
}

/// Learns and changes nothing.
struct Collect<'k>(&'k mut Known);

impl Visitor for Collect<'_> {
    fn secret(&mut self, class: Class, value: &str) -> Option<String> {
        self.0.add(class, value);
        None
    }

    fn rest<'v>(&mut self, value: &'v str) -> Cow<'v, str> {
        value.into()
    }

    fn suspicious(&mut self, _: &str) -> bool {
        false
    }
}

/// Replaces what is named, and what is known.
struct Replace<'a> {
    rules: &'a Rules,
    known: &'a known::Replacer,
}

impl Visitor for Replace<'_> {
    fn secret(&mut self, class: Class, value: &str) -> Option<String> {
        // What is known to be a secret elsewhere shows no more here.
        let class =
            self.known.class(value).map_or(class, |known| if class == Class::Secret { class } else { known });
        Some(self.rules.stand_in(class, value))
    }

    fn rest<'v>(&mut self, value: &'v str) -> Cow<'v, str> {
        self.known.replace(value)
    }

    fn suspicious(&mut self, text: &str) -> bool {
        names::speaks_of_secrets(text) || self.known.begins_at_end(text) || self.known.replace(text) != text
    }
}

fn messages(mut exchange: Exchange, rules: &Rules, visitor: &mut dyn Visitor) -> Exchange {
    let request = &mut exchange.request;
    request.url = walk::url(&request.url, rules, visitor).into();
    let media = media_type(&request.headers, &request.media_type);
    request.headers = headers(&request.headers, rules, visitor);
    request.trailers = headers(&request.trailers, rules, visitor);
    request.body = body(std::mem::take(&mut request.body), &media, rules, visitor);
    exchange.failure = exchange.failure.map(|reason| {
        let reason = walk::text(&reason, rules, true, visitor);
        visitor.rest(&reason).into_owned().into()
    });
    if let Some(response) = &mut exchange.response {
        response.url = response.url.as_ref().map(|url| walk::url(url, rules, visitor).into());
        response.reason = visitor.rest(&response.reason).into_owned().into();
        let media = media_type(&response.headers, &response.media_type);
        response.headers = headers(&response.headers, rules, visitor);
        response.trailers = headers(&response.trailers, rules, visitor);
        for answer in &mut response.informational {
            answer.reason = visitor.rest(&answer.reason).into_owned().into();
            answer.headers = headers(&answer.headers, rules, visitor);
        }
        response.body = body(std::mem::take(&mut response.body), &media, rules, visitor);
    }
    exchange
}

fn headers(headers: &Headers, rules: &Rules, visitor: &mut dyn Visitor) -> Headers {
    headers
        .iter()
        .map(|(name, value)| {
            let shown = walk::header(name, value, rules, visitor);
            (Text::from(name), shown.map_or_else(|| Text::from(value), Text::from))
        })
        .collect()
}

/// The media type that the headers name, or else `told`, in lower case, without parameters.
fn media_type(headers: &Headers, told: &Option<Text>) -> String {
    let value = headers.get("content-type").or(told.as_deref()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn body(body: Body, media: &str, rules: &Rules, visitor: &mut dyn Visitor) -> Body {
    match body {
        Body::Absent => Body::Absent,
        Body::Omitted(why) => Body::Omitted(why),
        Body::Text(text) => match walk::body(&text, media, rules, visitor) {
            walk::Walked::Same => Body::Text(text),
            walk::Walked::Changed(changed) => Body::Text(changed.into()),
            walk::Walked::Lost => Body::Omitted(rules.ellipsis.into()),
        },
        Body::Binary(mut binary) => {
            let head: String = match std::str::from_utf8(&binary.head) {
                Ok(text) => text.to_owned(),
                Err(_) => binary.head.iter().map(|&byte| byte as char).collect(),
            };
            let walked = walk::text(&head, rules, true, visitor);
            if walked != head || visitor.suspicious(&head) {
                // The digest of the whole would let one try what the secret may be.
                binary.head = Vec::new();
                binary.sha256 = None;
            }
            Body::Binary(binary)
        }
    }
}

#[cfg(test)]
mod tests;
