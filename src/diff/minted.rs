//! The values in a text that are made anew in every run, known by what they are.
//!
//! A kind is data (`kinds.toml`, and what settings and profiles add): a shape, or the name of a header or
//! member. What is found is a `Piece` of the text; the rest of the text is what it says. Nothing is minted
//! below a name such as `checksum`, whose value tells of content. What this leaves out: which value of
//! another recording is the same one ([`super::map`]).

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use regex::Regex;
use regex_automata::meta::Regex as Patterns;
use regex_automata::{Anchored, Input};
use serde::Deserialize;

use super::moment::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Volatile;
use crate::trace::{Micros, Trace, UrlParts};

const BUILT_IN: &str = include_str!("kinds.toml");

/// The kinds of values that are made anew in every run.
#[derive(Clone, Debug)]
pub struct Kinds {
    kinds: Vec<Kind>,
    /// Whether settings added shapes, which may be short and without a digit.
    has_own: bool,
    /// The patterns that may stand anywhere. They are asked for what begins at one place: a search for all of
    /// them at all places at once has many thousand states.
    anywhere: Patterns,
    /// For each of them, its kind.
    of_anywhere: Vec<usize>,
    by_key: ByName,
    by_header: ByName,
    unread_headers: Vec<String>,
    unread_pointers: Vec<Vec<String>>,
    kept_headers: Vec<String>,
    kept_pointers: Vec<Vec<String>>,
    never: AhoCorasick,
}

#[derive(Clone, Debug)]
struct Kind {
    /// All of a value; without one, any value is of the kind.
    whole: Option<Regex>,
    is_time: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindsFile {
    kind: Vec<KindEntry>,
    unread: UnreadEntry,
    never: NeverEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindEntry {
    name: String,
    pattern: Option<String>,
    #[serde(default)]
    is: Is,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    headers: Vec<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Is {
    #[default]
    Id,
    Time,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnreadEntry {
    headers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NeverEntry {
    words: Vec<String>,
}

/// A minted value in a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) range: Range<usize>,
    pub(super) is: Minted,
}

/// What a minted value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Minted {
    /// A name for something, of a kind: the same thing has the same one over a suite.
    Id(u16),
    /// A time near the recording.
    Time(Moment),
    /// Whatever it is, it is not compared.
    Unread,
}

/// The kind of the recording's own hosts and ports.
const HOST: u16 = u16::MAX;

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site<'a> {
    pub(super) name: Name<'a>,
    /// Whether a setting says that nothing here is minted.
    pub(super) is_kept: bool,
    pub(super) hosts: &'a Hosts,
    /// When the message was sent, as its server tells it.
    pub(super) clock: Option<Micros>,
}

/// What the place of a text is called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Name<'a> {
    /// By a header field.
    Header(&'a str),
    /// By the nearest member of an object around it, or a column.
    Key(&'a str),
    /// Not at all.
    None,
}

impl Kinds {
    /// The kinds that are built in, and what settings say of them, the farthest first.
    ///
    /// # Errors
    /// [`ErrorKind::Setting`] for a pattern that is no regular expression, a pointer that is none, and a
    /// kind that is not there.
    pub fn new<'a>(settings: impl IntoIterator<Item = &'a Volatile>) -> Result<Kinds> {
        let wrong = |message: String| Error::new(ErrorKind::Setting, message);
        let file: KindsFile = toml::from_str(BUILT_IN).map_err(|error| wrong(error.to_string()))?;
        let settings: Vec<&Volatile> = settings.into_iter().collect();
        let mut entries = file.kind;
        for name in settings.iter().flat_map(|volatile| &volatile.except.kinds) {
            let known = entries.len();
            entries.retain(|entry| entry.name != *name);
            if entries.len() == known {
                let error = wrong(format!("there is no kind `{name}` of values that are made anew"));
                let near = crate::toml_file::nearest(name, entries.iter().map(|entry| &*entry.name));
                return Err(match near {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint(format!("the kinds: {}", names(&entries))),
                });
            }
        }
        for pattern in settings.iter().flat_map(|volatile| &volatile.patterns) {
            Regex::new(pattern).map_err(|error| {
                wrong(format!("`{pattern}` is no regular expression: {error}"))
                    .hint("the syntax is that of Rust's regex crate: no look-around, no back-references")
            })?;
            let name = pattern.clone();
            let pattern = Some(pattern.clone());
            // The more special goes first.
            entries.insert(0, KindEntry { name, pattern, is: Is::Id, keys: Vec::new(), headers: Vec::new() });
        }
        let regex = |text: &str| Regex::new(text).map_err(|error| wrong(error.to_string()));
        let mut kinds = Vec::new();
        let (mut by_key, mut by_header) = (ByName::default(), ByName::default());
        let (mut anywhere, mut of_anywhere) = (Vec::new(), Vec::new());
        for (at, entry) in entries.iter().enumerate() {
            entry.keys.iter().for_each(|key| by_key.insert(key, at));
            entry.headers.iter().for_each(|name| by_header.insert(name, at));
            let whole = entry.pattern.as_ref().map(|pattern| regex(&format!("^(?:{pattern})$")));
            kinds.push(Kind { whole: whole.transpose()?, is_time: entry.is == Is::Time });
            if let (Some(pattern), true, true) =
                (&entry.pattern, entry.keys.is_empty(), entry.headers.is_empty())
            {
                anywhere.push(pattern);
                of_anywhere.push(at);
            }
        }
        let pointers = |all: &dyn Fn(&Volatile) -> &Vec<String>| -> Result<Vec<Vec<String>>> {
            settings.iter().flat_map(|volatile| all(volatile)).map(|text| pointer(text)).collect()
        };
        let lower = |all: &dyn Fn(&Volatile) -> &Vec<String>| -> Vec<String> {
            settings.iter().flat_map(|volatile| all(volatile)).map(|name| name.to_ascii_lowercase()).collect()
        };
        let mut unread_headers = lower(&|volatile| &volatile.headers);
        unread_headers.extend(file.unread.headers.iter().map(|name| name.to_ascii_lowercase()));
        let never = AhoCorasick::builder().ascii_case_insensitive(true).build(&file.never.words);
        Ok(Kinds {
            anywhere: Patterns::new_many(&anywhere).map_err(|error| wrong(error.to_string()))?,
            of_anywhere,
            kinds,
            has_own: settings.iter().any(|volatile| !volatile.patterns.is_empty()),
            by_key,
            by_header,
            unread_headers,
            unread_pointers: pointers(&|volatile| &volatile.pointers)?,
            kept_headers: lower(&|volatile| &volatile.except.headers),
            kept_pointers: pointers(&|volatile| &volatile.except.pointers)?,
            never: never.map_err(|error| wrong(error.to_string()))?,
        })
    }

    /// The kinds that are built in.
    pub fn built_in() -> &'static Kinds {
        static KINDS: LazyLock<Kinds> =
            LazyLock::new(|| Kinds::new([]).expect("the built-in kinds are read by a test"));
        &KINDS
    }

    /// What a setting says of the header field of this name.
    pub(super) fn of_header(&self, name: &str) -> PlaceRule {
        let is = |known: &String| known.eq_ignore_ascii_case(name);
        if self.kept_headers.iter().any(is) {
            PlaceRule::Kept
        } else if self.unread_headers.iter().any(is) {
            PlaceRule::Unread
        } else {
            PlaceRule::Nothing
        }
    }

    /// What a setting says of the value of a body at this path.
    pub(super) fn of_pointer(&self, path: &[String]) -> PlaceRule {
        let is = |pointer: &Vec<String>| {
            pointer.len() == path.len()
                && pointer.iter().zip(path).all(|(part, step)| part == "*" || part == step)
        };
        if self.kept_pointers.iter().any(is) {
            PlaceRule::Kept
        } else if self.unread_pointers.iter().any(is) {
            PlaceRule::Unread
        } else {
            PlaceRule::Nothing
        }
    }

    /// Whether settings name any place in bodies.
    pub(super) fn has_pointers(&self) -> bool {
        !(self.kept_pointers.is_empty() && self.unread_pointers.is_empty())
    }

    /// The minted values of `text`, in order.
    pub(super) fn pieces(&self, text: &str, site: Site<'_>, pieces: &mut Vec<Piece>) {
        pieces.clear();
        if site.is_kept || text.is_empty() {
            return;
        }
        let named = match site.name {
            Name::Header(name) => match self.of_header(name) {
                PlaceRule::Kept => return,
                PlaceRule::Unread => return pieces.push(Piece { range: 0..text.len(), is: Minted::Unread }),
                PlaceRule::Nothing => self.by_header.get(name),
            },
            Name::Key(name) => self.by_key.get(name),
            Name::None => None,
        };
        if let Some(kind) = named
            && self.named_pieces(kind, text, site, pieces)
        {
            return;
        }
        // The shortest of the built-in shapes is a time in seconds, and all have digits but for a token that is
        // not shown whole.
        const SHORTEST: usize = 10;
        let shortest = if self.has_own { 1 } else { SHORTEST };
        if text.len() < shortest.min(site.hosts.shortest) {
            return;
        }
        let has_digits = text.bytes().any(|byte| byte.is_ascii_digit());
        if has_digits || !site.hosts.all_have_digits {
            site.hosts.pieces(text, pieces);
        }
        let hosts = pieces.len();
        let may_be_one = text.len() >= shortest && (self.has_own || has_digits || text.contains("(..."));
        if !(may_be_one || hosts > 0) {
            return;
        }
        let never = match site.name {
            Name::Header(name) | Name::Key(name) => self.is_never(name),
            Name::None => false,
        };
        if never {
            return pieces.clear();
        }
        if !may_be_one {
            return;
        }
        let is_host =
            |host: &Piece, range: &Range<usize>| host.range.start < range.end && range.start < host.range.end;
        let (mut end, mut is_in_word) = (0, false);
        for (start, char) in text.char_indices() {
            // Nothing begins within a word, or within what was found before.
            let is_begin = !std::mem::replace(&mut is_in_word, char.is_alphanumeric());
            if !is_begin || start < end {
                continue;
            }
            let input = Input::new(text).range(start..).anchored(Anchored::Yes);
            let Some(found) = self.anywhere.search_half(&input) else { continue };
            let range = start..found.offset();
            let is_part = text[range.end..].starts_with(char::is_alphanumeric);
            if range.is_empty() || is_part || pieces[..hosts].iter().any(|host| is_host(host, &range)) {
                continue;
            }
            end = range.end;
            let kind = self.of_anywhere[found.pattern()];
            if let Some(is) = self.minted_of(kind, &text[range.clone()], site.clock)
                && !(matches!(is, Minted::Id(_)) && self.is_never(name_before(&text[..range.start])))
            {
                pieces.push(Piece { range, is });
            }
        }
        if hosts > 0 {
            pieces.sort_by_key(|piece| piece.range.start);
        }
    }

    /// The pieces of a value whose place has a kind; says whether it is of that kind.
    fn named_pieces(&self, kind: usize, text: &str, site: Site<'_>, pieces: &mut Vec<Piece>) -> bool {
        if let Some(whole) = &self.kinds[kind].whole {
            let is_one = whole.is_match(text);
            pieces.extend(is_one.then(|| Piece { range: 0..text.len(), is: Minted::Id(id_kind(kind, 0)) }));
            return is_one;
        }
        let is_cookie =
            matches!(site.name, Name::Header(name) if name.to_ascii_lowercase().ends_with("cookie"));
        if is_cookie {
            return self.cookie_pieces(kind, text, site, pieces);
        }
        // What comes before the last space is a scheme: `Bearer`.
        let start = text.rfind(' ').map_or(0, |at| at + 1);
        let token = &text[start..];
        if is_word(token) {
            return false;
        }
        let is = self.minted(token, site.clock).unwrap_or(Minted::Id(id_kind(kind, letters(token))));
        pieces.push(Piece { range: start..text.len(), is });
        true
    }

    /// The values of cookies. What follows the first one of a `Set-Cookie` are attributes.
    fn cookie_pieces(&self, kind: usize, text: &str, site: Site<'_>, pieces: &mut Vec<Piece>) -> bool {
        let mut start = 0;
        for part in text.split(';') {
            let value = part.find('=').map_or(part.len(), |at| at + 1);
            let range = start + value..start + part.len();
            start += part.len() + 1;
            let value = &text[range.clone()];
            let is = match self.minted(value, site.clock) {
                Some(is) => is,
                // A name or a setting is short, or has words.
                None if value.len() < 12 || is_word(value) => continue,
                None => Minted::Id(id_kind(kind, letters(value))),
            };
            pieces.push(Piece { range, is });
        }
        true
    }

    /// What `text` is as a whole.
    fn minted(&self, text: &str, clock: Option<Micros>) -> Option<Minted> {
        let is = |&&at: &&usize| self.kinds[at].whole.as_ref().is_some_and(|whole| whole.is_match(text));
        let &kind = self.of_anywhere.iter().find(is)?;
        self.minted_of(kind, text, clock)
    }

    /// What `text`, which has the shape of `kind`, is.
    fn minted_of(&self, kind: usize, text: &str, clock: Option<Micros>) -> Option<Minted> {
        if self.kinds[kind].is_time {
            return Moment::near(text, clock?).map(Minted::Time);
        }
        Some(Minted::Id(id_kind(kind, 0)))
    }

    fn is_never(&self, name: &str) -> bool {
        self.never.is_match(name)
    }
}

/// What settings say of a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PlaceRule {
    Nothing,
    /// Nothing in it is minted.
    Kept,
    /// It is not compared.
    Unread,
}

/// Kinds by the names of their places, whose case does not matter. They are few, and are looked up for each value
/// of a trace.
#[derive(Clone, Debug, Default)]
struct ByName {
    /// In the order of the names, which are in lower case.
    kinds: Vec<(String, usize)>,
}

impl ByName {
    /// The kind that is named last stays.
    fn insert(&mut self, name: &str, kind: usize) {
        match self.place(name) {
            Ok(at) => self.kinds[at].1 = kind,
            Err(at) => self.kinds.insert(at, (name.to_ascii_lowercase(), kind)),
        }
    }

    fn get(&self, name: &str) -> Option<usize> {
        self.place(name).ok().map(|at| self.kinds[at].1)
    }

    fn place(&self, name: &str) -> std::result::Result<usize, usize> {
        let lower = || name.bytes().map(|byte| byte.to_ascii_lowercase());
        self.kinds.binary_search_by(|(known, _)| known.bytes().cmp(lower()))
    }
}

fn names(entries: &[KindEntry]) -> String {
    entries.iter().map(|entry| &*entry.name).collect::<Vec<_>>().join(", ")
}

/// The parts of a JSON pointer.
fn pointer(text: &str) -> Result<Vec<String>> {
    let Some(path) = text.strip_prefix('/') else {
        return Err(Error::new(ErrorKind::Setting, format!("`{text}` is no JSON pointer"))
            .hint("it begins with a slash: /server/hostId"));
    };
    Ok(path.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect())
}

/// A kind, told apart by the letters that it has where it has no shape.
fn id_kind(kind: usize, letters: u16) -> u16 {
    u16::try_from(kind).unwrap_or(0) << 3 | letters
}

fn letters(text: &str) -> u16 {
    let all = |is: fn(&u8) -> bool| text.as_bytes().iter().all(is);
    if all(u8::is_ascii_digit) {
        1
    } else if all(u8::is_ascii_hexdigit) {
        2
    } else if text.contains("(...") {
        3
    } else if all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(byte)) {
        4
    } else {
        5
    }
}

/// Whether a value is a word, or a mask, and not made by chance.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'*')
        || text.len() < 12 && !text.bytes().any(|byte| byte.is_ascii_digit())
}

/// The name in `os_hash_value='` or `"checksum": "`, which stands before a value; or nothing.
fn name_before(text: &str) -> &str {
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let Some(text) = text.strip_suffix(['=', ':']) else { return "" };
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    &text[text
        .rfind(|c| !is_name(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8))..]
}

/// The hosts and ports that a recording was made with.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    finder: Option<AhoCorasick>,
    /// Hosts with their ports, as URLs name them.
    authorities: Vec<String>,
    shortest: usize,
    all_have_digits: bool,
}

impl Hosts {
    /// Those of a trace's URLs.
    pub(super) fn of(trace: &Trace) -> Hosts {
        let mut hosts: Vec<&str> = Vec::new();
        let mut authorities: Vec<&str> = Vec::new();
        for exchange in &trace.exchanges {
            let parts = UrlParts::of(&exchange.request.url);
            let authority = parts.host_and_port();
            // A trace has few, and calls of one follow each other.
            if !authority.is_empty() && !authorities.contains(&authority) {
                authorities.push(authority);
                hosts.push(parts.host());
            }
        }
        hosts.sort_unstable_by_key(|host| (std::cmp::Reverse(host.len()), *host));
        hosts.dedup();
        hosts.retain(|host| host.len() > 2);
        let finder = (!hosts.is_empty()).then(|| {
            let kind = aho_corasick::MatchKind::LeftmostFirst;
            AhoCorasick::builder().match_kind(kind).ascii_case_insensitive(true).build(&hosts).ok()
        });
        Hosts {
            finder: finder.flatten(),
            authorities: authorities.into_iter().map(str::to_owned).collect(),
            shortest: hosts.last().map_or(usize::MAX, |host| host.len()),
            all_have_digits: hosts.iter().all(|host| host.bytes().any(|byte| byte.is_ascii_digit())),
        }
    }

    fn pieces(&self, text: &str, pieces: &mut Vec<Piece>) {
        let Some(finder) = &self.finder else { return };
        let mut end = 0;
        for found in finder.find_iter(text) {
            let mut range = found.range();
            let before = text[..range.start].chars().next_back();
            let after = &text[range.end..];
            let is_longer = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))
                || after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_'))
                || after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
            if is_longer || range.start < end {
                continue;
            }
            if let Some(port) = after.strip_prefix(':') {
                let digits = port.find(|c: char| !c.is_ascii_digit()).unwrap_or(port.len());
                let with_port = range.start..range.end + 1 + digits;
                let is = |authority: &String| authority.eq_ignore_ascii_case(&text[with_port.clone()]);
                if digits > 0 && self.authorities.iter().any(is) {
                    range = with_port;
                }
            }
            end = range.end;
            pieces.push(Piece { range, is: Minted::Id(HOST) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Except;
    use crate::trace::{Exchange, Request};

    fn pieces<'a>(kinds: &Kinds, name: Name<'_>, text: &'a str) -> Vec<&'a str> {
        let request = Request { url: "http://192.0.2.1:9292/v2".into(), ..Request::default() };
        let trace =
            Trace { exchanges: vec![Exchange { request, ..Exchange::default() }], ..Trace::default() };
        let hosts = Hosts::of(&trace);
        let clock = super::super::moment::of_header("Thu, 26 Nov 2026 20:16:55 GMT");
        let mut pieces = Vec::new();
        kinds.pieces(text, Site { name, is_kept: false, hosts: &hosts, clock }, &mut pieces);
        pieces.into_iter().map(|piece| &text[piece.range]).collect()
    }

    const UUID: &str = "c1770502-5b1e-4f0e-9a6c-d0c9e5000001";
    const HEX: &str = "b437c321dff84320bc1779b52e0ac730";

    #[test]
    fn a_value_is_known_by_its_shape_wherever_it_stands() {
        let none: [&str; 0] = [];
        let found = |text| pieces(Kinds::built_in(), Name::None, text);
        let url = format!("http://192.0.2.1:9292/v2/images/{UUID}/file?x=AUTH_{HEX}");
        assert_eq!(found(&url), ["192.0.2.1:9292", UUID, HEX]);
        assert_eq!(found("http://192.0.2.1:5000/ 192.0.2.100:9292"), ["192.0.2.1"]);
        let request = format!("req-{UUID}");
        assert_eq!(found(&request), [&*request]);
        assert_eq!(found("fa:16:3e:00:1a:2b"), ["fa:16:3e:00:1a:2b"]);
        let token = "gAAAAABrCJTVkFlV8cR05bO(...)bLPupxqueajvG4r3z0WMe4";
        assert_eq!(found(token), [token]);
        assert_eq!(found("2026-11-26T20:16:54Z 2020-04-07T00:00:00Z"), ["2026-11-26T20:16:54Z"]);
        // Longer than an id, or part of a word.
        let longer = format!("{HEX}0 x{HEX} {HEX}{HEX}");
        assert_eq!(found(&longer), none);
        assert_eq!(found("12345 active v2.15 30000"), none);
        let markup = "<script nonce=\"dGhpcyBpcyBv\" src=\"/assets/app-816c034c.min.js\">";
        assert_eq!(found(markup), ["nonce=\"dGhpcyBpcyBv\"", "816c034c.min.js"]);
        assert_eq!(found("script-src 'nonce-ef3e8a21' 'self'"), ["'nonce-ef3e8a21'"]);
        // Words, versions and data are no names that a build made.
        assert_eq!(found("/assets/settings.js /v/jquery-3.7.1.min.js /f/816c034c.json x816c034c.js"), none);
    }

    #[test]
    fn a_name_says_what_a_value_is_and_what_it_is_not() {
        let none: [&str; 0] = [];
        let kinds = Kinds::built_in();
        assert_eq!(pieces(kinds, Name::Key("os_hash_value"), HEX), none);
        assert_eq!(pieces(kinds, Name::Header("ETag"), HEX), none);
        let cell = format!("os_hash_value='{HEX}', id='{HEX}', \"checksum\": \"{HEX}\"");
        assert_eq!(pieces(kinds, Name::Key("properties"), &cell), [HEX]);
        assert_eq!(
            pieces(kinds, Name::Key("audit_ids"), "-kfqY_9ESQqAsEXXcsE_4g"),
            ["-kfqY_9ESQqAsEXXcsE_4g"]
        );
        assert_eq!(pieces(kinds, Name::Key("name"), "-kfqY_9ESQqAsEXXcsE_4g"), none);
        assert_eq!(pieces(kinds, Name::Header("Authorization"), "Bearer aZ09-xyz_mnopq"), ["aZ09-xyz_mnopq"]);
        assert_eq!(pieces(kinds, Name::Header("Authorization"), "***"), none);
        let cookie = "sid=aZ09xyzmnopq1; lang=ko; Path=/";
        assert_eq!(pieces(kinds, Name::Header("Set-Cookie"), cookie), ["aZ09xyzmnopq1"]);
        assert_eq!(pieces(kinds, Name::Header("age"), "17"), ["17"]);
    }

    #[test]
    fn settings_add_kinds_and_take_them_away() {
        let none: [&str; 0] = [];
        let volatile = Volatile {
            patterns: vec!["job-[0-9]+".into()],
            except: Except {
                kinds: vec!["hex-id".into()],
                headers: vec!["X-Kept".into()],
                ..Except::default()
            },
            ..Volatile::default()
        };
        let kinds = Kinds::new([&volatile]).unwrap();
        assert_eq!(pieces(&kinds, Name::None, "job-1 of today, not xjob-2"), ["job-1"]);
        assert_eq!(pieces(&kinds, Name::None, HEX), none);
        assert_eq!(pieces(&kinds, Name::Header("x-kept"), UUID), none);
        for (volatile, message) in [
            (Volatile { patterns: vec!["(".into()], ..Volatile::default() }, "`(` is no regular expression"),
            (Volatile { pointers: vec!["a".into()], ..Volatile::default() }, "`a` is no JSON pointer"),
        ] {
            assert!(Kinds::new([&volatile]).unwrap_err().message().starts_with(message));
        }
        let except = Except { kinds: vec!["uid".into()], ..Except::default() };
        let error = Kinds::new([&Volatile { except, ..Volatile::default() }]).unwrap_err();
        assert_eq!(error.help(), Some("did you mean `uuid`?"));
    }
}
