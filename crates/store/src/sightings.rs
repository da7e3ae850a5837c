//! What clusters said runs in them: one list names all that a cluster runs, so that what was in its last list
//! and is in this one no longer has stopped, unless another cluster still runs it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::db::{Sql, args, rows};
use crate::error::Result;
use crate::time::micros;
use crate::{Org, Store};

/// How long a cluster's list holds.
const LAPSE: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How many rows go into one statement.
const BLOCK: usize = 2000;

impl Store {
    /// The assets that the last list of a cluster had in an environment and `seen` has not, and that no
    /// other cluster's list of the last week has there (one that sends none any longer says nothing); sorted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn no_longer_seen(
        &self,
        org: Org,
        environment: &str,
        cluster: &str,
        seen: &BTreeSet<i64>,
        now: Timestamp,
    ) -> Result<Vec<i64>> {
        let sql = "SELECT asset FROM sighting AS was
            WHERE org = $1 AND environment = $2 AND cluster = $3 AND NOT EXISTS
                (SELECT 1 FROM sighting WHERE sighting.org = $1 AND sighting.asset = was.asset
                    AND sighting.environment = $2 AND sighting.cluster <> $3 AND sighting.at >= $4)
            ORDER BY asset";
        let week = now.checked_sub(LAPSE).unwrap_or(Timestamp::MIN);
        let values = args![org.0, environment, cluster, micros(week)];
        let found = (&mut &self.db).all(sql, values).await?;
        let all: Vec<i64> = found.iter().map(|row| row.int(0)).collect::<Result<_>>()?;
        Ok(all.into_iter().filter(|asset| !seen.contains(asset)).collect())
    }

    /// Keeps what a cluster's list has in an environment, in place of its last one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn saw(
        &self,
        org: Org,
        environment: &str,
        cluster: &str,
        seen: &BTreeSet<i64>,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM sighting WHERE org = $1 AND environment = $2 AND cluster = $3";
        tx.run(sql, args![org.0, environment, cluster]).await?;
        let lines: Vec<_> = seen.iter().map(|asset| json!([asset])).collect();
        for block in lines.chunks(BLOCK) {
            let table = rows(tx.engine(), "$5", &[("asset", "BIGINT")]);
            let sql = format!(
                "INSERT INTO sighting (org, environment, cluster, asset, at)
                 SELECT $1, $2, $3, asset, $4 FROM {table} WHERE TRUE
                 ON CONFLICT (org, environment, cluster, asset) DO UPDATE SET at = excluded.at"
            );
            let block = serde_json::Value::from(block).to_string();
            tx.run(&sql, args![org.0, environment, cluster, micros(now), block]).await?;
        }
        tx.commit().await
    }
}
