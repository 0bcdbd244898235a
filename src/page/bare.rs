//! A page that is nothing but its messages, borrowed from the trace.
//!
//! In a large docs tree most captures have no settings of their own: what their snippets show is
//! in the trace already, and to make a [`Page`](super::Page) of it, whose every field a template
//! may keep, costs more than to write it. What this leaves out: whatever else a page can have. The
//! page is made whole then.

use std::borrow::Cow;

use super::diagram::is_safe_id;
use super::{Message, Parts, Phrases, Resolved, body_text, snippet_prefix, title};
use crate::lines::Lines;
use crate::sequence::{Item, Side, Step};
use crate::settings::Layout;
use crate::text::Text;
use crate::trace::{Exchange, KnownFrom, UrlParts};

/// Snippets that show messages alone.
#[derive(Debug)]
pub struct Bare<'a> {
    /// The title.
    pub title: String,
    /// Under which path the site finds the snippets.
    pub snippet_prefix: String,
    /// The phrases of the page's language.
    pub phrases: &'a Phrases,
    /// How many participants the diagram draws.
    pub participants: usize,
    /// The messages.
    pub shown: Shown<'a>,
    /// The whole trace as a log; every fence shows it, and any part of it, as it is.
    pub log: &'a Lines,
}

/// What the default snippets show of messages. What the two of an exchange have in common is
/// found, kept and looked at once.
#[derive(Clone, Debug, Default)]
pub struct Shown<'a> {
    /// What messages have in common.
    pub calls: Vec<ShownCall<'a>>,
    /// The messages, in order.
    pub messages: Vec<ShownMessage<'a>>,
}

/// Who asks whom for what.
#[derive(Clone, Debug)]
pub struct ShownCall<'a> {
    /// The id, in the diagram, of who began the exchange.
    pub client_id: &'a str,
    /// The id, in the diagram, of who answers.
    pub server_id: &'a str,
    /// The name of who began the exchange, as the source gives it.
    pub client: &'a str,
    /// The name of who answers, as the source gives it.
    pub server: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The path with variables for values.
    pub path: Cow<'a, str>,
    /// The path as sent.
    pub raw_path: Cow<'a, str>,
}

/// A message.
#[derive(Clone, Debug)]
pub struct ShownMessage<'a> {
    /// The index of its call in [`Shown::calls`].
    pub call: usize,
    /// Its number in the diagram.
    pub number: u32,
    /// The status code; 0 on a request.
    pub status: u16,
    /// Which message of its exchange it is.
    pub side: Side,
    /// The reason phrase; empty on a request.
    pub reason: &'a str,
    /// The header lines.
    pub headers: &'a str,
    /// The body's lines.
    pub body: Cow<'a, str>,
}

impl<'a> Shown<'a> {
    /// Adds a message after the others.
    pub fn push(&mut self, message: &'a Message) {
        let [client_id, server_id] = match message.side {
            Side::Request => [&*message.from, &*message.to],
            Side::Response => [&*message.to, &*message.from],
        };
        self.messages.push(ShownMessage {
            call: self.calls.len(),
            number: message.number,
            status: message.status,
            side: message.side,
            reason: &message.reason,
            headers: message.headers.text(),
            body: Cow::Borrowed(message.body.text()),
        });
        self.calls.push(ShownCall {
            client_id,
            server_id,
            client: &message.client,
            server: &message.server,
            method: &message.method,
            path: Cow::Borrowed(&message.path),
            raw_path: Cow::Borrowed(&message.raw_path),
        });
    }
}

impl<'a> Resolved<'a> {
    /// The page, if it has nothing but messages, each answered, with nothing in them that a fence
    /// would not show as it is.
    pub fn bare(&'a self) -> Option<Bare<'a>> {
        let input = self.input;
        let settings = input.settings;
        let has_only_messages = settings.layout == Layout::Snippets
            && input.profile.is_none()
            && settings.description.is_none()
            && settings.command.is_none()
            && settings.reference.is_none()
            && settings.labels.is_empty()
            && settings.participants.is_empty()
            && settings.groups.is_empty()
            && settings.notes.is_empty()
            && self.sequence.filtered == 0;
        let participants = self.cast.participants();
        let is_answered =
            |exchange: &Exchange| exchange.response.is_some() && exchange.known_from != KnownFrom::Diagram;
        if !has_only_messages
            || !participants.iter().all(|participant| is_safe_id(&participant.id))
            || !self.log.is_harmless()
            || !input.trace.exchanges.iter().all(is_answered)
        {
            return None;
        }
        let count = input.trace.exchanges.len();
        let mut shown = Shown {
            calls: Vec::with_capacity(count),
            messages: Vec::with_capacity(self.sequence.items.len()),
        };
        // The call of each exchange's request.
        let mut requests = vec![None; count];
        for item in &self.sequence.items {
            let Item::Step(step) = *item else { return None };
            self.show(step, &mut requests[step.exchange], &mut shown)?;
        }
        Some(Bare {
            title: title(input, None),
            snippet_prefix: snippet_prefix(input),
            phrases: input.phrases,
            participants: participants.len(),
            shown,
            log: input.log,
        })
    }

    /// Adds the message of a step. `asked` is the call of its exchange's request, where that came
    /// before. `None` where a fence might not show the message as it is.
    fn show(&'a self, step: Step, asked: &mut Option<usize>, shown: &mut Shown<'a>) -> Option<()> {
        let exchange = &self.input.trace.exchanges[step.exchange];
        let Parts { headers, body, url, status, reason } = Parts::of(exchange, step.side);
        let call = match *asked {
            Some(asked) if *url == exchange.request.url => asked,
            _ => {
                shown.calls.push(self.call(step.exchange, url));
                shown.calls.len() - 1
            }
        };
        if step.side == Side::Request {
            *asked = Some(call);
        }
        let is_of_log = |text: &str| crate::text::holds(self.input.log.text(), text);
        let headers = headers.as_lines().filter(|lines| is_of_log(lines) || lines.is_empty())?;
        let body = body_text(body);
        if matches!(body, Cow::Borrowed(text) if !is_of_log(text) && text != super::ABSENT) {
            return None;
        }
        shown.messages.push(ShownMessage {
            call,
            number: step.number,
            status,
            side: step.side,
            reason,
            headers,
            body,
        });
        Some(())
    }

    /// What is common to the messages of an exchange for which its entries name `url`.
    fn call(&'a self, index: usize, url: &'a Text) -> ShownCall<'a> {
        let exchange = &self.input.trace.exchanges[index];
        let (client, server) = (self.cast.from(index), self.cast.to(index));
        let method = &exchange.request.method;
        let parts = UrlParts::of(url);
        ShownCall {
            client_id: &client.id,
            server_id: &server.id,
            client: exchange.from.as_deref().unwrap_or(&client.id),
            server: exchange.to.as_deref().unwrap_or(&server.id),
            method,
            path: self.paths().templated(&server.id, method, parts),
            raw_path: self.paths().raw(parts),
        }
    }
}
