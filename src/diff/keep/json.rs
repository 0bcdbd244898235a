//! JSON texts: the old one's keys and members in its own order and layout, the new one's values where they
//! are other ones.

use std::borrow::Cow;

use super::super::compare::body::Path;
use super::super::minted::{Name, PlaceRule};
use super::super::tree::{Tree, quoted};
use super::Keeper;
use super::order::in_old_order;
use crate::json::{Kind, Progress, Reader};
use crate::text::range_of;

/// A value with its text.
type Written<'v, 't> = (&'v Tree<'t>, &'v Laid<'t>);

/// Where the parts of a value stand in its text.
struct Laid<'t> {
    text: &'t str,
    /// In the order of the text.
    members: Vec<Member<'t>>,
    /// For each member in the order of a [`Tree`] its place in the text.
    places: Vec<usize>,
}

struct Member<'t> {
    /// The key, the colon, and the space around it; nothing in a list.
    key: &'t str,
    value: Laid<'t>,
}

impl<'t> Laid<'t> {
    /// The parts of `text`, which is a JSON value.
    fn of(text: &'t str) -> Laid<'t> {
        let whole = Laid { text, members: Vec::new(), places: Vec::new() };
        Laid::read(text, &mut Reader::new(text)).unwrap_or(whole)
    }

    fn read(text: &'t str, reader: &mut Reader<'t>) -> Option<Laid<'t>> {
        let start = reader.next_at();
        let mut members = Vec::new();
        let mut names: Vec<Cow<'t, str>> = Vec::new();
        let mut progress = Progress::default();
        match reader.peek().ok()? {
            Kind::Object => {
                while let Some(key) = reader.next_member(&mut progress).ok()? {
                    names.push(key.name);
                    let end = reader.next_at();
                    members.push(Member { key: &text[key.at..end], value: Laid::read(text, reader)? });
                }
            }
            Kind::List => {
                while reader.next_element(&mut progress).ok()? {
                    members.push(Member { key: "", value: Laid::read(text, reader)? });
                }
            }
            _ => _ = reader.skip().ok()?,
        }
        let mut places: Vec<usize> = (0..members.len()).collect();
        if !names.is_empty() {
            places.sort_by(|a, b| names[*a].cmp(&names[*b]));
        }
        Some(Laid { text: &text[start..reader.position()], members, places })
    }

    /// What stands before a member; behind the last one, for the place after it.
    fn before(&self, place: usize) -> &'t str {
        let range = |part: &str| range_of(self.text, part).unwrap_or_default();
        let start = place.checked_sub(1).map_or(0, |last| range(self.members[last].value.text).end);
        let end = self.members.get(place).map_or(self.text.len(), |member| {
            range(if member.key.is_empty() { member.value.text } else { member.key }).start
        });
        &self.text[start..end]
    }
}

impl Keeper<'_, '_> {
    /// Two JSON texts, each with its value.
    pub(super) fn json(&mut self, old: (&Tree<'_>, &str), new: (&Tree<'_>, &str)) -> String {
        let (a, b) = (Laid::of(old.1), Laid::of(new.1));
        let mut said = String::with_capacity(new.1.len());
        let range = range_of(old.1, a.text).unwrap_or(0..old.1.len());
        said.push_str(&old.1[..range.start]);
        self.value(&mut Path::default(), "", (old.0, &a), (new.0, &b), &mut said);
        said + &old.1[range.end..]
    }

    fn value(
        &mut self,
        path: &mut Path,
        name: &str,
        (old, old_laid): Written<'_, '_>,
        (new, new_laid): Written<'_, '_>,
        said: &mut String,
    ) {
        let setting = self.differ.kinds.of_pointer(&path.steps);
        let is_kept = setting == PlaceRule::Kept;
        match (old, new) {
            _ if setting == PlaceRule::Unread => said.push_str(old_laid.text),
            (Tree::Object(olds), Tree::Object(news)) => {
                let steps = self.differ.member_steps(olds, news);
                let in_text = in_old_order(&steps, |at| old_laid.places[at], |at| new_laid.places[at]);
                let mut parts = Vec::with_capacity(in_text.len());
                for (old, new) in in_text {
                    let mut part = String::new();
                    let (other, tree) = &news[new];
                    let member = &new_laid.members[new_laid.places[new]];
                    let same = old.filter(|&old| {
                        let key = &olds[old].0;
                        key == other || self.is_kept(Name::None, false, key, other)
                    });
                    if let Some(old) = same {
                        let old_member = &old_laid.members[old_laid.places[old]];
                        part.push_str(old_member.key);
                        path.within(String::new(), other, |path| {
                            let (a, b) = ((&olds[old].1, &old_member.value), (tree, &member.value));
                            self.value(path, other, a, b, &mut part);
                        });
                    } else {
                        self.new_member(other, tree, member, &mut part);
                    }
                    parts.push((old.map(|old| old_laid.places[old]), part));
                }
                join(old_laid, new_laid, &parts, said);
            }
            (Tree::List(olds), Tree::List(news)) => {
                let (_, steps) = self.differ.list_steps(name, olds, news);
                let mut parts = Vec::with_capacity(news.len());
                for (old, new) in in_old_order(&steps, |at| at, |at| at) {
                    let mut part = String::new();
                    let written = (&news[new], &new_laid.members[new].value);
                    match old {
                        Some(old) => path.within(String::new(), &new.to_string(), |path| {
                            let old = (&olds[old], &old_laid.members[old].value);
                            self.value(path, name, old, written, &mut part);
                        }),
                        None => self.new_value(written, name, &mut part),
                    }
                    parts.push((old, part));
                }
                join(old_laid, new_laid, &parts, said);
            }
            (Tree::String(a), Tree::String(b)) if self.is_kept(Name::Key(name), is_kept, a, b) => {
                said.push_str(old_laid.text);
            }
            (Tree::Number(a), Tree::Number(b)) if a == b || self.is_kept(Name::Key(name), is_kept, a, b) => {
                said.push_str(old_laid.text);
            }
            (Tree::String(_), _) | (_, Tree::String(_) | Tree::Number(_)) if is_kept => {
                said.push_str(new_laid.text);
            }
            (Tree::Null | Tree::Bool(_), new) if old == new => said.push_str(old_laid.text),
            (_, new) => self.new_value((new, new_laid), name, said),
        }
    }

    /// A JSON text that is new.
    pub(super) fn new_json(&mut self, tree: &Tree<'_>, text: &str) -> String {
        let laid = Laid::of(text);
        let range = range_of(text, laid.text).unwrap_or(0..text.len());
        let mut said = text[..range.start].to_owned();
        self.new_value((tree, &laid), "", &mut said);
        said + &text[range.end..]
    }

    /// A value that is new, below this key, with the old values of what is known.
    fn new_value(&mut self, (tree, laid): Written<'_, '_>, name: &str, said: &mut String) {
        match tree {
            Tree::Null | Tree::Bool(_) => said.push_str(laid.text),
            Tree::String(text) => self.new_text(laid.text, text, Name::Key(name), said),
            Tree::Number(number) => self.new_text(laid.text, number, Name::Key(name), said),
            Tree::List(members) => {
                for (at, (tree, member)) in members.iter().zip(&laid.members).enumerate() {
                    said.push_str(laid.before(at));
                    self.new_value((tree, &member.value), name, said);
                }
                said.push_str(laid.before(members.len()));
            }
            Tree::Object(members) => {
                let mut in_text: Vec<(usize, usize)> =
                    laid.places.iter().copied().zip(0..members.len()).collect();
                in_text.sort_unstable();
                for (place, at) in in_text {
                    said.push_str(laid.before(place));
                    let (key, tree) = &members[at];
                    self.new_member(key, tree, &laid.members[place], said);
                }
                said.push_str(laid.before(members.len()));
            }
        }
    }

    fn new_member(&mut self, key: &str, tree: &Tree<'_>, member: &Member<'_>, said: &mut String) {
        let colon = member.key.rfind('"').map_or(member.key.len(), |quote| quote + 1);
        self.new_text(&member.key[..colon], key, Name::None, said);
        said.push_str(&member.key[colon..]);
        self.new_value((tree, &member.value), key, said);
    }

    /// A string or number that is new and written as `written`.
    fn new_text(&mut self, written: &str, text: &str, name: Name<'_>, said: &mut String) {
        match self.translated(text, name, false) {
            Cow::Borrowed(_) => said.push_str(written),
            Cow::Owned(text) if written.starts_with('"') => said.push_str(&quoted(&text)),
            Cow::Owned(text) => said.push_str(&text),
        }
    }
}

/// Writes an object or a list of these members, each with its place in the old text; laid out as the old one
/// is, if that has any.
fn join(old: &Laid<'_>, new: &Laid<'_>, parts: &[(Option<usize>, String)], said: &mut String) {
    if parts.is_empty() {
        return said.push_str(new.text);
    }
    let style = if old.members.is_empty() { new } else { old };
    let is_as_it_was = parts.len() == style.members.len()
        && parts.iter().enumerate().all(|(at, (place, _))| place.is_none_or(|place| place == at));
    for (at, (_, part)) in parts.iter().enumerate() {
        said.push_str(match at {
            0 => style.before(0),
            at if is_as_it_was => style.before(at),
            _ if style.members.len() > 1 => style.before(1),
            _ => new.before(1),
        });
        said.push_str(part);
    }
    said.push_str(style.before(style.members.len()));
}
