//! URLs, queries and forms (RFC 3986, and `application/x-www-form-urlencoded` of the URL standard).

use std::borrow::Cow;

use super::{Class, Edit, Place, Scan, Secrecy, Setting, strength};

/// Whether a text is one URL, absolute or relative, and nothing else.
pub(super) fn is_url(text: &str) -> bool {
    let is_absolute = text.find("://").is_some_and(|at| {
        at > 0 && text[..at].bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
    });
    let is_relative =
        text.starts_with(['/', '?', '.', '#']) && text.contains(['?', '#', ';']) && text.contains('=');
    (is_absolute || is_relative)
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>'))
}

/// Whether a text is a query and nothing else: names and values that `=` and `&` part.
pub(super) fn is_query(text: &str) -> bool {
    let text = text.trim_end();
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() < 200
            && name.chars().all(|c| c.is_alphanumeric() || "_.-[]%+:$~".contains(c))
    };
    let mut pairs = text.split('&');
    let first = pairs.next().and_then(|pair| pair.split_once('='));
    first.is_some_and(|(name, _)| is_name(name) && !name.starts_with(['-', ':']))
        && text.contains('=')
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '\\' | '{' | '`'))
        && !text.contains("://")
        && pairs.all(|pair| is_name(pair.split('=').next().unwrap_or_default()))
}

/// A URL: the password before its host, parameters of its path (`;jsessionid=…`), its query and its
/// fragment.
pub(super) fn url(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    let mut path_start = 0;
    if let Some(scheme) = text.find("://").filter(|scheme| !text[..*scheme].contains(['/', '?', '#'])) {
        let start = scheme + 3;
        let end = start + text[start..].find(['/', '?', '#']).unwrap_or(text.len() - start);
        // A password that holds a slash and is not encoded ends where the host begins all the same.
        let has_host =
            |at: &usize| text[at + 1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[');
        let colon = text[start..end].find(':').map(|colon| start + colon);
        let host = match text[start..end].rfind('@').map(|host| start + host) {
            Some(host) => Some(host),
            None if scheme_has_password(&text[..scheme]) && colon.is_some() => {
                let query = text.find(['?']).unwrap_or(text.len());
                text[start..query].rfind('@').map(|host| start + host).filter(has_host)
            }
            None => None,
        };
        path_start = end;
        if let Some(host) = host {
            path_start = host + text[host..].find(['/', '?', '#']).unwrap_or(text.len() - host);
            userinfo(scan, text, at, start, host, out);
        }
    }
    let fragment = text[path_start..].find('#').map_or(text.len(), |hash| path_start + hash);
    let question = text[path_start..fragment].find('?').map_or(fragment, |mark| path_start + mark);
    if let Some(parameters) = text[path_start..question].find(';').map(|mark| path_start + mark + 1) {
        let path = &text[parameters..question];
        let mut start = parameters;
        for part in path.split([';', '/']) {
            pair(scan, part, at + start, depth, out);
            start += part.len() + 1;
        }
    }
    if question < fragment {
        query(scan, &text[question + 1..fragment], at + question + 1, depth, out);
    }
    if fragment < text.len() {
        // A page that routes in its fragment has a query of its own there.
        let rest = &text[fragment + 1..];
        let start = rest.find('?').filter(|mark| !rest[..*mark].contains('=')).map_or(0, |mark| mark + 1);
        query(scan, &rest[start..], at + fragment + 1 + start, depth, out);
    }
}

/// `user:password@host` without a scheme.
pub(super) fn authority(scan: &Scan<'_>, text: &str, at: usize, out: &mut Vec<Edit>) {
    if let Some(host) = text.rfind('@') {
        userinfo(scan, text, at, 0, host, out);
    }
}

/// Whether URLs of this scheme are known to hold passwords that nobody encoded.
fn scheme_has_password(scheme: &str) -> bool {
    const SCHEMES: [&str; 14] = [
        "postgres",
        "postgresql",
        "mysql",
        "mariadb",
        "mongodb",
        "mongodb+srv",
        "redis",
        "rediss",
        "amqp",
        "amqps",
        "rabbit",
        "mssql",
        "ldap",
        "smtp",
    ];
    let driver = scheme.split('+').next().unwrap_or_default();
    SCHEMES.contains(&scheme) || SCHEMES.contains(&driver)
}

/// `user:password` between `start` and `end`.
fn userinfo(scan: &Scan<'_>, text: &str, at: usize, start: usize, end: usize, out: &mut Vec<Edit>) {
    let info = &text[start..end];
    let (value_start, name) = match info.find(':') {
        Some(colon) => (start + colon + 1, "password in a URL"),
        // A token alone, as hosts of Git take it.
        None if strength::is_strong(info) && !info.contains('@') => (start, "token in a URL"),
        None => return,
    };
    let raw = &text[value_start..end];
    let value = percent_decoded(raw, false);
    let secrecy = Secrecy::plainly(Class::Secret);
    scan.secret(out, at + value_start..at + end, secrecy, name, &value, as_encoded(raw, &value));
}

/// `name=value` pairs between `&`, or between `;` where there is no `&`.
pub(super) fn query(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    let text = text.trim_end_matches(['\r', '\n']);
    let separator = if text.contains('&') || !text.contains(';') { '&' } else { ';' };
    let mut start = 0;
    for part in text.split(separator) {
        // `&amp;` of a page that was never decoded.
        let (part, skipped) = match part.strip_prefix("amp;") {
            Some(rest) => (rest, 4),
            None => (part, 0),
        };
        pair(scan, part, at + start + skipped, depth, out);
        start += skipped + part.len() + 1;
    }
}

fn pair(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    let Some((name, raw)) = text.split_once('=') else {
        return;
    };
    let start = at + name.len() + 1;
    if raw.is_empty() {
        return;
    }
    let value = percent_decoded(raw, true);
    let name = percent_decoded(name, true);
    if let Some(secrecy) = scan.judge(name.trim(), Place::Field) {
        scan.secret(out, start..start + raw.len(), secrecy, name.trim(), &value, as_encoded(raw, &value));
        return;
    }
    if depth == 0 || value.len() < 5 {
        return;
    }
    let inner = |text: &str, at: usize, out: &mut Vec<Edit>| {
        // `path=?token=…`, as consoles have it.
        let query = text.strip_prefix('?').unwrap_or(text);
        if query.contains('=') && is_query(query) {
            self::query(scan, query, at + text.len() - query.len(), depth - 1, out);
        } else {
            scan.structure(text, at, "", Setting::Value, depth - 1, out);
        }
    };
    if value == raw {
        inner(raw, start, out);
    } else {
        scan.nested(out, start..start + raw.len(), &value, percent_encoded, |out| inner(&value, 0, out));
    }
}

/// How what stands for `value` is written where `raw` stood: the shown ends of a token may need the encoding.
fn as_encoded(raw: &str, value: &str) -> fn(&str) -> String {
    // What a query may hold stays, so that a token looks the same in all places.
    if raw == value { str::to_owned } else { |text| percent_encoded_except("=/:", text) }
}

/// A text without its percent encoding; in a form `+` is a blank.
pub(in crate::redact) fn percent_decoded(text: &str, is_form: bool) -> Cow<'_, str> {
    if !text.contains(['%', '+']) || !is_form && !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let byte = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        match byte.filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(if is_form && first == b'+' { b' ' } else { first });
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).map_or(text.into(), Cow::Owned)
}

/// Percent-encodes all but what RFC 3986 leaves unreserved, and what a stand-in is made of.
pub(in crate::redact) fn percent_encoded(text: &str) -> String {
    percent_encoded_except("", text)
}

fn percent_encoded_except(kept: &str, text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || "-._~*()".contains(c) || kept.contains(c) || !c.is_ascii() {
            encoded.push(c);
        } else {
            encoded.push_str(&format!("%{:02X}", c as u32));
        }
    }
    encoded
}
