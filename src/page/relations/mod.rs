//! How the exchanges of a page stand to each other.
//!
//! A list of a hundred messages says what was sent, and not why. Here an exchange gets the one that it was
//! sent for, the equal ones behind it, the messages that its values are from, and when it happened; from that
//! a page shows what the client sees and folds the rest. What this leaves out: how any of it looks, and the
//! exchanges themselves.

mod client_view;
mod origins;
mod repeats;
mod tree;

pub use origins::Origin;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{DiagramItem, Entry, Message, PageExchange, Phrases};
use crate::sequence::Side;
use crate::sequence::participants::Participants;
use crate::trace::{Micros, Trace};
use tree::Tree;

/// How one exchange stands to the others of its page. Places are indices into the page's exchanges.
#[derive(Clone, Debug, Default)]
pub struct Relations {
    /// The participant that asks.
    pub from: Arc<str>,
    /// The participant that answers.
    pub to: Arc<str>,
    /// The place of the exchange that it was sent for: what its sender was asked meanwhile.
    pub sent_for: Option<usize>,
    /// How many exchanges it was sent for, one in another.
    pub depth: usize,
    /// Whether the profile describes this very status of its response, so that an error is no accident.
    pub is_expected: bool,
    /// When it happened, where the trace tells.
    pub timing: Option<Timing>,
    /// How many times it happened in a row, itself included, and the number of the last message.
    pub run: Option<Run>,
    /// Of one that only repeats an earlier one, the place of that: it is told of there.
    pub folded_into: Option<usize>,
    /// Of the request and the response, where the page shows the same body before.
    pub same_bodies: [Option<Earlier>; 2],
    /// Where values of the request are from.
    pub origins: Vec<Origin>,
    /// How many more values have an origin than are listed.
    pub more_origins: usize,
    /// The diagram of all that was sent for it, with its own two messages; of the client's exchanges.
    pub inside: Vec<DiagramItem>,
}

/// When an exchange happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long after the first request of the page it was sent.
    pub after: Micros,
    /// How long its response took; nothing where none came.
    pub lasted: Option<Micros>,
}

/// Equal exchanges in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How many.
    pub count: usize,
    /// The number of the last message.
    pub last: u32,
}

/// A message of the page, by its exchange's place and its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// The place of its exchange.
    pub place: usize,
    /// Which of the two messages it is.
    pub side: Side,
}

/// A length of time as a page shows it: `0.4 ms`, `426 ms`, `1.57 s`, `2 min 3 s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration(pub Micros);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.max(0);
        let rounded = |to: Micros| (micros + to / 2) / to;
        match micros {
            0..9_950 => write!(f, "{}.{} ms", rounded(100) / 10, rounded(100) % 10),
            9_950..999_500 => write!(f, "{} ms", rounded(1_000)),
            999_500..59_995_000 => write!(f, "{}.{:02} s", rounded(10_000) / 100, rounded(10_000) % 100),
            _ => write!(f, "{} min {} s", rounded(1_000_000) / 60, rounded(1_000_000) % 60),
        }
    }
}

/// What the exchanges of a page are related by.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) trace: &'a Trace,
    pub(super) participants: &'a Participants,
    pub(super) exchanges: &'a [Arc<PageExchange>],
    pub(super) entries: &'a [Entry],
    pub(super) diagram: &'a [DiagramItem],
    pub(super) phrases: &'a Phrases,
    /// Of each exchange, whether the profile describes the status of its response.
    pub(super) is_expected: &'a dyn Fn(usize) -> bool,
}

/// The relations of each exchange, and the diagram of what the client sees.
pub(super) fn relate(facts: &Facts<'_>) -> (Vec<Relations>, Vec<DiagramItem>) {
    let tree = Tree::of(facts);
    let repeats = repeats::find(facts, &tree);
    let timings = timings(facts);
    let same_bodies = same_bodies(facts.exchanges, &repeats.folded_into);
    let mut origins = origins::find(facts);
    let mut view = client_view::Views::of(facts, &tree, &repeats);
    let relations = (0..facts.exchanges.len())
        .map(|place| {
            let index = facts.exchanges[place].index;
            let found = std::mem::take(&mut origins[place]);
            let is_shown_inside = tree.sent_for[place].is_none()
                && repeats.folded_into[place].is_none()
                && !tree.children[place].is_empty();
            Relations {
                from: facts.participants.from(index).id.clone(),
                to: facts.participants.to(index).id.clone(),
                sent_for: tree.sent_for[place],
                depth: tree.depths[place],
                is_expected: (facts.is_expected)(index),
                timing: timings.as_ref().map(|timings| timings[place]),
                run: repeats.runs[place],
                folded_into: repeats.folded_into[place],
                same_bodies: same_bodies[place],
                more_origins: found.len().saturating_sub(MOST_ORIGINS),
                origins: found.into_iter().take(MOST_ORIGINS).collect(),
                inside: if is_shown_inside { view.inside(place) } else { Vec::new() },
            }
        })
        .collect();
    (relations, view.client())
}

/// How many origins of values are listed with a request.
const MOST_ORIGINS: usize = 8;

/// When each exchange happened; nothing where one has made-up times.
fn timings(facts: &Facts<'_>) -> Option<Vec<Timing>> {
    let of = |exchange: &Arc<PageExchange>| &facts.trace.exchanges[exchange.index];
    let first = facts.exchanges.iter().map(|exchange| of(exchange).started).min()?;
    if facts.exchanges.iter().any(|exchange| of(exchange).synthetic) {
        return None;
    }
    let timing = |exchange: &Arc<PageExchange>| Timing {
        after: of(exchange).started.saturating_sub(first),
        lasted: of(exchange).ended.map(|ended| ended.saturating_sub(of(exchange).started)),
    };
    Some(facts.exchanges.iter().map(timing).collect())
}

/// For each exchange, where the page shows the bodies of its two messages before.
fn same_bodies(exchanges: &[Arc<PageExchange>], folded: &[Option<usize>]) -> Vec<[Option<Earlier>; 2]> {
    let mut first: HashMap<&str, Earlier> = HashMap::new();
    let mut same = vec![[None; 2]; exchanges.len()];
    for (place, exchange) in exchanges.iter().enumerate().filter(|(place, _)| folded[*place].is_none()) {
        for message in exchange.messages().filter(|message| is_worth_a_link(message)) {
            let here = Earlier { place, side: message.side };
            match first.get(&**message.body.text()) {
                Some(earlier) => same[place][message.side as usize] = Some(*earlier),
                None => drop(first.insert(message.body.text(), here)),
            }
        }
    }
    same
}

/// Whether a body is longer than a link to it.
fn is_worth_a_link(message: &Message) -> bool {
    message.has_body && message.body.text().lines().nth(2).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_digits_that_matter() {
        let shown = |micros: Micros| Duration(micros).to_string();
        assert_eq!([0, 449, 5_769, 9_949].map(shown), ["0.0 ms", "0.4 ms", "5.8 ms", "9.9 ms"]);
        assert_eq!([9_950, 426_407, 999_499].map(shown), ["10 ms", "426 ms", "999 ms"]);
        assert_eq!([999_500, 1_571_000, 59_994_999].map(shown), ["1.00 s", "1.57 s", "59.99 s"]);
        assert_eq!([59_995_000, 123_400_000].map(shown), ["1 min 0 s", "2 min 3 s"]);
        assert_eq!(shown(-5), "0.0 ms");
    }
}
