//! The file of a profile, and the checks that make it a [`Profile`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;
use toml::Spanned;

use super::Profile;
use super::command::{Address, Commands, Target};
use super::noise::Noise;
use super::participant::Participant;
use super::route::{Pattern, Route, RouteTree};
use super::secrets::Secrets;
use super::step::{NOT_THE_CLIENT, Step};
use crate::error::{Error, Result};
use crate::settings::Volatile;
use crate::toml_file;
use crate::trace::{UrlIndex, UrlRule};

/// What docgen knows about one system.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProfileFile {
    /// The name of the system.
    name: String,
    /// The languages in which every step is described.
    #[serde(default)]
    locales: Vec<String>,
    /// Whether pages have a debugger's configuration that runs the command, `launch.json`, where no setting says otherwise.
    #[serde(default)]
    launch: bool,
    /// Who takes part.
    #[serde(default)]
    participant: Vec<ParticipantEntry>,
    /// The operations of its APIs.
    #[serde(default)]
    api: Vec<ApiEntry>,
    /// What well-known calls are for.
    #[serde(default)]
    #[schemars(with = "Vec<StepEntry>")]
    step: Vec<Spanned<StepEntry>>,
    /// Where the reference explains a command.
    cli: Option<CliEntry>,
    /// Calls that go on all the time, whatever a user does.
    #[serde(default)]
    noise: Vec<NoiseEntry>,
    /// What is secret in this system, besides what is so everywhere.
    #[serde(default)]
    redact: Secrets,
    /// What the pages say in place of the templates' phrases of the same key, by language.
    #[serde(default)]
    phrases: BTreeMap<String, BTreeMap<String, String>>,
    /// What differs from run to run on this system, besides what docgen knows to.
    #[serde(default)]
    volatile: Volatile,
}

/// Somebody who takes part.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ParticipantEntry {
    /// The id that messages use.
    #[schemars(with = "String")]
    id: Spanned<String>,
    /// What a diagram shows; without one, the id.
    label: Option<String>,
    /// Other names that logs use.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    aliases: Vec<Spanned<String>>,
    /// Whether it runs the command; one participant does.
    #[schemars(with = "Option<bool>")]
    client: Option<Spanned<bool>>,
    /// Paths below which its API may stand, such as `/image`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    mounts: Vec<Spanned<String>>,
    /// What tells its URLs: `:9292` is a port, `/path` a path and all below it, `/path*` the beginning of one, `host` a host; or all in one.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    urls: Vec<Spanned<String>>,
}

/// The operations of an API.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ApiEntry {
    /// What steps call it.
    #[schemars(with = "String")]
    name: Spanned<String>,
    /// The ids of those who serve it.
    #[schemars(with = "Vec<String>")]
    participants: Vec<Spanned<String>>,
    /// The address of its reference.
    reference: String,
    /// What may be before every path.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    base: Vec<Spanned<String>>,
    /// `METHOD /path/{variable} anchor [name]`, one an operation. An anchor `-` is the page as a whole; the name is the anchor if it is not given.
    #[schemars(with = "Vec<String>")]
    routes: Vec<Spanned<String>>,
}

/// What a call is for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StepEntry {
    /// The API's name and the route's.
    #[schemars(with = "String")]
    route: Spanned<String>,
    /// Who has to send it: a participant, or `!client` for any known one but the client.
    #[schemars(with = "Option<String>")]
    from: Option<Spanned<String>>,
    /// A field that its query has to have.
    query: Option<String>,
    /// The status that the response has to have.
    status: Option<u16>,
    /// What the request is for, by language.
    #[schemars(with = "BTreeMap<String, String>")]
    request: BTreeMap<Spanned<String>, String>,
    /// What the response is, by language.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    response: BTreeMap<Spanned<String>, String>,
}

/// Where the reference explains a command.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CliEntry {
    /// The name of the program.
    program: String,
    /// The release whose reference is meant where no setting names one.
    release: String,
    /// The address of a page, with `{release}` and `{page}`.
    url: String,
    /// What can be done to what.
    object: Vec<ObjectEntry>,
}

/// An object of commands.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ObjectEntry {
    /// The command's words for it.
    #[schemars(with = "String")]
    name: Spanned<String>,
    /// The page that explains it; without one, the name with `-` for blanks.
    page: Option<String>,
    /// The pages of releases that have another.
    #[serde(default)]
    pages: BTreeMap<String, String>,
    /// The address of its page, where it is elsewhere.
    url: Option<String>,
    /// The command's words for what can be done to it.
    #[schemars(with = "Vec<String>")]
    actions: Vec<Spanned<String>>,
}

/// Calls that go on all the time; every key given has to match.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NoiseEntry {
    /// The sender's id.
    #[schemars(with = "Option<String>")]
    from: Option<Spanned<String>>,
    /// The receiver's id.
    #[schemars(with = "Option<String>")]
    to: Option<Spanned<String>>,
    /// The method.
    method: Option<String>,
    /// The path, with `*` for any run of characters.
    path: Option<String>,
}

pub(super) fn read(file: &Path, text: &str) -> Result<Profile> {
    let entries: ProfileFile = toml_file::from_text(file, text)?;
    let faults = Faults { file, text };
    let (participants, by_name, by_url) = participants(&faults, &entries.participant)?;
    let steps = steps(&faults, entries.step, &entries.locales, &participants)?;
    let routes = routes(&faults, &entries.api, &participants, &steps)?;
    let noise = noise(&faults, entries.noise, &participants)?;
    Ok(Profile {
        name: entries.name,
        locales: entries.locales,
        launch: entries.launch,
        commands: entries.cli.map(|cli| commands(&faults, cli)).transpose()?,
        steps: steps.into_iter().map(|(step, _)| step).collect(),
        participants,
        by_name,
        by_url,
        routes,
        noise,
        secrets: entries.redact,
        phrases: entries.phrases,
        volatile: entries.volatile,
    })
}

pub(super) fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.root_schema_for::<ProfileFile>()
}

/// Makes errors about places of the file.
struct Faults<'a> {
    file: &'a Path,
    text: &'a str,
}

impl Faults<'_> {
    fn at(&self, span: Range<usize>, message: impl Into<String>) -> Error {
        toml_file::fault(self.file, self.text, span, message)
    }

    /// An error about a name that nothing has.
    fn unknown<'k>(
        &self,
        name: &Spanned<String>,
        what: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Error {
        let error = self.at(name.span(), format!("there is no {what} `{}`", name.get_ref()));
        match toml_file::nearest(name.get_ref(), known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// The place of the participant of this id.
    fn participant(&self, id: &Spanned<String>, participants: &[Participant]) -> Result<usize> {
        participants.iter().position(|participant| participant.id == *id.get_ref()).ok_or_else(|| {
            self.unknown(id, "participant of the id", participants.iter().map(Participant::id))
        })
    }
}

type Participants = (Vec<Participant>, HashMap<String, usize>, UrlIndex);

fn participants(faults: &Faults<'_>, entries: &[ParticipantEntry]) -> Result<Participants> {
    let mut participants: Vec<Participant> = Vec::new();
    let mut by_name = HashMap::new();
    let mut rules: Vec<(UrlRule, usize)> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        for name in std::iter::once(&entry.id).chain(&entry.aliases) {
            if let Some(other) = by_name.insert(name.get_ref().clone(), at) {
                let other = entries[other].id.get_ref();
                return Err(
                    faults.at(name.span(), format!("`{}` is a name of `{other}` already", name.get_ref()))
                );
            }
        }
        for mount in &entry.mounts {
            if !mount.get_ref().starts_with('/') || mount.get_ref().ends_with(['/', '*']) {
                let message =
                    format!("the mount `{}` is no path from `/` without a `/` at its end", mount.get_ref());
                return Err(faults.at(mount.span(), message));
            }
        }
        for url in entry.mounts.iter().chain(&entry.urls) {
            let rule = UrlRule::parse(url.get_ref()).map_err(|message| faults.at(url.span(), message))?;
            if let Some((_, other)) = rules.iter().find(|(other, _)| *other == rule) {
                let other = entries[*other].id.get_ref();
                return Err(faults.at(url.span(), format!("`{}` leads to `{other}` already", url.get_ref())));
            }
            rules.push((rule, at));
        }
        let client = entry.client.as_ref().is_some_and(|client| *client.get_ref());
        if let Some(span) = entry.client.as_ref().filter(|_| client).map(Spanned::span)
            && participants.iter().any(Participant::is_client)
        {
            return Err(faults.at(span, "there is a client already: one participant runs the command"));
        }
        participants.push(Participant {
            id: entry.id.get_ref().clone(),
            label: entry.label.clone().unwrap_or_else(|| entry.id.get_ref().clone()),
            aliases: values(&entry.aliases),
            client,
            mounts: values(&entry.mounts),
        });
    }
    Ok((participants, by_name, UrlIndex::new(rules)))
}

fn values(entries: &[Spanned<String>]) -> Vec<String> {
    entries.iter().map(|entry| entry.get_ref().clone()).collect()
}

/// The steps with the places of their routes' names, the most exact first.
fn steps(
    faults: &Faults<'_>,
    entries: Vec<Spanned<StepEntry>>,
    locales: &[String],
    participants: &[Participant],
) -> Result<Vec<(Step, Range<usize>)>> {
    let mut steps: Vec<(Step, Range<usize>)> = Vec::new();
    let mut conditions = HashSet::new();
    for entry in entries {
        let span = entry.span();
        let entry = entry.into_inner();
        if let Some(from) = entry.from.as_ref().filter(|from| from.get_ref() != NOT_THE_CLIENT) {
            faults.participant(from, participants)?;
        }
        for texts in [&entry.request, &entry.response] {
            if let Some(locale) = texts.keys().find(|locale| !locales.contains(locale.get_ref())) {
                let error = faults.unknown(locale, "language", locales.iter().map(String::as_str));
                return Err(error.hint("the languages are those that `locales` names at the top"));
            }
        }
        let lacks = |texts: &BTreeMap<Spanned<String>, String>| {
            locales.iter().find(|locale| !texts.keys().any(|key| key.get_ref() == *locale)).cloned()
        };
        let missing =
            lacks(&entry.request).or_else(|| lacks(&entry.response).filter(|_| !entry.response.is_empty()));
        if let Some(locale) = missing {
            let message = format!("`{}` is not described in the language `{locale}`", entry.route.get_ref());
            return Err(faults.at(entry.route.span(), message));
        }
        let texts = |texts: BTreeMap<Spanned<String>, String>| {
            texts.into_iter().map(|(locale, text)| (locale.into_inner(), text)).collect()
        };
        let place = entry.route.span();
        let step = Step {
            route: entry.route.into_inner(),
            from: entry.from.map(Spanned::into_inner),
            query: entry.query,
            status: entry.status,
            request: texts(entry.request),
            response: texts(entry.response),
        };
        if !conditions.insert((step.route.clone(), step.from.clone(), step.query.clone(), step.status)) {
            return Err(
                faults.at(span, format!("`{}` is described twice under the same conditions", step.route))
            );
        }
        steps.push((step, place));
    }
    steps.sort_by_key(|(step, _)| std::cmp::Reverse(step.weight()));
    Ok(steps)
}

fn routes(
    faults: &Faults<'_>,
    apis: &[ApiEntry],
    participants: &[Participant],
    steps: &[(Step, Range<usize>)],
) -> Result<Vec<RouteTree>> {
    let mut steps_of: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (step, _)) in steps.iter().enumerate() {
        steps_of.entry(&step.route).or_default().push(at);
    }
    let mut trees: Vec<RouteTree> = participants.iter().map(|_| RouteTree::default()).collect();
    let mut named = HashSet::new();
    for api in apis {
        let servers = api.participants.iter().map(|id| faults.participant(id, participants));
        let servers = servers.collect::<Result<Vec<_>>>()?;
        let no_base = [String::new()];
        let bases = values(&api.base);
        for line in &api.routes {
            let words = RouteLine::parse(line.get_ref()).map_err(|message| {
                faults.at(line.span(), message).hint("a route is \"METHOD /path/{variable} anchor [name]\"")
            })?;
            let name = format!("{} {}", api.name.get_ref(), words.name);
            let reference = match words.anchor {
                Some(anchor) => format!("{}#{anchor}", api.reference),
                None => api.reference.clone(),
            };
            for base in if bases.is_empty() { &no_base[..] } else { &bases[..] } {
                let path = format!("{}{}", base.trim_end_matches('/'), words.path);
                let patterns =
                    Pattern::parse_all(&path).map_err(|message| faults.at(line.span(), message))?;
                for (pattern, &server) in patterns.iter().flat_map(|p| servers.iter().map(move |s| (p, s))) {
                    let route = Route {
                        api: api.name.get_ref().clone(),
                        name: words.name.to_owned(),
                        method: words.method.to_owned(),
                        pattern: pattern.clone(),
                        reference: reference.clone(),
                        steps: steps_of.get(name.as_str()).cloned().unwrap_or_default(),
                    };
                    if !trees[server].insert(route) {
                        let message =
                            format!("`{} {pattern}` is a second route for the same paths", words.method);
                        return Err(faults.at(line.span(), message));
                    }
                }
            }
            named.insert(name);
        }
    }
    match steps.iter().find(|(step, _)| !named.contains(&step.route)) {
        Some((step, place)) => {
            let name = Spanned::new(place.clone(), step.route.clone());
            let mut known: Vec<&str> = named.iter().map(String::as_str).collect();
            known.sort_unstable();
            Err(faults.unknown(&name, "route", known))
        }
        None => Ok(trees),
    }
}

/// The words of a route: `GET /images/{image_id} show-image` and, after them, a name if it is
/// not the anchor. An anchor `-` means the page as a whole.
struct RouteLine<'a> {
    method: &'a str,
    path: &'a str,
    anchor: Option<&'a str>,
    name: &'a str,
}

impl RouteLine<'_> {
    fn parse(line: &str) -> Result<RouteLine<'_>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (method, path, anchor, name) = match words[..] {
            [_, _, "-"] => return Err("a route without an anchor needs a name".to_owned()),
            [method, path, anchor] => (method, path, anchor, anchor),
            [method, path, anchor, name] => (method, path, anchor, name),
            _ => return Err(format!("`{line}` is no route")),
        };
        if !method.chars().all(|c| c.is_ascii_uppercase()) {
            return Err(format!("`{method}` is no method: methods are in capital letters"));
        }
        Ok(RouteLine { method, path, anchor: (anchor != "-").then_some(anchor), name })
    }
}

fn commands(faults: &Faults<'_>, cli: CliEntry) -> Result<Commands> {
    let mut pages = HashMap::new();
    let mut addresses = Vec::new();
    let mut longest = 0;
    for object in &cli.object {
        let page = object.page.clone().unwrap_or_else(|| object.name.get_ref().replace(' ', "-"));
        let url = object.url.as_ref().unwrap_or(&cli.url).clone();
        addresses.push(Address { url, page, pages: object.pages.clone() });
        let address = addresses.len() - 1;
        for action in &object.actions {
            let command = format!("{} {}", object.name.get_ref(), action.get_ref());
            longest = longest.max(command.split(' ').count());
            let message = format!("the command `{command}` is there twice");
            let old = pages.insert(command, Target { address, is_command: true });
            if old.is_some_and(|old| old.is_command) {
                return Err(faults.at(action.span(), message));
            }
        }
        pages.entry(object.name.get_ref().clone()).or_insert(Target { address, is_command: false });
    }
    Ok(Commands { program: cli.program, release: cli.release, addresses, pages, longest })
}

fn noise(faults: &Faults<'_>, entries: Vec<NoiseEntry>, participants: &[Participant]) -> Result<Vec<Noise>> {
    let checked = |id: Option<Spanned<String>>| {
        id.map(|id| faults.participant(&id, participants).map(|_| id.into_inner())).transpose()
    };
    entries
        .into_iter()
        .map(|entry| {
            Ok(Noise {
                from: checked(entry.from)?,
                to: checked(entry.to)?,
                method: entry.method,
                path: entry.path,
            })
        })
        .collect()
}
