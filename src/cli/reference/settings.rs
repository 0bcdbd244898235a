//! The page of all settings, from the schemas of the files that people write.
//!
//! What this leaves out: how settings of several files come together and what each is good for, which the guide
//! tells.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::commands::sentence;
use crate::render::escape;
use crate::schema::SchemaOf;

/// The page.
pub(super) fn page() -> String {
    let [docgen, capture, report, index, profile] =
        [SchemaOf::Docgen, SchemaOf::Capture, SchemaOf::Report, SchemaOf::Index, SchemaOf::Profile]
            .map(|of| of.json());
    let mut page = String::from(
        "# Settings\n\nEvery key of every file that you may write, made from what docgen reads. The guide says \
         [how settings come together](../guide/settings.md). `docgen reference settings` prints this page for the \
         docgen that you have, and `docgen schema` the same for editors.\n",
    );
    page += "\n## docgen.toml and capture.toml\n\nA capture has the keys of both files.\n\n";
    page += &Keys { schema: &shared(&docgen, &capture), prefix: "" }.of_file();
    page += "\n## report.toml\n\nMakes a page of two sets of recordings.\n\n";
    page += &Keys { schema: &report, prefix: "Report: " }.of_file();
    page += "\n## index.toml\n\nMakes a page that lists all captures of a folder. It may be empty.\n\n";
    page += &Keys { schema: &index, prefix: "Index: " }.of_file();
    page += "\n## Profiles\n\nA file about one system, which the key `profile` names.\n\n";
    page += &Keys { schema: &profile, prefix: "Profile: " }.of_file();
    page
}

/// One schema of the keys of both files. Where a key is in one of them only, its description says so.
fn shared(docgen: &Value, capture: &Value) -> Value {
    let mut all = docgen.clone();
    for part in ["properties", "definitions"] {
        let (one, other) = (object(&docgen[part]), object(&capture[part]));
        let mut keys: Map<String, Value> = one.clone();
        keys.extend(other.clone());
        if part == "properties" {
            for (key, value) in &mut keys {
                let only = match (one.contains_key(key), other.contains_key(key)) {
                    (true, false) => "docgen.toml",
                    (false, true) => "capture.toml",
                    _ => continue,
                };
                let description = value["description"].as_str().unwrap_or_default();
                value["description"] = format!("{description} In `{only}` only.").into();
            }
        }
        all[part] = keys.into();
    }
    all
}

fn object(value: &Value) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    value.as_object().unwrap_or(&NONE)
}

/// How often a table may stand in a file, and by what.
#[derive(Clone, Copy, PartialEq)]
enum Table {
    /// Once: `[capture]`.
    One,
    /// As often as there are members of a list: `[[participant]]`.
    List,
    /// Once a name of the user's: a line of `[export]`.
    Named,
}

/// The keys of a file.
struct Keys<'a> {
    schema: &'a Value,
    /// What headings of its tables begin with.
    prefix: &'a str,
}

impl<'a> Keys<'a> {
    fn of_file(&self) -> String {
        self.table("", self.schema)
    }

    /// The keys of an object as a table, and below it a section for each that is a table itself.
    fn table(&self, path: &str, of: &'a Value) -> String {
        let mut rows = String::from("| Key | Is | Says |\n| --- | --- | --- |\n");
        let mut sections = String::new();
        for (key, value) in object(&of["properties"]) {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let is_required =
                of["required"].as_array().is_some_and(|keys| keys.iter().any(|name| name == key.as_str()));
            let required = if is_required { " It has to be there." } else { "" };
            let _ =
                writeln!(rows, "| `{key}` | {} | {}{required} |", self.kind(&path, value), self.about(value));
            if let Some((table, value)) = self.own_table(value) {
                let about = sentence(&described(value));
                let heading = self.heading(&path, table);
                let _ = write!(sections, "\n### {heading}\n\n{about}\n\n{}", self.table(&path, value));
            }
        }
        rows + &sections
    }

    fn heading(&self, path: &str, table: Table) -> String {
        let brackets = if table == Table::List { ("[[", "]]") } else { ("[", "]") };
        format!("{}`{}{path}{}`", self.prefix, brackets.0, brackets.1)
    }

    /// What a schema refers to, or itself.
    fn target(&self, value: &'a Value) -> &'a Value {
        let reference = &value["allOf"][0]["$ref"];
        let reference = reference.as_str().or(value["$ref"].as_str());
        match reference.and_then(|path| path.strip_prefix("#/definitions/")) {
            Some(name) => &self.schema["definitions"][name],
            None => value,
        }
    }

    /// The table that a value is, or is a list of, or has by the user's names.
    fn own_table(&self, value: &'a Value) -> Option<(Table, &'a Value)> {
        let forms = [
            (Table::One, value),
            (Table::List, &value["items"]),
            (Table::Named, &value["additionalProperties"]),
        ];
        let mut forms = forms.map(|(table, value)| (table, self.target(value))).into_iter();
        forms.find(|(_, value)| value["properties"].is_object())
    }

    /// What a value has to be.
    fn kind(&self, path: &str, value: &'a Value) -> String {
        if let Some((table, _)) = self.own_table(value) {
            let link = anchor(&self.heading(path, table));
            return match table {
                Table::One => format!("[a table](#{link})"),
                Table::List => format!("[tables](#{link})"),
                Table::Named => format!("[a table of tables](#{link})"),
            };
        }
        let value = self.target(value);
        if let Some(forms) = value["oneOf"].as_array() {
            let forms: Vec<String> = forms.iter().map(|form| self.form(form)).collect();
            return forms.join(" or ");
        }
        let of = |value: &'a Value| self.kind(path, value);
        match value["type"].as_str().unwrap_or_default() {
            "string" => "text".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => format!("list of {}", plural(&of(&value["items"]))),
            _ => format!("table of {}", plural(&of(&value["additionalProperties"]))),
        }
    }

    /// One of several forms that a value may have.
    fn form(&self, form: &'a Value) -> String {
        match form["const"].as_str() {
            Some(text) => escape::code(text),
            None if form["properties"].is_object() => {
                let keys: Vec<String> =
                    object(&form["properties"]).keys().map(|key| format!("{key} = …")).collect();
                escape::code(&format!("{{ {} }}", keys.join(", ")))
            }
            None => self.kind("", form),
        }
    }

    /// What a key says, with what each of its values means.
    fn about(&self, value: &'a Value) -> String {
        let target = self.target(value);
        let own = described(value);
        let mut about = sentence(&if own.is_empty() { described(target) } else { own });
        for form in target["oneOf"].as_array().into_iter().flatten() {
            let meanings: Vec<(String, String)> = match form["const"].as_str() {
                Some(text) => vec![(escape::code(text), described(form))],
                None => object(&form["properties"])
                    .iter()
                    .map(|(key, value)| (escape::code(key), described(value)))
                    .collect(),
            };
            for (name, meaning) in meanings {
                let _ = write!(about, " {name}: {}", sentence(&meaning));
            }
        }
        about
    }
}

/// Several of what a value is: `tables of texts`.
fn plural(kind: &str) -> String {
    match kind.split_once(' ') {
        Some((noun, rest)) => format!("{noun}s {rest}"),
        None => format!("{kind}s"),
    }
}

/// What a schema says of itself, on one line.
fn described(value: &Value) -> String {
    value["description"].as_str().unwrap_or_default().replace('\n', " ")
}

/// The anchor that builders give to a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// All names of keys anywhere in a schema.
    fn keys(value: &Value) -> BTreeSet<&str> {
        let below = match value {
            Value::Object(object) => object.values().flat_map(keys).collect(),
            Value::Array(list) => list.iter().flat_map(keys).collect(),
            _ => BTreeSet::new(),
        };
        object(&value["properties"]).keys().map(String::as_str).chain(below).collect()
    }

    #[test]
    fn each_key_of_each_schema_is_told() {
        let page = page();
        for of in SchemaOf::ALL {
            let schema = of.json();
            let missing: Vec<&str> = keys(&schema)
                .into_iter()
                .filter(|key| !page.contains(&format!("`{key}`")) && !page.contains(&format!("{key} = …")))
                .collect();
            assert!(missing.is_empty(), "{}: {missing:?}", of.name());
        }
    }

    #[test]
    fn each_key_is_described() {
        let page = page();
        let bare: Vec<&str> =
            page.lines().filter(|line| line.starts_with('|') && line.ends_with("|  |")).collect();
        assert!(bare.is_empty(), "{bare:?}");
    }
}
