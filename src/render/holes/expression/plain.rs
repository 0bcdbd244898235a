//! Plain holes, read without an engine.
//!
//! `{{ show }}`, `{{ show.request.path }}`, `{{ tabs(show.response, highlight="/file") }}`: a name with fields, or a
//! word called with such names, texts, `true` and `false`. The words and signs of a hole are known since it was
//! found, and to compile an expression takes longer than to write what it asks for. A property test holds this to
//! what the engine makes of the same hole. What this leaves out: all other holes, and all errors, which are the
//! engine's.

use std::slice;

use minijinja::value::Value;

use super::{Call, Expression, Name, Names};
use crate::page::source::{Token, TokenKind};

/// What a hole with these tokens of `text` asks for; nothing where it is not plain.
pub(super) fn expression(names: &Names, text: &str, tokens: &[Token]) -> Option<Expression> {
    let mut reader = Reader { names, text, tokens: tokens.iter() };
    let mut expression = reader.name()?;
    if reader.takes_sign("(") {
        if !matches!(expression, Expression { name: Name::Word(_), ref fields, .. } if fields.is_empty()) {
            return None;
        }
        expression.call = Some(reader.call()?);
    }
    reader.tokens.next().is_none().then_some(expression)
}

/// Reads the tokens of a hole one after the other.
struct Reader<'a> {
    names: &'a Names,
    text: &'a str,
    tokens: slice::Iter<'a, Token>,
}

impl<'a> Reader<'a> {
    /// The text of the next token if it is one of this kind.
    fn take(&mut self, kind: TokenKind) -> Option<&'a str> {
        let token = self.tokens.as_slice().first().filter(|token| token.kind == kind)?;
        self.tokens.next();
        Some(&self.text[token.span.clone()])
    }

    /// Whether the next token is this sign, which is taken then.
    fn takes_sign(&mut self, sign: &str) -> bool {
        let is_next = |token: &Token| token.kind == TokenKind::Sign && &self.text[token.span.clone()] == sign;
        let found = self.tokens.as_slice().first().is_some_and(is_next);
        if found {
            self.tokens.next();
        }
        found
    }

    /// A name with the fields behind it.
    fn name(&mut self) -> Option<Expression> {
        let name = self.take(TokenKind::Name).filter(|name| !CONSTANTS.contains(name))?;
        let name = self.names.find(name)?;
        let mut fields = Vec::new();
        while self.takes_sign(".") {
            fields.push(self.take(TokenKind::Field)?.to_owned());
        }
        Some(Expression { name, fields, call: None })
    }

    /// The arguments of a call, behind its bracket.
    fn call(&mut self) -> Option<Call> {
        let (mut arguments, mut options) = (Vec::new(), Vec::<(String, Value)>::new());
        loop {
            match self.take(TokenKind::Option) {
                Some(name) if self.takes_sign("=") && options.iter().all(|(known, _)| known != name) => {
                    options.push((name.to_owned(), self.value()?));
                }
                None if options.is_empty() => arguments.push(self.value()?),
                _ => return None,
            }
            if self.takes_sign(")") {
                options.sort_by(|(one, _), (other, _)| one.cmp(other));
                return Some(Call { arguments, options });
            }
            if !self.takes_sign(",") {
                return None;
            }
        }
    }

    fn value(&mut self) -> Option<Value> {
        if let Some(quoted) = self.take(TokenKind::Text) {
            let text = &quoted[1..quoted.len() - 1];
            return (!text.contains('\\')).then(|| text.into());
        }
        match self.take(TokenKind::Switch) {
            Some(switch) => Some(switch.eq_ignore_ascii_case("true").into()),
            None => self.name().map(Value::from_object),
        }
    }
}

/// Words that the engine takes for values of its own.
const CONSTANTS: &[&str] = &["none", "None"];

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use minijinja::{Environment, UndefinedBehavior};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::evaluated;
    use super::*;
    use crate::page::Source;

    fn names() -> Arc<Names> {
        let labels = ["show", "none", "loop", "super", "true_1", "request"];
        let labels = labels.iter().enumerate().map(|(index, label)| ((*label).to_owned(), index)).collect();
        Arc::new(Names { labels, sorted: OnceLock::new() })
    }

    /// What a hole asks for, as it is found to be plain and as the engine has it.
    fn both(inside: &str) -> Option<(Option<String>, Option<String>)> {
        let source = Source::parse("page.md", format!("{{{{ {inside} }}}}")).ok()?;
        let hole = source.holes().next()?;
        let mut env = Environment::empty();
        env.set_undefined_behavior(UndefinedBehavior::Strict);
        let names = names();
        let plain = expression(&names, &source.text, &hole.tokens).map(|found| format!("{found:?}"));
        let value = evaluated(&env, &names, &source.text[hole.inside.clone()]).ok();
        let found = value.and_then(|value| value.downcast_object::<Expression>());
        Some((plain, found.map(|found| format!("{found:?}"))))
    }

    #[test]
    fn nearly_all_holes_are_plain() {
        for inside in [
            "show",
            "show.request.path",
            "title",
            "tabs(show)",
            "heading( show.request )",
            "tabs(show.response, highlight='/file', linenums=true, absent=\"\")",
            "rest(until=show)",
            "page('image/show')",
        ] {
            let (plain, engine) = both(inside).unwrap();
            assert!(plain.is_some() && plain == engine, "{inside}: {plain:?} and {engine:?}");
        }
    }

    proptest! {
        #[test]
        fn plain_holes_are_what_the_engine_makes_of_them(
            tokens in vec(
                prop_oneof![
                    4 => "show|none|None|loop|super|request|title|tabs|lines|var",
                    4 => "[.,()=]",
                    2 => "a=|b=|highlight=",
                    1 => "true|False|0|12|\\[|\\]|self|caller",
                    1 => "\"[a/ \\\\n']{0,3}\"|'[a\"]{0,2}'",
                ],
                1..9,
            ),
            args in vec("(a=|b=|c=)?(show(\\.request)?|true|'x'|\"/a\")", 0..4),
            blank in " ?",
        ) {
            for inside in [tokens.join(&blank), format!("tabs({})", args.join(&format!(",{blank}")))] {
                if let Some((Some(plain), engine)) = both(&inside) {
                    prop_assert_eq!(Some(plain), engine, "{}", inside);
                }
            }
        }
    }
}
