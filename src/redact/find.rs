//! Secrets that stand in clear in a text, for `docgen check`.
//!
//! The rule is that of a recording, on a text that people may have written: what only stands for a value
//! (`{password}`, `$OS_PASSWORD`, `<secret>`) is none there.

use std::ops::Range;

use super::names::Memory;
use super::scan::{Found, Rule, Scan};
use super::{Class, Rules};

/// A secret in clear. It says where, and never what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The bytes of the text that are the secret, or hold it in a notation of their own.
    pub span: Range<usize>,
    /// What it is: `token`, `password or secret`, `private key`, `password in a URL`.
    pub kind: &'static str,
}

/// The secrets that stand in clear in a page, a trace, settings or the output of a command, in order.
pub fn find_secrets(text: &str, rules: &Rules) -> Vec<Finding> {
    let memory = Memory::default();
    let edits = Scan::new(rules, None, &memory).prose().body(text, "");
    let finding = |edit: super::Edit| Finding { span: edit.range, kind: kind(edit.found.first()) };
    edits.into_iter().map(finding).collect()
}

fn kind(found: Option<&Found>) -> &'static str {
    match found {
        Some(Found { rule: Rule::Look, name, .. }) if name == "private key" => "private key",
        Some(Found { rule: Rule::Look, .. }) => "token",
        Some(Found { name, .. }) if name == "password in a URL" => "password in a URL",
        Some(Found { class: Class::Token, .. }) => "token",
        _ => "password or secret",
    }
}
