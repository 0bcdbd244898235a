//! What settings say of captures that are recorded together: `[suite]`, `[export]`, and values of one
//! capture in the settings of another.
//!
//! As typed, with places. What this leaves out: what follows for a run ([`crate::suite`]).

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, Origin, is_identifier};
use crate::error::{Error, ErrorKind, Place, Result};

/// What a folder says of the captures below it, as they are recorded together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Suite {
    /// Paths below the folder, of captures or of folders of them, in the order in which they are recorded.
    /// What is not named comes after, in the order of the paths.
    pub order: Vec<Located<String>>,
    /// Lines for a shell that run before the first capture.
    pub setup: Vec<Located<String>>,
    /// Lines for a shell that run after the last one, whatever became of it.
    pub cleanup: Vec<Located<String>>,
}

/// A value that a capture gives to others.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// What others call it.
    pub name: String,
    /// Where the export is written.
    pub place: Place,
    /// The text that the value is in.
    pub from: From,
    /// Where it is there.
    pub at: At,
}

/// What an exported value is taken from.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// What the command printed.
    Output,
    /// The response of the exchange that this label or selector names.
    Response(String),
}

impl From {
    /// The label or selector that names the exchange.
    pub fn selector(&self) -> Option<&str> {
        match self {
            From::Output => None,
            From::Response(named) => Some(named),
        }
    }
}

/// Where a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum At {
    /// At a JSON pointer (RFC 6901).
    Pointer(String),
    /// In the header field of this name.
    Header(String),
    /// In a table: in the row that has this cell, in the column of this name. Of a table of fields and
    /// values the column is the value's.
    Cell {
        /// One of the row's cells.
        row: String,
        /// The column.
        column: Option<String>,
    },
    /// What a regular expression matches: its first group, or all of it.
    Pattern(Pattern),
    /// All of it, which is one line.
    Whole,
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern(regex::Regex);

impl Pattern {
    fn new(pattern: &str) -> Result<Pattern, regex::Error> {
        regex::Regex::new(pattern).map(Pattern)
    }

    /// What it matches in a text, each time: its first group, or all of the match if there is none.
    pub fn matches<'t>(&self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.0.captures_iter(text).filter_map(|found| Some(found.get(1).or(found.get(0))?.as_str()))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// A value of a capture that settings of another use: `{openstack/image/create.image_id}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// The capture, as typed.
    pub capture: String,
    /// The name of the value there.
    pub export: String,
    /// What uses it.
    pub used_in: UsedIn,
    /// Where it is written.
    pub place: Place,
}

impl Reference {
    /// What stands between the braces.
    pub fn text(&self) -> String {
        format!("{}.{}", self.capture, self.export)
    }
}

/// The setting that holds a [`Reference`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsedIn {
    /// The command.
    Command,
    /// The variable of this name of the command's environment.
    Env(String),
    /// The variable of this name.
    Var(String),
}

/// The keys of `[suite]`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TypedSuite {
    /// Paths below this folder, of captures or of folders of them, in the order in which they are recorded. What is not named comes after.
    #[schemars(with = "Vec<String>")]
    order: Vec<toml::Spanned<String>>,
    /// Lines for a shell that run before the first capture.
    #[schemars(with = "Vec<String>")]
    setup: Vec<toml::Spanned<String>>,
    /// Lines for a shell that run after the last one, whatever became of it.
    #[schemars(with = "Vec<String>")]
    cleanup: Vec<toml::Spanned<String>>,
}

impl TypedSuite {
    pub(super) fn located(&self, origin: &Origin) -> Suite {
        Suite {
            order: located(&self.order, origin),
            setup: located(&self.setup, origin),
            cleanup: located(&self.cleanup, origin),
        }
    }
}

/// The texts with their places.
pub(super) fn located(texts: &[toml::Spanned<String>], origin: &Origin) -> Vec<Located<String>> {
    let one = |text: &toml::Spanned<String>| Located {
        value: text.get_ref().clone(),
        place: origin.place(text.span()),
    };
    texts.iter().map(one).collect()
}

/// The keys of one entry of `[export]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TypedExport {
    /// Where the value is: `output`, or the label or selector of an exchange for its response.
    from: String,
    /// A JSON pointer to the value.
    #[serde(default)]
    pointer: Option<String>,
    /// The name of a header field.
    #[serde(default)]
    header: Option<String>,
    /// A cell of a printed table's row.
    #[serde(default)]
    row: Option<String>,
    /// The column of a printed table.
    #[serde(default)]
    column: Option<String>,
    /// A regular expression: its first group is the value, or all of the match.
    #[serde(default)]
    pattern: Option<String>,
}

impl TypedExport {
    /// # Errors
    /// [`ErrorKind::Setting`] at the export's line, where its keys do not say one place.
    pub(super) fn located(&self, name: &str, place: Place) -> Result<Export> {
        let error = |message: String| Error::new(ErrorKind::Setting, message).at(place.clone());
        if !is_identifier(name) {
            return Err(error(format!(
                "`{name}` cannot name an export: it is letters, digits and `_`, and begins with a letter"
            )));
        }
        let from = match self.from.trim() {
            "output" => From::Output,
            response => From::Response(response.to_owned()),
        };
        let places = [&self.pointer, &self.header, &self.row, &self.pattern];
        let example = match from {
            From::Output => {
                "`{ from = \"output\", row = \"id\" }`, or `pointer`, or `pattern`, or nothing for all of it"
            }
            From::Response(_) => "`{ from = \"LABEL\", pointer = \"/id\" }`, or `header`, or `pattern`",
        };
        if places.into_iter().flatten().count() > 1 {
            return Err(error("an export is at one place".to_owned()).hint(example));
        }
        let at = match (&self.pointer, &self.header, &self.row, &self.pattern) {
            (Some(pointer), ..) if !pointer.is_empty() && !pointer.starts_with('/') => {
                return Err(error(format!("`{pointer}` is no JSON pointer"))
                    .hint("it begins with a slash: `/image/id`"));
            }
            (Some(pointer), ..) => At::Pointer(pointer.clone()),
            (_, Some(header), ..) => At::Header(header.clone()),
            (_, _, Some(row), _) => At::Cell { row: row.clone(), column: self.column.clone() },
            (.., Some(pattern)) => At::Pattern(Pattern::new(pattern).map_err(|cause| {
                error(format!("`{pattern}` is no regular expression: {cause}"))
                    .hint("the syntax is that of Rust's regex crate: no look-around, no back-references")
            })?),
            (None, None, None, None) => At::Whole,
        };
        let is_wrong = match (&from, &at) {
            (From::Output, At::Header(_)) => Some("what a command prints has no headers"),
            (From::Response(_), At::Cell { .. }) => Some("a response has no rows"),
            (From::Response(_), At::Whole) => Some("a response is more than one value"),
            _ if self.column.is_some() && self.row.is_none() => Some("a column is no cell without its row"),
            _ => None,
        };
        match is_wrong {
            Some(message) => Err(error(message.to_owned()).hint(example)),
            None => Ok(Export { name: name.to_owned(), place, from, at }),
        }
    }
}

/// The values of captures that a text uses: where, the capture, the name of the value. `${a.b}` and
/// `{{a.b}}` are something else.
pub(crate) fn references_of(text: &str) -> impl Iterator<Item = (Range<usize>, &str, &str)> {
    text.match_indices('{').filter_map(|(start, _)| {
        if text[..start].ends_with(['$', '{']) {
            return None;
        }
        let inner = text[start + 1..].split(['{', '}']).next()?;
        let end = start + 1 + inner.len();
        text[end..].starts_with('}').then_some(())?;
        let (capture, export) = inner.rsplit_once('.')?;
        let is_path = !capture.is_empty()
            && capture
                .split('/')
                .all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.'))
            && !capture.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'$:()[]|,;".contains(c));
        (is_path && is_identifier(export)).then_some((start..end + 1, capture, export))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Layer, Settings};
    use super::*;

    #[test]
    fn a_value_of_another_capture_is_told_from_other_braces() {
        let found =
            |text| references_of(text).map(|(_, capture, export)| (capture, export)).collect::<Vec<_>>();
        assert_eq!(
            found("show {a/b-c/create.id} {list.first_1}"),
            [("a/b-c/create", "id"), ("list", "first_1")]
        );
        assert_eq!(found("{v1.2/create.id}"), [("v1.2/create", "id")]);
        for other in [
            "{id}",
            "{.ID}",
            "{{a.b}}",
            "${a.b}",
            "{a.b",
            "{a.0}",
            "{a b.c}",
            "{\"a.b\"}",
            "{a..b}",
            "{/a.b}",
            "{a/.b.c}",
            "{print a.b}",
            "{x: y.z}",
        ] {
            assert_eq!(found(other), [], "{other}");
        }
    }

    fn settings(text: &str) -> Result<Settings> {
        Ok(Settings::resolve(&[Layer::parse("c/capture.toml".as_ref(), text)?]))
    }

    #[test]
    fn an_export_says_one_place() {
        let read = |export: &str| settings(&format!("title = 'x'\n[export]\nid = {export}\n"));
        for right in [
            "{ from = 'output' }",
            "{ from = 'output', row = 'id' }",
            "{ from = 'output', row = 'cirros', column = 'ID' }",
            "{ from = 'create', pointer = '/id' }",
            "{ from = 'glance POST /v2/images', header = 'Location' }",
            "{ from = 'create', pattern = 'images/([^/]+)' }",
        ] {
            assert_eq!(read(right).unwrap().exports.len(), 1, "{right}");
        }
        for (wrong, said) in [
            ("{ from = 'output', row = 'id', pointer = '/id' }", "one place"),
            ("{ from = 'output', header = 'x' }", "no headers"),
            ("{ from = 'create', row = 'x' }", "no rows"),
            ("{ from = 'create' }", "more than one value"),
            ("{ from = 'output', column = 'ID' }", "without its row"),
            ("{ from = 'create', pointer = 'id' }", "no JSON pointer"),
            ("{ from = 'output', pattern = '(' }", "no regular expression"),
            ("{ pointer = '/id' }", "from"),
        ] {
            let error = read(wrong).unwrap_err();
            assert!(error.message().contains(said), "{wrong}: {error}");
            assert_eq!(error.place().unwrap().line, 3, "{wrong}");
        }
    }

    #[test]
    fn each_table_is_in_its_file() {
        let error = settings("[suite]\norder = ['a']\n").unwrap_err();
        assert!(error.message().contains("docgen.toml") && error.place().is_some(), "{error}");
        let error =
            Layer::parse("c/docgen.toml".as_ref(), "[export]\nid = { from = 'output' }\n").unwrap_err();
        assert!(error.message().contains("capture.toml"), "{error}");
    }

    #[test]
    fn the_nearest_setting_says_what_it_uses() {
        let far =
            Layer::parse("c/docgen.toml".as_ref(), "[vars]\nid = '{create.id}'\nother = '{a.b}'\n").unwrap();
        let near = "command = 'show {id} {create.name}'\n[vars]\nother = 'x'\n[env]\nTOKEN = '{token.id}'\n";
        let near = Layer::parse("c/show/capture.toml".as_ref(), near).unwrap();
        let settings = Settings::resolve(&[far, near]);
        let told: Vec<(String, &UsedIn, usize, usize)> = settings
            .references
            .iter()
            .map(|used| (used.text(), &used.used_in, used.place.line, used.place.column))
            .collect();
        let [var, env] = [UsedIn::Var("id".into()), UsedIn::Env("TOKEN".into())];
        assert_eq!(
            told,
            [
                ("create.name".to_owned(), &UsedIn::Command, 1, 22),
                ("create.id".to_owned(), &var, 2, 7),
                ("token.id".to_owned(), &env, 5, 10),
            ]
        );
    }
}
