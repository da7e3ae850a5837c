//! Which versions of several parents are tried where their newest are refused.

use trimtab_connect::update::{Blocker, Reason, lower_lines};
use trimtab_model::Purl;
use trimtab_report::group;

use super::attempt::Refused;

/// How many lower choices are tried.
const MOST_LOWER: usize = 4;

/// Which versions below the newest are tried together where those are refused.
pub(super) struct Lower {
    /// Of each parent, choices that are the newest of a line, ascending.
    lines: Vec<Vec<usize>>,
    left: usize,
}

impl Lower {
    pub(super) fn new(offered: &[Vec<Box<str>>]) -> Lower {
        let lines = |of: &Vec<Box<str>>| lower_lines(of).into_iter().map(|at| at + 1).collect();
        Lower { lines: offered.iter().map(lines).collect(), left: MOST_LOWER }
    }

    /// The next choice: each parent that a refusal names, else each, a line lower, and from the second time on half of
    /// the lines. `None`: nothing lower would help.
    pub(super) fn next(
        &mut self,
        choice: &[usize],
        parents: &[Purl],
        refused: &Refused,
    ) -> Option<Vec<usize>> {
        let Refused::Tool(refusal) = refused else { return None };
        let blockers = refusal.reason.blockers();
        // Of a conflict it may not be known who stands in the way.
        let conflicts = matches!(refusal.reason, Reason::Conflict { .. });
        if blockers.is_empty() && !conflicts || self.left == 0 {
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
    use trimtab_connect::update::Refusal;

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
