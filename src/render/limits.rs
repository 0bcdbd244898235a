//! What a template of the user's may cost.
//!
//! A clone brings its own templates, and the engine runs what they say: a loop of 10¹⁰ turns, a text
//! that doubles 60 times, an expression so deep that its parser runs out of stack. So such a template is
//! read before the engine sees it, and may hold what lays a page out and no more ([`limited`]); what it
//! computes is weighed ([`limit`]); and what it prints has an end ([`Bounded`]). Each limit is an error
//! of that page. docgen's own templates are known, and are not looked at.
//!
//! The engine has no limit of memory. So each operand that a text or a list grows from (of `~`, `+`, `*`)
//! and each list that is written out gets a filter that weighs it: `a ~ b` is read as
//! `a|weighed ~ b|weighed`, and `a * b` as `a|times(b)`. What this leaves out: how an error is told.

use std::cell::Cell;
use std::io;
use std::ops::Range;

use minijinja::value::{Rest, Value, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State};

use super::view::{BlockView, PageView};

/// How many bytes a template of the user's has at most.
const LARGEST_TEMPLATE: usize = 256 << 10;
/// How deep brackets, fields, calls, filters and operators of one expression may be in each other.
const DEEPEST: usize = 64;
/// How many `elif` a template has at most.
const MOST_ELIFS: usize = 64;
/// How many templates may be in each other by includes.
const MOST_INCLUDES: usize = 24;
/// How many instructions a page takes, and how many more for each of its messages: the default templates
/// take fewer than 200.
const INSTRUCTIONS: u64 = 4_000_000;
const INSTRUCTIONS_A_MESSAGE: u64 = 2_000;
/// How many bytes one value may have, and all that are computed for a page: for each byte of its trace
/// so many more.
const LARGEST_VALUE: usize = 8 << 20;
const VALUES: usize = 64 << 20;
const VALUES_A_BYTE: usize = 4;
/// How many bytes a page may have, and how many more for each byte that it is made from. A page of
/// nothing but a trace has five times its bytes at most.
const LARGEST_PAGE: usize = 64 << 20;
const PAGE_BYTES_A_BYTE: usize = 16;

/// How many bytes a page made from so many may have.
pub(super) fn largest_page(made_from: usize) -> usize {
    LARGEST_PAGE.saturating_add(made_from.saturating_mul(PAGE_BYTES_A_BYTE))
}

/// What is said where the templates take too many instructions, or compute too much.
pub(super) const TOO_MUCH: &str = "the templates compute more for this page than a page can need";

/// What the templates may cost for one page.
#[derive(Debug)]
pub(super) struct Allowance {
    /// How many instructions are left.
    pub(super) instructions: Cell<u64>,
    /// How many bytes each may print.
    pub(super) bytes: usize,
}

impl Allowance {
    /// That of a page of so many messages, made from so many bytes.
    pub(super) fn new(messages: usize, made_from: usize) -> Allowance {
        let instructions = INSTRUCTIONS + INSTRUCTIONS_A_MESSAGE * messages as u64;
        Allowance { instructions: Cell::new(instructions), bytes: largest_page(made_from) }
    }
}

/// A template of the user's, as the engine gets it.
#[derive(Debug)]
pub(super) struct Limited {
    pub(super) text: String,
    /// What of the user's own text was replaced, in order, and by how many bytes.
    edits: Vec<(Range<usize>, usize)>,
}

/// What cannot be in a template, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) message: String,
}

impl Limited {
    /// The place in the user's text of one in this.
    pub(super) fn original(&self, at: usize) -> usize {
        // How many bytes of this text were read so far, and of the user's.
        let (mut made, mut read) = (0, 0);
        for (span, length) in &self.edits {
            let kept = span.start - read;
            if at < made + kept {
                break;
            }
            (made, read) = (made + kept, span.start);
            if at < made + length {
                return read;
            }
            (made, read) = (made + length, span.end);
        }
        read + (at - made)
    }
}

/// Reads a template of the user's.
///
/// # Errors
/// What a template holds that is not allowed, or too much of what is.
pub(super) fn limited(text: &str) -> Result<Limited, Fault> {
    if text.len() > LARGEST_TEMPLATE {
        let message = format!("the template is longer than {} KiB", LARGEST_TEMPLATE >> 10);
        return Err(Fault { span: 0..0, message });
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut elifs = 0;
    let mut balance = 0;
    let mut at = 0;
    while let Some(start) = next_marker(text, at) {
        at = match text.as_bytes()[start + 1] {
            b'#' => text[start + 2..].find("#}").map_or(text.len(), |end| start + 2 + end + 2),
            b'%' if after_basic_tag(text, start, "raw").is_some() => after_raw(text, start),
            kind => {
                let is_block = kind == b'%';
                let (tokens, end) = tokens(text, start, is_block, &mut balance);
                let tokens = if is_block { statement(text, &tokens, &mut elifs)? } else { &tokens };
                depth(text, tokens)?;
                weigh(text, tokens, &mut edits)?;
                end
            }
        };
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut made = String::with_capacity(text.len() + edits.len() * 10);
    let mut copied = 0;
    for (span, edit) in &edits {
        made.push_str(&text[copied..span.start]);
        made.push_str(edit);
        copied = span.end;
    }
    made.push_str(&text[copied..]);
    let edits = edits.into_iter().map(|(span, edit)| (span, edit.len())).collect();
    Ok(Limited { text: made, edits })
}

/// The next `{{`, `{%` or `{#`.
fn next_marker(text: &str, at: usize) -> Option<usize> {
    let found = memchr::memchr_iter(b'{', &text.as_bytes()[at..]).map(|found| at + found);
    let mut found = found.filter(|&found| matches!(text.as_bytes().get(found + 1), Some(b'{' | b'%' | b'#')));
    found.next()
}

/// The end of the tag at `start`, if it holds nothing but a name.
fn after_basic_tag(text: &str, start: usize, name: &str) -> Option<usize> {
    let rest = &text[start + 2..];
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let rest = rest.trim_ascii_start().strip_prefix(name)?.trim_ascii_start();
    let rest = rest.strip_prefix(['-', '+']).unwrap_or(rest).strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

/// The end of what is between `raw`, at `start`, and `endraw`.
fn after_raw(text: &str, start: usize) -> usize {
    let blocks = text[start + 2..].match_indices("{%").map(|(at, _)| start + 2 + at);
    blocks.filter_map(|at| after_basic_tag(text, at, "endraw")).next().unwrap_or(text.len())
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    span: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A name, a word of the language, or a number.
    Word,
    Text,
    Open,
    Close,
    Sign,
}

/// The tokens of the tag at `start`, as the engine reads them, and where it ends. A tag ends where no
/// bracket is open; `balance` counts them over all tags.
fn tokens(text: &str, start: usize, is_block: bool, balance: &mut isize) -> (Vec<Token>, usize) {
    let bytes = text.as_bytes();
    let close: &[u8] = if is_block { b"%}" } else { b"}}" };
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = start + 2;
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let rest = &bytes[at..];
        if *balance == 0 {
            if rest.starts_with(close) {
                return (tokens, at + 2);
            }
            if matches!(byte, b'-' | b'+') && rest[1..].starts_with(close) {
                return (tokens, at + 3);
            }
        }
        let (kind, length) = match byte {
            b'"' | b'\'' => (Kind::Text, text_length(rest)),
            b'(' | b'[' | b'{' => (Kind::Open, 1),
            b')' | b']' | b'}' => (Kind::Close, 1),
            b'0'..=b'9' => (Kind::Word, number_length(rest, at > 0 && bytes[at - 1] == b'.')),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => (Kind::Word, word_length(rest)),
            _ if [&b"//"[..], b"**", b"==", b"!=", b">=", b"<="].iter().any(|op| rest.starts_with(op)) => {
                (Kind::Sign, 2)
            }
            byte if byte.is_ascii() => (Kind::Sign, 1),
            // No character of the language: the engine says so.
            _ => (Kind::Sign, text[at..].chars().next().map_or(1, char::len_utf8)),
        };
        *balance += match kind {
            Kind::Open => 1,
            Kind::Close => -1,
            _ => 0,
        };
        tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    (tokens, text.len())
}

fn word_length(rest: &[u8]) -> usize {
    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

fn number_length(rest: &[u8], is_index: bool) -> usize {
    let mut length = word_length(rest);
    if !is_index && rest.get(length) == Some(&b'.') && rest.get(length + 1).is_some_and(u8::is_ascii_digit) {
        length += 1 + word_length(&rest[length + 1..]);
    }
    let is_decimal = !rest.starts_with(b"0x") && !rest.starts_with(b"0X");
    let has_exponent = is_decimal && matches!(rest[length - 1], b'e' | b'E');
    if has_exponent && matches!(rest.get(length), Some(b'+' | b'-')) {
        length += 1 + word_length(&rest[length + 1..]);
    }
    length
}

/// The length of a text in quotes; of one that is not closed, all that is left.
fn text_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = rest.get(at) {
        match byte {
            b'\\' => at += 2,
            _ if byte == rest[0] => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The statements that lay a page out. What others can do (a macro, a block, a text taken in by `set`, a
/// loop that calls itself) is to compute, without an end that could be seen here.
const STATEMENTS: [&str; 12] =
    ["for", "endfor", "if", "elif", "else", "endif", "set", "with", "endwith", "include", "do", "autoescape"];

/// What of a statement is an expression, after a look at whether templates have such a statement.
fn statement<'t>(text: &str, tokens: &'t [Token], elifs: &mut usize) -> Result<&'t [Token], Fault> {
    let Some(first) = tokens.first() else { return Ok(tokens) };
    let of = |token: &Token| &text[token.span.clone()];
    let fault = |token: &Token, message: String| Err(Fault { span: token.span.clone(), message });
    let word = of(first);
    if !STATEMENTS.contains(&word) && word != "endautoescape" {
        return fault(first, format!("a template has no `{word}`: it lays out, and does not compute"));
    }
    let named = |name: &str| tokens.iter().find(|token| token.kind == Kind::Word && of(token) == name);
    let from = match word {
        "elif" => {
            *elifs += 1;
            if *elifs > MOST_ELIFS {
                return fault(first, format!("a template has at most {MOST_ELIFS} `elif`"));
            }
            1
        }
        "for" => {
            if let Some(recursive) = named("recursive") {
                return fault(recursive, "a loop cannot call itself: a template does not compute".into());
            }
            // What is before `in` is given a value, and has none.
            tokens.iter().position(|token| of(token) == "in").map_or(tokens.len(), |at| at + 1)
        }
        "set" => match tokens.iter().position(|token| of(token) == "=") {
            Some(at) => at + 1,
            None => {
                return fault(first, "`set` names a value: `{% set name = value %}`".into());
            }
        },
        _ => 1,
    };
    Ok(&tokens[from.min(tokens.len())..])
}

/// The words that are operators, or begin an option of a statement.
const OPERATORS: [&str; 10] = ["and", "or", "not", "in", "is", "if", "else", "ignore", "with", "without"];

/// Whether something in an expression is too deep in something else. The parser, and what it makes,
/// goes as deep as brackets, and as operators that follow each other without a comma.
fn depth(text: &str, tokens: &[Token]) -> Result<(), Fault> {
    // How many operators there are in each open bracket, and how much that is together.
    let mut counts = vec![0];
    let mut total = 0;
    for token in tokens {
        let of = &text[token.span.clone()];
        let is_operator = match token.kind {
            Kind::Open => true,
            Kind::Sign => !matches!(of, "," | ":" | "="),
            Kind::Word => OPERATORS.contains(&of),
            Kind::Text | Kind::Close => false,
        };
        match token.kind {
            _ if is_operator => {
                total += 1;
                counts.last_mut().into_iter().for_each(|count| *count += 1);
            }
            Kind::Sign => total -= counts.last_mut().map_or(0, std::mem::take),
            Kind::Close if counts.len() > 1 => total -= counts.pop().unwrap_or(0),
            _ => {}
        }
        if token.kind == Kind::Open {
            counts.push(0);
        }
        if total > DEEPEST {
            let message = format!("this goes more than {DEEPEST} deep");
            return Err(Fault { span: token.span.clone(), message });
        }
    }
    Ok(())
}

/// What is known of an expression between two brackets, up to some token.
#[derive(Default)]
struct Level {
    /// The operand follows an operator whose operands are weighed.
    is_weighed: bool,
    /// The operand follows `*`.
    is_factor: bool,
    /// The operand follows a division, which a `*` behind it would come after.
    is_divisor: bool,
    /// The operand is written out, or in brackets.
    is_written: bool,
    /// The operand is a part of something, by `[from:to]`.
    is_slice: bool,
    /// This is between `[` and `]` behind an operand.
    is_index: bool,
}

const WEIGHED: [&str; 8] = ["~", "+", "==", "!=", "<", ">", "<=", ">="];
const DIVISORS: [&str; 4] = ["/", "//", "%", "**"];

/// Puts the filters into an expression that weigh what could grow.
fn weigh(text: &str, tokens: &[Token], edits: &mut Vec<(Range<usize>, String)>) -> Result<(), Fault> {
    let of = |token: &Token| &text[token.span.clone()];
    let word = |at: Option<usize>| {
        at.and_then(|at| tokens.get(at)).filter(|token| token.kind != Kind::Text).map_or("", of)
    };
    let mut levels = vec![Level::default()];
    let mut after_operand = false;
    for (at, token) in tokens.iter().enumerate() {
        let Some(level) = levels.last_mut() else { break };
        let before = word(at.checked_sub(1));
        let is_operator = OPERATORS.contains(&of(token)) && !matches!(before, "." | "|");
        match token.kind {
            Kind::Open => {
                let is_behind = after_operand && of(token) != "{";
                level.is_written |= !is_behind;
                levels.push(Level { is_index: is_behind && of(token) == "[", ..Level::default() });
                after_operand = false;
                continue;
            }
            Kind::Close => {
                if levels.len() > 1 {
                    levels.pop();
                }
            }
            Kind::Word if is_operator => {
                *level = Level { is_weighed: of(token) == "in", ..Level::default() };
                after_operand = false;
                continue;
            }
            Kind::Sign => {
                match of(token) {
                    "." | "|" => {}
                    // At the beginning it is for the values of a list to be arguments.
                    "*" => level.is_factor = after_operand,
                    "-" if !after_operand => {}
                    ":" if level.is_index => {
                        let is_index = true;
                        *level = Level { is_index, ..Level::default() };
                        let outer = levels.len().checked_sub(2).and_then(|outer| levels.get_mut(outer));
                        outer.into_iter().for_each(|outer| outer.is_slice = true);
                    }
                    sign => {
                        *level = Level {
                            is_weighed: WEIGHED.contains(&sign),
                            is_divisor: DIVISORS.contains(&sign),
                            is_index: level.is_index,
                            ..Level::default()
                        };
                    }
                }
                after_operand = false;
                continue;
            }
            Kind::Word | Kind::Text => {}
        }
        after_operand = true;
        let next = tokens.get(at + 1);
        let following = word(Some(at + 1));
        let is_test = before == "is" || before == "not" && word(at.checked_sub(2)) == "is";
        let has_argument = is_test && token.kind == Kind::Word && !OPERATORS.contains(&following);
        let goes_on = next.is_some_and(|next| match next.kind {
            Kind::Sign => matches!(following, "." | "|"),
            Kind::Open => following != "{" || has_argument,
            Kind::Text => token.kind == Kind::Text || has_argument,
            Kind::Word => has_argument,
            Kind::Close => false,
        });
        let Some(level) = levels.last_mut() else { break };
        if goes_on {
            continue;
        }
        let end = token.span.end..token.span.end;
        let fault = |message: &str| Err(Fault { span: token.span.clone(), message: message.into() });
        if std::mem::take(&mut level.is_factor) {
            if following == "**" {
                return fault("`**` behind `*` needs brackets");
            }
            edits.push((end.clone(), ")".into()));
        }
        match next {
            Some(times) if following == "*" => {
                if level.is_divisor {
                    return fault("`*` behind a division needs brackets");
                }
                edits.push((times.span.clone(), "|times(".into()));
                continue;
            }
            // What is given a value has none yet.
            Some(_) if following == "=" => {}
            _ if level.is_slice => edits.push((end, "|sliced".into())),
            _ if level.is_weighed
                || level.is_written
                || following == "is"
                || following == "in"
                || WEIGHED.contains(&following) =>
            {
                edits.push((end, "|weighed".into()));
            }
            _ => {}
        }
        if following != "is" {
            (level.is_weighed, level.is_written, level.is_slice) = (false, false, false);
        }
    }
    Ok(())
}

/// What may still be computed for a page, in bytes.
struct BytesLeft(usize);

/// Has an environment keep the limits for templates of the user's.
pub(super) fn limit(env: &mut Environment<'_>) {
    env.set_recursion_limit(MOST_INCLUDES * 10);
    for name in ["namespace", "dict", "debug"] {
        env.remove_global(name);
    }
    for name in ["format", "pprint"] {
        env.remove_filter(name);
    }
    env.add_filter("weighed", |state: &mut State<'_, '_>, value: Value| {
        charge(state, weight(&value)?)?;
        Ok::<_, Error>(value)
    });
    env.add_filter("sliced", |state: &mut State<'_, '_>, value: Value| {
        // How much was passed over to get there is not known.
        charge(state, weight(&value)?.saturating_add(SLICE))?;
        Ok::<_, Error>(value)
    });
    env.add_filter("times", times);
    use minijinja::filters as of;
    let filters = [
        ("batch", Value::from_function(of::batch)),
        ("capitalize", Value::from_function(of::capitalize)),
        ("chain", Value::from_function(of::chain)),
        ("dictsort", Value::from_function(of::dictsort)),
        ("escape", Value::from_function(of::escape)),
        ("e", Value::from_function(of::escape)),
        ("groupby", Value::from_function(of::groupby)),
        ("items", Value::from_function(of::items)),
        ("join", Value::from_function(of::join)),
        ("lines", Value::from_function(of::lines)),
        ("list", Value::from_function(of::list)),
        ("lower", Value::from_function(of::lower)),
        ("map", Value::from_function(of::map)),
        ("max", Value::from_function(of::max)),
        ("min", Value::from_function(of::min)),
        ("reject", Value::from_function(of::reject)),
        ("rejectattr", Value::from_function(of::rejectattr)),
        ("replace", Value::from_function(of::replace)),
        ("reverse", Value::from_function(of::reverse)),
        ("select", Value::from_function(of::select)),
        ("selectattr", Value::from_function(of::selectattr)),
        ("slice", Value::from_function(of::slice)),
        ("sort", Value::from_function(of::sort)),
        ("split", Value::from_function(of::split)),
        ("string", Value::from_function(of::string)),
        ("sum", Value::from_function(of::sum)),
        ("title", Value::from_function(of::title)),
        ("trim", Value::from_function(of::trim)),
        ("unique", Value::from_function(of::unique)),
        ("upper", Value::from_function(of::upper)),
        ("zip", Value::from_function(of::zip)),
    ];
    for (name, filter) in filters {
        env.add_filter(name, move |state: &mut State<'_, '_>, arguments: Rest<ValueOrKwargs>| {
            let arguments = arguments.into_values();
            let mut size = made(name, &arguments)?;
            for argument in arguments.iter() {
                size = size.saturating_add(weight(argument)?);
            }
            charge(state, size)?;
            filter.call(state, &arguments)
        });
    }
}

/// What a slice costs besides its own bytes.
const SLICE: usize = 2 << 10;

/// How many bytes a filter adds to those of its arguments.
fn made(filter: &str, arguments: &[Value]) -> Result<usize, Error> {
    let text = |at: usize| arguments.get(at).and_then(Value::as_str).unwrap_or_default();
    let made = match filter {
        "replace" => {
            let whole = arguments.first().map(Value::to_string).unwrap_or_default();
            let times = whole.matches(text(1)).count();
            times.saturating_mul(text(2).len())
        }
        "join" => {
            let parts = arguments.first().and_then(Value::len).unwrap_or_default();
            parts.saturating_mul(text(1).len())
        }
        "batch" | "slice" => {
            let parts = arguments.get(1).and_then(Value::as_usize).unwrap_or_default();
            parts.saturating_mul(size_of::<Value>())
        }
        _ => 0,
    };
    if made > LARGEST_VALUE { Err(too_large()) } else { Ok(made) }
}

/// `a * b`, of numbers, or of a text or list and a number.
fn times(state: &mut State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
    let is_list = |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    let repeats = |value: &Value| value.as_str().is_some() || is_list(value);
    let (repeated, count) = match (repeats(&left), repeats(&right)) {
        (true, _) => (&left, &right),
        (false, true) => (&right, &left),
        (false, false) => {
            if let (Ok(left), Ok(right)) = (i64::try_from(left.clone()), i64::try_from(right.clone())) {
                let product = left.checked_mul(right);
                return product.map(Value::from).ok_or_else(|| invalid("this product is too large"));
            }
            let factor =
                |value: Value| f64::try_from(value).map_err(|_| invalid("only numbers are multiplied"));
            return Ok(Value::from(factor(left)? * factor(right)?));
        }
    };
    let count = count.as_usize().ok_or_else(|| invalid("what is repeated is repeated by a whole number"))?;
    let one = repeated.as_str().map_or_else(|| weight(repeated), |text| Ok(text.len()))?;
    let size = one.saturating_mul(count);
    if size > LARGEST_VALUE {
        return Err(too_large());
    }
    charge(state, size)?;
    match repeated.as_str() {
        Some(text) => Ok(Value::from(text.repeat(count))),
        None => {
            let values: Vec<Value> = repeated.try_iter()?.collect();
            Ok(std::iter::repeat_n(values, count).flatten().collect())
        }
    }
}

/// Takes so many bytes from what may still be computed for the page.
fn charge(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    let left = match state.get_extension::<BytesLeft>() {
        Some(left) => left.0,
        None => {
            let page = state.lookup("page");
            let page = page.as_ref().and_then(|page| page.downcast_object_ref::<PageView>());
            let log = page.map_or(0, |page| page.0.log.text().len());
            VALUES.saturating_add(log.saturating_mul(VALUES_A_BYTE))
        }
    };
    let left = left.checked_sub(bytes).ok_or_else(|| invalid(TOO_MUCH))?;
    state.get_or_insert_extension(BytesLeft(left)).0 = left;
    Ok(())
}

/// How many bytes a value has, with all that is in it, however often it is the same.
fn weight(value: &Value) -> Result<usize, Error> {
    let mut left = LARGEST_VALUE;
    weigh_value(value, &mut left, 0)?;
    Ok(LARGEST_VALUE - left)
}

fn weigh_value(value: &Value, left: &mut usize, depth: usize) -> Result<(), Error> {
    if depth > DEEPEST {
        return Err(invalid(&format!("this value goes more than {DEEPEST} deep")));
    }
    let own = match (value.as_str(), value.downcast_object_ref::<BlockView>()) {
        (Some(text), _) => text.len(),
        (None, Some(block)) => block.0.text().len(),
        (None, None) => 0,
    };
    *left = left.checked_sub(own + size_of::<Value>()).ok_or_else(too_large)?;
    let is_map = value.kind() == ValueKind::Map;
    if !is_map && !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        return Ok(());
    }
    // A page and what is on it do not tell what they hold.
    let Ok(inner) = value.try_iter() else { return Ok(()) };
    for inner in inner {
        if is_map && let Ok(of_key) = value.get_item(&inner) {
            weigh_value(&of_key, left, depth + 1)?;
        }
        weigh_value(&inner, left, depth + 1)?;
    }
    Ok(())
}

fn too_large() -> Error {
    invalid(&format!("this value is larger than {} MiB", LARGEST_VALUE >> 20))
}

fn invalid(message: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.to_owned())
}

/// A writer that takes so many bytes and no more.
pub(super) struct Bounded<W> {
    to: W,
    left: usize,
    most: usize,
}

impl<W: io::Write> Bounded<W> {
    pub(super) fn new(to: W, most: usize) -> Bounded<W> {
        Bounded { to, left: most, most }
    }
}

impl<W: io::Write> io::Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or_else(|| {
            io::Error::other(format!("the page is longer than {} MiB here", self.most >> 20))
        })?;
        self.to.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> String {
        limited(text).unwrap().text
    }

    fn env() -> Environment<'static> {
        let mut env = Environment::new();
        limit(&mut env);
        env.set_fuel(Some(200_000));
        env
    }

    #[test]
    fn what_can_grow_is_weighed() {
        for (text, expected) in [
            (
                "{{ a }} {{ a.b|upper }} {{ a[1] }} {{ f(a, b=c) }}",
                "{{ a }} {{ a.b|upper }} {{ a[1] }} {{ f(a, b=c) }}",
            ),
            ("{{ a ~ b.c|d(1) ~ 'x' }}", "{{ a|weighed ~ b.c|d(1)|weighed ~ 'x'|weighed }}"),
            ("{{ (a ~ -b)|upper }}", "{{ (a|weighed ~ -b|weighed)|upper|weighed }}"),
            ("{{ '  ' * item.depth }}", "{{ '  ' |times( item.depth) }}"),
            ("{{ a * b * c + 1 }}", "{{ a |times( b) |times( c)|weighed + 1|weighed }}"),
            ("{{ x ~ 2 * (n + 1) }}", "{{ x|weighed ~ 2 |times( (n|weighed + 1|weighed))|weighed }}"),
            ("{% set a = [a, a] %}", "{% set a = [a, a]|weighed %}"),
            ("{% set a, b = {'x': 1}, (1, 2) %}", "{% set a, b = {'x': 1}|weighed, (1, 2)|weighed %}"),
            ("{% for (a, b) in c if a == b %}", "{% for (a, b) in c if a|weighed == b|weighed %}"),
            (
                "{% if a is defined and b is eq 'x' or c in d %}",
                "{% if a|weighed is defined and b|weighed is eq 'x' or c|weighed in d|weighed %}",
            ),
            ("{{ a[1:2] }} {{ f(*a, **b) }}", "{{ a[1:2]|sliced }} {{ f(*a, **b) }}"),
            ("{{ '}}' ~ \"{{\" }}{# {{ a ~ b #}", "{{ '}}'|weighed ~ \"{{\"|weighed }}{# {{ a ~ b #}"),
            (
                "{% raw %}{{ a ~ \" }}{% endraw %}{{ b ~ c }}",
                "{% raw %}{{ a ~ \" }}{% endraw %}{{ b|weighed ~ c|weighed }}",
            ),
            ("{{ 1.5e+3 - 2 }} {{ a if b else c }}", "{{ 1.5e+3 - 2 }} {{ a if b else c }}"),
            (
                "{% include 'x' ~ a ~ '.md' ignore missing %}",
                "{% include 'x'|weighed ~ a|weighed ~ '.md'|weighed ignore missing %}",
            ),
        ] {
            assert_eq!(read(text), expected);
        }
    }

    #[test]
    fn a_place_is_told_in_the_text_of_the_user() {
        let text = "{{ a ~ b }} {{ '-' * n }} {{ c.d }}";
        let limited = limited(text).unwrap();
        for part in ["a ", "b }}", "'-'", "n }}", "c.d"] {
            let made = limited.text.find(part.trim_end_matches(" }}").trim()).unwrap();
            let part = part.trim_end_matches(" }}").trim();
            assert_eq!(limited.original(made), text.find(part).unwrap(), "{part}");
        }
    }

    #[test]
    fn what_a_template_cannot_hold_has_its_place() {
        let many = |text: &str| text.repeat(100_000);
        for (text, place, message) in [
            ("x{% macro a() %}".to_owned(), 4, "no `macro`"),
            ("{% set a %}x{% endset %}".to_owned(), 3, "`set` names a value"),
            ("{% for a in b recursive %}".to_owned(), 14, "cannot call itself"),
            ("{{ 1 / 2 * 3 }}".to_owned(), 7, "needs brackets"),
            (format!("{{{{ a{} }}}}", many(".a")), 132, "more than 64 deep"),
            (format!("{{{{ {}1 }}}}", many("-")), 67, "more than 64 deep"),
            (format!("{{{{ {}1 }}}}", many("not ")), 259, "more than 64 deep"),
            (format!("{{{{ {} }}}}", many("[")), 67, "more than 64 deep"),
            (format!("{{{{ a{} }}}}", many("(a)")), 196, "more than 64 deep"),
            (format!("{{% if a %}}{}", "{% elif a %}".repeat(65)), 781, "at most 64 `elif`"),
        ] {
            let text = &text[..text.len().min(LARGEST_TEMPLATE)];
            let fault = limited(text).unwrap_err();
            assert!(fault.message.contains(message), "{}", fault.message);
            assert_eq!(fault.span.start, place, "{message}");
        }
        assert!(limited(&"x".repeat(LARGEST_TEMPLATE + 1)).is_err());
        assert!(limited(&format!("{{{{ [{}] }}}}", "a.b, ".repeat(10_000))).is_ok());
    }

    #[test]
    fn whatever_doubles_ends() {
        let sixty = |text: &str| text.repeat(60);
        for text in [
            format!("{{% set a = 'xx' %}}{}{{{{ a }}}}", sixty("{% set a = a ~ a %}")),
            format!("{{% set a = 'xx' %}}{}{{{{ a }}}}", sixty("{% set a = a + a %}")),
            format!("{{% set a = 'xx' %}}{}{{{{ a }}}}", sixty("{% set a = a * 4 %}")),
            format!("{{% set a = [1] %}}{}{{{{ a }}}}", sixty("{% set a = [a, a] %}")),
            format!("{{% set a = [1] %}}{}{{{{ a }}}}", sixty("{% set a = a + a %}")),
            format!("{{% set a = [1] %}}{}{{{{ a }}}}", sixty("{% set a = a|zip(a)|list %}")),
            format!("{{% set a = 'xx' %}}{}{{{{ a }}}}", sixty("{% set a = a|replace('x', 'xx') %}")),
            format!("{{% set a = 'xx' %}}{}{{{{ a }}}}", sixty("{% set a = [a, a]|join(a) %}")),
            format!("{{% set a = {{}} %}}{}{{{{ a }}}}", sixty("{% set a = {1: a, 2: a} %}")),
            format!("{{% set a = [1] %}}{}{{{{ a == 1 }}}}", "{% set a = [a] %}".repeat(70)),
            "{{ 'x' * 1000000000000 }}".into(),
            "{{ [1] * 1000000000000 }}".into(),
            "{{ 1000000 * 'xxxxxxxxxx' }}".into(),
            "{{ range(100000)|slice(100000000000)|list }}".into(),
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}".into(),
            "{{ '%1000000000000d'|format(1) }}".into(),
            "{% set a = namespace() %}".into(),
        ] {
            let limited = limited(&text).unwrap();
            let env = env();
            let made = env.template_from_str(&limited.text).and_then(|template| template.render(context!()));
            assert!(made.is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_computed_stays_the_same() {
        let names =
            context!(a => "x", n => 3, l => vec![1, 2], m => std::collections::BTreeMap::from([("k", 1)]));
        for text in [
            "{{ a ~ n ~ '-' }} {{ n + 1 }} {{ 2 * n + 1 }} {{ '-' * n }} {{ n * '-' }} {{ [0] * 2 }} {{ 1.5 * 2 }}",
            "{% for i in l + [3] if i != 2 %}{{ i }}{% else %}none{% endfor %} {{ l[0:1] }} {{ a[::-1] }}",
            "{{ 'y' if n > 2 and not a is eq 'y' else 'n' }} {{ (a ~ a)|upper|replace('X', 'z') }} {{ l|join(', ') }}",
            "{{ m.k }} {{ {'a': [1, 2]}['a'][1] }} {{ 'k' in m }} {{ -n + 2 }} {{ n ** 2 }} {{ (1, 2)|length }}",
            "{% with x = n * 2 %}{{ x }}{% endwith %}{% set b = l|map('string')|join %}{{ b }} {{ l|sum }}",
            "{{ [{'k': 2}, {'k': 1}]|sort(attribute='k')|map(attribute='k')|join(', ') }} {{ l|sort(reverse=true) }}",
        ] {
            let plain = Environment::new().render_str(text, names.clone()).unwrap();
            assert_eq!(env().render_str(&read(text), names.clone()).unwrap(), plain, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_of_any_template_runs_on(parts in proptest::collection::vec(prop_oneof![
            Just("{{ "), Just(" }}"), Just("{% "), Just(" %}"), Just("{#"), Just("#}"), Just("if "), Just("for "), Just("a "),
            Just("in "), Just("set "), Just("= "), Just("~ "), Just("+ "), Just("* "), Just("- "), Just("is "), Just("not "),
            Just("("), Just(")"), Just("["), Just("]"), Just("{"), Just("}"), Just("|upper"), Just("'"), Just("\""), Just("\\"),
            Just("1"), Just("."), Just(","), Just(":"), Just("raw"), Just("endraw"), Just("{% raw %}"), Just("{% endraw %}"),
            Just("가"), Just("\n"), Just("range(9) "), Just("a ~ a "), Just("{% endfor %}"), Just("{% endif %}"),
        ], 0..40)) {
            let text = parts.concat();
            if let Ok(limited) = limited(&text) {
                for at in 0..=limited.text.len() {
                    prop_assert!(limited.original(at) <= text.len());
                }
                let made = env().render_str(&limited.text, context!(a => "x"));
                prop_assert!(made.is_err() || made.unwrap().len() < 1 << 20);
            }
        }
    }
}
