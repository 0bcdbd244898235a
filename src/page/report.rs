//! All that a template may see of a report: what recordings do otherwise than others, as one page.
//!
//! The changes that `diff` finds, the facts that they add up to, and for each capture that changed the pages of
//! both its traces, made into one diagram. What this leaves out: finding changes, and Markdown.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::front_matter::{FrontMatter, plain};
use super::phrases::fill_all;
use super::{DrawnParticipant, Entry, Message, Page, PageExchange, Phrases};
use crate::diff::align::in_order;
use crate::diff::change::Subject;
use crate::diff::facts::facts;
use crate::diff::{Alignment, Change, Side, Value, What};
use crate::settings::DiagramFormat;
use crate::trace::Trace;

/// A report, ready to be laid out.
#[derive(Debug)]
pub struct Report {
    /// The title.
    pub title: String,
    /// The report's path below the captures' root.
    pub path: String,
    /// One paragraph below the title.
    pub description: Option<String>,
    /// The phrases of the page's language.
    pub phrases: Phrases,
    /// As what it holds its diagrams.
    pub diagram_format: DiagramFormat,
    /// What the old recordings are called.
    pub old: String,
    /// What the new recordings are called.
    pub new: String,
    /// All captures, in the order of their paths.
    pub captures: Vec<Capture>,
    /// What changed, each fact once.
    pub facts: Vec<Fact>,
}

impl Report {
    /// What its page says of itself in a language: without a description, what it compares.
    pub fn front_matter(&self, lang: &str) -> FrontMatter {
        let introduction = || {
            let values = [("old", &*self.old), ("new", &*self.new)];
            fill_all(self.phrases.get("report_introduction"), &values)
        };
        let description = self.description.as_deref().map_or_else(introduction, plain);
        FrontMatter::new(&self.title, &description, lang)
    }
}

/// The section that a report has of a capture in which something changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The capture's title, or its path.
    pub title: String,
    /// The section's anchor.
    pub anchor: Arc<str>,
}

/// A capture, as a report tells of it.
#[derive(Debug)]
pub struct Capture {
    /// Its section, which the page has where something changed in it.
    pub section: Section,
    /// How it is now.
    pub state: State,
    /// How many changes of each kind it has, in the order in which a person reads them.
    pub counts: Vec<(What, usize)>,
    /// How many exchanges its old and its new trace have.
    pub exchanges: (usize, usize),
    /// What changed in it; `None` where only one of the two is there, or nothing changed.
    pub changed: Option<Changed>,
}

/// How a capture is after a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it was.
    Unchanged,
    /// It does something otherwise.
    Changed,
    /// Something is refused, or not answered, that was done before.
    Failed,
    /// There is no old recording of it.
    Added,
    /// There is no new recording of it.
    Removed,
}

impl State {
    /// The name that the keys of phrases have.
    pub fn name(self) -> &'static str {
        match self {
            State::Unchanged => "unchanged",
            State::Changed => "changed",
            State::Failed => "failed",
            State::Added => "added",
            State::Removed => "removed",
        }
    }
}

/// What changed in a capture.
#[derive(Debug)]
pub struct Changed {
    /// The participants of both traces.
    pub participants: Vec<DrawnParticipant>,
    /// The messages of both, in order, those of one mark together.
    pub runs: Vec<Run>,
    /// The changes, equal ones of many messages once.
    pub changes: Vec<ShownChange>,
    /// The exchanges that only the new trace has.
    pub added: Vec<Arc<PageExchange>>,
    /// The exchanges that only the old trace has.
    pub removed: Vec<Arc<PageExchange>>,
}

/// Messages one after the other that are alike in what became of them.
#[derive(Debug)]
pub struct Run {
    /// What became of them.
    pub mark: Mark,
    /// The messages.
    pub messages: Vec<Paired>,
    /// How many of a long run are left out behind those.
    pub left_out: usize,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is as it was.
    Same,
    /// It says something else.
    Changed,
    /// Only the new trace has it.
    Added,
    /// Only the old trace has it.
    Removed,
    /// One trace alone has it, and it may be missing from either.
    Optional,
}

impl Mark {
    /// The name for templates.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Same => "same",
            Mark::Changed => "changed",
            Mark::Added => "added",
            Mark::Removed => "removed",
            Mark::Optional => "optional",
        }
    }

    /// The sign in front of a message, for whoever sees no colour.
    pub fn sign(self) -> &'static str {
        match self {
            Mark::Same | Mark::Optional => "",
            Mark::Changed => "±",
            Mark::Added => "+",
            Mark::Removed => "−",
        }
    }
}

/// A message with its numbers in both traces.
#[derive(Clone, Debug)]
pub struct Paired {
    /// The message, that of the new trace where both have it, between participants of both.
    pub message: Arc<Message>,
    /// Whether it says something else than it did.
    pub is_changed: bool,
    /// Whether it may be missing.
    pub is_optional: bool,
    /// Its number in the old trace's page.
    pub old: Option<u32>,
    /// Its number in the new trace's page.
    pub new: Option<u32>,
    /// Which of the capture's changes is the first that tells of it, or of its exchange where that came or went.
    pub change: Option<usize>,
}

impl Paired {
    /// The numbers, as a diagram shows them: `(3)`, or `(3→5)`.
    pub fn numbers(&self) -> String {
        numbers([self.old, self.new])
    }
}

fn numbers(of: [Option<u32>; 2]) -> String {
    match of {
        [Some(old), Some(new)] if old != new => format!("({old}→{new})"),
        [old, new] => new.or(old).map_or_else(String::new, |number| format!("({number})")),
    }
}

/// A change, as a page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownChange {
    /// What changed.
    pub what: What,
    /// In which message.
    pub side: Option<Side>,
    /// Method and path of the exchange.
    pub name: Option<String>,
    /// A header's name, a JSON pointer, a cell or line of the output.
    pub at: Option<String>,
    /// What it was, as much of it as a table holds.
    pub old: Option<String>,
    /// What it is, likewise.
    pub new: Option<String>,
    /// The numbers of its messages in the old and the new trace's page.
    pub numbers: Vec<[Option<u32>; 2]>,
}

/// Equal changes of one or more captures.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// One of the changes, for all.
    pub change: ShownChange,
    /// The sections of the captures, and in how many places of each it is.
    pub captures: Vec<(Section, usize)>,
    /// Whether these are all that both have.
    pub is_everywhere: bool,
}

impl Fact {
    /// In how many places it is.
    pub fn places(&self) -> usize {
        self.captures.iter().map(|(_, places)| places).sum()
    }
}

/// Both traces of a capture, and their pages.
#[derive(Debug)]
pub struct Pages<'a> {
    /// Which exchanges belong together.
    pub alignment: &'a Alignment,
    /// The exchanges that may be missing, by their places in the old and the new trace.
    pub optional: [Vec<usize>; 2],
    /// The old trace with its page.
    pub old: (Trace, Page),
    /// The new trace with its page.
    pub new: (Trace, Page),
}

/// How many characters of a value a table holds.
const VALUE: usize = 120;

/// How many messages a diagram shows in whole. Beyond that nobody reads it, and mermaid may refuse it.
const MOST_DRAWN: usize = 100;

/// How many messages that stay are shown on either side of a change, where a diagram is long.
const AROUND: usize = 4;

impl Capture {
    /// What a report tells of a capture that both have, with the pages of both where anything changed.
    pub fn compared(
        section: Section,
        exchanges: (usize, usize),
        changes: &[Change],
        pages: Option<&Pages<'_>>,
    ) -> Capture {
        let mut counts: Vec<(What, usize)> = Vec::new();
        for change in changes {
            match counts.iter_mut().find(|(what, _)| *what == change.what) {
                Some((_, count)) => *count += 1,
                None => counts.push((change.what, 1)),
            }
        }
        counts.sort_by_key(|(what, _)| *what);
        let state = match changes {
            [] => State::Unchanged,
            _ if changes.iter().any(is_refused) => State::Failed,
            _ => State::Changed,
        };
        Capture { section, state, counts, exchanges, changed: pages.map(|pages| Changed::of(changes, pages)) }
    }

    /// What it tells of one that only one of the two has.
    pub fn alone(section: Section, state: State, exchanges: (usize, usize)) -> Capture {
        Capture { section, state, counts: Vec::new(), exchanges, changed: None }
    }
}

/// What changed in captures that both have, by their sections, each fact once.
pub fn facts_of(compared: &[(&Section, &[Change])]) -> Vec<Fact> {
    let suite = compared.iter().map(|(_, changes)| *changes);
    let fact = |fact: &crate::diff::facts::Fact<'_>| {
        let captures = fact.captures();
        Fact {
            change: ShownChange::of(fact.first(), Vec::new()),
            is_everywhere: captures.len() == compared.len(),
            captures: captures
                .into_iter()
                .map(|(capture, changes)| (compared[capture].0.clone(), changes.len()))
                .collect(),
        }
    };
    facts(suite).iter().map(fact).collect()
}

/// Whether a change is a call that was done, and is not any more.
fn is_refused(change: &Change) -> bool {
    let status = |value: &Option<Value>| {
        value.as_ref().and_then(|value| value.shown().parse::<u16>().ok()).filter(|status| *status > 0)
    };
    change.what == What::Status
        && status(&change.old).is_some_and(|old| old < 400)
        && status(&change.new).is_none_or(|new| new >= 400)
}

impl ShownChange {
    /// The numbers of its messages: `(3)`, `(3→5)`; nothing for what the command printed.
    pub fn numbers(&self) -> String {
        self.numbers.iter().map(|of| numbers(*of)).collect::<Vec<_>>().join(", ")
    }

    fn of(change: &Change, numbers: Vec<[Option<u32>; 2]>) -> ShownChange {
        let [old, new] = change.excerpts(VALUE);
        ShownChange {
            what: change.what,
            side: change.side,
            name: change.exchange.as_ref().map(|exchange| exchange.name.clone()),
            at: change.at.clone(),
            old,
            new,
            numbers,
        }
    }
}

impl Changed {
    fn of(changes: &[Change], pages: &Pages<'_>) -> Changed {
        let Pages { alignment, optional, old: (old_trace, old), new: (new_trace, new) } = pages;
        let [old_optional, new_optional] = optional;
        let (old_order, new_order) = (in_order(old_trace), in_order(new_trace));
        let partners: HashMap<usize, usize> =
            alignment.pairs.iter().map(|pair| (new_order[pair.new], old_order[pair.old])).collect();
        // What has another place is drawn at both.
        let moved: HashSet<usize> =
            alignment.pairs.iter().filter(|pair| pair.is_moved).map(|pair| new_order[pair.new]).collect();
        let said: HashSet<(usize, Side)> = changes
            .iter()
            .filter_map(|change| Some((change.exchange.as_ref()?.new?.index, change.side?)))
            .collect();
        let merged = Participants::merge(&old.participants, &new.participants);
        let drawn = Merge {
            old: messages(old).map(|message| merged.of_old(message)).collect(),
            new: messages(new).map(|message| merged.of_new(message)).collect(),
            partner: &|message| {
                partners.get(&message.exchange).copied().filter(|_| !moved.contains(&message.exchange))
            },
            is_changed: &|message| said.contains(&(message.exchange, side(message))),
            optional: [old_optional, new_optional],
        };
        let numbers = |subject: &Subject, of: Option<Side>| {
            let number = |page: &Page, place: Option<crate::diff::change::Place>| {
                let exchange = place.map(|place| place.index)?;
                let found = messages(page)
                    .find(|message| message.exchange == exchange && of.is_none_or(|of| side(message) == of));
                found.map(|message| message.number)
            };
            [number(old, subject.old), number(new, subject.new)]
        };
        let is_added =
            |exchange: usize| !partners.contains_key(&exchange) && !new_optional.contains(&exchange);
        let is_removed = |exchange: usize| {
            !partners.values().any(|old| *old == exchange) && !old_optional.contains(&exchange)
        };
        let changes: Vec<ShownChange> = facts([changes])
            .iter()
            .map(|fact| {
                let places = fact
                    .changes
                    .iter()
                    .filter_map(|(_, change)| Some(numbers(change.exchange.as_ref()?, change.side)));
                ShownChange::of(fact.first(), places.collect())
            })
            .collect();
        let mut messages = drawn.messages();
        name_changes(&mut messages, &changes);
        Changed {
            runs: shortened(messages),
            participants: merged.all,
            changes,
            added: new.exchanges.iter().filter(|one| is_added(one.index)).cloned().collect(),
            removed: old.exchanges.iter().filter(|one| is_removed(one.index)).cloned().collect(),
        }
    }
}

/// Notes at each message which change is the first that tells of it.
fn name_changes(messages: &mut [Paired], changes: &[ShownChange]) {
    let mut told: [HashMap<u32, usize>; 2] = [HashMap::new(), HashMap::new()];
    for (index, change) in changes.iter().enumerate() {
        for numbers in &change.numbers {
            for (told, number) in told.iter_mut().zip(numbers) {
                number.map(|number| told.entry(number).or_insert(index));
            }
        }
    }
    // What came or went is one change, which has the number of its request.
    let mut of_exchange: HashMap<(bool, usize), usize> = HashMap::new();
    for message in messages {
        let [old, new] = [message.old, message.new];
        let exchange = (new.is_some(), message.message.exchange);
        let of = |told: &HashMap<u32, usize>, number: Option<u32>| told.get(&number?).copied();
        message.change = of(&told[1], new).or_else(|| of(&told[0], old));
        if old.is_none() || new.is_none() {
            match message.change {
                Some(change) => drop(of_exchange.insert(exchange, change)),
                None => message.change = of_exchange.get(&exchange).copied(),
            }
        }
    }
}

fn messages(page: &Page) -> impl Iterator<Item = &Arc<Message>> {
    page.entries.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        Entry::Gap(_) => None,
    })
}

fn side(message: &Message) -> Side {
    match message.side {
        crate::sequence::Side::Request => Side::Request,
        crate::sequence::Side::Response => Side::Response,
    }
}

/// The participants of two diagrams as those of one.
struct Participants {
    all: Vec<DrawnParticipant>,
    /// The ids of each diagram, as this one has them.
    old: HashMap<Arc<str>, Arc<str>>,
    new: HashMap<Arc<str>, Arc<str>>,
}

impl Participants {
    /// Those of the new diagram, in its order, then what only the old one has.
    fn merge(old: &[DrawnParticipant], new: &[DrawnParticipant]) -> Participants {
        // What is shown tells who it is where the id is one that docgen made up.
        let key = |one: &DrawnParticipant| match &one.label {
            Some(label) if one.aliased => (true, label.clone()),
            _ => (false, one.id.clone()),
        };
        let mut merged = Participants { all: Vec::new(), old: HashMap::new(), new: HashMap::new() };
        let mut known: HashMap<(bool, Arc<str>), Arc<str>> = HashMap::new();
        let taken: HashSet<&str> =
            old.iter().chain(new).filter(|one| !one.aliased).map(|one| &*one.id).collect();
        for (is_new, one) in new.iter().map(|one| (true, one)).chain(old.iter().map(|one| (false, one))) {
            let id = known.entry(key(one)).or_insert_with(|| {
                let mut id =
                    if one.aliased { format!("P{}", merged.all.len() + 1) } else { one.id.to_string() };
                while one.aliased && taken.contains(&*id) {
                    id.push('_');
                }
                let id: Arc<str> = id.into();
                merged.all.push(DrawnParticipant { id: id.clone(), ..one.clone() });
                id
            });
            let to = if is_new { &mut merged.new } else { &mut merged.old };
            to.insert(one.id.clone(), id.clone());
        }
        merged
    }

    fn of_old(&self, message: &Arc<Message>) -> Arc<Message> {
        between(&self.old, message)
    }

    fn of_new(&self, message: &Arc<Message>) -> Arc<Message> {
        between(&self.new, message)
    }
}

/// A message between the participants that these ids stand for.
fn between(ids: &HashMap<Arc<str>, Arc<str>>, message: &Arc<Message>) -> Arc<Message> {
    let (Some(from), Some(to)) = (ids.get(&message.from), ids.get(&message.to)) else {
        return message.clone();
    };
    if (from, to) == (&message.from, &message.to) {
        return message.clone();
    }
    Arc::new(Message { from: from.clone(), to: to.clone(), ..Message::clone(message) })
}

/// The messages of two diagrams, to be made one.
struct Merge<'m> {
    old: Vec<Arc<Message>>,
    new: Vec<Arc<Message>>,
    /// The exchange of the old trace that a message of the new one belongs to.
    partner: &'m dyn Fn(&Message) -> Option<usize>,
    /// Whether a message of the new trace says something else.
    is_changed: &'m dyn Fn(&Message) -> bool,
    /// The exchanges of the old and the new trace that may be missing.
    optional: [&'m [usize]; 2],
}

impl Merge<'_> {
    /// All messages in the order of the new diagram, what is gone behind what it came after.
    fn messages(&self) -> Vec<Paired> {
        let place_of_old: HashMap<(usize, Side), usize> = self
            .old
            .iter()
            .enumerate()
            .map(|(place, message)| ((message.exchange, side(message)), place))
            .collect();
        let partner = |message: &Message| {
            let exchange = (self.partner)(message)?;
            place_of_old.get(&(exchange, side(message))).copied()
        };
        let is_kept: HashSet<usize> = self.new.iter().filter_map(|message| partner(message)).collect();
        let mut merged = Vec::with_capacity(self.new.len() + self.old.len() - is_kept.len());
        let [old_optional, new_optional] = self.optional;
        let gone_from = |place: usize, merged: &mut Vec<Paired>| {
            for (_, message) in
                self.old.iter().enumerate().skip(place).take_while(|(place, _)| !is_kept.contains(place))
            {
                let old = Some(message.number);
                let is_optional = old_optional.contains(&message.exchange);
                let (message, is_changed) = (message.clone(), false);
                merged.push(Paired { message, is_changed, is_optional, old, new: None, change: None });
            }
        };
        gone_from(0, &mut merged);
        for message in &self.new {
            let place = partner(message);
            merged.push(Paired {
                message: message.clone(),
                is_changed: (self.is_changed)(message),
                is_optional: new_optional.contains(&message.exchange),
                old: place.map(|place| self.old[place].number),
                new: Some(message.number),
                change: None,
            });
            if let Some(place) = place {
                gone_from(place + 1, &mut merged);
            }
        }
        merged
    }
}

impl Paired {
    fn mark(&self) -> Mark {
        match (self.old, self.new, self.is_changed) {
            (None, _, _) | (_, None, _) if self.is_optional => Mark::Optional,
            (None, _, _) => Mark::Added,
            (_, None, _) => Mark::Removed,
            (_, _, true) => Mark::Changed,
            _ => Mark::Same,
        }
    }
}

/// The messages as runs. Of a long diagram what is far from all that comes or goes is only counted.
fn shortened(messages: Vec<Paired>) -> Vec<Run> {
    let is_long = messages.len() > MOST_DRAWN;
    let comes_or_goes: Vec<usize> = messages
        .iter()
        .enumerate()
        .filter(|(_, message)| matches!(message.mark(), Mark::Added | Mark::Removed))
        .map(|(place, _)| place)
        .collect();
    let is_near = |place: usize| {
        let next = comes_or_goes.partition_point(|&other| other < place);
        let near = [next.checked_sub(1), Some(next)].into_iter().flatten();
        near.filter_map(|next| comes_or_goes.get(next)).any(|&other| other.abs_diff(place) <= AROUND)
    };
    let mut runs: Vec<Run> = Vec::new();
    let mut drawn = 0;
    for (place, message) in messages.into_iter().enumerate() {
        let mark = message.mark();
        // Where nothing comes or goes, the beginning is as good as any part.
        let is_shown = !is_long || is_near(place) || (comes_or_goes.is_empty() && drawn < MOST_DRAWN);
        match runs.last_mut() {
            Some(run) if !is_shown => run.left_out += 1,
            Some(run) if run.mark == mark && run.left_out == 0 => run.messages.push(message),
            _ if is_shown => runs.push(Run { mark, messages: vec![message], left_out: 0 }),
            _ => runs.push(Run { mark: Mark::Same, messages: Vec::new(), left_out: 1 }),
        }
        drawn += usize::from(is_shown);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message a word: the exchange, `>` for its request or `<` for its response.
    fn diagram(words: &str) -> Vec<Arc<Message>> {
        let message = |(place, word): (usize, &str)| {
            let (exchange, is_response) = (word[..word.len() - 1].parse().unwrap(), word.ends_with('<'));
            Arc::new(Message { number: place as u32 + 1, ..testing_message(exchange, is_response) })
        };
        words.split_whitespace().enumerate().map(message).collect()
    }

    fn testing_message(exchange: usize, is_response: bool) -> Message {
        Message {
            number: 0,
            side: if is_response { crate::sequence::Side::Response } else { crate::sequence::Side::Request },
            exchange,
            from: "a".into(),
            to: "b".into(),
            client: "a".into(),
            server: "b".into(),
            method: "GET".into(),
            status: 0,
            reason: "".into(),
            verb: "GET".into(),
            path: "/".into(),
            raw_path: "/".into(),
            url: "/".into(),
            headers: super::super::Block::default(),
            body: super::super::Block::default(),
            language: "json".into(),
            about: None,
            unanswered: false,
            drawn_only: false,
            failure: None,
            web_socket_messages: 0,
            has_body: true,
            anchor: None,
            section: None,
        }
    }

    fn merged(old: &str, new: &str, partners: &[(usize, usize)]) -> String {
        merged_with(old, new, partners, [&[], &[]])
    }

    fn merged_with(old: &str, new: &str, partners: &[(usize, usize)], optional: [&[usize]; 2]) -> String {
        let merge = Merge {
            old: diagram(old),
            new: diagram(new),
            partner: &|message| {
                partners.iter().find(|(_, new)| *new == message.exchange).map(|(old, _)| *old)
            },
            is_changed: &|_| false,
            optional,
        };
        let shown = merge.messages();
        let word = |one: &Paired| match one.mark() {
            Mark::Optional => format!("?{}", one.numbers()),
            mark => format!("{}{}", mark.sign(), one.numbers()),
        };
        shown.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    /// The changes that messages are named by, of changes with these numbers.
    fn named(old: &str, new: &str, partners: &[(usize, usize)], changes: &[&[[Option<u32>; 2]]]) -> String {
        let partner = |message: &Message| {
            partners.iter().find(|(_, new)| *new == message.exchange).map(|(old, _)| *old)
        };
        let (old, new) = (diagram(old), diagram(new));
        let mut messages =
            Merge { old, new, partner: &partner, is_changed: &|_| false, optional: [&[], &[]] }.messages();
        let change = |numbers: &&[[Option<u32>; 2]]| ShownChange {
            what: What::Header,
            side: None,
            name: None,
            at: None,
            old: None,
            new: None,
            numbers: numbers.to_vec(),
        };
        name_changes(&mut messages, &changes.iter().map(change).collect::<Vec<_>>());
        let word = |one: &Paired| one.change.map_or("-".to_owned(), |change| change.to_string());
        messages.iter().map(word).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_message_is_named_by_the_first_change_that_tells_of_it() {
        let calls = "0> 0< 1> 1<";
        let both: &[[Option<u32>; 2]] = &[[Some(1), Some(1)], [Some(3), Some(3)]];
        let one: &[[Option<u32>; 2]] = &[[Some(3), Some(3)]];
        assert_eq!(named(calls, calls, &[(0, 0), (1, 1)], &[]), "- - - -");
        assert_eq!(named(calls, calls, &[(0, 0), (1, 1)], &[one, both]), "1 - 0 -");
        // A call that went, with its answer, and one that came.
        assert_eq!(named(calls, "0> 0<", &[(1, 0)], &[&[[Some(1), None]]]), "0 0 - -");
        assert_eq!(named("0> 0<", calls, &[(0, 0)], &[&[[None, Some(3)]]]), "- - 0 0");
    }

    #[test]
    fn what_is_gone_stands_behind_what_it_came_after() {
        assert_eq!(merged("0> 0< 1> 1<", "0> 0< 1> 1<", &[(0, 0), (1, 1)]), "(1) (2) (3) (4)");
        assert_eq!(merged("0> 0< 1> 1<", "0> 0<", &[(1, 0)]), "−(1) −(2) (3→1) (4→2)");
        assert_eq!(
            merged("0> 0< 1> 1< 2> 2<", "0> 0< 1> 1< 2> 2<", &[(0, 0), (2, 2)]),
            "(1) (2) −(3) −(4) +(3) +(4) (5) (6)"
        );
        assert_eq!(merged("0> 0<", "0> 0<", &[]), "−(1) −(2) +(1) +(2)");
        // Answers that crossed are no change.
        assert_eq!(merged("0> 1> 0< 1<", "0> 1> 1< 0<", &[(0, 0), (1, 1)]), "(1) (2) (4→3) (3→4)");
        // A response that never came.
        assert_eq!(merged("0> 0< 1>", "0> 1> 1<", &[(0, 0), (1, 1)]), "(1) −(2) (3→2) +(3)");
    }

    #[test]
    fn what_may_be_missing_neither_came_nor_went() {
        let (old, new) = ("0> 0<", "1> 1< 0> 0<");
        assert_eq!(merged_with(old, new, &[(0, 0)], [&[], &[1]]), "?(1) ?(2) (1→3) (2→4)");
        assert_eq!(merged_with(new, old, &[(0, 0)], [&[1], &[]]), "?(1) ?(2) (3→1) (4→2)");
        // Where both have it, it is as any other.
        assert_eq!(merged_with(old, old, &[(0, 0)], [&[0], &[0]]), "(1) (2)");
    }

    #[test]
    fn nothing_that_comes_or_goes_is_left_out_of_a_long_diagram() {
        let paired = |number: u32, is_new: bool| Paired {
            message: diagram("0>").remove(0),
            is_changed: number.is_multiple_of(3),
            is_optional: false,
            old: (!is_new).then_some(number),
            new: Some(number),
            change: None,
        };
        let messages: Vec<Paired> =
            (1..=500).map(|number| paired(number, [1, 200, 201, 500].contains(&number))).collect();
        let runs = shortened(messages.clone());
        let shown: usize = runs.iter().map(|run| run.messages.len()).sum();
        let left_out: usize = runs.iter().map(|run| run.left_out).sum();
        assert_eq!((shown, left_out), (4 + 6 * AROUND - 2 * AROUND, 500 - (4 + 4 * AROUND)));
        assert!(runs.iter().all(|run| run.messages.iter().all(|message| message.mark() == run.mark)));
        let added: usize =
            runs.iter().filter(|run| run.mark == Mark::Added).map(|run| run.messages.len()).sum();
        assert_eq!(added, 4);
        let short = shortened(messages[..100].to_vec());
        assert_eq!(short.iter().map(|run| run.left_out).sum::<usize>(), 0);
    }

    #[test]
    fn participants_of_both_have_ids_of_their_own() {
        let drawn = |id: &str, label: Option<&str>| DrawnParticipant {
            id: id.into(),
            label: label.map(Arc::from),
            aliased: id.starts_with('P') && label.is_some(),
        };
        let old = [drawn("client", None), drawn("P2", Some("a:1")), drawn("P3", None)];
        let new = [drawn("client", Some("me")), drawn("P2", Some("b:1")), drawn("P3", Some("a:1"))];
        let merged = Participants::merge(&old, &new);
        let shown: Vec<_> = merged.all.iter().map(|one| (&*one.id, one.label.as_deref())).collect();
        assert_eq!(shown, [("client", Some("me")), ("P2", Some("b:1")), ("P3_", Some("a:1")), ("P3", None)]);
        assert_eq!(&*merged.old["P2"], "P3_");
        assert_eq!(&*merged.new["P3"], "P3_");
        assert_eq!(&*merged.old["P3"], "P3");
    }
}
