//! The default templates, as functions.
//!
//! A template that nobody changed does the same for each of ten thousand messages, so each of the
//! defaults has a function of its name here that writes what it writes, with the same escape
//! functions that it calls as filters. The files in `templates/` are what a user gets to change: a
//! layout of which one is changed goes through minijinja as a whole. A property test holds both to
//! the same bytes. What this leaves out: the user's templates (`templates`), and what a page has to
//! say (`page`).

mod exchanges;
mod page;
mod snippets;

use std::sync::Arc;

use super::escape::{inline, titled};
use super::pieces::Piece;
use crate::page::{Block, Message, Page, Phrases};
use crate::settings::Layout;

/// Appends texts to a string, in order.
macro_rules! put {
    ($out:expr, $($text:expr),+ $(,)?) => {{ $($out.push_str(AsRef::<str>::as_ref(&$text));)+ }};
}
use put;

/// What the functions of a page see.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub(super) page: &'a Page,
    pub(super) words: Words<'a>,
}

/// Writes a piece of a page as the default templates of its layout do.
pub(super) fn write(context: &Context<'_>, piece: &Piece<'_>, out: &mut String) {
    match context.page.layout {
        Layout::Page => page::write(context, piece, out),
        Layout::Snippets => snippets::write(context, piece, out),
        Layout::Exchanges => exchanges::write(context, piece, out),
    }
}

/// What a page begins with: its title, and what it is about.
fn title(page: &Page, out: &mut String) {
    put!(out, "# ", inline(&page.title), "\n\n");
    if let Some(description) = page.description.as_ref().filter(|text| !text.is_empty()) {
        put!(out, description, "\n\n");
    }
}

/// The number of a message at the beginning of a heading, which is a link back to the diagram where the heading
/// has an anchor; `text`; and that anchor.
fn heading(context: &Context<'_>, message: &Message, text: &str, out: &mut String) {
    let number = message.number.to_string();
    match context.page.overview.as_ref().filter(|_| message.anchor.is_some()) {
        Some(overview) => {
            let back = titled(context.words.back_to_diagram);
            put!(out, "[(", number, ")](#", overview, " ", back, ") ", inline(text));
        }
        None => put!(out, "(", number, ") ", inline(text)),
    }
    anchored(message.anchor.as_ref(), out);
}

/// The end of a heading that has this anchor.
fn anchored(anchor: Option<&Arc<str>>, out: &mut String) {
    if let Some(anchor) = anchor {
        put!(out, " { #", anchor, " }");
    }
    put!(out, "\n");
}

/// A tab of this name with a block in a fence; `info` is put together behind the fence's backticks.
fn tab(name: &str, info: &[&str], block: &Block, out: &mut String) {
    put!(out, "=== \"", name, "\"\n");
    fenced(4, info, block, out);
}

/// A block in a fence, behind so many blanks.
fn fenced(indent: usize, info: &[&str], block: &Block, out: &mut String) {
    let (fence, blanks) = (block.fence(), " ".repeat(indent));
    put!(out, blanks, fence, " ");
    info.iter().for_each(|part| out.push_str(part));
    put!(out, "\n");
    block.write_indented(indent, out);
    put!(out, "\n", blanks, fence, "\n");
}

macro_rules! words {
    ($($key:ident)*) => {
        /// The phrases that the default templates use.
        #[derive(Debug)]
        pub(super) struct Words<'a> {
            $($key: &'a str,)*
        }

        impl<'a> Words<'a> {
            /// `None` where a phrase is missing: only a template knows whether it is needed.
            pub(super) fn of(phrases: &'a Phrases) -> Option<Words<'a>> {
                Some(Words { $($key: phrases.find(stringify!($key))?,)* })
            }
        }
    };
}

words! {
    reference
    command_heading
    command_title
    launch_title
    introduction
    diagram_heading
    diagram_part
    back_to_diagram
    steps_introduction
    step_line
    exchanges_heading
    header_tab
    body_tab
    output_heading
    response
    no_response
    no_response_line
    no_request_line
    drawn_only_line
    gap_title
    filtered_line
    variable
    value
    command_output_heading
    reference_title
    console_title
    messages_heading
    log_heading
    log_title
    overview_heading
    waterfall_heading
    step_column
    ends_column
    call_column
    answer_column
    when_column
    duration_column
    purpose_column
    purpose_cell
    exchange_count_one
    exchange_count
    participant_count_one
    participant_count
    error_count
    expected_error_count
    unanswered_count
    unasked_count
    client_view_introduction
    repeated_up_to
    request_tab
    response_tab
    no_body
    same_body
    long_body
    long_output
    origins
}
