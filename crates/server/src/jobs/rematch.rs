//! The index, the charter or a decision changed: match again what it may touch, settle those assets.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trimtab_store::{GROUP, Job, JudgedBy};

use super::rematch_all;
use crate::ingest::{self, Refused, blocking};
use crate::state::App;
use crate::weighing::Weigher;

/// How many components are matched in one step.
const BLOCK: usize = 2000;

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let done = settle(app, job).await?;
    // What a decision covers now may be what was refused before.
    app.store.let_through(job.org, app.now()).await?;
    Ok(done)
}

async fn settle(app: &App, job: &Job) -> Result<Value, Refused> {
    // Another process may have seen the new index first.
    super::refresh::notice(app).await?;
    let index = app.index().ok_or(Refused::NoIndex)?;
    // `packages`: purls without version of which the index now says something else. They are matched.
    // `vulnerabilities`: names of which it does; assets that have them are weighed.
    // Without the latter it is the weighing itself that changed, and every asset is settled.
    let packages = list(&job.payload["packages"]).unwrap_or_default();
    let vulnerabilities = list(&job.payload["vulnerabilities"]);
    let components = app.store.components_of(job.org, &packages).await?;
    let count = components.len();
    let mut components: Vec<_> = components.into_iter().map(|c| (c.id, c.is)).collect();
    let mut touched: BTreeSet<i64> = BTreeSet::new();
    // Before matching: a finding whose answer goes is still live here, and must be settled, too, if
    // this was begun before and broken off.
    let mut looked = BTreeSet::new();
    if let Some(names) = &vulnerabilities {
        touched.extend(app.store.assets_with(job.org, names).await?);
        // Here too, as names that join may take a finding with them.
        looked = app.store.touched_packages(job.org, &packages, names).await?;
    }
    while !components.is_empty() {
        let block = components.split_off(components.len().saturating_sub(BLOCK));
        let index = index.clone();
        let answers = blocking(move || ingest::answers(&block, &index)).await??;
        let mut changed = app.store.put_matches(job.org, &answers, app.now()).await?;
        if job.attempts > 1 {
            // The attempt before may have kept the answers and died before it settled.
            changed = answers.iter().map(|(id, _)| *id).collect();
        }
        touched.extend(app.store.assets_carrying(job.org, &changed).await?);
    }
    let agreed = app.agreed(job.org, app.now()).await?;
    let production = agreed.production();
    let (mut settled, mut changed) = (0usize, 0usize);
    if let Some(names) = &vulnerabilities {
        // What is production may have changed, which what is carried does not know yet.
        let all = rematch_all(job.org, app.now());
        if app.store.is_asked(job.org, &all.kind, &all.name).await? {
            for asset in touched {
                let now = app.now();
                let weigher = Weigher::new(&agreed, index.clone(), now);
                let weigh = |known: &_| weigher.weigh(known);
                let done = app
                    .store
                    .settle(job.org, asset, JudgedBy::new(&production, &weigh, now))
                    .await?;
                changed += usize::from(!done.is_quiet());
                settled += 1;
            }
            return Ok(json!({ "matched": count, "settled": settled, "changed": changed }));
        }
        looked.extend(app.store.touched_packages(job.org, &packages, names).await?);
        let touched: Vec<i64> = touched.into_iter().collect();
        for group in touched.chunk_by(|a, b| a / GROUP == b / GROUP) {
            let now = app.now();
            let weigher = Weigher::new(&agreed, index.clone(), now);
            let weigh = |known: &_| weigher.weigh(known);
            let done = app.store.settle_change(
                job.org,
                group,
                &looked,
                JudgedBy::new(&production, &weigh, now),
            );
            let (mut done, whole) = done.await?;
            for asset in whole {
                done.push(
                    app.store
                        .settle(job.org, asset, JudgedBy::new(&production, &weigh, now))
                        .await?,
                );
            }
            settled += done.len();
            changed += done.iter().filter(|one| !one.is_quiet()).count();
        }
        return Ok(json!({ "matched": count, "settled": settled, "changed": changed }));
    }
    let mut after = String::new();
    loop {
        let assets = app.store.assets(job.org, None, None, &after, 500).await?;
        let Some(last) = assets.last() else { break };
        after.clone_from(&last.name);
        for asset in &assets {
            let now = app.now();
            let weigher = Weigher::new(&agreed, index.clone(), now);
            let weigh = |known: &_| weigher.weigh(known);
            let done = app
                .store
                .settle(job.org, asset.id, JudgedBy::new(&production, &weigh, now))
                .await?;
            changed += usize::from(!done.is_quiet());
            settled += 1;
        }
    }
    Ok(json!({ "matched": count, "settled": settled, "changed": changed }))
}

fn list(value: &Value) -> Option<Vec<String>> {
    let all = value.as_array()?;
    Some(all.iter().filter_map(|p| p.as_str().map(ToOwned::to_owned)).collect())
}
