//! Files as a commit has them, by the `git` program.
//!
//! Two of its commands are run: `ls-tree` lists what a commit holds, `cat-file` gives objects. Neither runs a
//! hook or a filter, nor fetches what a partial clone lacks. What this leaves out: everything that git can do
//! besides.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::error::{Error, ErrorKind, Result};
use crate::files::LARGEST_TRACE;

/// The files of a commit below a path.
#[derive(Debug)]
pub(super) struct Commit {
    rev: String,
    /// The names of the files below the path, with their objects; the path itself, if it is a file, is
    /// called by its own name.
    pub(super) files: Vec<(String, String)>,
    /// Answers for one object after the other.
    objects: Option<Objects>,
}

#[derive(Debug)]
struct Objects {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It ends with its input; there is nothing to be said of how.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Commit {
    /// What the commit `rev` has at `path`, which may be gone by now.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where git cannot be run, `path` is in no repository, or there is no such commit.
    pub(super) fn open(rev: &str, path: &Path) -> Result<Commit> {
        let absolute = std::path::absolute(path).map_err(|error| Error::io("find", path, error))?;
        let folder = absolute.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
        let below = absolute.strip_prefix(folder).unwrap_or(Path::new(""));
        let resolved = run(
            folder,
            &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{rev}^{{commit}}")],
        );
        let commit = match resolved {
            Ok(commit) => commit.trim_ascii().to_owned(),
            Err(Failed::NotRun(error)) => {
                return Err(Error::new(ErrorKind::Io, format!("`git` cannot be run: {error}"))
                    .hint("`--git` asks the program git for a commit's files; it has to be installed"));
            }
            Err(Failed::Refused(said)) if said.is_empty() => {
                return Err(Error::new(ErrorKind::Io, format!("there is no commit `{rev}`"))
                    .hint("name a branch, a tag, a hash, or HEAD"));
            }
            Err(Failed::Refused(said)) => return Err(refused(&said)),
        };
        let pathspec = if below.as_os_str().is_empty() { Path::new(".") } else { below };
        let listed = run(folder, &["ls-tree", "-r", "-z", &commit, "--", &pathspec.to_string_lossy()])
            .map_err(|failed| match failed {
                Failed::Refused(said) => refused(&said),
                Failed::NotRun(error) => refused(&error.to_string()),
            })?;
        let files = listed.split('\0').filter_map(|line| {
            let (about, name) = line.split_once('\t')?;
            // A link is a blob, too, and leads wherever it does.
            let object = about.strip_prefix("100644 blob ").or(about.strip_prefix("100755 blob "))?;
            let name = Path::new(name);
            let of_path = name.strip_prefix(below).ok()?;
            let own = Path::new(name.file_name()?);
            let of_path = if of_path.as_os_str().is_empty() { own } else { of_path };
            Some((of_path.to_str()?.replace(std::path::MAIN_SEPARATOR, "/"), object.to_owned()))
        });
        let files: Vec<(String, String)> = files.collect();
        let objects = (!files.is_empty()).then(|| Objects::open(folder)).transpose()?;
        Ok(Commit { rev: rev.to_owned(), files, objects })
    }

    /// The content of a file.
    pub(super) fn read(&mut self, object: &str, name: &str) -> Result<Vec<u8>> {
        let lost = |error: &dyn std::fmt::Display| {
            Error::new(ErrorKind::Io, format!("git gives no `{name}` of `{}`: {error}", self.rev))
        };
        let objects = self.objects.as_mut().ok_or_else(|| lost(&"there is none"))?;
        objects.read(object).map_err(|error| lost(&error))
    }

    /// How an error names a file.
    pub(super) fn shown(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("{}:{name}", self.rev))
    }
}

impl Objects {
    fn open(folder: &Path) -> Result<Objects> {
        let failed = |error: std::io::Error| refused(&error.to_string());
        let mut child = git(folder)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(refused("it has no input"));
        };
        Ok(Objects { child, input, output: BufReader::new(output) })
    }

    fn read(&mut self, object: &str) -> std::io::Result<Vec<u8>> {
        writeln!(self.input, "{object}")?;
        self.input.flush()?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        let length = answer.trim_end().rsplit_once(' ').and_then(|(_, length)| length.parse::<u64>().ok());
        let wrong = |message: String| std::io::Error::new(std::io::ErrorKind::InvalidData, message);
        let length = length.ok_or_else(|| wrong(answer.trim_end().to_owned()))?;
        if length > LARGEST_TRACE {
            return Err(wrong(format!("it has {length} bytes, and docgen reads at most {LARGEST_TRACE}")));
        }
        let mut bytes = Vec::new();
        self.output.by_ref().take(length).read_to_end(&mut bytes)?;
        self.output.read_exact(&mut [0])?;
        Ok(bytes)
    }
}

enum Failed {
    NotRun(std::io::Error),
    /// What it printed on standard error.
    Refused(String),
}

fn run(folder: &Path, arguments: &[&str]) -> std::result::Result<String, Failed> {
    let output = git(folder).args(arguments).stdin(Stdio::null()).output().map_err(Failed::NotRun)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failed::Refused(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "core.fsmonitor=false", "--literal-pathspecs"]);
    // A git that does not know the first would ask the remote of a partial clone, by a program that its
    // configuration names.
    command
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "none")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C");
    command
}

fn refused(said: &str) -> Error {
    let said = said.strip_prefix("fatal: ").unwrap_or(said);
    Error::new(ErrorKind::Io, format!("git says: {}", said.lines().next().unwrap_or_default()))
}
