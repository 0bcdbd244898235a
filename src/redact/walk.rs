//! Ways through structured text: URLs, header values, JSON, forms, and what has no structure.
//!
//! Each shows the visitor the values that are secret by their names or their
//! looks, then what is left, and puts what it answers in their place. All other
//! bytes stay.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use regex::{Captures, Regex};

use super::{Class, Rules, is_redacted, names};
use crate::trace::UrlParts;

/// What is done with what a way leads to.
pub(super) trait Visitor {
    /// A secret; what is to stand in its place, if it is to be replaced.
    fn secret(&mut self, class: Class, value: &str) -> Option<String>;
    /// A value that is not secret by itself, and may have one in it.
    fn rest<'v>(&mut self, value: &'v str) -> Cow<'v, str>;
    /// Whether a text whose structure is not known must go.
    fn suspicious(&mut self, text: &str) -> bool;
}

/// What came of a body.
pub(super) enum Walked {
    Same,
    Changed(String),
    /// It cannot be said what is secret in it.
    Lost,
}

/// How deep JSON in JSON strings, and queries in queries, are followed.
const DEPTH: usize = 4;

/// A body of this media type.
pub(super) fn body(text: &str, media: &str, rules: &Rules, visitor: &mut dyn Visitor) -> Walked {
    let start = text.trim_start();
    if let Some(walked) = multipart(text, rules, visitor) {
        return if walked == text { Walked::Same } else { Walked::Changed(walked) };
    }
    let walked = if start.starts_with(['{', '[', '"']) && is_json(text) {
        json(text, rules, visitor, DEPTH)
    } else if media == "application/x-www-form-urlencoded" {
        query(text, rules, visitor, DEPTH)
    } else if matches!(media, "" | "text/plain" | "text/html") && !start.starts_with(['{', '[']) {
        let text = self::text(text, rules, true, visitor);
        visitor.rest(&text).into_owned()
    } else if visitor.suspicious(text) {
        return Walked::Lost;
    } else {
        let text = self::text(text, rules, false, visitor);
        visitor.rest(&text).into_owned()
    };
    if walked == text { Walked::Same } else { Walked::Changed(walked) }
}

/// A form in parts (RFC 7578), which it shows itself to be whatever its type is said to be: values by
/// the names of their fields. `None` where it is none.
fn multipart(text: &str, rules: &Rules, visitor: &mut dyn Visitor) -> Option<String> {
    static NAME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)^content-disposition:[ \t]*form-data\b.*?[; \t]name=(?:"([^"]*)"|([^;\s]+))"#)
            .expect("the pattern is right")
    });
    let delimiter = text.lines().find(|line| !line.trim().is_empty())?.trim_end();
    let is_form = || text.lines().any(|line| NAME.is_match(line));
    if !delimiter.starts_with("--") || delimiter.len() < 3 || !is_form() {
        return None;
    }
    let mut walked = String::with_capacity(text.len());
    let is_line = |at: usize| at == 0 || text[..at].ends_with('\n');
    let delimiters = text.match_indices(delimiter).map(|(at, _)| at).filter(|&at| is_line(at));
    let delimiters: Vec<usize> = delimiters.chain([text.len()]).collect();
    walked.push_str(&text[..*delimiters.first()?]);
    for ends in delimiters.windows(2) {
        let part = &text[ends[0] + delimiter.len()..ends[1]];
        walked.push_str(delimiter);
        let blank = ["\r\n\r\n", "\n\n"].into_iter().find_map(|blank| Some((part.find(blank)?, blank.len())));
        let Some((head_end, length)) = blank else {
            walked.push_str(&visitor.rest(part));
            continue;
        };
        let (head, value) = part.split_at(head_end + length);
        let kept = value.trim_end_matches(['\r', '\n']);
        let end = &value[kept.len()..];
        walked.push_str(&visitor.rest(head));
        let name = head.lines().find_map(|line| NAME.captures(line));
        let name = name.and_then(|found| found.get(1).or(found.get(2))).map_or("", |name| name.as_str());
        let class = rules_key(rules, name).or_else(|| names::key(name));
        let media = head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case("content-type").then(|| value.split(';').next().unwrap_or("").trim())
        });
        match class.filter(|_| !kept.is_empty() && !is_redacted(kept)) {
            Some(class) => walked.push_str(&visitor.secret(class, kept).unwrap_or_else(|| kept.to_owned())),
            None => match body(kept, &media.unwrap_or_default().to_ascii_lowercase(), rules, visitor) {
                Walked::Same => walked.push_str(kept),
                Walked::Changed(changed) => walked.push_str(&changed),
                Walked::Lost => walked.push_str(rules.ellipsis),
            },
        }
        walked.push_str(end);
    }
    Some(walked)
}

/// A header field's value; `None` if it stays.
pub(super) fn header(name: &str, value: &str, rules: &Rules, visitor: &mut dyn Visitor) -> Option<String> {
    if is_redacted(value) || value.is_empty() {
        return None;
    }
    let added = rules.headers.iter().any(|header| name.eq_ignore_ascii_case(header)).then_some(Class::Secret);
    if let Some(class) = added.or_else(|| names::header(name)) {
        for part in credentials(name, value) {
            visitor.secret(Class::Secret, &part);
        }
        return visitor.secret(class, value);
    }
    let walked = if value.contains("://") || (value.starts_with('/') && value.contains('?')) {
        url(value, rules, visitor)
    } else {
        let text = text(value, rules, false, visitor);
        visitor.rest(&text).into_owned()
    };
    (walked != value).then_some(walked)
}

/// The secrets inside a header field that is one: what may stand elsewhere without the rest.
fn credentials(name: &str, value: &str) -> Vec<String> {
    let mut parts = Vec::new();
    if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie") {
        let pairs = if name.eq_ignore_ascii_case("cookie") { usize::MAX } else { 1 };
        let values = value.split(';').take(pairs).filter_map(|pair| pair.split_once('='));
        parts.extend(
            values
                .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
                .filter(|(name, value)| names::is_key_cookie(name, value))
                .map(|(_, value)| value.to_owned()),
        );
    } else if let Some((scheme, rest)) = value.split_once(' ') {
        if scheme.eq_ignore_ascii_case("basic") {
            let decoded = base64::engine::general_purpose::STANDARD.decode(rest.trim()).unwrap_or_default();
            let decoded = String::from_utf8(decoded).unwrap_or_default();
            parts.extend(decoded.split_once(':').map(|(_, password)| password.to_owned()));
        }
        if !rest.contains(' ') {
            parts.push(rest.trim().to_owned());
        }
    }
    parts
}

/// A URL, absolute or not: the password before its host, and its query.
pub(super) fn url(url: &str, rules: &Rules, visitor: &mut dyn Visitor) -> String {
    self::url_at(url, rules, visitor, DEPTH)
}

fn url_at(url: &str, rules: &Rules, visitor: &mut dyn Visitor, depth: usize) -> String {
    let authority = UrlParts::of(url).authority;
    let password =
        authority.rsplit_once('@').and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    let mut walked = url.to_owned();
    if let Some(password) = password.filter(|password| !password.is_empty() && !is_redacted(password))
        && let Some(stand_in) = visitor.secret(Class::Secret, &percent_decode(password))
    {
        walked = walked.replacen(&format!(":{password}@"), &format!(":{stand_in}@"), 1);
    }
    let (before, after) = match walked.split_once('?') {
        Some((before, after)) => (before, Some(after)),
        None => (&*walked, None),
    };
    let before = text(before, rules, false, visitor);
    let mut result = visitor.rest(&before).into_owned();
    if let Some(after) = after {
        let (after, fragment) = match after.split_once('#') {
            Some((after, fragment)) => (after, Some(fragment)),
            None => (after, None),
        };
        result.push('?');
        result.push_str(&query(after, rules, visitor, depth));
        if let Some(fragment) = fragment {
            result.push('#');
            result.push_str(&query(fragment, rules, visitor, depth));
        }
    }
    result
}

/// `name=value` pairs between `&`.
fn query(text: &str, rules: &Rules, visitor: &mut dyn Visitor, depth: usize) -> String {
    let pairs: Vec<String> = text
        .split('&')
        .map(|pair| {
            let Some((name, value)) = pair.split_once('=') else {
                return visitor.rest(pair).into_owned();
            };
            let decoded = percent_decode(&value.replace('+', " "));
            let class = rules_key(rules, &percent_decode(name)).or_else(|| names::key(&percent_decode(name)));
            if let Some(class) = class.filter(|_| !value.is_empty() && !is_redacted(&decoded)) {
                return match visitor.secret(class, &decoded) {
                    Some(stand_in) => format!("{name}={stand_in}"),
                    None => pair.to_owned(),
                };
            }
            let walked = if depth > 0 && decoded.contains("://") {
                url_at(&decoded, rules, visitor, depth - 1)
            } else if depth > 0 && decoded.contains('=') {
                let (mark, inner) = decoded.split_at(usize::from(decoded.starts_with('?')));
                mark.to_owned() + &query(inner, rules, visitor, depth - 1)
            } else {
                let text = self::text(&decoded, rules, false, visitor);
                visitor.rest(&text).into_owned()
            };
            if walked == decoded {
                visitor.rest(pair).into_owned()
            } else {
                format!("{name}={}", percent_encode(&walked))
            }
        })
        .collect();
    pairs.join("&")
}

fn rules_key(rules: &Rules, key: &str) -> Option<Class> {
    (!rules.keys.is_empty() && rules.keys.contains(&names::plain(key))).then_some(Class::Secret)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Where the scanner is.
struct Level {
    /// In an object; else in an array.
    object: bool,
    /// The member whose value comes, or the index of the element.
    key: String,
    index: usize,
}

/// JSON that is known to be right. Only the strings that change are written anew.
fn json(text: &str, rules: &Rules, visitor: &mut dyn Visitor, depth: usize) -> String {
    let mut walked = String::with_capacity(text.len());
    let mut levels: Vec<Level> = Vec::new();
    let mut wants_key = false;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => {
                wants_key = bytes[at] == b'{';
                levels.push(Level { object: wants_key, key: String::new(), index: 0 });
            }
            b'}' | b']' => {
                levels.pop();
            }
            b',' => {
                if let Some(level) = levels.last_mut() {
                    wants_key = level.object;
                    level.index += 1;
                }
            }
            b':' => wants_key = false,
            b'"' => {
                let end = string_end(bytes, at);
                let raw = &text[at..end];
                if wants_key {
                    let key: String = serde_json::from_str(raw).unwrap_or_default();
                    match visitor.rest(&key) {
                        // A short one is a word by chance, and the name of something.
                        changed if changed != key && key.len() >= 20 => {
                            walked.push_str(&serde_json::Value::from(&*changed).to_string());
                        }
                        _ => walked.push_str(raw),
                    }
                    if let Some(level) = levels.last_mut() {
                        level.key = key;
                    }
                } else {
                    let value: String = serde_json::from_str(raw).unwrap_or_default();
                    match string(&value, &levels, rules, visitor, depth) {
                        Some(changed) => walked.push_str(&serde_json::Value::String(changed).to_string()),
                        None => walked.push_str(raw),
                    }
                }
                at = end;
                continue;
            }
            b'-' | b'0'..=b'9' => {
                let length = bytes[at..]
                    .iter()
                    .take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9'))
                    .count();
                let raw = &text[at..at + length];
                let stand_in = class_at(&levels, rules).and_then(|class| visitor.secret(class, raw));
                match stand_in {
                    Some(stand_in) => walked.push_str(&serde_json::Value::String(stand_in).to_string()),
                    None => walked.push_str(raw),
                }
                at += length;
                continue;
            }
            _ => {}
        }
        let c = text[at..].chars().next().unwrap_or_default();
        walked.push(c);
        at += c.len_utf8();
    }
    walked
}

/// Where the string that begins at `start` ends, its quote included.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// What the scalar at this place is by its name.
fn class_at(levels: &[Level], rules: &Rules) -> Option<Class> {
    let objects: Vec<&str> =
        levels.iter().rev().filter(|level| level.object).map(|level| &*level.key).take(2).collect();
    let &key = objects.first()?;
    // In an array of objects the key is that of the object; in one of scalars that of the array.
    let by_pointer = || {
        rules.pointers.iter().any(|pointer| {
            pointer.len() == levels.len()
                && pointer.iter().zip(levels).all(|(part, level)| {
                    part == "*"
                        || if level.object { *part == level.key } else { *part == level.index.to_string() }
                })
        })
    };
    if by_pointer() {
        return Some(Class::Secret);
    }
    // The request of a token for a token: auth.identity.token.id (OpenStack Identity v3).
    if key == "id" && objects.get(1) == Some(&"token") {
        return Some(Class::Token);
    }
    rules_key(rules, key).or_else(|| names::key(key))
}

fn string(
    value: &str,
    levels: &[Level],
    rules: &Rules,
    visitor: &mut dyn Visitor,
    depth: usize,
) -> Option<String> {
    if value.is_empty() || is_redacted(value) {
        return None;
    }
    if let Some(class) = class_at(levels, rules) {
        return visitor.secret(class, value);
    }
    let walked = if depth > 0 && value.starts_with(['{', '[']) && is_json(value) {
        json(value, rules, visitor, depth - 1)
    } else if value.contains("://") && !value.contains(char::is_whitespace) {
        url(value, rules, visitor)
    } else {
        let text = text(value, rules, false, visitor);
        visitor.rest(&text).into_owned()
    };
    (walked != value).then_some(walked)
}

/// Tokens that are known by their looks: Fernet (keystone), JSON web tokens.
static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"gAAAAA[A-Za-z0-9_-]{50,}={0,2}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")
        .expect("the pattern is right")
});

/// Private keys in PEM (RFC 7468), also as JSON writes their line ends, and also cut off.
static PRIVATE_KEYS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\z)")
        .expect("the pattern is right")
});

/// `name: value`, `name=value`, `"name": "value"`, `| name | value |`.
static ASSIGNMENTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?m)([A-Za-z][\w.-]*)(\\?["']?[ \t]*[:=|][ \t]*)("[^"\n]*"|'[^'\n]*'|[^\s,;&<>"'|]+)"#)
        .expect("the pattern is right")
});

/// A header line with a secret in it, as `--debug` and `curl -v` print them.
static HEADER_LINES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"([A-Za-z][A-Za-z0-9-]*)(:[ \t]*)([^"'\n\r]+)"#).expect("the pattern is right")
});

/// URLs in a text.
static URLS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"[a-z][a-z0-9+.-]*://[^\s"'<>|]+"#).expect("the pattern is right"));

/// Text without structure: secrets by their looks, and with `named` those that a name stands before.
pub(super) fn text(text: &str, rules: &Rules, named: bool, visitor: &mut dyn Visitor) -> String {
    let mut walked = replace(&PRIVATE_KEYS, text.into(), |found| visitor.secret(Class::Secret, &found[0]));
    walked = replace(&TOKENS, walked, |found| visitor.secret(Class::Token, &found[0]));
    for pattern in &rules.patterns {
        walked = replace(pattern, walked, |found| {
            let whole = found.get(0)?;
            let secret = found.get(1).unwrap_or(whole);
            let stand_in = visitor.secret(Class::Secret, secret.as_str())?;
            let (start, end) = (secret.start() - whole.start(), secret.end() - whole.start());
            Some(format!("{}{stand_in}{}", &whole.as_str()[..start], &whole.as_str()[end..]))
        });
    }
    if named {
        walked = replace(&HEADER_LINES, walked, |found| {
            let (name, value) = (&found[1], found[3].trim_end());
            let header = header_class(rules, name)?;
            if is_redacted(value) {
                return None;
            }
            for part in credentials(name, value) {
                visitor.secret(Class::Secret, &part);
            }
            let stand_in = visitor.secret(header, value)?;
            Some(format!("{name}{}{stand_in}", &found[2]))
        });
        walked = replace(&ASSIGNMENTS, walked, |found| {
            let class = rules_key(rules, &found[1]).or_else(|| names::key(&found[1]))?;
            let value = found[3].trim_matches(['"', '\'']);
            if value.is_empty()
                || is_redacted(value)
                || matches!(value, "null" | "None" | "true" | "false" | "True" | "False")
            {
                return None;
            }
            let stand_in = visitor.secret(class, value)?;
            Some(format!("{}{}{}", &found[1], &found[2], found[3].replacen(value, &stand_in, 1)))
        });
        walked = replace(&URLS, walked, |found| {
            let walked = url(&found[0], rules, visitor);
            (walked != found[0]).then_some(walked)
        });
    }
    walked.into_owned()
}

fn header_class(rules: &Rules, name: &str) -> Option<Class> {
    let added = rules.headers.iter().any(|header| name.eq_ignore_ascii_case(header)).then_some(Class::Secret);
    added.or_else(|| names::header(name))
}

/// Replaces the matches for which there is something else.
fn replace<'t>(
    pattern: &Regex,
    text: Cow<'t, str>,
    mut with: impl FnMut(&Captures<'_>) -> Option<String>,
) -> Cow<'t, str> {
    let changed =
        pattern.replace_all(&text, |found: &Captures<'_>| with(found).unwrap_or_else(|| found[0].to_owned()));
    match changed {
        Cow::Borrowed(_) => text,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

pub(super) fn percent_decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Percent-encodes all but what RFC 3986 leaves unreserved, and what a stand-in is made of.
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "-._~*()".contains(c) || !c.is_ascii() {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{:02X}", c as u32));
        }
    }
    encoded
}
