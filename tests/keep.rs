//! Recordings of a true upgrade, recorded again with the old values: what is left of their difference.
#![allow(clippy::unwrap_used, reason = "clippy does not see that all of this is a test")]
#![allow(clippy::print_stderr, reason = "a test that cannot run says so")]

mod support;

use std::path::{Path, PathBuf};

use docgen::diff::{Capture, Kinds, Map, Recording, compare_next, keep};
use docgen::source::{self, har};
use docgen::trace::Trace;
use support::own;

/// Recordings of ten commands before and after a true upgrade, which are not part of the project.
fn upgrade() -> Option<PathBuf> {
    let folder = own("../shared/upgrade");
    if !folder.is_dir() {
        eprintln!("skipped: there is no ../shared/upgrade");
    }
    folder.is_dir().then_some(folder)
}

/// In the order in which they were recorded.
const COMMANDS: [&str; 10] = [
    "create",
    "list",
    "show",
    "set",
    "unset",
    "save",
    "add-project",
    "member-list",
    "remove-project",
    "delete",
];

fn recorded(folder: &Path, command: &str) -> (Trace, String) {
    let har = std::fs::read(folder.join(format!("{command}.har"))).unwrap();
    let read = source::read("trace.har".as_ref(), har);
    (read.trace, std::fs::read_to_string(folder.join(format!("{command}.out"))).unwrap())
}

/// The lines that are different in the files of all commands, as git counts them: those that went, those that
/// came.
fn lines_of_diff(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let Some(folder) = upgrade() else { return Default::default() };
    let (mut map, mut went, mut came) = (Map::default(), Vec::new(), Vec::new());
    for command in COMMANDS {
        let (a, b) = (recorded(&folder.join(old), command), recorded(&folder.join(new), command));
        let capture = Capture {
            old: Recording { trace: &a.0, output: Some(&a.1) },
            new: Recording { trace: &b.0, output: Some(&b.1) },
            kinds: Kinds::built_in(),
        };
        let (findings, _) = compare_next(&capture, &mut map);
        let kept = keep(&capture, &findings, &map);
        assert!(kept.values.len() > 9, "{command}: {:?}", kept.values);
        let files = [(har::write::write(&a.0), har::write::write(&kept.trace)), (a.1, kept.output.unwrap())];
        for (old, new) in files {
            let diff = similar::TextDiff::from_lines(&old, &new);
            for change in diff.iter_all_changes() {
                let line = change.value().trim().to_owned();
                match change.tag() {
                    similar::ChangeTag::Delete => went.push(line),
                    similar::ChangeTag::Insert => came.push(line),
                    similar::ChangeTag::Equal => {}
                }
            }
        }
    }
    (went, came)
}

#[test]
fn of_the_same_release_nothing_is_left_but_a_true_difference() {
    if upgrade().is_none() {
        return;
    }
    let (went, came) = lines_of_diff("z1", "z2");
    assert_eq!(went, [r#"{ "name": "Openstack-Image-Store-Ids", "value": "local" },"#]);
    assert_eq!(
        came,
        [
            r#"{ "name": "Openstack-Image-Store-Ids", "value": "local,os_glance_staging_store,os_glance_tasks_store" },"#
        ]
    );
    // Another cloud.
    assert_eq!(lines_of_diff("z1", "z4"), Default::default());
}

#[test]
fn of_an_upgrade_its_facts_are_left() {
    if upgrade().is_none() {
        return;
    }
    let (went, came) = lines_of_diff("z4", "t1");
    assert_eq!((went.len(), came.len()), (114, 205));
    let of_facts = [
        "\"User-Agent\"",
        "\"Accept\"",
        "\"text\": \"{\\\"versions\\\"",
        "\"Content-Length\", \"value\": \"1667\"",
        "ize\": 1667",
    ];
    let is_of_a_fact =
        |line: &&String| line.starts_with(['|', '+']) || of_facts.iter().any(|fact| line.contains(fact));
    assert_eq!(went.iter().filter(|line| !is_of_a_fact(line)).collect::<Vec<_>>(), [""; 0]);
    let new_calls: Vec<&String> =
        came.iter().filter(|line| line.starts_with("\"startedDateTime\"")).collect();
    assert!(
        matches!(new_calls[..], [create, save] if create.contains("T20:21:43.") && save.contains("T20:21:55.")),
        "{new_calls:?}"
    );
}
