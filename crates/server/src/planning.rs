//! A team's plan: what it raises in which window, made of its live findings, its cadence and capacity, the
//! charter's calendar, what people decided about changes, and what is scheduled already: that is kept by
//! [`crate::replanning`], and stays where it is whenever somebody looks.
//!
//! A change raises a package of an asset to the lowest version at which no source names any of its findings.
//! Whether the resolver of the ecosystem allows that is not known here: `trimtab plan` in the repository
//! confirms it. The pages say so.

mod also;
mod changes;
mod chosen;
pub(crate) mod held;
mod part;
mod placing;
mod pricing;
pub(crate) mod pushed;
pub(crate) mod trial;
pub(crate) mod whole;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::plan::learn::{Source, Taught};
use trimtab_engine::plan::{AT_ONCE, LATE, Wrong, freezes, kept, plan, tell, windows};
use trimtab_model::charter::{Cadence, Charter};
use trimtab_model::plan::{self, Plan, Problem as Question, Slot};
use trimtab_store::{Finding, Org, Placement, PlannedChange, Scheduled, Team};

use crate::access::Who;
use crate::api::visible;
use crate::problem::Problem;
use crate::state::App;

/// The most findings of one plan: those of the gravest changes. What is beyond is told.
pub(crate) const MOST: usize = 5_000;
/// The most findings of a team that are looked at for it, the gravest first.
const LOOKED: usize = 4 * MOST;
/// How many windows are kept and shown.
pub(crate) const WINDOWS: usize = 6;
/// What is scheduled stays in its window unless that costs a larger share of the load-days that the best plan saves.
const STAYS: f64 = 0.05;
/// Why something waits for a later window, where not all before it was placed anew.
const FULL: &str = "earlier windows are full of what saves more, or was scheduled there before";
/// The most windows of a trial that looks ahead for some time.
const MANY: usize = 60;
/// How long load-days are counted at least.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 90);

/// What is asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// How many windows to look ahead.
    pub(crate) windows: usize,
    /// Points in one window, if others than the team's are to be tried.
    pub(crate) capacity: Option<f64>,
    /// How many batches may be open, if another limit than the team's is to be tried.
    pub(crate) open_limit: Option<u32>,
    /// The name of a cadence of the charter, if another one than the team's is to be tried.
    pub(crate) cadence: Option<String>,
    /// Another charter than the one in force, if it is to be tried.
    pub(crate) charter: Option<Arc<Charter>>,
    /// How far to look ahead, in place of a number of windows: what two trials are compared by.
    pub(crate) until: Option<SignedDuration>,
    /// What is held as long as it is worked at, whether or not somebody still waits for it.
    pub(crate) permit: Option<Arc<tokio::sync::OwnedSemaphorePermit>>,
}

impl Wish {
    /// By the team's own rhythm, so many windows ahead.
    pub(crate) fn of(windows: usize) -> Wish {
        Wish { windows, ..Wish::default() }
    }

    /// Whether something else than what the team agreed is tried.
    pub(crate) fn is_trial(&self) -> bool {
        self.capacity.is_some()
            || self.open_limit.is_some()
            || self.cadence.is_some()
            || self.charter.is_some()
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The team has not chosen a cadence.
    Cadence,
    /// It chose one that the charter does not have.
    Unknown(String),
    /// The cadence makes no windows: it is *now*, or the calendar has no sprints.
    NoWindows(String),
    /// Nobody said how many points the team has.
    Capacity,
}

impl Missing {
    pub(crate) fn told(&self) -> String {
        match self {
            Missing::Cadence => "The team has not chosen a cadence.".to_owned(),
            Missing::Unknown(name) => {
                format!("The charter in force has no cadence `{name}`.")
            }
            Missing::NoWindows(name) => {
                format!("The cadence `{name}` gives no windows on the charter's calendar.")
            }
            Missing::Capacity => "The team has no capacity for a window.".to_owned(),
        }
    }

    /// The same within a sentence.
    pub(crate) fn within(&self) -> String {
        let told = self.told();
        let mut letters = told.trim_end_matches('.').chars();
        let first = letters.next().into_iter().flat_map(char::to_lowercase);
        first.chain(letters).collect()
    }

    /// What gives the team a plan, in a sentence for who may set its rhythm.
    pub(crate) const fn step(&self) -> &'static str {
        match self {
            Missing::Cadence | Missing::Unknown(_) => {
                "Choose a cadence of the charter on the team's page."
            }
            Missing::NoWindows(_) => {
                "Choose another cadence on the team's page, or say in the charter when sprints begin."
            }
            Missing::Capacity => "Set the points of a window on the team's page.",
        }
    }
}

/// A change that may be planned.
pub(crate) struct Change {
    pub(crate) of: PlannedChange,
    /// The asset's name.
    pub(crate) asset: String,
    /// The purl that is there now.
    pub(crate) purl: String,
    /// The version that it is raised to.
    pub(crate) to: String,
    /// What people decided.
    pub(crate) placed: Option<Placement>,
    /// How it is scheduled now.
    pub(crate) kept: Option<Scheduled>,
    /// How far a package manager was asked.
    pub(crate) sure: Sure,
    /// What its points rest on.
    pub(crate) source: Source,
}

/// How far a package manager was asked about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sure {
    /// It was not: the version is one that advisories name.
    Guess,
    /// It was, for an older snapshot of the asset.
    Old(Timestamp),
    /// It was, for what the asset has now.
    Confirmed(Timestamp),
}

impl Sure {
    /// The word of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Sure::Guess => "guess",
            Sure::Old(_) => "old",
            Sure::Confirmed(_) => "confirmed",
        }
    }
}

impl Change {
    /// How it is scheduled, if the plan did that and not people.
    fn by_plan(&self) -> Option<&Scheduled> {
        self.kept.as_ref().filter(|kept| !kept.by_people)
    }
}

/// A plan with what it is about.
pub(crate) struct Planned {
    pub(crate) question: Question,
    pub(crate) plan: Plan,
    /// By candidate.
    pub(crate) changes: Vec<Change>,
    /// What is held back, which is no candidate.
    pub(crate) held: Vec<Change>,
    /// By finding of the question.
    pub(crate) findings: Vec<Finding>,
    /// By finding of the question, what the pushed plan says to do next where no action removes it.
    pub(crate) next: HashMap<usize, String>,
    /// Whether there are more findings than were planned for.
    pub(crate) more: bool,
    /// How many more there are. `None`: that was not counted.
    pub(crate) beyond: Option<i64>,
    /// Accepted for a window that is over.
    pub(crate) missed: Vec<Placement>,
    /// Candidates that stay where they were scheduled.
    pub(crate) stays: HashSet<usize>,
    /// Candidates that leave their window because another one saves more.
    pub(crate) let_go: HashSet<usize>,
    /// Whether some do not stay because something past its deadline, which was not done in its window, goes first.
    pub(crate) makes_way: bool,
    /// The points of a whole window: one that runs has fewer left.
    pub(crate) whole: f64,
    /// What estimates learn from.
    pub(crate) learnt: Learnt,
    /// The time zone of the charter's calendar.
    pub(crate) zone: jiff::tz::TimeZone,
}

/// What the team's updates that are over taught of costs.
pub(crate) struct Learnt {
    /// How many.
    pub(crate) updates: usize,
    /// By sort of change.
    pub(crate) taught: Vec<Taught>,
}

impl Planned {
    /// The load that is open now.
    pub(crate) fn load(&self) -> f64 {
        self.question.findings.iter().map(|f| f.weight).sum()
    }

    /// The windows of the team.
    pub(crate) fn windows(&self) -> impl Iterator<Item = &plan::Window> {
        self.question.teams.first().into_iter().flat_map(|team| &team.windows)
    }

    /// How a candidate is scheduled, if that is where the plan has it.
    pub(crate) fn kept(&self, candidate: usize, slot: Slot) -> Option<&Scheduled> {
        let kept = self.changes.get(candidate)?.kept.as_ref()?;
        let starts = kept.window.as_ref().map(|w| w.starts);
        (self::slot(self.question.teams.first()?, starts) == Some(slot)).then_some(kept)
    }

    /// Changes that are planned and not kept like that yet.
    pub(crate) fn not_kept(&self) -> usize {
        let of = |batch: &plan::Batch| {
            batch.candidates.iter().filter(|c| self.kept(**c, batch.slot).is_none()).count()
        };
        self.plan.batches.iter().map(of).sum()
    }

    /// Whether the plan has a candidate where it is because it was scheduled there.
    pub(crate) fn stays(&self, candidate: usize) -> bool {
        self.stays.contains(&candidate)
    }

    /// What to do next about something that stays open, as its pushed plan says. `None`: an action waits for something, or no
    /// plan was pushed.
    pub(crate) fn next(&self, left: &plan::Left) -> Option<&str> {
        match (&left.what, &left.because) {
            (plan::Item::Finding(at), plan::Because::NoCandidate(_)) => {
                self.next.get(at).map(String::as_str)
            }
            _ => None,
        }
    }

    /// A reason in words. What stays where it was scheduled may save less than what waits.
    pub(crate) fn told(&self, why: &plan::WhyNow) -> String {
        match why {
            plan::WhyNow::Full if !self.stays.is_empty() => FULL.to_owned(),
            why => tell::why_now(&self.question, why),
        }
    }

    /// Why a batch is in its window, in words. What stays where it was scheduled was accepted by nobody.
    pub(crate) fn why_now(&self, batch: &plan::Batch) -> Vec<String> {
        let mut why: Vec<String> = Vec::new();
        let stays: Vec<usize> =
            batch.candidates.iter().copied().filter(|c| self.stays(*c)).collect();
        for is in &batch.why_now {
            if *is == plan::WhyNow::Accepted && stays.len() == batch.candidates.len() {
                let kept = stays.iter().filter_map(|c| self.kept(*c, batch.slot));
                why.extend(kept.map(|kept| kept.why.clone()));
            } else {
                why.push(self.told(is));
            }
        }
        why.sort_unstable();
        why.dedup();
        why
    }

    /// From when a batch can be carried out, where that is within its window: what waits, in words.
    pub(crate) fn waits(&self, batch: &plan::Batch) -> Option<String> {
        let from = batch.why_now.iter().find(|w| matches!(w, plan::WhyNow::From(..)))?;
        Some(tell::why_now(&self.question, from))
    }

    /// Why these changes, in words.
    pub(crate) fn why_these(&self, batch: &plan::Batch) -> Vec<String> {
        let told = |why: &plan::WhyThese| match why {
            plan::WhyThese::Accepted(c) if self.stays(*c) => {
                let is = self.question.candidates.get(*c)?;
                let since = self.kept(*c, batch.slot)?.since.strftime("%Y-%m-%d");
                Some(format!("{} is scheduled since {since}", is.id))
            }
            why => Some(tell::why_these(&self.question, why)),
        };
        batch.why_these.iter().filter_map(told).collect()
    }
}

/// From when a batch can be carried out, where that is within its window: the last of its versions leaves quarantine then.
pub(crate) fn ready(batch: &plan::Batch) -> Option<Timestamp> {
    batch.why_now.iter().find_map(|why| match why {
        plan::WhyNow::From(_, from) => Some(*from),
        _ => None,
    })
}

/// What is done with what is scheduled already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It stays wherever that is possible: what people see.
    Stays,
    /// It stays where that does not cost too much: what is kept next.
    Weighed,
    /// It is nothing: a trial.
    Ignored,
}

/// The plan of a team as somebody sees it, or what is missing. With another capacity, limit or cadence it is a trial:
/// what is scheduled does not bind it.
pub(crate) async fn of_team(
    app: &App,
    who: &Who,
    team: &Team,
    wish: Wish,
) -> Result<Result<Planned, Missing>, Problem> {
    let systems = app.store.systems(who.org).await?;
    let kept = if wish.is_trial() { Kept::Ignored } else { Kept::Stays };
    made(app, (who.org, visible(who, &systems)), team, wish, kept).await
}

/// A moment so much later; the last one that there is, if that is beyond it.
fn after(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Plans for a team by itself, of what may be seen of an organisation (`None`: all); or says what is missing.
pub(crate) async fn made(
    app: &App,
    (org, systems): (Org, Option<Vec<i64>>),
    team: &Team,
    wish: Wish,
    kept: Kept,
) -> Result<Result<Planned, Missing>, Problem> {
    let now = app.now();
    let in_force = app.agreed(org, now).await?;
    let agreed = match &wish.charter {
        Some(charter) => Arc::new(in_force.by(Charter::clone(charter))),
        None => in_force,
    };
    let asking = part::Asking { app, org, agreed: &agreed, now };
    let own = match asking.part(systems, team, &wish).await? {
        Ok(part) => part,
        Err(missing) => return Ok(Err(missing)),
    };
    let last = own.rhythm.windows.iter().map(|w| w.end).max().unwrap_or(now);
    let question = Question {
        now,
        at_once: after(now, AT_ONCE),
        horizon: wish.until.map_or_else(
            || after(last, SignedDuration::from_secs(1)).max(after(now, HORIZON)),
            |until| after(now, until),
        ),
        late: LATE,
        zone: agreed.charter.calendar.time_zone.clone(),
        teams: vec![own.rhythm],
        findings: own.asked,
        candidates: own.candidates,
        accepted: own.accepted,
        freezes: freezes(&agreed.charter.calendar),
    };
    let (before, permit) = (own.before, wish.permit);
    let solve = move || {
        let _held = permit;
        solve(question, &before, kept)
    };
    let solved = tokio::task::spawn_blocking(solve);
    let solved = solved.await.map_err(|e| Problem::invalid(e.to_string()))?;
    let wrong = |wrong: Wrong| Problem::invalid(format!("There is no plan: {wrong}"));
    let (question, again) = solved.map_err(wrong)?;
    Ok(Ok(Planned {
        question,
        plan: again.plan,
        changes: own.changes,
        held: own.held,
        findings: own.findings,
        next: own.next,
        more: own.more,
        beyond: own.beyond,
        missed: own.missed,
        stays: again.stays.into_iter().collect(),
        let_go: again.let_go.into_iter().collect(),
        makes_way: own.makes_way,
        whole: own.whole,
        learnt: own.learnt,
        zone: agreed.charter.calendar.time_zone.clone(),
    }))
}

/// What is planned of one team.
struct Part {
    rhythm: plan::Team,
    /// The points of a whole window.
    whole: f64,
    findings: Vec<Finding>,
    more: bool,
    beyond: Option<i64>,
    /// By finding.
    asked: Vec<plan::Finding>,
    /// What to do next about findings that no action removes.
    next: HashMap<usize, String>,
    /// By change.
    candidates: Vec<plan::Candidate>,
    changes: Vec<Change>,
    held: Vec<Change>,
    missed: Vec<Placement>,
    accepted: Vec<plan::Placement>,
    before: Vec<plan::Placement>,
    /// Whether some of those were left out because something past its deadline goes first.
    makes_way: bool,
    learnt: Learnt,
}

/// A team's cadence and the points of a whole window.
fn rhythm<'c>(
    charter: &'c Charter,
    team: &Team,
    wish: &Wish,
) -> Result<(&'c Cadence, f64), Missing> {
    let name = wish.cadence.as_ref().or(team.cadence.as_ref()).ok_or(Missing::Cadence)?;
    let cadence = charter.cadences.iter().find(|c| *c.name == **name);
    let cadence = cadence.ok_or_else(|| Missing::Unknown(name.clone()))?;
    Ok((cadence, wish.capacity.or(team.capacity).ok_or(Missing::Capacity)?))
}

/// Why a team has no plan, whatever there is to do. `None`: it has one.
pub(crate) fn unplanned(charter: &Charter, team: &Team, now: Timestamp) -> Option<Missing> {
    match rhythm(charter, team, &Wish::of(WINDOWS)) {
        Err(missing) => Some(missing),
        Ok((cadence, points)) => windows(cadence, charter, now, 1, points)
            .is_empty()
            .then(|| Missing::NoWindows(cadence.name.to_string())),
    }
}

/// When the windows begin and end that a team's plan is made for; none where there is no plan.
pub(crate) fn edges(charter: &Charter, team: &Team, now: Timestamp) -> Vec<Timestamp> {
    let Ok((cadence, points)) = rhythm(charter, team, &Wish::of(WINDOWS)) else {
        return Vec::new();
    };
    let slots = windows(cadence, charter, now, WINDOWS, points);
    slots.iter().flat_map(|w| [w.start, w.end]).collect()
}

fn solve(
    question: Question,
    before: &[plan::Placement],
    how: Kept,
) -> Result<(Question, kept::Again), Wrong> {
    let again = match how {
        Kept::Ignored => {
            kept::Again { plan: plan(&question)?, stays: Vec::new(), let_go: Vec::new() }
        }
        Kept::Weighed => kept::again(&question, before, STAYS)?,
        Kept::Stays => {
            let stays = kept::stay(&question, before)?;
            let mut with = question.clone();
            with.accepted.extend(&stays);
            let stays = stays.into_iter().map(|p| p.candidate).collect();
            kept::Again { plan: plan(&with)?, stays, let_go: Vec::new() }
        }
    };
    Ok((question, again))
}

/// The slot of a window that begins at a moment; of the one that runs, too. `None`: it is over.
fn slot(team: &plan::Team, starts: Option<Timestamp>) -> Option<Slot> {
    let Some(starts) = starts else { return Some(Slot::Now) };
    let windows = &team.windows;
    windows.iter().position(|w| w.start == starts).map(Slot::Window)
}

/// A finding of a package in an asset, for tests: open, with a fix, and not weighed.
#[cfg(test)]
pub(crate) fn finding(id: i64, asset: i64, package: &str) -> Finding {
    Finding {
        id,
        asset: (asset, format!("asset-{asset}")),
        system: None,
        team: None,
        package: package.to_owned(),
        component: (id, format!("{package}@1.0.0")),
        vulnerability: (id, format!("TEST-{id}")),
        summary: None,
        state: trimtab_store::FindingState::Open,
        production: None,
        detected: Timestamp::UNIX_EPOCH,
        merged: None,
        fixed: None,
        weighed: None,
        fix: Some("2.0.0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_merged_is_planned_no_more() {
        let open = finding(1, 1, "pkg:npm/a");
        let merged =
            Finding { state: trimtab_store::FindingState::Merged, ..finding(2, 1, "pkg:npm/a") };
        let none = Finding { fix: None, ..finding(3, 2, "pkg:npm/b") };
        let all = changes::by_change(&[open, merged, none]);
        assert_eq!(all.into_values().collect::<Vec<_>>(), [[0]]);
    }

    #[test]
    fn a_team_has_no_plan_by_a_cadence_that_the_charter_does_not_have() {
        let charter = trimtab_charter::preset::default();
        let now: Timestamp = "2026-11-30T09:00:00Z".parse().unwrap();
        let missing = |cadence: Option<&str>, capacity| {
            let cadence = cadence.map(str::to_owned);
            let team = Team { id: 1, name: "web".to_owned(), cadence, capacity, open_limit: None };
            unplanned(&charter, &team, now)
        };
        let unknown = missing(Some("sprint"), Some(40.0)).unwrap();
        assert_eq!(unknown.within(), "the charter in force has no cadence `sprint`");
        assert!(unknown.step().starts_with("Choose a cadence"), "{}", unknown.step());
        assert_eq!(missing(None, Some(40.0)), Some(Missing::Cadence));
        assert_eq!(missing(Some("every sprint"), None), Some(Missing::Capacity));
        let windowless = Missing::NoWindows("now".to_owned());
        assert_eq!(missing(Some("now"), Some(40.0)), Some(windowless));
        assert_eq!(missing(Some("every sprint"), Some(40.0)), None);
    }
}
