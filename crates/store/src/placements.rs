//! What people decided about planned changes: accepted for a window, or held back. A plan is made anew
//! whenever somebody looks at it; these stand in it as they are.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// What was decided about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacementState {
    /// It is done in the window.
    Accepted,
    /// It is not done for now.
    Held,
}

impl PlacementState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            PlacementState::Accepted => "accepted",
            PlacementState::Held => "held",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<PlacementState> {
        let all = [PlacementState::Accepted, PlacementState::Held];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// A change of a team's plan: a package of an asset is raised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PlannedChange {
    /// The asset.
    pub asset: i64,
    /// The purl without version.
    pub package: String,
}

/// A change with what people decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The change.
    pub change: PlannedChange,
    /// What was decided.
    pub state: PlacementState,
    /// When its window begins. `None`: at once, or it is held.
    pub starts: Option<Timestamp>,
    /// Why, in words; may be empty.
    pub reason: String,
    /// Who.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

impl Placement {
    fn from_row(row: &Row) -> Result<Placement> {
        let state = row.text(2)?;
        let wrong = || StoreError::Damaged(format!("state of a planned change `{state}`"));
        Ok(Placement {
            change: PlannedChange { asset: row.int(0)?, package: row.text(1)? },
            state: PlacementState::from_text(&state).ok_or_else(wrong)?,
            starts: maybe(row.maybe_int(3)?)?,
            reason: row.text(4)?,
            actor: row.text(5)?,
            at: moment(row.int(6)?)?,
        })
    }
}

impl Store {
    /// What people decided about a team's changes, by asset and package.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn placements(&self, org: Org, team: i64) -> Result<Vec<Placement>> {
        let sql = "SELECT asset, package, state, starts, reason, actor, at FROM placement
            WHERE org = $1 AND team = $2 ORDER BY asset, package";
        let rows = (&mut &self.db).all(sql, args![org.0, team]).await?;
        rows.iter().map(Placement::from_row).collect()
    }

    /// Keeps decisions about a team's changes, in place of earlier ones.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn place(&self, org: Org, team: i64, all: &[Placement]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        put(&mut tx, org, team, all).await?;
        tx.commit().await
    }

    /// Leaves changes to the plan again. Returns how many were decided.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unplace(
        &self,
        org: Org,
        team: i64,
        changes: &[PlannedChange],
        actor: &str,
        now: Timestamp,
    ) -> Result<usize> {
        let mut tx = self.db.begin().await?;
        let mut events = Vec::new();
        for change in changes {
            let sql = "DELETE FROM placement
                WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4";
            let values = args![org.0, team, change.asset, &change.package];
            if tx.run(sql, values).await? == 1 {
                let data = json!({ "team": team, "package": change.package, "state": "open" });
                events.push(planned(change.asset, actor, now, data));
            }
        }
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(events.len())
    }
}

/// Leaves a change to the plan again that is held for a reason. Returns what the ledger is to be told: nothing, if people
/// decided otherwise meanwhile.
pub(crate) async fn release(
    tx: &mut Tx,
    (org, team): (Org, i64),
    change: &PlannedChange,
    (reason, now): (&str, Timestamp),
) -> Result<Option<NewEvent>> {
    let sql = "DELETE FROM placement
        WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4
            AND state = 'held' AND reason = $5";
    let values = args![org.0, team, change.asset, &change.package, reason];
    if tx.run(sql, values).await? == 0 {
        return Ok(None);
    }
    let data = json!({ "team": team, "package": change.package, "state": "open",
        "reason": "what held it back is over" });
    Ok(Some(planned(change.asset, "trimtab", now, data)))
}

/// Keeps decisions in a transaction, and tells the ledger.
pub(crate) async fn put(tx: &mut Tx, org: Org, team: i64, all: &[Placement]) -> Result<()> {
    let mut events = Vec::with_capacity(all.len());
    for one in all {
        let sql = "INSERT INTO placement
                (org, team, asset, package, state, starts, reason, actor, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (org, team, asset, package) DO UPDATE SET state = excluded.state,
                starts = excluded.starts, reason = excluded.reason, actor = excluded.actor,
                at = excluded.at";
        let values = args![
            org.0,
            team,
            one.change.asset,
            &one.change.package,
            one.state.as_str(),
            one.starts.map(micros),
            &one.reason,
            &one.actor,
            micros(one.at)
        ];
        tx.run(sql, values).await?;
        let window = one.starts.map(|at| at.to_string());
        let data = json!({ "team": team, "package": one.change.package,
            "state": one.state.as_str(), "window": window, "reason": one.reason });
        events.push(planned(one.change.asset, &one.actor, one.at, data));
    }
    ledger::append(tx, org, &events).await
}

fn planned(asset: i64, actor: &str, at: Timestamp, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Planned,
        at,
        actor: actor.to_owned(),
        system: None,
        asset: Some(asset),
        finding: None,
        data,
    }
}
