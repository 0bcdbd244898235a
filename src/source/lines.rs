//! A text, and where its lines end.
//!
//! The reader of a log asks for the end of the same line several times, and for the line that a byte
//! is on. So all ends are found once. What this leaves out: what a line means.

use crate::text::Text;

/// The ends of the lines of a text.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    ends: Vec<usize>,
}

impl Lines {
    /// Finds the lines of `text`. Each takes eight bytes of memory.
    pub(super) fn new(text: &Text) -> Lines {
        Lines { ends: memchr::memchr_iter(b'\n', text.as_bytes()).collect() }
    }

    /// The byte offset of every line feed, in order.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// The number, from 0, of the line that holds the byte `at`, or would if the text went on.
    /// `near` is a number not above it; the closer it is, the faster.
    pub(super) fn line_of(&self, at: usize, near: usize) -> usize {
        let mut first = near.min(self.ends.len());
        // Most often it is one of the next few.
        for _ in 0..4 {
            match self.ends.get(first) {
                Some(&end) if end < at => first += 1,
                _ => return first,
            }
        }
        let mut step = 8;
        while self.ends.get(first + step).is_some_and(|&end| end < at) {
            first += step;
            step *= 2;
        }
        let last = self.ends.len().min(first + step);
        first + self.ends[first..last].partition_point(|&end| end < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn all_ends_are_found(text in "([ -~]{0,90}\n{0,3}|\n{0,70}){0,6}") {
            let lines = Lines::new(&Text::from(text.clone()));
            let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
            prop_assert_eq!(lines.ends(), ends);
            for at in 0..=text.len() {
                let line = text[..at].matches('\n').count();
                for near in 0..=line {
                    prop_assert_eq!(lines.line_of(at, near), line);
                }
            }
        }
    }
}
