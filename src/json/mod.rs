//! JSON text, laid out again without changing a token.
//!
//! The logging middleware shows a JSON body as Python's
//! `json.dumps(…, indent=2, ensure_ascii=False)` does; a log written again has to look the
//! same. A parsed value would lose what a page must not lose: duplicate keys, the digits of a
//! number, an escape. So this works on the text, in one pass and without recursion. What it
//! leaves out: values. `serde_json` is for those, and `Reader` where what is no JSON has to be
//! read, too.

mod chunk;
mod escaped;
mod reader;

pub(crate) use escaped::Escaped;
pub(crate) use reader::{Broken, CUT_OFF, JsonString, Key, Kind, Progress, Reader, brackets_end};

use std::ops::Range;

use chunk::{ByteMask, CHUNK, chunk};

/// How deep arrays and objects may nest; `serde_json` has the same limit.
pub const MAX_DEPTH: usize = 128;

/// `text` with one member or element a line, indented by two spaces a level: the layout of
/// Python's `json.dumps(indent=2)`. Every token keeps its bytes.
///
/// `None` when `text` is not JSON (RFC 8259), or nests deeper than [`MAX_DEPTH`].
pub fn reindent(text: &str) -> Option<String> {
    let mut laid_out = Vec::with_capacity(text.len() + text.len() / 2);
    if reindent_onto(text, &mut laid_out) { String::from_utf8(laid_out).ok() } else { None }
}

/// Adds to `out`, which is text, what [`reindent`] makes of `text`; where that is `None`, nothing,
/// and says `false`.
pub(crate) fn reindent_onto(text: &str, out: &mut Vec<u8>) -> bool {
    lay_out::<Plain>(text.as_bytes(), out)
}

/// Whether `text` is on one line, with a line end behind it or without: so a program wrote it,
/// and nobody has laid it out.
pub fn is_one_line(text: &str) -> bool {
    let line = text.strip_suffix('\n').unwrap_or(text);
    memchr::memchr(b'\n', line.as_bytes()).is_none()
}

/// Checks that `text` is one JSON value with nothing but white space around it.
///
/// # Errors
/// The byte offset at which it stops being JSON; the length of `text` when it ends too early.
pub fn validate(text: &str) -> Result<(), usize> {
    scan::<Plain>(text.as_bytes(), &mut Discard)
}

fn lay_out<N: Notation>(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let is_json = scan::<N>(bytes, &mut Layout { source: bytes, out }).is_ok();
    if !is_json {
        out.truncate(start);
    }
    is_json
}

/// How the text of a JSON value is written down.
trait Notation {
    /// What a string begins with.
    const QUOTE: u8;

    /// The end of the white space at `at`.
    fn skip_space(bytes: &[u8], at: usize) -> usize;

    /// The end of the string that begins at `at`, or where it stops being one. What comes before
    /// the end from `run` on has not been taken by the sink.
    fn string(bytes: &[u8], at: usize, run: &mut usize, sink: &mut impl Sink) -> Result<usize, usize>;
}

/// As it is.
struct Plain;

impl Notation for Plain {
    const QUOTE: u8 = b'"';

    #[inline]
    fn skip_space(bytes: &[u8], at: usize) -> usize {
        skip_space(bytes, at)
    }

    #[inline]
    fn string(bytes: &[u8], at: usize, _: &mut usize, _: &mut impl Sink) -> Result<usize, usize> {
        string(bytes, at)
    }
}

/// Takes the pieces of a JSON text in order.
trait Sink {
    /// A run of tokens on one line, by its place in the text.
    fn run(&mut self, run: Range<usize>);
    /// A colon outside every run.
    fn colon(&mut self);
    /// A comma, if one comes before it, and the line break before a line at this depth.
    fn line(&mut self, comma: bool, depth: usize);
}

struct Discard;

impl Sink for Discard {
    fn run(&mut self, _: Range<usize>) {}
    fn colon(&mut self) {}
    fn line(&mut self, _: bool, _: usize) {}
}

struct Layout<'a> {
    source: &'a [u8],
    out: &'a mut Vec<u8>,
}

/// A comma, a line break and the deepest indent; and as much more as a copy may read.
const LINE: &[u8] = {
    const LENGTH: usize = 2 + 2 * MAX_DEPTH + CHUNK;
    const TEXT: [u8; LENGTH] = {
        let mut text = [b' '; LENGTH];
        text[0] = b',';
        text[1] = b'\n';
        text
    };
    &TEXT
};

impl Sink for Layout<'_> {
    #[inline]
    fn run(&mut self, run: Range<usize>) {
        push_short(self.source, run, self.out);
    }

    #[inline]
    fn colon(&mut self) {
        self.out.extend_from_slice(b": ");
    }

    #[inline]
    fn line(&mut self, comma: bool, depth: usize) {
        push_short(LINE, usize::from(!comma)..2 + 2 * depth, self.out);
    }
}

/// Adds this range of `source`, which is seldom longer than a few chunks: to copy whole ones takes
/// less time than to call somebody who copies any number of bytes.
#[inline]
fn push_short(source: &[u8], range: Range<usize>, out: &mut Vec<u8>) {
    let end = out.len() + range.len();
    let mut at = range.start;
    while at < range.end {
        let Some(chunk) = chunk(source, at) else {
            out.extend_from_slice(&source[at..range.end]);
            break;
        };
        out.extend_from_slice(chunk);
        at += CHUNK;
    }
    out.truncate(end);
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

fn scan<N: Notation>(bytes: &[u8], sink: &mut impl Sink) -> Result<(), usize> {
    // One bit a level: set for an object.
    let mut objects: u128 = 0;
    let mut depth = 0;
    let mut expect = Expect::Value;
    let mut at = 0;
    loop {
        at = N::skip_space(bytes, at);
        let Some(&byte) = bytes.get(at) else {
            return if depth == 0 && expect == Expect::Next { Ok(()) } else { Err(at) };
        };
        if expect == Expect::Next {
            match byte {
                _ if depth == 0 => return Err(at),
                b',' => {
                    sink.line(true, depth);
                    expect = if objects & 1 == 1 { Expect::Key } else { Expect::Value };
                    at += 1;
                    continue;
                }
                b']' | b'}' if (objects & 1 == 1) == (byte == b'}') => {
                    depth -= 1;
                    objects >>= 1;
                    sink.line(false, depth);
                    sink.run(at..at + 1);
                    at += 1;
                    continue;
                }
                _ => return Err(at),
            }
        }
        if matches!((expect, byte), (Expect::Element, b']') | (Expect::Member, b'}')) {
            depth -= 1;
            objects >>= 1;
            sink.run(at..at + 1);
            expect = Expect::Next;
            at += 1;
            continue;
        }
        if matches!(expect, Expect::Element | Expect::Member) {
            sink.line(false, depth);
        }
        // The tokens from here on go out in one run where they are as they should.
        let mut run = at;
        if matches!(expect, Expect::Key | Expect::Member) {
            if byte != N::QUOTE {
                return Err(at);
            }
            let key_end = N::string(bytes, at, &mut run, sink)?;
            let colon = N::skip_space(bytes, key_end);
            if bytes.get(colon) != Some(&b':') {
                return Err(colon);
            }
            at = N::skip_space(bytes, colon + 1);
            if &bytes[key_end..at] != b": " {
                sink.run(run..key_end);
                sink.colon();
                run = at;
            }
        }
        let Some(&byte) = bytes.get(at) else { return Err(at) };
        let is_open = matches!(byte, b'{' | b'[');
        if is_open && depth == MAX_DEPTH {
            return Err(at);
        }
        at = match byte {
            b'{' | b'[' => at + 1,
            byte if byte == N::QUOTE => N::string(bytes, at, &mut run, sink)?,
            b'-' | b'0'..=b'9' => number(bytes, at)?,
            b't' => word(bytes, at, b"true")?,
            b'f' => word(bytes, at, b"false")?,
            b'n' => word(bytes, at, b"null")?,
            _ => return Err(at),
        };
        sink.run(run..at);
        expect = Expect::Next;
        if is_open {
            depth += 1;
            objects = objects << 1 | u128::from(byte == b'{');
            expect = if byte == b'{' { Expect::Member } else { Expect::Element };
        }
    }
}

#[inline]
fn skip_space(bytes: &[u8], at: usize) -> usize {
    // Between two tokens there is nothing, one space, or a line end and an indent.
    if !is_space(bytes, at) {
        at
    } else if !is_space(bytes, at + 1) {
        at + 1
    } else {
        skip_indent(bytes, at + 2)
    }
}

fn skip_indent(bytes: &[u8], mut at: usize) -> usize {
    loop {
        while let Some(chunk) = chunk(bytes, at) {
            let spaces = ByteMask::equal(chunk, b' ').others().first();
            at += spaces;
            if spaces < CHUNK {
                break;
            }
        }
        if !is_space(bytes, at) {
            return at;
        }
        at += 1;
    }
}

#[inline]
fn is_space(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), Some(b' ' | b'\n' | b'\r' | b'\t'))
}

/// The end of the string that begins at `at`.
#[inline]
fn string(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let mut at = at + 1;
    loop {
        at = plain(bytes, at);
        match bytes.get(at) {
            None => return Err(at),
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => match bytes.get(at + 1) {
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
            Some(_) => return Err(at),
        }
    }
}

/// The end of the characters after `at` that stand for themselves in a string.
#[inline]
fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = chunk(bytes, at) {
        let [quotes, slashes, controls] = classes(chunk);
        let plain = quotes.or(slashes).or(controls).first();
        at += plain;
        if plain < CHUNK {
            return at;
        }
    }
    while bytes.get(at).is_some_and(|&byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        at += 1;
    }
    at
}

/// Which bytes are quotes, backslashes and control bytes: those that do not stand for themselves in
/// a string.
#[inline]
fn classes(chunk: &[u8; CHUNK]) -> [ByteMask; 3] {
    [ByteMask::equal(chunk, b'"'), ByteMask::equal(chunk, b'\\'), ByteMask::controls(chunk)]
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
    fn a_line_end_makes_no_second_line() {
        assert_eq!(
            ["", "[1]", "[1]\n", "[1,\n2]", "[1]\n\n"].map(is_one_line),
            [true, true, true, false, false]
        );
    }

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
        fn it_agrees_with_serde_json(
            text in prop_oneof![
                r#"[\[\]{}",:0-9eE.+\-a\\untrlsf \n]{0,24}"#,
                r#""[a-zé가 \\"\x00-\x21]{0,24}""#,
                r#"\{ ?("[a-z]{0,12}" ?: {0,2}("x\\n|"|1|\[ ?\]|\{\}) ?,? ?){0,3}\}"#,
            ]
        ) {
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
