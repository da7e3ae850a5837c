//! What a change removes besides the findings of which a source names a fix: those that the index no longer has at the
//! version that it raises to.

use std::collections::HashSet;

use trimtab_model::Purl;
use trimtab_store::{Finding, FindingState, PlannedChange};

/// The findings without a named fix that a change removes all the same, by their places. `says` gives the names of what the
/// index has of a purl. What only another tool asserts is not known to be gone; nor is what the index cannot tell.
pub(super) fn removed(
    findings: &[Finding],
    of: &PlannedChange,
    to: &str,
    says: &impl Fn(&str) -> Option<HashSet<Box<str>>>,
) -> Vec<usize> {
    let is_own = |f: &Finding| {
        f.asset.0 == of.asset
            && f.package == of.package
            && f.fix.is_none()
            && f.state != FindingState::Merged
    };
    let is_gone = |f: &Finding| {
        let then = f.component.1.parse::<Purl>().ok()?.with_version(to).to_string();
        let name = f.vulnerability.1.as_str();
        Some(says(&f.component.1)?.contains(name) && !says(&then)?.contains(name))
    };
    let own = findings.iter().enumerate().filter(|(_, f)| is_own(f));
    own.filter(|(_, f)| is_gone(f).unwrap_or(false)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planning::finding;

    #[test]
    fn what_the_index_does_not_have_at_the_next_version_goes_with_it() {
        let says = |purl: &str| -> Option<HashSet<Box<str>>> {
            let names: &[&str] = match purl {
                "pkg:npm/a@1.0.0" => &["TEST-1", "TEST-2", "TEST-3", "TEST-5"],
                "pkg:npm/a@2.0.0" => &["TEST-3"],
                "pkg:npm/a@3.0.0" => return None,
                _ => &[],
            };
            Some(names.iter().map(|name| (*name).into()).collect())
        };
        let without = |id, asset| Finding { fix: None, ..finding(id, asset, "pkg:npm/a") };
        // With a named fix; without one, and gone; without one, and still there; said by another tool alone; elsewhere.
        let all = [
            finding(1, 1, "pkg:npm/a"),
            without(2, 1),
            without(3, 1),
            without(4, 1),
            without(5, 2),
        ];
        let change = PlannedChange { asset: 1, package: "pkg:npm/a".to_owned() };
        assert_eq!(removed(&all, &change, "2.0.0", &says), [1]);
        assert_eq!(removed(&all, &change, "3.0.0", &says), Vec::<usize>::new(), "not known");
        let merged = [Finding { state: FindingState::Merged, ..without(2, 1) }];
        assert_eq!(removed(&merged, &change, "2.0.0", &says), Vec::<usize>::new());
    }
}
