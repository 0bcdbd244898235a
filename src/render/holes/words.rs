//! What each word of a hole prints.
//!
//! A word alone is a part of the page: its title, the command, the log. A word that is called is
//! about an exchange or a message. Most of both is laid out by the template of that name, so a
//! hole prints what a page without a source would. What this leaves out: what a label prints
//! (`message`), parts of the diagram (`diagram`), and other captures (`neighbours`).

use minijinja::value::Value;

use super::expression::{Call, Expression, Name};
use super::highlights::lines;
use super::hole_error::{HoleError, PlacedHole, no_field, usage};
use super::other_captures::without_query;
use super::subject::Subject;
use super::write::Printed;
use super::{Filler, Shown};
use crate::error::Result;
use crate::page::{DiagramItem, Entry, visible};
use crate::profile::Link;
use crate::render::escape;
use crate::render::pieces::Piece;
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
            (Name::Word(word), None) => self.answer_word(word, &expression.fields, shown),
            (Name::Word(word), Some(call)) => match expression.fields.first() {
                None => self.answer_call(placed, word, call, shown),
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

    fn answer_word(&self, word: &str, fields: &[String], shown: &Shown) -> Result<Printed, HoleError> {
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
        let no_field = |field: &str, known: &[&str]| Err(no_field(word, field, known));
        match (word, field) {
            ("title", None) => Ok(Printed::Title(page.title.clone())),
            ("command", None) => {
                page.command.as_ref().ok_or_else(no_command)?;
                self.piece(&Piece::Command)
            }
            ("command", Some(field)) => {
                let command = page.command.as_ref().ok_or_else(no_command)?;
                match field {
                    "text" => Ok(Printed::Block(crate::page::Block::new(command.shown().into()).to_string())),
                    "line" => Ok(Printed::Text(command.first_line().to_owned())),
                    field => no_field(field, &["text", "line"]),
                }
            }
            ("launch", None) => {
                page.launch.as_ref().ok_or_else(|| {
                    missing(
                        "configuration",
                        "it is made from `command` in capture.toml, unless `launch.show = false`",
                    )
                })?;
                self.piece(&Piece::Launch)
            }
            ("output", None) => {
                page.output.as_ref().ok_or_else(no_output)?;
                self.piece(&Piece::Output)
            }
            ("output", Some(field)) => match (field, page.output.as_ref().ok_or_else(no_output)?) {
                ("text", output) => Ok(Printed::Block(output.block.to_string())),
                (field, _) => no_field(field, &["text"]),
            },
            ("log", None) => self.piece(&Piece::FullLog),
            ("log", Some("text")) => Ok(Printed::Block(page.log.text().trim_end_matches('\n').to_owned())),
            ("log", Some(field)) => no_field(field, &["text"]),
            ("reference", field) => {
                let Link { text, url } = page.reference.as_ref().ok_or_else(no_reference)?;
                match field {
                    None => Ok(Printed::Markdown(escape::link(text, url))),
                    Some("text") => Ok(Printed::Text(text.clone())),
                    Some("url") => Ok(Printed::Text(url.clone())),
                    Some(field) => no_field(field, &["text", "url"]),
                }
            }
            ("var", Some(name)) => match page.vars.iter().find(|(known, _)| known == name) {
                Some((_, value)) => Ok(Printed::Text(visible(value).into_owned())),
                None => {
                    let known = page.vars.iter().map(|(name, _)| name.as_str());
                    let error = HoleError::new(format!("there is no variable `{name}`")).at(name);
                    Err(error.hint(match nearest(name, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "variables are in `[vars]` of capture.toml".into(),
                    }))
                }
            },
            ("vars", None) => self.piece(&Piece::Vars),
            ("diagram", None) => self.piece(&Piece::Sequence),
            ("participants", None) => self.lines(&Piece::Participants),
            ("arrows", None) => self.lines(&Piece::Arrows(&page.diagram)),
            ("rest", None) => self.rest(shown, page.entries.len()),
            ("var", None) => {
                Err(HoleError::new("`var` needs the variable's name").hint("`{{ var.image_id }}`"))
            }
            (_, Some(field)) => Err(HoleError::new(format!("`{word}` has no `.{field}`")).at(field)),
            (_, None) => Err(HoleError::new(format!("`{word}` needs to be told of what"))
                .hint(format!("`{}`", usage(word)))),
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
                .hint(format!("`{}`", usage("rest")))
        })?;
        let number = self.subject(placed, until)?.first();
        let is_there = |entry: &Entry| matches!(entry, Entry::Message(message) if message.number == number);
        let end = self.page.entries.iter().position(is_there).unwrap_or(self.page.entries.len());
        self.rest(shown, end)
    }

    fn answer_call(
        &self,
        placed: PlacedHole<'_>,
        word: &str,
        call: &Call,
        shown: &Shown,
    ) -> Result<Printed, HoleError> {
        let Some((most, options)) = accepted(word) else {
            return Err(HoleError::new(format!("`{word}` is no function")).at(word));
        };
        call.check(word, most, options)?;
        let first = || {
            call.arguments.first().ok_or_else(|| {
                HoleError::new(format!("`{word}` needs to be told of what"))
                    .hint(format!("`{}`", usage(word)))
            })
        };
        match word {
            "range" | "span" => self.range(placed, word, first()?, call.arguments.get(1)).map(Printed::Text),
            "heading" => {
                let message = self.message(placed, word, first()?)?;
                self.piece(&Piece::Heading(&message))
            }
            "arrow" => {
                let message = self.message(placed, word, first()?)?;
                let item = DiagramItem::Message { depth: 0, message };
                self.lines(&Piece::Arrow(&item))
            }
            "api" => {
                let exchange = self.subject(placed, first()?)?.exchange().clone();
                let url = exchange.api_reference.as_ref().ok_or_else(|| {
                    HoleError::new("the profile knows no page of the API's reference for this exchange")
                        .hint("write the link yourself")
                })?;
                let text = format!("{} {}", exchange.request.method, without_query(&exchange.request.path));
                Ok(Printed::Markdown(escape::link(&text, url)))
            }
            "describe" => {
                let described = match self.subject(placed, first()?)? {
                    Subject::Exchange(exchange) => exchange.purpose.clone(),
                    Subject::Message(_, message) => message.about.clone(),
                };
                described.map(Printed::Markdown).ok_or_else(|| {
                    HoleError::new("the profile has no description of this")
                        .hint("write it in your own words")
                })
            }
            "exchange" => {
                let subject = self.subject(placed, first()?)?;
                let Subject::Exchange(exchange) = &subject else {
                    return Err(HoleError::new("`exchange` shows both messages of an exchange")
                        .hint("`message(…)` shows one; without `.request` or `.response` both are meant"));
                };
                self.piece(&Piece::Exchange(exchange, &self.options_of_exchange(call, exchange)?))
            }
            "message" | "tabs" | "header" | "body" => {
                let message = self.reworded(self.message(placed, word, first()?)?, call)?;
                let options = self.options_of_message(call, &message, word)?.options();
                let tab = |piece| Ok(Printed::Tab(self.laid_out(&piece)?, (message.exchange, message.side)));
                match word {
                    "header" => tab(Piece::HeaderTab(&message, &options)),
                    "body" => tab(Piece::BodyTab(&message, &options)),
                    "tabs" => self.piece(&Piece::Tabs(&message, &options)),
                    _ => self.piece(&Piece::Message(&message, &options)),
                }
            }
            "lines" => {
                let message = self.message(placed, word, first()?)?;
                lines(&self.contents.of(&message), &call.arguments[1..]).map(Printed::Text)
            }
            "part" => self.part(first()?, &call.arguments[1..]).map(Printed::Block),
            "value" => {
                let message = self.message(placed, word, first()?)?;
                let name = call.arguments.get(1).and_then(Value::as_str).ok_or_else(|| {
                    HoleError::new("`value` needs to be told which").hint(format!("`{}`", usage(word)))
                })?;
                self.value(&message, name).map(Printed::Text)
            }
            "rest" => self.rest_until(placed, call, shown),
            "diagram" => self.diagram(placed, call),
            "arrows" => self.arrows(placed, call),
            "shared" => self.shared(placed, text_of(word, first()?)?, call).map(Printed::Text),
            _ => self.link_target(text_of(word, first()?)?).map(Printed::Text),
        }
    }

    /// The steps from one to another: `(1)-(6)` for `range`, `(1-6)` for `span`.
    fn range(
        &self,
        placed: PlacedHole<'_>,
        word: &str,
        from: &Value,
        to: Option<&Value>,
    ) -> Result<String, HoleError> {
        let from = self.subject(placed, from)?;
        let to = to.map(|to| self.subject(placed, to)).transpose()?;
        let (start, end) = (from.first(), to.as_ref().unwrap_or(&from).last());
        if end < start {
            return Err(HoleError::new(format!("this range goes from ({start}) back to ({end})")));
        }
        Ok(match (word, start == end) {
            (_, true) => format!("({start})"),
            ("range", _) => format!("({start})-({end})"),
            _ => format!("({start}-{end})"),
        })
    }
}

/// How many arguments a function takes at most, and which options.
fn accepted(word: &str) -> Option<(usize, &'static [&'static str])> {
    Some(match word {
        "range" | "span" => (2, &[]),
        "heading" | "arrow" | "api" | "describe" | "page" => (1, &[]),
        "part" => (3, &[]),
        "exchange" | "header" => (1, &["highlight", "linenums"]),
        "message" | "tabs" | "body" => (1, &["highlight", "linenums", "prefix", "absent", "language", "raw"]),
        "value" => (2, &[]),
        "lines" => (usize::MAX, &[]),
        "diagram" | "arrows" => (0, &["after", "until"]),
        "rest" => (0, &["until"]),
        "shared" => (1, &["until"]),
        _ => return None,
    })
}

fn text_of<'v>(word: &str, value: &'v Value) -> Result<&'v str, HoleError> {
    value.as_str().ok_or_else(|| {
        HoleError::new(format!("`{word}` names a capture by its path, in quotes"))
            .hint(format!("`{}`", usage(word)))
    })
}
