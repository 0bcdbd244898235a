//! What a maintainer says about an index: `index.toml`.
//!
//! The file alone asks for a page that lists all captures in its folder and below. What else the page needs
//! (language, templates, phrases) is said above it, in `docgen.toml`. What this leaves out: which captures
//! there are.

use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

use super::{Located, Origin};
use crate::error::Result;
use crate::toml_file;

/// An index, as its file says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IndexToml {
    /// The page's title; without one the folder's name serves.
    pub title: Option<String>,
    /// One paragraph below the title.
    pub description: Option<String>,
    /// The language of what docgen itself writes, if it is another than that of the captures around.
    pub locale: Option<Located<String>>,
}

/// The keys of an index.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// The page's title; without one the folder's name serves.
    title: Option<String>,
    /// One paragraph below the title.
    description: Option<String>,
    /// The language of what docgen itself writes, if it is another than that of the captures around.
    #[schemars(with = "Option<String>")]
    locale: Option<toml::Spanned<String>>,
}

/// The schema of the file.
pub(crate) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.root_schema_for::<Typed>()
}

impl IndexToml {
    /// Reads the content of an `index.toml`.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`](crate::ErrorKind::Setting) with the place of what is no TOML, or no known key.
    pub fn parse(file: &Path, text: &str) -> Result<IndexToml> {
        let typed: Typed = toml_file::from_text(file, text)?;
        let origin = Origin::new(file, text);
        let locale = typed.locale.map(|locale| {
            let place = origin.place(locale.span());
            Located { value: locale.into_inner(), place }
        });
        Ok(IndexToml { title: typed.title, description: typed.description, locale })
    }
}
