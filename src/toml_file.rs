//! A TOML file to a typed value, with errors that have a place.
//!
//! Settings and profiles are both written by hand, so both owe their writer the
//! same help: the file, the line, a caret, and the key that was probably meant.
//! What this leaves out: reading the file, and checks of what the values mean;
//! for those, [`fault`] makes an error of the same form.

use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Place, Result};

/// The value that `text`, the content of `file`, stands for.
///
/// # Errors
/// [`ErrorKind::Setting`], with its place, where the text is no TOML, a key is
/// unknown (for types with `deny_unknown_fields`) or a value is of another type.
pub(crate) fn from_text<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => Place::span(file, text, span.start, span.end),
            None => Place::file(file),
        };
        let unknown = unknown_name(error.message());
        let made = match &unknown {
            Some(unknown) => Error::new(
                ErrorKind::Setting,
                format!("there is no {} `{}` here", unknown.what, unknown.name),
            )
            .hint(unknown.advice()),
            None => Error::new(ErrorKind::Setting, error.message().trim_end_matches('.').replace('\n', "; ")),
        };
        made.at(place).with_source(error)
    })
}

/// An error about the bytes `span` of `text`, the content of `file`.
pub(crate) fn fault(file: &Path, text: &str, span: Range<usize>, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Setting, message).at(Place::span(file, text, span.start, span.end))
}

/// The one of `known` that a person who wrote `name` most likely meant, if any is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, near) =
        known.into_iter().map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate)).min()?;
    // A third of the letters wrong is a slip; more is another word.
    (distance <= (name.chars().count().max(near.chars().count())).div_ceil(3)).then_some(near)
}

struct Unknown<'a> {
    what: &'static str,
    name: &'a str,
    known: Vec<&'a str>,
}

impl Unknown<'_> {
    fn advice(&self) -> String {
        match nearest(self.name, self.known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.known.is_empty() => "nothing may stand here".to_owned(),
            None => format!("known here: {}", self.known.join(", ")),
        }
    }
}

/// Takes apart serde's messages for names that are not known, which quote them in backticks.
fn unknown_name(message: &str) -> Option<Unknown<'_>> {
    let (what, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => ("key", rest),
        None => ("value", message.strip_prefix("unknown variant `")?),
    };
    let (name, rest) = rest.split_once('`')?;
    Some(Unknown { what, name, known: rest.split('`').skip(1).step_by(2).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Settings {
        title: Option<String>,
        locale: Option<String>,
    }

    fn message(text: &str) -> String {
        from_text::<Settings>(Path::new("docgen.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let expected = "error: there is no key `titel` here\n --> docgen.toml:2:1\n  |\n2 | titel = 'x'\n  | ^^^^^\n  = help: did you mean `title`?";
        assert_eq!(message("locale = 'ko'\ntitel = 'x'\n"), expected);
        assert!(message("zzz = 1").ends_with("known here: title, locale"));
    }

    #[test]
    fn a_wrong_type_and_broken_toml_have_a_place() {
        assert!(message("title = 3\n").contains("--> docgen.toml:1:9"), "{}", message("title = 3\n"));
        assert!(message("title = \n").contains("--> docgen.toml:1:"));
    }

    #[test]
    fn only_a_slip_has_a_nearest() {
        assert_eq!(nearest("form", ["from", "to"]), Some("from"));
        assert_eq!(nearest("colour", ["from", "to"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
