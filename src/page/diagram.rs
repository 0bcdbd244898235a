//! The lines of the diagram, before they are written.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::phrases::fill_all;
use super::{Entry, Message, Phrases};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::sequence::participants::{Participant, Participants};
use crate::sequence::selector::Scope;
use crate::sequence::{Sequence, Side};
use crate::settings::{Group, GroupKind, Origin, Settings};
use crate::text::with_values;

/// A participant as the diagram declares it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrawnParticipant {
    /// The id that messages use; safe as mermaid reads ids.
    pub id: Arc<str>,
    /// What is shown instead of the id.
    pub label: Option<Arc<str>>,
    /// Whether the id is one that docgen made up, so that the label has to be declared.
    pub aliased: bool,
}

impl DrawnParticipant {
    /// What a reader of the diagram sees.
    pub fn name(&self) -> &str {
        self.label.as_deref().filter(|label| !label.is_empty()).unwrap_or(&self.id)
    }
}

/// One line of a diagram.
#[derive(Clone, Debug)]
pub enum DiagramItem {
    /// A message.
    Message {
        /// How many boxes it is in.
        depth: usize,
        /// The message.
        message: Arc<Message>,
    },
    /// A note.
    Note {
        /// How many boxes it is in.
        depth: usize,
        /// Where it is, with ids of the diagram: `right of glance`.
        position: String,
        /// What it says.
        text: String,
    },
    /// A request that got no response.
    Unanswered {
        /// How many boxes it is in.
        depth: usize,
        /// The request.
        message: Arc<Message>,
    },
    /// The beginning of a box.
    Begin {
        /// How many boxes are around it.
        depth: usize,
        /// Mermaid's keyword.
        keyword: &'static str,
        /// What comes after the keyword.
        title: String,
    },
    /// What the number of the next message is, where it does not follow from the one before.
    Number {
        /// How many boxes it is in.
        depth: usize,
        /// The number.
        number: u32,
    },
    /// The end of a box.
    End {
        /// How many boxes are around it.
        depth: usize,
    },
}

impl DiagramItem {
    /// How many boxes are around it.
    pub fn depth(&self) -> usize {
        match self {
            DiagramItem::Message { depth, .. }
            | DiagramItem::Note { depth, .. }
            | DiagramItem::Unanswered { depth, .. }
            | DiagramItem::Begin { depth, .. }
            | DiagramItem::Number { depth, .. }
            | DiagramItem::End { depth } => *depth,
        }
    }

    /// The same line in so many more boxes.
    pub fn deeper(&self, boxes: usize) -> DiagramItem {
        let mut item = self.clone();
        let (DiagramItem::Message { depth, .. }
        | DiagramItem::Note { depth, .. }
        | DiagramItem::Unanswered { depth, .. }
        | DiagramItem::Begin { depth, .. }
        | DiagramItem::Number { depth, .. }
        | DiagramItem::End { depth }) = &mut item;
        *depth += boxes;
        item
    }
}

/// What a diagram shows, as a sentence: `phrase` with the number of messages and the names of the participants.
pub fn diagram_sentence(
    items: &[DiagramItem],
    participants: &[DrawnParticipant],
    phrases: &Phrases,
) -> String {
    let messages = items.iter().filter(|item| matches!(item, DiagramItem::Message { .. })).count();
    let one = phrases.find("diagram_text_one").filter(|_| messages == 1);
    let phrase = one.unwrap_or_else(|| phrases.get("diagram_text"));
    let count = messages.to_string();
    let names: Vec<&str> = participants.iter().map(DrawnParticipant::name).collect();
    fill_all(phrase, &[("count", &*count), ("participants", &*names.join(", "))])
}

/// The ids of the participants that these lines name.
pub fn participants_named(items: &[DiagramItem]) -> HashSet<&str> {
    let mut named: HashSet<&str> = HashSet::new();
    for item in items {
        match item {
            DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. } => {
                named.extend([&*message.from, &*message.to]);
            }
            DiagramItem::Note { position, .. } => {
                named.extend(position.rsplit(' ').next().into_iter().flat_map(|ids| ids.split(',')));
            }
            DiagramItem::Begin { .. } | DiagramItem::Number { .. } | DiagramItem::End { .. } => {}
        }
    }
    named
}

/// The participants of a diagram, and the ids that it uses for them.
#[derive(Debug, Default)]
pub(super) struct DrawnParticipants {
    /// One for each participant of the trace.
    all: Vec<DrawnParticipant>,
    /// Indices of those that the diagram shows, in order.
    shown: Vec<usize>,
}

impl DrawnParticipants {
    /// The id of a participant, by its index in [`Participants::all`].
    pub(super) fn id(&self, index: usize) -> Arc<str> {
        self.all[index].id.clone()
    }

    /// Those that the diagram shows, in order.
    pub(super) fn list(&self) -> Vec<DrawnParticipant> {
        self.shown.iter().map(|&index| self.all[index].clone()).collect()
    }
}

/// The participants that take part in the sequence, the declared ones first.
pub(super) fn draw_participants(participants: &Participants, sequence: &Sequence) -> DrawnParticipants {
    let mut order: Vec<usize> = Vec::new();
    let mut is_met = vec![false; participants.all().len()];
    for end in sequence.steps().flat_map(|step| participants.ends(step.exchange)) {
        if !std::mem::replace(&mut is_met[end], true) {
            order.push(end);
        }
    }
    let (declared, others): (Vec<usize>, Vec<usize>) =
        order.into_iter().partition(|&index| participants.all()[index].is_declared());
    let mut shown = declared;
    shown.sort_unstable();
    shown.extend(others);
    let mut all: Vec<DrawnParticipant> = participants.all().iter().map(unnumbered).collect();
    for (number, &index) in shown.iter().enumerate() {
        if all[index].aliased {
            let mut alias = format!("P{}", number + 1);
            while participants.named(&alias).iter().any(|&named| *participants.all()[named].id == *alias) {
                alias.push('_');
            }
            all[index].id = alias.into();
        }
    }
    DrawnParticipants { all, shown }
}

fn unnumbered(participant: &Participant) -> DrawnParticipant {
    if is_safe_id(&participant.id) {
        return DrawnParticipant {
            id: participant.id.clone(),
            label: participant.label.clone(),
            aliased: false,
        };
    }
    let label = participant.label.clone().unwrap_or_else(|| participant.id.clone());
    DrawnParticipant { id: participant.id.clone(), label: Some(label), aliased: true }
}

/// Words with which mermaid's sequence grammar begins a statement.
const KEYWORDS: &[&str] = &[
    "accdescr",
    "acctitle",
    "activate",
    "actor",
    "alt",
    "and",
    "as",
    "autonumber",
    "box",
    "break",
    "create",
    "critical",
    "deactivate",
    "destroy",
    "details",
    "else",
    "end",
    "left",
    "link",
    "links",
    "loop",
    "note",
    "off",
    "opt",
    "option",
    "over",
    "par",
    "par_over",
    "participant",
    "properties",
    "rect",
    "right",
    "sequencediagram",
    "title",
    "wrap",
    "nowrap",
];

/// Whether mermaid reads this id, bare, as the id that it is.
fn is_safe_id(id: &str) -> bool {
    let first_word = id.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    let bytes = id.as_bytes();
    !first_word.is_empty()
        && !KEYWORDS.contains(&first_word.to_ascii_lowercase().as_str())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
        && bytes.last() != Some(&b'-')
        && !id.contains("--")
        && !id.contains("-x")
}

/// Boxes and notes, resolved to the messages that they are about.
#[derive(Debug, Default)]
pub(super) struct BoxesAndNotes {
    groups: Vec<ResolvedGroup>,
    notes: Vec<ResolvedNote>,
    left_out: Vec<LeftOut>,
    /// The labels and selectors with which optional messages begin and end.
    optional: HashSet<String>,
}

/// A box or note whose exchange is gone.
#[derive(Debug)]
struct LeftOut {
    /// The label or selector of the exchange.
    name: String,
    told: Error,
}

#[derive(Debug)]
struct ResolvedGroup {
    first: u32,
    last: u32,
    keyword: &'static str,
    title: String,
    note: Option<String>,
    /// Where the settings say with which message it begins.
    place: Place,
}

#[derive(Debug)]
struct ResolvedNote {
    after: u32,
    prefix: &'static str,
    participants: Vec<usize>,
    text: String,
}

/// How deep boxes may nest: each indents what is in it.
const MOST_NESTED: usize = 32;

impl BoxesAndNotes {
    /// Finds the messages that the settings' groups and notes are about.
    pub(super) fn resolve(scope: &Scope<'_>, settings: &Settings) -> Result<BoxesAndNotes, Vec<Error>> {
        let mut boxes_and_notes = BoxesAndNotes::default();
        let mut errors = Vec::new();
        for group in &settings.groups {
            if group.kind == GroupKind::Opt {
                // That it is missing, or a part of it, is what it says.
                boxes_and_notes.optional.extend(group.names().map(str::to_owned));
                // But for a slip of the pen, which would be missing for ever.
                let mut ends = std::iter::once(&group.first).chain(&group.last);
                boxes_and_notes.left_out.extend(ends.find_map(|end| mistyped(scope, end, &group.origin)));
            } else {
                let mut ends = std::iter::once(&group.first).chain(&group.last);
                let lost = ends.find_map(|end| lost(scope, "group", end, end.get_ref(), &group.origin));
                if lost.is_some() {
                    boxes_and_notes.left_out.extend(lost);
                    continue;
                }
            }
            match resolve_group(scope, group) {
                Ok(group) => boxes_and_notes.groups.extend(group),
                Err(error) => errors.push(error),
            }
        }
        // The outer of two that begin together is the one that ends later.
        boxes_and_notes.groups.sort_by_key(|group| (group.first, std::cmp::Reverse(group.last)));
        let mut open: Vec<u32> = Vec::new();
        for group in &boxes_and_notes.groups {
            while open.last().is_some_and(|&last| last < group.first) {
                open.pop();
            }
            open.push(group.last);
            if open.len() > MOST_NESTED {
                let message = format!(
                    "the group ({})-({}) is in more than {MOST_NESTED} others",
                    group.first, group.last
                );
                errors.push(Error::new(ErrorKind::Setting, message).at(group.place.clone()));
                break;
            }
        }
        // The groups so far, by where they end. One that begins where another does ends before it, or there.
        let mut ends: BTreeMap<u32, &ResolvedGroup> = BTreeMap::new();
        for inner in &boxes_and_notes.groups {
            let crossed = ends.range(inner.first..inner.last).next().map(|(_, outer)| *outer);
            ends.entry(inner.last).or_insert(inner);
            if let Some(outer) = crossed {
                let message = format!(
                    "the groups ({})-({}) and ({})-({}) overlap; mermaid's boxes nest",
                    outer.first, outer.last, inner.first, inner.last
                );
                errors.push(Error::new(ErrorKind::Setting, message).at(inner.place.clone()));
            }
        }
        let vars = crate::text::values(&settings.vars);
        for note in &settings.notes {
            if let Some(lost) = lost(scope, "note", &note.after, note.name(), &note.origin) {
                boxes_and_notes.left_out.push(lost);
                continue;
            }
            match resolve_note(scope, note, &vars) {
                Ok(note) => boxes_and_notes.notes.push(note),
                Err(error) => errors.push(error),
            }
        }
        boxes_and_notes.notes.sort_by_key(|note| note.after);
        if errors.is_empty() { Ok(boxes_and_notes) } else { Err(errors) }
    }

    /// Whether nothing is to be said of this label if its exchange is gone: a box or note tells that it is left
    /// out for it, or the messages are optional.
    pub(super) fn is_left_out_for(&self, label: &str) -> bool {
        self.optional.contains(label) || self.left_out.iter().any(|left_out| left_out.name == label)
    }

    /// What there is to say of boxes and notes that are left out because their exchange is gone, but for those
    /// of labels of which it was `told` already.
    pub(super) fn left_out(&self, told: &HashSet<String>) -> impl Iterator<Item = Error> {
        let untold = self.left_out.iter().filter(|left_out| !told.contains(&left_out.name));
        untold.map(|left_out| left_out.told.clone())
    }
}

/// What there is to say of a box or note if the exchange that it names is gone.
fn lost(
    scope: &Scope<'_>,
    what: &str,
    at: &toml::Spanned<String>,
    name: &str,
    origin: &Option<Origin>,
) -> Option<LeftOut> {
    let place = origin.as_ref()?.place(at.span());
    let error = scope.find(name, &place).err()?;
    let message = format!("this {what} is left out: {}", error.message());
    let told = Error::warning(ErrorKind::Label, message)
        .at(place)
        .hint("name another exchange, or take it out; it is back when its exchange is");
    scope.is_lost(name).then(|| LeftOut { name: name.to_owned(), told })
}

/// What there is to say of a box of optional messages that seems to mean others, which are there.
fn mistyped(scope: &Scope<'_>, at: &toml::Spanned<String>, origin: &Option<Origin>) -> Option<LeftOut> {
    let name = at.get_ref();
    let meant = scope.is_lost(name).then(|| scope.mistyped(name)).flatten()?;
    let told = Error::warning(
        ErrorKind::Label,
        format!("the messages of this group are missing: `{name}` matches nothing"),
    )
    .at(origin.as_ref()?.place(at.span()))
    .hint(format!("did you mean `{meant}`? Where it is right, give that exchange a label"));
    Some(LeftOut { name: name.clone(), told })
}

/// The diagram's lines: messages, with the notes and boxes that belong to them.
pub(super) fn draw(
    entries: &[Entry],
    drawn: &DrawnParticipants,
    boxes_and_notes: &BoxesAndNotes,
    phrases: &Phrases,
) -> Vec<DiagramItem> {
    let mut items = Vec::with_capacity(entries.len());
    let mut open: Vec<u32> = Vec::new();
    // Messages are numbered in their order, and both lists are in that of their messages.
    let mut groups = boxes_and_notes.groups.iter().peekable();
    let mut notes = boxes_and_notes.notes.iter().peekable();
    for entry in entries {
        let Entry::Message(message) = entry else { continue };
        while let Some(group) = groups.next_if(|group| group.first <= message.number) {
            items.push(DiagramItem::Begin {
                depth: open.len(),
                keyword: group.keyword,
                title: group.title.clone(),
            });
            open.push(group.last);
            if let Some(text) = &group.note {
                items.push(note_over(message, open.len(), text.clone()));
            }
        }
        items.push(DiagramItem::Message { depth: open.len(), message: message.clone() });
        // A page by hand that draws no response does not say that there was none.
        if message.unanswered && !message.drawn_only {
            items.push(DiagramItem::Unanswered { depth: open.len(), message: message.clone() });
        }
        items.extend(remarks(message, phrases).into_iter().map(|text| note_over(message, open.len(), text)));
        while let Some(note) = notes.next_if(|note| note.after <= message.number) {
            let ids: Vec<Arc<str>> = note.participants.iter().map(|&index| drawn.id(index)).collect();
            items.push(DiagramItem::Note {
                depth: open.len(),
                position: format!("{} {}", note.prefix, ids.join(",")),
                text: note.text.clone(),
            });
        }
        while open.last() == Some(&message.number) {
            open.pop();
            items.push(DiagramItem::End { depth: open.len() });
        }
    }
    items
}

/// A note over both ends of a message.
fn note_over(message: &Message, depth: usize, text: String) -> DiagramItem {
    let position = match (&*message.from, &*message.to) {
        (from, to) if from == to => format!("over {from}"),
        (from, to) => format!("over {from},{to}"),
    };
    DiagramItem::Note { depth, position, text }
}

/// What the trace knows of an exchange beyond its two messages.
fn remarks(message: &Message, phrases: &Phrases) -> Vec<String> {
    let failure = message.failure.as_ref().filter(|_| !message.unanswered);
    let failure = failure.map(|reason| phrases.fill("failed", "reason", reason));
    let web_socket = match message.web_socket_messages {
        0 => None,
        1 => Some(phrases.get("web_socket_message").to_owned()),
        count => Some(phrases.fill("web_socket_messages", "count", &count.to_string())),
    };
    failure.into_iter().chain(web_socket).collect()
}

/// The exchanges in boxes of optional messages, in no order.
pub(super) fn optional(scope: &Scope<'_>, settings: &Settings) -> Vec<usize> {
    let options = settings.groups.iter().filter(|group| group.kind == GroupKind::Opt);
    let boxes: Vec<ResolvedGroup> = options.filter_map(|group| resolve_group(scope, group).ok()?).collect();
    let is_in_one = |exchange: &usize| {
        let number = scope.sequence.number(*exchange, Side::Request);
        number.is_some_and(|number| boxes.iter().any(|one| (one.first..=one.last).contains(&number)))
    };
    (0..scope.trace.exchanges.len()).filter(is_in_one).collect()
}

/// The labels of optional messages that are missing: those that a box of such names, or that say the same.
pub(super) fn missing_options<'s>(scope: &Scope<'_>, settings: &'s Settings) -> HashSet<&'s str> {
    let options = settings.groups.iter().filter(|group| group.kind == GroupKind::Opt);
    let missing: HashSet<&str> = options.flat_map(Group::names).filter(|name| scope.is_lost(name)).collect();
    let labels = settings.labels.iter();
    labels
        .filter(|(name, at)| missing.contains(name.as_str()) || missing.contains(at.value.trim()))
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Selectors of boxes of optional messages that nothing in the recording or among the labels is like: each may
/// be a slip that no run ever shows.
pub(super) fn unmet_options(scope: &Scope<'_>, settings: &Settings) -> Vec<Error> {
    let options = settings.groups.iter().filter(|group| group.kind == GroupKind::Opt);
    let ends = options
        .flat_map(|group| std::iter::once(&group.first).chain(&group.last).map(|end| (end, &group.origin)));
    let is_labelled = |name: &str| {
        settings.labels.iter().any(|(label, at)| label == name || at.value.trim() == name.trim())
    };
    let unmet = ends.filter(|(end, origin)| {
        let name = end.get_ref();
        scope.is_lost(name) && !is_labelled(name) && mistyped(scope, end, origin).is_none()
    });
    let told = unmet.filter_map(|(end, origin)| {
        let message = format!("nothing in this recording is `{}`, and no label says the same", end.get_ref());
        Some(Error::warning(ErrorKind::Label, message).at(origin.as_ref()?.place(end.span())).hint(
            "mend it; or where other recordings have these messages, give them a label below `[label]`, and name that",
        ))
    });
    told.collect()
}

/// The messages of a box; `None` of a box of optional messages of which none is there.
fn resolve_group(scope: &Scope<'_>, group: &crate::settings::Group) -> Result<Option<ResolvedGroup>> {
    let place = |at: &toml::Spanned<String>| {
        let origin = group.origin.as_ref().expect("a parsed group knows its file");
        origin.place(at.span())
    };
    let (mut from, mut last) = (&group.first, group.last.as_ref().unwrap_or(&group.first));
    if group.kind == GroupKind::Opt {
        // What is optional may be missing, and so may a part of it.
        match [from, last].map(|end| scope.is_lost(end.get_ref())) {
            [true, true] => return Ok(None),
            [true, false] => from = last,
            [false, true] => last = from,
            [false, false] => {}
        }
    }
    let first = scope.find(from.get_ref(), &place(from))?;
    let end = scope.find(last.get_ref(), &place(last))?;
    let number = |exchange, side| scope.sequence.number(exchange, side);
    let first = number(first, Side::Request).unwrap_or(0);
    let end = number(end, Side::Response).or(number(end, Side::Request)).unwrap_or(0);
    if end < first {
        return Err(Error::new(ErrorKind::Setting, "the group ends before it begins").at(place(last)));
    }
    // A `rect` takes a colour where the others take a title; its title becomes a note.
    let (title, note) = match group.kind {
        GroupKind::Rect => {
            let color = group.color.as_ref().map_or("rgb(240, 240, 240)", |color| color.get_ref());
            let is_color = ["rgb(", "rgba("].iter().any(|start| color.starts_with(start))
                && color.ends_with(')')
                && !color.contains(['#', ';', '\n']);
            if !is_color {
                return Err(Error::new(ErrorKind::Setting, format!("`{color}` is no colour of a rect"))
                    .at(place(group.color.as_ref().unwrap_or(&group.first)))
                    .hint("mermaid reads `rgb(r, g, b)` and `rgba(r, g, b, a)` there"));
            }
            (color.to_owned(), Some(group.title.clone()).filter(|title| !title.is_empty()))
        }
        _ => (group.title.clone(), None),
    };
    let place = place(&group.first);
    Ok(Some(ResolvedGroup { first, last: end, keyword: group.kind.keyword(), title, note, place }))
}

fn resolve_note(
    scope: &Scope<'_>,
    note: &crate::settings::Note,
    vars: &HashMap<&str, &str>,
) -> Result<ResolvedNote> {
    let origin = note.origin.as_ref().expect("a parsed note knows its file");
    let place = origin.place(note.after.span());
    let side = if note.after.get_ref().ends_with(".request") { Side::Request } else { Side::Response };
    let exchange = scope.find(note.name(), &place)?;
    let number = |side| scope.sequence.number(exchange, side);
    let after = number(side).or(number(Side::Request)).unwrap_or(0);
    let position = note.position.get_ref().trim();
    let place = origin.place(note.position.span());
    let prefixes = ["right of", "left of", "over"];
    let found = prefixes.iter().find_map(|&prefix| Some((prefix, position.strip_prefix(prefix)?)));
    let Some((prefix, names)) = found else {
        return Err(Error::new(ErrorKind::Setting, format!("`{position}` is no place for a note"))
            .at(place)
            .hint("`right of ID`, `left of ID`, `over ID` or `over ID,ID`"));
    };
    let mut participants = Vec::new();
    for name in names.split(',').map(str::trim) {
        match scope.participants.named(name).first() {
            Some(&index) => participants.push(index),
            None => {
                let all = scope.participants.all();
                let mut ids: Vec<&str> = all.iter().take(IDS_NAMED).map(|p| &*p.id).collect();
                if all.len() > IDS_NAMED {
                    ids.push("…");
                }
                return Err(Error::new(
                    ErrorKind::Setting,
                    format!("the note names `{name}`, who takes no part"),
                )
                .at(place)
                .hint(format!("the participants are {}", ids.join(", "))));
            }
        }
    }
    Ok(ResolvedNote { after, prefix, participants, text: with_values(&note.text, vars) })
}

/// How many participants an error names.
const IDS_NAMED: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_mermaid_would_misread_are_known() {
        for id in ["client", "glance-api", "swift-proxy-server", "p2", "a.b"] {
            assert!(is_safe_id(id), "{id}");
        }
        for id in
            ["", "end", "Note", "opt-a", "a-x", "glance-xen", "a b", "a:1", "a+b", "-a", "a--b", "a-", "가"]
        {
            assert!(!is_safe_id(id), "{id}");
        }
    }
}
