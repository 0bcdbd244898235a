//! The front matter of a page, as YAML that MkDocs, ProperDocs and Zensical read.
//!
//! Both write titles and descriptions into HTML as they are, so these are escaped for it. A page that begins with
//! front matter of its writer's keeps that and gets no other. What this leaves out: what it says
//! ([`crate::page::front_matter`]).

use super::escape::{Around, in_context};
use super::holes::has_windows_ends;
use super::templates::Content;
use crate::page::{Context, FrontMatter, Scalar, begins_with_front_matter};

/// Puts its front matter before a page's text.
pub(crate) fn put_before(content: &mut Content, front: &FrontMatter) {
    let text = content.as_str();
    if begins_with_front_matter(text) {
        return;
    }
    let mut head = written(front);
    if has_windows_ends(text) {
        head = head.replace('\n', "\r\n");
    }
    *content = Content::Own(head + text);
}

/// The front matter as lines, with the empty one behind it.
pub(crate) fn written(front: &FrontMatter) -> String {
    let mut head = String::from("---\n");
    let keys = [
        ("title", Some(front.title.as_str())),
        ("description", front.description.as_deref()),
        ("lang", Some(front.lang.as_str())),
    ];
    for (key, value) in keys {
        let Some(value) = value else { continue };
        // What its place cannot hold is left out: a builder does without it.
        if let Ok(value) = in_context(value, &Context::FrontMatter(Scalar::Whole), Around::default()) {
            head.extend([key, ": ", &value, "\n"]);
        }
    }
    head + "---\n\n"
}
