//! What varies between two recordings of the same, as settings that would set it aside.
//!
//! Two recordings cannot tell what is made anew from what changed meanwhile, and what is the same in both may
//! vary in a third. So this proposes, and a person decides. What this leaves out: writing settings.

use std::collections::BTreeMap;

use super::change::{Change, What};

/// What two recordings of the same captures tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Proposals<'c> {
    /// What could be set aside, in order.
    pub settings: BTreeMap<Setting, Vec<Varied<'c>>>,
    /// What no setting can set aside.
    pub others: Vec<Varied<'c>>,
}

/// An entry of `[volatile]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// Of `headers`.
    Header(String),
    /// Of `pointers`.
    Pointer(String),
    /// Of `patterns`.
    Pattern(String),
}

/// Where something varied.
#[derive(Clone, Debug, PartialEq)]
pub struct Varied<'c> {
    /// The capture.
    pub capture: &'c str,
    /// How it varied.
    pub change: &'c Change,
}

impl<'c> Proposals<'c> {
    /// What the changes of captures, by name, tell.
    pub fn of(captures: impl IntoIterator<Item = (&'c str, &'c [Change])>) -> Proposals<'c> {
        let mut proposals = Proposals::default();
        for (capture, changes) in captures {
            for change in changes {
                let seen = Varied { capture, change };
                match setting(change) {
                    Some(setting) => proposals.settings.entry(setting).or_default().push(seen),
                    None => proposals.others.push(seen),
                }
            }
        }
        proposals
    }
}

/// The setting that would set a change aside.
fn setting(change: &Change) -> Option<Setting> {
    let (old, new) = (change.old.as_ref()?.shown(), change.new.as_ref()?.shown());
    let at = change.at.as_deref();
    match change.what {
        // Of one that came or went there is nothing to compare, and letters are no value.
        What::Header if !old.eq_ignore_ascii_case(new) => at.map(|name| Setting::Header(name.to_owned())),
        What::Body | What::Output => {
            let pointer = at.and_then(pointer).map(Setting::Pointer);
            pointer.or_else(|| pattern(old, new).map(Setting::Pattern))
        }
        What::Path | What::Query => pattern(old, new).map(Setting::Pattern),
        _ => None,
    }
}

/// The pointer of a setting for the place of a change: any member of a list is meant.
fn pointer(at: &str) -> Option<String> {
    // A line, a column, or one of several tables.
    if at.contains(' ') || at.is_empty() {
        return None;
    }
    let step = |step: &str| {
        let is_of_list = step.starts_with('[') || step.bytes().all(|byte| byte.is_ascii_digit());
        if is_of_list { "/*".to_owned() } else { format!("/{step}") }
    };
    // The name of a member may hold a slash, which is written `~1`.
    Some(at.strip_prefix('/').unwrap_or(at).split('/').map(step).collect())
}

/// An expression for the word in which two texts differ, if they differ in one that has more to know it by
/// than its digits.
fn pattern(old: &str, new: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let common = old.char_indices().zip(new.chars()).find(|((_, a), b)| a != b);
    let at = common.map_or(old.len().min(new.len()), |((at, _), _)| at);
    let start = old[..at]
        .rfind(|c| !is_word(c))
        .map_or(0, |before| before + old[before..].chars().next().map_or(1, char::len_utf8));
    let word = |text: &str| {
        let end = text[at..].find(|c| !is_word(c)).map_or(text.len(), |end| at + end);
        (text[start..end].to_owned(), text[end..].to_owned())
    };
    let ((a, rest), (b, other)) = (word(old), word(new));
    let prefix: String = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    // Digits that are the same by chance are no name.
    let prefix = prefix.trim_end_matches(|c: char| c.is_ascii_digit());
    let varies = [&a[prefix.len()..], &b[prefix.len()..]];
    let all = |is: fn(u8) -> bool| varies.iter().all(|part| !part.is_empty() && part.bytes().all(is));
    let class = if all(|byte| byte.is_ascii_digit()) {
        "[0-9]+"
    } else if all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()) {
        "[0-9a-f]+"
    } else {
        return None;
    };
    (rest == other && prefix.chars().filter(char::is_ascii_alphabetic).count() > 1)
        .then(|| format!("{}{class}", prefix.replace('.', "\\.")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::Value;

    fn change(what: What, at: Option<&str>, old: &str, new: &str) -> Change {
        let value = |text: &str| Some(Value::Text(text.to_owned()));
        Change {
            what,
            side: None,
            exchange: None,
            at: at.map(str::to_owned),
            old: value(old),
            new: value(new),
            fingerprint: String::new(),
            said: [None, None],
        }
    }

    #[test]
    fn a_setting_is_proposed_for_what_it_can_set_aside() {
        for (change, expected) in [
            (change(What::Header, Some("X-Backend"), "a", "b"), Some(Setting::Header("X-Backend".into()))),
            (change(What::Header, Some("x-a"), "X-A", "x-a"), None),
            (
                change(What::Body, Some("/jobs/[name=a~1b]/0/host"), "a", "b"),
                Some(Setting::Pointer("/jobs/*/*/host".into())),
            ),
            (change(What::Output, Some("host"), "a", "b"), Some(Setting::Pointer("/host".into()))),
            (
                change(What::Output, Some("line 2"), "made job-117 now", "made job-12 now"),
                Some(Setting::Pattern("job-[0-9]+".into())),
            ),
            (
                change(What::Path, None, "/v1/task.a0/x", "/v1/task.f3/x"),
                Some(Setting::Pattern("task\\.[0-9a-f]+".into())),
            ),
            (change(What::Path, None, "/v1/17", "/v1/18"), None),
            (change(What::Output, None, "one word", "other words"), None),
            (change(What::Status, None, "200", "201"), None),
        ] {
            assert_eq!(setting(&change), expected, "{change:?}");
        }
    }
}
