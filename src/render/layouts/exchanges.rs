//! The templates of the `exchanges` layout, `templates/exchanges/*.md`, as functions of the same names.
//!
//! What this leaves out: what it has in common with the `page` layout.

use std::sync::Arc;

use super::{Context, fenced, page, put, title};
use crate::page::phrases::{fill, fill_all};
use crate::page::{Block, DiagramItem, DrawnParticipant, Entry, Message, PageExchange, Section};
use crate::render::diagram_size;
use crate::render::escape::{code, inline, link, mermaid, quoted, titled};
use crate::render::pieces::{FenceOptions, Piece};
use crate::render::view;
use crate::sequence::Side;

pub(super) fn write(context: &Context<'_>, piece: &Piece<'_>, out: &mut String) {
    match piece {
        Piece::Arrow(item) => arrow(context, item, out),
        Piece::Command => command(context, out),
        Piece::Curl(found) => curl(found, 0, out),
        Piece::Exchange(found, options) => exchange(context, found, options, out),
        Piece::ExchangeFacts(found) => exchange_facts(context, found, out),
        Piece::ExchangeHeading(found) => exchange_heading(found, out),
        Piece::ExchangeTabs(found, options) => exchange_tabs(context, found, options, out),
        Piece::Facts => facts(context, out),
        Piece::File(_) => exchanges(context, out),
        Piece::Inside(found) => inside(context, found, out),
        Piece::Output => output(context, out),
        Piece::Overview => overview(context, out),
        Piece::Rest(entries) => rest(context, entries, out),
        Piece::Sequence => sequence(context, out),
        Piece::SequencePart { items, participants, number } => {
            sequence_part(context, &context.page.title, items, participants, *number, out);
        }
        Piece::Waterfall => waterfall(context, out),
        _ => page::write(context, piece, out),
    }
}

/// The whole page.
fn exchanges(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    title(page, out);
    facts(context, out);
    put!(out, "\n");
    if page.command.is_some() || page.output.is_some() {
        put!(out, "## ", t.command_heading, "\n\n");
    }
    if let Some(reference) = &page.reference {
        put!(out, fill(t.reference, "link", &link(&reference.text, &reference.url)), "\n\n");
    }
    if page.command.is_some() {
        command(context, out);
        put!(out, "\n");
    }
    if page.output.is_some() {
        output(context, out);
        put!(out, "\n");
    }
    put!(out, "## ", t.overview_heading, "\n\n");
    overview(context, out);
    put!(out, "\n");
    page::left_out(context, out);
    put!(out, "## ", t.diagram_heading, "\n\n");
    if view::is_folded(page) {
        put!(out, t.client_view_introduction, "\n\n");
    }
    sequence(context, out);
    put!(out, "\n");
    if view::duration(page).is_some() {
        put!(out, "## ", t.waterfall_heading, "\n\n");
        waterfall(context, out);
        put!(out, "\n");
    }
    put!(out, "## ", t.exchanges_heading, "\n\n");
    for found in page.sections(&page.entries) {
        section(context, &found, out);
        put!(out, "\n");
    }
}

/// Without a prompt, which would be copied with it.
fn command(context: &Context<'_>, out: &mut String) {
    let Some(command) = &context.page.command else { return };
    let block = Block::new(command.typed().into());
    fenced(0, &["bash title=", &quoted(context.words.command_title)], &block, out);
}

fn section(context: &Context<'_>, section: &Section, out: &mut String) {
    match section {
        Section::Exchange(found) => {
            exchange(context, found, &[FenceOptions::default(), FenceOptions::default()], out);
        }
        Section::Message(found) => page::message(context, found, &FenceOptions::default(), out),
        Section::Gap(found) => page::gap(context, found, out),
    }
}

fn rest(context: &Context<'_>, entries: &[Entry], out: &mut String) {
    for (index, found) in context.page.sections(entries).iter().enumerate() {
        if index > 0 {
            put!(out, "\n");
        }
        section(context, found, out);
    }
}

fn facts(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    let counted = |count: usize, one: &str, many: &str| {
        fill(if count == 1 { one } else { many }, "count", &count.to_string())
    };
    put!(out, counted(page.exchanges.len(), t.exchange_count_one, t.exchange_count));
    if !page.participants.is_empty() {
        put!(out, " · ", counted(page.participants.len(), t.participant_count_one, t.participant_count));
    }
    if let Some(duration) = view::duration(page) {
        put!(out, " · ", duration.to_string());
    }
    for error in view::errors(page) {
        let phrase = if error.is_expected { t.expected_error_count } else { t.error_count };
        let values = [("count", &*error.count.to_string()), ("status", &*code(&error.status))];
        put!(out, " · ", fill_all(phrase, &values));
    }
    let unanswered = view::unanswered(page);
    if unanswered > 0 {
        put!(out, " · ", fill(t.unanswered_count, "count", &unanswered.to_string()));
    }
    let unasked = view::unasked(page);
    if unasked > 0 {
        put!(out, " · ", fill(t.unasked_count, "count", &unasked.to_string()));
    }
    put!(out, "\n");
}

fn output(context: &Context<'_>, out: &mut String) {
    let Some(output) = &context.page.output else { return };
    let lines = view::lines(&output.block);
    if lines <= view::LONG_OUTPUT {
        return page::write(context, &Piece::Output, out);
    }
    put!(out, "??? quote ", titled(&fill(context.words.long_output, "count", &lines.to_string())), "\n");
    fenced(4, &[output.language, " title=", &quoted(&output.title)], &output.block, out);
}

fn overview(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    let is_timed = view::duration(page).is_some();
    let is_explained = view::is_explained(page);
    put!(out, "| ", t.step_column, " { ");
    if let Some(overview) = &page.overview {
        put!(out, "#", overview, " ");
    }
    put!(out, ".docgen-overview } | ", t.ends_column, " | ", t.call_column, " | ", t.answer_column, " |");
    if is_timed {
        put!(out, " ", t.duration_column, " |");
    }
    if is_explained {
        put!(out, " ", t.purpose_column, " |");
    }
    put!(out, "\n| --- | --- | --- | --- |", if is_timed { " --: |" } else { "" });
    put!(out, if is_explained { " --- |" } else { "" }, "\n");
    for found in shown(context) {
        overview_row(context, found, is_timed, is_explained, out);
    }
}

fn overview_row(
    context: &Context<'_>,
    found: &PageExchange,
    is_timed: bool,
    is_explained: bool,
    out: &mut String,
) {
    let relations = &found.relations;
    put!(out, "| ", found.linked_steps());
    if let Some(run) = &relations.run {
        put!(out, " ×", run.count.to_string());
    }
    if let Some(anchor) = found.row_anchor() {
        put!(out, " { #", anchor, " }");
    }
    put!(out, " | ");
    emspaces(relations.depth, out);
    put!(out, if relations.depth > 0 { "↳ " } else { "" });
    put!(out, inline(&relations.from), " → ", inline(&relations.to), " | ", code(&found.call()), " | ");
    answer(context, found, out);
    put!(out, " |");
    if is_timed {
        put!(out, " ", view::lasted(found).map(|lasted| lasted.to_string()).unwrap_or_default(), " |");
    }
    if is_explained {
        let purpose = found.purpose.as_deref().filter(|purpose| !purpose.is_empty());
        let purpose = purpose.map(|purpose| fill(context.words.purpose_cell, "purpose", purpose));
        put!(out, " ", purpose.unwrap_or_default(), " |");
    }
    put!(out, "\n");
}

fn waterfall(context: &Context<'_>, out: &mut String) {
    let Context { page, words: t } = context;
    let Some(whole) = view::duration(page) else { return };
    put!(out, "| ", t.step_column, " { .docgen-waterfall } | ", t.call_column, " | ", t.when_column, " | ");
    put!(out, t.duration_column, " |\n| --- | --- | --- | --: |\n");
    for found in shown(context) {
        let Some(timing) = found.relations.timing else { continue };
        put!(out, "| ", found.linked_steps(), " | ");
        emspaces(found.relations.depth, out);
        put!(out, inline(&found.relations.to), " ", code(&found.call()), " | <svg class=\"docgen-bar");
        put!(out, if found.is_error() { " docgen-error" } else { "" });
        put!(out, "\" viewBox=\"0 0 1000 16\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect x=\"");
        let [begins, takes] = view::bar(timing, whole).map(|parts| parts.to_string());
        put!(out, begins, "\" width=\"", takes, "\" height=\"16\"></rect></svg> | ");
        put!(out, view::lasted(found).map(|lasted| lasted.to_string()).unwrap_or_default(), " |\n");
    }
}

/// The exchanges that tables list: all that are not told of with another one.
fn shown<'a>(context: &'a Context<'_>) -> impl Iterator<Item = &'a Arc<PageExchange>> {
    context.page.exchanges.iter().filter(|found| found.relations.folded_into.is_none())
}

fn emspaces(count: usize, out: &mut String) {
    (0..count).for_each(|_| put!(out, "&emsp;"));
}

fn answer(context: &Context<'_>, found: &PageExchange, out: &mut String) {
    let bold = if found.is_error() { "**" } else { "" };
    match &found.response {
        Some(response) => put!(out, bold, inline(&response.verb), bold),
        None => put!(out, "**", context.words.no_response, "**"),
    }
}

fn sequence(context: &Context<'_>, out: &mut String) {
    let items = &context.page.client_view;
    drawn(context, &context.page.title, items, view::first_number(items), out);
}

fn inside(context: &Context<'_>, found: &PageExchange, out: &mut String) {
    let title = [&*found.steps(), " ", &found.call()].concat();
    drawn(context, &title, &found.relations.inside, found.request.number, out);
}

/// A diagram, in parts where it is too long for mermaid.
fn drawn(context: &Context<'_>, title: &str, items: &[DiagramItem], number: u32, out: &mut String) {
    let parts = diagram_size::parts_of(context.page, items);
    if parts.is_empty() {
        sequence_part(context, title, items, &view::participants_of(context.page, items), number, out);
    }
    page::in_parts(context, &parts, out, |part, out| {
        sequence_part(context, title, &part.items, &part.participants, part.first(), out);
    });
}

fn sequence_part(
    context: &Context<'_>,
    title: &str,
    items: &[DiagramItem],
    participants: &[DrawnParticipant],
    number: u32,
    out: &mut String,
) {
    put!(
        out,
        "``` mermaid\n%%{init: {\"sequence\": {\"useMaxWidth\": false, \"width\": 110, \"height\": 40, "
    );
    put!(out, "\"actorMargin\": 24, \"messageMargin\": 26, \"diagramMarginX\": 4}}}%%\nsequenceDiagram\n");
    page::diagram_text(context, title, items, participants, out);
    page::numbered(
        "  ",
        items,
        number,
        out,
        |item, out| arrow(context, item, out),
        |indent, out| page::declared(participants, indent, out),
    );
}

fn arrow(context: &Context<'_>, item: &DiagramItem, out: &mut String) {
    match item {
        DiagramItem::Message { message, .. } if message.side == Side::Response => {
            put!(out, message.from, "-->>", message.to, ": ", mermaid(&message.verb), "\n");
        }
        item => page::arrow(context, item, out),
    }
}

fn exchange(context: &Context<'_>, found: &PageExchange, options: &[FenceOptions; 2], out: &mut String) {
    put!(out, if found.relations.depth > 0 { "#### " } else { "### " });
    exchange_heading(found, out);
    put!(out, "\n");
    exchange_facts(context, found, out);
    put!(out, "\n");
    if let Some(about) = found.request.about.as_ref().filter(|about| !about.is_empty()) {
        put!(out, about, "\n\n");
    }
    if !found.relations.inside.is_empty() {
        inside(context, found, out);
        put!(out, "\n");
    }
    exchange_tabs(context, found, options, out);
}

fn exchange_heading(found: &PageExchange, out: &mut String) {
    put!(out, found.steps(), " ", inline(&found.call()));
    super::anchored(found.request.anchor.as_ref(), out);
}

fn exchange_facts(context: &Context<'_>, found: &PageExchange, out: &mut String) {
    let Context { page, words: t } = context;
    let relations = &found.relations;
    put!(out, code(&relations.from), " → ", code(&relations.to), " · ");
    answer(context, found, out);
    if let Some(lasted) = view::lasted(found) {
        put!(out, " · ", lasted.to_string());
    }
    if let Some(run) = &relations.run {
        let last = found.request.linked(&format!("({})", run.last));
        let values = [("count", &*run.count.to_string()), ("step", &*last)];
        put!(out, " · ", fill_all(t.repeated_up_to, &values));
    }
    if let Some(url) = found.api_reference.as_ref().filter(|url| !url.is_empty()) {
        put!(out, " · ", link(page.phrases.get("api_reference"), url));
    }
    if let Some(overview) = &page.overview {
        let row = found.row_anchor();
        put!(out, " · [↑ ", t.overview_heading, "](#", row.as_deref().unwrap_or(overview), ")");
    }
    put!(out, "\n");
}

fn exchange_tabs(context: &Context<'_>, found: &PageExchange, options: &[FenceOptions; 2], out: &mut String) {
    let Context { page, words: t } = context;
    if found.request.drawn_only {
        return put!(out, t.drawn_only_line, "\n");
    }
    let [of_request, of_response] = options;
    let [same_request, same_response] = view::same_bodies(page, found);
    if !found.is_response_alone {
        put!(out, "=== \"", t.request_tab, "\"\n");
        content(context, &found.request, of_request, same_request.as_deref(), out);
        origins(context, found, out);
    }
    if let Some(response) = &found.response {
        let is_open = of_response.is_highlighted && !of_request.is_highlighted;
        put!(
            out,
            if found.is_response_alone { "" } else { "\n" },
            "===",
            if is_open { "+" } else { "" },
            " \"",
            t.response_tab,
            "\"\n"
        );
        content(context, response, of_response, same_response.as_deref(), out);
    }
    if found.curl.as_ref().is_some_and(|curl| !curl.text().is_empty()) {
        put!(out, "\n=== \"curl\"\n");
        curl(found, 4, out);
    }
    if found.request.unanswered {
        put!(out, "\n", t.no_response_line, "\n");
    }
    if found.is_response_alone {
        put!(out, "\n", t.no_request_line, "\n");
    }
}

fn content(
    context: &Context<'_>,
    message: &Message,
    options: &FenceOptions,
    same: Option<&str>,
    out: &mut String,
) {
    let t = &context.words;
    fenced(4, &["http title=", &quoted(&message.title()), &options.header], &message.headers, out);
    put!(out, "\n");
    let lines = view::lines(&message.body);
    let count = lines.to_string();
    let is_marked = !options.body.is_empty();
    if !message.has_body {
        put!(out, "    ", t.no_body, "\n");
    } else if let Some(step) = same.filter(|_| !is_marked) {
        put!(out, "    ", fill_all(t.same_body, &[("count", &count), ("step", step)]), "\n");
    } else if lines > view::LONG_BODY {
        put!(out, "    ???", if is_marked { "+" } else { "" }, " abstract ");
        put!(out, titled(&fill(t.long_body, "count", &count)), "\n");
        let is_plain = lines > view::LONGEST_COLOURED && !is_marked;
        let language = if is_plain { "text" } else { &*message.language };
        fenced(8, &[language, " title=\"\"", &options.body], &message.body, out);
    } else {
        fenced(4, &[&*message.language, " title=\"\"", &options.body], &message.body, out);
    }
}

/// Where the values of an exchange's request are from.
fn origins(context: &Context<'_>, found: &PageExchange, out: &mut String) {
    let relations = &found.relations;
    if relations.origins.is_empty() {
        return;
    }
    put!(out, "\n    ", context.words.origins, " ");
    for (index, origin) in relations.origins.iter().enumerate() {
        let step = view::message(context.page, origin.of).map(|message| message.step());
        put!(out, if index > 0 { " · " } else { "" }, code(&origin.at), " ← ");
        put!(out, step.unwrap_or_default(), " ", code(&origin.there));
    }
    if relations.more_origins > 0 {
        put!(out, " · +", relations.more_origins.to_string());
    }
    put!(out, "\n");
}

/// The request as a command, behind so many blanks.
fn curl(found: &PageExchange, indent: usize, out: &mut String) {
    if let Some(block) = &found.curl {
        fenced(indent, &["bash"], block, out);
    }
}
