//! Values as Python's `repr` prints them: some clients log headers and bodies so.
//!
//! Strings of both Pythons (`'a'`, `u'a'`, `b'a'`), dictionaries and lists of pairs, with the name
//! of a class around them or without. What this leaves out: any value whose text is not looked at.

use std::borrow::Cow;

use super::fields::Fields;

/// A text or bytes, as a literal gives them.
#[derive(Debug, PartialEq)]
pub(super) enum Literal<'a> {
    Text(Cow<'a, str>),
    Bytes(Vec<u8>),
}

/// The names and values of the dictionary, or the list of pairs, that `text` begins with, and
/// where it ends.
pub(super) fn fields(text: &str) -> Option<(Fields<'_>, usize)> {
    let mut reader = Reader { text, at: 0 };
    let fields = reader.fields()?;
    Some((fields, reader.at))
}

/// The text or the bytes that `text` begins with as a literal, and where it ends.
pub(super) fn literal(text: &str) -> Option<(Literal<'_>, usize)> {
    let mut reader = Reader { text, at: 0 };
    let literal = reader.literal()?;
    Some((literal, reader.at))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(token);
        self.at += if is_there { token.len() } else { 0 };
        is_there
    }

    fn fields(&mut self) -> Option<Fields<'a>> {
        self.skip_space();
        let name = self.rest().len()
            - self.rest().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '.').len();
        let is_call = name > 0 && self.rest()[name..].starts_with('(');
        self.at += if is_call { name + 1 } else { 0 };
        let mut fields = Vec::new();
        let (close, is_dict) = if self.take("{") {
            ("}", true)
        } else if self.take("[") {
            ("]", false)
        } else {
            return None;
        };
        while !self.take(close) {
            if !fields.is_empty() && !self.take(",") {
                return None;
            }
            if self.take(close) {
                break;
            }
            let pair_close = match is_dict {
                true => None,
                false if self.take("(") => Some(")"),
                false if self.take("[") => Some("]"),
                false => return None,
            };
            let name = self.value()?;
            if !self.take(if is_dict { ":" } else { "," }) {
                return None;
            }
            let value = self.value()?;
            if pair_close.is_some_and(|close| !self.take(close)) {
                return None;
            }
            fields.push((name, value));
        }
        (!is_call || self.take(")")).then_some(fields)
    }

    /// A string, or a number or name as it is written.
    fn value(&mut self) -> Option<Cow<'a, str>> {
        self.skip_space();
        match self.literal() {
            Some(Literal::Text(text)) => Some(text),
            Some(Literal::Bytes(bytes)) => Some(String::from_utf8_lossy(&bytes).into_owned().into()),
            None => {
                let rest = self.rest();
                let word = &rest
                    [..rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '+' | '_')))?];
                self.at += word.len();
                (!word.is_empty()).then_some(word.into())
            }
        }
    }

    fn literal(&mut self) -> Option<Literal<'a>> {
        let rest = self.rest();
        let letters = rest.len() - rest.trim_start_matches(['u', 'b', 'U', 'B', 'r']).len();
        let quote = rest[letters..].chars().next().filter(|c| letters < 3 && matches!(c, '\'' | '"'))?;
        let is_bytes = rest[..letters].contains(['b', 'B']);
        let start = self.at + letters + 1;
        let content = &self.text[start..];
        let plain = content.find([quote, '\\'])?;
        if content.as_bytes()[plain] != b'\\' {
            self.at = start + plain + 1;
            let content = &content[..plain];
            return Some(if is_bytes {
                Literal::Bytes(content.as_bytes().to_vec())
            } else {
                Literal::Text(content.into())
            });
        }
        let mut bytes = content.as_bytes()[..plain].to_vec();
        let mut chars = content[plain..].char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at = start + plain + at + 1;
                return Some(if is_bytes {
                    Literal::Bytes(bytes)
                } else {
                    Literal::Text(String::from_utf8_lossy(&bytes).into_owned().into())
                });
            }
            if c != '\\' {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            let (_, escape) = chars.next()?;
            let digits = match escape {
                'x' => 2,
                'u' if !is_bytes => 4,
                'U' if !is_bytes => 8,
                _ => 0,
            };
            if digits == 0 {
                match escape {
                    'n' => bytes.push(b'\n'),
                    'r' => bytes.push(b'\r'),
                    't' => bytes.push(b'\t'),
                    '\\' | '\'' | '"' => bytes.push(escape as u8),
                    other => {
                        bytes.push(b'\\');
                        bytes.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                }
                continue;
            }
            let mut code = 0;
            for _ in 0..digits {
                code = code * 16 + chars.next()?.1.to_digit(16)?;
            }
            // The text of Python 2 escapes the bytes of UTF-8 one by one.
            if digits == 2 && (is_bytes || letters == 0) {
                bytes.push(u8::try_from(code).ok()?);
            } else {
                let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(String, usize)> {
        fields(text).map(|(fields, end)| {
            (fields.iter().map(|(name, value)| format!("{name}={value};")).collect(), end)
        })
    }

    #[test]
    fn fields_of_every_form() {
        for text in [
            "{'A': 'b', 'C-D': 'e: f'}",
            "CaseInsensitiveDict({'A': 'b', u'C-D': u'e: f'})",
            "[('A', 'b'), ('C-D', 'e: f')]",
            "dict_items([(\"A\", 'b'), (b'C-D', b'e: f',)])".replace(",)", ")").as_str(),
            "{'A': \"b\", 'C-D': 'e\\x3a f', }",
        ] {
            assert_eq!(shown(&format!("{text} rest")), Some(("A=b;C-D=e: f;".into(), text.len())), "{text}");
        }
        assert_eq!(shown("{}"), Some((String::new(), 2)));
        assert_eq!(shown("{'a': 1, 'b': None}").unwrap().0, "a=1;b=None;");
        for text in ["{'a'", "{'a': 'b", "['a']", "x", "{'a' 'b'}", "C({'a': 'b'}", "{'a': 'b' 'c': 'd'}"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn literals_lose_their_escapes() {
        assert_eq!(literal("b'[]' x"), Some((Literal::Bytes(b"[]".to_vec()), 5)));
        assert_eq!(literal("'it\\'s \\u00e9'").unwrap().0, Literal::Text("it's é".into()));
        assert_eq!(literal("'\\xc3\\xa9\\n'").unwrap().0, Literal::Text("é\n".into()));
        assert_eq!(literal("b'\\x00\\xff'").unwrap().0, Literal::Bytes(vec![0, 255]));
        assert_eq!(literal("bare"), None);
    }
}
