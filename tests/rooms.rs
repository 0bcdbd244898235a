//! The rooms of `src` and the arrows between them, as `docs/architecture.md` says.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::own;

/// The rooms, from the highest down, as the architecture's table lists them. A room may use those
/// below it; those of the last row may use each other.
fn rooms() -> Vec<Vec<String>> {
    let text = fs::read_to_string(own("docs/architecture.md")).unwrap();
    let table = text.split("| Room | Does |").nth(1).expect("the table of rooms");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| `"));
    let names =
        |row: &str| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(names).collect()
}

/// A file of `src`: its room, and its code without comments and tests.
struct File {
    path: PathBuf,
    room: String,
    /// How many modules it is below the crate.
    depth: usize,
    code: String,
}

fn files() -> Vec<File> {
    let src = own("src");
    let entries = walkdir::WalkDir::new(&src).sort_by_file_name().into_iter().map(Result::unwrap);
    let rust = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "rs"));
    let file = |path: &Path| {
        let below = path.strip_prefix(&src).unwrap().with_extension("");
        let mut parts: Vec<String> = below.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
        let code: Vec<&str> = code.lines().map(|line| line.split("//").next().unwrap()).collect();
        File { path: path.to_owned(), room: parts[0].clone(), depth: parts.len(), code: code.join("\n") }
    };
    let all: Vec<File> = rust.map(|entry| file(entry.path())).collect();
    // The crate's own file names the rooms, the program's calls one of them.
    all.into_iter().filter(|file| !["lib", "main"].contains(&&*file.room)).collect()
}

/// The rooms that a file's code names in paths of the crate.
fn used(file: &File) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in file.code.match_indices("crate::") {
        let rest = &file.code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let name = name.trim();
            let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
            // What the crate's own file gives away again is of `error`.
            let is_type = name.starts_with(char::is_uppercase);
            rooms.insert(if is_type { "error" } else { &name[..end] }.to_owned());
        }
    }
    rooms
}

#[test]
fn every_file_is_in_a_room_and_every_room_is_there() {
    let listed: BTreeSet<String> = rooms().concat().into_iter().collect();
    let there: BTreeSet<String> = files().into_iter().map(|file| file.room).collect();
    assert_eq!(there, listed);
}

#[test]
fn a_room_uses_only_what_is_below_it() {
    let rooms = rooms();
    let floor = |room: &str| rooms.iter().position(|row| row.iter().any(|name| name == room));
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for file in files() {
        let own = floor(&file.room).unwrap();
        for room in used(&file).iter().filter(|room| **room != file.room) {
            arrows += 1;
            let is_down =
                floor(room).is_some_and(|floor| floor > own || floor == own && own == rooms.len() - 1);
            if !is_down {
                wrong.push(format!("{}: {} -> {room}", file.path.display(), file.room));
            }
        }
        // So many `super`s lead out of the room, past what this test sees.
        let out = "super::".repeat(file.depth);
        if file.code.contains(&out) {
            wrong.push(format!("{}: {out}", file.path.display()));
        }
    }
    assert!(arrows > 100, "only {arrows} arrows were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What only some rooms may do.
#[test]
fn only_some_rooms_see_the_world() {
    let rules: [(&[&str], &[&str]); 4] = [
        // Printing, exiting, arguments and the environment.
        (
            &["println!", "eprintln!", "print!(", "dbg!", "stdout()", "stderr()", "process::exit", "env::"],
            &["cli"],
        ),
        (&["async fn", "async move", ".await", "tokio::"], &["capture"]),
        (&["std::net", "TcpStream", "TcpListener", "rustls::"], &["capture"]),
        (
            &["std::fs", "fs::", "File::open", "WalkDir", "read_dir"],
            &["cli", "site", "capture", "files", "text_file"],
        ),
    ];
    let mut wrong = Vec::new();
    for file in files() {
        for (words, rooms) in rules.iter().filter(|(_, rooms)| !rooms.contains(&&*file.room)) {
            let is_word = |word: &&&str| {
                let starts = file.code.match_indices(**word);
                let boundary =
                    |at: usize| !file.code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                starts.into_iter().any(|(at, _)| boundary(at))
            };
            for word in words.iter().filter(is_word) {
                wrong.push(format!("{}: `{word}` is for {}", file.path.display(), rooms.join(", ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
