//! Messages that a terminal or a mail broke into several lines.
//!
//! A terminal breaks at its width, in the middle of a word; a mail at a space, which it takes
//! away. What a message is that fits neither as it is tells which of the two it was: the
//! lines of a terminal all have one width. What this leaves out: telling that a message is broken.

/// The usual widths of terminals.
const WIDTHS: [usize; 8] = [72, 79, 80, 100, 120, 132, 160, 200];

/// The lines of `message` as one, whose first comes after `before` characters of its prefix.
pub(super) fn join(message: &str, before: usize) -> String {
    let message = message.trim_end_matches(['\n', '\r']);
    if is_hard(message, before) { with(message, "") } else { with(message, " ") }
}

/// Both readings of the lines of `message` as one: broken within a word, and at a space.
pub(super) fn both(message: &str) -> [String; 2] {
    let message = message.trim_end_matches(['\n', '\r']);
    [with(message, ""), with(message, " ")]
}

/// Whether the lines of `message` are those of a terminal.
pub(super) fn is_hard(message: &str, before: usize) -> bool {
    let mut lines = message.split('\n');
    let width = lines.next().map_or(0, |line| line.chars().count()) + before;
    let mut widths: Vec<usize> = lines.map(|line| line.chars().count()).collect();
    let last = widths.pop().unwrap_or(0);
    let is_even = widths.iter().all(|&other| other == width) && last <= width;
    is_even && (!widths.is_empty() || WIDTHS.contains(&width))
}

fn with(message: &str, between: &str) -> String {
    let lines = message.split('\n');
    let is_soft = !between.is_empty();
    lines.map(|line| if is_soft { line.trim_ascii() } else { line }).collect::<Vec<_>>().join(between)
}
