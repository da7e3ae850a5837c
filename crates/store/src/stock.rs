//! How large tables are by now. PostgreSQL plans by what it counted last, and keeps the plan of a statement until it counts
//! again: by itself only every minute, and a store that is being filled grows a hundredfold meanwhile.

use crate::Store;
use crate::db::{Engine, Sql};
use crate::error::Result;

/// The tables of ours that are twice as large as when they were counted. What has few rows is left to the database.
const GROWN: &str = "SELECT CAST(CAST(relid AS regclass) AS TEXT)
    FROM pg_stat_user_tables AS now JOIN pg_class ON pg_class.oid = now.relid
    WHERE now.schemaname = CURRENT_SCHEMA AND pg_get_userbyid(pg_class.relowner) = CURRENT_USER
        AND now.n_mod_since_analyze > 500 AND now.n_live_tup > 500
        AND now.n_live_tup > 2 * pg_class.reltuples";

impl Store {
    /// Has the tables counted that have grown twice as large. Returns how many; on SQLite none, which plans by the
    /// statements alone. One that somebody works on as a whole is left for the next time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_stock(&self) -> Result<usize> {
        if self.engine() != Engine::Postgres {
            return Ok(0);
        }
        let grown = (&mut &self.db).all(GROWN, Vec::new()).await?;
        for row in &grown {
            let sql = format!("ANALYZE (SKIP_LOCKED) {}", row.text(0)?);
            (&mut &self.db).run(&sql, Vec::new()).await?;
        }
        Ok(grown.len())
    }
}
