//! A new index at its place is noticed, and what it changed for each organisation is matched again.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use trimtab_advisories::index::{self as advisories, Index, Touched};
use trimtab_store::{NewJob, Org, Priority};

use super::{Kind, LOOK};
use crate::ingest::{Refused, blocking};
use crate::opened::Opened;
use crate::state::App;

/// How many components are looked through at once.
const BLOCK: usize = 20_000;

/// Looks for a new index until it is told to stop.
pub(crate) async fn watch(app: App, mut stop: tokio::sync::watch::Receiver<bool>) {
    let mut begun = false;
    while !*stop.borrow() {
        let looked = if begun { notice(&app).await } else { begin(&app).await };
        begun |= looked.is_ok();
        if let Err(error) = looked {
            tracing::warn!(%error, "the new index cannot be used yet");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// If another index lies at its place: works with it from now on, and has matched again what it
/// changed. Returns how many organisations that touches.
pub(crate) async fn notice(app: &App) -> Result<usize, Refused> {
    match app.reopen_index().map_err(Refused::Internal)? {
        Some((old, new)) => {
            let done = rematch(app, old.clone(), new).await;
            if done.is_err() {
                // What is to be matched again is not noted: it is asked once more.
                app.put_index_back(old);
            }
            done
        }
        None => Ok(0),
    }
}

/// At the start: whether the index is the one that everything was matched with. It is not if it came
/// while no server ran, or if one died before it had said what is to be matched again.
async fn begin(app: &App) -> Result<usize, Refused> {
    let Some(new) = app.index() else { return Ok(0) };
    let feeds = app.store.feeds().await?;
    let noted = feeds.into_iter().find(|feed| feed.name == INDEX).map(|feed| feed.state);
    let path = trimtab_feeds::previous(&app.settings.index);
    let (is, before) = blocking({
        let new = new.clone();
        move || (digest(&new), Opened::open(&path).ok())
    })
    .await?;
    if noted.is_some() && noted == is {
        return Ok(0);
    }
    let before = before.filter(|before| noted.is_some() && digest(before) == noted);
    rematch(app, before.map(Arc::new), new).await
}

/// The row that notes which index everything is matched with, or will be by jobs that wait.
const INDEX: &str = "index";

fn digest(index: &Index) -> Option<String> {
    Some(index.info().ok()?.digest.to_string())
}

/// Has matched again what one index changed after another. Returns how many organisations that
/// touches.
async fn rematch(app: &App, old: Option<Arc<Opened>>, new: Arc<Opened>) -> Result<usize, Refused> {
    let all = old.is_none();
    let after = digest(&new).unwrap_or_default();
    let (name, touched) =
        blocking(move || differences(old.as_deref().map(|old| &**old), &new)).await??;
    let names: Vec<String> = touched.vulnerabilities.iter().map(ToString::to_string).collect();
    let now = app.now();
    let mut jobs = 0;
    for organisation in app.store.organisations().await? {
        let org = organisation.org;
        let packages = packages(app, org, &touched, all).await?;
        let mut payload = json!({ "packages": packages });
        let mut empty = packages.is_empty() && (all || !touched.everything);
        if !touched.everything {
            let known = app.store.known_names(org, &names).await?;
            empty &= known.is_empty();
            payload["vulnerabilities"] = known.into();
        }
        if empty {
            continue;
        }
        let job = NewJob {
            org,
            kind: Kind::Rematch.as_str().to_owned(),
            name: name.clone(),
            payload,
            priority: Priority::Scheduled,
            run_at: now,
        };
        app.store.add_job(&job, now).await?;
        jobs += 1;
    }
    app.store.note_feed(INDEX, &after, true, None, now).await?;
    app.work.notify_waiters();
    Ok(jobs)
}

/// What two indexes differ in, with a name for exactly this step.
fn differences(old: Option<&Index>, new: &Index) -> Result<(String, Touched), Refused> {
    let damaged = |e: advisories::IndexError| Refused::Internal(e.to_string());
    let after = new.info().map_err(damaged)?.digest;
    let Some(old) = old else {
        // It is not known what things were matched with.
        return Ok((format!("to {after}"), Touched { everything: true, ..Touched::default() }));
    };
    let before = old.info().map_err(damaged)?.digest;
    Ok((format!("{before} to {after}"), Touched::between(old, new).map_err(damaged)?))
}

/// The packages of an organisation that a change touches, as purls without version.
async fn packages(
    app: &App,
    org: Org,
    touched: &Touched,
    all: bool,
) -> Result<Vec<String>, Refused> {
    let mut found = BTreeSet::new();
    let mut after = 0;
    while all || !touched.packages.is_empty() {
        let block = app.store.components(org, after, BLOCK).await?;
        let Some(last) = block.last() else { break };
        after = last.id;
        for component in block {
            let package = || trimtab_engine::package_of(&component.is.purl.parse().ok()?);
            if all || package().is_some_and(|package| touched.packages.contains(&package)) {
                found.insert(component.is.package);
            }
        }
    }
    Ok(found.into_iter().collect())
}

/// Whether two are one and the same.
pub(crate) fn is_same(a: Option<&Arc<Opened>>, b: &Arc<Opened>) -> bool {
    a.is_some_and(|a| Arc::ptr_eq(a, b))
}
