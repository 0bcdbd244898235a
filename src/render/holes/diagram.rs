//! A part of the diagram: what is after one message, and up to another, as a hole names them.
//!
//! What this leaves out: the whole diagram (`page::diagram`), which lines belong to a part (`page::outline`), and how
//! mermaid is written, which templates know.

use super::Filler;
use super::expression::Call;
use super::hole_error::{HoleError, PlacedHole};
use super::write::Printed;
use crate::error::Result;
use crate::page::{DiagramPart, Outline};
use crate::render::pieces::Piece;

impl Filler<'_> {
    /// The diagram that the options of a call leave, in a fence of its own.
    pub(super) fn diagram(&self, placed: PlacedHole<'_>, call: &Call) -> Result<Printed, HoleError> {
        let DiagramPart { items, participants, numbers } = self.diagram_part(placed, call)?;
        self.piece(&Piece::SequencePart {
            items: &items,
            participants: &participants,
            number: *numbers.start(),
        })
    }

    /// The lines of that part, without a fence.
    pub(super) fn arrows(&self, placed: PlacedHole<'_>, call: &Call) -> Result<Printed, HoleError> {
        let part = self.diagram_part(placed, call)?;
        self.lines(&Piece::Arrows(&part.items))
    }

    /// The part of the diagram that the options `after` and `until` leave.
    fn diagram_part(&self, placed: PlacedHole<'_>, call: &Call) -> Result<DiagramPart, HoleError> {
        let limit = |name| call.option(name).map(|value| self.subject(placed, value)).transpose();
        let after = limit("after")?.map_or(0, |subject| subject.last());
        let until = limit("until")?.map_or(u32::MAX, |subject| subject.last());
        let outline = self.outline.get_or_init(|| Outline::of(self.page, &self.page.diagram));
        outline.part(self.page, &self.page.diagram, after.saturating_add(1)..=until).ok_or_else(|| {
            HoleError::new(match until {
                u32::MAX => format!("nothing comes after ({after})"),
                until => format!("nothing comes after ({after}) and up to ({until})"),
            })
        })
    }
}
