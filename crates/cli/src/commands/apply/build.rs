//! The actions of a batch, carried out by the package manager one on top of the other. Each is held to what the project
//! was before the first: what one action of a batch does, another may do otherwise.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use trimtab_connect::update::{
    Bounds, Change, Confirmed, Extent, Options, Proposal, Reason, Refusal, Scratch, Tool, confirm,
    vendored, vendored_at,
};
use trimtab_model::{Code, Diagnostic, Inventory};
use trimtab_report::plan::json::Finding;

use super::arrivals;
use super::batch::Work;
use crate::commands::plan::place::{Ground, Top};

/// The word of what the charter refuses.
pub(super) const DENIED: &str = "denied";

/// Why an action is not carried out of which nothing is left to do.
pub(super) const THERE: &str = "it is already carried out: nothing that it removes is left in the commit that this started from";

/// What each of some actions changed, by position.
pub(super) type Steps = Vec<(usize, Vec<Change>)>;

/// An action that cannot be built.
pub(super) struct Not {
    pub(super) at: usize,
    /// One word of the evidence.
    pub(super) word: &'static str,
    pub(super) why: String,
}

/// Actions that are being built.
pub(super) struct Batch<'w> {
    work: &'w Work<'w>,
    /// What is listed before any action.
    first: Inventory,
}

/// What was carried out so far.
struct State {
    copy: Scratch,
    inventory: Inventory,
    /// Positions of the actions.
    done: Vec<usize>,
}

/// What a package manager made, and what that lists.
type Made = (Confirmed, Inventory);

impl<'w> Batch<'w> {
    /// Has the package manager carry some actions out, one on top of the other. The copy has them then. Otherwise which
    /// one cannot be built.
    ///
    /// # Errors
    /// The project cannot be copied, or the index is damaged.
    pub(super) fn build(
        work: &'w Work<'w>,
        set: &[usize],
    ) -> Result<Result<Steps, Not>, Diagnostic> {
        work.back()?;
        let (copy, first) = ground(work)?;
        let mut state = State { copy, inventory: first.clone(), done: Vec::new() };
        let batch = Batch { work, first };
        let mut steps = Vec::with_capacity(set.len());
        let mut left = set;
        // So many were tried by one run already, which did not do all of them.
        let mut apart = 0;
        while let Some((position, others)) = left.split_first() {
            if apart == 0 {
                let run = batch.alike(left);
                apart = run.len().max(1);
                if let Some((confirmed, after)) = batch.at_once(run, &state)? {
                    work.tree.write(&confirmed.changes)?;
                    steps.push((*position, confirmed.changes));
                    steps.extend(run.iter().skip(1).map(|position| (*position, Vec::new())));
                    state.done.extend(run);
                    state = State { copy: confirmed.scratch, inventory: after, ..state };
                    left = left.get(run.len()..).unwrap_or_default();
                    apart = 0;
                    continue;
                }
            }
            apart -= 1;
            left = others;
            match batch.one(*position, &state)? {
                Ok(Some((confirmed, after))) => {
                    work.tree.write(&confirmed.changes)?;
                    steps.push((*position, confirmed.changes));
                    let before = std::mem::replace(&mut state.inventory, after);
                    state.copy = confirmed.scratch;
                    // Each commit is to build by itself, and tells what it moves.
                    if work.each {
                        if let Some(not) = vendor(work, &mut steps)? {
                            return Ok(Err(not));
                        }
                        if let Some((at, changes)) = steps.last() {
                            let moved = arrivals::moved(&before, &state.inventory);
                            work.along.borrow_mut().insert((*at, mark(changes)), moved);
                        }
                    }
                }
                Ok(None) => steps.push((*position, Vec::new())),
                Err(not) => return Ok(Err(not)),
            }
            state.done.push(*position);
        }
        if !work.each
            && let Some(not) = vendor(work, &mut steps)?
        {
            return Ok(Err(not));
        }
        Ok(Ok(steps))
    }

    /// One action on top of those before it. `None`: they did it already.
    fn one(&self, position: usize, state: &State) -> Result<Result<Option<Made>, Not>, Diagnostic> {
        let Some((_, proposal)) = self.work.actions.get(position) else { return Ok(Ok(None)) };
        let not = |word, why| Ok(Err(Not { at: position, word, why }));
        let (confirmed, after) = match self.confirm(state, proposal, &[position])? {
            Ok(made) => made,
            Err(refusal) => {
                let on_top = !state.done.is_empty();
                let is_same = matches!(refusal.reason, Reason::Unchanged { .. });
                let unchanged = on_top && is_same;
                if !on_top && is_same && self.is_done(&state.inventory, position)? {
                    return not("refused", THERE.to_owned());
                }
                if unchanged && self.is_done(&state.inventory, position)? {
                    return Ok(Ok(None));
                }
                let (word, why) = untried(&refusal);
                return not(word, why);
            }
        };
        if let Err(why) = self.is_as_planned(state, &after, &[position])? {
            return not("refused", why);
        }
        // Before anything of it is fetched or run.
        let exploited = self.is_exploited(position);
        let arrivals = &self.work.arrivals;
        let refused = arrivals.refused(&state.inventory, &after, &confirmed.changes, exploited)?;
        if let Some(why) = refused {
            return not(DENIED, why);
        }
        Ok(Ok(Some((confirmed, after))))
    }

    /// Whether what came out of some actions is as planned: nothing is lower than before the batch, of what each of them is to
    /// remove at least one is gone (the planner takes an action on top of others for that too), and nothing comes back that
    /// those before them removed. Otherwise in which way it is not.
    fn is_as_planned(
        &self,
        state: &State,
        after: &Inventory,
        run: &[usize],
    ) -> Result<Result<(), String>, Diagnostic> {
        if let Some(why) = self.work.arrivals.down(&self.first, after) {
            return Ok(Err(why));
        }
        for position in run {
            if let (false, Some(finding)) = self.removes(after, *position)? {
                let Finding { vulnerability, package, .. } = finding;
                let why = format!("it does not remove {vulnerability} of {package} now");
                return Ok(Err(why));
            }
        }
        let arrivals = &self.work.arrivals;
        for finding in state.done.iter().flat_map(|position| self.promised(*position)) {
            if !arrivals.still_there(&self.first, &state.inventory, finding)?
                && arrivals.still_there(&self.first, after, finding)?
            {
                let Finding { vulnerability, package, .. } = finding;
                let why = format!("it brings {vulnerability} of {package} back");
                return Ok(Err(why));
            }
        }
        Ok(Ok(()))
    }

    /// Whether something of what an action is to remove is gone, or it is to remove nothing; and the first of it.
    fn removes(
        &self,
        now: &Inventory,
        position: usize,
    ) -> Result<(bool, Option<&Finding>), Diagnostic> {
        let promised = self.promised(position);
        for finding in promised {
            if !self.work.arrivals.still_there(&self.first, now, finding)? {
                return Ok((true, Some(finding)));
            }
        }
        Ok((promised.is_empty(), promised.first()))
    }

    /// Whether nothing is left of what an action is to remove. Of one that is to remove nothing that cannot be said.
    fn is_done(&self, now: &Inventory, position: usize) -> Result<bool, Diagnostic> {
        if self.promised(position).is_empty() {
            return Ok(false);
        }
        for finding in self.promised(position) {
            if self.work.arrivals.still_there(&self.first, now, finding)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The actions at the beginning of some that one run of the package manager can carry out.
    fn alike<'s>(&self, set: &'s [usize]) -> &'s [usize] {
        let kind = |at: &usize| {
            let (_, proposal) = self.work.actions.get(*at)?;
            let mut ways = proposal.parts().map(Proposal::way);
            let first = ways.next()?;
            ways.all(|way| way == first).then_some((first, self.is_exploited(*at)))
        };
        let Some(first) = set.first().and_then(kind) else { return &[] };
        let able = !self.work.each && self.work.arrivals.place.tool.does_several(first.0);
        let count = set.iter().take_while(|at| able && kind(at) == Some(first)).count();
        set.get(..count).unwrap_or_default()
    }

    /// Several actions by one run. `None`: it is refused, or one of them does not move what it names.
    fn at_once(&self, run: &[usize], state: &State) -> Result<Option<Made>, Diagnostic> {
        let all: Vec<&Proposal> =
            run.iter().filter_map(|at| self.work.actions.get(*at)).map(|(_, p)| p).collect();
        let together = Proposal::together(all.iter().copied().cloned());
        let (Some(proposal), true) = (together, run.len() > 1) else { return Ok(None) };
        let exploited = run.iter().any(|at| self.is_exploited(*at));
        let confirmed = self.confirm(state, &proposal, run)?;
        let Ok((confirmed, after)) = confirmed else { return Ok(None) };
        let moved = arrivals::moved(&state.inventory, &after);
        let moves = |part: &Proposal| {
            let package = part.package().package();
            moved.iter().any(|moved| moved.package == package)
        };
        let all_move = all.iter().all(|proposal| proposal.parts().any(moves));
        let arrivals = &self.work.arrivals;
        let fine = all_move
            && self.is_as_planned(state, &after, run)?.is_ok()
            && arrivals.refused(&state.inventory, &after, &confirmed.changes, exploited)?.is_none();
        Ok(fine.then_some((confirmed, after)))
    }

    /// What an action removes by the plan.
    fn promised(&self, position: usize) -> &[Finding] {
        self.work.promised.get(position).map_or(&[], Vec::as_slice)
    }

    /// Whether an action removes a finding that is known to be exploited.
    fn is_exploited(&self, position: usize) -> bool {
        self.work.exploited.get(position).is_some_and(|is| *is)
    }

    /// Has the package manager carry a proposal out, which is some actions, with versions that are old enough if that does
    /// what was planned. What removes a finding that is known to be exploited does not wait for any age.
    fn confirm(
        &self,
        state: &State,
        proposal: &Proposal,
        run: &[usize],
    ) -> Result<Result<Made, Box<Refusal>>, Diagnostic> {
        let work = self.work;
        let tool = work.arrivals.place.tool;
        let told = |confirmed: Confirmed| {
            let after = work.arrivals.after(&confirmed);
            (confirmed, after)
        };
        let exploited = run.iter().any(|at| self.is_exploited(*at));
        // What is old enough and removes a part of it.
        let mut aged = None;
        if !exploited && !any_age(&work.options, tool) {
            match confirm(tool, &state.copy, proposal, &work.options).map(told) {
                Ok(made) => {
                    let mut whole = self.is_as_planned(state, &made.1, run)?.is_ok();
                    let partly = whole;
                    for position in run {
                        whole &= self.promised(*position).is_empty()
                            || self.is_done(&made.1, *position)?;
                    }
                    if whole {
                        return Ok(Ok(made));
                    }
                    if partly {
                        aged = Some(made);
                    }
                }
                // These have nothing to do with any age.
                Err(refusal)
                    if !matches!(
                        refusal.reason,
                        Reason::Conflict { .. }
                            | Reason::Unchanged { .. }
                            | Reason::NoWheel { .. }
                            | Reason::Failed(_)
                    ) =>
                {
                    return Ok(Err(refusal));
                }
                // Then what comes in is judged by its age.
                Err(_) => {}
            }
        }
        let any = Options { before: None, ..work.options.clone() };
        let made = confirm(tool, &state.copy, proposal, &any).map(told);
        let Some(aged) = aged else { return Ok(made) };
        let Ok((confirmed, after)) = made else { return Ok(Ok(aged)) };
        let more = self.is_as_planned(state, &after, run)?.is_ok()
            && work
                .arrivals
                .refused(&state.inventory, &after, &confirmed.changes, exploited)?
                .is_none();
        Ok(Ok(if more { (confirmed, after) } else { aged }))
    }
}

/// A mark of some changes: sets of actions are built again and again, and each time one may come to another change.
pub(super) fn mark(changes: &[Change]) -> u64 {
    let mut state = DefaultHasher::new();
    for change in changes {
        (&change.path, &change.before, &change.after).hash(&mut state);
    }
    state.finish()
}

/// Has what is vendored follow the last of some steps that changes something. Otherwise why that one cannot be built.
fn vendor(work: &Work<'_>, steps: &mut Steps) -> Result<Option<Not>, Diagnostic> {
    let place = &work.arrivals.place;
    let (root, inside) = (work.tree.root(), Path::new(&*place.folder));
    if vendored_at(place.tool, &root, inside).is_none() {
        return Ok(None);
    }
    let mut files = work.tree.tracked()?;
    let made = steps.iter().flat_map(|(_, changes)| changes).filter(|made| made.before.is_none());
    files.extend(made.map(|made| made.path.clone()));
    let last = steps.iter_mut().rfind(|(_, changes)| !changes.is_empty());
    let Some((at, changes)) = last else { return Ok(None) };
    match vendored(place.tool, &root, inside, &files, &work.options) {
        Ok(more) => {
            work.tree.write(&more.changes)?;
            changes.extend(more.changes);
            work.lost.borrow_mut().extend(more.lost);
            Ok(None)
        }
        // That is the fault of no action.
        Err(Reason::Scratch(why)) => {
            let message = format!("the vendored copies cannot be updated: {why}");
            let help = "carry the plan out by hand, and run `go mod vendor`";
            Err(Diagnostic::new(Code::FileUnreadable, message).help(help))
        }
        Err(why) => {
            let away = matches!(why, Reason::Registry(_) | Reason::TimeLimit(_));
            let word = if away { "untold" } else { "refused" };
            let why = format!("the vendored copies cannot be updated with it: {why}");
            Ok(Some(Not { at: *at, word, why }))
        }
    }
}

/// A copy to begin with, and what it lists.
fn ground(work: &Work<'_>) -> Result<(Scratch, Inventory), Diagnostic> {
    let place = &work.arrivals.place;
    let unusable = |why: String| {
        Diagnostic::new(Code::FileUnreadable, format!("the project could not be copied: {why}"))
            .help("plan again for the commit that is applied")
    };
    // A tool that must be asked what it chooses is asked once: each begins with the same.
    if let Some(listed) = work.listed.get() {
        let (extent, inside) = (Extent::Resolver, Path::new(&*place.folder));
        let bounds = Bounds::of(extent);
        let copy = Scratch::copy(&work.tree.root(), inside, place.tool, extent, bounds, None);
        return Ok((copy.map_err(|e| unusable(e.to_string()))?, listed.clone()));
    }
    let top = Top { root: work.tree.root(), prefix: String::new() };
    let ground = Ground::of(place, &top, &work.options, None).map_err(unusable)?;
    let listed = work.listed.get_or_init(|| ground.before);
    Ok((ground.base, listed.clone()))
}

/// Whether no age is wanted, or the package manager cannot be told one.
fn any_age(options: &Options, tool: &Tool) -> bool {
    options.before.is_none() || !tool.keeps_to_age()
}

/// What is told of a refusal. That a registry did not answer, or not in time, says nothing of the action.
fn untried(refusal: &Refusal) -> (&'static str, String) {
    match refusal.reason {
        Reason::Registry(_) => ("untold", refusal.to_string()),
        Reason::TimeLimit(seconds) => (
            "untold",
            format!(
                "the package manager took longer than {seconds} s and was stopped: try again when it and the registry are less busy"
            ),
        ),
        _ => ("refused", refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_known_by_their_bytes() {
        let change = |after: Option<&str>| Change {
            path: "a.lock".to_owned(),
            before: Some(b"1".to_vec()),
            after: after.map(|text| text.as_bytes().to_vec()),
        };
        assert_eq!(mark(&[change(Some("2"))]), mark(&[change(Some("2"))]));
        assert_ne!(mark(&[change(Some("2"))]), mark(&[change(Some("3"))]));
        assert_ne!(mark(&[change(Some(""))]), mark(&[change(None)]));
        assert_ne!(mark(&[]), mark(&[change(None)]));
    }

    #[test]
    fn what_was_stopped_is_not_told_as_impossible() {
        let told = |reason| {
            untried(&Refusal { reason, edits: Vec::new(), next: None, commands: Vec::new() })
        };
        let (word, why) = told(Reason::TimeLimit(600));
        assert_eq!(word, "untold");
        assert!(why.contains("600 s") && !why.contains("limit"), "apply has no such limit: {why}");
        assert_eq!(told(Reason::Registry("ETIMEDOUT".to_owned())).0, "untold");
        assert_eq!(told(Reason::NoLater).0, "refused");
    }
}
