//! Who caused whom: the exchanges of a page as a tree.
//!
//! What this leaves out: how a sender is told where a source names none (`sequence::senders`).

use std::collections::HashMap;

use super::Facts;
use crate::sequence::senders;

/// The exchanges of a page, by place, with those that were sent for them.
pub(super) struct Tree {
    /// What each was sent for.
    pub(super) sent_for: Vec<Option<usize>>,
    /// How many are above each.
    pub(super) depths: Vec<usize>,
    /// What was sent for each, in the order of the requests.
    pub(super) children: Vec<Vec<usize>>,
    /// Those that were sent for no other, likewise.
    pub(super) roots: Vec<usize>,
    /// By index in the trace.
    places: HashMap<usize, usize>,
}

impl Tree {
    pub(super) fn of(facts: &Facts<'_>) -> Tree {
        let places: HashMap<usize, usize> =
            facts.exchanges.iter().enumerate().map(|(place, exchange)| (exchange.index, place)).collect();
        let causes = senders::causes(facts.trace, facts.participants);
        let count = facts.exchanges.len();
        let mut tree = Tree {
            sent_for: vec![None; count],
            depths: vec![0; count],
            children: vec![Vec::new(); count],
            roots: Vec::new(),
            places,
        };
        for (place, exchange) in facts.exchanges.iter().enumerate() {
            // What the page leaves out was sent for something, too.
            let above = std::iter::successors(causes[exchange.index], |&outer| causes[outer]);
            let outer = above.filter_map(|index| tree.place(index)).next();
            match outer.filter(|&outer| outer < place) {
                Some(outer) => {
                    tree.sent_for[place] = Some(outer);
                    tree.depths[place] = tree.depths[outer] + 1;
                    tree.children[outer].push(place);
                }
                None => tree.roots.push(place),
            }
        }
        tree
    }

    /// The place of an exchange of the trace, if the page has it.
    pub(super) fn place(&self, index: usize) -> Option<usize> {
        self.places.get(&index).copied()
    }

    /// An exchange and all that was sent for it, each before what was sent for it.
    pub(super) fn with_all_below(&self, place: usize) -> Vec<usize> {
        let mut all = Vec::new();
        let mut next = vec![place];
        while let Some(place) = next.pop() {
            all.push(place);
            next.extend(self.children[place].iter().rev());
        }
        all
    }
}
