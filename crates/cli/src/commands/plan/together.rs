//! One way for many ideas of a place by one run of its package manager: it tells for which of them the way is
//! possible, and it is a change of its own for those that no single try gets to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trimtab_connect::update::Reason;
use trimtab_engine::action::{Idea, Worse};
use trimtab_model::{Diagnostic, Proposal, Purl, Way};

use super::attempt::{Made, Refused};
use super::beside::is_aside;
use super::copies::is_major;
use super::place::{Ground, Key, Place};
use super::search::{Answer, Search, Searched, Task, Whole};

/// How many packages are worth it.
const LEAST: usize = 3;
/// How many tries it may take where not all can be had at once.
const TRIES: usize = 8;
/// The part of the time that is left which these may take.
const SHARE: f64 = 0.4;

impl Search<'_> {
    /// The tries of a way for many ideas at once, by place.
    pub(super) fn several(&self, way: Way, order: &[usize]) -> Vec<Task> {
        let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in order {
            let case = &self.cases[*at];
            let Some(place) = case.place.and_then(|p| self.places.get(p)) else { continue };
            let fits = match way {
                Way::Relock => {
                    let raises = place.tool.id() == "go" && case.idea.ways.contains(&Way::Raise);
                    (self.relocks(*at) || raises) && place.tool.does_several(way)
                }
                Way::Raise => case.idea.ways.contains(&way) && place.tool.does_several(way),
                way => case.idea.ways.contains(&way) && self.bundled_by(*at).is_empty(),
            };
            if let (true, true, Some(place)) = (fits, case.idea.to.is_some(), case.place) {
                of.entry(place).or_default().push(*at);
            }
        }
        let packages = |ideas: &[usize]| {
            let all = ideas.iter().map(|at| self.cases[*at].idea.package.package());
            all.collect::<BTreeSet<Purl>>().len()
        };
        let is_large = |at: &usize| {
            let idea = self.cases[*at].idea;
            way == Way::Raise && is_major(idea.package.version(), idea.to.as_deref())
        };
        of.into_values()
            .filter(|ideas| packages(ideas) >= LEAST)
            .flat_map(|ideas| in_steps(ideas, is_large, packages))
            .map(|ideas| Task::Several(way, ideas))
            .collect()
    }

    /// Tries a way for all of some ideas; where that is refused for what it names, without that, and else for the
    /// halves.
    pub(super) fn at_once(&self, way: Way, ideas: &[usize]) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let mut waiting = vec![ideas.to_vec()];
        let mut left = TRIES;
        let mut least = self.trial.left().mul_f64(1.0 - SHARE);
        while let Some(ideas) = waiting.pop() {
            if left == 0 || left < TRIES && self.trial.left() < least {
                break;
            }
            left -= 1;
            match self.all(way, &ideas, place, ground)? {
                Ok(made) => {
                    let helps = |at: &usize| !self.cases[*at].wanted.is_disjoint(&made.removed);
                    let (helped, idle): (Vec<usize>, Vec<usize>) =
                        ideas.iter().copied().partition(helps);
                    // A raise that was left out, as no manifest can be edited, is told when it is tried alone.
                    for at in idle.into_iter().filter(|_| way != Way::Raise) {
                        let to = self.cases[at].idea.to.as_deref().unwrap_or_default();
                        if let Some(proposal) = self.cases[at].idea.proposal(way, to) {
                            answer.tried.push((at, proposal.to_string(), Refused::Nothing));
                        }
                        answer.idle.insert((at, way));
                    }
                    let made = self.without(made, &helped, &ideas);
                    answer.wholes.push(Whole { place: number, way, ideas: helped, made });
                }
                // What moves all that is allowed to moves none of them, and none of them alone.
                Err(refused)
                    if way == Way::Relock && place.tool.moves_all() && moves_nothing(&refused) =>
                {
                    for at in ideas {
                        let to = self.cases[at].idea.to.as_deref().unwrap_or_default();
                        if let Some(proposal) = self.cases[at].idea.proposal(way, to) {
                            answer.tried.push((at, proposal.to_string(), Refused::Nothing));
                        }
                        answer.idle.insert((at, way));
                    }
                }
                // What took too long for all may be done for half of them, in all the time that is left.
                Err(refused) if is_late(&refused) => {
                    self.extend();
                    if self.trial.is_over() {
                        break;
                    }
                    self.trial.at_most(1.0);
                    least = Duration::ZERO;
                    waiting.extend(halves(&ideas));
                }
                Err(refused) if splits(&refused) => {
                    let named = named(&refused);
                    let is_named = |at: &usize| {
                        let idea = self.cases[*at].idea;
                        // Of a finding that would come in, whether it is of the version that is asked for.
                        let asked =
                            idea.to.as_deref().map(|to| idea.package.package().with_version(to));
                        named.contains(&idea.package.package())
                            || asked.is_some_and(|asked| named.contains(&asked))
                    };
                    let (named, others): (Vec<usize>, Vec<usize>) =
                        ideas.iter().copied().partition(is_named);
                    if !named.is_empty() && others.len() >= 2 {
                        waiting.push(others);
                    } else {
                        waiting.extend(halves(&ideas));
                    }
                }
                Err(_) => {}
            }
        }
        Ok(answer)
    }

    /// A change that is said to be of those only that it helps, and of what goes along.
    fn without(&self, mut made: Made, helped: &[usize], asked: &[usize]) -> Made {
        let packages = |ideas: &[usize]| -> BTreeSet<Purl> {
            ideas.iter().map(|at| self.cases[*at].idea.package.package()).collect()
        };
        let (helped_ideas, helped, asked) = (helped, packages(helped), packages(asked));
        let stays = |part: &&Proposal| {
            let package = part.package().package();
            helped.contains(&package) || !asked.contains(&package)
        };
        let ideas: Vec<&Idea> = helped_ideas.iter().map(|at| self.cases[*at].idea).collect();
        let parts = made.proposal.parts().filter(stays).map(|part| of_what_moves(part, &ideas));
        if let Some(proposal) = Proposal::together(parts) {
            made.proposal = proposal;
        }
        made
    }

    fn all(
        &self,
        way: Way,
        ideas: &[usize],
        place: &Place,
        ground: &Ground,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        let mut proposals = Vec::with_capacity(ideas.len());
        let mut known: BTreeSet<Purl> = BTreeSet::new();
        let mut wanted: BTreeSet<Key> = BTreeSet::new();
        for at in ideas {
            let case = &self.cases[*at];
            wanted.extend(case.wanted.iter().cloned());
            let Some((to, _)) = self.aim(*at, way)? else { continue };
            // One that moves all versions of a package is asked once.
            let is_one = way == Way::Relock && place.tool.moves_all();
            if !is_one || known.insert(case.idea.package.package()) {
                let way = if way != Way::Relock || self.relocks(*at) { way } else { Way::Raise };
                proposals.extend(case.idea.proposal(way, &to));
            }
        }
        let Some(proposal) = Proposal::together(proposals) else {
            return Ok(Err(Refused::Nothing));
        };
        self.along(place, ground, &proposal, &wanted)
    }

    /// What no single try removes stays one change: of the ideas that are left alone, if that does. Of these ways alone.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn rest(&self, ways: &[Way], searched: &mut Searched) -> Result<(), Diagnostic> {
        let all = std::mem::take(&mut searched.wholes);
        let (all, others): (Vec<Whole>, Vec<Whole>) =
            all.into_iter().partition(|whole| ways.contains(&whole.way));
        searched.wholes = others;
        for whole in all {
            // What forces a version is no cheaper than another's large step.
            let is_small = matches!(whole.way, Way::Relock | Way::Raise);
            let is_open = |at: &usize| {
                let case = &self.cases[*at];
                let mut wanted = case.wanted.intersection(&whole.made.removed);
                let by = |key: &Key, made: &Made| {
                    made.removed.contains(key) && !(is_small && is_aside(made, &case.idea.package))
                };
                wanted.any(|key| !searched.made.iter().any(|(_, made)| by(key, made)))
            };
            let open: Vec<usize> = whole.ideas.iter().copied().filter(is_open).collect();
            if open.is_empty() {
                continue;
            }
            let needed: BTreeSet<Key> = open
                .iter()
                .flat_map(|at| self.cases[*at].wanted.intersection(&whole.made.removed).cloned())
                .collect();
            let ground = match self.ground(whole.place) {
                Some(Ok(ground)) if open.len() < whole.ideas.len() => Some(ground),
                _ => None,
            };
            let fewer = match ground {
                Some((place, ground)) => self.all(whole.way, &open, place, ground)?.ok(),
                None => None,
            };
            let fewer = fewer.filter(|made| needed.is_subset(&made.removed));
            searched.made.push((whole.place, fewer.unwrap_or(whole.made)));
        }
        Ok(())
    }
}

/// Ideas in their order, by those whose steps are large or not where each are worth a run of their own: what is a small step
/// waits for no large one.
fn in_steps(
    ideas: Vec<usize>,
    is_large: impl Fn(&usize) -> bool,
    packages: impl Fn(&[usize]) -> usize,
) -> Vec<Vec<usize>> {
    let (large, small): (Vec<usize>, Vec<usize>) = ideas.iter().copied().partition(is_large);
    match packages(&small) >= LEAST && packages(&large) >= LEAST {
        true => vec![small, large],
        false => vec![ideas],
    }
}

/// The halves of what is too much for one run; what is to be tried first comes last. Nothing: there are too few.
fn halves(ideas: &[usize]) -> Vec<Vec<usize>> {
    if ideas.len() < 2 * LEAST {
        return Vec::new();
    }
    let (heavy, light) = ideas.split_at(ideas.len() / 2);
    vec![light.to_vec(), heavy.to_vec()]
}

/// Whether the time was over, and nothing is known of the proposal.
fn is_late(refused: &Refused) -> bool {
    match refused {
        Refused::Time => true,
        Refused::Tool(refusal) => matches!(refusal.reason, Reason::TimeLimit(_)),
        _ => false,
    }
}

/// A relock that moves all copies of a package, as one of a copy that it helps: one that stays where it is would be priced as
/// if it went all the way.
fn of_what_moves(part: &Proposal, helped: &[&Idea]) -> Proposal {
    let is_helped = helped.iter().any(|idea| idea.package == *part.package());
    let package = part.package().package();
    let mut own = helped.iter().filter(|idea| idea.package.package() == package);
    let other = own.next().filter(|_| part.way() == Way::Relock && !is_helped);
    let named = other.and_then(|idea| idea.proposal(Way::Relock, idea.to.as_deref()?));
    named.unwrap_or_else(|| part.clone())
}

/// The packages that a refusal names; with the version, where that has a finding.
fn named(refused: &Refused) -> BTreeSet<Purl> {
    match refused {
        Refused::Worse(all) => all
            .iter()
            .map(|worse| match worse {
                Worse::Finding(component, _) => component.clone(),
                worse => worse.package().package(),
            })
            .collect(),
        Refused::Tool(refusal) => match &refusal.reason {
            Reason::NoWheel { package, asked, .. } => {
                let name = asked.as_deref().unwrap_or(package);
                BTreeSet::from([Purl::new("pypi", None, name)])
            }
            _ => BTreeSet::new(),
        },
        _ => BTreeSet::new(),
    }
}

/// Whether a package manager did what it was asked for, and nothing that is wanted came of it.
pub(super) fn moves_nothing(refused: &Refused) -> bool {
    match refused {
        Refused::Nothing => true,
        Refused::Tool(refusal) => matches!(refusal.reason, Reason::Unchanged { .. }),
        _ => false,
    }
}

/// Whether fewer might fare better.
fn splits(refused: &Refused) -> bool {
    match refused {
        Refused::Tool(refusal) => !matches!(
            &refusal.reason,
            Reason::ToolMissing { .. }
                | Reason::Registry(_)
                | Reason::TimeLimit(_)
                | Reason::Scratch(_)
                | Reason::ProjectCode(_)
        ),
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
    use trimtab_connect::update::Refusal;
    use trimtab_model::Relation;

    use super::*;

    #[test]
    fn small_steps_wait_for_no_large_ones_where_both_are_worth_a_run() {
        let is_large = |at: &usize| *at >= 10;
        let of = |ideas: &[usize]| in_steps(ideas.to_vec(), is_large, <[usize]>::len);
        assert_eq!(of(&[10, 0, 1, 11, 2, 12]), [vec![0, 1, 2], vec![10, 11, 12]]);
        assert_eq!(of(&[10, 0, 1, 11, 2]), [vec![10, 0, 1, 11, 2]]);
        assert_eq!(of(&[0, 1, 2]), [vec![0, 1, 2]]);
    }

    #[test]
    fn what_took_too_long_is_halved_down_to_what_is_worth_a_run() {
        let refusal = |reason| {
            let (edits, commands) = (Vec::new(), Vec::new());
            Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
        };
        assert!(is_late(&Refused::Time) && is_late(&refusal(Reason::TimeLimit(300))));
        assert!(!is_late(&Refused::Nothing) && !is_late(&refusal(Reason::Failed(String::new()))));
        // The heavier half is tried first: it is taken from the end.
        assert_eq!(halves(&[5, 4, 3, 2, 1, 0]), [vec![2, 1, 0], vec![5, 4, 3]]);
        assert!(halves(&[4, 3, 2, 1, 0]).is_empty());
    }

    #[test]
    fn a_relock_is_of_a_copy_that_moves() {
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        let idea = |package: &str, to: &str| Idea {
            file: 0,
            package: purl(package),
            relation: Relation::Transitive,
            to: Some(to.into()),
            unsaid: false,
            within: None,
            parents: Vec::new(),
            around: Vec::new(),
            askers: Vec::new(),
            findings: Vec::new(),
            left: Vec::new(),
            ways: vec![Way::Relock],
        };
        let relock = |package: &str, to: &str| Proposal::Relock {
            package: purl(package),
            to: Some(to.into()),
        };
        let (old, new) = ("pkg:npm/kind-of@3.2.2", "pkg:npm/kind-of@6.0.2");
        let (helped, other) = (idea(new, "6.0.3"), idea("pkg:npm/ini@1.3.5", "1.3.6"));
        let of = |part: &Proposal| of_what_moves(part, &[&other, &helped]);
        assert_eq!(of(&relock(old, "6.0.3")), relock(new, "6.0.3"));
        assert_eq!(of(&relock(new, "6.0.3")), relock(new, "6.0.3"));
        let raise = Proposal::Raise { package: purl(old), to: "6.0.3".into() };
        assert_eq!(of(&raise), raise, "that is of the copy which it names");
        let along = relock("pkg:npm/along@1.0.0", "1.0.1");
        assert_eq!(of(&along), along);
    }
}
