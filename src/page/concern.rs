//! Whether a sentence can have become false by a change.
//!
//! Where a header or a value changes, most lines about its exchange stay true: they speak of something else. A
//! line is taken for one about the change where it names the header, the key or the value, where its section
//! points at it, or where it says something of all that there is (how many, which is the last, that there is no
//! other) in words of the change's own side. Words are looked up, in English and Korean; what a sentence says
//! is for people to judge. Where a call comes, goes or moves, nothing is looked up. What this leaves out: which
//! exchange a line is about.

use std::collections::HashSet;

use super::spoken::Line;
use crate::diff::{Change, What};

/// How a line may be about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Concern {
    /// It speaks of something else.
    None,
    /// It says something of all headers, members or values, of which the changed one is one.
    OfAll,
    /// It names the header, the key or the value, or its section points at it.
    Named,
}

/// Words that say something of a whole: how many, the first or the last, no other.
const OF_ALL: [&str; 46] = [
    "only", "no", "none", "nothing", "not", "never", "without", "just", "alone", "all", "every", "each",
    "same", "other", "else", "beside", "besides", "except", "both", "single", "once", "twice", "two",
    "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "first", "second",
    "third", "last", "newest", "latest", "oldest", "highest", "lowest", "most", "least", "current",
    "complete",
];

/// The same in Korean, whose words have endings.
const OF_ALL_KOREAN: [&str; 34] = [
    "없",
    "않",
    "뿐",
    "만 ",
    "유일",
    "모두",
    "모든",
    "전부",
    "각각",
    "외에",
    "제외",
    "동일",
    "같",
    "다른",
    "첫",
    "처음",
    "마지막",
    "가장",
    "최신",
    "최초",
    "번째",
    "두 ",
    "세 ",
    "네 ",
    "다섯",
    "여섯",
    "일곱",
    "여덟",
    "아홉",
    "열 ",
    "하나",
    "한 번",
    "한 개",
    "그대로",
];

/// Words for whoever sends a request, which its `User-Agent` names.
const SENDERS: [&str; 14] = [
    "agent",
    "client",
    "library",
    "sdk",
    "program",
    "software",
    "tool",
    "browser",
    "클라이언트",
    "라이브러리",
    "에이전트",
    "프로그램",
    "도구",
    "브라우저",
];

/// Words that are in many values and in many sentences.
const COMMON: [&str; 22] = [
    "request",
    "requests",
    "response",
    "responses",
    "application",
    "text",
    "http",
    "https",
    "true",
    "false",
    "null",
    "self",
    "href",
    "the",
    "and",
    "for",
    "with",
    "name",
    "type",
    "value",
    "none",
    "rel",
];

/// Looks for what changed in lines of prose.
#[derive(Debug)]
pub struct Concerns<'c> {
    change: &'c Change,
    /// What a sentence may call it, in small letters.
    names: Vec<String>,
    /// The words of the old and the new value.
    words: Vec<String>,
    /// Words that are no sign of this change: those of the command, and of who takes part.
    elsewhere: &'c HashSet<String>,
}

impl<'c> Concerns<'c> {
    /// The changes of which it can be told. Any other is one of the exchange as a whole.
    pub const CAN_TELL: [What; 4] = [What::Header, What::HeaderOrder, What::Body, What::Output];

    /// For a change; `elsewhere` has words, in small letters, that stand for something else.
    pub fn new(change: &'c Change, elsewhere: &'c HashSet<String>) -> Concerns<'c> {
        let at = change.at.as_deref().unwrap_or_default();
        let names = match change.what {
            What::Body => at.split('/').flat_map(names_of_part).collect(),
            _ => spellings(at),
        };
        let values = [&change.old, &change.new];
        let words = values.into_iter().flatten().flat_map(|value| words_of(value.shown())).collect();
        Concerns { change, names, words, elsewhere }
    }

    /// How a line may be about it.
    pub fn of(&self, line: &Line) -> Concern {
        let text = line.prose.to_lowercase();
        let words = words_of(&text);
        if self.is_pointed_at(line) || self.is_named(&text, &words) || self.is_quoted(&words) {
            return Concern::Named;
        }
        let is_of_all =
            words.iter().any(|word| is_of_all(word)) || OF_ALL_KOREAN.iter().any(|word| text.contains(word));
        let is_generic = match self.change.what {
            What::Header | What::HeaderOrder => ["header", "헤더"].iter().any(|word| text.contains(word)),
            _ => ["body", "본문"].iter().any(|word| text.contains(word)),
        };
        // A header that keeps its name is no sign of how many there are.
        let keeps_its_name =
            self.change.what == What::Header && self.change.old.is_some() && self.change.new.is_some();
        match keeps_its_name {
            true if is_generic && (is_of_all || !names_a_header(&line.prose)) => Concern::OfAll,
            false if is_generic || is_of_all => Concern::OfAll,
            _ => Concern::None,
        }
    }

    /// Whether a hole of the section points at it: `highlight="User-Agent"`, `value(…, "/versions/7/id")`.
    fn is_pointed_at(&self, line: &Line) -> bool {
        let at = self.change.at.as_deref().unwrap_or_default();
        let first = |pointer: &str| pointer.trim_start_matches('/').split('/').next().map(str::to_owned);
        line.points_at.iter().any(|pointed| match self.change.what {
            What::Body => {
                pointed == "/" || at.is_empty() || (pointed.starts_with('/') && first(pointed) == first(at))
            }
            _ => !at.is_empty() && pointed.eq_ignore_ascii_case(at),
        })
    }

    /// Whether the line has a name of it.
    fn is_named(&self, text: &str, words: &[String]) -> bool {
        let is_user_agent = self.change.at.as_deref().is_some_and(|at| at.eq_ignore_ascii_case("user-agent"));
        let has = |name: &String| match name.contains([' ', '-', '_']) {
            true => text.contains(name.as_str()),
            false => words.iter().any(|word| singular(word) == singular(name)),
        };
        self.names.iter().any(has) || (is_user_agent && SENDERS.iter().any(|word| text.contains(word)))
    }

    /// Whether the line has a word of its values, or the end or beginning of one (`0.103`, `SDK`).
    fn is_quoted(&self, words: &[String]) -> bool {
        let is_sign = |word: &&String| {
            let has_digit = word.contains(|c: char| c.is_ascii_digit());
            (has_digit && word.len() > 1) || (word.len() > 2 && !self.is_elsewhere(word))
        };
        words.iter().filter(is_sign).any(|word| {
            let is_part = |value: &String| {
                value == word
                    || (word.len() > 2
                        && (value.starts_with(word.as_str()) || value.ends_with(word.as_str())))
            };
            let has_digit = word.contains(|c: char| c.is_ascii_digit());
            self.words.iter().any(is_part) || (has_digit && self.names.iter().any(is_part))
        })
    }

    fn is_elsewhere(&self, word: &str) -> bool {
        COMMON.contains(&word) || self.elsewhere.contains(word) || self.elsewhere.contains(singular(word))
    }
}

/// What a sentence may call a part of a pointer: a key, or what names a member; nothing for a place in a list.
fn names_of_part(part: &str) -> Vec<String> {
    let member = part.strip_prefix('[').and_then(|part| part.strip_suffix(']')?.split_once('='));
    let name = member.map_or(part, |(_, value)| value);
    if name.len() < 3 || name.chars().all(|c| c.is_ascii_digit()) { Vec::new() } else { spellings(name) }
}

/// A name as it is, and with blanks for what joins its words.
fn spellings(name: &str) -> Vec<String> {
    let name = name.to_lowercase();
    let apart = name.replace(['-', '_'], " ");
    let mut names = vec![name, apart];
    names.dedup();
    names.retain(|name| !name.is_empty());
    names
}

/// The words of a text in Latin letters and digits, in small letters; a version is one.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
    let words = words.map(|word| word.trim_matches('.')).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|rest| rest.len() > 2).unwrap_or(word)
}

fn is_of_all(word: &str) -> bool {
    OF_ALL.contains(&word) || word.chars().all(|c| c.is_ascii_digit())
}

/// Whether a text has the name of a header in it: words with hyphens between, `X-Auth-Token`.
fn names_a_header(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.map(|word| word.trim_matches('-')).any(|word| word.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Side, Value};

    fn change(what: What, at: &str, old: Option<&str>, new: Option<&str>) -> Change {
        let value = |value: Option<&str>| value.map(|value| Value::Text(value.to_owned()));
        Change::of(what, Side::Request, at, value(old), value(new))
    }

    fn of(change: &Change, prose: &str) -> Concern {
        let elsewhere = ["keystone", "openstack"].map(str::to_owned).into();
        let line = Line { prose: prose.to_owned(), ..Line::default() };
        Concerns::new(change, &elsewhere).of(&line)
    }

    #[test]
    fn a_header_is_named_by_its_name_its_value_or_who_it_stands_for() {
        let agent = change(
            What::Header,
            "User-Agent",
            Some("openstacksdk/0.103.0 keystoneauth1/5.1.0 python-requests/2.28.1"),
            Some("openstacksdk/4.22.0"),
        );
        for named in [
            "The user agent tells who asks.",
            "Recorded with version 0.103.",
            "The SDK asks.",
            "키스톤의 클라이언트가 조회한다.",
            "requests 2.28.1을 쓴다.",
        ] {
            assert_eq!(of(&agent, named), Concern::Named, "{named}");
        }
        assert_eq!(of(&agent, "Its headers are those of the step before."), Concern::OfAll);
        for other in [
            "Keystone makes a token.",
            "The token is in the header `X-Auth-Token`.",
            "Two requests, and no more.",
            "토큰을 요청하는 과정이다.",
        ] {
            assert_eq!(of(&agent, other), Concern::None, "{other}");
        }
    }

    #[test]
    fn what_comes_or_goes_is_a_matter_of_all() {
        let size = change(What::Header, "X-Image-Size", None, Some("30000"));
        let version = change(What::Body, "/versions/[id=v2.17]", None, Some("{\"id\": \"v2.17\"}"));
        for (change, line, expected) in [
            (&size, "It has no header of its own.", Concern::OfAll),
            (&size, "토큰 외에 다른 헤더는 없다.", Concern::OfAll),
            (&size, "The data follows.", Concern::None),
            (&version, "v2.15 is the newest.", Concern::OfAll),
            (&version, "The versions that the service speaks.", Concern::Named),
            (&version, "서비스가 지원하는 가장 최신 규격이다.", Concern::OfAll),
            (&version, "The service answers.", Concern::None),
        ] {
            assert_eq!(of(change, line), expected, "{line}");
        }
        let status = change(What::Body, "/versions/[id=v2.15]/status", Some("CURRENT"), Some("SUPPORTED"));
        assert_eq!(of(&status, "2.15 is what one should use."), Concern::Named);
        assert_eq!(of(&status, "v2.15를 쓴다."), Concern::Named);
    }
}
