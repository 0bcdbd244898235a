//! Messages of a line log, in order, to exchanges.
//!
//! Such a log has neither times nor parents. A response belongs to the request of its id;
//! where the log gives no id, to the most recent open request of the same call, as calls
//! nest. Messages get made-up times that carry their order. What this leaves out: reading
//! the log, and numbering the messages for a page.

use std::collections::HashMap;

use super::Read;
use super::places::Places;
use crate::error::{Error, ErrorKind};
use crate::text::Text;
use crate::trace::{Exchange, Gap, KnownFrom, Micros, Request, Response, Trace, UrlParts};

/// The made-up time between two messages of a log without times.
const TICK: Micros = 1000;

/// What tells which request a message of a log belongs to.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) from: Option<Text>,
    pub(super) to: Option<Text>,
    /// `None` where the first line of a response does not say.
    pub(super) method: Option<Text>,
    pub(super) url: Text,
    pub(super) id: Option<Text>,
}

impl Call {
    /// Whether `other` is a message of the same call, as far as its first line says.
    fn is_like(&self, other: &Call) -> bool {
        self.is_between(other) && Target::of(&self.url) == Target::of(&other.url)
    }

    /// Whether `other` is the same method between the same two, whatever the URL.
    fn is_between(&self, other: &Call) -> bool {
        let is_same_method = match (&self.method, &other.method) {
            (Some(method), Some(other)) => method == other,
            _ => true,
        };
        is_same_method && self.from == other.from && self.to == other.to
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

/// Collects the messages of one log in the order of their lines.
pub(super) struct Pairing<'a> {
    places: Places<'a>,
    read: Read,
    calls: Vec<Call>,
    /// Requests by id, the open ones among others.
    by_id: HashMap<Text, Vec<usize>>,
    /// Requests by a hash of what [`Call::is_like`] compares, the open ones among others.
    by_call: HashMap<u64, Vec<usize>>,
    clock: Micros,
}

/// How many requests of one id or call are compared with a response.
///
/// More than a few mean a log that was made to be slow to read.
const DEPTH: usize = 64;

impl<'a> Pairing<'a> {
    pub(super) fn new(places: Places<'a>) -> Pairing<'a> {
        Pairing {
            places,
            read: Read::default(),
            calls: Vec::new(),
            by_id: HashMap::new(),
            by_call: HashMap::new(),
            clock: 0,
        }
    }

    /// Takes a request.
    pub(super) fn request(&mut self, call: Call, request: Request) {
        self.clock += TICK;
        let index = self.read.trace.exchanges.len();
        if let Some(id) = &call.id {
            self.by_id.entry(id.clone()).or_default().push(index);
        }
        self.by_call.entry(call_hash(&call)).or_default().push(index);
        self.read.trace.exchanges.push(Exchange {
            from: call.from.clone(),
            to: call.to.clone(),
            started: self.clock,
            ended: None,
            synthetic: true,
            known_from: KnownFrom::Wire,
            request,
            response: None,
        });
        self.calls.push(call);
    }

    /// Takes a response whose own entry names `call`. `start..end` are the bytes that name it.
    pub(super) fn response(&mut self, call: Call, mut response: Response, start: usize, end: usize) {
        let Some(index) = self.open_request(&call) else {
            let message = match &call.id {
                Some(id) => format!("no request is open for the response with the id {id}"),
                None => format!("no request is open for the response from {}", call.url),
            };
            let hint = "the response is left out; its request is missing from the log or damaged in it";
            self.damage(message, start, end, hint);
            return;
        };
        self.clock += TICK;
        let exchange = &mut self.read.trace.exchanges[index];
        if exchange.request.url != call.url {
            response.url = Some(call.url);
        }
        exchange.ended = Some(self.clock);
        exchange.response = Some(response);
    }

    /// Notes that the log is damaged at `start..end`.
    pub(super) fn damage(&mut self, message: impl Into<String>, start: usize, end: usize, hint: &str) {
        let place = self.places.span(start, end);
        let error = Error::new(ErrorKind::DamagedEntry, message);
        self.read.trace.gaps.push(Gap {
            at: self.clock + TICK / 2,
            line: place.line,
            column: place.column,
            reason: error.message().to_owned(),
        });
        self.read.diagnostics.push(error.at(place).hint(hint));
    }

    /// What was collected.
    pub(super) fn finish(self) -> (Trace, Vec<Error>) {
        (self.read.trace, self.read.diagnostics)
    }

    /// The most recent open request that a response with this first line answers.
    fn open_request(&mut self, call: &Call) -> Option<usize> {
        let calls = &self.calls;
        let exchanges = &self.read.trace.exchanges;
        let is_open = |index: usize| exchanges[index].response.is_none();
        if let Some(id) = &call.id
            && let Some(stack) = self.by_id.get_mut(id)
        {
            let found = most_recent(stack, is_open, |index| calls[index].is_like(call))
                .or_else(|| most_recent(stack, is_open, |index| calls[index].is_between(call)));
            if found.is_some() {
                return found;
            }
        }
        let stack = self.by_call.get_mut(&call_hash(call))?;
        most_recent(stack, is_open, |index| {
            // A response with an id answers no request with another one.
            (call.id.is_none() || calls[index].id.is_none()) && calls[index].is_like(call)
        })
    }
}

/// The topmost element of `stack` that is open and fits. Closed ones on top are taken off.
fn most_recent(
    stack: &mut Vec<usize>,
    is_open: impl Fn(usize) -> bool,
    fits: impl Fn(usize) -> bool,
) -> Option<usize> {
    while stack.pop_if(|&mut index| !is_open(index)).is_some() {}
    stack.iter().rev().take(DEPTH).copied().find(|&index| is_open(index) && fits(index))
}

fn call_hash(call: &Call) -> u64 {
    let target = Target::of(&call.url);
    let mut hash = xxhash_rust::xxh3::xxh3_64(target.path.as_bytes());
    for part in [
        target.authority,
        target.query.unwrap_or(""),
        call.method.as_deref().unwrap_or(""),
        call.from.as_deref().unwrap_or(""),
        call.to.as_deref().unwrap_or(""),
    ] {
        hash = xxhash_rust::xxh3::xxh3_64_with_seed(part.as_bytes(), hash);
    }
    hash
}
