//! The recording proxy against raw sockets: what a server gets, what a client gets, what is recorded.
//!
//! Most cases run twice, straight and through the proxy, and the bytes that either side received
//! must be the same. Servers are plain listeners that do what they are told, right or wrong.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

#[path = "support/ports.rs"]
mod ports;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use docgen::capture::{Proxy, ProxyOptions};
use docgen::trace::{Body, Exchange};
use docgen::{Error, ErrorKind};

/// A proxy that runs in a thread of its own.
struct Running {
    address: SocketAddr,
    authorization: String,
    trusted: String,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<(Vec<Exchange>, Vec<Error>)>,
}

impl Running {
    fn start(options: ProxyOptions) -> Running {
        let (told, hear) = mpsc::channel();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let proxy = Proxy::start(&options).await.unwrap();
                let user = BASE64.encode(format!("docgen:{}", proxy.password()));
                let authorization = format!("Proxy-Authorization: Basic {user}\r\n");
                told.send((proxy.address(), authorization, proxy.trusted().to_owned())).unwrap();
                let _ = stopped.await;
                let (spooled, notes) = proxy.finish().await.unwrap();
                (spooled.trace(None).unwrap().exchanges, notes)
            })
        });
        let (address, authorization, trusted) = hear.recv().unwrap();
        Running { address, authorization, trusted, stop, thread }
    }

    fn finish(self) -> (Vec<Exchange>, Vec<Error>) {
        let _ = self.stop.send(());
        self.thread.join().unwrap()
    }

    /// Sends a request, with the credentials in place of `{hop}`, and leaves the connection open.
    fn begin(&self, request: &str) -> TcpStream {
        let mut client = connect(self.address);
        client.write_all(request.replace("{hop}", &self.authorization).as_bytes()).unwrap();
        client
    }
}

/// A server that plays `play` on each of its connections, and tells all that it received there.
fn server(
    play: impl Fn(&mut TcpStream, &mut Vec<u8>) + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let mut all = Vec::new();
            play(&mut stream, &mut all);
            drop(stream);
            let _ = send.send(all);
        }
    });
    (address, received)
}

/// Reads until `all` ends with `end`.
fn read_until(stream: &mut TcpStream, all: &mut Vec<u8>, end: &[u8]) {
    let mut byte = [0];
    while !all.ends_with(end) {
        match stream.read(&mut byte) {
            Ok(1) => all.push(byte[0]),
            _ => return,
        }
    }
}

fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    all
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Both ways; the server and the client must get the same. Gives what was recorded and noted.
fn same_both_ways(request: &str, response: &'static [u8]) -> (Vec<Exchange>, Vec<Error>) {
    let end: &[u8] = if request.contains("chunked") { b"0\r\n\r\n" } else { b"\r\n\r\n" };
    let (address, received) = server(move |stream, all| {
        read_until(stream, all, end);
        let head = lossy(all);
        let length =
            head.split("Content-Length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).unwrap();
        all.extend(body);
        stream.write_all(response).unwrap();
    });
    let mut straight = connect(address);
    straight.write_all(request.replace("{target}", "/p?q=%20").replace("{hop}", "").as_bytes()).unwrap();
    let straight = read_to_end(&mut straight);
    let seen_straight = received.recv().unwrap();

    let proxy = Running::start(ProxyOptions::default());
    let request = request
        .replace("{target}", &format!("http://{address}/p?q=%20"))
        .replace("{hop}", "Proxy-Connection: keep-alive\r\n{hop}");
    let through = read_to_end(&mut proxy.begin(&request));
    let seen_through = received.recv().unwrap();
    assert_eq!(lossy(&seen_through), lossy(&seen_straight));
    assert_eq!(lossy(&through), lossy(&straight));
    proxy.finish()
}

fn heads(headers: &docgen::trace::Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

#[test]
fn heads_are_recorded_as_the_wire_had_them() {
    let (exchanges, notes) = same_both_ways(
        "GET {target} HTTP/1.1\r\nhOST: h\r\nx-a:  1\r\n{hop}X-A: 둘\r\nx-a: 3 \r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 300 MULTIPLE Choices, all\r\nx-openstack-request-id: req-1\r\nOpenStack-image: \xe9\r\nSet-Cookie: a\r\nset-cookie: b\r\nContent-Length: 2\r\n\r\nhi",
    );
    let [exchange] = &exchanges[..] else { panic!("{exchanges:?}") };
    assert_eq!(
        heads(&exchange.request.headers),
        pairs([("hOST", "h"), ("x-a", "1"), ("X-A", "둘"), ("x-a", "3"), ("Connection", "close")])
    );
    assert!(exchange.request.url.ends_with("/p?q=%20"));
    let response = exchange.response.as_ref().unwrap();
    assert_eq!((response.status, &*response.reason), (300, "MULTIPLE Choices, all"));
    assert_eq!(
        heads(&response.headers),
        pairs([
            ("x-openstack-request-id", "req-1"),
            ("OpenStack-image", "é"),
            ("Set-Cookie", "a"),
            ("set-cookie", "b"),
            ("Content-Length", "2")
        ])
    );
    assert_eq!(response.body, Body::Text("hi".into()));
    assert!(exchange.started <= exchange.ended.unwrap());
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn responses_of_every_framing() {
    for (response, body) in [
        (&b"HTTP/1.1 200 OK\r\n\r\nuntil close"[..], Body::Text("until close".into())),
        (b"HTTP/1.0 200 OK\r\n\r\nold", Body::Text("old".into())),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nX: y\r\n\r\n",
            Body::Text("abcde".into()),
        ),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Body::Absent),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", Body::Absent),
        (
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            Body::Text("x".into()),
        ),
    ] {
        let request = "GET {target} HTTP/1.1\r\nHost: h\r\n{hop}Connection: close\r\n\r\n";
        let (exchanges, notes) = same_both_ways(request, response);
        assert_eq!(exchanges[0].response.as_ref().unwrap().body, body);
        assert!(notes.is_empty(), "{notes:?}");
    }
    let request = "HEAD {target} HTTP/1.1\r\nHost: h\r\n{hop}Connection: close\r\n\r\n";
    let (exchanges, _) = same_both_ways(request, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    assert_eq!(exchanges[0].response.as_ref().unwrap().body, Body::Absent);
}

#[test]
fn requests_of_every_framing() {
    for request in [
        "POST {target} HTTP/1.1\r\nHost: h\r\n{hop}Content-Length: 5\r\nConnection: close\r\n\r\nabcde",
        "PUT {target} HTTP/1.1\r\nHost: h\r\n{hop}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
    ] {
        let (exchanges, _) = same_both_ways(request, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(exchanges[0].request.body, Body::Text("abcde".into()));
    }
}

#[test]
fn broken_servers_are_passed_on_and_told() {
    for (response, status, said) in [
        (&b""[..], None, "gave none"),
        (b"SSH-2.0-OpenSSH_9\r\n", None, "no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", None, "no HTTP response"),
        (b"\x00\xff\x16garbage\r\n\r\n", None, "no HTTP response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", Some(200), "before it was whole"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", Some(200), "malformed"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", Some(200), "before it was whole"),
    ] {
        let request = "GET {target} HTTP/1.1\r\nHost: h\r\n{hop}Connection: close\r\n\r\n";
        let (exchanges, notes) = same_both_ways(request, response);
        assert_eq!(exchanges.len(), 1);
        assert_eq!(exchanges[0].response.as_ref().map(|response| response.status), status);
        assert!(notes.len() == 1 && notes[0].message().contains(said), "{said}: {notes:?}");
    }
}

#[test]
fn a_server_that_refuses_is_told() {
    let gone = ports::nobody();
    let proxy = Running::start(ProxyOptions::default());
    let answer =
        read_to_end(&mut proxy.begin(&format!("GET http://{gone}/ HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n")));
    assert!(answer.starts_with(b"HTTP/1.1 502 "));
    let (exchanges, notes) = proxy.finish();
    assert_eq!((exchanges.len(), &exchanges[0].response), (1, &None));
    assert!(notes[0].message().contains("cannot connect") && notes[0].help().is_some());
}

#[test]
fn only_the_run_itself_is_let_in() {
    let proxy = Running::start(ProxyOptions::default());
    for wrong in ["", "Proxy-Authorization: Basic ZG9jZ2VuOng=\r\n"] {
        for line in ["GET http://127.0.0.1:1/ HTTP/1.1", "CONNECT h:1 HTTP/1.1"] {
            let answer = read_to_end(&mut proxy.begin(&format!("{line}\r\n{wrong}\r\n")));
            assert!(answer.starts_with(b"HTTP/1.1 407 "), "{}", lossy(&answer));
        }
    }
    let (exchanges, notes) = proxy.finish();
    assert!(exchanges.is_empty());
    assert_eq!(
        messages(&notes, ErrorKind::Unrecorded),
        [
            "a client came to docgen's proxy without the credentials of the run, and was answered 407: CONNECT h:1 (2 times)",
            "a client came to docgen's proxy without the credentials of the run, and was answered 407: GET http://127.0.0.1:1/ (2 times)",
        ]
    );
}

/// Many clients show their credentials only when they are asked for them: nothing is lost then.
#[test]
fn a_client_that_waits_to_be_asked_for_credentials_is_none_to_tell_of() {
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    for (hop, status) in [("", "407"), ("{hop}", "204")] {
        let line = format!("GET http://{address}/a?b HTTP/1.1\r\nHost: h\r\n{hop}\r\n");
        assert_eq!(&lossy(&read_to_end(&mut proxy.begin(&line)))[9..12], status);
    }
    let (exchanges, notes) = proxy.finish();
    assert!(exchanges.len() == 1 && notes.is_empty(), "{notes:?}");
}

/// What the notes of this kind say.
fn messages(notes: &[Error], kind: ErrorKind) -> Vec<&str> {
    notes.iter().filter(|note| note.kind() == kind).map(Error::message).collect()
}

#[test]
fn what_is_no_request_for_a_proxy_is_refused_and_told() {
    let proxy = Running::start(ProxyOptions::default());
    let itself = format!("http://{}/", proxy.address);
    for target in ["/path?secret=1", "ftp://h/", &itself, "/path?secret=1"] {
        let answer = read_to_end(&mut proxy.begin(&format!("GET {target} HTTP/1.1\r\n{{hop}}\r\n")));
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{target}: {}", lossy(&answer));
    }
    assert!(read_to_end(&mut proxy.begin("nonsense\r\n\r\n")).starts_with(b"HTTP/1.1 400 "));
    assert!(read_to_end(&mut proxy.begin("CONNECT :x HTTP/1.1\r\n{hop}\r\n")).starts_with(b"HTTP/1.1 400 "));
    let (exchanges, notes) = proxy.finish();
    assert!(exchanges.is_empty());
    let told = messages(&notes, ErrorKind::Unrecorded);
    let absolute = "a proxy takes absolute URLs of http and https only";
    for (line, why) in [
        ("GET /path HTTP/1.1", &*format!("{absolute} (2 times)")),
        ("GET ftp://h/ HTTP/1.1", absolute),
        (&format!("GET {itself} HTTP/1.1"), "this is docgen's recording proxy itself"),
        ("nonsense", "the request line is not a method, a target and a version"),
        ("CONNECT :x", "CONNECT wants a host and a port"),
    ] {
        let message = format!("docgen's proxy answered `{line}` with 400 itself: {why}");
        assert!(told.contains(&&*message), "{message}: {told:?}");
    }
    assert_eq!(told.len(), 5, "{told:?}");
}

/// `OPTIONS *` as a server would get it, with the server in the Host field.
#[test]
fn a_request_about_the_server_itself_reaches_it() {
    let (address, received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 204 No\r\nAllow: GET\r\nConnection: close\r\n\r\n").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    read_to_end(&mut proxy.begin(&format!("OPTIONS * HTTP/1.1\r\nHost: {address}\r\n{{hop}}\r\n")));
    assert_eq!(lossy(&received.recv().unwrap()), format!("OPTIONS * HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    let (exchanges, notes) = proxy.finish();
    assert_eq!(&*exchanges[0].request.url, format!("http://{address}/*"));
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn versions_trailers_and_early_answers_are_recorded() {
    let (exchanges, notes) = same_both_ways(
        "PUT {target} HTTP/1.0\r\nHost: h\r\n{hop}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let request = &exchanges[0].request;
    assert_eq!(request.version.as_deref(), Some("HTTP/1.0"));
    let response = exchanges[0].response.as_ref().unwrap();
    assert_eq!(response.version.as_deref(), Some("HTTP/1.0"));
    assert_eq!(heads(&response.trailers), pairs([("X-Sum", "1"), ("x-sum", "2")]));
    let early: Vec<_> = response.informational.iter().map(|one| (one.status, &*one.reason)).collect();
    assert_eq!(early, [(103, "Early hints"), (102, "Processing")]);
    assert_eq!(heads(&response.informational[0].headers), pairs([("Link", "</a>")]));

    let (exchanges, _) = same_both_ways(
        "GET {target} HTTP/1.1\r\nHost: h\r\n{hop}Connection: close\r\n\r\n",
        b"HTTP/1.1 204 No\r\n\r\n",
    );
    assert_eq!(exchanges[0].request.version, None);
    assert_eq!(exchanges[0].response.as_ref().unwrap().version, None);
}

#[test]
fn trailers_of_a_request_are_recorded() {
    let (address, received) = server(|stream, all| {
        read_until(stream, all, b"T: u\r\n\r\n");
        stream.write_all(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    read_to_end(&mut proxy.begin(&format!(
        "PUT http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: u\r\n\r\n"
    )));
    assert!(received.recv().unwrap().ends_with(b"0\r\nT: u\r\n\r\n"));
    assert_eq!(heads(&proxy.finish().0[0].request.trailers), pairs([("T", "u")]));
}

/// Sending, waiting and receiving each take their own time.
#[test]
fn times_are_told_apart() {
    let pause = Duration::from_millis(150);
    let (address, _received) = server(move |stream, all| {
        read_until(stream, all, b"body");
        std::thread::sleep(2 * pause);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\na").unwrap();
        std::thread::sleep(3 * pause);
        stream.write_all(b"b").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = proxy
        .begin(&format!("PUT http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}Content-Length: 4\r\n\r\nbo"));
    std::thread::sleep(pause);
    client.write_all(b"dy").unwrap();
    assert!(read_to_end(&mut client).ends_with(b"ab"));
    let exchange = proxy.finish().0.remove(0);
    let millis = |micros: i64| micros / 1000;
    let all = exchange.ended.unwrap() - exchange.started;
    let waiting = all - exchange.sending - exchange.receiving;
    let (send, wait, receive) = (millis(exchange.sending), millis(waiting), millis(exchange.receiving));
    // What one has too much, another has too little.
    assert!(send >= 100 && wait >= 250 && receive >= 400, "{send} {wait} {receive}");
}

/// The client has left, and the server goes on: what comes then is no part of what the client got.
#[test]
fn a_client_that_goes_away_cuts_the_exchange() {
    let (go_on, wait) = mpsc::channel();
    let (address, _received) = server(move |stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd").unwrap();
        let _ = wait.recv();
        let _ = stream.write_all(b"efghij");
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = proxy.begin(&format!("GET http://{address}/a?q HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n"));
    read_until(&mut client, &mut Vec::new(), b"abcd");
    drop(client);
    std::thread::sleep(Duration::from_millis(100));
    go_on.send(()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let (exchanges, notes) = proxy.finish();
    let [exchange] = &exchanges[..] else { panic!("{exchanges:?}") };
    assert_eq!(exchange.response.as_ref().unwrap().body, Body::Text("abcd".into()));
    let why = "the client went away after 4 of 10 bytes of the response";
    assert_eq!(exchange.failure.as_deref(), Some(why));
    assert_eq!(messages(&notes, ErrorKind::Capture), [format!("GET http://{address}/a: {why}")]);
}

/// A connection that one side cuts is cut on the other side, too, and not ended.
#[test]
fn a_reset_stays_a_reset() {
    for sent in [&b""[..], b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd"] {
        let (address, _received) = server(move |stream, all| {
            // With a byte that is not read, the end is a reset.
            read_until(stream, all, b"\r\n\r\n");
            stream.write_all(sent).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        });
        let proxy = Running::start(ProxyOptions::default());
        let mut client = proxy.begin(&format!(
            "POST http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}Content-Length: 1\r\n\r\nx"
        ));
        let error = client.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        let (exchanges, notes) = proxy.finish();
        assert!(exchanges[0].failure.as_deref().unwrap().contains("reset"), "{exchanges:?}");
        assert_eq!(messages(&notes, ErrorKind::Server).len(), 1, "{notes:?}");
    }
    // The client's, which has left an answer unread.
    let (told, hear) = mpsc::channel();
    let (address, _received) = server(move |stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabcd").unwrap();
        let _ = told.send(stream.read(&mut [0]).map_err(|error| error.kind()));
    });
    let proxy = Running::start(ProxyOptions::default());
    let client = proxy.begin(&format!("GET http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n"));
    std::thread::sleep(Duration::from_millis(100));
    drop(client);
    assert_eq!(hear.recv().unwrap(), Err(std::io::ErrorKind::ConnectionReset));
    proxy.finish();
}

#[test]
fn an_offer_of_http_2_is_not_passed_on() {
    let (address, received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    read_to_end(&mut proxy.begin(&format!(
        "GET http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM\r\n\r\n"
    )));
    assert_eq!(lossy(&received.recv().unwrap()), "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (exchanges, notes) = proxy.finish();
    assert_eq!(heads(&exchanges[0].request.headers), pairs([("Host", "h")]));
    assert!(messages(&notes, ErrorKind::Capture)[0].contains("did not pass the offer on"), "{notes:?}");
}

/// Without TLS: from the first byte on.
#[test]
fn http_2_passes_through_and_makes_the_recording_untrue() {
    let (address, received) = server(|stream, all| {
        read_until(stream, all, b"SM\r\n\r\n");
        stream.write_all(b"pong").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = tunnel(&proxy, &address.to_string());
    client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    assert_eq!(read_to_end(&mut client), b"pong");
    assert_eq!(received.recv().unwrap(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let (exchanges, notes) = proxy.finish();
    assert!(exchanges.is_empty());
    assert!(messages(&notes, ErrorKind::Unrecorded)[0].contains("speaks HTTP/2"), "{notes:?}");
}

#[test]
fn a_request_that_is_begun_and_no_more_is_told() {
    let proxy = Running::start(ProxyOptions::default());
    drop(proxy.begin("GET http://h/a?b HTTP/1.1\r\nHos"));
    std::thread::sleep(Duration::from_millis(100));
    let told = "the command began a request and went away: GET http://h/a HTTP/1.1";
    assert_eq!(messages(&proxy.finish().1, ErrorKind::Capture), [told]);
}

#[test]
fn a_tunnel_that_nobody_uses_is_told() {
    let (address, _received) = server(|stream, all| read_until(stream, all, b"x"));
    let proxy = Running::start(ProxyOptions::default());
    drop(tunnel(&proxy, &address.to_string()));
    std::thread::sleep(Duration::from_millis(50));
    let told = format!("the command connected to {address} and sent nothing");
    assert_eq!(messages(&proxy.finish().1, ErrorKind::Capture), [told]);
}

#[test]
fn messages_of_a_web_socket_are_counted() {
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream
            .write_all(b"HTTP/1.1 101 Go\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n\x81\x02hi")
            .unwrap();
        read_until(stream, all, b"\x81\x80\0\0\0\0");
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = proxy.begin(&format!(
        "GET http://{address}/ws HTTP/1.1\r\nHost: h\r\n{{hop}}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    ));
    read_until(&mut client, &mut Vec::new(), b"\x02hi");
    client.write_all(b"\x81\x80\0\0\0\0").unwrap();
    read_to_end(&mut client);
    let (exchanges, notes) = proxy.finish();
    assert_eq!(exchanges[0].web_socket_messages, 2);
    assert!(notes[0].message().contains("another protocol"), "{notes:?}");
}

/// A client that waits for `100 Continue` gets it before it sends; one that is refused sends nothing.
#[test]
fn a_body_is_sent_when_the_server_asks_for_it() {
    let (address, received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        if all.starts_with(b"PUT /no") {
            stream.write_all(b"HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n").unwrap();
            return;
        }
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        read_until(stream, all, b"body");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let head = |path: &str| {
        format!(
            "PUT http://{address}/{path} HTTP/1.1\r\nHost: h\r\n{{hop}}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
        )
    };
    let mut client = proxy.begin(&head("yes"));
    let mut all = Vec::new();
    read_until(&mut client, &mut all, b"\r\n\r\n");
    assert_eq!(all, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"body").unwrap();
    assert!(read_to_end(&mut client).starts_with(b"HTTP/1.1 200 OK"));
    assert!(received.recv().unwrap().ends_with(b"body"));

    assert!(read_to_end(&mut proxy.begin(&head("no"))).starts_with(b"HTTP/1.1 417 No"));
    let (exchanges, _) = proxy.finish();
    assert_eq!(exchanges[0].request.body, Body::Text("body".into()));
    let statuses: Vec<_> =
        exchanges.iter().map(|exchange| exchange.response.as_ref().unwrap().status).collect();
    assert_eq!(statuses, [200, 417]);
}

/// Requests on one connection, sent at once, to one server that keeps its connection.
#[test]
fn connections_are_kept_and_requests_queue() {
    let (address, received) = server(|stream, all| {
        for n in 0..3 {
            let mut one = Vec::new();
            read_until(stream, &mut one, b"\r\n\r\n");
            all.extend(one);
            let body = format!("body {n}");
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        }
    });
    let proxy = Running::start(ProxyOptions::default());
    let requests: String =
        (0..3).map(|n| format!("GET http://{address}/{n} HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n")).collect();
    let mut client = proxy.begin(&requests);
    read_until(&mut client, &mut Vec::new(), b"body 2");
    assert_eq!(received.recv().unwrap().windows(4).filter(|window| window == b"GET ").count(), 3);
    drop(client);
    let (exchanges, notes) = proxy.finish();
    let urls: Vec<_> =
        exchanges.iter().map(|exchange| exchange.request.url.rsplit('/').next().unwrap()).collect();
    assert_eq!(urls, ["0", "1", "2"]);
    assert!(notes.is_empty(), "{notes:?}");
}

/// The server ends its idle connection; the next request goes out on a new one.
#[test]
fn a_connection_that_went_stale_is_replaced() {
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = connect(proxy.address);
    for n in 0..3 {
        let hop = &proxy.authorization;
        write!(client, "POST http://{address}/{n} HTTP/1.1\r\nHost: h\r\n{hop}Content-Length: 0\r\n\r\n")
            .unwrap();
        let mut all = Vec::new();
        read_until(&mut client, &mut all, b"\r\n\r\nok");
        assert!(all.starts_with(b"HTTP/1.1 200 OK"), "{n}: {}", lossy(&all));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(client);
    assert_eq!(proxy.finish().0.len(), 3);
}

/// A client that has said all, and still listens.
#[test]
fn a_half_closed_client_gets_its_answer() {
    let (address, received) = server(|stream, all| {
        // Answers when the client has closed its side.
        stream.read_to_end(all).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = proxy.begin(&format!("GET http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n"));
    client.shutdown(Shutdown::Write).unwrap();
    assert!(read_to_end(&mut client).ends_with(b"late"));
    received.recv().unwrap();
    assert_eq!(proxy.finish().0[0].response.as_ref().unwrap().body, Body::Text("late".into()));
}

/// Whoever ends first: the exchange is recorded with what there was.
#[test]
fn exchanges_that_end_early_are_recorded() {
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        if all.starts_with(b"GET /endless") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            while stream.write_all(&[b'x'; 1000]).is_ok() {
                std::thread::sleep(Duration::from_millis(1));
            }
        } else if all.starts_with(b"GET /silent") {
            let _ = stream.read(&mut [0]);
        }
    });
    let proxy = Running::start(ProxyOptions::default());
    let begin = |method: &str, path: &str, more: &str| {
        proxy.begin(&format!("{method} http://{address}/{path} HTTP/1.1\r\nHost: h\r\n{{hop}}{more}\r\n"))
    };
    let mut client = begin("GET", "endless", "");
    client.read_exact(&mut [0; 5000]).unwrap();
    drop(client);
    drop(begin("GET", "silent", ""));
    let mut client = begin("PUT", "cut", "Content-Length: 100\r\n");
    client.write_all(b"only this").unwrap();
    std::thread::sleep(Duration::from_millis(50));
    drop(client);
    std::thread::sleep(Duration::from_millis(100));
    let (exchanges, notes) = proxy.finish();
    assert_eq!(exchanges.len(), 3);
    assert!(
        matches!(&exchanges[0].response.as_ref().unwrap().body, Body::Text(text) if text.starts_with("xxx"))
    );
    assert_eq!(exchanges[1].response, None);
    assert_eq!(exchanges[2].request.body, Body::Text("only this".into()));
    assert!(notes.iter().any(|note| note.message().contains("went away")), "{notes:?}");
}

#[test]
fn what_is_under_way_at_the_end_is_recorded() {
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").unwrap();
        std::thread::sleep(Duration::from_secs(6));
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = proxy.begin(&format!("GET http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n"));
    read_until(&mut client, &mut Vec::new(), b"half");
    let begun = std::time::Instant::now();
    let (exchanges, notes) = proxy.finish();
    assert!(begun.elapsed() < Duration::from_secs(4));
    let why = "it was not over when the command had ended";
    assert_eq!(exchanges[0].failure.as_deref(), Some(why));
    assert!(notes[0].message().ends_with(why), "{notes:?}");
    assert_eq!(exchanges[0].response.as_ref().unwrap().body, Body::Text("half".into()));
}

#[test]
fn an_upgrade_passes_through_and_is_noted() {
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        let head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhello";
        stream.write_all(head).unwrap();
        read_until(stream, all, b"ping");
        stream.write_all(b"pong").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = proxy.begin(&format!(
        "GET http://{address}/ws HTTP/1.1\r\nHost: h\r\n{{hop}}Connection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    ));
    read_until(&mut client, &mut Vec::new(), b"hello");
    client.write_all(b"ping").unwrap();
    assert_eq!(read_to_end(&mut client), b"pong");
    let (exchanges, notes) = proxy.finish();
    assert_eq!(exchanges[0].response.as_ref().unwrap().status, 101);
    assert!(notes[0].message().contains("another protocol"), "{notes:?}");
}

/// Asks for a tunnel and reads the answer to that.
fn tunnel(proxy: &Running, target: &str) -> TcpStream {
    let mut client = proxy.begin(&format!("CONNECT {target} HTTP/1.1\r\n{{hop}}\r\n"));
    let mut all = Vec::new();
    read_until(&mut client, &mut all, b"\r\n\r\n");
    assert!(all.starts_with(b"HTTP/1.1 200 "), "{}", lossy(&all));
    client
}

#[test]
fn connect_to_what_is_not_http_passes_through() {
    // The first speaks before it is spoken to, the second after.
    for (greeting, word, answer) in [("SSH-2.0-x\r\n", "ping", "pong"), ("", "\u{1}binary", "ok")] {
        let (address, _received) = server(move |stream, all| {
            stream.write_all(greeting.as_bytes()).unwrap();
            read_until(stream, all, word.as_bytes());
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let proxy = Running::start(ProxyOptions::default());
        let mut client = tunnel(&proxy, &address.to_string());
        read_until(&mut client, &mut Vec::new(), greeting.as_bytes());
        client.write_all(word.as_bytes()).unwrap();
        assert_eq!(lossy(&read_to_end(&mut client)), answer);
        let (exchanges, notes) = proxy.finish();
        assert!(exchanges.is_empty());
        assert!(notes[0].message().contains("not recorded"), "{notes:?}");
    }
}

#[test]
fn plain_http_inside_connect_is_recorded() {
    let (address, received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok").unwrap();
    });
    let proxy = Running::start(ProxyOptions::default());
    let mut client = tunnel(&proxy, &address.to_string());
    client.write_all(b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert!(read_to_end(&mut client).ends_with(b"ok"));
    assert_eq!(received.recv().unwrap(), b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    let (exchanges, _) = proxy.finish();
    assert_eq!(&*exchanges[0].request.url, format!("http://{address}/a"));
}

#[test]
fn a_long_body_is_a_length_and_a_digest() {
    const LENGTH: usize = 8 << 20;
    let (address, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        let mut body = vec![0; LENGTH];
        stream.read_exact(&mut body).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n").unwrap();
        stream.write_all(&vec![b'a'; LENGTH]).unwrap();
    });
    let proxy = Running::start(ProxyOptions { body_limit: 1000, ..ProxyOptions::default() });
    let mut client = proxy.begin(&format!(
        "PUT http://{address}/ HTTP/1.1\r\nHost: h\r\n{{hop}}Connection: close\r\nContent-Length: {LENGTH}\r\n\r\n"
    ));
    client.write_all(&vec![b'\xff'; LENGTH]).unwrap();
    assert!(read_to_end(&mut client).ends_with(b"aaa"));
    let (exchanges, _) = proxy.finish();
    let (Body::Binary(request), Body::Binary(response)) =
        (&exchanges[0].request.body, &exchanges[0].response.as_ref().unwrap().body)
    else {
        panic!("{exchanges:?}")
    };
    assert_eq!((&request.head[..], request.length), (&[b'\xff'; 32][..], Some(LENGTH as u64)));
    assert_eq!((&response.head[..], response.length), (&[b'a'; 1000][..], Some(LENGTH as u64)));
    let digest = ring::digest::digest(&ring::digest::SHA256, &vec![b'a'; LENGTH]);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(response.sha256.as_deref(), Some(&*digest));
}

/// The user's own proxy is used for servers that its `no_proxy` does not name.
#[test]
fn another_proxy_is_on_the_way() {
    let (origin, _received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\norigin").unwrap();
    });
    let (parent, received) = server(|stream, all| {
        read_until(stream, all, b"\r\n\r\n");
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nparent").unwrap();
    });
    let upstream = |no_proxy: &str| docgen::capture::UpstreamProxy {
        http: Some(format!("http://me:pass@{parent}")),
        https: None,
        no_proxy: Some(no_proxy.to_owned()),
    };
    let request = format!("GET http://{origin}/a HTTP/1.1\r\nHost: h\r\n{{hop}}Connection: close\r\n\r\n");
    let proxy = Running::start(ProxyOptions { upstream: upstream("elsewhere"), ..ProxyOptions::default() });
    assert!(read_to_end(&mut proxy.begin(&request)).ends_with(b"parent"));
    let user = BASE64.encode("me:pass");
    assert_eq!(
        lossy(&received.recv().unwrap()),
        format!(
            "GET http://{origin}/a HTTP/1.1\r\nProxy-Authorization: Basic {user}\r\nHost: h\r\nConnection: close\r\n\r\n"
        )
    );
    let (exchanges, _) = proxy.finish();
    assert_eq!(heads(&exchanges[0].request.headers), pairs([("Host", "h"), ("Connection", "close")]));

    let proxy = Running::start(ProxyOptions { upstream: upstream("127.0.0.0/8"), ..ProxyOptions::default() });
    assert!(read_to_end(&mut proxy.begin(&request)).ends_with(b"origin"));
    proxy.finish();
}

mod tls {
    use std::sync::Arc;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};

    use super::*;

    fn provider() -> Arc<rustls::crypto::CryptoProvider> {
        Arc::new(rustls::crypto::ring::default_provider())
    }

    /// A TLS server with a certificate for these names, which is in the file that comes back.
    fn tls_server(names: &[&str], response: &'static [u8]) -> (SocketAddr, tempfile::NamedTempFile) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        server_with(rcgen::CertificateParams::new(names).unwrap(), false, response)
    }

    /// Takes any certificate of a client, or none, and asks for one.
    #[derive(Debug)]
    struct AsksClients(Arc<dyn rustls::server::danger::ClientCertVerifier>);

    impl rustls::server::danger::ClientCertVerifier for AsksClients {
        fn client_auth_mandatory(&self) -> bool {
            false
        }

        fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
            &[]
        }

        fn verify_client_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: rustls::pki_types::UnixTime,
        ) -> Result<rustls::server::danger::ClientCertVerified, rustls::Error> {
            Ok(rustls::server::danger::ClientCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            self.0.verify_tls12_signature(message, certificate, signature)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            self.0.verify_tls13_signature(message, certificate, signature)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.0.supported_verify_schemes()
        }
    }

    fn server_with(
        params: rcgen::CertificateParams,
        asks_clients: bool,
        response: &'static [u8],
    ) -> (SocketAddr, tempfile::NamedTempFile) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let builder = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks_clients {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(certificate.der().clone()).unwrap();
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
            builder.with_client_cert_verifier(Arc::new(AsksClients(verifier.build().unwrap())))
        } else {
            builder.with_no_client_auth()
        };
        let config = builder
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )
            .unwrap();
        let config = Arc::new(config);
        let (address, _) = server(move |stream, _| {
            let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
            let mut tls = rustls::Stream::new(&mut session, stream);
            let mut all = Vec::new();
            let mut piece = [0; 1000];
            while !all.ends_with(b"\r\n\r\n") && !all.ends_with(b"ping") {
                match tls.read(&mut piece) {
                    Ok(n) if n > 0 => all.extend_from_slice(&piece[..n]),
                    _ => return,
                }
            }
            tls.write_all(response).unwrap();
            session.send_close_notify();
            let _ = session.write_tls(stream);
        });
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let body = BASE64.encode(certificate.der());
        write!(file, "-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n").unwrap();
        (address, file)
    }

    /// Speaks TLS through the proxy, trusting what the proxy says to trust.
    fn ask(
        proxy: &Running,
        target: &str,
        name: &str,
        alpn: &[&str],
        request: &[u8],
    ) -> std::io::Result<Vec<u8>> {
        ask_as(proxy, target, name, alpn, request, true, false)
    }

    fn ask_as(
        proxy: &Running,
        target: &str,
        name: &str,
        alpn: &[&str],
        request: &[u8],
        trusts: bool,
        has_certificate: bool,
    ) -> std::io::Result<Vec<u8>> {
        let mut client = tunnel(proxy, target);
        let mut roots = rustls::RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(proxy.trusted.as_bytes()).filter(|_| trusts) {
            roots.add(root.unwrap()).unwrap();
        }
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = if has_certificate {
            let key = rcgen::KeyPair::generate().unwrap();
            let own =
                rcgen::CertificateParams::new(vec!["me".to_owned()]).unwrap().self_signed(&key).unwrap();
            let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
            builder.with_client_auth_cert(vec![own.der().clone()], key).unwrap()
        } else {
            builder.with_no_client_auth()
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut tls = rustls::Stream::new(&mut session, &mut client);
        tls.write_all(request)?;
        let mut all = Vec::new();
        tls.read_to_end(&mut all)?;
        if alpn.contains(&"http/1.1") {
            assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        }
        Ok(all)
    }

    const OK: &[u8] = b"HTTP/1.1 200 Fine\r\nX-y: z\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    const GET: &[u8] = b"GET /a?b HTTP/1.1\r\nhOst: h\r\n\r\n";

    fn trusting(file: &tempfile::NamedTempFile) -> ProxyOptions {
        ProxyOptions { certificates: vec![file.path().to_owned()], ..ProxyOptions::default() }
    }

    #[test]
    fn https_is_opened_for_addresses_and_names() {
        let (address, file) = tls_server(&["127.0.0.1", "localhost"], OK);
        let proxy = Running::start(trusting(&file));
        let port = address.port();
        for name in ["127.0.0.1", "localhost"] {
            let answer = ask(&proxy, &format!("{name}:{port}"), name, &["h2", "http/1.1"], GET).unwrap();
            assert_eq!(lossy(&answer), lossy(OK));
        }
        let (exchanges, notes) = proxy.finish();
        let urls: Vec<_> = exchanges.iter().map(|exchange| exchange.request.url.to_string()).collect();
        assert_eq!(urls, [format!("https://127.0.0.1:{port}/a?b"), format!("https://localhost:{port}/a?b")]);
        assert_eq!(heads(&exchanges[0].request.headers), pairs([("hOst", "h")]));
        assert!(notes.is_empty(), "{notes:?}");
    }

    /// As `curl -0` names itself.
    #[test]
    fn https_of_the_older_version_is_opened() {
        let (address, file) = tls_server(&["127.0.0.1"], OK);
        let proxy = Running::start(trusting(&file));
        let get = GET.strip_suffix(b"1\r\nhOst: h\r\n\r\n").unwrap();
        let get = [get, b"0\r\n\r\n"].concat();
        assert_eq!(ask(&proxy, &address.to_string(), "127.0.0.1", &["http/1.0"], &get).unwrap(), OK);
        let (exchanges, notes) = proxy.finish();
        assert_eq!(exchanges[0].request.version.as_deref(), Some("HTTP/1.0"));
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn a_server_is_verified_unless_told_otherwise() {
        let (address, _file) = tls_server(&["127.0.0.1"], OK);
        let proxy = Running::start(ProxyOptions::default());
        let answer = ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 502 "), "{}", lossy(&answer));
        let (exchanges, notes) = proxy.finish();
        assert_eq!((exchanges.len(), &exchanges[0].response), (1, &None));
        assert!(notes[0].message().contains("not trusted"), "{notes:?}");

        let (address, _file) = tls_server(&["127.0.0.1"], OK);
        let proxy = Running::start(ProxyOptions { insecure: true, ..ProxyOptions::default() });
        assert_eq!(ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap(), OK);
        assert_eq!(proxy.finish().0.len(), 1);
    }

    /// A certificate for another name is not taken, trusted as it may be.
    #[test]
    fn a_server_is_who_it_says() {
        let (address, file) = tls_server(&["elsewhere.example"], OK);
        let proxy = Running::start(trusting(&file));
        let answer = ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 502 "), "{}", lossy(&answer));
        let (exchanges, notes) = proxy.finish();
        let why = "is not trusted: it is for elsewhere.example, and not for 127.0.0.1";
        assert!(notes[0].message().ends_with(why), "{notes:?}");
        assert!(exchanges[0].failure.as_deref().unwrap().ends_with(why));
    }

    /// A certificate that its server has signed itself, as an authority: named, it is trusted.
    #[test]
    fn a_certificate_that_is_its_own_authority_is_trusted_where_it_is_named() {
        let authority = |name: &str| {
            let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            params
        };
        let (address, file) = server_with(authority("127.0.0.1"), false, OK);
        let proxy = Running::start(trusting(&file));
        assert_eq!(ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap(), OK);
        let (exchanges, notes) = proxy.finish();
        assert!(exchanges.len() == 1 && notes.is_empty(), "{notes:?}");

        let (address, _file) = server_with(authority("127.0.0.1"), false, OK);
        for certificates in [vec![], vec![file.path().to_owned()]] {
            let proxy = Running::start(ProxyOptions { certificates, ..ProxyOptions::default() });
            ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap();
            assert!(proxy.finish().1[0].message().contains("is not trusted: "));
        }

        let (address, file) = server_with(authority("elsewhere.example"), false, OK);
        let proxy = Running::start(trusting(&file));
        ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap();
        assert!(proxy.finish().1[0].message().contains("it is for elsewhere.example, and not for"));

        let mut old = authority("127.0.0.1");
        (old.not_before, old.not_after) =
            (rcgen::date_time_ymd(2001, 1, 1), rcgen::date_time_ymd(2002, 3, 4));
        let (address, file) = server_with(old, false, OK);
        let proxy = Running::start(trusting(&file));
        ask(&proxy, &address.to_string(), "127.0.0.1", &[], GET).unwrap();
        let notes = proxy.finish().1;
        assert!(
            notes[0].message().ends_with("is not trusted: it expired on 2002-03-04 00:00 UTC"),
            "{notes:?}"
        );
    }

    /// What a server that asks for a certificate of its client answers to nobody is no answer to
    /// a client that has one.
    #[test]
    fn a_server_that_asks_for_a_client_certificate_is_told() {
        for has_certificate in [false, true] {
            let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            let (address, file) = server_with(params, true, OK);
            let proxy = Running::start(trusting(&file));
            // The second time, the session may be taken up again, and then nobody is asked.
            for _ in 0..2 {
                let target = address.to_string();
                let answer = ask_as(&proxy, &target, "127.0.0.1", &[], GET, true, has_certificate).unwrap();
                assert_eq!(answer, OK);
            }
            let (exchanges, notes) = proxy.finish();
            assert_eq!((exchanges.len(), notes.len()), (2, 1), "{notes:?}");
            let kind = if has_certificate { ErrorKind::Unrecorded } else { ErrorKind::Capture };
            let told = messages(&notes, kind)[0];
            assert!(told.starts_with(&format!("{address} asks for a client certificate, and the command ")));
            assert!(told.ends_with("(2 times)"), "{told}");
        }
    }

    #[test]
    fn a_client_that_does_not_trust_the_run_is_told() {
        let (address, file) = tls_server(&["127.0.0.1"], OK);
        let proxy = Running::start(trusting(&file));
        ask_as(&proxy, &address.to_string(), "127.0.0.1", &[], GET, false, false).unwrap_err();
        let (exchanges, notes) = proxy.finish();
        assert!(exchanges.is_empty());
        let told = messages(&notes, ErrorKind::Unrecorded);
        assert!(
            told[0].contains(&format!("did not take the certificate that docgen showed it for {address}"))
        );
        assert!(notes[0].help().unwrap().contains("SSL_CERT_FILE"));
    }

    /// Some look at the certificate when the connection stands, and end it without a word.
    #[test]
    fn a_client_that_opens_tls_and_asks_for_nothing_is_told() {
        for asks_too in [false, true] {
            let (address, file) = tls_server(&["127.0.0.1"], OK);
            let proxy = Running::start(trusting(&file));
            let ask = |request: &[u8]| ask(&proxy, &address.to_string(), "127.0.0.1", &[], request);
            if asks_too {
                ask(GET).unwrap();
            }
            {
                let mut client = tunnel(&proxy, &address.to_string());
                let mut roots = rustls::RootCertStore::empty();
                roots.add_parsable_certificates(
                    CertificateDer::pem_slice_iter(proxy.trusted.as_bytes()).map(Result::unwrap),
                );
                let config = rustls::ClientConfig::builder_with_provider(provider())
                    .with_safe_default_protocol_versions()
                    .unwrap()
                    .with_root_certificates(roots)
                    .with_no_client_auth();
                let name = ServerName::try_from("127.0.0.1").unwrap();
                let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
                session.complete_io(&mut client).unwrap();
                session.send_close_notify();
                session.write_tls(&mut client).unwrap();
            }
            std::thread::sleep(Duration::from_millis(50));
            let (exchanges, notes) = proxy.finish();
            assert_eq!(exchanges.len(), usize::from(asks_too));
            let kind = if asks_too { ErrorKind::Capture } else { ErrorKind::Unrecorded };
            let told = format!("the command opened TLS to {address} and sent no request");
            assert_eq!(messages(&notes, kind), [told], "{notes:?}");
        }
    }

    /// A request whose TLS the client leaves to its proxy.
    #[test]
    fn an_absolute_https_url_is_asked_for_in_tls() {
        let (address, file) = tls_server(&["127.0.0.1"], OK);
        let proxy = Running::start(trusting(&file));
        let request = format!("GET https://{address}/a HTTP/1.1\r\nHost: h\r\n{{hop}}\r\n");
        assert_eq!(read_to_end(&mut proxy.begin(&request)), OK);
        let (exchanges, notes) = proxy.finish();
        assert_eq!(&*exchanges[0].request.url, format!("https://{address}/a"));
        assert!(notes.is_empty(), "{notes:?}");
    }

    #[test]
    fn tls_around_another_protocol_passes_through() {
        for alpn in [&[][..], &["imap"], &["h2"]] {
            let (address, file) = tls_server(&["127.0.0.1"], b"pong");
            let proxy = Running::start(trusting(&file));
            let answer = ask(&proxy, &address.to_string(), "127.0.0.1", alpn, b"\x01ping").unwrap();
            assert_eq!(answer, b"pong");
            let (exchanges, notes) = proxy.finish();
            assert!(exchanges.is_empty());
            assert!(notes[0].message().contains("not recorded"), "{notes:?}");
            let is_http = alpn == ["h2"];
            assert_eq!(notes[0].kind() == ErrorKind::Unrecorded, is_http);
        }
    }
}
