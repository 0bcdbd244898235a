//! Shared, immutable text.
//!
//! A trace is mostly bodies, and a body is mostly a slice of the file it was
//! read from. [`Text`] is that slice: cheap to clone, cheap to cut, with no
//! lifetime, so that the same bytes travel from the source to the page without
//! being copied. What it leaves out: editing. Text that has to change becomes a
//! `String` and then a new `Text`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

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

/// `part` as text, sharing the memory of `whole` where it is a slice of it.
pub fn share(whole: &Text, part: Cow<'_, str>) -> Text {
    match part {
        Cow::Borrowed(part) if holds(whole, part) => slice(whole, part),
        part => Text::from(part.into_owned()),
    }
}

/// The place of `part` in `whole`, in bytes, if it is a slice of it.
pub fn range_of(whole: &str, part: &str) -> Option<Range<usize>> {
    holds(whole, part).then(|| {
        let start = part.as_ptr().addr() - whole.as_ptr().addr();
        start..start + part.len()
    })
}

/// Whether `part` lies in the memory of `whole`.
pub fn holds(whole: &str, part: &str) -> bool {
    let (whole, part) = (whole.as_bytes().as_ptr_range(), part.as_bytes().as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

/// The values of variables by their names.
pub fn values(vars: &[(String, String)]) -> HashMap<&str, &str> {
    vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// `text` with the values of variables for `{name}`. What a value holds is not looked at again.
pub fn with_values(text: &str, vars: &HashMap<&str, &str>) -> String {
    filled(text, |name| vars.get(name).map(|value| Cow::Borrowed(*value)))
}

/// `text` with what `value` gives for `{name}`. What a value holds is not looked at again.
pub fn filled<'v>(text: &str, value: impl Fn(&str) -> Option<Cow<'v, str>>) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        filled.push_str(before);
        let name = from[1..].split(['{', '}']).next().unwrap_or_default();
        let is_closed = from[1 + name.len()..].starts_with('}');
        let value = if is_closed { value(name) } else { None };
        let end = value.as_ref().map_or(1, |_| name.len() + 2);
        filled.push_str(value.as_deref().unwrap_or(&from[..end]));
        rest = &from[end..];
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_looked_at_again() {
        let vars = HashMap::from([("a", "{b}"), ("b", "2")]);
        for (text, shown) in [("{a} {b}", "{b} 2"), ("{{b}} {c} {b", "{2} {c} {b"), ("{}{ b}", "{}{ b}")] {
            assert_eq!(with_values(text, &vars), shown);
        }
    }
}
