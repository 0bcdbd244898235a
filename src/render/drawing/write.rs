//! A drawing as HTML for a page of Markdown.
//!
//! It stands wherever a fence may: as a block of its own, and within a tab or an admonition, where Markdown reads it as it
//! reads prose. So it has no line without a tag, and of its texts only letters, digits and blanks are
//! written as they are: no sign is left that Markdown, one of its extensions or a browser could take for
//! its own. Names and the rest are two drawings, one below the other, so that the names can stay where they are
//! while a reader scrolls. What this leaves out: colours and sizes, which the style sheet gives by the names of
//! the classes; without one, all is drawn in the colour of the text around it.

use std::fmt::Write;

use super::areas::{Area, areas};
use super::shapes::{Anchor, Drawing, Kind, Label, Message, Shape};
use super::{Drawn, LinkOf};

/// The size of the numbers of messages, and that of all other texts where they say none.
const NUMBER_SIZE: f64 = 13.0;
const TEXT_SIZE: f64 = 16.0;
/// The size below which no text is drawn, in CSS pixels.
const SMALLEST_TEXT: f64 = 11.0;

/// What is a line where no style sheet says how it looks, and what is a box.
const STROKE: &str = " stroke=\"currentColor\"";
const OUTLINE: &str = " fill=\"none\" stroke=\"currentColor\"";

/// The lines of a drawing, without the end of the last.
pub(super) fn html<'a>(drawing: &Drawing, link_of: LinkOf<'_, 'a>) -> String {
    let mut out = String::new();
    let [x, y, width, height] = drawing.view;
    let areas = areas(drawing);
    let link = |message: &Message| {
        let text = message.texts.first().map_or("", |label| label.text.trim());
        let number = message.number.as_ref().and_then(|number| number.text.trim().parse().ok());
        link_of(&Drawn { title: &drawing.title, text, number })
    };
    let has_links = messages(&drawing.shapes).any(|message| link(message).is_some());
    let name = escaped(&drawing.title);
    let _ = write!(
        out,
        "<div class=\"docgen-svg\" style=\"--docgen-most:{}px;--docgen-least:{}px\"",
        short(width),
        short((width * SMALLEST_TEXT / NUMBER_SIZE).ceil()),
    );
    // One that is too wide scrolls, which a keyboard does where it can be: at a link, or else here.
    let _ = if has_links {
        write!(out, ">")
    } else {
        write!(out, " tabindex=\"0\" role=\"region\" aria-label=\"{name}\">")
    };
    if !drawing.names.is_empty() {
        open(&mut out, [x, y, width, drawing.names_end - y], "class=\"docgen-names\" aria-hidden=\"true\"");
        drawing.names.iter().for_each(|shape| write_shape(&mut out, shape));
        out.push_str("\n</svg>");
    }
    let top = if drawing.names.is_empty() { y } else { drawing.names_end };
    let role = if has_links { "group" } else { "img" };
    open(&mut out, [x, top, width, height - (top - y)], &format!("role=\"{role}\" aria-label=\"{name}\""));
    if !drawing.description.is_empty() {
        let _ = write!(out, "\n<desc>{}</desc>", escaped(&drawing.description));
    }
    let link_of_note =
        |text: &str| link_of(&Drawn { title: &drawing.title, text, number: Some(first_step(text)?) });
    // The engine draws all notes first; a keyboard and a screen reader come by in the order of what a reader sees.
    let (notes, others) = notes(&drawing.shapes);
    let mut notes = notes.iter().peekable();
    let mut areas = areas.iter();
    for shape in others {
        let Shape::Message(message) = shape else {
            write_shape(&mut out, shape);
            continue;
        };
        let area = areas.next();
        while let Some(note) = notes.next_if(|note| area.is_none_or(|area| note.top < area.at[1])) {
            write_note(&mut out, note, link_of_note);
        }
        write_message(&mut out, message, area.and_then(|area| Some((link(message)?, area))));
    }
    notes.for_each(|note| write_note(&mut out, note, link_of_note));
    out.push_str("\n</svg>\n</div>");
    out
}

fn open(out: &mut String, view: [f64; 4], attributes: &str) {
    let [x, y, width, height] = view.map(short);
    let _ = write!(
        out,
        "\n<svg {attributes} viewBox=\"{x} {y} {width} {height}\" width=\"{width}\" height=\"{height}\" display=\"block\" \
         fill=\"currentColor\" font-size=\"{TEXT_SIZE}\" text-anchor=\"middle\">"
    );
}

/// The messages among these shapes, in order.
pub(super) fn messages(shapes: &[Shape]) -> impl Iterator<Item = &Message> {
    shapes.iter().filter_map(|shape| match shape {
        Shape::Message(message) => Some(message),
        _ => None,
    })
}

/// A note: its paper, where that begins, and the lines on it.
struct Note<'d> {
    paper: &'d Shape,
    top: f64,
    lines: Vec<&'d Label>,
}

/// The notes among these shapes, from the uppermost down, and all other shapes in their order.
fn notes(shapes: &[Shape]) -> (Vec<Note<'_>>, Vec<&Shape>) {
    let (mut notes, mut others) = (Vec::<Note<'_>>::new(), Vec::new());
    for shape in shapes {
        match (shape, notes.last_mut()) {
            (Shape::Rect { kind: Kind::Note, at, .. }, _) => {
                notes.push(Note { paper: shape, top: at[1], lines: Vec::new() });
            }
            (Shape::Text(label), Some(note)) if label.kind == Kind::Note => note.lines.push(label),
            _ => others.push(shape),
        }
    }
    notes.sort_by(|above, below| above.top.total_cmp(&below.top));
    (notes, others)
}

/// A message; where it leads somewhere, all of it, and the area around it.
fn write_message(out: &mut String, message: &Message, linked: Option<(&str, &Area)>) {
    let Message { line, heads, texts, number } = message;
    if let Some((anchor, area)) = linked {
        let [[x, y], [width, height]] = [area.at, area.size].map(|at| at.map(short));
        let _ = write!(
            out,
            "\n<a href=\"#{}\">\n<rect class=\"docgen-area\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             fill=\"none\" pointer-events=\"all\"/>",
            escaped(anchor)
        );
    }
    write_shape(out, line);
    heads.iter().for_each(|head| write_shape(out, head));
    texts.iter().for_each(|label| write_text(out, label));
    number.iter().for_each(|label| write_number(out, label));
    if linked.is_some() {
        out.push_str("\n</a>");
    }
}

/// A note; where its text begins with the number of a step, as that of a fold does, it leads to that.
fn write_note<'a>(out: &mut String, note: &Note<'_>, link_of: impl Fn(&str) -> Option<&'a str>) {
    let anchor = note.lines.first().and_then(|label| link_of(label.text.trim()));
    if let Some(anchor) = anchor {
        let _ = write!(out, "\n<a href=\"#{}\">", escaped(anchor));
    }
    write_shape(out, note.paper);
    note.lines.iter().for_each(|label| write_text(out, label));
    if anchor.is_some() {
        out.push_str("\n</a>");
    }
}

/// The step that a text begins with: `(28)-(55) inside` with 28.
fn first_step(text: &str) -> Option<u32> {
    text.strip_prefix('(')?.split_once(')')?.0.parse().ok()
}

fn write_shape(out: &mut String, shape: &Shape) {
    let _ = match shape {
        Shape::Line { from, to, kind } => {
            let dashes = match kind {
                Kind::Response => " stroke-dasharray=\"3 3\"",
                Kind::Group => " stroke-dasharray=\"2 2\"",
                _ => "",
            };
            let [[x1, y1], [x2, y2]] = [from, to].map(|at| at.map(short));
            write!(out, "\n<path{} d=\"M{x1} {y1}L{x2} {y2}\"{STROKE}{dashes}/>", class(*kind))
        }
        Shape::Rect { at, size, radius, kind, fill } => {
            let [[x, y], [width, height]] = [at, size].map(|at| at.map(short));
            let radius = if *radius > 0.0 { format!(" rx=\"{}\"", short(*radius)) } else { String::new() };
            let look = match fill {
                // The page shows through a colour with an alpha.
                Some(fill) if fill.contains("a(") => format!("{} fill=\"{}\"", class(*kind), escaped(fill)),
                Some(fill) => format!(" class=\"docgen-ground docgen-opaque\" fill=\"{}\"", escaped(fill)),
                None => class(*kind).to_owned() + OUTLINE,
            };
            write!(out, "\n<rect{look} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{radius}/>")
        }
        Shape::Ellipse { at, radii, kind } => {
            let [[x, y], [rx, ry]] = [at, radii].map(|at| at.map(short));
            write!(out, "\n<ellipse{} cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"{OUTLINE}/>", class(*kind))
        }
        Shape::Path { commands, kind } => write!(out, "\n<path{} d=\"{commands}\"{OUTLINE}/>", class(*kind)),
        Shape::Polygon { points, kind } => {
            write!(out, "\n<polygon{} points=\"{points}\"{OUTLINE}/>", class(*kind))
        }
        Shape::Text(label) => {
            write_text(out, label);
            Ok(())
        }
        Shape::Head { at: [x, y], points_right, is_cross } => {
            let [x, y] = [*x, *y].map(short);
            let way = if *points_right { "" } else { "-" };
            let back = if *points_right { "-" } else { "" };
            if *is_cross {
                write!(
                    out,
                    "\n<path class=\"docgen-cross\" d=\"M{x} {y}m-4 -4l8 8m-8 0l8 -8\"{STROKE} stroke-width=\"2\"/>"
                )
            } else {
                write!(out, "\n<path class=\"docgen-head\" d=\"M{x} {y}m{way}3 0l{back}10 -5v10z\"/>")
            }
        }
        Shape::Message(message) => {
            write_message(out, message, None);
            Ok(())
        }
    };
}

/// How wide the disc of a number is.
pub(super) fn number_width(number: &str) -> f64 {
    (number.trim().len() as f64 * 7.5 + 7.0).max(20.0)
}

/// The number of a message on its disc.
fn write_number(out: &mut String, label: &Label) {
    let text = label.text.trim();
    let width = number_width(text);
    let [x, y] = label.at;
    let _ = write!(
        out,
        "\n<rect class=\"docgen-number\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"20\" rx=\"10\"{OUTLINE}/>",
        short(x - width / 2.0),
        short(y - 14.0),
        short(width)
    );
    write_text(
        out,
        &Label {
            at: [x, y + 0.6],
            anchor: Anchor::Middle,
            size: NUMBER_SIZE,
            text: text.to_owned(),
            kind: Kind::Number,
        },
    );
}

fn write_text(out: &mut String, label: &Label) {
    let [x, y] = label.at.map(short);
    let anchor = match label.anchor {
        Anchor::Start => " text-anchor=\"start\"",
        Anchor::Middle => "",
        Anchor::End => " text-anchor=\"end\"",
    };
    let size =
        if label.size == TEXT_SIZE { String::new() } else { format!(" font-size=\"{}\"", short(label.size)) };
    let _ = write!(
        out,
        "\n<text{} x=\"{x}\" y=\"{y}\"{anchor}{size}>{}</text>",
        class(label.kind),
        escaped(&label.text)
    );
}

/// The class of what is of a kind.
fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Actor => " class=\"docgen-actor\"",
        Kind::Life => " class=\"docgen-life\"",
        Kind::Activation => " class=\"docgen-activation\"",
        Kind::Ground => " class=\"docgen-ground\"",
        Kind::Note => " class=\"docgen-note\"",
        Kind::Group => " class=\"docgen-group\"",
        Kind::GroupCorner => " class=\"docgen-corner\"",
        Kind::Request | Kind::Response => " class=\"docgen-message\"",
        Kind::Number => " class=\"docgen-number\"",
        Kind::Other => "",
    }
}

/// A length, in hundredths at most.
fn short(length: f64) -> f64 {
    // No zero has a sign.
    (length * 100.0).round() / 100.0 + 0.0
}

/// A text of which nothing means anything, wherever HTML or Markdown reads it: letters, digits and blanks, and what is
/// within a word or a number are as they are.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 2);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let mut is_in_word =
            |is_word: fn(&char) -> bool| is_word(&before) && chars.peek().is_some_and(is_word);
        let is_plain = match c {
            ' ' => true,
            '-' => is_in_word(char::is_ascii_alphanumeric),
            '.' => is_in_word(char::is_ascii_digit),
            c => c.is_ascii_alphanumeric() || !c.is_ascii() && c.is_alphanumeric(),
        };
        before = c;
        if is_plain {
            escaped.push(c);
        } else if c.is_whitespace() {
            escaped.push(' ');
        } else {
            let _ = write!(escaped, "&#{};", u32::from(c));
        }
    }
    escaped
}
