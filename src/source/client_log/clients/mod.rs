//! The clients whose messages docgen reads, one a file.
//!
//! To add one: a file with a [`Client`], and its line in [`CLIENTS`]. `beginnings` are the words
//! that its messages begin with, `read` says what a message means as an [`Event`]; which request a
//! response belongs to, and where a body ends, is the same for all of them.

mod glanceclient;
mod keystoneauth;
mod neutronclient;
mod novaclient;
mod swiftclient;
mod urllib3;

use super::curl::{self, Curl};
use super::fields::Fields;
use super::record::Record;

/// A client, or a library under one, that writes a log.
pub(super) struct Client {
    /// What its messages begin with.
    pub(super) beginnings: &'static [&'static str],
    /// Whether a line that has one of these beginnings is one of its messages.
    begins: fn(&str) -> bool,
    /// What a message says; `None` where it is none of this client's.
    read: for<'r> fn(&'r Record<'_>) -> Option<Event<'r>>,
}

/// All of them; the first that understands a message has it.
pub(super) static CLIENTS: &[Client] = &[
    keystoneauth::CLIENT,
    urllib3::CLIENT,
    novaclient::CLIENT,
    neutronclient::CLIENT,
    swiftclient::CLIENT,
    glanceclient::CLIENT,
];

/// What a message says.
#[derive(Debug)]
pub(super) enum Event<'a> {
    Request(Curl<'a>),
    /// The body of the request before it.
    RequestBody(&'a str),
    Response(Answer<'a>),
    /// The fields of the response before it.
    Fields(Fields<'a>),
    /// The body of the response before it, as it is in the log, and what may come after it.
    Body(&'a str),
    /// A request for a token, whose details a client keeps to itself.
    TokenRequest(&'a str),
    /// The answer to it: JSON.
    TokenAnswer(&'a str),
    /// What the library under the client saw of an answer.
    Wire {
        method: &'a str,
        target: &'a str,
        status: u16,
        length: Option<u64>,
    },
    /// The id that the answer to a call had.
    UsedId {
        method: &'a str,
        url: &'a str,
        id: &'a str,
    },
    /// A request to this URL never had an answer.
    Failed(&'a str),
    /// The client sends the last request again, without a line for it.
    Again,
    /// It begins as a message of a client does, and goes on otherwise.
    Damaged(&'static str, usize),
    /// Nothing about a call.
    Nothing,
}

/// A response, as far as one message tells it.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) reason: &'a str,
    pub(super) fields: Fields<'a>,
    /// The fields as a list of which only the whole log tells how to read it ([`super::fields`]).
    pub(super) list: Option<&'a str>,
    /// The body as it is in the log, and what may come after it.
    pub(super) body: Option<&'a str>,
}

/// Whether a client begins a message as `line` does.
pub(super) fn begins(line: &str) -> bool {
    CLIENTS.iter().any(|client| {
        client.beginnings.iter().any(|beginning| line.starts_with(beginning)) && (client.begins)(line)
    })
}

/// What a record says, in the words of the first client that understands it.
pub(super) fn read<'r>(record: &'r Record<'_>) -> Event<'r> {
    let understood = CLIENTS.iter().find_map(|client| (client.read)(record));
    understood.unwrap_or_else(|| {
        let message: &str = &record.message;
        if message.starts_with("REQ: ") || message.starts_with("curl ") {
            Event::Damaged("this request is damaged", 0)
        } else if message.starts_with("RESP") {
            Event::Damaged("this response is damaged", 0)
        } else {
            Event::Nothing
        }
    })
}

/// The event of a command line of curl, which begins at `from` in its message.
fn request(command: &str, from: usize) -> Event<'_> {
    match curl::parse(command) {
        Ok(curl) => Event::Request(curl),
        Err(curl::Damage::Request) => Event::Damaged("this request is damaged", 0),
        Err(curl::Damage::Body(at)) => Event::Damaged("the body of this request has no end", from + at),
    }
}

/// The status that `text` begins with, `[200]`, `200`, `200 OK` or `[200 OK]`, and what comes after.
fn status(text: &str) -> Option<(u16, &str, &str)> {
    let number = |text: &str| {
        text.get(..3)?.bytes().all(|byte| byte.is_ascii_digit()).then(|| text[..3].parse().ok())?
    };
    if let Some(inner) = text.strip_prefix('[') {
        let (inner, rest) = inner.split_once(']')?;
        let status = number(inner)?;
        let reason = &inner[3..];
        return (reason.is_empty() || reason.starts_with(' ')).then_some((status, reason.trim_ascii(), rest));
    }
    let rest = &text[3.min(text.len())..];
    let status = number(text)?;
    (rest.is_empty() || rest.starts_with([' ', '\n', '\r'])).then_some((status, "", rest))
}

/// The first line of a message.
pub(super) fn first_line(message: &str) -> &str {
    let line = message.split('\n').next().unwrap_or_default();
    line.strip_suffix('\r').unwrap_or(line)
}

/// A message that is known by its beginning alone.
fn always(_: &str) -> bool {
    true
}
