//! The anchors of a page that docgen rendered with links: names of its sections, to which numbers of steps lead.
//!
//! They are made of the labels of exchanges, so that they tell which labels give them back. What this leaves out:
//! where anchors are on a page (`sections`).

use std::collections::HashSet;

use super::sections::Section;
use super::{Document, Message};
use crate::page::anchor;
use crate::sequence::Side;
use crate::settings::{HoleWord, is_identifier};

/// The anchors of a page.
#[derive(Debug, Default)]
pub(in crate::import) struct Links {
    /// By exchange, the anchor of its request, if a section tells of one of its messages.
    exchanges: Vec<Option<String>>,
    /// The messages that have sections.
    sections: HashSet<(usize, Side)>,
    /// The anchor of the diagram.
    pub(in crate::import) overview: Option<String>,
    /// The title of the links back to it, with its quotes.
    pub(in crate::import) back: Option<String>,
}

impl Links {
    /// Whether a section tells of a message.
    pub(in crate::import) fn has_section(&self, exchange: usize, side: Side) -> bool {
        self.sections.contains(&(exchange, side))
    }

    /// The label of which docgen makes the anchor of an exchange.
    pub(in crate::import) fn label(&self, exchange: usize) -> Option<String> {
        let label = self.exchanges.get(exchange)?.as_ref()?.replace('-', "_");
        (is_identifier(&label) && HoleWord::named(&label).is_none()).then_some(label)
    }
}

/// The anchors of a page, if docgen made them; nothing where a person named some sections.
pub(super) fn find(
    documents: &[Document<'_>],
    messages: &[Message<'_>],
    sections: &[Section<'_>],
) -> Option<Links> {
    let back = sections.iter().find_map(|section| {
        let number = section.number.as_ref()?;
        let behind = &documents[section.document].lines.text[number.leads_to.as_ref()?.end..number.range.end];
        Some(behind.strip_suffix(')')?.trim_start().to_owned())
    });
    let mut links = Links { overview: overview(documents, sections), back, ..Links::default() };
    let count = messages.iter().map(|message| message.exchange + 1).max().unwrap_or_default();
    links.exchanges = vec![None; count];
    for message in messages {
        let Some(section) = message.section.map(|at| &sections[at]) else { continue };
        // A section without an anchor has been laid out by hand.
        let Some(own) = section.anchor else { continue };
        let of_request = match message.side {
            Side::Request => own,
            Side::Response => own.strip_suffix(anchor::RESPONSE)?,
        };
        let known = links.exchanges[message.exchange].get_or_insert_with(|| of_request.to_owned());
        if known != of_request {
            return None;
        }
        links.sections.insert((message.exchange, message.side));
    }
    let leads_back = |section: &Section<'_>| section.number.as_ref().is_some_and(|n| n.leads_to.is_some());
    let told = || messages.iter().filter_map(|message| Some(&sections[message.section?]));
    let are_all_named = told().all(|section| section.anchor.is_some());
    let is_made = !links.sections.is_empty() && (are_all_named || told().any(leads_back));
    is_made.then_some(links)
}

/// Where the numbers of sections lead back to, or else the anchor above a diagram.
fn overview(documents: &[Document<'_>], sections: &[Section<'_>]) -> Option<String> {
    let led_to = sections.iter().find_map(|section| {
        let link = section.number.as_ref()?.leads_to.clone()?;
        Some(documents[section.document].lines.text[link].to_owned())
    });
    led_to.or_else(|| {
        let document = documents.first()?;
        let headings = document.outline.headings.iter();
        let mut anchors = headings.filter_map(|heading| {
            super::sections::heading_anchor(&document.lines.text[heading.text.clone()])
        });
        anchors.find(|anchor| anchor.starts_with(HoleWord::Diagram.name())).map(str::to_owned)
    })
}
