//! What pages need of the configuration of a site, in one table.

use std::ops::Range;

use super::tree::{Node, Value};
use super::{Config, Pages, named};
use crate::profile::wildcard_matches;

/// The style sheet of docgen's pages, in the docs folder.
pub(crate) const STYLE: &str = "assets/stylesheets/docgen.css";
/// The script that draws diagrams, in the docs folder.
pub(crate) const MERMAID: &str = "assets/javascripts/mermaid.min.js";
/// The script that keeps the diagrams of [`MERMAID`] readable, in the docs folder.
pub(crate) const SCRIPT: &str = "assets/javascripts/docgen.js";
/// The files that docgen gives to a site.
pub(super) const ASSETS: [&str; 3] = [STYLE, MERMAID, SCRIPT];

/// The plugin that calls folders by their pages: Zensical has it inside, for MkDocs and ProperDocs docgen's wheel
/// brings it.
pub(super) const AWESOME_NAV: &str = "awesome-nav";

/// The option of superfences whose value is a list of fences.
pub(super) const FENCES: &str = "custom_fences";

/// With this a search finds the parts of a path.
const SEPARATOR: &str = r#"[\s\-/:.,?&="{}\[\]()<>]+"#;

/// The files that a page in the layout `snippets` includes.
const PARTS: [&str; 3] = ["diagram.md", "body.md", "log.md"];

/// Something that pages need.
#[derive(Clone, Debug)]
pub(super) struct Need {
    pub(super) what: What,
    /// What happens without it.
    why: &'static str,
    /// Whether pages are right without it, and only better with it.
    pub(super) is_advice: bool,
}

#[derive(Clone, Debug)]
pub(super) enum What {
    /// A Markdown extension with these options.
    Extension { name: &'static str, options: Vec<Setting> },
    /// A plugin of the builder with these options.
    Plugin { name: &'static str, options: Vec<Setting> },
    /// A text in a list.
    Item { key: &'static str, item: &'static str },
    /// A pattern of files that are no pages.
    NoPage(&'static str),
    /// The theme that shows what they are made of.
    Theme,
    /// Something calls folders in the navigation as their index.md is called.
    FolderNames {
        /// Whether MkDocs and ProperDocs have the plugin for it.
        has_plugin: bool,
    },
    /// A plugin that the builder does not know is not there.
    NoPlugin(&'static str),
}

/// A key and the value that it has to have.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) key: &'static str,
    pub(super) value: Wanted,
}

#[derive(Clone, Debug)]
pub(super) enum Wanted {
    True,
    /// Any value will do; this is the usual one.
    Any(&'static str),
    /// A folder, or a list that has it.
    Folder(String),
    /// A list that has the fence which draws diagrams.
    MermaidFence,
}

/// All that pages of this kind need.
pub(super) fn all(pages: Pages<'_>) -> Vec<Need> {
    let need = |what, why| Need { what, why, is_advice: false };
    let advice = |what, why| Need { what, why, is_advice: true };
    let setting = |key, value| Setting { key, value };
    let extension = |name, options| What::Extension { name, options };
    let fence = match pages.has_mermaid {
        true => (vec![setting(FENCES, Wanted::MermaidFence)], "diagrams show as text"),
        false => (vec![], "code in tabs shows as text"),
    };
    let mut needs = vec![
        need(extension("attr_list", vec![]), "headings show their anchors as text"),
        need(extension("pymdownx.details", vec![]), "what is folded shows as text"),
        need(extension("pymdownx.superfences", fence.0), fence.1),
        need(
            extension("pymdownx.tabbed", vec![setting("alternate_style", Wanted::True)]),
            "tabs show as text, one below the other",
        ),
        advice(
            extension("pymdownx.highlight", vec![]),
            "lines are not highlighted as the site's other code is",
        ),
    ];
    if pages.has_parts {
        let base = Wanted::Folder(pages.docs.to_owned());
        let options = vec![setting("base_path", base), setting("check_paths", Wanted::True)];
        needs.push(need(extension("pymdownx.snippets", options), "pages in the layout `snippets` are empty"));
        let why = "a part of a page is a page of its own, in the navigation and the search";
        needs.extend(PARTS.map(|part| need(What::NoPage(part), why)));
    }
    let why = if pages.has_mermaid { "tabs and diagrams do not show" } else { "tabs do not show" };
    needs.push(need(What::Theme, why));
    needs.push(advice(
        What::Item { key: "extra_css", item: STYLE },
        "a wide diagram is cut off, and a long log pushes the page away",
    ));
    if pages.has_mermaid {
        needs.push(advice(
            What::Item { key: "extra_javascript", item: MERMAID },
            "the theme fetches what draws diagrams from a host outside, another version in each builder",
        ));
        needs.push(advice(
            // Behind mermaid, whose colours it sets.
            What::Item { key: "extra_javascript", item: SCRIPT },
            "a large diagram is drawn too small to read, and arrowheads have no colour in a dark scheme",
        ));
    }
    needs.push(advice(
        What::Plugin { name: "search", options: vec![setting("separator", Wanted::Any(SEPARATOR))] },
        "the search finds no part of a path such as `/v2.1/servers`",
    ));
    needs.push(need(
        What::NoPlugin("docgen"),
        "Zensical knows no plugins of others, and passes over it without a word",
    ));
    if let Some(captures) = pages.plugin {
        let is_usual = same_folder(captures, "captures");
        let captures = setting("captures", Wanted::Folder(captures.to_owned()));
        needs.push(advice(
            What::Plugin { name: "docgen", options: if is_usual { vec![] } else { vec![captures] } },
            "pages are as the last `docgen render` left them",
        ));
    }
    if pages.has_indexes {
        needs.push(advice(
            What::FolderNames { has_plugin: pages.plugin.is_some() },
            "the navigation calls a folder `Openstack` whose index.md is called OpenStack",
        ));
    }
    needs
}

impl Need {
    /// Where a configuration lacks it; `None` where it does not.
    pub(super) fn lack(&self, config: &Config<'_>) -> Option<Range<usize>> {
        let at = |key: &str| config.root.entry(key).map_or(0..0, |(name, _)| name.span.clone());
        match &self.what {
            What::Extension { name, options } => {
                // These are among Zensical's own.
                if config.has_default_extensions() && *name != "pymdownx.snippets" {
                    return None;
                }
                let Some((node, given)) = config.extension(name) else {
                    return Some(at("markdown_extensions"));
                };
                let has_all = options.iter().all(|option| option.is_in(given));
                (!has_all).then(|| node.span.clone())
            }
            What::Plugin { name: "docgen", .. } if config.is_toml => None,
            What::Plugin { name, options } => {
                let plugins = config.root.get("plugins").filter(|plugins| plugins.value != Value::Null);
                let found = plugins.and_then(|plugins| named(plugins, name));
                // All builders search where nothing is said of plugins. MkDocs and ProperDocs do not where others
                // are named, and whoever wants no search, or another one, has said so.
                if *name == "search" && !config.is_toml && plugins.is_some() && found.is_none() {
                    return None;
                }
                let Some((node, given)) = found else {
                    return Some(at("plugins"));
                };
                let has_all = options.iter().all(|option| option.is_in(given));
                (!has_all).then(|| node.span.clone())
            }
            What::Item { key, item } => {
                let items = config.root.get(key).map_or(&[][..], Node::items);
                let file = |node: &Node| Some(node.text().or_else(|| node.get("path")?.text())?.to_owned());
                // A site may have its own, of whatever name begins alike.
                let stem = item.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or(item);
                let is_there = items
                    .iter()
                    .filter_map(file)
                    .any(|file| file.rsplit('/').next().is_some_and(|name| name.starts_with(stem)));
                (!is_there).then(|| at(key))
            }
            What::NoPage(part) => {
                let patterns = config.root.get("exclude_docs").and_then(Node::text).unwrap_or_default();
                let is_of_part = |line: &str| {
                    let name = line.trim().rsplit('/').next().unwrap_or_default();
                    !name.is_empty() && !line.starts_with(['#', '!']) && wildcard_matches(name, part)
                };
                (!patterns.lines().any(is_of_part)).then(|| at("exclude_docs"))
            }
            What::Theme => {
                let theme = config.root.get("theme");
                let name = theme.and_then(|theme| theme.text().or_else(|| theme.get("name")?.text()));
                let is_material = config.is_toml || name == Some("material");
                (!is_material).then(|| at("theme"))
            }
            What::FolderNames { .. } => {
                let plugins = config.root.get("plugins");
                let has_plugin = plugins.and_then(|plugins| named(plugins, AWESOME_NAV)).is_some();
                (config.root.get("nav").is_none() && !has_plugin).then(|| at("plugins"))
            }
            What::NoPlugin(name) => {
                let (node, _) = named(config.root.get("plugins").filter(|_| config.is_toml)?, name)?;
                Some(node.span.clone())
            }
        }
    }

    /// What a configuration lacks, and what happens without it.
    pub(super) fn message(&self, config: &Config<'_>) -> String {
        let why = self.why;
        match &self.what {
            What::Extension { name, options } => match config.extension(name) {
                Some((_, given)) => {
                    let lacking = options.iter().find(|option| !option.is_in(given));
                    let key = lacking.map_or("", |option| option.key);
                    format!("the extension `{name}` lacks `{key}`: without it {why}")
                }
                None => format!("the Markdown extension `{name}` is missing: without it {why}"),
            },
            What::Plugin { name, options } => match options.first() {
                Some(option) => format!("the plugin `{name}` has no `{}`: {why}", option.key),
                None => format!("the plugin `{name}` is missing: {why}"),
            },
            What::Item { key, item } => format!("`{key}` lacks `{item}`: {why}"),
            What::NoPage(part) => format!("`exclude_docs` lacks `{part}`: {why}"),
            What::FolderNames { .. } => format!("the plugin `{AWESOME_NAV}` is missing: {why}"),
            What::Theme => format!("the theme is not `material`: in others {why}"),
            What::NoPlugin(name) => format!("`{name}` does nothing here: {why}"),
        }
    }

    /// What to do about it, which `docgen init` can or not.
    pub(super) fn hint(&self, config: &Config<'_>, is_for_init: bool) -> String {
        match &self.what {
            What::Theme => "set `theme: { name: material }`, of the package mkdocs-material".to_owned(),
            What::FolderNames { has_plugin: false } if !config.is_toml => format!(
                "add it to `plugins`, with a file .nav.yml in the docs folder that says `use_index_title: true`, as `docgen init` of the wheel does; Zensical has it inside, MkDocs and ProperDocs need the package mkdocs-{AWESOME_NAV}, which comes with the wheel"
            ),
            What::NoPlugin(_) => {
                "remove it, and run `docgen render` before a build, or `docgen render --watch` beside `zensical serve`".to_owned()
            }
            _ => {
                // Below the first line of the hint, which begins with `  = help: `.
                let lines = self.text(config).trim_end().replace('\n', "\n          ");
                match config.parent() {
                    Some(parent) => format!(
                        "write it into `{parent}`, or here (where a list takes the place of the one there)\n          {lines}"
                    ),
                    None if is_for_init => format!("`docgen init` adds it; or write\n          {lines}"),
                    None => format!("write\n          {lines}"),
                }
            }
        }
    }

    /// What to write into a configuration that has nothing of it.
    pub(super) fn text(&self, config: &Config<'_>) -> String {
        if config.is_toml { self.toml() } else { self.yaml(config) }
    }

    fn yaml(&self, config: &Config<'_>) -> String {
        let block = |key: &str, name: &str, options: &[Setting]| {
            let is_map = config.root.get(key).is_some_and(|all| matches!(all.value, Value::Map(_)));
            let lines = if is_map { entry(name, options) } else { item(name, options) };
            format!("{key}:\n{}", super::edit::lines_of("  ", &lines))
        };
        match &self.what {
            What::Extension { name, options } => block("markdown_extensions", name, options),
            What::Plugin { name, options } => block("plugins", name, options),
            What::Item { key, item } => format!("{key}:\n  - {item}\n"),
            What::NoPage(part) => format!("exclude_docs: |\n  {part}\n"),
            What::FolderNames { .. } => block("plugins", AWESOME_NAV, &[]),
            What::Theme | What::NoPlugin(_) => String::new(),
        }
    }

    /// The same, for TOML.
    pub(super) fn toml(&self) -> String {
        let table = |table: &str, name: &str, options: &[Setting]| {
            let lines: String = options.iter().map(Setting::toml).collect();
            format!("[project.{table}.{name}]\n{lines}")
        };
        match &self.what {
            What::Extension { name, options } => table("markdown_extensions", name, options),
            What::Plugin { name, options } => table("plugins", name, options),
            What::Item { key, item } => format!("[project]\n{key} = [\"{item}\"]\n"),
            What::NoPage(part) => format!("[project]\nexclude_docs = \"\"\"\n{part}\n\"\"\"\n"),
            What::FolderNames { .. } => table("plugins", AWESOME_NAV, &[]),
            What::Theme | What::NoPlugin(_) => String::new(),
        }
    }
}

/// The lines of a map's entry: a name that has options.
pub(super) fn entry(name: &str, options: &[Setting]) -> String {
    if options.is_empty() {
        return format!("{name}: {{}}\n");
    }
    let options: String = options.iter().map(Setting::yaml).collect();
    format!("{name}:\n{}", super::edit::lines_of("  ", &options))
}

/// A member of a list on one line: a name that has options, as it is written there.
pub(super) fn flow_item(name: &str, options: &[Setting]) -> String {
    if options.is_empty() {
        return name.to_owned();
    }
    let options: Vec<String> = options.iter().map(Setting::flow).collect();
    format!("{{{name}: {{{}}}}}", options.join(", "))
}

/// The lines of a list's item: a name that has options.
pub(super) fn item(name: &str, options: &[Setting]) -> String {
    if options.is_empty() {
        return format!("- {name}\n");
    }
    let options: String = options.iter().map(Setting::yaml).collect();
    format!("- {name}:\n{}", super::edit::lines_of("    ", &options))
}

impl Setting {
    fn is_in(&self, options: Option<&Node>) -> bool {
        let Some(value) = options.and_then(|options| options.get(self.key)) else { return false };
        match &self.value {
            Wanted::True => value.text().is_some_and(|text| text.eq_ignore_ascii_case("true")),
            Wanted::Any(_) => value.value != Value::Null,
            Wanted::Folder(folder) => {
                let is_it = |text: &str| text.contains("$docs_dir") || same_folder(text, folder);
                // What a tag computes is nobody's to say here.
                value.value == Value::Null || value.items().iter().filter_map(Node::text).any(is_it)
            }
            Wanted::MermaidFence => {
                value.items().iter().any(|fence| fence.get("name").and_then(Node::text) == Some("mermaid"))
            }
        }
    }

    /// Its lines in YAML.
    pub(super) fn yaml(&self) -> String {
        let Setting { key, value } = self;
        match value {
            Wanted::True => format!("{key}: true\n"),
            Wanted::Any(value) => format!("{key}: {}\n", quoted(value)),
            Wanted::Folder(folder) => format!("{key}: {}\n", quoted(folder)),
            Wanted::MermaidFence => format!("{key}:\n{}", super::edit::lines_of("  ", FENCE)),
        }
    }

    /// Itself in a map of YAML on one line.
    fn flow(&self) -> String {
        match &self.value {
            // What is behind a tag ends with a blank.
            Wanted::MermaidFence => format!(
                "{}: [{{name: mermaid, class: mermaid, format: !!python/name:pymdownx.superfences.fence_code_format }}]",
                self.key
            ),
            _ => self.yaml().trim_end().to_owned(),
        }
    }

    /// Its lines in TOML.
    pub(super) fn toml(&self) -> String {
        let Setting { key, value } = self;
        match value {
            Wanted::True => format!("{key} = true\n"),
            Wanted::Any(value) => format!("{key} = {}\n", quoted(value)),
            Wanted::Folder(folder) => format!("{key} = {}\n", quoted(folder)),
            Wanted::MermaidFence => format!("{key} = [{TOML_FENCE}]\n"),
        }
    }
}

/// Whether two paths are the same, however they are written.
fn same_folder(a: &str, b: &str) -> bool {
    let parts = |path: &str| -> Vec<String> {
        path.split('/').filter(|part| !["", "."].contains(part)).map(str::to_owned).collect()
    };
    parts(a) == parts(b)
}

/// A text as both notations take it.
fn quoted(text: &str) -> String {
    // No text of this table has a single quote.
    format!("'{text}'")
}

/// The fence that draws diagrams, as the item of a list.
pub(super) const FENCE: &str =
    "- name: mermaid\n  class: mermaid\n  format: !!python/name:pymdownx.superfences.fence_code_format\n";

/// The same, in TOML.
pub(super) const TOML_FENCE: &str =
    r#"{ name = "mermaid", class = "mermaid", format = "pymdownx.superfences.fence_code_format" }"#;
