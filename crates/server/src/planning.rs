//! A team's plan: what it raises in which window, made of its live findings, its cadence and capacity, the
//! charter's calendar, what people decided about changes, and what is scheduled already: that is kept by
//! [`crate::replanning`], and stays where it is whenever somebody looks.
//!
//! A change raises a package of an asset to the lowest version at which no source names any of its findings.
//! Whether the resolver of the ecosystem allows that is not known here: `trimtab plan` in the repository
//! confirms it. The pages say so.

mod changes;

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::plan::learn::Source;
use trimtab_engine::plan::{AT_ONCE, LATE, Wrong, freezes, kept, plan, tell, windows};
use trimtab_engine::vulnerability::is_exploited;
use trimtab_model::Level;
use trimtab_model::charter::{Cadence, Charter};
use trimtab_model::plan::{self, Plan, Problem as Question, Slot};
use trimtab_store::{
    Finding, FindingFilter, FindingOrder, Org, Placement, PlacementState, PlannedChange, Scheduled,
    Team,
};

use crate::access::Who;
use crate::api::visible;
use crate::facts::within;
use crate::problem::Problem;
use crate::state::App;
use crate::updating::{self, LEARNT};
use changes::{Tries, by_change};

/// The most findings of one plan: the gravest. What is beyond is told.
pub(crate) const MOST: usize = 5_000;
/// How many windows are kept and shown.
pub(crate) const WINDOWS: usize = 6;
/// What is scheduled stays in its window unless that costs a larger share of the load-days that the best plan saves.
const STAYS: f64 = 0.05;
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
}

impl Wish {
    /// By the team's own rhythm, so many windows ahead.
    pub(crate) fn of(windows: usize) -> Wish {
        Wish { windows, ..Wish::default() }
    }

    /// Whether something else than what the team agreed is tried.
    pub(crate) fn is_trial(&self) -> bool {
        self.capacity.is_some() || self.open_limit.is_some() || self.cadence.is_some()
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The team chose no cadence.
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
            Missing::Cadence => "The team chose no cadence.".to_owned(),
            Missing::Unknown(name) => {
                format!("The charter in force has no cadence `{name}`.")
            }
            Missing::NoWindows(name) => {
                format!("The cadence `{name}` makes no windows on the charter's calendar.")
            }
            Missing::Capacity => "Nobody said how many points the team has in a window.".to_owned(),
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
    /// Whether there are more findings than were planned for.
    pub(crate) more: bool,
    /// Accepted for a window that is over.
    pub(crate) missed: Vec<Placement>,
    /// Candidates that stay where they were scheduled.
    pub(crate) stays: HashSet<usize>,
    /// Candidates that leave their window because another one saves more.
    pub(crate) let_go: HashSet<usize>,
    /// The points of a whole window: one that runs has fewer left.
    pub(crate) whole: f64,
    /// How many finished updates of the team estimates learn from.
    pub(crate) finished: usize,
}

impl Planned {
    /// How a candidate is scheduled, if that is where the plan has it.
    pub(crate) fn kept(&self, candidate: usize, slot: Slot) -> Option<&Scheduled> {
        let kept = self.changes.get(candidate)?.kept.as_ref()?;
        let starts = kept.window.as_ref().map(|w| w.starts);
        (self::slot(&self.question, starts) == Some(slot)).then_some(kept)
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
                why.push(tell::why_now(&self.question, is));
            }
        }
        why.sort_unstable();
        why.dedup();
        why
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

/// Plans for a team, of what may be seen of an organisation (`None`: all), or says what is missing.
pub(crate) async fn made(
    app: &App,
    (org, systems): (Org, Option<Vec<i64>>),
    team: &Team,
    wish: Wish,
    kept: Kept,
) -> Result<Result<Planned, Missing>, Problem> {
    let now = app.now();
    let agreed = app.agreed(org, now).await?;
    let charter = &agreed.charter;
    let (cadence, points) = match rhythm(charter, team, &wish) {
        Ok(rhythm) => rhythm,
        Err(missing) => return Ok(Err(missing)),
    };
    let slots = windows(cadence, &charter.calendar, now, wish.windows, points);
    let Some(last) = slots.iter().map(|w| w.end).max() else {
        return Ok(Err(Missing::NoWindows(cadence.name.to_string())));
    };
    let (findings, more) = findings(app, org, systems, team).await?;
    let placements = app.store.placements(org, team.id).await?;
    let scheduled = app.store.scheduled(org, team.id).await?;
    // What the charter calls *now* is what it gives to a cadence of that name.
    let at_once = |level: Level| {
        charter.cadences.iter().any(|c| &*c.every == "now" && c.levels.contains(&level))
    };
    let exploited = exploited(app, &findings)?;
    let asked = findings
        .iter()
        .map(|f| plan::Finding {
            exploited: exploited.contains(&*f.vulnerability.1),
            ..asked(f, &at_once)
        })
        .collect();
    let mut question = Question {
        now,
        at_once: after(now, AT_ONCE),
        horizon: after(last, SignedDuration::from_secs(1)).max(after(now, HORIZON)),
        late: LATE,
        teams: vec![plan::Team {
            id: team.name.as_str().into(),
            windows: slots,
            open_limit: wish.open_limit.or(team.open_limit),
            // What is open is in the plan until it is merged: its findings are still there.
            open: 0,
        }],
        findings: asked,
        candidates: Vec::new(),
        accepted: Vec::new(),
        freezes: freezes(&charter.calendar),
    };
    let mut changes = Vec::new();
    let (mut held, mut missed) = (Vec::new(), Vec::new());
    let placed: HashMap<&PlannedChange, &Placement> =
        placements.iter().map(|p| (&p.change, p)).collect();
    let mut scheduled: HashMap<PlannedChange, Scheduled> =
        scheduled.into_iter().map(|s| (s.change.clone(), s)).collect();
    let mut before = Vec::new();
    let tries = Tries::of(app.store.confirmed(org, team.id).await?, &findings);
    let applied = app.store.finished(org, team.id, LEARNT).await?;
    let finished = updating::finished(&applied);
    tries.block(&findings, &mut question.findings);
    for (of, removes) in by_change(&findings) {
        let Some(first) = removes.first().and_then(|f| findings.get(*f)) else { continue };
        let priced = tries.priced(&of, removes, &findings, charter, &finished);
        let Some(priced) = priced else { continue };
        let placed = placed.get(&of).map(|p| (*p).clone());
        let change = Change {
            kept: scheduled.remove(&of),
            of,
            asset: first.asset.1.clone(),
            purl: first.component.1.clone(),
            to: priced.to,
            placed,
            sure: priced.sure,
            source: priced.source,
        };
        match change.placed.as_ref().map(|p| (p.state, p.starts)) {
            Some((PlacementState::Held, _)) => {
                held.push(change);
                continue;
            }
            Some((PlacementState::Accepted, starts)) => match slot(&question, starts) {
                Some(slot) => {
                    question.accepted.push(plan::Placement { candidate: changes.len(), slot });
                }
                None => missed.extend(change.placed.clone()),
            },
            None => {}
        }
        // What people put somewhere and then left to the plan again is the plan's to place.
        if let Some(is) = change.by_plan()
            && let Some(slot) = slot(&question, is.window.as_ref().map(|w| w.starts))
        {
            before.push(plan::Placement { candidate: changes.len(), slot });
        }
        question.candidates.push(plan::Candidate {
            id: format!("{} to {} in {}", change.purl, change.to, change.asset).into(),
            team: 0,
            place: change.asset.as_str().into(),
            least: priced.least,
            most: priced.most,
            confidence: priced.confidence,
            removes: priced.removes,
            needs: Vec::new(),
            choice: priced.action.map(|n| format!("{}: confirmed {n}", change.asset).into()),
            quarantine: priced.quarantine,
        });
        changes.push(change);
    }
    let finished = applied.len();
    let solve = move || solve(question, &before, kept);
    let solved = tokio::task::spawn_blocking(solve);
    let solved = solved.await.map_err(|e| Problem::invalid(e.to_string()))?;
    let wrong = |wrong: Wrong| Problem::invalid(format!("There is no plan: {wrong}"));
    let (question, again) = solved.map_err(wrong)?;
    Ok(Ok(Planned {
        question,
        plan: again.plan,
        changes,
        held,
        findings,
        more,
        missed,
        stays: again.stays.into_iter().collect(),
        let_go: again.let_go.into_iter().collect(),
        whole: points,
        finished,
    }))
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

/// When the windows begin and end that a team's plan is made for; none where there is no plan.
pub(crate) fn edges(charter: &Charter, team: &Team, now: Timestamp) -> Vec<Timestamp> {
    let Ok((cadence, points)) = rhythm(charter, team, &Wish::of(WINDOWS)) else {
        return Vec::new();
    };
    let slots = windows(cadence, &charter.calendar, now, WINDOWS, points);
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

/// The team's live findings that count, the gravest first.
async fn findings(
    app: &App,
    org: Org,
    systems: Option<Vec<i64>>,
    team: &Team,
) -> Result<(Vec<Finding>, bool), Problem> {
    let filter = FindingFilter {
        team: Some(team.id),
        counts: Some(true),
        systems,
        ..FindingFilter::default()
    };
    Ok(within::findings(app, org, &filter, FindingOrder::Level, MOST).await?)
}

fn asked(is: &Finding, at_once: &impl Fn(Level) -> bool) -> plan::Finding {
    let weighed = is.weighed.as_ref();
    // One that could not be weighed may go into every window, and adds no load that is not known.
    let level = weighed.map_or(Level::Critical, |w| w.level);
    plan::Finding {
        id: format!("{} in {} of {} (no. {})", is.vulnerability.1, is.package, is.asset.1, is.id)
            .into(),
        team: 0,
        level,
        weight: weighed.map_or(0.0, |w| w.weight),
        deadline: weighed.and_then(|w| w.deadline),
        // Nobody is interrupted for what is not known.
        now: weighed.is_some() && is.production != Some(false) && at_once(level),
        exploited: false,
        // Nothing that has a name stands in the way: no source names a version that is not affected.
        blocker: None,
    }
}

/// The vulnerabilities among those of some findings that are known to be exploited; none without an index.
fn exploited<'f>(app: &App, findings: &'f [Finding]) -> Result<HashSet<&'f str>, Problem> {
    let Some(index) = app.index() else { return Ok(HashSet::new()) };
    let mut names: Vec<&str> = findings.iter().map(|f| f.vulnerability.1.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut all = HashSet::new();
    for name in names {
        if is_exploited(&index, name).map_err(|e| Problem::conflict(e.to_string()))? {
            all.insert(name);
        }
    }
    Ok(all)
}

/// The slot of a window that begins at a moment; of the one that runs, too. `None`: it is over.
fn slot(question: &Question, starts: Option<Timestamp>) -> Option<Slot> {
    let Some(starts) = starts else { return Some(Slot::Now) };
    let windows = &question.teams.first()?.windows;
    windows.iter().position(|w| w.start == starts).map(Slot::Window)
}
