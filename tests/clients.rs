//! Real clients against real servers: what the server's own log says is in the trace, or docgen says
//! what is not. No cell is silent.
//!
//! Each client asks three servers (plain, TLS, TLS that asks for a client certificate), alone and
//! beside a client that is recorded. First it does so without docgen; what the server logs then is
//! what should have happened. Then `docgen capture` runs it: the server's log and the trace have to
//! say the same, or a message says why not. A client that this machine lacks is listed as ignored.
//! A few run always, `DOCGEN_CLIENTS=every` runs all (`scripts/clients`).

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

#[path = "support/ports.rs"]
mod ports;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use libtest_mimic::{Arguments, Failed, Trial};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A client, and what it is asked to do. `{url}` is the server's, `{ca}` its certificate.
struct Client {
    name: &'static str,
    /// A shell's line that succeeds where the client is there.
    is_there: &'static str,
    line: &'static str,
    /// How it is given its certificate, `{cert}` with the key `{key}`, in place of `{own}`; empty
    /// where it is given none.
    own: &'static str,
    expected: Expected,
    /// A shell's line that starts the server which answers in place of the test's own, on `{port}`.
    behind: &'static str,
    /// It runs in every test run.
    is_sample: bool,
}

/// What its recordings have to be, where no client certificate is in the way.
#[derive(Clone, Copy, PartialEq)]
enum Expected {
    /// All there.
    Recorded,
    /// All there as the server logs it; through a proxy the client speaks another version.
    AsLogged,
    /// All there, or else it is said what is not.
    RecordedOrTold,
    /// Not all there, and said.
    Told,
}

const fn client(name: &'static str, is_there: &'static str, line: &'static str) -> Client {
    Client { name, is_there, line, own: "", expected: Expected::Recorded, behind: "", is_sample: false }
}

/// Those that a Python finds its libraries in.
const PYTHON: &str = "PATH=\"{root}/.build/clients/bin:$PATH\" python3";

#[rustfmt::skip]
const CLIENTS: &[Client] = &[
    Client { own: "--cert {cert} --key {key}", is_sample: true, ..client("curl", "curl --version", "curl -sS {own} {url}/curl -d body {url}/again") },
    client("curl, HTTP/1.0", "curl --version", "curl -sS -0 {url}/curl"),
    Client { is_sample: true, ..client("curl, HTTP/2 offered", "curl --version | grep -w HTTP2", "curl -sS --http2 {url}/curl") },
    client("curl without HTTP/2", "curl --version", "curl -sS --http1.1 {url}/curl"),
    Client { expected: Expected::AsLogged, is_sample: true, ..client("curl, HTTP/2 known before", "curl --version | grep -w HTTP2", "curl -sS --http2-prior-knowledge {url}/curl") },
    Client { expected: Expected::Told, is_sample: true, own: "--cert {cert} --key {key}", ..client("curl past the proxy", "curl --version", "curl -sS --noproxy '*' {own} {url}/curl") },
    Client { expected: Expected::RecordedOrTold, is_sample: true, ..client("curl that trusts its server alone", "curl --version", "curl -sS --cacert {ca} {url}/curl") },
    Client { expected: Expected::RecordedOrTold, ..client("curl, OPTIONS *", "curl --version", "curl -sS -X OPTIONS --request-target '*' {url}/") },
    Client { own: "--certificate={cert} --private-key={key}", is_sample: true, ..client("wget", "wget --version", "wget -q -t 1 -O - {own} {url}/wget") },
    client("Python's urllib", "python3 --version", "python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1]).read())' {url}/urllib"),
    client("Python's requests", "{python} -c 'import requests'", "{python} -c 'import requests, sys; s = requests.Session(); s.get(sys.argv[1]); s.post(sys.argv[1], json=[])' {url}/requests"),
    Client { own: "{cert} {key}", ..client("Python's requests with a certificate", "{python} -c 'import requests'", "{python} -c 'import requests, sys; requests.get(sys.argv[1], cert=tuple(sys.argv[2:]) or None)' {url}/requests {own}") },
    client("Python's httpx", "{python} -c 'import httpx'", "{python} -c 'import httpx, sys; print(httpx.get(sys.argv[1]).text)' {url}/httpx"),
    client("Python's aiohttp", "{python} -c 'import aiohttp'", "{python} -c '{aiohttp}' {url}/aiohttp yes"),
    Client { expected: Expected::Told, ..client("Python's aiohttp, blind to the environment", "{python} -c 'import aiohttp'", "{python} -c '{aiohttp}' {url}/aiohttp") },
    Client { expected: Expected::Told, ..client("Python's urllib3, blind to the environment", "{python} -c 'import urllib3'", "{python} -c 'import sys, urllib3; print(urllib3.request(\"GET\", sys.argv[1], retries=False).data)' {url}/urllib3") },
    Client { expected: Expected::RecordedOrTold, ..client("fetch of Node", "node -e 'fetch'", "node -e 'fetch(process.argv[1]).then(a => a.text()).then(console.log)' {url}/fetch") },
    client("git", "git --version", "git ls-remote {url}/repository"),
    client("pip", "{python} -m pip --version", "{python} -m pip download -q --retries 0 --disable-pip-version-check --no-deps --no-cache-dir -d /tmp -i {url}/simple nothing-of-this-name"),
    Client { behind: "exec {root}/.build/clients/bin/python -m moto.server -H 127.0.0.1 -p {port}", ..client("aws, moto", "{aws} --version && {python} -c 'import moto'", "{aws} s3api create-bucket --bucket b && echo x | {aws} s3 cp - s3://b/key && {aws} s3 ls s3://b && {aws} ec2 describe-regions && {aws} s3 rm s3://b/key") },
    client("swift", "{python} -c 'import swiftclient'", "{python} -m swiftclient.shell -A {url}/auth/v1.0 -U u -K k -R 0 stat"),
    client("Perl's LWP", "perl -MLWP::Protocol::https -e 1", "perl -MLWP::UserAgent -e 'print LWP::UserAgent->new->get($ARGV[0])->code' {url}/lwp"),
    Client { expected: Expected::RecordedOrTold, ..client("Ruby's Net::HTTP", "ruby -rnet/http -e 1", "ruby -rnet/http -e 'puts Net::HTTP.get(URI(ARGV[0]))' {url}/ruby") },
];

/// The AWS client, whose services are all at one address here.
const AWS: &str = "AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=s AWS_MAX_ATTEMPTS=1 AWS_ENDPOINT_URL={url} \
    {root}/.build/clients/bin/aws --region us-east-1";

const AIOHTTP: &str = "import aiohttp, asyncio, sys
async def main():
    async with aiohttp.ClientSession(trust_env=len(sys.argv) > 2) as s:
        print(await (await s.get(sys.argv[1])).text())
asyncio.run(main())";

/// What a message says of something that is not recorded as it happened.
const TOLD: [&str; 9] = [
    "went past the proxy",
    "did not take the certificate",
    "and sent no request",
    "asks for a client certificate, and the command has one",
    "speaks HTTP/2 alone",
    "with 400 itself",
    "was answered 407",
    "is not trusted",
    "that is no HTTP",
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Plain,
    Tls,
    AsksClients,
}

fn main() {
    let arguments = Arguments::from_args();
    let every = std::env::var("DOCGEN_CLIENTS").is_ok_and(|which| which == "every");
    let identity = Arc::new(Identity::new());
    let mut trials = Vec::new();
    for client in CLIENTS.iter().filter(|client| every || client.is_sample) {
        let is_there = sh(&filled(client.is_there), &[]).is_ok_and(|output| output.status.success());
        for (mode, server) in
            [(Mode::Plain, "plain"), (Mode::Tls, "TLS"), (Mode::AsksClients, "asks for clients")]
        {
            for beside in [false, true] {
                let company = if beside { "beside another" } else { "alone" };
                let missing = if is_there { "" } else { " (not on this machine)" };
                let name = format!("{}, {server}, {company}{missing}", client.name);
                let identity = identity.clone();
                let trial = Trial::test(name, move || cell(client, mode, beside, &identity));
                trials.push(trial.with_ignored_flag(!is_there));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// One cell of the matrix.
fn cell(client: &Client, mode: Mode, beside: bool, identity: &Identity) -> Result<(), Failed> {
    let line = |server: &Server| {
        let url = server.url(mode);
        let own = if mode == Mode::AsksClients { client.own } else { "" };
        let line = filled(client.line).replace("{own}", own).replace("{url}", &url);
        let other = if beside { format!("curl -sS {url}/beside; ") } else { String::new() };
        format!("{other}{}; true", identity.filled(&line))
    };
    let behind = Behind::start(client.behind)?;
    let server = Server::start(mode, identity, behind.port);
    let wgetrc = identity.folder.path().join("wgetrc");
    sh(&line(&server), &[&identity.trusting()[..], &[("WGETRC", wgetrc)]].concat()).unwrap();
    let truth = server.log();

    let server = Server::start(mode, identity, behind.port);
    let project = tempfile::tempdir().unwrap();
    let captures = project.path().join("captures");
    fs::create_dir(&captures).unwrap();
    let line = line(&server);
    let output =
        docgen(project.path(), identity).args(["capture", "captures", "a", "--shell", "--", &line]).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let logged = server.log();
    let trace = fs::read_to_string(captures.join("a/trace.har")).ok();
    let recorded = trace.as_deref().map(requests).unwrap_or_default();
    let told: Vec<&str> = TOLD.into_iter().filter(|told| said.contains(told)).collect();

    // What the trace holds is the request; who the client was is in the server's log alone.
    let anonymous: Vec<String> = logged.iter().map(|line| line.replace(AS_CLIENT, "")).collect();
    let is_true = logged == truth || client.expected == Expected::AsLogged;
    let is_recorded = output.status.success() && is_true && recorded == anonymous;
    let report = || {
        format!(
            "{line}\nwithout docgen {truth:?}\nwith docgen {logged:?}\nin the trace {recorded:?}\ntold {told:?}\n{said}"
        )
    };
    if !is_recorded && told.is_empty() {
        return Err(format!("silent: {}", report()).into());
    }
    // A recording that is there names in itself what it is not.
    if let Some(trace) = trace.filter(|_| !is_recorded)
        && !told.iter().any(|told| trace.contains(told))
    {
        return Err(format!("the trace is silent: {}", report()).into());
    }
    let shows_itself = mode == Mode::AsksClients && !client.own.is_empty();
    let expected = match (client.expected, shows_itself) {
        (Expected::Recorded, true) => Expected::Told,
        (expected, _) => expected,
    };
    match expected {
        Expected::Recorded | Expected::AsLogged if !is_recorded => {
            Err(format!("not recorded: {}", report()).into())
        }
        Expected::Told if is_recorded => Err(format!("nothing to tell: {}", report()).into()),
        _ if truth.is_empty() && !beside => Err(format!("the client asked for nothing: {}", report()).into()),
        _ => Ok(()),
    }
}

/// The requests of a trace, as the server logs them, in its order.
fn requests(har: &str) -> Vec<String> {
    let har: serde_json::Value = serde_json::from_str(har).unwrap();
    let of = |entry: &serde_json::Value| {
        let (method, url) =
            (entry["request"]["method"].as_str().unwrap(), entry["request"]["url"].as_str().unwrap());
        let path = url.split_once("://").unwrap().1;
        let path = &path[path.find('/').unwrap_or(path.len())..];
        let path = if path == "/*" { "*" } else { path };
        let version = entry["request"]["httpVersion"].as_str().unwrap();
        format!("{method} {path} {version}")
    };
    let mut requests: Vec<String> = har["log"]["entries"].as_array().unwrap().iter().map(of).collect();
    requests.sort();
    requests
}

fn filled(line: &str) -> String {
    line.replace("{python}", PYTHON)
        .replace("{aws}", AWS)
        .replace("{aiohttp}", AIOHTTP)
        .replace("{root}", env!("CARGO_MANIFEST_DIR"))
}

/// An environment without proxies.
fn clean(command: &mut Command) -> &mut Command {
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.stdin(Stdio::null())
}

fn sh(line: &str, env: &[(&str, PathBuf)]) -> std::io::Result<std::process::Output> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).envs(env.iter().map(|(name, value)| (name, value)));
    clean(&mut command).output()
}

fn docgen(folder: &Path, identity: &Identity) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.current_dir(folder).envs(identity.trusting()).env("NO_COLOR", "1");
    clean(&mut command);
    command
}

/// The servers' certificate, and the clients'.
struct Identity {
    folder: tempfile::TempDir,
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Identity {
    fn new() -> Identity {
        let folder = tempfile::tempdir().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.distinguished_name.push(rcgen::DnType::CommonName, "the test's authority");
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let authority = rcgen::CertifiedIssuer::self_signed(authority, authority_key).unwrap();
        let issue = |name: &str| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            params.use_authority_key_identifier_extension = true;
            (params.signed_by(&key, &authority).unwrap(), key)
        };
        let pem = |kind: &str, der: &[u8]| {
            let body = base64::engine::general_purpose::STANDARD.encode(der);
            let lines: Vec<&str> =
                body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
            format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
        };
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        let (server, server_key) = issue("127.0.0.1");
        let (client, client_key) = issue("client.example");
        write("ca.pem", pem("CERTIFICATE", authority.der()));
        write("client.pem", pem("CERTIFICATE", client.der()));
        write("client.key", pem("PRIVATE KEY", &client_key.serialize_der()));
        write("wgetrc", format!("ca_certificate = {}\n", folder.path().join("ca.pem").display()));
        let chain = vec![server.der().clone(), authority.der().clone()];
        Identity { chain, key: server_key.serialize_der(), folder }
    }

    fn filled(&self, line: &str) -> String {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        line.replace("{ca}", &file("ca.pem"))
            .replace("{cert}", &file("client.pem"))
            .replace("{key}", &file("client.key"))
    }

    /// What makes clients trust the servers.
    fn trusting(&self) -> Vec<(&'static str, PathBuf)> {
        let names = [
            "CURL_CA_BUNDLE",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "GIT_SSL_CAINFO",
            "PIP_CERT",
            "AWS_CA_BUNDLE",
            "OS_CACERT",
            "PERL_LWP_SSL_CA_FILE",
        ];
        names.map(|name| (name, self.folder.path().join("ca.pem"))).to_vec()
    }
}

/// Stands in the log after a request of a client that showed a certificate.
const AS_CLIENT: &str = " as a client";

struct Server {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One that has each request answered on the port `behind`, if any.
    fn start(mode: Mode, identity: &Identity, behind: Option<u16>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let config = (mode != Mode::Plain).then(|| tls(mode, identity));
        let kept = log.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, config, log) = (stream.unwrap(), config.clone(), kept.clone());
                std::thread::spawn(move || serve(stream, config, behind, &log));
            }
        });
        Server { address, log }
    }

    fn url(&self, mode: Mode) -> String {
        let scheme = if mode == Mode::Plain { "http" } else { "https" };
        format!("{scheme}://{}", self.address)
    }

    /// All requests that came, sorted: clients may ask for several things at once.
    fn log(&self) -> Vec<String> {
        let mut log = self.log.lock().unwrap().clone();
        log.sort();
        log
    }
}

fn tls(mode: Mode, identity: &Identity) -> Arc<rustls::ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = if mode == Mode::AsksClients {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(identity.chain[1].clone()).unwrap();
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::Pkcs8(identity.key.clone().into());
    Arc::new(builder.with_single_cert(identity.chain.clone(), key).unwrap())
}

fn serve(
    mut stream: TcpStream,
    config: Option<Arc<rustls::ServerConfig>>,
    behind: Option<u16>,
    log: &Mutex<Vec<String>>,
) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let Some(config) = config else {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        while answer(&mut reader, &mut stream, "", behind, log)? {}
        return Some(());
    };
    let mut session = rustls::ServerConnection::new(config).ok()?;
    while session.is_handshaking() {
        session.complete_io(&mut stream).ok()?;
    }
    let who = if session.peer_certificates().is_some() { AS_CLIENT } else { "" };
    let mut tls = BufReader::new(rustls::StreamOwned::new(session, stream));
    loop {
        let mut answered = Vec::new();
        let goes_on = answer(&mut tls, &mut answered, who, behind, log)?;
        tls.get_mut().write_all(&answered).ok()?;
        if !goes_on {
            tls.get_mut().conn.send_close_notify();
            tls.get_mut().flush().ok()?;
            return Some(());
        }
    }
}

/// Answers one request; whether another may follow.
fn answer(
    reader: &mut impl BufRead,
    writer: &mut impl Write,
    who: &str,
    behind: Option<u16>,
    log: &Mutex<Vec<String>>,
) -> Option<bool> {
    let mut line = || {
        let mut line = String::new();
        (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
    };
    let request = line()?;
    let mut head = format!("{request}\r\n");
    let (mut length, mut chunked, mut close) = (0, false, request.ends_with("HTTP/1.0"));
    loop {
        let field = line()?;
        let lower = field.to_ascii_lowercase();
        match lower.split_once(':') {
            None => break,
            Some(("content-length", value)) => length = value.trim().parse().ok()?,
            Some(("transfer-encoding", _)) => chunked = true,
            Some(("expect", _)) => {
                writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
                continue;
            }
            Some(("connection", value)) => {
                close |= value.contains("close");
                continue;
            }
            Some(_) => {}
        }
        head += &format!("{field}\r\n");
    }
    log.lock().unwrap().push(format!("{request}{who}"));
    let mut body = String::new();
    if chunked {
        loop {
            let size = line()?;
            body += &format!("{size}\r\n{}\r\n", line()?);
            if size == "0" {
                break;
            }
        }
    }
    let mut body = body.into_bytes();
    let known = body.len();
    body.resize(known + length, 0);
    reader.read_exact(&mut body[known..]).ok()?;
    if let Some(port) = behind {
        let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
        server.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).ok()?;
        server.write_all(&body).ok()?;
        std::io::copy(&mut server, writer).ok()?;
        return Some(false);
    }
    let body = if request.starts_with("HEAD ") { "" } else { "{}" };
    write!(writer, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Storage-Url: /none\r\nX-Auth-Token: none\r\nContent-Length: 2\r\n\r\n{body}").ok()?;
    Some(!close)
}

/// A server of somebody else's; it ends with this value.
struct Behind {
    port: Option<u16>,
    process: Option<Child>,
}

impl Behind {
    /// The server of this line, when it listens; none of an empty one.
    fn start(line: &str) -> Result<Behind, Failed> {
        if line.is_empty() {
            return Ok(Behind { port: None, process: None });
        }
        let port = ports::nobody().port();
        let mut command = Command::new("sh");
        command.args(["-c", &filled(line).replace("{port}", &port.to_string())]);
        let process = clean(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let behind = Behind { port: Some(port), process: Some(process) };
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(behind);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Err(format!("nothing listens after a minute: {line}").into())
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
