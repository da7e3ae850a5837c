//! VEX documents that hold, for an asset or the whole organisation. The statements are in the document;
//! what they mean for a finding is said when it is weighed.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Sql, args};
use crate::described;
use crate::error::{Result, StoreError};
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::{micros, moment};
use crate::{Org, Store};

/// A document that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vex {
    /// The asset that it is about. `None`: all of the organisation.
    pub asset: Option<i64>,
    /// The digest of the document.
    pub document: String,
    /// When it was received.
    pub received: Timestamp,
    /// Who sent it.
    pub actor: String,
}

/// The most documents that hold in an organisation: all are asked about every finding.
const MOST: i64 = 1000;

impl Store {
    /// Lets a stored document hold. `false`: it did already.
    ///
    /// # Errors
    /// The store does not answer; as many hold as may.
    pub async fn add_vex(
        &self,
        org: Org,
        asset: Option<i64>,
        document: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let row = tx.first("SELECT COUNT(*) FROM vex WHERE org = $1", args![org.0]).await?;
        if row.map_or(Ok(0), |row| row.int(0))? >= MOST {
            let what = format!("{MOST} VEX documents hold already: end one that no longer matters");
            return Err(StoreError::Refused(what));
        }
        let sql = "INSERT INTO vex (org, asset, document, received, actor)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let values = args![org.0, asset.unwrap_or(0), document, micros(now), actor];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let event = event(EventKind::Received, asset, json!({ "vex": document }), actor, now);
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Lets a document hold no longer; its bytes stay. `false`: it did not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_vex(
        &self,
        org: Org,
        asset: Option<i64>,
        document: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM vex WHERE org = $1 AND asset = $2 AND document = $3";
        if tx.run(sql, args![org.0, asset.unwrap_or(0), document]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "vex-ended": document });
        let event = event(EventKind::Changed, asset, data, actor, now);
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &[event]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The documents that hold, oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn vex(&self, org: Org) -> Result<Vec<Vex>> {
        let sql = "SELECT asset, document, received, actor FROM vex WHERE org = $1
            ORDER BY received, document, asset";
        let mut all = Vec::new();
        for row in (&mut &self.db).all(sql, args![org.0]).await? {
            let asset = row.int(0)?;
            all.push(Vex {
                asset: (asset != 0).then_some(asset),
                document: row.text(1)?,
                received: moment(row.int(2)?)?,
                actor: row.text(3)?,
            });
        }
        Ok(all)
    }
}

fn event(
    kind: EventKind,
    asset: Option<i64>,
    data: serde_json::Value,
    actor: &str,
    at: Timestamp,
) -> NewEvent {
    NewEvent { kind, at, actor: actor.to_owned(), system: None, asset, finding: None, data }
}
