//! The ledger as people look at it: the newest first, by kind and subject.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::db::{Sql, args, rows};
use crate::error::Result;
use crate::ledger::{Entry, about};
use crate::page::{Cursor, MOST, Page};
use crate::time::micros;
use crate::{EventKind, Org, Store};

/// By how much the clocks of machines that write may differ, in microseconds.
const SKEW: i64 = 600_000_000;

/// Which entries. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryFilter {
    /// Of a kind.
    pub kind: Option<EventKind>,
    /// About a system.
    pub system: Option<i64>,
    /// About an asset.
    pub asset: Option<i64>,
    /// About a finding.
    pub finding: Option<i64>,
    /// Told by: `person:3`, `token:4`, `trimtab`.
    pub actor: Option<String>,
    /// At or after a moment.
    pub since: Option<Timestamp>,
}

impl Store {
    /// Entries of the ledger, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn entries(
        &self,
        org: Org,
        filter: &EntryFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Entry>> {
        let limit = limit.clamp(1, MOST);
        let mut values = args![org.0];
        let mut text = "org = $1".to_owned();
        let mut and = |condition: &str, value: crate::db::Value| {
            values.push(value);
            text += &format!(" AND {condition} ${}", values.len());
        };
        if let Some(kind) = filter.kind {
            and("kind =", kind.as_str().into());
        }
        for (column, id) in
            [("system", filter.system), ("asset", filter.asset), ("finding", filter.finding)]
        {
            if let Some(id) = id {
                and(&format!("{column} ="), id.into());
            }
        }
        if let Some(actor) = &filter.actor {
            and("actor =", actor.as_str().into());
        }
        // A kind has an index in the order of time, and all else the order of the ledger itself.
        let order = match (filter.kind, filter.since, after) {
            (Some(_), since, after) => {
                if let Some(since) = since {
                    and("at >=", micros(since).into());
                }
                if let Some(after) = after {
                    and("at <=", after.value.into());
                    let (at, seq) = (after.value, after.id);
                    text += &format!(" AND (at < {at} OR seq < {seq})");
                }
                "at DESC, seq DESC"
            }
            (None, since, after) => {
                if let Some(since) = since {
                    and("seq >=", self.first_since(org, micros(since)).await?.into());
                    // From there on some may still tell of what was before.
                    and("at >=", micros(since).into());
                }
                if let Some(after) = after {
                    and("seq <", after.id.into());
                }
                "seq DESC"
            }
        };
        text += &format!(" ORDER BY {order} LIMIT {}", limit + 1);
        let found = about(&mut &self.db, &text, values).await?;
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
    async fn first_since(&self, org: Org, at: i64) -> Result<i64> {
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
