//! JSON, token by token, for whoever goes on where others give up.
//!
//! Archives come from everybody: a field of the wrong kind, a `NaN`, half a surrogate pair or a
//! comma too many must cost no more than itself. So the caller asks what comes next, takes it or
//! passes it over, and knows the place of everything. What is no JSON and can be read all the same
//! is told in [`Reader::told`]; where the structure itself is broken there is a [`Broken`], and
//! [`Reader::seek`] goes on elsewhere. A string without escapes is borrowed, and one with escapes
//! keeps them until somebody wants its text. What this leaves out: a tree of values.

use std::borrow::Cow;

use super::escaped::{self, Escaped};
use super::{number, plain, skip_space};

/// A string in whatever form costs least to read.
#[derive(Clone, Debug)]
pub(crate) enum JsonString<'a> {
    /// As it is meant.
    Plain(Cow<'a, str>),
    /// With its escapes, all of them right.
    Escaped(Escaped<'a>),
}

impl<'a> JsonString<'a> {
    /// The string as it is meant.
    pub(crate) fn text(self) -> Cow<'a, str> {
        match self {
            JsonString::Plain(text) => text,
            JsonString::Escaped(escaped) => escaped.text().into(),
        }
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Number,
    Object,
    List,
    Boolean,
    Null,
    /// A word that JSON does not have: `NaN`, `undefined`, `2oo`.
    Word,
}

impl Kind {
    /// The kind with its article, for a message.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::String => "a string",
            Kind::Number => "a number",
            Kind::Object => "an object",
            Kind::List => "a list",
            Kind::Boolean => "true or false",
            Kind::Null => "null",
            Kind::Word => "a word that JSON does not have",
        }
    }
}

/// The structure is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    /// The byte at which it is.
    pub(crate) at: usize,
    /// What is wrong there, the end of a sentence.
    pub(crate) why: &'static str,
}

/// The name of a member, and where it is.
#[derive(Debug)]
pub(crate) struct Key<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) at: usize,
}

/// How far an object or a list has been read.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    is_begun: bool,
}

/// Reads one text from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// What was not as it should be and was read all the same: the byte, and a sentence about it.
    pub(crate) told: Vec<(usize, Cow<'static, str>)>,
}

/// Why a text ends too early.
pub(crate) const CUT_OFF: &str = "the file ends within it";

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Reader<'a> {
        Reader { text, at: 0, told: Vec::new() }
    }

    /// The byte of the next token; the length of the text where there is none.
    pub(crate) fn next_at(&mut self) -> usize {
        self.at = skip_space(self.text.as_bytes(), self.at);
        self.at
    }

    /// The first byte of the next token.
    #[inline]
    pub(crate) fn next_byte(&mut self) -> Option<u8> {
        self.text.as_bytes().get(self.next_at()).copied()
    }

    /// The byte after the last token that was read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Goes on at byte `at`.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// Notes something about the byte `at`.
    pub(crate) fn tell(&mut self, at: usize, message: impl Into<Cow<'static, str>>) {
        self.told.push((at, message.into()));
    }

    /// What the next value is.
    #[inline]
    pub(crate) fn peek(&mut self) -> Result<Kind, Broken> {
        let bytes = self.text.as_bytes();
        Ok(match self.next_byte().ok_or(self.cut_off())? {
            b'"' => Kind::String,
            b'{' => Kind::Object,
            b'[' => Kind::List,
            _ => {
                let end = self.word_end();
                match &bytes[self.at..end] {
                    [] => return Err(Broken { at: self.at, why: "a value is missing here" }),
                    b"null" => Kind::Null,
                    b"true" | b"false" => Kind::Boolean,
                    [b'-' | b'0'..=b'9', ..] if number(bytes, self.at) == Ok(end) => Kind::Number,
                    _ => Kind::Word,
                }
            }
        })
    }

    /// The next value, which is a string.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<JsonString<'a>, Broken> {
        let bytes = self.text.as_bytes();
        let start = self.next_at() + 1;
        let end = plain(bytes, start);
        match bytes.get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(JsonString::Plain(Cow::Borrowed(&self.text[start..end])))
            }
            Some(b'\\') => match escaped::end(bytes, end) {
                Some(after) => {
                    self.at = after;
                    Ok(JsonString::Escaped(Escaped::new(&self.text[start..after - 1])))
                }
                None => self.odd_string(start),
            },
            _ => self.odd_string(start),
        }
    }

    /// A string with something in it that JSON does not have.
    #[cold]
    fn odd_string(&mut self, start: usize) -> Result<JsonString<'a>, Broken> {
        let after = string_end(self.text.as_bytes(), start - 1).ok_or(self.cut_off())?;
        let (text, odd) = escaped::unescape_oddly(&self.text[start..after - 1]);
        if let Some((at, message)) = odd {
            self.tell(start + at, message);
        }
        self.at = after;
        Ok(JsonString::Plain(text.into()))
    }

    /// The next value, which is a number; `None` where it is too large to be one here.
    pub(crate) fn number(&mut self) -> Option<f64> {
        let start = self.next_at();
        self.at = self.word_end();
        self.text[start..self.at].parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Passes the next value over, whatever it is; its text.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<&'a str, Broken> {
        let start = self.next_at();
        match self.peek()? {
            Kind::String => drop(self.string()?),
            Kind::Object | Kind::List => self.at = brackets_end(self.text, start)?,
            _ => self.at = self.word_end(),
        }
        Ok(&self.text[start..self.at])
    }

    /// The name of the next member of an object; the value has to be taken before the next one.
    /// `None` after the last.
    #[inline]
    pub(crate) fn next_member(&mut self, progress: &mut Progress) -> Result<Option<Key<'a>>, Broken> {
        if !self.advance(progress, b'}')? {
            return Ok(None);
        }
        if self.next_byte() != Some(b'"') {
            return Err(self.missing("the name of a member is missing here"));
        }
        let at = self.at;
        let name = self.string()?.text();
        if self.next_byte() != Some(b':') {
            return Err(self.missing("a colon is missing here"));
        }
        self.at += 1;
        Ok(Some(Key { name, at }))
    }

    /// Whether a list has one more element, which has to be taken before the next one.
    #[inline]
    pub(crate) fn next_element(&mut self, progress: &mut Progress) -> Result<bool, Broken> {
        self.advance(progress, b']')
    }

    fn advance(&mut self, progress: &mut Progress, close: u8) -> Result<bool, Broken> {
        if !std::mem::replace(&mut progress.is_begun, true) {
            // The bracket that opens.
            self.next_at();
            self.at += 1;
        } else if self.next_byte() == Some(b',') {
            let comma = self.at;
            self.at += 1;
            if self.next_byte() == Some(close) {
                self.tell(comma, "nothing comes after this comma");
            } else {
                return Ok(true);
            }
        } else if self.next_byte() != Some(close) {
            return Err(self.missing("a comma is missing here"));
        }
        if self.next_byte() == Some(close) {
            self.at += 1;
            return Ok(false);
        }
        Ok(true)
    }

    fn missing(&self, why: &'static str) -> Broken {
        if self.at >= self.text.len() { self.cut_off() } else { Broken { at: self.at, why } }
    }

    fn cut_off(&self) -> Broken {
        Broken { at: self.text.trim_ascii_end().len(), why: CUT_OFF }
    }

    /// The end of the word that begins here: a number, a word of JSON, or another.
    fn word_end(&self) -> usize {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_');
        self.at + self.text.as_bytes()[self.at..].iter().take_while(|byte| is_part(byte)).count()
    }
}

/// The place after the quote that ends the string that begins at `at`.
fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    at += 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The place after the object or list that begins at `start`, by its brackets and strings alone.
///
/// Without recursion: there is no depth that is too much to pass over.
pub(crate) fn brackets_end(text: &str, start: usize) -> Result<usize, Broken> {
    let bytes = text.as_bytes();
    let mut open = Vec::new();
    let mut at = start;
    let cut_off = Broken { at: text.trim_ascii_end().len(), why: CUT_OFF };
    loop {
        match *bytes.get(at).ok_or(cut_off)? {
            bracket @ (b'{' | b'[') => open.push(bracket),
            close @ (b'}' | b']') => {
                // The closing ones come two after the opening ones.
                if open.pop() != Some(close - 2) {
                    return Err(Broken { at, why: "this bracket closes what another one opened" });
                }
                if open.is_empty() {
                    return Ok(at + 1);
                }
            }
            b'"' => {
                at = string_end(bytes, at).ok_or(cut_off)?;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The next value as a tree, or why there is none.
    fn value(json: &mut Reader<'_>) -> Result<Value, Broken> {
        Ok(match json.peek()? {
            Kind::String => Value::String(json.string()?.text().into_owned()),
            Kind::Number => {
                let text = json.skip()?;
                serde_json::from_str(text).map_err(|_| Broken { at: 0, why: "a number" })?
            }
            Kind::Object => {
                let mut members = serde_json::Map::new();
                let mut progress = Progress::default();
                while let Some(key) = json.next_member(&mut progress)? {
                    members.insert(key.name.into_owned(), value(json)?);
                }
                Value::Object(members)
            }
            Kind::List => {
                let mut elements = Vec::new();
                let mut progress = Progress::default();
                while json.next_element(&mut progress)? {
                    elements.push(value(json)?);
                }
                Value::Array(elements)
            }
            Kind::Boolean => Value::Bool(json.skip()? == "true"),
            Kind::Null => {
                json.skip()?;
                Value::Null
            }
            Kind::Word => return Err(Broken { at: json.next_at(), why: "a word" }),
        })
    }

    /// The value of a text in which nothing is told.
    fn whole(text: &str) -> Option<Value> {
        let mut json = Reader::new(text);
        let value = value(&mut json).ok()?;
        (json.next_at() == text.len() && json.told.is_empty()).then_some(value)
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

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(text in json()) {
            prop_assert_eq!(whole(&text), serde_json::from_str(&text).ok(), "{:?}", text);
        }

        #[test]
        fn it_agrees_with_serde_json_on_damage(text in damaged()) {
            prop_assert_eq!(whole(&text), serde_json::from_str(&text).ok(), "{:?}", text);
        }

        #[test]
        fn a_value_passed_over_ends_where_it_ends(text in json(), after in "[ ,\\]}]{0,3}") {
            let both = format!("{text}{after}");
            let mut json = Reader::new(&both);
            prop_assert_eq!(json.skip(), Ok(&*text));
        }

        #[test]
        fn nothing_that_is_broken_stops_it(text in damaged(), from in any::<prop::sample::Index>()) {
            let mut json = Reader::new(&text);
            json.seek(text.floor_char_boundary(from.index(text.len() + 1)));
            let _ = value(&mut json);
            let mut json = Reader::new(&text);
            let _ = json.skip();
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        let told = |text: &str| {
            let mut json = Reader::new(text);
            let value = value(&mut json);
            (value.map(|value| value.to_string()), json.told.iter().map(|(at, _)| *at).collect::<Vec<_>>())
        };
        assert_eq!(told("[1,]"), (Ok("[1]".to_owned()), vec![2]));
        assert_eq!(told("{\"a\": 1 ,}"), (Ok("{\"a\":1}".to_owned()), vec![8]));
        assert_eq!(told("\"a\nb\""), (Ok("\"a\\nb\"".to_owned()), vec![2]));
        assert_eq!(told("\"a\\xb\""), (Ok("\"a\\\\xb\"".to_owned()), vec![2]));
        assert_eq!(told("\"\\n\\ud800!\""), (Ok("\"\\n\u{fffd}!\"".to_owned()), vec![3]));
        for (text, at) in [
            ("", 0),
            ("{", 1),
            ("{\"a\" 1}", 5),
            ("{a: 1}", 1),
            ("[1}", 2),
            ("[1 2]", 3),
            ("[1,,2]", 3),
            ("\"abc", 4),
            ("\"abc\\", 5),
            ("]", 0),
        ] {
            assert_eq!(value(&mut Reader::new(text)).map_err(|broken| broken.at), Err(at), "{text:?}");
        }
    }

    #[test]
    fn words_of_other_languages_are_passed_over() {
        for text in ["NaN", "-Infinity", "undefined", "2oo", "True", "0x1f", "01", "1."] {
            let mut json = Reader::new(text);
            assert_eq!(json.peek(), Ok(Kind::Word), "{text}");
            assert_eq!(json.skip(), Ok(text));
        }
        let mut json = Reader::new("1e999");
        assert_eq!((json.peek(), json.number()), (Ok(Kind::Number), None));
    }

    #[test]
    fn only_what_has_escapes_is_copied() {
        let mut json = Reader::new(r#""plain" "\n""#);
        assert!(matches!(json.string(), Ok(JsonString::Plain(Cow::Borrowed("plain")))));
        assert!(matches!(json.string(), Ok(JsonString::Escaped(escaped)) if escaped.text() == "\n"));
    }

    #[test]
    fn escapes_are_resolved_at_any_distance_from_the_end() {
        for length in 0..40 {
            let run = "가".repeat(length / 3) + &"x".repeat(length % 3);
            let text = format!(r#"["{run}\"{run}\n{run}\u00e9\ud83d\ude00\u0000", "{run}"]"#);
            let expected = serde_json::json!([format!("{run}\"{run}\n{run}é😀\0"), run]);
            assert_eq!(whole(&text), Some(expected.clone()), "{text}");
            assert_eq!(whole(&(text + &" \n\r\t".repeat(length))), Some(expected));
        }
        assert_eq!(whole(r#""\"\\\/\b\f\n\r\t""#), Some(Value::from("\"\\/\u{8}\u{c}\n\r\t")));
    }

    #[test]
    fn no_depth_is_too_much_to_pass_over() {
        let text = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        assert_eq!(Reader::new(&text).skip().map(str::len), Ok(2_000_000));
        assert!(Reader::new(&text[..1_500_000]).skip().is_err());
    }
}
