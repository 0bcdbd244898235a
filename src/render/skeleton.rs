//! The default snippets, taken apart once.
//!
//! A docs build lays out many messages, and the default templates do the same with
//! each: some text, a field, some text. So the templates are rendered once with
//! marks in the place of the fields, and every message after that is its fields
//! between the pieces. A message for which a filter would do something (a backtick
//! in a path, say) takes the way through the template. So does the index of a page
//! that has more to show than messages. What this leaves out:
//! templates of the user's, which may do anything with a field.

use crate::page::{Block, Entry, Message, Page, Phrases};
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
    Literal(String),
    Field(Field),
    Lines(Lines, usize),
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
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Lines {
    Headers,
    Body,
}

/// Numbers that no message has.
const NUMBER: u32 = 3_999_999_901;
const STATUS: u16 = 64_901;

/// Words that no filter changes.
const MARKS: [(&str, Field); 10] = [
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
];
const HEADERS: &str = "zqHeadersqz";
const BODY: &str = "zqBodyqz";

impl Skeleton {
    /// Takes apart what `render` makes of one message. `None` where a mark got lost on the way.
    pub(super) fn new<E>(
        mut render: impl FnMut(Message) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Skeleton>, E> {
        let (request, response) = (render(probe(Side::Request))?, render(probe(Side::Response))?);
        let parts = |bytes: Vec<u8>| Some(take_apart(&String::from_utf8(bytes).ok()?));
        Ok(parts(request).zip(parts(response)).map(|(request, response)| Skeleton { request, response }))
    }

    /// Writes every message of a page for which [`fits`] holds.
    pub(super) fn write(&self, page: &Page, out: &mut String) {
        for message in page.entries.iter().filter_map(message) {
            let parts = match message.side {
                Side::Request => &self.request,
                Side::Response => &self.response,
            };
            for part in parts {
                part.write(message, out);
            }
        }
    }
}

/// What `index.md` is for a page that has nothing but messages to show.
#[derive(Debug)]
pub(super) struct Index(String);

/// What stands for the title: a word that no filter changes.
const TITLE: &str = "zqTitleqz";
/// What stands for the path of the snippets, which no filter sees: no plain title has it.
const PREFIX: &str = "#zqPrefixqz#";

impl Index {
    /// Takes what `render` makes of a page.
    pub(super) fn new<E>(
        phrases: &Phrases,
        render: impl FnOnce(Page) -> Result<Vec<u8>, E>,
    ) -> Result<Option<Index>, E> {
        let (title, snippet_prefix) = (TITLE.to_owned(), PREFIX.to_owned());
        let page = Page { title, snippet_prefix, ..Page::of_message(probe(Side::Request), phrases.clone()) };
        Ok(String::from_utf8(render(page)?).ok().map(Index))
    }

    /// The file for this page; `None` where it shows more than the index stands for.
    pub(super) fn of(&self, page: &Page) -> Option<String> {
        let fits = page.description.is_none()
            && page.command.is_none()
            && page.reference.is_none()
            && page.filtered == 0
            && !view::is_wide(page)
            && page.exchanges.iter().all(|exchange| exchange.purpose.is_none())
            && page.log.fits_plain_fence()
            && escape::is_inert(&page.title);
        fits.then(|| self.0.replacen(TITLE, &page.title, 1).replace(PREFIX, &page.snippet_prefix))
    }
}

/// Whether a page has nothing but messages, and every filter of the templates leaves their fields
/// as they are.
pub(super) fn fits(page: &Page) -> bool {
    page.entries.iter().all(|entry| message(entry).is_some_and(is_plain))
}

fn message(entry: &Entry) -> Option<&Message> {
    match entry {
        Entry::Message(message) => Some(message),
        Entry::Gap(_) => None,
    }
}

impl Part {
    fn write(&self, message: &Message, out: &mut String) {
        let field = match self {
            Part::Literal(text) => return out.push_str(text),
            Part::Lines(lines, indent) => {
                let block = match lines {
                    Lines::Headers => &message.headers,
                    Lines::Body => &message.body,
                };
                return block.write_indented(*indent, out);
            }
            Part::Field(field) => field,
        };
        match field {
            Field::Number => out.push_str(&message.number.to_string()),
            Field::Status => out.push_str(&message.status.to_string()),
            Field::Method => out.push_str(&message.method),
            Field::Reason => out.push_str(&message.reason),
            Field::Path => out.push_str(&message.path),
            Field::RawPath => out.push_str(&message.raw_path),
            Field::Client => out.push_str(&message.client),
            Field::Server => out.push_str(&message.server),
            Field::From => out.push_str(&message.from),
            Field::To => out.push_str(&message.to),
        }
    }
}

/// Whether every filter of the templates leaves this message's fields as they are.
fn is_plain(message: &Message) -> bool {
    // A path of two words would be another path next to its verb; `inert` looks at one text at a time.
    let path_is_plain =
        |path: &str| path.starts_with('/') && !path.contains([' ', '%']) && escape::is_inert(path);
    let verb_is_plain = match message.side {
        Side::Request => !message.method.is_empty() && escape::is_inert(&message.method),
        Side::Response => {
            !message.reason.is_empty()
                && message.reason.trim() == &*message.reason
                && escape::is_inert(&message.reason)
        }
    };
    verb_is_plain
        && !message.method.contains(['%', '/'])
        && !message.reason.contains(['%', '/'])
        && path_is_plain(&message.path)
        && (message.raw_path == message.path || path_is_plain(&message.raw_path))
        && escape::is_inert(&message.client)
        && escape::is_inert(&message.server)
        && message.headers.fits_plain_fence()
        && message.body.fits_plain_fence()
        && !message.unanswered
        && !message.drawn_only
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
        headers: Block::new(HEADERS.into()),
        body: Block::new(BODY.into()),
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
        let fields = MARKS.iter().map(|(mark, field)| (*mark, Part::Field(*field)));
        let lines = [(HEADERS, Part::Lines(Lines::Headers, 0)), (BODY, Part::Lines(Lines::Body, 0))];
        let next = fields.chain(lines).filter_map(|(mark, part)| Some((rest.find(mark)?, mark, part)));
        let Some((at, mark, part)) = next.min_by_key(|(at, ..)| *at) else { break };
        let mut literal = &rest[..at];
        let part = match part {
            // Lines that are written one by one need their indent each.
            Part::Lines(lines, _) => {
                let before = literal.trim_end_matches(' ');
                let indent = literal.len() - before.len();
                literal = before;
                Part::Lines(lines, indent)
            }
            part => part,
        };
        parts.push(Part::Literal(literal.to_owned()));
        parts.push(part);
        rest = &rest[at + mark.len()..];
    }
    parts.push(Part::Literal(rest.to_owned()));
    parts
}
