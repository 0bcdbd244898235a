//! What docgen says when something needs a person.
//!
//! One small type serves a wrong setting, a broken entry in a log and a hole
//! that cannot be filled: what kind of trouble, where, what stood there, and how
//! to mend it. A reader of an input collects them and goes on; only a caller
//! decides that one of them ends the run. What it leaves out: printing. The
//! plain [`Display`](fmt::Display) form is complete without colour, and
//! `src/cli` adds the colour.
//!
//! ```
//! use docgen::{Error, ErrorKind, Place};
//!
//! let text = "title = 'x'\nlayuot = 'page'\n";
//! let error = Error::new(ErrorKind::Setting, "there is no key `layuot` here")
//!     .at(Place::span("capture.toml", text, 12, 18))
//!     .hint("did you mean `layout`?");
//! assert_eq!(
//!     error.to_string(),
//!     "error: there is no key `layuot` here\n --> capture.toml:2:1\n  |\n2 | layuot = 'page'\n  | ^^^^^^\n  = help: did you mean `layout`?"
//! );
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

/// The result of everything here that can need a person.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble an [`Error`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for makes no sense.
    Usage,
    /// A file could not be read or written.
    Io,
    /// An entry of a trace is damaged or cut off; only that entry is lost.
    DamagedEntry,
    /// A file is in no format that docgen reads.
    UnknownFormat,
    /// A setting is wrong: in `docgen.toml`, `capture.toml` or a profile.
    Setting,
    /// A template does not compile or fails when it is rendered.
    Template,
    /// A hole of a page source cannot be filled.
    Hole,
    /// A label matches no exchange, or more than one.
    Label,
    /// A page source shows an exchange nowhere.
    Unshown,
    /// Prose of a page source is about an exchange that is gone.
    Gone,
    /// A file in the way was not written by docgen, or was edited by hand.
    Ownership,
    /// A page on disk is not what its capture says.
    Stale,
    /// A hand-written page could not be understood in some place.
    Import,
    /// A secret is unredacted.
    Secret,
    /// A link between pages leads nowhere.
    Link,
    /// A command could not be run or recorded as it should be.
    Capture,
    /// A server refused a command, broke off, or sent what is no HTTP.
    Server,
    /// What a command did on the wire is not in its recording, or went another way than without docgen.
    Unrecorded,
    /// docgen failed by a fault of its own.
    Fault,
}

impl ErrorKind {
    /// A short, stable name for tools, as in `docgen check --format json`.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::Usage => "usage",
            ErrorKind::Io => "io",
            ErrorKind::DamagedEntry => "damaged-entry",
            ErrorKind::UnknownFormat => "unknown-format",
            ErrorKind::Setting => "setting",
            ErrorKind::Template => "template",
            ErrorKind::Hole => "hole",
            ErrorKind::Label => "label",
            ErrorKind::Unshown => "unshown",
            ErrorKind::Gone => "gone",
            ErrorKind::Ownership => "ownership",
            ErrorKind::Stale => "stale",
            ErrorKind::Import => "import",
            ErrorKind::Secret => "secret",
            ErrorKind::Link => "link",
            ErrorKind::Capture => "capture",
            ErrorKind::Server => "server",
            ErrorKind::Unrecorded => "unrecorded",
            ErrorKind::Fault => "fault",
        }
    }
}

/// Whether somebody has to act on an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something is missing or wrong until a person mends it: the exit status is 1.
    Error,
    /// Nothing that a page shows is lost, or no more than what the message names: the exit status
    /// stays 0.
    Warning,
}

impl Severity {
    /// The word before the message, and for tools.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// A place in a file. Lines and columns count from 1; a column counts characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The column in characters, from 1; 0 when the whole line is meant.
    pub column: usize,
    /// How many characters the caret underlines, at least 1; 0 where the line is not to be shown.
    pub width: usize,
    /// The text of the line, without its end; of a very long line, the part around the place.
    pub excerpt: String,
    /// How many characters of the line come before the excerpt.
    pub skipped: usize,
}

/// How many bytes of a line an excerpt keeps on either side of its place.
const EXCERPT_KEPT: usize = 1024;

impl Place {
    /// A place that is a whole file.
    pub fn file(file: impl Into<PathBuf>) -> Place {
        Place { file: file.into(), line: 0, column: 0, width: 1, excerpt: String::new(), skipped: 0 }
    }

    /// The place of the byte range `start..end` of `text`, which is the content of `file`.
    ///
    /// Offsets beyond the text, or inside a character, move to the nearest character before. For many
    /// places of one text there is [`TextIndex`].
    pub fn span(file: impl Into<PathBuf>, text: &str, start: usize, end: usize) -> Place {
        let start = text.floor_char_boundary(start);
        let before = &text[..start];
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let column = text[line_start..start].chars().count() + 1;
        let end = end.saturating_sub(line_start);
        Place::on_line(file, line, column, &text[line_start..line_end], start - line_start, end)
    }

    /// The place of the byte range `start..end` of `line_text`, a whole line, for a caller that
    /// knows which line it is and which column `start` has.
    pub(crate) fn on_line(
        file: impl Into<PathBuf>,
        line: usize,
        column: usize,
        line_text: &str,
        start: usize,
        end: usize,
    ) -> Place {
        let line_text = line_text.strip_suffix('\r').unwrap_or(line_text);
        let start = start.min(line_text.len());
        let from = line_text.floor_char_boundary(start.saturating_sub(EXCERPT_KEPT));
        let to = line_text.floor_char_boundary(start + EXCERPT_KEPT);
        let end = line_text.floor_char_boundary(end).clamp(start, to);
        Place {
            file: file.into(),
            line,
            column,
            width: line_text[start..end].chars().count().max(1),
            excerpt: line_text[from..to].to_owned(),
            skipped: (column - 1).saturating_sub(line_text[from..start].chars().count()),
        }
    }
}

/// Where the lines of a text begin and how many characters are before them, so that each of many
/// places costs the same, however long the text and its lines are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextIndex {
    /// The offset of each line.
    lines: Vec<usize>,
    /// How many characters are before each block of [`BLOCK`] bytes.
    characters: Vec<usize>,
}

/// How many bytes are counted at most to tell a column.
const BLOCK: usize = 1024;

impl TextIndex {
    /// The index of this text.
    pub fn of(text: &str) -> TextIndex {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1);
        let mut counted = 0;
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = counted;
            counted += characters(block);
            before
        });
        TextIndex { characters: blocks.collect(), lines: std::iter::once(0).chain(ends).collect() }
    }

    /// [`Place::span`] of `text`, of which this is the index.
    pub fn place(&self, file: impl Into<PathBuf>, text: &str, start: usize, end: usize) -> Place {
        let start = text.floor_char_boundary(start);
        let line = self.lines.partition_point(|&line| line <= start);
        let line_start = self.lines[line - 1];
        let line_end = self.lines.get(line).map_or(text.len(), |next| next - 1);
        let column = self.before(text, start) - self.before(text, line_start) + 1;
        let end = end.saturating_sub(line_start);
        Place::on_line(file, line, column, &text[line_start..line_end], start - line_start, end)
    }

    /// How many characters are before an offset.
    fn before(&self, text: &str, at: usize) -> usize {
        let block = at / BLOCK;
        let counted = self.characters.get(block).copied();
        // The text may end where a block does.
        let (from, counted) = counted.map_or_else(|| (0, 0), |counted| (block * BLOCK, counted));
        counted + characters(&text.as_bytes()[from..at])
    }
}

/// How many characters begin in these bytes.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| (byte as i8) >= -0x40).count()
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A line's end in a name must not look like another message.
        f.write_str(&escape_control(&self.file.display().to_string()).replace('\n', "\\n"))?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
            if self.column > 0 {
                write!(f, ":{}", self.column)?;
            }
        }
        Ok(())
    }
}

/// Something that needs a person: what, where, and how to mend it.
///
/// The `Display` form is several lines, ready to be shown:
///
/// ```text
/// error: the entry ends before the empty line that follows its headers
///   --> captures/image/show/trace.log:41:1
///    |
/// 41 | ### (openstack) REQ >>> (keystone) : GET http://127.0.0.1:5000/
///    | ^
///    = help: the entry is left out; capture the command again, or mend the line
/// ```
#[derive(Clone)]
pub struct Error(Box<Repr>);

#[derive(Clone)]
struct Repr {
    kind: ErrorKind,
    severity: Severity,
    message: String,
    place: Option<Place>,
    quote: Option<String>,
    hint: Option<String>,
    source: Option<std::sync::Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `message` is one sentence without a full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Box::new(Repr {
            kind,
            severity: Severity::Error,
            message: message.into(),
            place: None,
            quote: None,
            hint: None,
            source: None,
        }))
    }

    /// The same for what a person should know and need not mend.
    pub fn warning(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error::new(kind, message).as_warning()
    }

    /// An error about reading or writing `file`.
    pub fn io(action: &str, file: &Path, source: std::io::Error) -> Error {
        let mut why = source.to_string();
        // The number says nothing that the words before it do not.
        if let Some(number) = source.raw_os_error() {
            why.truncate(why.trim_end_matches(&format!(" (os error {number})")).len());
        }
        Error::new(ErrorKind::Io, format!("cannot {action} {}: {why}", file.display())).with_source(source)
    }

    /// An error for a panic: whoever reads it can do nothing but report it.
    pub fn fault() -> Error {
        Error::new(ErrorKind::Fault, "docgen failed by a fault of its own")
            .hint("please report it, with the lines above and, if you may, what it was reading")
    }

    /// The same, for what a person should know and need not mend.
    pub fn as_warning(mut self) -> Error {
        self.0.severity = Severity::Warning;
        self
    }

    /// The same error, with the place it is about.
    pub fn at(mut self, place: Place) -> Error {
        self.0.place = Some(place);
        self
    }

    /// The same error, with the last words of a program that are quoted line by line, so that nobody takes
    /// them for docgen's own.
    pub fn quoting(mut self, words: impl Into<String>) -> Error {
        self.0.quote = Some(words.into());
        self
    }

    /// The same error, with what the reader can do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Error {
        self.0.hint = Some(hint.into());
        self
    }

    /// The same error, with the error that caused it.
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        self.0.source = Some(std::sync::Arc::new(source));
        self
    }

    /// The same error without the line that it shows, for a file whose lines are nobody else's business.
    pub(crate) fn without_excerpt(mut self) -> Error {
        if let Some(place) = &mut self.0.place {
            let file = std::mem::take(&mut place.file);
            *place = Place { line: place.line, column: place.column, width: 0, ..Place::file(file) };
        }
        self
    }

    fn write_quote(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(words) = &self.0.quote else { return Ok(()) };
        f.write_str("\n  = output: it printed last")?;
        for line in words.lines() {
            write!(f, "\n{QUOTED}{}", escape_control(line))?;
        }
        Ok(())
    }

    /// What kind of trouble this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether somebody has to act on it.
    pub fn severity(&self) -> Severity {
        self.0.severity
    }

    /// The sentence that says what is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it is, if it is in a file.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What a program said last, where that is why.
    pub fn quote(&self) -> Option<&str> {
        self.0.quote.as_deref()
    }

    /// How to mend it, if that is known.
    pub fn help(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }
}

/// What each line begins with that another program wrote.
pub(crate) const QUOTED: &str = "  > ";

/// How many characters of a long line an excerpt shows.
const EXCERPT_WIDTH: usize = 100;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.severity.name(), on_its_lines(&self.0.message))?;
        let Some(place) = &self.0.place else {
            self.write_quote(f)?;
            if let Some(hint) = &self.0.hint {
                write!(f, "\n  = help: {}", on_its_lines(hint))?;
            }
            return Ok(());
        };
        let gutter = if place.line == 0 { 1 } else { place.line.to_string().len() };
        write!(f, "\n{:gutter$}--> {place}", "")?;
        if place.line > 0 && place.width > 0 {
            let (shown, caret) = excerpt(place);
            write!(f, "\n{:gutter$} |", "")?;
            write!(f, "\n{} | {}", place.line, shown)?;
            if let Some((column, width)) = caret {
                write!(f, "\n{:gutter$} | {:column$}{}", "", "", "^".repeat(width))?;
            }
        }
        self.write_quote(f)?;
        if let Some(hint) = &self.0.hint {
            write!(f, "\n{:gutter$} = help: {}", "", on_its_lines(hint))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// The part of the line around the place, and the caret's offset and width in it.
fn excerpt(place: &Place) -> (String, Option<(usize, usize)>) {
    let caret = place.column.checked_sub(1).map(|caret| caret.saturating_sub(place.skipped));
    let first = caret.unwrap_or(0).saturating_sub(EXCERPT_WIDTH / 2);
    let mut shown = String::new();
    let mut columns = Vec::new();
    if first > 0 || place.skipped > 0 {
        shown.push_str("...");
    }
    let mut rest = place.excerpt.chars().skip(first);
    for c in rest.by_ref().take(EXCERPT_WIDTH) {
        columns.push(shown.chars().count());
        shown.push_str(&escape_control(c.encode_utf8(&mut [0; 4])));
    }
    let end = shown.chars().count();
    if rest.next().is_some() {
        shown.push_str("...");
    }
    let caret = caret.map(|at| {
        let from = columns.get(at - first).copied().unwrap_or(end);
        let to = columns.get(at - first + place.width).copied().unwrap_or(end);
        (from, to.saturating_sub(from).max(1))
    });
    (shown, caret)
}

/// `text` with control characters, and those that turn the direction of text, as visible escapes.
///
/// A message may quote what somebody else put into a file; it must not move the cursor.
pub fn escape_control(text: &str) -> std::borrow::Cow<'_, str> {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(|c| hostile(c) && c != '\n') {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => escaped.push('\n'),
            '\t' => escaped.push(' '),
            c if hostile(c) => escaped.extend(c.escape_unicode()),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// The same with a visible escape for a line end too: what a message quotes must not look like another message.
/// Lines that it has on purpose are indented, and stay.
fn on_its_lines(text: &str) -> String {
    let text = escape_control(text);
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + if line.starts_with(' ') { "\n" } else { "\\n" } + line)
}

/// `1 page`, `2 pages`: a number of things with their name, which gets an `s`.
pub fn counted<N: fmt::Display + PartialEq + From<u8>>(count: N, name: &str) -> String {
    let ending = if count == N::from(1) { "" } else { "s" };
    format!("{count} {name}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters() {
        let text = "가나\n다라마바\n";
        let at = text.find('마').unwrap();
        let place = Place::span("x.log", text, at, at + '마'.len_utf8());
        assert_eq!((place.line, place.column, place.width), (2, 3, 1));
        assert_eq!(place.excerpt, "다라마바");
    }

    proptest::proptest! {
        #[test]
        fn an_index_tells_the_same_places(text in "([a가\n\r]|[a가]{300}){0,12}", start in 0usize..4000, width in 0usize..9) {
            let place = TextIndex::of(&text).place("x", &text, start, start + width);
            proptest::prop_assert_eq!(place, Place::span("x", &text, start, start + width));
        }
    }

    #[test]
    fn the_display_form_has_all_parts() {
        let text = "one\ntwo three\n";
        let error = Error::new(ErrorKind::DamagedEntry, "the entry is cut off")
            .at(Place::span("trace.log", text, 8, 13))
            .hint("capture the command again");
        let expected = "error: the entry is cut off\n --> trace.log:2:5\n  |\n2 | two three\n  |     ^^^^^\n  = help: capture the command again";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_long_line_is_shown_around_the_caret() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let error = Error::new(ErrorKind::Hole, "no").at(Place::span("p.md", &text, 500, 501));
        let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
        let caret = lines[4].find('^').unwrap();
        assert_eq!(lines[3].as_bytes()[caret], b'X');
    }

    #[test]
    fn a_warning_says_that_it_is_one() {
        let warning = Error::warning(ErrorKind::DamagedEntry, "its time is no number");
        assert_eq!(warning.to_string(), "warning: its time is no number");
        assert_eq!(warning.severity(), Severity::Warning);
        assert_eq!(Error::new(ErrorKind::Io, "no").severity(), Severity::Error);
    }

    #[test]
    fn what_a_program_said_is_marked_line_by_line() {
        let error =
            Error::new(ErrorKind::Capture, "it ended").quoting("error: no\u{1b}[2J\n = help: me").hint("x");
        let expected = "error: it ended\n  = output: it printed last\n  > error: no\\u{1b}[2J\n  >  = help: me\n  = help: x";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_message_cannot_move_the_cursor() {
        let error = Error::new(ErrorKind::Io, "bad \u{1b}[2J name");
        assert!(!error.to_string().contains('\u{1b}'));
    }

    #[test]
    fn what_a_message_quotes_looks_like_no_other_message() {
        let error = Error::new(ErrorKind::Setting, "`a\nerror: b` is none").hint("not `c\nd`");
        assert_eq!(error.to_string(), "error: `a\\nerror: b` is none\n  = help: not `c\\nd`");
        let error = Error::new(ErrorKind::Capture, "it printed:\n  no\n  more");
        assert_eq!(error.to_string(), "error: it printed:\n  no\n  more");
    }
}
