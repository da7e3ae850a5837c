//! What needs somebody, by the roles that they hold.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use trimtab_model::{Level, Role};
use trimtab_store::{Broken, Rollout, System};
use utoipa::ToSchema;

use super::{Named, appeals, charters, decisions, findings, jobs, limit};
use crate::access::Who;
use crate::facts::needs::{
    Asking, Change, List, MOST, Need, NeedOf, Owed, Rows, TeamNeed, TeamNeedOf, Told,
};
use crate::problem::Problem;
use crate::state::App;

/// What needs somebody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Today {
    /// Each side that they hold, with its lists.
    sides: Vec<OfSide>,
}

/// A side with its lists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TodayOfSide)]
pub(crate) struct OfSide {
    side: &'static str,
    lists: Vec<Counted>,
}

/// A list with how much is in it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TodayCounted)]
pub(crate) struct Counted {
    /// The word: `/api/v1/today/{list}?side=`.
    list: &'static str,
    /// What is in it.
    what: &'static str,
    count: i64,
    /// Whether there may be more.
    at_least: bool,
}

/// Which part of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For which side. Without it: of `answers` alone, in any of their roles.
    #[param(pattern = "^(security|engineering|product|operations|leadership|admin)?$")]
    side: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// A list. Of findings there is a `next`; of other lists no more than 500 rows are looked at, and `at_least` says whether
/// there may be more.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TodayList)]
pub(crate) struct Shown {
    count: i64,
    at_least: bool,
    rows: Vec<Row>,
    /// What to send as `after` for the next page.
    next: Option<String>,
}

/// What needs them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[schema(as = TodayRow)]
pub(crate) enum Row {
    Answer(ShownAnswer),
    Appeal(appeals::Shown),
    Charter(charters::Shown),
    Exception(decisions::Shown),
    Change(ShownChange),
    System(ShownSystem),
    Supplier(ShownOwed),
    Finding(findings::Shown),
    Rollout(ShownRollout),
    Deployment(ShownBroken),
    Job(jobs::Shown),
    Upkeep(ShownNeed),
    TeamUpkeep(ShownTeamNeed),
}

/// A decision that waits for them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DecisionToAnswer)]
pub(crate) struct ShownAnswer {
    decision: decisions::Shown,
    /// The roles in which they may agree to it.
    roles: Vec<&'static str>,
}

/// A change that is scheduled at once, or in a window that runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChangeOfWindow)]
pub(crate) struct ShownChange {
    team: Named,
    asset: Named,
    /// A purl without version.
    package: String,
    /// The version that it is raised to.
    version: String,
    /// The window's name, or `now`.
    window: String,
    /// The ids of the findings that it removes.
    findings: Vec<i64>,
    load: f64,
    points: f64,
}

/// A system without a tier that the charter knows, or without an owner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SystemWithoutTier)]
pub(crate) struct ShownSystem {
    id: i64,
    name: String,
    product_owner: Option<String>,
    /// A word that the charter has not.
    tier: Option<String>,
}

/// Something that a supplier owes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwedBySupplier)]
pub(crate) struct ShownOwed {
    supplier: Named,
    product: String,
    /// `format`, `freshness`, `release`, `quality`, `notice`, `vex`, `answer`.
    what: &'static str,
    /// What shows it.
    shown: String,
    #[schema(format = DateTime)]
    since: String,
}

/// An asset whose main line is rid of findings that still run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RolloutThatWaits)]
pub(crate) struct ShownRollout {
    asset: Named,
    system: Option<Named>,
    findings: i64,
    load: f64,
    level: Option<&'static str>,
    /// Since the first was merged.
    #[schema(format = DateTime)]
    since: Option<String>,
    #[schema(format = DateTime)]
    deadline: Option<String>,
}

/// A deployment that went wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeploymentThatWentWrong)]
pub(crate) struct ShownBroken {
    id: i64,
    asset: Named,
    system: Option<i64>,
    environment: String,
    /// `failed`, `rolled-back`.
    outcome: &'static str,
    #[schema(format = DateTime)]
    at: String,
    revision: Option<String>,
}

/// What the server needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Upkeep)]
pub(crate) struct ShownNeed {
    /// `backup`, `advisories`, `kev`, `epss`, `feeds`, `duty`.
    what: &'static str,
    /// How it stands.
    text: String,
}

/// What a team needs beside its plan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamUpkeep)]
pub(crate) struct ShownTeamNeed {
    team: Named,
    /// `tracker`, `duty`; `alarm`: everybody refused the last one; `answer`: too few people may answer an emergency or
    /// dispute.
    what: &'static str,
    /// Which emergency or dispute.
    appeal: Option<i64>,
    /// Which letter: `/api/v1/notices/{id}`.
    letter: Option<i64>,
    /// How it stands.
    text: String,
    /// Since when, where that is known.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// What needs somebody, by the roles that they hold: how much is in each list.
#[utoipa::path(get, path = "/api/v1/today", tag = "today", operation_id = "today",
    responses((status = 200, body = Today)))]
pub(crate) async fn get(State(app): State<App>, who: Who) -> Result<Json<Today>, Problem> {
    findings::seen(&who)?;
    let asking = Asking::today(&app, &who).await?;
    let counted = |(list, told): &(List, Told)| Counted {
        list: list.word(),
        what: list.what(),
        count: told.count,
        at_least: told.is_least,
    };
    let sides = asking.sides(1).await?;
    let sides = sides.iter().map(|(side, lists)| OfSide {
        side: side.as_str(),
        lists: lists.iter().map(counted).collect(),
    });
    Ok(Json(Today { sides: sides.collect() }))
}

/// A list of what needs somebody.
#[utoipa::path(get, path = "/api/v1/today/{list}", tag = "today", operation_id = "today_list",
    params(("list" = String, Path, description = "`answers`, `appeals`, `charters`, `changes`, `choices`, `unweighed`, `new`, \
        `ending`, `suppliers`, `tiers`, `owners`, `rollouts`, `broken`, `jobs`, `team-upkeep`, `upkeep`"), Asked),
    responses((status = 200, body = Shown)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Json<Shown>, Problem> {
    findings::seen(&who)?;
    let side = asked.side.as_deref().filter(|side| !side.is_empty()).map(|side| {
        let wrong = || Problem::invalid("`side` must be one of the roles that have lists.");
        Role::from_word(side).ok_or_else(wrong)
    });
    let part = (asked.after.as_deref(), limit(asked.limit).min(MOST));
    let (_, _, told) = Asking::list(&app, &who, &word, side.transpose()?, part).await?;
    Ok(Json(Shown {
        count: told.count,
        at_least: told.is_least,
        rows: rows(&told.rows),
        next: told.next,
    }))
}

fn rows(all: &Rows) -> Vec<Row> {
    fn each<T>(all: &[T], row: impl Fn(&T) -> Row) -> Vec<Row> {
        all.iter().map(row).collect()
    }
    match all {
        Rows::Answers(all) => each(all, |(decision, roles)| {
            let roles = roles.iter().map(|role| role.as_str()).collect();
            Row::Answer(ShownAnswer { decision: decision.into(), roles })
        }),
        Rows::Appeals(all) => each(all, |is| Row::Appeal(is.into())),
        Rows::Charters(all) => each(all, |is| Row::Charter(is.into())),
        Rows::Ending(all) => each(all, |is| Row::Exception(is.into())),
        Rows::Changes(all) => each(all, |is| Row::Change(is.into())),
        Rows::Systems(all) => each(all, |is| Row::System(is.into())),
        Rows::Owed(all) => each(all, |is| Row::Supplier(is.into())),
        Rows::Findings(all) => each(all, |is| Row::Finding(is.into())),
        Rows::Rollouts(all) => each(all, |is| Row::Rollout(is.into())),
        Rows::Broken(all) => each(all, |is| Row::Deployment(is.into())),
        Rows::Jobs(all) => each(all, |is| Row::Job(is.into())),
        Rows::Upkeep(all) => each(all, |is| Row::Upkeep(is.into())),
        Rows::Teams(all) => each(all, |is| Row::TeamUpkeep(is.into())),
    }
}

impl From<&Change> for ShownChange {
    fn from(Change { team, asset, is }: &Change) -> ShownChange {
        ShownChange {
            team: Named::from(team),
            asset: Named { id: is.change.asset, name: asset.clone() },
            package: is.change.package.clone(),
            version: is.version.clone(),
            window: is.window.as_ref().map_or("now", |window| &window.name).to_owned(),
            findings: is.findings.clone(),
            load: is.load,
            points: is.points,
        }
    }
}

impl From<&System> for ShownSystem {
    fn from(is: &System) -> ShownSystem {
        ShownSystem {
            id: is.id,
            name: is.name.clone(),
            product_owner: is.product_owner.clone(),
            tier: is.tier.clone(),
        }
    }
}

impl From<&Owed> for ShownOwed {
    fn from(is: &Owed) -> ShownOwed {
        ShownOwed {
            supplier: Named::from(&is.supplier),
            product: is.product.clone(),
            what: is.what,
            shown: is.shown.clone(),
            since: is.since.to_string(),
        }
    }
}

impl From<&Rollout> for ShownRollout {
    fn from(is: &Rollout) -> ShownRollout {
        ShownRollout {
            asset: Named::from(&is.asset),
            system: is.system.as_ref().map(Named::from),
            findings: is.findings,
            load: is.weight,
            level: is.level.map(Level::as_str),
            since: is.since.map(|at| at.to_string()),
            deadline: is.deadline.map(|at| at.to_string()),
        }
    }
}

impl From<&Broken> for ShownBroken {
    fn from(is: &Broken) -> ShownBroken {
        ShownBroken {
            id: is.id,
            asset: Named::from(&is.asset),
            system: is.system,
            environment: is.environment.clone(),
            outcome: is.outcome.as_str(),
            at: is.at.to_string(),
            revision: is.revision.clone(),
        }
    }
}

impl From<&Need> for ShownNeed {
    fn from(is: &Need) -> ShownNeed {
        let what = match is.what {
            NeedOf::Backup => "backup",
            NeedOf::Advisories => "advisories",
            NeedOf::Kev => "kev",
            NeedOf::Epss => "epss",
            NeedOf::Feeds => "feeds",
            NeedOf::Duty => "duty",
        };
        ShownNeed { what, text: is.text.clone() }
    }
}

impl From<&TeamNeed> for ShownTeamNeed {
    fn from(is: &TeamNeed) -> ShownTeamNeed {
        let what = match is.what {
            TeamNeedOf::Tracker => "tracker",
            TeamNeedOf::Duty => "duty",
            TeamNeedOf::Alarm(_) => "alarm",
            TeamNeedOf::Answer(_) => "answer",
        };
        let (appeal, letter) = match is.what {
            TeamNeedOf::Answer(id) => (Some(id), None),
            TeamNeedOf::Alarm(id) => (None, Some(id)),
            TeamNeedOf::Tracker | TeamNeedOf::Duty => (None, None),
        };
        ShownTeamNeed {
            appeal,
            letter,
            team: Named::from(&is.team),
            what,
            text: is.text.clone(),
            since: is.since.map(|at| at.to_string()),
        }
    }
}
