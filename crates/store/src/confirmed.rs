//! What a package manager confirmed for an asset: the actions of the plan that was pushed last.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// The confirmed actions of an asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// The asset.
    pub asset: i64,
    /// The snapshot that they are about.
    pub snapshot: i64,
    /// When they were tried.
    pub made: Timestamp,
    /// When they were pushed.
    pub received: Timestamp,
    /// By whom.
    pub actor: String,
    /// The actions; the server reads them.
    pub told: serde_json::Value,
}

impl Confirmed {
    fn from_row(row: &Row) -> Result<Confirmed> {
        Ok(Confirmed {
            asset: row.int(0)?,
            snapshot: row.int(1)?,
            made: moment(row.int(2)?)?,
            received: moment(row.int(3)?)?,
            actor: row.text(4)?,
            told: row.json(5)?,
        })
    }
}

impl Store {
    /// Keeps the confirmed actions of an asset. Those of its newest snapshot come before those of others; otherwise
    /// later ones before earlier ones. `false`: what is there comes first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_confirmed(&self, org: Org, is: &Confirmed) -> Result<bool> {
        let sql = "INSERT INTO confirmed (org, asset, snapshot, made, received, actor, told)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (org, asset) DO UPDATE SET snapshot = excluded.snapshot,
                made = excluded.made, received = excluded.received, actor = excluded.actor,
                told = excluded.told
            WHERE EXISTS (SELECT 1 FROM asset WHERE asset.org = $1 AND asset.id = $2
                AND CASE WHEN asset.latest = $3 AND confirmed.snapshot <> $3 THEN TRUE
                    WHEN asset.latest = confirmed.snapshot AND confirmed.snapshot <> $3 THEN FALSE
                    ELSE confirmed.made <= excluded.made END)";
        let values = args![
            org.0,
            is.asset,
            is.snapshot,
            micros(is.made),
            micros(is.received),
            &is.actor,
            is.told.to_string()
        ];
        let mut tx = self.db.begin().await?;
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "confirmed plan", "snapshot": is.snapshot,
            "made": is.made.to_string() });
        let event = NewEvent { asset: Some(is.asset), ..changed(&is.actor, is.received, data) };
        ledger::append(&mut tx, org, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A mark of them: while it is the same, so are the confirmed actions of a team, and which of them are old.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn confirmed_mark(&self, org: Org, team: i64) -> Result<String> {
        let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(confirmed.received / 1000), 0) AS BIGINT),
                COUNT(CASE WHEN asset.latest = confirmed.snapshot THEN 1 END)
            FROM confirmed
            JOIN asset ON asset.org = $1 AND asset.id = confirmed.asset
            JOIN system ON system.org = $1 AND system.id = asset.system
            WHERE confirmed.org = $1 AND system.team = $2";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        let row = row.ok_or_else(|| StoreError::Damaged("no sum".to_owned()))?;
        Ok(format!("{} {} {}", row.int(0)?, row.int(1)?, row.int(2)?))
    }

    /// The confirmed actions of an asset, with its latest snapshot. `None`: no plan was pushed for it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn confirmed_of(
        &self,
        org: Org,
        asset: i64,
    ) -> Result<Option<(Confirmed, Option<i64>)>> {
        let sql = "SELECT confirmed.asset, confirmed.snapshot, confirmed.made, confirmed.received,
                confirmed.actor, confirmed.told, asset.latest
            FROM confirmed
            JOIN asset ON asset.org = $1 AND asset.id = confirmed.asset
            WHERE confirmed.org = $1 AND confirmed.asset = $2";
        let row = (&mut &self.db).first(sql, args![org.0, asset]).await?;
        row.map(|row| Ok((Confirmed::from_row(&row)?, row.maybe_int(6)?))).transpose()
    }

    /// The confirmed actions of the assets of a team's systems, with the latest snapshot of each asset.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn confirmed(&self, org: Org, team: i64) -> Result<Vec<(Confirmed, Option<i64>)>> {
        let sql = "SELECT confirmed.asset, confirmed.snapshot, confirmed.made, confirmed.received,
                confirmed.actor, confirmed.told, asset.latest
            FROM confirmed
            JOIN asset ON asset.org = $1 AND asset.id = confirmed.asset
            JOIN system ON system.org = $1 AND system.id = asset.system
            WHERE confirmed.org = $1 AND system.team = $2 ORDER BY confirmed.asset";
        let rows = (&mut &self.db).all(sql, args![org.0, team]).await?;
        rows.iter().map(|row| Ok((Confirmed::from_row(row)?, row.maybe_int(6)?))).collect()
    }
}
