//! A page source, and the edits that rename what its holes, marks and links name.
//!
//! A name in prose is prose: only what docgen reads is changed. What is between the marks of a section whose
//! exchange is gone is read as what it was, so that it still fits when the exchange is back. What this leaves
//! out: the disk, and which pages there are.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag};

use super::name::Renaming;
use crate::edit::Edit;
use crate::error::Error;
use crate::page::source::{GONE, Hole, Source, TokenKind};
use crate::settings::HoleWord;

/// The edits that rename a label, or a participant, in a page source.
///
/// # Errors
/// Those of a section between marks that is no page source by itself.
pub(super) fn of_names(source: &Source, renaming: &Renaming<'_>) -> Result<Vec<Edit>, Vec<Error>> {
    let mut edits: Vec<Edit> = source.holes().flat_map(|hole| of_hole(source, hole, renaming)).collect();
    for (span, _) in source.gone() {
        let section = &source.text[span.clone()];
        let mark = section.lines().next().unwrap_or_default();
        edits.extend(moved(of_mark(mark, renaming), span.start));
        let first = span.start + section.find('\n').map_or(section.len(), |end| end + 1);
        let last = section.trim_end().rfind('\n').map_or(span.end, |end| span.start + end + 1);
        // Blank lines keep the places that errors name.
        let before = "\n".repeat(source.text[..first].matches('\n').count());
        let inner = Source::parse(&source.file, format!("{before}{}", &source.text[first..last.max(first)]))?;
        let of_inner = of_names(&inner, renaming)?.into_iter();
        let back = |at: usize| at - before.len() + first;
        edits.extend(of_inner.map(|edit| Edit::new(back(edit.start)..back(edit.end), edit.new)));
    }
    Ok(edits)
}

fn moved(edits: Vec<Edit>, by: usize) -> impl Iterator<Item = Edit> {
    edits.into_iter().map(move |edit| Edit::new(edit.start + by..edit.end + by, edit.new))
}

/// The edits of the line that begins a section whose exchange is gone.
fn of_mark(mark: &str, renaming: &Renaming<'_>) -> Vec<Edit> {
    let Renaming::Label { old, new } = renaming else { return Vec::new() };
    let names = mark[GONE.len().min(mark.len())..].trim_end().trim_end_matches("-->");
    let named = names.split([',', ' ']).filter(|name| name.trim() == *old);
    named
        .filter_map(|name| crate::text::range_of(mark, name.trim()))
        .map(|span| Edit::new(span, *new))
        .collect()
}

fn of_hole(source: &Source, hole: &Hole, renaming: &Renaming<'_>) -> Vec<Edit> {
    let text = |at: usize| &source.text[hole.tokens[at].span.clone()];
    let mut edits = Vec::new();
    for (at, token) in hole.tokens.iter().enumerate() {
        match (token.kind, renaming) {
            (TokenKind::Name, Renaming::Label { old, new }) if text(at) == *old => {
                edits.push(Edit::new(token.span.clone(), *new));
            }
            (TokenKind::Text, _) if names_an_exchange(source, hole, at) => {
                let inner = &text(at)[1..text(at).len() - 1];
                edits.extend(moved(renaming.of_exchange(inner), token.span.start + 1));
            }
            _ => {}
        }
    }
    edits
}

/// Whether the text in quotes at this token is a label or a selector: what most words take first, `range` and
/// `span` second too, and the options `after` and `until`.
fn names_an_exchange(source: &Source, hole: &Hole, at: usize) -> bool {
    let text = |at: usize| &source.text[hole.tokens[at].span.clone()];
    let word = HoleWord::named(text(0));
    let is_option = at >= 2 && text(at - 1) == "=" && matches!(text(at - 2), "after" | "until");
    let is_first = at == 2 && text(1) == "(";
    let is_second =
        text(at - 1) == "," && hole.tokens[..at].iter().all(|token| token.kind != TokenKind::Option);
    match word {
        _ if is_option => true,
        Some(HoleWord::Page | HoleWord::Shared | HoleWord::Var) | None => false,
        Some(HoleWord::Range | HoleWord::Span) => is_first || is_second,
        Some(_) => is_first,
    }
}

/// Where the Markdown of a page, or of its source, has the target of a link or a picture.
pub(super) fn targets(text: &str) -> Vec<Range<usize>> {
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES);
    let defined: Vec<Range<usize>> = parser
        .reference_definitions()
        .iter()
        .filter_map(|(_, definition)| last_of(text, definition.span.clone(), &definition.dest))
        .collect();
    let written = parser.into_offset_iter().flat_map(|(event, range)| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            last_of(text, range, &dest_url).into_iter().collect()
        }
        Event::Html(_) | Event::InlineHtml(_) => of_html(text, range),
        _ => Vec::new(),
    });
    let mut all: Vec<Range<usize>> = written.chain(defined).collect();
    all.sort_by_key(|span| (span.start, span.end));
    all.dedup();
    all
}

fn last_of(text: &str, within: Range<usize>, part: &str) -> Option<Range<usize>> {
    if part.is_empty() {
        return None;
    }
    let at = within.start + text[within].rfind(part)?;
    Some(at..at + part.len())
}

/// The values of `href` and `src`.
fn of_html(text: &str, within: Range<usize>) -> Vec<Range<usize>> {
    let html = &text[within.clone()];
    let begins = ["href=\"", "href='", "src=\"", "src='"];
    let values = begins
        .iter()
        .flat_map(|begin| html.match_indices(begin).map(|(at, begin)| (at + begin.len(), begin)));
    let ends = values.filter_map(|(at, begin)| {
        let length = html[at..].find(&begin[begin.len() - 1..])?;
        Some(within.start + at..within.start + at + length)
    });
    ends.collect()
}

/// Links to anchors that holes make: of each the path of the capture, as the hole `page` names it, and where the
/// anchor behind the hole is.
pub(super) fn anchors_behind_holes(source: &Source) -> Vec<(&str, Range<usize>)> {
    let behind = source.holes().filter_map(|hole| {
        let text = |at: usize| Some(&source.text[hole.tokens.get(at)?.span.clone()]);
        let is_page = HoleWord::named(text(0)?) == Some(HoleWord::Page);
        let capture = text(2).filter(|_| is_page && hole.tokens[2].kind == TokenKind::Text)?;
        let rest = source.text[hole.span.end..].strip_prefix('#')?;
        let length =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(rest.len());
        let start = hole.span.end + 1;
        Some((&capture[1..capture.len() - 1], start..start + length))
    });
    behind.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::edited;

    fn label(text: &str) -> String {
        let source = Source::parse("page.md", text).unwrap();
        edited(text, &of_names(&source, &Renaming::Label { old: "show", new: "read" }).unwrap())
    }

    #[test]
    fn holes_and_marks_change_and_prose_stays() {
        for (text, made) in [
            ("show {{ show }}, {{show.request}}\r\n", "show {{ read }}, {{read.request}}\r\n"),
            (
                "{{ tabs(show.request, highlight=\"show\") }} {{ value(show.response.body, \"/show\") }}",
                "{{ tabs(read.request, highlight=\"show\") }} {{ value(read.response.body, \"/show\") }}",
            ),
            (
                "{{ range(\"show.request\", \"show\") }} {{ diagram(until='x GET / after show') }} {{ var(\"show\") }}",
                "{{ range(\"read.request\", \"read\") }} {{ diagram(until='x GET / after read') }} {{ var(\"show\") }}",
            ),
            (
                "{{ page(\"show\") }} \\{{ show }} {{ shared(\"show\", until=show) }}",
                "{{ page(\"show\") }} \\{{ show }} {{ shared(\"show\", until=read) }}",
            ),
            (
                "a\n<!-- docgen: gone list, show -->\n## {{ heading(show.request) }} show\n<!-- docgen: end -->\n",
                "a\n<!-- docgen: gone list, read -->\n## {{ heading(read.request) }} show\n<!-- docgen: end -->\n",
            ),
        ] {
            assert_eq!(label(text), made);
        }
    }

    #[test]
    fn what_cannot_be_read_between_marks_is_told_with_its_line() {
        let text = "a\n\n<!-- docgen: gone show -->\nb\n{{ show | upper }}\n<!-- docgen: end -->\n";
        let source = Source::parse("page.md", text).unwrap();
        let told = of_names(&source, &Renaming::Label { old: "show", new: "read" }).unwrap_err();
        assert_eq!(told[0].place().unwrap().line, 5, "{told:?}");
    }

    #[test]
    fn targets_are_found_wherever_markdown_has_them() {
        let text = "[a](./x.md#y \"t\") ![p](<a b.png>) `[no](no.md)`\n\n[r]\n\n[r]: ../z.md#q\n\n<a href=\"h.md\">h</a>\n\n```\n[no](no.md)\n```\n";
        let found: Vec<&str> = targets(text).into_iter().map(|span| &text[span]).collect();
        assert_eq!(found, ["./x.md#y", "a b.png", "../z.md#q", "h.md"]);
        let text = "[a]({{ page(\"a/b\") }}#show-it), {{ page('c') }}";
        let source = Source::parse("page.md", text).unwrap();
        let found: Vec<(&str, &str)> =
            anchors_behind_holes(&source).into_iter().map(|(path, span)| (path, &text[span])).collect();
        assert_eq!(found, [("a/b", "show-it")]);
    }

    proptest::proptest! {
        #[test]
        fn there_and_back_are_the_same_bytes(text in "(\\{\\{ show \\}\\}|\\{\\{ tabs\\(show\\.request, highlight='show'\\) \\}\\}|\\{\\{ range\\(\"show\", 'x GET / after show'\\) \\}\\}|show|<!-- docgen: gone show, list -->\n|<!-- docgen: end -->\n|\r\n|\n| |가){0,24}") {
            let renamed = |text: &str, old: &str, new: &str| {
                let source = Source::parse("page.md", text).ok()?;
                Some(edited(text, &of_names(&source, &Renaming::Label { old, new }).ok()?))
            };
            if let Some(there) = renamed(&text, "show", "read_it") {
                let back = renamed(&there, "read_it", "show");
                proptest::prop_assert_eq!(back, Some(text));
            }
        }
    }
}
