//! How it goes over a period, compared with another. The page and the CSV tell the same numbers.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use trimtab_engine::measure::{Delivery, Shipped, Spread};
use trimtab_model::Level;
use trimtab_store::Production;
use utoipa::ToSchema;

use super::{Named, limit};
use crate::access::Who;
use crate::facts::counted::{self, Line, List, Rows, Said, Wanted, What};
use crate::measuring::question::{Asked, Numbers, measure_whole, told};
use crate::measuring::shipping::Both;
use crate::problem::Problem;
use crate::state::App;

/// How durations spread, in days.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Spread)]
pub(crate) struct ShownSpread {
    count: usize,
    least: f64,
    median: f64,
    p90: f64,
    most: f64,
}

impl From<Spread> for ShownSpread {
    fn from(is: Spread) -> ShownSpread {
        ShownSpread {
            count: is.count,
            least: is.least,
            median: is.median,
            p90: is.p90,
            most: is.most,
        }
    }
}

/// Time to remediate by level.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ByLevel {
    critical: Option<ShownSpread>,
    high: Option<ShownSpread>,
    medium: Option<ShownSpread>,
    low: Option<ShownSpread>,
}

/// How deadlines were kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deadlines)]
pub(crate) struct ShownDeadlines {
    met: usize,
    missed: usize,
    /// `null`: none was due.
    share: Option<f64>,
}

/// What came and went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
pub(crate) struct ShownFlow {
    found: usize,
    fixed: usize,
    retracted: usize,
}

/// How old what is open is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Age)]
pub(crate) struct ShownAge {
    days: Option<ShownSpread>,
    under_7: usize,
    under_30: usize,
    under_90: usize,
    older: usize,
}

/// How often teams were asked and told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Noise)]
pub(crate) struct ShownNoise {
    /// Hours in which a team was asked for work outside *now*: a request was opened, or its plan changed.
    interruptions: usize,
    /// The same for each team and week. `null`: there is no team.
    a_week: Option<f64>,
    /// Hours in which a team was asked for work *now* alone.
    now: usize,
    /// Requests opened.
    requests: usize,
    /// Notices: of changed plans, and of new findings.
    notices: usize,
}

/// The numbers of a period. `null` is unknown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Numbers)]
pub(crate) struct ShownNumbers {
    load: Option<f64>,
    load_days: Option<f64>,
    time_to_remediate: Option<ShownSpread>,
    time_to_remediate_by_level: ByLevel,
    detected_to_merged: Option<ShownSpread>,
    merged_to_deployed: Option<ShownSpread>,
    deadlines: ShownDeadlines,
    flow: ShownFlow,
    age: ShownAge,
    noise: ShownNoise,
}

/// The delivery measures of a period: deployments to production, those that failed among them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct ShownDelivery {
    deployments: usize,
    a_week: f64,
    /// Whether there are so few that they are no ground to compare.
    few: bool,
    /// Days from when what was deployed was received to its deployment.
    lead_time: Option<ShownSpread>,
    /// Those that failed or were taken back. `null`: by then it had never been told that one ended other than well.
    failed: Option<usize>,
    change_failure_rate: Option<f64>,
    /// Days from a change that failed to when something ran again as it should.
    time_to_restore: Option<ShownSpread>,
    /// Those that failed and after which nothing was told to run.
    not_restored: usize,
}

impl From<&Delivery> for ShownDelivery {
    fn from(is: &Delivery) -> ShownDelivery {
        ShownDelivery {
            deployments: is.deployments,
            a_week: is.a_week,
            few: is.is_few(),
            lead_time: is.lead.map(ShownSpread::from),
            failed: is.failed,
            change_failure_rate: is.failure(),
            time_to_restore: is.restore.map(ShownSpread::from),
            not_restored: is.down,
        }
    }
}

/// Deployments that carried dependency updates, beside all of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deliveries)]
pub(crate) struct ShownDeliveries {
    with_updates: ShownDelivery,
    all: ShownDelivery,
}

impl From<&Both> for ShownDeliveries {
    fn from(is: &Both) -> ShownDeliveries {
        ShownDeliveries { with_updates: (&is.updates).into(), all: (&is.all).into() }
    }
}

/// A day: the load, and the findings by level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoadDay)]
pub(crate) struct ShownDay {
    #[schema(format = Date)]
    day: String,
    load: f64,
    critical: i64,
    high: i64,
    medium: i64,
    low: i64,
    unknown: i64,
}

/// A team or system, in this period and the one that it is compared with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MeasuredGroup)]
pub(crate) struct Group {
    id: i64,
    name: String,
    now: ShownNumbers,
    before: ShownNumbers,
}

/// What is measured.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Metrics)]
pub(crate) struct Shown {
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    /// The first and the last day of the period that it is compared with.
    #[schema(format = Date)]
    before_from: String,
    #[schema(format = Date)]
    before_to: String,
    team: Option<String>,
    system: Option<String>,
    now: ShownNumbers,
    before: ShownNumbers,
    /// What was delivered. `null`: there are more deployments than are looked at.
    delivery: Option<ShownDeliveries>,
    delivery_before: Option<ShownDeliveries>,
    days: Vec<ShownDay>,
    /// `team`, `system`.
    by: &'static str,
    groups: Vec<Group>,
}

impl From<&Numbers> for ShownNumbers {
    fn from(is: &Numbers) -> ShownNumbers {
        let spread = |s: Option<Spread>| s.map(ShownSpread::from);
        let [critical, high, medium, low] = is.by_level.map(spread);
        ShownNumbers {
            load: is.load,
            // A sum of nothing has a sign.
            load_days: Some(is.load_days + 0.0),
            time_to_remediate: spread(is.fixed),
            time_to_remediate_by_level: ByLevel { critical, high, medium, low },
            detected_to_merged: spread(is.legs.merge),
            merged_to_deployed: spread(is.legs.deploy),
            deadlines: ShownDeadlines {
                met: is.deadlines.met,
                missed: is.deadlines.missed,
                share: is.deadlines.share(),
            },
            flow: ShownFlow {
                found: is.flow.found,
                fixed: is.flow.fixed,
                retracted: is.flow.retracted,
            },
            age: ShownAge {
                days: spread(is.age.spread),
                under_7: is.age.bands[0],
                under_30: is.age.bands[1],
                under_90: is.age.bands[2],
                older: is.age.bands[3],
            },
            noise: ShownNoise {
                interruptions: is.noise.interruptions,
                a_week: is.noise_a_week,
                now: is.noise.now,
                requests: is.noise.requests,
                notices: is.noise.notices,
            },
        }
    }
}

/// How it goes over a period, compared with another: the one before, or the one from `against`.
#[utoipa::path(get, path = "/api/v1/metrics", tag = "metrics", params(Asked),
    responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Shown>, Problem> {
    let is = measure_whole(&app, &who, &asked).await?;
    let days = is.days.iter().filter(|d| is.began.is_some_and(|began| d.day >= began));
    let days = days.map(|d| {
        let [low, medium, high, critical] = d.levels;
        let (day, load, unknown) = (told(d.day), d.load, d.unknown);
        ShownDay { day, load, critical, high, medium, low, unknown }
    });
    let groups = is.groups.iter().map(|(name, id, now, before)| Group {
        id: *id,
        name: name.clone(),
        now: now.into(),
        before: before.into(),
    });
    // Of what was before the first entry nobody knows.
    let mut before = ShownNumbers::from(&is.before);
    before.load = before.load.filter(|_| is.began.is_some_and(|began| began <= is.other.last));
    before.load_days =
        before.load_days.filter(|_| is.began.is_some_and(|began| began <= is.other.first));
    Ok(Json(Shown {
        from: told(is.period.first),
        to: told(is.period.last),
        before_from: told(is.other.first),
        before_to: told(is.other.last),
        team: is.team.as_ref().map(|t| t.name.clone()),
        system: is.system.as_ref().map(|s| s.name.clone()),
        now: (&is.now).into(),
        before,
        delivery: is.delivered.now.as_ref().map(ShownDeliveries::from),
        delivery_before: is.delivered.before.as_ref().map(ShownDeliveries::from),
        days: days.collect(),
        by: is.by,
        groups: groups.collect(),
    }))
}

/// How many rows of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Many {
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// A page of what a measure counts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Counted)]
pub(crate) struct ShownList {
    /// How many there are.
    total: usize,
    /// Of deployments: from when on they are known, where there are more than are looked at; what was before is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// Up to when was counted, in microseconds since 1970: to be sent with `after`.
    at: i64,
    /// What all of the findings bring together: load, load-days or days.
    sum: Option<f64>,
    rows: Vec<ShownRow>,
    /// What to send as `after` for the next page.
    next: Option<String>,
}

/// What is counted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
#[schema(as = CountedRow)]
pub(crate) enum ShownRow {
    Finding(ShownFinding),
    Interruption(ShownTold),
    Request(ShownTold),
    Notice(ShownTold),
    Deployment(ShownShipped),
}

/// A change of what runs in production.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedDeployment)]
pub(crate) struct ShownShipped {
    deployment: i64,
    asset: Named,
    system: Option<i64>,
    environment: String,
    #[schema(format = DateTime)]
    at: String,
    /// Days from when what was deployed was received. `null`: not known.
    lead: Option<f64>,
    /// Whether it failed or was taken back.
    failed: bool,
    #[schema(format = DateTime)]
    restored: Option<String>,
    /// The updates that it carried for the first time.
    updates: Vec<i64>,
}

impl From<&(Shipped, Production)> for ShownShipped {
    fn from((is, of): &(Shipped, Production)) -> ShownShipped {
        ShownShipped {
            deployment: is.id,
            asset: Named::from(&of.asset),
            system: of.system,
            environment: of.environment.clone(),
            at: is.at.to_string(),
            lead: is.lead,
            failed: is.failed,
            restored: is.restored.map(|at| at.to_string()),
            updates: is.updates.clone(),
        }
    }
}

/// A finding that is counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedFinding)]
pub(crate) struct ShownFinding {
    finding: i64,
    vulnerability: String,
    /// A purl. `null`: it is not there any longer, or may not be seen where it is now.
    component: Option<String>,
    asset: Option<Named>,
    system: Option<i64>,
    /// `critical`, `high`, `medium`, `low`: by which it is counted.
    level: Option<&'static str>,
    /// When what is counted began. `null`: before the ledger did.
    #[schema(format = DateTime)]
    began: Option<String>,
    /// When it happened; of what stands, when the period ends.
    #[schema(format = DateTime)]
    at: String,
    /// What it brings: days, load-days, else its weight.
    value: f64,
}

/// What a team was asked or told at a moment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedTelling)]
pub(crate) struct ShownTold {
    #[schema(format = DateTime)]
    at: String,
    /// `null`: no team owns it.
    team: Option<i64>,
    /// Whether it was *now* alone.
    now: bool,
    /// `request`, `plan`, `findings`.
    what: &'static str,
    /// The batch of the request.
    about: Option<String>,
    update: Option<i64>,
    /// How many more requests came with it.
    more: usize,
    /// How many changes of the plan.
    changes: usize,
    /// The asset of new findings.
    asset: Option<i64>,
}

impl From<&counted::Row> for ShownFinding {
    fn from(is: &counted::Row) -> ShownFinding {
        let known = is.known.as_ref();
        ShownFinding {
            finding: is.finding,
            vulnerability: is.vulnerability.clone(),
            component: known.map(|f| f.component.1.clone()),
            asset: known.map(|f| Named::from(&f.asset)),
            system: is.system,
            level: is.level.map(Level::as_str),
            began: is.began.map(|at| at.to_string()),
            at: is.at.to_string(),
            value: is.value,
        }
    }
}

impl From<&Line> for ShownTold {
    fn from(is: &Line) -> ShownTold {
        let told = ShownTold {
            at: is.at.to_string(),
            team: is.team,
            now: is.now,
            what: "findings",
            about: None,
            update: None,
            more: 0,
            changes: 0,
            asset: None,
        };
        match &is.what {
            What::Request { about, update, more, changes } => ShownTold {
                what: "request",
                about: Some(about.clone()),
                update: *update,
                more: *more,
                changes: *changes,
                ..told
            },
            What::Plan { changes } => ShownTold { what: "plan", changes: *changes, ..told },
            What::Findings { asset } => ShownTold { asset: *asset, ..told },
        }
    }
}

/// What a measure counts, one by one.
#[utoipa::path(get, path = "/api/v1/metrics/list", tag = "metrics", operation_id = "counted",
    params(Asked, Wanted, Many), responses((status = 200, body = ShownList)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
    Query(wanted): Query<Wanted>,
    Query(many): Query<Many>,
) -> Result<Json<ShownList>, Problem> {
    let List { total, now, rows, next, .. } =
        counted::list(&app, &who, &asked, &wanted, limit(many.limit)).await?;
    let mut since = None;
    let (sum, rows) = match rows {
        Rows::Findings(of, rows) => {
            let row = |is| ShownRow::Finding(ShownFinding::from(is));
            (Some(of.sum), rows.iter().map(row).collect())
        }
        Rows::Shipped(all, begins) => {
            since = begins;
            let row = |is| ShownRow::Deployment(ShownShipped::from(is));
            (None, all.iter().map(row).collect())
        }
        Rows::Told(said, lines) => {
            let of = match said {
                Said::Interruptions => ShownRow::Interruption,
                Said::Requests => ShownRow::Request,
                Said::Notices => ShownRow::Notice,
            };
            (None, lines.iter().map(|line| of(ShownTold::from(line))).collect())
        }
    };
    let since = since.map(|at| at.to_string());
    Ok(Json(ShownList { total, since, at: now.as_microsecond(), sum, rows, next }))
}
