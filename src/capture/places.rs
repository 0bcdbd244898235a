//! How many connections of a command the proxy carries at a time, so that each has the files that it needs.
//!
//! Where there are enough, nothing of this is ever noticed. Where there are not, a connection waits for a
//! place; one that is idle between two requests gives its own up, as any server may end an idle connection.
//! That is told once. What it leaves out: connections that carry something else than requests, which end
//! when they end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::open_files;
use super::recorder::Recorder;

/// Below this many places, a connection makes do with one connection to a server.
const FEW: usize = 64;

/// How long a connection that has carried nothing yet may keep its place from others.
const UNUSED: Duration = Duration::from_secs(1);

/// The places for connections.
pub(super) struct Places {
    limit: u64,
    count: usize,
    free: Arc<Semaphore>,
    wanted: Notify,
}

impl Places {
    /// As many as the limit on open files leaves room for.
    pub(super) fn new() -> Places {
        let (limit, room) = open_files::room();
        let count = room.min(Semaphore::MAX_PERMITS);
        Places { limit, count, free: Arc::new(Semaphore::new(count)), wanted: Notify::new() }
    }

    /// Whether every file counts.
    pub(super) fn are_few(&self) -> bool {
        self.count < FEW
    }

    /// Waits for a place.
    pub(super) async fn take(&self, recorder: &Recorder) -> OwnedSemaphorePermit {
        if let Ok(place) = self.free.clone().try_acquire_owned() {
            return place;
        }
        recorder.note(
            format!(
                "docgen may have {} files open at a time, which is enough for {} connections; the command opened \
                 more, so that some had to wait, and idle ones were closed",
                self.limit, self.count
            ),
            Some("raise the limit before you start docgen: `ulimit -n 4096`"),
        );
        self.wanted.notify_one();
        self.free.clone().acquire_owned().await.expect("the places are never closed")
    }

    /// Waits until another connection needs the place of one that is idle.
    pub(super) async fn is_wanted(&self, is_used: bool) {
        if !is_used {
            tokio::time::sleep(UNUSED).await;
        }
        self.wanted.notified().await;
    }
}
