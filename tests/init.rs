//! `docgen init` and what `docgen check` says of a site's configuration, as a user types them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use support::{Ran, Site, log, own};

fn docgen(site: &Site, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
    command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1");
    Ran::from(command.output().unwrap())
}

/// A site with these files and nothing else.
fn site(files: &[(&str, &str)]) -> Site {
    let site = Site::new();
    fs::remove_dir(site.path("captures")).unwrap();
    files.iter().for_each(|(name, text)| site.write(name, text));
    site
}

const STYLE: &str = "docs/assets/stylesheets/docgen.css";
const MERMAID: &str = "docs/assets/javascripts/mermaid.min.js";

#[test]
fn a_new_site_renders_and_lacks_nothing() {
    let site = site(&[]);
    let ran = docgen(&site, &["init"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.ends_with("next: docgen render captures docs\n"), "{}", ran.err);
    let made = site.files(".");
    let again = docgen(&site, &["init"]);
    assert_eq!((again.status, site.files(".")), (0, made), "{}", again.err);
    assert!(again.err.contains("docgen is in this site already"), "{}", again.err);

    // The folders are in the settings.
    let ran = docgen(&site, &["render"]);
    ran.says("1 written, 0 unchanged, 0 removed, 0 failed");
    assert!(site.read("docs/hello.md").contains("GET /greetings/{name}"));
    let ran = docgen(&site, &["check"]);
    assert_eq!((ran.status, &*ran.err), (0, "0 found\n"));
    // A name that YAML takes for something else is none for a site.
    assert_eq!(docgen(&site, &["init", "Null"]).status, 0);
    assert!(site.read("Null/mkdocs.yml").contains("\nsite_name: Docs\n"));
    assert_eq!(fs::read(site.path(STYLE)).unwrap(), fs::read(own(STYLE)).unwrap());
    assert!(site.read(MERMAID).contains("sequenceDiagram"));
    let schema = site.read("captures/schemas/capture.json");
    assert_eq!(docgen(&site, &["schema", "capture"]).out, schema);
}

#[test]
fn what_is_there_stays_as_it_is() {
    let mine = [
        ("mkdocs.yml", "site_name: x\ntheme: material # mine\nextra_css: !ENV [CSS, [a.css]]\n"),
        ("docs/index.md", "# Mine\n"),
        (STYLE, "/* mine */\n"),
        (".taplo.toml", "# mine\n"),
        (".github/workflows/docs.yml", "# mine\n"),
    ];
    let site = site(&mine);
    site.write("captures/a/trace.log", log("a", "first"));
    let ran = docgen(&site, &["init"]);
    for (name, text) in &mine[1..] {
        assert_eq!(site.read(name), *text);
    }
    let config = site.read("mkdocs.yml");
    assert!(config.starts_with(mine[0].1) && config.contains("pymdownx.snippets"), "{config}");
    // What is left to do is said: the list of the environment's, and the style sheet of somebody else's.
    assert_eq!(ran.status, 0, "{}", ran.err);
    for said in [
        "mkdocs.yml:3:",
        "extra_css:\n            - assets/stylesheets/docgen.css",
        "not the one that docgen has",
    ] {
        assert!(ran.err.contains(said), "{}", ran.err);
    }
    // Captures that are there get no settings that would change their pages, and no example beside them.
    assert!(!site.exists("captures/docgen.toml") && !site.exists("captures/hello"));

    let made = site.files(".");
    docgen(&site, &["init"]);
    assert_eq!(site.files("."), made);
}

#[test]
fn a_file_of_docgens_is_renewed_where_nobody_changed_it() {
    let site = site(&[]);
    assert_eq!(docgen(&site, &["init"]).status, 0);
    // As an older docgen left them.
    let notes = site.read("docs/.docgen/site");
    site.write(STYLE, "/* old */\n");
    site.write(MERMAID, "/* mine */\n");
    let line = notes.lines().find(|line| line.starts_with(STYLE)).unwrap();
    let old = format!("{STYLE}\t{}", digest_of(&site, "/* old */\n"));
    site.write("docs/.docgen/site", notes.replace(line, &old));
    let ran = docgen(&site, &["init"]);
    assert!(ran.err.contains(&format!("renewed {STYLE}")), "{}", ran.err);
    assert_ne!(site.read(STYLE), "/* old */\n");
    assert_eq!(site.read(MERMAID), "/* mine */\n");
}

/// The digest that docgen notes of a text: that of a page which holds it.
fn digest_of(site: &Site, text: &str) -> String {
    site.write("other/captures/a/page.md", text);
    site.write("other/captures/a/capture.toml", "layout = \"page\"\n");
    assert_eq!(docgen(site, &["render", "other/captures", "other/docs"]).status, 0);
    let manifest = site.read("other/docs/.docgen/manifest");
    fs::remove_dir_all(site.path("other")).unwrap();
    manifest.lines().last().unwrap().split('\t').nth(1).unwrap().to_owned()
}

const SCRIPT: &str = "docs/assets/javascripts/docgen.js";

/// What docgen says where it asks for mermaid.
const OF_MERMAID: [&str; 3] = [
    "`pymdownx.superfences` lacks `custom_fences`",
    "`extra_javascript` lacks `assets/javascripts/mermaid.min.js`",
    "`extra_javascript` lacks `assets/javascripts/docgen.js`",
];

#[test]
#[cfg(feature = "svg")]
fn mermaid_is_asked_for_where_a_page_has_it() {
    let site =
        site(&[("captures/docgen.toml", "docs = \"../docs\"\nlayout = \"page\"\ndiagram = \"svg\"\n")]);
    let ran = docgen(&site, &["init"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let config = site.read("mkdocs.yml");
    assert!(config.contains("docgen.css") && config.contains("pymdownx.superfences"), "{config}");
    assert!(!config.contains("mermaid") && !config.contains("docgen.js"), "{config}");
    assert!(site.exists(STYLE) && !site.exists(MERMAID) && !site.exists(SCRIPT));
    docgen(&site, &["render"]).says("1 written, 0 unchanged, 0 removed, 0 failed");
    assert!(site.read("docs/hello.md").contains("<svg"));
    assert_eq!(docgen(&site, &["check"]).err, "0 found\n");
    let made = site.files(".");
    docgen(&site, &["init"]);
    assert_eq!(site.files("."), made);

    // One that says otherwise, by its own settings, those of its folder, its page source; or a report.
    let trace = site.read("captures/hello/trace.har");
    let one_of_mermaids: [&[(&str, &str)]; 4] = [
        &[("a/capture.toml", "diagram = \"mermaid\"\n"), ("a/trace.har", &trace)],
        &[("a/docgen.toml", "diagram = \"mermaid\"\n"), ("a/b/trace.har", &trace)],
        &[
            ("a/capture.toml", ""),
            ("a/page.md", "# a\n\n=== \"b\"\n\n    ``` mermaid\n    flowchart\n    ```\n"),
        ],
        &[
            ("a/docgen.toml", "diagram = \"mermaid\"\n"),
            ("a/old/x/trace.har", &trace),
            ("a/old/docgen.toml", "diagram = \"svg\"\n"),
            ("a/new/x/trace.har", &trace.replacen("200", "201", 1)),
            ("a/new/docgen.toml", "diagram = \"svg\"\n"),
            ("a/report/report.toml", "old = \"a/old\"\nnew = \"a/new\"\n"),
        ],
    ];
    for files in one_of_mermaids {
        for (name, text) in files {
            site.write(&format!("captures/{name}"), *text);
        }
        let all = docgen(&site, &["check"]).err;
        assert!(OF_MERMAID.iter().all(|said| all.contains(said)), "{files:?}: {all}");
        fs::remove_dir_all(site.path("captures/a")).unwrap();
    }
    // One that cannot be made asks for what its settings say; one that has no diagram, for nothing.
    site.write("captures/a/capture.toml", "command = \"a\"\n");
    site.write("captures/b/page.md", "# No diagram\n");
    site.write("captures/b/capture.toml", "diagram = \"mermaid\"\n");
    assert!(!docgen(&site, &["check"]).err.contains("mermaid"));
    site.write("captures/a/capture.toml", "command = \"a\"\ndiagram = \"mermaid\"\n");
    assert!(docgen(&site, &["check"]).err.contains(OF_MERMAID[0]));

    site.write("captures/a/trace.har", &trace);
    docgen(&site, &["render"]).says("2 written, 1 unchanged, 0 removed, 0 failed");
    let ran = docgen(&site, &["init"]);
    assert!(ran.err.contains(&format!("wrote {MERMAID}")), "{}", ran.err);
    assert!(site.exists(SCRIPT) && site.read("mkdocs.yml").contains("name: mermaid"));
    assert_eq!(docgen(&site, &["check"]).err, "0 found\n");
}

/// Who cannot draw does not fall back to mermaid, but is told.
#[test]
#[cfg(not(feature = "svg"))]
fn a_program_that_cannot_draw_says_so() {
    let site = site(&[("captures/docgen.toml", "docs = \"../docs\"\ndiagram = \"svg\"\n")]);
    let ran = docgen(&site, &["init"]);
    ran.complains(&["built without the feature `svg`", "captures/docgen.toml:2:"]);
    assert!(!site.exists(MERMAID) && !site.read("mkdocs.yml").contains("mermaid"));
    let ran = docgen(&site, &["check"]);
    ran.complains(&["built without the feature `svg`"]);
    assert!(!ran.err.contains("mermaid.min.js"), "{}", ran.err);
}

#[test]
fn a_configuration_that_says_nothing_is_begun() {
    for (file, text) in [
        ("mkdocs.yml", ""),
        ("mkdocs.yml", "# mine\n---\n# all of it is to come"),
        ("properdocs.yml", "\u{feff}# mine\n\n"),
        ("zensical.toml", "# mine\n"),
    ] {
        let site = site(&[(file, text)]);
        let ran = docgen(&site, &["init"]);
        assert!(ran.status == 0 && ran.err.contains(&format!("added to {file}")), "{}", ran.err);
        let config = site.read(file);
        assert!(config.starts_with(text.trim_end()) && config.contains("site_name"), "{config}");
        assert_eq!(site.exists("overrides"), file != "zensical.toml");
        assert!(site.exists("docs/index.md") && site.exists("mkdocs.yml") == (file == "mkdocs.yml"));
        let made = site.files(".");
        docgen(&site, &["init"]);
        assert_eq!(site.files("."), made);
        docgen(&site, &["render"]).says("1 written, 0 unchanged, 0 removed, 0 failed");
        assert_eq!(docgen(&site, &["check"]).err, "0 found\n");
    }
}

#[test]
fn a_site_below_its_repository_says_where_its_workflow_goes() {
    let site = site(&[("hand book/mkdocs.yml", "site_name: x\ntheme: material\ndocs_dir: my docs\n")]);
    fs::create_dir(site.path(".git")).unwrap();
    let init = || docgen(&site, &["init", "hand book", "--captures", "re cordings"]);
    let ran = init();
    assert!(
        ran.status == 0 && ran.err.contains("GitHub reads workflows in the topmost folder"),
        "{}",
        ran.err
    );
    let next = "next: docgen render 'hand book/re cordings' 'hand book/my docs'\n";
    assert!(ran.err.ends_with(next), "{}", ran.err);
    let workflow = ".github/workflows/docs.yml";
    let text = site.read(&format!("hand book/{workflow}"));
    for said in ["        working-directory: \"hand book\"\n", "run: docgen check 're cordings' 'my docs'\n"]
    {
        assert!(text.contains(said), "{text}");
    }
    fs::create_dir_all(site.path(".github/workflows")).unwrap();
    fs::rename(site.path(&format!("hand book/{workflow}")), site.path(workflow)).unwrap();
    let made = site.files(".");
    let ran = init();
    assert!(site.files(".") == made && !ran.err.contains("GitHub"), "{}", ran.err);
}

#[test]
fn nothing_is_written_through_a_link_or_outside() {
    let site =
        site(&[("elsewhere/mkdocs.yml", "site_name: x\ntheme: material\n"), ("s/docs/index.md", "# x\n")]);
    symlink("../elsewhere/mkdocs.yml", site.path("s/mkdocs.yml")).unwrap();
    let ran = docgen(&site, &["init", "s"]);
    assert_ne!(ran.status, 0, "{}", ran.err);
    site.write("s/conf/mk.yml", "theme: material\n");
    fs::remove_file(site.path("s/mkdocs.yml")).unwrap();
    symlink("conf/mk.yml", site.path("s/mkdocs.yml")).unwrap();
    docgen(&site, &["init", "s"]).complains(&[
        "this is a symbolic link, and docgen writes through none",
        "the Markdown extension `attr_list` is missing",
        "help: write\n          markdown_extensions:\n            - attr_list\n",
    ]);
    assert_eq!(site.read("s/conf/mk.yml"), "theme: material\n");
    assert_eq!(site.read("elsewhere/mkdocs.yml"), "site_name: x\ntheme: material\n");
    let ran = docgen(&site, &["init", "--captures", "../captures"]);
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(!site.exists("../captures"));
}

#[test]
fn check_names_what_the_configuration_lacks() {
    let site = site(&[
        ("zensical.toml", "[project]\nsite_name = \"x\"\n\n[project.plugins.docgen]\n"),
        ("docs/index.md", "# x\n"),
    ]);
    site.write("captures/a/trace.log", log("a", "first"));
    site.renders();
    let ran = docgen(&site, &["check", "captures", "docs"]);
    // Of a page in parts, Zensical's own extensions lack the one that includes them.
    ran.complains(&[
        "`docgen` does nothing here",
        "zensical.toml:4:18",
        "pymdownx.snippets",
        "`exclude_docs` lacks `log.md`",
    ]);

    // A configuration of other pages is nobody's business.
    let elsewhere = "[project]\ndocs_dir = \"other\"\n[project.plugins.docgen]\n";
    site.write("zensical.toml", elsewhere);
    let ran = docgen(&site, &["check", "captures", "docs"]);
    assert_eq!((ran.status, &*ran.err), (0, "0 found\n"));

    site.write("zensical.toml", "[project\n");
    docgen(&site, &["check", "captures", "docs"]).complains(&["zensical.toml:1:"]);
    fs::remove_file(site.path("zensical.toml")).unwrap();

    site.write("mkdocs.yml", "site_name: x\ntheme: material\nplugins: [search]\nextra_javascript:\n  - assets/javascripts/mermaid.min.js\n");
    let ran = docgen(&site, &["check", "captures", "docs"]);
    ran.complains(&[
        "`pymdownx.tabbed` is missing",
        "there is no `docs/assets/javascripts/mermaid.min.js`",
        "mkdocs.yml:5:",
    ]);
    assert!(ran.err.contains("    - pymdownx.tabbed:\n"), "{}", ran.err);
}

#[test]
fn a_navigation_is_told_what_it_lacks() {
    let site = site(&[
        ("mkdocs.yml", "site_name: x\ntheme: material\nnav:\n  - index.md\n  - More:\n      - One: a.md\n"),
        ("docs/index.md", "# x\n"),
    ]);
    site.write("captures/a/trace.log", log("a", "first"));
    site.write("captures/docgen.toml", "layout = \"page\"\n");
    site.write("captures/b/list/trace.log", log("a", "first"));
    site.write("captures/b/list/capture.toml", "layout = \"snippets\"\n");
    site.write("captures/b/index.toml", "");
    let said = "`nav` lacks 2 pages: nobody finds them";
    let lines = "put them where they belong in it\n            - b/index.md\n            - b/list/index.md\n";
    for command in [&["init"][..], &["render", "captures", "docs"], &["check", "captures", "docs"]] {
        let ran = docgen(&site, command);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let is_told = ran.err.contains(said) && ran.err.contains(lines) && ran.err.contains("mkdocs.yml:3:1");
        assert_eq!(is_told, command[0] != "render", "{}", ran.err);
    }
    let one = "      - One: a.md\n";
    let all = format!("{one}      - b/index.md\n      - List: b/list/index.md\n");
    site.write("mkdocs.yml", site.read("mkdocs.yml").replace(one, &all));
    let ran = docgen(&site, &["check", "captures", "docs"]);
    assert_eq!((ran.status, &*ran.err), (0, "0 found\n"));
}

#[test]
fn a_folder_is_called_as_its_index_is() {
    let site = site(&[("mkdocs.yml", "site_name: x\ntheme: material\n"), ("docs/index.md", "# x\n")]);
    site.write("captures/a/trace.log", log("a", "first"));
    assert_eq!(docgen(&site, &["init"]).status, 0);
    site.renders();
    assert_eq!(site.read("docs/.nav.yml").lines().last(), Some("use_index_title: true"));
    // For MkDocs this is a package that comes with the wheel, so that it is told and not added.
    let ran = docgen(&site, &["check", "captures", "docs"]);
    assert!(ran.status == 0 && ran.err.contains("the plugin `awesome-nav` is missing"), "{}", ran.err);
    let config = site.read("mkdocs.yml");
    site.write("mkdocs.yml", config.replace("plugins:\n", "plugins:\n  - awesome-nav\n"));
    assert_eq!(docgen(&site, &["check", "captures", "docs"]).err, "0 found\n");

    // Where that plugin is told nothing, it changes nothing.
    site.write("docs/.nav.yml", "sort: {}\nuse_index_title: false\n");
    let ran = docgen(&site, &["check", "captures", "docs"]);
    assert!(ran.status == 0 && ran.err.contains("docs/.nav.yml:2:1"), "{}", ran.err);
    fs::remove_file(site.path("docs/.nav.yml")).unwrap();
    let ran = docgen(&site, &["check", "captures", "docs"]);
    assert!(ran.err.contains("`use_index_title` is not on") && ran.err.ends_with("1 found\n"), "{}", ran.err);
    docgen(&site, &["init"]);
    assert_eq!(docgen(&site, &["check", "captures", "docs"]).err, "0 found\n");

    let config = "[project]\nsite_name = \"x\"\n";
    fs::remove_file(site.path("mkdocs.yml")).unwrap();
    site.write("zensical.toml", config);
    docgen(&site, &["init"]);
    assert!(site.read("zensical.toml").contains("\n[project.plugins.awesome-nav]\n"));
}

#[test]
fn what_a_configuration_inherits_counts() {
    let site = site(&[("docs/index.md", "# x\n")]);
    assert_eq!(docgen(&site, &["init"]).status, 0);
    site.renders();
    fs::create_dir(site.path("config")).unwrap();
    fs::rename(site.path("mkdocs.yml"), site.path("config/base.yml")).unwrap();
    let check = || docgen(&site, &["check", "captures", "docs"]);
    site.write("mkdocs.yml", "INHERIT: config/base.yml\nsite_name: y\n");
    assert_eq!(check().err, "0 found\n");
    // What it says itself wins, and what is amiss with that is told there.
    site.write("mkdocs.yml", "INHERIT: ./config/../config/base.yml\nmarkdown_extensions: [attr_list]\n");
    check().complains(&[
        "`pymdownx.tabbed` is missing",
        "mkdocs.yml:2:1",
        "write it into `./config/../config/base.yml`, or here",
    ]);
    let base = site.read("config/base.yml");
    site.write("mkdocs.yml", "INHERIT: config/base.yml\nsite_name: y\n");
    site.write("config/base.yml", format!("{base}nav:\n  - index.md\n"));
    for ran in [check(), docgen(&site, &["init"])] {
        assert!(ran.status == 0 && ran.err.contains("`nav` lacks 1 page"), "{}", ran.err);
    }
    site.write("mkdocs.yml", "INHERIT: ./config/../config/base.yml\nmarkdown_extensions: [attr_list]\n");
    site.write("config/base.yml", "INHERIT: base.yml\n");
    let ran = check();
    assert!(ran.status == 0 && ran.err.contains("inherits too many others"), "{}", ran.err);
    site.write("mkdocs.yml", "INHERIT: ../base.yml\nsite_name: y\n");
    let ran = check();
    assert!(ran.status == 0 && ran.err.contains("is outside of the site's folder"), "{}", ran.err);
    assert!(ran.err.contains("mkdocs.yml:1:1") && !ran.err.contains("tabbed"), "{}", ran.err);
}

#[test]
fn pages_are_where_the_configuration_says() {
    let settings = |site: &Site| site.read("captures/docgen.toml");
    for (config, docs) in [
        ("docs_dir: hand/pages/\n", "hand/pages"),
        ("docs_dir: ./a/../pages # mine\n", "pages"),
        ("docs_dir: !ENV [DOCS, 'pages']\n", "pages"),
        ("INHERIT: base.yml\n", "inherited"),
    ] {
        let site = site(&[("base.yml", "docs_dir: inherited\n")]);
        site.write("mkdocs.yml", format!("site_name: x\ntheme: material\n{config}"));
        let ran = docgen(&site, &["init"]);
        assert!(ran.err.ends_with(&format!("next: docgen render captures {docs}\n")), "{}", ran.err);
        assert!(site.exists(&format!("{docs}/assets/stylesheets/docgen.css")) && !site.exists("docs"));
        assert!(settings(&site).contains(&format!("docs = \"../{docs}\"")), "{}", settings(&site));
        // However deep it is, the configuration is found.
        docgen(&site, &["render"]).says("1 written, 0 unchanged, 0 removed, 0 failed");
        let text = site.read("mkdocs.yml").replace("pymdownx.tabbed", "pymdownx.blocks.tab");
        site.write("mkdocs.yml", text);
        docgen(&site, &["check", "captures", docs]).complains(&["`pymdownx.tabbed` is missing"]);
    }
    for (docs, place) in
        [("../pages", "mkdocs.yml:2:11"), ("/pages", "mkdocs.yml:2:11"), (".", "mkdocs.yml:2:11")]
    {
        let site = site(&[]);
        site.write("s/mkdocs.yml", format!("theme: material\ndocs_dir: {docs}\n"));
        docgen(&site, &["init", "s"]).complains(&["is not below the folder of this configuration", place]);
        assert_eq!(site.files(".").len(), 1);
        assert!(!site.exists("pages"));
    }
}

#[test]
fn a_configuration_keeps_its_permissions() {
    use std::os::unix::fs::PermissionsExt as _;
    let config = "site_name: x\ntheme: material\n";
    let site = site(&[("mkdocs.yml", config)]);
    let mode = |mode| fs::set_permissions(site.path("mkdocs.yml"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o440);
    docgen(&site, &["init"]).complains(&["is read-only", "mkdocs.yml"]);
    assert_eq!(site.read("mkdocs.yml"), config);
    mode(0o640);
    let ran = docgen(&site, &["init"]);
    assert!(ran.status == 0 && ran.err.contains("added to mkdocs.yml"), "{}", ran.err);
    assert_eq!(fs::metadata(site.path("mkdocs.yml")).unwrap().permissions().mode() & 0o777, 0o640);
    mode(0o440);
    assert_eq!(docgen(&site, &["init"]).status, 0);
}

#[test]
fn what_is_no_configuration_is_told_with_its_place() {
    for (file, text, place) in [
        ("mkdocs.yml", "site_name: x\ntheme:\n\tname: material\n", "mkdocs.yml:3:"),
        ("mkdocs.yaml", "site_name: x\ntheme: [material\nplugins:\n", "mkdocs.yaml:3:"),
        ("properdocs.yml", "theme: 'material\n", "properdocs.yml:"),
        ("zensical.toml", "[project]\nsite_name = x\n", "zensical.toml:2:"),
    ] {
        let site = site(&[(file, text)]);
        docgen(&site, &["init"]).complains(&[place]);
        assert_eq!(site.files(".").len(), 1, "something was made beside {file}");
    }
}
