//! Labels, carried from an old trace to a new one.
//!
//! A selector says what an exchange is: who is asked, how, for what, and which of several. When a call happens
//! twice that happened once, when the first of two is gone or a participant has another name, the same words
//! mean another exchange, or none. Which exchange of the new trace is the old one, alignment tells; here are
//! the selectors found that keep each label at its own. One that still does is left as it is, and so is one
//! that a person has changed since. What this leaves out: aligning (`diff`), and the file.

use std::collections::HashMap;

use super::{Input, Resolved};
use crate::diff::{self, Kinds, Recording};
use crate::error::Result;
use crate::profile::Profile;
use crate::sequence::Side;
use crate::sequence::selector::{Scope, Selector};
use crate::settings::Volatile;

/// What becomes of the labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Carried {
    /// Those that need other selectors, with these.
    pub selectors: Vec<(String, String)>,
    /// Those whose exchange is gone.
    pub gone: Vec<String>,
}

/// What a label is about in the new trace.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    /// This exchange.
    Exchange(usize),
    /// One that is gone.
    Gone,
    /// One that was not in the old trace either.
    Lost,
    /// Whatever its selector says: it is new, or was changed.
    AsItSays,
}

/// Compares two recordings of a capture, and carries the labels of the old one to the new one.
///
/// # Errors
/// Where the settings of the new one are wrong about what is made anew in every run.
pub fn between(old: &Input<'_>, new: &Input<'_>) -> Result<Carried> {
    if new.settings.labels.is_empty() {
        return Ok(Carried::default());
    }
    let volatile = new.profile.map(Profile::volatile).into_iter().chain([&new.settings.volatile]);
    let said: Vec<&Volatile> = volatile.filter(|said| **said != Volatile::default()).collect();
    let own;
    let kinds = if said.is_empty() {
        Kinds::built_in()
    } else {
        own = Kinds::new(said)?;
        &own
    };
    let recording = |trace| Recording { trace, output: None };
    let capture = diff::Capture { old: recording(old.trace), new: recording(new.trace), kinds };
    let (found, _) = diff::compare_suite(1, |_, known| vec![diff::compare(&capture, known)]);
    let alignment = found.into_iter().next().unwrap_or_default().alignment;
    Ok(carried(&Resolved::new(old), &Resolved::new(new), &alignment.partners(old.trace, new.trace)))
}

/// Carries the labels of the old trace to the new one.
///
/// `old` has the labels as they were when its trace was recorded, `new` those of today; `partners` says for
/// each exchange of the old trace, by its index there, which is the same one of the new trace.
pub fn carried(old: &Resolved<'_>, new: &Resolved<'_>, partners: &[Option<usize>]) -> Carried {
    let (old, new) = (old.scope(), new.scope());
    let mut is_known = vec![false; new.trace.exchanges.len()];
    partners.iter().flatten().for_each(|&known| is_known[known] = true);
    let before: HashMap<&str, &str> =
        old.labels.iter().map(|(name, at)| (name.as_str(), at.value.as_str())).collect();
    let target = |name: &str, selector: &str, place| {
        if before.get(name) != Some(&selector) {
            return Target::AsItSays;
        }
        match old.find(name, place) {
            Ok(exchange) => match partners[exchange] {
                Some(partner) if new.sequence.contains(partner) => Target::Exchange(partner),
                // A filter leaves it out, which is no news of the trace.
                Some(_) => Target::AsItSays,
                None => Target::Gone,
            },
            Err(_) if old.is_lost(name) => Target::Lost,
            Err(_) => Target::AsItSays,
        }
    };
    let targets: HashMap<&str, Target> =
        new.labels.iter().map(|(name, at)| (name.as_str(), target(name, &at.value, &at.place))).collect();
    let carrier = Carrier { new, targets, is_known };
    let mut carried = Carried::default();
    for (name, at) in new.labels {
        let changed = match carrier.targets[name.as_str()] {
            Target::Exchange(exchange) => carrier.selector(&at.value, exchange),
            Target::Gone => {
                carried.gone.push(name.clone());
                carrier.selector_of_gone(&at.value)
            }
            Target::Lost => carrier.selector_of_lost(&at.value),
            Target::AsItSays => None,
        };
        carried.selectors.extend(changed.map(|selector| (name.clone(), selector)));
    }
    carried
}

struct Carrier<'a> {
    new: Scope<'a>,
    targets: HashMap<&'a str, Target>,
    /// For each exchange of the new trace, whether it is one of the old trace.
    is_known: Vec<bool>,
}

impl Carrier<'_> {
    /// What a selector names in the new trace, whatever becomes of the labels that it comes after.
    fn named(&self, selector: &str) -> Option<usize> {
        self.new.resolve_with(selector, |label| self.label(label)).ok()
    }

    fn label(&self, name: &str) -> Option<Result<usize>> {
        let (_, at) = self.new.labels.iter().find(|(known, _)| known == name)?;
        match self.targets.get(name) {
            Some(Target::Exchange(exchange)) => Some(Ok(*exchange)),
            _ => Some(self.new.find(name, &at.place)),
        }
    }

    /// A selector for this exchange, as near to the old one as can be; `None` where that names it, or none can.
    fn selector(&self, old: &str, exchange: usize) -> Option<String> {
        if self.named(old) == Some(exchange) {
            return None;
        }
        let mut candidates: Vec<String> = Vec::new();
        if let Ok(parsed) = Selector::parse(old) {
            let plain = Selector { occurrence: None, after: None, ..parsed };
            candidates.extend(self.after(&parsed, exchange));
            let (from, to) = (self.new.participants.from(exchange), self.new.participants.to(exchange));
            let renamed = Selector { from: plain.from.map(|_| &*from.id), to: &to.id, ..plain };
            for like_old in [plain, renamed] {
                candidates.push(like_old.to_string());
                let nth = self.new.occurrence(exchange, &self.new.matching(&like_old));
                candidates.extend(nth.map(|nth| Selector { occurrence: Some(nth), ..like_old }.to_string()));
            }
        }
        candidates.extend(self.new.selector(exchange));
        candidates.into_iter().find(|candidate| self.named(candidate) == Some(exchange))
    }

    /// The same selector, counted anew from the label that it comes after.
    fn after(&self, old: &Selector<'_>, exchange: usize) -> Option<String> {
        let from = self.label(old.after?)?.ok()?;
        let number = |exchange| self.new.sequence.number(exchange, Side::Request);
        let all = self.new.matching(&Selector { occurrence: None, after: None, ..*old });
        let mut behind = all.iter().filter(|&&other| number(other) > number(from));
        let nth = behind.position(|&other| other == exchange)? + 1;
        Some(Selector { occurrence: Some(nth).filter(|nth| *nth > 1), ..*old }.to_string())
    }

    /// A selector for an exchange that is gone, where the old one names another: the one after the last.
    fn selector_of_gone(&self, old: &str) -> Option<String> {
        let other = self.named(old)?;
        // What is new may be what it is about, as far as anybody can tell.
        if !self.is_claimed(other) {
            return None;
        }
        let plain = Selector { occurrence: None, after: None, ..Selector::parse(old).ok()? };
        let nth = self.new.matching(&plain).len() + 1;
        Some(Selector { occurrence: Some(nth), ..plain }.to_string())
    }

    /// A selector for an exchange that was gone already: it may be back, but is none that was there without it.
    fn selector_of_lost(&self, old: &str) -> Option<String> {
        let other = self.named(old)?;
        if !self.is_claimed(other) {
            return None;
        }
        let plain = Selector { occurrence: None, after: None, ..Selector::parse(old).ok()? };
        let all = self.new.matching(&plain);
        let mut back = all.iter().filter(|&&exchange| !self.is_claimed(exchange));
        match (back.next(), back.next()) {
            (Some(&exchange), None) => self.selector(old, exchange),
            _ => self.selector_of_gone(old),
        }
    }

    /// Whether an exchange of the new trace is one of the old trace, or another label is about it.
    fn is_claimed(&self, exchange: usize) -> bool {
        self.is_known[exchange] || self.targets.values().any(|target| *target == Target::Exchange(exchange))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Capture;
    use crate::settings::{Layer, Settings};
    use crate::trace::{Body, Exchange, Request, Response, Trace};
    use proptest::prelude::*;

    /// Calls one after the other, a word each: who is asked, a path, and behind `=` what the answer says.
    fn trace(calls: &[&str]) -> Trace {
        let exchange = |(at, call): (usize, &&str)| {
            let (call, says) = call.split_once('=').unwrap_or((call, "x"));
            let (to, path) = call.split_at(call.find('/').unwrap());
            let request =
                Request { method: "GET".into(), url: format!("http://h{path}").into(), ..Request::default() };
            let body = Body::Text(format!("{{\"says\": \"{says}\"}}").into());
            Exchange {
                to: Some(to.into()),
                started: at as i64 * 10,
                ended: Some(at as i64 * 10 + 5),
                request,
                response: Some(Response { status: 200, body, ..Response::default() }),
                ..Exchange::default()
            }
        };
        Trace { exchanges: calls.iter().enumerate().map(exchange).collect(), ..Trace::default() }
    }

    fn settings(labels: &str) -> Settings {
        Settings::resolve(&[Layer::parse("capture.toml".as_ref(), &format!("[label]\n{labels}")).unwrap()])
    }

    /// What becomes of labels, and the partner of each exchange of the old trace.
    fn carried_with(old: (&[&str], &str), new: (&[&str], &str)) -> (Carried, Vec<Option<usize>>) {
        let (old_trace, new_trace) = (trace(old.0), trace(new.0));
        let (old_settings, new_settings) = (settings(old.1), settings(new.1));
        let recording = |trace| Recording { trace, output: None };
        let capture =
            Capture { old: recording(&old_trace), new: recording(&new_trace), kinds: Kinds::built_in() };
        let (found, _) = diff::compare_suite(1, |_, known| vec![diff::compare(&capture, known)]);
        let old = Input::of_trace(&old_trace, &old_settings, None);
        let new = Input::of_trace(&new_trace, &new_settings, None);
        let partners = found[0].alignment.partners(&old_trace, &new_trace);
        (carried(&Resolved::new(&old), &Resolved::new(&new), &partners), partners)
    }

    /// The new selectors, and the labels whose exchange is gone.
    fn told(old: &[&str], labels: &str, new: &[&str]) -> String {
        let (carried, _) = carried_with((old, labels), (new, labels));
        let mut words: Vec<String> =
            carried.selectors.iter().map(|(name, selector)| format!("{name} = {selector}")).collect();
        words.extend(carried.gone.iter().map(|name| format!("{name} gone")));
        words.join("; ")
    }

    #[test]
    fn a_label_whose_selector_still_says_it_is_left_as_it_is() {
        let labels = "a = 'h GET /a'\nb = 'h GET /b #2'\n";
        assert_eq!(told(&["h/a", "h/b", "h/b=y"], labels, &["h/c", "h/a", "h/b", "h/b=y"]), "");
    }

    #[test]
    fn a_call_that_happens_twice_now_is_told_from_the_new_one() {
        let labels = "show = 'h GET /show'\n";
        assert_eq!(
            told(&["h/show=x", "h/b"], labels, &["h/show=y", "h/show=x", "h/b"]),
            "show = h GET /show #2"
        );
        assert_eq!(told(&["h/show", "h/b"], labels, &["h/show", "h/b", "h/show"]), "show = h GET /show #1");
    }

    #[test]
    fn of_two_the_one_that_is_left_keeps_its_label_and_the_other_means_nothing() {
        let labels = "first = 'h GET /a #1'\nsecond = 'h GET /a #2'\n";
        assert_eq!(
            told(&["h/a=x", "h/b", "h/a=y"], labels, &["h/b", "h/a=y"]),
            "first = h GET /a #2; second = h GET /a; first gone"
        );
    }

    #[test]
    fn a_label_that_was_lost_means_what_is_back_and_nothing_else() {
        let labels = "first = 'h GET /a #2'\nsecond = 'h GET /a'\n";
        assert_eq!(
            told(&["h/b", "h/a=y"], labels, &["h/a=x", "h/b", "h/a=y"]),
            "first = h GET /a #1; second = h GET /a #2"
        );
        // Of two that are new nobody knows which it is.
        let labels = "first = 'h GET /a #2'\n";
        assert_eq!(told(&["h/a=y"], labels, &["h/a=x", "h/a=y", "h/a=z"]), "first = h GET /a #4");
    }

    #[test]
    fn a_participant_with_another_name_keeps_its_labels() {
        let labels = "a = 'glance GET /a'\nb = 'glance GET /b #2'\n";
        let (old, new) = (["glance/a", "glance/b", "glance/b=y"], ["image/a", "image/b", "image/b=y"]);
        assert_eq!(told(&old, labels, &new), "a = image GET /a; b = image GET /b #2");
    }

    #[test]
    fn a_label_that_comes_after_another_one_goes_with_it() {
        let labels = "boot = 'h GET /boot #2'\nshow = 'h GET /show after boot'\n";
        let old = ["h/boot", "h/show", "h/boot=y", "h/show"];
        assert_eq!(told(&old, labels, &["h/show", "h/boot=y", "h/show"]), "boot = h GET /boot");
        let new = ["h/boot", "h/show", "h/boot=y", "h/show=new", "h/show"];
        assert_eq!(told(&old, labels, &new), "show = h GET /show #2 after boot");
        // Without the one that it comes after it is counted among all.
        let old = ["h/show=a", "h/boot=y", "h/show=b"];
        let labels = "boot = 'h GET /boot'\nshow = 'h GET /show after boot'\n";
        assert_eq!(told(&old, labels, &["h/show=a", "h/show=b"]), "show = h GET /show #2; boot gone");
    }

    #[test]
    fn what_was_changed_since_is_left_alone() {
        let (old, new) = (["h/a=x", "h/a=y"], ["h/a=0", "h/a=x", "h/a=y"]);
        let labels = "first = 'h GET /a #1'\n";
        assert_eq!(told(&old, labels, &new), "first = h GET /a #2");
        let (carried, _) = carried_with((&old, labels), (&new, "first = 'h GET /a #2'\n"));
        assert_eq!(carried, Carried::default());
    }

    proptest! {
        /// Whatever comes and goes: each label is about its own exchange, or about none.
        #[test]
        fn no_label_changes_its_exchange(
            old in proptest::collection::vec("[ab]", 1..7),
            kept in proptest::collection::vec(any::<bool>(), 7),
            added in proptest::collection::vec((0usize..7, "[abc]"), 0..4),
        ) {
            // Each call has an answer of its own, by which it is known again.
            let olds: Vec<String> = old.iter().enumerate().map(|(at, path)| format!("h/{path}=of{at}")).collect();
            let mut news: Vec<String> =
                olds.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(call, _)| call.clone()).collect();
            for (nth, (at, path)) in added.iter().enumerate() {
                news.insert((*at).min(news.len()), format!("h/{path}=new{nth}"));
            }
            let mut labels = String::new();
            for (at, path) in old.iter().enumerate() {
                let nth = old[..=at].iter().filter(|other| *other == path).count();
                labels.push_str(&format!("l{at} = 'h GET /{path} #{nth}'\n"));
            }
            let olds: Vec<&str> = olds.iter().map(String::as_str).collect();
            let news: Vec<&str> = news.iter().map(String::as_str).collect();
            let (carried, partners) = carried_with((&olds, &labels), (&news, &labels));
            let mut now = settings(&labels);
            for (name, selector) in &carried.selectors {
                now.labels.iter_mut().find(|(known, _)| known == name).unwrap().1.value = selector.clone();
            }
            let trace = trace(&news);
                let input = Input::of_trace(&trace, &now, None);
            let resolved = Resolved::new(&input);
            let mut taken = std::collections::HashSet::new();
            for (name, at) in &now.labels {
                let found = resolved.scope().find(name, &at.place).ok();
                let is_gone = carried.gone.contains(name);
                prop_assert!(found.is_some() || is_gone, "{name} {at:?}");
                // No two are about the same.
                if let (Some(found), false) = (found, is_gone) {
                    prop_assert!(taken.insert(found), "{name}");
                }
                // The one that it is about is the one that alignment says.
                let own = name[1..].parse::<usize>().unwrap();
                prop_assert_eq!(found.filter(|_| !is_gone), partners[own]);
            }
        }
    }
}
