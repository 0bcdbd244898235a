//! Names that say that a value is secret.

use std::sync::LazyLock;

use regex::Regex;

use super::Class;

/// Header fields whose values are tokens.
const TOKEN_HEADERS: [&str; 9] = [
    "x-auth-token",
    "x-subject-token",
    "x-service-token",
    "x-storage-token",
    "x-user-token",
    "x-csrf-token",
    "x-xsrf-token",
    "x-amz-security-token",
    "x-vault-token",
];

/// Header fields whose values show nothing.
const SECRET_HEADERS: [&str; 14] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "cookie2",
    "set-cookie2",
    "x-api-key",
    "api-key",
    "x-auth-key",
    "x-storage-pass",
    "x-account-meta-temp-url-key",
    "x-account-meta-temp-url-key-2",
    "x-container-meta-temp-url-key",
    "x-container-meta-temp-url-key-2",
];

/// Keys, in the form of [`plain`], that are secret as a whole.
const SECRET_KEYS: [&str; 14] = [
    "pwd",
    "passcode",
    "adminpass",
    "userpass",
    "authkey",
    "tempurlkey",
    "tempurlsig",
    "signature",
    "sig",
    "xamzsignature",
    "clientassertion",
    "samlresponse",
    "secretaccesskey",
    "userpassword",
];

/// Endings of keys that are secret.
const SECRET_ENDINGS: [&str; 8] =
    ["password", "passwd", "passphrase", "secret", "secretkey", "privatekey", "apikey", "accesskey"];

/// Beginnings of keys that end in `token` and are places in a list.
const PLACES: [&str; 4] = ["next", "page", "prev", "continu"];

/// A key in lower case without what separates its words: `adminPass`, `admin_pass` and
/// `admin-pass` are one.
pub(super) fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

/// What the value of a header field of this name is.
pub(super) fn header(name: &str) -> Option<Class> {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    if SECRET_HEADERS.iter().any(|known| is(known)) {
        Some(Class::Secret)
    } else if TOKEN_HEADERS.iter().any(|known| is(known)) {
        Some(Class::Token)
    } else {
        None
    }
}

/// What the value of a JSON member, a form field, a query parameter or a variable of this name is.
pub(super) fn key(key: &str) -> Option<Class> {
    let key = plain(key);
    if SECRET_KEYS.contains(&&*key) || SECRET_ENDINGS.iter().any(|ending| key.ends_with(ending)) {
        return Some(Class::Secret);
    }
    let token = key.ends_with("token") && !PLACES.iter().any(|place| key.starts_with(place));
    token.then_some(Class::Token)
}

/// Words in the name of a cookie that opens something.
const KEY_COOKIES: [&str; 12] = [
    "session",
    "sess",
    "token",
    "auth",
    "csrf",
    "xsrf",
    "jwt",
    "ticket",
    "secret",
    "passw",
    "credential",
    "apikey",
];

/// Whether the value of a cookie is a secret wherever else it stands, by its name or its looks. A
/// preference (the last project, a region) is in URLs and bodies, too, and hides nothing there.
pub(super) fn is_key_cookie(name: &str, value: &str) -> bool {
    let name = plain(name);
    let says_so = KEY_COOKIES.iter().any(|word| name.contains(word)) || name.ends_with("sid");
    // A short one is a setting rather than a key.
    says_so && value.len() >= 8 || is_random(value)
}

/// Whether a value looks as if it was drawn at random to be a key. A UUID names something.
fn is_random(value: &str) -> bool {
    /// A word or a path has less of it for each character.
    const LEAST_ENTROPY: f64 = 3.0;
    let hex = value.bytes().filter(u8::is_ascii_hexdigit).count();
    let is_uuid = hex == 32 && value.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    if value.len() < 16 || is_uuid || !is_mixed {
        return false;
    }
    let mut counts = [0u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let length = value.len() as f64;
    let entropy = |count: &u32| {
        let share = f64::from(*count) / length;
        -share * share.log2()
    };
    counts.iter().filter(|count| **count > 0).map(entropy).sum::<f64>() >= LEAST_ENTROPY
}

/// Whether a text whose structure is not known has words in it that name secrets.
pub(super) fn speaks_of_secrets(text: &str) -> bool {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(?i)passw|passphrase|secret|token|private.?key|api.?key|access.?key|credential|adminpass|authorization|cookie")
            .expect("the pattern is right")
    });
    WORDS.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_a_key_by_its_name_or_its_looks() {
        for (name, value) in [
            ("sessionid", "aaaaaaaa"),
            ("connect.sid", "12345678"),
            ("PHPSESSID", "9c31f2c6f22c440eb670d8d5a5cc0405"),
            ("a", "zyxwvutsrqponmlkjihgfedcba987654"),
            ("x", "eyJhbGciOiJIUzI1NiJ9.e30.abcdefgh1"),
        ] {
            assert!(is_key_cookie(name, value), "{name}");
        }
        for (name, value) in [
            ("recent_project", "22222222222222222222222222222222"),
            ("recent_project", "9c31f2c6f22c440eb670d8d5a5cc0405"),
            ("recent_project", "9c31f2c6-f22c-440e-b670-d8d5a5cc0405"),
            ("services_region", "RegionOne"),
            ("login_domain", "Default"),
            ("theme", "material-dark-contrast"),
            ("django_language", "en-gb-oxendict"),
            ("sessionid", "1234567"),
        ] {
            assert!(!is_key_cookie(name, value), "{name} {value}");
        }
    }

    #[test]
    fn keys_in_every_spelling() {
        for name in [
            "password",
            "adminPass",
            "OS_PASSWORD",
            "client-secret",
            "private_key",
            "original_password",
            "apiKey",
        ] {
            assert_eq!(key(name), Some(Class::Secret), "{name}");
        }
        for name in ["token", "access_token", "OS_TOKEN", "refreshToken"] {
            assert_eq!(key(name), Some(Class::Token), "{name}");
        }
        for name in
            ["password_expires_at", "next_page_token", "methods", "id", "name", "secret_ref", "tokens"]
        {
            assert_eq!(key(name), None, "{name}");
        }
    }
}
