//! The problem that the planner solves, out of what is open, what can be done and the rhythm.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use trimtab_advisories::index::Index;
use trimtab_engine::action::Open;
use trimtab_engine::plan::LATE;
use trimtab_model::advisory::Kind;
use trimtab_model::plan::{Finding, Problem, Team};
use trimtab_model::scan::Scan;
use trimtab_model::{Diagnostic, Purl};

use super::candidate::Candidate;
use super::place::{Key, Place};
use super::search::{Case, Searched, Tried};
use super::settled::Planner;
use super::words::{Explained, explain, malicious};
use crate::commands::check_new;

/// For each open finding why nothing removes it, if nothing does.
///
/// # Errors
/// The index is damaged.
pub(super) fn explained(
    cases: &[Case<'_>],
    (places, keys): (&[Place], &BTreeMap<Key, usize>),
    searched: &Searched,
    open: &[Open],
    (scan, index): (&Scan, &Index),
) -> Result<Vec<Explained>, Diagnostic> {
    let none = Tried::new();
    // By idea, what calls its version malicious.
    let mut known: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    // By file and component: what is fixed, and what is not.
    let mut by = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        by.insert((case.idea.file, &case.idea.package), at);
    }
    let mut explained = Vec::with_capacity(open.len());
    for (number, open) in open.iter().enumerate() {
        let own = scan.findings.get(open.finding).and_then(|finding| {
            let at = *by.get(&(open.file, &finding.purl))?;
            Some((finding, at, cases.get(at)?))
        });
        let Some((finding, at, case)) = own else {
            explained.push(Explained::default());
            continue;
        };
        let place = case.place.and_then(|place| places.get(place));
        let is_aimed_at = case.wanted.iter().any(|key| keys.get(key) == Some(&number));
        let unfixed = finding.nearest_fix.is_none() && !(case.idea.unsaid && is_aimed_at);
        let tried = searched.tried.get(at).unwrap_or(&none);
        let unused = searched.unused.contains(&at);
        let rest = unfixed.then(|| searched.rest.get(&at).unwrap_or(&none));
        let mut told = explain(case, tried, place, (rest, searched.cut_short));
        if let Some(edit) = searched.by_hand.get(&at).filter(|_| !unfixed && told.edit.is_empty()) {
            told.edit.clone_from(edit);
            if !told.next.contains(" by hand") {
                told.next.push_str(", or make the edit by hand");
            }
        }
        let is_vague = unfixed || tried.is_empty() && told.edit.is_empty();
        if let (Some(to), false) = (case.idea.to.as_deref(), is_vague) {
            let by = match known.entry(at) {
                Entry::Occupied(held) => held.into_mut(),
                Entry::Vacant(free) => free.insert(malware(&case.idea.package, to, index)?),
            };
            told = malicious(told, case, to, by);
        }
        explained.push(Explained { unused, ..told });
    }
    Ok(explained)
}

/// What calls a package at a version malicious.
fn malware(package: &Purl, version: &str, index: &Index) -> Result<Vec<String>, Diagnostic> {
    let known = check_new::known(&package.package().with_version(version), index)?;
    let is_malware = |(id, kind): (String, Kind)| (kind == Kind::Malicious).then_some(id);
    Ok(known.into_iter().flat_map(|known| known.found).filter_map(is_malware).collect())
}

/// The problem of one team.
pub(super) fn problem(planner: &Planner<'_>, candidates: &[Candidate]) -> Problem {
    let rhythm = planner.rhythm;
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
        now: planner.now,
        at_once: rhythm.at_once,
        horizon: rhythm.horizon,
        late: LATE,
        zone: planner.material.charter.calendar.time_zone.clone(),
        teams: vec![Team {
            id: rhythm.team.clone(),
            windows: rhythm.windows.clone(),
            open_limit: rhythm.open_limit,
            open: 0,
        }],
        findings: planner.open.iter().zip(planner.explained).map(finding).collect(),
        candidates: candidates.iter().map(|candidate| candidate.planned(planner.places)).collect(),
        accepted: Vec::new(),
        freezes: planner.freezes.clone(),
    }
}
