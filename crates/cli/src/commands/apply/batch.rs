//! The actions of a batch in a copy: built by the package manager, tested, and, where tests break,
//! without what breaks them.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;

use trimtab_connect::apply::{
    Command, Confinement, Difference, Judgement, Limits, Tree, Trial, difference, prepare, trial,
};
use trimtab_connect::update::{
    Bounds, Change, Confirmed, Extent, Options, Proposal, Reason, Refusal, Scratch, Tool, confirm,
};
use trimtab_engine::action::bisect;
use trimtab_model::{Code, Diagnostic, Inventory};
use trimtab_report::plan::json::{Action, Finding};

use super::arrivals::{self, Arrivals};
use crate::commands::plan::place::{Ground, Top};

/// The word of what the charter refuses.
const DENIED: &str = "denied";

/// What is being carried out.
pub(super) struct Work<'a> {
    pub(super) tree: Tree,
    /// What judges what comes in.
    pub(super) arrivals: Arrivals<'a>,
    pub(super) actions: Vec<(Action, Proposal)>,
    /// For each action, what it removes by the plan.
    pub(super) promised: Vec<Vec<Finding>>,
    /// For each action, whether it removes a finding that is known to be exploited.
    pub(super) exploited: Vec<bool>,
    pub(super) options: Options,
    /// What is listed before anything is done, once it was asked.
    pub(super) listed: OnceCell<Inventory>,
    /// `None`: nothing is run.
    pub(super) command: Option<Command>,
    pub(super) confinement: Confinement,
    pub(super) limits: Limits,
    /// How often tests may be run to find what breaks.
    pub(super) most: usize,
    /// Whether each action is told and committed by itself.
    pub(super) each: bool,
}

/// What became of the actions.
#[derive(Default)]
pub(super) struct Done {
    /// Positions of the actions that are done, with what each changed.
    pub(super) steps: Steps,
    /// Why others are not: position, one word, in words.
    pub(super) not: Vec<(usize, &'static str, String)>,
    /// Of these, what the charter refuses.
    pub(super) denied: Vec<Diagnostic>,
    pub(super) before: Option<Trial>,
    pub(super) after: Option<Trial>,
    /// How the run after differs; `None`: nothing was run.
    pub(super) difference: Option<Difference>,
    /// Tests that failed once and passed when run again.
    pub(super) wavering: Vec<Box<str>>,
    pub(super) runs: usize,
}

/// What each of some actions changed, by position.
type Steps = Vec<(usize, Vec<Change>)>;
/// What a package manager made of some actions, or why not.
type Built = Result<Steps, Not>;

/// An action that cannot be built.
struct Not {
    at: usize,
    /// One word of the evidence.
    word: &'static str,
    why: String,
}

impl Work<'_> {
    /// Carries all out. `tell`: what is being done.
    pub(super) fn run(&self, tell: &mut dyn FnMut(&str)) -> Result<Done, Diagnostic> {
        let mut done = Done::default();
        let mut able: Vec<usize> = (0..self.actions.len()).collect();
        tell("Resolving");
        let steps = loop {
            match self.build(&able)? {
                Ok(steps) => break steps,
                Err(Not { at, word, why }) => {
                    able.retain(|held| *held != at);
                    if let (DENIED, Some((action, _))) = (word, self.actions.get(at)) {
                        done.denied.push(arrivals::told(&action.name, &why));
                    }
                    done.not.push((at, word, why));
                }
            }
        };
        done.steps = steps;
        if able.is_empty() || self.command.is_none() {
            return Ok(done);
        }
        self.tree.back_to(self.tree.base())?;
        tell("Testing before");
        let before = self.test(&mut done.runs);
        self.lay(&done.steps)?;
        tell("Testing after");
        let mut after = self.test(&mut done.runs);
        let mut told = difference(&before, &after);
        if told.judgement == Judgement::Broke {
            tell("Testing again");
            let again = self.test(&mut done.runs);
            let second = difference(&before, &again);
            if second.judgement == Judgement::Unharmed {
                done.wavering = told.broken;
                (after, told) = (again, second);
            } else {
                self.search(&able, &before, &mut done, (&mut after, &mut told), tell)?;
            }
        }
        done.before = Some(before);
        done.after = Some(after);
        done.difference = Some(told);
        Ok(done)
    }

    /// Leaves out what breaks. All of `able` together does.
    fn search(
        &self,
        able: &[usize],
        before: &Trial,
        done: &mut Done,
        (after, told): (&mut Trial, &mut Difference),
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Diagnostic> {
        let mut seen: BTreeMap<Vec<usize>, (Trial, Difference, Steps)> = BTreeMap::new();
        let mut runs = 0;
        let named = |set: &[usize]| -> Vec<usize> {
            set.iter().filter_map(|at| able.get(*at).copied()).collect()
        };
        let found = bisect(able.len(), self.most, &mut |set| {
            // That all of them break is known.
            if set.len() == able.len() {
                return Ok::<_, Diagnostic>(false);
            }
            tell(&format!("Looking for what breaks: {} of {}", set.len(), able.len()));
            let Ok(steps) = self.build(&named(set))? else { return Ok(false) };
            let trial = self.test(&mut runs);
            let difference = difference(before, &trial);
            let passes = difference.judgement == Judgement::Unharmed;
            if passes {
                seen.insert(set.to_vec(), (trial, difference, steps));
            }
            Ok(passes)
        })?;
        done.runs += runs;
        let what = |at: &usize| self.actions.get(*at).map_or(String::new(), |(_, p)| p.to_string());
        for set in &found.breaking {
            let set = named(set);
            let Some((last, others)) = set.split_last() else { continue };
            let why = match others {
                [] => told.why.clone(),
                others => {
                    let others: Vec<String> = others.iter().map(what).collect();
                    format!("together with {}: {}", others.join(" and "), told.why)
                }
            };
            let tests: Vec<&str> = told.broken.iter().take(5).map(|name| &**name).collect();
            let tests =
                if tests.is_empty() { String::new() } else { format!(" ({})", tests.join(", ")) };
            done.not.push((*last, "breaks", format!("{why}{tests}")));
        }
        for at in named(&found.untold) {
            let why = "there were no runs left to try it: allow more with --runs".to_owned();
            done.not.push((at, "untold", why));
        }
        match seen.remove(&found.kept) {
            Some((trial, difference, steps)) => {
                self.lay(&steps)?;
                done.steps = steps;
                *after = trial;
                *told = difference;
            }
            None => {
                done.steps = Vec::new();
                self.tree.back_to(self.tree.base())?;
            }
        }
        Ok(())
    }

    /// A copy to begin with, and what it lists.
    fn ground(&self) -> Result<(Scratch, Inventory), Diagnostic> {
        let place = &self.arrivals.place;
        let unusable = |why: String| {
            Diagnostic::new(Code::FileUnreadable, format!("the project cannot be copied: {why}"))
                .help("plan again for the commit that is applied")
        };
        // A tool that must be asked what it chooses is asked once: each begins with the same.
        if let Some(listed) = self.listed.get() {
            let (extent, inside) = (Extent::Resolver, Path::new(&*place.folder));
            let bounds = Bounds::of(extent);
            let copy = Scratch::copy(&self.tree.root(), inside, place.tool, extent, bounds, None);
            return Ok((copy.map_err(|e| unusable(e.to_string()))?, listed.clone()));
        }
        let top = Top { root: self.tree.root(), prefix: String::new() };
        let ground = Ground::of(place, &top, &self.options).map_err(unusable)?;
        let listed = self.listed.get_or_init(|| ground.before);
        Ok((ground.base, listed.clone()))
    }

    /// Has the package manager carry some actions out, one on top of the other. The copy has them
    /// then.
    fn build(&self, set: &[usize]) -> Result<Built, Diagnostic> {
        self.tree.back_to(self.tree.base())?;
        let (mut at, mut before) = self.ground()?;
        let mut steps = Vec::with_capacity(set.len());
        let mut left = set;
        // So many were tried by one run already, which did not do all of them.
        let mut apart = 0;
        while let Some((position, others)) = left.split_first() {
            if apart == 0 {
                let run = self.alike(left);
                apart = run.len().max(1);
                if let Some((confirmed, after)) = self.at_once(run, &at, &before)? {
                    self.tree.write(&confirmed.changes)?;
                    steps.push((*position, confirmed.changes));
                    steps.extend(run.iter().skip(1).map(|position| (*position, Vec::new())));
                    (at, before) = (confirmed.scratch, after);
                    left = left.get(run.len()..).unwrap_or_default();
                    apart = 0;
                    continue;
                }
            }
            apart -= 1;
            left = others;
            let Some((_, proposal)) = self.actions.get(*position) else { continue };
            let not = |word, why| Not { at: *position, word, why };
            let exploited = self.exploited.get(*position).is_some_and(|is| *is);
            let promised = self.promised(*position);
            let (confirmed, after) =
                match self.confirm((&at, &before), proposal, promised, exploited)? {
                    Ok(confirmed) => confirmed,
                    // What comes before it may have done it already.
                    Err(refusal)
                        if !steps.is_empty()
                            && matches!(refusal.reason, Reason::Unchanged { .. })
                            && self.arrivals.is_reached(&before, proposal) =>
                    {
                        steps.push((*position, Vec::new()));
                        continue;
                    }
                    Err(refusal) => return Ok(Err(not("refused", refusal.to_string()))),
                };
            if let Some(why) = self.arrivals.amiss(&before, &after, promised)? {
                return Ok(Err(not("refused", why)));
            }
            // Before anything of it is fetched or run.
            if let Some(why) = self.arrivals.refused(&before, &after, exploited)? {
                return Ok(Err(not(DENIED, why)));
            }
            self.tree.write(&confirmed.changes)?;
            steps.push((*position, confirmed.changes));
            (at, before) = (confirmed.scratch, after);
        }
        Ok(Ok(steps))
    }

    /// The actions at the beginning of some that one run of the package manager can carry out.
    fn alike<'s>(&self, set: &'s [usize]) -> &'s [usize] {
        let kind = |at: &usize| {
            let (_, proposal) = self.actions.get(*at)?;
            let mut ways = proposal.parts().map(Proposal::way);
            let first = ways.next()?;
            let exploited = self.exploited.get(*at).is_some_and(|is| *is);
            ways.all(|way| way == first).then_some((first, exploited))
        };
        let Some(first) = set.first().and_then(kind) else { return &[] };
        let able = !self.each && self.arrivals.place.tool.does_several(first.0);
        let count = set.iter().take_while(|at| able && kind(at) == Some(first)).count();
        set.get(..count).unwrap_or_default()
    }

    /// Several actions by one run. `None`: it is refused, or one of them does not move what it names.
    fn at_once(
        &self,
        run: &[usize],
        at: &Scratch,
        before: &Inventory,
    ) -> Result<Option<(Confirmed, Inventory)>, Diagnostic> {
        let all: Vec<&Proposal> =
            run.iter().filter_map(|at| self.actions.get(*at)).map(|(_, p)| p).collect();
        let together = Proposal::together(all.iter().copied().cloned());
        let (Some(proposal), true) = (together, run.len() > 1) else { return Ok(None) };
        let exploited = run.iter().any(|at| self.exploited.get(*at).is_some_and(|is| *is));
        let promised: Vec<Finding> =
            run.iter().flat_map(|at| self.promised(*at)).cloned().collect();
        let confirmed = self.confirm((at, before), &proposal, &promised, exploited)?;
        let Ok((confirmed, after)) = confirmed else { return Ok(None) };
        let moved = arrivals::moved(before, &after);
        let moves = |part: &Proposal| {
            let package = part.package().package();
            moved.iter().any(|moved| moved.package == package)
        };
        let all_move = all.iter().all(|proposal| proposal.parts().any(moves));
        let fine = all_move
            && self.arrivals.amiss(before, &after, &promised)?.is_none()
            && self.arrivals.refused(before, &after, exploited)?.is_none();
        Ok(fine.then_some((confirmed, after)))
    }

    /// What an action removes by the plan.
    fn promised(&self, position: usize) -> &[Finding] {
        self.promised.get(position).map_or(&[], Vec::as_slice)
    }

    /// Has the package manager carry one action out, with versions that are old enough if that does what was planned. What
    /// removes a finding that is known to be exploited does not wait for any age.
    fn confirm(
        &self,
        (at, before): (&Scratch, &Inventory),
        proposal: &Proposal,
        promised: &[Finding],
        exploited: bool,
    ) -> Result<Result<(Confirmed, Inventory), Box<Refusal>>, Diagnostic> {
        let tool = self.arrivals.place.tool;
        let told = |confirmed: Confirmed| {
            let after = self.arrivals.after(&confirmed);
            (confirmed, after)
        };
        if !exploited && !any_age(&self.options, tool) {
            match confirm(tool, at, proposal, &self.options).map(told) {
                Ok((confirmed, after)) => {
                    if self.arrivals.amiss(before, &after, promised)?.is_none() {
                        return Ok(Ok((confirmed, after)));
                    }
                }
                // These have nothing to do with any age.
                Err(refusal)
                    if !matches!(
                        refusal.reason,
                        Reason::Conflict { .. } | Reason::Unchanged { .. } | Reason::Failed(_)
                    ) =>
                {
                    return Ok(Err(refusal));
                }
                // Then what comes in is judged by its age.
                Err(_) => {}
            }
        }
        let any = Options { before: None, ..self.options.clone() };
        Ok(confirm(tool, at, proposal, &any).map(told))
    }

    /// Takes the copy to where steps lead.
    pub(super) fn lay(&self, steps: &[(usize, Vec<Change>)]) -> Result<(), Diagnostic> {
        self.tree.back_to(self.tree.base())?;
        steps.iter().try_for_each(|(_, changes)| self.tree.write(changes))
    }

    fn test(&self, runs: &mut usize) -> Trial {
        *runs += 1;
        let Some(command) = &self.command else { return Trial::not_run("there is no command") };
        match prepare(command, &self.confinement, &self.limits) {
            Ok(()) => trial(&self.tree, command, &self.confinement, &self.limits),
            Err(why) => Trial::not_run(&why),
        }
    }
}

/// Whether no age is wanted, or the package manager cannot be told one.
fn any_age(options: &Options, tool: &Tool) -> bool {
    options.before.is_none() || !tool.keeps_to_age()
}
