//! A hand-written page as a trace: what its diagram draws and what its sections print.
//!
//! The diagram says who talks to whom and in which order; sections add URL, headers and bodies,
//! by their numbers. What no section prints is in the trace too, as known from the diagram. Each
//! step is a value of its own: the sections that a page has, the order of its messages, the pairs
//! that they are, the trace of those. What this leaves out: how the page is to say it again.

mod content;
mod diagrams;
mod links;
mod order;
mod pairs;
mod sections;
mod trace;

use std::ops::Range;

use super::Document;
use super::message_line::MessageLine;
use crate::error::{Error, ErrorKind, Place};
use crate::sequence::{Sequence, Side};
use crate::trace::Trace;

pub(super) use content::{Shown, body_content, header_content};
pub(super) use diagrams::{Diagram, Diagrams, Drawn};
pub(super) use links::Links;
pub(super) use sections::{Section, anchor_of_line, field};

/// What a page tells.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) trace: Trace,
    /// The messages in the diagrams' order.
    pub(super) messages: Vec<Message<'a>>,
    /// The sections that print messages.
    pub(super) sections: Vec<Section<'a>>,
    pub(super) diagrams: Diagrams<'a>,
    /// Names and values that the page's own paths give for parts of the real ones.
    pub(super) vars: Vec<(String, String)>,
    /// Whether the paths of the page's diagrams and headings show their queries.
    pub(super) shows_query: Option<bool>,
    /// Its anchors, where docgen made the page with links.
    pub(super) links: Option<Links>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) exchange: usize,
    pub(super) side: Side,
    /// Where the page draws it.
    pub(super) drawn: Option<Drawn<'a>>,
    /// The section that prints it, as an index into [`Facts::sections`].
    pub(super) section: Option<usize>,
}

/// Reads what the documents of a page tell. `log` is the trace that the page includes as a log.
pub(super) fn collect<'a>(
    documents: &'a [Document<'a>],
    log: Option<&Trace>,
    diagnostics: &mut Vec<Error>,
) -> Facts<'a> {
    let diagrams = diagrams::find(documents);
    let found = sections::find(documents);
    let (sections, placed) = order::order(documents, found, &diagrams, diagnostics);
    let messages = pairs::pair(documents, placed, &sections, diagnostics);
    let vars = trace::vars(&messages, &sections);
    let shows_query = trace::shows_query(&messages, &sections);
    let trace = Trace::default();
    let mut facts = Facts { trace, messages, sections, diagrams, vars, shows_query, links: None };
    match log.filter(|log| facts.agrees_with(log)) {
        Some(log) => facts.take_log(log),
        None => facts.trace = trace::trace(documents, &facts, diagnostics),
    }
    facts.links = links::find(documents, &facts.messages, &facts.sections);
    facts
}

impl<'a> Facts<'a> {
    /// Whether a message has a method, or a status that HTTP has.
    pub(super) fn tells_of_http(&self) -> bool {
        self.messages.iter().any(|message| {
            let section = message.section.map(|at| &self.sections[at]);
            let headed = section.map(|section| section.message_line());
            let drawn = message.drawn.map(|drawn| MessageLine::of(drawn.arrow.text));
            headed.into_iter().chain(drawn).any(|line| line.is_http())
        })
    }

    /// What the heading and the arrow of a message say of it.
    pub(super) fn shown(&self, message: &Message<'a>) -> [MessageLine<'a>; 2] {
        let headed = message.section.map_or(MessageLine::Other, |at| self.sections[at].in_heading.clone());
        [headed, message.drawn.map_or(MessageLine::Other, |drawn| MessageLine::of(drawn.arrow.text))]
    }

    /// Whether a log tells of the same messages as the page.
    fn agrees_with(&self, log: &Trace) -> bool {
        let sequence = Sequence::new(log, |_| true);
        sequence.steps().count() == self.messages.len()
            && sequence.steps().zip(&self.messages).all(|(step, message)| {
                let exchange = &log.exchanges[step.exchange];
                let [_, drawn] = self.shown(message);
                step.side == message.side
                    && match (drawn, step.side) {
                        (MessageLine::Request { method, .. }, Side::Request) => {
                            *exchange.request.method == *method
                        }
                        (MessageLine::Response { status, .. }, Side::Response) => {
                            exchange.response.as_ref().is_some_and(|response| response.status == status)
                        }
                        (MessageLine::Other, _) => true,
                        _ => false,
                    }
            })
    }

    fn take_log(&mut self, log: &Trace) {
        let sequence = Sequence::new(log, |_| true);
        for (step, message) in sequence.steps().zip(&mut self.messages) {
            message.exchange = step.exchange;
        }
        self.trace = log.clone();
    }
}

/// Where the page shows a message: its section's heading, or its arrow.
fn place<'d, 'a>(
    documents: &'d [Document<'a>],
    section: Option<&Section<'_>>,
    drawn: Option<Drawn<'_>>,
) -> (&'d Document<'a>, Range<usize>) {
    match (section, drawn) {
        (Some(section), _) => (&documents[section.document], section.heading.text.clone()),
        (None, Some(drawn)) => {
            let document = &documents[drawn.document];
            (document, document.lines.range(drawn.line))
        }
        (None, None) => (&documents[0], 0..0),
    }
}

impl Document<'_> {
    /// A diagnostic about bytes of this document.
    pub(super) fn error(&self, range: Range<usize>, message: impl Into<String>) -> Error {
        let line = self.lines.at(range.start);
        let whole = self.lines.range(line);
        let text = self.lines.get(line);
        let (start, end) = (range.start - whole.start, range.end.saturating_sub(whole.start).min(text.len()));
        let column = text[..text.floor_char_boundary(start)].chars().count() + 1;
        Error::new(ErrorKind::Import, message).at(Place::on_line(
            &self.file,
            line + 1,
            column,
            text,
            start,
            end,
        ))
    }
}
