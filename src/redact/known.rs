//! Values that are known to be secret, found wherever else they stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;

use super::walk::percent_encode;
use super::{Class, MASK, Rules, is_redacted};

/// A value shorter than this is everywhere by chance.
const MIN: usize = 4;

/// A value shorter than this counts only where it is a word of its own.
const WORD: usize = 16;

/// A value shorter than this is not looked for in Base64, where it would be found by chance.
const MIN_IN_BASE64: usize = 8;

/// Words that stand everywhere, and are bad passwords besides.
const COMMON: [&str; 16] = [
    "password", "passwd", "secret", "token", "admin", "demo", "test", "true", "false", "null", "none",
    "default", "service", "user", "root", "public",
];

/// The secrets of a recording.
#[derive(Default)]
pub(super) struct Known(BTreeMap<String, Class>);

impl Known {
    pub(super) fn add(&mut self, class: Class, value: &str) {
        let value = value.trim();
        let common = COMMON.iter().any(|common| value.eq_ignore_ascii_case(common));
        if value.chars().count() < MIN
            || common
            || is_redacted(value)
            || !value.contains(char::is_alphanumeric)
        {
            return;
        }
        // A value that is a token in one place is one in all, so that it looks the same.
        let known = self.0.entry(value.to_owned()).or_insert(class);
        *known = (*known).min(class);
    }

    pub(super) fn build(self, rules: &Rules) -> Replacer {
        let mut forms: BTreeMap<String, Form> = BTreeMap::new();
        for (value, &class) in &self.0 {
            let stand_in = rules.stand_in(class, value);
            let mut add = |form: String, stand_in: &str| {
                let word = form.chars().count() < WORD;
                forms.entry(form).or_insert_with(|| Form { stand_in: stand_in.to_owned(), word });
            };
            add(value.clone(), &stand_in);
            add(percent_encode(value), &stand_in);
            add(percent_encode(value).replace("%20", "+"), &stand_in);
            // As it stands inside a JSON string.
            add(serde_json::Value::from(&**value).to_string().trim_matches('"').to_owned(), &stand_in);
            if value.len() >= MIN_IN_BASE64 {
                for form in in_base64(value.as_bytes()) {
                    forms.entry(form).or_insert_with(|| Form { stand_in: MASK.to_owned(), word: false });
                }
            }
        }
        forms.retain(|form, _| form.chars().count() >= MIN);
        let automaton = (!forms.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(forms.keys())
                .expect("the secrets of one command fit an automaton")
        });
        Replacer { classes: self.0, automaton, forms: forms.into_iter().collect() }
    }
}

struct Form {
    stand_in: String,
    /// Counts only between characters that are no letters or digits.
    word: bool,
}

/// Finds known values.
pub(super) struct Replacer {
    classes: BTreeMap<String, Class>,
    automaton: Option<AhoCorasick>,
    forms: Vec<(String, Form)>,
}

impl Replacer {
    /// What a value is, if it is known.
    pub(super) fn class(&self, value: &str) -> Option<Class> {
        self.classes.get(value).copied()
    }

    /// The text with stand-ins for what is known.
    pub(super) fn replace<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(automaton) = &self.automaton else { return text.into() };
        let mut result = String::new();
        let mut done = 0;
        let mut from = 0;
        while let Some(found) = automaton.find(aho_corasick::Input::new(text).range(from..)) {
            let form = &self.forms[found.pattern().as_usize()].1;
            let alone = !text[..found.start()].ends_with(char::is_alphanumeric)
                && !text[found.end()..].starts_with(char::is_alphanumeric);
            if form.word && !alone {
                from = found.start() + text[found.start()..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            result.push_str(&text[done..found.start()]);
            result.push_str(&form.stand_in);
            done = found.end();
            from = done;
        }
        if done == 0 {
            return text.into();
        }
        result.push_str(&text[done..]);
        result.into()
    }

    /// Whether the text ends within a known value, as one that was cut may.
    pub(super) fn begins_at_end(&self, text: &str) -> bool {
        self.forms.iter().any(|(form, _)| {
            (MIN..form.len()).any(|length| form.is_char_boundary(length) && text.ends_with(&form[..length]))
        })
    }
}

/// What of a value shows in the Base64 of a text that it stands in: it depends on where it begins,
/// and the characters at its ends mix with what is around it.
fn in_base64(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value);
        let whole = bytes.len() / 3 * 3;
        // Whole groups of three bytes that hold nothing but the value.
        let start = before.div_ceil(3) * 3;
        if whole <= start {
            continue;
        }
        for engine in [base64::engine::general_purpose::STANDARD, base64::engine::general_purpose::URL_SAFE] {
            forms.push(engine.encode(&bytes[start..whole]));
        }
    }
    forms.retain(|form| form.len() >= MIN_IN_BASE64);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_found_at_every_offset() {
        let value = "correct horse";
        for before in 0..7 {
            let text = "x".repeat(before) + value + "yz";
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            assert!(in_base64(value.as_bytes()).iter().any(|form| encoded.contains(form)), "{before}");
        }
    }
}
