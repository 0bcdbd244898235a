//! Which lines of a message a hole highlights, and whether it numbers them.
//!
//! A target is a JSON pointer, a header's name or a number; the options of a fence want numbers. A
//! target that is found nowhere is an error, with what was probably meant: a highlight on the wrong
//! line is worse than none. What this leaves out: looking a name up in a text
//! (`page::highlight`).

use std::collections::HashSet;
use std::sync::Arc;

use minijinja::value::Value;

use super::Filler;
use super::contents::Contents;
use super::expression::Call;
use super::hole_error::{HoleError, usage};
use crate::error::Result;
use crate::page::highlight::Outline;
use crate::page::{Message, PageExchange};
use crate::render::pieces::FenceOptions;
use crate::settings::HoleWord;
use crate::toml_file::nearest;

/// The lines of a message to highlight, and whether lines are numbered.
#[derive(Default)]
pub(super) struct Highlights {
    header: LineList,
    body: LineList,
    number_header: bool,
    number_body: bool,
}

impl Highlights {
    /// The options of its fences.
    pub(super) fn options(&self) -> FenceOptions {
        FenceOptions {
            header: options(self.number_header, &self.header.all),
            body: options(self.number_body, &self.body.all),
            is_highlighted: !self.header.all.is_empty() || !self.body.all.is_empty(),
        }
    }

    fn add(&mut self, contents: &Contents, target: &HighlightTarget, tabs: Tabs) -> Result<(), HoleError> {
        let message = &contents.message;
        match target {
            HighlightTarget::Header(name) if tabs == Tabs::Body => {
                Err(HoleError::new(format!("`{name}` is no JSON pointer"))
                    .at(name)
                    .hint(format!("did you mean \"/{name}\"?")))
            }
            HighlightTarget::Header(name) => {
                let lines = contents.headers().find(name);
                if lines.is_empty() {
                    let names: Vec<&str> = message
                        .headers
                        .text()
                        .lines()
                        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
                        .take(NAMES_COMPARED)
                        .collect();
                    let error =
                        HoleError::new(format!("({}) has no header `{name}`", message.number)).at(name);
                    return Err(error.hint(match nearest(name, names.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "a key of the body is named with a slash: \"/id\"".into(),
                    }));
                }
                lines.iter().for_each(|&line| self.header.put(line, line));
                Ok(())
            }
            HighlightTarget::Pointer(pointer) if tabs == Tabs::Header => {
                Err(HoleError::new(format!("`{pointer}` is a key of the body, and this is the header"))
                    .at(pointer))
            }
            HighlightTarget::Pointer(pointer) => {
                let outline = contents.outline().ok_or_else(|| {
                    HoleError::new(format!(
                        "the body of ({}) is no JSON, so it has no `{pointer}`",
                        message.number
                    ))
                    .at(pointer)
                    .hint("name the line by its number")
                })?;
                let (first, last) = find_lines(outline, pointer, message.number)?;
                self.body.put(first, last);
                Ok(())
            }
            &HighlightTarget::Lines(first, last) => {
                let of_header = tabs == Tabs::Header;
                let block = if of_header { &message.headers } else { &message.body };
                if tabs == Tabs::Both && contents.outline().is_some() {
                    return Err(HoleError::new("a line number moves when the body does")
                        .at(&first.to_string())
                        .hint("name the line's key: \"/id\"; or use `body(…)` or `header(…)`, where a number is allowed"));
                }
                let count = block.text().lines().count();
                if first == 0 || last < first || last > count {
                    return Err(HoleError::new(format!(
                        "there is no line {last}: they go from 1 to {count}"
                    ))
                    .at(&last.to_string()));
                }
                (if of_header { &mut self.header } else { &mut self.body }).put(first, last);
                Ok(())
            }
        }
    }
}

impl Filler<'_> {
    /// A target belongs to the message in which it is found, or to both.
    pub(super) fn options_of_exchange(
        &self,
        call: &Call,
        exchange: &PageExchange,
    ) -> Result<[FenceOptions; 2], HoleError> {
        let mut both = [Highlights::default(), Highlights::default()];
        let request_contents = self.contents.of(&exchange.request);
        let response_contents = exchange.response.as_ref().map(|response| self.contents.of(response));
        for target in call.option("highlight").map_or_else(|| Ok(Vec::new()), targets)? {
            if matches!(target, HighlightTarget::Lines(..)) {
                return Err(HoleError::new("a line number does not say of which message")
                    .hint("name a JSON pointer or a header, or use `message(…)` twice"));
            }
            let request = both[0].add(&request_contents, &target, Tabs::Both);
            let response =
                response_contents.as_ref().map(|response| both[1].add(response, &target, Tabs::Both));
            match (request, response) {
                (Err(_), Some(Err(error))) | (Err(error), None) => return Err(error),
                _ => {}
            }
        }
        let numbered = self.numbered(call)?;
        for highlights in &mut both {
            highlights.number_body = numbered;
        }
        Ok(both.map(|highlights| highlights.options()))
    }

    pub(super) fn options_of_message(
        &self,
        call: &Call,
        message: &Arc<Message>,
        tabs: Tabs,
    ) -> Result<Highlights, HoleError> {
        let contents = self.contents.of(message);
        let mut highlights = Highlights::default();
        for target in call.option("highlight").map_or_else(|| Ok(Vec::new()), targets)? {
            highlights.add(&contents, &target, tabs)?;
        }
        let numbered = self.numbered(call)?;
        highlights.number_header = numbered && tabs == Tabs::Header;
        highlights.number_body = numbered && tabs != Tabs::Header;
        Ok(highlights)
    }

    /// Whether lines are to be numbered; in `snippets` the templates number all of them anyway.
    fn numbered(&self, call: &Call) -> Result<bool, HoleError> {
        Ok(call.switch("linenums")? && !self.page.layout.traits().numbers_lines)
    }
}

/// The lines of a message that these arguments name, as `hl_lines` has them.
pub(super) fn lines(contents: &Contents, arguments: &[Value]) -> Result<String, HoleError> {
    let mut highlights = Highlights::default();
    for argument in arguments {
        for target in targets(argument)? {
            highlights.add(contents, &target, Tabs::Either)?;
        }
    }
    match (highlights.header.all.is_empty(), highlights.body.all.is_empty()) {
        (false, false) => Err(HoleError::new("these are lines of the header and of the body")
            .hint("a fence is one of the two; ask for them separately")),
        (true, true) => {
            Err(HoleError::new("`lines` needs to be told which")
                .hint(format!("`{}`", usage(HoleWord::Lines))))
        }
        (false, true) => Ok(highlights.header.all.join(" ")),
        (true, false) => Ok(highlights.body.all.join(" ")),
    }
}

/// What a highlight names.
enum HighlightTarget {
    /// A JSON pointer, or two with `..` between, or one with `..` behind for its whole value.
    Pointer(String),
    /// A header's name.
    Header(String),
    /// Lines, as numbers.
    Lines(usize, usize),
}

/// The targets that the value of `highlight` names.
fn targets(value: &Value) -> Result<Vec<HighlightTarget>, HoleError> {
    if let Some(text) = value.as_str() {
        if text.is_empty() {
            return Err(HoleError::new("an empty text names no line"));
        }
        if text.starts_with('/') {
            return Ok(vec![HighlightTarget::Pointer(text.to_owned())]);
        }
        let lines =
            text.split_once("..").and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        return Ok(vec![match lines {
            Some((first, last)) => HighlightTarget::Lines(first, last),
            None => HighlightTarget::Header(text.to_owned()),
        }]);
    }
    if let Ok(line) = usize::try_from(value.clone()) {
        return Ok(vec![HighlightTarget::Lines(line, line)]);
    }
    if value.kind() == minijinja::value::ValueKind::Seq {
        let mut all = Vec::new();
        for item in value.try_iter().into_iter().flatten() {
            all.extend(targets(&item)?);
        }
        return Ok(all);
    }
    Err(HoleError::new(format!("`{value}` names no line"))
        .at("highlight")
        .hint("a JSON pointer (\"/id\"), a header (\"Location\"), a line's number, or several in brackets"))
}

/// Which tabs a hole prints.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tabs {
    Header,
    Body,
    Both,
    /// One or the other, whatever the targets name.
    Either,
}

/// Lines as `hl_lines` has them, each once, in the order in which they were named.
#[derive(Default)]
struct LineList {
    all: Vec<String>,
    known: HashSet<(usize, usize)>,
}

impl LineList {
    fn put(&mut self, first: usize, last: usize) {
        if self.known.insert((first, last)) {
            self.all.push(if first == last { first.to_string() } else { format!("{first}-{last}") });
        }
    }
}

/// With how many names of headers one that is not there is compared.
const NAMES_COMPARED: usize = 256;

/// The options of a fence, each with a blank before it.
fn options(numbered: bool, lines: &[String]) -> String {
    let mut options = String::new();
    if numbered {
        options.push_str(" linenums=\"1\"");
    }
    if !lines.is_empty() {
        options.push_str(&format!(" hl_lines=\"{}\"", lines.join(" ")));
    }
    options
}

/// The first and last line that a pointer means, or a range of pointers.
fn find_lines(outline: &Outline, pointer: &str, number: u32) -> Result<(usize, usize), HoleError> {
    let find = |pointer: &str| outline.find(pointer).ok_or_else(|| no_key(outline, pointer, number));
    if let Some(lines) = outline.find(pointer) {
        return Ok((*lines.start(), *lines.start()));
    }
    if let Some(whole) = pointer.strip_suffix("..") {
        let lines = find(whole)?;
        return Ok((*lines.start(), *lines.end()));
    }
    match pointer.split_once("../") {
        None => find(pointer).map(|lines| (*lines.start(), *lines.start())),
        Some((first, last)) => {
            let (first, last) = (*find(first)?.start(), *find(&format!("/{last}"))?.start());
            if last < first {
                return Err(HoleError::new(format!(
                    "`{pointer}` goes from line {first} back to line {last}"
                ))
                .at(pointer));
            }
            Ok((first, last))
        }
    }
}

/// What there is to say of a pointer that names nothing in a body, or several members of a list.
pub(super) fn no_key(outline: &Outline, pointer: &str, number: u32) -> HoleError {
    let named =
        |all: &[String]| all.iter().take(8).map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    if let Some(several) = outline.several(pointer) {
        let count = several.len();
        return HoleError::new(format!("`{pointer}` is about {count} members of the body of ({number})"))
            .at(pointer)
            .hint(format!("they are {}: name a key that tells them apart", named(&several)));
    }
    let error = HoleError::new(format!("the body of ({number}) has no `{pointer}`")).at(pointer);
    let siblings = outline.siblings(pointer);
    match nearest(pointer, siblings.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if siblings.is_empty() => error,
        None => error.hint(format!("there are {}", named(&siblings))),
    }
}
