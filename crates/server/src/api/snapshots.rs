//! `POST /api/v1/snapshots`: a document about an asset, in any format that the scanner reads, as the body.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_store::{
    Arrival, Asset, FindingFilter, FindingState, JobState, NewJob, NewSnapshot, Numbers, Org,
    Priority, Settled, Snapshot, Store,
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
    /// Findings that the asset has now, with those that are gone from the main line and wait to be deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<i64>,
    /// Those of them that are gone from the main line and wait to be deployed.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged: Option<i64>,
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
    let (on, system, is_known) = place(&app, &who, &about).await?;
    check(&about)?;
    let sent = arriving.read(&app).await?;
    let now = app.now();
    let called = (about.asset.as_str(), about.kind.as_str());
    // An asset that is new comes in with its first document.
    let known = match is_known {
        false => None,
        true => {
            let actor = who.actor();
            Some(app.store.put_asset_by(who.org, called, system, &actor, now).await?)
        }
    };
    let mut read = Read {
        asset: known.as_ref().map_or(0, |asset| asset.id),
        document: sent.digest.clone(),
        revision: about.revision,
        branch: about.branch,
        build: about.build,
        actor: who.actor(),
    };
    let new = read.snapshot();
    let taking = Taking {
        app: &app,
        who: &who,
        wait: about.wait.unwrap_or(0).min(50),
        // What is of another branch is carried by no asset.
        facts: about.facts.unwrap_or(false) && new.branch.is_none(),
        unowned: without_owner(on).filter(|_| new.branch.is_none()),
        new: &new,
    };
    // The same again costs nearly nothing.
    if let Some(asset) = &known
        && let Some(latest) = same_as(&app.store, who.org, asset, &new).await?
    {
        return taking.known(asset, &latest).await;
    }
    // What is new is brought to the disk once, before it is called accepted.
    let soon = app.soon();
    sent.keep(&soon, who.org, now).await?;
    let agreed = match app.store.was_read(who.org, &new.document).await? {
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
    let asset = store.put_asset_by(who.org, called, system, &who.actor(), now).await?;
    // Who sends it again because the answer was lost may have been looked at while it was being settled: from here on
    // nobody settles the asset.
    store.hold_assets(who.org, &[asset.id]).await?;
    let asset = store.asset_of_name(who.org, &about.asset).await?.unwrap_or(asset);
    if let Some(latest) = same_as(store, who.org, &asset, &new).await? {
        drop(together);
        return taking.known(&asset, &latest).await;
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
        return taking.settled(&asset, Counts::from(&settled), now).await;
    }
    read.asset = asset.id;
    let priority = if taking.wait > 0 { Priority::Waited } else { Priority::Upload };
    let job = job(who.org, &read, &new, priority, now)?;
    let id = store.add_job_once(&job, &begin(asset.id, &new), now).await?;
    together.commit().await?;
    app.store.flush().await?;
    app.work.notify_one();
    taking.read_by(id, &asset).await
}

/// Where a document belongs, with the system that is named, and whether the asset is known.
///
/// # Errors
/// There is no such system, they may not send there, or the store does not answer.
async fn place(app: &App, who: &Who, about: &About) -> Result<(On, Option<i64>, bool), Problem> {
    let system = match &about.system {
        None => None,
        Some(name) => {
            let systems = app.store.systems(who.org).await?;
            let found = systems.iter().find(|s| s.name == *name).cloned();
            let missing = || {
                Problem::invalid(format!(
                    "There is no system `{name}`. Describe it first, under *Systems* or by `PUT /api/v1/systems`, or \
                     name one that there is."
                ))
            };
            Some(found.ok_or_else(missing)?)
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
    Ok((on, system.map(|system| system.id), known.is_some()))
}

/// What settling a snapshot came to.
#[derive(Clone, Copy)]
struct Counts {
    snapshot: Option<i64>,
    detected: Option<i64>,
    fixed: Option<i64>,
    live: Option<i64>,
}

impl From<&Settled> for Counts {
    fn from(is: &Settled) -> Counts {
        Counts {
            snapshot: is.snapshot,
            detected: i64::try_from(is.detected.len()).ok(),
            fixed: i64::try_from(is.fixed.len()).ok(),
            live: i64::try_from(is.live).ok(),
        }
    }
}

/// A document that is being taken in, and what whoever sends it wants to know.
struct Taking<'t> {
    app: &'t App,
    who: &'t Who,
    new: &'t NewSnapshot,
    /// How many seconds they wait for the answer.
    wait: u64,
    /// Whether the answer names what the server wants to know.
    facts: bool,
    /// What to do where no team owns what is found there.
    unowned: Option<&'static str>,
}

impl Taking<'_> {
    /// The answer where it says no more than the newest snapshot.
    async fn known(&self, asset: &Asset, latest: &Snapshot) -> Result<Response, Problem> {
        // That it is as it was is news of how old it is.
        let (app, who) = (self.app, self.who);
        app.store.confirm_snapshot(who.org, latest.id, app.now()).await?;
        let change = Change {
            revision: latest.revision.clone(),
            branch: latest.branch.clone(),
            snapshot: Some(latest.id),
        };
        let said = Said {
            document: latest.document.clone(),
            state: "known",
            snapshot: Some(latest.id),
            ..self.said(asset, &change, latest.received).await?
        };
        Ok((StatusCode::OK, Json(said)).into_response())
    }

    /// The answer where findings are as it says.
    async fn settled(
        &self,
        asset: &Asset,
        counts: Counts,
        since: Timestamp,
    ) -> Result<Response, Problem> {
        let Counts { snapshot, detected, fixed, live } = counts;
        let (revision, branch) = (self.new.revision.clone(), self.new.branch.clone());
        let merged = FindingFilter {
            states: vec![FindingState::Merged],
            asset: Some(asset.id),
            ..FindingFilter::default()
        };
        let merged = match live {
            Some(live) if live > 0 && branch.is_none() => {
                let is = self.app.store.count_findings(self.who.org, &merged).await?;
                Some(is.number.min(live))
            }
            _ => None,
        };
        let change = Change { revision, branch, snapshot };
        let said = Said {
            state: "settled",
            snapshot,
            detected,
            fixed,
            live,
            merged,
            ..self.said(asset, &change, since).await?
        };
        Ok((StatusCode::CREATED, Json(said)).into_response())
    }

    /// The answer once a job has read it, or that it waits to be read.
    async fn read_by(&self, id: i64, asset: &Asset) -> Result<Response, Problem> {
        let until = tokio::time::Instant::now() + Duration::from_secs(self.wait);
        let mut pause = Duration::from_millis(10);
        while tokio::time::Instant::now() < until {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(250));
            let Some(job) = self.app.store.job(self.who.org, id).await? else { break };
            match job.state {
                JobState::Done => {
                    let result = job.result.unwrap_or_default();
                    let number = |name: &str| result[name].as_i64();
                    let counts = Counts {
                        snapshot: number("snapshot"),
                        detected: number("detected"),
                        fixed: number("fixed"),
                        live: number("live"),
                    };
                    return self.settled(asset, counts, job.created).await;
                }
                JobState::Dead => {
                    return Err(Problem::invalid(job.error.unwrap_or_default()));
                }
                JobState::Waiting | JobState::Running => {}
            }
        }
        let said = Said {
            asset: asset.id,
            document: self.new.document.clone(),
            state: "accepted",
            job: Some(id),
            look: Some(format!("/api/v1/jobs/{id}")),
            without_owner: self.unowned,
            ..Said::default()
        };
        Ok((StatusCode::ACCEPTED, Json(said)).into_response())
    }

    /// What every answer says once it is known what is there.
    async fn said(
        &self,
        asset: &Asset,
        change: &Change,
        since: Timestamp,
    ) -> Result<Said, Problem> {
        let (app, who) = (self.app, self.who);
        // Of another branch than the main line nothing is settled, and there is no verdict.
        let verdict = match (self.wait, &change.branch) {
            (1.., None) => Some(verdict::of(app, who, asset, change, since).await?),
            _ => None,
        };
        let (wanted, unmerged) = match self.facts {
            true => (
                crate::published::wanted(app, who.org, asset.id).await?,
                crate::merging::wanted(app, who.org, asset.id).await?,
            ),
            false => (Vec::new(), Vec::new()),
        };
        Ok(Said {
            asset: asset.id,
            document: self.new.document.clone(),
            verdict,
            wanted,
            unmerged,
            without_owner: self.unowned,
            ..Said::default()
        })
    }
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
    let job = job(org, read, &new, priority, now)?;
    let id = app.store.add_job_once(&job, &begin(asset.id, &new), now).await?;
    app.work.notify_one();
    Ok(Some(id))
}

/// The job that reads a document.
fn job(
    org: Org,
    read: &Read,
    new: &NewSnapshot,
    priority: Priority,
    now: Timestamp,
) -> Result<NewJob, Problem> {
    Ok(NewJob {
        org,
        kind: Kind::ReadDocument.as_str().to_owned(),
        name: name(read.asset, new),
        payload: serde_json::to_value(read).map_err(|e| Problem::invalid(e.to_string()))?,
        priority,
        run_at: now,
    })
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
