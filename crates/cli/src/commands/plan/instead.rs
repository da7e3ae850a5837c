//! What is held back, because the charter refuses something that would come in or because it is too young, is tried with an
//! older or another version before it is given up. Both stay: the planner chooses.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use trimtab_model::charter::Selection;
use trimtab_model::{Diagnostic, Proposal, Purl, Relation, Way};

use super::attempt::Made;
use super::candidate::is_new;
use super::checks::Checked;
use super::offered::later;
use super::parents::Parents;
use super::place::Key;
use super::search::{Search, Task};

/// How many changes are tried in another way.
const MOST: usize = 24;
/// How many other versions of a package are tried.
const VERSIONS: usize = 2;

/// The moment after which what is published is too young, by the charter.
pub(in crate::commands) fn too_young(rules: &Selection, now: Timestamp) -> Option<Timestamp> {
    let days = rules.minimum_age_days.filter(|days| *days > 0)?;
    now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok()
}

impl Search<'_> {
    /// What can be done instead of what is held back, by place.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn instead(
        &self,
        made: &[(usize, Made)],
        checks: &BTreeMap<Purl, Checked>,
        rules: &Selection,
    ) -> Result<Vec<(usize, Made)>, Diagnostic> {
        let now = self.registry.now;
        let (held, free): (Vec<_>, Vec<_>) = made
            .iter()
            .map(|(place, made)| {
                let is_held = |purl: &&Purl| {
                    checks.get(*purl).is_some_and(|checked| {
                        checked.quarantine(rules, now).is_some()
                            || checked.refused(is_new(made, purl)).is_some()
                    })
                };
                let held: BTreeSet<&Purl> = made.arrived.iter().filter(is_held).collect();
                (*place, made, held)
            })
            .partition(|(.., held)| !held.is_empty());
        // What is removed without anything that is held back.
        let mut gone: BTreeSet<Key> =
            free.iter().flat_map(|(_, made, _)| made.removed.iter().cloned()).collect();
        // Versions that a change of a package alone reached, and those that were tried here.
        let alone = made.iter().filter(|(_, made)| made.proposal.parts().count() == 1);
        let mut known: BTreeSet<(usize, Purl)> =
            alone.flat_map(|(place, made)| reached(*place, made)).collect();
        let mut all = Vec::new();
        for (place, made, held) in held.into_iter().take(MOST) {
            let young = held.iter().any(|purl| {
                checks.get(*purl).is_some_and(|checked| checked.quarantine(rules, now).is_some())
            });
            // A tool that knows no age brings the same again.
            let aged = self.aged(place, made, young)?;
            let aged = aged.filter(|other| !held.iter().any(|purl| other.arrived.contains(*purl)));
            let found = match aged {
                None => self.another(place, made, &held, rules, &mut known)?,
                found => found,
            };
            known.extend(found.iter().flat_map(|made| reached(place, made)));
            let mut found: Vec<Made> = found.into_iter().collect();
            // What was relocked with who asks for it was not tried by raising what brings it.
            if found.is_empty() && is_with_askers(made) {
                found = self.by_parents(place, made, &gone)?;
            }
            gone.extend(found.iter().flat_map(|made| made.removed.iter().cloned()));
            all.extend(found.into_iter().map(|made| (place, made)));
        }
        Ok(all)
    }

    /// What a change removes and nothing else does, by raising what brings it.
    fn by_parents(
        &self,
        place: usize,
        made: &Made,
        gone: &BTreeSet<Key>,
    ) -> Result<Vec<Made>, Diagnostic> {
        let is_left = |key: &Key| made.removed.contains(key) && !gone.contains(key);
        let cases = self.cases.iter().enumerate();
        let open: Vec<usize> = cases
            .filter(|(_, case)| case.place == Some(place) && case.wanted.iter().any(is_left))
            .map(|(at, _)| at)
            .collect();
        let mut found = Vec::new();
        for which in [Parents::One, Parents::Several] {
            for task in self.parent_tasks(&open, which) {
                let answer = match &task {
                    Task::Parents(parents, ideas) => {
                        self.brought_by(parents, ideas, &self.wanted(ideas))?
                    }
                    _ => continue,
                };
                found.extend(answer.made.into_iter().map(|(_, made)| made));
            }
        }
        Ok(found)
    }

    /// The same, with no version that is too young.
    fn aged(&self, place: usize, made: &Made, young: bool) -> Result<Option<Made>, Diagnostic> {
        let Some(Ok((of, ground))) = self.ground(place) else { return Ok(None) };
        if !young || made.aged || !of.tool.keeps_to_age() {
            return Ok(None);
        }
        let ground = (&ground.base, &ground.before);
        let tried = self.trial.attempt_aged(true, of, ground, &made.proposal, &made.removed)?;
        Ok(tried.ok().map(|(made, ..)| made))
    }

    /// Another version of the one package that a change is about, if that is what is held back: one that is not `known` in
    /// the place. What is tried is known then.
    fn another(
        &self,
        place: usize,
        made: &Made,
        held: &BTreeSet<&Purl>,
        rules: &Selection,
        known: &mut BTreeSet<(usize, Purl)>,
    ) -> Result<Option<Made>, Diagnostic> {
        let package = made.proposal.package();
        let is_it = held.iter().all(|purl| purl.package() == package.package());
        let way = made.proposal.way();
        if !is_it
            || made.proposal.parts().count() > 1
            || matches!(way, Way::Remove | Way::Replace | Way::BaseImage)
        {
            return Ok(None);
        }
        let cases = self.cases.iter().filter(|case| case.place == Some(place));
        let own = cases.filter(|case| case.idea.package.package() == package.package());
        let own: Vec<_> = own.collect();
        // Of several versions the one that the change is about.
        let case = match own.as_slice() {
            [one] => Some(one),
            all => all.iter().find(|case| case.idea.package == *package),
        };
        let Some(case) = case else { return Ok(None) };
        let Ok(offered) = self.versions(package) else { return Ok(None) };
        let oldest = too_young(rules, self.registry.now);
        let fine = offered.into_iter().filter(|offered| {
            let young = offered.published.zip(oldest).is_some_and(|(at, oldest)| at > oldest);
            let is_held = held.iter().any(|purl| purl.version() == Some(&*offered.version));
            !young && !is_held
        });
        let least = case.idea.to.as_deref();
        let family = trimtab_model::Family::from_purl_type(package.purl_type());
        let enough = |version: &str| {
            let order = family.zip(least).and_then(|(f, least)| f.compare(version, least));
            order.is_none_or(std::cmp::Ordering::is_ge)
        };
        let from = &case.idea.package;
        let all = later(from, fine.collect()).into_iter().filter(|version| enough(version));
        let mut left = VERSIONS;
        for version in all {
            if left == 0 || self.trial.is_over() {
                break;
            }
            let reached = (place, package.package().with_version(&version));
            if known.contains(&reached) || self.comes_with(from, &version)? {
                continue;
            }
            let ways = self.ways(place, case.idea.relation, from, &version);
            if ways.is_empty() {
                continue;
            }
            known.insert(reached);
            left -= 1;
            if let Some(made) = self.exactly(place, ways, &made.removed)? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }

    /// The ways to a package at exactly one version that were not refused before.
    fn ways(
        &self,
        place: usize,
        relation: Relation,
        package: &Purl,
        version: &str,
    ) -> Vec<Proposal> {
        let Some(of) = self.places.get(place) else { return Vec::new() };
        let (package, to) = (package.clone(), version.into());
        let mut ways = Vec::new();
        if !of.tool.moves_all() && of.tool.has_lockfile() {
            let (package, to) = (package.clone(), Some(version.into()));
            ways.push(Proposal::Relock { package, to });
        }
        ways.push(match relation {
            Relation::Direct => Proposal::Raise { package, to },
            _ => Proposal::Override { package, to },
        });
        ways.retain(|way| !self.trial.was_refused(of, way));
        ways
    }

    /// The first of some ways that can be gone.
    fn exactly(
        &self,
        place: usize,
        ways: Vec<Proposal>,
        wanted: &BTreeSet<Key>,
    ) -> Result<Option<Made>, Diagnostic> {
        let Some(Ok((of, ground))) = self.ground(place) else { return Ok(None) };
        for proposal in ways {
            let ground = (&ground.base, &ground.before);
            if let Ok((made, ..)) = self.trial.attempt(of, ground, &proposal, wanted)? {
                return Ok(Some(made));
            }
        }
        Ok(None)
    }
}

/// Whether a change relocks something together with others.
fn is_with_askers(made: &Made) -> bool {
    let relocks = |part: &Proposal| part.way() == Way::Relock;
    made.proposal.parts().count() > 1 && made.proposal.parts().any(relocks)
}

/// The versions of the package that a change is about which came with it.
fn reached(place: usize, made: &Made) -> impl Iterator<Item = (usize, Purl)> {
    let package = made.proposal.package().package();
    let own = made.arrived.iter().filter(move |purl| purl.package() == package);
    own.map(move |purl| (place, purl.clone()))
}
