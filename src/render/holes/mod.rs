//! Page sources to text: every hole filled from the page.
//!
//! What is in a hole is an expression of minijinja's, but nothing is computed
//! while it is evaluated: names, fields and calls only build an [`Expression`], a value
//! that says what is wanted. It is answered here, where page, templates and other
//! captures are at hand and a message can point at the very word that is wrong.
//! This module reads all holes, then answers them, and puts the text together. What
//! it leaves out: finding holes (`page::source`), and how anything looks, which the
//! same templates decide that lay out a page without a source.

mod contents;
mod diagram;
mod expression;
mod forms;
mod highlights;
mod hole_error;
mod message;
mod other_captures;
mod sections;
mod subject;
mod tabs;
mod words;

#[cfg(test)]
mod tests;
mod write;

pub(crate) use forms::holes_page;
pub(crate) use other_captures::{ExchangeSummary, LastSeen, NoOtherCaptures, OtherCaptures};
pub(crate) use tabs::TabSet;

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior};

use super::limits::largest_page;
use super::pieces::PageWriter;
use super::templates::Templates;
use crate::error::{Error, ErrorKind, Result};
use crate::page::source::{Hole, MOST_TOLD, Source, TokenKind, more_of_these};
use crate::page::{Outline, Page};
use crate::sequence::selector::Scope;
use crate::settings::Shows;
use crate::trace::{Exchange, KnownFrom};
use contents::AllContents;
use expression::{Expression, Name, Names};
use hole_error::{PlacedHole, placed_holes};
use write::{Printed, fragment_of, text_of};

/// Fills the holes of one capture's page sources.
pub(crate) struct Filler<'a> {
    page: &'a Arc<Page>,
    writer: PageWriter<'a>,
    scope: Scope<'a>,
    others: &'a dyn OtherCaptures,
    /// The path below the docs folder of the capture's own page.
    own_path: &'a str,
    /// Labels of sections that are marked as gone.
    gone: &'a HashSet<String>,
    env: Environment<'static>,
    names: Arc<Names>,
    contents: AllContents,
    outline: OnceCell<Outline>,
}

impl<'a> Filler<'a> {
    pub(crate) fn new(
        page: &'a Arc<Page>,
        templates: &'a Templates,
        scope: Scope<'a>,
        others: &'a dyn OtherCaptures,
        own_path: &'a str,
        gone: &'a HashSet<String>,
    ) -> Filler<'a> {
        let mut env = Environment::empty();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        let writer = PageWriter::new(templates, page);
        let names = Arc::new(Names::of(page));
        let contents = AllContents::default();
        let outline = OnceCell::new();
        Filler { page, writer, scope, others, own_path, gone, env, names, contents, outline }
    }

    /// The pages that the sources stand for.
    ///
    /// # Errors
    /// [`ErrorKind::Hole`] for every hole that cannot be filled, and errors of templates.
    pub(crate) fn fill(&self, sources: &[&Source]) -> Result<Vec<String>, Vec<Error>> {
        // A hole that cannot be read keeps its place, so that all the others are answered, or named, too.
        let read: Vec<(PlacedHole<'_>, Result<Arc<Expression>>)> =
            placed_holes(sources).map(|placed| (placed, self.read(placed))).collect();
        let shown = Shown::new(self.shown(&read));
        let sections = self.sections_of(sources, &read, &shown);
        let mut errors = Vec::new();
        let mut answers = read.into_iter().map(|(placed, expression)| match expression {
            _ if self.is_of_missing(placed) => Ok(Printed::Text(missing(placed.hole).to_owned())),
            Ok(expression) => {
                let answer = self.answer(placed, &expression, &shown).map_err(|error| placed.error(error))?;
                Ok(answer.behind(self.anchors_before(&sections, sources, placed)))
            }
            Err(error) => Err(error),
        });
        let mut filled = Vec::with_capacity(sources.len());
        for source in sources {
            let most = largest_page(self.page.log.text().len() + source.text.len());
            let mut length = source.text.len();
            let mut printed = Vec::new();
            for (hole, answer) in source.holes().zip(answers.by_ref()) {
                length += answer.as_ref().map_or(0, |answer| answer.text().len());
                printed.push(answer);
                if length > most {
                    errors.extend(printed.into_iter().filter_map(Result::err));
                    errors.push(too_long(source, hole, most));
                    return Err(at_most(errors));
                }
            }
            match text_of(source, printed) {
                Ok(text) => filled.push(text),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(filled) } else { Err(at_most(errors)) }
    }

    /// Whether a hole is about optional messages that this trace does not have.
    fn is_of_missing(&self, PlacedHole { source, hole }: PlacedHole<'_>) -> bool {
        let names = hole.tokens.iter().filter(|token| token.kind == TokenKind::Name);
        names.map(|token| &source.text[token.span.clone()]).any(|name| self.page.missing.contains(name))
    }

    /// What a part of a page source prints, with text as it is: what its place makes of text is not known, nor
    /// whether it takes `links` from steps. `None` where a hole cannot be filled.
    pub(crate) fn fragment(&self, source: &Source, links: bool) -> Option<String> {
        let read: Vec<_> = placed_holes(&[source]).map(|placed| (placed, self.read(placed))).collect();
        let shown = Shown::new(self.shown(&read));
        let answers = read
            .into_iter()
            .map(|(placed, expression)| self.answer(placed, expression.ok()?.as_ref(), &shown).ok());
        Some(fragment_of(source, &answers.collect::<Option<Vec<_>>>()?, links))
    }

    /// Which exchanges of the trace the sources show, by holes that can be read.
    pub(crate) fn exchanges_shown(&self, sources: &[&Source]) -> Vec<bool> {
        let read: Vec<_> = placed_holes(sources).map(|placed| (placed, self.read(placed))).collect();
        self.shown(&read)
    }

    fn shown(&self, read: &[(PlacedHole<'_>, Result<Arc<Expression>>)]) -> Vec<bool> {
        // What only a diagram tells of has nothing more to show than a heading, which a page may have or not;
        // but where no hole can name it, the page would have no way to it.
        let drawn_only = |(index, exchange): (usize, &Exchange)| {
            exchange.known_from == KnownFrom::Diagram && self.scope.selector(index).is_some()
        };
        let mut shown: Vec<bool> = self.scope.trace.exchanges.iter().enumerate().map(drawn_only).collect();
        for (placed, expression) in read {
            let exchanges = expression
                .as_ref()
                .map_or_else(|_| Vec::new(), |expression| self.shown_by(*placed, expression));
            exchanges.into_iter().for_each(|exchange| shown[exchange] = true);
        }
        // What only repeats another one is told of with that.
        for exchange in &self.page.exchanges {
            if let Some(told) = exchange.relations.folded_into {
                shown[exchange.index] |= shown[self.page.exchanges[told].index];
            }
        }
        shown
    }

    /// The exchanges, by index in the trace, that a hole shows.
    fn shown_by(&self, placed: PlacedHole<'_>, expression: &Expression) -> Vec<usize> {
        let call = expression.call.as_ref();
        match expression.name {
            Name::Label(exchange) => {
                let of_message = matches!(expression.fields.as_slice(), [_, field] if ["headers", "body", "raw_body"].contains(&field.as_str()));
                if of_message { vec![exchange] } else { Vec::new() }
            }
            Name::Word(word) => match word.shows() {
                Shows::Section | Shows::Content => {
                    let subject = call.and_then(|call| self.subject(placed, call.arguments.first()?).ok());
                    subject.iter().map(|subject| subject.exchange().index).collect()
                }
                Shows::Lines => {
                    let of =
                        call.and_then(|call| call.arguments.first()?.downcast_object_ref::<Expression>());
                    of.map_or_else(Vec::new, |of| self.shown_by(placed, of))
                }
                Shows::Shared => {
                    let until = call.and_then(|call| self.subject(placed, call.option("until")?).ok());
                    until.map_or_else(Vec::new, |until| {
                        self.up_to(&until).iter().map(|exchange| exchange.index).collect()
                    })
                }
                Shows::Heading | Shows::Rest | Shows::Nothing => Vec::new(),
            },
        }
    }
}

/// What is printed of messages that are missing: a dash in a sentence, nothing in place of lines.
fn missing(hole: &Hole) -> &'static str {
    if hole.indent.is_some() { "" } else { "–" }
}

/// What the page sources show of a trace.
struct Shown {
    /// For each exchange of the trace, whether a hole shows it.
    exchanges: Vec<bool>,
    /// How many entries of the page lie before what a hole `rest` has still to show.
    rest_from: Cell<usize>,
}

impl Shown {
    fn new(exchanges: Vec<bool>) -> Shown {
        Shown { exchanges, rest_from: Cell::new(0) }
    }
}

/// An error for each hole that speaks of a label of `lost`, which match no exchange.
pub(crate) fn holes_of_lost(source: &Source, lost: &HashSet<&str>) -> Vec<Error> {
    let mut errors = Vec::new();
    for hole in source.holes() {
        for token in hole.tokens.iter().filter(|token| token.kind == TokenKind::Name) {
            let name = &source.text[token.span.clone()];
            if lost.contains(name) {
                errors.push(
                    Error::new(
                        ErrorKind::Hole,
                        format!("this is about `{name}`, whose label matches no exchange"),
                    )
                    .at(source.place(&token.span))
                    .hint(
                        "mend the label, or the text; `docgen update` marks sections whose exchange is gone",
                    ),
                );
            }
        }
    }
    errors
}

/// The first errors of each file, and how many more there are.
fn at_most(errors: Vec<Error>) -> Vec<Error> {
    let mut counts: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut told = Vec::new();
    for error in errors {
        let file = error.place().map(|place| place.file.clone()).unwrap_or_default();
        let count = counts.entry(file).or_default();
        *count += 1;
        if *count <= MOST_TOLD {
            told.push(error);
        }
    }
    told.extend(
        counts.iter().filter_map(|(file, count)| more_of_these(file, count.saturating_sub(MOST_TOLD))),
    );
    told
}

/// Whether every line of a text ends as Windows ends lines.
pub(crate) fn has_windows_ends(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with('\n')
        && text.split_inclusive('\n').all(|line| !line.ends_with('\n') || line.ends_with("\r\n"))
}

fn too_long(source: &Source, hole: &Hole, most: usize) -> Error {
    Error::new(ErrorKind::Hole, format!("with this hole the page is longer than {} MiB", most >> 20))
        .at(source.place(&hole.span))
        .hint("show the whole log once, and what matters of it by parts")
}
