//! What is raised may ask for versions of another package that the project names itself and does not allow: then both are
//! raised, as one action.

use std::collections::BTreeSet;

use trimtab_model::vers::Vers;
use trimtab_model::{Diagnostic, Family, Proposal, Purl, Relation, Way};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::offered::later;
use super::place::{Ground, Key, Place};
use super::search::Search;

/// How many packages are raised along at most, and so how often a refusal is looked at.
const MOST: usize = 4;
/// How many versions below the newest of a parent are tried so.
const TRIES: usize = 4;

impl Search<'_> {
    /// Tries a refused raise again together with the smallest versions that it asks for, of what the project names itself
    /// and does not allow in these versions. `None`: that is not what stands in the way, or it does not help.
    pub(super) fn with_companions(
        &self,
        place: &Place,
        ground: &Ground,
        proposal: &Proposal,
        refused: &Refused,
        wanted: &BTreeSet<Key>,
    ) -> Result<Option<Made>, Diagnostic> {
        let own: Vec<Proposal> = proposal.parts().cloned().collect();
        let mut companions: Vec<Proposal> = Vec::new();
        let mut refused = refused.clone();
        // A package manager tells one contradiction at a time.
        for _ in 0..MOST {
            let found = self.companions(place, ground, (&own, &companions), &refused)?;
            if found.is_empty() {
                return Ok(None);
            }
            for next in found {
                let package = next.package().package();
                companions.retain(|known| known.package().package() != package);
                companions.push(next);
            }
            let all = own.iter().chain(&companions).cloned();
            let Some(together) = Proposal::together(all).filter(|_| companions.len() <= MOST)
            else {
                return Ok(None);
            };
            match self.along(place, ground, &together, wanted)? {
                Ok(made) => return Ok(Some(made)),
                Err(again) => refused = again,
            }
        }
        Ok(None)
    }

    /// The same for a parent whose newest version was refused: the smallest that removes as much as the newest does, as far
    /// as halving tells.
    pub(super) fn parent_with_companions(
        &self,
        (place, ground): (&Place, &Ground),
        (parent, child): (&Purl, &Purl),
        versions: &[Box<str>],
        refused: &Refused,
        wanted: &BTreeSet<Key>,
    ) -> Result<Option<Made>, Diagnostic> {
        let raise = |to: &str| {
            let (parent, child) = (parent.clone(), child.clone());
            Proposal::RaiseParent { parent, to: to.into(), child }
        };
        let Some((newest, mut versions)) = versions.split_last() else { return Ok(None) };
        let first = self.with_companions(place, ground, &raise(newest), refused, wanted)?;
        let Some(mut best) = first else { return Ok(None) };
        let target: BTreeSet<Key> = best.removed.intersection(wanted).cloned().collect();
        for _ in 0..TRIES {
            let (below, rest) = versions.split_at(versions.len() / 2);
            let Some((middle, above)) = rest.split_first() else { break };
            let copy = (&ground.base, &ground.before);
            let found = match self.trial.attempt(place, copy, &raise(middle), wanted)? {
                Ok((made, ..)) => Some(made),
                Err(refused) => {
                    self.with_companions(place, ground, &raise(middle), &refused, wanted)?
                }
            };
            match found.filter(|made| target.is_subset(&made.removed)) {
                Some(made) => (best, versions) = (made, below),
                None => versions = above,
            }
        }
        Ok(Some(best))
    }

    /// The raises of what the project names that a refusal calls for.
    fn companions(
        &self,
        place: &Place,
        ground: &Ground,
        (own, companions): (&[Proposal], &[Proposal]),
        refused: &Refused,
    ) -> Result<Vec<Proposal>, Diagnostic> {
        let Refused::Tool(refusal) = refused else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for blocker in refusal.reason.blockers() {
            let is_asker = |part: &&Proposal| is_of(&blocker.who, part);
            if !own.iter().chain(companions).any(|part| is_asker(&part)) {
                continue;
            }
            let Some(locked) = named(place, ground, &blocker.needs) else { continue };
            let package = locked.package();
            let is_it = |part: &&Proposal| part.package().package() == package;
            let now = companions.iter().find(is_it).and_then(Proposal::to).or(locked.version());
            let Ok(range) = Vers::from_native(package.purl_type(), &blocker.range) else {
                continue;
            };
            let is_allowed = now.is_none_or(|now| range.contains(now) != Some(false));
            if is_allowed || own.iter().any(|part| is_it(&part)) {
                continue;
            }
            let to = self.smallest(&locked, &range)?;
            found.extend(to.map(|to| Proposal::Raise { package: locked, to }));
        }
        Ok(found)
    }

    /// The smallest later version in a range that brings no finding in: of what has a finding itself its fix, if that is
    /// in the range.
    fn smallest(&self, locked: &Purl, range: &Vers) -> Result<Option<Box<str>>, Diagnostic> {
        if self.trial.is_over() {
            return Ok(None);
        }
        let fits = |version: &str| range.contains(version) == Some(true);
        if let Some(at) = self.cases.iter().position(|case| case.idea.package == *locked)
            && let Some((to, _)) = self.aim(at, Way::Raise)?
            && fits(&to)
        {
            return Ok(Some(to));
        }
        let offered = self.offered(locked);
        let unbuilt: BTreeSet<Box<str>> =
            offered.iter().filter(|o| o.built == Some(false)).map(|o| o.version.clone()).collect();
        let all = later(locked, offered).into_iter().filter(|version| fits(version));
        // What need not be built comes first.
        let (then, first): (Vec<_>, Vec<_>) = all.partition(|version| unbuilt.contains(version));
        for version in first.into_iter().chain(then) {
            if !self.comes_with(locked, &version)? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

/// What a place names itself under a name, with the version that is there.
fn named(place: &Place, ground: &Ground, name: &str) -> Option<Purl> {
    let files = ground.before.files.iter().filter(|file| place.holds(&file.path));
    let is_it = |purl: &Purl| {
        purl.purl_type() == place.tool.purl_type()
            && purl.version().is_some_and(|version| !version.is_empty())
            && is_called(purl, name)
    };
    let mut direct = files
        .flat_map(|file| &file.components)
        .filter(|component| component.relation == Relation::Direct);
    direct.find(|component| is_it(&component.purl)).map(|component| component.purl.clone())
}

/// Whether a package manager calls a package so.
fn is_called(purl: &Purl, name: &str) -> bool {
    match purl.purl_type() {
        "pypi" => Purl::new("pypi", None, name).name() == purl.name(),
        _ => group::name(purl) == name,
    }
}

/// Whether `left@2.0` or `left>=2.0` is what a part raises, at the version to which it does.
fn is_of(who: &str, part: &Proposal) -> bool {
    let end = who.char_indices().skip(1).find(|(_, c)| "@<>=!~".contains(*c)).map(|(at, _)| at);
    let Some((name, rest)) = end.and_then(|end| who.split_at_checked(end)) else {
        return is_called(part.package(), who);
    };
    let family = Family::from_purl_type(part.package().purl_type());
    let is_same = |version: &str| {
        let order = family.zip(part.to()).and_then(|(f, to)| f.compare(version, to));
        order.is_none_or(std::cmp::Ordering::is_eq)
    };
    is_called(part.package(), name) && rest.strip_prefix('@').is_none_or(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_known_by_name_and_version() {
        let raise = |purl: &str, to: &str| Proposal::Raise {
            package: purl.parse().unwrap(),
            to: to.into(),
        };
        let left = raise("pkg:pypi/left-one@1.0", "2.0");
        assert!(is_of("left_one@2.0.0", &left));
        assert!(is_of("Left-One>=2.0,<3", &left));
        assert!(is_of("left-one", &left));
        assert!(!is_of("left-one@1.0", &left), "the version that goes");
        assert!(!is_of("left@2.0", &left));
        let scoped = raise("pkg:npm/%40a/left@1.0.0", "2.0.0");
        assert!(is_of("@a/left@2.0.0", &scoped));
        assert!(!is_of("@a/left@3.0.0", &scoped));
        assert!(!is_of("left@2.0.0", &scoped));
    }
}
