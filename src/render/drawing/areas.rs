//! Where a pointer finds a message: the area around its line, its text and its number.
//!
//! Areas are a little larger than what is drawn in them, so that a line of one and a half pixels is no test of skill;
//! and none is over another, so that each place leads to the message that a reader sees there. What this leaves
//! out: whether a message leads anywhere.

use super::engine;
use super::shapes::{Anchor, Drawing, Label, Message, Shape, coordinates};
use super::write::{messages, number_width};

/// How far an area goes beyond what is drawn in it, where there is room.
const MARGIN: f64 = 6.0;

/// A rectangle: its left and upper edge, its width and height.
#[derive(Debug)]
pub(super) struct Area {
    pub(super) at: [f64; 2],
    pub(super) size: [f64; 2],
}

/// The areas of all messages, in their order.
pub(super) fn areas(drawing: &Drawing) -> Vec<Area> {
    let boxes: Vec<[f64; 4]> = messages(&drawing.shapes).map(extent).collect();
    // Messages follow each other downwards: two neighbours share what is between them.
    let middle = |above: usize| {
        let (above, below) = (boxes.get(above)?, boxes.get(above + 1)?);
        Some((above[3] + below[1]) / 2.0)
    };
    let area = |(index, &[left, top, right, bottom]): (usize, &[f64; 4])| {
        let above = index.checked_sub(1).and_then(middle).unwrap_or(f64::NEG_INFINITY);
        let below = middle(index).unwrap_or(f64::INFINITY);
        let [top, bottom] = [(top - MARGIN).max(above), (bottom + MARGIN).min(below)];
        let [left, right] = [left - MARGIN, right + MARGIN];
        Area { at: [left, top], size: [right - left, (bottom - top).max(0.0)] }
    };
    boxes.iter().enumerate().map(area).collect()
}

/// What a message takes: its left, upper, right and lower edge.
fn extent(message: &Message) -> [f64; 4] {
    let line = match &*message.line {
        Shape::Line { from, to, .. } => vec![*from, *to],
        Shape::Path { commands, .. } => {
            coordinates(commands).chunks_exact(2).map(|point| [point[0], point[1]]).collect()
        }
        _ => Vec::new(),
    };
    let discs = message.number.iter().map(|number| around(number, number_width(&number.text), 14.0, 6.0));
    let texts = message.texts.iter().map(|label| {
        around(label, engine::width(&label.text) * label.size, label.size * 0.8, label.size * 0.25)
    });
    let points = line.into_iter().map(|[x, y]| [x, y, x, y]);
    points
        .chain(discs)
        .chain(texts)
        .fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |all, one| {
            [all[0].min(one[0]), all[1].min(one[1]), all[2].max(one[2]), all[3].max(one[3])]
        })
}

/// The edges of a text that is so wide, and goes so far above and below its base line.
fn around(label: &Label, width: f64, above: f64, below: f64) -> [f64; 4] {
    let [x, y] = label.at;
    let left = match label.anchor {
        Anchor::Start => x,
        Anchor::Middle => x - width / 2.0,
        Anchor::End => x - width,
    };
    [left, y - above, left + width, y + below]
}
