//! Which ideas can be carried out: by weight, in rounds that change more and more, two tries at a time. What a
//! round tries depends on the rounds before alone, so that without a time limit the answer is always the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use trimtab_connect::registry;
use trimtab_connect::registry::versions::Offered;
use trimtab_connect::update::{Change, Reason};
use trimtab_engine::action::Idea;
use trimtab_model::{Diagnostic, Proposal, Purl, Relation, Way};

use super::attempt::{Made, Refused, Trial};
use super::beside::is_aside;
use super::narrow::{self, Wide};
use super::parents::Parents;
use super::place::{Ground, Key, Place, Top};
use super::tree::Trees;

/// How many tries are made at a time.
const AT_ONCE: usize = 2;
/// The part of the time until the end that one run for many packages may take: if it is cut short, halves have the rest.
const JOINT: f64 = 0.6;
/// The part of the time that is left in which what the project forces may be begun at the start.
const FORCED: f64 = 0.4;
/// The part of the time that is left which relocking packages with those that ask for them may take.
const ASKERS: f64 = 0.25;
/// The part of the time that is left which raising parents may take.
pub(super) const PARENTS: f64 = 0.5;
/// The part of the time that is left which single tries may take of what is known to be possible.
const ALONE: f64 = 0.85;

/// The part of the time that is left which trying each idea by itself may take, before those that raise parents.
const ONE_BY_ONE: f64 = 0.5;
/// The part of all the time that may be used as long as so few changes are possible: then few runs try the batches.
const LENT: f64 = 0.75;
const LITTLE: usize = 4;

/// An idea and all that is known of it.
pub(super) struct Case<'i> {
    pub(super) idea: &'i Idea,
    pub(super) place: Option<usize>,
    /// The open findings that it would remove.
    pub(super) wanted: BTreeSet<Key>,
    /// The open findings of the same component that no source names a fix of: they go only where all of it does.
    pub(super) rest: BTreeSet<Key>,
    pub(super) weight: f64,
    /// Whether a registry was asked for its fix, which only bounds a range, and offers no version from there on.
    pub(super) unpublished: bool,
}

/// What was tried for an idea, and why it was refused.
pub(super) type Tried = Vec<(String, Refused)>;

/// What the search found.
#[derive(Default)]
pub(super) struct Searched {
    /// Changes that were carried out, by place.
    pub(super) made: Vec<(usize, Made)>,
    /// What was refused, by idea.
    pub(super) tried: Vec<Tried>,
    /// Whether the time was over before all was tried.
    pub(super) cut_short: bool,
    /// Whether a registry did not answer when something was tried.
    pub(super) away: bool,
    /// What was carried out for several ideas at once.
    pub(super) wholes: Vec<Whole>,
    /// Ideas for which a way does nothing: it did not together with others.
    pub(super) idle: BTreeSet<(usize, Way)>,
    /// Ideas whose package no source names.
    pub(super) unused: BTreeSet<usize>,
    /// Ideas that are not helped by relocking all who ask, each with those of others.
    pub(super) held: BTreeSet<usize>,
    /// Ideas of which a smaller step was tried.
    pub(super) stepped: BTreeSet<usize>,
    /// By idea, what was tried for what has no fix beside what has one, and why it was refused.
    pub(super) rest: BTreeMap<usize, Tried>,
    /// By idea, the edit of manifests that a raise would begin with, where there was no time to try one.
    pub(super) by_hand: BTreeMap<usize, Vec<Change>>,
}

/// Is told the name of a round, and how many of how many tasks of it are done. Each round has a name of its own.
pub(super) type Told<'p> = dyn Fn(&str, usize, usize) + Sync + 'p;

/// Everything that a search needs.
pub(super) struct Search<'s> {
    pub(super) cases: &'s [Case<'s>],
    pub(super) places: &'s [Place],
    pub(super) top: &'s Top,
    pub(super) trial: &'s Trial<'s>,
    pub(super) registry: registry::Options,
    /// What package managers said already that they choose.
    pub(super) trees: &'s Trees,
    pub(super) grounds: Vec<OnceLock<Result<Ground, String>>>,
    /// Whether a lockfile of a place speaks of bundles, once that was looked at.
    pub(super) bundles: Vec<OnceLock<bool>>,
    /// What registries offer of packages, as they were asked once.
    pub(super) offered: Mutex<BTreeMap<Purl, Vec<Offered>>>,
    /// By place, what has no wheel and stood in the way of others, at the version that has one.
    pub(super) wheels: Mutex<BTreeMap<Box<str>, Vec<Proposal>>>,
}

/// One thing to try: the ideas that it is about.
pub(super) enum Task {
    /// One way for all of them at once, to know for which it is possible.
    Several(Way, Vec<usize>),
    /// Relock or raise: they are about one package.
    First(Vec<usize>),
    /// Relock them with those that ask for them.
    Askers(Vec<usize>),
    /// Several of these at once, to know which help.
    AllAskers(Vec<Vec<usize>>),
    /// Raise what brings them.
    Parents(Vec<Purl>, Vec<usize>),
    /// Raise what brings them to where all of them is gone, with what has no fix.
    Without(Vec<Purl>, Vec<usize>),
    /// Raise a parent less than was found.
    Narrow(Wide),
    /// Force the version.
    Force(usize),
    /// A smaller step than to where all of it is gone.
    Smaller(usize),
    /// The same as was refused, together with what makes it possible.
    Enabled(usize, Proposal),
    /// Do without it where no source names it, else put what its publisher advises into its place.
    Last(usize),
    /// Build on another tag of the image that has them.
    Image(Vec<usize>),
}

impl Task {
    /// The ideas that it is about.
    pub(super) fn ideas(&self) -> &[usize] {
        match self {
            Task::Several(_, ideas)
            | Task::First(ideas)
            | Task::Askers(ideas)
            | Task::Parents(_, ideas)
            | Task::Without(_, ideas)
            | Task::Image(ideas) => ideas,
            Task::Force(at) | Task::Smaller(at) | Task::Last(at) | Task::Enabled(at, _) => {
                std::slice::from_ref(at)
            }
            // Each is tried by itself where the first does not tell; and what was found stays.
            Task::AllAskers(_) | Task::Narrow(_) => &[],
        }
    }
}

/// A change that was carried out for several ideas at once.
pub(super) struct Whole {
    pub(super) place: usize,
    pub(super) way: Way,
    /// Those for which it removes something.
    pub(super) ideas: Vec<usize>,
    pub(super) made: Made,
}

/// What came of a task.
#[derive(Default)]
pub(super) struct Answer {
    pub(super) made: Vec<(usize, Made)>,
    pub(super) wholes: Vec<Whole>,
    /// Ideas for which a way does nothing.
    pub(super) idle: BTreeSet<(usize, Way)>,
    /// Ideas whose package no source names.
    pub(super) unused: BTreeSet<usize>,
    /// Ideas that are not helped by relocking all who ask.
    pub(super) held: BTreeSet<usize>,
    pub(super) tried: Vec<(usize, String, Refused)>,
    /// The same for what has no fix beside what has one.
    pub(super) rest: Vec<(usize, String, Refused)>,
    /// Whether the time was over before it came to an end, of which nothing is told by idea.
    pub(super) late: bool,
    /// Where a parent is raised that stands among what was made: what it need be raised to. `None`: no less.
    pub(super) narrowed: Vec<(usize, Option<Made>)>,
}

impl<'s> Search<'s> {
    pub(super) fn new(
        cases: &'s [Case<'s>],
        places: &'s [Place],
        top: &'s Top,
        trial: &'s Trial<'s>,
        registry: registry::Options,
        trees: &'s Trees,
    ) -> Search<'s> {
        let grounds = places.iter().map(|_| OnceLock::new()).collect();
        let bundles = places.iter().map(|_| OnceLock::new()).collect();
        let (offered, wheels) = (Mutex::default(), Mutex::default());
        Search { cases, places, top, trial, registry, trees, grounds, bundles, offered, wheels }
    }

    /// Searches. `progress` is told the name of each round, and how many of how many of its tasks are done. First what removes the most
    /// findings for one run; then, as far as there is time, each action alone.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn run(&self, progress: &Told<'_>) -> Result<Searched, Diagnostic> {
        let tried = self.cases.iter().map(|_| Vec::new()).collect();
        let mut searched = Searched { tried, ..Searched::default() };
        let mut order: Vec<usize> =
            (0..self.cases.len()).filter(|at| self.cases[*at].place.is_some()).collect();
        order
            .sort_by(|a, b| self.cases[*b].weight.total_cmp(&self.cases[*a].weight).then(a.cmp(b)));
        let named = |at: &usize| self.cases[*at].idea.to.is_some();
        self.tell_bundled(&order, &mut searched);
        self.round("Other images", &self.image_tasks(&order), &mut searched, progress)?;
        // Where the package manager is not there, one try tells all that can be known.
        let absent = self.absent(&order);
        let tasks: Vec<Task> = absent.iter().map(|at| Task::First(vec![*at])).collect();
        self.round("Missing package managers", &tasks, &mut searched, progress)?;
        let unrun = self.unrun(&absent, &searched);
        self.give_up(&mut order, unrun, &absent, &mut searched);
        let relocks = self.several(Way::Relock, &order);
        self.ask_ahead(&relocks, progress);
        self.joint("Relocking together", &relocks, &mut searched, progress)?;
        self.trial.until_part(super::SINGLE);
        // What no relock moves is raised by one run too.
        let unmoved: Vec<usize> = self
            .open(&order, &searched)
            .into_iter()
            .filter(|at| searched.idle.contains(&(*at, Way::Relock)) || !self.relocks(*at))
            .collect();
        // What the project forces itself moves by nothing else. Of few nobody asked yet whether they can be relocked.
        let forced = self.forced(&self.open(&order, &searched));
        let (before, held) = (searched.cut_short, self.trial.share(FORCED));
        self.round("What is forced", &forced, &mut searched, progress)?;
        self.trial.until(held);
        // Those that did not come to it are forced later, and if not that is told.
        searched.cut_short = before;
        let unmoved = self.open(&unmoved, &searched);
        let raises = self.several(Way::Raise, &unmoved);
        self.joint("Raising together", &raises, &mut searched, progress)?;
        self.lend(&searched);
        let open = self.movable(&self.open(&order, &searched));
        let scouts = self.scouts(open.iter().copied().filter(named), &searched);
        let tasks: Vec<Task> = scouts.iter().map(|at| Task::First(vec![*at])).collect();
        self.round("First tries", &tasks, &mut searched, progress)?;
        // Where nothing can be done, nothing more is tried.
        let barred = self.barred(&scouts, &searched);
        self.give_up(&mut order, barred, &scouts, &mut searched);
        let open = self.movable(&self.open(&order, &searched));
        let first: Vec<usize> =
            open.into_iter().filter(|at| named(at) && !scouts.contains(at)).collect();
        let before = searched.cut_short;
        let held = self.trial.share(ONE_BY_ONE);
        let tasks = self.first(&first);
        let late = self.round("Trying one by one", &tasks, &mut searched, progress)?;
        self.trial.until(held);
        // These come to be tried later; that is told where they do not.
        searched.cut_short = before;
        self.lend(&searched);
        // Where the whole was refused, a part of it may take one run.
        let tasks = self.smaller_first(&order, &searched);
        self.steps("Smaller steps first", &tasks, &mut searched, progress)?;
        // What is locked may be held by what is locked itself.
        let held = self.trial.share(ASKERS);
        // To relock one by itself costs less: those that did not come to that wait for it.
        let mut open = self.open(&order, &searched);
        open.retain(|at| !late.contains(at));
        let mut tasks = self.asker_tasks(&open);
        let all = self.askers_together(&tasks);
        self.round("Moving all that holds them", &all, &mut searched, progress)?;
        tasks.retain(|task| !task.ideas().iter().all(|at| searched.held.contains(at)));
        self.round("Moving what holds them", &tasks, &mut searched, progress)?;
        self.trial.until(held);
        // Raising parents takes many runs: of what time is left, others get a part.
        for (phase, parents) in
            [("Raising a parent", Parents::One), ("Raising several parents", Parents::Several)]
        {
            self.lend(&searched);
            let held = self.trial.share(PARENTS);
            let mut open = self.open(&order, &searched);
            open.retain(named);
            let tasks = self.parent_tasks(&open, parents);
            self.round(phase, &tasks, &mut searched, progress)?;
            self.trial.until(held);
        }
        self.lend(&searched);
        // What the parents left of the time is for those that did not come to be tried.
        let mut open = self.open(&first, &searched);
        open.retain(|at| late.contains(at));
        let rest = open;
        let tasks = self.first(&rest);
        let late = self.round("Trying the rest one by one", &tasks, &mut searched, progress)?;
        let held = self.trial.share(ASKERS);
        let mut open = self.open(&rest, &searched);
        open.retain(|at| !late.contains(at));
        let tasks = self.asker_tasks(&open);
        self.round("Moving what holds the rest", &tasks, &mut searched, progress)?;
        self.trial.until(held);
        let open = self.open(&order, &searched);
        let forces = self.several(Way::Override, &open);
        self.joint("Forcing together", &forces, &mut searched, progress)?;
        self.lend(&searched);
        // What is known to be possible, each alone; the heaviest first. What is left over needs a run too.
        self.trial.share(ALONE);
        let mut alone = self.open_alone(&order, &searched, Way::Relock);
        alone.extend(self.open_alone(&order, &searched, Way::Raise));
        self.round("Telling apart", &self.first(&alone), &mut searched, progress)?;
        // What that did not come to is one change, of no more than is left.
        self.lend(&searched);
        self.rest(&[Way::Relock, Way::Raise], &mut searched)?;
        self.trial.share(ALONE);
        // What nothing removes yet comes before what is only to be told apart.
        let can = |at: &usize| self.cases[*at].idea.ways.contains(&Way::Override);
        let mut forced: Vec<usize> = self.movable(&self.open(&order, &searched));
        forced.retain(can);
        forced.extend(self.open_alone(&order, &searched, Way::Override));
        let tasks: Vec<Task> = forced.into_iter().map(Task::Force).collect();
        self.round("Forcing one by one", &tasks, &mut searched, progress)?;
        // What takes a major step whole may be gone for the most part by a smaller one: the planner chooses.
        let tasks = self.smaller_tasks(&order, &searched);
        self.steps("Smaller steps", &tasks, &mut searched, progress)?;
        // What is refused for what comes along goes with what raises just that.
        let tasks = self.enabled_tasks(&self.open(&order, &searched), &searched)?;
        self.round("With what makes it possible", &tasks, &mut searched, progress)?;
        self.lend(&searched);
        // Many raises at once cost much: only for what no other way removes.
        self.trial.share(PARENTS);
        let mut open = self.open(&order, &searched);
        open.retain(named);
        let tasks = self.parent_tasks(&open, Parents::Around);
        self.round("Raising all parents", &tasks, &mut searched, progress)?;
        self.lend(&searched);
        // A parent may be raised further than it need be.
        self.trial.share(PARENTS);
        let tasks = self.wide_tasks(&searched);
        self.round("Smaller versions of parents", &tasks, &mut searched, progress)?;
        self.lend(&searched);
        // Of what is named and brought too, to force the copy may cost less.
        self.trial.share(PARENTS);
        let copies = self.dear_copies(&order, &searched);
        let tasks: Vec<Task> = copies.into_iter().map(Task::Force).collect();
        self.round("Forcing copies", &tasks, &mut searched, progress)?;
        self.lend(&searched);
        // One parent may do what several actions do: the planner chooses.
        self.trial.share(PARENTS);
        let tasks = self.parents_instead(&order, &searched);
        self.round("Parents in place", &tasks, &mut searched, progress)?;
        self.lend(&searched);
        // Beside a dear raise of a parent, the version is forced too: the planner chooses.
        let tasks = self.beside_tasks(&order, &searched);
        self.round("Forcing beside", &tasks, &mut searched, progress)?;
        self.rest(Way::ALL, &mut searched)?;
        // What has no fix may be gone with a later version of what brings it.
        for (phase, parents) in [
            ("Doing without", Parents::One),
            ("Doing without, by several parents", Parents::Several),
        ] {
            self.lend(&searched);
            let held = self.trial.share(PARENTS);
            let mut open = self.open(&order, &searched);
            open.retain(|at| !named(at));
            let tasks = self.parent_tasks(&open, parents);
            self.round(phase, &tasks, &mut searched, progress)?;
            self.trial.until(held);
        }
        self.rest_without_fix(&order, &mut searched, progress)?;
        let tasks = self.last_tasks(&self.open(&order, &searched));
        self.round("Last resorts", &tasks, &mut searched, progress)?;
        self.tell_edits(&mut searched);
        self.tell_who_asks(&order, &mut searched);
        Ok(searched)
    }

    /// Tries some tasks that are about many packages each.
    fn joint(
        &self,
        phase: &str,
        tasks: &[Task],
        searched: &mut Searched,
        progress: &Told<'_>,
    ) -> Result<(), Diagnostic> {
        self.trial.at_most(JOINT);
        let late = self.round(phase, tasks, searched, progress);
        self.trial.at_most(1.0);
        late.map(drop)
    }

    /// Lets halves of what was cut short begin later than others, as nothing of it is known to be possible yet.
    pub(super) fn extend(&self) {
        self.trial.until_part(LENT);
    }

    /// Of the time that is kept for trying batches little is needed as long as there is little to put into them.
    pub(super) fn lend(&self, searched: &Searched) {
        // What was carried out at once may come apart into as many.
        let whole: usize = searched.wholes.iter().map(|whole| whole.ideas.len()).sum();
        let is_little = searched.made.len() + whole <= LITTLE;
        self.trial.until_part(if is_little { LENT } else { super::SINGLE });
    }

    /// The first tries of some ideas. Where a package manager moves all versions of a package, those are one.
    fn first(&self, ideas: &[usize]) -> Vec<Task> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut known: BTreeMap<(usize, Purl), usize> = BTreeMap::new();
        for at in ideas {
            let case = &self.cases[*at];
            let place =
                case.place.filter(|p| self.places.get(*p).is_some_and(|p| p.tool.moves_all()));
            match place.map(|place| (place, case.idea.package.package())) {
                Some(key) => match known.get(&key) {
                    Some(held) => groups[*held].push(*at),
                    None => {
                        known.insert(key, groups.len());
                        groups.push(vec![*at]);
                    }
                },
                None => groups.push(vec![*at]),
            }
        }
        groups.into_iter().map(Task::First).collect()
    }

    /// Ideas of which something is not yet removed by any change.
    pub(super) fn open(&self, order: &[usize], searched: &Searched) -> Vec<usize> {
        let whole = searched.wholes.iter().flat_map(|whole| &whole.made.removed);
        let alone = searched.made.iter().flat_map(|(_, m)| &m.removed);
        let removed: BTreeSet<&Key> = alone.chain(whole).collect();
        let is_open =
            |at: &&usize| self.cases[**at].wanted.iter().any(|key| !removed.contains(key));
        order.iter().filter(is_open).copied().collect()
    }

    /// Ideas that are known to be possible in a way, and of which something is removed together with others only.
    fn open_alone(&self, order: &[usize], searched: &Searched, way: Way) -> Vec<usize> {
        // What goes by itself costs less than along with what holds another, where one run tells so.
        let is_alone = |(place, made): &&(usize, Made)| {
            let moves_all = self.places.get(*place).is_some_and(|place| place.tool.moves_all());
            way != Way::Relock || !moves_all || made.proposal.parts().nth(1).is_none()
        };
        let alone: Vec<&Made> = searched.made.iter().filter(is_alone).map(|(_, m)| m).collect();
        let whole: BTreeSet<usize> = searched
            .wholes
            .iter()
            .filter(|whole| whole.way == way)
            .flat_map(|whole| whole.ideas.iter().copied())
            .collect();
        let is_open = |at: &&usize| {
            let case = &self.cases[**at];
            let by = |key: &Key| {
                alone.iter().any(|m| m.removed.contains(key) && !is_aside(m, &case.idea.package))
            };
            whole.contains(at) && case.wanted.iter().any(|key| !by(key))
        };
        order.iter().filter(is_open).copied().collect()
    }

    /// Tries some tasks. Returns the ideas of those that the time did not reach, or not to their end.
    pub(super) fn round(
        &self,
        phase: &str,
        tasks: &[Task],
        searched: &mut Searched,
        progress: &Told<'_>,
    ) -> Result<BTreeSet<usize>, Diagnostic> {
        let idle = &searched.idle;
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let answers: Mutex<BTreeMap<usize, Result<Answer, Diagnostic>>> = Mutex::default();
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE.min(tasks.len()) {
                scope.spawn(|| {
                    while !self.trial.is_over() {
                        let at = next.fetch_add(1, Ordering::SeqCst);
                        let Some(task) = tasks.get(at) else { break };
                        self.trial.wait(tasks.len().saturating_sub(at + 1));
                        let answer = self.task(task, idle);
                        if let Ok(mut answers) = answers.lock() {
                            answers.insert(at, answer);
                        }
                        progress(phase, done.fetch_add(1, Ordering::SeqCst) + 1, tasks.len());
                    }
                });
            }
        });
        let answers = answers.into_inner().unwrap_or_default();
        let unanswered = tasks.iter().enumerate().filter(|(at, _)| !answers.contains_key(at));
        let mut late: BTreeSet<usize> =
            unanswered.flat_map(|(_, task)| task.ideas().iter().copied()).collect();
        searched.cut_short |= answers.len() < tasks.len();
        for answer in answers.into_values() {
            let answer = answer?;
            narrow::replace(searched, answer.narrowed);
            searched.made.extend(answer.made);
            searched.wholes.extend(answer.wholes);
            searched.idle.extend(answer.idle);
            searched.unused.extend(answer.unused);
            searched.held.extend(answer.held);
            searched.cut_short |= answer.late;
            for (at, what, why) in answer.rest {
                searched.rest.entry(at).or_default().push((what, why));
            }
            for (at, what, why) in answer.tried {
                if matches!(why, Refused::Time) {
                    searched.cut_short = true;
                    late.insert(at);
                }
                searched.away |= is_away(&why);
                if let Some(tried) = searched.tried.get_mut(at) {
                    tried.push((what, why));
                }
            }
        }
        Ok(late)
    }

    fn task(&self, task: &Task, idle: &BTreeSet<(usize, Way)>) -> Result<Answer, Diagnostic> {
        match task {
            Task::Several(way, ideas) => self.at_once(*way, ideas),
            Task::First(ideas) => {
                let mut answer = Answer::default();
                let relocks = |at: &usize| !idle.contains(&(*at, Way::Relock)) && self.relocks(*at);
                let mut relocked: Vec<usize> = ideas.iter().copied().filter(relocks).collect();
                // What the project names itself may be held by that alone.
                relocked.sort_by_key(|at| self.cases[*at].idea.relation == Relation::Direct);
                self.way(Way::Relock, &relocked, &mut answer)?;
                for at in ideas.iter().filter(|at| self.cases[**at].idea.ways.contains(&Way::Raise))
                {
                    let done = answer
                        .made
                        .iter()
                        .any(|(_, made)| self.cases[*at].wanted.is_subset(&made.removed));
                    if !done {
                        self.way(Way::Raise, &[*at], &mut answer)?;
                    }
                }
                Ok(answer)
            }
            Task::Force(at) => {
                let mut answer = Answer::default();
                if self.has_copies(*at) {
                    self.force_copies(*at, &mut answer)?;
                } else if !idle.contains(&(*at, Way::Override)) {
                    self.way(Way::Override, &[*at], &mut answer)?;
                }
                Ok(answer)
            }
            Task::Smaller(at) => self.smaller(*at),
            Task::Narrow(wide) => self.narrow(wide),
            Task::Enabled(at, proposal) => self.enabled(*at, proposal),
            Task::Last(at) => self.last(*at),
            Task::Image(ideas) => self.image(ideas),
            Task::Askers(ideas) => self.askers(ideas),
            Task::AllAskers(groups) => self.all_askers(groups),
            Task::Parents(parents, ideas) => self.brought_by(parents, ideas, &self.wanted(ideas)),
            Task::Without(parents, ideas) => self.take_out(parents, ideas),
        }
    }

    /// Whether an idea can be relocked at all. Where nothing locks there is nothing to relock; and `go get` does
    /// the same for both.
    pub(super) fn relocks(&self, at: usize) -> bool {
        let case = &self.cases[at];
        let Some(place) = case.place.and_then(|place| self.places.get(place)) else { return false };
        let raises = case.idea.relation == Relation::Direct && place.tool.id() == "go";
        case.idea.ways.contains(&Way::Relock)
            && !raises
            && place.tool.has_lockfile()
            && self.bundled_by(at).is_empty()
    }

    /// The place of an idea with its ground. `None`: there is none, and the answer tells why.
    pub(super) fn ground_of(
        &self,
        ideas: &[usize],
        answer: &mut Answer,
    ) -> Option<(usize, &Place, &Ground)> {
        let number = self.cases[*ideas.first()?].place?;
        match self.ground(number)? {
            Ok((place, ground)) => Some((number, place, ground)),
            Err(why) => {
                let refused = Refused::Unasked(format!("the copy of the project: {why}"));
                let told = |at: &usize| (*at, "copy the project".to_owned(), refused.clone());
                answer.tried.extend(ideas.iter().map(told));
                None
            }
        }
    }
}

/// Whether a registry did not answer.
fn is_away(refused: &Refused) -> bool {
    matches!(refused, Refused::Tool(refusal) if matches!(refusal.reason, Reason::Registry(_)))
}
