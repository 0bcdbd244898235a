//! Places of a text, found in order.
//!
//! A damaged log can hold a million places on one line. Counting lines and columns from the
//! start for each would take quadratic time, so this remembers where the last one was. What
//! it leaves out: going back. An earlier place is found too, but from the start.

use std::path::Path;

use crate::error::Place;

/// Finds the line and column of byte offsets of `text`, in time linear over rising offsets.
pub(super) struct Places<'a> {
    file: &'a Path,
    text: &'a str,
    at: usize,
    line: usize,
    line_start: usize,
    column: usize,
    line_end: Option<usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Places<'a> {
        Places { file, text, at: 0, line: 1, line_start: 0, column: 1, line_end: None }
    }

    /// The place of the byte range `start..end`.
    pub(super) fn span(&mut self, start: usize, end: usize) -> Place {
        let start = self.text.floor_char_boundary(start);
        if start < self.at {
            *self = Places::new(self.file, self.text);
        }
        let passed = &self.text[self.at..start];
        let lines = memchr::memchr_iter(b'\n', passed.as_bytes()).count();
        match memchr::memrchr(b'\n', passed.as_bytes()) {
            Some(last) => {
                self.line += lines;
                self.line_start = self.at + last + 1;
                self.column = self.text[self.line_start..start].chars().count() + 1;
                self.line_end = None;
            }
            None => self.column += passed.chars().count(),
        }
        self.at = start;
        let line_end = *self.line_end.get_or_insert_with(|| {
            memchr::memchr(b'\n', &self.text.as_bytes()[start..]).map_or(self.text.len(), |at| start + at)
        });
        Place::on_line(
            self.file,
            self.line,
            self.column,
            &self.text[self.line_start..line_end],
            start - self.line_start,
            end.saturating_sub(self.line_start),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_the_same_in_any_order(text in "[ab가\n\r]{0,40}", ats in proptest::collection::vec(0usize..60, 0..8)) {
            let file = Path::new("x.log");
            let mut places = Places::new(file, &text);
            for at in ats {
                prop_assert_eq!(places.span(at, at + 3), Place::span(file, &text, at, at + 3));
            }
        }
    }
}
