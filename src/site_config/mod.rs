//! What the builder of a site is told, and what docgen's pages need of it.
//!
//! MkDocs, ProperDocs and Zensical build the same Markdown, if the same extensions are on; without them a build
//! is green and its pages are broken. One table ([`needs`]) says what that is: `docgen check` names what a
//! configuration lacks, `docgen init` adds it. What this leaves out: the files themselves, which `site` reads
//! and writes.

mod edit;
mod needs;
mod tree;

use std::ops::Range;
use std::path::Path;

use crate::error::{Error, ErrorKind, Place, Result};
use needs::Need;
pub(crate) use needs::{MERMAID, SCRIPT, STYLE};
use tree::{Node, Value};

/// The names of configurations that are looked for, in the order in which the builders do.
pub(crate) const NAMES: [&str; 5] =
    ["zensical.toml", "properdocs.yml", "properdocs.yaml", "mkdocs.yml", "mkdocs.yaml"];

/// The folder of the pages where a configuration names none.
pub(crate) const DOCS: &str = "docs";

/// What a site's pages are, as far as its configuration depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages<'a> {
    /// The path of the docs folder from the folder of the configuration.
    pub(crate) docs: &'a str,
    /// Whether some of them include parts, in the layout `snippets`.
    pub(crate) has_parts: bool,
    /// Whether docgen's plugin is to render them.
    pub(crate) has_plugin: bool,
}

/// The configuration of a site.
#[derive(Debug)]
pub(crate) struct Config<'a> {
    file: &'a Path,
    text: &'a str,
    /// Its settings: in `zensical.toml` those of `[project]`.
    root: Node,
    is_toml: bool,
}

impl<'a> Config<'a> {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] with the place of what is no YAML or TOML.
    pub(crate) fn parse(file: &'a Path, text: &'a str) -> Result<Config<'a>> {
        let is_toml = file.extension().is_some_and(|ending| ending == "toml");
        let root = if is_toml { tree::of_toml(file, text)? } else { tree::of_yaml(file, text)? };
        let root = match root.get("project") {
            Some(project) if is_toml => project.clone(),
            _ => root,
        };
        Ok(Config { file, text, root, is_toml })
    }

    /// The folder of the pages, from the one of the file.
    pub(crate) fn docs(&self) -> &str {
        self.root.get("docs_dir").and_then(Node::text).unwrap_or(DOCS)
    }

    /// Whether another file says more.
    pub(crate) fn inherits(&self) -> bool {
        self.root.get("INHERIT").is_some()
    }

    /// What it lacks, each with its place and what to write.
    pub(crate) fn lacks(&self, pages: Pages<'_>) -> Vec<Error> {
        needs::all(pages).iter().filter_map(|need| self.lack(need)).collect()
    }

    /// Files of the docs folder that it names, of those that docgen makes, with the places of their names.
    pub(crate) fn named_files(&self) -> Vec<(String, Place)> {
        let lists =
            ["extra_css", "extra_javascript"].map(|key| self.root.get(key).map_or(&[][..], Node::items));
        let named = lists.into_iter().flatten().filter_map(|node| {
            let file = node.text().or_else(|| node.get("path")?.text())?;
            let is_ours = needs::ASSETS.contains(&file);
            is_ours.then(|| (file.to_owned(), self.place(node.span.clone())))
        });
        named.collect()
    }

    /// The text with all added that it lacks and that can be added, and what is left to be added by hand.
    pub(crate) fn completed(&self, pages: Pages<'_>) -> (String, Vec<Error>) {
        let mut text = self.text.to_owned();
        let mut left = Vec::new();
        for need in needs::all(pages) {
            let Ok(config) = Config::parse(self.file, &text) else { break };
            let Some(lack) = config.lack(&need) else { continue };
            match edit::added(&config, &need) {
                Some(added) => text = added,
                None => left.push(lack),
            }
        }
        (text, left)
    }

    fn lack(&self, need: &Need) -> Option<Error> {
        let span = need.lack(self)?;
        let make = if need.is_advice { Error::warning } else { Error::new };
        let error = make(ErrorKind::Setting, need.message(self)).at(self.place(span));
        Some(error.hint(need.hint(self)))
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place::span(self.file, self.text, span.start, span.end)
    }

    /// A Markdown extension: its name, and its options.
    fn extension(&self, name: &str) -> Option<(&Node, Option<&Node>)> {
        let all = self.root.get("markdown_extensions")?;
        if let Some(found) = named(all, name) {
            return Some(found);
        }
        // TOML's names are nested where they are not quoted.
        let (group, name) = name.split_once('.')?;
        let (key, value) = all.get(group)?.entry(name)?;
        Some((key, Some(value)))
    }

    /// Whether it says nothing of extensions, so that Zensical's own are on.
    fn has_default_extensions(&self) -> bool {
        self.is_toml && self.root.get("markdown_extensions").is_none()
    }
}

/// An entry of a list of names with options, in any of its forms: its name, and its options.
fn named<'n>(all: &'n Node, name: &str) -> Option<(&'n Node, Option<&'n Node>)> {
    if let Some((key, value)) = all.entry(name) {
        return Some((key, Some(value)));
    }
    all.items().iter().find_map(|item| match &item.value {
        Value::Text(text) if text == name => Some((item, None)),
        Value::Map(_) => item.entry(name).map(|(key, value)| (key, Some(value))),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
