//! The words that docgen itself puts on a page, in one language.
//!
//! A phrase file is TOML, key to phrase, beside the templates that use the keys.
//! What this leaves out: descriptions of steps, which are a profile's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::text;
use crate::toml_file;

/// The phrases of one language.
#[derive(Clone, Debug, Default)]
pub struct Phrases(Arc<BTreeMap<String, String>>);

impl PartialEq for Phrases {
    fn eq(&self, other: &Phrases) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Phrases {
    /// Reads a phrase file.
    ///
    /// # Errors
    /// [`Setting`](crate::ErrorKind::Setting) with the place of what is no `key = "phrase"`.
    pub fn parse(file: &Path, text: &str) -> Result<Phrases> {
        toml_file::from_text(file, text).map(|phrases| Phrases(Arc::new(phrases)))
    }

    /// These phrases, with those of `over` in place of the ones of the same key.
    pub fn overlaid<'a>(&self, over: impl IntoIterator<Item = (&'a String, &'a String)>) -> Phrases {
        let mut phrases = (*self.0).clone();
        phrases.extend(over.into_iter().map(|(key, phrase)| (key.clone(), phrase.clone())));
        Phrases(Arc::new(phrases))
    }

    /// Keys and phrases.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// The phrase of a key, or the key itself where there is none.
    pub fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.0.get(key).map_or(key, String::as_str)
    }

    /// The phrase of a key, with `value` for `{name}`.
    pub fn fill(&self, key: &str, name: &str, value: &str) -> String {
        fill(self.get(key), name, value)
    }

    /// The phrase of a key.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

/// `phrase` with `value` for `{name}`, and for `{Name}` with a capital first letter.
pub fn fill(phrase: &str, name: &str, value: &str) -> String {
    fill_all(phrase, &[(name, value)])
}

/// The same with many values: each where the phrase names it, and nowhere in another value.
pub fn fill_all(phrase: &str, values: &[(&str, &str)]) -> String {
    text::filled(phrase, |asked| {
        values.iter().rev().find_map(|&(name, value)| {
            if is_capitalized(asked, name) {
                Some(capitalized(value).into())
            } else {
                (asked == name).then_some(value.into())
            }
        })
    })
}

/// Whether `text` is `name` with a capital first letter.
fn is_capitalized(text: &str, name: &str) -> bool {
    // Few phrases ask for one.
    !text.starts_with(|c: char| c.is_ascii_lowercase()) && text == capitalized(name)
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let mut capitalized = String::with_capacity(text.len() + 2);
    capitalized.extend(chars.next().into_iter().flat_map(char::to_uppercase));
    capitalized.push_str(chars.as_str());
    capitalized
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_asks_for_a_value_by_its_name_and_for_a_capital_by_one() {
        let values = [("steps", "(1),(2)"), ("purpose", "list {steps}")];
        assert_eq!(fill_all("{steps}: {Purpose}. {purpose", &values), "(1),(2): List {steps}. {purpose");
        assert_eq!(fill_all("{Steps} {other} {PURPOSE}", &values), "(1),(2) {other} {PURPOSE}");
    }
}
