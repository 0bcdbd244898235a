//! What the fences of a section print: header fields and a body.
//!
//! Which line of a fence shows which line of the message is kept, so that the page can say it again
//! line by line. What this leaves out: which fence is which.

use super::Document;
use super::sections::field;
use crate::text::Text;
use crate::trace::{Body, Headers};

/// How a fence's lines show lines of a message.
#[derive(Debug, Default, PartialEq)]
pub(in crate::import) struct Shown {
    /// For each line of the content: the message's line that it shows, from 0, and how many bytes
    /// come before and after it.
    pub(in crate::import) lines: Vec<Option<(usize, usize, usize)>>,
    /// How many lines the message's part has.
    pub(in crate::import) count: usize,
}

/// The header fields that a fence shows.
pub(in crate::import) fn header_content(document: &Document<'_>, fence: usize) -> (Headers, Shown) {
    let fence = &document.outline.fences[fence];
    let mut headers = Headers::default();
    let mut shown = Shown::default();
    for line in fence.content() {
        let text = document.lines.get(line);
        let indent = indent_of(text).min(fence.indent);
        match field(&text[indent..]) {
            Some((name, value)) => {
                let is_plain = text[indent + name.len()..].starts_with(": ");
                headers.push(Text::from(name.to_owned()), Text::from(value.to_owned()));
                shown.lines.push(is_plain.then_some((shown.count, indent, 0)));
                shown.count += 1;
            }
            None => shown.lines.push(None),
        }
    }
    (headers, shown)
}

/// The body that a fence shows.
pub(in crate::import) fn body_content(document: &Document<'_>, fence: usize) -> (Body, Shown) {
    let fence = &document.outline.fences[fence];
    let lines = &document.lines;
    let is_blank = |line: usize| lines.get(line).trim().is_empty();
    let content = fence.content();
    let mut shown = Shown { lines: vec![None; content.len()], count: 0 };
    let Some(first) = content.clone().find(|&line| !is_blank(line)) else { return (Body::Absent, shown) };
    let last = content.clone().rev().find(|&line| !is_blank(line)).unwrap_or(first);
    let mut text = String::new();
    for line in first..=last {
        let whole = lines.get(line);
        let mut before = indent_of(whole).min(fence.indent);
        if line == first {
            before += assignment(&whole[before..]);
        }
        let part = &whole[before..];
        if first == last && part.trim().eq_ignore_ascii_case(ABSENT) {
            shown.count = 1;
            let word = part.trim();
            if word == ABSENT && before <= fence.indent {
                let after = part.len() - part.trim_start().len();
                shown.lines[line - content.start] =
                    Some((0, before + after, part.trim_start().len() - word.len()));
            }
            return (Body::Absent, shown);
        }
        if line > first {
            text.push('\n');
        }
        text.push_str(part);
        // An empty line of a block is printed without its indent.
        if !part.is_empty() || whole.is_empty() {
            shown.lines[line - content.start] = Some((shown.count, before, 0));
        }
        shown.count += 1;
    }
    (Body::Text(text.into()), shown)
}

/// What the source documents print for a body that is not there.
const ABSENT: &str = "none";

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The length of `DATA=` before a body, a variable of the script that printed it.
fn assignment(text: &str) -> usize {
    let name = text.bytes().take_while(|b| b.is_ascii_uppercase() || *b == b'_').count();
    let is_one = (2..=16).contains(&name) && text[name..].starts_with('=');
    if is_one { name + 1 } else { 0 }
}
