//! What is drawn: the shapes of a sequence diagram, read from the engine's SVG.
//!
//! Only what is known here is taken: lines, boxes, paths and texts, their places, and of what kind they are. Whatever
//! else the SVG has (styles, scripts, definitions, links, attributes of any other name) is not even looked at.
//! Heads of arrows and the discs of numbers, which the SVG has as markers, become shapes of their own, so
//! that a drawing needs no ids. What this leaves out: how a shape looks.

use roxmltree::{Document, Node};

/// A drawing.
#[derive(Debug, Default)]
pub(super) struct Drawing {
    /// Its left and upper edge, its width and height.
    pub(super) view: [f64; 4],
    /// What it is called.
    pub(super) title: String,
    /// What it says to who cannot see it.
    pub(super) description: String,
    /// The participants' names above it.
    pub(super) names: Vec<Shape>,
    /// All that is below those, in the order in which it is drawn.
    pub(super) shapes: Vec<Shape>,
    /// Where that begins.
    pub(super) names_end: f64,
}

/// One shape.
#[derive(Debug)]
pub(super) enum Shape {
    Line {
        from: [f64; 2],
        to: [f64; 2],
        kind: Kind,
    },
    Rect {
        at: [f64; 2],
        size: [f64; 2],
        radius: f64,
        kind: Kind,
        fill: Option<String>,
    },
    Ellipse {
        at: [f64; 2],
        radii: [f64; 2],
        kind: Kind,
    },
    /// The commands of a path.
    Path {
        commands: String,
        kind: Kind,
    },
    /// Points, `x,y` each.
    Polygon {
        points: String,
        kind: Kind,
    },
    Text(Label),
    /// The head of an arrow.
    Head {
        at: [f64; 2],
        points_right: bool,
        is_cross: bool,
    },
    Message(Message),
}

/// A message: what leads to its section.
#[derive(Debug)]
pub(super) struct Message {
    /// From one participant to the other, or out and back to the same one.
    pub(super) line: Box<Shape>,
    /// The heads of its arrow.
    pub(super) heads: Vec<Shape>,
    /// The lines of what it says.
    pub(super) texts: Vec<Label>,
    /// Its number.
    pub(super) number: Option<Label>,
}

/// A text at a place: the middle of its base line, if it begins or ends at none.
#[derive(Debug)]
pub(super) struct Label {
    pub(super) at: [f64; 2],
    pub(super) anchor: Anchor,
    pub(super) size: f64,
    pub(super) text: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// What a shape is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A participant.
    Actor,
    /// The line below a participant.
    Life,
    /// A participant at work.
    Activation,
    /// A coloured ground.
    Ground,
    Note,
    /// A box around messages.
    Group,
    /// The corner of such a box that says what it is.
    GroupCorner,
    Request,
    Response,
    Number,
    Other,
}

impl Kind {
    /// What an element is of, by its classes.
    fn of(node: Node<'_, '_>) -> Kind {
        let classes = node.attribute("class").unwrap_or_default().split_ascii_whitespace();
        let known = |class: &str| {
            Some(match class {
                "actor" | "actor-top" | "actor-bottom" | "actor-box" | "actor-man" => Kind::Actor,
                "actor-line" => Kind::Life,
                "activation0" | "activation1" | "activation2" => Kind::Activation,
                "rect" => Kind::Ground,
                "note" | "noteText" => Kind::Note,
                "loopLine" | "loopText" | "sectionTitle" => Kind::Group,
                "labelBox" | "labelText" => Kind::GroupCorner,
                "messageLine0" | "messageText" => Kind::Request,
                "messageLine1" => Kind::Response,
                "sequenceNumber" => Kind::Number,
                _ => return None,
            })
        };
        classes.into_iter().find_map(known).unwrap_or(Kind::Other)
    }
}

/// How deep elements may be in each other: the engine's are in four.
const DEEPEST: usize = 16;

/// The size of a text that says none.
const SIZE: f64 = 16.0;

impl Drawing {
    /// Reads a drawing of the engine's.
    ///
    /// # Errors
    /// Why it is none.
    pub(super) fn read(svg: &str) -> Result<Drawing, String> {
        let document = Document::parse(svg).map_err(|error| error.to_string())?;
        let root = document.root_element();
        let view: Vec<f64> =
            root.attribute("viewBox").unwrap_or_default().split(' ').filter_map(number).collect();
        let view: [f64; 4] = view.try_into().map_err(|_| "the drawing has no size".to_owned())?;
        let text_of = |name: &str| {
            let named = root.children().find(|child| child.tag_name().name() == name);
            named.and_then(|child| child.text()).unwrap_or_default().to_owned()
        };
        let mut drawing =
            Drawing { view, title: text_of("title"), description: text_of("desc"), ..Drawing::default() };
        let mut said = Vec::new();
        drawing.take(root, false, &mut said, 0);
        drawing.shapes.extend(said.into_iter().map(Shape::Text));
        let bottom = |shape: &Shape| match shape {
            Shape::Rect { at, size, .. } => at[1] + size[1],
            Shape::Text(label) => label.at[1] + label.size / 2.0,
            Shape::Ellipse { at, radii, .. } => at[1] + radii[1],
            Shape::Line { from, to, .. } => from[1].max(to[1]),
            _ => view[1],
        };
        drawing.names_end = drawing.names.iter().map(bottom).fold(view[1], f64::max) + 1.0;
        Ok(drawing)
    }

    /// Takes the shapes in an element. `said` is what the next message says.
    fn take(&mut self, parent: Node<'_, '_>, is_name: bool, said: &mut Vec<Label>, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        for node in parent.children().filter(Node::is_element) {
            let attribute = |name: &str| node.attribute(name).and_then(number).unwrap_or(0.0);
            let kind = Kind::of(node);
            let shape = match node.tag_name().name() {
                "g" => {
                    let is_name = is_name || node.attribute("data-et") == Some("participant");
                    self.take(node, is_name, said, depth + 1);
                    continue;
                }
                "text" if kind == Kind::Number => {
                    let number = labels(node, kind).into_iter().next();
                    if let Some(Shape::Message(message)) = self.shapes.last_mut() {
                        message.number = number;
                    }
                    continue;
                }
                "text" if kind == Kind::Request => {
                    said.extend(labels(node, kind));
                    continue;
                }
                "text" => {
                    let to = if is_name { &mut self.names } else { &mut self.shapes };
                    to.extend(labels(node, kind).into_iter().map(Shape::Text));
                    continue;
                }
                // The place of a number's disc.
                "line" if attribute("stroke-width") == 0.0 && node.attribute("marker-start").is_some() => {
                    continue;
                }
                "line" => Shape::Line {
                    from: [attribute("x1"), attribute("y1")],
                    to: [attribute("x2"), attribute("y2")],
                    kind,
                },
                "rect" => Shape::Rect {
                    at: [attribute("x"), attribute("y")],
                    size: [attribute("width"), attribute("height")],
                    radius: attribute("rx"),
                    kind,
                    fill: node
                        .attribute("fill")
                        .filter(|fill| kind == Kind::Ground && is_colour(fill))
                        .map(str::to_owned),
                },
                "circle" => Shape::Ellipse {
                    at: [attribute("cx"), attribute("cy")],
                    radii: [attribute("r"), attribute("r")],
                    kind,
                },
                "ellipse" => Shape::Ellipse {
                    at: [attribute("cx"), attribute("cy")],
                    radii: [attribute("rx"), attribute("ry")],
                    kind,
                },
                "path" => match node.attribute("d").filter(|commands| is_geometry(commands)) {
                    Some(commands) => Shape::Path { commands: commands.to_owned(), kind },
                    None => continue,
                },
                "polygon" => match node.attribute("points").filter(|points| is_geometry(points)) {
                    Some(points) => Shape::Polygon { points: points.to_owned(), kind },
                    None => continue,
                },
                _ => continue,
            };
            let to = if is_name { &mut self.names } else { &mut self.shapes };
            if matches!(kind, Kind::Request | Kind::Response) {
                let (heads, texts) = (heads(node, &shape), std::mem::take(said));
                to.push(Shape::Message(Message { line: Box::new(shape), heads, texts, number: None }));
            } else {
                to.push(shape);
            }
        }
    }
}

/// The heads of a message's arrow.
fn heads(node: Node<'_, '_>, shape: &Shape) -> Vec<Shape> {
    let [from, to] = match shape {
        Shape::Line { from, to, .. } => [*from, *to],
        Shape::Path { commands, .. } => {
            // From a participant to itself: out to the right and back.
            match coordinates(commands)[..] {
                [x, y, .., right, _, end_x, end_y] => [[x.max(right), y], [end_x, end_y]],
                _ => return Vec::new(),
            }
        }
        _ => return Vec::new(),
    };
    let head = |marker: &str, at: [f64; 2], points_right: bool| {
        let marker = node.attribute(marker)?;
        Some(Shape::Head { at, points_right, is_cross: marker.contains("crosshead") })
    };
    let goes_right = to[0] > from[0];
    [head("marker-start", from, !goes_right), head("marker-end", to, goes_right)]
        .into_iter()
        .flatten()
        .collect()
}

/// The lines of a text.
fn labels(node: Node<'_, '_>, kind: Kind) -> Vec<Label> {
    let style = |name: &str| {
        let mut styles = node.attribute("style").unwrap_or_default().split(';');
        styles
            .find_map(|style| style.split_once(':').filter(|(key, _)| key.trim() == name))
            .map(|(_, value)| value)
    };
    let of = |name: &str| style(name).or_else(|| node.attribute(name));
    let size = of("font-size").and_then(|size| number(size.trim().trim_end_matches("px"))).unwrap_or(SIZE);
    let anchor = match of("text-anchor").map(str::trim) {
        Some("middle") => Anchor::Middle,
        Some("end") => Anchor::End,
        _ => Anchor::Start,
    };
    // Where the base line is below the place that the text is centred at.
    let base = match node.attribute("dominant-baseline") {
        Some("central") => 0.35,
        Some("middle") => 0.28,
        _ => 0.0,
    };
    let shift = |node: Node<'_, '_>| match node.attribute("dy").map(|dy| (dy, dy.strip_suffix("em"))) {
        Some((_, Some(em))) => number(em).unwrap_or(0.0) * size,
        Some((dy, None)) => number(dy.trim_end_matches("px")).unwrap_or(0.0),
        None => 0.0,
    };
    let place = |node: Node<'_, '_>, name: &str| node.attribute(name).and_then(number);
    let x = place(node, "x").unwrap_or(0.0);
    let mut y = place(node, "y").unwrap_or(0.0) + base * size + shift(node);
    let mut labels = Vec::new();
    for part in node.children() {
        let (x, text) = if part.is_element() {
            y += shift(part);
            (place(part, "x").unwrap_or(x), part.text().unwrap_or_default())
        } else {
            (x, part.text().unwrap_or_default())
        };
        if !text.trim().is_empty() {
            labels.push(Label { at: [x, y], anchor, size, text: text.to_owned(), kind });
        }
    }
    labels
}

/// The numbers in the commands of a path, in order.
pub(super) fn coordinates(commands: &str) -> Vec<f64> {
    commands.split(|c: char| !matches!(c, '0'..='9' | '.' | '-')).filter_map(number).collect()
}

/// A number as it is written, if it is one that says how long something is.
fn number(text: &str) -> Option<f64> {
    text.trim().trim_end_matches("px").parse().ok().filter(|number: &f64| number.is_finite())
}

/// Whether this is nothing but commands of a path, or points.
fn is_geometry(text: &str) -> bool {
    text.chars().all(|c| {
        c.is_ascii_digit() || matches!(c, ' ' | ',' | '.' | '-' | 'e') || "MLHVCSQTAZmlhvcsqtaz".contains(c)
    })
}

/// Whether this is a colour by its name or its numbers.
fn is_colour(text: &str) -> bool {
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_number = |c: char| c.is_ascii_digit() || matches!(c, ' ' | ',' | '.' | '%' | '/' | '-');
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match text.split_once('(') {
        Some((name, numbers)) => {
            ["rgb", "rgba", "hsl", "hsla"].contains(&name)
                && numbers.strip_suffix(')').is_some_and(|numbers| numbers.chars().all(is_number))
        }
        None => is_name(text) || text.strip_prefix('#').is_some_and(is_hex),
    }
}
