//! What a heading, an arrow or a fence's title says of a message: `GET /path`, `200 OK /path`.

use super::scan::split_at_gaps;

/// A message as a line of text names it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum MessageLine<'a> {
    /// `METHOD TARGET`.
    Request { method: &'a str, target: &'a str },
    /// `STATUS REASON TARGET`; reason and target may be missing.
    Response { status: u16, reason: &'a str, target: Option<&'a str> },
    /// Something else.
    #[default]
    Other,
}

impl<'a> MessageLine<'a> {
    /// Reads `text`. Up to two words may come before it (`Response: 200 OK`), and backticks around.
    pub(super) fn of(text: &'a str) -> MessageLine<'a> {
        let words = words(text);
        for at in 0..words.len().min(3) {
            let (word, end) = words[at];
            if METHODS.contains(&word)
                && let Some(&(target, _)) = words.get(at + 1).filter(|(word, _)| is_target(word))
            {
                return MessageLine::Request { method: word, target };
            }
            if let Some(status) = status(word) {
                let mut reason = &text[end..end];
                let mut target = None;
                for &(word, word_end) in &words[at + 1..] {
                    if is_target(word) {
                        target = Some(word);
                        break;
                    }
                    if !word.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'\'')) {
                        break;
                    }
                    reason = text[end..word_end].trim_start_matches([' ', '\t', '`']);
                }
                return MessageLine::Response { status, reason, target };
            }
        }
        MessageLine::Other
    }

    /// Reads the title of a fence, which may name a URL: all between a status and that is the reason.
    pub(super) fn of_title(text: &'a str) -> MessageLine<'a> {
        let found = MessageLine::of(text);
        let url = ["http://", "https://"].iter().filter_map(|scheme| text.find(scheme)).min();
        let told = text.split_once(' ').zip(url).filter(|((word, _), _)| status(word).is_some());
        match (found, told) {
            (MessageLine::Response { status, reason, target: None }, Some(((word, _), url))) => {
                let target = text[url..].split_whitespace().next();
                let between = text.get(word.len()..url).map_or(reason, str::trim);
                MessageLine::Response { status, reason: between, target }
            }
            (found, _) => found,
        }
    }

    /// Reads the first line of a message (RFC 9112, 3 and 4): `GET /path HTTP/1.1`, `HTTP/1.1 200 OK`.
    pub(super) fn of_start_line(line: &'a str) -> MessageLine<'a> {
        let is_version = |word: &str| {
            word.strip_prefix("HTTP/")
                .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        };
        let mut words = line.split_whitespace();
        let is_one = match (words.next(), words.next(), words.next(), words.next()) {
            (Some(version), Some(_), ..) if is_version(version) => true,
            (Some(_), Some(target), Some(version), None) => is_version(version) && is_target(target),
            (Some(method), Some(target), None, None) => METHODS.contains(&method) && is_target(target),
            _ => false,
        };
        if is_one { MessageLine::of(line) } else { MessageLine::Other }
    }

    /// The path or URL that it names.
    pub(super) fn target(&self) -> Option<&'a str> {
        match self {
            MessageLine::Request { target, .. } => Some(target),
            MessageLine::Response { target, .. } => *target,
            MessageLine::Other => None,
        }
    }

    /// Whether it is surely a message of HTTP: a number may be one by chance.
    pub(super) fn is_http(&self) -> bool {
        match self {
            MessageLine::Request { .. } => true,
            // A reason phrase begins with a capital letter, and few words after a number do.
            MessageLine::Response { reason, target, .. } => {
                target.is_some() || reason.starts_with(|c: char| c.is_ascii_uppercase())
            }
            MessageLine::Other => false,
        }
    }
}

/// Methods of RFC 9110, of WebDAV, and those that object stores add.
const METHODS: [&str; 17] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "MKCOL",
    "PROPFIND",
    "PROPPATCH",
    "REPORT",
];

/// The words of a text without backticks around, and where each ends.
fn words(text: &str) -> Vec<(&str, usize)> {
    // Nobody names a message with more words than this.
    const MOST: usize = 25;
    let words = split_at_gaps(text, |c| c.is_whitespace() || c == '`');
    words.take(MOST).map(|range| (&text[range.clone()], range.end)).collect()
}

fn is_target(word: &str) -> bool {
    word.starts_with('/') || word.starts_with("http://") || word.starts_with("https://")
}

fn status(word: &str) -> Option<u16> {
    let word = word.trim_end_matches([':', ',']);
    let is_status = word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    word.parse().ok().filter(|status| is_status && (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read() {
        assert_eq!(MessageLine::of("GET /a/{b}"), MessageLine::Request { method: "GET", target: "/a/{b}" });
        assert_eq!(
            MessageLine::of("`GET` `http://h/a`"),
            MessageLine::Request { method: "GET", target: "http://h/a" }
        );
        assert_eq!(
            MessageLine::of("Response: 300 Multiple Choices /a"),
            MessageLine::Response { status: 300, reason: "Multiple Choices", target: Some("/a") }
        );
        assert_eq!(
            MessageLine::of("200 OK (이미지)"),
            MessageLine::Response { status: 200, reason: "OK", target: None }
        );
        assert_eq!(MessageLine::of("204"), MessageLine::Response { status: 204, reason: "", target: None });
        assert_eq!(MessageLine::of("이미지 조회"), MessageLine::Other);
        assert_eq!(MessageLine::of("GET it"), MessageLine::Other);
    }

    #[test]
    fn a_title_has_the_whole_reason() {
        let of = |reason, target| MessageLine::Response { status: 404, reason, target };
        assert_eq!(
            MessageLine::of_title("404 찾을 수 없음 http://h/a"),
            of("찾을 수 없음", Some("http://h/a"))
        );
        assert_eq!(
            MessageLine::of_title("404 It's \"fine\" https://h/"),
            of("It's \"fine\"", Some("https://h/"))
        );
        assert_eq!(MessageLine::of_title("404 Not Found http://h/a"), of("Not Found", Some("http://h/a")));
        assert_eq!(MessageLine::of_title("404 Not Found"), of("Not Found", None));
    }

    #[test]
    fn first_lines_of_messages_are_read() {
        let get = MessageLine::Request { method: "GET", target: "/a?b=c" };
        assert_eq!(MessageLine::of_start_line("GET /a?b=c HTTP/1.1"), get);
        assert_eq!(MessageLine::of_start_line("GET /a?b=c"), get);
        let found = MessageLine::Response { status: 302, reason: "Found", target: None };
        assert_eq!(MessageLine::of_start_line("HTTP/1.1 302 Found"), found);
        assert_eq!(
            MessageLine::of_start_line("HTTP/2 204"),
            MessageLine::Response { status: 204, reason: "", target: None }
        );
        for line in ["GET /a is what it asks", "Host: h", "200 OK", "HTTP/1.1", ""] {
            assert_eq!(MessageLine::of_start_line(line), MessageLine::Other, "{line}");
        }
    }

    #[test]
    fn a_number_alone_is_no_message_of_http() {
        for (text, is_http) in [
            ("GET /a", true),
            ("200 OK", true),
            ("404 not found /a", true),
            ("Response: 204 No Content", true),
            ("200 apples", false),
            ("about 300", false),
            ("may you look at this?", false),
        ] {
            assert_eq!(MessageLine::of(text).is_http(), is_http, "{text}");
        }
    }
}
