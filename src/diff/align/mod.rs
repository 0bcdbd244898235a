//! Which exchange of an old trace is which of the new one.
//!
//! Exchanges belong together by who, method and path template. Of all ways to pair them in order, the one
//! is taken whose pairs differ least (`path`). What is left over then has moved, is a repetition of its
//! neighbour, has another method or path in the same place, or is new or gone, in this order. What this
//! leaves out: what is different in a pair.

mod path;
mod who;

use std::collections::HashMap;
use std::ops::Range;

use super::map::Map;
use super::minted::Minted;
use super::scan::{Part, Recording, Scanned};
use crate::trace::Trace;
use who::Who;

/// How the exchanges of two traces belong together; by their places in the order of their requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Alignment {
    /// Those that are the same, in the order of the new trace.
    pub pairs: Vec<Aligned>,
    /// Runs of equal exchanges that are longer or shorter than they were.
    pub repeats: Vec<Repeat>,
    /// Those of the old trace that are gone.
    pub removed: Vec<usize>,
    /// Those of the new trace that are new.
    pub added: Vec<usize>,
    /// Of those that are gone and those that are new, the ones that are the same call from another sender.
    pub handed_over: Vec<(usize, usize)>,
}

impl Alignment {
    /// For each exchange of the old trace, by its index there, the same one of the new trace.
    pub fn partners(&self, old: &Trace, new: &Trace) -> Vec<Option<usize>> {
        let (olds, news) = (in_order(old), in_order(new));
        let mut partners = vec![None; olds.len()];
        self.pairs.iter().for_each(|pair| partners[olds[pair.old]] = Some(news[pair.new]));
        partners
    }
}

/// The exchanges of a trace in the order of their requests: the places of an [`Alignment`] are in this list.
pub fn in_order(trace: &Trace) -> Vec<usize> {
    let mut order: Vec<usize> = (0..trace.exchanges.len()).collect();
    order.sort_by_key(|&index| trace.exchanges[index].started);
    order
}

/// An exchange of the old trace and the same one of the new trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aligned {
    /// Its place in the old trace.
    pub old: usize,
    /// Its place in the new trace.
    pub new: usize,
    /// Whether it comes before or after others than it did, although none of them ran beside it.
    pub is_moved: bool,
}

/// Exchanges that repeat their neighbours in one trace and not in the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Repeat {
    /// Whether they are in the new trace.
    pub is_new: bool,
    /// Their places in that trace.
    pub places: Range<usize>,
    /// After how many exchanges the same comes again; one, if one call is repeated.
    pub period: usize,
    /// Of the exchange that the first of them repeats, the places in the old and in the new trace.
    pub of: (usize, usize),
}

/// Finds out which exchanges belong together.
pub(super) fn align(old: &Recording<'_>, new: &Recording<'_>, map: &Map) -> Alignment {
    let who = Who::of(old, new);
    let mut keys = HashMap::new();
    let old_nodes = Node::all(old, &mut keys, |scanned| who.of_old(scanned), |id| map.new_of(id));
    // A value that has no old one can be that of any old one that has no new one.
    let new_nodes =
        Node::all(new, &mut keys, |scanned| who.of_new(scanned), |id| map.old_of(id).is_some().then_some(id));
    let mut finder = Finder {
        old,
        new,
        old_nodes: &old_nodes,
        new_nodes: &new_nodes,
        partner_of_old: vec![None; old_nodes.len()],
        partner_of_new: vec![None; new_nodes.len()],
        is_moved: vec![false; new_nodes.len()],
    };
    for (old, new) in path::cheapest(&old_nodes, &new_nodes) {
        finder.pair(old, new);
    }
    finder.find_moved();
    let repeats = finder.repeats();
    finder.find_renamed(&repeats);
    let is_repeat = |is_new: bool, at: &usize| {
        repeats.iter().any(|repeat| repeat.is_new == is_new && repeat.places.contains(at))
    };
    let left_over = |partners: &[Option<usize>], is_new: bool| -> Vec<usize> {
        (0..partners.len()).filter(|&at| partners[at].is_none()).filter(|at| !is_repeat(is_new, at)).collect()
    };
    let pair = |(new, partner): (usize, &Option<usize>)| {
        partner.map(|old| Aligned { old, new, is_moved: finder.is_moved[new] })
    };
    let (removed, added) =
        (left_over(&finder.partner_of_old, false), left_over(&finder.partner_of_new, true));
    Alignment {
        handed_over: finder.handed_over(&removed, &added),
        removed,
        added,
        pairs: finder.partner_of_new.iter().enumerate().filter_map(pair).collect(),
        repeats,
    }
}

/// An exchange, as far as it matters for who belongs to whom.
struct Node {
    /// Who, method and path template.
    key: u32,
    who: (u32, u32),
    shapes: [u64; Part::COUNT],
    /// The ids of each part, as the new trace calls them; those that it may call anything are alike.
    ids: [u64; Part::COUNT],
}

type Key = (u32, u32, String, String);

impl Node {
    fn all<'r>(
        recording: &'r Recording<'_>,
        keys: &mut HashMap<Key, u32>,
        who: impl Fn(&Scanned<'_>) -> (u32, u32),
        translated: impl Fn(&'r str) -> Option<&'r str>,
    ) -> Vec<Node> {
        let node = |scanned: &'r Scanned<'_>| {
            let (from, to) = who(scanned);
            let key = (from, to, scanned.exchange.request.method.to_string(), scanned.template.clone());
            let next = keys.len() as u32;
            let ids = |part: &'r Part<'_>| {
                let ids = part.pieces.iter().filter(|(is, _)| matches!(is, Minted::Id(_)));
                hash(&ids.map(|(_, value)| translated(value)).collect::<Vec<_>>())
            };
            Node {
                key: *keys.entry(key).or_insert(next),
                who: (from, to),
                shapes: scanned.parts.each_ref().map(|part| part.shape),
                ids: scanned.parts.each_ref().map(ids),
            }
        };
        recording.exchanges.iter().map(node).collect()
    }

    /// What it costs to take two exchanges of one key for the same: nothing if they say the same.
    fn cost(&self, other: &Node) -> u32 {
        // By part: for what it says, and for whom it says it of.
        const WEIGHTS: [(u32, u32); Part::COUNT] = [(30, 25), (6, 1), (20, 10), (15, 0), (4, 1), (15, 5)];
        let mut cost = 0;
        for (part, (of_shape, of_ids)) in WEIGHTS.iter().enumerate() {
            if self.shapes[part] != other.shapes[part] {
                cost += of_shape;
            } else if self.ids[part] != other.ids[part] {
                cost += of_ids;
            }
        }
        cost
    }

    fn is_same_request(&self, other: &Node) -> bool {
        let same = |part| self.shapes[part] == other.shapes[part] && self.ids[part] == other.ids[part];
        self.key == other.key && same(Part::LINE) && same(Part::REQUEST_BODY)
    }
}

pub(super) fn hash(value: &impl std::hash::Hash) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

struct Finder<'f, 'a> {
    old: &'f Recording<'a>,
    new: &'f Recording<'a>,
    old_nodes: &'f [Node],
    new_nodes: &'f [Node],
    partner_of_old: Vec<Option<usize>>,
    partner_of_new: Vec<Option<usize>>,
    is_moved: Vec<bool>,
}

impl Finder<'_, '_> {
    fn pair(&mut self, old: usize, new: usize) {
        self.partner_of_old[old] = Some(new);
        self.partner_of_new[new] = Some(old);
    }

    fn left_over(partners: &[Option<usize>]) -> Vec<usize> {
        (0..partners.len()).filter(|&at| partners[at].is_none()).collect()
    }

    /// Pairs what is left over on both sides and asks for the same.
    fn find_moved(&mut self) {
        let mut by_key: HashMap<u32, Vec<usize>> = HashMap::new();
        for new in Self::left_over(&self.partner_of_new) {
            by_key.entry(self.new_nodes[new].key).or_default().push(new);
        }
        for old in Self::left_over(&self.partner_of_old) {
            // Beyond that it would ask for something else.
            const MOST: u32 = 60;
            let node = &self.old_nodes[old];
            let Some(candidates) = by_key.get_mut(&node.key) else { continue };
            let costs = candidates.iter().enumerate().map(|(at, &new)| (node.cost(&self.new_nodes[new]), at));
            let Some((_, at)) = costs.min().filter(|&(cost, _)| cost < MOST) else { continue };
            let new = candidates.remove(at);
            self.is_moved[new] = self.has_moved(old, new);
            self.pair(old, new);
        }
    }

    /// What asks for the same and has another sender, in order.
    fn handed_over(&self, removed: &[usize], added: &[usize]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut left = added.to_vec();
        for &old in removed {
            let (was, of_old) = (&self.old_nodes[old], &self.old.exchanges[old]);
            let is_same = |&new: &usize| {
                let (is, of_new) = (&self.new_nodes[new], &self.new.exchanges[new]);
                was.who.0 != is.who.0
                    && was.who.1 == is.who.1
                    && of_old.exchange.request.method == of_new.exchange.request.method
                    && of_old.template == of_new.template
                    && was.shapes[Part::LINE] == is.shapes[Part::LINE]
            };
            if let Some(at) = left.iter().position(is_same) {
                found.push((old, left.remove(at)));
            }
        }
        found
    }

    /// Whether an exchange that keeps its place ended before this one began in one trace, and began after it
    /// ended in the other. What runs side by side has no order.
    fn has_moved(&self, old: usize, new: usize) -> bool {
        let span = |recording: &Recording<'_>, at: usize| {
            let exchange = recording.exchanges[at].exchange;
            (exchange.started, exchange.ended.unwrap_or(exchange.started))
        };
        let is_before = |recording: &Recording<'_>, a: usize, b: usize| {
            let ((_, ended), (started, _)) = (span(recording, a), span(recording, b));
            a < b && ended <= started
        };
        self.partner_of_new.iter().enumerate().any(|(other_new, other_old)| {
            other_old.is_some_and(|other_old| {
                (is_before(self.old, old, other_old) && is_before(self.new, other_new, new))
                    || (is_before(self.old, other_old, old) && is_before(self.new, new, other_new))
            })
        })
    }

    /// Runs of what is left over that say what stands beside them, once more.
    fn repeats(&self) -> Vec<Repeat> {
        let mut repeats = Vec::new();
        for is_new in [false, true] {
            let (nodes, partners) = if is_new {
                (self.new_nodes, &self.partner_of_new)
            } else {
                (self.old_nodes, &self.partner_of_old)
            };
            let mut start = 0;
            while start < nodes.len() {
                if partners[start].is_some() {
                    start += 1;
                    continue;
                }
                let end = (start..nodes.len()).find(|&at| partners[at].is_some()).unwrap_or(nodes.len());
                let found = repeating_part(nodes, partners, start..end);
                if let Some((places, (period, of))) = found
                    && let Some(partner) = partners[of]
                {
                    let of = if is_new { (partner, of) } else { (of, partner) };
                    repeats.push(Repeat { is_new, places, period, of });
                }
                start = end;
            }
        }
        repeats
    }

    /// Pairs what is left over between the same neighbours, if it is almost the same call.
    fn find_renamed(&mut self, repeats: &[Repeat]) {
        let is_free = |is_new: bool, at: usize| {
            !repeats.iter().any(|repeat| repeat.is_new == is_new && repeat.places.contains(&at))
        };
        let mut found = Vec::new();
        let mut old = 0;
        let mut news: Vec<usize> = Vec::new();
        for new in 0..=self.new_nodes.len() {
            let partner = self.partner_of_new.get(new).copied().flatten();
            match partner {
                None if new < self.new_nodes.len() => {
                    news.extend(is_free(true, new).then_some(new));
                    continue;
                }
                // What moved is no neighbour.
                Some(partner) if partner < old => continue,
                _ => {}
            }
            let end = partner.unwrap_or(self.old_nodes.len());
            let olds: Vec<usize> =
                (old..end).filter(|&at| self.partner_of_old[at].is_none() && is_free(false, at)).collect();
            let mut from = 0;
            for old in olds {
                let is_like = |&&at: &&usize| {
                    self.old_nodes[old].who == self.new_nodes[at].who
                        && is_renamed(&self.old.exchanges[old], &self.new.exchanges[at])
                };
                if let Some(at) = news[from..].iter().take(NEAR).position(|at| is_like(&at)) {
                    found.push((old, news[from + at]));
                    from += at + 1;
                }
            }
            news.clear();
            old = end + 1;
        }
        for (old, new) in found {
            self.pair(old, new);
        }
    }
}

/// Among how many that are left over in one place an exchange is looked for by another name.
const NEAR: usize = 16;

/// How many exchanges may come again as one.
const LONGEST_PERIOD: usize = 16;

/// The part of a run of exchanges that repeats its neighbours: all of it, else its end, else its beginning.
fn repeating_part(
    nodes: &[Node],
    partners: &[Option<usize>],
    run: Range<usize>,
) -> Option<(Range<usize>, (usize, usize))> {
    let ends = run.clone().map(|start| start..run.end);
    let beginnings = (run.start + 1..run.end).rev().map(|end| run.start..end);
    ends.chain(beginnings).find_map(|part| {
        let found = (1..=part.len().min(LONGEST_PERIOD))
            .find_map(|period| repeated(nodes, partners, part.clone(), period))?;
        Some((part, found))
    })
}

/// The period, and the place that the first of `run` repeats, if each of it asks for the same as the one
/// so many places before it, or behind it.
fn repeated(
    nodes: &[Node],
    partners: &[Option<usize>],
    run: Range<usize>,
    period: usize,
) -> Option<(usize, usize)> {
    let is_before = run.start >= period
        && partners[run.start - period..run.start].iter().all(Option::is_some)
        && run.clone().all(|at| nodes[at].is_same_request(&nodes[at - period]));
    if is_before {
        return Some((period, run.start - period));
    }
    let is_behind = run.end + period <= nodes.len()
        && partners[run.end..run.end + period].iter().all(Option::is_some)
        && run.clone().all(|at| nodes[at].is_same_request(&nodes[at + period]));
    is_behind.then(|| (period, run.end + (period - run.len() % period) % period))
}

/// Whether two exchanges in one place are the same call with another method, or another path.
fn is_renamed(old: &Scanned<'_>, new: &Scanned<'_>) -> bool {
    let same_path = old.template == new.template;
    if old.exchange.request.method != new.exchange.request.method {
        return same_path;
    }
    let (olds, news): (Vec<&str>, Vec<&str>) =
        (old.template.split('/').skip(1).collect(), new.template.split('/').skip(1).collect());
    if same_path || olds.len() != news.len() {
        return false;
    }
    let different: Vec<(&str, &str)> =
        olds.iter().zip(&news).filter(|(a, b)| a != b).map(|(a, b)| (*a, *b)).collect();
    let is_like = |(a, b): &(&str, &str)| strsim::normalized_damerau_levenshtein(a, b) >= 0.5;
    (different.len() == 1 && olds.len() > 1) || different.iter().all(is_like)
}

#[cfg(test)]
mod tests {
    use super::super::minted::Kinds;
    use super::*;
    use crate::trace::{Exchange, Request, Response, Trace};

    /// A call a word: `GET/path`, with a status behind `=`; one that has `~` runs beside the one before it.
    fn trace(calls: &str) -> Trace {
        let mut trace = Trace::default();
        for (at, call) in calls.split_whitespace().enumerate() {
            let (call, is_beside) = call.strip_prefix('~').map_or((call, false), |call| (call, true));
            let (call, status) = call.split_once('=').unwrap_or((call, "200"));
            let (method, path) = call.split_at(call.find('/').unwrap());
            let started = at as i64 * 10 - if is_beside { 8 } else { 0 };
            let request = Request {
                method: method.into(),
                url: format!("http://h:1{path}").into(),
                ..Request::default()
            };
            let response = Response { status: status.parse().unwrap(), ..Response::default() };
            trace.exchanges.push(Exchange {
                started,
                ended: Some(at as i64 * 10 + 5),
                request,
                response: Some(response),
                ..Exchange::default()
            });
        }
        trace
    }

    fn aligned(old: &str, new: &str) -> String {
        let (old, new) = (trace(old), trace(new));
        let kinds = Kinds::built_in();
        let (old, new) = (Recording::new(&old, kinds), Recording::new(&new, kinds));
        let alignment = align(&old, &new, &Map::default());
        let mut words: Vec<String> = alignment
            .pairs
            .iter()
            .map(|pair| format!("{}-{}{}", pair.old, pair.new, if pair.is_moved { "!" } else { "" }))
            .collect();
        words.extend(alignment.removed.iter().map(|at| format!("-{at}")));
        words.extend(alignment.added.iter().map(|at| format!("+{at}")));
        for repeat in &alignment.repeats {
            let sign = if repeat.is_new { '+' } else { '-' };
            words.push(format!("{sign}{:?}x{} of {:?}", repeat.places, repeat.period, repeat.of));
        }
        words.join(" ")
    }

    #[test]
    fn what_is_left_over_is_told_by_where_it_stands() {
        assert_eq!(aligned("G/a G/b", "G/a G/b"), "0-0 1-1");
        assert_eq!(aligned("G/a G/b G/c", "G/a G/c"), "0-0 2-1 -1");
        assert_eq!(aligned("G/a G/c", "G/a G/b G/c"), "0-0 1-2 +1");
        assert_eq!(aligned("G/a G/b G/c G/d", "G/b G/c G/d G/a"), "1-0 2-1 3-2 0-3!");
        assert_eq!(aligned("G/a G/b", "G/a G/b G/b"), "0-0 1-1 +2..3x1 of (1, 1)");
        assert_eq!(aligned("G/a G/b G/a G/b", "G/a G/b"), "0-0 1-1 -2..4x2 of (0, 0)");
        assert_eq!(aligned("G/a G/b/x G/c", "G/a P/b/x G/c"), "0-0 1-1 2-2");
        assert_eq!(aligned("G/a G/b/x G/c", "G/a G/b/y G/c"), "0-0 1-1 2-2");
        assert_eq!(aligned("G/a G/b/x", "G/a G/x/y/z"), "0-0 -1 +1");
    }

    #[test]
    fn of_repeated_calls_those_that_say_the_same_belong_together() {
        let polls = "P/s G/s/1=202 G/s/1=202 G/s/1=202 G/s/1=200 D/s";
        assert_eq!(aligned(polls, "P/s G/s/1=202 G/s/1=200 D/s"), "0-0 1-1 4-2 5-3 -2..4x1 of (1, 1)");
    }

    #[test]
    fn what_runs_side_by_side_has_no_order() {
        assert_eq!(aligned("G/a G/b ~G/c G/d", "G/a G/c ~G/b G/d"), "0-0 2-1 1-2 3-3");
        assert_eq!(aligned("G/a G/b G/c G/d", "G/a G/c ~G/b G/d"), "0-0 2-1 1-2 3-3");
    }
}
