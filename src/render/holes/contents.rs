//! What holes look up in a message: its keys, its fields, its lines.
//!
//! Prose that explains a body asks for one value of it after the other, so a body is read once, and
//! not once a hole. What this leaves out: what is printed of it.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::Arc;

use crate::page::Message;
use crate::page::highlight::{HeaderOutline, Outline};
use crate::sequence::Side;

/// A message with what is known of its text. Each part is made when it is first asked for.
pub(super) struct Contents {
    pub(super) message: Arc<Message>,
    outline: OnceCell<Option<Outline>>,
    headers: OnceCell<HeaderOutline>,
    json: OnceCell<Option<serde_json::Value>>,
    lines: [OnceCell<TextLines>; 3],
}

/// A text of a message that can be printed in part.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Headers,
    Body,
    RawBody,
}

impl Contents {
    pub(super) fn of(message: Arc<Message>) -> Contents {
        Contents {
            message,
            outline: OnceCell::new(),
            headers: OnceCell::new(),
            json: OnceCell::new(),
            lines: Default::default(),
        }
    }

    /// The outline of the body, if that is JSON.
    pub(super) fn outline(&self) -> Option<&Outline> {
        self.outline.get_or_init(|| Outline::of(self.message.body.text())).as_ref()
    }

    pub(super) fn headers(&self) -> &HeaderOutline {
        self.headers.get_or_init(|| HeaderOutline::of(self.message.headers.text()))
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Option<&serde_json::Value> {
        self.json.get_or_init(|| serde_json::from_str(self.message.body.text()).ok()).as_ref()
    }

    /// The lines of a part; `text` gives it.
    pub(super) fn lines(&self, part: Part, text: impl FnOnce() -> String) -> &TextLines {
        self.lines[part as usize].get_or_init(|| TextLines::of(text()))
    }
}

/// A text that knows where its lines begin.
pub(super) struct TextLines {
    text: String,
    /// Where each line begins, and the next one would.
    starts: Vec<usize>,
}

impl TextLines {
    fn of(text: String) -> TextLines {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
        let starts = std::iter::once(0).chain(ends).chain([text.len() + 1]).collect();
        TextLines { text, starts }
    }

    pub(super) fn count(&self) -> usize {
        self.starts.len() - 1
    }

    /// These lines, from 1, without the end of the last.
    pub(super) fn get(&self, lines: RangeInclusive<usize>) -> &str {
        &self.text[self.starts[lines.start() - 1]..self.starts[*lines.end()] - 1]
    }
}

/// The contents of a page's messages that holes asked for.
#[derive(Default)]
pub(super) struct AllContents(RefCell<HashMap<(usize, Side), Rc<Contents>>>);

impl AllContents {
    /// Those of a message of the page, or of one that a hole has reworded.
    pub(super) fn of(&self, message: &Arc<Message>) -> Rc<Contents> {
        let mut all = self.0.borrow_mut();
        let known = all
            .entry((message.exchange, message.side))
            .or_insert_with(|| Rc::new(Contents::of(message.clone())));
        if Arc::ptr_eq(&known.message, message) {
            known.clone()
        } else {
            Rc::new(Contents::of(message.clone()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_between_line_ends() {
        for text in ["", "a", "a\nb", "a\n\nb\n"] {
            let lines = TextLines::of(text.to_owned());
            let all: Vec<&str> = text.split('\n').collect();
            assert_eq!(lines.count(), all.len());
            assert_eq!(lines.get(1..=all.len()), text);
            for (at, line) in all.iter().enumerate() {
                assert_eq!(lines.get(at + 1..=at + 1), *line);
            }
        }
    }
}
