//! The recording proxy: connections of clients to exchanges.
//!
//! An HTTP/1.1 forward proxy on loopback, on a port that the system chooses. It
//! takes requests in the absolute form and CONNECT; inside CONNECT it finds out
//! what is spoken: HTTP is recorded, TLS is opened with a certificate made for
//! the run and what is inside is recorded, all else passes and is noted. Who does
//! not know the credentials of the run is turned away, so that another user of
//! the machine can neither use nor fill the recording.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;

use super::exchange::{Outcome, is_reset, pass};
use super::ignored::{Ignored, Kind};
use super::peers::{Peer, UnderWay};
use super::places::Places;
use super::ports::{CapturePorts, Door, Guests};
use super::recorder::{DISTRUST_HINT, PendingExchange, Recorder};
use super::spool::Spool;
use super::stream::{Conn, Prefixed, Reader, Stream};
use super::tls::{Authority, HTTP_1_0, HTTP_1_1, Roots};
use super::upstream::{Connector, Refusal, Server};
use super::web_socket::Frames;
use super::wire;
use super::{ProxyOptions, Spooled};
use crate::error::{Error, ErrorKind, Result};
use crate::trace::UrlParts;

/// How long what is under way may take after the command has ended.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// How long a client that is turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many idle connections to servers a client's connection keeps, where docgen may have files enough open.
const IDLE_SERVERS: usize = 4;

/// How a connection of HTTP/2 begins (RFC 9113, section 3.4), as far as it cannot be HTTP/1.1.
const HTTP_2: &[u8] = b"PRI * HTTP/2";

/// The fields that are between a client and its proxy only.
const HOP_FIELDS: [&str; 2] = ["Proxy-Authorization", "Proxy-Connection"];

/// A proxy that listens.
pub struct Proxy {
    context: Arc<Context>,
    address: SocketAddr,
    password: String,
    trusted: String,
    closing: watch::Sender<()>,
    accepting: tokio::task::JoinHandle<JoinSet<()>>,
}

/// What all connections share.
pub(super) struct Context {
    recorder: Recorder,
    authority: Authority,
    connector: Connector,
    /// The value of `Proxy-Authorization` that lets a client in.
    credentials: String,
    /// Where docgen itself listens.
    own: Vec<SocketAddr>,
    places: Places,
    /// The connections that carry a request now, of clients that no port tells.
    under_way: UnderWay,
    ignored: Ignored,
}

impl Proxy {
    /// Starts to listen on `127.0.0.1`, and to take what comes in at the ports of participants.
    ///
    /// # Errors
    /// When the system gives no port, a file of certificates cannot be read, or the proxy of the
    /// environment is none that docgen can use.
    pub async fn start(options: &ProxyOptions) -> Result<Proxy> {
        let listen = |error: std::io::Error| {
            Error::new(ErrorKind::Capture, format!("cannot listen on 127.0.0.1: {error}")).with_source(error)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let mut own = vec![address];
        own.extend(options.ports.iter().flat_map(|ports| ports.addresses()));
        let (context, Credentials { password, trusted }) = Context::new(options, own)?;
        let context = Arc::new(context);
        let (closing, closed) = watch::channel(());
        let guests = options.ports.as_ref().map(CapturePorts::take);
        let accepting = tokio::spawn(accept(listener, guests, context.clone(), closed));
        Ok(Proxy { context, address, password, trusted, closing, accepting })
    }

    /// The URL for `http_proxy` and `https_proxy`, with the credentials of the run.
    pub fn url(&self) -> String {
        format!("http://docgen:{}@{}", self.password, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where docgen listens: there, and at the ports of participants.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.context.own
    }

    /// What a client must not show: the password of [`Proxy::url`].
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The certificates that a client has to trust, in PEM: the run's authority, and all that
    /// docgen trusts.
    pub fn trusted(&self) -> &str {
        &self.trusted
    }

    /// How many exchanges are complete so far.
    pub fn exchanges(&self) -> usize {
        self.context.recorder.count()
    }

    /// Stops to listen, lets what is under way end for two seconds, and gives what was recorded.
    ///
    /// # Errors
    /// When the recording could not be kept, because a disk is full for example.
    pub async fn finish(self) -> Result<(Spooled, Vec<Error>)> {
        let _ = self.closing.send(());
        let mut connections = self.accepting.await.unwrap_or_default();
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            connections.shutdown().await;
        }
        let context = Arc::into_inner(self.context).expect("every task that shares it has ended");
        let left_out = context.ignored.told();
        let (spooled, mut notes) = context.recorder.finish()?;
        notes.extend(left_out);
        Ok((spooled, notes))
    }
}

/// What a client of the run has to know.
pub(super) struct Credentials {
    password: String,
    /// The certificates that it has to trust, in PEM.
    trusted: String,
}

impl Context {
    /// What connections need, with new credentials; docgen itself listens at `own`.
    pub(super) fn new(options: &ProxyOptions, own: Vec<SocketAddr>) -> Result<(Context, Credentials)> {
        let random = SystemRandom::new();
        let mut password = [0; 24];
        random
            .fill(&mut password)
            .map_err(|_| Error::new(ErrorKind::Capture, "the system gives no random numbers"))?;
        let password = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(password);
        let credentials = base64::engine::general_purpose::STANDARD.encode(format!("docgen:{password}"));

        let roots = Roots::load(&options.certificates)?;
        let authority = Authority::new()?;
        let trusted = authority.pem() + &roots.pem();
        let connector = Connector::new(roots.client(options.insecure)?, &options.upstream)?;
        if let Some(itself) = connector.proxies().find(|server| is_own(&own, server)) {
            return Err(Error::new(
                ErrorKind::Capture,
                format!(
                    "http_proxy or https_proxy of docgen's own environment leads to docgen itself, {itself}"
                ),
            )
            .hint("set it for the service alone, which is to be recorded there"));
        }
        let context = Context {
            recorder: Recorder::new(Spool::new(&options.temp_dir, &random)?, options.body_limit),
            authority,
            connector,
            credentials: format!("Basic {credentials}"),
            own,
            places: Places::new(),
            under_way: UnderWay::default(),
            ignored: Ignored::new(&options.ignore_hosts, Spool::new(&options.temp_dir, &random)?)?,
        };
        Ok((context, Credentials { password, trusted }))
    }

    /// What went to hosts that are ignored, counted.
    pub(super) fn left_out(&self) -> Option<String> {
        self.ignored.counts()
    }
}

/// Whether docgen itself listens at `server`.
fn is_own(own: &[SocketAddr], server: &Server) -> bool {
    is_loopback(&server.host) && own.iter().any(|address| address.port() == server.port)
}

/// Whether two secrets are the same, in a time that depends on their lengths alone.
pub(super) fn is_same_secret(given: &[u8], expected: &[u8]) -> bool {
    given.len() == expected.len()
        && given.iter().zip(expected).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Serves a connection that came in at the port of a participant.
pub(super) async fn serve(context: &Context, stream: TcpStream, door: Door, closing: watch::Receiver<()>) {
    Client { context, closing, is_ignored: false, door: Some(door), peer: None }.serve(stream).await;
}

async fn accept(
    listener: TcpListener,
    mut guests: Option<Guests>,
    context: Arc<Context>,
    mut closing: watch::Receiver<()>,
) -> JoinSet<()> {
    // Handles are kept: what nobody holds is dropped, with the exchange that it carries.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = closing.changed() => return connections,
            Some(_) = connections.join_next() => {}
            accepted = next(&listener, guests.as_mut()) => match accepted {
                Ok((stream, door)) => {
                    let place = tokio::select! {
                        biased;
                        place = context.places.take(&context.recorder) => place,
                        _ = closing.changed() => return connections,
                    };
                    let (context, closing) = (context.clone(), closing.clone());
                    connections.spawn(async move {
                        let peer = door.is_none().then(|| Arc::new(Peer::of(&stream)));
                        let client = Client { context: &context, closing, is_ignored: false, door, peer };
                        client.serve(stream).await;
                        drop(place);
                    });
                }
                // The system has no more files, say: those who have one go on and give it back.
                Err(error) => {
                    let message = format!("a connection of the command had to wait: {error}");
                    context.recorder.note(message, Some("the limits of the system are low, or other programs use them up"));
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            },
        }
    }
}

/// The next connection, and through which participant's port it came, if through one.
async fn next(
    listener: &TcpListener,
    guests: Option<&mut Guests>,
) -> std::io::Result<(TcpStream, Option<Door>)> {
    let guest = async {
        match guests {
            Some(guests) => guests.next().await,
            None => None,
        }
    };
    tokio::select! {
        accepted = listener.accept() => Ok((accepted?.0, None)),
        Some((stream, door)) = guest => Ok((stream, Some(door))),
    }
}

/// One client's connection.
struct Client<'c> {
    context: &'c Context,
    closing: watch::Receiver<()>,
    /// Nothing is recorded of what it carries now.
    is_ignored: bool,
    /// The participant's port through which it came.
    door: Option<Door>,
    /// Who came, where no port tells.
    peer: Option<Arc<Peer>>,
}

/// What a client's connection leads to.
enum Scope {
    /// To wherever each request says.
    Proxy,
    /// To one server, after CONNECT; the connection is open already, or could not be opened.
    Tunnel(Server, Option<Result<Conn, Refusal>>),
}

/// The idle connections to servers that belong to one client's connection.
#[derive(Default)]
struct Pool(Vec<(Server, Conn)>);

impl Pool {
    /// One that still stands.
    async fn take(&mut self, server: &Server) -> Option<Conn> {
        while let Some(at) = self.0.iter().position(|(to, _)| to == server) {
            let (_, mut conn) = self.0.swap_remove(at);
            if conn.is_quiet().await {
                return Some(conn);
            }
        }
        None
    }

    /// Keeps one that is idle, of `most` at a time.
    fn put(&mut self, server: Server, conn: Conn, most: usize) {
        if self.0.len() == most {
            self.0.remove(0);
        }
        self.0.push((server, conn));
    }
}

impl<'c> Client<'c> {
    async fn serve(mut self, stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        self.requests(Conn::new(Stream::plain(stream)), Scope::Proxy).await;
    }

    /// What keeps what is said and done now.
    fn recorder(&self) -> &'c Recorder {
        if self.is_ignored { &self.context.ignored.recorder } else { &self.context.recorder }
    }

    fn idle_servers(&self) -> usize {
        if self.context.places.are_few() { 1 } else { IDLE_SERVERS }
    }

    /// Serves one request after the other, until either side has enough.
    async fn requests(&mut self, mut client: Conn, scope: Scope) {
        let mut pool = Pool::default();
        let (tunnel, mut refusal) = match scope {
            Scope::Proxy => (None, None),
            Scope::Tunnel(server, None) => (Some(server), None),
            Scope::Tunnel(server, Some(Ok(conn))) => {
                pool.put(server.clone(), conn, 1);
                (Some(server), None)
            }
            Scope::Tunnel(server, Some(Err(refusal))) => (Some(server), Some(refusal)),
        };
        let mut is_used = false;
        while let Some(started) = self.begins(&mut client, is_used).await {
            is_used = true;
            let end = match client.reader.head().await {
                Ok(end) if end > 0 => end,
                Ok(_) => {
                    let line = first_line(&client.reader.buffer);
                    let message = format!("the command began a request and went away: {line}");
                    return self.recorder().note(message, None);
                }
                Err(error) => {
                    let line = first_line(&client.reader.buffer);
                    return self.reject(client, &line, &error.to_string()).await;
                }
            };
            let bytes = client.reader.buffer[..end].to_vec();
            bytes::Buf::advance(&mut client.reader.buffer, end);
            let head = match wire::request(&bytes) {
                Ok(head) => head,
                Err(why) => return self.reject(client, &first_line(&bytes), why).await,
            };
            let (server, url, forward) = match &tunnel {
                Some(server) => {
                    let scheme = if server.tls { "https" } else { "http" };
                    let url = match head.target.starts_with('/') {
                        true => format!("{scheme}://{}{}", server.authority(), head.target),
                        false => format!("{scheme}://{}/{}", server.authority(), head.target),
                    };
                    if server.tls {
                        self.recorder().served(&server.to_string());
                    }
                    (server.clone(), url, bytes)
                }
                None => {
                    let wanted = || format!("{} {}", head.method, without_query(&head.target));
                    if !self.is_admitted(&bytes) {
                        match self.door.as_ref().map(|door| door.refuse(&wanted())) {
                            None => self.recorder().challenged(&wanted()),
                            Some(Some((message, hint))) => self.recorder().untrue(message, &hint),
                            Some(None) => {}
                        }
                        return self.ask_for_credentials(client).await;
                    }
                    self.recorder().admitted(wanted);
                    if head.method == "CONNECT" {
                        return Box::pin(self.connect(client, &head.target)).await;
                    }
                    let Some(Destination { server, url, origin }) = destination(&bytes, &head) else {
                        let why = "a proxy takes absolute URLs of http and https only";
                        return self.reject(client, &first_line(&bytes), why).await;
                    };
                    if is_own(&self.context.own, &server) {
                        let why = "this is docgen's recording proxy itself";
                        return self.reject(client, &first_line(&bytes), why).await;
                    }
                    let forward = origin_form(&bytes, &head, &origin);
                    self.is_ignored = self.context.ignored.takes(&server, Kind::Request);
                    (server, url, forward)
                }
            };
            let mut exchange = PendingExchange::new(self.recorder(), started, url);
            exchange.peer.clone_from(&self.peer);
            let _under_way = self.peer.clone().map(|peer| self.context.under_way.begin(peer));
            exchange.from = self.door.as_ref().and_then(|door| door.from.clone());
            exchange.request_head = match wire::without_h2c(&forward) {
                Some(forward) => {
                    self.recorder().note(
                        "the command offered to go on in HTTP/2 (`Upgrade: h2c`), and docgen did not pass the offer on",
                        None,
                    );
                    forward
                }
                None => forward,
            };
            if let Some(refusal) = refusal.take() {
                return self.refuse(client, exchange, refusal).await;
            }
            match self.exchange(client, &mut pool, server, &head, exchange).await {
                Some(same) => client = same,
                None => return,
            }
        }
    }

    /// Waits for the first byte of a request, and gives its time; `None` when none will come, or another
    /// connection needs the place of this one.
    async fn begins(&mut self, client: &mut Conn, is_used: bool) -> Option<crate::trace::Micros> {
        loop {
            let blank = wire::leading_empty_lines(&client.reader.buffer);
            bytes::Buf::advance(&mut client.reader.buffer, blank);
            if !client.reader.buffer.is_empty() {
                return Some(self.context.recorder.now());
            }
            tokio::select! {
                biased;
                read = client.reader.fill() => match read {
                    Ok(0) | Err(_) => return None,
                    Ok(_) => {}
                },
                _ = self.closing.changed() => return None,
                () = self.context.places.is_wanted(is_used) => return None,
            }
        }
    }

    /// Carries one exchange; gives the client's connection back if another may follow.
    async fn exchange(
        &mut self,
        mut client: Conn,
        pool: &mut Pool,
        server: Server,
        head: &wire::RequestHead,
        mut exchange: PendingExchange<'_>,
    ) -> Option<Conn> {
        let mut reused = pool.take(&server).await;
        let (outcome, conn) = loop {
            let is_reused = reused.is_some();
            let mut conn = match reused.take() {
                Some(conn) => conn,
                None => match self.open(pool, &server).await {
                    Ok(conn) => conn,
                    Err(refusal) => {
                        self.refuse(client, exchange, refusal).await;
                        return None;
                    }
                },
            };
            let forward = self.as_sent(&server, head, &exchange.request_head);
            match pass(&mut client, &mut conn, head, forward, &mut exchange).await {
                // The server closed an idle connection just when it was used again.
                Outcome::Silent(_)
                    if is_reused && head.framing == wire::Framing::Empty && is_idempotent(&head.method) => {}
                outcome => break (outcome, conn),
            }
        };
        let url = exchange.shown();
        match outcome {
            // What ended its side may have left altogether: then what it was sent is refused.
            Outcome::Complete { .. } if *exchange.client_ended.get_mut() => {
                if client.ends_broken() {
                    exchange.cut_by_client();
                }
                exchange.conclude();
            }
            Outcome::Complete { goes_on } => {
                exchange.conclude();
                drop(exchange);
                if goes_on {
                    pool.put(server, conn, self.idle_servers());
                    return Some(client);
                }
                self.farewell(client).await;
            }
            Outcome::Upgraded => {
                exchange.conclude();
                self.recorder().note(
                    format!(
                        "{url} switched to another protocol; what followed passed through and is not recorded"
                    ),
                    None,
                );
                if is_web_socket(&exchange.response_head) {
                    count_messages(client, conn, &exchange.web_socket_messages).await;
                } else {
                    drop(exchange);
                    tunnel(client, conn).await;
                }
            }
            Outcome::Silent(error) => {
                let is_reset = error.as_ref().is_some_and(is_reset);
                let why = error.map_or_else(|| "ended the connection".to_owned(), |error| error.to_string());
                exchange.fail(format!("the server gave none ({why})"));
                let message = format!("no response to {url}: {server} gave none ({why})");
                self.recorder().fault(message, "look into the server's log");
                if is_reset {
                    client.reset();
                }
            }
            Outcome::ClientGone { is_reset } => {
                exchange.cut_by_client();
                if is_reset {
                    conn.reset();
                }
            }
            Outcome::ServerBroke { why, is_reset } => {
                self.recorder().fault(format!("{url}: {server} {why}"), "look into the server's log");
                exchange.fail(format!("the server {why}"));
                if is_reset {
                    client.reset();
                }
            }
            Outcome::ClientBroke => {
                let why = "the client sent chunks that are malformed";
                self.recorder().note(format!("{url}: {why}"), None);
                exchange.fail(why);
            }
        }
        None
    }

    /// A new connection to a server; where files are few, the one of the connections that are kept goes.
    async fn open(&self, pool: &mut Pool, server: &Server) -> Result<Conn, Refusal> {
        if self.context.places.are_few() {
            pool.0.clear();
        }
        self.context.connector.open(server).await
    }

    /// The head as it goes out: through another proxy a request keeps its absolute form.
    fn as_sent(&self, server: &Server, head: &wire::RequestHead, recorded: &[u8]) -> Vec<u8> {
        match self.context.connector.via(server) {
            Some(via) if !server.tls => {
                let line = memchr::memchr(b'\n', recorded).map_or(recorded.len(), |end| end + 1);
                let target = match head.target.starts_with('/') {
                    true => format!("http://{}{}", server.authority(), head.target),
                    false => head.target.clone(),
                };
                let version = if head.is_http_1_0 { "HTTP/1.0" } else { "HTTP/1.1" };
                let mut sent = format!("{} {target} {version}\r\n", head.method).into_bytes();
                sent.extend_from_slice(&via.credentials);
                sent.extend_from_slice(&recorded[line..]);
                sent
            }
            _ => recorded.to_vec(),
        }
    }

    /// Says that there is no way to the server; the exchange has no response.
    async fn refuse(&mut self, client: Conn, mut exchange: PendingExchange<'_>, refusal: Refusal) {
        self.recorder().fault(refusal.message.clone(), refusal.hint);
        exchange.fail(refusal.message.clone());
        drop(exchange);
        self.turn_away(client, "502 Bad Gateway", &refusal.message).await;
    }

    /// Answers what no server can be asked, and says so: it is no exchange with a server.
    async fn reject(&mut self, client: Conn, line: &str, why: &str) {
        self.recorder().untrue(
            format!("docgen's proxy answered `{line}` with 400 itself: {why}"),
            "look how the command was told to use its proxy; without one it would have asked a server",
        );
        self.turn_away(client, "400 Bad Request", why).await;
    }

    async fn turn_away(&mut self, client: Conn, status: &str, why: &str) {
        let body = format!("docgen: {why}\n");
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        self.answer(client, answer).await;
    }

    async fn ask_for_credentials(&mut self, client: Conn) {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"docgen\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        self.answer(client, answer.to_owned()).await;
    }

    async fn answer(&mut self, mut client: Conn, answer: String) {
        if client.send(answer.as_bytes()).await.is_ok() {
            self.farewell(client).await;
        }
    }

    /// Ends a connection so that what was sent last arrives: a reset for unread bytes would
    /// overtake it.
    async fn farewell(&mut self, mut client: Conn) {
        if client.writer.shutdown().await.is_err() {
            return;
        }
        let drained = async {
            while !matches!(client.reader.fill().await, Ok(0) | Err(_)) {
                client.reader.buffer.clear();
            }
        };
        tokio::select! {
            biased;
            () = drained => {}
            () = tokio::time::sleep(FAREWELL) => {}
            _ = self.closing.changed() => {}
        }
    }

    fn is_admitted(&self, head: &[u8]) -> bool {
        let mut all = wire::fields(head)
            .filter(|(name, _)| name.eq_ignore_ascii_case(b"proxy-authorization"))
            .map(|(_, value)| value);
        match &self.door {
            Some(door) => door.admits(all.next()),
            None => all.any(|value| is_same_secret(value, self.context.credentials.as_bytes())),
        }
    }

    /// Opens what CONNECT asks for, and finds out what is spoken inside.
    async fn connect(&mut self, mut client: Conn, target: &str) {
        // Whether it is TLS is not known yet; the port that a bare name means is the one of https.
        let Some(server) = Server::parse(target, true) else {
            return self
                .reject(client, &format!("CONNECT {target}"), "CONNECT wants a host and a port")
                .await;
        };
        self.is_ignored = self.context.ignored.takes(&server, Kind::Connection);
        let tcp = match self.context.connector.tunnel(&server).await {
            Ok(tcp) => tcp,
            Err(refusal) => {
                self.recorder().fault(refusal.message.clone(), refusal.hint);
                return self.turn_away(client, "502 Bad Gateway", &refusal.message).await;
            }
        };
        if client.send(b"HTTP/1.1 200 Connection established\r\n\r\n").await.is_err() {
            return;
        }
        let mut conn = Conn::new(Stream::Plain(tcp));
        if self.is_ignored {
            // The client sees the server's own certificate, as it would without docgen.
            return tunnel(client, conn).await;
        }
        match self.first_speaker(&mut client, &mut conn).await {
            Speaker::Nobody => {
                self.recorder().note(format!("the command connected to {server} and sent nothing"), None);
            }
            Speaker::Client if client.reader.buffer[0] == 0x16 => {
                match self.door.as_ref().and_then(|door| door.from.clone()) {
                    // It was started before the run, and cannot trust what was made for it.
                    Some(from) => {
                        self.recorder().note(
                        format!("a connection of {from} to {server} is TLS; it passed through and is not recorded"),
                        Some("a service's port records HTTP: set http_proxy for it, and leave https_proxy away if it has to"),
                    );
                        tunnel(client, conn).await;
                    }
                    None => self.open_tls(client, conn, server).await,
                }
            }
            Speaker::Client if client.reader.buffer.starts_with(HTTP_2) => {
                self.pass_http_2(client, conn, &server).await;
            }
            Speaker::Client if wire::looks_like_http(&client.reader.buffer) => {
                let server = Server { tls: false, ..server };
                Box::pin(self.requests(client, Scope::Tunnel(server, Some(Ok(conn))))).await;
            }
            _ => self.pass_through(client, conn, &server).await,
        }
    }

    async fn first_speaker(&mut self, client: &mut Conn, server: &mut Conn) -> Speaker {
        if !client.reader.buffer.is_empty() {
            return Speaker::Client;
        }
        tokio::select! {
            biased;
            read = client.reader.fill() => match read {
                Ok(0) | Err(_) => Speaker::Nobody,
                Ok(_) => Speaker::Client,
            },
            read = server.reader.fill() => match read {
                Ok(0) | Err(_) => Speaker::Nobody,
                Ok(_) => Speaker::Server,
            },
            _ = self.closing.changed() => Speaker::Nobody,
        }
    }

    /// Passes on HTTP of a version that docgen cannot record.
    async fn pass_http_2(&mut self, client: Conn, conn: Conn, server: &Server) {
        self.recorder().untrue(
            format!("a connection to {server} speaks HTTP/2 alone; it passed through, and its exchanges are not recorded"),
            "tell the command to speak HTTP/1.1, as `curl --http1.1` does; docgen records no other version",
        );
        tunnel(client, conn).await;
    }

    async fn pass_through(&mut self, client: Conn, conn: Conn, server: &Server) {
        self.recorder().note(
            format!("a connection to {server} speaks something else than HTTP/1.1; it passed through and is not recorded"),
            None,
        );
        tunnel(client, conn).await;
    }

    /// Ends the client's TLS here and begins one with the server.
    async fn open_tls(&mut self, mut client: Conn, conn: Conn, server: Server) {
        // The greeting is read from a copy, so that it can still be passed on untouched.
        let hello = loop {
            match greeting(&client.reader.buffer) {
                Greeting::Whole(hello) => break hello,
                Greeting::Broken => return self.pass_through(client, conn, &server).await,
                Greeting::Part => {
                    if matches!(client.reader.fill().await, Ok(0) | Err(_)) {
                        let message = format!("the command began TLS with {server} and went away");
                        return self.recorder().note(message, None);
                    }
                }
            }
        };
        if hello.speaks_http_2_alone {
            return self.pass_http_2(client, conn, &server).await;
        }
        if !hello.speaks_http {
            return self.pass_through(client, conn, &server).await;
        }
        let name = hello.name.clone().unwrap_or_else(|| server.host.clone());
        let Stream::Plain(tcp) = conn_parts(conn) else { return };
        let upstream = self.context.connector.secure(&server, &name, tcp).await;

        let asks = self.context.connector.asks(&server);
        let config = match self.context.authority.server(&server.host, hello.name.as_deref(), asks.as_deref())
        {
            Ok(config) => config,
            Err(error) => return self.recorder().note(error.message().to_owned(), error.help()),
        };
        let accepted = async {
            let start =
                LazyConfigAcceptor::new(rustls::server::Acceptor::default(), client.into_stream()).await?;
            start.into_stream(config).await
        };
        let client = match accepted.await {
            Ok(stream) => stream,
            Err(error) => {
                return self.recorder().untrue(
                    format!(
                        "the command did not take the certificate that docgen showed it for {server}: {error}"
                    ),
                    DISTRUST_HINT,
                );
            }
        };
        if asks.is_some() && client.get_ref().1.peer_certificates().is_some() {
            self.recorder().untrue(
                format!("{server} asks for a client certificate, and the command has one, which docgen cannot show for it: the server knew nobody"),
                "record the command with a log of its own and `docgen import`, or let it log in another way",
            );
        } else if asks.is_some() {
            self.recorder()
                .note(format!("{server} asks for a client certificate, and the command shows none"), None);
        }
        let mut client = Conn::new(Stream::Accepted(Box::new(client)));
        let mut upstream = match upstream {
            Ok(conn) => conn,
            Err(refusal) => {
                return Box::pin(self.requests(client, Scope::Tunnel(server, Some(Err(refusal))))).await;
            }
        };
        match self.first_speaker(&mut client, &mut upstream).await {
            Speaker::Nobody => self.recorder().opened_in_vain(server.to_string()),
            Speaker::Client if client.reader.buffer.starts_with(HTTP_2) => {
                self.pass_http_2(client, upstream, &server).await;
            }
            Speaker::Client if wire::looks_like_http(&client.reader.buffer) => {
                Box::pin(self.requests(client, Scope::Tunnel(server, Some(Ok(upstream))))).await;
            }
            _ => self.pass_through(client, upstream, &server).await,
        }
    }
}

enum Speaker {
    Client,
    Server,
    Nobody,
}

/// What a TLS client says first.
struct Hello {
    name: Option<String>,
    /// HTTP/1 is among what it offers.
    speaks_http: bool,
    speaks_http_2_alone: bool,
}

enum Greeting {
    Whole(Hello),
    Part,
    Broken,
}

fn greeting(mut bytes: &[u8]) -> Greeting {
    let mut acceptor = rustls::server::Acceptor::default();
    loop {
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let offers = |protocol| hello.alpn().is_some_and(|mut all| all.any(|one| one == protocol));
                // One that names no protocol means HTTP/1.1.
                let speaks_http = hello.alpn().is_none() || offers(HTTP_1_1) || offers(HTTP_1_0);
                return Greeting::Whole(Hello {
                    name: hello.server_name().map(str::to_owned),
                    speaks_http,
                    speaks_http_2_alone: !speaks_http && offers(b"h2"),
                });
            }
            Ok(None) if bytes.is_empty() => return Greeting::Part,
            Ok(None) => {
                if acceptor.read_tls(&mut bytes).is_err() {
                    return Greeting::Broken;
                }
            }
            Err(_) => return Greeting::Broken,
        }
    }
}

/// The stream of a connection to a server that was not used yet.
fn conn_parts(conn: Conn) -> Stream {
    let Prefixed { prefix, inner } = conn.into_stream();
    match inner {
        Stream::Plain(tcp) => {
            debug_assert!(tcp.prefix.is_empty() || prefix.is_empty(), "bytes are read through one buffer");
            Stream::Plain(Prefixed {
                prefix: if prefix.is_empty() { tcp.prefix } else { prefix },
                inner: tcp.inner,
            })
        }
        other => other,
    }
}

/// Copies both ways until both are over.
async fn tunnel(client: Conn, server: Conn) {
    let (mut client, mut server) = (client.into_stream(), server.into_stream());
    // Whatever ends it, there is nobody left to tell.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}

fn is_web_socket(head: &[u8]) -> bool {
    wire::fields(head).any(|(name, value)| {
        name.eq_ignore_ascii_case(b"upgrade") && value.eq_ignore_ascii_case(b"websocket")
    })
}

/// Copies both ways until both are over, and counts the messages that pass.
async fn count_messages(mut client: Conn, mut server: Conn, count: &AtomicUsize) {
    tokio::join!(
        count_one_way(&mut client.reader, &mut server.writer, count),
        count_one_way(&mut server.reader, &mut client.writer, count),
    );
}

async fn count_one_way(from: &mut Reader, to: &mut WriteHalf<Stream>, count: &AtomicUsize) {
    let mut frames = Frames::default();
    loop {
        count.fetch_add(frames.take(&from.buffer), Ordering::Relaxed);
        // Whatever ends it, there is nobody left to tell.
        if to.write_all(&from.buffer).await.is_err() || to.flush().await.is_err() {
            return;
        }
        from.buffer.clear();
        if matches!(from.fill().await, Ok(0) | Err(_)) {
            let _ = to.shutdown().await;
            return;
        }
    }
}

/// Where a request to a proxy goes.
struct Destination {
    server: Server,
    url: String,
    /// Its target in the origin form (RFC 9112, section 3.2).
    origin: String,
}

/// What the target of a request in the absolute form leads to. Some clients send `OPTIONS *` as they
/// would to the server, which their Host field names then; and some leave the TLS to the proxy.
fn destination(bytes: &[u8], head: &wire::RequestHead) -> Option<Destination> {
    let target = &*head.target;
    if target == "*" {
        let host = wire::fields(bytes).find(|(name, _)| name.eq_ignore_ascii_case(b"host"));
        let server = Server::parse(&wire::text(host?.1), false)?;
        let url = format!("http://{}/*", server.authority());
        return Some(Destination { server, url, origin: "*".to_owned() });
    }
    let scheme = target.split_once("://").map(|(scheme, _)| scheme)?;
    let tls = scheme.eq_ignore_ascii_case("https");
    if !tls && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let parts = UrlParts::of(target);
    let server = Server::parse(parts.authority, tls)?;
    let rest = &target[scheme.len() + 3 + parts.authority.len()..];
    let origin = match rest.as_bytes().first() {
        None if head.method == "OPTIONS" => "*".to_owned(),
        Some(b'/') => rest.to_owned(),
        _ => format!("/{rest}"),
    };
    Some(Destination { server, url: target.to_owned(), origin })
}

/// What is said of a request that is no exchange: its beginning, in one line, without a query.
fn first_line(bytes: &[u8]) -> String {
    const SHOWN: usize = 100;
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    let line: String = String::from_utf8_lossy(line).chars().take(SHOWN).collect();
    line.split(' ').map(without_query).collect::<Vec<_>>().join(" ")
}

fn without_query(target: &str) -> &str {
    target.split_once('?').map_or(target, |(before, _)| before)
}

/// The head as the server would have got it without a proxy.
fn origin_form(bytes: &[u8], head: &wire::RequestHead, origin: &str) -> Vec<u8> {
    let line = &bytes[..head.line];
    let at = memchr::memmem::find(line, head.target.as_bytes()).expect("the target was read from this line");
    let mut form = Vec::with_capacity(bytes.len());
    form.extend_from_slice(&line[..at]);
    form.extend_from_slice(origin.as_bytes());
    form.extend_from_slice(&line[at + head.target.len()..]);
    form.extend_from_slice(&bytes[head.line..]);
    wire::without_fields(&form, &HOP_FIELDS)
}

fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_absolute_form_becomes_the_origin_form() {
        let origin = |target: &str, method: &str| {
            let bytes = format!("{method} {target} HTTP/1.1\r\nHost: named:81\r\n\r\n").into_bytes();
            let found = destination(&bytes, &wire::request(&bytes).unwrap());
            found.map(|found| (found.server.to_string(), found.origin))
        };
        let found = |server: &str, origin: &str| Some((server.to_owned(), origin.to_owned()));
        assert_eq!(origin("http://h:1/a//b?c=%20#d", "GET"), found("h:1", "/a//b?c=%20#d"));
        assert_eq!(origin("HTTP://h", "GET"), found("h:80", "/"));
        assert_eq!(origin("http://h?a", "GET"), found("h:80", "/?a"));
        assert_eq!(origin("http://h", "OPTIONS"), found("h:80", "*"));
        assert_eq!(origin("https://h/a", "GET"), found("h:443", "/a"));
        assert_eq!(origin("*", "OPTIONS"), found("named:81", "*"));
        assert_eq!(origin("/path", "GET"), None);
        assert_eq!(origin("ftp://h/", "GET"), None);
    }

    #[test]
    fn what_is_between_client_and_proxy_is_taken_off() {
        let bytes = b"GET http://h/http://h/ HTTP/1.1\r\nHost: h\r\nproxy-connection: keep-alive\r\naccept:*/*\r\nProxy-Authorization: Basic x\r\n\r\n";
        let head = wire::request(bytes).unwrap();
        let found = destination(bytes, &head).unwrap();
        assert_eq!(
            origin_form(bytes, &head, &found.origin),
            b"GET /http://h/ HTTP/1.1\r\nHost: h\r\naccept:*/*\r\n\r\n"
        );
    }
}
