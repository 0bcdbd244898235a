//! Who sends and who receives: from a source's names and URLs to participants.
//!
//! A log names its writers, a HAR names nobody, a profile knows systems by port
//! and path, and a maintainer may call them anything. This module settles it
//! once for a trace. What it leaves out: how mermaid wants an id written.

use std::collections::HashMap;
use std::sync::Arc;

use super::senders::{self, Fit};
use crate::profile::Profile;
use crate::settings;
use crate::trace::{Exchange, Trace, UrlIndex, UrlParts};

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
pub struct Participants {
    participants: Vec<Participant>,
    ends: Vec<[usize; 2]>,
    /// Indices of the participants that a name may mean, in their order.
    named: HashMap<Arc<str>, Vec<usize>>,
}

/// Who runs the command, where a source does not name it.
pub(super) const CLIENT: &str = "client";

impl Participants {
    /// Settles the participants of a trace: those of the settings first, in their
    /// order, then all others in the order in which they appear.
    ///
    /// A name of the source is a participant's id or one of its other names, in the
    /// settings, else in the profile, else itself. Without a name the receiver is
    /// found by the URL: in the settings, else in the profile, else its host and
    /// port; and the sender is the profile's client, or `client`. A sender that was inferred and that the
    /// settings say sends nothing is taken to be the client, too.
    pub fn new(trace: &Trace, declared: &[settings::Participant], profile: Option<&Profile>) -> Participants {
        let mut participants = Participants::default();
        for participant in declared {
            let known = profile.and_then(|profile| profile.participant_by_name(&participant.id));
            let mut names: Vec<Arc<str>> =
                participant.names.iter().map(|name| name.as_str().into()).collect();
            names.extend(
                known.into_iter().flat_map(|known| known.aliases()).map(|name| Arc::from(name.as_str())),
            );
            let label = participant.label.as_deref().or(known.map(|known| known.label()));
            participants.add(Participant {
                id: participant.id.as_str().into(),
                label: label.map(Arc::from),
                names,
                declared: true,
            });
        }
        let rules = declared.iter().enumerate();
        let rules =
            rules.flat_map(|(at, participant)| participant.urls.iter().map(move |rule| (rule.clone(), at)));
        let known = NameSources { urls: UrlIndex::new(rules.collect()), declared, profile };
        let is_inferred = trace.exchanges.iter().any(|exchange| exchange.from_inferred);
        let around = if is_inferred { senders::around(trace, |_, _| Fit::Possible) } else { Vec::new() };
        participants.ends = (trace.exchanges.iter().enumerate())
            .map(|(index, exchange)| {
                let outer = around.get(index).copied().flatten().map(|outer| &trace.exchanges[outer]);
                [participants.sender(exchange, outer, &known), participants.receiver(exchange, &known)]
            })
            .collect();
        participants
    }

    /// The sender of the exchange's request.
    pub fn from(&self, exchange: usize) -> &Participant {
        &self.participants[self.ends[exchange][0]]
    }

    /// The receiver of the exchange's request.
    pub fn to(&self, exchange: usize) -> &Participant {
        &self.participants[self.ends[exchange][1]]
    }

    /// Indices into [`Participants::all`] of an exchange's sender and receiver.
    pub fn ends(&self, exchange: usize) -> [usize; 2] {
        self.ends[exchange]
    }

    /// All participants: the declared ones first, then those that appear.
    pub fn all(&self) -> &[Participant] {
        &self.participants
    }

    /// Indices into [`Participants::all`] of those that have this id, or a source knows by this name.
    pub fn named(&self, name: &str) -> &[usize] {
        self.named.get(name).map_or(&[], Vec::as_slice)
    }

    /// The index of who sent an exchange; `outer` is the one around it.
    fn sender(&mut self, exchange: &Exchange, outer: Option<&Exchange>, known: &NameSources<'_>) -> usize {
        let Some(name) = exchange.from.as_deref() else { return self.client(known.profile) };
        if !exchange.from_inferred {
            return self.end(name, known.profile);
        }
        // Whoever had no name when it was inferred is called by host and port, and may have one by now.
        let index = match outer {
            Some(outer) if UrlParts::of(&outer.request.url).host_and_port() == name => {
                self.receiver(outer, known)
            }
            _ => self.end(name, known.profile),
        };
        // The declared ones come first.
        let sends = known.declared.get(index).and_then(|participant| participant.sends);
        if sends == Some(false) { self.client(known.profile) } else { index }
    }

    /// The index of who received an exchange.
    fn receiver(&mut self, exchange: &Exchange, known: &NameSources<'_>) -> usize {
        if let Some(name) = exchange.to.as_deref() {
            return self.end(name, known.profile);
        }
        let url = &exchange.request.url;
        let parts = UrlParts::of(url);
        let of_settings = known.urls.find(&parts).map(|at| known.declared[at].id.as_str());
        let of_profile =
            || known.profile.and_then(|profile| profile.participant_by_url(url)).map(|found| found.id());
        let id = of_settings.or_else(of_profile);
        let host = parts.host_and_port();
        self.end(id.unwrap_or(if host.is_empty() { "server" } else { host }), known.profile)
    }

    /// The index of who runs the command.
    fn client(&mut self, profile: Option<&Profile>) -> usize {
        let client = profile.and_then(Profile::client).map_or(CLIENT, |client| client.id());
        self.end(client, profile)
    }

    /// The index of the participant that a source calls so; a new one where there is none.
    fn end(&mut self, name: &str, profile: Option<&Profile>) -> usize {
        if let Some(&index) = self.named(name).first() {
            return index;
        }
        let known = profile.and_then(|profile| profile.participant_by_name(name));
        let id = known.map_or(name, |known| known.id());
        let of_id = self.named(id).iter().find(|&&index| &*self.participants[index].id == id);
        if let Some(&index) = of_id {
            self.participants[index].names.push(name.into());
            self.named.entry(name.into()).or_default().push(index);
            return index;
        }
        self.add(Participant {
            id: id.into(),
            label: known.map(|known| known.label().into()),
            names: vec![name.into()],
            declared: false,
        })
    }

    fn add(&mut self, participant: Participant) -> usize {
        let index = self.participants.len();
        for name in std::iter::once(&participant.id).chain(&participant.names) {
            let named = self.named.entry(name.clone()).or_default();
            if named.last() != Some(&index) {
                named.push(index);
            }
        }
        self.participants.push(participant);
        index
    }
}

/// What names participants.
struct NameSources<'k> {
    /// The places of the declared ones, by their URLs.
    urls: UrlIndex,
    declared: &'k [settings::Participant],
    profile: Option<&'k Profile>,
}

impl Participant {
    /// Whether this is its id, or a name under which a source knows it.
    pub fn is(&self, name: &str) -> bool {
        &*self.id == name || self.names.iter().any(|known| &**known == name)
    }

    /// Its id, and the names under which sources know it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.id).chain(&self.names).map(|name| &**name)
    }

    /// Whether the settings name it.
    pub fn is_declared(&self) -> bool {
        self.declared
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::trace;
    use super::*;
    use crate::trace::UrlRule;

    fn rule(text: &str) -> UrlRule {
        UrlRule::try_from(text.to_owned()).unwrap()
    }

    const GLANCE: &str = "http://192.0.2.1:9292/v2/images";

    fn ids(participants: &Participants) -> Vec<&str> {
        participants.all().iter().map(|participant| &*participant.id).collect()
    }

    fn declared(id: &str) -> settings::Participant {
        settings::Participant {
            id: id.into(),
            label: None,
            names: Vec::new(),
            urls: Vec::new(),
            listen: None,
            sends: None,
        }
    }

    #[test]
    fn a_declared_participant_has_the_names_and_the_label_that_the_profile_gives() {
        let profile = Profile::embedded("openstack").map(|profile| &**profile);
        let participants = Participants::new(&trace(&[(None, GLANCE)]), &[declared("glance")], profile);
        assert_eq!(ids(&participants), ["glance", "client"]);
        assert!(participants.to(0).is("glance-api") && participants.to(0).is_declared());
        assert_eq!(participants.to(0).label.as_deref(), Some("glance-api"));
        assert_eq!(participants.named("glance-api"), [0]);
    }

    #[test]
    fn a_source_may_call_one_participant_by_several_names() {
        let profile = Profile::embedded("openstack").map(|profile| &**profile);
        let participants = Participants::new(
            &trace(&[(Some("glance"), GLANCE), (Some("glance-api"), GLANCE)]),
            &[],
            profile,
        );
        assert_eq!(ids(&participants), ["client", "glance"]);
        assert!(participants.to(0).is("glance-api") && participants.to(0).is("glance"));
        assert_eq!(participants.named("glance-api"), participants.named("glance"));
    }

    #[test]
    fn an_inferred_sender_may_get_its_name_later_or_be_none() {
        let mut calls = trace(&[(None, "http://192.0.2.2/a"), (None, GLANCE)]);
        calls.exchanges[1].from = Some("192.0.2.2".into());
        calls.exchanges[0].ended = Some(calls.exchanges[1].ended.unwrap() + 1);
        calls.exchanges[1].from_inferred = true;
        let orders = settings::Participant { urls: vec![rule("http://192.0.2.2/a")], ..declared("orders") };
        let named = Participants::new(&calls, std::slice::from_ref(&orders), None);
        assert_eq!((&*named.from(1).id, ids(&named).len()), ("orders", 3));
        let silent = settings::Participant { sends: Some(false), ..orders };
        assert_eq!(&*Participants::new(&calls, &[silent], None).from(1).id, "client");
        calls.exchanges[1].from = Some("orders".into());
        assert_eq!(&*Participants::new(&calls, &[declared("orders")], None).from(1).id, "orders");
    }

    #[test]
    fn declared_ones_come_first_and_serve_their_urls() {
        let images =
            settings::Participant { urls: vec![rule("http://192.0.2.1:9292/")], ..declared("images") };
        let calls = trace(&[(None, "http://192.0.2.2/"), (None, GLANCE), (None, "")]);
        let participants = Participants::new(&calls, &[declared("idle"), images], None);
        assert_eq!(ids(&participants), ["idle", "images", "client", "192.0.2.2", "server"]);
        assert_eq!([0, 1, 2].map(|index| participants.ends(index)), [[2, 3], [2, 1], [2, 4]]);
    }
}
