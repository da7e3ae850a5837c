//! The index, the charter or a decision changed: match again what it may touch, settle those assets.

use serde_json::{Value, json};
use trimtab_store::Job;

use crate::ingest::{self, Refused, blocking};
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// How many components are matched in one step.
const BLOCK: usize = 2000;

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let index = app.index().ok_or(Refused::NoIndex)?;
    // `packages`: what changed in the index, as purls without version. Without it, nothing is matched
    // again: it is the weighing that changed.
    let packages: Vec<String> = job.payload["packages"]
        .as_array()
        .map(|all| all.iter().filter_map(|p| p.as_str().map(ToOwned::to_owned)).collect())
        .unwrap_or_default();
    let components = app.store.components_of(job.org, &packages).await?;
    let count = components.len();
    let mut components: Vec<_> = components.into_iter().map(|c| (c.id, c.is)).collect();
    while !components.is_empty() {
        let block = components.split_off(components.len().saturating_sub(BLOCK));
        let index = index.clone();
        let answers = blocking(move || ingest::answers(&block, &index)).await??;
        app.store.put_matches(job.org, &answers).await?;
    }
    let agreed = Agreed::of(&app.store, job.org, app.now()).await?;
    let production = agreed.production();
    let (mut settled, mut changed) = (0usize, 0usize);
    let mut after = String::new();
    loop {
        let assets = app.store.assets(job.org, None, &after, 500).await?;
        let Some(last) = assets.last() else { break };
        after.clone_from(&last.name);
        for asset in &assets {
            let now = app.now();
            let weigher = Weigher::new(&agreed, index.clone(), now);
            let weigh = |known: &_| weigher.weigh(known);
            let done = app.store.settle(job.org, asset.id, &production, &weigh, now).await?;
            settled += 1;
            changed += usize::from(!done.is_quiet());
        }
    }
    Ok(json!({ "matched": count, "settled": settled, "changed": changed }))
}
