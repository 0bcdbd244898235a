//! Participants that have another name than when a label was written.
//!
//! A recording that names nobody calls a server by its host and port; with a profile or a
//! `[[participant]]` it is `glance` from then on, and every selector that was written before speaks of
//! somebody who takes no part any more. Where a recording still tells by which other name an exchange's
//! ends could be called, such a selector finds its exchange. Where it does not, what all these labels
//! have in common is said once. What this leaves out: exchanges that are really gone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::participants::CLIENT;
use super::selector::{Scope, Selector};
use crate::error::{Error, ErrorKind, Place};
use crate::profile::Profile;
use crate::text::Text;
use crate::trace::UrlParts;

/// Exchanges in the order of their requests, by other names of their ends than the page uses.
pub(super) type ByOtherNames = HashMap<NamedRequest, Vec<usize>>;

/// What a selector asks for, with the names that it uses.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct NamedRequest {
    pub(super) from: Option<Text>,
    pub(super) to: Text,
    pub(super) method: Text,
    pub(super) path: Text,
}

/// A participant that labels call by a name that nobody in the trace has.
#[derive(Clone, Debug)]
pub struct Renamed {
    /// The name.
    pub name: String,
    /// The ids of those who send or receive what these labels name.
    pub now: Vec<String>,
    /// The labels.
    pub labels: Vec<String>,
    place: Place,
    /// Whether the settings name one of those who have these exchanges now.
    is_declared: bool,
}

impl Renamed {
    /// What there is to say of all these labels together, at the first of them.
    pub fn error(&self) -> Error {
        let labels = match &self.labels[..] {
            [label] => format!("which the label `{label}` names"),
            all => format!("which {} labels name", all.len()),
        };
        let keep = if self.is_declared {
            format!("give its `[[participant]]` `names = [\"{}\"]`", self.name)
        } else {
            let names = self.now.join("\", \"");
            format!(
                "keep the name with `[[participant]]`, `id = \"{}\"` and `names = [\"{names}\"]`",
                self.name
            )
        };
        let ids = self.now.join("`, `");
        Error::new(ErrorKind::Label, format!("nobody in the trace is called `{}`, {labels}", self.name))
            .at(self.place.clone())
            .hint(format!("it seems to be `{ids}` now: write that in the labels, or {keep}"))
    }
}

/// How many labels that name one participant are looked up to tell whether it was renamed.
const LABELS_LOOKED_UP: usize = 50;

/// For how many participants that is done.
const NAMES_LOOKED_UP: usize = 20;

impl Scope<'_> {
    /// The exchanges of the sequence by other names that their ends could have: the host and port of
    /// the URL, what the profile calls it, and `client` for a sender that a source does name.
    pub(super) fn by_other_names(&self, exchanges: &[usize]) -> ByOtherNames {
        let taking_part: HashSet<&str> = self.taking_part(exchanges);
        let profile = self.paths.profile;
        let mut found = ByOtherNames::new();
        for &index in exchanges {
            let exchange = &self.trace.exchanges[index];
            let (from, to) = (self.participants.from(index), self.participants.to(index));
            let url = &exchange.request.url;
            let mut receivers: Vec<Text> = to.names().map(Text::from).collect();
            let mut senders: Vec<Text> = from.names().map(Text::from).collect();
            let by_url = profile.and_then(|profile| profile.participant_by_url(url)).map(|found| found.id());
            let host = UrlParts::of(url).host_and_port();
            receivers.extend((!host.is_empty()).then(|| host.into()));
            // A name that somebody else has is no other name.
            let is_free = |name: &&str| !taking_part.contains(name);
            receivers.extend(by_url.filter(is_free).map(Text::from));
            let client = profile.and_then(Profile::client).map(|client| client.id());
            senders.extend([Some(CLIENT), client].into_iter().flatten().filter(is_free).map(Text::from));
            for names in [&mut receivers, &mut senders] {
                names.sort_unstable();
                names.dedup();
            }
            for path in self.paths_of(index, true) {
                for to in &receivers {
                    for from in std::iter::once(None).chain(senders.iter().cloned().map(Some)) {
                        let method = exchange.request.method.clone();
                        let request = NamedRequest { from, to: to.clone(), method, path: path.clone() };
                        found.entry(request).or_default().push(index);
                    }
                }
            }
        }
        found
    }

    /// The participants whose labels match nothing because they have another name now: nobody has the
    /// name that the labels use, and of the exchanges that no label names, most that these labels could
    /// mean are somebody else's.
    pub fn renamed(&self) -> Vec<Renamed> {
        let all: Vec<usize> =
            (0..self.trace.exchanges.len()).filter(|&index| self.sequence.contains(index)).collect();
        let taking_part = self.taking_part(&all);
        let mut unknown: BTreeMap<&str, Vec<(usize, Selector<'_>)>> = BTreeMap::new();
        let mut is_named = vec![false; self.trace.exchanges.len()];
        for (label, (name, at)) in self.labels.iter().enumerate() {
            if let Ok(exchange) = self.find(name, &at.place) {
                is_named[exchange] = true;
                continue;
            }
            let Ok(selector) = Selector::parse(&at.value) else { continue };
            let stranger = [Some(selector.to), selector.from].into_iter().flatten();
            if let Some(name) = stranger.into_iter().find(|name| !taking_part.contains(name))
                && self.matching(&selector).is_empty()
            {
                unknown.entry(name).or_default().push((label, selector));
            }
        }
        let mut renamed = Vec::new();
        for (name, labels) in unknown.into_iter().take(NAMES_LOOKED_UP) {
            let mut now: BTreeSet<&str> = BTreeSet::new();
            let mut is_declared = false;
            let looked_up = &labels[..labels.len().min(LABELS_LOOKED_UP)];
            let mut alike = 0;
            for (_, selector) in looked_up {
                let mut candidates = all.iter().filter(|&&index| !is_named[index]);
                let Some(&exchange) = candidates.find(|&&index| self.is_alike(index, selector)) else {
                    continue;
                };
                alike += 1;
                let end = if selector.to == name {
                    self.participants.to(exchange)
                } else {
                    self.participants.from(exchange)
                };
                is_declared |= end.is_declared();
                now.insert(&end.id);
            }
            if alike * 2 < looked_up.len() || alike == 0 {
                continue;
            }
            let names = labels.iter().map(|(label, _)| self.labels[*label].0.clone()).collect();
            renamed.push(Renamed {
                name: name.to_owned(),
                now: now.into_iter().take(3).map(str::to_owned).collect(),
                labels: names,
                place: self.labels[labels[0].0].1.place.clone(),
                is_declared,
            });
        }
        renamed
    }

    /// Where labels match nothing because a `{name}` of their paths stands for nothing: an error for each name,
    /// with these labels. An exchange that no label names is asked of the same participant in the same way.
    pub fn without_value(&self, labels: &[&str]) -> Vec<(Vec<String>, Error)> {
        let mut is_named = vec![false; self.trace.exchanges.len()];
        for (name, at) in self.labels {
            if let Ok(exchange) = self.find(name, &at.place) {
                is_named[exchange] = true;
            }
        }
        let mut found: BTreeMap<String, (Vec<String>, Place, usize)> = BTreeMap::new();
        for (name, at) in self.labels.iter().filter(|(name, _)| labels.contains(&name.as_str())) {
            let Ok(selector) = Selector::parse(&at.value) else { continue };
            let receivers = self.participants.named(selector.to);
            let is_like = |&exchange: &usize| {
                !is_named[exchange]
                    && self.sequence.contains(exchange)
                    && receivers.contains(&self.participants.ends(exchange)[1])
                    && self.is_alike(exchange, &selector)
            };
            let like = (0..self.trace.exchanges.len()).find(is_like);
            let variable = selector.path.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
            if let (Some(exchange), Some((variable, _))) = (like, variable) {
                let entry = found.entry(variable.to_owned());
                entry.or_insert_with(|| (Vec::new(), at.place.clone(), exchange)).0.push(name.clone());
            }
        }
        let told = found.into_iter().map(|(variable, (labels, place, exchange))| {
            let names = if labels.len() == 1 { "a label names it" } else { &format!("{} labels name it", labels.len()) };
            let message = format!("`{{{variable}}}` stands for nothing in the trace, and {names}");
            let error = Error::new(ErrorKind::Label, message).at(place).hint(format!(
                "the nearest is `{}`: give `{variable}` its value in `[vars]`, or follow the labels with `docgen update --git REV`",
                self.describe(exchange)
            ));
            (labels, error)
        });
        told.collect()
    }

    /// What a selector that matches nothing seems to mean: it differs in one word, by a letter or two, from an
    /// exchange that no label names, or from the name of somebody who takes part. Another number, as in `/v3`,
    /// is no slip of the pen.
    pub fn mistyped(&self, name: &str) -> Option<String> {
        let label = self.labels.iter().find(|(label, _)| label == name);
        let text = label.map_or(name, |(_, at)| at.value.as_str());
        let selector = Selector { occurrence: None, after: None, ..Selector::parse(text).ok()? };
        let all: Vec<usize> =
            (0..self.trace.exchanges.len()).filter(|&index| self.sequence.contains(index)).collect();
        let named: HashSet<usize> =
            self.labels.iter().filter_map(|(label, at)| self.find(label, &at.place).ok()).collect();
        for &exchange in all.iter().filter(|exchange| !named.contains(exchange)) {
            let (from, to) = (self.participants.from(exchange), self.participants.to(exchange));
            let method = &*self.trace.exchanges[exchange].request.method;
            for path in self.paths_of(exchange, true) {
                let other = Selector {
                    from: selector.from.map(|_| &*from.id),
                    to: &to.id,
                    method,
                    path: &path,
                    ..selector
                };
                let (typed, there) = (selector.to_string(), other.to_string());
                if is_slip(&words(&typed), &words(&there)) {
                    return Some(there);
                }
            }
        }
        let taking_part = self.taking_part(&all);
        let known = |name: &str| {
            let mut near: Vec<&str> =
                taking_part.iter().copied().filter(|other| is_near(name, other)).collect();
            near.sort_unstable();
            near.first().copied().filter(|_| !taking_part.contains(name))
        };
        let (from, to) = (selector.from.and_then(known), known(selector.to));
        (from.is_some() || to.is_some()).then(|| {
            Selector { from: from.or(selector.from), to: to.unwrap_or(selector.to), ..selector }.to_string()
        })
    }

    /// The names of all who send or receive one of these exchanges.
    fn taking_part(&self, exchanges: &[usize]) -> HashSet<&str> {
        let mut ends: Vec<usize> =
            exchanges.iter().flat_map(|&index| self.participants.ends(index)).collect();
        ends.sort_unstable();
        ends.dedup();
        ends.into_iter().flat_map(|end| self.participants.all()[end].names()).collect()
    }

    /// Whether an exchange has a selector's method and path, whatever the names of its ends; a name in
    /// braces may have any value.
    fn is_alike(&self, exchange: usize, selector: &Selector<'_>) -> bool {
        let is_segment = |wanted: &str, found: &str| {
            wanted == found || (wanted.contains('{') && wanted.ends_with('}') && !found.is_empty())
        };
        let is_path = |found: &str| {
            let (mut wanted, mut found) = (selector.path.split('/'), found.split('/'));
            loop {
                match (wanted.next(), found.next()) {
                    (None, None) => return true,
                    (Some(wanted), Some(found)) if is_segment(wanted, found) => {}
                    _ => return false,
                }
            }
        };
        *self.trace.exchanges[exchange].request.method == *selector.method
            && self.paths_of(exchange, false).iter().any(|path| is_path(path))
    }
}

/// The parts of a selector that one may mistype.
fn words(selector: &str) -> Vec<&str> {
    selector.split([' ', '/']).flat_map(|word| word.split("->")).collect()
}

/// Whether two selectors are the same but for one word, which was mistyped.
fn is_slip(typed: &[&str], there: &[&str]) -> bool {
    let mut other = typed.iter().zip(there).filter(|(a, b)| a != b);
    typed.len() == there.len() && other.next().is_some_and(|(a, b)| is_near(a, b)) && other.next().is_none()
}

/// Whether two words differ by a letter or two that one may mistype.
fn is_near(a: &str, b: &str) -> bool {
    const SHORTEST: usize = 4;
    let letters = |word: &str| word.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    let (a, b) = (letters(a), letters(b));
    let most = if a.len().min(b.len()) < 2 * SHORTEST { 1 } else { 2 };
    let is_long = a.len() >= SHORTEST && b.len() >= SHORTEST;
    is_long && a != b && strsim::damerau_levenshtein(&a, &b) <= most
}

#[cfg(test)]
mod tests {
    use super::super::testing::{found, in_scope, trace};

    const GLANCE: &str = "http://192.0.2.1:9292/v2/images";

    #[test]
    fn a_name_that_came_later_orphans_no_label() {
        let of_host = "[label]\na = \"192.0.2.1:9292 GET /v2/images #2\"\nb = \"client->192.0.2.1:9292 GET /v2/images/1\"\n";
        let image = format!("{GLANCE}/1");
        let calls = trace(&[(None, GLANCE), (None, GLANCE), (None, &image)]);
        let expected = (vec![Some(3), Some(5)], Vec::new());
        assert_eq!(found(&calls, of_host, None), expected);
        assert_eq!(found(&calls, of_host, Some("openstack")), expected);
        let named =
            format!("{of_host}[[participant]]\nid = \"images\"\nurls = [\"http://192.0.2.1:9292/\"]\n");
        assert_eq!(found(&calls, &named, None), expected);
        // What the profile says, where the settings or the source say otherwise.
        let of_profile = named.replace("192.0.2.1:9292 GET", "glance GET");
        assert_eq!(found(&calls, &of_profile, Some("openstack")), expected);
        let calls = trace(&[(Some("a"), GLANCE), (Some("a"), GLANCE), (Some("a"), &image)]);
        assert_eq!(found(&calls, of_host, None), expected);
    }

    #[test]
    fn a_host_is_told_from_another_one_of_the_same_participant() {
        let calls = trace(&[(None, "http://192.0.2.1:9292/v2"), (None, "http://192.0.2.2:9292/v2")]);
        let labels = "[label]\na = \"192.0.2.2:9292 GET /v2\"\nb = \"glance GET /v2 #2\"\n";
        assert_eq!(found(&calls, labels, Some("openstack")), (vec![Some(3), Some(3)], Vec::new()));
    }

    #[test]
    fn who_takes_part_is_nobody_elses_other_name() {
        // The exchange with glance itself is gone.
        let calls = trace(&[(Some("proxy"), GLANCE), (Some("glance"), "http://192.0.2.1:9292/other")]);
        let labels = "[label]\na = \"glance GET /v2/images\"\n";
        assert_eq!(found(&calls, labels, Some("openstack")), (vec![None], Vec::new()));
    }

    #[test]
    fn one_cause_has_one_message() {
        let image = format!("{GLANCE}/1");
        let calls = trace(&[(None, GLANCE), (None, &image), (None, "http://192.0.2.1:5000/")]);
        let labels = "[label]\nlist = \"glance GET /v2/images\"\nshow = \"glance GET /v2/images/{image_id}\"\n\
                      versions = \"192.0.2.1:5000 GET /\"\n";
        let (found, said) = found(&calls, labels, None);
        assert_eq!(found, [None, None, Some(5)]);
        assert_eq!(said.len(), 1, "{said:?}");
        for words in
            ["nobody in the trace is called `glance`", "2 labels", "192.0.2.1:9292", "capture.toml:2:8"]
        {
            assert!(said[0].contains(words), "`{words}` is not in {}", said[0]);
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_told_from_what_is_missing() {
        let calls =
            trace(&[(Some("glance"), GLANCE), (Some("keystone"), "http://192.0.2.1:5000/v3/validate")]);
        let meant =
            |selector: &str, labels: &str| in_scope(&calls, labels, None, |scope| scope.mistyped(selector));
        for (typed, there) in [
            ("glance GET /v2/imgaes", Some("glance GET /v2/images")),
            ("client->glanc GET /v2/images #2", Some("client->glance GET /v2/images")),
            ("keystne GET /token", Some("keystone GET /token")),
            // Another version, another call, and what is there.
            ("glance GET /v3/images", None),
            ("keystone GET /v3/versions", None),
            ("keystone GET /token", None),
        ] {
            assert_eq!(meant(typed, "").as_deref(), there, "{typed}");
        }
        assert_eq!(meant("glance GET /v2/imgaes", "[label]\na = 'glance GET /v2/images'\n"), None);
    }

    #[test]
    fn what_is_gone_was_not_renamed() {
        let calls = trace(&[(None, "http://192.0.2.1:5000/")]);
        // Another label has the only exchange that is alike.
        let labels = "[label]\nglance = \"glance GET /\"\nkeystone = \"192.0.2.1:5000 GET /\"\nlist = \"glance GET /v2/images\"\n";
        assert_eq!(found(&calls, labels, None), (vec![None, Some(1), None], Vec::new()));
    }
}
