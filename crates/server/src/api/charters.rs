//! Charters: proposed, agreed to side by side, and what a proposal would make of today's findings.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trimtab_model::Level;
use trimtab_store::{CharterState, StoredCharter, Weighed};
use utoipa::ToSchema;

use super::{Listed, Stands, cursor, findings, limit, visible};
use crate::access::Who;
use crate::agreeing;
use crate::effect::{effect, without_plan};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// A charter to be proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCharter)]
pub(crate) struct Wanted {
    /// The file's text.
    text: String,
}

/// An agreement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreement {
    /// The side: `security`, `engineering`, `product`, `operations`.
    side: String,
}

/// A charter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Charter)]
pub(crate) struct Shown {
    id: i64,
    /// `proposed`, `in-force`, `past`, `withdrawn`.
    state: &'static str,
    /// Who proposed it.
    author: i64,
    #[schema(format = DateTime)]
    proposed: String,
    #[schema(format = DateTime)]
    in_force: Option<String>,
    agreed: Vec<ShownAgreement>,
    /// The file's text.
    text: String,
}

/// Who agreed for a side.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agreed)]
pub(crate) struct ShownAgreement {
    side: &'static str,
    person: i64,
    #[schema(format = DateTime)]
    at: String,
}

/// Today, and as the proposal would have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountChange)]
pub(crate) struct Counts {
    today: i64,
    then: i64,
}

/// The load today, and as the proposal would have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoadChange)]
pub(crate) struct Loads {
    today: f64,
    then: f64,
}

/// How a finding is weighed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Weight)]
pub(crate) struct Told {
    level: &'static str,
    weight: f64,
    #[schema(format = DateTime)]
    deadline: Option<String>,
}

/// A finding that would move.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moved {
    finding: i64,
    today: Option<Told>,
    then: Option<Told>,
}

/// What a proposal would make of today's findings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CharterEffect)]
pub(crate) struct Effects {
    /// The charter that it is compared with.
    against: Option<i64>,
    /// How many findings were weighed.
    weighed: usize,
    /// Whether those are all.
    complete: bool,
    /// Findings by level; `unknown`: those that cannot be weighed.
    levels: BTreeMap<&'static str, Counts>,
    load: Loads,
    graver: usize,
    milder: usize,
    sooner: usize,
    later: usize,
    changed: usize,
    /// At most 500.
    moved: Vec<Moved>,
    /// Teams that have a plan and would have none, until they choose a cadence that it has.
    without_plan: Vec<String>,
}

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// How it stands with them.
    #[param(pattern = "^(proposed|in-force|past|withdrawn)?$")]
    state: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// Charters, the newest first.
#[utoipa::path(get, path = "/api/v1/charters", tag = "charters", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    findings::seen(&who)?;
    let state = match asked.state.as_deref() {
        None | Some("") => None,
        Some(word) => Some(CharterState::from_text(word).ok_or_else(|| {
            Problem::invalid("`state` must be one of proposed, in-force, past, withdrawn.")
        })?),
    };
    let (after, limit) = (cursor(asked.after.as_deref())?, limit(asked.limit));
    let page = app.store.charters_page(who.org, state, after, limit).await?;
    Ok(Json(Listed::of(&page)))
}

/// Proposes a charter.
#[utoipa::path(post, path = "/api/v1/charters", tag = "charters", request_body = Wanted,
    responses((status = 201, body = Stands)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(wanted): Object<Wanted>,
) -> Result<(StatusCode, Json<Stands>), Problem> {
    let id = agreeing::propose(&app, &who, &wanted.text).await?;
    Ok((StatusCode::CREATED, Json(Stands { id, state: "proposed" })))
}

/// Agrees to a proposal for a side.
#[utoipa::path(post, path = "/api/v1/charters/{id}/agree", tag = "charters", request_body = Agreement,
    params(("id" = i64, Path)), responses((status = 200, body = Stands)))]
pub(crate) async fn agree(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(agreement): Object<Agreement>,
) -> Result<Json<Stands>, Problem> {
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    let state = agreeing::agree(&app, &who, &charter, &agreement.side).await?;
    Ok(Json(Stands { id, state: state.as_str() }))
}

/// Takes a proposal back.
#[utoipa::path(delete, path = "/api/v1/charters/{id}", tag = "charters",
    params(("id" = i64, Path)), responses((status = 204, description = "It is taken back")))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    agreeing::withdraw(&app, &who, &charter).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a proposal would make of today's findings.
#[utoipa::path(get, path = "/api/v1/charters/{id}/effect", tag = "charters",
    params(("id" = i64, Path)), responses((status = 200, body = Effects)))]
pub(crate) async fn effects(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Effects>, Problem> {
    findings::seen(&who)?;
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    let proposed =
        agreeing::read(&charter.text).map_err(|wrong| Problem::conflict(agreeing::told(&wrong)))?;
    let systems = app.store.systems(who.org).await?;
    let now = app.now();
    let without_plan = without_plan(&app, &who, &proposed, now).await?;
    let is = effect(&app, who.org, visible(&who, &systems), proposed, now).await?;
    let pair = |(today, then): (i64, i64)| Counts { today, then };
    let mut levels: BTreeMap<&'static str, Counts> =
        Level::ALL.iter().zip(is.levels).map(|(l, counts)| (l.as_str(), pair(counts))).collect();
    levels.insert("unknown", pair(is.unknown));
    let moved = is.moved.iter().take(500).map(|m| Moved {
        finding: m.finding.id,
        today: m.before.as_ref().map(Told::from),
        then: m.after.as_ref().map(Told::from),
    });
    Ok(Json(Effects {
        against: is.against,
        weighed: is.weighed,
        complete: !is.more,
        levels,
        load: Loads { today: is.load.0, then: is.load.1 },
        graver: is.graver,
        milder: is.milder,
        sooner: is.sooner,
        later: is.later,
        changed: is.moved.len(),
        moved: moved.collect(),
        without_plan: without_plan.into_iter().map(|(team, _)| team).collect(),
    }))
}

impl From<&Weighed> for Told {
    fn from(is: &Weighed) -> Told {
        Told {
            level: is.level.as_str(),
            weight: is.weight,
            deadline: is.deadline.map(|t| t.to_string()),
        }
    }
}

impl From<&StoredCharter> for Shown {
    fn from(is: &StoredCharter) -> Shown {
        let agreed = is.agreed.iter().map(|(side, person, at)| ShownAgreement {
            side: side.as_str(),
            person: *person,
            at: at.to_string(),
        });
        Shown {
            id: is.id,
            state: is.state.as_str(),
            author: is.author,
            proposed: is.proposed.to_string(),
            in_force: is.in_force.map(|t| t.to_string()),
            agreed: agreed.collect(),
            text: is.text.clone(),
        }
    }
}
