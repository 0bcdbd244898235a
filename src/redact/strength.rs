//! Whether a value is so strong that it can be looked for where nobody names it.
//!
//! A password may be a word, a year or a region, which stand in URLs, bodies and commands for reasons
//! of their own. Only a value that stands nowhere by chance is replaced wherever it is; a weak one is
//! replaced where a name says what it is. Letters without digits count as words, whatever the
//! dictionary: it is the length and the mixture that nobody else would come up with.

/// A value of fewer bits stands elsewhere by chance.
const STRONG: f64 = 27.0;

/// A shorter value stands elsewhere by chance, whatever it is made of.
const SHORTEST: usize = 7;

/// Whether a value can be told from words, names and numbers of other trades.
pub(super) fn is_strong(value: &str) -> bool {
    value.chars().count() >= SHORTEST && bits(value) >= STRONG && !is_common_form(value)
}

/// How many bits it takes to come up with a value, by the runs that it is made of: a letter is worth
/// little within a word, and more where digits and signs interrupt it.
fn bits(value: &str) -> f64 {
    let mut bits = 0.0;
    let mut run = (Kind::Other, 0usize, [false; 256]);
    for c in value.chars() {
        let kind = Kind::of(c);
        if kind != run.0 {
            bits += run_bits(run.0, run.1, &run.2);
            run = (kind, 0, [false; 256]);
            bits += if kind == Kind::Separator { 0.0 } else { 1.5 };
        }
        run.1 += 1;
        run.2[(c as u32 % 256) as usize] = true;
    }
    bits + run_bits(run.0, run.1, &run.2)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Lower,
    Upper,
    Digit,
    Separator,
    Other,
}

impl Kind {
    fn of(c: char) -> Kind {
        match c {
            c if c.is_lowercase() => Kind::Lower,
            c if c.is_uppercase() => Kind::Upper,
            c if c.is_ascii_digit() => Kind::Digit,
            '-' | '_' | '.' | ' ' | '/' | ':' | ',' => Kind::Separator,
            _ => Kind::Other,
        }
    }
}

fn run_bits(kind: Kind, length: usize, seen: &[bool; 256]) -> f64 {
    let distinct = seen.iter().filter(|seen| **seen).count() as f64;
    let length = length as f64;
    match kind {
        // What a word has of it: more of the same word adds little.
        Kind::Lower | Kind::Upper => (distinct * 2.4).min(10.0 + (length - 4.0).max(0.0) * 0.6),
        Kind::Digit => (distinct * 3.3).min(length * 2.2),
        Kind::Separator => length.min(1.0),
        Kind::Other => length.min(distinct * 2.0) * 4.0,
    }
}

/// Whether a value has a form of its own that is no secret: an address, a time, a version, a path.
fn is_common_form(value: &str) -> bool {
    let only = |also: &str| value.chars().all(|c| c.is_ascii_digit() || also.contains(c));
    let is_date_or_address = only("-.:/TZ+ ") && !only("") || is_address(value);
    let is_number = only("") && value.len() < 10;
    // A name with a number or a version: `Ubuntu-22.04`, `server-0042`.
    let letters = value.chars().take_while(|c| c.is_alphabetic()).count();
    let is_version = letters > 0
        && value.chars().nth(letters).is_some_and(|c| matches!(c, '-' | '_' | '.' | ' '))
        && value.chars().skip(letters + 1).all(|c| c.is_ascii_digit() || c == '.');
    let is_path = value.starts_with('/') && value[1..].contains('/') && !value.contains(['=', '+']);
    let is_url = value.contains("://");
    let is_host = {
        let mut labels = value.split('.');
        let last = value.rsplit('.').next().unwrap_or_default();
        value.contains('.')
            && (2..=6).contains(&last.len())
            && last.bytes().all(|byte| byte.is_ascii_lowercase())
            && labels.all(|label| {
                !label.is_empty()
                    && label.len() < 32
                    && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            })
    };
    is_date_or_address || is_number || is_version || is_path || is_url || is_host
}

/// Whether a value is an IPv6 address, or one of hardware.
fn is_address(value: &str) -> bool {
    value.matches(':').count() >= 2 && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
}

/// Whether a value looks as if it was drawn at random to be a key. A UUID names something.
pub(super) fn is_random(value: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_numbers_of_other_trades_are_weak() {
        for value in [
            "openstack",
            "admin",
            "json",
            "2026",
            "http",
            "RegionOne",
            "Default",
            "localhost",
            "password123",
            "required",
            "192.0.2.17",
            "2026-11-20",
            "2026-11-20T10:00:00Z",
            "image/png",
            "application",
            "us-east-1",
            "changeme",
            "keystone.example.org",
            "cirros-0.6.2",
            "/usr/bin/openstack",
            "curl",
            "127.0.0.1:5000",
            "v3.14",
            "m1.tiny",
            "utf-8",
            "----------",
            "aaaaaaaaaaaaaaaa",
            "12345678",
            "hunter22",
            "content-type",
            "Ubuntu-22.04",
            "qwerty",
            "internationalization",
            "access_token",
        ] {
            assert!(!is_strong(value), "{value} {}", bits(value));
        }
    }

    #[test]
    fn what_nobody_comes_up_with_is_strong() {
        for value in [
            "correct-horse-battery",
            "Xk29vPq81z",
            "9c31f2c6f22c440eb670d8d5a5cc0405",
            "s3cr3t-v4lue",
            "p4ssw0rd!x",
            "t0ken-value-7",
            "zyxwvutsrqponmlkjihgfedcba987654",
            "hunter2-and-more",
            "as\"df-\\gh!",
            "0x3f9a77bc12",
            "docgen-4711-cloud-pass",
            "tr0ub4dor&3",
            "비밀번호-7x9k",
        ] {
            assert!(is_strong(value), "{value} {}", bits(value));
        }
    }
}
