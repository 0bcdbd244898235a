//! The configuration of the site around a docs folder: found, read with what it inherits, checked.
//!
//! `docgen check` says what it lacks, `docgen rename` which of its lines name a page by its old path, and
//! `docgen init` completes it; all of them find it here. What this leaves out: what pages need of a configuration,
//! and how that is added (`site_config`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{Root, without_dots};
use crate::site_config::{Config, NAMES, Pages, nav_file_lacks};

/// The pages that docgen makes for a site, as far as its configuration depends on them.
pub(super) struct SitePages {
    /// Whether some of them include parts.
    pub(super) has_parts: bool,
    /// Whether some of them are the index.md of a folder.
    pub(super) has_indexes: bool,
    /// Whether mermaid has something to draw on some of them.
    pub(super) has_mermaid: bool,
    /// Their paths below the docs folder, without parts.
    pub(super) own: BTreeSet<String>,
}

/// What is amiss with the configuration of the site whose pages are in `docs`.
pub(super) fn check_config(docs: &Path, pages: &SitePages) -> Vec<Error> {
    match Around::of(docs) {
        Ok(Some(Around { root, docs: name, configs })) => check_configs(&root, &configs, docs, &name, pages),
        Ok(None) => Vec::new(),
        Err(error) => vec![error],
    }
}

/// The configurations of the site whose pages are in `docs`, and those that they inherit: the files with their
/// texts. What cannot be read of that is told.
pub(super) fn configs_with_parents(docs: &Path) -> (Vec<(PathBuf, String)>, Vec<Error>) {
    let (root, mut files) = match Around::of(docs) {
        Ok(Some(around)) => (around.root, around.configs),
        Ok(None) => return Default::default(),
        Err(error) => return (Vec::new(), vec![error]),
    };
    let mut errors = Vec::new();
    let mut at = 0;
    while let Some((file, text)) = files.get(at) {
        at += 1;
        // One that is no YAML names no other.
        let Ok(config) = Config::parse(file, text.as_str()) else { continue };
        match parent_of(&root, &config) {
            Ok(Some(parent)) if files.iter().all(|(known, _)| *known != parent.0) => files.push(parent),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    (files, errors)
}

/// The configurations of the nearest folder above a docs folder that has any, as far as the path of that goes.
struct Around {
    root: Root,
    /// The path of the docs folder from there.
    docs: String,
    configs: Vec<(PathBuf, String)>,
}

impl Around {
    fn of(docs: &Path) -> Result<Option<Around>> {
        for folder in docs.ancestors().skip(1) {
            let Ok(root) = Root::open(folder) else { continue };
            let name = docs.strip_prefix(folder).ok().and_then(without_dots);
            let Some(name) = name.as_deref().and_then(Path::to_str) else { continue };
            let configs = read_configs(&root)?;
            if !configs.is_empty() {
                return Ok(Some(Around { root, docs: name.to_owned(), configs }));
            }
        }
        Ok(None)
    }
}

/// What is amiss with those of a folder's configurations that have their pages in `docs`, which is called `name`
/// from there.
fn check_configs(
    root: &Root,
    configs: &[(PathBuf, String)],
    docs: &Path,
    name: &str,
    pages: &SitePages,
) -> Vec<Error> {
    let mut findings = Vec::new();
    for (file, text) in configs {
        let config = Config::parse(file, text.as_str());
        let config = match config.and_then(|config| with_parents(root, config, MOST_PARENTS)) {
            Ok(config) => config,
            Err(error) => {
                findings.push(error);
                continue;
            }
        };
        // The configuration of another site.
        if config.docs().ok().as_deref() != Some(name) {
            continue;
        }
        let SitePages { has_parts, has_indexes, has_mermaid, .. } = *pages;
        let wanted = Pages { docs: name, has_parts, has_indexes, has_mermaid, plugin: None };
        findings.extend(config.lacks(wanted));
        findings.extend(config.nav_lacks(&pages.own));
        if let Some(nav) = config.nav_file().filter(|_| has_indexes) {
            let nav = docs.join(nav);
            let text = if root.is_there(&nav) { root.read_text(&nav) } else { Ok(String::new()) };
            findings.extend(text.map_or_else(Some, |text| nav_file_lacks(&nav, &text)));
        }
        for (asset, place) in config.named_files() {
            if !root.is_file(&docs.join(&asset)) {
                let message = format!("there is no `{}`, which this names", docs.join(&asset).display());
                findings.push(
                    Error::warning(ErrorKind::Io, message).at(place).hint("`docgen init` puts it there"),
                );
            }
        }
    }
    findings
}

/// How many files may inherit one another.
pub(super) const MOST_PARENTS: usize = 8;

/// A configuration with all that it inherits.
///
/// # Errors
/// Where that is not below the site's folder, or cannot be read.
pub(super) fn with_parents<'a>(root: &Root, config: Config<'a>, most: usize) -> Result<Config<'a>> {
    let Some((path, text)) = parent_of(root, &config)? else { return Ok(config) };
    let Some(most) = most.checked_sub(1) else {
        return Err(config.inherits().map_or_else(Error::fault, |of| unread(of, "inherits too many others")));
    };
    let parent = with_parents(root, Config::parse(&path, text)?, most)?;
    Ok(config.with_parent(&parent))
}

/// The file that a configuration inherits, with its text.
///
/// # Errors
/// Where that is not below the site's folder, or cannot be read.
fn parent_of(root: &Root, config: &Config<'_>) -> Result<Option<(PathBuf, String)>> {
    let Some(of) = config.inherits() else { return Ok(None) };
    let file = config.file();
    let beside = file.strip_prefix(root.path()).unwrap_or(file).parent().unwrap_or(Path::new(""));
    let Some(path) = without_dots(&beside.join(of.0)) else {
        return Err(unread(of, "is outside of the site's folder"));
    };
    let path = root.shown(&path);
    match root.read_text(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(_) => Err(unread(of, "cannot be read")),
    }
}

/// What there is to say of a file that is inherited by this name, at this place.
fn unread((parent, place): (&str, Place), why: &str) -> Error {
    Error::warning(ErrorKind::Setting, format!("`{parent}` {why}, so that nothing is known of what it says"))
        .at(place)
        .hint("look there for what `docgen init` writes into an empty folder, and in its `nav` for pages that moved")
}

/// The configurations of a site, with their texts.
pub(super) fn read_configs(root: &Root) -> Result<Vec<(PathBuf, String)>> {
    let files = NAMES.iter().map(|name| root.shown(Path::new(name))).filter(|file| root.is_there(file));
    files.map(|file| Ok((file.clone(), root.read_text(&file)?))).collect()
}
