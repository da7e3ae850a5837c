//! What could have been done, and the resulting timeline.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::charter::CostModel;
use trimtab_model::plan::{Candidate, Finding, Freeze, Problem, Team, Window};
use trimtab_model::{Proposal, Relation};

use super::{Case, Episode, Still};
use crate::action::{Priced, price};
use crate::assess::{Distance, distance};
use crate::plan::simulate::Timeline;
use crate::plan::{AT_ONCE, LATE, reckoned};

/// Who works, and when.
#[derive(Debug, Clone)]
pub struct Rhythm {
    /// The team.
    pub team: Box<str>,
    /// Every window that begins within the time.
    pub windows: Vec<Window>,
    /// How many batches it may have open.
    pub open_limit: Option<u32>,
    /// When nothing is released.
    pub freezes: Vec<Freeze>,
    /// Until when is planned: the end of the window after the last one, as what is done in the last one counts, too.
    pub horizon: Timestamp,
}

/// The timeline from `since` to `until`. A version is possible from when the first advisory that
/// names it was published; there is no candidate if no source names a fix. Its price is that of an
/// action which no resolver has confirmed. `still` says which findings these versions have, too.
pub fn timeline(
    (episodes, still): (&[Episode], &Still),
    cases: &[Case],
    rhythm: &Rhythm,
    model: &CostModel,
    (since, until): (Timestamp, Timestamp),
) -> Timeline {
    let horizon = rhythm.horizon.max(until);
    let mut line = Timeline {
        problem: Problem {
            now: since,
            at_once: since.checked_add(AT_ONCE).unwrap_or(since),
            horizon,
            late: LATE,
            zone: jiff::tz::TimeZone::UTC,
            teams: vec![Team {
                id: rhythm.team.clone(),
                windows: rhythm.windows.clone(),
                open_limit: rhythm.open_limit,
                open: 0,
            }],
            findings: Vec::new(),
            candidates: Vec::new(),
            accepted: Vec::new(),
            freezes: rhythm.freezes.clone(),
        },
        appears: Vec::new(),
        available: Vec::new(),
        severity: Vec::new(),
        was: Vec::new(),
        ends: Vec::new(),
        until,
    };
    // By file, package and run: the findings with their episodes.
    let mut runs: BTreeMap<_, Vec<(usize, &Episode)>> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let Some(episode) = episodes.get(case.episode) else { continue };
        let vulnerability = &episode.finding.vulnerability;
        line.problem.findings.push(Finding {
            id: case.name.clone(),
            team: 0,
            level: case.level,
            weight: case.weight,
            deadline: case.deadline,
            now: case.now,
            exploited: vulnerability.kev.is_some(),
            blocker: None,
        });
        line.appears.push(episode.appears);
        line.severity.push(vulnerability.severity.score_tenths.map_or(0.0, f64::from) / 10.0);
        line.was.push(episode.gone);
        line.ends.push(episode.run.until);
        let key = (&episode.file, &episode.package, episode.run.from);
        runs.entry(key).or_default().push((at, episode));
    }
    for ((file, package, from), of) in runs {
        let name = format!("{package} in {file} since {from}");
        raises(&mut line, (&name, file, from), &of, still, model);
    }
    line
}

/// The versions that one package in one file could have been raised to, each with what it removes.
fn raises(
    line: &mut Timeline,
    (name, file, from): (&str, &str, Timestamp),
    of: &[(usize, &Episode)],
    still: &Still,
    model: &CostModel,
) {
    let below = |episode: &Episode, a: &str, b: &str| {
        episode.finding.ecosystem.family.compare(a, b).is_some_and(Ordering::is_lt)
    };
    // A fix of an older line is lower than versions of a newer one that lack it.
    let lacks = |episode: &Episode, fix: &str| {
        let own = episode.fix.as_deref();
        own.is_some_and(|own| below(episode, own, fix)) && still.has(episode, fix)
    };
    let nearest: BTreeSet<&str> = of.iter().filter_map(|(_, e)| e.fix.as_deref()).collect();
    // Where a version lacks a fix, the next one that is named as having it may do both.
    let mut fixes = nearest.clone();
    for fix in nearest {
        for (_, episode) in of.iter().filter(|(_, e)| lacks(e, fix)) {
            let above = episode.named.iter().filter(|named| below(episode, fix, named));
            let next = above.min_by(|a, b| {
                let family = episode.finding.ecosystem.family;
                family.compare(a, b).unwrap_or(Ordering::Equal)
            });
            fixes.extend(next.map(|next| &**next));
        }
    }
    for fix in fixes {
        let reached = |episode: &Episode| {
            let mends = |own: &str| below(episode, own, fix) && !still.has(episode, fix);
            episode.fix.as_deref().is_some_and(|own| own == fix || mends(own))
        };
        let all: Vec<&(usize, &Episode)> = of.iter().filter(|(_, e)| reached(e)).collect();
        let Some((_, first)) = all.iter().min_by_key(|(at, e)| (e.appears, *at)) else { continue };
        let Some(proposal) = proposal(first, fix) else { continue };
        let priced = Priced {
            proposal: &proposal,
            transitive: first.relation != Relation::Direct,
            moved: &[],
            manifests: 1,
            confirmed: false,
        };
        let price = price(&priced, model, &[]);
        let names = |e: &Episode| {
            e.fix.as_deref() == Some(fix) || e.named.iter().any(|named| &**named == fix)
        };
        let own = all.iter().filter(|(_, e)| names(e));
        let told = own.map(|(_, e)| e.published.unwrap_or(from)).min();
        line.available.push(told.unwrap_or(from).max(from));
        line.problem.candidates.push(Candidate {
            id: format!("{name} to {fix}").into(),
            team: 0,
            place: file.into(),
            least: price.least,
            most: price.most,
            confidence: price.confidence,
            removes: all.iter().map(|(at, _)| *at).collect(),
            needs: Vec::new(),
            choice: Some(name.into()),
            quarantine: None,
        });
    }
}

/// The way that is likely the one, as planning without a resolver takes it: what the project names is raised, what
/// others bring is relocked within their ranges, which seldom reach over a major step. `None`: it is the project's own.
fn proposal(episode: &Episode, to: &str) -> Option<Proposal> {
    let package = episode.finding.purl.clone();
    let far = package.version().and_then(|from| distance(from, to)) == Some(Distance::Major);
    Some(match episode.relation {
        Relation::Own => return None,
        Relation::Direct => Proposal::Raise { package, to: to.into() },
        Relation::Transitive | Relation::Unknown if far => {
            Proposal::Override { package, to: to.into() }
        }
        Relation::Transitive | Relation::Unknown => {
            Proposal::Relock { package, to: Some(to.into()) }
        }
    })
}

/// How many findings have a fix, and no action that fits into any window even if nothing else is in it: points of
/// several windows have to be saved for them.
pub fn beyond(line: &Timeline) -> usize {
    let room = line.problem.teams.iter().flat_map(|team| &team.windows);
    let room = room.map(|window| window.points).fold(0.0, f64::max);
    let mut least: Vec<Option<f64>> = vec![None; line.problem.findings.len()];
    for candidate in &line.problem.candidates {
        let points = reckoned(candidate.least, candidate.most, candidate.confidence);
        for finding in &candidate.removes {
            if let Some(held) = least.get_mut(*finding) {
                *held = Some(held.map_or(points, |held| held.min(points)));
            }
        }
    }
    let now = |at: usize| line.problem.findings.get(at).is_some_and(|finding| finding.now);
    let all = least.iter().enumerate();
    all.filter(|(at, points)| !now(*at) && points.is_some_and(|points| points > room)).count()
}
