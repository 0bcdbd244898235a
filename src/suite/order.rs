//! In which order captures are recorded: by what they need, then as suites say, then by path.

use std::collections::HashMap;

use super::is_below;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::settings::Suite;

/// A capture of a run.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its path below the captures' root.
    pub path: String,
    /// Captures that come before it.
    pub needs: Vec<Need>,
    /// Where it stands among those that need nothing of each other.
    pub rank: Rank,
}

/// A capture that another one needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Need {
    /// Its path.
    pub path: String,
    /// Where the other one says so.
    pub place: Place,
}

/// Where a capture stands by the orders of its suites: in each, from the outermost on, its place in the order,
/// and the path of the next suite or of the capture.
pub type Rank = Vec<(usize, String)>;

/// The rank of a capture in the suites above it, the outermost first, each with its folder's path.
pub fn rank(path: &str, suites: &[(&str, &Suite)]) -> Rank {
    let mut rank: Rank = Vec::with_capacity(suites.len() + 1);
    for (at, (folder, suite)) in suites.iter().enumerate() {
        let below = if folder.is_empty() { path } else { path[folder.len()..].trim_start_matches('/') };
        let is_named = |entry: &str| is_below(below, entry.trim_matches('/'));
        let place = suite.order.iter().position(|entry| is_named(&entry.value));
        let next = suites.get(at + 1).map_or(path, |(folder, _)| folder);
        rank.push((place.unwrap_or(suite.order.len()), next.to_owned()));
    }
    if suites.is_empty() {
        rank.push((0, path.to_owned()));
    }
    rank
}

/// The order in which the members are recorded, as indices: each after what it needs, else by rank. What is
/// needed comes as late as it may. A need of what is no member is none.
///
/// # Errors
/// [`ErrorKind::Setting`] for captures that need each other, with all of them.
pub fn order(members: &[Member]) -> Result<Vec<usize>> {
    let by_path: HashMap<&str, usize> =
        members.iter().enumerate().map(|(at, member)| (member.path.as_str(), at)).collect();
    let mut ranked: Vec<usize> = (0..members.len()).collect();
    ranked.sort_by(|a, b| members[*a].rank.cmp(&members[*b].rank));
    let place: HashMap<usize, usize> =
        ranked.iter().enumerate().map(|(place, member)| (*member, place)).collect();
    let needs: Vec<Vec<(usize, &Need)>> = members
        .iter()
        .map(|member| {
            let known =
                member.needs.iter().filter_map(|need| Some((*by_path.get(need.path.as_str())?, need)));
            let mut needs: Vec<(usize, &Need)> = known.collect();
            needs.sort_by_key(|(needed, _)| place[needed]);
            needs
        })
        .collect();
    let mut order = Vec::with_capacity(members.len());
    let mut is_placed = vec![false; members.len()];
    let mut is_open = vec![false; members.len()];
    for first in ranked {
        if is_placed[first] {
            continue;
        }
        // Each member on the way, and how many of its needs were looked at.
        let mut way: Vec<(usize, usize)> = vec![(first, 0)];
        is_open[first] = true;
        while let Some((member, looked_at)) = way.last_mut() {
            let member = *member;
            match needs[member].get(*looked_at) {
                Some(&(needed, _)) => {
                    *looked_at += 1;
                    if is_open[needed] {
                        return Err(cycle(members, &needs, &way, needed));
                    }
                    if !is_placed[needed] {
                        is_open[needed] = true;
                        way.push((needed, 0));
                    }
                }
                None => {
                    is_open[member] = false;
                    is_placed[member] = true;
                    order.push(member);
                    way.pop();
                }
            }
        }
    }
    Ok(order)
}

/// The error about captures that need each other: those on the way from `back_to` on.
fn cycle(members: &[Member], needs: &[Vec<(usize, &Need)>], way: &[(usize, usize)], back_to: usize) -> Error {
    let start = way.iter().position(|(member, _)| *member == back_to).unwrap_or_default();
    let steps = way[start..].iter().map(|(member, looked_at)| (*member, needs[*member][looked_at - 1]));
    let told: Vec<String> = steps
        .clone()
        .map(|(member, (needed, need))| {
            let place = &need.place;
            let line = if place.line > 0 { format!(":{}", place.line) } else { String::new() };
            let (path, needed) = (&members[member].path, &members[needed].path);
            format!("`{path}` needs `{needed}` ({}{line})", place.file.display())
        })
        .collect();
    let error = Error::new(
        ErrorKind::Setting,
        if told.len() == 1 {
            format!("a capture needs itself: {}", told[0])
        } else {
            format!("captures need each other, so that none can be the first: {}", told.join(", "))
        },
    )
    .hint("leave one of these needs out; nothing was run");
    match steps.map(|(_, (_, need))| need.place.clone()).next() {
        Some(place) => error.at(place),
        None => error,
    }
}

/// What a run does, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What a suite sets up, by the suite's index.
    Setup(usize),
    /// The recording of a member, by its index.
    Record(usize),
    /// What a suite cleans up.
    Cleanup(usize),
}

/// The steps of a run that records members in this order. `suites` gives the suites that a member is in, the
/// outermost first: each is set up before its first member and cleaned up after its last one.
pub fn steps<'s>(order: &[usize], suites: impl Fn(usize) -> &'s [usize]) -> Vec<Step> {
    let mut last: HashMap<usize, usize> = HashMap::new();
    for (at, member) in order.iter().enumerate() {
        last.extend(suites(*member).iter().map(|suite| (*suite, at)));
    }
    let mut steps = Vec::with_capacity(order.len() + 2 * last.len());
    let mut is_set_up: HashMap<usize, bool> = HashMap::new();
    for (at, member) in order.iter().enumerate() {
        for suite in suites(*member) {
            if is_set_up.insert(*suite, true).is_none() {
                steps.push(Step::Setup(*suite));
            }
        }
        steps.push(Step::Record(*member));
        let ended = suites(*member).iter().rev().filter(|suite| last[suite] == at);
        steps.extend(ended.map(|suite| Step::Cleanup(*suite)));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Located;
    use proptest::prelude::*;

    fn suite(order: &[&str]) -> Suite {
        let located =
            |value: &&str| Located { value: (*value).to_owned(), place: Place::file("docgen.toml") };
        Suite { order: order.iter().map(located).collect(), ..Suite::default() }
    }

    fn member(path: &str, needs: &[&str], suites: &[(&str, &Suite)]) -> Member {
        let need = |needed: &&str| Need {
            path: (*needed).to_owned(),
            place: Place { line: 7, ..Place::file(format!("c/{path}/capture.toml")) },
        };
        Member { path: path.to_owned(), needs: needs.iter().map(need).collect(), rank: rank(path, suites) }
    }

    fn paths(members: &[Member]) -> Vec<&str> {
        order(members).unwrap().into_iter().map(|at| members[at].path.as_str()).collect()
    }

    #[test]
    fn what_is_needed_comes_first_then_the_order_then_the_path() {
        let named = suite(&["list", "image"]);
        let of = [("", &named)];
        let members = [
            member("image/show", &["image/create"], &of),
            member("image/create", &[], &of),
            member("image/delete", &["image/create"], &of),
            member("list", &[], &of),
            member("about", &["image/show"], &of),
        ];
        assert_eq!(paths(&members), ["list", "image/create", "image/delete", "image/show", "about"]);
        // Without the one that is needed, nothing is.
        assert_eq!(paths(&members[2..4]), ["list", "image/delete"]);
    }

    #[test]
    fn a_suite_in_a_suite_orders_its_own() {
        let (outer, inner) = (suite(&["b", "a"]), suite(&["z", "y"]));
        let of_outer = [("", &outer)];
        let both = [("", &outer), ("a", &inner)];
        let members = [
            member("a/y", &[], &both),
            member("a/z", &[], &both),
            member("c", &[], &of_outer),
            member("b/x", &[], &of_outer),
        ];
        assert_eq!(paths(&members), ["b/x", "a/z", "a/y", "c"]);
    }

    #[test]
    fn a_cycle_is_shown_whole() {
        let members = [
            member("a", &["b"], &[]),
            member("b", &["c"], &[]),
            member("c", &["b"], &[]),
            member("d", &[], &[]),
        ];
        let error = order(&members).unwrap_err();
        assert!(
            error
                .message()
                .ends_with("`b` needs `c` (c/b/capture.toml:7), `c` needs `b` (c/c/capture.toml:7)"),
            "{error}"
        );
        assert_eq!(error.place().unwrap().file.display().to_string(), "c/b/capture.toml");
        let error = order(&[member("a", &["a"], &[])]).unwrap_err();
        assert!(error.message().starts_with("a capture needs itself"), "{error}");
    }

    proptest! {
        /// Whatever needs what, and however suites lie in each other.
        #[test]
        fn each_comes_once_and_after_what_it_needs(
            edges in proptest::collection::vec((0usize..12, 0usize..12), 0..30),
            ranks in proptest::collection::vec(0usize..12, 12),
            depths in proptest::collection::vec(0usize..4, 12),
        ) {
            let members: Vec<Member> = (0..12).map(|at| {
                // Only to lower numbers: no cycle.
                let needs: Vec<String> =
                    edges.iter().filter(|(a, b)| *a == at && b < a).map(|(_, b)| b.to_string()).collect();
                let needs: Vec<&str> = needs.iter().map(String::as_str).collect();
                Member { rank: vec![(ranks[at], at.to_string())], ..member(&at.to_string(), &needs, &[]) }
            }).collect();
            let order = order(&members).unwrap();
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..12).collect::<Vec<_>>());
            let place = |path: &str| order.iter().position(|at| members[*at].path == path).unwrap();
            for member in &members {
                for need in &member.needs {
                    prop_assert!(place(&need.path) < place(&member.path));
                }
            }
            if members.iter().all(|member| member.needs.is_empty()) {
                prop_assert!(order.windows(2).all(|pair| members[pair[0]].rank < members[pair[1]].rank));
            }

            // Suite 0 is around 1, and so on.
            let suites: Vec<Vec<usize>> = depths.iter().map(|depth| (0..*depth).collect()).collect();
            let steps = steps(&order, |member| &suites[member]);
            for (at, step) in steps.iter().enumerate() {
                let count = |other: Step| steps.iter().filter(|step| **step == other).count();
                prop_assert_eq!(count(*step), 1);
                let Step::Record(member) = step else { continue };
                for suite in &suites[*member] {
                    let of = |wanted: Step| steps.iter().position(|step| *step == wanted).unwrap();
                    prop_assert!(of(Step::Setup(*suite)) < at && at < of(Step::Cleanup(*suite)));
                }
            }
        }
    }
}
