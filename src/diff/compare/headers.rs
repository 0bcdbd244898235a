//! Header fields: name, letters, value, and the order of those that both have.

use std::collections::HashMap;

use super::super::change::What;
use super::super::minted::Name;
use super::{Differ, Shown, Values};
use crate::trace::Headers;

impl Differ<'_, '_> {
    /// Compares header fields, but for those that follow from the body.
    pub(super) fn headers(&mut self, old: &Headers, new: &Headers, follows: Follows) {
        let (olds, news): (Vec<_>, Vec<_>) = (old.iter().collect(), new.iter().collect());
        let partners = partners(&olds, &news);
        for ((name, value), partner) in olds.iter().zip(&partners) {
            let Some((other_name, other_value)) = partner.map(|at| news[at]) else {
                self.header(name, Some(value), None);
                continue;
            };
            if *name != other_name {
                self.header(other_name, Some(name), Some(other_name));
            }
            if !follows.is_told_by_body(name, value, other_value)
                && self.texts_differ(Name::Header(name), false, value, other_value)
            {
                self.header(other_name, Some(value), Some(other_value));
            }
        }
        let common: Vec<usize> = partners.into_iter().flatten().collect();
        let mut sorted = common.clone();
        sorted.sort_unstable();
        let is_paired = |at: &usize| sorted.binary_search(at).is_ok();
        for at in (0..news.len()).filter(|at| !is_paired(at)) {
            self.header(news[at].0, None, Some(news[at].1));
        }
        if common != sorted {
            let names = |order: &[usize]| -> String {
                order.iter().map(|&at| news[at].0).collect::<Vec<_>>().join(", ")
            };
            let (old, new) = (names(&common), names(&sorted));
            let values = Values { old: Some(Shown::Text(&old)), new: Some(Shown::Text(&new)) };
            self.change(What::HeaderOrder, None, Name::None, values);
        }
    }

    fn header(&mut self, name: &str, old: Option<&str>, new: Option<&str>) {
        let values = Values { old: old.map(Shown::Text), new: new.map(Shown::Text) };
        self.change(What::Header, Some(name.to_owned()), Name::Header(name), values);
    }
}

/// What is known of the body beside header fields.
#[derive(Clone, Copy)]
pub(super) enum Follows {
    /// Nothing follows from it.
    Nothing,
    /// It is JSON, whose length tells nothing.
    Length,
    /// It changed, and was told.
    Changed,
}

impl Follows {
    /// Whether another value of this field says no more than that the body is another one.
    fn is_told_by_body(self, name: &str, old: &str, new: &str) -> bool {
        // Another form of it is another thing: a weak tag, no date.
        let is_alike = |is: fn(&str) -> bool| is(old) == is(new);
        match self {
            Follows::Nothing => false,
            Follows::Length | Follows::Changed if name.eq_ignore_ascii_case("content-length") => true,
            Follows::Changed if name.eq_ignore_ascii_case("etag") => {
                is_alike(|value| value.starts_with("W/")) && is_alike(|value| value.ends_with('"'))
            }
            Follows::Changed if name.eq_ignore_ascii_case("last-modified") => {
                is_alike(|value| super::super::moment::of_header(value).is_some())
            }
            Follows::Length | Follows::Changed => false,
        }
    }
}

/// For each old field, the place of the new one that it is now: one of the same name, first the same value
/// where one of several is gone; else of the same name in other letters.
pub(in super::super) fn partners(olds: &[(&str, &str)], news: &[(&str, &str)]) -> Vec<Option<usize>> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, (name, _)) in news.iter().enumerate() {
        by_name.entry(name).or_default().push(at);
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    olds.iter().for_each(|(name, _)| *counts.entry(name).or_default() += 1);
    let mut partners = vec![None; olds.len()];
    for is_exact in [true, false] {
        for (partner, (name, value)) in partners.iter_mut().zip(olds).filter(|(partner, _)| partner.is_none())
        {
            let Some(free) = by_name.get_mut(name).filter(|free| !free.is_empty()) else { continue };
            let equal = || free.iter().position(|&at| news[at].1 == *value);
            let is_alike = !is_exact || counts[name] == free.len();
            let place = if is_alike { (!is_exact).then_some(0) } else { equal() };
            *partner = place.map(|place| free.remove(place));
        }
    }
    let mut free: Vec<usize> = by_name.into_values().flatten().collect();
    free.sort_unstable();
    for (partner, (name, _)) in partners.iter_mut().zip(olds).filter(|(partner, _)| partner.is_none()) {
        let place = free.iter().position(|&at| news[at].0.eq_ignore_ascii_case(name));
        *partner = place.map(|place| free.remove(place));
    }
    partners
}
