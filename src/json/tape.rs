//! JSON text as a list of its tokens, strings unescaped.
//!
//! A HAR holds bodies of JSON inside strings of JSON: every sixth byte is an escape, and the rest is
//! mostly indentation. So the text is gone through once, 16 bytes at a time, and what strings
//! have escapes go one after the other into one text of their own, which whoever reads them can
//! share. What this leaves out: values (see [`super::de`]), and saying what is wrong; whoever is
//! told that a text is no JSON asks `serde_json` why.

use super::{CHUNK, number, plain, push_short, skip_space, word};
use crate::text::Text;

/// How deep arrays and objects may nest. `serde_json` counts the value inside as a level.
const MAX_DEPTH: usize = super::MAX_DEPTH - 1;

/// The tokens of a JSON text.
pub(crate) struct Tape {
    pub(super) tokens: Vec<Token>,
    /// All strings that have escapes, without them.
    pub(crate) unescaped: Text,
}

/// A token, or the two brackets around some. Places are byte offsets, which fit in 32 bits.
#[derive(Clone, Copy)]
pub(super) enum Token {
    /// A string without escapes, by its place in the text, without quotes.
    Plain {
        start: u32,
        end: u32,
    },
    /// A string that had escapes, by its place in [`Tape::unescaped`].
    Unescaped {
        start: u32,
        end: u32,
    },
    /// A number, by its place in the text.
    Number {
        start: u32,
        end: u32,
    },
    /// An array of so many elements; the token after it is the one of index `next`.
    Array {
        count: u32,
        next: u32,
    },
    /// An object of so many members, each a string and a value.
    Object {
        count: u32,
        next: u32,
    },
    True,
    False,
    Null,
}

impl Tape {
    /// The tokens of `text`; `None` when it is not JSON (RFC 8259), has half a surrogate pair in
    /// a string, nests too deep, or is longer than 32 bits can say.
    pub(crate) fn of(text: &str) -> Option<Tape> {
        u32::try_from(text.len()).ok()?;
        let mut tokenizer = Tokenizer {
            bytes: text.as_bytes(),
            tokens: Vec::with_capacity(text.len() / 32),
            unescaped: Vec::with_capacity(text.len() / 2),
        };
        tokenizer.run()?;
        let unescaped = String::from_utf8(tokenizer.unescaped).ok()?;
        Some(Tape { tokens: tokenizer.tokens, unescaped: Text::from(unescaped) })
    }
}

struct Tokenizer<'a> {
    bytes: &'a [u8],
    tokens: Vec<Token>,
    unescaped: Vec<u8>,
}

/// An array or object whose end has not come yet.
#[derive(Clone, Copy, Default)]
struct Open {
    /// The index of its token.
    token: usize,
    count: u32,
    is_object: bool,
}

impl Tokenizer<'_> {
    fn run(&mut self) -> Option<()> {
        let bytes = self.bytes;
        let mut open = [Open::default(); MAX_DEPTH];
        let mut depth = 0;
        let mut at = 0;
        loop {
            // A value begins here.
            at = skip_space(bytes, at);
            let byte = *bytes.get(at)?;
            match byte {
                b'"' => at = self.string(at)?,
                b'{' | b'[' => {
                    let is_object = byte == b'{';
                    *open.get_mut(depth)? = Open { token: self.tokens.len(), count: 1, is_object };
                    at = skip_space(bytes, at + 1);
                    let is_empty = *bytes.get(at)? == byte + 2;
                    let empty = (0, self.tokens.len() as u32 + 1);
                    self.tokens.push(bracket(is_object, empty));
                    if !is_empty {
                        depth += 1;
                        if is_object {
                            at = self.key(at)?;
                        }
                        continue;
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => {
                    let end = number(bytes, at).ok()?;
                    self.tokens.push(Token::Number { start: at as u32, end: end as u32 });
                    at = end;
                }
                b't' => at = self.word(at, b"true", Token::True)?,
                b'f' => at = self.word(at, b"false", Token::False)?,
                b'n' => at = self.word(at, b"null", Token::Null)?,
                _ => return None,
            }
            // A value has ended here.
            loop {
                at = skip_space(bytes, at);
                let Some(inner) = depth.checked_sub(1) else {
                    return (at == bytes.len()).then_some(());
                };
                let around = &mut open[inner];
                match *bytes.get(at)? {
                    b',' => {
                        around.count += 1;
                        let is_object = around.is_object;
                        at += 1;
                        if is_object {
                            at = self.key(skip_space(bytes, at))?;
                        }
                        break;
                    }
                    byte @ (b']' | b'}') if around.is_object == (byte == b'}') => {
                        let size = (around.count, self.tokens.len() as u32);
                        self.tokens[around.token] = bracket(around.is_object, size);
                        depth = inner;
                        at += 1;
                    }
                    _ => return None,
                }
            }
        }
    }

    /// The place after the key that begins at `at`, and its colon.
    fn key(&mut self, at: usize) -> Option<usize> {
        if self.bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = self.string(at)?;
        let colon = skip_space(self.bytes, end);
        (self.bytes.get(colon) == Some(&b':')).then_some(colon + 1)
    }

    fn word(&mut self, at: usize, text: &[u8], token: Token) -> Option<usize> {
        self.tokens.push(token);
        word(self.bytes, at, text).ok()
    }

    /// The end of the string that begins at `at`.
    fn string(&mut self, at: usize) -> Option<usize> {
        let start = at + 1;
        let end = plain(self.bytes, start);
        match self.bytes.get(end)? {
            b'"' => {
                self.tokens.push(Token::Plain { start: start as u32, end: end as u32 });
                Some(end + 1)
            }
            b'\\' => {
                let began = self.unescaped.len() as u32;
                self.unescaped.extend_from_slice(&self.bytes[start..end]);
                let end = unescape(self.bytes, end, &mut self.unescaped)?;
                self.tokens.push(Token::Unescaped { start: began, end: self.unescaped.len() as u32 });
                Some(end)
            }
            _ => None,
        }
    }
}

fn bracket(is_object: bool, (count, next): (u32, u32)) -> Token {
    if is_object { Token::Object { count, next } } else { Token::Array { count, next } }
}

/// What a letter after a backslash stands for; 0 for `u` and for what is no escape.
const ESCAPES: [u8; 256] = {
    let mut escapes = [0; 256];
    let known = [*b"\"\"", *b"\\\\", *b"//", *b"b\x08", *b"f\x0c", *b"n\n", *b"r\r", *b"t\t"];
    let mut at = 0;
    while at < known.len() {
        escapes[known[at][0] as usize] = known[at][1];
        at += 1;
    }
    escapes
};

/// Adds to `out` the rest of the string whose first backslash stands at `at`; its end.
fn unescape(bytes: &[u8], mut at: usize, out: &mut Vec<u8>) -> Option<usize> {
    'blocks: loop {
        let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<64>) else {
            return unescape_slowly(bytes, at, out);
        };
        // What does not stand for itself, from the first byte of the block that is not done yet.
        let mut marks = specials(block);
        let mut done = 0;
        while marks != 0 {
            let mark = marks.trailing_zeros() as usize;
            push_short(bytes, at + done..at + mark, out);
            if block[mark] == b'"' {
                return Some(at + mark + 1);
            }
            // A control byte has no escape either.
            let letter = *bytes.get(at + mark + 1)?;
            let meant = ESCAPES[usize::from(letter)];
            if block[mark] != b'\\' || meant == 0 {
                at = unicode(bytes, at + mark, out)?;
                continue 'blocks;
            }
            out.push(meant);
            done = mark + 2;
            if done >= block.len() {
                at += done;
                continue 'blocks;
            }
            marks &= u64::MAX << done;
        }
        push_short(bytes, at + done..at + block.len(), out);
        at += block.len();
    }
}

/// The same near the end of the text.
#[cold]
fn unescape_slowly(bytes: &[u8], mut at: usize, out: &mut Vec<u8>) -> Option<usize> {
    loop {
        let end = plain(bytes, at);
        out.extend_from_slice(&bytes[at..end]);
        if *bytes.get(end)? == b'"' {
            return Some(end + 1);
        }
        let meant = ESCAPES[usize::from(*bytes.get(end + 1)?)];
        if bytes[end] != b'\\' || meant == 0 {
            at = unicode(bytes, end, out)?;
        } else {
            out.push(meant);
            at = end + 2;
        }
    }
}

/// Which of these bytes do not stand for themselves in a string, the first the lowest bit.
#[inline]
fn specials(block: &[u8; 64]) -> u64 {
    let chunks = block.as_chunks::<CHUNK>().0;
    chunks.iter().rev().fold(0, |bits, chunk| bits << CHUNK | u64::from(super::specials(chunk)))
}

/// Adds the character that `\uXXXX` at `at` stands for, alone or with a second one; the end.
fn unicode(bytes: &[u8], at: usize, out: &mut Vec<u8>) -> Option<usize> {
    let unit = |at: usize| {
        let digits = bytes.get(at..)?.first_chunk::<6>()?;
        let [b'\\', b'u', digits @ ..] = digits else { return None };
        digits.iter().try_fold(0, |unit, &digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
    };
    let first = unit(at)?;
    let (character, end) = match first {
        0xd800..0xdc00 => {
            let second = unit(at + 6).filter(|second| (0xdc00..0xe000).contains(second))?;
            (0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00), at + 12)
        }
        _ => (first, at + 6),
    };
    // Half a pair is no character.
    let character = char::from_u32(character)?;
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Option<Vec<String>> {
        let tape = Tape::of(text)?;
        let string = |token: &Token| match *token {
            Token::Plain { start, end } => Some(text[start as usize..end as usize].to_owned()),
            Token::Unescaped { start, end } => Some(tape.unescaped[start as usize..end as usize].to_owned()),
            _ => None,
        };
        Some(tape.tokens.iter().filter_map(string).collect())
    }

    #[test]
    fn escapes_are_resolved_at_any_distance_from_the_end() {
        for length in 0..40 {
            let run = "가".repeat(length / 3) + &"x".repeat(length % 3);
            let text = format!(r#"["{run}\"{run}\n{run}\u00e9\ud83d\ude00\u0000", "{run}"]"#);
            let expected = format!("{run}\"{run}\n{run}é😀\0");
            assert_eq!(strings(&text), Some(vec![expected.clone(), run.clone()]), "{text}");
            assert_eq!(strings(&(text + &" \n\r\t".repeat(length))), Some(vec![expected, run]));
        }
        assert_eq!(strings(r#""\"\\\/\b\f\n\r\t""#), Some(vec!["\"\\/\u{8}\u{c}\n\r\t".to_owned()]));
    }

    #[test]
    fn what_is_no_string_is_no_json() {
        for text in [
            r#""\ud800""#,
            r#""\ud800x""#,
            r#""\ud800\u0041""#,
            r#""\udc00\ud800""#,
            r#""\udc00""#,
            r#""\u12g4""#,
            r#""\u+123""#,
            r#""\u123"#,
            r#""\x""#,
            r#""\0""#,
            "\"\\",
            "\"\u{1}\"",
            "\"\\n\u{1f}\"",
            "\"0123456789abcdef\\n0123456789abcdef\n\"",
            "\"abc",
            "\"abc\\n",
        ] {
            assert!(Tape::of(text).is_none(), "{text:?}");
            assert!(serde_json::from_str::<String>(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |open: &str, close: &str, depth| open.repeat(depth) + "1" + &close.repeat(depth);
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for (depth, is_fine) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false), (1_000_000, false)] {
                let text = nested(open, close, depth);
                assert_eq!(Tape::of(&text).is_some(), is_fine);
                assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), is_fine);
            }
        }
        assert!(Tape::of(&"[".repeat(MAX_DEPTH)).is_none());
        assert!(Tape::of(&("[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH))).is_some());
    }
}
