//! keystoneauth (`keystoneauth1/session.py`), and `keystoneclient/session.py` before it.
//!
//! ```text
//! REQ: curl -g -i -X METHOD URL -H "Name: value" … -d 'body'
//! RESP: [STATUS] Name: value Name: value …
//! RESP BODY: body
//! GET call to SERVICE for URL used request id ID
//! Making authentication request to URL
//! ```
//!
//! With split loggers the words `REQ:`, `RESP:` and `RESP BODY:` are the ends of the loggers'
//! names instead. The call for a token has only its last line, and the answer as bare JSON.

use super::{Answer, Client, Event, always, first_line, request, status};
use crate::source::client_log::fields;
use crate::source::client_log::record::Record;
use crate::source::requestshook::is_token;

pub(super) const CLIENT: Client = Client {
    beginnings: &[
        "REQ: curl ",
        "RESP: ",
        "RESP BODY:",
        "Making authentication request to ",
        "{\"token\": {",
        "GET call to ",
        "POST call to ",
        "PUT call to ",
        "PATCH call to ",
        "DELETE call to ",
        "HEAD call to ",
        "OPTIONS call to ",
        "Request returned failure status",
        "Failure: Unable to establish connection to ",
        "Retriable status code ",
        "END return value: ",
        "clean_up ",
    ],
    begins: always,
    read,
};

fn read<'r>(record: &'r Record<'_>) -> Option<Event<'r>> {
    let message: &str = &record.message;
    let split = record.logger.rsplit_once("session.").map_or("", |(_, logger)| logger);
    if split == "body" {
        return Some(Event::Body(message));
    }
    if let Some(command) = message.strip_prefix("REQ: curl ") {
        return Some(request(command, "REQ: curl ".len()));
    }
    if let Some(command) = message.strip_prefix("curl ").filter(|_| split == "request") {
        return Some(request(command, "curl ".len()));
    }
    if let Some(body) = message.strip_prefix("RESP BODY:") {
        return Some(Event::Body(body.strip_prefix(' ').unwrap_or(body)));
    }
    let line = first_line(message);
    if let Some(rest) = line.strip_prefix("RESP: ").or_else(|| line.starts_with('[').then_some(line)) {
        let (status, reason, rest) = status(rest)?;
        let list = rest.trim_ascii();
        let is_list = fields::is_list(list);
        // syslog may have put the lines of one message together.
        let body = message.split_once("\nRESP BODY: ").map(|(_, body)| body);
        return is_list.then(|| {
            Event::Response(Answer { status, reason, list: Some(list), body, ..Answer::default() })
        });
    }
    if let Some(url) = line.strip_prefix("Making authentication request to ") {
        return Some(match url.trim_ascii() {
            "" => Event::Damaged("this request is damaged", 0),
            url => Event::TokenRequest(url),
        });
    }
    if message.starts_with('{') {
        return Some(Event::TokenAnswer(message));
    }
    if let Some((method, rest)) = line.split_once(" call to ").filter(|(method, _)| is_token(method)) {
        let (call, id) = rest.split_once(" used request id ")?;
        let url = call.split_once(" for ").map_or(call, |(_, url)| url);
        return Some(Event::UsedId { method, url, id: id.trim_ascii_end() });
    }
    if let Some((_, rest)) = line.split_once("Unable to establish connection to ") {
        let url = rest.split([' ', '\'']).next().unwrap_or_default();
        return Some(Event::Failed(url.trim_end_matches([':', '.', ','])));
    }
    line.starts_with("Retriable status code ").then_some(Event::Again)
}
