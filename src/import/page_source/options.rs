//! The options with which a hole prints a message as the page does.
//!
//! What a fence highlights is said by the names of headers and JSON pointers, so that it holds
//! when lines move; lines are numbered or not; a body has what is before it, the word for
//! none, its language. What this leaves out: what these options do (`render::holes`).

use std::ops::Range;

use super::SourceBuilder;
use crate::import::Document;
use crate::import::blocks::dedented;
use crate::import::facts::{Section, body_content, field};
use crate::import::scan::{info_parts, split_at_gaps};
use crate::page::Message;
use crate::page::highlight::Outline;
use crate::trace::Body;

impl SourceBuilder<'_> {
    /// `{{ WORD(NAME, …) }}` with the options with which it prints `text`.
    pub(super) fn called(
        &self,
        indent: &str,
        word: &str,
        name: &str,
        targets: &[String],
        more: &str,
        text: &str,
    ) -> Option<String> {
        let source = |options: String| format!("{indent}{{{{ {word}({name}{options}{more}) }}}}");
        [options(targets, false), options(targets, true)]
            .into_iter()
            .map(source)
            .find(|source| self.prints(source, text))
    }

    /// The options with which a hole prints this body as the page does: what is before it, the
    /// word for none, the language, and JSON on a single line.
    pub(super) fn body_options(&self, document: &Document<'_>, at: usize, shown: &Message) -> String {
        let fence = &document.outline.fences[at];
        let (body, lines) = body_content(document, at);
        let mut options = String::new();
        let first = fence.content().map(|line| document.lines.get(line)).find(|line| !line.trim().is_empty());
        let first = first.map_or("", |line| dedented(line, fence.indent));
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
        if self.page.layout.traits().tells_language && *language != *shown.language && is_word {
            options.push_str(&format!(", language={}", quoted(language)));
        }
        options
    }

    pub(super) fn targets_of(&self, document: &Document<'_>, section: &Section<'_>) -> Vec<String> {
        let headers = section.headers.map_or_else(Vec::new, |fence| self.targets(document, fence, "headers"));
        let body = section.body.map_or_else(Vec::new, |fence| self.targets(document, fence, "body"));
        headers.into_iter().chain(body).collect()
    }

    /// What a fence highlights, as arguments of a hole: names of headers, JSON pointers, or numbers.
    pub(super) fn targets(&self, document: &Document<'_>, at: usize, part: &str) -> Vec<String> {
        let content = document.outline.fences[at].content();
        let lines: Vec<&str> = content
            .map(|line| dedented(document.lines.get(line), document.outline.fences[at].indent))
            .collect();
        let outline = if part == "body" { Outline::of(&lines.join("\n")) } else { None };
        let named = |line: usize| match part {
            "headers" => field(lines.get(line.checked_sub(1)?)?).map(|(name, _)| name.to_owned()),
            _ => outline.as_ref()?.pointer(line),
        };
        let target = |word: &str| -> Option<String> {
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
            .map(|word| target(&word).unwrap_or_else(|| by_number(&word)))
            .collect()
    }

    /// What a fence highlights, as line numbers.
    pub(super) fn line_marks(&self, document: &Document<'_>, at: usize) -> Vec<String> {
        self.highlighted(document, at).iter().map(|word| by_number(word)).collect()
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
}

/// `, highlight=…, linenums=true`.
pub(super) fn options(targets: &[String], linenums: bool) -> String {
    let mut options = match targets {
        [] => String::new(),
        [target] => format!(", highlight={target}"),
        targets => format!(", highlight=[{}]", targets.join(", ")),
    };
    if linenums {
        options.push_str(", linenums=true");
    }
    options
}

/// The pieces of an `hl_lines` value.
pub(super) fn pieces_of(value: &str) -> Vec<Range<usize>> {
    split_at_gaps(value, |c| c.is_whitespace() || c == ',').collect()
}

pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn by_number(word: &str) -> String {
    if word.contains('-') { quoted(word) } else { word.trim_start_matches('0').to_owned() }
}
