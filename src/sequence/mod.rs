//! A trace as numbered steps.
//!
//! A page counts messages the way mermaid's `autonumber` does: every arrow gets
//! the next number. Everything that a page says with a number goes through here,
//! so that diagram, headings and prose cannot disagree. What this leaves out:
//! who a participant is ([`participants`]), what a path shows ([`paths`]), and what a
//! label means ([`selector`]); those are asked with the same trace beside.
//!
//! ```
//! use docgen::sequence::{Sequence, Side};
//!
//! let archive = br#"{"log": {"version": "1.2", "entries": [
//!   {"startedDateTime": "2024-03-05T10:15:00Z", "time": 900,
//!    "request": {"method": "GET", "url": "http://outer/"}, "response": {"status": 200}},
//!   {"startedDateTime": "2024-03-05T10:15:00.3Z", "time": 100,
//!    "request": {"method": "GET", "url": "http://inner/"}, "response": {"status": 200}}]}}"#;
//! let trace = docgen::source::read("trace.har".as_ref(), archive.to_vec()).trace;
//! let sequence = Sequence::new(&trace, |_| true);
//! // The inner call begins and ends while the outer one waits.
//! assert_eq!([0, 1].map(|index| sequence.number(index, Side::Request)), [Some(1), Some(2)]);
//! assert_eq!([0, 1].map(|index| sequence.number(index, Side::Response)), [Some(4), Some(3)]);
//! ```

pub mod naming;
pub mod participants;
pub mod paths;
pub mod renamed;
pub mod selector;
pub mod senders;
#[cfg(test)]
mod testing;

use crate::trace::{KnownFrom, Micros, Trace};

/// One of the two messages of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The request.
    Request,
    /// The response.
    Response,
}

impl Side {
    /// How page sources call it.
    pub fn name(self) -> &'static str {
        match self {
            Side::Request => "request",
            Side::Response => "response",
        }
    }

    /// The side of this name.
    pub fn named(name: &str) -> Option<Side> {
        [Side::Request, Side::Response].into_iter().find(|side| side.name() == name)
    }
}

/// A message with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The number that `autonumber` shows, from 1.
    pub number: u32,
    /// The exchange's index in the trace.
    pub exchange: usize,
    /// Which of its messages this is.
    pub side: Side,
}

/// What a sequence consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// A message.
    Step(Step),
    /// A damaged place of the input: its index in [`Trace::gaps`].
    Gap(usize),
}

/// The steps of a trace, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sequence {
    /// Steps and gaps, in the order of time.
    pub items: Vec<Item>,
    /// How many exchanges the filter left out.
    pub filtered: usize,
    numbers: Vec<[Option<u32>; 2]>,
}

impl Sequence {
    /// Numbers the messages of the exchanges for which `keep` holds.
    ///
    /// A request happens when its exchange started, a response when it ended. What
    /// happens in the same microsecond goes by position in the array, and a request
    /// before its own response; no other field orders. A gap comes after what
    /// happened up to its moment.
    pub fn new(trace: &Trace, mut keep: impl FnMut(usize) -> bool) -> Sequence {
        let mut events: Vec<(Micros, usize, Event)> = Vec::with_capacity(trace.exchanges.len() * 2);
        let mut sequence = Sequence {
            items: Vec::with_capacity(trace.exchanges.len() * 2),
            filtered: 0,
            numbers: vec![[None; 2]; trace.exchanges.len()],
        };
        for (index, exchange) in trace.exchanges.iter().enumerate() {
            if !keep(index) {
                sequence.filtered += 1;
                continue;
            }
            if exchange.known_from != KnownFrom::Response {
                events.push((exchange.started, index, Event::Message(Side::Request)));
            }
            if exchange.response.is_some() {
                let ended = exchange.ended.unwrap_or(exchange.started).max(exchange.started);
                events.push((ended, index, Event::Message(Side::Response)));
            }
        }
        for (index, gap) in trace.gaps.iter().enumerate() {
            events.push((gap.at, usize::MAX, Event::Gap(index)));
        }
        events.sort_unstable();
        let mut number = 0;
        for (_, exchange, event) in events {
            sequence.items.push(match event {
                Event::Gap(index) => Item::Gap(index),
                Event::Message(side) => {
                    number += 1;
                    sequence.numbers[exchange][side as usize] = Some(number);
                    Item::Step(Step { number, exchange, side })
                }
            });
        }
        sequence
    }

    /// The number of a message; `None` if it is filtered out or never came.
    pub fn number(&self, exchange: usize, side: Side) -> Option<u32> {
        self.numbers.get(exchange)?[side as usize]
    }

    /// Whether the exchange is part of the sequence.
    pub fn contains(&self, exchange: usize) -> bool {
        self.number(exchange, Side::Request).is_some()
    }

    /// The steps alone, in order.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.items.iter().filter_map(|item| match item {
            Item::Step(step) => Some(*step),
            Item::Gap(_) => None,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Message(Side),
    Gap(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Exchange, Request, Response};
    use proptest::prelude::*;

    fn exchange(started: Micros, ended: Option<Micros>) -> Exchange {
        Exchange {
            from: None,
            to: None,
            started,
            ended,
            synthetic: false,
            known_from: KnownFrom::Wire,
            request: Request::default(),
            response: ended.map(|_| Response::default()),
            ..Exchange::default()
        }
    }

    fn order(times: &[(Micros, Option<Micros>)]) -> Vec<(usize, Side)> {
        let trace = Trace {
            exchanges: times.iter().map(|&(started, ended)| exchange(started, ended)).collect(),
            ..Trace::default()
        };
        Sequence::new(&trace, |_| true).steps().map(|step| (step.exchange, step.side)).collect()
    }

    #[test]
    fn nested_and_interleaved_calls_go_by_time() {
        use Side::*;
        assert_eq!(
            order(&[(0, Some(9)), (1, Some(5)), (2, Some(3))]),
            [(0, Request), (1, Request), (2, Request), (2, Response), (1, Response), (0, Response)]
        );
        assert_eq!(
            order(&[(0, Some(2)), (1, Some(3))]),
            [(0, Request), (1, Request), (0, Response), (1, Response)]
        );
    }

    #[test]
    fn ties_go_by_position() {
        use Side::*;
        assert_eq!(
            order(&[(0, Some(0)), (0, Some(0))]),
            [(0, Request), (0, Response), (1, Request), (1, Response)]
        );
        assert_eq!(order(&[(5, None), (1, Some(5))]), [(1, Request), (0, Request), (1, Response)]);
    }

    #[test]
    fn a_gap_comes_after_what_happened_up_to_its_moment() {
        let gap = |at| crate::trace::Gap { at, line: 1, column: 1, reason: "damaged".into() };
        let trace = Trace {
            exchanges: vec![exchange(5, Some(7)), exchange(7, Some(9))],
            gaps: vec![gap(7), gap(4), gap(8)],
            ..Trace::default()
        };
        let order: Vec<String> = (Sequence::new(&trace, |_| true).items.iter())
            .map(|item| match item {
                Item::Step(step) => step.number.to_string(),
                Item::Gap(gap) => format!("gap {gap}"),
            })
            .collect();
        assert_eq!(order, ["gap 1", "1", "2", "3", "gap 0", "gap 2", "4"]);
    }

    #[test]
    fn a_response_without_its_request_has_a_number_and_is_no_exchange_to_speak_of() {
        let alone = Exchange { known_from: KnownFrom::Response, ..exchange(1, Some(1)) };
        let trace = Trace { exchanges: vec![exchange(0, None), alone], ..Trace::default() };
        let sequence = Sequence::new(&trace, |_| true);
        assert_eq!([0, 1].map(|index| sequence.contains(index)), [true, false]);
        assert_eq!(sequence.number(1, Side::Response), Some(2));
    }

    proptest! {
        #[test]
        fn numbers_are_one_to_n_and_a_request_comes_before_its_response(
            times in proptest::collection::vec((0i64..50, proptest::option::of(-5i64..50)), 0..30),
            skip in 0usize..5,
        ) {
            let trace = Trace {
                exchanges: times.iter().map(|&(s, e)| exchange(s, e)).collect(),
                ..Trace::default()
            };
            let sequence = Sequence::new(&trace, |index| index % 5 != skip);
            let numbers: Vec<u32> = sequence.steps().map(|step| step.number).collect();
            prop_assert_eq!(&numbers, &(1..=numbers.len() as u32).collect::<Vec<_>>());
            for index in 0..times.len() {
                if let (Some(request), Some(response)) =
                    (sequence.number(index, Side::Request), sequence.number(index, Side::Response))
                {
                    prop_assert!(request < response);
                }
            }
        }
    }
}
