//! Where a hole is: what a site makes of text that is put there.
//!
//! The same reason phrase is harmless in a fence, runs as a script in prose and ends a code
//! span. So every hole knows its place, and `render::escape` writes captured text for that
//! place. The place follows from the Markdown around the hole alone, never from what is put
//! there: holes are masked before the page source is read.
//!
//! Fences, front matter and titles in quotes are read here by the rules of Python-Markdown and
//! pymdownx, which differ from CommonMark's; all else is pulldown-cmark's. Where the two may
//! differ on what is raw HTML, the place counts as HTML. What this leaves out: the escaping.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag};

use super::html::HtmlPlaces;

/// What a site makes of the text at a place.
#[derive(Clone, Debug, PartialEq)]
pub enum Context {
    /// A paragraph, heading, list item, table cell or link text.
    Prose,
    /// A code span: where it is, its backticks included.
    CodeSpan(Range<usize>),
    /// The inside of a fence.
    Fence(Fence),
    /// A quoted option on a fence's first line (`title="…"`), with its quote.
    FenceOption(char),
    /// An unquoted word of a fence's first line.
    FenceWord,
    /// A block that some take for code and others for prose: indented, or behind what only looks
    /// like the begin of a fence.
    MaybeCode,
    /// The title of an admonition, a details block, a tab or a link, with its quote.
    Title(char),
    /// The text of an HTML element, or a comment, where Markdown may not be read.
    Html,
    /// The quoted value of an attribute of HTML; `is_link` where a browser follows what begins here.
    HtmlAttribute {
        /// Whether the text decides where a link leads.
        is_link: bool,
    },
    /// Where a link or an image leads to.
    LinkDestination {
        /// Whether the text decides on the scheme.
        is_whole: bool,
    },
    /// A value of the front matter.
    FrontMatter(Scalar),
    /// The file that a snippet marker includes.
    SnippetPath,
    /// A place where no text of others is safe.
    Unsafe {
        /// Why not.
        reason: &'static str,
        /// What to write instead.
        instead: &'static str,
    },
}

/// A fence, as far as text inside can close it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fence {
    /// The backtick or tilde that it is made of.
    pub mark: char,
    /// How many of them.
    pub length: usize,
    /// Whether it holds a diagram.
    pub is_mermaid: bool,
}

/// How a value of YAML is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// Without quotes, and nothing beside it on its line.
    Whole,
    /// Without quotes, with other text beside it.
    Part,
    /// In double quotes.
    Double,
    /// In single quotes.
    Single,
}

/// The context of each hole of a page source, and whether a link may be put there: into prose that is in no
/// heading and in no link. `left_out` are ranges that no page shows.
///
/// Holes are in order, as ranges of bytes of `text`.
pub(super) fn contexts(
    text: &str,
    holes: &[Range<usize>],
    left_out: &[Range<usize>],
) -> Vec<(Context, bool)> {
    if holes.is_empty() {
        return Vec::new();
    }
    let masked = masked(text, holes, left_out);
    let lines = Lines::read(&masked);
    let markdown = Markdown::read(&lines.for_markdown(&masked), &lines);
    let context = |hole| {
        let context = lines.context(&masked, hole).unwrap_or_else(|| markdown.context(hole));
        let takes_link = context == Context::Prose && markdown.takes_link(hole.start);
        (context, takes_link)
    };
    holes.iter().map(context).collect()
}

/// The text with a word of the same length for each hole, and blanks for what is left out.
fn masked(text: &str, holes: &[Range<usize>], left_out: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut copied = 0;
    let mut edits: Vec<(&Range<usize>, bool)> = holes.iter().map(|hole| (hole, true)).collect();
    edits.extend(left_out.iter().map(|range| (range, false)));
    edits.sort_by_key(|(range, _)| range.start);
    for (range, is_hole) in edits {
        masked.push_str(&text[copied..range.start]);
        for byte in text[range.clone()].bytes() {
            masked.push(match (is_hole, byte) {
                (true, _) => 'X',
                (false, b'\n') => '\n',
                (false, _) => ' ',
            });
        }
        copied = range.end;
    }
    masked.push_str(&text[copied..]);
    masked
}

/// What is read line by line: front matter, fences, titled blocks and snippet markers.
#[derive(Default)]
struct Lines {
    front_matter: Range<usize>,
    /// The lines that begin a fence, and the lines inside.
    fences: Vec<(Range<usize>, Range<usize>, Fence)>,
    /// The lines of admonitions, details, tabs and definitions, from their mark.
    blocks: Vec<Range<usize>>,
    snippets: Vec<Range<usize>>,
}

impl Lines {
    fn read(text: &str) -> Lines {
        let mut lines = Lines { front_matter: front_matter(text), ..Lines::default() };
        let mut open: Option<OpenFence> = None;
        let mut at = lines.front_matter.end;
        for line in text[at..].split_inclusive('\n') {
            let span = at..at + line.len();
            at = span.end;
            let content = line.trim_end();
            if let Some(fence) = &open {
                match fence.next(content) {
                    FenceLine::Inside => {}
                    FenceLine::Abandoned => open = None,
                    FenceLine::End => {
                        lines.fences.push((fence.line.clone(), fence.line.end..span.start, fence.fence));
                        open = None;
                    }
                }
                continue;
            }
            open = OpenFence::begin(content, &span);
            let bare = content.trim_start_matches([' ', '\t', '>']);
            let start = span.start + content.len() - bare.len();
            if is_snippet(bare) {
                lines.snippets.push(span);
            } else if is_titled(bare) {
                lines.blocks.push(start..span.end);
            }
        }
        lines
    }

    /// The context of a hole that is in none of what Markdown proper reads.
    fn context(&self, text: &str, hole: &Range<usize>) -> Option<Context> {
        if self.front_matter.contains(&hole.start) {
            return Some(Context::FrontMatter(scalar(text, hole)));
        }
        let next = self.fences.partition_point(|(line, ..)| line.start <= hole.start);
        if let Some((line, inside, fence)) = next.checked_sub(1).and_then(|last| self.fences.get(last)) {
            if line.contains(&hole.start) {
                return Some(match open_quote(&text[line.start..hole.start]) {
                    Some(quote) => Context::FenceOption(quote),
                    None => Context::FenceWord,
                });
            }
            if inside.contains(&hole.start) {
                return Some(Context::Fence(*fence));
            }
        }
        if holds(&self.snippets, hole.start).is_some() {
            return Some(Context::SnippetPath);
        }
        let block = holds(&self.blocks, hole.start)?;
        Some(match open_quote(&text[block.start..hole.start]) {
            Some('"') => Context::Title('"'),
            // Without a title, the line is not one of a block.
            _ if !text[block.clone()].contains('"') => return None,
            _ => Context::Unsafe {
                reason: "this decides what kind of block begins here",
                instead: "put the hole into the title, between double quotes",
            },
        })
    }

    /// The text as CommonMark has to see it: what is read already is blank, and blocks that
    /// indent what they hold are lists, which do the same.
    fn for_markdown(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let blank =
            |bytes: &mut [u8]| bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        blank(&mut bytes[self.front_matter.clone()]);
        for (line, inside, _) in &self.fences {
            // The fence stands for a paragraph of its own.
            let end = (inside.end + text[inside.end..].find('\n').unwrap_or(text.len() - inside.end))
                .min(text.len());
            blank(&mut bytes[line.start..end]);
        }
        for block in &self.blocks {
            for (offset, byte) in bytes[block.clone()].iter_mut().enumerate() {
                *byte = match (offset, *byte) {
                    (_, b'\n') => b'\n',
                    (0, _) => b'-',
                    (1..=3, _) => b' ',
                    _ => b'x',
                };
            }
        }
        // What stands for a character of several bytes has become as many of one.
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// The range of `ranges`, which are in order, that holds `at`.
fn holds(ranges: &[Range<usize>], at: usize) -> Option<&Range<usize>> {
    let next = ranges.partition_point(|range| range.start <= at);
    ranges[..next].last().filter(|range| range.contains(&at))
}

/// The front matter of a page: what is between a first line `---` and the next.
pub(super) fn front_matter(text: &str) -> Range<usize> {
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        at += line.len();
        match (index, line.trim_end()) {
            (0, "---") => {}
            (0, _) => return 0..0,
            (_, "---" | "...") => return 0..at,
            _ => {}
        }
    }
    0..0
}

/// Whether a page has front matter.
pub(crate) fn begins_with_front_matter(text: &str) -> bool {
    !front_matter(text).is_empty()
}

/// How the value of YAML around a hole is written.
fn scalar(text: &str, hole: &Range<usize>) -> Scalar {
    let start = text[..hole.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[hole.end..].find('\n').map_or(text.len(), |end| hole.end + end);
    match open_quote(&text[start..hole.start]) {
        Some('"') => Scalar::Double,
        Some(_) => Scalar::Single,
        None => {
            let before = text[start..hole.start].trim();
            let is_alone = before.ends_with(':') || before == "-" || before.ends_with(": -");
            if is_alone && text[hole.end..end].trim().is_empty() { Scalar::Whole } else { Scalar::Part }
        }
    }
}

/// The quote that is open at the end of `text`.
fn open_quote(text: &str) -> Option<char> {
    let mut open = None;
    let mut before = ' ';
    for c in text.chars() {
        match (open, c) {
            // An apostrophe in a word opens nothing.
            (None, '\'') if before.is_alphanumeric() => {}
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), _) if quote == c => open = None,
            _ => {}
        }
        before = c;
    }
    open
}

fn is_snippet(line: &str) -> bool {
    let rest = line.trim_start_matches('-');
    let marker = rest.strip_prefix("8<").and_then(|rest| rest.strip_prefix('-'));
    rest.len() < line.len() && marker.is_some()
}

/// Whether a line is the work of an extension: the beginning of a block with a title, or a snippet marker.
pub(super) fn is_of_extension(line: &str) -> bool {
    let bare = line.trim_start();
    is_snippet(bare) || is_titled(bare)
}

/// Whether a line begins a block with a title, whose content is indented by four.
fn is_titled(line: &str) -> bool {
    let after = |mark: &str| line.strip_prefix(mark).map(|rest| rest.trim_start_matches(['+', '!']));
    let titled = after("!!!").or_else(|| after("???"));
    titled.is_some_and(|rest| rest.starts_with(|c: char| c == ' ' || c == '"' || c.is_alphanumeric()))
        || after("===").is_some_and(|rest| rest.starts_with(' ') && rest.trim_start().starts_with('"'))
        || line.starts_with(":   ")
}

/// A fence whose end is looked for, as pymdownx does.
struct OpenFence {
    line: Range<usize>,
    /// What is before it on its line: blanks, and marks of quotes.
    prefix: String,
    fence: Fence,
}

enum FenceLine {
    Inside,
    End,
    Abandoned,
}

impl OpenFence {
    fn begin(line: &str, span: &Range<usize>) -> Option<OpenFence> {
        let rest = line.trim_start_matches([' ', '\t', '>']);
        let mark = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let header = rest.trim_start_matches(mark);
        let length = rest.len() - header.len();
        if length < 3 || !is_header(header) {
            return None;
        }
        let prefix = line[..line.len() - rest.len()].replace('\t', "    ");
        let is_mermaid = header.contains("mermaid");
        Some(OpenFence { line: span.clone(), prefix, fence: Fence { mark, length, is_mermaid } })
    }

    fn next(&self, line: &str) -> FenceLine {
        let line = line.replace('\t', "    ");
        let ends = |c: char| matches!(c, ' ' | '>');
        let found: usize = line.chars().take(self.prefix.len()).take_while(|&c| ends(c)).count();
        let content = &line[found..];
        let quotes = |text: &str| text.matches('>').count();
        if content.is_empty() && quotes(&self.prefix) == 0 {
            return FenceLine::Inside;
        }
        if found != self.prefix.len() && !content.trim().is_empty()
            || quotes(&line[..found]) != quotes(&self.prefix)
        {
            return FenceLine::Abandoned;
        }
        let rest = content.trim_start_matches(self.fence.mark);
        if content.len() - rest.len() == self.fence.length && rest.trim().is_empty() {
            return FenceLine::End;
        }
        FenceLine::Inside
    }
}

/// Whether pymdownx takes this, behind the marks of a fence, for a language with options.
fn is_header(header: &str) -> bool {
    let header = header.trim();
    if header.is_empty() {
        return true;
    }
    if header.ends_with('}') && header.contains('{') {
        return true;
    }
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '.' | '+' | '-');
    let language = header.trim_start_matches(word);
    if !(language.is_empty() || language.starts_with([' ', '\t', '='])) {
        return false;
    }
    // A language is a word alone; what has a value is an option already.
    let mut rest = if language.starts_with('=') { header } else { language };
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return true;
        }
        let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let key = &rest[..rest.len() - after.len()];
        let Some(value) = after.strip_prefix('=') else {
            return false;
        };
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return false };
        // The quote that ends it is one with a blank behind; what is read ends at the first.
        let ends = |at: usize| value[at + 1..].is_empty() || value[at + 1..].starts_with([' ', '\t']);
        let Some(end) = value.match_indices(quote).map(|(at, _)| at).find(|&at| at > 0 && ends(at)) else {
            return false;
        };
        let text = value[1..=end].split(quote).next().unwrap_or_default();
        rest = &value[end + 1..];
        let is_read = match key {
            "title" | "linenums" => true,
            "hl_lines" => text == "X" || text.contains('X') || text.starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        };
        if !is_read {
            return false;
        }
    }
}

/// What CommonMark reads: ranges of each kind, in order.
#[derive(Default)]
struct Markdown {
    text: String,
    texts: Vec<Range<usize>>,
    code_spans: Vec<Range<usize>>,
    indented_code: Vec<Range<usize>>,
    /// Fences of CommonMark's that are none of pymdownx's.
    unread_fences: Vec<Range<usize>>,
    links: Vec<Range<usize>>,
    images: Vec<Range<usize>>,
    headings: Vec<Range<usize>>,
    autolinks: Vec<Range<usize>>,
    html: HtmlPlaces,
}

impl Markdown {
    fn read(text: &str, lines: &Lines) -> Markdown {
        let mut markdown = Markdown { text: text.to_owned(), ..Markdown::default() };
        let mut tags: Vec<(Range<usize>, bool)> = Vec::new();
        let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES);
        // A definition is a link whose text is elsewhere.
        markdown.links.extend(parser.reference_definitions().iter().map(|(_, known)| known.span.clone()));
        for (event, range) in parser.into_offset_iter() {
            let Markdown {
                texts,
                code_spans,
                indented_code,
                unread_fences,
                links,
                images,
                headings,
                autolinks,
                ..
            } = &mut markdown;
            match event {
                Event::Text(_) => texts.push(range),
                Event::Code(_) => code_spans.push(range),
                Event::InlineHtml(_) => tags.push((range, false)),
                Event::Start(Tag::HtmlBlock) => tags.push((range, true)),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => indented_code.push(range),
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => unread_fences.push(range),
                Event::Start(Tag::Link { link_type: LinkType::Autolink | LinkType::Email, .. }) => {
                    autolinks.push(range)
                }
                Event::Start(Tag::Link { .. }) => links.push(range),
                Event::Start(Tag::Image { .. }) => images.push(range),
                Event::Start(Tag::Heading { .. }) => headings.push(range),
                _ => {}
            }
        }
        markdown.links.sort_by_key(|range| range.start);
        let is_fenced = |at: usize| {
            let next = lines.fences.partition_point(|(line, ..)| line.start <= at);
            lines.fences[..next].last().is_some_and(|(_, inside, _)| at < inside.end)
        };
        markdown.html = HtmlPlaces::find(text, &tags, is_fenced);
        markdown
    }

    /// Whether prose at this place may hold a link.
    fn takes_link(&self, at: usize) -> bool {
        [&self.links, &self.images, &self.headings].into_iter().all(|ranges| holds(ranges, at).is_none())
    }

    fn context(&self, hole: &Range<usize>) -> Context {
        let at = hole.start;
        let is_in = |ranges: &[Range<usize>]| holds(ranges, at).is_some();
        if let Some(context) = self.html.context(at) {
            return context;
        }
        if is_in(&self.unread_fences) || is_in(&self.indented_code) {
            return Context::MaybeCode;
        }
        if let Some(range) = holds(&self.code_spans, at) {
            return Context::CodeSpan(range.clone());
        }
        if is_in(&self.autolinks) {
            return Context::LinkDestination { is_whole: false };
        }
        match holds(&self.images, at).or_else(|| holds(&self.links, at)) {
            Some(link) if !is_in(&self.texts) => destination(&self.text[link.start..at]),
            _ => Context::Prose,
        }
    }
}

/// The context behind `before`, which is a link, or its definition, up to the hole.
fn destination(before: &str) -> Context {
    let start = ["](", "]:"].iter().filter_map(|mark| before.rfind(mark)).max();
    let inside = start.map_or(before, |start| &before[start + 2..]);
    match open_quote(inside) {
        Some(quote) => Context::Title(quote),
        None if inside.trim_start().contains([' ', '\n']) => Context::Title(')'),
        None => Context::LinkDestination { is_whole: inside.trim_start_matches(['<', ' ', '\n']).is_empty() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The context of the one hole, written `@`, of a text.
    fn of(text: &str) -> Context {
        let at = text.find('@').unwrap();
        contexts(text, std::slice::from_ref(&(at..at + 1)), &[]).remove(0).0
    }

    #[test]
    fn a_link_goes_into_prose_and_into_no_other_link() {
        let takes = |text: &str| {
            let at = text.find('@').unwrap();
            contexts(text, std::slice::from_ref(&(at..at + 1)), &[]).remove(0).1
        };
        for text in ["@", "- a @ b", "| a |\n| - |\n| @ |\n", "> *@*", "!!! note\n    @\n", "# a\n\n@"] {
            assert!(takes(text), "{text}");
        }
        for text in ["# @", "## a @\n", "@\n===\n", "[a @](x)", "![@](x)", "[a @][b]\n\n[b]: x\n", "`@`"] {
            assert!(!takes(text), "{text}");
        }
    }

    fn fence(mark: char, length: usize) -> Context {
        Context::Fence(Fence { mark, length, is_mermaid: false })
    }

    #[test]
    fn prose_is_where_markdown_is_read() {
        for text in [
            "a @ b",
            "# @",
            "- @\n",
            "1. a\n\n    @\n",
            "| a |\n| - |\n| @ |\n",
            "[@](x)",
            "*@*",
            "> @",
            "!!! note\n\n    @\n",
            "=== \"A\"\n\n    === \"B\"\n\n        @\n",
            "???+ note \"x\"\n    a\n\n    - b\n\n        @\n",
            "a <b>@</b>",
            "<div markdown>\n\n@\n\n</div>",
            "`a` @ `b`",
            "costs $5, @, $6",
        ] {
            assert_eq!(of(text), Context::Prose, "{text}");
        }
    }

    #[test]
    fn fences_are_those_of_pymdownx() {
        assert_eq!(of("```\n@\n```\n"), fence('`', 3));
        assert_eq!(of("```` json title=\"a\" hl_lines=\"1 2\"\n@\n````\n"), fence('`', 4));
        assert_eq!(of("``` json hl_lines=\"2\"\"\n@\n```\n"), fence('`', 3));
        assert_eq!(of("~~~ { .json }\n@\n~~~"), fence('~', 3));
        assert_eq!(of("=== \"A\"\n    ``` json\n    @\n    ```\n"), fence('`', 3));
        assert_eq!(of("- a\n  ```\n  @\n  ```\n"), fence('`', 3));
        assert_eq!(of("> ```\n> @\n> ```\n"), fence('`', 3));
        assert_eq!(of("```\n````\n@\n```\n"), fence('`', 3));
        let mermaid = Context::Fence(Fence { mark: '`', length: 3, is_mermaid: true });
        assert_eq!(of("``` mermaid\n@\n```\n"), mermaid);
        assert_eq!(of("``` json title=\"@\"\nx\n```\n"), Context::FenceOption('"'));
        assert_eq!(of("``` @\nx\n```\n"), Context::FenceWord);
    }

    #[test]
    fn what_only_looks_like_a_fence_may_be_prose() {
        for text in
            ["```\n@\n", "``` json title=a\n@\n```\n", "``` json hl_lines=\"\"\n@\n```\n", "```\n@\n````\n"]
        {
            assert_eq!(of(text), Context::MaybeCode, "{text}");
        }
    }

    #[test]
    fn code_titles_links_and_front_matter_are_told_apart() {
        assert_eq!(of("a `b @ c`"), Context::CodeSpan(2..9));
        assert_eq!(of("a\n\n    @\n"), Context::MaybeCode);
        assert_eq!(of("!!! note \"a @\"\n    x\n"), Context::Title('"'));
        assert_eq!(of("=== \"@\"\n    x\n"), Context::Title('"'));
        assert!(matches!(of("!!! @ \"a\"\n    x\n"), Context::Unsafe { .. }));
        assert_eq!(of("[a](@)"), Context::LinkDestination { is_whole: true });
        assert_eq!(of("![a](<@>)"), Context::LinkDestination { is_whole: true });
        assert_eq!(of("[a](https://h/@)"), Context::LinkDestination { is_whole: false });
        assert_eq!(of("[a](x \"@\")"), Context::Title('"'));
        assert_eq!(of("[![a](x)](@)"), Context::LinkDestination { is_whole: true });
        assert_eq!(of("[a]\n\n[a]: @\n"), Context::LinkDestination { is_whole: true });
        assert_eq!(of("<https://h/@>"), Context::LinkDestination { is_whole: false });
        assert_eq!(of("---\ntitle: @\n---\n"), Context::FrontMatter(Scalar::Whole));
        assert_eq!(of("---\ntitle: a @\n---\n"), Context::FrontMatter(Scalar::Part));
        assert_eq!(of("---\ntitle: \"a @\"\n---\n"), Context::FrontMatter(Scalar::Double));
        assert_eq!(of("---\ntags:\n  - '@'\n---\n"), Context::FrontMatter(Scalar::Single));
        assert_eq!(of("--8<-- \"@\"\n"), Context::SnippetPath);
    }

    #[test]
    fn html_is_a_place_of_its_own() {
        let attribute = |is_link| Context::HtmlAttribute { is_link };
        assert_eq!(of("<div>@</div>"), Context::Html);
        // CommonMark reads this as prose, Python-Markdown hands it on.
        assert_eq!(of("<div>\n\n@\n\n</div>"), Context::Html);
        assert_eq!(of("<div>\n\n```\n@\n```\n\n</div>"), fence('`', 3));
        assert_eq!(of("<!-- @ -->"), Context::Html);
        assert_eq!(of("a <b title=\"@\">"), attribute(false));
        assert_eq!(of("a <a href=\"@\">"), attribute(true));
        assert_eq!(of("a <a href='/x/@'>"), attribute(false));
        for text in [
            "a <a href=@>",
            "a <b @>",
            "a <@>",
            "a <a onclick=\"f('@')\">",
            "<p style=\"@\">x</p>",
            "<script>\nlet a = '@'\n</script>",
            "a <script>@</script>",
            "<div>\n\n<script>\n\n@\n</script></div>",
            "<style>@</style>",
        ] {
            assert!(matches!(of(text), Context::Unsafe { .. }), "{text}: {:?}", of(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_contexts(text in "[-`~!?=\"'<>/a @\\[\\](){}#|:\\n\\t가.8]{0,60}") {
            let holes: Vec<_> = text.match_indices('@').map(|(at, _)| at..at + 1).collect();
            assert_eq!(contexts(&text, &holes, &[]).len(), holes.len());
        }
    }
}
