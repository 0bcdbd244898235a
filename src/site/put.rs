//! Pages to their places, and away again.
//!
//! A page is put where it belongs only if nothing is there, or what docgen wrote itself; it goes only
//! if it is still as docgen wrote it. What this leaves out: making it.

use std::path::Path;

use super::file_state::{Digest, FileState, Stat};
use super::manifest::Manifest;
use super::shared::Site;
use super::{Options, Outcome, Report, Stale, write};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::render::templates::Content;

/// A file of a capture, ready to be put in its place.
pub(super) struct Made {
    /// Its path below the docs folder.
    pub(super) page: String,
    pub(super) content: Content,
    pub(super) digest: Digest,
}

impl Site<'_> {
    /// Puts pages where they belong in one go, if they are all in a folder that is not there yet.
    /// `false` if not; nothing is done then.
    pub(super) fn put_new_folder(&self, pages: &[Made], outcome: &mut Outcome) -> bool {
        let in_folder = |page: &'_ str| page.rsplit_once('/').map(|(folder, _)| folder.len());
        let Some(length) = pages.first().and_then(|made| in_folder(&made.page)) else { return false };
        let folder = &pages[0].page[..length];
        let is_missing = |place: &Path| {
            place.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        };
        let place = self.options.docs.join(folder);
        if self.options.check
            || !pages
                .iter()
                .all(|made| made.page.starts_with(folder) && in_folder(&made.page) == Some(length))
            || !is_missing(&place)
        {
            return false;
        }
        let files = pages.iter().map(|made| (&made.page[length + 1..], made.content.as_bytes()));
        // What is wrong with the place is told file by file.
        if self.journal.note(pages.iter().map(|made| (made.page.as_str(), made.digest))).is_err() {
            return false;
        }
        let Ok(stats) = write::new_folder(&self.options.docs, &place, files) else { return false };
        for (Made { page, digest, .. }, stat) in pages.iter().zip(stats) {
            outcome.written.push(self.options.docs.join(page));
            outcome.record.outputs.push(FileState { path: page.into(), stat, digest: *digest });
            outcome.pages.push((page.clone(), *digest));
        }
        true
    }

    /// Puts a page where it belongs, unless it is there already, or something else is.
    pub(super) fn put(&self, made: Made, outcome: &mut Outcome) {
        let Made { page, content, digest } = made;
        let docs = &self.options.docs;
        let file = docs.join(&page);
        let bytes = content.as_bytes();
        let old = match self.existing(&page, &file, bytes, digest) {
            Ok(Existing::Same) => {
                outcome.unchanged += 1;
                self.note(page, &file, digest, outcome);
                return;
            }
            Ok(Existing::Missing) => None,
            Ok(Existing::Ours(old)) => Some(old),
            Err(error) => {
                outcome.failed = true;
                outcome.errors.push(error);
                return;
            }
        };
        if self.options.check {
            outcome.stale.push(Stale { file, old, new: Some(content.into_bytes()) });
            outcome.pages.push((page, digest));
            return;
        }
        let noted = self.journal.note(std::iter::once((page.as_str(), digest)));
        match noted.and_then(|()| write::replace(docs, &file, bytes)) {
            Ok(()) => {
                outcome.written.push(file.clone());
                self.note(page, &file, digest, outcome);
            }
            Err(error) => {
                outcome.failed = true;
                outcome.errors.push(error);
            }
        }
    }

    fn note(&self, page: String, file: &Path, digest: Digest, outcome: &mut Outcome) {
        if let Some(stat) = Stat::at(file) {
            outcome.record.outputs.push(FileState { path: page.clone().into(), stat, digest });
        }
        outcome.pages.push((page, digest));
    }

    /// What is where a page should be, and whether docgen may replace it.
    fn existing(&self, page: &str, file: &Path, new: &[u8], digest: Digest) -> Result<Existing> {
        let metadata = match std::fs::symlink_metadata(file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Existing::Missing),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(not_ours(file, "a file is in the place of its folder"));
            }
            Err(error) => return Err(Error::io("read", file, error)),
        };
        if metadata.is_dir() {
            return Err(not_ours(file, "a folder is in its place"));
        }
        let old = match std::fs::read(file) {
            // What a link leads to is not docgen's to show.
            Err(_) if metadata.is_symlink() => Vec::new(),
            read => read.map_err(|error| Error::io("read", file, error))?,
        };
        if old.len() == new.len() && Digest::of(&old) == digest {
            return Ok(Existing::Same);
        }
        if metadata.is_symlink() && !self.options.force {
            return Err(not_ours(file, "a symbolic link is in its place"));
        }
        let ours = metadata.is_file() && self.manifest.wrote(page, Digest::of(&old));
        match (ours || self.options.force, self.manifest.holds(page)) {
            (true, _) => Ok(Existing::Ours(old)),
            (false, true) => Err(Error::new(
                ErrorKind::Ownership,
                format!("`{}` was edited by hand since docgen wrote it", file.display()),
            )
            .at(Place::file(file))
            .hint("move the edit to the capture's page.md; `--force` writes the page anew without it")),
            (false, false) => Err(not_ours(file, "it was not written by docgen")),
        }
    }
}

enum Existing {
    Missing,
    Same,
    Ours(Vec<u8>),
}

fn not_ours(file: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Ownership, format!("`{}` is in the way: {why}", file.display()))
        .at(Place::file(file))
        .hint("move it, or have docgen replace it with `--force`")
}

/// Removes the pages of captures that are gone, where they are still as docgen wrote them.
pub(super) fn prune(
    options: &Options,
    manifest: &mut Manifest,
    kept: &std::collections::HashSet<String>,
    report: &mut Report,
) {
    let gone: Vec<String> =
        manifest.paths().filter(|page| !kept.contains(*page)).map(str::to_owned).collect();
    for page in gone {
        let file = options.docs.join(&page);
        let is_inside =
            Path::new(&page).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let old = match std::fs::read(&file) {
            Ok(old) => old,
            Err(error) if is_gone(&error) => {
                manifest.remove(&page);
                continue;
            }
            Err(error) => {
                report.errors.push(Error::io("read", &file, error));
                report.failed += 1;
                continue;
            }
        };
        if !is_inside || !(manifest.wrote(&page, Digest::of(&old)) || options.force) {
            report.errors.push(
                Error::new(
                    ErrorKind::Ownership,
                    format!("no capture makes `{}` any more, but it was edited by hand", file.display()),
                )
                .at(Place::file(&file))
                .hint("remove it, or have docgen remove it with `--force`"),
            );
            report.failed += 1;
            continue;
        }
        if options.check {
            report.stale.push(Stale { file, old: Some(old), new: None });
            continue;
        }
        match std::fs::remove_file(&file) {
            Ok(()) => {
                report.removed += 1;
                report.files.push(file.clone());
                manifest.remove(&page);
                remove_empty_folders(&options.docs, &file);
            }
            Err(error) => report.errors.push(Error::io("remove", &file, error)),
        }
    }
}

/// Whether there is no such file any more, be it that a folder has its place.
fn is_gone(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

fn remove_empty_folders(docs: &Path, file: &Path) {
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != docs && folder.starts_with(docs)) {
        // Fails where something is left in it, which is how to tell.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
