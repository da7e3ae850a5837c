//! An alert among the deployments that were told: which it is about, and whether somebody said the same.

use jiff::Timestamp;
use trimtab_store::{Deployment, Outcome};

/// Where an alert stands among the deployments that were told: those before it, and those after it, the newest first.
pub(super) struct Place<'d> {
    pub(super) before: Vec<&'d Deployment>,
    pub(super) after: Vec<&'d Deployment>,
}

pub(super) fn place(told: &[Deployment], at: Timestamp) -> Place<'_> {
    let (before, after) = told.iter().partition(|is| is.is.at <= at);
    Place { before, after }
}

/// The deployment by which it is known already that one ended so: what was told last before the alert, or first after
/// it. Where the alert names a snapshot, only one of that snapshot.
pub(super) fn told_already(
    before: &[&Deployment],
    after: &[&Deployment],
    outcome: Outcome,
    named: Option<i64>,
) -> Option<i64> {
    let same = |is: &Deployment| named.is_none_or(|named| is.is.snapshot == named);
    // What was rolled back had failed: that it failed is known with it.
    let known = |is: &Deployment| match is.is.outcome {
        Outcome::RolledBack => named.is_none() || outcome == Outcome::RolledBack,
        Outcome::Failed => outcome == Outcome::Failed,
        Outcome::Ok | Outcome::Stopped => false,
    };
    let around = before.first().into_iter().chain(after.last());
    around.copied().find(|is| known(is) && same(is)).map(|is| is.id)
}

/// What a deployment that ended so was of, by what was told of an environment, the newest first: of one that failed,
/// what was deployed last; of one that was rolled back, what had run before that and was not rolled back itself.
pub(super) fn ended(here: &[&Deployment], outcome: Outcome) -> Option<i64> {
    let last = here.first()?.is.snapshot;
    if outcome != Outcome::RolledBack {
        return Some(last);
    }
    let mut back: Option<i64> = None;
    for is in here {
        let snapshot = is.is.snapshot;
        match is.is.outcome {
            Outcome::Ok | Outcome::RolledBack => {
                // What ran just before a roll-back is what was taken back.
                let undone = back.take().is_some_and(|to| to != snapshot);
                if snapshot != last && !undone {
                    return Some(snapshot);
                }
                back = (is.is.outcome == Outcome::RolledBack).then_some(snapshot);
            }
            Outcome::Failed | Outcome::Stopped => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use trimtab_store::NewDeployment;

    use super::*;

    fn told(all: &[(i64, Outcome)]) -> Vec<Deployment> {
        let one = |(at, (snapshot, outcome)): (usize, &(i64, Outcome))| Deployment {
            id: i64::try_from(at).unwrap(),
            is: NewDeployment {
                asset: 1,
                environment: "production".into(),
                snapshot: *snapshot,
                outcome: *outcome,
                at: Timestamp::UNIX_EPOCH,
            },
            actor: String::new(),
        };
        all.iter().enumerate().map(one).collect()
    }

    #[test]
    fn what_ended_is_known_by_what_was_told_before() {
        use Outcome::{Failed, Ok, RolledBack};
        let of = |all: &[(i64, Outcome)], outcome| {
            let told = told(all);
            ended(&told.iter().collect::<Vec<_>>(), outcome)
        };
        assert_eq!(of(&[], Failed), None);
        assert_eq!(of(&[(3, Ok), (2, Ok)], Failed), Some(3));
        assert_eq!(of(&[(4, Failed), (3, Ok)], Failed), Some(4));
        assert_eq!(of(&[(3, Ok), (2, Ok)], RolledBack), Some(2));
        // The fourth never ran: who rolls it back has the third again.
        assert_eq!(of(&[(4, Failed), (3, Ok), (3, Ok), (2, Failed), (1, Ok)], RolledBack), Some(3));
        assert_eq!(of(&[(3, Failed), (3, Ok), (2, Failed), (1, Ok)], RolledBack), Some(1));
        // The fourth was rolled back once: it is not what ran well before the fifth, nor before the third again.
        let again = [(3, RolledBack), (4, Ok), (3, Ok), (2, Ok)];
        let with = |first: &[(i64, Outcome)]| [first, &again].concat();
        assert_eq!(of(&with(&[(5, Ok)]), RolledBack), Some(3));
        assert_eq!(of(&with(&[(3, Ok)]), RolledBack), Some(2));
        assert_eq!(of(&[(3, Ok)], RolledBack), None, "nothing ran before");
        assert_eq!(of(&[(4, Failed)], RolledBack), None);
    }

    #[test]
    fn what_is_known_already_is_not_told_again() {
        use Outcome::{Failed, Ok, RolledBack, Stopped};
        let of = |before: &[(i64, Outcome)], after: &[(i64, Outcome)], outcome, named| {
            let (before, after) = (told(before), told(after));
            let (before, after): (Vec<_>, Vec<_>) =
                (before.iter().collect(), after.iter().collect());
            told_already(&before, &after, outcome, named).is_some()
        };
        let back = [(2, RolledBack), (3, Ok), (2, Ok)];
        assert!(of(&back, &[], RolledBack, None), "an alert of another name");
        assert!(of(&back, &[], Failed, None));
        assert!(of(&[(3, Ok), (2, Ok)], &[(2, RolledBack)], RolledBack, None), "told since");
        assert!(!of(&[(3, Ok), (2, Ok)], &[(2, RolledBack), (4, Ok)], RolledBack, None));
        assert!(!of(&[(4, Ok), (2, RolledBack)], &[], RolledBack, None), "one followed");
        assert!(!of(&[(2, Stopped), (2, RolledBack)], &[], RolledBack, None));
        assert!(!of(&back, &[], RolledBack, Some(1)), "it names another");
        assert!(of(&back, &[], RolledBack, Some(2)));
        assert!(of(&[(3, Failed), (2, Ok)], &[], Failed, Some(3)));
        assert!(!of(&[(3, Failed), (2, Ok)], &[], Failed, Some(4)));
        assert!(!of(&[(3, Failed), (2, Ok)], &[], RolledBack, None));
    }
}
