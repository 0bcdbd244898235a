//! The content of JSON strings, escapes and all.
//!
//! A HAR holds bodies of JSON inside strings of JSON, where every sixth byte is an escape. To take
//! the escapes out, and to lay the body out after that, costs as much as all the rest of reading
//! the file. So a string is only looked through for its end, and whoever wants its text says in
//! which form: as it is meant, or, where that is JSON, laid out. Both are one pass. What this
//! leaves out: finding where strings begin, which [`super::de`] does.

use super::chunk::{ByteMask, CHUNK, chunk};
use super::{Notation, Sink, classes, lay_out, plain, push_short};

/// What is between the quotes of a string that has escapes, all of them right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escaped<'a>(&'a str);

impl<'a> Escaped<'a> {
    /// `text` must be what is between the quotes of a string of which [`end`] has seen the end.
    pub(super) fn new(text: &'a str) -> Escaped<'a> {
        Escaped(text)
    }

    /// The string as it is meant.
    pub(crate) fn text(self) -> String {
        let mut text = Vec::with_capacity(self.0.len());
        unescape(self.0.as_bytes(), &mut text);
        String::from_utf8(text).expect("escapes stand between characters")
    }

    /// Adds to `out`, which is text, what [`super::reindent`] makes of the string, if that is an
    /// array or object on one line; nothing where it is not, or where it takes more than one pass
    /// to know, and says `false`.
    pub(crate) fn reindent_onto(self, out: &mut Vec<u8>) -> bool {
        let line = self.0.strip_suffix("\\n").unwrap_or(self.0);
        line.starts_with(['{', '[']) && lay_out::<InString>(line.as_bytes(), out)
    }
}

/// The place after the quote that ends a string, of which the first backslash is at `at`. `None`
/// where there is none, or before it something that no string holds (RFC 8259, section 7), half a
/// surrogate pair among that.
pub(super) fn end(bytes: &[u8], mut at: usize) -> Option<usize> {
    'blocks: loop {
        // Whether the first byte of the block comes after a backslash that is not escaped itself.
        let mut is_after = 0;
        loop {
            let Some(block) = bytes.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) else {
                return end_slowly(bytes, at, is_after == 1);
            };
            let [quotes, slashes, controls] = masks(block);
            let escaped;
            (escaped, is_after) = after_slashes(slashes, is_after);
            let ends = quotes & !escaped;
            let inside = ends.wrapping_sub(1) & !ends;
            if controls & inside != 0 {
                return None;
            }
            let mut letters = escaped & inside & !(quotes | slashes);
            while letters != 0 {
                let letter = letters.trailing_zeros() as usize;
                letters &= letters - 1;
                if ESCAPES[usize::from(block[letter])] == 0 {
                    let (_, end) = unicode(bytes, at + letter - 1)?;
                    let done = end - at;
                    if done >= BLOCK {
                        at = end;
                        continue 'blocks;
                    }
                    letters &= u64::MAX << done;
                }
            }
            if ends != 0 {
                return Some(at + ends.trailing_zeros() as usize + 1);
            }
            at += BLOCK;
        }
    }
}

/// By how many bytes escaped strings are gone through.
const BLOCK: usize = 64;

/// The same near the end of the text.
#[cold]
fn end_slowly(bytes: &[u8], at: usize, is_after: bool) -> Option<usize> {
    let mut at = at - usize::from(is_after);
    loop {
        at = plain(bytes, at);
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' if ESCAPES[usize::from(*bytes.get(at + 1)?)] != 0 => at += 2,
            // A control byte is no escape either.
            _ => (_, at) = unicode(bytes, at)?,
        }
    }
}

/// Which bytes of a block are escaped by the one before; and 1 if the first one after the block is.
///
/// The backslashes of a run escape each other, from the first on. Adding the first of each run to
/// the run tells, by the bit that is carried out of it, whether their number is odd (as in simdjson).
fn after_slashes(slashes: u64, is_after: u64) -> (u64, u64) {
    const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
    if slashes == 0 {
        return (is_after, 0);
    }
    let may_escape = slashes & !is_after;
    let ends = (may_escape << 1 | ODD).wrapping_sub(may_escape) ^ ODD;
    (ends ^ (slashes | is_after), (ends & slashes) >> 63)
}

/// Where quotes, backslashes and control bytes stand, the first byte the lowest bit.
fn masks(block: &[u8; BLOCK]) -> [u64; 3] {
    let mut masks = [0; 3];
    for (index, chunk) in block.as_chunks::<CHUNK>().0.iter().enumerate() {
        for (mask, found) in masks.iter_mut().zip(classes(chunk)) {
            *mask |= u64::from(found.bits()) << (index * CHUNK);
        }
    }
    masks
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

/// Adds what `bytes` mean, in which all escapes are right.
fn unescape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    loop {
        let slash = next_slash(bytes, at);
        push_short(bytes, at..slash, out);
        let Some(&letter) = bytes.get(slash + 1) else { return };
        let meant = ESCAPES[usize::from(letter)];
        if meant != 0 {
            out.push(meant);
            at = slash + 2;
            continue;
        }
        let Some((character, end)) = unicode(bytes, slash) else { return };
        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        at = end;
    }
}

/// The string that `content` means if what is no escape stands for itself, and half a surrogate
/// pair for a replacement character; and the first such place with a sentence about it.
#[cold]
pub(super) fn unescape_oddly(content: &str) -> (String, Option<(usize, &'static str)>) {
    let bytes = content.as_bytes();
    let mut text = String::with_capacity(content.len());
    let mut odd = None;
    let mut at = 0;
    while let Some(c) = content[at..].chars().next() {
        let mut tell = |message| odd = odd.or(Some((at, message)));
        if c != '\\' {
            if c < ' ' {
                tell("this string has a control character in it, which is kept");
            }
            text.push(c);
            at += c.len_utf8();
            continue;
        }
        let letter = bytes.get(at + 1).copied().unwrap_or_default();
        if ESCAPES[usize::from(letter)] != 0 {
            text.push(char::from(ESCAPES[usize::from(letter)]));
            at += 2;
        } else if let Some((character, end)) = unicode(bytes, at) {
            text.push(character);
            at = end;
        } else if letter == b'u'
            && bytes.get(at + 2..at + 6).is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit))
        {
            tell(
                "this string has half a character in it (a surrogate without its pair), shown as `\u{fffd}`",
            );
            text.push(char::REPLACEMENT_CHARACTER);
            at += 6;
        } else {
            tell("this string has an escape in it that JSON does not have; it is kept as it is");
            text.push('\\');
            at += 1;
        }
    }
    (text, odd)
}

/// The place of the next backslash, or the end. Most are so near that a call of `memchr` would take
/// longer.
#[inline]
fn next_slash(bytes: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = chunk(bytes, at) {
        let before = ByteMask::equal(chunk, b'\\').first();
        at += before;
        if before < CHUNK {
            return at;
        }
    }
    while bytes.get(at).is_some_and(|&byte| byte != b'\\') {
        at += 1;
    }
    at
}

/// The character that `\uXXXX` at `at` stands for, alone or with a second one; and the end.
fn unicode(bytes: &[u8], at: usize) -> Option<(char, usize)> {
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
    Some((char::from_u32(character)?, end))
}

/// JSON inside a string: each quote has a backslash before it, and each backslash another one.
///
/// What may also be there and seldom is (a line end, a character by its number) is refused: to know
/// it takes the string without its escapes.
struct InString;

impl Notation for InString {
    const QUOTE: u8 = b'\\';

    #[inline]
    fn skip_space(bytes: &[u8], mut at: usize) -> usize {
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    #[inline]
    fn string(bytes: &[u8], at: usize, run: &mut usize, sink: &mut impl Sink) -> Result<usize, usize> {
        if bytes.get(at + 1) != Some(&b'"') {
            return Err(at);
        }
        // Between two backslashes everything stands for itself, the byte after the first one, too.
        let mut pass = |slash: usize| {
            sink.run(*run..slash);
            *run = slash + 1;
        };
        pass(at);
        let mut from = at + 2;
        loop {
            let slash = next_slash(bytes, from);
            pass(slash);
            from = match bytes.get(slash + 1) {
                Some(b'"') => return Ok(slash + 2),
                Some(b'/') => slash + 2,
                Some(b'\\') => match bytes.get(slash + 2) {
                    Some(b'/' | b'b' | b'f' | b'n' | b'r' | b't') => slash + 3,
                    Some(b'\\') if matches!(bytes.get(slash + 3), Some(b'"' | b'\\' | b'/')) => {
                        pass(slash + 2);
                        slash + 4
                    }
                    _ => return Err(slash),
                },
                _ => return Err(slash),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::json::{is_one_line, reindent};

    /// The content of `text` as JSON, which has escapes if `text` has quotes.
    fn written(text: &str) -> String {
        let json = serde_json::to_string(text).unwrap();
        json[1..json.len() - 1].to_owned()
    }

    fn laid_out(text: &str) -> Option<String> {
        let mut out = b"before".to_vec();
        let is_done = Escaped(text).reindent_onto(&mut out);
        let out = String::from_utf8(out).unwrap();
        assert!(is_done || out == "before");
        is_done.then(|| out["before".len()..].to_owned())
    }

    #[test]
    fn json_is_laid_out_while_its_escapes_are_taken_out() {
        for text in [
            r#"{"a":"b", "c" : [1,{"d":""}, []],"":{}}"#,
            r#"{"a": "b\"c\\d\n\te\/", "f": "/가나"}"#,
            r#"["0123456789abcdef0123456789abcdef", "\\\"", "\\"]"#,
            "[1]\n",
        ] {
            assert_eq!(laid_out(&written(text)), reindent(text), "{text}");
            assert_eq!(laid_out(&written(text).replace('/', "\\/")), reindent(text), "{text}");
        }
        // The rest takes a second pass.
        for text in [r#"{"a": "\u00e9"}"#, "[1,\n2]", "[1,\t2]", "[1\n\n]", "[1]\r\n", "12", r#"{"a": }"#, ""]
        {
            assert_eq!(laid_out(&written(text)), None, "{text}");
        }
        assert_eq!(laid_out(r#"{\"a\": \"\u00e9\"}"#), None);
    }

    #[test]
    fn the_end_of_a_string_is_found_wherever_its_escapes_stand() {
        for before in 0..70 {
            for slashes in 0..70 {
                let text =
                    format!("{}{}\\n{}\\u00e9", "x".repeat(before), "\\\\".repeat(slashes), "y".repeat(9));
                for after in [0, 3, 200] {
                    let whole = format!("{text}\"{}", "\\\" ".repeat(after));
                    let slash = whole.find('\\').unwrap();
                    assert_eq!(end(whole.as_bytes(), slash), Some(text.len() + 1), "{whole}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_laid_out_at_once_is_what_two_passes_lay_out(
            text in prop_oneof![
                r#"\{("[a-z]{0,20}" ?: ?("[ -~가]{0,20}"|"([a-z]|\\["\\/bfnrt]|\\u00e9){0,9}"|1|\[ ?\]|\{\}) ?,? ?){0,4}\}\n?"#,
                r#"[\[\]{}",:0-9\\ntu \n]{0,24}"#,
            ],
            slashes in any::<bool>(),
        ) {
            let mut written = written(&text);
            if slashes {
                written = written.replace('/', "\\/");
            }
            if let Some(laid_out) = laid_out(&written) {
                prop_assert!(is_one_line(&text));
                prop_assert_eq!(Some(laid_out), reindent(&text));
            }
        }

        #[test]
        fn text_is_as_serde_json_reads_it(content in r#"([ -!#-\[\]-~가]{0,20}|\\["\\/bfnrt]|\\u(00[0-9a-fA-F]{2}|ac00|d83d\\ude00)){0,12}"#) {
            let json = format!("\"{content}\"");
            let text: String = serde_json::from_str(&json).unwrap();
            if let Some(slash) = json.find('\\') {
                prop_assert_eq!(end(json.as_bytes(), slash), Some(json.len()));
            }
            prop_assert_eq!(Escaped(&content).text(), text);
        }
    }
}
