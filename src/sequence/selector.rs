//! What a label means: an exchange found by what it is, never by its number.
//!
//! A number moves whenever the trace does; "the second `GET` of an image by the
//! client" does not. A selector reads `[FROM->]TO METHOD PATH [#N] [after LABEL]`.
//! Who asks once asks often, so a trace is put into an [`Index`] by what its exchanges are, and all labels
//! are resolved together, each after the one that it comes after. What this leaves out: deciding which
//! labels there are.
//!
//! ```
//! use docgen::sequence::selector::Selector;
//!
//! let selector = Selector::parse("nova->glance GET /v2/images/{image_id} #2")?;
//! assert_eq!((selector.from, selector.to), (Some("nova"), "glance"));
//! assert_eq!((selector.path, selector.occurrence), ("/v2/images/{image_id}", Some(2)));
//! # Ok::<(), String>(())
//! ```

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use crate::error::{Error, ErrorKind, Place, Result};
use crate::settings::Located;

use super::participants::Participants;
use super::paths::Paths;
use super::renamed::{ByOtherNames, NamedRequest};
use super::{Sequence, Side};
use crate::text::{self, Text};
use crate::toml_file::neighbours;
use crate::trace::{Trace, UrlParts};

/// What a selector asks for, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selector<'a> {
    /// The sender's id or name.
    pub from: Option<&'a str>,
    /// The receiver's id or name.
    pub to: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path: templated or real, with or without its query.
    pub path: &'a str,
    /// Which of several, from 1.
    pub occurrence: Option<usize>,
    /// Only exchanges after the one that this label names.
    pub after: Option<&'a str>,
}

/// Everything that a selector is resolved against.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The trace.
    pub trace: &'a Trace,
    /// Its steps.
    pub sequence: &'a Sequence,
    /// Its participants.
    pub participants: &'a Participants,
    /// How its paths are shown.
    pub paths: Paths<'a>,
    /// The labels of the settings.
    pub labels: &'a [(String, Located<String>)],
    /// What is known of all this already.
    pub index: &'a Index,
}

/// The exchanges of a trace by what they are, and its labels by name. Each part is made when it is first
/// asked for, and serves one [`Scope`] and its copies.
#[derive(Debug, Default)]
pub struct Index {
    /// By path as sent.
    raw: OnceCell<Exchanges>,
    /// By path as sent and with variables for values.
    templated: OnceCell<Exchanges>,
    /// Indices of labels by name.
    labels: OnceCell<HashMap<String, usize>>,
    /// The exchange that each label names.
    found: OnceCell<Vec<Result<usize>>>,
    /// By other names of their ends.
    by_other_names: OnceCell<ByOtherNames>,
    /// A selector for each exchange, sorted.
    candidates: OnceCell<Vec<String>>,
    /// The names of the labels, sorted.
    names: OnceCell<Vec<String>>,
}

/// Exchanges in the order of their requests.
type Exchanges = HashMap<ExchangeKey, Vec<usize>>;

/// What tells exchanges apart: those of one key are told apart by their order.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ExchangeKey {
    /// The sender, where it is asked for one: its index in [`Participants::all`].
    from: Option<usize>,
    to: usize,
    method: Text,
    path: Text,
}

/// How many steps an error names.
const STEPS_NAMED: usize = 20;

impl<'a> Selector<'a> {
    /// Reads a selector. The error says what is missing, without a place.
    pub fn parse(text: &'a str) -> Result<Selector<'a>, String> {
        let (text, after) = match text.split_once(" after ") {
            Some((text, label)) => (text, Some(label.trim())),
            None => (text, None),
        };
        let (text, occurrence) = match text.trim_end().rsplit_once(" #") {
            Some((before, digits)) if digits.bytes().all(|b| b.is_ascii_digit()) && !digits.is_empty() => {
                match digits.parse() {
                    Ok(occurrence @ 1..) => (before, Some(occurrence)),
                    _ => return Err(format!("`#{digits}` is no occurrence: they count from 1")),
                }
            }
            _ => (text, None),
        };
        // A participant's name may hold spaces; a method and a path hold none.
        let mut words = text.trim().rsplitn(3, char::is_whitespace);
        let (Some(path), Some(method), Some(who)) = (words.next(), words.next(), words.next()) else {
            return Err(
                "a selector is `PARTICIPANT METHOD PATH`, with `#2` or `after LABEL` behind it".into()
            );
        };
        let (from, to) = match who.split_once("->") {
            Some((from, to)) => (Some(from.trim()), to.trim()),
            None => (None, who.trim()),
        };
        Ok(Selector { from, to, method, path, occurrence, after })
    }
}

impl std::fmt::Display for Selector<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(from) = self.from {
            write!(f, "{from}->")?;
        }
        write!(f, "{} {} {}", self.to, self.method, self.path)?;
        if let Some(nth) = self.occurrence {
            write!(f, " #{nth}")?;
        }
        self.after.map_or(Ok(()), |label| write!(f, " after {label}"))
    }
}

impl<'a> Scope<'a> {
    /// The exchange that a label of the settings, or else a selector, names.
    ///
    /// # Errors
    /// [`ErrorKind::Label`] at the place where the label is defined (`at` for a selector), if it
    /// matches nothing or more than one exchange, with the nearest candidates of the trace.
    pub fn find(&self, name: &str, at: &Place) -> Result<usize> {
        match self.label(name) {
            Some(label) => self.found()[label].clone(),
            None => {
                self.resolve(name, at, |after| self.label(after).map(|label| self.found()[label].clone()))
            }
        }
    }

    /// The exchange that a selector names, if labels name what `known` says.
    ///
    /// # Errors
    /// Those of [`Scope::find`], without a place.
    pub fn resolve_with(&self, text: &str, known: impl Fn(&str) -> Option<Result<usize>>) -> Result<usize> {
        self.resolve(text, &Place::file(""), known)
    }

    /// The exchanges that a selector matches, whatever its occurrence and what it comes after, in the
    /// order of their requests.
    pub fn matching(&self, selector: &Selector<'_>) -> Cow<'a, [usize]> {
        // What a template changes it puts in braces: routes are looked up only for paths with one.
        let exchanges = if selector.path.contains('{') {
            self.index.templated.get_or_init(|| self.by_what(true))
        } else {
            self.index.raw.get_or_init(|| self.by_what(false))
        };
        let senders = selector.from.map_or_else(
            || vec![None],
            |from| self.participants.named(from).iter().copied().map(Some).collect::<Vec<_>>(),
        );
        let receivers = self.participants.named(selector.to);
        let ends = senders.iter().flat_map(|from| receivers.iter().map(move |to| (*from, *to)));
        let mut found = ends.filter_map(|(from, to)| {
            exchanges.get(&ExchangeKey {
                from,
                to,
                method: selector.method.into(),
                path: selector.path.into(),
            })
        });
        let first = found.next().map_or(&[][..], Vec::as_slice);
        let mut all = Cow::Borrowed(first);
        for others in found {
            all.to_mut().extend(others);
        }
        if let Cow::Owned(all) = &mut all {
            all.sort_unstable_by_key(|&index| self.order(index));
        }
        if all.is_empty() {
            let others = self.index.by_other_names.get_or_init(|| self.by_other_names(&self.in_order()));
            let request = NamedRequest {
                from: selector.from.map(Text::from),
                to: selector.to.into(),
                method: selector.method.into(),
                path: selector.path.into(),
            };
            all = Cow::Borrowed(others.get(&request).map_or(&[][..], Vec::as_slice));
        }
        all
    }

    /// Whether a label, or a selector, that names no exchange would, if the trace still had one: it says
    /// clearly what it means.
    pub fn is_lost(&self, name: &str) -> bool {
        // A chain of labels that come after each other is followed this far.
        const CHAIN: usize = 64;
        if self.find(name, &Place::file("")).is_ok() {
            return false;
        }
        let mut next = self.label(name);
        let mut text = next.map_or(name, |label| self.labels[label].1.value.as_str());
        for _ in 0..CHAIN {
            let Ok(selector) = Selector::parse(text) else { return false };
            let count = self.matching(&selector).len();
            let is_missing = selector.occurrence.map_or(count == 0, |nth| nth > count);
            match selector.after {
                _ if is_missing => return true,
                None => return false,
                Some(after) => next = self.label(after),
            }
            match next {
                Some(label) if self.found()[label].is_err() => text = &self.labels[label].1.value,
                other => return other.is_some(),
            }
        }
        false
    }

    /// Whether a label that names no exchange is no mistake of its writer: its exchange is gone, or happens
    /// several times.
    pub fn is_clear(&self, name: &str) -> bool {
        let label = self.label(name).map(|label| &self.labels[label].1.value);
        let selector =
            label.and_then(|text| Selector::parse(text).ok()).filter(|label| label.after.is_none());
        self.is_lost(name) || selector.is_some_and(|selector| self.matching(&selector).len() > 1)
    }

    /// A selector that matches this exchange alone: the shortest that does, and a number only where
    /// nothing else tells it from another. `None` where none can, as for a response without its request.
    pub fn selector(&self, exchange: usize) -> Option<String> {
        let request = &self.trace.exchanges[exchange].request;
        let (from, to) = (&self.participants.from(exchange).id, &self.participants.to(exchange).id);
        let path = |query| {
            let paths = Paths { query, ..self.paths };
            paths.templated(to, &request.method, UrlParts::of(&request.url)).into_owned()
        };
        let (method, plain, full) = (&request.method, path(false), path(true));
        let sent = format!("{from}->{to} {method} {plain}");
        let mut candidates = vec![format!("{to} {method} {plain}"), sent.clone()];
        // An id in a query is another one when the command is run again.
        if !full[plain.len()..].contains(|c: char| c.is_ascii_digit()) {
            candidates.push(format!("{from}->{to} {method} {full}"));
        }
        // A name or a path may read as more than it is; then it finds others.
        let matching = |text: &str| Some(self.matching(&Selector::parse(text).ok()?));
        let is_alone = |text: &String| matching(text).is_some_and(|found| *found == [exchange]);
        if let Some(selector) = candidates.into_iter().find(is_alone) {
            return Some(selector);
        }
        let nth = self.occurrence(exchange, &matching(&sent)?)?;
        Some(format!("{sent} #{nth}"))
    }

    /// The same for a message. What no selector matches is described by its receiver, method and path.
    pub fn describe(&self, exchange: usize) -> String {
        self.selector(exchange).unwrap_or_else(|| {
            let method = &self.trace.exchanges[exchange].request.method;
            format!("{} {method} {}", self.participants.to(exchange).id, self.path(exchange))
        })
    }

    /// Which of `same`, in the order of their requests, an exchange is, from 1.
    pub fn occurrence(&self, exchange: usize, same: &[usize]) -> Option<usize> {
        same.binary_search_by_key(&self.order(exchange), |&index| self.order(index)).ok().map(|at| at + 1)
    }

    /// The exchanges of the sequence by what they are; with `templated`, also by their templated paths.
    fn by_what(&self, templated: bool) -> Exchanges {
        let order = self.in_order();
        // Two senders for each, and one path or two.
        let mut exchanges = Exchanges::with_capacity(order.len() * 4);
        for index in order {
            let [from, to] = self.participants.ends(index);
            let method = &self.trace.exchanges[index].request.method;
            for path in self.paths_of(index, templated) {
                for from in [None, Some(from)] {
                    let key = ExchangeKey { from, to, method: method.clone(), path: path.clone() };
                    exchanges.entry(key).or_default().push(index);
                }
            }
        }
        exchanges
    }

    /// The exchanges of the sequence, in the order of their requests.
    fn in_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.trace.exchanges.len()).filter(|&index| self.sequence.contains(index)).collect();
        order.sort_unstable_by_key(|&index| self.order(index));
        order
    }

    /// Each path that a selector may call an exchange by.
    pub(super) fn paths_of(&self, exchange: usize, templated: bool) -> Vec<Text> {
        let request = &self.trace.exchanges[exchange].request;
        let url = UrlParts::of(&request.url);
        // Without a query in the URL both are the same.
        let both = [true, false].map(|query| Paths { query, ..self.paths });
        let ways = if url.query.is_some() { &both[..] } else { &both[1..] };
        let mut all: Vec<Text> = ways.iter().map(|paths| text::share(&request.url, paths.raw(url))).collect();
        if templated {
            let to = &self.participants.to(exchange).id;
            for paths in ways {
                let path = text::share(&request.url, paths.templated(to, &request.method, url));
                if !all.contains(&path) {
                    all.push(path);
                }
            }
        }
        all
    }

    /// Where an exchange stands among all.
    fn order(&self, exchange: usize) -> (Option<u32>, usize) {
        (self.sequence.number(exchange, Side::Request), exchange)
    }

    /// The index of the label of this name.
    fn label(&self, name: &str) -> Option<usize> {
        let labels = self.index.labels.get_or_init(|| {
            let mut labels = HashMap::with_capacity(self.labels.len());
            for (index, (name, _)) in self.labels.iter().enumerate() {
                labels.entry(name.clone()).or_insert(index);
            }
            labels
        });
        labels.get(name).copied()
    }

    /// The exchange that each label names: each is resolved once, after the one that it comes after.
    fn found(&self) -> &[Result<usize>] {
        self.index.found.get_or_init(|| {
            let after: Vec<Option<usize>> = (self.labels.iter())
                .map(|(_, at)| Selector::parse(&at.value).ok()?.after.and_then(|after| self.label(after)))
                .collect();
            let mut found: Vec<Option<Result<usize>>> = vec![None; self.labels.len()];
            let mut is_met = vec![false; self.labels.len()];
            for start in 0..self.labels.len() {
                // Labels each of which comes after the next.
                let mut chain = Vec::new();
                let mut next = Some(start);
                while let Some(label) = next.filter(|&label| !is_met[label]) {
                    is_met[label] = true;
                    chain.push(label);
                    next = after[label];
                }
                // A chain that leads back into itself ends in a circle.
                let circle = chain.iter().position(|&label| Some(label) == next).unwrap_or(chain.len());
                for &label in &chain[circle..] {
                    found[label] = Some(Err(self.circle(label)));
                }
                for &label in chain[..circle].iter().rev() {
                    let (_, Located { value, place }) = &self.labels[label];
                    let resolved = self.resolve(value, place, |name| found[self.label(name)?].clone());
                    found[label] = Some(resolved);
                }
            }
            found.into_iter().flatten().collect()
        })
    }

    fn circle(&self, label: usize) -> Error {
        let Located { value, place } = &self.labels[label].1;
        let after = Selector::parse(value).ok().and_then(|selector| selector.after).unwrap_or_default();
        Error::new(ErrorKind::Label, format!("`after {after}` goes in a circle")).at(place.clone())
    }

    /// The exchange that a selector names. `known` is what a label names.
    fn resolve(
        &self,
        text: &str,
        place: &Place,
        known: impl Fn(&str) -> Option<Result<usize>>,
    ) -> Result<usize> {
        let selector = Selector::parse(text).map_err(|problem| {
            let error = Error::new(ErrorKind::Label, format!("`{text}` names no exchange")).at(place.clone());
            match self.near(text, self.names(), 1, 0.6).first() {
                Some(name) => error.hint(format!("did you mean the label `{name}`?")),
                None => error.hint(problem),
            }
        })?;
        let all = self.matching(&selector);
        let mut found = &*all;
        if let Some(label) = selector.after {
            let Some(other) = known(label) else {
                return Err(Error::new(ErrorKind::Label, format!("`after {label}` names no label"))
                    .at(place.clone())
                    .hint("labels are in `[label]` of capture.toml"));
            };
            let from = self.sequence.number(other?, Side::Request);
            let before = found.partition_point(|&index| self.sequence.number(index, Side::Request) <= from);
            found = &found[before..];
        }
        match (selector.occurrence, found.len()) {
            (Some(nth), len) if nth <= len => Ok(found[nth - 1]),
            (None, 1) => Ok(found[0]),
            (None, 2..) if selector.after.is_some() => Ok(found[0]),
            (_, 0) => Err(self.nothing(text, place)),
            (Some(nth), len) => {
                let there = if len == 1 { "is only one" } else { &format!("are only {len} of them") };
                let message = format!("`{text}` matches nothing: there {there}, not {nth}");
                Err(Error::new(ErrorKind::Label, message).at(place.clone()))
            }
            (None, len) => {
                let steps = found.iter().filter_map(|&index| self.sequence.number(index, Side::Request));
                let mut named: Vec<String> =
                    steps.take(STEPS_NAMED).map(|number| format!("({number})")).collect();
                if len > STEPS_NAMED {
                    named.push("…".into());
                }
                Err(Error::new(ErrorKind::Label, format!("`{text}` matches {len} exchanges, not one"))
                    .at(place.clone())
                    .hint(format!(
                        "add `#1` … `#{len}`, or `after LABEL`; they are the steps {}",
                        named.join(", ")
                    )))
            }
        }
    }

    /// The exchange's templated path without its query.
    fn path(&self, exchange: usize) -> String {
        let request = &self.trace.exchanges[exchange].request;
        let paths = Paths { query: false, ..self.paths };
        paths
            .templated(&self.participants.to(exchange).id, &request.method, UrlParts::of(&request.url))
            .into_owned()
    }

    /// The names of the labels, sorted.
    fn names(&self) -> &[String] {
        self.index.names.get_or_init(|| {
            let mut names: Vec<String> = self.labels.iter().map(|(name, _)| name.clone()).collect();
            names.sort_unstable();
            names
        })
    }

    /// A selector for each exchange of the sequence, sorted.
    fn candidates(&self) -> &[String] {
        self.index.candidates.get_or_init(|| {
            let exchanges = 0..self.trace.exchanges.len();
            let described = exchanges.filter(|&index| self.sequence.contains(index));
            let mut candidates: Vec<String> = described.map(|index| self.describe(index)).collect();
            candidates.sort_unstable();
            candidates.dedup();
            candidates
        })
    }

    /// Those of `known`, which is sorted, that are most like `text`.
    fn near<'k>(&self, text: &str, known: &'k [String], most: usize, cutoff: f32) -> Vec<&'k str> {
        let known: Vec<&str> = neighbours(text, known).iter().map(String::as_str).collect();
        similar::get_close_matches(text, &known, most, cutoff)
    }

    fn nothing(&self, text: &str, place: &Place) -> Error {
        let near = self.near(text, self.candidates(), 3, 0.4);
        let hint = if near.is_empty() {
            "the trace has no exchange like it".to_owned()
        } else {
            format!("the nearest are `{}`", near.join("`, `"))
        };
        Error::new(ErrorKind::Label, format!("`{text}` matches no exchange")).at(place.clone()).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, in_scope, trace};
    use super::*;

    #[test]
    fn a_selector_has_its_parts() {
        let selector = Selector::parse("nova->glance GET /v2/images/{image_id} #2 after boot").unwrap();
        assert_eq!(
            selector,
            Selector {
                from: Some("nova"),
                to: "glance",
                method: "GET",
                path: "/v2/images/{image_id}",
                occurrence: Some(2),
                after: Some("boot"),
            }
        );
        assert_eq!(Selector::parse("my server GET /").unwrap().to, "my server");
        let spaced = Selector::parse(" nova -> my glance  GET / ").unwrap();
        assert_eq!((spaced.from, spaced.to, spaced.path), (Some("nova"), "my glance", "/"));
        assert!(Selector::parse("GET /").is_err());
        assert!(Selector::parse("glance GET / #0").is_err());
    }

    #[test]
    fn after_a_label_is_the_first_one_behind_it() {
        let url = |path: &str| format!("http://h/{path}");
        let [show, boot] = [url("show"), url("boot")];
        let calls: Vec<_> = [&show, &show, &boot, &show, &show].map(|url| (None, url.as_str())).into();
        let labels = "[label]\nboot = \"h GET /boot\"\nlater = \"h GET /show after boot\"\n\
                      last = \"h GET /show #2 after boot\"\nsecond = \"h GET /show after first\"\nfirst = \"h GET /show #1\"\n\
                      none = \"h GET /boot after boot\"\n";
        let (found, _) = found(&trace(&calls), labels, None);
        assert_eq!(found, [Some(5), Some(7), Some(9), Some(3), Some(1), None]);
    }

    #[test]
    fn a_label_is_lost_where_the_trace_has_fewer_than_it_counts() {
        let calls = [(None, "http://h/show"), (None, "http://h/show")];
        let labels =
            "[label]\nlast = \"h GET /show #2\"\nthird = \"h GET /show #3\"\nother = \"h GET /boot\"\n";
        let lost = |name| in_scope(&trace(&calls), labels, None, |scope| scope.is_lost(name));
        assert_eq!(["last", "third", "other"].map(lost), [false, true, true]);
    }

    #[test]
    fn a_selector_has_a_query_only_where_that_will_be_the_same_again() {
        let selectors = |urls: [&str; 2]| {
            let calls = urls.map(|url| (None, url));
            in_scope(&trace(&calls), "", None, |scope| [0, 1].map(|index| scope.selector(index).unwrap()))
        };
        assert_eq!(
            selectors(["http://h/show?name=a", "http://h/show?name=b"]),
            ["client->h GET /show?name=a", "client->h GET /show?name=b"]
        );
        assert_eq!(
            selectors(["http://h/show?id=1", "http://h/show?id=2"]),
            ["client->h GET /show #1", "client->h GET /show #2"]
        );
    }

    #[test]
    fn a_path_that_reads_as_a_count_is_no_selector() {
        let calls = [(None, "http://h/show"), (None, "http://h/show after boot"), (None, "http://h/show")];
        let selector = |index| in_scope(&trace(&calls), "", None, |scope| scope.selector(index));
        assert_eq!(
            [0, 1, 2].map(selector),
            [Some("client->h GET /show #1".into()), None, Some("client->h GET /show #2".into())]
        );
    }

    #[test]
    fn calls_of_two_participants_with_one_name_are_counted_in_their_order() {
        let calls = [(None, "http://two/show"), (None, "http://one/show"), (None, "http://two/show")];
        let participant =
            |id| format!("[[participant]]\nid = \"{id}\"\nnames = [\"api\"]\nurls = [\"http://{id}/\"]\n\n");
        let labels = "[label]\nfirst = \"api GET /show #1\"\nsecond = \"api GET /show #2\"\n";
        let settings = &(participant("one") + &participant("two") + labels);
        assert_eq!(found(&trace(&calls), settings, None).0, [Some(1), Some(3)]);
    }
}
