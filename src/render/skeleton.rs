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
use crate::page::{Bare, Block, DrawnParticipant, Entry, Message, Page, Phrases, Shown};
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
    pub(super) fn write<'a>(
        &self,
        messages: impl Iterator<Item = &'a Shown<'a>>,
        lines: &Lines,
        out: &mut Vec<u8>,
    ) {
        let mut indenter = Indenter::new(lines);
        for message in messages {
            let parts = match message.side {
                Side::Request => &self.request,
                Side::Response => &self.response,
            };
            for part in parts {
                part.write(message, &mut indenter, out);
            }
        }
    }
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
pub(super) fn shown(page: &Page) -> Option<Vec<Shown<'_>>> {
    let is_whole = |message: &&Message| {
        message.headers.fits_plain_fence()
            && message.body.fits_plain_fence()
            && !message.unanswered
            && !message.drawn_only
    };
    let messages = page.entries.iter().map(|entry| message(entry).filter(is_whole));
    let shown: Option<Vec<Shown<'_>>> = messages.map(|message| message.map(Message::shown)).collect();
    shown.filter(|shown| fit(shown))
}

fn message(entry: &Entry) -> Option<&Message> {
    match entry {
        Entry::Message(message) => Some(message),
        Entry::Gap(_) => None,
    }
}

impl Part {
    fn write(&self, message: &Shown<'_>, indenter: &mut Indenter<'_>, out: &mut Vec<u8>) {
        let (field, indent) = match self {
            Part::Literal(literal) => return literal.write(out),
            Part::Field(field, indent) => (field, *indent),
        };
        let mut digits = itoa::Buffer::new();
        let text = match field {
            Field::Number => digits.format(message.number),
            Field::Status => digits.format(message.status),
            Field::Method => message.method,
            Field::Reason => message.reason,
            Field::Path => &message.path,
            Field::RawPath => &message.raw_path,
            Field::Client => message.client,
            Field::Server => message.server,
            Field::From => message.from,
            Field::To => message.to,
            Field::Headers => &message.headers,
            Field::Body => &message.body,
        };
        match indent {
            Some(indent) => indenter.write(text, indent, out),
            None => out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// Whether every filter of the templates leaves the messages' fields as they are.
pub(super) fn fit(messages: &[Shown<'_>]) -> bool {
    let before = std::iter::once(None).chain(messages.iter().map(Some));
    messages.iter().zip(before).all(|(message, before)| fits(message, before))
}

/// The same for one message. Most of its fields are those of the one before, which fits. That says
/// nothing of a method, which a response does not show.
fn fits(message: &Shown<'_>, before: Option<&Shown<'_>>) -> bool {
    let is_known =
        |text: &str, of: for<'s> fn(&'s Shown<'_>) -> &'s str| before.is_some_and(|it| of(it) == text);
    // A path of two words would be another path next to its verb; `inert` looks at one text at a time.
    let has_any = |text: &str, a, b| memchr::memchr2(a, b, text.as_bytes()).is_some();
    let path_is_plain =
        |path: &str| path.starts_with('/') && !has_any(path, b' ', b'%') && escape::is_inert(path);
    let verb_is_plain = match message.side {
        Side::Request => !message.method.is_empty() && escape::is_inert(message.method),
        Side::Response => {
            !message.reason.is_empty()
                && message.reason.trim() == message.reason
                && (is_known(message.reason, |it| it.reason) || escape::is_inert(message.reason))
        }
    };
    verb_is_plain
        && !has_any(message.method, b'%', b'/')
        && !has_any(message.reason, b'%', b'/')
        && (is_known(&message.path, |it| &it.path) || path_is_plain(&message.path))
        && (message.raw_path == message.path || path_is_plain(&message.raw_path))
        && (is_known(message.client, |it| it.client) || escape::is_inert(message.client))
        && (is_known(message.server, |it| it.server) || escape::is_inert(message.server))
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
    parts
}
