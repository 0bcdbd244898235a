//! What a command did on the wire, as plain data.
//!
//! Every producer (log readers, the HAR reader, the capture client, the import
//! of a page) ends in a [`Trace`], and everything after it starts there. Nothing
//! here reads, writes, numbers or decides; it only holds what was seen. Names
//! and values keep the case, order and repetition of the wire.

mod body;
#[cfg(test)]
pub(crate) mod testing;
mod url_rule;

pub use body::{Binary, Body};
pub(crate) use body::{is_omission, omission, omitted_length};
pub(crate) use url_rule::UrlIndex;
pub use url_rule::UrlRule;

use memchr::{memchr, memchr_iter, memchr2};

use crate::text::Text;

/// All exchanges that a command caused, whoever sent them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The exchanges, in the order of their array or of their requests in a log.
    pub exchanges: Vec<Exchange>,
    /// Places of the input where an entry was damaged and left out.
    pub gaps: Vec<Gap>,
    /// What the recorder has to say of the whole: what it refused, could not see, or cut.
    pub notes: Vec<Text>,
}

/// One request and its response.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exchange {
    /// Who sent the request, as the source names it; `None` when it does not say.
    pub from: Option<Text>,
    /// Nobody saw who sent it: it is taken to be the receiver of the exchange around it.
    pub from_inferred: bool,
    /// Who received the request, as the source names it; `None` when it does not say.
    pub to: Option<Text>,
    /// When the request was sent, in microseconds since 1970-01-01 UTC.
    pub started: Micros,
    /// When the response was complete; `None` when none came.
    pub ended: Option<Micros>,
    /// How much of the time between the two went into sending the request.
    pub sending: Micros,
    /// How much of it went into receiving the response, from its first byte on; the rest was waiting.
    pub receiving: Micros,
    /// The times are made up to carry an order (the source had none); no page shows them.
    pub synthetic: bool,
    /// How the exchange came to be known.
    pub known_from: KnownFrom,
    /// Why it failed, in the words of who recorded it, where it did.
    pub failure: Option<Text>,
    /// How many messages of a WebSocket followed; the trace does not hold them.
    pub web_socket_messages: usize,
    /// The request.
    pub request: Request,
    /// The response; `None` when none came.
    pub response: Option<Response>,
}

/// Microseconds since 1970-01-01 UTC.
pub type Micros = i64;

/// How an exchange came to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KnownFrom {
    /// It was recorded, with headers and bodies.
    #[default]
    Wire,
    /// A hand-written page only draws it: there is a method, a path and a status, no more.
    Diagram,
    /// Only its response was recorded: the request's own entry is damaged or missing, and its
    /// method and URL are what the response's entry says of them.
    Response,
}

/// A request as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The method, as sent.
    pub method: Text,
    /// The whole URL, as the source gives it.
    pub url: Text,
    /// The version of the protocol, where the source tells it and it is not HTTP/1.1.
    pub version: Option<Text>,
    /// The header fields, in order.
    pub headers: Headers,
    /// The media type of the body, where the source tells it and no header field does.
    pub media_type: Option<Text>,
    /// The body.
    pub body: Body,
    /// The fields that followed the body.
    pub trailers: Headers,
}

/// A response as it was received.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// The status code; 0 where the source has a response and does not tell its status.
    pub status: u16,
    /// The reason phrase, in the case of the wire; may be empty.
    pub reason: Text,
    /// The URL that the response's own log entry names, where it is not the request's
    /// (a trailing slash gained on the way, say).
    pub url: Option<Text>,
    /// The answers of 1xx that came before it, in order.
    pub informational: Vec<Informational>,
    /// The version of the protocol, where the source tells it and it is not HTTP/1.1.
    pub version: Option<Text>,
    /// The header fields, in order.
    pub headers: Headers,
    /// The media type of the body, where the source tells it and no header field does.
    pub media_type: Option<Text>,
    /// The body.
    pub body: Body,
    /// The fields that followed the body.
    pub trailers: Headers,
}

/// An answer that is not the response yet: `100 Continue`, `103 Early Hints`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Informational {
    /// The status code, from 100 to 199.
    pub status: u16,
    /// The reason phrase, in the case of the wire; may be empty.
    pub reason: Text,
    /// The header fields, in order.
    pub headers: Headers,
}

/// Header fields in the order, case and repetition of the wire.
#[derive(Clone, Default)]
pub struct Headers(Repr);

/// A log holds headers as lines, which a page shows as lines: they are not taken apart and put
/// together again unless somebody asks for a field.
#[derive(Clone)]
enum Repr {
    /// `Name: value`, one a line.
    Lines(Text),
    Fields(Vec<(Text, Text)>),
}

impl Default for Repr {
    fn default() -> Repr {
        Repr::Lines(Text::new())
    }
}

impl Headers {
    /// The fields that `lines` holds, one a line. The caller has seen that each is a name, a
    /// colon, a space and a value.
    pub(crate) fn from_checked_lines(lines: Text) -> Headers {
        let is_field = |line: &str| line.split_once(": ").is_some_and(|(name, _)| !name.contains(':'));
        debug_assert!(lines.is_empty() || lines.split('\n').all(is_field), "{lines}");
        Headers(Repr::Lines(lines))
    }

    /// Whether each field, written as a line, can be read back from it.
    pub(crate) fn are_lines(&self) -> bool {
        match &self.0 {
            Repr::Lines(_) => true,
            Repr::Fields(fields) => fields
                .iter()
                .all(|(name, value)| !name.contains(':') && !name.contains('\n') && !value.contains('\n')),
        }
    }

    /// The fields as lines, `Name: value`, where the source gave them so.
    pub fn as_lines(&self) -> Option<&str> {
        match &self.0 {
            Repr::Lines(lines) => Some(lines),
            Repr::Fields(_) => None,
        }
    }

    /// The fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let (lines, fields): (&str, &[_]) = match &self.0 {
            Repr::Lines(lines) => (lines, &[]),
            Repr::Fields(fields) => ("", fields),
        };
        let lines = lines.split('\n').filter_map(|line| line.split_once(": "));
        lines.chain(fields.iter().map(|(name, value)| (&**name, &**value)))
    }

    /// The fields as lines, `Name: value`.
    pub fn lines(&self) -> Text {
        let fields = match &self.0 {
            Repr::Lines(lines) => return lines.clone(),
            Repr::Fields(fields) => fields,
        };
        let length = fields.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
        let mut lines = String::with_capacity(length);
        for (name, value) in fields {
            if !lines.is_empty() {
                lines.push('\n');
            }
            lines.push_str(name);
            lines.push_str(": ");
            lines.push_str(value);
        }
        lines.into()
    }

    /// Adds a field after the others.
    pub fn push(&mut self, name: Text, value: Text) {
        match &mut self.0 {
            Repr::Fields(fields) => fields.push((name, value)),
            Repr::Lines(_) => {
                let mut fields: Vec<(Text, Text)> =
                    self.iter().map(|(name, value)| (Text::from(name), Text::from(value))).collect();
                fields.push((name, value));
                self.0 = Repr::Fields(fields);
            }
        }
    }

    /// The value of the first field of this name, whatever its case.
    pub fn get(&self, name: &str) -> Option<&str> {
        let Repr::Lines(lines) = &self.0 else {
            return self.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        };
        let mut start = 0;
        for end in memchr_iter(b'\n', lines.as_bytes()).chain([lines.len()]) {
            let line = &lines[start..end];
            // The colon is looked for where this name ends, and not in every line.
            if line.as_bytes().get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name)
            {
                return line[name.len()..].strip_prefix(": ");
            }
            start = end + 1;
        }
        None
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.iter().eq(other.iter())
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromIterator<(Text, Text)> for Headers {
    fn from_iter<I: IntoIterator<Item = (Text, Text)>>(fields: I) -> Headers {
        Headers(Repr::Fields(fields.into_iter().collect()))
    }
}

/// A place where the input was damaged, kept so that the page can show it where it happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    /// When, on the scale of the exchanges' times: it comes after every message up to this moment.
    pub at: Micros,
    /// The line of the input, from 1.
    pub line: usize,
    /// The column of the input in characters, from 1.
    pub column: usize,
    /// What is wrong there, one sentence without a full stop.
    pub reason: String,
}

/// The parts of a URL that pages show, cut from it without changing a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UrlParts<'a> {
    /// `http`, or empty.
    pub scheme: &'a str,
    /// `host:port` with any credentials, or empty.
    pub authority: &'a str,
    /// From the first `/` to the query; `/` where the URL has none.
    pub path: &'a str,
    /// After the `?`, without it; `None` where the URL has none.
    pub query: Option<&'a str>,
}

impl<'a> UrlParts<'a> {
    /// Cuts `url`, absolute or only a path, at the places RFC 3986 (appendix B) names.
    pub fn of(url: &'a str) -> UrlParts<'a> {
        let url = memchr(b'#', url.as_bytes()).map_or(url, |end| &url[..end]);
        let colon = memchr_iter(b':', url.as_bytes()).find(|&at| url[at..].starts_with("://"));
        let (scheme, rest) = match colon.map(|at| (&url[..at], &url[at + "://".len()..])) {
            Some((scheme, rest)) if !scheme.contains('/') => (scheme, rest),
            _ => ("", url),
        };
        let (authority, rest) = if scheme.is_empty() {
            ("", rest)
        } else {
            rest.split_at(memchr2(b'/', b'?', rest.as_bytes()).unwrap_or(rest.len()))
        };
        let (path, query) = match memchr(b'?', rest.as_bytes()) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        UrlParts { scheme, authority, path: if path.is_empty() { "/" } else { path }, query }
    }

    /// The host without credentials and port.
    pub fn host(&self) -> &'a str {
        let host = self.host_and_port();
        match host.rfind(':') {
            Some(at) if !host[at..].contains(']') => &host[..at],
            _ => host,
        }
    }

    /// The port that the URL names, or its scheme's own.
    pub fn port(&self) -> Option<u16> {
        let host = self.host_and_port();
        match host.rfind(':') {
            Some(at) if !host[at..].contains(']') => host[at + 1..].parse().ok(),
            _ => default_port(self.scheme),
        }
    }

    /// The authority without credentials.
    pub fn host_and_port(&self) -> &'a str {
        self.authority.rsplit_once('@').map_or(self.authority, |(_, host)| host)
    }
}

/// The port of a scheme.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_without_change() {
        let parts = UrlParts::of("http://u:p@[::1]:9292/v2//images?name=a?b/c#d");
        assert_eq!(parts.authority, "u:p@[::1]:9292");
        assert_eq!((parts.host(), parts.port()), ("[::1]", Some(9292)));
        assert_eq!((parts.path, parts.query), ("/v2//images", Some("name=a?b/c")));
        assert_eq!(UrlParts::of("http://h?q").path, "/");
        assert_eq!(UrlParts::of("/a://b?c").path, "/a://b");
        assert_eq!(UrlParts::of("https://h").port(), Some(443));
        assert_eq!(UrlParts::of("http://[::1]/x").port(), Some(80));
    }
}
