//! Page sources to text: every hole filled from the page.
//!
//! What stands in a hole is an expression of minijinja's, but nothing is computed
//! while it is evaluated: names, fields and calls only build an [`Ask`], a value
//! that says what is wanted. It is answered here, where page, templates and other
//! captures are at hand and a message can point at the very word that is wrong.
//! This module reads all holes, then answers them, and puts the text together. What
//! it leaves out: finding holes (`page::source`), and how anything looks, which the
//! same templates decide that lay out a page without a source.

mod ask;
mod blame;
mod contents;
mod diagram;
mod marks;
mod message;
mod neighbours;
mod subject;
mod words;

pub(crate) use neighbours::{Alone, Neighbours, Opening};

use std::collections::HashSet;
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior};

use super::limits::largest_page;
use super::pieces::PageWriter;
use super::templates::Templates;
use crate::error::{Error, ErrorKind, Result};
use crate::page::Page;
use crate::page::source::{Hole, Part, Source, TokenKind};
use crate::sequence::selector::Scope;
use crate::trace::{Exchange, KnownFrom};
use ask::{Ask, Name, Names};
use blame::{Spot, spots};
use contents::AllContents;

/// Fills the holes of one capture's page sources.
pub(crate) struct Filler<'a> {
    page: &'a Arc<Page>,
    writer: PageWriter<'a>,
    scope: Scope<'a>,
    neighbours: &'a dyn Neighbours,
    /// The path below the docs folder of the capture's own page.
    own_path: &'a str,
    /// Labels of sections that are marked as gone.
    gone: &'a HashSet<String>,
    env: Environment<'static>,
    names: Arc<Names>,
    contents: AllContents,
}

impl<'a> Filler<'a> {
    pub(crate) fn new(
        page: &'a Arc<Page>,
        templates: &'a Templates,
        scope: Scope<'a>,
        neighbours: &'a dyn Neighbours,
        own_path: &'a str,
        gone: &'a HashSet<String>,
    ) -> Filler<'a> {
        let mut env = Environment::empty();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        let writer = PageWriter::new(templates, page);
        let names = Arc::new(Names::of(page));
        let contents = AllContents::default();
        Filler { page, writer, scope, neighbours, own_path, gone, env, names, contents }
    }

    /// The pages that the sources stand for.
    ///
    /// # Errors
    /// [`ErrorKind::Hole`] for every hole that cannot be filled, and errors of templates.
    pub(crate) fn fill(&self, sources: &[&Source]) -> Result<Vec<Vec<u8>>, Vec<Error>> {
        // A hole that cannot be read keeps its place, so that all the others are answered, or named, too.
        let read: Vec<(Spot<'_>, Result<Arc<Ask>>)> =
            spots(sources).map(|spot| (spot, self.read(spot))).collect();
        let shown = self.shown(&read);
        let mut errors = Vec::new();
        let mut answers = read.into_iter().map(|(spot, ask)| match ask {
            Ok(ask) => self.answer(spot, &ask, &shown).map_err(|blame| spot.error(blame)),
            Err(error) => Err(error),
        });
        let mut filled = Vec::with_capacity(sources.len());
        for source in sources {
            let most = largest_page(self.page.log.text().len() + source.text.len());
            let mut text = String::with_capacity(source.text.len() * 4);
            // Where the line of the source begins that a part stands on.
            let mut line = 0;
            for part in &source.parts {
                match part {
                    Part::Text(span) => {
                        let copied = &source.text[span.clone()];
                        line = copied.rfind('\n').map_or(line, |end| span.start + end + 1);
                        text.push_str(copied);
                    }
                    Part::Braces(_) => text.push_str("{{"),
                    Part::Gone { span, .. } => line = span.end,
                    Part::Hole(hole) => {
                        match answers.next() {
                            Some(Ok(printed)) => {
                                push(&mut text, &printed, indent_of(&source.text[line..]));
                                if text.len() > most {
                                    errors.push(too_long(source, hole, most));
                                    return Err(errors);
                                }
                            }
                            Some(Err(error)) => errors.push(error),
                            None => {}
                        }
                        let inside = &source.text[hole.inside.clone()];
                        line = inside.rfind('\n').map_or(line, |end| hole.inside.start + end + 1);
                    }
                }
            }
            // A source with the line ends of Windows is a page with them.
            if has_windows_ends(&source.text) {
                text = text.replace("\r\n", "\n").replace('\n', "\r\n");
            }
            filled.push(text.into_bytes());
        }
        if errors.is_empty() { Ok(filled) } else { Err(errors) }
    }

    /// Which exchanges of the trace the sources show, by holes that can be read.
    pub(crate) fn exchanges_shown(&self, sources: &[&Source]) -> Vec<bool> {
        let read: Vec<_> = spots(sources).map(|spot| (spot, self.read(spot))).collect();
        self.shown(&read)
    }

    fn shown(&self, read: &[(Spot<'_>, Result<Arc<Ask>>)]) -> Vec<bool> {
        // What only a diagram tells of has nothing more to show.
        let drawn_only = |exchange: &Exchange| exchange.known_from == KnownFrom::Diagram;
        let mut shown: Vec<bool> = self.scope.trace.exchanges.iter().map(drawn_only).collect();
        for (spot, ask) in read {
            let exchanges = ask.as_ref().map_or_else(|_| Vec::new(), |ask| self.shown_by(*spot, ask));
            exchanges.into_iter().for_each(|exchange| shown[exchange] = true);
        }
        shown
    }

    /// The exchanges, by index in the trace, that a hole shows.
    fn shown_by(&self, spot: Spot<'_>, ask: &Ask) -> Vec<usize> {
        let call = ask.call.as_ref();
        match ask.name {
            Name::Label(exchange) => {
                let of_message = matches!(ask.fields.as_slice(), [_, field] if ["headers", "body", "raw_body"].contains(&field.as_str()));
                if of_message { vec![exchange] } else { Vec::new() }
            }
            Name::Word("exchange" | "message" | "tabs" | "header" | "body") => {
                let subject = call.and_then(|call| self.subject(spot, call.arguments.first()?).ok());
                subject.iter().map(|subject| subject.exchange().index).collect()
            }
            Name::Word("part") => {
                let of = call.and_then(|call| call.arguments.first()?.downcast_object_ref::<Ask>());
                of.map_or_else(Vec::new, |of| self.shown_by(spot, of))
            }
            Name::Word("shared") => {
                let until = call.and_then(|call| self.subject(spot, call.option("until")?).ok());
                until.map_or_else(Vec::new, |until| {
                    self.up_to(&until).iter().map(|exchange| exchange.index).collect()
                })
            }
            Name::Word(_) => Vec::new(),
        }
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
                        format!("this speaks of `{name}`, whose label matches no exchange"),
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

/// The blanks at the beginning of a line.
fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
}

/// Appends what a hole prints. Its line lends its indent to all lines but the first, which has it
/// already: also where text stands before the hole (`DATA={{ show.request.body }}`).
fn push(text: &mut String, printed: &str, indent: &str) {
    if indent.is_empty() {
        text.push_str(printed);
        return;
    }
    let mut lines = printed.split_inclusive('\n');
    text.push_str(lines.next().unwrap_or_default());
    for line in lines {
        if line != "\n" {
            text.push_str(indent);
        }
        text.push_str(line);
    }
}
