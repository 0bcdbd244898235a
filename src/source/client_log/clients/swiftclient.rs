//! swiftclient (`swiftclient/client.py`, `http_log`).
//!
//! ```text
//! REQ: curl -i URL -X METHOD -H "Name: value" …
//! RESP STATUS: STATUS REASON
//! RESP HEADERS: {'Name': 'value', …}                        before 2.5: [('name', 'value'), …]
//! RESP BODY: b'body'                                        with Python 2: body
//! ```
//!
//! The URL and the fields come out decoded, and part of a secret is replaced by `...`; both are
//! kept as they are printed. The request is read where keystoneauth's is.

use super::{Answer, Client, Event, always, first_line, status};
use crate::source::client_log::python;
use crate::source::client_log::record::Record;

pub(super) const CLIENT: Client =
    Client { beginnings: &["RESP STATUS:", "RESP HEADERS:"], begins: always, read };

fn read<'r>(record: &'r Record<'_>) -> Option<Event<'r>> {
    let message: &str = &record.message;
    if let Some(rest) = first_line(message).strip_prefix("RESP STATUS:") {
        let (status, _, reason) = status(rest.trim_ascii())?;
        return Some(Event::Response(Answer { status, reason: reason.trim_ascii(), ..Answer::default() }));
    }
    let rest = message.strip_prefix("RESP HEADERS:")?;
    python::fields(rest).map(|(fields, _)| Event::Fields(fields))
}
