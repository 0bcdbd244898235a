//! docgen's own folder, `.docgen`, in a folder of the user's.
//!
//! What docgen notes for itself is in it. It is a folder and no link, and so are its files: a name
//! there means what is in this very place. What this leaves out: what the notes say.

use std::fs::File;
use std::io::{self, ErrorKind as Io};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{FlockOperation, Mode, OFlags};

use super::whole::StagingFolder;
use super::{LARGEST_TRACE, Root, for_reading, not_regular, read_whole};
use crate::error::{Error, ErrorKind, Place, Result};

/// The folder's name.
pub(crate) const OWN: &str = ".docgen";

/// docgen's own folder in another one; it may not be there yet.
#[derive(Debug)]
pub(crate) struct OwnFolder {
    path: PathBuf,
    /// The folder that it is in.
    parent: Dir,
    dir: OnceLock<Dir>,
}

impl OwnFolder {
    /// The one in `root`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read, [`ErrorKind::Ownership`] where something else has its place.
    pub(crate) fn of(root: &Root) -> Result<OwnFolder> {
        let path = root.path().join(OWN);
        let dir = match root.dir().symlink_metadata(OWN) {
            Ok(metadata) if metadata.is_dir() => root.dir().open_dir(OWN).map(OnceLock::from),
            Ok(_) => return Err(in_the_way(&path, "is no folder")),
            Err(error) if error.kind() == Io::NotFound => Ok(OnceLock::new()),
            Err(error) => Err(error),
        };
        let opened = dir.and_then(|dir| Ok((dir, root.dir().try_clone()?)));
        let (dir, parent) = opened.map_err(|error| Error::io("read", &path, error))?;
        Ok(OwnFolder { path, parent, dir })
    }

    /// Removes what a killed docgen left of files that it was writing.
    pub(crate) fn remove_leftovers(&self) {
        if let Some(dir) = self.dir.get() {
            StagingFolder(dir).remove_leftovers();
        }
    }

    /// Keeps other processes that ask for the same from writing here, until what this gives is dropped. Where a
    /// file system has no locks, one docgen at a time is the user's own care.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where the folder cannot be made.
    pub(crate) fn lock(&self) -> Result<Option<OwnedFd>> {
        let dir = self.made().map_err(|error| Error::io("make", &self.path, error))?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let lock = rustix::fs::openat(dir, ".", flags, Mode::empty()).ok();
        let is_held =
            lock.as_ref().map(|lock| rustix::fs::flock(lock, FlockOperation::LockExclusive).is_ok());
        Ok(lock.filter(|_| is_held == Some(true)))
    }

    /// The path of one of its files, as it is shown to the user.
    pub(crate) fn shown(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What one of its files holds, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read, [`ErrorKind::Ownership`] where something else has its place.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(dir) = self.dir.get() else { return Ok(None) };
        let file = self.shown(name);
        match dir.symlink_metadata(name) {
            Ok(metadata) if !metadata.is_file() => return Err(in_the_way(&file, "is no regular file")),
            Err(error) if error.kind() == Io::NotFound => return Ok(None),
            _ => {}
        }
        let mut options = for_reading();
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32);
        let opened = dir.open_with(name, &options).map_err(|error| Error::io("read", &file, error))?;
        read_whole(opened.into_std(), &file, LARGEST_TRACE).map(Some)
    }

    /// What is known of one of its files, if it is there.
    pub(crate) fn metadata(&self, name: &str) -> Option<Metadata> {
        self.dir.get()?.symlink_metadata(name).ok().filter(Metadata::is_file)
    }

    /// Puts one of its files in its place, whole or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.made()
            .and_then(|dir| StagingFolder(dir).put_file(bytes, dir, name.as_ref()))
            .map_err(|error| Error::io("write", &self.shown(name), error))
    }

    /// The same for a file of one machine, where git is to take nothing of the folder.
    ///
    /// # Errors
    /// As [`Self::put_if_missing`].
    pub(crate) fn put_ignored(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.put_if_missing(".gitignore", "*\n")?;
        self.put(name, bytes)
    }

    /// Puts a file that says the same whenever docgen writes here, unless one is there: somebody may have
    /// changed it.
    ///
    /// # Errors
    /// As [`Self::read`] and [`Self::put`].
    pub(crate) fn put_if_missing(&self, name: &str, content: &str) -> Result<()> {
        match self.read(name)? {
            Some(_) => Ok(()),
            None => self.put(name, content.as_bytes()),
        }
    }

    /// Opens one of its files to write at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn append(&self, name: &str) -> Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).append(true).custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32);
        let open = || -> io::Result<File> { Ok(self.made()?.open_with(name, &options)?.into_std()) };
        let file = self.shown(name);
        let mut opened = open().map_err(|error| Error::io("write", &file, error))?;
        // What else has this file by another name, in a copy made of hard links, is not docgen's to change.
        if opened.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.nlink() > 1) {
            self.put(name, &self.read(name)?.unwrap_or_default())?;
            opened = open().map_err(|error| Error::io("write", &file, error))?;
        }
        match opened.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(opened),
            _ => Err(not_regular(&file, false)),
        }
    }

    /// Removes one of its files, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        // A folder that takes no changes says so also where there is nothing to remove.
        match self.dir.get().filter(|dir| dir.symlink_metadata(name).is_ok()) {
            Some(dir) => dir.remove_file(name).map_err(|error| Error::io("remove", &self.shown(name), error)),
            None => Ok(()),
        }
    }

    /// The folder itself, made where it is missing.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn made(&self) -> io::Result<&Dir> {
        if let Some(dir) = self.dir.get() {
            return Ok(dir);
        }
        match self.parent.create_dir(OWN) {
            Err(error) if error.kind() != Io::AlreadyExists => return Err(error),
            _ => {}
        }
        let dir = self.parent.open_dir(OWN)?;
        Ok(self.dir.get_or_init(|| dir))
    }
}

fn in_the_way(file: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Ownership, format!("`{}` {why}, and docgen writes through none", file.display()))
        .at(Place::file(file))
        .hint("remove it; docgen makes it anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_takes_nothing_of_what_is_of_one_machine() {
        let folder = tempfile::tempdir().unwrap();
        let own = OwnFolder::of(&Root::open(folder.path()).unwrap()).unwrap();
        assert_eq!(own.read("run").unwrap(), None);
        own.put_ignored("run", b"1").unwrap();
        own.put_ignored("run", b"2").unwrap();
        assert_eq!(own.read("run").unwrap().unwrap(), b"2");
        assert_eq!(std::fs::read_to_string(folder.path().join(".docgen/.gitignore")).unwrap(), "*\n");
    }

    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, outer) = (folder.path().join("captures"), folder.path().join("outer"));
        for folder in [&inner, &outer] {
            std::fs::create_dir(folder).unwrap();
        }
        std::os::unix::fs::symlink(&outer, inner.join(OWN)).unwrap();
        let error = OwnFolder::of(&Root::open(&inner).unwrap()).unwrap_err();
        assert!(error.message().contains("is no folder") && error.help().is_some(), "{error}");
        std::fs::remove_file(inner.join(OWN)).unwrap();
        let own = OwnFolder::of(&Root::open(&inner).unwrap()).unwrap();
        own.put("a", b"").unwrap();
        std::os::unix::fs::symlink(outer.join("b"), inner.join(".docgen/b")).unwrap();
        assert!(own.read("b").is_err() && own.append("b").is_err());
        own.put("b", b"ours").unwrap();
        assert!(!outer.join("b").exists());
    }
}
