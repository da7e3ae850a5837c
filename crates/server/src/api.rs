//! The API: one file per resource. Handlers know who asks, parse, ask the store, and convert.

pub(crate) mod assets;
pub(crate) mod charters;
pub(crate) mod decisions;
pub(crate) mod deployments;
pub(crate) mod documents;
pub(crate) mod findings;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod ledger;
pub(crate) mod metrics;
pub(crate) mod snapshots;
pub(crate) mod systems;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod where_is;

use serde::Serialize;
use trimtab_store::{Cursor, Org, Store, System};

use crate::access::{On, Who};
use crate::problem::Problem;

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    pub(crate) rows: Vec<T>,
    /// What to send as `after` for the next page.
    pub(crate) next: Option<String>,
}

/// Where a page begins, from what was sent.
pub(crate) fn cursor(after: Option<&str>) -> Result<Option<Cursor>, Problem> {
    match after {
        None | Some("") => Ok(None),
        Some(text) => Cursor::from_text(text)
            .map(Some)
            .ok_or_else(|| Problem::invalid("`after` is not a `next` that was given out")),
    }
}

/// What is done to something of a system.
pub(crate) async fn on(store: &Store, org: Org, system: Option<i64>) -> Result<On, Problem> {
    let Some(id) = system else { return Ok(On::ALL) };
    let systems = store.systems(org).await?;
    let team = systems.iter().find(|s| s.id == id).and_then(|s| s.team);
    Ok(On { system, team })
}

/// The systems that they may see. `None`: all.
pub(crate) fn visible(who: &Who, systems: &[System]) -> Option<Vec<i64>> {
    use crate::access::Action::View;
    if who.may(View, On::ALL) {
        return None;
    }
    let may = |s: &&System| who.may(View, On { system: Some(s.id), team: s.team });
    Some(systems.iter().filter(may).map(|s| s.id).collect())
}
