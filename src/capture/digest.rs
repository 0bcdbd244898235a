//! The SHA-256 of a body that streams, without making it wait.
//!
//! Digesting takes longer than passing on, so a thread does it while the next
//! piece is read. The queue to it is short: where the network is faster than the
//! digest, the network waits, and memory does not grow.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use ring::digest::{self, Context, SHA256};

/// What goes to the thread at once, and how many of these may wait.
const PIECE: usize = 128 << 10;
const QUEUE: usize = 8;

/// A digest in the making.
pub(crate) enum Digest {
    /// By a thread.
    Aside {
        pending: Vec<u8>,
        queue: SyncSender<Vec<u8>>,
        /// Pieces that are done with: new memory for each would cost as much as the copy into it.
        spare: Receiver<Vec<u8>>,
        thread: JoinHandle<digest::Digest>,
    },
    /// By whoever has the bytes, when there can be no thread.
    Inline(Box<Context>),
}

impl Digest {
    /// That of no bytes yet.
    pub(crate) fn new() -> Digest {
        let (queue, pieces) = sync_channel(QUEUE);
        let (done, spare) = channel();
        match Builder::new().name("digest".to_owned()).spawn(move || digest_all(&pieces, &done)) {
            Ok(thread) => Digest::Aside { pending: Vec::new(), queue, spare, thread },
            Err(_) => Digest::Inline(Box::new(Context::new(&SHA256))),
        }
    }

    /// Adds bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        match self {
            Digest::Inline(context) => context.update(bytes),
            Digest::Aside { pending, queue, spare, .. } => {
                for piece in bytes.chunks(PIECE) {
                    if pending.len() + piece.len() > PIECE {
                        let empty = spare.try_recv().unwrap_or_else(|_| Vec::with_capacity(PIECE));
                        let full = std::mem::replace(pending, empty);
                        // The thread takes pieces until the queue is dropped.
                        let _ = queue.send(full);
                    }
                    pending.extend_from_slice(piece);
                }
            }
        }
    }

    /// The digest of all.
    pub(crate) fn finish(self) -> digest::Digest {
        match self {
            Digest::Inline(context) => context.finish(),
            Digest::Aside { pending, queue, thread, .. } => {
                let _ = queue.send(pending);
                drop(queue);
                thread.join().expect("digesting does not panic")
            }
        }
    }
}

fn digest_all(pieces: &Receiver<Vec<u8>>, done: &Sender<Vec<u8>>) -> digest::Digest {
    let mut context = Context::new(&SHA256);
    for mut piece in pieces {
        context.update(&piece);
        piece.clear();
        // Nobody wants it after the last.
        let _ = done.send(piece);
    }
    context.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_give_the_same() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect();
        let expected = digest::digest(&SHA256, &bytes);
        for cut in [7, 1000, PIECE - 1, PIECE, PIECE + 1, 2_000_000] {
            for mut digest in [Digest::new(), Digest::Inline(Box::new(Context::new(&SHA256)))] {
                bytes.chunks(cut).for_each(|piece| digest.update(piece));
                assert_eq!(digest.finish().as_ref(), expected.as_ref(), "{cut}");
            }
        }
    }
}
