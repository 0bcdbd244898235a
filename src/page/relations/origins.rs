//! Where the values of a request are from: the message in which its sender was told them.
//!
//! A token, an id: who uses one was given it before, in an answer or in a request. What is told is the first
//! message that its sender received and that holds the very value, and nothing that was sent to somebody else.
//! What this leaves out: values that everybody uses (media types, names, numbers), and those that are put
//! together from others.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

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

/// Who knows a value, by participant: nothing of who said it before it was told.
type Knowing = BTreeMap<usize, Option<Told>>;

/// A message that told somebody a value.
struct Told {
    of: Earlier,
    there: String,
}

/// The origins of the values of each request, by place.
pub(super) fn find(facts: &Facts<'_>) -> Vec<Vec<Origin>> {
    let places: HashMap<usize, usize> =
        facts.exchanges.iter().enumerate().map(|(place, exchange)| (exchange.index, place)).collect();
    let mut origins = vec![Vec::new(); facts.exchanges.len()];
    let mut known: HashMap<Cow<'_, str>, Knowing> = HashMap::new();
    for entry in facts.entries {
        let Entry::Message(message) = entry else { continue };
        let Some(&place) = places.get(&message.exchange) else { continue };
        let [client, server] = facts.participants.ends(message.exchange);
        let (sender, receiver) = match message.side {
            Side::Request => (client, server),
            Side::Response => (server, client),
        };
        let mut seen: HashSet<Cow<'_, str>> = HashSet::new();
        for (at, value) in values(facts, message) {
            let knowing = known.entry(value.clone()).or_default();
            if let Some(Told { of, there }) = knowing.entry(sender).or_default()
                && message.side == Side::Request
                && seen.insert(value)
            {
                origins[place].push(Origin { at: at.clone(), of: *of, there: there.clone() });
            }
            let of = Earlier { place, side: message.side };
            knowing.entry(receiver).or_insert(Some(Told { of, there: at }));
        }
    }
    origins
}

/// A value of a message that somebody else can be told, behind where it is.
type Found<'a> = (String, Cow<'a, str>);

/// Those of a message.
fn values<'a>(facts: &Facts<'a>, message: &'a Message) -> Vec<Found<'a>> {
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
            values.push((shown.get(at).unwrap_or(&segment).to_string(), segment.into()));
        }
        let fields = parts.query.unwrap_or_default().split('&').filter_map(|field| field.split_once('='));
        values.extend(
            fields.filter(|(_, value)| is_telling(value)).map(|(key, value)| (key.to_owned(), value.into())),
        );
    }
    let fields = headers.iter().filter(|(_, value)| is_telling(value));
    values.extend(fields.map(|(name, value)| (name.to_owned(), value.into())));
    if let Body::Text(text) = body
        && text.trim_start().starts_with(['{', '['])
    {
        values.extend(values_of_json(text).unwrap_or_default());
    }
    values
}

/// The telling texts of a JSON document, each with its pointer, members in the order of their names.
fn values_of_json(text: &str) -> serde_json::Result<Vec<Found<'_>>> {
    let mut values = Vec::new();
    let mut json = serde_json::Deserializer::from_str(text);
    Telling { pointer: &mut String::new(), values: &mut values }.deserialize(&mut json)?;
    json.end()?;
    Ok(values)
}

/// Finds the telling texts of a JSON value while it is read: bodies are long, and few of their values tell.
struct Telling<'a, 'de> {
    /// Where the value is.
    pointer: &'a mut String,
    values: &'a mut Vec<Found<'de>>,
}

/// A key as a pointer has it.
fn escaped(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) { token.replace('~', "~0").replace('/', "~1").into() } else { token.into() }
}

impl<'de> DeserializeSeed<'de> for Telling<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}
impl<'de> Visitor<'de> for Telling<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if is_telling(text) {
            self.values.push((self.pointer.clone(), Cow::Owned(text.to_owned())));
        }
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        if is_telling(text) {
            self.values.push((self.pointer.clone(), Cow::Borrowed(text)));
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Telling { pointer, values } = self;
        let length = pointer.len();
        for index in 0_usize.. {
            pointer.push('/');
            pointer.push_str(&index.to_string());
            let item = items.next_element_seed(Telling { pointer, values })?;
            pointer.truncate(length);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Telling { pointer, values } = self;
        let length = pointer.len();
        let mut found: BTreeMap<Cow<'de, str>, Vec<Found<'de>>> = BTreeMap::new();
        while let Some(Name(name)) = members.next_key()? {
            pointer.push('/');
            pointer.push_str(&escaped(&name));
            let mut inner = Vec::new();
            members.next_value_seed(Telling { pointer, values: &mut inner })?;
            pointer.truncate(length);
            // Of two members of one name the last counts.
            if !inner.is_empty() {
                found.insert(name, inner);
            } else if !found.is_empty() {
                found.remove(&name);
            }
        }
        values.extend(found.into_values().flatten());
        Ok(())
    }
}

/// The name of a member, copied only where it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

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
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value;

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

    /// The telling texts of a JSON value.
    fn add_values(json: &Value, pointer: &str, values: &mut Vec<Found<'_>>) {
        match json {
            Value::Object(members) => {
                for (name, inner) in members.iter().collect::<std::collections::BTreeMap<_, _>>() {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    add_values(inner, &format!("{pointer}/{name}"), values);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    add_values(inner, &format!("{pointer}/{index}"), values);
                }
            }
            Value::String(text) if is_telling(text) => values.push((pointer.to_owned(), text.clone().into())),
            _ => {}
        }
    }

    #[test]
    fn every_text_of_a_body_has_its_pointer() {
        let id = "f36f9b00-a382-4ea5-9f17-ff3ad85a9087";
        let json = serde_json::json!({"a/b": [{"~": id}], "c": 1, "d": "x"}).to_string();
        assert_eq!(values_of_json(&json).unwrap(), [("/a~1b/0/~0".to_owned(), id.into())]);
    }

    proptest! {
        #[test]
        fn a_body_that_is_read_has_the_values_of_its_tree(
            text in "([\\[\\]{},: ]|\"[ab/~]\":|\"(x|\\\\u0061|0123456789abcdef0123456789abcde[fF])\"|1|null){0,24}",
            members in vec(("[ab/~]", "\"(x|0123456789abcdef0123456789abcde[fF])\"|\\[\"0123456789abcdef0123456789abcdef\",1\\]"), 0..6),
        ) {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
            for text in [text, format!("{{{}}}", members.join(", "))] {
                let mut expected = Vec::new();
                let json = serde_json::from_str::<Value>(&text);
                json.iter().for_each(|json| add_values(json, "", &mut expected));
                prop_assert_eq!(values_of_json(&text).ok(), json.ok().map(|_| expected), "{}", text);
            }
        }
    }
}
