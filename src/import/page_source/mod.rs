//! A hand-written page as a page source: holes for what follows from the trace.
//!
//! Every hole is tried before it is taken: what it prints has to be what the page has, byte for
//! byte. Coarse holes come first (an exchange), then finer ones (a message, both tabs, one tab,
//! the lines inside a fence), so that a page that is laid out as the templates do it becomes
//! short, and one that is not still holds no header, body or number of its own. This module
//! gathers what the others find and puts it into the text. What this leaves out: where the facts
//! come from, and the settings.

mod blocks;
mod diagram;
mod fences;
mod options;
mod sections;
mod sentences;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::Document;
use super::blocks::Blocks;
use super::facts::Facts;
use crate::error::Error;
use crate::page::source::escaped;
use crate::page::{Message, Page};
use crate::render::escape::inline;
use crate::sequence::Side;

/// What prints the text of a page source; `None` where one of its holes cannot be filled.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    /// For a whole source and its name: the place of a hole decides how text is written.
    pub(super) page: &'a dyn Fn(&str, &str) -> Option<String>,
    /// For a part of one, with text as it is, and with links for steps or without.
    pub(super) fragment: &'a dyn Fn(&str, bool) -> Option<String>,
}

/// Makes page sources.
pub(super) struct SourceBuilder<'a> {
    pub(super) documents: &'a [Document<'a>],
    pub(super) facts: &'a Facts<'a>,
    pub(super) blocks: &'a Blocks,
    pub(super) page: &'a Page,
    /// The labels of the exchanges, by index in the trace.
    pub(super) names: &'a [String],
    /// Whether sections have anchors and numbers of steps are links to them.
    pub(super) has_links: bool,
    pub(super) printer: Printer<'a>,
    /// What short sources print, for the numbers that a page names again and again.
    pub(super) printed: RefCell<HashMap<String, Option<String>>>,
}

/// What came of a page's documents.
#[derive(Debug, Default)]
pub(super) struct BuiltSources {
    /// One source a document.
    pub(super) sources: Vec<String>,
    /// What stays text and was not understood.
    pub(super) diagnostics: Vec<Error>,
    /// Whether all notes and boxes of the settings are in the sources.
    pub(super) draws_boxes_and_notes: bool,
}

impl<'a> SourceBuilder<'a> {
    /// The sources of all documents.
    pub(super) fn build(&self) -> BuiltSources {
        let mut built = BuiltSources { draws_boxes_and_notes: true, ..BuiltSources::default() };
        let mut edits: Vec<Vec<Edit>> = self.documents.iter().map(|_| Vec::new()).collect();
        for (at, diagram) in self.facts.diagrams.all.iter().enumerate() {
            let found = self.diagram(diagram, at, &mut built);
            edits[diagram.document].extend(found);
        }
        self.sections(&mut edits, &mut built);
        edits[0].extend(self.blocks());
        edits[0].extend(self.title());
        for (document, edits) in self.documents.iter().zip(&mut edits) {
            edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
            let taken: Vec<Range<usize>> = edits.iter().map(|edit| edit.range.clone()).collect();
            edits.extend(self.sentences(document, &taken, &mut built));
            edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
            built.sources.push(self.verified(document, edits, &mut built.diagnostics));
        }
        built
    }

    /// A hole for the title of a page with links, whose prose takes no name from its sections.
    fn title(&self) -> Option<Edit> {
        let document = &self.documents[0];
        let heading = document.outline.headings.iter().find(|heading| heading.level == 1)?;
        let range = heading.text.clone();
        let is_title = inline(&self.page.title) == document.lines.text[range.clone()];
        (self.has_links && is_title).then(|| Edit { range, source: "{{ title }}".to_owned() })
    }

    /// The source with these edits, without those that do not print what the page has.
    fn verified(
        &self,
        document: &Document<'_>,
        edits: &mut Vec<Edit>,
        diagnostics: &mut Vec<Error>,
    ) -> String {
        let text = document.lines.text;
        let source = assembled(text, edits);
        if (self.printer.page)(document.name, &source).as_deref() == Some(text) {
            return source;
        }
        // The place of a hole can change what it prints; then the line is text.
        edits.retain(|edit| {
            let alone =
                [&escaped(&text[..edit.range.start]), &*edit.source, &escaped(&text[edit.range.end..])];
            let holds = (self.printer.page)(document.name, &alone.concat()).as_deref() == Some(text);
            if !holds {
                diagnostics.push(
                    document.error(edit.range.clone(), "this stays as text: no hole prints it in this place"),
                );
            }
            holds
        });
        let source = assembled(text, edits);
        if (self.printer.page)(document.name, &source).as_deref() == Some(text) {
            return source;
        }
        diagnostics.push(document.error(0..0, "no holes could be put into this page; it stays as text"));
        escaped(text)
    }

    fn message_name(&self, message: usize) -> String {
        let message = &self.facts.messages[message];
        self.side_name(message.exchange, message.side)
    }

    fn side_name(&self, exchange: usize, side: Side) -> String {
        let side = match side {
            Side::Request => "request",
            Side::Response => "response",
        };
        format!("{}.{side}", self.names[exchange])
    }

    /// The message as the page model has it.
    fn shown(&self, message: usize) -> Option<&'a Message> {
        let message = &self.facts.messages[message];
        let exchange = self.page.exchanges.iter().find(|exchange| exchange.index == message.exchange)?;
        match message.side {
            Side::Request => Some(&exchange.request),
            Side::Response => exchange.response.as_deref(),
        }
    }

    /// Whether `source` prints `text`.
    fn prints(&self, source: &str, text: &str) -> bool {
        const SHORT: usize = 96;
        // Beside other text, a link may be a person's.
        let has_links = self.has_links && text.contains("](#");
        if source.len() > SHORT || has_links {
            return (self.printer.fragment)(source, has_links).as_deref() == Some(text);
        }
        if let Some(printed) = self.printed.borrow().get(source) {
            return printed.as_deref() == Some(text);
        }
        let printed = (self.printer.fragment)(source, false);
        let same = printed.as_deref() == Some(text);
        // A short source may print a long body, which nobody asks for twice.
        if printed.as_ref().is_none_or(|printed| printed.len() <= SHORT) {
            self.printed.borrow_mut().insert(source.to_owned(), printed);
        }
        same
    }

    /// `text` with holes for what follows from a message: verb, path, URL.
    fn pieces(&self, text: &str, name: &str, shown: &Message) -> String {
        let verb = &*shown.verb;
        let status = shown.status.to_string();
        let url: &str = &shown.url;
        let (title, summary) = (format!("{verb} {url}"), format!("{verb} {}", shown.raw_path));
        let mut parts: Vec<(&str, &str)> = vec![
            (&title, "title"),
            (&summary, "summary"),
            (url, "url"),
            (&shown.path, "path"),
            (&shown.raw_path, "raw_path"),
            (verb, "verb"),
        ];
        if shown.side == Side::Response {
            parts.push((&status, "status"));
            parts.push((&shown.reason, "reason"));
        }
        parts.retain(|(value, _)| value.len() > 1 || *value == "/");
        let mut source = String::new();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let before = text[..at].chars().next_back();
            let starts = !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'));
            let found = parts
                .iter()
                .filter(|(value, _)| {
                    starts
                        && rest.strip_prefix(value).is_some_and(|after| {
                            !after.starts_with(|c: char| {
                                c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '?')
                            })
                        })
                })
                .max_by_key(|(value, _)| value.len());
            match found {
                Some((value, field)) => {
                    source.push_str(&format!("{{{{ {name}.{field} }}}}"));
                    at += value.len();
                }
                None => {
                    let length = rest.chars().next().map_or(1, char::len_utf8);
                    // Two braces are escaped where they begin.
                    if rest.starts_with("{{") {
                        source.push_str("\\{{");
                        at += 2;
                    } else {
                        source.push_str(&rest[..length]);
                        at += length;
                    }
                }
            }
        }
        source
    }
}

/// The labels that a source uses.
pub(super) fn labels_in(source: &str, names: &[String]) -> Vec<bool> {
    let mut used = vec![false; names.len()];
    let index: std::collections::HashMap<&str, usize> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    for hole in source.split("{{").skip(1) {
        let inside = hole.split("}}").next().unwrap_or_default();
        for word in inside.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if let Some(&at) = index.get(word) {
                used[at] = true;
            }
        }
    }
    used
}

/// A part of a page that becomes something else in the source.
#[derive(Clone, Debug)]
struct Edit {
    range: Range<usize>,
    source: String,
}

/// `text` with the edits in it, which are in order; one that overlaps an earlier one is dropped.
fn assembled(text: &str, edits: &mut Vec<Edit>) -> String {
    let mut end = 0;
    edits.retain(|edit| {
        let fits = edit.range.start >= end;
        if fits {
            end = edit.range.end;
        }
        fits
    });
    let mut source = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits.iter() {
        source.push_str(&escaped(&text[at..edit.range.start]));
        source.push_str(&edit.source);
        at = edit.range.end;
    }
    source.push_str(&escaped(&text[at..]));
    source
}
