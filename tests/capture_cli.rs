//! `docgen capture` as a user types it: real processes, real servers, real clients.
//!
//! What goes wrong must be said, with exit status 1, and must leave the old capture as it was.
//! What needs more than the machine gives (a mount of one's own) is skipped, and listed as ignored.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use support::Site;
use support::ports::nobody;

const IMAGE: &str = "9c31f2c6-f22c-440e-b670-d8d5a5cc0405";
const TOKEN: &str = "gAAAAABqExampleOfATokenThatIsLongEnoughToBeShownWithItsHeadAndTail0123456789012345678901234567890123456789abcdef";
const PASSWORD: &str = "sesame-open-yourself";

fn main() {
    let arguments = Arguments::from_args();
    let has_mounts =
        Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|output| output.status.success());
    let always: [(&str, fn()); 33] = [
        ("a_profile_of_ones_own_names_things", a_profile_of_ones_own_names_things),
        ("a_new_capture_in_one_line", a_new_capture_in_one_line),
        ("a_capture_is_run_again", a_capture_is_run_again),
        ("labels_stay_at_their_exchanges", labels_stay_at_their_exchanges),
        ("several_are_run_in_the_order_given", several_are_run_in_the_order_given),
        ("what_goes_wrong_leaves_the_old_capture", what_goes_wrong_leaves_the_old_capture),
        ("a_new_capture_that_fails_leaves_nothing", a_new_capture_that_fails_leaves_nothing),
        ("the_one_that_fails_stops_no_other", the_one_that_fails_stops_no_other),
        ("an_expected_status_is_no_failure", an_expected_status_is_no_failure),
        ("paths_that_cannot_be", paths_that_cannot_be),
        ("a_capture_in_the_way_is_replaced_by_force_alone", a_capture_in_the_way_is_replaced_by_force_alone),
        ("dry_run_runs_nothing", dry_run_runs_nothing),
        ("a_shell_where_it_is_asked_for", a_shell_where_it_is_asked_for),
        ("an_openrc_gives_the_environment", an_openrc_gives_the_environment),
        ("settings_of_the_run", settings_of_the_run),
        ("secrets_stay_out", secrets_stay_out),
        ("an_old_log_makes_room", an_old_log_makes_room),
        ("nothing_else_runs_a_command", nothing_else_runs_a_command),
        ("interrupted_it_runs_no_more", interrupted_it_runs_no_more),
        ("of_two_at_a_time_one_is_told", of_two_at_a_time_one_is_told),
        ("a_question_on_the_terminal_fails_at_once", a_question_on_the_terminal_fails_at_once),
        ("a_stopped_command_is_told", a_stopped_command_is_told),
        ("a_stopped_command_goes_on_or_ends", a_stopped_command_goes_on_or_ends),
        ("few_files_are_told_and_enough", few_files_are_told_and_enough),
        ("a_low_limit_is_raised_for_docgen_alone", a_low_limit_is_raised_for_docgen_alone),
        ("temporary_files_of_a_killed_run_go", temporary_files_of_a_killed_run_go),
        ("ignored_hosts_are_passed_on_and_counted", ignored_hosts_are_passed_on_and_counted),
        ("a_title_says_what_a_command_does", a_title_says_what_a_command_does),
        ("what_a_command_prints_is_quoted", what_a_command_prints_is_quoted),
        ("a_secret_argument_is_not_echoed", a_secret_argument_is_not_echoed),
        ("killed_at_any_moment", killed_at_any_moment),
        ("what_a_kill_left_behind_goes", what_a_kill_left_behind_goes),
        ("what_a_command_leaves_running_can_connect", what_a_command_leaves_running_can_connect),
    ];
    let with_mounts: [(&str, fn()); 2] =
        [("a_full_disk", a_full_disk), ("a_folder_that_takes_nothing", a_folder_that_takes_nothing)];
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials: Vec<Trial> = always.into_iter().map(trial).collect();
    for (name, test) in with_mounts {
        let name = if has_mounts { name.to_owned() } else { format!("{name} (needs `unshare -rm`)") };
        trials.push(trial((&name, test)).with_ignored_flag(!has_mounts));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// A server that knows a few paths of a cloud, and `/missing`, which is not there.
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
        let (mut head, mut line) = (String::new(), String::new());
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            head.push_str(&line);
        }
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).ok()?;
        let path = head.split(' ').nth(1)?;
        let image = format!(r#"{{"id": "{IMAGE}", "name": "cirros"}}"#);
        let (status, header, body) = match path.split('?').next()? {
            "/identity/v3/auth/tokens" => {
                let header = format!("X-Subject-Token: {TOKEN}\r\n");
                ("201 CREATED", header, r#"{"token": {"methods": ["password"]}}"#.to_owned())
            }
            "/missing" => ("404 Not Found", String::new(), r#"{"error": "not found"}"#.to_owned()),
            _ => ("200 OK", String::new(), image),
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{header}Content-Length: {length}\r\n\r\n{body}"
        );
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// A server that answers with these bytes, whatever it is asked, and hangs up.
fn rude_server(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    address
}

/// A project in a folder of its own, with a client that is called as OpenStack's.
struct Project {
    site: Site,
    server: SocketAddr,
}

impl std::ops::Deref for Project {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}

impl Project {
    fn new() -> Project {
        let project = Project { site: Site::new(), server: server() };
        let server = project.server;
        let client = format!(
            "#!/bin/sh\nset -e\n\
             body='{{\"auth\": {{\"identity\": {{\"password\": {{\"user\": {{\"password\": \"'$OS_PASSWORD'\"}}}}}}}}}}'\n\
             token=$(curl -sSi --json \"$body\" http://{server}/identity/v3/auth/tokens | sed -n 's/\\r$//; s/^X-Subject-Token: //p')\n\
             curl -sS -H \"X-Auth-Token: $token\" http://{server}/image/v2/images/{IMAGE}\necho\necho $OS_NOTE $token\n"
        );
        project.write("bin/openstack", &client);
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(project.path("bin/openstack"), executable).unwrap();
        project
    }

    /// docgen with these arguments, in the project.
    fn docgen(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(arguments);
        self.furnish(&mut command);
        command
    }

    fn furnish(&self, command: &mut Command) {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        command.current_dir(self.root()).env("PATH", path).env("OS_PASSWORD", PASSWORD);
        command.env("NO_COLOR", "1").stdin(Stdio::null());
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(name);
        }
    }

    /// What docgen says, on standard error; its exit status has to be this.
    fn says(&self, status: i32, arguments: &[&str]) -> String {
        said(status, self.docgen(arguments).output().unwrap())
    }

    /// A capture `a/old` that was recorded, and its files.
    fn old(&self) -> BTreeMap<String, Vec<u8>> {
        let url = format!("http://{}/image?old", self.server);
        self.says(0, &["capture", "captures", "a/old", "--", "curl", "-sS", &url]);
        self.write("captures/a/old/page.md", "# My own words\n");
        self.files()
    }

    /// All below `captures`, but for what docgen notes of its last run.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = support::files_below(&self.path("captures"));
        files.retain(|name, _| !name.starts_with(".docgen/"));
        files
    }
}

fn said(status: i32, output: Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}{}", String::from_utf8_lossy(&output.stdout));
    text
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

fn requests(har: &str) -> Vec<String> {
    let har: serde_json::Value = serde_json::from_str(har).unwrap();
    let request = |entry: &serde_json::Value| {
        let request = &entry["request"];
        format!("{} {}", request["method"].as_str().unwrap(), request["url"].as_str().unwrap())
    };
    har["log"]["entries"].as_array().unwrap().iter().map(request).collect()
}

fn a_new_capture_in_one_line() {
    let project = Project::new();
    let show = "captures/openstack/image/show";
    let said = project
        .says(0, &["capture", "captures", "openstack/image/show", "--", "openstack", "image", "show", IMAGE]);
    contains(
        &said,
        &["[1/1] openstack/image/show: openstack image show", "2 exchanges in", "1 recorded, 0 failed"],
    );
    let server = project.server;
    assert_eq!(
        requests(&project.read(&format!("{show}/trace.har"))),
        [
            format!("POST http://{server}/identity/v3/auth/tokens"),
            format!("GET http://{server}/image/v2/images/{IMAGE}")
        ]
    );
    contains(
        &project.read(&format!("{show}/capture.toml")),
        &[
            "title = \"openstack image show\"\ncommand = \"openstack image show {image_id}\"\nlayout = \"page\"\nprofile = \"openstack\"\n",
            &format!("[vars]\nimage_id = \"{IMAGE}\"\n"),
            "[[participant]]\nid = \"keystone\"",
            "[[participant]]\nid = \"glance\"",
            "issue_token = \"keystone POST /identity/v3/auth/tokens\"",
            "show_image = \"glance GET /image/v2/images/{image_id}\"",
        ],
    );
    contains(&project.read(&format!("{show}/output.txt")), &["cirros", "gAAAAABq"]);
    // It renders, and nothing in it needs a person.
    project.says(0, &["render", "captures", "docs"]);
    contains(&project.read("docs/openstack/image/show.md"), &["# openstack image show", "autonumber"]);
    project.says(0, &["check", "captures", "docs"]);
}

fn a_profile_of_ones_own_names_things() {
    let project = Project::new();
    let embedded =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles/openstack.toml")).unwrap();
    project.write("captures/mine.toml", embedded.replace("name = \"openstack\"", "name = \"mine\""));
    project.write("captures/docgen.toml", "profile = \"mine.toml\"\n");
    project.says(0, &["capture", "captures", "a", "--", "openstack", "image", "show", IMAGE]);
    let settings = project.read("captures/a/capture.toml");
    contains(&settings, &["image_id = ", "show_image = \"glance GET "]);
    assert!(!settings.contains("profile"), "{settings}");
}

fn a_capture_is_run_again() {
    let project = Project::new();
    let old = project.old();
    project.write("captures/a/old/sub/page.md", "of a capture below");
    let url = format!("http://{}/image?new", project.server);
    project.write("captures/a/old/capture.toml", format!("command = \"curl -sS {url}\"\n"));
    let said = project.says(0, &["capture", "captures", "a"]);
    contains(&said, &["1 exchange in"]);
    assert_eq!(requests(&project.read("captures/a/old/trace.har")), [format!("GET {url}")]);
    let new = project.files();
    assert_eq!(new["a/old/page.md"], old["a/old/page.md"]);
    let names: Vec<&str> = new.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["a/old/capture.toml", "a/old/output.txt", "a/old/page.md", "a/old/sub/page.md", "a/old/trace.har"]
    );
}

fn labels_stay_at_their_exchanges() {
    let project = Project::new();
    let server = server();
    let curl = |paths: &[&str]| -> String {
        let lines: Vec<String> = paths.iter().map(|path| format!("curl -s http://{server}{path}")).collect();
        lines.join(" && ")
    };
    let settings = |command: &str, labels: &str| {
        format!("command = \"{command}\"\n\n[capture]\nshell = true\n\n[label] # mine\n{labels}")
    };
    let labels =
        format!("show = '{server} GET /images/1'   # the one\nlater = '{server} GET /images/2 #2'\n");
    let old = curl(&["/images/1?a=1", "/images/2?a=1", "/images/2?a=2"]);
    project.write("captures/x/capture.toml", settings(&old, &labels));
    let told = project.says(0, &["capture", "captures", "x"]);
    assert!(!told.contains("stays"), "{told}");
    assert_eq!(project.read("captures/x/capture.toml"), settings(&old, &labels));
    // One comes before, and of two the first is gone.
    let new = curl(&["/images/1?b=9", "/images/1?a=1", "/images/2?a=2"]);
    project.write("captures/x/capture.toml", settings(&new, &labels));
    let told = project.says(0, &["capture", "captures", "x"]);
    contains(
        &told,
        &[
            &format!("`show` stays at its exchange, which is now `{server} GET /images/1 #2`"),
            &format!("`later` stays at its exchange, which is now `{server} GET /images/2`"),
        ],
    );
    let carried =
        format!("show = \"{server} GET /images/1 #2\"   # the one\nlater = \"{server} GET /images/2\"\n");
    assert_eq!(project.read("captures/x/capture.toml"), settings(&new, &carried));
}

fn several_are_run_in_the_order_given() {
    let project = Project::new();
    for name in ["a", "b", "c"] {
        let url = format!("http://{}/{name}", project.server);
        project.write(&format!("captures/{name}/capture.toml"), format!("command = \"curl -sS {url}\"\n"));
    }
    let said = project.says(0, &["capture", "captures", "c", "a"]);
    contains(&said, &["[1/2] c:", "[2/2] a:", "2 recorded, 0 failed"]);
    assert!(!project.path("captures/b/trace.har").exists());
    let said = project.says(1, &["capture", "captures", "d"]);
    contains(&said, &["there is no capture `d`", "= help: "]);
    project.write("captures/no-command/capture.toml", "title = \"x\"\n");
    contains(
        &project.says(1, &["capture", "captures", "no-command"]),
        &["no-command/capture.toml", "has no command"],
    );
    contains(&project.says(0, &["capture", "captures"]), &["3 recorded, 0 failed"]);
}

fn what_goes_wrong_leaves_the_old_capture() {
    let project = Project::new();
    let old = project.old();
    let server = project.server;
    let cases: &[(String, &str, &[&str])] = &[
        ("no-such-command list".into(), "", &["the command no-such-command was not found", "with its path"]),
        (
            format!("curl -sSf http://{server}/missing"),
            "",
            &["ended with exit status 22, and 0 was expected", "404", "`exit = 22` below `[capture]`"],
        ),
        (
            format!("curl -sS http://{server}/image"),
            "exit = 3",
            &["ended with exit status 0, and 3 was expected"],
        ),
        (format!("sh -c 'curl -sS http://{server}/; kill -9 $$'"), "", &["was ended by signal 9"]),
        (
            "sleep 60".into(),
            "time_limit = 1",
            &["took longer than 1s", "`time_limit`, in seconds, below `[capture]`"],
        ),
        (
            format!("curl -sS --noproxy '*' http://{server}/image"),
            "",
            &["succeeded, and nothing was recorded", "ignores http_proxy", "docgen import LOG CAPTURE_DIR"],
        ),
        ("true".into(), "", &["succeeded, and nothing was recorded"]),
        (format!("curl -sSf http://{}/", nobody()), "", &["cannot connect to 127.0.0.1:", "exit status 22"]),
        (
            format!("curl -sSf http://{}/", rude_server(b"\x00\x01 this is not HTTP\r\n\r\n")),
            "",
            &["exit status 1", "127.0.0.1:", "sent what is no HTTP response"],
        ),
        (format!("curl -sSf http://{}/", rude_server(b"")), "", &["exit status 52", "no response to GET"]),
        (
            format!("curl -sS http://{}/", nobody()),
            "",
            &["cannot connect to", "`allow_broken = true` below `[capture]`"],
        ),
        (format!("curl -sS http://{}/", rude_server(b"")), "", &["no response to GET", "exit status 52"]),
        (
            format!("curl -sS https://{server}/ -k"),
            "",
            &["does not speak TLS as it should", "should begin with http://"],
        ),
        (
            format!(
                "sh -c 'curl -sS http://{}/; true'",
                rude_server(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            ),
            "",
            &["succeeded, and a server did not"],
        ),
        ("curl 'http://h/".into(), "", &["the quotes of `curl 'http://h/` do not match", "shell = true"]),
        ("  ".into(), "", &["the command is empty"]),
        ("curl x".into(), "dir = \"nowhere\"", &["nowhere does not exist"]),
        ("curl x".into(), "stdin = \"nowhere.txt\"", &["nowhere.txt"]),
        ("curl x".into(), "env_file = \"nowhere.sh\"", &["nowhere.sh"]),
        ("curl x".into(), "certificates = [\"nowhere.pem\"]", &["nowhere.pem"]),
    ];
    for (command, settings, parts) in cases {
        let text = format!("command = {command:?}\n[capture]\n{settings}\n");
        project.write("captures/a/old/capture.toml", &text);
        let begun = Instant::now();
        let said = project.says(1, &["capture", "captures", "a/old"]);
        assert!(begun.elapsed() < Duration::from_secs(10), "{command}");
        contains(&said, parts);
        contains(&said, &["error: ", "captures/a/old/capture.toml", "failed; the capture is as it was"]);
        project
            .write("captures/a/old/capture.toml", std::str::from_utf8(&old["a/old/capture.toml"]).unwrap());
        assert_eq!(project.files(), old, "{command}");
    }
}

fn a_new_capture_that_fails_leaves_nothing() {
    let project = Project::new();
    for command in [&["no-such-command"][..], &["true"], &["curl", "-sSf", "http://127.0.0.1:1/"]] {
        let said = project.says(1, &[&["capture", "captures", "a/b", "--"], command].concat());
        contains(&said, &["error: ", "= help: ", "a/b  failed; nothing was written"]);
        assert_eq!(fs::read_dir(project.path("captures")).unwrap().count(), 0);
    }
}

fn the_one_that_fails_stops_no_other() {
    let project = Project::new();
    let url = format!("http://{}/", project.server);
    project.write("captures/a/capture.toml", "command = \"no-such-command\"\n");
    project.write("captures/b/capture.toml", format!("command = \"curl -sS {url}\"\n"));
    let said = project.says(1, &["capture", "captures"]);
    contains(&said, &["no-such-command was not found", "1 recorded, 1 failed"]);
    assert!(project.path("captures/b/trace.har").exists());
}

fn an_expected_status_is_no_failure() {
    let project = Project::new();
    let text = format!("command = \"curl -sSf http://{}/missing\"\n[capture]\nexit = 22\n", project.server);
    project.write("captures/a/capture.toml", &text);
    project.says(0, &["capture", "captures"]);
    contains(&project.read("captures/a/output.txt"), &["404"]);
    // It can be told in the line that records, and is kept for the next time.
    let missing = format!("http://{}/missing", project.server);
    let new = ["capture", "captures", "b", "--exit", "22", "--", "curl", "-sSf", &missing];
    project.says(0, &new);
    contains(&project.read("captures/b/capture.toml"), &["\n[capture]\nexit = 22\n"]);
    project.says(0, &["capture", "captures", "b"]);
    contains(
        &project.says(1, &["capture", "captures", "b", "--exit", "3"]),
        &["status 22, and 3 was expected"],
    );
    contains(&project.read("captures/b/capture.toml"), &["exit = 22\n"]);
    // So it can for a capture that is there.
    let text = format!("command = \"curl -sSf {missing}\"\n[capture]\ntime_limit = 9 # seconds\n");
    project.write("captures/c/capture.toml", &text);
    contains(&project.says(1, &["capture", "captures", "c"]), &["`--exit 22`"]);
    project.says(0, &["capture", "captures", "c", "--exit", "22"]);
    assert_eq!(project.read("captures/c/capture.toml"), format!("{text}exit = 22\n"));
    contains(&project.says(1, &["capture", "captures", "--exit", "22"]), &["about one command, not 3"]);
    // Nor is a server that is allowed to fail.
    let text = format!("command = \"curl -sS http://{}/\"\n[capture]\nallow_broken = true\n", nobody());
    project.write("captures/a/capture.toml", &text);
    contains(&project.says(0, &["capture", "captures"]), &["note: cannot connect to", "1 exchange in"]);
}

fn paths_that_cannot_be() {
    let project = Project::new();
    project.write("captures/file", "");
    let url = format!("http://{}/", project.server);
    for path in ["", "/", "..", "../x", "a/../../x", ".hidden", "a/.hidden", "a//b", "a\nb", "./a"] {
        let said = project.says(1, &["capture", "captures", path, "--", "curl", &url]);
        contains(&said, &["cannot be the path of a capture"]);
    }
    let said = project.says(1, &["capture", "captures", "file/a", "--", "curl", &url]);
    contains(&said, &["captures/file", "nothing was run"]);
    contains(&project.says(1, &["capture", "captures", "--", "curl", &url]), &["needs one path"]);
    contains(&project.says(1, &["capture", "captures", "a", "b", "--", "curl", &url]), &["needs one path"]);
    project.says(2, &["capture", "captures", "a", "--force"]);
    assert_eq!(project.files().len(), 1);
    contains(&project.says(1, &["capture", "nowhere"]), &["there is no folder `nowhere`"]);
}

fn a_capture_in_the_way_is_replaced_by_force_alone() {
    let project = Project::new();
    let old = project.old();
    // How it is run and what is secret stays; what it was is no setting of the new one.
    let settings = "command = \"x\"\ntitle = \"old\"\n[label]\na = \"b GET /\"\n[capture] # mine\ntime_limit = 99\n\n\
         [env]\nOS_NOTE = \"kept\"\n[redact]\nkeys = [\n  \"cirros\",\n]\n";
    project.write("captures/a/old/capture.toml", settings);
    let new = ["capture", "captures", "a/old", "--", "openstack", "image", "show", "cirros"];
    let said = project.says(1, &new);
    contains(&said, &["there is a capture at `a/old` already", "--force"]);
    assert_eq!(project.files()["a/old/trace.har"], old["a/old/trace.har"]);
    let forced = [&["capture", "--force"], &new[1..]].concat();
    project.says(0, &forced);
    let settings = project.read("captures/a/old/capture.toml");
    contains(
        &settings,
        &[
            "openstack image show cirros",
            "profile = \"openstack\"",
            "\n[capture] # mine\ntime_limit = 99\n",
            "\n[env]\nOS_NOTE = \"kept\"\n",
            "\n[redact]\nkeys = [\n  \"cirros\",\n]\n",
        ],
    );
    assert!(!settings.contains("old") && !settings.contains("b GET /"), "{settings}");
    assert_eq!(project.read("captures/a/old/page.md"), "# My own words\n");
    // A page source alone is no capture, and nothing of it is replaced.
    project.write("captures/b/page.md", "words");
    let url = format!("http://{}/", project.server);
    project.says(0, &["capture", "captures", "b", "--", "curl", "-sS", &url]);
    assert_eq!(project.read("captures/b/page.md"), "words");
}

fn dry_run_runs_nothing() {
    let project = Project::new();
    project.write("captures/a/capture.toml", "command = \"touch {file} 'b c'\"\n[vars]\nfile = \"made\"\n");
    project.write("captures/b/capture.toml", "command = \"printf '\\u001b[31m'\"\n");
    let output = project.docgen(&["capture", "captures", "--dry-run"]).output().unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    contains(&shown, &["a: touch made 'b c'\n", "b: printf "]);
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    let output =
        project.docgen(&["capture", "captures", "c", "--dry-run", "--", "touch", "made"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "c: touch made\n");
    assert!(!project.path("made").exists() && project.files().len() == 2);
}

fn a_shell_where_it_is_asked_for() {
    let project = Project::new();
    let url = format!("http://{}/image", project.server);
    let line = format!("curl -sS {url} | tr a-z A-Z; echo $((6 * 7))");
    project.says(0, &["capture", "captures", "a", "--shell", "--", &line]);
    contains(&project.read("captures/a/output.txt"), &["CIRROS", "42"]);
    contains(&project.read("captures/a/capture.toml"), &["shell = true", "$((6 * 7))"]);
    project.says(0, &["capture", "captures", "a"]);
    contains(&project.read("captures/a/output.txt"), &["CIRROS", "42"]);
    // Without one, the same is words.
    project.says(0, &["capture", "captures", "b", "--", "curl", "-sS", &url, "-w", "$HOME;|"]);
    contains(&project.read("captures/b/output.txt"), &["$HOME;|"]);
    // Settings above that ask for one hold for a new capture, which keeps its words all the same.
    project.write("captures/docgen.toml", "[capture]\nshell = true\n");
    project.says(0, &["capture", "captures", "c", "--", "curl", "-sS", &url, "-w", "$HOME;|"]);
    contains(&project.read("captures/c/output.txt"), &["$HOME;|"]);
    project.says(0, &["capture", "captures", "c"]);
    contains(&project.read("captures/c/output.txt"), &["$HOME;|"]);
}

fn an_openrc_gives_the_environment() {
    let project = Project::new();
    project.write(
        "captures/cloud/admin-openrc.sh",
        "#!/bin/sh\n# an openrc\nexport OS_NOTE='from the file'\nexport OS_PASSWORD=\"of-the-openrc\"\n",
    );
    project.write("captures/docgen.toml", "[capture]\nenv_file = \"cloud/admin-openrc.sh\"\n");
    project.says(0, &["capture", "captures", "a", "--", "openstack", "image", "show", IMAGE]);
    contains(&project.read("captures/a/output.txt"), &["from the file"]);
    let har = project.read("captures/a/trace.har");
    assert!(!har.contains("of-the-openrc") && !har.contains(PASSWORD));
    // It is read and not run; all that is wrong is named.
    project.write("captures/cloud/admin-openrc.sh", "export A=$(touch made)\nexport B=1\nsource other\n");
    let said = project.says(1, &["capture", "captures", "a"]);
    contains(&said, &["admin-openrc.sh:1:1", "admin-openrc.sh:3:1", "docgen runs no scripts"]);
    contains(&project.says(1, &["capture", "captures", "a", "--dry-run"]), &["admin-openrc.sh:1:1"]);
    assert!(!project.path("made").exists());
}

fn settings_of_the_run() {
    let project = Project::new();
    fs::create_dir(project.path("work")).unwrap();
    project.write("captures/a/in.txt", "what it reads");
    let text = format!(
        "command = \"sh -c 'cat; pwd; echo $OS_NOTE; curl -sS http://{}/image'\"\n[env]\nOS_NOTE = \"of the settings\"\n\
         [capture]\nstdin = \"in.txt\"\ndir = \"../../work\"\nbody_limit = 10\ninsecure = true\n",
        project.server
    );
    project.write("captures/a/capture.toml", &text);
    let said = project.says(0, &["capture", "captures"]);
    contains(&said, &["certificates of servers are not checked"]);
    contains(&project.read("captures/a/output.txt"), &["what it reads", "/work\n", "of the settings"]);
    assert!(!project.read("captures/a/trace.har").contains("cirros"), "the body is cut");
}

fn secrets_stay_out() {
    let project = Project::new();
    let command = ["openstack", "image", "show", "--os-password", PASSWORD, "--token", TOKEN];
    let said = project.says(0, &[&["capture", "captures", "a", "--"], &command[..]].concat());
    contains(&said, &["the command holds a secret"]);
    let inside = |secret: &str| {
        let files = project.files();
        let inside = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(secret);
        files.into_iter().filter(|(_, bytes)| inside(bytes)).map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!((inside(PASSWORD), inside(TOKEN)), (vec![], vec![]));
    project.says(0, &["render", "captures", "docs"]);
    assert!(!project.read("docs/a.md").contains(PASSWORD) && !project.read("docs/a.md").contains(TOKEN));
    // In clear where that is asked for, aloud, and once.
    let said =
        project.says(0, &[&["capture", "captures", "b", "--keep-secrets", "--"], &command[..]].concat());
    assert_eq!(said.matches("secrets are kept unredacted").count(), 1, "{said}");
    assert_eq!(inside(TOKEN), ["b/capture.toml", "b/output.txt", "b/trace.har"]);
    let said = project.says(1, &["check", "captures", "docs"]);
    contains(&said, &["b/trace.har"]);
    assert!(!said.contains(PASSWORD) && !said.contains(TOKEN));
}

fn an_old_log_makes_room() {
    let project = Project::new();
    let url = format!("http://{}/image", project.server);
    project.write("captures/a/trace.log", "");
    project.write("captures/a/capture.toml", format!("command = \"curl -sS {url}\"\n"));
    project.says(0, &["capture", "captures"]);
    assert!(!project.path("captures/a/trace.log").exists());
    project.says(0, &["render", "captures", "docs"]);
}

fn nothing_else_runs_a_command() {
    let project = Project::new();
    let _ = project.old();
    let made = project.path("made");
    let settings = format!(
        "command = \"touch {}\"\n[capture]\nshell = true\nenv_file = \"rc.sh\"\n[vars]\nx = \"$(touch {0})\"\n",
        made.display()
    );
    project.write("captures/a/old/capture.toml", &settings);
    project.write("captures/a/old/rc.sh", format!("touch {}\n", made.display()));
    project.write("captures/a/old/page.md", "# x\n\n{{ command }}\n\n{{ diagram }}\n\n{{ rest }}\n");
    project.says(0, &["render", "captures", "docs"]);
    contains(&project.read("docs/a/old/index.md"), &["touch"]);
    for arguments in [
        &["check", "captures", "docs"][..],
        &["render", "captures", "docs", "--check"],
        &["log", "captures/a/old/trace.har"],
        &["import", "captures/a/old/trace.har", "captures/a/old", "--force"],
        &["import", "docs", "imported"],
        &["update", "captures/a/old"],
        &["capture", "captures", "--dry-run"],
    ] {
        let output = project.docgen(arguments).output().unwrap();
        assert!(output.status.code().is_some(), "{arguments:?}");
        assert!(!made.exists(), "{arguments:?} ran the command");
    }
    // And it would have been made.
    project.write("captures/a/old/rc.sh", "");
    project.says(1, &["capture", "captures"]);
    assert!(made.exists());
}

fn interrupted_it_runs_no_more() {
    let project = Project::new();
    project.write("captures/a/capture.toml", "command = \"sh -c 'touch begun; exec sleep 60'\"\n");
    project.write("captures/b/capture.toml", "command = \"touch second\"\n");
    let child = project.docgen(&["capture", "captures"]).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !project.path("begun").exists() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    signal("INT", child.id());
    let said = said(1, child.wait_with_output().unwrap());
    contains(&said, &["was interrupted", "b  not run", "0 recorded, 1 failed, 1 not run"]);
    assert!(!project.path("second").exists());
    assert!(begun.elapsed() < Duration::from_secs(20));
}

fn signal(name: &str, process: u32) {
    // It may be gone.
    let _ =
        Command::new("kill").args([&format!("-{name}"), &process.to_string()]).stderr(Stdio::null()).status();
}

/// A command that says which run it is, to its server and on its output.
fn runs(project: &Project, server: &str) {
    let command = format!(
        "sh -c 'echo run $RUN; sleep 0.1; for n in 1 2 3; do curl -sS http://{server}/?run=$RUN || exit; done'"
    );
    project.write("captures/a/capture.toml", format!("command = {command:?}\n"));
}

/// The run whose files these are; they have to be whole, and all of one run.
fn the_run(project: &Project) -> String {
    let output = project.read("captures/a/output.txt");
    let run = output.lines().next().unwrap().strip_prefix("run ").unwrap().to_owned();
    let requests = requests(&project.read("captures/a/trace.har"));
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert!(request.ends_with(&format!("/?run={run}")), "{request} is not of run {run}");
    }
    run
}

fn of_two_at_a_time_one_is_told() {
    let project = Project::new();
    runs(&project, &project.server.to_string());
    // By whatever name, it is one capture; another one is free.
    std::os::unix::fs::symlink("captures", project.path("same")).unwrap();
    let url = format!("http://{}/", project.server);
    project.write("captures/b/capture.toml", format!("command = \"curl -sS {url}\"\n"));
    for round in 0..4 {
        let run = |captures: &str, name: &str| {
            let mut docgen = project.docgen(&["capture", captures, "a", "b"]);
            docgen.env("RUN", format!("{name}{round}")).stderr(Stdio::piped()).spawn().unwrap()
        };
        let children = [run("captures", "x"), run("same", "y"), run("captures", "z")];
        let ended: Vec<(bool, String)> = children
            .into_iter()
            .map(|child| child.wait_with_output().unwrap())
            .map(|output| (output.status.success(), String::from_utf8(output.stderr).unwrap()))
            .collect();
        let told: Vec<&String> = ended.iter().filter(|(is_done, _)| !is_done).map(|(_, said)| said).collect();
        assert!(!told.is_empty(), "{ended:?}");
        // Each is recorded by one of them, and that need not be the same one.
        for recorded in ["\na  3 exchanges in ", "\nb  1 exchange in "] {
            assert!(ended.iter().any(|(_, said)| said.contains(recorded)), "{recorded}: {ended:?}");
        }
        for said in told {
            contains(
                said,
                &["error: another docgen (process ", "is recording this capture", "nothing was run"],
            );
        }
        assert!(the_run(&project).ends_with(&round.to_string()));
        // And docgen's own folder.
        assert_eq!(fs::read_dir(project.path("captures")).unwrap().count(), 3);
    }
    // Who is gone keeps nobody from it.
    project.says(0, &["capture", "captures", "a"]);
}

/// docgen with these arguments on a terminal of its own, and what is shown there.
fn on_a_terminal(project: &Project, arguments: &[&str]) -> (Option<i32>, String) {
    let run = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";
    let mut command = Command::new("python3");
    command.args(["-c", run, env!("CARGO_BIN_EXE_docgen")]).args(arguments);
    project.furnish(&mut command);
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn a_question_on_the_terminal_fails_at_once() {
    let project = Project::new();
    let git_asks = format!("git -c credential.helper= ls-remote http://{}/x.git", ask_server());
    let cases = [
        ("python3 -c 'import getpass; getpass.getpass()'", "EOFError"),
        ("python3 -c 'input()'", "EOFError"),
        ("sh -c 'read answer < /dev/tty'", "/dev/tty"),
        ("timeout 60 sh -c 'read answer < /dev/tty'", "/dev/tty"),
        (&git_asks, "could not read Username"),
    ];
    for (command, said) in cases {
        project.write("captures/a/capture.toml", format!("command = {command:?}\n"));
        let begun = Instant::now();
        let (status, shown) = on_a_terminal(&project, &["capture", "captures"]);
        assert_eq!(status, Some(1), "{command}: {shown}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{command}");
        contains(&shown, &[said, "it seems to have asked on a terminal", "`stdin`"]);
    }
}

/// A server that wants to know who asks.
fn ask_server() -> SocketAddr {
    rude_server(
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    )
}

fn a_stopped_command_is_told() {
    let project = Project::new();
    // The command itself, and something that it started and waits for.
    for command in ["sh -c 'kill -STOP $$'", "sh -c '(kill -STOP $(sh -c \"echo \\$PPID\")); true'"] {
        project
            .write("captures/a/capture.toml", format!("command = {command:?}\n[capture]\ntime_limit = 3\n"));
        let begun = Instant::now();
        let said = project.says(1, &["-q", "capture", "captures"]);
        contains(
            &said,
            &[
                "warning: process ",
                "(sh) of the command was stopped",
                "kill -CONT",
                "took longer than 3s",
                "(sh) was stopped; it printed nothing\n",
            ],
        );
        assert_eq!(said.matches("warning: ").count(), 1, "{said}");
        assert!(begun.elapsed() < Duration::from_secs(15), "{said}");
    }
}

fn a_stopped_command_goes_on_or_ends() {
    let project = Project::new();
    let line = format!("kill -STOP $$; curl -sS http://{}/", project.server);
    project.write("captures/a/capture.toml", format!("command = {line:?}\n[capture]\nshell = true\n"));
    for (name, is_recorded) in [("CONT", true), ("INT", false)] {
        let mut docgen = project.docgen(&["capture", "captures"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(docgen.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("was stopped") {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
        }
        let stopped = said.split_once("process ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
        signal(name, if is_recorded { stopped } else { docgen.id() });
        let begun = Instant::now();
        stderr.read_to_string(&mut said).unwrap();
        assert_eq!(docgen.wait().unwrap().success(), is_recorded, "{said}");
        contains(&said, &[if is_recorded { "1 recorded, 0 failed" } else { "was interrupted" }]);
        // What is stopped hears of its end all the same.
        assert!(begun.elapsed() < Duration::from_secs(3), "{said}");
    }
}

/// A program that opens `count` connections before it asks anything, then asks on all of them, and keeps
/// them open to the end.
fn many_connections(count: usize) -> String {
    format!(
        "import os, socket, sys, threading, time, base64, urllib.parse
proxy = urllib.parse.urlsplit(os.environ['http_proxy'])
known = base64.b64encode(f'{{proxy.username}}:{{proxy.password}}'.encode()).decode()
def ask(n, connection, tries=3):
    head = f'GET http://{{sys.argv[1]}}/{{n}} HTTP/1.1\\r\\nHost: h\\r\\nProxy-Authorization: Basic {{known}}\\r\\n\\r\\n'
    try:
        connection.sendall(head.encode())
        answer = connection.recv(65536)
    except ConnectionError:
        answer = b''
    if not answer and tries:
        return ask(n, socket.create_connection((proxy.hostname, proxy.port)), tries - 1)
    assert answer.startswith(b'HTTP/1.1 200'), answer
    kept.append(connection)
kept = []
opened = [socket.create_connection((proxy.hostname, proxy.port)) for _ in range({count})]
threads = [threading.Thread(target=ask, args=pair) for pair in enumerate(opened)]
[thread.start() for thread in reversed(threads)]
[thread.join() for thread in threads]
sys.exit(0 if len(kept) == {count} else 5)
"
    )
}

fn few_files_are_told_and_enough() {
    let project = Project::new();
    project.write("bin/many.py", many_connections(50));
    let server = project.server.to_string();
    let script = "ulimit -n 64; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_docgen"), "capture", "captures", "a", "--"]);
    command.args(["python3", "bin/many.py", &server]);
    project.furnish(&mut command);
    let said = said(0, command.output().unwrap());
    contains(
        &said,
        &["note: docgen may have 64 files open at a time", "`ulimit -n 4096`", "50 exchanges in"],
    );
    assert_eq!(said.matches("ulimit").count(), 1, "{said}");
    let mut requests = requests(&project.read("captures/a/trace.har"));
    requests.sort_unstable();
    let mut expected: Vec<String> = (0..50).map(|n| format!("GET http://{server}/{n}")).collect();
    expected.sort_unstable();
    assert_eq!(requests, expected);
}

fn a_low_limit_is_raised_for_docgen_alone() {
    let project = Project::new();
    project.write("bin/many.py", many_connections(50));
    let line = format!("ulimit -Sn; python3 bin/many.py {}", project.server);
    let script = "ulimit -Sn 80; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args([
        "-c",
        script,
        env!("CARGO_BIN_EXE_docgen"),
        "capture",
        "captures",
        "a",
        "--shell",
        "--",
        &line,
    ]);
    project.furnish(&mut command);
    let said = said(0, command.output().unwrap());
    assert!(!said.contains("ulimit -n"), "{said}");
    assert_eq!(project.read("captures/a/output.txt"), "80\n");
}

fn temporary_files_of_a_killed_run_go() {
    let project = Project::new();
    fs::create_dir(project.path("tmp")).unwrap();
    let left = || {
        let entries = fs::read_dir(project.path("tmp")).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    let start = |path: &str| {
        let mut docgen = project.docgen(&["-q", "capture", "captures", path, "--", "sleep", "60"]);
        let mut docgen = docgen.env("TMPDIR", project.path("tmp")).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let sleeper = loop {
            match children(docgen.id()).first() {
                Some(&sleeper) if left().iter().any(|name| name.ends_with(".pem")) => break sleeper,
                _ => std::thread::sleep(Duration::from_millis(5)),
            }
            assert!(begun.elapsed() < Duration::from_secs(20) && docgen.try_wait().unwrap().is_none());
        };
        (docgen, sleeper)
    };
    let (mut killed, orphan) = start("a");
    killed.kill().unwrap();
    killed.wait().unwrap();
    signal("KILL", orphan);
    let dead = left();
    assert!(dead.len() >= 2, "{dead:?}");
    project.write("tmp/mine.pem", "mine");
    // What a run has that is alive stays; all else of docgen goes, and the capture is free again.
    let (mut alive, _) = start("b");
    let of_alive: Vec<String> = left().into_iter().filter(|name| name != "mine.pem").collect();
    assert!(
        of_alive.len() == dead.len() && dead.iter().all(|name| !of_alive.contains(name)),
        "{dead:?} {of_alive:?}"
    );
    let url = format!("http://{}/", project.server);
    let mut docgen = project.docgen(&["capture", "captures", "a", "--", "curl", "-sS", &url]);
    said(0, docgen.env("TMPDIR", project.path("tmp")).output().unwrap());
    assert_eq!(left(), [&of_alive[..], &["mine.pem".to_owned()]].concat());
    signal("INT", alive.id());
    alive.wait().unwrap();
    assert_eq!(left(), ["mine.pem"]);
}

fn ignored_hosts_are_passed_on_and_counted() {
    let project = Project::new();
    let port = project.server.port();
    let gone = nobody();
    let line = format!(
        "curl -sS http://localhost:{port}/update http://127.0.0.1:{port}/image; curl -sS -p http://localhost:{port}/x; \
         curl -sS -o /dev/null http://localhost:{}/telemetry; true",
        gone.port()
    );
    let new = [
        "capture",
        "captures",
        "a",
        "--shell",
        "--ignore-host",
        "localhost",
        "--ignore-host",
        ".example.org",
    ];
    let said = project.says(0, &[&new[..], &["--", &line]].concat());
    contains(
        &said,
        &[
            "note: left out, as `ignore_hosts` says: 2 requests to localhost, 1 connection to localhost\n",
            "1 exchange in",
        ],
    );
    let har = project.read("captures/a/trace.har");
    assert_eq!(requests(&har), [format!("GET http://127.0.0.1:{port}/image")]);
    // They were answered.
    assert_eq!(project.read("captures/a/output.txt").matches("cirros").count(), 3);
    contains(
        &project.read("captures/a/capture.toml"),
        &["ignore_hosts = [\"localhost\", \".example.org\"]\n"],
    );
    contains(&project.says(0, &["capture", "captures"]), &["left out, as `ignore_hosts` says: "]);
    // The settings above are kept where the command line adds to them.
    project.write("captures/docgen.toml", "[capture]\nignore_hosts = [\"pypi.org\"]\n");
    let url = format!("http://127.0.0.1:{port}/");
    project.says(0, &["capture", "captures", "b", "--ignore-host", "localhost", "--", "curl", "-sS", &url]);
    contains(&project.read("captures/b/capture.toml"), &["ignore_hosts = [\"pypi.org\", \"localhost\"]\n"]);
    project.says(0, &["capture", "captures", "b", "--ignore-host", "h:8080"]);
    contains(&project.read("captures/b/capture.toml"), &["[\"pypi.org\", \"localhost\", \"h:8080\"]\n"]);
    // All of them: nothing is left to record, and what is no host is none.
    let new = ["capture", "captures", "c", "--ignore-host"];
    let said = project.says(1, &[&new[..], &["127.0.0.1", "--", "curl", "-sS", &url]].concat());
    contains(&said, &["nothing was recorded", "1 request to 127.0.0.1"]);
    let said = project.says(1, &[&new[..], &["http://h/", "--", "curl", "-sS", &url]].concat());
    contains(&said, &["`http://h/` is no host to ignore"]);
}

fn a_title_says_what_a_command_does() {
    let project = Project::new();
    let url = format!("http://{}/image/v2/images/{IMAGE}?limit=1", project.server);
    let root = format!("http://{}", project.server);
    let shell = format!("set -e; cd bin; X=1 curl -sS {url} | cat");
    let openstack = format!("cd bin && OS_NOTE=x openstack image show {IMAGE}");
    let cases: [(&[&str], String); 7] = [
        (&["--", "curl", "-sS", &url], format!("curl GET /image/v2/images/{IMAGE}")),
        (&["--", "curl", "-sS", "-X", "DELETE", &root], format!("curl DELETE {}/", project.server)),
        (&["--shell", "--", &shell], format!("curl GET /image/v2/images/{IMAGE}")),
        (&["--shell", "--", &openstack], "openstack image show".into()),
        (&["--", "env", "X=y", "openstack", "image", "show", IMAGE], "openstack image show".into()),
        (&["--shell", "--", ". bin/openstack"], "POST /identity/v3/auth/tokens".into()),
        (&["--", "sh", "bin/openstack", "image", "list"], "sh bin/openstack image list".into()),
    ];
    for (number, (arguments, title)) in cases.into_iter().enumerate() {
        let path = format!("t{number}");
        project.says(0, &[&["capture", "captures", &path], arguments].concat());
        let settings = project.read(&format!("captures/{path}/capture.toml"));
        assert_eq!(settings.lines().next(), Some(&*format!("title = {title:?}")), "{arguments:?}");
    }
    contains(&project.read("captures/t3/capture.toml"), &["profile = \"openstack\"", "shell = true"]);
}

fn what_a_command_prints_is_quoted() {
    let project = Project::new();
    let line =
        "printf 'error: mine\\n  = help: do as I say\\n\\033[2J --> here\\n\\342\\200\\256x\\n'; exit 3";
    project.write("captures/a/capture.toml", format!("command = {line:?}\n[capture]\nshell = true\n"));
    let said = project.says(1, &["capture", "captures"]);
    contains(
        &said,
        &[
            "\n  = output: it printed last\n  > error: mine\n  >   = help: do as I say\n  >  --> here\n  > \\u{202e}x\n  = help: if that",
        ],
    );
    assert_eq!(said.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{said}");
    // Nothing that was printed is no output, and why a server did not answer is no second error.
    project.write(
        "captures/a/capture.toml",
        format!("command = \"sh -c 'curl -sf http://{}/; exit 1'\"\n", nobody()),
    );
    let said = project.says(1, &["-q", "capture", "captures"]);
    contains(
        &said,
        &["note: cannot connect to 127.0.0.1:", "it printed nothing\n", "help: look into what is said above"],
    );
    assert_eq!(said.lines().filter(|line| line.starts_with("error: ")).count(), 1, "{said}");
}

fn a_secret_argument_is_not_echoed() {
    let project = Project::new();
    let command = ["openstack", "image", "show", "--os-password", PASSWORD];
    let said = project.says(0, &[&["capture", "captures", "a", "--"], &command[..]].concat());
    contains(&said, &["[1/1] a: openstack image show --os-password "]);
    assert!(!said.contains(PASSWORD), "{said}");
    // One that the environment does not hold, where the command is a line, and where it fails.
    let other = "barley-9Xk2q-under-the-mat";
    for (command, is_shell) in [
        (&["sh", "-c", "exit 3", "--os-password", other][..], false),
        (&["curl -sS -u user:barley-9Xk2q-under-the-mat http://h/; exit 3"], true),
    ] {
        let shell = if is_shell { &["--shell"][..] } else { &[] };
        let said = project.says(1, &[&["capture", "captures", "b"], shell, &["--"], command].concat());
        contains(&said, &["[1/1] b: ", "exit status 3"]);
        assert!(!said.contains(other), "{said}");
    }
    let said =
        project.says(0, &[&["capture", "captures", "c", "--keep-secrets", "--"], &command[..]].concat());
    contains(&said, &[PASSWORD]);
}

fn killed_at_any_moment() {
    let project = Project::new();
    let port = nobody().port();
    runs(&project, &format!("127.0.0.1:{port}"));
    let serve = || {
        let server = Command::new("python3")
            .args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()])
            .current_dir(project.path("bin"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    };
    let mut server = serve();
    let begun = Instant::now();
    said(0, project.docgen(&["capture", "captures"]).env("RUN", "first").output().unwrap());
    let usual = begun.elapsed();
    let mut last = "first".to_owned();
    let mut kept_old = [0; 3];
    let rounds = std::env::var("DOCGEN_KILLS").map_or(30, |count| count.parse().unwrap());
    for round in 0..rounds {
        let run = format!("r{round}");
        let mut docgen = project.docgen(&["-q", "capture", "captures"]);
        let mut docgen = docgen.env("RUN", &run).stderr(Stdio::null()).spawn().unwrap();
        // Spread over the usual time and a little more, each of the three in turn; the command lives shorter.
        let part = f64::from(round * 7 % rounds) / f64::from(rounds);
        let victim = round as usize % 3;
        if victim == 1 {
            let child = loop {
                match (children(docgen.id()).first(), docgen.try_wait().unwrap()) {
                    (Some(&child), _) => break Some(child),
                    (None, Some(_)) => break None,
                    (None, None) => std::thread::sleep(Duration::from_millis(1)),
                }
            };
            std::thread::sleep(Duration::from_millis(150).mul_f64(part));
            child.into_iter().for_each(|child| signal("KILL", child));
        } else {
            std::thread::sleep(usual.mul_f64(part * 1.2));
            if victim == 0 { docgen.kill().unwrap() } else { server.kill().unwrap() }
        }
        let ended = docgen.wait().unwrap();
        let now = the_run(&project);
        assert!(now == last || now == run, "{now} after {last} and {run}");
        assert!(!ended.success() || now == run, "it said that all was well");
        kept_old[victim] += usize::from(now == last);
        last = now;
        if victim == 2 {
            server.wait().unwrap();
            server = serve();
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(kept_old.iter().all(|&count| count > 0), "nothing was killed in time: {kept_old:?}");
}

/// The processes that this one started.
fn children(process: u32) -> Vec<u32> {
    let listed = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    listed.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

fn what_a_kill_left_behind_goes() {
    let project = Project::new();
    let old = project.old();
    project.write("captures/a/.old.docgen-new/trace.har", "half of one");
    // Nothing reads it.
    project.says(0, &["render", "captures", "docs"]);
    assert!(!project.path("docs/a/.old.docgen-new").exists());
    // The next run removes it, well or not.
    project.write("captures/a/old/capture.toml", "command = \"no-such-command\"\n");
    project.says(1, &["capture", "captures"]);
    let names: Vec<String> = project.files().into_keys().collect();
    assert_eq!(names, old.keys().cloned().collect::<Vec<_>>());
}

/// docgen with these arguments, where `mount` was run before in a name space of mounts of its own.
/// It left the group of the command, so it is not ended; that docgen has ended is nothing to it.
fn what_a_command_leaves_running_can_connect() {
    let project = Project::new();
    let (server, out) = (project.server, project.path("out"));
    let line = format!(
        "curl -sS http://{server}/a; setsid sh -c 'sleep 1; curl -sS --noproxy \"*\" http://{server}/b > {out}.new 2>&1; mv {out}.new {out}' >/dev/null 2>&1 & sleep 0.3",
        out = out.display()
    );
    project.says(0, &["capture", "captures", "a", "--shell", "--", &line]);
    assert!(!out.exists());
    let until = Instant::now() + Duration::from_secs(20);
    while !out.exists() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    contains(&project.read("out"), &["cirros"]);
    // The keeper ends with the last process that needs it.
    let keepers = || {
        let processes = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok());
        let docgen = format!("{}\0keep-connections\0", env!("CARGO_BIN_EXE_docgen"));
        processes.filter(|line| line == docgen.as_bytes()).count()
    };
    while keepers() > 0 {
        assert!(Instant::now() < until, "a keeper is left");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn with_mount(project: &Project, mount: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("unshare");
    let script = format!("{mount} || exit 99; exec \"$@\"");
    command.args(["-rm", "sh", "-c", &script, "sh", env!("CARGO_BIN_EXE_docgen")]).args(arguments);
    project.furnish(&mut command);
    said(1, command.output().unwrap())
}

fn a_full_disk() {
    let project = Project::new();
    let old = project.old();
    let big = "x".repeat(300_000);
    let url = format!("http://{}/image", project.server);
    project.write("bin/big", &big);
    project
        .write("captures/a/old/capture.toml", format!("command = \"sh -c 'cat bin/big; curl -sS {url}'\"\n"));
    // A disk with room for the old capture and not for the new one; what it holds is shown at the end.
    let mount = "mkdir full && mount -t tmpfs -o size=200k tmpfs full && cp -r captures/. full";
    let script = format!(
        "{mount} && \"$0\" capture full a/old; status=$?; ls -AR full; cat full/a/old/trace.har; exit $status"
    );
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &script, env!("CARGO_BIN_EXE_docgen")]);
    project.furnish(&mut command);
    let output = command.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = said(1, output);
    contains(&said, &["cannot write full/a/old", "No space left on device", "free some space", "as it was"]);
    contains(&shown, &[std::str::from_utf8(&old["a/old/trace.har"]).unwrap()]);
    assert!(!shown.contains("docgen-new"), "{shown}");
    // And where temporary files go.
    let said = with_mount(
        &project,
        "mkdir tmp && mount -t tmpfs -o size=8k tmpfs tmp && export TMPDIR=$PWD/tmp",
        &["capture", "captures", "a/old"],
    );
    contains(&said, &["TMPDIR", "No space left on device"]);
}

fn a_folder_that_takes_nothing() {
    let project = Project::new();
    let old = project.old();
    let mount = "mount --bind captures captures && mount -o remount,bind,ro captures";
    let made = project.path("made").display().to_string();
    for arguments in [
        &["capture", "captures", "a/old", "--force", "--", "touch", &made][..],
        &["capture", "captures", "a/new", "--", "touch", &made],
    ] {
        let said = with_mount(&project, mount, arguments);
        contains(&said, &["cannot write to captures/a", "nothing was run", "= help: "]);
        // The command's effect cannot be had twice.
        assert!(!Path::new(&made).exists());
        assert_eq!(project.files(), old);
    }
}
