//! Page sources that docgen writes: a whole one for a capture that has none, and
//! sections for exchanges that a source does not show yet.
//!
//! A draft renders to what the page was without a source, so that the first thing
//! a maintainer changes is the first thing that changes. It is written once and
//! theirs from then on. What this leaves out: files, which `site::drafts` reads
//! and writes, and where a section goes in a page that is there ([`super::update`]).

use std::collections::{BTreeMap, HashSet};

use super::source::escaped;
use super::{Entry, Message, Page, PageExchange, Resolved};
use crate::sequence::{Side, naming};
use crate::settings::Layout;

/// Names for exchanges: those of the settings, and new ones.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// By the exchange's index in the trace.
    names: BTreeMap<usize, String>,
    /// Names and selectors that the settings do not have yet.
    pub added: Vec<(String, String)>,
}

impl Labels {
    /// A name for every exchange of `exchanges` that a selector can tell from all others. `taken` names
    /// are not given again.
    ///
    /// New names are those of [`naming`], with a number where one is taken.
    pub fn complete<'p>(
        resolved: &Resolved<'_>,
        page: &Page,
        exchanges: impl IntoIterator<Item = &'p PageExchange>,
        taken: &[String],
    ) -> Labels {
        let mut labels = Labels::default();
        for (name, exchange) in &page.labels {
            labels.names.entry(*exchange).or_insert_with(|| name.clone());
        }
        let scope = resolved.scope();
        let wanted = naming::names(scope.trace, scope.participants, resolved.input.profile);
        let mut used: HashSet<String> = page.labels.iter().map(|(name, _)| name.clone()).collect();
        used.extend(taken.iter().cloned());
        for exchange in exchanges {
            if labels.names.contains_key(&exchange.index) {
                continue;
            }
            let Some(selector) = scope.selector(exchange.index) else { continue };
            let wanted = &wanted[exchange.index];
            let numbered = (2..).map(|nth| format!("{wanted}_{nth}"));
            let mut names = std::iter::once(wanted.clone()).chain(numbered);
            let name = names.find(|name| !used.contains(name)).unwrap_or_default();
            used.insert(name.clone());
            labels.added.push((name.clone(), selector));
            labels.names.insert(exchange.index, name);
        }
        labels
    }

    /// The name of an exchange that has one.
    pub fn of(&self, exchange: usize) -> Option<&str> {
        self.names.get(&exchange).map(String::as_str)
    }

    /// What a hole says for what has no name, among other entries: damaged places, and responses without a
    /// request. It shows what is shown nowhere else, up to the next of `entries` that has a name.
    pub(super) fn rest<'e>(&self, entries: impl IntoIterator<Item = &'e Entry>) -> String {
        let next = entries.into_iter().find_map(|entry| match entry {
            Entry::Message(message) => Some((self.of(message.exchange)?, message.side)),
            Entry::Gap(_) => None,
        });
        match next {
            Some((name, side)) => format!("{{{{ rest(until={name}.{}) }}}}", side.name()),
            None => "{{ rest }}".to_owned(),
        }
    }
}

/// The page sources for a capture that has none: file names and contents.
///
/// Every exchange of the page needs a name in `labels`.
pub fn sources(page: &Page, labels: &Labels) -> Vec<(&'static str, String)> {
    match page.layout {
        Layout::Page => vec![("page.md", one_page(page, labels))],
        Layout::Exchanges => vec![("page.md", exchanges_page(page, labels))],
        Layout::Snippets => vec![("body.md", body(page, labels)), ("page.md", index(page, labels))],
    }
}

/// The section of one message, with the blank lines behind it, under a heading of this level.
pub fn section(page: &Page, message: &Message, label: &str, level: usize) -> String {
    let side = message.side.name();
    let phrases = &page.phrases;
    let mut text = format!("{} {{{{ heading({label}.{side}) }}}}\n", "#".repeat(level));
    match page.layout {
        Layout::Snippets => {
            let arrow = if message.side == Side::Request { "-->" } else { "<--" };
            let ends = format!("`{{{{ {label}.{side}.client }}}}` {arrow} `{{{{ {label}.{side}.server }}}}`");
            push(&mut text, &[&ends, "", &format!("{{{{ tabs({label}.{side}) }}}}"), "", ""]);
        }
        Layout::Exchanges => {
            text = exchange_section(page, message, label, level);
        }
        Layout::Page => {
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
        }
    }
    text
}

/// The section of an exchange, named by its request; those of a client's exchanges have this level.
fn exchange_section(page: &Page, request: &Message, label: &str, level: usize) -> String {
    let exchange = page.exchanges.iter().find(|found| found.index == request.exchange);
    let relations = exchange.map(|found| &found.relations);
    let is_below = relations.is_some_and(|relations| relations.depth > 0);
    let marks = "#".repeat(level + usize::from(is_below));
    let mut text = format!("{marks} {{{{ heading({label}) }}}}\n\n{{{{ facts({label}) }}}}\n\n");
    if let Some(about) = &request.about {
        push(&mut text, &[&escaped(about), ""]);
    }
    if relations.is_some_and(|relations| !relations.inside.is_empty()) {
        push(&mut text, &[&format!("{{{{ inside({label}) }}}}"), ""]);
    }
    push(&mut text, &[&format!("{{{{ tabs({label}) }}}}"), ""]);
    text
}

fn push(text: &mut String, lines: &[&str]) {
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
}

/// What a page begins with: its title, and what it is about.
fn title(page: &Page) -> String {
    let mut text = String::from("# {{ title }}\n\n");
    if let Some(description) = &page.description {
        push(&mut text, &[&escaped(description), ""]);
    }
    text
}

fn one_page(page: &Page, labels: &Labels) -> String {
    let phrase = |key| escaped(page.phrases.get(key));
    let mut text = title(page);
    if page.reference.is_some() {
        let reference = super::phrases::fill(&phrase("reference"), "link", "{{ reference }}");
        push(&mut text, &[&reference, "", "", ""]);
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

fn exchanges_page(page: &Page, labels: &Labels) -> String {
    let phrase = |key| escaped(page.phrases.get(key));
    let heading = |key| format!("## {}", phrase(key));
    let mut text = title(page);
    push(&mut text, &["{{ facts }}", ""]);
    if page.command.is_some() || page.output.is_some() {
        push(&mut text, &[&heading("command_heading"), ""]);
    }
    if page.reference.is_some() {
        push(&mut text, &[&super::phrases::fill(&phrase("reference"), "link", "{{ reference }}"), ""]);
    }
    if page.command.is_some() {
        push(&mut text, &["{{ command }}", ""]);
    }
    if page.output.is_some() {
        push(&mut text, &["{{ output }}", ""]);
    }
    push(&mut text, &[&heading("overview_heading"), "", "{{ overview }}", ""]);
    filtered(&mut text, page);
    push(&mut text, &[&heading("diagram_heading"), ""]);
    if page.exchanges.iter().any(|found| found.relations.sent_for.is_some()) {
        push(&mut text, &[&phrase("client_view_introduction"), ""]);
    }
    push(&mut text, &["{{ diagram }}", ""]);
    if page.exchanges.iter().any(|found| found.relations.timing.is_some()) {
        push(&mut text, &[&heading("waterfall_heading"), "", "{{ waterfall }}", ""]);
    }
    push(&mut text, &[&heading("exchanges_heading"), ""]);
    sections(&mut text, page, labels);
    text
}

fn index(page: &Page, labels: &Labels) -> String {
    let phrase = |key| escaped(page.phrases.get(key));
    let mut text = title(page);
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
    let mut is_in_rest = false;
    let told = Told::of(page);
    for (at, entry) in page.entries.iter().enumerate() {
        if told.is_elsewhere(entry) {
            continue;
        }
        let named = match entry {
            Entry::Message(message) => labels.of(message.exchange).map(|name| (message, name)),
            Entry::Gap(_) => None,
        };
        match named {
            Some((message, name)) => text.push_str(&section(page, message, name, 3)),
            None if is_in_rest => {}
            None => text.push_str(&rest(
                page,
                &labels.rest(page.entries[at..].iter().filter(|entry| !told.is_elsewhere(entry))),
            )),
        }
        is_in_rest = named.is_none();
    }
}

/// Messages that a page tells of in the section of another one.
pub(super) struct Told(HashSet<(usize, Side)>);

impl Told {
    pub(super) fn of(page: &Page) -> Told {
        if page.layout.traits().parts_exchanges {
            return Told(HashSet::new());
        }
        let mut told = HashSet::new();
        for exchange in &page.exchanges {
            if !exchange.is_response_alone {
                told.insert((exchange.index, Side::Response));
            }
            if exchange.relations.folded_into.is_some() {
                told.insert((exchange.index, Side::Request));
            }
        }
        Told(told)
    }

    /// Whether an entry is such a message.
    pub(super) fn is_elsewhere(&self, entry: &Entry) -> bool {
        matches!(entry, Entry::Message(message) if self.0.contains(&(message.exchange, message.side)))
    }
}

/// A hole for what has no name, with the blank lines behind it that a section has.
pub(super) fn rest(page: &Page, hole: &str) -> String {
    match page.layout {
        Layout::Page | Layout::Exchanges => format!("{hole}\n\n"),
        Layout::Snippets => format!("{hole}\n\n\n"),
    }
}

/// What a list of steps says of an exchange.
pub(super) fn step(page: &Page, exchange: &PageExchange, labels: &Labels) -> String {
    let steps = match labels.of(exchange.index) {
        Some(label) => format!("{{{{ {label} }}}}"),
        None => exchange.steps(),
    };
    match (&exchange.purpose, labels.of(exchange.index)) {
        (Some(purpose), _) => {
            let (line, purpose) = (escaped(page.phrases.get("step_line")), escaped(purpose));
            let values = [("purpose", purpose.as_str()), ("steps", steps.as_str())];
            super::phrases::fill_all(&line, &values)
        }
        (None, Some(label)) => {
            format!("{steps}: `{{{{ {label}.request.method }}}} {{{{ {label}.request.path }}}}`")
        }
        (None, None) => steps,
    }
}

fn diagram(text: &mut String, page: &Page, labels: &Labels) {
    let phrases = &page.phrases;
    push(text, &[&format!("## {}", escaped(phrases.get("diagram_heading"))), "", "{{ diagram }}", ""]);
    if page.exchanges.iter().any(|exchange| exchange.purpose.is_some()) {
        push(text, &[&escaped(phrases.get("steps_introduction")), ""]);
        for exchange in &page.exchanges {
            push(text, &[&format!("- {}", step(page, exchange, labels))]);
        }
        text.push('\n');
    }
    filtered(text, page);
}

/// How many exchanges the settings leave out.
fn filtered(text: &mut String, page: &Page) {
    if page.filtered > 0 {
        let one = page.phrases.find("filtered_line_one").filter(|_| page.filtered == 1);
        let line = one.unwrap_or_else(|| page.phrases.get("filtered_line"));
        let line = super::phrases::fill(line, "count", &page.filtered.to_string());
        push(text, &[&escaped(&line), ""]);
    }
}
