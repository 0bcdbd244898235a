//! Values from the tokens of a [`Tape`], for anything that serde can read.
//!
//! Faster than `serde_json` where strings are long and full of escapes, and where most of what a
//! text holds is not asked for. A string is always borrowed: from the text, or from what the tape
//! has unescaped. Whatever can be read here, `serde_json` reads as the same value; numbers that
//! are no small integer it reads itself. What this leaves out: enums, keys that are not strings,
//! and saying what does not fit; whoever needs to know asks `serde_json`.

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::tape::{Tape, Token};

impl Tape {
    /// The value that `text`, of which this is the tape, holds.
    pub(crate) fn value<'a, T: Deserialize<'a>>(&'a self, text: &'a str) -> Result<T, Unfit> {
        let mut values = Values { text, unescaped: &self.unescaped, tokens: &self.tokens, at: 0 };
        T::deserialize(&mut values)
    }
}

/// The text holds no such value.
#[derive(Debug)]
pub(crate) struct Unfit;

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the JSON holds something else")
    }
}

impl std::error::Error for Unfit {}

impl serde::de::Error for Unfit {
    fn custom<T: std::fmt::Display>(_: T) -> Unfit {
        Unfit
    }
}

/// The values that have not been read yet.
struct Values<'de> {
    text: &'de str,
    unescaped: &'de str,
    tokens: &'de [Token],
    /// The index of the next value's first token.
    at: usize,
}

impl<'de> Values<'de> {
    fn next(&mut self) -> Result<Token, Unfit> {
        let token = self.tokens.get(self.at).ok_or(Unfit)?;
        self.at += 1;
        Ok(*token)
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

impl<'de> Deserializer<'de> for &mut Values<'de> {
    type Error = Unfit;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unfit> {
        match self.next()? {
            Token::Plain { start, end } => {
                visitor.visit_borrowed_str(&self.text[start as usize..end as usize])
            }
            Token::Unescaped { start, end } => {
                visitor.visit_borrowed_str(&self.unescaped[start as usize..end as usize])
            }
            Token::Number { start, end } => self.number(&self.text[start as usize..end as usize], visitor),
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
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
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
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// The elements of an array, or the members of an object, that are left.
struct Items<'v, 'de> {
    values: &'v mut Values<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
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

impl<'de> MapAccess<'de> for Items<'_, 'de> {
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
