//! JSON text as a list of its tokens.
//!
//! A HAR is mostly long strings and indentation, and of what else it holds most is not asked for.
//! So the text is gone through once, many bytes at a time, and nothing is copied: a token says
//! where it stands. What this leaves out: the escapes in strings (see [`super::escaped`]), values
//! (see [`super::de`]), and saying what is wrong; whoever is told that a text is no JSON asks
//! `serde_json` why.

use super::{escaped, number, plain, skip_space, word};

/// How deep arrays and objects may nest. `serde_json` counts the value inside as a level.
const MAX_DEPTH: usize = super::MAX_DEPTH - 1;

/// The tokens of a JSON text.
pub(crate) struct Tape {
    pub(super) tokens: Vec<Token>,
}

/// A token, or the two brackets around some. Places are byte offsets, which fit in 32 bits.
#[derive(Clone, Copy)]
pub(super) enum Token {
    /// A string without escapes, by its place in the text, without quotes.
    Plain {
        start: u32,
        end: u32,
    },
    /// A string with escapes, all of them right; likewise.
    Escaped {
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
        let mut tokenizer = Tokenizer { bytes: text.as_bytes(), tokens: Vec::with_capacity(text.len() / 24) };
        tokenizer.run()?;
        Some(Tape { tokens: tokenizer.tokens })
    }
}

struct Tokenizer<'a> {
    bytes: &'a [u8],
    tokens: Vec<Token>,
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
                let end = escaped::end(self.bytes, end)?;
                self.tokens.push(Token::Escaped { start: start as u32, end: end as u32 - 1 });
                Some(end)
            }
            _ => None,
        }
    }
}

fn bracket(is_object: bool, (count, next): (u32, u32)) -> Token {
    if is_object { Token::Object { count, next } } else { Token::Array { count, next } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Option<Vec<String>> {
        let tape = Tape::of(text)?;
        let string = |token: &Token| match *token {
            Token::Plain { start, end } => Some(text[start as usize..end as usize].to_owned()),
            Token::Escaped { start, end } => {
                Some(escaped::Escaped::new(&text[start as usize..end as usize]).text())
            }
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
