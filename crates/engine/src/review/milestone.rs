//! What is worth mentioning: about a team or a person beside their own past, and beside nobody
//! else.

/// What updates came to.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reach {
    /// Updates until the time began, and until it ended.
    pub updates: (usize, usize),
    /// The load that they removed until the same moments.
    pub load: (f64, f64),
    /// Deadlines of what they removed within the time, and those that were kept.
    pub due: (usize, usize),
    /// How long the time is, in days.
    pub days: i64,
}

/// Something that was reached within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Milestone {
    /// So many updates came into production.
    Updates(usize),
    /// So much load is removed.
    Load(u32),
    /// So many deadlines, and all of them were kept, for a quarter.
    Kept(usize),
}

/// Numbers of updates that are worth a word.
const UPDATES: [usize; 9] = [1, 10, 25, 50, 100, 250, 500, 1000, 5000];
/// Loads that are.
const LOADS: [u32; 6] = [100, 500, 1000, 5000, 10_000, 50_000];
/// A quarter has so many days at least.
const QUARTER: i64 = 84;

impl Milestone {
    /// For people.
    pub fn words(self) -> String {
        match self {
            Milestone::Updates(1) => "The first update came into production.".to_owned(),
            Milestone::Updates(all) => format!("{all} updates came into production by now."),
            Milestone::Load(load) => format!("Updates removed a load of {load} by now."),
            Milestone::Kept(all) => {
                format!("A quarter without a missed deadline of what went: {all} kept.")
            }
        }
    }
}

/// What was reached within a time: of each kind the greatest.
pub fn milestones(is: &Reach) -> Vec<Milestone> {
    let mut all = Vec::new();
    let (began, ended) = is.updates;
    let reached = UPDATES.iter().rev().find(|step| began < **step && **step <= ended);
    all.extend(reached.map(|step| Milestone::Updates(*step)));
    let (began, ended) = is.load;
    let passed = |step: &&u32| began < f64::from(**step) && f64::from(**step) <= ended;
    all.extend(LOADS.iter().rev().find(passed).map(|step| Milestone::Load(*step)));
    if is.days >= QUARTER && is.due.0 > 0 && is.due.0 == is.due.1 {
        all.push(Milestone::Kept(is.due.0));
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_passed_is_said_once() {
        let is = Reach { updates: (0, 12), load: (90.0, 510.5), due: (3, 3), days: 84 };
        let told = milestones(&is);
        assert_eq!(told, [Milestone::Updates(10), Milestone::Load(500), Milestone::Kept(3)]);
        assert_eq!(
            milestones(&Reach { updates: (0, 1), ..Reach::default() })[0].words(),
            "The first update came into production."
        );
        // One that is late, a short time, and none that was due are no quarter.
        for (due, days) in [((3, 2), 84), ((3, 3), 28), ((0, 0), 84)] {
            assert_eq!(milestones(&Reach { due, days, ..Reach::default() }), []);
        }
    }

    proptest! {
        /// In the next time nothing is said again, and what two times say is what the whole says, or less.
        #[test]
        fn no_step_is_taken_twice(a in 0usize..300, b in 0usize..300, c in 0usize..300) {
            let mut all = [a, b, c];
            all.sort_unstable();
            let of = |from, to| milestones(&Reach { updates: (from, to), ..Reach::default() });
            let (one, other, whole) = (of(all[0], all[1]), of(all[1], all[2]), of(all[0], all[2]));
            prop_assert!(one.iter().all(|is| !other.contains(is)));
            let last = other.last().or(one.last());
            prop_assert_eq!(last, whole.last());
        }
    }
}
