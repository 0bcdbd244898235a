//! What is different in two exchanges that belong together, and in what a command printed.
//!
//! Two texts are the same if what they say is, and the minted values in it are of the same kinds. Which value
//! stands for which is collected; once a [`Map`] is settled, a pair that breaks it is a change like any
//! other. What this leaves out: which exchanges belong together.

pub(super) mod body;
pub(super) mod headers;
pub(super) mod lists;
pub(super) mod output;

use super::change::{Change, Place, Side, Subject, Value, What};
use super::map::{Map, Pair};
use super::minted::{Kinds, Minted, Name, Piece};
use super::scan::{Content, Part, Recording, Scanned, Scanner};
use super::tree::Tree;
use crate::sequence;
use crate::text::Text;
use crate::trace::{Body, KnownFrom, Response};
use headers::Follows;

/// Collects what is different.
pub(super) struct Differ<'d, 'a> {
    pub(super) kinds: &'d Kinds,
    /// The map that pairs are held to, once it is settled.
    map: Option<&'d Map>,
    /// Which values are likely to stand for which.
    guess: &'d Map,
    pub(super) old: &'d Recording<'a>,
    pub(super) new: &'d Recording<'a>,
    pub(super) pairs: Vec<Pair>,
    pub(super) changes: Vec<Change>,
    /// How many lists have only another order.
    pub(super) reordered: usize,
    /// Where what is compared now stands.
    pub(super) here: Here,
    /// The minted values of the two texts that were compared last; of the old one alone, where they are equal.
    pub(super) found: (Vec<Piece>, Vec<Piece>),
}

/// Where what is compared stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Here {
    pub(super) side: Option<Side>,
    pub(super) subject: Option<Subject>,
    /// By place in the order of requests; what was printed stands beside no exchange.
    pub(super) exchanges: Option<(usize, usize)>,
    /// Before each place: the table's, where there are several.
    pub(super) table: Option<String>,
}

/// A pair of places in two lists, or one that is alone.
pub(super) type Step = (Option<usize>, Option<usize>);

/// What is compared with what: a value of the old trace and one of the new, either of which may be absent.
pub(super) struct Values<'v> {
    pub(super) old: Option<Shown<'v>>,
    pub(super) new: Option<Shown<'v>>,
}

/// A value that a change shows.
#[derive(Clone, Copy)]
pub(super) enum Shown<'v> {
    Text(&'v str),
    Tree(&'v Tree<'v>),
    Number(usize),
}

impl<'d, 'a> Differ<'d, 'a> {
    pub(super) fn new(
        kinds: &'d Kinds,
        map: Option<&'d Map>,
        guess: &'d Map,
        old: &'d Recording<'a>,
        new: &'d Recording<'a>,
    ) -> Differ<'d, 'a> {
        Differ {
            kinds,
            map,
            guess,
            old,
            new,
            pairs: Vec::new(),
            changes: Vec::new(),
            reordered: 0,
            here: Here::default(),
            found: Default::default(),
        }
    }

    /// Tells of an exchange as a whole.
    pub(super) fn call(&mut self, what: What, old: Option<usize>, new: Option<usize>, values: Values<'_>) {
        let (a, b) = (old.map(|at| &self.old.exchanges[at]), new.map(|at| &self.new.exchanges[at]));
        let subject = self.subject(a.zip(old), b.zip(new), sequence::Side::Request);
        self.here = Here { side: None, subject, exchanges: old.zip(new), table: None };
        self.change(what, None, Name::None, values);
    }

    /// The same for a call that only came or went because another sender has it now: `old` and `new` are both.
    pub(super) fn handed_over(&mut self, what: What, (old, new): (usize, usize), values: Values<'_>) {
        let name = |recording: &Recording<'_>, at: usize| {
            recording.exchanges[at].exchange.from.as_ref().map(ToString::to_string)
        };
        let senders = [name(self.old, old), name(self.new, new)];
        let (was, is) = if what == What::CallRemoved { (Some(old), None) } else { (None, Some(new)) };
        let count = self.changes.len();
        self.call(what, was, is, values);
        for change in &mut self.changes[count..] {
            if let Some(subject) = &mut change.exchange {
                subject.senders = Some(senders.clone());
            }
        }
    }

    fn subject(
        &self,
        old: Option<(&Scanned<'_>, usize)>,
        new: Option<(&Scanned<'_>, usize)>,
        side: sequence::Side,
    ) -> Option<Subject> {
        let place = |recording: &Recording<'_>, (scanned, at): (&Scanned<'_>, usize)| {
            let step = recording.sequence.number(scanned.index, side);
            Place { index: scanned.index, number: at + 1, step }
        };
        let name = new.or(old)?.0.name();
        let old = old.map(|old| place(self.old, old));
        Some(Subject { old, new: new.map(|new| place(self.new, new)), name, senders: None })
    }

    /// Compares two exchanges, by their places in the order of requests.
    pub(super) fn exchanges(&mut self, old: usize, new: usize) {
        let (a, b) = (&self.old.exchanges[old], &self.new.exchanges[new]);
        let enter = |differ: &mut Self, side: Side, of: sequence::Side| {
            let subject = differ.subject(Some((a, old)), Some((b, new)), of);
            differ.here = Here { side: Some(side), subject, exchanges: Some((old, new)), table: None };
        };
        let same: [bool; Part::COUNT] =
            std::array::from_fn(|part| self.is_same(&a.parts[part], &b.parts[part]));
        let is_drawn = [a, b].iter().any(|one| one.exchange.known_from == KnownFrom::Diagram);
        enter(self, Side::Request, sequence::Side::Request);
        if !same[Part::LINE] || a.exchange.request.method != b.exchange.request.method {
            self.line(a, b);
        }
        let (request, other) = (&a.exchange.request, &b.exchange.request);
        // A response alone does not say what the request was; a drawing says neither.
        let is_known = |one: &Scanned<'_>| one.exchange.known_from == KnownFrom::Wire;
        if is_known(a) && is_known(b) {
            self.versions(&request.version, &other.version);
            let is_body_same = same[Part::REQUEST_BODY] || !self.bodies(&a.request_body, &b.request_body);
            if !same[Part::REQUEST_HEADERS] {
                let follows = follows(&a.request_body, is_body_same);
                self.headers(&request.headers, &other.headers, follows);
                self.headers(&request.trailers, &other.trailers, Follows::Nothing);
            }
        }
        enter(self, Side::Response, sequence::Side::Response);
        if !same[Part::STATUS] || a.exchange.failure != b.exchange.failure {
            self.status(a, b);
        }
        if let (Some(response), Some(other), false) = (&a.exchange.response, &b.exchange.response, is_drawn) {
            let was_told = request.version != b.exchange.request.version;
            if !was_told {
                self.versions(&response.version, &other.version);
            }
            let is_body_same = same[Part::RESPONSE_BODY] || !self.bodies(&a.response_body, &b.response_body);
            if !same[Part::RESPONSE_HEADERS] {
                let follows = follows(&a.response_body, is_body_same);
                self.headers(&response.headers, &other.headers, follows);
                self.headers(&response.trailers, &other.trailers, Follows::Nothing);
            }
        }
    }

    /// Whether two parts say the same; then their minted values stand for each other.
    pub(super) fn is_same(&mut self, old: &Part<'_>, new: &Part<'_>) -> bool {
        let is_same = old.shape == new.shape
            && old.pieces.len() == new.pieces.len()
            && old
                .pieces
                .iter()
                .zip(&new.pieces)
                .all(|((a, old), (b, new))| self.is_alike((*a, old), (*b, new)));
        if is_same {
            for ((is, old), (_, new)) in old.pieces.iter().zip(&new.pieces) {
                self.collect(*is, old, new);
            }
        }
        is_same
    }

    /// Whether a minted value can stand for another one.
    fn is_alike(&self, (old_is, old): (Minted, &str), (new_is, new): (Minted, &str)) -> bool {
        match (old_is, new_is) {
            (Minted::Id(a), Minted::Id(b)) => a == b && self.map.is_none_or(|map| map.allows(old, new)),
            (Minted::Time(a), Minted::Time(b)) => old == new || a.is_like(b),
            (Minted::Unread, Minted::Unread) => true,
            _ => false,
        }
    }

    fn collect(&mut self, is: Minted, old: &str, new: &str) {
        if let Minted::Id(kind) = is {
            let origin = |recording: &Recording<'_>, value: &str| recording.is_given.get(value).copied();
            let is_of_one_origin = origin(self.old, old) == origin(self.new, new);
            self.pairs.push(Pair { kind, old: old.into(), new: new.into(), is_of_one_origin });
        }
    }

    fn line(&mut self, a: &Scanned<'_>, b: &Scanned<'_>) {
        let text = |text| Some(Shown::Text(text));
        let (method, other) = (&*a.exchange.request.method, &*b.exchange.request.method);
        if method != other {
            self.change(What::Method, None, Name::None, Values { old: text(method), new: text(other) });
        }
        if self.texts_differ(Name::None, false, a.url.path, b.url.path) {
            self.change(
                What::Path,
                None,
                Name::None,
                Values { old: text(a.url.path), new: text(b.url.path) },
            );
        }
        let differ = match (a.url.query, b.url.query) {
            (Some(old), Some(new)) => self.texts_differ(Name::None, false, old, new),
            (old, new) => old.is_some() || new.is_some(),
        };
        if differ {
            let values = Values { old: a.url.query.map(Shown::Text), new: b.url.query.map(Shown::Text) };
            self.change(What::Query, None, Name::None, values);
        }
    }

    /// The version of the protocol is no field of the header, and belongs to it as much as any.
    fn versions(&mut self, old: &Option<Text>, new: &Option<Text>) {
        if old != new {
            let text = |version: &Option<Text>| version.as_deref().unwrap_or("HTTP/1.1").to_owned();
            let (old, new) = (text(old), text(new));
            let values = Values { old: Some(Shown::Text(&old)), new: Some(Shown::Text(&new)) };
            self.change(What::Header, Some("HTTP version".to_owned()), Name::None, values);
        }
    }

    /// A reason follows from its status; why a call failed is one, too. Where answers of 1xx came before a
    /// status, they are told with it.
    fn status(&mut self, a: &Scanned<'_>, b: &Scanned<'_>) {
        let (old, new) = (a.exchange.response.as_ref(), b.exchange.response.as_ref());
        let statuses = |response: Option<&Response>| {
            let response = response?;
            let before = response.informational.iter().map(|answer| answer.status);
            Some(before.chain([response.status]).collect::<Vec<_>>())
        };
        let (olds, news) = (statuses(old), statuses(new));
        if olds != news {
            let text = |all: &Vec<u16>| all.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
            let (old_text, new_text) = (olds.as_ref().map(text), news.as_ref().map(text));
            let is_one = |all: &Option<Vec<u16>>| all.as_ref().is_none_or(|all| all.len() == 1);
            let number = |all: &Option<Vec<u16>>| Some(Shown::Number(usize::from(*all.as_ref()?.first()?)));
            let values = if is_one(&olds) && is_one(&news) {
                Values { old: number(&olds), new: number(&news) }
            } else {
                Values {
                    old: old_text.as_deref().map(Shown::Text),
                    new: new_text.as_deref().map(Shown::Text),
                }
            };
            self.change(What::Status, None, Name::None, values);
        } else if let (Some(old), Some(new)) = (old, new)
            && old.reason != new.reason
        {
            let values = Values { old: Some(Shown::Text(&old.reason)), new: Some(Shown::Text(&new.reason)) };
            self.change(What::Reason, None, Name::None, values);
        } else {
            let failure = |one: &Scanned<'_>| one.exchange.failure.clone().filter(|why| !why.is_empty());
            let (old, new) = (failure(a), failure(b));
            let differ = match (&old, &new) {
                (Some(old), Some(new)) => self.texts_differ(Name::None, false, old, new),
                (old, new) => old.is_some() || new.is_some(),
            };
            if differ {
                let [old, new] = [&old, &new].map(|why| why.as_deref().map(Shown::Text));
                self.change(What::Reason, None, Name::None, Values { old, new });
            }
        }
    }

    pub(super) fn scanner(&self, is_new: bool) -> Scanner<'d> {
        let recording = if is_new { self.new } else { self.old };
        let at = self.here.exchanges.map(|(old, new)| if is_new { new } else { old });
        let clock = at.map_or(recording.clock, |at| recording.exchanges[at].clock);
        Scanner { kinds: self.kinds, hosts: &recording.hosts, clock }
    }

    /// Whether two texts say something else, or speak of something else; if not, their minted values stand
    /// for each other.
    pub(super) fn texts_differ(&mut self, name: Name<'_>, is_kept: bool, old: &str, new: &str) -> bool {
        let (mut a, mut b) = std::mem::take(&mut self.found);
        self.kinds.pieces(old, self.scanner(false).site(name, is_kept), &mut a);
        let is_same = if old == new {
            // A time may be near one recording and far from the other.
            let ids = || a.iter().filter(|piece| matches!(piece.is, Minted::Id(_)));
            let value = |piece: &Piece| &old[piece.range.clone()];
            let is_same =
                ids().all(|piece| self.map.is_none_or(|map| map.allows(value(piece), value(piece))));
            if is_same {
                ids().for_each(|piece| self.collect(piece.is, value(piece), value(piece)));
            }
            is_same
        } else {
            self.kinds.pieces(new, self.scanner(true).site(name, is_kept), &mut b);
            let is_same = !a.is_empty()
                && says(old, &a).eq(says(new, &b))
                && a.iter().zip(&b).all(|(a, b)| {
                    self.is_alike((a.is, &old[a.range.clone()]), (b.is, &new[b.range.clone()]))
                });
            if is_same {
                for (a, b) in a.iter().zip(&b) {
                    self.collect(a.is, &old[a.range.clone()], &new[b.range.clone()]);
                }
            }
            is_same
        };
        self.found = (a, b);
        !is_same
    }

    /// Tells of a change here.
    fn change(&mut self, what: What, at: Option<String>, name: Name<'_>, values: Values<'_>) {
        let value = |shown: &Shown<'_>| match shown {
            Shown::Text(text) => Value::Text((*text).to_owned()),
            Shown::Tree(tree) => Value::Json(tree.to_json()),
            Shown::Number(number) => Value::Json(number.to_string()),
        };
        let said = [(false, values.old), (true, values.new)].map(|(is_new, value)| {
            let scanner = self.scanner(is_new);
            value.map(|value| match (value, name) {
                (Shown::Text(text), name) => scanner.set_aside(text, name),
                (Shown::Tree(tree), Name::Key(key)) => scanner.set_aside_in(tree, key).to_json(),
                (Shown::Tree(tree), _) => scanner.set_aside_in(tree, "").to_json(),
                (Shown::Number(number), _) => number.to_string(),
            })
        });
        self.changes.push(Change {
            what,
            side: self.here.side,
            exchange: self.here.subject.clone(),
            at,
            old: values.old.as_ref().map(value),
            new: values.new.as_ref().map(value),
            fingerprint: String::new(),
            said,
        });
    }

    /// Compares two bodies; says whether they differ.
    fn bodies(&mut self, old: &Content<'_>, new: &Content<'_>) -> bool {
        let known = self.changes.len();
        match (old, new) {
            (Content::Json(old), Content::Json(new)) => self.trees(What::Body, old, new),
            (Content::Text(old), Content::Text(new)) => self.lines(What::Body, old, new),
            // Who left it out does not know what it was.
            (Content::Other(Body::Omitted(_)), other) | (other, Content::Other(Body::Omitted(_)))
                if !matches!(other, Content::Other(Body::Absent)) => {}
            (old, new) => {
                let (old, new) = (whole(old), whole(new));
                if old != new {
                    let values =
                        Values { old: old.as_deref().map(Shown::Text), new: new.as_deref().map(Shown::Text) };
                    self.change(What::Body, None, Name::None, values);
                }
            }
        }
        self.changes.len() > known
    }
}

/// What follows from a body for the header fields beside it.
fn follows(body: &Content<'_>, is_same: bool) -> Follows {
    match (is_same, body.is_json()) {
        (false, _) => Follows::Changed,
        (true, true) => Follows::Length,
        (true, false) => Follows::Nothing,
    }
}

/// What stands between minted values.
fn says<'t>(text: &'t str, pieces: &'t [Piece]) -> impl Iterator<Item = &'t str> {
    let starts = std::iter::once(0).chain(pieces.iter().map(|piece| piece.range.end));
    let ends = pieces.iter().map(|piece| piece.range.start).chain([text.len()]);
    starts.zip(ends).map(|(start, end)| &text[start..end])
}

/// A body as one text.
pub(super) fn whole(content: &Content<'_>) -> Option<String> {
    match content {
        Content::Json(tree) => Some(tree.to_json()),
        Content::Text(text) => Some((*text).to_owned()),
        Content::Other(Body::Absent) => None,
        Content::Other(Body::Omitted(said)) => Some(said.to_string()),
        Content::Other(Body::Text(text)) => Some(text.to_string()),
        Content::Other(Body::Binary(binary)) => {
            let length = binary.length.map(|length| format!(", {length} bytes"));
            let digest = binary.sha256.as_ref().map(|digest: &Text| format!(", SHA-256 {digest}"));
            Some(format!("{}{}{}", binary.repr(), length.unwrap_or_default(), digest.unwrap_or_default()))
        }
    }
}
