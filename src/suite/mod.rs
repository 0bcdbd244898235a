//! Suites: captures that are recorded together, in an order, with values that one gives to others.
//!
//! An upgrade is recorded in one run: an image is created before it is shown, and shown by the id that
//! this very run gave it. All of that follows from settings and recordings, so it is here, as
//! functions of values: [`order`] and [`steps`] say what comes when, [`export`] takes a value out of a
//! recording, [`last_run`] is what a run leaves to the next. What this leaves out: running anything,
//! and the disk.

pub mod export;
pub mod last_run;
mod order;

pub use order::{Member, Need, Rank, Step, order, rank, steps};

use crate::settings::{Reference, Settings, UsedIn};

/// The capture that `name` means where the capture `from` uses it: the one of that path below the folder
/// of `from`, or else below the nearest folder above it that has one, the captures' root at last.
///
/// ```
/// use docgen::suite::found;
///
/// let captures = ["image/create", "server/create"];
/// let is_known = |path: &str| captures.contains(&path);
/// assert_eq!(found("image/show", "create", is_known).as_deref(), Some("image/create"));
/// assert_eq!(found("image/member/add", "create", is_known).as_deref(), Some("image/create"));
/// assert_eq!(found("image/show", "server/create", is_known).as_deref(), Some("server/create"));
/// assert_eq!(found("list", "create", is_known), None);
/// ```
pub fn found(from: &str, name: &str, is_known: impl Fn(&str) -> bool) -> Option<String> {
    candidates(from, name).into_iter().find(|path| is_known(path))
}

/// The paths that `name` may mean where the capture `from` uses it, the nearest first.
pub fn candidates(from: &str, name: &str) -> Vec<String> {
    let ends = from.match_indices('/').map(|(end, _)| end);
    let mut folders: Vec<&str> = ends.map(|end| &from[..end]).collect();
    folders.reverse();
    folders.into_iter().map(|folder| format!("{folder}/{name}")).chain([name.to_owned()]).collect()
}

/// Whether a path is `folder`, or below it. The empty path is the root, with all below it.
pub fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The values of others that a capture cannot be recorded without: those of its command, with the
/// variables in it, of its environment, and of what finds its own exports. Others only show.
pub fn needed_values(settings: &Settings) -> impl Iterator<Item = &Reference> {
    let command = settings.command.as_deref().unwrap_or_default();
    let is_in = |text: &str, name: &str| text.contains(&format!("{{{name}}}"));
    settings.references.iter().filter(move |used| match &used.used_in {
        UsedIn::Command | UsedIn::Env(_) => true,
        UsedIn::Var(name) => is_in(command, name) || exporting_texts(settings).any(|text| is_in(text, name)),
    })
}

/// The values of others without which a capture's own exports are not found.
pub fn values_of_exports(settings: &Settings) -> impl Iterator<Item = &Reference> {
    settings.references.iter().filter(|used| match &used.used_in {
        UsedIn::Var(name) => exporting_texts(settings).any(|text| text.contains(&format!("{{{name}}}"))),
        UsedIn::Command | UsedIn::Env(_) => false,
    })
}

/// The selectors that a capture's exports go by.
fn exporting_texts(settings: &Settings) -> impl Iterator<Item = &str> {
    let named = settings.exports.iter().filter_map(|export| export.from.selector());
    // A label may come after another one: each of them counts.
    let has_labels = named.clone().any(|named| settings.labels.iter().any(|(label, _)| label == named));
    let labels = settings.labels.iter().filter(move |_| has_labels);
    named.chain(labels.map(|(_, selector)| selector.value.as_str()))
}
