//! JSON text, laid out again without changing a token.
//!
//! The logging middleware shows a JSON body as Python's
//! `json.dumps(…, indent=2, ensure_ascii=False)` does; a log written again has to look the
//! same. A parsed value would lose what a page must not lose: duplicate keys, the digits of a
//! number, an escape. So this works on the text, in one pass and without recursion. What it
//! leaves out: values. `serde_json` is for those.

/// How deep arrays and objects may nest; `serde_json` has the same limit.
pub const MAX_DEPTH: usize = 128;

/// `text` with one member or element a line, indented by two spaces a level: the layout of
/// Python's `json.dumps(indent=2)`. Every token keeps its bytes.
///
/// `None` when `text` is not JSON (RFC 8259), or nests deeper than [`MAX_DEPTH`].
pub fn reindent(text: &str) -> Option<String> {
    let mut layout = Layout { text: String::with_capacity(text.len() + text.len() / 2) };
    scan(text, &mut layout).ok()?;
    Some(layout.text)
}

/// Checks that `text` is one JSON value with nothing but white space around it.
///
/// # Errors
/// The byte offset at which it stops being JSON; the length of `text` when it ends too early.
pub fn validate(text: &str) -> Result<(), usize> {
    scan(text, &mut Nothing)
}

/// Takes the tokens of a JSON text in order.
trait Sink {
    /// A token, with its own bytes.
    fn token(&mut self, token: &str);
    /// The place where a line at this depth begins.
    fn line(&mut self, depth: usize);
}

struct Nothing;

impl Sink for Nothing {
    fn token(&mut self, _: &str) {}
    fn line(&mut self, _: usize) {}
}

struct Layout {
    text: String,
}

/// A line break and the deepest indent.
const LINE: &str = concat!(
    "\n",
    "                                                                ",
    "                                                                ",
    "                                                                ",
    "                                                                ",
);

impl Sink for Layout {
    fn token(&mut self, token: &str) {
        self.text.push_str(token);
    }

    fn line(&mut self, depth: usize) {
        self.text.push_str(&LINE[..1 + 2 * depth]);
    }
}

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    /// The first element of an array, or its end.
    Element,
    /// The first key of an object, or its end.
    Member,
    Key,
    /// After a value: a comma, a closing bracket, or the end of the text.
    Next,
}

fn scan(text: &str, sink: &mut impl Sink) -> Result<(), usize> {
    let bytes = text.as_bytes();
    // One bit a level: set for an object.
    let mut objects: u128 = 0;
    let mut depth = 0;
    let mut expect = Expect::Value;
    let mut at = 0;
    loop {
        at = skip_space(bytes, at);
        let Some(&byte) = bytes.get(at) else {
            return if depth == 0 && expect == Expect::Next { Ok(()) } else { Err(at) };
        };
        match (expect, byte) {
            (Expect::Next, b',') if depth > 0 => {
                sink.token(",");
                sink.line(depth);
                expect = if objects & 1 == 1 { Expect::Key } else { Expect::Value };
                at += 1;
            }
            (Expect::Next | Expect::Element, b']') | (Expect::Next | Expect::Member, b'}')
                if depth > 0 && (objects & 1 == 1) == (byte == b'}') =>
            {
                depth -= 1;
                objects >>= 1;
                if expect == Expect::Next {
                    sink.line(depth);
                }
                sink.token(&text[at..at + 1]);
                expect = Expect::Next;
                at += 1;
            }
            (Expect::Key | Expect::Member, b'"') => {
                if expect == Expect::Member {
                    sink.line(depth);
                }
                let end = string(bytes, at)?;
                sink.token(&text[at..end]);
                at = skip_space(bytes, end);
                if bytes.get(at) != Some(&b':') {
                    return Err(at);
                }
                sink.token(": ");
                expect = Expect::Value;
                at += 1;
            }
            (Expect::Value | Expect::Element, _) => {
                if expect == Expect::Element {
                    sink.line(depth);
                }
                let end = match byte {
                    b'{' | b'[' => {
                        if depth == MAX_DEPTH {
                            return Err(at);
                        }
                        depth += 1;
                        objects = objects << 1 | u128::from(byte == b'{');
                        sink.token(&text[at..at + 1]);
                        expect = if byte == b'{' { Expect::Member } else { Expect::Element };
                        at += 1;
                        continue;
                    }
                    b'"' => string(bytes, at)?,
                    b'-' | b'0'..=b'9' => number(bytes, at)?,
                    b't' => word(bytes, at, b"true")?,
                    b'f' => word(bytes, at, b"false")?,
                    b'n' => word(bytes, at, b"null")?,
                    _ => return Err(at),
                };
                sink.token(&text[at..end]);
                expect = Expect::Next;
                at = end;
            }
            _ => return Err(at),
        }
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// The end of the string that begins at `at`.
fn string(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let mut at = at + 1;
    loop {
        let Some(found) = bytes[at..].iter().position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
        else {
            return Err(bytes.len());
        };
        at += found;
        match bytes[at] {
            b'"' => return Ok(at + 1),
            b'\\' => match bytes.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => at += 2,
                Some(b'u') => {
                    for digit in at + 2..at + 6 {
                        if !bytes.get(digit).is_some_and(u8::is_ascii_hexdigit) {
                            return Err(digit.min(bytes.len()));
                        }
                    }
                    at += 6;
                }
                _ => return Err(at + 1),
            },
            _ => return Err(at),
        }
    }
}

/// The end of the number that begins at `at`.
fn number(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let digits = |from: usize| {
        let count = bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 { Err(from.min(bytes.len())) } else { Ok(from + count) }
    };
    let start = at + usize::from(bytes[at] == b'-');
    let mut at = if bytes.get(start) == Some(&b'0') { start + 1 } else { digits(start)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(at + 1 + sign)?;
    }
    Ok(at)
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Result<usize, usize> {
    let same = bytes[at..].iter().zip(word).take_while(|(a, b)| a == b).count();
    if same == word.len() { Ok(at + same) } else { Err(at + same) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_layout_is_that_of_python() {
        let text = r#" {"a":[1,-0.50e+1,{"b":{},"b":[ ]}],"\u00e9\ud800":"x,\"y: {","n":null} "#;
        let expected = "{\n  \"a\": [\n    1,\n    -0.50e+1,\n    {\n      \"b\": {},\n      \"b\": []\n    }\n  ],\n  \"\\u00e9\\ud800\": \"x,\\\"y: {\",\n  \"n\": null\n}";
        assert_eq!(reindent(text).as_deref(), Some(expected));
        assert_eq!(reindent(expected).as_deref(), Some(expected));
        assert_eq!(reindent("\t12 ").as_deref(), Some("12"));
    }

    #[test]
    fn what_is_not_json_is_told_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("{\"a\" 1}", 5),
            ("[1}", 2),
            ("01", 1),
            ("1.", 2),
            ("-", 1),
            ("tru", 3),
            ("\"\u{1}\"", 1),
            ("\"\\x\"", 2),
            ("\"\\u12", 5),
            ("\"abc", 4),
            ("1 2", 2),
            ("]", 0),
            ("NaN", 0),
        ] {
            assert_eq!(validate(text), Err(at), "{text:?}");
            assert_eq!(reindent(text), None);
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(validate(&nested(MAX_DEPTH)), Ok(()));
        assert!(reindent(&nested(MAX_DEPTH).replace("[]", "[1]")).is_some());
        assert_eq!(validate(&nested(MAX_DEPTH + 1)), Err(MAX_DEPTH));
        assert!(validate(&nested(1_000_000)).is_err());
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(text in r#"[\[\]{}",:0-9eE.+\-a\\untrlsf \n]{0,24}"#) {
            let known = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            prop_assert_eq!(validate(&text).is_ok(), known);
        }

        #[test]
        fn the_value_stays(text in r#"(\{"[a-c]":|\[)?(\[(1|"x"|null|\{\}|\[\]),){0,3}[0-9][\]}]{0,4}"#) {
            if let Some(again) = reindent(&text) {
                let (a, b): (serde_json::Value, serde_json::Value) =
                    (serde_json::from_str(&text).unwrap(), serde_json::from_str(&again).unwrap());
                prop_assert_eq!(a, b);
                prop_assert_eq!(reindent(&again), Some(again));
            }
        }
    }
}
