//! Kept sums over live findings: what a settling changes is added to them in the same transaction, so that
//! no page has to count every finding.

use std::collections::{BTreeMap, BTreeSet};

use super::FindingState;
use super::present::Key;
use crate::Org;
use crate::db::{Sql, Tx, args, rows};
use crate::error::Result;
use crate::ledger;

/// The level that stands for findings that were not weighed.
pub(super) const UNWEIGHED: i64 = -1;
/// The level that stands for any level, in the numbers of assets.
pub(super) const ANY: i64 = -2;
/// How many rows go into one statement.
const BLOCK: usize = 2000;

/// A live finding, as far as sums are concerned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tallied {
    pub(super) level: Option<i64>,
    pub(super) weight: Option<f64>,
    pub(super) fix: Option<String>,
    /// Whether it counts to the load.
    pub(super) counts: bool,
}

/// Whether a finding counts to the load: in production or, where nobody said what runs, in the main line; and
/// not decided otherwise. The same as `COUNTS` in SQL.
pub(super) fn counts(state: FindingState, production: Option<bool>, decided: bool) -> bool {
    !decided && production.unwrap_or(state == FindingState::Open)
}

/// A row of `tally_package` but for its number; the weight by its bits, so that it is a key.
type Package = (String, String, i64, i64, u64, bool);
/// A row of `tally_assets` but for its number.
type Having = (&'static str, String, String, i64);

/// What one asset adds to the sums.
#[derive(Debug, Default)]
pub(super) struct Tally {
    systems: BTreeMap<(i64, u64), i64>,
    packages: BTreeMap<Package, i64>,
    having: BTreeSet<Having>,
}

impl Tally {
    /// Counts a live finding of the asset.
    pub(super) fn add(&mut self, key: &Key, is: &Tallied) {
        let (package, vulnerability) = key;
        let level = is.level.unwrap_or(UNWEIGHED);
        // One zero: a negative one would be another key to us and the same to the database.
        let weight = is.weight.filter(|weight| *weight != 0.0).unwrap_or(0.0).to_bits();
        let fix = is.fix.clone().unwrap_or_default();
        if is.counts {
            *self.systems.entry((level, weight)).or_default() += 1;
        }
        for level in [level, ANY] {
            let none = String::new();
            self.having.insert(("package", package.clone(), none.clone(), level));
            self.having.insert(("action", package.clone(), fix.clone(), level));
            self.having.insert(("vulnerability", vulnerability.to_string(), none, level));
        }
        let row = (package.clone(), fix, *vulnerability, level, weight, is.counts);
        *self.packages.entry(row).or_default() += 1;
    }
}

/// By how much sums change.
#[derive(Debug, Default)]
pub(super) struct Sums {
    systems: BTreeMap<(i64, i64, u64), i64>,
    packages: BTreeMap<Package, i64>,
    having: BTreeMap<Having, i64>,
}

impl Sums {
    /// From what an asset of a system added to what it adds now.
    pub(super) fn change(&mut self, system: Option<i64>, before: Tally, after: Tally) {
        let system = system.unwrap_or(0);
        for (tally, sign) in [(before, -1), (after, 1)] {
            for ((level, weight), count) in tally.systems {
                *self.systems.entry((system, level, weight)).or_default() += sign * count;
            }
            for (row, count) in tally.packages {
                *self.packages.entry(row).or_default() += sign * count;
            }
            for having in tally.having {
                *self.having.entry(having).or_default() += sign;
            }
        }
    }

    /// Adds it to what is kept. Rows are changed in the order of their keys, so that two who do so wait for each
    /// other, and never both.
    pub(super) async fn write(self, tx: &mut Tx, org: Org) -> Result<()> {
        let systems: Vec<_> = changed(self.systems)
            .map(|((system, level, weight), by)| {
                serde_json::json!([system, level, f64::from_bits(weight), by])
            })
            .collect();
        let columns =
            [("system", INT), ("level", INT), ("weight", "DOUBLE PRECISION"), ("findings", INT)];
        upsert(tx, org, "tally_system", &columns, &systems).await?;
        let packages: Vec<_> = changed(self.packages)
            .map(|((package, fix, vulnerability, level, weight, counts), by)| {
                let weight = f64::from_bits(weight);
                serde_json::json!([package, fix, vulnerability, level, weight, counts, by])
            })
            .collect();
        let columns = [
            ("package", "TEXT"),
            ("fix", "TEXT"),
            ("vulnerability", INT),
            ("level", INT),
            ("weight", "DOUBLE PRECISION"),
            ("counts", "BOOLEAN"),
            ("findings", INT),
        ];
        upsert(tx, org, "tally_package", &columns, &packages).await?;
        let having: Vec<_> = changed(self.having)
            .map(|((grouped, key, fix, level), by)| {
                serde_json::json!([grouped, key, fix, level, by])
            })
            .collect();
        let columns = [
            ("grouped", "TEXT"),
            ("key", "TEXT"),
            ("fix", "TEXT"),
            ("level", INT),
            ("assets", INT),
        ];
        upsert(tx, org, "tally_assets", &columns, &having).await
    }
}

const INT: &str = "BIGINT";

/// What is to be added to each number, where that is not zero, in the order of the keys.
fn changed<K: Ord>(all: BTreeMap<K, i64>) -> impl Iterator<Item = (K, i64)> {
    all.into_iter().filter(|(_, by)| *by != 0)
}

/// Adds to numbers: the last column is the number, the others with `org` are the key.
async fn upsert(
    tx: &mut Tx,
    org: Org,
    name: &str,
    columns: &[(&str, &str)],
    lines: &[serde_json::Value],
) -> Result<()> {
    let Some(((number, _), key)) = columns.split_last() else { return Ok(()) };
    let key: Vec<&str> = key.iter().map(|(name, _)| *name).collect();
    let key = key.join(", ");
    for block in lines.chunks(BLOCK) {
        let table = rows(tx.engine(), "$2", columns);
        let sql = format!(
            "INSERT INTO {name} (org, {key}, {number}) SELECT $1, {key}, {number} FROM {table}
             WHERE TRUE ON CONFLICT (org, {key}) DO UPDATE SET {number} = {name}.{number} + excluded.{number}"
        );
        tx.run(&sql, args![org.0, serde_json::Value::from(block).to_string()]).await?;
    }
    Ok(())
}

/// What live findings are, in SQL.
const LIVE: &str = "finding.state IN ('open', 'merged')";
/// Whether a live finding counts to the load, in SQL: never `NULL`.
const COUNTING: &str =
    "(finding.decided IS NULL AND COALESCE(finding.production, finding.state = 'open'))";

/// Reckons the sums of an organisation anew from its findings.
pub(crate) async fn recount(tx: &mut Tx, org: Org) -> Result<()> {
    // Whoever adds to the sums holds the ledger: nobody is between a change and its sum.
    ledger::hold(tx, org).await?;
    for table in ["tally_system", "tally_package", "tally_assets"] {
        tx.run(&format!("DELETE FROM {table} WHERE org = $1"), args![org.0]).await?;
    }
    let level = format!("COALESCE(finding.level, {UNWEIGHED})");
    let mut all = vec![
        format!(
            "INSERT INTO tally_system (org, system, level, weight, findings)
             SELECT $1, COALESCE(finding.system, 0), {level}, COALESCE(finding.weight, 0.0), COUNT(*)
             FROM finding WHERE finding.org = $1 AND {LIVE} AND {COUNTING} GROUP BY 2, 3, 4"
        ),
        format!(
            "INSERT INTO tally_package
                (org, package, fix, vulnerability, level, weight, counts, findings)
             SELECT $1, finding.package, COALESCE(finding.fix, ''), finding.vulnerability, {level},
                COALESCE(finding.weight, 0.0), {COUNTING}, COUNT(*)
             FROM finding WHERE finding.org = $1 AND {LIVE} GROUP BY 2, 3, 4, 5, 6, 7"
        ),
    ];
    let groups = [
        ("package", "finding.package", "''"),
        ("action", "finding.package", "COALESCE(finding.fix, '')"),
        ("vulnerability", "CAST(finding.vulnerability AS TEXT)", "''"),
    ];
    for (grouped, key, fix) in groups {
        for level in [level.clone(), format!("CAST({ANY} AS BIGINT)")] {
            all.push(format!(
                "INSERT INTO tally_assets (org, grouped, key, fix, level, assets)
                 SELECT org, grouped, key, fix, level, COUNT(DISTINCT asset) FROM
                    (SELECT finding.org AS org, CAST('{grouped}' AS TEXT) AS grouped, {key} AS key,
                        CAST({fix} AS TEXT) AS fix, {level} AS level, finding.asset AS asset
                     FROM finding WHERE finding.org = $1 AND {LIVE}) AS live
                 GROUP BY org, grouped, key, fix, level"
            ));
        }
    }
    for sql in all {
        tx.run(&sql, args![org.0]).await?;
    }
    Ok(())
}

/// Moves what findings of an asset count from one system to another.
pub(crate) async fn recount_systems(
    tx: &mut Tx,
    org: Org,
    systems: [Option<i64>; 2],
) -> Result<()> {
    ledger::hold(tx, org).await?;
    for system in systems {
        let number = system.unwrap_or(0);
        tx.run("DELETE FROM tally_system WHERE org = $1 AND system = $2", args![org.0, number])
            .await?;
        let of = match system {
            None => "finding.system IS NULL AND $2 = 0",
            Some(_) => "finding.system = $2",
        };
        let sql = format!(
            "INSERT INTO tally_system (org, system, level, weight, findings)
             SELECT $1, $2, COALESCE(finding.level, {UNWEIGHED}), COALESCE(finding.weight, 0.0), COUNT(*)
             FROM finding WHERE finding.org = $1 AND {of} AND {LIVE} AND {COUNTING} GROUP BY 3, 4"
        );
        tx.run(&sql, args![org.0, number]).await?;
    }
    Ok(())
}
