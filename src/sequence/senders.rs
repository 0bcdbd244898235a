//! Who sent an exchange that no recorder can tell: a service, for the exchange that it answers meanwhile.
//!
//! What a service asks others begins after it was asked itself, and ends before it answers. So the sender
//! is the receiver of the innermost exchange around it. That alone proves little: a client that asks
//! several servers at a time looks the same. Whoever knows more, of the processes say, gives it here as
//! [`Evidence`]. What this leaves out: finding evidence, and exchanges that say themselves who sent them.

use super::participants::Participants;
use crate::profile::Profile;
use crate::settings;
use crate::text::Text;
use crate::trace::{Exchange, Trace};

/// What is known of whether one exchange was sent for another, besides when they happened.
pub enum Evidence<'e> {
    /// Nothing: who is nested tells, except below an exchange of the same receiver.
    Nesting,
    /// This, of an inner and an outer exchange.
    Known(&'e dyn Fn(usize, usize) -> Fit),
}

/// How well one exchange may have been sent for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It was not.
    No,
    /// It may have been.
    Possible,
    /// Its sender is who received the other.
    Sure,
}

/// Names the senders of exchanges that have none and were sent for another, and marks them as inferred;
/// gives how many. A name is that of the participant that receives the other one: `declared` and
/// `profile` name them, as for a page.
pub fn infer(
    trace: &mut Trace,
    evidence: Evidence<'_>,
    declared: &[settings::Participant],
    profile: Option<&Profile>,
) -> usize {
    let participants = Participants::new(trace, declared, profile);
    let fit = |inner: usize, outer: usize| match &evidence {
        _ if trace.exchanges[inner].from.is_some() => Fit::No,
        Evidence::Nesting if participants.ends(inner)[1] == participants.ends(outer)[1] => Fit::No,
        Evidence::Nesting => Fit::Possible,
        Evidence::Known(fit) => fit(inner, outer),
    };
    let around = around(trace, fit);
    let names: Vec<Option<Text>> =
        around.iter().map(|outer| outer.map(|outer| Text::from(&*participants.to(outer).id))).collect();
    let mut count = 0;
    for (exchange, name) in trace.exchanges.iter_mut().zip(names) {
        if name.is_some() {
            exchange.from = name;
            exchange.from_inferred = true;
            count += 1;
        }
    }
    count
}

/// For each exchange the one that it was sent for, as far as that is known: the innermost around it that its
/// sender received.
pub fn causes(trace: &Trace, participants: &Participants) -> Vec<Option<usize>> {
    around(trace, |inner, outer| {
        if participants.ends(inner)[0] == participants.ends(outer)[1] { Fit::Possible } else { Fit::No }
    })
}

/// For each exchange the one that it was sent for: the innermost around it of those that fit best.
pub(super) fn around(trace: &Trace, fit: impl Fn(usize, usize) -> Fit) -> Vec<Option<usize>> {
    let exchanges = &trace.exchanges;
    let mut order: Vec<usize> = (0..exchanges.len()).collect();
    order.sort_by_key(|&index| exchanges[index].started);
    let mut found = vec![None; exchanges.len()];
    // Those that have begun and may not be over, in the order of their beginnings.
    let mut open: Vec<usize> = Vec::new();
    for inner in order {
        let now = &exchanges[inner];
        open.retain(|&outer| exchanges[outer].ended.is_some_and(|ended| ended > now.started));
        let candidates = open.iter().filter(|&&outer| is_around(&exchanges[outer], now));
        let best = candidates.map(|&outer| (fit(inner, outer), outer)).filter(|(fit, _)| *fit > Fit::No);
        // Of equal ones the last is the innermost.
        found[inner] = best.max_by_key(|(fit, _)| *fit).map(|(_, outer)| outer);
        open.push(inner);
    }
    found
}

/// Whether an exchange happened while another one was waited for.
fn is_around(outer: &Exchange, inner: &Exchange) -> bool {
    let last = inner.ended.unwrap_or(inner.started);
    outer.started < inner.started && outer.ended.is_some_and(|ended| ended > last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trace(times: &[(i64, i64)]) -> Trace {
        let exchange = |(at, &(started, ended)): (usize, &(i64, i64))| Exchange {
            started,
            ended: Some(ended),
            request: crate::trace::Request {
                method: "GET".into(),
                url: format!("http://s{at}/").into(),
                ..Default::default()
            },
            ..Exchange::default()
        };
        Trace { exchanges: times.iter().enumerate().map(exchange).collect(), ..Trace::default() }
    }

    fn senders(trace: &Trace) -> Vec<Option<&str>> {
        trace.exchanges.iter().map(|exchange| exchange.from.as_deref()).collect()
    }

    #[test]
    fn the_innermost_around_it_tells() {
        let mut nested = trace(&[(0, 9), (1, 5), (2, 4), (6, 8), (10, 11)]);
        assert_eq!(infer(&mut nested, Evidence::Nesting, &[], None), 3);
        assert_eq!(senders(&nested), [None, Some("s0"), Some("s1"), Some("s0"), None]);
        assert!(nested.exchanges[1].from_inferred && !nested.exchanges[0].from_inferred);
    }

    #[test]
    fn a_cause_is_what_its_sender_was_asked() {
        let mut nested = trace(&[(0, 9), (1, 5), (2, 4), (6, 8), (10, 11)]);
        for (at, from) in [(1, "s0"), (2, "s1"), (3, "client")] {
            nested.exchanges[at].from = Some(from.into());
        }
        for (at, exchange) in nested.exchanges.iter_mut().enumerate() {
            exchange.to = Some(format!("s{at}").into());
        }
        let participants = Participants::new(&nested, &[], None);
        assert_eq!(causes(&nested, &participants), [None, Some(0), Some(1), None, None]);
    }

    #[test]
    fn what_only_overlaps_is_nobodys() {
        let mut beside = trace(&[(0, 5), (1, 6), (0, 3), (7, 9), (7, 9)]);
        assert_eq!(infer(&mut beside, Evidence::Nesting, &[], None), 0);
    }

    #[test]
    fn one_server_at_a_time_says_nothing() {
        let mut parallel = trace(&[(0, 9), (1, 5)]);
        parallel.exchanges[1].request.url = "http://s0/other".into();
        assert_eq!(infer(&mut parallel, Evidence::Nesting, &[], None), 0);
    }

    #[test]
    fn who_is_known_to_fit_goes_before_who_is_nearer() {
        let nested = || trace(&[(0, 9), (1, 8), (2, 7)]);
        let infer = |fits: fn(usize, usize) -> Fit| {
            let mut trace = nested();
            infer(&mut trace, Evidence::Known(&fits), &[], None);
            senders(&trace).into_iter().map(|name| name.map(str::to_owned)).collect::<Vec<_>>()
        };
        let some = |name: &str| Some(name.to_owned());
        let sure = infer(|_, outer| if outer == 0 { Fit::Sure } else { Fit::Possible });
        assert_eq!(sure, [None, some("s0"), some("s0")]);
        let never = infer(|inner, outer| if (inner, outer) == (2, 1) { Fit::No } else { Fit::Possible });
        assert_eq!(never, [None, some("s0"), some("s0")]);
        assert_eq!(infer(|_, _| Fit::No), [None, None, None]);
    }

    #[test]
    fn a_sender_that_is_known_stays() {
        let mut known = trace(&[(0, 9), (1, 5)]);
        known.exchanges[1].from = Some("me".into());
        assert_eq!(infer(&mut known, Evidence::Nesting, &[], None), 0);
        assert_eq!(senders(&known), [None, Some("me")]);
    }

    proptest! {
        #[test]
        fn what_is_found_is_around_and_nothing_that_fits_lies_between(
            times in proptest::collection::vec((0i64..40, 0i64..40), 0..25),
        ) {
            let times: Vec<_> = times.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
            let trace = trace(&times);
            for (inner, found) in around(&trace, |_, _| Fit::Possible).into_iter().enumerate() {
                let one = &trace.exchanges[inner];
                let all = trace.exchanges.iter().filter(|outer| is_around(outer, one));
                let latest = all.map(|outer| outer.started).max();
                prop_assert_eq!(found.map(|outer| trace.exchanges[outer].started), latest);
                prop_assert!(found.is_none_or(|outer| is_around(&trace.exchanges[outer], one)));
            }
        }
    }
}
