//! Lists of steps in page sources: `- {{ show }}: …`, a line an exchange.
//!
//! `docgen new` drafts one below the diagram, and people write their own. A list is one of steps if each of its
//! items names an exchange by its label alone. Such a list gets a line for an exchange that gets a section, and
//! a line whose exchange is gone is put between marks, as a section is. What this leaves out: sentences that
//! speak of an exchange elsewhere, which are for their writer.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Page;
use super::draft::{Labels, step};
use super::source::{GONE, GONE_END, Source, TokenKind};
use crate::settings::HoleWord;

/// What becomes of the lists of steps of a page source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepLists {
    /// The new text.
    pub text: String,
    /// How many lines were put in.
    pub added: usize,
    /// The labels of the lines that are marked.
    pub marked: Vec<String>,
}

/// Brings the lists of steps of a source up to date: `added` are exchanges, by their index in the trace, that
/// get a line; `lost` has the labels that are about nothing, `missing` those of optional messages that are not there.
pub fn update(
    source: &Source,
    page: &Page,
    labels: &Labels,
    added: &HashSet<usize>,
    lost: &HashSet<&str>,
    missing: &HashSet<String>,
) -> StepLists {
    // Where each exchange is on the page.
    let places: HashMap<usize, usize> =
        page.exchanges.iter().enumerate().map(|(at, exchange)| (exchange.index, at)).collect();
    let known: HashMap<&str, usize> = (page.labels.iter())
        .filter_map(|(name, exchange)| Some((name.as_str(), *places.get(exchange)?)))
        .collect();
    let is_label = |name: &str| known.contains_key(name) || lost.contains(name) || missing.contains(name);
    let items = items(source, page, &is_label);
    // What is put in, by place; of several at one place, in this order.
    let mut edits: Vec<(usize, String)> = Vec::new();
    let mut lists = StepLists::default();
    let is_next =
        |a: &Item, b: &Item| source.text[a.span.end..b.span.start.max(a.span.end)].trim().is_empty();
    for run in items.chunk_by(|a, b| is_next(a, b) && a.is_gone(lost) == b.is_gone(lost)) {
        if run[0].is_gone(lost) {
            let mut names: Vec<String> = Vec::new();
            for name in run.iter().flat_map(|item| &item.names) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let span = run[0].span.start..run[run.len() - 1].span.end;
            let open = if source.text[..span.end].ends_with('\n') { "" } else { "\n" };
            edits.push((span.start, format!("{GONE}{} -->\n", names.join(", "))));
            edits.push((span.end, format!("{open}{GONE_END}\n")));
            lists.marked.extend(names);
        }
    }
    // The first and the last exchange of each item that is about some.
    let mut covered: Vec<(usize, usize, &Item)> = Vec::new();
    for item in &items {
        let about: Vec<usize> = item.names.iter().filter_map(|name| known.get(&**name).copied()).collect();
        if let (Some(&first), Some(&last)) = (about.iter().min(), about.iter().max()) {
            covered.push((first, last, item));
        }
    }
    for (at, exchange) in page.exchanges.iter().enumerate() {
        let is_covered = covered.iter().any(|(first, last, _)| (*first..=*last).contains(&at));
        if covered.is_empty() || is_covered || !added.contains(&exchange.index) {
            continue;
        }
        let before = covered.iter().filter(|(_, last, _)| *last < at).max_by_key(|(_, last, _)| *last);
        let first = || covered.iter().min_by_key(|(first, ..)| *first);
        let (place, item) = match before {
            Some((.., item)) => (item.span.end, item),
            None => match first() {
                Some((.., item)) => (item.span.start, item),
                None => continue,
            },
        };
        let open = if place == 0 || source.text[..place].ends_with('\n') { "" } else { "\n" };
        // In a list with blank lines between its items, a new one has one on the same side.
        let (above, below) = match (item.is_loose, before) {
            (true, Some(_)) => ("\n", ""),
            (true, None) => ("", "\n"),
            (false, _) => ("", ""),
        };
        let step = step(page, exchange, labels);
        edits.push((place, format!("{open}{above}{} {step}\n{below}", item.bullet)));
        lists.added += 1;
    }
    edits.sort_by_key(|(at, _)| *at);
    let mut copied = 0;
    for (at, text) in edits {
        lists.text.push_str(&source.text[copied..at]);
        lists.text.push_str(&text);
        copied = at;
    }
    lists.text.push_str(&source.text[copied..]);
    lists
}

/// An item of a list of steps.
struct Item {
    /// Its lines.
    span: Range<usize>,
    bullet: char,
    /// The labels that it names.
    names: Vec<String>,
    /// Whether there are blank lines between the items of its list.
    is_loose: bool,
}

impl Item {
    /// Whether all that it names is lost.
    fn is_gone(&self, lost: &HashSet<&str>) -> bool {
        self.names.iter().all(|name| lost.contains(&**name))
    }
}

/// The items of all lists of steps.
fn items(source: &Source, page: &Page, is_label: &dyn Fn(&str) -> bool) -> Vec<Item> {
    let mut found = Vec::new();
    let mut list: Vec<Item> = Vec::new();
    let mut introduction = "";
    let (mut at, mut is_after_blank, mut is_loose) = (0, false, false);
    let lines = source.text.split_inclusive('\n').map(|line| {
        at += line.len();
        (at - line.len()..at, line)
    });
    for (span, line) in lines.chain([(source.text.len()..source.text.len(), "")]) {
        let is_end = span.is_empty();
        let is_blank = line.trim().is_empty() && !is_end;
        let bullet =
            line.chars().next().filter(|c| matches!(c, '-' | '*' | '+') && line[1..].starts_with(' '));
        let is_of_item = !list.is_empty() && line.starts_with([' ', '\t']) && !is_blank;
        match bullet {
            // What is marked is no end of a list.
            _ if source.is_gone(span.start) => {}
            // Nor is a blank line: what comes next tells.
            _ if is_blank => is_after_blank = true,
            Some(bullet) => {
                is_loose |= is_after_blank && !list.is_empty();
                is_after_blank = false;
                list.push(Item { names: names(source, &span, is_label), span, bullet, is_loose: false });
            }
            None if is_of_item => {
                is_after_blank = false;
                if let Some(item) = list.last_mut() {
                    item.names.extend(names(source, &span, is_label));
                    item.span.end = span.end;
                }
            }
            None => {
                let is_introduced = introduction == page.phrases.get("steps_introduction").trim();
                let is_of_steps = list.iter().all(|item| !item.names.is_empty());
                if is_of_steps && (list.len() > 1 || is_introduced) {
                    list.iter_mut().for_each(|item| item.is_loose = is_loose);
                    found.append(&mut list);
                }
                list.clear();
                (is_after_blank, is_loose) = (false, false);
                introduction = line.trim();
            }
        }
    }
    found
}

/// The labels whose steps the holes of a line print.
fn names(source: &Source, line: &Range<usize>, is_label: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut names = Vec::new();
    for hole in source.holes().filter(|hole| line.contains(&hole.span.start)) {
        let text = |at: usize| hole.tokens.get(at).map(|token| &source.text[token.span.clone()]);
        let prints_steps = match text(0).and_then(HoleWord::named) {
            Some(word) => matches!(word, HoleWord::Range | HoleWord::Span),
            None => hole.tokens.len() == 1,
        };
        if prints_steps {
            let tokens = hole.tokens.iter().filter(|token| token.kind == TokenKind::Name);
            let words = tokens.map(|token| &source.text[token.span.clone()]);
            names.extend(words.filter(|word| is_label(word)).map(str::to_owned));
        }
    }
    names
}
