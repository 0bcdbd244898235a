//! Which sections of a page are made by holes, and where links to them begin and end.
//!
//! A link leads only to what is there: a message has a section where a hole prints one, or its heading at the
//! end of a heading's line. Where prose shows a message under a heading of its own, the anchor stands before the
//! first hole that prints its tabs. What this leaves out: the names of anchors (`page::anchor`), and sections
//! that a template lays out without a source.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use minijinja::value::Value;

use super::expression::{Expression, Name};
use super::hole_error::{PlacedHole, placed_holes};
use super::subject::Subject;
use super::{Filler, Shown};
use crate::error::Result;
use crate::page::source::{Part, Source};
use crate::page::{Context, Entry};
use crate::sequence::Side;
use crate::settings::{HoleWord, Shows};

/// A message: its exchange's index in the trace, and its side.
type MessageKey = (usize, Side);

/// What holes print that links may lead to.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    messages: HashSet<MessageKey>,
    /// Before which holes, by source and where they begin, an anchor stands, and of which message.
    before: HashMap<(usize, usize), Vec<MessageKey>>,
    /// The hole, likewise, that shows all exchanges first.
    overview: Option<(usize, usize)>,
}

impl Sections {
    /// Whether the page has a section that tells of a message.
    pub(crate) fn has(&self, exchange: usize, side: Side) -> bool {
        self.messages.contains(&(exchange, side))
    }

    /// Whether a hole shows all exchanges at once.
    pub(crate) fn has_overview(&self) -> bool {
        self.overview.is_some()
    }
}

impl Filler<'_> {
    /// The sections that the holes of these sources print; nothing where the page has no links.
    pub(crate) fn sections(&self, sources: &[&Source]) -> Sections {
        let read: Vec<_> = placed_holes(sources).map(|placed| (placed, self.read(placed))).collect();
        let shown = Shown::new(self.shown(&read));
        self.sections_of(sources, &read, &shown)
    }

    pub(super) fn sections_of(
        &self,
        sources: &[&Source],
        read: &[(PlacedHole<'_>, Result<Arc<Expression>>)],
        shown: &Shown,
    ) -> Sections {
        let mut sections = Sections::default();
        if self.page.overview.is_none() && self.page.exchanges.iter().all(|one| one.request.anchor.is_none())
        {
            return sections;
        }
        let mut contents = Vec::new();
        for (placed, expression) in read {
            let Ok(expression) = expression else { continue };
            let Name::Word(word) = expression.name else { continue };
            let Some(key) = key_of(sources, *placed) else { continue };
            let messages = || self.messages_of(*placed, expression);
            match word.shows() {
                Shows::Section => sections.messages.extend(messages()),
                Shows::Heading if ends_heading(*placed) => sections.messages.extend(messages()),
                Shows::Content if placed.hole.is_block() => contents.push((key, messages())),
                Shows::Rest => sections.messages.extend(self.rest_of(*placed, expression, shown)),
                Shows::Nothing if word == self.page.layout.traits().overview && placed.hole.is_block() => {
                    sections.overview.get_or_insert(key);
                }
                _ => {}
            }
        }
        for (key, messages) in contents {
            for message in messages {
                if sections.messages.insert(message) {
                    sections.before.entry(key).or_default().push(message);
                }
            }
        }
        sections
    }

    /// The messages that a call's first argument names.
    fn messages_of(&self, placed: PlacedHole<'_>, expression: &Expression) -> Vec<MessageKey> {
        let argument: Option<&Value> = expression.call.as_ref().and_then(|call| call.arguments.first());
        match argument.and_then(|argument| self.subject(placed, argument).ok()) {
            None => Vec::new(),
            Some(Subject::Message(_, message)) => vec![(message.exchange, message.side)],
            Some(Subject::Exchange(exchange)) => {
                vec![(exchange.index, Side::Request), (exchange.index, Side::Response)]
            }
        }
    }

    /// The messages that a hole `rest` prints, with those of holes before it.
    fn rest_of(&self, placed: PlacedHole<'_>, expression: &Expression, shown: &Shown) -> Vec<MessageKey> {
        let until = expression.call.as_ref().and_then(|call| call.option("until"));
        let until = until.and_then(|until| self.subject(placed, until).ok()).map(|subject| subject.first());
        let messages = self.page.entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::Gap(_) => None,
        });
        let is_printed = |number: u32| until.is_none_or(|until| number < until);
        messages
            .filter(|message| is_printed(message.number) && !shown.exchanges[message.exchange])
            .map(|message| (message.exchange, message.side))
            .collect()
    }

    /// The anchors that stand before what a hole prints: of the overview where that has none of its own, and of messages that have no section of
    /// docgen's.
    pub(super) fn anchors_before(
        &self,
        sections: &Sections,
        sources: &[&Source],
        placed: PlacedHole<'_>,
    ) -> String {
        let Some(key) = key_of(sources, placed) else { return String::new() };
        let messages = sections.before.get(&key).into_iter().flatten();
        let anchors = messages.filter_map(|(exchange, side)| {
            let exchange = self.page.exchanges.iter().find(|known| known.index == *exchange)?;
            let message = match side {
                Side::Request => Some(&exchange.request),
                Side::Response => exchange.response.as_ref(),
            };
            message?.anchor.as_deref()
        });
        let is_bare = self.page.layout.traits().overview == HoleWord::Diagram;
        let is_bare = is_bare && placed.source.anchor_above(placed.hole).is_none();
        let overview = self.page.overview.as_deref().filter(|_| is_bare && sections.overview == Some(key));
        let spans: String =
            anchors.chain(overview).map(|anchor| format!("<span id=\"{anchor}\"></span>")).collect();
        if spans.is_empty() { spans } else { spans + "\n\n" }
    }
}

/// The source of a hole, and where it begins there.
fn key_of(sources: &[&Source], placed: PlacedHole<'_>) -> Option<(usize, usize)> {
    let source = sources.iter().position(|source| std::ptr::eq(*source, placed.source))?;
    Some((source, placed.hole.span.start))
}

/// Whether a hole is all that a heading's line holds behind its marks, so that the heading's attributes can stand
/// behind what it prints.
pub(super) fn ends_heading(placed: PlacedHole<'_>) -> bool {
    let PlacedHole { source, hole } = placed;
    let text = &source.text;
    let start = text[..hole.span.start].rfind('\n').map_or(0, |end| end + 1);
    let before = text[start..hole.span.start].trim_start_matches([' ', '\t', '>']);
    let is_heading = before.starts_with('#') && before.trim_matches('#').trim().is_empty();
    let ends_line = text[hole.span.end..].lines().next().is_none_or(|rest| rest.trim().is_empty());
    let is_gone =
        source.parts.iter().any(|part| matches!(part, Part::Gone { span, .. } if span.contains(&start)));
    hole.context == Context::Prose && is_heading && ends_line && !is_gone
}
