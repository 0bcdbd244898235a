//! The readers over the logs that were recorded for this project.

use std::path::{Path, PathBuf};

use docgen::source::{self, Format};

fn logs(name: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logs");
    let mut found: Vec<_> = walkdir::WalkDir::new(root)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.to_string_lossy().contains(name) && path.extension().is_some_and(|e| e == "log"))
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

#[test]
fn every_real_requestshook_log_reads_whole() {
    for log in logs("requestshook.log") {
        let text = std::fs::read_to_string(&log).unwrap();
        let read = source::read(&log, text.clone().into_bytes());
        assert_eq!(read.format, Some(Format::Requestshook));
        assert!(read.diagnostics.is_empty(), "{:?}", read.diagnostics);
        assert!(read.trace.gaps.is_empty());
        let heads = text.lines().filter(|line| line.starts_with("### (")).count();
        assert_eq!(read.trace.exchanges.len() * 2, heads, "{}", log.display());
        assert!(read.trace.exchanges.iter().all(|exchange| exchange.response.is_some()));
    }
}
