//! The body of a message, in the forms in which sources can know one.

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

    proptest! {
        #[test]
        fn repr_reads_back(head in proptest::collection::vec(any::<u8>(), 0..40)) {
            let binary = Binary { head, length: None, sha256: None };
            prop_assert_eq!(Binary::from_repr(&binary.repr()), Some(binary));
        }
    }
}
