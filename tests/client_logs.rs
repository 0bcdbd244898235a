//! Logs of OpenStack's clients, written from known exchanges and read back.
//!
//! Every era and client, with each prefix, suffix and margin that people's logs have, one thread or
//! several: what is read has to be what was written, URL, fields, bodies and status.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

use std::fmt::Write;
use std::path::Path;

use docgen::source::{self, Format, Read};
use docgen::trace::{Body, Exchange, Headers};
use proptest::prelude::*;
use proptest::sample::select;

/// One exchange, as a client knows it.
#[derive(Clone, Debug)]
struct Call {
    method: &'static str,
    path: String,
    query: Option<&'static str>,
    request: Vec<(&'static str, &'static str)>,
    request_body: Option<&'static str>,
    status: u16,
    response: Vec<(String, &'static str)>,
    /// With its type and whether it comes with a length.
    response_body: Option<(&'static str, &'static str)>,
}

impl Call {
    fn url(&self) -> String {
        let query = self.query.map(|query| format!("?{query}")).unwrap_or_default();
        format!("http://192.0.2.10:8774{}{query}", self.path)
    }
}

/// How a client writes a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Client {
    /// Since 3.0, sorted.
    Keystoneauth,
    /// 2.x: not sorted, the body within the response's message.
    OldKeystoneauth,
    SplitLoggers,
    /// The first sessions: the fields as a dictionary.
    Keystoneclient,
    Novaclient,
    Neutronclient,
    Httplib2,
    Swiftclient,
    OldSwiftclient,
    Glanceclient,
}

const CLIENTS: [Client; 10] = [
    Client::Keystoneauth,
    Client::OldKeystoneauth,
    Client::SplitLoggers,
    Client::Keystoneclient,
    Client::Novaclient,
    Client::Neutronclient,
    Client::Httplib2,
    Client::Swiftclient,
    Client::OldSwiftclient,
    Client::Glanceclient,
];

/// A message of a log: its logger and its text.
type Message = (&'static str, String);

impl Client {
    /// Whether it writes the call at once, when the answer is there.
    fn is_late(self) -> bool {
        matches!(self, Client::Swiftclient | Client::OldSwiftclient)
    }

    fn writes_reason(self) -> bool {
        self.is_late() || self == Client::Glanceclient
    }

    fn writes_body(self) -> bool {
        !self.is_late()
    }

    fn is_sorted(self) -> bool {
        matches!(self, Client::Keystoneauth | Client::SplitLoggers)
    }

    fn request(self, call: &Call) -> Vec<Message> {
        let Call { method, request, request_body, .. } = call;
        let url = call.url();
        let fields = |quote: char| {
            request
                .iter()
                .map(|(name, value)| format!(" -H {quote}{name}: {value}{quote}"))
                .collect::<String>()
        };
        let body = request_body.map(|body| format!(" -d '{body}'")).unwrap_or_default();
        let quoted = if call.query.is_some() { format!("\"{url}\"") } else { url.clone() };
        match self {
            Client::Keystoneauth | Client::OldKeystoneauth => {
                let text = format!("REQ: curl -g -i -X {method} {quoted}{}{body}", fields('"'));
                vec![("keystoneauth.session", text)]
            }
            Client::SplitLoggers => {
                let text = format!("curl -g -i --insecure -X {method} {quoted}{}{body}", fields('"'));
                vec![("keystoneauth.session.request", text)]
            }
            Client::Keystoneclient => {
                vec![(
                    "keystoneclient.session",
                    format!("REQ: curl -i -X {method} {url}{}{body}", fields('"')),
                )]
            }
            Client::Novaclient => {
                vec![("novaclient.client", format!("REQ: curl -i '{url}' -X {method}{}{body}", fields('"')))]
            }
            Client::Neutronclient | Client::Httplib2 => {
                vec![(
                    "neutronclient.client",
                    format!("\nREQ: curl -i {url} -X {method}{}{body}\n", fields('"')),
                )]
            }
            Client::Swiftclient | Client::OldSwiftclient => {
                let method = match *method {
                    "HEAD" => "-I".to_owned(),
                    "GET" | "POST" | "PUT" => format!("-X {method}"),
                    other => other.to_owned(),
                };
                vec![("swiftclient", format!("REQ: curl -i {url} {method}{}", fields('"')))]
            }
            Client::Glanceclient => {
                vec![(
                    "glanceclient.common.http",
                    format!("curl -g -i -X {method}{}{body} {url}", fields('\'')),
                )]
            }
        }
    }

    fn response(self, call: &Call) -> Vec<Message> {
        let status = call.status;
        let body = call.response_body.map(|(_, body)| body);
        let list: String = call.response.iter().map(|(name, value)| format!(" {name}: {value}")).collect();
        let pairs = |open: &str, between: &str, close: &str| {
            let pairs =
                call.response.iter().map(|(name, value)| format!("{open}'{name}'{between} '{value}'{close}"));
            pairs.collect::<Vec<_>>().join(", ")
        };
        let dict = pairs("", ":", "");
        match self {
            Client::Keystoneauth => {
                let mut messages = vec![("keystoneauth.session", format!("RESP: [{status}]{list}"))];
                messages.extend(body.map(|body| ("keystoneauth.session", format!("RESP BODY: {body}"))));
                messages
            }
            Client::OldKeystoneauth => {
                let body = body.map(|body| format!(" \nRESP BODY: {body}\n")).unwrap_or_default();
                vec![("keystoneauth.session", format!("RESP: [{status}]{list}{body}"))]
            }
            Client::SplitLoggers => {
                let mut messages = vec![("keystoneauth.session.response", format!("[{status}]{list}"))];
                messages.extend(body.map(|body| ("keystoneauth.session.body", body.to_owned())));
                messages
            }
            Client::Keystoneclient => {
                let body = body.map(|body| format!(" \nRESP BODY: {body}\n")).unwrap_or_default();
                let text = format!("RESP: [{status}] CaseInsensitiveDict({{{dict}}}){body}");
                vec![("keystoneclient.session", text)]
            }
            Client::Novaclient => {
                let body = body.unwrap_or("null");
                vec![("novaclient.client", format!("RESP: [{status}] {{{dict}}}\nRESP BODY: {body}\n"))]
            }
            Client::Neutronclient => {
                vec![("neutronclient.client", format!("RESP:{status} {{{dict}}} {}\n", body.unwrap_or("")))]
            }
            Client::Httplib2 => {
                let text = format!("RESP:{{'status': '{status}', {dict}}} {}\n", body.unwrap_or(""));
                vec![("neutronclient.client", text)]
            }
            Client::Swiftclient | Client::OldSwiftclient => {
                let fields = if self == Client::Swiftclient {
                    format!("{{{dict}}}")
                } else {
                    format!("[{}]", pairs("(", ",", ")"))
                };
                let mut messages = vec![
                    ("swiftclient", format!("RESP STATUS: {status} Whatever")),
                    ("swiftclient", format!("RESP HEADERS: {fields}")),
                ];
                messages.extend(body.map(|body| {
                    let repr = body.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
                    let text =
                        if self == Client::Swiftclient { format!("b'{repr}'") } else { body.to_owned() };
                    ("swiftclient", format!("RESP BODY: {text}"))
                }));
                messages
            }
            Client::Glanceclient => {
                let fields: String =
                    call.response.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
                let text = format!("\nHTTP/1.1 {status} Whatever\n{fields}\n{}\n", body.unwrap_or(""));
                vec![("glanceclient.common.http", text)]
            }
        }
    }
}

/// What a formatter puts before a message: `%L` is the logger, `%R` an id of the thread's request.
const PREFIXES: [&str; 14] = [
    "",
    "DEBUG:%L:",
    "DEBUG (session:195) ",
    "DEBUG: %L ",
    "DEBUG [%L] ",
    "[DEBUG] %L - ",
    "2022-07-13 00:58:50,123 DEBUG %L ",
    "2022-07-13 00:58:50,123 - %L - DEBUG - ",
    "2022-07-13 00:58:50.123 12345 DEBUG %L [%R admin demo - default default] ",
    "2022-07-13 00:58:50.123 12345 DEBUG %L [req-00000000-0000-4000-8000-000000000000 %R 11111111111111111111111111111111 22222222222222222222222222222222 - - 33333333333333333333333333333333 44444444444444444444444444444444] [instance: 55555555-5555-4555-8555-555555555555] ",
    "Jul 13 00:58:50 devstack nova-compute[27857]: DEBUG %L [None %R admin admin] ",
    "2022-07-13T00:58:50.123456+00:00 host nova-api[12]: 2022-07-13 00:58:50.123 12 DEBUG %L [%R - - - - -] ",
    "<15>1 2022-07-13T00:58:50.123456Z host nova 123 - - DEBUG %L [%R] ",
    "2022-07-13 00:58:50.123 12345 DEBUG %L mycloud admin demo ",
];

const SUFFIXES: [&str; 3] = [
    "",
    " _http_log_request /usr/lib/python3/dist-packages/keystoneauth1/session.py:519",
    " {{(pid=27857) _http_log_request /usr/local/lib/python3.10/dist-packages/keystoneauth1/session.py:519}}",
];

/// What is before every line.
const MARGINS: [&str; 14] = [
    "",
    "    ",
    "\t",
    "> ",
    "> > ",
    ">> ",
    "2022-07-13T00:58:50.1234567Z ",
    "2022-07-13 00:58:50.123456 | node-1 | ",
    "[2022-07-13T00:58:50.123Z] ",
    "2022-07-13T00:58:50.123456789Z stderr F ",
    "2022-07-13T00:58:50.123456Z 01E ",
    "nova-compute-1  | ",
    "build\tRun tests\t2022-07-13T00:58:50.1234567Z ",
    "> 2022-07-13T00:58:50.1234567Z ",
];

/// How a log is put together.
#[derive(Clone, Debug)]
struct Look {
    client: Client,
    prefix: &'static str,
    suffix: &'static str,
    margin: &'static str,
    has_crlf: bool,
    has_colours: bool,
    has_fence: bool,
    has_wire: bool,
}

impl Look {
    fn has_ids(&self) -> bool {
        self.prefix.contains("%R")
    }

    /// The log of the calls of some threads; `turns` says whose message comes next.
    fn log(&self, threads: &[Vec<Call>], turns: &[usize]) -> String {
        let mut queues: Vec<std::collections::VecDeque<Message>> = threads
            .iter()
            .map(|calls| {
                calls
                    .iter()
                    .flat_map(|call| {
                        let target = call.url().split_off("http://192.0.2.10:8774".len());
                        let wire = format!(
                            "http://192.0.2.10:8774 \"{} {target} HTTP/1.1\" {} 12",
                            call.method, call.status
                        );
                        let wire = (self.has_wire && !self.client.is_late())
                            .then_some(("urllib3.connectionpool", wire));
                        let (mut request, response) = (self.client.request(call), self.client.response(call));
                        request.extend(wire);
                        request.into_iter().chain(response).collect::<Vec<_>>()
                    })
                    .collect()
            })
            .collect();
        let mut log = String::new();
        let mut turns = turns.iter().cycle();
        while queues.iter().any(|queue| !queue.is_empty()) {
            let turn = turns.next().unwrap() % queues.len();
            let Some((logger, message)) = queues[turn].pop_front() else {
                let other = queues.iter().position(|queue| !queue.is_empty()).unwrap();
                let (logger, message) = queues[other].pop_front().unwrap();
                self.record(&mut log, other, logger, &message);
                continue;
            };
            self.record(&mut log, turn, logger, &message);
        }
        if self.has_fence {
            log = format!("{0}```console\n{log}{0}```\n", self.margin);
        }
        if self.has_crlf { log.replace('\n', "\r\n") } else { log }
    }

    fn record(&self, log: &mut String, thread: usize, logger: &str, message: &str) {
        let id = format!("req-aaaaaaaa-0000-4000-8000-00000000000{thread}");
        let prefix = self.prefix.replace("%L", logger).replace("%R", &id);
        let (unit, prefix) = match prefix.split_once("]: ").filter(|_| self.prefix.contains("nova-")) {
            Some((unit, prefix)) => (format!("{unit}]: "), prefix.to_owned()),
            None => (String::new(), prefix),
        };
        let suffix = if message.contains("REQ BODY") { "" } else { self.suffix };
        let (prefix, suffix) = match self.has_colours && !prefix.is_empty() {
            true => (format!("\u{1b}[01;35m{prefix}\u{1b}[00m"), format!("{suffix}\u{1b}[00m")),
            false => (prefix, suffix.to_owned()),
        };
        let text = format!("{prefix}{message}{suffix}");
        for line in text.strip_suffix('\n').unwrap_or(&text).split('\n') {
            writeln!(log, "{}{unit}{line}", self.margin).unwrap();
        }
    }
}

fn read(log: &str) -> Read {
    source::read(Path::new("trace.log"), log.as_bytes().to_vec())
}

fn fields(headers: &Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The exchange in the words of a call, as this client writes one.
fn facts(exchange: &Exchange) -> String {
    let response = exchange.response.as_ref();
    let text = |body: &Body| match body {
        Body::Absent => "none".to_owned(),
        Body::Text(text) => format!("text {text}"),
        other => format!("{other:?}"),
    };
    format!(
        "{} {}\n{:?}\n{}\n{:?} {:?}\n{:?}\n{}",
        exchange.request.method,
        exchange.request.url,
        fields(&exchange.request.headers),
        text(&exchange.request.body),
        response.map(|response| response.status),
        response.map(|response| response.reason.to_string()),
        response.map(|response| fields(&response.headers)),
        response.map(|response| text(&response.body)).unwrap_or_default(),
    )
}

fn expected(call: &Call, client: Client) -> String {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let request: Vec<_> = call.request.iter().map(own).collect();
    let response: Vec<_> =
        call.response.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect();
    let text = |body: Option<&str>| body.map_or("none".to_owned(), |body| format!("text {body}"));
    format!(
        "{} {}\n{request:?}\n{}\nSome({}) Some({:?})\nSome({response:?})\n{}",
        call.method,
        call.url(),
        text(call.request_body.filter(|_| client.writes_body())),
        call.status,
        if client.writes_reason() { "Whatever" } else { "" },
        text(call.response_body.map(|(_, body)| body)),
    )
}

const VALUES: &[&str] = &[
    "1",
    "Wed, 13 Jul 2022 00:58:50 GMT",
    "Apache/2.4.52 (Ubuntu)",
    "X-Auth-Token, Accept-Encoding",
    "1.1 proxy",
    "note: see the docs",
    "a: b: c",
    "Error: not found",
    "<http://h/v3>; rel=\"next\"",
    "299 - \"use v3: Date: no\"",
    "req-00000000-0000-4000-8000-00000000abcd",
    "",
];

const NAMES: &[&str] = &[
    "Age",
    "Allow",
    "Connection",
    "Date",
    "ETag",
    "Expires",
    "Location",
    "OpenStack-API-Version",
    "Pragma",
    "Server",
    "Vary",
    "Via",
    "Warning",
    "X-Compute-Request-Id",
    "X-Note",
    "X-Object-Meta-Colour",
    "X-Trace-Id",
];

fn call() -> impl Strategy<Value = Call> {
    let request = prop::sample::subsequence(
        vec![
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
            ("User-Agent", "python-novaclient"),
            ("X-Auth-Token", "{SHA256}47d3"),
            ("X-Empty", ""),
            ("X-Note", "say \"yes\" or it's no"),
        ],
        2..5,
    );
    let request_body = prop::option::of(select(vec![
        "{\"a\": \"it's\"}",
        "{\n  \"a\": [1, 2]\n}",
        "[]",
        "plain 'text' with\ntwo lines",
    ]));
    let response_body = prop::option::of(select(vec![
        ("application/json", "{\"servers\": []}"),
        ("application/json", "{\"text\": \"RESP: [200] -d 'x' HTTP/1.1\"}"),
        ("application/json", "{\n  \"a\": {\n    \"b\": \"c\"\n  }\n}"),
        ("text/plain", "one\n\n  two"),
        ("text/plain", "404 Not Found: no such thing"),
    ]));
    let fields = prop::collection::vec((select(NAMES), select(VALUES)), 0..7);
    let method = select(vec!["GET", "POST", "PUT", "PATCH", "DELETE"]);
    let query = prop::option::of(select(vec!["name=vm1&all_tenants=1", "limit=2", "q=a%20b"]));
    let path = "/v2\\.1/[a-z]{1,6}(/[a-z0-9-]{1,8})?";
    (method, path, query, request, request_body, fields, response_body, any::<bool>()).prop_map(
        |(method, path, query, request, request_body, fields, response_body, is_small)| {
            let mut response: Vec<(String, &'static str)> = Vec::new();
            if let Some((kind, body)) = response_body {
                let length: &'static str = Box::leak(body.len().to_string().into_boxed_str());
                response.push(("Content-Length".into(), length));
                response.push(("Content-Type".into(), kind));
            } else {
                response.push(("Content-Length".into(), "0"));
            }
            for (name, value) in fields {
                if !response.iter().any(|(other, _)| other == name) {
                    response.push((name.to_owned(), value));
                }
            }
            if is_small {
                response.iter_mut().for_each(|(name, _)| *name = name.to_ascii_lowercase());
            }
            let status = if response_body.is_none() { 204 } else { 200 };
            Call { method, path, query, request, request_body, status, response, response_body }
        },
    )
}

fn look() -> impl Strategy<Value = Look> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (select(&CLIENTS[..]), select(&PREFIXES[..]), select(&SUFFIXES[..]), select(&MARGINS[..]), flags)
        .prop_map(|(client, prefix, suffix, margin, (has_crlf, has_colours, has_fence, has_wire))| {
            // The body's logger can only be told by its name.
            let prefix =
                if client == Client::SplitLoggers && !prefix.contains("%L") { "DEBUG:%L:" } else { prefix };
            // oslo.log alone adds a suffix; of a message that ends in a line of its own, after that.
            let suffix = if prefix.contains("%R") { suffix } else { "" };
            // A fence is a mail's or an issue's.
            let has_fence = has_fence && !margin.contains("2022");
            Look { client, prefix, suffix, margin, has_crlf, has_colours, has_fence, has_wire }
        })
}

#[track_caller]
fn check(look: &Look, threads: &[Vec<Call>], turns: &[usize]) {
    let mut threads = threads.to_vec();
    if look.client.is_sorted() {
        threads.iter_mut().flatten().for_each(|call| call.response.sort());
    }
    if look.client == Client::OldKeystoneauth {
        // As a dictionary of Python 2 happens to be, and never sorted.
        threads.iter_mut().flatten().for_each(|call| call.request.reverse());
    }
    // What this client would not keep apart in its own log is not asked of a reader: values in
    // quotes of Python, and text of which nothing tells that it goes on.
    for call in threads.iter_mut().flatten() {
        call.response.retain(|(_, value)| look.client.is_sorted() || !value.contains(": "));
    }
    let log = look.log(&threads, turns);
    let read = read(&log);
    assert_eq!(read.format, Some(Format::ClientLog), "{log}");
    assert!(read.diagnostics.is_empty(), "{:?}\n{log}", read.diagnostics);
    let key = |facts: &String| facts.clone();
    let mut found: Vec<String> = read.trace.exchanges.iter().map(facts).collect();
    let mut wanted: Vec<String> = threads.iter().flatten().map(|call| expected(call, look.client)).collect();
    if threads.len() > 1 {
        found.sort_by_key(key);
        wanted.sort_by_key(key);
    }
    assert_eq!(found, wanted, "{look:?}\n{log}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_log_reads_as_it_was_written(look in look(), calls in prop::collection::vec(call(), 1..4)) {
        check(&look, &[calls], &[0]);
    }

    #[test]
    fn threads_are_kept_apart_by_their_ids(
        look in look(),
        threads in prop::collection::vec(prop::collection::vec(call(), 1..3), 2..4),
        turns in prop::collection::vec(0usize..3, 1..12),
    ) {
        // A late client writes its lines at once, and one line after the other.
        if look.has_ids() {
            check(&look, &threads, &turns);
        }
    }
}

/// What real clients wrote to a server on this machine, with real formatters.
#[test]
fn real_logs_of_clients_read_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logs/clients");
    let base = "http://127.0.0.1:18774";
    let shown = |name: &str| {
        let read = source::read(Path::new(name), std::fs::read(folder.join(name)).unwrap());
        let line = |exchange: &Exchange| {
            let request = &exchange.request;
            let url = request.url.strip_prefix(base).unwrap_or(&request.url);
            let answer = exchange.response.as_ref().map_or("-".to_owned(), |response| {
                let body = match &response.body {
                    Body::Absent => "none".to_owned(),
                    Body::Text(text) => format!("{}", text.len()),
                    other => format!("{other:?}").chars().take(8).collect(),
                };
                format!("{} {} {body}", response.status, response.headers.len())
            });
            format!("{} {url} {} -> {answer}", request.method, request.headers.len())
        };
        (read.trace.exchanges.iter().map(line).collect::<Vec<_>>(), told(&read))
    };
    // One request is followed to another place, and one server is not there.
    let keystoneauth = |text: &str| {
        vec![
            "POST /v3/auth/tokens 0 -> 201 0 230".to_owned(),
            "GET /v2.1/servers 2 -> 200 9 30".to_owned(),
            "GET /v2.1/servers/small?name=vm1&all_tenants=1 2 -> 200 9 30".to_owned(),
            "POST /v2.1/servers 3 -> 200 9 30".to_owned(),
            format!("GET /v2.1/text 2 -> 200 9 {text}"),
            "PUT /v2.1/image 2 -> 200 9 Omitted(".to_owned(),
            "GET /v2.1/old 2 -> 302 10 none".to_owned(),
            "GET /v2.1/new 0 -> 200 9 30".to_owned(),
            "GET /v2.1/missing 2 -> 404 9 31".to_owned(),
            "DELETE /v2.1/servers/1 2 -> 204 9 none".to_owned(),
            "GET http://127.0.0.1:18775/dead 2 -> -".to_owned(),
            "HEAD /v2.1/servers 2 -> 200 9 none".to_owned(),
        ]
    };
    let notes = [
        "the request of this response is not in the log: the client followed the answer before it, or tried again",
        "the log holds no response to this request",
    ];
    for (version, text) in [("2.18.0", "Omitted("), ("5.9.1", "10")] {
        let (calls, told) = shown(&format!("keystoneauth-{version}.log"));
        assert_eq!(calls, keystoneauth(text), "{version}");
        assert_eq!(told, notes);
    }
    let (calls, told) = shown("swiftclient-4.6.0.log");
    assert!(told.is_empty(), "{told:?}");
    assert_eq!(
        calls,
        [
            "GET /v1/AUTH_p?format=json 2 -> 200 9 30",
            "HEAD /v1/AUTH_p 1 -> 200 9 none",
            "PUT /v1/AUTH_p/my%20container 2 -> 200 9 30",
            "PUT /v1/AUTH_p/c/o 1 -> 200 9 30",
            "GET /v1/AUTH_p/c/text 1 -> 200 9 Omitted(",
            "DELETE /v1/AUTH_p/c/o 1 -> 204 9 none",
            "COPY /v1/AUTH_p/c/o 2 -> 501 5 357",
            "GET /v1/AUTH_p/missing?format=json 2 -> 404 9 31",
        ]
    );
    for name in ["oslo.log-threads.log", "oslo.log-split-loggers.log"] {
        let (calls, told) = shown(name);
        assert!(told.is_empty(), "{name}: {told:?}");
        for thread in 0..3 {
            let own = |call: &&String| call.contains(&format!("/{thread}")) && !call.contains("/v3");
            let expected = [
                format!("GET /v2.1/servers/{thread}-0?i=0 2 -> 200 9 30"),
                format!("GET /v2.1/servers/{thread}-1/small?i=1 2 -> 200 9 30"),
                format!("GET /v2.1/servers/{thread}-2?i=2 2 -> 200 9 30"),
                format!("GET /v2.1/text/{thread} 2 -> 200 9 10"),
                format!("POST /v2.1/servers/{thread} 3 -> 200 9 30"),
            ];
            assert_eq!(calls.iter().filter(own).cloned().collect::<Vec<_>>(), expected, "{name}");
        }
        assert_eq!(calls.iter().filter(|call| call.ends_with("201 0 230")).count(), 3);
    }
}

/// What a reading tells, without the help.
fn told(read: &Read) -> Vec<String> {
    read.diagnostics.iter().map(|error| error.message().to_owned()).collect()
}

/// The calls of a log, as `METHOD PATH STATUS BODY`, and what is told.
#[track_caller]
fn says(log: &str, calls: &[&str], expected: &[&str]) {
    let read = read(log);
    let line = |exchange: &Exchange| {
        let path = exchange.request.url.rsplit_once("//h").map_or("", |(_, path)| path);
        let answer = exchange.response.as_ref().map_or("-".to_owned(), |response| {
            let body = match &response.body {
                Body::Absent => "none",
                Body::Text(text) | Body::Omitted(text) => text,
                other => panic!("{other:?}"),
            };
            format!("{} {body}", response.status)
        });
        format!("{} {path} {answer}", exchange.request.method)
    };
    let found: Vec<_> = read.trace.exchanges.iter().map(line).collect();
    assert_eq!(found, calls, "{:?}\n{log}", read.diagnostics);
    assert_eq!(told(&read), expected, "{log}");
}

const GUESSED: &str = "several requests are open, and the log does not say which of them this response answers; the oldest was taken";
const UNANSWERED: &str = "the log holds no response to this request";
const REPEATED: &str = "the request of this response is not in the log: the client followed the answer before it, or tried again";

#[test]
fn what_tells_the_calls_of_threads_apart() {
    let two = "REQ: curl -g -i -X GET http://h/a\nREQ: curl -g -i -X GET http://h/b\n";
    let answers = "RESP: [200] X-Openstack-Request-Id: req-1\nRESP: [404] X-Openstack-Request-Id: req-2\n";
    says(&format!("{two}{answers}"), &["GET /a 200 none", "GET /b 404 none"], &[GUESSED]);
    // The id of the answer, which keystoneauth names after it with the call.
    let ids = "GET call to compute for http://h/b used request id req-1\nGET call to http://h/a used request id req-2\n";
    says(&format!("{two}{answers}{ids}"), &["GET /a 404 none", "GET /b 200 none"], &[]);
    // The order in which urllib3 saw the answers.
    let wire = "http://h:80 \"GET /b HTTP/1.1\" 200 0\nhttp://h:80 \"GET /a HTTP/1.1\" 404 0\n";
    says(&format!("{two}{wire}{answers}"), &["GET /a 404 none", "GET /b 200 none"], &[]);
    let old_wire = wire.replace("http://h:80 ", "");
    says(&format!("{two}{old_wire}{answers}"), &["GET /a 404 none", "GET /b 200 none"], &[]);
    // A request that never reached its server.
    let failed = "Failure: Unable to establish connection to http://h/a: refused. Retrying in 0.5s.\n";
    says(&format!("{two}{failed}RESP: [200]\n"), &["GET /a -", "GET /b 200 none"], &[]);
    // The names of threads, and numbers of processes.
    for [one, other] in [["Thread-1", "Thread-2"], ["(Thread-1 (work))", "(Thread-2 (work))"]] {
        let line = |name: &str, text: &str| {
            format!("2022-07-13 00:58:50,123 {name} DEBUG keystoneauth.session {text}\n")
        };
        let log = line(one, "REQ: curl -g -i -X GET http://h/a")
            + &line(other, "REQ: curl -g -i -X GET http://h/b")
            + &line(other, "RESP: [404]")
            + &line(one, "RESP: [200]");
        says(&log, &["GET /a 200 none", "GET /b 404 none"], &[]);
        let log = log.replace(one, "11").replace(other, "12");
        says(&log, &["GET /a 200 none", "GET /b 404 none"], &[]);
    }
    // A body is the one of the response that has its length.
    let answers = "RESP: [200] Content-Length: 2 Content-Type: a/json\nRESP: [404] Content-Length: 9 Content-Type: a/json\n\
                   RESP BODY: {}\nRESP BODY: {\"e\": {}}\n";
    says(&format!("{two}{answers}"), &["GET /a 200 {}", "GET /b 404 {\"e\": {}}"], &[GUESSED]);
}

#[test]
fn what_a_log_does_not_hold_is_told() {
    let request = "REQ: curl -g -i -X GET http://h/a\n";
    says(request, &["GET /a -"], &[UNANSWERED]);
    says(&request.repeat(2), &["GET /a -", "GET /a -"], &[&format!("{UNANSWERED} (2 such in this file)")]);
    says(
        &format!("{request}RESP: [200] Content-Length: 5\n"),
        &["GET /a 200 (5 bytes, not in the log)"],
        &[],
    );
    let redirect = format!("{request}RESP: [302] Location: /b?c\nRESP: [200]\n");
    says(&redirect, &["GET /a 302 none", "GET /b?c 200 none"], &[REPEATED]);
    let again = format!(
        "{request}RESP: [401]\nMaking authentication request to http://h/v2.0/tokens\n\"POST /v2.0/tokens HTTP/1.1\" 200 7\nRESP: [200]\n"
    );
    let calls = ["GET /a 401 none", "POST /v2.0/tokens 200 (7 bytes, not in the log)", "GET /a 200 none"];
    says(&again, &calls, &[REPEATED]);
    let busy = format!("{request}RESP: [503]\nRetriable status code 503. Retrying in 0.5s\nRESP: [200]\n");
    says(&busy, &["GET /a 503 none", "GET /a 200 none"], &[REPEATED]);
    says(
        &format!("{request}RESP: [200]\nRESP: [200]\n"),
        &["GET /a 200 none"],
        &["no request is open for this response"],
    );
    says(&format!("{request}RESP: 2oo\n"), &["GET /a -"], &["this response is damaged"]);
    says(
        &format!("{request}RESP: [200]\nRESP BODY: {{\"a\": \n"),
        &["GET /a 200 none"],
        &["the JSON body of this response is cut off here"],
    );
    says("REQ: curl -g -i -X GET\nRESP: [200]\nRESP BODY: {}\n", &[], &["this request is damaged"]);
    let token = "DEBUG:keystoneauth.identity.v3.base:Making authentication request to http://h/v3/auth/tokens\n\
                 DEBUG:keystoneauth.identity.v3.base:{\"token\": {}}\n";
    says(
        token,
        &["POST /v3/auth/tokens 201 {\"token\": {}}"],
        &["the log does not hold the status of this answer"],
    );
    let unlogged = format!("http://h:80 \"GET /z HTTP/1.1\" 200 5\n{request}RESP: [200]\n");
    says(&unlogged, &["GET /a 200 none"], &["urllib3 made this call, and no client logged it"]);
}

#[test]
fn status_lines_and_requests_of_other_forms() {
    let request = "REQ: curl -g -i -X GET http://h/a\n";
    for status in ["[200]", "[200 OK]", "200", "200 "] {
        says(&format!("{request}RESP: {status} Content-Length: 2\nRESP BODY: []\n"), &["GET /a 200 []"], &[]);
    }
    for status in ["[200]", "200", ""] {
        let fields = if status.is_empty() { "{'status': '200', 'a': 'b'}" } else { "{'a': 'b'}" };
        says(&format!("{request}RESP:{status} {fields} {{\"x\": 1}}\n"), &["GET /a 200 {\"x\": 1}"], &[]);
    }
    let body = "REQ: curl -i -X 'POST' 'http://h/a' -H 'A: b'\nREQ BODY: {\"a\": 1}\n\nRESP: [200] {'b': 'c'}\n\nRESP BODY: {}\n\n";
    says(body, &["POST /a 200 {}"], &[]);
    assert_eq!(read(body).trace.exchanges[0].request.body, Body::Text("{\"a\": 1}".into()));
}

#[test]
fn broken_lines_are_put_together() {
    let log = "REQ: curl -g -i -X GET \"http://h/a?name=vm1\" -H \"Accept: application/json\" -H \"User-Agent: python-novaclient\"\n\
               RESP: [200] Content-Length: 96 Content-Type: application/json Date: Wed, 13 Jul 2022 00:58:50 GMT Vary: X-Auth-Token\n\
               RESP BODY: {\"servers\": [{\"name\": \"a server with a long name\", \"text\": \"that a mail breaks within quotes\"}]}\n";
    let whole: Vec<String> = read(log).trace.exchanges.iter().map(facts).collect();
    // White space between tokens of JSON may be of either kind.
    let facts = |exchange: &Exchange| facts(exchange).replace("\"text\":\n", "\"text\": ");
    let hard = |width: usize| {
        let lines = log.lines().flat_map(|line| {
            let chars: Vec<char> = line.chars().collect();
            chars.chunks(width).map(|part| part.iter().collect::<String>() + "\n").collect::<Vec<_>>()
        });
        lines.collect::<String>()
    };
    let mut soft = String::new();
    for line in log.lines() {
        let mut width = 0;
        for word in line.split(' ') {
            let separator = if width == 0 {
                ""
            } else if width + word.len() > 72 {
                "\n"
            } else {
                " "
            };
            width = if separator == "\n" { 0 } else { width } + word.len() + 1;
            soft.push_str(separator);
            soft.push_str(word);
        }
        soft.push('\n');
    }
    for (broken, prefix) in [(hard(80), ""), (hard(50), ""), (soft, "DEBUG:keystoneauth.session:")] {
        let broken =
            broken.replace("REQ:", &format!("{prefix}REQ:")).replace("RESP", &format!("{prefix}RESP"));
        let read = read(&broken);
        assert_eq!(read.trace.exchanges.iter().map(facts).collect::<Vec<_>>(), whole, "{broken}");
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
    }
}

#[test]
fn places_are_those_of_the_file_and_not_of_what_is_left_of_it() {
    for margin in MARGINS.iter().chain(&["\u{1b}[36m2022-07-13T00:58:50Z "]) {
        let log = format!(
            "{margin}REQ: curl -g -i -X GET http://h/a -d 'open\n{margin}REQ: curl -g -i -X GET http://h/b\n{margin}RESP: [200]\n"
        );
        let read = read(&log);
        let place = read.diagnostics[0].place().unwrap();
        // As a terminal shows it: without its colours.
        let line = log.lines().nth(place.line - 1).unwrap().replace("\u{1b}[36m", "");
        let rest: String = line.chars().skip(place.column - 1).collect();
        assert_eq!((rest.as_str(), place.excerpt.as_str()), ("open", line.as_str()), "{margin:?}");
        assert_eq!(read.trace.gaps[0].column, place.column);
    }
}

#[test]
fn logs_of_the_middlewares_are_read_as_they_were_pasted() {
    let requestshook = include_str!("fixtures/logs/zed/image-show/requestshook.log");
    let observer = "__openstack__ -> Request [1] GET http://h/a\nAccept: */*\n\nNone\n\n\
                    __openstack__ <- Response [1] 200 OK http://h/a\nContent-Length: 9\n\none\n\n two\n\n";
    for log in [requestshook, observer] {
        let whole = read(log);
        assert!(whole.diagnostics.is_empty() && !whole.trace.exchanges.is_empty());
        let margins = MARGINS.iter().chain(&["Jul 13 00:58:50 devstack nova-compute[27857]: "]);
        for (number, margin) in margins.enumerate() {
            let lines = log.trim_end().lines().map(|line| match number % 2 {
                0 => format!("{margin}{line}\n"),
                // Editors take white space off the end.
                _ => format!("{}\n", format!("{margin}{line}").trim_end()),
            });
            let mut pasted: String = lines.collect();
            if !margin.contains("2022") {
                pasted = format!("{margin}Somebody wrote:\n{margin}```\n{pasted}{margin}```\n")
                    .replace("Somebody wrote:", "");
            }
            for pasted in [pasted.clone(), pasted.replace('\n', "\r\n")] {
                let read = read(&pasted);
                assert_eq!(read.format, whole.format, "{margin:?}\n{pasted}");
                assert!(read.diagnostics.is_empty(), "{:?}\n{pasted}", read.diagnostics);
                assert_eq!(read.trace, whole.trace, "{margin:?}\n{pasted}");
            }
        }
    }
}

/// What other formatters, test runners and collectors of logs put around a message (`@`).
#[test]
fn words_around_a_message_may_be_others() {
    for form in [
        "2022-07-13 00:58:50.123 | DEBUG    | keystoneauth1.session:_http_log_request:519 - @",
        "DEBUG    keystoneauth.session:session.py:519 @",
        "    DEBUG [keystoneauth.session] @",
        "[2022-07-13 00:58:50,123: DEBUG/MainProcess] @",
        "[Wed Jul 13 00:58:50.123456 2022] [wsgi:error] [pid 12:tid 140] [remote 192.0.2.4:55] 2022-07-13 00:58:50.123 12 DEBUG keystoneauth.session [req-1 - - - - -] @",
        "time=2022-07-13T00:58:50Z level=debug logger=keystoneauth.session msg=@",
        "2022-07-13T00:58:50+0000 host nova-compute[12]: DEBUG keystoneauth.session [None req-1 admin admin] @",
        "Jul 13 00:58:50.123456 host nova-compute: DEBUG keystoneauth.session [-] @",
        "1657673930.123 7 DEBUG keystoneauth.session [-] @",
        "keystoneauth.session - DEBUG - @",
        "nova-compute-1  | 2022-07-13 00:58:50.123 7 DEBUG keystoneauth.session [-] @",
        "| @",
        "\u{1b}[1;30mDEBUG\u{1b}[0m @",
    ] {
        let messages = [
            "REQ: curl -g -i -X GET http://h/a -H \"Accept: a/b\"",
            "RESP: [200] Content-Length: 2 Date: Wed, 13 Jul 2022 00:58:50 GMT",
            "RESP BODY: {}",
        ];
        let log: String = messages.iter().map(|message| form.replace('@', message) + "\n").collect();
        says(&log, &["GET /a 200 {}"], &[]);
        let response = read(&log).trace.exchanges[0].response.clone().unwrap();
        assert_eq!(response.headers.len(), 2, "{log}");
    }
    // rsyslog puts the lines of a message together, and journald sets them under it.
    let unit =
        "Jul 13 00:58:50 host nova-api[7]: 2022-07-13 00:58:50.123 7 DEBUG keystoneauth.session [req-1 - -] ";
    let rsyslog = format!(
        "{unit}REQ: curl -g -i -X GET http://h/a#012 _log /usr/lib/x.py:12\n\
         {unit}RESP: [200] Content-Length: 2 #012RESP BODY: {{}}#012 _log /usr/lib/x.py:12\n"
    );
    says(&rsyslog, &["GET /a 200 {}"], &[]);
    let unit = "Jul 13 00:58:50 host nova-api[7]: ";
    let space = " ".repeat(unit.len());
    let journald = format!(
        "{unit}DEBUG REQ: curl -g -i -X GET http://h/a\n{unit}DEBUG RESP: [200]\n{unit}DEBUG RESP BODY: [\n{space}  1\n{space}]\n"
    );
    says(&journald, &["GET /a 200 [\n  1\n]"], &[]);
}

/// Docker's `json-file` driver.
#[test]
fn the_files_of_a_container_are_read() {
    let object = |text: &str| {
        format!("{}\n", serde_json::json!({"log": text, "stream": "stderr", "time": "2022-07-13T00:58:50Z"}))
    };
    let docker = |lines: &[&str]| lines.iter().map(|line| object(line)).collect::<String>();
    let request = "DEBUG keystoneauth.session REQ: curl -g -i -X GET http://h/a -H \"A: b\"\n";
    let log = docker(&[
        request,
        "DEBUG keystoneauth.session RESP: [200]\n",
        "DEBUG keystoneauth.session RESP BODY: {\"a\":",
        " 1}\n",
        "other\n",
        "RESP: 2oo\n",
    ]);
    says(&log, &["GET /a 200 {\"a\": 1}"], &["this response is damaged"]);
    assert_eq!(read(&log).diagnostics[0].place().unwrap().line, 6);
}
