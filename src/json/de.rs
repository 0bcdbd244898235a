//! JSON for anything that serde can read.
//!
//! Faster than `serde_json` where strings are long and full of escapes, and much of the rest is
//! indentation. A string without escapes is borrowed; one with escapes is copied without them, or
//! left as it is for a [`JsonString`]. Whatever can be read here, `serde_json` reads as the same
//! value; numbers that are no small integer it reads itself. What this leaves out: enums, keys that
//! are not strings, and saying what is wrong; whoever needs to know asks `serde_json`.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::escaped::{self, Escaped};
use super::{number, plain, skip_space, word};

/// The value that `text` holds.
///
/// # Errors
/// [`Unfit`] where `text` is not JSON (RFC 8259), has half a surrogate pair in a string, nests too
/// deep, or holds another kind of value.
pub(crate) fn from_str<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unfit> {
    let mut values = Values { text, at: 0, depth: 0 };
    let value = T::deserialize(&mut values)?;
    if skip_space(text.as_bytes(), values.at) == text.len() { Ok(value) } else { Err(Unfit) }
}

/// A string in whatever form costs least to read.
#[derive(Debug)]
pub(crate) enum JsonString<'a> {
    /// As it is meant.
    Plain(Cow<'a, str>),
    /// With its escapes; only [`from_str`] leaves them in.
    Escaped(Escaped<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonString<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<JsonString<'a>, D::Error> {
        deserializer.deserialize_newtype_struct(JSON_STRING, JsonStringVisitor)
    }
}

/// By this name [`Values`] knows that a string may keep its escapes.
const JSON_STRING: &str = "docgen::json::JsonString";

struct JsonStringVisitor;

impl<'de> Visitor<'de> for JsonStringVisitor {
    type Value = JsonString<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    /// What [`Values`] gives where the string has escapes.
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<JsonString<'de>, E> {
        Ok(JsonString::Escaped(Escaped::new(text)))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<JsonString<'de>, D::Error> {
        Str::deserialize(inner).map(|text| JsonString::Plain(text.0))
    }
}

/// A string, borrowed where it can be. `Option<Cow<str>>` would always be copied by serde; this is not.
#[derive(Clone, Debug)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Str<'a>, D::Error> {
        struct Borrow;

        impl<'de> Visitor<'de> for Borrow {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_string(Borrow)
    }
}

/// The text holds no such value.
#[derive(Debug)]
pub(crate) struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the JSON holds something else")
    }
}

impl std::error::Error for Unfit {}

impl serde::de::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Unfit {
        Unfit
    }
}

/// A string, by what is between its quotes.
enum Quoted<'de> {
    Plain(&'de str),
    /// It has escapes, all of them right.
    Escaped(&'de str),
}

/// How deep arrays and objects may nest. `serde_json` counts the value inside as a level.
const MAX_DEPTH: usize = super::MAX_DEPTH - 1;

/// The values that have not been read yet.
struct Values<'de> {
    text: &'de str,
    at: usize,
    depth: usize,
}

impl<'de> Values<'de> {
    /// The first byte of the next token.
    #[inline]
    fn peek(&mut self) -> Result<u8, Unfit> {
        let bytes = self.text.as_bytes();
        self.at = skip_space(bytes, self.at);
        bytes.get(self.at).copied().ok_or(Unfit)
    }

    /// The next value, which has to be a string.
    #[inline]
    fn string(&mut self) -> Result<Quoted<'de>, Unfit> {
        if self.peek()? != b'"' {
            return Err(Unfit);
        }
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let end = plain(bytes, start);
        match bytes.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(Quoted::Plain(&self.text[start..end]))
            }
            Some(b'\\') => {
                self.at = escaped::end(bytes, end).ok_or(Unfit)?;
                Ok(Quoted::Escaped(&self.text[start..self.at - 1]))
            }
            _ => Err(Unfit),
        }
    }

    #[inline]
    fn visit_string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unfit> {
        match self.string()? {
            Quoted::Plain(text) => visitor.visit_borrowed_str(text),
            Quoted::Escaped(content) => visitor.visit_string(Escaped::new(content).text()),
        }
    }

    /// The next value, which is a number.
    fn number(&mut self) -> Result<&'de str, Unfit> {
        let start = self.at;
        self.at = number(self.text.as_bytes(), start).map_err(|_| Unfit)?;
        Ok(&self.text[start..self.at])
    }

    fn visit_number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unfit> {
        let text = self.number()?;
        // So many digits cannot overflow.
        if text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return visitor
                .visit_u64(text.bytes().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')));
        }
        serde_json::Deserializer::from_str(text).deserialize_any(visitor).map_err(|_| Unfit)
    }

    fn word(&mut self, text: &[u8]) -> Result<(), Unfit> {
        self.at = word(self.text.as_bytes(), self.at, text).map_err(|_| Unfit)?;
        Ok(())
    }

    /// What `visit` makes of the elements or members up to the bracket `close`.
    #[inline]
    fn inside<T>(
        &mut self,
        close: u8,
        visit: impl FnOnce(Items<'_, 'de>) -> Result<T, Unfit>,
    ) -> Result<T, Unfit> {
        if self.depth == MAX_DEPTH {
            return Err(Unfit);
        }
        self.at += 1;
        self.depth += 1;
        let value = visit(Items { values: self, close, is_first: true })?;
        self.depth -= 1;
        // A visitor may stop early, as that of a tuple does.
        if self.peek()? != close {
            return Err(Unfit);
        }
        self.at += 1;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for &mut Values<'de> {
    type Error = Unfit;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.peek()? {
            b'"' => self.visit_string(visitor),
            b'{' => self.inside(b'}', |items| visitor.visit_map(items)),
            b'[' => self.inside(b']', |items| visitor.visit_seq(items)),
            b'-' | b'0'..=b'9' => self.visit_number(visitor),
            b't' => self.word(b"true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.word(b"false").and_then(|()| visitor.visit_bool(false)),
            b'n' => self.word(b"null").and_then(|()| visitor.visit_unit()),
            _ => Err(Unfit),
        }
    }

    // What most values are is not worth the way through all that they could be.
    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.visit_string(visitor)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.visit_string(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.visit_string(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if self.peek()? == b'n' {
            return self.word(b"null").and_then(|()| visitor.visit_none());
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        if name == JSON_STRING {
            return match self.string()? {
                Quoted::Escaped(content) => visitor.visit_borrowed_str(content),
                Quoted::Plain(text) => visitor.visit_newtype_struct(BorrowedStrDeserializer::new(text)),
            };
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unfit> {
        Err(Unfit)
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.peek()? {
            b'"' => {
                self.string()?;
            }
            b'-' | b'0'..=b'9' => {
                self.number()?;
            }
            _ => return self.deserialize_any(visitor),
        }
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct
    }
}

/// The elements of an array, or the members of an object, that are left.
struct Items<'v, 'de> {
    values: &'v mut Values<'de>,
    close: u8,
    is_first: bool,
}

impl Items<'_, '_> {
    /// Goes to the next one, if there is one.
    #[inline]
    fn advance(&mut self) -> Result<bool, Unfit> {
        let byte = self.values.peek()?;
        if byte == self.close {
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            if byte != b',' {
                return Err(Unfit);
            }
            self.values.at += 1;
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unfit;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        if !self.advance()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.values).map(Some)
    }

    /// How many there are is not known before the end. So many spare most lists the first few times
    /// that they grow.
    fn size_hint(&self) -> Option<usize> {
        let bytes = self.values.text.as_bytes();
        let is_empty = bytes.get(skip_space(bytes, self.values.at)) == Some(&self.close);
        Some(if is_empty { 0 } else { 8 })
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Unfit;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        if !self.advance()? {
            return Ok(None);
        }
        if self.values.peek()? != b'"' {
            return Err(Unfit);
        }
        let key = seed.deserialize(&mut *self.values)?;
        if self.values.peek()? != b':' {
            return Err(Unfit);
        }
        self.values.at += 1;
        Ok(Some(key))
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        seed.deserialize(&mut *self.values)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The value, or `None` where it cannot be read.
    fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
        from_str(text).ok()
    }

    /// Some of all that serde's derive has to do with a field.
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct Record<'a> {
        #[serde(borrow)]
        first_name: Cow<'a, str>,
        number: Option<f64>,
        #[serde(default)]
        is_set: bool,
        list: Option<Vec<Inner>>,
        count: Option<usize>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        value: i8,
    }

    fn json() -> impl Strategy<Value = String> {
        let space = "( |\n {0,40}|\t|\r\n|){1}";
        let string = prop_oneof![
            "\"([ -!#-\\[\\]-~]|é|가|😀|\\\\[\"\\\\/bfnrt]|\\\\u(00[0-9a-fA-F]{2}|ac00|d83d\\\\ude00)){0,40}\"",
            "\"[a-z]{0,3}\"",
            "\"\\\\u(d[89abAB]|D[c-f]|00)[0-9a-f]{2}(\\\\u[dD][c-f]00|x)?\"",
        ];
        let number = prop_oneof![
            "-?(0|[1-9][0-9]{0,21})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
            "-?[0-9]{1,3}",
            "(0|[1-9][0-9]{0,18})",
        ];
        let leaf = prop_oneof![string, number, "true|false|null"];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            let key = "\"[a-c\\\\n]{0,3}\"".prop_map(|key| key.replace('\\', "\\\\"));
            let item = (space, inner.clone(), space).prop_map(|(a, item, b)| format!("{a}{item}{b}"));
            let member =
                (space, key, space, item.clone()).prop_map(|(a, key, b, item)| format!("{a}{key}{b}:{item}"));
            prop_oneof![
                (vec(item, 0..6), space).prop_map(|(items, a)| format!("[{a}{}]", items.join(","))),
                (vec(member, 0..6), space).prop_map(|(items, a)| format!("{{{a}{}}}", items.join(","))),
            ]
        })
    }

    /// `text` with some of its characters left out, doubled or changed.
    fn damaged() -> impl Strategy<Value = String> {
        let damage =
            (any::<prop::sample::Index>(), 0..3, "[\\[\\]{}\",:0-9eE.+\\-\\\\unrtf \n\u{0}\u{1f}\u{7f}é]");
        (json(), vec(damage, 1..4)).prop_map(|(text, damages)| {
            let mut characters: Vec<char> = text.chars().collect();
            for (at, kind, new) in damages {
                if characters.is_empty() {
                    break;
                }
                let at = at.index(characters.len());
                let new = new.chars().next().unwrap_or(' ');
                match kind {
                    0 => drop(characters.remove(at)),
                    1 => characters.insert(at, new),
                    _ => characters[at] = new,
                }
            }
            characters.into_iter().collect()
        })
    }

    fn agrees(text: &str) -> Result<(), TestCaseError> {
        let known: Option<Value> = serde_json::from_str(text).ok();
        prop_assert_eq!(read::<Value>(text), known, "{:?}", text);
        Ok(())
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(text in json()) {
            agrees(&text)?;
        }

        #[test]
        fn it_agrees_with_serde_json_on_damage(text in damaged()) {
            agrees(&text)?;
        }

        #[test]
        fn it_agrees_with_serde_json_on_fields(
            fields in vec((
                "firstName|number|isSet|list|count|other|value",
                "\"a\\\\n\"|\"plain\"|-?[0-9]{1,3}(\\.[0-9]{1,2})?|[0-9]{17,21}|true|false|null|1e400|\\[\\]|\\[\\{\"value\": ?[0-9]{1,3}\\}\\]|\\{\"x\": \\[1, \"\\\\t\"\\]\\}|\\[\\[1\\]\\]",
            ), 0..6),
            first in any::<bool>(),
        ) {
            let mut members: Vec<_> = fields.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
            if first {
                members.insert(0, "\"first\\u004eame\": \"x\"".to_owned());
            }
            let text = format!("{{{}}}", members.join(", "));
            let known = serde_json::from_str::<Record<'_>>(&text).ok();
            prop_assert_eq!(from_str::<Record<'_>>(&text).ok(), known, "{}", text);
        }
    }

    #[test]
    fn what_serde_json_reads_otherwise_is_refused() {
        // A struct may be an array, which must not be longer than the struct.
        assert_eq!(read::<Inner>("[1]"), Some(Inner { value: 1 }));
        assert_eq!(read::<Inner>("[1, 2]"), None);
        assert_eq!(read::<Inner>("[1}"), None);
        assert!(serde_json::from_str::<Inner>("[1, 2]").is_err());
        assert_eq!(read::<Inner>("{\"value\": 1, \"value\": 1}"), None);
        assert_eq!(read::<BTreeMap<String, u8>>("{\"a\": 1, \"a\": 2}"), Some([("a".to_owned(), 2)].into()));
        assert_eq!(read::<String>("1"), None);
        assert_eq!(read::<u8>("\"1\""), None);
        assert_eq!(read::<f64>("1e999"), None);
        assert_eq!(read::<(u8, u8)>("[1, 2, 3]"), None);
    }

    #[test]
    fn only_what_has_escapes_is_copied() {
        let text = r#"["plain", "\n"]"#;
        let [plain, escaped] = from_str::<[Str<'_>; 2]>(text).unwrap();
        assert!(matches!(plain.0, Cow::Borrowed("plain")));
        assert!(matches!(&escaped.0, Cow::Owned(text) if text == "\n"));
    }

    #[test]
    fn a_string_keeps_its_escapes_where_it_may() {
        let text = r#"["plain", "\n", null]"#;
        let read = from_str::<Vec<Option<JsonString<'_>>>>(text).unwrap();
        let [Some(JsonString::Plain(plain)), Some(JsonString::Escaped(escaped)), None] = &read[..] else {
            panic!("{read:?}");
        };
        assert_eq!((&**plain, &*escaped.text()), ("plain", "\n"));
        let of_serde_json = serde_json::from_str::<Vec<Option<JsonString<'_>>>>(text).unwrap();
        assert!(matches!(&of_serde_json[1], Some(JsonString::Plain(text)) if text == "\n"));
        assert!(from_str::<Vec<JsonString<'_>>>("[1]").is_err());
    }

    #[test]
    fn escapes_are_resolved_at_any_distance_from_the_end() {
        for length in 0..40 {
            let run = "가".repeat(length / 3) + &"x".repeat(length % 3);
            let text = format!(r#"["{run}\"{run}\n{run}\u00e9\ud83d\ude00\u0000", "{run}"]"#);
            let expected = format!("{run}\"{run}\n{run}é😀\0");
            assert_eq!(read::<Vec<String>>(&text), Some(vec![expected.clone(), run.clone()]), "{text}");
            assert_eq!(read::<Vec<String>>(&(text + &" \n\r\t".repeat(length))), Some(vec![expected, run]));
        }
        let all = read::<String>(r#""\"\\\/\b\f\n\r\t""#);
        assert_eq!(all.as_deref(), Some("\"\\/\u{8}\u{c}\n\r\t"));
    }

    #[test]
    fn what_is_no_string_is_no_json() {
        for text in [
            r#""\ud800""#,
            r#""\ud800x""#,
            r#""\ud800\u0041""#,
            r#""\udc00\ud800""#,
            r#""\udc00""#,
            r#""\u12g4""#,
            r#""\u+123""#,
            r#""\u123"#,
            r#""\x""#,
            r#""\0""#,
            "\"\\",
            "\"\u{1}\"",
            "\"\\n\u{1f}\"",
            "\"0123456789abcdef\\n0123456789abcdef\n\"",
            "\"abc",
            "\"abc\\n",
        ] {
            assert!(from_str::<Value>(text).is_err(), "{text:?}");
            assert!(serde_json::from_str::<String>(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |open: &str, close: &str, depth| open.repeat(depth) + "1" + &close.repeat(depth);
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            for (depth, is_fine) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false), (1_000_000, false)] {
                let text = nested(open, close, depth);
                assert_eq!(from_str::<Value>(&text).is_ok(), is_fine);
                assert_eq!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), is_fine);
            }
        }
        assert!(from_str::<Value>(&"[".repeat(MAX_DEPTH)).is_err());
        assert!(from_str::<Value>(&("[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH))).is_ok());
    }
}
