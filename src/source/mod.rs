//! Bytes of a captured file to a [`Trace`], with diagnostics.
//!
//! One file a format, told apart by content, because a log is renamed more often
//! than it is what its name says. Readers never fail: what is damaged costs the
//! damaged entry, is told as an [`Error`] with its place, and leaves a
//! [`Gap`](crate::trace::Gap) in the trace. What this leaves out: deciding who a
//! participant is, what a path means, or in which order messages are numbered.

use std::path::Path;

use crate::error::Error;
use crate::text::Text;
use crate::trace::Trace;

/// What a source gave.
#[derive(Debug, Default)]
pub struct Read {
    /// The exchanges that could be read.
    pub trace: Trace,
    /// What could not, in the order of the file.
    pub diagnostics: Vec<Error>,
}

/// The formats that docgen reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// HTTP Archive 1.2, of docgen, a browser or a proxy.
    Har,
    /// The log of the `requestshook` middleware.
    Requestshook,
    /// The log of `requests-observer`.
    RequestsObserver,
    /// What keystoneauth prints under `--debug`.
    Keystoneauth,
}

#[allow(dead_code)] // filled in by the readers that land next
fn _signature(_: &Path, _: &Text) -> Read {
    Read::default()
}
