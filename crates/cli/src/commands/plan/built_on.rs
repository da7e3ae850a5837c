//! Of an action of several packages, what is left to a batch that is carried out on top of others: what those moved already
//! moves no more.

use std::collections::BTreeSet;

use trimtab_engine::action::Moved;
use trimtab_model::{Proposal, Purl};
use trimtab_report::plan::json::Rest;

use super::candidate::Candidate;
use super::stack::{Extent, Stacked};

/// What is left of each action of a batch of which one before it at the same place has a part.
pub(super) fn rests(all: &[Stacked], at: usize, candidates: &[Candidate]) -> Vec<Rest> {
    let Some(stacked) = all.get(at).filter(|stacked| stacked.extent == Extent::Together) else {
        return Vec::new();
    };
    let mut before: BTreeSet<Purl> = BTreeSet::new();
    let (mut earlier, mut seen) = (stacked.after, BTreeSet::new());
    while let Some(held) = earlier.filter(|at| seen.insert(*at)).and_then(|at| all.get(at)) {
        before.extend(packages(&held.moved));
        earlier = held.after;
    }
    let now = packages(&stacked.moved);
    let candidates = stacked.order.iter().filter_map(|at| candidates.get(*at));
    let rest = candidates.filter_map(|of| rest(&of.name, &of.made.proposal, &now, &before));
    rest.collect()
}

fn packages(moved: &[Moved]) -> BTreeSet<Purl> {
    moved.iter().map(|moved| moved.package.clone()).collect()
}

/// `None`: all of it is left, or nothing that it names.
fn rest(
    action: &str,
    proposal: &Proposal,
    now: &BTreeSet<Purl>,
    before: &BTreeSet<Purl>,
) -> Option<Rest> {
    let named = || proposal.parts().map(|part| part.package().package());
    // What no lockfile lists moves nowhere, and is done by nobody.
    let done: BTreeSet<Purl> =
        named().filter(|own| !now.contains(own) && before.contains(own)).collect();
    let left: BTreeSet<Purl> = named().filter(|own| !done.contains(own)).collect();
    let told = |all: BTreeSet<Purl>| all.iter().map(ToString::to_string).collect();
    let is_part = !done.is_empty() && !left.is_empty();
    is_part.then(|| Rest { action: action.to_owned(), left: told(left), done: told(done) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_batch_before_moved_is_not_left() {
        let raise = |name: &str| Proposal::Raise {
            package: format!("pkg:pypi/{name}@1.0").parse().unwrap(),
            to: "2.0".into(),
        };
        let all = |names: &[&str]| -> BTreeSet<Purl> {
            names.iter().map(|name| format!("pkg:pypi/{name}").parse().unwrap()).collect()
        };
        let both = Proposal::together([raise("flask"), raise("werkzeug")]).unwrap();
        let told = |now: &[&str], before: &[&str]| {
            rest("both", &both, &all(now), &all(before)).map(|rest| (rest.left, rest.done))
        };
        let is = |name: &str| vec![format!("pkg:pypi/{name}")];
        assert_eq!(told(&["flask"], &["werkzeug"]), Some((is("flask"), is("werkzeug"))));
        assert_eq!(told(&["flask", "werkzeug"], &["werkzeug"]), None, "it moves once more");
        assert_eq!(told(&["flask"], &["jinja2"]), None, "nobody moved it");
        assert_eq!(told(&[], &["flask", "werkzeug"]), None, "nothing is left");
        assert!(rest("one", &raise("flask"), &all(&["flask"]), &all(&["werkzeug"])).is_none());
    }
}
