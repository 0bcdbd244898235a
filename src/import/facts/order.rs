//! The messages of a page in order, each with the section that prints it.
//!
//! The diagram orders them; without one the sections do, by their numbers. What this leaves out:
//! which of them are requests.

use super::Document;
use super::diagrams::{Diagrams, Drawn};
use super::sections::Section;
use super::trace::same_path;
use crate::error::Error;
use crate::import::message_line::MessageLine;

/// A message in its place: drawn, or printed by a section, or both.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    pub(super) drawn: Option<Drawn<'a>>,
    /// The section that prints it, as an index.
    pub(super) section: Option<usize>,
}

/// Orders the messages by the diagram or else by the sections, and joins sections to them. Sections
/// of no message are left out.
pub(super) fn order<'a>(
    documents: &[Document<'a>],
    found: Vec<Section<'a, ()>>,
    diagrams: &Diagrams<'a>,
    diagnostics: &mut Vec<Error>,
) -> (Vec<Section<'a>>, Vec<Placed<'a>>) {
    let mut drawn: Vec<Option<Drawn<'a>>> = diagrams.drawn().map(Some).collect();
    let mut message_of: Vec<Option<usize>> = vec![None; found.len()];
    if drawn.is_empty() {
        for (message, at) in by_number(&found).into_iter().enumerate() {
            message_of[at] = Some(message);
            drawn.push(None);
        }
    } else if diagrams.counts_from_one() {
        for at in beyond(&found, drawn.len()) {
            message_of[at] = Some(drawn.len());
            drawn.push(None);
            let section = &found[at];
            diagnostics.push(
                documents[section.document]
                    .error(section.heading.text.clone(), "the diagram does not draw this message")
                    .hint("it is in the trace; a hole `{{ diagram }}` would draw it"),
            );
        }
    }
    let mut next = 0;
    for (section, message) in found.iter().zip(&mut message_of) {
        if message.is_some() {
            continue;
        }
        let fits = |at: &usize| fits(drawn.get(*at), section);
        *message = match &section.number {
            Some(number) => diagrams.message_of(number.value, drawn.len()).filter(fits),
            // Sections follow the diagram; a search to its end for each would not end.
            None => (next..drawn.len()).take(512).find(fits),
        };
        if let Some(message) = *message {
            next = message + 1;
        } else if section.headers.is_some() || section.body.is_some() {
            diagnostics.push(
                documents[section.document]
                    .error(section.heading.text.clone(), "this heading names no message of the diagram")
                    .hint("it stays as text; number it as the diagram does, and import the page again"),
            );
        }
    }
    let joined = found.into_iter().zip(message_of);
    let sections: Vec<Section<'a>> =
        joined.filter_map(|(section, message)| Some(section.of_message(message?))).collect();
    let mut placed: Vec<Placed<'a>> =
        drawn.into_iter().map(|drawn| Placed { drawn, section: None }).collect();
    for (at, section) in sections.iter().enumerate() {
        placed[section.message].section.get_or_insert(at);
    }
    (sections, placed)
}

/// The sections in the order of their numbers, those without one last; each number once.
fn by_number(found: &[Section<'_, ()>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|&at| found[at].number.as_ref().map(|number| number.value));
    order.dedup_by_key(|&mut at| match &found[at].number {
        Some(number) => u64::from(number.value),
        None => u64::MAX - at as u64,
    });
    order
}

/// Sections whose numbers go on where those of the diagram end.
fn beyond(found: &[Section<'_, ()>], drawn: usize) -> Vec<usize> {
    let mut beyond: Vec<(u32, usize)> = (0..found.len())
        .filter_map(|at| Some((found[at].number.as_ref()?.value, at)))
        .filter(|(number, at)| *number as usize > drawn && found[*at].message_line() != MessageLine::Other)
        .collect();
    beyond.sort_unstable();
    let mut taken = Vec::new();
    for (number, at) in beyond {
        if number as usize == drawn + taken.len() + 1 {
            taken.push(at);
        }
    }
    taken
}

/// Whether a section can be that of a message, as far as the diagram says what it is.
fn fits(message: Option<&Option<Drawn<'_>>>, section: &Section<'_, ()>) -> bool {
    let Some(message) = message else { return false };
    let Some(drawn) = message else { return true };
    match (MessageLine::of(drawn.arrow.text), section.message_line()) {
        (MessageLine::Request { method, target }, MessageLine::Request { method: m, target: t }) => {
            section.number.is_some() || (method == m && same_path(target, t))
        }
        (
            MessageLine::Response { status, target, .. },
            MessageLine::Response { status: s, target: t, .. },
        ) => {
            let same_target = match (target, t) {
                (Some(a), Some(b)) => same_path(a, b),
                _ => true,
            };
            section.number.is_some() || status == s && same_target
        }
        (MessageLine::Request { .. }, MessageLine::Response { .. })
        | (MessageLine::Response { .. }, MessageLine::Request { .. }) => false,
        _ => section.number.is_some(),
    }
}
