//! Header fields: those that are a credential with a form of their own, and all others.
//!
//! The scheme of `Authorization` stays (RFC 9110, 11.4), and of its parameters those that are no secret;
//! of cookies the names and attributes (RFC 6265).

use base64::Engine as _;

use super::{Class, Edit, Found, Place, Rule, Scan, Secrecy, Setting, form, names};

/// The form of a field that is a credential.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Form {
    Authorization,
    Cookie,
    SetCookie,
}

/// The form of the field of this name, if it has one of its own.
pub(super) fn form(name: &str) -> Option<Form> {
    let name = name.trim();
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if is("cookie") || is("cookie2") {
        return Some(Form::Cookie);
    }
    if is("set-cookie") || is("set-cookie2") {
        return Some(Form::SetCookie);
    }
    let plain = names::plain(name);
    (plain.ends_with("authorization") || plain.ends_with("authorisation")).then_some(Form::Authorization)
}

/// The value of a header field.
pub(super) fn scan(scan: &Scan<'_>, name: &str, value: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    // A user may have called a field no secret.
    let secrecy = scan.judge(name, Place::Header);
    match (form(name), secrecy) {
        (Some(Form::Authorization), Some(_)) => return authorization(scan, name, value, at, out),
        (Some(form), Some(_)) => return cookies(scan, value, at, form, out),
        (None, Some(secrecy)) => {
            let trimmed = value.trim();
            // A word such as `Fetch` asks for a token, and is none.
            let asks = ["fetch", "required", "refresh"].iter().any(|word| trimmed.eq_ignore_ascii_case(word));
            let start = at + (value.len() - value.trim_start().len());
            if !asks {
                scan.secret(out, start..start + trimmed.len(), secrecy, name, trimmed, str::to_owned);
            }
            return;
        }
        _ => {}
    }
    if depth == 0 {
        return;
    }
    // `Refresh: 5; url=/login?token=…`
    if name.eq_ignore_ascii_case("refresh")
        && let Some(url) = value.to_ascii_lowercase().find("url=").map(|url| url + 4)
    {
        let target = value[url..].trim_matches(['"', '\'', ' ']);
        let start = url + value[url..].find(target).unwrap_or_default();
        return form::url(scan, target, at + start, depth - 1, out);
    }
    scan.structure(value, at, "", Setting::Value, depth - 1, out);
}

/// Parameters of a credential that show nothing: of Digest (RFC 7616), AWS, OAuth 1.0, RFC 9421.
const PUBLIC: [&str; 28] = [
    "username",
    "realm",
    "uri",
    "algorithm",
    "qop",
    "nc",
    "nonce",
    "cnonce",
    "opaque",
    "userhash",
    "signedheaders",
    "headers",
    "keyid",
    "created",
    "expires",
    "oauth_timestamp",
    "oauth_version",
    "oauth_signature_method",
    "oauth_nonce",
    "oauth_callback",
    "oauth_consumer_key",
    "version",
    "charset",
    "client",
    "ts",
    "id",
    "service",
    "type",
];

fn authorization(scan: &Scan<'_>, name: &str, value: &str, at: usize, out: &mut Vec<Edit>) {
    let trimmed = value.trim();
    let start = value.len() - value.trim_start().len();
    let is_scheme = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word.len() < 32
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let secret = Secrecy::plainly(Class::Secret);
    let Some((scheme, rest)) = trimmed.split_once(' ').filter(|(word, _)| is_scheme(word)) else {
        scan.secret(out, at + start..at + start + trimmed.len(), secret, name, trimmed, str::to_owned);
        return;
    };
    let rest_start = start + scheme.len() + (trimmed.len() - scheme.len() - rest.trim_start().len());
    let rest = rest.trim();
    let has_parameters = parameters(rest).next().is_some() && !scheme.eq_ignore_ascii_case("basic");
    if !has_parameters {
        if scan.secret(out, at + rest_start..at + rest_start + rest.len(), secret, name, rest, str::to_owned)
            && scheme.eq_ignore_ascii_case("basic")
        {
            let decoded = base64::engine::general_purpose::STANDARD.decode(rest).unwrap_or_default();
            let decoded = String::from_utf8(decoded).unwrap_or_default();
            if let (Some((_, password)), Some(edit)) = (decoded.split_once(':'), out.last_mut()) {
                edit.found.push(found(name, password, true));
            }
        }
        return;
    }
    for (parameter, span) in parameters(rest) {
        let value = &rest[span.clone()];
        let range = at + rest_start + span.start..at + rest_start + span.end;
        if parameter.eq_ignore_ascii_case("credential") {
            // AWS: the key, then the scope that it is used in.
            let key = value.split('/').next().unwrap_or_default();
            scan.secret(out, range.start..range.start + key.len(), secret, parameter, key, str::to_owned);
        } else if !PUBLIC.iter().any(|public| parameter.eq_ignore_ascii_case(public)) {
            scan.secret(out, range, secret, parameter, value, str::to_owned);
        }
    }
}

/// `name=value` and `name="value"` between commas, with the places of the values.
fn parameters(text: &str) -> impl Iterator<Item = (&str, std::ops::Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += text[at..].len() - text[at..].trim_start_matches([',', ' ', ';']).len();
            if at >= text.len() {
                return None;
            }
            let name_end = at + text[at..].find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c))?;
            let name = &text[at..name_end];
            let is_quoted = text[name_end..].starts_with("=\"");
            if name.is_empty()
                || !text[name_end..].starts_with('=')
                || text[name_end + 1..].starts_with('=')
                || name_end + 1 == text.len()
            {
                return None;
            }
            let (start, length) = if is_quoted {
                let start = name_end + 2;
                (start, closing_quote(&text[start..]))
            } else {
                let start = name_end + 1;
                (start, text[start..].find([',', ' ']).unwrap_or(text.len() - start))
            };
            at = start + length + usize::from(is_quoted && start + length < text.len());
            if length > 0 {
                return Some((name, start..start + length));
            }
        }
    })
}

/// Where a quoted string ends, which may hold escaped quotes.
fn closing_quote(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' if !is_escaped => return at,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

fn cookies(scan: &Scan<'_>, value: &str, at: usize, form: Form, out: &mut Vec<Edit>) {
    let pairs = if form == Form::Cookie { usize::MAX } else { 1 };
    let mut start = 0;
    for part in value.split(';').take(pairs) {
        let here = start;
        start += part.len() + 1;
        let (name, raw) = match part.split_once('=') {
            Some((name, raw)) => (name, raw),
            // A value without a name.
            None if form == Form::Cookie => ("", part),
            None => continue,
        };
        let raw_start = here + part.len() - raw.len();
        let cookie = raw.trim().trim_matches('"');
        if cookie.is_empty() {
            continue;
        }
        let range_start = at + raw_start + raw.find(cookie).unwrap_or_default();
        let name = name.trim();
        if scan.is_excepted(name) {
            continue;
        }
        let secrecy = Secrecy::plainly(Class::Secret);
        if scan.secret(out, range_start..range_start + cookie.len(), secrecy, name, cookie, str::to_owned)
            && let Some(found) = out.last_mut().and_then(|edit| edit.found.first_mut())
        {
            found.anywhere = names::is_key_cookie(name, cookie);
        }
    }
}

fn found(name: &str, value: &str, anywhere: bool) -> Found {
    Found { class: Class::Secret, rule: Rule::Name, name: name.to_owned(), value: value.to_owned(), anywhere }
}
