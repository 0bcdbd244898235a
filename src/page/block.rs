//! Captured text as a page shows it: inside a fence, harmless, line by line.
//!
//! A body may hold anything: a fence's end, a snippet marker, an escape
//! sequence, a mark that turns the direction of text. A [`Block`] is such a text
//! made safe for a fence of a MkDocs page, still showing every character. What
//! it leaves out: text outside fences (headings, diagrams, attributes), which
//! `render::escape` makes safe.

use std::borrow::Cow;
use std::fmt;

use memchr::{memchr_iter, memmem, memrchr};

use crate::text::{self, Text};

/// What every snippet marker holds.
const MARKER: &[u8] = b"-8<-";

/// Text for the inside of a fence.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    text: Text,
    indent: usize,
    /// The longest run of backticks, where it is one that matters to a fence.
    backticks: usize,
    /// Whether it is shown as it came, in a fence of three backticks, and so is every part of it.
    is_plain: bool,
}

impl Block {
    /// The block that shows `text`.
    ///
    /// What cannot be shown becomes a visible escape (`\x1b`, `\u{202e}`), a carriage
    /// return before a line's end is part of that end, and a line that pymdownx would
    /// take for a snippet marker gets the `;` that escapes it.
    pub fn new(text: Text) -> Block {
        let (text, is_visible) = match visible(&text) {
            Cow::Borrowed(_) => (text, true),
            Cow::Owned(shown) => (shown.into(), false),
        };
        let has_markers = memmem::find(text.as_bytes(), MARKER).is_some();
        let text = if has_markers { without_markers(&text).into_owned().into() } else { text };
        let backticks = longest_run(&text);
        let is_plain = is_visible && !has_markers && backticks == 0;
        Block { text, indent: 0, backticks, is_plain }
    }

    /// The block that shows `part`. A part of the text of `whole`, where that is plain, is plain, too,
    /// and not looked at again.
    pub fn of_part(whole: &Block, part: Text) -> Block {
        if whole.is_plain && text::holds(&whole.text, &part) {
            return Block { text: part, indent: 0, backticks: 0, is_plain: true };
        }
        Block::new(part)
    }

    /// The same block with `indent` spaces before every line that is not empty.
    pub fn indented(&self, indent: usize) -> Block {
        Block { indent: self.indent + indent, ..self.clone() }
    }

    /// Two blocks, one below the other.
    pub fn joined(first: &Block, second: &Block) -> Block {
        Block {
            text: format!("{}\n{}", first.text, second.text).into(),
            indent: first.indent,
            backticks: first.backticks.max(second.backticks),
            is_plain: first.is_plain && second.is_plain,
        }
    }

    /// The text, without the indent.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The fence that this text cannot close: backticks, one more than the longest run inside, at least 3.
    pub fn fence(&self) -> String {
        "`".repeat(self.backticks.max(2) + 1)
    }

    /// Appends the lines, with `indent` more spaces before each that is not empty, without a line
    /// end after the last.
    pub fn write_indented(&self, indent: usize, out: &mut String) {
        write_indented(&self.text, self.indent + indent, out);
    }

    /// Writes the lines, without a line end after the last.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        if self.indent == 0 {
            return out.write_str(&self.text);
        }
        // Gathered, so that the writer is not called twice a line.
        let mut indented = String::with_capacity(self.text.len() + self.text.len() / 8 + 64);
        self.write_indented(0, &mut indented);
        out.write_str(&indented)
    }
}

/// Appends `text` with `width` spaces before each line that is not empty.
fn write_indented(text: &str, width: usize, out: &mut String) {
    if width == 0 {
        return out.push_str(text);
    }
    let indent = " ".repeat(width);
    let mut start = 0;
    for end in memchr_iter(b'\n', text.as_bytes()).map(|feed| feed + 1).chain([text.len()]) {
        let line = &text[start..end];
        if !line.is_empty() && line != "\n" {
            out.push_str(&indent);
        }
        out.push_str(line);
        start = end;
    }
}

fn longest_run(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut longest = 0;
    let mut end = 0;
    for at in memchr_iter(b'`', bytes) {
        if at < end {
            continue;
        }
        end = at + bytes[at..].iter().take_while(|&&b| b == b'`').count();
        longest = longest.max(end - at);
    }
    longest
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f)
    }
}

/// `text` with everything that a page cannot show as an escape that it can.
///
/// Line feeds and tabs stay; a carriage return at a line's end is dropped.
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text.as_bytes()) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek().is_none_or(|&next| next == '\n') => {}
            '\n' | '\t' => shown.push(c),
            c if is_hidden(c) && (c as u32) < 0x100 => shown.push_str(&format!("\\x{:02x}", c as u32)),
            c if is_hidden(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown.into()
}

/// Whether a page shows nothing, or something else, where this character stands.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// Whether every byte is printable ASCII, a line feed, a tab, or begins no hidden character:
/// the one pass that nearly all text ends with.
fn is_plain(bytes: &[u8]) -> bool {
    // Without a branch for each byte, so that the compiler makes vectors of it.
    let odd = |chunk: &[u8]| {
        chunk.iter().fold(false, |odd, &byte| {
            let is_printable = byte.wrapping_sub(b' ') < 0x7f - b' ';
            odd | !(is_printable | (byte == b'\n') | (byte == b'\t'))
        })
    };
    if !bytes.chunks(4096).any(odd) {
        return true;
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => !text.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'),
        Err(_) => false,
    }
}

/// `text` with a `;` before every snippet marker, as pymdownx's snippets extension asks.
///
/// A marker is a run of dashes, `8<` and a run of dashes, either first on its line
/// (after blanks and earlier `;`) or before a section (`[start:x]`, `[end:x]`).
pub fn without_markers(text: &str) -> Cow<'_, str> {
    let mut escaped = String::new();
    let mut copied = 0;
    let bytes = text.as_bytes();
    // Where the line of the last marker begins, and its first character that is no blank:
    // kept, so that a long line of markers is read once.
    let (mut line_start, mut first) = (0, None);
    for at in memmem::find_iter(bytes, MARKER) {
        let start =
            bytes[copied..at].iter().rposition(|&b| b != b'-').map_or(copied, |before| copied + before + 1);
        if let Some(end) = memrchr(b'\n', &bytes[line_start..start]) {
            line_start += end + 1;
            first = None;
        }
        let first = *first.get_or_insert_with(|| {
            line_start + bytes[line_start..].iter().take_while(|b| matches!(b, b' ' | b'\t' | b';')).count()
        });
        let after = text[at + 4..].trim_start_matches('-');
        let section =
            after.starts_with([' ', '\t']) && after.trim_start_matches([' ', '\t']).starts_with('[');
        if start == first || section {
            escaped.push_str(&text[copied..start]);
            escaped.push(';');
            copied = start;
        }
    }
    if escaped.is_empty() {
        return text.into();
    }
    escaped.push_str(&text[copied..]);
    escaped.into()
}

/// `text` without the terminal's colours and other control sequences (ECMA-48, CSI and OSC).
pub fn without_ansi(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        rest = match rest.as_bytes().first() {
            Some(b'[') => {
                let end = rest[1..].find(|c: char| !matches!(c, '\x20'..='\x3f'));
                match end.map(|end| end + 1) {
                    Some(end) if matches!(rest.as_bytes()[end], 0x40..=0x7e) => &rest[end + 1..],
                    Some(end) => &rest[end..],
                    None => "",
                }
            }
            Some(b']') => match rest.find(['\u{7}', '\u{1b}']) {
                Some(end) if rest.as_bytes()[end] == 7 => &rest[end + 1..],
                Some(end) => rest[end + 1..].strip_prefix('\\').unwrap_or(&rest[end..]),
                None => "",
            },
            Some(0x40..=0x5f | b'(' | b')') => {
                let skip = if matches!(rest.as_bytes()[0], b'(' | b')') { 2 } else { 1 };
                rest.get(skip..).unwrap_or("")
            }
            _ => rest,
        };
    }
    plain.push_str(rest);
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, indent: usize) -> String {
        Block::new(Text::from(text.to_owned())).indented(indent).to_string()
    }

    #[test]
    fn lines_are_indented_and_empty_ones_are_not() {
        assert_eq!(shown("a\n\n b\n", 4), "    a\n\n     b\n");
        assert_eq!(shown("", 4), "");
    }

    #[test]
    fn what_cannot_be_shown_is_escaped() {
        assert_eq!(
            shown("a\u{1b}[1m\u{2}\r\nb\rc\u{202e}\u{7f}가\t", 0),
            "a\\x1b[1m\\x02\nb\\x0dc\\u{202e}\\x7f가\t"
        );
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        let fence = |text: &str| Block::new(Text::from(text.to_owned())).fence();
        assert_eq!(fence("a"), "```");
        assert_eq!(fence("``` x ```` y"), "`````");
    }

    #[test]
    fn markers_get_their_semicolon() {
        assert_eq!(without_markers("--8<-- \"x\""), ";--8<-- \"x\"");
        assert_eq!(without_markers("  ;-8<- \"x\"\n--8<--"), "  ;;-8<- \"x\"\n;--8<--");
        assert_eq!(without_markers("# ---8<--- [start:x]"), "# ;---8<--- [start:x]");
        assert_eq!(without_markers("a --8<-- \"x\""), "a --8<-- \"x\"");
        assert_eq!(without_markers("--8<--8<-- x"), ";--8<--8<-- x");
    }

    #[test]
    fn terminal_sequences_go() {
        assert_eq!(without_ansi("\u{1b}[1;31mred\u{1b}[0m \u{1b}]0;t\u{7}x\u{1b}(By\u{1b}"), "red xy");
    }

    proptest! {
        #[test]
        fn a_part_is_shown_as_it_is_alone(text in "[-8<`a\\n\\r가\u{202e}]{0,12}|[-8a\\n가]{0,12}") {
            let text = Text::from(text);
            let whole = Block::new(text.clone());
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            for (index, &start) in places.iter().enumerate() {
                for &end in &places[index..] {
                    let part = text::slice(&text, &text[start..end]);
                    prop_assert_eq!(Block::of_part(&whole, part.clone()), Block::new(part));
                }
            }
        }

        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            let shown = visible(&text).into_owned();
            prop_assert!(!shown.chars().any(|c| is_hidden(c) && c != '\n' && c != '\t'));
            prop_assert_eq!(visible(&shown), shown.as_str());
            without_ansi(&text);
            without_markers(&text);
        }
    }
}
