//! `docgen render --watch` as somebody who writes a page meets it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use support::{Site, log};

/// How long a test waits for what has to come.
const LONG: Duration = Duration::from_secs(20);

/// A docgen that watches, ended with the test.
struct Watching {
    child: Child,
    lines: Receiver<String>,
    site: Site,
}

impl Watching {
    fn new(site: Site) -> Watching {
        let mut child = site.command(&["--watch"]).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let err = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || err.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let watching = Watching { child, lines, site };
        watching.says("watching captures");
        watching
    }

    /// Waits for a line with these words.
    #[track_caller]
    fn says(&self, words: &str) -> String {
        let until = Instant::now() + LONG;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            if line.contains(words) {
                return line;
            }
        }
        panic!("`{words}` was not said");
    }

    /// Waits until a page holds these words, and tells how long that took.
    #[track_caller]
    fn shows(&self, page: &str, words: &str) -> Duration {
        let started = Instant::now();
        while !fs::read_to_string(self.site.path(page)).is_ok_and(|text| text.contains(words)) {
            assert!(started.elapsed() < LONG, "{page} does not show `{words}`");
            std::thread::sleep(Duration::from_millis(1));
        }
        started.elapsed()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A site with captures that have a page source each.
fn written(captures: &[&str]) -> Site {
    let site = Site::with(captures);
    for capture in captures {
        site.write(&format!("captures/{capture}/page.md"), "# First\n\n{{ rest }}\n");
        site.write(&format!("captures/{capture}/capture.toml"), "layout = \"page\"\n");
    }
    site
}

/// What is known of every file below a folder.
fn stamps(folder: &Path) -> BTreeMap<String, (u64, i64, i64, i64, i64)> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let stamp = |m: fs::Metadata| (m.ino(), m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec());
    entries.map(|entry| (entry.path().display().to_string(), stamp(entry.metadata().unwrap()))).collect()
}

#[test]
fn a_saved_page_is_there_at_once() {
    let names: Vec<String> = (0..20).map(|n| format!("group/c{n}")).collect();
    let watching = Watching::new(written(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let mut took: Vec<Duration> = (0..20)
        .map(|n| {
            watching.site.write("captures/group/c7/page.md", format!("# Title {n}.\n\n{{{{ rest }}}}\n"));
            watching.shows("docs/group/c7.md", &format!("# Title {n}."))
        })
        .collect();
    took.sort();
    println!("from a saved page.md to its page, of 20 captures: best {:?}, median {:?}", took[0], took[10]);
    // The best: other tests run beside this one. `scripts/try-wheel` measures the program that people get.
    assert!(took[0] < Duration::from_millis(100), "{took:?}");
}

#[test]
fn a_file_that_is_gone_for_a_moment_costs_nothing() {
    let watching = Watching::new(written(&["a", "b"]));
    let page = watching.site.path("docs/a.md");
    for (n, gone) in [5, 60, 150].into_iter().enumerate() {
        let old = fs::read_to_string(&page).unwrap();
        let source = watching.site.path("captures/a/page.md");
        let trace = watching.site.path("captures/a/trace.log");
        let kept = fs::read(&trace).unwrap();
        fs::remove_file(&source).unwrap();
        fs::remove_file(&trace).unwrap();
        let until = Instant::now() + Duration::from_millis(gone);
        while Instant::now() < until {
            assert_eq!(fs::read_to_string(&page).unwrap(), old);
        }
        fs::write(&trace, kept).unwrap();
        // As most editors do.
        watching.site.write("captures/a/page.md.new", format!("# Again {n}.\n\n{{{{ rest }}}}\n"));
        fs::rename(watching.site.path("captures/a/page.md.new"), &source).unwrap();
        let started = Instant::now();
        loop {
            let text = fs::read_to_string(&page).unwrap();
            if text.contains(&format!("# Again {n}.")) {
                break;
            }
            assert_eq!(text, old, "the page was made of half of its capture");
            assert!(started.elapsed() < LONG);
        }
    }
}

#[test]
fn what_comes_and_goes_for_good_does_so_with_its_page() {
    let watching = Watching::new(written(&["a", "b", "c"]));
    watching.site.write("captures/new/deep/capture.toml", "layout = \"page\"\n");
    watching.site.write("captures/new/deep/trace.log", log("new", "first"));
    watching.shows("docs/new/deep.md", "new");
    fs::remove_dir_all(watching.site.path("captures/new")).unwrap();
    watching.says("removed docs/new/deep.md");
    assert!(!watching.site.exists("docs/new"));

    // Another folder in the place of all captures.
    fs::rename(watching.site.path("captures"), watching.site.path("away")).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(watching.site.exists("docs/a.md"));
    fs::rename(watching.site.path("away"), watching.site.path("captures")).unwrap();
    watching.site.write("captures/a/page.md", "# Back\n\n{{ rest }}\n");
    watching.shows("docs/a.md", "# Back");
    watching.site.write("captures/b/page.md", "# Still\n\n{{ rest }}\n");
    watching.shows("docs/b.md", "# Still");
}

#[test]
fn an_error_is_told_once_and_the_next_save_mends_it() {
    let watching = Watching::new(written(&["a", "b"]));
    watching.site.write("captures/a/page.md", "# Broken\n\n{{ nobody }}\n");
    watching.says("nobody");
    watching.says("1 failed");
    watching.site.write("captures/b/page.md", "# Other\n\n{{ rest }}\n");
    let line = watching.lines.recv_timeout(LONG).unwrap();
    assert!(line.starts_with("1 written"), "the error was told again: {line}");
    watching.site.write("captures/a/page.md", "# Mended\n\n{{ rest }}\n");
    watching.shows("docs/a.md", "# Mended");
    watching.says("0 failed");
}

#[test]
fn nothing_to_do_touches_nothing_and_takes_no_time() {
    let site = written(&["a", "b"]);
    site.renders();
    // A file of the same moment as the cache is read again, and the cache is as good as it was.
    site.renders();
    let before = stamps(&site.path("docs"));
    site.renders();
    assert_eq!(stamps(&site.path("docs")), before);

    let watching = Watching::new(site);
    let worked = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", watching.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    std::thread::sleep(Duration::from_millis(300));
    let started = worked();
    std::thread::sleep(Duration::from_secs(2));
    // In ticks, of which a second has a hundred.
    assert!(worked() - started <= 5, "it renders all the time");
    assert_eq!(stamps(&watching.site.path("docs")), before);
}
