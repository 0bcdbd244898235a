//! A page source: Markdown with holes, taken apart and not yet filled.
//!
//! Only `{{ … }}` is special, and `\{{` for two braces; `{%`, `{#` and all else
//! are text that is copied byte for byte. The holes are found here, and not by a
//! template engine, so that a message about one has its exact place and so that
//! nothing captured is ever read as a hole. What this leaves out: what the names
//! in a hole mean, which `render::holes` knows.
//!
//! `docgen update` puts a section whose exchange is gone between two marks, each
//! alone on its line; what is between them is kept here and left out of the page:
//!
//! ```text
//! <!-- docgen: gone show -->
//! <!-- docgen: end -->
//! ```

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memchr::memmem;

use super::context::{Context, Fence, contexts};
use crate::error::{Error, ErrorKind, Place, TextIndex};

/// How the line begins that opens a section whose exchange is gone; labels follow.
pub const GONE: &str = "<!-- docgen: gone ";
/// The name of a source that is nothing but lines of a diagram.
const DIAGRAM: &str = "diagram.md";
/// The line that ends such a section.
pub const GONE_END: &str = "<!-- docgen: end -->";

/// A page source, taken apart.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Its content.
    pub text: String,
    /// Its parts, in order; together they cover the whole text.
    pub parts: Vec<Part>,
    index: Arc<TextIndex>,
}

/// A part of a page source. Ranges are of bytes of its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text that is copied as it is.
    Text(Range<usize>),
    /// `\{{`, which prints two braces.
    Braces(Range<usize>),
    /// A hole.
    Hole(Hole),
    /// A section whose exchange is gone, marks included.
    Gone {
        /// Where it is.
        span: Range<usize>,
        /// The labels that the mark names.
        labels: Vec<String>,
    },
}

impl Part {
    fn span(&self) -> &Range<usize> {
        match self {
            Part::Text(span) | Part::Braces(span) | Part::Gone { span, .. } => span,
            Part::Hole(hole) => &hole.span,
        }
    }
}

/// A hole: `{{ … }}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    /// Where it is, braces included.
    pub span: Range<usize>,
    /// What is between the braces, without the blanks around it.
    pub inside: Range<usize>,
    /// The blanks before it, where it is alone on its line.
    pub indent: Option<Range<usize>>,
    /// The words and signs inside.
    pub tokens: Vec<Token>,
    /// What a site makes of text in this place.
    pub context: Context,
    /// Whether text in this place may be a link.
    pub takes_link: bool,
}

impl Hole {
    /// Whether it is alone on its line, where Markdown is read.
    pub fn is_block(&self) -> bool {
        self.indent.is_some() && self.context == Context::Prose
    }
}

/// A word or sign inside a hole.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Where it is.
    pub span: Range<usize>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name that has to be known: `show` in `show.request`.
    Name,
    /// A name after a dot.
    Field,
    /// The name of an option: `highlight` in `highlight="/a"`.
    Option,
    /// A text in quotes.
    Text,
    /// `true` or `false`.
    Switch,
    /// A number.
    Number,
    /// A bracket, comma, dot or equals sign.
    Sign,
}

impl Source {
    /// Takes `text`, the content of `file`, apart.
    ///
    /// # Errors
    /// [`ErrorKind::Hole`] with its place, for every hole that is not closed or holds what no
    /// hole can, and every mark without its end.
    pub fn parse(file: impl Into<PathBuf>, text: impl Into<String>) -> Result<Source, Vec<Error>> {
        let text = text.into();
        let index = TextIndex::of(&text).into();
        let mut source = Source { file: file.into(), text, parts: Vec::new(), index };
        let mut finder = Finder {
            file: &source.file,
            text: &source.text,
            index: &source.index,
            pair: memmem::Finder::new("{{"),
            braces: None,
            marks: None,
            ends: None,
            parts: Vec::new(),
            errors: Vec::new(),
            untold: 0,
        };
        finder.run();
        let Finder { parts, mut errors, untold, .. } = finder;
        errors.extend(more_of_these(&source.file, untold));
        if !errors.is_empty() {
            return Err(errors);
        }
        source.parts = parts;
        source.find_contexts();
        Ok(source)
    }

    fn find_contexts(&mut self) {
        let holes: Vec<Range<usize>> = self.holes().map(|hole| hole.span.clone()).collect();
        let gone: Vec<Range<usize>> = self.gone().map(|(span, _)| span.clone()).collect();
        // A source of a diagram alone is what a page includes into the fence of one.
        let is_diagram = self.file.file_name().is_some_and(|name| name == DIAGRAM);
        let mut found = match is_diagram {
            true => {
                let fence = Context::Fence(Fence { mark: '`', length: 3, is_mermaid: true });
                vec![(fence, false); holes.len()]
            }
            false => contexts(&self.text, &holes, &gone),
        }
        .into_iter();
        for part in &mut self.parts {
            if let Part::Hole(hole) = part
                && let Some((context, takes_link)) = found.next()
            {
                hole.context = context;
                hole.takes_link = takes_link;
            }
        }
    }

    /// The holes that are filled, in order.
    pub fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            _ => None,
        })
    }

    /// The words and texts by which its holes may name an exchange.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.holes().flat_map(|hole| &hole.tokens).filter_map(|token| {
            let text = &self.text[token.span.clone()];
            match token.kind {
                TokenKind::Name => Some(text.to_owned()),
                TokenKind::Text => {
                    let inner = &text[1..text.len() - 1];
                    let side = [".request", ".response"].iter().find_map(|side| inner.strip_suffix(side));
                    Some(side.unwrap_or(inner).trim_end().to_owned())
                }
                _ => None,
            }
        })
    }

    /// The sections whose exchange is gone: where they are, and the labels that their marks name.
    pub fn gone(&self) -> impl Iterator<Item = (&Range<usize>, &[String])> {
        self.parts.iter().filter_map(|part| match part {
            Part::Gone { span, labels } => Some((span, labels.as_slice())),
            _ => None,
        })
    }

    /// Whether a byte of the text is part of a section whose exchange is gone.
    pub fn is_gone(&self, at: usize) -> bool {
        let part = self.parts.partition_point(|part| part.span().end <= at);
        matches!(self.parts.get(part), Some(Part::Gone { .. }))
    }

    /// The anchor of the heading right above a hole: `## Steps { #steps }`.
    pub fn anchor_above(&self, hole: &Hole) -> Option<&str> {
        let heading = self.text[..hole.span.start].trim_end().lines().next_back()?;
        let is_heading = heading.trim_start_matches([' ', '\t', '>']).starts_with('#');
        let (_, attributes) = heading.strip_suffix('}').filter(|_| is_heading)?.rsplit_once('{')?;
        let anchor = attributes.split_whitespace().next()?.strip_prefix('#')?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (!anchor.is_empty() && anchor.bytes().all(is_plain)).then_some(anchor)
    }

    /// The place of a range of the text.
    pub fn place(&self, span: &Range<usize>) -> Place {
        self.index.place(&self.file, &self.text, span.start, span.end)
    }
}

/// How many errors of one page source are told: of more, nobody reads each, and they mostly have one cause.
pub const MOST_TOLD: usize = 100;

/// What to say in place of so many errors of a page source.
pub fn more_of_these(file: &Path, count: usize) -> Option<Error> {
    let these = if count == 1 { "is 1 more error".to_owned() } else { format!("are {count} more errors") };
    let error = Error::new(ErrorKind::Hole, format!("there {these} in this page source"));
    (count > 0).then(|| error.at(Place::file(file)).hint("mend the first ones, and run docgen again"))
}

/// `text` with every `{{` escaped, so that a page source prints it as it is.
pub fn escaped(text: &str) -> String {
    text.replace("{{", "\\{{")
}

/// Where sections begin whose exchange is gone: each mark is alone on its line.
fn marks(text: &str) -> Vec<usize> {
    let begins = |mark: usize| mark == 0 || text.as_bytes()[mark - 1] == b'\n';
    let ends = |mark: usize| text[line(text, mark)].trim_end().ends_with("-->");
    let found = memmem::find_iter(text.as_bytes(), GONE);
    found.filter(|&mark| begins(mark) && ends(mark)).collect()
}

/// The line around `at`, without its end.
fn line(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    start..end
}

struct Finder<'a> {
    file: &'a Path,
    text: &'a str,
    index: &'a TextIndex,
    pair: memmem::Finder<'static>,
    /// The first two braces at or behind some place before them; `Some(None)` where there are no more.
    braces: Option<Option<usize>>,
    /// Where sections begin whose exchange is gone, once one is looked for.
    marks: Option<Vec<usize>>,
    /// The lines that end them, likewise.
    ends: Option<Vec<Range<usize>>>,
    parts: Vec<Part>,
    /// The first [`MOST_TOLD`].
    errors: Vec<Error>,
    /// How many there are beyond those.
    untold: usize,
}

impl<'a> Finder<'a> {
    fn run(&mut self) {
        // What begins at `copied` is text until something special is found.
        let (mut copied, mut at) = (0, 0);
        while let Some(found) = self.next_special(at) {
            let end = match found {
                Special::Braces(start) if start > copied && self.text.as_bytes()[start - 1] == b'\\' => {
                    self.copy(copied..start - 1);
                    self.parts.push(Part::Braces(start - 1..start + 2));
                    start + 2
                }
                Special::Braces(start) => match self.hole(start) {
                    // What is wrong with a word of prose is that it is in a hole at all.
                    Err(_) if !self.is_closed(start) => {
                        self.tell(|finder| finder.unclosed(start));
                        at = start + 2;
                        continue;
                    }
                    Ok(hole) => {
                        let end = hole.span.end;
                        self.copy(copied..start);
                        self.parts.push(Part::Hole(hole));
                        end
                    }
                    Err(error) => {
                        self.tell(|_| error);
                        at = start + 2;
                        continue;
                    }
                },
                Special::Mark(start) => match self.gone(start) {
                    Ok((end, labels)) => {
                        self.copy(copied..start);
                        self.parts.push(Part::Gone { span: start..end, labels });
                        end
                    }
                    Err(error) => {
                        self.tell(|_| error);
                        at = start + GONE.len();
                        continue;
                    }
                },
            };
            (copied, at) = (end, end);
        }
        self.copy(copied..self.text.len());
    }

    fn tell(&mut self, error: impl FnOnce(&Self) -> Error) {
        if self.errors.len() < MOST_TOLD {
            self.errors.push(error(self));
        } else {
            self.untold += 1;
        }
    }

    fn copy(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.parts.push(Part::Text(range));
        }
    }

    fn next_special(&mut self, at: usize) -> Option<Special> {
        let braces = match self.braces {
            Some(known) if known.is_none_or(|known| at <= known) => known,
            _ => self.pair.find(&self.text.as_bytes()[at..]).map(|found| at + found),
        };
        self.braces = Some(braces);
        let marks = self.marks.get_or_insert_with(|| marks(self.text));
        let mark = marks.get(marks.partition_point(|mark| *mark < at)).copied();
        // Braces in front of its labels come first.
        let mark = mark.filter(|mark| braces.is_none_or(|braces| mark + GONE.len() <= braces));
        mark.map(Special::Mark).or(braces.map(Special::Braces))
    }

    /// The end of the section whose mark begins at `start`, and the labels that it names.
    fn gone(&mut self, start: usize) -> Result<(usize, Vec<String>), Error> {
        let line = line(self.text, start);
        let names = self.text[line.start + GONE.len()..line.end].trim_end().trim_end_matches("-->");
        let labels = names
            .split([',', ' '])
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        let text = self.text;
        let ends = self.ends.get_or_insert_with(|| {
            let lines = text.split_inclusive('\n').scan(0, |at, line| {
                *at += line.len();
                Some((*at - line.len()..*at, line.trim_end()))
            });
            lines.filter(|(_, line)| *line == GONE_END).map(|(span, _)| span).collect()
        });
        if let Some(end) = ends.get(ends.partition_point(|end| end.start <= start)) {
            return Ok((end.end, labels));
        }
        Err(self
            .error(line, "this mark has no end")
            .hint(format!("end the section with the line `{GONE_END}`")))
    }

    fn hole(&self, start: usize) -> Result<Hole, Error> {
        let bytes = self.text.as_bytes();
        let mut tokens: Vec<Token> = Vec::with_capacity(8);
        // How many fields and brackets there are in each open bracket since the last comma, and together.
        let mut counts: Vec<usize> = vec![0];
        let mut depth = 0;
        let mut at = start + 2;
        loop {
            let rest = &bytes[at..];
            let Some(&byte) = rest.first() else { return Err(self.unclosed(start)) };
            let end = match byte {
                b'}' if rest.starts_with(b"}}") => break,
                // A hole may be broken over lines, but not over paragraphs.
                b'\n' if blank_line_follows(&rest[1..]) => return Err(self.unclosed(start)),
                b'{' if rest.starts_with(b"{{") => return Err(self.unclosed(start)),
                b' ' | b'\t' | b'\r' | b'\n' => {
                    at += 1;
                    continue;
                }
                b'"' | b'\'' => self.quoted(at)?,
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                    at + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
                }
                b'0'..=b'9' => at + rest.iter().take_while(|b| b.is_ascii_digit()).count(),
                b'.' | b',' | b'(' | b')' | b'[' | b']' | b'=' if !rest.starts_with(b"==") => at + 1,
                _ => {
                    let character = self.text[at..].chars().next().map_or(1, char::len_utf8);
                    let span = at..at + character;
                    let message = format!("`{}` has no meaning in a hole", &self.text[span.clone()]);
                    return Err(self.error(span, message).hint(
                        "a hole holds a name, `name.field` or `name(…)`; for two braces of your own write `\\{{`",
                    ));
                }
            };
            match byte {
                b'.' | b'(' | b'[' => {
                    depth += 1;
                    counts.last_mut().into_iter().for_each(|count| *count += 1);
                    if byte != b'.' {
                        counts.push(0);
                    }
                }
                b')' | b']' if counts.len() > 1 => depth -= counts.pop().unwrap_or(0),
                b',' => depth -= counts.last_mut().map_or(0, std::mem::take),
                _ => {}
            }
            if depth > DEEPEST {
                return Err(self
                    .error(at..end, format!("this hole goes more than {DEEPEST} deep"))
                    .hint("a hole holds a name, `name.field` or `name(…)`"));
            }
            let kind = self.kind(&tokens, at..end)?;
            if kind == TokenKind::Sign
                && byte == b'='
                && let Some(name) = tokens.last_mut().filter(|token| token.kind == TokenKind::Name)
            {
                name.kind = TokenKind::Option;
            }
            tokens.push(Token { kind, span: at..end });
            at = end;
        }
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
            return Err(self
                .error(start..at + 2, "this hole is empty")
                .hint("for two braces of your own write `\\{{`"));
        };
        let span = start..at + 2;
        // No more of the line is read than blanks: a long line may hold many holes.
        let (before, after) = (&self.text.as_bytes()[..start], &self.text.as_bytes()[span.end..]);
        let line_start = start - before.iter().rev().take_while(|&&byte| is_blank(byte)).count();
        let after = &after[after.iter().take_while(|&&byte| is_blank(byte)).count()..];
        let begins = line_start == 0 || before[line_start - 1] == b'\n';
        let ends = matches!(after, [] | [b'\n', ..] | [b'\r', b'\n', ..] | [b'\r']);
        let alone = begins && ends;
        Ok(Hole {
            inside: first.span.start..last.span.end,
            indent: alone.then_some(line_start..start),
            span,
            tokens,
            context: Context::Prose,
            takes_link: false,
        })
    }

    /// Whether braces close the hole that begins at `start`, before another or the paragraph's end.
    fn is_closed(&self, start: usize) -> bool {
        let rest = &self.text[start + 2..];
        // No more is read than up to the next: there may be many that nothing closes.
        let rest = &rest[..rest.find("{{").unwrap_or(rest.len())];
        rest.find("}}").is_some_and(|end| {
            !rest[..end].match_indices('\n').any(|(at, _)| blank_line_follows(&rest.as_bytes()[at + 1..]))
        })
    }

    fn kind(&self, before: &[Token], span: Range<usize>) -> Result<TokenKind, Error> {
        let text = &self.text[span.clone()];
        Ok(match text.as_bytes()[0] {
            b'"' | b'\'' => TokenKind::Text,
            b'0'..=b'9' => TokenKind::Number,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => match text {
                _ if before.last().is_some_and(|token| &self.text[token.span.clone()] == ".") => {
                    TokenKind::Field
                }
                "true" | "false" | "True" | "False" => TokenKind::Switch,
                "if" | "else" | "is" | "not" | "and" | "or" | "in" | "for" => {
                    return Err(self
                        .error(span, format!("`{text}` has no meaning in a hole: prose holds no logic"))
                        .hint("write two page sources, or say it in words"));
                }
                _ => TokenKind::Name,
            },
            _ => TokenKind::Sign,
        })
    }

    /// The end of the quoted text that begins at `start`.
    fn quoted(&self, start: usize) -> Result<usize, Error> {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                Some(&byte) if byte == bytes[start] => return Ok(at + 1),
                Some(b'\\') => at += 2,
                Some(b'\n') | None => {
                    let line = line(self.text, start);
                    return Err(self.error(start..line.end, "this quote is not closed on its line"));
                }
                Some(_) => at += 1,
            }
        }
    }

    fn unclosed(&self, start: usize) -> Error {
        self.error(start..start + 2, "this hole is not closed")
            .hint("close it with `}}`; for two braces of your own write `\\{{`")
    }

    fn error(&self, span: Range<usize>, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Hole, message).at(self.index.place(self.file, self.text, span.start, span.end))
    }
}

/// How many fields, calls and brackets of a hole may be in each other.
const DEEPEST: usize = 64;

enum Special {
    Braces(usize),
    Mark(usize),
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn blank_line_follows(rest: &[u8]) -> bool {
    rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')).is_none_or(|&byte| byte == b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Source {
        Source::parse("page.md", text).unwrap()
    }

    fn errors_of(text: &str) -> Vec<Error> {
        Source::parse("page.md", text).unwrap_err()
    }

    fn errors(text: &str) -> Vec<(usize, usize, String)> {
        errors_of(text)
            .iter()
            .map(|error| {
                let place = error.place().unwrap();
                (place.line, place.column, error.message().to_owned())
            })
            .collect()
    }

    #[test]
    fn holes_are_found_with_their_place_and_indent() {
        let text =
            "a {{ show }}b\n  {{ tabs(show.request, highlight=\"/a}}\") }} \n{% x %} {#id} \\{{ y }}\n";
        let source = parse(text);
        let holes: Vec<&Hole> = source.holes().collect();
        assert_eq!(holes.len(), 2);
        assert_eq!(&text[holes[0].inside.clone()], "show");
        assert_eq!(holes[0].indent, None);
        assert_eq!(&text[holes[1].inside.clone()], "tabs(show.request, highlight=\"/a}}\")");
        assert_eq!(holes[1].indent.clone().map(|indent| &text[indent]), Some("  "));
        let kinds: Vec<TokenKind> = holes[1].tokens.iter().map(|token| token.kind).collect();
        use TokenKind::*;
        assert_eq!(kinds, [Name, Sign, Name, Sign, Field, Sign, Option, Sign, Text, Sign]);
    }

    #[test]
    fn a_hole_has_an_indent_only_where_nothing_else_is_on_its_line() {
        for (text, indent) in [
            ("{{ a }}", Some("")),
            ("\t{{ a }}\r\n", Some("\t")),
            ("  {{ a }} \t\nx", Some("  ")),
            ("  {{ a }} x\n", None),
            ("{{ a }}.\n", None),
            ("- {{ a }}\n", None),
        ] {
            let source = parse(text);
            let found = source.holes().next().and_then(|hole| hole.indent.clone());
            assert_eq!(found.map(|span| &text[span]), indent, "{text:?}");
        }
    }

    #[test]
    fn an_escape_prints_braces() {
        let source = parse("\\\\{{ x }}");
        assert_eq!(source.parts, [Part::Text(0..1), Part::Braces(1..4), Part::Text(4..9)]);
    }

    #[test]
    fn a_hole_that_is_not_closed_is_named_and_the_next_is_still_read() {
        assert_eq!(
            errors("x {{ a\n\n{{ b c|d }}\n{{ }}\n{{ f(\"x) }}\n{{ a if b }}\n"),
            [
                (1, 3, "this hole is not closed".into()),
                (3, 7, "`|` has no meaning in a hole".into()),
                (4, 1, "this hole is empty".into()),
                (5, 6, "this quote is not closed on its line".into()),
                (6, 6, "`if` has no meaning in a hole: prose holds no logic".into()),
            ]
        );
        assert_eq!(errors("{{ a {{ b }}"), [(1, 1, "this hole is not closed".into())]);
    }

    #[test]
    fn of_very_many_errors_the_first_are_told() {
        for text in ["{{".repeat(100_000), "<!-- docgen: gone x -->\n".repeat(300), "{{ }}\n".repeat(300)] {
            let found = errors_of(&text);
            assert_eq!(found.len(), MOST_TOLD + 1);
            let untold = found[MOST_TOLD].message();
            assert!(
                untold.starts_with("there are ") && untold.ends_with(" more errors in this page source"),
                "{untold}"
            );
        }
    }

    #[test]
    fn a_hole_may_be_broken_over_lines() {
        assert_eq!(parse("{{ tabs(show,\n   linenums=true) }}").holes().count(), 1);
    }

    #[test]
    fn a_gone_section_is_one_part() {
        let text = "a\n<!-- docgen: gone show, list -->\n### {{ x y z | }}\n<!-- docgen: end -->\nb\n";
        let source = parse(text);
        let (span, labels) = source.gone().next().unwrap();
        assert_eq!(labels, ["show", "list"]);
        assert_eq!(format!("{}{}", &text[..span.start], &text[span.end..]), "a\nb\n");
        assert_eq!(errors("<!-- docgen: gone show -->\nx")[0].2, "this mark has no end");
    }

    #[test]
    fn a_mark_that_is_not_alone_on_its_line_is_text() {
        for line in
            ["a <!-- docgen: gone show -->", " <!-- docgen: gone show -->", "<!-- docgen: gone show --> a"]
        {
            let text = format!("{line}\n{{{{ b }}}}\n<!-- docgen: end -->\n");
            let source = parse(&text);
            assert_eq!((source.gone().count(), source.holes().count()), (0, 1), "{line}");
        }
    }

    proptest! {
        #[test]
        fn parts_cover_any_text(text in r#"(\\|\{\{|\}\}|"|'|\n| |a|\.|\(|\)|=|,|가|<!-- docgen: gone a -->\n|<!-- docgen: end -->\n){0,24}"#) {
            if let Ok(source) = Source::parse("page.md", text.as_str()) {
                let mut at = 0;
                for part in &source.parts {
                    let span = match part {
                        Part::Text(span) | Part::Braces(span) | Part::Gone { span, .. } => span,
                        Part::Hole(hole) => &hole.span,
                    };
                    prop_assert_eq!(span.start, at);
                    at = span.end;
                }
                prop_assert_eq!(at, text.len());
            }
        }

        #[test]
        fn escaped_text_prints_itself(text in r"[\\{}a \n]{0,16}") {
            let source = Source::parse("page.md", escaped(&text)).unwrap();
            let printed: String = source.parts.iter().map(|part| match part {
                Part::Text(span) => source.text[span.clone()].to_owned(),
                Part::Braces(_) => "{{".to_owned(),
                part => panic!("{part:?}"),
            }).collect();
            prop_assert_eq!(printed, text);
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = Source::parse("page.md", text);
        }
    }
}
