//! The outline of a hand-written page: headings, fences, tabs and links, with their places.
//!
//! Headings and links are Markdown's own, and pulldown-cmark finds them. Fences inside tabs and
//! admonitions are pymdownx's: CommonMark sees indented code there, so a scanner of lines finds
//! them by the rule that pymdownx has (same character, count and indent). What this leaves out:
//! what any of it means.

use std::collections::HashMap;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::text;

/// A text with its lines.
#[derive(Debug)]
pub(super) struct PageLines<'a> {
    pub(super) text: &'a str,
    /// Byte ranges of the lines, without their line feeds.
    ranges: Vec<Range<usize>>,
}

impl<'a> PageLines<'a> {
    pub(super) fn of(text: &'a str) -> PageLines<'a> {
        let mut ranges = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text.as_bytes()) {
            ranges.push(start..end);
            start = end + 1;
        }
        ranges.push(start..text.len());
        PageLines { text, ranges }
    }

    pub(super) fn len(&self) -> usize {
        self.ranges.len()
    }

    /// The bytes of a line, without its line feed.
    pub(super) fn range(&self, line: usize) -> Range<usize> {
        self.ranges[line].clone()
    }

    /// A line, without its line feed.
    pub(super) fn get(&self, line: usize) -> &'a str {
        &self.text[self.range(line)]
    }

    /// The bytes of whole lines, first to last, without the last one's line feed.
    pub(super) fn span(&self, lines: Range<usize>) -> Range<usize> {
        if lines.is_empty() {
            let at = self.ranges[lines.start].start;
            return at..at;
        }
        self.ranges[lines.start].start..self.ranges[lines.end - 1].end
    }

    /// The line that holds the byte `at`.
    pub(super) fn at(&self, at: usize) -> usize {
        self.ranges.partition_point(|range| range.start <= at).saturating_sub(1)
    }
}

/// A heading on one line that begins with `#`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Heading {
    pub(super) line: usize,
    pub(super) level: usize,
    /// The bytes of what follows the `#`s and the blanks, to the line's end.
    pub(super) text: Range<usize>,
}

/// A fenced block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fence {
    /// The line that opens it.
    pub(super) open: usize,
    /// The line that closes it.
    pub(super) close: usize,
    /// How many bytes of blanks are before the fence.
    pub(super) indent: usize,
    /// The bytes of the info string: all that follows the backticks.
    pub(super) info: Range<usize>,
    /// The tab line that it is under, as an index into [`Outline::tabs`].
    pub(super) tab: Option<usize>,
}

impl Fence {
    /// The lines between the two fences.
    pub(super) fn content(&self) -> Range<usize> {
        self.open + 1..self.close
    }
}

/// The line that begins a tab: `=== "Header"`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tab {
    pub(super) line: usize,
    pub(super) indent: usize,
    pub(super) title: Range<usize>,
}

/// A link.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Link {
    /// The bytes of the whole link.
    pub(super) range: Range<usize>,
    /// The bytes after the link's text: the destination with its brackets.
    pub(super) target: Range<usize>,
    pub(super) url: String,
    pub(super) text: String,
}

/// What a page is made of, in the order of its lines.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) headings: Vec<Heading>,
    pub(super) fences: Vec<Fence>,
    pub(super) tabs: Vec<Tab>,
    pub(super) links: Vec<Link>,
    /// Lines that open a fence which nothing closes.
    pub(super) unclosed: Vec<usize>,
}

impl Outline {
    pub(super) fn of(lines: &PageLines<'_>) -> Outline {
        let mut outline = Outline::default();
        outline.scan_fences(lines);
        outline.scan_markdown(lines);
        outline
    }

    /// The fence whose lines (fences included) hold this line.
    pub(super) fn fence_at(&self, line: usize) -> Option<&Fence> {
        let at = self.fences.partition_point(|fence| fence.open <= line).checked_sub(1)?;
        self.fences.get(at).filter(|fence| line <= fence.close)
    }

    fn scan_fences(&mut self, lines: &PageLines<'_>) {
        // Where a fence of this indent, character and count could close, in order: without this,
        // a page of fences that nothing closes would be read once for each.
        let mut closers: HashMap<(usize, u8, usize), Vec<usize>> = HashMap::new();
        for line in 0..lines.len() {
            if let Some((key, _)) = fence_line(lines.get(line)).filter(|(_, info)| info.trim().is_empty()) {
                closers.entry(key).or_default().push(line);
            }
        }
        let mut line = 0;
        // The open tabs' indices, outermost first.
        let mut open_tabs: Vec<usize> = Vec::new();
        while line < lines.len() {
            let text = lines.get(line);
            let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
            if indent < text.trim_end().len() {
                open_tabs.retain(|&tab| self.tabs[tab].indent < indent);
            }
            if let Some(title) = tab_title(text) {
                let start = lines.range(line).start;
                open_tabs.push(self.tabs.len());
                self.tabs.push(Tab { line, indent, title: start + title.start..start + title.end });
            } else if let Some((key, info)) = fence_line(text) {
                let close = closers.get(&key).and_then(|closers| {
                    closers.get(closers.partition_point(|&closer| closer <= line)).copied()
                });
                // An info string of backticks with a backtick in it is inline code.
                let is_inline = key.1 == b'`' && info.contains('`');
                match close {
                    Some(close) if !is_inline => {
                        let end = lines.range(line).end;
                        self.fences.push(Fence {
                            open: line,
                            close,
                            indent: key.0,
                            info: end - info.len()..end,
                            tab: open_tabs.last().copied(),
                        });
                        line = close;
                    }
                    None if !is_inline => self.unclosed.push(line),
                    _ => {}
                }
            }
            line += 1;
        }
    }

    fn scan_markdown(&mut self, lines: &PageLines<'_>) {
        // The text's end of the links that are open: a link does not nest, an image in one does.
        let mut open: Vec<(usize, usize, String, String)> = Vec::new();
        let parser = Parser::new_ext(lines.text, Options::ENABLE_TABLES).into_offset_iter();
        for (event, range) in parser {
            match event {
                Event::Start(Tag::Heading { level, .. }) => {
                    let line = lines.at(range.start);
                    let text = lines.get(line);
                    let rest = text.trim_start().trim_start_matches('#');
                    let is_atx = text.trim_start().starts_with('#');
                    if is_atx && self.fence_at(line).is_none() {
                        let end = lines.range(line).end;
                        let start = end - rest.trim_start().len();
                        self.headings.push(Heading { line, level: level as usize, text: start..end });
                    }
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    open.push((range.start, range.start + 1, dest_url.into_string(), String::new()));
                }
                Event::End(TagEnd::Link) => {
                    if let Some((start, text_end, url, text)) = open.pop() {
                        self.links.push(Link {
                            range: start..range.end,
                            target: text_end.min(range.end)..range.end,
                            url,
                            text,
                        });
                    }
                }
                event => {
                    if let Some((_, end, _, text)) = open.last_mut() {
                        *end = (*end).max(range.end);
                        if let Event::Text(part) | Event::Code(part) = event {
                            text.push_str(&part);
                        }
                    }
                }
            }
        }
        // Inside an admonition CommonMark sees indented code, and in what it takes for HTML nothing
        // at all; the page has a heading there.
        let known: std::collections::HashSet<usize> =
            self.headings.iter().map(|heading| heading.line).collect();
        for line in 0..lines.len() {
            let text = lines.get(line);
            let rest = text.trim_start_matches(' ');
            let level = rest.bytes().take_while(|&byte| byte == b'#').count();
            let is_heading = (1..=6).contains(&level) && rest[level..].starts_with(' ');
            if is_heading && !known.contains(&line) && self.fence_at(line).is_none() {
                let end = lines.range(line).end;
                let start = end - rest[level..].trim_start().len();
                self.headings.push(Heading { line, level, text: start..end });
            }
        }
        self.headings.sort_by_key(|heading| heading.line);
        self.links.sort_by_key(|link| link.range.start);
    }
}

/// The indent, character and count of a line that opens or closes a fence, and its info string.
fn fence_line(line: &str) -> Option<((usize, u8, usize), &str)> {
    let rest = line.trim_start_matches([' ', '\t']);
    let indent = line.len() - rest.len();
    let first = *rest.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let count = rest.bytes().take_while(|&byte| byte == first).count();
    (count >= 3).then(|| ((indent, first, count), &rest[count..]))
}

/// The bytes of a tab line's title, within the line.
fn tab_title(line: &str) -> Option<Range<usize>> {
    let rest = line.trim_start().strip_prefix("===")?;
    let rest = rest.strip_prefix(['!', '+']).unwrap_or(rest);
    let rest = rest.strip_prefix(['!', '+']).unwrap_or(rest).trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = line.len() - rest.len() + 1;
    let end = start + rest[1..].find(quote)?;
    Some(start..end)
}

/// One option of a fence's info string.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FenceOption {
    pub(super) name: String,
    /// The bytes of the value, without quotes.
    pub(super) value: Range<usize>,
}

/// The places of the pieces of a text between characters that are gaps.
pub(super) fn split_at_gaps(text: &str, is_gap: fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let pieces = text.split(is_gap).filter(|piece| !piece.is_empty());
    pieces.filter_map(move |piece| text::range_of(text, piece))
}

/// The language and the options of an info string; `start` is where it is in the page.
/// What is no `name="value"` is passed over.
pub(super) fn info_parts(info: &str, start: usize) -> (&str, Vec<FenceOption>) {
    let trimmed = info.trim_start();
    let language = trimmed.split(char::is_whitespace).next().unwrap_or_default();
    let language = if language.contains('=') { "" } else { language };
    let mut options = Vec::new();
    let mut at = info.len() - trimmed.len() + language.len();
    while let Some(equals) = info[at..].find('=').map(|equals| at + equals) {
        let name_start = info[at..equals]
            .rfind(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
            .map_or(at, |before| at + before + info[at + before..].chars().next().map_or(1, char::len_utf8));
        let name = &info[name_start..equals];
        let rest = &info[equals + 1..];
        match rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => match rest[1..].find(quote) {
                Some(length) => {
                    let value = equals + 2..equals + 2 + length;
                    at = value.end + 1;
                    options.push(FenceOption {
                        name: name.to_owned(),
                        value: start + value.start..start + value.end,
                    });
                }
                None => break,
            },
            None => at = equals + 1,
        }
    }
    (language, options)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fences_in_tabs_in_admonitions_are_found() {
        let text = "### (1) GET /a\n!!! note\n    === \"H\"\n        ``` http title=\"x\" hl_lines=\"1 2\"\n        A: b\n        ```\n=== 'B'\n    ~~~\n    ```\n    ~~~\n``` open\n";
        let lines = PageLines::of(text);
        let outline = Outline::of(&lines);
        assert_eq!(outline.headings.len(), 1);
        let found: Vec<_> = outline.fences.iter().map(|f| (f.open, f.close, f.indent, f.tab)).collect();
        assert_eq!(found, [(3, 5, 8, Some(0)), (7, 9, 4, Some(1))]);
        assert_eq!(&text[outline.tabs[1].title.clone()], "B");
        assert_eq!(outline.unclosed, [10]);
        let info = &outline.fences[0].info;
        let (language, options) = info_parts(&text[info.clone()], info.start);
        let options: Vec<_> = options.iter().map(|o| (o.name.as_str(), &text[o.value.clone()])).collect();
        assert_eq!((language, &options[..]), ("http", &[("title", "x"), ("hl_lines", "1 2")][..]));
    }

    #[test]
    fn a_link_keeps_its_target_apart() {
        let text = "see [`a` (1)](./b.md#7-x) and (2)\n";
        let outline = Outline::of(&PageLines::of(text));
        let link = &outline.links[0];
        assert_eq!(&text[link.target.clone()], "](./b.md#7-x)");
        assert_eq!((link.url.as_str(), link.text.as_str()), ("./b.md#7-x", "a (1)"));
    }

    proptest! {
        #[test]
        fn any_text_has_an_outline(text in "(```|~~~| {4}|===|\"|#|\n|=|\\[|\\]\\(|\\PC){0,60}") {
            let lines = PageLines::of(&text);
            let outline = Outline::of(&lines);
            for fence in &outline.fences {
                prop_assert!(fence.open < fence.close);
                info_parts(&text[fence.info.clone()], fence.info.start);
            }
        }
    }
}
