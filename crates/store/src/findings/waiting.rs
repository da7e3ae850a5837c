//! Findings that wait for somebody: for a choice, an assessment, a roll-out.

use jiff::Timestamp;
use trimtab_model::Level;

use super::filter::{DUE, NEVER, wanted};
use super::read::{COLUMNS, JOINS, level};
use super::{Finding, FindingFilter, FindingState};
use crate::db::{Row, Sql, Value, args, rows};
use crate::error::Result;
use crate::time::maybe;
use crate::{Org, Store};

/// How many findings are looked at for what is scheduled, the soonest due first.
pub(super) const LOOKED: i64 = 10_000;

/// What findings wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waits {
    /// That somebody chooses what becomes of the dependency: no change of its package is scheduled there, and no supplier
    /// delivers it, who is asked. The 10,000 that are due the soonest are looked at, and what is due at the same moment as
    /// the last of them.
    Choice,
    /// That somebody says what it means: it could not be weighed.
    Assessment,
    /// That somebody looks: it is weighed, and above the level up to which the tier of its system accepts findings. Each
    /// level with the systems of which it is the line; of other systems, any level is above.
    Above(Vec<(Level, Vec<i64>)>),
}

impl Waits {
    /// What holds for them, after other conditions: those, in words.
    pub(super) fn condition(&self, of: &str) -> String {
        match self {
            // Who has scheduled nearly all would have every one of them looked up. The first that is not looked at is
            // found once: a list of those that are would be put together anew for each.
            Waits::Choice => format!(
                " AND {DUE} >= COALESCE((SELECT {DUE} FROM finding WHERE {of}
                    ORDER BY {DUE} DESC, finding.id DESC LIMIT 1 OFFSET {LOOKED}), -{NEVER})
                 AND NOT EXISTS (SELECT 1 FROM scheduled WHERE scheduled.org = $1
                    AND scheduled.team = finding.team AND scheduled.asset = finding.asset
                    AND scheduled.package = finding.package)
                 AND NOT EXISTS (SELECT 1 FROM supplier_product JOIN supplier
                        ON supplier.org = supplier_product.org
                        AND supplier.id = supplier_product.supplier
                    WHERE supplier_product.org = $1 AND supplier_product.asset = finding.asset
                        AND supplier.ended IS NULL)"
            ),
            Waits::Assessment => " AND finding.level IS NULL".to_owned(),
            Waits::Above(lines) => {
                let mut text = " AND finding.level IS NOT NULL".to_owned();
                for (line, systems) in lines.iter().filter(|(_, systems)| !systems.is_empty()) {
                    let list: Vec<String> = systems.iter().map(ToString::to_string).collect();
                    text += &format!(
                        " AND NOT (finding.level <= {} AND COALESCE(finding.system, 0) IN ({}))",
                        *line as i64,
                        list.join(", ")
                    );
                }
                text
            }
        }
    }
}

/// An asset whose main line is rid of findings that still run in production.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// The asset: id and name.
    pub asset: (i64, String),
    /// Its system.
    pub system: Option<(i64, String)>,
    /// How many findings go when it is deployed.
    pub findings: i64,
    /// What they weigh.
    pub weight: f64,
    /// The gravest of their levels.
    pub level: Option<Level>,
    /// Since when it waits: when the first was merged.
    pub since: Option<Timestamp>,
    /// The soonest deadline.
    pub deadline: Option<Timestamp>,
}

/// What finds them, with its values.
fn rollouts_sql(org: Org, systems: Option<&[i64]>, limit: usize) -> (String, Vec<Value>) {
    let filter = FindingFilter {
        states: vec![FindingState::Merged],
        counts: Some(true),
        systems: systems.map(<[i64]>::to_vec),
        ..FindingFilter::default()
    };
    let mut is = wanted(org, &filter);
    let most = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT finding.asset, asset.name, finding.system, system.name, COUNT(*),
            COALESCE(SUM(finding.weight), 0.0), MAX(finding.level), MIN(finding.merged),
            MIN(finding.deadline)
         FROM finding JOIN asset ON asset.org = $1 AND asset.id = finding.asset
         LEFT JOIN system ON system.org = $1 AND system.id = finding.system
         WHERE {} GROUP BY finding.asset, asset.name, finding.system, system.name
         ORDER BY COALESCE(MIN(finding.deadline), 9000000000000000), finding.asset LIMIT {most}",
        is.text
    );
    (sql, is.values)
}

impl Store {
    /// Assets whose main line is rid of findings that count and still run, the soonest due first, at most `limit`. Of
    /// some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn rollouts(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Rollout>> {
        let (sql, values) = rollouts_sql(org, systems, limit);
        let read = |row: &Row| {
            Ok(Rollout {
                asset: (row.int(0)?, row.text(1)?),
                system: row.maybe_int(2)?.zip(row.maybe_text(3)?),
                findings: row.int(4)?,
                weight: row.real(5)?,
                level: row.maybe_int(6)?.map(level).transpose()?,
                since: maybe(row.maybe_int(7)?)?,
                deadline: maybe(row.maybe_int(8)?)?,
            })
        };
        (&mut &self.db).all(&sql, values).await?.iter().map(read).collect()
    }

    /// Findings of these ids, in no order; those that are not there are left out. Of some systems, by where each belongs
    /// now; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn findings_of(
        &self,
        org: Org,
        ids: &[i64],
        systems: Option<&[i64]>,
    ) -> Result<Vec<Finding>> {
        let lines: Vec<_> = ids.iter().map(|id| serde_json::json!([id])).collect();
        let table = rows(self.engine(), "$2", &[("id", "BIGINT")]);
        let of = systems.map_or_else(String::new, |systems| {
            let list: Vec<String> = systems.iter().map(ToString::to_string).collect();
            let list = if list.is_empty() { "NULL".to_owned() } else { list.join(", ") };
            format!(" AND finding.system IN ({list})")
        });
        let sql = format!(
            "SELECT {COLUMNS} FROM {table} CROSS JOIN finding {JOINS}
             WHERE finding.org = $1 AND finding.id = j.id{of}"
        );
        let lines = serde_json::Value::from(lines).to_string();
        let found = (&mut &self.db).all(&sql, args![org.0, lines]).await?;
        found.iter().map(Finding::from_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployed::broken_sql;

    /// How SQLite would look for something.
    async fn way(store: &Store, sql: &str, values: Vec<Value>) -> String {
        let rows = (&mut &store.db).all(&format!("EXPLAIN QUERY PLAN {sql}"), values).await;
        let rows = rows.unwrap();
        rows.iter().map(|row| row.text(3).unwrap()).collect::<Vec<_>>().join("\n")
    }

    #[tokio::test]
    async fn what_waits_is_found_by_an_index_of_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let store = Store::open(file.to_str().unwrap(), Timestamp::UNIX_EPOCH).await.unwrap();
        let org = Org(1);
        let (sql, values) = rollouts_sql(org, None, 10);
        let found = way(&store, &sql, values).await;
        assert!(found.contains("USING INDEX finding_merged"), "{found}");

        let filter = |waits| FindingFilter { waits: Some(waits), ..FindingFilter::default() };
        let is = wanted(org, &filter(Waits::Assessment));
        for order in ["", " ORDER BY finding.detected DESC, finding.id DESC"] {
            let sql = format!("SELECT finding.level FROM finding WHERE {}{order} LIMIT 9", is.text);
            let found = way(&store, &sql, is.values.clone()).await;
            assert!(found.contains("finding_unweighed"), "{found}");
            assert!(!found.contains("TEMP B-TREE"), "it is in that order: {found}");
        }
        let choice = FindingFilter {
            states: vec![FindingState::Open],
            counts: Some(true),
            ..filter(Waits::Choice)
        };
        let is = wanted(org, &choice);
        for order in ["", &format!(" ORDER BY {DUE} DESC, finding.id DESC")] {
            let sql = format!("SELECT finding.level FROM finding WHERE {}{order} LIMIT 9", is.text);
            let found = way(&store, &sql, is.values.clone()).await;
            assert!(found.contains("USING INDEX finding_due"), "{found}");
            assert!(!found.contains("TEMP B-TREE"), "it is in that order: {found}");
            let by_due = "(org=? AND <expr>>?)";
            assert!(found.contains(by_due), "{found}");
        }

        let found = way(&store, &broken_sql(None), args![org.0, 0, 10]).await;
        assert!(found.contains("USING INDEX deployment_wrong"), "{found}");
        assert!(!found.contains("SCAN"), "{found}");
    }
}
