//! neutronclient before it used sessions, and every client that stood on httplib2.
//!
//! ```text
//! REQ: curl -i URL -X METHOD -H "Name: value" … -d 'body'
//! RESP:STATUS {'name': 'value', …} body
//! RESP: {'status': 'STATUS', 'name': 'value', …} body       with httplib2
//! ```

use super::{Answer, Client, Event, always, status};
use crate::source::client_log::python;
use crate::source::client_log::record::Record;

pub(super) const CLIENT: Client = Client { beginnings: &["RESP:"], begins: always, read };

fn read<'r>(record: &'r Record<'_>) -> Option<Event<'r>> {
    let rest = record.message.strip_prefix("RESP:")?.trim_start_matches(' ');
    let (said, rest) = match status(rest) {
        Some((said, _, rest)) => (Some(said), rest),
        None => (None, rest),
    };
    let (mut fields, end) = python::fields(rest)?;
    // httplib2 puts the status among the fields.
    let among = fields.iter().position(|(name, _)| name == "status" || name == ":status");
    let status = match (said, among) {
        (Some(said), _) => said,
        (None, among) => fields.remove(among?).1.trim_ascii().get(..3)?.parse().ok()?,
    };
    let body = rest[end..].strip_prefix([' ', '\n']).unwrap_or(&rest[end..]);
    Some(Event::Response(Answer { status, reason: "", fields, body: Some(body), list: None }))
}
