//! What was replaced, where and by which rule: numbers and names, and no value.

use std::collections::{BTreeMap, BTreeSet};

use super::scan::{Edit, Rule};

/// Where something was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Where {
    /// A URL.
    Url,
    /// A header field.
    Header,
    /// A body.
    Body,
    /// A reason phrase, or the reason why an exchange failed.
    Reason,
    /// What the command printed, or is said of it.
    Output,
    /// The command itself.
    Command,
}

impl Where {
    fn name(self) -> &'static str {
        match self {
            Where::Url => "URLs",
            Where::Header => "header fields",
            Where::Body => "bodies",
            Where::Reason => "reasons",
            Where::Output => "the output",
            Where::Command => "the command",
        }
    }
}

/// How many secrets were replaced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    counts: BTreeMap<(Where, Rule, String), usize>,
    weak: BTreeSet<String>,
}

impl Tally {
    pub(super) fn add(&mut self, place: Where, edits: &[Edit]) {
        for found in edits.iter().flat_map(|edit| &edit.found) {
            *self.counts.entry((place, found.rule, found.name.clone())).or_default() += 1;
        }
    }

    pub(super) fn weak(&mut self, names: impl Iterator<Item = String>) {
        self.weak.extend(names);
    }

    /// The counts of both.
    pub fn join(&mut self, other: &Tally) {
        for (what, count) in &other.counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
        self.weak.extend(other.weak.iter().cloned());
    }

    /// How many secrets were replaced.
    pub fn total(&self) -> usize {
        self.counts.values().sum()
    }

    /// How many were replaced where, in one sentence without a full stop; `None` when there was none.
    pub fn summary(&self) -> Option<String> {
        let mut places: BTreeMap<Where, usize> = BTreeMap::new();
        for ((place, ..), count) in &self.counts {
            *places.entry(*place).or_default() += count;
        }
        let places: Vec<String> =
            places.into_iter().map(|(place, count)| format!("{count} in {}", place.name())).collect();
        let total = self.total();
        let secrets = if total == 1 { "secret" } else { "secrets" };
        (total > 0).then(|| format!("{total} {secrets} replaced: {}", places.join(", ")))
    }

    /// A line for each place, rule and name.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        self.counts.iter().map(|((place, rule, name), count)| {
            let name = crate::error::escape_control(name);
            let by = match rule {
                Rule::Name => format!("by the name `{name}`"),
                Rule::Look => format!("by its looks: {name}"),
                Rule::Known => format!("known from `{name}`"),
                Rule::Pattern => format!("by the pattern `{name}`"),
                Rule::Pointer => format!("by a pointer, `{name}`"),
            };
            format!("{count} in {} {by}", place.name())
        })
    }

    /// The names whose values are too weak to be told from words, and were replaced there alone.
    pub fn weak_names(&self) -> impl Iterator<Item = &str> {
        self.weak.iter().map(String::as_str)
    }
}
