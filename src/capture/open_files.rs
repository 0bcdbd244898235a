//! How many files docgen may have open, and so how many connections it carries at a time.
//!
//! A connection is two files at least, one to the client and one to the server, so a proxy needs more of
//! them than its client does. The limit is raised as far as the system lets a user raise it, and the
//! command gets the one that it would have had without docgen. Where it is still low, connections wait in
//! the queue of the system until others are over: one that was accepted and could not reach its server for
//! want of a file would be an error that the server never made.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is open besides connections: the output, the input, the signals, the spool, and what the names of
/// hosts are looked up with.
const OTHERS: u64 = 12;

/// How many files a connection needs at most: to its client, to its server, and to look up the server's name.
const OF_A_CONNECTION: u64 = 3;

/// The limit, raised until this is dropped.
#[derive(Debug)]
pub(crate) struct OpenFiles {
    before: Rlimit,
    raised: Rlimit,
}

impl OpenFiles {
    /// Raises the limit as far as it goes.
    pub(crate) fn raise() -> OpenFiles {
        let before = getrlimit(Resource::Nofile);
        let raised = Rlimit { current: before.maximum, maximum: before.maximum };
        let files = OpenFiles { before, raised };
        files.set(files.raised);
        files
    }

    /// What `start` gives, which runs with the limit as it was.
    pub(crate) fn as_before<T>(&self, start: impl FnOnce() -> T) -> T {
        self.set(self.before);
        let started = start();
        self.set(self.raised);
        started
    }

    fn set(&self, limit: Rlimit) {
        // A system may have a lower limit of its own (macOS: `kern.maxfilesperproc`); then it stays as it is.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

impl Drop for OpenFiles {
    fn drop(&mut self) {
        self.set(self.before);
    }
}

/// The limit on open files, and how many connections it leaves room for: at least one.
pub(crate) fn room() -> (u64, usize) {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    // Three standard streams where the system does not tell.
    let open = std::fs::read_dir("/dev/fd").map_or(3, |entries| entries.count() as u64);
    let free = limit.saturating_sub(open + OTHERS);
    (limit, usize::try_from(free / OF_A_CONNECTION).unwrap_or(usize::MAX).max(1))
}
