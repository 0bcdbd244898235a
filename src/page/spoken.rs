//! Which lines of a page source speak of which exchange.
//!
//! When an exchange changes, a sentence about it may have become false, and nobody but its writer knows. So
//! each line of prose is told with the labels that it may be about: those that it names in a hole, and those
//! that its section names. A line of a section that names none is about the page as a whole. What this leaves
//! out: what a sentence says.

use std::ops::Range;

use super::source::{Source, TokenKind};
use super::update::boundaries;

/// A line of prose.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// What it says.
    pub text: String,
    /// The labels and selectors that it is about; none where it is about the page as a whole.
    pub about: Vec<String>,
    /// Whether its section shows what the command printed.
    pub is_about_output: bool,
}

/// The lines of prose of a page source. What is marked as gone speaks of nothing.
pub fn lines(source: &Source) -> Vec<Line> {
    let starts = std::iter::once(0).chain(boundaries(source).into_iter().map(|boundary| boundary.at));
    let starts: Vec<usize> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([source.text.len()]);
    let mut lines = Vec::new();
    let mut number = 1;
    for section in starts.iter().copied().zip(ends).map(|(start, end)| start..end.max(start)) {
        let about = names(source, &section);
        let is_about_output = words(source, &section).any(|word| word == "output");
        let mut at = section.start;
        for text in source.text[section.clone()].split_inclusive('\n') {
            let line = at..at + text.len();
            at = line.end;
            if is_prose(source, &line) {
                lines.push(Line {
                    number,
                    text: text.trim_end().to_owned(),
                    about: about.clone(),
                    is_about_output,
                });
            }
            number += usize::from(text.ends_with('\n'));
        }
    }
    lines
}

/// The first word of each hole in a stretch.
fn words<'s>(source: &'s Source, stretch: &Range<usize>) -> impl Iterator<Item = &'s str> {
    let stretch = stretch.clone();
    let holes = source.holes().filter(move |hole| stretch.contains(&hole.span.start));
    holes.filter_map(|hole| hole.tokens.first()).map(|token| &source.text[token.span.clone()])
}

/// The labels and selectors that the holes of a stretch name, each once.
fn names(source: &Source, stretch: &Range<usize>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for hole in source.holes().filter(|hole| stretch.contains(&hole.span.start)) {
        for token in &hole.tokens {
            let text = &source.text[token.span.clone()];
            let name = match token.kind {
                TokenKind::Name => text,
                TokenKind::Text => text.trim_matches(['"', '\'']),
                _ => continue,
            };
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Whether a line says something: it has letters beside its holes, and is no heading and no comment.
fn is_prose(source: &Source, line: &Range<usize>) -> bool {
    let starts = |with: &str| source.text[line.clone()].trim_start().starts_with(with);
    if source.is_gone(line.start) || starts("<!--") || starts("#") {
        return false;
    }
    let mut at = line.start;
    let mut has_letters = false;
    for hole in source.holes().filter(|hole| line.start <= hole.span.start && hole.span.start < line.end) {
        has_letters |= source.text[at..hole.span.start].chars().any(char::is_alphabetic);
        at = hole.span.end.min(line.end);
    }
    has_letters || source.text[at.min(line.end)..line.end].chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_what_its_section_names() {
        let text = "# Title\n\nSix calls.\n\n{{ diagram }}\n\n## {{ heading(show.request) }}\n\nNo header but one.\n{{ tabs(show.request) }}\n\n### {{ heading(list.request) }}\n\n- {{ list }} lists.\n\n## Result\n\nIt is queued.\n\n{{ output }}\n";
        let source = Source::parse("page.md", text).unwrap();
        let shown: Vec<(usize, Vec<String>, bool)> =
            lines(&source).into_iter().map(|line| (line.number, line.about, line.is_about_output)).collect();
        let about = |name: &str| vec![name.to_owned()];
        let known = |about: &[String]| {
            about.iter().filter(|name| ["show", "list"].contains(&&***name)).cloned().collect::<Vec<_>>()
        };
        let shown: Vec<_> =
            shown.into_iter().map(|(number, names, output)| (number, known(&names), output)).collect();
        assert_eq!(
            shown,
            [(3, vec![], false), (9, about("show"), false), (14, about("list"), false), (18, vec![], true),]
        );
    }
}
