//! The docs folder, and docgen's own folder in it.
//!
//! A page is reached by its [`PagePath`] through no link that leads out of the docs folder. What docgen
//! notes for itself is in `.docgen`, which is a folder and no link, and so are its files: a name there
//! means what is in this very place. What this leaves out: what the notes say.

use std::fs::File;
use std::io::{self, ErrorKind as Io};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt as _};
use rustix::fs::{Mode, OFlags};

use super::file_state::Stat;
use super::page_path::PagePath;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::whole::StagingFolder;
use crate::files::{LARGEST_TRACE, Root, for_reading, not_regular, read_whole};

/// The folder that holds what docgen notes for itself.
pub(super) const OWN: &str = ".docgen";

/// A docs folder.
#[derive(Debug)]
pub(super) struct Docs {
    root: Root,
    own: OnceLock<Dir>,
    /// Held to keep a second docgen from writing at the same time.
    _lock: Option<OwnedFd>,
}

impl Docs {
    /// Opens a docs folder to look at it, if there is one.
    ///
    /// # Errors
    /// Where it cannot be read, or its own folder is something else.
    pub(super) fn open(path: &Path) -> Result<Option<Docs>> {
        match Root::open(path) {
            Ok(root) => Docs::of(root, None).map(Some),
            Err(error) if error.kind() == Io::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", path, error)),
        }
    }

    /// Opens a docs folder to write in it, and makes it where it is missing. Waits until no other docgen does.
    ///
    /// # Errors
    /// Where it cannot be made or read, or its own folder is something else.
    pub(super) fn open_to_write(path: &Path) -> Result<Docs> {
        let root = Root::create(path).map_err(|error| match path.symlink_metadata() {
            Ok(there) if !path.is_dir() => {
                let what = if there.is_symlink() {
                    "is a symbolic link that leads to no folder"
                } else {
                    "is no folder"
                };
                Error::new(ErrorKind::Io, format!("`{}` {what}", path.display()))
                    .hint("name a folder for the pages; docgen makes it where it is missing")
            }
            _ => Error::io("make", path, error),
        })?;
        // The folder itself is locked, so that there is no file to make, nor one that could be a link.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let lock = rustix::fs::openat(root.dir(), ".", flags, Mode::empty()).ok();
        if let Some(lock) = &lock {
            // Where a file system has no locks, one docgen at a time is the user's own care.
            let _ = rustix::fs::flock(lock, rustix::fs::FlockOperation::LockExclusive);
        }
        let docs = Docs::of(root, lock)?;
        if let Some(own) = docs.own.get() {
            StagingFolder(own).remove_leftovers();
        }
        Ok(docs)
    }

    fn of(root: Root, lock: Option<OwnedFd>) -> Result<Docs> {
        let own = match root.dir().symlink_metadata(OWN) {
            Ok(metadata) if metadata.is_dir() => root.dir().open_dir(OWN).map(OnceLock::from),
            Ok(_) => return Err(in_the_way(&root.path().join(OWN), "is no folder")),
            Err(error) if error.kind() == Io::NotFound => Ok(OnceLock::new()),
            Err(error) => Err(error),
        };
        let own = own.map_err(|error| Error::io("read", &root.path().join(OWN), error))?;
        Ok(Docs { root, own, _lock: lock })
    }

    /// The folder as one whose files are read.
    pub(super) fn root(&self) -> &Root {
        &self.root
    }

    /// The path of a page as it is shown to the user.
    pub(super) fn shown(&self, page: &PagePath) -> PathBuf {
        self.root.path().join(page.as_path())
    }

    /// What is in the place of a page, a link as such; `None` where nothing is.
    ///
    /// # Errors
    /// Those of the file system, also where its folder leads out of the docs folder.
    pub(super) fn look(&self, page: &PagePath) -> io::Result<Option<Metadata>> {
        match self.root.dir().symlink_metadata(page.as_path()) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(error) if error.kind() == Io::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether nothing is at the path of a folder.
    pub(super) fn is_missing(&self, folder: &str) -> bool {
        self.root.dir().symlink_metadata(folder).is_err_and(|error| error.kind() == Io::NotFound)
    }

    /// What the page in its place holds. A link is none.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(super) fn read(&self, page: &PagePath) -> Result<Vec<u8>> {
        let file = self.shown(page);
        let mut options = for_reading();
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32);
        match self.root.dir().open_with(page.as_path(), &options) {
            Ok(opened) => read_whole(opened.into_std(), &file, LARGEST_TRACE),
            Err(error) => Err(self.root.error("read", &file, error)),
        }
    }

    /// Puts a page in its place, whole or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]; what was there is intact then.
    pub(super) fn put(&self, page: &PagePath, bytes: &[u8]) -> Result<()> {
        self.own_made()
            .and_then(|own| StagingFolder(own).put_file(bytes, self.root.dir(), page.as_path()))
            .map_err(|error| self.root.error("write", &self.shown(page), error))
    }

    /// Puts a folder that is not there, with these pages in it by name: all of it or nothing.
    ///
    /// # Errors
    /// Those of the file system; nothing is left behind then.
    pub(super) fn put_folder<'a>(
        &self,
        folder: &str,
        pages: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> io::Result<Vec<Stat>> {
        let made = StagingFolder(self.own_made()?).put_folder(pages, self.root.dir(), folder.as_ref())?;
        Ok(made.iter().map(Stat::of).collect())
    }

    /// Removes a page, or the link in its place, and the folders that are empty then.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn remove(&self, page: &PagePath) -> io::Result<()> {
        self.root.dir().remove_file(page.as_path())?;
        for folder in page.as_path().ancestors().skip(1).take_while(|folder| !folder.as_os_str().is_empty()) {
            // Fails where something is left in it, which is how to tell.
            if self.root.dir().remove_dir(folder).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The path of one of docgen's own files, as it is shown to the user.
    pub(super) fn own_path(&self, name: &str) -> PathBuf {
        self.root.path().join(OWN).join(name)
    }

    /// What one of docgen's own files holds, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where it cannot be read, and where something else has its place.
    pub(super) fn read_own(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(own) = self.own.get() else { return Ok(None) };
        let file = self.own_path(name);
        match own.symlink_metadata(name) {
            Ok(metadata) if !metadata.is_file() => return Err(in_the_way(&file, "is no regular file")),
            Err(error) if error.kind() == Io::NotFound => return Ok(None),
            _ => {}
        }
        let mut options = for_reading();
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32);
        let opened = own.open_with(name, &options).map_err(|error| Error::io("read", &file, error))?;
        read_whole(opened.into_std(), &file, LARGEST_TRACE).map(Some)
    }

    /// What is known of one of docgen's own files, if it is there.
    pub(super) fn own_stat(&self, name: &str) -> Option<Stat> {
        let metadata = self.own.get()?.symlink_metadata(name).ok()?;
        metadata.is_file().then(|| Stat::of(&metadata))
    }

    /// Puts one of docgen's own files in its place, whole or not at all.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(super) fn put_own(&self, name: &str, bytes: &[u8]) -> Result<()> {
        self.own_made()
            .and_then(|own| StagingFolder(own).put_file(bytes, own, name.as_ref()))
            .map_err(|error| Error::io("write", &self.own_path(name), error))
    }

    /// Opens one of docgen's own files to write at its end.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(super) fn append_own(&self, name: &str) -> Result<File> {
        let mut options = OpenOptions::new();
        options.create(true).append(true).custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32);
        let open = || -> io::Result<File> { Ok(self.own_made()?.open_with(name, &options)?.into_std()) };
        let file = self.own_path(name);
        let mut opened = open().map_err(|error| Error::io("write", &file, error))?;
        // What else has this file by another name, in a copy made of hard links, is not docgen's to change.
        if opened.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.nlink() > 1) {
            self.put_own(name, &self.read_own(name)?.unwrap_or_default())?;
            opened = open().map_err(|error| Error::io("write", &file, error))?;
        }
        match opened.metadata() {
            Ok(metadata) if metadata.is_file() => Ok(opened),
            _ => Err(not_regular(&file, false)),
        }
    }

    /// Removes one of docgen's own files, if it is there.
    ///
    /// # Errors
    /// [`ErrorKind::Io`].
    pub(super) fn remove_own(&self, name: &str) -> Result<()> {
        // A folder that takes no changes says so also where there is nothing to remove.
        match self.own.get().filter(|own| own.symlink_metadata(name).is_ok()) {
            Some(own) => {
                own.remove_file(name).map_err(|error| Error::io("remove", &self.own_path(name), error))
            }
            None => Ok(()),
        }
    }

    /// docgen's own folder, made where it is missing.
    fn own_made(&self) -> io::Result<&Dir> {
        if let Some(own) = self.own.get() {
            return Ok(own);
        }
        match self.root.dir().create_dir(OWN) {
            Err(error) if error.kind() != Io::AlreadyExists => return Err(error),
            _ => {}
        }
        let own = self.root.dir().open_dir(OWN)?;
        Ok(self.own.get_or_init(|| own))
    }
}

/// Pages of one folder after another: each folder is opened once.
#[derive(Debug, Default)]
pub(super) struct PageStats {
    folder: Option<(String, Dir)>,
}

impl PageStats {
    /// What is known of the regular file in the place of a page, if there is one.
    pub(super) fn stat(&mut self, docs: &Docs, page: &PagePath) -> Option<Stat> {
        let (folder, name) = page.split();
        let metadata = if folder.is_empty() {
            docs.root.dir().symlink_metadata(name).ok()?
        } else {
            if self.folder.as_ref().is_none_or(|(known, _)| known != folder) {
                self.folder = Some((folder.to_owned(), docs.root.dir().open_dir(folder).ok()?));
            }
            self.folder.as_ref()?.1.symlink_metadata(name).ok()?
        };
        metadata.is_file().then(|| Stat::of(&metadata))
    }
}

fn in_the_way(file: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Ownership, format!("`{}` {why}, and docgen writes through none", file.display()))
        .at(Place::file(file))
        .hint("remove it; docgen makes it anew")
}
