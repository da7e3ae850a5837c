//! `POST /api/v1/snapshots`: a document about an asset, in any format that the scanner reads, as the body.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use trimtab_store::{JobState, NewJob, Priority};

use crate::access::secret::hex;
use crate::access::{Action, On, Who};
use crate::ingest;
use crate::jobs::{Kind, Read};
use crate::problem::Problem;
use crate::state::App;

/// What is said about the document.
#[derive(Debug, Deserialize)]
pub(crate) struct About {
    /// The asset's name.
    asset: String,
    /// `repository`, `image`, `host`, `product`.
    #[serde(default = "repository")]
    kind: String,
    /// The name of the system that it belongs to.
    system: Option<String>,
    /// The commit.
    revision: Option<String>,
    /// The branch. Not said: the main line.
    branch: Option<String>,
    /// The build.
    build: Option<String>,
    /// How many seconds to wait for the answer, at most 50.
    wait: Option<u64>,
}

fn repository() -> String {
    "repository".to_owned()
}

const KINDS: [&str; 4] = ["repository", "image", "host", "product"];
/// The longest name.
const NAME: usize = 300;

pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    body: Body,
) -> Result<Response, Problem> {
    let system = match &about.system {
        None => None,
        Some(name) => {
            let systems = app.store.systems(who.org).await?;
            let found = systems.into_iter().find(|s| s.name == *name);
            Some(found.ok_or_else(|| Problem::invalid(format!("There is no system `{name}`.")))?)
        }
    };
    let known = app.store.asset_of_name(who.org, &about.asset).await?;
    let on = match &system {
        Some(system) => On { system: Some(system.id), team: system.team },
        None => super::on(&app.store, who.org, known.as_ref().and_then(|a| a.system)).await?,
    };
    who.must(Action::Upload, on)?;
    // An asset is not moved out of a system by somebody who may not touch that one.
    if let Some(known) = &known {
        who.must(Action::Upload, super::on(&app.store, who.org, known.system).await?)?;
    }
    check(&about)?;
    let (digest, bytes) = read(body, app.settings.largest_upload).await?;
    let now = app.now();
    let system = system.map(|s| s.id);
    let asset = app.store.put_asset(who.org, &about.asset, &about.kind, system, now).await?;
    let read = Read {
        asset: asset.id,
        document: digest.clone(),
        revision: about.revision,
        branch: about.branch,
        build: about.build,
        actor: who.actor(),
    };
    let new = read.snapshot();
    // The same again costs nearly nothing.
    if let Some(latest) = asset.latest {
        let latest = app.store.snapshot(who.org, latest).await?;
        if let Some(latest) = latest.filter(|latest| crate::jobs::same(latest, &new)) {
            let said = json!({ "asset": asset.id, "snapshot": latest.id, "document": digest, "state": "known" });
            return Ok((StatusCode::OK, Json(said)).into_response());
        }
    }
    app.store.put_document(who.org, &digest, &bytes, now).await?;
    drop(bytes);
    // A document that was read before needs no job.
    if app.store.contents(who.org, &digest).await?.is_some() {
        let settled = ingest::snapshot(&app, who.org, asset.id, &new, &read.actor, now).await;
        let settled = settled.map_err(refused)?;
        let said = json!({ "asset": asset.id, "snapshot": settled.snapshot, "document": digest,
            "state": "settled", "detected": settled.detected.len(), "fixed": settled.fixed.len(),
            "live": settled.live });
        return Ok((StatusCode::CREATED, Json(said)).into_response());
    }
    let wait = about.wait.unwrap_or(0).min(50);
    let job = NewJob {
        org: who.org,
        kind: Kind::ReadDocument.as_str().to_owned(),
        name: format!("{}:{digest}:{}", asset.id, read.revision.as_deref().unwrap_or_default()),
        payload: serde_json::to_value(&read).map_err(|e| Problem::invalid(e.to_string()))?,
        priority: if wait > 0 { Priority::Waited } else { Priority::Upload },
        run_at: now,
    };
    let id = app.store.add_job(&job, now).await?;
    app.work.notify_one();
    let until = tokio::time::Instant::now() + Duration::from_secs(wait);
    let mut pause = Duration::from_millis(10);
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
        let Some(job) = app.store.job(who.org, id).await? else { break };
        match job.state {
            JobState::Done => {
                let mut said = job.result.unwrap_or_default();
                said["asset"] = asset.id.into();
                said["document"] = digest.into();
                said["state"] = "settled".into();
                return Ok((StatusCode::CREATED, Json(said)).into_response());
            }
            JobState::Dead => {
                return Err(Problem::invalid(job.error.unwrap_or_default()));
            }
            JobState::Waiting | JobState::Running => {}
        }
    }
    let said = json!({ "asset": asset.id, "document": digest, "state": "accepted", "job": id,
        "look": format!("/api/v1/jobs/{id}") });
    Ok((StatusCode::ACCEPTED, Json(said)).into_response())
}

fn check(about: &About) -> Result<(), Problem> {
    let texts =
        [Some(&about.asset), about.revision.as_ref(), about.branch.as_ref(), about.build.as_ref()];
    for text in texts.into_iter().flatten() {
        if text.is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
            return Err(Problem::invalid(
                "Names, revisions, branches and builds are 1 to 300 characters on one line.",
            ));
        }
    }
    if KINDS.contains(&about.kind.as_str()) {
        Ok(())
    } else {
        Err(Problem::invalid(format!("`kind` is one of {}.", KINDS.join(", "))))
    }
}

/// Reads a body up to a size, with its digest.
async fn read(body: Body, largest: u64) -> Result<(String, Vec<u8>), Problem> {
    let largest = usize::try_from(largest).unwrap_or(usize::MAX);
    let bytes = axum::body::to_bytes(body, largest).await.map_err(|_| {
        let detail =
            format!("The document is larger than {largest} bytes, or the upload was cut off.");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Too large", detail)
    })?;
    if bytes.is_empty() {
        return Err(Problem::invalid("The body is empty: send the document itself."));
    }
    let digest = hex(&Sha256::digest(&bytes));
    Ok((digest, bytes.into()))
}

pub(crate) fn refused(refused: ingest::Refused) -> Problem {
    use ingest::Refused::{Internal, NoIndex, Store, Unreadable};
    match refused {
        Store(error) => error.into(),
        Unreadable(detail) => Problem::invalid(detail),
        NoIndex | Internal(_) => {
            tracing::error!(error = %refused, "a document cannot be taken in");
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not now",
                refused.to_string(),
            )
        }
    }
}
