//! Which processes send requests at the same time.
//!
//! A service that the command started sends its requests to the same proxy as the command. Only where two
//! requests are under way at a time one may be sent for the other, and only then the system is asked whose
//! they are: a client that does one thing after the other costs nothing. What it leaves out: what
//! follows from that ([`Exchanges::infer_senders`](super::Exchanges::infer_senders)).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::net::TcpStream;

use super::sockets::{self, Process};

/// A client's connection, by its two ends.
#[derive(Debug)]
pub(super) struct Peer {
    ends: Option<(SocketAddr, SocketAddr)>,
    process: OnceLock<Option<Process>>,
}

/// The connections that carry a request now.
#[derive(Default)]
pub(super) struct UnderWay(Mutex<Busy>);

#[derive(Default)]
struct Busy {
    peers: Vec<Arc<Peer>>,
    /// The processes that were found so far.
    known: Vec<u32>,
}

/// A request that is under way. Dropped, it is over.
pub(super) struct OneUnderWay<'u> {
    all: &'u UnderWay,
    peer: Arc<Peer>,
}

impl Peer {
    /// The one at the other end.
    pub(super) fn of(stream: &TcpStream) -> Peer {
        let ends = stream.peer_addr().ok().zip(stream.local_addr().ok());
        Peer { ends, process: OnceLock::new() }
    }

    /// Whose it is, where somebody looked.
    pub(super) fn process(&self) -> Option<&Process> {
        self.process.get()?.as_ref()
    }

    fn look(&self, known: &mut Vec<u32>) {
        let process = self.process.get_or_init(|| {
            let (client, here) = self.ends?;
            sockets::process(client, here, known)
        });
        if let Some(process) = process.as_ref().filter(|process| !known.contains(&process.id)) {
            known.push(process.id);
        }
    }
}

impl UnderWay {
    /// A request begins; where it is not alone, it is found out whose they are.
    pub(super) fn begin(&self, peer: Arc<Peer>) -> OneUnderWay<'_> {
        let Busy { peers, known } = &mut *self.busy();
        if !peers.is_empty() {
            peers.iter().chain([&peer]).for_each(|peer| peer.look(known));
        }
        peers.push(peer.clone());
        OneUnderWay { all: self, peer }
    }

    fn busy(&self) -> MutexGuard<'_, Busy> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OneUnderWay<'_> {
    fn drop(&mut self) {
        let peers = &mut self.all.busy().peers;
        if let Some(at) = peers.iter().position(|peer| Arc::ptr_eq(peer, &self.peer)) {
            peers.swap_remove(at);
        }
    }
}
