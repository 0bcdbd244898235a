//! Which minted value of an old recording is which of the new one.
//!
//! A value that was minted is told by what it stands for: the image's id is the image's id, whatever its
//! digits. So each old value has one new one over a whole suite, equal ones included, and each new one an
//! old one. Every pair of places that belong together votes; who contradicts is a change.

use std::collections::HashMap;

use crate::text::Text;

/// A minted value at a place of the old trace and the one at the same place of the new one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pair {
    /// Its kind.
    pub(super) kind: u16,
    /// The old value.
    pub old: Text,
    /// The new value.
    pub new: Text,
    /// Whether both were first seen in an answer, or both in what a client sent: nobody can send what they
    /// were not given, so others count only where there is nothing better.
    pub(super) is_of_one_origin: bool,
}

/// Minted values of an old recording and those of a new one, one to one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    new: HashMap<Text, Text>,
    old: HashMap<Text, Text>,
}

impl Map {
    /// The map that most of these pairs agree with.
    pub fn of<'a>(pairs: impl IntoIterator<Item = &'a Pair>) -> Map {
        let mut map = Map::default();
        map.extend(pairs);
        map
    }

    /// Adds what most of these pairs agree on, as far as nothing in the map contradicts it; the old values that
    /// were added.
    pub(super) fn extend<'a>(&mut self, pairs: impl IntoIterator<Item = &'a Pair>) -> Vec<Text> {
        struct Votes<'a> {
            pair: &'a Pair,
            count: usize,
            first: usize,
        }
        let mut votes: HashMap<(&str, &str), Votes<'_>> = HashMap::new();
        for (first, pair) in pairs.into_iter().enumerate() {
            let of_pair = votes.entry((&pair.old, &pair.new)).or_insert(Votes { pair, count: 0, first });
            of_pair.count += 1;
            if pair.is_of_one_origin {
                of_pair.pair = pair;
            }
        }
        let mut votes: Vec<Votes<'_>> = votes.into_values().collect();
        votes.sort_unstable_by_key(|votes| {
            (!votes.pair.is_of_one_origin, std::cmp::Reverse(votes.count), votes.first)
        });
        votes.retain(|Votes { pair, .. }| self.add(&pair.old, &pair.new));
        votes.into_iter().map(|votes| votes.pair.old.clone()).collect()
    }

    /// Takes the pairs of these old values out again.
    pub fn forget(&mut self, olds: &[Text]) {
        for new in olds.iter().filter_map(|old| self.new.remove(old)).collect::<Vec<_>>() {
            self.old.remove(&new);
        }
    }

    /// What the map says of these old values; of the others, that they stand for themselves.
    pub(super) fn of_olds<'a>(&self, olds: impl Iterator<Item = &'a str> + Clone) -> Map {
        let mut map = Map::default();
        for (old, new) in olds.clone().filter_map(|old| Some((old, self.new_of(old)?))) {
            map.add(&old.into(), &new.into());
        }
        for old in olds.filter(|old| self.new_of(old).is_none()) {
            map.add(&old.into(), &old.into());
        }
        map
    }

    /// Adds a pair, if neither has a partner; says whether it did.
    pub fn add(&mut self, old: &Text, new: &Text) -> bool {
        let is_free = !self.new.contains_key(old) && !self.old.contains_key(new);
        if is_free {
            self.new.insert(old.clone(), new.clone());
            self.old.insert(new.clone(), old.clone());
        }
        is_free
    }

    /// The new value for an old one.
    pub fn new_of(&self, old: &str) -> Option<&str> {
        self.new.get(old).map(|new| &**new)
    }

    /// The old value for a new one.
    pub fn old_of(&self, new: &str) -> Option<&str> {
        self.old.get(new).map(|old| &**old)
    }

    /// Whether nothing in the map contradicts that `new` is now what `old` was.
    pub fn allows(&self, old: &str, new: &str) -> bool {
        match (self.new_of(old), self.old_of(new)) {
            (None, None) => true,
            (found, _) => found == Some(new),
        }
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.new.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(old: &str, new: &str) -> Pair {
        Pair { kind: 0, old: old.into(), new: new.into(), is_of_one_origin: true }
    }

    #[test]
    fn the_majority_decides_and_nobody_has_two_partners() {
        let map = Map::of(&[pair("a", "2"), pair("a", "1"), pair("a", "1"), pair("b", "2"), pair("c", "1")]);
        assert_eq!((map.new_of("a"), map.new_of("b"), map.new_of("c")), (Some("1"), Some("2"), None));
        assert_eq!(map.old_of("1"), Some("a"));
        assert!(
            map.allows("a", "1") && !map.allows("a", "2") && !map.allows("c", "1") && map.allows("d", "4")
        );
    }

    #[test]
    fn what_a_map_has_stands_until_it_is_forgotten() {
        let mut map = Map::of(&[pair("a", "1")]);
        let added = map.extend(&[pair("a", "2"), pair("a", "2"), pair("b", "1"), pair("b", "2")]);
        assert_eq!((map.new_of("a"), map.new_of("b"), &added[..]), (Some("1"), Some("2"), &["b".into()][..]));
        let guess = map.of_olds(["b", "c", "2"].into_iter());
        assert_eq!((guess.new_of("b"), guess.new_of("c"), guess.len()), (Some("2"), Some("c"), 2));
        map.forget(&added);
        assert_eq!(map, Map::of(&[pair("a", "1")]));
    }

    #[test]
    fn what_nobody_gave_is_not_what_was_given() {
        let brought = Pair { is_of_one_origin: false, ..pair("token", "other") };
        let map = Map::of(&[pair("token", "given"), brought.clone(), brought]);
        assert_eq!(map.new_of("token"), Some("given"));
    }
}
