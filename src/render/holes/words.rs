//! What each word of a hole prints.
//!
//! A word alone is a part of the page: its title, the command, the log. A word that is called is
//! about an exchange or a message. Most of both is laid out by the template of that name, so a
//! hole prints what a page without a source would. What this leaves out: what a label prints
//! (`message`), parts of the diagram (`diagram`), and other captures (`other_captures`).

use std::sync::Arc;

use minijinja::value::Value;

use super::expression::{Call, Expression, Name};
use super::forms::{options, usage};
use super::highlights::{Tabs, lines};
use super::hole_error::{HoleError, PlacedHole, no_field};
use super::other_captures::without_query;
use super::sections::ends_heading;
use super::subject::Subject;
use super::write::Printed;
use super::{Filler, Shown};
use crate::error::Result;
use crate::page::{DiagramItem, Entry, Message, PageExchange, curl, visible};
use crate::profile::Link;
use crate::render::escape;
use crate::render::pieces::{FenceOptions, Piece};
use crate::settings::HoleWord;
use crate::toml_file::nearest;

impl Filler<'_> {
    /// What a hole prints.
    pub(super) fn answer(
        &self,
        placed: PlacedHole<'_>,
        expression: &Expression,
        shown: &Shown,
    ) -> Result<Printed, HoleError> {
        match (&expression.name, &expression.call) {
            (Name::Label(_), Some(_)) => Err(HoleError::new("a label is no function").hint(
                "a label prints its steps; `exchange(LABEL)`, `tabs(LABEL.request)` and others print more",
            )),
            (Name::Label(exchange), None) => self.answer_label(*exchange, &expression.fields),
            (Name::Word(word), None) => self.answer_word(*word, &expression.fields, shown),
            (Name::Word(word), Some(call)) => match expression.fields.first() {
                None => self.answer_call(placed, *word, call, shown),
                Some(field) => {
                    Err(HoleError::new(format!("what `{word}(…)` prints has no `.{field}`")).at(field))
                }
            },
        }
    }

    /// What the template of a piece prints, without its last line end.
    pub(super) fn piece(&self, piece: &Piece<'_>) -> Result<Printed, HoleError> {
        self.laid_out(piece).map(Printed::Markdown)
    }

    /// The same for a piece that is lines of a diagram.
    pub(super) fn lines(&self, piece: &Piece<'_>) -> Result<Printed, HoleError> {
        self.laid_out(piece).map(Printed::Mermaid)
    }

    fn laid_out(&self, piece: &Piece<'_>) -> Result<String, HoleError> {
        let mut text = self.writer.write(piece).map_err(HoleError::Error)?;
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    }

    fn answer_word(&self, word: HoleWord, fields: &[String], shown: &Shown) -> Result<Printed, HoleError> {
        let page = self.page;
        let missing = |what: &str, key: &str| {
            HoleError::new(format!("there is no {what} to print")).hint(key.to_owned())
        };
        let no_command = || missing("command", "`command = \"…\"` in capture.toml names it");
        let no_output = || missing("output", "the capture has no file output.txt");
        let no_reference = || {
            missing(
                "reference",
                "the profile knows no page of the command; `reference = \"URL\"` in capture.toml names one",
            )
        };
        let field = match fields {
            [] => None,
            [field] => Some(field.as_str()),
            [_, beyond, ..] => return Err(HoleError::new(format!("there is no `.{beyond}` here")).at(beyond)),
        };
        let has_only = |known: &[&str]| match field {
            None => Ok(()),
            Some(field) => Err(no_field(&format!("`{word}`"), field, known)),
        };
        let has_none = || match field {
            None => Ok(()),
            Some(field) => Err(HoleError::new(format!("`{word}` has no `.{field}`")).at(field)),
        };
        match word {
            HoleWord::Title => {
                has_none()?;
                Ok(Printed::Title(page.title.clone()))
            }
            HoleWord::Command => {
                let command = page.command.as_ref().ok_or_else(no_command)?;
                match field {
                    Some("text") => {
                        Ok(Printed::Block(crate::page::Block::new(command.shown().into()).to_string()))
                    }
                    Some("line") => Ok(Printed::Text(command.first_line().to_owned())),
                    _ => has_only(&["text", "line"]).and_then(|()| self.piece(&Piece::Command)),
                }
            }
            HoleWord::Launch => {
                has_none()?;
                page.launch.as_ref().ok_or_else(|| {
                    missing(
                        "configuration",
                        "it is made from `command` in capture.toml, unless `launch.show = false`",
                    )
                })?;
                self.piece(&Piece::Launch)
            }
            HoleWord::Output => {
                let output = page.output.as_ref().ok_or_else(no_output)?;
                match field {
                    Some("text") => Ok(Printed::Block(output.block.to_string())),
                    _ => has_only(&["text"]).and_then(|()| self.piece(&Piece::Output)),
                }
            }
            HoleWord::Log => match field {
                Some("text") => Ok(Printed::Block(page.log.text().trim_end_matches('\n').to_owned())),
                _ => has_only(&["text"]).and_then(|()| self.piece(&Piece::FullLog)),
            },
            HoleWord::Reference => {
                let Link { text, url } = page.reference.as_ref().ok_or_else(no_reference)?;
                match field {
                    Some("text") => Ok(Printed::Text(text.clone())),
                    Some("url") => Ok(Printed::Text(url.clone())),
                    _ => has_only(&["text", "url"]).map(|()| Printed::Markdown(escape::link(text, url))),
                }
            }
            HoleWord::Seen => {
                let seen = self.others.last_seen().map_err(HoleError::Error)?.ok_or_else(|| {
                    HoleError::new("nobody knows here when this capture was recorded").hint(
                        "`docgen capture` notes it for this machine alone: render where you record, or say it in your own words",
                    )
                })?;
                match field {
                    None => Ok(Printed::Text(seen.time.chars().take("2026-11-28".len()).collect())),
                    Some("time") => Ok(Printed::Text(seen.time)),
                    Some("release") => Ok(Printed::Text(seen.release.ok_or_else(|| {
                        HoleError::new("nothing told the release when this capture was recorded")
                            .at("release")
                            .hint("a capture in its folder, or above, exports it as `release`")
                    })?)),
                    Some(_) => has_only(&["time", "release"]).map(|()| Printed::Text(String::new())),
                }
            }
            HoleWord::Var => {
                let name = field.ok_or_else(|| {
                    HoleError::new("`var` needs the variable's name").hint("`{{ var.image_id }}`")
                })?;
                match page.vars.iter().find(|(known, _)| known == name) {
                    Some((_, value)) => Ok(Printed::Text(visible(value).into_owned())),
                    None => {
                        let known = page.vars.iter().map(|(name, _)| name.as_str());
                        let error = HoleError::new(format!("there is no variable `{name}`")).at(name);
                        Err(error.hint(match nearest(name, known) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "variables are in `[vars]` of capture.toml".into(),
                        }))
                    }
                }
            }
            HoleWord::Vars => has_none().and_then(|()| self.piece(&Piece::Vars)),
            HoleWord::Diagram => has_none().and_then(|()| self.piece(&Piece::Sequence)),
            HoleWord::Facts => {
                has_none()?;
                self.needs_relations(word)?;
                self.piece(&Piece::Facts)
            }
            HoleWord::Overview => {
                has_none()?;
                self.needs_relations(word)?;
                self.piece(&Piece::Overview)
            }
            HoleWord::Waterfall => {
                has_none()?;
                self.needs_relations(word)?;
                if page.exchanges.iter().all(|exchange| exchange.relations.timing.is_none()) {
                    return Err(missing("timeline", "the trace does not tell when its exchanges happened"));
                }
                self.piece(&Piece::Waterfall)
            }
            HoleWord::Participants => has_none().and_then(|()| self.lines(&Piece::Participants)),
            HoleWord::Arrows => has_none().and_then(|()| self.lines(&Piece::Arrows(&page.diagram))),
            HoleWord::Rest => has_none().and_then(|()| self.rest(shown, page.entries.len())),
            HoleWord::Api
            | HoleWord::Arrow
            | HoleWord::Body
            | HoleWord::Curl
            | HoleWord::Describe
            | HoleWord::Exchange
            | HoleWord::Header
            | HoleWord::Heading
            | HoleWord::Inside
            | HoleWord::Lines
            | HoleWord::Message
            | HoleWord::Page
            | HoleWord::Part
            | HoleWord::Range
            | HoleWord::Shared
            | HoleWord::Span
            | HoleWord::Tabs
            | HoleWord::Value => has_none().and_then(|()| Err(needs_a_subject(word))),
        }
    }

    /// What is shown nowhere else, of the entries before this one and after those of an earlier hole.
    fn rest(&self, shown: &Shown, end: usize) -> Result<Printed, HoleError> {
        let before = shown.rest_from.get();
        let start = before.min(end);
        if end < self.page.entries.len() {
            shown.rest_from.set(before.max(end));
        }
        let is_left = |entry: &&Entry| match entry {
            Entry::Message(message) => !shown.exchanges[message.exchange],
            Entry::Gap(_) => true,
        };
        let entries: Vec<Entry> = self.page.entries[start..end].iter().filter(is_left).cloned().collect();
        self.piece(&Piece::Rest(&entries))
    }

    /// The same up to a message that is shown elsewhere.
    fn rest_until(&self, placed: PlacedHole<'_>, call: &Call, shown: &Shown) -> Result<Printed, HoleError> {
        let until = call.option("until").ok_or_else(|| {
            HoleError::new("`rest(…)` needs to be told up to which message")
                .hint(format!("`{}`", usage(HoleWord::Rest)))
        })?;
        let number = self.subject(placed, until)?.first();
        let is_there = |entry: &Entry| matches!(entry, Entry::Message(message) if message.number == number);
        let end = self.page.entries.iter().position(is_there).unwrap_or(self.page.entries.len());
        self.rest(shown, end)
    }

    fn answer_call(
        &self,
        placed: PlacedHole<'_>,
        word: HoleWord,
        call: &Call,
        shown: &Shown,
    ) -> Result<Printed, HoleError> {
        let takes = |most| call.check(word, most, &options(word));
        let first = || call.arguments.first().ok_or_else(|| needs_a_subject(word));
        match word {
            HoleWord::Range | HoleWord::Span => {
                takes(2)?;
                let (start, end) = self.range(placed, first()?, call.arguments.get(1))?;
                let [first, last] = [start.number, end.number];
                Ok(match word {
                    _ if first == last => Printed::step(&start),
                    HoleWord::Range => Printed::range(&start, &end),
                    _ => Printed::Steps {
                        text: format!("({first}-{last})"),
                        linked: format!(
                            "({}-{})",
                            start.linked(&first.to_string()),
                            end.linked(&last.to_string())
                        ),
                    },
                })
            }
            HoleWord::Curl => {
                takes(1)?;
                let exchange = self.subject(placed, first()?)?.exchange().clone();
                if exchange.request.drawn_only {
                    return Err(HoleError::new(
                        "only the diagram knows of this exchange: its request was not recorded",
                    ));
                }
                let mut found = (*exchange).clone();
                found.curl = Some(curl::command(&self.scope.trace.exchanges[exchange.index]));
                self.piece(&Piece::Curl(&Arc::new(found)))
            }
            HoleWord::Facts => {
                takes(1)?;
                self.needs_relations(word)?;
                self.piece(&Piece::ExchangeFacts(self.subject(placed, first()?)?.exchange()))
            }
            HoleWord::Inside => {
                takes(1)?;
                self.needs_relations(word)?;
                let subject = self.subject(placed, first()?)?;
                if subject.exchange().relations.inside.is_empty() {
                    return Err(HoleError::new(
                        "nothing was sent for this exchange, as far as the trace tells",
                    )
                    .hint("`diagram(after=…, until=…)` draws any part of the diagram"));
                }
                self.piece(&Piece::Inside(subject.exchange()))
            }
            HoleWord::Heading => {
                takes(1)?;
                if let Some(mut exchange) = self.joined(placed, first()?)? {
                    if !ends_heading(placed) {
                        Arc::make_mut(&mut Arc::make_mut(&mut exchange).request).anchor = None;
                    }
                    return self.piece(&Piece::ExchangeHeading(&exchange));
                }
                let mut message = self.message(placed, word, first()?)?;
                if message.anchor.is_some() && !ends_heading(placed) {
                    Arc::make_mut(&mut message).anchor = None;
                }
                self.piece(&Piece::Heading(&message))
            }
            HoleWord::Arrow => {
                takes(1)?;
                let message = self.message(placed, word, first()?)?;
                let item = DiagramItem::Message { depth: 0, message };
                self.lines(&Piece::Arrow(&item))
            }
            HoleWord::Api => {
                takes(1)?;
                let exchange = self.subject(placed, first()?)?.exchange().clone();
                let url = exchange.api_reference.as_ref().ok_or_else(|| {
                    HoleError::new("the profile knows no page of the API's reference for this exchange")
                        .hint("write the link yourself")
                })?;
                let text = format!("{} {}", exchange.request.method, without_query(&exchange.request.path));
                Ok(Printed::Markdown(escape::link(&text, url)))
            }
            HoleWord::Describe => {
                takes(1)?;
                let described = match self.subject(placed, first()?)? {
                    Subject::Exchange(exchange) => exchange.purpose.clone(),
                    Subject::Message(_, message) => message.about.clone(),
                };
                described.map(Printed::Markdown).ok_or_else(|| {
                    HoleError::new("the profile has no description of this")
                        .hint("write it in your own words")
                })
            }
            HoleWord::Exchange => {
                takes(1)?;
                let subject = self.subject(placed, first()?)?;
                let Subject::Exchange(exchange) = &subject else {
                    return Err(HoleError::new("`exchange` shows both messages of an exchange")
                        .hint("`message(…)` shows one; without `.request` or `.response` both are meant"));
                };
                self.piece(&Piece::Exchange(exchange, &self.options_of_exchange(call, exchange)?))
            }
            HoleWord::Message => {
                takes(1)?;
                let (message, options) = self.with_options(placed, word, call, first()?, Tabs::Both)?;
                self.piece(&Piece::Message(&message, &options))
            }
            HoleWord::Tabs => {
                takes(1)?;
                if let Some(exchange) = self.joined(placed, first()?)? {
                    call.check(word, 1, &options(HoleWord::Exchange))?;
                    let options = self.options_of_exchange(call, &exchange)?;
                    return self.piece(&Piece::ExchangeTabs(&exchange, &options));
                }
                let (message, options) = self.with_options(placed, word, call, first()?, Tabs::Both)?;
                self.piece(&Piece::Tabs(&message, &options))
            }
            HoleWord::Header => {
                takes(1)?;
                let (message, options) = self.with_options(placed, word, call, first()?, Tabs::Header)?;
                self.tab(&message, &Piece::HeaderTab(&message, &options))
            }
            HoleWord::Body => {
                takes(1)?;
                let (message, options) = self.with_options(placed, word, call, first()?, Tabs::Body)?;
                self.tab(&message, &Piece::BodyTab(&message, &options))
            }
            HoleWord::Lines => {
                takes(usize::MAX)?;
                let message = self.message(placed, word, first()?)?;
                lines(&self.contents.of(&message), &call.arguments[1..]).map(Printed::Text)
            }
            HoleWord::Part => {
                takes(3)?;
                self.part(first()?, &call.arguments[1..]).map(Printed::Block)
            }
            HoleWord::Value => {
                takes(2)?;
                let message = self.message(placed, word, first()?)?;
                let name = call.arguments.get(1).and_then(Value::as_str).ok_or_else(|| {
                    HoleError::new("`value` needs to be told which").hint(format!("`{}`", usage(word)))
                })?;
                self.value(&message, name).map(Printed::Text)
            }
            HoleWord::Rest => {
                takes(0)?;
                self.rest_until(placed, call, shown)
            }
            HoleWord::Diagram => {
                takes(0)?;
                self.diagram(placed, call)
            }
            HoleWord::Arrows => {
                takes(0)?;
                self.arrows(placed, call)
            }
            HoleWord::Shared => {
                takes(1)?;
                self.shared(placed, text_of(word, first()?)?, call)
            }
            HoleWord::Page => {
                takes(1)?;
                self.link_target(text_of(word, first()?)?).map(Printed::Text)
            }
            HoleWord::Command
            | HoleWord::Launch
            | HoleWord::Log
            | HoleWord::Output
            | HoleWord::Overview
            | HoleWord::Participants
            | HoleWord::Reference
            | HoleWord::Seen
            | HoleWord::Title
            | HoleWord::Var
            | HoleWord::Vars
            | HoleWord::Waterfall => Err(HoleError::new(format!("`{word}` is no function")).at(word.name())),
        }
    }

    /// The exchange that an argument names as a whole, in layouts that tell of both its messages together.
    fn joined(
        &self,
        placed: PlacedHole<'_>,
        argument: &Value,
    ) -> Result<Option<Arc<PageExchange>>, HoleError> {
        if self.page.layout.traits().parts_exchanges {
            return Ok(None);
        }
        Ok(match self.subject(placed, argument)? {
            Subject::Exchange(exchange) => Some(exchange),
            Subject::Message(..) => None,
        })
    }

    /// An error where the layout tells nothing of how exchanges stand to each other.
    fn needs_relations(&self, word: HoleWord) -> Result<(), HoleError> {
        if self.page.layout.traits().relates {
            return Ok(());
        }
        Err(HoleError::new(format!("`{word}` is a part of the layout `exchanges`"))
            .at(word.name())
            .hint("set `layout = \"exchanges\"`"))
    }

    /// The message that a call is about, as its options want it, and the options of its fences.
    fn with_options(
        &self,
        placed: PlacedHole<'_>,
        word: HoleWord,
        call: &Call,
        argument: &Value,
        tabs: Tabs,
    ) -> Result<(Arc<Message>, FenceOptions), HoleError> {
        let message = self.reworded(self.message(placed, word, argument)?, call)?;
        let options = self.options_of_message(call, &message, tabs)?.options();
        Ok((message, options))
    }

    fn tab(&self, message: &Message, piece: &Piece<'_>) -> Result<Printed, HoleError> {
        Ok(Printed::Tab(self.laid_out(piece)?, (message.exchange, message.side)))
    }

    /// The first step of one exchange or message, and the last of another, or of the same.
    fn range(
        &self,
        placed: PlacedHole<'_>,
        from: &Value,
        to: Option<&Value>,
    ) -> Result<(Arc<Message>, Arc<Message>), HoleError> {
        let from = self.subject(placed, from)?;
        let to = to.map(|to| self.subject(placed, to)).transpose()?;
        let (start, end) =
            (from.first_message().clone(), to.as_ref().unwrap_or(&from).last_message().clone());
        if end.number < start.number {
            return Err(HoleError::new(format!(
                "this range goes from ({}) back to ({})",
                start.number, end.number
            )));
        }
        Ok((start, end))
    }
}

fn needs_a_subject(word: HoleWord) -> HoleError {
    HoleError::new(format!("`{word}` needs to be told of what")).hint(format!("`{}`", usage(word)))
}

fn text_of(word: HoleWord, value: &Value) -> Result<&str, HoleError> {
    value.as_str().ok_or_else(|| {
        HoleError::new(format!("`{word}` names a capture by its path, in quotes"))
            .hint(format!("`{}`", usage(word)))
    })
}
