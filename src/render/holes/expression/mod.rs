//! Holes as expressions: what each of them asks for.
//!
//! An expression is evaluated with values that only note what is done with them: a name, the
//! fields behind it, the arguments of a call. So an error of the grammar is one of minijinja's,
//! with its place, and everything else can be said in the words of pages. Nearly all holes are so
//! plain that nothing is to be evaluated ([`plain`]). What this leaves out: whether what is asked
//! for exists, apart from the name.

mod plain;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use minijinja::Environment;
use minijinja::value::{Kwargs, Object, Value};

use super::Filler;
use super::hole_error::{HoleError, PlacedHole};
use crate::error::{Error, ErrorKind, Result};
use crate::page::Page;
use crate::page::source::TokenKind;
use crate::settings::HoleWord;
use crate::toml_file::{nearest, neighbours};

/// What a hole asks for, before anything is looked up.
#[derive(Debug)]
pub(super) struct Expression {
    pub(super) name: Name,
    pub(super) fields: Vec<String>,
    pub(super) call: Option<Call>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Name {
    /// A label: the index of its exchange in the trace.
    Label(usize),
    /// One of the words of holes.
    Word(HoleWord),
}

/// The arguments of a call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) arguments: Vec<Value>,
    options: Vec<(String, Value)>,
}

impl Call {
    pub(super) fn option(&self, name: &str) -> Option<&Value> {
        self.options.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn switch(&self, name: &str) -> Result<bool, HoleError> {
        match self.option(name) {
            None => Ok(false),
            Some(value) => bool::try_from(value.clone())
                .map_err(|_| HoleError::new(format!("`{name}` is true or false")).at(name)),
        }
    }

    /// Whether the call has no more arguments than it may, and no option but these.
    pub(super) fn check(&self, word: HoleWord, most: usize, known: &[&str]) -> Result<(), HoleError> {
        if self.arguments.len() > most {
            let most = match most {
                0 => "no argument".to_owned(),
                1 => "one argument".to_owned(),
                most => format!("{most} arguments at most"),
            };
            return Err(HoleError::new(format!("`{word}` takes {most}, not {}", self.arguments.len()))
                .at(word.name()));
        }
        match self.options.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some((name, _)) => {
                let error = HoleError::new(format!("`{word}` has no option `{name}`")).at(name);
                Err(match (nearest(name, known.iter().copied()), known) {
                    (Some(near), _) => error.hint(format!("did you mean `{near}`?")),
                    (None, []) => error.hint("it has none"),
                    (None, known) => error.hint(format!("it has {}", known.join(", "))),
                })
            }
        }
    }
}

impl Filler<'_> {
    /// What a hole asks for.
    pub(super) fn read(&self, placed: PlacedHole<'_>) -> Result<Arc<Expression>> {
        let PlacedHole { source, hole } = placed;
        for token in hole.tokens.iter().filter(|token| token.kind == TokenKind::Name) {
            let name = &source.text[token.span.clone()];
            if HoleWord::named(name).is_some() || self.names.labels.contains_key(name) {
                continue;
            }
            return Err(Error::new(ErrorKind::Hole, self.unknown(name))
                .at(source.place(&token.span))
                .hint(self.advice(name)));
        }
        if let Some(expression) = plain::expression(&self.names, &source.text, &hole.tokens) {
            return Ok(Arc::new(expression));
        }
        let expression = &source.text[hole.inside.clone()];
        let value = evaluated(&self.env, &self.names, expression).map_err(|error| {
            let span = error.range().unwrap_or(0..expression.len());
            let span = hole.inside.start + span.start..hole.inside.start + span.end;
            let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            Error::new(ErrorKind::Hole, message)
                .at(source.place(&span))
                .hint("a hole holds a name, `name.field` or `name(…)`")
        })?;
        value.downcast_object::<Expression>().ok_or_else(|| {
            Error::new(ErrorKind::Hole, "this hole asks for nothing")
                .at(source.place(&hole.inside))
                .hint("a hole holds a name, `name.field` or `name(…)`")
        })
    }

    fn unknown(&self, name: &str) -> String {
        if self.gone.contains(name) {
            format!("the exchange of `{name}` is gone")
        } else {
            format!("there is no `{name}` here")
        }
    }

    fn advice(&self, name: &str) -> String {
        let labels = neighbours(name, self.names.sorted()).iter().map(String::as_str);
        match nearest(name, HoleWord::ALL.iter().map(|word| word.name()).chain(labels)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.page.labels.is_empty() => {
                "labels of exchanges are in `[label]` of capture.toml; there are none yet".into()
            }
            None => {
                let labels = self.page.labels.iter().map(|(label, _)| label.as_str());
                let mut named: Vec<&str> = labels.take(LABELS_NAMED).collect();
                if self.page.labels.len() > LABELS_NAMED {
                    named.push("…");
                }
                format!("the labels are {}", named.join(", "))
            }
        }
    }
}

/// What an expression comes to.
fn evaluated(env: &Environment<'_>, names: &Arc<Names>, text: &str) -> Result<Value, minijinja::Error> {
    env.compile_expression(text)?.eval(Value::from_dyn_object(names.clone()))
}

/// How many labels an error names.
const LABELS_NAMED: usize = 50;

impl Object for Expression {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let mut fields = self.fields.clone();
        fields.push(key.to_owned());
        Some(Value::from_object(Expression { name: self.name, fields, call: self.call.clone() }))
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
        Ok(Value::from_object(Expression { name: self.name, fields: self.fields.clone(), call: Some(call) }))
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
            Name::Word(word) => word.name(),
        })
    }
}

/// The names that a hole may use besides the words: labels.
#[derive(Debug)]
pub(super) struct Names {
    /// The index in the trace of the exchange that each names.
    labels: HashMap<String, usize>,
    /// In order, once something is no label.
    sorted: OnceLock<Vec<String>>,
}

impl Names {
    pub(super) fn of(page: &Page) -> Names {
        Names { labels: page.labels.iter().cloned().collect(), sorted: OnceLock::new() }
    }

    fn sorted(&self) -> &[String] {
        self.sorted.get_or_init(|| {
            let mut sorted: Vec<String> = self.labels.keys().cloned().collect();
            sorted.sort_unstable();
            sorted
        })
    }

    fn find(&self, name: &str) -> Option<Name> {
        match self.labels.get(name) {
            Some(exchange) => Some(Name::Label(*exchange)),
            None => HoleWord::named(name).map(Name::Word),
        }
    }
}

impl Object for Names {
    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let name = self.find(key)?;
        Some(Value::from_object(Expression { name, fields: Vec::new(), call: None }))
    }
}
