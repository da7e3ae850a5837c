//! What is raised may ask for versions of another package that the project names itself and does not allow: then both are
//! raised, as one action.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::update::Blocker;
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
/// How often a package manager is run for one raise with companions, all versions of a parent together.
const RUNS: usize = 12;
/// How many runs one try with what comes along takes at most.
const ONE_TRY: usize = 2;

/// How many runs are left.
pub(super) struct Runs(usize);

impl Default for Runs {
    fn default() -> Runs {
        Runs(RUNS)
    }
}

impl Runs {
    fn suffice(&self, runs: usize) -> bool {
        self.0 >= runs
    }

    fn spend(&mut self, runs: usize) {
        self.0 = self.0.saturating_sub(runs);
    }
}

/// What one package asks for of another.
struct Asked {
    /// Who asks, without version.
    by: Purl,
    /// What is asked for, with the version that is there.
    of: Purl,
    range: Vers,
}

/// What each package is asked for in.
fn ranges(asked: &[Asked]) -> BTreeMap<&Purl, Vec<&Vers>> {
    let mut all: BTreeMap<&Purl, Vec<&Vers>> = BTreeMap::new();
    for asked in asked {
        all.entry(&asked.of).or_default().push(&asked.range);
    }
    all
}

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
        runs: &mut Runs,
    ) -> Result<Option<Made>, Diagnostic> {
        let own: Vec<Proposal> = proposal.parts().cloned().collect();
        let mut companions: Vec<Proposal> = Vec::new();
        let mut asked: Vec<Asked> = Vec::new();
        let mut refused = refused.clone();
        // A package manager tells one contradiction at a time.
        for _ in 0..MOST {
            if !runs.suffice(ONE_TRY) {
                return Ok(None);
            }
            asked.extend(asks(place, ground, (&own, &companions), &refused));
            let found = self.companions(&asked, &companions)?;
            if found.is_empty() {
                return Ok(None);
            }
            for next in found {
                let package = next.package().package();
                // What an earlier version of it asks for no longer counts.
                asked.retain(|asked| asked.by != package);
                companions.retain(|known| known.package().package() != package);
                companions.push(next);
            }
            let all = own.iter().chain(&companions).cloned();
            let Some(together) = Proposal::together(all).filter(|_| companions.len() <= MOST)
            else {
                return Ok(None);
            };
            let tried = self.along(place, ground, &together, wanted)?;
            let is_first = match &tried {
                Ok(made) => made.proposal == together,
                Err(refused) => !matches!(refused, Refused::Worse(_)),
            };
            runs.spend(if is_first { 1 } else { ONE_TRY });
            match tried {
                Ok(made) => return Ok(Some(made)),
                Err(again) => refused = again,
            }
        }
        Ok(None)
    }

    /// The same for a parent whose newest version was refused: the smallest that removes as much as the newest does, as far
    /// as halving tells and the runs last.
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
        let mut runs = Runs::default();
        let first =
            self.with_companions(place, ground, &raise(newest), refused, wanted, &mut runs)?;
        let Some(mut best) = first else { return Ok(None) };
        let target: BTreeSet<Key> = best.removed.intersection(wanted).cloned().collect();
        for _ in 0..TRIES {
            let (below, rest) = versions.split_at(versions.len() / 2);
            let Some((middle, above)) = rest.split_first() else { break };
            if !runs.suffice(1 + ONE_TRY) {
                break;
            }
            runs.spend(1);
            let (copy, raise) = ((&ground.base, &ground.before), raise(middle));
            let found = match self.trial.attempt(place, copy, &raise, wanted)? {
                Ok((made, ..)) => Some(made),
                Err(refused) => {
                    self.with_companions(place, ground, &raise, &refused, wanted, &mut runs)?
                }
            };
            match found.filter(|made| target.is_subset(&made.removed)) {
                Some(made) => (best, versions) = (made, below),
                None => versions = above,
            }
        }
        Ok(Some(best))
    }

    /// The raises of what the project names that are called for: of what is asked for in other versions than it is, to one
    /// that goes with all who ask.
    fn companions(
        &self,
        asked: &[Asked],
        companions: &[Proposal],
    ) -> Result<Vec<Proposal>, Diagnostic> {
        let mut found = Vec::new();
        for (locked, ranges) in ranges(asked) {
            let package = locked.package();
            let raised = companions.iter().find(|part| part.package().package() == package);
            let now = raised.and_then(Proposal::to).or(locked.version());
            let is_out = |now| ranges.iter().any(|range| range.contains(now) == Some(false));
            if now.is_some_and(is_out) {
                let to = self.smallest(locked, &ranges)?;
                found.extend(to.map(|to| Proposal::Raise { package: locked.clone(), to }));
            }
        }
        Ok(found)
    }

    /// The smallest later version in all of some ranges that brings no finding in: of what has a finding itself its fix, if
    /// that is in them.
    fn smallest(&self, locked: &Purl, ranges: &[&Vers]) -> Result<Option<Box<str>>, Diagnostic> {
        if self.trial.is_over() {
            return Ok(None);
        }
        let fits = |version: &str| ranges.iter().all(|range| range.contains(version) == Some(true));
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

/// What the parts ask for of what the project names, as a refusal tells it. What is asked of a part is its own.
fn asks(
    place: &Place,
    ground: &Ground,
    (own, companions): (&[Proposal], &[Proposal]),
    refused: &Refused,
) -> Vec<Asked> {
    let Refused::Tool(refusal) = refused else { return Vec::new() };
    let one = |blocker: &Blocker| {
        let mut parts = own.iter().chain(companions);
        let by = parts.find(|part| is_of(&blocker.who, part))?.package().package();
        let of = named(place, ground, &blocker.needs)?;
        let range = Vers::from_native(of.purl_type(), &blocker.range).ok()?;
        let is_own = own.iter().any(|part| part.package().package() == of.package());
        (!is_own).then_some(Asked { by, of, range })
    };
    refusal.reason.blockers().iter().filter_map(one).collect()
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
    let (purl_type, version) = (part.package().purl_type(), rest.strip_prefix('@').unwrap_or(rest));
    let is_at = |to: &str| match version.starts_with(['<', '>', '=', '!', '~']) {
        true => Vers::from_native(purl_type, version).ok()?.contains(to),
        false => Family::from_purl_type(purl_type)?.compare(version, to).map(Ordering::is_eq),
    };
    is_called(part.package(), name) && part.to().and_then(is_at) != Some(false)
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
        assert!(!is_of("left-one<2.0", &left), "earlier versions ask for something else");
        assert!(!is_of("left-one@>=1.0,<2.0", &left));
        assert!(!is_of("left@2.0", &left));
        let scoped = raise("pkg:npm/%40a/left@1.0.0", "2.0.0");
        assert!(is_of("@a/left@2.0.0", &scoped));
        assert!(!is_of("@a/left@3.0.0", &scoped));
        assert!(!is_of("left@2.0.0", &scoped));
    }
}
