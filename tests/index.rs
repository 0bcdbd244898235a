//! An index: the page that lists all captures of a folder, over time.
#![allow(clippy::unwrap_used, reason = "all of this is a test")]

mod support;

use support::{Site, log};

fn site() -> Site {
    let site = Site::with(&["os/image/list", "os/image/show", "other"]);
    site.write("captures/os/index.toml", "title = 'OpenStack'\n");
    site
}

const INDEX: &str = "docs/os/index.md";

#[test]
fn an_index_follows_its_captures_and_is_written_only_then() {
    let site = site();
    site.renders();
    let first = site.read(INDEX);
    assert!(first.contains("[os image list](./image/list/index.md): 2 calls"), "{first}");
    assert!(!first.contains("other"), "{first}");
    site.renders().says("0 written, 13 unchanged, 0 removed, 0 failed");

    // One that is made from the cache is listed as before, and one that changed as it is now.
    site.write("captures/os/image/list/capture.toml", "title = 'another'\ndescription = 'Why.'\n");
    site.renders();
    let second = site.read(INDEX);
    assert!(second.contains("[another](./image/list/index.md): 2 calls\n\n    Why.\n"), "{second}");
    assert!(second.contains("[os image show]"), "{second}");

    site.write("captures/os/image/more/trace.log", log("more", "x"));
    std::fs::remove_dir_all(site.path("captures/os/image/show")).unwrap();
    site.renders();
    let third = site.read(INDEX);
    assert!(third.contains("image/more") && !third.contains("image/show"), "{third}");
    assert_eq!(site.render(&["--check"]).status, 0);

    std::fs::remove_file(site.path("captures/os/index.toml")).unwrap();
    site.renders();
    assert!(!site.exists(INDEX));
}

#[test]
fn what_a_page_begins_with_is_listed() {
    let site = site();
    let describe = |text: &str| {
        site.write(
            "captures/os/image/list/page.md",
            format!("# {{{{ title }}}}\n\n{text}\n\n{{{{ rest }}}}\n"),
        );
        site.renders();
        let index = site.read(INDEX);
        let (_, entry) = index.split_once("[os image list]").unwrap();
        let (entry, _) = entry.split_once("- [os image show]").unwrap();
        entry.lines().skip(1).collect::<Vec<_>>().join("\n").trim().to_owned()
    };
    assert_eq!(describe("Lists *images*, as `ls` does. More."), "Lists *images*, as `ls` does.");
    // From here a link would lead elsewhere.
    assert_eq!(describe("See [show](../show/index.md) or 1 * 2 * 3."), "See show or 1 &ast; 2 &ast; 3.");
    assert_eq!(describe("With {{ title }} one asks."), "");
    site.write("captures/os/index.toml", "title = 'OpenStack'\nlocale = 'ko'\n");
    assert_eq!(describe("Lists images."), "Lists images.\n    {: lang=en }");
}

#[test]
fn an_index_that_comes_later_lists_what_was_made_before() {
    let site = Site::with(&["a", "b/c"]);
    site.renders();
    site.write("captures/index.toml", "");
    site.renders();
    let index = site.read("docs/index.md");
    assert!(index.contains("\n# Commands\n") && index.contains("](./b/c/index.md)"), "{index}");
}

#[test]
fn a_capture_that_fails_stays_listed_as_its_page_is() {
    let site = site();
    site.renders();
    let before = site.read(INDEX);
    site.write("captures/os/image/show/capture.toml", "layuot = 'page'\n");
    assert_eq!(site.render(&[]).status, 1);
    assert_eq!(site.read(INDEX), before);
}

#[test]
fn a_page_of_somebody_elses_is_not_replaced() {
    let site = site();
    site.write(INDEX, "# Mine\n");
    site.render(&[]).complains(&["docs/os/index.md", "was not written by docgen"]);
    assert_eq!(site.read(INDEX), "# Mine\n");
}
