//! Which lines of a page source speak of which exchange.
//!
//! When an exchange changes, a sentence about it may have become false, and nobody but its writer knows. So
//! each line of prose is told with the labels that it may be about: those that it names in a hole, and those
//! that its section names. A line of a section that names none is about the page as a whole. What this leaves
//! out: what a sentence says.

use std::ops::Range;

use super::source::{Hole, Source, TokenKind};
use super::update::boundaries;
use crate::sequence::Side;

/// A line of prose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// The line as it is.
    pub text: String,
    /// What it says beside its holes.
    pub prose: String,
    /// What its section is about; nothing where it is about the page as a whole.
    pub about: Vec<Mention>,
    /// What it names itself.
    pub names: Vec<Mention>,
    /// The texts in the holes of its section: headers and JSON pointers that these show or mark.
    pub points_at: Vec<String>,
    /// Whether its section shows what the command printed.
    pub is_about_output: bool,
}

/// A label or selector in a hole.
#[derive(Clone, Debug, PartialEq)]
pub struct Mention {
    /// The label or selector.
    pub name: String,
    /// The message that is meant, if not both.
    pub side: Option<Side>,
}

/// The lines of prose of a page source. What is marked as gone speaks of nothing.
pub fn lines(source: &Source) -> Vec<Line> {
    let starts = std::iter::once(0).chain(boundaries(source).into_iter().map(|boundary| boundary.at));
    let starts: Vec<usize> = starts.collect();
    let ends = starts.iter().skip(1).copied().chain([source.text.len()]);
    let mut lines = Vec::new();
    let mut number = 1;
    for section in starts.iter().copied().zip(ends).map(|(start, end)| start..end.max(start)) {
        let about = mentions(source, &section);
        let points_at = texts(source, &section);
        let is_about_output = words(source, &section).any(|word| word == "output");
        let mut at = section.start;
        for text in source.text[section.clone()].split_inclusive('\n') {
            let line = at..at + text.len();
            at = line.end;
            let prose = prose(source, &line);
            if prose.chars().any(char::is_alphabetic) {
                lines.push(Line {
                    number,
                    text: text.trim_end().to_owned(),
                    prose,
                    about: about.clone(),
                    names: mentions(source, &line),
                    points_at: points_at.clone(),
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

/// The holes that begin in a stretch.
fn holes<'s>(source: &'s Source, stretch: &Range<usize>) -> impl Iterator<Item = &'s Hole> {
    let stretch = stretch.clone();
    source.holes().filter(move |hole| stretch.contains(&hole.span.start))
}

/// The labels and selectors that the holes of a stretch name, each once for a side.
fn mentions(source: &Source, stretch: &Range<usize>) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    for hole in holes(source, stretch) {
        let text = |at: usize| hole.tokens.get(at).map(|token| &source.text[token.span.clone()]);
        for (at, token) in hole.tokens.iter().enumerate() {
            let word = &source.text[token.span.clone()];
            let (name, side) = match token.kind {
                TokenKind::Name if text(at + 1) == Some(".") => (word, text(at + 2).and_then(Side::named)),
                TokenKind::Name => (word, None),
                TokenKind::Text => {
                    let quoted = word.trim_matches(['"', '\'']);
                    match quoted.rsplit_once('.') {
                        Some((name, side)) if Side::named(side).is_some() => {
                            (name.trim_end(), Side::named(side))
                        }
                        _ => (quoted, None),
                    }
                }
                _ => continue,
            };
            let mention = Mention { name: name.to_owned(), side };
            if !mentions.contains(&mention) {
                mentions.push(mention);
            }
        }
    }
    mentions
}

/// The texts in quotes in the holes of a stretch.
fn texts(source: &Source, stretch: &Range<usize>) -> Vec<String> {
    let tokens = holes(source, stretch).flat_map(|hole| &hole.tokens);
    let texts = tokens.filter(|token| token.kind == TokenKind::Text);
    texts.map(|token| source.text[token.span.clone()].trim_matches(['"', '\'']).to_owned()).collect()
}

/// What a line says beside its holes; nothing of a heading, a comment, or what is gone.
fn prose(source: &Source, line: &Range<usize>) -> String {
    let starts = |with: &str| source.text[line.clone()].trim_start().starts_with(with);
    if source.is_gone(line.start) || starts("<!--") || starts("#") {
        return String::new();
    }
    let mut at = line.start;
    let mut prose = String::new();
    for hole in source.holes().filter(|hole| line.start <= hole.span.start && hole.span.start < line.end) {
        prose.push_str(&source.text[at..hole.span.start]);
        at = hole.span.end.min(line.end);
    }
    prose.push_str(&source.text[at.min(line.end)..line.end]);
    prose
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_about_what_its_section_names() {
        let text = "# Title\n\nSix calls.\n\n{{ diagram }}\n\n## {{ heading(show.request) }}\n\nNo header but one.\n{{ tabs(show.request) }}\n\n### {{ heading(list.request) }}\n\n- {{ list }} lists.\n\n## Result\n\nIt is queued.\n\n{{ output }}\n";
        let source = Source::parse("page.md", text).unwrap();
        let known = |mentions: &[Mention]| -> Vec<String> {
            let known = mentions.iter().filter(|of| ["show", "list"].contains(&&*of.name));
            known.map(|of| format!("{} {:?}", of.name, of.side)).collect()
        };
        let shown: Vec<(usize, Vec<String>, Vec<String>, bool)> = lines(&source)
            .into_iter()
            .map(|line| (line.number, known(&line.about), known(&line.names), line.is_about_output))
            .collect();
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            shown,
            [
                (3, of(&[]), of(&[]), false),
                (9, of(&["show Some(Request)"]), of(&[]), false),
                (14, of(&["list Some(Request)", "list None"]), of(&["list None"]), false),
                (18, of(&[]), of(&[]), true),
            ]
        );
    }
}
