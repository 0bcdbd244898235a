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
    /// The messages, in order.
    pub messages: Vec<Shown<'a>>,
    /// The whole trace as a log; every fence shows it, and any part of it, as it is.
    pub log: &'a Lines,
}

/// What the default snippets show of a message.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    /// Its number in the diagram.
    pub number: u32,
    /// Which message of its exchange it is.
    pub side: Side,
    /// The id, in the diagram, of who sent it.
    pub from: &'a str,
    /// The id, in the diagram, of who received it.
    pub to: &'a str,
    /// The name of who began the exchange, as the source gives it.
    pub client: &'a str,
    /// The name of who answers, as the source gives it.
    pub server: &'a str,
    /// The method of the request.
    pub method: &'a str,
    /// The status code; 0 on a request.
    pub status: u16,
    /// The reason phrase; empty on a request.
    pub reason: &'a str,
    /// The path with variables for values.
    pub path: Cow<'a, str>,
    /// The path as sent.
    pub raw_path: Cow<'a, str>,
    /// The header lines.
    pub headers: Cow<'a, str>,
    /// The body's lines.
    pub body: Cow<'a, str>,
}

impl Message {
    /// What the default snippets show of it.
    pub fn shown(&self) -> Shown<'_> {
        Shown {
            number: self.number,
            side: self.side,
            from: &self.from,
            to: &self.to,
            client: &self.client,
            server: &self.server,
            method: &self.method,
            status: self.status,
            reason: &self.reason,
            path: Cow::Borrowed(&self.path),
            raw_path: Cow::Borrowed(&self.raw_path),
            headers: Cow::Borrowed(self.headers.text()),
            body: Cow::Borrowed(self.body.text()),
        }
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
        let mut messages: Vec<Shown<'a>> = Vec::with_capacity(self.sequence.items.len());
        // The message of each exchange's request.
        let mut requests = vec![usize::MAX; input.trace.exchanges.len()];
        for item in &self.sequence.items {
            let Item::Step(step) = *item else { return None };
            let asked = messages.get(requests[step.exchange]);
            let message = self.shown(step, asked)?;
            if step.side == Side::Request {
                requests[step.exchange] = messages.len();
            }
            messages.push(message);
        }
        Some(Bare {
            title: title(input, None),
            snippet_prefix: snippet_prefix(input),
            phrases: input.phrases,
            participants: participants.len(),
            messages,
            log: input.log,
        })
    }

    /// The message of a step. `asked` is the request of its exchange, where it came before.
    fn shown(&'a self, step: Step, asked: Option<&Shown<'a>>) -> Option<Shown<'a>> {
        let exchange = &self.input.trace.exchanges[step.exchange];
        let Parts { headers, body, url, status, reason } = Parts::of(exchange, step.side);
        let (client, server) = (self.cast.from(step.exchange), self.cast.to(step.exchange));
        let [from, to] = match step.side {
            Side::Request => [&*client.id, &*server.id],
            Side::Response => [&*server.id, &*client.id],
        };
        let method = &exchange.request.method;
        let (path, raw_path) = match asked.filter(|_| *url == exchange.request.url) {
            Some(asked) => (asked.path.clone(), asked.raw_path.clone()),
            None => {
                let parts = UrlParts::of(url);
                (self.paths.templated(&server.id, method, parts), self.paths.raw(parts))
            }
        };
        let is_of_log = |text: &str| crate::text::holds(self.input.log.text(), text);
        let headers = headers.as_lines().filter(|lines| is_of_log(lines) || lines.is_empty())?;
        let body = body_text(body);
        let is_known = !matches!(body, Cow::Borrowed(text) if !is_of_log(text) && text != super::ABSENT);
        is_known.then_some(Shown {
            number: step.number,
            side: step.side,
            from,
            to,
            client: exchange.from.as_deref().unwrap_or(&client.id),
            server: exchange.to.as_deref().unwrap_or(&server.id),
            method,
            status,
            reason,
            path,
            raw_path,
            headers: Cow::Borrowed(headers),
            body,
        })
    }
}
