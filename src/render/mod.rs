//! The text: a [`Page`](crate::page::Page) to Markdown.
//!
//! Templates lay a page out, holes are filled from the same templates, and one place escapes what was
//! captured. The default templates are compiled in as functions (`layouts`); those that a user changed
//! are interpreted. Nothing here touches the disk or knows where a page goes; `site` does.

pub mod diagram_size;
pub mod escape;
pub(crate) mod holes;
mod layouts;
mod limits;
mod pieces;
pub mod templates;
mod view;
