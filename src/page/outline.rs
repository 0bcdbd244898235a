//! Parts of a diagram: what is after one message, and up to another.
//!
//! A long diagram is drawn piece by piece. A piece has the numbers of the whole, the boxes around its messages, and
//! the participants that it names. What this leaves out: where a diagram is cut, which a page source says or
//! mermaid's limit (`render::diagram_size`), and how mermaid is written, which templates know.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{DiagramItem, DrawnParticipant, Page, participants_named};

/// A part of a diagram.
#[derive(Clone, Debug)]
pub struct DiagramPart {
    /// Its lines.
    pub items: Vec<DiagramItem>,
    /// The participants that they name, in the page's order.
    pub participants: Vec<DrawnParticipant>,
    /// The numbers of its first and its last message.
    pub numbers: RangeInclusive<u32>,
}

impl DiagramPart {
    /// The number of its first message.
    pub fn first(&self) -> u32 {
        *self.numbers.start()
    }

    /// The number of its last message.
    pub fn last(&self) -> u32 {
        *self.numbers.end()
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
pub struct Outline {
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
    /// That of a diagram of a page.
    pub fn of(page: &Page, diagram: &[DiagramItem]) -> Outline {
        let lines = diagram.iter().map(|item| match item {
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

    /// The part of the diagram of `page` with the messages of these numbers; nothing where there are none.
    pub fn part(
        &self,
        page: &Page,
        diagram: &[DiagramItem],
        numbers: RangeInclusive<u32>,
    ) -> Option<DiagramPart> {
        let lines = self.lines_of(numbers);
        let items: Vec<DiagramItem> = lines.into_iter().map(|line| diagram[line].clone()).collect();
        let mut found = items.iter().filter_map(|item| match item {
            DiagramItem::Message { message, .. } => Some(message.number),
            _ => None,
        });
        let first = found.next()?;
        let numbers = first..=found.next_back().unwrap_or(first);
        Some(DiagramPart { participants: self.participants_of(page, &items), items, numbers })
    }

    /// The participants that these lines name.
    fn participants_of(&self, page: &Page, items: &[DiagramItem]) -> Vec<DrawnParticipant> {
        let mut places: Vec<usize> =
            participants_named(items).iter().filter_map(|id| self.participants.get(*id).copied()).collect();
        places.sort_unstable();
        places.into_iter().map(|place| page.participants[place].clone()).collect()
    }

    /// The lines that belong to the messages of these numbers, with the boxes around them, and the notes of
    /// those boxes before the first message.
    fn lines_of(&self, numbers: RangeInclusive<u32>) -> Vec<usize> {
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
    fn walked(lines: &[Line], numbers: RangeInclusive<u32>) -> Vec<usize> {
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
            prop_assert_eq!(outline.lines_of(first..=first + count), walked(&lines, first..=first + count));
            prop_assert_eq!(outline.lines_of(first..=u32::MAX), walked(&lines, first..=u32::MAX));
        }
    }
}
