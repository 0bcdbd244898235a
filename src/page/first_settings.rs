//! The settings of a new capture: everything that can be told from the command
//! and from what it did.
//!
//! Ids that its paths hold become variables with the names that the profile's
//! routes give them, so that the page shows `{image_id}` and a later run with other
//! ids changes nothing else. What this leaves out: prose.

use std::fmt::Write;

use crate::profile::Profile;
use crate::sequence::Sequence;
use crate::sequence::naming;
use crate::sequence::participants::Participants;
use crate::sequence::paths::{Paths, Vars};
use crate::sequence::selector::{Index, Scope};
use crate::toml_file::string as quoted;
use crate::trace::{Trace, UrlParts};

/// The content of `capture.toml` for `command`, as it was typed, which caused `trace`.
///
/// `profile` is the profile's name, where the settings above do not name it already, and the profile.
pub fn settings_text(
    command: &[String],
    shell: bool,
    trace: &Trace,
    names_profile: Option<&str>,
    profile: Option<&Profile>,
) -> String {
    let vars = variables(trace, profile);
    let typed = match (shell, command) {
        (true, [line]) => line.clone(),
        // A NUL byte cannot be in an argument that came from a command line.
        _ => shlex::try_join(command.iter().map(String::as_str)).unwrap_or_else(|_| command.join(" ")),
    };
    let command_with_vars = vars.iter().fold(typed.clone(), |command, (name, value)| {
        command.replace(value.as_str(), &format!("{{{name}}}"))
    });
    let title = profile
        .and_then(|profile| profile.cli_reference(&typed, None))
        .map_or_else(|| first_words(command), |link| link.text);

    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "title = {}", quoted(&title));
    let _ = writeln!(text, "command = {}", quoted(&command_with_vars));
    let _ = writeln!(text, "layout = \"page\"");
    if let Some(name) = names_profile {
        let _ = writeln!(text, "profile = {}", quoted(name));
    }
    if shell {
        let _ = write!(text, "\n[capture]\nshell = true\n");
    }
    if !vars.is_empty() {
        text.push_str("\n[vars]\n");
        for (name, value) in &vars {
            let _ = writeln!(text, "{name} = {}", quoted(value));
        }
    }
    let participants = Participants::new(trace, &[], profile);
    for participant in participants.all() {
        let _ = write!(text, "\n[[participant]]\nid = {}\n", quoted(&participant.id));
        if let Some(label) = &participant.label {
            let _ = writeln!(text, "label = {}", quoted(label));
        }
    }
    text.push_str(&labels(trace, &participants, &vars, profile));
    text
}

fn labels(
    trace: &Trace,
    participants: &Participants,
    vars: &[(String, String)],
    profile: Option<&Profile>,
) -> String {
    let sequence = Sequence::new(trace, |_| true);
    let paths = Paths { vars: &Vars::of(vars), profile, query: false };
    let index = Index::default();
    let scope = Scope { trace, sequence: &sequence, participants, paths, labels: &[], index: &index };
    let mut text = String::new();
    for (index, name) in naming::names(trace, participants, profile).iter().enumerate() {
        if text.is_empty() {
            text.push_str("\n[label]\n");
        }
        let _ = writeln!(text, "{name} = {}", quoted(&scope.describe(index)));
    }
    text
}

/// Names and values of the ids that paths hold: the name is that of the route's variable, a
/// second value of the same name gets a number.
fn variables(trace: &Trace, profile: Option<&Profile>) -> Vec<(String, String)> {
    let Some(profile) = profile else { return Vec::new() };
    let participants = Participants::new(trace, &[], Some(profile));
    let mut vars: Vec<(String, String)> = Vec::new();
    for (index, exchange) in trace.exchanges.iter().enumerate() {
        let path = UrlParts::of(&exchange.request.url).path;
        let Some(route) = profile.route(&participants.to(index).id, &exchange.request.method, path) else {
            continue;
        };
        for &(name, value) in &route.variables {
            // A name that the user typed says more than `{image_id}` would; an id says nothing.
            let worth_it = is_id(value) && crate::settings::is_identifier(name);
            if !worth_it || vars.iter().any(|(_, known)| known == value) {
                continue;
            }
            let count = vars.iter().filter(|(known, _)| is_numbered(known, name)).count();
            let name = if count == 0 { name.to_owned() } else { format!("{name}_{}", count + 1) };
            vars.push((name, value.to_owned()));
        }
    }
    vars
}

/// Whether `known` is `name`, or `name` with a number.
fn is_numbered(known: &str, name: &str) -> bool {
    known.strip_prefix(name).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('_').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
    })
}

/// Whether a value looks like one that a service made up: a UUID with hyphens or without.
fn is_id(value: &str) -> bool {
    let digits = value.bytes().filter(u8::is_ascii_hexdigit).count();
    let hyphens = value.bytes().filter(|&b| b == b'-').count();
    digits == 32 && digits + hyphens == value.len() && matches!(hyphens, 0 | 4)
}

/// The words of a command before its first option, four at most.
fn first_words(command: &[String]) -> String {
    let words =
        command.iter().take_while(|word| !word.starts_with('-') && !word.contains(char::is_whitespace));
    words.take(4).cloned().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_known_by_their_form() {
        assert!(is_id("f36f9b00-a382-4ea5-9f17-ff3ad85a9087"));
        assert!(is_id("3e5c9be8aa6f4a5eb0ca25b1a7c1e837"));
        assert!(!is_id("cirros") && !is_id("v2") && !is_id("f36f9b00a3824ea59f17ff3ad85a90877"));
    }

    #[test]
    fn a_new_capture_says_what_can_be_told() {
        let log = include_bytes!("../../tests/fixtures/logs/zed/image-show/requestshook.log");
        let read = crate::source::read("trace.log".as_ref(), log.to_vec());
        let command = "openstack image show --format json f36f9b00-a382-4ea5-9f17-ff3ad85a9087";
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let text =
            settings_text(&words, false, &read.trace, Some("openstack"), Profile::embedded("openstack"));
        assert!(text.starts_with(
            "title = \"openstack image show\"\ncommand = \"openstack image show --format json {image_id}\"\n"
        ), "{text}");
        assert!(text.contains("[vars]\nimage_id = \"f36f9b00-a382-4ea5-9f17-ff3ad85a9087\"\n"), "{text}");
        assert!(text.contains("= \"glance GET /image/v2/images/{image_id}\"\n"), "{text}");
        crate::settings::Layer::parse("capture.toml".as_ref(), &text).unwrap();
    }
}
