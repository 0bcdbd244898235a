//! What a heading, an arrow or a fence's title says of a message: `GET /path`, `200 OK /path`.

use super::scan::split_at_gaps;

/// A message as a line of text names it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Said<'a> {
    /// `METHOD TARGET`.
    Request { method: &'a str, target: &'a str },
    /// `STATUS REASON TARGET`; reason and target may be missing.
    Response { status: u16, reason: &'a str, target: Option<&'a str> },
    /// Something else.
    #[default]
    Other,
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

/// Reads `text`. Up to two words may stand before (`Response: 200 OK`), and backticks around.
pub(super) fn said(text: &str) -> Said<'_> {
    let words = words(text);
    for at in 0..words.len().min(3) {
        let (word, end) = words[at];
        if METHODS.contains(&word)
            && let Some(&(target, _)) = words.get(at + 1).filter(|(word, _)| is_target(word))
        {
            return Said::Request { method: word, target };
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
            return Said::Response { status, reason, target };
        }
    }
    Said::Other
}

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
        assert_eq!(said("GET /a/{b}"), Said::Request { method: "GET", target: "/a/{b}" });
        assert_eq!(said("`GET` `http://h/a`"), Said::Request { method: "GET", target: "http://h/a" });
        assert_eq!(
            said("Response: 300 Multiple Choices /a"),
            Said::Response { status: 300, reason: "Multiple Choices", target: Some("/a") }
        );
        assert_eq!(said("200 OK (이미지)"), Said::Response { status: 200, reason: "OK", target: None });
        assert_eq!(said("204"), Said::Response { status: 204, reason: "", target: None });
        assert_eq!(said("이미지 조회"), Said::Other);
        assert_eq!(said("GET it"), Said::Other);
    }
}
