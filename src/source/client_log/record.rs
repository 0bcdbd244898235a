//! The lines of a log as records: a message with who wrote it, however many lines it takes.
//!
//! A record begins at a line that has a prefix like those of the log's other records, or whose
//! message begins as one of a known client does. What follows up to the next one belongs to it.
//! Every line is looked at once. What this leaves out: what a message says.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::clients::{CLIENTS, begins, first_line};
use super::curl;
use super::fields;
use super::prefix::{Kind, LONGEST, Lane, Prefix};
use super::suffix;
use super::unwrap;

/// A message, and where it comes from.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Where its first line begins and ends.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The message with its further lines, without the place in the program.
    pub(super) message: Cow<'a, str>,
    pub(super) lane: Lane<'a>,
    /// The logger's name; empty where the log does not say.
    pub(super) logger: &'a str,
}

/// The records of `text`, in order. Lines before the first are of no log.
pub(super) fn split(text: &str) -> Vec<Record<'_>> {
    let mut splitter =
        Splitter { text, records: Vec::new(), open: None, has_known: false, kinds: Vec::new(), words: "" };
    let mut at = 0;
    while at < text.len() {
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |found| at + found);
        splitter.line(at, end);
        at = end + 1;
    }
    splitter.close();
    let mut records = splitter.records;
    if records.iter().any(|record| suffix::is_on(&record.message)) {
        for record in &mut records {
            let length = suffix::strip(&record.message).len();
            match &mut record.message {
                Cow::Borrowed(message) => *message = &message[..length],
                Cow::Owned(message) => message.truncate(length),
            }
        }
    }
    for record in &mut records {
        let line = text[record.start..record.end].chars().count();
        let before = line.saturating_sub(first_line(&record.message).chars().count());
        if is_broken(&record.message, before) {
            record.message = unwrap::join(&record.message, before).into();
        }
    }
    records
}

/// Whether `message`, a request or the fields of a response, goes on in lines that only its width
/// set apart. `before` characters come before it on its line.
fn is_broken(message: &str, before: usize) -> bool {
    let Some((first, rest)) = message.split_once('\n') else { return false };
    let next = first_line(rest).trim_ascii();
    if next.is_empty() || next.starts_with("RESP BODY:") {
        return false;
    }
    let command = |message: &str| {
        let command = message.strip_prefix("REQ: curl ").or_else(|| message.strip_prefix("curl "))?;
        Some(curl::parse(command).is_ok())
    };
    match command(message) {
        Some(true) => return ["-H ", "-d ", "-X ", "http"].iter().any(|option| next.starts_with(option)),
        Some(false) => return command(&unwrap::join(message, before)) == Some(true),
        None => {}
    }
    let is_list = first.starts_with("RESP: [") && !first.contains("] {");
    // Somebody set a field on each line.
    if is_list && rest.trim_ascii_end().split('\n').all(fields::begins_with_name) {
        return true;
    }
    // A list of fields has one line, and a word of it that is no name begins no line of a log.
    is_list
        && rest.split('\n').all(|line| !line.trim_ascii().is_empty())
        && (before > 0 || unwrap::is_hard(message, 0))
}

/// Where the first record of a known client begins on its line, looking at each line once.
pub(super) fn first(text: &str) -> Option<usize> {
    // A call begins with one of these; looking for them is cheaper than looking at lines.
    static CALLS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        searcher(&["REQ: curl ", "curl -g -i ", "curl -i ", "Making authentication request to "])
    });
    let mut next = 0;
    for found in CALLS.find_iter(text) {
        if found.start() < next {
            continue;
        }
        let start = text[..found.start()].rfind('\n').map_or(0, |end| end + 1);
        let end = memchr::memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |found| start + found);
        next = end;
        let line = &text[start..end];
        let Some((at, _)) = message_start(line) else { continue };
        let message = &line[at..];
        // Without a word of a logger, a command line alone is somebody's own, unless its answer follows.
        let is_call = message.starts_with("REQ: ") || message.starts_with("Making ");
        let prefix = Prefix::parse(line);
        let is_logged = is_call || prefix.kind.is_some() || prefix.outer > 0;
        // The answer is one of the next lines, as other loggers write between.
        let is_answered = || {
            text[end..]
                .lines()
                .take(8)
                .any(|line| message_start(line).is_some_and(|(at, _)| line[at..].starts_with("HTTP/")))
        };
        if is_logged || is_answered() {
            return Some(start);
        }
    }
    None
}

fn searcher(words: &[&str]) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(words)
        .expect("short words make an automaton")
}

/// Where the message of a known client begins in `line`, and its prefix.
fn message_start(line: &str) -> Option<(usize, Prefix<'_>)> {
    static BEGINNINGS: LazyLock<AhoCorasick> = LazyLock::new(|| {
        let words: Vec<&str> = CLIENTS.iter().flat_map(|client| client.beginnings).copied().collect();
        searcher(&words)
    });
    let prefix = Prefix::parse(line);
    let near = &line[..line.floor_char_boundary(LONGEST + 64)];
    // A beginning deep in a line is a quotation; a few of them say enough.
    let found = BEGINNINGS
        .find_iter(near)
        .take(8)
        .map(|found| found.start())
        .find(|&at| (at == prefix.length || Prefix::may_be(&line[..at])) && begins(&line[at..]));
    found.map(|at| (at, prefix))
}

struct Splitter<'a> {
    text: &'a str,
    records: Vec<Record<'a>>,
    open: Option<Open<'a>>,
    /// A message of a known client has come.
    has_known: bool,
    /// How the prefixes of this log begin.
    kinds: Vec<Kind>,
    /// The words of its own that its formatter puts after them.
    words: &'a str,
}

/// A record that may go on.
struct Open<'a> {
    record: Record<'a>,
    /// How its prefix begins.
    kind: Option<Kind>,
    /// What syslog wrote before its first line, where it did.
    unit: Option<&'a str>,
    /// The answer to a request for a token may come after it.
    is_before_token: bool,
}

impl<'a> Splitter<'a> {
    fn line(&mut self, start: usize, end: usize) {
        let line = &self.text[start..end];
        let known = message_start(line);
        let prefix = known.map_or_else(|| Prefix::parse(line), |(_, prefix)| prefix);
        let unit = (prefix.outer > 0).then(|| Lane::of(&line[..prefix.outer]));
        if let Some((at, _)) = known {
            self.has_known = true;
            // Some clients begin their message with a line end.
            let above = self.open.as_ref().filter(|open| open.record.message.trim_ascii().is_empty());
            let kind = prefix.kind.or_else(|| above.and_then(|open| open.kind));
            if let Some(kind) = kind.filter(|kind| !self.kinds.contains(kind)) {
                self.kinds.push(kind);
            }
            if prefix.kind.is_some() && at > prefix.length {
                self.words = &line[prefix.length..at];
            }
            return self.begin(start, end, at, prefix);
        }
        if prefix.kind.is_some_and(|kind| !self.has_known || self.kinds.contains(&kind)) {
            let has_words = line[prefix.length..].starts_with(self.words);
            let words = if has_words { self.words.len() } else { 0 };
            return self.begin(start, end, prefix.length + words, prefix);
        }
        // The JSON of an answer that no words come before.
        let is_json = line[prefix.outer..].starts_with('{');
        if is_json && self.open.as_ref().is_some_and(|open| open.is_before_token) {
            return self.begin(start, end, prefix.outer, prefix);
        }
        let Some(open) = &mut self.open else { return };
        if unit.is_some() && open.unit.map(Lane::of) != unit {
            return;
        }
        // journald sets further lines under the message.
        let indent = open.unit.map_or(0, str::len);
        let is_set_under = unit.is_none()
            && line.len() > indent
            && line[..line.floor_char_boundary(indent)].trim_ascii().is_empty();
        let margin = if is_set_under { indent } else { prefix.outer };
        if margin > 0 || matches!(open.record.message, Cow::Owned(_)) {
            let message = open.record.message.to_mut();
            message.push('\n');
            message.push_str(&line[margin..]);
            return;
        }
        let first = start_of_slice(self.text, &open.record.message);
        open.record.message = Cow::Borrowed(&self.text[first..end]);
    }

    /// Begins a record whose message is at `at` in the line.
    fn begin(&mut self, start: usize, end: usize, at: usize, prefix: Prefix<'a>) {
        let line = &self.text[start..end];
        let words = &line[..at];
        // A line without a prefix of its own is a further line of the record above.
        let unit = (prefix.outer > 0).then(|| &line[..prefix.outer]);
        let is_bare = line[prefix.outer.min(at)..at].trim_ascii().is_empty();
        let (lane, logger) = match &self.open {
            Some(open) if is_bare && (unit.is_none() || open.unit.map(Lane::of) == unit.map(Lane::of)) => {
                (open.record.lane, open.record.logger)
            }
            _ => (Lane::of(words), prefix.logger),
        };
        self.close();
        let record = Record { start, end, message: Cow::Borrowed(&line[at..]), lane, logger };
        let message = &line[at..];
        let is_before_token = message.starts_with("Making authentication") || message.contains("\"POST ");
        self.open = Some(Open { record, kind: prefix.kind, unit, is_before_token });
    }

    fn close(&mut self) {
        if let Some(mut open) = self.open.take() {
            // rsyslog writes a message on one line.
            if open.unit.is_some() && open.record.message.contains("#012") {
                open.record.message = open.record.message.replace("#012", "\n").into();
            }
            self.records.push(open.record);
        }
    }
}

/// Where `part`, a slice of `whole`, begins.
fn start_of_slice(whole: &str, part: &str) -> usize {
    crate::text::range_of(whole, part).map_or(0, |range| range.start)
}
