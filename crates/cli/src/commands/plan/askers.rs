//! Relocking a package together with who asks for it: what no manifest names may be held by the locked version of what
//! brings it, of which the constraints that stand allow a later one.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::update::{self, Reason, Refusal};
use trimtab_engine::action::Moved;
use trimtab_model::{Diagnostic, Family, Proposal, Purl, Relation, Way};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::place::{Ground, Key, Place};
use super::search::{Answer, Case, Search, Searched, Task};
use super::together::moves_nothing;

/// How many packages are moved along at most.
const MOST: usize = 12;

/// What ideas of one try have in common: the place, whether the project names what they are about, and who asks for it.
type Alike<'i> = (usize, bool, &'i [Vec<Purl>]);

/// How many ideas of a place are told who asks for them: where the lockfile tells, and where each needs a run.
const MOST_TOLD: (usize, usize) = (50, 12);

/// Packages with the version that is wanted of each, if it is a certain one.
type Wanted<'i> = Vec<(&'i Purl, Option<Box<str>>)>;

/// What is asked for together.
struct Asked<'i> {
    /// What the project names itself.
    raised: Vec<Proposal>,
    /// Those that ask, from the project down.
    asking: Wanted<'i>,
    /// What is relocked itself.
    own: Wanted<'i>,
}

impl Asked<'_> {
    /// All that is relocked; `exactly`: those that ask at their fixes.
    fn relocked(&self, exactly: bool) -> impl Iterator<Item = Proposal> {
        let fixes = self.asking.iter().map(move |(p, to)| (*p, to.clone().filter(|_| exactly)));
        let moved = fixes.chain(self.own.iter().map(|(p, to)| (*p, to.clone())));
        moved.map(|(package, to)| Proposal::Relock { package: package.clone(), to })
    }
}

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

    /// Where one run can relock all that the tasks of a place are about, that: what it does not help, no task by itself does.
    pub(super) fn askers_together(&self, tasks: &[Task]) -> Vec<Task> {
        let mut of: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
        for task in tasks {
            let Task::Askers(ideas) = task else { continue };
            let place = ideas.first().and_then(|at| self.cases[*at].place);
            let moves_all =
                |place: &usize| self.places.get(*place).is_some_and(|p| p.tool.moves_all());
            if let Some(place) = place.filter(moves_all) {
                of.entry(place).or_default().push(ideas.clone());
            }
        }
        of.into_values().filter(|groups| groups.len() > 1).map(Task::AllAskers).collect()
    }

    /// Relocks what several tasks are about, each with all who ask.
    pub(super) fn all_askers(&self, groups: &[Vec<usize>]) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let ideas = groups.concat();
        let Some((_, place, ground)) = self.ground_of(&ideas, &mut answer) else {
            return Ok(Answer::default());
        };
        let mut parts: Vec<Proposal> = Vec::new();
        for group in groups {
            let asked = self.asked(group, self.levels(group), place)?;
            parts.extend(asked.raised.iter().cloned());
            parts.extend(asked.relocked(false));
        }
        // A package may be raised in two major versions; a relock moves all that is locked of it.
        let mut known = BTreeSet::new();
        parts.retain(|part| {
            known.insert(match part.way() {
                Way::Raise => part.to_string(),
                _ => part.package().package().to_string(),
            })
        });
        // What is alike and stands side by side is carried out by one run.
        parts.sort_by_key(|part| part.way() != Way::Raise);
        let wanted: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect();
        let Some(proposal) = Proposal::together(parts) else { return Ok(answer) };
        let copy = (&ground.base, &ground.before);
        let unhelped: Vec<usize> = match self.trial.probe(place, copy, &proposal, &wanted)? {
            Ok((made, ..)) => {
                let is_left = |at: &usize| self.cases[*at].wanted.is_disjoint(&made.removed);
                ideas.into_iter().filter(is_left).collect()
            }
            Err(refused) if moves_nothing(&refused) => ideas,
            Err(_) => Vec::new(),
        };
        answer.held.extend(&unhelped);
        for at in unhelped {
            let what = "relock it with all who ask for it".to_owned();
            answer.tried.push((at, what, Refused::Nothing));
        }
        Ok(answer)
    }

    /// Of what stays and was not relocked by itself, as nothing moved with others: who asks for it in which range.
    pub(super) fn tell_who_asks(&self, order: &[usize], searched: &mut Searched) {
        let is_told = |why: &Refused| match why {
            Refused::Tool(refusal) => !refusal.reason.blockers().is_empty(),
            Refused::Bundled(_) => true,
            _ => false,
        };
        let mut open = self.open(order, searched);
        open.retain(|at| {
            let told = searched.tried[*at].iter().any(|(_, why)| is_told(why));
            searched.idle.contains(&(*at, Way::Relock)) && !told
        });
        let mut of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in open {
            if let Some(place) = self.cases[at].place {
                of.entry(place).or_default().push(at);
            }
        }
        for (place, ideas) in of {
            let Some(Ok((place, ground))) = self.ground(place) else { continue };
            // Of these the lockfile tells; others are run for it.
            let is_read = matches!(place.tool.id(), "npm" | "yarn");
            if self.trial.is_over() && !is_read {
                continue;
            }
            let most = if is_read { MOST_TOLD.0 } else { MOST_TOLD.1 };
            let to = |at: usize| Some((at, self.cases[at].idea.to.as_deref()?));
            let told: Vec<(usize, &str)> = ideas.into_iter().filter_map(to).take(most).collect();
            let asked: Vec<(&Purl, &str)> =
                told.iter().map(|(at, to)| (&self.cases[*at].idea.package, *to)).collect();
            let options = self.trial.options();
            let found = update::askers(place.tool, &ground.base, &asked, &options);
            for ((at, to), blockers) in told.into_iter().zip(found.unwrap_or_default()) {
                let relock = self.cases[at].idea.proposal(Way::Relock, to);
                let Some(relock) = relock.filter(|_| !blockers.is_empty()) else { continue };
                let what = relock.to_string();
                let (reason, edits, commands) =
                    (Reason::Unchanged { blockers }, Vec::new(), Vec::new());
                let refusal = Box::new(Refusal { reason, edits, next: None, commands });
                let tried = &mut searched.tried[at];
                tried.retain(|(tried, why)| *tried != what || !matches!(why, Refused::Nothing));
                tried.push((what, Refused::Tool(refusal)));
            }
        }
    }

    /// How many steps up those that ask for some packages are moved along.
    fn levels(&self, ideas: &[usize]) -> usize {
        let askers = ideas.first().map_or(&[][..], |at| &self.cases[*at].idea.askers[..]);
        let mut count = 0;
        let fits = |level: &&Vec<Purl>| {
            count += level.len();
            count <= MOST
        };
        askers.iter().take_while(fits).count()
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
        let levels = self.levels(ideas);
        let along = first.askers.iter().take(levels).flatten();
        let names: Vec<String> = along.map(group::name).collect();
        let what = format!("relock it with {}", names.join(", "));
        let mut best = match self.with_askers(ideas, levels, (place, ground), &wanted)? {
            Ok(made) => Some(made),
            // Less may be no worse, where all brings something in; it moves no more.
            Err(refused) => {
                let all = place.tool.moves_all() && moves_nothing(&refused);
                let ends = all || matches!(refused, Refused::Nothing | Refused::Time);
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
        // Of those of a level some may be in it for nothing.
        if let Some(made) = best {
            let own = ideas.iter().map(|at| self.cases[*at].idea.package.package()).collect();
            let enough: BTreeSet<Key> = made.removed.intersection(&wanted).cloned().collect();
            answer.made.push((number, self.fewer(made, &own, (place, ground), &enough)?));
        }
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
        let asked = self.asked(ideas, levels, place)?;
        let attempt = |exactly: bool| {
            let moved = asked.relocked(exactly);
            match Proposal::together(asked.raised.iter().cloned().chain(moved)) {
                Some(proposal) => self.along(place, ground, &proposal, wanted),
                None => Ok(Err(Refused::Nothing)),
            }
        };
        let refused = match attempt(true)? {
            Err(refused) if !matches!(refused, Refused::Time) => refused,
            ended => return Ok(ended),
        };
        let fixes: Vec<(&Purl, &str)> =
            asked.asking.iter().filter_map(|(p, to)| Some((*p, to.as_deref()?))).collect();
        if fixes.is_empty() {
            return Ok(Err(refused));
        }
        Ok(match attempt(false)? {
            Ok(made) if fixes.iter().all(|(p, fix)| is_mended(&made.moved, p, fix)) => Ok(made),
            _ => Err(refused),
        })
    }

    /// What is asked for where some packages are relocked with those that ask for them, so many steps up.
    fn asked(
        &self,
        ideas: &[usize],
        levels: usize,
        place: &Place,
    ) -> Result<Asked<'_>, Diagnostic> {
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
        Ok(Asked { raised, asking, own: own.into_iter().collect() })
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
