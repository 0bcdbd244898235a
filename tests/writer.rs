//! The writer as a user meets it: what is written, what is left alone, and what is removed.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

use support::{Ran, Site, entry, is_root, log, skip};

const SNIPPETS: [&str; 4] = ["body.md", "diagram.md", "index.md", "log.md"];

/// Inode, size and times of every page.
fn stamps(site: &Site) -> BTreeMap<String, (u64, u64, i64, i64, i64)> {
    let stamp = |name: &String| {
        let m = fs::metadata(site.path("docs").join(name)).unwrap();
        (m.ino(), m.size(), m.mtime(), m.mtime_nsec(), m.ctime_nsec())
    };
    site.pages().keys().map(|name| (name.clone(), stamp(name))).collect()
}

/// Big captures, all of one word: a page that mixes two words is not whole.
fn write_corpus(site: &Site, captures: usize, word: &str) {
    for n in 0..captures {
        let name = format!("c{n}");
        let body = format!("{word}\n").repeat(2_000);
        let log: String = (0..8).map(|id| entry(&name, &id.to_string(), body.trim_end(), word)).collect();
        site.write(&format!("captures/{name}/trace.log"), log);
    }
}

/// What `eject` writes is what docgen does: each file of it, made a person's own by a comment, gives the same
/// page, also where a diagram is too long for mermaid to be drawn at once.
#[test]
fn templates_that_were_ejected_lay_out_the_same_pages() {
    let site = Site::new();
    let long = "a-rather-long-name/".repeat(8);
    for layout in ["page", "snippets", "exchanges"] {
        let entry = |id: u32| entry(&format!("{layout}/{long}{id}"), &id.to_string(), "x", "x");
        site.write(&format!("captures/{layout}/trace.log"), (0..250).map(entry).collect::<String>());
        site.write(
            &format!("captures/{layout}/capture.toml"),
            format!("layout = '{layout}'\nlinks = true\n"),
        );
    }
    let ran = site.renders();
    assert_eq!(ran.err.matches("the diagram is drawn in 2 parts").count(), 3, "{}", ran.err);
    let pages = site.pages();
    let ejected = Command::new(env!("CARGO_BIN_EXE_docgen"))
        .args(["templates", "eject", "--to", "captures/templates"])
        .current_dir(site.root())
        .output()
        .unwrap();
    let said = String::from_utf8(ejected.stderr).unwrap();
    let is_template = |name: &&str| name.ends_with(".md");
    for name in said.lines().filter_map(|line| line.strip_prefix("wrote ")).filter(is_template) {
        site.write(name, site.read(name).replacen('\n', "{# mine #}\n", 1));
    }
    site.write("captures/docgen.toml", "templates = 'templates'\n");
    site.renders();
    assert_eq!(site.pages(), pages);
}

/// Ten moments of a run; `scripts/kill-render N` has it killed at N.
#[test]
fn a_page_is_old_or_new_and_whole_whenever_docgen_is_killed() {
    const CAPTURES: usize = 12;
    let rounds: u32 = std::env::var("DOCGEN_KILLS").map_or(10, |count| count.parse().unwrap());
    let site = Site::new();
    let made = |word: &str| {
        write_corpus(&site, CAPTURES, word);
        let _ = fs::remove_dir_all(site.path("docs"));
        let started = Instant::now();
        site.renders();
        (site.pages(), started.elapsed())
    };
    let (odd, _) = made("odd");
    let (even, whole_run) = made("even");
    assert_eq!(odd.len(), CAPTURES * 4);

    let (mut killed, mut cut_off) = (0, 0);
    for round in 0..rounds {
        let is_odd = round % 2 == 0;
        write_corpus(&site, CAPTURES, if is_odd { "odd" } else { "even" });
        let is_new = round % 5 == 4;
        if is_new {
            fs::remove_dir_all(site.path("docs")).unwrap();
        }
        let mut child = site.command(&["--quiet"]).spawn().unwrap();
        // Moments spread evenly over a run, in no order: the multiples of the golden ratio.
        std::thread::sleep(whole_run.mul_f64((f64::from(round) * 0.618_034).fract()));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let (new, old) = if is_odd { (&odd, &even) } else { (&even, &odd) };
        let pages = if site.exists("docs") { site.pages() } else { BTreeMap::new() };
        for (name, bytes) in &pages {
            assert!(*bytes == odd[name] || *bytes == even[name], "{name} is neither old nor new");
        }
        assert!(is_new || pages.len() == new.len(), "round {round}: a page is gone");
        let news =
            pages.iter().filter(|(name, bytes)| new[*name] == **bytes && old[*name] != **bytes).count();
        cut_off += u32::from(news > 0 && news < new.len());
        // Whatever the killed run wrote is docgen's own: the next one has nothing to say about it, also
        // where it has to write something else.
        let is_other = round % 3 == 0;
        if is_other {
            write_corpus(&site, CAPTURES, if is_odd { "even" } else { "odd" });
        }
        let ran = site.renders();
        assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
        assert!(site.pages() == *if is_other { old } else { new }, "round {round}");
        let left: Vec<_> = site.files("docs/.docgen").into_keys().collect();
        assert_eq!(left, [".gitattributes", ".gitignore", "cache", "manifest"]);
    }
    let _ = std::io::Write::write_fmt(
        &mut std::io::stderr(),
        format_args!(
            "{rounds} runs: {killed} killed in time, {cut_off} of them between the first page and the last; no torn page, each repaired by the next run\n"
        ),
    );
    assert!(killed * 4 > rounds, "only {killed} of {rounds} runs were killed in time");
}

#[test]
fn a_page_that_is_as_it_should_be_is_not_touched() {
    let site = Site::with(&["a", "b/c"]);
    site.renders().says("8 written, 0 unchanged, 0 removed, 0 failed");
    let before = stamps(&site);
    site.renders().says("0 written, 8 unchanged, 0 removed, 0 failed");
    fs::remove_file(site.path("docs/.docgen/cache")).unwrap();
    site.renders().says("0 written, 8 unchanged, 0 removed, 0 failed");
    assert_eq!(stamps(&site), before);

    site.write("captures/a/trace.log", log("a", "second"));
    site.renders();
    let after = stamps(&site);
    assert!(before.iter().filter(|(name, _)| name.starts_with("b/")).all(|(name, was)| after[name] == *was));
    assert_ne!(after["a/log.md"], before["a/log.md"]);
}

/// A cache that vouches for content that no run has seen is believed: so nothing is read again.
#[test]
fn a_second_run_reads_and_renders_nothing() {
    let site = Site::with(&["a"]);
    // Long enough ago that a stamp says everything.
    std::thread::sleep(Duration::from_millis(60));
    site.renders();
    let cache = site.read("docs/.docgen/cache");
    let stamp = || {
        let m = fs::metadata(site.path("captures/a/trace.log")).unwrap();
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        let (modified, changed) = (nanos(m.mtime(), m.mtime_nsec()), nanos(m.ctime(), m.ctime_nsec()));
        format!("\t{}\t{modified}\t{changed}\t{}\t", m.size(), m.ino())
    };
    let before = stamp();
    assert!(cache.contains(&before), "{cache}");
    site.write("captures/a/trace.log", log("a", "other"));
    let forged = cache.replace(&before, &stamp());
    std::thread::sleep(Duration::from_millis(60));
    site.write("docs/.docgen/cache", forged);
    let pages = site.pages();
    site.renders().says("0 written, 4 unchanged, 0 removed, 0 failed");
    assert_eq!(site.pages(), pages);
    // And without it, the other content is noticed.
    fs::remove_file(site.path("docs/.docgen/cache")).unwrap();
    site.renders();
    assert!(site.read("docs/a/log.md").contains("other"));
}

#[test]
fn a_foreign_file_is_named_and_left_alone() {
    let site = Site::with(&["a", "b"]);
    site.write("docs/a/body.md", "mine\n");
    let ran = site.render(&[]);
    ran.complains(&["`docs/a/body.md` is in the way: it was not written by docgen", "--force"]);
    assert_eq!(site.read("docs/a/body.md"), "mine\n");
    assert!(site.exists("docs/b/index.md"), "the other pages are written");
    // It stays so in the next run, and in a check.
    site.render(&[]).complains(&["docs/a/body.md"]);
    site.render(&["--check"]).complains(&["docs/a/body.md"]);
    assert_eq!(site.read("docs/a/body.md"), "mine\n");

    assert_eq!(site.render(&["--force"]).status, 0);
    assert_ne!(site.read("docs/a/body.md"), "mine\n");
    site.renders().says("0 written, 8 unchanged, 0 removed, 0 failed");
}

/// What happens to a site between two runs.
type Change<'a> = &'a dyn Fn(&Site);

#[test]
fn a_hand_edit_is_named_and_left_alone() {
    let edit = "docs/a/index.md";
    let without_cache = |site: &Site| fs::remove_file(site.path("docs/.docgen/cache")).unwrap();
    let with_new_trace = |site: &Site| site.write("captures/a/trace.log", log("a", "second"));
    let cases: [(&str, Change<'_>); 3] = [
        ("the capture is as it was", &|_| {}),
        ("there is no cache, as in a fresh clone", &without_cache),
        ("the capture is new", &with_new_trace),
    ];
    for (case, change) in cases {
        let site = Site::with(&["a"]);
        site.renders();
        let edited = site.read(edit) + "by hand\n";
        site.write(edit, &edited);
        change(&site);
        site.render(&[])
            .complains(&["`docs/a/index.md` was edited by hand since docgen wrote it", "page.md"]);
        assert_eq!(site.read(edit), edited, "{case}");
        // Nor is it forgotten by the run that named it.
        site.render(&[]).complains(&["was edited by hand"]);
        assert_eq!(site.render(&["--force"]).status, 0);
        assert!(!site.read(edit).contains("by hand"), "{case}");
    }
}

#[test]
fn a_file_whose_times_were_put_back_is_looked_at() {
    for file in ["captures/a/trace.log", "docs/a/log.md"] {
        let site = Site::with(&["a"]);
        std::thread::sleep(Duration::from_millis(60));
        site.renders();
        let times = fs::metadata(site.path(file)).unwrap().modified().unwrap();
        let changed = site.read(file).replace("first", "third");
        fs::write(site.path(file), changed).unwrap();
        fs::File::options().append(true).open(site.path(file)).unwrap().set_modified(times).unwrap();
        let ran = site.render(&[]);
        assert!(!ran.err.contains("0 written, 4 unchanged"), "{file}: {}", ran.err);
    }
}

/// No time between them: what is written in the very tick of the run before is noticed too.
#[test]
fn a_change_in_the_tick_of_the_last_run_is_noticed() {
    let site = Site::with(&["a"]);
    for round in 0..40 {
        let word = ["third", "first"][round % 2];
        fs::write(site.path("captures/a/trace.log"), log("a", word)).unwrap();
        site.renders();
        assert!(site.read("docs/a/log.md").contains(word), "round {round}");
    }
}

#[test]
fn pages_of_captures_that_are_gone_go_with_their_folders() {
    let site = Site::with(&["keep", "keep too", "x/y/gone", "x/edited"]);
    site.renders();
    site.write("docs/x/mine.md", "mine\n");
    site.write("docs/x/edited/index.md", "edited\n");
    fs::remove_dir_all(site.path("captures/x")).unwrap();

    let ran = site.render(&["--check"]);
    ran.complains(&["docs/x/edited/index.md"]);
    assert!(ran.out.contains("--- a/x/y/gone/body.md\n+++ /dev/null\n"), "{}", ran.out);
    assert!(site.exists("docs/x/y/gone/index.md"));

    let ran = site.render(&[]);
    ran.complains(&["docs/x/edited/index.md", "edited by hand"]);
    ran.says("0 written, 8 unchanged, 7 removed, 1 failed");
    assert!(!site.exists("docs/x/y"), "empty folders go");
    let left: Vec<_> = site.pages().into_keys().filter(|name| name.starts_with("x/")).collect();
    assert_eq!(left, ["x/edited/index.md", "x/mine.md"]);
    // The edited one stays named until somebody decides.
    site.render(&[]).complains(&["docs/x/edited/index.md"]);
    assert_eq!(site.render(&["--force"]).status, 0);
    assert_eq!(site.pages().into_keys().filter(|name| name.starts_with("x/")).count(), 1);
    assert_eq!(site.read("docs/x/mine.md"), "mine\n");
}

#[test]
fn the_last_capture_goes_too() {
    let site = Site::with(&["a"]);
    site.renders();
    fs::remove_dir_all(site.path("captures/a")).unwrap();
    // That is rather a wrong folder: nothing goes before somebody says that it should.
    site.render(&[]).complains(&["there is no capture below `captures`", "--prune"]);
    site.render(&["--check"]).complains(&["there is no capture below `captures`"]);
    assert_eq!(site.pages().len(), 4);
    let ran = site.render(&["--prune"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.says("0 written, 0 unchanged, 4 removed, 0 failed");
    assert!(ran.err.contains("removed docs/a/index.md: no capture makes it any more"), "{}", ran.err);
    assert!(site.pages().is_empty() && !site.exists("docs/a") && site.exists("docs"));
}

/// A capture that cannot be rendered keeps the page that it had.
#[test]
fn a_failed_capture_keeps_its_old_page() {
    let site = Site::with(&["a"]);
    site.renders();
    let pages = site.pages();
    site.write("captures/a/capture.toml", "layout = 3\n");
    site.render(&[]).complains(&["captures/a/capture.toml:1:10"]);
    assert_eq!(site.pages(), pages);
    fs::remove_file(site.path("captures/a/capture.toml")).unwrap();
    site.renders().says("0 written, 4 unchanged, 0 removed, 0 failed");
}

#[test]
fn a_change_of_layout_takes_the_old_files_away() {
    let site = Site::with(&["a/b"]);
    site.renders();
    site.write("captures/docgen.toml", "layout = \"page\"\n");
    site.renders().says("1 written, 0 unchanged, 4 removed, 0 failed");
    assert_eq!(site.pages().into_keys().collect::<Vec<_>>(), ["a/b.md"]);
    site.write("captures/docgen.toml", "layout = \"snippets\"\n");
    site.renders().says("4 written, 0 unchanged, 1 removed, 0 failed");
    assert_eq!(site.pages().into_keys().collect::<Vec<_>>(), SNIPPETS.map(|name| format!("a/b/{name}")));
}

#[test]
fn a_check_writes_nothing_at_all() {
    let site = Site::with(&["a"]);
    let ran = site.render(&["--check"]);
    ran.complains(&[]);
    ran.says("4 stale, 0 up to date, 0 failed");
    assert!(ran.out.contains("--- /dev/null\n+++ b/a/index.md\n@@ -0,0 +1,"), "{}", ran.out);
    assert!(!site.exists("docs"), "not even the folder");

    site.renders();
    let everything = site.files(".");
    assert_eq!(site.render(&["--check"]).status, 0);
    site.write("captures/a/trace.log", log("a", "second"));
    let ran = site.render(&["--check"]);
    ran.complains(&[]);
    assert!(ran.out.contains("--- a/a/log.md\n+++ b/a/log.md\n"), "{}", ran.out);
    assert!(ran.out.contains("\n-    X-Word: first\n+    X-Word: second\n"), "{}", ran.out);
    ran.says("2 stale, 2 up to date, 0 failed");
    site.write("captures/a/trace.log", log("a", "first"));
    assert_eq!(site.files("."), everything);
}

fn committed(captures: &[&str]) -> Site {
    let site = Site::with(captures);
    site.renders();
    site.git(&["init", "--quiet"]);
    site.git(&["add", "--all"]);
    site.git(&["commit", "--quiet", "-m", "all"]);
    site
}

#[test]
fn a_fresh_clone_renders_without_a_word() {
    let origin = committed(&["a", "b/c"]);
    let clone = Site::new();
    clone.git(&["clone", "--quiet", &origin.root().display().to_string(), "clone"]);
    let here = |arguments: &[&str]| {
        let mut command = clone.command(arguments);
        Ran::from(command.current_dir(clone.path("clone")).output().unwrap())
    };
    assert!(!clone.exists("clone/docs/.docgen/cache") && clone.exists("clone/docs/.docgen/manifest"));
    here(&[]).says("0 written, 8 unchanged, 0 removed, 0 failed");
    assert_eq!(clone.git(&["-C", "clone", "status", "--porcelain", "--ignored=no"]), "");
    assert_eq!(here(&["--quiet"]).err, "");
    // Without even the manifest, what is there is adopted.
    fs::remove_dir_all(clone.path("clone/docs/.docgen")).unwrap();
    here(&[]).says("0 written, 8 unchanged, 0 removed, 0 failed");
    assert_eq!(clone.git(&["-C", "clone", "status", "--porcelain"]), " M docs/.docgen/manifest\n");
    assert_eq!(clone.read("clone/docs/.docgen/manifest").matches("\tadopted\n").count(), 8);
}

#[test]
fn two_branches_do_not_conflict_over_bookkeeping() {
    let site = committed(&["a", "b", "c"]);
    let on_branch = |branch: &str, captures: &[&str]| {
        site.git(&["checkout", "--quiet", "-b", branch, "main"]);
        for capture in captures {
            site.write(&format!("captures/{capture}/trace.log"), log(capture, branch));
        }
        site.renders();
        site.git(&["add", "--all"]);
        site.git(&["commit", "--quiet", "-m", branch]);
    };
    // Neighbours in the manifest, new ones at the same place, and one that both bring alike.
    on_branch("left", &["a", "aa"]);
    site.write("captures/same/trace.log", log("same", "same"));
    site.renders();
    site.git(&["add", "--all"]);
    site.git(&["commit", "--quiet", "-m", "same"]);
    on_branch("right", &["b", "ab"]);
    site.write("captures/same/trace.log", log("same", "same"));
    fs::remove_dir_all(site.path("captures/c")).unwrap();
    site.renders();
    site.git(&["add", "--all"]);
    site.git(&["commit", "--quiet", "-m", "same"]);

    site.git(&["merge", "--quiet", "-m", "merge", "left"]);
    let ran = site.renders();
    ran.says("0 written, 20 unchanged, 0 removed, 0 failed");
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    // The merged manifest is docgen's again: no line twice, none of what is gone.
    let manifest = site.read("docs/.docgen/manifest");
    assert_eq!(manifest.lines().filter(|line| line.contains('\t')).count(), 20, "{manifest}");
    // Both sides' pages are docgen's to replace.
    for capture in ["a", "aa", "ab", "b", "same"] {
        site.write(&format!("captures/{capture}/trace.log"), log(capture, "after"));
    }
    site.renders();
}

#[test]
fn the_same_bytes_whatever_the_machine() {
    let site = Site::with(&["a", "b", "c/ü", "c/한국", "d", "e"]);
    site.write("captures/docgen.toml", "profile = \"openstack\"\n");
    site.write("captures/a/capture.toml", "layout = \"page\"\ncommand = \"openstack image list\"\n");
    site.renders();
    let pages = site.pages();
    let manifest = site.read("docs/.docgen/manifest");
    let again = |set: &dyn Fn(&mut Command) -> &mut Command| {
        fs::remove_dir_all(site.path("docs")).unwrap();
        let mut command = site.command(&[]);
        set(&mut command);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(site.pages() == pages, "{:?}", site.pages().keys());
        assert_eq!(site.read("docs/.docgen/manifest"), manifest);
    };
    for jobs in ["1", "2", "8"] {
        again(&|command| command.args(["--jobs", jobs]));
    }
    for locale in ["C", "ko_KR.UTF-8", "tr_TR.UTF-8"] {
        again(&|command| command.env("LC_ALL", locale).env("LANG", locale));
    }
    again(&|command| command.env("TZ", "Pacific/Kiritimati"));
    again(&|command| command.env_clear());
    // Other ways to say the same folders.
    let absolute = |name: &str| site.path(name).display().to_string();
    let elsewhere = |captures: &str, docs: &str, cwd: &std::path::Path, before: &str| {
        fs::remove_dir_all(site.path("docs")).unwrap();
        let script = format!("{before}; exec \"$0\" render \"$1\" \"$2\" --quiet");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_docgen"), captures, docs])
            .current_dir(cwd)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(site.pages() == pages, "{:?}", site.pages().keys());
        assert_eq!(site.read("docs/.docgen/manifest"), manifest);
    };
    elsewhere(&absolute("captures"), &absolute("docs"), "/".as_ref(), "umask 077");
    elsewhere("./captures/", "captures/../docs/", site.root(), "umask 000");
    elsewhere("../a/..", "../../docs", &site.path("captures/a"), "true");
}

#[test]
fn what_a_page_is_made_from_makes_it_anew_and_no_other() {
    let site = Site::with(&["one/a", "one/b", "two/c"]);
    site.write("captures/docgen.toml", "locale = \"en\"\n");
    site.write("captures/one/docgen.toml", "templates = \"tpl\"\n");
    site.write("captures/one/tpl/snippets/heading.md", "{{ message.number }} HEAD");
    site.write("captures/two/docgen.toml", "profile = \"mine.toml\"\n");
    site.write("captures/two/mine.toml", "name = \"mine\"\n");
    let ran = site.render(&[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    ran.says("12 written, 0 unchanged, 0 removed, 0 failed");
    assert!(site.read("docs/one/a/body.md").contains("### 1 HEAD"));

    let changed = |file: &str, content: &str, expected: &[&str]| {
        let before = site.pages();
        site.write(file, content);
        site.renders();
        let after = site.pages();
        let changed: Vec<&str> =
            after.iter().filter(|(name, page)| before[*name] != **page).map(|(name, _)| &name[..]).collect();
        assert_eq!(changed, expected, "after a change of {file}");
    };
    changed(
        "captures/one/tpl/snippets/heading.md",
        "{{ message.number }} OTHER",
        &["one/a/body.md", "one/b/body.md"],
    );
    // A template that was not there; and one that is no default but an include of one.
    changed("captures/one/tpl/snippets/log.md", "LOG\n", &["one/a/log.md", "one/b/log.md"]);
    changed("captures/one/b/capture.toml", "title = \"Bee\"\n", &["one/b/index.md"]);
    changed(
        "captures/two/mine.toml",
        "name = \"mine\"\n[[participant]]\nid = \"images\"\naliases = [\"glance\"]\n",
        &["two/c/diagram.md"],
    );
    let all =
        ["one/a", "one/b", "two/c"].map(|page| [format!("{page}/body.md"), format!("{page}/diagram.md")]);
    let all: Vec<&str> = all.iter().flatten().map(String::as_str).collect();
    changed("captures/docgen.toml", "locale = \"en\"\nquery = true\n", &all);
    // One that was not there.
    changed("captures/two/c/docgen.toml", "query = false\n", &["two/c/body.md", "two/c/diagram.md"]);
}

#[test]
fn what_is_no_file_in_the_place_of_a_page_is_left_alone() {
    let site = Site::with(&["a", "b", "c", "d"]);
    site.write("docs/b", "a file in the place of a folder\n");
    fs::create_dir_all(site.path("docs/c/index.md")).unwrap();
    fs::create_dir_all(site.path("docs/a")).unwrap();
    site.write("elsewhere.md", "mine\n");
    symlink("../../elsewhere.md", site.path("docs/a/index.md")).unwrap();
    symlink("nowhere", site.path("docs/a/log.md")).unwrap();
    let ran = site.render(&[]);
    ran.complains(&[
        "`docs/a/index.md` is in the way: a symbolic link is in its place",
        "`docs/a/log.md` is in the way: a symbolic link is in its place",
        "`docs/b` is in the way: it is no folder, and pages belong in one of this name",
        "`docs/c/index.md` is in the way: a folder is in its place",
    ]);
    assert_eq!(site.read("elsewhere.md"), "mine\n");
    assert!(site.exists("docs/d/index.md"));
    // With force the links go, and what they lead to stays; a folder is not removed by any word.
    let ran = site.render(&["--force"]);
    ran.complains(&["docs/b", "docs/c/index.md"]);
    assert_eq!(site.read("elsewhere.md"), "mine\n");
    assert!(!site.path("docs/a/index.md").is_symlink() && !site.path("docs/a/log.md").is_symlink());
    assert!(!site.exists("docs/a/nowhere") && site.path("docs/c/index.md").is_dir());
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let site = Site::with(&["a"]);
    site.write("docs", "a file\n");
    site.render(&[]).complains(&["docs"]);
    assert_eq!(site.read("docs"), "a file\n");

    if is_root() {
        return skip("permissions do not stop root");
    }
    let site = Site::with(&["a", "b"]);
    site.renders();
    let set_mode = |path: &str, mode| {
        fs::set_permissions(site.path(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    site.write("captures/a/trace.log", log("a", "second"));
    site.write("captures/b/trace.log", log("b", "second"));
    set_mode("docs/a", 0o500);
    let ran = site.render(&[]);
    set_mode("docs/a", 0o700);
    ran.complains(&["docs/a/"]);
    assert!(site.read("docs/b/log.md").contains("second"));
    set_mode("captures/a/trace.log", 0o000);
    site.render(&[]).complains(&["cannot read", "captures/a/trace.log"]);
}

#[test]
fn names_may_be_anything_that_a_file_system_takes() {
    let names =
        ["A Page", "Upper", "한국어/이미지", "a#b", "-dash", "it's", "a&b", "x[1]", "%41", "a.b", "$HOME"];
    let site = Site::with(&names);
    site.renders().says(&format!("{} written, 0 unchanged, 0 removed, 0 failed", names.len() * 4));
    for name in names {
        assert!(site.exists(&format!("docs/{name}/index.md")), "{name}");
    }
    site.renders().says(&format!("0 written, {} unchanged, 0 removed, 0 failed", names.len() * 4));
    for name in names {
        fs::remove_dir_all(site.path(&format!("captures/{name}"))).unwrap();
    }
    site.render(&["--prune"]);
    assert!(site.pages().is_empty());

    let site = Site::with(&["new\nline"]);
    site.render(&[]).complains(&["cannot name a page", "rename it"]);
}

#[test]
fn the_captures_own_folder_may_be_a_capture() {
    let site = Site::with(&[".", "a"]);
    site.renders();
    assert_eq!(site.pages().into_keys().filter(|name| !name.contains('/')).collect::<Vec<_>>(), SNIPPETS);
    site.write("captures/capture.toml", "layout = \"page\"\n");
    site.renders();
    assert_eq!(site.pages().into_keys().filter(|name| !name.contains('/')).collect::<Vec<_>>(), ["index.md"]);
}

#[test]
fn two_captures_of_one_file_are_named() {
    for (outer, inner, settings) in [
        ("a/", "a/index", "snippets"),
        ("a/", "a/log", "snippets"),
        ("", "index", "page"),
        ("", "log", "snippets"),
    ] {
        let site = Site::with(&[inner, "other"]);
        site.write(&format!("captures/{outer}trace.log"), log("outer", "outer"));
        site.write(&format!("captures/{inner}/capture.toml"), "layout = \"page\"\n");
        site.write(&format!("captures/{outer}capture.toml"), format!("layout = \"{settings}\"\n"));
        for jobs in ["1", "8"] {
            site.render(&["--jobs", jobs]).complains(&["the same file", inner, "rename one"]);
            assert!(site.read(&format!("docs/{outer}index.md")).contains("#"), "the outer one is written");
            assert!(site.exists("docs/other/index.md"));
        }
    }
}

#[test]
fn two_traces_of_one_capture_are_named() {
    let site = Site::with(&["a", "b"]);
    site.write("captures/a/trace.har", "{}");
    site.render(&[]).complains(&["captures/a/trace.har", "two traces"]);
    assert!(!site.exists("docs/a") && site.exists("docs/b/index.md"));
}

/// Two at the same time: one waits, and neither spoils the other's work.
#[test]
fn two_runs_at_once_leave_one_result() {
    let site = Site::new();
    write_corpus(&site, 8, "odd");
    let runs: Vec<_> = (0..4).map(|_| site.command(&["--quiet"]).spawn().unwrap()).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let pages = site.pages();
    fs::remove_dir_all(site.path("docs")).unwrap();
    site.renders();
    assert_eq!(site.pages(), pages);
}

#[test]
fn a_trace_that_a_merge_left_in_two_versions_is_no_trace() {
    let site = Site::with(&["a", "b"]);
    site.renders();
    let (before, trace) = (site.pages(), site.read("captures/a/trace.log"));
    site.write("captures/a/trace.log", format!("<<<<<<< HEAD\n{trace}=======\n{trace}>>>>>>> other\n"));
    let ran = site.render(&[]);
    ran.complains(&["the trace has conflict markers", "captures/a/trace.log:1:1", "git checkout --ours"]);
    assert_eq!(site.pages(), before);
}
