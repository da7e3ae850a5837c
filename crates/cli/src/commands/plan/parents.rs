//! Raising what brings a package: one dependency that people name, or several that bring it together.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::registry::versions::versions;
use trimtab_connect::update::{Blocker, lower_lines};
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
/// How many lower choices of several are tried where their newest are refused.
const MOST_LOWER: usize = 4;

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
        let mut lower = Lower::new(&offered);
        let mut tried = attempt(&choice)?;
        let mut first = None;
        // What the newest of them ask for may not be had: then a line below.
        while let Err(refused) = &tried {
            let Some(next) = lower.next(&choice, parents, refused) else { break };
            first.get_or_insert_with(|| refused.clone());
            choice = next;
            tried = attempt(&choice)?;
        }
        let mut best = match tried {
            Ok(made) => made,
            Err(refused) => {
                let refused = first.unwrap_or(refused);
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

/// Which versions below the newest are tried together where those are refused.
struct Lower {
    /// Of each parent, choices that are the newest of a line, ascending.
    lines: Vec<Vec<usize>>,
    left: usize,
}

impl Lower {
    fn new(offered: &[Vec<Box<str>>]) -> Lower {
        let lines = |of: &Vec<Box<str>>| lower_lines(of).into_iter().map(|at| at + 1).collect();
        Lower { lines: offered.iter().map(lines).collect(), left: MOST_LOWER }
    }

    /// The next choice: each parent that a refusal names, else each, a line lower, and from the second time on half of
    /// the lines. `None`: nothing lower would help.
    fn next(
        &mut self,
        choice: &[usize],
        parents: &[Purl],
        refused: &Refused,
    ) -> Option<Vec<usize>> {
        let Refused::Tool(refusal) = refused else { return None };
        let blockers = refusal.reason.blockers();
        if blockers.is_empty() || self.left == 0 {
            return None;
        }
        let is_first = self.left == MOST_LOWER;
        self.left -= 1;
        let names: Vec<String> = parents.iter().map(group::name).collect();
        let is_named = |name: &str| {
            let is_it = |blocker: &Blocker| {
                blocker.who.rsplit_once('@').is_some_and(|(who, _)| who.eq_ignore_ascii_case(name))
            };
            blockers.iter().any(is_it)
        };
        let all = !names.iter().any(|name| is_named(name));
        let lowered = self.lines.iter().zip(&names).zip(choice).map(|((lines, name), at)| {
            let below = lines.partition_point(|line| line < at);
            let next = if is_first { below.checked_sub(1) } else { Some(below / 2) };
            let lower = next.and_then(|next| lines.get(next).filter(|line| *line < at));
            if all || is_named(name) { lower.copied().unwrap_or(*at) } else { *at }
        });
        let lowered: Vec<usize> = lowered.collect();
        (lowered != choice).then_some(lowered)
    }
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::{Reason, Refusal};

    use super::*;

    fn refused(who: &str) -> Refused {
        let (needs, range) = ("Python".to_owned(), ">=3.10".to_owned());
        let blockers = vec![Blocker { who: who.to_owned(), needs, range }];
        let reason = Reason::Conflict { blockers, said: String::new() };
        Refused::Tool(Box::new(Refusal {
            reason,
            edits: Vec::new(),
            next: None,
            commands: Vec::new(),
        }))
    }

    #[test]
    fn the_parent_that_is_named_is_chosen_lower() {
        let versions = |all: &[&str]| all.iter().map(|version| Box::from(*version)).collect();
        let offered: Vec<Vec<Box<str>>> =
            vec![versions(&["1.0", "1.1", "2.0", "2.1", "3.0"]), versions(&["5.0", "6.0"])];
        let parents: Vec<Purl> =
            ["pkg:pypi/left", "pkg:pypi/right"].iter().map(|p| p.parse().unwrap()).collect();
        let mut lower = Lower::new(&offered);
        let next = lower.next(&[5, 2], &parents, &refused("left@3.0"));
        assert_eq!(next, Some(vec![4, 2]), "the line below");
        let next = lower.next(&[4, 2], &parents, &refused("left@2.1"));
        assert_eq!(next, Some(vec![2, 2]), "half of the lines");
        let next = lower.next(&[2, 2], &parents, &refused("another@1"));
        assert_eq!(next, Some(vec![1, 1]), "all, where none is named");
        assert_eq!(lower.next(&[1, 1], &parents, &refused("left@1.0")), None, "none is lower");
        assert_eq!(lower.next(&[5, 2], &parents, &Refused::Nothing), None);
    }
}
