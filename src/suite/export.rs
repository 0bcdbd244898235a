//! The values that a capture gives to others, taken out of its recording.
//!
//! A value is found by what it is, so that it is found in each new recording: in the response of an exchange
//! that a label or selector names, or in what was printed. What matches nothing or twice is an error at the
//! export's line: a value that is only probably the right one would send the next commands somewhere else.

use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::page::highlight::Outline;
use crate::page::{Input, Resolved};
use crate::settings::{At, Export, From};
use crate::table::{Block, Table, blocks};
use crate::toml_file::nearest;
use crate::trace::{Body, Response};

/// The values of all exports of a capture, by name. `input.settings` hold the values of other captures that
/// its selectors use.
pub fn values(input: &Input<'_>) -> Vec<(String, Result<String>)> {
    if input.settings.exports.is_empty() {
        return Vec::new();
    }
    let resolved = Resolved::new(input);
    let value = |export: &Export| match &export.from {
        From::Output => of_output(export, input.output.unwrap_or_default()),
        From::Response(named) => {
            let exchange = resolved.scope().find(named, &export.place)?;
            match &input.trace.exchanges[exchange].response {
                Some(response) => of_response(export, named, response),
                None => Err(nothing(export, format!("`{named}` has no response"))),
            }
        }
    };
    input.settings.exports.iter().map(|export| (export.name.clone(), value(export))).collect()
}

fn of_response(export: &Export, named: &str, response: &Response) -> Result<String> {
    let body = match &response.body {
        Body::Text(text) => &**text,
        Body::Absent | Body::Binary(_) | Body::Omitted(_) => "",
    };
    let place = format!("the response of `{named}`");
    match &export.at {
        At::Pointer(pointer) => at_pointer(export, body, pointer, &format!("the body of {place}")),
        At::Header(name) => {
            let fields = response.headers.iter();
            let values = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            only(export, values, &format!("the header `{name}`"), &place)
        }
        At::Pattern(pattern) => only(export, pattern.matches(body), "what the pattern matches", &place),
        At::Cell { .. } | At::Whole => Err(nothing(export, format!("{place} is no text of lines"))),
    }
}

fn of_output(export: &Export, output: &str) -> Result<String> {
    let place = "what the command printed";
    match &export.at {
        At::Pointer(pointer) => at_pointer(export, output, pointer, place),
        At::Cell { row, column } => at_cell(export, output, row, column.as_deref()),
        At::Pattern(pattern) => only(export, pattern.matches(output), "what the pattern matches", place),
        At::Whole => {
            let lines = output.lines().map(str::trim).filter(|line| !line.is_empty());
            only(export, lines, "the line", place)
        }
        At::Header(_) => Err(nothing(export, format!("{place} has no headers"))),
    }
}

/// The value at a JSON pointer of a text: a string as it is, a number or a boolean as it is written.
fn at_pointer(export: &Export, text: &str, pointer: &str, place: &str) -> Result<String> {
    let Ok(json) = serde_json::from_str::<Value>(text) else {
        return Err(nothing(export, format!("{place} is no JSON, so it has no `{pointer}`")));
    };
    match json.pointer(pointer) {
        Some(Value::String(text)) => single(export, text, &format!("`{pointer}`"), place),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        Some(_) => Err(nothing(export, format!("`{pointer}` in {place} is no single value"))
            .hint("point to a text or a number in it")),
        None => {
            let error = nothing(export, format!("{place} has no `{pointer}`"));
            let outline = crate::json::reindent(text).as_deref().and_then(Outline::of);
            let siblings = outline.map(|outline| outline.siblings(pointer)).unwrap_or_default();
            Err(match nearest(pointer, siblings.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None if siblings.is_empty() => error,
                None => error.hint(format!("there are `{}`", siblings.join("`, `"))),
            })
        }
    }
}

/// The value in a cell of the tables of an output.
fn at_cell(export: &Export, output: &str, row: &str, column: Option<&str>) -> Result<String> {
    let place = "what the command printed";
    let tables: Vec<Table<'_>> = blocks(output)
        .into_iter()
        .filter_map(|block| match block {
            Block::Table(table) => Some(table),
            Block::Lines(_) => None,
        })
        .collect();
    if tables.is_empty() {
        return Err(nothing(export, format!("{place} has no table, so it has no row `{row}`"))
            .hint("of JSON, `pointer` names a value; of other text, `pattern`"));
    }
    let mut found = Vec::new();
    for table in &tables {
        let is_record = table.is_record();
        let is_it = |cells: &&Vec<std::borrow::Cow<'_, str>>| {
            let named = if is_record { 1 } else { cells.len() };
            cells.iter().take(named).any(|cell| cell == row)
        };
        for cells in table.rows.iter().filter(is_it) {
            let column = match column {
                _ if is_record => 1,
                Some(name) => table.columns.iter().position(|other| *other == name).ok_or_else(|| {
                    nothing(export, format!("the table has no column `{name}`"))
                        .hint(format!("there are `{}`", table.columns.join("`, `")))
                })?,
                None => {
                    let columns = table.columns.join("`, `");
                    return Err(nothing(export, format!("the row `{row}` has more than one cell"))
                        .hint(format!("name its `column`: `{columns}`")));
                }
            };
            found.extend(cells.get(column).map(|cell| &**cell));
        }
    }
    if found.is_empty() {
        let names: Vec<&str> = tables
            .iter()
            .flat_map(|table| &table.rows)
            .filter_map(|row| row.first())
            .map(|cell| &**cell)
            .collect();
        let error = nothing(export, format!("{place} has no row `{row}`"));
        return Err(match nearest(row, names) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        });
    }
    only(export, found.into_iter(), &format!("the row `{row}`"), place)
}

/// The one value of several, of which there must not be more.
fn only<'v>(
    export: &Export,
    mut values: impl Iterator<Item = &'v str>,
    what: &str,
    place: &str,
) -> Result<String> {
    let Some(value) = values.next() else { return Err(nothing(export, format!("{what} is not in {place}"))) };
    match 1 + values.count() {
        1 => single(export, value, what, place),
        count => Err(nothing(export, format!("{what} is {count} times in {place}"))
            .hint("say more clearly which one it is")),
    }
}

/// A value that a command line can hold.
fn single(export: &Export, value: &str, what: &str, place: &str) -> Result<String> {
    if value.is_empty() || value.contains(char::is_control) {
        let why = if value.is_empty() { "empty" } else { "no text of one line" };
        return Err(nothing(export, format!("{what} in {place} is {why}")));
    }
    Ok(value.to_owned())
}

fn nothing(export: &Export, why: String) -> Error {
    Error::new(ErrorKind::Setting, format!("`{}` cannot be exported: {why}", export.name))
        .at(export.place.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Phrases;
    use crate::settings::{Layer, Settings};
    use crate::text::Text;

    const HAR: &str = r#"{"log": {"version": "1.2", "entries": [
        {"startedDateTime": "2024-03-05T10:15:00Z", "time": 1,
         "request": {"method": "POST", "url": "http://glance/v2/images"},
         "response": {"status": 201, "headers": [
            {"name": "Location", "value": "http://glance/v2/images/9c31"},
            {"name": "Link", "value": "a"}, {"name": "link", "value": "b"}],
          "content": {"text": "{\"id\": \"9c31\", \"size\": 42, \"tags\": [], \"owner\": null}"}}}]}}"#;

    const TABLE: &str = "\
+-------+------+
| Field | Value |
+-------+------+
| id    | 9c31 |
| name  | id   |
| name  | x    |
+-------+------+
and all:
+------+--------+
| ID   | Name   |
+------+--------+
| 9c31 | cirros |
| 77aa | debian |
+------+--------+
";

    fn value(export: &str, output: &str) -> Result<String> {
        let text =
            format!("profile = 'x'\n[label]\ncreate = 'glance POST /v2/images'\n[export]\nid = {export}\n");
        let layer = Layer::parse("c/capture.toml".as_ref(), &text)?;
        let settings = Settings::resolve(&[layer]);
        let trace = crate::source::read("trace.har".as_ref(), HAR.as_bytes().to_vec()).trace;
        let input = Input {
            path: "c",
            settings: &settings,
            profile: None,
            phrases: &Phrases::default(),
            trace: &trace,
            trace_file: "trace.har",
            log: &Text::new(),
            output: Some(output),
        };
        values(&input).swap_remove(0).1
    }

    #[test]
    fn a_value_is_found_by_what_it_is() {
        for (export, output, found) in [
            ("{ from = 'create', pointer = '/id' }", "", "9c31"),
            ("{ from = 'glance POST /v2/images', pointer = '/size' }", "", "42"),
            ("{ from = 'create', header = 'location' }", "", "http://glance/v2/images/9c31"),
            ("{ from = 'create', pattern = '\"size\": ([0-9]+)' }", "", "42"),
            ("{ from = 'output', pointer = '/0/id' }", "[{\"id\": \"x y\"}]", "x y"),
            ("{ from = 'output', row = 'id' }", &TABLE[..TABLE.find("and").unwrap()], "9c31"),
            ("{ from = 'output', row = 'debian', column = 'ID' }", TABLE, "77aa"),
            ("{ from = 'output', pattern = 'task [0-9]+' }", "began task 12.\n", "task 12"),
            ("{ from = 'output' }", "\n 9c31 \n", "9c31"),
        ] {
            assert_eq!(value(export, output).unwrap(), found, "{export}");
        }
    }

    #[test]
    fn what_matches_nothing_or_twice_is_an_error_at_its_line() {
        for (export, output, said) in [
            ("{ from = 'create', pointer = '/ids' }", "", "has no `/ids`; did you mean `/id`?"),
            ("{ from = 'create', pointer = '/tags' }", "", "no single value"),
            ("{ from = 'create', pointer = '/owner' }", "", "no single value"),
            ("{ from = 'create', header = 'Via' }", "", "is not in the response"),
            ("{ from = 'create', header = 'Link' }", "", "is 2 times"),
            ("{ from = 'creat', header = 'Link' }", "", ""),
            ("{ from = 'glance GET /v2/images', header = 'Link' }", "", "matches no"),
            ("{ from = 'output', pointer = '/id' }", "text", "is no JSON"),
            ("{ from = 'output', row = 'id' }", "text", "has no table"),
            ("{ from = 'output', row = 'name' }", TABLE, "is 2 times"),
            ("{ from = 'output', row = 'nam' }", TABLE, "did you mean `name`?"),
            ("{ from = 'output', row = 'debian' }", TABLE, "name its `column`"),
            ("{ from = 'output', row = 'debian', column = 'Id' }", TABLE, "no column `Id`"),
            ("{ from = 'output', pattern = 'x' }", "axbx", "is 2 times"),
            ("{ from = 'output' }", "a\nb\n", "is 2 times"),
            ("{ from = 'output' }", "\n", "is not in what the command printed"),
            ("{ from = 'output', pointer = '/a' }", "{\"a\": \"\"}", "is empty"),
            ("{ from = 'output', pointer = '/a' }", "{\"a\": \"x\\ny\"}", "one line"),
        ] {
            let error = value(export, output).unwrap_err();
            let told = format!("{}; {}", error.message(), error.help().unwrap_or_default());
            assert!(told.contains(said), "{export}: {told}");
            assert_eq!(error.place().unwrap().line, 5, "{export}");
        }
    }
}
