//! Equal exchanges in a row: a client that asks until something has happened.
//!
//! Two are equal if they ask and answer the same, and so does all that was sent for them; header fields
//! may differ, since a date and a request's id always do. They are in a row if nothing happened between or
//! beside them, and nobody put a box or a note there. What this leaves out: polls whose answer changes, which
//! have something to say each time.

use std::collections::HashMap;

use super::tree::Tree;
use super::{Facts, Run};
use crate::page::{DiagramItem, Entry, PageExchange};

/// Which exchanges of a page repeat others, by place.
pub(super) struct Repeats {
    /// Of the first of a row, how many there are.
    pub(super) runs: Vec<Option<Run>>,
    /// Of the others, and of what was sent for them, which one of the first's they repeat.
    pub(super) folded_into: Vec<Option<usize>>,
}

/// From how many on a row is folded: two take no more room than saying that there are two.
const SHORTEST: usize = 3;

pub(super) fn find(facts: &Facts<'_>, tree: &Tree) -> Repeats {
    let count = facts.exchanges.len();
    let mut repeats = Repeats { runs: vec![None; count], folded_into: vec![None; count] };
    let kinds = kinds(facts, tree);
    let bare = Bare::of(facts);
    let mut groups: Vec<&[usize]> = vec![&tree.roots];
    groups.extend(tree.children.iter().map(Vec::as_slice).filter(|group| group.len() >= SHORTEST));
    for group in groups {
        let is_next = |a: &usize, b: &usize| {
            kinds[*a] == kinds[*b] && bare.is_one_behind_the_other(&facts.exchanges[*a], &facts.exchanges[*b])
        };
        for row in group.chunk_by(is_next) {
            let (first, others) = (row[0], &row[1..]);
            let last = facts.exchanges[row[row.len() - 1]].last_number();
            let is_alone = bare.has_only(&facts.exchanges[first], last, row.len() * below(tree, first) * 2);
            if row.len() < SHORTEST || !is_alone || repeats.folded_into[first].is_some() {
                continue;
            }
            repeats.runs[first] = Some(Run { count: row.len(), last });
            let told = tree.with_all_below(first);
            for &other in others {
                for (place, told) in tree.with_all_below(other).into_iter().zip(&told) {
                    repeats.folded_into[place] = Some(*told);
                }
            }
        }
    }
    // What repeats within what is repeated is told where all of that is.
    for place in 0..count {
        if repeats.folded_into[place].is_some() {
            repeats.runs[place] = None;
        }
        while let Some(further) = repeats.folded_into[place].and_then(|told| repeats.folded_into[told]) {
            repeats.folded_into[place] = Some(further);
        }
    }
    repeats
}

/// How many exchanges there are at a place and below it.
fn below(tree: &Tree, place: usize) -> usize {
    tree.with_all_below(place).len()
}

/// A number for each exchange, the same for equal ones.
fn kinds(facts: &Facts<'_>, tree: &Tree) -> Vec<usize> {
    let mut known: HashMap<([&str; 7], Vec<usize>), usize> = HashMap::new();
    let mut kinds = vec![0; facts.exchanges.len()];
    // What was sent for another comes after it.
    for (place, exchange) in facts.exchanges.iter().enumerate().rev() {
        let PageExchange { request, response, .. } = &**exchange;
        let [verb, answer]: [&str; 2] =
            response.as_ref().map_or(["", ""], |response| [&response.verb, response.body.text()]);
        let says: [&str; 7] =
            [&request.from, &request.to, &request.method, &request.url, request.body.text(), verb, answer];
        let inside = tree.children[place].iter().map(|&child| kinds[child]).collect();
        let next = known.len();
        kinds[place] = *known.entry((says, inside)).or_insert(next);
    }
    kinds
}

/// Where the diagram has nothing but messages, and the page no damage.
struct Bare {
    /// The numbers of the last messages before anything else.
    disturbed: Vec<u32>,
}

impl Bare {
    fn of(facts: &Facts<'_>) -> Bare {
        let mut disturbed = Vec::new();
        let mut number = 0;
        for item in facts.diagram {
            match item {
                DiagramItem::Message { message, .. } => number = message.number,
                _ => disturbed.push(number),
            }
        }
        let mut number = 0;
        for entry in facts.entries {
            match entry {
                Entry::Message(message) => number = message.number,
                Entry::Gap(_) => disturbed.push(number),
            }
        }
        disturbed.sort_unstable();
        Bare { disturbed }
    }

    /// Whether the second begins where the first ends.
    fn is_one_behind_the_other(&self, one: &PageExchange, next: &PageExchange) -> bool {
        one.last_number() + 1 == next.request.number && one.response.is_some() && next.response.is_some()
    }

    /// Whether from the first message of an exchange to the one with the number `last` there are that many, and
    /// nothing but messages.
    fn has_only(&self, first: &PageExchange, last: u32, messages: usize) -> bool {
        let (begin, end) = (first.request.number, last);
        let behind = self.disturbed.partition_point(|&number| number < begin);
        let is_bare = self.disturbed.get(behind).is_none_or(|&number| number >= end);
        is_bare && usize::try_from(end - begin + 1).is_ok_and(|count| count == messages)
    }
}
