//! An archive as the log that pages show, without a detour through its trace.
//!
//! Headers and bodies go from the file into the log at once, JSON laid out on the way: that is most
//! of the work of a page of a recorded command. What this leaves out: the log's form, which
//! [`requestshook_writer`] knows.

use super::entry::{Details, Entry};
use crate::source::requestshook_writer::{self, DetailsSource};
use crate::text::Text;
use crate::trace::{Exchange, KnownFrom, Trace};

/// The trace of these entries and of what else is `known`, with headers and bodies as its log shows them, and that log.
pub(super) fn log(entries: Vec<Entry<'_>>, known: Trace, whole: &Text) -> (Trace, Text) {
    let mut details = Vec::with_capacity(entries.len());
    let mut exchanges = Vec::with_capacity(entries.len());
    for Entry { mut exchange, details: [mut asked, mut answered], .. } in entries {
        let Exchange { request, response, known_from, .. } = &mut exchange;
        // Such a request is in no log.
        if *known_from == KnownFrom::Response || !asked.are_lines() {
            std::mem::take(&mut asked).fill(&mut request.headers, &mut request.body, whole);
        }
        if let Some(response) = response.as_mut().filter(|_| !answered.are_lines()) {
            std::mem::take(&mut answered).fill(&mut response.headers, &mut response.body, whole);
        }
        details.push([asked, answered]);
        exchanges.push(exchange);
    }
    requestshook_writer::rewrite_with(Trace { exchanges, ..known }, &Archived { details, size: whole.len() })
}

/// What of the messages is in the archive and not in their trace.
struct Archived<'a> {
    details: Vec<[Details<'a>; 2]>,
    /// The length of the archive.
    size: usize,
}

impl DetailsSource for Archived<'_> {
    fn size(&self) -> usize {
        self.size
    }

    fn push_headers(&self, exchange: usize, is_response: bool, log: &mut Vec<u8>) {
        for (name, value) in &self.details[exchange][usize::from(is_response)].fields {
            log.extend_from_slice(name.as_bytes());
            log.extend_from_slice(b": ");
            log.extend_from_slice(value.as_bytes());
            log.push(b'\n');
        }
    }

    fn push_body(&self, exchange: usize, is_response: bool, log: &mut Vec<u8>) -> bool {
        let Some(escaped) = self.details[exchange][usize::from(is_response)].body else { return false };
        if !escaped.reindent_onto(log) {
            requestshook_writer::push_text(&escaped.text(), log);
        }
        true
    }
}
