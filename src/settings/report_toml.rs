//! What a maintainer says about a report: `report.toml`.
//!
//! It names the recordings before and after a change, by folders below that of all captures, or as a commit
//! has them. What else a page needs (language, templates, phrases) is said above it, in `docgen.toml`. What
//! this leaves out: whether there is anything where it points.

use std::path::{Component, Path};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{Located, Origin};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::toml_file;

/// A report, as its file says it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportToml {
    /// The page's title; without one the report's path serves.
    pub title: Option<String>,
    /// One paragraph below the title.
    pub description: Option<String>,
    /// The language of what docgen itself writes, if it is another than that of the captures around.
    pub locale: Option<Located<String>>,
    /// The recordings before the change.
    pub old: Located<Recorded>,
    /// The recordings after it.
    pub new: Located<Recorded>,
}

/// Where recordings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// In a folder below that of the captures; an empty path is that folder itself.
    Folder(String),
    /// As a commit has them.
    Commit {
        /// A branch, a tag or a hash.
        rev: String,
        /// The folder below that of the captures.
        folder: String,
    },
}

impl std::fmt::Display for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Recorded::Folder(folder) if folder.is_empty() => f.write_str("."),
            Recorded::Folder(folder) => f.write_str(folder),
            Recorded::Commit { rev, folder } if folder.is_empty() => f.write_str(rev),
            Recorded::Commit { rev, folder } => write!(f, "{rev}:{folder}"),
        }
    }
}

impl Recorded {
    /// The folder below that of the captures.
    pub fn folder(&self) -> &str {
        match self {
            Recorded::Folder(folder) | Recorded::Commit { folder, .. } => folder,
        }
    }
}

/// The keys of a report.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// The page's title; without one the report's path serves.
    title: Option<String>,
    /// One paragraph below the title.
    description: Option<String>,
    /// The language of what docgen itself writes, if it is another than that of the captures around.
    #[schemars(with = "Option<String>")]
    locale: Option<toml::Spanned<String>>,
    /// The recordings before the change: a folder below that of the captures, or the same as a commit has it.
    #[schemars(schema_with = "recordings")]
    old: toml::Spanned<toml::Value>,
    /// The recordings after the change.
    #[schemars(schema_with = "recordings")]
    new: toml::Spanned<toml::Value>,
}

/// The schema of the file.
pub(crate) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.root_schema_for::<Typed>()
}

/// The schema of recordings, in both of their forms.
fn recordings(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "oneOf": [
            { "type": "string", "description": "A folder below that of the captures." },
            {
                "type": "object",
                "description": "The same folder as a commit has it.",
                "properties": {
                    "git": { "type": "string", "description": "A branch, a tag or a hash." },
                    "path": { "type": "string", "description": "A folder below that of the captures; without one, that folder itself." },
                },
                "required": ["git"],
                "additionalProperties": false,
            },
        ],
    })
}

impl ReportToml {
    /// Reads the content of a `report.toml`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] with the place of what is no TOML, no known key, missing, or no recordings.
    pub fn parse(file: &Path, text: &str) -> Result<ReportToml> {
        let typed: Typed = toml_file::from_text(file, text).map_err(|error| {
            let needed = "a report names two: `old = \"FOLDER\"` and `new = \"FOLDER\"`, below the captures";
            if error.message().contains("missing field") { error.hint(needed) } else { error }
        })?;
        let origin = Origin::new(file, text);
        let recorded = |typed: &toml::Spanned<toml::Value>| -> Result<Located<Recorded>> {
            let place = origin.place(typed.span());
            let value = recorded(typed.get_ref(), &place)?;
            Ok(Located { value, place })
        };
        let locale = typed.locale.map(|locale| {
            let place = origin.place(locale.span());
            Located { value: locale.into_inner(), place }
        });
        let (old, new) = (recorded(&typed.old)?, recorded(&typed.new)?);
        if old.value == new.value {
            return Err(Error::new(ErrorKind::Setting, "`old` and `new` are the same recordings")
                .at(new.place)
                .hint("name those after the change here"));
        }
        Ok(ReportToml { title: typed.title, description: typed.description, locale, old, new })
    }
}

fn recorded(value: &toml::Value, place: &Place) -> Result<Recorded> {
    let wrong = |message: String| Error::new(ErrorKind::Setting, message).at(place.clone());
    let form = "`\"FOLDER\"`, a folder below that of the captures; \
                or `{ git = \"REV\", path = \"FOLDER\" }`, the same as a commit has it";
    match value {
        toml::Value::String(path) => Ok(Recorded::Folder(folder(path, place)?)),
        toml::Value::Table(table) => {
            let known = |key: &str| ["git", "path"].contains(&key);
            if let Some(key) = table.keys().find(|key| !known(key)) {
                return Err(wrong(format!("`{key}` is no key of recordings")).hint(form));
            }
            let text = |key: &str| table.get(key).map(|value| value.as_str().map(str::to_owned));
            match (text("git"), text("path")) {
                (Some(Some(rev)), None) => Ok(Recorded::Commit { rev, folder: String::new() }),
                (Some(Some(rev)), Some(Some(path))) => {
                    Ok(Recorded::Commit { rev, folder: folder(&path, place)? })
                }
                _ => Err(wrong("these are no recordings".to_owned()).hint(form)),
            }
        }
        _ => Err(wrong("these are no recordings".to_owned()).hint(form)),
    }
}

/// A path below the folder of the captures, with `/` between its parts.
fn folder(path: &str, place: &Place) -> Result<String> {
    let mut parts = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                let message = format!("`{path}` is not below the folder of the captures");
                return Err(Error::new(ErrorKind::Setting, message).at(place.clone()).hint(
                    "name the folder from there, as in `old = \"zed\"` for `captures/zed`; docgen reads nothing else",
                ));
            }
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ReportToml> {
        ReportToml::parse(Path::new("captures/r/report.toml"), text)
    }

    #[test]
    fn recordings_are_a_folder_or_those_of_a_commit() {
        let report = parse("old = { git = 'v1', path = 'a/./b' }\nnew = './c/'\ntitle = 'x'\n").unwrap();
        assert_eq!(report.old.value, Recorded::Commit { rev: "v1".into(), folder: "a/b".into() });
        assert_eq!(report.new.value, Recorded::Folder("c".into()));
        assert_eq!(report.old.value.to_string(), "v1:a/b");
        assert_eq!(parse("old = '.'\nnew = { git = 'v1' }").unwrap().old.value.to_string(), ".");
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        for (text, line, said) in [
            ("new = 'a'\n", 1, "missing field `old`"),
            ("old = 'a'\nnew = '../b'\n", 2, "`../b` is not below"),
            ("old = '/etc'\nnew = 'b'\n", 1, "`/etc` is not below"),
            ("old = 'a'\nnew = 'a/'\n", 2, "the same recordings"),
            ("old = 3\nnew = 'a'\n", 1, "no recordings"),
            ("old = { rev = 'x' }\nnew = 'a'\n", 1, "`rev` is no key"),
            ("old = 'a'\nnew = 'b'\nlayout = 'page'\n", 3, "layout"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.message().contains(said), "{error}");
            assert_eq!(error.place().unwrap().line, line, "{error}");
        }
    }
}
