//! What no fix of a package removes: some of its findings have one and others have none, so that a later version of it leaves
//! a rest. A later version of what brings it may do without it altogether.

use std::collections::BTreeSet;

use trimtab_model::{Diagnostic, Purl, Relation};

use super::attempt::Refused;
use super::parents::Parents;
use super::place::Key;
use super::search::{Answer, Case, PARENTS, Search, Searched, Task, Told};

/// How many raises are tried for what has no fix, beside the ones that mend the rest.
const MOST: usize = 8;

impl Search<'_> {
    /// Tries to do without packages of which something stays whatever version they are moved to. What was found stays beside
    /// it: the planner takes what removes all of it, or the smaller step where that costs too much.
    pub(super) fn rest_without_fix(
        &self,
        order: &[usize],
        searched: &mut Searched,
        progress: &Told<'_>,
    ) -> Result<(), Diagnostic> {
        for (phase, parents) in [
            ("Doing without what stays", Parents::One),
            ("Doing without what stays, by several parents", Parents::Several),
        ] {
            self.lend(searched);
            let held = self.trial.share(PARENTS);
            let tasks = self.rest_tasks(order, searched, parents);
            self.round(phase, &tasks, searched, progress)?;
            self.trial.until(held);
        }
        Ok(())
    }

    /// The raises of what brings packages of which something without a fix is left, the heaviest first.
    fn rest_tasks(&self, order: &[usize], searched: &Searched, which: Parents) -> Vec<Task> {
        let alone = searched.made.iter().map(|(_, made)| made);
        let whole = searched.wholes.iter().map(|whole| &whole.made);
        let removed: BTreeSet<&Key> = alone.chain(whole).flat_map(|made| &made.removed).collect();
        let leaves = |at: &usize| leaves_a_rest(&self.cases[*at], &removed);
        let open: Vec<usize> = order.iter().copied().filter(leaves).collect();
        let tasks = self.parent_tasks(&open, which).into_iter().filter_map(|task| match task {
            Task::Parents(parents, ideas) => Some(Task::Without(parents, ideas)),
            _ => None,
        });
        tasks.take(MOST).collect()
    }

    /// Raises what brings some packages to where they are gone. A refusal says nothing of the fixes that they have, and is
    /// kept apart.
    pub(super) fn take_out(&self, parents: &[Purl], ideas: &[usize]) -> Result<Answer, Diagnostic> {
        let rest: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].rest.iter().cloned()).collect();
        let mut answer = self.brought_by(parents, ideas, &rest)?;
        answer.late = answer.tried.iter().any(|(.., why)| matches!(why, Refused::Time));
        answer.rest = std::mem::take(&mut answer.tried);
        Ok(answer)
    }
}

/// Whether others bring a package of which something without a fix stays, whatever was found. What the project names goes
/// with no parent.
fn leaves_a_rest(case: &Case<'_>, removed: &BTreeSet<&Key>) -> bool {
    case.idea.relation != Relation::Direct && case.rest.iter().any(|key| !removed.contains(key))
}

#[cfg(test)]
mod tests {
    use trimtab_engine::action::{Idea, Way};

    use super::*;

    #[test]
    fn a_package_that_is_mended_in_part_leaves_a_rest() {
        let package: Purl = "pkg:pypi/py@1.8.2".parse().unwrap();
        let key = |id: &str| -> Key { ("uv.lock".into(), package.clone(), id.into()) };
        let (fixed, unfixed) = (key("CVE-2020-29651"), key("CVE-2022-42969"));
        let is_left = |relation, rest: &[&Key], removed: &[&Key]| {
            let idea = Idea {
                file: 0,
                package: package.clone(),
                relation,
                to: Some("1.10.0".into()),
                unsaid: false,
                within: None,
                parents: vec!["pkg:pypi/pytest@7.0.0".parse().unwrap()],
                around: Vec::new(),
                askers: Vec::new(),
                findings: vec![0],
                left: vec![1],
                ways: vec![Way::Relock, Way::RaiseParent, Way::Override],
            };
            let case = Case {
                idea: &idea,
                place: Some(0),
                wanted: BTreeSet::from([fixed.clone()]),
                rest: rest.iter().copied().cloned().collect(),
                weight: 1.0,
                unpublished: false,
            };
            leaves_a_rest(&case, &removed.iter().copied().collect())
        };
        assert!(is_left(Relation::Transitive, &[&unfixed], &[&fixed]));
        assert!(is_left(Relation::Unknown, &[&unfixed], &[]));
        // A raise of pytest takes out all of it.
        assert!(!is_left(Relation::Transitive, &[&unfixed], &[&fixed, &unfixed]));
        assert!(!is_left(Relation::Transitive, &[], &[&fixed]));
        assert!(!is_left(Relation::Direct, &[&unfixed], &[&fixed]));
    }
}
