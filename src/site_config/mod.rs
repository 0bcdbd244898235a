//! What the builder of a site is told, and what docgen's pages need of it.
//!
//! MkDocs, ProperDocs and Zensical build the same Markdown, if the same extensions are on; without them a build
//! is green and its pages are broken. One table ([`needs`]) says what that is: `docgen check` names what a
//! configuration lacks, `docgen init` adds it. What this leaves out: the files themselves, which `site` reads
//! and writes.

mod edit;
mod needs;
mod tree;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use crate::error::{Error, ErrorKind, Place, Result, counted};
use crate::files;
use crate::toml_file::string as quoted;
use needs::Need;
pub(crate) use needs::{MERMAID, SCRIPT, STYLE};
use tree::{Node, Value};

/// The names of configurations that are looked for, in the order in which the builders do.
pub(crate) const NAMES: [&str; 5] =
    ["zensical.toml", "properdocs.yml", "properdocs.yaml", "mkdocs.yml", "mkdocs.yaml"];

/// The folder of the pages where a configuration names none.
pub(crate) const DOCS: &str = "docs";

/// The file that `awesome-nav` reads where it is told of no other.
const NAV_FILE: &str = ".nav.yml";

/// How many pages that a navigation lacks are named.
const MOST_SHOWN: usize = 20;

/// What a site's pages are, as far as its configuration depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages<'a> {
    /// The path of the docs folder from the folder of the configuration.
    pub(crate) docs: &'a str,
    /// Whether some of them include parts, in the layout `snippets`.
    pub(crate) has_parts: bool,
    /// Whether some of them are the index.md of a folder, by whose title the navigation is to call it.
    pub(crate) has_indexes: bool,
    /// Whether some of them have a diagram that mermaid draws in the reader's browser.
    pub(crate) has_mermaid: bool,
    /// The folder of the captures, from the one of the configuration, where docgen's plugin is to render them.
    pub(crate) plugin: Option<&'a str>,
}

/// The configuration of a site.
#[derive(Clone, Debug)]
pub(crate) struct Config<'a> {
    file: &'a Path,
    text: String,
    /// Its settings: in `zensical.toml` those of `[project]`.
    root: Node,
    is_toml: bool,
}

impl<'a> Config<'a> {
    /// Reads a configuration.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] with the place of what is no YAML or TOML.
    pub(crate) fn parse(file: &'a Path, text: impl Into<String>) -> Result<Config<'a>> {
        let text = text.into();
        let is_toml = file.extension().is_some_and(|ending| ending == "toml");
        let root = if is_toml { tree::of_toml(file, &text)? } else { tree::of_yaml(file, &text)? };
        let root = match root.get("project") {
            Some(project) if is_toml => project.clone(),
            _ => root,
        };
        Ok(Config { file, text, root, is_toml })
    }

    /// The file.
    pub(crate) fn file(&self) -> &'a Path {
        self.file
    }

    /// What is in it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is written in TOML, as Zensical's own is.
    pub(crate) fn is_toml(&self) -> bool {
        self.is_toml
    }

    /// The folder of the pages, from the one of the file, without dots.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] with the place of one that is elsewhere.
    pub(crate) fn docs(&self) -> Result<String> {
        let Some(docs) = self.root.get("docs_dir") else { return Ok(DOCS.to_owned()) };
        // Of a list of variables (`!ENV [DOCS, docs]`) the last is what holds without them.
        let name = docs.items().last().and_then(Node::text).unwrap_or(DOCS);
        let below = files::without_dots(Path::new(name)).filter(|below| !below.as_os_str().is_empty());
        below.map(|below| below.to_string_lossy().into_owned()).ok_or_else(|| {
            Error::new(ErrorKind::Setting, format!("`{name}` is not below the folder of this configuration"))
                .at(self.place(docs.span.clone()))
                .hint("docgen adds nothing to a folder elsewhere: name one below, or run `docgen init` there")
        })
    }

    /// The file that says more, from the folder of this one, and the place where it is named.
    pub(crate) fn inherits(&self) -> Option<(&str, Place)> {
        let (name, file) = self.root.entry("INHERIT").filter(|_| !self.is_toml)?;
        Some((file.text().unwrap_or_default(), self.place(name.span.clone())))
    }

    /// This one with what its parent says, key by key, where it says nothing itself. What is amiss with that is
    /// told where the parent is named.
    pub(crate) fn with_parent(mut self, parent: &Config<'_>) -> Config<'a> {
        if let Some((name, _)) = self.root.entry("INHERIT") {
            let at = name.span.clone();
            self.root = self.root.with_defaults(&parent.root.at(&at));
        }
        self
    }

    /// What there is to say if it has a navigation that lacks some of these pages, by their paths below the docs
    /// folder; `None` where all are there, or the builder finds pages by itself.
    pub(crate) fn nav_lacks(&self, pages: &BTreeSet<String>) -> Option<Error> {
        let (name, nav) = self.root.entry("nav")?;
        let mut named = Vec::new();
        nav.texts(&mut named);
        // What a plugin resolves is not known here.
        if nav.value == Value::Null || named.iter().any(|text| text.contains('*') || text.ends_with('/')) {
            return None;
        }
        let lacking: Vec<&str> =
            pages.iter().map(String::as_str).filter(|page| !named.contains(page)).collect();
        if lacking.is_empty() {
            return None;
        }
        let message = format!("`nav` lacks {}: nobody finds them", counted(lacking.len(), "page"));
        let shown = lacking.iter().take(MOST_SHOWN).map(|page| match self.is_toml {
            true => format!("\n          {},", quoted(page)),
            false => format!("\n            - {page}"),
        });
        let more = lacking.len().saturating_sub(MOST_SHOWN);
        let more = if more > 0 { format!("\n          and {more} more") } else { String::new() };
        let hint = format!("put them where they belong in it{}{more}", shown.collect::<String>());
        Some(Error::warning(ErrorKind::Setting, message).at(self.place(name.span.clone())).hint(hint))
    }

    /// Whether it says nothing at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.root.entries().is_empty()
    }

    /// What it lacks, each with its place and what to write.
    pub(crate) fn lacks(&self, pages: Pages<'_>) -> Vec<Error> {
        let is_for_init = |need: &Need| edit::added(self, need).is_some();
        needs::all(pages).iter().filter_map(|need| self.lack(need, &is_for_init)).collect()
    }

    /// What it lacks, where all of it is to be written by hand.
    pub(crate) fn lacks_by_hand(&self, pages: Pages<'_>) -> Vec<Error> {
        needs::all(pages).iter().filter_map(|need| self.lack(need, &|_| false)).collect()
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

    /// The file of the docs folder that says how `awesome-nav` calls folders; `None` where that is not on.
    pub(crate) fn nav_file(&self) -> Option<&str> {
        let (_, options) = named(self.root.get("plugins")?, needs::AWESOME_NAV)?;
        let name = options.and_then(|options| options.get("filename")?.text());
        self.root.get("nav").is_none().then_some(name.unwrap_or(NAV_FILE))
    }

    /// Whether one of its lists names this file of the docs folder.
    pub(crate) fn names(&self, asset: &str) -> bool {
        self.named_files().iter().any(|(named, _)| named == asset)
    }

    /// The text with all added that it lacks and that can be added, and what is left to be added by hand, each
    /// with its place in that text.
    pub(crate) fn completed(&self, pages: Pages<'_>) -> (String, Vec<Error>) {
        let mut config = self.clone();
        for need in needs::all(pages) {
            if need.lack(&config).is_some()
                && let Some(added) = edit::added(&config, &need)
            {
                config = added;
            }
        }
        let left = config.lacks_by_hand(pages);
        (config.text, left)
    }

    fn lack(&self, need: &Need, is_for_init: &dyn Fn(&Need) -> bool) -> Option<Error> {
        let span = need.lack(self)?;
        let make = if need.is_advice { Error::warning } else { Error::new };
        let error = make(ErrorKind::Setting, need.message(self)).at(self.place(span));
        Some(error.hint(need.hint(self, is_for_init(need))))
    }

    /// The file that it inherits: `docgen init` changes none that does.
    fn parent(&self) -> Option<&str> {
        self.root.get("INHERIT").and_then(Node::text).filter(|_| !self.is_toml)
    }

    fn place(&self, span: Range<usize>) -> Place {
        Place::span(self.file, &self.text, span.start, span.end)
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

/// What there is to say of the text of a [`Config::nav_file`], if folders are not called by their index.md there.
pub(crate) fn nav_file_lacks(file: &Path, text: &str) -> Option<Error> {
    let root = match tree::of_yaml(file, text) {
        Ok(root) => root,
        Err(error) => return Some(error),
    };
    let told = root.entry("use_index_title");
    if told.and_then(|(_, value)| value.text()).is_some_and(|text| text.eq_ignore_ascii_case("true")) {
        return None;
    }
    let span = told.map_or(0..0, |(name, _)| name.span.clone());
    let message = "`use_index_title` is not on: the navigation calls a folder `Openstack` whose index.md is called OpenStack";
    let error = Error::warning(ErrorKind::Setting, message);
    Some(error.at(Place::span(file, text, span.start, span.end)).hint("write `use_index_title: true`"))
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
