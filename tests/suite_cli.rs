//! Suites as a user runs them: an order, values that one capture gives to others, setup and cleanup.
//!
//! The server mints an id for each image, as a cloud does, so that a value of an older run finds nothing.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::Site;
use support::ports::nobody;

/// The images of a cloud, and what it was asked.
#[derive(Default)]
struct Cloud {
    images: Vec<String>,
    count: u32,
    asked: Vec<String>,
}

type SharedCloud = Arc<Mutex<Cloud>>;

fn server(cloud: &SharedCloud) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let cloud = cloud.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let cloud = cloud.clone();
            std::thread::spawn(move || answer(stream.unwrap(), &cloud));
        }
    });
    address
}

fn answer(stream: TcpStream, cloud: &SharedCloud) -> Option<()> {
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
        let mut words = head.split(' ');
        let (method, path) = (words.next()?, words.next()?);
        let (status, body) = {
            let mut cloud = cloud.lock().unwrap();
            cloud.asked.push(format!("{method} {path}"));
            let known =
                path.strip_prefix("/images/").filter(|id| cloud.images.iter().any(|image| image == id));
            match (method, path, known) {
                ("POST", "/images", _) => {
                    cloud.count += 1;
                    let id = format!("9c31f2c6-f22c-440e-b670-{:012}", cloud.count);
                    cloud.images.push(id.clone());
                    ("201 Created", format!(r#"{{"id": "{id}", "status": "queued"}}"#))
                }
                ("POST", "/tokens", _) => {
                    ("201 Created", r#"{"token": "Sesame-0pen-yourself-2026"}"#.to_owned())
                }
                ("GET", "/images", _) => ("200 OK", format!(r#"{{"count": {}}}"#, cloud.images.len())),
                ("GET", "/slow", _) => {
                    drop(cloud);
                    std::thread::sleep(Duration::from_secs(30));
                    ("200 OK", "{}".to_owned())
                }
                ("GET", _, Some(id)) => ("200 OK", format!(r#"{{"id": "{id}"}}"#)),
                ("DELETE", _, Some(id)) => {
                    let id = id.to_owned();
                    cloud.images.retain(|image| *image != id);
                    ("200 OK", "{}".to_owned())
                }
                _ => ("404 Not Found", r#"{"error": "not found"}"#.to_owned()),
            }
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        reader.get_mut().write_all(answer.as_bytes()).ok()?;
    }
}

/// A project with captures of image commands; by the alphabet, `delete` comes before `show`.
struct Project {
    site: Site,
    cloud: SharedCloud,
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
        let cloud = SharedCloud::default();
        let project = Project { site: Site::new(), server: server(&cloud), cloud };
        project.write(
            "captures/image/docgen.toml",
            "layout = 'page'\n\
             [suite]\n\
             order = ['create', 'list', 'show']\n\
             setup = ['echo up >> hooks']\n\
             cleanup = ['echo down >> hooks']\n\
             [vars]\n\
             image_id = '{create.image_id}'\n",
        );
        project.capture("create", "-X POST {}/images", "");
        let create = project.read("captures/image/create/capture.toml");
        let export = "[export]\nimage_id = { from = 'output', pointer = '/id' }\n";
        project.write("captures/image/create/capture.toml", format!("{create}{export}"));
        project.capture("delete", "-X DELETE {}/images/{image_id}", "");
        project.capture("list", "{}/images", "");
        project.capture("show", "{}/images/{image_id}", "");
        project
    }

    /// A capture whose curl gets these arguments, with the server for `{}`.
    fn capture(&self, name: &str, arguments: &str, more: &str) {
        let arguments = arguments.replace("{}", &format!("http://{}", self.server));
        let settings = format!("command = \"curl -sSf {arguments}\"\n{more}");
        self.write(&format!("captures/image/{name}/capture.toml"), &settings);
    }

    fn docgen(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(arguments).current_dir(self.root()).env("NO_COLOR", "1").stdin(Stdio::null());
        for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
            command.env_remove(name);
        }
        command
    }

    /// What docgen says on standard error; its exit status has to be this.
    fn says(&self, status: i32, arguments: &[&str]) -> String {
        said(status, &self.docgen(arguments).output().unwrap())
    }

    /// What the server was asked since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.cloud.lock().unwrap().asked)
    }

    /// Facts and settings of all captures.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = support::files_below(&self.path("captures"));
        files.retain(|name, _| !name.starts_with(".docgen/"));
        files
    }
}

fn said(status: i32, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}{}", String::from_utf8_lossy(&output.stdout));
    text
}

#[track_caller]
fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in:\n{text}");
    }
}

fn id(count: u32) -> String {
    format!("9c31f2c6-f22c-440e-b670-{count:012}")
}

#[test]
fn a_suite_runs_in_its_order_with_the_values_of_this_run() {
    let project = Project::new();
    for run in 1..=2 {
        let said = project.says(0, &["capture", "captures"]);
        contains(&said, &["[1/4] image/create", "[4/4] image/delete", "4 recorded, 0 failed"]);
        let id = id(run);
        assert_eq!(
            project.asked(),
            [
                "POST /images".to_owned(),
                "GET /images".to_owned(),
                format!("GET /images/{id}"),
                format!("DELETE /images/{id}")
            ]
        );
    }
    assert_eq!(project.read("hooks"), "up\ndown\nup\ndown\n");
    // What an answer says is the variable of all pages that name it, their own page included.
    project.says(0, &["render", "captures", "docs"]);
    contains(
        &project.read("docs/image/show.md"),
        &["GET /images/{image_id}", &format!("curl -sSf http://{}/images/9c31", project.server)],
    );
    contains(&project.read("docs/image/delete.md"), &["DELETE /images/{image_id}"]);
    project.says(0, &["render", "captures", "docs", "--check"]);
    assert_eq!(project.read("captures/.docgen/.gitignore"), "*\n");
}

#[test]
fn a_page_follows_the_recording_that_gives_its_value() {
    let project = Project::new();
    project.says(0, &["capture", "captures"]);
    project.says(0, &["render", "captures", "docs"]);
    let output = project.read("captures/image/create/output.txt");
    project.write("captures/image/create/output.txt", output.replace(&id(1), &id(7)));
    project.says(0, &["render", "captures", "docs"]);
    contains(
        &project.read("docs/image/show.md"),
        &[&format!("/images/{}", id(1)), &format!("/images/{}\n", id(7))],
    );
    // Nothing there: the pages that show it stay as they were, and one error says why.
    project.write("captures/image/create/output.txt", "{}");
    let old = project.read("docs/image/show.md");
    let said = project.says(1, &["render", "captures", "docs"]);
    contains(
        &said,
        &["`image_id` cannot be exported: what the command printed has no `/id`", "create/capture.toml:3"],
    );
    assert_eq!(said.matches("cannot be exported").count(), 1, "{said}");
    assert_eq!(project.read("docs/image/show.md"), old);
}

/// A label whose path holds a value that another capture mints anew.
#[test]
fn a_label_stays_at_its_exchange_whatever_the_values_of_this_run() {
    let project = Project::new();
    let label = format!("[label]\nshow = '{} GET /images/{{image_id}}'\n", project.server);
    project.capture("show", "{}/images/{image_id}", &label);
    project.says(0, &["capture", "captures"]);
    let twice = "-H 'X-First: yes' {}/images/{image_id} --next -sSf {}/images/{image_id}";
    let other = label.replace("}'", "} #2'");
    for (command, label, moved) in
        [(twice, &label, Some(&other)), (twice, &other, None), ("{}/images/{image_id}", &other, Some(&label))]
    {
        project.capture("show", command, label);
        let said = project.says(0, &["capture", "captures"]);
        assert_eq!(said.contains("`show` stays at its exchange"), moved.is_some(), "{said}");
        let settings = project.read("captures/image/show/capture.toml");
        let said = moved.unwrap_or(label).replace('\'', "\"");
        assert!(settings.replace('\'', "\"").ends_with(&said), "{settings}");
    }
    // With the values of this run alone.
    project.capture("show", twice, &label);
    let said = project.says(0, &["capture", "captures", "--fresh"]);
    contains(&said, &["`show` stays at its exchange", "#2"]);
}

#[test]
fn a_dry_run_shows_the_order() {
    let project = Project::new();
    let output = project.docgen(&["capture", "captures", "--dry-run"]).output().unwrap();
    said(0, &output);
    let server = project.server;
    let shown = format!(
        "setup of captures/image/docgen.toml: echo up >> hooks\n\
         image/create: curl -sSf -X POST http://{server}/images\n\
         image/list: curl -sSf http://{server}/images\n\
         image/show: curl -sSf 'http://{server}/images/{{create.image_id}}'\n\
         image/delete: curl -sSf -X DELETE 'http://{server}/images/{{create.image_id}}'\n\
         cleanup of captures/image/docgen.toml: echo down >> hooks\n"
    );
    assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
    assert_eq!(project.asked(), [""; 0]);
    assert!(!project.path("hooks").exists() && !project.path("captures/.docgen").exists());
}

#[test]
fn what_is_needed_runs_first_unless_only_this_is_wanted() {
    let project = Project::new();
    let said = project.says(1, &["capture", "captures", "image/show", "--only"]);
    contains(&said, &["the value of `{create.image_id}` is not known", "docgen.toml:7", "1 not run"]);
    assert!(!project.path("hooks").exists());

    let said = project.says(0, &["capture", "captures", "image/show"]);
    contains(&said, &["image/create: recorded too, because image/show needs it", "2 recorded, 0 failed"]);
    assert_eq!(project.asked(), ["POST /images".to_owned(), format!("GET /images/{}", id(1))]);

    let said = project.says(0, &["capture", "captures", "image/show", "--only"]);
    contains(
        &said,
        &["values of the last run: image/create.image_id, and was cleaned up since", "1 recorded"],
    );
    assert_eq!(project.asked(), [format!("GET /images/{}", id(1))]);
    assert_eq!(project.read("hooks"), "up\ndown\n");
}

#[test]
fn a_failure_stops_what_needs_it_and_nothing_else() {
    let project = Project::new();
    project.says(0, &["capture", "captures"]);
    let old = project.files();
    project.capture(
        "create",
        "-X POST {}/nowhere",
        "[export]\nimage_id = { from = 'output', pointer = '/id' }\n",
    );
    let said = project.says(1, &["capture", "captures"]);
    contains(
        &said,
        &[
            "image/create  failed; the capture is as it was",
            "image/list    1 exchange",
            "image/show    not run: needs image/create, which failed",
            "image/delete  not run: needs image/create, which failed",
            "1 recorded, 1 failed, 2 not run",
        ],
    );
    assert_eq!(project.read("hooks"), "up\ndown\nup\ndown\n");
    let new = project.files();
    for (name, content) in
        old.iter().filter(|(name, _)| !name.contains("list") && !name.ends_with("create/capture.toml"))
    {
        assert_eq!(new[name], *content, "{name}");
    }
    project.asked();

    // It goes on with these three, and with nothing that is recorded already.
    project.capture(
        "create",
        "-X POST {}/images",
        "[export]\nimage_id = { from = 'output', pointer = '/id' }\n",
    );
    let said = project.says(0, &["capture", "captures", "--resume"]);
    contains(&said, &["3 recorded, 0 failed"]);
    assert_eq!(
        project.asked(),
        ["POST /images".to_owned(), format!("GET /images/{}", id(2)), format!("DELETE /images/{}", id(2))]
    );
    contains(&project.says(0, &["capture", "captures", "--resume"]), &["nothing to go on with"]);
}

#[test]
fn resuming_makes_again_what_was_cleaned_up() {
    let project = Project::new();
    project.capture("show", "{}/nowhere/{image_id}", "");
    contains(&project.says(1, &["capture", "captures"]), &["3 recorded, 1 failed"]);
    project.asked();
    project.capture("show", "{}/images/{image_id}", "");
    let said = project.says(0, &["capture", "captures", "--resume"]);
    contains(&said, &["image/create: recorded too, because image/show needs it", "2 recorded"]);
    assert_eq!(project.asked(), ["POST /images".to_owned(), format!("GET /images/{}", id(2))]);
    // Without a cleanup, what there is is used.
    project.write("captures/image/docgen.toml", "[vars]\nimage_id = '{create.image_id}'\n");
    project.capture("show", "{}/nowhere/{image_id}", "");
    project.says(1, &["capture", "captures", "image/create", "image/show"]);
    project.asked();
    project.capture("show", "{}/images/{image_id}", "");
    project.says(0, &["capture", "captures", "--resume"]);
    assert_eq!(project.asked(), [format!("GET /images/{}", id(3))]);
}

#[test]
fn a_setup_that_fails_fails_its_captures_by_name() {
    let project = Project::new();
    project.says(0, &["capture", "captures"]);
    let old = project.files();
    let settings = project.read("captures/image/docgen.toml");
    let failing = settings.replace(
        "['echo up >> hooks']",
        "['echo up >> hooks', 'echo no disk; exit 3', 'echo never >> hooks']",
    );
    project.write("captures/image/docgen.toml", &failing);
    project.write(
        "captures/other/capture.toml",
        format!("command = \"curl -sS http://{}/images\"\n", project.server),
    );
    let said = project.says(1, &["capture", "captures"]);
    contains(
        &said,
        &[
            "`echo no disk; exit 3` ended with exit status 3",
            "> no disk",
            "captures/image/docgen.toml:4",
            "image/show    not run: the setup of captures/image/docgen.toml failed",
            "other         1 exchange",
            "1 recorded, 0 failed, 4 not run",
        ],
    );
    assert_eq!(project.read("hooks"), "up\ndown\nup\ndown\n");
    let new = project.files();
    assert!(old.iter().all(|(name, content)| name.ends_with("docgen.toml") || new[name] == *content));
}

#[test]
fn what_setup_starts_serves_until_cleanup() {
    let project = Project::new();
    let port = nobody().port();
    project.write("page", "here\n");
    project.write(
        "captures/docgen.toml",
        format!(
            "[suite]\nsetup = ['python3 -m http.server --bind 127.0.0.1 {port} & for i in $(seq 100); do curl -sf http://127.0.0.1:{port}/ > /dev/null && break; sleep 0.1; done']\n"
        ),
    );
    project.write(
        "captures/page/capture.toml",
        format!("command = \"curl -sSf http://127.0.0.1:{port}/page\"\n"),
    );
    project.says(0, &["capture", "captures", "page"]);
    assert_eq!(project.read("captures/page/output.txt"), "here\n");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn an_interrupt_cleans_up() {
    let project = Project::new();
    project.capture("list", "{}/slow", "");
    let child = project.docgen(&["capture", "captures"]).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !project.cloud.lock().unwrap().asked.contains(&"GET /slow".to_owned()) {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let said = said(1, &child.wait_with_output().unwrap());
    contains(&said, &["was interrupted", "image/show    not run\n", "1 recorded, 1 failed, 2 not run"]);
    assert_eq!(project.read("hooks"), "up\ndown\n");
    project.asked();
    project.capture("list", "{}/images", "");
    contains(
        &project.says(0, &["capture", "captures", "--resume"]),
        &["image/create: recorded too", "4 recorded"],
    );
}

#[test]
fn what_is_wrong_is_told_before_anything_runs() {
    let project = Project::new();
    project.says(0, &["capture", "captures"]);
    let old = project.files();
    project.asked();
    let hooks = project.read("hooks");
    let export = "[export]\nimage_id = { from = 'output', pointer = '/id' }\n";
    for (name, arguments, more, said) in [
        (
            "create",
            "-X POST {}/images/{image_id}",
            export,
            &["a capture needs itself: `image/create` needs `image/create`", "captures/image/docgen.toml:7)"]
                [..],
        ),
        (
            "create",
            "-X POST {}/images",
            "[capture]\nneeds = ['show']\n[export]\nimage_id = { from = 'output', pointer = '/id' }\n",
            &[
                "captures need each other",
                "`image/create` needs `image/show`",
                "captures/image/create/capture.toml:3)",
                "`image/show` needs `image/create`",
                "captures/image/docgen.toml:7)",
            ],
        ),
        (
            "show",
            "{}/images",
            "[capture]\nneeds = ['creat']\n",
            &["there is no capture `creat`", "show/capture.toml:3:10", "did you mean"],
        ),
        (
            "show",
            "{}/images/{create.id}",
            "",
            &["the capture `image/create` exports no `id`", "show/capture.toml:1", "it exports `image_id`"],
        ),
        (
            "show",
            "{}/images/{imgae/create.image_id}",
            "",
            &["is a value of no capture", "did you mean `{image/create.image_id}`?"],
        ),
        ("show", "{}/images", "[suite]\norder = []\n", &["a suite is of a folder", "show/capture.toml:2"]),
        (
            "show",
            "{}/images",
            "[export]\nid = { from = 'output', row = 'a', pointer = '/b' }\n",
            &["one place", "show/capture.toml:3"],
        ),
    ] {
        let before = project.read(&format!("captures/image/{name}/capture.toml"));
        project.capture(name, arguments, more);
        contains(&project.says(1, &["capture", "captures"]), said);
        project.write(&format!("captures/image/{name}/capture.toml"), &before);
    }
    assert_eq!(project.asked(), [""; 0]);
    assert_eq!(project.read("hooks"), hooks);
    assert_eq!(project.files(), old);

    // What only the recording tells costs its capture, which stays.
    project.capture(
        "create",
        "-X POST {}/images",
        "[export]\nimage_id = { from = 'output', pointer = '/ids' }\n",
    );
    let said = project.says(1, &["capture", "captures", "image/create"]);
    contains(
        &said,
        &["has no `/ids`", "did you mean `/id`?", "create/capture.toml:3", "the capture is as it was"],
    );
    let mut new = project.files();
    new.remove("image/create/capture.toml");
    assert!(new.iter().all(|(name, content)| old[name] == *content));

    // A link in the place of docgen's own folder is not written through.
    fs::rename(project.path("captures/.docgen"), project.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", project.path("captures/.docgen")).unwrap();
    contains(&project.says(1, &["capture", "captures"]), &["captures/.docgen", "is no folder"]);
}

#[test]
fn a_secret_is_given_on_and_never_written() {
    const TOKEN: &str = "Sesame-0pen-yourself-2026";
    let project = Project::new();
    project.capture(
        "token",
        "-X POST {}/tokens",
        "[export]\nkey = { from = 'output', pointer = '/token' }\n",
    );
    project.capture("use", "-H 'X-Other: {token.key}' {}/images", "");
    let said = project.says(0, &["capture", "captures"]);
    assert!(!said.contains(TOKEN), "{said}");
    let files = support::files_below(&project.path("captures"));
    for (name, content) in &files {
        assert!(!String::from_utf8_lossy(content).contains(TOKEN), "{name}");
    }
    contains(&String::from_utf8_lossy(&files["image/use/trace.har"]), &["X-Other", "***"]);
    let said = project.says(1, &["capture", "captures", "image/use", "--only"]);
    contains(&said, &["it is secret, and was in memory only", "run `image/token` in the same run"]);
    project.says(0, &["capture", "captures", "image/use", "image/token", "--only"]);
}

#[test]
fn a_command_is_repeatable_unless_it_is_told_otherwise() {
    let project = Project::new();
    let url = format!("http://{}/images", project.server);
    let command =
        format!("command = \"curl -sSf {url}; echo seed $PYTHONHASHSEED\"\n[capture]\nshell = true\n");
    project.write("captures/seed/capture.toml", &command);
    project.says(0, &["capture", "captures"]);
    contains(&project.read("captures/seed/output.txt"), &["seed 0\n"]);
    project.says(0, &["render", "captures", "docs"]);
    assert!(!project.read("docs/seed/index.md").contains("PYTHONHASHSEED = "));
    project.write("captures/seed/capture.toml", format!("{command}[env]\nPYTHONHASHSEED = 'random'\n"));
    project.says(0, &["capture", "captures", "seed"]);
    contains(&project.read("captures/seed/output.txt"), &["seed random\n"]);
}

/// A new capture gets values of others as one of a suite does: what is there is used, what is gone is made again.
#[test]
fn a_new_capture_uses_values_of_others() {
    let project = Project::new();
    let shown = format!("http://{}/images/{{create.image_id}}", project.server);
    let new = ["capture", "captures", "image/again", "--force", "--", "curl", "-sSf", &shown];
    let said = project.says(0, &new);
    contains(&said, &["image/create: recorded too, because image/again needs it", "2 recorded, 0 failed"]);
    assert_eq!(project.asked(), ["POST /images".to_owned(), format!("GET /images/{}", id(1))]);
    assert_eq!(project.read("hooks"), "up\ndown\n");
    let settings = project.read("captures/image/again/capture.toml");
    contains(&settings, &["/images/{create.image_id}"]);
    assert!(!settings.contains(&id(1)), "{settings}");

    // It was cleaned up, so it is made again; without a cleanup it is there.
    project.says(0, &new);
    assert_eq!(project.asked().len(), 2);
    project.write("captures/image/docgen.toml", "[vars]\nimage_id = '{create.image_id}'\n");
    project.says(0, &["capture", "captures", "image/create"]);
    project.asked();
    let by_variable = shown.replace("create.image_id", "image_id");
    for url in [&shown, &by_variable] {
        let said =
            project.says(0, &["capture", "captures", "image/other", "--force", "--", "curl", "-sSf", url]);
        contains(&said, &["1 recorded, 0 failed"]);
        assert_eq!(project.asked(), [format!("GET /images/{}", id(3))]);
    }
    contains(&project.read("captures/image/other/capture.toml"), &["/images/{image_id}"]);
    // The recording that gives the value keeps its old one, and so what is new has it too.
    for file in ["create/output.txt", "other/output.txt", "other/trace.har"] {
        let text = project.read(&format!("captures/image/{file}"));
        assert!(text.contains(&id(1)) && !text.contains(&id(3)), "{file}: {text}");
    }
    for name in ["list", "show", "delete"] {
        fs::remove_dir_all(project.path(&format!("captures/image/{name}"))).unwrap();
    }
    project.says(0, &["render", "captures", "docs"]);
    contains(&project.read("docs/image/other.md"), &["GET /images/{image_id}"]);

    // What is wrong is told before anything runs.
    let wrong = shown.replace("image_id", "id");
    let said = project.says(1, &["capture", "captures", "image/wrong", "--", "curl", "-sSf", &wrong]);
    contains(&said, &["the capture `image/create` exports no `id`", "COMMAND:1", "it exports `image_id`"]);
    assert_eq!(project.asked(), [""; 0]);
    assert!(!project.path("captures/image/wrong").exists());
}

/// What others get of a capture, and where its services send to, outlives its command.
#[test]
fn a_replaced_capture_gives_and_listens_as_before() {
    let project = Project::new();
    let port = nobody();
    let label = format!("image = '{} POST /images'", project.server);
    let kept = format!(
        "[[participant]]\nid = 'client'\n\n[[participant]]\nid = 'images'\nlisten = '{port}'\n\n\
         [export]\nimage_id = {{ from = 'image', pointer = '/id' }}\n\n[label]\n{label}\nother = 'x GET /'\n"
    );
    project.capture("create", "-X POST {}/images", &kept);
    project.says(0, &["capture", "captures"]);
    let url = format!("http://{}/images", project.server);
    let said = project.says(
        0,
        &["capture", "captures", "image/create", "--force", "--", "curl", "-sS", "-X", "POST", &url],
    );
    contains(&said, &["1 recorded"]);
    let settings = project.read("captures/image/create/capture.toml");
    let parsed: toml::Table = toml::from_str(&settings).unwrap();
    assert_eq!(parsed["participant"].as_array().unwrap().len(), 2, "{settings}");
    contains(&settings, &[&format!("listen = '{port}'"), "image_id = { from = 'image', pointer = '/id' }"]);
    contains(&settings, &[&format!("image = \"{} POST /images\"", project.server)]);
    assert!(!settings.contains("x GET /"), "{settings}");
    contains(&project.says(0, &["capture", "captures"]), &["4 recorded, 0 failed"]);
}

/// Values of others are in the settings that a comparison goes by, each of its own time.
#[test]
fn a_comparison_knows_the_values_of_others() {
    let project = Project::new();
    let settings = format!("[label]\nshow = '{} GET /images/{{image_id}}'\n", project.server);
    project.capture("show", "{}/images/{image_id}", &settings);
    project.says(0, &["capture", "captures"]);
    project.write("captures/image/show/page.md", "# Show\n\nIt is there, says {{ show }}.\n");
    let files = project.files();
    files.iter().for_each(|(name, content)| project.write(&format!("old/{name}"), content));
    project.says(0, &["capture", "captures", "--fresh"]);
    let trace = project.read("captures/image/show/trace.har");
    project.write("captures/image/show/trace.har", trace.replace("200", "203"));
    // Sentences that were changed since are none to read again: these were not.
    fs::remove_file(project.path("old/image/show/page.md")).unwrap();
    let output = project.docgen(&["diff", "old", "captures", "--format", "json"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let change: serde_json::Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!((told.lines().count(), change["change"].as_str()), (1, Some("status")), "{told}");
    assert_eq!(change["prose"][0]["file"], "captures/image/show/page.md", "{told}");
}

/// When a fact was last seen is in no page that does not ask, and told to who does.
#[test]
fn when_the_facts_were_seen_is_known_to_who_asks() {
    let project = Project::new();
    let release = "[export]\nrelease = { from = 'output', pattern = 'count.: ([0-9]+)' }\n";
    project.capture("list", "-A openstacksdk/4.22.0 {}/images", release);
    project.says(0, &["capture", "captures"]);
    project.says(0, &["render", "captures", "docs"]);
    let said = project.says(0, &["capture", "captures", "--dry-run"]);
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    let line = said.lines().find(|line| line.starts_with("image/list: last recorded ")).unwrap();
    contains(line, &[&today, ", just now; release 1; User-Agent openstacksdk/4.22.0"]);
    contains(&said, &["image/show: last recorded", "; release 1; User-Agent curl/"]);
    // A clone knows nothing of it, and its pages are the same.
    let noted = project.read("captures/.docgen/last-run.json");
    fs::remove_dir_all(project.path("captures/.docgen")).unwrap();
    project.says(0, &["render", "captures", "docs", "--check"]);
    // Who asks is told that nobody knows, and keeps the old page.
    project.write(
        "captures/image/list/page.md",
        "# List\n\nSeen on {{ seen }} ({{ seen.time }}, {{ seen.release }}).\n",
    );
    let old = project.read("docs/image/list.md");
    let said = project.says(1, &["render", "captures", "docs"]);
    contains(&said, &["nobody knows here when this capture was recorded", "captures/image/list/page.md:3"]);
    assert_eq!(project.read("docs/image/list.md"), old);
    project.write("captures/.docgen/last-run.json", &noted);
    project.says(0, &["render", "captures", "docs"]);
    contains(&project.read("docs/image/list.md"), &[&format!("Seen on {today} ({today}T"), "Z, 1)."]);
    // And follows.
    project.write("captures/.docgen/last-run.json", noted.replace(&today, "2026-01-02"));
    project.says(0, &["render", "captures", "docs"]);
    contains(&project.read("docs/image/list.md"), &["Seen on 2026-01-02 (2026-01-02T"]);
    project.write("captures/.docgen/last-run.json", "x");
    contains(
        &project.says(1, &["render", "captures", "docs"]),
        &["this is not what docgen noted", "last-run.json"],
    );
}

/// Who presses Ctrl-C twice does not want to wait: what is not cleaned up is named.
#[test]
fn a_second_interrupt_ends_the_cleanup() {
    let project = Project::new();
    let settings = project.read("captures/image/docgen.toml");
    let slow =
        settings.replace("'echo down >> hooks'", "'echo cleaning >> hooks; sleep 60', 'echo down >> hooks'");
    project.write("captures/image/docgen.toml", slow);
    project.capture("list", "{}/slow", "");
    let child = project.docgen(&["capture", "captures"]).stderr(Stdio::piped()).spawn().unwrap();
    let interrupt = |until: &dyn Fn() -> bool| {
        let begun = Instant::now();
        while !until() {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    };
    interrupt(&|| project.cloud.lock().unwrap().asked.contains(&"GET /slow".to_owned()));
    interrupt(&|| fs::read_to_string(project.path("hooks")).is_ok_and(|hooks| hooks.contains("cleaning")));
    let begun = Instant::now();
    let said = said(1, &child.wait_with_output().unwrap());
    assert!(begun.elapsed() < Duration::from_secs(30), "{said}");
    contains(
        &said,
        &[
            "captures/image/docgen.toml:5",
            "not run, of the cleanup of captures/image/docgen.toml: echo down >> hooks",
            "1 recorded, 1 failed, 2 not run",
        ],
    );
    assert_eq!(project.read("hooks"), "up\ncleaning\n");
}
