//! Who sends what: services behind ports of docgen's own, as a user sets them up.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use docgen::capture::{CommandSpec, Options, Ports, Program, ProxyOptions, Recording, record};
use docgen::sequence::participants::Participants;
use docgen::sequence::senders::Evidence;
use docgen::settings::{Layer, Port, Settings};
use docgen::trace::{Exchange, Trace};
use support::Site;
use support::ports::nobody;

/// The head of the next message on a connection; empty at its end. No message here has a body that
/// is not `ok`.
fn head(stream: &mut TcpStream) -> String {
    let (mut all, mut byte) = (Vec::new(), [0]);
    while !all.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        all.push(byte[0]);
    }
    String::from_utf8(all).unwrap()
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A server that does `work` before it answers each request.
fn server(work: impl Fn() + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let work = Arc::new(work);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, work) = (stream.unwrap(), work.clone());
            std::thread::spawn(move || {
                while !head(&mut stream).is_empty() {
                    work();
                    let _ = stream.write_all(OK);
                }
            });
        }
    });
    address
}

/// What the proxy at `port` answers to `GET` of `url`, on a connection that is kept where it was not closed.
fn get(connection: &mut Option<TcpStream>, port: SocketAddr, url: &str, more: &str) -> String {
    let is_open = connection.as_ref().is_some_and(|stream| {
        stream.set_nonblocking(true).unwrap();
        let is_open =
            stream.peek(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        stream.set_nonblocking(false).unwrap();
        is_open
    });
    let mut stream = match connection.take().filter(|_| is_open) {
        Some(stream) => stream,
        None => TcpStream::connect(port).unwrap(),
    };
    write!(stream, "GET {url} HTTP/1.1\r\nHost: h\r\n{more}\r\n").unwrap();
    let answer = head(&mut stream);
    if answer.contains("Content-Length: 2\r\n") {
        stream.read_exact(&mut [0; 2]).unwrap();
        *connection = Some(stream);
    }
    answer
}

/// A service of images that asks one of identities, through a port that it keeps a connection to.
fn services(port: SocketAddr) -> (SocketAddr, SocketAddr) {
    let identity = server(|| {});
    let connection = Mutex::new(None);
    let images = server(move || {
        let mut connection = connection.lock().unwrap();
        get(&mut connection, port, &format!("http://{identity}/token"), "");
    });
    (images, identity)
}

fn ports(port: SocketAddr, participant: &str) -> Vec<Port> {
    let text = format!("[[participant]]\nid = '{participant}'\nlisten = '{port}'\n");
    Settings::resolve(&[Layer::parse("docgen.toml".as_ref(), &text).unwrap()]).ports
}

fn recorded(line: &str, open: &Ports, ports: &[Port]) -> Recording {
    let env = vec![("PATH".into(), std::env::var_os("PATH").unwrap())];
    let spec = CommandSpec { program: Program::Shell(line.to_owned()), ..CommandSpec::new(Vec::new(), env) };
    let proxy = ProxyOptions { ports: Some(open.of_capture(ports).unwrap()), ..ProxyOptions::default() };
    let options =
        Options { proxy, redaction: None, from: None, allow_broken: false, watch: true, keeper: Vec::new() };
    record(&spec, &options, &mut |_| {}).unwrap()
}

/// Sender and path of each exchange.
fn sent(trace: &Trace) -> Vec<(Option<&str>, &str)> {
    let path = |exchange: &'_ Exchange| exchange.request.url.rfind('/').unwrap() + 1;
    trace.exchanges.iter().map(|one| (one.from.as_deref(), &one.request.url[path(one)..])).collect()
}

#[test]
fn what_comes_in_at_a_port_is_sent_by_its_participant() {
    let port = nobody();
    let (images, _) = services(port);
    let wanted = ports(port, "images");
    let open = Ports::open(&wanted, None, &ProxyOptions::default()).unwrap();
    let line = format!("curl -sS http://{images}/one http://{images}/two");
    // The service keeps its connection to the port, and the second capture gets what is its own.
    for _ in 0..2 {
        let recording = recorded(&line, &open, &wanted);
        let trace = recording.exchanges.trace().unwrap();
        assert_eq!(
            sent(&trace),
            [(None, "one"), (Some("images"), "token"), (None, "two"), (Some("images"), "token")]
        );
        assert!(recording.notes.is_empty(), "{:?}", recording.notes);
    }
    // Between two captures it is answered all the same.
    let mut stream = TcpStream::connect(images).unwrap();
    stream.write_all(b"GET /three HTTP/1.1\r\n\r\n").unwrap();
    assert!(head(&mut stream).starts_with("HTTP/1.1 200 OK"));
    // One whose settings do not name the port has nothing to do with it.
    let recording = recorded(&line, &open, &[]);
    assert_eq!(sent(&recording.exchanges.trace().unwrap()), [(None, "one"), (None, "two")]);
    let notes: Vec<String> = open.close().iter().map(|note| note.message().to_owned()).collect();
    assert_eq!(
        notes,
        [
            "passed on and not recorded, since no capture of it ran: 3 requests to 127.0.0.1, through the ports of participants"
        ]
    );
    assert!(TcpStream::connect(port).is_err(), "it is closed");
}

/// docgen in a site's folder, with more environment.
fn docgen(site: &Site, arguments: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1").envs(env.iter().copied());
    command.output().unwrap()
}

fn says(output: &Output, status: i32) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}");
    text
}

/// A site whose services and their port are named in its docgen.toml.
fn site(port: SocketAddr) -> (Site, SocketAddr) {
    let (images, identity) = services(port);
    let site = Site::new();
    site.write(
        "captures/docgen.toml",
        format!(
            "[[participant]]\nid = 'me'\nnames = ['client']\n\
             [[participant]]\nid = 'images'\nurls = ['http://{images}/']\nlisten = '{port}'\n\
             [[participant]]\nid = 'identity'\nurls = ['http://{identity}/']\n"
        ),
    );
    (site, images)
}

#[test]
fn the_diagram_of_a_new_capture_has_the_senders_of_the_settings() {
    let (site, images) = site(nobody());
    let url = format!("http://{images}/list");
    let output = docgen(&site, &["capture", "captures", "list", "--", "curl", "-sS", &url], &[]);
    let said = says(&output, 0);
    assert!(!said.contains("note:"), "{said}");
    says(&docgen(&site, &["render", "captures", "docs"], &[]), 0);
    let page = site.read("docs/list.md");
    let lines: Vec<&str> = page.lines().filter(|line| line.contains(">>")).map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "me->>images: GET /list",
            "images->>identity: GET /token",
            "identity-->>images: Response: 200 OK",
            "images-->>me: Response: 200 OK"
        ]
    );
}

/// What is set up and cleaned up may ask the services, too, and is not recorded.
#[test]
fn the_ports_are_open_while_a_suite_is_set_up() {
    let (site, images) = site(nobody());
    let settings = site.read("captures/docgen.toml");
    let suite = format!(
        "setup = ['curl -sSf http://{images}/set-up']\ncleanup = ['curl -sSf http://{images}/clean']\n"
    );
    site.write("captures/docgen.toml", format!("{settings}[suite]\n{suite}"));
    for name in ["a", "b"] {
        site.write(
            &format!("captures/{name}/capture.toml"),
            format!("command = 'curl -sS http://{images}/{name}'\n"),
        );
    }
    let said = says(&docgen(&site, &["capture", "captures"], &[]), 0);
    assert!(said.contains("no capture of it ran: 2 requests to 127.0.0.1"), "{said}");
    for name in ["a", "b"] {
        assert_eq!(sent(&entries(&site, name)), [(None, name), (Some("images"), "token")]);
    }
}

#[test]
fn a_port_in_use_is_named_with_its_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap();
    let (site, images) = site(port);
    let url = format!("http://{images}/list");
    let said = says(&docgen(&site, &["capture", "captures", "list", "--", "curl", "-sS", &url], &[]), 1);
    assert!(said.contains(&format!("the port {port} of `images` is in use")), "{said}");
    assert!(said.contains("captures/docgen.toml:7:10") && said.contains("nothing was run"), "{said}");
    assert!(!site.exists("captures/list"));
    // Nothing listens for those who only look.
    says(&docgen(&site, &["capture", "captures", "list", "--dry-run", "--", "curl", &url], &[]), 0);
}

#[test]
fn docgen_is_no_proxy_of_itself() {
    let port = nobody();
    let (site, images) = site(port);
    let url = format!("http://{images}/list");
    let proxy = format!("http://{port}");
    let arguments = ["capture", "captures", "list", "--", "curl", "-sS", &url];
    let said = says(&docgen(&site, &arguments, &[("http_proxy", &proxy)]), 1);
    assert!(said.contains("leads to docgen itself"), "{said}");
}

#[test]
fn one_port_is_of_one_participant() {
    let port = nobody();
    let (site, images) = site(port);
    let settings = site.read("captures/docgen.toml");
    site.write("captures/docgen.toml", format!("{settings}listen = '{port}'\n"));
    let url = format!("http://{images}/list");
    let said = says(&docgen(&site, &["capture", "captures", "list", "--", "curl", "-sS", &url], &[]), 1);
    assert!(said.contains("each needs a port of its own"), "{said}");
}

/// Who is somebody else on this machine has to know the password. It takes root to be somebody else.
#[test]
fn another_user_needs_the_password() {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root || Command::new("setpriv").arg("--version").output().is_err() {
        eprintln!("skipped: it needs root and setpriv");
        return;
    }
    let port = nobody();
    let identity = server(|| {});
    let wanted = ports(port, "images");
    let curl = |credentials: &str| {
        format!(
            "http_proxy=http://{credentials}{port} setpriv --reuid=65534 --clear-groups curl -sS -w '%{{http_code}}' http://{identity}/token"
        )
    };
    for (password, credentials, status) in [
        (None, "", "407"),
        (None, "docgen:guessed@", "407"),
        (Some("s3same"), "docgen:wrong@", "407"),
        (Some("s3same"), "x:s3same@", "200"),
    ] {
        let open = Ports::open(&wanted, password.map(str::to_owned), &ProxyOptions::default()).unwrap();
        // Between two captures, and in one.
        let output = Command::new("sh").args(["-c", &curl(credentials)]).output().unwrap();
        assert!(output.stdout.ends_with(status.as_bytes()), "{output:?}");
        assert_eq!(
            open.close().iter().filter(|note| note.message().contains("407")).count(),
            usize::from(status == "407")
        );

        let open = Ports::open(&wanted, password.map(str::to_owned), &ProxyOptions::default()).unwrap();
        let spec = CommandSpec {
            program: Program::Shell(format!("{}; curl -sS http://{identity}/own", curl(credentials))),
            ..CommandSpec::new(Vec::new(), vec![("PATH".into(), std::env::var_os("PATH").unwrap())])
        };
        let proxy =
            ProxyOptions { ports: Some(open.of_capture(&wanted).unwrap()), ..ProxyOptions::default() };
        let options = Options {
            proxy,
            redaction: None,
            from: None,
            allow_broken: false,
            watch: true,
            keeper: Vec::new(),
        };
        match record(&spec, &options, &mut |_| {}) {
            Ok(recording) => {
                assert_eq!(status, "200");
                let trace = recording.exchanges.trace().unwrap();
                assert_eq!(sent(&trace), [(Some("images"), "token"), (None, "own")]);
                assert!(
                    !trace.exchanges[0].request.headers.iter().any(|(name, _)| name.starts_with("Proxy"))
                );
            }
            Err(failure) => {
                assert_eq!(status, "407");
                let told = failure.notes.iter().find(|note| note.message().contains("407")).unwrap();
                assert!(told.message().contains("port of images without the password"), "{told:?}");
                assert!(told.help().unwrap().contains("DOCGEN_PROXY_PASSWORD"));
            }
        }
    }
}

/// A service of images that asks one of identities by the proxy of its environment, as most do, and both
/// are started by the command itself.
const SERVICES: &str = r#"
import sys, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
images, identity = sys.argv[1:]
class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        if self.path == '/list':
            urllib.request.urlopen(f'http://127.0.0.1:{identity}/token').read()
        time.sleep(float(self.path.partition('?')[2] or 0))
        self.send_response(200)
        self.send_header('Content-Length', '2')
        self.end_headers()
        self.wfile.write(b'ok')
    def log_message(self, *_):
        pass
for port in sys.argv[1:]:
    threading.Thread(target=ThreadingHTTPServer(('127.0.0.1', int(port)), Handler).serve_forever).start()
"#;

/// A site, and what a command begins with that starts its services; `IMAGES` and `IDENTITY` are their
/// addresses.
fn nesting_site(settings: &str) -> (Site, impl Fn(&str) -> String) {
    let (images, identity) = (nobody(), nobody());
    let fill = move |text: &str| {
        text.replace("IMAGES", &images.to_string()).replace("IDENTITY", &identity.to_string())
    };
    let site = Site::new();
    site.write("services.py", SERVICES);
    site.write("captures/docgen.toml", fill(settings));
    let start = format!(
        "python3 services.py {} {} & services=$!; until curl -s --noproxy '*' http://{identity}/ >/dev/null; do sleep 0.05; done; ",
        images.port(),
        identity.port()
    );
    (site, move |line: &str| start.clone() + &fill(line) + "; kill $services")
}

fn entries(site: &Site, capture: &str) -> Trace {
    let file = format!("captures/{capture}/trace.har");
    let read = docgen::source::read(file.as_ref(), site.read(&file).into_bytes());
    assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    read.trace
}

const NAMES: &str = "[[participant]]\nid = 'me'\nnames = ['client']\n\
    [[participant]]\nid = 'images'\nurls = ['http://IMAGES/']\n\
    [[participant]]\nid = 'identity'\nurls = ['http://IDENTITY/']\n";

#[test]
fn a_service_that_the_command_starts_is_known_by_what_it_serves() {
    for (name, settings, expected) in [
        ("named", NAMES.to_owned(), Some("images")),
        ("off", format!("{NAMES}[capture]\ninfer_senders = false\n"), None),
        ("nesting", format!("{NAMES}[capture]\ninfer_senders = true\n"), Some("images")),
    ] {
        let (site, line) = nesting_site(&settings);
        let line = line("curl -sS http://IMAGES/list");
        let said = says(&docgen(&site, &["capture", "captures", name, "--shell", "--", &line], &[]), 0);
        let trace = entries(&site, name);
        assert_eq!(sent(&trace), [(None, "list"), (expected, "token")], "{name}");
        assert_eq!(trace.exchanges[1].from_inferred, expected.is_some());
        assert_eq!(said.contains("who sent 1 exchange is inferred"), expected.is_some(), "{said}");
    }
}

#[test]
fn a_participant_that_sends_nothing_is_drawn_so() {
    let (site, line) = nesting_site(NAMES);
    let line = line("curl -sS http://IMAGES/list");
    says(&docgen(&site, &["capture", "captures", "list", "--shell", "--", &line], &[]), 0);
    let arrows = |site: &Site| {
        says(&docgen(site, &["render", "captures", "docs"], &[]), 0);
        let page = site.read("docs/list.md");
        let all = page.lines().filter(|line| line.contains("->>") && !line.contains("-->>"));
        all.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(arrows(&site), ["me->>images: GET /list", "images->>identity: GET /token"]);
    let settings = site.read("captures/docgen.toml");
    site.write("captures/docgen.toml", settings.replace("id = 'images'", "id = 'images'\nsends = false"));
    assert_eq!(arrows(&site), ["me->>images: GET /list", "me->>identity: GET /token"]);
}

/// Two at a time, of one process and of several: nobody sent one for the other.
#[test]
fn a_client_that_asks_two_at_a_time_asks_both_itself() {
    for (name, client) in [
        ("one", "curl -sS --parallel --parallel-immediate 'http://IMAGES/slow?1' 'http://IDENTITY/fast?0.2'"),
        ("two", "curl -sS 'http://IMAGES/slow?1' & sleep 0.3; curl -sS 'http://IDENTITY/fast'; wait $!"),
    ] {
        let (site, line) = nesting_site(NAMES);
        let line = line(client);
        let said = says(&docgen(&site, &["capture", "captures", name, "--shell", "--", &line], &[]), 0);
        let trace = entries(&site, name);
        // Two that a client sends at once may come in either order.
        let [first, second] = &trace.exchanges[..] else { panic!("{trace:?}") };
        assert!(first.ended > Some(second.started), "they are not at one time: {trace:?}");
        assert_eq!([&first.from, &second.from], [&None, &None], "{said}");
    }
}

/// The longest log of a real cloud: 64 messages of six services, whose senders it names.
#[test]
fn nesting_is_right_for_every_call_of_a_real_cloud() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/logs/zed/server-create/requestshook.log");
    let Ok(bytes) = std::fs::read(&file) else {
        eprintln!("skipped: there is no {}", file.display());
        return;
    };
    let told = docgen::source::read(&file, bytes).trace;
    let mut asked = told.clone();
    for exchange in &mut asked.exchanges {
        (exchange.from, exchange.to) = (None, None);
    }
    let profile = docgen::profile::Profile::embedded("openstack").map(|profile| &**profile);
    let count = docgen::sequence::senders::infer(&mut asked, Evidence::Nesting, &[], profile);
    let names = |trace: &Trace| {
        let participants = Participants::new(trace, &[], profile);
        (0..trace.exchanges.len()).map(|index| participants.from(index).id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&asked), names(&told));
    println!("{count} calls of services among {}", told.exchanges.len());
}

/// A log of calls: who, whom, path.
fn log(calls: &[(&str, &str, &str)]) -> String {
    let call = |(from, to, path): &(&str, &str, &str)| {
        let url = format!("GET http://192.0.2.1{path}");
        format!(
            "### ({from}) REQ >>> ({to}) : {url}\nAccept: */*\n\nnone\n\n\n### ({from}) RESP <<< ({to}) : 200 OK {url}\nServer: x\n\nnone\n\n\n"
        )
    };
    calls.iter().map(call).collect()
}

/// What is sent only now and then is in a box where it is there, blocks nothing where it is not, and no
/// change either way; whatever else comes or goes is one.
#[test]
fn what_is_optional_comes_and_goes() {
    let site = Site::new();
    site.write(
        "captures/docgen.toml",
        "layout = 'page'\n[[group]]\nkind = 'opt'\ntitle = 'no token yet'\n\
         first = 'images->identity GET /versions'\nlast = 'images->identity GET /token'\n",
    );
    let (before, after) = (("me", "images", "/list"), ("images", "identity", "/validate"));
    let (versions, token) = (("images", "identity", "/versions"), ("images", "identity", "/token"));
    let draws = |calls: &[(&str, &str, &str)], expected: &[&str]| {
        site.write("captures/list/trace.log", log(calls));
        let said = says(&docgen(&site, &["render", "captures", "docs"], &[]), 0);
        assert!(!said.contains("warning"), "{said}");
        let page = site.read("docs/list.md");
        let lines = page
            .lines()
            .skip_while(|line| !line.contains("sequenceDiagram"))
            .take_while(|line| *line != "```");
        let is_wanted =
            |line: &&str| !line.contains("-->>") && !line.contains("participant") && !line.contains("auto");
        let lines: Vec<&str> = lines.skip(1).filter(is_wanted).map(str::trim).collect();
        assert_eq!(lines, expected);
    };
    let (list, validate) = ("me->>images: GET /list", "images->>identity: GET /validate");
    let box_of = |calls: &[&'static str]| -> Vec<&str> {
        [&[list, "opt no token yet"], calls, &["end", validate]].concat()
    };
    let (asks_versions, asks_token) = ("images->>identity: GET /versions", "images->>identity: GET /token");
    draws(&[before, after], &[list, validate]);
    draws(&[before, token, after], &box_of(&[asks_token]));
    draws(&[before, versions, token, after], &box_of(&[asks_versions, asks_token]));

    // But a slip of the pen would be missing for ever.
    let settings = site.read("captures/docgen.toml");
    site.write("captures/docgen.toml", settings.replace("GET /token", "GET /tokne"));
    let said = says(&docgen(&site, &["render", "captures", "docs"], &[]), 0);
    for part in [
        "`images->identity GET /tokne` matches nothing",
        "docgen.toml:6",
        "did you mean `images->identity GET /token`?",
    ] {
        assert!(said.contains(part), "{said}");
    }
    site.write("captures/docgen.toml", settings);

    // A sentence may speak of them.
    let capture =
        "[label]\nversions = 'images->identity GET /versions'\ntoken = 'images->identity GET /token'\n";
    site.write("captures/list/capture.toml", capture);
    site.write(
        "captures/list/page.md",
        "# List\n\nA token, where it has none: ({{ versions.request }}-{{ token.response }}).\n\n{{ tabs(token.request) }}\n\nThat is all.\n",
    );
    let cold = site.read("captures/list/trace.log");
    for (trace, expected) in [(&cold, "(3)-(6)"), (&log(&[before, after]), "–-–")] {
        site.write("captures/list/trace.log", trace);
        let said = says(&docgen(&site, &["render", "captures", "docs"], &[]), 0);
        assert!(!said.contains("warning"), "{said}");
        let page = site.read("docs/list.md");
        assert!(page.contains(expected), "{page}");
        assert_eq!(page.contains("/token"), expected != "–-–", "{page}");
    }

    for (name, new, status) in [
        ("warm", log(&[before, after]), 0),
        ("other", log(&[before, after, after, ("me", "images", "/more")]), 1),
        ("gone", log(&[before]), 1),
    ] {
        for (old, new) in [(&cold, &new), (&new, &cold)] {
            for (side, trace) in [("old", old), ("new", new)] {
                site.write(&format!("{name}/{side}/docgen.toml"), site.read("captures/docgen.toml"));
                site.write(&format!("{name}/{side}/list/trace.log"), trace);
            }
            let output = docgen(&site, &["diff", &format!("{name}/old"), &format!("{name}/new")], &[]);
            let said = says(&output, status);
            assert!(said.contains("2 optional exchanges in one of both only"), "{said}");
            let told = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(!told.contains("/versions") && !told.contains("GET /token"), "{told}");
        }
    }
}

/// A call that somebody else sends now is told as gone and as new, and in words as the same.
#[test]
fn a_call_from_another_sender_is_told_as_the_same() {
    let site = Site::new();
    let (list, check) = (("me", "images", "/list"), ("me", "identity", "/check"));
    site.write("old.log", log(&[list, check]));
    site.write("new.log", log(&[list, ("images", "identity", "/check")]));
    let output = docgen(&site, &["diff", "old.log", "new.log"], &[]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in [
        "call removed: identity GET /check, the same that images sends now",
        "call added: identity GET /check, the same that me sent before",
    ] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!((told.lines().count(), output.status.code()), (2, Some(1)), "{told}");
    let output = docgen(&site, &["diff", "old.log", "new.log", "--format", "json"], &[]);
    let changes: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = changes.iter().map(|change| change["change"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["call-added", "call-removed"]);
    // Another call is another one.
    site.write("new.log", log(&[list, ("images", "identity", "/other/check")]));
    let output = docgen(&site, &["diff", "old.log", "new.log"], &[]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("the same that"));
}
