//! Equal elements of two lists, in order.

use std::collections::HashSet;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Places of elements that are equal, both ascending; as many as there can be.
///
/// What only one of the lists has is left out before: where nothing is the same, nothing is searched.
pub(super) fn in_order(old: &[u64], new: &[u64]) -> Vec<(usize, usize)> {
    let of_old: HashSet<u64> = old.iter().copied().collect();
    let of_new: HashSet<u64> = new.iter().copied().collect();
    let kept = |list: &[u64], others: &HashSet<u64>| -> (Vec<usize>, Vec<u64>) {
        list.iter().copied().enumerate().filter(|(_, element)| others.contains(element)).unzip()
    };
    let (olds, a) = kept(old, &of_new);
    let (news, b) = kept(new, &of_old);
    let mut pairs = Vec::with_capacity(a.len().min(b.len()));
    for operation in capture_diff_slices(Algorithm::Myers, &a, &b) {
        if let DiffOp::Equal { old_index, new_index, len } = operation {
            pairs.extend((0..len).map(|at| (olds[old_index + at], news[new_index + at])));
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_lacks_is_passed_over() {
        assert_eq!(in_order(&[1, 9, 2, 3, 2], &[8, 1, 2, 2, 7]), [(0, 1), (2, 2), (4, 3)]);
        assert_eq!(in_order(&[1, 2], &[3]), []);
    }
}
