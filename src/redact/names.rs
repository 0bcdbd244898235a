//! Names that say that a value is secret.
//!
//! The list is data, `names.toml`, which says where each name comes from and how a name is read. Users
//! add names, and except them, in their settings; a profile adds those of its system. What this leaves
//! out: values, which `looks` judges, and where names and values stand, which the scanners know.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use super::Class;
use crate::profile::Under;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    names: Vec<Group>,
    not: Not,
    tail: Words,
    describes: Words,
    pairs: Pairs,
    under: Vec<Under>,
    beside: Vec<Beside>,
    option: Vec<CommandOptions>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    class: Class,
    #[serde(default, rename = "where")]
    place: Only,
    #[serde(default)]
    strong: bool,
    look: Option<Look>,
    #[serde(rename = "from")]
    _from: String,
    phrases: Vec<String>,
}

/// Where alone the phrases of a group count.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Only {
    #[default]
    Anywhere,
    Field,
    Header,
    Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Look {
    Ending,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Not {
    phrases: Vec<String>,
    before: HashSet<String>,
    exact: HashSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    words: HashSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    names: HashSet<String>,
    values: HashSet<String>,
}

/// Members that are secret beside one that says so.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beside {
    pub(super) key: String,
    pub(super) value: Option<String>,
    #[serde(rename = "from")]
    _from: String,
    pub(super) keys: Vec<String>,
}

/// Options of some programs that take secrets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CommandOptions {
    pub(super) programs: Vec<String>,
    #[serde(rename = "from")]
    _from: String,
    #[serde(default)]
    pub(super) secret: Vec<String>,
    #[serde(default)]
    pub(super) user: Vec<String>,
    #[serde(default)]
    pub(super) percent: Vec<String>,
    #[serde(default)]
    pub(super) field: Vec<String>,
    #[serde(default)]
    pub(super) header: Vec<String>,
    #[serde(default)]
    pub(super) cookie: Vec<String>,
    #[serde(default)]
    pub(super) attached: Vec<String>,
    /// Words of which one has to be among the command's; none asks for nothing.
    #[serde(default)]
    pub(super) only_with: Vec<String>,
}

struct Data {
    /// What a phrase says at each place that it counts at; nothing where it is none.
    phrases: HashMap<String, Vec<PhraseMeaning>>,
    endings: Vec<(String, Class)>,
    longest: usize,
    file: File,
}

/// What a phrase says.
#[derive(Clone, Copy)]
struct PhraseMeaning {
    class: Class,
    place: Only,
    strong: bool,
}

static DATA: LazyLock<Data> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("names.toml")).expect("a test reads the embedded names");
    let mut phrases: HashMap<String, Vec<PhraseMeaning>> = HashMap::new();
    let mut endings = Vec::new();
    for group in &file.names {
        let known = PhraseMeaning { class: group.class, place: group.place, strong: group.strong };
        for phrase in &group.phrases {
            phrases.entry(phrase.clone()).or_default().push(known);
            if matches!(group.look, Some(Look::Ending)) {
                endings.push((phrase.clone(), group.class));
            }
        }
    }
    phrases.extend(file.not.phrases.iter().map(|phrase| (phrase.clone(), Vec::new())));
    let longest = phrases.keys().map(|phrase| phrase.split(' ').count()).max().unwrap_or(1);
    Data { phrases, endings, longest, file }
});

/// Where a name stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Place {
    /// A member, an element, a key, a variable, an option.
    Key,
    /// A field of a query or a form, a parameter of a header field.
    Field,
    Header,
}

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Secrecy {
    pub(super) class: Class,
    /// Only of a value that is no word.
    pub(super) strong: bool,
    /// Only of a value that is a text.
    pub(super) text: bool,
}

impl Secrecy {
    pub(super) fn plainly(class: Class) -> Secrecy {
        Secrecy { class, strong: false, text: false }
    }
}

/// What a name says of its value, and of those beside it.
#[derive(Clone, Copy)]
pub(super) struct Judged {
    pub(super) secrecy: Option<Secrecy>,
    pub(super) role: Role,
}

/// What the member of an object is to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Role {
    /// Its value may be the name of one beside it.
    pub(super) names_pair: bool,
    /// It may be the value of a name beside it.
    pub(super) is_pair_value: bool,
    /// It may say that one beside it is secret.
    pub(super) tells_beside: bool,
    /// It may be secret by one beside it.
    pub(super) is_beside: bool,
    /// It describes what its parent is called, and is not what that holds.
    pub(super) describes: bool,
}

impl Role {
    pub(super) fn of(name: &str) -> Role {
        Role {
            names_pair: names_pair(name),
            is_pair_value: is_pair_value(name),
            tells_beside: beside().iter().any(|beside| beside.key == name),
            is_beside: beside().iter().any(|beside| beside.keys.iter().any(|key| key == name)),
            describes: describes(name),
        }
    }
}

/// What names were judged to say: a recording has few, and each of them often.
#[derive(Default)]
pub(super) struct Memory([RefCell<HashMap<String, Judged>>; 3]);

impl Memory {
    /// What a name says, which `judge` tells the first time.
    pub(super) fn of(&self, name: &str, place: Place, judge: impl FnOnce() -> Judged) -> Judged {
        /// As many names as people think of; a machine may come up with any number.
        const REMEMBERED: usize = 10_000;
        let memory = &self.0[place as usize];
        if let Some(judged) = memory.borrow().get(name) {
            return *judged;
        }
        let judged = judge();
        let mut memory = memory.borrow_mut();
        if memory.len() < REMEMBERED {
            memory.insert(name.to_owned(), judged);
        }
        judged
    }
}

/// What a value of this name is.
pub(super) fn judge(name: &str, place: Place) -> Option<Secrecy> {
    let data = &*DATA;
    if data.file.not.exact.contains(name) {
        return None;
    }
    let all = words(name);
    let mut words = &all[..];
    loop {
        if let Some(secrecy) = at_end(data, words, place) {
            return secrecy;
        }
        match words {
            [before @ .., last] if !before.is_empty() && is_tail(data, last) => words = before,
            _ => return None,
        }
    }
}

/// What the last words say; `None` when no phrase knows them.
fn at_end(data: &Data, words: &[String], place: Place) -> Option<Option<Secrecy>> {
    let last = words.last()?;
    for count in (1..=words.len().min(data.longest)).rev() {
        let (before, phrase) = words.split_at(words.len() - count);
        let Some(known) = data.phrases.get(&phrase.join(" ")) else { continue };
        if known.is_empty() {
            return Some(None);
        }
        let counts = |known: &&PhraseMeaning| match known.place {
            Only::Anywhere | Only::Text => true,
            Only::Field => place == Place::Field,
            Only::Header => place == Place::Header,
        };
        let Some(known) = known.iter().find(counts) else { continue };
        if is_about(data, before) {
            return Some(None);
        }
        return Some(Some(Secrecy {
            class: known.class,
            strong: known.strong,
            text: known.place == Only::Text,
        }));
    }
    let joined = data.endings.iter().find(|(ending, _)| last.len() > ending.len() && last.ends_with(ending));
    let (ending, class) = joined?;
    let stem = &last[..last.len() - ending.len()];
    let says_no = data.file.not.before.contains(stem)
        || data.phrases.get(&format!("{stem} {ending}")).is_some_and(Vec::is_empty)
        || is_about(data, &words[..words.len() - 1]);
    Some((!says_no).then_some(Secrecy::plainly(*class)))
}

/// Whether the words before a phrase make the name one of a fact about it.
fn is_about(data: &Data, before: &[String]) -> bool {
    let of = |word: Option<&String>| word.is_some_and(|word| data.file.not.before.contains(word));
    of(before.first()) || of(before.last())
}

fn is_tail(data: &Data, word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit()) || data.file.tail.words.contains(word)
}

/// The words of a name, in lower case. Digits at the end of a word are a word.
pub(super) fn words(name: &str) -> Vec<String> {
    /// A longer name is a text.
    const LONGEST: usize = 200;
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = name.chars().take(LONGEST).peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next_is_lower = chars.peek().is_some_and(|next| next.is_lowercase());
        let begins = c.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && next_is_lower)
            || c.is_uppercase() && before.is_ascii_digit()
            || c.is_ascii_digit() && before.is_alphabetic() && !next_is_lower;
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A name in lower case without what separates its words: `adminPass`, `admin_pass` and `admin-pass`
/// are one.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a member of this name describes what its parent is called, and is not what that holds.
pub(super) fn describes(name: &str) -> bool {
    let describes = &DATA.file.describes.words;
    words(name).last().is_none_or(|last| describes.contains(last))
}

/// Whether a member of this name may hold the name of the value beside it.
pub(super) fn names_pair(key: &str) -> bool {
    DATA.file.pairs.names.contains(&*key.to_ascii_lowercase().replace('_', " "))
}

/// Whether a member of this name may hold the value of the name beside it.
pub(super) fn is_pair_value(key: &str) -> bool {
    DATA.file.pairs.values.contains(&*key.to_ascii_lowercase().replace('_', " "))
}

/// What is secret under the paths of well-known APIs.
pub(super) fn under() -> &'static [Under] {
    &DATA.file.under
}

/// The members that are secret beside others.
pub(super) fn beside() -> &'static [Beside] {
    &DATA.file.beside
}

/// The options of well-known programs that take secrets.
pub(super) fn options() -> &'static [CommandOptions] {
    &DATA.file.option
}

/// Words in the name of a cookie that opens something.
const KEY_COOKIES: [&str; 12] = [
    "session",
    "sess",
    "token",
    "auth",
    "csrf",
    "xsrf",
    "jwt",
    "ticket",
    "secret",
    "passw",
    "credential",
    "apikey",
];

/// Whether the value of a cookie is a secret wherever else it stands, by its name or its looks. A
/// preference (the last project, a region) is in URLs and bodies, too, and hides nothing there.
pub(super) fn is_key_cookie(name: &str, value: &str) -> bool {
    let name = plain(name);
    let says_so = KEY_COOKIES.iter().any(|word| name.contains(word)) || name.ends_with("sid");
    // A short one is a setting rather than a key.
    says_so && value.len() >= 8 || super::strength::is_random(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_words() {
        for (name, expected) in [
            ("X-Goog-Api-Key", "x goog api key"),
            ("adminPass", "admin pass"),
            ("user[password]", "user password"),
            ("HTTPToken2", "http token 2"),
            ("sha256sum", "sha 256sum"),
            ("OS_PASSWORD", "os password"),
            ("비밀번호", "비밀번호"),
        ] {
            assert_eq!(words(name).join(" "), expected);
        }
    }

    #[test]
    fn a_cookie_is_a_key_by_its_name_or_its_looks() {
        for (name, value) in [
            ("sessionid", "aaaaaaaa"),
            ("connect.sid", "12345678"),
            ("PHPSESSID", "9c31f2c6f22c440eb670d8d5a5cc0405"),
            ("a", "zyxwvutsrqponmlkjihgfedcba987654"),
            ("x", "eyJhbGciOiJIUzI1NiJ9.e30.abcdefgh1"),
        ] {
            assert!(is_key_cookie(name, value), "{name}");
        }
        for (name, value) in [
            ("recent_project", "22222222222222222222222222222222"),
            ("recent_project", "9c31f2c6f22c440eb670d8d5a5cc0405"),
            ("recent_project", "9c31f2c6-f22c-440e-b670-d8d5a5cc0405"),
            ("services_region", "RegionOne"),
            ("login_domain", "Default"),
            ("theme", "material-dark-contrast"),
            ("django_language", "en-gb-oxendict"),
            ("sessionid", "1234567"),
        ] {
            assert!(!is_key_cookie(name, value), "{name} {value}");
        }
    }

    #[test]
    fn names_in_every_spelling() {
        for (name, class) in [
            ("password", Class::Secret),
            ("adminPass", Class::Secret),
            ("OS_PASSWORD", Class::Secret),
            ("client-secret", Class::Secret),
            ("private_key", Class::Secret),
            ("original_password", Class::Secret),
            ("password_confirmation", Class::Secret),
            ("password2", Class::Secret),
            ("apiKey", Class::Secret),
            ("dbpassword", Class::Secret),
            ("X-Goog-Api-Key", Class::Secret),
            ("Your new password", Class::Secret),
            ("token", Class::Token),
            ("access_token", Class::Token),
            ("OS_TOKEN", Class::Token),
            ("PRIVATE-TOKEN", Class::Token),
            ("csrfmiddlewaretoken", Class::Token),
        ] {
            assert_eq!(judge(name, Place::Key).map(|secrecy| secrecy.class), Some(class), "{name}");
        }
        for name in [
            "password_expires_at",
            "next_page_token",
            "nextPageToken",
            "NextToken",
            "pagination_token",
            "requires_password",
            "methods",
            "id",
            "secret_ref",
            "tokens",
            "max_tokens",
            "token_type",
            "author",
            "passed",
            "keyboard",
            "compass",
            "PWD",
            "signature",
            "code",
            "status_code",
            "public_key",
        ] {
            assert_eq!(judge(name, Place::Key), None, "{name}");
        }
    }
}
