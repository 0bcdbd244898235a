//! What holes print, put into the text around them.
//!
//! What a hole prints is Markdown that templates laid out, lines of a diagram, or text that
//! somebody else wrote; the context of the hole decides how that is written, for all holes alike.
//! What this leaves out: the characters of each context ([`escape::in_context`]).

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::tabs::{Owner, TabHoles};
use crate::error::{Error, ErrorKind};
use crate::page::source::{Hole, Part, Source};
use crate::page::{Context, Message, PageExchange};
use crate::render::escape::{self, Around, Refusal};

/// What a hole prints.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Printed {
    /// Markdown, as templates and profiles write it.
    Markdown(String),
    /// The same, where it is one tab of a message.
    Tab(String, Owner),
    /// Lines of a mermaid diagram.
    Mermaid(String),
    /// Lines that a fence shows as they are.
    Block(String),
    /// Numbers of steps: as text, and as Markdown in which each is a link to its section.
    Steps { text: String, linked: String },
    /// Text that somebody may have written who knows nothing of Markdown.
    Text(String),
    /// The same, with code for what Markdown would take for something else, as headings have it.
    Title(String),
}

/// Why a hole cannot be written, and what to do.
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        Error::new(ErrorKind::Hole, refusal.reason).hint(refusal.instead)
    }
}

/// The page of a source, given what each of its holes prints.
///
/// # Errors
/// Those of `answers`, and one for each hole whose place cannot hold what it prints.
pub(super) fn text_of(source: &Source, answers: Vec<Result<Printed, Error>>) -> Result<String, Vec<Error>> {
    let mut errors = Vec::new();
    let mut printed = Vec::with_capacity(answers.len());
    for answer in answers {
        printed.push(answer.map_err(|error| errors.push(error)).ok());
    }
    let ticks = backticks(source, &printed);
    let mut printed = printed.iter();
    let mut tabs = TabHoles::default();
    let text = assembled(source, |hole, before| {
        let printed = printed.next()?.as_ref()?;
        let written = written(hole, printed, around(source, hole, before), &ticks);
        let written = written
            .map_err(|refusal| errors.push(Error::from(refusal).at(source.place(&hole.inside))))
            .ok()?;
        let parted = match (printed, &hole.context) {
            (_, Context::Fence(_)) => None,
            (Printed::Markdown(_), _) => tabs.parted(before.page, &written, None),
            (Printed::Tab(_, owner), _) => tabs.parted(before.page, &written, Some(*owner)),
            _ => None,
        };
        Some(parted.map_or(written, Cow::Owned))
    });
    if errors.is_empty() { Ok(text) } else { Err(errors) }
}

/// The same for a part of a source, with what holes print as it is; numbers of steps as `links` or as text.
pub(super) fn fragment_of(source: &Source, printed: &[Printed], links: bool) -> String {
    let mut printed = printed.iter();
    assembled(source, |_, _| {
        printed.next().map(|printed| match printed {
            Printed::Steps { linked, .. } if links => linked.into(),
            printed => printed.text().into(),
        })
    })
}

/// What there is of a page when a hole is filled.
struct Before<'p> {
    /// The page up to the hole.
    page: &'p str,
    /// Its last line.
    line: &'p str,
    /// What comes next in the source.
    next: Option<&'p Part>,
}

/// A source with what `print` gives for each hole, and what is before it.
fn assembled<'p>(
    source: &Source,
    mut print: impl FnMut(&Hole, &Before<'_>) -> Option<Cow<'p, str>>,
) -> String {
    let mut text = String::with_capacity(source.text.len() * 4);
    // Where the line begins that is written, in the page and in the source.
    let (mut page_line, mut source_line) = (0, 0);
    for (at, part) in source.parts.iter().enumerate() {
        let written = text.len();
        match part {
            Part::Text(span) => {
                let copied = &source.text[span.clone()];
                source_line = copied.rfind('\n').map_or(source_line, |end| span.start + end + 1);
                text.push_str(copied);
            }
            Part::Braces(_) => text.push_str("{{"),
            Part::Gone { span, .. } => source_line = span.end,
            Part::Hole(hole) => {
                let before = Before { page: &text, line: &text[page_line..], next: source.parts.get(at + 1) };
                if let Some(printed) = print(hole, &before) {
                    push(&mut text, &printed, indent_of(&source.text[source_line..]));
                }
                let inside = &source.text[hole.inside.clone()];
                source_line = inside.rfind('\n').map_or(source_line, |end| hole.inside.start + end + 1);
            }
        }
        page_line = text[written..].rfind('\n').map_or(page_line, |end| written + end + 1);
    }
    // A source with the line ends of Windows is a page with them.
    if super::has_windows_ends(&source.text) {
        text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    }
    text
}

/// The blanks, and the marks of quotes, at the beginning of a line.
fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t', '>']).len()]
}

/// What a hole prints, as its context has to have it.
fn written<'p>(
    hole: &Hole,
    printed: &'p Printed,
    around: Around,
    ticks: &HashMap<usize, Ticks>,
) -> Result<Cow<'p, str>, Refusal> {
    let context = &hole.context;
    if let Context::CodeSpan(range) = context
        && let Some(ticks) = ticks.get(&range.start)
    {
        return ticks.written(hole, escape::in_context(printed.text(), context, around)?);
    }
    match (printed, context) {
        (Printed::Markdown(text) | Printed::Tab(text, _), _) => {
            escape::markdown_in_context(text, context, around)
        }
        (Printed::Mermaid(text) | Printed::Block(text), Context::Fence(fence)) => {
            if matches!(printed, Printed::Block(_)) && fence.is_mermaid {
                return escape::in_context(text, context, around);
            }
            escape::markdown_in_context(text, context, around)
        }
        (Printed::Steps { linked, .. }, Context::Prose)
            if hole.takes_link && !around.before.is_some_and(|c| "!\\[`".contains(c)) =>
        {
            Ok(linked.as_str().into())
        }
        (Printed::Title(text), Context::Prose)
            if around.before != Some('`') && around.after.is_some_and(|c| c != '`') =>
        {
            // What is inert in a line is not at the begin of one.
            match escape::inline(text) {
                Cow::Borrowed(_) if around.begins_block => escape::in_context(text, context, around),
                shown => Ok(shown),
            }
        }
        // A hole alone on its line is a paragraph, which may have several.
        (_, Context::Prose) if hole.indent.is_some() && printed.text().contains('\n') => {
            let lines = printed.text().split('\n').map(|line| escape::in_context(line, context, around));
            Ok(lines.collect::<Result<Vec<_>, _>>()?.join("\n").into())
        }
        _ => escape::in_context(printed.text(), context, around),
    }
}

impl Printed {
    /// The number of a message in brackets.
    pub(super) fn step(message: &Message) -> Printed {
        Printed::Steps { text: format!("({})", message.number), linked: message.step() }
    }

    /// The numbers of a run of messages, each in brackets.
    pub(super) fn range(start: &Message, end: &Message) -> Printed {
        Printed::Steps {
            text: format!("({})-({})", start.number, end.number),
            linked: format!("{}-{}", start.step(), end.step()),
        }
    }

    /// The numbers of an exchange's messages.
    pub(super) fn steps(exchange: &PageExchange) -> Printed {
        Printed::Steps { text: exchange.steps(), linked: exchange.linked_steps() }
    }

    /// The same behind anchors, where it is Markdown.
    pub(super) fn behind(mut self, anchors: String) -> Printed {
        if let Printed::Markdown(text) | Printed::Tab(text, _) = &mut self {
            text.insert_str(0, &anchors);
        }
        self
    }

    pub(super) fn text(&self) -> &str {
        let (Printed::Markdown(text)
        | Printed::Steps { text, .. }
        | Printed::Tab(text, _)
        | Printed::Mermaid(text)
        | Printed::Block(text)
        | Printed::Text(text)
        | Printed::Title(text)) = self;
        text
    }
}

/// What is beside a hole.
fn around(source: &Source, hole: &Hole, before: &Before<'_>) -> Around {
    let is_mark = |c: char| c.is_ascii_digit() || " \t>*+-.):!?=|[]xX".contains(c);
    Around {
        before: before.page.chars().next_back(),
        after: match before.next {
            Some(Part::Text(span)) => source.text[span.clone()].chars().next(),
            Some(Part::Braces(_)) => Some('{'),
            Some(Part::Gone { .. }) | None => Some('\n'),
            Some(Part::Hole(_)) => None,
        },
        begins_block: before.line.chars().all(is_mark),
        begins_line: hole.indent.is_some() || before.line.trim().is_empty(),
        marker_lacks: marker_lacks(before.line),
    }
}

/// What would make a snippet marker (`--8<--`) of the end of a line, if anything would.
fn marker_lacks(line: &str) -> Option<&'static str> {
    [("-", "8<-"), ("-8", "<-"), ("-8<", "-")]
        .into_iter()
        .find(|(has, _)| line.ends_with(has))
        .map(|(_, lacks)| lacks)
}

/// What is put beside the backticks of a code span, so that nothing inside ends it.
struct Ticks {
    /// The range between the author's own.
    inside: Range<usize>,
    /// Before a hole that begins the span; behind one that ends it, the other way round.
    added: String,
    refusal: Option<Refusal>,
}

impl Ticks {
    /// For a span of `count` backticks with this content. One that begins and ends with a hole can
    /// get more of them, because they are of what the holes print.
    fn of(content: &str, count: usize, inside: Range<usize>, begins_and_ends: bool) -> Ticks {
        let longest = escape::longest_run(content, '`');
        let runs = || content.split(|c| c != '`').map(str::len);
        let pad =
            if content.starts_with('`') || content.ends_with('`') || content.is_empty() { " " } else { "" };
        let mut ticks = Ticks { inside, added: pad.to_owned(), refusal: None };
        if longest >= count && begins_and_ends {
            ticks.added.insert_str(0, &"`".repeat(longest + 1 - count));
        } else if runs().any(|run| run == count) {
            ticks.refusal = Some(Refusal::new(
                format!("the text holds `{}`, which ends the code span around this hole", "`".repeat(count)),
                format!("begin and end the span with {} backticks, or with the hole itself", longest + 1),
            ));
        }
        ticks
    }

    fn written<'t>(&self, hole: &Hole, text: Cow<'t, str>) -> Result<Cow<'t, str>, Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let begins = hole.span.start == self.inside.start;
        let ends = hole.span.end == self.inside.end;
        if self.added.is_empty() || !(begins || ends) {
            return Ok(text);
        }
        let before = if begins { self.added.as_str() } else { "" };
        let is_needed = ends && !(begins && text.is_empty());
        let after: String = if is_needed { self.added.chars().rev().collect() } else { String::new() };
        Ok(format!("{before}{text}{after}").into())
    }
}

/// For each code span with holes, by its start, what keeps it whole.
fn backticks(source: &Source, printed: &[Option<Printed>]) -> HashMap<usize, Ticks> {
    let mut spans: HashMap<usize, Ticks> = HashMap::new();
    let holes: Vec<(&Hole, &Option<Printed>)> = source.holes().zip(printed).collect();
    for group in holes.chunk_by(|(one, _), (next, _)| one.context == next.context) {
        let Context::CodeSpan(range) = &group[0].0.context else { continue };
        let span = &source.text[range.clone()];
        let count = span.len() - span.trim_start_matches('`').len();
        let inside = range.start + count..range.end - count;
        let mut content = String::new();
        let mut at = inside.start;
        for (hole, printed) in group {
            content.push_str(&source.text[at..hole.span.start]);
            at = hole.span.end;
            if let Some(printed) = printed {
                let text = escape::in_context(printed.text(), &hole.context, Around::default());
                content.push_str(&text.unwrap_or_default());
            }
        }
        content.push_str(&source.text[at..inside.end]);
        let is_all_holes = group[0].0.span.start == inside.start && at == inside.end;
        spans.insert(range.start, Ticks::of(&content, count, inside, is_all_holes));
    }
    spans
}

/// Appends what a hole prints. Its line lends its indent to all lines but the first, which has it
/// already: also where text is before the hole (`DATA={{ show.request.body }}`).
fn push(text: &mut String, printed: &str, indent: &str) {
    if indent.is_empty() {
        text.push_str(printed);
        return;
    }
    let mut lines = printed.split_inclusive('\n');
    text.push_str(lines.next().unwrap_or_default());
    for line in lines {
        text.push_str(if line == "\n" { indent.trim_end() } else { indent });
        text.push_str(line);
    }
}
