//! A page, written piece by piece.
//!
//! A [`Piece`] is what one template prints: a file of the page, or a part of it that a hole asks
//! for. A [`PageWriter`] has it from the default functions (`layouts`), or, where the user has
//! templates of that layout, from those. Which of the two is decided once a page. What this leaves
//! out: which file a piece belongs to, and the indent that a hole lends it.

use std::cell::{LazyCell, OnceCell};
use std::sync::Arc;

use minijinja::context;
use minijinja::value::Value;

use super::drawing;
use super::fields::{Described, Field, record};
use super::layouts::{self, Context, Words};
use super::limits::Allowance;
use super::templates::{Content, Templates};
use super::view::{self, ExchangeView, MessageView};
use crate::error::Result;
use crate::page::{DiagramItem, DrawnParticipant, Entry, Message, Page, PageExchange};
use crate::settings::{DiagramFormat, PageFile};

/// What one template prints, with all that it shows beside the page itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'a> {
    Arrow(&'a DiagramItem),
    Arrows(&'a [DiagramItem]),
    BodyTab(&'a Arc<Message>, &'a FenceOptions),
    Command,
    /// A request as a command.
    Curl(&'a Arc<PageExchange>),
    /// With the options of its request's fences and its response's.
    Exchange(&'a Arc<PageExchange>, &'a [FenceOptions; 2]),
    /// An exchange in one line.
    ExchangeFacts(&'a Arc<PageExchange>),
    ExchangeHeading(&'a Arc<PageExchange>),
    /// Both messages, with the options of their fences.
    ExchangeTabs(&'a Arc<PageExchange>, &'a [FenceOptions; 2]),
    /// The page in one line.
    Facts,
    /// A whole file.
    File(&'static PageFile),
    FullLog,
    HeaderTab(&'a Arc<Message>, &'a FenceOptions),
    Heading(&'a Arc<Message>),
    /// The diagram of what was sent for an exchange.
    Inside(&'a Arc<PageExchange>),
    Launch,
    Message(&'a Arc<Message>, &'a FenceOptions),
    Output,
    /// The table of all exchanges.
    Overview,
    Participants,
    Rest(&'a [Entry]),
    Sequence,
    /// A part of the diagram whose first message has this number.
    SequencePart {
        items: &'a [DiagramItem],
        participants: &'a [DrawnParticipant],
        number: u32,
    },
    Tabs(&'a Arc<Message>, &'a FenceOptions),
    Vars,
    /// When each exchange happened.
    Waterfall,
}

/// What is behind a fence's title, each option with a blank before it.
#[derive(Clone, Debug, Default)]
pub(super) struct FenceOptions {
    pub(super) header: String,
    pub(super) body: String,
    /// Whether any line is highlighted.
    pub(super) is_highlighted: bool,
}

impl Piece<'_> {
    /// The name of its template, in the folder of a layout.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Piece::Arrow(_) => "arrow",
            Piece::Arrows(_) => "arrows",
            Piece::BodyTab(..) => "body_tab",
            Piece::Command => "command",
            Piece::Curl(_) => "curl",
            Piece::Exchange(..) => "exchange",
            Piece::ExchangeFacts(_) => "exchange_facts",
            Piece::ExchangeHeading(_) => "exchange_heading",
            Piece::ExchangeTabs(..) => "exchange_tabs",
            Piece::Facts => "facts",
            Piece::File(file) => file.template,
            Piece::FullLog => "full_log",
            Piece::HeaderTab(..) => "header_tab",
            Piece::Heading(_) => "heading",
            Piece::Inside(_) => "inside",
            Piece::Launch => "launch",
            Piece::Message(..) => "message",
            Piece::Output => "output",
            Piece::Overview => "overview",
            Piece::Participants => "participants",
            Piece::Rest(_) => "rest",
            Piece::Sequence => "sequence",
            Piece::SequencePart { .. } => "sequence_part",
            Piece::Tabs(..) => "tabs",
            Piece::Vars => "vars",
            Piece::Waterfall => "waterfall",
        }
    }

    /// What its template sees beside what all of a page see.
    fn context(&self, page: &Arc<Page>) -> Option<Value> {
        let exchange = |exchange: &Arc<PageExchange>| {
            Value::from_object(ExchangeView { page: Some(page.clone()), exchange: exchange.clone() })
        };
        let message = |message: &Arc<Message>| Value::from_object(MessageView(message.clone()));
        Some(match self {
            Piece::Arrow(item) => context! { item => view::item(item) },
            Piece::Arrows(items) => context! { items => view::items(items) },
            Piece::BodyTab(found, options)
            | Piece::HeaderTab(found, options)
            | Piece::Message(found, options)
            | Piece::Tabs(found, options) => {
                context! { message => message(found), options => options.value() }
            }
            Piece::Exchange(found, [request, response]) | Piece::ExchangeTabs(found, [request, response]) => {
                context! {
                    exchange => exchange(found),
                    exchange_options => both_options(request, response),
                }
            }
            Piece::Curl(found)
            | Piece::ExchangeFacts(found)
            | Piece::ExchangeHeading(found)
            | Piece::Inside(found) => context! { exchange => exchange(found) },
            Piece::Heading(found) => context! { message => message(found) },
            Piece::Rest(entries) => context! {
                entries => view::entries(entries),
                sections => view::sections(page, entries),
            },
            Piece::SequencePart { items, participants, number } => context! {
                items => view::items(items),
                participants => view::participants(participants),
                number => number,
            },
            Piece::Command
            | Piece::Facts
            | Piece::File(_)
            | Piece::FullLog
            | Piece::Overview
            | Piece::Launch
            | Piece::Output
            | Piece::Participants
            | Piece::Sequence
            | Piece::Vars
            | Piece::Waterfall => return None,
        })
    }
}

/// The variables of templates.
pub(super) const VARIABLES: &[Field] = &[
    Field { name: "page", kind: "page", about: "The page as a whole." },
    Field {
        name: "participants",
        kind: "list of participant",
        about: "The participants that the diagram draws.",
    },
    Field { name: "items", kind: "list of item", about: "The lines of the diagram." },
    Field { name: "t", kind: "phrases", about: "The phrases of the page's language: `t.output_heading`." },
    Field {
        name: "options",
        kind: "options",
        about: "What the fences of a message get behind their titles.",
    },
    Field {
        name: "exchange_options",
        kind: "exchange options",
        about: "The same of an exchange: `exchange_options.request`, `exchange_options.response`.",
    },
    Field { name: "item", kind: "item", about: "A line of the diagram." },
    Field { name: "message", kind: "message", about: "The message that the template is about." },
    Field { name: "exchange", kind: "exchange", about: "The exchange that the template is about." },
    Field { name: "entries", kind: "list of message or gap", about: "What is left to be shown." },
    Field {
        name: "sections",
        kind: "list of exchange or message or gap",
        about: "The same, told in one place each.",
    },
    Field {
        name: "number",
        kind: "number",
        about: "The number of the first message of a part of the diagram.",
    },
];

/// Which variables every template of a page gets.
pub(super) const EVERYWHERE: &[&str] = &["page", "participants", "items", "t", "options", "exchange_options"];

/// Which variables a template gets of its own, by its name without the layout's; those of the same name as one
/// that every template gets are in its place. Nothing for one that is only a part of others.
pub(super) fn given(template: &str) -> &'static [&'static str] {
    match template {
        "arrow" => &["item"],
        "arrows" => &["items"],
        "body_tab" | "header_tab" | "message" | "tabs" => &["message", "options"],
        "exchange" | "exchange_tabs" => &["exchange", "exchange_options"],
        "curl" | "exchange_facts" | "exchange_heading" | "inside" => &["exchange"],
        "heading" => &["message"],
        "rest" => &["entries", "sections"],
        "sequence_part" => &["items", "participants", "number"],
        _ => &[],
    }
}

record! {
    /// What stands behind the titles of a message's fences.
    OPTIONS "options" of fn options(options: &FenceOptions);
    /// Of the headers' fence, with a blank before each: ` hl_lines="2"`.
    header: "text" = &options.header;
    /// Of the body's fence, likewise.
    body: "text" = &options.body;
    /// Whether any line is highlighted.
    is_highlighted: "yes or no" = options.is_highlighted;
}

record! {
    /// What stands behind the titles of both messages' fences.
    BOTH_OPTIONS "exchange options" of fn both_options(request: &FenceOptions, response: &FenceOptions);
    /// Of the request.
    request: "options" = request.value();
    /// Of the response.
    response: "options" = response.value();
}

/// The objects that templates get beside what a page has.
pub(super) const OBJECTS: &[Described] = &[OPTIONS, BOTH_OPTIONS];

impl FenceOptions {
    fn value(&self) -> Value {
        options(self)
    }
}

/// Writes pieces of one page.
#[derive(Debug)]
pub(super) struct PageWriter<'a> {
    page: &'a Arc<Page>,
    by: Engine<'a>,
}

/// What lays a page out.
#[derive(Debug)]
enum Engine<'a> {
    Functions(Box<Context<'a>>),
    /// With what all templates of the page see, once one has asked, and what they may cost together.
    Templates(&'a Templates, OnceCell<Value>, Allowance),
}

impl<'a> PageWriter<'a> {
    pub(super) fn new(templates: &'a Templates, page: &'a Arc<Page>) -> PageWriter<'a> {
        // Drawing takes longer than whoever writes what is drawn.
        let by_functions =
            templates.are_default(page.layout) && page.diagram_format == DiagramFormat::Mermaid;
        match Words::of(&page.phrases).filter(|_| by_functions) {
            Some(words) => PageWriter { page, by: Engine::Functions(Box::new(Context { page, words })) },
            None => PageWriter::of_templates(templates, page),
        }
    }

    /// One that has every piece from a template, whoever wrote that.
    pub(super) fn of_templates(templates: &'a Templates, page: &'a Arc<Page>) -> PageWriter<'a> {
        let allowance = Allowance::new(page.entries.len(), page.log.text().len());
        PageWriter { page, by: Engine::Templates(templates, OnceCell::new(), allowance) }
    }

    /// A whole file: [`Piece::File`], without a copy of the log.
    ///
    /// # Errors
    /// Those of [`PageWriter::write`].
    pub(super) fn file(&self, file: &'static PageFile) -> Result<Content> {
        match (&self.by, file.template) {
            (Engine::Functions(context), "log") => Ok(Content::Text(context.page.log.text().clone())),
            _ => self.write(&Piece::File(file)).map(Content::Own),
        }
    }

    /// What the template of this piece prints.
    ///
    /// # Errors
    /// [`ErrorKind::Template`](crate::ErrorKind::Template) with its place, where a template fails.
    pub(super) fn write(&self, piece: &Piece<'_>) -> Result<String> {
        match &self.by {
            Engine::Functions(context) => {
                // What the bodies take is known; growing to it would copy it many times over.
                let size = match piece {
                    Piece::File(PageFile { template: "body" | "page" | "exchanges", .. }) => {
                        self.page.log.text().len() * 3 / 2
                    }
                    _ => 1024,
                };
                let mut out = String::with_capacity(size);
                layouts::write(context, piece, &mut out);
                Ok(out)
            }
            Engine::Templates(templates, shared, allowance) => {
                let shared = shared.get_or_init(|| shared_context(self.page));
                let context = match piece.context(self.page) {
                    Some(own) => context! { ..own, ..shared.clone() },
                    None => shared.clone(),
                };
                let text = templates.piece(self.page.layout.name(), piece.name(), context, allowance)?;
                let sections = LazyCell::new(|| self.page.sections_by_number());
                drawing::draw(text, self.page.diagram_format, &|message| {
                    sections.get(&message.number?).copied()
                })
            }
        }
    }
}

/// What every template of a page sees.
fn shared_context(page: &Arc<Page>) -> Value {
    let options = FenceOptions::default();
    context! {
        page => Value::from_object(view::PageView(page.clone())),
        participants => view::participants(&page.participants),
        items => view::items(&page.diagram),
        t => view::phrases(&page.phrases),
        exchange_options => both_options(&options, &options),
        options => options.value(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::page::relations::{Earlier, Origin, Run};
    use crate::page::{Block, Command, Input, Launch, PageGap, Phrases, Resolved};
    use crate::profile::Link;
    use crate::render::templates::EMBEDDED;
    use crate::sequence::Side;
    use crate::settings::{self, Layout, Settings};
    use crate::source::requestshook_writer;
    use crate::text::Text;
    use crate::trace::{Body, Exchange, Headers, KnownFrom, Request, Response, Trace, testing};

    const PARTS: [Piece<'static>; 7] = [
        Piece::Command,
        Piece::FullLog,
        Piece::Launch,
        Piece::Output,
        Piece::Participants,
        Piece::Sequence,
        Piece::Vars,
    ];

    /// Has `each` see every piece that a page with these options has.
    fn for_each_piece(page: &Page, options: &[FenceOptions; 2], mut each: impl FnMut(Piece<'_>)) {
        page.layout.traits().files.iter().for_each(|file| each(Piece::File(file)));
        let is_there = |piece: &Piece<'_>| match piece {
            Piece::Command => page.command.is_some(),
            Piece::Launch => page.launch.is_some(),
            Piece::Output => page.output.is_some(),
            _ => true,
        };
        PARTS.into_iter().filter(is_there).for_each(&mut each);
        each(Piece::Rest(&page.entries));
        each(Piece::Arrows(&page.diagram));
        page.diagram.iter().for_each(|item| each(Piece::Arrow(item)));
        for number in [1, 7] {
            each(Piece::SequencePart { items: &page.diagram, participants: &page.participants, number });
        }
        for exchange in &page.exchanges {
            each(Piece::Exchange(exchange, options));
        }
        if page.layout == Layout::Exchanges {
            for_each_piece_of_relations(page, options, &mut each);
        }
        for entry in &page.entries {
            let Entry::Message(message) = entry else { continue };
            for options in options {
                each(Piece::HeaderTab(message, options));
                each(Piece::BodyTab(message, options));
                each(Piece::Tabs(message, options));
                each(Piece::Message(message, options));
            }
            each(Piece::Heading(message));
        }
    }

    /// The same for the pieces that only a layout has which tells how exchanges stand to each other.
    fn for_each_piece_of_relations(
        page: &Page,
        options: &[FenceOptions; 2],
        each: &mut impl FnMut(Piece<'_>),
    ) {
        each(Piece::Facts);
        each(Piece::Overview);
        if view::duration(page).is_some() {
            each(Piece::Waterfall);
        }
        for exchange in &page.exchanges {
            each(Piece::ExchangeFacts(exchange));
            each(Piece::ExchangeHeading(exchange));
            each(Piece::ExchangeTabs(exchange, options));
            each(Piece::Inside(exchange));
            if exchange.curl.is_some() {
                each(Piece::Curl(exchange));
            }
        }
    }

    /// Whether each piece of a page is what its template prints; and the pieces' names.
    fn check(templates: &Templates, page: Page, options: &[FenceOptions; 2]) -> BTreeSet<&'static str> {
        let page = Arc::new(page);
        let by_functions = PageWriter::new(templates, &page);
        assert!(matches!(by_functions.by, Engine::Functions(_)));
        let by_templates = PageWriter::of_templates(templates, &page);
        let mut names = BTreeSet::new();
        for_each_piece(&page, options, |piece| {
            let own = piece.context(&page).map(|context| context.try_iter().unwrap().collect::<Vec<Value>>());
            let own: BTreeSet<String> = own.iter().flatten().map(ToString::to_string).collect();
            let described = given(piece.name()).iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(own, described, "{}", piece.name());
            let [made, expected] = [&by_functions, &by_templates].map(|writer| writer.write(&piece).unwrap());
            assert_eq!(made, expected, "{}/{}", page.layout.name(), piece.name());
            names.insert(piece.name());
        });
        names
    }

    /// What a page has to show beside its trace.
    #[derive(Clone, Debug)]
    struct Extras {
        layout: Layout,
        links: Option<bool>,
        locale: &'static str,
        phrases: Vec<(&'static str, String)>,
        title: String,
        description: Option<String>,
        command: Option<String>,
        launch: bool,
        reference: Option<(String, String)>,
        output: Option<String>,
        pairs: Vec<(String, String)>,
        /// A note, a box's title, a label, what an exchange is for.
        said: [Option<String>; 4],
        gap: Option<String>,
        participants: usize,
        filtered: usize,
        options: [FenceOptions; 2],
    }

    fn page_of(trace: &Trace, log: &Text, templates: &Templates, extras: &Extras) -> Page {
        let own: BTreeMap<String, String> =
            extras.phrases.iter().map(|(key, text)| ((*key).to_owned(), text.clone())).collect();
        let phrases: Phrases = templates.phrases(extras.locale).unwrap().overlaid(&own);
        let settings = Settings {
            layout: extras.layout,
            links: extras.links,
            locale: extras.locale.into(),
            title: Some(extras.title.clone()),
            description: extras.description.clone(),
            vars: extras.pairs.clone(),
            env: extras.pairs.clone(),
            ..Settings::default()
        };
        let input = Input {
            path: "image/show",
            settings: &settings,
            profile: None,
            phrases: &phrases,
            trace,
            trace_file: "trace.log",
            log,
            output: extras.output.as_deref(),
        };
        let mut page = Resolved::new(&input).page().unwrap();
        page.command = extras.command.as_ref().map(|typed| Command::new(typed, &[]));
        let launch = settings::Launch { show: Some(extras.launch), ..settings::Launch::default() };
        let settings = Settings { launch, ..settings.clone() };
        page.launch = page
            .command
            .as_ref()
            .filter(|_| extras.launch)
            .and_then(|command| Launch::new(command, &page.title, &settings));
        page.reference = extras.reference.clone().map(|(text, url)| Link { text, url });
        page.filtered = extras.filtered;
        let [note, title, label, purpose] = &extras.said;
        for _ in 0..extras.participants {
            let label = label.as_deref().map(Arc::from);
            page.participants.push(DrawnParticipant { id: "P7".into(), aliased: label.is_some(), label });
        }
        let is_alone = page.exchanges.first().is_some_and(|first| first.is_response_alone);
        let first = if is_alone { Side::Response } else { Side::Request };
        for (index, exchange) in page.exchanges.iter_mut().enumerate() {
            let exchange = Arc::make_mut(exchange);
            exchange.purpose = purpose.clone().filter(|_| index % 2 == 0);
            exchange.api_reference = label.clone().filter(|_| index % 2 == 0);
            exchange.curl = note.as_ref().map(|text| Block::new(text.as_str().into()));
            let relations = &mut exchange.relations;
            relations.is_expected |= index % 2 == 0;
            relations.run = purpose.as_ref().filter(|_| index % 3 == 0).map(|_| Run { count: 3, last: 9 });
            relations.folded_into = title.as_ref().filter(|_| index % 4 == 3).map(|_| 0);
            for text in label.iter().filter(|_| index > 0) {
                let of = Earlier { place: 0, side: first };
                relations.origins.push(Origin { at: text.clone(), of, there: text.clone() });
                relations.same_bodies[index % 2] = Some(of);
                relations.more_origins += index - 1;
            }
        }
        for (index, entry) in page.entries.iter_mut().enumerate() {
            let Entry::Message(message) = entry else { continue };
            Arc::make_mut(message).about = purpose.clone().filter(|_| index % 3 == 0);
        }
        if let Some(reason) = &extras.gap {
            page.entries.push(Entry::Gap(PageGap { place: "trace.log:1:2".into(), reason: reason.clone() }));
        }
        if let Some(title) = title {
            page.diagram.insert(0, DiagramItem::Begin { depth: 0, keyword: "opt", title: title.clone() });
            page.diagram.push(DiagramItem::End { depth: 1 });
        }
        if let Some(text) = note {
            let position = "right of P7".to_owned();
            page.diagram.push(DiagramItem::Note { depth: 2, position, text: text.clone() });
        }
        page
    }

    /// A text of the user's, that of a field for one.
    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[A-Za-z ]{0,12}",
            2 => "[-a-c1/8<>`'\"{}#;:%|_*~.$^=+\\[\\]()\\\\\\n\\t ]{0,16}",
            1 => Just("{purpose} {steps} {link} {count} {place} {Place}".to_owned()),
            1 => any::<String>(),
        ]
    }

    fn extras() -> impl Strategy<Value = Extras> {
        const KEYS: &[&str] = &[
            "reference",
            "command_heading",
            "command_title",
            "launch_title",
            "introduction",
            "diagram_heading",
            "back_to_diagram",
            "steps_introduction",
            "step_line",
            "exchanges_heading",
            "header_tab",
            "body_tab",
            "output_heading",
            "response",
            "no_response",
            "no_response_line",
            "drawn_only_line",
            "gap_title",
            "filtered_line",
            "variable",
            "value",
            "command_output_heading",
            "reference_title",
            "console_title",
            "messages_heading",
            "log_heading",
            "log_title",
            "step_column",
            "purpose_cell",
            "exchange_count_one",
            "participant_count",
            "error_count",
            "expected_error_count",
            "unanswered_count",
            "client_view_introduction",
            "repeated_up_to",
            "request_tab",
            "response_tab",
            "no_body",
            "same_body",
            "long_body",
            "long_output",
            "api_reference",
            "origins",
        ];
        let phrases = vec((proptest::sample::select(KEYS), any_text()), 0..3);
        let pairs = vec((any_text(), any_text()), 0..3);
        let fence_options = || {
            let any = (any_text(), prop_oneof![Just(String::new()), any_text()], any::<bool>());
            any.prop_map(|(header, body, is_highlighted)| FenceOptions { header, body, is_highlighted })
        };
        let command = prop_oneof![
            Just("openstack image show \\\n  --format json x".to_owned()),
            Just("# how\nopenstack image list --name 'a b' \"```\"".to_owned()),
            any_text(),
        ];
        let output = prop_oneof![
            Just("+---+\n| ``` |".to_owned()),
            Just("{\"a\": 1}".to_owned()),
            Just("line\n".repeat(13)),
            any_text()
        ];
        (
            (proptest::sample::select(Layout::ALL), option::of(any::<bool>())),
            prop_oneof![Just("ko"), Just("en")],
            phrases,
            (any_text(), option::of(any_text()), option::of(command), any::<bool>()),
            (option::of((any_text(), any_text())), option::of(output), pairs),
            proptest::array::uniform4(option::of(any_text())),
            (option::of(any_text()), 0usize..6, 0usize..3),
            [fence_options(), fence_options()],
        )
            .prop_map(|((layout, links), locale, phrases, head, rest, said, counts, options)| {
                Extras {
                    layout,
                    links,
                    locale,
                    phrases,
                    title: head.0,
                    description: head.1,
                    command: head.2,
                    launch: head.3,
                    reference: rest.0,
                    output: rest.1,
                    pairs: rest.2,
                    said,
                    gap: counts.0,
                    participants: counts.1,
                    filtered: counts.2,
                    options,
                }
            })
    }

    fn plain_or_odd(plain: &'static str, odd: &'static str) -> impl Strategy<Value = Text> {
        prop_oneof![3 => plain, 1 => odd].prop_map(Text::from)
    }

    fn body() -> impl Strategy<Value = Body> {
        let text = prop_oneof![
            4 => "\\{\\n  \"[a-z]{1,9}\": \\[\\n    [0-9]{1,3}\\n  \\]\\n\\}",
            2 => r#"\{"[a-z]{1,9}": ?[0-9]{1,3}\}"#,
            1 => "[-8<`a\\n\\r\u{202e}\\x1b]{1,12}",
            1 => (29usize..120).prop_map(|count| "[\n".repeat(count)),
        ];
        prop_oneof![1 => Just(Body::Absent), 2 => text.prop_map(|text| Body::Text(text.into()))]
    }

    fn headers() -> impl Strategy<Value = Headers> {
        let field = ("[A-Z][a-z-]{1,12}".prop_map(Text::from), plain_or_odd("[ -~]{0,80}", "\\PC{0,9}"));
        vec(field, 0..4).prop_map(|fields| fields.into_iter().collect())
    }

    /// Traces like those of the wild, with odd names, paths and bodies here and there.
    fn trace() -> impl Strategy<Value = Trace> {
        use KnownFrom::{Diagram, Response as Answer, Wire};
        let known_from = prop_oneof![
            4 => Just((Wire, true)),
            1 => Just((Wire, false)),
            1 => Just((Answer, true)),
            1 => Just((Diagram, false)),
            1 => Just((Diagram, true)),
        ];
        let name = || plain_or_odd("[a-z]{1,3}(-api)?", "[a-z `-]{1,6}|end");
        let method = plain_or_odd("GET|PUT", "\\*G\\*| GET |G\n--8<-- \"x\"|");
        let path = plain_or_odd("(/[a-z0-9.-]{1,9}){1,3}", "/[/a-z0-9.`_=+#;<%'\"-]{0,12}");
        let reason = plain_or_odd("OK|NOT FOUND", "[A-Z/% _]{0,4}");
        let failure = proptest::option::weighted(0.2, plain_or_odd("net::ERR_[A-Z]{1,9}", "\\PC{0,9}"));
        let extras = (
            failure,
            prop_oneof![4 => Just(0), 1 => 1usize..3],
            proptest::sample::select(vec![200, 200, 0, 404]),
        );
        let exchange = (
            (name(), name()),
            method,
            path,
            reason,
            (headers(), headers()),
            (body(), body()),
            (known_from, (0i64..9, 0i64..9)),
            extras,
        );
        let exchange = exchange.prop_map(
            |(
                (from, to),
                method,
                path,
                reason,
                headers,
                bodies,
                ((known_from, answered), (started, took)),
                (failure, count, status),
            )| Exchange {
                from: Some(from),
                to: Some(to),
                started,
                ended: Some(started + took),
                known_from,
                failure,
                web_socket_messages: count,
                request: Request {
                    method,
                    url: format!("http://h{path}").into(),
                    headers: headers.0,
                    body: bodies.0,
                    ..Request::default()
                },
                response: answered.then_some(Response {
                    status,
                    reason,
                    headers: headers.1,
                    body: bodies.1,
                    ..Response::default()
                }),
                ..Exchange::default()
            },
        );
        (vec(exchange, 0..4), any::<bool>()).prop_map(|(mut exchanges, is_synthetic)| {
            exchanges.iter_mut().for_each(|exchange| exchange.synthetic = is_synthetic);
            Trace { exchanges, ..Trace::default() }
        })
    }

    #[test]
    fn every_template_is_checked() {
        use proptest::strategy::ValueTree;
        let templates = Templates::new(BTreeMap::new()).unwrap();
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mut checked = BTreeSet::new();
        for _ in 0..60 {
            let (trace, log) = requestshook_writer::rewrite(trace().new_tree(&mut runner).unwrap().current());
            let extras = extras().new_tree(&mut runner).unwrap().current();
            checked.extend(check(&templates, page_of(&trace, &log, &templates, &extras), &extras.options));
        }
        // Reports and indexes have no functions that do the same.
        let folders: Vec<&str> = Layout::ALL.iter().map(|layout| layout.name()).collect();
        let is_of_layout = |name: &str| {
            name.ends_with(".md") && name.split_once('/').is_some_and(|(folder, _)| folders.contains(&folder))
        };
        for (name, _) in EMBEDDED.iter().filter(|(name, _)| is_of_layout(name)) {
            let name = name.rsplit('/').next().unwrap().trim_end_matches(".md");
            // These are only ever parts of others.
            const PARTS: &[&str] = &[
                "answer",
                "content",
                "diagram_parts",
                "diagram_text",
                "drawn",
                "gap",
                "overview_row",
                "steps",
            ];
            assert!(checked.contains(name) || PARTS.contains(&name), "{name}");
        }
    }

    #[test]
    fn a_phrase_that_is_missing_is_missed_where_it_is_used() {
        let templates = Templates::new(BTreeMap::new()).unwrap();
        let (trace, log) = requestshook_writer::rewrite(Trace::default());
        let phrases = Phrases::parse("fr.toml".as_ref(), "diagram_heading = \"Diagramme\"").unwrap();
        let settings = Settings { layout: Layout::Page, locale: "fr".into(), ..Settings::default() };
        let input = Input {
            path: "a",
            settings: &settings,
            profile: None,
            phrases: &phrases,
            trace: &trace,
            trace_file: "trace.log",
            log: &log,
            output: None,
        };
        let page = Arc::new(Resolved::new(&input).page().unwrap());
        let writer = PageWriter::new(&templates, &page);
        assert!(writer.write(&Piece::Sequence).unwrap().starts_with("``` mermaid\n"));
        let error = writer.file(Layout::Page.traits().main()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("undefined value"), "{error}");
    }

    proptest! {
        #[test]
        fn functions_write_what_the_templates_print(
            trace in prop_oneof![3 => trace().boxed(), 1 => testing::trace().boxed()],
            extras in extras(),
        ) {
            let templates = Templates::new(BTreeMap::new()).unwrap();
            let (trace, log) = requestshook_writer::rewrite(trace);
            check(&templates, page_of(&trace, &log, &templates, &extras), &extras.options);
        }
    }
}
