//! The debug logs of OpenStack's clients in Python, as people paste them.
//!
//! keystoneauth's in all its eras, urllib3's lines among them, and those of the clients before it
//! and beside it (`clients/`), with whatever a formatter, a service or syslog put around them.
//! One subject a file:
//!
//! - `prefix`, `suffix`: what others put before and after a message, and who speaks;
//! - `record`, `unwrap`: lines to messages;
//! - `clients/`: what a message says, one client a file, with `curl`, `fields` and `python`
//!   for the notations that they share;
//! - `calls`: which response belongs to which request, and where a body ends.
//!
//! The time is linear in the length of the log. What this leaves out: who sent and who received a
//! call, and a reason phrase that the client did not print.

mod calls;
mod clients;
mod curl;
mod fields;
mod prefix;
mod python;
mod record;
mod suffix;
mod unwrap;

use std::path::Path;

use crate::error::Error;
use crate::text::Text;
use crate::trace::Trace;

/// The length of the moment that `text` begins with; 0 where it begins with none.
pub(super) fn moment(text: &str) -> usize {
    prefix::time(text)
}

/// The length of what syslog or journald puts before a line; 0 where there is no such.
pub(super) fn unit(line: &str) -> usize {
    prefix::unit(line)
}

/// Reads the log `text`, the content of `file`.
pub fn read(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    let records = record::split(text);
    calls::pair(file, text, &records)
}

/// Where the first call is.
pub(super) fn first_entry(text: &str) -> Option<usize> {
    record::first(text)
}
