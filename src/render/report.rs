//! A report to its text, by the templates in `templates/report`.
//!
//! There is one of it where there are ten thousand messages of other pages, so it has no functions that do
//! the same faster. What this leaves out: what there is to say ([`crate::page::report`]).

use minijinja::context;
use minijinja::value::Value;

use super::limits::Allowance;
use super::templates::Templates;
use super::view::{self, ExchangeView, MessageView};
use crate::error::Result;
use crate::page::report::{Capture, Changed, Fact, Paired, Report, ShownChange};

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
        self.piece("report", "report", context_of(report), &allowance)
    }
}

fn context_of(report: &Report) -> Value {
    context! {
        report => context! {
            title => &report.title,
            path => &report.path,
            description => &report.description,
            old => &report.old,
            new => &report.new,
            captures => report.captures.iter().map(capture).collect::<Vec<Value>>(),
            facts => report.facts.iter().map(fact).collect::<Vec<Value>>(),
        },
        t => view::phrases(&report.phrases),
    }
}

fn capture(capture: &Capture) -> Value {
    let (old, new) = capture.exchanges;
    let counts =
        capture.counts.iter().map(|(what, count)| context! { kind => key(what.name()), count => count });
    let own = context! {
        title => &capture.title,
        state => capture.state.name(),
        counts => counts.collect::<Vec<Value>>(),
        exchanges_old => old,
        exchanges_new => new,
        is_longer_or_shorter => old != new && old > 0 && new > 0,
        changed => capture.changed.is_some(),
    };
    match &capture.changed {
        Some(found) => context! { ..changed(found), ..own },
        None => own,
    }
}

fn changed(changed: &Changed) -> Value {
    let run = |run: &crate::page::report::Run| {
        context! {
            mark => run.mark.name(),
            messages => run.messages.iter().map(|message| paired(message, run.mark.sign())).collect::<Vec<Value>>(),
            left_out => run.left_out,
        }
    };
    let exchanges = |all: &[std::sync::Arc<crate::page::PageExchange>]| {
        all.iter()
            .map(|one| Value::from_object(ExchangeView { page: None, exchange: one.clone() }))
            .collect::<Vec<Value>>()
    };
    context! {
        participants => view::participants(&changed.participants),
        first_participant => changed.participants.first().map(|first| first.id.to_string()),
        is_wide => view::is_wide(&changed.participants),
        runs => changed.runs.iter().map(run).collect::<Vec<Value>>(),
        changes => changed.changes.iter().map(shown_change).collect::<Vec<Value>>(),
        added => exchanges(&changed.added),
        removed => exchanges(&changed.removed),
    }
}

fn paired(paired: &Paired, sign: &str) -> Value {
    let space = if sign.is_empty() { "" } else { " " };
    context! {
        message => Value::from_object(MessageView(paired.message.clone())),
        sign => format!("{sign}{space}"),
        numbers => paired.numbers(),
        old => paired.old,
        new => paired.new,
    }
}

fn fact(fact: &Fact) -> Value {
    let captures = fact.captures.iter().map(|(title, places)| context! { title => title, places => places });
    context! {
        change => shown_change(&fact.change),
        captures => captures.collect::<Vec<Value>>(),
        places => fact.places(),
        is_everywhere => fact.is_everywhere,
    }
}

fn shown_change(change: &ShownChange) -> Value {
    context! {
        kind => key(change.what.name()),
        side => change.side.map(crate::diff::Side::name),
        name => &change.name,
        at => &change.at,
        old => &change.old,
        new => &change.new,
        numbers => change.numbers(),
    }
}

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
        Report {
            title: title.to_owned(),
            path: "changes/x".into(),
            description: None,
            old: title.to_owned(),
            new: "new".into(),
            facts: facts_of(&[(title, &found.changes)]),
            captures: vec![Capture::compared(
                title.to_owned(),
                exchanges,
                &found.changes,
                changed.then_some(&pages),
            )],
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
