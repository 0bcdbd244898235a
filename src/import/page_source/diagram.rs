//! Holes for a page's diagrams: a whole one, a run of its lines, or one message.
//!
//! A run is as long as the lines are those that the page model draws, and a message that somebody
//! drew in another way is made of its parts. What this leaves out: what a line of a diagram says
//! (`import::diagram`).

use std::ops::Range;

use super::{BuiltSources, Edit, SourceBuilder};
use crate::import::Document;
use crate::import::diagram::{Arrow, Statement, statement};
use crate::import::facts::Diagram;
use crate::import::scan::{Fence, info_parts};
use crate::page::DiagramItem;
use crate::page::source::escaped;

impl SourceBuilder<'_> {
    /// `at` is the diagram's place among all.
    pub(super) fn diagram(&self, diagram: &Diagram<'_>, at: usize, built: &mut BuiltSources) -> Vec<Edit> {
        let document = &self.documents[diagram.document];
        let lines = &document.lines;
        if diagram.arrows.is_empty() {
            // One that includes its lines from a snippet.
            return self.whole(document, diagram, "diagram").into_iter().collect();
        }
        // The page model draws all messages in one.
        let is_main = at == 0 && self.facts.diagrams.whole().len() == 1;
        let numbers: Vec<usize> = match self.facts.diagrams.messages_of(at) {
            Some(messages) => messages.collect(),
            None => self.numbers_of_part(diagram),
        };
        let candidates = self.whole_diagrams(&numbers);
        if let Some(edit) = candidates.iter().find_map(|call| self.whole(document, diagram, call)) {
            return vec![edit];
        }
        let printed = (self.printer.fragment)("{{ arrows }}", false).unwrap_or_default();
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
                            built,
                        ));
                    }
                    // The items up to this message are passed over.
                    let message = |item: &DiagramItem| matches!(item, DiagramItem::Message { .. });
                    if let Some(at) = items.iter().skip(next_item).position(message) {
                        if items[next_item..next_item + at]
                            .iter()
                            .any(|item| !matches!(item, DiagramItem::Unanswered { .. }))
                        {
                            built.draws_boxes_and_notes = false;
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
            built.draws_boxes_and_notes = false;
        }
        // A run that could not be printed as one is made of its messages.
        let covered: std::collections::HashSet<usize> =
            edits.iter().flat_map(|edit| lines.at(edit.range.start)..=lines.at(edit.range.end)).collect();
        for (at, (line, arrow)) in diagram.arrows.iter().enumerate() {
            if !covered.contains(line) && !odd.contains(line) {
                if is_main {
                    built.draws_boxes_and_notes = built.draws_boxes_and_notes
                        && self.page.diagram.iter().all(|item| {
                            matches!(item, DiagramItem::Message { .. } | DiagramItem::Unanswered { .. })
                        });
                }
                edits.extend(self.arrow(document, *line, arrow, numbers.get(at).copied(), built));
            }
        }
        edits
    }

    /// A hole with this call for the fence of a diagram, or for the fences of all its parts, with a line above each.
    fn whole(&self, document: &Document<'_>, diagram: &Diagram<'_>, call: &str) -> Option<Edit> {
        let lines = &document.lines;
        let fences = &document.outline.fences;
        let at = diagram.fence?;
        let indent = &lines.get(fences[at].open)[..fences[at].indent];
        let source = format!("{indent}{{{{ {call} }}}}");
        let mut last = at;
        while fences.get(last + 1).is_some_and(|next| {
            next.open == fences[last].close + 4 && diagram_language(document, next) && call == "diagram"
        }) {
            last += 1;
        }
        let alone = (fences[at].open, fences[at].close);
        let in_parts =
            fences[at].open.checked_sub(2).filter(|_| last > at).map(|open| (open, fences[last].close));
        in_parts.into_iter().chain([alone]).find_map(|(open, close)| {
            let is_printed = self.prints(&source, &lines.text[lines.span(open..close + 1)]);
            let range = lines.span(self.with_anchor(document, open)..close + 1);
            is_printed.then(|| Edit { range, source: source.clone() })
        })
    }

    /// Which messages of the main diagram another one shows.
    fn numbers_of_part(&self, part: &Diagram<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        let mut next = 0;
        for (_, arrow) in &part.arrows {
            let same = |&at: &usize| {
                self.facts.messages[at].drawn.is_some_and(|drawn| {
                    let known = drawn.arrow;
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
        built: &mut BuiltSources,
    ) -> Option<Edit> {
        let range = document.lines.range(line);
        let text = document.lines.get(line);
        let message = message.filter(|&at| at < self.facts.messages.len());
        let Some((name, shown)) = message.and_then(|at| Some((self.message_name(at), self.shown(at)?)))
        else {
            built.diagnostics.push(
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
}

/// Whether a fence holds what mermaid draws.
fn diagram_language(document: &Document<'_>, fence: &Fence) -> bool {
    info_parts(&document.lines.text[fence.info.clone()], 0).0.eq_ignore_ascii_case("mermaid")
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
