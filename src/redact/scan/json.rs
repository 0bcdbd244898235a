//! JSON, of any number of values, whole, damaged or cut off.
//!
//! A string is judged by the name of its member, by the members beside it (`{"name": …, "value": …}`), and
//! by what is above it. What is not secret by that is scanned as a text. The bytes of strings that stay
//! are never written anew.

use std::borrow::Cow;
use std::ops::Range;

use super::{
    Class, Edit, Judged, Place, Role, Rule, Scan, Secrecy, Setting, header, is_message, json_escaped, names,
    unescaped,
};

/// A text that nests deeper is read as lines from there on.
const DEEPEST: usize = 200;

/// Where the scan of a text ended.
pub(super) struct Ended {
    /// The end of what is JSON.
    pub(super) end: usize,
    /// Whether that is the end of a value.
    pub(super) is_whole: bool,
}

/// Every value of a text, one after the other.
pub(super) fn scan(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) -> Ended {
    Walk::new(scan, text, at, depth, out).run(false)
}

/// The one value at the beginning of a text, if it is an object or an array with all of its end.
pub(super) fn scan_one(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) -> Ended {
    let before = out.len();
    let ended = Walk::new(scan, text, at, depth, out).run(true);
    if !ended.is_whole {
        out.truncate(before);
    }
    ended
}

/// What an object or array stands in.
struct Level<'t> {
    is_object: bool,
    /// The member whose value comes; in an array, that which holds the array.
    key: Cow<'t, str>,
    secrecy: Option<Secrecy>,
    role: Role,
    index: usize,
    /// The member that holds this value.
    holder: Cow<'t, str>,
    /// What the name of something above makes of the strings here.
    inherited: Option<Class>,
    /// Edits that only what is above says, until it is clear that this is no description of a value.
    held: Vec<Edit>,
    is_schema: bool,
    pair_name: Option<String>,
    pair_value: Option<Scalar>,
    /// Which of [`names::beside`] are here, a bit each, and the members that they are about.
    beside: u32,
    besides: Vec<(Cow<'t, str>, Scalar)>,
    is_kube_secret: bool,
    /// The strings of this object, or of the one member of it that Kubernetes keeps secrets in.
    strings: Vec<Range<usize>>,
    /// The string before, where it is an option that the next one belongs to.
    option: Option<Secrecy>,
}

/// A string without its quotes, or a number.
#[derive(Clone)]
struct Scalar {
    range: Range<usize>,
    is_string: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Expect {
    Value,
    /// The first element of an array, or its end.
    Element,
    /// A key, or the end of the object.
    Key,
    Next,
}

struct Walk<'w, 'r, 't> {
    scan: &'w Scan<'r>,
    text: &'t str,
    at: usize,
    depth: usize,
    out: &'w mut Vec<Edit>,
    levels: Vec<Level<'t>>,
}

impl<'w, 'r, 't> Walk<'w, 'r, 't> {
    fn new(scan: &'w Scan<'r>, text: &'t str, at: usize, depth: usize, out: &'w mut Vec<Edit>) -> Self {
        Walk { scan, text, at, depth, out, levels: Vec::new() }
    }

    fn run(mut self, one: bool) -> Ended {
        let ended = self.values(one);
        // What is cut off or damaged is as secret as what is whole.
        while let Some(level) = self.levels.pop() {
            self.close(level);
        }
        ended
    }

    fn values(&mut self, one: bool) -> Ended {
        let bytes = self.text.as_bytes();
        let mut expect = Expect::Value;
        let mut at = 0;
        loop {
            while bytes.get(at).is_some_and(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | 0x1e)) {
                at += 1;
            }
            if self.levels.is_empty() && expect == Expect::Next {
                if one {
                    return Ended { end: at, is_whole: true };
                }
                expect = Expect::Value;
            }
            let Some(&byte) = bytes.get(at) else {
                return Ended { end: at, is_whole: self.levels.is_empty() };
            };
            let error = Ended { end: at, is_whole: false };
            let is_object = self.levels.last().is_some_and(|level| level.is_object);
            match (expect, byte) {
                (Expect::Value | Expect::Element, b'{' | b'[') => {
                    if self.levels.len() == DEEPEST {
                        return error;
                    }
                    self.open(byte == b'{');
                    expect = if byte == b'{' { Expect::Key } else { Expect::Element };
                    at += 1;
                }
                (Expect::Next | Expect::Element | Expect::Value, b']')
                | (Expect::Next | Expect::Key, b'}') => {
                    match self.levels.pop() {
                        Some(level) if level.is_object == (byte == b'}') => self.close(level),
                        Some(level) => {
                            self.levels.push(level);
                            return error;
                        }
                        None => return error,
                    }
                    expect = Expect::Next;
                    at += 1;
                }
                (Expect::Next, b',') => {
                    if let Some(level) = self.levels.last_mut() {
                        level.index += 1;
                    }
                    expect = if is_object { Expect::Key } else { Expect::Value };
                    at += 1;
                }
                (Expect::Key, b'"') => {
                    let end = string_end(bytes, at);
                    let mut colon = end.after;
                    while bytes.get(colon).is_some_and(u8::is_ascii_whitespace) {
                        colon += 1;
                    }
                    if bytes.get(colon) != Some(&b':') {
                        return Ended { end: if end.is_closed { at } else { bytes.len() }, is_whole: false };
                    }
                    self.key(at + 1..end.inner);
                    at = colon + 1;
                    expect = Expect::Value;
                }
                (Expect::Value | Expect::Element, b'"') => {
                    let end = string_end(bytes, at);
                    if one && !end.is_closed {
                        return error;
                    }
                    self.scalar(Scalar { range: at + 1..end.inner, is_string: true });
                    at = end.after;
                    expect = Expect::Next;
                }
                (Expect::Value | Expect::Element, b'-' | b'0'..=b'9') if !self.levels.is_empty() => {
                    let is_number =
                        |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                    let length = bytes[at..].iter().take_while(is_number).count();
                    self.scalar(Scalar { range: at..at + length, is_string: false });
                    at += length;
                    expect = Expect::Next;
                }
                (Expect::Value | Expect::Element, b't' | b'f' | b'n' | b'N' | b'I')
                    if !self.levels.is_empty() =>
                {
                    let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                    let word = &self.text[at..at + length];
                    if !["true", "false", "null", "NaN", "Infinity"].contains(&word)
                        && at + length < bytes.len()
                    {
                        return error;
                    }
                    self.word(word);
                    at += length;
                    expect = Expect::Next;
                }
                _ => return error,
            }
        }
    }

    fn open(&mut self, is_object: bool) {
        let (key, secrecy, inherited) = match self.levels.last() {
            None => (Cow::Borrowed(""), None, None),
            Some(above) => {
                let from_above = above
                    .inherited
                    .filter(|class| !above.is_object || *class == Class::Secret && !above.role.describes);
                (above.key.clone(), above.secrecy, above.secrecy.map(|secrecy| secrecy.class).or(from_above))
            }
        };
        self.levels.push(Level {
            is_object,
            holder: key.clone(),
            key: if is_object { Cow::Borrowed("") } else { key },
            secrecy: if is_object { None } else { secrecy },
            role: Role::default(),
            index: 0,
            inherited,
            held: Vec::new(),
            is_schema: false,
            pair_name: None,
            pair_value: None,
            beside: 0,
            besides: Vec::new(),
            is_kube_secret: false,
            strings: Vec::new(),
            option: None,
        });
    }

    fn key(&mut self, range: Range<usize>) {
        let key = unescaped(&self.text[range]);
        let Judged { secrecy, role } = self.scan.judged(&key, Place::Key);
        if let Some(level) = self.levels.last_mut() {
            level.is_schema |= key == "$ref";
            level.role = role;
            level.key = key;
            level.secrecy = secrecy;
        }
    }

    /// `true`, `false` and `null` are no secrets, and may say what others are.
    fn word(&mut self, word: &str) {
        if let Some(level) = self.levels.last_mut().filter(|level| level.is_object) {
            level.notice(word);
        }
    }

    fn scalar(&mut self, scalar: Scalar) {
        let raw = &self.text[scalar.range.clone()];
        let value = if scalar.is_string { unescaped(raw) } else { Cow::Borrowed(raw) };
        let by_pointer = self.is_pointed_at();
        let Some(level) = self.levels.last_mut() else {
            return self.leaf(&scalar, &value);
        };
        if level.is_object {
            level.notice(&value);
            if scalar.is_string && level.pair_name.is_none() && level.role.names_pair {
                level.pair_name = Some(value.chars().take(200).collect());
            }
            if level.pair_value.is_none() && level.role.is_pair_value {
                level.pair_value = Some(scalar.clone());
            }
            if level.role.is_beside {
                level.besides.push((level.key.clone(), scalar.clone()));
            }
            if scalar.is_string && is_kube_data(&level.holder) {
                level.strings.push(scalar.range.clone());
            }
        }
        if by_pointer {
            let key = level.key.to_string();
            return self.hide(&scalar, Secrecy::plainly(Class::Secret), Rule::Pointer, &key, &value);
        }
        let option = level.option.take();
        if !level.is_object && scalar.is_string {
            level.option = option_of(self.scan, &value);
        }
        let secrecy = level.secrecy.or(option.filter(|_| !value.starts_with('-')));
        if secrecy.is_none() && level.inherited.is_none() {
            return self.leaf(&scalar, &value);
        }
        let key = level.key.to_string();
        if let Some(secrecy) = secrecy {
            let is_short_number = !scalar.is_string && value.len() < 4;
            if !is_short_number && !is_message(&value) {
                let form = header::form(&key);
                if form.is_some() && scalar.is_string {
                    return self.field(&scalar, &key, &value);
                }
                self.hide(&scalar, secrecy, Rule::Name, &key, &value);
            }
            return;
        }
        let of_token = ["id", "value", "token", "key", "secret", "string", "raw", "data", "content", "text"];
        let inherited = level.inherited.filter(|class| match class {
            Class::Token => level.is_object && of_token.contains(&&*key),
            Class::Secret => !level.is_object || !level.role.describes,
        });
        if let Some(class) = inherited.filter(|_| scalar.is_string && !is_message(&value)) {
            let name = if level.holder.is_empty() { key } else { format!("{}.{key}", level.holder) };
            let before = self.out.len();
            self.hide(&scalar, Secrecy::plainly(class), Rule::Name, &name, &value);
            let held: Vec<Edit> = self.out.drain(before..).collect();
            if let Some(level) = self.levels.last_mut() {
                level.held.extend(held);
            }
            return;
        }
        self.leaf(&scalar, &value);
    }

    /// Replaces a string or a number, which becomes a string.
    fn hide(&mut self, scalar: &Scalar, secrecy: Secrecy, rule: Rule, name: &str, value: &str) {
        if !self.scan.is_value(secrecy, value) {
            return;
        }
        let range = self.at + scalar.range.start..self.at + scalar.range.end;
        let is_string = scalar.is_string;
        self.scan.encoded_edit(self.out, range, secrecy.class, rule, name, value, |stand_in| {
            if is_string { json_escaped(stand_in) } else { format!("\"{}\"", json_escaped(stand_in)) }
        });
    }

    /// A string that has the form of a header field's value.
    fn field(&mut self, scalar: &Scalar, name: &str, value: &str) {
        let range = self.at + scalar.range.start..self.at + scalar.range.end;
        let depth = self.depth;
        if value.len() == scalar.range.len() {
            return header::scan(self.scan, name, value_in(self.text, scalar), range.start, depth, self.out);
        }
        self.scan.nested(self.out, range, value, json_escaped, |out| {
            header::scan(self.scan, name, value, 0, depth, out);
        });
    }

    /// A string that no name calls secret: a text of its own.
    fn leaf(&mut self, scalar: &Scalar, value: &str) {
        if !scalar.is_string || value.len() < 5 || self.depth == 0 {
            return;
        }
        let range = self.at + scalar.range.start..self.at + scalar.range.end;
        let depth = self.depth - 1;
        if value.len() == scalar.range.len() {
            let text = value_in(self.text, scalar);
            return self.scan.structure(text, range.start, "", Setting::Value, depth, self.out);
        }
        self.scan.nested(self.out, range, value, json_escaped, |out| {
            self.scan.structure(value, 0, "", Setting::Value, depth, out);
        });
    }

    fn is_pointed_at(&self) -> bool {
        let of_apis = self.scan.under.iter().flat_map(|under| &under.pointers);
        if self.scan.rules.pointers.is_empty() && of_apis.clone().next().is_none() {
            return false;
        }
        let is_here = |parts: &mut dyn Iterator<Item = &str>| {
            let mut levels = self.levels.iter();
            loop {
                match (parts.next(), levels.next()) {
                    (None, None) => return true,
                    (Some(part), Some(level)) => {
                        let fits = part == "*"
                            || if level.is_object {
                                part == level.key
                            } else {
                                part == level.index.to_string()
                            };
                        if !fits {
                            return false;
                        }
                    }
                    _ => return false,
                }
            }
        };
        self.scan.rules.pointers.iter().any(|pointer| is_here(&mut pointer.iter().map(String::as_str)))
            || of_apis.into_iter().any(|pointer| is_here(&mut pointer.split('/').skip(1)))
    }

    /// What only the whole of an object tells.
    fn close(&mut self, mut level: Level<'t>) {
        if level.is_schema {
            // Of a description of a value only what the value is by default is one.
            let is_default = |edit: &Edit| edit.found.iter().any(|found| found.name.ends_with(".default"));
            level.held.retain(is_default);
        }
        self.out.append(&mut level.held);
        if let (Some(name), Some(value)) = (&level.pair_name, &level.pair_value) {
            self.pair(name, value, &level);
        }
        for (index, beside) in names::beside().iter().enumerate().filter(|_| level.beside != 0) {
            if level.beside & 1 << index == 0 {
                continue;
            }
            for (key, scalar) in level.besides.iter().filter(|(key, _)| beside.keys.iter().any(|k| k == key))
            {
                let value = unescaped(value_in(self.text, scalar)).into_owned();
                self.hide(scalar, Secrecy::plainly(Class::Secret), Rule::Name, key, &value);
            }
        }
        if level.is_kube_secret && level.is_object {
            for range in std::mem::take(&mut level.strings) {
                let scalar = Scalar { range, is_string: true };
                let value = unescaped(value_in(self.text, &scalar)).into_owned();
                self.hide(&scalar, Secrecy::plainly(Class::Secret), Rule::Name, "data", &value);
            }
        }
        if is_kube_data(&level.holder)
            && let Some(above) = self.levels.last_mut().filter(|above| above.is_object)
        {
            above.strings.append(&mut level.strings);
        }
    }

    /// `{"name": NAME, "value": VALUE}`, in whatever words.
    fn pair(&mut self, name: &str, scalar: &Scalar, level: &Level<'t>) {
        // In an array the holder is that of the array.
        let holder = self.levels.last().map_or("", |above| &*above.key);
        let raw = value_in(self.text, scalar);
        let value = if scalar.is_string { unescaped(raw) } else { Cow::Borrowed(raw) };
        if !scalar.is_string && value.len() < 4 || is_message(&value) {
            return;
        }
        let place = match holder {
            "headers" => Place::Header,
            "queryString" | "params" | "query" | "formdata" | "urlencoded" => Place::Field,
            "cookies" => {
                return self.hide(scalar, Secrecy::plainly(Class::Secret), Rule::Name, name, &value);
            }
            _ => Place::Key,
        };
        debug_assert!(level.is_object, "an array has no members");
        let Some(secrecy) = self.scan.judge(name, place) else { return };
        if header::form(name).is_some() && scalar.is_string {
            return self.field(scalar, name, &value);
        }
        self.hide(scalar, secrecy, Rule::Name, name, &value);
    }
}

impl Level<'_> {
    /// What a member says of others.
    fn notice(&mut self, value: &str) {
        let types = ["string", "object", "integer", "number", "boolean", "array"];
        self.is_schema |= self.key == "type" && types.contains(&value);
        self.is_kube_secret |= self.key == "kind" && value == "Secret";
        let besides = if self.role.tells_beside { names::beside() } else { &[] };
        for (index, beside) in besides.iter().enumerate() {
            if beside.key == self.key && beside.value.as_deref().is_none_or(|wanted| wanted == value) {
                self.beside |= 1 << index;
            }
        }
    }
}

/// Where Kubernetes keeps the values of a Secret.
fn is_kube_data(name: &str) -> bool {
    matches!(name, "data" | "stringData")
}

/// What an element of an array says of the next one, as an option of a command does.
fn option_of(scan: &Scan<'_>, value: &str) -> Option<Secrecy> {
    let name = value.strip_prefix("--")?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    scan.judge(name, Place::Key).filter(|_| is_name)
}

fn value_in<'t>(text: &'t str, scalar: &Scalar) -> &'t str {
    &text[scalar.range.clone()]
}

struct StringEnd {
    /// Before its closing quote.
    inner: usize,
    after: usize,
    is_closed: bool,
}

/// Where the string that begins at `start` ends.
fn string_end(bytes: &[u8], start: usize) -> StringEnd {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
        at += found;
        if bytes[at] == b'"' {
            return StringEnd { inner: at, after: at + 1, is_closed: true };
        }
        at += 2;
    }
    StringEnd { inner: bytes.len(), after: bytes.len(), is_closed: false }
}
