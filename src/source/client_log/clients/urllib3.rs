//! urllib3, also within requests, on which all the clients stand.
//!
//! ```text
//! http://HOST:PORT "METHOD PATH HTTP/1.1" STATUS LENGTH
//! "METHOD PATH HTTP/1.1" STATUS LENGTH                      before 1.20
//! ```
//!
//! and words about its connections.

use super::{Client, Event, first_line};
use crate::source::client_log::record::Record;
use crate::source::requestshook::is_token;

pub(super) const CLIENT: Client = Client {
    beginnings: &[
        "http://",
        "https://",
        "\"GET ",
        "\"POST ",
        "\"PUT ",
        "\"PATCH ",
        "\"DELETE ",
        "\"HEAD ",
        "\"OPTIONS ",
        "\"COPY ",
        "Starting new HTTP",
        "Resetting dropped connection",
        "Retrying (Retry",
        "Connection pool is full",
        "Incremented Retry",
        "Converted retries value",
        "Redirecting ",
    ],
    begins: |line| !line.starts_with(['h', '"']) || wire(line).is_some(),
    read: |record: &Record<'_>| wire(first_line(&record.message)),
};

/// What a line of urllib3 says of an answer.
fn wire(line: &str) -> Option<Event<'_>> {
    let call = if let Some(call) = line.strip_prefix('"') {
        call
    } else {
        let (host, call) = line.split_once(" \"")?;
        let is_host = !host.contains(' ') && (host.starts_with("http://") || host.starts_with("https://"));
        is_host.then_some(call)?
    };
    let (call, rest) = call.rsplit_once("\" ")?;
    let (call, _) = call.rsplit_once(" HTTP/")?;
    let (method, target) = call.split_once(' ')?;
    let mut words = rest.split(' ');
    let status = words.next().filter(|status| status.len() == 3)?.parse().ok()?;
    let length = words.next().and_then(|length| length.trim_ascii().parse().ok());
    is_token(method).then_some(Event::Wire { method, target, status, length })
}
