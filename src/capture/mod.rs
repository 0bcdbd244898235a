//! The capture client: runs a command and records every exchange that it causes.
//!
//! The command gets a proxy and a certificate authority that exist for one run,
//! and everything it says over HTTP is written down as the wire carried it. This
//! is the only code that knows the network, and the only one that is
//! asynchronous; [`record`] is a plain function. Nothing here reads the
//! environment of docgen or prints: the caller says what the command gets and
//! shows what comes back. What it leaves out: writing the capture to disk.

mod beside;
mod content;
mod digest;
mod environment;
mod exchange;
mod ignored;
mod open_files;
mod peers;
mod places;
mod ports;
mod proxy;
mod record;
mod recorder;
mod runner;
mod sockets;
mod spool;
mod stopped;
mod stream;
mod temporary;
mod tls;
mod upstream;
mod watch;
mod web_socket;
mod wire;

use std::collections::HashMap;
use std::path::PathBuf;

pub use beside::{Background, run_beside};
pub use environment::{REPEATABLE, openrc};
pub use ports::{CapturePorts, Ports};
pub use proxy::Proxy;
pub use record::{Exchanges, Failure, Options, Progress, Recording, record, shown_without_secrets};
pub use runner::{CommandSpec, Program};
pub use stopped::Stopped;
pub use temporary::RecordingLock;
pub use watch::keep_connections;

use crate::error::Result;
use crate::text::Text;
use crate::trace::{Exchange, Trace};

/// How the proxy records.
#[derive(Clone, Debug)]
pub struct ProxyOptions {
    /// How many bytes of a body are kept; beyond it there are the length, the digest and the beginning.
    pub body_limit: usize,
    /// Takes any certificate of a server.
    pub insecure: bool,
    /// More certificates to trust than the system's: PEM files, or folders of such.
    pub certificates: Vec<PathBuf>,
    /// Hosts whose requests are passed on and not recorded, named as in `no_proxy`.
    pub ignore_hosts: Vec<String>,
    /// The proxies on the way to servers.
    pub upstream: UpstreamProxy,
    /// Where the temporary files go; they are nameless, or public.
    pub temp_dir: PathBuf,
    /// The ports of participants.
    pub ports: Option<CapturePorts>,
}

/// The proxies that the user has already, by the variables that name them.
#[derive(Clone, Debug, Default)]
pub struct UpstreamProxy {
    /// `http_proxy`.
    pub http: Option<String>,
    /// `https_proxy`.
    pub https: Option<String>,
    /// `no_proxy`.
    pub no_proxy: Option<String>,
}

impl Default for ProxyOptions {
    fn default() -> ProxyOptions {
        ProxyOptions {
            body_limit: 1 << 20,
            insecure: false,
            certificates: Vec::new(),
            ignore_hosts: Vec::new(),
            upstream: UpstreamProxy::default(),
            temp_dir: PathBuf::from("/tmp"),
            ports: None,
        }
    }
}

/// The exchanges that a proxy recorded, in the order of their requests, out of memory. They are not
/// redacted: [`Exchanges`] are.
pub struct Spooled {
    records: spool::Sealed,
    /// The processes that sent exchanges, by number of their records, as far as anybody looked.
    processes: HashMap<usize, sockets::Process>,
}

impl Spooled {
    /// The process that sent the exchange at this position, where it is known.
    fn process(&self, position: usize) -> Option<&sockets::Process> {
        self.processes.get(&self.records.number(position))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each exchange, read when it is asked for. `from` is the sender's name of those that came in at no
    /// participant's port, where it is known.
    ///
    /// # Errors
    /// Each may fail: the temporary file may not be readable any more.
    pub fn iter<'s>(
        &'s self,
        from: Option<&'s Text>,
    ) -> impl ExactSizeIterator<Item = Result<Exchange>> + 's {
        (0..self.len()).map(move |position| recorder::exchange(&self.records.read(position)?, from))
    }

    /// All of them at once.
    ///
    /// # Errors
    /// When the temporary file cannot be read any more.
    pub fn trace(&self, from: Option<&Text>) -> Result<Trace> {
        Ok(Trace { exchanges: self.iter(from).collect::<Result<_>>()?, ..Trace::default() })
    }
}
