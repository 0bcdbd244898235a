//! Holes inside sentences: the numbers of steps, and the values of variables.
//!
//! A number in brackets counts as a step where the page prints such a message; one that is none
//! is told, unless nobody would take it for a step. What this leaves out: the forms in which a
//! sentence names steps (`import::references`).

use std::ops::Range;

use super::{BuiltSources, Edit, SourceBuilder};
use crate::import::Document;
use crate::import::references::{Reference, between, references};
use crate::import::scan::Link;
use crate::render::front_matter;
use crate::sequence::Side;

impl SourceBuilder<'_> {
    /// References to steps, and values of variables, in the text that `taken` leaves.
    pub(super) fn sentences(
        &self,
        document: &Document<'_>,
        taken: &[Range<usize>],
        built: &mut BuiltSources,
    ) -> Vec<Edit> {
        let lines = &document.lines;
        let holds =
            |part: &Range<usize>, link: &Range<usize>| part.start <= link.start && link.end <= part.end;
        let mut drawing = vec![document.is_diagram; lines.len()];
        for diagram in &self.facts.diagrams.all {
            if std::ptr::eq(&self.documents[diagram.document], document) {
                drawing[diagram.lines.clone()].fill(true);
            }
        }
        // What docgen put before the page is made anew.
        let front_matter =
            front_matter::read(lines.text).map_or(0, |front| front_matter::written(&front).len());
        let mut edits = Vec::new();
        let mut taken = taken.iter().peekable();
        let mut links = document.outline.links.iter().peekable();
        for (line, is_drawing) in drawing.into_iter().enumerate() {
            let range = lines.range(line);
            while taken.next_if(|taken| taken.end < range.start).is_some() {}
            while links.next_if(|link| link.range.end < range.start).is_some() {}
            let is_front_matter = range.start < front_matter;
            if is_front_matter || document.outline.fence_at(line).is_some() && !is_drawing {
                continue;
            }
            let text = lines.get(line);
            let is_free = |part: &Range<usize>| {
                let overlaps = |other: &Range<usize>| other.start < part.end && part.start < other.end;
                !taken.clone().take_while(|taken| taken.start < range.end).any(overlaps)
                    && !links
                        .clone()
                        .take_while(|link| link.range.start < range.end)
                        .any(|link| overlaps(&link.target) && !holds(part, &link.range))
            };
            let mut own: Vec<Edit> = Vec::new();
            for (part, reference) in references(text) {
                let part = range.start + part.start..range.start + part.end;
                if is_free(&part) {
                    self.reference(document, part, reference, &mut own, built);
                }
            }
            let numbered: Vec<Range<usize>> = own.iter().map(|edit| edit.range.clone()).collect();
            for (name, value) in &self.page.vars {
                for part in occurrences(text, value) {
                    let part = range.start + part.start..range.start + part.end;
                    let overlaps = |other: &Range<usize>| other.start < part.end && part.start < other.end;
                    let source = format!("{{{{ var.{name} }}}}");
                    if is_free(&part) && !numbered.iter().any(overlaps) && self.prints(&source, value) {
                        own.push(Edit { range: part, source });
                    }
                }
            }
            edits.extend(own);
        }
        edits.extend(document.outline.links.iter().filter_map(|link| self.anchor(document, link)));
        edits
    }

    /// The number in a link to a message's own heading: `#7-get-images`.
    fn anchor(&self, document: &Document<'_>, link: &Link) -> Option<Edit> {
        let anchor = link.url.strip_prefix('#')?;
        let digits = anchor.bytes().take_while(u8::is_ascii_digit).count();
        let message = self.message_of(anchor[..digits].parse().ok()?)?;
        let verb = self.shown(message)?.verb.to_lowercase().replace(' ', "-");
        let is_heading = anchor[digits..].strip_prefix('-').is_some_and(|rest| rest.starts_with(&verb));
        let target = &document.lines.text[link.target.clone()];
        let at = target.find(&link.url).filter(|_| is_heading)? + link.target.start + 1;
        let source = format!("{{{{ {}.number }}}}", self.message_name(message));
        let range = at..at + digits;
        self.prints(&source, &document.lines.text[range.clone()]).then_some(Edit { range, source })
    }

    fn reference(
        &self,
        document: &Document<'_>,
        range: Range<usize>,
        reference: Reference,
        edits: &mut Vec<Edit>,
        built: &mut BuiltSources,
    ) {
        // That the page counts otherwise is told once.
        if !self.facts.diagrams.counts_from_one() {
            return;
        }
        let text = &document.lines.text[range.clone()];
        let message = |number: u32| self.message_of(number);
        let first = |at: usize| self.facts.messages[at].side == Side::Request;
        let exchange = |at: usize| self.facts.messages[at].exchange;
        // The exchange where the message is its first or last step, else the message.
        let from =
            |at: usize| if first(at) { self.names[exchange(at)].clone() } else { self.message_name(at) };
        let to = |at: usize| if first(at) { self.message_name(at) } else { self.names[exchange(at)].clone() };
        let limits = |word: &str, a: usize, b: usize| {
            if exchange(a) == exchange(b) && first(a) && !first(b) {
                format!("{{{{ {word}({}) }}}}", self.names[exchange(a)])
            } else {
                format!("{{{{ {word}({}, {}) }}}}", from(a), to(b))
            }
        };
        let one = |at: usize| format!("{{{{ {} }}}}", self.message_name(at));
        let source = match reference {
            Reference::One(a) => message(a).map(one),
            Reference::Pair(a, b) => match (message(a), message(b)) {
                (Some(a), Some(b)) if exchange(a) == exchange(b) => {
                    Some(format!("{{{{ {} }}}}", self.names[exchange(a)]))
                }
                (Some(a), Some(b)) => Some(format!("{},{}", one(a), one(b))),
                _ => None,
            },
            Reference::Range(a, b) => message(a).zip(message(b)).map(|(a, b)| limits("range", a, b)),
            Reference::Span(a, b) => message(a).zip(message(b)).map(|(a, b)| limits("span", a, b)),
            Reference::Both(a, b) => message(a).zip(message(b)).map(|(a, b)| {
                let between = between(text).unwrap_or_default();
                let number = |at| format!("{{{{ {}.number }}}}", self.message_name(at));
                format!("({}{between}{})", number(a), number(b))
            }),
        };
        match source.filter(|source| self.prints(source, text)) {
            Some(source) => edits.push(Edit { range, source }),
            None => {
                let number = match reference {
                    Reference::One(a) => a,
                    Reference::Pair(_, b)
                    | Reference::Range(_, b)
                    | Reference::Span(_, b)
                    | Reference::Both(_, b) => b,
                };
                // A year, a count of bytes: nobody would take these for steps. Links of a page stay as a whole.
                if number < 1000 && (self.has_links || !text.contains("](#")) {
                    let what = if self.facts.messages.is_empty() {
                        "the page prints no message that this number could be of"
                    } else {
                        "this is no step of the page"
                    };
                    built.diagnostics.push(document.error(range, what).hint("it stays as text"));
                }
            }
        }
    }

    /// The message that the page calls by this number.
    fn message_of(&self, number: u32) -> Option<usize> {
        self.facts.diagrams.message_of(number, self.facts.messages.len())
    }
}

/// Where `value` is in `text` as a word of its own. A short value is a word by chance.
fn occurrences(text: &str, value: &str) -> Vec<Range<usize>> {
    const SHORT: usize = 8;
    if value.len() < SHORT || !text.contains(value) {
        return Vec::new();
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(value)
        .map(|(at, _)| at..at + value.len())
        .filter(|range| {
            !text[..range.start].ends_with(|c| is_part(c) || c == '{')
                && !text[range.end..].starts_with(is_part)
        })
        .collect()
}
