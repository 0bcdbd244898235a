//! Ten commands of a real client against a real cloud: what is recorded is what the servers saw; and
//! what the services ask each other, by a port and by nesting alike.
//!
//! The cloud is that of `scripts/cloud/cloud.sh`, which each release needs to be installed with
//! once (`cloud.sh install zed`); a release that is not is skipped, and listed as ignored. The
//! ground truth is the servers' own access log.

// Helpers of tests panic as tests do.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "support/ports.rs"]
mod ports;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use docgen::capture::openrc;
use docgen::trace::{Exchange, UrlParts};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // The machine is busy enough with one client and one cloud.
    arguments.test_threads = Some(1);
    let mut trials = Vec::new();
    for release in ["zed", "new"] {
        let installed = cloud_dir(release).join("installed").exists();
        for scheme in ["http", "https"] {
            let name = match installed {
                true => format!("{release}_over_{scheme}"),
                false => format!("{release}_over_{scheme} (needs scripts/cloud/cloud.sh install {release})"),
            };
            let trial = Trial::test(name, move || ten_commands(used(release), scheme));
            trials.push(trial.with_ignored_flag(!installed));
        }
        let trial = Trial::test(format!("{release}_senders"), move || {
            let outcome = senders(used(release));
            // What comes after has no port to send through.
            cloud(&["restart", release, "glance"])?;
            outcome
        });
        trials.push(trial.with_ignored_flag(!installed));
        let trial = Trial::test(format!("{release}_as_a_suite_from_scratch"), move || a_suite(used(release)));
        trials.push(trial.with_ignored_flag(!installed));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    for release in USED.lock().unwrap().iter() {
        cloud(&["stop", release]).expect("the cloud stops");
    }
    conclusion.exit();
}

/// The releases whose clouds were used: that of the other one may be somebody else's, at this very moment.
static USED: Mutex<BTreeSet<&str>> = Mutex::new(BTreeSet::new());

fn used(release: &'static str) -> &'static str {
    USED.lock().unwrap().insert(release);
    release
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cloud_dir(release: &str) -> PathBuf {
    root().join(".build/cloud").join(release)
}

fn cloud(arguments: &[&str]) -> Result<String, Failed> {
    cloud_with(arguments, &[])
}

fn cloud_with(arguments: &[&str], env: &[(&str, &str)]) -> Result<String, Failed> {
    let script = root().join("scripts/cloud/cloud.sh");
    let output = Command::new(script).args(arguments).envs(env.iter().copied()).output()?;
    if !output.status.success() {
        return Err(format!("cloud.sh {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Method, path and status of a request.
type Seen = (String, String, u16);

/// What the servers say that clients asked, from this line of the log on.
fn access_log(release: &str, from: usize) -> Result<Vec<Seen>, Failed> {
    let log = std::fs::read_to_string(cloud_dir(release).join("log/access.jsonl")).unwrap_or_default();
    let mut lines = Vec::new();
    for line in log.lines().skip(from) {
        let line: serde_json::Value = serde_json::from_str(line)?;
        if line["client"] == true {
            lines.push(line);
        }
    }
    lines.sort_by(|a, b| a["time"].as_f64().unwrap().total_cmp(&b["time"].as_f64().unwrap()));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    Ok(lines
        .iter()
        .map(|line| (text(&line["method"]), text(&line["path"]), line["status"].as_u64().unwrap() as u16))
        .collect())
}

fn log_length(release: &str) -> usize {
    std::fs::read_to_string(cloud_dir(release).join("log/access.jsonl")).map_or(0, |log| log.lines().count())
}

fn seen(exchange: &Exchange) -> Seen {
    let path = UrlParts::of(&exchange.request.url).path.replace("%20", " ");
    (
        exchange.request.method.to_string(),
        path,
        exchange.response.as_ref().map_or(0, |response| response.status),
    )
}

/// The environment of a client of the cloud, which is started where it is not yet.
fn environment(release: &str, scheme: &str) -> Result<Vec<(OsString, OsString)>, Failed> {
    cloud(&["start", release])?;
    let script = cloud(&["openrc", release, if scheme == "https" { "tls" } else { "" }])?;
    let variables = openrc(Path::new("openrc"), &script, |name| std::env::var(name).ok())
        .map_err(|errors| format!("{errors:?}"))?;
    let mut env: Vec<(OsString, OsString)> =
        std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("OS_")).collect();
    for (name, value) in variables {
        env.retain(|(known, _)| *known != *name);
        env.push((name.into(), value.into()));
    }
    Ok(env)
}

/// The diagram of `openstack image list --all` as the source document numbers it, (1) to (12), the token
/// of glance's own being (6) to (9). The client's look at the versions of images is left out.
const LIST: [&str; 12] = [
    "client->>keystone: GET /identity",
    "keystone-->>client: 300 MULTIPLE CHOICES /identity",
    "client->>keystone: POST /identity/v3/auth/tokens",
    "keystone-->>client: 201 CREATED /identity/v3/auth/tokens",
    "client->>glance: GET /image/v2/images",
    "glance->>keystone: GET /identity",
    "keystone-->>glance: 300 MULTIPLE CHOICES /identity",
    "glance->>keystone: POST /identity/v3/auth/tokens",
    "keystone-->>glance: 201 CREATED /identity/v3/auth/tokens",
    "glance->>keystone: GET /identity/v3/auth/tokens",
    "keystone-->>glance: 200 OK /identity/v3/auth/tokens",
    "glance-->>client: 200 OK /image/v2/images",
];

/// A list of images: with glance cold, then warm, by a port of glance's; and cold without a port.
fn senders(release: &str) -> Result<(), Failed> {
    let env = environment(release, "http")?;
    let port = ports::nobody();
    let proxy = format!("http_proxy=http://{port}");
    let folder = tempfile::tempdir()?;
    let captures = folder.path().join("captures");
    let settings = |listen: &str| {
        format!(
            "profile = \"openstack\"\n\
             [[participant]]\nid = \"client\"\n[[participant]]\nid = \"keystone\"\n\
             [[participant]]\nid = \"glance\"\n{listen}\
             [[filter]]\nto = \"glance\"\npath = \"/image\"\n\
             [[group]]\nkind = \"opt\"\ntitle = \"glance has no token\"\n\
             first = \"glance->keystone GET /identity\"\nlast = \"glance->keystone POST /identity/v3/auth/tokens\"\n"
        )
    };
    let restart = format!("{} restart {release} glance", root().join("scripts/cloud/cloud.sh").display());
    let list = "openstack image list --all";
    let with_port = settings(&format!("listen = \"{port}\"\n"));
    for (name, settings, command) in [
        ("cold/list", &with_port, format!("command = \"{list}\"\n")),
        ("warm/list", &with_port, format!("command = \"{list}\"\n")),
        (
            "nested/list",
            &settings(""),
            format!("command = \"{restart} && {list}\"\n[capture]\nshell = true\n"),
        ),
    ] {
        let capture = captures.join(name);
        std::fs::create_dir_all(&capture)?;
        std::fs::write(capture.with_file_name("docgen.toml"), settings)?;
        std::fs::write(capture.join("capture.toml"), command)?;
    }
    let docs = folder.path().join("docs");
    let boxed = [&["opt glance has no token"], &LIST[5..9], &["end"]].concat();
    let (cold, warm) = ([&LIST[..5], &boxed, &LIST[9..]].concat(), [&LIST[..5], &LIST[9..]].concat());
    cloud_with(&["restart", release, "glance"], &[("GLANCE_ENV", &proxy)])?;
    for (name, expected) in [("cold", &cold), ("warm", &warm), ("nested", &cold)] {
        let arguments = ["capture".as_ref(), captures.as_os_str(), OsStr::new(name)];
        let said = said_by_docgen(&env, &arguments)?;
        if said.contains("is inferred") != (name == "nested") {
            return Err(format!("{name}: {said}").into());
        }
        let (captures, docs) = (captures.join(name), docs.join(name));
        said_by_docgen(&env, &["render".as_ref(), captures.as_os_str(), docs.as_os_str()])?;
        let diagram = std::fs::read_to_string(docs.join("list/diagram.md"))?;
        let lines: Vec<&str> = diagram.lines().collect();
        if lines != *expected {
            return Err(format!("{name}:\n{diagram}").into());
        }
    }
    // Neither how it is known who sent what, nor whether glance had a token, is a change.
    for other in ["nested", "warm"] {
        let (old, new) = (captures.join("cold"), captures.join(other));
        let said = said_by_docgen(&env, &["diff".as_ref(), old.as_os_str(), new.as_os_str()])?;
        if said.contains("optional") != (other == "warm") {
            return Err(format!("{other}: {said}").into());
        }
    }
    no_secret_in(&[&captures, &docs], release, &env, 18)
}

/// What docgen says, which has to do well.
fn said_by_docgen(env: &[(OsString, OsString)], arguments: &[&OsStr]) -> Result<String, Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    let output =
        command.args(arguments).env_clear().envs(env.iter().cloned()).env("NO_COLOR", "1").output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("docgen {arguments:?}: {said}{}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(said)
}

fn ten_commands(release: &str, scheme: &str) -> Result<(), Failed> {
    let env = environment(release, scheme)?;
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("image");
    std::fs::write(&image, (0..3_000_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect::<Vec<_>>())?;
    let (image, saved) = (image.display().to_string(), folder.path().join("saved").display().to_string());
    // A try before this one may have left its image.
    let name = format!("docgen {release} {scheme} {}", std::process::id());
    let commands: [&[&str]; 10] = [
        &["create", "--file", &image, "--shared", &name],
        &["list", "--all"],
        &["show", "--format", "json", &name],
        &["save", "--file", &saved, &name],
        &["set", "--property", "docgen=yes", &name],
        &["unset", "--property", "docgen", &name],
        &["add", "project", &name, "demo"],
        &["member", "list", &name],
        &["remove", "project", &name, "demo"],
        &["delete", &name],
    ];
    let captures = folder.path().join("captures");
    std::fs::create_dir(&captures)?;
    std::fs::write(captures.join("docgen.toml"), "locale = \"ko\"\n")?;
    for command in commands {
        let from = log_length(release);
        let path = format!("image/{}-{}", command[0], command[1].trim_start_matches('-'));
        let path = path.replace(|c: char| !(c.is_ascii_alphanumeric() || "/-".contains(c)), "_");
        let words = ["openstack", "image"].iter().chain(command);
        docgen(&env, &["capture".as_ref(), captures.as_os_str(), path.as_ref(), "--".as_ref()], words)?;
        let file = captures.join(&path).join("trace.har");
        let read = docgen::source::read(&file, std::fs::read(&file)?);
        if !read.diagnostics.is_empty() {
            return Err(format!("{command:?}: {:?}", read.diagnostics).into());
        }
        let recorded: Vec<Seen> = read.trace.exchanges.iter().map(seen).collect();
        let truth = access_log(release, from)?;
        if recorded != truth || recorded.len() < 2 {
            return Err(format!("{command:?}\nrecorded {recorded:#?}\nthe servers saw {truth:#?}").into());
        }
        println!("{release} {scheme} image {:<12} {} exchanges", command[0], recorded.len());
    }
    let docs = folder.path().join("docs");
    for verb in ["render", "check"] {
        docgen(&env, &[verb.as_ref(), captures.as_os_str(), docs.as_os_str()], [].iter())?;
    }
    if std::fs::read(&image)? != std::fs::read(&saved)? {
        return Err("the image came back changed".into());
    }
    // Of each command three facts and a page.
    no_secret_in(&[&captures, &docs], release, &env, 40)
}

/// Clouds of one release beside the one that the other tests use, which go with the test.
struct Clouds {
    release: &'static str,
    folder: PathBuf,
}

impl Clouds {
    fn new(release: &'static str, folder: &Path) -> Result<Clouds, Failed> {
        for name in ["one", "other"] {
            let cloud = folder.join(name).join(release);
            std::fs::create_dir_all(&cloud)?;
            std::os::unix::fs::symlink(cloud_dir(release).join("venv"), cloud.join("venv"))?;
        }
        Ok(Clouds { release, folder: folder.to_owned() })
    }

    /// A line for a shell that has one of them do something. They have one address, which their catalogues hold
    /// with ports that no command asks: one is stopped before the other is started.
    fn line(&self, name: &str, verb: &str, more: &str) -> String {
        let port = if self.release == "zed" { 5360 } else { 5370 };
        let (folder, script) = (self.folder.join(name), root().join("scripts/cloud/cloud.sh"));
        format!(
            "CLOUD_DIR='{}' CLOUD_PORT={port} '{}' {verb} {} {more}",
            folder.display(),
            script.display(),
            self.release
        )
    }
}

impl Drop for Clouds {
    fn drop(&mut self) {
        for name in ["one", "other"] {
            let _ = Command::new("sh").args(["-c", &self.line(name, "stop", "")]).output();
        }
    }
}

/// What git says in a folder.
fn git(folder: &Path, arguments: &[&str]) -> Result<String, Failed> {
    let output = Command::new("git")
        .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"])
        .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()?;
    if !output.status.success() {
        return Err(format!("git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The ten commands as one suite by one command, from a cloud that the suite itself makes, committed with their
/// pages. Recorded and rendered again, on the same cloud, after a restart of Glance, on another new cloud: git
/// sees nothing, but for what Glance itself says otherwise before its first request is over.
fn a_suite(release: &'static str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let clouds = Clouds::new(release, &folder.path().join("clouds"))?;
    let (captures, docs) = (folder.path().join("captures"), folder.path().join("docs"));
    let (prepare, openrc) = (folder.path().join("prepare"), captures.join("openrc"));
    let write = |name: &str, text: String| {
        let file = captures.join(name);
        std::fs::create_dir_all(file.parent().unwrap())?;
        std::fs::write(file, text)
    };
    let settings = format!(
        "layout = \"page\"\nprofile = \"openstack\"\n\
         [suite]\nsetup = [\"sh '{}'\"]\n[capture]\nenv_file = \"openrc\"\n",
        prepare.display()
    );
    write("docgen.toml", settings)?;
    let (image, saved) = (folder.path().join("image.raw"), folder.path().join("saved.raw"));
    std::fs::write(&image, vec![7; 100_000])?;
    let commands = [
        ("create", format!("create --file {} --shared cirros", image.display())),
        ("list", "list --all".to_owned()),
        ("show", "show --format json {image_id}".to_owned()),
        ("save", format!("save --file {} {{image_id}}", saved.display())),
        ("set", "set --property docgen=yes {image_id}".to_owned()),
        ("unset", "unset --property docgen {image_id}".to_owned()),
        ("add-project", "add project {image_id} demo".to_owned()),
        ("member-list", "member list {image_id}".to_owned()),
        ("remove-project", "remove project {image_id} demo".to_owned()),
        ("delete", "delete {image_id}".to_owned()),
    ];
    let order: Vec<String> = commands.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let settings =
        format!("[suite]\norder = [{}]\n[vars]\nimage_id = \"{{create.image_id}}\"\n", order.join(", "));
    write("image/docgen.toml", settings)?;
    for (name, command) in &commands {
        let mut text = format!("command = \"openstack image {command}\"\n");
        if *name == "create" {
            text += "[export]\nimage_id = { from = \"output\", row = \"id\" }\n";
        }
        write(&format!("image/{name}/capture.toml"), text)?;
    }
    let env: Vec<(OsString, OsString)> =
        std::env::vars_os().filter(|(name, _)| !name.to_string_lossy().starts_with("OS_")).collect();
    git(folder.path(), &["init", "-q"])?;
    std::fs::write(folder.path().join(".git/info/exclude"), "/clouds\n/prepare\n/*.raw\nopenrc\n")?;

    let new = |name: &str| format!("{}\n{}", clouds.line(name, "wipe", ""), clouds.line(name, "start", ""));
    let another = format!("{}\n{}", clouds.line("one", "stop", ""), new("other"));
    let mut ids = BTreeSet::new();
    for (what, on, before, may_differ) in [
        ("from scratch", "one", new("one"), None),
        ("on the same cloud", "one", String::new(), Some("Openstack-Image-Store-Ids")),
        ("after a restart of Glance", "one", clouds.line("one", "restart", "glance"), None),
        ("on another new cloud", "other", another, None),
    ] {
        let begun = std::time::Instant::now();
        let lines = format!("set -e\n{before}\n{} > '{}'\n", clouds.line(on, "openrc", ""), openrc.display());
        std::fs::write(&prepare, lines)?;
        docgen(&env, &["capture".as_ref(), captures.as_os_str()], [].iter())?;
        docgen(&env, &["render".as_ref(), captures.as_os_str(), docs.as_os_str()], [].iter())?;
        let last_run = std::fs::read(captures.join(".docgen/last-run.json"))?;
        let last_run: serde_json::Value = serde_json::from_slice(&last_run)?;
        let create = &last_run["captures"]["image/create"];
        let id = create["exports"]["image_id"].as_str().unwrap_or_default();
        let seen = create["seen"]["user_agents"].to_string();
        println!("{release}, {what}: image {id}, {:.1} s", begun.elapsed().as_secs_f64());
        if id.len() != 36 || !ids.insert(id.to_owned()) || !seen.contains("openstacksdk/") {
            return Err(format!("`{id}` was exported after {ids:?}, by {seen}").into());
        }
        if git(folder.path(), &["status", "--porcelain", "captures/.docgen"])?.contains("last-run") {
            return Err("what is noted of a run is for git".into());
        }
        git(folder.path(), &["add", "captures", "docs"])?;
        if what == "from scratch" {
            git(folder.path(), &["commit", "-q", "-m", what])?;
            continue;
        }
        // The manifest has a digest of each page, and follows.
        let pages = ["--", ".", ":!docs/.docgen/manifest"];
        let arguments = [&["diff", "--cached", "--unified=0", "--no-prefix"][..], &pages[..]].concat();
        let whole = &arguments[..arguments.len() - if may_differ.is_none() { pages.len() } else { 0 }];
        let changed = git(folder.path(), whole)?;
        let is_changed = |line: &&str| {
            line.starts_with(['+', '-']) && !line.starts_with("+++") && !line.starts_with("---")
        };
        let other = changed.lines().filter(is_changed).find(|line| {
            may_differ.is_none_or(|name: &str| !line.to_lowercase().contains(&name.to_lowercase()))
        });
        if let Some(other) = other {
            return Err(format!("{what}: {other}\n{changed}").into());
        }
        git(folder.path(), &["reset", "-q", "--hard"])?;
    }
    let delete = std::fs::read_to_string(captures.join("image/delete/trace.har"))?;
    let page = std::fs::read_to_string(docs.join("image/show.md"))?;
    if !delete.contains("DELETE") || !page.contains("GET /image/v2/images/{image_id}") {
        return Err(format!("delete's trace is\n{delete}\nand the page of show\n{page}").into());
    }
    Ok(())
}

/// Runs docgen, which has to do well and to have nothing to say of servers.
fn docgen<'w>(
    env: &[(OsString, OsString)],
    arguments: &[&OsStr],
    words: impl Iterator<Item = &'w &'w str>,
) -> Result<(), Failed> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.args(arguments).args(words).env_clear().envs(env.iter().cloned()).env("NO_COLOR", "1");
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || said.contains("error: ") || said.contains("note: ") {
        return Err(format!("docgen {arguments:?}: {said}").into());
    }
    Ok(())
}

/// Whether files below these folders hold none of what the cloud issued.
/// `least` is how many files there are at least.
fn no_secret_in(
    folders: &[&Path],
    release: &str,
    env: &[(OsString, OsString)],
    least: usize,
) -> Result<(), Failed> {
    let issued = std::fs::read_to_string(cloud_dir(release).join("log/secrets.txt"))?;
    let password = env.iter().find(|(name, _)| name == "OS_PASSWORD").unwrap().1.to_str().unwrap();
    let secrets: Vec<&str> = issued.lines().chain([password]).collect();
    if secrets.len() < 10 {
        return Err("the cloud issued no tokens".into());
    }
    let files = folders.iter().flat_map(|folder| walkdir::WalkDir::new(folder).into_iter().flatten());
    let mut count = 0;
    for file in files.filter(|entry| entry.file_type().is_file()) {
        let text = String::from_utf8_lossy(&std::fs::read(file.path())?).into_owned();
        if secrets.iter().any(|secret| text.contains(secret)) {
            return Err(format!("{} holds a secret that the cloud issued", file.path().display()).into());
        }
        count += 1;
    }
    if count < least { Err(format!("there are but {count} files").into()) } else { Ok(()) }
}
