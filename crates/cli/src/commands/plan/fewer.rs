//! What was carried out for a package together with who asks for it, with fewer of those: some may be in it for nothing.

use std::collections::BTreeSet;

use trimtab_model::{Diagnostic, Proposal, Purl};

use super::attempt::{Made, Refused};
use super::place::{Ground, Key, Place};
use super::search::Search;

/// How many packages are left out in turn.
const MOST: usize = 6;

impl Search<'_> {
    /// The same without each package that is moved along in turn, where that removes `enough` and moves fewer packages. What is
    /// `own` stays.
    pub(super) fn fewer(
        &self,
        made: Made,
        own: &BTreeSet<Purl>,
        (place, ground): (&Place, &Ground),
        enough: &BTreeSet<Key>,
    ) -> Result<Made, Diagnostic> {
        let mut best = made;
        let along = along(&best.proposal, own);
        for package in along.into_iter().take(MOST) {
            let Some(proposal) = left_out(&best.proposal, &package) else { continue };
            if self.trial.is_over() {
                break;
            }
            let copy = (&ground.base, &ground.before);
            match self.trial.attempt(place, copy, &proposal, enough)? {
                Ok((mut other, ..))
                    if enough.is_subset(&other.removed) && other.moved.len() < best.moved.len() =>
                {
                    other.unbuilt = std::mem::take(&mut best.unbuilt);
                    other.unbuilt.retain(|(name, _)| name.as_str() != package.name());
                    best = other;
                }
                Err(Refused::Time) => break,
                _ => {}
            }
        }
        Ok(best)
    }
}

/// The packages that a proposal moves along with its own, each once, in their order.
fn along(proposal: &Proposal, own: &BTreeSet<Purl>) -> Vec<Purl> {
    let mut all: Vec<Purl> = Vec::new();
    for package in proposal.parts().map(|part| part.package().package()) {
        if !own.contains(&package) && !all.contains(&package) {
            all.push(package);
        }
    }
    all
}

/// A proposal without what is about a package. `None`: nothing is left of it.
fn left_out(proposal: &Proposal, package: &Purl) -> Option<Proposal> {
    let others = proposal.parts().filter(|part| part.package().package() != *package);
    Proposal::together(others.cloned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_moved_along_is_left_out() {
        let purl = |text: &str| -> Purl { text.parse().unwrap() };
        let relock = |text: &str| Proposal::Relock { package: purl(text), to: None };
        let [idna, anyio, yarl] =
            ["pkg:pypi/idna@2.8", "pkg:pypi/anyio@3.4.0", "pkg:pypi/yarl@1.0.0"];
        let all = Proposal::together([relock(anyio), relock(yarl), relock(idna)]).unwrap();
        let own = BTreeSet::from([purl("pkg:pypi/idna")]);
        let found = along(&all, &own);
        assert_eq!(found, [purl("pkg:pypi/anyio"), purl("pkg:pypi/yarl")]);
        let less = left_out(&all, &found[0]);
        assert_eq!(less, Proposal::together([relock(yarl), relock(idna)]));
        assert_eq!(left_out(&relock(idna), &purl("pkg:pypi/idna")), None);
    }
}
