//! A name for a change that is the same in every run.
//!
//! Whoever has seen a change wants to know it again: a list of changes that are known, a comment of a pull
//! request. So it holds what changed, of what, in which call, and which of several; no minted value, no
//! number of a step.

use std::collections::HashMap;

use twox_hash::XxHash3_128;

use super::change::Change;

/// Gives each change of a capture its fingerprint.
pub(super) fn set(changes: &mut [Change]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for change in changes {
        let exchange = change.exchange.as_ref();
        let parts = [
            change.what.name(),
            change.side.map_or("", |side| side.name()),
            exchange.map_or("", |exchange| &exchange.name),
            change.at.as_deref().unwrap_or_default(),
        ];
        let said = format!("{}\0{:?}", parts.join("\0"), change.said);
        let count = counts.entry(said.clone()).or_default();
        let print = XxHash3_128::oneshot(format!("{said}\0{count}").as_bytes());
        *count += 1;
        change.fingerprint = format!("{:016x}", (print >> 64) as u64 ^ print as u64);
    }
}
