//! `docgen rename` where files of a page are included: by a page of the same capture, by another, by a person's.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::process::Command;

use support::{Ran, Site};

#[test]
fn included_files_of_a_capture_follow_it() {
    let site = Site::with(&["image/parts", "image/show"]);
    let include = "--8<-- \"image/parts/body.md\"\n";
    site.write("captures/docgen.toml", "docs = \"../docs\"\n");
    site.write(
        "captures/image/parts/capture.toml",
        "layout = \"snippets\"\nsnippet_prefix = \"image/parts/\"\n",
    );
    site.write("captures/image/parts/page.md", format!("# Parts\n\n{{{{ diagram }}}}\n\n{include}"));
    site.write("captures/image/show/capture.toml", "layout = \"page\"\n");
    site.write("captures/image/show/page.md", format!("# Show\n\n{include}"));
    site.write("docs/guide.md", format!("# Guide\n\n{include}"));
    site.write("mkdocs.yaml", "site_name: x\nnav:\n  - image/parts/index.md\n");
    site.renders();
    let arguments = ["rename", "capture", "captures/image/parts", "captures/v2/pieces"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    let ran =
        Ran::from(command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1").output().unwrap());
    assert_eq!(ran.status, 0, "{}", ran.err);
    for told in ["docs/guide.md:3:9", "mkdocs.yaml:3:5"] {
        assert!(ran.err.contains(told), "{told}: {}", ran.err);
    }
    // That is most of the pages of so small a site.
    assert_eq!(site.render(&["--prune"]).status, 0);
    for page in ["docs/v2/pieces/index.md", "docs/image/show.md"] {
        let text = site.read(page);
        assert!(text.contains("--8<-- \"v2/pieces/body.md\"") && !text.contains("image/parts"), "{text}");
    }
    assert!(site.read("docs/v2/pieces/index.md").contains("--8<-- \"v2/pieces/diagram.md\""));
    assert!(site.exists("docs/v2/pieces/body.md") && !site.exists("docs/image/parts/body.md"));
    assert!(site.read("captures/v2/pieces/capture.toml").contains("snippet_prefix = \"v2/pieces/\""));
}
