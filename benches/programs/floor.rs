//! The least that any renderer does: reads all captures and writes as many bytes to as many files.
//!
//! `floor CAPTURES OUT PLAN`: PLAN has a line `BYTES PATH` for each file to write below OUT (made from what
//! docgen wrote). One thread, one buffer for all reading, one for all writing, no thought about what is in
//! them. What a renderer takes beyond this is what it does with the text.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let [captures, out, plan] = std::env::args_os()
        .skip(1)
        .map(PathBuf::from)
        .collect::<Vec<_>>()
        .try_into()
        .expect("floor CAPTURES OUT PLAN");
    let mut buffer = Vec::new();
    read_all(&captures, &mut buffer)?;
    write_all(&out, &fs::read_to_string(plan)?)
}

/// Reads every file below `folder`, each over the one before.
fn read_all(folder: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            read_all(&entry.path(), buffer)?;
        } else {
            buffer.clear();
            File::open(entry.path())?.read_to_end(buffer)?;
        }
    }
    Ok(())
}

fn write_all(out: &Path, plan: &str) -> io::Result<()> {
    const CHUNK: usize = 256 * 1024;
    let text = vec![b'x'; CHUNK];
    let mut made = BTreeSet::new();
    for line in plan.lines() {
        let (bytes, path) = line.split_once(' ').expect("BYTES PATH");
        let path = out.join(path);
        let folder = path.parent().expect("a path below OUT");
        if made.insert(folder.to_path_buf()) {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&path)?;
        let mut left: usize = bytes.parse().expect("BYTES is a number");
        while left > 0 {
            let now = left.min(CHUNK);
            file.write_all(&text[..now])?;
            left -= now;
        }
    }
    Ok(())
}
