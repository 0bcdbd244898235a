//! What a path shows: the values that differ from run to run as `{names}`.
//!
//! A page that shows an image's id in every heading is new after every run, and
//! says less than one that shows `{image_id}`. The maintainer's variables come
//! first, the profile's routes after. What this leaves out: titles and logs,
//! which always show the real URL.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use crate::profile::Profile;
use crate::trace::UrlParts;

/// How the paths of a page are shown.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// The maintainer's variables.
    pub vars: &'a Vars<'a>,
    /// Where routes come from.
    pub profile: Option<&'a Profile>,
    /// Whether the query is shown.
    pub query: bool,
}

/// The maintainer's variables, found by their values.
#[derive(Clone, Debug, Default)]
pub struct Vars<'a> {
    /// Names, each with its place among all, by value.
    by_value: HashMap<&'a str, (usize, &'a str)>,
    /// The lengths that values have.
    lengths: HashSet<usize>,
}

impl<'a> Vars<'a> {
    /// Variables from their names and values. Of two with the same value the first is meant.
    pub fn of(vars: &'a [(String, String)]) -> Vars<'a> {
        let mut by_value = HashMap::with_capacity(vars.len());
        for (place, (name, value)) in vars.iter().enumerate().filter(|(_, (_, value))| !value.is_empty()) {
            by_value.entry(value.as_str()).or_insert((place, name.as_str()));
        }
        Vars { lengths: by_value.keys().map(|value| value.len()).collect(), by_value }
    }

    /// `{name}` for a whole value, or for one at the end of a segment such as `AUTH_<project>`. Of
    /// several that fit, the first of all variables is meant.
    fn shown(&self, segment: &str) -> Option<String> {
        if self.by_value.is_empty() {
            return None;
        }
        let ends = segment.match_indices(['_', ':', '=']).map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends);
        let starts = starts.filter(|start| self.lengths.contains(&(segment.len() - start)));
        let known = starts.filter_map(|start| {
            let (place, name) = self.by_value.get(&segment[start..])?;
            Some((place, start, name))
        });
        known.min().map(|(_, start, name)| format!("{}{{{name}}}", &segment[..start]))
    }
}

impl Paths<'_> {
    /// The path of a URL with variables for values, and its query where queries are shown.
    /// `participant` is the receiver's id, as routes are a participant's own.
    pub fn templated<'u>(&self, participant: &str, method: &str, parts: UrlParts<'u>) -> Cow<'u, str> {
        let route = self.profile.and_then(|profile| profile.route(participant, method, parts.path));
        let mut path = Cow::Borrowed(parts.path);
        if route.is_some() || !self.vars.by_value.is_empty() {
            let route = route.as_ref().map_or(parts.path, |route| &route.template);
            let mut routed = route.split('/');
            let segments: Vec<Cow<'_, str>> = parts
                .path
                .split('/')
                .map(|segment| {
                    let routed = routed.next().unwrap_or(segment);
                    self.vars.shown(segment).map_or(Cow::Borrowed(routed), Cow::Owned)
                })
                .collect();
            let shown = segments.join("/");
            if shown != parts.path {
                path = shown.into();
            }
        }
        match parts.query.filter(|_| self.query) {
            Some(query) => format!("{path}?{}", self.query(query)).into(),
            None => path,
        }
    }

    /// The path of a URL as it was sent, and its query where queries are shown.
    pub fn raw<'u>(&self, parts: UrlParts<'u>) -> Cow<'u, str> {
        match parts.query.filter(|_| self.query) {
            Some(query) => format!("{}?{query}", parts.path).into(),
            None => parts.path.into(),
        }
    }

    fn query(&self, query: &str) -> String {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((key, value)) => match self.vars.shown(value) {
                Some(name) => format!("{key}={name}").into(),
                None => Cow::Borrowed(pair),
            },
            None => pair.into(),
        });
        pairs.collect::<Vec<_>>().join("&")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_replace_whole_segments_and_query_values() {
        let vars = [("image_id".to_owned(), "42".to_owned()), ("project".to_owned(), "p1".to_owned())];
        let vars = Vars::of(&vars);
        let paths = Paths { vars: &vars, profile: None, query: true };
        let shown = |url| paths.templated("glance", "GET", UrlParts::of(url)).into_owned();
        assert_eq!(shown("http://h/v2/images/42/file"), "/v2/images/{image_id}/file");
        assert_eq!(shown("http://h/v2/images/4242"), "/v2/images/4242");
        assert_eq!(shown("http://h/v1/AUTH_p1/c?x=42&y=421"), "/v1/AUTH_{project}/c?x={image_id}&y=421");
        assert_eq!(shown("http://h"), "/");
    }

    #[test]
    fn of_variables_that_fit_the_first_is_shown() {
        let vars = [("b", "2"), ("ab", "1_2"), ("again", "2"), ("nothing", "")];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let shown = |segment: &str| Vars::of(&vars).shown(segment);
        assert_eq!(shown("1_2").as_deref(), Some("1_{b}"));
        assert_eq!(shown("x:1_2").as_deref(), Some("x:1_{b}"));
        assert_eq!(Vars::of(&vars[1..]).shown("x:1_2").as_deref(), Some("x:{ab}"));
        assert_eq!((shown("12"), shown("1_")), (None, None));
    }
}
