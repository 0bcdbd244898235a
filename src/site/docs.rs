//! The docs folder, and docgen's own folder in it.
//!
//! A page is reached by its [`PagePath`] through no link that leads out of the docs folder. What this
//! leaves out: what docgen notes for itself there ([`OwnFolder`]).

use std::io::{self, ErrorKind as Io};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, Metadata, OpenOptionsExt as _};
use rustix::fs::{Mode, OFlags};

use super::file_state::Stat;
use super::page_path::PagePath;
use crate::error::{Error, ErrorKind, Result};
use crate::files::own_folder::OwnFolder;
use crate::files::whole::StagingFolder;
use crate::files::{LARGEST_TRACE, Root, for_reading, read_whole};

/// A docs folder.
#[derive(Debug)]
pub(super) struct Docs {
    root: Root,
    own: OwnFolder,
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
        docs.own.remove_leftovers();
        Ok(docs)
    }

    fn of(root: Root, lock: Option<OwnedFd>) -> Result<Docs> {
        let own = OwnFolder::of(&root)?;
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
        self.own
            .made()
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
        let made = StagingFolder(self.own.made()?).put_folder(pages, self.root.dir(), folder.as_ref())?;
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

    /// docgen's own folder in it.
    pub(super) fn own(&self) -> &OwnFolder {
        &self.own
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
