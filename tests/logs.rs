//! Logs of a real cloud, against what its logging middleware wrote beside them.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]

mod support;

use std::fs;
use std::path::PathBuf;

use support::{Site, own, shared};

/// Where recorded logs are: in the project, and where its authors keep more of them.
fn recorded(what: &str) -> Vec<PathBuf> {
    let roots = [Some(own("tests/fixtures/logs")), shared("logs")];
    let mut files: Vec<PathBuf> = roots
        .into_iter()
        .flatten()
        .flat_map(|root| walkdir::WalkDir::new(root).into_iter().flatten())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().ends_with(what))
        .collect();
    files.sort();
    files
}

/// A heading as the middleware writes it, which does not number.
fn without_number(body: &str) -> String {
    let line = |line: &str| {
        let number = line.strip_prefix("### (").and_then(|rest| rest.split_once(") "));
        match number.filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit())) {
            Some((_, rest)) => format!("### {rest}"),
            None => line.to_owned(),
        }
    };
    body.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_folder_with_a_log_alone_gives_what_the_middleware_wrote() {
    let logs = recorded("/requestshook.log");
    assert!(logs.len() >= 8, "the fixtures are missing: {logs:?}");
    let site = Site::new();
    let name = |number: usize| format!("c{number}");
    for (number, log) in logs.iter().enumerate() {
        fs::create_dir(site.path("captures").join(name(number))).unwrap();
        fs::copy(log, site.path("captures").join(name(number)).join("trace.log")).unwrap();
    }
    site.renders();
    for (number, log) in logs.iter().enumerate() {
        let expected = |file: &str| fs::read_to_string(log.with_file_name(file)).unwrap();
        let made = |file: &str| site.read(&format!("docs/{}/{file}", name(number)));
        let shown = log.display();
        assert_eq!(made("diagram.md"), expected("diagram.md"), "{shown}");
        assert_eq!(without_number(&made("body.md")), expected("body.md"), "{shown}");
        assert_eq!(made("log.md"), expected("requestshook.log"), "{shown}");
        // The numbers are those of the diagram's arrows: one a line.
        let body = made("body.md");
        let headings = body.lines().filter(|line| line.starts_with("### ("));
        let arrows = expected("diagram.md").lines().count();
        let numbers: Vec<String> = (1..=arrows).map(|number| format!("### ({number}) ")).collect();
        let headings: Vec<&str> = headings.collect();
        assert_eq!(headings.len(), arrows, "{shown}");
        assert!(
            headings.iter().zip(&numbers).all(|(heading, number)| heading.starts_with(number)),
            "{shown}"
        );
    }
}

#[test]
fn what_a_client_prints_with_debug_renders_in_both_layouts() {
    let logs: Vec<PathBuf> = recorded(".log")
        .into_iter()
        .filter(|log| log.parent().unwrap().ends_with("keystoneauth-debug"))
        .collect();
    assert!(logs.len() >= 3, "the fixtures are missing: {logs:?}");
    let site = Site::new();
    for (number, log) in logs.iter().enumerate() {
        for layout in ["page", "snippets"] {
            let capture = format!("captures/{layout}/c{number}");
            site.write(
                &format!("{capture}/capture.toml"),
                format!("layout = \"{layout}\"\nlocale = \"en\"\n"),
            );
            site.write(&format!("{capture}/trace.log"), fs::read(log).unwrap());
        }
    }
    site.renders();
    for (number, log) in logs.iter().enumerate() {
        // Each line `REQ:` is a request, and each start of an authentication is one.
        let text = fs::read_to_string(log).unwrap();
        let count =
            text.matches("REQ: curl").count() + text.matches("Making authentication request to").count();
        let page = site.read(&format!("docs/page/c{number}.md"));
        let body = site.read(&format!("docs/snippets/c{number}/body.md"));
        let diagram = site.read(&format!("docs/snippets/c{number}/diagram.md"));
        let headings = |text: &str| text.lines().filter(|line| line.starts_with("### (")).count();
        assert_eq!(headings(&page), count * 2, "{}", log.display());
        assert_eq!(headings(&body), count * 2, "{}", log.display());
        assert_eq!(diagram.matches(">>").count(), count * 2, "{}", log.display());
        assert!(
            count > 0 && diagram.contains("->>") && page.contains("/v3/auth/tokens"),
            "{}",
            log.display()
        );
    }
}
