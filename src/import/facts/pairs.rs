//! Which messages are requests, and which request each response answers.
//!
//! What a message says tells, and where it says nothing its arrow does: one that goes back to who
//! waits is an answer. What this leaves out: what the exchanges hold.

use std::collections::HashMap;

use super::order::Placed;
use super::sections::Section;
use super::trace::same_path;
use super::{Document, Message, place};
use crate::error::Error;
use crate::import::message_line::MessageLine;
use crate::page::anchor;
use crate::sequence::Side;

/// A request that waits for its response.
struct Open<'a> {
    exchange: usize,
    target: &'a str,
    anchor: Option<&'a str>,
}

/// Tells requests from responses, and finds each response's request.
pub(super) fn pair<'a>(
    documents: &[Document<'a>],
    placed: Vec<Placed<'a>>,
    sections: &[Section<'a>],
    diagnostics: &mut Vec<Error>,
) -> Vec<Message<'a>> {
    let mut exchanges = 0;
    let mut messages: Vec<Message<'a>> = Vec::with_capacity(placed.len());
    // By their ends.
    let mut open: HashMap<[&str; 2], Vec<Open<'_>>> = HashMap::new();
    for Placed { drawn, section: index } in placed {
        let section = index.map(|at| &sections[at]);
        let arrow = drawn.map(|drawn| drawn.arrow);
        let in_section = section.map_or(MessageLine::Other, Section::message_line);
        let in_diagram = arrow.map_or(MessageLine::Other, |arrow| MessageLine::of(arrow.text));
        let ends = match (arrow, section.and_then(|section| section.names)) {
            (Some(arrow), _) => [arrow.from, arrow.to],
            // These names keep their order in a response.
            (None, Some((client, server))) => match in_section {
                MessageLine::Response { .. } => [server, client],
                _ => [client, server],
            },
            (None, None) => ["", ""],
        };
        let back = [ends[1], ends[0]];
        let waits = open.get(&back).is_some_and(|open| !open.is_empty());
        let (is_response, target) = match (&in_section, &in_diagram) {
            (MessageLine::Request { target, .. }, _)
            | (MessageLine::Other, MessageLine::Request { target, .. }) => (false, Some(*target)),
            (MessageLine::Response { target, .. }, _)
            | (MessageLine::Other, MessageLine::Response { target, .. }) => (true, *target),
            _ => (
                waits && arrow.is_none_or(|arrow| arrow.is_dotted() || in_diagram == MessageLine::Other),
                None,
            ),
        };
        let request = if is_response { open.get_mut(&back) } else { None };
        let request = request.and_then(|open| {
            let anchor = section.and_then(|section| section.anchor?.strip_suffix(anchor::RESPONSE));
            let named = anchor.and_then(|anchor| open.iter().position(|asked| asked.anchor == Some(anchor)));
            let same =
                target.and_then(|target| open.iter().position(|asked| same_path(asked.target, target)));
            match named.or(same) {
                Some(at) => Some(open.remove(at)),
                None => open.pop(),
            }
        });
        let (side, exchange) = match request {
            Some(asked) => (Side::Response, asked.exchange),
            None => {
                if is_response {
                    let (document, range) = place(documents, section, drawn);
                    diagnostics.push(
                        document
                            .error(range, "this response answers no request of the page")
                            .hint("the trace holds it as a request that nobody answered"),
                    );
                }
                exchanges += 1;
                let anchor = section.and_then(|section| section.anchor);
                let (exchange, target) = (exchanges - 1, target.unwrap_or_default());
                open.entry(ends).or_default().push(Open { exchange, target, anchor });
                (Side::Request, exchanges - 1)
            }
        };
        messages.push(Message { exchange, side, drawn, section: index });
    }
    messages
}
