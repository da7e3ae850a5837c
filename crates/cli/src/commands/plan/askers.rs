//! Relocking a package together with who asks for it: what no manifest names may be held by the locked version of what
//! brings it, of which the constraints that stand allow a later one.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::{Diagnostic, Proposal, Purl, Relation, Way};
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

    /// Relocks some packages with those that ask for them, so many steps up. What the project names itself is raised.
    fn with_askers(
        &self,
        ideas: &[usize],
        levels: usize,
        (place, ground): (&Place, &Ground),
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        let mut parts = Vec::new();
        let mut own: BTreeSet<&Purl> = BTreeSet::new();
        for at in ideas {
            let idea = self.cases[*at].idea;
            own.insert(&idea.package);
            if idea.relation == Relation::Direct
                && let Some((to, _)) = self.aim(*at, Way::Raise)?
            {
                parts.extend(idea.proposal(Way::Raise, &to));
            }
        }
        let askers = ideas.first().map_or(&[][..], |at| &self.cases[*at].idea.askers[..]);
        // From what the project names down: what is above must allow what is below.
        for package in askers.iter().take(levels).rev().flatten() {
            parts
                .push(Proposal::Relock { package: package.clone(), to: self.fix(place, package)? });
        }
        parts.extend(own.into_iter().map(|p| Proposal::Relock { package: p.clone(), to: None }));
        let Some(proposal) = Proposal::together(parts) else { return Ok(Err(Refused::Nothing)) };
        self.along(place, ground, &proposal, wanted)
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
