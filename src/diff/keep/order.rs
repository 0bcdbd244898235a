//! The order of messages: the old one, where the comparison sees none; and times that carry it.
//!
//! What ran beside what is a fact of the new recording only where it tells who asked whom: calls that a client
//! sends side by side are answered in any order, and one order is as true as another. So the old messages keep
//! their order unless one has moved, or a call within a call would leave it. A message whose place among the
//! others is the old one keeps its time; what is new, or elsewhere, is put between.

use std::collections::HashMap;

use super::super::align::Aligned;
use super::super::compare::Step;
use super::super::scan::Recording;
use crate::trace::{Exchange, Micros};

/// Places of a new list with the old ones of those that were there, in the old order; what is new comes
/// behind what it came behind. Places are those in the steps; `of_old` and `of_new` say where they stand.
pub(super) fn in_old_order(
    steps: &[Step],
    of_old: impl Fn(usize) -> usize,
    of_new: impl Fn(usize) -> usize,
) -> Vec<(Option<usize>, usize)> {
    let mut all: Vec<(Option<usize>, usize)> =
        steps.iter().filter_map(|(old, new)| Some((*old, (*new)?))).collect();
    all.sort_by_key(|(_, new)| of_new(*new));
    // The place of an old one, which what is new behind it shares.
    let mut behind = None;
    let mut placed: Vec<_> = all
        .into_iter()
        .map(|step| {
            behind = step.0.map(&of_old).or(behind);
            (behind, step)
        })
        .collect();
    placed.sort_by_key(|(behind, _)| *behind);
    placed.into_iter().map(|(_, step)| step).collect()
}

/// An exchange of the new trace in its place of the kept one.
pub(super) struct Placed {
    /// Its index in the new trace.
    pub(super) index: usize,
    pub(super) started: Micros,
    pub(super) ended: Option<Micros>,
    /// How long it took to send the request, and to receive the response.
    pub(super) timings: (Micros, Micros),
}

/// A message: its exchange's index, and whether it is the response.
type Event = (usize, bool);

/// The exchanges of the new trace in the order of the kept one.
pub(super) fn placed(old: &Recording<'_>, new: &Recording<'_>, pairs: &[Aligned]) -> Vec<Placed> {
    let (olds, news) = (all(old), all(new));
    // Times that nobody measured carry the order of what they were made for, and no other.
    let is_made_up = |all: &[&Exchange]| all.iter().any(|exchange| exchange.synthetic);
    let partners: HashMap<usize, usize> = match is_made_up(&olds) == is_made_up(&news) {
        true => {
            pairs.iter().map(|pair| (new.exchanges[pair.new].index, old.exchanges[pair.old].index)).collect()
        }
        false => HashMap::new(),
    };
    let (old_events, new_events) = (events(&olds), events(&news));
    let ranks: HashMap<Event, usize> =
        old_events.iter().enumerate().map(|(rank, event)| (*event, rank)).collect();
    let rank = |event: &Event| partners.get(&event.0).and_then(|old| ranks.get(&(*old, event.1)).copied());
    let has_moved = pairs.iter().any(|pair| pair.is_moved);
    let steps: Vec<Step> = (0..new_events.len()).map(|at| (rank(&new_events[at]), Some(at))).collect();
    let in_order = in_old_order(&steps, |rank| rank, |at| at);
    let as_it_was: Vec<Event> = in_order.into_iter().map(|(_, at)| new_events[at]).collect();
    let is_as_it_was = !has_moved && is_possible(&as_it_was, &new_events, &news);
    let order = if is_as_it_was { as_it_was } else { new_events };
    let times = times(&order, |event| {
        let new = news[event.0];
        let time = if event.1 { new.ended.unwrap_or(new.started) } else { new.started };
        let old = partners.get(&event.0).filter(|_| rank(event).is_some()).map(|old| olds[*old]);
        let old = old.map(|old| if event.1 { old.ended.unwrap_or(old.started) } else { old.started });
        (time, rank(event).zip(old))
    });
    let steps: Vec<Step> =
        (0..news.len()).map(|at| (partners.get(&at).copied().filter(|_| is_as_it_was), Some(at))).collect();
    let place = |(_, index): (Option<usize>, usize)| {
        let exchange = news[index];
        let (started, ended) = (times[&(index, false)], exchange.ended.map(|_| times[&(index, true)]));
        let before = partners.get(&index).map(|old| olds[*old]);
        let from = before.filter(|old| (old.started, old.ended) == (started, ended)).unwrap_or(exchange);
        Placed { index, started, ended, timings: (from.sending, from.receiving) }
    };
    in_old_order(&steps, |old| old, |at| at).into_iter().map(place).collect()
}

/// The exchanges of a trace by their index.
fn all<'a>(recording: &Recording<'a>) -> Vec<&'a Exchange> {
    let mut all: Vec<(usize, &Exchange)> =
        recording.exchanges.iter().map(|scanned| (scanned.index, scanned.exchange)).collect();
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, exchange)| exchange).collect()
}

/// The messages of a trace, in order, as [`crate::sequence::Sequence`] has it.
fn events(exchanges: &[&Exchange]) -> Vec<Event> {
    let mut events: Vec<(Micros, Event)> = Vec::with_capacity(exchanges.len() * 2);
    for (index, exchange) in exchanges.iter().enumerate() {
        events.push((exchange.started, (index, false)));
        events.extend(exchange.ended.map(|ended| (ended.max(exchange.started), (index, true))));
    }
    events.sort_unstable();
    events.into_iter().map(|(_, event)| event).collect()
}

/// Whether messages can have come in `order`: no response before its request, and each call that a call caused
/// within it, as in `recorded`.
fn is_possible(order: &[Event], recorded: &[Event], exchanges: &[&Exchange]) -> bool {
    let mut places = vec![[usize::MAX; 2]; exchanges.len()];
    for (place, (index, is_response)) in order.iter().enumerate() {
        places[*index][usize::from(*is_response)] = place;
    }
    // The calls that have no answer yet, the innermost last.
    let mut open: Vec<usize> = Vec::new();
    recorded.iter().all(|&(index, is_response)| {
        let [start, end] = places[index];
        if is_response {
            open.retain(|other| *other != index);
            return true;
        }
        let from = exchanges[index].from.as_ref();
        let is_sender = |other: &&usize| from.is_some() && exchanges[**other].to.as_ref() == from;
        let around = open.iter().rev().find(is_sender).copied();
        if exchanges[index].ended.is_some() {
            open.push(index);
        }
        start < end && around.is_none_or(|other| places[other][0] < start && end < places[other][1])
    })
}

/// The times of messages in this order. `of` gives the new time of one, and, where it is an old one, its rank
/// among the old ones with its old time.
fn times(
    order: &[Event],
    of: impl Fn(&Event) -> (Micros, Option<(usize, Micros)>),
) -> HashMap<Event, Micros> {
    let all: Vec<(Micros, Option<(usize, Micros)>)> = order.iter().map(of).collect();
    let ranks: Vec<Option<usize>> = all.iter().map(|(_, old)| old.map(|(rank, _)| rank)).collect();
    let mut times: Vec<Option<Micros>> = vec![None; all.len()];
    for at in longest_ascending(&ranks) {
        times[at] = all[at].1.map(|(_, time)| time);
    }
    let mut start = 0;
    while start < all.len() {
        if times[start].is_some() {
            start += 1;
            continue;
        }
        let before = start.checked_sub(1).and_then(|last| Some((times[last]?, all[last].0)));
        let end = (start..all.len()).find(|&at| times[at].is_some());
        let count = (end.unwrap_or(all.len()) - start) as Micros;
        match (before, end.and_then(|end| Some((end, times[end]?)))) {
            (None, None) => all.iter().enumerate().for_each(|(at, (time, _))| times[at] = Some(*time)),
            // As long after the last one as it was.
            (Some((time, recorded)), None) => {
                let mut last = time;
                for at in start..all.len() {
                    last = (time + (all[at].0 - recorded)).max(last + 1);
                    times[at] = Some(last);
                }
            }
            (None, Some((end, time))) => {
                let mut next = time;
                for at in (start..end).rev() {
                    next = (time - (all[end].0 - all[at].0)).min(next - 1);
                    times[at] = Some(next);
                }
            }
            (Some((from, recorded)), Some((end, to))) => {
                // There is no room: what comes behind gives way.
                if to - from <= count {
                    times[end] = None;
                    continue;
                }
                let mut last = from;
                let natural: Vec<Micros> = (start..end)
                    .map(|at| {
                        last = (from + (all[at].0 - recorded)).max(last + 1);
                        last
                    })
                    .collect();
                let fits = last < to;
                for (at, natural) in (start..end).zip(natural) {
                    let even = from + (to - from) * (at - start + 1) as Micros / (count + 1);
                    times[at] = Some(if fits { natural } else { even });
                }
            }
        }
    }
    order.iter().copied().zip(times.into_iter().map(Option::unwrap_or_default)).collect()
}

/// Places of the longest run of ascending ranks.
fn longest_ascending(ranks: &[Option<usize>]) -> Vec<usize> {
    // The place of the smallest last rank of a run of each length, and for each place the one before it.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; ranks.len()];
    for (at, rank) in ranks.iter().enumerate().filter(|(_, rank)| rank.is_some()) {
        let length = ends.partition_point(|&end| ranks[end] < *rank);
        before[at] = length.checked_sub(1).map(|last| ends[last]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut places: Vec<usize> = std::iter::successors(ends.last().copied(), |&at| before[at]).collect();
    places.reverse();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_stays_behind_what_it_came_behind() {
        let steps =
            [(Some(0), Some(3)), (Some(1), None), (None, Some(0)), (Some(2), Some(1)), (None, Some(2))];
        let merged = in_old_order(&steps, |at| at, |at| at);
        assert_eq!(merged, [(None, 0), (Some(0), 3), (Some(2), 1), (None, 2)]);
    }

    #[test]
    fn the_longest_run_of_old_places_is_kept() {
        let places =
            |ranks: &[usize]| longest_ascending(&ranks.iter().copied().map(Some).collect::<Vec<_>>());
        assert_eq!(places(&[0, 1, 2]), [0, 1, 2]);
        assert_eq!(places(&[3, 0, 1, 2]), [1, 2, 3]);
        assert_eq!(longest_ascending(&[Some(1), None, Some(0), Some(2)]), [2, 3]);
        assert_eq!(places(&[]), [0; 0]);
    }

    /// Times of the messages 0, 1, …, of which each says when it was new and, if it is an old one, old.
    fn timed(messages: &[(Micros, Option<Micros>)]) -> Vec<Micros> {
        let order: Vec<Event> = (0..messages.len()).map(|at| (at, false)).collect();
        let times = times(&order, |&(at, _)| (messages[at].0, messages[at].1.map(|old| (at, old))));
        order.iter().map(|event| times[event]).collect()
    }

    #[test]
    fn what_is_new_is_timed_between_its_neighbours() {
        assert_eq!(timed(&[(100, Some(0)), (130, None), (150, Some(50))]), [0, 30, 50]);
        // Longer than there is room.
        assert_eq!(timed(&[(100, Some(0)), (130, None), (160, None), (170, Some(30))]), [0, 10, 20, 30]);
        // No room at all: the next one gives way.
        assert_eq!(timed(&[(100, Some(0)), (110, None), (120, Some(1)), (130, Some(9))]), [0, 3, 6, 9]);
        assert_eq!(timed(&[(100, None), (110, Some(20)), (115, None), (115, None)]), [10, 20, 25, 26]);
        assert_eq!(timed(&[(100, None), (110, None)]), [100, 110]);
    }
}
