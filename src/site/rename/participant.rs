//! A participant of the diagram by another id.
//!
//! Recordings keep the name that they have: where one of them calls the participant by its old id, that becomes
//! one of its `names`, so that it is found as before. What this leaves out: participants that no settings name,
//! which are called as a recording or a profile calls them.

use std::path::{Path, PathBuf};

use super::name::Renaming;
use super::settings_text::all_said;
use super::{Work, settings_text, source_text};
use crate::error::{Error, ErrorKind, Place};
use crate::sequence::selector::Selector;
use crate::settings::Layer;
use crate::site::capture::Capture;
use crate::site::folders::Folder;
use crate::suite::is_below;
use crate::toml_file::nearest;

impl<'w> Work<'w> {
    pub(super) fn rename_participant(&mut self, path: &str, old: &str, new: &str) -> Result<(), Vec<Error>> {
        let one = |error| vec![error];
        expect_participant(new).map_err(one)?;
        if old == new {
            return Err(vec![Error::new(ErrorKind::Usage, format!("`{new}` is its name already"))]);
        }
        let concerned = self.at_or_below(path)?;
        let settings = self.settings_files(|folder| is_below(folder, path)).map_err(one)?;
        let above = self.settings_files(|folder| folder != path && is_below(path, folder)).map_err(one)?;
        self.expect_declared(path, old, new, &settings, &above)?;
        let mut declaring: Vec<&Folder> = Vec::new();
        let mut is_recorded = false;
        for folder in concerned {
            let declared = Capture::settings(self.root, folder).map_err(one)?;
            if !declared.participants.iter().any(|participant| participant.id == old) {
                continue;
            }
            let profile = self.site.profile(&declared, &mut Vec::new()).map_err(one)?;
            if let Some(profile) = profile.filter(|profile| profile.participant_by_name(old).is_some()) {
                let message = format!("the profile `{}` knows `{old}` by this name", profile.name());
                return Err(vec![
                    Error::new(ErrorKind::Setting, message)
                        .at(Place::file(&folder.dir))
                        .hint("its routes and descriptions go by it: give the `[[participant]]` another `label`, which is what readers see"),
                ]);
            }
            let trace = self.site.read(folder)?.trace;
            is_recorded |= trace.exchanges.iter().any(|exchange| {
                [&exchange.from, &exchange.to].into_iter().flatten().any(|name| &**name == old)
            });
            declaring.push(folder);
        }
        for file in &settings {
            let text = self.files.text(file).map_err(one)?;
            Layer::parse(file, &text).map_err(one)?;
            let is_shared = file.file_name().is_some_and(|name| name != "capture.toml");
            if is_shared || declaring.iter().any(|folder| file.parent() == Some(&folder.dir)) {
                self.files.edit(file, settings_text::of_participant(&text, old, new, is_recorded));
            }
        }
        for folder in &declaring {
            for source in self.sources(folder)? {
                let edits = source_text::of_names(&source, &Renaming::Participant { old, new })?;
                self.files.edit(&source.file, edits);
            }
        }
        self.follow_anchors(&declaring)
    }

    /// Whether one of `settings` has a participant of the old id, and none is called by the new one.
    fn expect_declared(
        &mut self,
        path: &str,
        old: &str,
        new: &str,
        settings: &[PathBuf],
        above: &[PathBuf],
    ) -> Result<(), Vec<Error>> {
        let one = |error| vec![error];
        let mut known: Vec<String> = Vec::new();
        for (file, is_above) in
            above.iter().map(|file| (file, true)).chain(settings.iter().map(|file| (file, false)))
        {
            let text = self.files.text(file).map_err(one)?;
            for said in all_said(&text).into_iter().filter(|said| !said.is_key) {
                let place = || Place::span(file, &text, said.span.start, said.span.end);
                match said.keys().as_slice() {
                    ["participant", "id"] if said.text == new => {
                        return Err(vec![
                            Error::new(ErrorKind::Setting, format!("there is a participant `{new}` already"))
                                .at(place())
                                .hint("take another name, or rename that one first; nothing was changed"),
                        ]);
                    }
                    ["participant", "id"] if said.text == old && is_above => {
                        let folder = file.parent().unwrap_or(Path::new("."));
                        let message =
                            format!("`{old}` is a participant of all captures in `{}`", folder.display());
                        return Err(vec![Error::new(ErrorKind::Setting, message).at(place()).hint(format!(
                            "name that folder: `docgen rename participant {} {old} {new}`",
                            folder.display()
                        ))]);
                    }
                    ["participant", "id"] if !is_above => known.push(said.text),
                    _ => {}
                }
            }
        }
        if known.iter().any(|id| id == old) {
            return Ok(());
        }
        let folder = self.root.shown(Path::new(path));
        let error = Error::new(ErrorKind::Setting, format!("no `[[participant]]` has the id `{old}` here"))
            .at(Place::file(folder));
        Err(vec![match nearest(old, known.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!(
                "where a recording calls it so, `[[participant]]`, `id = \"{new}\"` and `names = [\"{old}\"]` call it otherwise"
            )),
        }])
    }
}

/// Whether selectors, notes and diagrams can call somebody so.
fn expect_participant(name: &str) -> Result<(), Error> {
    let text = format!("{name} GET /");
    let is_read = Selector::parse(&text).is_ok_and(|read| {
        read.to == name && read.from.is_none() && read.after.is_none() && read.occurrence.is_none()
    });
    let is_plain = !name.contains(|c: char| c.is_control() || ",*#\"'\\{}".contains(c)) && name != "of";
    if is_read && is_plain {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Setting, format!("`{name}` cannot be the id of a participant"))
        .hint("letters, digits, `-`, `_`, `.`, `:` and single blanks; what readers see is its `label`"))
}
