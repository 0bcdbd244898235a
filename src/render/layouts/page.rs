//! The templates of the `page` layout, `templates/page/*.md`, as functions of the same names.
//!
//! What this leaves out: what the `snippets` layout does otherwise.

use super::{Context, anchored, fenced, put, tab, title};
use crate::page::phrases::{fill, fill_all};
use crate::page::{
    Block, DiagramItem, DiagramPart, DrawnParticipant, Entry, Launch, Message, PageExchange, PageGap,
    diagram_sentence,
};
use crate::render::diagram_size;
use crate::render::escape::{code, json_string, link, mermaid, quoted, titled};
use crate::render::pieces::{FenceOptions, Piece};
use crate::render::view;
use crate::sequence::Side;

pub(super) fn write(context: &Context<'_>, piece: &Piece<'_>, out: &mut String) {
    let page = context.page;
    match piece {
        Piece::Arrow(item) => arrow(context, item, out),
        Piece::Arrows(items) => arrows(context, items, out),
        Piece::BodyTab(message, options) => body_tab(context, message, options, out),
        Piece::Command => command(context, out),
        Piece::Exchange(found, options) => exchange(context, found, options, out),
        Piece::FullLog => full_log(context, out),
        Piece::HeaderTab(message, options) => header_tab(context, message, options, out),
        Piece::Heading(message) => heading(context, message, out),
        Piece::Launch => launch(context, out),
        Piece::Message(found, options) => message(context, found, options, out),
        Piece::Output => output(context, out),
        Piece::File(_) => whole(context, out),
        Piece::Participants => {
            declared(&page.participants, "", out);
        }
        Piece::Rest(entries) => rest(context, entries, out),
        Piece::Sequence => sequence(context, out),
        Piece::SequencePart { items, participants, number } => {
            sequence_part(context, items, participants, *number, out);
        }
        Piece::Tabs(message, options) => tabs(context, message, options, out),
        Piece::Vars => vars(context, out),
        // Parts of another layout.
        Piece::Curl(_)
        | Piece::ExchangeFacts(_)
        | Piece::ExchangeHeading(_)
        | Piece::ExchangeTabs(..)
        | Piece::Facts
        | Piece::Overview
        | Piece::Inside(_)
        | Piece::Waterfall => {}
    }
}

/// `page.md`
fn whole(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    title(page, out);
    if let Some(reference) = &page.reference {
        put!(out, fill(t.reference, "link", &link(&reference.text, &reference.url)), "\n\n\n\n");
    }
    if page.command.is_some() {
        put!(out, "## ", t.command_heading, "\n\n");
        command(context, out);
        put!(out, "\n");
        if page.launch.is_some() {
            launch(context, out);
            put!(out, "\n");
        }
        put!(out, t.introduction, "\n\n");
    }
    put!(out, "## ", t.diagram_heading);
    anchored(page.overview.as_ref(), out);
    put!(out, "\n");
    sequence(context, out);
    put!(out, "\n");
    explain(context, out);
    put!(out, "## ", t.exchanges_heading, "\n\n");
    for found in &page.entries {
        entry(context, found, out);
        put!(out, "\n");
    }
    if page.output.is_some() {
        put!(out, "## ", t.output_heading, "\n\n");
        output(context, out);
    }
}

/// What comes below a diagram: its steps, and how many are left out.
pub(super) fn explain(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    if view::is_explained(page) {
        put!(out, t.steps_introduction, "\n\n");
        steps(context, out);
        put!(out, "\n");
    }
    left_out(context, out);
}

/// How many exchanges the settings leave out, where they do.
pub(super) fn left_out(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    if page.filtered > 0 {
        let one = page.phrases.find("filtered_line_one").filter(|_| page.filtered == 1);
        let line = one.unwrap_or(t.filtered_line);
        put!(out, fill(line, "count", &page.filtered.to_string()), "\n\n");
    }
}

fn entry(context: &Context<'_>, entry: &Entry, out: &mut String) {
    match entry {
        Entry::Message(found) => message(context, found, &FenceOptions::default(), out),
        Entry::Gap(found) => gap(context, found, out),
    }
}

fn rest(context: &Context<'_>, entries: &[Entry], out: &mut String) {
    for (index, found) in entries.iter().enumerate() {
        if index > 0 {
            put!(out, "\n");
        }
        entry(context, found, out);
    }
}

fn command(context: &Context<'_>, out: &mut String) {
    let Some(command) = &context.page.command else { return };
    let block = Block::new(command.shown().into());
    fenced(0, &["bash title=", &quoted(context.words.command_title)], &block, out);
}

fn launch(context: &Context<'_>, out: &mut String) {
    let Some(launch) = &context.page.launch else { return };
    let Launch { name, kind, program, arguments, env } = launch;
    let fence = view::launch_fence(launch);
    put!(out, fence, " json title=", quoted(context.words.launch_title), "\n{\n");
    put!(out, "    \"name\": ", json_string(name), ",\n");
    put!(out, "    \"type\": ", json_string(kind), ",\n");
    put!(out, "    \"request\": \"launch\",\n");
    put!(out, "    \"program\": ", json_string(program), ",\n");
    put!(out, "    \"args\": [", view::launch_arguments(arguments), "],\n");
    put!(out, "    \"env\": {\n");
    for (index, (name, value)) in env.iter().enumerate() {
        let comma = if index + 1 < env.len() { "," } else { "" };
        put!(out, "        ", json_string(name), ": ", json_string(value), comma, "\n");
    }
    put!(
        out,
        "    },\n    \"console\": \"integratedTerminal\",\n    \"justMyCode\": false\n},\n",
        fence,
        "\n"
    );
}

fn output(context: &Context<'_>, out: &mut String) {
    let Some(output) = &context.page.output else { return };
    fenced(0, &[output.language, " title=", &quoted(&output.title)], &output.block, out);
}

fn full_log(context: &Context<'_>, out: &mut String) {
    let info = ["text title=", &quoted(context.words.log_title), " linenums=\"1\""];
    fenced(0, &info, &context.page.log, out);
}

fn vars(context: &Context<'_>, out: &mut String) {
    put!(out, "| ", context.words.variable, " | ", context.words.value, " |\n| --- | --- |\n");
    for (name, value) in &context.page.vars {
        put!(out, "| ", code(name), " | ", code(value), " |\n");
    }
}

fn sequence(context: &Context<'_>, out: &mut String) {
    let parts = diagram_size::parts(context.page);
    if parts.is_empty() {
        sequence_part(context, &context.page.diagram, &context.page.participants, 1, out);
    }
    in_parts(context, &parts, out, |part, out| {
        sequence_part(context, &part.items, &part.participants, part.first(), out);
    });
}

/// The parts of a diagram that is too long for mermaid, below a line each that says which messages it has.
pub(super) fn in_parts(
    context: &Context<'_>,
    parts: &[DiagramPart],
    out: &mut String,
    write: impl Fn(&DiagramPart, &mut String),
) {
    for (index, part) in parts.iter().enumerate() {
        let numbers = [index + 1, parts.len(), part.first() as usize, part.last() as usize];
        let [number, count, first, last] = numbers.map(|number| number.to_string());
        let values = [("part", &*number), ("parts", &*count), ("first", &*first), ("last", &*last)];
        put!(out, if index > 0 { "\n" } else { "" }, fill_all(context.words.diagram_part, &values), "\n\n");
        write(part, out);
    }
}

fn sequence_part(
    context: &Context<'_>,
    items: &[DiagramItem],
    participants: &[DrawnParticipant],
    number: u32,
    out: &mut String,
) {
    open_diagram(context, items, participants, out);
    numbered(
        "  ",
        items,
        number,
        out,
        |item, out| arrow(context, item, out),
        |indent, out| declared(participants, indent, out),
    );
}

/// The lines of a diagram's fence from the numbering on, which begins with this number. Each is behind `indent`;
/// `declare` writes the participants'.
pub(super) fn numbered(
    indent: &str,
    items: &[DiagramItem],
    number: u32,
    out: &mut String,
    arrow: impl Fn(&DiagramItem, &mut String),
    declare: impl Fn(&str, &mut String),
) {
    put!(out, indent, "autonumber");
    if number > 1 {
        put!(out, " ", number.to_string());
    }
    put!(out, "\n");
    declare(indent, out);
    for item in items {
        put!(out, indent);
        in_boxes(item, out);
        arrow(item, out);
    }
    put!(out, "```\n");
}

/// The lines of a diagram's fence above the numbering.
pub(super) fn open_diagram(
    context: &Context<'_>,
    items: &[DiagramItem],
    participants: &[DrawnParticipant],
    out: &mut String,
) {
    put!(out, "``` mermaid\n");
    if view::is_wide(&context.page.participants) {
        put!(out, "%%{init: {\"sequence\": {\"useMaxWidth\": false}}}%%\n");
    }
    put!(out, "sequenceDiagram\n");
    diagram_text(context, &context.page.title, items, participants, out);
}

/// Where sections are links, what a diagram of this title says to who cannot see it.
pub(super) fn diagram_text(
    context: &Context<'_>,
    title: &str,
    items: &[DiagramItem],
    participants: &[DrawnParticipant],
    out: &mut String,
) {
    if context.page.overview.is_some() {
        let text = diagram_sentence(items, participants, &context.page.phrases);
        put!(out, "  accTitle: ", mermaid(title), "\n  accDescr: ", mermaid(&text), "\n");
    }
}

/// Participants in the order of their columns, each behind `indent`.
pub(super) fn declared(participants: &[DrawnParticipant], indent: &str, out: &mut String) {
    for participant in participants {
        put!(out, indent, "participant ", participant.id);
        if let Some(label) = participant.label.as_ref().filter(|label| !label.is_empty()) {
            put!(out, " as ", mermaid(label));
        }
        put!(out, "\n");
    }
}

fn arrows(context: &Context<'_>, items: &[DiagramItem], out: &mut String) {
    for item in items {
        in_boxes(item, out);
        arrow(context, item, out);
    }
}

/// Two spaces for each box around a line of a diagram.
fn in_boxes(item: &DiagramItem, out: &mut String) {
    for _ in 0..item.depth() {
        put!(out, "  ");
    }
}

pub(super) fn arrow(context: &Context<'_>, item: &DiagramItem, out: &mut String) {
    let t = &context.words;
    match item {
        DiagramItem::Message { message, .. } if message.side == Side::Request => {
            let text = [&*message.method, " ", &*message.path].concat();
            put!(out, message.from, "->>", message.to, ": ", mermaid(&text), "\n");
        }
        DiagramItem::Message { message, .. } => {
            let mut text = String::new();
            if !t.response.is_empty() {
                put!(text, t.response, ": ");
            }
            put!(text, message.verb);
            put!(out, message.from, "-->>", message.to, ": ", mermaid(&text), "\n");
        }
        DiagramItem::Unanswered { message, .. } => {
            let mut text = t.no_response.to_owned();
            if let Some(failure) = &message.failure {
                put!(text, ": ", failure);
            }
            put!(out, "Note over ", message.from, ",", message.to, ": ", mermaid(&text), "\n");
        }
        DiagramItem::Note { position, text, .. } => {
            put!(out, "Note ", position, ": ", mermaid(text), "\n");
        }
        DiagramItem::Begin { keyword, title, .. } => put!(out, keyword, " ", mermaid(title), "\n"),
        DiagramItem::Number { number, .. } => put!(out, "autonumber ", number.to_string(), "\n"),
        DiagramItem::End { .. } => put!(out, "end\n"),
    }
}

pub(super) fn steps(context: &Context<'_>, out: &mut String) {
    for exchange in &context.page.exchanges {
        let numbers = exchange.linked_steps();
        match exchange.purpose.as_ref().filter(|purpose| !purpose.is_empty()) {
            Some(purpose) => {
                let values = [("purpose", purpose.as_str()), ("steps", numbers.as_str())];
                put!(out, "- ", fill_all(context.words.step_line, &values), "\n");
            }
            None => {
                let Message { method, path, .. } = &*exchange.request;
                put!(out, "- ", numbers, ": ", code(&format!("{method} {path}")), "\n");
            }
        }
    }
}

fn exchange(context: &Context<'_>, found: &PageExchange, options: &[FenceOptions; 2], out: &mut String) {
    message(context, &found.request, &options[0], out);
    if let Some(response) = &found.response {
        put!(out, "\n");
        message(context, response, &options[1], out);
    }
}

pub(super) fn message(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    let t = &context.words;
    put!(out, "### ");
    heading(context, message, out);
    put!(out, "\n");
    if let Some(about) = message.about.as_ref().filter(|about| !about.is_empty()) {
        put!(out, about, "\n\n");
    }
    if message.drawn_only {
        put!(out, t.drawn_only_line, "\n");
    } else {
        tabs(context, message, options, out);
    }
    if message.unanswered {
        put!(out, "\n", t.no_response_line, "\n");
    }
}

fn heading(context: &Context<'_>, message: &Message, out: &mut String) {
    super::heading(context, message, &[&*message.verb, " ", &message.path].concat(), out);
}

fn tabs(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    header_tab(context, message, options, out);
    put!(out, "    \n");
    body_tab(context, message, options, out);
}

fn header_tab(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    let info = ["http title=", &quoted(&message.title()), &options.header];
    tab(context.words.header_tab, &info, &message.headers, out);
}

fn body_tab(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    let info = [&*message.language, " title=\"\"", &options.body];
    tab(context.words.body_tab, &info, &message.body, out);
}

pub(super) fn gap(context: &Context<'_>, gap: &PageGap, out: &mut String) {
    let title = fill(context.words.gap_title, "place", &gap.place);
    put!(out, "!!! failure ", titled(&title), "\n    ", code(&gap.reason), "\n");
}
