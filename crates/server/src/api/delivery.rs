//! `POST /api/v1/deployments/events`: what delivery systems say in their own words, as a webhook. CDEvents of
//! services (deployed, upgraded, rolled back), and GitHub's `deployment_status`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use trimtab_model::Purl;
use utoipa::ToSchema;

use super::deployments::{Done, Said, deploy};
use crate::access::secret::hex;
use crate::access::{Who, signed};
use crate::problem::Problem;
use crate::repeat;
use crate::state::App;

/// What the address says instead of the event, where the two use other names.
#[derive(Debug, Clone, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Known {
    /// The asset's name.
    asset: Option<String>,
    /// The environment: a name of the charter.
    environment: Option<String>,
    /// The handle of a sender that signs, instead of a token.
    hook: Option<String>,
}

/// How old an event may be that is signed without its time: none that is older is remembered.
const OLDEST: SignedDuration = SignedDuration::from_hours(24);

/// What an event comes to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    asset: Option<String>,
    environment: Option<String>,
    revision: Option<String>,
    /// `None`: nothing began or ceased to run.
    outcome: Option<&'static str>,
    /// In the event's words.
    state: String,
}

/// An event that changes nothing that runs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventIgnored)]
pub(crate) struct Ignored {
    /// What it says.
    ignored: String,
}

/// Takes what a delivery system says in its own words: CDEvents of services, GitHub's
/// `deployment_status`. With `hook` it is signed instead of carrying a token: by the Standard Webhooks
/// specification, or in GitHub's way (`X-Hub-Signature-256`); the same message is taken once.
#[utoipa::path(post, path = "/api/v1/deployments/events", tag = "deployments",
    operation_id = "events", params(Known),
    request_body = Value,
    responses((status = 200, description = "Nothing began or ceased to run", body = Ignored),
        (status = 201, description = "It is noted", body = Done)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(known): Query<Known>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(handle) = &known.hook else {
        return take(&app, &who?, &known, &event(&headers, &body)?).await;
    };
    let (who, message) = signed::who(&app, handle, &headers, &body).await?;
    let event = event(&headers, &body)?;
    if !message.is_dated {
        is_recent(&event, app.now())?;
    }
    let mut digest = Sha256::new();
    digest.update(uri.to_string());
    digest.update([0]);
    digest.update(&body);
    let digest = hex(&digest.finalize());
    let name = format!("{} {}", who.actor(), message.name);
    // What was not understood may come again, when more is known here.
    let done = |status: StatusCode| status.is_success();
    repeat::named(&app, (who.org, &name, &digest), done, take(&app, &who, &known, &event)).await
}

/// The event of a body.
pub(super) fn event(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/json" && !kind.ends_with("+json") {
        let detail = "Send it as JSON: `Content-Type: application/json`.";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Problem::new(status, "media-type", "Unsupported media type", detail));
    }
    serde_json::from_slice(body).map_err(|e| {
        let detail = format!("The body is not JSON: {e}");
        Problem::new(StatusCode::BAD_REQUEST, "invalid", "Invalid request", detail)
    })
}

/// Whether an event is of the last day, by the time that stands in it: what is older could be one
/// that somebody kept.
fn is_recent(event: &Value, now: Timestamp) -> Result<(), Problem> {
    let status = &event["deployment_status"];
    let at = [&status["updated_at"], &status["created_at"], &event["context"]["timestamp"]];
    let at = at.into_iter().find_map(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
    let age = at.map(|at| now.duration_since(at));
    match age {
        Some(age) if age <= OLDEST && age >= -signed::WINDOW => Ok(()),
        _ => Err(Problem::unsigned(
            "The event is signed, but its time is not within the last 24 hours.",
        )),
    }
}

/// Notes what an event says.
async fn take(app: &App, who: &Who, known: &Known, event: &Value) -> Result<Response, Problem> {
    let known = known.clone();
    let stranger = || {
        Problem::invalid("This is neither a CDEvent of a service nor GitHub's `deployment_status`.")
    };
    let told = cdevent(event).or_else(|| github(event)).ok_or_else(stranger)?;
    let Some(outcome) = told.outcome else {
        return Ok(Json(Ignored { ignored: told.state }).into_response());
    };
    let missing = |what: &str| {
        Problem::invalid(format!("The event names no {what}: add `?{what}=` to the address."))
    };
    let said = Said {
        asset: known.asset.or(told.asset).ok_or_else(|| missing("asset"))?,
        environment: known
            .environment
            .or(told.environment)
            .ok_or_else(|| missing("environment"))?,
        snapshot: None,
        revision: told.revision,
        outcome: outcome.to_owned(),
        at: None,
    };
    Ok(deploy(app, who, said).await?.into_response())
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

fn cdevent(event: &Value) -> Option<Told> {
    let kind = event["context"]["type"].as_str()?;
    let verb = kind.strip_prefix("dev.cdevents.service.")?.split('.').next()?;
    let content = &event["subject"]["content"];
    Some(Told {
        asset: text(&event["subject"]["id"]),
        environment: text(&content["environment"]["id"]),
        revision: artifact(content["artifactId"].as_str()),
        outcome: match verb {
            "deployed" | "upgraded" => Some("ok"),
            "rolledback" => Some("rolled-back"),
            _ => None,
        },
        state: verb.to_owned(),
    })
}

/// The digest or version that an artefact's purl names.
fn artifact(purl: Option<&str>) -> Option<String> {
    purl?.parse::<Purl>().ok()?.version().map(ToOwned::to_owned)
}

fn github(event: &Value) -> Option<Told> {
    let (status, deployment) = (&event["deployment_status"], &event["deployment"]);
    let state = status["state"].as_str()?;
    Some(Told {
        asset: text(&event["repository"]["full_name"]),
        environment: text(&status["environment"]).or_else(|| text(&deployment["environment"])),
        revision: text(&deployment["sha"]),
        outcome: match state {
            "success" => Some("ok"),
            "failure" | "error" => Some("failed"),
            _ => None,
        },
        state: state.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_come_to_what_they_say() {
        let service = |verb: &str| {
            json!({ "context": { "type": format!("dev.cdevents.service.{verb}.0.2.0") },
                "subject": { "id": "shop", "content": { "environment": { "id": "production" },
                    "artifactId": "pkg:oci/shop@sha256%3Aab" } } })
        };
        let status = |state: &str| {
            json!({ "deployment_status": { "state": state, "environment": "production" },
                "deployment": { "sha": "4be1f2a" }, "repository": { "full_name": "ferries/shop" } })
        };
        let cases = [
            (service("deployed"), "shop", "sha256:ab", Some("ok")),
            (service("upgraded"), "shop", "sha256:ab", Some("ok")),
            (service("rolledback"), "shop", "sha256:ab", Some("rolled-back")),
            (service("removed"), "shop", "sha256:ab", None),
            (status("success"), "ferries/shop", "4be1f2a", Some("ok")),
            (status("failure"), "ferries/shop", "4be1f2a", Some("failed")),
            (status("in_progress"), "ferries/shop", "4be1f2a", None),
        ];
        for (event, asset, revision, outcome) in cases {
            let told = cdevent(&event).or_else(|| github(&event)).unwrap();
            assert_eq!(told.asset.as_deref(), Some(asset), "{event}");
            assert_eq!(told.environment.as_deref(), Some("production"), "{event}");
            assert_eq!(told.revision.as_deref(), Some(revision), "{event}");
            assert_eq!(told.outcome, outcome, "{event}");
        }
        for event in
            [json!({}), json!([]), json!({ "context": { "type": "dev.cdevents.build.started" } })]
        {
            assert_eq!(cdevent(&event).or_else(|| github(&event)), None, "{event}");
        }
    }
}
