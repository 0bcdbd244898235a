//! Who of an old trace is who of the new one.
//!
//! A sender or receiver has a name, or only a host and a port, which differ between two clouds. Those of the
//! same name are the same; of the others, those are that are asked for the same.

use std::collections::{HashMap, HashSet};

use super::super::scan::{Recording, Scanned};
use super::hash;

/// The senders and receivers of both traces, by numbers that both share.
pub(super) struct Who<'a> {
    from: Ends<'a>,
    to: Ends<'a>,
}

/// The names of one end in the old and in the new trace.
#[derive(Default)]
struct Ends<'a> {
    old: HashMap<&'a str, u32>,
    new: HashMap<&'a str, u32>,
}

impl<'a> Who<'a> {
    pub(super) fn of(old: &Recording<'a>, new: &Recording<'a>) -> Who<'a> {
        Who { from: Ends::of(old, new, from), to: Ends::of(old, new, to) }
    }

    /// Sender and receiver of an exchange of the old trace.
    pub(super) fn of_old(&self, scanned: &Scanned<'_>) -> (u32, u32) {
        (self.from.old[from(scanned)], self.to.old[to(scanned)])
    }

    /// Sender and receiver of an exchange of the new trace.
    pub(super) fn of_new(&self, scanned: &Scanned<'_>) -> (u32, u32) {
        (self.from.new[from(scanned)], self.to.new[to(scanned)])
    }
}

fn from<'a>(scanned: &Scanned<'a>) -> &'a str {
    scanned.exchange.from.as_deref().unwrap_or_default()
}

fn to<'a>(scanned: &Scanned<'a>) -> &'a str {
    scanned.exchange.to.as_deref().unwrap_or(scanned.url.host_and_port())
}

impl<'a> Ends<'a> {
    fn of(old: &Recording<'a>, new: &Recording<'a>, end: fn(&Scanned<'a>) -> &'a str) -> Ends<'a> {
        let (olds, news) = (names(old, end), names(new, end));
        let mut ends = Ends::default();
        for name in &olds {
            let number = ends.old.len() as u32;
            ends.old.insert(name, number);
        }
        let known: HashSet<&str> = olds.iter().copied().collect();
        for name in news.iter().filter(|name| known.contains(*name)) {
            ends.new.insert(name, ends.old[name]);
        }
        let strangers = |names: &[&'a str], others: &[&'a str]| -> Vec<&'a str> {
            names.iter().copied().filter(|name| !others.contains(name)).collect()
        };
        let (lost, found) = (strangers(&olds, &news), strangers(&news, &olds));
        let (of_lost, of_found) = (calls(old, end, &lost), calls(new, end, &found));
        let mut common: Vec<(usize, usize, usize)> = Vec::new();
        for (a, calls) in of_lost.iter().enumerate() {
            for (b, others) in of_found.iter().enumerate() {
                let count = calls.iter().filter(|call| others.contains(*call)).count();
                let is_only = lost.len() == 1 && found.len() == 1;
                common.extend((count > 0 || is_only).then_some((count, a, b)));
            }
        }
        common.sort_by_key(|&(count, a, b)| (std::cmp::Reverse(count), a, b));
        let mut taken = HashSet::new();
        for (_, a, b) in common {
            if !ends.new.contains_key(found[b]) && taken.insert(a) {
                ends.new.insert(found[b], ends.old[lost[a]]);
            }
        }
        for name in news {
            let number = (ends.old.len() + ends.new.len()) as u32;
            ends.new.entry(name).or_insert(number);
        }
        ends
    }
}

/// The names of an end, in the order in which they first come.
fn names<'a>(recording: &Recording<'a>, end: fn(&Scanned<'a>) -> &'a str) -> Vec<&'a str> {
    let mut seen = HashSet::new();
    recording.exchanges.iter().map(end).filter(|name| seen.insert(*name)).collect()
}

/// What each of these is asked for, or asks for.
fn calls<'a>(
    recording: &Recording<'a>,
    end: fn(&Scanned<'a>) -> &'a str,
    names: &[&str],
) -> Vec<HashSet<u64>> {
    let mut calls = vec![HashSet::new(); names.len()];
    let places: HashMap<&str, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
    for scanned in recording.exchanges.iter().filter(|_| !names.is_empty()) {
        if let Some(&at) = places.get(end(scanned)) {
            calls[at].insert(hash(&(&*scanned.exchange.request.method, &scanned.template)));
        }
    }
    calls
}
