//! What `capture` and the import of a log share: rules for secrets, and putting facts into a
//! capture folder.

use std::path::Path;
use std::sync::Arc;

use super::ui::Ui;
use crate::error::{Place, Result, escape_control};
use crate::files::Root;
use crate::files::folder::{self, Change};
use crate::profile::Profile;
use crate::redact::{Rules, Tally};
use crate::sequence::selector::Selector;
use crate::settings::{Layer, Settings};
use crate::site::folders::settings_above;
use crate::site::named_files::NamedFiles;
use crate::site::profiles::Profiles;
use crate::toml_file;

/// The settings of the capture in a folder, whether or not it has any of its own.
pub(super) fn settings_of(root: &Root, folder: &Path) -> Result<Settings> {
    Ok(Settings::resolve(&layers_of(root, folder)?))
}

/// What files say of the capture in a folder, from the farthest to the nearest.
pub(super) fn layers_of(root: &Root, folder: &Path) -> Result<Vec<Layer>> {
    let mut layers = settings_above(folder)?;
    let own = folder.join("capture.toml");
    if root.is_file(&own) {
        layers.push(Layer::parse(&own, &root.read_text(&own)?)?);
    }
    Ok(layers)
}

/// What a new capture keeps of the capture.toml that it replaces.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    /// Tables, as they are written there.
    pub(super) tables: String,
    /// Whether `[capture]` is one of them.
    pub(super) says_capture: bool,
    /// The labels that its exports go by.
    pub(super) labels: Vec<(String, String)>,
}

impl Kept {
    /// How a command is run, what of it is secret, what others get of it, and where participants send to.
    fn of(file: &Path, text: &str) -> Result<Kept> {
        let old = Settings::resolve(&[Layer::parse(file, text)?]);
        let mut tables = vec!["capture", "env", "redact", "export"];
        // Its participants in their order belong together.
        tables.extend((!old.ports.is_empty()).then_some("participant"));
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut wanted: Vec<&str> = old.exports.iter().filter_map(|export| export.from.selector()).collect();
        while let Some(name) = wanted.pop() {
            let known = labels.iter().any(|(known, _)| known == name);
            if let Some((name, at)) = old.labels.iter().find(|(label, _)| !known && label == name) {
                wanted.extend(Selector::parse(&at.value).ok().and_then(|selector| selector.after));
                labels.push((name.clone(), at.value.clone()));
            }
        }
        let tables = toml_file::tables(file, text, &tables)?;
        Ok(Kept { says_capture: tables.lines().any(|line| line.starts_with("[capture]")), tables, labels })
    }

    /// `text`, the settings of the new capture in `file`, with these.
    pub(super) fn added_to(&self, file: &Path, text: &str) -> Result<String> {
        let all: toml::Table = toml_file::from_text(file, text)?;
        let is_there = |(name, _): &&(String, String)| {
            all.get("label").and_then(toml::Value::as_table).is_some_and(|labels| labels.contains_key(name))
        };
        let (old, new): (Vec<_>, Vec<_>) = self.labels.iter().partition(is_there);
        let cloned = |labels: Vec<&(String, String)>| labels.into_iter().cloned().collect::<Vec<_>>();
        let text = toml_file::with_texts(file, text, "label", &cloned(old))?;
        Ok(toml_file::with_entries(file, &text, "label", &cloned(new))? + &self.tables)
    }
}

/// The file that errors about the command of a new capture name.
const COMMAND: &str = "COMMAND";

/// The settings that a new capture in a folder begins with: those of the folders above, what it keeps of a
/// capture.toml that is there already, and the command.
pub(super) fn settings_for_new(
    root: Option<&Root>,
    folder: &Path,
    command: &str,
) -> Result<(Settings, Kept)> {
    let mut layers = settings_above(folder)?;
    let own = folder.join("capture.toml");
    let mut kept = Kept::default();
    if let Some(root) = root.filter(|root| root.is_file(&own)) {
        kept = Kept::of(&own, &root.read_text(&own)?)?;
        layers.push(Layer::parse(&own, &kept.added_to(&own, "")?)?);
    }
    layers.push(Layer::parse(Path::new(COMMAND), &format!("command = {}\n", toml_file::string(command)))?);
    Ok((Settings::resolve(&layers), kept))
}

/// The profile of this name or file. Where it is wrong, `docgen render` says so; a recording is kept
/// all the same.
pub(super) fn profile(captures: &Path, name: &str) -> Option<Arc<Profile>> {
    let files = NamedFiles::new(captures, &[]).ok()?;
    Profiles::default().named(name, &Place::file(captures), &files).ok()
}

/// What is secret in a capture of these settings.
pub(super) fn rules(captures: &Path, settings: &Settings) -> Result<Rules> {
    let profile = settings.profile.as_ref().and_then(|named| profile(captures, &named.value));
    Rules::of(settings, profile.as_deref())
}

/// Tells what was replaced, and what is too weak to be replaced wherever it stands.
pub(super) fn tell_replaced(tally: &Tally, ui: &Ui) {
    if let Some(summary) = tally.summary() {
        ui.say(format_args!("{summary}"));
    }
    for line in tally.lines() {
        ui.detail(format_args!("  {line}"));
    }
    let weak: Vec<String> = tally.weak_names().map(|name| format!("`{}`", escape_control(name))).collect();
    if !weak.is_empty() {
        ui.say(format_args!(
            "note: too weak to be told from other words, and replaced at its own place only: the value of {}",
            weak.join(", ")
        ));
    }
}

/// Says aloud that the user wants secrets unredacted.
pub(super) fn warn_of_secrets(ui: &Ui) {
    ui.warn(format_args!("secrets are kept unredacted: do not publish these captures or their pages"));
}

/// Makes these files the facts of a capture, all at once. A trace in another format goes.
pub(super) fn put(root: &Root, folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    let mut changes: Vec<Change<'_>> = files.iter().map(|(name, content)| (*name, Some(*content))).collect();
    changes.push(("trace.log", None));
    folder::change(root, folder, &changes).map_err(|error| {
        error.hint("the capture is as it was; free some space, or mend the folder's permissions")
    })
}

/// Makes sure, as far as one can, that a capture can be written before its command is run: what a
/// command does cannot always be done twice.
pub(super) fn expect_writable(root: &Path, folder: &Path) -> Result<()> {
    folder::expect_writable(root, folder)
        .map_err(|error| error.hint("nothing was run; mend the permissions, or choose another folder"))
}
