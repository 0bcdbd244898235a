//! The least that finding out that nothing is to be done takes: walks folders and stats every file.
//!
//! `walk FOLDER…` prints how many files there are and their bytes together. One thread; nothing is opened.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

fn main() -> io::Result<()> {
    let (mut files, mut bytes) = (0u64, 0u64);
    for folder in std::env::args_os().skip(1) {
        walk(Path::new(&folder), &mut files, &mut bytes)?;
    }
    writeln!(io::stdout(), "{files} files, {bytes} bytes")
}

fn walk(folder: &Path, files: &mut u64, bytes: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            walk(&entry.path(), files, bytes)?;
        } else {
            *files += 1;
            *bytes += metadata.len();
        }
    }
    Ok(())
}
