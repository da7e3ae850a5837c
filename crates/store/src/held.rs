//! Assets that are held while they are settled, and how it stands with them.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::assets::{ASSET, Asset};
use crate::db::{Engine, Row, Sql, Tx, args, rows};
use crate::error::Result;
use crate::time::maybe;
use crate::{Org, Store};

impl Store {
    /// Has others who settle these assets wait until the transaction ends that this is within. Sorted: who holds
    /// several takes them in one order.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn hold_assets(&self, org: Org, sorted: &[i64]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if tx.engine() == Engine::Postgres {
            lock_all(&mut tx, org, sorted).await?;
        }
        tx.commit().await
    }
}

/// An asset that is locked, with what settling it begins from.
pub(crate) struct Locked {
    pub(crate) asset: Asset,
    /// The team of its system.
    pub(crate) team: Option<i64>,
    /// When the newest snapshot of its main line was received.
    pub(crate) newest: Option<Timestamp>,
}

/// Locks assets for the rest of the transaction, so that one at a time settles each: in the order of their ids, which is
/// everybody's, and so they come. What is gone is left out.
pub(crate) async fn lock_all(tx: &mut Tx, org: Org, all: &[i64]) -> Result<Vec<Locked>> {
    let table = rows(tx.engine(), "$2", &[("held", "BIGINT")]);
    // A statement that waits for a lock sees the rest as it was before: what they are is read by the next one.
    if tx.engine() == Engine::Postgres {
        let sql = format!(
            "SELECT 1 FROM {table} CROSS JOIN asset WHERE asset.org = $1 AND asset.id = j.held
             ORDER BY asset.id FOR UPDATE OF asset"
        );
        tx.all(&sql, args![org.0, lines(all)]).await?;
    }
    let sql = format!(
        "SELECT {ASSET},
            (SELECT team FROM system WHERE system.org = $1 AND system.id = asset.system),
            (SELECT received FROM snapshot WHERE snapshot.org = $1 AND snapshot.id = asset.latest)
         FROM {table} CROSS JOIN asset WHERE asset.org = $1 AND asset.id = j.held
         ORDER BY asset.id"
    );
    let read = |row: &Row| {
        Ok(Locked {
            asset: Asset::from_row(row)?,
            team: row.maybe_int(5)?,
            newest: maybe(row.maybe_int(6)?)?,
        })
    };
    tx.all(&sql, args![org.0, lines(all)]).await?.iter().map(read).collect()
}

/// Ids as rows of one column.
pub(crate) fn lines(ids: &[i64]) -> String {
    ids.iter().map(|id| serde_json::json!([id])).collect::<serde_json::Value>().to_string()
}

/// What runs of an asset, by environment, and the environments in which something of it ran and was stopped.
#[derive(Default)]
pub(crate) struct Standing {
    pub(crate) runs: Vec<(String, i64)>,
    pub(crate) stopped: Vec<String>,
}

/// How it stands with some assets. Of which nothing was ever told, there is nothing.
pub(crate) async fn standing(tx: &mut Tx, org: Org, all: &[i64]) -> Result<HashMap<i64, Standing>> {
    let table = rows(tx.engine(), "$2", &[("held", "BIGINT")]);
    let sql = format!(
        "SELECT j.held, running.environment, running.snapshot FROM {table} CROSS JOIN running
            WHERE running.org = $1 AND running.asset = j.held
         UNION ALL SELECT DISTINCT j.held, deployment.environment, CAST(NULL AS BIGINT)
            FROM {table} CROSS JOIN deployment
            WHERE deployment.org = $1 AND deployment.asset = j.held
                AND deployment.outcome = 'stopped'
         ORDER BY 1, 2"
    );
    let mut found: HashMap<i64, Standing> = HashMap::new();
    for row in tx.all(&sql, args![org.0, lines(all)]).await? {
        let is = found.entry(row.int(0)?).or_default();
        match row.maybe_int(2)? {
            Some(snapshot) => is.runs.push((row.text(1)?, snapshot)),
            None => is.stopped.push(row.text(1)?),
        }
    }
    Ok(found)
}
