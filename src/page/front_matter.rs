//! What a page says of itself to whoever lists it: title, description and language.
//!
//! Builders read it for the page's name in the navigation, for what a search engine shows below a link, and for
//! the language that a screen reader speaks. All of it is plain text on one line. What this leaves out: how it is
//! written (`render::front_matter`).

use std::ops::Range;

use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};

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

/// The first sentence of a page source's first paragraph, as Markdown on one line, if no hole is in it. Links and
/// footnotes that need another line of the source are left out, but for the words of a link.
pub(super) fn first_sentence(source: &Source) -> Option<String> {
    let start = context::front_matter(&source.text).end;
    let markdown = &source.text[start..];
    let paragraph = first_paragraph(markdown)?;
    let parts = inline_parts(markdown, &paragraph);
    let end = end_of_sentence(markdown, &paragraph, &parts);
    let span = start + paragraph.start..start + end;
    let has_hole = source.holes().any(|hole| hole.span.start < span.end && span.start < hole.span.end);
    if has_hole || source.is_gone(span.start) {
        return None;
    }
    let (mut sentence, mut at) = (String::new(), paragraph.start);
    for InlinePart { range, alone } in parts {
        if let Some(alone) = alone.filter(|_| at <= range.start && range.end <= end) {
            sentence.push_str(&markdown[at..range.start]);
            sentence.push_str(alone);
            at = range.end;
        }
    }
    sentence.push_str(&markdown[at..end]);
    Some(on_one_line(&sentence))
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

/// What is one thing in a paragraph: code, a link, words that are stressed.
struct InlinePart<'t> {
    range: Range<usize>,
    /// What is left of it without the other line of the source that it needs, if it needs one.
    alone: Option<&'t str>,
}

/// Those of this paragraph, outer ones before inner ones.
fn inline_parts<'t>(markdown: &'t str, paragraph: &Range<usize>) -> Vec<InlinePart<'t>> {
    let events = Parser::new_ext(markdown, Options::ENABLE_FOOTNOTES).into_offset_iter();
    // A source is long, and what is in it is looked at as it is asked for.
    let so_far = events.take_while(|(_, range)| range.start < paragraph.end);
    let inside = so_far.filter(|(_, range)| paragraph.start <= range.start && range.end <= paragraph.end);
    let part = |(event, mut range): (Event<'_>, Range<usize>)| {
        if let Event::Start(Tag::Link { link_type, .. } | Tag::Image { link_type, .. }) = &event
            && *link_type == LinkType::Collapsed
            && markdown[range.end..].starts_with("[]")
        {
            range.end += "[]".len(); // which the parser leaves out
        }
        let text = &markdown[range.clone()];
        let alone = match event {
            Event::Start(Tag::Link { link_type, .. } | Tag::Image { link_type, .. }) => {
                words_of_reference(link_type, text)
            }
            Event::FootnoteReference(_) => Some(""),
            Event::Code(_) | Event::InlineHtml(_) | Event::Start(Tag::Emphasis | Tag::Strong) => None,
            _ => return None,
        };
        Some(InlinePart { range, alone })
    };
    inside.filter_map(part).collect()
}

/// The words of a link to what another line names: `[words][name]`, `[words][]` or `[words]`.
fn words_of_reference(link_type: LinkType, link: &str) -> Option<&str> {
    let words = match link_type {
        LinkType::Reference | LinkType::Collapsed => link.rsplit_once("][")?.0,
        LinkType::Shortcut => link.strip_suffix(']')?,
        _ => return None,
    };
    Some(words.trim_start_matches('!').trim_start_matches('['))
}

/// Where the first sentence of a paragraph ends, with its mark. None ends in the middle of a part.
fn end_of_sentence(markdown: &str, paragraph: &Range<usize>, parts: &[InlinePart<'_>]) -> usize {
    let text = &markdown[..paragraph.end];
    let mut parts = parts.iter().peekable();
    for (at, c) in markdown[paragraph.clone()].char_indices() {
        let at = paragraph.start + at;
        let mut end = at + c.len_utf8();
        while parts.next_if(|part| part.range.end <= at).is_some() {}
        if let Some(InlinePart { range, .. }) = parts.peek().filter(|part| part.range.contains(&at)) {
            if !text[end..range.end].trim_matches(['*', '_']).is_empty() {
                continue;
            }
            end = range.end;
        }
        match c {
            '。' | '？' | '！' => return end,
            '.' | '?' | '!' => {
                let rest = &text[end..];
                let next = rest.trim_start();
                let word = text[paragraph.start..at].rsplit(char::is_whitespace).next().unwrap_or_default();
                // `e.g.`, `1.5` and `v2. b` go on.
                let is_end = next.len() < rest.len() && !next.starts_with(char::is_lowercase);
                if next.is_empty() || is_end && !word.contains('.') {
                    return end;
                }
            }
            _ => {}
        }
    }
    paragraph.end
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
            ("# A\n\nSee [the list][il] first. More.\n\n[il]: ../x.md\n", Some("See the list first.")),
            ("# A\n\n[il][], ![an *image*][il] or [il]. More.\n\n[il]: x\n", Some("il, an image or il.")),
            ("# A\n\nLists images[^1]. More.\n\n[^1]: A note.\n", Some("Lists images.")),
            ("# A\n\nUse `a. B` [c. D](e) now. More.\n", Some("Use a. B c. D now.")),
            ("# A\n\nRead **this. And that** now. More.\n", Some("Read this. And that now.")),
            ("# A\n\n**Read this.** More.\n", Some("Read this.")),
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
        fn any_source_has_a_sentence_on_one_line_or_none(text in "([a-z.?! \\n*_`\\[\\]()!^:가。-]|\\[a\\]|\\[\\^1\\]:? |\\[a\\]: b\\n){0,40}") {
            let Ok(source) = Source::parse("page.md", &text) else { return Ok(()) };
            prop_assert!(!first_sentence(&source).unwrap_or_default().contains('\n'));
        }

        #[test]
        fn any_text_makes_one_line(title in any::<String>(), text in any::<String>()) {
            let front = FrontMatter::new(&title, &plain(&text), "en");
            let description = front.description.unwrap_or_default();
            prop_assert!(!front.title.contains('\n') && !description.contains(['\n', '\r']));
            prop_assert!(description.chars().count() <= LONGEST);
        }
    }
}
