//! The diagram, folded: what the client sees, and what is inside one of its exchanges.
//!
//! Both are the whole diagram with lines left out. Where messages are missing a note tells their numbers, and
//! the count goes on with the number of the next; equal exchanges in a row are one in a box. What this leaves
//! out: how a line is written, and diagrams that nothing is left out of.

use std::collections::HashSet;

use super::Facts;
use super::repeats::Repeats;
use super::tree::Tree;
use crate::page::{DiagramItem, Message};
use crate::sequence::Side;

/// Makes the folded diagrams of a page.
pub(super) struct Views<'a> {
    facts: &'a Facts<'a>,
    tree: &'a Tree,
    repeats: &'a Repeats,
    /// For each message of the diagram, its line, in the order of the diagram.
    lines: Vec<(u32, usize)>,
}

impl<'a> Views<'a> {
    pub(super) fn of(facts: &'a Facts<'a>, tree: &'a Tree, repeats: &'a Repeats) -> Views<'a> {
        let lines = facts.diagram.iter().enumerate().filter_map(|(line, item)| match item {
            DiagramItem::Message { message, .. } => Some((message.number, line)),
            _ => None,
        });
        Views { facts, tree, repeats, lines: lines.collect() }
    }

    /// The messages that were sent for no other.
    pub(super) fn client(&self) -> Vec<DiagramItem> {
        let is_kept = |place: usize| self.tree.sent_for[place].is_none();
        self.folded(self.facts.diagram, &is_kept)
    }

    /// An exchange with all that was sent for it, and the boxes around its messages.
    pub(super) fn inside(&mut self, place: usize) -> Vec<DiagramItem> {
        let members: HashSet<usize> = self.tree.with_all_below(place).into_iter().collect();
        let exchange = &self.facts.exchanges[place];
        let line_of = |number: u32| self.lines.partition_point(|(other, _)| *other < number);
        let first = self.lines[line_of(exchange.request.number)].1;
        // One that got no response may end before what was sent for it.
        let last = members.iter().map(|&member| self.facts.exchanges[member].last_number()).max();
        let beyond = self.lines.get(line_of(last.unwrap_or(0) + 1)).map(|(_, line)| *line);
        // The boxes that are open where it begins are drawn around it.
        let mut open: Vec<usize> = Vec::new();
        for (line, item) in self.facts.diagram[..first].iter().enumerate() {
            match item {
                DiagramItem::Begin { .. } => open.push(line),
                DiagramItem::End { .. } => drop(open.pop()),
                _ => {}
            }
        }
        let mut lines: Vec<DiagramItem> = open.iter().map(|&line| self.facts.diagram[line].clone()).collect();
        lines.extend(self.facts.diagram[first..beyond.unwrap_or(self.facts.diagram.len())].iter().cloned());
        let depth = lines.iter().fold(0usize, |depth, item| match item {
            DiagramItem::Begin { .. } => depth + 1,
            DiagramItem::End { .. } => depth.saturating_sub(1),
            _ => depth,
        });
        lines.extend((0..depth).rev().map(|depth| DiagramItem::End { depth }));
        self.folded(&lines, &|place| members.contains(&place))
    }

    /// The lines of the messages that are kept and not folded, with the boxes around them.
    fn folded(&self, lines: &[DiagramItem], is_kept: &dyn Fn(usize) -> bool) -> Vec<DiagramItem> {
        let mut folding =
            Folding { view: self, out: Vec::new(), next: None, left_out: Vec::new(), loops: Vec::new() };
        // Boxes that have begun and hold no message yet, with what is at their top.
        let mut waiting: Vec<DiagramItem> = Vec::new();
        // Whether the message before is kept, and for each open box, whether it holds one.
        let (mut keeps, mut open) = (false, Vec::new());
        for item in lines {
            match item {
                DiagramItem::Begin { .. } => {
                    waiting.push(item.clone());
                    open.push(false);
                }
                DiagramItem::End { .. } => {
                    if open.pop() == Some(true) {
                        folding.push(item);
                    } else {
                        while waiting.pop().is_some_and(|item| !matches!(item, DiagramItem::Begin { .. })) {}
                    }
                }
                DiagramItem::Note { .. } if open.last() == Some(&false) => waiting.push(item.clone()),
                DiagramItem::Message { message, .. } => {
                    let place = self.tree.place(message.exchange);
                    let is_folded = place.is_some_and(|place| self.repeats.folded_into[place].is_some());
                    keeps = !is_folded && place.is_none_or(is_kept);
                    if keeps {
                        folding.tell_left_out(item.depth());
                        waiting.drain(..).for_each(|item| folding.push(&item));
                        open.fill(true);
                        folding.message(item, message);
                    } else if !is_folded {
                        folding.leave_out(message, is_kept);
                    }
                }
                _ if keeps => folding.push(item),
                _ => {}
            }
        }
        folding.tell_left_out(0);
        folding.out
    }
}

/// A folded diagram in the making.
struct Folding<'a> {
    view: &'a Views<'a>,
    out: Vec<DiagramItem>,
    /// The number that the next message would have.
    next: Option<u32>,
    /// Runs of messages that are left out since the last one: whom they are inside of, their numbers, and where
    /// they are told.
    left_out: Vec<(String, u32, u32)>,
    /// The numbers of the messages with which the open loops end.
    loops: Vec<u32>,
}

impl Folding<'_> {
    fn push(&mut self, item: &DiagramItem) {
        self.out.push(item.deeper(self.loops.len()));
    }

    fn message(&mut self, item: &DiagramItem, message: &Message) {
        let place = self.view.tree.place(message.exchange);
        let run = place.and_then(|place| self.view.repeats.runs[place]);
        if self.next.is_some_and(|next| next != message.number) {
            self.push(&DiagramItem::Number { depth: item.depth(), number: message.number });
        }
        if let Some(run) = run.filter(|_| message.side == Side::Request) {
            let title = self.view.facts.phrases.fill("repeated", "count", &run.count.to_string());
            self.push(&DiagramItem::Begin { depth: item.depth(), keyword: "loop", title });
            let ends = place.map(|place| self.view.facts.exchanges[place].last_number());
            self.loops.extend(ends);
        }
        self.push(item);
        self.next = Some(message.number + 1);
        while self.loops.last() == Some(&message.number) {
            self.loops.pop();
            self.push(&DiagramItem::End { depth: item.depth() });
        }
    }

    /// Notes that a message is left out, which is inside of one that is kept.
    fn leave_out(&mut self, message: &Message, is_kept: &dyn Fn(usize) -> bool) {
        let tree = self.view.tree;
        let above = std::iter::successors(tree.place(message.exchange), |&place| tree.sent_for[place]);
        let Some(outer) = above.into_iter().find(|&place| is_kept(place)) else { return };
        let position = format!("over {}", self.view.facts.exchanges[outer].request.to);
        match self.left_out.iter_mut().find(|(known, ..)| *known == position) {
            Some((.., last)) => *last = message.number,
            None => self.left_out.push((position, message.number, message.number)),
        }
    }

    /// Puts notes of what was left out, in so many boxes.
    fn tell_left_out(&mut self, depth: usize) {
        for (position, first, last) in std::mem::take(&mut self.left_out) {
            let steps = if first == last { format!("({first})") } else { format!("({first})-({last})") };
            let text = self.view.facts.phrases.fill("inside_note", "steps", &steps);
            self.push(&DiagramItem::Note { depth, position, text });
        }
    }
}
