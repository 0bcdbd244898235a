//! HTTP Archive 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>).
//!
//! What docgen itself writes, and what browsers, proxies and people do. There is one way through a
//! file, whatever its state: a field that is not as it should be costs itself and is told as a
//! warning; a place where the structure is broken costs the entry around it and is told as an
//! error, with a gap in the trace; reading goes on with the next entry. The list of entries is found where
//! it is: in `log`, alone, in a list of archives, one a line. What this leaves out: pages, cookies,
//! and caches, which no page of docgen shows.

mod body;
mod entry;
mod log;
mod time;
pub mod write;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use self::entry::{Entry, entry, gap, text};
use super::places::Places;
use crate::error::{Error, ErrorKind, Place};
use crate::json::{Broken, CUT_OFF, Kind, Progress, Reader, brackets_end};
use crate::text::Text;
use crate::trace::{Gap, Micros, Trace};

/// What to do about an entry that is lost.
const HINT: &str = "the entry is left out; capture the command again, or mend the file";

/// What to do about a file that is none as a whole.
const FILE_HINT: &str = "a HAR file is one JSON object: `log`, and in it the list `entries`; export it again";

/// What is said of files that are none as a whole and have entries.
const HAS_NO_LOG: &str =
    "this is no whole HAR file: there is no `log`; the entries in it are read all the same";
const IS_A_LIST: &str = "this is no whole HAR file but a list; the entries in it are read all the same";

/// Reads the archive `text`, the content of `file`. The exchanges keep the order of the array.
pub fn read(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    let (entries, known, diagnostics) = Archive::read(text).finish(file);
    let exchanges = entries.into_iter().map(|entry| entry.into_exchange(text)).collect();
    (Trace { exchanges, ..known }, diagnostics)
}

/// The same, but with headers and bodies as a log of the trace shows them, and that log: what
/// [`rewrite`](super::requestshook_writer::rewrite) makes of the trace, in less time.
pub(super) fn read_as_log(file: &Path, text: &Text) -> (Trace, Text, Vec<Error>) {
    let (entries, known, diagnostics) = Archive::read(text).finish(file);
    let (trace, log) = log::log(entries, known, text);
    (trace, log, diagnostics)
}

/// Whether `text` begins as an archive does.
pub(super) fn is_one(text: &str) -> bool {
    let start = text.trim_ascii_start();
    let start = start.strip_prefix('[').map_or(start, str::trim_ascii_start);
    start.starts_with('{')
        && (first_key(start).is_some_and(|key| key == "log")
            || memchr::memmem::find(start.as_bytes(), b"\"startedDateTime\"").is_some())
}

fn first_key(object: &str) -> Option<&str> {
    let rest = object.strip_prefix('{')?.trim_ascii_start().strip_prefix('"')?;
    rest.split_once('"').map(|(key, _)| key)
}

/// What an archive holds, as far as it has been read.
struct Archive<'a> {
    text: &'a Text,
    json: Reader<'a>,
    entries: Vec<Entry<'a>>,
    /// The gaps that the file's writer knew of, and what it noted; there are no exchanges in it.
    known: Trace,
    damages: Vec<Damage>,
    /// Whether entries were found where some archive has them.
    has_list: bool,
    /// What is to be told of the file as a whole.
    remarks: Vec<&'static str>,
    /// What there is in the place of `log` or of its `entries`.
    misplaced: Option<(usize, String)>,
    /// Whether the structure is broken, so that what comes after the last entry means nothing.
    is_lost: bool,
    /// How many bytes may yet be parsed in the search for whole entries.
    ///
    /// Objects nested without end would make that search quadratic.
    budget: usize,
}

/// A place where an entry, or more, could not be read.
struct Damage {
    /// The bytes that are lost.
    lost: Range<usize>,
    /// The byte that is wrong.
    at: usize,
    message: String,
    hint: &'static str,
    /// How many entries come before it.
    entries: usize,
}

/// How many times the length of the file a search for whole entries may read.
const PATIENCE: usize = 32;

/// How many lines a warning names that is true of many.
const LINES: usize = 10;

impl<'a> Archive<'a> {
    fn read(text: &'a Text) -> Archive<'a> {
        let mut archive = Archive {
            text,
            json: Reader::new(text),
            entries: Vec::new(),
            known: Trace::default(),
            damages: Vec::new(),
            has_list: false,
            remarks: Vec::new(),
            misplaced: None,
            is_lost: false,
            budget: text.len().saturating_mul(PATIENCE),
        };
        let broken = archive.values().err();
        archive.conclude(broken);
        archive
    }

    /// Takes all values of the file. There should be one.
    fn values(&mut self) -> Result<(), Broken> {
        let mut count = 0;
        while !self.is_lost
            && let Some(byte) = self.json.next_byte()
        {
            let at = self.json.next_at();
            if !matches!(byte, b'{' | b'[') {
                self.json.tell(at, "what follows does not belong to the archive; it is left out");
                break;
            }
            count += 1;
            if count == 2 {
                self.json.tell(at, "the file does not end before this; what follows is read, too");
            }
            if byte == b'{' {
                self.alone(at)?;
                continue;
            }
            self.remark(IS_A_LIST);
            self.has_list = true;
            self.json.seek(at + 1);
            let first = self.json.next_at();
            if first_key(&self.text[first..]).is_some_and(|key| key == "log") {
                self.json.seek(at);
                self.archives()?;
            } else {
                self.elements();
            }
        }
        Ok(())
    }

    /// Takes the object at `start`, which is in no list.
    fn alone(&mut self, start: usize) -> Result<(), Broken> {
        let had_list = self.has_list;
        let Err(broken) = self.object(true) else { return Ok(()) };
        let is_entry = first_key(&self.text[start..]).is_some_and(is_entry_key);
        if !is_entry && !had_list {
            return Err(broken);
        }
        let next = self.search(broken.at);
        let end = next.unwrap_or(self.text.len());
        if is_entry {
            let why = broken.why;
            self.damage(start..end, broken.at, format!("this entry is damaged: {why}"), HINT);
        } else {
            let why = broken.why;
            self.damage(start..end, broken.at, format!("this is no whole HAR file: {why}"), FILE_HINT);
        }
        self.has_list = true;
        self.json.seek(end);
        Ok(())
    }

    /// Takes the archives of a list.
    fn archives(&mut self) -> Result<(), Broken> {
        let mut progress = Progress::default();
        loop {
            let taken = match self.json.next_element(&mut progress) {
                Ok(false) => return Ok(()),
                Ok(true) => self.json.peek().and_then(|kind| match kind {
                    Kind::Object => self.object(false),
                    kind => self.pass_over(kind),
                }),
                Err(broken) => Err(broken),
            };
            if self.is_lost {
                return Ok(());
            }
            let Err(broken) = taken else { continue };
            let Some(next) = self.search(broken.at) else { return Err(broken) };
            let message = format!("this is no whole HAR file: {}", broken.why);
            self.damage(broken.at..next, broken.at, message, FILE_HINT);
            self.json.seek(next);
            self.elements();
            self.is_lost = true;
            return Ok(());
        }
    }

    /// Takes an object that is an archive, its `log` alone, or an entry alone.
    fn object(&mut self, is_alone: bool) -> Result<(), Broken> {
        let start = self.json.next_at();
        let (mut is_entry, mut is_archive) = (false, false);
        let mut progress = Progress::default();
        while let Some(key) = self.json.next_member(&mut progress)? {
            let (at, kind) = (self.json.next_at(), self.json.peek()?);
            match (&*key.name, kind) {
                ("log", Kind::Object) => {
                    is_archive = true;
                    self.log()?;
                }
                ("entries", Kind::List) => {
                    is_archive = true;
                    self.remark(HAS_NO_LOG);
                    self.list();
                }
                (name, _) => {
                    if name == "log" {
                        self.misplaced = Some((at, format!("`log` is {}, not an object", kind.name())));
                    }
                    is_entry |= matches!(name, "request" | "response" | "startedDateTime");
                    self.json.skip()?;
                }
            }
            if self.is_lost {
                return Ok(());
            }
        }
        if is_entry && !is_archive {
            if is_alone {
                self.remark(HAS_NO_LOG);
            }
            self.has_list = true;
            self.json.seek(start);
            self.entry(start)?;
        }
        Ok(())
    }

    fn log(&mut self) -> Result<(), Broken> {
        let start = self.json.next_at();
        let mut misplaced = Some((start, "its `log` has no `entries`".to_owned()));
        let mut progress = Progress::default();
        while let Some(key) = self.json.next_member(&mut progress)? {
            let (at, kind) = (self.json.next_at(), self.json.peek()?);
            match (&*key.name, kind) {
                ("entries", Kind::List) => {
                    misplaced = None;
                    self.list();
                }
                ("entries", _) => {
                    misplaced = Some((at, format!("`entries` is {}, not a list", kind.name())));
                    self.json.skip()?;
                }
                ("_gaps", Kind::List) => {
                    let mut progress = Progress::default();
                    while self.json.next_element(&mut progress)? {
                        let found = gap(&mut self.json)?;
                        self.known.gaps.extend(found);
                    }
                }
                ("_notes", Kind::List) => {
                    let mut progress = Progress::default();
                    while self.json.next_element(&mut progress)? {
                        let note = text(&mut self.json, "_notes")?;
                        self.known.notes.extend(note.map(|note| Text::from(note.into_owned())));
                    }
                }
                _ => {
                    self.json.skip()?;
                }
            }
            if self.is_lost {
                return Ok(());
            }
        }
        self.misplaced = misplaced.or(self.misplaced.take());
        Ok(())
    }

    /// Takes the entries of the list that begins here.
    fn list(&mut self) {
        let start = self.json.next_at();
        self.has_list = true;
        self.json.seek(start + 1);
        self.elements();
    }

    /// Takes the entries up to the bracket that ends their list.
    ///
    /// Where one is damaged, the next whole one is looked for; up to there no bracket is trusted.
    fn elements(&mut self) {
        let end = self.text.trim_ascii_end().len();
        let (mut comma, mut is_first, mut is_after_damage) = (None, true, false);
        // Where the next whole entry begins, where a search has found it already.
        let (mut known, mut is_last) = (None, false);
        while let Some(byte) = self.json.next_byte() {
            let at = self.json.next_at();
            let broken = match byte {
                b']' if !is_after_damage => {
                    if let Some(comma) = comma {
                        self.json.tell(comma, "nothing comes after this comma");
                    }
                    self.json.seek(at + 1);
                    return;
                }
                b',' => {
                    if (is_first || comma.is_some()) && !is_after_damage {
                        self.json.tell(at, "nothing comes before this comma");
                    }
                    comma = Some(at);
                    self.json.seek(at + 1);
                    continue;
                }
                b'{' => {
                    if comma.is_none() && !is_first && !is_after_damage {
                        self.json.tell(at, "a comma is missing before this entry");
                    }
                    self.entry(at)
                }
                _ if is_after_damage => Err(Broken { at, why: "" }),
                _ => self.json.peek().and_then(|kind| self.pass_over(kind)).and_then(|()| {
                    if matches!(self.json.next_byte(), Some(b',' | b']')) {
                        return Ok(());
                    }
                    // A piece of something, rather than a value by itself.
                    self.damages.pop();
                    Err(Broken { at, why: "here is no object" })
                }),
            };
            (comma, is_first) = (None, false);
            let Err(Broken { at: place, why }) = broken else {
                is_after_damage = false;
                continue;
            };
            let is_object = byte == b'{';
            // Where there is none after one place, there is none after a later one.
            if !is_last && known.is_none_or(|known| known <= at) {
                known = self.search(at + 1);
                is_last = known.is_none();
            }
            known = known.filter(|&known| known > at);
            let next = known.unwrap_or(self.text.len());
            // Where the damage swallows what comes after it, that is not the place to look at.
            let (place, why) = match known {
                Some(next) if place >= next => (at, "it does not end before the next one begins"),
                _ => (place, why),
            };
            let end = if is_object { self.object_end(at, next) } else { next };
            // What is no object is a piece of the damaged entry before it.
            if is_object || !is_after_damage {
                self.damage(at..end, place, format!("this entry is damaged: {why}"), HINT);
            }
            is_after_damage = true;
            self.json.seek(if is_object { end } else { next });
        }
        self.is_lost = true;
        if !is_after_damage {
            self.damage(end..end, end, "the file ends before its list of entries does".to_owned(), FILE_HINT);
        }
    }

    /// Takes the entry that begins at `start`.
    fn entry(&mut self, start: usize) -> Result<(), Broken> {
        let told = self.json.told.len();
        match entry(&mut self.json, self.text) {
            Ok(Some(entry)) => self.entries.push(entry),
            Ok(None) => {
                self.json.told.truncate(told);
                let end = self.json.position();
                let message = "this entry is damaged: it has neither a request nor a response".to_owned();
                self.damage(start..end, start, message, HINT);
            }
            Err(broken) => {
                // What is lost as a whole is told once.
                self.json.told.truncate(told);
                return Err(broken);
            }
        }
        Ok(())
    }

    /// Passes over what is no entry in a list of them.
    fn pass_over(&mut self, kind: Kind) -> Result<(), Broken> {
        let start = self.json.next_at();
        self.json.skip()?;
        let message = format!("this entry is {}, not an object", kind.name());
        self.damage(start..self.json.position(), start, message, HINT);
        Ok(())
    }

    /// Where the first whole entry after `from` begins.
    fn search(&mut self, from: usize) -> Option<usize> {
        let text = self.text;
        for found in memchr::memchr_iter(b'{', &text.as_bytes()[from..]) {
            let start = from + found;
            if !first_key(&text[start..text.floor_char_boundary(start + 512)]).is_some_and(is_entry_key) {
                continue;
            }
            let told = self.json.told.len();
            self.json.seek(start);
            let entry = entry(&mut self.json, text);
            self.json.told.truncate(told);
            let end = match entry {
                Ok(Some(_)) => return Some(start),
                Ok(None) => self.json.position(),
                Err(broken) => broken.at,
            };
            self.budget = self.budget.checked_sub(end.saturating_sub(start) + 1)?;
        }
        None
    }

    /// Where the object that begins at `start` ends, but for `next` at the latest.
    fn object_end(&mut self, start: usize, next: usize) -> usize {
        let found = brackets_end(&self.text[..next], start);
        let end = found.unwrap_or_else(|broken| broken.at);
        match self.budget.checked_sub(end - start) {
            Some(left) => {
                self.budget = left;
                found.unwrap_or(next)
            }
            None => {
                self.budget = 0;
                next
            }
        }
    }

    fn damage(&mut self, lost: Range<usize>, at: usize, message: String, hint: &'static str) {
        self.damages.push(Damage { lost, at, message, hint, entries: self.entries.len() });
    }

    /// Says what the file as a whole lacks, and looks for entries in a file whose structure shows none.
    fn conclude(&mut self, broken: Option<Broken>) {
        let end = self.text.trim_ascii_end().len();
        let is_complete = self.has_list;
        if !is_complete && let Some(start) = entries_start(self.text) {
            self.json.seek(start);
            self.elements();
        }
        let (at, message) = match (broken, self.misplaced.take()) {
            _ if self.is_lost && !self.damages.is_empty() => return,
            (None, None) if is_complete => return,
            (Some(Broken { why: CUT_OFF, .. }), _) if !is_complete => {
                (end, "the file ends before its list of entries does".to_owned())
            }
            (Some(Broken { at, why }), _) => (at, format!("this is no whole HAR file: {why}")),
            (None, _) if end == 0 => (0, "the file ends before its list of entries does".to_owned()),
            (None, Some((at, why))) => (at, format!("this is no whole HAR file: {why}")),
            (None, None) => (0, "this is no whole HAR file: there is no `log`".to_owned()),
        };
        // Nothing is lost where the entries are there.
        if self.entries.is_empty() && !is_complete {
            self.damage(at..at, at, message, FILE_HINT);
        } else {
            self.json.tell(at, message);
        }
    }

    fn remark(&mut self, remark: &'static str) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// The entries, what else is known, and all that is to be told, in the order of the file.
    fn finish(mut self, file: &Path) -> (Vec<Entry<'a>>, Trace, Vec<Error>) {
        give_times(&mut self.entries);
        let mut places = Places::new(file, self.text);
        let (mut clock, mut counted) = (0, 0);
        let mut told = std::mem::take(&mut self.json.told);
        told.sort_by_key(|(at, _)| *at);
        self.damages.sort_by_key(|damage| damage.at);
        let (mut told, mut damages) = (told.into_iter().peekable(), self.damages.into_iter().peekable());
        let mut found: Vec<(Error, Repeats)> = Vec::new();
        let mut known: HashMap<Cow<'static, str>, usize> = HashMap::new();
        loop {
            let is_damage = match (told.peek(), damages.peek()) {
                (None, None) => break,
                (told, damage) => damage.is_some_and(|damage| told.is_none_or(|(at, _)| damage.at <= *at)),
            };
            if is_damage && let Some(damage) = damages.next() {
                for entry in &self.entries[counted..damage.entries.max(counted)] {
                    clock = clock.max(entry.exchange.ended.unwrap_or(entry.exchange.started));
                }
                counted = counted.max(damage.entries);
                let place = places.span(damage.at, damage.at + 1);
                self.known.gaps.push(Gap {
                    at: started_in(&self.text[damage.lost]).unwrap_or(clock),
                    line: place.line,
                    column: place.column,
                    reason: damage.message.clone(),
                });
                let error = Error::new(ErrorKind::DamagedEntry, damage.message).at(place).hint(damage.hint);
                found.push((error, Repeats::default()));
            } else if let Some((at, message)) = told.next() {
                match known.get(&message) {
                    Some(&index) => {
                        let repeats = &mut found[index].1;
                        repeats.count += 1;
                        if repeats.lines.len() < LINES {
                            let line = places.span(at, at + 1).line;
                            repeats.lines.insert(line);
                        }
                    }
                    None => {
                        known.insert(message.clone(), found.len());
                        let place = places.span(at, at + 1);
                        let line = place.line;
                        let warning = Error::warning(ErrorKind::DamagedEntry, message).at(place);
                        found.push((warning, Repeats { count: 0, line, lines: BTreeSet::new() }));
                    }
                }
            }
        }
        let remarks = self.remarks.into_iter();
        let remarks = remarks
            .map(|text| Error::warning(ErrorKind::DamagedEntry, text).at(Place::file(file)).hint(FILE_HINT));
        let errors = found.into_iter().map(|(error, repeats)| match repeats.sentence() {
            Some(sentence) => error.hint(sentence),
            None => error,
        });
        let errors = remarks.chain(errors).collect();
        (self.entries, self.known, errors)
    }
}

/// Where else a warning is true.
#[derive(Default)]
struct Repeats {
    count: usize,
    /// The line that the warning itself names.
    line: usize,
    lines: BTreeSet<usize>,
}

impl Repeats {
    fn sentence(mut self) -> Option<String> {
        self.lines.remove(&self.line);
        let lines: Vec<String> = self.lines.iter().map(usize::to_string).collect();
        let places = if self.count == 1 { "place" } else { "places" };
        match (self.count, lines.is_empty()) {
            (0, _) => None,
            (count, true) => Some(format!("the same is true of {count} more {places}")),
            (count, false) => {
                Some(format!("the same is true of {count} more {places}, on line {}", lines.join(", ")))
            }
        }
    }
}

/// Gives the entries that do not say when they happened a time after the entry before them.
fn give_times(entries: &mut [Entry<'_>]) {
    let first = entries.iter().find(|entry| entry.has_time).map(|entry| entry.exchange.started);
    let mut last = None;
    for Entry { exchange, has_time, .. } in entries {
        if !*has_time {
            let duration = exchange.ended.map(|ended| ended.saturating_sub(exchange.started));
            exchange.started = last.unwrap_or_else(|| {
                first.map_or(0, |first: Micros| first.saturating_sub(duration.unwrap_or(0)))
            });
            exchange.ended = duration.map(|duration| exchange.started.saturating_add(duration));
        }
        last = Some(exchange.ended.unwrap_or(exchange.started));
    }
}

/// The time that a damaged entry names.
fn started_in(entry: &str) -> Option<Micros> {
    let at = memchr::memmem::find(entry.as_bytes(), b"\"startedDateTime\"")?;
    time::parse(entry[at..].split('"').nth(3)?).ok()
}

/// Whether an entry of an archive may begin with this key.
fn is_entry_key(key: &str) -> bool {
    const KEYS: [&str; 10] = [
        "startedDateTime",
        "time",
        "request",
        "response",
        "cache",
        "timings",
        "pageref",
        "serverIPAddress",
        "connection",
        "comment",
    ];
    key.starts_with('_') || KEYS.contains(&key)
}

/// Where the first entry may be in a file whose structure does not show it: after the bracket that
/// opens a list `entries`, or else the first object that looks like one.
fn entries_start(text: &str) -> Option<usize> {
    for found in memchr::memmem::find_iter(text.as_bytes(), b"\"entries\"") {
        let after = &text[found + "\"entries\"".len()..];
        let bracket = after.trim_ascii_start().strip_prefix(':').map(str::trim_ascii_start);
        if let Some(rest) = bracket.and_then(|rest| rest.strip_prefix('[')) {
            return Some(text.len() - rest.len());
        }
    }
    let first = memchr::memmem::find(text.as_bytes(), b"\"startedDateTime\"")?;
    memchr::memrchr(b'{', &text.as_bytes()[..first])
}

#[cfg(test)]
mod tests;
