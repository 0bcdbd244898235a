//! A part of the diagram: what is after one message, and up to another.
//!
//! A long page draws its diagram piece by piece. A piece has the numbers of the whole, the boxes
//! around its messages, and the participants that it names. What this leaves out: the whole
//! diagram (`page::diagram`), and how mermaid is written, which templates know.

use std::collections::HashMap;
use std::sync::Arc;

use super::Filler;
use super::expression::Call;
use super::hole_error::{HoleError, PlacedHole};
use super::write::Printed;
use crate::error::Result;
use crate::page::{DiagramItem, DrawnParticipant, Page, participants_named};
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
        let lines = self.outline().part(after.saturating_add(1)..=until);
        let items: Vec<DiagramItem> = lines.into_iter().map(|line| self.page.diagram[line].clone()).collect();
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
        let places = &self.outline().participants;
        let mut places: Vec<usize> =
            participants_named(items).iter().filter_map(|id| places.get(*id).copied()).collect();
        places.sort_unstable();
        places.into_iter().map(|place| self.page.participants[place].clone()).collect()
    }

    fn outline(&self) -> &Outline {
        self.outline.get_or_init(|| Outline::of(self.page))
    }
}

/// What a line of a diagram is, as far as its parts are concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Line {
    Message(u32),
    Note,
    /// It stands behind a message and belongs to it.
    Behind,
    Begin,
    End,
}

/// A diagram's lines, and where each of its messages stands, so that a part costs what it is long.
#[derive(Debug, Default)]
pub(super) struct Outline {
    lines: Vec<Line>,
    /// For each message, in order: its number, its line, and the innermost box around it.
    messages: Vec<(u32, usize, Option<usize>)>,
    boxes: Vec<DrawnBox>,
    /// By id, where a participant is in the page's list.
    participants: HashMap<Arc<str>, usize>,
}

/// A box of a diagram: the lines where it begins and ends, those of its own notes, and the box around it.
#[derive(Debug)]
struct DrawnBox {
    begin: usize,
    end: usize,
    notes: Vec<usize>,
    around: Option<usize>,
}

impl Outline {
    pub(super) fn of(page: &Page) -> Outline {
        let lines = page.diagram.iter().map(|item| match item {
            DiagramItem::Message { message, .. } => Line::Message(message.number),
            DiagramItem::Note { .. } | DiagramItem::Number { .. } => Line::Note,
            DiagramItem::Unanswered { .. } => Line::Behind,
            DiagramItem::Begin { .. } => Line::Begin,
            DiagramItem::End { .. } => Line::End,
        });
        let participants = page.participants.iter().enumerate();
        let participants = participants.map(|(at, participant)| (participant.id.clone(), at)).collect();
        Outline { participants, ..Outline::of_lines(lines.collect()) }
    }

    fn of_lines(lines: Vec<Line>) -> Outline {
        let mut outline = Outline::default();
        let mut open: Option<usize> = None;
        for (at, line) in lines.iter().enumerate() {
            match line {
                Line::Message(number) => outline.messages.push((*number, at, open)),
                Line::Note => {
                    if let Some(around) = open {
                        outline.boxes[around].notes.push(at);
                    }
                }
                Line::Behind => {}
                Line::Begin => {
                    outline.boxes.push(DrawnBox {
                        begin: at,
                        end: lines.len(),
                        notes: Vec::new(),
                        around: open,
                    });
                    open = Some(outline.boxes.len() - 1);
                }
                Line::End => {
                    if let Some(ended) = open {
                        outline.boxes[ended].end = at;
                        open = outline.boxes[ended].around;
                    }
                }
            }
        }
        Outline { lines, ..outline }
    }

    /// The lines that belong to the messages of these numbers, with the boxes around them, and the notes of
    /// those boxes before the first message.
    fn part(&self, numbers: std::ops::RangeInclusive<u32>) -> Vec<usize> {
        let first = self.messages.partition_point(|(number, ..)| number < numbers.start());
        let beyond = self.messages.partition_point(|(number, ..)| number <= numbers.end());
        let Some(&(_, start, innermost)) = self.messages[..beyond].get(first) else { return Vec::new() };
        let end = self.messages.get(beyond).map_or(self.lines.len(), |(_, line, _)| *line);
        let around = std::iter::successors(innermost, |&inner| self.boxes[inner].around);
        let mut open: Vec<usize> = around.collect();
        open.reverse();
        let mut kept = Vec::new();
        for (depth, &drawn) in open.iter().enumerate() {
            let next = open.get(depth + 1).map_or(start, |&inner| self.boxes[inner].begin);
            kept.push(self.boxes[drawn].begin);
            kept.extend(self.boxes[drawn].notes.iter().take_while(|&&note| note < next));
        }
        // Boxes that have begun, and what is at their top, wait for a message in them.
        let mut waiting: Vec<usize> = Vec::new();
        let mut begun: Vec<usize> = Vec::new();
        for at in start..end {
            match self.lines[at] {
                Line::Begin => {
                    waiting.push(at);
                    begun.push(waiting.len() - 1);
                }
                Line::End => match begun.pop() {
                    Some(from) => waiting.truncate(from),
                    None => {
                        open.pop();
                        kept.push(at);
                    }
                },
                Line::Note if !begun.is_empty() => waiting.push(at),
                Line::Note | Line::Behind => kept.push(at),
                Line::Message(_) => {
                    open.extend(std::mem::take(&mut begun).iter().map(|&from| self.begun_at(waiting[from])));
                    kept.append(&mut waiting);
                    kept.push(at);
                }
            }
        }
        kept.extend(
            open.iter().rev().map(|&drawn| self.boxes[drawn].end).filter(|&end| end < self.lines.len()),
        );
        kept
    }

    /// The box that begins at this line.
    fn begun_at(&self, line: usize) -> usize {
        self.boxes.partition_point(|drawn| drawn.begin < line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The lines of a part, found by a walk through all.
    fn walked(lines: &[Line], numbers: std::ops::RangeInclusive<u32>) -> Vec<usize> {
        let mut kept = Vec::new();
        let mut waiting: Vec<usize> = Vec::new();
        let mut open: Vec<bool> = Vec::new();
        let mut keeps = false;
        for (at, line) in lines.iter().enumerate() {
            match line {
                Line::Begin => {
                    waiting.push(at);
                    open.push(false);
                }
                Line::End => {
                    if open.pop() == Some(true) {
                        kept.push(at);
                    } else {
                        while waiting.last().is_some_and(|&waits| lines[waits] == Line::Note) {
                            waiting.pop();
                        }
                        waiting.pop();
                    }
                }
                Line::Note if !waiting.is_empty() && open.last() == Some(&false) => waiting.push(at),
                Line::Note | Line::Behind => kept.extend(keeps.then_some(at)),
                Line::Message(number) => {
                    keeps = numbers.contains(number);
                    if keeps {
                        kept.append(&mut waiting);
                        open.fill(true);
                        kept.push(at);
                    }
                }
            }
        }
        kept
    }

    /// Lines of a diagram: every box ends, and messages are numbered from 1.
    fn lines() -> impl Strategy<Value = Vec<Line>> {
        proptest::collection::vec(0..6u8, 0..40).prop_map(|kinds| {
            let (mut number, mut open) = (0, 0);
            let mut lines: Vec<Line> = Vec::new();
            for kind in kinds {
                lines.push(match kind {
                    0 => Line::Note,
                    1 => Line::Behind,
                    2 => {
                        open += 1;
                        Line::Begin
                    }
                    3 if open > 0 => {
                        open -= 1;
                        Line::End
                    }
                    _ => {
                        number += 1;
                        Line::Message(number)
                    }
                });
            }
            lines.extend(std::iter::repeat_n(Line::End, open));
            lines
        })
    }

    proptest! {
        #[test]
        fn a_part_is_what_a_walk_through_all_finds(lines in lines(), first in 1..20u32, count in 0..20u32) {
            let outline = Outline::of_lines(lines.clone());
            prop_assert_eq!(outline.part(first..=first + count), walked(&lines, first..=first + count));
            prop_assert_eq!(outline.part(first..=u32::MAX), walked(&lines, first..=u32::MAX));
        }
    }
}
