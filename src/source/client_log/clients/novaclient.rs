//! novaclient before it used sessions, and cinderclient likewise; the first sessions of
//! keystoneclient, and oslo's `apiclient`, print their answers so, too.
//!
//! ```text
//! REQ: curl -i 'URL' -X METHOD -H "Name: value" … -d 'body'
//! REQ BODY: body
//! RESP: [STATUS] {'name': 'value', …}
//! RESP BODY: body
//! ```
//!
//! The request is read where keystoneauth's is; here are the fields as a dictionary.

use super::{Answer, Client, Event, always, status};
use crate::source::client_log::python;
use crate::source::client_log::record::Record;

pub(super) const CLIENT: Client = Client { beginnings: &["REQ BODY:"], begins: always, read };

fn read<'r>(record: &'r Record<'_>) -> Option<Event<'r>> {
    let message: &str = &record.message;
    if let Some(body) = message.strip_prefix("REQ BODY:") {
        return Some(Event::RequestBody(body.strip_prefix(' ').unwrap_or(body)));
    }
    let rest = message.strip_prefix("RESP: ")?;
    let (status, reason, rest) = status(rest)?;
    let (fields, end) = python::fields(rest)?;
    let body = rest[end..].trim_ascii();
    let body = (!body.is_empty()).then_some(body);
    Some(Event::Response(Answer { status, reason, fields, body, list: None }))
}
