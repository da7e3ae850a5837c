//! Reviews: prepared, opened, held, closed; what they decided, and their minutes.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use trimtab_engine::review::Kind;
use trimtab_report::minutes;
use trimtab_store::{Cursor, Resolve, ResolveState, Review, ReviewFilter, ReviewOf, ReviewState};
use utoipa::ToSchema;

use super::{Changed, Listed, Named, cursor, limit, moment};
use crate::access::Who;
use crate::carding;
use crate::measuring::question::told;
use crate::object::Object;
use crate::people::name;
use crate::problem::Problem;
use crate::reviewing::agenda::{Pack, PackFigures};
use crate::reviewing::minutes::{Told, document};
use crate::reviewing::packing::PackNumber;
use crate::reviewing::{self, Before, Scope, Sent, Wanted};
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

/// Somebody who was there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewPerson)]
pub(crate) struct There {
    person: Named,
    #[schema(format = DateTime)]
    since: String,
}

/// What a review decided.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewDecision)]
pub(crate) struct ShownDecision {
    id: i64,
    /// The key of the topic of the agenda; empty: of none.
    topic: String,
    title: String,
    what: String,
    owner: Named,
    /// The last day.
    #[schema(format = Date)]
    due: String,
    #[schema(format = DateTime)]
    made: String,
    /// `open`, `done`, `dropped`.
    state: &'static str,
    /// `carried out`, `carried out late`, `dropped`, `open`, `late`.
    stands: &'static str,
    #[schema(format = DateTime)]
    ended: Option<String>,
    word: String,
}

/// How good reviews of the same were, up to this one. `null`: it cannot be said yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReviewQuality)]
pub(crate) struct ShownQuality {
    reviews: usize,
    decisions: usize,
    per_review: Option<f64>,
    /// Decisions whose day is over, or that were carried out.
    judged: usize,
    in_time: usize,
    in_time_share: Option<f64>,
    topics: usize,
    repeats: usize,
    repeat_share: Option<f64>,
    over: usize,
    overran: usize,
}

/// A review with what it shows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Review)]
pub(crate) struct Shown {
    #[serde(flatten)]
    row: Row,
    /// What it is of, for people.
    name: String,
    /// What it shows: as it was when it was opened, or as it would be now.
    pack: Pack,
    /// The numbers of the last review of the same.
    before: Option<PackFigures>,
    /// The numbers of the last pack of the same kind; none where there is none.
    before_numbers: Vec<PackNumber>,
    present: Vec<There>,
    decisions: Vec<ShownDecision>,
    note: String,
    quality: ShownQuality,
}

/// All that is known of a review; pages, API and minutes show it.
pub(crate) struct Known {
    pub(crate) review: Review,
    pub(crate) scope: Scope,
    pub(crate) pack: Pack,
    pub(crate) before: Vec<Before>,
    pub(crate) present: Vec<(i64, jiff::Timestamp)>,
    pub(crate) decisions: Vec<Resolve>,
    pub(crate) names: std::collections::HashMap<i64, String>,
    pub(crate) quality: trimtab_engine::review::Quality,
}

/// A review that they may see, with all that is known of it.
///
/// # Errors
/// There is none.
pub(crate) async fn known(app: &App, who: &Who, id: i64) -> Result<Known, Problem> {
    let (review, scope) = reviewing::find(app, who, id).await?;
    let before = reviewing::before_it(app, who, (&review, &scope)).await?;
    let pack = reviewing::pack(app, who, (&review, &scope), &before).await?;
    let present = app.store.review_people(who.org, id).await?;
    let decisions = app.store.resolved(who.org, &[id]).await?;
    let this = review.opened.is_some().then(|| Before {
        review: review.clone(),
        pack: Some(pack.clone()),
        decisions: decisions.clone(),
    });
    let quality = reviewing::how_good(&before, this.as_ref(), app.now());
    let names = reviewing::names(app, who).await?;
    Ok(Known { review, scope, pack, before, present, decisions, names, quality })
}

fn shown(is: &Known, now: jiff::Timestamp) -> Shown {
    let named = |id: i64| Named { id, name: name(&is.names, id) };
    let decision = |one: &Resolve| ShownDecision {
        id: one.id,
        topic: one.is.topic.0.clone(),
        title: one.is.topic.1.clone(),
        what: one.is.what.clone(),
        owner: named(one.is.owner),
        due: reviewing::last_day(one.is.due),
        made: one.made.to_string(),
        state: one.state.as_str(),
        stands: reviewing::follow(one, now).words(),
        ended: one.ended.map(|at| at.to_string()),
        word: one.word.clone(),
    };
    let quality = &is.quality;
    let last = reviewing::last_of(&is.before, reviewing::kind_of(&is.review), &is.scope);
    let last = last.and_then(|one| one.pack.as_ref());
    Shown {
        row: Row::from(&is.review),
        name: is.scope.name.clone(),
        pack: is.pack.clone(),
        before: last.map(|pack| pack.figures),
        before_numbers: last.map_or_else(Vec::new, |pack| pack.numbers.clone()),
        present: is
            .present
            .iter()
            .map(|(id, since)| There { person: named(*id), since: since.to_string() })
            .collect(),
        decisions: is.decisions.iter().map(decision).collect(),
        note: is.review.note.clone(),
        quality: ShownQuality {
            reviews: quality.reviews,
            decisions: quality.decisions,
            per_review: quality.per_review(),
            judged: quality.judged,
            in_time: quality.in_time,
            in_time_share: quality.in_time_share(),
            topics: quality.topics,
            repeats: quality.repeats,
            repeat_share: quality.repeat_share(),
            over: quality.over,
            overran: quality.overran,
        },
    }
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

/// Of which time, and in which format.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CardAsked {
    /// The last so many days. If absent: 84.
    #[serde(default)]
    #[param(pattern = "^([1-9][0-9]{0,2})?$")]
    days: String,
    /// `md`, `html`, `pdf`, `json`, or `notes`: for release notes, in Markdown. If absent: `json`.
    r#as: Option<String>,
}

/// A number of a card. `null` is unknown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CardNumber {
    name: &'static str,
    now: Option<f64>,
    before: Option<f64>,
}

impl From<carding::Number> for CardNumber {
    fn from((name, now, before): carding::Number) -> CardNumber {
        CardNumber { name, now, before }
    }
}

/// What a team's updates removed, beside its own time before.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TeamCard)]
pub(crate) struct ShownCard {
    team: Named,
    #[schema(format = Date)]
    from: String,
    #[schema(format = Date)]
    to: String,
    numbers: Vec<CardNumber>,
    milestones: Vec<String>,
    /// The ids of the updates that came into production.
    updates: Vec<i64>,
    /// Whether there are more updates than were looked at: what is not known of them is `null`.
    more: bool,
}

/// A team's card, for the retrospective and the release notes.
#[utoipa::path(get, path = "/api/v1/teams/{id}/card", tag = "reviews",
    params(("id" = i64, Path,), CardAsked),
    responses((status = 200, content(
        (ShownCard = "application/json"), (Vec<u8> = "text/markdown"), (Vec<u8> = "text/html"),
        (Vec<u8> = "application/pdf")))))]
pub(crate) async fn card(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<CardAsked>,
) -> Result<Response, Problem> {
    let is = carding::card(&app, &who, id, &asked.days).await?;
    let document = carding::document(&is);
    let (kind, name, bytes) = match asked.r#as.as_deref() {
        Some("md") => {
            ("text/markdown; charset=utf-8", "md", minutes::markdown(&document).into_bytes())
        }
        Some("html") => ("text/html; charset=utf-8", "html", minutes::html(&document).into_bytes()),
        Some("pdf") => ("application/pdf", "pdf", super::pdf(&document)?),
        Some("notes") => {
            let (from, to) = (told(is.measured.period.first), told(is.measured.period.last));
            let notes = carding::notes(&is.team.name, (&from, &to), (&is.updates, is.cut));
            ("text/markdown; charset=utf-8", "md", minutes::markdown(&notes).into_bytes())
        }
        None | Some("json") => {
            let shown = ShownCard {
                team: Named { id, name: is.team.name.clone() },
                from: told(is.measured.period.first),
                to: told(is.measured.period.last),
                numbers: carding::numbers(&is).into_iter().map(CardNumber::from).collect(),
                milestones: carding::milestones(&is),
                updates: is.updates.iter().map(|update| update.is.id).collect(),
                more: is.more,
            };
            return Ok(Json(shown).into_response());
        }
        Some(_) => return Err(Problem::invalid("`as` must be one of md, html, pdf, json, notes.")),
    };
    let name = format!("attachment; filename=\"card.{name}\"");
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}
