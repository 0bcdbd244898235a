//! Cases as folders: what is in them, and what docgen makes of it.
//!
//! A case is a folder below `tests/cases/GROUP` with `captures/`, and beside it what a run
//! leaves: `docs/` (every file that docgen wrote but its own bookkeeping), `stderr.txt` and
//! `status.txt`. The folder `before/`, if there is one, is what the docs folder holds at the
//! start, and `arguments.txt` has arguments for `docgen render captures docs`, one a line. `needs.txt` names a
//! feature that docgen has to be built with, or with `no ` before it, without; elsewhere the case is ignored.
//! `UPDATE_CASES=1 cargo test --test cases` writes what comes out over what is expected.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut trials = Vec::new();
    for group in folders(&root) {
        // Those of `import` are pages, and tests/import.rs runs them.
        for case in folders(&group).into_iter().filter(|case| case.join("captures").is_dir()) {
            let name = case.strip_prefix(&root).unwrap().display().to_string();
            let is_ignored = !has_what_it_needs(&case);
            trials.push(Trial::test(name, move || check(&case)).with_ignored_flag(is_ignored));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Whether docgen was built as a case wants it.
fn has_what_it_needs(case: &Path) -> bool {
    let Ok(needs) = fs::read_to_string(case.join("needs.txt")) else { return true };
    let (feature, wanted) =
        needs.trim().strip_prefix("no ").map_or((needs.trim(), true), |name| (name, false));
    assert_eq!(feature, "svg", "{}: docgen has no such feature", case.display());
    cfg!(feature = "svg") == wanted
}

/// Runs a case on one thread and on several, twice, and compares.
fn check(case: &Path) -> Result<(), Failed> {
    let first = run(case, "1")?;
    let again = run(case, "4")?;
    if first != again {
        return Err("the pages depend on the number of threads".into());
    }
    if std::env::var_os("UPDATE_CASES").is_some() {
        return update(case, &first).map_err(Failed::from);
    }
    let expected = expected(case);
    let names = expected.keys().chain(first.keys()).collect::<std::collections::BTreeSet<_>>();
    for name in names {
        let (old, new) = (expected.get(name), first.get(name));
        if old != new {
            let text =
                |bytes: Option<&Vec<u8>>| String::from_utf8_lossy(bytes.map_or(&[], |b| b)).into_owned();
            let (old, new) = (text(old), text(new));
            let diff = similar::TextDiff::from_lines(&old, &new);
            let diff = diff.unified_diff().header("expected", "made").to_string();
            return Err(format!("{name} is not as expected (UPDATE_CASES=1 accepts it)\n{diff}").into());
        }
    }
    Ok(())
}

/// What a run leaves, by name: `docs/…`, `stderr.txt`, `status.txt`.
fn run(case: &Path, jobs: &str) -> Result<BTreeMap<String, Vec<u8>>, Failed> {
    let folder = tempfile::tempdir()?;
    copy(&case.join("captures"), &folder.path().join("captures"))?;
    if case.join("before").is_dir() {
        copy(&case.join("before"), &folder.path().join("docs"))?;
    }
    let arguments = fs::read_to_string(case.join("arguments.txt")).unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_docgen"))
        .args(["render", "captures", "docs", "--quiet", "--jobs", jobs])
        .args(arguments.lines())
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .output()?;
    let mut left = files(&folder.path().join("docs"), "docs/")?;
    left.retain(|name, _| !name.starts_with("docs/.docgen/"));
    left.insert("stderr.txt".into(), output.stderr);
    left.insert("stdout.txt".into(), output.stdout);
    left.insert("status.txt".into(), format!("{}\n", output.status.code().unwrap_or(-1)).into_bytes());
    left.retain(|name, bytes| match name.as_str() {
        "status.txt" => bytes != b"0\n",
        name => !(bytes.is_empty() && name.ends_with(".txt")),
    });
    Ok(left)
}

fn expected(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut expected = files(&case.join("docs"), "docs/").unwrap_or_default();
    for name in ["stderr.txt", "stdout.txt", "status.txt"] {
        if let Ok(bytes) = fs::read(case.join(name)) {
            expected.insert(name.into(), bytes);
        }
    }
    expected
}

fn update(case: &Path, made: &BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for name in expected(case).keys() {
        fs::remove_file(case.join(name))?;
    }
    for (name, bytes) in made {
        let file = case.join(name);
        fs::create_dir_all(file.parent().unwrap())?;
        fs::write(file, bytes)?;
    }
    Ok(())
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

fn files(root: &Path, prefix: &str) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in walkdir::WalkDir::new(root).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        let name = entry.path().strip_prefix(root).unwrap().display().to_string();
        files.insert(format!("{prefix}{name}"), fs::read(entry.path())?);
    }
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for (name, bytes) in files(from, "")? {
        let file = to.join(name);
        fs::create_dir_all(file.parent().unwrap())?;
        fs::write(file, bytes)?;
    }
    Ok(())
}
