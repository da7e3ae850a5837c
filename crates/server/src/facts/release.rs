//! What is different between two snapshots of an asset: components and findings.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Deserialize;
use trimtab_store::{Asset, Component, Snapshot};

use crate::access::{Action, Who};
use crate::api::on;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Weigher;

/// The most packages that differ.
pub(crate) const MOST: usize = 2000;
/// How many snapshots of an asset can be compared: the newest.
const SNAPSHOTS: usize = 100;

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The asset; if absent: that of the snapshots.
    pub(crate) asset: Option<i64>,
    /// The snapshot before; if absent: the one before the other.
    pub(crate) from: Option<i64>,
    /// The snapshot after; if absent: the newest.
    pub(crate) to: Option<i64>,
}

/// Two snapshots of an asset, and what is different.
pub(crate) struct Facts {
    pub(crate) asset: Asset,
    /// Those that can be compared, the newest first.
    pub(crate) snapshots: Vec<Snapshot>,
    from: Option<usize>,
    to: Option<usize>,
    pub(crate) sides: Sides,
}

impl Facts {
    /// Compares them, of an asset that they may see.
    ///
    /// # Errors
    /// There is no such asset or snapshot; the store does not answer.
    pub(crate) async fn of(app: &App, who: &Who, asked: &Asked) -> Result<Facts, Problem> {
        let missing = || Problem::not_found("snapshot");
        let asset = match (asked.asset, asked.to.or(asked.from)) {
            (Some(asset), _) => asset,
            (None, Some(id)) => app.store.snapshot(who.org, id).await?.ok_or_else(missing)?.asset,
            (None, None) => return Err(missing()),
        };
        let is = app.store.asset(who.org, asset).await?.ok_or_else(missing)?;
        if !who.may(Action::View, on(&app.store, who.org, is.asset.system).await?) {
            return Err(missing());
        }
        let all = app.store.snapshots(who.org, asset, SNAPSHOTS).await?;
        let of = |id: Option<i64>| match id {
            None => Ok(None),
            Some(id) => all.iter().position(|s| s.id == id).ok_or_else(missing).map(Some),
        };
        let (from, to) = (of(asked.from)?, of(asked.to)?);
        let to = to.or((!all.is_empty()).then_some(0));
        let before = to.and_then(|to| {
            let id = all.get(to)?.id;
            all.iter().position(|s| s.id < id)
        });
        let from = from.or(before).or(to);
        let mut facts =
            Facts { asset: is.asset, snapshots: all, from, to, sides: Sides::default() };
        if let (Some(from), Some(to)) = (facts.from(), facts.to()) {
            facts.sides = compare(app, who, from, to).await?;
        }
        Ok(facts)
    }

    /// The one before. `None`: nothing was received yet.
    pub(crate) fn from(&self) -> Option<&Snapshot> {
        self.from.and_then(|at| self.snapshots.get(at))
    }

    /// The one after.
    pub(crate) fn to(&self) -> Option<&Snapshot> {
        self.to.and_then(|at| self.snapshots.get(at))
    }
}

/// What is different.
#[derive(Debug, Default)]
pub(crate) struct Sides {
    /// Of packages that were not there before.
    pub(crate) came: Vec<Component>,
    /// Of packages that are there no longer.
    pub(crate) went: Vec<Component>,
    /// Packages of which versions came or went: the package, all its versions before and after.
    pub(crate) changed: Vec<(String, String, String)>,
    /// Package and vulnerability.
    pub(crate) new: BTreeSet<(String, String)>,
    pub(crate) gone: BTreeSet<(String, String)>,
    /// More packages differ than are looked at.
    pub(crate) more: bool,
}

/// The components of a package before and after.
type Package = (Vec<Component>, Vec<Component>);

async fn compare(app: &App, who: &Who, from: &Snapshot, to: &Snapshot) -> Result<Sides, Problem> {
    let list = async |digest: &str| -> Result<HashSet<i64>, Problem> {
        let contents = app.store.contents(who.org, digest).await?.unwrap_or_default();
        Ok(contents.listed.into_iter().map(|l| l.component).collect())
    };
    let (old, new) = (list(&from.document).await?, list(&to.document).await?);
    let mut differ: Vec<i64> = old.symmetric_difference(&new).copied().collect();
    differ.sort_unstable();
    let differ = app.store.components_numbered(who.org, &differ).await?;
    let names: BTreeSet<String> = differ.into_iter().map(|c| c.is.package).collect();
    // Whole packages: of one that is cut, a version would have come or gone that is there on both sides.
    let more = names.len() > MOST;
    let names: Vec<String> = names.into_iter().take(MOST).collect();
    let mut packages: BTreeMap<String, Package> = BTreeMap::new();
    // With the versions that stay: what they have is not new with another version.
    for component in app.store.components_of(who.org, &names).await? {
        let (is_old, is_new) = (old.contains(&component.id), new.contains(&component.id));
        let (before, after) = packages.entry(component.is.package.clone()).or_default();
        if is_old {
            before.push(component.clone());
        }
        if is_new {
            after.push(component);
        }
    }
    let (new, gone) = wrong(app, who, &packages).await?;
    let mut sides = Sides { new, gone, more, ..Sides::default() };
    for (package, (mut before, mut after)) in packages {
        before.sort_by_key(|c| c.id);
        after.sort_by_key(|c| c.id);
        if before.is_empty() {
            sides.came.extend(after);
        } else if after.is_empty() {
            sides.went.extend(before);
        } else {
            sides.changed.push((package, versions(&before), versions(&after)));
        }
    }
    Ok(sides)
}

/// Their versions, each once.
fn versions(all: &[Component]) -> String {
    let mut told: Vec<&str> =
        all.iter().map(|c| c.is.version.as_deref().unwrap_or("unknown")).collect();
    told.dedup();
    told.join(", ")
}

type Wrong = BTreeSet<(String, String)>;

/// What the index says of either side and not of the other: new, gone.
async fn wrong(
    app: &App,
    who: &Who,
    packages: &BTreeMap<String, Package>,
) -> Result<(Wrong, Wrong), Problem> {
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let Some(index) = app.index() else { return Ok((Wrong::new(), Wrong::new())) };
    let told = |of: fn(&Package) -> &Vec<Component>| -> Vec<(String, String)> {
        let all = packages.values().flat_map(of);
        all.map(|c| (c.is.package.clone(), c.is.purl.clone())).collect()
    };
    let (before, after) = (told(|package| &package.0), told(|package| &package.1));
    let matched = tokio::task::spawn_blocking(move || {
        let weigher = Weigher::new(&agreed, index, now);
        let of = |all: &[(String, String)]| -> Wrong {
            let found = all.iter().flat_map(|(package, purl)| {
                let ids = weigher.vulnerabilities(purl);
                ids.into_iter().map(|id| (package.clone(), id))
            });
            found.collect()
        };
        let (old, new) = (of(&before), of(&after));
        (new.difference(&old).cloned().collect(), old.difference(&new).cloned().collect())
    });
    matched.await.map_err(|e| Problem::conflict(format!("This was stopped: {e}.")))
}
