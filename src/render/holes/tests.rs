//! What a page source prints, for any capture: what docgen drafts is the page as it was.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::{Filler, NoOtherCaptures};
use crate::error::Place;
use crate::page::draft::{self, Labels};
use crate::page::update::{self, Facts};
use crate::page::{Input, Page, Phrases, Resolved, Source};
use crate::render::templates::Templates;
use crate::settings::{Layout, Located, Settings};
use crate::source::requestshook_writer;
use crate::text::Text;
use crate::trace::{Body, Exchange, Gap, Headers, KnownFrom, Request, Response, Trace};

/// A capture with all that its page needs.
#[derive(Debug)]
struct Capture {
    trace: Trace,
    log: Text,
    settings: Settings,
    output: Option<String>,
    templates: Templates,
    phrases: Phrases,
}

impl Capture {
    fn new(trace: Trace, settings: Settings, output: Option<String>) -> Capture {
        let gaps = trace.gaps.clone();
        let (mut trace, log) = requestshook_writer::rewrite(trace);
        trace.gaps = gaps;
        let templates = Templates::new(BTreeMap::new()).unwrap();
        let phrases = templates.phrases("en").unwrap();
        Capture { trace, log, settings, output, templates, phrases }
    }

    fn with<T>(&self, settings: &Settings, then: impl FnOnce(&Resolved<'_>, &Arc<Page>) -> T) -> T {
        let input = Input {
            path: "image/show",
            settings,
            profile: None,
            phrases: &self.phrases,
            trace: &self.trace,
            trace_file: "trace.log",
            log: &self.log,
            output: self.output.as_deref(),
        };
        let resolved = Resolved::new(&input);
        let page = Arc::new(resolved.page().unwrap());
        then(&resolved, &page)
    }

    /// The page as the templates lay it out under these settings, by the name of the source that stands for a file.
    fn laid_out(&self, settings: &Settings) -> Vec<(&'static str, String)> {
        let files = self.with(settings, |_, page| self.templates.lay_out(page, |_| true).unwrap());
        let source_of = |name| match name {
            "" | "index.md" => Some("page.md"),
            "body.md" => Some("body.md"),
            _ => None,
        };
        let text =
            |content: crate::render::templates::Content| String::from_utf8(content.into_bytes()).unwrap();
        files
            .into_iter()
            .filter_map(|(name, content)| Some((source_of(name.ending)?, text(content))))
            .collect()
    }

    /// The settings with these labels added.
    fn labelled(&self, labels: &Labels) -> Settings {
        let place = Place::file("capture.toml");
        let located = |(name, value): &(String, String)| {
            (name.clone(), Located { value: value.clone(), place: place.clone() })
        };
        Settings { labels: labels.added.iter().map(located).collect(), ..self.settings.clone() }
    }

    /// What sources print under these settings.
    fn filled(&self, settings: &Settings, sources: &[(&'static str, String)]) -> Vec<(&'static str, String)> {
        let read: Vec<Source> =
            sources.iter().map(|(name, text)| Source::parse(*name, text.as_str()).unwrap()).collect();
        self.with(settings, |resolved, page| {
            let none = HashSet::new();
            let filler =
                Filler::new(page, &self.templates, resolved.scope(), &NoOtherCaptures, "x.md", &none);
            let filled = filler.fill(&read.iter().collect::<Vec<_>>()).unwrap_or_else(|errors| {
                panic!("{errors:?}\n{sources:#?}");
            });
            sources.iter().map(|(name, _)| *name).zip(filled).collect()
        })
    }

    /// The sources that `docgen new` writes, and the settings with its labels.
    fn drafted(&self) -> (Settings, Vec<(&'static str, String)>) {
        self.with(&self.settings, |resolved, page| {
            let all = page.exchanges.iter().map(|exchange| &**exchange);
            let labels = Labels::complete(resolved, page, all, &[]);
            let mut sources = draft::sources(page, &labels);
            // As the pages are read: in the order of their names.
            sources.sort();
            (self.labelled(&labels), sources)
        })
    }

    /// A source after `docgen update`, the settings with its labels, and how many messages it added.
    fn updated(&self, settings: &Settings, text: &str) -> (Settings, String, usize) {
        let source = Source::parse("page.md", text).unwrap();
        self.with(settings, |resolved, page| {
            let none = HashSet::new();
            let filler = Filler::new(page, &self.templates, resolved.scope(), &NoOtherCaptures, "", &none);
            let shown = filler.exchanges_shown(&[&source]);
            let unshown =
                page.exchanges.iter().filter(|exchange| !shown[exchange.index]).map(|found| &**found);
            let labels = Labels::complete(resolved, page, unshown, &[]);
            let resolve = |selector: &str| resolved.scope().find(selector, &Place::file("page.md")).ok();
            let facts = Facts { page, shown: &shown, lost: &[], resolve: &resolve };
            let update = update::update(&source, &facts, &labels);
            let mut next = self.labelled(&labels);
            next.labels.splice(0..0, settings.labels.iter().cloned());
            (next, update.text, update.added.len())
        })
    }
}

/// Text that Markdown, HTML, mermaid, a template engine or a terminal would do something with.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9]{0,6}",
        2 => "[-`<>*_\\[\\](){}#|:!&$~^@.+=/\"' \\\\a1가]{0,12}",
        1 => prop_oneof![
            Just("<img src=x onerror=alert(1)>".to_owned()),
            Just("``x` <i>".to_owned()),
            Just("{{ title }}".to_owned()),
            Just("{: .x onclick=y }".to_owned()),
            Just("--8<-- \"a\"".to_owned()),
            Just("a\n\n# b\n```\nc".to_owned()),
            Just("\u{202e}x\u{1b}[1m".to_owned()),
            Just("x #2".to_owned()),
            Just("x after y".to_owned()),
            Just("a->b".to_owned()),
        ],
    ]
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[a-c]", 1 => hostile()]
}

fn headers() -> impl Strategy<Value = Headers> {
    proptest::collection::vec(("[A-Z][a-z]{0,5}", hostile()), 0..3)
        .prop_map(|fields| fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![Just(Body::Absent), hostile().prop_map(|text| Body::Text(text.into()))]
}

fn exchange() -> impl Strategy<Value = Exchange> {
    use KnownFrom::{Diagram, Response as ResponseAlone, Wire};
    let known = prop_oneof![
        6 => Just((Wire, true)),
        1 => Just((Wire, false)),
        2 => Just((ResponseAlone, true)),
        1 => Just((Diagram, true)),
        1 => Just((Diagram, false)),
    ];
    let method = prop_oneof![6 => Just("GET".to_owned()), 1 => hostile()];
    ((word(), word()), method, word(), word(), (headers(), headers()), (body(), body()), known, 0i64..9)
        .prop_map(|((from, to), method, path, reason, headers, bodies, (known_from, answered), started)| {
            Exchange {
                from: Some(from.into()),
                to: Some(to.into()),
                started,
                ended: Some(started + 2),
                synthetic: true,
                known_from,
                request: Request {
                    method: method.into(),
                    url: format!("http://h/{path}").into(),
                    headers: headers.0,
                    body: bodies.0,
                    ..Request::default()
                },
                response: answered.then(|| Response {
                    status: 200,
                    reason: reason.into(),
                    url: None,
                    headers: headers.1,
                    body: bodies.1,
                    ..Response::default()
                }),
                ..Exchange::default()
            }
        })
}

fn trace() -> impl Strategy<Value = Trace> {
    let gap = (0i64..12, hostile()).prop_map(|(at, reason)| Gap { at, line: 1, column: 1, reason });
    let gaps = prop_oneof![2 => Just(Vec::new()), 1 => proptest::collection::vec(gap, 1..4)];
    (proptest::collection::vec(exchange(), 0..5), gaps).prop_map(|(exchanges, gaps)| Trace {
        exchanges,
        gaps,
        ..Trace::default()
    })
}

fn capture() -> impl Strategy<Value = Capture> {
    let optional = |chance| proptest::option::weighted(chance, hostile());
    let layout = proptest::sample::select(Layout::ALL);
    (trace(), layout, optional(0.5), optional(0.5), optional(0.3)).prop_map(
        |(trace, layout, title, command, output)| {
            let settings = Settings { layout, locale: "en".into(), title, command, ..Settings::default() };
            Capture::new(trace, settings, output)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_drafted_source_prints_the_page_as_it_was(capture in capture()) {
        let (settings, sources) = capture.drafted();
        // Where sections have anchors, they are of the labels that the draft adds.
        let is_linked = settings.layout.traits().links;
        let mut page = capture.laid_out(if is_linked { &settings } else { &capture.settings });
        page.sort();
        prop_assert_eq!(capture.filled(&settings, &sources), page, "{:#?}", sources);
    }

    #[test]
    fn an_update_is_done_once_and_can_be_read(capture in capture(), is_page in any::<bool>()) {
        let text = if is_page { "# t\n\n## Requests & Responses\n" } else { "x" };
        let (settings, first, _) = capture.updated(&capture.settings, text);
        capture.filled(&settings, &[("page.md", first.clone())]);
        let (_, second, added) = capture.updated(&settings, &first);
        prop_assert_eq!(added, 0);
        prop_assert_eq!(second, first);
    }
}

#[test]
fn what_has_no_name_keeps_its_place() {
    let exchange = |started, path: &str, known_from| Exchange {
        from: Some("c".into()),
        to: Some("s".into()),
        started,
        ended: Some(started + 1),
        synthetic: true,
        known_from,
        request: Request {
            method: "GET".into(),
            url: format!("http://h{path}").into(),
            ..Request::default()
        },
        response: Some(Response { status: 200, reason: "OK".into(), ..Response::default() }),
        ..Exchange::default()
    };
    let exchanges = vec![
        exchange(0, "/a", KnownFrom::Wire),
        exchange(10, "/lost", KnownFrom::Response),
        exchange(20, "/b", KnownFrom::Wire),
        exchange(30, "/end", KnownFrom::Response),
    ];
    let gaps = vec![Gap { at: 15, line: 7, column: 1, reason: "broken".into() }];
    let settings = Settings { layout: Layout::Page, locale: "en".into(), ..Settings::default() };
    let capture = Capture::new(Trace { exchanges, gaps, ..Trace::default() }, settings, None);
    let (_, sources) = capture.drafted();
    let holes: Vec<&str> = sources[0].1.lines().filter(|line| line.contains("rest")).collect();
    assert_eq!(holes, ["{{ rest(until=get_b.request) }}", "{{ rest }}"]);
    let (settings, text, added) = capture.updated(&capture.settings, "# t\n");
    assert_eq!(added, 6);
    let page = &capture.filled(&settings, &[("page.md", text)])[0].1;
    let lines: Vec<&str> =
        page.lines().filter(|line| line.starts_with("###") || line.starts_with("!!!")).collect();
    assert_eq!(
        lines,
        [
            "### (1) GET /a",
            "### (2) 200 OK /a",
            "### (3) 200 OK /lost",
            "!!! failure \"Damaged and left out: trace.log:7:1\"",
            "### (4) GET /b",
            "### (5) 200 OK /b",
            "### (6) 200 OK /end",
        ]
    );
}
