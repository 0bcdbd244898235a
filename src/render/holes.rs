//! Page sources to text: every hole filled from the page.
//!
//! What stands in a hole is an expression of minijinja's, but nothing is computed
//! while it is evaluated: names, fields and calls only build an [`Ask`], a value
//! that says what is wanted. It is answered here, where page, templates and other
//! captures are at hand and a message can point at the very word that is wrong.
//! What this leaves out: finding holes (`page::source`), and how anything looks,
//! which the same templates decide that lay out a page without a source.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use minijinja::value::{Kwargs, Object, Value};
use minijinja::{Environment, UndefinedBehavior, context};

use super::escape;
use super::templates::Templates;
use super::view::{self, ExchangeView, MessageView};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::page::highlight::{Outline, header_lines};
use crate::page::source::{Hole, Part, Source, TokenKind};
use crate::page::{Block, DiagramItem, Entry, Message, Page, PageExchange, visible};
use crate::profile::Link;
use crate::sequence::Side;
use crate::sequence::selector::Scope;
use crate::settings::{Layout, RESERVED};
use crate::toml_file::nearest;
use crate::trace::{Body, Exchange, KnownFrom, UrlParts};

/// What holes ask of captures other than their own.
pub(crate) trait Neighbours {
    /// The exchanges of another capture, in the order of their requests; `None` where there is no
    /// such capture.
    fn openings(&self, capture: &str) -> Result<Option<Arc<Vec<Opening>>>>;
    /// The path below the docs folder of another capture's page, likewise.
    fn page_path(&self, capture: &str) -> Result<Option<String>>;
    /// The capture whose path is nearest to this one.
    fn nearest(&self, capture: &str) -> Option<String>;
}

/// An exchange, as far as two pages can share it.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    from: Arc<str>,
    to: Arc<str>,
    method: String,
    path: String,
    raw_path: String,
    status: Option<u16>,
}

impl Opening {
    /// Those of a page, in the order of their requests.
    pub(super) fn all(page: &Page) -> Vec<Opening> {
        page.exchanges.iter().map(|exchange| Opening::of(exchange)).collect()
    }

    fn of(exchange: &PageExchange) -> Opening {
        let request = &exchange.request;
        Opening {
            from: request.from.clone(),
            to: request.to.clone(),
            method: request.method.to_string(),
            path: without_query(&request.path).to_owned(),
            raw_path: without_query(&request.raw_path).to_owned(),
            status: exchange.response.as_ref().map(|response| response.status),
        }
    }

    /// Whether both are the same exchange: from, to, method, path and status.
    fn is_same(&self, other: &Opening) -> bool {
        self.from == other.from
            && self.to == other.to
            && self.method == other.method
            && (self.path == other.path || self.raw_path == other.raw_path)
            && self.status == other.status
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {} {}", self.from, self.to, self.method, self.path)?;
        match self.status {
            Some(status) => write!(f, ", {status}"),
            None => write!(f, ", no response"),
        }
    }
}

fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// No other captures: nothing to share, and no page to link to.
pub(crate) struct Alone;

impl Neighbours for Alone {
    fn openings(&self, _: &str) -> Result<Option<Arc<Vec<Opening>>>> {
        Ok(None)
    }

    fn page_path(&self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn nearest(&self, _: &str) -> Option<String> {
        None
    }
}

/// Fills the holes of one capture's page sources.
pub(crate) struct Filler<'a> {
    page: &'a Arc<Page>,
    templates: &'a Templates,
    scope: Scope<'a>,
    neighbours: &'a dyn Neighbours,
    /// The path below the docs folder of the capture's own page.
    own_path: &'a str,
    /// Labels of sections that are marked as gone.
    gone: &'a [String],
    env: Environment<'static>,
    context: Value,
}

impl<'a> Filler<'a> {
    pub(crate) fn new(
        page: &'a Arc<Page>,
        templates: &'a Templates,
        scope: Scope<'a>,
        neighbours: &'a dyn Neighbours,
        own_path: &'a str,
        gone: &'a [String],
    ) -> Filler<'a> {
        let mut env = Environment::empty();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        let context = templates.context(page);
        Filler { page, templates, scope, neighbours, own_path, gone, env, context }
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
            let mut text = String::with_capacity(source.text.len() * 4);
            for part in &source.parts {
                match part {
                    Part::Text(span) => text.push_str(&source.text[span.clone()]),
                    Part::Braces(_) => text.push_str("{{"),
                    Part::Gone { .. } => {}
                    Part::Hole(hole) => match answers.next() {
                        Some(Ok(printed)) => push(&mut text, &printed, source, hole),
                        Some(Err(error)) => errors.push(error),
                        None => {}
                    },
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
    pub(super) fn exchanges_shown(&self, sources: &[&Source]) -> Vec<bool> {
        let read: Vec<_> = spots(sources).map(|spot| (spot, self.read(spot))).collect();
        self.shown(&read)
    }

    /// What a hole asks for.
    fn read(&self, spot: Spot<'_>) -> Result<Arc<Ask>> {
        let Spot { source, hole } = spot;
        for token in hole.tokens.iter().filter(|token| token.kind == TokenKind::Name) {
            let name = &source.text[token.span.clone()];
            if RESERVED.contains(&name) || self.page.labels.iter().any(|(label, _)| label == name) {
                continue;
            }
            return Err(Error::new(ErrorKind::Hole, self.unknown(name))
                .at(source.place(&token.span))
                .hint(self.advice(name)));
        }
        let expression = &source.text[hole.inside.clone()];
        let value = self
            .env
            .compile_expression(expression)
            .and_then(|expression| expression.eval(Value::from_object(Names(self.page.clone()))))
            .map_err(|error| {
                let span = error.range().unwrap_or(0..expression.len());
                let span = hole.inside.start + span.start..hole.inside.start + span.end;
                let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
                Error::new(ErrorKind::Hole, message)
                    .at(source.place(&span))
                    .hint("a hole holds a name, `name.field` or `name(…)`")
            })?;
        value.downcast_object::<Ask>().ok_or_else(|| {
            Error::new(ErrorKind::Hole, "this hole asks for nothing")
                .at(source.place(&hole.inside))
                .hint("a hole holds a name, `name.field` or `name(…)`")
        })
    }

    fn unknown(&self, name: &str) -> String {
        if self.gone.iter().any(|gone| gone == name) {
            format!("the exchange of `{name}` is gone")
        } else {
            format!("there is no `{name}` here")
        }
    }

    fn advice(&self, name: &str) -> String {
        let labels = || self.page.labels.iter().map(|(label, _)| label.as_str());
        match nearest(name, RESERVED.iter().copied().chain(labels())) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.page.labels.is_empty() => {
                "labels of exchanges stand in `[label]` of capture.toml; there are none yet".into()
            }
            None => format!("the labels are {}", labels().collect::<Vec<_>>().join(", ")),
        }
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

    /// What a hole prints.
    fn answer(&self, spot: Spot<'_>, ask: &Ask, shown: &[bool]) -> Result<String, Blame> {
        match (&ask.name, &ask.call) {
            (Name::Label(_), Some(_)) => Err(Blame::new("a label is no function").hint(
                "a label prints its steps; `exchange(LABEL)`, `tabs(LABEL.request)` and others print more",
            )),
            (Name::Label(exchange), None) => self.answer_label(*exchange, &ask.fields),
            (Name::Word(word), None) => self.answer_word(word, &ask.fields, shown),
            (Name::Word(word), Some(call)) => match ask.fields.first() {
                None => self.answer_call(spot, word, call),
                Some(field) => {
                    Err(Blame::new(format!("what `{word}(…)` prints has no `.{field}`")).at(field))
                }
            },
        }
    }

    fn answer_label(&self, exchange: usize, fields: &[String]) -> Result<String, Blame> {
        let exchange = self.exchange(exchange)?;
        let Some((side, fields)) = fields.split_first() else { return Ok(steps(&exchange)) };
        let message = message_of(&exchange, side)?;
        match fields {
            [] => Ok(format!("({})", message.number)),
            [field] if field == "raw_body" => Ok(self.raw_body(&message)),
            [field] => field_of(&message, field),
            [_, beyond, ..] => Err(Blame::new(format!("there is no `.{beyond}` here")).at(beyond)),
        }
    }

    fn answer_word(&self, word: &str, fields: &[String], shown: &[bool]) -> Result<String, Blame> {
        let page = self.page;
        let missing =
            |what: &str, key: &str| Blame::new(format!("there is no {what} to print")).hint(key.to_owned());
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
            [_, beyond, ..] => return Err(Blame::new(format!("there is no `.{beyond}` here")).at(beyond)),
        };
        let no_field = |field: &str, known: &[&str]| Err(no_field(word, field, known));
        match (word, field) {
            ("title", None) => Ok(page.title.clone()),
            ("command", None) => {
                page.command.as_ref().ok_or_else(no_command)?;
                self.piece("command", Value::from(()))
            }
            ("command", Some(field)) => {
                let command = page.command.as_ref().ok_or_else(no_command)?;
                match field {
                    "text" => Ok(crate::page::Block::new(command.shown().into()).to_string()),
                    "line" => Ok(view::first_line(command.typed())),
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
                self.piece("launch", Value::from(()))
            }
            ("output", None) => {
                page.output.as_ref().ok_or_else(no_output)?;
                self.piece("output", Value::from(()))
            }
            ("output", Some(field)) => match (field, page.output.as_ref().ok_or_else(no_output)?) {
                ("text", output) => Ok(output.block.to_string()),
                (field, _) => no_field(field, &["text"]),
            },
            ("log", None) => self.piece("full_log", Value::from(())),
            ("log", Some("text")) => Ok(page.log.text().trim_end_matches('\n').to_owned()),
            ("log", Some(field)) => no_field(field, &["text"]),
            ("reference", field) => {
                let Link { text, url } = page.reference.as_ref().ok_or_else(no_reference)?;
                match field {
                    None => Ok(escape::link(text, url)),
                    Some("text") => Ok(text.clone()),
                    Some("url") => Ok(url.clone()),
                    Some(field) => no_field(field, &["text", "url"]),
                }
            }
            ("var", Some(name)) => match page.vars.iter().find(|(known, _)| known == name) {
                Some((_, value)) => Ok(visible(value).into_owned()),
                None => {
                    let known = page.vars.iter().map(|(name, _)| name.as_str());
                    let blame = Blame::new(format!("there is no variable `{name}`")).at(name);
                    Err(blame.hint(match nearest(name, known) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "variables stand in `[vars]` of capture.toml".into(),
                    }))
                }
            },
            ("vars", None) => self.piece("vars", Value::from(())),
            ("diagram", None) => self.piece("sequence", Value::from(())),
            ("participants", None) => self.piece("participants", Value::from(())),
            ("arrows", None) => self.piece("arrows", Value::from(())),
            ("rest", None) => {
                let entries: Vec<Entry> = page
                    .entries
                    .iter()
                    .filter(|entry| match entry {
                        Entry::Message(message) => !shown[message.exchange],
                        Entry::Gap(_) => true,
                    })
                    .cloned()
                    .collect();
                self.piece("rest", context! { entries => view::entries(&entries) })
            }
            ("var", None) => Err(Blame::new("`var` needs the variable's name").hint("`{{ var.image_id }}`")),
            (_, Some(field)) => Err(Blame::new(format!("`{word}` has no `.{field}`")).at(field)),
            (_, None) => {
                Err(Blame::new(format!("`{word}` needs to be told of what"))
                    .hint(format!("`{}`", usage(word))))
            }
        }
    }

    fn answer_call(&self, spot: Spot<'_>, word: &str, call: &Call) -> Result<String, Blame> {
        let (most, options): (usize, &[&str]) = match word {
            "range" | "span" => (2, &[]),
            "heading" | "arrow" | "api" | "describe" | "page" => (1, &[]),
            "part" => (3, &[]),
            "exchange" | "header" => (1, &["highlight", "linenums"]),
            "message" | "tabs" | "body" => {
                (1, &["highlight", "linenums", "prefix", "absent", "language", "raw"])
            }
            "value" => (2, &[]),
            "lines" => (usize::MAX, &[]),
            "diagram" | "arrows" => (0, &["after", "until"]),
            "shared" => (1, &["until"]),
            _ => return Err(Blame::new(format!("`{word}` is no function")).at(word)),
        };
        call.check(word, most, options)?;
        let first = || {
            call.arguments.first().ok_or_else(|| {
                Blame::new(format!("`{word}` needs to be told of what")).hint(format!("`{}`", usage(word)))
            })
        };
        match word {
            "range" | "span" => {
                let from = self.subject(spot, first()?)?;
                let to = call.arguments.get(1).map(|to| self.subject(spot, to)).transpose()?;
                let (start, end) = (from.first(), to.as_ref().unwrap_or(&from).last());
                if end < start {
                    return Err(Blame::new(format!("this range goes from ({start}) back to ({end})")));
                }
                Ok(match (word, start == end) {
                    (_, true) => format!("({start})"),
                    ("range", _) => format!("({start})-({end})"),
                    _ => format!("({start}-{end})"),
                })
            }
            "heading" => {
                let message = self.message(spot, word, first()?)?;
                self.piece(word, context! { message => view_of(message) })
            }
            "arrow" => {
                let message = self.message(spot, word, first()?)?;
                let item = DiagramItem::Message { depth: 0, message };
                self.piece(word, context! { item => view::item(&item) })
            }
            "api" => {
                let exchange = self.subject(spot, first()?)?.exchange().clone();
                let url = exchange.api_reference.as_ref().ok_or_else(|| {
                    Blame::new("the profile knows no page of the API's reference for this exchange")
                        .hint("write the link yourself")
                })?;
                let text = format!("{} {}", exchange.request.method, without_query(&exchange.request.path));
                Ok(escape::link(&text, url))
            }
            "describe" => {
                let described = match self.subject(spot, first()?)? {
                    Subject::Exchange(exchange) => exchange.purpose.clone(),
                    Subject::Message(_, message) => message.about.clone(),
                };
                described.ok_or_else(|| {
                    Blame::new("the profile has no description of this").hint("write it in your own words")
                })
            }
            "exchange" => {
                let subject = self.subject(spot, first()?)?;
                let Subject::Exchange(exchange) = &subject else {
                    return Err(Blame::new("`exchange` shows both messages of an exchange")
                        .hint("`message(…)` shows one; without `.request` or `.response` both are meant"));
                };
                let [request, response] = self.options_of_exchange(call, exchange)?;
                let view = Value::from_object(ExchangeView(exchange.clone()));
                let options = context! { request => request, response => response };
                self.piece(word, context! { exchange => view, exchange_options => options })
            }
            "message" | "tabs" | "header" | "body" => {
                let message = self.reworded(self.message(spot, word, first()?)?, call)?;
                let options = self.options_of_message(call, &message, word)?;
                let name = match word {
                    "header" => "header_tab",
                    "body" => "body_tab",
                    word => word,
                };
                self.piece(name, context! { message => view_of(message), options => options.value() })
            }
            "lines" => {
                let message = self.message(spot, word, first()?)?;
                let mut marked = Marked::default();
                for argument in &call.arguments[1..] {
                    for mark in marks(argument)? {
                        marked.add(&message, &mark, Tabs::Either)?;
                    }
                }
                match (marked.header.is_empty(), marked.body.is_empty()) {
                    (false, false) => Err(Blame::new("these are lines of the header and of the body")
                        .hint("a fence is one of the two; ask for them separately")),
                    (true, true) => {
                        Err(Blame::new("`lines` needs to be told which").hint(format!("`{}`", usage(word))))
                    }
                    (false, true) => Ok(marked.header.join(" ")),
                    (true, false) => Ok(marked.body.join(" ")),
                }
            }
            "part" => self.part(first()?, &call.arguments[1..]),
            "value" => {
                let message = self.message(spot, word, first()?)?;
                let name = call.arguments.get(1).and_then(Value::as_str).ok_or_else(|| {
                    Blame::new("`value` needs to be told which").hint(format!("`{}`", usage(word)))
                })?;
                self.value(&message, name)
            }
            "diagram" => {
                let items = self.items(spot, call)?;
                let participants = self.participants_of(&items);
                let number = items.iter().find_map(|item| match item {
                    DiagramItem::Message { message, .. } => Some(message.number),
                    _ => None,
                });
                self.piece(
                    "sequence_part",
                    context! {
                        items => view::items(&items),
                        participants => participants,
                        number => number.unwrap_or(1),
                    },
                )
            }
            "arrows" => {
                let items = self.items(spot, call)?;
                self.piece(word, context! { items => view::items(&items) })
            }
            "shared" => self.shared(spot, text_of(word, first()?)?, call),
            _ => self.link_target(text_of(word, first()?)?),
        }
    }

    /// Some lines of a message's headers or body: from the first number to the second, or to the end.
    fn part(&self, of: &Value, lines: &[Value]) -> Result<String, Blame> {
        let of_what = || {
            Blame::new("`part` is about the headers or the body of a message")
                .hint(format!("`{}`", usage("part")))
        };
        let ask = of.downcast_object_ref::<Ask>().ok_or_else(of_what)?;
        let (Name::Label(exchange), [side, field], None) = (ask.name, ask.fields.as_slice(), &ask.call)
        else {
            return Err(of_what());
        };
        let message = message_of(&*self.exchange(exchange)?, side)?;
        let text = match field.as_str() {
            "headers" => message.headers.to_string(),
            "body" => message.body.to_string(),
            "raw_body" => self.raw_body(&message),
            _ => return Err(of_what().at(field)),
        };
        let number = |value: &Value| usize::try_from(value.clone()).map_err(|_| of_what());
        let count = text.split('\n').count();
        let first = number(lines.first().ok_or_else(of_what)?)?;
        let last = lines.get(1).map_or(Ok(count), number)?;
        if first == 0 || last < first || last > count {
            return Err(Blame::new(format!(
                "there are no lines {first} to {last}: they go from 1 to {count}"
            ))
            .at(&last.to_string()));
        }
        Ok(text.split('\n').skip(first - 1).take(last + 1 - first).collect::<Vec<_>>().join("\n"))
    }

    /// The value of a header, or of a key of the body: a text without its quotes, all else as JSON.
    fn value(&self, message: &Message, name: &str) -> Result<String, Blame> {
        let missing = || Blame::new(format!("({}) has no `{name}`", message.number)).at(name);
        if !name.starts_with('/') {
            let of_name =
                |line: &&str| line.split_once(':').is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
            let line = message.headers.text().lines().find(of_name).ok_or_else(missing)?;
            return Ok(line[name.len() + 1..]
                .strip_prefix(' ')
                .unwrap_or(&line[name.len() + 1..])
                .to_owned());
        }
        let body: serde_json::Value = serde_json::from_str(message.body.text()).map_err(|_| {
            Blame::new(format!("the body of ({}) is no JSON, so it has no `{name}`", message.number)).at(name)
        })?;
        let found = body.pointer(name).ok_or_else(missing)?;
        let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        Ok(visible(&text).into_owned())
    }

    /// The message with its body as the options of a call say it.
    fn reworded(&self, message: Arc<Message>, call: &Call) -> Result<Arc<Message>, Blame> {
        let text = |name: &str| match call.option(name) {
            None => Ok(None),
            Some(value) => value
                .as_str()
                .map(|text| Some(text.to_owned()))
                .ok_or_else(|| Blame::new(format!("`{name}` is a text, in quotes")).at(name)),
        };
        let (prefix, absent, language) = (text("prefix")?, text("absent")?, text("language")?);
        let raw = call.switch("raw")?;
        if prefix.is_none() && absent.is_none() && language.is_none() && !raw {
            return Ok(message);
        }
        let mut message = (*message).clone();
        let is_absent = matches!(self.body(&message), Body::Absent);
        let mut body = if raw { self.raw_body(&message) } else { message.body.to_string() };
        if let Some(absent) = absent.filter(|_| is_absent) {
            body = absent;
        }
        if let Some(prefix) = prefix.filter(|_| !is_absent) {
            body.insert_str(0, &prefix);
        }
        message.body = Block::new(body.into());
        if let Some(language) = language {
            message.language = language.into();
        }
        Ok(Arc::new(message))
    }

    fn body(&self, message: &Message) -> &Body {
        let exchange = &self.scope.trace.exchanges[message.exchange];
        match (message.side, &exchange.response) {
            (Side::Response, Some(response)) => &response.body,
            _ => &exchange.request.body,
        }
    }

    /// A body as it was sent: one that stands on a single line stays on it.
    fn raw_body(&self, message: &Message) -> String {
        match self.body(message) {
            Body::Text(text) => Block::new(text.clone()).to_string(),
            _ => message.body.to_string(),
        }
    }

    /// The range of the steps that this page shares with the beginning of another.
    fn shared(&self, spot: Spot<'_>, capture: &str, call: &Call) -> Result<String, Blame> {
        let until = call.option("until").ok_or_else(|| {
            Blame::new("`shared` needs to be told up to which exchange")
                .hint(format!("`{}`", usage("shared")))
        })?;
        let until = self.subject(spot, until)?;
        let ours = self.up_to(&until);
        let theirs = match self.neighbours.openings(capture) {
            Ok(Some(openings)) => openings,
            Ok(None) => return Err(self.no_capture(capture)),
            Err(error) => {
                return Err(Blame::new(format!(
                    "the capture `{capture}` cannot be read: {}",
                    error.message()
                ))
                .at(capture));
            }
        };
        for (index, our) in ours.iter().map(|exchange| Opening::of(exchange)).enumerate() {
            let Some(their) = theirs.get(index) else {
                return Err(Blame::new(format!(
                    "`{capture}` has only {} exchanges, not {}",
                    theirs.len(),
                    ours.len()
                ))
                .at(capture));
            };
            if !our.is_same(their) {
                return Err(Blame::new(format!("the beginning is no longer that of `{capture}`"))
                    .at(capture)
                    .hint(format!("exchange {} is `{our}` here and `{their}` there", index + 1)));
            }
        }
        let numbers = |exchange: &Arc<PageExchange>| {
            [Some(exchange.request.number), exchange.response.as_ref().map(|response| response.number)]
        };
        let numbers: Vec<u32> = ours.iter().flat_map(numbers).flatten().collect();
        let last = numbers.iter().copied().max().unwrap_or_default();
        if last as usize != numbers.len() {
            return Err(Blame::new(format!("other messages stand between the first ones up to ({last})"))
                .hint("end the shared beginning before or after the exchanges that overlap"));
        }
        Ok(format!("(1)-({last})"))
    }

    /// The page's first exchanges, up to one of them.
    fn up_to(&self, until: &Subject) -> &[Arc<PageExchange>] {
        let exchanges = &self.page.exchanges;
        let at = exchanges.iter().position(|exchange| exchange.index == until.exchange().index);
        &exchanges[..at.map_or(0, |at| at + 1)]
    }

    /// From this page to another capture's.
    fn link_target(&self, capture: &str) -> Result<String, Blame> {
        match self.neighbours.page_path(capture) {
            Ok(Some(path)) => Ok(relative_path(self.own_path, &path)),
            Ok(None) => Err(self.no_capture(capture)),
            Err(error) => {
                Err(Blame::new(format!("the capture `{capture}` cannot be read: {}", error.message()))
                    .at(capture))
            }
        }
    }

    fn no_capture(&self, capture: &str) -> Blame {
        let blame = Blame::new(format!("there is no capture `{capture}`")).at(capture);
        blame.hint(match self.neighbours.nearest(capture) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "a capture is named by its path below the captures' folder".into(),
        })
    }

    /// The lines of the diagram that the options `after` and `until` leave.
    fn items(&self, spot: Spot<'_>, call: &Call) -> Result<Vec<DiagramItem>, Blame> {
        let limit = |name| call.option(name).map(|value| self.subject(spot, value)).transpose();
        let after = limit("after")?.map_or(0, |subject| subject.last());
        let until = limit("until")?.map_or(u32::MAX, |subject| subject.last());
        let items = slice(&self.page.diagram, after.saturating_add(1)..=until);
        if items.is_empty() {
            return Err(Blame::new(match until {
                u32::MAX => format!("nothing comes after ({after})"),
                until => format!("nothing comes after ({after}) and up to ({until})"),
            }));
        }
        Ok(items)
    }

    /// The participants that these lines name.
    fn participants_of(&self, items: &[DiagramItem]) -> Value {
        let named = |id: &str| {
            items.iter().any(|item| match item {
                DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. } => {
                    *message.from == *id || *message.to == *id
                }
                DiagramItem::Note { position, .. } => {
                    position.rsplit(' ').next().is_some_and(|ids| ids.split(',').any(|named| named == id))
                }
                _ => false,
            })
        };
        let all = self.page.participants.iter().filter(|participant| named(&participant.id)).cloned();
        view::participant_list(all)
    }

    /// A template of this layout, or the `page` layout's of the same name, without its last line end.
    fn piece(&self, name: &str, extra: Value) -> Result<String, Blame> {
        let context = if extra.is_none() {
            self.context.clone()
        } else {
            context! { ..extra, ..self.context.clone() }
        };
        let mut text = self.templates.piece(self.page.layout, name, context).map_err(Blame::Error)?;
        if text.ends_with('\n') {
            text.pop();
        }
        Ok(text)
    }

    fn exchange(&self, index: usize) -> Result<Arc<PageExchange>, Blame> {
        let found = self.page.exchanges.iter().find(|exchange| exchange.index == index);
        found.cloned().ok_or_else(|| Blame::new("this exchange is not on the page"))
    }

    /// The exchange or message that an argument names.
    fn subject(&self, spot: Spot<'_>, value: &Value) -> Result<Subject, Blame> {
        if let Some(ask) = value.downcast_object_ref::<Ask>() {
            return match (&ask.name, ask.fields.as_slice(), &ask.call) {
                (Name::Label(index), [], None) => Ok(Subject::Exchange(self.exchange(*index)?)),
                (Name::Label(index), [side], None) => {
                    let exchange = self.exchange(*index)?;
                    let message = message_of(&exchange, side)?;
                    Ok(Subject::Message(exchange, message))
                }
                (Name::Label(_), [_, beyond, ..], _) => {
                    Err(Blame::new(format!("a message is asked for, and not its `.{beyond}`")).at(beyond))
                }
                (Name::Word(word), ..) => Err(Blame::new(format!("`{word}` names no exchange")).at(word)),
                (Name::Label(_), ..) => Err(Blame::new("a label is no function")),
            };
        }
        let Some(text) = value.as_str() else {
            return Err(Blame::new(format!("`{value}` names no exchange"))
                .hint("a label, or a selector in quotes: \"glance GET /v2/images #2\""));
        };
        let (selector, side) = match (text.strip_suffix(".request"), text.strip_suffix(".response")) {
            (Some(selector), _) => (selector, Some("request")),
            (_, Some(selector)) => (selector, Some("response")),
            (None, None) => (text, None),
        };
        let index = self.scope.find(selector.trim_end(), &spot.place(Some(text))).map_err(Blame::Error)?;
        let exchange = self.exchange(index)?;
        match side {
            None => Ok(Subject::Exchange(exchange)),
            Some(side) => {
                let message = message_of(&exchange, side)?;
                Ok(Subject::Message(exchange, message))
            }
        }
    }

    fn message(&self, spot: Spot<'_>, word: &str, value: &Value) -> Result<Arc<Message>, Blame> {
        match self.subject(spot, value)? {
            Subject::Message(_, message) => Ok(message),
            Subject::Exchange(_) => {
                Err(Blame::new(format!("`{word}` is about one message, not both of an exchange"))
                    .hint("add `.request` or `.response`"))
            }
        }
    }

    /// A mark belongs to the message in which it is found, or to both.
    fn options_of_exchange(&self, call: &Call, exchange: &PageExchange) -> Result<[Value; 2], Blame> {
        let mut both = [Marked::default(), Marked::default()];
        for mark in call.option("highlight").map_or_else(|| Ok(Vec::new()), marks)? {
            if matches!(mark, Mark::Lines(..)) {
                return Err(Blame::new("a line number does not say of which message")
                    .hint("name a JSON pointer or a header, or use `message(…)` twice"));
            }
            let request = both[0].add(&exchange.request, &mark, Tabs::Both);
            let response = match &exchange.response {
                Some(response) => both[1].add(response, &mark, Tabs::Both),
                None => Err(Blame::new("there is no response")),
            };
            if request.is_err() && response.is_err() {
                return match (exchange.response.is_some(), request, response) {
                    (true, _, Err(blame)) | (false, Err(blame), _) => Err(blame),
                    _ => Ok([Value::from(()), Value::from(())]),
                };
            }
        }
        let numbered = self.numbered(call)?;
        for marked in &mut both {
            marked.number_body = numbered;
        }
        Ok(both.map(|marked| marked.value()))
    }

    fn options_of_message(&self, call: &Call, message: &Message, word: &str) -> Result<Marked, Blame> {
        let tabs = match word {
            "header" => Tabs::Header,
            "body" => Tabs::Body,
            _ => Tabs::Both,
        };
        let mut marked = Marked::default();
        for mark in call.option("highlight").map_or_else(|| Ok(Vec::new()), marks)? {
            marked.add(message, &mark, tabs)?;
        }
        let numbered = self.numbered(call)?;
        marked.number_header = numbered && tabs == Tabs::Header;
        marked.number_body = numbered && tabs != Tabs::Header;
        Ok(marked)
    }

    /// Whether lines are to be numbered; in `snippets` the templates number all of them anyway.
    fn numbered(&self, call: &Call) -> Result<bool, Blame> {
        Ok(call.switch("linenums")? && self.page.layout == Layout::Page)
    }
}

/// All holes of the sources, in order.
fn spots<'s>(sources: &[&'s Source]) -> impl Iterator<Item = Spot<'s>> {
    sources.iter().flat_map(|source| source.holes().map(|hole| Spot { source, hole }))
}

/// An error for each hole that speaks of a label of `lost`, which match no exchange.
pub(super) fn holes_of_lost(source: &Source, lost: &[&str]) -> Vec<Error> {
    let mut errors = Vec::new();
    for hole in source.holes() {
        for token in hole.tokens.iter().filter(|token| token.kind == TokenKind::Name) {
            let name = &source.text[token.span.clone()];
            if lost.contains(&name) {
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

/// Appends what a hole prints. Its line lends its indent to all lines but the first, which has it
/// already: also where text stands before the hole (`DATA={{ show.request.body }}`).
fn push(text: &mut String, printed: &str, source: &Source, hole: &Hole) {
    if !printed.contains('\n') {
        text.push_str(printed);
        return;
    }
    let before = &source.text[..hole.span.start];
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
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

/// The lines of the diagram that belong to the messages of these numbers, with the boxes around them.
fn slice(items: &[DiagramItem], numbers: std::ops::RangeInclusive<u32>) -> Vec<DiagramItem> {
    let mut kept = Vec::new();
    // What waits for its box's first message: the box's beginning, and notes at its top.
    let mut waiting: Vec<&DiagramItem> = Vec::new();
    let mut open: Vec<bool> = Vec::new();
    let mut keeps = false;
    for item in items {
        match item {
            DiagramItem::Begin { .. } => {
                waiting.push(item);
                open.push(false);
            }
            DiagramItem::End { .. } => {
                if open.pop() == Some(true) {
                    kept.push(item.clone());
                } else {
                    while let Some(DiagramItem::Note { .. }) = waiting.last() {
                        waiting.pop();
                    }
                    waiting.pop();
                }
            }
            DiagramItem::Note { .. } if !waiting.is_empty() && open.last() == Some(&false) => {
                waiting.push(item)
            }
            DiagramItem::Note { .. } | DiagramItem::Unanswered { .. } => {
                if keeps {
                    kept.push(item.clone());
                }
            }
            DiagramItem::Message { message, .. } => {
                keeps = numbers.contains(&message.number);
                if keeps {
                    kept.extend(waiting.drain(..).cloned());
                    open.fill(true);
                    kept.push(item.clone());
                }
            }
        }
    }
    kept
}

/// `to`, a path below the docs folder, as a link from the page `from` says it.
fn relative_path(from: &str, to: &str) -> String {
    let folder: Vec<&str> = from.split('/').collect();
    let folder = &folder[..folder.len() - 1];
    let to: Vec<&str> = to.split('/').collect();
    let common = folder.iter().zip(&to[..to.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = folder.len() - common;
    let start = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    format!("{start}{}", to[common..].join("/"))
}

fn steps(exchange: &PageExchange) -> String {
    match &exchange.response {
        Some(response) => format!("({}),({})", exchange.request.number, response.number),
        None => format!("({})", exchange.request.number),
    }
}

fn message_of(exchange: &PageExchange, side: &str) -> Result<Arc<Message>, Blame> {
    match side {
        "request" => Ok(exchange.request.clone()),
        "response" => exchange.response.clone().ok_or_else(|| {
            Blame::new("this exchange got no response").at(side).hint("only its request can be shown")
        }),
        _ => Err(no_field("an exchange", side, &["request", "response"])),
    }
}

const MESSAGE_FIELDS: &[&str] = &[
    "number", "method", "path", "raw_path", "url", "query", "status", "reason", "verb", "title", "summary",
    "from", "to", "client", "server", "headers", "body", "raw_body",
];

fn field_of(message: &Message, field: &str) -> Result<String, Blame> {
    let is_request = message.side == Side::Request;
    let text = match field {
        "number" => message.number.to_string(),
        "method" => message.method.to_string(),
        "path" => message.path.to_string(),
        "raw_path" => message.raw_path.to_string(),
        "url" => message.url.to_string(),
        "query" => UrlParts::of(&message.url).query.unwrap_or_default().to_owned(),
        "status" | "reason" if is_request => {
            return Err(Blame::new(format!("a request has no {field}")).at(field).hint("its response does"));
        }
        "status" => message.status.to_string(),
        "reason" => message.reason.to_string(),
        "verb" => message.verb(),
        "title" => format!("{} {}", message.verb(), message.url),
        "summary" => format!("{} {}", message.verb(), message.raw_path),
        "from" => message.from.to_string(),
        "to" => message.to.to_string(),
        "client" => message.client.to_string(),
        "server" => message.server.to_string(),
        "headers" => return Ok(message.headers.to_string()),
        "body" => return Ok(message.body.to_string()),
        _ => return Err(no_field("a message", field, MESSAGE_FIELDS)),
    };
    Ok(visible(&text).into_owned())
}

fn no_field(of: &str, field: &str, known: &[&str]) -> Blame {
    let blame = Blame::new(format!("{of} has no `.{field}`")).at(field);
    blame.hint(match nearest(field, known.iter().copied()) {
        Some(near) => format!("did you mean `.{near}`?"),
        None => format!("it has .{}", known.join(", .")),
    })
}

/// How a function is called.
fn usage(word: &str) -> &'static str {
    match word {
        "range" => "range(first, last)",
        "span" => "span(first, last)",
        "heading" => "heading(show.request)",
        "arrow" => "arrow(show.request)",
        "api" => "api(show)",
        "describe" => "describe(show)",
        "exchange" => "exchange(show)",
        "message" => "message(show.request)",
        "tabs" => "tabs(show.response, highlight=\"/id\")",
        "header" => "header(show.response, highlight=\"Location\")",
        "body" => "body(show.response, highlight=\"/id\")",
        "lines" => "lines(show.response, \"/id\")",
        "value" => "value(show.response, \"/status\")",
        "part" => "part(show.response.body, 1, 12)",
        "shared" => "shared(\"openstack/image/create\", until=version)",
        _ => "page(\"openstack/image/create\")",
    }
}

fn view_of(message: Arc<Message>) -> Value {
    Value::from_object(MessageView(message))
}

fn text_of<'v>(word: &str, value: &'v Value) -> Result<&'v str, Blame> {
    value.as_str().ok_or_else(|| {
        Blame::new(format!("`{word}` names a capture by its path, in quotes"))
            .hint(format!("`{}`", usage(word)))
    })
}

/// What a hole asks for, before anything is looked up.
#[derive(Debug)]
struct Ask {
    name: Name,
    fields: Vec<String>,
    call: Option<Call>,
}

#[derive(Clone, Copy, Debug)]
enum Name {
    /// A label: the index of its exchange in the trace.
    Label(usize),
    /// One of the words of holes.
    Word(&'static str),
}

/// The arguments of a call.
#[derive(Clone, Debug)]
struct Call {
    arguments: Vec<Value>,
    options: Vec<(String, Value)>,
}

impl Call {
    fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn switch(&self, name: &str) -> Result<bool, Blame> {
        match self.option(name) {
            None => Ok(false),
            Some(value) => bool::try_from(value.clone())
                .map_err(|_| Blame::new(format!("`{name}` is true or false")).at(name)),
        }
    }

    /// Whether the call has no more arguments than it may, and no option but these.
    fn check(&self, word: &str, most: usize, known: &[&str]) -> Result<(), Blame> {
        if self.arguments.len() > most {
            let most = match most {
                0 => "no argument".to_owned(),
                1 => "one argument".to_owned(),
                most => format!("{most} arguments at most"),
            };
            return Err(Blame::new(format!("`{word}` takes {most}, not {}", self.arguments.len())).at(word));
        }
        match self.options.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let blame = Blame::new(format!("`{word}` has no option `{name}`")).at(name);
                Err(match (nearest(name, known.iter().copied()), known) {
                    (Some(near), _) => blame.hint(format!("did you mean `{near}`?")),
                    (None, []) => blame.hint("it has none"),
                    (None, known) => blame.hint(format!("it has {}", known.join(", "))),
                })
            }
        }
    }
}

impl Object for Ask {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let mut fields = self.fields.clone();
        fields.push(key.to_owned());
        Some(Value::from_object(Ask { name: self.name, fields, call: self.call.clone() }))
    }

    fn call(
        self: &Arc<Self>,
        _: &mut minijinja::State<'_, '_>,
        args: &[Value],
    ) -> Result<Value, minijinja::Error> {
        let (arguments, options) = match args.split_last() {
            Some((last, before)) if last.is_kwargs() => {
                let kwargs = Kwargs::try_from(last.clone())?;
                let names: Vec<String> = kwargs.args().map(str::to_owned).collect();
                let options = names
                    .into_iter()
                    .map(|name| kwargs.get::<Value>(&name).map(|value| (name, value)))
                    .collect::<Result<Vec<_>, _>>()?;
                (before, options)
            }
            _ => (args, Vec::new()),
        };
        let call = Call { arguments: arguments.to_vec(), options };
        Ok(Value::from_object(Ask { name: self.name, fields: self.fields.clone(), call: Some(call) }))
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut minijinja::State<'_, '_>,
        method: &str,
        _: &[Value],
    ) -> Result<Value, minijinja::Error> {
        Err(minijinja::Error::new(minijinja::ErrorKind::UnknownMethod, format!("`.{method}` is no function")))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.name {
            Name::Label(_) => "a label",
            Name::Word(word) => word,
        })
    }
}

/// The names that a hole may use.
#[derive(Debug)]
struct Names(Arc<Page>);

impl Object for Names {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let label = self.0.labels.iter().find(|(label, _)| label == key);
        let name = match label {
            Some((_, exchange)) => Name::Label(*exchange),
            None => Name::Word(RESERVED.iter().find(|word| **word == key)?),
        };
        Some(Value::from_object(Ask { name, fields: Vec::new(), call: None }))
    }
}

/// What an argument names.
enum Subject {
    Exchange(Arc<PageExchange>),
    Message(Arc<PageExchange>, Arc<Message>),
}

impl Subject {
    fn exchange(&self) -> &Arc<PageExchange> {
        match self {
            Subject::Exchange(exchange) | Subject::Message(exchange, _) => exchange,
        }
    }

    fn first(&self) -> u32 {
        match self {
            Subject::Exchange(exchange) => exchange.request.number,
            Subject::Message(_, message) => message.number,
        }
    }

    fn last(&self) -> u32 {
        match self {
            Subject::Exchange(exchange) => exchange.response.as_ref().unwrap_or(&exchange.request).number,
            Subject::Message(_, message) => message.number,
        }
    }
}

/// What a highlight names.
enum Mark {
    /// A JSON pointer, or two with `..` between, or one with `..` behind for its whole value.
    Pointer(String),
    /// A header's name.
    Header(String),
    /// Lines, as numbers.
    Lines(usize, usize),
}

/// The marks that the value of `highlight` names.
fn marks(value: &Value) -> Result<Vec<Mark>, Blame> {
    if let Some(text) = value.as_str() {
        if text.is_empty() {
            return Err(Blame::new("an empty text names no line"));
        }
        if text.starts_with('/') {
            return Ok(vec![Mark::Pointer(text.to_owned())]);
        }
        let lines =
            text.split_once("..").and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        return Ok(vec![match lines {
            Some((first, last)) => Mark::Lines(first, last),
            None => Mark::Header(text.to_owned()),
        }]);
    }
    if let Ok(line) = usize::try_from(value.clone()) {
        return Ok(vec![Mark::Lines(line, line)]);
    }
    if value.kind() == minijinja::value::ValueKind::Seq {
        let mut all = Vec::new();
        for item in value.try_iter().into_iter().flatten() {
            all.extend(marks(&item)?);
        }
        return Ok(all);
    }
    Err(Blame::new(format!("`{value}` names no line"))
        .at("highlight")
        .hint("a JSON pointer (\"/id\"), a header (\"Location\"), a line's number, or several in brackets"))
}

/// Which tabs a hole prints.
#[derive(Clone, Copy, PartialEq)]
enum Tabs {
    Header,
    Body,
    Both,
    /// One or the other, whatever the marks name.
    Either,
}

/// The lines of a message to highlight, and whether lines are numbered.
#[derive(Default)]
struct Marked {
    header: Vec<String>,
    body: Vec<String>,
    number_header: bool,
    number_body: bool,
}

impl Marked {
    fn add(&mut self, message: &Message, mark: &Mark, tabs: Tabs) -> Result<(), Blame> {
        match mark {
            Mark::Header(_) if tabs == Tabs::Body => {
                let Mark::Header(name) = mark else { return Ok(()) };
                Err(Blame::new(format!("`{name}` is no JSON pointer"))
                    .at(name)
                    .hint(format!("did you mean \"/{name}\"?")))
            }
            Mark::Header(name) => {
                let lines = header_lines(message.headers.text(), name);
                if lines.is_empty() {
                    let names: Vec<&str> = message
                        .headers
                        .text()
                        .lines()
                        .filter_map(|line| line.split_once(':').map(|(name, _)| name))
                        .collect();
                    let blame = Blame::new(format!("({}) has no header `{name}`", message.number)).at(name);
                    return Err(blame.hint(match nearest(name, names.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "a key of the body is named with a slash: \"/id\"".into(),
                    }));
                }
                lines.into_iter().for_each(|line| put(&mut self.header, line, line));
                Ok(())
            }
            Mark::Pointer(pointer) if tabs == Tabs::Header => {
                Err(Blame::new(format!("`{pointer}` is a key of the body, and this is the header"))
                    .at(pointer))
            }
            Mark::Pointer(pointer) => {
                let text = message.body.text();
                let outline = Outline::of(text).ok_or_else(|| {
                    Blame::new(format!(
                        "the body of ({}) is no JSON, so it has no `{pointer}`",
                        message.number
                    ))
                    .at(pointer)
                    .hint("name the line by its number")
                })?;
                let (first, last) = find_lines(&outline, pointer, message.number)?;
                put(&mut self.body, first, last);
                Ok(())
            }
            &Mark::Lines(first, last) => {
                let of_header = tabs == Tabs::Header;
                let block = if of_header { &message.headers } else { &message.body };
                if tabs == Tabs::Both && Outline::of(block.text()).is_some() {
                    return Err(Blame::new("a line number moves when the body does")
                        .at(&first.to_string())
                        .hint("name the line's key: \"/id\"; or use `body(…)` or `header(…)`, where a number is allowed"));
                }
                let count = block.text().lines().count();
                if first == 0 || last < first || last > count {
                    return Err(Blame::new(format!("there is no line {last}: they go from 1 to {count}"))
                        .at(&last.to_string()));
                }
                put(if of_header { &mut self.header } else { &mut self.body }, first, last);
                Ok(())
            }
        }
    }

    fn value(&self) -> Value {
        context! { header => options(self.number_header, &self.header), body => options(self.number_body, &self.body) }
    }
}

fn put(lines: &mut Vec<String>, first: usize, last: usize) {
    let line = if first == last { first.to_string() } else { format!("{first}-{last}") };
    if !lines.contains(&line) {
        lines.push(line);
    }
}

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
fn find_lines(outline: &Outline, pointer: &str, number: u32) -> Result<(usize, usize), Blame> {
    let find = |pointer: &str| {
        outline.find(pointer).ok_or_else(|| {
            let blame = Blame::new(format!("the body of ({number}) has no `{pointer}`")).at(pointer);
            let siblings = outline.siblings(pointer);
            match nearest(pointer, siblings.iter().map(String::as_str)) {
                Some(near) => blame.hint(format!("did you mean `{near}`?")),
                None if siblings.is_empty() => blame,
                None => blame.hint(format!(
                    "there are `{}`",
                    siblings.iter().take(8).map(String::as_str).collect::<Vec<_>>().join("`, `")
                )),
            }
        })
    };
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
                return Err(
                    Blame::new(format!("`{pointer}` goes from line {first} back to line {last}")).at(pointer)
                );
            }
            Ok((first, last))
        }
    }
}

/// Why a hole cannot be filled.
enum Blame {
    /// With the word of the hole that is wrong, where it is one.
    Here { message: String, hint: Option<String>, word: Option<String> },
    /// An error with a place of its own.
    Error(Error),
}

impl Blame {
    fn new(message: impl Into<String>) -> Blame {
        Blame::Here { message: message.into(), hint: None, word: None }
    }

    fn at(self, word: &str) -> Blame {
        match self {
            Blame::Here { message, hint, .. } => Blame::Here { message, hint, word: Some(word.to_owned()) },
            error => error,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Blame {
        match self {
            Blame::Here { message, word, .. } => Blame::Here { message, hint: Some(hint.into()), word },
            error => error,
        }
    }
}

/// A hole in its source.
#[derive(Clone, Copy)]
struct Spot<'a> {
    source: &'a Source,
    hole: &'a Hole,
}

impl Spot<'_> {
    /// The place of a word in the hole, else of all that is inside.
    fn place(&self, word: Option<&str>) -> Place {
        self.source.place(&word.and_then(|word| self.span_of(word)).unwrap_or(self.hole.inside.clone()))
    }

    fn span_of(&self, word: &str) -> Option<Range<usize>> {
        let text = |span: &Range<usize>| &self.source.text[span.clone()];
        self.hole.tokens.iter().find_map(|token| match token.kind {
            TokenKind::Text => {
                // Of a range of pointers, the one that is wrong is underlined.
                let inner = token.span.start + 1..token.span.end - 1;
                if text(&inner) == word {
                    return Some(token.span.clone());
                }
                let at = text(&inner).find(word).filter(|_| text(&inner).contains(".."))?;
                Some(inner.start + at..inner.start + at + word.len())
            }
            TokenKind::Sign => None,
            _ => (text(&token.span) == word).then(|| token.span.clone()),
        })
    }

    fn error(&self, blame: Blame) -> Error {
        match blame {
            Blame::Error(error) => error,
            Blame::Here { message, hint, word } => {
                let error = Error::new(ErrorKind::Hole, message).at(self.place(word.as_deref()));
                match hint {
                    Some(hint) => error.hint(hint),
                    None => error,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_go_by_the_nearest_way() {
        for (from, to, link) in [
            ("a/b/show.md", "a/b/create.md", "./create.md"),
            ("a/b/show/index.md", "a/b/create.md", "../create.md"),
            ("a/b/show.md", "a/b/create/index.md", "./create/index.md"),
            ("a/show.md", "x/y.md", "../x/y.md"),
            ("index.md", "x.md", "./x.md"),
        ] {
            assert_eq!(relative_path(from, to), link);
        }
    }
}
