//! How it stands with work that was accepted.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trimtab_store::{Job, JobState, Org};
use utoipa::ToSchema;

use super::{Listed, cursor, limit, on};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// A job. What it works with may name what not everybody may see, so that is not here: who asked for
/// it has its address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Job)]
pub(crate) struct Shown {
    id: i64,
    kind: String,
    /// `waiting`, `running`, `done`, `dead`.
    state: &'static str,
    attempts: i64,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    ended: Option<String>,
    /// What went wrong last.
    error: Option<String>,
    /// What it answers.
    result: Option<Value>,
}

impl From<&Job> for Shown {
    fn from(is: &Job) -> Shown {
        Shown {
            id: is.id,
            kind: is.kind.clone(),
            state: is.state.as_str(),
            attempts: is.attempts,
            created: is.created.to_string(),
            ended: is.ended.map(|t| t.to_string()),
            error: is.error.clone(),
            result: is.result.clone(),
        }
    }
}

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `dead`, the default: those that were given up.
    #[param(pattern = "^(waiting|running|done|dead)?$")]
    state: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// Jobs of a state, the newest first.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "jobs", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    who.must(Action::View, On::ALL)?;
    let state = match asked.state.as_deref() {
        None | Some("") => JobState::Dead,
        Some(word) => JobState::from_text(word).ok_or_else(|| {
            Problem::invalid("`state` must be one of waiting, running, done, dead.")
        })?,
    };
    let after = cursor(asked.after.as_deref())?;
    let limit = limit(asked.limit);
    let page = app.store.jobs_page(who.org, state, after, limit).await?;
    Ok(Json(Listed::of(&page)))
}

/// Tries a job that was given up once more.
#[utoipa::path(post, path = "/api/v1/jobs/{id}/retry", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn retry(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    find(&app, &who, id).await?;
    if !again(&app, &who, id).await? {
        return Err(Problem::conflict(
            "This job has not failed for good: there is nothing to retry.",
        ));
    }
    Ok(Json(Shown::from(&find(&app, &who, id).await?)))
}

/// Tries a job that was given up once more; the pages do it the same way. `false`: it is none.
///
/// # Errors
/// They may not.
pub(crate) async fn again(app: &App, who: &Who, id: i64) -> Result<bool, Problem> {
    who.must(Action::Administer, On::ALL)?;
    let again = app.store.retry_job(who.org, id, app.now()).await?;
    app.work.notify_one();
    Ok(again)
}

/// How it stands with a job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown::from(&find(&app, &who, id).await?)))
}

/// A job that they may look at: what is about an asset, by who may see that or upload to it; what is about more, by who
/// may see all, or starts such work.
async fn find(app: &App, who: &Who, id: i64) -> Result<Job, Problem> {
    let missing = || Problem::not_found("job");
    let job = app.store.job(who.org, id).await?.ok_or_else(missing)?;
    if let Some(asset) = job.payload["asset"].as_i64() {
        let asset = app.store.asset(who.org, asset).await?.ok_or_else(missing)?;
        let on = on(&app.store, who.org, asset.asset.system).await?;
        if !who.may(Action::View, on) && !who.may(Action::Upload, on) {
            return Err(missing());
        }
    } else if !who.may(Action::View, On::ALL) && !who.may(Action::Administer, On::ALL) {
        return Err(missing());
    }
    Ok(job)
}

/// How often a job is looked at while somebody listens.
const LOOK: Duration = Duration::from_millis(250);
/// How long somebody may listen; a client that hears the end too early asks again.
const LONGEST: Duration = Duration::from_secs(600);

/// How a job goes on, as server-sent events: one at once and one for each change, named by the state;
/// the stream ends with the job.
#[utoipa::path(get, path = "/api/v1/jobs/{id}/events", tag = "jobs", params(("id" = i64, Path)),
    responses((status = 200, body = Object, content_type = "text/event-stream")))]
pub(crate) async fn events(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let job = find(&app, &who, id).await?;
    let listening =
        Listening { app, org: who.org, job, told: None, until: Instant::now() + LONGEST };
    let stream = futures_util::stream::unfold(listening, |mut listening| async {
        let event = listening.next().await?;
        Some((Ok(event), listening))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// Somebody who listens to a job.
struct Listening {
    app: App,
    org: Org,
    job: Job,
    /// What was told last.
    told: Option<String>,
    until: Instant,
}

impl Listening {
    /// What is new, or the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let text = text(&self.job);
            if self.told.as_ref() != Some(&text) {
                let event = Event::default().event(self.job.state.as_str()).data(&text);
                self.told = Some(text);
                return Some(event);
            }
            let ended = matches!(self.job.state, JobState::Done | JobState::Dead);
            if ended || Instant::now() > self.until || *self.app.stopping.borrow() {
                return None;
            }
            tokio::time::sleep(LOOK).await;
            self.job = self.app.store.job(self.org, self.job.id).await.ok()??;
        }
    }
}

fn text(job: &Job) -> String {
    serde_json::to_string(&Shown::from(job)).unwrap_or_default()
}
