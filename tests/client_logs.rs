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
