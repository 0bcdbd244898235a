//! Page sources that docgen writes: a whole one for a capture that has none, and
//! sections for exchanges that a source does not show yet.
//!
//! A draft renders to what the page was without a source, so that the first thing
//! a maintainer changes is the first thing that changes. It is written once and
//! theirs from then on. What this leaves out: files, which `render::drafts` reads
//! and writes, and where a section goes in a page that is there ([`super::update`]).

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::path::Path;

use super::source::escaped;
use super::{Entry, Message, Page, PageExchange, Resolved};
use crate::error::Place;
use crate::profile::Route;
use crate::sequence::Side;
use crate::sequence::paths::Paths;
use crate::settings::{Layout, RESERVED, is_identifier};
use crate::trace::UrlParts;

/// Names for exchanges: those of the settings, and new ones.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// By the exchange's index in the trace.
    names: BTreeMap<usize, String>,
    /// Names and selectors that the settings do not have yet.
    pub added: Vec<(String, String)>,
}

impl Labels {
    /// A name for every exchange of `exchanges`. `taken` names are not given again.
    ///
    /// A name says what the call does, where the profile knows it (`show_image`), else method and
    /// last word of its path (`get_images`); a second one of the same name gets a number.
    pub fn complete<'p>(
        resolved: &Resolved<'p>,
        page: &Page,
        exchanges: impl IntoIterator<Item = &'p PageExchange>,
        taken: &[String],
    ) -> Labels {
        let mut labels = Labels::default();
        for (name, exchange) in &page.labels {
            labels.names.entry(*exchange).or_insert_with(|| name.clone());
        }
        let mut used = Names::default();
        taken.iter().for_each(|name| used.take(name.clone(), None));
        for (name, index) in &page.labels {
            let found = page.exchanges.iter().find(|exchange| exchange.index == *index);
            let route = found.and_then(|exchange| resolved.route(exchange));
            used.take(name.clone(), route.map(|route| route.api()));
        }
        for exchange in exchanges {
            if labels.names.contains_key(&exchange.index) {
                continue;
            }
            let name = used.name(resolved, exchange);
            labels.added.push((name.clone(), resolved.selector(exchange.index)));
            labels.names.insert(exchange.index, name);
        }
        labels
    }

    /// The name of an exchange that has one.
    pub fn of(&self, exchange: usize) -> &str {
        self.names.get(&exchange).map_or("", String::as_str)
    }
}

impl<'a> Resolved<'a> {
    fn route(&self, exchange: &PageExchange) -> Option<&'a Route> {
        let path = UrlParts::of(&exchange.request.url).path;
        let to = &self.cast.to(exchange.index).id;
        Some(self.input.profile?.route(to, &exchange.request.method, path)?.route)
    }

    /// A selector that matches this exchange alone: the shortest that does, and a number only
    /// where nothing else tells it from another.
    pub fn selector(&self, exchange: usize) -> String {
        let scope = self.scope();
        let request = &scope.trace.exchanges[exchange].request;
        let (from, to) = (&scope.cast.from(exchange).id, &scope.cast.to(exchange).id);
        let path =
            |query| Paths { query, ..scope.paths }.templated(to, &request.method, &request.url).into_owned();
        let (method, plain, full) = (&request.method, path(false), path(true));
        let nowhere = Place::file(Path::new(""));
        let mut candidates = vec![format!("{to} {method} {plain}"), format!("{from}->{to} {method} {plain}")];
        // An id in a query is another one when the command is run again.
        if !full[plain.len()..].contains(|c: char| c.is_ascii_digit()) {
            candidates.push(format!("{from}->{to} {method} {full}"));
        }
        let matches = |selector: &String| scope.find(selector, &nowhere).is_ok_and(|found| found == exchange);
        if let Some(selector) = candidates.iter().find(|selector| matches(selector)) {
            return selector.clone();
        }
        let numbered = (1..).map(|nth| format!("{} #{nth}", candidates[1]));
        numbered.take(scope.trace.exchanges.len()).find(matches).unwrap_or_else(|| scope.describe(exchange))
    }
}

/// The method, and the last word of the path that says something.
fn method_and_noun(resolved: &Resolved<'_>, exchange: &PageExchange) -> String {
    let request = &exchange.request;
    let says_something = |segment: &&str| {
        !segment.is_empty() && !segment.contains('{') && !segment.bytes().any(|b| b.is_ascii_digit())
    };
    let path = request.path.split('?').next().unwrap_or_default();
    let noun = path.rsplit('/').find(says_something).unwrap_or(&resolved.cast.to(exchange.index).id);
    word(&format!("{}_{noun}", request.method))
}

/// `text` as a label.
fn word(text: &str) -> String {
    let mut word = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !word.is_empty() && !word.ends_with('_') {
            word.push('_');
        }
    }
    let word = word.trim_end_matches('_').to_owned();
    if is_identifier(&word) { word } else { format!("call_{word}") }
}

/// Names that are taken, with the API of what they name.
#[derive(Debug, Default)]
pub(crate) struct Names<'p> {
    used: HashMap<String, Option<&'p str>>,
    /// The last number that was put behind a name.
    numbers: HashMap<String, usize>,
}

impl<'p> Names<'p> {
    fn take(&mut self, name: String, api: Option<&'p str>) {
        self.used.insert(name, api);
    }

    /// A name for an exchange that no other has: see [`Labels::complete`].
    pub(crate) fn name(&mut self, resolved: &Resolved<'p>, exchange: &PageExchange) -> String {
        let route = resolved.route(exchange);
        let api = route.map(|route| route.api());
        let name = match route {
            Some(route) => self.free(&word(route.name()), api),
            None => self.free(&method_and_noun(resolved, exchange), None),
        };
        self.take(name.clone(), api);
        name
    }

    /// `base`, or where another API's call has that name, the API before it, or a number behind it.
    fn free(&mut self, base: &str, api: Option<&str>) -> String {
        let of_another = RESERVED.contains(&base) || self.used.get(base).is_some_and(|other| *other != api);
        let base = match api {
            Some(api) if of_another => word(&format!("{api}_{base}")),
            _ => base.to_owned(),
        };
        let mut name = base.clone();
        while self.used.contains_key(&name) || RESERVED.contains(&name.as_str()) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            *number += 1;
            name = format!("{base}_{number}");
        }
        name
    }
}

/// The page sources for a capture that has none: file names and contents.
///
/// Every exchange of the page needs a name in `labels`.
pub fn sources(page: &Page, labels: &Labels) -> Vec<(&'static str, String)> {
    match page.layout {
        Layout::Page => vec![("page.md", one_page(page, labels))],
        Layout::Snippets => vec![("body.md", body(page, labels)), ("page.md", index(page, labels))],
    }
}

/// The section of one message, with the blank lines behind it, under a heading of this level.
pub fn section(page: &Page, message: &Message, label: &str, level: usize) -> String {
    let side = match message.side {
        Side::Request => "request",
        Side::Response => "response",
    };
    let phrases = &page.phrases;
    let mut text = format!("{} {{{{ heading({label}.{side}) }}}}\n", "#".repeat(level));
    if page.layout == Layout::Snippets {
        let arrow = if message.side == Side::Request { "-->" } else { "<--" };
        let ends = format!("`{{{{ {label}.{side}.client }}}}` {arrow} `{{{{ {label}.{side}.server }}}}`");
        push(&mut text, &[&ends, "", &format!("{{{{ tabs({label}.{side}) }}}}"), "", ""]);
        return text;
    }
    text.push('\n');
    if let Some(about) = &message.about {
        push(&mut text, &[&escaped(about), ""]);
    }
    if message.drawn_only {
        push(&mut text, &[&escaped(phrases.get("drawn_only_line"))]);
    } else {
        push(&mut text, &[&format!("{{{{ tabs({label}.{side}) }}}}")]);
    }
    if message.unanswered {
        push(&mut text, &["", &escaped(phrases.get("no_response_line"))]);
    }
    text.push('\n');
    text
}

fn push(text: &mut String, lines: &[&str]) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
}

fn one_page(page: &Page, labels: &Labels) -> String {
    let phrase = |key| escaped(page.phrases.get(key));
    let mut text = String::new();
    push(&mut text, &["# {{ title }}", ""]);
    if let Some(description) = &page.description {
        push(&mut text, &[&escaped(description), ""]);
    }
    if page.reference.is_some() {
        push(&mut text, &[&page.phrases.fill("reference", "link", "{{ reference }}"), "", "", ""]);
    }
    if page.command.is_some() {
        push(&mut text, &[&format!("## {}", phrase("command_heading")), "", "{{ command }}", ""]);
        if page.launch.is_some() {
            push(&mut text, &["{{ launch }}", ""]);
        }
        push(&mut text, &[&phrase("introduction"), ""]);
    }
    diagram(&mut text, page, labels);
    push(&mut text, &[&format!("## {}", phrase("exchanges_heading")), ""]);
    sections(&mut text, page, labels);
    if page.output.is_some() {
        push(&mut text, &[&format!("## {}", phrase("output_heading")), "", "{{ output }}"]);
    }
    text
}

fn index(page: &Page, labels: &Labels) -> String {
    let phrase = |key| escaped(page.phrases.get(key));
    let mut text = String::new();
    push(&mut text, &["# {{ title }}", ""]);
    if let Some(description) = &page.description {
        push(&mut text, &[&escaped(description), ""]);
    }
    if page.reference.is_some() || page.command.is_some() {
        push(&mut text, &[&format!("## {}", phrase("command_output_heading")), ""]);
    }
    if page.reference.is_some() {
        let title = format!("!!! reference \"{}\"", phrase("reference_title"));
        push(&mut text, &[&title, "    {{ reference }}", ""]);
    }
    if page.command.is_some() {
        push(&mut text, &["{{ command }}", ""]);
    }
    text.push('\n');
    diagram(&mut text, page, labels);
    let include = format!("--8<-- \"{}body.md\"", escaped(&page.snippet_prefix));
    push(&mut text, &[&format!("## {}", phrase("messages_heading")), "", &include, ""]);
    push(&mut text, &[&format!("## {}", phrase("log_heading")), "", "{{ log }}"]);
    text
}

fn body(page: &Page, labels: &Labels) -> String {
    let mut text = String::from("\n");
    sections(&mut text, page, labels);
    // The last section has one blank line behind it, and not two.
    text.pop();
    text
}

fn sections(text: &mut String, page: &Page, labels: &Labels) {
    for entry in &page.entries {
        if let Entry::Message(message) = entry {
            text.push_str(&section(page, message, labels.of(message.exchange), 3));
        }
    }
    rest_for_gaps(text, page);
}

/// A damaged place has no label; it is part of the rest.
fn rest_for_gaps(text: &mut String, page: &Page) {
    if page.entries.iter().any(|entry| matches!(entry, Entry::Gap(_))) {
        push(text, &["{{ rest }}", ""]);
    }
}

fn diagram(text: &mut String, page: &Page, labels: &Labels) {
    let phrases = &page.phrases;
    push(text, &[&format!("## {}", escaped(phrases.get("diagram_heading"))), "", "{{ diagram }}", ""]);
    if page.exchanges.iter().any(|exchange| exchange.purpose.is_some()) {
        push(text, &[&escaped(phrases.get("steps_introduction")), ""]);
        for exchange in &page.exchanges {
            let label = labels.of(exchange.index);
            let _ = match &exchange.purpose {
                Some(purpose) => {
                    let line = super::phrases::fill(
                        &escaped(phrases.get("step_line")),
                        "purpose",
                        &escaped(purpose),
                    );
                    writeln!(
                        text,
                        "- {}",
                        super::phrases::fill(&line, "steps", &format!("{{{{ {label} }}}}"))
                    )
                }
                None => writeln!(
                    text,
                    "- {{{{ {label} }}}}: `{{{{ {label}.request.method }}}} {{{{ {label}.request.path }}}}`"
                ),
            };
        }
        text.push('\n');
    }
    if page.filtered > 0 {
        let line = phrases.fill("filtered_line", "count", &page.filtered.to_string());
        push(text, &[&escaped(&line), ""]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_word_of_its_own() {
        assert_eq!(word("show-image"), "show_image");
        assert_eq!(word("GET_/a b"), "get_a_b");
        assert_eq!(word("3d"), "call_3d");
    }

    #[test]
    fn a_second_label_is_told_from_the_first() {
        let mut used = Names::default();
        assert_eq!(used.free("show", Some("image")), "show");
        used.take("show".to_owned(), Some("image"));
        used.take("show_2".to_owned(), Some("image"));
        assert_eq!(used.free("show", Some("network")), "network_show");
        assert_eq!(used.free("show", Some("image")), "show_3");
        used.take("show_3".to_owned(), Some("image"));
        assert_eq!(used.free("show", None), "show_4");
        assert_eq!(used.free("lines", None), "lines_2");
    }
}
