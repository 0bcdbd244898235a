//! Why a hole cannot be filled, and at which of its words.
//!
//! Whoever looks something up knows the word that is wrong, but not where it is: a [`HoleError`]
//! names it, and the [`PlacedHole`] of the hole finds its place in the source. What this leaves out:
//! holes that are not closed, which `page::source` finds.

use std::ops::Range;

use crate::error::{Error, ErrorKind, Place};
use crate::page::source::{Hole, Source, TokenKind};
use crate::settings::HoleWord;
use crate::toml_file::nearest;

/// Why a hole cannot be filled.
pub(super) enum HoleError {
    /// With the word of the hole that is wrong, where it is one.
    AtWord { message: String, hint: Option<String>, word: Option<String> },
    /// An error with a place of its own.
    Error(Error),
}

impl HoleError {
    pub(super) fn new(message: impl Into<String>) -> HoleError {
        HoleError::AtWord { message: message.into(), hint: None, word: None }
    }

    pub(super) fn at(self, word: &str) -> HoleError {
        match self {
            HoleError::AtWord { message, hint, .. } => {
                HoleError::AtWord { message, hint, word: Some(word.to_owned()) }
            }
            error => error,
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> HoleError {
        match self {
            HoleError::AtWord { message, word, .. } => {
                HoleError::AtWord { message, hint: Some(hint.into()), word }
            }
            error => error,
        }
    }
}

/// A hole in its source.
#[derive(Clone, Copy)]
pub(super) struct PlacedHole<'a> {
    pub(super) source: &'a Source,
    pub(super) hole: &'a Hole,
}

impl PlacedHole<'_> {
    /// The place of a word in the hole, else of all that is inside.
    pub(super) fn place(&self, word: Option<&str>) -> Place {
        self.source.place(&word.and_then(|word| self.span_of(word)).unwrap_or(self.hole.inside.clone()))
    }

    pub(super) fn error(&self, error: HoleError) -> Error {
        match error {
            HoleError::Error(error) => error,
            HoleError::AtWord { message, hint, word } => {
                let error = Error::new(ErrorKind::Hole, message).at(self.place(word.as_deref()));
                match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
        }
    }

    fn span_of(&self, word: &str) -> Option<Range<usize>> {
        let text = |span: &Range<usize>| &self.source.text[span.clone()];
        self.hole.tokens.iter().find_map(|token| match token.kind {
            TokenKind::Text => {
                // Of a range of pointers, the one that is wrong is underlined.
                let inner = token.span.start + 1..token.span.end - 1;
                if text(&inner) == word {
                    return Some(token.span.clone());
                }
                let at = text(&inner).find(word).filter(|_| text(&inner).contains(".."))?;
                Some(inner.start + at..inner.start + at + word.len())
            }
            TokenKind::Sign => None,
            _ => (text(&token.span) == word).then(|| token.span.clone()),
        })
    }
}

/// All holes of the sources, in order.
pub(super) fn placed_holes<'s>(sources: &[&'s Source]) -> impl Iterator<Item = PlacedHole<'s>> {
    sources.iter().flat_map(|source| source.holes().map(|hole| PlacedHole { source, hole }))
}

pub(super) fn no_field(of: &str, field: &str, known: &[&str]) -> HoleError {
    let error = HoleError::new(format!("{of} has no `.{field}`")).at(field);
    error.hint(match nearest(field, known.iter().copied()) {
        Some(near) => format!("did you mean `.{near}`?"),
        None => format!("it has .{}", known.join(", .")),
    })
}

/// How a word is called, by an example.
pub(super) fn usage(word: HoleWord) -> &'static str {
    match word {
        HoleWord::Api => "api(show)",
        HoleWord::Arrow => "arrow(show.request)",
        HoleWord::Arrows => "arrows(after=token, until=show)",
        HoleWord::Body => "body(show.response, highlight=\"/id\")",
        HoleWord::Command => "command",
        HoleWord::Curl => "curl(show)",
        HoleWord::Describe => "describe(show)",
        HoleWord::Diagram => "diagram(after=token, until=show)",
        HoleWord::Exchange => "exchange(show)",
        HoleWord::Facts => "facts(show)",
        HoleWord::Header => "header(show.response, highlight=\"Location\")",
        HoleWord::Heading => "heading(show.request)",
        HoleWord::Inside => "inside(show)",
        HoleWord::Launch => "launch",
        HoleWord::Lines => "lines(show.response, \"/id\")",
        HoleWord::Log => "log",
        HoleWord::Message => "message(show.request)",
        HoleWord::Output => "output",
        HoleWord::Overview => "overview",
        HoleWord::Page => "page(\"openstack/image/create\")",
        HoleWord::Part => "part(show.response.body, 1, 12)",
        HoleWord::Participants => "participants",
        HoleWord::Range => "range(first, last)",
        HoleWord::Reference => "reference",
        HoleWord::Rest => "rest(until=show.request)",
        HoleWord::Seen => "seen",
        HoleWord::Shared => "shared(\"openstack/image/create\", until=version)",
        HoleWord::Span => "span(first, last)",
        HoleWord::Tabs => "tabs(show.response, highlight=\"/id\")",
        HoleWord::Title => "title",
        HoleWord::Value => "value(show.response, \"/status\")",
        HoleWord::Var => "var.image_id",
        HoleWord::Vars => "vars",
        HoleWord::Waterfall => "waterfall",
    }
}
