//! The anchors of a page's sections: names under which a link finds them.
//!
//! A number moves with the next recording, and a link to it leads to another section without a word. So a
//! section is called by the label of its exchange, or else by who asks whom for what, without ids and without
//! numbers of steps; only exchanges that nothing else tells apart are counted. A response that has a section of
//! its own adds a word to the anchor of its request. What this leaves out: which sections a page has, and how
//! a link is written.

use std::collections::HashSet;
use std::sync::Arc;

use super::first_settings::is_id;
use super::{Phrases, Source};
use crate::settings::HoleWord;

/// What an anchor is made from where an exchange has no label.
#[derive(Clone, Copy, Debug)]
pub struct Unlabelled<'a> {
    /// The id of who asks.
    pub from: &'a str,
    /// The id of who answers.
    pub to: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path with variables for values, with its query or without.
    pub path: &'a str,
}

/// The anchors of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchors {
    /// Of each exchange, in the order in which they were given.
    pub exchanges: Vec<Arc<str>>,
    /// Of the diagram, or whatever else shows all exchanges at once.
    pub overview: Arc<str>,
}

/// What stands behind the anchor of a request for that of its response.
pub const RESPONSE: &str = "-response";

/// The anchor of a response that has a section beside that of its request.
pub fn of_response(request: &str) -> String {
    format!("{request}{RESPONSE}")
}

/// The anchor of the row that leads to a section, in the table of all exchanges.
pub fn of_row(section: &str) -> String {
    format!("{section}-row")
}

/// How many of the bytes that `text` begins with may be those of an anchor that docgen made.
pub fn length(text: &str) -> usize {
    let is_made = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    text.bytes().take_while(is_made).count()
}

impl Anchors {
    /// Anchors of these exchanges: of each the names of its labels, the first of which counts, and what it is.
    /// The word of the hole
    /// that prints the overview is the name of that. None is one of `taken`, and no two are equal: a count is behind all but the first, labels before others.
    pub fn new(
        exchanges: &[(Vec<&str>, Unlabelled<'_>)],
        overview: HoleWord,
        taken: HashSet<String>,
    ) -> Anchors {
        let mut unused = Unused(taken);
        let overview = unused.take(overview.name().to_owned());
        let mut anchors = vec![None; exchanges.len()];
        for (anchor, (labels, _)) in anchors.iter_mut().zip(exchanges) {
            *anchor = labels.first().map(|label| unused.take(slug(label)));
        }
        let all = anchors.into_iter().zip(exchanges);
        let exchanges = all.map(|(anchor, (_, what))| anchor.unwrap_or_else(|| unused.take(what.slug())));
        Anchors { exchanges: exchanges.collect(), overview }
    }
}

impl Unlabelled<'_> {
    fn slug(&self) -> String {
        let path = self.path.split(['?', '#']).next().unwrap_or_default();
        let parts = path.split('/').map(|part| if is_counted(part) { "id" } else { part });
        let parts: Vec<&str> = [self.from, self.to, self.method].into_iter().chain(parts).collect();
        slug(&parts.join("-"))
    }
}

/// Whether a part of a path is made anew with what it names.
fn is_counted(part: &str) -> bool {
    is_id(part) || !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Letters and digits, with a hyphen for each run of all else: what attribute lists, links and URLs leave as
/// it is.
fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    }
    if slug.is_empty() { "exchange".into() } else { slug }
}

/// The names that are left.
struct Unused(HashSet<String>);

impl Unused {
    /// This name, or the first of it with a count, that is free for a request and its response, and for their rows.
    fn take(&mut self, name: String) -> Arc<str> {
        let (mut anchor, mut count) = (name.clone(), 1);
        loop {
            let response = of_response(&anchor);
            let rows = [of_row(&anchor), of_row(&response)];
            if [&anchor, &response].into_iter().chain(&rows).all(|name| !self.0.contains(name)) {
                let taken = anchor.as_str().into();
                self.0.extend([anchor, response].into_iter().chain(rows));
                return taken;
            }
            count += 1;
            anchor = format!("{name}-{count}");
        }
    }
}

/// The anchors of the captures of these paths, on a page whose own headings are docgen's.
pub fn of_captures<'a>(paths: impl Iterator<Item = &'a str>, phrases: &Phrases) -> Vec<Arc<str>> {
    let mut unused = Unused(taken(&[], phrases));
    paths.map(|path| unused.take(slug(path))).collect()
}

/// The anchor that sources themselves give what shows all exchanges: on the heading right above the hole that
/// prints it, or, where a writer draws it without such a hole, by the name of that hole wherever it is.
pub fn of_writer(sources: &[Source], overview: HoleWord) -> Option<&str> {
    // The templates of other layouts write the anchor themselves.
    if overview != HoleWord::Diagram {
        return None;
    }
    let holes = sources.iter().flat_map(|source| source.holes().map(move |hole| (source, hole)));
    let mut overviews = holes.filter(|(source, hole)| {
        let word = hole.tokens.first().map(|token| &source.text[token.span.clone()]);
        hole.is_block() && word == Some(overview.name())
    });
    if let Some((source, hole)) = overviews.next() {
        return source.anchor_above(hole);
    }
    let name = overview.name();
    let marks = [format!(" {{ #{name} }}"), format!("<span id=\"{name}\"></span>")];
    let mut lines = sources.iter().flat_map(|source| source.text.lines()).map(str::trim);
    let is_marked = |line: &str| line.starts_with('#') && line.ends_with(&marks[0]) || line == marks[1];
    lines.any(is_marked).then_some(name)
}

/// The ids that headings have already: those of the page's own prose, and those that docgen writes in the
/// page's language.
pub fn taken(sources: &[Source], phrases: &Phrases) -> HashSet<String> {
    let headings = phrases.iter().filter(|(key, _)| key.ends_with("_heading"));
    let mut taken: HashSet<String> = headings.flat_map(|(_, phrase)| heading_ids(phrase)).collect();
    for line in sources.iter().flat_map(|source| source.text.lines()) {
        let bare = line.trim_start_matches([' ', '\t', '>']);
        if bare.starts_with('#') {
            taken.extend(heading_ids(bare.trim_matches(['#', ' '])));
        }
        // `{ #id }` and `id="id"`, wherever they are: one id too many costs a count. What leads to one is none.
        let is_own = |(at, _): &(usize, &str)| !line[..*at].ends_with(['"', '\'', '(']);
        for (at, _) in line.match_indices('#').filter(is_own).chain(line.match_indices("id=")) {
            let named = line[at..].trim_start_matches(['#', 'i', 'd', '=', '"', '\'']);
            let end = named.find([' ', '}', '"', '\'', '>']).unwrap_or(named.len());
            taken.insert(named[..end].to_owned());
        }
    }
    taken
}

/// The ids that sites give a heading: Python-Markdown's, which knows ASCII alone, and one that keeps all letters.
fn heading_ids(text: &str) -> [String; 2] {
    let of = |is_kept: fn(char) -> bool| {
        let kept: String =
            text.to_lowercase().chars().filter(|&c| is_kept(c) || matches!(c, ' ' | '-' | '_')).collect();
        kept.split([' ', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    };
    [of(|c| c.is_ascii_alphanumeric()), of(char::is_alphanumeric)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHOW: Unlabelled<'_> =
        Unlabelled { from: "client", to: "glance", method: "GET", path: "/image/v2/images/{image_id}?a=b" };
    const TOKEN: Unlabelled<'_> =
        Unlabelled { from: "glance", to: "keystone", method: "GET", path: "/identity/v3/auth/tokens" };

    fn anchors(exchanges: &[(Vec<&str>, Unlabelled<'_>)]) -> Vec<String> {
        Anchors::new(exchanges, HoleWord::Diagram, HashSet::new())
            .exchanges
            .iter()
            .map(|anchor| anchor.to_string())
            .collect()
    }

    #[test]
    fn a_section_is_called_by_its_label_or_by_what_it_is() {
        let found = anchors(&[(vec!["show_image", "other"], SHOW), (vec![], SHOW), (vec![], TOKEN)]);
        let expected = [
            "show-image",
            "client-glance-get-image-v2-images-image-id",
            "glance-keystone-get-identity-v3-auth-tokens",
        ];
        assert_eq!(found, expected);
        assert_eq!(anchors(&[(vec![], TOKEN), (vec![], TOKEN)])[1], format!("{}-2", expected[2]));
    }

    #[test]
    fn no_id_and_no_number_is_in_an_anchor() {
        let path = "/v2/images/f36f9b00-a382-4ea5-9f17-ff3ad85a9087/members/12";
        assert_eq!(
            anchors(&[(vec![], Unlabelled { path, ..SHOW })]),
            ["client-glance-get-v2-images-id-members-id"]
        );
    }

    #[test]
    fn what_comes_in_front_changes_no_anchor() {
        let before = anchors(&[(vec!["show"], SHOW), (vec![], TOKEN)]);
        let after = anchors(&[(vec![], SHOW), (vec!["show"], SHOW), (vec![], TOKEN)]);
        assert_eq!(before[..], after[1..]);
    }

    #[test]
    fn no_anchor_is_that_of_a_heading_or_of_another_one() {
        let text = "# Show image\n\n## 이미지 조회 { #own }\n\n<a id=\"list\" href=\"#a\"></a>\n";
        let sources = [Source::parse("page.md", text).unwrap()];
        let phrases = Phrases::parse("en.toml".as_ref(), "diagram_heading = 'Diagram'").unwrap();
        let taken = taken(&sources, &phrases);
        for id in ["show-image", "own", "list", "diagram", "이미지-조회-own"] {
            assert!(taken.contains(id), "{id}: {taken:?}");
        }
        let labels = ["show_image", "Show__Image", "own", "a", "a_response", "a_row", "a_response_row"];
        let labels = labels.map(|label| vec![label]);
        let found = Anchors::new(&labels.map(|label| (label, SHOW)), HoleWord::Diagram, taken);
        let names: Vec<&str> = found.exchanges.iter().map(|anchor| &**anchor).collect();
        let expected =
            ["show-image-2", "show-image-3", "own-2", "a", "a-response-2", "a-row-2", "a-response-row-2"];
        assert_eq!(names, expected);
        assert_eq!(&*found.overview, "diagram-2");
    }

    /// Who asks for which path, and the label, if it has one.
    fn exchanges(parts: &[(String, String, Option<String>)]) -> Vec<(Vec<&str>, Unlabelled<'_>)> {
        parts
            .iter()
            .map(|(who, path, label)| {
                (label.iter().map(String::as_str).collect(), Unlabelled { from: who, path, ..SHOW })
            })
            .collect()
    }

    proptest! {
        #[test]
        fn an_exchange_in_front_changes_no_anchor_but_of_its_like(
            parts in proptest::collection::vec(("[a-c]", "/[a-b]", proptest::option::of("[a-b]{1,2}")), 0..12),
        ) {
            let exchanges = exchanges(&parts);
            let mut more = vec![(vec![], Unlabelled { method: "PUT", ..SHOW })];
            more.extend(exchanges.clone());
            prop_assert_eq!(&anchors(&more)[1..], &anchors(&exchanges)[..]);
        }

        #[test]
        fn all_anchors_differ_and_need_no_escape(
            parts in proptest::collection::vec(("[a-c가 -]{0,3}", "\\PC{0,9}", proptest::option::of("[a-bA-B_]{1,3}")), 0..12),
        ) {
            let exchanges = exchanges(&parts);
            let found = Anchors::new(&exchanges, HoleWord::Diagram, HashSet::new());
            let both = found.exchanges.iter().flat_map(|anchor| [anchor.to_string(), of_response(anchor)]);
            let both: Vec<String> = both.flat_map(|anchor| [of_row(&anchor), anchor]).collect();
            prop_assert!(both.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')));
            prop_assert!(both.iter().all(|id| length(id) == id.len()));
            prop_assert_eq!(both.iter().collect::<HashSet<_>>().len(), both.len());
        }
    }
}
