//! The page model as minijinja sees it.
//!
//! Every field is made a template value when a template asks for it and not
//! before, and a [`Block`] is never copied into one: a page is mostly bodies, and
//! they are written straight from the trace to the output. What this leaves out:
//! how anything looks.

use std::fmt;
use std::sync::Arc;

use memchr::memchr_iter;
use minijinja::value::{Object, ObjectRepr, Value};

use super::drawing;
use super::fields::{Described, fields, record};
use crate::page::relations::{Duration, Earlier, Origin, Timing};
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
        self.field(key)
    }
}

fields! {
    /// The page as a whole.
    "page" of PageView as PageView(page),
    /// The title.
    "title": "text" = text(&page.title);
    /// The capture's path below the folder of all captures.
    "path": "text" = text(&page.path);
    /// The layout's name.
    "layout": "text" = text(page.layout.name());
    /// The paragraph below the title.
    "description": "text or none" = optional(page.description.as_deref());
    /// The command as it was typed.
    "command": "command or none" = Some(page.command.as_ref().map_or(Value::from(()), |command| {
        let [shown, typed] = [command.shown(), command.typed().to_owned()].map(|text| Block::new(text.into()));
        Value::from_object(CommandView(shown, command.first_line().to_owned(), typed))
    }));
    /// The debugger's configuration that runs the command.
    "launch": "launch or none" = {
        let launch = page.launch.clone();
        Some(launch.map_or(Value::from(()), |launch| Value::from_object(LaunchView(launch))))
    };
    /// The command's own documentation.
    "reference": "link or none" = {
        let link = page.reference.clone();
        Some(link.map_or(Value::from(()), |link| Value::from_object(LinkView(link))))
    };
    /// Everything below the diagram, in order.
    "entries": "list of message or gap" = list(page.entries.iter().map(entry));
    /// The exchanges, in the order of their requests.
    "exchanges": "list of exchange" = {
        let of_page = |found: &Arc<PageExchange>| exchange(page, found);
        list(page.exchanges.iter().map(of_page))
    };
    /// What is told in one place each: exchanges that are not folded, and what belongs to none.
    "sections": "list of exchange or message or gap" = Some(sections(page, &page.entries));
    /// What the client sees of the diagram; in the layout `exchanges`.
    "client_view": "list of item" = Some(items(&page.client_view));
    /// As what the page holds its diagrams: `mermaid` or `svg`.
    "diagram": "text" = text(page.diagram_format.name());
    /// The line above the lines of a diagram: a fence of mermaid's, or what has docgen draw them.
    "diagram_start": "text" = text(drawing::start(page.diagram_format));
    /// The line below the lines of a diagram.
    "diagram_end": "text" = text(drawing::end(page.diagram_format));
    /// The participants that the client's view names.
    "client_participants": "list of participant" =
        Some(participants(&participants_of(page, &page.client_view)));
    /// The number of the client's first message.
    "client_number": "number" = Some(first_number(&page.client_view).into());
    /// Whether anything was sent for another exchange; in the layout `exchanges`.
    "is_folded": "yes or no" =
        Some(is_folded(page).into());
    /// How many participants there are.
    "participants_count": "number" = Some(page.participants.len().into());
    /// From the first request to the last response, where the trace tells: `1.3 s`; in the layout `exchanges`.
    "duration": "text or none" = optional(duration(page).map(|whole| whole.to_string()).as_deref());
    /// The statuses of errors; in the layout `exchanges`.
    "errors": "list of error" = list(errors(page).into_iter().map(error));
    /// How many requests got no response.
    "unanswered": "number" = Some(unanswered(page).into());
    /// How many responses there are whose requests nobody recorded; in the layout `exchanges`.
    "unasked": "number" = Some(unasked(page).into());
    /// Whether the profile knows what any exchange is for.
    "explained": "yes or no" = Some(is_explained(page).into());
    /// What the command printed.
    "output": "output or none" = Some(page.output.as_ref().map_or(Value::from(()), |output| {
        Value::from_object(OutputView {
            title: output.title.clone(),
            language: output.language,
            block: output.block.clone(),
        })
    }));
    /// What a terminal showed: the command, and what it printed.
    "console": "block" = Some(block(&console(page)));
    /// The whole trace as a log.
    "log": "block" = Some(block(&page.log));
    /// The variables of `[vars]`: name and value.
    "vars": "list of pair" = pairs(&page.vars);
    /// Under which path the site finds the page's snippets.
    "snippet_prefix": "text" = text(&page.snippet_prefix);
    /// The parts of a diagram that is too long for mermaid; empty where it is not.
    "diagram_parts": "list of diagram part" = list(super::diagram_size::parts(page).iter().map(part));
    /// The anchor of what shows all exchanges at once: none where sections and steps are no links.
    "overview": "text or none" = optional(page.overview.as_deref());
    /// How many exchanges the filters of the settings left out.
    "filtered": "number" = Some(page.filtered.into());
    /// Whether the diagram has so many participants that it has to scroll.
    "is_wide": "yes or no" = Some(is_wide(&page.participants).into());
}

/// Whether a diagram has so many participants that it is about twice as wide as a page's column: without
/// docgen.js, which looks at the drawn text, mermaid would scale it down until nobody can read it. With the
/// script it makes no difference; the pages of before have it, so it counts participants as it always did.
pub(super) fn is_wide(participants: &[DrawnParticipant]) -> bool {
    participants.len() >= 5
}

/// Whether the profile knows what any of a page's exchanges is for.
pub(super) fn is_explained(page: &Page) -> bool {
    page.exchanges.iter().any(|exchange| exchange.purpose.is_some())
}

/// Whether any of a page's exchanges was sent for another one.
pub(super) fn is_folded(page: &Page) -> bool {
    page.exchanges.iter().any(|found| found.relations.sent_for.is_some())
}

/// How many requests of a page got no response.
pub(super) fn unanswered(page: &Page) -> usize {
    let is_unanswered = |found: &&Arc<PageExchange>| found.request.unanswered && !found.request.drawn_only;
    page.exchanges.iter().filter(is_unanswered).count()
}

/// How many responses a page has whose requests nobody recorded.
pub(super) fn unasked(page: &Page) -> usize {
    page.exchanges.iter().filter(|found| found.is_response_alone).count()
}

/// Participants, as templates call them.
pub(super) fn participants(participants: &[DrawnParticipant]) -> Value {
    participants.iter().map(|participant| Value::from_object(ParticipantView(participant.clone()))).collect()
}

record! {
    /// A part of a diagram that is too long to be drawn at once.
    PART "diagram part" of fn part(part: &DiagramPart);
    /// Its lines.
    items: "list of item" = items(&part.items);
    /// The participants that these name.
    participants: "list of participant" = participants(&part.participants);
    /// The number of its first message.
    first: "number" = part.first();
    /// The number of its last message.
    last: "number" = part.last();
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
        self.field(key)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        !self.0.text().is_empty()
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

fields! {
    /// Lines for the inside of a fence, each with its line end. It prints them, and is true where there are any.
    "block" of BlockView as BlockView(block),
    /// Backticks that nothing inside can close.
    "fence": "text" = Some(block.fence().into());
}

/// The command's block and its first line.
#[derive(Debug)]
struct CommandView(Block, String, Block);

fields! {
    /// The command as it was typed. It prints its lines, as a block does.
    "command" of CommandView as CommandView(block, line, typed),
    /// Backticks that nothing inside can close.
    "fence": "text" = Some(block.fence().into());
    /// The first line.
    "line": "text" = text(line);
    /// Its lines without the prompts that the command has where it prints itself.
    "typed": "block" = Some(self::block(typed));
}

impl Object for CommandView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
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
        self.field(key)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

fields! {
    /// A debugger's configuration that runs the command: `.vscode/launch.json`.
    "launch" of LaunchView as LaunchView(launch),
    /// Its name.
    "name": "text" = text(&launch.name);
    /// Its type, which names the debugger.
    "kind": "text" = text(&launch.kind);
    /// The program.
    "program": "text" = text(&launch.program);
    /// The program's arguments as JSON, with commas between; a line for each line of the command.
    "arguments": "text" = text(&launch_arguments(&launch.arguments));
    /// Its environment: name and value.
    "env": "list of pair" = pairs(&launch.env);
    /// Backticks that nothing inside can close.
    "fence": "text" = Some(launch_fence(launch).into());
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
        self.field(key)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

fields! {
    /// A link, for the filter `link`.
    "link" of LinkView as LinkView(link),
    /// What it says.
    "text": "text" = text(&link.text);
    /// Where it leads.
    "url": "text" = text(&link.url);
}

#[derive(Debug)]
struct ParticipantView(DrawnParticipant);

impl Object for ParticipantView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }
}

fields! {
    /// Who sends or receives.
    "participant" of ParticipantView as ParticipantView(participant),
    /// Its id in the diagram.
    "id": "text" = text(&participant.id);
    /// The name that the diagram shows, where that is not the id.
    "label": "text or none" = optional(participant.label.as_deref());
    /// The name that a reader sees.
    "name": "text" = text(participant.name());
    /// Whether the diagram cannot call it by its own name, so that its id is another.
    "aliased": "yes or no" = Some(participant.aliased.into());
}

#[derive(Debug)]
struct OutputView {
    title: String,
    language: &'static str,
    block: Block,
}

impl Object for OutputView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }
}

fields! {
    /// What the command printed.
    "output" of OutputView as output,
    /// The title of its block.
    "title": "text" = text(&output.title);
    /// Its language, as highlighters name it.
    "language": "text" = text(output.language);
    /// The lines.
    "block": "block" = Some(block(&output.block));
    /// How many lines there are.
    "lines": "number" = Some(lines(&output.block).into());
    /// Whether there are so many lines that they are better folded.
    "is_long": "yes or no" = Some((lines(&output.block) > LONG_OUTPUT).into());
}

#[derive(Debug)]
struct ItemView(DiagramItem);

impl Object for ItemView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }
}

fields! {
    /// A line of the diagram. What it has beside kind and depth follows from its kind.
    "item" of ItemView as ItemView(item),
    /// `request` or `response`; `unanswered`, a note that no response came; `note`; `begin` and `end` of a box;
    /// `number`, from which the next messages count.
    "kind": "text" = text(match item {
        DiagramItem::Message { message, .. } => match message.side {
            Side::Request => "request",
            Side::Response => "response",
        },
        DiagramItem::Unanswered { .. } => "unanswered",
        DiagramItem::Note { .. } => "note",
        DiagramItem::Begin { .. } => "begin",
        DiagramItem::Number { .. } => "number",
        DiagramItem::End { .. } => "end",
    });
    /// In how many boxes it is.
    "depth": "number" = Some(item.depth().into());
    /// Of `request` and `response`, the message; of `unanswered`, the request.
    "message": "message" = match item {
        DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. } => {
            Some(Value::from_object(MessageView(message.clone())))
        }
        _ => None,
    };
    /// Of a note, where it stands: `right of glance`.
    "position": "text" = match item {
        DiagramItem::Note { position, .. } => text(position),
        _ => None,
    };
    /// Of a note, what it says.
    "text": "text" = match item {
        DiagramItem::Note { text: note, .. } => text(note),
        _ => None,
    };
    /// Of `begin`, the kind of the box: `opt`, `loop` or `rect`.
    "keyword": "text" = match item {
        DiagramItem::Begin { keyword, .. } => text(keyword),
        _ => None,
    };
    /// Of `begin`, what the box says.
    "title": "text" = match item {
        DiagramItem::Begin { title, .. } => text(title),
        _ => None,
    };
    /// Of `number`, the number of the next message.
    "number": "number" = match item {
        DiagramItem::Number { number, .. } => Some((*number).into()),
        _ => None,
    };
}

/// A message, as templates and holes call it.
#[derive(Debug)]
pub(super) struct MessageView(pub(super) Arc<Message>);

impl Object for MessageView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", self.0.number)
    }
}

fields! {
    /// A request or a response. It prints its number in brackets, `(7)`.
    "message" of MessageView as MessageView(message),
    /// `message`: tells it from an exchange and a gap in a list that has all of them.
    "kind": "text" = text("message");
    /// Its number in the diagram.
    "number": "number" = Some(message.number.into());
    /// Its number in brackets, as a link to the section that tells of it, where the page has one.
    "step": "text" = text(&message.step());
    /// The anchor of its section: none where sections and steps are no links.
    "anchor": "text or none" = optional(message.anchor.as_deref());
    /// The anchor of the section of this page that tells of it.
    "section": "text or none" = optional(message.section.as_deref());
    /// Whether it is a response.
    "is_response": "yes or no" = Some((message.side == Side::Response).into());
    /// Who sent it: the id of a participant.
    "from": "text" = text(&message.from);
    /// Who received it, likewise.
    "to": "text" = text(&message.to);
    /// Who began the exchange, as the trace calls it.
    "client": "text" = text(&message.client);
    /// Who answers, as the trace calls it.
    "server": "text" = text(&message.server);
    /// The request's method.
    "method": "text" = text(&message.method);
    /// The response's status code; 0 of a request.
    "status": "number" = Some(message.status.into());
    /// The response's reason phrase; empty of a request.
    "reason": "text" = text(&message.reason);
    /// What it says: the method, or status and reason.
    "verb": "text" = text(&message.verb);
    /// The path with variables for values, and with the query where the settings show it.
    "path": "text" = text(&message.path);
    /// The path as it was sent.
    "raw_path": "text" = text(&message.raw_path);
    /// The URL as it was sent.
    "url": "text" = text(&message.url);
    /// Verb and URL.
    "title": "text" = text(&message.title());
    /// Verb and path, as sent.
    "summary": "text" = text(&message.summary());
    /// What it asks or brings, a sentence of the profile's.
    "about": "text or none" = optional(message.about.as_deref());
    /// The header lines.
    "headers": "block" = Some(block(&message.headers));
    /// The body's lines, or a word for no body.
    "body": "block" = Some(block(&message.body));
    /// Whether there is a body.
    "has_body": "yes or no" = Some(message.has_body.into());
    /// How many lines the body has.
    "lines": "number" = Some(lines(&message.body).into());
    /// Whether the body has so many lines that it is better folded.
    "is_long": "yes or no" = Some((lines(&message.body) > LONG_BODY).into());
    /// The body's language, as highlighters name it.
    "language": "text" = text(&message.language);
    /// Whether the body is so long that colours would only make the page heavy.
    "is_plain": "yes or no" = Some((lines(&message.body) > LONGEST_COLOURED).into());
    /// Whether it is a request that got no response.
    "unanswered": "yes or no" = Some(message.unanswered.into());
    /// Whether only a diagram tells of it: there are no headers and no body.
    "drawn_only": "yes or no" = Some(message.drawn_only.into());
    /// Why the exchange failed, on its last message, where the trace says so.
    "failure": "text or none" = optional(message.failure.as_deref());
}

/// An exchange, as templates and holes call it. It prints the numbers of its steps.
#[derive(Debug)]
pub(super) struct ExchangeView {
    /// The page that has it, where it is of one.
    pub(super) page: Option<Arc<Page>>,
    pub(super) exchange: Arc<PageExchange>,
}

/// How many lines of output, or of a body, are shown unfolded.
pub(super) const LONG_OUTPUT: usize = 12;
pub(super) const LONG_BODY: usize = 30;
/// How many lines of a folded body a highlighter colours: colours are three quarters of what a browser gets.
pub(super) const LONGEST_COLOURED: usize = 100;

/// How many lines a block has.
pub(super) fn lines(block: &Block) -> usize {
    let text = block.text().as_bytes();
    let is_open = text.last().is_some_and(|&last| last != b'\n');
    memchr_iter(b'\n', text).count() + usize::from(is_open)
}

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
pub(super) fn participants_of(page: &Page, items: &[DiagramItem]) -> Vec<DrawnParticipant> {
    let named = participants_named(items);
    page.participants.iter().filter(|participant| named.contains(&*participant.id)).cloned().collect()
}

/// The number of the first message of these lines.
pub(super) fn first_number(items: &[DiagramItem]) -> u32 {
    let number = |item: &DiagramItem| match item {
        DiagramItem::Message { message, .. } => Some(message.number),
        _ => None,
    };
    items.iter().find_map(number).unwrap_or(1)
}

/// From the first request of a page to its last response, where the trace tells.
pub(super) fn duration(page: &Page) -> Option<Duration> {
    let ends = page.exchanges.iter().filter_map(|found| {
        let timing = found.relations.timing?;
        Some(timing.after + timing.lasted.unwrap_or(0))
    });
    ends.max().map(Duration)
}

/// A status of errors, and how many responses have it.
pub(super) struct StatusCount {
    pub(super) status: String,
    /// Whether the profile describes it.
    pub(super) is_expected: bool,
    pub(super) count: usize,
}

/// The statuses of errors of a page.
pub(super) fn errors(page: &Page) -> Vec<StatusCount> {
    let mut counts: Vec<StatusCount> = Vec::new();
    for found in &page.exchanges {
        let Some(response) = found.response.as_ref().filter(|_| found.is_error()) else { continue };
        let (status, is_expected) = (response.status_text(), found.relations.is_expected);
        match counts.iter_mut().find(|known| known.status == status && known.is_expected == is_expected) {
            Some(known) => known.count += 1,
            None => counts.push(StatusCount { status, is_expected, count: 1 }),
        }
    }
    counts
}

record! {
    /// A status of errors.
    ERROR "error" of fn error(found: StatusCount);
    /// The status code.
    status: "text" = found.status;
    /// Whether the profile describes that very status, so that it is no accident.
    is_expected: "yes or no" = found.is_expected;
    /// How many responses have it.
    count: "number" = found.count;
}

record! {
    /// Where a value of a request is from.
    ORIGIN "origin" of fn origin(found: &Origin, step: Option<String>);
    /// Where the value is in the request: a header, or a place of URL or body.
    at: "text" = &found.at;
    /// Where its sender was told it.
    there: "text" = &found.there;
    /// The message that told it, in brackets, as a link.
    step: "text or none" = step;
}

record! {
    /// Where the page has the same bodies before.
    SAME "same" of fn same(request: Option<String>, response: Option<String>);
    /// The message, as a link, that has the request's body.
    request: "text or none" = request;
    /// The message, as a link, that has the response's body.
    response: "text or none" = response;
}

impl Object for ExchangeView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.exchange.steps())
    }
}

fields! {
    /// A request and its response. It prints the numbers of both, `(7),(8)`.
    "exchange" of ExchangeView as view @ ExchangeView { page, exchange },
    /// `exchange`: tells it from a message and a gap in a list that has all of them.
    "kind": "text" = text("exchange");
    /// The anchor of its section: none where sections and steps are no links.
    "anchor": "text or none" = optional(exchange.request.anchor.as_deref());
    /// The anchor of the row of the table of all exchanges that leads to its section: none where nothing does.
    "row_anchor": "text or none" = optional(exchange.row_anchor().as_deref());
    /// Who asks: the name that the diagram shows; in the layout `exchanges`, as all that follows to `api_link`.
    "from": "text" = text(&exchange.relations.from);
    /// Who is asked.
    "to": "text" = text(&exchange.relations.to);
    /// How many exchanges it was sent for, one in another.
    "depth": "number" = Some(exchange.relations.depth.into());
    /// Whether it failed: a status of 400 or more, no response, or what the trace calls a failure.
    "is_error": "yes or no" = Some(exchange.is_error().into());
    /// Whether the profile describes the very status of its response.
    "is_expected": "yes or no" = Some(exchange.relations.is_expected.into());
    /// Whether it only repeats an earlier one, and is told of there.
    "is_folded": "yes or no" = Some(exchange.relations.folded_into.is_some().into());
    /// How often it happened in a row, where that is more than once.
    "run": "number or none" =
        Some(exchange.relations.run.map_or(Value::from(()), |run| run.count.into()));
    /// The last message of the row, in brackets, as a link; undefined where there is no row.
    "run_last": "text" = exchange
        .relations
        .run
        .map(|run| exchange.request.linked(&format!("({})", run.last)).into());
    /// How long the response took, where the trace tells: `12 ms`.
    "duration": "text or none" = optional(lasted(exchange).map(|lasted| lasted.to_string()).as_deref());
    /// Where its bar begins in a timeline of a thousand parts; undefined without true times.
    "begins": "number" = view.bar().map(|[begins, _]| begins.into());
    /// How wide its bar is there, at least 4; undefined without true times.
    "takes": "number" = view.bar().map(|[_, takes]| takes.into());
    /// The diagram of all that was sent for it, with its own messages; of the client's exchanges.
    "inside": "list of item" = Some(items(&exchange.relations.inside));
    /// The participants that this diagram names.
    "inside_participants": "list of participant" =
        page.as_ref().map(|page| participants(&participants_of(page, &exchange.relations.inside)));
    /// The parts of this diagram, if it is too long for mermaid; empty where it is not.
    "inside_parts": "list of diagram part" = page.as_ref().and_then(|page| {
        list(super::diagram_size::parts_of(page, &exchange.relations.inside).iter().map(part))
    });
    /// Where values of its request are from.
    "origins": "list of origin" = list(exchange.relations.origins.iter().map(|found| {
        let told = page.as_ref().and_then(|page| message(page, found.of));
        origin(found, told.map(|message| message.step()))
    }));
    /// How many more values have an origin than are listed.
    "more_origins": "number" = Some(exchange.relations.more_origins.into());
    /// Where the page has its bodies before.
    "same": "same" = {
        let [request, response] = page.as_ref().map(|page| same_bodies(page, exchange)).unwrap_or_default();
        Some(same(request, response))
    };
    /// The request as a `curl` command, where the page shows it.
    "curl": "block or none" = Some(exchange.curl.as_ref().map_or(Value::from(()), block));
    /// A Markdown link to the API's reference; undefined where `api_reference` is none.
    "api_link": "text" = exchange.api_reference.as_deref().map(|url| {
        let phrases = page.as_ref().map(|page| page.phrases.get("api_reference").to_owned());
        super::escape::link(&phrases.unwrap_or_default(), url).into()
    });
    /// What it asks: method and path, as far as they are known, else what it was answered.
    "call": "text" = text(&exchange.call());
    /// Whether nobody recorded its request: `request` has what the response tells of it, and no headers.
    "is_response_alone": "yes or no" = Some(exchange.is_response_alone.into());
    /// The request.
    "request": "message" = Some(Value::from_object(MessageView(exchange.request.clone())));
    /// The response.
    "response": "message or none" = {
        let response = exchange.response.as_ref();
        Some(response.map_or(Value::from(()), |found| Value::from_object(MessageView(found.clone()))))
    };
    /// The numbers of its messages as links.
    "steps": "text" = text(&exchange.linked_steps());
    /// What it is for, a clause of the profile's.
    "purpose": "text or none" = optional(exchange.purpose.as_deref());
    /// What its response brings, likewise.
    "result": "text or none" = optional(exchange.result.as_deref());
    /// Where the API's reference describes it.
    "api_reference": "text or none" = optional(exchange.api_reference.as_deref());
}

impl ExchangeView {
    fn bar(&self) -> Option<[i64; 2]> {
        Some(bar(self.exchange.relations.timing?, duration(self.page.as_ref()?)?))
    }
}

/// How long the response of an exchange took, where the trace tells.
pub(super) fn lasted(exchange: &PageExchange) -> Option<Duration> {
    exchange.relations.timing.and_then(|timing| timing.lasted).map(Duration)
}

/// Where the bar of an exchange begins in a waterfall of a thousand parts, which are so long together, and how wide
/// it is.
pub(super) fn bar(timing: Timing, whole: Duration) -> [i64; 2] {
    let whole = whole.0.max(1);
    let parts = |micros: i64| {
        i64::try_from(i128::from(micros) * 1000 / i128::from(whole)).unwrap_or(i64::MAX).clamp(0, 1000)
    };
    let begins = parts(timing.after).min(1000 - NARROWEST);
    [begins, parts(timing.lasted.unwrap_or(0)).clamp(NARROWEST, 1000 - begins)]
}

/// Of the request and the response of an exchange, the message, as a link, that has the same body before.
pub(super) fn same_bodies(page: &Page, exchange: &PageExchange) -> [Option<String>; 2] {
    exchange.relations.same_bodies.map(|same| {
        let shown = same.and_then(|earlier| message(page, earlier));
        let is_told = |message: &&Arc<Message>| message.section.is_some() || message.anchor.is_none();
        shown.filter(is_told).map(|message| message.step())
    })
}

/// A message of a page.
pub(super) fn message(page: &Page, earlier: Earlier) -> Option<&Arc<Message>> {
    let found = page.exchanges.get(earlier.place)?;
    found.messages().find(|message| message.side == earlier.side)
}

/// How many parts of a thousand a bar has at least, so that it is seen.
const NARROWEST: i64 = 4;

#[derive(Debug)]
struct GapView(PageGap);

impl Object for GapView {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        self.field(key)
    }
}

fields! {
    /// A damaged place of the trace.
    "gap" of GapView as GapView(gap),
    /// `gap`: tells it from a message and an exchange in a list that has all of them.
    "kind": "text" = text("gap");
    /// Its file, line and column.
    "place": "text" = text(&gap.place);
    /// What is wrong there.
    "reason": "text" = text(&gap.reason);
}

/// The objects that templates of pages get, from the largest down.
pub(super) const OBJECTS: &[Described] = &[
    PageView::DESCRIBED,
    ExchangeView::DESCRIBED,
    MessageView::DESCRIBED,
    GapView::DESCRIBED,
    ItemView::DESCRIBED,
    ParticipantView::DESCRIBED,
    PART,
    CommandView::DESCRIBED,
    OutputView::DESCRIBED,
    LaunchView::DESCRIBED,
    LinkView::DESCRIBED,
    BlockView::DESCRIBED,
    ERROR,
    ORIGIN,
    SAME,
];
