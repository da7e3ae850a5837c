//! A team's plan: read, tried with another capacity, and what people decide about its changes.

mod taught;

use axum::Json;
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_engine::plan::tell;
use trimtab_model::plan::{Item, Slot};
use trimtab_store::{Placement, PlacementState, PlannedChange, Team};
use utoipa::ToSchema;

use crate::access::{Action, On, Who};
use crate::api::teams::OPEN_MOST;
use crate::jobs::replan;
use crate::object::Object;
use crate::planning::{Change, Planned, WINDOWS, Wish, of_team, ready, trial};
use crate::problem::Problem;
use crate::state::App;
use crate::web::teams::may_see;

/// How far to look, and what to try.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub(crate) struct Asked {
    /// How many windows, 6 to 26. If absent: 6.
    #[param(minimum = 6, maximum = 26)]
    windows: Option<usize>,
    /// Points in one window, to be tried; nothing is changed by it.
    #[param(minimum = 0, maximum = 10000)]
    capacity: Option<f64>,
    /// How many batches may be open at a time, to be tried.
    #[param(minimum = 1, maximum = 1000)]
    open_limit: Option<u32>,
    /// A cadence of the charter, to be tried.
    cadence: Option<String>,
    /// Another charter, to be tried: the number of one of the organisation, or the name of a preset.
    charter: Option<String>,
}

/// A change: a package of an asset is raised.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanChange {
    /// What decisions name it by.
    change: String,
    asset: i64,
    asset_name: String,
    /// What is there now.
    purl: String,
    /// What it is raised to: a version that a package manager confirmed (or, where another package brings it, what comes
    /// in words), or the lowest version at which no source names any
    /// of its findings.
    to: String,
    /// `confirmed` by a package manager; `old`, it was asked for an older snapshot; `guess`, it was not.
    sure: &'static str,
    /// What the points rest on.
    estimate: String,
    /// The ids of the findings that it removes.
    findings: Vec<i64>,
    /// Points, at least and at most.
    least: f64,
    most: f64,
    /// The probability that nothing breaks.
    confidence: f64,
    /// `scheduled`; `accepted` by people; `proposed`: it is not kept yet.
    state: &'static str,
    /// Since when it is in its window.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Why it is there, as it was when it came there.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// A change that is held back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldChange {
    /// What decisions name it by.
    change: String,
    asset: i64,
    asset_name: String,
    /// What is there now.
    purl: String,
    to: String,
    reason: String,
    /// Who, and when.
    by: String,
    since: String,
}

/// What is done to one asset in one window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanBatch {
    /// `now`, or the name of a window.
    window: String,
    /// When the window begins. Not there: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<String>,
    asset_name: String,
    changes: Vec<PlanChange>,
    /// Points that were reckoned with.
    points: f64,
    /// The load removed with it, and the load-days that it saves.
    load: f64,
    load_days: f64,
    /// From when it can be carried out, where that is within its window: a version leaves quarantine then.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// When it is in production.
    by: String,
    why_these: Vec<String>,
    why_now: Vec<String>,
}

/// A window of the plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanWindow {
    name: String,
    starts: String,
    ends: String,
    points: f64,
}

/// Something that stays open.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanLeft {
    finding: i64,
    why: String,
    /// What to do next, as the plan says that was pushed for its asset. Absent: an action waits, or no plan was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A team's plan, or what it lacks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamPlan {
    team: String,
    /// Why there is no plan; then there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Made>,
}

/// A plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct Made {
    windows: Vec<PlanWindow>,
    batches: Vec<PlanBatch>,
    held: Vec<HeldChange>,
    left: Vec<PlanLeft>,
    /// What one more point would do, a sentence for each window where it would do something.
    margins: Vec<String>,
    /// What happens if nothing is done.
    nothing: String,
    /// Load-days by the plan until the horizon, and if nothing is done.
    load_days: f64,
    load_days_of_nothing: f64,
    /// No plan is better by a larger share than this.
    gap: f64,
    /// Whether more is open than was planned for: one plan holds the 5,000 gravest findings of a team.
    more: bool,
    /// How many more are open; they are in no number of the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<i64>,
    /// What updates of the team that are over taught of costs, by sort of change. Of what is not here the published priors
    /// are used: the charter's points, and shares that are assumed.
    learnt: Vec<taught::Learnt>,
}

/// How a change is named.
pub(crate) fn named(change: &PlannedChange) -> String {
    format!("{}:{}", change.asset, change.package)
}

fn read(text: &str) -> Option<PlannedChange> {
    let (asset, package) = text.split_once(':')?;
    if package.chars().count() > LONGEST || package.chars().any(char::is_control) {
        return None;
    }
    Some(PlannedChange { asset: asset.parse().ok()?, package: package.to_owned() })
}

/// A team's plan: what is scheduled, and where the rest would go.
#[utoipa::path(get, path = "/api/v1/teams/{id}/plan", tag = "teams", operation_id = "plan",
    params(("id" = i64, Path,), Asked), responses((status = 200, body = TeamPlan)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<TeamPlan>, Problem> {
    super::findings::seen(&who)?;
    let team = find(&app, &who, id).await?;
    let wrong = |c: &f64| !c.is_finite() || !(0.0..=10_000.0).contains(c);
    if asked.capacity.as_ref().is_some_and(wrong) {
        return Err(Problem::invalid("`capacity` must be 0 to 10000 points."));
    }
    // Among fewer, what is scheduled later would have no window, and be planned into another.
    if asked.windows.is_some_and(|w| !(WINDOWS..=26).contains(&w)) {
        return Err(Problem::invalid(format!("`windows` must be {WINDOWS} to 26.")));
    }
    if asked.open_limit.is_some_and(|limit| !(1..=OPEN_MOST).contains(&limit)) {
        return Err(Problem::invalid("`open_limit` must be 1 to 1000 open batches."));
    }
    let Asked { windows, capacity, open_limit, cadence, charter } = asked;
    let charter = match charter {
        Some(word) => Some(trial::named(&app, &who, &word).await?),
        None => None,
    };
    let windows = windows.unwrap_or(WINDOWS);
    let wish = Wish { windows, capacity, open_limit, cadence, charter, ..Wish::default() };
    let planned = of_team(&app, &who, &team, wish).await?;
    Ok(Json(match planned {
        Ok(planned) => TeamPlan { team: team.name, missing: None, plan: Some(shown(&planned)) },
        Err(missing) => TeamPlan { team: team.name, missing: Some(missing.told()), plan: None },
    }))
}

async fn find(app: &App, who: &Who, id: i64) -> Result<Team, Problem> {
    let systems = app.store.systems(who.org).await?;
    let team = app.store.teams(who.org).await?.into_iter().find(|t| t.id == id);
    team.filter(|team| may_see(who, team, &systems)).ok_or_else(|| Problem::not_found("team"))
}

fn shown(planned: &Planned) -> Made {
    let (question, plan) = (&planned.question, &planned.plan);
    let windows = || planned.windows();
    let ids = |of: &[usize]| of.iter().filter_map(|f| Some(planned.findings.get(*f)?.id)).collect();
    let change = |at: usize, slot: Slot| {
        let kept = planned.kept(at, slot);
        let (is, asked) = (planned.changes.get(at)?, question.candidates.get(at)?);
        Some(PlanChange {
            change: named(&is.of),
            asset: is.of.asset,
            asset_name: is.asset.clone(),
            purl: is.purl.clone(),
            to: is.to.clone(),
            sure: is.sure.as_str(),
            estimate: is.source.to_string(),
            findings: ids(&asked.removes),
            least: asked.least,
            most: asked.most,
            confidence: asked.confidence,
            state: match (&is.placed, kept) {
                (Some(placed), _) => placed.state.as_str(),
                (None, Some(_)) => "scheduled",
                (None, None) => "proposed",
            },
            since: kept.map(|kept| kept.since.to_string()),
            why: kept.map(|kept| kept.why.clone()),
        })
    };
    let batches = plan.batches.iter().map(|batch| PlanBatch {
        window: tell::slot(question, batch.team, batch.slot),
        starts: match batch.slot {
            Slot::Now => None,
            Slot::Window(w) => windows().nth(w).map(|w| w.start.to_string()),
        },
        asset_name: batch.place.to_string(),
        changes: batch.candidates.iter().filter_map(|c| change(*c, batch.slot)).collect(),
        points: batch.points,
        load: batch.load,
        load_days: batch.load_days,
        from: ready(batch).map(|at| at.to_string()),
        by: batch.by.to_string(),
        why_these: planned.why_these(batch),
        why_now: planned.why_now(batch),
    });
    let left = plan.left.iter().filter_map(|left| {
        let Item::Finding(at) = left.what else { return None };
        Some(PlanLeft {
            finding: planned.findings.get(at)?.id,
            why: tell::left(question, left),
            next: planned.next(left).map(str::to_owned),
        })
    });
    Made {
        windows: windows()
            .map(|w| PlanWindow {
                name: w.name.to_string(),
                starts: w.start.to_string(),
                ends: w.end.to_string(),
                points: w.points,
            })
            .collect(),
        batches: batches.collect(),
        held: planned.held.iter().filter_map(held).collect(),
        left: left.collect(),
        margins: plan.margins.iter().map(|m| tell::margin(question, m)).collect(),
        nothing: tell::nothing(plan),
        load_days: plan.worth.load_days,
        load_days_of_nothing: plan.nothing.load_days,
        gap: plan.worth.gap,
        more: planned.more,
        beyond: planned.beyond,
        learnt: planned.learnt.taught.iter().map(taught::learnt).collect(),
    }
}

fn held(is: &Change) -> Option<HeldChange> {
    let placed = is.placed.as_ref()?;
    Some(HeldChange {
        change: named(&is.of),
        asset: is.of.asset,
        asset_name: is.asset.clone(),
        purl: is.purl.clone(),
        to: is.to.clone(),
        reason: placed.reason.clone(),
        by: placed.actor.clone(),
        since: placed.at.to_string(),
    })
}

/// A decision about changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlanDecision)]
pub(crate) struct Decide {
    /// Changes, as the plan names them.
    #[schema(min_items = 1, max_items = 200)]
    pub(crate) changes: Vec<String>,
    /// `accepted`, `held`, or `open`: left to the plan again.
    #[schema(pattern = "^(accepted|held|open)$")]
    pub(crate) state: String,
    /// For `accepted`: when the window begins, or `now`. If absent: where the plan has each.
    #[serde(default)]
    pub(crate) window: Option<String>,
    /// Why, on one line. Needed to hold something back.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub(crate) reason: String,
}

/// How many were decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanDecided {
    decided: usize,
}

/// The most changes of one decision.
const MOST: usize = 200;
/// The longest purl of a package, in characters.
const LONGEST: usize = 1000;

/// Decides about changes of a team's plan.
#[utoipa::path(post, path = "/api/v1/teams/{id}/plan", tag = "teams", operation_id = "decide_plan",
    params(("id" = i64, Path,)), request_body = Decide,
    responses((status = 200, body = PlanDecided)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Decide>,
) -> Result<Json<PlanDecided>, Problem> {
    let team = find(&app, &who, id).await?;
    let decided = decide(&app, &who, &team, sent).await?;
    Ok(Json(PlanDecided { decided }))
}

/// Keeps a decision; the pages do it the same way.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn decide(
    app: &App,
    who: &Who,
    team: &Team,
    sent: Decide,
) -> Result<usize, Problem> {
    let on = On { system: None, team: Some(team.id) };
    if !who.may(Action::Administer, On::ALL) {
        who.must(Action::Pace, on)?;
    }
    if sent.changes.is_empty() || sent.changes.len() > MOST {
        return Err(Problem::invalid(format!("Choose 1 to {MOST} changes.")));
    }
    if sent.reason.chars().count() > 1000 || sent.reason.chars().any(char::is_control) {
        return Err(Problem::invalid("The reason must be at most 1000 characters, on one line."));
    }
    let unread = |text: &String| Problem::invalid(format!("`{text}` is not a change of a plan."));
    let changes: Vec<PlannedChange> = sent
        .changes
        .iter()
        .map(|text| read(text).ok_or_else(|| unread(text)))
        .collect::<Result<_, _>>()?;
    let now = app.now();
    if sent.state == "open" {
        let done = app.store.unplace(who.org, team.id, &changes, &who.actor(), now).await?;
        ask_anew(app, who, team).await?;
        return Ok(done);
    }
    let state = PlacementState::from_text(&sent.state)
        .ok_or_else(|| Problem::invalid("`state` must be accepted, held or open."))?;
    if state == PlacementState::Held && sent.reason.trim().is_empty() {
        return Err(Problem::invalid("Say why it is held back in `reason`: others read it."));
    }
    let wish = Wish::of(26);
    let planned = of_team(app, who, team, wish).await?;
    let planned = planned.map_err(|missing| Problem::invalid(missing.told()))?;
    let asked = match sent.window.as_deref() {
        None => None,
        Some("now") => Some(None),
        Some(text) => {
            let at: Timestamp = text.parse().map_err(|_| no_window(text))?;
            let mut windows = planned.windows();
            if !windows.any(|w| w.start == at) {
                return Err(no_window(text));
            }
            Some(Some(at))
        }
    };
    let mut all = Vec::with_capacity(changes.len());
    for change in changes {
        let at = planned.changes.iter().position(|c| c.of == change);
        let known = at.is_some() || planned.held.iter().any(|c| c.of == change);
        if !known {
            let text = format!("`{}` is not in the plan of the team.", named(&change));
            return Err(Problem::invalid(text));
        }
        let starts = match (state, asked) {
            (PlacementState::Held, _) => None,
            (PlacementState::Accepted, Some(starts)) => starts,
            (PlacementState::Accepted, None) => window_of(&planned, at).ok_or_else(|| {
                let text = "is in no window of the plan: say which window it is accepted for";
                Problem::invalid(format!("`{}` {text}.", named(&change)))
            })?,
        };
        all.push(Placement {
            change,
            state,
            starts,
            reason: sent.reason.trim().to_owned(),
            actor: who.actor(),
            at: now,
        });
    }
    app.store.place(who.org, team.id, &all).await?;
    ask_anew(app, who, team).await?;
    Ok(all.len())
}

async fn ask_anew(app: &App, who: &Who, team: &Team) -> Result<(), Problem> {
    let now = app.now();
    app.store.add_job(&replan::of_team(who.org, team.id, now), now).await?;
    app.work.notify_one();
    Ok(())
}

fn no_window(text: &str) -> Problem {
    Problem::invalid(format!("No window of the team begins at `{text}`."))
}

/// When the window begins that the plan has a change in; within: at once. `None`: it has it nowhere.
fn window_of(planned: &Planned, change: Option<usize>) -> Option<Option<Timestamp>> {
    let change = change?;
    let batch = planned.plan.batches.iter().find(|b| b.candidates.contains(&change))?;
    match batch.slot {
        Slot::Now => Some(None),
        Slot::Window(w) => {
            let windows = &planned.question.teams.first()?.windows;
            Some(Some(windows.get(w)?.start))
        }
    }
}
