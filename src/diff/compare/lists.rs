//! Lists: a member of the old one is found in the new one by what it is, and not by its place.
//!
//! Objects go by a member that names them and is not minted. What has no name goes by what it says: equal
//! ones first, in order, then what is between them, one by one. An order that alone is another one is
//! counted, and no change: servers give lists in the order in which they find things.

use std::collections::{HashMap, HashSet, VecDeque};

use super::super::change::What;
use super::super::equal::in_order;
use super::super::minted::{Minted, Name};
use super::super::tree::Tree;
use super::body::{Path, escaped};
use super::{Differ, Step};

/// Members that name an object among others, the best first.
pub(crate) const NAMES: [&str; 12] =
    ["name", "Name", "type", "rel", "alias", "id", "ID", "key", "interface", "Field", "base", "version"];

impl Differ<'_, '_> {
    pub(super) fn lists(
        &mut self,
        what: What,
        path: &mut Path,
        name: &str,
        olds: &[Tree<'_>],
        news: &[Tree<'_>],
    ) {
        let (by, steps) = self.list_steps(name, olds, news);
        self.count_order(&steps);
        for (old, new) in steps {
            let shown = match by {
                Some(by) => {
                    let of = |tree: &Tree<'_>| text_of(tree, by).map(str::to_owned);
                    let value = old.and_then(|at| of(&olds[at])).or(new.and_then(|at| of(&news[at])));
                    format!("[{by}={}]", escaped(&value.unwrap_or_default()))
                }
                None => new.or(old).unwrap_or_default().to_string(),
            };
            self.member(what, path, name, shown, (old, new), olds, news);
        }
    }

    /// Which members of two lists belong together, and the member that names them, if one does.
    pub(in super::super) fn list_steps(
        &self,
        name: &str,
        olds: &[Tree<'_>],
        news: &[Tree<'_>],
    ) -> (Option<&'static str>, Vec<Step>) {
        match self.by_name(olds, news) {
            Some((by, steps)) => (Some(by), self.with_renamed(by, steps, olds, news, name)),
            None => (None, self.by_content(olds, news, name)),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "a member, its place and its list")]
    fn member(
        &mut self,
        what: What,
        path: &mut Path,
        name: &str,
        shown: String,
        (old, new): Step,
        olds: &[Tree<'_>],
        news: &[Tree<'_>],
    ) {
        let step = new.or(old).unwrap_or_default().to_string();
        path.within(shown, &step, |path| match (old.map(|at| &olds[at]), new.map(|at| &news[at])) {
            (Some(old), Some(new)) => self.tree(what, path, name, old, new),
            (old, new) => self.value(what, path, name, old, new),
        });
    }

    fn count_order(&mut self, steps: &[Step]) {
        let common: Vec<(usize, usize)> = steps.iter().filter_map(|(old, new)| (*old).zip(*new)).collect();
        let mut by_old = common.clone();
        by_old.sort_unstable();
        self.reordered += usize::from(!by_old.is_sorted_by_key(|(_, new)| *new));
    }

    /// The member that names all objects of both lists, and which belong together by it.
    fn by_name(&self, olds: &[Tree<'_>], news: &[Tree<'_>]) -> Option<(&'static str, Vec<Step>)> {
        if olds.is_empty() && news.is_empty() || olds.len() + news.len() == 2 {
            // One and one belong together whatever they are called, if they are named at all.
            return None;
        }
        let by =
            NAMES.into_iter().find(|by| self.names_all(olds, by, false) && self.names_all(news, by, true))?;
        let places: HashMap<&str, usize> =
            news.iter().enumerate().filter_map(|(at, new)| Some((text_of(new, by)?, at))).collect();
        let mut steps: Vec<Step> = Vec::new();
        let mut is_paired = vec![false; news.len()];
        for (at, old) in olds.iter().enumerate() {
            let new = text_of(old, by).and_then(|value| places.get(value).copied());
            new.iter().for_each(|&new| is_paired[new] = true);
            steps.push((Some(at), new));
        }
        steps.extend((0..news.len()).filter(|&at| !is_paired[at]).map(|at| (None, Some(at))));
        Some((by, steps))
    }

    /// Whether each member has another one of these names, and none is minted.
    fn names_all(&self, members: &[Tree<'_>], by: &str, is_new: bool) -> bool {
        let scanner = self.scanner(is_new);
        let mut pieces = Vec::new();
        let mut seen = HashSet::new();
        members.iter().all(|member| {
            text_of(member, by).is_some_and(|text| {
                self.kinds.pieces(text, scanner.site(Name::Key(by), false), &mut pieces);
                !pieces.iter().any(|piece| matches!(piece.is, Minted::Id(_))) && seen.insert(text)
            })
        })
    }

    /// Pairs what is left of both lists where all but the name is the same.
    fn with_renamed(
        &self,
        by: &str,
        steps: Vec<Step>,
        olds: &[Tree<'_>],
        news: &[Tree<'_>],
        name: &str,
    ) -> Vec<Step> {
        let rest = |is_new: bool, tree: &Tree<'_>| {
            let Tree::Object(members) = tree else { return 0 };
            let rest = members.iter().filter(|(key, _)| *key != by).cloned().collect();
            self.scanner(is_new).shape_of(&Tree::Object(rest), name)
        };
        let mut free: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for step in &steps {
            if let (None, Some(new)) = *step {
                free.entry(rest(true, &news[new])).or_default().push_back(new);
            }
        }
        if free.is_empty() {
            return steps;
        }
        let mut renamed = HashSet::new();
        let mut steps: Vec<Step> = steps
            .into_iter()
            .map(|(old, new)| {
                let (Some(at), None) = (old, new) else { return (old, new) };
                let new = free.get_mut(&rest(false, &olds[at])).and_then(VecDeque::pop_front);
                renamed.extend(new);
                (old, new)
            })
            .collect();
        steps.retain(|(old, new)| old.is_some() || new.is_none_or(|new| !renamed.contains(&new)));
        steps
    }

    /// Which members belong together by what they say.
    fn by_content(&self, olds: &[Tree<'_>], news: &[Tree<'_>], name: &str) -> Vec<Step> {
        let mut partners: Vec<Option<usize>> = vec![None; olds.len()];
        let mut is_paired = vec![false; news.len()];
        // Once with the ids that are known, then with whatever stands for an id.
        for is_exact in [true, false] {
            let a: Vec<usize> = (0..olds.len()).filter(|&at| partners[at].is_none()).collect();
            let b: Vec<usize> = (0..news.len()).filter(|&at| !is_paired[at]).collect();
            let hash = |is_new: bool, tree: &Tree<'_>| match is_exact {
                true => self.exact(is_new, tree),
                false => self.scanner(is_new).shape_of(tree, name),
            };
            let of_old: Vec<u64> = a.iter().map(|&at| hash(false, &olds[at])).collect();
            let of_new: Vec<u64> = b.iter().map(|&at| hash(true, &news[at])).collect();
            for (old, new) in in_order(&of_old, &of_new) {
                partners[a[old]] = Some(b[new]);
                is_paired[b[new]] = true;
            }
            // The same in another place.
            let mut free: HashMap<u64, VecDeque<usize>> = HashMap::new();
            for (&at, hash) in b.iter().zip(&of_new).filter(|(at, _)| !is_paired[**at]) {
                free.entry(*hash).or_default().push_back(at);
            }
            for (&at, hash) in
                a.iter().zip(&of_old).filter(|(at, _)| partners[**at].is_none()).collect::<Vec<_>>()
            {
                partners[at] = free.get_mut(hash).and_then(VecDeque::pop_front);
                partners[at].iter().for_each(|&new| is_paired[new] = true);
            }
        }
        // What is left between the same neighbours is another value of the same thing.
        let mut steps: Vec<Step> = Vec::new();
        let mut left = (0..news.len()).filter(|&at| !is_paired[at]).peekable();
        let mut behind: Vec<usize> = partners
            .iter()
            .rev()
            .scan(news.len(), |next, partner| {
                *next = partner.unwrap_or(*next);
                Some(*next)
            })
            .collect();
        behind.reverse();
        let mut before = None;
        for (at, partner) in partners.into_iter().enumerate() {
            if partner.is_some() {
                before = partner;
                steps.push((Some(at), partner));
                continue;
            }
            while let Some(new) = left.next_if(|&new| before.is_some_and(|before| new < before)) {
                steps.push((None, Some(new)));
            }
            steps.push((Some(at), left.next_if(|&new| new < behind[at])));
        }
        steps.extend(left.map(|new| (None, Some(new))));
        steps
    }

    /// What a member says, with the ids as the new trace calls them.
    fn exact(&self, is_new: bool, tree: &Tree<'_>) -> u64 {
        let tree = if is_new { tree.to_json() } else { translated(tree, self.guess).to_json() };
        super::super::align::hash(&tree)
    }
}

/// A value with the new value for each old one that is all of a text.
fn translated<'t>(tree: &Tree<'t>, map: &super::Map) -> Tree<'t> {
    match tree {
        Tree::String(text) => match map.new_of(text) {
            Some(new) => Tree::String(new.to_owned().into()),
            None => tree.clone(),
        },
        Tree::List(members) => Tree::List(members.iter().map(|member| translated(member, map)).collect()),
        Tree::Object(members) => {
            Tree::Object(members.iter().map(|(key, member)| (key.clone(), translated(member, map))).collect())
        }
        other => other.clone(),
    }
}

/// The text that an object has below a key.
fn text_of<'t>(tree: &'t Tree<'_>, key: &str) -> Option<&'t str> {
    let Tree::Object(members) = tree else { return None };
    let at = members.binary_search_by(|(other, _)| (**other).cmp(key)).ok()?;
    if let Tree::String(text) = &members[at].1 { Some(text) } else { None }
}
