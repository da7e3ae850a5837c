//! The load by day: derived from the ledger, kept so that a line of a year is one question.

use crate::db::{Row, Sql, args, rows};
use crate::error::Result;
use crate::people::ScopeOf;
use crate::{Org, Store};

/// The load of a scope at the end of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadDay {
    /// Days since 1970-01-01, UTC.
    pub day: i64,
    /// The load.
    pub load: f64,
    /// Findings that count, by level: low, medium, high, critical.
    pub levels: [i64; 4],
    /// Findings that count and were not weighed.
    pub unknown: i64,
}

impl Store {
    /// Keeps days of a scope, replacing what was kept for them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_loads(&self, org: Org, scope: ScopeOf, days: &[LoadDay]) -> Result<()> {
        let (word, id) = scope.parts();
        let lines: Vec<_> = days
            .iter()
            .map(|d| {
                let [low, medium, high, critical] = d.levels;
                serde_json::json!([d.day, d.load, critical, high, medium, low, d.unknown])
            })
            .collect();
        let table = rows(
            self.engine(),
            "$4",
            &[
                ("day", "BIGINT"),
                ("load", "DOUBLE PRECISION"),
                ("critical", "BIGINT"),
                ("high", "BIGINT"),
                ("medium", "BIGINT"),
                ("low", "BIGINT"),
                ("unknown", "BIGINT"),
            ],
        );
        let sql = format!(
            "INSERT INTO load_day (org, scope, scope_id, day, load, critical, high, medium, low, unknown)
             SELECT $1, $2, $3, day, load, critical, high, medium, low, unknown FROM {table} WHERE TRUE
             ON CONFLICT (org, scope, scope_id, day) DO UPDATE SET load = excluded.load,
                critical = excluded.critical, high = excluded.high, medium = excluded.medium,
                low = excluded.low, unknown = excluded.unknown"
        );
        let lines = serde_json::Value::from(lines).to_string();
        (&mut &self.db).run(&sql, args![org.0, word, id, lines]).await.map(|_| ())
    }

    /// The days of a scope from one day to another, both included.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn loads(
        &self,
        org: Org,
        scope: ScopeOf,
        from: i64,
        to: i64,
    ) -> Result<Vec<LoadDay>> {
        let (word, id) = scope.parts();
        let sql = "SELECT day, load, low, medium, high, critical, unknown FROM load_day
            WHERE org = $1 AND scope = $2 AND scope_id = $3 AND day >= $4 AND day <= $5 ORDER BY day";
        let read = |row: &Row| {
            Ok(LoadDay {
                day: row.int(0)?,
                load: row.real(1)?,
                levels: [row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?],
                unknown: row.int(6)?,
            })
        };
        let found = (&mut &self.db).all(sql, args![org.0, word, id, from, to]).await?;
        found.iter().map(read).collect()
    }
}
