//! What registries told of the packages that most is built on, by whoever pushed: of some nobody could tell.

use jiff::{SignedDuration, Timestamp};
use trimtab_store::{Org, Published};

use super::chance::Chance;
use crate::state::App;

/// How many assets told something.
const ASSETS: usize = 60;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Fills it in for the day.
pub(super) async fn fill(
    app: &App,
    org: Org,
    chance: &mut Chance,
    now: Timestamp,
) -> Result<(), String> {
    crate::published::rank(app, org, now).await.map_err(told)?;
    let store = &app.store;
    let assets = store.assets(org, None, None, "", ASSETS).await.map_err(told)?;
    for asset in &assets {
        let since = now - SignedDuration::from_hours(1);
        let wanted = store.wanted(org, asset.id, (since, since), 10);
        let mut all = Vec::new();
        for (package, version) in wanted.await.map_err(told)? {
            all.push(one(package, version, chance, now));
        }
        let by = ("token:1", now);
        store.tell_published(org, asset.id, &all, by).await.map_err(told)?;
    }
    Ok(())
}

fn one(package: String, version: String, chance: &mut Chance, now: Timestamp) -> Published {
    let days = |days| now - SignedDuration::from_hours(24 * days);
    let (old, since) = (chance.between(60, 2400), chance.between(0, 30));
    // Some registries tell no dates, and some do not answer.
    let (dated, answered) = (chance.happens(85), chance.happens(92));
    let last = if since == 0 { old } else { chance.between(5, old) };
    let deprecated = chance.happens(6);
    Published {
        package,
        version,
        asked: answered.then_some(now),
        source: "the ecosystem's client".to_owned(),
        published: dated.then(|| days(old)),
        last_release: dated.then(|| days(last)),
        newest: None,
        since: Some(since),
        standing: Some(if deprecated { "deprecated" } else { "offered" }.to_owned()),
        words: if deprecated { "no longer maintained" } else { "" }.to_owned(),
        archived: None,
    }
}
