//! Text that stays what it is outside a fence: in diagrams, headings, attributes.
//!
//! Each place of a page has characters that mean something there. These
//! functions change only those, so that ordinary text comes out as it went in.
//! What this leaves out: the inside of fences, which [`crate::page::Block`] does.

use std::borrow::Cow;

use crate::page::visible;

/// `text` for a message, alias, note or box of a mermaid sequence diagram.
///
/// Mermaid drops what follows `#`, ends a statement at `;`, reads HTML, loses
/// `%%{…}%%`, and eats a leading `wrap:`; all of that becomes its own `#…;` entities,
/// in one pass.
pub fn mermaid(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    let leading = ["wrap:", "nowrap:"].iter().any(|word| {
        text.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    });
    let means_something =
        |byte| matches!(byte, b'#' | b';' | b'<' | b'>' | b'%' | b'`' | b'\n' | b'\t' | 0x80..);
    if !leading && !text.bytes().any(means_something) && text.trim() == &*text {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut chars = text.trim().chars().peekable();
    let mut first_colon = leading;
    while let Some(c) = chars.next() {
        match c {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '%' if chars.peek() == Some(&'%') || escaped.ends_with("#37;") => escaped.push_str("#37;"),
            '`' => escaped.push_str("#96;"),
            // What mermaid itself writes for an entity while it parses is `ﬂ°…¶ß`.
            'ﬂ' => escaped.push_str("#64258;"),
            '¶' => escaped.push_str("#182;"),
            ':' if first_colon => {
                first_colon = false;
                escaped.push_str("#58;");
            }
            '\n' | '\t' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// `text` for a heading or a line of prose: as it is where Markdown and the usual
/// extensions leave it alone, else as a code span.
pub fn inline(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if is_inert(&shown) {
        return shown;
    }
    code(&shown).into()
}

/// `text` as a code span that its own backticks cannot end.
pub fn code(text: &str) -> String {
    let shown = visible(text).replace('\n', " ");
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let pad = if shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{shown}{pad}{ticks}")
}

/// `text` as the quoted value of a fence's option: in double quotes where it holds none,
/// else in single ones; there is no escape for a quote, so where it holds both, a double
/// quote is percent-encoded.
pub fn quoted(text: &str) -> String {
    let shown = visible(text).replace(['\n', '\t'], " ");
    match (shown.contains('"'), shown.contains('\'')) {
        (false, _) => format!("\"{shown}\""),
        (true, false) => format!("'{shown}'"),
        (true, true) => format!("\"{}\"", shown.replace('"', "%22")),
    }
}

/// A Markdown link.
pub fn link(text: &str, url: &str) -> String {
    format!("[{}]({})", inline(text), visible(url).replace([' ', '(', ')', '<', '>'], "%20"))
}

/// `text` as a JSON string, quotes included.
pub fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

/// Whether neither Markdown nor the usual extensions (smart symbols, emoji, math, carets,
/// tildes, marks) would change this text.
pub(super) fn is_inert(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = b' ';
    for (at, &byte) in bytes.iter().enumerate() {
        let inert = match byte {
            _ if ALWAYS_INERT[usize::from(byte)] => true,
            b'-' | b'.' | b'=' | b'+' => byte != before,
            b'_' => before != b'_' && before != b' ',
            b'{' => before != b' ',
            // `+/-`, `c/o` and `1/2` are symbols to some.
            b'/' => {
                !matches!((before, bytes.get(at + 1)), (b'+', Some(b'-')) | (b'c' | b'C', Some(b'o' | b'O')))
                    && !is_fraction(bytes, at)
            }
            _ => false,
        };
        if !inert {
            return false;
        }
        before = byte;
    }
    text.is_ascii() || text.chars().all(|c| c.is_ascii() || c.is_alphanumeric())
}

/// Bytes that mean nothing wherever they stand.
static ALWAYS_INERT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'?' | b'&' | b',' | b'%' | b'}' | 0x80..);
        byte += 1;
    }
    table
};

/// Whether smart symbols would make a fraction (`1/2`) around this slash. Digits are looked at from
/// here alone: in the middle of an id they come and go as no processor can foresee.
fn is_fraction(bytes: &[u8], slash: usize) -> bool {
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    digit(slash.checked_sub(1))
        && digit(Some(slash + 1))
        && !digit(slash.checked_sub(2))
        && !digit(Some(slash + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mermaid_text_keeps_what_mermaid_would_lose() {
        assert_eq!(mermaid("GET /v2/images/{image_id}?a=%20b"), "GET /v2/images/{image_id}?a=%20b");
        assert_eq!(mermaid("a#b;c<d>e"), "a#35;b#59;c#lt;d#gt;e");
        assert_eq!(mermaid("%%{init}%%"), "#37;#37;{init}#37;#37;");
        assert_eq!(mermaid("wrap: x: y"), "wrap#58; x: y");
        assert_eq!(mermaid(" a\nb "), "a b");
        assert_eq!(mermaid("ﬂ°°35¶ß"), "#64258;°°35#182;ß");
    }

    #[test]
    fn ordinary_paths_stay_and_odd_ones_become_code() {
        assert_eq!(inline("GET /v2.1/images/{image_id}"), "GET /v2.1/images/{image_id}");
        assert_eq!(inline("/a/__init__"), "`/a/__init__`");
        assert_eq!(inline("/v1/1/2"), "`/v1/1/2`");
        assert_eq!(inline("/v1/11/2"), "/v1/11/2");
        assert_eq!(inline("1/2"), "`1/2`");
        assert_eq!(inline("1/23"), "1/23");
        assert_eq!(inline("/a`b``c"), "```/a`b``c```");
        assert_eq!(inline("`a`"), "`` `a` ``");
    }

    #[test]
    fn options_are_quoted_with_what_the_text_leaves_free() {
        assert_eq!(quoted("GET /a"), "\"GET /a\"");
        assert_eq!(quoted("GET /a?x=\"1\""), "'GET /a?x=\"1\"'");
        assert_eq!(quoted("'\""), "\"'%22\"");
    }
}
