//! What somebody wrote of an exchange that changed: sentences that may have become false.
//!
//! Of a page source those lines are told that speak of the exchange; of a call that came or went also those
//! about its neighbours (`nothing more is asked after it`) and about the page as a whole (`six calls`). What
//! changed since the old recording was seen to. What this leaves out: what a sentence says.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::AllSettings;
use super::recordings::{Files, Recordings};
use crate::diff::align::in_order;
use crate::diff::{Change, Side, What};
use crate::error::Place;
use crate::page::spoken::{Line, lines};
use crate::page::{Input, Resolved, Source};
use crate::profile::Profile;
use crate::settings::{Layer, Settings};
use crate::trace::Trace;

/// A line that speaks of what changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spoken {
    /// The file: a page source, or the settings with a label.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// A capture's files, where its old recording is and where its new one is.
pub(super) struct Prose<'a> {
    pub(super) old: Option<(&'a Recordings, &'a Files)>,
    pub(super) new: (&'a Recordings, &'a Files),
    pub(super) old_trace: &'a Trace,
    pub(super) new_trace: &'a Trace,
    /// The name that the old recordings have for it.
    pub(super) name: &'a str,
    /// What is above all of them.
    pub(super) above: &'a [Layer],
    pub(super) all_said: &'a AllSettings<'a>,
    pub(super) settings: &'a Settings,
    pub(super) profile: Option<&'a Profile>,
}

/// A line, and the exchanges that it is about: those of the new trace, and those of the old one.
struct Statement {
    spoken: Spoken,
    new: Vec<usize>,
    old: Vec<usize>,
    is_of_page: bool,
    is_of_output: bool,
}

impl Prose<'_> {
    /// For each change the lines that speak of it.
    pub(super) fn of(&self, changes: &[Change]) -> Vec<Vec<Spoken>> {
        let (said, labels) = self.said();
        if said.is_empty() && labels.is_empty() {
            return vec![Vec::new(); changes.len()];
        }
        let (old_order, new_order) = (in_order(self.old_trace), in_order(self.new_trace));
        // What most calls send is sent by the command.
        let mut counts: HashMap<(What, Option<&str>), usize> = HashMap::new();
        for change in changes {
            *counts.entry((change.what, change.at.as_deref())).or_default() += 1;
        }
        let of = |change: &Change| {
            let is_call = change.what <= What::Repeat;
            let around = |order: &[usize], number: usize| -> Vec<usize> {
                let near = if is_call {
                    number.saturating_sub(2)..(number + 1).min(order.len())
                } else {
                    number - 1..number
                };
                order[near].to_vec()
            };
            let exchange = change.exchange.as_ref();
            let olds =
                exchange.and_then(|exchange| exchange.old).map(|place| around(&old_order, place.number));
            let news =
                exchange.and_then(|exchange| exchange.new).map(|place| around(&new_order, place.number));
            let (olds, news) = (olds.unwrap_or_default(), news.unwrap_or_default());
            let count = counts[&(change.what, change.at.as_deref())];
            let is_common = change.what == What::Header && count * 2 >= self.new_trace.exchanges.len();
            let is_output = change.side == Some(Side::Output);
            let speaks = |said: &&Statement| {
                said.new.iter().any(|index| news.contains(index))
                    || said.old.iter().any(|index| olds.contains(index))
                    || (is_output && said.is_of_output)
                    || (said.is_of_page && (is_call || is_output || is_common))
            };
            let selects = |said: &&Statement| {
                let own = |order: &[usize], place: Option<crate::diff::change::Place>| {
                    place.and_then(|place| order.get(place.number - 1).copied())
                };
                let old = own(&old_order, exchange.and_then(|exchange| exchange.old));
                let new = own(&new_order, exchange.and_then(|exchange| exchange.new));
                said.new.iter().any(|index| Some(*index) == new)
                    || said.old.iter().any(|index| Some(*index) == old)
            };
            let mut spoken: Vec<Spoken> =
                said.iter().filter(speaks).map(|said| said.spoken.clone()).collect();
            // A selector says who is asked, how and for what, and nothing else.
            if is_call || matches!(change.what, What::Method | What::Path) {
                spoken.extend(labels.iter().filter(selects).map(|said| said.spoken.clone()));
            }
            spoken.sort();
            spoken.dedup();
            spoken
        };
        changes.iter().map(of).collect()
    }

    /// The lines of the page sources and those of the labels.
    fn said(&self) -> (Vec<Statement>, Vec<Statement>) {
        let old_settings = self.old_settings();
        let old = old_settings.as_ref().unwrap_or(self.settings);
        let old = Input::of_trace(self.old_trace, old, self.profile);
        let new = Input::of_trace(self.new_trace, self.settings, self.profile);
        let (old, new) = (Resolved::new(&old), Resolved::new(&new));
        let (old, new) = (old.scope(), new.scope());
        let nowhere = Place::file(Path::new(""));
        let about = |name: &str| (old.find(name, &nowhere).ok(), new.find(name, &nowhere).ok());
        let mut said = Vec::new();
        for name in ["page.md", "body.md", "diagram.md"] {
            let (recordings, files) = self.new;
            let Some((file, text)) = recordings.beside(files, name) else { continue };
            // What is wrong with a source is told by those who make pages of it.
            let Ok(source) = Source::parse(&file, text) else { continue };
            let before = self.before(name);
            for Line { number, text, about: names, is_about_output } in lines(&source) {
                if before.as_ref().is_some_and(|before| !before.contains(&text)) {
                    continue;
                }
                let (olds, news): (Vec<_>, Vec<_>) = names.iter().map(|name| about(name)).unzip();
                let (old, new): (Vec<usize>, Vec<usize>) =
                    (olds.into_iter().flatten().collect(), news.into_iter().flatten().collect());
                said.push(Statement {
                    spoken: Spoken { file: file.clone(), line: number },
                    is_of_page: old.is_empty() && new.is_empty(),
                    is_of_output: is_about_output,
                    old,
                    new,
                });
            }
        }
        let before = self.before("capture.toml");
        let labels = self.settings.labels.iter().filter_map(|(name, selector)| {
            if before.as_ref().is_some_and(|before| !before.contains(selector.place.excerpt.trim_end())) {
                return None;
            }
            let (old, new) = about(name);
            let spoken = Spoken { file: selector.place.file.clone(), line: selector.place.line };
            let (old, new) = (old.into_iter().collect(), new.into_iter().collect());
            Some(Statement { spoken, old, new, is_of_page: false, is_of_output: false })
        });
        let labels = labels.collect();
        (said, labels)
    }

    /// The settings of the old recording, if it has any of its own: a label may have been about something else.
    fn old_settings(&self) -> Option<Settings> {
        let (recordings, files) = self.old?;
        recordings.beside(files, "capture.toml")?;
        let own = recordings.settings(self.name).ok()?;
        let settings = Settings::resolve(&self.above.iter().chain(&own).collect::<Vec<_>>());
        Some(self.all_said.of_old(settings, self.name, recordings))
    }

    /// The lines that a file had beside the old recording, if that had one.
    fn before(&self, name: &str) -> Option<HashSet<String>> {
        let (recordings, files) = self.old?;
        let (_, text) = recordings.beside(files, name)?;
        Some(text.lines().map(|line| line.trim_end().to_owned()).collect())
    }
}
