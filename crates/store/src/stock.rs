//! How large tables are by now. PostgreSQL plans by what it counted last, and keeps the plan of a statement until it counts
//! again: by itself only every minute, and a store that is being filled grows a hundredfold meanwhile.

use crate::Store;
use crate::db::{Engine, Sql};
use crate::error::Result;

/// The tables in which most rows came since they were counted.
const GROWN: &str = "SELECT quote_ident(schemaname) || '.' || quote_ident(relname)
    FROM pg_stat_user_tables
    WHERE n_mod_since_analyze > 500 AND n_mod_since_analyze * 2 > n_live_tup";

impl Store {
    /// Has the tables counted that have grown twice as large. Returns how many; on SQLite none, which plans by the
    /// statements alone.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_stock(&self) -> Result<usize> {
        if self.engine() != Engine::Postgres {
            return Ok(0);
        }
        let grown = (&mut &self.db).all(GROWN, Vec::new()).await?;
        for row in &grown {
            (&mut &self.db).run(&format!("ANALYZE {}", row.text(0)?), Vec::new()).await?;
        }
        Ok(grown.len())
    }
}
