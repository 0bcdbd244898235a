//! What a path shows: the values that differ from run to run as `{names}`.
//!
//! A page that shows an image's id in every heading is new after every run, and
//! says less than one that shows `{image_id}`. The maintainer's variables come
//! first, the profile's routes after. What this leaves out: titles and logs,
//! which always show the real URL.

use std::borrow::Cow;

use crate::profile::Profile;
use crate::trace::UrlParts;

/// How the paths of a page are shown.
#[derive(Clone, Copy, Debug)]
pub struct Paths<'a> {
    /// The maintainer's variables: name and value.
    pub vars: &'a [(String, String)],
    /// Where routes come from.
    pub profile: Option<&'a Profile>,
    /// Whether the query is shown.
    pub query: bool,
}

impl Paths<'_> {
    /// The path of a URL with variables for values, and its query where queries are shown.
    /// `participant` is the receiver's id, as routes are a participant's own.
    pub fn templated<'u>(&self, participant: &str, method: &str, parts: UrlParts<'u>) -> Cow<'u, str> {
        let route = self.profile.and_then(|profile| profile.route(participant, method, parts.path));
        let mut path = Cow::Borrowed(parts.path);
        if route.is_some() || self.vars.iter().any(|(_, value)| parts.path.contains(value.as_str())) {
            let route = route.as_ref().map_or(parts.path, |route| &route.template);
            let mut routed = route.split('/');
            let segments: Vec<Cow<'_, str>> = parts
                .path
                .split('/')
                .map(|segment| {
                    let routed = routed.next().unwrap_or(segment);
                    self.variable(segment).unwrap_or(Cow::Borrowed(routed))
                })
                .collect();
            path = segments.join("/").into();
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
            Some((key, value)) => match self.variable(value) {
                Some(name) => format!("{key}={name}").into(),
                None => Cow::Borrowed(pair),
            },
            None => pair.into(),
        });
        pairs.collect::<Vec<_>>().join("&")
    }

    /// `{name}` for a whole value, or for one at the end of a segment such as `AUTH_<project>`.
    fn variable(&self, segment: &str) -> Option<Cow<'static, str>> {
        self.vars.iter().filter(|(_, value)| !value.is_empty()).find_map(|(name, value)| {
            let before = segment.strip_suffix(value.as_str())?;
            (before.is_empty() || before.ends_with(['_', ':', '=']))
                .then(|| format!("{before}{{{name}}}").into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_replace_whole_segments_and_query_values() {
        let vars = [("image_id".to_owned(), "42".to_owned()), ("project".to_owned(), "p1".to_owned())];
        let paths = Paths { vars: &vars, profile: None, query: true };
        let shown = |url| paths.templated("glance", "GET", UrlParts::of(url)).into_owned();
        assert_eq!(shown("http://h/v2/images/42/file"), "/v2/images/{image_id}/file");
        assert_eq!(shown("http://h/v2/images/4242"), "/v2/images/4242");
        assert_eq!(shown("http://h/v1/AUTH_p1/c?x=42&y=421"), "/v1/AUTH_{project}/c?x={image_id}&y=421");
        assert_eq!(shown("http://h"), "/");
    }
}
