//! Who sends and who receives: from a source's names and URLs to participants.
//!
//! A log names its writers, a HAR names nobody, a profile knows systems by port
//! and path, and a maintainer may call them anything. This module settles it
//! once for a trace. What it leaves out: how mermaid wants an id written.

use std::sync::Arc;

use crate::profile::Profile;
use crate::settings;
use crate::trace::{Exchange, Trace, UrlParts};

/// One who sends or receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// The id that settings, labels and messages use.
    pub id: Arc<str>,
    /// What the diagram shows instead of the id, where somebody gave one.
    pub label: Option<Arc<str>>,
    /// The names under which sources know it.
    names: Vec<Arc<str>>,
    declared: bool,
}

/// The participants of a trace, and who sent each exchange to whom.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    participants: Vec<Participant>,
    ends: Vec<[usize; 2]>,
}

/// Who runs the command, where a source does not name it.
const CLIENT: &str = "client";

impl Cast {
    /// Settles the participants of a trace: those of the settings first, in their
    /// order, then all others in the order in which they appear.
    ///
    /// A name of the source is a participant's id or one of its other names, in the
    /// settings, else in the profile, else itself. Without a name the receiver is
    /// found by the URL: in the settings, else in the profile, else its host and
    /// port; and the sender is the profile's client, or `client`.
    pub fn new(trace: &Trace, declared: &[settings::Participant], profile: Option<&Profile>) -> Cast {
        let mut cast = Cast::default();
        for participant in declared {
            let known = profile.and_then(|profile| profile.participant_by_name(&participant.id));
            let mut names: Vec<Arc<str>> =
                participant.names.iter().map(|name| name.as_str().into()).collect();
            names.extend(
                known.into_iter().flat_map(|known| known.aliases()).map(|name| Arc::from(name.as_str())),
            );
            let label = participant.label.as_deref().or(known.map(|known| known.label()));
            cast.participants.push(Participant {
                id: participant.id.as_str().into(),
                label: label.map(Arc::from),
                names,
                declared: true,
            });
        }
        let by_url = |url: &str| {
            let found = declared.iter().find(|p| p.urls.iter().any(|start| url.starts_with(start.as_str())));
            found.map(|participant| participant.id.as_str())
        };
        cast.ends = trace.exchanges.iter().map(|exchange| cast.ends_of(exchange, &by_url, profile)).collect();
        cast
    }

    /// The sender of the exchange's request.
    pub fn from(&self, exchange: usize) -> &Participant {
        &self.participants[self.ends[exchange][0]]
    }

    /// The receiver of the exchange's request.
    pub fn to(&self, exchange: usize) -> &Participant {
        &self.participants[self.ends[exchange][1]]
    }

    /// Indices into [`Cast::participants`] of an exchange's sender and receiver.
    pub fn ends(&self, exchange: usize) -> [usize; 2] {
        self.ends[exchange]
    }

    /// All participants: the declared ones first, then those that appear.
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    fn ends_of<'d>(
        &mut self,
        exchange: &Exchange,
        by_url: &dyn Fn(&str) -> Option<&'d str>,
        profile: Option<&Profile>,
    ) -> [usize; 2] {
        let from = match exchange.from.as_deref() {
            Some(name) => self.named(name, profile),
            None => {
                let client = profile.and_then(Profile::client).map_or(CLIENT, |client| client.id());
                self.named(client, profile)
            }
        };
        let to = match exchange.to.as_deref() {
            Some(name) => self.named(name, profile),
            None => {
                let url = &exchange.request.url;
                let known = by_url(url)
                    .or_else(|| profile.and_then(|profile| profile.participant_by_url(url)).map(|p| p.id()));
                let host = UrlParts::of(url).host_and_port();
                self.named(known.unwrap_or(if host.is_empty() { "server" } else { host }), profile)
            }
        };
        [from, to]
    }

    fn named(&mut self, name: &str, profile: Option<&Profile>) -> usize {
        if let Some(index) = self.participants.iter().position(|participant| participant.is(name)) {
            return index;
        }
        let known = profile.and_then(|profile| profile.participant_by_name(name));
        let id = known.map_or(name, |known| known.id());
        if let Some(index) = self.participants.iter().position(|participant| &*participant.id == id) {
            self.participants[index].names.push(name.into());
            return index;
        }
        self.participants.push(Participant {
            id: id.into(),
            label: known.map(|known| known.label().into()),
            names: vec![name.into()],
            declared: false,
        });
        self.participants.len() - 1
    }
}

impl Participant {
    /// Whether this is its id, or a name under which a source knows it.
    pub fn is(&self, name: &str) -> bool {
        &*self.id == name || self.names.iter().any(|known| &**known == name)
    }

    /// Whether the settings name it.
    pub fn is_declared(&self) -> bool {
        self.declared
    }
}
