//! The ports of participants: what comes in at one is sent by the service that it is for.
//!
//! A service is started with `http_proxy` set to its port, long before a command is recorded, so a port
//! is at a fixed place and known before the run. The ports are open for as long as docgen records one
//! capture after the other, in a thread of their own. While a capture runs that knows a port, its
//! connections are handed to that capture's proxy; what comes in otherwise is passed on, counted, and not
//! recorded. Whoever may use a port without a password is told by the system: processes of the user who
//! runs docgen, and root. What it leaves out: what is said on a connection ([`proxy`](super::proxy)).

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::proxy::{self, Context, GRACE};
use super::{ProxyOptions, sockets};
use crate::error::{Error, ErrorKind, Result, counted};
use crate::settings::Port;
use crate::text::Text;

/// What says which password opens the ports to other users, for a hint.
const PASSWORD_HINT: &str = "start the service with http_proxy=http://docgen:PASSWORD@ADDRESS, and docgen with the same \
     password in DOCGEN_PROXY_PASSWORD";

/// Ports that are open. Dropped, they are closed.
#[derive(Debug)]
pub struct Ports {
    shared: Arc<Shared>,
    stop: watch::Sender<()>,
    thread: Option<JoinHandle<Vec<Error>>>,
}

struct Shared {
    addresses: Vec<SocketAddr>,
    /// What a process of another user has to know.
    password: Option<String>,
    /// The capture that runs now.
    taker: Mutex<Option<Taker>>,
    arriving: mpsc::UnboundedSender<Arrived>,
    /// Changes when idle connections have to come again.
    idle: watch::Sender<()>,
    /// How many requests were turned away while no capture ran.
    refused: AtomicUsize,
}

/// A capture that takes connections.
struct Taker {
    senders: HashMap<SocketAddr, Text>,
    connections: mpsc::UnboundedSender<(Arrived, Text)>,
}

/// A connection that came in.
pub(super) struct Arrived {
    stream: StdStream,
    address: SocketAddr,
}

/// The ports that one capture knows.
#[derive(Clone, Debug)]
pub struct CapturePorts {
    shared: Arc<Shared>,
    senders: HashMap<SocketAddr, Text>,
}

/// The connections that a capture gets.
pub(super) struct Guests {
    shared: Arc<Shared>,
    connections: mpsc::UnboundedReceiver<(Arrived, Text)>,
}

/// Through which port a client came.
pub(super) struct Door {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Who sends what comes in; `None` while no capture knows the port.
    pub(super) from: Option<Text>,
    is_of_own_user: std::sync::OnceLock<bool>,
    ends: Option<(SocketAddr, SocketAddr)>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

impl Ports {
    /// Opens each of `ports` once. `password` lets in processes of other users; `options` say how requests
    /// are passed on that belong to no capture.
    ///
    /// # Errors
    /// With the place in the settings, a port that cannot be listened on, and one without a password where
    /// the system does not tell whose a connection is.
    pub fn open(
        ports: &[Port],
        password: Option<String>,
        options: &ProxyOptions,
    ) -> Result<Ports, Vec<Error>> {
        let mut listeners: Vec<StdListener> = Vec::new();
        let (mut addresses, mut errors): (Vec<SocketAddr>, Vec<Error>) = (Vec::new(), Vec::new());
        for port in ports {
            let address = port.address.address();
            if addresses.contains(&address) {
                continue;
            }
            addresses.push(address);
            if password.is_none() && !sockets::are_listed() {
                let message = format!("this system does not tell docgen who comes to {address}");
                let hint = PASSWORD_HINT.replace("ADDRESS", &address.to_string());
                errors.push(Error::new(ErrorKind::Setting, message).at(port.place.clone()).hint(hint));
                continue;
            }
            match listen(address) {
                Ok(listener) => listeners.push(listener),
                Err(error) => errors.push(not_open(port, error)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ports::serve(listeners, addresses, password, options).map_err(|error| vec![error])
    }

    fn serve(
        listeners: Vec<StdListener>,
        addresses: Vec<SocketAddr>,
        password: Option<String>,
        options: &ProxyOptions,
    ) -> Result<Ports> {
        let failed = |error| Error::new(ErrorKind::Capture, format!("cannot open the ports: {error}"));
        let (arriving, arrived) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            addresses,
            password,
            taker: Mutex::default(),
            arriving,
            idle: watch::channel(()).0,
            refused: AtomicUsize::new(0),
        });
        // Nothing of what is passed on is anybody's.
        let options = ProxyOptions { ignore_hosts: vec!["*".to_owned()], ports: None, ..options.clone() };
        let context = Context::new(&options, shared.addresses.clone())?.0;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (stop, stopped) = watch::channel(());
        let serving = serve_between(listeners, shared.clone(), Arc::new(context), arrived, stopped);
        let thread = std::thread::Builder::new()
            .name("ports".to_owned())
            .spawn(move || runtime.block_on(serving))
            .map_err(failed)?;
        Ok(Ports { shared, stop, thread: Some(thread) })
    }

    /// Those of a capture's settings.
    ///
    /// # Errors
    /// With its place, a port that is to be of two participants.
    pub fn of_capture(&self, ports: &[Port]) -> Result<CapturePorts> {
        let mut senders: HashMap<SocketAddr, Text> = HashMap::new();
        for port in ports {
            let address = port.address.address();
            if let Some(other) = senders.insert(address, port.participant.as_str().into()) {
                let message = format!(
                    "{address} cannot tell `{other}` from `{}`: each needs a port of its own",
                    port.participant
                );
                return Err(Error::new(ErrorKind::Setting, message).at(port.place.clone()));
            }
        }
        Ok(CapturePorts { shared: self.shared.clone(), senders })
    }

    /// Closes them, and says what came in that belongs to no capture.
    pub fn close(mut self) -> Vec<Error> {
        self.end()
    }

    fn end(&mut self) -> Vec<Error> {
        let _ = self.stop.send(());
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        self.end();
    }
}

fn listen(address: SocketAddr) -> std::io::Result<StdListener> {
    let listener = StdListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn not_open(port: &Port, error: std::io::Error) -> Error {
    let address = port.address.address();
    let (message, hint) = match error.kind() {
        std::io::ErrorKind::AddrInUse => (
            format!("the port {address} of `{}` is in use", port.participant),
            "another docgen may be recording, or another program listens there (`ss -ltnp` names it); end it, \
             or choose another port here and for the service",
        ),
        _ => (
            format!("cannot listen on {address} for `{}`: {error}", port.participant),
            "choose another port, from 1024 on, here and for the service",
        ),
    };
    Error::new(ErrorKind::Capture, message).at(port.place.clone()).hint(hint).with_source(error)
}

/// Hands connections to the capture that runs, and serves the others, until it is stopped.
async fn serve_between(
    listeners: Vec<StdListener>,
    shared: Arc<Shared>,
    context: Arc<Context>,
    mut arrived: mpsc::UnboundedReceiver<Arrived>,
    mut stopped: watch::Receiver<()>,
) -> Vec<Error> {
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, shared.arriving.clone()));
    }
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            Some(one) = arrived.recv() => {
                let Some(one) = shared.hand_on(one) else { continue };
                let (context, closing) = (context.clone(), shared.idle.subscribe());
                if let Some((stream, door)) = one.enter(&shared, None) {
                    connections.spawn(async move { proxy::serve(&context, stream, door, closing).await });
                }
            }
        }
    }
    accepting.shutdown().await;
    shared.idle.send_replace(());
    let ended = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, ended).await.is_err() {
        connections.shutdown().await;
    }
    let passed = context.left_out().map(|counts| {
        Error::new(
            ErrorKind::Capture,
            format!("passed on and not recorded, since no capture of it ran: {counts}, through the ports of participants"),
        )
    });
    let refused = shared.refused.load(Ordering::Relaxed);
    let refused = (refused > 0).then(|| {
        Error::new(
            ErrorKind::Capture,
            format!("{} of other users' processes came to the ports of participants without the password while no capture ran, and got the answer 407", counted(refused, "request")),
        )
        .hint(PASSWORD_HINT)
    });
    passed.into_iter().chain(refused).collect()
}

async fn accept(listener: StdListener, arriving: mpsc::UnboundedSender<Arrived>) {
    let (Ok(address), Ok(listener)) = (listener.local_addr(), TcpListener::from_std(listener)) else {
        return;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Ok(stream) = stream.into_std()
                    && arriving.send(Arrived { stream, address }).is_err()
                {
                    return;
                }
            }
            // The system has no more files, say; others give theirs back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

impl Shared {
    fn taker(&self) -> MutexGuard<'_, Option<Taker>> {
        self.taker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a connection to the capture that runs; gives it back where none takes it.
    fn hand_on(&self, arrived: Arrived) -> Option<Arrived> {
        let taker = self.taker();
        let taken =
            taker.as_ref().and_then(|taker| Some((taker, taker.senders.get(&arrived.address)?.clone())));
        match taken {
            Some((taker, from)) => taker.connections.send((arrived, from)).err().map(|back| back.0.0),
            None => Some(arrived),
        }
    }
}

impl Arrived {
    /// The connection with what is known of it, for the runtime of the caller.
    fn enter(self, shared: &Arc<Shared>, from: Option<Text>) -> Option<(TcpStream, Door)> {
        let stream = TcpStream::from_std(self.stream).ok()?;
        let ends = stream.peer_addr().ok().zip(stream.local_addr().ok());
        let is_of_own_user = std::sync::OnceLock::new();
        Some((stream, Door { shared: shared.clone(), address: self.address, from, is_of_own_user, ends }))
    }
}

impl CapturePorts {
    /// Where all ports are, also those that this capture does not know.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }

    /// Takes what comes in from now on.
    pub(super) fn take(&self) -> Guests {
        let (sender, connections) = mpsc::unbounded_channel();
        *self.shared.taker() = Some(Taker { senders: self.senders.clone(), connections: sender });
        // A request of this capture must not come over a connection from before it.
        self.shared.idle.send_replace(());
        Guests { shared: self.shared.clone(), connections }
    }
}

impl Guests {
    /// The next connection.
    pub(super) async fn next(&mut self) -> Option<(TcpStream, Door)> {
        loop {
            let (arrived, from) = self.connections.recv().await?;
            if let Some(entered) = arrived.enter(&self.shared, Some(from)) {
                return Some(entered);
            }
        }
    }
}

impl Drop for Guests {
    fn drop(&mut self) {
        *self.shared.taker() = None;
        self.connections.close();
        // What came too late for this capture is not lost.
        while let Ok((arrived, _)) = self.connections.try_recv() {
            let _ = self.shared.arriving.send(arrived);
        }
    }
}

impl Door {
    /// Whether a client with this value of `Proxy-Authorization`, if any, may use the port.
    pub(super) fn admits(&self, credentials: Option<&[u8]>) -> bool {
        self.knows_password(credentials) || *self.is_of_own_user.get_or_init(|| self.is_of_own_user())
    }

    fn is_of_own_user(&self) -> bool {
        let user = self.ends.and_then(|(client, here)| sockets::user(client, here));
        user.is_some_and(|user| user == 0 || user == rustix::process::geteuid().as_raw())
    }

    fn knows_password(&self, credentials: Option<&[u8]>) -> bool {
        let (Some(password), Some(credentials)) = (&self.shared.password, credentials) else { return false };
        let encoded = credentials.strip_prefix(b"Basic ").or_else(|| credentials.strip_prefix(b"basic "));
        let decoded =
            encoded.and_then(|encoded| base64::prelude::BASE64_STANDARD.decode(encoded.trim_ascii()).ok());
        let Some(decoded) = decoded else { return false };
        let given = memchr::memchr(b':', &decoded).map_or(&[][..], |colon| &decoded[colon + 1..]);
        proxy::is_same_secret(given, password.as_bytes())
    }

    /// What is said of a client that was turned away, and what to do; `None` where it is counted only.
    pub(super) fn refuse(&self, wanted: &str) -> Option<(String, String)> {
        let Some(from) = &self.from else {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let message = format!(
            "a process of another user came to the port of {from} without the password, and was answered 407: {wanted}"
        );
        Some((message, PASSWORD_HINT.replace("ADDRESS", &self.address.to_string())))
    }
}
