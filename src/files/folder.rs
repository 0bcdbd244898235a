//! Files of a folder that change together: who looks at the folder sees all old ones or all new
//! ones, also after docgen was killed in the middle.
//!
//! A file can be replaced at once, several cannot; a folder can, by exchanging it with another
//! (`renameat2` with `RENAME_EXCHANGE`, Linux 3.15; `renamex_np` on macOS). So:
//!
//! 1. beside the folder, a double of it is made: the new files, and hard links to all others;
//! 2. the two are exchanged. This is the moment in which the files change;
//! 3. the folder itself, out of sight now, gets the new files too, and is exchanged back, so that a
//!    shell or an editor that is in it stays where it was;
//! 4. the double is removed. What somebody else put into it meanwhile is kept.
//!
//! Wherever this is cut off, the folder is whole. A double that is left over is called
//! `.NAME.docgen-new`; nothing reads it, and the next change of the folder removes it. Two processes
//! that change one folder do so one after the other.
//!
//! All of it is done with the folders held open, so that no link is followed on the way.
//!
//! What it leaves out: file systems that know no exchange or no hard links, and a folder whose parent
//! takes no files. There the files are replaced one by one, each of them whole.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt as _};
use rustix::fs::{
    Access, AtFlags, Mode, OFlags, RawMode, RenameFlags, accessat, fchmod, openat, renameat_with,
};

use super::whole::write_new;
use super::{Root, or_here};
use crate::error::{Error, Result};

/// A file by its name: its new content, or `None` where it is to be no more.
pub(crate) type Change<'c> = (&'c str, Option<&'c str>);

/// Makes these changes in `folder`, below `root`, all or none. A folder that is not there is made.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io). The folder is as it was then, save where it takes files one by one.
pub(crate) fn change(root: &Root, folder: &Path, changes: &[Change<'_>]) -> Result<()> {
    change_with(root, folder, changes, &mut || {}).map_err(|error| root.error("write", folder, error))
}

/// Whether [`change`] could write into `folder`, as far as that can be told without trying. The root itself
/// need not be there yet.
///
/// # Errors
/// [`Io`](crate::ErrorKind::Io), about what would be in its way.
pub(crate) fn expect_writable(root: &Path, folder: &Path) -> Result<()> {
    let fails = |path: &Path, error: io::Error| Error::io("write to", path, error);
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    let Some(there) = root.ancestors().map(or_here).find(is_there).filter(|there| *there == or_here(root))
    else {
        let above = root.ancestors().map(or_here).find(is_there).unwrap_or(Path::new("."));
        return is_writable(&Dir::open_ambient_dir(above, ambient_authority()).map_err(|e| fails(above, e))?)
            .map_err(|error| fails(above, error));
    };
    let root = Root::open(there).map_err(|error| fails(there, error))?;
    // A link that leads nowhere is there, and is no folder.
    let is_below = |path: &&Path| root.below(path).is_some();
    for path in folder.ancestors().take_while(is_below) {
        let below = root.below(path).unwrap_or_default();
        match root.dir().symlink_metadata(or_here(&below)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::NotADirectory => {}
            Err(error) => return Err(root.error("write to", path, error)),
            Ok(_) => {
                let dir = root.dir().open_dir(or_here(&below));
                let writable = dir.and_then(|dir| is_writable(&dir));
                return writable.map_err(|error| root.error("write to", path, error));
            }
        }
    }
    Ok(())
}

fn is_writable(folder: &Dir) -> io::Result<()> {
    accessat(folder, ".", Access::WRITE_OK | Access::EXEC_OK, AtFlags::empty()).map_err(io::Error::from)
}

/// Removes what a killed [`change`] of `folder` left behind.
pub(crate) fn remove_leftovers(root: &Root, folder: &Path) {
    if let Ok(Some(place)) = Locked::at(root, folder) {
        // What cannot be removed now is tried again with the next change.
        let _ = remove(&place.above, &place.double);
        if let Ok(folder) = place.above.open_dir(&place.name) {
            let _ = remove(&folder, PARTS.as_ref());
        }
    }
}

/// Where the files are that replace others one by one, in the folder itself.
const PARTS: &str = ".docgen-new";

/// `at` is called between any two changes of the file system: the tests kill there.
fn change_with(root: &Root, folder: &Path, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    if let Some(above) = root.below(folder).as_deref().and_then(Path::parent) {
        root.dir().create_dir_all(or_here(above))?;
    }
    let Some(place) = Locked::at(root, folder)? else {
        return one_by_one(root.dir(), changes, at);
    };
    remove(&place.above, &place.double)?;
    let changed = match place.above.open_dir(&place.name) {
        Ok(folder) => {
            remove(&folder, PARTS.as_ref())?;
            exchange_both(&place, &folder, changes, at)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(&place, changes, at).map_err(Failed::Io),
        Err(error) => Err(Failed::Io(error)),
    };
    match changed {
        Ok(()) => Ok(()),
        Err(Failed::NotPossible) => {
            remove(&place.above, &place.double)?;
            one_by_one(&place.above.open_dir(&place.name)?, changes, at)
        }
        Err(Failed::Io(error)) => {
            // The error that is worth telling is the first.
            let _ = remove(&place.above, &place.double);
            Err(error)
        }
    }
}

/// Makes a folder that is not there.
fn make(place: &Locked, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    place.above.create_dir(&place.double)?;
    at();
    write(&place.above.open_dir(&place.double)?, None, changes, at)?;
    place.above.rename(&place.double, &place.above, &place.name)
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

fn exchange_both(
    place: &Locked,
    folder: &Dir,
    changes: &[Change<'_>],
    at: &mut dyn FnMut(),
) -> Result<(), Failed> {
    let above = &place.above;
    let exchange = || {
        renameat_with(above, &place.name, above, &place.double, RenameFlags::EXCHANGE)
            .map_err(io::Error::from)
    };
    let no_way =
        |error: io::Error| if not_possible(&error) { Failed::NotPossible } else { Failed::Io(error) };
    above.create_dir(&place.double).map_err(no_way)?;
    set_mode(above, place.double.as_ref(), &folder.dir_metadata()?)?;
    let double = above.open_dir(&place.double)?;
    at();
    write(&double, Some(folder), changes, at)?;
    let is_changed = |path: &Path| changes.iter().any(|(name, _)| path == Path::new(name));
    link_others(folder, &double, &is_changed, at).map_err(no_way)?;
    let ours = inodes(&double);

    exchange().map_err(no_way)?;
    // From here on, nothing can fail the change: the double, in the folder's place, has the new files.
    at();
    for (name, content) in changes {
        let mut is_done = remove(folder, name.as_ref()).is_ok();
        at();
        if content.is_some() {
            is_done = is_done && double.hard_link(name, folder, name).is_ok();
            at();
        }
        if !is_done {
            // The double stays in sight; it has all that the folder had.
            return Ok(());
        }
    }
    if exchange().is_ok() {
        at();
        keep_foreign(&double, folder, &ours);
        let _ = remove(above, &place.double);
    }
    Ok(())
}

/// Gives a folder the permissions of another.
fn set_mode(above: &Dir, folder: &Path, like: &Metadata) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(above, folder, flags, Mode::empty())?;
    Ok(fchmod(opened, Mode::from_raw_mode(like.mode() as RawMode))?)
}

/// Writes the new files into a folder that nobody sees, with the permissions of the `old` ones.
fn write(folder: &Dir, old: Option<&Dir>, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    for (name, content) in changes {
        if let Some(content) = content {
            let file = write_new(folder, name.as_ref(), content.as_bytes())?;
            at();
            let old = old.and_then(|old| old.symlink_metadata(name).ok()).filter(Metadata::is_file);
            if let Some(old) = old {
                file.set_permissions(old.permissions())?;
            }
            file.sync_all()?;
            at();
        }
    }
    Ok(())
}

/// All that is in a folder and below it, by its path from there, a folder before what is in it. Links are
/// not followed.
fn all_below(folder: &Dir) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut all = Vec::new();
    let mut pending = vec![PathBuf::new()];
    while let Some(below) = pending.pop() {
        for entry in folder.read_dir(or_here(&below))? {
            let entry = entry?;
            let (path, metadata) = (below.join(entry.file_name()), entry.metadata()?);
            if metadata.is_dir() {
                pending.push(path.clone());
            }
            all.push((path, metadata));
        }
    }
    Ok(all)
}

/// Links all that is in `from`, save what `is_left_out`, by its path below it, into `to`.
fn link_others(
    from: &Dir,
    to: &Dir,
    is_left_out: &dyn Fn(&Path) -> bool,
    at: &mut dyn FnMut(),
) -> io::Result<()> {
    for (path, metadata) in all_below(from)? {
        if is_left_out(&path) {
            continue;
        }
        if metadata.is_dir() {
            to.create_dir(&path)?;
            set_mode(to, &path, &metadata)?;
        } else {
            from.hard_link(&path, to, &path)?;
        }
        at();
    }
    Ok(())
}

/// Moves what is not ours, and so came while the double was in sight, to where it was meant to go.
fn keep_foreign(from: &Dir, to: &Dir, ours: &HashSet<u64>) {
    for (path, metadata) in all_below(from).unwrap_or_default() {
        if !ours.contains(&metadata.ino()) {
            let _ = from.rename(&path, to, &path);
        }
    }
}

fn inodes(folder: &Dir) -> HashSet<u64> {
    all_below(folder).unwrap_or_default().iter().map(|(_, metadata)| metadata.ino()).collect()
}

/// Replaces the files one by one, where there is no better way; all are written before the first goes.
fn one_by_one(folder: &Dir, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
    remove(folder, PARTS.as_ref())?;
    folder.create_dir(PARTS)?;
    let replace = |at: &mut dyn FnMut()| {
        let parts = folder.open_dir(PARTS)?;
        write(&parts, Some(folder), changes, at)?;
        for (name, content) in changes {
            match content {
                Some(_) => parts.rename(name, folder, name)?,
                None => remove(folder, name.as_ref())?,
            }
            at();
        }
        Ok(())
    };
    let replaced = replace(at);
    let _ = remove(folder, PARTS.as_ref());
    replaced
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

/// Removes a file, a link or a folder, if it is there.
fn remove(folder: &Dir, name: &OsStr) -> io::Result<()> {
    let removed = match folder.symlink_metadata(name) {
        Ok(metadata) if metadata.is_dir() => folder.remove_dir_all(name),
        Ok(_) => folder.remove_file(name),
        Err(error) => Err(error),
    };
    removed.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

/// The right to change a folder, until it is dropped.
struct Locked {
    /// The folder that it is in.
    above: Dir,
    /// Its name there, which is no link's; there may be nothing yet.
    name: OsString,
    /// The name of its double.
    double: OsString,
    _lock: File,
}

impl Locked {
    /// Waits until nobody else changes it. `None` for a folder that is in no other.
    fn at(root: &Root, folder: &Path) -> io::Result<Option<Locked>> {
        let below = root.below(folder).ok_or(ErrorKind::NotFound)?;
        loop {
            let Some((above, name)) = Locked::open_above(root, &below)? else { return Ok(None) };
            let mut double = OsString::from(".");
            double.push(&name);
            double.push(".docgen-new");
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let lock = File::from(openat(&above, ".", flags, Mode::empty())?);
            // Where there are no locks, two at a time are the user's own risk.
            let _ = lock.lock();
            // Whoever held it before may have put another folder here.
            let now = Locked::open_above(root, &below)?;
            if let Some((now, _)) = now
                && now.dir_metadata()?.ino() == above.dir_metadata()?.ino()
            {
                return Ok(Some(Locked { above, name, double, _lock: lock }));
            }
        }
    }

    /// The folder that a folder is in, and its name there, after all links that stay below the root.
    fn open_above(root: &Root, below: &Path) -> io::Result<Option<(Dir, OsString)>> {
        if below.as_os_str().is_empty() {
            // The root is the user's own word: so is what it is in.
            let root = std::fs::canonicalize(or_here(root.path()))?;
            let (Some(above), Some(name)) = (root.parent(), root.file_name()) else { return Ok(None) };
            return Ok(Some((Dir::open_ambient_dir(above, ambient_authority())?, name.to_owned())));
        }
        let (above, name) = (below.parent().unwrap_or(Path::new("")), below.file_name().unwrap_or_default());
        let real = match root.dir().canonicalize(below) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                root.dir().canonicalize(or_here(above))?.join(name)
            }
            real => real?,
        };
        let (above, name) = (real.parent().unwrap_or(Path::new("")), real.file_name().unwrap_or_default());
        Ok(Some((root.dir().open_dir(or_here(above))?, name.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;
    use walkdir::WalkDir;

    const OLD: [Change<'_>; 3] =
        [("trace.har", Some("old")), ("output.txt", Some("o")), ("trace.log", Some("l"))];
    const NEW: [Change<'_>; 3] = [("trace.har", Some("new")), ("output.txt", Some("n")), ("trace.log", None)];

    /// A folder above, as the captures' own.
    fn root(folder: &Path) -> Root {
        Root::open(folder.ancestors().skip(2).find(|above| above.exists()).unwrap()).unwrap()
    }

    fn change(folder: &Path, changes: &[Change<'_>]) -> Result<()> {
        super::change(&root(folder), folder, changes)
    }

    fn change_with(folder: &Path, changes: &[Change<'_>], at: &mut dyn FnMut()) -> io::Result<()> {
        super::change_with(&root(folder), folder, changes, at)
    }

    fn remove_leftovers(folder: &Path) {
        super::remove_leftovers(&root(folder), folder);
    }

    fn opened(folder: &Path) -> Dir {
        Dir::open_ambient_dir(folder, ambient_authority()).unwrap()
    }

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
        std::os::unix::fs::symlink("a/show", root.path().join("by-link")).unwrap();
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
        one_by_one(&opened(&folder), &NEW, &mut || {}).unwrap();
        assert_eq!(names(&folder), ["deep", "link", "output.txt", "page.md", "trace.har"]);
        let before = files(&folder);
        let bad = [("trace.har", Some("x")), ("no/such/folder", Some("y"))];
        assert!(one_by_one(&opened(&folder), &bad, &mut || {}).is_err());
        assert!(change(&folder, &bad).is_err());
        assert_eq!(files(&folder), before);
        assert_eq!(names(&root.path().join("a")), ["show"]);
    }

    #[test]
    fn a_folder_that_takes_nothing_is_known_before() {
        let root = tempfile::tempdir().unwrap();
        let captures = root.path();
        expect_writable(captures, &captures.join("a/b/c")).unwrap();
        expect_writable(Path::new("not-there"), Path::new("not-there/a")).unwrap();
        fs::write(captures.join("file"), "").unwrap();
        let told = expect_writable(captures, &captures.join("file/b")).unwrap_err().to_string();
        assert!(
            told.contains(&format!("cannot write to {}/file: Not a directory", captures.display())),
            "{told}"
        );
        assert!(expect_writable(Path::new("/proc/1"), Path::new("/proc/1/x")).is_err());
    }

    #[test]
    fn a_folder_behind_a_link_that_leads_out_is_not_changed() {
        let root = tempfile::tempdir().unwrap();
        let captures = root.path().join("captures");
        fs::create_dir_all(root.path().join("out/show")).unwrap();
        fs::create_dir(&captures).unwrap();
        fs::write(root.path().join("out/show/trace.har"), "theirs").unwrap();
        fs::write(root.path().join("out/note.har"), "theirs").unwrap();
        std::os::unix::fs::symlink("../out", captures.join("a")).unwrap();
        std::os::unix::fs::symlink("../out/show", captures.join("b")).unwrap();
        let opened = Root::open(&captures).unwrap();
        for folder in ["a/show", "a/new", "a/new/er", "b"] {
            let folder = captures.join(folder);
            let told = super::change(&opened, &folder, &NEW).unwrap_err().to_string();
            assert!(told.contains("leads out"), "{told}");
            let told = expect_writable(&captures, &folder).unwrap_err().to_string();
            assert!(told.contains("leads out"), "{told}");
            super::remove_leftovers(&opened, &folder);
        }
        // A file that is such a link is replaced, and the double too; what they lead to stays.
        fs::create_dir_all(captures.join("c/show")).unwrap();
        std::os::unix::fs::symlink("../../../out/note.har", captures.join("c/show/trace.har")).unwrap();
        std::os::unix::fs::symlink("../../out", captures.join("c/.show.docgen-new")).unwrap();
        super::change(&opened, &captures.join("c/show"), &NEW).unwrap();
        assert_eq!(fs::read_to_string(captures.join("c/show/trace.har")).unwrap(), "new");
        assert_eq!(names(&root.path().join("out")), ["note.har", "show"]);
        assert_eq!(fs::read_to_string(root.path().join("out/note.har")).unwrap(), "theirs");
        assert_eq!(names(&root.path().join("out/show")), ["trace.har"]);
    }
}
