//! What docgen knows about one system, as data.
//!
//! A profile is a TOML file: who takes part and by which URLs they are known,
//! path templates with links to the API reference, standard descriptions of
//! well-known steps in each language, links to the command's reference, and the
//! periodic calls that only make noise. The one for OpenStack ships inside the
//! program; another system gets its own by writing a file, with no change here.
//! The format is described at the top of `profiles/openstack.toml`.
//!
//! Everything here is lookup in values that do not change: no file is read, and
//! nothing is decided about a page. What it leaves out: settings of a capture,
//! which may overrule all of this.
//!
//! ```
//! use docgen::profile::Profile;
//!
//! let profile = Profile::embedded("openstack").expect("it ships");
//! let glance = profile.participant_by_url("http://192.0.2.1:9292/v2/images/42").expect("by its port");
//! let route = profile.route(glance.id(), "GET", "/v2/images/42").expect("it is documented");
//! assert_eq!((glance.label(), &*route.template), ("glance-api", "/v2/images/{image_id}"));
//! ```

mod command;
mod file;
mod noise;
mod participant;
mod route;
mod secrets;
mod step;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, LazyLock};

pub use command::Link;
pub use noise::Noise;
pub(crate) use noise::wildcard_matches;
pub use participant::Participant;
pub use route::{Route, RouteMatch};
pub use secrets::{Secrets, Under};
pub use step::{Call, Step};

use schemars::{Schema, SchemaGenerator};

use crate::error::Result;
use crate::settings::Volatile;
use crate::trace::{UrlIndex, UrlParts};
use command::Commands;
use route::RouteTree;

const OPENSTACK: &str = include_str!("../../profiles/openstack.toml");

/// What is known about one system.
#[derive(Debug)]
pub struct Profile {
    name: String,
    locales: Vec<String>,
    launch: bool,
    participants: Vec<Participant>,
    by_name: HashMap<String, usize>,
    by_url: UrlIndex,
    /// One for each participant, in the same order.
    routes: Vec<RouteTree>,
    steps: Vec<Step>,
    commands: Option<Commands>,
    noise: Vec<Noise>,
    secrets: Secrets,
    phrases: BTreeMap<String, BTreeMap<String, String>>,
    volatile: Volatile,
}

impl Profile {
    /// The profile that `text`, the content of `file`, describes.
    ///
    /// # Errors
    /// [`Setting`](crate::error::ErrorKind::Setting), with its place: broken TOML, an unknown key (the hint names the
    /// nearest known one), a malformed or repeated route, a name that stands for two
    /// participants, a reference to what the file does not define, a description
    /// that lacks one of the profile's languages.
    pub fn from_toml(file: &Path, text: &str) -> Result<Profile> {
        file::read(file, text)
    }

    /// The schema of a profile's file.
    pub(crate) fn schema(generator: &mut SchemaGenerator) -> Schema {
        file::schema(generator)
    }

    /// The profile of this name that ships inside the program. It is read on first use.
    pub fn embedded(name: &str) -> Option<&'static Arc<Profile>> {
        static PROFILE: LazyLock<Arc<Profile>> = LazyLock::new(|| {
            Profile::from_toml(Path::new("profiles/openstack.toml"), OPENSTACK)
                .expect("the embedded profile is read by a test")
                .into()
        });
        (name == "openstack").then(|| &*PROFILE)
    }

    /// The text of the profile of this name that ships inside the program, as a cache's key needs it.
    pub fn embedded_text(name: &str) -> Option<&'static str> {
        (name == "openstack").then_some(OPENSTACK)
    }

    /// The names of the profiles that ship inside the program.
    pub fn embedded_names() -> &'static [&'static str] {
        &["openstack"]
    }

    /// The name of the system.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The languages in which every step of this profile is described.
    pub fn locales(&self) -> &[String] {
        &self.locales
    }

    /// Whether pages have a debugger's configuration that runs the command, where no setting says otherwise.
    pub fn shows_launch(&self) -> bool {
        self.launch
    }

    /// All participants, in the order in which a diagram without settings lists them.
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    /// The participant with this id or alias.
    pub fn participant_by_name(&self, name: &str) -> Option<&Participant> {
        self.by_name.get(name).map(|&at| &self.participants[at])
    }

    /// The participant that serves this URL. The most exact of the profile's rules decides:
    /// the longest path first, then a host, then a port.
    pub fn participant_by_url(&self, url: &str) -> Option<&Participant> {
        self.by_url.find(&UrlParts::of(url)).map(|at| &self.participants[at])
    }

    /// The participant that runs the command.
    pub fn client(&self) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.is_client())
    }

    /// The route of `participant` (an id) that serves `method` on `path`, a URL's path without
    /// its query.
    ///
    /// Literal segments beat variables; a trailing slash does not matter; what is before
    /// the route in the path (`/image` of `/image/v2/images`) is its mount and stays as it is.
    /// `HEAD` is served by the route of `GET` where it has none of its own (RFC 9110, 9.3.2).
    pub fn route<'p, 'a>(
        &'p self,
        participant: &str,
        method: &str,
        path: &'a str,
    ) -> Option<RouteMatch<'p, 'a>> {
        let &at = self.by_name.get(participant)?;
        self.routes[at].find(method, path, self.participants[at].mounts())
    }

    /// The standard description of a call: of those for its route whose conditions all hold,
    /// the one with the most conditions; among equals a status counts more than a query field, and
    /// that more than a sender.
    pub fn step(&self, call: &Call<'_>) -> Option<&Step> {
        let client = self.client().map(Participant::id);
        call.route.route.steps().iter().map(|&at| &self.steps[at]).find(|step| step.describes(call, client))
    }

    /// All standard descriptions, the most exact first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// All routes of the participant with this id or alias, in the order of the file.
    pub fn routes(&self, participant: &str) -> &[Route] {
        self.by_name.get(participant).map_or(&[], |&at| self.routes[at].routes())
    }

    /// Where `command` (as typed, program and arguments) is explained. `release` names the
    /// release of the documents; without one it is the profile's default.
    ///
    /// Options before the sub-command are passed over; then the longest known command counts.
    pub fn cli_reference(&self, command: &str, release: Option<&str>) -> Option<Link> {
        self.commands.as_ref()?.reference(command, release)
    }

    /// The words that this system's pages use in place of the templates' own, key by key,
    /// in this language.
    pub fn phrases(&self, locale: &str) -> Option<&BTreeMap<String, String>> {
        self.phrases.get(locale)
    }

    /// What is secret in this system, besides what is so everywhere.
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The calls that say nothing about a command: they happen all the time.
    pub fn noise(&self) -> &[Noise] {
        &self.noise
    }

    /// What differs from run to run on this system, besides what docgen knows to.
    pub fn volatile(&self) -> &Volatile {
        &self.volatile
    }
}
