//! The sections of a page that print messages: a heading, and the fences below it.
//!
//! What this leaves out: which message a section is about, which the order of all tells.

use std::ops::Range;

use super::Document;
use crate::import::message_line::MessageLine;
use crate::import::scan::{Heading, Outline, PageLines, info_parts};
use crate::page::anchor;

/// A heading that names a message, with what is below it. `M` says which message it is: nothing
/// before that is known, its index after.
#[derive(Debug)]
pub(in crate::import) struct Section<'a, M = usize> {
    pub(in crate::import) document: usize,
    pub(in crate::import) heading: Heading,
    pub(in crate::import) number: Option<Number>,
    /// What its heading says.
    pub(in crate::import) in_heading: MessageLine<'a>,
    /// What its fences say of themselves: by a title, or by the first line of a message.
    pub(in crate::import) in_fences: MessageLine<'a>,
    /// The fences, as indices into the outline's.
    pub(in crate::import) headers: Option<usize>,
    pub(in crate::import) body: Option<usize>,
    /// `client` and `server` of the line below the heading.
    pub(in crate::import) names: Option<(&'a str, &'a str)>,
    /// Its anchor, behind its heading or in a line of its own above its tabs.
    pub(in crate::import) anchor: Option<&'a str>,
    pub(in crate::import) message: M,
}

/// The number of a heading.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::import) struct Number {
    pub(in crate::import) value: u32,
    /// Bytes of the page: the number with its brackets, as a whole link where it is one.
    pub(in crate::import) range: Range<usize>,
    /// Bytes of the digits alone.
    pub(in crate::import) digits: Range<usize>,
    /// Bytes of the anchor that it leads to, where it is a link.
    pub(in crate::import) leads_to: Option<Range<usize>>,
}

impl<'a, M> Section<'a, M> {
    /// What it says of its message, in its heading or else in its fences.
    pub(in crate::import) fn message_line(&self) -> MessageLine<'a> {
        if self.in_heading == MessageLine::Other { self.in_fences.clone() } else { self.in_heading.clone() }
    }

    /// The same section, of this message.
    pub(super) fn of_message<N>(self, message: N) -> Section<'a, N> {
        let Section { document, heading, number, in_heading, in_fences, .. } = self;
        let Section { headers, body, names, anchor, .. } = self;
        Section { document, heading, number, in_heading, in_fences, headers, body, names, anchor, message }
    }
}

/// Finds the sections of a page, in its order.
pub(super) fn find<'a>(documents: &'a [Document<'a>]) -> Vec<Section<'a, ()>> {
    documents.iter().enumerate().flat_map(|(index, document)| of_document(index, document)).collect()
}

fn of_document<'a>(index: usize, document: &'a Document<'a>) -> Vec<Section<'a, ()>> {
    let Document { lines, outline, .. } = document;
    let mut found = Vec::new();
    for (at, heading) in outline.headings.iter().enumerate() {
        let text = &lines.text[heading.text.clone()];
        let number = heading_number(text, heading.text.start);
        let rest = number.as_ref().map_or(text, |number| &lines.text[number.range.end..heading.text.end]);
        let in_heading = MessageLine::of(rest);
        let end = outline.headings.get(at + 1).map_or(lines.len(), |next| next.line);
        let section_lines = heading.line..end;
        if heading.level < 2 && number.is_none() {
            continue;
        }
        let (headers, body) = message_fences(lines, outline, &section_lines);
        let begins = headers.map_or(MessageLine::Other, |fence| first_line(document, fence));
        let shown = [headers, body].into_iter().flatten().map(|fence| outline.fences[fence].open).min();
        let line_above = || anchor_line(lines, heading.line..shown.unwrap_or(end));
        let names_message = number.is_some() || in_heading != MessageLine::Other;
        // Where a person wrote the heading, docgen puts the anchor above the tabs.
        let anchor = heading_anchor(text).filter(|_| names_message).or_else(line_above);
        if !names_message && begins == MessageLine::Other && anchor.is_none() {
            continue;
        }
        if in_heading == MessageLine::Other && headers.is_none() && body.is_none() {
            continue;
        }
        let titles = [headers, body].into_iter().flatten().map(|fence| title(document, fence));
        let in_fences = titles.chain([begins]).find(|line| *line != MessageLine::Other).unwrap_or_default();
        let names = lines_names(lines, &section_lines);
        found.push(Section {
            document: index,
            heading: heading.clone(),
            number,
            in_heading,
            in_fences,
            headers,
            body,
            names,
            anchor,
            message: (),
        });
    }
    found
}

/// What a fence is titled with.
fn title<'a>(document: &'a Document<'a>, fence: usize) -> MessageLine<'a> {
    let text = document.lines.text;
    let info = &document.outline.fences[fence].info;
    let (_, options) = info_parts(&text[info.clone()], info.start);
    let title = options.into_iter().find(|option| option.name == "title");
    title.map_or(MessageLine::Other, |title| MessageLine::of_title(&text[title.value]))
}

/// What the first line of a message says, where a fence begins with one.
fn first_line<'a>(document: &'a Document<'a>, fence: usize) -> MessageLine<'a> {
    let mut lines = document.outline.fences[fence].content().map(|line| document.lines.get(line).trim());
    lines.find(|line| !line.is_empty()).map_or(MessageLine::Other, MessageLine::of_start_line)
}

/// The anchor that a heading has behind its text: `{ #show-image }`.
pub(super) fn heading_anchor(text: &str) -> Option<&str> {
    let (_, anchor) = text.trim_end().strip_suffix(" }")?.rsplit_once(" { #")?;
    is_anchor(anchor).then_some(anchor)
}

/// The anchor that stands above the tabs of a section, in a line of its own.
fn anchor_line<'a>(lines: &PageLines<'a>, mut above: Range<usize>) -> Option<&'a str> {
    above.find_map(|line| anchor_of_line(lines.get(line)))
}

/// The anchor that a line is and nothing else: `<span id="show-image"></span>`.
pub(in crate::import) fn anchor_of_line(line: &str) -> Option<&str> {
    let anchor = line.trim_start().strip_prefix("<span id=\"")?.strip_suffix("\"></span>")?;
    is_anchor(anchor).then_some(anchor)
}

/// Whether docgen makes such anchors.
fn is_anchor(text: &str) -> bool {
    !text.is_empty() && anchor::length(text) == text.len()
}

/// The number at the beginning of a heading: `(7)`, `[7]`, `7.`, `7)`, `#7`, or `(7)` as a link.
fn heading_number(text: &str, start: usize) -> Option<Number> {
    if let Some(inside) = text.strip_prefix('[').filter(|inside| inside.starts_with('(')) {
        let number = heading_number(inside, start + 1)?;
        let behind = number.range.end - start;
        let target = text[behind..].strip_prefix("](#")?;
        let (anchor, title) = target.split_at(target.find([' ', ')'])?);
        let close = if title.starts_with(" \"") { title.find("\")")? + 2 } else { title.find(')')? + 1 };
        let at = start + behind + "](#".len();
        let leads_to = is_anchor(anchor).then_some(at..at + anchor.len())?;
        let range = start..leads_to.end + close;
        return Some(Number { range, leads_to: Some(leads_to), ..number });
    }
    let open = text.chars().next().filter(|c| matches!(c, '(' | '[' | '#'));
    let digits_start = open.map_or(0, char::len_utf8);
    let digits = text[digits_start..].bytes().take_while(u8::is_ascii_digit).count();
    let digits = digits_start..digits_start + digits;
    let value: u32 = text[digits.clone()].parse().ok()?;
    let close = text[digits.end..].chars().next();
    let end = match (open, close) {
        (Some('('), Some(')')) | (Some('['), Some(']')) | (None, Some('.' | ')')) => digits.end + 1,
        (Some('#'), Some(' ')) => digits.end,
        _ => return None,
    };
    if !text[end..].starts_with(|c: char| c.is_whitespace()) && !text[end..].is_empty() && open.is_none() {
        return None;
    }
    // A step's number has no leading zero, and a year is none.
    if text[digits.clone()].starts_with('0') || value > 9999 {
        return None;
    }
    let digits = start + digits.start..start + digits.end;
    Some(Number { value, range: start..start + end, digits, leads_to: None })
}

/// The fences of a section that print a message's headers and its body.
fn message_fences(
    lines: &PageLines<'_>,
    outline: &Outline,
    section: &Range<usize>,
) -> (Option<usize>, Option<usize>) {
    let (mut headers, mut body) = (None, None);
    let first = outline.fences.partition_point(|fence| fence.open < section.start);
    let fences = outline.fences.iter().enumerate().skip(first);
    for (at, fence) in fences.take_while(|(_, fence)| fence.open < section.end) {
        let (language, _) = info_parts(&lines.text[fence.info.clone()], fence.info.start);
        if language.eq_ignore_ascii_case("mermaid") {
            continue;
        }
        let title = fence.tab.map(|tab| lines.text[outline.tabs[tab].title.clone()].to_lowercase());
        let title = title.as_deref().unwrap_or_default();
        let looks_like_headers = || {
            let mut filled =
                fence.content().map(|line| lines.get(line).trim()).filter(|line| !line.is_empty()).peekable();
            let is_headed =
                filled.next_if(|line| MessageLine::of_start_line(line) != MessageLine::Other).is_some();
            (is_headed || filled.peek().is_some()) && filled.all(|line| field(line).is_some())
        };
        let is_empty = || fence.content().all(|line| lines.get(line).trim().is_empty());
        let is_headers = if title.contains("header") || title.contains("헤더") {
            true
        } else if title.contains("body") || title.contains("본문") || title.contains("바디") {
            false
        } else {
            headers.is_none() && (looks_like_headers() || language == "http" && is_empty())
        };
        // Beside tabs, a fence without one is something that the writer shows.
        let in_tab = |at: usize| outline.fences[at].tab.is_some();
        let is_beside = headers.is_some_and(|headers| in_tab(headers) != fence.tab.is_some());
        if is_headers && headers.is_none() {
            headers = Some(at);
        } else if !is_headers && body.is_none() && !is_beside && (headers.is_some() || !title.is_empty()) {
            body = Some(at);
        }
    }
    (headers, body)
}

/// `` `a` --> `b` `` of the first lines of a section.
fn lines_names<'a>(lines: &PageLines<'a>, section: &Range<usize>) -> Option<(&'a str, &'a str)> {
    let line = lines.get((section.start + 1..section.end).next()?);
    let (first, rest) = line.trim().strip_prefix('`')?.split_once('`')?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("-->").or_else(|| rest.strip_prefix("<--"))?;
    let second = rest.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!second.contains('`')).then_some((first, second))
}

/// Name and value of a header line without its indent.
pub(in crate::import) fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let is_name = !name.is_empty() && name.bytes().all(is_token);
    // A URL alone on a line is no field.
    (is_name && !value.starts_with("//")).then(|| (name, value.strip_prefix(' ').unwrap_or(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_of_headings_are_read() {
        assert_eq!(heading_anchor("(7) GET /a { #show-image }"), Some("show-image"));
        assert_eq!(heading_anchor("(7) GET /a { #Show }"), None);
        assert_eq!(heading_anchor("(7) GET /a {#show}"), None);
        assert_eq!(anchor_of_line("    <span id=\"show\"></span>"), Some("show"));
        assert_eq!(anchor_of_line("<span id=\"show\">x</span>"), None);
    }

    #[test]
    fn numbers_of_headings_are_read() {
        let value = |text| heading_number(text, 0).map(|number| (number.value, number.range));
        assert_eq!(value("(7) GET /a"), Some((7, 0..3)));
        assert_eq!(value("12. GET /a"), Some((12, 0..3)));
        assert_eq!(value("#3 GET /a"), Some((3, 0..2)));
        assert_eq!(value("(7-8) both"), None);
        assert_eq!(value("7th"), None);
        assert_eq!(value("2.5 release"), None);
        assert_eq!(value("(07) x"), None);
        assert_eq!(value("[(7)](#diagram \"Back to it\") GET /a { #show }"), Some((7, 0..28)));
        assert_eq!(value("[(7)](../other.md) GET /a"), None);
    }
}
