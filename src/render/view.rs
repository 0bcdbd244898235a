//! The page model as minijinja sees it.
//!
//! Every field is made a template value when a template asks for it and not
//! before, and a [`Block`] is never copied into one: a page is mostly bodies, and
//! they are written straight from the trace to the output. What this leaves out:
//! how anything looks.

use std::fmt;
use std::sync::Arc;

use minijinja::context;
use minijinja::value::{Object, ObjectRepr, Value};

use crate::page::relations::{Duration, Earlier};
use crate::page::{
    Block, DiagramItem, DiagramPart, DrawnParticipant, Entry, Launch, Message, Page, PageExchange, PageGap,
    Phrases, Section, participants_named,
};
use crate::profile::Link;
use crate::sequence::Side;
use crate::text::Text;

/// A field of an object: nothing where the template asks for what is not there.
fn text(value: &str) -> Option<Value> {
    Some(Value::from(value))
}

fn optional(value: Option<&str>) -> Option<Value> {
    value.map_or_else(|| Some(Value::from(())), text)
}

fn list<T>(items: impl IntoIterator<Item = T>) -> Option<Value>
where
    Value: From<T>,
{
    Some(items.into_iter().map(Value::from).collect())
}

fn pairs(items: &[(String, String)]) -> Option<Value> {
    Some(
        items
            .iter()
            .map(|(name, value)| Value::from(vec![Value::from(name.as_str()), Value::from(value.as_str())]))
            .collect(),
    )
}

/// A page, as templates call it.
#[derive(Debug)]
pub(super) struct PageView(pub(super) Arc<Page>);

impl Object for PageView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let page = &self.0;
        match key {
            "title" => text(&page.title),
            "path" => text(&page.path),
            "layout" => text(page.layout.name()),
            "description" => optional(page.description.as_deref()),
            "command" => Some(page.command.as_ref().map_or(Value::from(()), |command| {
                Value::from_object(CommandView(
                    Block::new(command.shown().into()),
                    command.first_line().to_owned(),
                ))
            })),
            "launch" => Some(
                page.launch.clone().map_or(Value::from(()), |launch| Value::from_object(LaunchView(launch))),
            ),
            "reference" => Some(
                page.reference.clone().map_or(Value::from(()), |link| Value::from_object(LinkView(link))),
            ),
            "entries" => list(page.entries.iter().map(entry)),
            "exchanges" => {
                let of_page = |found: &Arc<PageExchange>| exchange(page, found);
                list(page.exchanges.iter().map(of_page))
            }
            "sections" => Some(sections(page, &page.entries)),
            "client_view" => Some(items(&page.client_view)),
            "client_participants" => Some(participants(&participants_of(page, &page.client_view))),
            "client_number" => Some(first_number(&page.client_view).into()),
            "is_folded" => Some(page.exchanges.iter().any(|found| found.relations.sent_for.is_some()).into()),
            "participants_count" => Some(page.participants.len().into()),
            "duration" => optional(duration(page).map(|whole| whole.to_string()).as_deref()),
            "errors" => list(errors(page)),
            "unanswered" => {
                let is_unanswered =
                    |found: &&Arc<PageExchange>| found.request.unanswered && !found.request.drawn_only;
                Some(page.exchanges.iter().filter(is_unanswered).count().into())
            }
            "explained" => Some(is_explained(page).into()),
            "output" => Some(page.output.as_ref().map_or(Value::from(()), |output| {
                Value::from_object(OutputView {
                    title: output.title.clone(),
                    language: output.language,
                    block: output.block.clone(),
                })
            })),
            "console" => Some(block(&console(page))),
            "log" => Some(block(&page.log)),
            "vars" => pairs(&page.vars),
            "snippet_prefix" => text(&page.snippet_prefix),
            "diagram_parts" => list(super::diagram_size::parts(page).iter().map(part)),
            "overview" => optional(page.overview.as_deref()),
            "filtered" => Some(page.filtered.into()),
            "is_wide" => Some(is_wide(&page.participants).into()),
            _ => None,
        }
    }
}

/// Whether a diagram has so many participants that it is about twice as wide as a page's column: mermaid
/// would scale it down until nobody can read it.
pub(super) fn is_wide(participants: &[DrawnParticipant]) -> bool {
    participants.len() >= 5
}

/// Whether the profile knows what any of a page's exchanges is for.
pub(super) fn is_explained(page: &Page) -> bool {
    page.exchanges.iter().any(|exchange| exchange.purpose.is_some())
}

/// Participants, as templates call them.
pub(super) fn participants(participants: &[DrawnParticipant]) -> Value {
    participants.iter().map(|participant| Value::from_object(ParticipantView(participant.clone()))).collect()
}

/// A part of a diagram.
fn part(part: &DiagramPart) -> Value {
    minijinja::context! {
        items => items(&part.items),
        participants => participants(&part.participants),
        first => part.first(),
        last => part.last(),
    }
}

/// Messages and gaps.
pub(super) fn entries(entries: &[Entry]) -> Value {
    entries.iter().map(entry).collect()
}

/// Lines of a diagram.
pub(super) fn items(items: &[DiagramItem]) -> Value {
    items.iter().map(item).collect()
}

/// A line of a diagram.
pub(super) fn item(item: &DiagramItem) -> Value {
    Value::from_object(ItemView(item.clone()))
}

fn entry(entry: &Entry) -> Value {
    match entry {
        Entry::Message(message) => Value::from_object(MessageView(message.clone())),
        Entry::Gap(gap) => Value::from_object(GapView(gap.clone())),
    }
}

/// What a terminal showed: the command and what it printed.
pub(super) fn console(page: &Page) -> Block {
    let command = page.command.as_ref().map(|command| Block::new(command.shown().into()));
    match (command, &page.output) {
        (Some(command), Some(output)) => Block::joined(&command, &output.block),
        (Some(command), None) => command,
        (None, Some(output)) => output.block.clone(),
        (None, None) => Block::default(),
    }
}

/// The phrases of a page, as templates call them: `t.output_heading`.
pub(super) fn phrases(phrases: &Phrases) -> Value {
    Value::from_object(PhrasesView(phrases.clone()))
}

#[derive(Debug)]
struct PhrasesView(Phrases);

impl Object for PhrasesView {
    /// Of a key that a template puts together.
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.0.find(key).map(Value::from)
    }
}

/// Makes a template's value of a block.
pub(super) fn block(block: &Block) -> Value {
    Value::from_object(BlockView(block.clone()))
}

/// Text for the inside of a fence.
#[derive(Debug)]
pub(super) struct BlockView(pub(super) Block);

impl Object for BlockView {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        (key == "fence").then(|| self.0.fence().into())
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.0.text().is_empty()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

/// The command's block and its first line.
#[derive(Debug)]
struct CommandView(Block, String);

impl Object for CommandView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "fence" => Some(self.0.fence().into()),
            "line" => text(&self.1),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

#[derive(Debug)]
struct LaunchView(Launch);

impl Object for LaunchView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let launch = &self.0;
        match key {
            "name" => text(&launch.name),
            "kind" => text(&launch.kind),
            "program" => text(&launch.program),
            "arguments" => text(&launch_arguments(&launch.arguments)),
            "env" => pairs(&launch.env),
            "fence" => Some(launch_fence(launch).into()),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

/// Arguments as the source documents write them: a line for each line of the command.
pub(super) fn launch_arguments(lines: &[Vec<String>]) -> String {
    let line = |words: &Vec<String>| {
        words.iter().map(|word| super::escape::json_string(word)).collect::<Vec<_>>().join(", ")
    };
    lines.iter().map(line).collect::<Vec<_>>().join(", \n        ")
}

/// The fence that nothing of a debugger's configuration can close.
pub(super) fn launch_fence(launch: &Launch) -> String {
    let values = launch.env.iter().flat_map(|(name, value)| [name, value]);
    let all: Vec<&str> = values.chain(launch.arguments.iter().flatten()).map(String::as_str).collect();
    Block::new(Text::from(all.join("\n"))).fence()
}

#[derive(Debug)]
struct LinkView(Link);

impl Object for LinkView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "text" => text(&self.0.text),
            "url" => text(&self.0.url),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

#[derive(Debug)]
struct ParticipantView(DrawnParticipant);

impl Object for ParticipantView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "id" => text(&self.0.id),
            "label" => optional(self.0.label.as_deref()),
            "name" => text(self.0.name()),
            "aliased" => Some(self.0.aliased.into()),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct OutputView {
    title: String,
    language: &'static str,
    block: Block,
}

impl Object for OutputView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "title" => text(&self.title),
            "language" => text(self.language),
            "block" => Some(block(&self.block)),
            "lines" => Some(self.block.text().lines().count().into()),
            "is_long" => Some((self.block.text().lines().count() > LONG_OUTPUT).into()),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

#[derive(Debug)]
struct ItemView(DiagramItem);

impl Object for ItemView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let kind = match &self.0 {
            DiagramItem::Message { message, .. } => match message.side {
                Side::Request => "request",
                Side::Response => "response",
            },
            DiagramItem::Unanswered { .. } => "unanswered",
            DiagramItem::Note { .. } => "note",
            DiagramItem::Begin { .. } => "begin",
            DiagramItem::Number { .. } => "number",
            DiagramItem::End { .. } => "end",
        };
        match (key, &self.0) {
            ("kind", _) => text(kind),
            ("depth", _) => Some(self.0.depth().into()),
            ("message", DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. }) => {
                Some(Value::from_object(MessageView(message.clone())))
            }
            ("position", DiagramItem::Note { position, .. }) => text(position),
            ("text", DiagramItem::Note { text: note, .. }) => text(note),
            ("keyword", DiagramItem::Begin { keyword, .. }) => text(keyword),
            ("title", DiagramItem::Begin { title, .. }) => text(title),
            ("number", DiagramItem::Number { number, .. }) => Some((*number).into()),
            _ => None,
        }
    }
}

/// A message, as templates and holes call it.
#[derive(Debug)]
pub(super) struct MessageView(pub(super) Arc<Message>);

impl Object for MessageView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let message = &self.0;
        match key {
            "kind" => text("message"),
            "number" => Some(message.number.into()),
            "step" => text(&message.step()),
            "anchor" => optional(message.anchor.as_deref()),
            "section" => optional(message.section.as_deref()),
            "is_response" => Some((message.side == Side::Response).into()),
            "from" => text(&message.from),
            "to" => text(&message.to),
            "client" => text(&message.client),
            "server" => text(&message.server),
            "method" => text(&message.method),
            "status" => Some(message.status.into()),
            "reason" => text(&message.reason),
            "verb" => text(&message.verb),
            "path" => text(&message.path),
            "raw_path" => text(&message.raw_path),
            "url" => text(&message.url),
            "title" => text(&message.title()),
            "summary" => text(&message.summary()),
            "about" => optional(message.about.as_deref()),
            "headers" => Some(block(&message.headers)),
            "body" => Some(block(&message.body)),
            "has_body" => Some(message.has_body.into()),
            "lines" => Some(message.body.text().lines().count().into()),
            "is_long" => Some((message.body.text().lines().count() > LONG_BODY).into()),
            "language" => text(&message.language),
            "is_plain" => Some((message.body.text().lines().count() > LONGEST_COLOURED).into()),
            "unanswered" => Some(message.unanswered.into()),
            "drawn_only" => Some(message.drawn_only.into()),
            "failure" => optional(message.failure.as_deref()),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.0.number)
    }
}

/// An exchange, as templates and holes call it. It prints the numbers of its steps.
#[derive(Debug)]
pub(super) struct ExchangeView {
    /// The page that has it, where it is of one.
    pub(super) page: Option<Arc<Page>>,
    pub(super) exchange: Arc<PageExchange>,
}

/// How many lines of output, or of a body, are shown unfolded.
const LONG_OUTPUT: usize = 12;
const LONG_BODY: usize = 30;
/// How many lines of a folded body a highlighter colours: colours are three quarters of what a browser gets.
const LONGEST_COLOURED: usize = 100;

/// An exchange of a page.
fn exchange(page: &Arc<Page>, exchange: &Arc<PageExchange>) -> Value {
    Value::from_object(ExchangeView { page: Some(page.clone()), exchange: exchange.clone() })
}

/// What is told of these entries, one section after the other.
pub(super) fn sections(page: &Arc<Page>, entries: &[Entry]) -> Value {
    let section = |section: &Section| match section {
        Section::Exchange(found) => exchange(page, found),
        Section::Message(message) => Value::from_object(MessageView(message.clone())),
        Section::Gap(gap) => Value::from_object(GapView(gap.clone())),
    };
    page.sections(entries).iter().map(section).collect()
}

/// The participants that these lines of a page's diagram name, in the order of the page.
fn participants_of(page: &Page, items: &[DiagramItem]) -> Vec<DrawnParticipant> {
    let named = participants_named(items);
    page.participants.iter().filter(|participant| named.contains(&*participant.id)).cloned().collect()
}

/// The number of the first message of these lines.
fn first_number(items: &[DiagramItem]) -> u32 {
    let number = |item: &DiagramItem| match item {
        DiagramItem::Message { message, .. } => Some(message.number),
        _ => None,
    };
    items.iter().find_map(number).unwrap_or(1)
}

/// From the first request of a page to its last response, where the trace tells.
fn duration(page: &Page) -> Option<Duration> {
    let ends = page.exchanges.iter().filter_map(|found| {
        let timing = found.relations.timing?;
        Some(timing.after + timing.lasted.unwrap_or(0))
    });
    ends.max().map(Duration)
}

/// The statuses of errors: how many responses have each, and whether the profile describes it.
fn errors(page: &Page) -> Vec<Value> {
    let mut counts: Vec<(String, bool, usize)> = Vec::new();
    for found in &page.exchanges {
        let Some(response) = found.response.as_ref().filter(|_| found.is_error()) else { continue };
        let (status, is_expected) = (response.status_text(), found.relations.is_expected);
        match counts.iter_mut().find(|(known, expected, _)| *known == status && *expected == is_expected) {
            Some((.., count)) => *count += 1,
            None => counts.push((status, is_expected, 1)),
        }
    }
    let value = |(status, is_expected, count)| context! { status, is_expected, count };
    counts.into_iter().map(value).collect()
}

impl Object for ExchangeView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let ExchangeView { page, exchange } = &**self;
        let relations = &exchange.relations;
        match key {
            "kind" => text("exchange"),
            "anchor" => optional(exchange.request.anchor.as_deref()),
            "from" => text(&relations.from),
            "to" => text(&relations.to),
            "depth" => Some(relations.depth.into()),
            "is_error" => Some(exchange.is_error().into()),
            "is_expected" => Some(relations.is_expected.into()),
            "is_folded" => Some(relations.folded_into.is_some().into()),
            "run" => Some(relations.run.map_or(Value::from(()), |run| run.count.into())),
            "run_last" => relations.run.map(|run| exchange.request.linked(&format!("({})", run.last)).into()),
            "duration" => {
                let lasted = relations.timing.and_then(|timing| timing.lasted);
                optional(lasted.map(|lasted| Duration(lasted).to_string()).as_deref())
            }
            "begins" | "takes" => self.in_waterfall(key == "takes").map(Value::from),
            "inside" => Some(items(&relations.inside)),
            "inside_participants" => {
                page.as_ref().map(|page| participants(&participants_of(page, &relations.inside)))
            }
            "origins" => list(relations.origins.iter().map(|origin| {
                let (at, there) = (&origin.at, &origin.there);
                let step = self.message(origin.of).map(|message| message.step());
                context! { at, there, step }
            })),
            "more_origins" => Some(relations.more_origins.into()),
            "same" => {
                let [request, response] = relations.same_bodies.map(|same| {
                    let shown = same.and_then(|earlier| self.message(earlier));
                    shown
                        .filter(|message| message.section.is_some() || message.anchor.is_none())
                        .map(|message| message.step())
                });
                Some(context! { request, response })
            }
            "curl" => Some(exchange.curl.as_ref().map_or(Value::from(()), block)),
            "api_link" => exchange.api_reference.as_deref().map(|url| {
                let phrases = page.as_ref().map(|page| page.phrases.get("api_reference").to_owned());
                super::escape::link(&phrases.unwrap_or_default(), url).into()
            }),
            "request" => Some(Value::from_object(MessageView(exchange.request.clone()))),
            "response" => Some(
                exchange
                    .response
                    .as_ref()
                    .map_or(Value::from(()), |response| Value::from_object(MessageView(response.clone()))),
            ),
            "steps" => text(&exchange.linked_steps()),
            "purpose" => optional(exchange.purpose.as_deref()),
            "result" => optional(exchange.result.as_deref()),
            "api_reference" => optional(exchange.api_reference.as_deref()),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.exchange.steps())
    }
}

impl ExchangeView {
    /// Where its bar begins in a waterfall of a thousand parts, or how wide it is: one part at least.
    fn in_waterfall(&self, is_width: bool) -> Option<i64> {
        let whole = duration(self.page.as_ref()?)?.0.max(1);
        let timing = self.exchange.relations.timing?;
        let parts = |micros: i64| (i128::from(micros) * 1000 / i128::from(whole)).clamp(0, 1000);
        let begin = parts(timing.after).min(1000 - NARROWEST);
        let width = parts(timing.lasted.unwrap_or(0)).clamp(NARROWEST, 1000 - begin);
        i64::try_from(if is_width { width } else { begin }).ok()
    }

    /// A message of the same page.
    fn message(&self, earlier: Earlier) -> Option<&Arc<Message>> {
        let found = self.page.as_ref()?.exchanges.get(earlier.place)?;
        found.messages().find(|message| message.side == earlier.side)
    }
}

/// How many parts of a thousand a bar has at least, so that it is seen.
const NARROWEST: i128 = 4;

#[derive(Debug)]
struct GapView(PageGap);

impl Object for GapView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        match key {
            "kind" => text("gap"),
            "place" => text(&self.0.place),
            "reason" => text(&self.0.reason),
            _ => None,
        }
    }
}
