//! Which lines of a body or of headers a highlight means.
//!
//! Prose says `/image/id` or `X-Auth-Token`, and `hl_lines` wants numbers. They
//! are looked up in the text as the page shows it, so a body that somebody laid
//! out by hand is as good as any. A member of a list may be called by what it is,
//! `/versions/[id=v2.15]/status`, which holds when others come before it: the one
//! object whose `id` is that. `~1` stands for `/` and `~0` for `~`, as in every pointer. An [`Outline`] is made in one pass, without
//! recursion, and forgives what a page may show and JSON does not know: escapes
//! made visible, and a name before the body (`DATA={…}`). What this leaves out:
//! how `hl_lines` is written.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use super::first_settings::is_id;
use crate::diff::NAMES;

/// Keys and elements of a JSON text, with their lines.
#[derive(Clone, Debug)]
pub struct Outline {
    text: String,
    /// In the order of the text; the first is the whole.
    nodes: Vec<Node>,
    /// All but the first, by parent, then by key, then in their order. Made when a pointer is looked up.
    by_key: OnceCell<Vec<usize>>,
}

#[derive(Clone, Debug)]
struct Node {
    key: Key,
    parent: usize,
    /// The line of the key, or of the element's beginning, from 1.
    line: usize,
    /// The line on which its value ends.
    last: usize,
    /// The index after the last node inside this one.
    next: usize,
    /// Where its value is, if that is a string, a number or a word.
    scalar: Option<Range<usize>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Whole,
    Member(String),
    Element(usize),
}

impl Outline {
    /// The outline of a body; `None` where it is not JSON.
    pub fn of(text: &str) -> Option<Outline> {
        let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, line: 1 };
        scanner.skip_name();
        let mut nodes = vec![Node { key: Key::Whole, parent: 0, line: 1, last: 1, next: 0, scalar: None }];
        // The open arrays and objects.
        let mut open: Vec<usize> = Vec::new();
        scanner.skip_space();
        nodes[0].line = scanner.line;
        let mut current = 0;
        loop {
            // Here a value begins, of the node `current`.
            scanner.skip_space();
            let byte = scanner.peek()?;
            let start = scanner.at;
            let entered = match byte {
                b'{' | b'[' => {
                    scanner.at += 1;
                    scanner.skip_space();
                    let empty = scanner.peek()? == byte + 2;
                    if empty {
                        scanner.at += 1;
                    } else {
                        open.push(current);
                    }
                    !empty
                }
                b'"' => {
                    scanner.string(text)?;
                    nodes[current].scalar = Some(start..scanner.at);
                    false
                }
                _ => {
                    scanner.scalar()?;
                    nodes[current].scalar = Some(start..scanner.at);
                    false
                }
            };
            if entered {
                let key = if byte == b'{' { Key::Member(String::new()) } else { Key::Element(0) };
                current = scanner.child(text, &mut nodes, current, key)?;
                continue;
            }
            nodes[current].last = scanner.line;
            nodes[current].next = nodes.len();
            // After a value: the next one of its parent, or the parent's end.
            loop {
                scanner.skip_space();
                let Some(&parent) = open.last() else {
                    return scanner.peek().is_none().then(|| Outline {
                        text: text.to_owned(),
                        nodes,
                        by_key: OnceCell::new(),
                    });
                };
                let key = nodes[current].key.clone();
                match (scanner.peek()?, &key) {
                    (b',', _) => {
                        scanner.at += 1;
                        let key = match key {
                            Key::Element(index) => Key::Element(index + 1),
                            key => key,
                        };
                        current = scanner.child(text, &mut nodes, parent, key)?;
                        break;
                    }
                    (b'}', Key::Member(_)) | (b']', Key::Element(_)) => {
                        scanner.at += 1;
                        open.pop();
                        current = parent;
                        nodes[current].last = scanner.line;
                        nodes[current].next = nodes.len();
                    }
                    _ => return None,
                }
            }
        }
    }

    /// The lines, from 1, from the key that a JSON pointer (RFC 6901) names to the end of its
    /// value. Of a key that stands twice the first is meant.
    pub fn find(&self, pointer: &str) -> Option<RangeInclusive<usize>> {
        let node = &self.nodes[self.node(pointer)?];
        Some(node.line..=node.last)
    }

    /// The pointer, with places for what it calls members of lists, to what this one names.
    pub fn plain(&self, pointer: &str) -> Option<String> {
        self.node(pointer).map(|node| self.path(node, false))
    }

    /// Where a pointer calls a member by what several are, the pointers to those.
    pub fn several(&self, pointer: &str) -> Option<Vec<String>> {
        let (parent, token) = self.up_to(pointer)?;
        let (key, value) = member(&token)?;
        let found = self.members(parent, key, value);
        Some(found.into_iter().map(|node| self.path(node, false)).collect())
            .filter(|all: &Vec<_>| all.len() > 1)
    }

    /// The pointer to the first key, or element, that begins on a line; members of lists are called by what
    /// they are, where that tells them apart.
    pub fn pointer(&self, line: usize) -> Option<String> {
        let at = self.nodes[1..].binary_search_by(|node| node.line.cmp(&line)).ok()? + 1;
        let first =
            self.nodes[1..=at].iter().rposition(|node| node.line != line).map_or(1, |before| before + 2);
        Some(self.path(first, true))
    }

    /// Pointers to what lies directly inside the longest part of `pointer` that exists, the first
    /// `SIBLINGS` of them.
    pub fn siblings(&self, pointer: &str) -> Vec<String> {
        let Some((parent, token)) = self.up_to(pointer) else { return Vec::new() };
        let children = self.children(parent).take(SIBLINGS);
        match member(&token) {
            Some((key, _)) if self.is_list(parent) => {
                let above = self.path(parent, false);
                let called = |child| Some(format!("{above}/[{key}={}]", escaped(&self.says(child, key)?)));
                children.filter_map(called).collect()
            }
            _ => children.map(|child| self.path(child, false)).collect(),
        }
    }

    fn node(&self, pointer: &str) -> Option<usize> {
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
        tokens(pointer).try_fold(0, |node, token| self.child(node, &token))
    }

    /// What the longest part of a pointer names that exists, and the first token that leads nowhere.
    fn up_to(&self, pointer: &str) -> Option<(usize, String)> {
        let mut node = 0;
        for token in tokens(pointer) {
            match self.child(node, &token) {
                Some(child) => node = child,
                None => return Some((node, token)),
            }
        }
        None
    }

    /// The first child that a token of a pointer names.
    fn child(&self, parent: usize, token: &str) -> Option<usize> {
        let first = self.nodes.get(parent + 1).filter(|first| first.parent == parent)?;
        let key = match first.key {
            Key::Element(_) => {
                if let Some((key, value)) = member(token) {
                    let found = self.members(parent, key, value);
                    return found.first().copied().filter(|_| found.len() == 1);
                }
                let index: usize = token.parse().ok()?;
                // A number has one spelling: `01` and `+1` name nothing.
                Some(Key::Element(index)).filter(|_| index.to_string() == token)?
            }
            _ => Key::Member(token.to_owned()),
        };
        let key_of = |&at: &usize| (self.nodes[at].parent, &self.nodes[at].key);
        let by_key = self.by_key.get_or_init(|| {
            let mut by_key: Vec<usize> = (1..self.nodes.len()).collect();
            by_key.sort_by(|a, b| key_of(a).cmp(&key_of(b)));
            by_key
        });
        let at = by_key.partition_point(|at| key_of(at) < (parent, &key));
        by_key.get(at).copied().filter(|at| key_of(at) == (parent, &key))
    }

    fn is_list(&self, node: usize) -> bool {
        let first = self.nodes.get(node + 1).filter(|first| first.parent == node);
        first.is_some_and(|first| matches!(first.key, Key::Element(_)))
    }

    /// The members of a list whose key has this value.
    fn members(&self, list: usize, key: &str, value: &str) -> Vec<usize> {
        let says = |&child: &usize| self.says(child, key).is_some_and(|says| says == value);
        self.children(list).filter(says).collect()
    }

    /// What a key of an object says: a text without its quotes, a number or a word.
    fn says(&self, object: usize, key: &str) -> Option<Cow<'_, str>> {
        let is_key = |&child: &usize| matches!(&self.nodes[child].key, Key::Member(own) if own == key);
        let found = self.children(object).find(is_key)?;
        let text = &self.text[self.nodes[found].scalar.clone()?];
        Some(if text.starts_with('"') { Cow::Owned(unquoted(text)) } else { Cow::Borrowed(text) })
    }

    fn children(&self, parent: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes[parent].next;
        let first = Some(parent + 1).filter(|&first| first < end);
        std::iter::successors(first, move |&child| Some(self.nodes[child].next).filter(|&next| next < end))
    }

    /// The pointer to a node. Members of lists are called by their places, or, where they are `named`, by what
    /// they are.
    fn path(&self, mut node: usize, named: bool) -> String {
        let mut tokens = Vec::new();
        while node != 0 {
            let Node { key, parent, .. } = &self.nodes[node];
            let name = || self.name(*parent, node).filter(|_| named);
            tokens.push(match key {
                Key::Member(key) => escaped(key),
                Key::Element(index) => name().unwrap_or_else(|| index.to_string()),
                Key::Whole => String::new(),
            });
            node = *parent;
        }
        tokens.iter().rev().map(|token| format!("/{token}")).collect()
    }

    /// What tells a member of a list from all others: a key that names it, and no id that is made anew.
    fn name(&self, list: usize, member: usize) -> Option<String> {
        NAMES.into_iter().find_map(|key| {
            let value = self.says(member, key)?;
            let is_word = !value.is_empty()
                && value.len() <= LONGEST_NAME
                && !value.contains(char::is_control)
                && !is_id(&value);
            let is_alone = is_word && self.members(list, key, &value).len() == 1;
            is_alone.then(|| format!("[{key}={}]", escaped(&value)))
        })
    }
}

/// The tokens of a pointer, without their escapes.
fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    let tokens = pointer.strip_prefix('/').map(|rest| rest.split('/')).into_iter().flatten();
    tokens.map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// The key and the value of a token that calls a member of a list by what it is: `[KEY=VALUE]`.
fn member(token: &str) -> Option<(&str, &str)> {
    token.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

/// `key` as a token of a pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A JSON string without its quotes; as it is where it is none.
fn unquoted(quoted: &str) -> String {
    serde_json::from_str(quoted).unwrap_or_else(|_| quoted[1..quoted.len() - 1].to_owned())
}

/// How many bytes a value may have by which docgen itself calls a member.
const LONGEST_NAME: usize = 60;

/// How many siblings are named of a key that is not there.
const SIBLINGS: usize = 256;

/// The fields of a message's headers, with their lines.
#[derive(Clone, Debug, Default)]
pub struct HeaderOutline {
    /// The lines, from 1, of each name in small letters.
    lines: HashMap<String, Vec<usize>>,
}

impl HeaderOutline {
    /// The outline of header lines.
    pub fn of(headers: &str) -> HeaderOutline {
        let mut lines: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, line) in headers.lines().enumerate() {
            if let Some((name, _)) = line.split_once(':') {
                lines.entry(name.trim().to_ascii_lowercase()).or_default().push(at + 1);
            }
        }
        HeaderOutline { lines }
    }

    /// The lines, from 1, of the fields of this name, whatever its case.
    pub fn find(&self, name: &str) -> &[usize] {
        self.lines.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.line += usize::from(byte == b'\n');
            self.at += 1;
        }
    }

    /// Skips `NAME=` before the value.
    fn skip_name(&mut self) {
        let name =
            self.bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let equals = name + self.bytes[name..].iter().take_while(|byte| **byte == b' ').count();
        if name > 0 && self.bytes.get(equals) == Some(&b'=') {
            self.at = equals + 1;
        }
    }

    /// Begins the node of the next element or member, up to where its value begins.
    fn child(&mut self, text: &str, nodes: &mut Vec<Node>, parent: usize, key: Key) -> Option<usize> {
        self.skip_space();
        let line = self.line;
        let key = match key {
            Key::Member(_) => {
                let key = self.string(text)?;
                self.skip_space();
                if self.peek()? != b':' {
                    return None;
                }
                self.at += 1;
                Key::Member(key)
            }
            key => key,
        };
        nodes.push(Node { key, parent, line, last: line, next: 0, scalar: None });
        Some(nodes.len() - 1)
    }

    /// The string that begins here, and steps over it.
    fn string(&mut self, text: &str) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    self.at += 1;
                    self.line += usize::from(self.peek()? == b'\n');
                }
                b'\n' => self.line += 1,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        Some(unquoted(&text[start..self.at]))
    }

    /// Steps over a number, or one of the words that are values.
    fn scalar(&mut self) -> Option<()> {
        let word = self.bytes[self.at..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
            .count();
        let scalar = std::str::from_utf8(&self.bytes[self.at..self.at + word]).ok()?;
        self.at += word;
        (crate::json::validate(scalar).is_ok()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UNEVEN: &str = "DATA={\n    \"a\": {\n  \"b\": [\n      1,\n {\n \"c\":   2 } ], \"d\": \"x\"\n  },\n\"e/f\": \"\\u{202e}\"\n}";

    #[test]
    fn keys_and_elements_have_their_lines() {
        let outline = Outline::of(UNEVEN).unwrap();
        for (pointer, lines) in [
            ("", 1..=9),
            ("/a", 2..=7),
            ("/a/b", 3..=6),
            ("/a/b/0", 4..=4),
            ("/a/b/1", 5..=6),
            ("/a/b/1/c", 6..=6),
            ("/a/d", 6..=6),
            ("/e~1f", 8..=8),
        ] {
            assert_eq!(outline.find(pointer), Some(lines), "{pointer}");
        }
        for pointer in ["a", "/a/b/2", "/a/b/00", "/a/b/+1", "/a/b/-", "/a/c", "/e/f", "/a/"] {
            assert_eq!(outline.find(pointer), None, "{pointer}");
        }
        assert_eq!(outline.siblings("/a/x"), ["/a/b", "/a/d"]);
    }

    const LIST: &str = r#"{"versions": [
  {"id": "v2.17", "status": "CURRENT", "n": 3},
  {"id": "v2.15", "status": "SUPPORTED", "n": 4},
  {"id": "a/b~c]", "status": "SUPPORTED", "on": true},
  {"id": "f36f9b00-a382-4ea5-9f17-ff3ad85a9087"}
], "[id=v2.15]": 1}"#;

    #[test]
    fn a_member_of_a_list_is_called_by_what_it_is() {
        let outline = Outline::of(LIST).unwrap();
        for (pointer, plain) in [
            ("/versions/[id=v2.15]/status", "/versions/1/status"),
            ("/versions/[status=CURRENT]", "/versions/0"),
            ("/versions/[n=4]/id", "/versions/1/id"),
            ("/versions/[on=true]", "/versions/2"),
            ("/versions/[id=a~1b~0c]]", "/versions/2"),
            // In an object it is a key like any other.
            ("/[id=v2.15]", "/[id=v2.15]"),
        ] {
            assert_eq!(outline.plain(pointer).as_deref(), Some(plain), "{pointer}");
        }
        assert_eq!(outline.find("/versions/[id=v2.15]/status"), Some(3..=3));
        for pointer in
            ["/versions/[id=v2]", "/versions/[id]", "/versions/[status=SUPPORTED]/id", "/[id=v2.17]"]
        {
            assert_eq!(outline.find(pointer), None, "{pointer}");
        }
        assert_eq!(
            outline.several("/versions/[status=SUPPORTED]/id"),
            Some(vec!["/versions/1".into(), "/versions/2".into()])
        );
        assert_eq!(outline.several("/versions/[id=v2]"), None);
        assert_eq!(outline.siblings("/versions/[n=5]/id"), ["/versions/[n=3]", "/versions/[n=4]"]);
        // What is made anew names nobody.
        let pointers: Vec<String> = (2..=5).map(|line| outline.pointer(line).unwrap()).collect();
        assert_eq!(
            pointers,
            ["/versions/[id=v2.17]", "/versions/[id=v2.15]", "/versions/[id=a~1b~0c]]", "/versions/3"]
        );
    }

    #[test]
    fn a_line_has_its_pointer() {
        let outline = Outline::of(UNEVEN).unwrap();
        let pointers: Vec<Option<String>> = (1..=9).map(|line| outline.pointer(line)).collect();
        let pointers: Vec<Option<&str>> = pointers.iter().map(Option::as_deref).collect();
        assert_eq!(
            pointers,
            [
                None,
                Some("/a"),
                Some("/a/b"),
                Some("/a/b/0"),
                Some("/a/b/1"),
                Some("/a/b/1/c"),
                None,
                Some("/e~1f"),
                None
            ]
        );
    }

    #[test]
    fn of_a_key_that_stands_twice_the_first_is_meant() {
        let outline = Outline::of("{\"b\": 1,\n\"a\": {\"b\": 2},\n\"b\": {\"c\": 3}}").unwrap();
        assert_eq!((outline.find("/b"), outline.find("/b/c")), (Some(1..=1), None));
    }

    #[test]
    fn what_is_not_json_has_no_outline() {
        for text in ["none", "", "{", "{\"a\": 1,}", "[1 2]", "{\"a\": (...)}", "[1}", "=", "a=b&c=d", "[]]"]
        {
            assert!(Outline::of(text).is_none(), "{text}");
        }
        assert!(Outline::of("[]").is_some() && Outline::of(" 12 ").is_some());
    }

    #[test]
    fn a_header_is_found_whatever_its_case_and_as_often_as_it_stands() {
        let outline = HeaderOutline::of("Date: x\nX-Auth-Token: a\nx-auth-token: b");
        assert_eq!(outline.find("x-AUTH-token"), [2, 3]);
    }

    proptest! {
        #[test]
        fn it_agrees_with_serde_json(text in r#"[\[\]{}",:0-9e\-a\n ]{0,24}"#) {
            if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
                prop_assert!(Outline::of(&text).is_some());
            }
        }

        #[test]
        fn a_pointer_leads_back_to_its_line(text in r#"(\[|\{"[ab]":)(\n?(1|"x"|\[\]|\{"a":\n?1\}),\n?){0,4}\n?(\[1,\n2\])[\]}]"#) {
            if let Some(outline) = Outline::of(&text) {
                for line in 1..=text.lines().count() {
                    if let Some(pointer) = outline.pointer(line) {
                        prop_assert_eq!(*outline.find(&pointer).unwrap().start(), line);
                    }
                }
            }
        }
    }
}
