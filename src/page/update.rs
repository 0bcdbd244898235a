//! An existing page source, brought up to date with its trace.
//!
//! Two things are done and nothing else changes a byte: a message that the source
//! shows nowhere gets a section behind the one before it (what no hole can name, a hole
//! for the rest up to there), and a section whose
//! exchange is gone is put between marks ([`super::source::GONE`]), which keeps
//! its prose and takes it off the page. Doing it again changes nothing. What this
//! leaves out: prose. A sentence that speaks of an exchange that is gone is for
//! its writer; rendering names it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag};

use super::Context;
use super::draft::{Labels, Told, rest, section};
use super::source::{GONE, GONE_END, Hole, Part, Source, TokenKind};
use super::{Entry, Message, Page, PageExchange};
use crate::sequence::Side;
use crate::settings::{HoleWord, Shows};

/// What becomes of a page source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// The new text.
    pub text: String,
    /// The messages that get a section: their numbers, and where in the old text the section goes.
    pub added: Vec<(u32, usize)>,
    /// Labels of the sections that are marked.
    pub marked: Vec<String>,
}

/// What a source is brought up to date with.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The page.
    pub page: &'a Page,
    /// For each exchange of the trace, whether a source shows it already.
    pub shown: &'a [bool],
    /// The labels that match no exchange any more.
    pub lost: &'a [&'a str],
    /// The exchange, by its index in the trace, that a selector names.
    pub resolve: &'a dyn Fn(&str) -> Option<usize>,
}

/// Brings a page source up to date. `labels` has a name for each exchange that no source shows.
pub fn update(source: &Source, facts: &Facts<'_>, labels: &Labels) -> Update {
    let sections = Section::all(source, facts);
    let mut update = Update::default();
    let mut edits: Vec<(usize, Edit)> = Vec::new();
    for (span, labels) in gone(&sections, &facts.lost.iter().copied().collect()) {
        let line_end = if source.text[..span.end].ends_with('\n') { "" } else { "\n" };
        edits.push((span.start, Edit::Begin(format!("{GONE}{} -->\n", labels.join(", ")))));
        edits.push((span.end, Edit::End(format!("{line_end}{GONE_END}\n"))));
        update.marked.extend(labels);
    }
    let mut added: BTreeMap<usize, String> = BTreeMap::new();
    for (missing, at) in missing(source, &sections, facts, labels) {
        let new = added.entry(at).or_insert_with(|| blank_line_before(&source.text[..at]).to_owned());
        match missing {
            Missing::Section { message, name, level } => {
                new.push_str(&section(facts.page, message, name, level));
                update.added.push((message.number, at));
            }
            Missing::Rest { hole, numbers } => {
                new.push_str(&rest(facts.page, &hole));
                update.added.extend(numbers.into_iter().map(|number| (number, at)));
            }
        }
    }
    edits.extend(added.into_iter().map(|(at, text)| (at, Edit::Section(text))));
    edits.sort();
    let mut copied = 0;
    for (at, edit) in edits {
        let (Edit::End(text) | Edit::Section(text) | Edit::Begin(text)) = edit;
        update.text.push_str(&source.text[copied..at]);
        update.text.push_str(&text);
        copied = at;
    }
    update.text.push_str(&source.text[copied..]);
    update
}

/// The source without the marks around sections whose labels all match an exchange again.
pub fn without_needless_marks(source: &Source, matches: impl Fn(&str) -> bool) -> String {
    let mut text = String::with_capacity(source.text.len());
    let mut copied = 0;
    for (span, labels) in source.gone() {
        if labels.is_empty() || !labels.iter().all(|label| matches(label)) {
            continue;
        }
        let section = &source.text[span.clone()];
        let first = section.find('\n').map_or(section.len(), |end| end + 1);
        let last = section.trim_end().rfind('\n').map_or(first, |end| end + 1);
        text.push_str(&source.text[copied..span.start]);
        text.push_str(&section[first..last]);
        copied = span.end;
    }
    text.push_str(&source.text[copied..]);
    text
}

/// What is put in at one place. Of several at the same place, these come in this order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Edit {
    End(String),
    Section(String),
    Begin(String),
}

/// The runs of sections that show nothing but exchanges that are lost, with their labels.
fn gone(sections: &[Section], lost: &HashSet<&str>) -> Vec<(Range<usize>, Vec<String>)> {
    let mut gone: Vec<(Range<usize>, Vec<String>)> = Vec::new();
    // The labels of the last run.
    let mut named: HashSet<&str> = HashSet::new();
    let is_gone =
        |section: &&Section| !section.shows_others && section.names.iter().all(|name| lost.contains(&**name));
    for section in sections.iter().filter(is_gone) {
        let is_next = gone.last().is_some_and(|(span, _)| span.end == section.span.start);
        if !is_next {
            gone.push((section.span.clone(), Vec::new()));
            named.clear();
        }
        if let Some((span, labels)) = gone.last_mut() {
            span.end = section.span.end;
            labels.extend(section.names.iter().filter(|name| named.insert(name)).cloned());
        }
    }
    gone
}

/// What no source shows.
enum Missing<'p> {
    /// A message that a hole can name, with the level of its heading.
    Section { message: &'p Message, name: &'p str, level: usize },
    /// Entries that no hole can name: damaged places, and these messages.
    Rest { hole: String, numbers: Vec<u32> },
}

/// What no source shows, with the place where it goes.
fn missing<'p>(
    source: &Source,
    sections: &[Section],
    facts: &Facts<'p>,
    labels: &'p Labels,
) -> Vec<(Missing<'p>, usize)> {
    let mut missing: Vec<(Missing<'p>, usize)> = Vec::new();
    let Some(shown_up_to) = up_to_rest(source, facts) else { return missing };
    // The first section that shows a message, by its number.
    let mut shown_in: HashMap<u32, &Section> = HashMap::new();
    for section in sections {
        for number in &section.numbers {
            shown_in.entry(*number).or_insert(section);
        }
    }
    let mut place = None;
    let mut is_in_rest = false;
    let told = Told::of(facts.page);
    for (index, entry) in facts.page.entries.iter().enumerate() {
        let message = match entry {
            Entry::Message(message) => Some(message),
            Entry::Gap(_) => None,
        };
        if let Some(found) = message.and_then(|message| shown_in.get(&message.number)) {
            place = Some((found.span.end, found.level));
        }
        let is_shown = index < shown_up_to || message.is_some_and(|message| facts.shown[message.exchange]);
        let name = message.and_then(|message| labels.of(message.exchange));
        if told.is_elsewhere(entry) {
            continue;
        }
        if !is_shown {
            let (at, level) = *place.get_or_insert_with(|| first_place(source, sections, facts.page));
            match (message, name, missing.last_mut()) {
                (Some(message), Some(name), _) => {
                    missing.push((Missing::Section { message, name, level }, at))
                }
                (_, _, Some((Missing::Rest { numbers, .. }, _))) if is_in_rest => {
                    numbers.extend(message.map(|message| message.number));
                }
                _ => {
                    let behind = facts.page.entries[index..].iter();
                    let hole = labels.rest(behind.filter(|entry| !told.is_elsewhere(entry)));
                    let numbers = message.map(|message| message.number).into_iter().collect();
                    missing.push((Missing::Rest { hole, numbers }, at));
                }
            }
        }
        is_in_rest = name.is_none() && !is_shown;
    }
    missing
}

/// How many entries of the page the holes `rest` of a source show, if nothing else does; `None` for all.
fn up_to_rest(source: &Source, facts: &Facts<'_>) -> Option<usize> {
    let mut numbers = HashSet::new();
    for hole in source.holes().filter(|hole| shows(source, hole) == Shows::Rest) {
        let words: Vec<&str> = hole.tokens.iter().map(|token| &source.text[token.span.clone()]).collect();
        match words.as_slice() {
            [_] => return None,
            [_, "(", "until", "=", name, rest @ ..] => {
                // A label and its side are words of their own, a selector in quotes holds its own.
                let quoted = name.trim_matches(['"', '\'']);
                let (name, side) = match quoted.rsplit_once('.') {
                    Some((selector, word)) if Side::named(word).is_some() => {
                        (selector.trim_end(), Side::named(word))
                    }
                    _ => (quoted, rest.iter().find_map(|word| Side::named(word))),
                };
                let label = facts.page.labels.iter().find(|(label, _)| label == name);
                let exchange = label.map(|(_, exchange)| *exchange).or_else(|| (facts.resolve)(name));
                numbers.extend(exchange.map(|exchange| (exchange, side.unwrap_or(Side::Request))));
            }
            _ => {}
        }
    }
    let is_named = |entry: &Entry| match entry {
        Entry::Message(message) => numbers.contains(&(message.exchange, message.side)),
        Entry::Gap(_) => false,
    };
    Some(facts.page.entries.iter().rposition(is_named).unwrap_or(0))
}

/// A part of a source that shows messages: from a heading, or a hole that prints one, to the next.
#[derive(Clone, Debug)]
struct Section {
    span: Range<usize>,
    level: usize,
    /// The labels, or selectors, of the exchanges that it shows.
    names: Vec<String>,
    named: HashSet<String>,
    /// The numbers of the messages that it shows.
    numbers: Vec<u32>,
    /// It shows messages that it does not name, too.
    shows_others: bool,
}

/// Where a section may begin or end.
pub(super) struct Boundary {
    pub(super) at: usize,
    level: usize,
    /// It begins what cannot be part of a section.
    is_apart: bool,
}

impl Section {
    /// The sections of a source that show messages, in order.
    fn all(source: &Source, facts: &Facts<'_>) -> Vec<Section> {
        let boundaries = boundaries(source);
        let lookup = Lookup::of(facts);
        let mut holes = source.holes().peekable();
        // First what lies between one boundary and the next, then what of it belongs together.
        let ends = boundaries.iter().skip(1).map(|next| next.at).chain([source.text.len()]);
        let parts: Vec<(Section, bool)> = boundaries
            .iter()
            .zip(ends)
            .map(|(boundary, end)| {
                let mut section = Section::new(boundary.at..end, boundary.level);
                while let Some(hole) = holes.next_if(|hole| hole.span.start < end) {
                    if boundary.at <= hole.span.start {
                        section.add(shown_by(source, hole), facts, &lookup);
                        section.shows_others |= shows_others(source, hole);
                    }
                }
                (section, boundary.is_apart)
            })
            .collect();
        let mut sections: Vec<Section> = Vec::new();
        let mut open = false;
        for (part, is_apart) in parts {
            let shows = !part.names.is_empty();
            match sections.last_mut() {
                Some(last) if open && !is_apart && !shows && part.level > last.level => {
                    last.span.end = part.span.end;
                    last.shows_others |= part.shows_others;
                }
                _ => {
                    open = shows && !is_apart;
                    if open {
                        sections.push(part);
                    }
                }
            }
        }
        sections
    }

    fn new(span: Range<usize>, level: usize) -> Section {
        Section {
            span,
            level,
            names: Vec::new(),
            named: HashSet::new(),
            numbers: Vec::new(),
            shows_others: false,
        }
    }

    /// Adds what a hole shows: the messages of a label, or selector.
    fn add(&mut self, shown: Option<(String, Option<Side>)>, facts: &Facts<'_>, lookup: &Lookup<'_>) {
        let Some((name, side)) = shown else { return };
        let exchange = match lookup.labels.get(&*name) {
            Some(exchange) => Some(*exchange),
            None if lookup.lost.contains(&*name) => None,
            None => (facts.resolve)(&name),
        };
        let found = exchange.and_then(|exchange| lookup.exchanges.get(&exchange));
        self.numbers.extend(found.into_iter().flat_map(|exchange| numbers(exchange, side)));
        if self.named.insert(name.clone()) {
            self.names.push(name);
        }
    }
}

/// What is looked up for each hole.
struct Lookup<'a> {
    labels: HashMap<&'a str, usize>,
    lost: HashSet<&'a str>,
    /// By index in the trace.
    exchanges: HashMap<usize, &'a PageExchange>,
}

impl<'a> Lookup<'a> {
    fn of(facts: &Facts<'a>) -> Lookup<'a> {
        Lookup {
            labels: facts.page.labels.iter().map(|(name, exchange)| (name.as_str(), *exchange)).collect(),
            lost: facts.lost.iter().copied().collect(),
            exchanges: facts.page.exchanges.iter().map(|found| (found.index, &**found)).collect(),
        }
    }
}

fn numbers(exchange: &PageExchange, side: Option<Side>) -> Vec<u32> {
    let response = exchange.response.as_ref().map(|response| response.number);
    match side {
        Some(Side::Request) => vec![exchange.request.number],
        Some(Side::Response) => response.into_iter().collect(),
        None => [Some(exchange.request.number), response].into_iter().flatten().collect(),
    }
}

/// The label or selector of which a hole shows a heading, headers or a body, and which message.
fn shown_by(source: &Source, hole: &Hole) -> Option<(String, Option<Side>)> {
    let words: Vec<(TokenKind, &str)> =
        hole.tokens.iter().map(|token| (token.kind, &source.text[token.span.clone()])).collect();
    let shows = |word: &str| HoleWord::named(word).map_or(Shows::Nothing, HoleWord::shows);
    // A part is one of a piece.
    let words = match words.as_slice() {
        [(_, word), (_, "("), piece @ ..] if shows(word) == Shows::Lines => piece,
        words => words,
    };
    let is_piece = |word| matches!(shows(word), Shows::Section | Shows::Content | Shows::Heading);
    let side = |words: &[(TokenKind, &str)]| match words {
        [(_, "."), (_, word), ..] => Side::named(word),
        _ => None,
    };
    match words {
        [(_, piece), (_, "("), (TokenKind::Name, name), rest @ ..] if is_piece(piece) => {
            Some(((*name).to_owned(), side(rest)))
        }
        [(_, piece), (_, "("), (TokenKind::Text, quoted), ..] if is_piece(piece) => {
            let selector = &quoted[1..quoted.len() - 1];
            Some(match selector.rsplit_once('.') {
                Some((name, word)) if Side::named(word).is_some() => {
                    (name.trim_end().to_owned(), Side::named(word))
                }
                _ => (selector.to_owned(), None),
            })
        }
        [
            (TokenKind::Name, name),
            (_, "."),
            (_, word),
            (_, "."),
            (_, "headers" | "body" | "raw_body"),
            ..,
        ] => Some(((*name).to_owned(), Side::named(word))),
        _ => None,
    }
}

/// What a hole shows by its first word.
fn shows(source: &Source, hole: &Hole) -> Shows {
    HoleWord::named(&source.text[hole.tokens[0].span.clone()]).map_or(Shows::Nothing, HoleWord::shows)
}

/// Whether a hole shows messages that it does not name.
fn shows_others(source: &Source, hole: &Hole) -> bool {
    matches!(shows(source, hole), Shows::Rest | Shows::Shared)
}

/// Headings of the Markdown, holes that print a heading of their own, what belongs to no section because it
/// shows what it does not name, and sections that are gone.
pub(super) fn boundaries(source: &Source) -> Vec<Boundary> {
    let mut boundaries: Vec<Boundary> = Vec::new();
    let gone: Vec<&Range<usize>> = source.gone().map(|(span, _)| span).collect();
    let is_gone = |at: usize| {
        let next = gone.partition_point(|span| span.end <= at);
        gone.get(next).is_some_and(|span| span.contains(&at))
    };
    for (event, range) in Parser::new_ext(&source.text, Options::ENABLE_TABLES).into_offset_iter() {
        if let Event::Start(Tag::Heading { level, .. }) = event {
            // A heading may be indented by up to three blanks, which belong to it.
            let at = source.text[..range.start].rfind('\n').map_or(0, |end| end + 1);
            if !is_gone(at) {
                boundaries.push(Boundary { at, level: depth(level), is_apart: false });
            }
        }
    }
    for part in &source.parts {
        match part {
            Part::Hole(hole) if hole.indent.is_some() && !matches!(hole.context, Context::Fence(_)) => {
                let at = hole.indent.clone().map_or(hole.span.start, |indent| indent.start);
                if shows(source, hole) == Shows::Section {
                    boundaries.push(Boundary { at, level: 3, is_apart: false });
                } else if at == hole.span.start
                    && hole.context == Context::Prose
                    && shows_others(source, hole)
                {
                    boundaries.push(Boundary { at, level: 0, is_apart: true });
                }
            }
            Part::Gone { span, .. } => {
                boundaries.push(Boundary { at: span.start, level: 0, is_apart: true });
            }
            _ => {}
        }
    }
    boundaries.sort_by_key(|boundary| boundary.at);
    boundaries
}

fn depth(level: HeadingLevel) -> usize {
    level as usize
}

/// Where the first section goes that has none before it.
fn first_place(source: &Source, sections: &[Section], page: &Page) -> (usize, usize) {
    if let Some(first) = sections.iter().find(|section| !section.numbers.is_empty()) {
        return (first.span.start, first.level);
    }
    let key = page.layout.traits().sections_heading;
    let all = boundaries(source);
    let line = |at: usize| source.text[at..].lines().next().unwrap_or_default();
    let heading = all.iter().position(|boundary| {
        line(boundary.at).trim_start_matches(['#', ' ']).trim() == page.phrases.get(key)
    });
    let next =
        heading.and_then(|heading| all[heading + 1..].iter().find(|next| next.level <= all[heading].level));
    (next.map_or(source.text.len(), |next| next.at), 3)
}

/// What is missing for a blank line before a new section.
fn blank_line_before(text: &str) -> &'static str {
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    match line {
        _ if text.is_empty() => "",
        Some(before) if before.is_empty() || before.ends_with('\n') => "",
        Some(_) => "\n",
        None => "\n\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_goes_when_all_that_it_names_is_back() {
        let section =
            |labels: &str| format!("a\n<!-- docgen: gone {labels}-->\nb\n<!-- docgen: end -->\nc\n");
        let kept = |labels: &str| {
            let source = Source::parse("page.md", section(labels)).unwrap();
            without_needless_marks(&source, |label| matches!(label, "show" | "list"))
        };
        assert_eq!(kept("show, list "), "a\nb\nc\n");
        assert_eq!(kept("show, lost "), section("show, lost "));
        // A mark that names nothing says nothing of what could come back.
        assert_eq!(kept(""), section(""));
    }
}
