//! The text: a [`Page`](crate::page::Page) to Markdown.
//!
//! Templates lay a page out, holes are filled from the same templates, and one place escapes what was
//! captured. The default templates are compiled in as functions (`layouts`); those that a user changed
//! are interpreted. Nothing here touches the disk or knows where a page goes; `site` does.
//!
//! A template of one's own; the [crate's example](crate) lays out a page:
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use docgen::render::templates::{Templates, UserTemplate};
//!
//! let own = UserTemplate { file: "templates/page/heading.md".into(), text: "{{ message.number".into() };
//! let error = Templates::new(BTreeMap::from([("page/heading.md".to_owned(), own)])).unwrap_err();
//! assert_eq!(error.place().map(|place| place.line), Some(1));
//! ```

pub mod diagram_size;
pub(crate) mod drawing;
pub mod escape;
mod fields;
pub(crate) mod files;
pub(crate) mod front_matter;
pub(crate) mod holes;
mod index;
mod layouts;
mod limits;
mod pieces;
pub(crate) mod reference;
mod report;
pub mod templates;
mod view;
