//! The recording proxy against raw sockets: what a server gets, what a client gets, what is recorded.
//!
//! Most cases run twice, straight and through the proxy, and the bytes that either side received
//! must be the same. Servers are plain listeners that do what they are told, right or wrong.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use docgen::Error;
use docgen::capture::{Proxy, ProxyOptions};
use docgen::trace::{Body, Exchange};

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
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
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
    assert!(exchanges.is_empty() && notes.is_empty());
}

#[test]
fn what_is_no_request_for_a_proxy_is_refused() {
    let proxy = Running::start(ProxyOptions::default());
    let itself = format!("http://{}/", proxy.address);
    for target in ["/path", "ftp://h/", &itself] {
        let answer = read_to_end(&mut proxy.begin(&format!("GET {target} HTTP/1.1\r\n{{hop}}\r\n")));
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{target}: {}", lossy(&answer));
    }
    assert!(read_to_end(&mut proxy.begin("nonsense\r\n\r\n")).starts_with(b"HTTP/1.1 400 "));
    proxy.finish();
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
    let (exchanges, _) = proxy.finish();
    assert!(begun.elapsed() < Duration::from_secs(4));
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
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
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
        let mut client = tunnel(proxy, target);
        let mut roots = rustls::RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(proxy.trusted.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let mut config = rustls::ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
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
        assert!(proxy.finish().1[0].message().contains("not trusted"));
    }

    #[test]
    fn tls_around_another_protocol_passes_through() {
        for alpn in [&[][..], &["imap"]] {
            let (address, file) = tls_server(&["127.0.0.1"], b"pong");
            let proxy = Running::start(trusting(&file));
            let answer = ask(&proxy, &address.to_string(), "127.0.0.1", alpn, b"\x01ping").unwrap();
            assert_eq!(answer, b"pong");
            let (exchanges, notes) = proxy.finish();
            assert!(exchanges.is_empty());
            assert!(notes[0].message().contains("not recorded"), "{notes:?}");
        }
    }
}
