//! Secrets that are planted, and facts that look like them: one line a case, in `secrets/planted.txt`
//! and `secrets/facts.txt`, each through the whole of docgen's recording.
//!
//! What goes over the wire comes in by the import of a HAR, and of a log; commands, outputs and variables
//! by `docgen capture`, which runs them beside a real server and a real client.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use docgen::trace::{Body, Exchange, Trace};
use serde_json::{Value, json};
use support::{Ran, Site, own};

/// A line of one of the lists.
#[derive(Debug)]
struct Case {
    line: usize,
    kind: String,
    /// Empty for a fact.
    secret: String,
    text: String,
}

fn cases(file: &str, has_secrets: bool) -> Vec<Case> {
    let text = fs::read_to_string(own("tests/secrets").join(file)).unwrap();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let case = |(at, line): (usize, &str)| {
        let fields: Vec<&str> = line.split('\t').collect();
        let (secret, text) = match fields[..] {
            [_, secret, text] if has_secrets => (made_up(secret, at), text),
            [_, text] if !has_secrets => (String::new(), text),
            _ => panic!("{file}:{}: {line}", at + 1),
        };
        let text = filled(&unescaped(text), &secret);
        Case { line: at + 1, kind: fields[0].to_owned(), secret, text }
    };
    lines.map(case).collect()
}

/// A secret of a line: what it says, with characters by chance for `<36a>`.
fn made_up(secret: &str, line: usize) -> String {
    let mut state = (line as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = |letters: &[u8], count: usize| -> String {
        let mut letter = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(letters[(state >> 33) as usize % letters.len()])
        };
        (0..count).map(|_| letter()).collect()
    };
    let all = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    if secret == "-" {
        return format!("{}-{line:04}-{}7q", random(all, 6), random(all, 5));
    }
    let mut filled = String::new();
    let mut rest = secret;
    while let Some((before, after)) = rest.split_once('<') {
        let (count, after) = after.split_once('>').unwrap();
        let (count, letters) = count.split_at(count.len() - 1);
        filled.push_str(before);
        let letters = match letters {
            "U" => &b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789"[..],
            "x" => b"0123456789abcdef",
            _ => all,
        };
        match count.parse() {
            Ok(count) => filled.push_str(&random(letters, count)),
            // No more than a bracket.
            Err(_) => return unescaped(secret),
        }
        rest = after;
    }
    unescaped(&(filled + rest))
}

fn unescaped(text: &str) -> String {
    let mut unescaped = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        unescaped.push(match (c, chars.as_str().chars().next()) {
            ('\\', Some(escape @ ('n' | 'r' | 't' | '\\'))) => {
                chars.next();
                match escape {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    other => other,
                }
            }
            _ => c,
        });
    }
    unescaped
}

/// A text with its secret, and with what it says in other notations, the innermost first.
fn filled(text: &str, secret: &str) -> String {
    let mut text = text.replace('§', secret);
    while let Some(end) = text.find('⟩') {
        let start = text[..end].rfind('⟨').unwrap();
        let (notation, inner) = text[start + '⟨'.len_utf8()..end].split_once(':').unwrap();
        let encoded = match notation {
            "base64" => base64::engine::general_purpose::STANDARD.encode(inner),
            "json" => {
                let quoted = Value::from(inner).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            "url" => percent(inner),
            "xml" => xml(inner),
            other => panic!("no notation is called {other}"),
        };
        text.replace_range(start..end + '⟩'.len_utf8(), &encoded);
    }
    text
}

fn percent(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A HAR with an exchange for each case that goes over the wire; the others are none.
fn har(cases: &[Case]) -> (String, Vec<&Case>) {
    let mut entries = Vec::new();
    let mut used = Vec::new();
    for case in cases {
        let (kind, media) = case.kind.split_once(' ').unwrap_or((&case.kind, ""));
        let mut url = format!("http://h.example/case/{}", case.line);
        let mut request_headers = vec![];
        let mut headers = vec![];
        let (mut post, mut content) = (Value::Null, json!({"size": 0, "mimeType": ""}));
        let field = |text: &str| {
            let (name, value) = text.split_once(": ").unwrap();
            json!({"name": name, "value": value})
        };
        match kind {
            "url" => url = case.text.clone(),
            "header" => request_headers.push(field(&case.text)),
            "answer-header" => headers.push(field(&case.text)),
            "body" => post = json!({"mimeType": media, "text": case.text}),
            "answer" => content = json!({"size": case.text.len(), "mimeType": media, "text": case.text}),
            _ => continue,
        }
        let mut request = json!({
            "method": "POST", "url": url, "httpVersion": "HTTP/1.1", "cookies": [], "headers": request_headers,
            "queryString": [], "headersSize": -1, "bodySize": -1,
        });
        if !post.is_null() {
            request["postData"] = post;
        }
        let (minute, second) = (used.len() / 60, used.len() % 60);
        entries.push(json!({
            "startedDateTime": format!("2026-11-20T10:{minute:02}:{second:02}.000Z"), "time": 5, "request": request,
            "response": {
                "status": 200, "statusText": "OK", "httpVersion": "HTTP/1.1", "cookies": [], "headers": headers,
                "content": content, "redirectURL": "", "headersSize": -1, "bodySize": -1,
            },
            "cache": {}, "timings": {"send": 0, "wait": 5, "receive": 0},
        }));
        used.push(case);
    }
    let creator = json!({"name": "a test", "version": "1"});
    (json!({"log": {"version": "1.2", "creator": creator, "entries": entries}}).to_string(), used)
}

fn docgen(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    Ran::from(command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1").output().unwrap())
}

#[track_caller]
fn goes_well(site: &Site, arguments: &[&str]) -> Ran {
    let ran = docgen(site, arguments);
    assert_eq!(ran.status, 0, "{arguments:?}: {}", ran.err);
    ran
}

/// How a secret may stand in a file.
fn forms(secret: &str) -> Vec<String> {
    let json = |text: &str| {
        let quoted = Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let once = json(secret);
    let base64 = base64::engine::general_purpose::STANDARD.encode(format!("bob:{secret}"));
    vec![
        secret.to_owned(),
        json(&once),
        once,
        percent(secret),
        xml(secret),
        base64[..base64.len() / 4 * 4 - 4].to_owned(),
    ]
}

/// The lines of the cases whose secrets stand in a file below these folders.
fn leaks(site: &Site, folders: &[&str], cases: &[&Case]) -> Vec<String> {
    let mut all = String::new();
    for folder in folders {
        for (name, bytes) in site.files(folder) {
            if !name.contains("cache") {
                all.push_str(&String::from_utf8_lossy(&bytes));
                all.push('\n');
            }
        }
    }
    assert!(all.len() > 100, "nothing was written");
    let leaking = cases.iter().filter(|case| forms(&case.secret).iter().any(|form| all.contains(form)));
    leaking.map(|case| format!("planted.txt:{}: {} {}", case.line, case.kind, case.text)).collect()
}

#[test]
fn the_lists_are_long_and_name_every_secret_once() {
    let planted = cases("planted.txt", true);
    assert!(planted.len() >= 400, "{}", planted.len());
    assert!(cases("facts.txt", false).len() >= 200);
    for case in &planted {
        assert!(
            case.kind == "env"
                || forms(&case.secret).iter().any(|form| case.text.contains(form))
                || case.text.len() > case.secret.len(),
            "{case:?}"
        );
    }
}

#[test]
fn no_planted_secret_comes_through_an_import() {
    let site = Site::new();
    let planted = cases("planted.txt", true);
    let (har, used) = har(&planted);
    assert!(used.len() >= 400);
    site.write("LOG.har", har);
    goes_well(&site, &["import", "LOG.har", "captures/a"]);
    goes_well(&site, &["render", "captures", "docs"]);
    let leaks = leaks(&site, &["captures", "docs"], &used);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), used.len(), leaks.join("\n"));
    // What is redacted stays as it is.
    goes_well(&site, &["import", "captures/a/trace.har", "captures/b"]);
    assert!(
        site.read("captures/a/trace.har") == site.read("captures/b/trace.har"),
        "the second import is another"
    );
    fs::remove_dir_all(site.path("captures/b")).unwrap();
    // What `check` would flag, an import does not write.
    let checked = docgen(&site, &["check", "captures", "docs"]);
    assert!(
        !checked.err.contains("unredacted") && !checked.out.contains("unredacted"),
        "{}{}",
        checked.out,
        checked.err
    );
}

#[test]
fn no_planted_secret_comes_through_a_log() {
    let site = Site::new();
    let planted = cases("planted.txt", true);
    let (har, used) = har(&planted);
    site.write("LOG.har", har);
    goes_well(&site, &["import", "LOG.har", "clear/a", "--keep-secrets"]);
    let log = goes_well(&site, &["log", "clear/a/trace.har"]).out;
    fs::remove_dir_all(site.path("clear")).unwrap();
    site.write("trace.log", log);
    docgen(&site, &["import", "trace.log", "captures/a"]);
    let leaks = leaks(&site, &["captures"], &used);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), used.len(), leaks.join("\n"));
}

fn trace(file: &Path) -> Trace {
    docgen::source::read(file, fs::read(file).unwrap()).trace
}

/// What of an exchange may be redacted.
fn said(exchange: &Exchange) -> Vec<String> {
    let response = exchange.response.as_ref().unwrap();
    let body = |body: &Body| format!("{body:?}");
    let fields = |headers: &docgen::trace::Headers| {
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    let mut said = vec![exchange.request.url.to_string(), body(&exchange.request.body), body(&response.body)];
    said.extend(fields(&exchange.request.headers));
    said.extend(fields(&response.headers));
    said
}

#[test]
fn every_fact_stays_in_an_import() {
    let site = Site::new();
    let facts = cases("facts.txt", false);
    let (har, used) = har(&facts);
    site.write("LOG.har", har);
    let ran = goes_well(&site, &["import", "LOG.har", "captures/a"]);
    let (before, after) = (trace(&site.path("LOG.har")), trace(&site.path("captures/a/trace.har")));
    assert_eq!((before.exchanges.len(), after.exchanges.len()), (used.len(), used.len()));
    let mut altered = Vec::new();
    for ((case, before), after) in used.iter().zip(&before.exchanges).zip(&after.exchanges) {
        let (before, after) = (said(before), said(after));
        if let Some((was, is)) = before.iter().zip(&after).find(|(was, is)| was != is) {
            altered.push(format!("facts.txt:{}:\n  {was}\n  {is}", case.line));
        }
    }
    assert!(altered.is_empty(), "{} of {}:\n{}", altered.len(), used.len(), altered.join("\n"));
    assert!(!ran.err.contains("replaced"), "{}", ran.err);
}

/// A server that takes every request.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer(stream.unwrap()));
        }
    });
    address
}

fn answer(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n{\"images\": [{\"name\": \"openstack json\"}]}";
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// A site beside a server, with programs that do nothing but ask it something.
struct Machine {
    site: Site,
    server: SocketAddr,
}

impl Machine {
    fn new(programs: &[String]) -> Machine {
        let machine = Machine { site: Site::new(), server: server() };
        for program in programs {
            machine.program(program, "exec curl -sS -o /dev/null \"http://$SERVER/x\"");
        }
        machine
    }

    fn program(&self, name: &str, script: &str) {
        let file = format!("bin/{name}");
        self.site.write(&file, format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.site.path(&file), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn capture(&self, path: &str, options: &[&str], words: &[String], env: &HashMap<String, String>) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        let system = std::env::var("PATH").unwrap();
        command.args(["capture", "captures", path]).args(options).arg("--").args(words);
        command.current_dir(self.site.root()).env("NO_COLOR", "1").envs(env);
        command.env("PATH", format!("{}:{system}", self.site.path("bin").display()));
        command.env("SERVER", self.server.to_string());
        Ran::from(command.output().unwrap())
    }
}

/// The words of a case's command.
fn words(case: &Case, server: SocketAddr) -> Vec<String> {
    let line = case.text.replace("URL", &format!("http://{server}/x"));
    if case.kind == "shell" { vec![line] } else { shlex::split(&line).unwrap() }
}

fn commands(cases: &[Case]) -> (Vec<&Case>, Machine) {
    let commands: Vec<&Case> =
        cases.iter().filter(|case| ["command", "shell"].contains(&&*case.kind)).collect();
    let first = |case: &&Case| case.text.split(' ').next().unwrap().to_owned();
    let mut programs: Vec<String> = commands.iter().map(first).collect();
    programs.retain(|program| program.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    programs.retain(|program| !["curl", "env", "echo", "export"].contains(&&**program));
    programs.push("prog".to_owned());
    (commands, Machine::new(&programs))
}

/// Records the command of each case, several at a time.
fn record_all(commands: &[&Case], machine: &Machine) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some(case) = commands.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                    else {
                        return;
                    };
                    let options: &[&str] = if case.kind == "shell" { &["--shell"] } else { &[] };
                    let words = words(case, machine.server);
                    let ran = machine.capture(&format!("c{}", case.line), options, &words, &HashMap::new());
                    assert_eq!(ran.status, 0, "{case:?}: {}", ran.err);
                    if !case.secret.is_empty() {
                        assert!(
                            !ran.err.contains(&case.secret),
                            "{case:?} is told on the terminal: {}",
                            ran.err
                        );
                    }
                }
            });
        }
    });
}

#[test]
fn no_planted_secret_of_a_command_is_kept() {
    let planted = cases("planted.txt", true);
    let (commands, machine) = commands(&planted);
    record_all(&commands, &machine);
    let leaks = leaks(&machine.site, &["captures"], &commands);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), commands.len(), leaks.join("\n"));
}

#[test]
fn every_command_that_is_none_stays() {
    let facts = cases("facts.txt", false);
    let (commands, machine) = commands(&facts);
    record_all(&commands, &machine);
    for case in commands {
        let settings = machine.site.read(&format!("captures/c{}/capture.toml", case.line));
        let settings: toml::Table = settings.parse().unwrap();
        let expected = shlex::try_join(words(case, machine.server).iter().map(String::as_str)).unwrap();
        assert_eq!(settings["command"].as_str().unwrap(), expected, "facts.txt:{}", case.line);
    }
}

/// The outputs of all cases as one, each with a line before it that nothing else has.
fn outputs(cases: &[Case]) -> (Vec<&Case>, String) {
    let outputs: Vec<&Case> = cases.iter().filter(|case| case.kind == "output").collect();
    let text = outputs.iter().map(|case| format!("~~ {} ~~\n{}\n", case.line, case.text)).collect();
    (outputs, text)
}

fn recorded_output(machine: &Machine, text: &str) -> String {
    machine.site.write("printed.txt", text);
    machine.program("print", "cat printed.txt; exec curl -sS -o /dev/null \"http://$SERVER/x\"");
    let ran = machine.capture("a", &[], &["print".to_owned()], &HashMap::new());
    assert_eq!(ran.status, 0, "{}", ran.err);
    machine.site.read("captures/a/output.txt")
}

#[test]
fn no_planted_secret_of_an_output_is_kept() {
    let planted = cases("planted.txt", true);
    let (outputs, text) = outputs(&planted);
    let machine = Machine::new(&[]);
    recorded_output(&machine, &text);
    let leaks = leaks(&machine.site, &["captures"], &outputs);
    assert!(leaks.is_empty(), "{} of {}:\n{}", leaks.len(), outputs.len(), leaks.join("\n"));
}

#[test]
fn every_output_that_is_none_stays() {
    let facts = cases("facts.txt", false);
    let (_, text) = outputs(&facts);
    assert_eq!(recorded_output(&Machine::new(&[]), &text), text);
}

#[test]
fn no_variable_is_kept_that_is_secret() {
    let planted = cases("planted.txt", true);
    let variables: Vec<&Case> = planted.iter().filter(|case| case.kind == "env").collect();
    let env: HashMap<String, String> =
        variables.iter().map(|case| (case.text.clone(), case.secret.clone())).collect();
    let machine = Machine::new(&[]);
    let mut script = String::new();
    for case in &variables {
        let name = &case.text;
        // Bare: what is printed, and what is sent.
        writeln!(script, "echo it is ${name}; curl -sS -o /dev/null -d \"$").unwrap();
        script.truncate(script.len() - 1);
        writeln!(script, "{name}\" \"http://$SERVER/${name}\"").unwrap();
    }
    machine.program("print", &script);
    let ran = machine.capture("a", &[], &["print".to_owned()], &env);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let leaks = leaks(&machine.site, &["captures"], &variables);
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

/// Words that stand in commands, URLs and bodies for reasons of their own.
const WEAK: [&str; 10] =
    ["openstack", "admin", "json", "2026", "http", "images", "image", "password", "curl", "localhost"];

#[test]
fn a_weak_password_alters_nothing_but_its_own_place() {
    let machine = Machine::new(&[]);
    machine.program(
        "openstack",
        "curl -sS -o /dev/null -H 'Content-Type: application/json' -d \"{\\\"auth\\\": {\\\"password\\\": \\\"$OS_PASSWORD\\\", \\\"name\\\": \\\"admin\\\"}}\" \
         \"http://$SERVER/identity/v3/auth/tokens?year=2026&as=json\"\n\
         curl -sS \"http://$SERVER/v2/images/admin\"; echo; echo 'Password: required by openstack in 2026, http or json'",
    );
    let recorded = |password: &str| {
        let words: Vec<String> = "openstack image list -f json".split(' ').map(str::to_owned).collect();
        let env = HashMap::from([("OS_PASSWORD".to_owned(), password.to_owned())]);
        let ran = machine.capture("a", &["--force"], &words, &env);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let trace = trace(&machine.site.path("captures/a/trace.har"));
        // How long the password is tells in the length of its body.
        let mut all: Vec<String> = trace.exchanges.iter().flat_map(said).collect();
        all.retain(|line| !line.starts_with("Content-Length: "));
        all.push(machine.site.read("captures/a/output.txt"));
        all.push(machine.site.read("captures/a/capture.toml"));
        (all.join("\n"), ran.err)
    };
    let (strong, told) = recorded("q7XbP2-0001-Lm4tZ9");
    assert!(strong.contains(r#"\"password\": \"***\""#) && !strong.contains("q7XbP2"), "{strong}");
    assert!(!told.contains("too weak"), "{told}");
    for weak in WEAK {
        let (trace, told) = recorded(weak);
        assert_eq!(trace, strong, "{weak}");
        assert!(told.contains("too weak") && told.contains("OS_PASSWORD"), "{told}");
    }
}

#[test]
fn what_was_replaced_is_told_in_counts_and_a_setting_excepts_a_name() {
    let site = Site::new();
    let body = r#"{"password": "q7XbP2-0001-Lm4tZ9", "vm_token": "q7XbP2-0002-Lm4tZ9", "echo": "q7XbP2-0001-Lm4tZ9"}"#;
    let case =
        Case { line: 1, kind: "body application/json".into(), secret: String::new(), text: body.into() };
    site.write("LOG.har", har(&[case]).0);
    let told = goes_well(&site, &["import", "LOG.har", "captures/a"]).err;
    assert!(told.contains("3 secrets replaced: 3 in bodies"), "{told}");
    assert!(!told.contains("vm_token"), "{told}");
    let told = goes_well(&site, &["-v", "import", "LOG.har", "captures/b"]).err;
    for line in [
        "1 in bodies by the name `password`",
        "1 in bodies by the name `vm_token`",
        "1 in bodies known from `password`",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert!(!told.contains("q7XbP2"), "{told}");
    site.write("captures/docgen.toml", "[redact]\nexcept = [\"vmToken\"]\n");
    goes_well(&site, &["import", "LOG.har", "captures/c"]);
    let trace = site.read("captures/c/trace.har");
    assert!(trace.contains("q7XbP2-0002-Lm4tZ9") && !trace.contains("q7XbP2-0001-Lm4tZ9"), "{trace}");
    goes_well(&site, &["render", "captures", "docs"]);
    let checked = docgen(&site, &["check", "captures", "docs"]);
    assert!(!checked.out.contains("unredacted") && !checked.err.contains("unredacted"), "{}", checked.err);
}
