//! Deployments and the updates that came with them, of many assets at once: what delivery is measured by.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::condition::within;
use crate::db::{Row, Sql, Value, args};
use crate::error::{Result, StoreError};
use crate::time::{maybe, micros, moment};
use crate::{Org, Outcome, Store};

/// A deployment into production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Production {
    /// Its id.
    pub id: i64,
    /// The asset: id and name.
    pub asset: (i64, String),
    /// The asset's system.
    pub system: Option<i64>,
    /// The environment.
    pub environment: String,
    /// What was deployed; of a roll-back, what runs again.
    pub snapshot: i64,
    /// When that was received. `None`: it is kept no longer.
    pub received: Option<Timestamp>,
    /// Whether that is of the main line.
    pub main: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// An update that reached the main line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// Its id.
    pub update: i64,
    /// The asset.
    pub asset: i64,
    /// When the snapshot of the main line was received with which that was seen. `None`: it is kept no longer.
    pub since: Option<Timestamp>,
    /// When it was taken back. `None`: it was not.
    pub reverted: Option<Timestamp>,
    /// When it was carried out.
    pub at: Timestamp,
}

/// When an environment was production, by the charters of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductionTime {
    /// The environment.
    pub environment: String,
    /// Since when. `None`: from the beginning.
    pub from: Option<Timestamp>,
    /// Until when. `None`: it still is.
    pub until: Option<Timestamp>,
}

/// So many times are asked about at once.
const TIMES: usize = 300;

/// What is read of a deployment.
const COLUMNS: &str = "deployment.id, asset.id, asset.name, asset.system, deployment.environment, \
    deployment.snapshot, snapshot.received, deployment.outcome, deployment.at, \
    CAST(CASE WHEN snapshot.id IS NULL OR snapshot.branch IS NOT NULL THEN 0 ELSE 1 END AS BIGINT)";

impl Production {
    fn from_row(row: &Row) -> Result<Production> {
        let outcome = row.text(7)?;
        Ok(Production {
            id: row.int(0)?,
            asset: (row.int(1)?, row.text(2)?),
            system: row.maybe_int(3)?,
            environment: row.text(4)?,
            snapshot: row.int(5)?,
            received: maybe(row.maybe_int(6)?)?,
            main: row.int(9)? == 1,
            outcome: Outcome::from_text(&outcome)
                .ok_or_else(|| StoreError::Damaged(format!("outcome `{outcome}`")))?,
            at: moment(row.int(8)?)?,
        })
    }
}

/// A condition on `deployment`: it was one into production when it was. Adds what it needs to the values of a statement.
fn into_production(times: &[ProductionTime], values: &mut Vec<Value>) -> String {
    let mut value = |value: Value| {
        values.push(value);
        format!("${}", values.len())
    };
    let mut one = |time: &ProductionTime| {
        let name = value(Value::from(time.environment.as_str()));
        let mut text = format!("(deployment.environment = {name}");
        if let Some(from) = time.from {
            text += &format!(" AND deployment.at >= {}", value(Value::from(micros(from))));
        }
        if let Some(until) = time.until {
            text += &format!(" AND deployment.at < {}", value(Value::from(micros(until))));
        }
        text + ")"
    };
    let all: Vec<String> = times.iter().map(&mut one).collect();
    format!("({})", all.join(" OR "))
}

/// A condition on `deployment`: it was one into what is production at some time, whenever it was.
fn into_named(times: &[ProductionTime], values: &mut Vec<Value>) -> String {
    let names: BTreeSet<&str> = times.iter().map(|time| time.environment.as_str()).collect();
    let mut all = Vec::with_capacity(names.len());
    for name in names {
        values.push(Value::from(name));
        all.push(format!("${}", values.len()));
    }
    format!("deployment.environment IN ({})", all.join(", "))
}

impl Store {
    /// Deployments since a moment into what is production at some time, the newest first, at most `limit`; stops are none
    /// of them. Those of when it was none say what ran there. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn deployed_into(
        &self,
        org: Org,
        times: &[ProductionTime],
        systems: Option<&[i64]>,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Production>> {
        if times.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = args![org.0, micros(since), i64::try_from(limit).unwrap_or(i64::MAX)];
        let production = into_named(times, &mut values);
        let sql = format!(
            "SELECT {COLUMNS}
             FROM deployment JOIN asset ON asset.org = $1 AND asset.id = deployment.asset
             LEFT JOIN snapshot ON snapshot.org = $1 AND snapshot.id = deployment.snapshot
             WHERE deployment.org = $1 AND deployment.at >= $2 AND deployment.outcome <> 'stopped'
                AND {production}{}
             ORDER BY deployment.at DESC, deployment.id DESC LIMIT $3",
            within(systems)
        );
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(Production::from_row).collect()
    }

    /// What ran at a moment in what is production at some time, by the last deployment before it that went well or went
    /// back, at most `limit`. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ran_before(
        &self,
        org: Org,
        times: &[ProductionTime],
        systems: Option<&[i64]>,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<Production>> {
        if times.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = args![org.0, micros(before), i64::try_from(limit).unwrap_or(i64::MAX)];
        let production = into_named(times, &mut values);
        let sql = format!(
            "SELECT {COLUMNS}
             FROM (SELECT deployment.asset AS asset, deployment.environment AS environment,
                    MAX(deployment.at) AS moment
                FROM deployment JOIN asset ON asset.org = $1 AND asset.id = deployment.asset
                WHERE deployment.org = $1 AND deployment.at < $2
                    AND deployment.outcome IN ('ok', 'rolled-back')
                    AND {production}{}
                GROUP BY deployment.asset, deployment.environment) AS newest
             JOIN deployment ON deployment.org = $1 AND deployment.asset = newest.asset
                AND deployment.environment = newest.environment AND deployment.at = newest.moment
                AND deployment.outcome IN ('ok', 'rolled-back')
             JOIN asset ON asset.org = $1 AND asset.id = deployment.asset
             LEFT JOIN snapshot ON snapshot.org = $1 AND snapshot.id = deployment.snapshot
             ORDER BY deployment.at DESC, deployment.id DESC LIMIT $3",
            within(systems)
        );
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(Production::from_row).collect()
    }

    /// When it was first told of some systems that a deployment into production failed or was rolled back. `None` of
    /// systems: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn first_failure(
        &self,
        org: Org,
        times: &[ProductionTime],
        systems: Option<&[i64]>,
    ) -> Result<Option<Timestamp>> {
        let mut first = None;
        for some in times.chunks(TIMES) {
            let mut values = args![org.0];
            let production = into_production(some, &mut values);
            let sql = format!(
                "SELECT MIN(deployment.at) FROM deployment
                 JOIN asset ON asset.org = $1 AND asset.id = deployment.asset
                 WHERE deployment.org = $1 AND deployment.outcome IN ('failed', 'rolled-back')
                    AND {production}{}",
                within(systems)
            );
            let row = (&mut &self.db).first(&sql, values).await?;
            let at = row.map(|row| row.maybe_int(0)).transpose()?.flatten();
            first = first.into_iter().chain(at).min();
        }
        maybe(first)
    }

    /// Updates that were carried out since a moment and reached the main line, the newest first, at most `limit`. Of some
    /// systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn merged_updates(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Merged>> {
        let sql = format!(
            "SELECT applied.id, applied.asset, (SELECT MAX(snapshot.received) FROM snapshot
                    WHERE snapshot.org = $1 AND snapshot.asset = applied.asset
                        AND snapshot.branch IS NULL
                        AND snapshot.received <= COALESCE(applied.merged, applied.deployed)),
                applied.reverted, applied.at
             FROM applied JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             WHERE applied.org = $1 AND applied.at >= $2
                AND COALESCE(applied.merged, applied.deployed) IS NOT NULL{}
             ORDER BY applied.at DESC, applied.id DESC LIMIT $3",
            within(systems)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row| {
            Ok(Merged {
                update: row.int(0)?,
                asset: row.int(1)?,
                since: maybe(row.maybe_int(2)?)?,
                reverted: maybe(row.maybe_int(3)?)?,
                at: moment(row.int(4)?)?,
            })
        };
        let found = (&mut &self.db).all(&sql, args![org.0, micros(since), limit]).await?;
        found.iter().map(read).collect()
    }
}
