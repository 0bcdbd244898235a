//! Calls that happen all the time and say nothing about a command.

/// A kind of call to leave out of pages. A condition that is `None` holds for every call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noise {
    /// The id of the participant that sends it.
    pub from: Option<String>,
    /// The id of the participant that receives it.
    pub to: Option<String>,
    /// The request's method.
    pub method: Option<String>,
    /// The request's path, mount included and query left out; `*` stands for any run of characters.
    pub path: Option<String>,
}

impl Noise {
    /// Whether a call of `method` on `path`, between participants of these ids, is of this kind.
    pub fn covers(&self, from: Option<&str>, to: Option<&str>, method: &str, path: &str) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        same(&self.from, from)
            && same(&self.to, to)
            && same(&self.method, Some(method))
            && self.path.as_deref().is_none_or(|pattern| wildcard_matches(pattern, path))
    }
}

/// Whether `pattern`, where `*` stands for any run of characters, is all of `text`.
pub(crate) fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let Some((middle, tail)) = rest.rsplit_once('*') else { return text.ends_with(rest) };
    // The earliest place for each part leaves the most text to those after it.
    for part in middle.split('*') {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "/a"),
            ("/a*", "/a"),
            ("*/a/*", "/p/a/b"),
            ("/a*b*c", "/a-b-b-c"),
            ("**", "x"),
            ("*/healthcheck", "/healthcheck"),
        ] {
            assert!(wildcard_matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "x"), ("/a", "/ab"), ("a*a", "a"), ("*b*c", "/bd"), ("/a*", "/b")] {
            assert!(!wildcard_matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn all_conditions_must_hold() {
        let noise = Noise { from: Some("a".into()), method: Some("GET".into()), ..Noise::default() };
        assert!(noise.covers(Some("a"), None, "GET", "/"));
        assert!(!noise.covers(Some("a"), None, "PUT", "/"));
        assert!(!noise.covers(None, Some("a"), "GET", "/"));
        assert!(Noise::default().covers(None, None, "GET", "/"));
    }
}
