//! The problem that the planner solves, out of what is open, what can be done and the rhythm.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_engine::action::Open;
use trimtab_engine::plan::LATE;
use trimtab_model::plan::{Finding, Freeze, Problem, Team};
use trimtab_model::scan::Scan;

use super::candidate::Candidate;
use super::place::{Key, Place};
use super::search::{Case, Searched, Tried};
use super::words::{Explained, explain};
use crate::commands::rhythm::Rhythm;

/// For each open finding why nothing removes it, if nothing does.
pub(super) fn explained(
    cases: &[Case<'_>],
    (places, keys): (&[Place], &BTreeMap<Key, usize>),
    searched: &Searched,
    open: &[Open],
    scan: &Scan,
) -> Vec<Explained> {
    let none = Tried::new();
    // By file and component: what is fixed, and what is not.
    let mut by = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        by.insert((case.idea.file, &case.idea.package), at);
    }
    let explain = |(number, open): (usize, &Open)| {
        let finding = scan.findings.get(open.finding)?;
        let at = *by.get(&(open.file, &finding.purl))?;
        let case = cases.get(at)?;
        let place = case.place.and_then(|place| places.get(place));
        let is_aimed_at = case.wanted.iter().any(|key| keys.get(key) == Some(&number));
        let unfixed = finding.nearest_fix.is_none() && !(case.idea.unsaid && is_aimed_at);
        let tried = searched.tried.get(at).unwrap_or(&none);
        let unused = searched.unused.contains(&at);
        Some(Explained { unused, ..explain(case, tried, place, (unfixed, searched.cut_short)) })
    };
    open.iter().enumerate().map(|open| explain(open).unwrap_or_default()).collect()
}

/// The problem of one team.
pub(super) fn problem(
    rhythm: &Rhythm,
    open: &[Open],
    candidates: &[Candidate],
    places: &[Place],
    explained: &[Explained],
    freezes: Vec<Freeze>,
    now: Timestamp,
) -> Problem {
    let finding = |(open, explained): (&Open, &Explained)| Finding {
        id: open.name.clone(),
        team: 0,
        level: open.level,
        weight: open.weight,
        deadline: open.deadline,
        now: open.now,
        exploited: open.exploited,
        blocker: (!explained.why.is_empty()).then(|| explained.why.as_str().into()),
    };
    Problem {
        now,
        at_once: rhythm.at_once,
        horizon: rhythm.horizon,
        late: LATE,
        teams: vec![Team {
            id: rhythm.team.clone(),
            windows: rhythm.windows.clone(),
            open_limit: rhythm.open_limit,
            open: 0,
        }],
        findings: open.iter().zip(explained).map(finding).collect(),
        candidates: candidates.iter().map(|candidate| candidate.planned(places)).collect(),
        accepted: Vec::new(),
        freezes,
    }
}
