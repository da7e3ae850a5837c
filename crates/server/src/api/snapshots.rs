//! `POST /api/v1/snapshots`: a document about an asset, in any format that the scanner reads, as the body.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_store::{
    Arrival, Asset, JobState, NewJob, NewSnapshot, Numbers, Org, Priority, Snapshot, Store,
};
use utoipa::ToSchema;

use super::verdict::{self, Verdict};
use crate::access::{Action, On, Who};
use crate::ingest;
use crate::jobs::{Kind, Read};
use crate::judging::Change;
use crate::merging::Unmerged;
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;

/// What is said about the document.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    #[param(min_length = 1, max_length = 300)]
    pub(crate) asset: String,
    /// `repository`, `image`, `host`, `product`.
    #[serde(default = "repository")]
    #[param(pattern = "^(repository|image|host|product)$")]
    pub(crate) kind: String,
    /// The name of the system that it belongs to.
    pub(crate) system: Option<String>,
    /// The commit.
    pub(crate) revision: Option<String>,
    /// The branch. If absent: the main line.
    pub(crate) branch: Option<String>,
    /// The build.
    pub(crate) build: Option<String>,
    /// How many seconds to wait for the answer, at most 50.
    pub(crate) wait: Option<u64>,
    /// Whether the answer names packages of which the server wants to know what their registries tell, and updates of which
    /// it wants to know who merged them.
    pub(crate) facts: Option<bool>,
}

/// What became of a document.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Received)]
pub(crate) struct Said {
    asset: i64,
    /// The digest of the document.
    document: String,
    /// `accepted`: it waits to be read; `settled`: findings are as it says; `known`: nothing is new.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshot: Option<i64>,
    /// Findings that are new.
    #[serde(skip_serializing_if = "Option::is_none")]
    detected: Option<i64>,
    /// Findings that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<i64>,
    /// Findings that the asset has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<i64>,
    /// The job that reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<i64>,
    /// Where to look how it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    look: Option<String>,
    /// Whether its main line keeps to the agreement; for who waits, once it is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    /// Packages of the asset of which the server wants to know what their registries tell, for who asks with `facts`:
    /// `POST /api/v1/packages/published` takes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    wanted: Vec<String>,
    /// Updates of the asset of which nobody knows who merged them, for who asks with `facts`:
    /// `POST /api/v1/updates/merges` takes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmerged: Vec<Unmerged>,
    /// What to do where no team owns what is found there, so that no team is told of it. Not said: a team owns it.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_owner: Option<&'static str>,
}

/// What to do where nobody owns what is found in an asset of the main line, by the place of the asset.
fn without_owner(place: On) -> Option<&'static str> {
    match (place.system, place.team) {
        (_, Some(_)) => None,
        (Some(_), None) => Some(
            "No team owns the system of this asset, so no team is told of what is found in it. Give the system an owner \
             team on its page.",
        ),
        (None, None) => Some(
            "The asset belongs to no system, so no team is told of what is found in it. Push it with `--system`, or set \
             its system on its page.",
        ),
    }
}

fn repository() -> String {
    "repository".to_owned()
}

pub(crate) const KINDS: [&str; 4] = ["repository", "image", "host", "product"];
/// The longest name.
const NAME: usize = 300;
/// How many of the newest snapshots are looked through for one of the same branch.
const NEWEST: usize = 20;

/// Takes a document about an asset in, in any format that the scanner reads: the body is the document.
#[utoipa::path(post, path = "/api/v1/snapshots", tag = "snapshots", params(About),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "It was known", body = Said),
        (status = 201, description = "It was read", body = Said),
        (status = 202, description = "It waits to be read", body = Said)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    arriving: Arriving,
) -> Result<Response, Problem> {
    let system = match &about.system {
        None => None,
        Some(name) => {
            let systems = app.store.systems(who.org).await?;
            let found = systems.iter().find(|s| s.name == *name).cloned();
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
    let sent = arriving.read(&app).await?;
    let digest = sent.digest.clone();
    let now = app.now();
    let system = system.map(|s| s.id);
    // An asset that is new comes in with its first document.
    let known = match known {
        None => None,
        Some(_) => {
            let called = (about.asset.as_str(), about.kind.as_str());
            let actor = who.actor();
            Some(app.store.put_asset_by(who.org, called, system, &actor, now).await?)
        }
    };
    let mut read = Read {
        asset: known.as_ref().map_or(0, |asset| asset.id),
        document: digest.clone(),
        revision: about.revision,
        branch: about.branch,
        build: about.build,
        actor: who.actor(),
    };
    let new = read.snapshot();
    let wait = about.wait.unwrap_or(0).min(50);
    // What is of another branch is carried by no asset.
    let facts = about.facts.unwrap_or(false) && new.branch.is_none();
    let unowned = without_owner(on).filter(|_| new.branch.is_none());
    // The same again costs nearly nothing.
    if let Some(asset) = &known
        && let Some(latest) = same_as(&app.store, who.org, asset, &new).await?
    {
        return is_known(&app, &who, asset, &latest, (wait, facts, unowned)).await;
    }
    // What is new is brought to the disk once, before it is called accepted.
    let soon = app.soon();
    sent.keep(&soon, who.org, now).await?;
    let agreed = match app.store.was_read(who.org, &digest).await? {
        true => Some(app.agreed(who.org, now).await?),
        false => None,
    };
    let numbers = Numbers {
        assets: usize::from(known.is_none()),
        snapshots: usize::from(agreed.is_some()),
        jobs: usize::from(agreed.is_none()),
    };
    let together = soon.store.together_for(who.org, numbers).await?;
    let store = together.store();
    let called = (about.asset.as_str(), about.kind.as_str());
    let asset = store.put_asset_by(who.org, called, system, &who.actor(), now).await?;
    // Who sends it again because the answer was lost may have been looked at while it was being settled: from here on
    // nobody settles the asset.
    store.hold_assets(who.org, &[asset.id]).await?;
    let asset = store.asset_of_name(who.org, &about.asset).await?.unwrap_or(asset);
    if let Some(latest) = same_as(store, who.org, &asset, &new).await? {
        drop(together);
        return is_known(&app, &who, &asset, &latest, (wait, facts, unowned)).await;
    }
    // A document that was read before needs no job, unless it has one: who sends it again waits for the first.
    let (kind, named) = (Kind::ReadDocument.as_str(), name(asset.id, &new));
    let agreed = match agreed {
        Some(agreed) if !store.is_asked(who.org, kind, &named).await? => Some(agreed),
        _ => None,
    };
    if let Some(agreed) = agreed {
        let (within, actor) = (soon.on(store.clone()), &read.actor);
        let arrival = Arrival { asset: asset.id, new: &new, actor };
        let settled = ingest::snapshots(&within, who.org, &agreed, &[arrival], now).await;
        let settled = settled.map_err(refused)?.into_iter().next().unwrap_or_default();
        together.commit().await?;
        crate::jobs::settled(&soon, who.org, now).await?;
        app.store.flush().await?;
        let change = changed(&new, settled.snapshot);
        let verdict = awaited(&app, &who, &asset, &change, wait, now).await?;
        let count = |all: &[i64]| i64::try_from(all.len()).ok();
        let said = Said {
            asset: asset.id,
            document: digest,
            state: "settled",
            snapshot: settled.snapshot,
            detected: count(&settled.detected),
            fixed: count(&settled.fixed),
            live: i64::try_from(settled.live).ok(),
            verdict,
            wanted: wanted(&app, &who, &asset, facts).await?,
            unmerged: unmerged(&app, &who, &asset, facts).await?,
            without_owner: unowned,
            ..Said::default()
        };
        return Ok((StatusCode::CREATED, Json(said)).into_response());
    }
    read.asset = asset.id;
    let job = NewJob {
        org: who.org,
        kind: kind.to_owned(),
        name: named,
        payload: serde_json::to_value(&read).map_err(|e| Problem::invalid(e.to_string()))?,
        priority: if wait > 0 { Priority::Waited } else { Priority::Upload },
        run_at: now,
    };
    let id = store.add_job_once(&job, &begin(asset.id, &new), now).await?;
    together.commit().await?;
    app.store.flush().await?;
    app.work.notify_one();
    let until = tokio::time::Instant::now() + Duration::from_secs(wait);
    let mut pause = Duration::from_millis(10);
    while tokio::time::Instant::now() < until {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(250));
        let Some(job) = app.store.job(who.org, id).await? else { break };
        match job.state {
            JobState::Done => {
                let result = job.result.unwrap_or_default();
                let number = |name: &str| result[name].as_i64();
                let since = job.created;
                let change = changed(&new, number("snapshot"));
                let verdict = awaited(&app, &who, &asset, &change, wait, since).await?;
                let said = Said {
                    asset: asset.id,
                    document: digest,
                    state: "settled",
                    snapshot: number("snapshot"),
                    detected: number("detected"),
                    fixed: number("fixed"),
                    live: number("live"),
                    verdict,
                    wanted: wanted(&app, &who, &asset, facts).await?,
                    unmerged: unmerged(&app, &who, &asset, facts).await?,
                    without_owner: unowned,
                    ..Said::default()
                };
                return Ok((StatusCode::CREATED, Json(said)).into_response());
            }
            JobState::Dead => {
                return Err(Problem::invalid(job.error.unwrap_or_default()));
            }
            JobState::Waiting | JobState::Running => {}
        }
    }
    let said = Said {
        asset: asset.id,
        document: digest,
        state: "accepted",
        job: Some(id),
        look: Some(format!("/api/v1/jobs/{id}")),
        without_owner: unowned,
        ..Said::default()
    };
    Ok((StatusCode::ACCEPTED, Json(said)).into_response())
}

/// Has a stored document of an asset read by a job, unless it says no more than the newest of its branch. Returns the job.
///
/// # Errors
/// The store does not answer, or there is no such asset.
pub(crate) async fn have_read(
    app: &App,
    org: Org,
    read: &Read,
    priority: Priority,
    now: Timestamp,
) -> Result<Option<i64>, Problem> {
    let missing = || Problem::not_found("asset");
    let asset = app.store.asset(org, read.asset).await?.ok_or_else(missing)?.asset;
    let new = read.snapshot();
    if let Some(latest) = same_as(&app.store, org, &asset, &new).await? {
        app.store.confirm_snapshot(org, latest.id, now).await?;
        return Ok(None);
    }
    let job = NewJob {
        org,
        kind: Kind::ReadDocument.as_str().to_owned(),
        name: name(asset.id, &new),
        payload: serde_json::to_value(read).map_err(|e| Problem::invalid(e.to_string()))?,
        priority,
        run_at: now,
    };
    let id = app.store.add_job_once(&job, &begin(asset.id, &new), now).await?;
    app.work.notify_one();
    Ok(Some(id))
}

/// How the names of jobs of a branch of an asset begin.
fn begin(asset: i64, new: &NewSnapshot) -> String {
    format!("[{asset},{},", serde_json::json!(new.branch))
}

/// The name of the job that reads a document: all that makes it another than those of the branch before it. A build
/// that is run again of the same commit is no other, whatever its number.
fn name(asset: i64, new: &NewSnapshot) -> String {
    let build = new.build.as_ref().filter(|_| new.revision.is_none());
    let rest = serde_json::json!([new.document, new.revision, build]).to_string();
    begin(asset, new) + rest.trim_start_matches('[')
}

/// The newest snapshot of the branch, if a document says no more, and nothing that came after it waits to take its
/// place: what is older and late takes nobody's.
async fn same_as(
    store: &Store,
    org: Org,
    asset: &Asset,
    new: &NewSnapshot,
) -> Result<Option<Snapshot>, Problem> {
    let of_branch = match (&new.branch, asset.latest) {
        (None, None) => None,
        (None, Some(latest)) => store.snapshot(org, latest).await?,
        (Some(_), _) => {
            let newest = store.snapshots(org, asset.id, NEWEST).await?;
            newest.into_iter().find(|is| is.branch == new.branch)
        }
    };
    let again = |is: &Snapshot| {
        let commit = new.revision.is_some() && is.revision == new.revision;
        crate::jobs::same(is, new) || (commit && is.document == new.document)
    };
    let Some(same) = of_branch.filter(again) else { return Ok(None) };
    let kind = Kind::ReadDocument.as_str();
    let waits = store.is_asked_of(org, kind, &begin(asset.id, new), same.received).await?;
    Ok((!waits).then_some(same))
}

/// The verdict, for who waits. Of another branch than the main line nothing is settled, and there is none.
async fn awaited(
    app: &App,
    who: &Who,
    asset: &Asset,
    change: &Change,
    wait: u64,
    since: Timestamp,
) -> Result<Option<Verdict>, Problem> {
    match (wait, &change.branch) {
        (1.., None) => verdict::of(app, who, asset, change, since).await.map(Some),
        _ => Ok(None),
    }
}

/// Which packages whoever pushes is asked about.
async fn wanted(app: &App, who: &Who, asset: &Asset, facts: bool) -> Result<Vec<String>, Problem> {
    match facts {
        true => crate::published::wanted(app, who.org, asset.id).await,
        false => Ok(Vec::new()),
    }
}

/// Of which updates whoever pushes is asked who merged them.
async fn unmerged(
    app: &App,
    who: &Who,
    asset: &Asset,
    facts: bool,
) -> Result<Vec<Unmerged>, Problem> {
    match facts {
        true => crate::merging::wanted(app, who.org, asset.id).await,
        false => Ok(Vec::new()),
    }
}

/// What a verdict is about.
fn changed(new: &NewSnapshot, snapshot: Option<i64>) -> Change {
    Change { revision: new.revision.clone(), branch: new.branch.clone(), snapshot }
}

/// The answer to who sends what is known.
async fn is_known(
    app: &App,
    who: &Who,
    asset: &Asset,
    latest: &Snapshot,
    (wait, facts, without_owner): (u64, bool, Option<&'static str>),
) -> Result<Response, Problem> {
    // That it is as it was is news of how old it is.
    app.store.confirm_snapshot(who.org, latest.id, app.now()).await?;
    let change = Change {
        revision: latest.revision.clone(),
        branch: latest.branch.clone(),
        snapshot: Some(latest.id),
    };
    let verdict = awaited(app, who, asset, &change, wait, latest.received).await?;
    let said = Said {
        asset: asset.id,
        document: latest.document.clone(),
        state: "known",
        snapshot: Some(latest.id),
        verdict,
        wanted: wanted(app, who, asset, facts).await?,
        unmerged: unmerged(app, who, asset, facts).await?,
        without_owner,
        ..Said::default()
    };
    Ok((StatusCode::OK, Json(said)).into_response())
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
        Err(Problem::invalid(format!("`kind` must be one of {}.", KINDS.join(", "))))
    }
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
                "Temporarily unavailable",
                refused.to_string(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_owns_is_said_with_what_to_do() {
        let of = |system: Option<i64>, team: Option<i64>| without_owner(On { system, team });
        assert_eq!(of(Some(1), Some(2)), None);
        assert!(of(Some(1), None).unwrap().contains("Give the system an owner"));
        assert!(of(None, None).unwrap().contains("`--system`"));
    }

    #[test]
    fn a_build_that_is_run_again_is_the_same_work() {
        let of = |revision: Option<&str>, branch: Option<&str>, build: Option<&str>| NewSnapshot {
            document: "d".to_owned(),
            revision: revision.map(Into::into),
            branch: branch.map(Into::into),
            build: build.map(Into::into),
            received: None,
        };
        let first = of(Some("c"), None, Some("1"));
        assert_eq!(name(7, &first), r#"[7,null,"d","c",null]"#);
        assert_eq!(name(7, &of(Some("c"), None, Some("2"))), name(7, &first));
        // Without a commit only the build tells them apart.
        assert_ne!(name(7, &of(None, None, Some("1"))), name(7, &of(None, None, Some("2"))));
        let other = of(Some("c"), Some("work"), Some("1"));
        assert_eq!(name(7, &other), r#"[7,"work","d","c",null]"#);
        assert!(name(7, &other).starts_with(&begin(7, &other)));
        assert!(!name(71, &other).starts_with(&begin(7, &other)));
    }
}
