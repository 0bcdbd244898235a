//! The fields of a response that keystoneauth prints as `Name: value Name: value …`.
//!
//! Nothing is between two fields and nothing is escaped, so a word with a colon is a name or
//! part of a value. What tells: a name has a hyphen or is registered (`field_names.txt`), it is
//! written in the letter case of its neighbours, it has no quotes, and since keystoneauth
//! 2.19 the names are sorted.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use super::super::requestshook::is_token;

/// Names and values, in order.
pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Whether the names of a log's lists are sorted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Sorted,
    Unsorted,
}

/// What the messages of a log say of its order.
#[derive(Default)]
pub(super) struct OrderVote {
    /// A request's fields, which nothing hides, are not sorted.
    has_unsorted_request: bool,
    /// Those of one with three or more are.
    has_sorted_request: bool,
    /// How many responses have sorted names, and how many have not; and whether those of one are
    /// far from it.
    sorted: usize,
    unsorted: usize,
    is_far: bool,
}

impl OrderVote {
    /// Takes the fields of a request.
    pub(super) fn request(&mut self, fields: &Fields<'_>) {
        let is_sorted = fields.is_sorted_by_key(|(name, _)| name);
        self.has_unsorted_request |= !is_sorted;
        self.has_sorted_request |= is_sorted && fields.len() >= 3;
    }

    /// Takes the list of a response.
    pub(super) fn response(&mut self, list: &str) {
        let Some(candidates) = candidates(list.trim_ascii_end()) else { return };
        let sure: Vec<_> = candidates.into_iter().filter(|candidate| candidate.is_sure).collect();
        let others = sure.len() - longest_sorted(&sure).len();
        if sure.len() > 1 {
            self.sorted += usize::from(others == 0);
            self.unsorted += usize::from(others > 0);
            self.is_far |= others > 2;
        }
    }

    pub(super) fn order(&self) -> Order {
        let is_sorted = !self.has_unsorted_request
            && (self.has_sorted_request && !self.is_far || self.sorted > self.unsorted);
        if is_sorted { Order::Sorted } else { Order::Unsorted }
    }
}

/// The fields of `text`, or `None` where it does not begin with one.
pub(super) fn parse(text: &str, order: Order) -> Option<Fields<'_>> {
    let text = text.trim_ascii_end();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let starts = names(text, order)?;
    let ends = starts.iter().skip(1).map(|&(start, _)| start - 1).chain([text.len()]);
    let fields = starts.iter().zip(ends).map(|(&(start, name), end)| {
        let value = text.get(start + name.len() + ": ".len()..end).unwrap_or("");
        (name.into(), value.into())
    });
    Some(fields.collect())
}

/// Whether `text` is such a list: it is empty or begins with a name.
pub(super) fn is_list(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default();
    text.is_empty() || word.strip_suffix(':').is_some_and(is_token)
}

/// Whether `line` begins with a name whose form alone says that it is one.
pub(super) fn begins_with_name(line: &str) -> bool {
    let word = line.trim_start_matches(' ').split(' ').next().unwrap_or_default();
    word.strip_suffix(':').is_some_and(|name| is_token(name) && is_sure(name))
}

/// A word that may be the name of a field.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    start: usize,
    name: &'a str,
    /// Its form alone says that it is one.
    is_sure: bool,
}

/// The words of `text` that may be names, in the letter case of the others, if it begins with one.
fn candidates(text: &str) -> Option<Vec<Candidate<'_>>> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    let mut is_quoted = false;
    // Where a value begins: an empty one has a second space after it.
    let mut value_start = usize::MAX;
    let mut at = 0;
    for word in text.split(' ') {
        let start = at;
        at += word.len() + 1;
        let is_name =
            word.strip_suffix(':').filter(|name| is_token(name) && !is_quoted && start != value_start);
        match is_name {
            Some(name) => {
                let is_sure = start == 0 || is_sure(name);
                candidates.push(Candidate { start, name, is_sure });
                value_start = if is_sure { at } else { value_start };
            }
            // A value in quotes may hold anything; a lone quote opens nothing.
            None if word.bytes().filter(|&byte| byte == b'"').count() % 2 == 1 => {
                is_quoted = if is_quoted { false } else { text[at.min(text.len())..].contains('"') };
            }
            None => {}
        }
    }
    if candidates.first().is_none_or(|first| first.start != 0) {
        return None;
    }
    let is_small = |name: &str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let sure = || candidates.iter().filter(|candidate| candidate.is_sure);
    let small = sure().filter(|candidate| is_small(candidate.name)).count();
    let is_mostly_small = small * 2 > sure().count();
    let has_small = sure().any(|candidate| is_small(candidate.name) && candidate.name.contains('-'));
    // A proxy writes all names small, an application its own, and most servers none.
    let is_of_its_case = |candidate: &&Candidate<'_>| {
        candidate.name.contains('-')
            || if is_small(candidate.name) {
                has_small || is_mostly_small
            } else {
                candidate.is_sure || !is_mostly_small
            }
    };
    Some(candidates.iter().filter(|it| it.start == 0 || is_of_its_case(it)).copied().collect())
}

/// Where the names in `text` are.
fn names(text: &str, order: Order) -> Option<Vec<(usize, &str)>> {
    let kept = candidates(text)?;
    let sure: Vec<_> = kept.iter().filter(|candidate| candidate.is_sure).copied().collect();
    if order == Order::Unsorted {
        return Some(sure.iter().map(|candidate| (candidate.start, candidate.name)).collect());
    }
    let mut sorted = longest_sorted(&sure);
    if sorted.first() != Some(&0) {
        sorted.insert(0, 0);
    }
    let sorted: Vec<_> = sorted.into_iter().map(|index| sure[index]).collect();
    let mut names: Vec<(usize, &str)> = Vec::new();
    let mut next = sorted.iter().peekable();
    for candidate in &kept {
        if next.peek().is_some_and(|sure| sure.start == candidate.start) {
            next.next();
            names.push((candidate.start, candidate.name));
            continue;
        }
        // A name of the server's own without a hyphen, where it is in order.
        let is_after = names.last().is_none_or(|&(_, before)| before < candidate.name);
        let is_before = next.peek().is_none_or(|sure| candidate.name < sure.name);
        let is_title = candidate.name.starts_with(|c: char| c.is_ascii_uppercase());
        let leaves_value =
            names.last().is_none_or(|&(start, name)| candidate.start > start + name.len() + ": ".len());
        if !candidate.is_sure && is_title && leaves_value && is_after && is_before && sorted.len() >= 3 {
            names.push((candidate.start, candidate.name));
        }
    }
    Some(names)
}

/// The indexes of the longest part of `names` that is sorted, in time n log n.
fn longest_sorted(names: &[Candidate<'_>]) -> Vec<usize> {
    // The last of the best sorted part of each length, and what comes before each name.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(names.len());
    for (index, candidate) in names.iter().enumerate() {
        let length = ends.partition_point(|&end| names[end].name <= candidate.name);
        before.push(length.checked_sub(1).map(|length| ends[length]));
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut sorted: Vec<usize> =
        std::iter::successors(ends.last().copied(), |&index| before[index]).collect();
    sorted.reverse();
    sorted
}

/// Whether the form of a name alone says that it is one.
fn is_sure(name: &str) -> bool {
    let has_hyphen = name.bytes().skip(1).any(|byte| byte == b'-') && !name.ends_with('-');
    has_hyphen || is_registered(name)
}

/// Whether a name without a hyphen is one of the registry's, in any letter case.
fn is_registered(name: &str) -> bool {
    static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let lines = include_str!("field_names.txt").lines();
        lines.filter(|line| !line.starts_with('#')).map(str::to_ascii_lowercase).collect()
    });
    NAMES.contains(&name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, order: Order, expected: &[&str]) {
        let fields = parse(text, order).unwrap();
        let shown: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn names_without_a_hyphen_are_found_in_any_letter_case() {
        reads(
            "age: 0 content-length: 15 date: Wed, 13 Jul 2022 00:58:50 GMT etag: \"a\" server: A/2 via: 1.1 p",
            Order::Sorted,
            &[
                "age=0",
                "content-length=15",
                "date=Wed, 13 Jul 2022 00:58:50 GMT",
                "etag=\"a\"",
                "server=A/2",
                "via=1.1 p",
            ],
        );
        reads(
            "Date: now Server: A/2 allow: GET content-type: a/b etag: \"a\" x-note: see: docs",
            Order::Sorted,
            &["Date=now", "Server=A/2", "allow=GET", "content-type=a/b", "etag=\"a\"", "x-note=see: docs"],
        );
        reads(
            "Content-Length: 1 DATE: now Server: x",
            Order::Unsorted,
            &["Content-Length=1", "DATE=now", "Server=x"],
        );
    }

    #[test]
    fn the_oldest_do_not_sort() {
        reads(
            "date: Thu content-length: 3 x-compute-request-id: req-1 content-type: a/b vary: X-Auth-Token",
            Order::Unsorted,
            &[
                "date=Thu",
                "content-length=3",
                "x-compute-request-id=req-1",
                "content-type=a/b",
                "vary=X-Auth-Token",
            ],
        );
        reads(
            "Vary: Accept Date: d Server: s Connection: close",
            Order::Unsorted,
            &["Vary=Accept", "Date=d", "Server=s", "Connection=close"],
        );
    }

    #[test]
    fn a_value_may_hold_words_with_a_colon() {
        reads(
            "Content-Length: 9 Warning: 299 - \"use v3: Date: no\" X-Note: see: docs: Date: never X-Trace: a: b",
            Order::Sorted,
            &[
                "Content-Length=9",
                "Warning=299 - \"use v3: Date: no\"",
                "X-Note=see: docs: Date: never",
                "X-Trace=a: b",
            ],
        );
        reads(
            "content-type: a/b x-message: Warning: not found x-note: reason: none",
            Order::Sorted,
            &["content-type=a/b", "x-message=Warning: not found", "x-note=reason: none"],
        );
        reads(
            "Content-Type: a/b Title: One X-Empty:  X-Last: ",
            Order::Sorted,
            &["Content-Type=a/b", "Title=One", "X-Empty=", "X-Last="],
        );
    }

    #[test]
    fn what_does_not_begin_with_a_name_is_no_list() {
        assert!(parse("{'a': 'b'}", Order::Sorted).is_none());
        assert!(parse("text Date: x", Order::Sorted).is_none());
        assert!(parse("", Order::Sorted).unwrap().is_empty());
    }
}
