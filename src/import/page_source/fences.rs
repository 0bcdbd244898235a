//! Holes for one fence of a section: its tab, or what is on its lines.
//!
//! Where no hole prints the whole tab, the title, the highlights and the lines inside are tried
//! each for itself; a line that the trace does not print so stays text, and is told. What this
//! leaves out: where headers and bodies are in a page (`import::facts`).

use super::options::{pieces_of, quoted};
use super::{BuiltSources, Edit, SourceBuilder};
use crate::import::Document;
use crate::import::facts::{self, Section, Shown, anchor_of_line, body_content, header_content};
use crate::import::message_line::MessageLine;
use crate::import::scan::{Fence, info_parts};
use crate::page::Message;
use crate::page::source::escaped;
use crate::render::holes::TabSet;

impl SourceBuilder<'_> {
    /// A fence: as a tab, or as text with holes inside.
    pub(super) fn fence(
        &self,
        section: &Section<'_>,
        at: usize,
        part: &str,
        name: &str,
        shown: &Message,
        built: &mut BuiltSources,
    ) -> Vec<Edit> {
        let document = &self.documents[section.document];
        let lines = &document.lines;
        let fence = &document.outline.fences[at];
        let targets = self.targets(document, at, part);
        let word = if part == "headers" { "header" } else { "body" };
        if let Some(tab) = self.tab_line(document, fence)
            && goes_on(document, section, tab)
        {
            let range = lines.span(self.with_anchor(document, tab)..fence.close + 1);
            let line = lines.get(tab);
            let indent = &line[..line.len() - line.trim_start().len()];
            let by_line = self.line_marks(document, at);
            let text = &lines.text[lines.span(tab..fence.close + 1)];
            let more = if part == "body" { self.body_options(document, at, shown) } else { String::new() };
            if let Some(source) = self
                .called(indent, word, name, &targets, &more, text)
                .or_else(|| self.called(indent, word, name, &by_line, &more, text))
            {
                return vec![Edit { range, source }];
            }
        }
        let mut edits = self.info(document, fence, name, shown, &targets);
        let shown_lines = match part {
            "headers" => header_content(document, at).1,
            _ => body_content(document, at).1,
        };
        edits.extend(self.content(document, fence, &shown_lines, part, name, built));
        edits
    }

    /// The first of the lines that a hole prints whose own begin here: an anchor may stand above them.
    pub(super) fn with_anchor(&self, document: &Document<'_>, first: usize) -> usize {
        let lines = &document.lines;
        let above =
            first.checked_sub(2).filter(|&above| self.has_links && lines.get(above + 1).trim().is_empty());
        above.filter(|&above| anchor_of_line(lines.get(above)).is_some()).unwrap_or(first)
    }

    /// The line of the tab that holds this fence and nothing before it.
    pub(super) fn tab_line(&self, document: &Document<'_>, fence: &Fence) -> Option<usize> {
        let tab = &document.outline.tabs[fence.tab?];
        (tab.line + 1 == fence.open).then_some(tab.line)
    }

    /// Holes in a fence's info string: the title, and the lines to highlight.
    fn info(
        &self,
        document: &Document<'_>,
        fence: &Fence,
        name: &str,
        shown: &Message,
        targets: &[String],
    ) -> Vec<Edit> {
        let text = document.lines.text;
        let (_, options) = info_parts(&text[fence.info.clone()], fence.info.start);
        let mut edits = Vec::new();
        for option in options {
            let value = &text[option.value.clone()];
            match option.name.as_str() {
                "title" if !value.is_empty() => {
                    let source = self.pieces(value, name, shown);
                    if source != value && self.prints(&source, value) {
                        edits.push(Edit { range: option.value, source });
                    }
                }
                "hl_lines" if !targets.is_empty() => {
                    let lines =
                        |targets: &[String]| format!("{{{{ lines({name}, {}) }}}}", targets.join(", "));
                    let whole = lines(targets);
                    if self.prints(&whole, value) {
                        edits.push(Edit { range: option.value, source: whole });
                        continue;
                    }
                    // One by one: some of them have no name.
                    let words = pieces_of(value);
                    if words.len() != targets.len() {
                        continue;
                    }
                    for (word, target) in words.into_iter().zip(targets) {
                        let source = lines(std::slice::from_ref(target));
                        let range = option.value.start + word.start..option.value.start + word.end;
                        if target.starts_with('"') && self.prints(&source, &value[word]) {
                            edits.push(Edit { range, source });
                        }
                    }
                }
                _ => {}
            }
        }
        edits
    }

    /// The lines inside a fence: one hole, or several where a line of text is between.
    fn content(
        &self,
        document: &Document<'_>,
        fence: &Fence,
        shown: &Shown,
        part: &str,
        name: &str,
        built: &mut BuiltSources,
    ) -> Vec<Edit> {
        let lines = &document.lines;
        let content = fence.content();
        let mut edits = Vec::new();
        let mut at = 0;
        while at < shown.lines.len() {
            let Some((first, before, after)) = shown.lines[at] else {
                at += 1;
                continue;
            };
            let line = lines.get(content.start + at);
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let mut end = at + 1;
            // The lines that follow have the indent of the first.
            while after == 0
                && let Some(Some((number, next_before, 0))) = shown.lines.get(end)
                && *number == first + (end - at)
                && (*next_before == indent.min(before) || lines.get(content.start + end).is_empty())
            {
                end += 1;
            }
            // A blank line at the end of a run is text.
            while end > at + 1 && lines.get(content.start + end - 1).trim().is_empty() {
                end -= 1;
            }
            let range = lines.span(content.start + at..content.start + end);
            let text = &lines.text[range.clone()];
            let range = range.start + before..range.end - after;
            let is_whole = end - at == shown.count;
            let call = match (is_whole, first + end - at == shown.count) {
                (true, _) => format!("{{{{ {name}.{part} }}}}"),
                (false, true) => format!("{{{{ part({name}.{part}, {}) }}}}", first + 1),
                (false, false) => {
                    format!("{{{{ part({name}.{part}, {}, {}) }}}}", first + 1, first + end - at)
                }
            };
            let around = |call: &str| {
                format!("{}{call}{}", escaped(&text[..before]), escaped(&text[text.len() - after..]))
            };
            let raw = (part == "body" && is_whole).then(|| format!("{{{{ {name}.raw_body }}}}"));
            let found = std::iter::once(call).chain(raw).find(|call| self.prints(&around(call), text));
            match found {
                Some(source) => edits.push(Edit { range, source }),
                None if text.trim().is_empty() => {}
                None => built.diagnostics.push(
                    document
                        .error(
                            range,
                            format!("these lines of the {part} cannot be printed from the trace as they are"),
                        )
                        .hint("they stay as text"),
                ),
            }
            at = end;
        }
        if part == "headers" {
            edits.extend(self.other_lines(document, fence, shown, name, built));
        }
        edits
    }

    /// The header lines that are not as the trace prints them.
    fn other_lines(
        &self,
        document: &Document<'_>,
        fence: &Fence,
        shown: &Shown,
        name: &str,
        built: &mut BuiltSources,
    ) -> Vec<Edit> {
        let lines = &document.lines;
        let mut edits = Vec::new();
        for (line, field) in fence.content().zip(&shown.lines) {
            let text = lines.get(line);
            // The first line of a message says what its request or response is, and stays as it is.
            if field.is_none()
                && !text.trim().is_empty()
                && MessageLine::of_start_line(text.trim()) == MessageLine::Other
            {
                // A value without the blank before it is a hole of its own.
                if let Some((field, value)) =
                    facts::field(text.trim_start()).filter(|(_, value)| !value.is_empty())
                {
                    let source = format!("{{{{ value({name}, {}) }}}}", quoted(field));
                    if self.prints(&source, value) {
                        let end = lines.range(line).end;
                        edits.push(Edit { range: end - value.len()..end, source });
                        continue;
                    }
                }
                built.diagnostics.push(
                    document
                        .error(lines.range(line), "this is no header line as the trace prints one")
                        .hint("it stays as text"),
                );
            }
        }
        edits
    }
}

/// The set of tabs that the tab of a line goes on, if it is not the first of one.
pub(super) fn set_before<'d>(document: &'d Document<'_>, tab: usize) -> Option<TabSet<'d>> {
    let line = document.lines.get(tab);
    let indent = line.len() - line.trim_start().len();
    TabSet::at_end(&document.lines.text[..document.lines.span(tab..tab + 1).start + indent])
}

/// Whether a hole for one tab of the section prints it on this line as it is: behind tabs of another
/// section, or one of the same title, it would begin a set of its own.
fn goes_on(document: &Document<'_>, section: &Section<'_>, tab: usize) -> bool {
    let of_section = document.lines.span(section.heading.line..section.heading.line + 1).start;
    set_before(document, tab)
        .is_none_or(|set| set.start >= of_section && !set.has_title_of(document.lines.get(tab).trim_start()))
}
