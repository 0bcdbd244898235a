//! A configuration as a tree whose parts know their places, whichever notation it is in.
//!
//! YAML and TOML come out alike, so that what pages need is asked in one way. What this leaves out: numbers and
//! booleans, which are texts here as they are written.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;

use saphyr_parser::{Event, Parser, ScalarStyle};
use toml::de::{DeTable, DeValue};

use crate::error::{Error, ErrorKind, Place, Result};
use crate::toml_file;

/// A value, and where it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The bytes of the file that hold it; of a list or map that is written in lines, those of its parts.
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Nothing: a key without a value.
    Null,
    /// A text, a number, a boolean.
    Text(String),
    List(Vec<Node>),
    /// Keys and values, in the order of the file.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members of a list; a single text is a list of one, nothing an empty one.
    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Text(_) => std::slice::from_ref(self),
            _ => &[],
        }
    }

    /// The entries of a map.
    pub(super) fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key of a map, and its value.
    pub(super) fn entry(&self, key: &str) -> Option<&(Node, Node)> {
        self.entries().iter().find(|(name, _)| name.text() == Some(key))
    }

    /// All texts in it that are no keys, in their order.
    pub(super) fn texts<'n>(&'n self, into: &mut Vec<&'n str>) {
        into.extend(self.text());
        let items = if let Value::List(items) = &self.value { items.as_slice() } else { &[] };
        let values = self.entries().iter().map(|(_, value)| value);
        items.iter().chain(values).for_each(|part| part.texts(into));
    }

    /// How many nodes it is.
    fn count(&self) -> usize {
        let items = if let Value::List(items) = &self.value { items.as_slice() } else { &[] };
        let entries = self.entries().iter().map(|(_, value)| 1 + value.count());
        1 + items.iter().map(Node::count).sum::<usize>() + entries.sum::<usize>()
    }

    /// The same, written elsewhere.
    pub(super) fn at(&self, span: &Range<usize>) -> Node {
        let value = match &self.value {
            Value::List(items) => Value::List(items.iter().map(|item| item.at(span)).collect()),
            Value::Map(entries) => {
                Value::Map(entries.iter().map(|(key, value)| (key.at(span), value.at(span))).collect())
            }
            other => other.clone(),
        };
        Node { span: span.clone(), value }
    }

    /// A map with the entries of another that it lacks, and so are the maps in it.
    pub(super) fn with_defaults(&self, defaults: &Node) -> Node {
        let (Value::Map(own), Value::Map(others)) = (&self.value, &defaults.value) else {
            return self.clone();
        };
        let merged = own.iter().map(|(key, value)| match key.text().and_then(|key| defaults.get(key)) {
            Some(default) => (key.clone(), value.with_defaults(default)),
            None => (key.clone(), value.clone()),
        });
        let lacking =
            others.iter().filter(|(key, _)| key.text().is_none_or(|key| self.get(key).is_none())).cloned();
        Node { span: self.span.clone(), value: Value::Map(merged.chain(lacking).collect()) }
    }

    /// Whether all that `old` says is said here too, in the same order.
    pub(super) fn keeps(&self, old: &Node) -> bool {
        match (&old.value, &self.value) {
            (Value::Null, _) => true,
            (Value::Text(old), Value::Text(new)) => {
                // A text of several lines may have got more of them.
                old == new
                    || old.contains('\n') && old.lines().all(|line| new.lines().any(|other| other == line))
            }
            // A name that has options now.
            (Value::Text(old), Value::Map(_)) => self.get(old).is_some(),
            (Value::List(old), Value::List(new)) => {
                let mut new = new.iter();
                old.iter().all(|old| new.any(|new| new.keeps(old)))
            }
            (Value::Map(old), Value::Map(_)) => old.iter().all(|(key, value)| {
                key.text().and_then(|key| self.get(key)).is_some_and(|new| new.keeps(value))
            }),
            _ => false,
        }
    }
}

/// How many nodes aliases may stand for, all together: a text of some lines can name a thousand million.
const MOST_ALIASED: usize = 10_000;

/// The tree of a YAML text. Tags (`!ENV`, `!!python/name:…`) are passed over. What an alias stands for is written
/// where the alias is; a map that another is merged into (`<<`) has the entries of that, too.
///
/// # Errors
/// [`ErrorKind::Setting`] with the place of what is no YAML.
pub(super) fn of_yaml(file: &Path, text: &str) -> Result<Node> {
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let byte = |index: usize| offsets.get(index).copied().unwrap_or(text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut anchored: HashMap<usize, Node> = HashMap::new();
    let mut aliased = 0;
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = byte(error.marker().index());
            Error::new(ErrorKind::Setting, format!("this is no YAML: {}", error.info()))
                .at(Place::span(file, text, at, at))
        })?;
        let span = byte(span.start.index())..byte(span.end.index());
        let (node, anchor) = match event {
            Event::Alias(anchor) => {
                let meant = anchored.get(&anchor);
                aliased += meant.map_or(0, Node::count);
                let value = meant.filter(|_| aliased <= MOST_ALIASED).map(|meant| meant.at(&span).value);
                (Node { span, value: value.unwrap_or(Value::Null) }, 0)
            }
            Event::Scalar(scalar, style, anchor, tag) => {
                let is_null =
                    style == ScalarStyle::Plain && ["", "~", "null"].contains(&&*scalar) && tag.is_none();
                let value = if is_null { Value::Null } else { Value::Text(scalar.into_owned()) };
                let end = span.start + text[span.clone()].trim_end().len();
                (Node { span: span.start..end, value }, anchor)
            }
            Event::SequenceStart(anchor, _) => {
                let bracket = text[span.start..].starts_with('[').then_some(span.start);
                open.push(Open { is_map: false, bracket, anchor, parts: Vec::new() });
                continue;
            }
            Event::MappingStart(anchor, _) => {
                let bracket = text[span.start..].starts_with('{').then_some(span.start);
                open.push(Open { is_map: true, bracket, anchor, parts: Vec::new() });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(Open { is_map, bracket, anchor, parts }) = open.pop() else { continue };
                let ends = |part: Option<&Node>| part.map(|part| part.span.clone()).unwrap_or(span.clone());
                let span = match bracket {
                    Some(bracket) => bracket..span.start + 1,
                    None => ends(parts.first()).start..ends(parts.last()).end.max(ends(parts.first()).end),
                };
                let value = if is_map {
                    let mut parts = parts.into_iter();
                    let mut entries = Vec::new();
                    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                        entries.push((key, value));
                    }
                    Value::Map(merged(entries))
                } else {
                    Value::List(parts)
                };
                (Node { span, value }, anchor)
            }
            _ => continue,
        };
        // Nothing without an anchor is asked for.
        if anchor > 0 {
            anchored.insert(anchor, node.clone());
        }
        match open.last_mut() {
            Some(open) => open.parts.push(node),
            // What a second document says is not asked for.
            None => drop(root.get_or_insert(node)),
        }
    }
    Ok(root.unwrap_or(Node { span: 0..0, value: Value::Map(Vec::new()) }))
}

/// A list or map whose end was not read yet.
struct Open {
    is_map: bool,
    /// Where it begins, if that is a bracket.
    bracket: Option<usize>,
    anchor: usize,
    parts: Vec<Node>,
}

/// The entries of a map, and those of the maps that are merged into it.
fn merged(mut entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
    let others: Vec<(Node, Node)> = entries
        .iter()
        .filter(|(key, _)| key.text() == Some("<<"))
        .flat_map(|(_, value)| match &value.value {
            Value::List(maps) => maps.iter().flat_map(Node::entries).cloned().collect(),
            _ => value.entries().to_vec(),
        })
        .collect();
    for (key, value) in others {
        if entries.iter().all(|(known, _)| known.text() != key.text()) {
            entries.push((key, value));
        }
    }
    entries
}

/// The tree of a TOML text.
///
/// # Errors
/// [`ErrorKind::Setting`] with the place of what is no TOML.
pub(super) fn of_toml(file: &Path, text: &str) -> Result<Node> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        toml_file::fault(file, text, span, error.message())
    })?;
    let span = table.span();
    Ok(Node { span, value: of_table(table.get_ref()) })
}

fn of_table(table: &DeTable<'_>) -> Value {
    let entry = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        let name = Node { span: key.span(), value: Value::Text(key.get_ref().to_string()) };
        (name, of_value(value))
    };
    Value::Map(table.iter().map(entry).collect())
}

fn of_value(value: &toml::Spanned<DeValue<'_>>) -> Node {
    let made = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Text(number.as_str().to_owned()),
        DeValue::Float(number) => Value::Text(number.as_str().to_owned()),
        DeValue::Boolean(is) => Value::Text(is.to_string()),
        DeValue::Datetime(time) => Value::Text(time.to_string()),
        DeValue::Array(all) => Value::List(all.iter().map(of_value).collect()),
        DeValue::Table(table) => of_table(table),
    };
    Node { span: value.span(), value: made }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_come_out_alike() {
        let yaml =
            "a:\n  - x # one\n  - y:\n      z: !!python/name:a.b\n  - w: !ENV [A, 'b']\nb:\nc: |\n  d\n  é\n";
        let tree = of_yaml(Path::new("mkdocs.yml"), yaml).unwrap();
        let items = tree.get("a").unwrap().items();
        assert_eq!(items[0].text(), Some("x"));
        assert_eq!(&yaml[items[0].span.clone()], "x");
        assert_eq!(items[1].get("y").unwrap().get("z").unwrap().text(), Some(""));
        assert_eq!(tree.get("b").unwrap().value, Value::Null);
        assert_eq!(tree.get("c").unwrap().text(), Some("d\né\n"));
        assert!(yaml[..tree.get("c").unwrap().span.end].ends_with('é'));
        let toml = "[project]\na = ['x', 1]\n[project.b]\n'c.d' = true\n";
        let tree = of_toml(Path::new("zensical.toml"), toml).unwrap();
        let project = tree.get("project").unwrap();
        assert_eq!(project.get("a").unwrap().items()[1].text(), Some("1"));
        assert_eq!(project.get("b").unwrap().get("c.d").unwrap().text(), Some("true"));
        assert!(of_yaml(Path::new("mkdocs.yml"), "a: [\n").is_err());
        assert!(of_toml(Path::new("zensical.toml"), "a = [").is_err());
    }

    #[test]
    fn what_is_in_brackets_is_as_long_as_they_say() {
        let yaml = "a: [x, {y: [z] }, ] # c\nb: []\n";
        let tree = of_yaml(Path::new("mkdocs.yml"), yaml).unwrap();
        let written = |node: &Node| &yaml[node.span.clone()];
        let all = tree.get("a").unwrap();
        assert_eq!([written(all), written(&all.items()[1])], ["[x, {y: [z] }, ]", "{y: [z] }"]);
        assert_eq!(written(tree.get("b").unwrap()), "[]");
    }

    #[test]
    fn an_alias_is_what_it_stands_for() {
        let yaml = "a: &a {b: 1, c: 2}\nl: &l\n  - x\n  - *a\nm: *l\nn:\n  <<: [*a, {d: 4}]\n  b: 3\n";
        let tree = of_yaml(Path::new("mkdocs.yml"), yaml).unwrap();
        let aliased = tree.get("m").unwrap();
        assert_eq!(&yaml[aliased.span.clone()], "*l");
        assert_eq!(aliased.items()[1].get("c").unwrap().text(), Some("2"));
        assert_eq!(&yaml[aliased.items()[1].span.clone()], "*l");
        let merged = tree.get("n").unwrap();
        assert_eq!(["b", "c", "d"].map(|key| merged.get(key).unwrap().text().unwrap()), ["3", "2", "4"]);
        // Ten lists of ten lists of ten…: what is too much stands for nothing.
        let lines =
            (1..12).map(|at| format!("l{at}: &l{at} [{}]\n", vec![format!("*l{}", at - 1); 10].join(", ")));
        let yaml = format!("l0: &l0 x\n{}", lines.collect::<String>());
        let tree = of_yaml(Path::new("mkdocs.yml"), &yaml).unwrap();
        assert_eq!(tree.get("l2").unwrap().items()[9].items()[9].text(), Some("x"));
        assert_eq!(tree.get("l11").unwrap().items()[9].value, Value::Null);
    }

    #[test]
    fn a_tree_keeps_another_where_nothing_is_lost() {
        let tree = |text| of_yaml(Path::new("mkdocs.yml"), text).unwrap();
        let old = tree("a: [x, y]\nb:\nc: |\n  l\n  m\n");
        assert!(tree("n: 1\na: [x, z, {y: {o: 1}}]\nb: [1]\nc: |\n  l\n  m\n  n\n").keeps(&old));
        for lost in
            ["a: [y, x]\nb:\nc: |\n  l\n  m\n", "a: [x, y]\nb:\nc: |\n  l\n", "a: [x]\nb:\nc: |\n  l\n  m\n"]
        {
            assert!(!tree(lost).keeps(&old), "{lost}");
        }
    }
}
