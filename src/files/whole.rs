//! Files and folders that appear whole or not at all.
//!
//! Each is made as a part, in a folder where nobody looks for it, and then moved to its place in one step:
//! a reader sees what was there before, or all of the new. What this leaves out: several files of a folder
//! that change together ([`super::folder`]).

use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, File, Metadata, OpenOptions, Permissions};

/// What the names of parts begin with.
const PART: &str = "tmp-";

/// A folder in which parts are made.
#[derive(Debug)]
pub(crate) struct StagingFolder<'d>(pub(crate) &'d Dir);

impl StagingFolder<'_> {
    /// Puts a file of these bytes at `path`, below `root`, in place of one that is there. Folders are made as
    /// they are needed.
    ///
    /// # Errors
    /// Those of the file system; what was there is intact then.
    pub(crate) fn put_file(&self, bytes: &[u8], root: &Dir, path: &Path) -> io::Result<()> {
        self.put_new(bytes, None, root, path)
    }

    /// The same where a file is there, whose permissions the new one gets.
    ///
    /// # Errors
    /// Those of the file system; what was there is intact then.
    pub(crate) fn replace_file(&self, bytes: &[u8], root: &Dir, path: &Path) -> io::Result<()> {
        self.put_new(bytes, Some(root.metadata(path)?.permissions()), root, path)
    }

    fn put_new(
        &self,
        bytes: &[u8],
        permissions: Option<Permissions>,
        root: &Dir,
        path: &Path,
    ) -> io::Result<()> {
        let part = part();
        let made = write_new(self.0, &part, bytes)
            .and_then(|file| permissions.map_or(Ok(()), |permissions| file.set_permissions(permissions)))
            .and_then(|()| self.put(&part, root, path));
        made.inspect_err(|_| {
            let _ = self.0.remove_file(&part);
        })
    }

    /// Puts a folder with these files, by name, at `path`, below `root`. Gives what is known of each file,
    /// which saves a look at each.
    ///
    /// # Errors
    /// Those of the file system, one where something is there among them; nothing is left behind then.
    pub(crate) fn put_folder<'a>(
        &self,
        files: impl Iterator<Item = (&'a str, &'a [u8])>,
        root: &Dir,
        path: &Path,
    ) -> io::Result<Vec<Metadata>> {
        let part = part();
        self.0.create_dir(&part)?;
        let made = || {
            let folder = self.0.open_dir(&part)?;
            let written = files.map(|(name, bytes)| write_new(&folder, name.as_ref(), bytes)?.metadata());
            let written = written.collect::<io::Result<Vec<_>>>()?;
            self.put(&part, root, path)?;
            Ok(written)
        };
        made().inspect_err(|_| {
            let _ = self.0.remove_dir_all(&part);
        })
    }

    /// Moves a part to where it belongs.
    fn put(&self, part: &Path, root: &Dir, path: &Path) -> io::Result<()> {
        self.0.rename(part, root, path).or_else(|error| match path.parent() {
            Some(above) if error.kind() == ErrorKind::NotFound => {
                root.create_dir_all(above)?;
                self.0.rename(part, root, path)
            }
            _ => Err(error),
        })
    }

    /// Removes the parts that a killed run left behind. What cannot be removed is tried again another time.
    pub(crate) fn remove_leftovers(&self) {
        for entry in self.0.entries().into_iter().flatten().flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(PART.as_bytes()) {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let _ =
                    if is_folder { self.0.remove_dir_all(entry.file_name()) } else { entry.remove_file() };
            }
        }
    }
}

/// Writes a file that is not there yet.
///
/// # Errors
/// Those of the file system, one where something of this name is there among them.
pub(crate) fn write_new(folder: &Dir, name: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file = folder.open_with(name, OpenOptions::new().write(true).create_new(true))?;
    file.write_all(bytes)?;
    Ok(file)
}

/// A name that nothing else has.
fn part() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PART}{}-{count}", std::process::id()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn open(folder: &Path) -> Dir {
        Dir::open_ambient_dir(folder, cap_std::ambient_authority()).unwrap()
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let (own, to) = (folder.path().join("own"), folder.path().join("to"));
        fs::create_dir(&own).unwrap();
        fs::create_dir(&to).unwrap();
        let make = |text: &'static str| {
            let files = [("x.md", text.as_bytes()), ("y.md", b"y")].into_iter();
            StagingFolder(&open(&own)).put_folder(files, &open(&to), "a/b".as_ref())
        };
        assert_eq!(make("x").unwrap().iter().map(Metadata::len).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(fs::read(to.join("a/b/x.md")).unwrap(), b"x");
        make("other").unwrap_err();
        assert_eq!(fs::read(to.join("a/b/x.md")).unwrap(), b"x");
        assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_put_behind_a_link_that_leads_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["own", "to", "out"] {
            fs::create_dir(at(name)).unwrap();
        }
        std::os::unix::fs::symlink("../out", at("to/a")).unwrap();
        fs::write(at("out/x.md"), "theirs").unwrap();
        std::os::unix::fs::symlink("../out/x.md", at("to/x.md")).unwrap();
        let (own, to) = (open(&at("own")), open(&at("to")));
        StagingFolder(&own).put_file(b"new", &to, "a/x.md".as_ref()).unwrap_err();
        StagingFolder(&own).put_file(b"new", &to, "a/b/x.md".as_ref()).unwrap_err();
        StagingFolder(&own).put_folder([].into_iter(), &to, "a/b".as_ref()).unwrap_err();
        // A link in the place itself is replaced, and not written through.
        StagingFolder(&own).put_file(b"new", &to, "x.md".as_ref()).unwrap();
        assert_eq!(fs::read(at("out/x.md")).unwrap(), b"theirs");
        assert_eq!(fs::read(at("to/x.md")).unwrap(), b"new");
        assert_eq!(
            (fs::read_dir(at("out")).unwrap().count(), fs::read_dir(at("own")).unwrap().count()),
            (1, 0)
        );
    }

    #[test]
    fn what_a_killed_run_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("own/tmp-1-1")).unwrap();
        fs::create_dir_all(at("out")).unwrap();
        fs::write(at("own/tmp-1-1/x.md"), "x").unwrap();
        fs::write(at("own/tmp-1-2"), "y").unwrap();
        fs::write(at("own/manifest"), "kept").unwrap();
        fs::write(at("out/tmp-mine"), "mine").unwrap();
        std::os::unix::fs::symlink("../out", at("own/tmp-link")).unwrap();
        std::os::unix::fs::symlink("../../out", at("own/tmp-1-1/deep")).unwrap();
        StagingFolder(&open(&at("own"))).remove_leftovers();
        let left: Vec<_> = fs::read_dir(at("own")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["manifest"]);
        assert_eq!(fs::read_dir(at("out")).unwrap().count(), 1);
    }
}
