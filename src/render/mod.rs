//! The text: a [`Page`](crate::page::Page) to Markdown.
//!
//! Templates lay a page out, holes are filled from the same templates, and one place escapes what was
//! captured. Nothing here touches the disk or knows where a page goes; `site` does.

pub mod escape;
pub(crate) mod holes;
mod limits;
mod skeleton;
pub mod templates;
mod view;
