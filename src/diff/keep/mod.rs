//! A new recording with the values of the old one, wherever nothing but those is different.
//!
//! Whoever records again wants to see what changed. So each minted value of the new recording becomes the one
//! that stands for the same thing in the old one, what has only another order gets the old order, and what
//! the comparison says is the same keeps its very bytes. What is different or new stays as it was recorded,
//! with the ids of what is known, and its times as far from the old recording as they were from the new one:
//! the result tells one story. Nothing that the comparison tells is hidden, and nothing is added. What this
//! leaves out: which value stands for which, which is the comparison's to say.

mod json;
mod order;
mod output;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::compare::headers::partners;
use super::compare::{Differ, Here, whole};
use super::map::Map;
use super::minted::{Minted, Name, Piece};
use super::moment;
use super::scan::{Content, Part, Recording, Scanned, Scanner};
use super::{Capture, Findings};
use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, Micros, Response, Trace};

/// A new recording that has the values of the old one.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// What the command did.
    pub trace: Trace,
    /// What it printed, if that is known.
    pub output: Option<String>,
    /// The minted values of the new recording that the old ones took the place of.
    pub values: BTreeSet<String>,
    /// For each exchange of the old trace, by its index there, the same one of this trace.
    pub partners: Vec<Option<usize>>,
}

/// The new recording of `capture`, with the old one's values, times and orders; `findings` are what comparing
/// the two under `map` gave.
pub fn keep(capture: &Capture<'_>, findings: &Findings, map: &Map) -> Kept {
    let old = Recording::new(capture.old.trace, capture.kinds);
    let new = Recording::new(capture.new.trace, capture.kinds);
    let mut keeper = Keeper {
        differ: Differ::new(capture.kinds, Some(map), map, &old, &new),
        map,
        hosts: Map::default(),
        times: HashMap::new(),
        values: HashSet::new(),
        scanner: Scanner { kinds: capture.kinds, hosts: &new.hosts, clock: new.clock },
        old_clock: old.clock,
    };
    let pairs: Vec<(usize, usize)> =
        findings.alignment.pairs.iter().map(|pair| (pair.old, pair.new)).collect();
    let mut exchanges = keeper.exchanges(&pairs);
    let placed = order::placed(&old, &new, &findings.alignment.pairs);
    let mut kept_of_new = vec![0; placed.len()];
    placed.iter().enumerate().for_each(|(kept, at)| kept_of_new[at.index] = kept);
    let partners = findings.alignment.partners(capture.old.trace, capture.new.trace);
    let partners = partners.into_iter().map(|new| new.map(|new| kept_of_new[new])).collect();
    let trace = Trace {
        exchanges: placed
            .into_iter()
            .map(|at| {
                let mut exchange = std::mem::take(&mut exchanges[at.index]);
                (exchange.started, exchange.ended) = (at.started, at.ended);
                (exchange.sending, exchange.receiving) = at.timings;
                exchange
            })
            .collect(),
        gaps: capture.new.trace.gaps.clone(),
        notes: keeper.notes(&capture.old.trace.notes, &capture.new.trace.notes),
    };
    let output = capture.new.output.map(|output| match capture.old.output {
        Some(old) => keeper.output(old, output),
        None => keeper.of_output().translated(output, Name::None, false).into_owned(),
    });
    Kept { trace, output, values: keeper.values.into_iter().collect(), partners }
}

/// Makes texts of the new recording those of the old one.
struct Keeper<'k, 'a> {
    differ: Differ<'k, 'a>,
    map: &'k Map,
    /// The hosts of URLs, which the comparison leaves to whoever asks who is who.
    hosts: Map,
    /// Old times by the new ones that stand in the same places.
    times: HashMap<String, String>,
    /// The new values that became old ones.
    values: HashSet<String>,
    /// What tells minted values in the new text that is at hand.
    scanner: Scanner<'k>,
    /// When what is at hand happened in the old recording.
    old_clock: Option<Micros>,
}

impl Keeper<'_, '_> {
    /// All exchanges of the new trace, by their index there.
    fn exchanges(&mut self, pairs: &[(usize, usize)]) -> Vec<Exchange> {
        let (old, new) = (self.differ.old, self.differ.new);
        // All that stands for something is known before the first text is written.
        let mut same = Vec::with_capacity(pairs.len());
        for &(a, b) in pairs {
            let (a, b) = (&old.exchanges[a], &new.exchanges[b]);
            let (host, other) = (a.url.host_and_port(), b.url.host_and_port());
            if !host.is_empty() && !other.is_empty() && self.map.old_of(other).is_none() {
                self.hosts.add(&host.into(), &other.into());
            }
            let parts: [bool; Part::COUNT] = std::array::from_fn(|at| {
                let (a, b) = (&a.parts[at], &b.parts[at]);
                let is_same = self.differ.is_same(a, b);
                for ((is, old), (_, new)) in a.pieces.iter().zip(&b.pieces).filter(|_| is_same) {
                    self.note(*is, old, new);
                }
                is_same
            });
            same.push(parts);
        }
        let mut exchanges: Vec<Exchange> = vec![Exchange::default(); new.exchanges.len()];
        let mut partner = vec![None; new.exchanges.len()];
        for (&(a, b), same) in pairs.iter().zip(&same) {
            partner[b] = Some(a);
            self.differ.here = Here { exchanges: Some((a, b)), ..Here::default() };
            self.scanner = self.differ.scanner(true);
            self.old_clock = old.exchanges[a].clock;
            exchanges[new.exchanges[b].index] = self.exchange(&old.exchanges[a], &new.exchanges[b], same);
        }
        // What is new happened as long after its neighbour as it did.
        let mut near = pairs.first().map(|&(a, b)| (old.exchanges[a].clock, new.exchanges[b].clock));
        for (at, scanned) in new.exchanges.iter().enumerate() {
            if let Some(partner) = partner[at] {
                near = Some((old.exchanges[partner].clock, scanned.clock));
                continue;
            }
            self.scanner = Scanner { clock: scanned.clock, ..self.scanner };
            let ((old, new), clock) = (near.unwrap_or_default(), scanned.clock);
            self.old_clock = old.zip(new).zip(clock).map(|((old, new), clock)| old + (clock - new));
            exchanges[scanned.index] = self.new_exchange(scanned);
        }
        exchanges
    }

    /// Notes that an old value stands where a new one stood.
    fn note(&mut self, is: Minted, old: &str, new: &str) {
        if old == new || is == Minted::Unread {
            return;
        }
        if !self.values.contains(new) {
            self.values.insert(new.to_owned());
        }
        if matches!(is, Minted::Time(_)) && !self.times.contains_key(new) {
            self.times.insert(new.to_owned(), old.to_owned());
        }
    }

    /// Whether two texts say the same of the same, so that the old one stays.
    fn is_kept(&mut self, name: Name<'_>, is_kept: bool, old: &str, new: &str) -> bool {
        let is_same = !self.differ.texts_differ(name, is_kept, old, new);
        if is_same && old != new {
            let (a, b) = std::mem::take(&mut self.differ.found);
            for (old_piece, new_piece) in a.iter().zip(&b) {
                self.note(old_piece.is, &old[old_piece.range.clone()], &new[new_piece.range.clone()]);
            }
            self.differ.found = (a, b);
        }
        is_same
    }

    /// The old text, or what the new one says of what is known.
    fn text<'t>(&mut self, name: Name<'_>, is_kept: bool, old: &'t str, new: &'t str) -> Cow<'t, str> {
        if self.is_kept(name, is_kept, old, new) {
            Cow::Borrowed(old)
        } else {
            self.translated(new, name, is_kept)
        }
    }

    /// A text that is new, with the old values of what is known.
    fn translated<'t>(&mut self, text: &'t str, name: Name<'_>, is_kept: bool) -> Cow<'t, str> {
        let mut pieces = Vec::new();
        self.scanner.kinds.pieces(text, self.scanner.site(name, is_kept), &mut pieces);
        let mut said = String::new();
        let mut copied = 0;
        for Piece { range, is } in pieces {
            let value = &text[range.clone()];
            if let Some(old) = self.old_of(is, value).filter(|old| old != value) {
                said.push_str(&text[copied..range.start]);
                said.push_str(&old);
                copied = range.end;
                if !self.values.contains(value) {
                    self.values.insert(value.to_owned());
                }
            }
        }
        if copied == 0 { Cow::Borrowed(text) } else { Cow::Owned(said + &text[copied..]) }
    }

    /// What stands for a minted value in the old recording, if that is known.
    fn old_of(&self, is: Minted, new: &str) -> Option<String> {
        match is {
            Minted::Unread => None,
            Minted::Time(_) => {
                let moved = || moment::moved(new, self.scanner.clock?, self.old_clock?);
                self.times.get(new).cloned().or_else(moved)
            }
            Minted::Id(_) => {
                if let Some(old) = self.map.old_of(new).or_else(|| self.hosts.old_of(new)) {
                    return Some(old.to_owned());
                }
                // Something else was called so: it is told apart by a name that nothing has any longer.
                let mut free = self.map.new_of(new)?;
                while let Some(next) = self.map.new_of(free) {
                    free = next;
                }
                Some(free.to_owned())
            }
        }
    }

    /// What the recorder said.
    fn notes(&mut self, olds: &[Text], news: &[Text]) -> Vec<Text> {
        let keeper = self.of_output();
        let note = |(at, new): (usize, &Text)| match olds.get(at) {
            Some(old) => keeper.text(Name::None, false, old, new).into_owned().into(),
            None => keeper.translated(new, Name::None, false).into_owned().into(),
        };
        news.iter().enumerate().map(note).collect()
    }

    /// The keeper of what belongs to no exchange.
    fn of_output(&mut self) -> &mut Self {
        self.differ.here = Here::default();
        self.scanner = self.differ.scanner(true);
        self.old_clock = self.differ.old.clock;
        self
    }

    /// An exchange that both recordings have.
    fn exchange(&mut self, a: &Scanned<'_>, b: &Scanned<'_>, same: &[bool; Part::COUNT]) -> Exchange {
        let mut kept = b.exchange.clone();
        let (old, new) = (a.exchange, b.exchange);
        kept.request.url = if same[Part::LINE] { old.request.url.clone() } else { self.url(a, b).into() };
        // A receiver without a name is called by its host.
        let named = |one: &Scanned<'_>, name: &Option<Text>| {
            name.as_deref().is_some_and(|name| name != one.url.host_and_port())
        };
        if !named(a, &old.to) && !named(b, &new.to) && old.to.is_some() == new.to.is_some() {
            kept.to.clone_from(&old.to);
        }
        kept.failure = match (&old.failure, &new.failure) {
            (Some(old), Some(new)) => Some(self.text(Name::None, false, old, new).into_owned().into()),
            (_, new) => new.clone(),
        };
        let request = &new.request;
        kept.request.body = self.body(
            &a.request_body,
            &b.request_body,
            (&old.request.body, &request.body),
            same[Part::REQUEST_BODY],
        );
        let is_body_same = kept.request.body == old.request.body;
        if same[Part::REQUEST_HEADERS] && is_body_same {
            kept.request.headers = old.request.headers.clone();
            kept.request.trailers = old.request.trailers.clone();
        } else {
            let follows = (b.request_body.is_json()).then_some(is_body_same);
            kept.request.headers = self.headers(&old.request.headers, &request.headers, follows);
            kept.request.trailers = self.headers(&old.request.trailers, &request.trailers, None);
        }
        let (Some(old), Some(new)) = (&old.response, &new.response) else {
            kept.response = new.response.as_ref().map(|_| self.new_response(b));
            return kept;
        };
        let mut response = new.clone();
        response.body =
            self.body(&a.response_body, &b.response_body, (&old.body, &new.body), same[Part::RESPONSE_BODY]);
        let is_body_same = response.body == old.body;
        if same[Part::RESPONSE_HEADERS] && is_body_same {
            response.headers = old.headers.clone();
            response.trailers = old.trailers.clone();
        } else {
            let follows = b.response_body.is_json().then_some(is_body_same);
            response.headers = self.headers(&old.headers, &new.headers, follows);
            response.trailers = self.headers(&old.trailers, &new.trailers, None);
        }
        if same[Part::STATUS] {
            for (kept, old) in response.informational.iter_mut().zip(&old.informational) {
                kept.headers = self.headers(&old.headers, &kept.headers, None);
            }
        }
        if let (Some(old), Some(new)) = (&old.url, &new.url) {
            response.url = Some(self.text(Name::None, false, old, new).into_owned().into());
        }
        kept.response = Some(response);
        kept
    }

    /// The URL of the new request, at the old host, and with the old path where that is the same.
    fn url(&mut self, a: &Scanned<'_>, b: &Scanned<'_>) -> String {
        let path = self.text(Name::None, false, a.url.path, b.url.path);
        let query = match (a.url.query, b.url.query) {
            (Some(old), Some(new)) => Some(self.text(Name::None, false, old, new)),
            (_, new) => new.map(|new| self.translated(new, Name::None, false)),
        };
        let host = match (a.url.scheme, b.url.scheme) {
            (_, "") => String::new(),
            ("", scheme) => format!("{scheme}://{}", b.url.authority),
            (scheme, _) => format!("{scheme}://{}", a.url.authority),
        };
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("{host}{path}{query}")
    }

    /// The header fields of the new message; where a length follows from a body that is JSON, it is the old one
    /// if the body is.
    fn headers(&mut self, old: &Headers, new: &Headers, length_follows: Option<bool>) -> Headers {
        let (olds, news): (Vec<_>, Vec<_>) = (old.iter().collect(), new.iter().collect());
        let mut partner = vec![None; news.len()];
        for (at, place) in partners(&olds, &news).into_iter().enumerate() {
            if let Some(place) = place {
                partner[place] = Some(olds[at].1);
            }
        }
        let field = |(&(name, value), old): (&(&str, &str), Option<&str>)| -> (Text, Text) {
            let value = match (old, length_follows) {
                (Some(old), Some(is_body_same)) if name.eq_ignore_ascii_case("content-length") => {
                    Cow::Borrowed(if is_body_same { old } else { value })
                }
                (Some(old), _) => self.text(Name::Header(name), false, old, value),
                (None, _) => self.translated(value, Name::Header(name), false),
            };
            (name.into(), value.into_owned().into())
        };
        news.iter().zip(partner).map(field).collect()
    }

    fn body(
        &mut self,
        old: &Content<'_>,
        new: &Content<'_>,
        (old_body, new_body): (&Body, &Body),
        is_same: bool,
    ) -> Body {
        // Of a body that was left out nobody knows what it was.
        let is_known = |body: &Body| !matches!(body, Body::Omitted(_));
        if is_same && is_known(old_body) == is_known(new_body) {
            return old_body.clone();
        }
        match (old, new, old_body, new_body) {
            (Content::Json(old), Content::Json(new), Body::Text(old_text), Body::Text(new_text)) => {
                Body::Text(self.json((old, old_text), (new, new_text)).into())
            }
            (Content::Text(old), Content::Text(new), ..) => Body::Text(self.lines(old, new).into()),
            _ if is_known(old_body) && is_known(new_body) && whole(old) == whole(new) => old_body.clone(),
            _ => self.new_body(new, new_body),
        }
    }

    /// Two texts, line by line.
    fn lines(&mut self, old: &str, new: &str) -> String {
        let (olds, news): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let mut partner = vec![None; news.len()];
        for (a, b) in self.differ.line_pairs(&olds, &news) {
            partner[b] = Some(olds[a]);
        }
        let mut said = String::with_capacity(new.len());
        for ((line, whole), old) in news.iter().zip(new.split_inclusive('\n')).zip(partner) {
            said.push_str(&match old {
                Some(old) => self.text(Name::None, false, old, line),
                None => self.translated(line, Name::None, false),
            });
            said.push_str(&whole[line.len()..]);
        }
        said
    }

    /// An exchange that only the new recording has.
    fn new_exchange(&mut self, scanned: &Scanned<'_>) -> Exchange {
        let mut kept = scanned.exchange.clone();
        let request = &scanned.exchange.request;
        kept.request.url = self.translated(&request.url, Name::None, false).into_owned().into();
        kept.request.headers = self.headers(&Headers::default(), &request.headers, None);
        kept.request.trailers = self.headers(&Headers::default(), &request.trailers, None);
        kept.request.body = self.new_body(&scanned.request_body, &request.body);
        if let Some(to) = &kept.to {
            kept.to = Some(self.translated(to, Name::None, false).into_owned().into());
        }
        kept.response = scanned.exchange.response.as_ref().map(|_| self.new_response(scanned));
        kept
    }

    fn new_response(&mut self, scanned: &Scanned<'_>) -> Response {
        let mut kept = scanned.exchange.response.clone().unwrap_or_default();
        kept.headers = self.headers(&Headers::default(), &kept.headers, None);
        kept.trailers = self.headers(&Headers::default(), &kept.trailers, None);
        for answer in &mut kept.informational {
            answer.headers = self.headers(&Headers::default(), &answer.headers, None);
        }
        kept.body = self.new_body(&scanned.response_body, &kept.body);
        if let Some(url) = &kept.url {
            kept.url = Some(self.translated(url, Name::None, false).into_owned().into());
        }
        kept
    }

    fn new_body(&mut self, content: &Content<'_>, body: &Body) -> Body {
        match (content, body) {
            (Content::Json(tree), Body::Text(text)) => Body::Text(self.new_json(tree, text).into()),
            (_, Body::Text(text)) => Body::Text(self.translated(text, Name::None, false).into_owned().into()),
            (_, body) => body.clone(),
        }
    }
}
