//! Verdicts of the gate: sent by a CI, listed, counted by team, and the near miss that is opened out of a refusal.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_store::{
    Judgement, Page, Verdict, VerdictAnswer, VerdictCount, VerdictFilter, VerdictReason,
    VerdictSource,
};
use utoipa::ToSchema;

use super::snapshots::refused;
use super::{Changed, Listed, Named, Rows, asset_for, cursor, limit, snapshot_of, visible};
use crate::access::{Action, Who};
use crate::confirming::MOST;
use crate::ingest::blocking;
use crate::judging::{self, Change, find};
use crate::object::Object;
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;
use crate::web::teams::may_see;

/// For how many days is counted where nobody says.
const DAYS: i64 = 90;
/// The most days.
const LONGEST: i64 = 400;

/// What a verdict is about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    #[param(min_length = 1, max_length = 300)]
    asset: String,
    /// The commit that was judged.
    #[param(min_length = 1, max_length = 300)]
    revision: Option<String>,
    /// The branch. If absent: the main line.
    #[param(min_length = 1, max_length = 300)]
    branch: Option<String>,
    /// When it was made, RFC 3339. What is longer ago than a week counts as made a week ago, what is ahead as made now.
    /// If absent: now.
    #[param(format = DateTime)]
    made: Option<String>,
}

/// How long ago a verdict may have been made, in days.
const OLDEST: i64 = 7;

/// When a verdict was made, as far as the clock of who tells it is believed.
fn made(text: Option<&str>, now: Timestamp) -> Result<Timestamp, Problem> {
    let Some(text) = text else { return Ok(now) };
    let wrong = |_| Problem::invalid("`made` must be an RFC 3339 timestamp.");
    let at: Timestamp = text.parse().map_err(wrong)?;
    Ok(at.max(now - SignedDuration::from_hours(24 * OLDEST)).min(now))
}

/// A verdict that was kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictTaken)]
pub(crate) struct Taken {
    id: i64,
    /// `passed`, `refused` or `unknown`.
    outcome: &'static str,
    /// Whether it is another than the last one of the branch.
    new: bool,
}

/// Takes what `trimtab gate --format json` decided about an asset, or what `trimtab check-new --format json` said of
/// packages before they were added, one a line.
#[utoipa::path(post, path = "/api/v1/verdicts", tag = "verdicts", operation_id = "verdicts_post",
    params(About),
    request_body(content = Vec<u8>, content_type = "application/json"),
    responses((status = 201, body = Rows<Taken>)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<Rows<Taken>>), Problem> {
    let asset = asset_for(&app.store, &who, Action::Upload, &about.asset).await?;
    for text in [&about.revision, &about.branch].into_iter().flatten() {
        if text.is_empty() || text.chars().count() > 300 || text.chars().any(char::is_control) {
            return Err(Problem::invalid(
                "Revisions and branches are 1 to 300 characters on one line.",
            ));
        }
    }
    let now = app.now();
    let at = made(about.made.as_deref(), now)?;
    let snapshot = match &about.revision {
        Some(revision) => snapshot_of(&app.store, who.org, asset.id, revision).await?,
        None => None,
    };
    let change = Change { revision: about.revision, branch: about.branch, snapshot };
    let bytes = arriving.read(&app).await?.bytes(MOST).await?;
    let id = asset.id;
    let read = blocking(move || judging::read(&bytes, id, &change)).await;
    let mut all = read.map_err(refused)??;
    let kept = judging::keep(&app, &who, &mut all, (at, now)).await?;
    let taken = |(is, (id, new)): (&trimtab_store::NewVerdict, (i64, bool))| Taken {
        id,
        outcome: is.judgement.as_str(),
        new,
    };
    let rows = all.iter().zip(kept).map(taken).collect();
    Ok((StatusCode::CREATED, Json(Rows { rows })))
}

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of an asset.
    pub(crate) asset: Option<i64>,
    /// Of a team's assets.
    pub(crate) team: Option<i64>,
    /// `passed`, `refused` or `unknown`.
    #[param(pattern = "^(passed|refused|unknown)$")]
    pub(crate) outcome: Option<String>,
    /// `push`: the server's answer to who waited; `gate`; `check-new`; `change`: of changes, push or gate.
    #[param(pattern = "^(push|gate|check-new|change)$")]
    pub(crate) source: Option<String>,
    /// Refusals: `passed` (a later verdict of the branch passed), `decided` (let through by a decision), `open`, `left`
    /// (of a branch that was left).
    #[param(pattern = "^(passed|decided|open|left)$")]
    pub(crate) answered: Option<String>,
    /// Refusals that are answered or were made more than a week ago, without those on abandoned branches: those that
    /// maturity counts.
    pub(crate) had_time: Option<bool>,
    /// Of so many days, 1 to 400. If absent: 90.
    #[param(minimum = 1, maximum = 400)]
    pub(crate) days: Option<i64>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

impl Asked {
    /// For how many days.
    ///
    /// # Errors
    /// They are too few or too many.
    pub(crate) fn days(&self) -> Result<i64, Problem> {
        match self.days.unwrap_or(DAYS) {
            days @ 1..=LONGEST => Ok(days),
            _ => Err(Problem::invalid(format!("`days` must be 1 to {LONGEST}."))),
        }
    }
}

/// What is asked for, as far as they may see it.
///
/// # Errors
/// They may see nothing, or something of it is not right.
pub(crate) async fn filter(app: &App, who: &Who, asked: &Asked) -> Result<VerdictFilter, Problem> {
    super::findings::seen(who)?;
    let wrong = |name: &str, are: &str| Problem::invalid(format!("`{name}` must be {are}."));
    let judgement = match asked.outcome.as_deref() {
        None => None,
        Some(word) => Some(
            Judgement::from_text(word)
                .ok_or_else(|| wrong("outcome", "passed, refused or unknown"))?,
        ),
    };
    let source = match asked.source.as_deref() {
        None | Some("change") => None,
        Some(word) => Some(
            VerdictSource::from_text(word)
                .ok_or_else(|| wrong("source", "push, gate, check-new or change"))?,
        ),
    };
    let answered = match asked.answered.as_deref() {
        None => None,
        Some("passed") => Some("passed"),
        Some("decided") => Some("decided"),
        Some("open") => Some("open"),
        Some("left") => Some("left"),
        Some(_) => return Err(wrong("answered", "passed, decided, open or left")),
    };
    let week = app.now() - SignedDuration::from_hours(24 * 7);
    let since = app.now() - SignedDuration::from_hours(24 * asked.days()?);
    Ok(VerdictFilter {
        asset: asked.asset,
        team: asked.team,
        systems: visible(who, &app.store.systems(who.org).await?),
        judgement,
        source,
        changes: asked.source.as_deref() == Some("change"),
        answered,
        had_time: asked.had_time.unwrap_or(false).then_some(week),
        since: Some(since),
    })
}

/// A page of those that they may see, the newest first.
///
/// # Errors
/// They may see nothing, or something of it is not right.
pub(crate) async fn all(app: &App, who: &Who, asked: &Asked) -> Result<Page<Verdict>, Problem> {
    let filter = filter(app, who, asked).await?;
    let (after, limit) = (cursor(asked.after.as_deref())?, limit(asked.limit));
    Ok(app.store.verdicts(who.org, &filter, after, limit).await?)
}

/// A verdict in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptVerdict)]
pub(crate) struct Short {
    id: i64,
    asset: Named,
    /// `push`, `gate` or `check-new`.
    source: &'static str,
    /// `passed`, `refused` or `unknown`.
    outcome: &'static str,
    headline: String,
    /// The commit; of `check-new`, the package.
    revision: Option<String>,
    /// `null`: the main line, or nobody said.
    branch: Option<String>,
    snapshot: Option<i64>,
    /// When it was said first and last, and how often.
    at: String,
    last: String,
    times: i64,
    /// How many reasons there were.
    reasons: i64,
    /// What answered a refusal.
    answered: Option<ShownAnswer>,
    /// The near miss that was opened from it, an incident.
    near_miss: Option<i64>,
    /// Since when a refusal is of a branch that was left, and waits for no answer.
    left: Option<String>,
}

/// What answered a refusal.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictAnswer)]
pub(crate) struct ShownAnswer {
    /// `passed`: a later verdict of the branch passed; `decided`: it was let through, by a decision made after it.
    how: &'static str,
    /// The verdict that passed.
    verdict: Option<i64>,
    /// The decision.
    decision: Option<i64>,
    at: String,
}

fn answer((is, at): (VerdictAnswer, Timestamp)) -> ShownAnswer {
    let (how, verdict, decision) = match is {
        VerdictAnswer::Passed(id) => ("passed", Some(id), None),
        VerdictAnswer::Decided(id) => ("decided", None, Some(id)),
    };
    ShownAnswer { how, verdict, decision, at: at.to_string() }
}

impl From<&Verdict> for Short {
    fn from(is: &Verdict) -> Short {
        Short {
            id: is.id,
            asset: Named { id: is.is.asset, name: is.asset_name.clone() },
            source: is.is.source.as_str(),
            outcome: is.is.judgement.as_str(),
            headline: is.is.headline.clone(),
            revision: is.is.revision.clone(),
            branch: is.is.branch.clone(),
            snapshot: is.is.snapshot,
            at: is.at.to_string(),
            last: is.last.to_string(),
            times: is.times,
            reasons: is.reasons,
            answered: is.answered.map(answer),
            near_miss: is.near_miss,
            left: is.left.map(|at| at.to_string()),
        }
    }
}

/// Verdicts, the newest first.
#[utoipa::path(get, path = "/api/v1/verdicts", tag = "verdicts", operation_id = "verdicts_list",
    params(Asked), responses((status = 200, body = Listed<Short>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Short>>, Problem> {
    Ok(Json(Listed::of(&all(&app, &who, &asked).await?)))
}

/// Why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictReason)]
pub(crate) struct ShownReason {
    rule: String,
    /// Whether it refuses; otherwise it says that data is missing.
    refuses: bool,
    text: String,
    next: String,
    vulnerability: Option<String>,
    package: Option<String>,
    level: Option<String>,
    /// The finding here. `null`: there is none, or more than one.
    finding: Option<i64>,
    /// `true`: the change brought it in; `false`: the calendar did, or it was there before; `null`: not known.
    brought: Option<bool>,
}

impl From<&VerdictReason> for ShownReason {
    fn from(is: &VerdictReason) -> ShownReason {
        ShownReason {
            rule: is.rule.clone(),
            refuses: is.refuses,
            text: is.text.clone(),
            next: is.next.clone(),
            vulnerability: is.vulnerability.clone(),
            package: is.package.clone(),
            level: is.level.clone(),
            finding: is.finding,
            brought: is.brought,
        }
    }
}

/// A verdict, with why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictWhole)]
pub(crate) struct Shown {
    #[serde(flatten)]
    is: Short,
    charter: String,
    /// To whom it was said.
    actor: String,
    /// Why, what refuses first; of more than 200 the first.
    why: Vec<ShownReason>,
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/verdicts/{id}", tag = "verdicts",
    operation_id = "verdicts_one", params(("id" = i64, Path,)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    let (is, _) = find(&app, &who, id).await?;
    Ok(Json(Shown {
        charter: is.is.charter.clone(),
        actor: is.actor.clone(),
        why: is.is.reasons.iter().map(ShownReason::from).collect(),
        is: Short::from(&is),
    }))
}

/// What a near miss is called.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = NearMiss)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NearMiss {
    /// If absent: what was refused.
    #[schema(max_length = 200)]
    title: String,
}

/// Opens a near miss out of a refusal, with what is known of it.
#[utoipa::path(post, path = "/api/v1/verdicts/{id}/near-miss", tag = "verdicts",
    operation_id = "verdicts_near_miss", params(("id" = i64, Path,)), request_body = NearMiss,
    responses((status = 201, body = Changed)))]
pub(crate) async fn near_miss(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<NearMiss>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let id = judging::near_miss(&app, &who, id, &sent.title).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// How many changes of a team were looked at.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VerdictCount)]
pub(crate) struct ShownCount {
    /// `null`: of assets that no team owns.
    team: Option<Named>,
    looked_at: i64,
    passed: i64,
    refused: i64,
    unknown: i64,
    /// Refusals that a later verdict of the branch answered.
    mended: i64,
    /// Refusals that were let through by a decision.
    let_through: i64,
    /// Refusals on abandoned branches.
    left: i64,
}

/// Of how many days.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Within {
    /// Of so many days, 1 to 400. If absent: 90.
    #[param(minimum = 1, maximum = 400)]
    days: Option<i64>,
}

/// How many, by team, as far as they may see it, by the teams' names; nobody's last.
///
/// # Errors
/// They may see nothing, or something of it is not right.
pub(crate) async fn by_team(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<Vec<(Option<(i64, String)>, VerdictCount)>, Problem> {
    let filter = filter(app, who, asked).await?;
    let mut counted = app.store.count_verdicts(who.org, &filter).await?;
    let systems = app.store.systems(who.org).await?;
    let mut teams = app.store.teams(who.org).await?;
    teams.retain(|team| may_see(who, team, &systems));
    teams.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let mut all = Vec::new();
    for team in teams {
        if let Some(count) = counted.remove(&Some(team.id)) {
            all.push((Some((team.id, team.name)), count));
        }
    }
    if let Some(count) = counted.remove(&None) {
        all.push((None, count));
    }
    Ok(all)
}

/// How many changes were looked at, refused and let through, by team; without what was asked before a package was added.
#[utoipa::path(get, path = "/api/v1/verdicts/teams", tag = "verdicts",
    operation_id = "verdicts_teams", params(Within),
    responses((status = 200, body = Rows<ShownCount>)))]
pub(crate) async fn teams(
    State(app): State<App>,
    who: Who,
    Query(within): Query<Within>,
) -> Result<Json<Rows<ShownCount>>, Problem> {
    let asked = Asked { days: within.days, ..Asked::default() };
    let all = by_team(&app, &who, &asked).await?;
    let rows = all.iter().map(|(team, is)| ShownCount {
        team: team.as_ref().map(Named::from),
        looked_at: is.all,
        passed: is.passed,
        refused: is.refused,
        unknown: is.unknown,
        mended: is.mended,
        let_through: is.let_through,
        left: is.left,
    });
    Ok(Json(Rows { rows: rows.collect() }))
}
