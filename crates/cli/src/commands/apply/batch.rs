//! The actions of a batch in a copy: built by the package manager, tested, and, where tests break,
//! without what breaks them.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use trimtab_connect::apply::{
    Command, Confinement, Difference, Ended, Judgement, Limits, Tree, Trial, difference, prepare,
    trial,
};
use trimtab_connect::update::{Options, Proposal};
use trimtab_engine::action::bisect;
use trimtab_model::{Diagnostic, Inventory};
use trimtab_report::plan::json::{Action, Finding};

use super::arrivals::{self, Arrivals};
use super::build::{Batch, DENIED, Not, Steps};

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

/// The word of what breaks tests.
const BREAKS: &str = "breaks";

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
    /// Positions of the actions that broke tests all by themselves.
    pub(super) broke: Vec<usize>,
    pub(super) runs: usize,
}

impl Done {
    /// The actions of which tests told something, and whether each broke them. What breaks them only with others tells
    /// nothing of one, and what cannot be told tells nothing.
    pub(super) fn tested(&self) -> impl Iterator<Item = (usize, bool)> {
        let passed = self.difference.as_ref().is_some_and(|d| d.judgement == Judgement::Unharmed);
        let done = self.steps.iter().filter(move |_| passed).map(|(at, _)| (*at, false));
        done.chain(self.broke.iter().map(|at| (*at, true)))
    }
}

impl Work<'_> {
    /// Carries all out. `tell`: what is being done.
    pub(super) fn run(&self, tell: &mut dyn FnMut(&str)) -> Result<Done, Diagnostic> {
        let mut done = Done::default();
        let mut able: Vec<usize> = (0..self.actions.len()).collect();
        tell("Resolving");
        let steps = loop {
            match Batch::build(self, &able)? {
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
                let ran = !matches!(again.ended, Ended::NotRun(_));
                if let ([alone], Judgement::Broke, true) = (&*able, second.judgement, ran) {
                    done.broke.push(*alone);
                }
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
        // What a set came to that does not pass, other than that it broke tests: position, word, why.
        let mut untold: BTreeMap<Vec<usize>, (usize, &'static str, String)> = BTreeMap::new();
        let mut broke: Vec<usize> = Vec::new();
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
            let actions = named(set);
            let steps = match Batch::build(self, &actions)? {
                Ok(steps) => steps,
                Err(Not { at, word, why }) => {
                    untold.insert(actions, (at, word, why));
                    return Ok(false);
                }
            };
            let trial = self.test(&mut runs);
            let difference = difference(before, &trial);
            // What it needs was not there to be fetched, or the room to run it was not: that breaks no test.
            if let (Ended::NotRun(_), Some(last)) = (&trial.ended, actions.last()) {
                untold.insert(actions.clone(), (*last, "untold", difference.why));
                return Ok(false);
            }
            match (difference.judgement, &*actions) {
                (Judgement::Unharmed, _) => {
                    seen.insert(set.to_vec(), (trial, difference, steps));
                    return Ok(true);
                }
                (Judgement::Broke, [alone]) => broke.push(*alone),
                (Judgement::Untold, [.., last]) => {
                    untold.insert(actions.clone(), (*last, "untold", difference.why));
                }
                _ => {}
            }
            Ok(false)
        })?;
        done.runs += runs;
        done.broke.extend(broke);
        let what = |at: &usize| self.actions.get(*at).map_or(String::new(), |(_, p)| p.to_string());
        for set in &found.breaking {
            let set = named(set);
            if let (Some((at, word, why)), Some(last)) = (untold.remove(&set), set.last()) {
                if let (DENIED, Some((action, _)), true) = (word, self.actions.get(at), at == *last)
                {
                    done.denied.push(arrivals::told(&action.name, &why));
                }
                // The last one is left out, whichever could not be told.
                let word = if at == *last { word } else { "untold" };
                done.not.push((*last, word, why));
                continue;
            }
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
            done.not.push((*last, BREAKS, format!("{why}{tests}")));
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

    /// Takes the copy to where steps lead.
    pub(super) fn lay(&self, steps: &Steps) -> Result<(), Diagnostic> {
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
