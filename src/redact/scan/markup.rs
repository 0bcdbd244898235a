//! XML and HTML, whole, damaged or cut off: what elements and attributes hold, by their names.
//!
//! No parser of XML: what browsers and hand-written clients send is none often enough, and the bytes
//! that are no secret must stay. Names and values beside each other count as pairs: `<key>` and `<string>`
//! of a property list, `<name>` and `<value>` of XML-RPC, a `<dt>` and its `<dd>`, `name` and `value` of an
//! `<input>`.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memmem};

use super::{Class, Edit, Place, Scan, Secrecy, Setting, form, is_message, names};

/// Elements nested deeper are read without what is above them.
const DEEPEST: usize = 500;

/// Whether a text that begins with `<` is markup.
pub(super) fn is_markup(text: &str) -> bool {
    text.as_bytes()
        .get(1)
        .is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'!' | b'?' | b'/'))
        && text.contains('>')
}

/// Elements of HTML that hold nothing and are never closed.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

/// Elements of HTML whose id or name speaks of what a person does there.
const SPOKEN: [&str; 22] = [
    "a", "button", "label", "h1", "h2", "h3", "h4", "h5", "h6", "th", "legend", "form", "div", "section",
    "option", "select", "p", "ul", "li", "fieldset", "table", "img",
];

struct Element<'t> {
    /// Without its prefix.
    name: &'t str,
    /// What its text is, and the name that says so.
    secrecy: Option<(Secrecy, Cow<'t, str>)>,
    inherited: Option<Class>,
    /// The text of the last child that names the value beside it.
    pair: Option<String>,
    /// It may name the value beside it.
    text: String,
}

pub(super) fn scan(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    Walk { scan, text, at, depth, out, elements: Vec::new() }.run();
}

struct Walk<'w, 'r, 't> {
    scan: &'w Scan<'r>,
    text: &'t str,
    at: usize,
    depth: usize,
    out: &'w mut Vec<Edit>,
    elements: Vec<Element<'t>>,
}

impl<'t> Walk<'_, '_, 't> {
    fn run(&mut self) {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let tag = memchr(b'<', &bytes[at..]).map_or(bytes.len(), |found| at + found);
            self.content(at..tag, true);
            if tag == bytes.len() {
                break;
            }
            let rest = &text[tag..];
            let until = |end: &str| {
                memmem::find(&bytes[tag..], end.as_bytes()).map_or(bytes.len(), |found| tag + found)
            };
            if rest.starts_with("<!--") {
                let end = until("-->");
                self.lines(tag + 4..end.max(tag + 4).min(bytes.len()));
                at = (end + 3).min(bytes.len());
            } else if rest.starts_with("<![CDATA[") {
                let end = until("]]>");
                self.content((tag + 9).min(end)..end, false);
                at = (end + 3).min(bytes.len());
            } else if rest.starts_with("<!") || rest.starts_with("<?") {
                at = (until(">") + 1).min(bytes.len());
            } else if rest.starts_with("</") {
                let end = until(">");
                self.close(local(text[tag + 2..end].trim()));
                at = (end + 1).min(bytes.len());
            } else if bytes.get(tag + 1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
                at = self.open(tag);
            } else {
                at = tag + 1;
            }
        }
    }

    /// An opening tag; the end of it, or of what it holds where that is a script.
    fn open(&mut self, tag: usize) -> usize {
        let text = self.text;
        let bytes = text.as_bytes();
        let is_name =
            |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'>' | b'/' | b'<' | b'"' | b'=');
        let name_end = tag + 1 + bytes[tag + 1..].iter().take_while(|byte| is_name(byte)).count();
        let name = local(&text[tag + 1..name_end]);
        let (attributes, end, is_closed) = attributes(text, name_end);
        self.attributes(name, &attributes);
        if is_closed || VOID.iter().any(|void| name.eq_ignore_ascii_case(void)) {
            return end;
        }
        if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style") {
            let close = memmem::find(&bytes[end..], b"</").map(|_| {
                let closing = format!("</{name}");
                memmem::find(&bytes[end..], closing.as_bytes()).map_or(bytes.len(), |found| end + found)
            });
            let close = close.unwrap_or(bytes.len());
            self.lines(end..close);
            return close;
        }
        let above = self.elements.last();
        let from_above = above
            .and_then(|above| above.secrecy.as_ref().map(|(secrecy, _)| secrecy.class).or(above.inherited));
        let named =
            attributes.iter().find(|a| ["name", "key", "id"].iter().any(|k| a.name.eq_ignore_ascii_case(k)));
        let is_spoken = SPOKEN.iter().any(|spoken| name.eq_ignore_ascii_case(spoken));
        let by_name = self.scan.judge(name, Place::Key).map(|secrecy| (secrecy, Cow::Borrowed(name)));
        let by_attribute = || {
            let named = named.filter(|_| !is_spoken)?;
            let value = decoded(&text[named.value.clone()]);
            self.scan.judge(&value, Place::Key).map(|secrecy| (secrecy, Cow::Owned(value.into_owned())))
        };
        let is_value = |name: &str| {
            names::is_pair_value(name)
                || ["dd", "td", "integer", "key"].iter().any(|v| name.eq_ignore_ascii_case(v))
        };
        let by_pair = || {
            let above = above.filter(|_| is_value(name))?;
            let pair = above.pair.as_ref()?;
            self.scan.judge(pair, Place::Key).map(|secrecy| (secrecy, Cow::Owned(pair.clone())))
        };
        let secrecy = by_name.or_else(by_attribute).or_else(by_pair);
        let inherited = from_above.filter(|class| *class == Class::Secret && !names::describes(name));
        if self.elements.len() < DEEPEST {
            self.elements.push(Element { name, secrecy, inherited, pair: None, text: String::new() });
        }
        end
    }

    fn attributes(&mut self, element: &str, attributes: &[Attribute<'t>]) {
        let of = |name: &str| attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
        let text = |attribute: &Attribute<'_>| decoded(&self.text[attribute.value.clone()]);
        let is_password = of("type").is_some_and(|kind| text(kind).eq_ignore_ascii_case("password"));
        let pair = ["name", "key", "id", "property", "itemprop", "http-equiv"]
            .iter()
            .filter_map(|name| of(name))
            .map(text)
            .find_map(|name| self.scan.judge(&name, Place::Field).map(|secrecy| (secrecy, name)));
        let pair = match pair {
            None if is_password => Some((Secrecy::plainly(Class::Secret), Cow::Borrowed("password"))),
            pair => pair,
        };
        let is_spoken = SPOKEN.iter().any(|spoken| element.eq_ignore_ascii_case(spoken));
        for attribute in attributes {
            let raw = &self.text[attribute.value.clone()];
            let value = decoded(raw);
            let range = self.at + attribute.value.start..self.at + attribute.value.end;
            let holds_value =
                ["value", "content", "default"].iter().any(|name| attribute.name.eq_ignore_ascii_case(name));
            let by_pair = pair.as_ref().filter(|_| holds_value && !is_spoken);
            let by_name = || {
                self.scan
                    .judge(local(attribute.name), Place::Key)
                    .map(|secrecy| (secrecy, Cow::Borrowed(attribute.name)))
            };
            if let Some((secrecy, name)) = by_pair.cloned().or_else(by_name) {
                if !is_message(&value) {
                    self.scan.secret(self.out, range, secrecy, &name, &value, encoded);
                }
            } else if self.depth > 0 && value.len() > 4 {
                let depth = self.depth - 1;
                let scan = self.scan;
                let inner = |text: &str, at: usize, out: &mut Vec<Edit>| match form::is_url(text) {
                    true => form::url(scan, text, at, depth, out),
                    false => scan.structure(text, at, "", Setting::Value, depth, out),
                };
                if value.len() == raw.len() {
                    inner(raw, range.start, self.out);
                } else {
                    scan.nested(self.out, range, &value, encoded, |out| inner(&value, 0, out));
                }
            }
        }
    }

    fn close(&mut self, name: &str) {
        // Only near: what was never opened closes nothing, however many there are of it.
        let near =
            self.elements.iter().rev().take(20).position(|element| element.name.eq_ignore_ascii_case(name));
        let Some(position) = near else { return };
        self.elements.truncate(self.elements.len() - position);
        let Some(closed) = self.elements.pop() else { return };
        let names_value = names::names_pair(closed.name)
            || ["dt", "th", "td"].iter().any(|n| closed.name.eq_ignore_ascii_case(n));
        if let Some(above) = self.elements.last_mut() {
            let text = closed.text.trim().trim_end_matches(':');
            if names_value && closed.secrecy.is_none() && !text.is_empty() {
                above.pair = Some(text.to_owned());
            } else {
                // A value within another (`<value><string>…`) has taken it.
                above.pair = None;
            }
        }
    }

    /// The text of the element that is open.
    fn content(&mut self, range: Range<usize>, has_entities: bool) {
        let raw = &self.text[range.clone()];
        let trimmed = raw.trim();
        if trimmed.is_empty() {
            return;
        }
        let start = range.start + (raw.len() - raw.trim_start().len());
        let range = self.at + start..self.at + start + trimmed.len();
        let value = if has_entities { decoded(trimmed) } else { Cow::Borrowed(trimmed) };
        let encode = |text: &str| if has_entities { encoded(text) } else { text.to_owned() };
        let parent_pair = match self.elements.len().checked_sub(2).map(|above| &self.elements[above]) {
            // `<value><string>…`: the pair is one further up.
            Some(above) => above.secrecy.clone().filter(|_| names::is_pair_value(above.name)),
            None => None,
        };
        let Some(element) = self.elements.last_mut() else {
            return self.nested(range, trimmed, &value, encode);
        };
        /// A longer text names nothing.
        const NAME: usize = 64;
        if element.text.len() + trimmed.len() < NAME {
            element.text.push_str(&value);
        }
        let secrecy = element.secrecy.clone().or(parent_pair);
        let inherited = element.inherited.map(|class| (Secrecy::plainly(class), Cow::Borrowed(element.name)));
        let is_cell = ["td", "dd"].iter().any(|cell| element.name.eq_ignore_ascii_case(cell));
        let explains = is_cell && value.contains(' ') && !value.contains(|c: char| c.is_ascii_digit());
        match secrecy.or(inherited) {
            Some((secrecy, name)) if !explains && !is_message(&value) => {
                self.scan.secret(self.out, range, secrecy, &name, &value, encode);
            }
            Some(_) => {}
            None => self.nested(range, trimmed, &value, encode),
        }
    }

    fn nested(&mut self, range: Range<usize>, raw: &str, value: &str, encode: impl Fn(&str) -> String) {
        if self.depth == 0 || value.len() < 5 {
            return;
        }
        let depth = self.depth - 1;
        // What markup holds is markup only where it is quoted.
        if value == raw {
            self.scan.structure(raw, range.start, "", Setting::Value, depth, self.out);
        } else {
            let scan = self.scan;
            scan.nested(self.out, range, value, encode, |out| {
                scan.structure(value, 0, "", Setting::Value, depth, out);
            });
        }
    }

    fn lines(&mut self, range: Range<usize>) {
        if self.depth > 0 && !range.is_empty() {
            let text = &self.text[range.clone()];
            self.scan.structure(text, self.at + range.start, "", Setting::Whole, self.depth - 1, self.out);
        }
    }
}

struct Attribute<'t> {
    name: &'t str,
    value: Range<usize>,
}

/// The attributes after an element's name; where the tag ends, and whether it closes itself.
fn attributes(text: &str, mut at: usize) -> (Vec<Attribute<'_>>, usize, bool) {
    let bytes = text.as_bytes();
    let mut attributes = Vec::new();
    loop {
        while bytes
            .get(at)
            .is_some_and(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'='))
        {
            at += 1;
        }
        match bytes.get(at) {
            None => return (attributes, at, false),
            Some(b'>') => return (attributes, at + 1, false),
            Some(b'/') if bytes.get(at + 1) == Some(&b'>') => return (attributes, at + 2, true),
            Some(b'/') => {
                at += 1;
                continue;
            }
            Some(b'<') => return (attributes, at, false),
            Some(_) => {}
        }
        let is_name = |byte: &u8| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b'>' | b'/' | b'<');
        let end = at + bytes[at..].iter().take_while(|byte| is_name(byte)).count();
        let name = &text[at..end];
        at = end;
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if bytes.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let value = match bytes.get(at) {
            Some(&quote @ (b'"' | b'\'')) => {
                let end = memchr(quote, &bytes[at + 1..]).map_or(bytes.len(), |found| at + 1 + found);
                at + 1..end
            }
            _ => {
                let is_bare = |byte: &&u8| !byte.is_ascii_whitespace() && **byte != b'>';
                at..at + bytes[at..].iter().take_while(is_bare).count()
            }
        };
        let is_quoted = value.start != at;
        at = (value.end + usize::from(is_quoted)).min(bytes.len());
        attributes.push(Attribute { name, value });
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// A text with its entities: those of XML, and numbers.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return text.into();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(12).position(|byte| byte == b';');
        let c = end.and_then(|end| entity(&rest[1..end]));
        match (c, end) {
            (Some(c), Some(end)) => {
                decoded.push(c);
                rest = &rest[end + 1..];
            }
            _ => {
                decoded.push('&');
                rest = &rest[1..];
            }
        }
    }
    decoded.push_str(rest);
    decoded.into()
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// A text as it stands in markup, in an attribute or between tags.
pub(in crate::redact) fn encoded(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
