//! Text that stays what it is, wherever a page has it: in prose, diagrams, headings, attributes.
//!
//! Each place of a page has characters that mean something there. These
//! functions change only those, so that ordinary text comes out as it went in.
//! Templates call the function of their place; [`in_context`] is for holes, whose
//! place the author of a page source decides. What this leaves out: headers and
//! bodies in fences, which [`crate::page::Block`] makes harmless.

use std::borrow::Cow;

use memchr::memchr3;

use crate::page::{Context, Fence, Scalar, visible, without_markers};

/// What is beside a hole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around {
    /// The character before it, if one is known.
    pub before: Option<char>,
    /// The character behind it, likewise.
    pub after: Option<char>,
    /// Whether a block of Markdown may begin with it.
    pub begins_block: bool,
    /// Whether it is the first of its line.
    pub begins_line: bool,
    /// What would make a snippet marker of the end of what is before it.
    pub marker_lacks: Option<&'static str>,
}

/// Why a text cannot be put into a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// Why not.
    pub reason: String,
    /// What to write instead.
    pub instead: String,
}

impl Refusal {
    /// A refusal with its reason and a way out.
    pub fn new(reason: impl Into<String>, instead: impl Into<String>) -> Refusal {
        Refusal { reason: reason.into(), instead: instead.into() }
    }
}

/// `text`, which may be anybody's, for the place of a hole, so that a reader sees what it is and
/// neither Markdown, its extensions, mermaid nor a browser does anything with it.
///
/// Code spans are not written here, because all that is in one decides on its backticks: for them
/// this gives the text on one line.
///
/// # Errors
/// Where the place has no way to hold this text as it is.
pub fn in_context<'t>(text: &'t str, context: &Context, around: Around) -> Result<Cow<'t, str>, Refusal> {
    match context {
        Context::Prose => Ok(as_prose(text, around, None)),
        Context::Title(quote) => Ok(as_prose(text, Around { begins_block: false, ..around }, Some(*quote))),
        Context::CodeSpan(_) => Ok(one_line(text)),
        Context::Fence(Fence { is_mermaid: true, .. }) => Ok(mermaid(text)),
        Context::Fence(fence) => {
            let shown = fenced(text, around)?;
            keeps_open(&shown, fence, around)?;
            Ok(shown)
        }
        Context::FenceOption(quote) => {
            // There is no escape for a quote; most that is written here are URLs.
            let code = format!("%{:02X}", u32::from(*quote));
            Ok(one_line(text).replace(*quote, &code).into())
        }
        Context::FenceWord => {
            word(text, "the language of a fence", "put the text in quotes: `title=\"{{ … }}\"`")
        }
        Context::MaybeCode => maybe_code(text, text.contains(['`', '~'])),
        Context::Html => Ok(html(text, around)),
        Context::HtmlAttribute { is_link } => {
            if *is_link {
                leads_to_a_page(text)?;
            }
            Ok(html(text, around))
        }
        Context::LinkDestination { is_whole } => {
            if *is_whole {
                leads_to_a_page(text)?;
            }
            Ok(destination(text).into())
        }
        Context::FrontMatter(scalar) => yaml(text, *scalar, around),
        Context::SnippetPath => {
            let is_path = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'));
            if is_path && !text.starts_with('/') && !text.split('/').any(|part| part == "..") {
                return Ok(text.into());
            }
            Err(Refusal::new(
                "a file is included here, and this is no plain path below the docs folder",
                "write the path yourself",
            ))
        }
        Context::Unsafe { reason, instead } => Err(Refusal::new(*reason, *instead)),
    }
}

/// Markdown that docgen laid out, for the place of a hole.
///
/// # Errors
/// Where the place is none for Markdown.
pub fn markdown_in_context<'t>(
    text: &'t str,
    context: &Context,
    around: Around,
) -> Result<Cow<'t, str>, Refusal> {
    let is_whole = match context {
        Context::Prose => true,
        Context::MaybeCode => {
            maybe_code(text, false)?;
            true
        }
        Context::Fence(fence) => {
            completes_no_marker(text, around)?;
            keeps_open(text, fence, around)?;
            true
        }
        Context::Title(quote) => !text.contains([*quote, '\n']),
        Context::CodeSpan(_) => !text.contains(['`', '\n']),
        Context::Html => !outside_fences(text).any(|line| line.contains(['<', '&', '`'])),
        _ => false,
    };
    if is_whole || is_inert(text) {
        return Ok(text.into());
    }
    if let Context::Unsafe { reason, instead } = context {
        return Err(Refusal::new(*reason, *instead));
    }
    Err(Refusal::new(
        "this prints Markdown, which means nothing here, or something else",
        "use it in prose, or a hole that prints text: `{{ show.request.path }}`",
    ))
}

/// The lines of `text` that are in none of its fences, which even raw HTML does not keep from being code.
fn outside_fences(text: &str) -> impl Iterator<Item = &str> {
    let mut open: Option<&str> = None;
    text.lines().filter(move |line| {
        let bare = line.trim_start();
        let run = &bare[..bare.len() - bare.trim_start_matches('`').len()];
        match open {
            Some(fence) => {
                if run == fence && bare.trim_end() == fence {
                    open = None;
                }
                false
            }
            None => {
                if run.len() >= 3 {
                    open = Some(run);
                }
                open.is_none()
            }
        }
    })
}

/// `text` for a message, alias, note or box of a mermaid sequence diagram.
///
/// Mermaid drops what follows `#`, ends a statement at `;`, reads HTML, loses
/// `%%{…}%%`, sets what is between `$$` as a formula, and eats a leading `wrap:`; all of that becomes its own `#…;` entities,
/// in one pass.
pub fn mermaid(text: &str) -> Cow<'_, str> {
    let text = visible(text);
    let leading = ["wrap:", "nowrap:"].iter().any(|word| {
        text.trim_start().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    });
    let means_something =
        |byte| matches!(byte, b'#' | b';' | b'<' | b'>' | b'%' | b'`' | b'$' | b'\n' | b'\t' | 0x80..);
    if !leading && !text.bytes().any(means_something) && text.trim() == &*text {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut chars = text.trim().chars().peekable();
    let mut first_colon = leading;
    // Mermaid cuts the last `;` of `style…:…#…;`, and with it the end of an entity.
    let all_colons = text.contains("style") || text.contains("classDef");
    // Between two `$$` mermaid reads a formula.
    let formula = text.contains("$$");
    while let Some(c) = chars.next() {
        match c {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '%' if chars.peek() == Some(&'%') || escaped.ends_with("#37;") => escaped.push_str("#37;"),
            '`' => escaped.push_str("#96;"),
            // What mermaid itself writes for an entity while it parses is `ﬂ°…¶ß`.
            'ﬂ' => escaped.push_str("#64258;"),
            '¶' => escaped.push_str("#182;"),
            '$' if formula => escaped.push_str("#36;"),
            ':' if all_colons => escaped.push_str("#58;"),
            ':' if first_colon => {
                first_colon = false;
                escaped.push_str("#58;");
            }
            '\n' | '\t' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// `text` for a heading or a line of prose: as it is where Markdown and the usual
/// extensions leave it alone, else as a code span.
pub fn inline(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    if is_inert(&shown) {
        return shown;
    }
    code(&shown).into()
}

/// `text` as a code span that its own backticks cannot end.
pub fn code(text: &str) -> String {
    let shown = one_line(text);
    let longest = longest_run(&shown, '`');
    let ticks = "`".repeat(longest + 1);
    // Two backticks with nothing between begin a span, and end none.
    if shown.is_empty() {
        return "` `".into();
    }
    let pad = if shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    [&ticks, pad, &shown, pad, &ticks].concat()
}

/// `text` as the title of an admonition, a details block or a tab, with its quotes, which can only
/// be double ones.
pub fn titled(text: &str) -> String {
    format!("\"{}\"", as_prose(text, Around::default(), Some('"')))
}

/// The longest run of a character.
pub fn longest_run(text: &str, mark: char) -> usize {
    // Nearly all texts have none, and this is quick to tell.
    if !text.contains(mark) {
        return 0;
    }
    text.split(|c| c != mark).map(str::len).max().unwrap_or(0)
}

/// `text` as the quoted value of a fence's option: in double quotes where it holds none,
/// else in single ones; there is no escape for a quote, so where it holds both, a double
/// quote is percent-encoded.
pub fn quoted(text: &str) -> String {
    let shown = one_line(text);
    match (shown.contains('"'), shown.contains('\'')) {
        (false, _) => ["\"", &shown, "\""].concat(),
        (true, false) => format!("'{shown}'"),
        (true, true) => format!("\"{}\"", shown.replace('"', "%22")),
    }
}

/// A Markdown link.
pub fn link(text: &str, url: &str) -> String {
    format!("[{}]({})", inline(text), visible(url).replace([' ', '(', ')', '<', '>'], "%20"))
}

/// `text` as a JSON string, quotes included.
pub fn json_string(text: &str) -> String {
    serde_json::to_string(text).expect("a string is always JSON")
}

/// `text` on one line that is none of a snippet's.
fn one_line(text: &str) -> Cow<'_, str> {
    let shown = visible(text);
    // Nearly all texts have none of what is looked for below.
    if memchr3(b'\n', b'\t', b'<', shown.as_bytes()).is_none() {
        return shown;
    }
    let shown = if shown.contains(['\n', '\t']) { shown.replace(['\n', '\t'], " ").into() } else { shown };
    if !shown.contains("8<") {
        return shown;
    }
    // Behind other text only the mark of a section counts.
    let line = format!("x{shown}");
    without_markers(&line)[1..].to_owned().into()
}

/// `text` for prose, or for a title in these quotes, with an entity for each character that
/// Markdown or one of the usual extensions would take for a sign.
fn as_prose(text: &str, around: Around, quote: Option<char>) -> Cow<'_, str> {
    let shown = visible(text);
    let mut escaped = String::new();
    let mut copied = 0;
    let mut before = around.before;
    for (at, c) in shown.char_indices() {
        let rest = &shown[at + c.len_utf8()..];
        let next = rest.chars().next();
        let (start, begins_block) = (&shown[..at], around.begins_block);
        let sign = Sign { c, before, next, after: next.or(around.after), start, rest, begins_block };
        let entity = match c {
            '\n' | '\t' => Some(" "),
            _ if quote == Some(c) => Some(entity(c)),
            '(' if quote == Some(')') => Some("&lpar;"),
            _ => sign.entity(),
        };
        if let Some(entity) = entity {
            escaped.push_str(&shown[copied..at]);
            escaped.push_str(entity);
            copied = at + c.len_utf8();
        }
        before = Some(c);
    }
    if copied == 0 {
        return shown;
    }
    escaped.push_str(&shown[copied..]);
    escaped.into()
}

/// A character with what decides on its meaning.
struct Sign<'t> {
    c: char,
    before: Option<char>,
    /// The next one of the same text.
    next: Option<char>,
    /// The next one of the page.
    after: Option<char>,
    /// The text before it.
    start: &'t str,
    /// The text behind it.
    rest: &'t str,
    /// Whether a block may begin with the text.
    begins_block: bool,
}

impl Sign<'_> {
    /// What to write in its place, where it means something.
    fn entity(&self) -> Option<&'static str> {
        let Sign { c, before, next, after, start, rest, begins_block } = *self;
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let is_doubled = before == Some(c) || after == Some(c);
        let is_first = begins_block && start.is_empty();
        let is_blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let begins_item = || {
            begins_block
                && (1..10).contains(&start.len())
                && start.bytes().all(|byte| byte.is_ascii_digit())
                && is_blank(after)
        };
        let means_something = match c {
            '<' | '*' | '`' | '[' | ']' | '\\' | '|' | '$' | '^' | '~' | '@' => true,
            // A heading, its end, a number of an issue.
            '#' => !is_word(before) || is_blank(after) || next.is_some_and(|c| c.is_ascii_digit()),
            '_' => !(is_word(before) && is_word(after)),
            '&' => begins_entity(rest),
            // An attribute list, a hole of a template engine, an edit mark.
            '{' => {
                let is_in_word =
                    before.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.' | '='));
                !is_in_word
                    || next.is_none_or(|c| {
                        matches!(c, '{' | '%' | '#' | '+' | '-' | '~' | '=' | '>' | ':' | '.')
                    })
            }
            // A quote, an arrow.
            '>' => is_first || start.ends_with("--"),
            '=' | '+' => is_doubled || is_first,
            '-' => is_first,
            // An image, an admonition.
            '!' => is_first || next.is_none() && after.is_none_or(|c| c == '['),
            '?' => is_first && rest.starts_with("??"),
            ':' => is_first && is_blank(next) || rest.starts_with("//") || begins_emoji(rest),
            '.' => start.ends_with("www") || begins_item(),
            ')' => begins_item(),
            '(' => ["c)", "r)", "tm)"].iter().any(|sign| starts_with_ignoring_case(rest, sign)),
            '/' => {
                let around = (before.map(|c| c.to_ascii_lowercase()), next.map(|c| c.to_ascii_lowercase()));
                is_first && rest.starts_with("//")
                    || matches!(
                        around,
                        (Some('+'), Some('-')) | (Some('c'), Some('o')) | (Some('='), Some('='))
                    )
                    || is_fraction_between(start, rest)
            }
            ' ' => next.is_none() || is_first && rest.starts_with("   "),
            _ => false,
        };
        means_something.then(|| entity(c))
    }
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}

/// Whether `rest`, behind an ampersand, makes it an entity, or may with what comes after the text.
fn begins_entity(rest: &str) -> bool {
    let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '#');
    name.is_empty() || name.len() < rest.len() && name.starts_with(';')
}

/// Whether `rest`, behind a colon, makes it a short name. A part of a time or an address is none.
fn begins_emoji(rest: &str) -> bool {
    let Some(end) = rest.find(':') else { return false };
    let name = &rest[..end];
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'));
    let has_digit = name.contains(|c: char| c.is_ascii_digit());
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit()) && !["100", "1234"].contains(&name);
    let is_part = name.len() <= 2 && has_digit && !name.contains(['+', '-', '_']);
    is_name && !is_number && !is_part
}

/// Whether smart symbols make a fraction of the slash between these.
fn is_fraction_between(start: &str, rest: &str) -> bool {
    let digits = |text: &mut dyn Iterator<Item = char>| text.take_while(char::is_ascii_digit).count();
    digits(&mut start.chars().rev()) == 1 && digits(&mut rest.chars()) == 1
}

/// The entity of a sign.
fn entity(c: char) -> &'static str {
    match c {
        '<' => "&lt;",
        '>' => "&gt;",
        '*' => "&ast;",
        '`' => "&grave;",
        '[' => "&lsqb;",
        ']' => "&rsqb;",
        '\\' => "&bsol;",
        '|' => "&vert;",
        '$' => "&dollar;",
        '^' => "&Hat;",
        '#' => "&num;",
        '@' => "&commat;",
        '_' => "&lowbar;",
        '&' => "&amp;",
        '{' => "&lcub;",
        '=' => "&equals;",
        '+' => "&plus;",
        '!' => "&excl;",
        '?' => "&quest;",
        ':' => "&colon;",
        '.' => "&period;",
        '(' => "&lpar;",
        ')' => "&rpar;",
        '/' => "&sol;",
        '"' => "&quot;",
        '\'' => "&apos;",
        '-' => "&#x2d;",
        '~' => "&#x7e;",
        _ => "&#x20;",
    }
}

/// `text` for HTML that Markdown may or may not read.
fn html(text: &str, around: Around) -> Cow<'_, str> {
    let around = Around { begins_block: true, ..around };
    let lines: Vec<Cow<'_, str>> = text.split('\n').map(|line| as_prose(line, around, None)).collect();
    // In a block of HTML an empty line could end it.
    let prose = lines.join("&NewLine;");
    // Of what is left, these end an attribute or begin an entity.
    let mut escaped = String::with_capacity(prose.len());
    for (at, c) in prose.char_indices() {
        match c {
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '&' if !is_written_entity(&prose[at..]) => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// Whether this begins with an entity, which nothing but [`as_prose`] has put there.
fn is_written_entity(text: &str) -> bool {
    text.find(';')
        .is_some_and(|end| text[1..end].chars().all(|c| c.is_ascii_alphanumeric() || c == '#') && end > 1)
}

/// `text` inside a fence.
fn fenced(text: &str, around: Around) -> Result<Cow<'_, str>, Refusal> {
    completes_no_marker(text, around)?;
    if !text.contains("8<") {
        return Ok(visible(text));
    }
    let shown = visible(text);
    if around.begins_line {
        return Ok(without_markers(&shown).into_owned().into());
    }
    let line = format!("x{shown}");
    Ok(without_markers(&line)[1..].to_owned().into())
}

/// Whether what is before a text makes no snippet marker of its begin.
fn completes_no_marker(text: &str, around: Around) -> Result<(), Refusal> {
    let dashes = if around.before == Some('-') { text.trim_start_matches('-') } else { text };
    if around.marker_lacks.is_some_and(|rest| dashes.starts_with(rest)) {
        return Err(Refusal::new(
            "with what is before it, this text would include a file",
            "put something else before the hole",
        ));
    }
    Ok(())
}

/// Whether no line of a text ends the fence around it.
fn keeps_open(text: &str, fence: &Fence, around: Around) -> Result<(), Refusal> {
    // Behind other text, a line ends no fence.
    let begin = if around.begins_line { 0 } else { text.find('\n').unwrap_or(text.len()) };
    let longest = text[begin..]
        .lines()
        .map(|line| line.trim_start_matches([' ', '\t', '>']))
        .filter(|line| line.starts_with(fence.mark))
        .map(|line| line.len() - line.trim_start_matches(fence.mark).len())
        .max()
        .unwrap_or(0);
    if longest < fence.length {
        return Ok(());
    }
    let run = |length: usize| fence.mark.to_string().repeat(length);
    Err(Refusal::new(
        format!("the text holds `{}`, which ends the fence around this hole", run(longest)),
        format!("begin and end the fence with `{}`, or use `tabs(…)`, whose fences fit", run(longest + 1)),
    ))
}

/// `text` for a block that may be code and may be prose, unless it is one in code and another in prose.
fn maybe_code(text: &str, holds_fences: bool) -> Result<Cow<'_, str>, Refusal> {
    let signs = ["<", "](", "][", "]:", "{:", "{ :", "8<"];
    let found = signs.iter().find(|sign| text.contains(**sign)).or(holds_fences.then_some(&"`"));
    match found {
        None => Ok(visible(text)),
        Some(sign) => Err(Refusal::new(
            format!("the text holds `{sign}`, and not every site takes this block for code"),
            "put the hole into a fence whose end has as many backticks as its begin, and the same indent",
        )),
    }
}

/// A word that is nothing but one.
fn word<'t>(text: &'t str, place: &str, instead: &str) -> Result<Cow<'t, str>, Refusal> {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '+' | '-' | '#');
    if !text.is_empty() && text.chars().all(is_word) {
        return Ok(text.into());
    }
    Err(Refusal::new(format!("`{}` cannot be {place}", one_line(text)), instead))
}

/// Whether a link that begins with `text` stays on the web.
fn leads_to_a_page(text: &str) -> Result<(), Refusal> {
    // A browser drops what is hidden before and in a scheme.
    let plain: String = text.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let end = plain.find([':', '/', '?', '#']).filter(|&end| plain[end..].starts_with(':'));
    // An escaped colon is one, too.
    let is_hidden = plain.contains('&') && plain.find('&') < plain.find('/').or(Some(plain.len()));
    match end.map(|end| plain[..end].to_ascii_lowercase()) {
        None if !is_hidden => Ok(()),
        Some(scheme) if ["http", "https", "ftp", "mailto"].contains(&scheme.as_str()) => Ok(()),
        _ => Err(Refusal::new(
            format!("a link to `{}` leads to no page: a browser may run it", one_line(text)),
            "write where the link leads yourself, or show the text without a link",
        )),
    }
}

/// `text` as the destination of a link, as much of it as is one, or as a part of one.
fn destination(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        let is_kept = match c {
            '/' | ':' | '?' | '#' | '.' | '-' | '_' | '=' | '+' | ',' | ';' | '@' | '!' => true,
            '~' => !text[at + 1..].contains('~'),
            '&' => !begins_entity(&text[at + 1..]),
            '%' => bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            c => c.is_alphanumeric(),
        };
        if is_kept {
            written.push(c);
        } else {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                written.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    written
}

/// `text` as a value of the front matter, or as a part of one. Themes write such values into HTML as they are.
fn yaml(text: &str, scalar: Scalar, around: Around) -> Result<Cow<'_, str>, Refusal> {
    let shown = visible(text);
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '/' | '-');
    let is_word = !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&shown.to_ascii_lowercase().as_str());
    let is_number = !shown.is_empty() && shown.len() < 10 && shown.bytes().all(|byte| byte.is_ascii_digit());
    let begins = shown.starts_with(char::is_alphabetic);
    if shown.chars().all(is_plain) && shown.trim() == shown {
        match scalar {
            Scalar::Whole if (begins && is_word) || is_number => return Ok(shown),
            Scalar::Whole => {}
            Scalar::Part | Scalar::Double | Scalar::Single => return Ok(shown),
        }
    }
    let safe = html(&shown, around).into_owned();
    match scalar {
        Scalar::Whole => Ok(json_string(&safe).into()),
        Scalar::Double | Scalar::Single => Ok(safe.into()),
        Scalar::Part => Err(Refusal::new(
            format!("`{}` is more than a word, and this value of YAML has no quotes", one_line(text)),
            "put the whole value into double quotes",
        )),
    }
}

/// Whether neither Markdown nor the usual extensions (smart symbols, emoji, math, carets,
/// tildes, marks) would change this text.
pub(super) fn is_inert(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = b' ';
    for (at, &byte) in bytes.iter().enumerate() {
        let inert = match byte {
            _ if ALWAYS_INERT[usize::from(byte)] => true,
            b'-' | b'.' | b'=' | b'+' => byte != before,
            b'_' => before != b'_' && before != b' ',
            b'{' => before != b' ',
            // `+/-`, `c/o` and `1/2` are symbols to some.
            b'/' => {
                !matches!((before, bytes.get(at + 1)), (b'+', Some(b'-')) | (b'c' | b'C', Some(b'o' | b'O')))
                    && !is_fraction(bytes, at)
            }
            _ => false,
        };
        if !inert {
            return false;
        }
        before = byte;
    }
    text.is_ascii() || text.chars().all(|c| c.is_ascii() || c.is_alphanumeric())
}

/// Bytes that mean nothing wherever they are.
static ALWAYS_INERT: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = matches!(byte as u8, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'?' | b'&' | b',' | b'%' | b'}' | 0x80..);
        byte += 1;
    }
    table
};

/// Whether smart symbols would make a fraction (`1/2`) around this slash. Digits are looked at from
/// here alone: in the middle of an id they come and go as no processor can foresee.
fn is_fraction(bytes: &[u8], slash: usize) -> bool {
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    digit(slash.checked_sub(1))
        && digit(Some(slash + 1))
        && !digit(slash.checked_sub(2))
        && !digit(Some(slash + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mermaid_text_keeps_what_mermaid_would_lose() {
        assert_eq!(mermaid("GET /v2/images/{image_id}?a=%20b"), "GET /v2/images/{image_id}?a=%20b");
        assert_eq!(mermaid("a#b;c<d>e"), "a#35;b#59;c#lt;d#gt;e");
        assert_eq!(mermaid("%%{init}%%"), "#37;#37;{init}#37;#37;");
        assert_eq!(mermaid("wrap: x: y"), "wrap#58; x: y");
        assert_eq!(mermaid(" a\nb "), "a b");
        assert_eq!(mermaid("ﬂ°°35¶ß"), "#64258;°°35#182;ß");
    }

    #[test]
    fn ordinary_paths_stay_and_odd_ones_become_code() {
        assert_eq!(inline("GET /v2.1/images/{image_id}"), "GET /v2.1/images/{image_id}");
        assert_eq!(inline("/a/__init__"), "`/a/__init__`");
        assert_eq!(inline("/v1/1/2"), "`/v1/1/2`");
        assert_eq!(inline("/v1/11/2"), "/v1/11/2");
        assert_eq!(inline("1/2"), "`1/2`");
        assert_eq!(inline("1/23"), "1/23");
        assert_eq!(inline("/a`b``c"), "```/a`b``c```");
        assert_eq!(inline("`a`"), "`` `a` ``");
    }

    #[test]
    fn a_block_behind_other_text_ends_no_fence_and_completes_no_snippet_marker() {
        let fence = Context::Fence(Fence { mark: '`', length: 3, is_mermaid: false });
        let behind = |before| Around { before: Some(before), ..Around::default() };
        let first = Around { before: Some('\n'), begins_line: true, ..Around::default() };
        assert!(markdown_in_context("``` js", &fence, behind(' ')).is_ok());
        assert!(markdown_in_context("a\n```", &fence, behind(' ')).is_err());
        assert!(markdown_in_context("``` js", &fence, first).is_err());
        let dash = Around { marker_lacks: Some("8<-"), ..behind('-') };
        let eight = Around { marker_lacks: Some("<-"), ..behind('8') };
        let scissors = Around { marker_lacks: Some("-"), ..behind('<') };
        for (text, around) in
            [("8<-- \"a\"", dash), ("--8<-- \"a\"", dash), ("<-- \"a\"", eight), ("- \"a\"", scissors)]
        {
            assert!(markdown_in_context(text, &fence, around).is_err(), "{text}");
        }
        assert!(markdown_in_context("8<", &fence, dash).is_ok());
        assert!(markdown_in_context("8<-- \"a\"", &fence, behind(' ')).is_ok());
    }

    #[test]
    fn options_are_quoted_with_what_the_text_leaves_free() {
        assert_eq!(quoted("GET /a"), "\"GET /a\"");
        assert_eq!(quoted("GET /a?x=\"1\""), "'GET /a?x=\"1\"'");
        assert_eq!(quoted("'\""), "\"'%22\"");
    }
}
