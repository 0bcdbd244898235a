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
