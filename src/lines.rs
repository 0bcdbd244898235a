//! A text, and where its lines end.
//!
//! A log is read line by line and shown line by line, and to find where a line ends costs more
//! than to look at the line. So all ends are found once, 64 bytes at a time, and the same pass
//! sees whether there is anything in the text that a page might have to change. What this leaves
//! out: what a line means.

#[cfg(target_arch = "x86_64")]
mod avx2;

use std::ops::Range;

use wide::i8x16;

use crate::text::{self, Text};

/// A text whose lines are known.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    text: Text,
    ends: Vec<usize>,
    is_plain_ascii: bool,
}

impl Lines {
    /// Finds the lines of `text`. Each takes eight bytes of memory.
    pub fn new(text: Text) -> Lines {
        let (ends, is_plain_ascii) = survey(text.as_bytes());
        Lines { text, ends, is_plain_ascii }
    }

    /// The text.
    pub fn text(&self) -> &Text {
        &self.text
    }

    /// The byte offset of every line feed, in order.
    pub fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Whether every byte is printable ASCII or a line feed, and there is neither a backtick nor
    /// `8<` (the middle of a snippet marker). A text with more in it may be harmless too.
    pub fn is_plain_ascii(&self) -> bool {
        self.is_plain_ascii
    }

    /// The number, from 0, of the line that holds the byte `at`, or would if the text went on.
    /// `near` is a number not above it; the closer it is, the faster.
    pub fn line_of(&self, at: usize, near: usize) -> usize {
        let mut first = near.min(self.ends.len());
        // Most often it is one of the next few.
        for _ in 0..4 {
            match self.ends.get(first) {
                Some(&end) if end < at => first += 1,
                _ => return first,
            }
        }
        let mut step = 8;
        while self.ends.get(first + step).is_some_and(|&end| end < at) {
            first += step;
            step *= 2;
        }
        let last = self.ends.len().min(first + step);
        first + self.ends[first..last].partition_point(|&end| end < at)
    }

    /// Writes `text`, fast where it is a short part of this one: to copy a fixed length and drop what
    /// is too much needs no call.
    pub fn write(&self, text: &str, out: &mut Vec<u8>) {
        let start = text::range_of(&self.text, text).map(|range| range.start);
        match start.and_then(|start| self.text.as_bytes()[start..].first_chunk::<SHORT>()) {
            Some(short) if text.len() <= SHORT => {
                out.extend_from_slice(short);
                out.truncate(out.len() - (SHORT - text.len()));
            }
            _ => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// Whether a byte stands in this part of the text; fastest where it does not, and for parts as
    /// short as a line.
    pub fn holds(&self, part: Range<usize>, byte: u8) -> bool {
        let bytes = self.text.as_bytes();
        let is_near = match bytes[part.start..].first_chunk::<CHUNK>() {
            Some(chunk) if part.len() <= CHUNK => {
                let found = lanes(chunk).map(|bytes| bytes.simd_eq(i8x16::splat(byte as i8)));
                bits(found.fold(i8x16::ZERO, |any, found| any | found)) != 0
            }
            _ => true,
        };
        is_near && memchr::memchr(byte, &bytes[part]).is_some()
    }
}

/// Writes texts with spaces before each line that is not empty, fast where they are parts of one
/// text and come in its order.
#[derive(Debug)]
pub struct Indenter<'a> {
    lines: &'a Lines,
    /// The line on which the last part ended.
    line: usize,
}

/// The widths of the indents and lines that are copied at once.
const WIDTH: usize = 16;
const SHORT: usize = 64;

impl<'a> Indenter<'a> {
    /// One for parts of these lines.
    pub fn new(lines: &'a Lines) -> Indenter<'a> {
        Indenter { lines, line: 0 }
    }

    /// Writes `part`, with `width` spaces before each of its lines that is not empty.
    pub fn write(&mut self, part: &str, width: usize, out: &mut Vec<u8>) {
        let Some(range) = text::range_of(&self.lines.text, part) else {
            return write_indented(part, width, out);
        };
        let is_behind = self.line.checked_sub(1).is_some_and(|before| self.lines.ends[before] >= range.start);
        let first = self.lines.line_of(range.start, if is_behind { 0 } else { self.line });
        self.line = self.lines.line_of(range.end, first);
        write_lines(self.lines.text.as_bytes(), range, &self.lines.ends[first..self.line], width, out);
    }
}

/// The same as [`Indenter::write`] for any text.
pub fn write_indented(text: &str, width: usize, out: &mut Vec<u8>) {
    if !text.is_empty() && memchr::memchr(b'\n', text.as_bytes()).is_none() {
        out.resize(out.len() + width, b' ');
        out.extend_from_slice(text.as_bytes());
        return;
    }
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    write_lines(text.as_bytes(), 0..text.len(), &ends, width, out);
}

/// Writes `part` of `whole`, whose line feeds are at `ends`.
///
/// Most lines are short. To copy a fixed length, and to write over what is too much, needs no call
/// and no branch that depends on the length.
fn write_lines(whole: &[u8], part: Range<usize>, ends: &[usize], width: usize, out: &mut Vec<u8>) {
    let written = out.len();
    // Room for all of it, and for the longest copy of a fixed length behind the last byte.
    out.resize(written + part.len() + width * (ends.len() + 1) + WIDTH + SHORT, 0);
    let room = &mut out[written..];
    let (mut start, mut at) = (part.start, 0);
    let mut ends = ends.iter();
    while start < part.end {
        let end = ends.next().map_or(part.end, |end| end + 1);
        let line = &whole[start..end];
        if line[0] != b'\n' {
            match room[at..].first_chunk_mut::<WIDTH>() {
                Some(room) if width <= WIDTH => *room = [b' '; WIDTH],
                _ => room[at..at + width].fill(b' '),
            }
            at += width;
        }
        match (whole[start..].first_chunk::<SHORT>(), room[at..].first_chunk_mut()) {
            (Some(short), Some(room)) if line.len() <= SHORT => *room = *short,
            _ => room[at..at + line.len()].copy_from_slice(line),
        }
        at += line.len();
        start = end;
    }
    out.truncate(written + at);
}

/// The offsets of all line feeds, and whether the text is plain ([`Lines::is_plain_ascii`]).
fn survey(text: &[u8]) -> (Vec<usize>, bool) {
    #[cfg(target_arch = "x86_64")]
    if let Some(found) = avx2::survey(text) {
        return found;
    }
    survey_with(text, look)
}

/// The same with a `look` at each chunk.
#[inline(always)]
fn survey_with(text: &[u8], look: impl Fn(&[u8; CHUNK]) -> (u64, bool)) -> (Vec<usize>, bool) {
    let mut ends: Vec<usize> = Vec::with_capacity(text.len() / 24 + CHUNK);
    let mut is_plain = true;
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    for (index, chunk) in chunks.iter().enumerate() {
        let (mut feeds, is_odd) = look(chunk);
        if is_odd && is_plain {
            is_plain = is_plain_after(text[..index * CHUNK].last(), chunk);
        }
        if ends.capacity() - ends.len() < CHUNK + 4 {
            // The lines are shorter than those of a log. To double the memory may take far too much.
            let rest = &text[index * CHUNK..];
            ends.reserve_exact(memchr::memchr_iter(b'\n', rest).count() + CHUNK + 4);
        }
        let count = ends.len() + feeds.count_ones() as usize;
        // Nearly every chunk has a few: to add four and drop what is too much needs no branch.
        loop {
            ends.extend_from_slice(&[0; 4].map(|_: usize| {
                let at = feeds.trailing_zeros() as usize;
                feeds &= feeds.wrapping_sub(1);
                index * CHUNK + at
            }));
            if feeds == 0 {
                break;
            }
        }
        ends.truncate(count);
    }
    let start = text.len() - rest.len();
    ends.extend(memchr::memchr_iter(b'\n', rest).map(|at| start + at));
    (ends, is_plain && is_plain_after(text[..start].last(), rest))
}

/// How many bytes are looked at together.
const CHUNK: usize = 64;

/// A bit for each byte, set for a line feed; and whether there is anything that a plain text has not,
/// or may not have.
#[inline(always)]
fn look(chunk: &[u8; CHUNK]) -> (u64, bool) {
    let mut feeds = 0;
    let mut is_odd = i8x16::ZERO;
    for (index, bytes) in lanes(chunk).enumerate() {
        let is_feed = bytes.simd_eq(i8x16::splat(b'\n' as i8));
        feeds |= bits(is_feed) << (16 * index);
        // One more than a printable byte is a signed number above that of the space; one more
        // than DEL or any other byte is not.
        let is_printable = (bytes + i8x16::splat(1)).simd_gt(i8x16::splat(b' ' as i8));
        let is_rare = bytes.simd_eq(i8x16::splat(b'`' as i8)) | bytes.simd_eq(i8x16::splat(b'<' as i8));
        is_odd |= is_rare | !(is_printable | is_feed);
    }
    (feeds, bits(is_odd) != 0)
}

/// Whether bytes that come after this one are plain.
fn is_plain_after(before: Option<&u8>, bytes: &[u8]) -> bool {
    let is_usual = |byte: u8| (byte.wrapping_sub(b' ') < 0x7f - b' ') & (byte != b'`') | (byte == b'\n');
    let is_marker = |(&before, &byte): (&u8, &u8)| (before == b'8') & (byte == b'<');
    // Without a branch for each byte, so that the compiler makes vectors of it.
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    bytes.iter().fold(true, |all, &byte| all & is_usual(byte))
        && !pairs.fold(false, |any, pair| any | is_marker(pair))
        && !before.zip(bytes.first()).is_some_and(is_marker)
}

fn lanes(chunk: &[u8; CHUNK]) -> impl Iterator<Item = i8x16> {
    chunk.as_chunks::<16>().0.iter().map(|lane| i8x16::new(lane.map(|byte| byte as i8)))
}

/// One bit a lane.
fn bits(mask: i8x16) -> u64 {
    u64::from(mask.to_bitmask()) & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn indented(text: &str, width: usize) -> String {
        let mut out = Vec::new();
        write_indented(text, width, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_indented_and_empty_ones_are_not() {
        assert_eq!(indented("a\n\n b\n", 4), "    a\n\n     b\n");
        assert_eq!(indented("", 4), "");
        let long = "x".repeat(100);
        assert_eq!(indented(&format!("{long}\n{long}"), 40), format!("{0}{long}\n{0}{long}", " ".repeat(40)));
    }

    #[test]
    fn what_a_page_might_change_is_seen_wherever_it_stands() {
        for at in 0..140 {
            for odd in ["`", "\t", "\r", "\u{7f}", "\u{1b}", "é", "8<"] {
                let text = format!("{}{odd}{}", "8".repeat(at), "x<".repeat(70));
                // A part of an odd thing at the end of the padding would be one too.
                let plain = format!("{}7{}", "8".repeat(at), "x<".repeat(70));
                assert!(!Lines::new(text.into()).is_plain_ascii(), "{odd:?} at {at}");
                assert!(Lines::new(plain.into()).is_plain_ascii(), "{at}");
            }
        }
    }

    #[test]
    fn many_short_lines_are_found_in_memory_for_no_more() {
        let text = "x".repeat(1000) + &"\n".repeat(10_000) + &"y\n".repeat(10_000);
        let lines = Lines::new(Text::from(text));
        assert_eq!(lines.ends().len(), 20_000);
        assert_eq!(lines.line_of(30_999, 0), 19_999);
        assert!(lines.ends.capacity() < 21_000, "{}", lines.ends.capacity());
    }

    proptest! {
        #[test]
        fn every_processor_sees_the_same(text in "([ -~]{0,90}\n{0,3}|\n{0,70}|8<|`|\t|é){0,9}") {
            let known = survey_with(text.as_bytes(), look);
            prop_assert_eq!(survey(text.as_bytes()), known);
        }

        #[test]
        fn all_ends_are_found(text in "([ -~]{0,90}\n{0,3}|\n{0,70}){0,6}") {
            let lines = Lines::new(Text::from(text.clone()));
            let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
            prop_assert_eq!(lines.ends(), ends);
            for at in 0..=text.len() {
                let line = text[..at].matches('\n').count();
                for near in 0..=line {
                    prop_assert_eq!(lines.line_of(at, near), line);
                }
                prop_assert_eq!(lines.holds(at / 2..at, b'a'), text[at / 2..at].contains('a'));
            }
        }

        #[test]
        fn a_part_is_indented_as_any_text_is(
            text in "([ -~]{0,50}\n{0,3}){0,6}",
            parts in proptest::collection::vec((0usize..300, 0usize..300), 0..4),
            width in 0usize..20,
        ) {
            let lines = Lines::new(Text::from(text.clone()));
            let mut indenter = Indenter::new(&lines);
            for (from, to) in parts {
                let to = to.min(text.len());
                let from = from.min(to);
                let mut out = Vec::new();
                lines.write(&lines.text()[from..to], &mut out);
                prop_assert_eq!(String::from_utf8(std::mem::take(&mut out)).unwrap(), &text[from..to]);
                indenter.write(&lines.text()[from..to], width, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), indented(&text[from..to], width));
            }
        }
    }
}
