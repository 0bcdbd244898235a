//! The body of a message, in the forms in which sources can know one.

use std::borrow::Cow;

use crate::error::counted;
use crate::text::Text;

/// The body of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// There was none, or it was empty.
    #[default]
    Absent,
    /// Text, decoded and with its content coding removed, as the source holds it.
    Text(Text),
    /// Bytes that are not text, or a text too long to keep: what is known of them.
    Binary(Binary),
    /// There was one, and who wrote the log left it out; the text says so in the writer's words.
    Omitted(Text),
}

/// How the words begin that a writer of a log has in place of a body (keystoneauth's own).
const OMITTED: &str = "Omitted, ";

/// Words for a body of so many bytes that a log does not hold.
pub(crate) fn omitted_length(length: u64) -> String {
    format!("({}, not in the log)", counted(length, "byte"))
}

/// The words of [`Body::Omitted`] as a log has them: on one line, and where the message `has_length`, which is
/// not theirs, so that [`is_omission`] knows them.
pub(crate) fn omission(words: &str, has_length: bool) -> Cow<'_, str> {
    let is_clear = !has_length && !words.is_empty() && !words.starts_with(['{', '[']);
    if is_omission(words, None) || is_clear && !words.contains(['\n', '\r']) {
        return words.into();
    }
    let words = words.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    match words.join(" ") {
        words if words.is_empty() => format!("{OMITTED}and nothing else is known of it").into(),
        words => format!("{OMITTED}{words}").into(),
    }
}

/// Whether `body`, of a message whose headers say that it has `length` bytes, is no body but the words of
/// one that was left out.
pub(crate) fn is_omission(body: &str, length: Option<u64>) -> bool {
    let has_its_length = length == Some(body.len() as u64);
    if body.starts_with(OMITTED) {
        return !has_its_length && !body.contains(['\n', '\r']);
    }
    let digits = body.strip_prefix('(').and_then(|rest| rest.split(' ').next());
    let said = digits.and_then(|digits| digits.parse().ok());
    said.is_some_and(|said| omitted_length(said) == body && (length == Some(said) || !has_its_length))
}

/// What is known of a body that is not kept whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Binary {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The length in bytes, where it is known.
    pub length: Option<u64>,
    /// The SHA-256 of the whole in lower-case hexadecimal, where it is known.
    pub sha256: Option<Text>,
}

impl Binary {
    /// The first bytes as Python's `repr` writes them, with `...` after: the form of the
    /// source documents' logs (`requestshook` prints the first 32 bytes so).
    pub fn repr(&self) -> String {
        let quote = if self.head.contains(&b'\'') && !self.head.contains(&b'"') { '"' } else { '\'' };
        let mut repr = format!("b{quote}");
        for &byte in &self.head {
            match byte {
                b'\\' => repr.push_str("\\\\"),
                b'\t' => repr.push_str("\\t"),
                b'\n' => repr.push_str("\\n"),
                b'\r' => repr.push_str("\\r"),
                b if b as char == quote => {
                    repr.push('\\');
                    repr.push(quote);
                }
                0x20..=0x7e => repr.push(byte as char),
                _ => {
                    repr.push_str("\\x");
                    repr.extend(
                        [byte >> 4, byte & 15].map(|half| char::from(b"0123456789abcdef"[usize::from(half)])),
                    );
                }
            }
        }
        repr.push(quote);
        repr.push_str("...");
        repr
    }

    /// Reads back what [`Binary::repr`] writes; `None` for anything that it would write otherwise.
    pub fn from_repr(repr: &str) -> Option<Binary> {
        let inner = repr.strip_prefix('b')?.strip_suffix("...")?;
        let quote = inner.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let inner = inner.strip_prefix(quote)?.strip_suffix(quote)?;
        let mut head = Vec::new();
        let mut bytes = inner.bytes();
        while let Some(byte) = bytes.next() {
            head.push(match byte {
                b'\\' => match bytes.next()? {
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b'x' => {
                        let digits = [bytes.next()?, bytes.next()?];
                        u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
                    }
                    other => other,
                },
                other => other,
            });
        }
        let binary = Binary { head, length: None, sha256: None };
        (binary.repr() == repr).then_some(binary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_body_that_has_its_length_is_no_omission() {
        let omitted = [
            "(12 bytes, not in the log)",
            "Omitted, 12 bytes are not in the HAR file",
            "(1 byte, not in the log)",
        ];
        assert!(omitted.iter().all(|words| is_omission(words, None) && is_omission(words, Some(12))));
        assert!(is_omission("(26 bytes, not in the log)", Some(26)));
        assert!(is_omission(omitted[0], Some(5)) && !is_omission(omitted[0], Some(26)));
        assert!(!is_omission(omitted[1], Some(41)));
        assert!(!is_omission("(012 bytes, not in the log)", None) && !is_omission("Omitted, a\nb", None));
    }

    proptest! {
        #[test]
        fn an_omission_is_known(words in "(Omitted, |\\(12 bytes, not in the log\\)|\\PC|[\n\r ]){0,6}") {
            let written = omission(&words, true);
            prop_assert!(is_omission(&written, None) && !written.contains(['\n', '\r']), "{written:?}");
            prop_assert_eq!(omission(&written, true), &*written);
            prop_assert!([&*words, &*written].contains(&&*omission(&words, false)));
        }

        #[test]
        fn repr_reads_back(head in proptest::collection::vec(any::<u8>(), 0..40)) {
            let binary = Binary { head, length: None, sha256: None };
            prop_assert_eq!(Binary::from_repr(&binary.repr()), Some(binary));
        }
    }
}
