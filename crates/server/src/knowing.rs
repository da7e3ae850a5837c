//! What is known of stored findings when they are weighed again: scope, relation and files come from
//! the document that carries the component.

use std::collections::HashMap;

use trimtab_store::{Finding, Known, Listed, Org, Store, StoreError};

/// What is known of findings, in their order. Each asset is looked up once.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn known(
    store: &Store,
    org: Org,
    findings: &[Finding],
) -> Result<Vec<Known>, StoreError> {
    let mut assets: HashMap<i64, HashMap<i64, Listed>> = HashMap::new();
    let mut all = Vec::with_capacity(findings.len());
    for is in findings {
        let listed = match assets.entry(is.asset.0) {
            std::collections::hash_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(carried(store, org, is.asset.0).await?)
            }
        };
        let listed = listed.get(&is.component.0);
        all.push(Known {
            asset: is.asset.clone(),
            system: is.system.as_ref().map(|s| s.0),
            purl: is.component.1.clone(),
            package: is.package.clone(),
            vulnerability: is.vulnerability.1.clone(),
            scope: listed.map_or("runtime", |l| &l.scope).to_owned(),
            relation: listed.map_or("unknown", |l| &l.relation).to_owned(),
            files: listed.map_or(1, |l| l.files),
            detected: is.detected,
        });
    }
    Ok(all)
}

/// What an asset carries by component: of the main line first, then of what runs.
async fn carried(store: &Store, org: Org, asset: i64) -> Result<HashMap<i64, Listed>, StoreError> {
    let mut all = HashMap::new();
    let Some(is) = store.asset(org, asset).await? else { return Ok(all) };
    let mut documents: Vec<String> = is.latest.map(|s| s.document).into_iter().collect();
    for running in is.running {
        let snapshot = store.snapshot(org, running.snapshot).await?;
        documents.extend(snapshot.map(|s| s.document));
    }
    documents.dedup();
    for document in documents {
        let contents = store.contents(org, &document).await?.unwrap_or_default();
        for listed in contents.listed {
            all.entry(listed.component).or_insert(listed);
        }
    }
    Ok(all)
}
