//! The templates of the `snippets` layout, `templates/snippets/*.md`, as functions of the same names.
//!
//! What this leaves out: what it has in common with the `page` layout.

use super::{Context, anchored, fenced, page, put, tab, title};
use crate::page::{DiagramItem, DrawnParticipant, Entry, Message, PageExchange};
use crate::render::diagram_size;
use crate::render::escape::{code, link, mermaid, quoted, titled};
use crate::render::pieces::{FenceOptions, Piece};
use crate::render::view;
use crate::sequence::Side;

pub(super) fn write(context: &Context<'_>, piece: &Piece<'_>, out: &mut String) {
    match piece {
        Piece::Arrow(item) => arrow(context, item, out),
        Piece::Arrows(items) => arrows(context, items, out),
        Piece::BodyTab(message, options) => body_tab(context, message, options, out),
        Piece::Command => command(context, out),
        Piece::File(file) => match file.template {
            "body" => body(context, out),
            "diagram" => diagram(context, out),
            "index" => index(context, out),
            _ => context.page.log.write_indented(0, out),
        },
        Piece::Exchange(found, options) => exchange(context, found, options, out),
        Piece::FullLog => full_log(context, out),
        Piece::HeaderTab(message, options) => header_tab(context, message, options, out),
        Piece::Heading(message) => heading(context, message, out),
        Piece::Message(found, options) => message(context, found, options, out),
        Piece::Rest(entries) => rest(context, entries, out),
        Piece::Sequence => sequence(context, out),
        Piece::SequencePart { items, participants, number } => {
            sequence_part(context, items, participants, *number, out);
        }
        Piece::Tabs(message, options) => tabs(context, message, options, out),
        _ => page::write(context, piece, out),
    }
}

fn index(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    title(page, out);
    if page.reference.is_some() || page.command.is_some() {
        put!(out, "## ", t.command_output_heading, "\n\n");
    }
    if let Some(reference) = &page.reference {
        put!(out, "!!! reference ", titled(t.reference_title), "\n");
        put!(out, "    ", link(&reference.text, &reference.url), "\n\n");
    }
    if page.command.is_some() {
        command(context, out);
        put!(out, "\n");
    }
    put!(out, "\n## ", t.diagram_heading);
    anchored(page.overview.as_ref(), out);
    put!(out, "\n");
    sequence(context, out);
    put!(out, "\n");
    page::explain(context, out);
    put!(out, "## ", t.messages_heading, "\n\n");
    put!(out, "--8<-- \"", page.snippet_prefix, "body.md\"\n\n");
    put!(out, "## ", t.log_heading, "\n\n");
    full_log(context, out);
}

fn body(context: &Context<'_>, out: &mut String) {
    for found in &context.page.entries {
        put!(out, "\n");
        entry(context, found, out);
        put!(out, "\n");
    }
}

fn diagram(context: &Context<'_>, out: &mut String) {
    declared(&context.page.participants, "", out);
    arrows(context, &context.page.diagram, out);
}

fn entry(context: &Context<'_>, entry: &Entry, out: &mut String) {
    match entry {
        Entry::Message(found) => message(context, found, &FenceOptions::default(), out),
        Entry::Gap(found) => page::gap(context, found, out),
    }
}

fn rest(context: &Context<'_>, entries: &[Entry], out: &mut String) {
    for (index, found) in entries.iter().enumerate() {
        if index > 0 {
            put!(out, "\n\n");
        }
        entry(context, found, out);
    }
}

fn command(context: &Context<'_>, out: &mut String) {
    let Some(command) = &context.page.command else { return };
    put!(out, "??? example ", titled(command.first_line()), "\n");
    let info = ["console title=", &quoted(context.words.console_title), " linenums=\"1\""];
    fenced(4, &info, &view::console(context.page), out);
}

fn full_log(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    let fence = page.log.fence();
    put!(out, "??? quote ", titled(t.log_title), "\n");
    put!(out, "    ", fence, " text title=\"\" linenums=\"1\"\n");
    put!(out, "    --8<-- \"", page.snippet_prefix, "log.md\"\n    ", fence, "\n");
}

fn sequence(context: &Context<'_>, out: &mut String) {
    let parts = diagram_size::parts(context.page);
    if !parts.is_empty() {
        return page::in_parts(context, &parts, out, |part, out| {
            sequence_part(context, &part.items, &part.participants, part.first(), out);
        });
    }
    page::open_diagram(context, &context.page.diagram, &context.page.participants, out);
    put!(out, "    autonumber\n    --8<-- \"", context.page.snippet_prefix, "diagram.md\"\n```\n");
}

fn sequence_part(
    context: &Context<'_>,
    items: &[DiagramItem],
    participants: &[DrawnParticipant],
    number: u32,
    out: &mut String,
) {
    page::open_diagram(context, items, participants, out);
    page::numbered(
        "    ",
        items,
        number,
        out,
        |item, out| arrow(context, item, out),
        |indent, out| declared(participants, indent, out),
    );
}

/// Of participants that messages name by ids that docgen made up, what they stand for; each behind `indent`.
fn declared(participants: &[DrawnParticipant], indent: &str, out: &mut String) {
    for participant in participants.iter().filter(|participant| participant.aliased) {
        let label = participant.label.as_deref().unwrap_or_default();
        put!(out, indent, "participant ", participant.id, " as ", mermaid(label), "\n");
    }
}

fn arrows(context: &Context<'_>, items: &[DiagramItem], out: &mut String) {
    for item in items {
        arrow(context, item, out);
    }
}

fn arrow(context: &Context<'_>, item: &DiagramItem, out: &mut String) {
    match item {
        DiagramItem::Message { message, .. } if message.side == Side::Response => {
            let text = [&*message.verb, " ", &message.path].concat();
            put!(out, message.from, "-->>", message.to, ": ", mermaid(&text), "\n");
        }
        item => page::arrow(context, item, out),
    }
}

fn exchange(context: &Context<'_>, found: &PageExchange, options: &[FenceOptions; 2], out: &mut String) {
    message(context, &found.request, &options[0], out);
    if let Some(response) = &found.response {
        put!(out, "\n\n");
        message(context, response, &options[1], out);
    }
}

fn message(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    let arrow = if message.side == Side::Response { " <-- " } else { " --> " };
    put!(out, "### ");
    heading(context, message, out);
    put!(out, code(&message.client), arrow, code(&message.server), "\n\n");
    tabs(context, message, options, out);
}

fn heading(context: &Context<'_>, message: &Message, out: &mut String) {
    super::heading(context, message, &message.summary(), out);
}

fn tabs(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    header_tab(context, message, options, out);
    put!(out, "\n");
    body_tab(context, message, options, out);
}

fn header_tab(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    let info = ["http title=", &quoted(&message.summary()), " linenums=\"1\"", &options.header];
    tab(context.words.header_tab, &info, &message.headers, out);
}

fn body_tab(context: &Context<'_>, message: &Message, options: &FenceOptions, out: &mut String) {
    let info = ["json title=", &quoted(&message.summary()), " linenums=\"1\"", &options.body];
    tab(context.words.body_tab, &info, &message.body, out);
}
