//! Traces and labels for the tests of this room.

use super::participants::Participants;
use super::paths::{Paths, Vars};
use super::selector::{Index, Scope};
use super::{Sequence, Side};
use crate::profile::Profile;
use crate::settings::{Layer, Settings};
use crate::text::Text;
use crate::trace::{Exchange, KnownFrom, Request as Sent, Response, Trace};

/// A trace of calls, one after the other: who is called, if a source says so, and by which URL.
pub(super) fn trace(calls: &[(Option<&str>, &str)]) -> Trace {
    let exchange = |(at, (to, url)): (usize, &(Option<&str>, &str))| Exchange {
        from: None,
        to: to.map(Text::from),
        started: at as i64 * 10,
        ended: Some(at as i64 * 10 + 5),
        synthetic: false,
        known_from: KnownFrom::Wire,
        request: Sent { method: "GET".into(), url: (*url).into(), ..Sent::default() },
        response: Some(Response::default()),
        ..Exchange::default()
    };
    Trace { exchanges: calls.iter().enumerate().map(exchange).collect(), ..Trace::default() }
}

/// What `look` sees with these settings.
pub(super) fn in_scope<T>(
    trace: &Trace,
    settings: &str,
    profile: Option<&str>,
    look: impl FnOnce(&Scope<'_>) -> T,
) -> T {
    let settings = Settings::resolve(&[Layer::parse("capture.toml".as_ref(), settings).unwrap()]);
    let profile = profile.and_then(Profile::embedded).map(|profile| &**profile);
    let participants = Participants::new(trace, &settings.participants, profile);
    let sequence = Sequence::new(trace, |_| true);
    let (vars, index) = (Vars::of(&settings.vars), Index::default());
    let paths = Paths { vars: &vars, profile, query: false };
    let labels = &settings.labels;
    look(&Scope { trace, sequence: &sequence, participants: &participants, paths, labels, index: &index })
}

/// What each label finds, by its number from 1, and what is said of those who were renamed.
pub(super) fn found(
    trace: &Trace,
    settings: &str,
    profile: Option<&str>,
) -> (Vec<Option<usize>>, Vec<String>) {
    in_scope(trace, settings, profile, |scope| {
        let number = |exchange| scope.sequence.number(exchange, Side::Request).map(|number| number as usize);
        let found =
            scope.labels.iter().map(|(name, at)| scope.find(name, &at.place).ok().and_then(number)).collect();
        (found, scope.renamed().iter().map(|renamed| renamed.error().to_string()).collect())
    })
}
