//! Files of a folder that change together: who looks at the folder sees all old ones or all new
//! ones, also after docgen was killed in the middle.
//!
//! A file can be replaced at once, several cannot; a folder can, by exchanging it with another
//! (`renameat2` with `RENAME_EXCHANGE`, Linux 3.15; `renamex_np` on macOS). So:
//!
//! 1. beside the folder, a double of it is made: the new files, and hard links to all others;
//! 2. the two are exchanged. This is the moment in which the files change;
//! 3. the folder itself, out of sight now, gets the new files too, and is exchanged back, so that a
//!    shell or an editor that stands in it stays where it was;
//! 4. the double is removed. What somebody else put into it meanwhile is kept.
//!
//! Wherever this is cut off, the folder is whole. A double that is left over is called
//! `.NAME.docgen-new`; nothing reads it, and the next change of the folder removes it. Two processes
//! that change one folder do so one after the other.
//!
//! What it leaves out: file systems that know no exchange or no hard links, and a folder whose parent
//! takes no files. There the files are replaced one by one, each of them whole.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, CWD, RenameFlags, access, renameat_with};
use walkdir::WalkDir;

/// A file by its name: its new content, or `None` where it is to be no more.
pub(crate) type Change<'c> = (&'c str, Option<&'c str>);

/// Makes these changes in `folder`, all or none. A folder that is not there is made.
///
/// # Errors
/// Those of the file system. The folder is as it was then, save where it takes files one by one.
pub(crate) fn change(folder: &Path, changes: &[Change<'_>]) -> io::Result<()> {
    change_with(folder, changes, &mut || {})
}

/// Whether [`change`] could write into `folder`, as far as that can be told without trying.
///
/// # Errors
/// What would be in its way, with the path that it is about.
pub(crate) fn is_writable(folder: &Path) -> Result<(), (PathBuf, io::Error)> {
    // A dangling link is there, and is no folder.
    let there = folder.ancestors().map(or_here).find(|above| above.symlink_metadata().is_ok());
    let there = there.unwrap_or(Path::new("."));
    let fails = |error: io::Error| (there.to_owned(), error);
    if !fs::metadata(there).map_err(fails)?.is_dir() {
        return Err(fails(ErrorKind::NotADirectory.into()));
    }
    access(there, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| fails(error.into()))
}

/// Removes what a killed [`change`] of `folder` left behind.
pub(crate) fn remove_leftovers(folder: &Path) {
    if let Ok(Some(place)) = Locked::at(folder) {
        // What cannot be removed now is tried again with the next change.
        let _ = remove(&place.double);
        let _ = remove(&place.folder.join(PARTS));
    }
}

/// Where the files are that replace others one by one, in the folder itself.
const PARTS: &str = ".docgen-new";

/// `at` is called between any two changes of the file system: the tests kill there.
fn change_with(folder: &Path, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    if let Some(above) = folder.parent() {
        fs::create_dir_all(or_here(above))?;
        at();
    }
    let Some(place) = Locked::at(folder)? else { return one_by_one(folder, changes, at) };
    remove(&place.double)?;
    at();
    let changed = if place.folder.exists() {
        exchange_both(&place, changes, at)
    } else {
        make(&place, changes, at).map_err(Failed::Io)
    };
    match changed {
        Ok(()) => Ok(()),
        Err(Failed::NotPossible) => {
            remove(&place.double)?;
            one_by_one(&place.folder, changes, at)
        }
        Err(Failed::Io(error)) => {
            // The error that is worth telling is the first.
            let _ = remove(&place.double);
            Err(error)
        }
    }
}

/// Makes a folder that is not there.
fn make(place: &Locked, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    fs::create_dir(&place.double)?;
    at();
    write(&place.double, &place.folder, changes, at)?;
    fs::rename(&place.double, &place.folder)
}

enum Failed {
    /// This folder, or its file system, cannot be changed in this way.
    NotPossible,
    Io(io::Error),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Failed {
        Failed::Io(error)
    }
}

fn exchange_both(place: &Locked, changes: &[Change<'_>], at: &mut dyn FnMut()) -> Result<(), Failed> {
    let (folder, double) = (&*place.folder, &*place.double);
    let exchange = || renameat_with(CWD, folder, CWD, double, RenameFlags::EXCHANGE).map_err(io::Error::from);
    let no_way =
        |error: io::Error| if not_possible(&error) { Failed::NotPossible } else { Failed::Io(error) };
    fs::create_dir(double).map_err(no_way)?;
    fs::set_permissions(double, fs::metadata(folder)?.permissions())?;
    at();
    write(double, folder, changes, at)?;
    let is_changed = |path: &Path| changes.iter().any(|(name, _)| path == Path::new(name));
    link_others(folder, double, &is_changed, at).map_err(no_way)?;
    let ours = inodes(double);

    exchange().map_err(no_way)?;
    // From here on, nothing can fail the change: the folder has the new files.
    at();
    let hidden = double;
    for (name, content) in changes {
        let old = hidden.join(name);
        let mut is_done = remove(&old).is_ok();
        at();
        if content.is_some() {
            is_done = is_done && fs::hard_link(folder.join(name), &old).is_ok();
            at();
        }
        if !is_done {
            // The double stays in sight; it has all that the folder had.
            return Ok(());
        }
    }
    if exchange().is_ok() {
        at();
        keep_foreign(double, folder, &ours);
        let _ = remove(double);
    }
    Ok(())
}

/// Writes the new files into a folder that nobody sees, with the permissions of the `old` ones.
fn write(folder: &Path, old: &Path, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    for (name, content) in changes {
        if let Some(content) = content {
            let mut file = File::create_new(folder.join(name))?;
            at();
            if let Ok(metadata) = fs::metadata(old.join(name)) {
                file.set_permissions(metadata.permissions())?;
            }
            file.write_all(content.as_bytes())?;
            file.sync_all()?;
            at();
        }
    }
    Ok(())
}

/// Links all that is in `from`, save what `is_left_out`, by its path below it, into `to`.
fn link_others(
    from: &Path,
    to: &Path,
    is_left_out: &dyn Fn(&Path) -> bool,
    at: &mut dyn FnMut(),
) -> io::Result<()> {
    for entry in WalkDir::new(from).min_depth(1) {
        let entry = entry.map_err(io::Error::from)?;
        let below = entry.path().strip_prefix(from).unwrap_or(entry.path());
        if is_left_out(below) {
            continue;
        }
        let link = to.join(below);
        if entry.file_type().is_dir() {
            fs::create_dir(&link)?;
            fs::set_permissions(&link, entry.metadata().map_err(io::Error::from)?.permissions())?;
        } else {
            fs::hard_link(entry.path(), &link)?;
        }
        at();
    }
    Ok(())
}

/// Moves what is not ours, and so came while the double was in sight, to where it was meant to go.
fn keep_foreign(from: &Path, to: &Path, ours: &HashSet<u64>) {
    for entry in WalkDir::new(from).min_depth(1).into_iter().flatten() {
        let is_ours = entry.metadata().is_ok_and(|metadata| ours.contains(&metadata.ino()));
        if let Ok(below) = entry.path().strip_prefix(from)
            && !is_ours
        {
            let _ = fs::rename(entry.path(), to.join(below));
        }
    }
}

fn inodes(folder: &Path) -> HashSet<u64> {
    let entries = WalkDir::new(folder).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.metadata().ok()?.ino())).collect()
}

/// Replaces the files one by one, where there is no better way; all are written before the first goes.
fn one_by_one(folder: &Path, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    let parts = folder.join(PARTS);
    remove(&parts)?;
    fs::create_dir(&parts)?;
    let written = write(&parts, folder, changes, at);
    let moved = written.and_then(|()| {
        for (name, content) in changes {
            match content {
                Some(_) => fs::rename(parts.join(name), folder.join(name))?,
                None => remove(&folder.join(name))?,
            }
            at();
        }
        Ok(())
    });
    let _ = remove(&parts);
    moved
}

/// Whether the file system, or the folder's place in it, is the reason.
fn not_possible(error: &io::Error) -> bool {
    use rustix::io::Errno;
    const REASONS: [Errno; 10] = [
        Errno::INVAL,
        Errno::NOSYS,
        Errno::OPNOTSUPP,
        Errno::PERM,
        Errno::ACCESS,
        Errno::MLINK,
        Errno::XDEV,
        Errno::BUSY,
        Errno::ROFS,
        Errno::NAMETOOLONG,
    ];
    Errno::from_io_error(error).is_some_and(|error| REASONS.contains(&error))
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// The empty path means the current folder.
fn or_here(path: &Path) -> &Path {
    if path == Path::new("") { Path::new(".") } else { path }
}

/// The right to change a folder, until it is dropped.
struct Locked {
    /// The folder's path without links and dots; there may be nothing yet.
    folder: PathBuf,
    /// Where its double is made.
    double: PathBuf,
    _above: File,
}

impl Locked {
    /// Waits until nobody else changes it. `None` for a folder that is in no other.
    fn at(folder: &Path) -> io::Result<Option<Locked>> {
        let folder = match folder.canonicalize() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let above = or_here(folder.parent().unwrap_or(Path::new(""))).canonicalize()?;
                above.join(folder.file_name().unwrap_or_default())
            }
            known => known?,
        };
        let (Some(above), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(None) };
        let mut hidden = OsString::from(".");
        hidden.push(name);
        hidden.push(".docgen-new");
        let double = above.join(hidden);
        loop {
            let held = File::open(above)?;
            // Where there are no locks, two at a time are the user's own risk.
            let _ = held.lock();
            // Whoever held it before may have put another folder here.
            if held.metadata()?.ino() == fs::metadata(above)?.ino() {
                return Ok(Some(Locked { double, folder: folder.clone(), _above: held }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    const OLD: [Change<'_>; 3] =
        [("trace.har", Some("old")), ("output.txt", Some("o")), ("trace.log", Some("l"))];
    const NEW: [Change<'_>; 3] = [("trace.har", Some("new")), ("output.txt", Some("n")), ("trace.log", None)];

    type Files = BTreeMap<String, String>;

    fn files(folder: &Path) -> Files {
        let files =
            WalkDir::new(folder).into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
        let named = |path: &Path| path.strip_prefix(folder).unwrap().display().to_string();
        files.map(|entry| (named(entry.path()), fs::read_to_string(entry.path()).unwrap())).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Files as `capture` finds them: those that it writes, and a person's own, also in folders.
    fn old_folder(root: &Path) -> PathBuf {
        let folder = root.join("a/show");
        change(&folder, &OLD).unwrap();
        fs::write(folder.join("page.md"), "prose").unwrap();
        fs::create_dir_all(folder.join("deep/er")).unwrap();
        fs::write(folder.join("deep/er/trace.har"), "another").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();
        folder
    }

    /// How many places there are to be killed at.
    fn places(changed: impl Fn(&Path, &mut dyn FnMut())) -> usize {
        let root = tempfile::tempdir().unwrap();
        let mut count = 0;
        changed(root.path(), &mut || count += 1);
        count
    }

    fn killed(at_place: usize, change: impl FnOnce(&mut dyn FnMut())) {
        let mut place = 0;
        let killed = catch_unwind(AssertUnwindSafe(|| {
            change(&mut || {
                place += 1;
                // Nothing of the code catches it, or cleans up on its way: as good as a SIGKILL.
                if place == at_place {
                    std::panic::resume_unwind(Box::new(()));
                }
            });
        }));
        assert!(killed.is_err());
    }

    #[test]
    fn killed_anywhere_it_is_all_old_or_all_new() {
        let count = places(|root, at| change_with(&old_folder(root), &NEW, at).unwrap());
        assert!(count > 10);
        let mut seen = [0, 0];
        for place in 1..=count {
            let root = tempfile::tempdir().unwrap();
            let folder = old_folder(root.path());
            let old = files(&folder);
            let mut new = old.clone();
            new.extend([
                ("trace.har".to_owned(), "new".to_owned()),
                ("output.txt".to_owned(), "n".to_owned()),
            ]);
            new.remove("trace.log");

            killed(place, |at| change_with(&folder, &NEW, at).unwrap());
            let is = files(&folder);
            assert!(is == old || is == new, "killed at {place}: {is:?}");
            assert!(folder.join("link").is_symlink());
            seen[usize::from(is == new)] += 1;

            change(&folder, &NEW).unwrap();
            assert_eq!(files(&folder), new);
            assert_eq!(names(&root.path().join("a")), ["show"], "left behind when killed at {place}");
        }
        assert!(seen[0] > 3 && seen[1] > 3, "{seen:?}");
    }

    #[test]
    fn killed_anywhere_a_new_folder_is_there_or_not() {
        let count = places(|root, at| change_with(&root.join("a/b/show"), &NEW, at).unwrap());
        for place in 1..=count {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join("a/b/show");
            killed(place, |at| change_with(&folder, &NEW, at).unwrap());
            assert!(!folder.exists());
            change(&folder, &NEW).unwrap();
            assert_eq!(names(&folder), ["output.txt", "trace.har"]);
            assert_eq!(names(&root.path().join("a/b")), ["show"]);
        }
    }

    #[test]
    fn leftovers_go() {
        let root = tempfile::tempdir().unwrap();
        let folder = old_folder(root.path());
        killed(4, |at| change_with(&folder, &NEW, at).unwrap());
        fs::create_dir(folder.join(PARTS)).unwrap();
        assert_eq!(names(&root.path().join("a")).len(), 2);
        remove_leftovers(&folder);
        assert_eq!((names(&root.path().join("a")).len(), folder.join(PARTS).exists()), (1, false));
        remove_leftovers(&root.path().join("not/there"));
    }

    #[test]
    fn the_folder_stays_the_same_one() {
        let root = tempfile::tempdir().unwrap();
        let folder = old_folder(root.path());
        let inode = |path: &Path| fs::metadata(path).unwrap().ino();
        let before = (inode(&folder), inode(&folder.join("page.md")));
        fs::set_permissions(folder.join("trace.har"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        change(&folder, &NEW).unwrap();
        assert_eq!(before, (inode(&folder), inode(&folder.join("page.md"))));
        assert_eq!(fs::metadata(folder.join("trace.har")).unwrap().mode() & 0o777, 0o600);
        // By a link, and from within.
        std::os::unix::fs::symlink(&folder, root.path().join("by-link")).unwrap();
        change(&root.path().join("by-link"), &OLD).unwrap();
        assert_eq!((inode(&folder), files(&folder)["trace.har"].as_str()), (before.0, "old"));
        assert!(root.path().join("by-link").is_symlink());
    }

    #[test]
    fn what_somebody_saves_meanwhile_is_kept() {
        let count = places(|root, at| change_with(&old_folder(root), &NEW, at).unwrap());
        for place in 1..=count {
            let root = tempfile::tempdir().unwrap();
            let folder = old_folder(root.path());
            let mut now = 0;
            // As an editor does: a new file, moved over the old one.
            let mut save = || {
                now += 1;
                if now == place {
                    fs::write(root.path().join("new"), "more prose").unwrap();
                    fs::rename(root.path().join("new"), folder.join("page.md")).unwrap();
                }
            };
            change_with(&folder, &NEW, &mut save).unwrap();
            assert_eq!(files(&folder)["page.md"], "more prose", "saved at {place}");
            assert_eq!(files(&folder)["trace.har"], "new", "saved at {place}");
        }
    }

    #[test]
    fn one_by_one_does_the_same() {
        let root = tempfile::tempdir().unwrap();
        let folder = old_folder(root.path());
        one_by_one(&folder, &NEW, &mut || {}).unwrap();
        assert_eq!(names(&folder), ["deep", "link", "output.txt", "page.md", "trace.har"]);
        let before = files(&folder);
        let bad = [("trace.har", Some("x")), ("no/such/folder", Some("y"))];
        assert!(one_by_one(&folder, &bad, &mut || {}).is_err());
        assert!(change(&folder, &bad).is_err());
        assert_eq!(files(&folder), before);
        assert_eq!(names(&root.path().join("a")), ["show"]);
    }

    #[test]
    fn a_folder_that_takes_nothing_is_known_before() {
        let root = tempfile::tempdir().unwrap();
        is_writable(&root.path().join("a/b/c")).unwrap();
        is_writable(Path::new("not-there")).unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let (path, error) = is_writable(&root.path().join("file/b")).unwrap_err();
        assert_eq!((path, error.kind()), (root.path().join("file"), ErrorKind::NotADirectory));
        assert!(is_writable(Path::new("/proc/1/x")).is_err());
    }
}
