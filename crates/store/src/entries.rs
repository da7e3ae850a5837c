//! The ledger as people look at it: the newest first, by kind and subject.

use std::collections::BTreeMap;

use crate::db::{Sql, args, rows};
use crate::error::Result;
use crate::ledger::{Entry, LedgerFilter, about};
use crate::page::{Cursor, MOST, Page};
use crate::time::micros;
use crate::{Org, Store};

/// By how much the clocks of machines that write may differ, in microseconds.
const SKEW: i64 = 600_000_000;

impl Store {
    /// Entries of the ledger, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn entries(
        &self,
        org: Org,
        filter: &LedgerFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Entry>> {
        let limit = limit.clamp(1, MOST);
        let mut is = filter.wanted(org);
        // A kind has an index in the order of time, and all else the order of the ledger itself.
        let order = match (filter.kind, filter.since, after) {
            (Some(_), _, after) => {
                if let Some(after) = after {
                    let (at, seq) = (is.value(after.value), is.value(after.id));
                    is.text += &format!(
                        " AND event.at <= {at} AND (event.at < {at} OR event.seq < {seq})"
                    );
                }
                "event.at DESC, event.seq DESC"
            }
            (None, since, after) => {
                if let Some(since) = since {
                    // From there on some may still tell of what was before.
                    let first = self.first_since(org, micros(since)).await?;
                    is.and("event.seq >= ", Some(first));
                }
                is.and("event.seq < ", after.map(|after| after.id));
                "event.seq DESC"
            }
        };
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        is.text += &format!(" ORDER BY {order} LIMIT {asked}");
        let found = about(&mut &self.db, &is.text, is.values).await?;
        Ok(Page::cut(found, limit, |entry| Cursor { value: entry.at, id: entry.seq }))
    }

    /// The names of assets by their ids; those that are not there are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn asset_names(&self, org: Org, ids: &[i64]) -> Result<BTreeMap<i64, String>> {
        let lines: Vec<_> = ids.iter().map(|id| serde_json::json!([id])).collect();
        let table = rows(self.engine(), "$2", &[("id", "BIGINT")]);
        let sql = format!(
            "SELECT asset.id, asset.name FROM {table} CROSS JOIN asset
             WHERE asset.org = $1 AND asset.id = j.id"
        );
        let lines = serde_json::Value::from(lines).to_string();
        let found = (&mut &self.db).all(&sql, args![org.0, lines]).await?;
        found.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// A number before which no entry is of a moment or later: entries that are written with the present moment stand in
    /// the order of time, but for clocks that differ. One past the last, if all are before.
    pub(crate) async fn first_since(&self, org: Org, at: i64) -> Result<i64> {
        let sql = "SELECT seq FROM ledger_head WHERE org = $1";
        let head = (&mut &self.db).first(sql, args![org.0]).await?;
        let end = head.map_or(Ok(0), |row| row.int(0))? + 1;
        let (mut low, mut high) = (1, end);
        // What the kinds tell of which people say when it was is passed over.
        let sql = "SELECT seq, at FROM event WHERE org = $1 AND seq >= $2 AND seq < $3
                AND kind NOT IN ('deployed', 'changed')
            ORDER BY seq LIMIT 1";
        while low < high {
            let middle = low + (high - low) / 2;
            match (&mut &self.db).first(sql, args![org.0, middle, high]).await? {
                Some(row) if row.int(1)? < at - SKEW => low = row.int(0)? + 1,
                // Nothing from here to there says that the first is later.
                _ => high = middle,
            }
        }
        Ok(low)
    }
}
