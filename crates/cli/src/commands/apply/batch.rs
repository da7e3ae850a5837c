//! The actions of a batch in a copy: built by the package manager, tested, and, where tests break,
//! without what breaks them.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trimtab_connect::apply::{
    Command, Confinement, Difference, Ended, Judgement, Limits, Tree, Trial, difference, prepare,
    trial,
};
use trimtab_connect::update::{Need, Options, Proposal, needs, vendored_at};
use trimtab_engine::action::{Moved, bisect};
use trimtab_model::{Diagnostic, Inventory};
use trimtab_report::one_line;
use trimtab_report::plan::json::{Action, Asked, Finding};

use super::arrivals::{self, Arrivals};
use super::build::{Batch, DENIED, Not, Steps};
use super::evidence::together;
use crate::progress::Pulse;

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
    /// Whether `go test` runs without `go vet`: a later `go` line turned on checks that the sources do not pass.
    pub(super) unvetted: Cell<bool>,
    /// Of what is vendored, files that people had changed and that are as published with some set of actions.
    pub(super) lost: RefCell<BTreeSet<String>>,
    /// Whether the command of the project runs `go vet` itself, so that no run is without it.
    pub(super) vets_itself: Cell<bool>,
    /// Where each action is committed by itself, what moves with it, by its position and what it changed.
    pub(super) along: RefCell<BTreeMap<(usize, u64), Vec<Moved>>>,
    /// Says how long what is run takes.
    pub(super) pulse: Pulse,
}

/// How many parts of an action are tried each at most; of more, some at a time.
const PARTS: usize = 12;
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
    /// Positions of the actions of which the parts were tried each, as the whole broke tests.
    pub(super) parted: Vec<usize>,
    /// What `go vet` finds only with the update. Not empty: both runs are without it.
    pub(super) vet: Vec<String>,
    pub(super) runs: usize,
    /// How many actions there were before any was taken apart.
    pub(super) planned: usize,
    /// Of the runs, those before it was looked for what breaks.
    base: usize,
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

/// The parts of an action that are tried each: of more than can be, some together.
fn groups(whole: &Proposal) -> Vec<Proposal> {
    let parts: Vec<Proposal> = whole.parts().cloned().collect();
    let size = parts.len().div_ceil(PARTS).max(1);
    parts.chunks(size).filter_map(|group| Proposal::together(group.iter().cloned())).collect()
}

/// Whether some steps raise the `go` line to another version of the language.
fn is_language(steps: &Steps) -> bool {
    needs(&together(steps)).iter().any(Need::is_language)
}

/// Of what an action removes, what a part of it is about: its own package, and of a parent what it brings.
fn promised_of(part: &Proposal, promised: &[Finding]) -> Vec<Finding> {
    let mut about = vec![part.package().package()];
    if let Proposal::RaiseParent { child, .. } = part {
        about.push(child.package());
    }
    let is_its = |finding: &&Finding| {
        let purl = finding.package.parse::<trimtab_model::Purl>();
        purl.is_ok_and(|purl| about.contains(&purl.package()))
    };
    promised.iter().filter(is_its).cloned().collect()
}

impl Work<'_> {
    /// Carries all out. `tell`: what is being done.
    pub(super) fn run(&mut self, tell: &mut dyn FnMut(&str)) -> Result<Done, Diagnostic> {
        let mut done = Done { planned: self.actions.len(), ..Done::default() };
        let mut able: Vec<usize> = (0..self.actions.len()).collect();
        let tool = self.actions.first().map(|(action, _)| format!(" with {}", action.tool));
        tell(&one_line(&format!("Resolving{}", tool.unwrap_or_default())));
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
        self.back()?;
        // Nothing else is told of a run that hangs until its time is over.
        if let Some(command) = &self.command {
            let (line, most) = (command.line(), self.limits.time.as_secs());
            let text =
                format!("Fetching what the tests need, then `{line}`, at most {most} s a run");
            tell(&one_line(&text));
        }
        tell("Testing before");
        let mut before = self.test(&mut done.runs);
        self.lay(&done.steps)?;
        tell("Testing after");
        let mut after = self.test(&mut done.runs);
        let mut told = difference(&before, &after);
        if let Some(unvetted) = self.unvet(&before, &after, &done.steps, &mut done.runs, tell)? {
            (before, after, done.vet) = unvetted;
            told = difference(&before, &after);
        }
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
                done.base = done.runs;
                self.search(
                    (&able[..], true),
                    &mut before,
                    &mut done,
                    (&mut after, &mut told),
                    tell,
                )?;
                // What breaks as a whole may do so for one of its parts.
                let parts = self.part(&done);
                if !parts.is_empty() {
                    let kept: Vec<usize> = done.steps.iter().map(|(at, _)| *at).collect();
                    done.parted = parts.iter().map(|(of, _)| *of).collect();
                    done.parted.dedup();
                    let parts: Vec<usize> = parts.into_iter().map(|(_, part)| part).collect();
                    // All parts of the only action are that action, which is known to break.
                    let known = match (&kept[..], &done.parted[..]) {
                        ([], [of]) => {
                            let whole = self.actions.get(*of);
                            whole.is_some_and(|(_, whole)| groups(whole).len() == parts.len())
                        }
                        _ => false,
                    };
                    let all: Vec<usize> = kept.iter().chain(&parts).copied().collect();
                    let was = (done.steps.clone(), after.clone(), told.clone());
                    let to = (&mut after, &mut told);
                    self.search((&all[..], known), &mut before, &mut done, to, tell)?;
                    let stays = |at: &usize| done.steps.iter().any(|(held, _)| held == at);
                    if done.steps.len() <= kept.len() || !kept.iter().all(stays) {
                        // No part goes beside what went without it.
                        (done.steps, after, told) = was;
                        self.lay(&done.steps)?;
                    }
                    let steps = &done.steps;
                    let is_done = |at: &usize| steps.iter().any(|(held, _)| held == at);
                    done.not.retain(|(at, ..)| !is_done(at));
                    done.broke.retain(|at| !is_done(at));
                    for part in parts.into_iter().filter(|part| !is_done(part)) {
                        if !done.not.iter().any(|(at, ..)| *at == part) {
                            let why =
                                "it does not work together with what works without it".to_owned();
                            done.not.push((part, "untold", why));
                        }
                    }
                    self.tell_parts(&mut done);
                }
            }
        }
        if !done.vet.is_empty() && !is_language(&done.steps) {
            // What raised the `go` line is left out, and with it goes what vet says: what stays is looked at with vet.
            done.vet.clear();
            self.unvetted.set(false);
            if !done.steps.is_empty() {
                self.back()?;
                tell("Testing before");
                before = self.test(&mut done.runs);
                self.lay(&done.steps)?;
                tell("Testing after");
                after = self.test(&mut done.runs);
                told = difference(&before, &after);
            }
            if told.judgement != Judgement::Unharmed {
                let why = format!("with go vet again: {}", told.why);
                let steps = std::mem::take(&mut done.steps);
                done.not.extend(steps.into_iter().map(|(at, _)| (at, "untold", why.clone())));
                self.back()?;
            }
        }
        done.before = Some(before);
        done.after = Some(after);
        done.difference = Some(told);
        Ok(done)
    }

    /// What `go vet` finds after and not before, where a later version of the language turns its checks on.
    fn new_vet(&self, before: &Trial, after: &Trial, steps: &Steps) -> Vec<String> {
        if self.unvetted.get() || self.vets_itself.get() || !is_language(steps) {
            return Vec::new();
        }
        let known = before.vet();
        after.vet().into_iter().filter(|found| !known.contains(found)).collect()
    }

    /// Runs the tests again without `go vet`, before and after, where a later version of the language turns checks on that
    /// the sources do not pass: both runs, and what vet found. `None`: nothing like that, or vet is run all the same.
    fn unvet(
        &self,
        before: &Trial,
        after: &Trial,
        steps: &Steps,
        runs: &mut usize,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Option<(Trial, Trial, Vec<String>)>, Diagnostic> {
        let vet = self.new_vet(before, after, steps);
        if vet.is_empty() {
            return Ok(None);
        }
        // Whoever raises the `go` line meets these checks: that is told, and what tests say is looked at without them.
        self.unvetted.set(true);
        self.back()?;
        tell("Testing before, without go vet");
        let before = self.test(runs);
        self.lay(steps)?;
        tell("Testing after, without go vet");
        let after = self.test(runs);
        if !after.vet().is_empty() {
            tell("The command that tests the project runs go vet itself");
            self.unvetted.set(false);
            self.vets_itself.set(true);
            return Ok(None);
        }
        Ok(Some((before, after, vet)))
    }

    /// Makes an action of each part of those that broke tests by themselves and have several: of which, and its position.
    fn part(&mut self, done: &Done) -> Vec<(usize, usize)> {
        let alone: Vec<usize> = done.broke.clone();
        let mut parts = Vec::new();
        for of in alone {
            let Some((action, proposal)) = self.actions.get(of).cloned() else { continue };
            let groups = groups(&proposal);
            if groups.len() < 2 {
                continue;
            }
            let promised = self.promised.get(of).cloned().unwrap_or_default();
            for part in &groups {
                let mut own: Vec<Finding> = Vec::new();
                for finding in part.parts().flat_map(|part| promised_of(part, &promised)) {
                    if !own.iter().any(|held| held.name == finding.name) {
                        own.push(finding);
                    }
                }
                // What removes nothing by itself goes along with the others, where they need it.
                if own.is_empty() {
                    continue;
                }
                let points = trimtab_report::plan::json::Cost {
                    points: 0.0,
                    estimate: None,
                    ..action.cost.clone()
                };
                let removes = own.iter().map(|finding| finding.name.clone()).collect();
                let name = format!("{part}, a part of {}", action.name);
                // What is remembered of it is what moves by it.
                let packages: Vec<String> =
                    part.parts().map(|part| part.package().package().to_string()).collect();
                let moves = action.moves.iter().filter(|moved| packages.contains(&moved.package));
                let part_of = Action {
                    name,
                    cost: points,
                    removes,
                    moves: moves.cloned().collect(),
                    proposal: Asked::of(part),
                    ..action.clone()
                };
                parts.push((of, self.actions.len()));
                self.actions.push((part_of, part.clone()));
                self.exploited.push(own.iter().any(|finding| finding.exploited));
                self.promised.push(own);
            }
        }
        parts
    }

    /// Says of the actions that were taken apart what of them is done.
    fn tell_parts(&self, done: &mut Done) {
        let not: Vec<(&str, &'static str)> = done
            .not
            .iter()
            .filter_map(|(at, word, _)| Some((&*self.actions.get(*at)?.0.name, *word)))
            .collect();
        let all_break = |end: &str| {
            not.iter().filter(|(name, _)| name.ends_with(end)).all(|(_, word)| *word == BREAKS)
        };
        for of in &done.parted {
            let Some((action, _)) = self.actions.get(*of) else { continue };
            let end = format!(", a part of {}", action.name);
            let parts: Vec<&str> = done
                .steps
                .iter()
                .filter_map(|(at, _)| self.actions.get(*at)?.0.name.strip_suffix(&end))
                .collect();
            let told = match &parts[..] {
                [] if all_break(&end) => "no part of it works by itself either".to_owned(),
                [] => "its parts could not all be tried".to_owned(),
                parts => format!("done of it: {}", parts.join("; ")),
            };
            if let Some((.., why)) = done.not.iter_mut().find(|(at, ..)| at == of) {
                why.push_str("; ");
                why.push_str(&told);
            }
        }
    }

    /// Leaves out what breaks of some actions. With them, whether it is known that all of them together do.
    fn search(
        &self,
        (able, known): (&[usize], bool),
        before: &mut Trial,
        done: &mut Done,
        (after, told): (&mut Trial, &mut Difference),
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Diagnostic> {
        let mut seen: BTreeMap<Vec<usize>, (Trial, Difference, Steps)> = BTreeMap::new();
        // What a set came to that does not pass, other than that it broke tests: position, word, why.
        let mut untold: BTreeMap<Vec<usize>, (usize, &'static str, String)> = BTreeMap::new();
        let mut broke: Vec<usize> = Vec::new();
        // How the sets that broke tests differ from before.
        let mut failed: BTreeMap<Vec<usize>, Difference> = BTreeMap::new();
        let whole = told.clone();
        let mut vet: Vec<String> = Vec::new();
        let mut runs = 0;
        let most = self.most.saturating_sub(done.runs.saturating_sub(done.base));
        let named = |set: &[usize]| -> Vec<usize> {
            set.iter().filter_map(|at| able.get(*at).copied()).collect()
        };
        let found = bisect(able.len(), most, &mut |set| {
            if known && set.len() == able.len() {
                return Ok::<_, Diagnostic>(false);
            }
            tell(&format!("Looking for what breaks the tests: {} of {}", set.len(), able.len()));
            let actions = named(set);
            let steps = match Batch::build(self, &actions)? {
                Ok(steps) => steps,
                Err(Not { at, word, why }) => {
                    untold.insert(actions, (at, word, why));
                    return Ok(false);
                }
            };
            let mut trial = self.test(&mut runs);
            // With what does not build left out, vet may come to see what it did not before.
            if let Some(unvetted) = self.unvet(before, &trial, &steps, &mut runs, tell)? {
                (*before, trial, vet) = unvetted;
            }
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
                (Judgement::Broke, set) => {
                    if let [alone] = set {
                        broke.push(*alone);
                    }
                    failed.insert(actions.clone(), difference);
                }
                (Judgement::Untold, [.., last]) => {
                    untold.insert(actions.clone(), (*last, "untold", difference.why));
                }
                _ => {}
            }
            Ok(false)
        })?;
        done.runs += runs;
        done.broke.extend(broke);
        done.vet.extend(vet);
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
            // Of the smallest set that was run and has it.
            let has =
                |(held, _): &(&Vec<usize>, &Difference)| set.iter().all(|at| held.contains(at));
            let run = failed.iter().filter(has).min_by_key(|(held, _)| held.len());
            let was = run.map_or(&whole, |(_, difference)| difference);
            let reason = match was.judgement {
                Judgement::Broke => &*was.why,
                _ => "the tests do not pass with it",
            };
            let why = match others {
                [] => reason.to_owned(),
                others => {
                    let others: Vec<String> = others.iter().map(what).collect();
                    format!("together with {}: {reason}", others.join(" and "))
                }
            };
            let tests: Vec<&str> = was.broken.iter().take(5).map(|name| &**name).collect();
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
                self.back()?;
            }
        }
        Ok(())
    }

    /// Takes the copy to where it began, with what is vendored: git leaves what is new of that where it is, and Go builds of it.
    pub(super) fn back(&self) -> Result<(), Diagnostic> {
        self.tree.back_to(self.tree.base())?;
        let place = &self.arrivals.place;
        match vendored_at(place.tool, &self.tree.root(), Path::new(&*place.folder)) {
            Some(at) => self.tree.sweep_below(&at.join("vendor")),
            None => Ok(()),
        }
    }

    /// Takes the copy to where steps lead.
    pub(super) fn lay(&self, steps: &Steps) -> Result<(), Diagnostic> {
        self.back()?;
        steps.iter().try_for_each(|(_, changes)| self.tree.write(changes))
    }

    fn test(&self, runs: &mut usize) -> Trial {
        *runs += 1;
        let Some(command) = &self.command else { return Trial::not_run("no command is given") };
        let command = if self.unvetted.get() { &command.without_vet() } else { command };
        self.pulse.next("Fetching what the tests need");
        let ran = match prepare(command, &self.confinement, &self.limits) {
            Ok(()) => {
                self.pulse.next("Running the tests");
                trial(&self.tree, command, &self.confinement, &self.limits)
            }
            Err(why) => Trial::not_run(&why),
        };
        self.pulse.rest();
        ran
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_parts_some_are_tried_at_a_time() {
        let part = |at: usize| Proposal::Relock {
            package: format!("pkg:npm/a{at}@1.0.0").parse().unwrap(),
            to: None,
        };
        let of = |count: usize| -> Vec<usize> {
            let whole = Proposal::together((0..count).map(part)).unwrap();
            groups(&whole).iter().map(|group| group.parts().count()).collect()
        };
        assert_eq!(of(1), [1]);
        assert_eq!(of(12), [1; 12]);
        assert_eq!(of(13), [2, 2, 2, 2, 2, 2, 1]);
        assert_eq!(of(24), [2; 12]);
    }
}
