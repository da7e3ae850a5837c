//! The times of commits that land on each other, where some clocks were wrong.

/// What is more wrong than this, in seconds, is told.
const TOLD: u64 = 86_400;

/// Mends the times of commits that land on each other, the first one first, so that they never go back: as few as
/// possible are taken to be wrong, whether ahead or behind, and each of those counts at the nearest time between
/// its neighbours. How many were wrong by more than a day.
pub(super) fn mend<'t>(times: impl Iterator<Item = &'t mut i64>) -> usize {
    let mut times: Vec<&mut i64> = times.collect();
    let right = in_order(&times);
    // What each one may be at most: the next time that is right.
    let mut most = vec![i64::MAX; times.len()];
    let mut next = i64::MAX;
    for at in (0..times.len()).rev() {
        if right[at] {
            next = *times[at];
        }
        most[at] = next;
    }
    let (mut last, mut wrong) = (i64::MIN, 0);
    for (time, most) in times.iter_mut().zip(most) {
        let mended = (**time).min(most).max(last);
        wrong += usize::from(mended.abs_diff(**time) > TOLD);
        **time = mended;
        last = mended;
    }
    wrong
}

/// Which times are of a longest row that never goes back. Of several such rows it is one in which the earlier
/// clock counts: one ahead of what follows is more often wrong than one behind.
fn in_order(times: &[&mut i64]) -> Vec<bool> {
    // The last ones of rows of one, two, … times, as early as they can be; and what comes before each time.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(times.len());
    for (at, time) in times.iter().enumerate() {
        let length = ends.partition_point(|end| *times[*end] <= **time);
        before.push(length.checked_sub(1).and_then(|n| ends.get(n)).copied());
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut right = vec![false; times.len()];
    let mut next = ends.last().copied();
    while let Some(at) = next {
        right[at] = true;
        next = before[at];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mended(times: &[i64]) -> (Vec<i64>, usize) {
        let mut times = times.to_vec();
        let wrong = mend(times.iter_mut());
        (times, wrong)
    }

    #[test]
    fn a_clock_that_is_wrong_moves_no_other() {
        const DAY: i64 = 86_400;
        let days = |all: &[i64]| all.iter().map(|d| d * DAY).collect::<Vec<_>>();
        for (times, right, wrong) in [
            (vec![], vec![], 0),
            (vec![5], vec![5], 0),
            (vec![1, 2, 2, 3], vec![1, 2, 2, 3], 0),
            // Far ahead, in the middle and at the beginning.
            (vec![1, 9_000, 2, 3, 4], vec![1, 2, 2, 3, 4], 1),
            (vec![9_000, 2, 3], vec![2, 2, 3], 1),
            (vec![1, 9_000, 2], vec![1, 2, 2], 1),
            // Far behind.
            (vec![10, 11, 0, 12], vec![10, 11, 11, 12], 1),
            (vec![10, 11, 0], vec![10, 11, 11], 1),
            // Both.
            (vec![10, 11, 9_000, 0, 12, 13], vec![10, 11, 12, 12, 12, 13], 2),
            // At the end nothing says that it is wrong.
            (vec![1, 2, 9_000], vec![1, 2, 9_000], 0),
        ] {
            assert_eq!(mended(&days(&times)), (days(&right), wrong), "{times:?}");
        }
        // A minute is mended and not told.
        assert_eq!(mended(&[100, 200, 150, 300]), (vec![100, 150, 150, 300], 0));
    }

    proptest! {
        #[test]
        fn times_never_go_back_and_right_ones_stay(times in prop::collection::vec(any::<i64>(), 0..40)) {
            let (is, _) = mended(&times);
            prop_assert!(is.is_sorted());
            let mut sorted = times.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&mended(&sorted).0, &sorted);
            // Nothing is made up: each is the time of some commit.
            prop_assert!(is.iter().all(|time| times.contains(time)));
        }
    }
}
