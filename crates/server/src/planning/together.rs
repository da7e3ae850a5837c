//! Teams whose assets are of the same commit are planned together: a change that a package manager confirmed for several of
//! them, at the same place and with the same moves, is one change. It is made once, by one of the teams, and removes what it
//! removes for all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use trimtab_engine::plan::tell;
use trimtab_model::plan::{self, Item, Plan, Problem as Question, Slot};
use trimtab_store::{Org, Team};

use super::Part;
use crate::problem::Problem;
use crate::state::App;

/// The most teams that are planned together with one.
const PEERS: usize = 20;
const DAY: f64 = 86_400.0;

/// What a team shares with others.
#[derive(Default)]
pub(crate) struct Shared {
    /// The others, by name.
    pub(crate) teams: Vec<Team>,
    /// The commits of assets that others have too, by asset.
    pub(super) commits: HashMap<i64, String>,
}

/// The teams that a team is planned together with.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn shared(app: &App, org: Org, team: i64) -> Result<Shared, Problem> {
    let mut by_commit: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for (asset, team, revision) in app.store.confirmed_commits(org).await? {
        // A tag or a branch may be called alike in two repositories; a commit is not.
        let is_commit = revision.len() >= 12 && revision.bytes().all(|b| b.is_ascii_hexdigit());
        if is_commit {
            by_commit.entry(revision).or_default().push((asset, team));
        }
    }
    by_commit.retain(|_, all| all.iter().any(|(_, other)| all.iter().any(|(_, t)| t != other)));
    let (mut peers, mut found) = (BTreeSet::from([team]), 0);
    while peers.len() > found {
        found = peers.len();
        for all in by_commit.values() {
            if all.iter().any(|(_, team)| peers.contains(team)) {
                peers.extend(all.iter().map(|(_, team)| *team));
            }
        }
    }
    if peers.len() == 1 {
        return Ok(Shared::default());
    }
    let commits = by_commit
        .into_iter()
        .flat_map(|(commit, all)| all.into_iter().map(move |(asset, _)| (asset, commit.clone())));
    let mut teams = app.store.teams(org).await?;
    teams.retain(|other| other.id != team && peers.contains(&other.id));
    teams.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    teams.truncate(PEERS);
    Ok(Shared { teams, commits: commits.collect() })
}

/// The parts as one question, the first one's findings and candidates first; and what was planned before.
pub(super) fn joined(parts: &[Part], empty: Question) -> (Question, Vec<plan::Placement>) {
    let (mut question, mut before) = (empty, Vec::new());
    for (team, part) in parts.iter().enumerate() {
        let (findings, candidates) = (question.findings.len(), question.candidates.len());
        question.teams.push(part.rhythm.clone());
        question.findings.extend(part.asked.iter().map(|f| plan::Finding { team, ..f.clone() }));
        question.candidates.extend(part.candidates.iter().map(|c| plan::Candidate {
            team,
            removes: c.removes.iter().map(|f| f + findings).collect(),
            ..c.clone()
        }));
        let moved = |p: &plan::Placement| plan::Placement {
            candidate: p.candidate + candidates,
            slot: p.slot,
        };
        question.accepted.extend(part.accepted.iter().map(moved));
        before.extend(part.before.iter().map(moved));
    }
    let mut by_choice: BTreeMap<Box<str>, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in question.candidates.iter().enumerate() {
        if let Some(choice) = &candidate.choice {
            by_choice.entry(choice.clone()).or_default().push(at);
        }
    }
    for all in by_choice.into_values() {
        let of = |at: &usize| question.candidates.get(*at);
        let teams: BTreeSet<usize> = all.iter().filter_map(of).map(|c| c.team).collect();
        if teams.len() < 2 {
            continue;
        }
        let removes: BTreeSet<usize> =
            all.iter().filter_map(of).flat_map(|c| c.removes.iter().copied()).collect();
        for at in all {
            if let Some(candidate) = question.candidates.get_mut(at) {
                candidate.removes = removes.iter().copied().collect();
            }
        }
    }
    (question, before)
}

/// A finding of the team that goes with a change of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ByOther {
    /// Its position among the team's findings.
    pub(crate) finding: usize,
    /// The other team, its change and its window.
    pub(crate) team: String,
    pub(crate) change: String,
    pub(crate) window: String,
}

/// Makes a plan of several teams that of the first alone, of whose findings there are so many; the gap stays that of all.
pub(super) fn own(plan: &mut Plan, question: &Question, count: usize) -> Vec<ByOther> {
    let mut gone: HashMap<usize, Timestamp> = HashMap::new();
    let mut by_others = Vec::new();
    for batch in &plan.batches {
        let window = || match batch.slot {
            Slot::Now => "now".to_owned(),
            slot @ Slot::Window(_) => tell::slot(question, batch.team, slot),
        };
        for finding in batch.removes.iter().copied().filter(|f| *f < count) {
            gone.entry(finding).and_modify(|at| *at = batch.by.min(*at)).or_insert(batch.by);
            if batch.team != 0 {
                let does = |c: &&usize| {
                    question.candidates.get(**c).is_some_and(|c| c.removes.contains(&finding))
                };
                let change = batch.candidates.iter().find(does);
                let change = change.and_then(|c| question.candidates.get(*c));
                by_others.push(ByOther {
                    finding,
                    team: question.teams.get(batch.team).map_or("", |t| &t.id).to_owned(),
                    change: change.map_or("", |c| &c.id).to_owned(),
                    window: window(),
                });
            }
        }
    }
    let own = || question.findings.iter().take(count).enumerate();
    let until = |at: usize| gone.get(&at).copied().unwrap_or(question.horizon);
    let days = |from: Timestamp, to: Timestamp| (to.as_second() - from.as_second()) as f64 / DAY;
    plan.worth.load_days = own().map(|(at, f)| f.weight * days(question.now, until(at))).sum();
    plan.nothing.load_days =
        own().map(|(_, f)| f.weight * days(question.now, question.horizon)).sum();
    let is_missed = |(at, f): &(usize, &plan::Finding)| {
        f.deadline.is_some_and(|due| due < question.horizon && until(*at) > due)
    };
    plan.worth.missed = own().filter(is_missed).count();
    plan.nothing.missed.retain(|f| *f < count);
    for point in &mut plan.course {
        let open = |at: &usize| gone.get(at).is_none_or(|gone| *gone > point.at);
        point.load = own().filter(|(at, _)| open(at)).map(|(_, f)| f.weight).sum();
        point.nothing = own().map(|(_, f)| f.weight).sum();
    }
    plan.batches.retain(|batch| batch.team == 0);
    for batch in &mut plan.batches {
        batch.removes.retain(|f| *f < count);
        let removed = || batch.removes.iter().filter_map(|f| question.findings.get(*f));
        batch.load = removed().map(|f| f.weight).sum();
        batch.load_days = removed().map(|f| f.weight * days(batch.by, question.horizon)).sum();
    }
    let is_own = |item: &Item| match item {
        Item::Finding(at) => *at < count,
        Item::Candidate(at) => question.candidates.get(*at).is_some_and(|c| c.team == 0),
    };
    plan.left.retain(|left| is_own(&left.what));
    plan.margins.retain(|margin| margin.team == 0);
    plan.overfull.retain(|(team, ..)| *team == 0);
    by_others
}
