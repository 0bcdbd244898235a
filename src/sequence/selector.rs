//! What a label means: an exchange found by what it is, never by its number.
//!
//! A number moves whenever the trace does; "the second `GET` of an image by the
//! client" does not. A selector reads `[FROM->]TO METHOD PATH [#N] [after LABEL]`.
//! What this leaves out: deciding which labels there are.

use crate::error::{Error, ErrorKind, Place, Result};
use crate::settings::Located;

use super::cast::Cast;
use super::paths::Paths;
use super::{Sequence, Side};
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
    pub cast: &'a Cast,
    /// How its paths are shown.
    pub paths: Paths<'a>,
    /// The labels of the settings.
    pub labels: &'a [(String, Located<String>)],
}

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

impl<'a> Scope<'a> {
    /// The exchange that a label of the settings, or else a selector, names.
    ///
    /// # Errors
    /// [`ErrorKind::Label`] at the place where the label is defined (`at` for a selector), if it
    /// matches nothing or more than one exchange, with the nearest candidates of the trace.
    pub fn find(&self, name: &str, at: &Place) -> Result<usize> {
        match self.labels.iter().find(|(label, _)| label == name) {
            Some((_, selector)) => self.resolve(&selector.value, &selector.place, 0),
            None => self.resolve(name, at, 0),
        }
    }

    /// A selector for this exchange that matches it alone.
    pub fn describe(&self, exchange: usize) -> String {
        let found = &self.trace.exchanges[exchange];
        let to = self.cast.to(exchange);
        let method = &found.request.method;
        let path = self.path(exchange);
        let short = format!("{} {method} {path}", to.id);
        let Ok(selector) = Selector::parse(&short) else { return short };
        let same = self.matching(&selector);
        if same.len() < 2 {
            return short;
        }
        let nth = same.iter().position(|&index| index == exchange).map_or(1, |at| at + 1);
        format!("{short} #{nth}")
    }

    fn resolve(&self, text: &str, place: &Place, depth: usize) -> Result<usize> {
        let selector = Selector::parse(text).map_err(|problem| {
            let known: Vec<&str> = self.labels.iter().map(|(name, _)| name.as_str()).collect();
            let near = similar::get_close_matches(text, &known, 1, 0.6);
            let hint = near.first().map(|name| format!("did you mean the label `{name}`?"));
            let error = Error::new(ErrorKind::Label, format!("`{text}` names no exchange: {problem}"));
            match hint {
                Some(hint) => error.at(place.clone()).hint(hint),
                None => error.at(place.clone()),
            }
        })?;
        let mut found = self.matching(&selector);
        if let Some(label) = selector.after {
            let Some((_, other)) = self.labels.iter().find(|(name, _)| name == label) else {
                return Err(Error::new(ErrorKind::Label, format!("`after {label}` names no label"))
                    .at(place.clone())
                    .hint("labels stand in `[label]` of capture.toml"));
            };
            if depth > self.labels.len() {
                return Err(Error::new(ErrorKind::Label, format!("`after {label}` goes in a circle"))
                    .at(place.clone()));
            }
            let other = self.resolve(&other.value, &other.place, depth + 1)?;
            let from = self.sequence.number(other, Side::Request);
            found.retain(|&index| self.sequence.number(index, Side::Request) > from);
        }
        match (selector.occurrence, found.len()) {
            (Some(nth), len) if nth <= len => Ok(found[nth - 1]),
            (None, 1) => Ok(found[0]),
            (None, 2..) if selector.after.is_some() => Ok(found[0]),
            (_, 0) => Err(self.nothing(text, place)),
            (Some(nth), len) => Err(Error::new(
                ErrorKind::Label,
                format!("`{text}` matches nothing: there are only {len} of them, not {nth}"),
            )
            .at(place.clone())),
            (None, len) => {
                Err(Error::new(ErrorKind::Label, format!("`{text}` matches {len} exchanges, not one"))
                    .at(place.clone())
                    .hint(format!(
                        "add `#1` … `#{len}`, or `after LABEL`; they are the steps {}",
                        found
                            .iter()
                            .filter_map(|&index| self.sequence.number(index, Side::Request))
                            .map(|number| format!("({number})"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    )))
            }
        }
    }

    /// The matching exchanges in the order of their requests, whatever the occurrence.
    fn matching(&self, selector: &Selector<'_>) -> Vec<usize> {
        let mut found: Vec<(Option<u32>, usize)> = (0..self.trace.exchanges.len())
            .filter(|&index| self.sequence.contains(index) && self.matches(selector, index))
            .map(|index| (self.sequence.number(index, Side::Request), index))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    fn matches(&self, selector: &Selector<'_>, exchange: usize) -> bool {
        let found = &self.trace.exchanges[exchange];
        *found.request.method == *selector.method
            && self.cast.to(exchange).is(selector.to)
            && selector.from.is_none_or(|from| self.cast.from(exchange).is(from))
            && self.path_is(exchange, selector.path)
    }

    fn path_is(&self, exchange: usize, path: &str) -> bool {
        let request = &self.trace.exchanges[exchange].request;
        let url = UrlParts::of(&request.url);
        let [with_query, without] = [true, false].map(|query| Paths { query, ..self.paths });
        if without.raw(url) == path || with_query.raw(url) == path {
            return true;
        }
        // What a template changes it puts in braces, and up to the first of them it changes nothing:
        // routes are looked up only for paths that can be the one.
        let Some(brace) = path.find('{') else { return false };
        let to = &self.cast.to(exchange).id;
        with_query.raw(url).starts_with(&path[..brace])
            && [with_query, without].iter().any(|paths| paths.templated(to, &request.method, url) == path)
    }

    /// The exchange's templated path without its query.
    fn path(&self, exchange: usize) -> String {
        let request = &self.trace.exchanges[exchange].request;
        let paths = Paths { query: false, ..self.paths };
        paths.templated(&self.cast.to(exchange).id, &request.method, UrlParts::of(&request.url)).into_owned()
    }

    fn nothing(&self, text: &str, place: &Place) -> Error {
        let mut candidates: Vec<String> = (0..self.trace.exchanges.len())
            .filter(|&index| self.sequence.contains(index))
            .map(|index| self.describe(index))
            .collect();
        candidates.dedup();
        let words: Vec<&str> = candidates.iter().map(String::as_str).collect();
        let near = similar::get_close_matches(text, &words, 3, 0.4);
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
        assert!(Selector::parse("GET /").is_err());
        assert!(Selector::parse("glance GET / #0").is_err());
    }
}
