//! Bodies: JSON member by member, other texts line by line.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;

use super::super::change::What;
use super::super::equal::in_order;
use super::super::minted::{Name, PlaceRule};
use super::super::tree::Tree;
use super::{Differ, Shown, Step, Values};

/// Where a value stands in a JSON text.
#[derive(Default)]
pub(in super::super) struct Path {
    /// As a change names it: a member of a list by what it is.
    shown: Vec<String>,
    /// As settings name it, where they do: by its place.
    pub(in super::super) steps: Vec<String>,
}

impl Path {
    /// A JSON pointer.
    pub(super) fn pointer(&self) -> String {
        self.shown.iter().map(|step| format!("/{step}")).collect()
    }

    /// Enters a member of an object or a list, and leaves it.
    pub(in super::super) fn within(&mut self, shown: String, step: &str, visit: impl FnOnce(&mut Path)) {
        self.shown.push(shown);
        self.steps.push(step.to_owned());
        visit(self);
        self.shown.pop();
        self.steps.pop();
    }
}

/// A key as part of a JSON pointer (RFC 6901).
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

impl Differ<'_, '_> {
    /// Compares two JSON texts; each difference is told at its pointer.
    pub(super) fn trees(&mut self, what: What, old: &Tree<'_>, new: &Tree<'_>) {
        self.tree(what, &mut Path::default(), "", old, new);
    }

    /// Compares two values below the key `name`.
    pub(super) fn tree(&mut self, what: What, path: &mut Path, name: &str, old: &Tree<'_>, new: &Tree<'_>) {
        let said = self.kinds.of_pointer(&path.steps);
        if said == PlaceRule::Unread {
            return;
        }
        let is_kept = said == PlaceRule::Kept;
        match (old, new) {
            (Tree::Object(olds), Tree::Object(news)) => self.objects(what, path, olds, news),
            (Tree::List(olds), Tree::List(news)) => self.lists(what, path, name, olds, news),
            (Tree::String(a), Tree::String(b)) => {
                if self.texts_differ(Name::Key(name), is_kept, a, b) {
                    self.value(what, path, name, Some(old), Some(new));
                }
            }
            (Tree::Number(a), Tree::Number(b)) => {
                if a != b && self.texts_differ(Name::Key(name), is_kept, a, b) {
                    self.value(what, path, name, Some(old), Some(new));
                }
            }
            (old, new) if old == new => {}
            (old, new) => self.value(what, path, name, Some(old), Some(new)),
        }
    }

    /// Tells of a value that is another one, or is gone, or is new.
    pub(super) fn value(
        &mut self,
        what: What,
        path: &Path,
        name: &str,
        old: Option<&Tree<'_>>,
        new: Option<&Tree<'_>>,
    ) {
        let at = match &self.here.table {
            Some(table) => format!("{table}{}", path.shown.join("/")),
            None => path.pointer(),
        };
        let is_cell = self.here.table.is_some();
        let values =
            Values { old: old.map(|tree| shown(tree, is_cell)), new: new.map(|tree| shown(tree, is_cell)) };
        self.change(what, Some(at), Name::Key(name), values);
    }

    fn objects(&mut self, what: What, path: &mut Path, olds: &[Member<'_>], news: &[Member<'_>]) {
        for (old, new) in self.member_steps(olds, news) {
            match (old.map(|at| &olds[at]), new.map(|at| &news[at])) {
                (Some((key, old)), Some((other, new))) => {
                    let breaks_the_map = key != other && self.texts_differ(Name::None, false, key, other);
                    path.within(escaped(other), other, |path| {
                        if breaks_the_map {
                            self.value(what, path, other, Some(old), Some(new));
                        } else {
                            self.tree(what, path, other, old, new);
                        }
                    });
                }
                (old, new) => {
                    let Some((key, _)) = old.or(new) else { continue };
                    path.within(escaped(key), key, |path| {
                        if self.kinds.of_pointer(&path.steps) != PlaceRule::Unread {
                            let values = [old, new].map(|member| member.map(|(_, tree)| tree));
                            self.value(what, path, key, values[0], values[1]);
                        }
                    });
                }
            }
        }
    }

    /// Which members of two objects belong together: those of one key, and those whose keys are ids. Those
    /// that both have come first.
    pub(in super::super) fn member_steps(&self, olds: &[Member<'_>], news: &[Member<'_>]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::with_capacity(olds.len().max(news.len()));
        let (mut lost, mut found) = (Vec::new(), Vec::new());
        let (mut a, mut b) = (0, 0);
        while a < olds.len() || b < news.len() {
            let order = match (olds.get(a), news.get(b)) {
                (Some((old, _)), Some((new, _))) => old.cmp(new),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, _) => std::cmp::Ordering::Greater,
            };
            match order {
                std::cmp::Ordering::Less => lost.push(a),
                std::cmp::Ordering::Greater => found.push(b),
                std::cmp::Ordering::Equal => steps.push((Some(a), Some(b))),
            }
            a += usize::from(order.is_le());
            b += usize::from(order.is_ge());
        }
        // A key may be an id, too.
        let shape = |is_new, key: &str| {
            let scanner = self.scanner(is_new);
            Some(scanner.set_aside(key, Name::None)).filter(|said| said != key)
        };
        let mut by_shape: HashMap<String, VecDeque<usize>> = HashMap::new();
        for &at in found.iter().filter(|_| !lost.is_empty()) {
            if let Some(shape) = shape(true, &news[at].0) {
                by_shape.entry(shape).or_default().push_back(at);
            }
        }
        let mut is_paired = HashSet::new();
        for old in lost {
            let new = shape(false, &olds[old].0).and_then(|shape| by_shape.get_mut(&shape)?.pop_front());
            is_paired.extend(new);
            steps.push((Some(old), new));
        }
        steps.extend(found.into_iter().filter(|at| !is_paired.contains(at)).map(|at| (None, Some(at))));
        steps
    }

    /// Which lines say the same, as far as their shapes tell.
    pub(in super::super) fn line_pairs(&self, olds: &[&str], news: &[&str]) -> Vec<(usize, usize)> {
        let shapes = |is_new: bool, lines: &[&str]| -> Vec<u64> {
            let scanner = self.scanner(is_new);
            lines.iter().map(|line| scanner.shape_of_text(line, Name::None)).collect()
        };
        in_order(&shapes(false, olds), &shapes(true, news))
    }

    /// Compares two texts line by line; lines next to each other are one change.
    pub(super) fn lines(&mut self, what: What, old: &str, new: &str) {
        // Where more is different, a list of it helps nobody.
        const MOST: usize = 8;
        let (olds, news): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
        let same = self.line_pairs(&olds, &news);
        let mut hunks: Vec<(Range<usize>, Range<usize>)> = Vec::new();
        let mut from = (0, 0);
        for pair in same.into_iter().map(Some).chain([None]) {
            let (a, b) = pair.unwrap_or((olds.len(), news.len()));
            if from != (a, b) {
                hunks.push((from.0..a, from.1..b));
            }
            if pair.is_some() && self.texts_differ(Name::None, false, olds[a], news[b]) {
                hunks.push((a..a + 1, b..b + 1));
            }
            from = (a + 1, b + 1);
        }
        if hunks.is_empty() {
            // Lines are the same, and line ends are not.
            if olds == news && old != new {
                let values = Values { old: Some(Shown::Text(old)), new: Some(Shown::Text(new)) };
                self.change(what, None, Name::None, values);
            }
            return;
        }
        if hunks.len() > MOST {
            let values = Values { old: Some(Shown::Text(old)), new: Some(Shown::Text(new)) };
            return self.change(what, None, Name::None, values);
        }
        for (a, b) in hunks {
            let at = if b.is_empty() { a.start } else { b.start };
            let (was, is) = (olds[a].join("\n"), news[b].join("\n"));
            let shown = |text| Some(Shown::Text(text)).filter(|_| !str::is_empty(text));
            let at = (olds.len() > 1 || news.len() > 1).then(|| format!("line {}", at + 1));
            self.change(what, at, Name::None, Values { old: shown(&was), new: shown(&is) });
        }
    }
}

/// A cell of a table is a text, whatever it says.
fn shown<'t>(tree: &'t Tree<'t>, is_cell: bool) -> Shown<'t> {
    match tree {
        Tree::String(text) if is_cell => Shown::Text(text),
        tree => Shown::Tree(tree),
    }
}

/// A member of an object.
pub(in super::super) type Member<'t> = (std::borrow::Cow<'t, str>, Tree<'t>);
