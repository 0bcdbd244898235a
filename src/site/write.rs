//! Files that appear whole or not at all.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::file_state::Stat;
use super::manifest::FOLDER;
use crate::error::{Error, Result};

/// Puts `bytes` at `file`, below `docs`, in place of what is there: readers see the old file or
/// the new one. Folders are made as they are needed.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io); the old file is intact then.
pub(super) fn replace(docs: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    let part = part(docs);
    let written = std::fs::write(&part, bytes).or_else(|error| {
        if error.kind() != ErrorKind::NotFound {
            return Err(error);
        }
        std::fs::create_dir_all(docs.join(FOLDER))?;
        std::fs::write(&part, bytes)
    });
    written.and_then(|()| put(&part, file)).map_err(|error| {
        let _ = std::fs::remove_file(&part);
        Error::io("write", file, error)
    })
}

/// Makes `folder`, below `docs`, with these files in it, by name: readers see none of it or all.
/// Gives what `stat` says of each file. That saves most of the calls that each file would take.
///
/// # Errors
/// Those of the file system, one where the folder is there among them; nothing is left behind then.
pub(super) fn new_folder<'a>(
    docs: &Path,
    folder: &Path,
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> std::io::Result<Vec<Stat>> {
    let part = part(docs);
    std::fs::create_dir(&part)?;
    let stats = files.map(|(name, bytes)| {
        let mut file = File::create_new(part.join(name))?;
        file.write_all(bytes)?;
        Ok(Stat::of(&file.metadata()?))
    });
    let made = stats.collect::<std::io::Result<Vec<_>>>().and_then(|stats| {
        put(&part, folder)?;
        Ok(stats)
    });
    made.inspect_err(|_| {
        let _ = std::fs::remove_dir_all(&part);
    })
}

/// A path that nothing else has, in docgen's own folder: a build that is killed leaves nothing
/// among the pages.
fn part(docs: &Path) -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    docs.join(FOLDER).join(format!("tmp-{}-{count}", std::process::id()))
}

/// Moves a part to where it belongs.
fn put(part: &Path, place: &Path) -> std::io::Result<()> {
    std::fs::rename(part, place).or_else(|error| match place.parent() {
        Some(above) if error.kind() == ErrorKind::NotFound => {
            std::fs::create_dir_all(above)?;
            std::fs::rename(part, place)
        }
        _ => Err(error),
    })
}

/// Removes the parts that a killed run left behind.
pub(super) fn remove_leftovers(docs: &Path) {
    let Ok(entries) = std::fs::read_dir(docs.join(FOLDER)) else { return };
    for entry in entries.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(b"tmp-") {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let remove = if is_folder { std::fs::remove_dir_all } else { std::fs::remove_file };
            let _ = remove(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let docs = tempfile::tempdir().unwrap();
        std::fs::create_dir(docs.path().join(FOLDER)).unwrap();
        let folder = docs.path().join("a/b");
        let make = |text: &'static str| {
            new_folder(docs.path(), &folder, [("x.md", text.as_bytes()), ("y.md", b"y")].into_iter())
        };
        let stats = make("x").unwrap();
        assert_eq!(std::fs::read(folder.join("x.md")).unwrap(), b"x");
        assert_eq!(Stat::at(&folder.join("y.md")), Some(stats[1]));

        make("other").unwrap_err();
        assert_eq!(std::fs::read(folder.join("x.md")).unwrap(), b"x");
        assert_eq!(std::fs::read_dir(docs.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_run_left_goes() {
        let docs = tempfile::tempdir().unwrap();
        let left = part(docs.path());
        std::fs::create_dir_all(&left).unwrap();
        std::fs::write(left.join("x.md"), "x").unwrap();
        std::fs::write(part(docs.path()), "y").unwrap();
        remove_leftovers(docs.path());
        assert_eq!(std::fs::read_dir(docs.path().join(FOLDER)).unwrap().count(), 0);
    }
}
