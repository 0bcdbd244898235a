//! The default snippets, taken apart once.
//!
//! A docs build lays out many messages, and the default templates do the same with
//! each: some text, a field, some text. So the templates are rendered once with
//! marks in the place of the fields, and every message after that is its fields
//! between the pieces. A message for which a filter would do something (a backtick
//! in a path, say) takes the way through the template. So does the index of a page
//! that has more to show than messages. What this leaves out:
//! templates of the user's, which may do anything with a field.

use crate::lines::{Indenter, Lines};
use crate::page::{
    Bare, Block, DrawnParticipant, Entry, Message, Page, Phrases, Shown, ShownCall, ShownMessage,
};
use crate::sequence::Side;
use crate::text::Text;

use super::{escape, view};

/// A template's output for any plain message.
#[derive(Debug)]
pub(super) struct Skeleton {
    request: Vec<Part>,
    response: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Literal(Literal),
    /// What heads a message and both its fences: its verb and path, without the query.
    Summary,
    /// A field; with a number, each of its lines has so many spaces before it.
    Field(Field, Option<usize>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    Number,
    Status,
    Method,
    Reason,
    Path,
    RawPath,
    Client,
    Server,
    From,
    To,
    Headers,
    Body,
}

/// Text between two fields.
#[derive(Debug)]
struct Literal {
    /// Its first bytes, and as many of any kind as make them the same number always: to copy a
    /// fixed length and drop what is too much needs no call.
    first: [u8; Literal::FIRST],
    /// How many of them are its own.
    length: usize,
    rest: Vec<u8>,
}

impl Literal {
    const FIRST: usize = 32;

    fn new(text: &str) -> Literal {
        let (first, rest) = text.as_bytes().split_at(text.len().min(Literal::FIRST));
        let mut padded = [b' '; Literal::FIRST];
        padded[..first.len()].copy_from_slice(first);
        Literal { first: padded, length: first.len(), rest: rest.to_vec() }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.first);
        out.truncate(out.len() - (Literal::FIRST - self.length));
        if !self.rest.is_empty() {
            out.extend_from_slice(&self.rest);
        }
    }
}

/// Numbers that no message has.
const NUMBER: u32 = 3_999_999_901;
const STATUS: u16 = 64_901;

/// The marks of a request's and a response's summary.
const SUMMARIES: [&str; 2] = ["zqMethodqz zqRawqz", "64901 zqReasonqz zqRawqz"];

/// Words that no filter changes.
const MARKS: [(&str, Field); 12] = [
    ("3999999901", Field::Number),
    ("64901", Field::Status),
    ("zqMethodqz", Field::Method),
    ("zqReasonqz", Field::Reason),
    ("zqPathqz", Field::Path),
    ("zqRawqz", Field::RawPath),
    ("zqClientqz", Field::Client),
    ("zqServerqz", Field::Server),
    ("zqFromqz", Field::From),
    ("zqToqz", Field::To),
    ("zqHeadersqz", Field::Headers),
    ("zqBodyqz", Field::Body),
];

impl Skeleton {
    /// Takes apart what `render` makes of one message. `None` where a mark got lost on the way.
    pub(super) fn new<E>(
        mut render: impl FnMut(Message) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Skeleton>, E> {
        let (request, response) = (render(probe(Side::Request))?, render(probe(Side::Response))?);
        let parts = |bytes: Vec<u8>| Some(take_apart(&String::from_utf8(bytes).ok()?));
        Ok(parts(request).zip(parts(response)).map(|(request, response)| Skeleton { request, response }))
    }

    /// Writes messages that all [`fit`]. `lines` is the text that most of them are cut from.
    pub(super) fn write(&self, shown: &Shown<'_>, lines: &Lines, out: &mut Vec<u8>) {
        let mut indenter = Indenter::new(lines);
        let mut summary = Vec::new();
        for message in &shown.messages {
            let parts = match message.side {
                Side::Request => &self.request,
                Side::Response => &self.response,
            };
            summary.clear();
            for part in parts {
                match part {
                    Part::Literal(literal) => literal.write(out),
                    Part::Summary => {
                        if summary.is_empty() {
                            summarize(message, &shown.calls[message.call], lines, &mut summary);
                        }
                        out.extend_from_slice(&summary);
                    }
                    Part::Field(field, indent) => {
                        let mut digits = itoa::Buffer::new();
                        let text = field.of(message, &shown.calls[message.call], &mut digits);
                        match indent {
                            Some(indent) => indenter.write(text, *indent, out),
                            None => lines.write(text, out),
                        }
                    }
                }
            }
        }
    }
}

/// Writes what [`Part::Summary`] stands for.
fn summarize(message: &ShownMessage<'_>, call: &ShownCall<'_>, lines: &Lines, out: &mut Vec<u8>) {
    match message.side {
        Side::Request => lines.write(call.method, out),
        Side::Response => {
            out.extend_from_slice(itoa::Buffer::new().format(message.status).as_bytes());
            out.push(b' ');
            lines.write(message.reason, out);
        }
    }
    out.push(b' ');
    lines.write(&call.raw_path, out);
}

/// What `index.md` is for a page that has nothing but messages to show.
#[derive(Debug)]
pub(super) struct Index {
    /// For a diagram that keeps to the page's column.
    narrow: String,
    /// For one that does not.
    wide: String,
}

/// What stands for the title: a word that no filter changes.
const TITLE: &str = "zqTitleqz";
/// What stands for the path of the snippets, which no filter sees: no plain title has it.
const PREFIX: &str = "#zqPrefixqz#";

impl Index {
    /// Takes what `render` makes of a page.
    pub(super) fn new<E>(
        phrases: &Phrases,
        mut render: impl FnMut(Page) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Index>, E> {
        let mut of = |participants| {
            let (title, snippet_prefix) = (TITLE.to_owned(), PREFIX.to_owned());
            let page = Page::of_message(probe(Side::Request), phrases.clone());
            let participants = vec![DrawnParticipant::default(); participants];
            render(Page { title, snippet_prefix, participants, ..page })
        };
        let (narrow, wide) = (of(0)?, of(view::WIDE)?);
        let texts = String::from_utf8(narrow).ok().zip(String::from_utf8(wide).ok());
        Ok(texts.map(|(narrow, wide)| Index { narrow, wide }))
    }

    /// The file for this page; `None` where it shows more than the index stands for.
    pub(super) fn of(&self, page: &Page) -> Option<String> {
        let fits = page.description.is_none()
            && page.command.is_none()
            && page.reference.is_none()
            && page.filtered == 0
            && page.exchanges.iter().all(|exchange| exchange.purpose.is_none())
            && page.log.fits_plain_fence();
        if !fits {
            return None;
        }
        self.filled(&page.title, &page.snippet_prefix, page.participants.len())
    }

    /// The same for a page of messages alone.
    pub(super) fn of_bare(&self, page: &Bare<'_>) -> Option<String> {
        self.filled(&page.title, &page.snippet_prefix, page.participants)
    }

    fn filled(&self, title: &str, snippet_prefix: &str, participants: usize) -> Option<String> {
        let text = if participants < view::WIDE { &self.narrow } else { &self.wide };
        let is_plain = escape::is_inert(title);
        is_plain.then(|| text.replacen(TITLE, title, 1).replace(PREFIX, snippet_prefix))
    }
}

/// What a page shows of its messages, if it has nothing but messages, and every filter of the
/// templates leaves their fields as they are.
pub(super) fn shown(page: &Page) -> Option<Shown<'_>> {
    let is_whole = |message: &&Message| {
        message.headers.fits_plain_fence()
            && message.body.fits_plain_fence()
            && !message.unanswered
            && !message.drawn_only
    };
    let mut shown = Shown::default();
    for entry in &page.entries {
        shown.push(message(entry).filter(is_whole)?);
    }
    fit(&shown).then_some(shown)
}

fn message(entry: &Entry) -> Option<&Message> {
    match entry {
        Entry::Message(message) => Some(message),
        Entry::Gap(_) => None,
    }
}

impl Field {
    /// What it is on a message of this call.
    fn of<'a>(
        self,
        message: &'a ShownMessage<'_>,
        call: &'a ShownCall<'_>,
        digits: &'a mut itoa::Buffer,
    ) -> &'a str {
        let [from, to] = match message.side {
            Side::Request => [call.client_id, call.server_id],
            Side::Response => [call.server_id, call.client_id],
        };
        match self {
            Field::Number => digits.format(message.number),
            Field::Status => digits.format(message.status),
            Field::Method => call.method,
            Field::Reason => message.reason,
            Field::Path => &call.path,
            Field::RawPath => &call.raw_path,
            Field::Client => call.client,
            Field::Server => call.server,
            Field::From => from,
            Field::To => to,
            Field::Headers => message.headers,
            Field::Body => &message.body,
        }
    }
}

/// Whether every filter of the templates leaves the messages' fields as they are.
pub(super) fn fit(shown: &Shown<'_>) -> bool {
    let before = std::iter::once(None).chain(shown.calls.iter().map(Some));
    let calls_fit = shown.calls.iter().zip(before).all(|(call, before)| call_fits(call, before));
    // Most verbs are the last one of their kind.
    let (mut method, mut reason) = ("", "");
    calls_fit
        && shown.messages.iter().all(|message| {
            let (known, verb) = match message.side {
                Side::Request => (&mut method, shown.calls[message.call].method),
                Side::Response => (&mut reason, message.reason),
            };
            let fits = !verb.is_empty() && (verb == *known || verb_fits(verb));
            *known = verb;
            fits
        })
}

fn verb_fits(verb: &str) -> bool {
    verb.trim() == verb && !has_any(verb, b'%', b'/') && escape::is_inert(verb)
}

/// Whether the filters leave what a call shows of itself. Most of it is that of the call before,
/// which fits. That says nothing of a method, which no response shows.
fn call_fits(call: &ShownCall<'_>, before: Option<&ShownCall<'_>>) -> bool {
    let is_known =
        |text: &str, of: for<'s> fn(&'s ShownCall<'_>) -> &'s str| before.is_some_and(|it| of(it) == text);
    // A path of two words would be another path next to its verb; `inert` looks at one text at a time.
    let path_is_plain =
        |path: &str| path.starts_with('/') && !has_any(path, b' ', b'%') && escape::is_inert(path);
    !has_any(call.method, b'%', b'/')
        && (is_known(&call.path, |it| &it.path) || path_is_plain(&call.path))
        && (call.raw_path == call.path || path_is_plain(&call.raw_path))
        && [call.client, call.server].iter().all(|name| !name.is_empty())
        && (is_known(call.client, |it| it.client) || escape::is_inert(call.client))
        && (is_known(call.server, |it| it.server) || escape::is_inert(call.server))
}

fn has_any(text: &str, a: u8, b: u8) -> bool {
    memchr::memchr2(a, b, text.as_bytes()).is_some()
}

fn probe(side: Side) -> Message {
    let mark = |field| MARKS.iter().find(|(_, known)| *known == field).map_or("", |(mark, _)| *mark);
    Message {
        number: NUMBER,
        side,
        exchange: 0,
        from: mark(Field::From).into(),
        to: mark(Field::To).into(),
        client: mark(Field::Client).into(),
        server: mark(Field::Server).into(),
        method: mark(Field::Method).into(),
        status: STATUS,
        reason: mark(Field::Reason).into(),
        path: mark(Field::Path).into(),
        raw_path: mark(Field::RawPath).into(),
        url: Text::new(),
        headers: Block::new(mark(Field::Headers).into()),
        body: Block::new(mark(Field::Body).into()),
        language: "json".into(),
        about: None,
        unanswered: false,
        drawn_only: false,
    }
}

fn take_apart(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let next = SUMMARIES.iter().filter_map(|summary| Some((rest.find(summary)?, summary)));
        let Some((at, summary)) = next.min() else { break };
        take_fields_apart(&rest[..at], &mut parts);
        parts.push(Part::Summary);
        rest = &rest[at + summary.len()..];
    }
    take_fields_apart(rest, &mut parts);
    parts
}

fn take_fields_apart(text: &str, parts: &mut Vec<Part>) {
    let mut rest = text;
    loop {
        let next = MARKS.iter().filter_map(|(mark, field)| Some((rest.find(mark)?, mark, *field)));
        let Some((at, mark, field)) = next.min_by_key(|(at, ..)| *at) else { break };
        let mut literal = &rest[..at];
        let part = match field {
            // Lines that are written one by one need their indent each.
            Field::Headers | Field::Body => {
                let before = literal.trim_end_matches(' ');
                let indent = literal.len() - before.len();
                literal = before;
                Part::Field(field, Some(indent))
            }
            field => Part::Field(field, None),
        };
        parts.push(Part::Literal(Literal::new(literal)));
        parts.push(part);
        rest = &rest[at + mark.len()..];
    }
    parts.push(Part::Literal(Literal::new(rest)));
}
