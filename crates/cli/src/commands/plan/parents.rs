//! Raising what brings a package: one dependency that people name, or several that bring it together, the package itself
//! among them where people name that too.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::{Diagnostic, Proposal, Purl, Relation, Way};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::lower::Lower;
use super::offered::later;
use super::place::Key;
use super::search::{Answer, Case, Search, Searched, Task};
use super::several::Several;

/// How many parents are raised together at most, and where no other way is left.
const MOST: (usize, usize) = (4, 8);
/// How many packages one parent mends, so that it is worth a try where each is mended already.
const INSTEAD: usize = 2;
/// How many parents are tried instead.
const MOST_INSTEAD: usize = 8;
/// How many tries it may take to find the smallest versions of two, and for each further one.
const TRIES: (usize, usize) = (8, 3);

/// Which parents are raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parents {
    /// The only one.
    One,
    /// All of several.
    Several,
    /// More of them, and with what brings those in turn: a copy of a parent may stay with it.
    Around,
}

impl Search<'_> {
    /// What is to be tried for ideas whose packages so many bring. Ideas with the same parents are one task.
    pub(super) fn parent_tasks(&self, open: &[usize], which: Parents) -> Vec<Task> {
        let mut of: BTreeMap<(usize, Vec<Purl>), Vec<usize>> = BTreeMap::new();
        for at in open {
            let case = &self.cases[*at];
            // What the project names goes with what brings it too.
            let own = Some(&case.idea.package).filter(|_| {
                case.idea.relation == Relation::Direct && !case.idea.parents.is_empty()
            });
            let mut parents: Vec<Purl> =
                own.into_iter().chain(&case.idea.parents).cloned().collect();
            let fits = match which {
                Parents::One => parents.len() == 1,
                Parents::Several => (2..=MOST.0).contains(&parents.len()),
                Parents::Around => {
                    let around = case.idea.around.iter().filter(|p| **p != case.idea.package);
                    let near = parents.len();
                    parents.extend(around.cloned());
                    let is_new = near > MOST.0 || near < parents.len();
                    near > 0 && is_new && parents.len() <= MOST.1
                }
            };
            if let (true, true, Some(place)) =
                (fits, case.idea.ways.contains(&Way::RaiseParent), case.place)
            {
                of.entry((place, parents)).or_default().push(*at);
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
        let mut tasks = self.parent_tasks(&mended, Parents::One);
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

    /// All that some ideas would remove.
    pub(super) fn wanted(&self, ideas: &[usize]) -> BTreeSet<Key> {
        ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect()
    }

    /// Raises what brings the packages of some ideas, one or several, to remove some of these findings.
    pub(super) fn brought_by(
        &self,
        parents: &[Purl],
        ideas: &[usize],
        wanted: &BTreeSet<Key>,
    ) -> Result<Answer, Diagnostic> {
        match parents {
            [parent] => self.parent(parent, ideas, wanted),
            parents => self.parents(parents, ideas, wanted),
        }
    }

    /// Raises what brings the packages of some ideas.
    fn parent(
        &self,
        parent: &Purl,
        ideas: &[usize],
        wanted: &BTreeSet<Key>,
    ) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some(first) = ideas.first() else { return Ok(answer) };
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let name = group::name(parent);
        let offered = match self.versions(parent) {
            Ok(offered) => offered,
            Err(problem) => {
                let why = Refused::Unasked(problem.message.to_string());
                let told = |at: &usize| (*at, format!("raise {name}"), why.clone());
                answer.tried.extend(ideas.iter().map(told));
                return Ok(answer);
            }
        };
        let later = later(parent, offered);
        let pair = (parent, &self.cases[*first].idea.package);
        let floor = self.floor(number, parent, &later);
        let mended = later.get(floor..).unwrap_or_default();
        let mut tried = self.trial.parent(place, ground, pair, mended, wanted)?;
        // Less than its own fix is better than nothing.
        let below = later.get(..floor).unwrap_or_default();
        if !below.is_empty() && tried.as_ref().is_err_and(is_of_versions) {
            let lower = self.trial.parent(place, ground, pair, below, wanted)?;
            tried = lower.or(tried);
        }
        // What it asks for may be named by the project too, in versions that do not go with it.
        if let Err(refused) = &tried {
            let places = (place, ground);
            if let Some(made) =
                self.parent_with_companions(places, pair, mended, refused, wanted)?
            {
                tried = Ok(made);
            }
        }
        match tried {
            Ok(made) => answer.made.push((number, made)),
            Err(refused) => {
                for at in ideas {
                    answer.tried.push((*at, format!("raise {name}"), refused.clone()));
                }
            }
        }
        Ok(answer)
    }

    /// Where its own fix stands among the later versions of a parent: below it, an action for that would clash with the
    /// parent's. The first, where it has no finding that one of them mends.
    fn floor(&self, place: usize, parent: &Purl, later: &[Box<str>]) -> usize {
        let own = |case: &&Case<'_>| case.place == Some(place) && case.idea.package == *parent;
        let fix = self.cases.iter().find(own).and_then(|case| case.idea.to.as_deref());
        let family = trimtab_model::Family::from_purl_type(parent.purl_type());
        let Some((family, fix)) = family.zip(fix) else { return 0 };
        let is_below = |version: &str| family.compare(version, fix).is_some_and(Ordering::is_lt);
        let floor = later.iter().take_while(|version| is_below(version)).count();
        if floor < later.len() { floor } else { 0 }
    }

    /// Raises several parents together: each to the smallest version that helps while the others are at theirs,
    /// and one that need not be raised stays.
    fn parents(
        &self,
        parents: &[Purl],
        ideas: &[usize],
        wanted: &BTreeSet<Key>,
    ) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some(first) = ideas.first() else { return Ok(answer) };
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let names = parents.iter().map(group::name).collect::<Vec<_>>().join(" and ");
        let what = format!("raise {names}");
        let mut offered: Vec<Vec<Box<str>>> = Vec::with_capacity(parents.len());
        for parent in parents {
            match self.versions(parent) {
                Ok(all) => offered.push(later(parent, all)),
                Err(problem) => {
                    let why = Refused::Unasked(problem.message.to_string());
                    answer.tried.extend(ideas.iter().map(|at| (*at, what.clone(), why.clone())));
                    return Ok(answer);
                }
            }
        }
        let child = &self.cases[*first].idea.package;
        // With a finding of its own a parent is raised to its fix at least, by another action if not by this one.
        let floors: Vec<usize> =
            parents.iter().zip(&offered).map(|(p, of)| self.floor(number, p, of)).collect();
        let mut lower = Lower::new(&offered);
        let mut several = Several::new(parents, child, offered, &floors);
        let ground = (&ground.base, &ground.before);
        let mut attempt = |proposal: &Proposal| -> Result<Result<Made, Refused>, Diagnostic> {
            let tried = self.trial.attempt(place, ground, proposal, wanted)?;
            Ok(tried.map(|(made, _, _)| made))
        };
        let whole = |several: &Several| match several.proposal() {
            Some(proposal) => attempt(&proposal),
            None => Ok(Err(Refused::Nothing)),
        };
        let mut tried = whole(&several)?;
        let mut first = None;
        // What the newest of them ask for may not be had: then a line below.
        while let Err(refused) = &tried {
            let Some(next) = lower.next(several.choice(), parents, refused) else { break };
            first.get_or_insert_with(|| refused.clone());
            several.begin_at(next);
            tried = whole(&several)?;
        }
        let best = match tried {
            Ok(made) => made,
            Err(refused) => {
                let refused = first.unwrap_or(refused);
                answer.tried.extend(ideas.iter().map(|at| (*at, what.clone(), refused.clone())));
                return Ok(answer);
            }
        };
        let target: BTreeSet<Key> = best.removed.intersection(wanted).cloned().collect();
        let tries = TRIES.0 + TRIES.1 * parents.len().saturating_sub(2);
        let best = several.descend(tries, &target, &mut attempt)?.unwrap_or(best);
        let best = Made { several: several.left(), ..best };
        answer.made.push((number, best));
        Ok(answer)
    }
}

/// Whether other versions may fare better.
fn is_of_versions(refused: &Refused) -> bool {
    match refused {
        Refused::Tool(refusal) => !refusal.reason.stops(),
        Refused::Worse(_) => true,
        Refused::Nothing
        | Refused::Unasked(_)
        | Refused::Needed(_)
        | Refused::Advised(_)
        | Refused::Bundled(_)
        | Refused::Time => false,
    }
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::{Reason, Refusal};

    use super::*;

    #[test]
    fn what_keeps_every_version_from_being_tried_is_not_tried_below() {
        let tool = |reason| {
            let (edits, commands) = (Vec::new(), Vec::new());
            Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
        };
        let missing = Reason::ToolMissing { program: "npm", install: "npm" };
        assert!(!is_of_versions(&tool(missing)));
        assert!(!is_of_versions(&tool(Reason::Registry("it is away".to_owned()))));
        assert!(!is_of_versions(&tool(Reason::TimeLimit(9))));
        let conflict = Reason::Conflict { blockers: Vec::new(), said: String::new() };
        assert!(is_of_versions(&tool(conflict)));
        assert!(is_of_versions(&Refused::Worse(Vec::new())));
        assert!(!is_of_versions(&Refused::Time));
    }
}
