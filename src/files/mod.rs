//! Files below a folder, reached through no link that leads out of it.
//!
//! Captures and pages may come from a stranger's repository, where a link can lead anywhere. [`Root`]
//! holds the folder that a user named open, and is the one way to what is below it: cap-std resolves each
//! path there (by `openat2` with `RESOLVE_BENEATH` where the kernel has it, a step at a time elsewhere), so
//! that there is no moment between a look and an act in which a link could come in between. A link that
//! stays below the folder is followed, also to a file beside it; the folder itself may be a link, since the
//! user named it. Only regular files are read, and none that is larger than what it is for can be.
//!
//! What it leaves out: what the files mean, how they are written whole ([`whole`]), several of them at once ([`folder`]),
//! and what docgen keeps for itself ([`own_folder`]).

pub(crate) mod folder;
pub(crate) mod own_folder;
pub(crate) mod whole;

use std::ffi::OsString;
use std::io::{self, ErrorKind as Io, Read as _};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, Metadata, MetadataExt as _, OpenOptions, OpenOptionsExt as _};

use crate::error::{Error, ErrorKind, Place, Result};

/// The most that is read of what was recorded, and of a page, in bytes.
pub(crate) const LARGEST_TRACE: u64 = 2 << 30;
/// The most that is read of a file that people write, in bytes.
pub(crate) const LARGEST_TEXT: u64 = 64 << 20;

/// A folder that the user named, and all that is below it.
///
/// Its methods take a file's path as it is shown to the user, that of the folder itself included.
#[derive(Debug)]
pub(crate) struct Root {
    path: PathBuf,
    /// The same path, from `/` on and without dots.
    absolute: PathBuf,
    dir: Dir,
}

impl Root {
    /// Opens a folder. Its path is the user's own, links in it are followed.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn open(path: &Path) -> io::Result<Root> {
        let dir = Dir::open_ambient_dir(or_here(path), ambient_authority())?;
        Ok(Root { path: path.to_owned(), absolute: normal(&std::path::absolute(or_here(path))?), dir })
    }

    /// Opens a folder, and makes it where it is missing.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn create(path: &Path) -> io::Result<Root> {
        match Root::open(path) {
            Err(error) if error.kind() == Io::NotFound => {
                std::fs::create_dir_all(path)?;
                Root::open(path)
            }
            opened => opened,
        }
    }

    /// A folder below this one, as a root of its own: a link from it into the rest of this one leads out.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where there is none, or a link leads out.
    pub(crate) fn open_below(&self, folder: &Path) -> Result<Root> {
        let below = self.below(folder).ok_or_else(|| self.outside(folder))?;
        let opened = self.dir.open_dir(or_here(&below)).map_err(|error| self.error("read", folder, error))?;
        let path = self.shown(&below);
        Ok(Root { absolute: self.absolute.join(&below), path, dir: opened })
    }

    /// The folder's path, as the user named it.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder itself, for what is not one file's reading.
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    /// What no other folder has: the numbers of its file system and of itself.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn identity(&self) -> io::Result<(u64, u64)> {
        let metadata = self.dir.dir_metadata()?;
        Ok((metadata.dev(), metadata.ino()))
    }

    /// The path of `below`, a path from this folder on, as it is shown to the user.
    pub(crate) fn shown(&self, below: &Path) -> PathBuf {
        if below.as_os_str().is_empty() { self.path.clone() } else { self.path.join(below) }
    }

    /// The path of `file` from this folder on, if that is where its name says it is.
    pub(crate) fn below(&self, file: &Path) -> Option<PathBuf> {
        let has_dots = |path: &Path| path.components().any(|part| part == Component::ParentDir);
        match file.strip_prefix(&self.path) {
            Ok(below) if !has_dots(below) => Some(below.to_owned()),
            _ => {
                let absolute = normal(&std::path::absolute(file).ok()?);
                Some(absolute.strip_prefix(&self.absolute).ok()?.to_owned())
            }
        }
    }

    /// What is at a path, a link that stays below followed; `None` where nothing can be told.
    pub(crate) fn metadata(&self, file: &Path) -> Option<Metadata> {
        self.dir.metadata(or_here(&self.below(file)?)).ok()
    }

    /// Whether anything is there, a link that leads nowhere among it.
    pub(crate) fn is_there(&self, file: &Path) -> bool {
        self.below(file).is_some_and(|below| self.dir.symlink_metadata(or_here(&below)).is_ok())
    }

    /// Whether a regular file is there.
    pub(crate) fn is_file(&self, file: &Path) -> bool {
        self.metadata(file).is_some_and(|metadata| metadata.is_file())
    }

    /// Whether a folder is there.
    pub(crate) fn is_dir(&self, folder: &Path) -> bool {
        self.metadata(folder).is_some_and(|metadata| metadata.is_dir())
    }

    /// The content of a file of at most so many bytes, if there is one.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], with what is in its place where that is no file.
    pub(crate) fn read_if_there(&self, file: &Path, most: u64) -> Result<Option<Vec<u8>>> {
        let Some(below) = self.below(file) else { return Err(self.outside(file)) };
        match self.dir.open_with(&below, &for_reading()) {
            Ok(opened) => read_whole(opened.into_std(), file, most).map(Some),
            Err(error) if error.kind() == Io::NotFound => Ok(None),
            Err(error) => Err(self.error("read", file, error)),
        }
    }

    /// The content of a file of at most so many bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Io`], with what is in its place where that is no file.
    pub(crate) fn read(&self, file: &Path, most: u64) -> Result<Vec<u8>> {
        self.read_if_there(file, most)?
            .ok_or_else(|| Error::io("read", file, rustix::io::Errno::NOENT.into()))
    }

    /// The content of a file that people write.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read or is not UTF-8.
    pub(crate) fn read_text(&self, file: &Path) -> Result<String> {
        crate::text_file::decode(file, self.read(file, LARGEST_TEXT)?)
    }

    /// What is in a folder: each entry's path as it is shown, and its kind. Links are not followed.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn entries(&self, folder: &Path) -> Result<Vec<Entry>> {
        let read = || -> io::Result<Vec<Entry>> {
            let below = self.below(folder).ok_or(Io::NotFound)?;
            let mut entries = Vec::new();
            for entry in self.dir.read_dir(or_here(&below))? {
                let entry = entry?;
                let file_type = entry.file_type()?;
                let is_known = file_type.is_dir() || file_type.is_file() || file_type.is_symlink();
                let file_type = if is_known { file_type } else { entry.metadata()?.file_type() };
                entries.push(Entry { name: entry.file_name(), file_type, entry });
            }
            Ok(entries)
        };
        read().map_err(|error| self.error("read", folder, error))
    }

    /// What is in a folder and below it and no folder itself, in the order of the paths, and what is wrong with
    /// folders that cannot be read. Names that `is_left_out` are passed over with all below them; a link to a
    /// file that stays below this root is a file too, and no link to a folder is followed.
    pub(crate) fn files(
        &self,
        folder: &Path,
        is_left_out: &dyn Fn(&std::ffi::OsStr) -> bool,
    ) -> (Vec<Listed>, Vec<Error>) {
        let (mut files, mut errors) = (Vec::new(), Vec::new());
        let mut pending = vec![folder.to_owned()];
        while let Some(folder) = pending.pop() {
            let entries = self.entries(&folder).unwrap_or_else(|error| {
                errors.push(error);
                Vec::new()
            });
            for entry in entries {
                let path = folder.join(&entry.name);
                let is_link = entry.file_type.is_symlink();
                if is_left_out(&entry.name) {
                    continue;
                } else if entry.file_type.is_dir() {
                    pending.push(path);
                } else {
                    let is_file = entry.file_type.is_file() || (is_link && self.is_file(&path));
                    files.push(Listed { path, is_file, is_link });
                }
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        (files, errors)
    }

    /// An error about reading or writing `file`. Where a link is the reason, it says so.
    pub(crate) fn error(&self, action: &str, file: &Path, error: io::Error) -> Error {
        match self.leads_out(file) {
            Some(link) => link,
            None if is_escape(&error) => self.outside(file),
            None => Error::io(action, file, error),
        }
    }

    /// The error about a path that leads out of the folder.
    pub(crate) fn outside(&self, file: &Path) -> Error {
        self.leads_out(file).unwrap_or_else(|| {
            let message = format!("`{}` is not below `{}`", file.display(), or_here(&self.path).display());
            Error::new(ErrorKind::Io, message).at(Place::file(file))
        })
    }

    /// The error about the link by which a path leads out of the folder, if there is one.
    pub(crate) fn leads_out(&self, file: &Path) -> Option<Error> {
        let below = self.below(file)?;
        let leads_out = |part: &&Path| {
            self.dir.symlink_metadata(part).is_ok_and(|metadata| metadata.is_symlink())
                && self.dir.metadata(part).is_err_and(|error| is_escape(&error))
        };
        let parts: Vec<&Path> = below.ancestors().filter(|part| !part.as_os_str().is_empty()).collect();
        let link = self.shown(parts.into_iter().rev().find(leads_out)?);
        let message = format!(
            "`{}` is a symbolic link that leads out of `{}`, and docgen follows none that does",
            link.display(),
            or_here(&self.path).display()
        );
        let error = Error::new(ErrorKind::Io, message).at(Place::file(link));
        Some(error.hint("put what it leads to in its place"))
    }
}

/// What is in a folder or below it.
#[derive(Debug)]
pub(crate) struct Listed {
    /// Its path, as it is shown.
    pub(crate) path: PathBuf,
    /// Whether it is a regular file, or a link to one below the root.
    pub(crate) is_file: bool,
    /// Whether it is a link.
    pub(crate) is_link: bool,
}

/// Whether a name begins with a dot.
pub(crate) fn is_hidden(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Something in a folder.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: OsString,
    /// What it is; a link is a link.
    pub(crate) file_type: FileType,
    entry: cap_std::fs::DirEntry,
}

impl Entry {
    /// What is known of it; of a link itself.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn metadata(&self) -> io::Result<Metadata> {
        self.entry.metadata()
    }
}

/// How a file is opened that may be anything: without waiting for whoever is at a pipe's other end.
pub(crate) fn for_reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    options
}

/// The content of an open file, if it is a regular one of at most so many bytes.
///
/// # Errors
/// [`ErrorKind::Io`].
pub(crate) fn read_whole(opened: std::fs::File, file: &Path, most: u64) -> Result<Vec<u8>> {
    let metadata = opened.metadata().map_err(|error| Error::io("read", file, error))?;
    if !metadata.is_file() {
        return Err(not_regular(file, metadata.is_dir()));
    }
    read_at_most(opened, metadata.len(), file, most)
}

/// All that comes out of `opened`, which is said to be so long.
pub(crate) fn read_at_most(opened: impl io::Read, length: u64, file: &Path, most: u64) -> Result<Vec<u8>> {
    let too_large = || {
        Error::new(ErrorKind::Io, format!("`{}` is larger than docgen reads: {}", file.display(), size(most)))
            .at(Place::file(file))
    };
    if length > most {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    opened.take(most + 1).read_to_end(&mut bytes).map_err(|error| Error::io("read", file, error))?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// The error about what is no regular file.
pub(crate) fn not_regular(file: &Path, is_dir: bool) -> Error {
    let what = if is_dir { "a folder, and no file" } else { "no regular file" };
    Error::new(ErrorKind::Io, format!("`{}` is {what}", file.display())).at(Place::file(file))
}

fn size(bytes: u64) -> String {
    if bytes >= 1 << 30 { format!("{} GiB", bytes >> 30) } else { format!("{} MiB", bytes >> 20) }
}

/// Whether this error says that a path leads out of a [`Root`].
pub(crate) fn is_escape(error: &io::Error) -> bool {
    // cap-std's own, which is none of the system's.
    error.kind() == Io::PermissionDenied && error.raw_os_error().is_none()
}

/// The empty path means the current folder.
pub(crate) fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// A path without `.` and `..`, as its text says, if it leads nowhere above.
pub(crate) fn without_dots(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::CurDir => {}
            Component::ParentDir if plain.pop() => {}
            _ => return None,
        }
    }
    Some(plain)
}

/// A path without `.` and `..`, as its text says.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A folder `root` with a file `outside` beside it.
    fn folders() -> (tempfile::TempDir, Root) {
        let above = tempfile::tempdir().unwrap();
        fs::create_dir_all(above.path().join("root/a")).unwrap();
        fs::create_dir(above.path().join("out")).unwrap();
        fs::write(above.path().join("out/x.md"), "outside").unwrap();
        fs::write(above.path().join("root/a/x.md"), "inside").unwrap();
        let root = Root::open(&above.path().join("root")).unwrap();
        (above, root)
    }

    #[test]
    fn a_link_is_followed_where_it_stays_below() {
        let (above, root) = folders();
        let at = |name: &str| above.path().join("root").join(name);
        symlink("a/x.md", at("near.md")).unwrap();
        symlink("../out/x.md", at("far.md")).unwrap();
        symlink(above.path().join("out/x.md"), at("absolute.md")).unwrap();
        symlink("../../root/a/x.md", at("a/and-back.md")).unwrap();
        symlink("a", at("b")).unwrap();
        symlink("../out", at("c")).unwrap();
        for inside in ["a/x.md", "near.md", "b/x.md", "b/../a/x.md"] {
            assert_eq!(root.read(&at(inside), 100).unwrap(), b"inside", "{inside}");
        }
        for (outside, link) in [
            ("far.md", "far.md"),
            ("absolute.md", "absolute.md"),
            ("c/x.md", "c"),
            ("a/and-back.md", "a/and-back.md"),
        ] {
            let told = root.read(&at(outside), 100).unwrap_err();
            assert!(told.message().contains("leads out"), "{told}");
            assert_eq!(told.place().unwrap().file, at(link), "{told}");
        }
        for outside in ["../out/x.md", "a/../../out/x.md", "/etc/passwd"] {
            let told = root.read(&at(outside), 100).unwrap_err();
            assert!(told.message().contains("is not below"), "{told}");
        }
        let (files, errors) = root.files(root.path(), &|_| false);
        assert!(errors.is_empty());
        let others = ["a/and-back.md", "absolute.md", "b", "c", "far.md"].map(at);
        assert!(files.iter().filter(|file| !file.is_file).map(|file| &file.path).eq(&others));
        let files = files.iter().filter(|file| file.is_file);
        let listed: Vec<_> = files.map(|file| (file.path.clone(), file.is_link)).collect();
        assert_eq!(listed, [(at("a/x.md"), false), (at("near.md"), true)]);
    }

    #[test]
    fn what_is_no_file_of_a_bearable_size_is_not_read() {
        let (above, root) = folders();
        let at = |name: &str| above.path().join("root").join(name);
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
        for (name, why) in [
            ("pipe", "no regular file"),
            ("a", "a folder"),
            ("sparse", "larger than docgen reads: 64 MiB"),
            ("socket", ""),
        ] {
            let told = root.read(&at(name), LARGEST_TEXT).unwrap_err().to_string();
            assert!(told.contains(why) && told.contains(name), "{told}");
        }
        assert!(root.read_if_there(&at("none"), 1).unwrap().is_none());
        assert_eq!(root.read(&at("a/x.md"), 6).unwrap(), b"inside");
        assert!(root.read(&at("a/x.md"), 5).is_err());
    }
}
