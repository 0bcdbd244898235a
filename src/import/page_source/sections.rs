//! Holes for the sections that print messages.
//!
//! From one hole for both messages of an exchange down to the parts of one: its heading, the line
//! of its names, both tabs. What this leaves out: what is in a single fence (`fences`).

use super::fences::set_before;
use super::options::options;
use super::{BuiltSources, Edit, SourceBuilder};
use crate::import::Document;
use crate::import::facts::Section;
use crate::page::Message;
use crate::page::source::escaped;
use crate::sequence::Side;

impl SourceBuilder<'_> {
    pub(super) fn sections(&self, edits: &mut [Vec<Edit>], built: &mut BuiltSources) {
        let sections = &self.facts.sections;
        let mut at = 0;
        while at < sections.len() {
            let section = &sections[at];
            if let Some(edit) = sections.get(at + 1).and_then(|next| self.exchange(section, next)) {
                edits[section.document].push(edit);
                at += 2;
                continue;
            }
            let found = self.section(section, built);
            edits[section.document].extend(found);
            at += 1;
        }
    }

    /// One hole for two sections that follow each other, where the templates would print them.
    fn exchange(&self, first: &Section<'_>, second: &Section<'_>) -> Option<Edit> {
        let messages = &self.facts.messages;
        let (request, response) = (&messages[first.message], &messages[second.message]);
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
        let targets: Vec<String> =
            [first, second].into_iter().flat_map(|section| self.targets_of(document, section)).collect();
        let name = &self.names[request.exchange];
        let options = [options(&targets, false), options(&targets, true)];
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

    fn section(&self, section: &Section<'_>, built: &mut BuiltSources) -> Vec<Edit> {
        let document = &self.documents[section.document];
        let lines = &document.lines;
        let name = self.message_name(section.message);
        let Some(shown) = self.shown(section.message) else { return Vec::new() };
        let targets = self.targets_of(document, section);
        let body_options =
            section.body.map_or_else(String::new, |body| self.body_options(document, body, shown));
        if let Some(end) = self.last_line(document, section) {
            let range = lines.span(section.heading.line..end + 1);
            if let Some(source) =
                self.called("", "message", &name, &targets, &body_options, &lines.text[range.clone()])
            {
                return vec![Edit { range, source }];
            }
        }
        let mut edits = Vec::new();
        edits.extend(self.heading(document, section, &name, shown, built));
        edits.extend(self.names_line(document, section, &name, shown));
        // Both tabs.
        let fences = &document.outline.fences;
        let (headers, body) = (section.headers.map(|at| &fences[at]), section.body.map(|at| &fences[at]));
        if let (Some(headers), Some(body)) = (headers, body)
            && let (Some(first), Some(_)) = (self.tab_line(document, headers), self.tab_line(document, body))
            && headers.close < body.open
            && set_before(document, first).is_none()
        {
            let text = &lines.text[lines.span(first..body.close + 1)];
            let indent = &lines.get(first)[..lines.get(first).len() - lines.get(first).trim_start().len()];
            if let Some(source) = self.called(indent, "tabs", &name, &targets, &body_options, text) {
                let range = lines.span(self.with_anchor(document, first)..body.close + 1);
                edits.push(Edit { range, source });
                return edits;
            }
        }
        for (fence, part) in [(section.headers, "headers"), (section.body, "body")] {
            if let Some(fence) = fence {
                edits.extend(self.fence(section, fence, part, &name, shown, built));
            }
        }
        edits
    }

    /// A heading with holes for its number and for what follows from the message.
    fn heading(
        &self,
        document: &Document<'_>,
        section: &Section<'_>,
        name: &str,
        shown: &Message,
        built: &mut BuiltSources,
    ) -> Option<Edit> {
        let text = document.lines.text;
        let whole = section.heading.text.clone();
        let end = whole.start + text[whole.clone()].trim_end().len();
        let range = whole.start..end;
        let heading = &text[range.clone()];
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
            candidates.push(self.pieces(heading, name, shown));
        }
        // The anchor stands behind the whole of a heading, and nowhere else.
        let in_heading = |text: &str| format!("# {text}");
        let found = candidates.iter().position(|source| {
            self.prints(source, heading) || self.prints(&in_heading(source), &in_heading(heading))
        });
        let is_numbered = section.number.is_some() && self.facts.diagrams.counts_from_one();
        if is_numbered && found.is_none_or(|at| at == 3) {
            built.diagnostics.push(
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
}
