//! What a machine runs out of: room on a disk, threads, a reader of the output. Exit status 0, 1 or 2.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "all of this is a test")]

mod support;

use std::fs::{self, File};
use std::process::{Command, Stdio};

use support::{Site, log};

fn docgen() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.env("NO_COLOR", "1");
    command
}

/// A site with one capture whose pages are larger than 64 KiB, and one with small ones.
fn large_and_small() -> Site {
    let site = Site::with(&["small"]);
    let large: String = (0..400).map(|call| log("large", &format!("{call:0200}"))).collect();
    site.write("captures/large/trace.log", large);
    site
}

#[test]
fn more_threads_than_a_machine_has_are_no_trouble() {
    let names: Vec<String> = (0..40).map(|number| format!("c{number:02}")).collect();
    let site = Site::with(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let output = site.command(&["--jobs", "60000"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(names.iter().all(|name| site.exists(&format!("docs/{name}/index.md"))));
    assert_eq!(site.command(&["--jobs", "0"]).output().unwrap().status.code(), Some(2));
}

#[test]
fn a_limit_of_a_file_s_size_names_the_page_and_spares_the_others() {
    let site = large_and_small();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 32; exec \"$0\" render captures docs", env!("CARGO_BIN_EXE_docgen")]);
    let output = command.current_dir(site.root()).env("NO_COLOR", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("docs/large/") && told.contains("File too large"), "{told}");
    assert!(site.exists("docs/small/index.md") && !site.exists("docs/large/body.md"), "{told}");
}

#[test]
fn a_full_disk_names_the_page_and_spares_the_others() {
    let site = large_and_small();
    fs::create_dir(site.path("docs")).unwrap();
    let mount = |arguments: &[&str]| {
        let done = Command::new(arguments[0]).args(&arguments[1..]).current_dir(site.root()).output();
        done.is_ok_and(|done| done.status.success())
    };
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=64k", "docgen-test", "docs"]) {
        eprintln!("skipped: no small file system can be mounted here");
        return;
    }
    let output = site.command(&[]).output();
    let is_there = site.exists("docs/small/index.md");
    assert!(mount(&["umount", "docs"]));
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("docs/large/") && told.contains("No space left"), "{told}");
    assert!(is_there, "{told}");
}

/// Commands that print data.
const PRINTING: [&[&str]; 12] = [
    &["--help"],
    &["-h"],
    &["--version"],
    &["help"],
    &["help", "log"],
    &["templates", "eject", "--help"],
    &["log", "captures/a/trace.log"],
    &["render", "captures", "docs", "--check"],
    &["check", "captures", "docs", "--format", "json"],
    &["templates", "list"],
    &["completions", "bash"],
    &["man"],
];

#[test]
fn data_that_cannot_be_written_is_told() {
    let site = Site::with(&["a"]);
    for arguments in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = docgen().args(arguments).current_dir(site.root()).stdout(full).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert_eq!(told.matches("cannot write to standard output").count(), 1, "{arguments:?}: {told}");
    }
}

#[test]
fn a_reader_that_went_away_is_told_nothing() {
    let site = Site::with(&["a"]);
    for arguments in PRINTING {
        let mut command = docgen();
        command.args(arguments).current_dir(site.root()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code().is_some(), "{arguments:?}");
        assert!(!told.contains("standard output") && !told.contains("panicked"), "{arguments:?}: {told}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_trouble() {
    let site = large_and_small();
    let trace = site.path("captures/large/trace.log");
    let mut child =
        docgen().arg("log").arg(trace).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}
