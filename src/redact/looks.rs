//! Values that are secret by their looks, whoever names them.
//!
//! What services begin their keys with is data, `looks.toml`; what has a form rather than a beginning is
//! here: keys in PEM (RFC 7468), of PuTTY and of PGP (RFC 9580), and JSON web tokens (RFC 7519). One pass,
//! linear in the length of the text. What this leaves out: values that only a name tells from others.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use serde::Deserialize;

use super::{Class, ELLIPSES};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    look: Vec<Look>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    name: String,
    #[serde(rename = "from")]
    _from: String,
    begins: Vec<String>,
    chars: Chars,
    min: usize,
    max: Option<usize>,
    /// Has letters and digits, as a word has not.
    #[serde(default)]
    mixed: bool,
    #[serde(default)]
    token: bool,
    #[serde(default)]
    keep: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Chars {
    Alnum,
    Upper,
    Word,
    Url,
    Dot,
    Fernet,
    Base64,
    Hex,
    Hash,
    Path,
    Colon,
}

impl Chars {
    fn has(self, byte: u8) -> bool {
        let also: &[u8] = match self {
            Chars::Upper => return byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Chars::Hex => return byte.is_ascii_hexdigit(),
            Chars::Alnum => b"",
            Chars::Word => b"_",
            Chars::Url => b"_-",
            Chars::Dot => b"_-.",
            Chars::Fernet => b"_-=",
            Chars::Base64 => b"+/=_-",
            Chars::Hash => b"./$=,+_-}",
            Chars::Path => b"/_-",
            Chars::Colon => b":_-",
        };
        byte.is_ascii_alphanumeric() || also.contains(&byte)
    }
}

/// What a beginning may be the beginning of.
enum Start {
    Look(usize),
    WebToken,
    PrivateKey,
    Putty,
}

struct Data {
    looks: Vec<Look>,
    automaton: AhoCorasick,
    starts: Vec<Start>,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("looks.toml")).expect("a test reads the embedded looks");
    let mut beginnings = vec!["eyJ", "-----BEGIN ", "---- BEGIN ", "PuTTY-User-Key-File-"];
    let mut starts = vec![Start::WebToken, Start::PrivateKey, Start::PrivateKey, Start::Putty];
    for (at, look) in file.look.iter().enumerate() {
        for begin in &look.begins {
            beginnings.push(begin);
            starts.push(Start::Look(at));
        }
    }
    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&beginnings)
        .expect("the beginnings fit an automaton");
    drop(beginnings);
    Data { looks: file.look, automaton, starts }
});

/// A secret that was found by its looks.
pub(super) struct LookMatch {
    pub(super) span: Range<usize>,
    pub(super) name: &'static str,
    pub(super) class: Class,
}

/// The secrets of a text by their looks, in order, none within another.
pub(super) fn find(text: &str) -> Vec<LookMatch> {
    let data = &*DATA;
    let bytes = text.as_bytes();
    let mut matches: Vec<LookMatch> = Vec::new();
    let mut done = 0;
    // Where a run ends that is no key of this look: nor is what begins within it.
    let mut no_key_before: Vec<usize> = vec![0; data.looks.len()];
    for found in data.automaton.find_iter(text) {
        if found.start() < done || !begins_a_word(bytes, found.start()) {
            continue;
        }
        let (name, class, span) = match &data.starts[found.pattern().as_usize()] {
            Start::Look(index) => {
                if found.start() < no_key_before[*index] {
                    continue;
                }
                let look = &data.looks[*index];
                let (end, is_key) = look_end(look, bytes, found.end());
                if !is_key {
                    no_key_before[*index] = if look.mixed { end } else { 0 };
                    continue;
                }
                let class = if look.token { Class::Token } else { Class::Secret };
                let start = if look.keep { found.end() } else { found.start() };
                (&*look.name, class, start..end)
            }
            Start::WebToken => match web_token_end(bytes, found.start()) {
                Some(end) => ("JSON web token", Class::Token, found.start()..end),
                None => continue,
            },
            Start::PrivateKey => match private_key_end(text, found.start(), found.end()) {
                Some(end) => ("private key", Class::Secret, found.start()..end),
                None => continue,
            },
            Start::Putty => ("private key", Class::Secret, found.start()..putty_end(text, found.start())),
        };
        // What shows its ends only was replaced before.
        if ELLIPSES.iter().any(|ellipsis| text[span.end..].starts_with(ellipsis)) {
            continue;
        }
        done = span.end;
        let is_aws = name == "AWS access key";
        matches.push(LookMatch { span, name, class });
        if is_aws && let Some(span) = aws_secret(bytes, done) {
            done = span.end;
            matches.push(LookMatch { span, name: "AWS secret key", class: Class::Secret });
        }
    }
    matches
}

/// Whether a word may begin here: after a percent-encoded byte, too.
fn begins_a_word(bytes: &[u8], at: usize) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match bytes[..at] {
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., before] => !is_part(before) || bytes[at] == b'$' || bytes[at] == b'{',
        [] => true,
    }
}

/// Where the run of characters ends that a key would have, and whether it is one.
fn look_end(look: &Look, bytes: &[u8], start: usize) -> (usize, bool) {
    let length = bytes[start..].iter().take_while(|byte| look.chars.has(**byte)).count();
    let value = &bytes[start..start + length];
    let is_mixed = || value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    let is_long = length >= look.min && look.max.is_none_or(|max| length <= max);
    (start + length, is_long && (!look.mixed || is_mixed()))
}

/// Three parts in base64url between dots; the third may be empty where it is not signed, and the first
/// is a JSON object by its beginning.
fn web_token_end(bytes: &[u8], start: usize) -> Option<usize> {
    if start > 0 && matches!(bytes[start - 1], b'-' | b'.') {
        return None;
    }
    let part = |from: usize| from + bytes[from..].iter().take_while(|byte| Chars::Url.has(**byte)).count();
    let first = part(start);
    if first - start < 13 || bytes.get(first) != Some(&b'.') {
        return None;
    }
    let second = part(first + 1);
    let dot = bytes.get(second) == Some(&b'.');
    // Five parts: it is encrypted (RFC 7516), and the second may be empty.
    let is_empty = second == first + 1;
    if !dot || (second - first < 10 && !is_empty) {
        return None;
    }
    let mut end = part(second + 1);
    while bytes.get(end) == Some(&b'.') && part(end + 1) > end + 1 {
        end = part(end + 1);
    }
    (!is_empty || end > second + 20).then_some(end)
}

/// How long the line before a key in PEM may be.
const LABEL: usize = 80;

fn private_key_end(text: &str, start: usize, label: usize) -> Option<usize> {
    let label_end = text.floor_char_boundary((label + LABEL).min(text.len()));
    let rest = &text[label..label_end];
    let dashes = rest.find("----")?;
    let name = &rest[..dashes];
    if !name.contains("PRIVATE KEY")
        || !name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ')
    {
        return None;
    }
    let content = label + dashes + rest[dashes..].bytes().take_while(|byte| *byte == b'-').count();
    // Its lines: Base64, line ends as JSON writes them too, and the fields that encrypted ones begin with.
    let is_content = |byte: u8| Chars::Base64.has(byte) || b" \t\r\n\\\"',:().%".contains(&byte);
    let mut end = content + text.as_bytes()[content..].iter().take_while(|byte| is_content(**byte)).count();
    let letters = text.as_bytes()[content..end].iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    // One that only speaks of keys names the line and shows none.
    if letters < 16 {
        return None;
    }
    let closing = &text[start..end];
    if let Some(at) = memmem::find(closing.as_bytes(), b"-END ").map(|at| start + at) {
        let rest = &text.as_bytes()[at + 5..];
        let label = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b' ').count();
        let dashes = rest[label..].iter().take_while(|byte| **byte == b'-').count();
        end = at + 5 + label + dashes;
    }
    Some(end)
}

/// The end of a key file of PuTTY: after its `Private-MAC`, or where its text ends.
fn putty_end(text: &str, start: usize) -> usize {
    /// The fields of such a file, and lines of Base64, are all there is.
    const LONGEST: usize = 16 << 10;
    let end = text.floor_char_boundary((start + LONGEST).min(text.len()));
    let rest = &text[start..end];
    let Some(mac) = rest.find("Private-MAC:") else { return end };
    let after = mac + "Private-MAC:".len();
    let is_mac = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b' ';
    start + after + rest.as_bytes()[after..].iter().take_while(|byte| is_mac(byte)).count()
}

/// The secret that stands near an AWS access key: forty characters of Base64.
fn aws_secret(bytes: &[u8], from: usize) -> Option<Range<usize>> {
    const NEAR: usize = 120;
    const LENGTH: usize = 40;
    let end = (from + NEAR).min(bytes.len());
    let is_secret = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+');
    let mut at = from;
    while at < end {
        let length = bytes[at..].iter().take(LENGTH + 1).take_while(|byte| is_secret(**byte)).count();
        let value = &bytes[at..at + length];
        let has = |is: fn(&u8) -> bool| value.iter().any(is);
        if length == LENGTH
            && has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_digit)
        {
            return Some(at..at + length);
        }
        at += length + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_whatever_is_around_it() {
        let key = format!("ghp_{}", "aB3dE6".repeat(6));
        for text in
            [format!("a {key} b"), format!("url%3D{key}&x"), format!("\\n{key}\""), format!("({key})")]
        {
            let found = find(&text);
            assert_eq!(
                found.iter().map(|found| &text[found.span.clone()]).collect::<Vec<_>>(),
                [&*key],
                "{text}"
            );
        }
        for text in [format!("x{key}"), "ghp_short".into(), format!("{}(...)abc", &key[..36])] {
            assert!(find(&text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_only_speaks_of_keys_is_none() {
        for text in [
            "expected -----BEGIN PRIVATE KEY-----",
            "-----BEGIN CERTIFICATE-----\nMIIBkTCB+wIJAKHHIG4oQ0NpMA0GCSqGSIb3DQEBCwUAMA0xCzAJBgNVBAYTAktS\n-----END CERTIFICATE-----",
            "eyJ is how they begin, eyJhbGciOiJIUzI1NiJ9 is a part",
            "sk-learn-is-a-library-of-python-people, sk-SK",
            "key-value-stores-of-the-year",
            "AKIA is a prefix, AIDAEXAMPLE is an id",
        ] {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn hostile_beginnings_take_no_longer() {
        for begin in [
            "eyJ",
            "-----BEGIN RSA PRIVATE KEY-----",
            "gAAAAA",
            "AKIA ",
            "PuTTY-User-Key-File-",
            "eyJ-",
            "eyJaaaaaaaaaaaaaa.",
        ] {
            find(&begin.repeat(200_000));
        }
    }
}
