//! An exchange made ready to be compared: what its parts say, with minted values set aside.
//!
//! A part whose shape is that of another one says the same, and its minted values stand for each other in
//! order; so most of two traces is compared without a look at what it is. What this leaves out: what is
//! different where shapes are.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use twox_hash::XxHash3_128;

use super::align::in_order;
use super::minted::{Hosts, Kinds, Minted, Name, Piece, PlaceRule, Site};
use super::moment::{self, SECOND};
use super::tree::Tree;
use crate::sequence::Sequence;
use crate::trace::{Body, Exchange, Headers, KnownFrom, Micros, Trace, UrlParts};

/// A trace made ready to be compared.
pub(super) struct Recording<'a> {
    /// The exchanges in the order of their requests.
    pub(super) exchanges: Vec<Scanned<'a>>,
    pub(super) sequence: Sequence,
    pub(super) hosts: Hosts,
    /// When the last answer came.
    pub(super) clock: Option<Micros>,
    /// Where each minted value was first seen: whether in an answer.
    pub(super) is_given: HashMap<Cow<'a, str>, bool>,
}

/// An exchange with its parts.
pub(super) struct Scanned<'a> {
    pub(super) exchange: &'a Exchange,
    /// Its index in the trace.
    pub(super) index: usize,
    pub(super) url: UrlParts<'a>,
    /// The path with `{id}` for ids, as far as a shape tells them.
    pub(super) template: String,
    pub(super) clock: Option<Micros>,
    pub(super) request_body: Content<'a>,
    pub(super) response_body: Content<'a>,
    pub(super) parts: [Part<'a>; Part::COUNT],
}

/// A body, as it is compared.
pub(super) enum Content<'a> {
    Json(Tree<'a>),
    Text(&'a str),
    /// None, bytes, or one that nobody kept.
    Other(&'a Body),
}

impl Content<'_> {
    pub(super) fn is_json(&self) -> bool {
        matches!(self, Content::Json(_))
    }
}

/// One of the things that an exchange says.
#[derive(Default)]
pub(super) struct Part<'a> {
    /// What it says, whatever the minted values in it.
    pub(super) shape: u64,
    /// The minted values, in order.
    pub(super) pieces: Vec<(Minted, Cow<'a, str>)>,
}

impl Part<'_> {
    pub(super) const LINE: usize = 0;
    pub(super) const REQUEST_HEADERS: usize = 1;
    pub(super) const REQUEST_BODY: usize = 2;
    pub(super) const STATUS: usize = 3;
    pub(super) const RESPONSE_HEADERS: usize = 4;
    pub(super) const RESPONSE_BODY: usize = 5;
    pub(super) const COUNT: usize = 6;
}

impl<'a> Recording<'a> {
    pub(super) fn new(trace: &'a Trace, kinds: &Kinds) -> Recording<'a> {
        let hosts = Hosts::of(trace);
        let sequence = Sequence::new(trace, |_| true);
        let order = in_order(trace);
        let clocks: Vec<Option<Micros>> = order.iter().map(|&index| clock(&trace.exchanges[index])).collect();
        // One without a time of its own happened near the others.
        let any = clocks.iter().copied().flatten().next_back();
        let exchanges: Vec<Scanned<'_>> = order
            .iter()
            .zip(clocks)
            .map(|(&index, clock)| {
                let scanner = Scanner { kinds, hosts: &hosts, clock: clock.or(any) };
                Scanned::new(&trace.exchanges[index], index, &scanner)
            })
            .collect();
        let mut is_given = HashMap::new();
        for scanned in &exchanges {
            for (at, part) in scanned.parts.iter().enumerate() {
                for (is, value) in &part.pieces {
                    if matches!(is, Minted::Id(_)) {
                        is_given.entry(value.clone()).or_insert(at >= Part::STATUS);
                    }
                }
            }
        }
        Recording { exchanges, sequence, clock: any, hosts, is_given }
    }
}

/// When the server says that it answered, or when it was done with that; else when the exchange was recorded.
fn clock(exchange: &Exchange) -> Option<Micros> {
    let date = exchange.response.as_ref().and_then(|response| response.headers.get("date"));
    let ended = exchange.ended.unwrap_or(exchange.started);
    let recorded = (!exchange.synthetic).then_some(ended);
    // A slow server may have said the date long before it made the last of what it sent. In whole seconds, as
    // the date is: less would move times that are a second's.
    let took = recorded.map_or(0, |ended| ended.saturating_sub(exchange.started).max(0) / SECOND * SECOND);
    date.and_then(moment::of_header).map(|date| date.saturating_add(took)).or(recorded)
}

impl<'a> Scanned<'a> {
    fn new(exchange: &'a Exchange, index: usize, scanner: &Scanner<'_>) -> Scanned<'a> {
        let request = &exchange.request;
        let url = UrlParts::of(&request.url);
        let mut parts: [Part<'a>; Part::COUNT] = Default::default();
        let mut sink = scanner.sink();
        sink.text(Cow::Borrowed(url.path), Name::None, false);
        if let Some(query) = url.query {
            '?'.hash(&mut sink.hasher);
            sink.text(Cow::Borrowed(query), Name::None, false);
        }
        parts[Part::LINE] = sink.part();
        let mut message = |headers: &'a Headers, body: &'a Body, trailers: &'a Headers, at: usize| {
            let content = content(body);
            let mut sink = scanner.sink();
            sink.headers(headers, content.is_json());
            sink.headers(trailers, false);
            parts[at] = sink.part();
            let mut sink = scanner.sink();
            sink.body(&content);
            parts[at + 1] = sink.part();
            content
        };
        let request_body = message(&request.headers, &request.body, &request.trailers, Part::REQUEST_HEADERS);
        let response_body = match &exchange.response {
            Some(response) => {
                message(&response.headers, &response.body, &response.trailers, Part::RESPONSE_HEADERS)
            }
            None => Content::Other(&Body::Absent),
        };
        let mut sink = scanner.sink();
        match &exchange.response {
            Some(response) => {
                let before: Vec<u16> = response.informational.iter().map(|answer| answer.status).collect();
                (response.status, &*response.reason, before).hash(&mut sink.hasher);
            }
            None => (exchange.known_from == KnownFrom::Diagram).hash(&mut sink.hasher),
        }
        parts[Part::STATUS] = sink.part();
        Scanned {
            template: template(url.path, &parts[Part::LINE]),
            exchange,
            index,
            url,
            clock: scanner.clock,
            request_body,
            response_body,
            parts,
        }
    }

    /// Method and path, and the receiver where the source names one.
    pub(super) fn name(&self) -> String {
        let exchange = self.exchange;
        let named = exchange.to.as_deref().filter(|to| *to != self.url.host_and_port());
        let receiver = named.map(|name| format!("{name} ")).unwrap_or_default();
        format!("{receiver}{} {}", exchange.request.method, self.template)
    }
}

fn content(body: &Body) -> Content<'_> {
    match body {
        Body::Text(text) => Tree::parse(text).map_or(Content::Text(text), Content::Json),
        other => Content::Other(other),
    }
}

/// `path` with `{id}` for its ids.
fn template(path: &str, line: &Part<'_>) -> String {
    let mut template = String::with_capacity(path.len());
    let mut rest = path;
    for (is, value) in &line.pieces {
        if let (Minted::Id(_), Some(at)) = (is, rest.find(&**value)) {
            template.push_str(&rest[..at]);
            template.push_str("{id}");
            rest = &rest[at + value.len()..];
        }
    }
    template + rest
}

/// What tells minted values in the texts of one exchange.
#[derive(Clone, Copy)]
pub(super) struct Scanner<'s> {
    pub(super) kinds: &'s Kinds,
    pub(super) hosts: &'s Hosts,
    pub(super) clock: Option<Micros>,
}

impl<'s> Scanner<'s> {
    pub(super) fn site<'n>(&self, name: Name<'n>, is_kept: bool) -> Site<'n>
    where
        's: 'n,
    {
        Site { name, is_kept, hosts: self.hosts, clock: self.clock }
    }

    /// The shape of a value below this name.
    pub(super) fn shape_of(&self, tree: &Tree<'_>, name: &str) -> u64 {
        let mut sink = self.sink();
        sink.tree(tree, name, &mut Vec::new());
        sink.part().shape
    }

    /// A text with the kinds of its minted values in their place.
    pub(super) fn set_aside(&self, text: &str, name: Name<'_>) -> String {
        let mut pieces = Vec::new();
        self.kinds.pieces(text, self.site(name, false), &mut pieces);
        let mut said = String::with_capacity(text.len());
        let mut copied = 0;
        for Piece { range, .. } in pieces {
            said.push_str(&text[copied..range.start]);
            said.push_str("{id}");
            copied = range.end;
        }
        said + &text[copied..]
    }

    /// A value with the kinds of its minted values in their place.
    pub(super) fn set_aside_in(&self, tree: &Tree<'_>, name: &str) -> Tree<'static> {
        match tree {
            Tree::Null => Tree::Null,
            Tree::Bool(bool) => Tree::Bool(*bool),
            Tree::Number(number) => match self.set_aside(number, Name::Key(name)) {
                same if same == *number => Tree::String(format!("{{number}}{same}").into()),
                other => Tree::String(other.into()),
            },
            Tree::String(text) => Tree::String(self.set_aside(text, Name::Key(name)).into()),
            Tree::List(members) => {
                Tree::List(members.iter().map(|member| self.set_aside_in(member, name)).collect())
            }
            Tree::Object(members) => {
                let member = |(key, member): &(Cow<'_, str>, Tree<'_>)| {
                    (self.set_aside(key, Name::None).into(), self.set_aside_in(member, key))
                };
                Tree::Object(members.iter().map(member).collect())
            }
        }
    }

    /// The shape of a text.
    pub(super) fn shape_of_text(&self, text: &str, name: Name<'_>) -> u64 {
        let mut sink = self.sink();
        sink.text(Cow::Borrowed(text), name, false);
        sink.part().shape
    }

    fn sink<'a>(&self) -> Sink<'a, 's> {
        Sink { scanner: *self, hasher: Said::default(), pieces: Vec::new(), found: Vec::new() }
    }
}

/// What a part says, in many small pieces, which are hashed as one.
#[derive(Default)]
struct Said(Vec<u8>);

impl Hasher for Said {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        let digest = XxHash3_128::oneshot(&self.0);
        (digest >> 64) as u64 ^ digest as u64
    }
}

/// Takes what a part says, in order.
struct Sink<'a, 's> {
    scanner: Scanner<'s>,
    hasher: Said,
    pieces: Vec<(Minted, Cow<'a, str>)>,
    found: Vec<Piece>,
}

impl<'a> Sink<'a, '_> {
    fn part(self) -> Part<'a> {
        Part { shape: self.hasher.finish(), pieces: self.pieces }
    }

    fn text(&mut self, text: Cow<'a, str>, name: Name<'_>, is_kept: bool) {
        self.scanner.kinds.pieces(&text, self.scanner.site(name, is_kept), &mut self.found);
        let mut copied = 0;
        for Piece { range, is } in self.found.drain(..) {
            text[copied..range.start].hash(&mut self.hasher);
            match is {
                Minted::Id(kind) => (1u8, u64::from(kind)).hash(&mut self.hasher),
                Minted::Time(moment) => (2u8, moment.format).hash(&mut self.hasher),
                Minted::Unread => 3u8.hash(&mut self.hasher),
            }
            copied = range.end;
            let value = match &text {
                Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
                Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
            };
            self.pieces.push((is, value));
        }
        text[copied..].hash(&mut self.hasher);
    }

    fn headers(&mut self, headers: &'a Headers, is_json: bool) {
        for (name, value) in headers.iter() {
            name.hash(&mut self.hasher);
            // It follows from the body.
            if !(is_json && name.eq_ignore_ascii_case("content-length")) {
                self.text(Cow::Borrowed(value), Name::Header(name), false);
            }
        }
    }

    fn body(&mut self, content: &Content<'a>) {
        match content {
            Content::Json(tree) => self.tree(tree, "", &mut Vec::new()),
            Content::Text(text) => self.text(Cow::Borrowed(text), Name::None, false),
            Content::Other(Body::Binary(binary)) => {
                (&binary.head, binary.length, binary.sha256.as_deref()).hash(&mut self.hasher);
            }
            Content::Other(Body::Omitted(_)) => 1u8.hash(&mut self.hasher),
            Content::Other(_) => 0u8.hash(&mut self.hasher),
        }
    }

    /// `path` is kept where settings name places of bodies.
    fn tree(&mut self, tree: &Tree<'a>, name: &str, path: &mut Vec<String>) {
        let kinds = self.scanner.kinds;
        let said = if kinds.has_pointers() { kinds.of_pointer(path) } else { PlaceRule::Nothing };
        if said == PlaceRule::Unread {
            return 9u8.hash(&mut self.hasher);
        }
        let is_kept = said == PlaceRule::Kept;
        match tree {
            Tree::Null => 10u8.hash(&mut self.hasher),
            Tree::Bool(bool) => (11u8, bool).hash(&mut self.hasher),
            Tree::Number(number) => {
                12u8.hash(&mut self.hasher);
                self.text(Cow::Borrowed(number), Name::Key(name), is_kept);
            }
            Tree::String(text) => {
                13u8.hash(&mut self.hasher);
                self.text(text.clone(), Name::Key(name), is_kept);
            }
            Tree::List(members) => {
                (14u8, members.len()).hash(&mut self.hasher);
                for (at, member) in members.iter().enumerate() {
                    self.below(kinds, path, || at.to_string(), |sink, path| sink.tree(member, name, path));
                }
            }
            Tree::Object(members) => {
                (15u8, members.len()).hash(&mut self.hasher);
                for (key, member) in members {
                    // A key may be an id, too.
                    self.text(key.clone(), Name::None, is_kept);
                    self.below(kinds, path, || key.to_string(), |sink, path| sink.tree(member, key, path));
                }
            }
        }
    }

    fn below(
        &mut self,
        kinds: &Kinds,
        path: &mut Vec<String>,
        step: impl FnOnce() -> String,
        walk: impl FnOnce(&mut Self, &mut Vec<String>),
    ) {
        if !kinds.has_pointers() {
            return walk(self, path);
        }
        path.push(step());
        walk(self, path);
        path.pop();
    }
}
