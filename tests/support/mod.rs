//! A folder with captures and pages, and the real program run on it.
#![allow(clippy::unwrap_used, reason = "all of this is a test")]
#![allow(dead_code, reason = "each test file uses what it needs")]

pub(crate) mod ports;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own for one test, with `captures` and `docs` in it.
pub(crate) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Site {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("captures")).unwrap();
        Site { folder }
    }

    /// A site with captures of these paths, each a log of two exchanges that tell its path.
    pub(crate) fn with(captures: &[&str]) -> Site {
        let site = Site::new();
        for capture in captures {
            site.write(&format!("captures/{capture}/trace.log"), log(capture, "first"));
        }
        site
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.root().join(file)
    }

    pub(crate) fn write(&self, file: &str, content: impl AsRef<[u8]>) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        fs::read_to_string(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    pub(crate) fn exists(&self, file: &str) -> bool {
        self.path(file).symlink_metadata().is_ok()
    }

    /// `docgen render captures docs` with more arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(["render", "captures", "docs"]).args(arguments);
        command.current_dir(self.root()).env("NO_COLOR", "1");
        command
    }

    pub(crate) fn render(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Renders, which has to go well.
    #[track_caller]
    pub(crate) fn renders(&self) -> Ran {
        let ran = self.render(&[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        ran
    }

    /// All files of the docs folder but docgen's own bookkeeping, by name.
    pub(crate) fn pages(&self) -> BTreeMap<String, Vec<u8>> {
        let mut pages = self.files("docs");
        pages.retain(|name, _| !name.starts_with(".docgen/"));
        pages
    }

    /// All files below a folder, by name.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        files_below(&self.path(folder))
    }

    /// A command of git, which has to go well: its output.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"])
            .args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Checks the summary line, without the time.
    #[track_caller]
    pub(crate) fn says(&self, summary: &str) {
        let last = self.err.lines().last().unwrap_or_default();
        assert_eq!(last.rsplit_once(" in ").map(|(before, _)| before), Some(summary), "{}", self.err);
    }

    /// Checks that a person is asked for, with all of these words.
    #[track_caller]
    pub(crate) fn complains(&self, words: &[&str]) {
        assert_eq!(self.status, 1, "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is missing in:\n{}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Ran {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let status = output.status.code().unwrap_or(-1);
        Ran { status, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// A log in the requestshook format with two exchanges.
pub(crate) fn log(path: &str, word: &str) -> String {
    let path = &path.replace(char::is_whitespace, "%20");
    let mut log = entry(path, "1", "none", word);
    log.push_str(&entry(path, "2", "none", word));
    log
}

/// An exchange of such a log, with this id and this body of its response.
pub(crate) fn entry(path: &str, id: &str, body: &str, word: &str) -> String {
    format!(
        "\n### (client) REQ >>> (glance) : GET http://127.0.0.1/{path}?{word}\nAccept: */*\n\
         X-Requestshook-Request-Id: {id}\n\nnone\n\n\
         \n### (client) RESP <<< (glance) : 200 OK GET http://127.0.0.1/{path}?{word}\nX-Word: {word}\n\
         X-Requestshook-Request-Id: {id}\n\n{body}\n\n"
    )
}

/// Whether this runs as a user whom no permissions stop.
pub(crate) fn is_root() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "x").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o0)).unwrap();
    fs::read(&file).is_ok()
}

/// A folder of the project.
pub(crate) fn own(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// What the project's authors keep beside it; a test that has more to compare with there says where
/// it is missing.
pub(crate) fn shared(what: &str) -> Option<PathBuf> {
    let path = own("../shared").join(what);
    if !path.exists() {
        skip(&format!("there is no {}", path.display()));
        return None;
    }
    Some(path)
}

/// The folders of pages that were written by hand: the project's own, and those of its authors.
pub(crate) fn hand_written() -> Vec<PathBuf> {
    [Some(own("tests/fixtures/pages")), shared("seeds")].into_iter().flatten().collect()
}

/// Says on standard error that a test, or a part of one, does not run here.
pub(crate) fn skip(why: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// All files below a folder, by name.
pub(crate) fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap);
    entries
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(root).unwrap().display().to_string();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}
