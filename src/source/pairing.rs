//! Messages of a line log, in order, to exchanges.
//!
//! Such a log has neither times nor parents. A response belongs to the request of its id;
//! where the log gives no id, to the most recent open request of the same call, as calls
//! nest. Messages get made-up times that carry their order. What this leaves out: reading
//! the log, and numbering the messages for a page.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;

use super::places::Places;
use crate::error::{Error, ErrorKind};
use crate::text::{self, Text};
use crate::trace::{Body, Exchange, Gap, Headers, KnownFrom, Micros, Request, Response, Trace, UrlParts};

/// The made-up time between two messages of a log without times.
const TICK: Micros = 1000;

/// What tells which request a message of a log belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) from: Option<&'a str>,
    pub(super) to: Option<&'a str>,
    /// `None` where the first line of a response does not say.
    pub(super) method: Option<&'a str>,
    pub(super) url: &'a str,
    pub(super) id: Option<&'a str>,
}

impl Call<'_> {
    /// Whether `exchange` is this call, as far as the first lines of its messages say.
    fn is_like(&self, exchange: &Exchange) -> bool {
        self.is_between(exchange)
            && (*self.url == *exchange.request.url
                || Target::of(self.url) == Target::of(&exchange.request.url))
    }

    /// Whether `exchange` is the same method between the same two, whatever the URL.
    fn is_between(&self, exchange: &Exchange) -> bool {
        self.method.is_none_or(|method| *method == *exchange.request.method)
            && self.from == exchange.from.as_deref()
            && self.to == exchange.to.as_deref()
    }

    /// What [`Call::is_like`] compares. `whole` is the log.
    fn key(&self, whole: &Text) -> CallKey {
        let share = |part| share(whole, part);
        CallKey::new(
            self.from.map(share),
            self.to.map(share),
            share(self.method.unwrap_or("")),
            &share(self.url),
        )
    }
}

/// A URL but for the slash at the end of its path: a server may log one that the request had not.
#[derive(PartialEq, Eq)]
struct Target<'a> {
    authority: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn of(url: &'a str) -> Target<'a> {
        let parts = UrlParts::of(url);
        Target { authority: parts.authority, path: parts.path.trim_end_matches('/'), query: parts.query }
    }
}

/// What is the same of a request and of the responses that may answer it.
#[derive(PartialEq, Eq, Hash)]
struct CallKey {
    from: Option<Text>,
    to: Option<Text>,
    method: Text,
    authority: Text,
    path: Text,
    query: Option<Text>,
}

impl CallKey {
    fn new(from: Option<Text>, to: Option<Text>, method: Text, url: &Text) -> CallKey {
        let Target { authority, path, query } = Target::of(url);
        let part = |part| text::slice(url, part);
        CallKey { from, to, method, authority: part(authority), path: part(path), query: query.map(part) }
    }

    fn of(exchange: &Exchange) -> CallKey {
        let Exchange { from, to, request, .. } = exchange;
        CallKey::new(from.clone(), to.clone(), request.method.clone(), &request.url)
    }
}

/// Collects the messages of one log in the order of their lines.
pub(super) struct Pairing<'a> {
    whole: &'a Text,
    places: Places<'a>,
    trace: Trace,
    diagnostics: Vec<Error>,
    /// The id of each exchange.
    ids: Vec<Option<&'a str>>,
    /// Requests that have had no response yet, the most recent last.
    open: Vec<usize>,
    /// Requests by their id and, for some sources number the requests of each name on their own, who
    /// sent them. It is filled when a response asks for it: nearly every one answers one of the last
    /// few open requests.
    by_id: Option<Stacks<(Option<Text>, &'a str)>>,
    /// Requests by what [`Call::is_like`] compares; filled likewise.
    by_call: Option<Stacks<CallKey>>,
    clock: Micros,
}

/// Stacks of requests, the open ones among others.
struct Stacks<K> {
    tops: HashMap<K, usize>,
    /// What lies below each request.
    below: HashMap<usize, usize>,
}

impl<K: Hash + Eq> Stacks<K> {
    fn of(requests: impl IntoIterator<Item = (K, usize)>) -> Stacks<K> {
        let mut stacks = Stacks { tops: HashMap::new(), below: HashMap::new() };
        requests.into_iter().for_each(|(key, index)| stacks.push(key, index));
        stacks
    }

    fn push(&mut self, key: K, index: usize) {
        if let Some(below) = self.tops.insert(key, index) {
            self.below.insert(index, below);
        }
    }

    /// The topmost request that is open and fits. Closed ones on top are taken off.
    fn find(
        &mut self,
        key: &K,
        is_open: impl Fn(usize) -> bool,
        fits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let top = self.tops.get_mut(key)?;
        while !is_open(*top) {
            match self.below.remove(top) {
                Some(below) => *top = below,
                None => {
                    self.tops.remove(key);
                    return None;
                }
            }
        }
        let stack = std::iter::successors(Some(*top), |index| self.below.get(index).copied());
        stack.take(DEPTH).find(|&index| is_open(index) && fits(index))
    }
}

/// How many requests of one id or call are compared with a response.
///
/// More than a few mean a log that was made to be slow to read.
const DEPTH: usize = 64;

/// How many of the last open requests are compared with a response before any hash is.
const NEAR: usize = 8;

impl<'a> Pairing<'a> {
    /// For the log `whole`, the content of `file`.
    pub(super) fn new(file: &'a Path, whole: &'a Text) -> Pairing<'a> {
        // Exchanges are large, and most take more of a log than this.
        let exchanges = Vec::with_capacity(whole.len() / 2048);
        Pairing {
            whole,
            places: Places::new(file, whole),
            trace: Trace { exchanges, ..Trace::default() },
            diagnostics: Vec::new(),
            ids: Vec::new(),
            open: Vec::new(),
            by_id: None,
            by_call: None,
            clock: 0,
        }
    }

    /// Takes the request of a call.
    pub(super) fn request(&mut self, call: Call<'a>, headers: Headers, body: Body) {
        self.clock += TICK;
        let index = self.trace.exchanges.len();
        if let (Some(by_id), Some(id)) = (&mut self.by_id, call.id) {
            by_id.push((call.from.map(|from| share(self.whole, from)), id), index);
        }
        if let Some(by_call) = &mut self.by_call {
            by_call.push(call.key(self.whole), index);
        }
        let method = share(self.whole, call.method.unwrap_or_default());
        let request =
            Request { method, url: share(self.whole, call.url), headers, body, ..Request::default() };
        self.push(call, request);
        self.open.push(index);
    }

    /// Takes a request whose response the caller finds itself: its number, for
    /// [`Pairing::answer`].
    pub(super) fn unpaired(&mut self, request: Request) -> usize {
        self.clock += TICK;
        self.push(Call { from: None, to: None, method: None, url: "", id: None }, request);
        self.trace.exchanges.len() - 1
    }

    /// Takes the response to the request of this number.
    pub(super) fn answer(&mut self, index: usize, response: Response) {
        self.clock += TICK;
        let exchange = &mut self.trace.exchanges[index];
        exchange.ended = Some(self.clock);
        exchange.response = Some(response);
    }

    /// What was collected so far.
    pub(super) fn exchanges(&self) -> &[Exchange] {
        &self.trace.exchanges
    }

    /// The exchange of this number.
    pub(super) fn exchange(&mut self, index: usize) -> &mut Exchange {
        &mut self.trace.exchanges[index]
    }

    fn push(&mut self, call: Call<'a>, request: Request) {
        let share = |part| share(self.whole, part);
        self.trace.exchanges.push(Exchange {
            from: call.from.map(share),
            to: call.to.map(share),
            started: self.clock,
            ended: None,
            synthetic: true,
            known_from: KnownFrom::Wire,
            request,
            response: None,
            ..Exchange::default()
        });
        self.ids.push(call.id);
    }

    /// Takes a response whose own entry names `call`. `start..end` are the bytes that name it.
    pub(super) fn response(&mut self, call: Call<'a>, mut response: Response, start: usize, end: usize) {
        let Some(index) = self.near_request(&call).or_else(|| self.open_request(&call)) else {
            self.orphan(call, response, start, end);
            return;
        };
        if *self.trace.exchanges[index].request.url != *call.url {
            response.url = Some(share(self.whole, call.url));
        }
        self.answer(index, response);
    }

    /// Takes a response whose request the log does not hold, or not whole.
    fn orphan(&mut self, call: Call<'a>, response: Response, start: usize, end: usize) {
        let message = match (call.id, call.from, call.to) {
            // Where a log names no receiver, it numbers the requests of each name on their own.
            (Some(id), Some(name), None) => {
                format!("no request is open for the response with the id {name} {id}")
            }
            (Some(id), ..) => format!("no request is open for the response with the id {id}"),
            (None, ..) => format!("no request is open for the response from {}", call.url),
        };
        let hint = "the response is shown alone; its request is missing from the log or damaged in it";
        let place = self.places.span(start, end);
        self.diagnostics.push(Error::new(ErrorKind::DamagedEntry, message).at(place).hint(hint));
        self.clock += TICK;
        let Call { from, to, method, url, id } = call;
        let share = |part| share(self.whole, part);
        self.trace.exchanges.push(Exchange {
            from: from.map(share),
            to: to.map(share),
            started: self.clock,
            ended: Some(self.clock),
            synthetic: true,
            known_from: KnownFrom::Response,
            request: Request {
                method: share(method.unwrap_or_default()),
                url: share(url),
                ..Request::default()
            },
            response: Some(response),
            ..Exchange::default()
        });
        self.ids.push(id);
    }

    /// Notes that the log is damaged at `start..end`.
    pub(super) fn damage(&mut self, message: impl Into<String>, start: usize, end: usize, hint: &str) {
        let place = self.places.span(start, end);
        let error = Error::new(ErrorKind::DamagedEntry, message);
        self.trace.gaps.push(Gap {
            at: self.clock + TICK / 2,
            line: place.line,
            column: place.column,
            reason: error.message().to_owned(),
        });
        self.diagnostics.push(error.at(place).hint(hint));
    }

    /// Tells what a person should know of the bytes `start..end` and need not mend.
    pub(super) fn warn(&mut self, message: impl Into<String>, start: usize, end: usize, hint: &str) {
        let place = self.places.span(start, end);
        self.diagnostics.push(Error::warning(ErrorKind::DamagedEntry, message).at(place).hint(hint));
    }

    /// What was collected.
    pub(super) fn finish(self) -> (Trace, Vec<Error>) {
        (self.trace, self.diagnostics)
    }

    /// The same as [`Pairing::open_request`] where that is one of the last open requests, and
    /// they tell so.
    fn near_request(&mut self, call: &Call<'_>) -> Option<usize> {
        let (exchanges, ids) = (&self.trace.exchanges, &self.ids);
        let near = self.open.len().saturating_sub(NEAR);
        let found = self.open[near..].iter().rposition(|&index| {
            exchanges[index].response.is_none()
                && (call.id.is_none() || ids[index] == call.id)
                && call.is_like(&exchanges[index])
        });
        found.map(|at| self.open.remove(near + at))
    }

    /// The most recent open request that a response with this first line answers.
    fn open_request(&mut self, call: &Call<'a>) -> Option<usize> {
        let exchanges = &self.trace.exchanges;
        let ids = &self.ids;
        let is_open = |index: usize| exchanges[index].response.is_none();
        if let Some(id) = call.id {
            let key = (call.from.map(|from| share(self.whole, from)), id);
            let is_same = |index: usize| ids[index] == Some(id);
            let by_id = self.by_id.get_or_insert_with(|| {
                let known = ids.iter().enumerate().filter_map(|(index, id)| Some((index, (*id)?)));
                Stacks::of(known.map(|(index, id)| ((exchanges[index].from.clone(), id), index)))
            });
            let found = by_id.find(&key, is_open, |index| is_same(index) && call.is_like(&exchanges[index]));
            let found = found.or_else(|| {
                by_id.find(&key, is_open, |index| is_same(index) && call.is_between(&exchanges[index]))
            });
            if found.is_some() {
                return found;
            }
        }
        let by_call = self.by_call.get_or_insert_with(|| {
            Stacks::of(exchanges.iter().enumerate().map(|(index, exchange)| (CallKey::of(exchange), index)))
        });
        by_call.find(&call.key(self.whole), is_open, |index| {
            // A response with an id answers no request with another one.
            (call.id.is_none() || ids[index].is_none()) && call.is_like(&exchanges[index])
        })
    }
}

/// A part of a log, or what the reader of one says in its place, as text.
fn share(whole: &Text, part: &str) -> Text {
    text::share(whole, part.into())
}
