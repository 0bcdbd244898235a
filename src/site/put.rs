//! Pages to their places, and away again.
//!
//! A page is put where it belongs only if nothing is there, or what docgen wrote itself; it goes only
//! if it is still as docgen wrote it. What this leaves out: making it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags};

use super::docs::Docs;
use super::file_state::{Digest, FileState, Stat};
use super::folders::Captures;
use super::manifest::Manifest;
use super::page_path::PagePath;
use super::shared::Site;
use super::{Options, Outcome, Report, Stale};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::own_folder::OWN;
use crate::files::{LARGEST_TRACE, or_here};
use crate::render::templates::Content;

/// A file of a capture, ready to be put in its place.
pub(super) struct RenderedFile {
    pub(super) page: PagePath,
    pub(super) content: Content,
    pub(super) digest: Digest,
}

impl Site<'_> {
    /// Puts pages where they belong in one go, if they are all in a folder that is not there yet.
    /// `false` if not; nothing is done then.
    pub(super) fn put_new_folder(&self, docs: &Docs, pages: &[RenderedFile], outcome: &mut Outcome) -> bool {
        let Some((folder, _)) = pages.first().map(|made| made.page.split()) else { return false };
        let is_one = !folder.is_empty() && pages.iter().all(|made| made.page.split().0 == folder);
        if !is_one || !docs.is_missing(folder) {
            return false;
        }
        let files = pages.iter().map(|made| (made.page.split().1, made.content.as_str().as_bytes()));
        // What is wrong with the place is told file by file.
        if self.journal.note(docs, pages.iter().map(|made| (&made.page, made.digest))).is_err() {
            return false;
        }
        let Ok(stats) = docs.put_folder(folder, files) else { return false };
        for (RenderedFile { page, digest, .. }, stat) in pages.iter().zip(stats) {
            outcome.written.push(docs.shown(page));
            outcome.record.outputs.push(FileState { path: page.as_path().into(), stat, digest: *digest });
            outcome.pages.push((page.clone(), *digest));
        }
        true
    }

    /// Puts a page where it belongs, unless it is there already, or something else is.
    pub(super) fn put(&self, docs: &Docs, made: RenderedFile, outcome: &mut Outcome) {
        let RenderedFile { page, content, digest } = made;
        let bytes = content.as_str().as_bytes();
        let existing = self.existing(docs, &page, bytes);
        let written = existing.and_then(|existing| match existing {
            Existing::Same(stat) => {
                if !self.manifest.holds(&page) {
                    outcome.adopted.push(page.clone());
                }
                outcome.unchanged += 1;
                Ok(Some(stat))
            }
            _ if self.options.check => {
                let old = match existing {
                    Existing::Ours(old) => Some(old),
                    _ => None,
                };
                outcome.stale.push(Stale { file: docs.shown(&page), old, new: Some(bytes.to_vec()) });
                Ok(None)
            }
            _ => {
                self.journal.note(docs, std::iter::once((&page, digest))).map_err(|error| {
                    if let Some(error) = closed_folder(docs, &page, Access::WRITE_OK) {
                        return error;
                    }
                    let message =
                        format!("cannot write {}: {}", docs.shown(&page).display(), error.message());
                    Error::new(ErrorKind::Io, message).with_source(error)
                })?;
                docs.put(&page, bytes)
                    .map_err(|error| closed_folder(docs, &page, Access::WRITE_OK).unwrap_or(error))?;
                outcome.written.push(docs.shown(&page));
                Ok(docs.look(&page).ok().flatten().map(|metadata| Stat::of(&metadata)))
            }
        });
        match written {
            Ok(stat) => {
                outcome.record.outputs.extend(stat.map(|stat| FileState {
                    path: page.as_path().into(),
                    stat,
                    digest,
                }));
                outcome.pages.push((page, digest));
            }
            Err(error) => {
                outcome.failed = true;
                outcome.errors.push(error);
            }
        }
    }

    /// What is where a page should be, and whether docgen may replace it.
    fn existing(&self, docs: &Docs, page: &PagePath, new: &[u8]) -> Result<Existing> {
        let file = docs.shown(page);
        let metadata = match docs.look(page) {
            Ok(Some(metadata)) => metadata,
            Ok(None) => return Ok(Existing::Missing),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                // One cause, whatever pages belong there.
                let folders = page.as_path().ancestors().skip(1).map(|folder| docs.root().shown(folder));
                let is_in_the_way =
                    |folder: &PathBuf| docs.root().is_there(folder) && !docs.root().is_dir(folder);
                let at = folders.take_while(|folder| folder != docs.root().path()).find(is_in_the_way);
                let why = "it is no folder, and pages belong in one of this name";
                return Err(in_the_way(&at.unwrap_or(file), why).hint("move it"));
            }
            Err(error) => {
                let closed = closed_folder(docs, page, Access::EXEC_OK);
                return Err(closed.unwrap_or_else(|| docs.root().error("read", &file, error)));
            }
        };
        if metadata.is_dir() {
            return Err(in_the_way(&file, "a folder is in its place").hint("move it"));
        }
        let may_be_ours = self.manifest.holds(page) && metadata.len() <= LARGEST_TRACE;
        // What is no file, and what could be no page of docgen's, is not read.
        if metadata.is_file() && (may_be_ours || metadata.len() == new.len() as u64) {
            let old = docs.read(page)?;
            // Bytes, and not digests: those are no proof against whoever made both.
            if old == new {
                return Ok(Existing::Same(Stat::of(&metadata)));
            }
            if self.manifest.wrote(page, Digest::of(&old)) || self.options.force {
                return Ok(Existing::Ours(old));
            }
        } else if self.options.force {
            return Ok(Existing::Replaced);
        }
        Err(match (metadata.is_file(), self.manifest.holds(page)) {
            (true, true) => Error::new(
                ErrorKind::Ownership,
                format!("`{}` was edited by hand since docgen wrote it", file.display()),
            )
            .at(Place::file(file))
            .hint("move the edit to the capture's page.md; `--force` writes the page anew without it"),
            (is_file, _) => {
                let why = match (is_file, metadata.is_symlink()) {
                    (true, _) => "it was not written by docgen",
                    (_, true) => "a symbolic link is in its place",
                    _ => "something else than a file is in its place",
                };
                in_the_way(&file, why).hint("move it, or have docgen replace it with `--force`")
            }
        })
    }
}

enum Existing {
    Missing,
    Same(Stat),
    Ours(Vec<u8>),
    /// Something that nobody needs to look at.
    Replaced,
}

/// The error about the folder that keeps docgen from a page, if one does: one cause for all pages in it. From
/// the docs folder on down, the first that cannot be entered; of those that are there, the last where nothing
/// can be written.
fn closed_folder(docs: &Docs, page: &PagePath, needed: Access) -> Option<Error> {
    let root = docs.root();
    let is_open =
        |folder: &Path, needed| rustix::fs::accessat(root.dir(), or_here(folder), needed, AtFlags::empty());
    // What docgen notes for itself comes first.
    let own = if root.is_dir(&root.shown(Path::new(OWN))) { OWN } else { "" };
    let folders: Vec<&Path> = page.as_path().ancestors().skip(1).collect();
    let there = || folders.iter().rev().copied().take_while(|folder| root.is_dir(&root.shown(folder)));
    let entered = there().find_map(|folder| Some((folder, is_open(folder, Access::EXEC_OK).err()?)));
    let written = || {
        let places = [Path::new(own)].into_iter().chain(there().last());
        let mut places = places;
        places.find_map(|folder| Some((folder, is_open(folder, Access::WRITE_OK).err()?)))
    };
    let (folder, why) = entered.or_else(|| needed.contains(Access::WRITE_OK).then(written).flatten())?;
    let folder = root.shown(folder);
    let action = if needed.contains(Access::WRITE_OK) { "write to" } else { "read" };
    let error = Error::io(action, or_here(&folder), why.into()).at(Place::file(or_here(&folder)));
    Some(error.hint("mend the folder's permissions, or name another folder for the pages"))
}

fn in_the_way(file: &std::path::Path, why: &str) -> Error {
    Error::new(ErrorKind::Ownership, format!("`{}` is in the way: {why}", file.display()))
        .at(Place::file(file))
}

/// The pages of the manifest that no capture makes any more, as far as that can be told before any is made:
/// those of a capture that is left out because something is wrong with it, or of one that was not looked
/// at, are kept.
///
/// # Errors
/// [`ErrorKind::Ownership`] where more than half of the pages would go, which is rather a wrong folder.
pub(super) fn expect_few_to_go(
    options: &Options,
    docs: Option<&Docs>,
    manifest: &Manifest,
    captures: &Captures,
) -> Result<()> {
    let known: HashSet<&str> = captures.all().map(|folder| folder.path.as_str()).collect();
    let is_there = |page: &PagePath| {
        docs.and_then(|docs| docs.look(page).ok().flatten()).is_some_and(|metadata| metadata.is_file())
    };
    let goes = |page: &&PagePath| {
        !page.captures().any(|capture| known.contains(capture))
            && !captures.keeps(page)
            && !manifest.is_adopted(page)
            && is_there(page)
    };
    let gone = manifest.paths().filter(goes).count();
    if options.prune || gone * 2 <= manifest.len() {
        return Ok(());
    }
    let (docs, captures) = (options.docs.display(), options.captures.display());
    let (which, are) = match (gone, manifest.len()) {
        (1, 1) => (format!("the only page below `{docs}`"), "is"),
        (gone, all) => (format!("{gone} of the {all} pages below `{docs}`"), "are"),
    };
    Err(Error::new(
        ErrorKind::Ownership,
        format!("{which} {are} of no capture below `{captures}`, and would be removed"),
    )
    .hint("nothing was written; name the folder of all captures, or have the pages removed with `--prune`"))
}

/// Removes the pages of captures that are gone, where they are still as docgen wrote them.
pub(super) fn prune(
    options: &Options,
    docs: &Docs,
    manifest: &mut Manifest,
    is_kept: &dyn Fn(&PagePath) -> bool,
    report: &mut Report,
) {
    let gone: Vec<PagePath> = manifest.paths().filter(|page| !is_kept(page)).cloned().collect();
    for page in gone {
        let file = docs.shown(&page);
        let metadata = match docs.look(&page) {
            Ok(Some(metadata)) if !metadata.is_dir() => metadata,
            Err(error) if error.kind() != std::io::ErrorKind::NotADirectory => {
                report.fail(docs.root().error("read", &file, error));
                continue;
            }
            _ => {
                manifest.remove(&page);
                continue;
            }
        };
        if manifest.is_adopted(&page) {
            manifest.remove(&page);
            let message = format!("no capture makes `{}` any more", file.display());
            report.errors.push(
                Error::warning(ErrorKind::Ownership, message).at(Place::file(file)).hint(
                    "it stays, since it was there before docgen made it; from now on it is yours alone",
                ),
            );
            continue;
        }
        let old = if metadata.is_file() { docs.read(&page) } else { Ok(Vec::new()) };
        let old = match old {
            Ok(old) => old,
            Err(error) => {
                report.fail(error);
                continue;
            }
        };
        let is_ours = metadata.is_file() && manifest.wrote(&page, Digest::of(&old));
        if !is_ours && !options.force {
            let message =
                format!("no capture makes `{}` any more, but it was edited by hand", file.display());
            report.fail(
                Error::new(ErrorKind::Ownership, message)
                    .at(Place::file(file))
                    .hint("remove it, or have docgen remove it with `--force`"),
            );
            continue;
        }
        if options.check {
            report.stale.push(Stale { file, old: Some(old), new: None });
            continue;
        }
        match docs.remove(&page) {
            Ok(()) => {
                report.removed.push(file);
                manifest.remove(&page);
            }
            Err(error) => report.fail(docs.root().error("remove", &file, error)),
        }
    }
}
