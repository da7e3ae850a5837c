//! The actions of a batch in a copy: built by the package manager, tested, and, where tests break,
//! without what breaks them.

mod breaking;
mod parts;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trimtab_connect::apply::{
    Command, Confinement, Difference, Ended, Judgement, Limits, Tree, Trial, difference, prepare,
    trial,
};
use trimtab_connect::update::{Need, Options, Proposal, needs, vendored_at};
use trimtab_engine::action::Moved;
use trimtab_model::{Diagnostic, Inventory};
use trimtab_report::one_line;
use trimtab_report::plan::json::{Action, Finding};

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

/// The runs of the tests before and after, and how they differ.
struct Compared {
    before: Trial,
    after: Trial,
    told: Difference,
}

impl Compared {
    fn of(before: Trial, after: Trial) -> Compared {
        let told = difference(&before, &after);
        Compared { before, after, told }
    }
}

/// Why the tests are not run after an update.
const VAIN: &str = "they cannot be run before the update either";

/// Whether a run before an update says that one after it has nothing to be compared with.
fn is_vain(before: &Trial) -> bool {
    matches!(before.ended, Ended::NotRun(_))
}

/// Whether some steps raise the `go` line to another version of the language.
fn is_language(steps: &Steps) -> bool {
    needs(&together(steps)).iter().any(Need::is_language)
}

impl Work<'_> {
    /// Carries all out. `tell`: what is being done.
    pub(super) fn run(&mut self, tell: &mut dyn FnMut(&str)) -> Result<Done, Diagnostic> {
        let mut done = Done { planned: self.actions.len(), ..Done::default() };
        let tool = self.actions.first().map(|(action, _)| format!(" with {}", action.tool));
        tell(&one_line(&format!("Resolving{}", tool.unwrap_or_default())));
        let able = self.build(&mut done)?;
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
        let mut compared = self.compare(&mut done, tell)?;
        let (before, after) = (&compared.before, &compared.after);
        if let Some(unvetted) = self.unvet(before, after, &done.steps, &mut done.runs, tell)? {
            let (before, after, vet) = unvetted;
            done.vet = vet;
            compared = Compared::of(before, after);
        }
        if compared.told.judgement == Judgement::Broke {
            self.look_again(&able, &mut compared, &mut done, tell)?;
        }
        if !done.vet.is_empty() && !is_language(&done.steps) {
            self.vet_again(&mut compared, &mut done, tell)?;
        }
        done.before = Some(compared.before);
        done.after = Some(compared.after);
        done.difference = Some(compared.told);
        Ok(done)
    }

    /// Builds all the actions that can be built together: their positions. Of the others, it is kept why not.
    fn build(&self, done: &mut Done) -> Result<Vec<usize>, Diagnostic> {
        let mut able: Vec<usize> = (0..self.actions.len()).collect();
        loop {
            match Batch::build(self, &able)? {
                Ok(steps) => {
                    done.steps = steps;
                    return Ok(able);
                }
                Err(Not { at, word, why }) => {
                    able.retain(|held| *held != at);
                    if let (DENIED, Some((action, _))) = (word, self.actions.get(at)) {
                        done.denied.push(arrivals::told(&action.name, &why));
                    }
                    done.not.push((at, word, why));
                }
            }
        }
    }

    /// Runs the tests before and after what is done. The copy is where it began.
    fn compare(&self, done: &mut Done, tell: &mut dyn FnMut(&str)) -> Result<Compared, Diagnostic> {
        tell("Testing before");
        let before = self.test(&mut done.runs);
        self.lay(&done.steps)?;
        // Whatever comes of it then, nothing tells what the update did.
        if is_vain(&before) {
            return Ok(Compared::of(before, Trial::not_run(VAIN)));
        }
        tell("Testing after");
        let after = self.test(&mut done.runs);
        Ok(Compared::of(before, after))
    }

    /// Runs tests again that failed with all that can be built, and looks for what breaks them where they fail again.
    fn look_again(
        &mut self,
        able: &[usize],
        compared: &mut Compared,
        done: &mut Done,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Diagnostic> {
        tell("Testing again");
        let again = self.test(&mut done.runs);
        let second = difference(&compared.before, &again);
        if second.judgement == Judgement::Unharmed {
            compared.after = again;
            done.wavering = std::mem::replace(&mut compared.told, second).broken;
            return Ok(());
        }
        let ran = !matches!(again.ended, Ended::NotRun(_));
        if let ([alone], Judgement::Broke, true) = (able, second.judgement, ran) {
            done.broke.push(*alone);
        }
        done.base = done.runs;
        self.search((able, true), compared, done, tell)?;
        self.try_parts(compared, done, tell)
    }

    /// Tests what stays with `go vet` again: what raised the `go` line is left out, and with it goes what vet says.
    fn vet_again(
        &self,
        compared: &mut Compared,
        done: &mut Done,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Diagnostic> {
        done.vet.clear();
        self.unvetted.set(false);
        if !done.steps.is_empty() {
            self.back()?;
            *compared = self.compare(done, tell)?;
        }
        if compared.told.judgement != Judgement::Unharmed {
            let why = format!("with go vet again: {}", compared.told.why);
            let steps = std::mem::take(&mut done.steps);
            done.not.extend(steps.into_iter().map(|(at, _)| (at, "untold", why.clone())));
            self.back()?;
        }
        Ok(())
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
