//! Raising what brings a package: one dependency that people name, or several that bring it together.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::registry::versions::versions;
use trimtab_model::{Diagnostic, Proposal, Purl, Way};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::offered::later;
use super::place::Key;
use super::search::{Answer, Search, Searched, Task};

/// How many parents are raised together at most.
const MOST: usize = 4;
/// How many packages one parent mends, so that it is worth a try where each is mended already.
const INSTEAD: usize = 2;
/// How many parents are tried instead.
const MOST_INSTEAD: usize = 8;
/// How many tries it may take to find the smallest versions of several.
const TRIES: usize = 6;

impl Search<'_> {
    /// What is to be tried for ideas whose packages one parent brings, or several. Ideas with the same parents
    /// are one task.
    pub(super) fn parent_tasks(&self, open: &[usize], several: bool) -> Vec<Task> {
        let mut of: BTreeMap<(usize, Vec<Purl>), Vec<usize>> = BTreeMap::new();
        for at in open {
            let case = &self.cases[*at];
            let fits = match case.idea.parents.len() {
                0 => false,
                1 => !several,
                n => several && n <= MOST,
            };
            if let (true, true, Some(place)) =
                (fits, case.idea.ways.contains(&Way::RaiseParent), case.place)
            {
                of.entry((place, case.idea.parents.clone())).or_default().push(*at);
            }
        }
        let mut all: Vec<(Vec<Purl>, Vec<usize>)> =
            of.into_iter().map(|((_, parents), ideas)| (parents, ideas)).collect();
        let weight = |ideas: &[usize]| ideas.iter().map(|at| self.cases[*at].weight).sum::<f64>();
        all.sort_by(|a, b| weight(&b.1).total_cmp(&weight(&a.1)).then_with(|| a.0.cmp(&b.0)));
        all.into_iter().map(|(parents, ideas)| Task::Parents(parents, ideas)).collect()
    }

    /// The parents that bring several packages, each of which something else mends already.
    pub(super) fn parents_instead(&self, order: &[usize], searched: &Searched) -> Vec<Task> {
        let open: BTreeSet<usize> = self.open(order, searched).into_iter().collect();
        let mended: Vec<usize> = order.iter().copied().filter(|at| !open.contains(at)).collect();
        let raised = |place: usize, parent: &Purl| {
            searched.made.iter().filter(|(at, _)| *at == place).any(|(_, made)| {
                let mut parts = made.proposal.parts();
                parts.any(|part| part.package().package() == parent.package())
            })
        };
        let mut tasks = self.parent_tasks(&mended, false);
        tasks.retain(|task| {
            let Task::Parents(parents, ideas) = task else { return false };
            let packages: BTreeSet<Purl> =
                ideas.iter().map(|at| self.cases[*at].idea.package.package()).collect();
            let place = ideas.first().and_then(|at| self.cases[*at].place);
            let is_raised =
                place.is_none_or(|place| parents.iter().any(|parent| raised(place, parent)));
            packages.len() >= INSTEAD && !is_raised
        });
        tasks.truncate(MOST_INSTEAD);
        tasks
    }

    /// Raises what brings the packages of some ideas.
    pub(super) fn parent(&self, parent: &Purl, ideas: &[usize]) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some(first) = ideas.first() else { return Ok(answer) };
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let name = group::name(parent);
        let offered = match versions(parent, &self.registry) {
            Ok(offered) => offered,
            Err(problem) => {
                let why = Refused::Unasked(problem.message.to_string());
                let told = |at: &usize| (*at, format!("raise {name}"), why.clone());
                answer.tried.extend(ideas.iter().map(told));
                return Ok(answer);
            }
        };
        let later = later(parent, offered);
        let wanted: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect();
        let child = &self.cases[*first].idea.package;
        match self.trial.parent(place, ground, (parent, child), &later, &wanted)? {
            Ok(made) => answer.made.push((number, made)),
            Err(refused) => {
                for at in ideas {
                    answer.tried.push((*at, format!("raise {name}"), refused.clone()));
                }
            }
        }
        Ok(answer)
    }

    /// Raises several parents together: each to the smallest version that helps while the others are at theirs,
    /// and one that need not be raised stays.
    pub(super) fn parents(&self, parents: &[Purl], ideas: &[usize]) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some(first) = ideas.first() else { return Ok(answer) };
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let names = parents.iter().map(group::name).collect::<Vec<_>>().join(" and ");
        let what = format!("raise {names}");
        let mut offered: Vec<Vec<Box<str>>> = Vec::with_capacity(parents.len());
        for parent in parents {
            match versions(parent, &self.registry) {
                Ok(all) => offered.push(later(parent, all)),
                Err(problem) => {
                    let why = Refused::Unasked(problem.message.to_string());
                    answer.tried.extend(ideas.iter().map(|at| (*at, what.clone(), why.clone())));
                    return Ok(answer);
                }
            }
        }
        let wanted: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect();
        let child = &self.cases[*first].idea.package;
        // Of each parent, how far it is raised: 0 is not at all, n to the nth of its later versions.
        let attempt = |choice: &[usize]| -> Result<Result<Made, Refused>, Diagnostic> {
            let raised =
                parents.iter().zip(&offered).zip(choice).filter_map(|((parent, of), at)| {
                    let to = of.get(at.checked_sub(1)?)?.clone();
                    Some(Proposal::RaiseParent { parent: parent.clone(), to, child: child.clone() })
                });
            let Some(proposal) = Proposal::together(raised) else {
                return Ok(Err(Refused::Nothing));
            };
            let ground = (&ground.base, &ground.before);
            let tried = self.trial.attempt(place, ground, &proposal, &wanted)?;
            Ok(tried.map(|(made, _, _)| made))
        };
        let mut choice: Vec<usize> = offered.iter().map(Vec::len).collect();
        let mut best = match attempt(&choice)? {
            Ok(made) => made,
            Err(refused) => {
                answer.tried.extend(ideas.iter().map(|at| (*at, what.clone(), refused.clone())));
                return Ok(answer);
            }
        };
        let target: BTreeSet<Key> = best.removed.intersection(&wanted).cloned().collect();
        let mut left = TRIES;
        'all: for at in 0..choice.len() {
            let (mut low, mut high) = (0, choice[at]);
            // Whether it need be raised at all is asked first; and none takes the tries of those after it.
            let mut middle = 0;
            let mut share = left.div_ceil(choice.len() - at);
            while low < high && share > 0 {
                (left, share) = (left - 1, share - 1);
                let mut other = choice.clone();
                other[at] = middle;
                match attempt(&other)? {
                    Ok(made) if target.is_subset(&made.removed) => {
                        (choice, best) = (other, made);
                        high = middle;
                    }
                    Err(Refused::Time) => break 'all,
                    _ => low = middle + 1,
                }
                middle = low + (high - low) / 2;
            }
        }
        answer.made.push((number, best));
        Ok(answer)
    }
}
