//! Where the values of a request are from: the message in which its sender was told them.
//!
//! A token, an id: who uses one was given it before, in an answer or in a request. What is told is the first
//! message that its sender received and that holds the very value, and nothing that was sent to somebody else.
//! What this leaves out: values that everybody uses (media types, names, numbers), and those that are put
//! together from others.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Earlier, Facts};
use crate::page::first_settings::is_id;
use crate::page::{Entry, Message};
use crate::sequence::Side;
use crate::trace::{Body, UrlParts};

/// Where one value of a request is from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Where the request has it: the name of a header field, a part of the path as the page shows it, or a
    /// JSON pointer into the body.
    pub at: String,
    /// The message that its sender received.
    pub of: Earlier,
    /// Where that message has it: the name of a header field, or a JSON pointer.
    pub there: String,
}

/// A message that told somebody a value.
struct Told {
    of: Earlier,
    there: Arc<str>,
}

/// The origins of the values of each request, by place.
pub(super) fn find(facts: &Facts<'_>) -> Vec<Vec<Origin>> {
    let places: HashMap<usize, usize> =
        facts.exchanges.iter().enumerate().map(|(place, exchange)| (exchange.index, place)).collect();
    let mut origins = vec![Vec::new(); facts.exchanges.len()];
    // What each participant was told, by value; nothing of what it said before it was told.
    let mut known: HashMap<usize, HashMap<String, Option<Told>>> = HashMap::new();
    for entry in facts.entries {
        let Entry::Message(message) = entry else { continue };
        let Some(&place) = places.get(&message.exchange) else { continue };
        let values = values(facts, message);
        let [client, server] = facts.participants.ends(message.exchange);
        let (sender, receiver) = match message.side {
            Side::Request => (client, server),
            Side::Response => (server, client),
        };
        let of_sender = known.entry(sender).or_default();
        if message.side == Side::Request {
            origins[place] = origins_of(&values, of_sender);
        }
        for (_, value) in &values {
            of_sender.entry(value.clone()).or_insert(None);
        }
        let of_receiver = known.entry(receiver).or_default();
        for (there, value) in values {
            let of = Earlier { place, side: message.side };
            of_receiver.entry(value).or_insert_with(|| Some(Told { of, there: there.into() }));
        }
    }
    origins
}

/// Where these values of a request are from, each value once.
fn origins_of(values: &[(String, String)], told: &HashMap<String, Option<Told>>) -> Vec<Origin> {
    let mut seen: Vec<&str> = Vec::new();
    let mut origins = Vec::new();
    for (at, value) in values {
        let Some(Some(Told { of, there })) = told.get(value) else { continue };
        if seen.contains(&value.as_str()) {
            continue;
        }
        seen.push(value);
        origins.push(Origin { at: at.clone(), of: *of, there: there.to_string() });
    }
    origins
}

/// The values of a message that somebody else can be told, each with where it is.
fn values(facts: &Facts<'_>, message: &Message) -> Vec<(String, String)> {
    let exchange = &facts.trace.exchanges[message.exchange];
    let (headers, body) = match (message.side, &exchange.response) {
        (Side::Response, Some(response)) => (&response.headers, &response.body),
        _ => (&exchange.request.headers, &exchange.request.body),
    };
    let mut values = Vec::new();
    if message.side == Side::Request {
        let shown: Vec<&str> = UrlParts::of(&message.path).path.split('/').collect();
        let parts = UrlParts::of(&message.url);
        for (at, segment) in parts.path.split('/').enumerate().filter(|(_, segment)| is_telling(segment)) {
            values.push((shown.get(at).unwrap_or(&segment).to_string(), segment.to_owned()));
        }
        let fields = parts.query.unwrap_or_default().split('&').filter_map(|field| field.split_once('='));
        values.extend(
            fields
                .filter(|(_, value)| is_telling(value))
                .map(|(key, value)| (key.to_owned(), value.to_owned())),
        );
    }
    let fields = headers.iter().filter(|(_, value)| is_telling(value));
    values.extend(fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
    if let Body::Text(text) = body
        && text.trim_start().starts_with(['{', '['])
        && let Ok(json) = serde_json::from_str::<Value>(text)
    {
        add_scalars(&json, &mut String::new(), &mut values);
    }
    values
}

/// Adds the telling texts of a JSON value, each with its pointer.
fn add_scalars(json: &Value, pointer: &mut String, values: &mut Vec<(String, String)>) {
    let length = pointer.len();
    let mut add = |token: &str, inner: &Value| {
        pointer.push('/');
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        add_scalars(inner, pointer, values);
        pointer.truncate(length);
    };
    match json {
        Value::Object(members) => members.iter().for_each(|(key, inner)| add(key, inner)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| add(&index.to_string(), inner));
        }
        Value::String(text) if is_telling(text) => values.push((pointer.clone(), text.clone())),
        _ => {}
    }
}

/// Whether a text is one that only who was told it can know: an id or a token.
fn is_telling(text: &str) -> bool {
    let is_token = || {
        text.len() >= SHORTEST_TOKEN
            && !text.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ':' | ','))
            && text.contains(|c: char| c.is_ascii_digit())
            && text.contains(|c: char| c.is_ascii_alphabetic())
    };
    is_id(text) || is_token()
}

/// The bytes that a token has at least; names are shorter.
const SHORTEST_TOKEN: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_tokens_tell_and_names_do_not() {
        for telling in
            ["f36f9b00-a382-4ea5-9f17-ff3ad85a9087", "gAAAAABrAOE3Mh6HyCWFNS_(...)oNOF-TdH0hg8FVIsx5T-k0"]
        {
            assert!(is_telling(telling), "{telling}");
        }
        for word in [
            "application/json",
            "2026-11-20T22:49:47.000000Z",
            "http://127.0.0.1:6080/identity/v3",
            "keystoneauth1/5.1.0 python-requests/2.28.1",
            "cirros",
            "os-extended-volumes-attached",
            "12345678901234567890123456",
        ] {
            assert!(!is_telling(word), "{word}");
        }
    }

    #[test]
    fn every_text_of_a_body_has_its_pointer() {
        let id = "f36f9b00-a382-4ea5-9f17-ff3ad85a9087";
        let json = serde_json::json!({"a/b": [{"~": id}], "c": 1, "d": "x"});
        let mut values = Vec::new();
        add_scalars(&json, &mut String::new(), &mut values);
        assert_eq!(values, [("/a~1b/0/~0".to_owned(), id.to_owned())]);
    }
}
