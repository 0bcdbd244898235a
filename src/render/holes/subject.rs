//! Exchanges and messages, as the arguments of a hole name them.
//!
//! A label, one of its two sides, or a selector in quotes. What this leaves out: how a selector
//! is read (`sequence::selector`), and what is printed of the message.

use std::sync::Arc;

use minijinja::value::Value;

use super::Filler;
use super::expression::{Expression, Name};
use super::hole_error::{HoleError, PlacedHole, no_field};
use crate::error::Result;
use crate::page::{Message, PageExchange};
use crate::sequence::Side;
use crate::settings::HoleWord;

/// What an argument names.
pub(super) enum Subject {
    Exchange(Arc<PageExchange>),
    Message(Arc<PageExchange>, Arc<Message>),
}

impl Subject {
    pub(super) fn exchange(&self) -> &Arc<PageExchange> {
        match self {
            Subject::Exchange(exchange) | Subject::Message(exchange, _) => exchange,
        }
    }

    pub(super) fn first_message(&self) -> &Arc<Message> {
        match self {
            Subject::Exchange(exchange) => &exchange.request,
            Subject::Message(_, message) => message,
        }
    }

    pub(super) fn last_message(&self) -> &Arc<Message> {
        match self {
            Subject::Exchange(exchange) => exchange.response.as_ref().unwrap_or(&exchange.request),
            Subject::Message(_, message) => message,
        }
    }

    pub(super) fn first(&self) -> u32 {
        self.first_message().number
    }

    pub(super) fn last(&self) -> u32 {
        self.last_message().number
    }
}

impl Filler<'_> {
    /// The exchange or message that an argument names.
    pub(super) fn subject(&self, placed: PlacedHole<'_>, value: &Value) -> Result<Subject, HoleError> {
        if let Some(expression) = value.downcast_object_ref::<Expression>() {
            return match (&expression.name, expression.fields.as_slice(), &expression.call) {
                (Name::Label(index), [], None) => Ok(Subject::Exchange(self.exchange(*index)?)),
                (Name::Label(index), [side], None) => {
                    let exchange = self.exchange(*index)?;
                    let message = message_of(&exchange, side)?;
                    Ok(Subject::Message(exchange, message))
                }
                (Name::Label(_), [_, beyond, ..], _) => {
                    Err(HoleError::new(format!("a message is asked for, and not its `.{beyond}`")).at(beyond))
                }
                (Name::Word(word), ..) => {
                    Err(HoleError::new(format!("`{word}` names no exchange")).at(word.name()))
                }
                (Name::Label(_), ..) => Err(HoleError::new("a label is no function")),
            };
        }
        let Some(text) = value.as_str() else {
            return Err(HoleError::new(format!("`{value}` names no exchange"))
                .hint("a label, or a selector in quotes: \"glance GET /v2/images #2\""));
        };
        let (selector, side) = match (text.strip_suffix(".request"), text.strip_suffix(".response")) {
            (Some(selector), _) => (selector, Some("request")),
            (_, Some(selector)) => (selector, Some("response")),
            (None, None) => (text, None),
        };
        let index =
            self.scope.find(selector.trim_end(), &placed.place(Some(text))).map_err(HoleError::Error)?;
        let exchange = self.exchange(index)?;
        match side {
            None => Ok(Subject::Exchange(exchange)),
            Some(side) => {
                let message = message_of(&exchange, side)?;
                Ok(Subject::Message(exchange, message))
            }
        }
    }

    pub(super) fn message(
        &self,
        placed: PlacedHole<'_>,
        word: HoleWord,
        value: &Value,
    ) -> Result<Arc<Message>, HoleError> {
        match self.subject(placed, value)? {
            Subject::Message(_, message) => Ok(message),
            Subject::Exchange(_) => {
                Err(HoleError::new(format!("`{word}` is about one message, not both of an exchange"))
                    .hint("add `.request` or `.response`"))
            }
        }
    }

    pub(super) fn exchange(&self, index: usize) -> Result<Arc<PageExchange>, HoleError> {
        let found = self.place(index).map(|at| self.page.exchanges[at].clone());
        found.ok_or_else(|| HoleError::new("this exchange is not on the page"))
    }

    /// The page's first exchanges, up to one of them.
    pub(super) fn up_to(&self, until: &Subject) -> &[Arc<PageExchange>] {
        &self.page.exchanges[..self.place(until.exchange().index).map_or(0, |at| at + 1)]
    }

    /// Where an exchange of the trace is on the page: exchanges are in the order of their requests.
    fn place(&self, index: usize) -> Option<usize> {
        let number = self.scope.sequence.number(index, Side::Request)?;
        self.page.exchanges.binary_search_by_key(&number, |exchange| exchange.request.number).ok()
    }
}

pub(super) fn message_of(exchange: &PageExchange, side: &str) -> Result<Arc<Message>, HoleError> {
    match side {
        "request" => Ok(exchange.request.clone()),
        "response" => exchange.response.clone().ok_or_else(|| {
            HoleError::new("this exchange got no response").at(side).hint("only its request can be shown")
        }),
        _ => Err(no_field("an exchange", side, &["request", "response"])),
    }
}
