//! Which findings are in a plan that cannot hold all of a team's: those of whole changes, so that what arrives elsewhere
//! makes no change raise to less than before.

use std::collections::{BTreeMap, HashSet};

use trimtab_store::{Finding, PlannedChange};

/// The findings of whole changes, in the order in which they came: the gravest first. What is placed already, or has a
/// ticket (`known`), comes before others of the same gravity and later ones, for up to half of the room: what is graver
/// and new always has the other half. The last change that is taken may exceed `most`.
pub(super) fn of(
    findings: Vec<Finding>,
    known: &HashSet<PlannedChange>,
    most: usize,
) -> Vec<Finding> {
    if findings.len() <= most {
        return findings;
    }
    let of = |is: &Finding| PlannedChange { asset: is.asset.0, package: is.package.clone() };
    // Each change with how many findings it has, in the order of its gravest.
    let (mut places, mut changes): (BTreeMap<PlannedChange, usize>, Vec<(PlannedChange, usize)>) =
        (BTreeMap::new(), Vec::new());
    for finding in &findings {
        let change = of(finding);
        let place = *places.entry(change.clone()).or_insert(changes.len());
        match changes.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => changes.push((change, 1)),
        }
    }
    let (mut taken, mut total) = (HashSet::new(), 0);
    for (is_known, room) in [(true, most / 2), (false, most)] {
        for (change, count) in &changes {
            if total >= room {
                break;
            }
            if (!is_known || known.contains(change)) && taken.insert(change) {
                total += count;
            }
        }
    }
    let taken: HashSet<PlannedChange> = taken.into_iter().cloned().collect();
    findings.into_iter().filter(|finding| taken.contains(&of(finding))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planning::finding;

    fn ids(findings: &[Finding]) -> Vec<i64> {
        findings.iter().map(|is| is.id).collect()
    }

    #[test]
    fn a_change_is_in_a_plan_with_all_of_its_findings_or_with_none() {
        let known = HashSet::from([PlannedChange { asset: 1, package: "pkg:npm/b".to_owned() }]);
        // A burst of graver ones in asset 2 comes before the last findings of what is scheduled in asset 1.
        let mut all = vec![finding(1, 1, "pkg:npm/b"), finding(2, 1, "pkg:npm/a")];
        all.extend((3..=9).map(|id| finding(id, 2, &format!("pkg:npm/p{}", id / 2))));
        all.extend([finding(10, 1, "pkg:npm/b"), finding(11, 1, "pkg:npm/a")]);
        assert_eq!(ids(&of(all.clone(), &known, 11)), (1..=11).collect::<Vec<_>>());
        // Both of `b` as it is scheduled, both of `a` as it is the gravest of the rest, and one more change of the burst.
        assert_eq!(ids(&of(all.clone(), &known, 5)), [1, 2, 3, 10, 11]);
        assert_eq!(ids(&of(all.clone(), &known, 6)), [1, 2, 3, 4, 5, 10, 11]);
        // What is known takes half of the room at most.
        let late = HashSet::from([PlannedChange { asset: 2, package: "pkg:npm/p4".to_owned() }]);
        assert_eq!(ids(&of(all.clone(), &late, 4)), [1, 8, 9, 10]);
        assert_eq!(ids(&of(all, &HashSet::new(), 2)), [1, 10]);
    }
}
