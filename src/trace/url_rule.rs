//! By which URLs a participant is known.
//!
//! A rule is written as a part of a URL: `:9292` (a port), `/image` (a path and all below it), `:8080/v1/AUTH_*`
//! (both; `*` ends a path that need not end at a `/`), `images.example.org` (a host, any port) or
//! `https://images.example.org/v2`, which has the port of its scheme. Hosts, ports and segments of paths are
//! whole ones. Of several rules that fit a URL the one with the longest path counts, then one with a host, then
//! one with a port. What this leaves out: who the participants are.

use std::collections::HashMap;

use serde::Deserialize;

use super::{UrlParts, default_port};

/// What a URL must look like to be a participant's.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UrlRule {
    host: Option<String>,
    port: Option<u16>,
    /// From the first `/`, without a slash at its end; empty for any path.
    path: String,
    /// The path may go on in the middle of a segment.
    open: bool,
}

impl UrlRule {
    /// Reads a rule; the error is a sentence without a full stop.
    pub(crate) fn parse(text: &str) -> Result<UrlRule, String> {
        let (scheme, rest) =
            text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (path, open) = match path.strip_suffix('*') {
            Some(path) => (path, true),
            None => (path.trim_end_matches('/'), false),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => {
                let port = port.parse().map_err(|_| format!("`{port}` is no port number"))?;
                (host, Some(port))
            }
            // A whole URL means the port that it leads to.
            _ => (authority, scheme.filter(|_| !authority.is_empty()).and_then(default_port)),
        };
        if text.contains(['?', '#']) {
            return Err("a URL rule has no query and no fragment".to_owned());
        }
        if host.is_empty() && port.is_none() && path.is_empty() {
            return Err(format!("`{text}` would be every URL: name a host, a `:port` or a `/path`"));
        }
        let host = (!host.is_empty()).then(|| host.to_ascii_lowercase());
        Ok(UrlRule { host, port, path: path.to_owned(), open })
    }

    fn fits(&self, url: &UrlParts<'_>) -> bool {
        self.host.as_ref().is_none_or(|host| url.host().eq_ignore_ascii_case(host))
            && self.port.is_none_or(|port| url.port() == Some(port))
            && url.path.strip_prefix(self.path.as_str()).is_some_and(|rest| {
                self.open || self.path.is_empty() || rest.is_empty() || rest.starts_with('/')
            })
    }

    /// How exact the rule is; of several that fit a URL the most exact counts.
    fn weight(&self) -> (usize, bool, bool) {
        (self.path.len(), self.host.is_some(), self.port.is_some())
    }

    fn first_segment(&self) -> Option<&str> {
        let mut segments = self.path.split('/').skip(1);
        let first = segments.next()?;
        // The last segment of an open rule may be the beginning of a longer one.
        (!self.open || segments.next().is_some()).then_some(first)
    }
}

impl TryFrom<String> for UrlRule {
    type Error = String;

    fn try_from(text: String) -> Result<UrlRule, String> {
        UrlRule::parse(&text)
    }
}

/// All rules, found by what a URL begins with.
#[derive(Debug, Default)]
pub(crate) struct UrlIndex {
    /// The rules with their participants, the most exact first.
    rules: Vec<(UrlRule, usize)>,
    by_segment: HashMap<String, Vec<usize>>,
    by_port: HashMap<u16, Vec<usize>>,
    others: Vec<usize>,
}

impl UrlIndex {
    pub(crate) fn new(mut rules: Vec<(UrlRule, usize)>) -> UrlIndex {
        rules.sort_by_key(|(rule, _)| std::cmp::Reverse(rule.weight()));
        let mut index = UrlIndex::default();
        for (at, (rule, _)) in rules.iter().enumerate() {
            match (rule.first_segment(), rule.port) {
                (Some(segment), _) => index.by_segment.entry(segment.to_owned()).or_default().push(at),
                (None, Some(port)) => index.by_port.entry(port).or_default().push(at),
                (None, None) => index.others.push(at),
            }
        }
        UrlIndex { rules, ..index }
    }

    pub(crate) fn find(&self, url: &UrlParts<'_>) -> Option<usize> {
        let segment = url.path.split('/').nth(1).and_then(|segment| self.by_segment.get(segment));
        let port = url.port().and_then(|port| self.by_port.get(&port));
        let first = |at: Option<&Vec<usize>>| {
            at.and_then(|rules| rules.iter().copied().find(|&rule| self.rules[rule].0.fits(url)))
        };
        let best = [first(segment), first(port), first(Some(&self.others))].into_iter().flatten().min()?;
        Some(self.rules[best].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(rules: &[&str], url: &str) -> Option<usize> {
        let rules = rules.iter().enumerate().map(|(at, rule)| (UrlRule::parse(rule).unwrap(), at)).collect();
        UrlIndex::new(rules).find(&UrlParts::of(url))
    }

    #[test]
    fn the_most_exact_rule_counts() {
        let rules = [":80", "/image", "h.example", "h.example:80/image/v2", "/image/v*"];
        assert_eq!(find(&rules, "http://x/"), Some(0));
        assert_eq!(find(&rules, "http://x/image"), Some(1));
        assert_eq!(find(&rules, "http://x/images"), Some(0));
        assert_eq!(find(&rules, "http://H.example/other"), Some(2));
        assert_eq!(find(&rules, "http://h.example/image/v2/images"), Some(3));
        assert_eq!(find(&rules, "http://x:1/image/v3"), Some(4));
        assert_eq!(find(&rules, "https://x/other"), None);
    }

    #[test]
    fn a_rule_is_of_whole_names_ports_and_segments() {
        let rules = ["http://h", "http://h:9292", "https://h/a", "http://h:9292/v2"];
        assert_eq!(find(&rules, "http://h/x"), Some(0));
        assert_eq!(find(&rules, "http://h:92"), None);
        assert_eq!(find(&rules, "http://h:92920/"), None);
        assert_eq!(find(&rules, "http://hh/"), None);
        assert_eq!(find(&rules, "http://h:9292/v2/images"), Some(3));
        assert_eq!(find(&rules, "http://h:9292/v22"), Some(1));
        assert_eq!(find(&rules, "https://h/a/b"), Some(2));
        assert_eq!(find(&rules, "https://h/b"), None);
    }

    #[test]
    fn of_equal_rules_the_first_counts() {
        assert_eq!(find(&["h", "h"], "http://h/"), Some(0));
    }

    #[test]
    fn a_rule_for_everything_is_refused() {
        for text in ["", "/", "http://", ":x", "/a?b"] {
            assert!(UrlRule::parse(text).is_err(), "{text}");
        }
    }
}
