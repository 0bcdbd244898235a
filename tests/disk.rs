//! What a stranger's repository cannot do: lead docgen out of the folders that the user named, have it
//! believe what is not so, or lose pages.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use support::{Ran, Site, is_root, log, skip};

/// docgen with these arguments, where a run that waits for a pipe ends with status 124.
fn docgen(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = Command::new("timeout");
    command.args(["20", env!("CARGO_BIN_EXE_docgen")]).args(arguments);
    command.current_dir(site.root()).env("NO_COLOR", "1");
    Ran::from(command.output().unwrap())
}

fn link(site: &Site, to: &str, at: &str) {
    let path = site.path(at);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = fs::remove_file(&path);
    symlink(to, path).unwrap();
}

fn pipe(site: &Site, at: &str) {
    fs::create_dir_all(site.path(at).parent().unwrap()).unwrap();
    assert!(Command::new("mkfifo").arg(site.path(at)).status().unwrap().success());
}

/// All that is in a folder, links as such.
fn tree(site: &Site, folder: &str) -> Vec<String> {
    let entries = walkdir::WalkDir::new(site.path(folder)).min_depth(1).sort_by_file_name();
    let shown = |entry: walkdir::DirEntry| {
        let name = entry.path().strip_prefix(site.root()).unwrap().display().to_string();
        let content = if entry.file_type().is_file() { fs::read(entry.path()).unwrap() } else { Vec::new() };
        format!("{name} {:?} {}", entry.file_type(), String::from_utf8_lossy(&content))
    };
    entries.into_iter().map(|entry| shown(entry.unwrap())).collect()
}

/// A site whose neighbour `outside` is somebody's own, and has to stay as it is.
fn with_outside(captures: &[&str]) -> (Site, Vec<String>) {
    let site = Site::with(captures);
    site.write("outside/keep.md", "mine\n");
    site.write("outside/tmp-mine/note", "mine\n");
    site.write("outside/tmp-note", "mine\n");
    site.write("outside/deep/index.md", "mine\n");
    site.write("outside/trace.log", log("outside", "OUTSIDE"));
    site.write("outside/page.md", "OUTSIDE\n");
    let outside = tree(&site, "outside");
    (site, outside)
}

#[test]
fn docgens_own_folder_is_no_link() {
    for target in ["../outside", "real", "nowhere", "/dev/null"] {
        let (site, outside) = with_outside(&["a"]);
        site.write("docs/real/x.md", "x\n");
        link(&site, target, "docs/.docgen");
        for arguments in [&[][..], &["--force", "--prune"], &["--check"]] {
            site.render(arguments).complains(&["`docs/.docgen` is no folder", "remove it"]);
        }
        docgen(&site, &["check", "captures", "docs"]).complains(&["`docs/.docgen` is no folder"]);
        assert_eq!(tree(&site, "outside"), outside, "{target}");
        assert!(!site.exists("docs/a"), "{target}");
    }
}

/// A committed link `journal` to `~/.bashrc` made docgen append what a shell then ran.
#[test]
fn docgens_own_files_are_no_links() {
    for name in ["journal", "manifest"] {
        for target in ["../../outside/keep.md", "../../outside/new", "../../outside", "/dev/zero"] {
            let (site, outside) = with_outside(&["touch pwned;#"]);
            link(&site, target, &format!("docs/.docgen/{name}"));
            for arguments in [&[][..], &["--force", "--prune"], &["--check"]] {
                let ran = docgen(&site, &[&["render", "captures", "docs"], arguments].concat());
                ran.complains(&[&format!("`docs/.docgen/{name}` is no regular file")]);
            }
            assert_eq!(tree(&site, "outside"), outside, "{name} to {target}");
        }
        let site = Site::with(&["a"]);
        pipe(&site, &format!("docs/.docgen/{name}"));
        docgen(&site, &["render", "captures", "docs"]).complains(&["is no regular file"]);
    }
    // What these hold matters to nobody: they are replaced, or let be.
    for name in ["cache", "lock", "tmp-1-1", ".gitignore"] {
        for target in ["../../outside/keep.md", "../../outside", "../../outside/new", "/dev/zero"] {
            let (site, outside) = with_outside(&["a"]);
            link(&site, target, &format!("docs/.docgen/{name}"));
            let ran = docgen(&site, &["render", "captures", "docs"]);
            assert!(ran.status == 0 || ran.err.contains("is no regular file"), "{name}: {}", ran.err);
            assert_eq!(tree(&site, "outside"), outside, "{name} to {target}");
        }
    }
}

#[test]
fn no_page_is_written_or_removed_behind_a_link_that_leads_out() {
    let (site, outside) = with_outside(&["a", "b/c/d", "e"]);
    link(&site, "../outside", "docs/a");
    link(&site, "../../outside", "docs/b/c");
    link(&site, &site.path("outside").display().to_string(), "docs/deep");
    let ran = site.render(&[]);
    ran.complains(&[
        "`docs/a` is a symbolic link that leads out of `docs`",
        "`docs/b/c` is a symbolic link that leads out of `docs`",
    ]);
    assert_eq!(ran.err.matches("leads out").count(), 2, "one cause, one message: {}", ran.err);
    assert!(site.exists("docs/e/index.md"), "the others are written");
    // Lines of the manifest that vouch for files behind it: that of an empty file has a known digest.
    site.write("outside/empty.md", "");
    let outside_now = tree(&site, "outside");
    let manifest = site.read("docs/.docgen/manifest");
    let lines = ["a/keep.md", "a/empty.md", "a/deep/index.md", "deep/keep.md", "../outside/empty.md"]
        .map(|page| format!("{page}\t99aa06d3014798d86001c324468d497f\n"));
    for arguments in [&[][..], &["--force"], &["--force", "--prune"], &["--check"]] {
        site.write("docs/.docgen/manifest", manifest.clone() + &lines.concat());
        let ran = site.render(arguments);
        ran.complains(&["leads out of `docs`", "docs/.docgen/manifest:", "this is the path of no page"]);
        assert!(!ran.out.contains("mine"), "{}", ran.out);
        assert_eq!(tree(&site, "outside"), outside_now, "{arguments:?}");
    }
    assert_eq!(outside.len() + 1, outside_now.len());
}

#[test]
fn the_docs_folder_itself_may_be_a_link() {
    let site = Site::with(&["a"]);
    fs::create_dir_all(site.path("elsewhere/pages")).unwrap();
    fs::rename(site.path("captures"), site.path("elsewhere/captures")).unwrap();
    link(&site, "elsewhere/pages", "docs");
    link(&site, "elsewhere/captures", "captures");
    site.renders().says("4 written, 0 unchanged, 0 removed, 0 failed");
    assert!(site.exists("elsewhere/pages/a/index.md"));
    // And a link in it that stays below.
    fs::rename(site.path("docs/a"), site.path("docs/b")).unwrap();
    link(&site, "b", "docs/a");
    site.write("captures/a/trace.log", log("a", "second"));
    site.renders();
    assert!(site.read("docs/b/log.md").contains("second") && site.path("docs/a").is_symlink());
}

#[test]
fn a_manifest_names_pages_only() {
    let digest = "99aa06d3014798d86001c324468d497f";
    for path in
        ["../victim.md", "/tmp/x.md", ".git/x.md", ".docgen/x.md", "a/../../victim.md", "victim", "./a.md"]
    {
        let site = Site::with(&["a"]);
        site.renders();
        site.write("victim.md", "");
        site.write("docs/victim", "");
        site.write("docs/.git/x.md", "");
        site.write(
            "docs/.docgen/manifest",
            format!("{}{path}\t{digest}\n", site.read("docs/.docgen/manifest")),
        );
        site.render(&["--check"]).complains(&["docs/.docgen/manifest:6:1", "no page"]);
        site.render(&["--force", "--prune"]).complains(&["docs/.docgen/manifest:6:1", "no page"]);
        for file in ["victim.md", "docs/victim", "docs/.git/x.md"] {
            assert!(site.exists(file), "{path} took {file}");
        }
        // The run that told it has written the manifest without it.
        site.renders();
    }
}

/// The page is another, the manifest and the cache say that it is right, and it came by a clone.
#[test]
fn a_cache_that_came_with_a_clone_proves_nothing() {
    let site = Site::with(&["a"]);
    std::thread::sleep(std::time::Duration::from_millis(60));
    site.renders();
    let digest = |text: &str| format!("{:032x}", twox_hash::XxHash3_128::oneshot(text.as_bytes()));
    let old = site.read("docs/a/index.md");
    let new = format!("{old}\n<script>alert(1)</script>\n");
    site.write("docs/a/index.md", &new);
    for file in ["docs/.docgen/manifest", "docs/.docgen/cache"] {
        let forged = site.read(file).replace(&digest(&old), &digest(&new));
        let forged = forged.replace(&format!("o\t{}\t", old.len()), &format!("o\t{}\t", new.len()));
        assert!(forged.contains(&digest(&new)));
        site.write(file, forged);
    }
    site.git(&["init", "--quiet"]);
    site.git(&["add", "--all", "--force"]);
    site.git(&["commit", "--quiet", "-m", "all"]);
    let clone = |how: &str| {
        let clone = Site::new();
        let from = site.root().display().to_string();
        let command = match how {
            "git" => vec!["git", "clone", "--quiet", &from, "clone"],
            // Also with the times of the files as they were.
            _ => vec!["cp", "-a", &from, "clone"],
        };
        let status = Command::new(command[0]).args(&command[1..]).current_dir(clone.root()).status();
        assert!(status.unwrap().success());
        clone
    };
    for how in ["git", "cp"] {
        let clone = clone(how);
        let here = |command: &[&str]| {
            let mut docgen = Command::new(env!("CARGO_BIN_EXE_docgen"));
            docgen.args(command).args(["captures", "docs"]).current_dir(clone.path("clone"));
            Ran::from(docgen.output().unwrap())
        };
        here(&["check"]).complains(&["this page is not what its capture says"]);
        let ran = here(&["render", "--check"]);
        ran.complains(&[]);
        assert!(ran.out.contains("-<script>alert(1)</script>"), "{how}: {}", ran.out);
        here(&["render"]).says("1 written, 3 unchanged, 0 removed, 0 failed");
        assert_eq!(clone.read("clone/docs/a/index.md"), old, "{how}");
        here(&["render"]).says("0 written, 4 unchanged, 0 removed, 0 failed");
    }
}

/// The cache of this very machine, which no clone can have, is not asked by a check either.
#[test]
fn a_check_compares_bytes() {
    let site = Site::with(&["a"]);
    std::thread::sleep(std::time::Duration::from_millis(60));
    site.renders();
    let was = fs::metadata(site.path("docs/a/log.md")).unwrap();
    let page = site.read("docs/a/log.md");
    site.write("docs/a/log.md", page.replace("first", "third"));
    let is = fs::metadata(site.path("docs/a/log.md")).unwrap();
    let stat = |m: &fs::Metadata| {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        format!("{}\t{}\t{}", nanos(m.mtime(), m.mtime_nsec()), nanos(m.ctime(), m.ctime_nsec()), m.ino())
    };
    std::thread::sleep(std::time::Duration::from_millis(60));
    let cache = site.read("docs/.docgen/cache").replace(&stat(&was), &stat(&is));
    site.write("docs/.docgen/cache", cache);
    site.renders().says("0 written, 4 unchanged, 0 removed, 0 failed");
    site.render(&["--check"]).complains(&["edited by hand"]);
    docgen(&site, &["check", "captures", "docs"]).complains(&["edited by hand"]);
}

#[test]
fn captures_are_read_through_no_link_that_leads_out() {
    for file in ["a/trace.log", "a/page.md", "a/body.md", "a/output.txt", "a/capture.toml", "docgen.toml"] {
        let file = &format!("captures/{file}");
        for target in ["/dev/zero", "/dev/tty", "../../outside/page.md", "/etc/passwd"] {
            let (site, outside) = with_outside(&["a", "b"]);
            site.renders();
            let pages = site.pages();
            link(&site, target, file);
            for command in [&["render"][..], &["render", "--check"], &["check"]] {
                let ran = docgen(&site, &[command, &["captures", "docs"]].concat());
                ran.complains(&[&format!("`{file}` is a symbolic link that leads out of `captures`")]);
                assert!(!ran.err.contains("OUTSIDE") && !ran.out.contains("OUTSIDE"), "{}", ran.err);
                assert_eq!(
                    ran.err.matches("symbolic link").count(),
                    1,
                    "one cause, one message: {}",
                    ran.err
                );
            }
            assert_eq!(site.pages(), pages, "{file}");
            for command in ["new", "update"] {
                docgen(&site, &[command, "captures/a", "--captures", "captures"]).complains(&["leads out"]);
            }
            assert_eq!(tree(&site, "outside"), outside);
        }
    }
}

#[test]
fn a_link_that_stays_below_the_captures_is_followed() {
    let site = Site::with(&["a", "b"]);
    link(&site, "../b/trace.log", "captures/a/trace.log");
    site.renders().says("8 written, 0 unchanged, 0 removed, 0 failed");
    assert_eq!(site.read("docs/a/log.md"), site.read("docs/b/log.md"));
    site.renders().says("0 written, 8 unchanged, 0 removed, 0 failed");
    site.write("captures/b/trace.log", log("b", "second"));
    site.renders();
    assert!(site.read("docs/a/log.md").contains("second"));
}

#[test]
fn what_is_no_file_costs_its_capture() {
    for name in ["trace.log", "page.md", "output.txt", "capture.toml"] {
        let site = Site::with(&["a", "b"]);
        let _ = fs::remove_file(site.path(&format!("captures/a/{name}")));
        pipe(&site, &format!("captures/a/{name}"));
        let ran = docgen(&site, &["render", "captures", "docs"]);
        ran.complains(&[&format!("`captures/a/{name}` is no regular file")]);
        assert!(site.exists("docs/b/index.md") && !site.exists("docs/a"));
        docgen(&site, &["check", "captures", "docs"]).complains(&["is no regular file"]);
    }
    // So large that it would fill the memory.
    let site = Site::with(&["a", "b"]);
    let sparse = |file: &str| {
        fs::create_dir_all(site.path(file).parent().unwrap()).unwrap();
        fs::File::create(site.path(file)).unwrap().set_len(1 << 40).unwrap();
    };
    sparse("captures/a/trace.log");
    sparse("captures/b/page.md");
    sparse("docs/c/body.md");
    site.write("captures/c/trace.log", log("c", "c"));
    let ran = docgen(&site, &["render", "captures", "docs"]);
    ran.complains(&[
        "a/trace.log` is larger than docgen reads: 2 GiB",
        "b/page.md` is larger than docgen reads: 64 MiB",
    ]);
    ran.complains(&["`docs/c/body.md` is in the way: it was not written by docgen"]);
}

#[test]
fn what_is_no_file_in_the_place_of_a_page_is_not_read() {
    let site = Site::with(&["a"]);
    link(&site, "/dev/zero", "docs/a/body.md");
    pipe(&site, "docs/a/log.md");
    for arguments in [&[][..], &["--check"]] {
        let ran = docgen(&site, &[&["render", "captures", "docs"], arguments].concat());
        ran.complains(&["`docs/a/body.md` is in the way: a symbolic link is in its place"]);
        ran.complains(&["`docs/a/log.md` is in the way: something else than a file is in its place"]);
    }
    docgen(&site, &["check", "captures", "docs"]).complains(&["docs/a/body.md"]);
    // The hint is true.
    let ran = docgen(&site, &["render", "captures", "docs", "--force"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(site.read("docs/a/log.md").contains("first"));
}

/// `--force` is promised where it helps, and only there.
#[test]
fn force_does_what_its_hint_says() {
    let site = Site::with(&["a", "b", "c"]);
    site.write("docs/a", "a file\n");
    fs::create_dir_all(site.path("docs/b/index.md")).unwrap();
    site.write("docs/c/body.md", "mine\n");
    let ran = site.render(&[]);
    ran.complains(&["`docs/a` is in the way: it is no folder, and pages belong in one of this name\n"]);
    assert_eq!(ran.err.matches("`docs/a").count(), 1, "one cause, one message: {}", ran.err);
    for message in ran.err.split("\n\n").filter(|message| message.contains("--force")) {
        assert!(message.contains("docs/c/body.md"), "{message}");
    }
    let ran = site.render(&["--force"]);
    assert!(!ran.err.contains("--force"), "{}", ran.err);
    assert_ne!(site.read("docs/c/body.md"), "mine\n");
}

/// A hard link is a file of its own name: what else it is called stays.
#[test]
fn a_hard_link_is_replaced_and_not_written_through() {
    let site = Site::with(&["a"]);
    site.renders();
    site.write("outside.md", site.read("docs/a/log.md"));
    fs::remove_file(site.path("docs/a/log.md")).unwrap();
    fs::hard_link(site.path("outside.md"), site.path("docs/a/log.md")).unwrap();
    let outside = site.read("outside.md");
    site.write("captures/a/trace.log", log("a", "second"));
    site.renders();
    assert!(site.read("docs/a/log.md").contains("second"));
    assert_eq!(site.read("outside.md"), outside);
}

#[test]
fn settings_name_files_of_the_project_only() {
    for (setting, file) in [
        ("profile = \"../secret.toml\"", "secret.toml"),
        ("profile = \"link.toml\"", "secret.toml"),
        ("profile = \"sub/../../secret.toml\"", "secret.toml"),
        ("templates = \"../tpl\"", "tpl/phrases/en.toml"),
        ("templates = \"tpl\"", "tpl/phrases/en.toml"),
        ("templates = \"own\"", "tpl/phrases/en.toml"),
    ] {
        let site = Site::with(&["a"]);
        site.write(file, "token = \"ghp_SECRET\"\n");
        link(&site, "../secret.toml", "captures/link.toml");
        link(&site, "../tpl", "captures/tpl");
        site.write("captures/own/page/page.md", "");
        link(&site, "../../../tpl/phrases/en.toml", "captures/own/phrases/en.toml");
        site.write("captures/docgen.toml", format!("{setting}\n"));
        for command in [&["render"][..], &["render", "--check"], &["check"]] {
            let ran = docgen(&site, &[command, &["captures", "docs"]].concat());
            let is_passed_over = setting.contains("own");
            assert!(is_passed_over || ran.status == 1, "{setting}: {}", ran.err);
            assert!(!ran.err.contains("SECRET") && !ran.err.contains("token"), "{setting}: {}", ran.err);
        }
    }
    let (device, absolute) = ("/dev/zero", "/etc/ssl/openssl.toml");
    let site = Site::with(&["a"]);
    link(&site, device, "captures/p.toml");
    site.write("captures/docgen.toml", "profile = \"p.toml\"\n");
    docgen(&site, &["render", "captures", "docs"])
        .complains(&["`captures/p.toml` is a symbolic link that leads out"]);
    site.write("captures/docgen.toml", format!("profile = \"{absolute}\"\n"));
    docgen(&site, &["render", "captures", "docs"])
        .complains(&["captures/docgen.toml:1:11", "is not below `captures`"]);
}

#[test]
fn a_folder_that_the_user_trusts_may_be_named() {
    let site = Site::with(&["a"]);
    site.write("shared/mine.toml", "name = \"mine\"\n");
    site.write("shared/tpl/snippets/log.md", "LOG\n");
    site.write("captures/docgen.toml", "profile = \"../shared/mine.toml\"\ntemplates = \"../shared/tpl\"\n");
    site.render(&[]).complains(&["`captures/../shared", "is not below `captures`", "--trust FOLDER"]);
    let ran = site.render(&["--trust", "shared"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(site.read("docs/a/log.md"), "LOG\n");
    assert_eq!(docgen(&site, &["check", "captures", "docs", "--trust", "shared"]).status, 0);
    // What is wrong in it is not repeated: it is the user's, and not the project's.
    site.write("shared/mine.toml", "password = \"hunter22\"\n");
    let ran = site.render(&["--trust", "shared"]);
    ran.complains(&["`captures/../shared/mine.toml` is not what the setting needs"]);
    assert!(!ran.err.contains("hunter22") && !ran.err.contains("password"), "{}", ran.err);
    // A docgen.toml above the captures makes the folder above the project's.
    site.write("shared/mine.toml", "name = \"mine\"\n");
    site.write("docgen.toml", "");
    site.renders();
}

#[test]
fn the_two_folders_are_two() {
    let site = Site::with(&["a"]);
    let before = tree(&site, ".");
    link(&site, "captures", "other-name");
    for docs in ["captures", "./captures/", "captures/a/..", "other-name"] {
        for command in [&["render"][..], &["render", "--check"], &["render", "--force"], &["check"]] {
            let ran = docgen(&site, &[command, &["captures", docs]].concat());
            assert_eq!(ran.status, 2, "{}", ran.err);
            assert!(ran.err.contains("are one folder"), "{}", ran.err);
        }
    }
    fs::remove_file(site.path("other-name")).unwrap();
    assert_eq!(tree(&site, "."), before);
}

#[test]
fn pages_below_the_captures_are_not_read_as_captures() {
    let site = Site::with(&["captures/image/a", "captures/image/b"]);
    fs::rename(site.path("captures/captures/image"), site.path("image")).unwrap();
    fs::remove_dir_all(site.path("captures")).unwrap();
    for _ in 0..3 {
        let ran = docgen(&site, &["render", ".", "docs"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
    }
    docgen(&site, &["render", ".", "docs"]).says("0 written, 8 unchanged, 0 removed, 0 failed");
    assert_eq!(site.pages().len(), 8);
    // A page source among the pages is no capture's.
    site.write("docs/image/a/trace.log", log("x", "x"));
    docgen(&site, &["render", ".", "docs"]).says("0 written, 8 unchanged, 0 removed, 0 failed");
}

#[test]
fn no_page_is_put_among_the_captures() {
    let site = Site::with(&["captures/a", "a"]);
    let before = site.files("captures");
    let ran = docgen(&site, &["render", "captures", "."]);
    ran.complains(&["the page `captures/a/", "would be a file among the captures", "captures/captures/a"]);
    assert_eq!(site.files("captures"), before);
    assert!(site.exists("a/index.md"), "the other page is written");
    // Nor is one removed there.
    site.write("captures/a/page.md", "");
    let manifest = site.read(".docgen/manifest") + "captures/a/page.md\t99aa06d3014798d86001c324468d497f\n";
    site.write(".docgen/manifest", manifest);
    docgen(&site, &["render", "captures", ".", "--force", "--prune"]);
    assert!(site.exists("captures/a/page.md"));
}

#[test]
fn pages_do_not_go_in_silence_or_in_numbers() {
    let site = Site::with(&["a", "b", "c"]);
    site.renders();
    let pages = site.pages();
    fs::create_dir(site.path("empty")).unwrap();
    site.write("other/z/trace.log", log("z", "z"));
    let all = tree(&site, "docs");
    for (captures, words) in [
        ("empty", "there is no capture below `empty`"),
        ("captures/a", "12 of the 12 pages below `docs` are of no capture below `captures/a`"),
        ("other", "12 of the 12 pages below `docs` are of no capture below `other`"),
    ] {
        for more in [&[][..], &["--force"], &["--check"]] {
            let ran = docgen(&site, &[&["render", captures, "docs"], more].concat());
            ran.complains(&[words, "--prune"]);
        }
        docgen(&site, &["check", captures, "docs"]).complains(&[words]);
    }
    assert_eq!(tree(&site, "docs"), all);
    assert_eq!(site.pages(), pages);
    // One of three goes, and is named, also where nobody wants to hear much.
    fs::remove_dir_all(site.path("captures/b")).unwrap();
    let ran = site.render(&["--quiet"]);
    assert_eq!(ran.status, 0);
    for page in ["body", "diagram", "index", "log"] {
        assert!(
            ran.err.contains(&format!("removed docs/b/{page}.md: no capture makes it any more")),
            "{}",
            ran.err
        );
    }
    assert_eq!(ran.err.lines().count(), 4, "{}", ran.err);
    let ran = docgen(&site, &["render", "other", "docs", "--prune"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(site.pages().keys().filter(|page| page.starts_with("z/")).count(), site.pages().len());
}

#[test]
fn a_trace_that_is_gone_beside_its_prose_is_told() {
    let site = Site::with(&["a", "b"]);
    site.renders();
    let pages = site.pages();
    site.write("captures/a/page.md", "# prose\n");
    // As git-annex does it.
    fs::rename(site.path("captures/a/trace.log"), site.path("annexed")).unwrap();
    link(&site, "../../annexed", "captures/a/trace.log");
    site.render(&[]).complains(&["`captures/a/trace.log` is a symbolic link that leads out of `captures`"]);
    docgen(&site, &["check", "captures", "docs"]).complains(&["captures/a/trace.log"]);
    assert_eq!(site.pages(), pages);
    fs::remove_file(site.path("captures/a/trace.log")).unwrap();
    for command in [&["render"][..], &["render", "--prune"], &["check"]] {
        docgen(&site, &[command, &["captures", "docs"]].concat())
            .complains(&["captures/a/page.md", "has a page source and no trace"]);
    }
    assert_eq!(site.pages(), pages);
}

#[test]
fn a_folder_of_captures_that_is_a_link_is_told_and_its_pages_stay() {
    let (site, outside) = with_outside(&["a", "b/c"]);
    site.renders();
    let pages = site.pages();
    fs::rename(site.path("captures/b"), site.path("moved")).unwrap();
    link(&site, "../moved", "captures/b");
    site.render(&["--prune"])
        .complains(&["`captures/b` is a symbolic link, and docgen looks for captures behind none"]);
    assert_eq!(site.pages(), pages);
    // Where no page is at stake, it is said, and no more.
    link(&site, "../outside", "captures/x");
    link(&site, "..", "captures/a/loop");
    fs::remove_file(site.path("captures/b")).unwrap();
    fs::rename(site.path("moved"), site.path("captures/b")).unwrap();
    let ran = site.renders();
    for link in ["captures/x", "captures/a/loop"] {
        assert!(ran.err.contains(&format!("warning: `{link}` is a symbolic link")), "{}", ran.err);
    }
    assert_eq!(tree(&site, "outside"), outside);
    assert_eq!(site.pages(), pages);
}

#[test]
fn an_odd_name_costs_its_capture_only() {
    let site = Site::with(&["a", "new\nline", "b"]);
    let odd = site.path("captures").join(OsStr::from_bytes(b"not-utf8-\xff"));
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("trace.log"), log("x", "x")).unwrap();
    fs::create_dir(site.path("captures").join(OsStr::from_bytes(b"no-capture-\xff"))).unwrap();
    let ran = site.render(&[]);
    ran.complains(&["cannot name a page", "rename it"]);
    assert_eq!(ran.err.matches("cannot name a page").count(), 2, "{}", ran.err);
    assert_eq!(site.pages().len(), 8);
    docgen(&site, &["check", "captures", "docs"]).complains(&["cannot name a page"]);
}

#[test]
fn a_folder_that_cannot_be_read_costs_what_is_in_it_only() {
    // So deep that no path leads there: what no permission stops root from.
    let site = Site::with(&["a", "b/c"]);
    site.renders();
    let pages = site.pages();
    let name = "d".repeat(200);
    let script = format!("cd captures && for i in $(seq 30); do mkdir {name} && cd {name} || exit 1; done");
    assert!(Command::new("bash").args(["-c", &script]).current_dir(site.root()).status().unwrap().success());
    let ran = site.render(&[]);
    ran.complains(&["cannot read captures/ddd", "File name too long"]);
    assert_eq!(site.pages(), pages);
    assert!(Command::new("rm").args(["-r", "captures"]).arg(&name).current_dir(site.root()).status().is_ok());

    if is_root() {
        return skip("permissions do not stop root");
    }
    fs::set_permissions(site.path("captures/b"), fs::Permissions::from_mode(0o000)).unwrap();
    let ran = site.render(&[]);
    fs::set_permissions(site.path("captures/b"), fs::Permissions::from_mode(0o700)).unwrap();
    ran.complains(&["cannot read captures/b"]);
    assert_eq!(site.pages(), pages);
}

#[test]
fn an_adopted_page_stays_its_writers() {
    let site = Site::with(&["a", "b", "c", "d"]);
    site.renders();
    let theirs = site.read("docs/a/index.md");
    fs::remove_dir_all(site.path("docs")).unwrap();
    site.write("docs/a/index.md", &theirs);
    site.renders().says("15 written, 1 unchanged, 0 removed, 0 failed");
    let manifest = site.read("docs/.docgen/manifest");
    let adopted: Vec<&str> = manifest.lines().filter(|line| line.ends_with("\tadopted")).collect();
    assert!(adopted.len() == 1 && adopted[0].starts_with("a/index.md\t"), "{manifest}");
    // docgen keeps it up to date, and says no more about it.
    site.write("captures/a/capture.toml", "title = \"Other\"\n");
    site.renders();
    assert!(site.read("docs/a/index.md").contains("Other"));
    assert!(site.read("docs/.docgen/manifest").contains("\tadopted\n"));
    // Its capture goes, and what docgen made beside it.
    fs::remove_dir_all(site.path("captures/a")).unwrap();
    let ran = site.renders();
    ran.says("0 written, 12 unchanged, 3 removed, 0 failed");
    assert!(ran.err.contains("warning: no capture makes `docs/a/index.md` any more"), "{}", ran.err);
    assert!(site.exists("docs/a/index.md") && !site.exists("docs/a/body.md"));
    assert!(!site.read("docs/.docgen/manifest").contains("a/index.md"));
    // From then on nobody speaks of it.
    assert_eq!(site.renders().err.lines().count(), 1);
    // One that docgen replaced by force is docgen's.
    site.write("docs/e/index.md", "old\n");
    site.write("captures/e/trace.log", log("e", "e"));
    assert_eq!(site.render(&["--force"]).status, 0);
    assert!(!site.read("docs/.docgen/manifest").contains("adopted"));
}

/// A manifest without marks, as every docgen before wrote it, reads as ever.
#[test]
fn an_old_manifest_reads_as_before() {
    let site = Site::with(&["a", "b"]);
    site.renders();
    assert!(!site.read("docs/.docgen/manifest").contains("adopted"));
    let before = site.read("docs/.docgen/manifest");
    fs::remove_file(site.path("docs/.docgen/cache")).unwrap();
    site.renders().says("0 written, 8 unchanged, 0 removed, 0 failed");
    assert_eq!(site.read("docs/.docgen/manifest"), before);
}

/// The cache knows the pages; that they are docgen's, only the manifest can say.
#[test]
fn a_cache_without_a_manifest_makes_no_page_docgens() {
    let site = Site::with(&["a", "b", "c"]);
    std::thread::sleep(std::time::Duration::from_millis(60));
    site.renders();
    fs::remove_file(site.path("docs/.docgen/manifest")).unwrap();
    site.renders().says("0 written, 12 unchanged, 0 removed, 0 failed");
    assert_eq!(site.read("docs/.docgen/manifest").matches("\tadopted\n").count(), 12);
    fs::remove_dir_all(site.path("captures/a")).unwrap();
    assert_eq!(site.renders().err.matches("it stays, since it was there before docgen").count(), 4);
    assert!(site.exists("docs/a/index.md"));
}

#[test]
fn secrets_in_pages_of_ones_own_are_told() {
    let site = Site::with(&["a"]);
    site.write("captures/a/trace.log", log("a", "x").replace("X-Word: x", "X-Auth-Token: hunter22"));
    site.renders();
    assert!(site.read("docs/a/log.md").contains("hunter22"));
    site.write("docs/mine.md", "# Mine\n\nOS_PASSWORD=hunter33\n");
    let ran = docgen(&site, &["check", "captures", "docs"]);
    ran.complains(&["docs/mine.md:3:13", "captures/a/trace.log:"]);
    assert!(
        !ran.err.contains("hunter") && !ran.err.contains("docs/a/"),
        "the page of a capture adds nothing: {}",
        ran.err
    );
}

/// What `stat` says of everything below a folder.
fn stats(site: &Site, folder: &str) -> BTreeMap<String, (u64, u64, i64, i64, i64, i64)> {
    let entries = walkdir::WalkDir::new(site.path(folder)).into_iter().map(Result::unwrap);
    let stat = |path: &Path| {
        let m = fs::symlink_metadata(path).unwrap();
        (m.ino(), m.size(), m.mtime(), m.mtime_nsec(), m.ctime(), m.ctime_nsec())
    };
    entries.map(|entry| (entry.path().display().to_string(), stat(entry.path()))).collect()
}

#[test]
fn a_run_with_nothing_to_do_changes_nothing() {
    let site = Site::with(&["a", "b/c"]);
    site.write("captures/docgen.toml", "templates = \"tpl\"\n");
    site.write("captures/tpl/snippets/log.md", "LOG\n");
    site.renders();
    let before = stats(&site, ".");
    for _ in 0..2 {
        site.renders().says("0 written, 8 unchanged, 0 removed, 0 failed");
        assert_eq!(stats(&site, "."), before, "not a time stamp either");
    }
    // A fresh clone gets its cache, and no more.
    fs::remove_file(site.path("docs/.docgen/cache")).unwrap();
    let manifest = stats(&site, "docs/.docgen/manifest");
    site.renders();
    assert_eq!(stats(&site, "docs/.docgen/manifest"), manifest);
    let before = stats(&site, ".");
    site.renders();
    assert_eq!(stats(&site, "."), before);
}

/// The file system itself takes no writes: root is stopped by that too.
#[test]
fn a_docs_folder_that_cannot_be_written_passes_where_nothing_is_to_do() {
    let site = Site::with(&["a"]);
    site.renders();
    fs::remove_file(site.path("docs/.docgen/cache")).unwrap();
    let script =
        "mount --bind docs docs && mount -o remount,bind,ro docs && exec \"$0\" render captures docs";
    let run = || {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", script, env!("CARGO_BIN_EXE_docgen")]);
        Ran::from(command.current_dir(site.root()).output().unwrap())
    };
    let ran = run();
    if ran.err.contains("unshare") || ran.err.contains("mount") {
        return skip("no folder can be mounted here");
    }
    ran.says("0 written, 4 unchanged, 0 removed, 0 failed");
    assert_eq!(ran.status, 0, "{}", ran.err);
    site.write("captures/a/trace.log", log("a", "second"));
    run().complains(&["docs/", "Read-only file system"]);
}

#[test]
fn drafts_and_imports_are_written_through_no_link_that_leads_out() {
    let labels = "layout = \"page\"\n";
    for (at, target, command) in [
        // Links that lead nowhere yet: a file would be made there.
        ("captures/a/page.md", "../../outside/made.md", &["new", "captures/a"][..]),
        ("captures/a/capture.toml", "../../outside/made.toml", &["new", "captures/a"]),
        ("captures/behind", "../outside", &["new", "captures/behind"]),
        ("captures/behind", "../outside", &["update", "captures/behind"]),
        ("captures/behind", "../outside", &["import", "hand.md", "captures/behind/made"]),
        ("captures/behind", "../outside", &["import", "hand.md", "captures/behind", "--force"]),
        ("captures/behind", "../outside", &["import", "t.log", "captures/behind/made"]),
        ("captures/sub/behind", "../../outside", &["import", "pages", "captures"]),
        ("tpl/page", "../outside", &["templates", "eject", "page/page.md", "--to", "tpl"]),
        ("tpl/page/page.md", "../../outside/made.md", &["templates", "eject", "page/page.md", "--to", "tpl"]),
    ] {
        let (site, outside) = with_outside(&["a"]);
        let hand = "# Hand\n\n## (1) GET /x\n\n``` http\nGET /x\n```\n";
        site.write("hand.md", hand);
        site.write("pages/sub/behind/x.md", hand);
        site.write("t.log", log("t", "t"));
        site.write("captures/docgen.toml", labels);
        link(&site, target, at);
        let ran = docgen(&site, command);
        assert_eq!(ran.status, 1, "{command:?}: {}", ran.err);
        assert_eq!(tree(&site, "outside"), outside, "{command:?}");
        assert!(site.path(at).is_symlink(), "{command:?}");
    }
    // What is left of a run that was killed, as a link: it goes, and what it leads to stays.
    for at in ["captures/.a.docgen-new", "captures/a/.docgen-new", "captures/a/page.md.new"] {
        let (site, outside) = with_outside(&["a"]);
        link(&site, if at.matches('/').count() == 1 { "../outside" } else { "../../outside" }, at);
        let ran = docgen(&site, &["new", "captures/a"]);
        assert_eq!(ran.status, 0, "{at}: {}", ran.err);
        assert!(site.exists("captures/a/page.md"));
        assert_eq!(tree(&site, "outside"), outside, "{at}");
    }
}

#[test]
fn an_import_reads_snippets_of_its_own_docs_folder() {
    let (site, outside) = with_outside(&[]);
    let page = "# Hand\n\n## (1) GET /x\n\n``` http\nGET /x\n```\n\n--8<-- \"hand/log.md\"\n--8<-- \"../outside/page.md\"\n";
    site.write("docs/hand/index.md", page);
    link(&site, "../../outside/page.md", "docs/hand/log.md");
    link(&site, "../outside/page.md", "docs/link.md");
    for arguments in
        [&["import", "docs/hand/index.md", "captures/x"][..], &["import", "docs", "captures/all"]]
    {
        let ran = docgen(&site, arguments);
        assert!(ran.err.contains("leads out of the docs folder"), "{}", ran.err);
    }
    for (name, content) in site.files("captures") {
        assert!(!String::from_utf8_lossy(&content).contains("OUTSIDE"), "{name}");
    }
    assert_eq!(tree(&site, "outside"), outside);
}

/// Every attack at once, under the eyes of strace.
#[test]
fn nothing_outside_is_touched_whatever_a_clone_holds() {
    let is_there = |program: &str| Command::new(program).arg("--version").output().is_ok();
    if !["strace", "python3", "git"].into_iter().all(is_there) {
        return skip("strace, python3 or git is missing (scripts/setup test installs strace)");
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/evil-clone");
    let ran =
        Ran::from(Command::new("python3").args([script, env!("CARGO_BIN_EXE_docgen")]).output().unwrap());
    if ran.err.contains("strace saw nothing") || ran.err.contains("PTRACE") {
        return skip("no program may be traced here");
    }
    assert_eq!((ran.status, &*ran.err), (0, ""), "{}", ran.out);
    assert!(ran.out.contains(" 0 findings"), "{}", ran.out);
}

/// A copy made of hard links shares the journal of a killed run; what docgen adds to its own is not in the copy.
#[test]
fn the_journal_of_a_copy_stays_as_it_is() {
    let site = Site::with(&["a"]);
    site.write("outside/journal", "mine\n");
    fs::create_dir_all(site.path("docs/.docgen")).unwrap();
    fs::hard_link(site.path("outside/journal"), site.path("docs/.docgen/journal")).unwrap();
    site.renders();
    assert_eq!(site.read("outside/journal"), "mine\n");
}

/// No file system has such names: the lines were kept, and each run failed because of them.
#[test]
fn a_manifest_line_of_a_name_that_nothing_can_have_is_told_once() {
    let site = Site::with(&["a"]);
    site.renders();
    let digest = "99aa06d3014798d86001c324468d497f";
    let (name, path) = ("n".repeat(300), "d/".repeat(3000));
    let manifest = site.read("docs/.docgen/manifest");
    site.write("docs/.docgen/manifest", format!("{manifest}{name}.md\t{digest}\n{path}e.md\t{digest}\n"));
    let ran = site.render(&[]);
    ran.complains(&["this is the path of no page"]);
    assert_eq!(ran.err.matches("error:").count(), 2, "{}", ran.err);
    assert_eq!(site.read("docs/.docgen/manifest"), manifest);
    site.renders();
}

/// A template that is left out in silence has docgen's own in its place.
#[test]
fn what_is_no_file_among_templates_is_told() {
    for (target, why) in [
        (Some("../../../outside/page.md"), "leads out of `captures`"),
        (Some("nowhere"), "no regular file"),
        (Some("."), "a folder, and no file"),
        (None, "no regular file"),
    ] {
        let (site, _) = with_outside(&["a"]);
        site.write("captures/docgen.toml", "templates = \"t\"\n");
        site.write("captures/t/snippets/note.txt", "");
        // An editor's mark.
        link(&site, "user@host.1", "captures/t/snippets/.#index.md");
        site.renders();
        match target {
            Some(target) => link(&site, target, "captures/t/snippets/index.md"),
            None => pipe(&site, "captures/t/snippets/index.md"),
        }
        docgen(&site, &["render", "captures", "docs"]).complains(&["captures/t/snippets/index.md", why]);
        assert!(!site.read("docs/a/index.md").contains("OUTSIDE"), "{target:?}");
    }
    // A folder of templates that is a link would be passed over whole.
    let (site, _) = with_outside(&["a"]);
    site.write("captures/docgen.toml", "templates = \"t\"\n");
    site.write("captures/other/index.md", "");
    link(&site, "../other", "captures/t/snippets");
    site.render(&[]).complains(&["`captures/t/snippets` is a folder, and no file"]);
}

#[test]
fn a_captures_folder_is_no_docs_folder() {
    let site = Site::with(&["a", "b"]);
    let ran = docgen(&site, &["render", "captures", "captures/a"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("`captures/a` is a capture's folder"), "{}", ran.err);
    assert!(!site.exists("captures/a/b") && !site.exists("captures/a/.docgen"));
}

#[test]
fn what_is_no_folder_in_the_place_of_the_docs_is_told() {
    let site = Site::with(&["a"]);
    site.write("file", "mine\n");
    link(&site, "nowhere", "dangling");
    for (docs, why) in [
        ("file", "`file` is no folder"),
        ("dangling", "`dangling` is a symbolic link that leads to no folder"),
    ] {
        docgen(&site, &["render", "captures", docs]).complains(&[why]);
    }
    assert!(!site.exists("nowhere"));
}

/// A name could hold a line that looks like a message of docgen's, or what a terminal obeys.
#[test]
fn a_name_forges_no_message_and_is_counted() {
    let site = Site::with(&["a", "b\nerror: forged\u{1b}[31m"]);
    let ran = site.render(&[]);
    ran.complains(&["b\\nerror: forged\\u{1b}[31m", "cannot name a page"]);
    assert!(!ran.err.contains("\nerror: forged") && !ran.err.contains('\u{1b}'), "{}", ran.err);
    assert!(ran.err.contains("1 failed") || ran.out.contains("1 failed"), "{} {}", ran.out, ran.err);
    // Named by the user: the place of an error about it.
    let ran = docgen(&site, &["new", "captures/b\nerror: forged\u{1b}[31m", "--captures", "captures"]);
    assert!(!ran.err.contains("\nerror: forged"), "{}", ran.err);
}

/// What a stranger's repository has in the place of a folder that docgen writes to by its name.
#[test]
fn nothing_is_written_or_promised_behind_a_link_that_leads_out() {
    let outside = tempfile::tempdir().unwrap();
    let site = Site::with(&["a"]);
    site.write("captures/a/capture.toml", "command = \"true\"\n");
    for name in ["templates", "captures/behind"] {
        std::os::unix::fs::symlink(outside.path(), site.path(name)).unwrap();
    }
    for (command, link) in [
        (&["templates", "eject"][..], "templates"),
        (&["templates", "eject", "--to", "./templates/inside"], "templates"),
        (&["capture", "captures", "behind/new", "--dry-run", "--", "true"], "captures/behind"),
        (&["capture", "captures", "behind/new", "--", "true"], "captures/behind"),
    ] {
        let ran = docgen(&site, command);
        ran.complains(&[&format!("{link}` is a symbolic link that leads out")]);
        assert_eq!((fs::read_dir(outside.path()).unwrap().count(), &*ran.out), (0, ""), "{command:?}");
    }
    let own = outside.path().join("own");
    assert_eq!(docgen(&site, &["templates", "eject", "--to", own.to_str().unwrap()]).status, 0);
}

#[test]
fn more_files_of_settings_above_each_other_than_anybody_needs_are_refused_once() {
    let site = Site::with(&["beside"]);
    let mut folder = String::from("captures");
    for depth in 0..70 {
        site.write(&format!("{folder}/docgen.toml"), format!("[vars]\nv{depth} = '{depth}'\n"));
        site.write(&format!("{folder}/c/trace.log"), log("c", "c"));
        folder.push_str("/d");
    }
    let ran = site.render(&[]);
    ran.complains(&["more than 64 files of settings", "/docgen.toml"]);
    assert_eq!(ran.err.matches("error").count(), 1, "{}", ran.err);
    assert!(site.exists("docs/beside") && site.exists(&format!("docs{}/c", "/d".repeat(63))));
    assert!(!site.exists(&format!("docs{}/c", "/d".repeat(64))));
}

/// One cause, one message, however many pages are concerned.
#[test]
fn what_stops_many_pages_is_told_once() {
    let site = Site::with(&["a/x", "a/y", "b"]);
    let checked = docgen(&site, &["check", "captures", "docs"]);
    checked.complains(&["there is no folder `docs`, and no page was rendered yet"]);
    assert!(checked.err.ends_with("1 found\n"), "{}", checked.err);
    if is_root() {
        return skip("no permissions stop root");
    }
    let set_mode = |folder: &str, mode| {
        fs::set_permissions(site.path(folder), fs::Permissions::from_mode(mode)).unwrap();
    };
    site.renders();
    for capture in ["a/x", "a/y", "b"] {
        site.write(&format!("captures/{capture}/trace.log"), log(capture, "second"));
    }
    for (folder, mode, told) in [
        ("docs/.docgen", 0o500, "cannot write to docs/.docgen"),
        ("docs/a", 0o000, "docs/a: Permission denied"),
        ("docs/a/x", 0o500, "cannot write to docs/a/x"),
    ] {
        set_mode(folder, mode);
        let ran = site.render(&[]);
        let checked = docgen(&site, &["check", "captures", "docs"]);
        set_mode(folder, 0o700);
        ran.complains(&[told]);
        assert_eq!(ran.err.matches("Permission denied").count(), 1, "{}", ran.err);
        assert!(checked.err.matches("Permission denied").count() <= 1, "{}", checked.err);
    }
}
