//! A text with some of its bytes changed and all others kept.
//!
//! Files that people write are never written anew from what was understood of them: comments, order and line
//! ends are theirs. So whoever changes one says which bytes, and this puts the others around them. What this
//! leaves out: what is to change.

use std::ops::Range;

/// Bytes of a text, and what takes their place. An empty span is where something is put in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edit {
    /// Where the bytes begin.
    pub(crate) start: usize,
    /// Where they end.
    pub(crate) end: usize,
    /// What takes their place.
    pub(crate) new: String,
}

impl Edit {
    /// A change of these bytes.
    pub(crate) fn new(span: Range<usize>, new: impl Into<String>) -> Edit {
        Edit { start: span.start, end: span.end, new: new.into() }
    }
}

/// `text` with these edits, in any order. One that begins within another, or is the same, is not made.
pub(crate) fn edited(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort();
    edits.dedup();
    let mut made = String::with_capacity(text.len());
    let mut copied = 0;
    for edit in edits {
        if edit.start < copied {
            continue;
        }
        made.push_str(&text[copied..edit.start]);
        made.push_str(&edit.new);
        copied = edit.end;
    }
    made.push_str(&text[copied..]);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_stay() {
        let edits =
            [Edit::new(4..5, "xyz"), Edit::new(0..1, ""), Edit::new(2..2, "-"), Edit::new(4..5, "xyz")];
        assert_eq!(edited("a\r\nb가\n", &[]), "a\r\nb가\n");
        assert_eq!(edited("abcdef", &edits), "b-cdxyzf");
    }
}
