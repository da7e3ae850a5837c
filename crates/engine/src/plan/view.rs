//! A problem with what was placed, for the modules that describe it.

use jiff::Timestamp;
use trimtab_model::plan::Slot;

use super::ground::{Ground, Span};
use super::placing::Placing;
use super::solve::Part;

/// What was decided, by candidate and by finding.
pub(super) struct View<'a> {
    pub(super) ground: &'a Ground<'a>,
    pub(super) parts: &'a [Part],
    /// Per part: what was placed.
    pub(super) placings: Vec<Placing<'a>>,
    /// Per candidate: its slot.
    pub(super) placed: Vec<Option<Span>>,
    /// Per finding: when it is gone, and by which candidate.
    pub(super) gone: Vec<Option<(Timestamp, usize)>>,
    /// Per candidate: its part and item, if it could be placed and was not accepted.
    pub(super) item: Vec<Option<(usize, usize)>>,
    /// Candidates in the order of names.
    pub(super) by_name: Vec<usize>,
    /// Per finding: who could remove it.
    pub(super) removed_by: Vec<Vec<usize>>,
}

impl<'a> View<'a> {
    pub(super) fn new(ground: &'a Ground<'a>, parts: &'a [Part]) -> View<'a> {
        let problem = ground.problem;
        let mut view = View {
            ground,
            parts,
            placings: parts.iter().map(|part| part.on(&part.board)).collect(),
            placed: vec![None; problem.candidates.len()],
            gone: vec![None; problem.findings.len()],
            item: vec![None; problem.candidates.len()],
            removed_by: vec![Vec::new(); problem.findings.len()],
            by_name: (0..problem.candidates.len()).collect(),
        };
        for candidate in &ground.stays {
            let team = problem.candidates[*candidate].team;
            view.placed[*candidate] =
                ground.accepted[*candidate].and_then(|s| ground.span(team, s));
        }
        for placement in parts.iter().flat_map(Part::placements) {
            let team = problem.candidates[placement.candidate].team;
            view.placed[placement.candidate] = ground.span(team, placement.slot);
        }
        for (part, of) in parts.iter().enumerate() {
            for (item, piece) in of.board.items.iter().enumerate() {
                view.item[piece.candidate] = Some((part, item));
            }
        }
        view.by_name.sort_unstable_by_key(|c| ground.rank[*c].1);
        for candidate in view.by_name.iter().copied() {
            for finding in &problem.candidates[candidate].removes {
                let list = &mut view.removed_by[*finding];
                if list.last() != Some(&candidate) {
                    list.push(candidate);
                }
                let Some(span) = view.placed[candidate] else { continue };
                let gone = &mut view.gone[*finding];
                // The first by name of those that do it at the same time.
                if gone.is_none_or(|(at, _)| span.end < at) && span.end < problem.horizon {
                    *gone = Some((span.end, candidate));
                }
            }
        }
        view
    }

    /// The findings that a candidate removes and none does before, in the order of names.
    pub(super) fn removes(&self, candidate: usize) -> Vec<usize> {
        let removes = &self.ground.problem.candidates[candidate].removes;
        let mut own: Vec<usize> = removes
            .iter()
            .copied()
            .filter(|f| self.gone[*f].is_some_and(|(_, by)| by == candidate))
            .collect();
        own.sort_unstable_by_key(|f| &self.ground.problem.findings[*f].id);
        own.dedup();
        own
    }

    /// What is placed in a slot of a team, in the order of names.
    pub(super) fn within(&self, team: usize, slot: Slot) -> Vec<usize> {
        let here = |c: &usize| self.placed[*c].is_some_and(|s| s.slot == slot);
        let mut all: Vec<usize> = self.ground.of_team[team].iter().copied().filter(here).collect();
        all.sort_unstable_by_key(|c| self.ground.rank[*c].1);
        all
    }
}
