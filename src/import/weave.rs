//! A hand-written page as a page source: holes for what follows from the trace.
//!
//! Every hole is tried before it is taken: what it prints has to be what the page has, byte for
//! byte. Coarse holes come first (an exchange), then finer ones (a message, both tabs, one tab,
//! the lines inside a fence), so that a page that is laid out as the templates do it becomes
//! short, and one that is not still holds no header, body or number of its own. What this leaves
//! out: where the facts come from, and the settings.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use super::Document;
use super::blocks::Blocks;
use super::diagram::{Arrow, Statement, statement};
use super::facts::{Diagram, Facts, Section, Shown, body_content, header_content};
use super::references::{Reference, references};
use super::scan::{Fence, info_parts};
use crate::error::Error;
use crate::page::highlight::Outline;
use crate::page::source::escaped;
use crate::page::{DiagramItem, Message, Page};
use crate::sequence::Side;
use crate::trace::Body;

/// What prints the text of a page source; `None` where one of its holes cannot be filled.
pub(super) type Fill<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// A part of a page that becomes something else in the source.
#[derive(Clone, Debug)]
struct Edit {
    range: Range<usize>,
    source: String,
}

/// Makes page sources.
pub(super) struct Weaver<'a> {
    pub(super) documents: &'a [Document<'a>],
    pub(super) facts: &'a Facts<'a>,
    pub(super) blocks: &'a Blocks,
    pub(super) page: &'a Page,
    /// The labels of the exchanges, by index in the trace.
    pub(super) names: &'a [String],
    pub(super) fill: &'a Fill<'a>,
    /// What short sources print, for the numbers that a page names again and again.
    pub(super) printed: RefCell<HashMap<String, Option<String>>>,
}

/// What came of a page's documents.
#[derive(Debug, Default)]
pub(super) struct Woven {
    /// One source a document.
    pub(super) sources: Vec<String>,
    /// What stays text and was not understood.
    pub(super) diagnostics: Vec<Error>,
    /// Whether all notes and boxes of the settings stand in the sources.
    pub(super) draws_marks: bool,
}

impl<'a> Weaver<'a> {
    /// The sources of all documents.
    pub(super) fn weave(&self) -> Woven {
        let mut woven = Woven { draws_marks: true, ..Woven::default() };
        let mut edits: Vec<Vec<Edit>> = self.documents.iter().map(|_| Vec::new()).collect();
        for (at, diagram) in self.facts.diagrams.iter().enumerate() {
            let found = self.diagram(diagram, at == 0, &mut woven);
            edits[diagram.document].extend(found);
        }
        self.sections(&mut edits, &mut woven);
        edits[0].extend(self.blocks());
        for (document, edits) in self.documents.iter().zip(&mut edits) {
            edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
            let taken: Vec<Range<usize>> = edits.iter().map(|edit| edit.range.clone()).collect();
            edits.extend(self.sentences(document, &taken, &mut woven));
            edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
            woven.sources.push(self.verified(document, edits, &mut woven.diagnostics));
        }
        woven
    }

    /// The source with these edits, without those that do not print what the page has.
    fn verified(
        &self,
        document: &Document<'_>,
        edits: &mut Vec<Edit>,
        diagnostics: &mut Vec<Error>,
    ) -> String {
        let text = document.lines.text;
        let source = assembled(text, edits);
        if (self.fill)(&source).as_deref() == Some(text) {
            return source;
        }
        // What stands around a hole can change what it prints; then the line is text.
        edits.retain(|edit| {
            let start = document.lines.at(edit.range.start);
            let end = document.lines.at(edit.range.end);
            let lines = document.lines.span(start..end + 1);
            let around = [
                escaped(&text[lines.start..edit.range.start]),
                edit.source.clone(),
                escaped(&text[edit.range.end..lines.end]),
            ];
            let holds = (self.fill)(&around.concat()).as_deref() == Some(&text[lines]);
            if !holds {
                diagnostics.push(
                    document.error(edit.range.clone(), "this stays as text: no hole prints it in this place"),
                );
            }
            holds
        });
        let source = assembled(text, edits);
        if (self.fill)(&source).as_deref() == Some(text) {
            return source;
        }
        diagnostics.push(document.error(0..0, "no holes could be put into this page; it stays as text"));
        escaped(text)
    }

    fn message_name(&self, message: usize) -> String {
        let message = &self.facts.messages[message];
        self.side_name(message.exchange, message.side)
    }

    fn side_name(&self, exchange: usize, side: Side) -> String {
        let side = match side {
            Side::Request => "request",
            Side::Response => "response",
        };
        format!("{}.{side}", self.names[exchange])
    }

    /// The message as the page model has it.
    fn shown(&self, message: usize) -> Option<&'a Message> {
        let message = &self.facts.messages[message];
        let exchange = self.page.exchanges.iter().find(|exchange| exchange.index == message.exchange)?;
        match message.side {
            Side::Request => Some(&exchange.request),
            Side::Response => exchange.response.as_deref(),
        }
    }

    /// Whether `source` prints `text`.
    fn prints(&self, source: &str, text: &str) -> bool {
        const SHORT: usize = 96;
        if source.len() > SHORT {
            return (self.fill)(source).as_deref() == Some(text);
        }
        if let Some(printed) = self.printed.borrow().get(source) {
            return printed.as_deref() == Some(text);
        }
        let printed = (self.fill)(source);
        let same = printed.as_deref() == Some(text);
        // A short source may print a long body, which nobody asks for twice.
        if printed.as_ref().is_none_or(|printed| printed.len() <= SHORT) {
            self.printed.borrow_mut().insert(source.to_owned(), printed);
        }
        same
    }

    // The diagram.

    fn diagram(&self, diagram: &Diagram<'_>, is_main: bool, woven: &mut Woven) -> Vec<Edit> {
        let document = &self.documents[diagram.document];
        let lines = &document.lines;
        if diagram.arrows.is_empty() {
            return Vec::new();
        }
        let numbers: Vec<usize> =
            if is_main { (0..diagram.arrows.len()).collect() } else { self.numbers_of_part(diagram) };
        if let Some(fence) = diagram.fence.map(|fence| &document.outline.fences[fence]) {
            let range = lines.span(fence.open..fence.close + 1);
            for candidate in self.whole_diagrams(&numbers) {
                let source = format!("{}{{{{ {candidate} }}}}", &lines.get(fence.open)[..fence.indent]);
                if self.prints(&source, &lines.text[range.clone()]) {
                    return vec![Edit { range, source }];
                }
            }
        }
        let printed = (self.fill)("{{ arrows }}").unwrap_or_default();
        let printed: Vec<&str> = printed.split('\n').collect();
        // A template of the user's may print more than a line an item; then messages are made one by one.
        let items: &[DiagramItem] =
            if is_main && printed.len() == self.page.diagram.len() { &self.page.diagram } else { &[] };
        let mut edits = Vec::new();
        let participants = self.participants(document, diagram);
        let taken = participants.as_ref().map_or(0..0, |(lines, _)| lines.clone());
        edits.extend(participants.map(|(_, edit)| edit));

        // Lines of messages that are no part of a run.
        let mut odd = std::collections::HashSet::new();
        let mut next_item = 0;
        let mut next_message = 0;
        // The open run: its first line and item, and the message before it.
        let mut run: Option<Run> = None;
        for line in diagram.lines.clone() {
            if taken.contains(&line) {
                continue;
            }
            let text = lines.get(line);
            let indent = text.len() - text.trim_start().len();
            let item = items.get(next_item..).and_then(|rest| rest.first());
            let depth_printed = printed.get(next_item).copied().unwrap_or_default();
            let base = text.len().checked_sub(depth_printed.len());
            // A run would print the note that nobody answered, which a page by hand has not.
            let is_unanswered = matches!(items.get(next_item + 1), Some(DiagramItem::Unanswered { .. }));
            let fits = item.is_some()
                && !is_unanswered
                && !depth_printed.is_empty()
                && base.is_some_and(|base| base <= indent && text[base..] == *depth_printed);
            let is_message = matches!(statement(text), Statement::Message(_));
            if fits {
                let base = base.unwrap_or_default();
                match &mut run {
                    Some(run) if run.end == line && run.base == text[..base] => run.end += 1,
                    _ => {
                        edits.extend(run.take().and_then(|run| self.run(document, &run, &numbers)));
                        run = Some(Run {
                            start: line,
                            end: line + 1,
                            base: text[..base].to_owned(),
                            from: next_message,
                            to: 0,
                        });
                    }
                }
                next_item += 1;
            }
            if is_message {
                if !fits {
                    edits.extend(run.take().and_then(|run| self.run(document, &run, &numbers)));
                    odd.insert(line);
                    if let Statement::Message(arrow) = statement(text) {
                        edits.extend(self.arrow(
                            document,
                            line,
                            &arrow,
                            numbers.get(next_message).copied(),
                            woven,
                        ));
                    }
                    // The items up to this message are passed over.
                    let message = |item: &DiagramItem| matches!(item, DiagramItem::Message { .. });
                    if let Some(at) = items.iter().skip(next_item).position(message) {
                        if items[next_item..next_item + at]
                            .iter()
                            .any(|item| !matches!(item, DiagramItem::Unanswered { .. }))
                        {
                            woven.draws_marks = false;
                        }
                        next_item += at + 1;
                    }
                    // The note that nobody answered stands right after; a page by hand has none.
                    if matches!(items.get(next_item), Some(DiagramItem::Unanswered { .. })) {
                        next_item += 1;
                    }
                }
                next_message += 1;
            }
            if let Some(run) = &mut run {
                run.to = next_message;
            }
        }
        let last = run.take();
        edits.extend(last.and_then(|run| self.run(document, &run, &numbers)));
        if items.get(next_item..).is_some_and(|rest| !rest.is_empty()) {
            woven.draws_marks = false;
        }
        // A run that could not be printed as one is made of its messages.
        let covered: std::collections::HashSet<usize> =
            edits.iter().flat_map(|edit| lines.at(edit.range.start)..=lines.at(edit.range.end)).collect();
        for (at, (line, arrow)) in diagram.arrows.iter().enumerate() {
            if !covered.contains(line) && !odd.contains(line) {
                if is_main {
                    woven.draws_marks = woven.draws_marks
                        && self.page.diagram.iter().all(|item| {
                            matches!(item, DiagramItem::Message { .. } | DiagramItem::Unanswered { .. })
                        });
                }
                edits.extend(self.arrow(document, *line, arrow, numbers.get(at).copied(), woven));
            }
        }
        edits
    }

    /// Which messages of the main diagram another one shows.
    fn numbers_of_part(&self, part: &Diagram<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut next = 0;
        for (_, arrow) in &part.arrows {
            let same = |&at: &usize| {
                self.facts.messages[at].arrow.is_some_and(|(_, known)| {
                    (known.from, known.to, known.text) == (arrow.from, arrow.to, arrow.text)
                })
            };
            // A part is near its whole; a search to the end for each message would not end.
            match (next..self.facts.messages.len()).take(512).find(same) {
                Some(at) => {
                    found.push(at);
                    next = at + 1;
                }
                None => found.push(usize::MAX),
            }
        }
        found
    }

    fn whole_diagrams(&self, numbers: &[usize]) -> Vec<String> {
        let mut candidates = vec!["diagram".to_owned()];
        let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) else { return candidates };
        if last < self.facts.messages.len() && last >= first && last - first + 1 == numbers.len() {
            let until = self.message_name(last);
            candidates.push(match first.checked_sub(1) {
                Some(before) => format!("diagram(after={}, until={until})", self.message_name(before)),
                None => format!("diagram(until={until})"),
            });
        }
        candidates
    }

    /// The lines of the participants, where the page lists them as docgen does.
    fn participants(&self, document: &Document<'_>, diagram: &Diagram<'_>) -> Option<(Range<usize>, Edit)> {
        let lines = &document.lines;
        let is_one = |line: &usize| matches!(statement(lines.get(*line)), Statement::Participant { .. });
        let start = diagram.lines.clone().find(is_one)?;
        let end = (start..diagram.lines.end).find(|line| !is_one(line)).unwrap_or(diagram.lines.end);
        let text = lines.get(start);
        let indent = &text[..text.len() - text.trim_start().len()];
        let source = format!("{indent}{{{{ participants }}}}");
        let range = lines.span(start..end);
        self.prints(&source, &lines.text[range.clone()]).then_some((start..end, Edit { range, source }))
    }

    /// A hole for a run of lines of the diagram.
    fn run(&self, document: &Document<'_>, run: &Run, numbers: &[usize]) -> Option<Edit> {
        let range = document.lines.span(run.start..run.end);
        let text = &document.lines.text[range.clone()];
        let mut options = Vec::new();
        if let Some(before) = run.from.checked_sub(1) {
            options.push(format!("after={}", self.message_name(numbers[before])));
        }
        if run.to < numbers.len() || numbers.len() < self.facts.messages.len() {
            options.push(format!("until={}", self.message_name(*numbers.get(run.to.checked_sub(1)?)?)));
        }
        let call =
            if options.is_empty() { "arrows".to_owned() } else { format!("arrows({})", options.join(", ")) };
        let source = format!("{}{{{{ {call} }}}}", run.base);
        self.prints(&source, text).then_some(Edit { range, source })
    }

    /// One message of the diagram, made of its parts.
    fn arrow(
        &self,
        document: &Document<'_>,
        line: usize,
        arrow: &Arrow<'_>,
        message: Option<usize>,
        woven: &mut Woven,
    ) -> Option<Edit> {
        let range = document.lines.range(line);
        let text = document.lines.get(line);
        let message = message.filter(|&at| at < self.facts.messages.len());
        let Some((name, shown)) = message.and_then(|at| Some((self.message_name(at), self.shown(at)?)))
        else {
            woven.diagnostics.push(
                document
                    .error(range, "this message is none of the page's main diagram")
                    .hint("it stays as text"),
            );
            return None;
        };
        let end = |id: &str, known: &str, field: &str| {
            if id == known { format!("{{{{ {name}.{field} }}}}") } else { escaped(id) }
        };
        let whole = format!("{}{{{{ arrow({name}) }}}}{}", arrow.indent, arrow.end);
        let parts = [
            arrow.indent,
            &end(arrow.from, &shown.from, "from"),
            arrow.arrow,
            &end(arrow.to, &shown.to, "to"),
            arrow.colon,
            &self.pieces(arrow.text, &name, shown),
            arrow.end,
        ];
        let source = [whole, parts.concat()].into_iter().find(|source| self.prints(source, text))?;
        Some(Edit { range, source })
    }

    // Sections.

    fn sections(&self, edits: &mut [Vec<Edit>], woven: &mut Woven) {
        let sections = &self.facts.sections;
        let mut at = 0;
        while at < sections.len() {
            let section = &sections[at];
            if let Some(edit) = sections.get(at + 1).and_then(|next| self.exchange(section, next)) {
                edits[section.document].push(edit);
                at += 2;
                continue;
            }
            let found = self.section(section, woven);
            edits[section.document].extend(found);
            at += 1;
        }
    }

    /// One hole for two sections that follow each other, where the templates would print them.
    fn exchange(&self, first: &Section<'_>, second: &Section<'_>) -> Option<Edit> {
        let messages = &self.facts.messages;
        let (request, response) = (&messages[first.message?], &messages[second.message?]);
        if first.document != second.document
            || request.exchange != response.exchange
            || (request.side, response.side) != (Side::Request, Side::Response)
        {
            return None;
        }
        let document = &self.documents[first.document];
        let end = self.last_line(document, second)?;
        let range = document.lines.span(first.heading.line..end + 1);
        let text = &document.lines.text[range.clone()];
        let marks: Vec<String> =
            [first, second].into_iter().flat_map(|section| self.marks_of(document, section)).collect();
        let name = &self.names[request.exchange];
        let options = [options(&marks, false), options(&marks, true)];
        options
            .into_iter()
            .map(|options| format!("{{{{ exchange({name}{options}) }}}}"))
            .find(|source| self.prints(source, text))
            .map(|source| Edit { range, source })
    }

    fn last_line(&self, document: &Document<'_>, section: &Section<'_>) -> Option<usize> {
        let fence = |at: Option<usize>| at.map(|at| document.outline.fences[at].close);
        fence(section.headers).max(fence(section.body))
    }

    fn section(&self, section: &Section<'_>, woven: &mut Woven) -> Vec<Edit> {
        let document = &self.documents[section.document];
        let lines = &document.lines;
        let Some(message) = section.message else { return Vec::new() };
        let name = self.message_name(message);
        let Some(shown) = self.shown(message) else { return Vec::new() };
        let marks = self.marks_of(document, section);
        let body_options =
            section.body.map_or_else(String::new, |body| self.body_options(document, body, shown));
        if let Some(end) = self.last_line(document, section) {
            let range = lines.span(section.heading.line..end + 1);
            if let Some(source) =
                self.called("", "message", &name, &marks, &body_options, &lines.text[range.clone()])
            {
                return vec![Edit { range, source }];
            }
        }
        let mut edits = Vec::new();
        edits.extend(self.heading(document, section, &name, shown, woven));
        edits.extend(self.names_line(document, section, &name, shown));
        // Both tabs.
        let fences = &document.outline.fences;
        let (headers, body) = (section.headers.map(|at| &fences[at]), section.body.map(|at| &fences[at]));
        if let (Some(headers), Some(body)) = (headers, body)
            && let (Some(first), Some(_)) = (self.tab_line(document, headers), self.tab_line(document, body))
            && headers.close < body.open
        {
            let range = lines.span(first..body.close + 1);
            let text = &lines.text[range.clone()];
            let indent = &lines.get(first)[..lines.get(first).len() - lines.get(first).trim_start().len()];
            if let Some(source) = self.called(indent, "tabs", &name, &marks, &body_options, text) {
                edits.push(Edit { range, source });
                return edits;
            }
        }
        for (fence, part) in [(section.headers, "headers"), (section.body, "body")] {
            if let Some(fence) = fence {
                edits.extend(self.fence(document, fence, part, &name, shown, woven));
            }
        }
        edits
    }

    /// The line of the tab that holds this fence and nothing before it.
    fn tab_line(&self, document: &Document<'_>, fence: &Fence) -> Option<usize> {
        let tab = &document.outline.tabs[fence.tab?];
        (tab.line + 1 == fence.open).then_some(tab.line)
    }

    /// `{{ WORD(NAME, …) }}` with the options with which it prints `text`.
    fn called(
        &self,
        indent: &str,
        word: &str,
        name: &str,
        marks: &[String],
        more: &str,
        text: &str,
    ) -> Option<String> {
        let source = |options: String| format!("{indent}{{{{ {word}({name}{options}{more}) }}}}");
        [options(marks, false), options(marks, true)]
            .into_iter()
            .map(source)
            .find(|source| self.prints(source, text))
    }

    /// The options with which a hole prints this body as the page does: what stands before it, the
    /// word for none, the language, and JSON on a single line.
    fn body_options(&self, document: &Document<'_>, at: usize, shown: &Message) -> String {
        let fence = &document.outline.fences[at];
        let (body, lines) = body_content(document, at);
        let mut options = String::new();
        let first = fence.content().map(|line| document.lines.get(line)).find(|line| !line.trim().is_empty());
        let first = first.map_or("", |line| super::blocks::dedented(line, fence.indent));
        match &body {
            Body::Absent if first.trim() != "none" && lines.count == 1 => {
                options.push_str(&format!(", absent={}", quoted(first)));
            }
            Body::Text(text) => {
                let line = text.split('\n').next().unwrap_or_default();
                if let Some(prefix) = first.strip_suffix(line).filter(|prefix| !prefix.is_empty()) {
                    options.push_str(&format!(", prefix={}", quoted(prefix)));
                }
                if crate::json::is_one_line(text)
                    && crate::json::reindent(text).is_some_and(|laid_out| laid_out != **text)
                {
                    options.push_str(", raw=true");
                }
            }
            _ => {}
        }
        let (language, _) = info_parts(&document.lines.text[fence.info.clone()], fence.info.start);
        let is_word =
            !language.is_empty() && language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if self.page.layout == crate::settings::Layout::Page && *language != *shown.language && is_word {
            options.push_str(&format!(", language={}", quoted(language)));
        }
        options
    }

    /// A heading with holes for its number and for what follows from the message.
    fn heading(
        &self,
        document: &Document<'_>,
        section: &Section<'_>,
        name: &str,
        shown: &Message,
        woven: &mut Woven,
    ) -> Option<Edit> {
        let text = document.lines.text;
        let whole = section.heading.text.clone();
        let end = whole.start + text[whole.clone()].trim_end().len();
        let range = whole.start..end;
        let said = &text[range.clone()];
        let mut candidates = vec![format!("{{{{ heading({name}) }}}}")];
        if let Some(number) = &section.number {
            let rest = self.pieces(&text[number.range.end..end], name, shown);
            candidates.push(format!("{{{{ {name} }}}}{rest}"));
            candidates.push(format!(
                "{}{{{{ {name}.number }}}}{}{rest}",
                escaped(&text[number.range.start..number.digits.start]),
                escaped(&text[number.digits.end..number.range.end]),
            ));
            candidates.push(format!("{}{rest}", escaped(&text[number.range.clone()])));
        } else {
            candidates.push(self.pieces(said, name, shown));
        }
        let found = candidates.iter().position(|source| self.prints(source, said));
        if section.number.is_some() && found.is_none_or(|at| at == 3) {
            woven.diagnostics.push(
                document
                    .error(range.clone(), "this heading's number is not the one that its message has")
                    .hint("it stays as text"),
            );
        }
        Some(Edit { range, source: candidates.swap_remove(found?) })
    }

    /// `` `client` --> `server` `` below a heading.
    fn names_line(
        &self,
        document: &Document<'_>,
        section: &Section<'_>,
        name: &str,
        shown: &Message,
    ) -> Option<Edit> {
        let (client, server) = section.names?;
        if (client, server) != (&*shown.client, &*shown.server) {
            return None;
        }
        let line = section.heading.line + 1;
        let text = document.lines.get(line);
        let source = text
            .replacen(&format!("`{client}`"), &format!("`{{{{ {name}.client }}}}`"), 1)
            .replacen(&format!(" `{server}`"), &format!(" `{{{{ {name}.server }}}}`"), 1);
        self.prints(&source, text).then(|| Edit { range: document.lines.range(line), source })
    }

    /// A fence: as a tab, or as text with holes inside.
    fn fence(
        &self,
        document: &Document<'_>,
        at: usize,
        part: &str,
        name: &str,
        shown: &Message,
        woven: &mut Woven,
    ) -> Vec<Edit> {
        let lines = &document.lines;
        let fence = &document.outline.fences[at];
        let marks = self.marks(document, at, part);
        let word = if part == "headers" { "header" } else { "body" };
        if let Some(tab) = self.tab_line(document, fence) {
            let range = lines.span(tab..fence.close + 1);
            let line = lines.get(tab);
            let indent = &line[..line.len() - line.trim_start().len()];
            let by_line = self.line_marks(document, at);
            let text = &lines.text[range.clone()];
            let more = if part == "body" { self.body_options(document, at, shown) } else { String::new() };
            if let Some(source) = self
                .called(indent, word, name, &marks, &more, text)
                .or_else(|| self.called(indent, word, name, &by_line, &more, text))
            {
                return vec![Edit { range, source }];
            }
        }
        let mut edits = self.info(document, fence, name, shown, &marks);
        let shown_lines = match part {
            "headers" => header_content(document, at).1,
            _ => body_content(document, at).1,
        };
        edits.extend(self.content(document, fence, &shown_lines, part, name, woven));
        edits
    }

    /// Holes in a fence's info string: the title, and the lines to highlight.
    fn info(
        &self,
        document: &Document<'_>,
        fence: &Fence,
        name: &str,
        shown: &Message,
        marks: &[String],
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
                "hl_lines" if !marks.is_empty() => {
                    let lines = |marks: &[String]| format!("{{{{ lines({name}, {}) }}}}", marks.join(", "));
                    let whole = lines(marks);
                    if self.prints(&whole, value) {
                        edits.push(Edit { range: option.value, source: whole });
                        continue;
                    }
                    // One by one: some of them have no name.
                    let words = pieces_of(value);
                    if words.len() != marks.len() {
                        continue;
                    }
                    for (word, mark) in words.into_iter().zip(marks) {
                        let source = lines(std::slice::from_ref(mark));
                        let range = option.value.start + word.start..option.value.start + word.end;
                        if mark.starts_with('"') && self.prints(&source, &value[word]) {
                            edits.push(Edit { range, source });
                        }
                    }
                }
                _ => {}
            }
        }
        edits
    }

    /// The lines inside a fence: one hole, or several where a line of text stands between.
    fn content(
        &self,
        document: &Document<'_>,
        fence: &Fence,
        shown: &Shown,
        part: &str,
        name: &str,
        woven: &mut Woven,
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
                None => woven.diagnostics.push(
                    document
                        .error(
                            range,
                            format!(
                                "these lines of the {} cannot be printed from the trace as they are",
                                word_of(part)
                            ),
                        )
                        .hint("they stay as text"),
                ),
            }
            at = end;
        }
        for (line, field) in content.zip(&shown.lines) {
            let text = lines.get(line);
            if part == "headers" && field.is_none() && !text.trim().is_empty() {
                // A value without the blank before it is a hole of its own.
                if let Some((field, value)) =
                    super::facts::field(text.trim_start()).filter(|(_, value)| !value.is_empty())
                {
                    let source = format!("{{{{ value({name}, {}) }}}}", quoted(field));
                    if self.prints(&source, value) {
                        let end = lines.range(line).end;
                        edits.push(Edit { range: end - value.len()..end, source });
                        continue;
                    }
                }
                woven.diagnostics.push(
                    document
                        .error(lines.range(line), "this is no header line as the trace prints one")
                        .hint("it stays as text"),
                );
            }
        }
        edits
    }

    // Highlights.

    fn marks_of(&self, document: &Document<'_>, section: &Section<'_>) -> Vec<String> {
        let headers = section.headers.map_or_else(Vec::new, |fence| self.marks(document, fence, "headers"));
        let body = section.body.map_or_else(Vec::new, |fence| self.marks(document, fence, "body"));
        headers.into_iter().chain(body).collect()
    }

    /// What a fence highlights, as arguments of a hole: names of headers, JSON pointers, or numbers.
    fn marks(&self, document: &Document<'_>, at: usize, part: &str) -> Vec<String> {
        let content = document.outline.fences[at].content();
        let lines: Vec<&str> = content
            .map(|line| super::blocks::dedented(document.lines.get(line), document.outline.fences[at].indent))
            .collect();
        let outline = if part == "body" { Outline::of(&lines.join("\n")) } else { None };
        let named = |line: usize| match part {
            "headers" => {
                super::facts::field(lines.get(line.checked_sub(1)?)?).map(|(name, _)| name.to_owned())
            }
            _ => outline.as_ref()?.pointer(line),
        };
        let mark = |word: &str| -> Option<String> {
            match word.split_once('-') {
                Some((from, to)) => {
                    let (from, to) = (named(from.parse().ok()?)?, named(to.parse().ok()?)?);
                    Some(quoted(&format!("{from}..{to}")))
                }
                None => Some(quoted(&named(word.parse().ok()?)?)),
            }
        };
        self.highlighted(document, at)
            .into_iter()
            .map(|word| mark(&word).unwrap_or_else(|| number_mark(&word)))
            .collect()
    }

    /// What a fence highlights, as line numbers.
    fn line_marks(&self, document: &Document<'_>, at: usize) -> Vec<String> {
        self.highlighted(document, at).iter().map(|word| number_mark(word)).collect()
    }

    fn highlighted(&self, document: &Document<'_>, at: usize) -> Vec<String> {
        let text = document.lines.text;
        let info = &document.outline.fences[at].info;
        let (_, options) = info_parts(&text[info.clone()], info.start);
        let Some(option) = options.into_iter().find(|option| option.name == "hl_lines") else {
            return Vec::new();
        };
        let value = &text[option.value];
        let is_number =
            |word: &str| !word.is_empty() && word.len() < 7 && word.bytes().all(|b| b.is_ascii_digit());
        let words: Vec<String> = pieces_of(value).into_iter().map(|range| value[range].to_owned()).collect();
        let are_lines = words.iter().all(|word| match word.split_once('-') {
            Some((from, to)) => is_number(from) && is_number(to),
            None => is_number(word),
        });
        if are_lines { words } else { Vec::new() }
    }

    // Blocks.

    fn blocks(&self) -> Vec<Edit> {
        let document = &self.documents[0];
        let lines = &document.lines;
        let fences = &document.outline.fences;
        let mut edits: Vec<Edit> = Vec::new();
        let mut put = |start: usize, end: usize, source: String| -> bool {
            let range = lines.span(start..end);
            let holds = self.prints(&source, &lines.text[range.clone()]);
            if holds {
                edits.push(Edit { range, source });
            }
            holds
        };
        let indented = |line: usize, hole: &str| {
            let text = lines.get(line);
            format!("{}{{{{ {hole} }}}}", &text[..text.len() - text.trim_start().len()])
        };
        if let Some(command) = &self.blocks.command {
            let fence = &fences[command.fence];
            // In the snippets layout the command is a collapsed block, with its output inside.
            let is_whole = fence.open > 0
                && lines.get(fence.open - 1).trim_start().starts_with("???")
                && put(fence.open - 1, fence.close + 1, indented(fence.open - 1, "command"));
            let is_whole = is_whole || put(fence.open, fence.close + 1, indented(fence.open, "command"));
            if !is_whole {
                put(fence.open + 1, fence.open + 1 + command.lines, indented(fence.open + 1, "command.text"));
                if let Some(output) =
                    self.blocks.output.as_ref().filter(|output| output.fence == command.fence)
                {
                    put(output.lines.start, output.lines.end, indented(output.lines.start, "output.text"));
                }
            }
        }
        if let Some(output) = &self.blocks.output
            && self.blocks.command.as_ref().is_none_or(|command| command.fence != output.fence)
        {
            let fence = &fences[output.fence];
            if !put(fence.open, fence.close + 1, indented(fence.open, "output")) {
                put(output.lines.start, output.lines.end, indented(output.lines.start, "output.text"));
            }
        }
        if let Some(launch) = &self.blocks.launch {
            let fence = &fences[launch.fence];
            put(fence.open, fence.close + 1, indented(fence.open, "launch"));
        }
        if let Some(reference) = &self.blocks.reference {
            let source = "{{ reference }}".to_owned();
            if self.prints(&source, &lines.text[reference.range.clone()]) {
                edits.push(Edit { range: reference.range.clone(), source });
            }
        }
        edits
    }

    // Sentences.

    /// References to steps, and values of variables, in the text that `taken` leaves.
    fn sentences(&self, document: &Document<'_>, taken: &[Range<usize>], woven: &mut Woven) -> Vec<Edit> {
        let lines = &document.lines;
        let mut drawing = vec![document.is_diagram; lines.len()];
        for diagram in &self.facts.diagrams {
            if std::ptr::eq(&self.documents[diagram.document], document) {
                drawing[diagram.lines.clone()].fill(true);
            }
        }
        let mut edits = Vec::new();
        let mut taken = taken.iter().peekable();
        let mut links = document.outline.links.iter().peekable();
        for (line, is_drawing) in drawing.into_iter().enumerate() {
            let range = lines.range(line);
            while taken.next_if(|taken| taken.end < range.start).is_some() {}
            while links.next_if(|link| link.range.end < range.start).is_some() {}
            if document.outline.fence_at(line).is_some() && !is_drawing {
                continue;
            }
            let text = lines.get(line);
            let is_free = |part: &Range<usize>| {
                let overlaps = |other: &Range<usize>| other.start < part.end && part.start < other.end;
                !taken.clone().take_while(|taken| taken.start < range.end).any(overlaps)
                    && !links
                        .clone()
                        .take_while(|link| link.range.start < range.end)
                        .any(|link| overlaps(&link.target))
            };
            let mut own: Vec<Edit> = Vec::new();
            for (part, reference) in references(text) {
                let part = range.start + part.start..range.start + part.end;
                if is_free(&part) {
                    self.reference(document, part, reference, &mut own, woven);
                }
            }
            let numbered: Vec<Range<usize>> = own.iter().map(|edit| edit.range.clone()).collect();
            for (name, value) in &self.page.vars {
                for part in occurrences(text, value) {
                    let part = range.start + part.start..range.start + part.end;
                    let overlaps = |other: &Range<usize>| other.start < part.end && part.start < other.end;
                    let source = format!("{{{{ var.{name} }}}}");
                    if is_free(&part) && !numbered.iter().any(overlaps) && self.prints(&source, value) {
                        own.push(Edit { range: part, source });
                    }
                }
            }
            edits.extend(own);
        }
        edits.extend(document.outline.links.iter().filter_map(|link| self.anchor(document, link)));
        edits
    }

    /// The number in a link to a message's own heading: `#7-get-images`.
    fn anchor(&self, document: &Document<'_>, link: &super::scan::Link) -> Option<Edit> {
        let anchor = link.url.strip_prefix('#')?;
        let digits = anchor.bytes().take_while(u8::is_ascii_digit).count();
        let message = self.message_of(anchor[..digits].parse().ok()?)?;
        let verb = self.shown(message)?.verb().to_lowercase().replace(' ', "-");
        let is_heading = anchor[digits..].strip_prefix('-').is_some_and(|rest| rest.starts_with(&verb));
        let target = &document.lines.text[link.target.clone()];
        let at = target.find(&link.url).filter(|_| is_heading)? + link.target.start + 1;
        let source = format!("{{{{ {}.number }}}}", self.message_name(message));
        let range = at..at + digits;
        self.prints(&source, &document.lines.text[range.clone()]).then_some(Edit { range, source })
    }

    fn reference(
        &self,
        document: &Document<'_>,
        range: Range<usize>,
        reference: Reference,
        edits: &mut Vec<Edit>,
        woven: &mut Woven,
    ) {
        let text = &document.lines.text[range.clone()];
        let message = |number: u32| self.message_of(number);
        let first = |at: usize| self.facts.messages[at].side == Side::Request;
        let exchange = |at: usize| self.facts.messages[at].exchange;
        // The exchange where the message is its first or last step, else the message.
        let from =
            |at: usize| if first(at) { self.names[exchange(at)].clone() } else { self.message_name(at) };
        let to = |at: usize| if first(at) { self.message_name(at) } else { self.names[exchange(at)].clone() };
        let limits = |word: &str, a: usize, b: usize| {
            if exchange(a) == exchange(b) && first(a) && !first(b) {
                format!("{{{{ {word}({}) }}}}", self.names[exchange(a)])
            } else {
                format!("{{{{ {word}({}, {}) }}}}", from(a), to(b))
            }
        };
        let one = |at: usize| format!("{{{{ {} }}}}", self.message_name(at));
        let source = match reference {
            Reference::One(a) => message(a).map(one),
            Reference::Pair(a, b) => match (message(a), message(b)) {
                (Some(a), Some(b)) if exchange(a) == exchange(b) => {
                    Some(format!("{{{{ {} }}}}", self.names[exchange(a)]))
                }
                (Some(a), Some(b)) => Some(format!("{},{}", one(a), one(b))),
                _ => None,
            },
            Reference::Range(a, b) => message(a).zip(message(b)).map(|(a, b)| limits("range", a, b)),
            Reference::Span(a, b) => message(a).zip(message(b)).map(|(a, b)| limits("span", a, b)),
            Reference::Both(a, b) => message(a).zip(message(b)).map(|(at_a, at_b)| {
                let between = text.trim_start_matches(['(']).trim_start_matches(|c: char| c.is_ascii_digit());
                let between = between.trim_end_matches(')').trim_end_matches(|c: char| c.is_ascii_digit());
                let number = |at| format!("{{{{ {}.number }}}}", self.message_name(at));
                let _ = (a, b);
                format!("({}{between}{})", number(at_a), number(at_b))
            }),
        };
        match source.filter(|source| self.prints(source, text)) {
            Some(source) => edits.push(Edit { range, source }),
            None => {
                let number = match reference {
                    Reference::One(a) => a,
                    Reference::Pair(_, b)
                    | Reference::Range(_, b)
                    | Reference::Span(_, b)
                    | Reference::Both(_, b) => b,
                };
                // A year, a count of bytes: nobody would take these for steps.
                if number < 1000 {
                    let what = if self.facts.messages.is_empty() {
                        "the page prints no message that this number could be of"
                    } else {
                        "this is no step of the page"
                    };
                    woven.diagnostics.push(document.error(range, what).hint("it stays as text"));
                }
            }
        }
    }

    /// The message that the page calls by this number.
    fn message_of(&self, number: u32) -> Option<usize> {
        let (start, step) = self.facts.diagrams.first().map_or((1, 1), |diagram| diagram.numbers);
        let from = number.checked_sub(start)?;
        (step > 0 && from % step == 0)
            .then_some((from / step) as usize)
            .filter(|&at| at < self.facts.messages.len())
    }

    /// `text` with holes for what follows from a message: verb, path, URL.
    fn pieces(&self, text: &str, name: &str, shown: &Message) -> String {
        let verb = shown.verb();
        let status = shown.status.to_string();
        let url: &str = &shown.url;
        let (title, summary) = (format!("{verb} {url}"), format!("{verb} {}", shown.raw_path));
        let mut parts: Vec<(&str, &str)> = vec![
            (&title, "title"),
            (&summary, "summary"),
            (url, "url"),
            (&shown.path, "path"),
            (&shown.raw_path, "raw_path"),
            (&verb, "verb"),
        ];
        if shown.side == Side::Response {
            parts.push((&status, "status"));
            parts.push((&shown.reason, "reason"));
        }
        parts.retain(|(value, _)| value.len() > 1 || *value == "/");
        let mut source = String::new();
        let mut at = 0;
        while at < text.len() {
            let rest = &text[at..];
            let before = text[..at].chars().next_back();
            let starts = !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '/' | '_' | '-' | '.'));
            let found = parts
                .iter()
                .filter(|(value, _)| {
                    starts
                        && rest.strip_prefix(value).is_some_and(|after| {
                            !after.starts_with(|c: char| {
                                c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '?')
                            })
                        })
                })
                .max_by_key(|(value, _)| value.len());
            match found {
                Some((value, field)) => {
                    source.push_str(&format!("{{{{ {name}.{field} }}}}"));
                    at += value.len();
                }
                None => {
                    let length = rest.chars().next().map_or(1, char::len_utf8);
                    // Two braces are escaped where they begin.
                    if rest.starts_with("{{") {
                        source.push_str("\\{{");
                        at += 2;
                    } else {
                        source.push_str(&rest[..length]);
                        at += length;
                    }
                }
            }
        }
        source
    }
}

/// Lines of the diagram that one hole may print.
struct Run {
    start: usize,
    end: usize,
    /// The blanks before each line.
    base: String,
    /// How many messages come before the run, and before its end.
    from: usize,
    to: usize,
}

/// `, highlight=…, linenums=true`.
fn options(marks: &[String], linenums: bool) -> String {
    let mut options = match marks {
        [] => String::new(),
        [mark] => format!(", highlight={mark}"),
        marks => format!(", highlight=[{}]", marks.join(", ")),
    };
    if linenums {
        options.push_str(", linenums=true");
    }
    options
}

/// The pieces of an `hl_lines` value.
fn pieces_of(value: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = None;
    for (at, c) in value.char_indices().chain([(value.len(), ' ')]) {
        let is_gap = c.is_whitespace() || c == ',';
        match (start, is_gap) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                pieces.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    pieces
}

fn number_mark(word: &str) -> String {
    if word.contains('-') { quoted(word) } else { word.trim_start_matches('0').to_owned() }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn word_of(part: &str) -> &'static str {
    if part == "headers" { "headers" } else { "body" }
}

/// Where `value` stands in `text` as a word of its own. A short value is a word by chance.
fn occurrences(text: &str, value: &str) -> Vec<Range<usize>> {
    const SHORT: usize = 8;
    if value.len() < SHORT || !text.contains(value) {
        return Vec::new();
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    text.match_indices(value)
        .map(|(at, _)| at..at + value.len())
        .filter(|range| {
            !text[..range.start].ends_with(|c| is_part(c) || c == '{')
                && !text[range.end..].starts_with(is_part)
        })
        .collect()
}

/// `text` with the edits in it, which are in order; one that overlaps an earlier one is dropped.
fn assembled(text: &str, edits: &mut Vec<Edit>) -> String {
    let mut end = 0;
    edits.retain(|edit| {
        let fits = edit.range.start >= end;
        if fits {
            end = edit.range.end;
        }
        fits
    });
    let mut source = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits.iter() {
        source.push_str(&escaped(&text[at..edit.range.start]));
        source.push_str(&edit.source);
        at = edit.range.end;
    }
    source.push_str(&escaped(&text[at..]));
    source
}

/// The labels that a source uses.
pub(super) fn labels_in(source: &str, names: &[String]) -> Vec<bool> {
    let mut used = vec![false; names.len()];
    let index: std::collections::HashMap<&str, usize> =
        names.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    for hole in source.split("{{").skip(1) {
        let inside = hole.split("}}").next().unwrap_or_default();
        for word in inside.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            if let Some(&at) = index.get(word) {
                used[at] = true;
            }
        }
    }
    used
}
