//! JSON as a tree that keeps what a comparison must not lose, the digits of a number and repeated keys, and
//! nothing of what is none of its concern: the order of keys.

use std::borrow::Cow;
use std::fmt::Write;

use crate::json;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree<'a> {
    Null,
    Bool(bool),
    /// The number as it is written.
    Number(&'a str),
    String(Cow<'a, str>),
    List(Vec<Tree<'a>>),
    /// The members in the order of their keys; those of one key in the order of the text.
    Object(Vec<(Cow<'a, str>, Tree<'a>)>),
}

impl<'a> Tree<'a> {
    /// The object or list that `text` is. A bare word or number is a text to compare as such.
    pub(super) fn parse(text: &'a str) -> Option<Tree<'a>> {
        if !text.trim_ascii_start().starts_with(['{', '[']) || json::validate(text).is_err() {
            return None;
        }
        Some(Parser { text, at: 0 }.value())
    }

    /// The value with the members of an object in the order of their keys.
    pub(super) fn sorted(mut self) -> Tree<'a> {
        if let Tree::Object(members) = &mut self {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
        }
        self
    }

    /// The value as JSON on one line.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        self.write(&mut json);
        json
    }

    fn write(&self, json: &mut String) {
        match self {
            Tree::Null => json.push_str("null"),
            Tree::Bool(bool) => _ = write!(json, "{bool}"),
            Tree::Number(number) => json.push_str(number),
            Tree::String(text) => json.push_str(&quoted(text)),
            Tree::List(members) => {
                json.push('[');
                for (at, member) in members.iter().enumerate() {
                    json.push_str(if at == 0 { "" } else { ", " });
                    member.write(json);
                }
                json.push(']');
            }
            Tree::Object(members) => {
                json.push('{');
                for (at, (key, member)) in members.iter().enumerate() {
                    json.push_str(if at == 0 { "" } else { ", " });
                    json.push_str(&quoted(key));
                    json.push_str(": ");
                    member.write(json);
                }
                json.push('}');
            }
        }
    }
}

/// `text` as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Reads text that is JSON, and nests no deeper than [`json::MAX_DEPTH`].
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        bytes.get(self.at).copied().unwrap_or_default()
    }

    fn value(&mut self) -> Tree<'a> {
        match self.peek() {
            b'{' => {
                let mut members: Vec<(Cow<'_, str>, Tree<'_>)> = Vec::new();
                self.members(b'}', |parser| {
                    let key = parser.string();
                    parser.peek();
                    parser.at += 1;
                    members.push((key, parser.value()));
                });
                Tree::Object(members).sorted()
            }
            b'[' => {
                let mut members = Vec::new();
                self.members(b']', |parser| members.push(parser.value()));
                Tree::List(members)
            }
            b'"' => Tree::String(self.string()),
            b't' => self.word(4, Tree::Bool(true)),
            b'f' => self.word(5, Tree::Bool(false)),
            b'n' => self.word(4, Tree::Null),
            _ => {
                let rest = &self.text[self.at..];
                let end = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
                // What is no number either would never end.
                let end = end.unwrap_or(rest.len()).max(rest.chars().next().map_or(0, char::len_utf8));
                self.at += end;
                Tree::Number(&rest[..end])
            }
        }
    }

    fn word(&mut self, length: usize, value: Tree<'a>) -> Tree<'a> {
        self.at += length;
        value
    }

    fn members(&mut self, close: u8, mut member: impl FnMut(&mut Parser<'a>)) {
        self.at += 1;
        while self.peek() != close && self.at < self.text.len() {
            member(self);
            if self.peek() == b',' {
                self.at += 1;
            }
        }
        self.at += 1;
    }

    fn string(&mut self) -> Cow<'a, str> {
        self.peek();
        let start = self.at;
        let rest = &self.text.as_bytes()[start + 1..];
        let mut end = 0;
        let mut is_escaped = false;
        while let Some(found) = memchr::memchr2(b'"', b'\\', &rest[end..]) {
            end += found;
            if rest[end] == b'"' {
                break;
            }
            is_escaped = true;
            end += 2;
        }
        self.at = start + end + 2;
        let inner = &self.text[start + 1..start + 1 + end];
        if !is_escaped {
            return Cow::Borrowed(inner);
        }
        // Half of a surrogate pair is JSON, and no text.
        serde_json::from_str(&self.text[start..self.at]).map_or(Cow::Borrowed(inner), Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            "[ -~é\"\\\\\n]{0,9}".prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                proptest::collection::btree_map("[a-z\"]{0,3}", inner, 0..5)
                    .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_tree_is_what_was_written(value in json(), is_laid_out in any::<bool>()) {
            let text = if is_laid_out { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            let tree = Tree::parse(&text).map(|tree| tree.to_json());
            if value.is_object() || value.is_array() {
                let read: serde_json::Value = serde_json::from_str(&tree.unwrap()).unwrap();
                prop_assert_eq!(read, value);
            } else {
                prop_assert_eq!(tree, None);
            }
        }
    }

    #[test]
    fn digits_and_repeated_keys_are_kept() {
        let text = r#"{"a": 1.0, "a": 10000000000000000000001, "b": "\ud800"}"#;
        let tree = Tree::parse(text).unwrap();
        assert!(tree.to_json().starts_with(r#"{"a": 1.0, "a": 10000000000000000000001, "b": "#));
    }
}
