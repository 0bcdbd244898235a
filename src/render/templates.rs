//! The templates, and what they may call.
//!
//! The defaults are inside the program; a file of the same name in a folder of
//! the user's wins, so that a house style is a small diff. What this leaves out:
//! reading the user's files, which [`super::input`] does.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, UndefinedBehavior, context};

use super::escape;
use super::skeleton::{self, Skeleton};
use super::view::{self, BlockView, PageView};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::lines::Lines;
use crate::page::{Bare, Page, Phrases, Shown, phrases};
use crate::settings::Layout;
use crate::text::Text;

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../templates/", $name)))),*]
    };
}

/// The templates inside the program: name and content.
pub const EMBEDDED: &[(&str, &str)] = embedded![
    "page/arrow.md",
    "page/arrows.md",
    "page/body_tab.md",
    "page/command.md",
    "page/exchange.md",
    "page/full_log.md",
    "page/gap.md",
    "page/header_tab.md",
    "page/heading.md",
    "page/launch.md",
    "page/message.md",
    "page/output.md",
    "page/page.md",
    "page/participants.md",
    "page/rest.md",
    "page/sequence.md",
    "page/sequence_part.md",
    "page/steps.md",
    "page/tabs.md",
    "page/vars.md",
    "phrases/en.toml",
    "phrases/ko.toml",
    "snippets/arrow.md",
    "snippets/arrows.md",
    "snippets/body.md",
    "snippets/body_tab.md",
    "snippets/command.md",
    "snippets/diagram.md",
    "snippets/exchange.md",
    "snippets/full_log.md",
    "snippets/gap.md",
    "snippets/header_tab.md",
    "snippets/heading.md",
    "snippets/index.md",
    "snippets/log.md",
    "snippets/message.md",
    "snippets/rest.md",
    "snippets/sequence.md",
    "snippets/sequence_part.md",
    "snippets/tabs.md",
];

/// A template of the user's.
#[derive(Clone, Debug)]
pub struct UserTemplate {
    /// Where it was read from.
    pub file: PathBuf,
    /// Its content.
    pub text: Arc<str>,
}

/// Templates and phrases, ready to lay pages out.
#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
    users: BTreeMap<String, UserTemplate>,
    /// The default snippets, taken apart, for each set of phrases that was met.
    skeletons: Mutex<Vec<(Phrases, Arc<Skeletons>)>>,
}

/// `body.md`, `diagram.md` and `index.md` of the snippets.
#[derive(Debug)]
struct Skeletons {
    index: Option<skeleton::Index>,
    body: Option<Skeleton>,
    diagram: Option<Skeleton>,
}

impl Templates {
    /// The embedded templates, with the user's in place of those of the same name.
    ///
    /// # Errors
    /// [`ErrorKind::Template`] with its place, where one does not compile, or has a name that no
    /// embedded template has.
    pub fn new(users: BTreeMap<String, UserTemplate>) -> Result<Templates> {
        let mut env = Environment::new();
        let whitespace = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("the syntax is the default one");
        env.set_syntax(whitespace);
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        env.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        env.set_formatter(format_value);
        env.add_filter("inline", |text: &Value| escape::inline(&text.to_string()).into_owned());
        env.add_filter("code", |text: &Value| escape::code(&text.to_string()));
        env.add_filter("mermaid", |text: &Value| escape::mermaid(&text.to_string()).into_owned());
        env.add_filter("quoted", |text: &Value| escape::quoted(&text.to_string()));
        env.add_filter("titled", |text: &Value| escape::titled(&text.to_string()));
        env.add_filter("json", |text: &Value| escape::json_string(&text.to_string()));
        env.add_filter("indent", indent);
        env.add_filter("fill", fill);
        env.add_filter("link", link);
        let mut templates = Templates { env, users, skeletons: Mutex::default() };
        for (name, text) in EMBEDDED.iter().filter(|(name, _)| is_template(name)) {
            let user = templates.users.get(*name).map(|user| user.text.to_string());
            let added = match user {
                Some(text) => templates.env.add_template_owned(*name, text),
                None => templates.env.add_template(name, text),
            };
            added.map_err(|error| templates.error(&error))?;
        }
        for (name, user) in &templates.users {
            if !EMBEDDED.iter().any(|(known, _)| known == name) {
                // A file beside the known ones may be an include of theirs.
                if is_template(name) {
                    templates
                        .env
                        .add_template_owned(name.clone(), user.text.to_string())
                        .map_err(|error| templates.error(&error))?;
                }
            }
        }
        Ok(templates)
    }

    /// The files that the user's templates were read from.
    pub fn user_files(&self) -> impl Iterator<Item = &std::path::Path> {
        self.users.values().map(|user| user.file.as_path())
    }

    /// The phrases of a locale.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] where there is no such locale, or its file is wrong.
    pub fn phrases(&self, locale: &str) -> Result<Phrases> {
        let name = format!("phrases/{locale}.toml");
        let embedded = EMBEDDED.iter().find(|(known, _)| *known == name);
        let embedded = embedded.map(|(name, text)| Phrases::parse(name.as_ref(), text)).transpose()?;
        let user = self.users.get(&name).map(|user| Phrases::parse(&user.file, &user.text)).transpose()?;
        match (user, embedded) {
            (Some(user), Some(embedded)) => Ok(embedded.overlaid(user.iter())),
            (Some(phrases), None) | (None, Some(phrases)) => Ok(phrases),
            (None, None) => Err(Error::new(ErrorKind::Setting, format!("there is no locale `{locale}`"))
                .hint(format!(
                    "docgen speaks ko and en; a file `{name}` in your templates folder adds another"
                ))),
        }
    }

    /// The files of a page: for each its name's ending, and its content.
    ///
    /// # Errors
    /// [`ErrorKind::Template`] with its place, where a template fails.
    pub fn lay_out(&self, page: &Arc<Page>) -> Result<Vec<(&'static str, Content)>> {
        if page.layout == Layout::Page {
            return Ok(vec![("", self.render("page/page.md", page)?)]);
        }
        if !self.snippets_are_default() {
            return Ok(vec![
                ("body.md", self.render("snippets/body.md", page)?),
                ("diagram.md", self.render("snippets/diagram.md", page)?),
                ("index.md", self.render("snippets/index.md", page)?),
                ("log.md", self.render("snippets/log.md", page)?),
            ]);
        }
        let skeletons = self.skeletons(&page.phrases)?;
        let shown = skeleton::shown(page);
        let spliced = |skeleton: &Option<Skeleton>, size| {
            let (skeleton, shown) = (skeleton.as_ref()?, shown.as_ref()?);
            Some(spliced(skeleton, shown, &page.lines, size))
        };
        let body = spliced(&skeletons.body, page.log.text().len() * 2);
        // Boxes, notes and made-up ids are lines that the skeleton has no part for.
        let only_messages =
            page.diagram.len() == page.entries.len() && !page.participants.iter().any(|p| p.aliased);
        let diagram = if only_messages { spliced(&skeletons.diagram, page.entries.len() * 80) } else { None };
        let index = skeletons.index.as_ref().and_then(|index| index.of(page));
        let index = index.map(|text| Content::Bytes(text.into_bytes()));
        let or_rendered = |made: Option<Content>, name| made.map_or_else(|| self.render(name, page), Ok);
        Ok(vec![
            ("body.md", or_rendered(body, "snippets/body.md")?),
            ("diagram.md", or_rendered(diagram, "snippets/diagram.md")?),
            ("index.md", or_rendered(index, "snippets/index.md")?),
            ("log.md", Content::Text(page.log.text().clone())),
        ])
    }

    /// The same for a page of messages alone; `None` where the user's templates, or a filter of the
    /// default ones, have something to do with it.
    ///
    /// # Errors
    /// Those of [`Templates::lay_out`].
    pub fn lay_out_bare(&self, page: &Bare<'_>) -> Result<Option<Vec<(&'static str, Content)>>> {
        if !self.snippets_are_default() || !skeleton::fit(&page.shown) {
            return Ok(None);
        }
        let skeletons = self.skeletons(page.phrases)?;
        let Skeletons { index: Some(index), body: Some(body), diagram: Some(diagram) } = &*skeletons else {
            return Ok(None);
        };
        let Some(index) = index.of_bare(page) else { return Ok(None) };
        let log = page.log.text();
        let spliced = |skeleton, size| spliced(skeleton, &page.shown, page.log, size);
        Ok(Some(vec![
            ("body.md", spliced(body, log.len() * 2)),
            ("diagram.md", spliced(diagram, page.shown.messages.len() * 80)),
            ("index.md", Content::Bytes(index.into_bytes())),
            ("log.md", Content::Text(log.clone())),
        ]))
    }

    /// Whether the user has no say in what the skeletons stand for.
    fn snippets_are_default(&self) -> bool {
        !self.users.keys().any(|name| name.starts_with("snippets/") || name == "page/arrow.md")
    }

    fn skeletons(&self, phrases: &Phrases) -> Result<Arc<Skeletons>> {
        let mut known = self.skeletons.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, skeletons)) = known.iter().find(|(known, _)| known == phrases) {
            return Ok(skeletons.clone());
        }
        let of = |name: &str| {
            Skeleton::new(|message| {
                let page = Arc::new(Page::of_message(message, phrases.clone()));
                self.render(name, &page).map(Content::into_bytes)
            })
        };
        let index = skeleton::Index::new(phrases, |page| {
            self.render("snippets/index.md", &Arc::new(page)).map(Content::into_bytes)
        })?;
        let (body, diagram) = (of("snippets/body.md")?, of("snippets/diagram.md")?);
        let made = Arc::new(Skeletons { index, body, diagram });
        known.push((phrases.clone(), made.clone()));
        Ok(made)
    }

    /// A template of this name in the layout's folder, else in that of the `page` layout.
    ///
    /// # Errors
    /// [`ErrorKind::Template`] with its place, where it fails.
    pub(super) fn piece(&self, layout: Layout, name: &str, context: Value) -> Result<String> {
        let own = format!("{}/{name}.md", layout.name());
        let template = match self.env.get_template(&own) {
            Err(error) if error.kind() == minijinja::ErrorKind::TemplateNotFound => {
                self.env.get_template(&format!("{}/{name}.md", Layout::Page.name()))
            }
            found => found,
        };
        template.and_then(|template| template.render(context)).map_err(|error| self.error(&error))
    }

    /// What every template of a page sees.
    pub(super) fn context(&self, page: &Arc<Page>) -> Value {
        let options = context! { header => "", body => "" };
        context! {
            page => Value::from_object(PageView(page.clone())),
            participants => view::participants(page),
            items => view::items(&page.diagram),
            t => view::phrases(&page.phrases),
            exchange_options => context! { request => &options, response => &options },
            options => options,
        }
    }

    fn render(&self, name: &str, page: &Arc<Page>) -> Result<Content> {
        // What the bodies take is known; growing to it would copy it many times over.
        let mut bytes = Vec::with_capacity(match name {
            "snippets/index.md" | "snippets/diagram.md" => 4096,
            _ => page.log.text().len() * 5 / 4,
        });
        let template = self.env.get_template(name).map_err(|error| self.error(&error))?;
        template.render_captured_to(self.context(page), &mut bytes).map_err(|error| self.error(&error))?;
        Ok(Content::Bytes(bytes))
    }

    /// An error of minijinja's, with the place in the user's own file.
    fn error(&self, error: &minijinja::Error) -> Error {
        // An include that fails says so in each template around it; the innermost knows why.
        let error = innermost(error);
        let name = error.name().unwrap_or_default();
        let message = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        let (file, text) = match self.users.get(name) {
            Some(user) => (user.file.clone(), user.text.to_string()),
            None => {
                let text = EMBEDDED.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
                (PathBuf::from(format!("(embedded)/{name}")), text.to_owned())
            }
        };
        let place = match (error.range(), error.line()) {
            (Some(range), _) => Place::span(file, &text, range.start, range.end),
            (None, Some(line)) => {
                let start = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
                Place::span(file, &text, start, start)
            }
            (None, None) => Place::file(file),
        };
        Error::new(ErrorKind::Template, message)
            .at(place)
            .hint("`docgen templates eject` writes the defaults to start from")
    }
}

/// The error in the template that is to blame.
fn innermost(error: &minijinja::Error) -> &minijinja::Error {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.map_or(error, innermost)
}

/// What a file of a page holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Text that the trace shares.
    Text(Text),
    /// Bytes of its own.
    Bytes(Vec<u8>),
}

impl Content {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Content::Text(text) => text.as_bytes(),
            Content::Bytes(bytes) => bytes,
        }
    }

    /// The bytes, copied where they are shared.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Content::Text(text) => text.as_bytes().to_vec(),
            Content::Bytes(bytes) => bytes,
        }
    }
}

fn spliced(skeleton: &Skeleton, shown: &Shown<'_>, lines: &Lines, size: usize) -> Content {
    let mut bytes = Vec::with_capacity(size);
    skeleton.write(shown, lines, &mut bytes);
    Content::Bytes(bytes)
}

fn is_template(name: &str) -> bool {
    name.ends_with(".md")
}

/// Writes a block straight to the output, everything else as minijinja does.
fn format_value(
    out: &mut minijinja::Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    match value.downcast_object_ref::<BlockView>() {
        Some(block) => block.0.write(out).map_err(minijinja::Error::from),
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// `block|indent(4)`: the block with so many spaces before each line that is not empty.
fn indent(value: &Value, width: usize) -> Value {
    match value.downcast_object_ref::<BlockView>() {
        Some(block) => view::block(&block.0.indented(width)),
        None => view::block(&crate::page::Block::new(value.to_string().into()).indented(width)),
    }
}

/// `phrase|fill(name=value)`: the phrase with the value for `{name}`.
fn fill(phrase: &str, values: Kwargs) -> Result<String, minijinja::Error> {
    let mut filled = phrase.to_owned();
    for name in values.args() {
        filled = phrases::fill(&filled, name, &values.get::<Value>(name)?.to_string());
    }
    Ok(filled)
}

/// `link|link`: a Markdown link.
fn link(link: &Value) -> Result<String, minijinja::Error> {
    let text = link.get_attr("text")?.to_string();
    let url = link.get_attr("url")?.to_string();
    Ok(escape::link(&text, &url))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::page::{Input, Resolved};
    use crate::settings::Settings;
    use crate::source::{self, requestshook_writer};
    use crate::trace::{Body, Exchange, Headers, KnownFrom, Request, Response, Trace, testing};

    /// The files of a capture as the templates themselves make them, after a look at whether the
    /// shorter ways give the same; and which of these were taken: that of skeletons, and that of
    /// pages of messages alone.
    fn laid_out(trace: &Trace, log: Lines) -> (Vec<Vec<u8>>, [bool; 2]) {
        let templates = Templates::new(BTreeMap::new()).unwrap();
        let settings = Settings { layout: Layout::Snippets, locale: "en".into(), ..Settings::default() };
        let phrases = templates.phrases("en").unwrap();
        let log = Arc::new(log);
        let input = Input {
            path: "image/show",
            settings: &settings,
            profile: None,
            phrases: &phrases,
            trace,
            trace_file: "trace.log",
            log: &log,
            output: None,
        };
        let resolved = Resolved::new(&input);
        let page = Arc::new(resolved.page().unwrap());
        let names = ["body.md", "diagram.md", "index.md", "log.md"];
        let of_engine: Vec<Vec<u8>> = names
            .iter()
            .map(|name| templates.render(&format!("snippets/{name}"), &page).unwrap().into_bytes())
            .collect();
        let same = |files: Vec<(&'static str, Content)>| {
            assert_eq!(files.len(), names.len());
            for ((name, content), (known, expected)) in files.iter().zip(names.iter().zip(&of_engine)) {
                assert_eq!(name, known);
                let [content, expected] = [content.as_bytes(), expected].map(String::from_utf8_lossy);
                assert_eq!(content, expected, "{name}");
            }
        };
        same(templates.lay_out(&page).unwrap());
        let bare = resolved.bare().and_then(|bare| templates.lay_out_bare(&bare).unwrap());
        let taken = [skeleton::shown(&page).is_some(), bare.is_some()];
        bare.into_iter().for_each(same);
        (of_engine, taken)
    }

    #[test]
    fn a_real_log_goes_the_shortest_way() {
        let folder = std::path::Path::new("tests/fixtures/logs/zed/server-create");
        let read = |name| std::fs::read(folder.join(name)).unwrap();
        let log = source::read(folder, read("requestshook.log"));
        let (files, taken) = laid_out(&log.trace, log.log.unwrap());
        assert_eq!(taken, [true, true]);
        assert_eq!(String::from_utf8_lossy(&files[1]), String::from_utf8_lossy(&read("diagram.md")));
    }

    fn plain_or_odd(plain: &'static str, odd: &'static str) -> impl Strategy<Value = Text> {
        prop_oneof![20 => plain, 1 => odd].prop_map(Text::from)
    }

    fn body() -> impl Strategy<Value = Body> {
        let text = prop_oneof![
            8 => "\\{\\n  \"[a-z]{1,9}\": \\[\\n    [0-9]{1,3}\\n  \\]\\n\\}",
            4 => r#"\{"[a-z]{1,9}": ?[0-9]{1,3}\}"#,
            1 => "[-8<`a\\n\\r\u{202e}\\x1b]{1,12}",
        ];
        prop_oneof![1 => Just(Body::Absent), 2 => text.prop_map(|text| Body::Text(text.into()))]
    }

    fn headers() -> impl Strategy<Value = Headers> {
        let field = ("[A-Z][a-z-]{1,12}".prop_map(Text::from), plain_or_odd("[ -~]{0,80}", "\\PC{0,9}"));
        proptest::collection::vec(field, 1..4).prop_map(|fields| fields.into_iter().collect())
    }

    /// How an exchange came to be known, and whether it was answered.
    fn known_from() -> impl Strategy<Value = (KnownFrom, bool)> {
        use KnownFrom::{Diagram, Response, Wire};
        prop_oneof![
            20 => Just((Wire, true)),
            1 => Just((Wire, false)),
            1 => Just((Response, true)),
            1 => Just((Response, false)),
            1 => Just((Diagram, true)),
        ]
    }

    /// Traces of which many have nothing that a page would have to change.
    fn trace() -> impl Strategy<Value = Trace> {
        let name = || plain_or_odd("[a-z]{1,3}(-api)?", "[a-z `-]{1,6}|end");
        // Few, so that messages next to each other have the same.
        let odd_method =
            prop_oneof![Just("*G*"), Just("G\n--8<-- \"x\""), Just(" GET"), Just("GET "), Just("")];
        let method = prop_oneof![9 => Just("GET"), 1 => odd_method];
        let path = plain_or_odd("(/[a-z0-9.-]{1,9}){1,3}", "/[/a-z0-9.`_=+#;<%-]{0,12}");
        let reason = plain_or_odd("OK|NOT FOUND", "[A-Z/% _]{0,4}");
        let exchange = (
            (name(), name()),
            method,
            path,
            reason,
            (headers(), headers()),
            (body(), body()),
            known_from(),
            0i64..9,
        );
        let exchange = exchange.prop_map(
            |((from, to), method, path, reason, headers, bodies, (known_from, answered), time)| Exchange {
                from: Some(from),
                to: Some(to),
                started: time,
                ended: Some(time + 2),
                synthetic: true,
                known_from,
                request: Request {
                    method: method.into(),
                    url: format!("http://h{path}").into(),
                    headers: headers.0,
                    body: bodies.0,
                },
                response: answered.then_some(Response {
                    status: 200,
                    reason,
                    url: None,
                    headers: headers.1,
                    body: bodies.1,
                }),
            },
        );
        proptest::collection::vec(exchange, 0..4).prop_map(|exchanges| Trace { exchanges, gaps: Vec::new() })
    }

    #[test]
    fn the_generated_traces_go_all_ways() {
        use proptest::strategy::ValueTree;
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut taken = std::collections::HashMap::new();
        for _ in 0..100 {
            let (trace, log) = requestshook_writer::rewrite(trace().new_tree(&mut runner).unwrap().current());
            *taken.entry(laid_out(&trace, Lines::new(log)).1).or_insert(0) += 1;
        }
        for ways in [[true, true], [true, false], [false, false]] {
            assert!(taken.get(&ways).is_some_and(|&count| count > 3), "{ways:?} of {taken:?}");
        }
    }

    #[test]
    fn an_odd_method_is_made_harmless_after_a_response_of_the_same() {
        let exchange = |known_from| Exchange {
            from: Some("a".into()),
            to: Some("b".into()),
            started: 0,
            ended: Some(0),
            synthetic: true,
            known_from,
            request: Request {
                method: "G\n--8<-- \"x\"".into(),
                url: "http://h/x".into(),
                ..Request::default()
            },
            response: Some(Response { status: 200, reason: "OK".into(), ..Response::default() }),
        };
        let exchanges = [KnownFrom::Response, KnownFrom::Wire].map(exchange).into();
        let (trace, log) = requestshook_writer::rewrite(Trace { exchanges, gaps: Vec::new() });
        assert_eq!(laid_out(&trace, Lines::new(log)).1, [false, false]);
    }

    proptest! {
        #[test]
        fn every_way_gives_what_the_templates_give(
            trace in prop_oneof![3 => trace().boxed(), 1 => testing::trace().boxed()],
        ) {
            let written = requestshook_writer::write(&trace);
            let (trace, log) = requestshook_writer::rewrite(trace);
            laid_out(&trace, Lines::new(log));
            // A log that is read has more forms than one that docgen made of a trace.
            for text in [written.replace('\n', "\r\n"), written] {
                let read = source::read(std::path::Path::new("trace.log"), text.into_bytes());
                if let Some(log) = read.log {
                    laid_out(&read.trace, log);
                }
            }
        }
    }
}
