//! The cheapest way from one list of exchanges to another.
//!
//! Equal beginnings and ends are cut first. Of what is between, every pair of the same key has a price, what
//! stands alone has one, and the cheapest sum is found cell by cell. Where that would be too many cells, the
//! exchanges that say exactly the same are fixed first. What this leaves out: whatever is not in order.

use std::collections::HashSet;
use std::ops::Range;

use super::super::equal::in_order;
use super::{Node, hash};

/// What an exchange costs that stands alone; two are more than any pair of one key costs.
const ALONE: u32 = 65;

/// How many cells are looked at for one stretch.
const MOST_CELLS: usize = 4_000_000;

/// Pairs of places, both ascending.
pub(super) fn cheapest(old: &[Node], new: &[Node]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    stretch(old, new, 0..old.len(), 0..new.len(), true, &mut pairs);
    pairs
}

fn stretch(
    old: &[Node],
    new: &[Node],
    mut olds: Range<usize>,
    mut news: Range<usize>,
    may_split: bool,
    pairs: &mut Vec<(usize, usize)>,
) {
    let is_same = |a: usize, b: usize| old[a].key == new[b].key && old[a].cost(&new[b]) == 0;
    while !olds.is_empty() && !news.is_empty() && is_same(olds.start, news.start) {
        pairs.push((olds.start, news.start));
        olds.start += 1;
        news.start += 1;
    }
    let mut ends = Vec::new();
    while !olds.is_empty() && !news.is_empty() && is_same(olds.end - 1, news.end - 1) {
        olds.end -= 1;
        news.end -= 1;
        ends.push((olds.end, news.end));
    }
    if olds.len().saturating_mul(news.len()) <= MOST_CELLS {
        cells(old, new, olds, news, pairs);
    } else {
        split(old, new, olds, news, may_split, pairs);
    }
    pairs.extend(ends.into_iter().rev());
}

/// Fixes what is exactly the same, and looks between; where nothing is, what has the same key.
fn split(
    old: &[Node],
    new: &[Node],
    olds: Range<usize>,
    news: Range<usize>,
    may_split: bool,
    pairs: &mut Vec<(usize, usize)>,
) {
    let of = |node: &Node| {
        if may_split { hash(&(node.key, node.shapes, node.ids)) } else { u64::from(node.key) }
    };
    let a: Vec<u64> = old[olds.clone()].iter().map(of).collect();
    let b: Vec<u64> = new[news.clone()].iter().map(of).collect();
    let mut from = (olds.start, news.start);
    let same = in_order(&a, &b).into_iter().map(|(a, b)| (olds.start + a, news.start + b));
    for pair in same.map(Some).chain([None]) {
        let upto = pair.unwrap_or((olds.end, news.end));
        if may_split {
            stretch(old, new, from.0..upto.0, from.1..upto.1, false, pairs);
        }
        pairs.extend(pair);
        from = (upto.0 + 1, upto.1 + 1);
    }
}

/// The cheapest pairs of a stretch. What nothing on the other side has the key of stands alone anyway.
fn cells(
    old: &[Node],
    new: &[Node],
    olds: Range<usize>,
    news: Range<usize>,
    pairs: &mut Vec<(usize, usize)>,
) {
    let keys = |nodes: &[Node], range: &Range<usize>| -> HashSet<u32> {
        nodes[range.clone()].iter().map(|node| node.key).collect()
    };
    let (of_old, of_new) = (keys(old, &olds), keys(new, &news));
    let olds: Vec<usize> = olds.filter(|&at| of_new.contains(&old[at].key)).collect();
    let news: Vec<usize> = news.filter(|&at| of_old.contains(&new[at].key)).collect();
    #[derive(Clone, Copy, PartialEq)]
    enum Step {
        Pair,
        Old,
        New,
    }
    let (rows, columns) = (olds.len(), news.len());
    if rows == 0 || columns == 0 {
        return;
    }
    // What is left from a place on costs this much; so that of equal ways the one is taken that pairs first.
    let mut below: Vec<u32> = (0..=columns).map(|at| (columns - at) as u32 * ALONE).collect();
    let mut steps = vec![Step::New; rows * columns];
    for row in (0..rows).rev() {
        let mut current = vec![0; columns + 1];
        current[columns] = (rows - row) as u32 * ALONE;
        for column in (0..columns).rev() {
            let (a, b) = (&old[olds[row]], &new[news[column]]);
            let alone_old = below[column] + ALONE;
            let alone_new = current[column + 1] + ALONE;
            let (mut best, mut step) =
                if alone_old <= alone_new { (alone_old, Step::Old) } else { (alone_new, Step::New) };
            if a.key == b.key {
                let pair = below[column + 1] + a.cost(b);
                if pair <= best {
                    (best, step) = (pair, Step::Pair);
                }
            }
            current[column] = best;
            steps[row * columns + column] = step;
        }
        below = current;
    }
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        match steps[row * columns + column] {
            Step::Pair => {
                pairs.push((olds[row], news[column]));
                row += 1;
                column += 1;
            }
            Step::Old => row += 1,
            Step::New => column += 1,
        }
    }
}
