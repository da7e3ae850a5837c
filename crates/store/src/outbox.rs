//! The outbox: words to be sent, written in the transaction that makes them true, sent afterwards.

use jiff::Timestamp;

use crate::db::{Row, Sql, Tx, args, rows};
use crate::error::Result;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// Words to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The organisation.
    pub org: Org,
    /// Its id.
    pub id: i64,
    /// What it is about: who sends it decides by this.
    pub topic: String,
    /// What it says.
    pub payload: serde_json::Value,
    /// When it became true.
    pub created: Timestamp,
    /// How often sending was tried.
    pub attempts: i64,
}

/// Writes a notice, with an id that was taken before the transaction.
pub(crate) async fn put(
    tx: &mut Tx,
    org: Org,
    id: i64,
    topic: &str,
    payload: &serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO outbox (org, id, topic, payload, created, attempts)
        VALUES ($1, $2, $3, $4, $5, 0)";
    tx.run(sql, args![org.0, id, topic, payload.to_string(), micros(now)]).await.map(|_| ())
}

/// Writes several of one topic, with ids that were taken before.
pub(crate) async fn put_all(
    tx: &mut Tx,
    org: Org,
    all: &[(i64, serde_json::Value)],
    topic: &str,
    now: Timestamp,
) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let line =
        |(id, payload): &(i64, serde_json::Value)| serde_json::json!([id, payload.to_string()]);
    let lines: serde_json::Value = all.iter().map(line).collect();
    let table = rows(tx.engine(), "$4", &[("id", "BIGINT"), ("payload", "TEXT")]);
    let sql = format!(
        "INSERT INTO outbox (org, id, topic, payload, created, attempts)
         SELECT $1, id, $2, payload, $3, 0 FROM {table}"
    );
    tx.run(&sql, args![org.0, topic, micros(now), lines.to_string()]).await.map(|_| ())
}

impl Store {
    /// Notices that were not sent, the oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unsent(&self, org: Org, limit: usize) -> Result<Vec<Notice>> {
        let sql = "SELECT org, id, topic, payload, created, attempts FROM outbox
            WHERE sent IS NULL AND org = $1 ORDER BY id LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, limit]).await?;
        let read = |row: &Row| {
            Ok(Notice {
                org: Org(row.int(0)?),
                id: row.int(1)?,
                topic: row.text(2)?,
                payload: row.json(3)?,
                created: moment(row.int(4)?)?,
                attempts: row.int(5)?,
            })
        };
        found.iter().map(read).collect()
    }

    /// Notes that a notice was sent. `false`: somebody else did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_sent(&self, org: Org, id: i64, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE outbox SET sent = $3, attempts = attempts + 1
            WHERE org = $1 AND id = $2 AND sent IS NULL";
        Ok((&mut &self.db).run(sql, args![org.0, id, micros(now)]).await? == 1)
    }
}
