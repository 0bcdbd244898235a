//! What comes before every line of a log, because of where it was copied from.
//!
//! A mail or an issue indents it or puts `> ` before it, and a fence around it; a CI system, a
//! container's runtime or syslog puts a time stamp before each line, a pager or grep its number.
//! The first entry shows what that is, and it is taken off every line that has it. Before that, what
//! is written in another notation is read back (`notation.rs`). Control sequences of a terminal go,
//! too, and the lines end as lines here do. What this leaves out: a prefix that only the first line
//! of a message has, which a log's own reader knows.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::client_log::{moment, unit};
use super::notation;
use crate::error::{Error, Place};
use crate::text::{self, Text};
use crate::trace::Trace;

/// The text of a log without its margin.
pub(super) struct Unwrapped {
    pub(super) text: Text,
    /// The text with its margin, and how long that is on each line; empty where there is none.
    before: Text,
    margins: Vec<u32>,
    /// The line of the file that each line is on, where that is another.
    lines: Vec<u32>,
}

impl Unwrapped {
    /// Takes the margin off the log `text`.
    pub(super) fn of(text: &Text) -> Unwrapped {
        let whole = text;
        let (decoded, lines) = notation::json_lines(text).unwrap_or_default();
        let mut text = without_controls(if lines.is_empty() { text } else { &decoded });
        if let Some(plain) = notation::plain(&text) {
            text = Cow::Owned(plain);
        }
        let mut margin = margin_of(&text);
        let ends_as_on_windows = |start: usize| {
            memchr::memchr(b'\n', &text.as_bytes()[start..])
                .is_some_and(|end| text[start..start + end].ends_with('\r'))
        };
        if ends_as_on_windows(0) || margin.as_ref().is_some_and(|&(_, first)| ends_as_on_windows(first)) {
            text = Cow::Owned(text.replace("\r\n", "\n"));
            margin = margin_of(&text);
        }
        let (pieces, first) = margin.unwrap_or_default();
        let fence = fence_before(&text[..first], &pieces);
        if pieces.is_empty() && fence.is_none() {
            let text = text::share(whole, text);
            return Unwrapped { text, before: Text::new(), margins: Vec::new(), lines };
        }
        let mut unwrapped = String::with_capacity(text.len());
        let mut margins = Vec::new();
        let mut is_inside = false;
        for line in text.split_inclusive('\n') {
            let length = length_of(&pieces, line);
            let rest = &line[length..];
            if let Some(fence) = fence.filter(|fence| is_fence(rest, fence, is_inside)) {
                // An empty line in its place keeps the others where they are.
                is_inside = !is_inside;
                let rest = rest.trim_start_matches(fence).trim_start_matches(|c| c != '\n');
                unwrapped.push_str(rest);
            } else {
                unwrapped.push_str(rest);
            }
            margins.push(u32::try_from(length).unwrap_or(u32::MAX));
        }
        Unwrapped { text: unwrapped.into(), before: text::share(whole, text), margins, lines }
    }

    /// Makes places of the text places of the file.
    pub(super) fn restore(&self, trace: &mut Trace, diagnostics: &mut [Error]) {
        let margin = |line: usize| {
            line.checked_sub(1).and_then(|line| self.margins.get(line)).map_or(0, |&margin| margin as usize)
        };
        let of_file = |line: usize| {
            line.checked_sub(1).and_then(|line| self.lines.get(line)).map_or(line, |&line| line as usize)
        };
        for gap in &mut trace.gaps {
            gap.column += margin(gap.line);
            gap.line = of_file(gap.line);
        }
        let lines: Vec<&str> =
            if diagnostics.is_empty() { Vec::new() } else { self.before.split('\n').collect() };
        for error in diagnostics {
            let Some(place) = error.place().filter(|place| place.line > 0) else { continue };
            let mut place: Place = place.clone();
            let taken = margin(place.line);
            let words = lines.get(place.line - 1).and_then(|line| line.get(..taken)).unwrap_or_default();
            let width = words.chars().count();
            place.column += width;
            if place.skipped == 0 {
                place.excerpt.insert_str(0, words);
            } else {
                place.skipped += width;
            }
            place.line = of_file(place.line);
            *error = error.clone().at(place);
        }
    }
}

/// The longest text before the first entry on its line: a margin, and a log's own prefix.
const LONGEST: usize = 2048;

/// A piece of a margin.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    /// So much white space at most.
    Indent(usize),
    /// `> `
    Quote,
    /// An ISO 8601 time stamp, in brackets or without, and what a container's runtime adds.
    Stamp,
    /// `TIME HOST NAME[123]: `, of syslog and journald.
    Unit,
    /// `NAME | `, of docker compose or Zuul.
    Name,
    /// `JOB<tab>STEP<tab>`, of `gh run view --log`.
    Job,
    /// The line's number, of `cat -n`, `less -N` or `grep -n`, which may name the file before it.
    Number,
}

/// The margin of the line that the first entry of a log is on, and where that line begins.
fn margin_of(text: &str) -> Option<(Vec<Piece>, usize)> {
    static ENTRIES: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let words = [
            "### (",
            "__ -> Request [",
            "__ <- Response [",
            "REQ: curl ",
            "curl -g -i ",
            "curl -i ",
            "Making authentication request to ",
        ];
        AhoCorasick::new(words).expect("short words make an automaton")
    });
    let (mut start, mut looked) = (0, 0);
    for found in ENTRIES.find_iter(text) {
        start = text[looked..found.start()].rfind('\n').map_or(start, |end| looked + end + 1);
        looked = found.start();
        let words = &text[start..found.start()];
        // What is deep in a line is quoted there.
        if words.len() > LONGEST {
            continue;
        }
        let mut pieces = Vec::new();
        let mut rest = words;
        while let Some((piece, length)) = piece(rest) {
            pieces.push(piece);
            rest = &rest[length..];
        }
        let is_entry = match found.pattern().as_usize() {
            0 => rest.is_empty(),
            1 | 2 => rest.starts_with("__"),
            _ => {
                // A client's log tells its processes apart by that.
                pieces
                    .truncate(pieces.iter().position(|&piece| piece == Piece::Unit).unwrap_or(pieces.len()));
                !rest.contains(['"', '{'])
            }
        };
        if is_entry {
            return Some((pieces, start));
        }
    }
    None
}

/// The piece that `line` begins with, and its length.
fn piece(line: &str) -> Option<(Piece, usize)> {
    let space = line.len() - line.trim_start_matches([' ', '\t']).len();
    if space > 0 {
        return Some((Piece::Indent(space), space));
    }
    // A number that a space follows may be a process, unless nothing else comes before the entry.
    let digits = line.trim_end_matches(' ');
    if !digits.is_empty() && digits.len() < line.len() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((Piece::Number, line.len()));
    }
    [Piece::Quote, Piece::Unit, Piece::Stamp, Piece::Job, Piece::Name]
        .into_iter()
        .find_map(|piece| Some((piece, length_of_piece(piece, line)?)))
        .or_else(|| {
            let length = length_of_piece(Piece::Number, line)?;
            let is_one = line[..length].ends_with('\t') || line[..length].trim_end().ends_with(':');
            is_one.then_some((Piece::Number, length))
        })
}

/// The length of this piece at the start of `line`.
fn length_of_piece(piece: Piece, line: &str) -> Option<usize> {
    let and_space = |length: usize| length + usize::from(line[length..].starts_with(' '));
    match piece {
        Piece::Indent(most) => Some((line.len() - line.trim_start_matches([' ', '\t']).len()).min(most)),
        Piece::Quote => line.starts_with('>').then(|| and_space(1)),
        Piece::Unit => Some(unit(line)).filter(|&length| length > 0),
        Piece::Stamp => {
            let is_bracketed = line.starts_with('[');
            let start = usize::from(is_bracketed);
            let length = moment(&line[start..]);
            let stamp = &line[start..start + length];
            let is_iso = stamp.as_bytes().get(10) == Some(&b'T');
            // Of a time that a log's own formatter writes, no further line has one.
            let is_zuul = stamp.as_bytes().get(19) == Some(&b'.') && line[start + length..].starts_with(" |");
            // Jenkins has the time of day, and two spaces.
            if length == 8 && !is_bracketed && line[length..].starts_with("  ") {
                return Some(length + 2);
            }
            let is_plain = is_iso && (stamp.ends_with('Z') || length > 25);
            if !(is_plain || is_zuul && !is_bracketed || is_bracketed && is_iso) {
                return None;
            }
            let mut end = start + length;
            if is_bracketed {
                end += line[end..].starts_with(']').then_some(1)?;
            }
            // The stream of CRI (`stdout F`), and of GitLab (`00O`, with a plus on a further part).
            for stream in ["stdout F", "stderr F", "stdout P", "stderr P"] {
                if line[end..].strip_prefix(' ').is_some_and(|rest| rest.starts_with(stream)) {
                    return Some(and_space(end + 1 + stream.len()));
                }
            }
            if let [b' ', high, low, b'O' | b'E', ..] = line.as_bytes()[end..]
                && high.is_ascii_hexdigit()
                && low.is_ascii_hexdigit()
            {
                end += 4 + usize::from(line[end + 4..].starts_with('+'));
            }
            Some(and_space(end))
        }
        Piece::Job => {
            let mut tabs = memchr::memchr_iter(b'\t', &line.as_bytes()[..line.len().min(300)]);
            let (first, second) = (tabs.next()?, tabs.next()?);
            let is_stamped = first > 0
                && length_of_piece(Piece::Stamp, line[second + 1..].trim_start_matches('\u{feff}')).is_some();
            is_stamped.then_some(
                second + 1 + usize::from(line[second + 1..].starts_with('\u{feff}')) * '\u{feff}'.len_utf8(),
            )
        }
        Piece::Number => {
            if moment(line) > 0 {
                return None;
            }
            let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
            let path = line.len() - line.trim_start_matches(is_path).len();
            let start = match line[path..].strip_prefix(':') {
                // The place in a program is a log's own prefix.
                Some(_) if line[..path].contains(['/', '.']) && !line[..path].ends_with(".py") => path + 1,
                _ => 0,
            };
            let digits =
                line[start..].len() - line[start..].trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let end = start + digits;
            let rest = &line[end..];
            if digits == 0 || digits > 9 {
                return None;
            }
            if let Some(rest) = rest.strip_prefix(':') {
                let is_number =
                    start > 0 || !rest.starts_with(|c: char| c.is_ascii_digit()) || moment(rest) > 0;
                return is_number.then(|| and_space(end + 1));
            }
            let space = rest.len() - rest.trim_start_matches(' ').len();
            (start == 0 && (space > 0 || rest.starts_with('\t'))).then_some(end + space.clamp(1, 2))
        }
        Piece::Name => {
            if line.starts_with("| ") {
                return Some(2);
            }
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
            let name = line.len() - line.trim_start_matches(is_name).len();
            let space = line[name..].len() - line[name..].trim_start_matches(' ').len();
            let end = name + space;
            (name > 0 && space > 0 && line[end..].starts_with('|')).then(|| and_space(end + 1))
        }
    }
}

/// The length of the part of the margin that `line` has.
fn length_of(pieces: &[Piece], line: &str) -> usize {
    let mut length = 0;
    for &piece in pieces {
        let Some(more) = length_of_piece(piece, &line[length..]) else { break };
        length += more;
    }
    length
}

/// The marks of the fence that is opened in `before`, the lines before the first entry.
fn fence_before<'a>(before: &'a str, pieces: &[Piece]) -> Option<&'a str> {
    let mut open: Option<&str> = None;
    for line in before.split('\n') {
        let line = &line[length_of(pieces, line)..];
        match open {
            Some(fence) if is_fence(line, fence, true) => open = None,
            Some(_) => {}
            None => {
                open = ['`', '~'].into_iter().find_map(|mark| {
                    let marks = line.len() - line.trim_start_matches(mark).len();
                    (marks >= 3 && is_fence(line, &line[..marks], false)).then(|| &line[..marks])
                });
            }
        }
    }
    open
}

/// Whether a line opens or closes the fence of these marks.
fn is_fence(line: &str, fence: &str, is_inside: bool) -> bool {
    let after = line.strip_prefix(fence);
    after.is_some_and(|after| !is_inside && !after.contains('`') || after.trim_ascii().is_empty())
}

/// `text` without the control sequences of a terminal (ECMA-48), colours also as rsyslog writes them.
fn without_controls(text: &str) -> Cow<'_, str> {
    let mut plain = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = memchr::memchr2(0x1b, b'#', &text.as_bytes()[at..]) {
        let start = at + found;
        at = start + 1;
        let Some(length) = control(&text[start..]) else { continue };
        plain.push_str(&text[kept..start]);
        at = start + length;
        kept = at;
    }
    if kept == 0 {
        return text.into();
    }
    plain.push_str(&text[kept..]);
    plain.into()
}

/// The length of the control sequence that `text` begins with.
fn control(text: &str) -> Option<usize> {
    let digits = |c: char| c.is_ascii_digit() || c == ';';
    if let Some(after) = text.strip_prefix("#033[") {
        let rest = after.trim_start_matches(digits);
        return rest.starts_with(['m', 'K']).then(|| text.len() - rest.len() + 1);
    }
    let after = text.strip_prefix('\u{1b}')?;
    if let Some(title) = after.strip_prefix(']') {
        // The title of the window, up to a bell, on one line.
        let end = title.find(['\u{7}', '\u{1b}', '\n'])?;
        let closing = ["\u{7}", "\u{1b}\\"].iter().find(|closing| title[end..].starts_with(**closing))?;
        return Some(2 + end + closing.len());
    }
    let codes = after.strip_prefix('[')?;
    let rest = codes.trim_start_matches(|c: char| digits(c) || matches!(c, '?' | '>' | '='));
    let last = rest.chars().next().filter(char::is_ascii_alphabetic)?;
    let end = text.len() - rest.len() + last.len_utf8();
    // A shell that ends bracketed paste returns to the start of the line.
    let returns = last == 'l' && text[end..].starts_with('\r') && !text[end..].starts_with("\r\n");
    Some(end + usize::from(returns))
}
