//! Diagrams drawn ahead: what a template writes for mermaid, as a drawing in the page.
//!
//! A template writes the same lines whoever draws them. Where a page holds its diagrams as SVG, these stand
//! between two marks in place of a fence ([`start`], [`end`]), and [`draw`] puts a drawing there before anybody
//! else sees the text. `merman` lays it out (`engine`), which knows mermaid's language and its looks; what it draws is
//! read as shapes (`shapes`), of which only those that a sequence diagram has are known, and written anew
//! (`write`), each message with all of it as one link (`areas`), and so a note that names steps: a text that was captured
//! is never part of what another program wrote. What this leaves out: a fence that somebody wrote by hand, which is
//! theirs, and colours, which are the style sheet's (docgen.css).

#[cfg(feature = "svg")]
mod areas;
#[cfg(feature = "svg")]
mod engine;
#[cfg(feature = "svg")]
mod shapes;
#[cfg(feature = "svg")]
mod write;

use crate::error::{Error, ErrorKind, Result};
use crate::settings::{DiagramFormat, Settings};

/// What stands before and behind the lines of a diagram that is to be drawn. No text that was captured has these
/// characters on a page ([`crate::page::visible`]), and who writes them into a phrase gets a drawing or an error.
const MARKS: [&str; 2] = ["\u{1}diagram\u{2}", "\u{1}end of diagram\u{2}"];

/// What stands above the lines of a diagram.
pub(super) fn start(format: DiagramFormat) -> &'static str {
    match format {
        DiagramFormat::Mermaid => "``` mermaid",
        DiagramFormat::Svg => MARKS[0],
    }
}

/// What stands below the lines of a diagram.
pub(super) fn end(format: DiagramFormat) -> &'static str {
    match format {
        DiagramFormat::Mermaid => "```",
        DiagramFormat::Svg => MARKS[1],
    }
}

/// A message or a note of a drawing, as far as it tells where it leads.
pub(super) struct Drawn<'d> {
    /// The title of its diagram.
    pub(super) title: &'d str,
    /// The first line of what it says.
    pub(super) text: &'d str,
    /// Its number, where the diagram counts; of a note the first that it names.
    pub(super) number: Option<u32>,
}

/// The anchor that a message or a note leads to, if there is one.
type LinkOf<'l, 'a> = &'l dyn Fn(&Drawn<'_>) -> Option<&'a str>;

/// `text` with a drawing for each of its marked diagrams, a message or a note of which leads to where `link_of` says.
///
/// # Errors
/// [`ErrorKind::Template`] where a diagram cannot be drawn.
pub(super) fn draw<'a>(text: String, format: DiagramFormat, link_of: LinkOf<'_, 'a>) -> Result<String> {
    if format == DiagramFormat::Mermaid || !text.contains(MARKS[0]) {
        return Ok(text);
    }
    let mut drawn = String::with_capacity(text.len() * 4);
    let mut parts = text.split(MARKS[0]);
    drawn.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (diagram, behind) = part.split_once(MARKS[1]).unwrap_or((part, ""));
        let before = &drawn[drawn.rfind('\n').map_or(0, |end| end + 1)..];
        let indent = if before.trim().is_empty() { before.to_owned() } else { String::new() };
        let drawing = drawing(diagram.trim_start_matches('\n'), link_of).map_err(|reason| {
            Error::new(ErrorKind::Template, format!("this page's diagram cannot be drawn: {reason}"))
                .hint("templates of your own write what mermaid reads; `diagram = \"mermaid\"` leaves it to mermaid")
        })?;
        drawn.push_str(&drawing.replace('\n', &["\n", &indent].concat()));
        drawn.push_str(behind);
    }
    Ok(drawn)
}

/// The lines of a drawing, without the end of the last.
#[cfg(feature = "svg")]
fn drawing<'a>(diagram: &str, link_of: LinkOf<'_, 'a>) -> Result<String, String> {
    Ok(write::html(&shapes::Drawing::read(&engine::svg(diagram)?)?, link_of))
}

#[cfg(not(feature = "svg"))]
fn drawing<'a>(_: &str, _: LinkOf<'_, 'a>) -> Result<String, String> {
    Err(WITHOUT.into())
}

const WITHOUT: &str = "this docgen was built without the feature `svg`";

/// Whether a text of Markdown has a diagram for mermaid to draw in the reader's browser: a fence that is in no other.
pub(crate) fn is_left_to_mermaid(text: &str) -> bool {
    // Pages are long, and one that is drawn ahead does not name it.
    if memchr::memmem::find(text.as_bytes(), b"mermaid").is_none() {
        return false;
    }
    let mut open: Option<&str> = None;
    for line in text.lines().map(str::trim) {
        let info = line.trim_start_matches(if line.starts_with('~') { '~' } else { '`' });
        let fence = &line[..line.len() - info.len()];
        match open {
            Some(of_other) => open = open.filter(|_| line != of_other),
            None if fence.len() < 3 || info.contains('`') => {}
            None if info.split_whitespace().next() == Some("mermaid") => return true,
            None => open = Some(fence),
        }
    }
    false
}

/// Whether the diagrams that these settings ask for can be made.
///
/// # Errors
/// [`ErrorKind::Setting`] with the place where they are asked for.
pub(crate) fn expect_drawable(settings: &Settings) -> Result<()> {
    if settings.diagram == DiagramFormat::Mermaid || cfg!(feature = "svg") {
        return Ok(());
    }
    let error = Error::new(ErrorKind::Setting, format!("no diagram can be drawn ahead: {WITHOUT}"));
    let place = settings.diagram_place.clone();
    Err(place.into_iter().fold(error, Error::at).hint(
        "docgen's wheel has it, and so has what `cargo install --features svg` builds; `diagram = \"mermaid\"` \
         needs none",
    ))
}

#[cfg(test)]
mod fences {
    use super::is_left_to_mermaid;

    #[test]
    fn mermaid_draws_its_fences_and_nothing_that_only_names_it() {
        for text in [
            "``` mermaid\na\n```\n",
            "# a\n\n===! \"b\"\n\n    ~~~~mermaid\n",
            "```\n```\n```mermaid title='a'",
        ] {
            assert!(is_left_to_mermaid(text), "{text}");
        }
        for text in [
            "",
            "mermaid",
            "``` mermaids\n```\n",
            "`` mermaid ``\n",
            "``` mermaid ``` is a fence\n",
            "```` md\n``` mermaid\na\n```\n````\n",
            "~~~\n``` mermaid\n~~~\n",
        ] {
            assert!(!is_left_to_mermaid(text), "{text}");
        }
    }
}

#[cfg(test)]
#[cfg(feature = "svg")]
mod tests;
