//! What a new recording does otherwise than an old one.
//!
//! Two recordings of the same command are never the same bytes: times, ids, tokens, orders. This room says
//! what is left when those are set aside: a [`Change`] each. It aligns the exchanges of both ([`align`]),
//! knows minted values by their kinds ([`minted`]), and maps the old ones to the new ones, one to one over
//! a whole suite ([`map`]): a pair that breaks the map is a change, too. Whoever records again, compares,
//! or carries prose along asks here. What this leaves out: reading files, showing changes, and what a
//! sentence says of them.
//!
//! ```
//! use docgen::diff::{Capture, Kinds, Recording, compare, compare_suite};
//!
//! let log = |id: &str, status: &str| {
//!     let url = format!("http://192.0.2.1/v2/images/{id}");
//!     let text = [
//!         format!("### (client) REQ >>> (glance) : GET {url}\nAccept: */*\n\nnone\n\n\n"),
//!         format!("### (client) RESP <<< (glance) : 200 OK GET {url}\nServer: x\n\n"),
//!         format!("{{\"id\": \"{id}\", \"status\": \"{status}\"}}\n\n"),
//!     ]
//!     .concat();
//!     docgen::source::read("trace.log".as_ref(), text.into_bytes()).trace
//! };
//! let (old, new) = (log(&"1".repeat(32), "queued"), log(&"2".repeat(32), "active"));
//! let capture = Capture {
//!     old: Recording { trace: &old, output: None },
//!     new: Recording { trace: &new, output: None },
//!     kinds: Kinds::built_in(),
//! };
//! let (found, map) = compare_suite(1, |_, known| vec![compare(&capture, known)]);
//! assert_eq!(map.new_of(&"1".repeat(32)), Some(&*"2".repeat(32)));
//! let [change] = &found[0].changes[..] else { panic!("{found:?}") };
//! assert_eq!((change.what.name(), change.at.as_deref()), ("body", Some("/status")));
//! ```

pub mod align;
pub mod change;
mod compare;
mod equal;
pub mod facts;
mod fingerprint;
mod keep;
pub mod learn;
pub mod map;
pub mod minted;
mod moment;
mod scan;
mod tree;

pub use align::Alignment;
pub use change::{Change, Side, Value, What};
pub(crate) use compare::lists::NAMES;
pub use keep::{Kept, keep};
pub use map::Map;
pub use minted::Kinds;

use crate::text::Text;
use crate::trace::Trace;
use compare::{Differ, Shown, Values};
use map::Pair;

/// What a command did, and what it printed.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    /// What it did.
    pub trace: &'a Trace,
    /// What it printed, if that is known.
    pub output: Option<&'a str>,
}

/// Two recordings of one command.
#[derive(Clone, Copy, Debug)]
pub struct Capture<'a> {
    /// The old one.
    pub old: Recording<'a>,
    /// The new one.
    pub new: Recording<'a>,
    /// What is made anew in every run.
    pub kinds: &'a Kinds,
}

/// What a comparison of two recordings found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Which exchanges belong together, by their places in the order of their requests.
    pub alignment: Alignment,
    /// What is different, in the order of the new trace; what was printed last.
    pub changes: Vec<Change>,
    /// Minted values at the same place of both.
    pub pairs: Vec<Pair>,
    /// How many lists have only another order.
    pub reordered: usize,
    /// How many exchanges that may be missing are in one of both only.
    pub optional: usize,
}

impl Findings {
    /// Sets aside that exchanges came or went which may be missing: `old` and `new` are theirs, by their
    /// places in their traces.
    pub fn set_aside_optional(&mut self, old: &[usize], new: &[usize]) {
        let is_optional = |change: &Change| {
            let Some(exchange) = &change.exchange else { return false };
            let is_of = |place: Option<change::Place>, optional: &[usize]| {
                place.is_some_and(|place| optional.contains(&place.index))
            };
            match change.what {
                What::CallAdded => is_of(exchange.new, new),
                What::CallRemoved => is_of(exchange.old, old),
                // Which of both has it more often, neither says.
                What::Repeat => is_of(exchange.old, old) && is_of(exchange.new, new),
                _ => false,
            }
        };
        let count = self.changes.len();
        self.changes.retain(|change| !is_optional(change));
        self.optional += count - self.changes.len();
    }
}

/// What is known of which minted value stands for which.
#[derive(Clone, Copy, Debug)]
pub enum KnownMap<'m> {
    /// Nothing yet.
    Nothing,
    /// What other captures of the suite say.
    OfOthers(&'m Map),
    /// This map, which a comparison may improve.
    Likely(&'m Map),
    /// This map: whatever breaks it is a change.
    Settled(&'m Map),
}

/// Compares the captures of a suite, which are known by their places below `count`, under one map.
///
/// `compare_all` is asked for the comparisons of some of them, in order, and may make them side by side. Only
/// captures that contradict the map are asked for again: twice at most.
pub fn compare_suite(
    count: usize,
    mut compare_all: impl FnMut(&[usize], KnownMap<'_>) -> Vec<Findings>,
) -> (Vec<Findings>, Map) {
    let mut all = compare_all(&(0..count).collect::<Vec<_>>(), KnownMap::Nothing);
    let mut map = settle(&all);
    // A wrong pair of exchanges is one of all that is in them: what they really are may settle more.
    for is_settled in [false, true] {
        let open: Vec<usize> = (0..all.len()).filter(|&at| !map.is_settled_in(&all[at])).collect();
        if open.is_empty() {
            break;
        }
        let known = if is_settled { KnownMap::Settled(&map) } else { KnownMap::Likely(&map) };
        let again = compare_all(&open, known);
        for (at, findings) in open.into_iter().zip(again) {
            all[at] = findings;
        }
        if !is_settled {
            map = settle(&all);
        }
    }
    (all, map)
}

/// Compares a capture of a suite whose captures come one after another. What `map` has of those before stands;
/// what this one says is added, and given: [`Map::forget`] takes it out again.
pub fn compare_next(capture: &Capture<'_>, map: &mut Map) -> (Findings, Vec<Text>) {
    let mut findings = compare(capture, KnownMap::OfOthers(map));
    let mut added = map.extend(&findings.pairs);
    if !map.is_settled_in(&findings) {
        let likely = compare(capture, KnownMap::Likely(map));
        map.forget(&added);
        added = map.extend(&likely.pairs);
        let is_settled = map.is_settled_in(&likely);
        findings = if is_settled { likely } else { compare(capture, KnownMap::Settled(map)) };
    }
    (findings, added)
}

impl Map {
    /// Whether a comparison found no pair that breaks the map.
    fn is_settled_in(&self, findings: &Findings) -> bool {
        findings.pairs.iter().all(|pair| self.allows(&pair.old, &pair.new))
    }
}

/// The map that most pairs of a suite agree with.
fn settle(suite: &[Findings]) -> Map {
    Map::of(suite.iter().flat_map(|findings| &findings.pairs))
}

/// Compares two recordings of one command.
pub fn compare(capture: &Capture<'_>, known: KnownMap<'_>) -> Findings {
    let old = scan::Recording::new(capture.old.trace, capture.kinds);
    let new = scan::Recording::new(capture.new.trace, capture.kinds);
    // Until there is a map, what stands in both is likely to be the same thing.
    let in_both = |map: &Map| {
        let is_known = |old: &&str| map.new_of(old).is_some() || new.is_given.contains_key(*old);
        map.of_olds(old.is_given.keys().map(|value| &**value).filter(is_known))
    };
    let (map, guess) = match known {
        KnownMap::Nothing => (None, &in_both(&Map::default())),
        KnownMap::OfOthers(map) => (None, &in_both(map)),
        KnownMap::Likely(map) => (None, map),
        KnownMap::Settled(map) => (Some(map), map),
    };
    let alignment = align::align(&old, &new, guess);
    let mut differ = Differ::new(capture.kinds, map, guess, &old, &new);
    let status = |recording: &scan::Recording<'_>, at: usize| {
        let response = recording.exchanges[at].exchange.response.as_ref();
        response.map(|response| Shown::Number(usize::from(response.status)))
    };
    for &at in &alignment.added {
        let values = Values { old: None, new: status(&new, at) };
        match alignment.handed_over.iter().find(|(_, new)| *new == at) {
            Some(&both) => differ.handed_over(What::CallAdded, both, values),
            None => differ.call(What::CallAdded, None, Some(at), values),
        }
    }
    for &at in &alignment.removed {
        let values = Values { old: status(&old, at), new: None };
        match alignment.handed_over.iter().find(|(old, _)| *old == at) {
            Some(&both) => differ.handed_over(What::CallRemoved, both, values),
            None => differ.call(What::CallRemoved, Some(at), None, values),
        }
    }
    for pair in alignment.pairs.iter().filter(|pair| pair.is_moved) {
        let values =
            Values { old: Some(Shown::Number(pair.old + 1)), new: Some(Shown::Number(pair.new + 1)) };
        differ.call(What::CallMoved, Some(pair.old), Some(pair.new), values);
    }
    for repeat in &alignment.repeats {
        let (more, less) = (1 + repeat.places.len().div_ceil(repeat.period), 1);
        let (was, is) = if repeat.is_new { (less, more) } else { (more, less) };
        let (of_old, of_new) = repeat.of;
        let (old, new) =
            if repeat.is_new { (of_old, repeat.places.start) } else { (repeat.places.start, of_new) };
        let values = Values { old: Some(Shown::Number(was)), new: Some(Shown::Number(is)) };
        differ.call(What::Repeat, Some(old), Some(new), values);
    }
    for pair in &alignment.pairs {
        differ.exchanges(pair.old, pair.new);
    }
    if let (Some(old), Some(new)) = (capture.old.output, capture.new.output) {
        differ.output(old, new);
    }
    let mut findings = Findings {
        changes: differ.changes,
        pairs: differ.pairs,
        reordered: differ.reordered,
        alignment,
        optional: 0,
    };
    fingerprint::set(&mut findings.changes);
    findings
}
