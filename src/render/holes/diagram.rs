//! A part of the diagram: what is after one message, and up to another.
//!
//! A long page draws its diagram piece by piece. A piece has the numbers of the whole, the boxes
//! around its messages, and the participants that it names. What this leaves out: the whole
//! diagram (`page::diagram`), and how mermaid is written, which templates know.

use std::collections::HashSet;

use super::Filler;
use super::expression::Call;
use super::hole_error::{HoleError, PlacedHole};
use super::write::Printed;
use crate::error::Result;
use crate::page::{DiagramItem, DrawnParticipant};
use crate::render::pieces::Piece;

impl Filler<'_> {
    /// The diagram that the options of a call leave, in a fence of its own.
    pub(super) fn diagram(&self, placed: PlacedHole<'_>, call: &Call) -> Result<Printed, HoleError> {
        let items = self.items(placed, call)?;
        let participants = self.participants_of(&items);
        let number = items.iter().find_map(|item| match item {
            DiagramItem::Message { message, .. } => Some(message.number),
            _ => None,
        });
        self.piece(&Piece::SequencePart {
            items: &items,
            participants: &participants,
            number: number.unwrap_or(1),
        })
    }

    /// The lines of that part, without a fence.
    pub(super) fn arrows(&self, placed: PlacedHole<'_>, call: &Call) -> Result<Printed, HoleError> {
        let items = self.items(placed, call)?;
        self.lines(&Piece::Arrows(&items))
    }

    /// The lines of the diagram that the options `after` and `until` leave.
    fn items(&self, placed: PlacedHole<'_>, call: &Call) -> Result<Vec<DiagramItem>, HoleError> {
        let limit = |name| call.option(name).map(|value| self.subject(placed, value)).transpose();
        let after = limit("after")?.map_or(0, |subject| subject.last());
        let until = limit("until")?.map_or(u32::MAX, |subject| subject.last());
        let items = slice(&self.page.diagram, after.saturating_add(1)..=until);
        if items.is_empty() {
            return Err(HoleError::new(match until {
                u32::MAX => format!("nothing comes after ({after})"),
                until => format!("nothing comes after ({after}) and up to ({until})"),
            }));
        }
        Ok(items)
    }

    /// The participants that these lines name.
    fn participants_of(&self, items: &[DiagramItem]) -> Vec<DrawnParticipant> {
        let mut named: HashSet<&str> = HashSet::new();
        for item in items {
            match item {
                DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. } => {
                    named.extend([&*message.from, &*message.to]);
                }
                DiagramItem::Note { position, .. } => {
                    named.extend(position.rsplit(' ').next().into_iter().flat_map(|ids| ids.split(',')));
                }
                _ => {}
            }
        }
        let is_named = |participant: &&DrawnParticipant| named.contains(&*participant.id);
        self.page.participants.iter().filter(is_named).cloned().collect()
    }
}

/// The lines of the diagram that belong to the messages of these numbers, with the boxes around them.
fn slice(items: &[DiagramItem], numbers: std::ops::RangeInclusive<u32>) -> Vec<DiagramItem> {
    let mut kept = Vec::new();
    // What waits for its box's first message: the box's beginning, and notes at its top.
    let mut waiting: Vec<&DiagramItem> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    let mut keeps = false;
    for item in items {
        match item {
            DiagramItem::Begin { .. } => {
                waiting.push(item);
                open.push(false);
            }
            DiagramItem::End { .. } => {
                if open.pop() == Some(true) {
                    kept.push(item.clone());
                } else {
                    while let Some(DiagramItem::Note { .. }) = waiting.last() {
                        waiting.pop();
                    }
                    waiting.pop();
                }
            }
            DiagramItem::Note { .. } if !waiting.is_empty() && open.last() == Some(&false) => {
                waiting.push(item)
            }
            DiagramItem::Note { .. } | DiagramItem::Unanswered { .. } => {
                if keeps {
                    kept.push(item.clone());
                }
            }
            DiagramItem::Message { message, .. } => {
                keeps = numbers.contains(&message.number);
                if keeps {
                    kept.extend(waiting.drain(..).cloned());
                    open.fill(true);
                    kept.push(item.clone());
                }
            }
        }
    }
    kept
}
