//! Renders again whenever something that pages are made of has changed.
//!
//! Whoever writes prose sees the page while they write: a builder that watches the docs folder
//! (`zensical serve`, `mkdocs serve`) shows what this puts there. What has changed is not asked for: every run
//! looks at all captures, and its cache makes it cheap, so that no event can be lost on the way to a page. What
//! this leaves out: telling anybody, which `src/cli` does with each run's [`Report`].

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Config, Event, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::folders;
use super::{Options, Report, render};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{is_hidden, or_here};

/// How long nothing may happen until a change is taken to be whole: an editor writes in several steps.
const QUIET: Duration = Duration::from_millis(8);
/// How long a change is waited for that does not come to rest.
const MOST: Duration = Duration::from_millis(50);
/// How long a file may be gone until it is taken to be removed: editors and `git checkout` put a new one in
/// its place.
const GONE: Duration = Duration::from_millis(300);
/// How often the folder of the captures is looked for, in case another one has its name.
const LOOK: Duration = Duration::from_secs(1);
/// The same while there is none.
const RETURN: Duration = Duration::from_millis(100);

/// Renders now, and from then on after every change below the folder of the captures and the trusted ones.
/// `tell` is called with what came of each run, and how long it took.
///
/// # Errors
/// Where there is nothing to watch, or no way to; what concerns one run is told, and the next one may mend it.
pub fn watch(options: &Options, tell: &mut dyn FnMut(Result<Report>, Duration)) -> Result<Infallible> {
    // What is wrong with the folders from the start does not mend itself.
    folders::open(&options.captures)?;
    loop {
        // Before the first look, so that no change falls between the two.
        let watched = Watched::new(options)?;
        loop {
            let started = Instant::now();
            match render(options, &|_, _| {}) {
                Err(error) if error.kind() == ErrorKind::Usage => return Err(error),
                made => tell(made, started.elapsed()),
            }
            if !watched.has_changed() {
                break;
            }
        }
        while folders::open(&options.captures).is_err() {
            std::thread::sleep(RETURN);
        }
    }
}

/// The folders that are watched.
struct Watched<'a> {
    options: &'a Options,
    /// What the folder of the captures is, to tell it from another of its name.
    identity: Option<(u64, u64)>,
    /// The watched folders, without links in their paths, as events name them.
    roots: Vec<PathBuf>,
    events: Receiver<notify::Result<Event>>,
    /// Watches as long as it is there.
    _watcher: RecommendedWatcher,
}

impl<'a> Watched<'a> {
    fn new(options: &'a Options) -> Result<Watched<'a>> {
        let (sender, events) = channel();
        // Nobody waits for what comes after the end.
        let send = move |event| drop(sender.send(event));
        let config = Config::default().with_follow_symlinks(false);
        let mut watcher =
            RecommendedWatcher::new(send, config).map_err(|error| unwatchable(&options.captures, &error))?;
        let mut roots = Vec::new();
        for folder in std::iter::once(&options.captures).chain(&options.trusted) {
            let folder = or_here(folder);
            let root = std::fs::canonicalize(folder).map_err(|error| Error::io("read", folder, error))?;
            watcher.watch(&root, RecursiveMode::Recursive).map_err(|error| unwatchable(folder, &error))?;
            roots.push(root);
        }
        Ok(Watched { options, identity: identity(&options.captures), roots, events, _watcher: watcher })
    }

    /// Waits until something has changed and come to rest. `false` where the folder of the captures is not the
    /// one that is watched any more.
    fn has_changed(&self) -> bool {
        let mut gone = BTreeSet::new();
        loop {
            match self.events.recv_timeout(LOOK) {
                Ok(event) => {
                    if self.note(event, &mut gone) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
            if identity(&self.options.captures) != self.identity {
                return false;
            }
        }
        let started = Instant::now();
        loop {
            let is_missing = gone.iter().any(|file: &PathBuf| file.symlink_metadata().is_err());
            let most = if is_missing { GONE } else { MOST };
            let left = most.saturating_sub(started.elapsed());
            let quiet = if is_missing { left } else { QUIET.min(left) };
            match self.events.recv_timeout(quiet) {
                Ok(event) => drop(self.note(event, &mut gone)),
                Err(_) => break,
            }
            if left.is_zero() {
                break;
            }
        }
        identity(&self.options.captures) == self.identity
    }

    /// Whether an event may change a page. Files that went are added to `gone`.
    fn note(&self, event: notify::Result<Event>, gone: &mut BTreeSet<PathBuf>) -> bool {
        // What could not be watched may have changed.
        let Ok(event) = event else { return true };
        let is_reading =
            matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
        if is_reading {
            return false;
        }
        let docs = std::fs::canonicalize(or_here(&self.options.docs)).ok();
        let own = event.paths.iter().filter(|path| self.may_be_read(path, docs.as_deref()));
        let own: Vec<&PathBuf> = own.collect();
        let is_expected_back = |path: &&&PathBuf| {
            path.extension()
                .is_some_and(|ending| ["md", "toml", "har", "log", "txt"].map(OsStr::new).contains(&ending))
                && path.symlink_metadata().is_err()
        };
        gone.extend(own.iter().filter(is_expected_back).map(|path| (*path).clone()));
        !own.is_empty() || event.need_rescan()
    }

    /// Whether docgen may read a file for a page: it is no hidden one, and no page.
    fn may_be_read(&self, path: &Path, docs: Option<&Path>) -> bool {
        let below = self.roots.iter().find_map(|root| path.strip_prefix(root).ok());
        let is_page = docs.is_some_and(|docs| {
            path.starts_with(docs) && !self.roots.iter().any(|root| root.starts_with(docs))
        });
        below.is_some_and(|below| !below.iter().any(is_hidden)) && !is_page
    }
}

/// What no other folder has. The folder is not opened: that would be an event.
fn identity(folder: &Path) -> Option<(u64, u64)> {
    let metadata = std::fs::metadata(or_here(folder)).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

fn unwatchable(folder: &Path, error: &notify::Error) -> Error {
    let hint = match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system watches no more files: raise it, on Linux by `sysctl fs.inotify.max_user_watches=524288`"
        }
        _ => "run `docgen render` after each change instead",
    };
    Error::new(ErrorKind::Io, format!("cannot watch `{}`: {error}", folder.display()))
        .at(Place::file(folder))
        .hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{CreateKind, ModifyKind, RemoveKind};

    #[test]
    fn only_what_a_page_is_made_of_counts() {
        let folder = tempfile::tempdir().unwrap();
        let captures = folder.path().join("captures");
        std::fs::create_dir_all(captures.join("docs")).unwrap();
        let options = Options { docs: captures.join("docs"), captures, ..Options::default() };
        let watched = Watched::new(&options).unwrap();
        let captures = &watched.roots[0];
        let counts = |kind: EventKind, path: &str| {
            watched.note(Ok(Event::new(kind).add_path(captures.join(path))), &mut BTreeSet::new())
        };
        let changed = EventKind::Modify(ModifyKind::Any);
        assert!(counts(changed, "a/page.md") && counts(EventKind::Remove(RemoveKind::File), "a/page.md"));
        assert!(counts(EventKind::Create(CreateKind::Folder), "b"));
        assert!(counts(EventKind::Access(AccessKind::Close(AccessMode::Write)), "a/page.md"));
        assert!(!counts(EventKind::Access(AccessKind::Read), "a/page.md"));
        assert!(!counts(changed, "a/.page.md.swp") && !counts(changed, ".docgen/run"));
        assert!(!counts(changed, "docs/a.md"));
    }
}
