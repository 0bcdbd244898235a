//! The diagrams of a page, and the numbers that mermaid draws on their messages.
//!
//! `autonumber 7` begins at 7, `autonumber 10 10` counts in tens, `autonumber off` hides the numbers
//! and counts on. A page may draw one sequence in several diagrams, each numbering on where the one
//! before ended; others show parts of it. What this leaves out: what a message says.

use std::collections::HashMap;
use std::ops::Range;

use super::Document;
use crate::import::diagram::{Arrow, Numbering, Statement, statement};
use crate::import::scan::{PageLines, info_parts};

/// A diagram: which document holds it, and its lines there.
#[derive(Clone, Debug)]
pub(in crate::import) struct Diagram<'a> {
    pub(in crate::import) document: usize,
    pub(in crate::import) lines: Range<usize>,
    /// The fence around it, as an index into the outline's fences.
    pub(in crate::import) fence: Option<usize>,
    pub(in crate::import) arrows: Vec<(usize, Arrow<'a>)>,
    /// The number that mermaid draws on each of them, if it draws any.
    numbers: Vec<Option<u32>>,
    /// The line that first sets how messages are numbered.
    numbering: Option<usize>,
}

/// Where a message is drawn.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Drawn<'a> {
    pub(in crate::import) document: usize,
    pub(in crate::import) line: usize,
    pub(in crate::import) arrow: Arrow<'a>,
}

/// The diagrams of a page.
#[derive(Debug, Default)]
pub(in crate::import) struct Diagrams<'a> {
    /// Those that draw the page's sequence, one after the other, and then those that show parts of it.
    pub(in crate::import) all: Vec<Diagram<'a>>,
    /// How many draw the sequence.
    whole: usize,
    /// The message that is drawn with a number.
    by_number: HashMap<u32, usize>,
    /// Whether the messages are numbered 1, 2, 3 and so on.
    counts_from_one: bool,
}

impl<'a> Diagrams<'a> {
    /// The diagrams that draw the page's sequence.
    pub(in crate::import) fn whole(&self) -> &[Diagram<'a>] {
        &self.all[..self.whole]
    }

    /// The messages of the sequence, in order.
    pub(in crate::import) fn drawn(&self) -> impl Iterator<Item = Drawn<'a>> {
        self.whole().iter().flat_map(|diagram| {
            let document = diagram.document;
            diagram.arrows.iter().map(move |&(line, arrow)| Drawn { document, line, arrow })
        })
    }

    /// Which messages of the sequence a diagram that draws it has; `None` for one that shows a part.
    pub(in crate::import) fn messages_of(&self, diagram: usize) -> Option<Range<usize>> {
        let before = self.whole().get(..diagram)?;
        let start = before.iter().map(|diagram| diagram.arrows.len()).sum();
        Some(start..start + self.whole().get(diagram)?.arrows.len())
    }

    /// Whether the messages have the numbers that docgen gives them.
    pub(in crate::import) fn counts_from_one(&self) -> bool {
        self.counts_from_one
    }

    /// The message that the page calls by this number. `count` is how many messages there are, drawn
    /// or not.
    pub(in crate::import) fn message_of(&self, number: u32, count: usize) -> Option<usize> {
        if self.counts_from_one {
            return (number as usize).checked_sub(1).filter(|&at| at < count);
        }
        self.by_number.get(&number).copied()
    }

    /// The document and the line that number the messages otherwise than docgen does.
    pub(in crate::import) fn odd_numbering(&self) -> Option<(usize, usize)> {
        let odd = self.whole().iter().filter(|_| !self.counts_from_one);
        odd.filter_map(|diagram| Some((diagram.document, diagram.numbering?))).next()
    }
}

/// Finds the diagrams of a page.
pub(super) fn find<'a>(documents: &'a [Document<'a>]) -> Diagrams<'a> {
    let mut found = Vec::new();
    for (index, document) in documents.iter().enumerate() {
        let lines = &document.lines;
        if document.is_diagram {
            found.push(diagram(index, lines, 0..lines.len(), None));
            continue;
        }
        for (at, fence) in document.outline.fences.iter().enumerate() {
            let (language, _) = info_parts(&lines.text[fence.info.clone()], fence.info.start);
            if language.eq_ignore_ascii_case("mermaid")
                && fence.content().any(|line| lines.get(line).trim().eq_ignore_ascii_case("sequenceDiagram"))
            {
                found.push(diagram(index, lines, fence.content(), Some(at)));
            }
        }
    }
    // The one with the most messages is the page's, with those that it numbers on from or that number
    // on from it; the others show parts of it.
    let Some(main) = (0..found.len()).rev().max_by_key(|&at| found[at].arrows.len()) else {
        return Diagrams { counts_from_one: true, ..Diagrams::default() };
    };
    let mut whole = std::collections::VecDeque::from([main]);
    let mut others: Vec<usize> = (0..found.len()).filter(|&at| at != main).collect();
    loop {
        let (first, last) = (whole[0], whole[whole.len() - 1]);
        let before = others.iter().position(|&at| goes_on(&found[at], &found[first]));
        let after = others.iter().position(|&at| goes_on(&found[last], &found[at]));
        match (before, after) {
            (Some(at), _) => whole.push_front(others.remove(at)),
            (None, Some(at)) => whole.push_back(others.remove(at)),
            (None, None) => break,
        }
    }
    let mut numbers: Vec<Option<u32>> =
        whole.iter().flat_map(|&at| found[at].numbers.iter().copied()).collect();
    if numbers.iter().all(Option::is_none) {
        // Whoever reads it counts from one.
        numbers = (1..).take(numbers.len()).map(Some).collect();
    }
    let mut by_number = HashMap::new();
    for (at, number) in numbers.iter().enumerate() {
        if let Some(number) = number {
            by_number.entry(*number).or_insert(at);
        }
    }
    let count = whole.len();
    let mut found: Vec<Option<Diagram<'a>>> = found.into_iter().map(Some).collect();
    let all = whole.into_iter().chain(others).filter_map(|at| found[at].take()).collect();
    let counts_from_one = numbers.iter().zip(1..).all(|(number, at)| *number == Some(at));
    Diagrams { all, whole: count, by_number, counts_from_one }
}

/// Whether `next` begins with the number after the last one of `diagram`.
fn goes_on(diagram: &Diagram<'_>, next: &Diagram<'_>) -> bool {
    let (Some(Some(last)), Some(Some(first))) = (diagram.numbers.last(), next.numbers.first()) else {
        return false;
    };
    // Without a number of its own, a diagram begins at 1 by chance.
    next.numbering.is_some() && *first > 1 && last.checked_add(1) == Some(*first)
}

fn diagram<'a>(
    document: usize,
    lines: &PageLines<'a>,
    range: Range<usize>,
    fence: Option<usize>,
) -> Diagram<'a> {
    let statements = || range.clone().map(|line| (line, statement(lines.get(line))));
    let numbering = statements()
        .find(|(_, statement)| matches!(statement, Statement::Autonumber(_)))
        .map(|(line, _)| line);
    let (mut arrows, mut numbers) = (Vec::new(), Vec::new());
    // Without a word about numbers, whoever reads the diagram counts.
    let (mut next, mut step, mut is_shown) = (1u32, 1u32, numbering.is_none());
    for (line, statement) in statements() {
        match statement {
            Statement::Message(arrow) => {
                arrows.push((line, arrow));
                numbers.push(is_shown.then_some(next));
                next = next.saturating_add(step);
            }
            Statement::Autonumber(Numbering::Off) => is_shown = false,
            Statement::Autonumber(Numbering::On { start, step: given }) => {
                is_shown = true;
                next = start.unwrap_or(next);
                step = given.unwrap_or(step);
            }
            _ => {}
        }
    }
    Diagram { document, lines: range, fence, arrows, numbers, numbering }
}
