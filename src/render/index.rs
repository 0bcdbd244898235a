//! An index to its text, by the templates in `templates/index`.
//!
//! What this leaves out: what there is to list ([`crate::page::index`]).

use std::borrow::Cow;

use minijinja::context;
use minijinja::value::Value;

use super::escape::{Around, in_context};
use super::fields::{Described, record};
use super::limits::Allowance;
use super::templates::Templates;
use super::view;
use crate::error::Result;
use crate::page::Context;
use crate::page::front_matter::{is_line_of_prose, is_movable, plain};
use crate::page::index::{Entry, Group, Index, Listed};

impl Templates {
    /// The page of an index.
    ///
    /// # Errors
    /// [`ErrorKind::Template`](crate::ErrorKind::Template) with its place, where a template fails.
    pub fn lay_out_index(&self, index: &Index) -> Result<String> {
        let entries = index.entries().count();
        let bytes: usize = index
            .entries()
            .map(|entry| entry.listed.title.len() + entry.listed.description.as_ref().map_or(0, String::len))
            .sum();
        let allowance = Allowance::new(entries * (index.services.len() + 1), bytes);
        self.piece("index", "index", context_of(index), &allowance)
    }
}

fn context_of(index: &Index) -> Value {
    context! { index => shown(index), t => view::phrases(&index.phrases) }
}

record! {
    /// An index as a whole.
    INDEX "index" of fn shown(index: &Index);
    /// The title.
    title: "text" = &index.title;
    /// The paragraph below it.
    description: "text or none" = &index.description;
    /// What is listed, folder by folder.
    groups: "list of group" = index.groups.iter().map(|found| group(index, found)).collect::<Vec<Value>>();
    /// The services that any command asks, those that most commands ask first.
    services: "list of text" = &index.services;
}

record! {
    /// What is listed of one folder.
    GROUP "group" of fn group(index: &Index, group: &Group);
    /// The folder's path from the index on; empty for its own.
    folder: "text" = &group.folder;
    /// The captures and reports in it.
    entries: "list of entry" = group.entries.iter().map(|found| entry(index, found)).collect::<Vec<Value>>();
}

record! {
    /// A capture or a report, as an index lists it.
    ENTRY "entry" of fn entry(index: &Index, entry: &Entry);
    /// Its path below the folder of all captures.
    path: "text" = &entry.listed.path;
    /// Title and page.
    link: "link" = context! { text => &entry.listed.title, url => &entry.link };
    /// What it says of itself, as Markdown.
    description: "text or none" = entry.listed.description.as_deref().map(elsewhere);
    /// The language of that, if it is not the index's and the description is one line.
    lang: "text or none" = other_language(index, entry);
    /// How many calls it makes; none of a report.
    count: "number or none" = entry.listed.count();
    /// How many calls it makes to each of the index's services, in their order.
    calls: "list of number" = index.services.iter().map(|service| entry.calls_to(service)).collect::<Vec<usize>>();
}

/// The language of an entry's description, where it is another one than the index's. An attribute can say so of a line of
/// prose; behind a table it would be a row.
fn other_language<'e>(index: &Index, entry: &'e Entry) -> Option<&'e str> {
    let Listed { description, locale, .. } = &entry.listed;
    let is_line = description.as_deref().is_some_and(is_line_of_prose);
    (is_line && *locale != index.locale).then_some(locale)
}

/// Markdown of another page: as it is, or its text where something in it leads elsewhere from here.
fn elsewhere(markdown: &str) -> Cow<'_, str> {
    if is_movable(markdown) {
        return markdown.into();
    }
    // A paragraph holds any text.
    in_context(&plain(markdown), &Context::Prose, Around::default()).unwrap_or_default().into_owned().into()
}

/// The objects that templates of indexes get, from the largest down.
pub(super) const OBJECTS: &[Described] = &[INDEX, GROUP, ENTRY];
