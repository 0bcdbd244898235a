//! Files of which some bytes are to change: read once, changed together or not at all.
//!
//! A folder's files change at once. Where one folder cannot be changed, those before it get their old files
//! back, so that an error leaves nothing half done; only a docgen that is killed between two folders does, and
//! each folder is whole then, too. What this leaves out: which bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Changed, Moved};
use crate::edit::{Edit, edited};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::Root;
use crate::files::folder::{self, Change};

/// Files below a folder, and what changes in them.
pub(super) struct Files<'r> {
    root: &'r Root,
    files: BTreeMap<PathBuf, File>,
}

struct File {
    text: String,
    edits: Vec<Edit>,
}

impl<'r> Files<'r> {
    pub(super) fn new(root: &'r Root) -> Files<'r> {
        Files { root, files: BTreeMap::new() }
    }

    /// What a file is on the disk.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read or is not UTF-8.
    pub(super) fn text(&mut self, file: &Path) -> Result<String> {
        if let Some(known) = self.files.get(file) {
            return Ok(known.text.clone());
        }
        let text = self.root.read_text(file)?;
        self.files.insert(file.to_owned(), File { text: text.clone(), edits: Vec::new() });
        Ok(text)
    }

    /// Adds edits of a file that was read.
    pub(super) fn edit(&mut self, file: &Path, edits: impl IntoIterator<Item = Edit>) {
        if let Some(known) = self.files.get_mut(file) {
            known.edits.extend(edits);
        }
    }

    /// What a file is to be.
    ///
    /// # Errors
    /// Those of [`Files::text`].
    pub(super) fn new_text(&mut self, file: &Path) -> Result<String> {
        let text = self.text(file)?;
        Ok(self.files.get(file).map_or(text, |known| edited(&known.text, &known.edits)))
    }

    /// The files that are to change, in the order of their paths.
    pub(super) fn changed(self) -> Vec<Changed> {
        let changed = self.files.into_iter().filter_map(|(file, File { text, edits })| {
            let new = edited(&text, &edits);
            (new != text).then_some(Changed { file, old: text, new })
        });
        changed.collect()
    }
}

/// What keeps files from being changed.
pub(super) fn obstacles(root: &Root, changed: &[Changed]) -> Vec<Error> {
    changed.iter().filter_map(|changed| obstacle(root, &changed.file)).collect()
}

fn obstacle(root: &Root, file: &Path) -> Option<Error> {
    let below = root.below(file)?;
    let fails = |message: String, hint: &str| {
        Some(Error::new(ErrorKind::Io, message).at(Place::file(file)).hint(hint))
    };
    let there = root.dir().symlink_metadata(&below).ok()?;
    if there.is_symlink() {
        return fails(
            format!("`{}` is a symbolic link, and would become a file of its own", file.display()),
            "rename in the file that it leads to, and put the file in its place meanwhile",
        );
    }
    if there.permissions().readonly() {
        return fails(
            format!("`{}` may not be written to", file.display()),
            "allow it (`chmod u+w`), and run docgen again; nothing was changed",
        );
    }
    folder::expect_writable(root.path(), file.parent()?).err()
}

/// Changes files, all or none.
///
/// # Errors
/// [`ErrorKind::Io`]; the files are as they were then, save those that the error names.
pub(super) fn change(root: &Root, changed: &[Changed]) -> Result<()> {
    let by_folder: Vec<&[Changed]> = changed.chunk_by(|a, b| a.file.parent() == b.file.parent()).collect();
    for (done, of_folder) in by_folder.iter().enumerate() {
        if let Err(error) = put(root, of_folder, |changed| &changed.new) {
            let back = by_folder[..done].iter();
            let lost: Vec<String> = back
                .filter(|of_folder| put(root, of_folder, |changed| &changed.old).is_err())
                .flat_map(|of_folder| of_folder.iter().map(|changed| changed.file.display().to_string()))
                .collect();
            return Err(match lost.as_slice() {
                [] => error.hint("nothing was changed"),
                lost => error.hint(format!("these have the new name already: {}", lost.join(", "))),
            });
        }
    }
    Ok(())
}

/// Gives a folder another place. Folders above the new one are made, and those above the old one go where nothing
/// is left in them.
///
/// # Errors
/// [`ErrorKind::Io`]; the folder is where it was then.
pub(super) fn put_folder(root: &Root, moved: &Moved) -> Result<()> {
    let (Some(from), Some(to)) = (root.below(&moved.from), root.below(&moved.to)) else {
        return Err(root.outside(&moved.to));
    };
    let above = to.parent().unwrap_or(Path::new(""));
    let put = || {
        root.dir().create_dir_all(crate::files::or_here(above))?;
        root.dir().rename(&from, root.dir(), &to)
    };
    put().map_err(|error| root.error("move", &moved.from, error))?;
    let emptied = from.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    // The first that holds anything stays, and so do those above it.
    let _ = emptied.map(|folder| root.dir().remove_dir(folder)).find(std::io::Result::is_err);
    Ok(())
}

/// Gives files of one folder one of their texts.
fn put<'c>(root: &Root, of_folder: &'c [Changed], text: impl Fn(&'c Changed) -> &'c String) -> Result<()> {
    let Some(folder) = of_folder.first().and_then(|changed| changed.file.parent()) else { return Ok(()) };
    let name = |changed: &'c Changed| changed.file.file_name().and_then(|name| name.to_str());
    let changes: Vec<Change<'_>> =
        of_folder.iter().filter_map(|changed| Some((name(changed)?, Some(&**text(changed))))).collect();
    folder::change(root, folder, &changes)
}
