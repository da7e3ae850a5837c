//! How much of each system has an inventory, and of when.

use jiff::Timestamp;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::time::{maybe, micros};
use crate::{Org, Store};

/// How much of a system has an inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventoried {
    /// The system; 0: what belongs to none.
    pub system: i64,
    /// How many assets it has.
    pub assets: i64,
    /// How many of them have a snapshot of their main line.
    pub with: i64,
    /// How many have one that was received at or after each of the two moments that were asked for.
    pub since: [i64; 2],
    /// When the newest snapshot was received of the asset of which that was longest ago.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// How much of each system has an inventory, and how much has one of after two moments.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn inventoried(&self, org: Org, since: [Timestamp; 2]) -> Result<Vec<Inventoried>> {
        let sql = "SELECT COALESCE(asset.system, 0), COUNT(*), COUNT(snapshot.id),
                COUNT(CASE WHEN snapshot.received >= $2 THEN 1 END),
                COUNT(CASE WHEN snapshot.received >= $3 THEN 1 END),
                MIN(snapshot.received)
            FROM asset
            LEFT JOIN snapshot ON snapshot.org = $1 AND snapshot.id = asset.latest
            WHERE asset.org = $1 GROUP BY 1 ORDER BY 1";
        let read = |row: &Row| {
            Ok(Inventoried {
                system: row.int(0)?,
                assets: row.int(1)?,
                with: row.int(2)?,
                since: [row.int(3)?, row.int(4)?],
                oldest: maybe(row.maybe_int(5)?)?,
            })
        };
        let [first, second] = since.map(micros);
        (&mut &self.db).all(sql, args![org.0, first, second]).await?.iter().map(read).collect()
    }
}
