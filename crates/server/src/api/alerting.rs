//! `POST /api/v1/deployments/alerts`: what alerting systems say, as a webhook. Each format is a file that says what an
//! alert is; what it means for us is said in `noting.rs`. An alert is evidence on what runs; where it says that a
//! deployment failed or was rolled back, that is noted as such.

mod history;
mod labelled;
mod noting;
mod pagerduty;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use noting::note;

use super::delivery::event;
use crate::access::{Who, signed};
use crate::problem::Problem;
use crate::state::App;

/// The most alerts of one message.
const MOST: usize = 200;
/// The longest word of an alert that is kept.
const LONGEST: usize = 200;

/// What the address says instead of the alert, where the two use other names.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Known {
    /// The asset's name.
    asset: Option<String>,
    /// The system's name: every asset of it that runs in the environment.
    system: Option<String>,
    /// The environment: a name of the charter.
    environment: Option<String>,
    /// The handle of a sender that signs, instead of a token.
    hook: Option<String>,
}

/// An alert, whoever sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Alert {
    /// Who sent it: `alertmanager`, `grafana`, `pagerduty`.
    source: &'static str,
    /// What makes it the same alert when it comes again.
    id: String,
    /// Which time it is that it fires or is over, where its id does not say.
    occurrence: String,
    /// What it is called.
    name: String,
    /// In a sentence.
    summary: String,
    /// Since when.
    starts: Option<Timestamp>,
    /// Whether it is over.
    resolved: bool,
    asset: Option<String>,
    system: Option<String>,
    environment: Option<String>,
    revision: Option<String>,
    /// `failed`, `rolled-back`: what it says of the deployment.
    outcome: Option<String>,
}

/// An alert that was noted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertNoted)]
pub(crate) struct Noted {
    alert: String,
    asset: String,
    environment: String,
    /// The deployment that it is evidence on, or that was noted.
    deployment: i64,
    /// How the deployment ended, as the alert says. If absent: it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// Whether it was noted before.
    known: bool,
}

/// An alert that nothing was noted of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertUnclear)]
pub(crate) struct Unclear {
    alert: String,
    /// Why, and what to do.
    why: String,
}

/// What became of the alerts of a message.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = AlertsTaken)]
pub(crate) struct Taken {
    noted: Vec<Noted>,
    unclear: Vec<Unclear>,
    /// What the message says that is no alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
}

/// Takes what an alerting system says: the webhooks of Alertmanager, Grafana and PagerDuty (V3). The asset or system, the
/// environment, the revision and how a deployment ended stand in the labels `trimtab_asset`, `trimtab_system`,
/// `trimtab_environment`, `trimtab_revision` and `trimtab_outcome`, or in the address. With `hook` it is signed with its
/// time instead of carrying a token. The same alert is noted once.
#[utoipa::path(post, path = "/api/v1/deployments/alerts", tag = "deployments",
    operation_id = "alerts", params(Known),
    request_body = Value,
    responses((status = 200, description = "Nothing new was noted", body = Taken),
        (status = 201, description = "Something was noted", body = Taken)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(known): Query<Known>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let who = match &known.hook {
        None => who?,
        Some(handle) => {
            let (who, message) = signed::who(&app, handle, &headers, &body).await?;
            if !message.is_dated {
                // An alert may be older than any day that could be asked of it.
                return Err(Problem::unsigned(
                    "An alert is signed with its time: by Standard Webhooks, or in Grafana's way with the timestamp \
                     header `X-Grafana-Alerting-Timestamp`.",
                ));
            }
            who
        }
    };
    let message = event(&headers, &body)?;
    let taken = take(&app, &who, &known, &message).await?;
    let new = taken.noted.iter().any(|noted| !noted.known);
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(taken)).into_response())
}

/// Notes the alerts of a message.
async fn take(app: &App, who: &Who, known: &Known, message: &Value) -> Result<Taken, Problem> {
    let alerts = match labelled::alerts(message).or_else(|| pagerduty::alerts(message)) {
        Some(Ok(alerts)) => alerts,
        Some(Err(ignored)) => return Ok(Taken { ignored: Some(ignored), ..Taken::default() }),
        None => {
            return Err(Problem::invalid(
                "This is not a webhook of Alertmanager (version 4), Grafana or PagerDuty (V3).",
            ));
        }
    };
    if alerts.len() > MOST {
        let detail = format!("A message has at most {MOST} alerts: set a limit where it is sent.");
        return Err(Problem::invalid(detail));
    }
    let mut taken = Taken::default();
    let mut refused = None;
    for alert in alerts {
        let name = alert.name.clone();
        match note(app, who, known, alert, &mut taken.unclear).await {
            Ok(noted) => taken.noted.extend(noted),
            // What is wrong with one alert does not keep the others from being noted. What is being noted by another
            // request may yet fail there: then all of it must come again.
            Err(problem) if matches!(problem.status, 403 | 404 | 422) => {
                taken.unclear.push(Unclear { alert: name, why: problem.detail.clone() });
                refused = refused.or(Some(problem).filter(|problem| problem.status == 403));
            }
            Err(problem) => return Err(problem),
        }
    }
    // So that the sender's log says it: nothing could be noted.
    match (taken.unclear.first(), refused) {
        (_, Some(refused)) if taken.noted.is_empty() => Err(refused),
        (Some(first), _) if taken.noted.is_empty() => Err(Problem::invalid(first.why.clone())),
        _ => Ok(taken),
    }
}

/// A text of a message that is not empty, cut where it is too long to keep.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(LONGEST).collect())
}

fn moment(value: &Value) -> Option<Timestamp> {
    // What has no time is told as the year 1.
    value.as_str()?.parse::<Timestamp>().ok().filter(|at| at.as_second() > 0)
}
