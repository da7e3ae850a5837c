//! Relocking a package together with who asks for it: what no manifest names may be held by the locked version of what
//! brings it, of which the constraints that stand allow a later one.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_engine::action::Moved;
use trimtab_model::{Diagnostic, Family, Proposal, Purl, Relation, Way};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::place::{Ground, Key, Place};
use super::search::{Answer, Case, Search, Task};

/// How many packages are moved along at most.
const MOST: usize = 12;

/// What ideas of one try have in common: the place, whether the project names what they are about, and who asks for it.
type Alike<'i> = (usize, bool, &'i [Vec<Purl>]);

impl Search<'_> {
    /// The tries of some ideas; those for which the same ask are one.
    pub(super) fn asker_tasks(&self, open: &[usize]) -> Vec<Task> {
        let mut of: BTreeMap<Alike<'_>, Vec<usize>> = BTreeMap::new();
        for at in open {
            let (idea, place) = (self.cases[*at].idea, self.cases[*at].place);
            // Go takes the lowest that all allow: nothing that is locked holds another.
            let locks =
                |place: &usize| self.places.get(*place).is_some_and(|p| p.tool.id() != "go");
            let Some(place) = place.filter(locks).filter(|_| self.relocks(*at)) else { continue };
            let direct = idea.relation == Relation::Direct;
            // What only the project names is raised to the smallest version that helps.
            let is_held = |askers: &Vec<Purl>| {
                askers.len() <= MOST && askers.iter().any(|asker| !idea.parents.contains(asker))
            };
            if idea.askers.first().is_some_and(is_held) && idea.to.is_some() {
                of.entry((place, direct, &idea.askers)).or_default().push(*at);
            }
        }
        let mut all: Vec<Vec<usize>> = of.into_values().collect();
        let weight = |ideas: &[usize]| ideas.iter().map(|at| self.cases[*at].weight).sum::<f64>();
        all.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.cmp(b)));
        all.into_iter().map(Task::Askers).collect()
    }

    /// Relocks some packages with who asks for them: all on the way from what the project names, to know whether that
    /// helps, and then as few as do.
    pub(super) fn askers(&self, ideas: &[usize]) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some(first) = ideas.first().map(|at| self.cases[*at].idea) else { return Ok(answer) };
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let wanted: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect();
        let mut count = 0;
        let fits = |level: &&Vec<Purl>| {
            count += level.len();
            count <= MOST
        };
        let levels = first.askers.iter().take_while(fits).count();
        let along = first.askers.iter().take(levels).flatten();
        let names: Vec<String> = along.map(group::name).collect();
        let what = format!("relock it with {}", names.join(", "));
        let mut best = match self.with_askers(ideas, levels, (place, ground), &wanted)? {
            Ok(made) => Some(made),
            // Less may be no worse, where all brings something in; it moves no more.
            Err(refused) => {
                let ends = matches!(refused, Refused::Nothing | Refused::Time);
                answer.tried.extend(ideas.iter().map(|at| (*at, what.clone(), refused.clone())));
                if ends {
                    return Ok(answer);
                }
                None
            }
        };
        let enough: BTreeSet<Key> =
            best.iter().flat_map(|made| made.removed.intersection(&wanted).cloned()).collect();
        for fewer in 1..levels {
            if let Ok(made) = self.with_askers(ideas, fewer, (place, ground), &wanted)?
                && enough.is_subset(&made.removed)
            {
                best = Some(made);
                break;
            }
        }
        answer.made.extend(best.map(|made| (number, made)));
        Ok(answer)
    }

    /// Relocks some packages with those that ask for them, so many steps up. What the project names itself is raised. One
    /// that asks and has findings of its own goes to its fix exactly, else to the newest that is allowed, if that is no lower.
    fn with_askers(
        &self,
        ideas: &[usize],
        levels: usize,
        (place, ground): (&Place, &Ground),
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        let mut raised = Vec::new();
        let mut own: BTreeMap<&Purl, Option<Box<str>>> = BTreeMap::new();
        for at in ideas {
            let idea = self.cases[*at].idea;
            let to = match idea.relation {
                Relation::Direct => self.aim(*at, Way::Raise)?.map(|(to, _)| to),
                _ => None,
            };
            raised.extend(to.as_deref().and_then(|to| idea.proposal(Way::Raise, to)));
            own.insert(&idea.package, to);
        }
        // Relocked freely, what is raised would go beyond the version that is told.
        let all = place.tool.moves_all();
        own.retain(|_, to| to.is_none() || !all);
        let askers = ideas.first().map_or(&[][..], |at| &self.cases[*at].idea.askers[..]);
        let mut asking = Vec::new();
        // From what the project names down: what is above must allow what is below.
        for package in askers.iter().take(levels).rev().flatten() {
            asking.push((package, self.fix(place, package)?));
        }
        let attempt = |exactly: bool| {
            let fixes = asking.iter().map(|(p, to)| (*p, to.clone().filter(|_| exactly)));
            let moved = fixes.chain(own.iter().map(|(p, to)| (*p, to.clone())));
            let moved = moved.map(|(p, to)| Proposal::Relock { package: p.clone(), to });
            match Proposal::together(raised.iter().cloned().chain(moved)) {
                Some(proposal) => self.along(place, ground, &proposal, wanted),
                None => Ok(Err(Refused::Nothing)),
            }
        };
        let refused = match attempt(true)? {
            Err(refused) if !matches!(refused, Refused::Time) => refused,
            ended => return Ok(ended),
        };
        let fixes: Vec<(&Purl, &str)> =
            asking.iter().filter_map(|(p, to)| Some((*p, to.as_deref()?))).collect();
        if fixes.is_empty() {
            return Ok(Err(refused));
        }
        Ok(match attempt(false)? {
            Ok(made) if fixes.iter().all(|(p, fix)| is_mended(&made.moved, p, fix)) => Ok(made),
            _ => Err(refused),
        })
    }

    /// The version to which another action relocks a package that asks, for its own findings: elsewhere it would clash with
    /// that. `None`: the newest that is allowed.
    fn fix(&self, place: &Place, package: &Purl) -> Result<Option<Box<str>>, Diagnostic> {
        let is_it = |case: &Case<'_>| {
            let of = case.place.and_then(|place| self.places.get(place));
            case.idea.package == *package && of.is_some_and(|of| of.name == place.name)
        };
        let Some(at) = self.cases.iter().position(is_it) else { return Ok(None) };
        if place.tool.moves_all() || !self.relocks(at) {
            return Ok(None);
        }
        Ok(self.aim(at, Way::Relock)?.map(|(to, _)| to))
    }
}

/// Whether a package moves to its fix or above.
fn is_mended(moved: &[Moved], package: &Purl, fix: &str) -> bool {
    let family = Family::from_purl_type(package.purl_type());
    let is_above = |version: &str| {
        family.and_then(|f| f.compare(version, fix)).is_some_and(std::cmp::Ordering::is_ge)
    };
    let mut own = moved.iter().filter(|moved| moved.package == package.package());
    own.any(|moved| !moved.to.is_empty() && moved.to.iter().all(|version| is_above(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_is_mended_at_its_fix_or_above() {
        let package: Purl = "pkg:cargo/idna@0.2.0".parse().unwrap();
        let moved = |to: &[&str]| Moved {
            package: package.package(),
            from: vec!["0.2.0".into()],
            to: to.iter().map(|version| (*version).into()).collect(),
        };
        assert!(is_mended(&[moved(&["1.0.3"])], &package, "1.0.0"));
        assert!(is_mended(&[moved(&["1.0.0"])], &package, "1.0.0"));
        assert!(!is_mended(&[moved(&["0.5.0", "1.0.3"])], &package, "1.0.0"), "a copy is below");
        assert!(!is_mended(&[moved(&[])], &package, "1.0.0"), "it is gone, and not known to be");
        assert!(!is_mended(&[], &package, "1.0.0"), "it stays where it is");
    }
}
