//! Numbers of steps in sentences: `(7),(8)`, `(8)`, `(1)-(6)`, `(1-4)`.
//!
//! Only a number in brackets can be one, and not every one is: `man(1)`, `(2022)`, a number in a
//! link's target. Where docgen made the page, each may be a link to its section: `[(7)](#show)`, `([1](#a)-[4](#b))`.
//! What this leaves out: which exchange a number is.

use std::ops::Range;

use crate::page::anchor;

/// What a sentence refers to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Reference {
    /// `(8)`.
    One(u32),
    /// `(7),(8)`.
    Pair(u32, u32),
    /// `(1)-(6)`.
    Range(u32, u32),
    /// `(1-4)`: the numbers and what is between them.
    Span(u32, u32),
    /// `(1~4)`, `(1, 4)`: two numbers in one pair of brackets, the second's place after the first's.
    Both(u32, u32),
}

/// References in `text`, each with its bytes.
pub(super) fn references(text: &str) -> Vec<(Range<usize>, Reference)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(bracket) = text[at..].find('(').map(|open| at + open) {
        let open = bracket - usize::from(text[at..bracket].ends_with('['));
        at = bracket + 1;
        // Both steps of an exchange that has one section.
        if let Some((a, b, end)) = linked_pair(text, open) {
            at = end;
            found.push((open..end, Reference::Pair(a, b)));
            continue;
        }
        // The brackets of some other link.
        let open = if one(text, open).is_some() { open } else { bracket };
        let before = text[..open].chars().next_back();
        // `man(3)`, `\(7)`, `](7)`, `{(7)`.
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '\\' | ']' | '{')) {
            continue;
        }
        if let Some((a, b, end, between)) = two(text, open) {
            at = end;
            let reference = if between == "-" { Reference::Span(a, b) } else { Reference::Both(a, b) };
            found.push((open..end, reference));
        } else if let Some((a, end)) = one(text, open) {
            let next = |sign: &str| {
                let rest = text[end..].strip_prefix(sign)?;
                one(text, text.len() - rest.len())
            };
            let (range, reference) = match (next(","), next("-")) {
                (Some((b, end)), _) if b == a + 1 => (open..end, Reference::Pair(a, b)),
                (_, Some((b, end))) if b > a => (open..end, Reference::Range(a, b)),
                _ => (open..end, Reference::One(a)),
            };
            at = range.end;
            found.push((range, reference));
        }
    }
    found
}

/// What is between the two numbers of a [`Reference::Both`].
pub(super) fn between(text: &str) -> Option<&str> {
    two(text, 0).map(|(.., between)| between)
}

/// The number of `(8)` at `open`, or of `[(8)](#a)`, and where it ends.
fn one(text: &str, open: usize) -> Option<(u32, usize)> {
    let whole = text.get(open..)?;
    let in_link = whole.strip_prefix('[');
    let rest = in_link.unwrap_or(whole).strip_prefix('(')?;
    let (number, length) = number(rest)?;
    let rest = rest[length..].strip_prefix(')')?;
    let rest = if in_link.is_some() { behind_link(rest)? } else { rest };
    Some((number, text.len() - rest.len()))
}

/// The numbers of `[(7),(8)](#a)` at `open`, and where it ends.
fn linked_pair(text: &str, open: usize) -> Option<(u32, u32, usize)> {
    let inside = text[open..].strip_prefix('[')?;
    let (a, end) = one(inside, 0)?;
    let second = inside[end..].strip_prefix(',')?;
    let (b, end) = one(second, 0)?;
    let rest = behind_link(&second[end..])?;
    (b == a + 1).then_some((a, b, text.len() - rest.len()))
}

/// What is behind `](#a)`, the end of a link to a section of the same page.
fn behind_link(text: &str) -> Option<&str> {
    let target = text.strip_prefix("](#")?;
    let length = anchor::length(target);
    target[length..].strip_prefix(')').filter(|_| length > 0)
}

/// The numbers of `(1-4)` at `open`, where it ends, and what is between them.
fn two(text: &str, open: usize) -> Option<(u32, u32, usize, &str)> {
    let rest = &text[open + 1..];
    let (a, first) = maybe_linked(rest)?;
    let between =
        rest[first..].len() - rest[first..].trim_start_matches([' ', ',', '-', '~', '–', '·']).len();
    let between = &rest[first..first + between];
    let signs = between.trim();
    if !matches!(signs, "-" | "~" | "," | "–" | "·") {
        return None;
    }
    let second = first + between.len();
    let (b, length) = maybe_linked(&rest[second..])?;
    let end = second + length;
    (rest[end..].starts_with(')') && b > a).then_some((a, b, open + 1 + end + 1, between))
}

/// A step's number at the beginning of `text`, or one as a link, `[8](#a)`; and its length.
fn maybe_linked(text: &str) -> Option<(u32, usize)> {
    let Some(inside) = text.strip_prefix('[') else { return number(text) };
    let (number, length) = number(inside)?;
    let rest = behind_link(&inside[length..])?;
    Some((number, text.len() - rest.len()))
}

/// A step's number at the beginning of `text`: at most four digits, the first no zero.
fn number(text: &str) -> Option<(u32, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    if text.starts_with('0') || length > 4 {
        return None;
    }
    Some((text[..length].parse().ok()?, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Reference::*;
    use proptest::prelude::*;

    fn of(text: &str) -> Vec<(&str, Reference)> {
        references(text).into_iter().map(|(range, reference)| (&text[range], reference)).collect()
    }

    #[test]
    fn references_of_every_form_are_found() {
        assert_eq!(of("- (1),(2)번"), [("(1),(2)", Pair(1, 2))]);
        assert_eq!(of("(1),(2), (5),(6) 과정"), [("(1),(2)", Pair(1, 2)), ("(5),(6)", Pair(5, 6))]);
        assert_eq!(
            of("(6)-(9) `(10-11)` (12)"),
            [("(6)-(9)", Range(6, 9)), ("(10-11)", Span(10, 11)), ("(12)", One(12))]
        );
        assert_eq!(of("(13), (20)"), [("(13)", One(13)), ("(20)", One(20))]);
        assert_eq!(of("(1~4) (2, 3)"), [("(1~4)", Both(1, 4)), ("(2, 3)", Both(2, 3))]);
        assert_eq!(of("(1),(3)"), [("(1)", One(1)), ("(3)", One(3))]);
    }

    #[test]
    fn references_may_be_links() {
        assert_eq!(
            of("- [(1)](#a),[(2)](#a-response), [(4)](#b)!"),
            [("[(1)](#a),[(2)](#a-response)", Pair(1, 2)), ("[(4)](#b)", One(4))]
        );
        assert_eq!(of("[(1),(2)](#a)"), [("[(1),(2)](#a)", Pair(1, 2))]);
        assert_eq!(of("[(1)](#a)-[(6)](#b)"), [("[(1)](#a)-[(6)](#b)", Range(1, 6))]);
        assert_eq!(
            of("([1](#a)-[4](#b)) ([2](#a), [3](#b))"),
            [("([1](#a)-[4](#b))", Span(1, 4)), ("([2](#a), [3](#b))", Both(2, 3))]
        );
        assert_eq!(of("[(1)](other.md) [see (2)](#a)"), [("(1)", One(1)), ("(2)", One(2))]);
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "man(1)", "(07)", "(12345)", "(3.5)", "\\(7)", "[a](7)", "(v7)", "( 7 )", "(1/2)", "(-3)", "()",
            "(",
        ] {
            assert_eq!(of(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "([(),~ -]|[0-9]|\\PC){0,30}") {
            for (range, _) in references(&text) {
                prop_assert!(text[range].starts_with('('));
            }
        }
    }
}
