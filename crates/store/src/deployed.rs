//! What runs where, of many assets at once.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::db::{Row, Sql, args, rows};
use crate::error::Result;
use crate::time::{micros, moment};
use crate::{Asset, Org, Outcome, Running, Store, StoreError};

/// How much of a system runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The system.
    pub system: i64,
    /// The environment.
    pub environment: String,
    /// How many of its assets run there.
    pub assets: i64,
}

/// A deployment that went wrong, and after which none was told there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The deployment.
    pub id: i64,
    /// The asset: id and name.
    pub asset: (i64, String),
    /// The asset's system.
    pub system: Option<i64>,
    /// The environment.
    pub environment: String,
    /// How it ended: it failed, or was rolled back.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
    /// The revision of the snapshot that it names.
    pub revision: Option<String>,
}

/// What finds them: of `$1` since `$2`, at most `$3`.
pub(crate) fn broken_sql(systems: Option<&[i64]>) -> String {
    let of = systems.map_or_else(String::new, |systems| {
        let list: Vec<String> = systems.iter().map(ToString::to_string).collect();
        let list = if list.is_empty() { "NULL".to_owned() } else { list.join(", ") };
        format!(" AND asset.system IN ({list})")
    });
    format!(
        "SELECT deployment.id, asset.id, asset.name, asset.system, deployment.environment,
            deployment.outcome, deployment.at, snapshot.revision
         FROM deployment JOIN asset ON asset.org = $1 AND asset.id = deployment.asset
         LEFT JOIN snapshot ON snapshot.org = $1 AND snapshot.id = deployment.snapshot
         WHERE deployment.org = $1 AND deployment.at >= $2
            AND deployment.outcome IN ('failed', 'rolled-back'){of}
            AND NOT EXISTS (SELECT 1 FROM deployment AS later WHERE later.org = $1
                AND later.asset = deployment.asset
                AND later.environment = deployment.environment
                AND later.at >= deployment.at
                AND (later.at > deployment.at OR later.id > deployment.id))
         ORDER BY deployment.at DESC, deployment.id DESC LIMIT $3"
    )
}

impl Store {
    /// Deployments since a moment that failed or were rolled back, and after which none of the asset was told in that
    /// environment; the newest first, at most `limit`. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn broken(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Broken>> {
        let sql = broken_sql(systems);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row| {
            let outcome = row.text(5)?;
            Ok(Broken {
                id: row.int(0)?,
                asset: (row.int(1)?, row.text(2)?),
                system: row.maybe_int(3)?,
                environment: row.text(4)?,
                outcome: Outcome::from_text(&outcome)
                    .ok_or_else(|| StoreError::Damaged(format!("outcome `{outcome}`")))?,
                at: moment(row.int(6)?)?,
                revision: row.maybe_text(7)?,
            })
        };
        let found = (&mut &self.db).all(&sql, args![org.0, micros(since), limit]).await?;
        found.iter().map(read).collect()
    }

    /// Assets of a system that run in an environment, by name, at most `limit`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn running_in(
        &self,
        org: Org,
        system: i64,
        environment: &str,
        limit: usize,
    ) -> Result<Vec<Asset>> {
        let sql = "SELECT asset.id, asset.system, asset.kind, asset.name, asset.latest
            FROM asset JOIN running ON running.org = $1 AND running.asset = asset.id
            WHERE asset.org = $1 AND asset.system = $2 AND running.environment = $3
            ORDER BY asset.name LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, system, environment, limit]).await?;
        found.iter().map(Asset::from_row).collect()
    }

    /// What runs of each system, by system and environment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn deployed_by_system(&self, org: Org) -> Result<Vec<Deployed>> {
        let sql = "SELECT asset.system, running.environment, COUNT(*)
            FROM running JOIN asset ON asset.org = $1 AND asset.id = running.asset
            WHERE running.org = $1 AND asset.system IS NOT NULL
            GROUP BY asset.system, running.environment
            ORDER BY asset.system, running.environment";
        let read = |row: &Row| {
            Ok(Deployed { system: row.int(0)?, environment: row.text(1)?, assets: row.int(2)? })
        };
        (&mut &self.db).all(sql, args![org.0]).await?.iter().map(read).collect()
    }

    /// How many assets a system has.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_assets(&self, org: Org, system: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM asset WHERE org = $1 AND system = $2";
        let row = (&mut &self.db).first(sql, args![org.0, system]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// What runs of some assets: by asset, each with the snapshot's revision, in the order of environments.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn running_of(
        &self,
        org: Org,
        assets: &[i64],
    ) -> Result<BTreeMap<i64, Vec<(Running, Option<String>)>>> {
        let lines: Vec<_> = assets.iter().map(|id| serde_json::json!([id])).collect();
        let table = rows(self.engine(), "$2", &[("asset", "BIGINT")]);
        let sql = format!(
            "SELECT running.asset, running.environment, running.snapshot, running.since,
                snapshot.revision
             FROM {table} CROSS JOIN running
             LEFT JOIN snapshot ON snapshot.org = $1 AND snapshot.id = running.snapshot
             WHERE running.org = $1 AND running.asset = j.asset
             ORDER BY running.asset, running.environment"
        );
        let lines = serde_json::Value::from(lines).to_string();
        let mut of: BTreeMap<i64, Vec<(Running, Option<String>)>> = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0, lines]).await? {
            let running = Running {
                environment: row.text(1)?,
                snapshot: row.int(2)?,
                since: moment(row.int(3)?)?,
            };
            of.entry(row.int(0)?).or_default().push((running, row.maybe_text(4)?));
        }
        Ok(of)
    }
}
