//! Labels for the exchanges of a trace: names that read well in a sentence. Import, new pages and
//! new captures give the same ones.

use std::collections::HashMap;

use super::participants::Participants;
use crate::profile::Profile;
use crate::settings::HoleWord;
use crate::trace::{Trace, UrlParts};

/// Words of the grammar of holes, and of expressions that nobody should mistake a label for.
const WORDS: [&str; 16] = [
    "and", "block", "else", "false", "for", "if", "in", "is", "loop", "none", "None", "not", "or", "self",
    "set", "true",
];

/// One name for each exchange, all different: the name of the profile's route where there is
/// one, else made of method and path.
pub fn names(trace: &Trace, participants: &Participants, profile: Option<&Profile>) -> Vec<String> {
    // Names, with the participant whose exchange has it.
    let mut taken: HashMap<String, &str> =
        HoleWord::ALL.iter().map(|word| word.name()).chain(WORDS).map(|name| (name.to_owned(), "")).collect();
    // How often a name was wanted before.
    let mut wanted_before: HashMap<String, usize> = HashMap::new();
    let mut names = Vec::with_capacity(trace.exchanges.len());
    for (index, exchange) in trace.exchanges.iter().enumerate() {
        let request = &exchange.request;
        let path = UrlParts::of(&request.url).path;
        let to = &participants.to(index).id;
        let routed = profile.and_then(|profile| profile.route(to, &request.method, path));
        let wanted = match routed {
            Some(found) => identifier(found.route.name()),
            None => identifier(&format!("{}_{}", request.method, last_words(path))),
        };
        let mut name = wanted.clone();
        // Whose versions they are says more than which of them these are.
        let of_other = identifier(&format!("{to}_{wanted}"));
        if taken.get(&name).is_some_and(|other| **other != **to) && !taken.contains_key(&of_other) {
            name = of_other;
        }
        let count = wanted_before.entry(wanted.clone()).or_insert(1);
        while taken.contains_key(&name) {
            *count += 1;
            name = format!("{wanted}_{count}");
        }
        taken.insert(name.clone(), to);
        names.push(name);
    }
    names
}

/// The last segments of a path that are words and no ids.
fn last_words(path: &str) -> String {
    let is_word = |segment: &&str| {
        segment.len() < 24
            && segment.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && segment.bytes().filter(u8::is_ascii_digit).count() * 3 < segment.len()
    };
    let words: Vec<&str> = path.split('/').filter(is_word).collect();
    words[words.len().saturating_sub(2)..].join("_")
}

/// `text` in lower case with `_` for what an identifier cannot hold.
fn identifier(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            name.push(c.to_ascii_lowercase());
        } else if !name.ends_with('_') && !name.is_empty() {
            name.push('_');
        }
    }
    let name = name.trim_end_matches('_');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("call_{name}")
    } else {
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words() {
        assert_eq!(identifier("GET_v2/images"), "get_v2_images");
        assert_eq!(identifier("3 x"), "call_3_x");
        assert_eq!(last_words("/v2/images/9c31f2c6-f22c-440e-b670-d8d5a5cc0405/file"), "images_file");
        // A version, or a short id that begins with a letter.
        assert_eq!(last_words("/v2/a1b2c3"), "");
        assert_eq!(last_words("/servers/ab12/x509"), "servers");
        assert_eq!(last_words("/ipv4addresses/x"), "ipv4addresses_x");
    }

    #[test]
    fn the_same_call_of_another_participant_says_whose_it_is() {
        let calls = [(Some("glance"), "/"), (Some("nova"), "/"), (Some("nova"), "/"), (Some("glance"), "/")];
        let trace = super::super::testing::trace(&calls.map(|(to, path)| (to, path)));
        let participants = Participants::new(&trace, &[], None);
        assert_eq!(names(&trace, &participants, None), ["get", "nova_get", "get_2", "get_3"]);
    }
}
