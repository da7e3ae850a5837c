//! Smaller versions of parents: where the time of a task was over before all of them were tried, they are tried with what
//! the other rounds left. The newest is tried first, so that a parent may be raised further than it need be until then.

use std::collections::BTreeSet;

use trimtab_engine::assess::{Distance, distance};
use trimtab_model::{Diagnostic, Proposal, Purl};

use super::attempt::{Made, Refused};
use super::place::Key;
use super::search::{Answer, Search, Searched, Task};
use super::several::Several;

/// How many parents are tried in smaller versions.
const MOST: usize = 12;
/// How many tries it may take to find the smallest versions of parents that are raised together.
const TRIES: usize = 24;

/// A raise of parents with smaller versions that were not tried.
pub(super) struct Wide {
    /// Where it stands among what was made.
    at: usize,
    place: usize,
    raise: Raise,
    /// All of this must be removed by a smaller one too.
    removed: BTreeSet<Key>,
}

/// What is raised.
enum Raise {
    /// One parent, what it brings, and its smaller versions, ascending.
    One(Purl, Purl, Vec<Box<str>>),
    /// Several together.
    Several(Several),
}

impl Search<'_> {
    /// Raises of a parent with untried smaller versions: major steps first, and then what removes the most.
    pub(super) fn wide_tasks(&self, searched: &Searched) -> Vec<Task> {
        let mut wanted = BTreeSet::new();
        for case in self.cases {
            wanted.extend(case.wanted.iter());
        }
        let made = searched.made.iter().enumerate();
        let wide = made.filter_map(|(at, (place, made))| wide(at, *place, made, &wanted));
        ordered(wide.collect()).into_iter().map(Task::Narrow).collect()
    }

    /// Tries them. What was found stays where none of them does as well.
    pub(super) fn narrow(&self, wide: &Wide) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some(Ok((place, ground))) = self.ground(wide.place) else { return Ok(answer) };
        let (parent, child, versions) = match &wide.raise {
            Raise::One(parent, child, versions) => (parent, child, versions),
            Raise::Several(several) => {
                let mut several = several.clone();
                let ground = (&ground.base, &ground.before);
                let mut attempt = |proposal: &Proposal| {
                    let tried = self.trial.attempt(place, ground, proposal, &wide.removed)?;
                    Ok(tried.map(|(made, _, _)| made))
                };
                let found = several.descend(TRIES, &wide.removed, &mut attempt)?;
                let left = several.left();
                match found {
                    Some(made) => {
                        answer.narrowed.push((wide.at, Some(Made { several: left, ..made })));
                    }
                    None if left.is_none() => answer.narrowed.push((wide.at, None)),
                    None => {}
                }
                return Ok(answer);
            }
        };
        let pair = (parent, child);
        let tried = self.trial.as_well(place, ground, pair, versions, &wide.removed)?;
        match tried {
            Ok(made) => answer.narrowed.push((wide.at, Some(made))),
            // No smaller one does as well.
            Err(refused) if !is_of_moment(&refused) => answer.narrowed.push((wide.at, None)),
            Err(_) => {}
        }
        Ok(answer)
    }
}

/// Whether a refusal says nothing of the versions.
pub(super) fn is_of_moment(refused: &Refused) -> bool {
    match refused {
        Refused::Time | Refused::Unasked(_) => true,
        Refused::Tool(refusal) => refusal.reason.stops(),
        Refused::Worse(_)
        | Refused::Nothing
        | Refused::Needed(_)
        | Refused::Advised(_)
        | Refused::Bundled(_) => false,
    }
}

fn wide(at: usize, place: usize, made: &Made, wanted: &BTreeSet<&Key>) -> Option<Wide> {
    let raise = match (&made.several, &made.proposal) {
        (Some(several), _) => Raise::Several(Several::clone(several)),
        (None, Proposal::RaiseParent { parent, child, .. }) if !made.untried.is_empty() => {
            Raise::One(parent.clone(), child.clone(), made.untried.clone())
        }
        _ => return None,
    };
    let removed = made.removed.iter().filter(|key| wanted.contains(key)).cloned().collect();
    Some(Wide { at, place, raise, removed })
}

impl Raise {
    /// Each parent with its smallest version that was not tried.
    fn least(&self) -> Vec<(&Purl, &str)> {
        match self {
            Raise::One(parent, _, versions) => {
                versions.first().map(|least| (parent, &**least)).into_iter().collect()
            }
            Raise::Several(several) => several
                .untried()
                .filter_map(|(parent, of)| Some((parent, &**of.first()?)))
                .collect(),
        }
    }
}

/// The first of them: those that may be spared a major step, and then by how much they remove.
fn ordered(mut all: Vec<Wide>) -> Vec<Wide> {
    let may_spare = |wide: &Wide| {
        wide.raise.least().iter().any(|(parent, least)| {
            distance(parent.version().unwrap_or_default(), least) != Some(Distance::Major)
        })
    };
    all.sort_by_cached_key(|wide| {
        let name = wide.raise.least().first().map(|(parent, _)| (*parent).clone());
        (!may_spare(wide), std::cmp::Reverse(wide.removed.len()), name)
    });
    all.truncate(MOST);
    all
}

/// Puts smaller ones into the place of what was made.
pub(super) fn replace(searched: &mut Searched, narrowed: Vec<(usize, Option<Made>)>) {
    for (at, smaller) in narrowed {
        let Some((_, made)) = searched.made.get_mut(at) else { continue };
        match smaller {
            Some(smaller) => *made = smaller,
            None => {
                made.untried.clear();
                made.several = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raise(parent: &str, to: &str, untried: &[&str]) -> Made {
        let parent: Purl = parent.parse().unwrap();
        let child = "pkg:npm/child@1.0.0".parse().unwrap();
        let proposal = Proposal::RaiseParent { parent, to: to.into(), child };
        Made {
            untried: untried.iter().map(|version| Box::from(*version)).collect(),
            ..Made::unmade(proposal)
        }
    }

    #[test]
    fn what_may_spare_a_major_step_comes_first() {
        let all = [
            raise("pkg:npm/a@24.0.0", "30.0.0", &["25.0.0", "29.0.0"]),
            raise("pkg:npm/b@1.0.0", "2.0.0", &[]),
            raise("pkg:npm/c@1.0.0", "2.0.0", &["1.1.0"]),
        ];
        let none = BTreeSet::new();
        let wide = all.iter().enumerate().filter_map(|(at, made)| wide(at, 0, made, &none));
        let order: Vec<usize> = ordered(wide.collect()).iter().map(|wide| wide.at).collect();
        assert_eq!(order, [2, 0], "and what is the smallest already is not tried");
    }

    #[test]
    fn a_smaller_one_takes_the_place() {
        let a = |to: &str, untried: &[&str]| (0, raise("pkg:npm/a@24.0.0", to, untried));
        let made =
            vec![a("30.0.0", &["25.0.0"]), a("29.0.0", &["26.0.0"]), a("28.0.0", &["27.0.0"])];
        let mut searched = Searched { made, ..Searched::default() };
        replace(&mut searched, vec![(0, Some(a("25.0.0", &[]).1)), (1, None), (9, None)]);
        let told: Vec<(String, usize)> = searched
            .made
            .iter()
            .map(|(_, made)| (made.proposal.to_string(), made.untried.len()))
            .collect();
        assert!(told[0].0.contains("25.0.0") && told[0].1 == 0, "{told:?}");
        assert!(told[1].0.contains("29.0.0") && told[1].1 == 0, "{told:?}");
        assert!(told[2].0.contains("28.0.0") && told[2].1 == 1, "there was no time: {told:?}");
    }
}
