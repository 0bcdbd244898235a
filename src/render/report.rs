//! A report to its text, by the templates in `templates/report`.
//!
//! There is one of it where there are ten thousand messages of other pages, so it has no functions that do
//! the same faster. What this leaves out: what there is to say ([`crate::page::report`]).

use std::cell::LazyCell;
use std::collections::HashMap;
use std::sync::Arc;

use minijinja::context;
use minijinja::value::Value;

use super::drawing;
use super::fields::{Described, record};
use super::limits::Allowance;
use super::templates::Templates;
use super::view::{self, ExchangeView, MessageView};
use crate::diff::What;
use crate::error::Result;
use crate::page::PageExchange;
use crate::page::report::{Capture, Changed, Fact, Paired, Report, Run, Section, ShownChange};
use crate::settings::DiagramFormat;

impl Templates {
    /// The page of a report.
    ///
    /// # Errors
    /// [`ErrorKind::Template`](crate::ErrorKind::Template) with its place, where a template fails.
    pub fn lay_out_report(&self, report: &Report) -> Result<String> {
        let changed = || report.captures.iter().filter_map(|capture| capture.changed.as_ref());
        let lines = changed().map(|changed| {
            changed.changes.len() + changed.runs.iter().map(|run| run.messages.len()).sum::<usize>()
        });
        let exchanges = || changed().flat_map(|changed| changed.added.iter().chain(&changed.removed));
        let messages =
            exchanges().flat_map(|exchange| [Some(&exchange.request), exchange.response.as_ref()]).flatten();
        let bytes = messages.map(|message| message.headers.text().len() + message.body.text().len());
        let size = report.captures.len() + report.facts.len() + lines.sum::<usize>();
        let allowance = Allowance::new(size, bytes.sum());
        let text = self.piece("report", "report", context_of(report), &allowance)?;
        let anchors = LazyCell::new(|| anchors_by_message(report));
        drawing::draw(text, report.diagram_format, &|message| {
            // Its messages have no numbers of their own, but begin with those of both recordings.
            let end = message.text.find(')')? + 1;
            anchors.get(&(message.title.to_owned(), message.text[..end].to_owned())).map(String::as_str)
        })
    }
}

/// The anchors of the rows that tell of messages, by the title of a diagram and how its message begins. Where several
/// captures have a title, none is known.
fn anchors_by_message(report: &Report) -> HashMap<(String, String), String> {
    let mut titles: HashMap<&str, usize> = HashMap::new();
    for capture in &report.captures {
        *titles.entry(&*capture.section.title).or_default() += 1;
    }
    let mut anchors = HashMap::new();
    for capture in report.captures.iter().filter(|capture| titles[&*capture.section.title] == 1) {
        for run in capture.changed.iter().flat_map(|changed| &changed.runs) {
            for message in &run.messages {
                let Some(change) = message.change else { continue };
                let key = (capture.section.title.clone(), sign(run) + &message.numbers());
                anchors.insert(key, row_anchor(capture, change));
            }
        }
    }
    anchors
}

/// The anchor of the row of a change. No heading has one with a capital letter.
fn row_anchor(capture: &Capture, change: usize) -> String {
    format!("{}-Row-{}", capture.section.anchor, change + 1)
}

/// The sign of a run's messages with a blank behind it; nothing where nothing changed.
fn sign(run: &Run) -> String {
    let sign = run.mark.sign();
    if sign.is_empty() { String::new() } else { format!("{sign} ") }
}

fn context_of(report: &Report) -> Value {
    context! { report => shown(report), t => view::phrases(&report.phrases) }
}

record! {
    /// A report as a whole.
    REPORT "report" of fn shown(report: &Report);
    /// The title.
    title: "text" = &report.title;
    /// Its folder's path below the folder of all captures.
    path: "text" = &report.path;
    /// The paragraph below the title.
    description: "text or none" = &report.description;
    /// As what the page holds its diagrams: `mermaid` or `svg`.
    diagram: "text" = report.diagram_format.name();
    /// The line above the lines of a diagram: a fence of mermaid's, or what has docgen draw them.
    diagram_start: "text" = drawing::start(report.diagram_format);
    /// The line below the lines of a diagram.
    diagram_end: "text" = drawing::end(report.diagram_format);
    /// What the old recordings are called.
    old: "text" = &report.old;
    /// What the new recordings are called.
    new: "text" = &report.new;
    /// The captures that are compared.
    captures: "list of capture" = report.captures.iter().map(|one| capture(one, report.diagram_format)).collect::<Vec<Value>>();
    /// What changed, each fact once.
    facts: "list of fact" = report.facts.iter().map(fact).collect::<Vec<Value>>();
}

fn capture(capture: &Capture, format: DiagramFormat) -> Value {
    let own = compared(capture);
    let anchors = |changed: &Changed| match format {
        DiagramFormat::Mermaid => Vec::new(),
        DiagramFormat::Svg => (0..changed.changes.len()).map(|at| row_anchor(capture, at)).collect(),
    };
    match &capture.changed {
        Some(found) => context! { ..changed(found, anchors(found)), ..own },
        None => own,
    }
}

record! {
    /// A capture in both recordings. One that changed has the fields of a changed capture, too.
    CAPTURE "capture" of fn compared(capture: &Capture);
    /// The title of its page.
    title: "text" = &capture.section.title;
    /// The anchor of its section, which is there where something changed in it.
    anchor: "text" = &*capture.section.anchor;
    /// `unchanged`, `changed`, `failed`, `added` or `removed`.
    state: "text" = capture.state.name();
    /// How often each kind of change is in it.
    counts: "list of count" = capture.counts.iter().map(|(what, count)| counted(*what, *count)).collect::<Vec<Value>>();
    /// How many exchanges the old recording has.
    exchanges_old: "number" = capture.exchanges.0;
    /// How many exchanges the new one has.
    exchanges_new: "number" = capture.exchanges.1;
    /// Whether both have exchanges, and not as many.
    is_longer_or_shorter: "yes or no" = {
        let (old, new) = capture.exchanges;
        old != new && old > 0 && new > 0
    };
    /// Whether it has the fields of a changed capture.
    changed: "yes or no" = capture.changed.is_some();
}

record! {
    /// Changes of one kind.
    COUNT "count" of fn counted(what: What, count: usize);
    /// The kind, as the keys of phrases have it: `call_added`.
    kind: "text" = key(what.name());
    /// How many there are.
    count: "number" = count;
}

record! {
    /// What changed in a capture.
    CHANGED "changed capture" of fn changed(changed: &Changed, change_anchors: Vec<String>);
    /// The participants that its diagram draws.
    participants: "list of participant" = view::participants(&changed.participants);
    /// The id of the first.
    first_participant: "text or none" = changed.participants.first().map(|first| first.id.to_string());
    /// Whether the diagram has so many participants that it has to scroll.
    is_wide: "yes or no" = view::is_wide(&changed.participants);
    /// The diagram of both recordings, in runs of messages that have the same mark.
    runs: "list of run" = changed.runs.iter().map(run).collect::<Vec<Value>>();
    /// The changes, step by step.
    changes: "list of change" = changed.changes.iter().map(shown_change).collect::<Vec<Value>>();
    /// The anchors of the rows of those, which messages of a drawing lead to; none where mermaid draws.
    change_anchors: "list of text" = change_anchors;
    /// The exchanges that the new recording alone has.
    added: "list of exchange" = exchanges(&changed.added);
    /// The exchanges that the old recording alone has.
    removed: "list of exchange" = exchanges(&changed.removed);
}

record! {
    /// Messages of the diagram that follow each other and have the same mark.
    RUN "run" of fn run(run: &Run);
    /// `same`, `changed`, `added`, `removed` or `optional`.
    mark: "text" = run.mark.name();
    /// The messages.
    messages: "list of paired message" = run.messages.iter().map(|found| paired(found, sign(run))).collect::<Vec<Value>>();
    /// How many messages stood here and are left out.
    left_out: "number" = run.left_out;
}

record! {
    /// A message with its numbers in both recordings.
    PAIRED "paired message" of fn paired(paired: &Paired, sign: String);
    /// The message.
    message: "message" = Value::from_object(MessageView(paired.message.clone()));
    /// `+`, `−` or `±` with a blank behind it; empty where nothing changed.
    sign: "text" = sign;
    /// Its numbers, old and new: `(3→5)`, or `(3)` where they are equal.
    numbers: "text" = paired.numbers();
    /// Its number in the old recording.
    old: "number or none" = paired.old;
    /// Its number in the new recording.
    new: "number or none" = paired.new;
}

record! {
    /// Equal changes of many exchanges and captures.
    FACT "fact" of fn fact(fact: &Fact);
    /// The change.
    change: "change" = shown_change(&fact.change);
    /// The captures that have it.
    captures: "list of place" = fact.captures.iter().map(|(section, places)| place(section, *places)).collect::<Vec<Value>>();
    /// In how many places it is, in all captures.
    places: "number" = fact.places();
    /// Whether every capture has it.
    is_everywhere: "yes or no" = fact.is_everywhere;
}

record! {
    /// A capture that has a fact.
    PLACE "place" of fn place(section: &Section, places: usize);
    /// The title of its page.
    title: "text" = &section.title;
    /// The anchor of its section.
    anchor: "text" = &*section.anchor;
    /// In how many places of it the fact is.
    places: "number" = places;
}

record! {
    /// Something that the new recording does otherwise.
    CHANGE "change" of fn shown_change(change: &ShownChange);
    /// Its kind, as the keys of phrases have it: `call_added`.
    kind: "text" = key(change.what.name());
    /// `request`, `response` or `output`.
    side: "text or none" = change.side.map(crate::diff::Side::name);
    /// The name of the exchange: method and path.
    name: "text or none" = &change.name;
    /// The header's name, the JSON pointer, or the cell of the output.
    at: "text or none" = &change.at;
    /// The old value.
    old: "text or none" = &change.old;
    /// The new value.
    new: "text or none" = &change.new;
    /// The steps that it is about, old and new.
    numbers: "text" = change.numbers();
}

fn exchanges(all: &[Arc<PageExchange>]) -> Vec<Value> {
    let value = |one: &Arc<PageExchange>| ExchangeView { page: None, exchange: one.clone() };
    all.iter().map(value).map(Value::from_object).collect()
}

/// The objects that templates of reports get, from the largest down.
pub(super) const OBJECTS: &[Described] = &[REPORT, CAPTURE, COUNT, CHANGED, RUN, PAIRED, FACT, PLACE, CHANGE];

/// The name of a kind as the keys of phrases have it.
fn key(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::diff;
    use crate::page::report::{Pages, facts_of};
    use crate::page::{Input, Page};
    use crate::render::templates::{EMBEDDED, UserTemplate};
    use crate::settings::Settings;
    use crate::text::Text;
    use crate::trace::{Trace, testing};

    fn report(
        title: &str,
        traces: [&Trace; 2],
        outputs: [&str; 2],
        templates: &Templates,
        locale: &str,
    ) -> Report {
        let phrases = templates.phrases(locale).unwrap();
        let settings = Settings { locale: locale.into(), ..Settings::default() };
        let [old, new] = [0, 1].map(|at| diff::Recording { trace: traces[at], output: Some(outputs[at]) });
        let found = diff::compare(
            &diff::Capture { old, new, kinds: diff::Kinds::built_in() },
            diff::KnownMap::Nothing,
        );
        let page = |trace: &Trace| {
            let input = Input {
                path: title,
                settings: &settings,
                profile: None,
                phrases: &phrases,
                trace,
                trace_file: "",
                log: &Text::new(),
                output: None,
            };
            (trace.clone(), Page::new(&input).unwrap())
        };
        let pages = Pages {
            alignment: &found.alignment,
            optional: [Vec::new(), traces[1].exchanges.first().map(|_| 0).into_iter().collect()],
            old: page(traces[0]),
            new: page(traces[1]),
        };
        let exchanges = (traces[0].exchanges.len(), traces[1].exchanges.len());
        let changed = !found.changes.is_empty();
        let section = Section { title: title.to_owned(), anchor: "x".into() };
        Report {
            title: title.to_owned(),
            path: "changes/x".into(),
            description: None,
            old: title.to_owned(),
            new: "new".into(),
            facts: facts_of(&[(&section, &found.changes)]),
            captures: vec![Capture::compared(section, exchanges, &found.changes, changed.then_some(&pages))],
            diagram_format: DiagramFormat::Mermaid,
            phrases,
        }
    }

    /// The cells of a table's row, as Markdown splits it: at each `|` that is in no code span.
    fn cells(row: &str) -> usize {
        let (mut cells, mut at) = (0, 0);
        while at < row.len() {
            let rest = &row[at..];
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            if ticks == 0 {
                cells += usize::from(rest.starts_with('|'));
                at += rest.chars().next().map_or(1, char::len_utf8);
                continue;
            }
            let mut end = at + ticks;
            while let Some(found) = row[end..].find('`').map(|found| end + found) {
                let run = row.len() - found - row[found..].trim_start_matches('`').len();
                end = found + run;
                if run == ticks {
                    break;
                }
            }
            at = end;
        }
        cells
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["[-a-c1/8<>`'\"{}#;:%|_*~.$^=+\\[\\]()\\\\\\n\\t ]{0,16}", any::<String>()]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_traces_make_a_page_whose_tables_and_diagrams_hold(
            title in any_text(),
            old in testing::trace(),
            new in testing::trace(),
            outputs in (any_text(), any_text()),
            locale in prop_oneof![Just("ko"), Just("en")],
        ) {
            let templates = Templates::new(BTreeMap::new()).unwrap();
            let report = report(&title, [&old, &new], [&outputs.0, &outputs.1], &templates, locale);
            let text = templates.lay_out_report(&report).unwrap();

            let own = EMBEDDED.iter().filter(|(name, _)| name.starts_with("report/")).map(|(name, text)| {
                let text = format!("{{# mine #}}{text}");
                ((*name).to_owned(), UserTemplate { file: name.into(), text: text.into() })
            });
            let own = Templates::new(own.collect()).unwrap();
            prop_assert_eq!(own.lay_out_report(&report).unwrap(), text.clone());

            let mut fence: Option<String> = None;
            let (mut diagrams, mut width) = (0, None);
            for line in text.lines() {
                let bare = line.trim_start();
                let ticks = bare.len() - bare.trim_start_matches('`').len();
                match &fence {
                    Some(open) if bare.trim_end() == open => fence = None,
                    Some(_) => {}
                    // The builders take a title in quotes as it is, backticks too.
                    None if ticks >= 3
                        && (bare[ticks..].contains(" title=") || !bare[ticks..].contains('`')) =>
                    {
                        diagrams += usize::from(bare[ticks..].trim() == "mermaid");
                        fence = Some("`".repeat(ticks));
                    }
                    None if bare.starts_with("| ") => {
                        let found = cells(bare);
                        prop_assert_eq!(*width.get_or_insert(found), found, "{}", line);
                        continue;
                    }
                    None => {}
                }
                width = None;
            }
            prop_assert_eq!(fence, None);
            prop_assert_eq!(diagrams, report.captures.iter().filter(|one| one.changed.is_some()).count());
        }
    }
}
