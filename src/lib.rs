//! docgen turns what a command did on the wire into numbered pages.
//!
//! ```text
//! a command ── capture ─┐
//! HAR, log files ─ source ┼─► Trace ──► Sequence ──► Page ──► Markdown
//! an existing page ─ import┘   facts    numbered     all that a
//!                                        steps        template may see
//! ```
//!
//! Data flows one way, and every producer meets the rest at [`trace::Trace`]. The
//! middle is pure functions of values; only the command line, the capture client
//! and the file writer do I/O.

pub mod capture;
mod cli;
pub mod error;
mod files;
pub mod import;
pub mod json;
pub mod page;
pub mod profile;
pub mod redact;
pub mod render;
pub mod sequence;
pub mod settings;
pub mod site;
pub mod source;
pub mod text;
mod text_file;
mod toml_file;
pub mod trace;

pub use cli::run;
pub use error::{Error, ErrorKind, Place, Result};
