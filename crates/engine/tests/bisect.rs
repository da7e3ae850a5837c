//! Finding what breaks a batch, against trying everything.
use std::convert::Infallible;

use proptest::prelude::*;
use trimtab_engine::action::{Kept, bisect};

/// Whether a set has none of the sets that break.
fn passes(set: &[usize], breaking: &[Vec<usize>]) -> bool {
    !breaking.iter().any(|broken| broken.iter().all(|at| set.contains(at)))
}

fn run(count: usize, most: usize, breaking: &[Vec<usize>]) -> Kept {
    bisect(count, most, &mut |set| Ok::<_, Infallible>(passes(set, breaking))).unwrap()
}

#[test]
fn a_batch_that_passes_takes_one_run() {
    let kept = run(8, 100, &[]);
    assert_eq!((kept.kept.len(), kept.runs), (8, 1));
    assert!(kept.breaking.is_empty() && kept.untold.is_empty());
    assert_eq!(run(0, 100, &[]), Kept::default());
}

#[test]
fn one_of_many_is_found_by_halving() {
    let kept = run(64, 100, &[vec![41]]);
    assert_eq!(kept.breaking, [[41]]);
    assert_eq!(kept.kept.len(), 63);
    // All, one for each halving and its other side, and what is left.
    assert!(kept.runs <= 14, "{}", kept.runs);
}

#[test]
fn of_two_that_break_together_the_last_is_dropped() {
    let kept = run(16, 100, &[vec![3, 11]]);
    assert_eq!(kept.breaking, [[3, 11]]);
    assert_eq!(kept.kept, (0..16).filter(|at| *at != 11).collect::<Vec<_>>());
}

#[test]
fn what_was_dropped_for_the_sake_of_another_comes_back() {
    // 0 breaks with 1, 2 with 3, 4 by itself.
    let broken = [vec![0, 1], vec![2, 3], vec![4]];
    let kept = run(5, 100, &broken);
    assert_eq!(kept.kept, [0, 2]);
    assert_eq!(kept.breaking, broken);
}

#[test]
fn without_runs_nothing_is_kept_that_was_not_run() {
    let kept = run(8, 1, &[vec![2]]);
    assert_eq!((kept.kept.len(), kept.runs), (0, 1));
    assert_eq!(kept.untold.len(), 8);
}

#[test]
fn an_error_of_asking_ends_it() {
    let mut runs = 0;
    let ended = bisect(4, 100, &mut |_| {
        runs += 1;
        if runs == 2 { Err("the copy is gone") } else { Ok(false) }
    });
    assert_eq!(ended, Err("the copy is gone"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_is_kept_passes_and_nothing_can_be_added(
        count in 0usize..9,
        sets in prop::collection::vec(prop::collection::btree_set(0usize..9, 1..4), 0..5),
    ) {
        let sets: Vec<Vec<usize>> = sets
            .into_iter()
            .map(|set| set.into_iter().filter(|at| *at < count).collect::<Vec<_>>())
            .filter(|set| !set.is_empty())
            .collect();
        let found = run(count, 10_000, &sets);
        prop_assert!(passes(&found.kept, &sets));
        prop_assert!(found.untold.is_empty());
        for at in (0..count).filter(|at| !found.kept.contains(at)) {
            let mut more = found.kept.clone();
            more.push(at);
            prop_assert!(!passes(&more, &sets), "{at} could be kept: {found:?} of {sets:?}");
        }
        // Every set that is told breaks, and no part of it does.
        for set in &found.breaking {
            prop_assert!(!passes(set, &sets));
            for without in set {
                let part: Vec<usize> = set.iter().copied().filter(|at| at != without).collect();
                prop_assert!(passes(&part, &sets));
            }
        }
        // Each that breaks by itself is told as such.
        for at in 0..count {
            prop_assert_eq!(found.breaking.contains(&vec![at]), !passes(&[at], &sets));
        }
        // Without interactions as much is kept as can be: all but those.
        if sets.iter().all(|set| set.len() == 1) {
            let best = (0..count).filter(|at| passes(&[*at], &sets)).count();
            prop_assert_eq!(found.kept.len(), best);
        }
    }

    #[test]
    fn it_ends_within_its_runs_whatever_the_answers(
        count in 0usize..8,
        most in 0usize..20,
        answers in prop::collection::vec(any::<bool>(), 256),
    ) {
        // Not even that more breaks where less does.
        let mut asked = Vec::new();
        let found = bisect(count, most, &mut |set| {
            let at = set.iter().fold(0, |sum, at| sum | (1 << at));
            asked.push((set.to_vec(), answers[at]));
            Ok::<_, Infallible>(answers[at])
        }).unwrap();
        prop_assert!(found.runs <= most && asked.len() == found.runs);
        prop_assert!(found.kept.is_empty() || asked.contains(&(found.kept.clone(), true)));
        let mut all: Vec<usize> = [&found.kept[..], &found.untold].concat();
        all.extend(found.breaking.iter().filter_map(|set| set.last()));
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
    }
}
