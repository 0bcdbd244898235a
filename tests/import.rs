//! Pages to captures and back: whole ones, pages full of the irregularities of hand work, and
//! generated ones.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use docgen::import::{HandWritten, Imported, Surroundings, TextFile, import, write};
use docgen::render::templates::Templates;
use docgen::site::{Options, render};
use docgen::source;
use docgen::trace::{Body, Exchange, KnownFrom, Trace};
use support::hand_written;
use tempfile::TempDir;

/// A page that was imported into a folder of its own.
struct Case {
    dir: TempDir,
    original: String,
    imported: Imported,
}

impl Case {
    fn of(page: &HandWritten) -> Case {
        let around = Surroundings {
            path: "x".into(),
            layers: Vec::new(),
            templates: Arc::new(Templates::new(BTreeMap::new()).unwrap()),
        };
        let imported = import(page, &around).unwrap_or_else(|errors| panic!("{errors:?}"));
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("captures"), &dir.path().join("captures/x"), &imported.files, false).unwrap();
        Case { dir, original: page.page.text.clone(), imported }
    }

    /// The page of this name as the project's own was written, and as its authors' was, where that
    /// is here.
    fn all(name: &str) -> Vec<Case> {
        let files = hand_written().into_iter().map(|folder| folder.join(name));
        files.map(|file| Case::of(&HandWritten::read(&file, None).unwrap())).collect()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join("captures/x").join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// The page as docgen renders it now.
    fn rendered(&self) -> String {
        rendered(self.dir.path())
    }

    fn snippet(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join("docs/x").join(name)).unwrap_or_default()
    }

    fn trace(&self) -> Trace {
        let file = self.file("trace.har");
        match std::fs::read(&file) {
            Ok(bytes) => source::read(&file, bytes).trace,
            Err(_) => Trace::default(),
        }
    }

    fn change_trace(&self, change: impl FnOnce(&mut Trace)) {
        let mut trace = self.trace();
        change(&mut trace);
        std::fs::write(self.file("trace.har"), source::har::write::write(&trace)).unwrap();
    }

    /// Nothing of the protocol stands in what a person edits, but for lines of which import says so: text
    /// that a site does not take for code is not the same text when a hole prints it.
    fn assert_no_protocol_data(&self) {
        let told: Vec<&str> = self
            .imported
            .notices
            .iter()
            .filter(|notice| notice.message().contains("no hole prints it in this place"))
            .filter_map(|notice| self.original.lines().nth(notice.place()?.line - 1))
            .map(str::trim)
            .collect();
        let without_told = |text: String| {
            text.split_inclusive('\n').filter(|line| !told.contains(&line.trim())).collect::<String>()
        };
        let sources =
            ["page.md", "body.md", "diagram.md", "capture.toml"].map(|name| without_told(self.read(name)));
        let lines: Vec<&str> = sources.iter().flat_map(|source| source.lines()).map(str::trim).collect();
        let whole = sources.concat();
        for exchange in &self.trace().exchanges {
            let bodies =
                [Some(&exchange.request.body), exchange.response.as_ref().map(|response| &response.body)];
            let headers = exchange.request.headers.iter();
            for (name, value) in
                headers.chain(exchange.response.iter().flat_map(|response| response.headers.iter()))
            {
                let line = format!("{name}: {value}");
                assert!(value.is_empty() || !whole.contains(&line), "`{line}` in a source:\n{whole}");
            }
            for body in bodies.into_iter().flatten() {
                let Body::Text(text) = body else { continue };
                for line in text.lines().map(str::trim).filter(|line| line.len() > 3) {
                    assert!(!lines.contains(&line), "`{line}` in a source:\n{whole}");
                }
            }
            let drawn = format!(": {} /", exchange.request.method);
            assert!(!sources[..3].concat().contains(&drawn), "`{drawn}` in a source:\n{whole}");
        }
        assert!(!self.read("trace.har").contains("_page"));
    }
}

/// The pages of one file each.
const PAGES: [&str; 4] = ["image-show.md", "image-save.md", "image-create.md", "image-add-project.md"];

/// The page that docgen renders now of the capture `x`, in either layout.
fn rendered(dir: &Path) -> String {
    let docs = dir.join("docs");
    let options =
        Options { captures: dir.join("captures"), docs: docs.clone(), jobs: 1, ..Options::default() };
    let report = render(&options, &|_, _| {}).unwrap();
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let file = if docs.join("x.md").exists() { docs.join("x.md") } else { docs.join("x/index.md") };
    std::fs::read_to_string(file).unwrap()
}

#[test]
fn pages_written_by_hand_come_back_as_they_are() {
    let names = PAGES.iter().chain(&["image-list-index.md"]);
    for (name, case) in names.flat_map(|name| Case::all(name).into_iter().map(move |case| (name, case))) {
        assert_eq!(case.rendered(), case.original, "{name}");
        case.assert_no_protocol_data();
        // Nobody but a line number could say where a fence stands: there are none left in the sources.
        assert!(!case.read("page.md").contains("=== \"Header\""), "{name}");
        assert!(!case.read("page.md").contains("=== \"Body\""), "{name}");
        if PAGES.contains(name) {
            assert!(case.imported.notices.is_empty(), "{name}: {:?}", case.imported.notices);
        }
    }
}

#[test]
fn tabs_that_go_on_a_set_come_back_as_they_are() {
    let fence = |title: &str, lines: &str| {
        format!("=== \"{title}\"\n    ``` http title=\"\"\n    {lines}\n    ```\n")
    };
    let (curl, header, body) =
        (fence("Curl", "curl x"), fence("Header", "Accept: */*"), fence("Body", "none"));
    for tabs in [
        format!("{curl}\n{header}    \n{body}"),
        format!("{header}    \n{body}\n{curl}"),
        format!("{body}    \n{header}"),
        format!("{header}\n{body}\n{header}\n{body}"),
        format!("{header}\n=== \"Body\"\n    A word.\n\n{body}"),
    ] {
        let page = format!("# A page\n\n### (1) GET /v2/images\n\n{tabs}\nAll are asked for in (1).\n");
        let case = Case::of(&HandWritten::of(TextFile::new("list.md", page.as_str())));
        assert_eq!(case.rendered(), page, "{}", case.read("page.md"));
    }
}

#[test]
fn every_exchange_of_a_page_is_in_its_trace() {
    let expected = [
        ("image-show.md", 4, 1),
        ("image-save.md", 5, 2),
        ("image-create.md", 5, 5),
        ("image-add-project.md", 5, 2),
    ];
    for (name, all, printed) in expected {
        for case in Case::all(name) {
            let trace = case.trace();
            assert_eq!(trace.exchanges.len(), all, "{name}");
            let from_wire = |exchange: &&Exchange| exchange.known_from == KnownFrom::Wire;
            assert_eq!(trace.exchanges.iter().filter(from_wire).count(), printed, "{name}");
            for exchange in trace.exchanges.iter().filter(from_wire) {
                assert!(!exchange.request.headers.is_empty(), "{name}");
                assert!(exchange.request.url.starts_with("http://"), "{name}");
                assert!(!exchange.response.as_ref().unwrap().headers.is_empty(), "{name}");
            }
            // Every header line and every line of a body that the page prints.
            let har = case.read("trace.har");
            let sections = case.original.split("## Request/Response").nth(1).unwrap();
            let sections = sections.split("## Output").next().unwrap();
            for line in sections.lines().filter(|line| line.starts_with("    ") && line.contains("\": \"")) {
                let text = serde_json::to_string(line.trim()).unwrap();
                assert!(har.contains(&text[1..text.len() - 1]), "{name}: {line}");
            }
        }
    }
}

#[test]
fn a_list_without_its_snippets_keeps_its_numbers_as_text() {
    for case in Case::all("image-list-index.md") {
        assert!(!case.file("trace.har").exists());
        let said: Vec<&str> = case.imported.notices.iter().map(|notice| notice.message()).collect();
        assert_eq!(said.iter().filter(|said| said.contains("this number")).count(), 6, "{said:?}");
        assert_eq!(said.iter().filter(|said| said.contains("is not included")).count(), 3, "{said:?}");
        assert!(case.read("page.md").contains("`(1-4)`"));
    }
}

/// The page with every number of a step moved by two, and two messages before the first.
fn moved_by_two(page: &str, steps: u32) -> String {
    let mut moved = String::new();
    let mut in_fence = false;
    let mut is_drawn = false;
    for line in page.split_inclusive('\n') {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        }
        if !is_drawn && line.contains("->>") {
            is_drawn = true;
            moved.push_str("  client->>keystone: GET /first\n  keystone-->>client: Response: 200 OK\n");
        }
        if in_fence {
            moved.push_str(line);
            continue;
        }
        let mut rest = line;
        while let Some(open) = rest.find('(') {
            let (before, after) = rest.split_at(open + 1);
            moved.push_str(before);
            rest = after;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            match rest[..digits].parse::<u32>() {
                Ok(number) if number <= steps && rest[digits..].starts_with(')') => {
                    moved.push_str(&(number + 2).to_string());
                    rest = &rest[digits..];
                }
                _ => {}
            }
        }
        moved.push_str(rest);
    }
    moved
}

#[test]
fn one_more_exchange_in_front_moves_every_number_and_nothing_else() {
    for (name, case) in
        PAGES.iter().flat_map(|name| Case::all(name).into_iter().map(move |case| (name, case)))
    {
        let steps = case.trace().exchanges.len() as u32 * 2;
        case.change_trace(|trace| {
            let mut first = trace.exchanges[0].clone();
            first.started -= 10_000_000;
            first.ended = Some(first.started + 1);
            first.known_from = KnownFrom::Diagram;
            first.request.url = "/first".into();
            let response = first.response.as_mut().unwrap();
            (response.status, response.reason) = (200, "OK".into());
            // Its place in the file says nothing.
            trace.exchanges.push(first);
        });
        assert_eq!(case.rendered(), moved_by_two(&case.original, steps), "{name}");
    }
}

#[test]
fn one_exchange_less_names_the_prose_that_lost_it() {
    for case in Case::all("image-save.md") {
        case.change_trace(|trace| {
            trace.exchanges.remove(3);
        });
        let options = Options {
            captures: case.dir.path().join("captures"),
            docs: case.dir.path().join("docs"),
            jobs: 1,
            ..Options::default()
        };
        let report = render(&options, &|_, _| {}).unwrap();
        let told: Vec<String> = report.errors.iter().map(ToString::to_string).collect();
        let lost: Vec<usize> = case
            .read("page.md")
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains("show_image"))
            .map(|(at, _)| at + 1)
            .collect();
        assert!(lost.len() >= 5);
        for line in lost {
            assert!(told.iter().any(|told| told.contains(&format!("page.md:{line}:"))), "{line}: {told:#?}");
        }
    }
}

#[test]
fn a_changed_value_changes_its_own_line_only() {
    for (name, case) in
        PAGES.iter().flat_map(|name| Case::all(name).into_iter().map(move |case| (name, case)))
    {
        let mut expected = Vec::new();
        case.change_trace(|trace| {
            let exchange = trace.exchanges.iter_mut().rfind(|exchange| {
                let body = exchange.response.as_ref().map(|response| &response.body);
                exchange.known_from == KnownFrom::Wire
                    && matches!(body, Some(Body::Text(text)) if text.contains('\n'))
            });
            let response = exchange.unwrap().response.as_mut().unwrap();
            let fields = response.headers.iter().map(|(name, value)| {
                let value = if name == "Server" { "another/1.0" } else { value };
                (name.to_owned().into(), value.to_owned().into())
            });
            response.headers = fields.collect();
            expected.push("    Server: another/1.0".to_owned());
            let Body::Text(text) = &response.body else { panic!() };
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let line = lines.iter().rposition(|line| line.contains("\": \"")).unwrap();
            let indent = &lines[line][..lines[line].find('"').unwrap()];
            lines[line] = format!("{indent}\"changed\": true");
            expected.push(format!("    {}", lines[line]));
            response.body = Body::Text(lines.join("\n").into());
        });
        let rendered = case.rendered();
        let changed: Vec<&str> = case
            .original
            .lines()
            .zip(rendered.lines())
            .filter(|(old, new)| old != new)
            .map(|(_, new)| new)
            .collect();
        assert_eq!(rendered.lines().count(), case.original.lines().count(), "{name}");
        assert_eq!(changed, expected, "{name}");
    }
}

#[test]
fn a_template_with_other_tabs_gives_the_page_other_tabs() {
    for (name, case) in
        PAGES.iter().flat_map(|name| Case::all(name).into_iter().map(move |case| (name, case)))
    {
        let templates = case.dir.path().join("captures/templates");
        std::fs::create_dir_all(templates.join("page")).unwrap();
        for (file, tab, korean) in [
            ("page/header_tab.md", "{{ t.header_tab }}", "헤더"),
            ("page/body_tab.md", "{{ t.body_tab }}", "본문"),
        ] {
            let (_, text) =
                docgen::render::templates::EMBEDDED.iter().find(|(name, _)| *name == file).unwrap();
            assert!(text.contains(tab));
            std::fs::write(templates.join(file), text.replace(tab, korean)).unwrap();
        }
        std::fs::write(case.dir.path().join("captures/docgen.toml"), "templates = \"templates\"\n").unwrap();
        let expected =
            case.original.replace("=== \"Header\"", "=== \"헤더\"").replace("=== \"Body\"", "=== \"본문\"");
        assert_eq!(case.rendered(), expected, "{name}");
    }
}

/// The folders of `tests/cases/import`: each holds a page, and what import has to say of it.
#[test]
fn pages_with_the_irregularities_of_hand_work_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 8);
    for folder in folders {
        let single = folder.join("page.md");
        let file = if single.exists() { single } else { folder.join("things/index.md") };
        let page = HandWritten::read(&file, None).unwrap();
        let case = Case::of(&page);
        assert_eq!(case.rendered(), case.original, "{}", folder.display());
        for (name, snippet) in [("body.md", &page.body), ("diagram.md", &page.diagram), ("log.md", &page.log)]
        {
            if let Some(snippet) = snippet {
                assert_eq!(case.snippet(name), snippet.text, "{}: {name}", folder.display());
            }
        }
        case.assert_no_protocol_data();
        let mut notices = String::new();
        for notice in &case.imported.notices {
            let place = notice.place().unwrap();
            let file = place.file.file_name().unwrap().to_str().unwrap();
            notices.push_str(&format!("{file}:{}:{} {}\n", place.line, place.column, notice.message()));
        }
        let root = folder.parent().unwrap().to_string_lossy().into_owned();
        let notices = notices.replace(&root, "ROOT");
        let expected = folder.join("notices.txt");
        if std::env::var_os("DOCGEN_TEST_UPDATE").is_some() {
            std::fs::write(&expected, &notices).unwrap();
        }
        assert_eq!(notices, std::fs::read_to_string(&expected).unwrap_or_default(), "{}", folder.display());
    }
}

#[test]
fn what_the_middleware_wrote_comes_back_with_its_log() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logs");
    for name in [
        "zed/server-create",
        "zed/image-list-cold",
        "zed/image-add-project",
        "new/image-create",
        "new/image-save",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let docs = dir.path().join("docs/a/b");
        std::fs::create_dir_all(&docs).unwrap();
        for (from, to) in
            [("diagram.md", "diagram.md"), ("body.md", "body.md"), ("requestshook.log", "log.md")]
        {
            std::fs::copy(logs.join(name).join(from), docs.join(to)).unwrap();
        }
        let index = "# A page\n\nSteps `(1-4)`, then `(5)`.\n\n``` mermaid\nsequenceDiagram\n    autonumber\n    --8<-- \"a/b/diagram.md\"\n```\n\n--8<-- \"a/b/body.md\"\n\n``` text title=\"\"\n--8<-- \"a/b/log.md\"\n```\n";
        std::fs::write(docs.join("index.md"), index).unwrap();
        let page = HandWritten::read(&docs.join("index.md"), None).unwrap();
        let case = Case::of(&page);
        assert_eq!(case.rendered(), index, "{name}");
        assert!(case.read("page.md").contains("{{ span("), "{name}");
        for (file, snippet) in [("diagram.md", &page.diagram), ("body.md", &page.body), ("log.md", &page.log)]
        {
            assert_eq!(case.snippet(file), snippet.as_ref().unwrap().text, "{name}: {file}");
        }
        case.assert_no_protocol_data();
    }
}

#[test]
fn a_page_with_marks_of_docgen_is_refused() {
    let text = "# t\n\n### (1) GET /a\n\n<!-- docgen: gone show -->\nx\n<!-- docgen: end -->\n";
    let around = Surroundings {
        path: "x".into(),
        layers: Vec::new(),
        templates: Arc::new(Templates::new(BTreeMap::new()).unwrap()),
    };
    let errors = import(&HandWritten::of(TextFile::new("p.md", text)), &around).unwrap_err();
    assert!(errors[0].to_string().contains("p.md:5:1"), "{errors:?}");
}

mod generated {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn around() -> Surroundings {
        Surroundings {
            path: "x".into(),
            layers: Vec::new(),
            templates: Arc::new(Templates::new(BTreeMap::new()).unwrap()),
        }
    }

    /// Imports a page, renders it, and gives what came back with the sources.
    fn there_and_back(text: &str) -> Option<(String, String)> {
        let page = HandWritten::of(TextFile::new("page.md", text));
        let imported = import(&page, &around()).ok()?;
        let dir = tempfile::tempdir().unwrap();
        write(&dir.path().join("captures"), &dir.path().join("captures/x"), &imported.files, false).unwrap();
        let source = imported.files.iter().find(|(name, _)| *name == "page.md").map(|(_, text)| text.clone());
        Some((rendered(dir.path()), source.unwrap_or_default()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        /// Pieces of pages in any order: whatever they make, it comes back, and nothing panics.
        #[test]
        fn any_page_comes_back(pieces in vec(piece(), 0..24)) {
            let text = pieces.concat();
            if let Some((back, _)) = there_and_back(&text) {
                prop_assert_eq!(back, text);
            } else {
                prop_assert!(false, "refused:\n{}", text);
            }
        }

        #[test]
        fn any_text_is_taken_or_refused(text in any::<String>()) {
            if let Some((back, _)) = there_and_back(&text) {
                prop_assert_eq!(back, text);
            }
        }

        /// A page that docgen made of a trace and prose comes back, with the exchanges in its trace.
        #[test]
        fn a_rendered_page_comes_back(
            exchanges in vec(exchange(), 1..5),
            prose in vec("[ -~가-힣]{0,40}", 4..5),
            snippets in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let capture = dir.path().join("captures/a/b");
            std::fs::create_dir_all(&capture).unwrap();
            let mut trace = Trace::default();
            for (at, mut exchange) in exchanges.into_iter().enumerate() {
                exchange.started += at as i64 * 2_000_000;
                exchange.ended = exchange.ended.map(|_| exchange.started + 1_000_000);
                trace.exchanges.push(exchange);
            }
            std::fs::write(capture.join("trace.har"), source::har::write::write(&trace)).unwrap();
            let layout = if snippets { "snippets" } else { "page" };
            std::fs::write(capture.join("capture.toml"), format!("title = \"t\"\nlayout = \"{layout}\"\n")).unwrap();
            let docs = dir.path().join("docs");
            if !snippets {
                let prose: Vec<String> = prose.iter().map(|line| line.replace("{{", "{ {").replace("{{", "{ {").replace("--8<", "-").replace('\\', "/")).map(without_open_tag).collect();
                let page = format!("# t\n\n{}\n\n{{{{ diagram }}}}\n\n{}\n\n{{{{ rest }}}}\n\n{}\n{}", prose[0], prose[1], prose[2], prose[3]);
                std::fs::write(capture.join("page.md"), page).unwrap();
            }
            let options = Options { captures: dir.path().join("captures"), docs: docs.clone(), jobs: 1, ..Options::default() };
            let report = render(&options, &|_, _| {}).unwrap();
            prop_assert!(report.errors.is_empty(), "{:?}", report.errors);
            let file = if snippets { docs.join("a/b/index.md") } else { docs.join("a/b.md") };
            let page = HandWritten::read(&file, Some(&docs)).unwrap();
            let case = Case::of(&page);
            let back = case.rendered();
            if snippets {
                // The prefix of the snippets is a setting, so the page may move.
                prop_assert_eq!(&back, &page.page.text);
                prop_assert_eq!(case.snippet("body.md"), page.body.unwrap().text);
                prop_assert_eq!(case.snippet("diagram.md"), page.diagram.unwrap().text);
            } else {
                prop_assert_eq!(&back, &page.page.text);
                let known = |trace: &Trace| trace.exchanges.iter().map(|e| (e.request.method.to_string(), e.request.url.to_string(), e.request.headers.clone())).collect::<Vec<_>>();
                prop_assert_eq!(known(&case.trace()), known(&trace));
            }
        }
    }

    /// A tag that is not closed would take in the hole behind it, which docgen refuses.
    fn without_open_tag(line: String) -> String {
        let is_open = line.rfind('<').is_some_and(|at| !line[at..].contains('>'));
        if is_open { line.replace('<', "< ") } else { line }
    }

    fn exchange() -> impl Strategy<Value = Exchange> {
        let headers = || vec(("[A-Z][a-z]{1,6}(-[A-Z][a-z]{1,4})?", "[!-~]([ -~]{0,12}[!-~])?"), 0..4);
        let body = || {
            prop_oneof![
                Just(Body::Absent),
                "\\{\"[a-z]{1,4}\": ([0-9]{1,3}|\"[a-z]{0,5}\")\\}".prop_map(|text| Body::Text(text.into())),
                "[a-z<>{}]{1,9}(\n[a-z ]{1,9}[a-z])?".prop_map(|text| Body::Text(text.into())),
            ]
        };
        let url = "http://[a-z]{1,5}(:[1-9][0-9]{2,3})?(/[a-z0-9]{1,8}){1,3}(\\?[a-z]{1,3}=[a-z0-9]{1,3})?";
        let response = proptest::option::of((200..500u16, "(OK|Not Found|Created)", headers(), body()));
        let to = "(glance|store|db)";
        ("(GET|POST|PUT|DELETE)", url, to, headers(), body(), response).prop_map(
            |(method, url, to, fields, body, response)| {
                let headers = |fields: Vec<(String, String)>| {
                    fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
                };
                Exchange {
                    from: Some("client".into()),
                    to: Some(to.into()),
                    started: 0,
                    ended: response.as_ref().map(|_| 1),
                    synthetic: true,
                    known_from: KnownFrom::Wire,
                    request: docgen::trace::Request {
                        method: method.into(),
                        url: url.into(),
                        headers: headers(fields),
                        body,
                        ..docgen::trace::Request::default()
                    },
                    response: response.map(|(status, reason, fields, body)| docgen::trace::Response {
                        status,
                        reason: reason.into(),
                        url: None,
                        headers: headers(fields),
                        body,
                        ..docgen::trace::Response::default()
                    }),
                    ..Exchange::default()
                }
            },
        )
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("``` mermaid\nsequenceDiagram\n  autonumber\n  a->>b: GET /x/{id}\n  b-->>a: Response: 200 OK\n```\n".to_owned()),
            Just("``` mermaid\nsequenceDiagram\n  c->>d: ask\n  d-->>c: 204 No Content\n  Note over c,d: after (2)\n  opt x\n  c->>c: self\n  end\n```\n".to_owned()),
            "###? \\([1-4]\\) (GET|PUT) /x/(\\{id\\}|abc-12345)\n",
            "### \\([1-4]\\) 20[0-4] (OK|Created)( /x/\\{id\\})?\n",
            "(    ){0,2}=== \"(Header|Body|본문)\"\n",
            "(    ){0,2}``` (http|json|html)( title=\"(GET http://h/x/abc-12345)?\")?( hl_lines=\"[1-3]( [1-3])?\"\"?)?\n",
            "(    ){0,2}```\n",
            "(    ){0,2}[A-Z][a-z]{1,3}: ?[a-z{}]{0,4}\n",
            "(    ){0,2}(DATA=)?\\{\n",
            "(    ){0,2}  \"k\": [0-9],?\n",
            "(    ){0,2}\\}?[ ]{0,3}\n",
            "(none|None|    none)\n",
            "(text )?\\([0-9]{1,2}\\)(,|-|~|, )?(\\([0-9]{1,2}\\)|\\([0-9]-[0-9]\\))?[ 번]{0,2}\n",
            "\\\\?\\{\\{ ?[a-z]{0,4} ?(\\}\\})?\n",
            "(!!!|\\?\\?\\?) note \"[a-z(1)]{0,4}\"\n",
            "--8<-- \"[a-z]{1,3}/(body|diagram|other).md\"\n",
            "(# |## )?[a-z`\\[\\]()*_]{0,9}\r?\n?",
        ]
    }
}
