//! What is called otherwise, and how texts that name it change.
//!
//! The texts of settings and of holes are told apart by where they stand: a label or a selector, a
//! participant, a path. What this leaves out: where in a file they are.

use crate::edit::Edit;
use crate::sequence::selector::Selector;
use crate::text::range_of;

/// A name, and the one that takes its place.
#[derive(Clone, Copy, Debug)]
pub(super) enum Renaming<'a> {
    /// Of an exchange.
    Label { old: &'a str, new: &'a str },
    /// Of one who sends or receives.
    Participant { old: &'a str, new: &'a str },
}

impl Renaming<'_> {
    /// The edits of a text that is a label or a selector, with or without one of its sides.
    pub(super) fn of_exchange(&self, text: &str) -> Vec<Edit> {
        let sides = [".request", ".response"];
        let name = sides.iter().find_map(|side| text.strip_suffix(side)).unwrap_or(text).trim_end();
        let selector = || Selector::parse(name).ok();
        let named: Vec<&str> = match self {
            Renaming::Label { old, .. } if name == *old => vec![name],
            Renaming::Label { .. } => selector().and_then(|selector| selector.after).into_iter().collect(),
            Renaming::Participant { .. } => selector()
                .into_iter()
                .flat_map(|selector| selector.from.into_iter().chain([selector.to]))
                .collect(),
        };
        named.into_iter().flat_map(|part| self.whole(text, part)).collect()
    }

    /// The edits of a text that says where a note stands: `over client,glance`.
    pub(super) fn of_position(&self, text: &str) -> Vec<Edit> {
        let Renaming::Participant { .. } = self else { return Vec::new() };
        let prefixes = ["right of", "left of", "over"];
        let names = prefixes.iter().find_map(|prefix| text.trim().strip_prefix(prefix)).unwrap_or_default();
        names.split(',').flat_map(|name| self.whole(text, name.trim())).collect()
    }

    /// The edit of a text that is a participant's name.
    pub(super) fn of_participant(&self, text: &str) -> Vec<Edit> {
        match self {
            Renaming::Participant { .. } => self.whole(text, text).into_iter().collect(),
            Renaming::Label { .. } => Vec::new(),
        }
    }

    /// The edit of a part of a text, if that is the old name.
    fn whole(&self, text: &str, part: &str) -> Option<Edit> {
        let (Renaming::Label { old, new } | Renaming::Participant { old, new }) = *self;
        (part == old).then(|| range_of(text, part).map(|span| Edit::new(span, new))).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::edited;

    const SHOW: Renaming<'_> = Renaming::Label { old: "show", new: "read" };
    const GLANCE: Renaming<'_> = Renaming::Participant { old: "glance", new: "image api" };

    #[test]
    fn a_label_is_renamed_by_itself_and_behind_after() {
        for (text, made) in [
            ("show", "read"),
            ("show.request", "read.request"),
            ("shows", "shows"),
            ("show GET /show #2 after show", "show GET /show #2 after read"),
            ("glance GET /x after showing", "glance GET /x after showing"),
            ("glance GET /x after show.response", "glance GET /x after read.response"),
        ] {
            assert_eq!(edited(text, &SHOW.of_exchange(text)), made);
        }
    }

    #[test]
    fn a_participant_is_renamed_at_both_ends_and_in_no_path() {
        for (text, made) in [
            ("glance GET /glance after glance", "image api GET /glance after glance"),
            ("glance->glance GET /", "image api->image api GET /"),
            ("nova -> glance GET /x #2.request", "nova -> image api GET /x #2.request"),
            ("glance", "glance"),
        ] {
            assert_eq!(edited(text, &GLANCE.of_exchange(text)), made);
        }
        assert_eq!(
            edited("over nova, glance", &GLANCE.of_position("over nova, glance")),
            "over nova, image api"
        );
        assert_eq!(edited("right of glances", &GLANCE.of_position("right of glances")), "right of glances");
    }
}
