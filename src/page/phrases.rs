//! The words that docgen itself puts on a page, in one language.
//!
//! A phrase file is TOML, key to phrase, beside the templates that use the keys.
//! What this leaves out: descriptions of steps, which are a profile's.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::text::{self, with_values};
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
    let both = values.iter().flat_map(|(name, value)| {
        [((*name).to_owned(), (*value).to_owned()), (capitalized(name), capitalized(value))]
    });
    let values: Vec<(String, String)> = both.collect();
    with_values(phrase, &text::values(&values))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
