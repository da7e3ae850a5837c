//! Keeping teams' plans: made anew when what they are made of has changed, written as the difference to the one
//! before. A plan whose mark is as it was is not made again.

mod said;

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_engine::plan::learn::Taught;
use trimtab_engine::plan::{reckoned, tell};
use trimtab_model::plan::{Batch, Item, Slot, WhyNow};
use trimtab_store::{
    Difference, Finding, FindingState, JobState, Org, PlacementState, PlannedChange, Scheduled,
    ScheduledIn, Team, TeamPlan,
};

use crate::ingest::Refused;
use crate::planning::{Change, Kept, Planned, WINDOWS, Wish, edges, made, ready};
use crate::state::App;
use crate::updating;

/// What a kept plan comes to: what is shown of all teams without planning for each.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// Why there is no plan.
    pub(crate) missing: Option<String>,
    pub(crate) windows: Vec<ToldWindow>,
    /// Load and findings that are open, and what of them goes.
    pub(crate) load: f64,
    pub(crate) load_removed: f64,
    pub(crate) findings: usize,
    pub(crate) removes: usize,
    /// Deadlines that pass by the plan, and if nothing is done.
    pub(crate) missed: usize,
    pub(crate) missed_of_nothing: usize,
    /// Findings that stay.
    pub(crate) left: usize,
    /// Changes that people hold back.
    pub(crate) held: usize,
    /// Until when load-days and deadlines are counted: seconds since 1970. `None`: an earlier version kept it.
    pub(crate) until: Option<i64>,
    /// What each change that is scheduled costs.
    pub(crate) costs: Vec<ToldCost>,
    /// What finished changes taught of those that cost just that.
    pub(crate) lessons: Vec<ToldLesson>,
}

/// What changes of one sort cost by what finished ones taught.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ToldLesson {
    /// The sort: what is done, how far the version moves, and whether something else brings the package in.
    pub(crate) of: String,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) confidence: f64,
}

/// What a change of a kept plan costs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ToldCost {
    pub(crate) asset: i64,
    pub(crate) package: String,
    /// Points: what is reckoned with, at least, and at most.
    pub(crate) points: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    /// The probability that nothing breaks.
    pub(crate) confidence: f64,
    /// The sort of change whose lesson this is, to the last place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
}

/// A window of a kept plan.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ToldWindow {
    pub(crate) name: String,
    /// When it begins and ends: seconds since 1970.
    pub(crate) starts: i64,
    pub(crate) ends: i64,
    /// The points of the whole window.
    pub(crate) points: f64,
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replanned {
    /// Teams that were planned for.
    pub teams: usize,
    /// Teams whose plans were made of the same as before, and were not made again.
    pub same: usize,
    /// What differs.
    pub difference: Difference,
}

/// Makes the plans of an organisation anew, of one team or of all.
pub(crate) async fn anew(
    app: &App,
    org: Org,
    only: Option<i64>,
    now: Timestamp,
) -> Result<Replanned, Refused> {
    let agreed = app.agreed(org, now).await?;
    let findings = app.store.finding_marks(org).await?;
    let plans = app.store.plan_marks(org).await?;
    let index = app.index().and_then(|i| i.info().ok()).map(|i| i.digest);
    // While a new index or charter is being worked in, what it has yet to change is not known: planned again after.
    let mut matching = Vec::new();
    for state in [JobState::Waiting, JobState::Running] {
        let jobs = app.store.jobs(org, state, 100).await?;
        matching.extend(jobs.iter().filter(|job| job.kind == "rematch").map(|job| job.id));
    }
    matching.sort_unstable();
    let (mut done, mut failed) = (Replanned::default(), None);
    for team in app.store.teams(org).await? {
        if only.is_some_and(|only| only != team.id) {
            continue;
        }
        let placements = app.store.placements(org, team.id).await?;
        let confirmed = app.store.confirmed_mark(org, team.id).await?;
        let pointed = app.store.ticket_mark(org, team.id).await?;
        let mark = |finished: &str| {
            format!(
                "{:?} {:?} {:?} {:?} {:?} {:?} {:?} [{confirmed}] [{finished}] [{pointed}] {:?}",
                team.cadence,
                team.capacity,
                team.open_limit,
                agreed.charter_id,
                edges(&agreed.charter, &team, now),
                index,
                placements
                    .iter()
                    .map(|p| p.at.as_microsecond())
                    .max()
                    .map(|at| (at, placements.len())),
                (findings.get(&team.id), &matching),
            )
        };
        let is_same = |mark: &str| plans.iter().any(|(of, is)| *of == team.id && is == mark);
        if is_same(&mark(&app.store.finished_mark(org, team.id).await?)) {
            done.same += 1;
            continue;
        }
        // What became of its updates is looked up where something changed: then they may be over.
        if let Err(problem) = updating::look(app, org, team.id, now).await {
            tracing::warn!(team = team.id, error = problem.detail, "updates cannot be followed");
        }
        let mark = mark(&app.store.finished_mark(org, team.id).await?);
        // The others are planned all the same.
        let difference = match keep(app, org, &team, mark, now).await {
            Ok(difference) => difference,
            Err(refused) => {
                tracing::warn!(team = team.id, error = %refused, "no plan can be made for a team");
                failed = failed.or(Some(refused));
                continue;
            }
        };
        done.teams += 1;
        done.difference.scheduled += difference.scheduled;
        done.difference.moved += difference.moved;
        done.difference.changed += difference.changed;
        done.difference.dropped += difference.dropped;
    }
    failed.map_or(Ok(done), Err)
}

/// When the next window of any team begins or ends, or a dispute ends that holds a change back.
pub(crate) async fn next_edge(
    app: &App,
    org: Org,
    now: Timestamp,
) -> Result<Option<Timestamp>, Refused> {
    let agreed = app.agreed(org, now).await?;
    let teams = app.store.teams(org).await?;
    let all = teams.iter().flat_map(|team| edges(&agreed.charter, team, now));
    let held = app.store.holding(org, None, 1).await?;
    let ends = held.first().and_then(|is| is.until);
    Ok(all.chain(ends).filter(|at| *at > now).min())
}

fn told_of(problem: crate::problem::Problem) -> Refused {
    Refused::Internal(problem.detail)
}

async fn keep(
    app: &App,
    org: Org,
    team: &Team,
    mark: String,
    now: Timestamp,
) -> Result<Difference, Refused> {
    let wish = Wish::of(WINDOWS);
    let planned = made(app, (org, None), team, wish, Kept::Weighed).await;
    let planned = planned.map_err(told_of)?;
    let (told, wanted) = match &planned {
        Err(missing) => {
            let until = Some(now.as_second());
            (Told { missing: Some(missing.told()), until, ..Told::default() }, Vec::new())
        }
        Ok(planned) => (told(planned), wanted(planned, now)),
    };
    let told = serde_json::to_value(told).map_err(|e| Refused::Internal(e.to_string()))?;
    let plan = TeamPlan { team: team.id, mark, made: now, told };
    let gone = |was: &Scheduled| match &planned {
        Err(missing) => missing.told(),
        Ok(planned) => gone(planned, &was.change),
    };
    Ok(app.store.keep_plan(org, &plan, &wanted, &gone).await?)
}

fn told(planned: &Planned) -> Told {
    let plan = &planned.plan;
    let mut lessons = lessons(&planned.learnt.taught);
    let costs = costs(planned, &lessons);
    lessons.retain(|lesson| costs.iter().any(|cost| cost.of.as_ref() == Some(&lesson.of)));
    Told {
        missing: None,
        windows: planned
            .windows()
            .map(|w| ToldWindow {
                name: w.name.to_string(),
                starts: w.start.as_second(),
                ends: w.end.as_second(),
                points: w.points.max(planned.whole),
            })
            .collect(),
        load: planned.load(),
        load_removed: plan.batches.iter().map(|b| b.load).sum(),
        findings: planned.findings.len(),
        removes: plan.batches.iter().map(|b| b.removes.len()).sum(),
        missed: plan.worth.missed,
        missed_of_nothing: plan.nothing.missed.len(),
        left: plan.left.iter().filter(|l| matches!(l.what, Item::Finding(_))).count(),
        held: planned.held.len(),
        until: Some(planned.question.horizon.as_second()),
        costs,
        lessons,
    }
}

/// What is learnt, by sort.
fn lessons(taught: &[Taught]) -> Vec<ToldLesson> {
    let one = |taught: &Taught| {
        let sort = taught.sort;
        let mut of = sort.kind.as_str().to_owned();
        if let Some(distance) = sort.distance {
            of = format!("{of} {}", distance.as_str());
        }
        if sort.transitive {
            of += " transitive";
        }
        let is = &taught.is;
        ToldLesson { of, least: is.least, most: is.most, confidence: is.confidence }
    };
    taught.iter().map(one).collect()
}

/// What the changes of the plan cost, each by what it is.
fn costs(planned: &Planned, lessons: &[ToldLesson]) -> Vec<ToldCost> {
    let cost = |at: &usize| {
        let (change, asked) = (planned.changes.get(*at)?, planned.question.candidates.get(*at)?);
        // Which lesson it is: to the last place, or it is none.
        let is = |lesson: &&ToldLesson| {
            (lesson.least, lesson.most, lesson.confidence)
                == (asked.least, asked.most, asked.confidence)
        };
        Some(ToldCost {
            of: lessons.iter().find(is).map(|lesson| lesson.of.clone()),
            asset: change.of.asset,
            package: change.of.package.clone(),
            points: reckoned(asked.least, asked.most, asked.confidence),
            least: asked.least,
            most: asked.most,
            confidence: asked.confidence,
        })
    };
    let batches = planned.plan.batches.iter().flat_map(|batch| &batch.candidates);
    let mut all: Vec<ToldCost> = batches.filter_map(cost).collect();
    all.sort_by(|a, b| (a.asset, &a.package).cmp(&(b.asset, &b.package)));
    all
}

/// What is to be scheduled, by the plan.
fn wanted(planned: &Planned, now: Timestamp) -> Vec<Scheduled> {
    let mut all = Vec::new();
    for batch in &planned.plan.batches {
        all.extend(batch.candidates.iter().filter_map(|c| scheduled(planned, batch, *c, now)));
    }
    all
}

fn scheduled(planned: &Planned, batch: &Batch, at: usize, now: Timestamp) -> Option<Scheduled> {
    let question = &planned.question;
    let (change, asked) = (planned.changes.get(at)?, question.candidates.get(at)?);
    let gone: HashSet<usize> = batch.removes.iter().copied().collect();
    let of = asked.removes.iter().filter(|f| gone.contains(f));
    let mut findings: Vec<i64> =
        asked.removes.iter().filter_map(|f| Some(planned.findings.get(*f)?.id)).collect();
    findings.sort_unstable();
    let window = match batch.slot {
        Slot::Now => None,
        Slot::Window(w) => {
            let is = question.teams.first()?.windows.get(w)?;
            Some(ScheduledIn { name: is.name.to_string(), starts: is.start, ends: is.end })
        }
    };
    Some(Scheduled {
        change: change.of.clone(),
        version: change.to.clone(),
        points: reckoned(asked.least, asked.most, asked.confidence),
        load: of.filter_map(|f| question.findings.get(*f)).map(|f| f.weight).sum(),
        findings,
        why: why(planned, batch, at, change, window.as_ref(), now),
        by_people: is_accepted(change),
        since: now,
        // A batch waits as a whole.
        ready: ready(batch),
        window,
    })
}

fn is_accepted(change: &Change) -> bool {
    change.placed.as_ref().is_some_and(|p| p.state == PlacementState::Accepted)
}

/// Why it is in its window, and, where it was in another, why it is not there any longer.
fn why(
    planned: &Planned,
    batch: &Batch,
    at: usize,
    change: &Change,
    window: Option<&ScheduledIn>,
    now: Timestamp,
) -> String {
    let by_people = is_accepted(change);
    if let Some(was) = change.kept.as_ref().filter(|_| !by_people && planned.stays(at)) {
        return stays(planned, (at, change), was, window);
    }
    let words = change.placed.as_ref().filter(|_| by_people).map(|placed| placed.reason.as_str());
    let mut said = said::of_one(&planned.question, batch, at, words);
    let full = tell::why_now(&planned.question, &WhyNow::Full);
    for words in &mut said {
        *words = words.replace(&full, &planned.told(&WhyNow::Full));
    }
    let was = change.kept.as_ref().map(|kept| &kept.window);
    let moved = was.filter(|was| was.as_ref().map(|w| w.starts) != window.map(|w| w.starts));
    let left = match moved {
        None => None,
        Some(Some(was)) if was.ends <= now => Some("its window has ended and it is not done"),
        Some(_) if by_people => None,
        Some(_) if planned.let_go.contains(&at) => Some("another window saves more"),
        Some(_) if planned.makes_way => Some("what is past its deadline goes first"),
        Some(_) => Some("it cannot stay in its window"),
    };
    said.splice(0..0, left.map(ToOwned::to_owned));
    said.join("; ")
}

/// Why something stays in its window, told where its version or its day is another one than before: the reason for which
/// it came there, as far as that still holds.
fn stays(
    planned: &Planned,
    (at, change): (usize, &Change),
    was: &Scheduled,
    window: Option<&ScheduledIn>,
) -> String {
    let question = &planned.question;
    let young = question.candidates.get(at).and_then(|c| c.quarantine);
    let mut windows = planned.windows();
    let closed = young.filter(|until| {
        windows.any(|w| w.end <= *until && window.is_some_and(|is| w.end < is.ends))
    });
    match closed {
        Some(until) => tell::why_now(question, &WhyNow::Quarantine(at, until)),
        None if was.version != change.to => {
            format!("it stays in its window, with {} in place of {}", change.to, was.version)
        }
        None if was.by_people || was.why.contains("quarantine") => {
            "it stays in its window".to_owned()
        }
        None => was.why.clone(),
    }
}

/// Why a change is not planned any longer.
fn gone(planned: &Planned, change: &PlannedChange) -> String {
    if let Some(held) = planned.held.iter().find(|c| c.of == *change) {
        let reason = held.placed.as_ref().map_or("", |p| p.reason.as_str());
        return match reason {
            "" => "it is held back".to_owned(),
            reason => format!("it is held back: {reason}"),
        };
    }
    if is_merged(&planned.findings, change) {
        return "it is merged, and waits to be deployed".to_owned();
    }
    let at = planned.changes.iter().position(|c| c.of == *change);
    let left =
        planned.plan.left.iter().find(|l| at.is_some_and(|at| l.what == Item::Candidate(at)));
    left.map_or_else(
        || "nothing that counts is left to remove".to_owned(),
        |left| tell::because(&planned.question, &left.because),
    )
}

/// Whether all that is left of what a change removes is gone from the main line, and still runs.
fn is_merged(findings: &[Finding], change: &PlannedChange) -> bool {
    let own = |f: &&Finding| f.asset.0 == change.asset && f.package == change.package;
    let mut own = findings.iter().filter(own).peekable();
    own.peek().is_some() && own.all(|f| f.state == FindingState::Merged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planning::finding;

    #[test]
    fn a_change_of_which_everything_is_merged_waits_to_be_deployed() {
        let change = PlannedChange { asset: 1, package: "pkg:npm/a".to_owned() };
        let merged = Finding { state: FindingState::Merged, ..finding(1, 1, "pkg:npm/a") };
        let other = finding(2, 2, "pkg:npm/a");
        assert!(is_merged(&[merged.clone(), other.clone()], &change));
        assert!(!is_merged(&[merged, finding(3, 1, "pkg:npm/a")], &change));
        assert!(!is_merged(&[other], &change), "nothing of it is left");
    }
}
