//! The terms of charters that came into force with an earlier build, which told the ledger none: told afterwards, once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::db::{Sql, args};
use crate::error::Result;
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Org, Store, ledger};

/// How many charters that held are looked at: the last.
pub const HELD: usize = 100;

/// The charter whose terms an entry tells.
fn tells(data: &str) -> Option<i64> {
    let data: Value = serde_json::from_str(data).ok()?;
    let what = data.get("what").and_then(Value::as_str);
    let is_it = matches!(what, Some("charter-agreed" | "charter-terms"))
        && data.get("terms").is_some_and(Value::is_object);
    is_it.then(|| data.get("charter").and_then(Value::as_i64)).flatten()
}

impl Store {
    /// Charters that are in force or were, by when they came into force: the last hundred.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn held_charters(&self, org: Org) -> Result<Vec<(i64, Timestamp)>> {
        let sql = "SELECT id, in_force FROM charter
            WHERE org = $1 AND in_force IS NOT NULL ORDER BY in_force DESC, id DESC LIMIT $2";
        let found =
            (&mut &self.db).all(sql, args![org.0, i64::try_from(HELD).unwrap_or(i64::MAX)]).await?;
        found.iter().rev().map(|row| Ok((row.int(0)?, moment(row.int(1)?)?))).collect()
    }

    /// The text of a charter. `None`: there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn charter_text(&self, org: Org, charter: i64) -> Result<Option<String>> {
        let sql = "SELECT text FROM charter WHERE org = $1 AND id = $2";
        let row = (&mut &self.db).first(sql, args![org.0, charter]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    /// The charters whose terms the ledger was told since a moment: all at once, and nobody waits meanwhile.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn told_terms(&self, org: Org, since: Timestamp) -> Result<BTreeSet<i64>> {
        let sql = "SELECT data FROM event WHERE org = $1 AND kind = 'changed' AND at >= $2
            AND (data LIKE '%\"charter-terms\"%' OR data LIKE '%\"charter-agreed\"%')";
        let found = (&mut &self.db).all(sql, args![org.0, micros(since)]).await?;
        let mut told = BTreeSet::new();
        for row in &found {
            told.extend(tells(&row.text(0)?));
        }
        Ok(told)
    }

    /// Tells the ledger the terms of a charter that came into force without them. `false`: they are told, or it never did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_terms(
        &self,
        org: Org,
        charter: i64,
        terms: &Value,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        // Two that look at once wait for each other here.
        let sql = "UPDATE charter SET state = state
            WHERE org = $1 AND id = $2 AND in_force IS NOT NULL RETURNING in_force";
        let Some(row) = tx.first(sql, args![org.0, charter]).await? else { return Ok(false) };
        let since = row.int(0)?;
        let sql = "SELECT data FROM event WHERE org = $1 AND kind = 'changed' AND at = $2";
        let mut told = tx.all(sql, args![org.0, since]).await?;
        let sql = "SELECT data FROM event WHERE org = $1 AND kind = 'changed' AND at >= $2
            AND data LIKE '%\"charter-terms\"%'";
        told.extend(tx.all(sql, args![org.0, since]).await?);
        for row in &told {
            if tells(&row.text(0)?) == Some(charter) {
                return Ok(false);
            }
        }
        let data = json!({ "what": "charter-terms", "charter": charter,
            "since": moment(since)?.to_string(), "terms": terms });
        ledger::append(&mut tx, org, &[changed("trimtab", now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
