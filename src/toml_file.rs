//! A TOML file to a typed value, with errors that have a place.
//!
//! Settings and profiles are both written by hand, so both owe their writer the
//! same help: the file, the line, a caret, and the key that was probably meant.
//! What this leaves out: reading the file, and checks of what the values mean;
//! for those, [`fault`] makes an error of the same form.

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::{Error, ErrorKind, Place, Result};

/// The value that `text`, the content of `file`, stands for.
///
/// # Errors
/// [`ErrorKind::Setting`], with its place, where the text is no TOML, a key is
/// unknown (for types with `deny_unknown_fields`) or a value is of another type.
pub(crate) fn from_text<T: DeserializeOwned>(file: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let place = match error.span() {
            Some(span) => Place::span(file, text, span.start, span.end),
            None => Place::file(file),
        };
        let unknown = unknown_name(error.message());
        let made = match &unknown {
            Some(unknown) => Error::new(ErrorKind::Setting, unknown.message()).hint(unknown.advice()),
            None => Error::new(ErrorKind::Setting, error.message().trim_end_matches('.').replace('\n', "; ")),
        };
        made.at(place).with_source(error)
    })
}

/// `text`, the content of `file`, with more entries in one of its tables. No byte of what is there
/// changes: the entries are put behind the table's last one, or the table at the file's end.
///
/// # Errors
/// [`ErrorKind::Setting`] where the text is no TOML, has one of the entries already, or writes the
/// table in a way that nothing can be added to (`table = { … }`).
pub(crate) fn with_entries(
    file: &Path,
    text: &str,
    table: &str,
    entries: &[(String, String)],
) -> Result<String> {
    if entries.is_empty() {
        return Ok(text.to_owned());
    }
    let mut wanted: toml::Table = from_text(file, text)?;
    let of_table = wanted.entry(table).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    for (key, value) in entries {
        let known = of_table.as_table_mut().map(|known| known.insert(key.clone(), value.as_str().into()));
        if known != Some(None) {
            return Err(Error::new(ErrorKind::Setting, format!("`{key}` cannot be added to `[{table}]`"))
                .at(Place::file(file)));
        }
    }
    let lines: Vec<String> =
        entries.iter().map(|(key, value)| format!("{key} = {}", string(value))).collect();
    with_lines(file, text, table, &lines, &wanted)
}

/// `text`, the content of `file`, with a number or a boolean for a key of one of its tables. No other
/// line of what is there changes.
///
/// # Errors
/// [`ErrorKind::Setting`] where the text is no TOML, or writes the table in a way that nothing can
/// be changed in.
pub(crate) fn with_value<T: Copy + Display + Into<toml::Value>>(
    file: &Path,
    text: &str,
    table: &str,
    key: &str,
    value: T,
) -> Result<String> {
    let mut wanted: toml::Table = from_text(file, text)?;
    let of_table = wanted.entry(table).or_insert_with(|| toml::Value::Table(toml::Table::new()));
    let old = of_table.as_table_mut().and_then(|known| known.insert(key.to_owned(), value.into()));
    if old.as_ref() == Some(&value.into()) {
        return Ok(text.to_owned());
    }
    if old.is_none() {
        return with_lines(file, text, table, &[format!("{key} = {value}")], &wanted);
    }
    replaced(text, table, &[(key, value.to_string())], &wanted).ok_or_else(|| closed(file, table))
}

/// `text`, the content of `file`, with other texts for keys of one of its tables; a key that is not there is
/// added. No byte of what is there changes but those of the values.
///
/// # Errors
/// [`ErrorKind::Setting`] where the text is no TOML, or writes the table in a way that nothing can
/// be changed in.
pub(crate) fn with_texts(
    file: &Path,
    text: &str,
    table: &str,
    entries: &[(String, String)],
) -> Result<String> {
    let mut wanted: toml::Table = from_text(file, text)?;
    let known = |key: &str| wanted.get(table).is_some_and(|known| known.get(key).is_some());
    let (there, added): (Vec<_>, Vec<_>) = entries.iter().cloned().partition(|(key, _)| known(key));
    for (key, value) in &there {
        wanted[table][key] = value.as_str().into();
    }
    let values: Vec<(&str, String)> = there.iter().map(|(key, value)| (&**key, string(value))).collect();
    let made = replaced(text, table, &values, &wanted).ok_or_else(|| closed(file, table))?;
    with_entries(file, &made, table, &added)
}

/// `text`, the content of `file`, without these entries of one of its tables, as far as each is alone on its
/// line; with the keys of those that are gone. No other line changes.
///
/// # Errors
/// [`ErrorKind::Setting`] where the text is no TOML.
pub(crate) fn without_entries(
    file: &Path,
    text: &str,
    table: &str,
    keys: &[&str],
) -> Result<(String, Vec<String>)> {
    let mut made = text.to_owned();
    let mut gone = Vec::new();
    for key in keys {
        let mut wanted: toml::Table = from_text(file, &made)?;
        let Some(span) = spans(&made, table).into_iter().find(|(name, _)| name == key).map(|(_, span)| span)
        else {
            continue;
        };
        let start = made[..span.start].rfind('\n').map_or(0, |end| end + 1);
        let end = made[span.end..].find('\n').map_or(made.len(), |end| span.end + end + 1);
        // A comment behind it is a person's.
        let is_alone = made[span.end..end].trim().is_empty();
        let without = format!("{}{}", &made[..start], &made[end..]);
        wanted.get_mut(table).and_then(toml::Value::as_table_mut).map(|entries| entries.remove(*key));
        let is_left = |read: toml::Table| {
            let rest = |all: &toml::Table| all.get(table).and_then(toml::Value::as_table).cloned();
            // A table without a header of its own goes with its last entry.
            rest(&read).unwrap_or_default() == rest(&wanted).unwrap_or_default()
                && read.iter().all(|(name, value)| name == table || wanted.get(name) == Some(value))
                && wanted.keys().all(|name| name == table || read.contains_key(name))
        };
        if is_alone && toml::from_str::<toml::Table>(&without).is_ok_and(is_left) {
            made = without;
            gone.push((*key).to_owned());
        }
    }
    Ok((made, gone))
}

/// `text` with other values for keys that a table has; `None` if that does not make it `wanted`.
fn replaced(text: &str, table: &str, values: &[(&str, String)], wanted: &toml::Table) -> Option<String> {
    let mut spans = spans(text, table);
    spans.sort_by_key(|(_, span)| span.start);
    let mut made = String::with_capacity(text.len());
    let mut copied = 0;
    for (key, span) in spans {
        if let Some((_, value)) = values.iter().find(|(name, _)| *name == key) {
            made.push_str(&text[copied..span.start]);
            made.push_str(value);
            copied = span.end;
        }
    }
    made.push_str(&text[copied..]);
    toml::from_str::<toml::Table>(&made).is_ok_and(|read| read == *wanted).then_some(made)
}

/// Where a table of `text`, the content of `file`, has the value of a key.
pub(crate) fn place_of(file: &Path, text: &str, table: &str, key: &str) -> Option<Place> {
    let (_, span) = spans(text, table).into_iter().find(|(name, _)| name == key)?;
    Some(Place::span(file, text, span.start, span.end))
}

/// The keys of a table, with the place of each value.
fn spans(text: &str, table: &str) -> Vec<(String, Range<usize>)> {
    let Ok(all) = toml::de::DeTable::parse(text) else { return Vec::new() };
    let found = all.get_ref().get(table).and_then(|found| found.get_ref().as_table());
    let entries = found.into_iter().flatten();
    entries.map(|(key, value)| (key.get_ref().to_string(), value.span())).collect()
}

/// The tables of these names, and lists of tables, as the text of a file has them: from a header to the next one.
///
/// # Errors
/// [`ErrorKind::Setting`] where the text is no TOML, or writes one of them otherwise.
pub(crate) fn tables(file: &Path, text: &str, names: &[&str]) -> Result<String> {
    let all: toml::Table = from_text(file, text)?;
    let mut found = String::new();
    for name in names.iter().filter(|name| all.contains_key(**name)) {
        let headers = [format!("[{name}]"), format!("[[{name}]]")];
        let mut is_of_it = false;
        let lines = text.split_inclusive('\n').filter(|line| {
            if line.starts_with('[') {
                let header = line.split('#').next().unwrap_or_default().trim();
                is_of_it = headers.iter().any(|known| known == header);
            }
            is_of_it
        });
        let block = lines.collect::<String>();
        let block = block.trim_end();
        let is_whole =
            toml::from_str::<toml::Table>(block).is_ok_and(|read| read.get(*name) == all.get(*name));
        if !is_whole {
            return Err(closed(file, name));
        }
        found.push('\n');
        found.push_str(block);
        found.push('\n');
    }
    Ok(found)
}

/// `text` with these lines in a table, which makes it `wanted`.
fn with_lines(
    file: &Path,
    text: &str,
    table: &str,
    lines: &[String],
    wanted: &toml::Table,
) -> Result<String> {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = |start: &str| lines.iter().map(|line| format!("{start}{line}{end}")).collect::<String>();
    let header = format!("[{table}]");
    let dotted = format!("{table}.");
    let behind_last = last_line(text, |line| line.split('#').next().unwrap_or_default().trim() == header)
        .map(|start| {
            let next = text[start..].match_indices("\n[").map(|(at, _)| start + at + 1).next();
            let block = text[..next.unwrap_or(text.len())].trim_end();
            (block.len() + text[block.len()..].find('\n').map_or(0, |at| at + 1), lines(""))
        });
    let behind_dotted =
        last_line(text, |line| line.trim_start().starts_with(&dotted)).map(|at| (at, lines(&dotted)));
    let gap = if text.trim().is_empty() { "" } else { end };
    let at_the_end = Some((text.len(), format!("{gap}{header}{end}{}", lines(""))));
    for (at, added) in [behind_last, behind_dotted, at_the_end].into_iter().flatten() {
        let open = if text[..at].is_empty() || text[..at].ends_with('\n') { "" } else { end };
        let made = format!("{}{open}{added}{}", &text[..at], &text[at..]);
        if toml::from_str::<toml::Table>(&made).is_ok_and(|made| made == *wanted) {
            return Ok(made);
        }
    }
    Err(closed(file, table))
}

fn closed(file: &Path, table: &str) -> Error {
    Error::new(ErrorKind::Setting, format!("docgen cannot change `{table}` as it is written here"))
        .at(Place::file(file))
        .hint(format!("write it as a table of its own, `[{table}]`"))
}

/// Where the line after the last one that fits begins.
fn last_line(text: &str, fits: impl Fn(&str) -> bool) -> Option<usize> {
    let mut at = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if fits(line) {
            found = Some(at);
        }
    }
    found
}

/// `text` as a basic string, or for several lines a multi-line one (TOML 1.0, "String").
pub(crate) fn string(text: &str) -> String {
    let is_long = text.contains('\n') && !text.contains('\r');
    let mut quoted = String::with_capacity(text.len() + 8);
    quoted.push_str(if is_long { "\"\"\"\n" } else { "\"" });
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' if is_long => quoted.push('\n'),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push_str(if is_long { "\"\"\"" } else { "\"" });
    quoted
}

/// An error about the bytes `span` of `text`, the content of `file`.
pub(crate) fn fault(file: &Path, text: &str, span: Range<usize>, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Setting, message).at(Place::span(file, text, span.start, span.end))
}

/// How many names are compared with one that is wrong.
const COMPARED: usize = 128;
/// How many characters a name may have to be compared: a longer one is no slip.
const LONGEST: usize = 200;

/// Of very many names, those between which `name` would stand: the ones that begin as it does. `known`
/// is sorted. Comparing it with all of them, for each of as many wrong names, would take for ever.
pub(crate) fn neighbours<'n, T: AsRef<str>>(name: &str, known: &'n [T]) -> &'n [T] {
    let at = known.partition_point(|known| known.as_ref() < name);
    let from = at.saturating_sub(COMPARED / 2).min(known.len().saturating_sub(COMPARED));
    &known[from..known.len().min(from + COMPARED)]
}

/// The one of `known` that a person who wrote `name` most likely meant, if any is near.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let known = known.into_iter().filter(|known| known.len() <= LONGEST);
    let (distance, near) =
        known.map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate)).min()?;
    // A third of the letters wrong is a slip; more is another word.
    (distance <= (name.chars().count().max(near.chars().count())).div_ceil(3)).then_some(near)
}

struct Unknown<'a> {
    what: &'static str,
    name: &'a str,
    known: Vec<&'a str>,
}

impl Unknown<'_> {
    fn message(&self) -> String {
        match self.what {
            "key" => format!("there is no key `{}` here", self.name),
            _ => format!("`{}` is no value of this key", self.name),
        }
    }

    fn advice(&self) -> String {
        match nearest(self.name, self.known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.known.is_empty() => "nothing is known here".to_owned(),
            None => format!("known here: {}", self.known.join(", ")),
        }
    }
}

/// Takes apart serde's messages for names that are not known, which quote them in backticks.
fn unknown_name(message: &str) -> Option<Unknown<'_>> {
    let (what, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => ("key", rest),
        None => ("value", message.strip_prefix("unknown variant `")?),
    };
    let (name, rest) = rest.split_once('`')?;
    Some(Unknown { what, name, known: rest.split('`').skip(1).step_by(2).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Settings {
        title: Option<String>,
        locale: Option<String>,
    }

    fn message(text: &str) -> String {
        from_text::<Settings>(Path::new("docgen.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let expected = "error: there is no key `titel` here\n --> docgen.toml:2:1\n  |\n2 | titel = 'x'\n  | ^^^^^\n  = help: did you mean `title`?";
        assert_eq!(message("locale = 'ko'\ntitel = 'x'\n"), expected);
        assert!(message("zzz = 1").ends_with("known here: title, locale"));
    }

    #[test]
    fn a_wrong_type_and_broken_toml_have_a_place() {
        assert!(message("title = 3\n").contains("--> docgen.toml:1:9"), "{}", message("title = 3\n"));
        assert!(message("title = \n").contains("--> docgen.toml:1:"));
    }

    #[test]
    fn entries_are_added_and_nothing_else_changes() {
        let added = |text: &str| {
            let entries = [("b".to_owned(), "say \"x\" \\".to_owned()), ("c".to_owned(), "2".to_owned())];
            with_entries(Path::new("capture.toml"), text, "label", &entries)
        };
        const LINES: &str = "b = \"say \\\"x\\\" \\\\\"\nc = \"2\"\n";
        for (text, before, after) in [
            ("", "[label]\n", ""),
            ("title = 'x'", "title = 'x'\n\n[label]\n", ""),
            ("[label]\n", "[label]\n", ""),
            (
                "[label]\na = '1' # first\n\n[vars]\nx = '1'\n",
                "[label]\na = '1' # first\n",
                "\n[vars]\nx = '1'\n",
            ),
            ("[label]\na = '1'", "[label]\na = '1'\n", ""),
            ("[vars]\nt = \"\"\"\n[label]\n\"\"\"\n", "[vars]\nt = \"\"\"\n[label]\n\"\"\"\n\n[label]\n", ""),
        ] {
            assert_eq!(added(text).unwrap(), format!("{before}{LINES}{after}"), "{text}");
        }
        let dotted = added("label.a = '1'\ntitle = 'x'\n").unwrap();
        assert!(
            dotted.starts_with("label.a = '1'\nlabel.b = ") && dotted.ends_with("\ntitle = 'x'\n"),
            "{dotted}"
        );
        assert!(added("label = { a = '1' }\n").is_err());
        assert!(added("[label]\nb = '1'\n").is_err());
        assert!(added("[label\n").is_err());
    }

    #[test]
    fn a_number_is_set_and_nothing_else_changes() {
        let set = |text: &str| with_value(Path::new("capture.toml"), text, "capture", "exit", 3);
        for (text, made) in [
            ("", "[capture]\nexit = 3\n"),
            ("title = 'x'\n", "title = 'x'\n\n[capture]\nexit = 3\n"),
            (
                "[capture]\nexit=1 # one\nshell = true # yes\n",
                "[capture]\nexit=3 # one\nshell = true # yes\n",
            ),
            ("capture = { exit = 1 }\n", "capture = { exit = 3 }\n"),
            ("[vars]\nexit = '1'\n[capture]\nexit = 1\n", "[vars]\nexit = '1'\n[capture]\nexit = 3\n"),
            ("capture.exit = 1\r\n[vars]\r\n", "capture.exit = 3\r\n[vars]\r\n"),
            ("[capture]\ndir = 'x'\n\n[label]\n", "[capture]\ndir = 'x'\nexit = 3\n\n[label]\n"),
        ] {
            assert_eq!(set(text).unwrap(), made, "{text}");
        }
        assert!(set("capture = { shell = true }\n").is_err());
        assert!(set("capture = 1\n").is_err());
        assert!(set("[capture\n").is_err());
    }

    #[test]
    fn texts_are_replaced_and_nothing_else_changes() {
        let set = |text: &str| {
            let entries = [("a".to_owned(), "x #2".to_owned()), ("b".to_owned(), "y".to_owned())];
            with_texts(Path::new("capture.toml"), text, "label", &entries)
        };
        for (text, made) in [
            ("[label]\na  =  'x' # one\nb=\"z\"\n", "[label]\na  =  \"x #2\" # one\nb=\"y\"\n"),
            ("label = { b = 'z', a = 'x' }\r\n", "label = { b = \"y\", a = \"x #2\" }\r\n"),
            ("label.b = 'a'\n\nlabel.a = 'b'", "label.b = \"y\"\n\nlabel.a = \"x #2\""),
            (
                "[label] # names\nb = 'z'\n[vars]\na = '1'\n",
                "[label] # names\nb = \"y\"\na = \"x #2\"\n[vars]\na = '1'\n",
            ),
            ("[vars]\na = '1'\n", "[vars]\na = '1'\n\n[label]\na = \"x #2\"\nb = \"y\"\n"),
        ] {
            assert_eq!(set(text).unwrap(), made, "{text}");
        }
        assert!(set("[label\n").is_err());
    }

    #[test]
    fn entries_go_with_their_lines() {
        let of = |text: &str| without_entries(Path::new("capture.toml"), text, "label", &["a", "b"]).unwrap();
        for (text, made, gone) in [
            ("[label]\na = '1'\nc = '3'\nb = '2'\n", "[label]\nc = '3'\n", &["a", "b"][..]),
            ("[vars]\na = '1'\n[label]\nb = '2'", "[vars]\na = '1'\n[label]\n", &["b"]),
            ("[label]\na = '1' # mine\nb = '2'\n", "[label]\na = '1' # mine\n", &["b"]),
            ("label.a = '1'\ntitle = 'x'\n", "title = 'x'\n", &["a"]),
            ("label = { a = '1', b = '2' }\n", "label = { a = '1', b = '2' }\n", &[]),
            ("title = 'x'\n", "title = 'x'\n", &[]),
        ] {
            let gone: Vec<String> = gone.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(of(text), (made.to_owned(), gone), "{text}");
        }
    }

    #[test]
    fn tables_come_out_as_they_are_written() {
        let of = |text: &str| tables(Path::new("capture.toml"), text, &["capture", "redact"]);
        let text =
            "title = 'x'\n[redact] # more\nkeys = [\n  'a',\n]\n\n[vars]\na = '1'\n[capture]\nexit = 3";
        assert_eq!(of(text).unwrap(), "\n[capture]\nexit = 3\n\n[redact] # more\nkeys = [\n  'a',\n]\n");
        assert_eq!(of("title = 'x'\n").unwrap(), "");
        assert!(of("capture = { exit = 3 }\n").is_err());
        assert!(of("[redact]\nkeys = [\n'a',\n[]\n]\n").is_err());
    }

    #[test]
    fn only_a_slip_has_a_nearest() {
        assert_eq!(nearest("form", ["from", "to"]), Some("from"));
        assert_eq!(nearest("colour", ["from", "to"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
