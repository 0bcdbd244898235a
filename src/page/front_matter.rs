//! What a page says of itself to whoever lists it: title, description and language.
//!
//! Builders read it for the page's name in the navigation, for what a search engine shows below a link, and for
//! the language that a screen reader speaks. All of it is plain text on one line. What this leaves out: how it is
//! written (`render::front_matter`).

use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::source::Source;
use super::{Command, context};

/// How many characters a description has at most: search engines cut off what is longer.
const LONGEST: usize = 160;

/// What a page says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontMatter {
    /// The title.
    pub title: String,
    /// A sentence about it, if there is one.
    pub description: Option<String>,
    /// Its language, as HTML names it.
    pub lang: String,
}

impl FrontMatter {
    /// What a page with this title, description and language says.
    pub fn new(title: &str, description: &str, lang: &str) -> FrontMatter {
        let description = Some(shortened(&on_one_line(description))).filter(|text| !text.is_empty());
        FrontMatter { title: on_one_line(title), description, lang: lang.to_owned() }
    }
}

/// The text of Markdown, on one line.
pub fn plain(markdown: &str) -> String {
    let mut text = String::new();
    for event in Parser::new(markdown) {
        match event {
            Event::Text(part) | Event::Code(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item) => text.push(' '),
            _ => {}
        }
    }
    on_one_line(&text)
}

/// Whether Markdown can be shown by another page as it is: it has no links, images or HTML, which lead elsewhere from
/// there.
pub(crate) fn is_movable(markdown: &str) -> bool {
    let stays = |event| {
        matches!(
            event,
            Event::Start(Tag::Link { .. } | Tag::Image { .. }) | Event::Html(_) | Event::InlineHtml(_)
        )
    };
    !Parser::new(markdown).any(stays)
}

/// Whether Markdown is one paragraph on one line.
pub(crate) fn is_line_of_prose(markdown: &str) -> bool {
    !markdown.contains('\n') && first_paragraph(markdown) == Some(0..markdown.len())
}

/// The first sentence of a page source's first paragraph, as Markdown on one line, if no hole is in it.
pub(super) fn first_sentence(source: &Source) -> Option<String> {
    let start = context::front_matter(&source.text).end;
    let paragraph = first_paragraph(&source.text[start..])?;
    let text = &source.text[start..][paragraph.clone()];
    let sentence = &text[..end_of_sentence(text)];
    let span = start + paragraph.start..start + paragraph.start + sentence.len();
    let has_hole = source.holes().any(|hole| hole.span.start < span.end && span.start < hole.span.end);
    (!has_hole && !source.is_gone(span.start)).then(|| on_one_line(sentence))
}

/// What can be said of any page: its command, and what its diagram shows, if it shows anything.
pub(super) fn fact(command: Option<&Command>, diagram: Option<&str>) -> String {
    let joined = command.map(|command| command.typed().replace("\\\n", " ")).unwrap_or_default();
    let typed = joined.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let parts = typed.map(on_one_line).into_iter().chain(diagram.map(str::to_owned));
    parts.collect::<Vec<_>>().join(": ")
}

/// The range of the first paragraph of prose in Markdown; nothing where a heading below the title comes before it.
fn first_paragraph(markdown: &str) -> Option<Range<usize>> {
    let mut headings = 0;
    let mut depth = 0;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::Paragraph) if depth == 0 => {
                let text = markdown[range.clone()].trim_end();
                let is_prose =
                    !text.lines().any(context::is_of_extension) && !text.starts_with(['|', '{', '<']);
                if is_prose {
                    return Some(range.start..range.start + text.len());
                }
                depth += 1;
            }
            Event::Start(Tag::Heading { .. }) => {
                headings += 1;
                if headings > 1 {
                    return None;
                }
                depth += 1;
            }
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Where the first sentence of a text ends, with its mark.
fn end_of_sentence(text: &str) -> usize {
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        match c {
            '。' | '？' | '！' => return end,
            '.' | '?' | '!' => {
                let rest = &text[end..];
                let next = rest.trim_start();
                let word = text[..at].rsplit(char::is_whitespace).next().unwrap_or_default();
                // `e.g.`, `1.5` and `v2. b` go on.
                let is_end = next.len() < rest.len() && !next.starts_with(char::is_lowercase);
                if next.is_empty() || is_end && !word.contains('.') {
                    return end;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of at most [`LONGEST`] characters, cut off behind a word.
fn shortened(text: &str) -> String {
    let Some((most, _)) = text.char_indices().nth(LONGEST) else { return text.to_owned() };
    let room = &text[..most];
    let end = room
        .rfind(' ')
        .filter(|end| *end > most / 2)
        .unwrap_or_else(|| room.char_indices().next_back().map_or(0, |(last, _)| last));
    format!("{}…", text[..end].trim_end_matches([' ', ',', ';', ':', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sentence(text: &str) -> Option<String> {
        first_sentence(&Source::parse("page.md", text).unwrap()).as_deref().map(plain)
    }

    #[test]
    fn the_first_sentence_of_prose_is_found() {
        for (text, found) in [
            ("# A\n\nLists images, e.g. `cirros`. More.\n", Some("Lists images, e.g. cirros.")),
            ("# A\n\n이미지 목록을 출력한다. 그리고\n", Some("이미지 목록을 출력한다.")),
            ("# A\n\nTwo\nlines\n\nMore.\n", Some("Two lines")),
            ("---\ntitle: x\n---\n\n# A\n\nHello.\n", Some("Hello.")),
            ("# A\n\n{{ facts }}\n\nHello.\n", Some("Hello.")),
            ("# A\n\n!!! note\n    Not this.\n\nThis.\n", Some("This.")),
            ("# A\n\n- a list\n\nThis.\n", Some("This.")),
            ("# A\n\n## B\n\nThat is of B.\n", None),
            ("# A\n\nIn {{ show }} it asks. More.\n", None),
            ("# A\n", None),
            ("", None),
        ] {
            assert_eq!(sentence(text).as_deref(), found, "{text}");
        }
    }

    #[test]
    fn what_leads_somewhere_stays_on_its_page() {
        for text in ["A `b` *c* {d}.", "a\n\nb", "- a <", "[a] b"] {
            assert!(is_movable(text), "{text}");
        }
        for text in ["[a](b)", "![a](b)", "<https://a>", "<b>a</b>", "*[a](b)*", "<div>\na\n</div>"] {
            assert!(!is_movable(text), "{text}");
        }
    }

    #[test]
    fn a_description_is_one_line_of_plain_text() {
        let description = |text: &str| FrontMatter::new("a\nb", &plain(text), "en").description;
        assert_eq!(description("A `b` [c](d)\n**e** <i>f</i>").as_deref(), Some("A b c e f"));
        assert_eq!(description(" \n"), None);
        let long = description(&"word, ".repeat(60)).unwrap();
        assert!(long.ends_with("word…") && long.chars().count() <= LONGEST, "{long}");
    }

    proptest! {
        #[test]
        fn any_text_makes_one_line(title in any::<String>(), text in any::<String>()) {
            let front = FrontMatter::new(&title, &plain(&text), "en");
            let description = front.description.unwrap_or_default();
            prop_assert!(!front.title.contains('\n') && !description.contains(['\n', '\r']));
            prop_assert!(description.chars().count() <= LONGEST);
        }
    }
}
