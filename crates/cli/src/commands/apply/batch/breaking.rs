//! Which actions break tests: by tests of sets of them, so that the others can be kept.

use std::collections::BTreeMap;

use trimtab_connect::apply::{Difference, Ended, Judgement, Trial, difference};
use trimtab_engine::action::bisect;
use trimtab_model::Diagnostic;

use super::super::arrivals;
use super::super::build::{Batch, DENIED, Not, Steps};
use super::{Compared, Done, Work};

/// The word of what breaks tests.
pub(super) const BREAKS: &str = "breaks";

/// What sets of actions came to, by their positions.
#[derive(Default)]
struct Sets {
    passed: BTreeMap<Vec<usize>, (Trial, Difference, Steps)>,
    /// What a set came to that does not pass, other than that it broke tests: position, word, why.
    untold: BTreeMap<Vec<usize>, (usize, &'static str, String)>,
    /// How the sets that broke tests differ from before.
    failed: BTreeMap<Vec<usize>, Difference>,
    /// Positions of the actions that broke tests all by themselves.
    broke: Vec<usize>,
    vet: Vec<String>,
    runs: usize,
}

impl Work<'_> {
    /// Leaves out what breaks of some actions. With them, whether it is known that all of them together do.
    pub(super) fn search(
        &self,
        (able, known): (&[usize], bool),
        compared: &mut Compared,
        done: &mut Done,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Diagnostic> {
        let mut sets = Sets::default();
        let most = self.most.saturating_sub(done.runs.saturating_sub(done.base));
        let named = |set: &[usize]| -> Vec<usize> {
            set.iter().filter_map(|at| able.get(*at).copied()).collect()
        };
        let before = &mut compared.before;
        let found = bisect(able.len(), most, &mut |set| {
            if known && set.len() == able.len() {
                return Ok::<_, Diagnostic>(false);
            }
            tell(&format!("Looking for what breaks the tests: {} of {}", set.len(), able.len()));
            self.passes(&named(set), before, &mut sets, tell)
        })?;
        done.runs += sets.runs;
        done.broke.append(&mut sets.broke);
        done.vet.append(&mut sets.vet);
        for set in &found.breaking {
            self.leave_out(&named(set), &mut sets, &compared.told, done);
        }
        for at in named(&found.untold) {
            let why = "there were no runs left to try it: allow more with --runs".to_owned();
            done.not.push((at, "untold", why));
        }
        match sets.passed.remove(&named(&found.kept)) {
            Some((trial, difference, steps)) => {
                self.lay(&steps)?;
                done.steps = steps;
                compared.after = trial;
                compared.told = difference;
            }
            None => {
                done.steps = Vec::new();
                self.back()?;
            }
        }
        Ok(())
    }

    /// Whether the tests pass with a set of actions.
    fn passes(
        &self,
        set: &[usize],
        before: &mut Trial,
        sets: &mut Sets,
        tell: &mut dyn FnMut(&str),
    ) -> Result<bool, Diagnostic> {
        let steps = match Batch::build(self, set)? {
            Ok(steps) => steps,
            Err(Not { at, word, why }) => {
                sets.untold.insert(set.to_vec(), (at, word, why));
                return Ok(false);
            }
        };
        let mut trial = self.test(&mut sets.runs);
        // With what does not build left out, vet may come to see what it did not before.
        if let Some(unvetted) = self.unvet(before, &trial, &steps, &mut sets.runs, tell)? {
            (*before, trial, sets.vet) = unvetted;
        }
        let difference = difference(before, &trial);
        // What it needs was not there to be fetched, or the room to run it was not: that breaks no test.
        if let (Ended::NotRun(_), Some(last)) = (&trial.ended, set.last()) {
            sets.untold.insert(set.to_vec(), (*last, "untold", difference.why));
            return Ok(false);
        }
        match (difference.judgement, set) {
            (Judgement::Unharmed, _) => {
                sets.passed.insert(set.to_vec(), (trial, difference, steps));
                return Ok(true);
            }
            (Judgement::Broke, _) => {
                if let [alone] = set {
                    sets.broke.push(*alone);
                }
                sets.failed.insert(set.to_vec(), difference);
            }
            (Judgement::Untold, [.., last]) => {
                sets.untold.insert(set.to_vec(), (*last, "untold", difference.why));
            }
            _ => {}
        }
        Ok(false)
    }

    /// Leaves out the last of a set that does not pass, and keeps why. `whole`: how all of them together differ from before.
    fn leave_out(&self, set: &[usize], sets: &mut Sets, whole: &Difference, done: &mut Done) {
        let Some((last, others)) = set.split_last() else { return };
        if let Some((at, word, why)) = sets.untold.remove(set) {
            if let (DENIED, Some((action, _)), true) = (word, self.actions.get(at), at == *last) {
                done.denied.push(arrivals::told(&action.name, &why));
            }
            // The last one is left out, whichever could not be told.
            let word = if at == *last { word } else { "untold" };
            done.not.push((*last, word, why));
            return;
        }
        // Of the smallest set that was run and has it.
        let has = |(held, _): &(&Vec<usize>, &Difference)| set.iter().all(|at| held.contains(at));
        let run = sets.failed.iter().filter(has).min_by_key(|(held, _)| held.len());
        let was = run.map_or(whole, |(_, difference)| difference);
        let reason = match was.judgement {
            Judgement::Broke => &*was.why,
            _ => "the tests do not pass with it",
        };
        let what = |at: &usize| self.actions.get(*at).map_or(String::new(), |(_, p)| p.to_string());
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
}
