//! Findings: lists with filters. One with all that is known of it is in `finding.rs`.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_model::{Exposure, Level};
use trimtab_store::{
    Attribution, DueByTeam, Entry, ExposureIs, Finding, FindingFilter, FindingOrder, FindingState,
    Waits,
};
use utoipa::ToSchema;

use super::{Listed, Named, cursor, visible};
use crate::access::{Action, Who};
use crate::facts::listing;
use crate::facts::needs::lines;
use crate::problem::Problem;
use crate::replanning::Told;
use crate::state::App;

/// How many systems may be asked for at once.
const SYSTEMS: usize = 100;
/// What `due=week` means.
pub(crate) const WEEK: SignedDuration = SignedDuration::from_hours(24 * 7);

/// The filter, as it stands in an address. The pages use the same.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `live`, the default: open and merged ones.
    #[param(pattern = "^(live|any|open|merged|fixed|retracted)?$")]
    pub(crate) state: Option<String>,
    #[param(pattern = "^(critical|high|medium|low)?$")]
    pub(crate) level: Option<String>,
    /// Of a system; 0: of none.
    pub(crate) system: Option<i64>,
    /// Of any of these systems: their numbers, with commas between, at most 100.
    pub(crate) systems: Option<String>,
    /// Of a team; 0: of none.
    pub(crate) team: Option<i64>,
    pub(crate) asset: Option<i64>,
    /// Any of its names.
    pub(crate) vulnerability: Option<String>,
    /// A purl without version.
    pub(crate) package: Option<String>,
    /// With this fix: what one change removes.
    pub(crate) fix: Option<String>,
    /// `passed`, `window` (before the end of the window in which its team is now, or within a week where the team
    /// has no plan), `week` (within seven days from now), `later`, `none`, or due before a time.
    pub(crate) due: Option<String>,
    /// Detected at this time or later.
    #[param(format = DateTime)]
    pub(crate) since: Option<String>,
    /// `true`: weighed above the level that the tier of their system accepts.
    pub(crate) above: Option<bool>,
    /// Whether they count towards the load: open, in production or not known to be out of it, not decided otherwise.
    pub(crate) counts: Option<bool>,
    /// Whether some source names a fix.
    pub(crate) fixable: Option<bool>,
    /// From where its system can be reached; `unknown`: nobody said.
    #[param(pattern = "^(internet|internal|isolated|unknown)?$")]
    pub(crate) exposure: Option<String>,
    /// A text in the name of the package, the vulnerability, the asset or the system, or in what the vulnerability
    /// is about; at most 200 characters of it.
    pub(crate) q: Option<String>,
    #[param(pattern = "^(level|deadline|newest|fixed)?$")]
    pub(crate) order: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
    /// Of the page: by what it is grouped.
    #[param(ignore)]
    pub(crate) by: Option<String>,
}

impl Asked {
    /// The filter and the order, for what they may see.
    pub(crate) async fn filter(
        &self,
        app: &App,
        who: &Who,
    ) -> Result<(FindingFilter, FindingOrder), Problem> {
        let systems = app.store.systems(who.org).await?;
        let states = match self.state.as_deref() {
            None | Some("" | "live") => Vec::new(),
            Some("any") => FindingState::ALL.to_vec(),
            Some(word) => vec![FindingState::from_text(word).ok_or_else(|| {
                Problem::invalid(
                    "`state` must be one of live, any, open, merged, fixed, retracted.",
                )
            })?],
        };
        let level = match self.level.as_deref() {
            None | Some("") => None,
            Some(word) => Some(Level::from_word(word).ok_or_else(|| {
                Problem::invalid("`level` must be one of critical, high, medium, low.")
            })?),
        };
        let vulnerability = match self.vulnerability.as_deref() {
            None | Some("") => None,
            // Of a name that is not known here there is no finding.
            Some(name) => Some(app.store.vulnerability_of(who.org, name).await?.map_or(0, |v| v.0)),
        };
        let exposure = match self.exposure.as_deref() {
            None | Some("") => None,
            Some("unknown") => Some(ExposureIs::Unknown),
            Some(word) => {
                Some(Exposure::from_word(word).map(ExposureIs::Known).ok_or_else(|| {
                    Problem::invalid(
                        "`exposure` must be one of internet, internal, isolated, unknown.",
                    )
                })?)
            }
        };
        let text = self.q.as_deref().map(|q| q.trim().chars().take(200).collect::<String>());
        let text = match text.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(app.store.mentioned(who.org, &text).await?),
        };
        let order = match self.order.as_deref() {
            None | Some("" | "level") => FindingOrder::Level,
            Some("deadline") => FindingOrder::Deadline,
            Some("newest") => FindingOrder::Newest,
            Some("fixed") => FindingOrder::Fixed,
            Some(_) => {
                return Err(Problem::invalid(
                    "`order` must be one of level, deadline, newest, fixed.",
                ));
            }
        };
        let since = match self.since.as_deref() {
            None => None,
            Some(text) => Some(text.parse::<Timestamp>().map_err(|_| {
                Problem::invalid("`since` must be a time such as 2026-11-21T09:00:00Z.")
            })?),
        };
        let waits = match self.above {
            Some(true) => {
                let agreed = app.agreed(who.org, app.now()).await?;
                Some(Waits::Above(lines(&agreed)))
            }
            Some(false) => return Err(Problem::invalid("`above` must be true or left out.")),
            None => None,
        };
        let filter = FindingFilter {
            states,
            level,
            since,
            waits,
            system: self.system,
            systems: self.of_systems(visible(who, &systems))?,
            team: self.team,
            asset: self.asset,
            vulnerability,
            package: self.package.clone().filter(|p| !p.is_empty()),
            fix: self.fix.clone().filter(|f| !f.is_empty()),
            counts: self.counts,
            fixable: self.fixable,
            exposure,
            text,
            ..FindingFilter::default()
        };
        Ok((self.due(app, who, filter).await?, order))
    }

    /// The systems that are asked for, of those that they may see.
    fn of_systems(&self, seen: Option<Vec<i64>>) -> Result<Option<Vec<i64>>, Problem> {
        let Some(text) = self.systems.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(seen);
        };
        let ids: Option<Vec<i64>> = text.split(',').map(|id| id.trim().parse().ok()).collect();
        let ids = ids.filter(|ids| ids.len() <= SYSTEMS);
        let mut ids = ids.ok_or_else(|| {
            Problem::invalid(format!(
                "`systems` must be 1 to {SYSTEMS} numbers, separated by commas."
            ))
        })?;
        ids.retain(|id| seen.as_ref().is_none_or(|seen| seen.contains(id)));
        Ok(Some(ids))
    }

    /// The filter, narrowed to what is due then.
    async fn due(
        &self,
        app: &App,
        who: &Who,
        filter: FindingFilter,
    ) -> Result<FindingFilter, Problem> {
        let now = app.now();
        Ok(match self.due.as_deref() {
            None | Some("") => filter,
            Some("passed") => FindingFilter { due_before: Some(now), ..filter },
            Some("week") => {
                FindingFilter { due_from: Some(now), due_before: Some(now + WEEK), ..filter }
            }
            Some("window") => FindingFilter {
                due_from: Some(now),
                due_by_team: Some(windows(app, who, now).await?),
                ..filter
            },
            Some("later") => {
                FindingFilter { due_from: Some(now + WEEK), dated: Some(true), ..filter }
            }
            Some("none") => FindingFilter { dated: Some(false), ..filter },
            Some(text) => {
                let wrong = |_| {
                    Problem::invalid(
                        "`due` must be `passed`, `window`, `week`, `later`, `none` or a time such as \
                         2026-11-21T09:00:00Z.",
                    )
                };
                FindingFilter { due_before: Some(text.parse().map_err(wrong)?), ..filter }
            }
        })
    }
}

/// Until when each team's present window goes, by its kept plan.
async fn windows(app: &App, who: &Who, now: Timestamp) -> Result<DueByTeam, Problem> {
    let mut teams = Vec::new();
    for plan in app.store.team_plans(who.org).await? {
        let told: Told = serde_json::from_value(plan.told).unwrap_or_default();
        let ends = told.windows.iter().filter_map(|w| Timestamp::from_second(w.ends).ok());
        teams.extend(ends.filter(|ends| *ends > now).min().map(|ends| (plan.team, ends)));
    }
    Ok(DueByTeam { teams, rest: now + WEEK })
}

/// A finding on the wire. What is `null` is unknown, or not there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Finding)]
pub(crate) struct Shown {
    id: i64,
    asset: Named,
    system: Option<Named>,
    team: Option<Named>,
    /// A purl without version.
    package: String,
    /// A purl.
    component: String,
    vulnerability: String,
    summary: Option<String>,
    /// `open`, `merged`, `fixed`, `retracted`.
    state: &'static str,
    /// Whether it is in production; `null`: nobody said what runs.
    production: Option<bool>,
    #[schema(format = DateTime)]
    detected: String,
    #[schema(format = DateTime)]
    merged: Option<String>,
    #[schema(format = DateTime)]
    fixed: Option<String>,
    /// `critical`, `high`, `medium`, `low`.
    level: Option<&'static str>,
    level_least: Option<&'static str>,
    level_most: Option<&'static str>,
    probability: Option<f64>,
    weight: Option<f64>,
    #[schema(format = DateTime)]
    deadline: Option<String>,
    deadline_kind: Option<&'static str>,
    /// From, to, in points.
    #[schema(value_type = Option<Vec<f64>>, min_items = 2, max_items = 2)]
    cost: Option<(f64, f64)>,
    fix: Option<String>,
    decision: Option<i64>,
    decided: Option<&'static str>,
}

/// What a source said of a finding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attribution)]
pub(crate) struct ShownAttribution {
    source: String,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    last: String,
    /// Since when it no longer says so.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// What it said.
    said: serde_json::Value,
}

/// An entry of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct ShownEntry {
    seq: i64,
    /// Microseconds since 1970.
    at: i64,
    kind: String,
    actor: String,
    system: Option<i64>,
    asset: Option<i64>,
    finding: Option<i64>,
    /// JSON, as it is sealed.
    data: String,
    /// The seal.
    hash: String,
}

impl From<&Finding> for Shown {
    fn from(is: &Finding) -> Shown {
        let w = is.weighed.as_ref();
        Shown {
            id: is.id,
            asset: Named::from(&is.asset),
            system: is.system.as_ref().map(Named::from),
            team: is.team.as_ref().map(Named::from),
            package: is.package.clone(),
            component: is.component.1.clone(),
            vulnerability: is.vulnerability.1.clone(),
            summary: is.summary.clone(),
            state: is.state.as_str(),
            production: is.production,
            detected: is.detected.to_string(),
            merged: is.merged.map(|t| t.to_string()),
            fixed: is.fixed.map(|t| t.to_string()),
            level: w.map(|w| w.level.as_str()),
            level_least: w.map(|w| w.bounds.0.as_str()),
            level_most: w.map(|w| w.bounds.1.as_str()),
            probability: w.map(|w| w.probability),
            weight: w.map(|w| w.weight),
            deadline: w.and_then(|w| w.deadline).map(|t| t.to_string()),
            deadline_kind: w.map(|w| w.deadline_kind),
            cost: w.and_then(|w| w.cost),
            fix: is.fix.clone(),
            decision: w.and_then(|w| w.decision).map(|d| d.0),
            decided: w.and_then(|w| w.decision).map(|d| d.1),
        }
    }
}

/// Findings by filter, a page at a time.
#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    seen(&who)?;
    let (filter, order) = asked.filter(&app, &who).await?;
    let after = cursor(asked.after.as_deref())?;
    let limit = asked.limit.unwrap_or(100);
    let page = app.store.findings(who.org, &filter, order, after, limit).await?;
    Ok(Json(Listed::of(&page)))
}

/// Findings by filter as CSV, from the beginning, at most 100,000.
#[utoipa::path(get, path = "/api/v1/findings.csv", tag = "findings", params(Asked),
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    listing::findings(&app, &who, &asked).await
}

/// They may see something at all.
pub(crate) fn seen(who: &Who) -> Result<(), Problem> {
    if who.may_somewhere(Action::View) { Ok(()) } else { Err(Problem::forbidden(Action::View)) }
}

impl From<&Attribution> for ShownAttribution {
    fn from(is: &Attribution) -> ShownAttribution {
        ShownAttribution {
            source: is.source.clone(),
            since: is.since.to_string(),
            last: is.last.to_string(),
            until: is.until.map(|t| t.to_string()),
            said: is.said.clone(),
        }
    }
}

impl From<&Entry> for ShownEntry {
    fn from(is: &Entry) -> ShownEntry {
        ShownEntry {
            seq: is.seq,
            at: is.at,
            kind: is.kind.clone(),
            actor: is.actor.clone(),
            system: is.system,
            asset: is.asset,
            finding: is.finding,
            data: is.data.clone(),
            hash: is.hash.clone(),
        }
    }
}
