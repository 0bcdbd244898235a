//! Where secrets stand in a text: one scanner for each notation, and all that is not in it stays.
//!
//! A scanner finds names and values by their places in the text, tolerant of what is damaged or cut
//! off, and gives [`Edit`]s: which bytes go, and what stands there instead. A value in a notation of its
//! own (JSON in a string of JSON, a query in a query, Base64 of a text) is decoded, scanned as a text
//! itself, and encoded again if anything in it goes. Every way is linear in the length of the text, and
//! follows texts within texts to a depth. What this leaves out: which names and values are secret, and
//! what is done with the edits.

mod command;
mod form;
mod header;
mod json;
mod lines;
mod markup;
mod multipart;

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

#[cfg(test)]
pub(super) use form::percent_decoded;
pub(super) use form::percent_encoded;
pub(super) use markup::encoded as xml_encoded;

use super::known::Replacer;
use super::names::{self, Judged, Memory, Place, Role, Secrecy};
use super::{Class, Rules, is_redacted, looks, strength};
use crate::profile::{Under, wildcard_matches};
use crate::trace::UrlParts;

/// How deep texts within texts are followed.
pub(super) const DEPTH: usize = 5;

/// A place of a text that goes, and what stands there instead.
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: String,
    pub(super) found: Vec<Found>,
}

/// A secret that was found.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) class: Class,
    pub(super) rule: Rule,
    /// The name that says so, or what it looks like.
    pub(super) name: String,
    /// The secret itself, decoded.
    pub(super) value: String,
    /// Whether the value is a secret wherever else it stands: a preference in a cookie is none.
    pub(super) anywhere: bool,
}

/// What says that a value is secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rule {
    Name,
    Look,
    Known,
    Pattern,
    Pointer,
}

/// What a text is part of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Setting {
    /// A body or an output: lines count.
    Whole,
    /// A value in some notation: what looks like a line may be a sentence.
    Value,
}

/// Finds secrets by the rules of a capture, in what one exchange says or in a text of its own.
pub(super) struct Scan<'r> {
    rules: &'r Rules,
    known: Option<&'r Replacer>,
    /// People write here, who mean `{password}` and `$OS_PASSWORD` as what stands for a value.
    is_prose: bool,
    under: Vec<&'r Under>,
    memory: &'r Memory,
}

impl<'r> Scan<'r> {
    pub(super) fn new(rules: &'r Rules, known: Option<&'r Replacer>, memory: &'r Memory) -> Scan<'r> {
        Scan { rules, known, is_prose: false, under: Vec::new(), memory }
    }

    pub(super) fn prose(self) -> Scan<'r> {
        Scan { is_prose: true, ..self }
    }

    /// Goes by what is secret under this path of an API; `has_field` tells whether the exchange has a
    /// header field whose name begins so.
    pub(super) fn under(&self, url: &str, has_field: impl Fn(&str) -> bool) -> Scan<'r> {
        let path = UrlParts::of(url).path;
        let is_there = |under: &&Under| {
            (under.mark.is_empty() || has_field(&under.mark)) && wildcard_matches(&under.path, path)
        };
        let all = names::under().iter().chain(&self.rules.under);
        Scan { under: all.filter(is_there).collect(), ..*self }
    }

    pub(super) fn known(&self) -> Option<&'r Replacer> {
        self.known
    }

    /// Whether a variable of this name is secret by it.
    pub(super) fn judges(&self, name: &str) -> bool {
        self.judge(name, Place::Key).is_some()
    }

    /// The edits of a body, an output or any text whose notation shows itself.
    pub(super) fn body(&self, text: &str, media: &str) -> Vec<Edit> {
        if self.under.iter().any(|under| under.body) && !text.trim().is_empty() && !is_redacted(text.trim()) {
            let mut edits = Vec::new();
            self.secret(
                &mut edits,
                0..text.len(),
                Secrecy::plainly(Class::Secret),
                "body",
                text,
                str::to_owned,
            );
            return edits;
        }
        self.level(text, |out| self.structure(text, 0, media, Setting::Whole, DEPTH, out))
    }

    /// The edits of a value that stands for itself: a reason, a sentence.
    pub(super) fn value(&self, text: &str) -> Vec<Edit> {
        self.level(text, |out| self.structure(text, 0, "", Setting::Value, DEPTH, out))
    }

    pub(super) fn header(&self, name: &str, value: &str) -> Vec<Edit> {
        self.level(value, |out| header::scan(self, name, value, 0, DEPTH, out))
    }

    pub(super) fn url(&self, url: &str) -> Vec<Edit> {
        self.level(url, |out| form::url(self, url, 0, DEPTH, out))
    }

    /// The edits of a name that may be the authority of a URL.
    pub(super) fn authority(&self, name: &str) -> Vec<Edit> {
        self.level(name, |out| form::authority(self, name, 0, out))
    }

    /// The edits of each word of a command.
    pub(super) fn command(&self, words: &[String]) -> Vec<Vec<Edit>> {
        command::words(self, words, DEPTH)
    }

    /// The edits of a line for a shell.
    pub(super) fn command_line(&self, line: &str) -> Vec<Edit> {
        self.level(line, |out| command::line(self, line, 0, DEPTH, out))
    }

    /// The edits of one text: what `structure` finds by names, then looks, patterns and known values.
    fn level(&self, text: &str, structure: impl FnOnce(&mut Vec<Edit>)) -> Vec<Edit> {
        let mut edits = Vec::new();
        structure(&mut edits);
        for seen in looks::find(text) {
            let value = &text[seen.span.clone()];
            if !self.is_excepted(seen.name) {
                self.edit(&mut edits, seen.span.clone(), seen.class, Rule::Look, seen.name, value);
            }
        }
        for pattern in &self.rules.patterns {
            for found in pattern.captures_iter(text) {
                let Some(secret) = found.get(1).or(found.get(0)) else { continue };
                if !secret.is_empty() && !is_redacted(secret.as_str()) {
                    let name = pattern.as_str();
                    self.edit(
                        &mut edits,
                        secret.range(),
                        Class::Secret,
                        Rule::Pattern,
                        name,
                        secret.as_str(),
                    );
                }
            }
        }
        if let Some(known) = self.known {
            known.find(text, &mut edits);
        }
        in_order(edits, text)
    }

    fn edit(
        &self,
        out: &mut Vec<Edit>,
        range: Range<usize>,
        class: Class,
        rule: Rule,
        name: &str,
        value: &str,
    ) {
        self.encoded_edit(out, range, class, rule, name, value, str::to_owned);
    }

    #[allow(clippy::too_many_arguments, reason = "each is one fact of what was found")]
    fn encoded_edit(
        &self,
        out: &mut Vec<Edit>,
        range: Range<usize>,
        class: Class,
        rule: Rule,
        name: &str,
        value: &str,
        encode: impl Fn(&str) -> String,
    ) {
        // What is known to be a token elsewhere looks here as it does there, unless this place hides all.
        let shown = match self.known.and_then(|known| known.class(value)) {
            Some(known) if class == Class::Token => known,
            _ => class,
        };
        let with = encode(&self.rules.stand_in(shown, value));
        let found = Found { class, rule, name: name.to_owned(), value: value.to_owned(), anywhere: true };
        out.push(Edit { range, with, found: vec![found] });
    }

    /// A value whose name says that it is secret, if it is one. `encode` writes a stand-in as the
    /// text around it is written.
    fn secret(
        &self,
        out: &mut Vec<Edit>,
        range: Range<usize>,
        secrecy: Secrecy,
        name: &str,
        value: &str,
        encode: impl Fn(&str) -> String,
    ) -> bool {
        let is_one = self.is_value(secrecy, value);
        if is_one {
            self.encoded_edit(out, range, secrecy.class, Rule::Name, name, value, encode);
        }
        is_one
    }

    /// Scans what a value says once it is decoded, and replaces the value whole if anything goes.
    fn nested(
        &self,
        out: &mut Vec<Edit>,
        range: Range<usize>,
        decoded: &str,
        encode: impl Fn(&str) -> String,
        structure: impl FnOnce(&mut Vec<Edit>),
    ) {
        let edits = self.level(decoded, structure);
        if !edits.is_empty() {
            let with = encode(&apply(decoded, &edits));
            out.push(Edit { range, with, found: edits.into_iter().flat_map(|edit| edit.found).collect() });
        }
    }

    /// What this name says of its value, with the rules of the user.
    fn judge(&self, name: &str, place: Place) -> Option<Secrecy> {
        self.judged(name, place).secrecy
    }

    /// What a name says of its value, and of those beside it.
    fn judged(&self, name: &str, place: Place) -> Judged {
        let is_under = |key: &String| names::plain(key) == names::plain(name);
        if !self.under.is_empty() && self.under.iter().any(|under| under.keys.iter().any(is_under)) {
            return Judged { secrecy: Some(Secrecy::plainly(Class::Secret)), role: Role::of(name) };
        }
        self.memory.of(name, place, || {
            let plain = names::plain(name);
            let secrecy = if self.is_excepted(name) {
                None
            } else if self.rules.keys.contains(&plain)
                || place == Place::Header && self.rules.headers.contains(&plain)
            {
                Some(Secrecy::plainly(Class::Secret))
            } else {
                names::judge(name, place)
            };
            Judged { secrecy, role: Role::of(name) }
        })
    }

    fn is_excepted(&self, name: &str) -> bool {
        !self.rules.except.is_empty() && self.rules.except.contains(&names::plain(name))
    }

    /// Whether a value that a name calls secret is one, and not a word that stands in its place.
    fn is_value(&self, secrecy: Secrecy, value: &str) -> bool {
        let value = value.trim();
        if value.is_empty() || is_redacted(value) || is_no_value(value) || is_variable(value) {
            return false;
        }
        if secrecy.strong && !strength::is_strong(value) {
            return false;
        }
        if secrecy.text && value.len() < 12 && value.parse::<f64>().is_ok_and(|number| number < 1000.0) {
            return false;
        }
        !(self.is_prose && stands_for_a_value(value))
    }

    /// Finds the notation of a text, and what is secret in it by its names.
    fn structure(
        &self,
        text: &str,
        at: usize,
        media: &str,
        setting: Setting,
        depth: usize,
        out: &mut Vec<Edit>,
    ) {
        let trimmed = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let skipped = text.len() - trimmed.len();
        let first = trimmed.as_bytes().first();
        let has_structure = |byte: &u8| matches!(byte, b':' | b'=' | b'<' | b'|' | b'-');
        if !text.bytes().any(|byte| has_structure(&byte)) {
            return self.base64(text, at, depth, out);
        }
        match first {
            Some(b'-')
                if trimmed.starts_with("--") && multipart::scan(self, trimmed, at + skipped, depth, out) => {}
            Some(b'{' | b'[' | b'"') => {
                let end = json::scan(self, trimmed, at + skipped, depth, out).end;
                if end < trimmed.len() {
                    lines::scan(self, &trimmed[end..], at + skipped + end, setting, depth, out);
                }
            }
            Some(b'<') if markup::is_markup(trimmed) => markup::scan(self, trimmed, at + skipped, depth, out),
            _ if media == "application/x-www-form-urlencoded" || form::is_query(trimmed) => {
                form::query(self, trimmed, at + skipped, depth, out);
            }
            _ if setting == Setting::Value && form::is_url(trimmed) => {
                form::url(self, trimmed, at + skipped, depth, out);
            }
            _ => {
                self.base64(text, at, depth, out);
                lines::scan(self, text, at, setting, depth, out);
            }
        }
    }

    /// A value that is Base64 of a text.
    fn base64(&self, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
        /// A shorter text has no name and value in it.
        const SHORTEST: usize = 16;
        let value = text.trim();
        if depth == 0 || value.len() < SHORTEST || self.is_prose && value.len() < 24 {
            return;
        }
        let Some((decoded, encode)) = decode_base64(value) else { return };
        let start = at + (text.len() - text.trim_start().len());
        self.nested(out, start..start + value.len(), &decoded, encode, |out| {
            self.structure(&decoded, 0, "", Setting::Whole, depth - 1, out);
        });
    }
}

/// The edits in order, none within another: the wider one counts, of two alike the one that a later
/// scanner found.
fn in_order(mut edits: Vec<Edit>, text: &str) -> Vec<Edit> {
    edits.retain(|edit| !edit.range.is_empty() && edit.with != text[edit.range.clone()]);
    edits.reverse();
    // A name says more than looks, and both more than what is known from elsewhere.
    let rank = |edit: &Edit| match edit.found.first().map(|found| found.rule) {
        Some(Rule::Known) => 2,
        Some(Rule::Look) => 1,
        _ => 0,
    };
    edits.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end), rank(edit)));
    let mut kept: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match kept.last_mut() {
            Some(last) if edit.range.start < last.range.end => {
                // Two that overlap are one: all of both goes.
                if edit.range.end > last.range.end {
                    last.range.end = edit.range.end;
                    last.found.extend(edit.found);
                }
            }
            _ => kept.push(edit),
        }
    }
    kept
}

/// The text with its edits made.
pub(super) fn apply(text: &str, edits: &[Edit]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        changed.push_str(&text[done..edit.range.start]);
        changed.push_str(&edit.with);
        done = edit.range.end;
    }
    changed.push_str(&text[done..]);
    changed
}

/// Words that stand where a value would, in whatever notation.
fn is_no_value(value: &str) -> bool {
    const WORDS: [&str; 16] = [
        "null",
        "none",
        "nil",
        "true",
        "false",
        "undefined",
        "nan",
        "n/a",
        "yes",
        "no",
        "on",
        "off",
        "[]",
        "{}",
        "-",
        "~",
    ];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.bytes().all(|byte| !byte.is_ascii_alphanumeric() && byte < 128 && value.len() < 3)
}

/// Whether a value is a variable of a shell, which holds the secret and shows none: `$TOKEN`, `${TOKEN}`.
fn is_variable(value: &str) -> bool {
    let name = value.strip_prefix('$').map(|name| match name.strip_prefix('{') {
        Some(name) => name.strip_suffix('}').unwrap_or(""),
        None => name,
    });
    name.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    })
}

/// Whether a value under a secret name is a sentence about it, as servers answer to a form.
fn is_message(value: &str) -> bool {
    const WORDS: [&str; 30] = [
        "required",
        "must",
        "invalid",
        "incorrect",
        "blank",
        "short",
        "long",
        "cannot",
        "can't",
        "should",
        "least",
        "characters",
        "match",
        "allowed",
        "missing",
        "expired",
        "wrong",
        "contain",
        "empty",
        "field",
        "please",
        "enter",
        "your",
        "the",
        "may",
        "forgotten",
        "common",
        "similar",
        "not",
        "has",
    ];
    let words = || value.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    words().count() >= 3
        && value.contains(' ')
        && words().filter(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))).count() >= 2
}

/// Whether a value is what people write in the place of one.
fn stands_for_a_value(value: &str) -> bool {
    let word = value.to_ascii_lowercase();
    value.starts_with(['{', '<', '$', '%', '['])
        || value.contains("...")
        || value.contains('…')
        || value.contains("***")
        || ["string", "password", "token", "secret", "your", "my", "example", "changeme", "value"]
            .contains(&&*word)
        || is_message(value)
        || is_selector(value)
        || value.chars().all(|c| matches!(c, 'x' | 'X' | '*' | '.' | '-' | '_'))
}

/// Whether a value is what settings know an exchange by, `keystone POST /v3/auth/tokens`: a label may be
/// called `token`.
fn is_selector(value: &str) -> bool {
    let words: Vec<&str> = value.split(' ').collect();
    words.windows(2).any(|pair| {
        let is_method = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
        is_method(pair[0]) && pair[1].starts_with('/')
    })
}

/// Writes a text in the notation of what stands around it.
type Encode = fn(&str) -> String;

/// Base64 of a text that may hold a name and a value, in any of its alphabets, and how it is written.
fn decode_base64(value: &str) -> Option<(String, Encode)> {
    let is_letter =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=');
    // Most values end at their first byte here.
    if !value.bytes().all(is_letter) {
        return None;
    }
    let engines: [(_, Encode); 4] = [
        (STANDARD, |text| STANDARD.encode(text)),
        (STANDARD_NO_PAD, |text| STANDARD_NO_PAD.encode(text)),
        (URL_SAFE, |text| URL_SAFE.encode(text)),
        (URL_SAFE_NO_PAD, |text| URL_SAFE_NO_PAD.encode(text)),
    ];
    // The first bytes tell that it is no text, without a copy of all.
    let head = &value.as_bytes()[..value.len().min(64) / 4 * 4];
    let is_text = |bytes: &[u8]| {
        bytes.iter().all(|&byte| byte >= b' ' && byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r'))
    };
    let starts_so =
        [STANDARD, URL_SAFE].iter().any(|engine| engine.decode(head).is_ok_and(|bytes| is_text(&bytes)))
            || value.len() < 64;
    if !starts_so {
        return None;
    }
    engines.into_iter().find_map(|(engine, encode)| {
        let decoded = engine.decode(value).ok().filter(|bytes| is_text(bytes))?;
        let decoded = String::from_utf8(decoded).ok()?;
        decoded.contains([':', '=', '<']).then_some((decoded, encode))
    })
}

/// What a quoted value means where a backslash escapes, as in JSON and most languages.
fn unescaped(raw: &str) -> Cow<'_, str> {
    if !raw.contains('\\') {
        return raw.into();
    }
    let mut quoted = String::with_capacity(raw.len() + 2);
    quoted.push('"');
    quoted.push_str(raw);
    quoted.push('"');
    if let Ok(text) = serde_json::from_str::<String>(&quoted) {
        return text.into();
    }
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('t') => text.push('\t'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            c => text.push(c),
        }
    }
    text.into()
}

/// A text as it stands in a string of JSON, without the quotes.
fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}
