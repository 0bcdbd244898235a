//! The settings of a new capture: everything that can be told from the command
//! and from what it did.
//!
//! Ids that its paths hold become variables with the names that the profile's
//! routes give them, so that the page shows `{image_id}` and a later run with other
//! ids changes nothing else. What this leaves out: prose.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use crate::page::{command_line, invocation};
use crate::profile::Profile;
use crate::sequence::Sequence;
use crate::sequence::naming;
use crate::sequence::participants::Participants;
use crate::sequence::paths::{Paths, Vars};
use crate::sequence::selector::{Index, Scope};
use crate::settings::Settings;
use crate::toml_file::string as quoted;
use crate::trace::{Trace, UrlParts};

/// A new capture, as far as its settings follow from it.
#[derive(Clone, Copy, Debug)]
pub struct NewCapture<'a> {
    /// The words of the command, as they were typed; with a shell, the line.
    pub command: &'a [String],
    /// Whether a shell runs it.
    pub shell: bool,
    /// Whether other settings say that already.
    pub is_shell_said: bool,
    /// What it caused.
    pub trace: &'a Trace,
    /// The profile's name, where the settings above do not name it already.
    pub names_profile: Option<&'a str>,
    /// The profile.
    pub profile: Option<&'a Profile>,
    /// What is said already, of the layout, participants and variables: a list of participants here would be in
    /// place of theirs.
    pub said: &'a Settings,
    /// What gives a value: `{image/create.id}`, by the value.
    pub given: &'a HashMap<String, String>,
}

/// The content of `capture.toml` for a new capture.
pub fn settings_text(new: &NewCapture<'_>) -> String {
    let &NewCapture { command, shell, trace, names_profile, profile, said, .. } = new;
    let declared = &said.participants[..];
    let is_said = |value: &String| said.vars.iter().any(|(_, known)| known == value);
    let mut vars = variables(trace, profile);
    vars.retain(|(_, value)| !is_said(value));
    let shown = [&said.vars[..], &vars].concat();
    let typed = command_line(command, shell);
    let ids = shown.iter().filter(|(_, value)| is_id(value));
    let command_with_vars = ids.fold(typed.clone(), |command, (name, value)| {
        command.replace(value.as_str(), &format!("{{{name}}}"))
    });
    let invocation = invocation::words(command, shell);
    let invoked = shlex::try_join(invocation.iter().map(String::as_str)).unwrap_or_default();
    let title = profile
        .and_then(|profile| profile.cli_reference(&invoked, None))
        .map_or_else(|| title(&invocation, trace, &shown, profile), |link| link.text);

    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "title = {}", quoted(&title));
    let _ = writeln!(text, "command = {}", quoted(&command_with_vars));
    if !said.is_layout_said {
        let _ = writeln!(text, "layout = \"page\"");
    }
    if let Some(name) = names_profile {
        let _ = writeln!(text, "profile = {}", quoted(name));
    }
    if shell && !new.is_shell_said {
        let _ = write!(text, "\n[capture]\nshell = true\n");
    }
    if !vars.is_empty() {
        text.push_str("\n[vars]\n");
        for (name, value) in &vars {
            let _ = writeln!(text, "{name} = {}", quoted(new.given.get(value).unwrap_or(value)));
        }
    }
    let participants = Participants::new(trace, declared, profile);
    let written = if declared.is_empty() { participants.all() } else { &[] };
    for participant in written {
        let _ = write!(text, "\n[[participant]]\nid = {}\n", quoted(&participant.id));
        if let Some(label) = &participant.label {
            let _ = writeln!(text, "label = {}", quoted(label));
        }
    }
    text.push_str(&labels(trace, &participants, &shown, profile));
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
    let mut values: HashSet<&str> = HashSet::new();
    let mut taken: HashSet<String> = HashSet::new();
    // The number of the last variable that was to have a name.
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for (index, exchange) in trace.exchanges.iter().enumerate() {
        let path = UrlParts::of(&exchange.request.url).path;
        let Some(route) = profile.route(&participants.to(index).id, &exchange.request.method, path) else {
            continue;
        };
        for &(name, value) in &route.variables {
            // A name that the user typed says more than `{image_id}` would; an id says nothing.
            let worth_it = is_id(value) && crate::settings::is_identifier(name);
            if !worth_it || !values.insert(value) {
                continue;
            }
            let number = numbers.entry(name).or_insert(1);
            let mut own = name.to_owned();
            while !taken.insert(own.clone()) {
                *number += 1;
                own = format!("{name}_{number}");
            }
            vars.push((own, value.to_owned()));
        }
    }
    vars
}

/// Whether a value looks like one that a service made up: a UUID with hyphens or without.
pub(crate) fn is_id(value: &str) -> bool {
    let hyphens = match value.len() {
        32 => 0,
        36 => 4,
        _ => return false,
    };
    let count = |is_one: fn(&u8) -> bool| value.bytes().filter(is_one).count();
    count(u8::is_ascii_hexdigit) == 32 && count(|&byte| byte == b'-') == hyphens
}

/// Programs that are told a URL and nothing of what is done there.
const HTTP_CLIENTS: [&str; 6] = ["aria2c", "curl", "http", "https", "wget", "xh"];

/// A title: the program with the words that say what it does, four at most; where it is told nothing but
/// options and URLs, what it asks for first.
fn title(
    invocation: &[String],
    trace: &Trace,
    vars: &[(String, String)],
    profile: Option<&Profile>,
) -> String {
    let is_http_client = invocation.first().is_some_and(|program| HTTP_CLIENTS.contains(&program.as_str()));
    let says_what = |word: &&String| {
        !word.starts_with('-')
            && !word.contains(|c: char| c.is_whitespace() || matches!(c, '$' | '>' | '<' | '*' | '=' | '@'))
            && !word.contains("://")
            && !is_id(word)
    };
    let most = if is_http_client { 1 } else { 4 };
    let mut words: Vec<&str> =
        invocation.iter().take_while(says_what).take(most).map(String::as_str).collect();
    let asked;
    if words.len() < 2 && invocation.len() != 1 {
        asked = first_request(trace, vars, profile);
        words.extend(asked.as_deref());
    }
    words.join(" ")
}

/// Method and path of the first exchange, with its host where the path says nothing.
fn first_request(trace: &Trace, vars: &[(String, String)], profile: Option<&Profile>) -> Option<String> {
    let request = &trace.exchanges.first()?.request;
    let vars = Vars::of(vars);
    let url = UrlParts::of(&request.url);
    let participants = Participants::new(trace, &[], profile);
    let path =
        Paths { vars: &vars, profile, query: false }.templated(&participants.to(0).id, &request.method, url);
    let host = if path == "/" { url.host_and_port() } else { "" };
    Some(format!("{} {host}{path}", request.method))
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
    fn values_of_one_name_are_numbered() {
        let profile = "name = \"p\"\n[[participant]]\nid = \"s\"\nurls = [\"http://s\"]\n\
            [[api]]\nname = \"x\"\nparticipants = [\"s\"]\nreference = \"http://d/\"\n\
            routes = [\"GET /x/{id} x\", \"GET /y/{id_2} y\"]\n";
        let profile = Profile::from_toml("p.toml".as_ref(), profile).unwrap();
        let id = |n: usize| format!("{n:032x}");
        let call = |(path, n)| {
            let url = format!("http://s/{path}/{}", id(n)).into();
            let request = crate::trace::Request { method: "GET".into(), url, ..Default::default() };
            crate::trace::Exchange { request, ..Default::default() }
        };
        let calls = [("y", 0), ("x", 1), ("x", 2), ("x", 1)];
        let trace = Trace { exchanges: calls.map(call).to_vec(), ..Trace::default() };
        let vars = variables(&trace, Some(&profile));
        assert_eq!(vars, [("id_2".to_owned(), id(0)), ("id".to_owned(), id(1)), ("id_3".to_owned(), id(2))]);
    }

    #[test]
    fn a_new_capture_says_what_can_be_told() {
        let log = include_bytes!("../../tests/fixtures/logs/zed/image-show/requestshook.log");
        let read = crate::source::read("trace.log".as_ref(), log.to_vec());
        let command = "openstack image show --format json f36f9b00-a382-4ea5-9f17-ff3ad85a9087";
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let mut new = NewCapture {
            command: &words,
            shell: false,
            is_shell_said: false,
            trace: &read.trace,
            names_profile: Some("openstack"),
            profile: Profile::embedded("openstack").map(|it| &**it),
            said: &Settings::default(),
            given: &HashMap::new(),
        };
        let text = settings_text(&new);
        assert!(text.starts_with(
            "title = \"openstack image show\"\ncommand = \"openstack image show --format json {image_id}\"\n"
        ), "{text}");
        assert!(text.contains("[vars]\nimage_id = \"f36f9b00-a382-4ea5-9f17-ff3ad85a9087\"\n"), "{text}");
        assert!(text.contains("= \"glance GET /image/v2/images/{image_id}\"\n"), "{text}");
        crate::settings::Layer::parse("capture.toml".as_ref(), &text).unwrap();
        assert!(text.contains("\nlayout = \"page\"\n"), "{text}");
        // A layout of the files above holds for it, too.
        let said = Settings { is_layout_said: true, ..Settings::default() };
        new.said = &said;
        assert!(!settings_text(&new).contains("layout"), "{text}");
        // What another capture gives does not go stale.
        let id = "f36f9b00-a382-4ea5-9f17-ff3ad85a9087".to_owned();
        let given = HashMap::from([(id.clone(), "{create.id}".to_owned())]);
        new.given = &given;
        let text = settings_text(&new);
        assert!(text.contains("[vars]\nimage_id = \"{create.id}\"\n"), "{text}");
        let said = Settings { vars: vec![("image".to_owned(), id)], ..Settings::default() };
        new.said = &said;
        let text = settings_text(&new);
        assert!(
            !text.contains("[vars]") && text.contains("= \"glance GET /image/v2/images/{image}\"\n"),
            "{text}"
        );
    }
}
