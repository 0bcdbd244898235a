//! Values from the tokens of a `Tape`, for anything that serde can read.
//!
//! Faster than `serde_json` where strings are long and full of escapes, and where most of what a
//! text holds is not asked for. A string without escapes is borrowed; one with escapes is copied
//! without them, or left as it is for a [`JsonString`]. Whatever can be read here, `serde_json`
//! reads as the same value; numbers that are no small integer it reads itself. What this leaves
//! out: enums, keys that are not strings, and saying what does not fit; whoever needs to know asks
//! `serde_json`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::escaped::Escaped;
use super::tape::{Tape, Token};

impl Tape {
    /// The value that `text`, of which this is the tape, holds.
    pub(crate) fn value<'a, T: Deserialize<'a>>(&self, text: &'a str) -> Result<T, Unfit> {
        T::deserialize(&mut Values { text, tokens: &self.tokens, at: 0 })
    }
}

/// A string in whatever form costs least to read.
#[derive(Debug)]
pub(crate) enum JsonString<'a> {
    /// As it is meant.
    Plain(Cow<'a, str>),
    /// With its escapes; only a [`Tape`] leaves them in.
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

/// The values that have not been read yet.
struct Values<'t, 'de> {
    text: &'de str,
    tokens: &'t [Token],
    /// The index of the next value's first token.
    at: usize,
}

impl<'de> Values<'_, 'de> {
    fn next(&mut self) -> Result<Token, Unfit> {
        let token = self.tokens.get(self.at).ok_or(Unfit)?;
        self.at += 1;
        Ok(*token)
    }

    #[inline]
    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unfit> {
        match self.next()? {
            Token::Plain { start, end } => visitor.visit_borrowed_str(self.part(start, end)),
            Token::Escaped { start, end } => visitor.visit_string(Escaped::new(self.part(start, end)).text()),
            _ => Err(Unfit),
        }
    }

    #[inline]
    fn part(&self, start: u32, end: u32) -> &'de str {
        &self.text[start as usize..end as usize]
    }

    fn number<V: Visitor<'de>>(&self, text: &'de str, visitor: V) -> Result<V::Value, Unfit> {
        // So many digits cannot overflow.
        if text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return visitor
                .visit_u64(text.bytes().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')));
        }
        serde_json::Deserializer::from_str(text).deserialize_any(visitor).map_err(|_| Unfit)
    }
}

impl<'de> Deserializer<'de> for &mut Values<'_, 'de> {
    type Error = Unfit;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.next()? {
            Token::Plain { .. } | Token::Escaped { .. } => {
                self.at -= 1;
                self.string(visitor)
            }
            Token::Number { start, end } => self.number(self.part(start, end), visitor),
            Token::Array { count, next } => {
                let value = visitor.visit_seq(Items { values: self, left: count as usize })?;
                // A visitor may stop early, as that of a struct does.
                if self.at == next as usize { Ok(value) } else { Err(Unfit) }
            }
            Token::Object { count, next } => {
                let value = visitor.visit_map(Items { values: self, left: count as usize })?;
                if self.at == next as usize { Ok(value) } else { Err(Unfit) }
            }
            Token::True => visitor.visit_bool(true),
            Token::False => visitor.visit_bool(false),
            Token::Null => visitor.visit_unit(),
        }
    }

    // What most values are is not worth the way through all that they could be.
    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.string(visitor)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.string(visitor)
    }

    #[inline]
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        self.string(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        if let Some(Token::Null) = self.tokens.get(self.at) {
            self.at += 1;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        if name == JSON_STRING
            && let Some(&Token::Escaped { start, end }) = self.tokens.get(self.at)
        {
            self.at += 1;
            return visitor.visit_borrowed_str(self.part(start, end));
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
        if let Token::Array { next, .. } | Token::Object { next, .. } = self.next()? {
            self.at = next as usize;
        }
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct
    }
}

/// The elements of an array, or the members of an object, that are left.
struct Items<'v, 't, 'de> {
    values: &'v mut Values<'t, 'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_, 'de> {
    type Error = Unfit;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.values).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Items<'_, '_, 'de> {
    type Error = Unfit;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        self.next_element_seed(seed)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        seed.deserialize(&mut *self.values)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
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

    /// The value as told by the tape, or `None` where it cannot be read.
    fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Option<T> {
        Tape::of(text)?.value(text).ok()
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
            let tape = Tape::of(&text);
            prop_assert_eq!(tape.as_ref().and_then(|tape| tape.value::<Record<'_>>(&text).ok()), known, "{}", text);
        }
    }

    #[test]
    fn what_serde_json_reads_otherwise_is_refused() {
        // A struct may be an array, which must not be longer than the struct.
        assert_eq!(read::<Inner>("[1]"), Some(Inner { value: 1 }));
        assert_eq!(read::<Inner>("[1, 2]"), None);
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
        let [plain, escaped] = Tape::of(text).unwrap().value::<[Str<'_>; 2]>(text).unwrap();
        assert!(matches!(plain.0, Cow::Borrowed("plain")));
        assert!(matches!(&escaped.0, Cow::Owned(text) if text == "\n"));
    }

    #[test]
    fn a_string_keeps_its_escapes_where_it_may() {
        let text = r#"["plain", "\n", null]"#;
        let read = Tape::of(text).unwrap().value::<Vec<Option<JsonString<'_>>>>(text).unwrap();
        let [Some(JsonString::Plain(plain)), Some(JsonString::Escaped(escaped)), None] = &read[..] else {
            panic!("{read:?}");
        };
        assert_eq!((&**plain, &*escaped.text()), ("plain", "\n"));
        let of_serde_json = serde_json::from_str::<Vec<Option<JsonString<'_>>>>(text).unwrap();
        assert!(matches!(&of_serde_json[1], Some(JsonString::Plain(text)) if text == "\n"));
        assert!(Tape::of("[1]").unwrap().value::<Vec<JsonString<'_>>>("[1]").is_err());
    }
}
