//! What others make possible: a change that is refused only for what comes along is tried again together with a change that
//! raises just that, and is an action of its own. What both raise is paid once.

use std::collections::BTreeSet;

use trimtab_engine::action::Worse;
use trimtab_model::{Diagnostic, Proposal, Purl, Way};

use super::attempt::{Made, Refused};
use super::search::{Answer, Search, Searched, Task};

/// How many ideas are tried so.
const MOST: usize = 8;

impl Search<'_> {
    /// Ideas that were refused for findings of what comes along, with what is raised beside them; the heaviest first.
    pub(super) fn enabled_tasks(
        &self,
        open: &[usize],
        searched: &Searched,
    ) -> Result<Vec<Task>, Diagnostic> {
        let mut tasks = Vec::new();
        for at in open {
            if tasks.len() >= MOST {
                break;
            }
            let Some(worse) = searched.tried.get(*at).and_then(|tried| brought(tried)) else {
                continue;
            };
            let case = &self.cases[*at];
            let own = searched.made.iter().map(|(place, made)| (*place, made));
            let wholes = searched.wholes.iter().map(|whole| (whole.place, &whole.made));
            let near = own.chain(wholes).filter(|(place, _)| Some(*place) == case.place);
            let Some(other) = enabling(near.map(|(_, made)| made), &worse) else { continue };
            let way = case.idea.ways.iter().copied().find(|way| match way {
                Way::Relock => self.relocks(*at),
                way => *way == Way::Raise,
            });
            let Some(way) = way else { continue };
            let Some((to, _)) = self.aim(*at, way)? else { continue };
            let Some(first) = case.idea.proposal(way, &to) else { continue };
            let package = case.idea.package.package();
            let along = other.proposal.parts().filter(|part| part.package().package() != package);
            let together = Proposal::together(std::iter::once(first).chain(along.cloned()));
            tasks.extend(together.map(|together| Task::Enabled(*at, together)));
        }
        Ok(tasks)
    }

    /// Tries one.
    pub(super) fn enabled(&self, at: usize, proposal: &Proposal) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some((number, place, ground)) = self.ground_of(&[at], &mut answer) else {
            return Ok(answer);
        };
        // Why it is refused by itself is what is told.
        if let Ok(made) = self.along(place, ground, proposal, &self.cases[at].wanted)? {
            answer.made.push((number, made));
        }
        Ok(answer)
    }
}

/// The packages whose findings came along, where nothing else was worse in a try.
fn brought(tried: &[(String, Refused)]) -> Option<BTreeSet<Purl>> {
    tried.iter().rev().find_map(|(_, why)| {
        let Refused::Worse(all) = why else { return None };
        let package = |worse: &Worse| match worse {
            Worse::Finding(component, _) => Some(component.package()),
            _ => None,
        };
        all.iter().map(package).collect()
    })
}

/// Of some changes, the one of the fewest parts that moves all of some packages, else the most of them.
fn enabling<'m>(
    all: impl Iterator<Item = &'m Made>,
    packages: &BTreeSet<Purl>,
) -> Option<&'m Made> {
    let moves = |made: &Made| {
        packages.iter().filter(|package| made.moved.iter().any(|m| m.package == **package)).count()
    };
    let rank = |made: &&Made| (std::cmp::Reverse(moves(made)), made.proposal.parts().count());
    all.filter(|made| moves(made) > 0).min_by_key(rank)
}

#[cfg(test)]
mod tests {
    use trimtab_engine::action::Moved;

    use super::*;

    fn purl(name: &str) -> Purl {
        format!("pkg:golang/a.example/{name}").parse().unwrap()
    }

    fn made(raised: &[&str], moved: &[&str]) -> Made {
        let part = |name: &&str| Proposal::Raise {
            package: purl(name).with_version("v1.0.0"),
            to: "v1.1.0".into(),
        };
        let moves = |name: &&str| Moved {
            package: purl(name),
            from: vec!["v1.0.0".into()],
            to: vec!["v1.1.0".into()],
        };
        let proposal = Proposal::together(raised.iter().map(part)).unwrap();
        Made { moved: moved.iter().map(moves).collect(), ..Made::unmade(proposal) }
    }

    #[test]
    fn what_raises_what_came_along_makes_it_possible() {
        let all =
            [made(&["x"], &["x", "y"]), made(&["m", "n", "o"], &["m", "n"]), made(&["m"], &["m"])];
        let of = |names: &[&str]| {
            let packages: BTreeSet<Purl> = names.iter().map(|name| purl(name)).collect();
            enabling(all.iter(), &packages).map(|made| made.proposal.parts().count())
        };
        assert_eq!(of(&["m"]), Some(1), "no more than it needs");
        assert_eq!(of(&["m", "n"]), Some(3));
        assert_eq!(of(&["m", "z"]), Some(1), "what of it there is");
        assert_eq!(of(&["z"]), None);
    }

    #[test]
    fn only_what_comes_along_can_be_mended_so() {
        let finding =
            |name: &str| Worse::Finding(purl(name).with_version("v1.0.0"), "CVE-1".into());
        let refused = |all: Vec<Worse>| vec![("raise a".to_owned(), Refused::Worse(all))];
        assert_eq!(brought(&refused(vec![finding("m")])), Some(BTreeSet::from([purl("m")])));
        assert_eq!(brought(&[("raise a".to_owned(), Refused::Nothing)]), None);
    }
}
