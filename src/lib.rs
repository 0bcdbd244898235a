//! docgen turns what a command did on the wire into numbered pages.
//!
//! ```text
//! a command ── capture ─┐
//! HAR, log files ─ source ┼─► Trace ──► Sequence ──► Page ──► Markdown
//! an existing page ─ import┘   facts    numbered     all that a
//!                                        steps        template may see
//! ```
//!
//! From a log to the pages of its capture, with nothing on the disk:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use docgen::page::{Input, Page};
//! use docgen::render::templates::Templates;
//! use docgen::settings::{Layer, Settings};
//! use docgen::source;
//!
//! let log = [
//!     "### (client) REQ >>> (glance) : GET http://192.0.2.1/v2/images\nAccept: */*\n\nnone\n\n\n",
//!     "### (client) RESP <<< (glance) : 200 OK GET http://192.0.2.1/v2/images\nServer: x\n\n[]\n\n",
//! ]
//! .concat();
//! let read = source::read("trace.log".as_ref(), log.into_bytes());
//! assert!(read.diagnostics.is_empty());
//!
//! let layer = Layer::parse("capture.toml".as_ref(), "layout = 'page'\ntitle = 'All images'\n")?;
//! let settings = Settings::resolve(&[layer]);
//! let templates = Templates::new(BTreeMap::new())?;
//! let phrases = templates.phrases(&settings.locale)?;
//! let page = Page::new(&Input {
//!     path: "image/list",
//!     settings: &settings,
//!     profile: None,
//!     phrases: &phrases,
//!     trace: &read.trace,
//!     trace_file: "trace.log",
//!     log: &read.log.unwrap_or_default(),
//!     output: None,
//! })
//! .map_err(|mut errors| errors.remove(0))?;
//!
//! let files = templates.lay_out(&Arc::new(page), |_| true)?;
//! let text = files[0].1.as_str();
//! assert!(text.starts_with("# All images\n"));
//! assert!(text.contains("  client->>glance: GET /v2/images\n"));
//! assert!(text.contains("### (2) 200 OK /v2/images\n"));
//! # Ok::<(), docgen::Error>(())
//! ```
//!
//! Data flows one way, and every producer meets the rest at [`trace::Trace`]. The
//! middle is pure functions of values; only the command line, the capture client
//! and the file writer do I/O.

pub mod capture;
mod cli;
pub mod diff;
mod edit;
pub mod error;
mod files;
pub mod import;
pub mod json;
pub mod page;
pub mod profile;
pub mod redact;
pub mod render;
pub mod schema;
pub mod sequence;
pub mod settings;
pub mod site;
mod site_config;
pub mod source;
pub mod suite;
mod table;
pub mod text;
mod text_file;
mod toml_file;
pub mod trace;

pub use cli::run;
pub use error::{Error, ErrorKind, Place, Result};
