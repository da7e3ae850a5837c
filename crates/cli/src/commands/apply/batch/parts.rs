//! The parts of an action that breaks tests: one of them may do so, and the others not.

use trimtab_connect::update::Proposal;
use trimtab_model::Diagnostic;
use trimtab_report::plan::json::{Action, Asked, Finding};

use super::breaking::BREAKS;
use super::{Compared, Done, Work};

/// How many parts of an action are tried each at most; of more, some at a time.
const PARTS: usize = 12;

/// The parts of an action that are tried each: of more than can be, some together.
fn groups(whole: &Proposal) -> Vec<Proposal> {
    let parts: Vec<Proposal> = whole.parts().cloned().collect();
    let size = parts.len().div_ceil(PARTS).max(1);
    parts.chunks(size).filter_map(|group| Proposal::together(group.iter().cloned())).collect()
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
    /// Tries each part of those that broke tests by themselves, beside what is kept.
    pub(super) fn try_parts(
        &mut self,
        compared: &mut Compared,
        done: &mut Done,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Diagnostic> {
        let parts = self.part(done);
        if parts.is_empty() {
            return Ok(());
        }
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
        let was = (done.steps.clone(), compared.after.clone(), compared.told.clone());
        self.search((&all[..], known), compared, done, tell)?;
        let stays = |at: &usize| done.steps.iter().any(|(held, _)| held == at);
        if done.steps.len() <= kept.len() || !kept.iter().all(stays) {
            // No part goes beside what went without it.
            (done.steps, compared.after, compared.told) = was;
            self.lay(&done.steps)?;
        }
        let steps = &done.steps;
        let is_done = |at: &usize| steps.iter().any(|(held, _)| held == at);
        done.not.retain(|(at, ..)| !is_done(at));
        done.broke.retain(|at| !is_done(at));
        for part in parts.into_iter().filter(|part| !is_done(part)) {
            if !done.not.iter().any(|(at, ..)| *at == part) {
                let why = "it does not work together with what works without it".to_owned();
                done.not.push((part, "untold", why));
            }
        }
        self.tell_parts(done);
        Ok(())
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
