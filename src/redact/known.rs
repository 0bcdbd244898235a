//! Values that are known to be secret, found wherever else they stand.
//!
//! Only a strong one is looked for (`strength`), in every form that texts write it in. What this leaves
//! out: the place that says that a value is secret, where it goes however weak it is.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;

use super::scan::{Edit, Found, Rule, percent_encoded, xml_encoded};
use super::strength::is_strong;
use super::{Class, MASK, Rules, is_redacted};

/// A form shorter than this counts only where it is a word of its own.
const WORD: usize = 16;

/// A value shorter than this is not looked for in Base64, where it would be found by chance.
const MIN_IN_BASE64: usize = 8;

/// A longer value, a whole file say, is looked for as it is and no other way.
const LONGEST: usize = 16 << 10;

/// As much of a value at the end of a text that was cut there as tells what it is.
const CUT: usize = 6;

/// The secrets of a recording.
#[derive(Default)]
pub(super) struct KnownSecrets {
    values: BTreeMap<String, (Class, String)>,
    /// Names whose values are too weak to be told from words, with the values.
    weak: BTreeMap<String, BTreeSet<String>>,
    /// What stands in the recording for reasons of its own.
    public: BTreeSet<String>,
}

impl KnownSecrets {
    /// A value that is secret by this name, wherever it stands.
    pub(super) fn add(&mut self, class: Class, name: &str, value: &str) {
        let value = value.trim();
        if value.is_empty() || is_redacted(value) || !value.contains(char::is_alphanumeric) {
            return;
        }
        if !is_strong(value) {
            self.weak.entry(name.to_owned()).or_default().insert(value.to_owned());
            return;
        }
        // A value that is a token in one place is one in all, so that it looks the same.
        let known = self.values.entry(value.to_owned()).or_insert_with(|| (class, name.to_owned()));
        known.0 = known.0.min(class);
    }

    /// What is no secret whatever says so: a host, the command's program.
    pub(super) fn public(&mut self, value: &str) {
        if is_strong(value) && !self.public.contains(value) {
            self.public.insert(value.to_owned());
        }
    }

    pub(super) fn build(mut self, rules: &Rules) -> Replacer {
        self.values.retain(|value, _| !self.public.contains(value));
        let mut forms: BTreeMap<String, Form> = BTreeMap::new();
        for (value, (class, name)) in &self.values {
            let stand_in = rules.stand_in(*class, value);
            let mut add = |form: String, stand_in: &str| {
                let word = form.chars().count() < WORD;
                let (value, name) = (value.clone(), name.clone());
                forms.entry(form).or_insert_with(|| Form {
                    stand_in: stand_in.to_owned(),
                    word,
                    class: *class,
                    name,
                    value,
                });
            };
            add(value.clone(), &stand_in);
            if value.len() > LONGEST {
                continue;
            }
            let percent = percent_encoded(value);
            add(percent.replace("%20", "+"), &stand_in);
            add(lower_hex(&percent), &stand_in);
            add(percent, &stand_in);
            // As it stands in a string of JSON, which may escape what it need not.
            let json = serde_json::Value::from(&**value).to_string();
            let json = &json[1..json.len() - 1];
            add(json.replace('/', "\\/"), &stand_in);
            add(ascii_escaped(json), &stand_in);
            // In a string in a string.
            let nested = serde_json::Value::from(json).to_string();
            add(nested[1..nested.len() - 1].to_owned(), &stand_in);
            add(json.to_owned(), &stand_in);
            add(xml_encoded(value), &stand_in);
            add(value.replace('\'', "'\\''"), &stand_in);
            add(value.replace('\'', "'\"'\"'"), &stand_in);
            if value.len() >= MIN_IN_BASE64 {
                for form in in_base64(value.as_bytes()) {
                    add(form, MASK);
                }
            }
        }
        let automaton = (!forms.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(forms.keys())
                .expect("the secrets of one command fit an automaton")
        });
        Replacer { values: self.values, automaton, forms: forms.into_iter().collect(), weak: self.weak }
    }
}

struct Form {
    stand_in: String,
    /// Counts only between characters that are no letters or digits.
    word: bool,
    class: Class,
    name: String,
    value: String,
}

/// Finds known values.
pub(super) struct Replacer {
    values: BTreeMap<String, (Class, String)>,
    automaton: Option<AhoCorasick>,
    forms: Vec<(String, Form)>,
    pub(super) weak: BTreeMap<String, BTreeSet<String>>,
}

impl Replacer {
    /// What a value is, if it is known.
    pub(super) fn class(&self, value: &str) -> Option<Class> {
        self.values.get(value).map(|(class, _)| *class)
    }

    /// The edits that put stand-ins for what is known.
    pub(super) fn find(&self, text: &str, edits: &mut Vec<Edit>) {
        let Some(automaton) = &self.automaton else { return };
        let mut from = 0;
        while let Some(found) = automaton.find(aho_corasick::Input::new(text).range(from..)) {
            let form = &self.forms[found.pattern().as_usize()].1;
            let alone = !text[..found.start()].ends_with(char::is_alphanumeric)
                && !text[found.end()..].starts_with(char::is_alphanumeric);
            // An escape or a percent code before it ends in a letter or a digit, too.
            let is_escaped = {
                let before = &text.as_bytes()[..found.start()];
                matches!(before, [.., b'\\', b'n' | b'r' | b't'] | [.., b'%', _, _])
            };
            if form.word && !alone && !is_escaped {
                from = found.start() + text[found.start()..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            edits.push(form.edit(found.start()..found.end()));
            from = found.end();
        }
    }

    /// The edit of the beginning of a known value at the end of a text that was cut there.
    pub(super) fn cut_off(&self, text: &str) -> Option<Edit> {
        let longest = |form: &str| {
            let lengths = (CUT..form.len()).rev().filter(|length| form.is_char_boundary(*length));
            lengths.into_iter().find(|length| text.ends_with(&form[..*length]))
        };
        let found = self.forms.iter().filter_map(|(form, of)| Some((longest(form)?, of)));
        let (length, form) = found.max_by_key(|(length, _)| *length)?;
        Some(form.edit(text.len() - length..text.len()))
    }
}

impl Form {
    fn edit(&self, range: std::ops::Range<usize>) -> Edit {
        let (name, value) = (self.name.clone(), self.value.clone());
        let found = Found { class: self.class, rule: Rule::Known, name, value, anywhere: true };
        Edit { range, with: self.stand_in.clone(), found: vec![found] }
    }
}

/// Percent codes as some write them.
fn lower_hex(encoded: &str) -> String {
    let mut lower = String::with_capacity(encoded.len());
    let mut codes = 0;
    for c in encoded.chars() {
        lower.push(if codes > 0 { c.to_ascii_lowercase() } else { c });
        codes = if c == '%' { 2 } else { usize::max(codes, 1) - 1 };
    }
    lower
}

/// A string of JSON as Python and others write it: in ASCII.
fn ascii_escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c.is_ascii() {
            escaped.push(c);
        } else {
            escaped.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    escaped
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

    #[test]
    fn percent_codes_in_both_cases() {
        assert_eq!(lower_hex("A%2BB%C3%A9C"), "A%2bB%c3%a9C");
    }
}
