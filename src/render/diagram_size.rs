//! Diagrams that are too long to be drawn.
//!
//! Mermaid draws nothing of a diagram of more than 50,000 characters, and a page cannot raise that: its
//! reader sees an error where the steps should be. So docgen draws such a diagram in parts, and whoever makes the
//! page is told; also where a page source or a template of the user's has one that is still too long. What this
//! leaves out: diagrams that can be drawn and that nobody can read.

use memchr::memmem;

use super::escape::mermaid;
use super::templates::Content;
use crate::page::{DiagramItem, DiagramPart, DrawnParticipant, Outline, Page};
use crate::sequence::Side;
use crate::settings::{DiagramFormat, Layout};

/// The most characters of a diagram that mermaid draws (`maxTextSize`, in units of UTF-16).
pub const MOST: usize = 50_000;

/// What a diagram may have besides the lines of participants and messages, at most: its head, which templates write.
const HEAD: usize = 500;

/// The parts in which a page's diagram is drawn; in the layout `exchanges` that is what the client sees.
pub fn parts(page: &Page) -> Vec<DiagramPart> {
    parts_of(page, if page.layout == Layout::Exchanges { &page.client_view } else { &page.diagram })
}

/// The parts in which a diagram of a page is drawn, in order, none of them longer than mermaid takes; none where all
/// of it can be drawn at once, which docgen itself always can.
pub fn parts_of(page: &Page, diagram: &[DiagramItem]) -> Vec<DiagramPart> {
    if page.diagram_format == DiagramFormat::Svg {
        return Vec::new();
    }
    if diagram.iter().map(most_units_of).sum::<usize>() <= MOST / 2 {
        return Vec::new();
    }
    let head: usize = HEAD + page.participants.iter().map(units_of_participant).sum::<usize>();
    let sizes: Vec<usize> = diagram.iter().map(|item| units_of(page, item)).collect();
    if head + sizes.iter().sum::<usize>() <= MOST {
        return Vec::new();
    }
    let mut ends = Vec::new();
    // A part repeats the boxes that are open where it begins, and closes those that are open where it ends.
    let (mut open, mut size, mut last): (Vec<usize>, usize, Option<u32>) = (Vec::new(), head, None);
    for (item, units) in diagram.iter().zip(&sizes) {
        match item {
            DiagramItem::Begin { .. } => open.push(*units),
            DiagramItem::End { .. } => drop(open.pop()),
            DiagramItem::Message { message, .. } => {
                if let Some(last) = last.filter(|_| size + units > MOST) {
                    ends.push(last);
                    size = head + 2 * open.iter().sum::<usize>();
                }
                last = Some(message.number);
            }
            _ => {}
        }
        size += units;
    }
    ends.extend(last);
    let outline = Outline::of(page, diagram);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ranges = starts.zip(&ends).map(|(before, &end)| before + 1..=end);
    ranges.filter_map(|numbers| outline.part(page, diagram, numbers)).collect()
}

fn units_of_participant(participant: &DrawnParticipant) -> usize {
    let label = participant.label.as_deref().map_or(0, |label| units(&mermaid(label)));
    "  participant  as \n".len() + participant.id.len() + label
}

/// How many characters a line of the diagram has at most, which is soon told: nearly all diagrams are short.
fn most_units_of(item: &DiagramItem) -> usize {
    // A character has a byte at least, and what is escaped has up to eight.
    let escaped = |text: &str| {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" -._/?=&,()[]{}+@~!*".contains(byte);
        text.len() + 7 * text.bytes().filter(|byte| !is_plain(byte)).count()
    };
    let texts = match item {
        DiagramItem::Message { message, .. } | DiagramItem::Unanswered { message, .. } => {
            let failure = message.failure.as_deref().unwrap_or_default();
            message.from.len()
                + message.to.len()
                + escaped(&message.verb)
                + escaped(&message.path)
                + escaped(failure)
        }
        DiagramItem::Note { position, text, .. } => position.len() + escaped(text),
        DiagramItem::Begin { title, .. } => escaped(title),
        DiagramItem::Number { .. } | DiagramItem::End { .. } => 0,
    };
    2 * item.depth() + WORDS + texts
}

/// What a line has beside its texts, at most: signs, and words of the page's language.
const WORDS: usize = 128;

/// How many characters a line of the diagram has, as the layout's default template writes it.
fn units_of(page: &Page, item: &DiagramItem) -> usize {
    let is_parted = page.layout == Layout::Snippets;
    let indent = 2 * item.depth() + if is_parted { 4 } else { 2 };
    let written = |text: &[&str]| units(&mermaid(&text.concat()));
    let line = match item {
        DiagramItem::Message { message, .. } => {
            let path = match message.side {
                Side::Response if !is_parted => "",
                _ => &*message.path,
            };
            let response = if is_parted { "" } else { page.phrases.get("response") };
            let text = written(&[&message.verb, " ", path]);
            let response = if message.side == Side::Response { written(&[response, ": "]) } else { 0 };
            "-->>: \n".len() + message.from.len() + message.to.len() + text + response
        }
        DiagramItem::Unanswered { message, .. } => {
            let failure = message.failure.as_deref().unwrap_or_default();
            let text = written(&[page.phrases.get("no_response"), ": ", failure]);
            "Note over ,: \n".len() + message.from.len() + message.to.len() + text
        }
        DiagramItem::Note { position, text, .. } => "Note : \n".len() + position.len() + written(&[text]),
        DiagramItem::Begin { keyword, title, .. } => " \n".len() + keyword.len() + written(&[title]),
        DiagramItem::Number { .. } => "autonumber 4294967295\n".len(),
        DiagramItem::End { .. } => "end\n".len(),
    };
    indent + line
}

/// Diagrams of a page's files that are too long: the index of the file, and how many characters it has.
pub fn too_long(files: &[(String, &Content)]) -> Vec<(usize, usize)> {
    let included = files.iter().find(|(name, _)| name == "diagram.md" || name.ends_with("/diagram.md"));
    let included = included.map_or("", |(_, content)| content.as_str());
    let mut found = Vec::new();
    for (index, (name, content)) in files.iter().enumerate() {
        let page = content.as_str();
        // A character has a byte at least; the parts of a page are in one of its fences, or in none.
        if page.len() + included.len() * 4 <= MOST || name.ends_with("/log.md") || name == "log.md" {
            continue;
        }
        let sizes = diagrams(page, included);
        found.extend(sizes.into_iter().filter(|&size| size > MOST).map(|size| (index, size)));
    }
    found
}

/// How many characters each diagram of a page has, with the lines that are included.
fn diagrams(page: &str, included: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut from = 0;
    // Pages are long, and few of their lines open a diagram.
    while let Some(found) = memmem::find(&page.as_bytes()[from..], b"mermaid") {
        let at = from + found;
        let start = page[from..at].rfind('\n').map_or(from, |end| from + end + 1);
        let mut lines = page[start..].split_inclusive('\n');
        from = start + lines.next().map_or(0, str::len);
        let Some(fence) = fence_of_diagram(&page[start..from]) else { continue };
        let mut size = 0;
        for line in lines {
            from += line.len();
            let line = line.trim_end_matches(['\r', '\n']);
            let bare = line.trim_start();
            if bare.trim_end() == fence {
                sizes.push(size);
                break;
            }
            size += if bare.starts_with("--8<-- ") && bare.contains("diagram.md\"") {
                let indent = line.len() - bare.len();
                included.lines().map(|line| indent + units(line) + 1).sum::<usize>()
            } else {
                units(line) + 1
            };
        }
    }
    sizes
}

/// The backticks of a line that opens the fence of a diagram.
fn fence_of_diagram(line: &str) -> Option<&str> {
    let bare = line.trim_start();
    let info = bare.trim_start_matches('`');
    let fence = &bare[..bare.len() - info.len()];
    (fence.len() >= 3 && info.trim() == "mermaid").then_some(fence)
}

fn units(line: &str) -> usize {
    if line.is_ascii() { line.len() } else { line.encode_utf16().count() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::page::Input;
    use crate::render::templates::Templates;
    use crate::settings::{Layer, Settings};
    use crate::source::requestshook_writer;
    use crate::trace::{Exchange, Request, Response, Trace};

    /// The diagrams that are too long of files with these names and texts.
    fn found(files: &[(&str, String)]) -> Vec<(usize, usize)> {
        let made: Vec<Content> = files.iter().map(|(_, text)| Content::Own(text.clone())).collect();
        let named: Vec<_> =
            files.iter().zip(&made).map(|((name, _), made)| ((*name).to_owned(), made)).collect();
        too_long(&named)
    }

    /// A page of so many exchanges, all of them in a box if `boxed`.
    fn page(layout: Layout, count: usize, boxed: bool) -> (Templates, Arc<Page>) {
        let exchange = |index: usize| Exchange {
            from: Some("client".into()),
            to: Some(["glance", "nova"][index % 2].into()),
            started: index as i64 * 2,
            ended: Some(index as i64 * 2 + 1),
            request: Request {
                method: "GET".into(),
                url: format!("http://h/v2/a;b/{index}").into(),
                ..Request::default()
            },
            response: Some(Response { status: 200, reason: "OK".into(), ..Response::default() }),
            ..Exchange::default()
        };
        let trace = Trace { exchanges: (0..count).map(exchange).collect(), ..Trace::default() };
        let (trace, log) = requestshook_writer::rewrite(trace);
        let templates = Templates::new(BTreeMap::new()).unwrap();
        let phrases = templates.phrases("en").unwrap();
        let group = "[[group]]\nkind = 'loop'\ntitle = 'again'\nfirst = 'glance GET /v2/a;b/0'\n";
        let last = format!("last = '{} GET /v2/a;b/{}'\n", ["glance", "nova"][(count - 1) % 2], count - 1);
        let text = format!(
            "layout = '{}'\n{}",
            layout.name(),
            if boxed { group.to_owned() + &last } else { String::new() }
        );
        let settings = Settings::resolve(&[Layer::parse("capture.toml".as_ref(), &text).unwrap()]);
        let input =
            Input { phrases: &phrases, log: &log, path: "a", ..Input::of_trace(&trace, &settings, None) };
        let page = Arc::new(Page::new(&input).unwrap());
        (templates, page)
    }

    #[test]
    fn what_is_too_long_is_drawn_in_parts_that_are_not() {
        for (layout, boxed) in [
            (Layout::Page, false),
            (Layout::Page, true),
            (Layout::Snippets, true),
            (Layout::Exchanges, false),
        ] {
            let (templates, page) = page(layout, 700, boxed);
            let files = templates.lay_out(&page, |_| true).unwrap();
            let named: Vec<_> =
                files.iter().map(|(file, content)| (file.ending.to_owned(), content)).collect();
            assert_eq!(too_long(&named), [], "{layout:?}");
            let main = files.iter().find(|(file, _)| *file == layout.traits().main()).unwrap().1.as_str();
            let sizes = diagrams(main, "");
            assert_eq!(sizes.len(), parts(&page).len());
            assert!(sizes.len() > 1 && sizes[0] > MOST * 8 / 10, "{sizes:?}");
            let drawn = main.lines().filter(|line| line.contains(">>") && line.contains(": ")).count();
            assert_eq!(drawn, 1400);
            let boxes = |word: &str| main.lines().filter(|line| line.trim().starts_with(word)).count();
            assert_eq!(
                (boxes("loop again"), boxes("end")),
                if boxed { (sizes.len(), sizes.len()) } else { (0, 0) }
            );
        }
    }

    #[test]
    fn what_can_be_drawn_at_once_is() {
        let (templates, page) = page(Layout::Page, 300, false);
        assert!(parts(&page).is_empty());
        let files = templates.lay_out(&page, |_| true).unwrap();
        assert_eq!(diagrams(files[0].1.as_str(), "").len(), 1);
    }

    #[test]
    fn a_diagram_has_the_characters_that_mermaid_counts() {
        let of = |line: &str| found(&[("a.md", format!("# t\n\n``` mermaid\n{line}\n```\n\n{line}\n"))]);
        assert_eq!(of(&"x".repeat(MOST - 1)), []);
        assert_eq!(of(&"x".repeat(MOST)), [(0, MOST + 1)]);
        // A character of three bytes is one, one beyond 16 bits is two.
        assert_eq!(of(&"가".repeat(MOST - 1)), []);
        assert_eq!(of(&"🛰".repeat(MOST / 2)), [(0, MOST + 1)]);
    }

    #[test]
    fn every_diagram_counts_and_nothing_that_only_names_mermaid() {
        let long = "x".repeat(MOST);
        let short = "``` mermaid\nmermaid\n```\n";
        let named = format!("mermaid ``` mermaid\n``` mermaids\n{long}\n```\n");
        assert_eq!(found(&[("a.md", format!("{short}{named}{short}"))]), []);
        let opened = format!("{short}{named}  ````  mermaid  \r\n```\n{long}\n````\n{short}");
        assert_eq!(found(&[("a.md", opened)]), [(0, "```\n".len() + MOST + 1)]);
    }

    #[test]
    fn what_is_included_counts_with_its_indent() {
        let index = "``` mermaid\nsequenceDiagram\n    --8<-- \"a/diagram.md\"\n```\n".to_owned();
        let of = |lines: usize| {
            found(&[("a/diagram.md", "a->>b: c\n".repeat(lines)), ("a/index.md", index.clone())])
        };
        let size = |lines: usize| "sequenceDiagram\n".len() + lines * (4 + "a->>b: c\n".len());
        assert_eq!(of(3_000), []);
        assert_eq!(of(4_000), [(1, size(4_000))]);
    }
}
