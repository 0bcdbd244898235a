//! Variables of a capture that stand for nothing.
//!
//! A variable stands for a value of the trace. After a new recording on another cloud the value may be another
//! one, and every path that showed `{image_id}` shows an id; nobody sees it but a reader. What is above a
//! capture serves others, too, and is not looked at. What this leaves out: giving it the new value.

use std::path::Path;

use memchr::memmem;

use super::capture::Capture;
use crate::error::{Error, ErrorKind};
use crate::files::Root;
use crate::page::Source;
use crate::page::first_settings::is_id;
use crate::page::source::TokenKind;
use crate::toml_file::place_of;

/// A warning for each variable of the capture's own settings that stands for nothing in its recording: a value
/// that is nowhere in it, and an id, or a name that nothing uses.
pub(super) fn idle(capture: &Capture<'_>, root: &Root, sources: &[Source]) -> Vec<Error> {
    let settings = &capture.settings;
    if capture.trace.exchanges.is_empty() {
        return Vec::new();
    }
    let output = capture.output.as_deref().unwrap_or_default();
    let command = settings.command.as_deref().unwrap_or_default();
    let texts = || settings.env.iter().map(|(_, value)| value.as_str()).chain([command]);
    let is_there = |value: &str| {
        let is_in = |text: &str, value: &str| memmem::find(text.as_bytes(), value.as_bytes()).is_some();
        let forms = [value.to_owned(), percent_encoded(value), json_encoded(value)];
        forms.iter().any(|form| is_in(&capture.log, form) || is_in(output, form))
            || texts().any(|text| is_in(text, value))
    };
    let is_used = |name: &str| {
        let braces = format!("{{{name}}}");
        let notes = settings.notes.iter().map(|note| note.text.as_str());
        texts().chain(notes).any(|text| text.contains(&braces)) || names_variable(sources, name)
    };
    let idle = settings
        .vars
        .iter()
        .filter(|(name, value)| !value.is_empty() && (is_id(value) || !is_used(name)) && !is_there(value));
    let idle: Vec<&(String, String)> = idle.collect();
    let Some(file) = capture.folder.file("capture.toml").filter(|_| !idle.is_empty()) else {
        return Vec::new();
    };
    let Ok(text) = root.read_text(&file.path) else { return Vec::new() };
    let told = idle.into_iter().filter_map(|(name, value)| {
        let message = format!("`{{{name}}}` stands for nothing: its value is nowhere in the recording");
        let hint = if is_id(value) {
            "the recording may have another id now: put that here, or take the variable out"
        } else {
            "nothing uses it: take it out, or give it the value that it should stand for"
        };
        let place = place_of(Path::new(&file.path), &text, "vars", name)?;
        Some(Error::warning(ErrorKind::Setting, message).at(place).hint(hint))
    });
    told.collect()
}

/// Whether a hole prints this variable, or all of them.
fn names_variable(sources: &[Source], name: &str) -> bool {
    sources.iter().any(|source| {
        let words = |hole: &crate::page::source::Hole| {
            let word = |at: usize| hole.tokens.get(at).map(|token| &source.text[token.span.clone()]);
            let field = hole.tokens.iter().find(|token| token.kind == TokenKind::Field);
            let is_of = field.is_some_and(|field| source.text[field.span.clone()] == *name);
            word(0) == Some("vars") || (word(0) == Some("var") && is_of)
        };
        source.holes().any(words)
    })
}

/// `value` as a query has it.
fn percent_encoded(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// `value` as a JSON string has it.
fn json_encoded(value: &str) -> String {
    serde_json::Value::from(value).to_string().trim_matches('"').to_owned()
}
