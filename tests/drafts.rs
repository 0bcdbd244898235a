//! Page sources over time: drafted, rendered, brought up to date, checked; as a user does it.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use proptest::prelude::*;
use tempfile::TempDir;

/// A captures folder with one capture, `image/show`, and a docs folder.
struct Project {
    root: TempDir,
}

const CAPTURE: &str = "captures/image/show";

impl Project {
    fn new(layout: &str, log: &str, capture: &str) -> Project {
        let project = Project { root: tempfile::tempdir().unwrap() };
        project.write("captures/docgen.toml", &format!("layout = \"{layout}\"\nprofile = \"openstack\"\n"));
        project.write(&format!("{CAPTURE}/capture.toml"), capture);
        project.write(&format!("{CAPTURE}/trace.log"), log);
        project
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_docgen"))
            .args(arguments)
            .current_dir(self.root.path())
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    /// Runs docgen, which has to succeed, and gives what it says.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    /// Runs docgen, which has to find something, and gives what it says.
    fn not_ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        String::from_utf8([output.stderr, output.stdout].concat()).unwrap()
    }

    fn render(&self) -> BTreeMap<PathBuf, String> {
        self.ok(&["render", "captures", "docs"]);
        let mut pages = BTreeMap::new();
        for entry in walkdir::WalkDir::new(self.path("docs")).into_iter().flatten() {
            if entry.path().extension().is_some_and(|ending| ending == "md") {
                pages.insert(entry.path().to_path_buf(), fs::read_to_string(entry.path()).unwrap());
            }
        }
        pages
    }

    fn source(&self) -> String {
        self.read(&format!("{CAPTURE}/page.md"))
    }
}

/// A call and its answer, in the requestshook format.
fn call(id: &str, from: &str, to: &str, verb_and_url: &str, status: &str) -> String {
    request(id, from, to, verb_and_url) + &response(id, from, to, verb_and_url, status)
}

fn request(id: &str, from: &str, to: &str, verb_and_url: &str) -> String {
    format!(
        "\n### ({from}) REQ >>> ({to}) : {verb_and_url}\nAccept: */*\nX-Requestshook-Request-Id: {id}\n\nnone\n\n"
    )
}

fn response(id: &str, from: &str, to: &str, verb_and_url: &str, status: &str) -> String {
    format!(
        "\n### ({from}) RESP <<< ({to}) : {status} {verb_and_url}\nDate: today\nX-Requestshook-Request-Id: {id}\n\n{{\n  \"id\": \"42\"\n}}\n\n"
    )
}

const VERSIONS: &str = "GET http://h/identity";
const TOKEN: &str = "POST http://h/identity/v3/auth/tokens";
const CHECK: &str = "GET http://h/identity/v3/auth/tokens";
const SHOW: &str = "GET http://h/image/v2/images/42?a=1";

fn versions() -> String {
    call("1", "openstack", "keystone", VERSIONS, "300 Multiple Choices")
}

fn token() -> String {
    call("2", "openstack", "keystone", TOKEN, "201 CREATED")
}

/// The call for the image, with what happens while it waits.
fn show(meanwhile: &str) -> String {
    request("3", "openstack", "glance", SHOW)
        + meanwhile
        + &response("3", "openstack", "glance", SHOW, "200 OK")
}

fn check() -> String {
    call("4", "glance-api", "keystone", CHECK, "200 OK")
}

const SETTINGS: &str = "# ours\ncommand = \"openstack image show 42\"\r\n[vars]\nimage_id = '42'";

#[test]
fn a_draft_renders_to_what_the_page_was() {
    for layout in ["page", "snippets"] {
        for locale in ["en", "ko"] {
            let settings = format!("locale = \"{locale}\"\n{SETTINGS}");
            let unanswered = request("9", "openstack", "nova", "GET http://h/compute");
            let log = versions() + &token() + &show(&check()) + &unanswered;
            let project = Project::new(layout, &log, &settings);
            project.write(&format!("{CAPTURE}/output.txt"), "+---+\n| x |\n+---+\n");
            let before = project.render();
            project.ok(&["new", CAPTURE]);
            let settings_now = project.read(&format!("{CAPTURE}/capture.toml"));
            assert!(settings_now.starts_with(&settings), "{settings_now}");
            assert_eq!(project.render(), before, "{layout} {locale}");
            assert!(!project.source().contains("(1)"));
            assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
        }
    }
}

/// Its sections have anchors, which are of the labels that a draft adds.
#[test]
fn a_draft_of_exchanges_renders_to_what_the_template_makes_of_its_labels() {
    for locale in ["en", "ko"] {
        let settings = format!("locale = \"{locale}\"\n{SETTINGS}");
        let unanswered = request("9", "openstack", "nova", "GET http://h/compute");
        let log = versions() + &token() + &show(&check()) + &unanswered;
        let project = Project::new("exchanges", &log, &settings);
        project.write(&format!("{CAPTURE}/output.txt"), "+---+\n| x |\n+---+\n");
        project.ok(&["new", CAPTURE]);
        let drafted = project.render();
        assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
        for hole in ["{{ overview }}", "{{ inside(show_image) }}", "#### {{ heading(validate_token) }}"] {
            assert!(project.source().contains(hole), "{}", project.source());
        }
        fs::remove_file(project.path(&format!("{CAPTURE}/page.md"))).unwrap();
        assert_eq!(project.render(), drafted);
    }
}

#[test]
fn a_new_exchange_gets_one_section_and_polls_get_none() {
    let project = Project::new("exchanges", &(token() + &show("")), SETTINGS);
    project.ok(&["new", CAPTURE]);
    let poll = |id: &str| call(id, "openstack", "nova", "GET http://h/compute/v2.1/servers/1", "200 OK");
    let polls = poll("5") + &poll("6") + &poll("7");
    project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &token() + &show(&check()) + &polls));
    let said = project.ok(&["update", CAPTURE]);
    assert!(said.contains("3 sections added"), "{said}");
    let updated = project.source();
    assert_eq!(updated.matches("{{ tabs(").count(), 5, "{updated}");
    project.render();
    assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), updated, "doing it again changes nothing");
}

#[test]
fn a_source_that_is_there_is_never_drafted_over() {
    let project = Project::new("page", &versions(), SETTINGS);
    project.write(&format!("{CAPTURE}/page.md"), "mine");
    let said = project.not_ok(&["new", CAPTURE]);
    assert!(said.contains("has a page source already"), "{said}");
    assert_eq!(project.source(), "mine");
    assert_eq!(project.read(&format!("{CAPTURE}/capture.toml")), SETTINGS);
}

#[test]
fn the_captures_folder_is_found_or_named() {
    let project = Project::new("page", &versions(), SETTINGS);
    fs::remove_file(project.path("captures/docgen.toml")).unwrap();
    fs::rename(project.path("captures"), project.path("recorded")).unwrap();
    let said = project.not_ok(&["new", "recorded/image/show"]);
    assert!(said.contains("--captures"), "{said}");
    project.ok(&["new", "recorded/image/show", "--captures", "recorded"]);
    assert!(project.path("recorded/image/show/body.md").is_file());
    let said = project.ok(&["update", "recorded/image", "--captures", "recorded"]);
    assert!(said.starts_with("recorded/image/show: 0 sections added"), "{said}");
    fs::create_dir(project.path("recorded/empty")).unwrap();
    let said = project.not_ok(&["update", "recorded/empty", "--captures", "recorded"]);
    assert!(said.contains("no capture"), "{said}");
}

#[test]
fn new_exchanges_get_their_sections_and_nothing_else_changes() {
    for layout in ["page", "snippets"] {
        let project = Project::new(layout, &(token() + &show("")), SETTINGS);
        project.ok(&["new", CAPTURE]);
        let name = if layout == "page" { "page.md" } else { "body.md" };
        let name = format!("{CAPTURE}/{name}");
        let before = project.read(&name).replace(
            "{{ tabs(show_image.request) }}\n",
            "{{ tabs(show_image.request) }}\n\nOur own words.   \n",
        );
        project.write(&name, &before);

        project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &token() + &show(&check())));
        let said = project.not_ok(&["check", "captures", "docs"]);
        assert_eq!(said.matches("no page shows").count(), 2, "{said}");
        assert!(said.contains("no page shows (6),(7), `keystone GET"), "{said}");

        project.ok(&["update", CAPTURE]);
        let after = project.read(&name);
        let mut lines = after.lines();
        for line in before.lines() {
            assert!(lines.any(|found| found == line), "`{line}` is gone from\n{after}");
        }
        let order: Vec<usize> = [
            "heading(versions.response)",
            "heading(issue_token.request)",
            "Our own words.   \n",
            "heading(validate_token.request)",
            "heading(validate_token.response)",
            "heading(show_image.response)",
        ]
        .iter()
        .map(|text| after.find(text).unwrap_or_else(|| panic!("{text} is not in\n{after}")))
        .collect();
        assert!(order.is_sorted(), "{after}");

        project.render();
        project.ok(&["update", CAPTURE]);
        assert_eq!(project.read(&name), after, "doing it again changes nothing");
        assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
    }
}

#[test]
fn a_section_whose_exchange_is_gone_is_kept_marked_and_comes_back() {
    let whole = versions() + &token() + &show("");
    let project = Project::new("page", &whole, SETTINGS);
    project.ok(&["new", CAPTURE]);
    // Prose outside the sections would need a person; the list of steps is such.
    let source: String =
        project.source().split_inclusive('\n').filter(|line| !line.starts_with("- {{")).collect();
    project.write(&format!("{CAPTURE}/page.md"), &source);
    project.render();

    project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &show("")));
    let said = project.not_ok(&["render", "captures", "docs"]);
    assert!(said.contains("this is about `issue_token`"), "{said}");

    let said = project.ok(&["update", CAPTURE]);
    assert!(said.contains("marked `issue_token` as gone"), "{said}");
    let marked = project.source();
    let without_marks: String =
        marked.split_inclusive('\n').filter(|line| !line.starts_with("<!-- docgen:")).collect();
    assert_eq!(without_marks, source);
    assert_eq!(marked.matches("<!-- docgen: gone issue_token -->\n").count(), 1, "{marked}");

    let pages = project.render();
    let page = pages.values().next().unwrap();
    assert!(!page.contains("docgen:") && !page.contains("/auth/tokens"), "{page}");
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), marked, "doing it again changes nothing");
    let said = project.not_ok(&["check", "captures", "docs"]);
    assert!(said.contains("this prose is about `issue_token`, whose exchange is gone"), "{said}");
    assert!(said.ends_with("1 found\n"), "{said}");

    project.write(&format!("{CAPTURE}/trace.log"), &whole);
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), source, "the exchange is back, and so is its section");
}

/// A page of what is there needs nothing of what is gone.
#[test]
fn a_draft_is_made_whatever_is_gone() {
    let labels = "[label]\ngone = \"glance GET /image/v2/images/43\"\nboxed = \"glance GET /image/v2/images/44\"\n\
                  [[note]]\nposition = \"over\"\nafter = \"boxed\"\ntext = \"x\"\n";
    let project = Project::new("page", &(token() + &show("")), &format!("{SETTINGS}\n{labels}"));
    let said = project.ok(&["new", CAPTURE]);
    assert!(said.contains("dropped the label `gone`") && said.contains("44` matches no exchange"), "{said}");
    let settings = project.read(&format!("{CAPTURE}/capture.toml"));
    assert!(!settings.contains("gone =") && settings.contains("boxed = "), "{settings}");
    project.render();
}

/// A hole shows messages that it does not name: it goes with no section, and a section that has one within
/// itself stays.
#[test]
fn what_shows_the_rest_is_never_marked_as_gone() {
    let labels = format!(
        "{SETTINGS}\n[label]\na = \"keystone GET /identity\"\nb = \"glance GET /image/v2/images/42\"\n"
    );
    let gone = "### Old\n\n{{ tabs(b.request) }}\n\n";
    let marked = format!("<!-- docgen: gone b -->\n{gone}<!-- docgen: end -->\n");
    let within = format!("{gone}prose {{{{ rest }}}}\n");
    let part = "### Old\n\n{{ part(b.response.body, 1) }}\n";
    let until = format!("{gone}{{{{ rest(until=a.request) }}}}\n\n{{{{ exchange(a) }}}}\n");
    for (source, expected) in [
        (format!("{gone}{{{{ rest }}}}\n\nProse.\n"), format!("{marked}{{{{ rest }}}}\n\nProse.\n")),
        (until.clone(), until.replace(gone, &marked)),
        (within.clone(), within),
        (
            format!("{part}{{{{ rest }}}}\n"),
            format!("<!-- docgen: gone b -->\n{part}<!-- docgen: end -->\n{{{{ rest }}}}\n"),
        ),
    ] {
        let project = Project::new("page", &(token() + &versions()), &labels);
        project.write(&format!("{CAPTURE}/page.md"), &source);
        project.ok(&["update", CAPTURE]);
        assert_eq!(project.source(), expected);
        let said = project.ok(&["update", CAPTURE]);
        assert_eq!((project.source(), said), (expected, format!("{CAPTURE}: 0 sections added\n")));
    }
}

/// Whatever is wrong with labels other than that their exchange is gone, no prose is marked for it.
#[test]
fn only_what_is_gone_is_marked_as_gone() {
    let site = support::Site::new();
    let cases = support::own("tests/cases/render/renamed-participants/captures");
    for (name, content) in support::files_below(&cases) {
        site.write(&format!("captures/{name}"), content);
    }
    let docgen = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1");
        support::Ran::from(command.output().unwrap())
    };
    let before = site.files("captures");
    for (capture, name) in [("the-profile-went", "glance"), ("a-name-was-changed", "images")] {
        for arguments in [&["update", &format!("captures/{capture}")][..], &["check", "captures", "docs"]] {
            let ran = docgen(arguments);
            ran.complains(&[&format!("nobody in the trace is called `{name}`, which 3 labels name")]);
            assert_eq!(ran.err.matches(&format!("{capture}/")).count(), 1, "{}", ran.err);
        }
    }
    for capture in ["a-profile-came-later", "a-name-came-later", "the-name-is-kept"] {
        let ran = docgen(&["update", &format!("captures/{capture}")]);
        assert_eq!((ran.status, &*ran.err), (0, &*format!("captures/{capture}: 0 sections added\n")));
    }
    assert_eq!(site.files("captures"), before);

    // One that means several, one that nobody can read, one that comes after itself or after nothing.
    let file = "captures/the-name-is-kept/capture.toml";
    let good = site.read(file);
    for (label, message) in [
        ("images GET /v2/images/5d0c1f4e-8a57-4a35-9c0b-3f1f6d2a7e01", "matches 2 exchanges, not one"),
        ("images /v2/images", "names no exchange"),
        ("images GET /v2/images after list", "goes in a circle"),
        ("images GET /v2/images after lists", "names no label"),
    ] {
        let line = "list = \"images GET /v2/images\"";
        assert!(good.contains(line));
        site.write(file, good.replace(line, &format!("list = \"{label}\"")));
        let before = site.files("captures");
        let ran = docgen(&["update", "captures/the-name-is-kept"]);
        ran.complains(&[message, "capture.toml:8:8"]);
        assert_eq!(ran.err.matches("error").count(), 1, "{}", ran.err);
        assert_eq!(site.files("captures"), before);
    }

    // A new page source needs no label that is lost, and a box about one says nothing of its own.
    std::fs::remove_file(site.path("captures/the-name-is-kept/page.md")).unwrap();
    let group = "[[group]]\nkind = \"loop\"\nfirst = \"list\"\n";
    site.write(file, good.replace("images GET /v2/images\"", "images GET /v3\"") + group);
    let ran = docgen(&["new", "captures/the-name-is-kept"]);
    assert_eq!((ran.status, ran.err.matches("warning: ").count()), (0, 1), "{}", ran.err);
    assert!(ran.err.contains("`images GET /v3` matches no exchange") && ran.err.contains("capture.toml:8:8"));
    assert!(site.exists("captures/the-name-is-kept/page.md"));
    let rendered = docgen(&["render", "captures", "docs"]);
    assert_eq!(rendered.err.matches("`images GET /v3` matches no exchange").count(), 1, "{}", rendered.err);
}

#[test]
fn lists_of_steps_get_a_line_for_what_is_new_and_marks_around_what_is_gone() {
    for (locale, introduction, line) in [
        ("en", "The steps in short:", "- {{ versions_2 }}: "),
        ("ko", "각 과정에 대한 간략한 설명은 다음과 같다.   ", "- {{ versions_2 }}번 과정은 "),
    ] {
        for layout in ["page", "snippets"] {
            let settings = format!("locale = \"{locale}\"\n{SETTINGS}");
            let project = Project::new(layout, &(versions() + &token()), &settings);
            project.ok(&["new", CAPTURE]);
            let drafted = project.source();
            assert!(drafted.contains(introduction), "{drafted}");
            let images = call("5", "openstack", "glance", "GET http://h/image", "300 Multiple Choices");
            project.write(&format!("{CAPTURE}/trace.log"), &(images + &versions() + &token()));
            let said = project.ok(&["update", CAPTURE]);
            assert!(said.contains("2 sections and 1 step added"), "{said}");
            let updated = project.source();
            let new: Vec<&str> = updated.lines().filter(|line| !drafted.contains(line)).collect();
            let of_list: Vec<&&str> = new.iter().filter(|line| line.starts_with("- ")).collect();
            assert_eq!(of_list.len(), 1, "{updated}");
            let start = line.split("versions_2").next().unwrap();
            assert!(of_list[0].starts_with(start), "{updated}");
            // It stands before those that come after it.
            let at = |text: &str| updated.find(text).unwrap();
            assert!(
                at(introduction) < at(of_list[0]) && at(of_list[0]) < at("- {{ versions }}"),
                "{updated}"
            );
            project.render();
            assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
            // What is gone is kept between marks, in the list as in the sections.
            project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &token()));
            project.ok(&["update", CAPTURE]);
            let marked = project.source();
            let kept = format!("{}\n{}\n{}\n", "<!-- docgen: gone ", of_list[0], "<!-- docgen: end -->");
            let (open, rest) = kept.split_once('\n').unwrap();
            assert!(marked.contains(open) && marked.contains(rest), "{marked}");
            project.render();
            let before = project.source();
            project.ok(&["update", CAPTURE]);
            assert_eq!(project.source(), before);
            let images = call("5", "openstack", "glance", "GET http://h/image", "300 Multiple Choices");
            project.write(&format!("{CAPTURE}/trace.log"), &(images + &versions() + &token()));
            project.ok(&["update", CAPTURE]);
            assert_eq!(project.source(), updated);
        }
    }
}

#[test]
fn a_list_of_steps_may_have_blank_lines_between_its_items() {
    let project = Project::new("page", &(versions() + &token()), SETTINGS);
    project.ok(&["new", CAPTURE]);
    let loose = project.source().replace("\n- {{ issue_token }}", "\n\n- {{ issue_token }}");
    assert_ne!(loose, project.source(), "the draft has a list of two steps");
    project.write(&format!("{CAPTURE}/page.md"), &loose);
    let images = call("5", "openstack", "glance", "GET http://h/image", "300 Multiple Choices");
    for log in [versions() + &token() + &images, images.clone() + &versions() + &token()] {
        project.write(&format!("{CAPTURE}/page.md"), &loose);
        project.write(&format!("{CAPTURE}/trace.log"), &log);
        let said = project.ok(&["update", CAPTURE]);
        assert!(said.contains("2 sections and 1 step added"), "{said}");
        let list: Vec<String> = project.source().lines().map(str::to_owned).collect();
        let items: Vec<usize> =
            list.iter().enumerate().filter(|(_, line)| line.starts_with("- {{")).map(|(at, _)| at).collect();
        assert_eq!(items.len(), 3, "{}", project.source());
        // One blank line between any two.
        assert_eq!((items[1] - items[0], items[2] - items[1]), (2, 2), "{}", project.source());
    }
    project.write(&format!("{CAPTURE}/trace.log"), &images);
    project.write(&format!("{CAPTURE}/page.md"), &loose);
    project.ok(&["update", CAPTURE]);
    let marked = project.source();
    let gone: Vec<&str> = marked.split("<!-- docgen: gone ").skip(1).collect();
    assert!(gone[0].contains("- {{ versions }}") && gone[0].contains("- {{ issue_token }}"), "{marked}");
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), marked);
}

#[test]
fn what_is_optional_is_not_marked_as_gone_while_it_is_missing() {
    let settings = format!(
        "{SETTINGS}\n[label]\nversions = 'keystone GET /identity'\ntoken = 'keystone POST /identity/v3/auth/tokens'\n\
         [[group]]\nkind = 'opt'\nfirst = 'token'\n"
    );
    let project = Project::new("page", &(versions() + &token() + &show("")), &settings);
    project.ok(&["new", CAPTURE]);
    let (source, capture) = (project.source(), project.read(&format!("{CAPTURE}/capture.toml")));
    let cold = project.render();
    // Warm: nothing is gone, and nothing is rewritten.
    project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &show("")));
    let said = project.ok(&["update", CAPTURE]);
    assert!(!said.contains("gone"), "{said}");
    assert_eq!(
        (project.source(), project.read(&format!("{CAPTURE}/capture.toml"))),
        (source.clone(), capture)
    );
    project.render();
    assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
    // What an older docgen marked comes back.
    let marked = source.replacen(
        "### {{ heading(token.request) }}",
        "<!-- docgen: gone token -->\n### {{ heading(token.request) }}",
        1,
    );
    let at = marked
        .find("### {{ heading(show.request) }}")
        .or_else(|| marked.find("### {{ heading(show_image"))
        .unwrap();
    let marked = format!("{}<!-- docgen: end -->\n{}", &marked[..at], &marked[at..]);
    project.write(&format!("{CAPTURE}/page.md"), &marked);
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), source);
    project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &token() + &show("")));
    assert_eq!(project.render(), cold);
}

#[test]
fn a_variable_that_stands_for_nothing_is_told_and_marks_nothing_as_gone() {
    let id = |digit: u8| format!("{digit}c31f2c6-f22c-440e-b670-d8d5a5cc0405");
    let log = |id: &str| call("1", "client", "shop", &format!("GET http://h/orders/{id}"), "200 OK");
    let settings = format!(
        "layout = 'page'\ncommand = 'shop show {{order}} --format {{form}}'\n[vars]\norder = '{}'\nform = 'json'\nold = 'x-1'\n\
         [label]\nshow = 'shop GET /orders/{{order}}'\n",
        id(1)
    );
    let project = Project::new("page", &log(&id(1)), &settings);
    project.write(&format!("{CAPTURE}/page.md"), "# {{ title }}\n\nIt shows.\n\n{{ exchange(show) }}\n");
    // What nothing uses and nothing says is told, and what only the command says is not.
    let said = project.ok(&["render", "captures", "docs"]);
    assert!(
        said.contains("warning: `{old}` stands for nothing") && said.contains("capture.toml:6:7"),
        "{said}"
    );
    assert_eq!(said.matches("warning").count(), 1, "{said}");
    // On another cloud the order is another one.
    project.write(&format!("{CAPTURE}/trace.log"), &log(&id(2)));
    let before = project.source();
    let said = project.not_ok(&["update", CAPTURE]);
    assert!(said.contains("`{order}` stands for nothing in the trace, and a label names it"), "{said}");
    assert_eq!(project.source(), before);
    project.write(&format!("{CAPTURE}/page.md"), "# {{ title }}\n\n{{ rest }}\n");
    let said = project.ok(&["render", "captures", "docs"]);
    assert!(said.contains("warning: `{order}` stands for nothing: its value is nowhere"), "{said}");
    assert!(said.contains("no page uses it"), "{said}");
}

#[test]
fn a_box_about_what_is_gone_is_told_and_one_of_optional_messages_is_not() {
    let settings = |kind: &str| {
        format!(
            "{SETTINGS}\n[label]\ntoken = 'keystone POST /identity/v3/auth/tokens'\n\
             [[group]]\nkind = '{kind}'\nfirst = 'token'\n[[note]]\nafter = 'token'\nposition = 'over keystone'\ntext = 'x'\n"
        )
    };
    for (kind, boxes) in [("loop", 1), ("opt", 0)] {
        let project = Project::new("page", &(versions() + &show("") + &token()), &settings(kind));
        assert!(project.render().values().any(|page| page.contains(&format!("{kind} "))));
        project.write(&format!("{CAPTURE}/trace.log"), &(versions() + &show("")));
        let said = project.ok(&["render", "captures", "docs"]);
        assert_eq!(said.matches("this group is left out").count(), boxes, "{said}");
        assert_eq!(said.matches("this note is left out").count(), 1, "{said}");
        assert_eq!(said.matches("warning").count(), boxes + 1, "{said}");
        // Nor does anything block the page that its prose marks as gone.
        let marked =
            "<!-- docgen: gone token -->\nIt asks: {{ token }}.\n<!-- docgen: end -->\n\n{{ rest }}\n";
        project.write(&format!("{CAPTURE}/page.md"), marked);
        let said = project.ok(&["render", "captures", "docs"]);
        assert_eq!(said.matches("is left out").count(), boxes + 1, "{said}");
        assert!(!said.contains("names no exchange"), "{said}");
        // What comes after it is told of it.
        let after = settings(kind)
            .replace("[[group]]", "show = 'glance GET /image/v2/images/42 after token'\n[[group]]");
        project.write(&format!("{CAPTURE}/capture.toml"), &after);
        project.write(&format!("{CAPTURE}/page.md"), &format!("{{{{ show }}}}\n\n{marked}"));
        let said = project.not_ok(&["render", "captures", "docs"]);
        assert!(said.contains("`keystone POST /identity/v3/auth/tokens` matches no exchange"), "{said}");
        assert!(!said.contains("names no label"), "{said}");
        project.write(&format!("{CAPTURE}/capture.toml"), &settings(kind));
        // A box needs its label.
        project.write(&format!("{CAPTURE}/page.md"), "{{ rest }}\n");
        project.ok(&["update", CAPTURE]);
        let now = project.read(&format!("{CAPTURE}/capture.toml"));
        assert!(now.contains("token = 'keystone POST /identity/v3/auth/tokens'\n"), "{now}");
    }
}

#[test]
fn labels_stay_at_their_exchanges_when_a_log_is_put_in_place() {
    let site = support::Site::new();
    let docgen = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docgen"));
        command.args(arguments).current_dir(site.root()).env("NO_COLOR", "1");
        support::Ran::from(command.output().unwrap())
    };
    let ask = |id: &str, says: &str| {
        let (from, to, url) = ("client", "shop", "GET http://h/orders/7");
        request(id, from, to, url) + &response(id, from, to, url, "200 OK").replace("42", says)
    };
    let list = |to: &str| call("9", "client", to, "GET http://h/items", "200 OK");
    let settings = "# mine\n[label]\nlist = 'shop GET /items'   # all\nwaits = \"shop GET /orders/7 #1\"\n\
                    done = \"shop GET /orders/7 #2\"\n[vars]\nx = '7'\n";
    let page = "# Order\n\nAt {{ list }}.\n\n{{ exchange(list) }}\n\n{{ exchange(waits) }}\n\nIt waits.\n\n\
                {{ exchange(done) }}\n\nIt is done.\n";
    site.git(&["init", "-q"]);
    site.write("captures/docgen.toml", "layout = 'page'\n");
    for name in ["twice", "gone", "renamed", "same"] {
        let log = list("shop") + &ask("1", "waiting") + &ask("2", "done");
        site.write(&format!("captures/{name}/trace.log"), log);
        site.write(&format!("captures/{name}/capture.toml"), settings);
        site.write(&format!("captures/{name}/page.md"), page);
    }
    site.git(&["add", "."]);
    site.git(&["commit", "-q", "-m", "first"]);
    site.write(
        "captures/twice/trace.log",
        list("shop") + &ask("0", "new") + &ask("1", "waiting") + &ask("2", "done"),
    );
    site.write("captures/gone/trace.log", list("shop") + &ask("2", "done"));
    let renamed = (list("shop") + &ask("1", "waiting") + &ask("2", "done")).replace("(shop)", "(store)");
    site.write("captures/renamed/trace.log", renamed);
    let ran = docgen(&["update", "--git", "HEAD"]);
    assert_eq!(
        ran.err.lines().filter(|line| line.starts_with("captures/")).collect::<Vec<_>>(),
        [
            "captures/gone: 0 sections added, `waits` is now `shop GET /orders/7 #2`, \
             `done` is now `shop GET /orders/7`, marked `waits` as gone",
            "captures/renamed: 0 sections added, `list` is now `store GET /items`, `waits` is now `store GET /orders/7 #1`, \
             `done` is now `store GET /orders/7 #2`",
            "captures/same: 0 sections added",
            "captures/twice: 2 sections added, `waits` is now `shop GET /orders/7 #2`, `done` is now `shop GET /orders/7 #3`",
        ],
        "{}",
        ran.err
    );
    // Of the file nothing changes but these.
    let renamed = site.read("captures/renamed/capture.toml");
    assert_eq!(
        renamed,
        settings.replace("'shop GET /items'", "\"store GET /items\"").replace("shop", "store")
    );
    assert_eq!(docgen(&["render", "captures", "docs"]).status, 0);
    for (name, waits) in [("twice", true), ("gone", false), ("renamed", true), ("same", true)] {
        let page = site.read(&format!("docs/{name}.md"));
        let section = |sentence: &str| {
            let start = page.find(sentence)?;
            Some(page[..start].rsplit("### ").next().unwrap().to_owned())
        };
        assert_eq!(section("It waits.").is_some_and(|shown| shown.contains("\"waiting\"")), waits, "{name}");
        assert!(section("It is done.").unwrap().contains("\"done\""), "{name}: {page}");
    }
    // Doing it again changes nothing.
    let before = site.files("captures");
    let again = docgen(&["update", "--git", "HEAD", "captures/twice", "captures/gone", "captures"]);
    assert_eq!(again.status, 0, "{}", again.err);
    assert_eq!(site.files("captures"), before);
    let ran = docgen(&["update", "--git", "no-such-commit"]);
    ran.complains(&["there is no commit `no-such-commit`"]);
}

#[test]
fn sections_of_a_template_need_no_update() {
    let project = Project::new("snippets", &versions(), SETTINGS);
    let said = project.not_ok(&["update", CAPTURE]);
    assert!(said.contains("no page source"), "{said}");
    project.write(&format!("{CAPTURE}/page.md"), "# ours\n");
    assert_eq!(project.ok(&["update", CAPTURE]), format!("{CAPTURE}: 0 sections added\n"));
    project.render();
    assert_eq!(project.ok(&["check", "captures", "docs"]), "0 found\n");
}

#[test]
fn a_section_that_shows_something_else_too_is_not_marked() {
    let labels = format!(
        "{SETTINGS}\n[label]\na = \"keystone GET /identity\"\nb = \"glance GET /image/v2/images/42\"\n"
    );
    let project = Project::new("page", &versions(), &labels);
    let source = "## Both\n\n{{ tabs(a.request) }}\n\n{{ tabs(b.request) }}\n";
    project.write(&format!("{CAPTURE}/page.md"), source);
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), source);
    let said = project.not_ok(&["render", "captures", "docs"]);
    assert!(said.contains("page.md:5:9"), "{said}");
}

#[test]
fn a_section_ends_where_another_of_its_level_begins() {
    let labels = format!("{SETTINGS}\n[label]\na = \"keystone GET /identity\"\n");
    let project = Project::new("page", &(versions() + &token()), &labels);
    let section =
        "### A\n\n{{ tabs(a.request) }}\n\n{{ tabs(a.response) }}\n\n#### More of it\n\nDeeper.\n\n";
    let own = "### Our own\n\nProse.\n";
    project.write(&format!("{CAPTURE}/page.md"), &format!("# x\n\n{section}{own}"));
    project.ok(&["update", CAPTURE]);
    let updated = project.source();
    let order = ["Deeper.", "heading(issue_token.request)", "heading(issue_token.response)", "### Our own"];
    let order: Vec<Option<usize>> = order.iter().map(|text| updated.find(text)).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{updated}");

    project.write(&format!("{CAPTURE}/page.md"), &format!("# x\n\n{section}{own}"));
    project.write(&format!("{CAPTURE}/trace.log"), &token());
    project.ok(&["update", CAPTURE]);
    let marked = format!("<!-- docgen: gone a -->\n{section}<!-- docgen: end -->\n");
    assert!(project.source().contains(&marked), "{}", project.source());
}

#[test]
fn sections_without_an_end_of_line_and_pages_without_sections_are_served_too() {
    let labels = format!("{SETTINGS}\n[label]\na = \"keystone GET /identity\"\n");
    let project = Project::new("page", &(versions() + &token()), &labels);
    project.write(&format!("{CAPTURE}/page.md"), "# x\n\n{{ exchange(a) }}");
    project.ok(&["update", CAPTURE]);
    let updated = project.source();
    assert!(
        updated.starts_with("# x\n\n{{ exchange(a) }}\n\n### {{ heading(issue_token.request) }}\n"),
        "{updated}"
    );

    project.write(&format!("{CAPTURE}/page.md"), "# x\n\n## Request/Response\n\n## Output\n");
    project.ok(&["update", CAPTURE]);
    let updated = project.source();
    let order = ["## Request/Response", "heading(a.request)", "heading(issue_token.response)", "## Output"];
    let order: Vec<Option<usize>> = order.iter().map(|text| updated.find(text)).collect();
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{updated}");

    project.write(&format!("{CAPTURE}/page.md"), "# x\n\n{{ rest }}\n");
    project.ok(&["update", CAPTURE]);
    assert_eq!(project.source(), "# x\n\n{{ rest }}\n");
}

#[test]
fn broken_links_and_stale_pages_are_found_with_their_place() {
    let project = Project::new("page", &versions(), SETTINGS);
    project.write("captures/image/create/trace.log", &token());
    project.write(
        &format!("{CAPTURE}/page.md"),
        "# x\n\n[create](./create.md), [gone](../gone.md#x), [out](https://x/y.md)\n\n{{ rest }}\n",
    );
    project.write("docs/index.md", "[show](image/show.md) and [no](image/shoe.md)\n");
    project.render();
    let said = project.not_ok(&["check", "captures", "docs", "--format", "json"]);
    let findings: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<(&str, &str, u64, u64)> = findings
        .iter()
        .map(|finding| {
            let number = |key: &str| finding[key].as_u64().unwrap_or(0);
            (
                finding["kind"].as_str().unwrap(),
                finding["file"].as_str().unwrap(),
                number("line"),
                number("column"),
            )
        })
        .collect();
    assert_eq!(
        places,
        [("link", "captures/image/show/page.md", 3, 31), ("link", "docs/index.md", 1, 32)],
        "{said}"
    );
    project.write("captures/image/create/trace.log", &(token() + &versions()));
    let said = project.not_ok(&["check", "captures", "docs"]);
    assert!(said.contains("docs/image/create.md:") && said.ends_with("3 found\n"), "{said}");
}

#[test]
fn a_secret_is_found_with_its_place_and_not_told() {
    let project = Project::new("snippets", &versions(), SETTINGS);
    project.write(&format!("{CAPTURE}/output.txt"), "ok\nOS_PASSWORD=hunter22\n");
    project.render();
    let said = project.not_ok(&["check", "captures", "docs", "--format", "json"]);
    let finding: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&finding["kind"], &finding["file"], &finding["line"]),
        (&"secret".into(), &"captures/image/show/output.txt".into(), &2.into())
    );
    assert!(
        !said.contains("hunter22") && !project.not_ok(&["check", "captures", "docs"]).contains("hunter22")
    );
}

/// Renders one capture in this process and gives the page, or the errors.
fn page_of(log: &str, settings: &str, source: &[u8]) -> Result<Vec<u8>, Vec<docgen::Error>> {
    let root = tempfile::tempdir().unwrap();
    let capture = root.path().join("captures/a");
    fs::create_dir_all(&capture).unwrap();
    fs::write(capture.join("trace.log"), log).unwrap();
    fs::write(capture.join("capture.toml"), settings).unwrap();
    fs::write(capture.join("page.md"), source).unwrap();
    let options = docgen::site::Options {
        captures: root.path().join("captures"),
        docs: root.path().join("docs"),
        jobs: 1,
        ..docgen::site::Options::default()
    };
    let report = docgen::site::render(&options, &|_, _| {}).unwrap();
    if report.errors.is_empty() { Ok(read(&root.path().join("docs/a.md"))) } else { Err(report.errors) }
}

fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn text_without_holes_is_copied_byte_for_byte(text in r#"([ \t\r\n#`a-c가-나{}%|\\\[\]<>"'!=$-]|\{%|\{#|--8<--){0,80}"#) {
        prop_assume!(!text.contains("{{"));
        let page = page_of(&versions(), "layout = 'page'\n", text.as_bytes()).unwrap();
        prop_assert_eq!(page, text.into_bytes());
    }

    #[test]
    fn no_bytes_of_a_source_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), inside in r#"[a-z.(),="'/\[\] 0-9{}\\]{0,40}"#) {
        let settings = "layout = 'page'\n[label]\na = 'keystone GET /identity'\n";
        let _ = page_of(&versions(), settings, &bytes);
        for name in ["a", "tabs(a.request", "range(a,", "body(a.response, highlight=", "lines(", "shared("] {
            let _ = page_of(&versions(), settings, format!("{{{{ {name}{inside} }}}}").as_bytes());
        }
    }

    #[test]
    fn every_number_moves_by_two_when_a_call_comes_first(count in 1usize..6, first in 0usize..6, last in 0usize..6) {
        let (first, last) = (first % count, last % count);
        prop_assume!(first <= last);
        let one = |n: usize| call(&format!("id{n}"), "c", "s", &format!("GET http://h/p{n}"), "200 OK");
        let log: String = (0..count).map(one).collect();
        let labels: String = (0..count).map(|n| format!("l{n} = 's GET /p{n}'\n")).collect();
        let settings = format!("layout = 'page'\n[label]\n{labels}");
        let source = format!("a {{{{ range(l{first}, l{last}) }}}} {{{{ l{first} }}}} {{{{ heading(l{last}.response) }}}} {{{{ span(l{first}.response, l{last}) }}}}");
        let before = page_of(&log, &settings, source.as_bytes()).unwrap();
        let front = call("front", "c", "other", "GET http://h/front", "200 OK");
        let after = page_of(&(front + &log), &settings, source.as_bytes()).unwrap();
        let (a, b) = (2 * first + 1, 2 * last + 2);
        let page = |by: usize| {
            let span = if a + 1 == b { format!("({})", b + by) } else { format!("({}-{})", a + 1 + by, b + by) };
            format!("a ({})-({}) ({}),({}) ({}) 200 OK /p{last} {span}", a + by, b + by, a + by, a + 1 + by, b + by)
        };
        prop_assert_eq!(String::from_utf8(before).unwrap(), page(0));
        prop_assert_eq!(String::from_utf8(after).unwrap(), page(2));
    }
}

/// Parts of a page source, `L` where a label or selector goes. The first two are what is mostly there.
const PARTS: [&str; 24] = [
    "### Old\n\n{{ tabs(L.request) }}\n",
    "{{ rest }}\n",
    "### {{ heading(L.response) }}\n\n{{ tabs(L.response) }}\n",
    "{{ exchange(L) }}\n",
    "  {{ message(L.request) }}",
    "{{ rest(until=L.request) }}\n",
    "{{ rest(until=L.response) }}",
    "> {{ rest }}",
    "    {{ rest }}",
    "prose {{ rest }} prose",
    "{{ shared(\"b\", until=L) }}",
    "{{ part(L.request.body, 1) }}",
    "{{ header(L.response) }} and {{ L.request.body }}",
    "#### Deeper\n",
    "## Request/Response\n",
    "# x",
    "prose {{ L }} prose\n",
    "```",
    "- item\n",
    "!!! note\n",
    "Title\n---",
    "<div>",
    "<!-- docgen: gone L -->\n### {{ heading(L.request) }}\n<!-- docgen: end -->",
    "<!-- docgen: gone -->\n{{ rest }}\n<!-- docgen: end -->",
];

/// An entry of a log, of the call with this number: whole, in part, damaged, or like all others of its kind.
fn entry(number: usize, kind: usize) -> String {
    let (id, url) = (format!("id{number}"), format!("GET http://h/p{number}"));
    match kind {
        0 => response(&id, "c", "s", &url, "200 OK"),
        1 => request(&id, "c", "s", &url),
        2 => format!("\n### (c) REQ >>> (s) : {url}\nno header\n\nnone\n\n"),
        3 => call(&format!("{id}-{kind}"), "c", "s", "POST http://h/same", "200 OK"),
        _ => call(&id, "c", "s", &url, "200 OK"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What was brought up to date is so, and has every line that it had.
    #[test]
    fn an_update_is_not_changed_by_another(
        is_page in any::<bool>(),
        entries in proptest::collection::vec((0..4usize, 0..8usize), 1..6),
        labels in proptest::collection::btree_set(0..4usize, 2..5),
        parts in proptest::collection::vec((prop_oneof![0..2usize, 0..PARTS.len()], 0..5usize), 1..8),
    ) {
        let names = ["l0", "l1", "l2", "l3"];
        let root = tempfile::tempdir().unwrap();
        let capture = root.path().join("captures/a");
        fs::create_dir_all(&capture).unwrap();
        let log: String = entries.iter().map(|&(number, kind)| entry(number, kind)).collect();
        let labels: String = labels.iter().map(|n| format!("l{n} = 's GET /p{n}'\n")).collect();
        let (layout, file) = if is_page { ("page", "page.md") } else { ("snippets", "body.md") };
        let mut source = String::new();
        for (part, name) in parts {
            // A side is within the quotes of a selector.
            let quoted = |part: &str| part.replace("L.re", "\"s GET /p0.re").replace("est) }}", "est\") }}");
            let part: String = match names.get(name) {
                Some(name) => PARTS[part].replace('L', name),
                None => quoted(PARTS[part]).replace("nse)", "nse\")").replace('L', "\"s GET /p0\""),
            };
            source.push_str(&part);
            source.push('\n');
        }
        fs::write(capture.join("trace.log"), log).unwrap();
        fs::write(capture.join("capture.toml"), format!("layout = '{layout}'\n[label]\n{labels}")).unwrap();
        fs::write(capture.join(file), &source).unwrap();
        let location = docgen::site::drafts::Location { root: root.path().join("captures"), path: "a".into() };
        let update = || docgen::site::drafts::update(&location, &[]);
        let state = || [file, "capture.toml"].map(|name| fs::read_to_string(capture.join(name)).unwrap());
        if update().is_ok() {
            let once = state();
            let kept = |line: &&str| !line.starts_with("<!-- docgen:");
            let mut updated = once[0].lines();
            for line in source.lines().filter(kept) {
                prop_assert!(updated.any(|new| new == line), "{:?} is lost of\n{}\nin\n{}", line, source, once[0]);
            }
            let report = update().unwrap();
            prop_assert_eq!(state(), once, "of\n{}", source);
            prop_assert_eq!((report.files.len(), report.added, report.marked.len()), (0, vec![], 0));
        }
    }
}
