//! Where in raw HTML a hole is: in a tag, in an attribute, in an element whose text is code.
//!
//! Markdown hands HTML on as it is, so text there is in the hands of the browser's own rules.
//! Only as much of them is known here as decides what text may do: the states of the tokenizer
//! of the HTML standard that matter between tags. What this leaves out: elements and their
//! nesting, beyond the one that Python-Markdown keeps raw up to its end.

use std::ops::Range;

use super::context::Context;

/// What a browser makes of a place in HTML.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum HtmlPlace {
    /// Text between tags, or a comment.
    Text,
    /// Text that is none of HTML's.
    Prose,
    /// The value of an attribute, in quotes.
    Attribute {
        name: String,
        /// Whether it begins here.
        is_whole: bool,
    },
    /// Anything else of a tag.
    Tag,
    /// The text of a script, or the like.
    Code,
}

impl HtmlPlace {
    pub(super) fn context(&self) -> Context {
        let no = |reason, instead| Context::Unsafe { reason, instead };
        match self {
            HtmlPlace::Text => Context::Html,
            HtmlPlace::Prose => Context::Prose,
            HtmlPlace::Tag => no(
                "this is inside a tag of HTML and not in quotes, so that text of others becomes attributes",
                "write the attribute's value in double quotes",
            ),
            HtmlPlace::Code => {
                no("a browser runs this as code", "put the text outside `<script>` and `<style>`")
            }
            HtmlPlace::Attribute { name, is_whole } => match name.as_str() {
                "style" | "srcdoc" | "srcset" => {
                    no("a browser reads this attribute as code", "put the text between tags")
                }
                name if name.starts_with("on") => {
                    no("a browser runs this attribute as a script", "put the text between tags")
                }
                "href" | "src" | "action" | "formaction" | "data" | "poster" | "background" | "cite"
                | "ping" | "xlink:href" | "longdesc" | "manifest" => {
                    Context::HtmlAttribute { is_link: *is_whole }
                }
                _ => Context::HtmlAttribute { is_link: false },
            },
        }
    }
}

/// The places of raw HTML in a text, in order.
#[derive(Debug, Default)]
pub(super) struct HtmlPlaces {
    /// Values in quotes; each is in a tag of `others`.
    attributes: Vec<(Range<usize>, HtmlPlace)>,
    others: Vec<(Range<usize>, HtmlPlace)>,
}

impl HtmlPlaces {
    /// Finds them. `tags` are the ranges that Markdown reads as HTML, and whether each is a block;
    /// what is fenced is code.
    pub(super) fn find(
        text: &str,
        tags: &[(Range<usize>, bool)],
        is_fenced: impl Fn(usize) -> bool,
    ) -> HtmlPlaces {
        let mut places = HtmlPlaces::default();
        let mut read = 0;
        for (range, is_block) in tags {
            let mut at = range.start.max(read);
            while at < range.end {
                // Python-Markdown reads nothing up to the end of an element that begins a block.
                let raw = places.token(text, at, range.end, *is_block).filter(|tag| {
                    *is_block
                        && at == range.start
                        && !tag.is_markdown
                        && !VOID.contains(&tag.name.as_str())
                        && !INLINE.contains(&tag.name.as_str())
                });
                at = places.end(at);
                if let Some(tag) = raw {
                    let close = find_close(text, at, &tag.name, &is_fenced);
                    while at < close {
                        places.token(text, at, close, true);
                        at = places.end(at);
                    }
                }
            }
            read = read.max(at);
        }
        places
    }

    /// The context of a place, if it is in raw HTML.
    pub(super) fn context(&self, at: usize) -> Option<Context> {
        let find = |places: &[(Range<usize>, HtmlPlace)]| {
            let next = places.partition_point(|(range, _)| range.start <= at);
            let (range, place) = places[..next].last()?;
            range.contains(&at).then(|| place.context())
        };
        find(&self.attributes).or_else(|| find(&self.others))
    }

    /// Where what was read last ends, which began at `at`.
    fn end(&self, at: usize) -> usize {
        self.others.last().map_or(at, |(range, _)| range.end).max(at + 1)
    }

    /// Adds what begins at `at`, where text goes up to `end`; the tag, if it opens an element.
    fn token(&mut self, text: &str, at: usize, end: usize, is_block: bool) -> Option<HtmlTag> {
        match Token::at(text, at) {
            // Between tags of a paragraph is prose.
            Token::Text(next) => {
                let place = if is_block { HtmlPlace::Text } else { HtmlPlace::Prose };
                self.others.push((at..next.min(end), place));
                None
            }
            Token::Comment(next) => {
                self.others.push((at..next, HtmlPlace::Text));
                None
            }
            Token::Tag(mut tag) => {
                self.attributes.append(&mut tag.attributes);
                self.others.push((at..tag.end, HtmlPlace::Tag));
                if tag.is_closing || tag.is_closed {
                    return None;
                }
                if CODE.contains(&tag.name.as_str()) {
                    let close = find_close(text, tag.end, &tag.name, |_| false);
                    self.others.push((tag.end..close, HtmlPlace::Code));
                    return None;
                }
                Some(tag)
            }
        }
    }
}

/// Elements whose text a browser does not read as text.
const CODE: &[&str] = &[
    "script",
    "style",
    "iframe",
    "noembed",
    "noframes",
    "noscript",
    "plaintext",
    "xmp",
    "template",
    "object",
    "embed",
];

const VOID: &[&str] =
    &["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// Elements that begin no block.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "button", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
    "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var",
    "big", "tt",
];

/// Where the closing tag of the element `name` begins whose content begins at `from`; the text's end without one.
fn find_close(text: &str, from: usize, name: &str, is_fenced: impl Fn(usize) -> bool) -> usize {
    let mut depth = 1;
    let mut at = from;
    while let Some(found) = text[at..].find('<').map(|found| at + found) {
        at = found + 1;
        if is_fenced(found) {
            continue;
        }
        let (is_closing, rest) = match text[at..].strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, &text[at..]),
        };
        let word = &rest[..rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).len()];
        if !word.eq_ignore_ascii_case(name) {
            continue;
        }
        if is_closing {
            depth -= 1;
            if depth == 0 {
                return found;
            }
        } else if !CODE.contains(&name) {
            depth += 1;
        }
    }
    text.len()
}

enum Token {
    Text(usize),
    Comment(usize),
    Tag(HtmlTag),
}

struct HtmlTag {
    name: String,
    end: usize,
    is_closing: bool,
    is_closed: bool,
    is_markdown: bool,
    attributes: Vec<(Range<usize>, HtmlPlace)>,
}

impl Token {
    /// The token that begins at `at`.
    fn at(text: &str, at: usize) -> Token {
        let rest = &text[at..];
        let to_end =
            |found: Option<usize>, length: usize| found.map_or(text.len(), |found| at + found + length);
        if rest.starts_with("<!--") {
            return Token::Comment(to_end(rest.find("-->"), 3));
        }
        if rest.starts_with("<!") || rest.starts_with("<?") {
            return Token::Comment(to_end(rest.find('>'), 1));
        }
        let name = rest.strip_prefix('<').map(|rest| rest.strip_prefix('/').unwrap_or(rest));
        if name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
            return Token::Tag(HtmlTag::read(text, at));
        }
        let first = rest.chars().next().map_or(1, char::len_utf8);
        Token::Text(rest[first..].find('<').map_or(text.len(), |found| at + first + found))
    }
}

impl HtmlTag {
    fn read(text: &str, start: usize) -> HtmlTag {
        let bytes = text.as_bytes();
        let is_closing = bytes.get(start + 1) == Some(&b'/');
        let mut at = start + 1 + usize::from(is_closing);
        let word = |at: usize| {
            text[at..]
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))
                .map_or(text.len(), |end| at + end)
        };
        let end = word(at);
        let name = text[at..end].to_ascii_lowercase();
        at = end;
        let mut tag = HtmlTag {
            name,
            end: text.len(),
            is_closing,
            is_closed: false,
            is_markdown: false,
            attributes: Vec::new(),
        };
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'>' => {
                    tag.end = at + 1;
                    tag.is_closed = bytes[at - 1] == b'/';
                    return tag;
                }
                b if b.is_ascii_whitespace() || b == b'/' || b == b'=' => at += 1,
                _ => {
                    let end = word(at);
                    let name = text[at..end].to_ascii_lowercase();
                    tag.is_markdown |= name == "markdown";
                    at = end;
                    let value = text[at..].trim_start();
                    let Some(value) = value.strip_prefix('=').map(str::trim_start) else { continue };
                    at = text.len() - value.len();
                    match bytes.get(at) {
                        Some(&quote @ (b'"' | b'\'')) => {
                            let inside = at + 1;
                            let end =
                                text[inside..].find(char::from(quote)).map_or(text.len(), |end| inside + end);
                            // A link leads where its first word says.
                            let first =
                                inside + (text[inside..end].len() - text[inside..end].trim_start().len());
                            let attribute = |is_whole| HtmlPlace::Attribute { name: name.clone(), is_whole };
                            tag.attributes.push((inside..(first + 1).min(end), attribute(true)));
                            tag.attributes.push(((first + 1).min(end)..end, attribute(false)));
                            at = (end + 1).min(text.len());
                        }
                        _ => {
                            at = text[at..]
                                .find(|c: char| c.is_ascii_whitespace() || c == '>')
                                .map_or(text.len(), |end| at + end)
                        }
                    }
                }
            }
        }
        tag
    }
}
