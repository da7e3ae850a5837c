//! Reviews: prepared, opened, held, closed; what they decided, and their minutes.

pub(crate) mod card;
mod shown;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trimtab_engine::review::Kind;
use trimtab_report::minutes;
use trimtab_store::{Cursor, ResolveState, Review, ReviewFilter, ReviewOf, ReviewState};
use utoipa::ToSchema;

pub(crate) use shown::{Known, known};
use shown::{Shown, shown};

use super::{Changed, Listed, cursor, limit, moment};
use crate::access::Who;
use crate::object::Object;
use crate::problem::Problem;
use crate::reviewing::minutes::{Told, document};
use crate::reviewing::{self, Sent, Wanted};
use crate::state::App;

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a team.
    pub(crate) team: Option<i64>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A page of the reviews that they may see, the latest first.
///
/// # Errors
/// They may see nothing.
pub(crate) async fn all(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<(Vec<Review>, Option<Cursor>), Problem> {
    super::findings::seen(who)?;
    let systems = super::visible(who, &app.store.systems(who.org).await?);
    let filter = ReviewFilter { team: asked.team, systems, ..ReviewFilter::default() };
    let after = cursor(asked.after.as_deref())?;
    let page = app.store.reviews(who.org, &filter, after, limit(asked.limit)).await?;
    Ok((page.rows, page.next))
}

/// How many of them there are in each state, and when the soonest is.
///
/// # Errors
/// They may see nothing.
pub(crate) async fn counted(
    app: &App,
    who: &Who,
    team: Option<i64>,
) -> Result<Vec<(ReviewState, i64, jiff::Timestamp)>, Problem> {
    super::findings::seen(who)?;
    let systems = super::visible(who, &app.store.systems(who.org).await?);
    let filter = ReviewFilter { team, systems, ..ReviewFilter::default() };
    Ok(app.store.count_reviews(who.org, &filter).await?)
}

/// A review, in a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewRow)]
pub(crate) struct Row {
    id: i64,
    /// `weekly`, `monthly`, `quarterly`.
    kind: String,
    /// `all`, `team:ID`, `systems:ID,ID`.
    of: String,
    #[schema(format = DateTime)]
    at: String,
    minutes: u32,
    /// `prepared`, `open`, `closed`.
    state: &'static str,
    #[schema(format = DateTime)]
    opened: Option<String>,
    #[schema(format = DateTime)]
    closed: Option<String>,
}

impl From<&Review> for Row {
    fn from(is: &Review) -> Row {
        Row {
            id: is.id,
            kind: is.is.kind.clone(),
            of: is.is.of.word(),
            at: is.is.at.to_string(),
            minutes: is.is.minutes,
            state: is.state.as_str(),
            opened: is.opened.map(|at| at.to_string()),
            closed: is.closed.map(|at| at.to_string()),
        }
    }
}

/// Reviews, the latest first.
#[utoipa::path(get, path = "/api/v1/reviews", tag = "reviews", params(Asked),
    responses((status = 200, body = Listed<Row>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Row>>, Problem> {
    let (rows, next) = all(&app, &who, &asked).await?;
    Ok(Json(Listed { rows: rows.iter().map(Row::from).collect(), next: next.map(Cursor::to_text) }))
}

/// A review to be held: of a team, of systems, or of the whole organisation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReview)]
pub(crate) struct New {
    /// `weekly`, `monthly`, `quarterly`. If absent: `weekly`.
    kind: Option<String>,
    team: Option<i64>,
    #[serde(default)]
    #[schema(max_items = 100)]
    systems: Vec<i64>,
    /// What the group of these systems is called, in every review of the same; empty: it has no name any longer. If absent:
    /// as before.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// When. If absent: now.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// How long. If absent: 30.
    #[schema(minimum = 10, maximum = 180)]
    minutes: Option<u32>,
}

/// Prepares a review.
#[utoipa::path(post, path = "/api/v1/reviews", tag = "reviews", request_body = New,
    responses((status = 201, body = Changed)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<New>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let of = match (sent.team, sent.systems) {
        (None, systems) if systems.is_empty() => ReviewOf::All,
        (None, systems) => ReviewOf::Systems(systems),
        (Some(team), systems) if systems.is_empty() => ReviewOf::Team(team),
        (Some(_), _) => {
            return Err(Problem::invalid("A review must be of a team or of systems, not of both."));
        }
    };
    if sent.at.as_deref() == Some("") {
        return Err(Problem::invalid("`at` must be a time such as 2026-11-21T09:00:00Z."));
    }
    let at = moment("at", sent.at.as_deref())?.unwrap_or_else(|| app.now());
    let kind = match sent.kind.as_deref() {
        None => Kind::Weekly,
        Some(word) => Kind::from_text(word)
            .ok_or_else(|| Problem::invalid("`kind` must be one of weekly, monthly, quarterly."))?,
    };
    let wanted = Wanted { kind, of, at, minutes: sent.minutes.unwrap_or(30), name: sent.name };
    let id = reviewing::prepare(&app, &who, wanted).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// A review.
#[utoipa::path(get, path = "/api/v1/reviews/{id}", tag = "reviews", params(("id" = i64, Path,)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(shown(&known(&app, &who, id).await?, app.now())))
}

/// What is done with a review.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewStep)]
pub(crate) struct Step {
    /// `open`, `attend`, `close`.
    r#do: String,
    /// Who is there, with `attend`. If absent: oneself.
    person: Option<i64>,
    /// With `close`.
    #[serde(default)]
    #[schema(max_length = 5000)]
    note: String,
}

/// Opens a review, notes who is there, or closes it.
#[utoipa::path(post, path = "/api/v1/reviews/{id}", tag = "reviews", params(("id" = i64, Path,)),
    request_body = Step, responses((status = 200, body = Changed)))]
pub(crate) async fn step(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Step>,
) -> Result<Json<Changed>, Problem> {
    match sent.r#do.as_str() {
        "open" => reviewing::open(&app, &who, id).await?,
        "attend" => reviewing::attend(&app, &who, id, sent.person).await?,
        "close" => reviewing::close(&app, &who, id, &sent.note).await?,
        _ => return Err(Problem::invalid("`do` must be one of open, attend, close.")),
    }
    Ok(Json(Changed { id }))
}

/// Something that is decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReviewDecision)]
pub(crate) struct NewDecision {
    /// The key of a topic of the agenda. If absent: of none.
    #[serde(default)]
    #[schema(max_length = 300)]
    topic: String,
    #[schema(min_length = 1, max_length = 500)]
    what: String,
    /// The id of the person who does it.
    owner: i64,
    /// The last day.
    #[schema(format = Date)]
    due: String,
}

/// Writes down what an open review decided.
#[utoipa::path(post, path = "/api/v1/reviews/{id}/decisions", tag = "reviews",
    params(("id" = i64, Path,)), request_body = NewDecision,
    responses((status = 201, body = Changed)))]
pub(crate) async fn decide(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<NewDecision>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let NewDecision { topic, what, owner, due } = sent;
    let id = reviewing::decide(&app, &who, id, &Sent { topic, what, owner, due }).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// What became of something that was decided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReviewFollowed)]
pub(crate) struct Followed {
    /// The id of the decision.
    decision: i64,
    /// `open`, `done`, `dropped`.
    state: String,
    #[serde(default)]
    #[schema(max_length = 500)]
    word: String,
    /// Of `open`: the id of the person who does it from now on. If absent: who did before.
    #[serde(default)]
    owner: Option<i64>,
}

/// Says what became of something that a review decided.
#[utoipa::path(post, path = "/api/v1/reviews/{id}/followed", tag = "reviews",
    params(("id" = i64, Path,)), request_body = Followed,
    responses((status = 200, body = Changed)))]
pub(crate) async fn followed(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Followed>,
) -> Result<Json<Changed>, Problem> {
    let state = ResolveState::from_text(&sent.state);
    let state =
        state.ok_or_else(|| Problem::invalid("`state` must be one of open, done, dropped."))?;
    let decision = sent.decision;
    let told = (state, sent.word.as_str(), sent.owner);
    reviewing::follow_up(&app, &who, (id, decision), told).await?;
    Ok(Json(Changed { id: decision }))
}

/// In which format.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Format {
    /// `md`, `html`, `pdf`, `json`. If absent: `md`.
    r#as: Option<String>,
}

/// The minutes of a review, to be taken away.
#[utoipa::path(get, path = "/api/v1/reviews/{id}/minutes", tag = "reviews",
    params(("id" = i64, Path,), Format),
    responses((status = 200, content(
        (Vec<u8> = "text/markdown"), (Vec<u8> = "text/html"), (Vec<u8> = "application/pdf"),
        (Shown = "application/json")))))]
pub(crate) async fn minutes(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(format): Query<Format>,
) -> Result<Response, Problem> {
    let (is, now) = (known(&app, &who, id).await?, app.now());
    let document = document(&Told {
        review: &is.review,
        scope: &is.scope,
        pack: &is.pack,
        present: &is.present,
        decisions: &is.decisions,
        before: &is.before,
        names: &is.names,
        now,
    });
    let (kind, name, bytes) = match format.r#as.as_deref() {
        None | Some("md") => {
            ("text/markdown; charset=utf-8", "md", minutes::markdown(&document).into_bytes())
        }
        Some("html") => ("text/html; charset=utf-8", "html", minutes::html(&document).into_bytes()),
        Some("pdf") => ("application/pdf", "pdf", super::pdf(&document)?),
        Some("json") => {
            let text = serde_json::to_vec_pretty(&shown(&is, now));
            ("application/json", "json", text.map_err(|e| Problem::conflict(e.to_string()))?)
        }
        Some(_) => return Err(Problem::invalid("`as` must be one of md, html, pdf, json.")),
    };
    let day = is.review.is.at.strftime("%Y-%m-%d");
    let name = format!("attachment; filename=\"review-{day}.{name}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}
