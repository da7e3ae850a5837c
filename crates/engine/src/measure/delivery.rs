//! The four delivery measures that DORA and *Accelerate* (Forsgren, Humble, Kim) made common: how
//! often a team deploys, how long a change waits, how many changes fail, how long until the service
//! runs again. They are computed for the deployments that carried dependency updates and for all
//! deployments, by the same rules, so that the two can be compared.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::pace::{Spread, spread};

/// Fewer than so many say little.
const FEW: usize = 10;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// How a deployment ended, as it was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It runs.
    Ok,
    /// It does not; what ran before still does.
    Failed,
    /// What is named runs again; what ran before it was taken back.
    Back,
}

/// A deployment, as it was reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: i64,
    /// Of which asset.
    pub asset: i64,
    /// Into which environment.
    pub environment: Box<str>,
    /// What was deployed; of one taken back, what runs again.
    pub snapshot: i64,
    /// When that was received. `None`: no longer known.
    pub received: Option<Timestamp>,
    /// Whether it is of the main line. For another branch it is not known which updates are in it.
    pub main: bool,
    /// When.
    pub at: Timestamp,
    /// How it ended.
    pub ended: Ended,
}

/// An update that is on the main line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Landed {
    /// Its id.
    pub update: i64,
    /// Of which asset.
    pub asset: i64,
    /// When the snapshot was received that had it first.
    pub since: Timestamp,
    /// When it was taken back. `None`: it was not.
    pub until: Option<Timestamp>,
}

/// A change of what runs, or an attempt at one.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipped {
    /// The deployment.
    pub id: i64,
    /// Of which asset.
    pub asset: i64,
    /// When.
    pub at: Timestamp,
    /// Days from when the snapshot was received. `None`: it is not known, or it was deployed before.
    pub lead: Option<f64>,
    /// Whether it failed, or was taken back later.
    pub failed: bool,
    /// When something ran again as it should, after it failed. `None`: not yet, or it did not fail.
    pub restored: Option<Timestamp>,
    /// The updates that it carried for the first time.
    pub updates: Vec<i64>,
}

/// What changed, in the order of time. A deployment of what is running already is no change. If
/// such a deployment is reported to have failed, the change that brought the version failed. A
/// change that is taken back failed.
pub fn shipped(told: &[Told], landed: &[Landed]) -> Vec<Shipped> {
    let mut places: BTreeMap<(i64, &str), Vec<&Told>> = BTreeMap::new();
    for one in told {
        places.entry((one.asset, &one.environment)).or_default().push(one);
    }
    let mut of: BTreeMap<i64, Vec<&Landed>> = BTreeMap::new();
    for one in landed {
        of.entry(one.asset).or_default().push(one);
    }
    let mut all = Vec::new();
    for ((asset, _), mut own) in places {
        own.sort_by_key(|one| (one.at, one.id));
        all.extend(of_place(&own, of.get(&asset).map_or(&[], Vec::as_slice)));
    }
    all.sort_by_key(|one| (one.at, one.id));
    all
}

/// The same of one asset in one environment.
fn of_place(told: &[&Told], landed: &[&Landed]) -> Vec<Shipped> {
    let mut all: Vec<Shipped> = Vec::new();
    let mut runs: Option<i64> = None;
    let mut there: BTreeSet<i64> = BTreeSet::new();
    // The changes that stand, each with its place in `all` and what it brought.
    let mut ran: Vec<(usize, i64)> = Vec::new();
    for one in told {
        let again = runs == Some(one.snapshot);
        match one.ended {
            Ended::Back => {
                // Told twice, it is the same.
                if again {
                    restore(&mut all, one.at);
                } else {
                    take_back(&mut all, &mut there, &mut ran, one);
                }
                runs = Some(one.snapshot);
                continue;
            }
            Ended::Ok => {
                restore(&mut all, one.at);
                if again {
                    continue;
                }
                runs = Some(one.snapshot);
            }
            // It ran, and fails later.
            Ended::Failed if again => {
                let last = ran.last().filter(|(_, snapshot)| *snapshot == one.snapshot);
                if let Some(last) = last.and_then(|(place, _)| all.get_mut(*place)) {
                    if !last.failed {
                        (last.failed, last.restored) = (true, None);
                    }
                    continue;
                }
            }
            Ended::Failed => {}
        }
        let fresh = |is: &&&Landed| {
            let within = |at: Timestamp| is.since <= at && is.until.is_none_or(|until| at < until);
            one.main && one.received.is_some_and(within) && !there.contains(&is.update)
        };
        let updates: Vec<i64> = landed.iter().filter(fresh).map(|is| is.update).collect();
        if one.ended == Ended::Ok {
            there.extend(updates.iter().copied());
            ran.push((all.len(), one.snapshot));
        }
        let lead = one.received.filter(|at| *at <= one.at);
        all.push(Shipped {
            id: one.id,
            asset: one.asset,
            at: one.at,
            lead: lead.map(|from| days(from, one.at)),
            failed: one.ended == Ended::Failed,
            restored: None,
            updates,
        });
    }
    all
}

/// Something runs as it should: what failed before is over.
fn restore(all: &mut [Shipped], at: Timestamp) {
    all.iter_mut()
        .filter(|one| one.failed && one.restored.is_none())
        .for_each(|one| one.restored = Some(at));
}

/// What ran before runs again: what came after it is no longer in place, and comes again with the
/// next deployment. After a failure that ends it; otherwise the last change failed.
fn take_back(
    all: &mut [Shipped],
    there: &mut BTreeSet<i64>,
    ran: &mut Vec<(usize, i64)>,
    back: &Told,
) {
    // Where what runs again is not known, the last alone is taken back.
    let kept = ran.iter().rposition(|(_, snapshot)| *snapshot == back.snapshot);
    let gone = ran.split_off(kept.map_or(ran.len().saturating_sub(1), |place| place + 1));
    for one in gone.iter().filter_map(|(place, _)| all.get(*place)) {
        one.updates.iter().for_each(|update| {
            there.remove(update);
        });
    }
    if all.iter().any(|one| one.failed && one.restored.is_none()) {
        restore(all, back.at);
        return;
    }
    let last = gone.last().and_then(|(place, _)| all.get_mut(*place));
    if let Some(last) = last.filter(|one| !one.failed) {
        (last.failed, last.restored) = (true, Some(back.at));
    }
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / DAY
}

/// The four measures, of a period.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Delivery {
    /// Changes, those that failed among them.
    pub deployments: usize,
    /// The same in a week.
    pub a_week: f64,
    /// Days from received to deployed, of those that did not fail at once.
    pub lead: Option<Spread>,
    /// Changes that failed or were taken back. `None`: until the end of the period nobody told that one ended other than
    /// well, so that nobody knows whether that would be told.
    pub failed: Option<usize>,
    /// Days from a change that failed to when something ran again as it should.
    pub restore: Option<Spread>,
    /// Those that failed and after which nothing was reported to run.
    pub down: usize,
}

impl Delivery {
    /// The share of changes that failed, 0 to 1. `None`: there was none, or it is not known.
    pub fn failure(&self) -> Option<f64> {
        let failed = self.failed?;
        (self.deployments > 0).then(|| failed as f64 / self.deployments as f64)
    }

    /// Whether so few are no ground to compare.
    pub const fn is_few(&self) -> bool {
        self.deployments < FEW
    }
}

/// The four measures of changes from one moment to before another. `told`: whether anybody told, before the second, that
/// a deployment ended other than well.
pub fn delivery<'s>(
    all: impl Iterator<Item = &'s Shipped>,
    (from, to): (Timestamp, Timestamp),
    told: bool,
) -> Delivery {
    let (mut lead, mut restore) = (Vec::new(), Vec::new());
    let (mut deployments, mut failed, mut down) = (0, 0, 0);
    for one in all.filter(|one| from <= one.at && one.at < to) {
        deployments += 1;
        if one.failed {
            failed += 1;
            match one.restored {
                Some(at) => restore.push(days(one.at, at)),
                None => down += 1,
            }
        } else {
            lead.extend(one.lead);
        }
    }
    let weeks = days(from, to) / 7.0;
    Delivery {
        deployments,
        a_week: if weeks > 0.0 { deployments as f64 / weeks } else { 0.0 },
        lead: spread(lead),
        failed: told.then_some(failed),
        restore: spread(restore),
        down,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    /// `id snapshot received at how`, of one place.
    fn told(id: i64, snapshot: i64, received: i64, day: i64, ended: Ended) -> Told {
        Told {
            id,
            asset: 1,
            environment: "production".into(),
            snapshot,
            received: Some(at(received)),
            main: true,
            at: at(day),
            ended,
        }
    }

    #[test]
    fn a_month_by_hand() {
        let all = [
            told(1, 10, 0, 2, Ended::Ok),     // lead 2
            told(2, 10, 0, 3, Ended::Ok),     // runs already
            told(3, 11, 4, 5, Ended::Ok), // lead 1, taken back on day 6: a failure, restored in 1
            told(4, 10, 0, 6, Ended::Back), // 10 runs again
            told(5, 12, 7, 8, Ended::Failed), // until day 10: restored in 2
            told(6, 12, 7, 10, Ended::Ok), // lead 3
            told(7, 13, 11, 20, Ended::Failed),
        ];
        // Update 100 came with snapshot 11, update 101 with snapshot 12.
        let landed = [
            Landed { update: 100, asset: 1, since: at(4), until: None },
            Landed { update: 101, asset: 1, since: at(7), until: None },
        ];
        let is = shipped(&all, &landed);
        let ids: Vec<i64> = is.iter().map(|one| one.id).collect();
        assert_eq!(ids, [1, 3, 5, 6, 7]);
        let carried: Vec<&[i64]> = is.iter().map(|one| one.updates.as_slice()).collect();
        // What was taken back, or failed, comes again with the next.
        assert_eq!(carried, [&[][..], &[100], &[100, 101], &[100, 101], &[]]);
        let whole = delivery(is.iter(), (at(0), at(28)), true);
        assert_eq!((whole.deployments, whole.failed, whole.down), (5, Some(3), 1));
        assert!((whole.a_week - 1.25).abs() < 1e-9 && whole.is_few());
        assert_eq!(whole.failure(), Some(0.6));
        let lead = whole.lead.unwrap();
        assert_eq!((lead.count, lead.least, lead.median, lead.most), (2, 2.0, 2.0, 3.0));
        let restore = whole.restore.unwrap();
        assert_eq!((restore.count, restore.least, restore.most), (2, 1.0, 2.0));
        let ours = is.iter().filter(|one| !one.updates.is_empty());
        let ours = delivery(ours, (at(0), at(28)), true);
        assert_eq!((ours.deployments, ours.failed), (3, Some(2)));
    }

    #[test]
    fn what_fails_after_it_ran_is_the_change_that_brought_it() {
        let landed = [Landed { update: 100, asset: 1, since: at(4), until: None }];
        let ran = [told(1, 10, 0, 2, Ended::Ok), told(2, 11, 4, 5, Ended::Ok)];
        let of = |more: &[Told]| shipped(&[&ran[..], more].concat(), &landed);
        let failed = |is: &[Shipped]| -> Vec<(i64, bool, Vec<i64>)> {
            is.iter().map(|one| (one.id, one.failed, one.updates.clone())).collect()
        };
        // An alert of what runs, and then the way back: one change failed, and what it brought comes again.
        let more = [
            told(3, 11, 4, 6, Ended::Failed),
            told(4, 10, 0, 7, Ended::Back),
            told(5, 12, 8, 9, Ended::Ok),
        ];
        let is = of(&more);
        let wanted: Vec<(i64, bool, Vec<i64>)> =
            vec![(1, false, vec![]), (2, true, vec![100]), (5, false, vec![100])];
        assert_eq!(failed(&is), wanted);
        assert_eq!(is[1].restored, Some(at(7)));
        // The same way back, told twice, takes nothing else back.
        let is = of(&[told(3, 10, 0, 6, Ended::Back), told(4, 10, 0, 7, Ended::Back)]);
        assert_eq!(failed(&is), wanted[..2]);
        // Of another branch, or after it was taken back, nobody says that an update is in it.
        let other = Told { main: false, ..told(2, 11, 4, 5, Ended::Ok) };
        assert_eq!(shipped(&[other], &landed)[0].updates, Vec::<i64>::new());
        let undone = [Landed { until: Some(at(4)), ..landed[0] }];
        assert_eq!(shipped(&ran, &undone)[1].updates, Vec::<i64>::new());
    }

    #[test]
    fn what_was_never_told_is_unknown() {
        let is = shipped(&[told(1, 10, 0, 2, Ended::Ok)], &[]);
        let whole = delivery(is.iter(), (at(0), at(7)), false);
        assert_eq!((whole.failed, whole.failure(), whole.restore), (None, None, None));
        let none = delivery(is.iter(), (at(7), at(14)), true);
        assert_eq!((none.deployments, none.failure(), none.lead), (0, None, None));
        // Deployed before it was received: nobody knows how long it waited.
        assert_eq!(shipped(&[told(1, 10, 5, 2, Ended::Ok)], &[])[0].lead, None);
        // A place of its own: what is deployed there changes nothing here.
        let other = Told { environment: "test".into(), ..told(2, 11, 0, 3, Ended::Back) };
        assert!(!shipped(&[told(1, 10, 0, 2, Ended::Ok), other], &[])[0].failed);
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(
            all in prop::collection::vec((0i64..4, 0i64..30, 0i64..30, 0u8..3), 0..30),
            landed in prop::collection::vec((0i64..5, 0i64..30), 0..5),
            cut in 0i64..30,
        ) {
            let ended = |word: u8| [Ended::Ok, Ended::Failed, Ended::Back][usize::from(word)];
            let all: Vec<Told> = (1..).zip(all).map(|(id, (snapshot, received, day, word))| {
                told(id, snapshot, received, day, ended(word))
            }).collect();
            let landed: Vec<Landed> = landed.into_iter()
                .map(|(update, day)| Landed { update, asset: 1, since: at(day), until: None }).collect();
            let is = shipped(&all, &landed);
            let of = |from, to| delivery(is.iter(), (at(from), at(to)), true);
            let (whole, one, other) = (of(0, 30), of(0, cut), of(cut, 30));
            prop_assert_eq!(whole.deployments, one.deployments + other.deployments);
            prop_assert_eq!(whole.failed, one.failed.zip(other.failed).map(|(a, b)| a + b));
            let share = whole.failure();
            prop_assert!(share.is_none_or(|share| (0.0..=1.0).contains(&share)));
            let restored = whole.restore.map_or(0, |spread| spread.count);
            prop_assert_eq!(whole.failed, Some(restored + whole.down));
            // It runs again after it failed, not before; and the order in which it was told is no matter.
            prop_assert!(is.iter().all(|one| one.restored.is_none_or(|at| one.failed && at >= one.at)));
            let mut turned = all.clone();
            turned.reverse();
            prop_assert_eq!(shipped(&turned, &landed), is);
        }
    }
}
