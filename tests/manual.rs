//! The project's own site as a manual: each page is in the navigation, settings and messages that it shows are
//! docgen's, the gallery shows what captures say, and the first five minutes go as told. What this leaves out: what builders say
//! of links and sections (`scripts/build-site`), the guide's console blocks (`cmd.rs`), its recipes for CI
//! (`recipes.rs`).
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use docgen::profile::Profile;
use docgen::settings::Layer;
use docgen::settings::index_toml::IndexToml;
use docgen::settings::report_toml::ReportToml;
use support::ports::nobody;
use support::{Site, own};

/// Parts of pages in the layout `snippets`, which are no pages.
const PARTS: [&str; 3] = ["diagram.md", "body.md", "log.md"];

/// The pages of the site that `docs` has, as paths below it.
fn pages() -> BTreeSet<String> {
    let docs = own("docs");
    let files = walkdir::WalkDir::new(&docs).into_iter().map(|file| file.unwrap().into_path());
    files
        .filter(|file| file.extension().is_some_and(|ending| ending == "md"))
        .filter(|file| !PARTS.iter().any(|part| file.ends_with(part)))
        .map(|file| file.strip_prefix(&docs).unwrap().to_str().unwrap().to_owned())
        .collect()
}

/// The fences of a page with this language, each with the number of its first line.
fn fences(page: &str, language: &str) -> Vec<(usize, String)> {
    let opening = format!("``` {language}");
    let mut fences = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line == opening {
            let text = lines.by_ref().take_while(|(_, line)| *line != "```");
            fences.push((at + 2, text.map(|(_, line)| format!("{line}\n")).collect()));
        }
    }
    fences
}

#[test]
fn each_page_is_in_the_navigation() {
    let configuration = fs::read_to_string(own("mkdocs.yml")).unwrap();
    let (_, nav) = configuration.split_once("\nnav:\n").unwrap();
    let nav: BTreeSet<String> = nav
        .lines()
        .map_while(|line| line.trim_start().strip_prefix("- "))
        .filter(|entry| entry.ends_with(".md"))
        .map(|entry| entry.rsplit(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(nav, pages(), "left: mkdocs.yml, right: docs");
}

/// Each block of settings is one that docgen takes. Its first line may name the file that it is of.
#[test]
fn settings_that_the_manual_shows_are_settings() {
    let mut seen = 0;
    for page in pages().iter().filter(|page| page.starts_with("guide/") || *page == "gallery.md") {
        for (line, text) in fences(&fs::read_to_string(own("docs").join(page)).unwrap(), "toml") {
            let named = text.lines().next().and_then(|line| line.strip_prefix("# captures/"));
            let file = Path::new("captures").join(named.unwrap_or("capture.toml"));
            let in_profiles = file.parent().is_some_and(|folder| folder.ends_with("profiles"));
            let read = match file.file_name().unwrap().to_str().unwrap() {
                "docgen.toml" | "capture.toml" => Layer::parse(&file, &text).map(drop),
                "report.toml" => ReportToml::parse(&file, &text).map(drop),
                "index.toml" => IndexToml::parse(&file, &text).map(drop),
                _ if in_profiles => Profile::from_toml(&file, &text).map(drop),
                name => panic!("docs/{page}:{line}: what is {name}?"),
            };
            read.unwrap_or_else(|error| panic!("docs/{page}:{line}: {error}"));
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

/// Each line of the gallery's settings is in the file that its block names.
#[test]
fn the_gallery_shows_what_captures_say() {
    let blocks = fences(&fs::read_to_string(own("docs/gallery.md")).unwrap(), "toml");
    assert!(blocks.len() > 3, "{blocks:?}");
    for (line, text) in blocks {
        // Those of the page that is drawn ahead are `drawn_ahead`'s.
        let Some((file, settings)) = text.strip_prefix("# ").and_then(|text| text.split_once('\n')) else {
            assert_eq!(text, DRAWN_AHEAD);
            continue;
        };
        let there = fs::read_to_string(own(file)).unwrap();
        for setting in settings.lines() {
            assert!(
                there.lines().any(|line| line == setting),
                "docs/gallery.md:{line}: {file} has no {setting}"
            );
        }
    }
}

/// What makes the gallery's page of the capture `openstack/image/show` that is drawn ahead.
const DRAWN_AHEAD: &str = "layout = \"exchanges\"\ndiagram = \"svg\"\n";

/// The page that is drawn ahead is none of `captures`, which a docgen without the feature `svg` renders, too.
/// `UPDATE_CASES=1` writes it.
#[test]
#[cfg_attr(not(feature = "svg"), ignore = "without the feature `svg` nothing is drawn")]
fn the_gallery_has_a_page_that_is_drawn_ahead() {
    let site = Site::new();
    let shared = fs::read_to_string(own("captures/docgen.toml")).unwrap();
    site.write("captures/docgen.toml", shared.replace("docs = \"../docs\"\n", ""));
    for file in ["output.txt", "trace.har"] {
        let recorded = fs::read(own("captures/openstack/image/show").join(file)).unwrap();
        site.write(&format!("captures/drawn-ahead/{file}"), recorded);
    }
    let settings = fs::read_to_string(own("captures/openstack/image/show/capture.toml")).unwrap();
    let (title, settings) = settings.split_once('\n').unwrap();
    let title = title.replace("show", "show, drawn ahead");
    let settings = settings.replace("layout = \"page\"\n", DRAWN_AHEAD);
    site.write("captures/drawn-ahead/capture.toml", format!("{title}\n{settings}"));
    site.renders();
    let (file, made) = (own("docs/gallery/drawn-ahead.md"), site.read("docs/drawn-ahead.md"));
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(&file, &made).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == made,
        "docs/gallery/drawn-ahead.md is stale: UPDATE_CASES=1 cargo test --features svg --test manual"
    );
}

/// A message that troubleshooting explains is one that docgen has.
#[test]
fn messages_that_the_manual_explains_are_docgens() {
    let files = walkdir::WalkDir::new(own("src")).into_iter().map(|file| file.unwrap().into_path());
    let sources: String = files.filter_map(|file| fs::read_to_string(file).ok()).collect();
    let page = fs::read_to_string(own("docs/guide/troubleshooting.md")).unwrap();
    let told = page
        .lines()
        .filter_map(|line| line.strip_prefix("**`")?.split_once("`.**").map(|(message, _)| message));
    let messages: Vec<&str> = told.collect();
    assert!(messages.len() > 3, "{messages:?}");
    for part in messages.iter().flat_map(|message| message.split('…')).filter(|part| !part.is_empty()) {
        assert!(sources.contains(part.trim()), "no message of docgen has `{part}`");
    }
}

/// A process that ends with its handle.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server with the words of the guide, on a port that is free, and waits until it answers.
fn serve(folder: &Path, line: &str, port: u16) -> Running {
    let line = line.replace("8000", &port.to_string());
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap());
    let command = command.args(words).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().unwrap());
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "{line}: no answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    running
}

/// The first five minutes, as the guide has them typed: all but installing and looking.
#[test]
fn the_start_goes_as_told() {
    let page = fs::read_to_string(own("docs/guide/start.md")).unwrap();
    let site = Site::new();
    let root: PathBuf = site.root().join("fresh");
    fs::create_dir(&root).unwrap();
    let port = nobody().port();
    let program = Path::new(env!("CARGO_BIN_EXE_docgen")).parent().unwrap().display().to_string();
    let path = format!("{program}:{}", std::env::var("PATH").unwrap());
    let [(_, sentence)] = &fences(&page, "markdown")[..] else { panic!("one sentence is to be written") };
    let mut server = None;
    let mut ran = Vec::new();
    for (line, block) in fences(&page, "sh") {
        for typed in block.lines() {
            if typed.starts_with("pip ") || typed.starts_with("mkdocs ") {
                continue;
            }
            if typed.starts_with("python3 -m http.server ") {
                server = Some(serve(&root, typed, port));
                continue;
            }
            let typed = typed.replace(":8000/", &format!(":{port}/"));
            let mut command = Command::new("bash");
            let output = command.args(["-c", &typed]).current_dir(&root).env("PATH", &path).output().unwrap();
            let err = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "docs/guide/start.md:{line}: {typed}: {err}");
            if typed.starts_with("docgen new ") {
                let source = root.join("captures/files/page.md");
                let text = fs::read_to_string(&source).unwrap();
                let heading = "### {{ heading(get_captures.response) }}\n";
                assert!(text.contains(heading), "{text}");
                fs::write(&source, text.replace(heading, &format!("{heading}\n{sentence}"))).unwrap();
            }
            ran.push(typed);
        }
    }
    assert!(server.is_some() && ran.len() >= 5, "{ran:?}");
    let made = fs::read_to_string(root.join("docs/files.md")).unwrap();
    assert!(made.contains("301 Moved Permanently") && made.contains("200 OK"), "{made}");
    assert!(made.contains("the server says in [(2)](#get-captures-response) where it is"), "{made}");
    assert!(made.contains("asks again in [(3)](#get-captures-2)"), "{made}");
}
