//! Changes as a person counts them: what is the same in many calls and captures is one fact.

use std::collections::HashMap;

use super::change::{Change, Side, What};

/// Equal changes of one or more captures.
#[derive(Clone, Debug)]
pub struct Fact<'c> {
    /// The changes, each with the place of its capture in the suite; in order.
    pub changes: Vec<(usize, &'c Change)>,
}

impl<'c> Fact<'c> {
    /// The first of its changes, which stands for all.
    pub fn first(&self) -> &'c Change {
        self.changes[0].1
    }

    /// The captures that it is in, each with its changes, in order.
    pub fn captures(&self) -> Vec<(usize, Vec<&'c Change>)> {
        let mut captures: Vec<(usize, Vec<&Change>)> = Vec::new();
        for (capture, change) in &self.changes {
            match captures.last_mut() {
                Some((last, changes)) if last == capture => changes.push(change),
                _ => captures.push((*capture, vec![change])),
            }
        }
        captures
    }
}

/// What makes changes equal.
#[derive(PartialEq, Eq, Hash)]
struct Key<'c> {
    what: What,
    side: Option<Side>,
    at: Option<&'c str>,
    said: &'c [Option<String>; 2],
    /// What a header says is said by whoever sends it; all else by one call.
    name: Option<&'c str>,
}

/// The facts of a suite's changes, those of whole calls first, else in the order in which they first come.
pub fn facts<'c>(suite: impl IntoIterator<Item = &'c [Change]>) -> Vec<Fact<'c>> {
    let mut facts: Vec<Fact<'c>> = Vec::new();
    let mut places: HashMap<Key<'c>, usize> = HashMap::new();
    for (capture, changes) in suite.into_iter().enumerate() {
        for change in changes {
            let is_of_header = matches!(change.what, What::Header | What::HeaderOrder);
            let name = change.exchange.as_ref().map(|exchange| &*exchange.name).filter(|_| !is_of_header);
            let key = Key {
                what: change.what,
                side: change.side,
                at: change.at.as_deref(),
                said: &change.said,
                name,
            };
            let place = *places.entry(key).or_insert_with(|| {
                facts.push(Fact { changes: Vec::new() });
                facts.len() - 1
            });
            facts[place].changes.push((capture, change));
        }
    }
    facts.sort_by_key(|fact| (fact.first().what > What::Repeat, fact.first().side == Some(Side::Output)));
    facts
}
