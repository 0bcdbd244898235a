//! All that a template may see of one capture.
//!
//! Sequence, settings, profile and captured output meet here and become one value:
//! numbered messages with everything that can be said of each, the diagram's lines,
//! the command's blocks. Templates lay it out and decide nothing; nothing else
//! reads a trace for a page. What this leaves out: Markdown. Only the inside of
//! fences is already safe ([`Block`]), because that is costly to do twice.
//!
//! A page source is taken apart here, too:
//!
//! ```
//! use docgen::page::Source;
//!
//! let source = Source::parse("page.md", "# {{ title }}\n\nSee {{ tabs(show.response, highlight=\"/id\") }}.\n")
//!     .map_err(|mut errors| errors.remove(0))?;
//! let holes: Vec<&str> = source.holes().map(|hole| source.text[hole.inside.clone()].trim()).collect();
//! assert_eq!(holes, ["title", "tabs(show.response, highlight=\"/id\")"]);
//!
//! let errors = Source::parse("page.md", "{{ title\n").unwrap_err();
//! assert_eq!(errors[0].place().map(|place| (place.line, place.column)), Some((1, 1)));
//! # Ok::<(), docgen::Error>(())
//! ```

pub mod anchor;
mod block;
pub mod carried;
mod command;
pub mod concern;
mod context;
pub mod curl;
mod diagram;
pub mod draft;
pub mod first_settings;
pub mod front_matter;
pub mod highlight;
mod html;
pub mod index;
pub mod invocation;
mod outline;
pub mod phrases;
pub mod relations;
pub mod report;
pub mod source;
pub mod spoken;
pub mod step_list;
pub mod update;

pub use anchor::Anchors;
pub use block::{Block, visible, without_ansi, without_markers};
pub use command::{Command, Launch, command_line};
pub(crate) use context::begins_with_front_matter;
pub use context::{Context, Fence, Scalar};
pub use diagram::{DiagramItem, DrawnParticipant, diagram_sentence, participants_named};
pub use front_matter::FrontMatter;
pub use outline::{DiagramPart, Outline};
pub use phrases::Phrases;
pub use relations::Relations;
pub use source::Source;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use crate::error::{Error, Place, Result};
use crate::profile::{Call, Link, Profile, Step, wildcard_matches};
use crate::sequence::participants::{Participant, Participants};
use crate::sequence::paths::{Paths, Vars};
use crate::sequence::renamed::Renamed;
use crate::sequence::selector::{Index, Scope, Selector};
use crate::sequence::{self, Item, Sequence, Side};
use crate::settings::{DiagramFormat, Filter, Layout, Located, Settings};
use crate::text::{self, Text};
use crate::trace::{Body, Exchange, Headers, KnownFrom, Trace, UrlParts};

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The capture's path below the captures' root, with `/` between its parts.
    pub path: &'a str,
    /// Its settings.
    pub settings: &'a Settings,
    /// The profile that the settings name.
    pub profile: Option<&'a Profile>,
    /// The phrases of the settings' locale.
    pub phrases: &'a Phrases,
    /// Its trace.
    pub trace: &'a Trace,
    /// The trace's file name, as gaps name it.
    pub trace_file: &'a str,
    /// The trace as a log: the file itself where it is one.
    pub log: &'a Text,
    /// What the command printed.
    pub output: Option<&'a str>,
}

impl<'a> Input<'a> {
    /// A trace with its settings, to look labels up in: there is nothing to lay out.
    pub fn of_trace(trace: &'a Trace, settings: &'a Settings, profile: Option<&'a Profile>) -> Input<'a> {
        static PHRASES: LazyLock<Phrases> = LazyLock::new(Phrases::default);
        static LOG: Text = Text::from_static("");
        let (path, trace_file, output) = ("", "", None);
        Input { path, settings, profile, phrases: &PHRASES, trace, trace_file, log: &LOG, output }
    }
}

/// One capture, ready to be laid out.
#[derive(Debug)]
pub struct Page {
    /// The title.
    pub title: String,
    /// The capture's path below the captures' root.
    pub path: String,
    /// One paragraph below the title.
    pub description: Option<String>,
    /// What others may say of it, as Markdown: its description, else the first sentence of its source.
    pub summary: Option<String>,
    /// Its language, as HTML names it.
    pub locale: String,
    /// What it says of itself to the builder, where it does.
    pub front_matter: Option<FrontMatter>,
    /// The layout.
    pub layout: Layout,
    /// The phrases of the page's language.
    pub phrases: Phrases,
    /// The command as it was typed.
    pub command: Option<Command>,
    /// The debugger's configuration that runs it.
    pub launch: Option<Launch>,
    /// Where the command is documented.
    pub reference: Option<Link>,
    /// As what it holds its diagrams.
    pub diagram_format: DiagramFormat,
    /// The participants that the diagram draws.
    pub participants: Vec<DrawnParticipant>,
    /// The diagram's lines.
    pub diagram: Vec<DiagramItem>,
    /// What the client sees of the diagram; in layouts that tell how exchanges stand to each other.
    pub client_view: Vec<DiagramItem>,
    /// Messages and gaps, in order.
    pub entries: Vec<Entry>,
    /// The exchanges, in the order of their first messages. One whose request nobody recorded is among them only
    /// in layouts that tell how exchanges stand to each other.
    pub exchanges: Vec<Arc<PageExchange>>,
    /// What the command printed.
    pub output: Option<Output>,
    /// The whole trace as a log.
    pub log: Block,
    /// Names and values of the variables.
    pub vars: Vec<(String, String)>,
    /// The labels of the settings, with the index in the trace of the exchange that each names.
    pub labels: Vec<(String, usize)>,
    /// The labels of optional messages that this trace does not have.
    pub missing: HashSet<String>,
    /// The anchor of what shows all exchanges at once; nothing where sections and steps are no links.
    pub overview: Option<Arc<str>>,
    /// Under which path the site finds the page's snippets.
    pub snippet_prefix: String,
    /// How many exchanges the filters left out.
    pub filtered: usize,
    /// What the settings ask for and the page can do without, because its exchange is gone: warnings.
    pub left_out: Vec<Error>,
}

/// What is below a page's diagram.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A message.
    Message(Arc<Message>),
    /// A damaged place of the trace.
    Gap(PageGap),
}

/// A damaged place of the trace, as a page tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct PageGap {
    /// File, line and column.
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

/// An exchange, as prose speaks of it.
#[derive(Clone, Debug)]
pub struct PageExchange {
    /// Its index in the trace.
    pub index: usize,
    /// Its request. Where nobody recorded that, what its response tells of it, with the number of the response.
    pub request: Arc<Message>,
    /// Whether nobody recorded its request: the response is all there is.
    pub is_response_alone: bool,
    /// Its response, if one came.
    pub response: Option<Arc<Message>>,
    /// The link to the API's reference.
    pub api_reference: Option<String>,
    /// What it is for, in the page's language, where the profile knows it: a clause.
    pub purpose: Option<String>,
    /// What its response brings, likewise.
    pub result: Option<String>,
    /// How it stands to the others; in layouts that tell.
    pub relations: Relations,
    /// The request as a `curl` command, where the page shows it.
    pub curl: Option<Block>,
}

/// What a page tells in one place: an exchange, or what belongs to none.
#[derive(Clone, Debug)]
pub enum Section {
    /// An exchange that is told of itself.
    Exchange(Arc<PageExchange>),
    /// A response whose request nobody recorded, where that is no exchange of the page.
    Message(Arc<Message>),
    /// A damaged place of the trace.
    Gap(PageGap),
}

/// A message, with everything that a page can say of it.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its number in the diagram.
    pub number: u32,
    /// Which message of its exchange it is.
    pub side: Side,
    /// The exchange's index in the trace.
    pub exchange: usize,
    /// The id, in the diagram, of who sent it.
    pub from: Arc<str>,
    /// The id, in the diagram, of who received it.
    pub to: Arc<str>,
    /// The name of who began the exchange, as the source gives it.
    pub client: Text,
    /// The name of who answers, as the source gives it.
    pub server: Text,
    /// The method of the request.
    pub method: Text,
    /// The status code; 0 on a request.
    pub status: u16,
    /// The reason phrase; empty on a request.
    pub reason: Text,
    /// What it says: the method, or the status code and reason phrase. Of a response whose status
    /// nobody saw, that.
    pub verb: Text,
    /// The path with variables for values.
    pub path: Text,
    /// The path as sent.
    pub raw_path: Text,
    /// The URL as sent.
    pub url: Text,
    /// The header lines.
    pub headers: Block,
    /// The body's lines.
    pub body: Block,
    /// Whether there is a body; without one, `body` says so.
    pub has_body: bool,
    /// The body's language, as highlighters name it.
    pub language: Cow<'static, str>,
    /// What it asks or brings, as a sentence in the page's language, where the profile knows it.
    pub about: Option<String>,
    /// Whether the request got no response.
    pub unanswered: bool,
    /// Whether only a diagram tells of it: there are no headers and no body.
    pub drawn_only: bool,
    /// Why the exchange failed, on its last message, where the source says so.
    pub failure: Option<Text>,
    /// How many messages of a WebSocket followed, on the last message of the exchange.
    pub web_socket_messages: usize,
    /// The anchor of its section; nothing where sections and steps are no links.
    pub anchor: Option<Arc<str>>,
    /// The anchor of the section of this page that tells of it, if one does: where its number leads.
    pub section: Option<Arc<str>>,
}

/// What is shown for a status that the source does not tell.
const NO_STATUS: &str = "no status";

impl Message {
    /// The status code as it is on the wire, of three digits; of a status that nobody saw, that.
    pub fn status_text(&self) -> String {
        if self.status == 0 { NO_STATUS.to_owned() } else { format!("{:03}", self.status) }
    }

    /// Its number in brackets, in Markdown: a link to the section that tells of it, if one does.
    pub fn step(&self) -> String {
        self.linked(&format!("({})", self.number))
    }

    /// `text` as a link to the section that tells of it, if one does.
    pub fn linked(&self, text: &str) -> String {
        match &self.section {
            Some(section) => format!("[{text}](#{section})"),
            None => text.to_owned(),
        }
    }

    /// What it says, and the URL as sent.
    pub fn title(&self) -> String {
        [&*self.verb, " ", &self.url].concat()
    }

    /// What it says, and the path as sent.
    pub fn summary(&self) -> String {
        [&*self.verb, " ", &self.raw_path].concat()
    }
}

impl PageExchange {
    /// The anchor of the row of the table of all exchanges that leads to its section.
    pub fn row_anchor(&self) -> Option<String> {
        self.request.section.as_deref().map(anchor::of_row)
    }

    /// The numbers of its messages: `(1),(2)`.
    pub fn steps(&self) -> String {
        match &self.response {
            Some(response) if !self.is_response_alone => {
                format!("({}),({})", self.request.number, response.number)
            }
            _ => format!("({})", self.request.number),
        }
    }

    /// Its messages, in order.
    pub fn messages(&self) -> impl Iterator<Item = &Arc<Message>> {
        Some(&self.request).filter(|_| !self.is_response_alone).into_iter().chain(&self.response)
    }

    /// What it asks: method and path, as far as they are known, else what it was answered.
    pub fn call(&self) -> String {
        let Message { method, path, .. } = &*self.request;
        match (method.is_empty(), path.is_empty(), &self.response) {
            (true, true, Some(response)) => response.verb.to_string(),
            (true, ..) => path.to_string(),
            _ => [&**method, " ", path].concat(),
        }
    }

    /// The number of its last message.
    pub fn last_number(&self) -> u32 {
        self.response.as_ref().unwrap_or(&self.request).number
    }

    /// Whether it failed: a status that says so, no response, or what the source calls a failure.
    pub fn is_error(&self) -> bool {
        let is_failed = |message: &Arc<Message>| message.status >= 400 || message.failure.is_some();
        self.messages().any(is_failed) || self.response.is_none() && !self.request.drawn_only
    }

    /// The same in Markdown: links to the sections that tell of them, one where that is the same.
    pub fn linked_steps(&self) -> String {
        match (&self.response, &self.request.section) {
            (Some(response), Some(section)) if response.section.as_ref() == Some(section) => {
                format!("[{}](#{section})", self.steps())
            }
            (Some(response), _) if !self.is_response_alone => {
                format!("{},{}", self.request.step(), response.step())
            }
            _ => self.request.step(),
        }
    }
}

/// What the command printed.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The block's title.
    pub title: String,
    /// Its language, as highlighters name it.
    pub language: &'static str,
    /// Its lines.
    pub block: Block,
}

impl Page {
    /// By the numbers of messages, the anchors of the sections that tell of them.
    pub fn sections_by_number(&self) -> HashMap<u32, &str> {
        let messages = self.entries.iter().filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::Gap(_) => None,
        });
        messages.filter_map(|message| Some((message.number, message.section.as_deref()?))).collect()
    }

    /// What is told of these entries, each exchange once, and none that only repeats another.
    pub fn sections(&self, entries: &[Entry]) -> Vec<Section> {
        let places: HashMap<usize, &Arc<PageExchange>> =
            self.exchanges.iter().map(|exchange| (exchange.index, exchange)).collect();
        let section = |entry: &Entry| match entry {
            Entry::Gap(gap) => Some(Section::Gap(gap.clone())),
            Entry::Message(message) => match (places.get(&message.exchange), message.side) {
                (Some(exchange), Side::Request) => Some(Section::Exchange((*exchange).clone()))
                    .filter(|_| exchange.relations.folded_into.is_none()),
                (Some(exchange), Side::Response) => {
                    Some(Section::Exchange((*exchange).clone())).filter(|_| exchange.is_response_alone)
                }
                (None, _) => Some(Section::Message(message.clone())),
            },
        };
        entries.iter().filter_map(section).collect()
    }

    /// Forgets the anchors of sections that this page does not have, and of the overview where it has none, so
    /// that no link leads to them. A message without a section is told of in that of its exchange's other one.
    pub fn keep_sections(&mut self, has_section: impl Fn(usize, Side) -> bool, has_overview: bool) {
        self.overview = self.overview.take().filter(|_| has_overview);
        let mut sections: HashMap<usize, [Option<Arc<str>>; 2]> = HashMap::new();
        for exchange in &self.exchanges {
            let messages = [Some(&exchange.request), exchange.response.as_ref()];
            let anchors = messages.map(|message| {
                let message = message.filter(|message| has_section(exchange.index, message.side))?;
                message.anchor.clone()
            });
            sections.insert(exchange.index, anchors);
        }
        let told = told_elsewhere(&self.exchanges);
        let is_kept = |message: &Message| {
            let exchange = told.get(&message.exchange).unwrap_or(&message.exchange);
            let [request, response] = sections.get(exchange).cloned().unwrap_or_default();
            match message.side {
                Side::Request => request.or(response),
                Side::Response => response.or(request),
            }
        };
        let Page { exchanges, entries, diagram, .. } = self;
        each_message(exchanges, entries, diagram, &|message| {
            let section = is_kept(message);
            if message.section != section {
                Arc::make_mut(message).section = section;
            }
        });
    }

    /// Makes the page of a capture.
    ///
    /// # Errors
    /// [`ErrorKind::Label`](crate::ErrorKind::Label) and [`ErrorKind::Setting`](crate::ErrorKind::Setting),
    /// with their places: a label, group or note of the settings that fits no message of the trace.
    pub fn new(input: &Input<'_>) -> Result<Page, Vec<Error>> {
        Resolved::new(input).page()
    }
}

impl Resolved<'_> {
    /// Makes the page of the capture, which may need every label.
    ///
    /// # Errors
    /// Those of [`Page::new`].
    pub fn page(&self) -> Result<Page, Vec<Error>> {
        self.page_with(&[], &|_| true)
    }

    /// Makes the page of the capture for page sources: a label that none of them names may be about nothing.
    ///
    /// # Errors
    /// Those of [`Page::new`].
    pub fn page_for(&self, sources: &[Source]) -> Result<Page, Vec<Error>> {
        let used = used_labels(&self.input.settings.labels, sources);
        self.page_with(sources, &|label| used.contains(label))
    }

    /// The labels of optional messages that the trace does not have.
    pub fn missing_optional(&self) -> HashSet<&str> {
        diagram::missing_options(&self.scope(), self.input.settings)
    }

    /// Selectors of optional messages that nothing in the recording or among the labels is like: warnings.
    pub fn unmet_optional(&self) -> Vec<Error> {
        diagram::unmet_options(&self.scope(), self.input.settings)
    }

    fn page_with(&self, sources: &[Source], is_used: &dyn Fn(&str) -> bool) -> Result<Page, Vec<Error>> {
        let Resolved { input, participants, sequence, .. } = self;
        let settings = input.settings;
        let trace = input.trace;
        let scope = self.scope();

        let mut failing: Vec<(&str, Error)> = Vec::new();
        let mut labels = Vec::with_capacity(settings.labels.len());
        for (name, selector) in &settings.labels {
            match scope.find(name, &selector.place) {
                Ok(exchange) => labels.push((name.clone(), exchange)),
                Err(error) => failing.push((name, error)),
            }
        }
        let missing = diagram::missing_options(&scope, settings);
        failing.retain(|(name, _)| !missing.contains(name));
        let drawn = diagram::draw_participants(participants, sequence);
        let (boxes_and_notes, wrong) = match diagram::BoxesAndNotes::resolve(&scope, settings) {
            Ok(found) => (found, Vec::new()),
            Err(wrong) => (diagram::BoxesAndNotes::default(), wrong),
        };
        // A box that is left out for a label tells of it.
        // A mistake is one, whoever needs the label.
        let is_used = &|name: &str| is_used(name) || !scope.is_clear(name);
        failing.retain(|(name, _)| is_used(name) || !boxes_and_notes.is_left_out_for(name));
        let renamed = if failing.is_empty() { Vec::new() } else { scope.renamed() };
        let told: HashSet<String> = (renamed.iter().flat_map(|found| found.labels.iter().cloned()))
            .chain(failing.iter().map(|(name, _)| (*name).to_owned()))
            .collect();
        let (errors, mut left_out) = one_for_each_cause(&scope, &renamed, failing, wrong, is_used);
        left_out.extend(boxes_and_notes.left_out(&told));
        if !errors.is_empty() {
            return Err(errors.into_iter().chain(left_out).collect());
        }

        let log = Block::new(input.log.clone());
        let known =
            (0..trace.exchanges.len()).map(|index| ProfileFacts::of(input, participants, index)).collect();
        let anchors = self.anchors(sources, &labels, &HashMap::new());
        let messages = Messages {
            input,
            participants,
            paths: self.paths(),
            drawn: &drawn,
            log: &log,
            known,
            anchors: anchors.as_ref(),
        };
        let relates = settings.layout.traits().relates;
        let mut entries = Vec::with_capacity(sequence.items.len());
        let mut pairs: Vec<[Option<Arc<Message>>; 2]> = vec![[None, None]; trace.exchanges.len()];
        let mut order = Vec::new();
        for item in &sequence.items {
            match *item {
                Item::Step(step) => {
                    let message = messages.make(step, pairs[step.exchange][0].as_deref());
                    let message = Arc::new(message);
                    let pair = &mut pairs[step.exchange];
                    match step.side {
                        Side::Request => order.push(step.exchange),
                        Side::Response if relates && pair[0].is_none() => {
                            order.push(step.exchange);
                            let of_response = sequence::Step { side: Side::Request, ..step };
                            pair[0] = Some(Arc::new(messages.make(of_response, None)));
                        }
                        Side::Response => {}
                    }
                    pair[step.side as usize] = Some(message.clone());
                    entries.push(Entry::Message(message));
                }
                Item::Gap(index) => {
                    let gap = &trace.gaps[index];
                    entries.push(Entry::Gap(PageGap {
                        place: format!("{}:{}:{}", input.trace_file, gap.line, gap.column),
                        reason: gap.reason.clone(),
                    }));
                }
            }
        }
        let exchanges: Vec<Arc<PageExchange>> = order
            .into_iter()
            .filter_map(|index| {
                let [request, response] = std::mem::take(&mut pairs[index]);
                Some(messages.exchange(index, request?, response))
            })
            .map(Arc::new)
            .collect();
        let overview = anchors.as_ref().map(|anchors| anchors.overview.clone());
        let mut diagram = diagram::draw(&entries, &drawn, &boxes_and_notes, input.phrases);
        let mut exchanges = exchanges;
        let mut client_view = Vec::new();
        if relates {
            let found;
            (found, client_view) = relations::relate(&relations::Facts {
                trace,
                participants,
                exchanges: &exchanges,
                entries: &entries,
                diagram: &diagram,
                phrases: input.phrases,
                is_expected: &|index| messages.is_expected(index),
            });
            for (exchange, relations) in exchanges.iter_mut().zip(found) {
                Arc::make_mut(exchange).relations = relations;
            }
            self.tell_where_folded(sources, &labels, &mut exchanges, &mut entries, &mut diagram);
        }

        let command = settings.command.as_deref().map(|typed| Command::new(typed, &settings.vars));
        let reference = reference(input, command.as_ref());
        let title = title(input, reference.as_ref());
        // A debugger's configuration is for whoever asks for it.
        let is_debugged = input.profile.is_some_and(Profile::shows_launch)
            || settings.launch != crate::settings::Launch::default();
        let launch = command
            .as_ref()
            .filter(|_| settings.launch.show.unwrap_or(is_debugged))
            .and_then(|command| Launch::new(command, &title, settings));
        let participants = drawn.list();
        let main = sources.iter().find(|source| settings.layout.traits().main().is_of(&source.file));
        let sentence = || main.and_then(front_matter::first_sentence);
        let summary = settings.description.clone().or_else(sentence);
        let has_front_matter = settings.front_matter.unwrap_or(settings.layout.traits().front_matter);
        let front_matter = has_front_matter.then(|| {
            let description = summary.as_deref().map(front_matter::plain).unwrap_or_else(|| {
                let drawn = diagram_sentence(&diagram, &participants, input.phrases);
                front_matter::fact(command.as_ref(), (!exchanges.is_empty()).then_some(&*drawn))
            });
            FrontMatter::new(&title, &description, &settings.locale)
        });
        Ok(Page {
            title,
            path: input.path.to_owned(),
            description: settings.description.clone(),
            summary,
            locale: settings.locale.clone(),
            front_matter,
            layout: settings.layout,
            phrases: input.phrases.clone(),
            command,
            launch,
            reference,
            // The index of a page with lines of its author's own shows those, which only mermaid knows to draw.
            diagram_format: match sources.iter().any(|source| source.file.ends_with("diagram.md")) {
                true => DiagramFormat::Mermaid,
                false => settings.diagram,
            },
            participants,
            diagram,
            client_view,
            entries,
            exchanges,
            output: input.output.map(|output| make_output(output, settings, input.phrases)),
            log,
            vars: settings.vars.clone(),
            labels,
            missing: missing.into_iter().map(str::to_owned).collect(),
            overview,
            snippet_prefix: snippet_prefix(input),
            filtered: sequence.filtered,
            left_out,
        })
    }
}

/// The exchanges that only repeat another and are told of with that one: by their indices in the trace, that of
/// the other.
fn told_elsewhere(exchanges: &[Arc<PageExchange>]) -> HashMap<usize, usize> {
    let told = |found: &Arc<PageExchange>| Some((found.index, exchanges[found.relations.folded_into?].index));
    exchanges.iter().filter_map(told).collect()
}

/// Changes each message of a page, wherever the page has it.
fn each_message(
    exchanges: &mut [Arc<PageExchange>],
    entries: &mut [Entry],
    diagram: &mut [DiagramItem],
    change: &dyn Fn(&mut Arc<Message>),
) {
    for exchange in exchanges {
        let PageExchange { request, response, .. } = Arc::make_mut(exchange);
        std::iter::once(request).chain(response).for_each(change);
    }
    for entry in entries {
        if let Entry::Message(message) = entry {
            change(message);
        }
    }
    for item in diagram {
        if let DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. } = item {
            change(message);
        }
    }
}

/// What there is to say of labels that fail, and of boxes and notes that are wrong: errors, and warnings where
/// nothing needs the label. Of labels whose participant has another name now, one is told, and of several that
/// speak of the same place the first.
fn one_for_each_cause(
    scope: &Scope<'_>,
    renamed: &[Renamed],
    failing: Vec<(&str, Error)>,
    wrong: Vec<Error>,
    is_used: &dyn Fn(&str) -> bool,
) -> (Vec<Error>, Vec<Error>) {
    let explained: HashSet<&str> =
        renamed.iter().flat_map(|renamed| &renamed.labels).map(String::as_str).collect();
    let labels = scope.labels.iter().filter(|(name, _)| explained.contains(name.as_str()));
    let key = |place: &Place| (place.file.clone(), place.line, place.column);
    let mut told: HashSet<_> = labels.map(|(_, at)| key(&at.place)).collect();
    let of_renamed =
        renamed.iter().map(|renamed| (renamed.labels.iter().any(|label| is_used(label)), renamed.error()));
    let of_labels = failing.into_iter().map(|(name, error)| {
        let is_used = is_used(name);
        let advice = "no page uses it, and `docgen update` takes it out where its exchange is gone";
        let advice = error.help().map_or(advice.to_owned(), |help| format!("{help}; {advice}"));
        (is_used, if is_used { error } else { error.hint(advice) })
    });
    let others = of_labels.chain(wrong.into_iter().map(|error| (true, error)));
    let others = others.filter(|(_, error)| error.place().is_none_or(|place| told.insert(key(place))));
    let (errors, warnings): (Vec<_>, Vec<_>) =
        of_renamed.chain(others.collect::<Vec<_>>()).partition(|(is_used, _)| *is_used);
    let all = |found: Vec<(bool, Error)>| found.into_iter().map(|(_, error)| error);
    (all(errors).collect(), all(warnings).map(Error::as_warning).collect())
}

/// The labels that page sources name, and those that these come after.
pub fn used_labels(labels: &[(String, Located<String>)], sources: &[Source]) -> HashSet<String> {
    let mut used: HashSet<String> = sources.iter().flat_map(Source::names).collect();
    // What comes after another one needs it, and that one the next.
    let mut next: Vec<String> = used.iter().cloned().collect();
    while let Some(name) = next.pop() {
        let label = labels.iter().find(|(known, _)| *known == name);
        let text = label.map_or(&name, |(_, at)| &at.value);
        let after = Selector::parse(text).ok().and_then(|selector| selector.after);
        next.extend(after.map(str::to_owned).filter(|after| used.insert(after.clone())));
    }
    used
}

/// The exchanges of `trace` that settings say are optional, in no order: a box of the kind `opt` is around
/// them.
pub fn optional_exchanges(settings: &Settings, profile: Option<&Profile>, trace: &Trace) -> Vec<usize> {
    if settings.groups.is_empty() {
        return Vec::new();
    }
    let (phrases, log) = (Phrases::default(), Text::new());
    let (path, trace_file, output) = ("", "", None);
    let input = Input { path, settings, profile, phrases: &phrases, trace, trace_file, log: &log, output };
    diagram::optional(&Resolved::new(&input).scope(), settings)
}

/// A trace with who takes part and what is numbered: what labels and selectors are resolved against.
#[derive(Debug)]
pub struct Resolved<'a> {
    input: &'a Input<'a>,
    participants: Participants,
    sequence: Sequence,
    vars: Vars<'a>,
    query: bool,
    index: Index,
}

impl<'a> Resolved<'a> {
    /// Settles participants and numbers of a capture's trace.
    pub fn new(input: &'a Input<'a>) -> Resolved<'a> {
        let settings = input.settings;
        let participants = Participants::new(input.trace, &settings.participants, input.profile);
        let sequence = Sequence::new(input.trace, |index| !is_left_out(input, &participants, index));
        Resolved {
            input,
            participants,
            sequence,
            vars: Vars::of(&settings.vars),
            query: settings.query.unwrap_or(settings.layout.traits().shows_query),
            index: Index::default(),
        }
    }

    /// Has the numbers of exchanges that only repeat others lead to those. They have no section, so that the
    /// anchor of none has a count for them: a poll more moves no link.
    fn tell_where_folded(
        &self,
        sources: &[Source],
        labels: &[(String, usize)],
        exchanges: &mut [Arc<PageExchange>],
        entries: &mut [Entry],
        diagram: &mut [DiagramItem],
    ) {
        let told = told_elsewhere(exchanges);
        if told.is_empty() {
            return;
        }
        let Some(Anchors { exchanges: anchors, .. }) = self.anchors(sources, labels, &told) else { return };
        each_message(exchanges, entries, diagram, &|message| {
            let index = message.exchange;
            let message = Arc::make_mut(message);
            message.anchor = Some(anchors[index].clone());
            message.section = Some(anchors[*told.get(&index).unwrap_or(&index)].clone());
        });
    }

    /// The anchors of the trace's exchanges, where the settings make sections and steps links. Those of the
    /// `folded` ones count last.
    fn anchors(
        &self,
        sources: &[Source],
        labels: &[(String, usize)],
        folded: &HashMap<usize, usize>,
    ) -> Option<Anchors> {
        let Resolved { input, participants, sequence, .. } = self;
        let settings = input.settings;
        if !settings.links.unwrap_or(settings.layout.traits().links) {
            return None;
        }
        let mut names: Vec<Vec<&str>> = vec![Vec::new(); input.trace.exchanges.len()];
        labels.iter().for_each(|(label, exchange)| names[*exchange].push(label));
        let paths: Vec<Cow<'_, str>> = (input.trace.exchanges.iter().enumerate())
            .map(|(index, Exchange { request, .. })| {
                let parts = UrlParts::of(&request.url);
                self.paths().templated(&participants.to(index).id, &request.method, parts)
            })
            .collect();
        // Those that the page leaves out count for nothing, in the order of the page.
        let mut found = HashSet::new();
        let exchanges = sequence.steps().map(|step| step.exchange);
        let mut shown: Vec<usize> = exchanges.filter(|exchange| found.insert(*exchange)).collect();
        shown.sort_by_key(|index| folded.contains_key(index));
        let named: Vec<_> = (shown.iter())
            .map(|&index| {
                let what = anchor::Unlabelled {
                    from: &participants.from(index).id,
                    to: &participants.to(index).id,
                    method: &input.trace.exchanges[index].request.method,
                    path: &paths[index],
                };
                (std::mem::take(&mut names[index]), what)
            })
            .collect();
        let taken = anchor::taken(sources, input.phrases);
        let word = settings.layout.traits().overview;
        let Anchors { exchanges, overview } = Anchors::new(&named, word, taken);
        let overview = anchor::of_writer(sources, word).map_or(overview, Arc::from);
        let mut by_index = vec![overview.clone(); input.trace.exchanges.len()];
        shown.into_iter().zip(exchanges).for_each(|(index, anchor)| by_index[index] = anchor);
        Some(Anchors { exchanges: by_index, overview })
    }

    /// How the page shows paths.
    fn paths(&self) -> Paths<'_> {
        Paths { vars: &self.vars, profile: self.input.profile, query: self.query }
    }

    /// What a selector is resolved against.
    pub fn scope(&self) -> Scope<'_> {
        Scope {
            trace: self.input.trace,
            sequence: &self.sequence,
            participants: &self.participants,
            paths: self.paths(),
            labels: &self.input.settings.labels,
            index: &self.index,
        }
    }
}

/// What a message has of its own in an exchange.
struct MessageParts<'a> {
    headers: &'a Headers,
    body: &'a Body,
    url: &'a Text,
    /// The status code; 0 on a request.
    status: u16,
    /// The reason phrase; empty on a request.
    reason: &'a Text,
}

impl<'a> MessageParts<'a> {
    fn of(exchange: &'a Exchange, side: Side) -> MessageParts<'a> {
        static NO_REASON: Text = Text::from_static("");
        let request = &exchange.request;
        match (&exchange.response, side) {
            (Some(response), Side::Response) => MessageParts {
                headers: &response.headers,
                body: &response.body,
                url: response.url.as_ref().unwrap_or(&request.url),
                status: response.status,
                reason: &response.reason,
            },
            _ => MessageParts {
                headers: &request.headers,
                body: &request.body,
                url: &request.url,
                status: 0,
                reason: &NO_REASON,
            },
        }
    }
}

/// What messages are made from.
struct Messages<'a> {
    input: &'a Input<'a>,
    participants: &'a Participants,
    paths: Paths<'a>,
    drawn: &'a diagram::DrawnParticipants,
    /// The whole trace as a log, whose memory headers and bodies mostly share.
    log: &'a Block,
    /// For each exchange of the trace.
    known: Vec<ProfileFacts<'a>>,
    /// The anchors of the exchanges of the trace, where sections and steps are links.
    anchors: Option<&'a Anchors>,
}

/// What the profile knows of an exchange.
#[derive(Default)]
struct ProfileFacts<'a> {
    /// Its standard description.
    step: Option<&'a Step>,
    api_reference: Option<&'a str>,
}

impl<'a> ProfileFacts<'a> {
    fn of(input: &Input<'a>, participants: &Participants, index: usize) -> ProfileFacts<'a> {
        let Some(profile) = input.profile else { return ProfileFacts::default() };
        let found = &input.trace.exchanges[index];
        let parts = UrlParts::of(&found.request.url);
        let Some(route) = profile.route(&participants.to(index).id, &found.request.method, parts.path) else {
            return ProfileFacts::default();
        };
        let step = profile.step(&Call {
            route: &route,
            from: Some(&participants.from(index).id),
            query: parts.query,
            status: found.response.as_ref().map(|response| response.status),
        });
        ProfileFacts { step, api_reference: Some(route.api_reference()) }
    }
}

impl<'a> Messages<'a> {
    /// The message of a step. `asked` is the request of its exchange, where that is made already.
    fn make(&self, step: sequence::Step, asked: Option<&Message>) -> Message {
        let sequence::Step { number, exchange: index, side } = step;
        let exchange = &self.input.trace.exchanges[index];
        let request = &exchange.request;
        let [client, server] = self.participants.ends(index);
        let MessageParts { headers, body, url, status, reason } = MessageParts::of(exchange, side);
        // What a message without content has in its place is told by the other message's type.
        let other_type = || {
            let other = match side {
                Side::Request => &exchange.response.as_ref()?.headers,
                Side::Response => &request.headers,
            };
            other.get("content-type").filter(|_| matches!(body, Body::Absent))
        };
        let [from, to] = match side {
            Side::Request => [client, server],
            Side::Response => [server, client],
        };
        let (path, raw_path) = match asked.filter(|asked| asked.url == *url) {
            Some(asked) => (asked.path.clone(), asked.raw_path.clone()),
            None => self.paths(index, url),
        };
        let is_last = side == Side::Response || exchange.response.is_none();
        let anchor = self.anchor(index, side);
        Message {
            number,
            side,
            exchange: index,
            from: self.drawn.id(from),
            to: self.drawn.id(to),
            client: source_name(exchange.from.as_ref(), self.participants.from(index)),
            server: source_name(exchange.to.as_ref(), self.participants.to(index)),
            method: request.method.clone(),
            status,
            reason: reason.clone(),
            verb: verb(side, &request.method, status, reason),
            path,
            raw_path,
            url: url.clone(),
            headers: Block::of_part(self.log, headers.lines()),
            body: Block::of_part(self.log, shared_body_text(body)),
            has_body: !matches!(body, Body::Absent),
            language: language(headers.get("content-type").or_else(other_type), body).into(),
            about: self.about(index, side),
            unanswered: side == Side::Request && exchange.response.is_none(),
            drawn_only: exchange.known_from == KnownFrom::Diagram,
            failure: exchange.failure.clone().filter(|failure| is_last && !failure.is_empty()),
            web_socket_messages: if is_last { exchange.web_socket_messages } else { 0 },
            section: anchor.clone(),
            anchor,
        }
    }

    /// The anchor of a message's section, where sections and steps are links.
    fn anchor(&self, index: usize, side: Side) -> Option<Arc<str>> {
        let of_request = self.anchors?.exchanges.get(index)?;
        let is_own = side == Side::Response && self.input.settings.layout.traits().parts_exchanges;
        Some(if is_own { anchor::of_response(of_request).into() } else { of_request.clone() })
    }

    /// The path of `url` with variables for values, and as sent.
    fn paths(&self, index: usize, url: &Text) -> (Text, Text) {
        let method = &self.input.trace.exchanges[index].request.method;
        let parts = UrlParts::of(url);
        let raw_path = text::share(url, self.paths.raw(parts));
        let path = self.paths.templated(&self.participants.to(index).id, method, parts);
        (if path == *raw_path { raw_path.clone() } else { text::share(url, path) }, raw_path)
    }

    fn exchange(&self, index: usize, request: Arc<Message>, response: Option<Arc<Message>>) -> PageExchange {
        let ProfileFacts { step, api_reference } = self.known[index];
        let locale = &self.input.settings.locale;
        let described = |part: fn(&'a Step, &str) -> Option<&'a str>| {
            step.and_then(|step| part(step, locale)).map(str::to_owned)
        };
        PageExchange {
            index,
            request,
            is_response_alone: self.input.trace.exchanges[index].known_from == KnownFrom::Response,
            response,
            api_reference: api_reference.map(str::to_owned),
            purpose: described(Step::request),
            result: described(Step::response),
            relations: Relations::default(),
            curl: self.curl(index),
        }
    }

    /// The request as a `curl` command, where the settings ask for it and the trace has the request.
    fn curl(&self, index: usize) -> Option<Block> {
        let Input { settings, trace, .. } = self.input;
        let exchange = &trace.exchanges[index];
        let is_shown = settings.curl && exchange.known_from == KnownFrom::Wire;
        is_shown.then(|| curl::command(exchange))
    }

    /// Whether the profile describes the status of an exchange's response.
    fn is_expected(&self, index: usize) -> bool {
        let response = &self.input.trace.exchanges[index].response;
        let step = self.known[index].step;
        response.as_ref().is_some_and(|found| step.is_some_and(|step| step.is_of_status(found.status)))
    }

    fn about(&self, index: usize, side: Side) -> Option<String> {
        let Input { settings, phrases, .. } = self.input;
        let step = self.known[index].step?;
        match side {
            Side::Request => Some(phrases.fill("purpose_line", "purpose", step.request(&settings.locale)?)),
            Side::Response => Some(phrases.fill("result_line", "result", step.response(&settings.locale)?)),
        }
    }
}

fn verb(side: Side, method: &Text, status: u16, reason: &Text) -> Text {
    match (side, status) {
        (Side::Request, _) => method.clone(),
        (Side::Response, 0) if reason.is_empty() => Text::from_static(NO_STATUS),
        (Side::Response, 0) => reason.clone(),
        (Side::Response, status) => {
            let space = if reason.is_empty() { "" } else { " " };
            [&format!("{status:03}"), space, reason].concat().into()
        }
    }
}

fn source_name(name: Option<&Text>, participant: &Participant) -> Text {
    name.cloned().unwrap_or_else(|| Text::from(&*participant.id))
}

/// What the source documents print for a body that is not there.
const ABSENT: &str = "none";

/// A body's lines. JSON that is on one line is indented by 2, as the source documents
/// show it, whether or not the line is ended; JSON that somebody has laid out already stays as it is.
fn body_text(body: &Body) -> Cow<'_, str> {
    match body {
        Body::Absent => ABSENT.into(),
        Body::Text(text) if crate::json::is_one_line(text) => {
            crate::json::reindent(text).map_or_else(|| Cow::Borrowed(&**text), Cow::Owned)
        }
        Body::Text(text) | Body::Omitted(text) => Cow::Borrowed(text),
        Body::Binary(binary) => binary.repr().into(),
    }
}

/// The same, sharing the memory of the body where that is shown as it is.
fn shared_body_text(body: &Body) -> Text {
    match (body_text(body), body) {
        (Cow::Borrowed(_), Body::Text(text) | Body::Omitted(text)) => text.clone(),
        (Cow::Borrowed(words), _) => words.into(),
        (Cow::Owned(text), _) => text.into(),
    }
}

/// The length of a line, in bytes, beyond which it is not highlighted as HTTP.
const LONG_LINE: usize = 1000;

/// The language of a body by its content type, as the source documents choose it: `json`
/// where nothing says otherwise, and `http` for what is no text.
fn language(content_type: Option<&str>, body: &Body) -> &'static str {
    let Some(content_type) = content_type else {
        return match body {
            Body::Binary(_) => "http",
            _ => "json",
        };
    };
    if content_type == "application/json" {
        return "json";
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (_, subtype) = essence.split_once('/').unwrap_or(("", &essence));
    if subtype == "json" || subtype.ends_with("+json") || subtype.ends_with("-json-patch") {
        return "json";
    }
    match body {
        Body::Text(text) => match subtype {
            "html" => "html",
            "xml" => "xml",
            "plain" => "text",
            "yaml" | "x-yaml" => "yaml",
            "javascript" => "javascript",
            "css" => "css",
            "csv" => "text",
            _ if subtype.ends_with("+xml") => "xml",
            // The highlighter of `http` takes quadratic time for what is no HTTP.
            _ if text.lines().any(|line| line.len() > LONG_LINE) => "text",
            _ => "http",
        },
        _ => "http",
    }
}

/// Whether a filter of the settings, or the profile's noise, leaves an exchange out.
fn is_left_out(input: &Input<'_>, participants: &Participants, index: usize) -> bool {
    let settings = input.settings;
    if settings.filters.is_empty() && (input.profile.is_none() || !settings.noise) {
        return false;
    }
    let exchange = &input.trace.exchanges[index];
    let (from, to) = (participants.from(index), participants.to(index));
    let path = UrlParts::of(&exchange.request.url).path;
    let fits = |filter: &Filter| {
        filter.from.as_deref().is_none_or(|name| from.is(name))
            && filter.to.as_deref().is_none_or(|name| to.is(name))
            && filter.method.as_deref().is_none_or(|method| *exchange.request.method == *method)
            && filter.path.as_deref().is_none_or(|pattern| wildcard_matches(pattern, path))
    };
    settings.filters.iter().any(fits)
        || settings.noise
            && input.profile.is_some_and(|profile| {
                let covers = |noise: &crate::profile::Noise| {
                    noise.covers(Some(&from.id), Some(&to.id), &exchange.request.method, path)
                };
                profile.noise().iter().any(covers)
            })
}

fn reference(input: &Input<'_>, command: Option<&Command>) -> Option<Link> {
    let release = input.settings.release.as_deref();
    let known = command
        .and_then(|command| command.words().map(|words| words.join(" ")))
        .and_then(|command| input.profile?.cli_reference(&command, release));
    match &input.settings.reference {
        Some(url) => {
            let text = known.map(|link| link.text).or_else(|| input.settings.title.clone());
            Some(Link { text: text.unwrap_or_else(|| url.clone()), url: url.clone() })
        }
        None => known,
    }
}

/// The settings' title, else the command's own words, else the capture's path.
fn title(input: &Input<'_>, reference: Option<&Link>) -> String {
    input.settings.title.clone().unwrap_or_else(|| match reference {
        Some(link) if input.settings.reference.is_none() => link.text.clone(),
        _ if input.path.is_empty() => input.trace_file.to_owned(),
        _ => input.path.replace('/', " "),
    })
}

fn snippet_prefix(input: &Input<'_>) -> String {
    let mut prefix = input.settings.snippet_prefix.clone().unwrap_or_else(|| input.path.to_owned());
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}

fn make_output(output: &str, settings: &Settings, phrases: &Phrases) -> Output {
    let plain = without_ansi(output);
    let plain = plain.trim_end_matches(['\n', '\r']);
    let is_json = plain.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<serde::de::IgnoredAny>(plain).is_ok();
    let (language, title) = if is_json {
        ("json", phrases.get("json_format"))
    } else if plain.trim_start().starts_with("+-") {
        ("text", phrases.get("table_format"))
    } else {
        ("text", phrases.get("text_format"))
    };
    Output {
        title: settings.output_title.clone().unwrap_or_else(|| title.to_owned()),
        language,
        block: Block::new(Text::from(plain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_content_type() {
        let of = |content_type: &str, body: &Body| language(Some(content_type), body);
        let text = Body::Text("x".into());
        assert_eq!(of("application/json; charset=UTF-8", &text), "json");
        assert_eq!(of("text/html; charset=UTF-8", &text), "html");
        assert_eq!(of("text/html", &Body::Absent), "http");
        assert_eq!(of("application/octet-stream", &text), "http");
        assert_eq!(of("application/openstack-images-v2.1-json-patch", &text), "json");
        assert_eq!(language(None, &Body::Absent), "json");
        for (content_type, known) in [
            ("application/yaml", "yaml"),
            ("text/x-yaml; charset=utf-8", "yaml"),
            ("application/xml", "xml"),
            ("application/atom+xml", "xml"),
            ("text/plain", "text"),
            ("text/csv", "text"),
            ("text/css", "css"),
            ("application/javascript", "javascript"),
        ] {
            assert_eq!(of(content_type, &text), known, "{content_type}");
        }
    }
}
