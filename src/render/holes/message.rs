//! What a hole prints of a message without a template: numbers, fields, lines, single values.
//!
//! An author may lay a message out by hand, and still have what it says from the trace. Some only
//! say the body in another way, with `DATA=` before it or a word of their own for none; then the
//! message is changed before the template has it. What this leaves out: how tabs and fences look.

use std::sync::Arc;

use minijinja::value::Value;

use super::Filler;
use super::contents::Part;
use super::expression::{Call, Expression, Name};
use super::forms::usage;
use super::highlights::no_key;
use super::hole_error::{HoleError, no_field};
use super::subject::message_of;
use super::write::Printed;
use crate::error::Result;
use crate::page::{Block, Message, visible};
use crate::sequence::Side;
use crate::settings::HoleWord;
use crate::trace::{Body, UrlParts};

impl Filler<'_> {
    /// What a label prints: its steps, the number of one of its messages, or a field of that.
    pub(super) fn answer_label(&self, exchange: usize, fields: &[String]) -> Result<Printed, HoleError> {
        let exchange = self.exchange(exchange)?;
        let Some((side, fields)) = fields.split_first() else { return Ok(Printed::steps(&exchange)) };
        let message = message_of(&exchange, side)?;
        match fields {
            [] => Ok(Printed::step(&message)),
            [field] if field == "raw_body" => Ok(Printed::Block(self.raw_body(&message))),
            [field] => field_of(&message, field),
            [_, beyond, ..] => Err(HoleError::new(format!("there is no `.{beyond}` here")).at(beyond)),
        }
    }

    /// Some lines of a message's headers or body: from the first number to the second, or to the end.
    pub(super) fn part(&self, of: &Value, lines: &[Value]) -> Result<String, HoleError> {
        let of_what = || {
            HoleError::new("`part` is about the headers or the body of a message")
                .hint(format!("`{}`", usage(HoleWord::Part)))
        };
        let expression = of.downcast_object_ref::<Expression>().ok_or_else(of_what)?;
        let (Name::Label(exchange), [side, field], None) =
            (expression.name, expression.fields.as_slice(), &expression.call)
        else {
            return Err(of_what());
        };
        let message = message_of(&*self.exchange(exchange)?, side)?;
        let contents = self.contents.of(&message);
        let text = match field.as_str() {
            "headers" => contents.lines(Part::Headers, || message.headers.to_string()),
            "body" => contents.lines(Part::Body, || message.body.to_string()),
            "raw_body" => contents.lines(Part::RawBody, || self.raw_body(&message)),
            _ => return Err(of_what().at(field)),
        };
        let number = |value: &Value| usize::try_from(value.clone()).map_err(|_| of_what());
        let count = text.count();
        let first = number(lines.first().ok_or_else(of_what)?)?;
        let last = lines.get(1).map_or(Ok(count), number)?;
        if first == 0 || last < first || last > count {
            return Err(HoleError::new(format!(
                "there are no lines {first} to {last}: they go from 1 to {count}"
            ))
            .at(&last.to_string()));
        }
        Ok(text.get(first..=last).to_owned())
    }

    /// The value of a header, or of a key of the body: a text without its quotes, all else as JSON.
    pub(super) fn value(&self, message: &Arc<Message>, name: &str) -> Result<String, HoleError> {
        let missing = || HoleError::new(format!("({}) has no `{name}`", message.number)).at(name);
        let contents = self.contents.of(message);
        if !name.starts_with('/') {
            let line = contents.headers().find(name).first().ok_or_else(missing)?;
            let lines = contents.lines(Part::Headers, || message.headers.to_string());
            let (_, value) = lines.get(*line..=*line).split_once(':').ok_or_else(missing)?;
            return Ok(value.strip_prefix(' ').unwrap_or(value).to_owned());
        }
        let body = contents.json().ok_or_else(|| {
            HoleError::new(format!("the body of ({}) is no JSON, so it has no `{name}`", message.number))
                .at(name)
        })?;
        let plain = contents.outline().and_then(|outline| outline.plain(name));
        let unknown =
            || contents.outline().map_or_else(missing, |outline| no_key(outline, name, message.number));
        let found = plain.and_then(|plain| body.pointer(&plain)).ok_or_else(unknown)?;
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        Ok(visible(&text).into_owned())
    }

    /// The message with its body as the options of a call say it.
    pub(super) fn reworded(&self, message: Arc<Message>, call: &Call) -> Result<Arc<Message>, HoleError> {
        let text = |name: &str| match call.option(name) {
            None => Ok(None),
            Some(value) => value
                .as_str()
                .map(|text| Some(text.to_owned()))
                .ok_or_else(|| HoleError::new(format!("`{name}` is a text, in quotes")).at(name)),
        };
        let (prefix, absent, language) = (text("prefix")?, text("absent")?, text("language")?);
        let raw = call.switch("raw")?;
        if prefix.is_none() && absent.is_none() && language.is_none() && !raw {
            return Ok(message);
        }
        let mut message = (*message).clone();
        let is_absent = matches!(self.body(&message), Body::Absent);
        let mut body = if raw { self.raw_body(&message) } else { message.body.to_string() };
        if let Some(absent) = absent.filter(|_| is_absent) {
            body = absent;
        }
        if let Some(prefix) = prefix.filter(|_| !is_absent) {
            body.insert_str(0, &prefix);
        }
        message.body = Block::new(body.into());
        if let Some(language) = language {
            message.language = language.into();
        }
        Ok(Arc::new(message))
    }

    fn body(&self, message: &Message) -> &Body {
        let exchange = &self.scope.trace.exchanges[message.exchange];
        match (message.side, &exchange.response) {
            (Side::Response, Some(response)) => &response.body,
            _ => &exchange.request.body,
        }
    }

    /// A body as it was sent: one that is on a single line stays on it.
    fn raw_body(&self, message: &Message) -> String {
        match self.body(message) {
            Body::Text(text) => Block::new(text.clone()).to_string(),
            _ => message.body.to_string(),
        }
    }
}

/// The fields of a message that holes print, and what each is.
pub(super) const MESSAGE_FIELDS: &[(&str, &str)] = &[
    ("number", "its number, without brackets"),
    ("method", "the request's method"),
    ("path", "the path with variables for values"),
    ("raw_path", "the path as it was sent"),
    ("url", "the URL as it was sent"),
    ("query", "the query of the URL"),
    ("status", "the response's status code"),
    ("reason", "the response's reason phrase"),
    ("verb", "the method, or status and reason"),
    ("title", "verb and URL"),
    ("summary", "verb and path, as sent"),
    ("from", "who sent it, as the diagram calls it"),
    ("to", "who received it, likewise"),
    ("client", "who began the exchange, as the trace calls it"),
    ("server", "who answers, likewise"),
    ("headers", "the header lines, without a fence"),
    ("body", "the body's lines, without a fence"),
    ("raw_body", "the same as they were sent: JSON on one line stays on it"),
];

fn field_of(message: &Message, field: &str) -> Result<Printed, HoleError> {
    let is_request = message.side == Side::Request;
    let text = match field {
        "number" => {
            let text = message.number.to_string();
            return Ok(Printed::Steps { linked: message.linked(&text), text });
        }
        "method" => message.method.to_string(),
        "path" => message.path.to_string(),
        "raw_path" => message.raw_path.to_string(),
        "url" => message.url.to_string(),
        "query" => UrlParts::of(&message.url).query.unwrap_or_default().to_owned(),
        "status" | "reason" if is_request => {
            return Err(HoleError::new(format!("a request has no {field}"))
                .at(field)
                .hint("its response does"));
        }
        "status" => message.status_text(),
        "reason" => message.reason.to_string(),
        "verb" => message.verb.to_string(),
        "title" => message.title(),
        "summary" => message.summary(),
        "from" => message.from.to_string(),
        "to" => message.to.to_string(),
        "client" => message.client.to_string(),
        "server" => message.server.to_string(),
        "headers" => return Ok(Printed::Block(message.headers.to_string())),
        "body" => return Ok(Printed::Block(message.body.to_string())),
        _ => {
            return Err(no_field(
                "a message",
                field,
                &MESSAGE_FIELDS.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ));
        }
    };
    Ok(Printed::Text(visible(&text).into_owned()))
}
