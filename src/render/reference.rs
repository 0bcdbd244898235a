//! The page of the manual about templates: which there are, what each gets, and what that has.
//!
//! It is made from the descriptions that stand beside the fields (`fields`), the filters and the variables, and
//! from the comment that each embedded template begins with. What this leaves out: how to write one, which the
//! guide tells.

use std::fmt::Write;

use super::fields::{Described, Field};
use super::pieces::{self, EVERYWHERE, VARIABLES, given};
use super::templates::{EMBEDDED, FILTERS};
use super::{escape, index, report, view};
use crate::page::Phrases;
use crate::settings::Layout;

/// Kinds that are no object with fields.
const SIMPLE_KINDS: &[&str] = &["text", "number", "yes or no", "none", "pair", "phrases"];

/// The page about templates, as Markdown.
pub(crate) fn templates_page() -> String {
    let mut page = String::from(
        "# Templates\n\n\
         docgen lays a page out with small templates, one for each piece. A file of the same name in the folder \
         that the setting `templates` names is used instead of the one that docgen has: \
         `docgen templates eject page/heading.md --to captures/templates` writes one out to begin with. The \
         language is that of [MiniJinja](https://docs.rs/minijinja/latest/minijinja/syntax/), which is Jinja's, \
         without `macro`, `block`, `namespace`, `dict` and `format`. A line that holds only a tag or a comment \
         prints nothing, and what is not defined is an error of the page.\n\n\
         `docgen reference templates` prints this page, for the docgen that you have.\n\n\
         ## Names\n",
    );
    for layout in Layout::ALL {
        let name = layout.name();
        let _ = write!(page, "\n### Layout {name}\n\n{}", templates_of(name));
        if *layout != Layout::Page {
            page += "\nWhere this layout has no template for a piece, that of `page` is used.\n";
        }
    }
    let _ = write!(page, "\n### Indexes\n\n{}", templates_of("index"));
    let _ = write!(page, "\n### Reports\n\n{}", templates_of("report"));
    page += "\n## Variables\n\nEvery template of a page gets ";
    page += &EVERYWHERE.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    page += "; the tables above say what one gets beside them, or in the place of one of them. One that is only a \
             part of others gets what these have. Templates of indexes get `index` and `t`, those of reports \
             `report` and `t`.\n\n";
    page += &fields_table("Variable", VARIABLES);
    page += "\n## Objects\n";
    for object in objects() {
        let _ = write!(
            page,
            "\n### {}\n\n{}\n\n{}",
            object.name,
            object.about.trim(),
            fields_table("Field", object.fields)
        );
    }
    page += "\nA pair is a list of two texts.\n\n## Filters\n\n\
             These are docgen's own, beside [MiniJinja's](https://docs.rs/minijinja/latest/minijinja/filters/). \
             What was captured may be any text: let it through the filter of its place.\n\n\
             | Filter | Gives |\n| --- | --- |\n";
    for (name, about) in FILTERS {
        let _ = writeln!(page, "| `{name}` | {} |", about.trim());
    }
    page += "\n## Phrases\n\nWhat docgen itself says on a page, `t.KEY` in a template. `[phrases]` in `docgen.toml` or \
             `capture.toml` says one otherwise, and a file `phrases/LOCALE.toml` beside your templates all of them \
             in a language of yours.\n\n| Key | English |\n| --- | --- |\n";
    for (key, phrase) in english().iter() {
        let phrase = if phrase.is_empty() { String::new() } else { cell(&escape::code(phrase)) };
        let _ = writeln!(page, "| `{key}` | {phrase} |");
    }
    page
}

/// All objects that any template gets.
fn objects() -> impl Iterator<Item = &'static Described> {
    view::OBJECTS.iter().chain(pieces::OBJECTS).chain(index::OBJECTS).chain(report::OBJECTS)
}

fn english() -> Phrases {
    let text = EMBEDDED.iter().find(|(name, _)| *name == "phrases/en.toml").map_or("", |(_, text)| text);
    Phrases::parse("phrases/en.toml".as_ref(), text).unwrap_or_default()
}

/// The templates of a folder: what each prints and gets.
fn templates_of(folder: &str) -> String {
    let mut table = String::from("| Template | Prints | Gets |\n| --- | --- | --- |\n");
    for (name, text) in EMBEDDED {
        let Some(piece) = name.strip_prefix(folder).and_then(|name| name.strip_prefix('/')) else { continue };
        let is_of_page = Layout::ALL.iter().any(|layout| layout.name() == folder);
        let given = if is_of_page { given(piece.trim_end_matches(".md")) } else { &[] };
        let given = given.iter().map(|name| format!("`{name}`"));
        let _ = writeln!(
            table,
            "| `{name}` | {} | {} |",
            about(text).unwrap_or_default(),
            given.collect::<Vec<_>>().join(", ")
        );
    }
    table
}

/// What the comment at the beginning of a template says.
fn about(template: &str) -> Option<&str> {
    template.strip_prefix("{# ")?.split_once(" #}\n").map(|(about, _)| about)
}

fn fields_table(head: &str, fields: &[Field]) -> String {
    let mut table = format!("| {head} | Is | What |\n| --- | --- | --- |\n");
    for Field { name, kind, about } in fields {
        let _ = writeln!(table, "| `{name}` | {} | {} |", linked(kind), cell(about.trim()));
    }
    table
}

/// A kind with links to the objects that it names.
fn linked(kind: &str) -> String {
    let (of, names) = kind.strip_prefix("list of ").map_or(("", kind), |names| ("list of ", names));
    if SIMPLE_KINDS.contains(&names) {
        return kind.to_owned();
    }
    let name = |name: &str| match objects().find(|object| object.name == name) {
        Some(_) => format!("[{name}](#{})", name.replace(' ', "-")),
        None => name.to_owned(),
    };
    of.to_owned() + &names.split(" or ").map(name).collect::<Vec<_>>().join(" or ")
}

/// Markdown for the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_template_says_what_it_prints() {
        for (name, text) in EMBEDDED.iter().filter(|(name, _)| name.ends_with(".md")) {
            assert!(about(text).is_some(), "{name} begins with no `{{# what it prints #}}`");
        }
    }

    #[test]
    fn every_kind_is_known() {
        let names: Vec<&str> = objects().map(|object| object.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for field in objects().flat_map(|object| object.fields).chain(VARIABLES) {
            let kind = field.kind.strip_prefix("list of ").unwrap_or(field.kind);
            let is_known = |kind: &str| SIMPLE_KINDS.contains(&kind) || names.contains(&kind);
            assert!(is_known(kind) || kind.split(" or ").all(is_known), "{}: {}", field.name, field.kind);
        }
    }

    #[test]
    fn every_variable_is_described() {
        let described: BTreeSet<&str> = VARIABLES.iter().map(|field| field.name).collect();
        let pieces = EMBEDDED.iter().filter_map(|(name, _)| name.rsplit('/').next()?.strip_suffix(".md"));
        let named: BTreeSet<&str> = pieces.flat_map(given).chain(EVERYWHERE).copied().collect();
        assert_eq!(named, described);
    }
}
