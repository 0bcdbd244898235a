//! Shared, immutable text.
//!
//! A trace is mostly bodies, and a body is mostly a slice of the file it was
//! read from. [`Text`] is that slice: cheap to clone, cheap to cut, with no
//! lifetime, so that the same bytes travel from the source to the page without
//! being copied. What it leaves out: editing. Text that has to change becomes a
//! `String` and then a new `Text`.

pub use bytestring::ByteString as Text;

/// The part of `whole` that `part` points into, sharing its memory.
///
/// # Panics
/// If `part` is not a slice of `whole`.
pub fn slice(whole: &Text, part: &str) -> Text {
    if part.is_empty() {
        return Text::new();
    }
    whole.slice_ref(part)
}
