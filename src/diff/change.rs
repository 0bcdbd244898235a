//! What a new trace does otherwise than an old one, as values.

use crate::sequence;

/// Something that a new trace does otherwise than an old one.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What changed.
    pub what: What,
    /// In which message; `None` where a whole exchange is meant.
    pub side: Option<Side>,
    /// The exchange; `None` for what the command printed.
    pub exchange: Option<Subject>,
    /// Where: a header's name, a JSON pointer, a cell or line of the output.
    pub at: Option<String>,
    /// What it was; `None` where there was nothing.
    pub old: Option<Value>,
    /// What it is; `None` where there is nothing.
    pub new: Option<Value>,
    /// The same for the same change in every run, and for no other one of the capture: minted values do not
    /// count in it.
    pub fingerprint: String,
    /// The old and the new value with minted ones set aside.
    pub(super) said: [Option<String>; 2],
}

/// What can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// There is one more exchange.
    CallAdded,
    /// An exchange is gone.
    CallRemoved,
    /// An exchange has another place among the others.
    CallMoved,
    /// An exchange happens another number of times, one right after the other.
    Repeat,
    /// The method of a request.
    Method,
    /// The path of a request.
    Path,
    /// The query of a request.
    Query,
    /// The status of a response, or whether there is one.
    Status,
    /// The reason phrase of a response.
    Reason,
    /// A header field: its value, its letters, or that it is there.
    Header,
    /// The order of the header fields that both have.
    HeaderOrder,
    /// A body, or a value in it.
    Body,
    /// What the command printed.
    Output,
}

impl What {
    /// The name for tools.
    pub fn name(self) -> &'static str {
        match self {
            What::CallAdded => "call-added",
            What::CallRemoved => "call-removed",
            What::CallMoved => "call-moved",
            What::Repeat => "repeat",
            What::Method => "method",
            What::Path => "path",
            What::Query => "query",
            What::Status => "status",
            What::Reason => "reason",
            What::Header => "header",
            What::HeaderOrder => "header-order",
            What::Body => "body",
            What::Output => "output",
        }
    }
}

/// Where a change is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// In a request.
    Request,
    /// In a response.
    Response,
    /// In what the command printed.
    Output,
}

impl Side {
    /// The name for tools.
    pub fn name(self) -> &'static str {
        match self {
            Side::Request => sequence::Side::Request.name(),
            Side::Response => sequence::Side::Response.name(),
            Side::Output => "output",
        }
    }
}

/// An exchange of the old trace, of the new one, or of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// In the old trace.
    pub old: Option<Place>,
    /// In the new trace.
    pub new: Option<Place>,
    /// Method and path, with `{id}` for ids.
    pub name: String,
    /// Of a call that came or went, and that another sender has it now: who sent it and who does, if the trace
    /// names them.
    pub senders: Option<[Option<String>; 2]>,
}

/// The place of an exchange in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its index in [`crate::trace::Trace::exchanges`].
    pub index: usize,
    /// Its place among all exchanges in the order of their requests, from 1.
    pub number: usize,
    /// The step that a diagram of all exchanges shows for the changed message.
    pub step: Option<u32>,
}

/// A value of a trace.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text, as it is.
    Text(String),
    /// A JSON value, as JSON.
    Json(String),
}

impl Change {
    /// A change of a message, of no exchange.
    #[cfg(test)]
    pub(crate) fn of(what: What, side: Side, at: &str, old: Option<Value>, new: Option<Value>) -> Change {
        let (exchange, fingerprint, said) = (None, String::new(), [None, None]);
        Change { what, side: Some(side), exchange, at: Some(at.to_owned()), old, new, fingerprint, said }
    }

    /// The old and the new value: of each so many characters, with the first that tells them apart.
    pub fn excerpts(&self, most: usize) -> [Option<String>; 2] {
        let values = [&self.old, &self.new].map(|value| value.as_ref().map(Value::shown));
        let common = match values {
            [Some(old), Some(new)] => old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count(),
            _ => 0,
        };
        values.map(|value| {
            value.map(|value| {
                let count = value.chars().count();
                // A few characters before the difference show where it is.
                let start = if count > most && common > most / 2 { common - most / 4 } else { 0 };
                let shown: String = value.chars().skip(start).take(most).collect();
                let (before, behind) =
                    (if start > 0 { "…" } else { "" }, if count > start + most { "…" } else { "" });
                format!("{before}{shown}{behind}")
            })
        })
    }
}

impl Value {
    /// The value as a text that a person reads.
    pub fn shown(&self) -> &str {
        match self {
            Value::Text(text) | Value::Json(text) => text,
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> String {
        match self {
            Value::Text(text) => super::tree::quoted(text),
            Value::Json(json) => json.clone(),
        }
    }
}
