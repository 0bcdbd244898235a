//! glanceclient before it used sessions (`common/http.py`), and heatclient, ironicclient and
//! their like, which took it over.
//!
//! ```text
//! curl -g -i -X METHOD -H 'Name: value' … -d 'body' URL
//!
//! HTTP/1.1 STATUS REASON
//! Name: value
//!
//! body
//! ```
//!
//! What people paste of curl itself looks the same.

use super::{Answer, Client, Event, request, status};
use crate::source::client_log::record::Record;
use crate::source::requestshook::split_header;

pub(super) const CLIENT: Client = Client {
    beginnings: &["curl -g -i ", "curl -i ", "HTTP/1.0 ", "HTTP/1.1 ", "HTTP/2 "],
    begins: |line| line.starts_with("curl ") || status_line(line).is_some(),
    read,
};

fn read<'r>(record: &'r Record<'_>) -> Option<Event<'r>> {
    let message: &str = &record.message;
    if let Some(command) = message.strip_prefix("curl ") {
        return Some(request(command, "curl ".len()));
    }
    let mut lines = message.split_inclusive('\n');
    let first = lines.next()?;
    let (status, reason) = status_line(first)?;
    let mut end = first.len();
    let mut fields = Vec::new();
    for line in lines {
        end += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        if line.is_empty() {
            break;
        }
        let (name, value) = split_header(line)?;
        fields.push((name.into(), value.into()));
    }
    let body = message[end..].trim_end_matches(['\n', '\r']);
    let body = (!body.is_empty()).then_some(body);
    Some(Event::Response(Answer { status, reason, fields, body, list: None }))
}

/// The status and the reason of `HTTP/1.1 200 OK`.
fn status_line(line: &str) -> Option<(u16, &str)> {
    let (_, rest) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let (status, _, reason) = status(rest)?;
    Some((status, reason.trim_ascii()))
}
