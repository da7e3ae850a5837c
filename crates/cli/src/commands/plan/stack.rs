//! Batches are carried out as they would be: the actions of a place one on top of the other, batch after batch.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::update::{Change, Reason, Scratch};
use trimtab_engine::action::Moved;
use trimtab_model::plan::{Plan, Slot};
use trimtab_model::{Diagnostic, Inventory, Proposal, Way};

use super::attempt::{Refused, Trial};
use super::candidate::Candidate;
use super::later_copy::at_copies;
use super::place::{Ground, Key, Place, judge, matched};
use super::search::Search;
use super::words::in_words;

/// How far a batch was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it, on top of what comes before it.
    Together,
    /// Each action alone.
    Alone,
}

/// A batch that was carried out.
pub(super) struct Stacked {
    pub(super) extent: Extent,
    /// Positions of its candidates, in the order in which they are carried out.
    pub(super) order: Vec<usize>,
    /// Of these, those that the others do already.
    pub(super) idle: Vec<usize>,
    pub(super) moved: Vec<Moved>,
    pub(super) changes: Vec<Change>,
    /// The batch before it at the same place.
    pub(super) after: Option<usize>,
}

/// Two candidates of a place that do not go together: the one that is left out, and why.
pub(super) struct Clash {
    pub(super) candidate: usize,
    pub(super) why: String,
    /// The same at the versions of copies that it would take down, if that is all that is worse.
    pub(super) at_copies: Option<Proposal>,
}

impl Clash {
    /// Tells one more thing of why.
    pub(super) fn adds(&mut self, why: &str) {
        self.why = format!("{}; {why}", self.why);
    }
}

/// What was carried out so far at a place.
struct State {
    copy: Scratch,
    inventory: Inventory,
}

/// Carries out the batches of a plan.
///
/// # Errors
/// The index is damaged.
pub(super) fn stack(
    search: &Search<'_>,
    candidates: &[Candidate],
    plan: &Plan,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Vec<Stacked>, Vec<Clash>), Diagnostic> {
    let place_of = |batch: usize| -> Option<usize> {
        let first = plan.batches.get(batch)?.candidates.first()?;
        candidates.get(*first).map(|candidate| candidate.place)
    };
    let mut by_place: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..plan.batches.len() {
        if let Some(place) = place_of(at) {
            by_place.entry(place).or_default().push(at);
        }
    }
    let mut all: BTreeMap<usize, Stacked> = BTreeMap::new();
    let mut clashes = Vec::new();
    let mut done = 0;
    for (place, mut batches) in by_place {
        batches.sort_by_key(|at| plan.batches.get(*at).map_or(Slot::Now, |b| b.slot));
        let mut state: Option<State> = None;
        let (mut before, mut lost) = (None, false);
        for at in batches {
            let order = ordered(&plan.batches[at].candidates, candidates);
            let ground = match search.ground(place) {
                // What comes on top of a batch that was not carried out is not known either.
                Some(Ok(ground)) if !lost => Some(ground),
                _ => None,
            };
            let alone = |order: Vec<usize>| Stacked {
                extent: Extent::Alone,
                order,
                idle: Vec::new(),
                moved: Vec::new(),
                changes: Vec::new(),
                after: before,
            };
            let stacked = match ground {
                None => alone(order),
                Some((of, ground)) => {
                    let batch = Batch { trial: search.trial, place: of, ground, candidates };
                    match batch.carry_out(&order, state.take())? {
                        Ok((stacked, next)) => {
                            state = Some(next);
                            Stacked { after: before, ..stacked }
                        }
                        Err(Some(clash)) => {
                            clashes.push(clash);
                            alone(order)
                        }
                        Err(None) => alone(order),
                    }
                }
            };
            let together = stacked.extent == Extent::Together;
            all.insert(at, stacked);
            done += 1;
            progress(done, plan.batches.len());
            before = Some(at);
            if !together {
                (state, lost) = (None, true);
                if !clashes.is_empty() {
                    break;
                }
            }
        }
    }
    // Of places that clashed the later batches are tried after the next planning.
    for at in 0..plan.batches.len() {
        all.entry(at).or_insert_with(|| Stacked {
            extent: Extent::Alone,
            order: plan.batches[at].candidates.clone(),
            idle: Vec::new(),
            moved: Vec::new(),
            changes: Vec::new(),
            after: None,
        });
    }
    Ok((all.into_values().collect(), clashes))
}

/// What people name is changed first, what only the lockfile has after it, by names.
fn ordered(all: &[usize], candidates: &[Candidate]) -> Vec<usize> {
    let rank = |at: &usize| match candidates[*at].made.proposal.way() {
        Way::Raise | Way::BaseImage | Way::Replace | Way::Remove => 0,
        Way::RaiseParent => 1,
        Way::Relock => 2,
        Way::Override => 3,
    };
    let mut order = all.to_vec();
    order.sort_by(|a, b| {
        rank(a).cmp(&rank(b)).then_with(|| candidates[*a].name.cmp(&candidates[*b].name))
    });
    order
}

struct Batch<'b> {
    trial: &'b Trial<'b>,
    place: &'b Place,
    ground: &'b Ground,
    candidates: &'b [Candidate],
}

impl Batch<'_> {
    /// Carries out the actions of a batch on a state. Otherwise which one clashes; nothing: the time was over.
    fn carry_out(
        &self,
        order: &[usize],
        state: Option<State>,
    ) -> Result<Result<(Stacked, State), Option<Clash>>, Diagnostic> {
        // One action on untouched ground is what was tried already. A tool without a lockfile must be asked what it
        // chooses then.
        if let ([only], None, true) = (order, &state, self.place.tool.has_lockfile()) {
            let made = &self.candidates[*only].made;
            let Ok(copy) = self.ground.base.with(&made.changes) else { return Ok(Err(None)) };
            let inventory = super::place::look(&copy, self.place, None);
            let stacked = Stacked {
                extent: Extent::Together,
                order: order.to_vec(),
                idle: Vec::new(),
                moved: made.moved.clone(),
                changes: made.changes.clone(),
                after: None,
            };
            return Ok(Ok((stacked, State { copy, inventory })));
        }
        let mut state = match state {
            Some(state) => state,
            None => {
                let Ok(copy) = self.ground.base.fork() else { return Ok(Err(None)) };
                State { copy, inventory: self.ground.before.clone() }
            }
        };
        let begun = state.inventory.clone();
        let mut changes: BTreeMap<String, Change> = BTreeMap::new();
        let (mut carried, mut idle) = (Vec::new(), Vec::new());
        let mut left: &[usize] = order;
        // So many were tried by one run already, and were refused.
        let mut apart = 0;
        while let Some((at, others)) = left.split_first() {
            if apart == 0 {
                let run = self.alike(left);
                apart = run.len().max(1);
                if let Some((done, next)) = self.at_once(run, &state)? {
                    done.into_iter().for_each(|change| keep(&mut changes, change));
                    state = next;
                    carried.extend(run);
                    left = left.get(run.len()..).unwrap_or_default();
                    apart = 0;
                    continue;
                }
            }
            apart -= 1;
            left = others;
            let candidate = &self.candidates[*at];
            let wanted = &candidate.made.removed;
            let gone =
                judge(&self.ground.before, &state.inventory, self.place, self.trial.index)?.removed;
            let missing: BTreeSet<Key> = wanted.difference(&gone).cloned().collect();
            let missing = self.as_they_are(&missing, &state.inventory)?;
            if missing.is_empty() {
                idle.push(*at);
                continue;
            }
            let ground = (&state.copy, &state.inventory);
            let (aged, proposal) = (candidate.made.aged, &candidate.made.proposal);
            match self.trial.attempt_aged(aged, self.place, ground, proposal, &missing)? {
                Ok((made, copy, inventory)) => {
                    made.changes.into_iter().for_each(|change| keep(&mut changes, change));
                    state = State { copy, inventory };
                    carried.push(*at);
                }
                Err(Refused::Time) => return Ok(Err(None)),
                Err(Refused::Tool(refusal)) if passes(&refusal.reason) => return Ok(Err(None)),
                Err(refused) => {
                    let with: Vec<&str> =
                        carried.iter().map(|c: &usize| &*self.candidates[*c].name).collect();
                    let with = match &with[..] {
                        [] => "what comes before it".to_owned(),
                        [one] => (*one).to_owned(),
                        [one, rest @ ..] => format!("{one} and {} more", rest.len()),
                    };
                    let why =
                        format!("it does not work together with {with}: {}", in_words(&refused));
                    let at_copies = at_copies(proposal, &refused);
                    return Ok(Err(Some(Clash { candidate: *at, why, at_copies })));
                }
            }
        }
        changes.retain(|_, change| change.before != change.after);
        let judged = judge(&begun, &state.inventory, self.place, self.trial.index)?;
        let changes: Vec<Change> = changes.into_values().collect();
        let stacked = Stacked {
            extent: Extent::Together,
            order: carried,
            idle,
            moved: judged.outcome.moved,
            changes,
            after: None,
        };
        Ok(Ok((stacked, state)))
    }
}

impl Batch<'_> {
    /// The actions of one kind at the beginning of some that one run can carry out.
    fn alike<'o>(&self, order: &'o [usize]) -> &'o [usize] {
        let way = |at: &usize| {
            let mut ways = self.candidates[*at].made.proposal.parts().map(Proposal::way);
            let first = ways.next()?;
            ways.all(|way| way == first).then_some(first)
        };
        let Some(first) = order.first().and_then(way) else { return &[] };
        let count = order.iter().take_while(|at| way(at) == Some(first)).count();
        let count = if self.place.tool.does_several(first) { count } else { 0 };
        order.get(..count).unwrap_or_default()
    }

    /// Findings that are still there, by the versions that their packages have by now: what came before may have moved
    /// them, without mending them.
    fn as_they_are(
        &self,
        missing: &BTreeSet<Key>,
        now: &Inventory,
    ) -> Result<BTreeSet<Key>, Diagnostic> {
        let plain = |(file, purl, id): &Key| (file.clone(), purl.package(), id.clone());
        let wanted: BTreeSet<Key> = missing.iter().map(plain).collect();
        let mut all = missing.clone();
        for finding in matched(now, self.trial.index)?.findings {
            for occurrence in &finding.occurrences {
                let Some(file) = now.files.get(occurrence.file as usize) else { continue };
                let key =
                    (file.path.clone(), finding.purl.clone(), finding.vulnerability.id.clone());
                if wanted.contains(&plain(&key)) {
                    all.insert(key);
                }
            }
        }
        Ok(all)
    }

    /// Carries several actions out by one run. `None`: not all that they remove goes, or it is refused.
    fn at_once(
        &self,
        run: &[usize],
        state: &State,
    ) -> Result<Option<(Vec<Change>, State)>, Diagnostic> {
        if run.len() < 2 {
            return Ok(None);
        }
        let gone =
            judge(&self.ground.before, &state.inventory, self.place, self.trial.index)?.removed;
        let wanted = run.iter().flat_map(|at| &self.candidates[*at].made.removed);
        let missing: BTreeSet<Key> = wanted.filter(|key| !gone.contains(key)).cloned().collect();
        let missing = self.as_they_are(&missing, &state.inventory)?;
        let all = run.iter().map(|at| self.candidates[*at].made.proposal.clone());
        let Some(proposal) = Proposal::together(all) else { return Ok(None) };
        let ground = (&state.copy, &state.inventory);
        let aged = run.iter().any(|at| self.candidates[*at].made.aged);
        let done = self.trial.attempt_aged(aged, self.place, ground, &proposal, &missing)?;
        let Ok((made, copy, inventory)) = done else { return Ok(None) };
        let gone = judge(&self.ground.before, &inventory, self.place, self.trial.index)?.removed;
        let mut wanted = run.iter().flat_map(|at| &self.candidates[*at].made.removed);
        let all = wanted.all(|key| gone.contains(key));
        Ok(all.then_some((made.changes, State { copy, inventory })))
    }
}

/// Keeps a change on top of earlier ones of the same file.
fn keep(changes: &mut BTreeMap<String, Change>, change: Change) {
    match changes.get_mut(&change.path) {
        Some(held) => held.after = change.after,
        None => drop(changes.insert(change.path.clone(), change)),
    }
}

/// Whether a refusal says nothing about the proposal.
fn passes(reason: &Reason) -> bool {
    matches!(reason, Reason::Registry(_) | Reason::TimeLimit(_) | Reason::Scratch(_))
}
