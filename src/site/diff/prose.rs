//! What somebody wrote of an exchange that changed: sentences that may have become false.
//!
//! Of a page source all lines are told that speak of the exchange, and first those that are likely to have
//! become false by the change; of a call that came or went also those about its neighbours (`nothing more is
//! asked after it`) and about the page as a whole (`six calls`). What changed since the old recording was seen
//! to. What this leaves out: which lines are likely to be false ([`crate::page::concern`]).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::AllSettings;
use super::recordings::{Files, Recordings};
use crate::diff::align::in_order;
use crate::diff::{Change, Side, What};
use crate::error::Place;
use crate::page::concern::{Concern, Concerns, words_of};
use crate::page::spoken::{Line, Mention, lines};
use crate::page::{Input, Resolved, Source};
use crate::profile::Profile;
use crate::settings::{Layer, Settings};
use crate::trace::Trace;

/// A line that speaks of what changed.
///
/// In their order, those that are likely to be false come before the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spoken {
    /// Whether it only speaks of the same call, and not, as far as its words tell, of what changed there.
    pub is_beside: bool,
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

/// A line, and the exchanges that it is about.
struct Statement {
    spoken: Spoken,
    line: Line,
    /// Those of its section, and those that it names itself.
    of_section: Exchanges,
    of_line: Exchanges,
}

/// Exchanges of the old and of the new trace, with the message that is meant, if not both.
#[derive(Default)]
struct Exchanges {
    old: Vec<(usize, Option<Side>)>,
    new: Vec<(usize, Option<Side>)>,
}

impl Exchanges {
    fn is_empty(&self) -> bool {
        self.old.is_empty() && self.new.is_empty()
    }

    /// Whether one of these is among them; with a side, whether that message is meant.
    fn have(&self, olds: &[usize], news: &[usize], side: Option<Side>) -> bool {
        let among = |own: &[(usize, Option<Side>)], some: &[usize]| {
            let is_meant = |of: &Option<Side>| side.is_none() || of.is_none() || *of == side;
            own.iter().any(|(index, of)| some.contains(index) && is_meant(of))
        };
        among(&self.old, olds) || among(&self.new, news)
    }
}

impl Statement {
    /// Those that it is about: what the line names itself, or else what its section is about.
    fn exchanges(&self) -> &Exchanges {
        if self.of_line.is_empty() { &self.of_section } else { &self.of_line }
    }
}

impl Prose<'_> {
    /// For each change the lines that speak of it, those first that are likely to be false.
    pub(super) fn of(&self, changes: &[Change]) -> Vec<Vec<Spoken>> {
        let (said, labels) = self.said();
        if said.is_empty() && labels.is_empty() {
            return vec![Vec::new(); changes.len()];
        }
        let (old_order, new_order) = (in_order(self.old_trace), in_order(self.new_trace));
        let elsewhere = self.words_elsewhere();
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
            let concerns = Concerns::new(change, &elsewhere);
            let is_likely = |said: &Statement| {
                let is_of_page = said.of_section.is_empty();
                let own = said.exchanges();
                if is_call {
                    return is_of_page || own.have(&olds, &news, None);
                }
                if is_output && said.line.is_about_output {
                    return true;
                }
                if !Concerns::CAN_TELL.contains(&change.what) {
                    return own.have(&olds, &news, None);
                }
                match concerns.of(&said.line) {
                    Concern::Named => is_of_page || own.have(&olds, &news, None),
                    Concern::OfAll if is_of_page => is_output || is_common,
                    Concern::OfAll => own.have(&olds, &news, change.side),
                    Concern::None => false,
                }
            };
            let selects = |said: &&(Spoken, Exchanges)| {
                let own = |order: &[usize], place: Option<crate::diff::change::Place>| -> Vec<usize> {
                    place.and_then(|place| order.get(place.number - 1).copied()).into_iter().collect()
                };
                let old = own(&old_order, exchange.and_then(|exchange| exchange.old));
                let new = own(&new_order, exchange.and_then(|exchange| exchange.new));
                said.1.have(&old, &new, None)
            };
            // Words tell much, and not all: who wrote a sentence about the call sees that it is named.
            let is_about = |said: &Statement| said.exchanges().have(&olds, &news, None);
            let spoken = said.iter().filter_map(|said| match is_likely(said) {
                true => Some(said.spoken.clone()),
                false => is_about(said).then(|| Spoken { is_beside: true, ..said.spoken.clone() }),
            });
            let mut spoken: Vec<Spoken> = spoken.collect();
            // A selector says who is asked, how and for what, and nothing else.
            if is_call || matches!(change.what, What::Method | What::Path) {
                spoken.extend(labels.iter().filter(selects).map(|(spoken, _)| spoken.clone()));
            }
            spoken.sort();
            spoken.dedup();
            spoken
        };
        changes.iter().map(of).collect()
    }

    /// Words that stand for something else than a value: those of the command, and of who takes part.
    fn words_elsewhere(&self) -> HashSet<String> {
        let settings = self.settings;
        let command = settings.command.iter().map(|command| &**command).chain(settings.title.as_deref());
        let participants =
            settings.participants.iter().flat_map(|one| [Some(&*one.id), one.label.as_deref()]).flatten();
        let traces = self.old_trace.exchanges.iter().chain(&self.new_trace.exchanges);
        let parties =
            traces.flat_map(|exchange| [&exchange.from, &exchange.to]).flatten().map(|text| &**text);
        let words = command.chain(participants).chain(parties).chain([self.name]);
        words.flat_map(words_of).collect()
    }

    /// The lines of the page sources and those of the labels.
    fn said(&self) -> (Vec<Statement>, Vec<(Spoken, Exchanges)>) {
        let old_settings = self.old_settings();
        let old = old_settings.as_ref().unwrap_or(self.settings);
        let old = Input::of_trace(self.old_trace, old, self.profile);
        let new = Input::of_trace(self.new_trace, self.settings, self.profile);
        let (old, new) = (Resolved::new(&old), Resolved::new(&new));
        let (old, new) = (old.scope(), new.scope());
        let nowhere = Place::file(Path::new(""));
        let about = |mentions: &[Mention]| {
            let mut exchanges = Exchanges::default();
            for Mention { name, side } in mentions {
                let side = side.map(|side| match side {
                    crate::sequence::Side::Request => Side::Request,
                    crate::sequence::Side::Response => Side::Response,
                });
                exchanges.old.extend(old.find(name, &nowhere).ok().map(|exchange| (exchange, side)));
                exchanges.new.extend(new.find(name, &nowhere).ok().map(|exchange| (exchange, side)));
            }
            exchanges
        };
        let mut said = Vec::new();
        for name in ["page.md", "body.md", "diagram.md"] {
            let (recordings, files) = self.new;
            let Some((file, text)) = recordings.beside(files, name) else { continue };
            // What is wrong with a source is told by those who make pages of it.
            let Ok(source) = Source::parse(&file, text) else { continue };
            let before = self.before(name);
            for line in lines(&source) {
                if before.as_ref().is_some_and(|before| !before.contains(&line.text)) {
                    continue;
                }
                said.push(Statement {
                    spoken: Spoken { is_beside: false, file: file.clone(), line: line.number },
                    of_section: about(&line.about),
                    of_line: about(&line.names),
                    line,
                });
            }
        }
        let before = self.before("capture.toml");
        let labels = self.settings.labels.iter().filter_map(|(name, selector)| {
            if before.as_ref().is_some_and(|before| !before.contains(selector.place.excerpt.trim_end())) {
                return None;
            }
            let spoken =
                Spoken { is_beside: false, file: selector.place.file.clone(), line: selector.place.line };
            Some((spoken, about(&[Mention { name: name.clone(), side: None }])))
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
