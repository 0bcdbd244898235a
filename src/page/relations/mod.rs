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
    /// How long after the first message of the page it began.
    pub after: Micros,
    /// How long its response took; nothing where only one of both messages is known.
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
    let began = |exchange: &Arc<PageExchange>| match of(exchange).ended {
        Some(ended) if exchange.is_response_alone => ended,
        _ => of(exchange).started,
    };
    let first = facts.exchanges.iter().map(began).min()?;
    if facts.exchanges.iter().any(|exchange| of(exchange).synthetic) {
        return None;
    }
    let timing = |exchange: &Arc<PageExchange>| Timing {
        after: began(exchange).saturating_sub(first),
        lasted: (of(exchange).ended)
            .filter(|_| !exchange.is_response_alone)
            .map(|ended| ended.saturating_sub(began(exchange))),
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
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::page::{Input, Page, Section};
    use crate::settings::{Layout, Settings};
    use crate::trace::{Exchange, Gap, KnownFrom, Request, Response};

    #[test]
    fn a_duration_has_the_digits_that_matter() {
        let shown = |micros: Micros| Duration(micros).to_string();
        assert_eq!([0, 449, 5_769, 9_949].map(shown), ["0.0 ms", "0.4 ms", "5.8 ms", "9.9 ms"]);
        assert_eq!([9_950, 426_407, 999_499].map(shown), ["10 ms", "426 ms", "999 ms"]);
        assert_eq!([999_500, 1_571_000, 59_994_999].map(shown), ["1.00 s", "1.57 s", "59.99 s"]);
        assert_eq!([59_995_000, 123_400_000].map(shown), ["1 min 0 s", "2 min 3 s"]);
        assert_eq!(shown(-5), "0.0 ms");
    }

    /// Traces in which exchanges lie in one another and repeat, with boxes and damage here and there.
    fn trace() -> impl Strategy<Value = Trace> {
        let name = || proptest::sample::select(vec!["client", "a", "b"]);
        let exchange = (name(), name(), 0i64..60, 0i64..12, "[ab]", any::<bool>(), 0..9u8);
        let exchange = exchange.prop_map(|(from, to, started, took, path, is_synthetic, known)| Exchange {
            from: Some(from.into()),
            to: Some(to.into()),
            started,
            ended: Some(started + took),
            synthetic: is_synthetic,
            known_from: if known == 0 { KnownFrom::Response } else { KnownFrom::Wire },
            request: Request {
                method: "GET".into(),
                url: format!("http://h/{path}").into(),
                ..Request::default()
            },
            response: (known > 1 || known == 0).then(|| Response {
                status: 200,
                reason: "OK".into(),
                ..Response::default()
            }),
            ..Exchange::default()
        });
        let poll = |at: i64| Exchange {
            from: Some("client".into()),
            to: Some("poll".into()),
            started: at,
            ended: Some(at + 1),
            request: Request { method: "GET".into(), url: "http://h/poll".into(), ..Request::default() },
            response: Some(Response { status: 200, ..Response::default() }),
            ..Exchange::default()
        };
        let gap = (0i64..200).prop_map(|at| Gap { at, line: 1, column: 1, reason: "x".into() });
        (vec(exchange, 0..14), 0i64..6, vec(gap, 0..2)).prop_map(move |(mut exchanges, polls, gaps)| {
            exchanges.extend((0..polls).map(|nth| poll(100 + nth * 10)));
            Trace { exchanges, gaps, ..Trace::default() }
        })
    }

    /// The messages of a diagram that mermaid would give another number than they have.
    fn misnumbered(items: &[DiagramItem]) -> Vec<u32> {
        let mut count = None;
        let mut wrong = Vec::new();
        for item in items {
            match item {
                DiagramItem::Number { number, .. } => count = Some(*number),
                DiagramItem::Message { message, .. } => {
                    if count.is_some_and(|count| count != message.number) {
                        wrong.push(message.number);
                    }
                    count = Some(message.number + 1);
                }
                _ => {}
            }
        }
        wrong
    }

    fn numbers(items: &[DiagramItem]) -> Vec<u32> {
        let number = |item: &DiagramItem| match item {
            DiagramItem::Message { message, .. } => Some(message.number),
            _ => None,
        };
        items.iter().filter_map(number).collect()
    }

    fn page(trace: &Trace) -> Page {
        let settings = Settings { layout: Layout::Exchanges, locale: "en".into(), ..Settings::default() };
        Page::new(&Input::of_trace(trace, &settings, None)).unwrap()
    }

    #[test]
    fn what_repeats_is_told_once_and_moves_no_anchor() {
        let polls = |count: i64| {
            let exchange = |nth: i64| Exchange {
                to: Some(if nth == count { "b".into() } else { "a".into() }),
                started: nth * 10,
                ended: Some(nth * 10 + 1),
                request: Request { method: "GET".into(), url: "http://h/x".into(), ..Request::default() },
                response: Some(Response { status: 200, ..Response::default() }),
                ..Exchange::default()
            };
            let mut exchanges: Vec<Exchange> = (0..=count).map(exchange).collect();
            // Another one like the polls, behind what parts it from them.
            exchanges.push(Exchange { started: 1000, ended: Some(1001), ..exchanges[0].clone() });
            page(&Trace { exchanges, ..Trace::default() })
        };
        for count in [3, 7] {
            let page = polls(count);
            let sections: Vec<_> = (page.sections(&page.entries).into_iter())
                .filter_map(|section| match section {
                    Section::Exchange(found) => found.request.anchor.clone(),
                    _ => None,
                })
                .collect();
            let expected = ["client-a-get-x", "client-b-get-x", "client-a-get-x-2"];
            assert_eq!(sections.iter().map(|anchor| &**anchor).collect::<Vec<_>>(), expected);
            let second = &page.exchanges[1];
            assert_eq!(second.linked_steps(), "[(3),(4)](#client-a-get-x)");
            assert_eq!(page.exchanges[0].relations.run.map(|run| run.count as i64), Some(count));
        }
        assert!(polls(2).exchanges.iter().all(|found| found.relations.run.is_none()));
    }

    proptest! {
        #[test]
        fn every_message_is_drawn_once_for_the_client_or_inside_and_has_its_number(trace in trace()) {
            let page = page(&trace);
            let insides = page.exchanges.iter().map(|found| &found.relations.inside);
            let views: Vec<&Vec<DiagramItem>> = std::iter::once(&page.client_view).chain(insides).collect();
            let mut depths = views.iter().map(|view| {
                view.iter().fold(0i32, |depth, item| match item {
                    DiagramItem::Begin { .. } => depth + 1,
                    DiagramItem::End { .. } => depth - 1,
                    _ => depth,
                })
            });
            prop_assert!(depths.all(|depth| depth == 0), "boxes that do not end");
            for view in &views {
                prop_assert_eq!(misnumbered(view), Vec::<u32>::new());
            }
            let mut drawn: Vec<u32> = views.iter().flat_map(|view| numbers(view)).collect();
            drawn.sort_unstable();
            drawn.dedup();
            let folded = |message: &Message| {
                let found = page.exchanges.iter().find(|found| found.index == message.exchange);
                found.is_some_and(|found| found.relations.folded_into.is_some())
            };
            let told: Vec<u32> = (page.entries.iter())
                .filter_map(|entry| match entry {
                    Entry::Message(message) if !folded(message) => Some(message.number),
                    _ => None,
                })
                .collect();
            prop_assert_eq!(drawn, told);
        }

        #[test]
        fn a_cause_is_around_and_what_is_folded_is_told_by_one_that_is_not(trace in trace()) {
            let page = page(&trace);
            for (place, found) in page.exchanges.iter().enumerate() {
                let relations = &found.relations;
                if let Some(outer) = relations.sent_for {
                    let outer = &page.exchanges[outer];
                    // Between the two may be one that the page cannot tell of.
                    let is_whole = trace.exchanges.iter().all(|one| one.known_from == KnownFrom::Wire);
                    prop_assert!(!is_whole || outer.relations.to == relations.from);
                    prop_assert!(outer.request.number < found.request.number);
                    prop_assert!(outer.response.is_none() || outer.last_number() > found.last_number());
                    prop_assert_eq!(outer.relations.depth + 1, relations.depth);
                }
                if let Some(told) = relations.folded_into {
                    let told = &page.exchanges[told];
                    prop_assert!(told.relations.folded_into.is_none() && told.request.number < found.request.number);
                    prop_assert_eq!(&told.request.url, &found.request.url);
                }
                for origin in &relations.origins {
                    prop_assert!(page.exchanges[origin.of.place].request.number < page.exchanges[place].request.number);
                }
            }
        }
    }
}
