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
    /// How many have one that was received, or sent again, at or after each of the two moments that were asked for.
    pub since: [i64; 2],
    /// When the newest snapshot was received, or sent again, of the asset of which that was longest ago.
    pub oldest: Option<Timestamp>,
    /// Since when the first of those is known that ever had one, on whichever branch.
    pub first: Option<Timestamp>,
}

impl Store {
    /// Notes that the same inventory as a snapshot's was sent again. Once a day, so that it costs nearly nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn confirm_snapshot(&self, org: Org, id: i64, now: Timestamp) -> Result<()> {
        const DAY: i64 = 86_400_000_000;
        let now = micros(now);
        let sql = "UPDATE snapshot SET confirmed = $3
            WHERE org = $1 AND id = $2 AND COALESCE(confirmed, received) <= $4";
        (&mut &self.db).run(sql, args![org.0, id, now, now - DAY]).await.map(|_| ())
    }

    /// How much of each system has an inventory, and how much has one of after two moments.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn inventoried(&self, org: Org, since: [Timestamp; 2]) -> Result<Vec<Inventoried>> {
        let sql = "SELECT COALESCE(asset.system, 0), COUNT(*), COUNT(snapshot.id),
                COUNT(CASE WHEN COALESCE(snapshot.confirmed, snapshot.received) >= $2 THEN 1 END),
                COUNT(CASE WHEN COALESCE(snapshot.confirmed, snapshot.received) >= $3 THEN 1 END),
                MIN(COALESCE(snapshot.confirmed, snapshot.received)),
                MIN(CASE WHEN snapshot.id IS NOT NULL OR EXISTS (
                    SELECT 1 FROM snapshot AS ever
                    WHERE ever.org = $1 AND ever.asset = asset.id) THEN asset.created END)
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
                first: maybe(row.maybe_int(6)?)?,
            })
        };
        let [first, second] = since.map(micros);
        (&mut &self.db).all(sql, args![org.0, first, second]).await?.iter().map(read).collect()
    }
}
