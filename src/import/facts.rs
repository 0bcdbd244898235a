//! A hand-written page as a trace: what its diagram draws and what its sections print.
//!
//! The diagram says who talks to whom and in which order; sections add URL, headers and bodies,
//! by their numbers. What no section prints is in the trace too, as known from the diagram. Times
//! are made up, a second apart, so that an exchange can be put in between. What this leaves out:
//! how the page is to say it again.

use std::ops::Range;

use super::Document;
use super::diagram::{Arrow, Statement, statement};
use super::said::{Said, said};
use super::scan::{Heading, Outline, PageLines, info_parts};
use crate::error::{Error, ErrorKind, Place};
use crate::sequence::{Sequence, Side};
use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, KnownFrom, Micros, Request, Response, Trace, UrlParts};

/// What a page tells.
#[derive(Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) trace: Trace,
    /// The messages in the diagram's order.
    pub(super) messages: Vec<Message<'a>>,
    /// The sections that print messages.
    pub(super) sections: Vec<Section<'a>>,
    /// The page's diagrams; the first is the one that counts.
    pub(super) diagrams: Vec<Diagram<'a>>,
    /// Names and values that the page's own paths give for parts of the real ones.
    pub(super) vars: Vec<(String, String)>,
    /// Whether the paths of the page's diagrams and headings show their queries.
    pub(super) shows_query: Option<bool>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) exchange: usize,
    pub(super) side: Side,
    /// Where the main diagram draws it.
    pub(super) arrow: Option<(usize, Arrow<'a>)>,
    /// The section that prints it, as an index into [`Facts::sections`].
    pub(super) section: Option<usize>,
}

/// A diagram: which document holds it, and its lines there.
#[derive(Clone, Debug)]
pub(super) struct Diagram<'a> {
    pub(super) document: usize,
    pub(super) lines: Range<usize>,
    /// The fence around it, as an index into the outline's fences.
    pub(super) fence: Option<usize>,
    pub(super) arrows: Vec<(usize, Arrow<'a>)>,
    /// The number of the first message, and the step to the next.
    pub(super) numbers: (u32, u32),
}

/// A heading that names a message, with what stands below it.
#[derive(Debug)]
pub(super) struct Section<'a> {
    pub(super) document: usize,
    pub(super) heading: Heading,
    pub(super) number: Option<Number>,
    pub(super) said: Said<'a>,
    /// The fences, as indices into the outline's.
    pub(super) headers: Option<usize>,
    pub(super) body: Option<usize>,
    /// `client` and `server` of the line below the heading.
    pub(super) names: Option<(&'a str, &'a str)>,
    /// The message that it prints, as an index into [`Facts::messages`].
    pub(super) message: Option<usize>,
}

/// A number at the beginning of a heading.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    pub(super) value: u32,
    /// Bytes of the page: the number with its brackets.
    pub(super) range: Range<usize>,
    /// Bytes of the digits alone.
    pub(super) digits: Range<usize>,
}

/// When the first message of an imported page is said to have happened: 2000-01-01 UTC.
const FIRST: Micros = 946_684_800_000_000;
/// The time between two messages of an imported page.
const STEP: Micros = 1_000_000;

/// Reads what the documents of a page tell. `log` is the trace that the page includes as a log.
pub(super) fn collect<'a>(
    documents: &'a [Document<'a>],
    log: Option<&Trace>,
    diagnostics: &mut Vec<Error>,
) -> Facts<'a> {
    let mut facts = Facts { diagrams: diagrams(documents), ..Facts::default() };
    for (index, document) in documents.iter().enumerate() {
        facts.sections.extend(sections(index, document));
    }
    facts.order_messages(documents, diagnostics);
    facts.pair(documents, diagnostics);
    facts.infer_vars(documents);
    match log.filter(|log| facts.agrees_with(log)) {
        Some(log) => facts.take_log(log),
        None => facts.fill(documents, diagnostics),
    }
    facts
}

fn diagrams<'a>(documents: &'a [Document<'a>]) -> Vec<Diagram<'a>> {
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
    // The one with the most messages is the page's; the others show parts of it.
    if let Some(main) = (0..found.len()).rev().max_by_key(|&at| found[at].arrows.len()) {
        found.swap(0, main);
    }
    found
}

fn diagram<'a>(
    document: usize,
    lines: &PageLines<'a>,
    range: Range<usize>,
    fence: Option<usize>,
) -> Diagram<'a> {
    let mut arrows = Vec::new();
    let mut numbers = (1, 1);
    for line in range.clone() {
        let text = lines.get(line);
        if let Statement::Message(arrow) = statement(text) {
            arrows.push((line, arrow));
        } else if let Some(rest) = text.trim().strip_prefix("autonumber") {
            let mut given = rest.split_whitespace().map_while(|word| word.parse().ok());
            numbers = (given.next().unwrap_or(1), given.next().unwrap_or(1));
        }
    }
    Diagram { document, lines: range, fence, arrows, numbers }
}

fn sections<'a>(index: usize, document: &'a Document<'a>) -> Vec<Section<'a>> {
    let Document { lines, outline, .. } = document;
    let mut found = Vec::new();
    for (at, heading) in outline.headings.iter().enumerate() {
        let text = &lines.text[heading.text.clone()];
        let number = heading_number(text, heading.text.start);
        let rest = number.as_ref().map_or(text, |number| &lines.text[number.range.end..heading.text.end]);
        let said = said(rest);
        if number.is_none() && said == Said::Other || heading.level < 2 && number.is_none() {
            continue;
        }
        let end = outline.headings.get(at + 1).map_or(lines.len(), |next| next.line);
        let section_lines = heading.line..end;
        let (headers, body) = message_fences(lines, outline, &section_lines);
        if said == Said::Other && headers.is_none() && body.is_none() {
            continue;
        }
        let names = lines_names(lines, &section_lines);
        found.push(Section {
            document: index,
            heading: heading.clone(),
            number,
            said,
            headers,
            body,
            names,
            message: None,
        });
    }
    found
}

/// The number at the beginning of a heading: `(7)`, `[7]`, `7.`, `7)`, `#7`.
fn heading_number(text: &str, start: usize) -> Option<Number> {
    let open = text.chars().next().filter(|c| matches!(c, '(' | '[' | '#'));
    let digits_start = open.map_or(0, char::len_utf8);
    let digits = text[digits_start..].bytes().take_while(u8::is_ascii_digit).count();
    let digits = digits_start..digits_start + digits;
    let value: u32 = text[digits.clone()].parse().ok()?;
    let close = text[digits.end..].chars().next();
    let end = match (open, close) {
        (Some('('), Some(')')) | (Some('['), Some(']')) | (None, Some('.' | ')')) => digits.end + 1,
        (Some('#'), Some(' ')) => digits.end,
        _ => return None,
    };
    if !text[end..].starts_with(|c: char| c.is_whitespace()) && !text[end..].is_empty() && open.is_none() {
        return None;
    }
    // A step's number has no leading zero, and a year is none.
    if text[digits.clone()].starts_with('0') || value > 9999 {
        return None;
    }
    Some(Number { value, range: start..start + end, digits: start + digits.start..start + digits.end })
}

/// The fences of a section that print a message's headers and its body.
fn message_fences(
    lines: &PageLines<'_>,
    outline: &Outline,
    section: &Range<usize>,
) -> (Option<usize>, Option<usize>) {
    let (mut headers, mut body) = (None, None);
    let first = outline.fences.partition_point(|fence| fence.open < section.start);
    let fences = outline.fences.iter().enumerate().skip(first);
    for (at, fence) in fences.take_while(|(_, fence)| fence.open < section.end) {
        let (language, _) = info_parts(&lines.text[fence.info.clone()], fence.info.start);
        if language.eq_ignore_ascii_case("mermaid") {
            continue;
        }
        let title = fence.tab.map(|tab| lines.text[outline.tabs[tab].title.clone()].to_lowercase());
        let title = title.as_deref().unwrap_or_default();
        let looks_like_headers = || {
            let mut filled =
                fence.content().map(|line| lines.get(line)).filter(|line| !line.trim().is_empty());
            filled.clone().next().is_some() && filled.all(|line| field(line.trim_start()).is_some())
        };
        let is_empty = || fence.content().all(|line| lines.get(line).trim().is_empty());
        let is_headers = if title.contains("header") || title.contains("헤더") {
            true
        } else if title.contains("body") || title.contains("본문") || title.contains("바디") {
            false
        } else {
            headers.is_none() && (looks_like_headers() || language == "http" && is_empty())
        };
        // Beside tabs, a fence without one is something that the writer shows.
        let in_tab = |at: usize| outline.fences[at].tab.is_some();
        let is_beside = headers.is_some_and(|headers| in_tab(headers) != fence.tab.is_some());
        if is_headers && headers.is_none() {
            headers = Some(at);
        } else if !is_headers && body.is_none() && !is_beside && (headers.is_some() || !title.is_empty()) {
            body = Some(at);
        }
    }
    (headers, body)
}

/// `` `a` --> `b` `` of the first lines of a section.
fn lines_names<'a>(lines: &PageLines<'a>, section: &Range<usize>) -> Option<(&'a str, &'a str)> {
    let line = lines.get((section.start + 1..section.end).next()?);
    let (first, rest) = line.trim().strip_prefix('`')?.split_once('`')?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("-->").or_else(|| rest.strip_prefix("<--"))?;
    let second = rest.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!second.contains('`')).then_some((first, second))
}

/// Name and value of a header line without its indent.
pub(super) fn field(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    let is_name = !name.is_empty() && name.bytes().all(is_token);
    // A URL alone on a line is no field.
    (is_name && !value.starts_with("//")).then(|| (name, value.strip_prefix(' ').unwrap_or(value)))
}

impl<'a> Facts<'a> {
    /// Sets up the messages, by the diagram or else by the sections, and joins sections to them.
    fn order_messages(&mut self, documents: &[Document<'a>], diagnostics: &mut Vec<Error>) {
        let mut numbers = (1, 1);
        if let Some(main) = self.diagrams.first().filter(|diagram| !diagram.arrows.is_empty()) {
            numbers = main.numbers;
            let drawn = main.arrows.iter();
            self.messages = drawn
                .map(|&arrow| Message { exchange: 0, side: Side::Request, arrow: Some(arrow), section: None })
                .collect();
        }
        let has_diagram = !self.messages.is_empty();
        // Sections that go on where the diagram ends print messages too.
        if has_diagram && numbers == (1, 1) {
            let mut beyond: Vec<(u32, usize)> = (0..self.sections.len())
                .filter_map(|at| Some((self.sections[at].number.as_ref()?.value, at)))
                .filter(|(number, at)| {
                    *number as usize > self.messages.len() && self.sections[*at].said != Said::Other
                })
                .collect();
            beyond.sort_unstable();
            for (number, at) in beyond {
                if number as usize == self.messages.len() + 1 {
                    self.messages.push(Message {
                        exchange: 0,
                        side: Side::Request,
                        arrow: None,
                        section: Some(at),
                    });
                    let section = &self.sections[at];
                    diagnostics.push(
                        documents[section.document]
                            .error(section.heading.text.clone(), "the diagram does not draw this message")
                            .hint("it is in the trace; a hole `{{ diagram }}` would draw it"),
                    );
                }
            }
        }
        if !has_diagram {
            let mut order: Vec<usize> = (0..self.sections.len()).collect();
            order.sort_by_key(|&at| self.sections[at].number.as_ref().map(|number| number.value));
            order.dedup_by_key(|&mut at| match &self.sections[at].number {
                Some(number) => u64::from(number.value),
                None => u64::MAX - at as u64,
            });
            for at in order {
                self.sections[at].message = Some(self.messages.len());
                self.messages.push(Message {
                    exchange: 0,
                    side: Side::Request,
                    arrow: None,
                    section: Some(at),
                });
            }
        }
        let mut next = 0;
        for at in 0..self.sections.len() {
            if self.sections[at].message.is_some() {
                continue;
            }
            let section = &self.sections[at];
            let found = match &section.number {
                Some(number) => {
                    let at = number.value.checked_sub(numbers.0).map(|from| from / numbers.1.max(1));
                    at.map(|at| at as usize).filter(|&at| self.fits(at, section))
                }
                // Sections follow the diagram; a search to its end for each would not end.
                None => (next..self.messages.len()).take(512).find(|&at| self.fits(at, section)),
            };
            match found {
                Some(message) => {
                    next = message + 1;
                    self.sections[at].message = Some(message);
                    self.messages[message].section.get_or_insert(at);
                }
                None => {
                    let document = &documents[section.document];
                    let error = document
                        .error(section.heading.text.clone(), "this heading names no message of the diagram")
                        .hint("it stays as text; number it as the diagram does, and import the page again");
                    if section.headers.is_some() || section.body.is_some() {
                        diagnostics.push(error);
                    }
                }
            }
        }
        self.sections.retain(|section| section.message.is_some());
        // Indices moved; the first section of a message stays its own.
        for message in &mut self.messages {
            message.section = None;
        }
        for (at, section) in self.sections.iter().enumerate() {
            let message = section.message.expect("the others are gone");
            self.messages[message].section.get_or_insert(at);
        }
    }

    /// Whether a section can be that of a message, as far as the diagram says what it is.
    fn fits(&self, message: usize, section: &Section<'_>) -> bool {
        let Some(message) = self.messages.get(message) else { return false };
        let Some((_, arrow)) = message.arrow else { return true };
        match (said(arrow.text), &section.said) {
            (Said::Request { method, target }, Said::Request { method: m, target: t }) => {
                section.number.is_some() || (method == *m && same_path(target, t))
            }
            (Said::Response { status, target, .. }, Said::Response { status: s, target: t, .. }) => {
                let same_target = match (target, t) {
                    (Some(a), Some(b)) => same_path(a, b),
                    _ => true,
                };
                section.number.is_some() || status == *s && same_target
            }
            (Said::Request { .. }, Said::Response { .. }) | (Said::Response { .. }, Said::Request { .. }) => {
                false
            }
            _ => section.number.is_some(),
        }
    }

    /// Tells requests from responses, and finds each response's request.
    fn pair(&mut self, documents: &[Document<'a>], diagnostics: &mut Vec<Error>) {
        let mut exchanges = 0;
        // Open requests by their ends: the message, its target.
        let mut open: std::collections::HashMap<[&str; 2], Vec<(usize, &str)>> = Default::default();
        for at in 0..self.messages.len() {
            let message = &self.messages[at];
            let section = message.section.map(|section| &self.sections[section]);
            let arrow = message.arrow.map(|(_, arrow)| arrow);
            let in_section = section.map_or(Said::Other, |section| section.said.clone());
            let drawn = arrow.map_or(Said::Other, |arrow| said(arrow.text));
            let ends = match (arrow, section.and_then(|section| section.names)) {
                (Some(arrow), _) => [arrow.from, arrow.to],
                // These names keep their order in a response.
                (None, Some((client, server))) => match in_section {
                    Said::Response { .. } => [server, client],
                    _ => [client, server],
                },
                (None, None) => ["", ""],
            };
            let back = [ends[1], ends[0]];
            let waits = open.get(&back).is_some_and(|open| !open.is_empty());
            let (is_response, target) = match (&in_section, &drawn) {
                (Said::Request { target, .. }, _) | (Said::Other, Said::Request { target, .. }) => {
                    (false, Some(*target))
                }
                (Said::Response { target, .. }, _) | (Said::Other, Said::Response { target, .. }) => {
                    (true, *target)
                }
                _ => (
                    waits && arrow.is_none_or(|arrow| arrow.is_dotted() || said(arrow.text) == Said::Other),
                    None,
                ),
            };
            let request = if is_response { open.get_mut(&back) } else { None };
            let request = request.and_then(|open| {
                let same =
                    target.and_then(|target| open.iter().position(|(_, asked)| same_path(asked, target)));
                match same {
                    Some(at) => Some(open.remove(at)),
                    None => open.pop(),
                }
            });
            match request {
                Some((request, _)) => {
                    self.messages[at].side = Side::Response;
                    self.messages[at].exchange = self.messages[request].exchange;
                }
                None => {
                    if is_response {
                        let (document, range) = self.place(documents, at);
                        diagnostics.push(
                            document
                                .error(range, "this response answers no request of the page")
                                .hint("the trace holds it as a request that nobody answered"),
                        );
                    }
                    self.messages[at].side = Side::Request;
                    self.messages[at].exchange = exchanges;
                    exchanges += 1;
                    open.entry(ends).or_default().push((at, target.unwrap_or_default()));
                }
            }
        }
    }

    /// Where the page shows a message: its section's heading, or its arrow.
    fn place<'d>(&self, documents: &'d [Document<'a>], message: usize) -> (&'d Document<'a>, Range<usize>) {
        let message = &self.messages[message];
        match (message.section, message.arrow) {
            (Some(section), _) => {
                let section = &self.sections[section];
                (&documents[section.document], section.heading.text.clone())
            }
            (None, Some((line, _))) => {
                let document = &documents[self.diagrams[0].document];
                (document, document.lines.range(line))
            }
            (None, None) => (&documents[0], 0..0),
        }
    }

    /// The URL that a message's fences are titled with.
    fn title(&self, documents: &'a [Document<'a>], message: usize) -> Said<'a> {
        let Some(section) = self.messages[message].section.map(|at| &self.sections[at]) else {
            return Said::Other;
        };
        let document = &documents[section.document];
        let text = document.lines.text;
        [section.headers, section.body]
            .into_iter()
            .flatten()
            .filter_map(|fence| {
                let info = &document.outline.fences[fence].info;
                let (_, options) = info_parts(&text[info.clone()], info.start);
                let title = options.into_iter().find(|option| option.name == "title")?;
                Some(said(&text[title.value]))
            })
            .find(|said| *said != Said::Other)
            .unwrap_or_default()
    }

    /// Names for parts of real paths, where the page writes `{name}` in a heading or an arrow.
    fn infer_vars(&mut self, documents: &'a [Document<'a>]) {
        let mut found: Vec<(String, String)> = Vec::new();
        let (mut with_query, mut without_query) = (0, 0);
        for at in 0..self.messages.len() {
            let real = match self.title(documents, at) {
                Said::Request { target, .. } | Said::Response { target: Some(target), .. } => target,
                _ => continue,
            };
            let real = UrlParts::of(real);
            let message = &self.messages[at];
            let heading = message.section.map_or(Said::Other, |section| self.sections[section].said.clone());
            let drawn = message.arrow.map_or(Said::Other, |(_, arrow)| said(arrow.text));
            for shown in [heading, drawn] {
                let (Said::Request { target, .. } | Said::Response { target: Some(target), .. }) = shown
                else {
                    continue;
                };
                let shown = UrlParts::of(target);
                if real.query.is_some() {
                    *(if shown.query.is_some() { &mut with_query } else { &mut without_query }) += 1;
                }
                let queries = (shown.query.unwrap_or_default(), real.query.unwrap_or_default());
                let pieces =
                    align(shown.path, real.path, '/').into_iter().chain(align(queries.0, queries.1, '&'));
                for (name, value) in pieces {
                    if found.len() < MOST_VARS && !found.iter().any(|(known, _)| known == name) {
                        found.push((name.to_owned(), value.to_owned()));
                    }
                }
            }
        }
        self.vars = found;
        self.shows_query = (with_query + without_query > 0).then_some(with_query >= without_query);
    }

    /// Whether a log tells of the same messages as the page.
    fn agrees_with(&self, log: &Trace) -> bool {
        let sequence = Sequence::new(log, |_| true);
        sequence.steps().count() == self.messages.len()
            && sequence.steps().zip(&self.messages).all(|(step, message)| {
                let exchange = &log.exchanges[step.exchange];
                let shown = message.arrow.map_or(Said::Other, |(_, arrow)| said(arrow.text));
                step.side == message.side
                    && match (shown, step.side) {
                        (Said::Request { method, .. }, Side::Request) => *exchange.request.method == *method,
                        (Said::Response { status, .. }, Side::Response) => {
                            exchange.response.as_ref().is_some_and(|response| response.status == status)
                        }
                        (Said::Other, _) => true,
                        _ => false,
                    }
            })
    }

    fn take_log(&mut self, log: &Trace) {
        let sequence = Sequence::new(log, |_| true);
        for (step, message) in sequence.steps().zip(&mut self.messages) {
            message.exchange = step.exchange;
        }
        self.trace = log.clone();
    }

    /// Makes the exchanges of what the page says.
    fn fill(&mut self, documents: &'a [Document<'a>], diagnostics: &mut Vec<Error>) {
        let count = self.messages.iter().map(|message| message.exchange + 1).max().unwrap_or(0);
        let mut exchanges: Vec<Exchange> = Vec::with_capacity(count);
        for at in 0..self.messages.len() {
            let message = &self.messages[at];
            let time = FIRST + STEP * at as Micros;
            let section = message.section.map(|section| &self.sections[section]);
            let printed = section.is_some_and(|section| section.headers.is_some() || section.body.is_some());
            let (headers, body) = self.content(documents, at);
            let drawn = message.arrow.map_or(Said::Other, |(_, arrow)| said(arrow.text));
            let headed = section.map_or(Said::Other, |section| section.said.clone());
            let titled = self.title(documents, at);
            let names = match (message.arrow, section.and_then(|section| section.names), message.side) {
                (_, Some((client, server)), _) => Some((client, server)),
                (Some((_, arrow)), None, Side::Request) => Some((arrow.from, arrow.to)),
                (Some((_, arrow)), None, Side::Response) => Some((arrow.to, arrow.from)),
                (None, None, _) => None,
            };
            match message.side {
                Side::Request => {
                    let said = [&titled, &headed, &drawn].into_iter().find_map(|said| match said {
                        Said::Request { method, target } => Some((*method, *target)),
                        _ => None,
                    });
                    if said.is_none() {
                        let (document, range) = self.place(documents, at);
                        diagnostics.push(
                            document.error(range, "the page does not say what this request asks for").hint(
                                format!(
                                    "the trace names it `{UNKNOWN_METHOD} /`; put method and URL in by hand"
                                ),
                            ),
                        );
                    }
                    let (method, target) = said.unwrap_or((UNKNOWN_METHOD, "/"));
                    let text = |text: &str| Text::from(text.to_owned());
                    exchanges.push(Exchange {
                        from: names.map(|(client, _)| text(client)),
                        to: names.map(|(_, server)| text(server)),
                        started: time,
                        ended: None,
                        synthetic: true,
                        known_from: if printed { KnownFrom::Wire } else { KnownFrom::Diagram },
                        request: Request {
                            method: text(method),
                            url: self.with_values(target).into(),
                            headers,
                            body,
                            ..Request::default()
                        },
                        response: None,
                        ..Exchange::default()
                    });
                }
                Side::Response => {
                    let said = [&titled, &headed, &drawn].into_iter().find_map(|said| match said {
                        Said::Response { status, reason, target } => Some((*status, *reason, *target)),
                        _ => None,
                    });
                    if said.is_none() {
                        let (document, range) = self.place(documents, at);
                        diagnostics.push(
                            document
                                .error(range, "the page does not say with which status this response came")
                                .hint(format!("the trace has {UNKNOWN_STATUS}; put the real one in by hand")),
                        );
                    }
                    let (status, reason, target) = said.unwrap_or((UNKNOWN_STATUS, "", None));
                    let is_url = matches!(titled, Said::Response { target: Some(_), .. });
                    let target = target.map(|target| self.with_values(target));
                    let exchange = &mut exchanges[message.exchange];
                    // The request's own title says more than a heading; the response's may do so for it.
                    if let Some(url) = target.as_ref().filter(|_| is_url)
                        && UrlParts::of(&exchange.request.url).authority.is_empty()
                        && same_path(url, &exchange.request.url)
                    {
                        exchange.request.url = url.clone().into();
                    }
                    let url = target.filter(|url| is_url && **url != *exchange.request.url).map(Text::from);
                    exchange.ended = Some(time);
                    if printed {
                        exchange.known_from = KnownFrom::Wire;
                    }
                    exchange.response = Some(Response {
                        status,
                        reason: Text::from(reason.to_owned()),
                        url,
                        headers,
                        body,
                        ..Response::default()
                    });
                }
            }
        }
        self.trace = Trace { exchanges, gaps: Vec::new() };
    }

    fn content(&self, documents: &[Document<'a>], message: usize) -> (Headers, Body) {
        let Some(section) = self.messages[message].section.map(|at| &self.sections[at]) else {
            return Default::default();
        };
        let document = &documents[section.document];
        let headers = section.headers.map(|fence| header_content(document, fence).0).unwrap_or_default();
        let body = section.body.map(|fence| body_content(document, fence).0).unwrap_or_default();
        (headers, body)
    }

    /// A target with the values that the page's variables have.
    fn with_values(&self, target: &str) -> String {
        self.vars
            .iter()
            .fold(target.to_owned(), |target, (name, value)| target.replace(&format!("{{{name}}}"), value))
    }
}

/// A page has a few values that differ from run to run; one with more is no page.
const MOST_VARS: usize = 64;
/// The method of a request of which the page does not tell it.
const UNKNOWN_METHOD: &str = "UNKNOWN";
/// The status of a response of which the page does not tell it.
const UNKNOWN_STATUS: u16 = 200;

/// Whether two targets, real or with `{names}`, can be the same path.
fn same_path(a: &str, b: &str) -> bool {
    let (a, b) = (UrlParts::of(a).path.trim_end_matches('/'), UrlParts::of(b).path.trim_end_matches('/'));
    let is_open = |segment: &str| segment.contains('{');
    a.split('/').count() == b.split('/').count()
        && a.split('/').zip(b.split('/')).all(|(a, b)| a == b || is_open(a) || is_open(b))
}

/// Names in `template` and what stands in their place in `real`, both cut at `separator`.
fn align<'t>(template: &'t str, real: &'t str, separator: char) -> Vec<(&'t str, &'t str)> {
    if template.split(separator).count() != real.split(separator).count() {
        return Vec::new();
    }
    let pairs = template.split(separator).zip(real.split(separator));
    let named = |(template, real): (&'t str, &'t str)| {
        let (before, rest) = template.split_once('{')?;
        let (name, after) = rest.split_once('}')?;
        let value = real.strip_prefix(before)?.strip_suffix(after)?;
        let is_name = crate::settings::is_identifier(name);
        (is_name && !value.is_empty() && !value.contains(['{', '}'])).then_some((name, value))
    };
    pairs.filter_map(named).collect()
}

/// How a fence's lines show lines of a message.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shown {
    /// For each line of the content: the message's line that it shows, from 0, and how many bytes
    /// come before and after it.
    pub(super) lines: Vec<Option<(usize, usize, usize)>>,
    /// How many lines the message's part has.
    pub(super) count: usize,
}

/// The header fields that a fence shows.
pub(super) fn header_content(document: &Document<'_>, fence: usize) -> (Headers, Shown) {
    let fence = &document.outline.fences[fence];
    let mut headers = Headers::default();
    let mut shown = Shown::default();
    for line in fence.content() {
        let text = document.lines.get(line);
        let indent = indent_of(text).min(fence.indent);
        match field(&text[indent..]) {
            Some((name, value)) => {
                let is_plain = text[indent + name.len()..].starts_with(": ");
                headers.push(Text::from(name.to_owned()), Text::from(value.to_owned()));
                shown.lines.push(is_plain.then_some((shown.count, indent, 0)));
                shown.count += 1;
            }
            None => shown.lines.push(None),
        }
    }
    (headers, shown)
}

/// The body that a fence shows.
pub(super) fn body_content(document: &Document<'_>, fence: usize) -> (Body, Shown) {
    let fence = &document.outline.fences[fence];
    let lines = &document.lines;
    let is_blank = |line: usize| lines.get(line).trim().is_empty();
    let content = fence.content();
    let mut shown = Shown { lines: vec![None; content.len()], count: 0 };
    let Some(first) = content.clone().find(|&line| !is_blank(line)) else { return (Body::Absent, shown) };
    let last = content.clone().rev().find(|&line| !is_blank(line)).unwrap_or(first);
    let mut text = String::new();
    for line in first..=last {
        let whole = lines.get(line);
        let mut before = indent_of(whole).min(fence.indent);
        if line == first {
            before += assignment(&whole[before..]);
        }
        let part = &whole[before..];
        if first == last && part.trim().eq_ignore_ascii_case(ABSENT) {
            shown.count = 1;
            let word = part.trim();
            if word == ABSENT && before <= fence.indent {
                let after = part.len() - part.trim_start().len();
                shown.lines[line - content.start] =
                    Some((0, before + after, part.trim_start().len() - word.len()));
            }
            return (Body::Absent, shown);
        }
        if line > first {
            text.push('\n');
        }
        text.push_str(part);
        // An empty line of a block is printed without its indent.
        if !part.is_empty() || whole.is_empty() {
            shown.lines[line - content.start] = Some((shown.count, before, 0));
        }
        shown.count += 1;
    }
    (Body::Text(text.into()), shown)
}

/// What the source documents print for a body that is not there.
const ABSENT: &str = "none";

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The length of `DATA=` before a body, a variable of the script that printed it.
fn assignment(text: &str) -> usize {
    let name = text.bytes().take_while(|b| b.is_ascii_uppercase() || *b == b'_').count();
    let is_one = (2..=16).contains(&name) && text[name..].starts_with('=');
    if is_one { name + 1 } else { 0 }
}

impl Document<'_> {
    /// A diagnostic about bytes of this document.
    pub(super) fn error(&self, range: Range<usize>, message: impl Into<String>) -> Error {
        let line = self.lines.at(range.start);
        let whole = self.lines.range(line);
        let text = self.lines.get(line);
        let (start, end) = (range.start - whole.start, range.end.saturating_sub(whole.start).min(text.len()));
        let column = text[..text.floor_char_boundary(start)].chars().count() + 1;
        Error::new(ErrorKind::Import, message).at(Place::on_line(
            &self.file,
            line + 1,
            column,
            text,
            start,
            end,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_headings_are_read() {
        let value = |text| heading_number(text, 0).map(|number| (number.value, number.range));
        assert_eq!(value("(7) GET /a"), Some((7, 0..3)));
        assert_eq!(value("12. GET /a"), Some((12, 0..3)));
        assert_eq!(value("#3 GET /a"), Some((3, 0..2)));
        assert_eq!(value("(7-8) both"), None);
        assert_eq!(value("7th"), None);
        assert_eq!(value("2.5 release"), None);
        assert_eq!(value("(07) x"), None);
    }

    #[test]
    fn values_are_found_for_names() {
        assert_eq!(align("/v2/{id}/f", "/v2/42/f", '/'), [("id", "42")]);
        assert_eq!(align("/AUTH_{p}/c", "/AUTH_x/c", '/'), [("p", "x")]);
        assert_eq!(align("a={n}&b", "a=1&b", '&'), [("n", "1")]);
        assert!(align("/a/{id}", "/a", '/').is_empty());
    }
}
