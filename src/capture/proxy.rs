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
use std::time::Duration;

use base64::Engine as _;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;

use super::exchange::{Outcome, pass};
use super::ignored::{Ignored, Kind};
use super::places::Places;
use super::recorder::{Draft, Recorder};
use super::spool::{Sealed, Spool};
use super::stream::{Conn, Prefixed, Stream};
use super::tls::{Authority, HTTP_1_1, Roots};
use super::upstream::{Connector, Refusal, Server};
use super::wire;
use super::{ProxyOptions, Spooled};
use crate::error::{Error, ErrorKind, Result};
use crate::trace::UrlParts;

/// How long what is under way may take after the command has ended.
const GRACE: Duration = Duration::from_secs(2);

/// How long a client that is turned away may take to read why.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many idle connections to servers a client's connection keeps, where docgen may have files enough open.
const IDLE_SERVERS: usize = 4;

/// The fields that are between a client and its proxy only.
const HOP_FIELDS: [&str; 2] = ["Proxy-Authorization", "Proxy-Connection"];

/// A proxy that listens.
pub struct Proxy {
    context: Arc<Context>,
    address: SocketAddr,
    password: String,
    trusted: String,
    closing: watch::Sender<bool>,
    accepting: tokio::task::JoinHandle<JoinSet<()>>,
}

/// What all connections share.
struct Context {
    recorder: Recorder,
    authority: Authority,
    connector: Connector,
    /// The value of `Proxy-Authorization` that lets a client in.
    credentials: String,
    port: u16,
    places: Places,
    ignored: Ignored,
}

impl Proxy {
    /// Starts to listen on `127.0.0.1`.
    ///
    /// # Errors
    /// When the system gives no port, a file of certificates cannot be read, or the proxy of the
    /// environment is none that docgen can use.
    pub async fn start(options: &ProxyOptions) -> Result<Proxy> {
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
        let spool = Spool::new(&options.temp_dir, &random)?;

        let listen = |error: std::io::Error| {
            Error::new(ErrorKind::Capture, format!("cannot listen on 127.0.0.1: {error}")).with_source(error)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let context = Arc::new(Context {
            recorder: Recorder::new(spool, options.body_limit),
            authority,
            connector,
            credentials: format!("Basic {credentials}"),
            port: address.port(),
            places: Places::new(),
            ignored: Ignored::new(&options.ignore_hosts, Spool::new(&options.temp_dir, &random)?)?,
        });
        let (closing, closed) = watch::channel(false);
        let accepting = tokio::spawn(accept(listener, context.clone(), closed));
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
        let _ = self.closing.send(true);
        let mut connections = self.accepting.await.unwrap_or_default();
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            connections.shutdown().await;
        }
        let context = Arc::into_inner(self.context).expect("every task that shares it has ended");
        let left_out = context.ignored.told();
        let (sealed, mut notes): (Sealed, _) = context.recorder.finish()?;
        notes.extend(left_out);
        Ok((Spooled::new(sealed), notes))
    }
}

async fn accept(
    listener: TcpListener,
    context: Arc<Context>,
    mut closing: watch::Receiver<bool>,
) -> JoinSet<()> {
    // Handles are kept: what nobody holds is dropped, with the exchange that it carries.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = closing.changed() => return connections,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let place = tokio::select! {
                        biased;
                        place = context.places.take(&context.recorder) => place,
                        _ = closing.changed() => return connections,
                    };
                    let (context, closing) = (context.clone(), closing.clone());
                    connections.spawn(async move {
                        Client { context: &context, closing, is_ignored: false }.serve(stream).await;
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

/// One client's connection.
struct Client<'c> {
    context: &'c Context,
    closing: watch::Receiver<bool>,
    /// Nothing is recorded of what it carries now.
    is_ignored: bool,
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
                Ok(_) => return,
                Err(error) => return self.turn_away(client, "400 Bad Request", &error.to_string()).await,
            };
            let bytes = client.reader.buffer[..end].to_vec();
            bytes::Buf::advance(&mut client.reader.buffer, end);
            let head = match wire::request(&bytes) {
                Ok(head) => head,
                Err(why) => {
                    self.recorder().note(format!("the command sent what is no HTTP request: {why}"), None);
                    return self.turn_away(client, "400 Bad Request", why).await;
                }
            };
            let (server, url, forward) = match &tunnel {
                Some(server) => {
                    let scheme = if server.tls { "https" } else { "http" };
                    let url = match head.target.starts_with('/') {
                        true => format!("{scheme}://{}{}", server.authority(), head.target),
                        false => format!("{scheme}://{}/{}", server.authority(), head.target),
                    };
                    (server.clone(), url, bytes)
                }
                None => {
                    if !self.knows_credentials(&bytes) {
                        return self.ask_for_credentials(client).await;
                    }
                    if head.method == "CONNECT" {
                        return Box::pin(self.connect(client, &head.target)).await;
                    }
                    let Some((server, origin)) = destination(&head.target, &head.method) else {
                        let why = "this is docgen's recording proxy, and it takes absolute http:// URLs only";
                        return self.turn_away(client, "400 Bad Request", why).await;
                    };
                    if server.port == self.context.port && is_loopback(&server.host) {
                        let why = "this is docgen's recording proxy itself";
                        return self.turn_away(client, "400 Bad Request", why).await;
                    }
                    let forward = origin_form(&bytes, &head, &origin);
                    self.is_ignored = self.context.ignored.takes(&server, Kind::Request);
                    (server, head.target.clone(), forward)
                }
            };
            let mut draft = Draft::new(self.recorder(), started, url);
            draft.request_head = forward;
            if let Some(refusal) = refusal.take() {
                return self.refuse(client, draft, refusal).await;
            }
            match self.exchange(client, &mut pool, server, &head, draft).await {
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
        mut draft: Draft<'_>,
    ) -> Option<Conn> {
        let mut reused = pool.take(&server).await;
        let (outcome, conn) = loop {
            let is_reused = reused.is_some();
            let mut conn = match reused.take() {
                Some(conn) => conn,
                None => match self.open(pool, &server).await {
                    Ok(conn) => conn,
                    Err(refusal) => {
                        self.refuse(client, draft, refusal).await;
                        return None;
                    }
                },
            };
            let forward = self.as_sent(&server, head, &draft.request_head);
            match pass(&mut client, &mut conn, head, forward, &mut draft).await {
                // The server closed an idle connection just when it was used again.
                Outcome::Silent(_)
                    if is_reused && head.framing == wire::Framing::Empty && is_idempotent(&head.method) => {}
                outcome => break (outcome, conn),
            }
        };
        let url = format!("{} {}", head.method, draft.url());
        drop(draft);
        match outcome {
            Outcome::Complete { goes_on: true } => {
                pool.put(server, conn, self.idle_servers());
                return Some(client);
            }
            Outcome::Complete { goes_on: false } => self.farewell(client).await,
            Outcome::Upgraded => {
                self.recorder().note(
                    format!(
                        "{url} switched to another protocol; what followed passed through and is not recorded"
                    ),
                    None,
                );
                tunnel(client, conn).await;
            }
            Outcome::Silent(error) => {
                let why = error.map_or_else(|| "ended the connection".to_owned(), |error| error.to_string());
                let message = format!("no response to {url}: {server} gave none ({why})");
                self.recorder().fault(message, "look into the server's log");
            }
            Outcome::ClientGone => {
                self.recorder().note(format!("the command went away before {url} was over"), None);
            }
            Outcome::ServerBroke { why } => {
                self.recorder().fault(format!("{url}: {server} {why}"), "look into the server's log");
            }
            Outcome::ClientBroke => {
                self.recorder().note(format!("{url}: the command sent chunks that are malformed"), None);
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
                let mut sent = format!("{} {target} HTTP/1.1\r\n", head.method).into_bytes();
                sent.extend_from_slice(&via.credentials);
                sent.extend_from_slice(&recorded[line..]);
                sent
            }
            _ => recorded.to_vec(),
        }
    }

    /// Says that there is no way to the server; the exchange has no response.
    async fn refuse(&mut self, client: Conn, draft: Draft<'_>, refusal: Refusal) {
        self.recorder().fault(refusal.message.clone(), refusal.hint);
        drop(draft);
        self.turn_away(client, "502 Bad Gateway", &refusal.message).await;
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

    fn knows_credentials(&self, head: &[u8]) -> bool {
        wire::fields(head).filter(|(name, _)| name.eq_ignore_ascii_case(b"proxy-authorization")).any(
            |(_, value)| {
                // Equal time, whatever is guessed right.
                let expected = self.context.credentials.as_bytes();
                value.len() == expected.len()
                    && value.iter().zip(expected).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
            },
        )
    }

    /// Opens what CONNECT asks for, and finds out what is spoken inside.
    async fn connect(&mut self, mut client: Conn, target: &str) {
        // Whether it is TLS is not known yet; the port that a bare name means is the one of https.
        let Some(server) = Server::parse(target, true) else {
            return self.turn_away(client, "400 Bad Request", "CONNECT wants a host and a port").await;
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
            Speaker::Nobody => {}
            Speaker::Client if client.reader.buffer[0] == 0x16 => self.open_tls(client, conn, server).await,
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
                        return;
                    }
                }
            }
        };
        if !hello.speaks_http {
            return self.pass_through(client, conn, &server).await;
        }
        let name = hello.name.clone().unwrap_or_else(|| server.host.clone());
        let Stream::Plain(tcp) = conn_parts(conn) else { return };
        let upstream = self.context.connector.secure(&server, &name, tcp).await;

        let config = match self.context.authority.server(&server.host, hello.name.as_deref()) {
            Ok(config) => config,
            Err(error) => return self.recorder().note(error.message().to_owned(), error.help()),
        };
        let accepted = async {
            let start =
                LazyConfigAcceptor::new(rustls::server::Acceptor::default(), client.into_stream()).await?;
            start.into_stream(config).await
        };
        let mut client = match accepted.await {
            Ok(stream) => Conn::new(Stream::Accepted(Box::new(stream))),
            Err(error) => {
                return self.recorder().note(
                    format!("the command did not take the certificate that docgen showed it for {server}: {error}"),
                    Some(
                        "docgen names its certificate in REQUESTS_CA_BUNDLE, SSL_CERT_FILE, CURL_CA_BUNDLE, OS_CACERT and others; an option of the command may override them",
                    ),
                );
            }
        };
        let mut upstream = match upstream {
            Ok(conn) => conn,
            Err(refusal) => {
                return Box::pin(self.requests(client, Scope::Tunnel(server, Some(Err(refusal))))).await;
            }
        };
        match self.first_speaker(&mut client, &mut upstream).await {
            Speaker::Nobody => {}
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
    speaks_http: bool,
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
                return Greeting::Whole(Hello {
                    name: hello.server_name().map(str::to_owned),
                    // One that names no protocol means HTTP/1.1.
                    speaks_http: hello
                        .alpn()
                        .is_none_or(|mut protocols| protocols.any(|one| one == HTTP_1_1)),
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

/// Where a request in the absolute form goes, and its target in the origin form (RFC 9112, section 3.2).
fn destination(target: &str, method: &str) -> Option<(Server, String)> {
    let scheme = target.split_once("://").map(|(scheme, _)| scheme)?;
    if !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let parts = UrlParts::of(target);
    let server = Server::parse(parts.authority, false)?;
    let rest = &target[scheme.len() + 3 + parts.authority.len()..];
    let origin = match rest.as_bytes().first() {
        None if method == "OPTIONS" => "*".to_owned(),
        Some(b'/') => rest.to_owned(),
        _ => format!("/{rest}"),
    };
    Some((server, origin))
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
        let origin =
            |target, method| destination(target, method).map(|(server, origin)| (server.to_string(), origin));
        let found = |server: &str, origin: &str| Some((server.to_owned(), origin.to_owned()));
        assert_eq!(origin("http://h:1/a//b?c=%20#d", "GET"), found("h:1", "/a//b?c=%20#d"));
        assert_eq!(origin("HTTP://h", "GET"), found("h:80", "/"));
        assert_eq!(origin("http://h?a", "GET"), found("h:80", "/?a"));
        assert_eq!(origin("http://h", "OPTIONS"), found("h:80", "*"));
        assert_eq!(origin("/path", "GET"), None);
        assert_eq!(origin("ftp://h/", "GET"), None);
    }

    #[test]
    fn what_is_between_client_and_proxy_is_taken_off() {
        let bytes = b"GET http://h/http://h/ HTTP/1.1\r\nHost: h\r\nproxy-connection: keep-alive\r\naccept:*/*\r\nProxy-Authorization: Basic x\r\n\r\n";
        let head = wire::request(bytes).unwrap();
        let (_, origin) = destination(&head.target, &head.method).unwrap();
        assert_eq!(
            origin_form(bytes, &head, &origin),
            b"GET /http://h/ HTTP/1.1\r\nHost: h\r\naccept:*/*\r\n\r\n"
        );
    }
}
