//! Whole commands, recorded: what comes back when they do well, and what is said when they do not.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

#[path = "support/ports.rs"]
mod ports;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use docgen::capture::{CommandSpec, Failure, Options, Program, ProxyOptions, Recording, record};
use docgen::redact::{RuleSpec, Rules};

/// A server that answers every request alike.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut all = Vec::new();
            let mut piece = [0; 1000];
            while !all.ends_with(b"\r\n\r\n") {
                let read = stream.read(&mut piece).unwrap();
                all.extend_from_slice(&piece[..read]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        }
    });
    address
}

fn options() -> Options {
    Options {
        proxy: ProxyOptions::default(),
        redaction: Some(Rules::new("en", &RuleSpec::default()).unwrap()),
        from: None,
        allow_broken: false,
        watch: true,
        keeper: Vec::new(),
    }
}

/// A line for the shell, in an environment that would keep a client from its proxy.
fn shell(line: &str) -> CommandSpec {
    let env = [
        ("PATH", std::env::var("PATH").unwrap()),
        ("no_proxy", "*".into()),
        ("NO_PROXY", "*".into()),
        ("REQUEST_METHOD", "GET".into()),
        ("MY_SECRET", "sesame-77-0pen".into()),
    ];
    let env = env.map(|(name, value)| (name.into(), value.into())).to_vec();
    CommandSpec { program: Program::Shell(line.to_owned()), ..CommandSpec::new(Vec::new(), env) }
}

fn run(spec: &CommandSpec) -> Result<Recording, Box<Failure>> {
    record(spec, &options(), &mut |_| {})
}

fn fails(spec: &CommandSpec) -> Failure {
    *run(spec).err().unwrap()
}

#[test]
fn a_command_is_recorded() {
    let address = server();
    let line = format!(
        "curl -sS http://{address}/a -H 'X-Auth-Token: abc-def'; echo; echo $MY_SECRET $http_proxy; ls -l $SSL_CERT_FILE"
    );
    let mut ticks = 0;
    let recording = record(&shell(&format!("sleep 0.3; {line}")), &options(), &mut |progress| {
        ticks += usize::from(progress.elapsed > Duration::ZERO)
    })
    .unwrap();
    assert!(ticks > 1);
    let trace = recording.exchanges.trace().unwrap();
    let [exchange] = &trace.exchanges[..] else { panic!("{trace:?}") };
    assert_eq!(&*exchange.request.url, format!("http://{address}/a"));
    let headers: Vec<_> =
        exchange.request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert!(headers.contains(&"X-Auth-Token: ***".to_owned()), "{headers:?}");
    assert!(!headers.iter().any(|header| header.to_lowercase().starts_with("proxy-")), "{headers:?}");
    let lines: Vec<&str> = recording.output.lines().collect();
    assert_eq!(lines[0], "ok");
    assert!(lines[1].starts_with("*** http://docgen:***@127.0.0.1:"), "{}", lines[1]);
    assert!(lines[2].starts_with("-rw------- "), "{}", lines[2]);
    let file = lines[2].split(' ').next_back().unwrap();
    assert!(!std::path::Path::new(file).exists(), "{file} is left");
}

#[test]
fn a_client_that_is_blind_to_the_proxy_is_told() {
    let failure = fails(&shell(&format!("curl -sS --noproxy '*' http://{}/", server())));
    assert!(failure.errors[0].message().contains("nothing was recorded"), "{failure:?}");
    assert!(failure.errors[0].help().unwrap().contains("docgen import"));
}

/// Two go past the proxy, beside one that does not; what is no connection to a server does not count.
#[test]
fn connections_past_the_proxy_are_counted_and_named() {
    let (address, name_server) = (server(), std::net::UdpSocket::bind("127.0.0.1:0").unwrap());
    let udp = name_server.local_addr().unwrap();
    let python = "import os, socket, sys\n\
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', int(sys.argv[1])))\n\
        try: socket.socket(socket.AF_UNIX).connect('/no/such/socket')\n\
        except OSError: pass\n";
    let line = format!(
        "curl -sS http://{address}/a; curl -sS --noproxy '*' http://{address}/b http://{address}/c; python3 -c \"{python}\" {}",
        udp.port()
    );
    let recording = run(&shell(&line)).unwrap();
    assert_eq!(recording.exchanges.len(), 1);
    let told = format!("2 connections went past the proxy, to {address}");
    let notes: Vec<&str> = recording.notes.iter().map(docgen::Error::message).collect();
    assert_eq!(notes, [told.as_str()]);
    assert_eq!(recording.exchanges.trace().unwrap().notes, [told]);

    // Where it is not wanted, nobody looks.
    let options = Options { watch: false, ..options() };
    let recording = record(&shell(&line), &options, &mut |_| {}).unwrap();
    assert!(recording.notes.is_empty(), "{:?}", recording.notes);
}

/// A recording that is false is none; one that is wanted all the same says what it is not.
#[test]
fn a_recording_that_is_not_true_is_none() {
    let line = format!("curl -sS http://{}/; curl -sS $http_proxy/", server());
    let failure = fails(&shell(&line));
    assert!(failure.errors[0].message().contains("its recording would not be true"), "{failure:?}");
    assert!(failure.notes[0].message().contains("with 400 itself"), "{failure:?}");
    let options = Options { allow_broken: true, ..options() };
    let recording = record(&shell(&line), &options, &mut |_| {}).unwrap();
    assert!(recording.exchanges.trace().unwrap().notes[0].contains("with 400 itself"));
}

#[test]
fn an_exit_status_is_expected() {
    let line = format!("curl -sS http://{}/; echo the token is abcdefgh; exit 3", server());
    let failure = fails(&shell(&line));
    assert!(failure.errors[0].message().contains("exit status 3, and 0 was expected"), "{failure:?}");
    assert!(failure.errors[0].help().unwrap().contains("exit = 3"));
    let recording = run(&CommandSpec { expected_exit: 3, ..shell(&line) }).unwrap();
    assert_eq!((recording.exit, recording.exchanges.len()), (3, 1));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let gone = ports::nobody();
    let failure = fails(&shell(&format!("curl -sSf http://{gone}/")));
    assert!(failure.notes[0].message().contains(&format!("cannot connect to {gone}")), "{failure:?}");
}

#[test]
fn time_is_limited() {
    let spec = CommandSpec { time_limit: Some(Duration::from_millis(200)), ..shell("sleep 60") };
    let begun = Instant::now();
    let failure = fails(&spec);
    assert!(failure.errors[0].message().contains("took longer than 200ms"), "{failure:?}");
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_folder_that_takes_no_files_is_told() {
    let options = Options {
        proxy: ProxyOptions { temp_dir: "/no/such/folder".into(), ..ProxyOptions::default() },
        ..options()
    };
    let failure = record(&shell("true"), &options, &mut |_| {}).err().unwrap();
    assert!(failure.errors[0].message().contains("/no/such/folder") && failure.errors[0].help().is_some());
}

/// The secrets of a command reach neither the temporary folder nor a log there.
#[test]
fn nothing_secret_is_on_disk_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        proxy: ProxyOptions { temp_dir: folder.path().to_owned(), ..ProxyOptions::default() },
        ..options()
    };
    // So many that they do not stay in memory.
    let line = format!(
        "for n in 1 2 3; do head -c 300000 /dev/zero | tr '\\0' 'x' | curl -sS -o /dev/null -H 'X-Auth-Token: sesame-77-0pen' --data-binary @- -H 'Expect:' http://{}/; done; \
         grep -rl -e sesame -e PRIVATE {} && exit 9; exit 0",
        drain_server(),
        folder.path().display()
    );
    let recording = record(&shell(&line), &options, &mut |_| {}).unwrap();
    assert_eq!(recording.exchanges.len(), 3);
}

/// A server that reads a body of 300000 bytes.
fn drain_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut count = 0;
            let mut piece = [0; 10000];
            while count < 300_000 {
                count += stream.read(&mut piece).unwrap();
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    address
}
