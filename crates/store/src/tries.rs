//! Tries of teams' channels: a test letter each, counted so that nobody has letters sent as often as they like.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Sql, args};
use crate::error::Result;
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Org, Store, ledger};

/// A try of a team's channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelTry {
    /// When.
    pub at: Timestamp,
    /// The channel's word.
    pub channel: String,
    /// Whether it was taken. `None`: nobody knows (yet).
    pub works: Option<bool>,
    /// What was answered, in words.
    pub answer: String,
}

/// Which try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryOf {
    team: i64,
    at: i64,
    nth: i64,
}

impl TryOf {
    /// What tells it from every other try of its organisation: letters, digits and `.`.
    pub fn name(&self) -> String {
        format!("try.{}.{}.{}", self.team, self.at, self.nth)
    }
}

impl Store {
    /// Begins a try of a team's channel. `None`: there were as many as `most` since a moment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_try(
        &self,
        org: Org,
        (team, channel): (i64, &str),
        (most, since): (i64, Timestamp),
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<TryOf>> {
        let mut tx = self.db.begin().await?;
        // Those who try at once count each other.
        ledger::hold(&mut tx, org).await?;
        let sql = "SELECT COUNT(*), CAST(COALESCE(MAX(nth), 0) AS BIGINT) FROM channel_try
            WHERE org = $1 AND team = $2 AND at > $3";
        let row = tx.first(sql, args![org.0, team, micros(since)]).await?;
        let (count, last) = match row {
            Some(row) => (row.int(0)?, row.int(1)?),
            None => (0, 0),
        };
        if count >= most {
            return Ok(None);
        }
        let of = TryOf { team, at: micros(now), nth: last.saturating_add(1) };
        let sql = "INSERT INTO channel_try (org, team, at, nth, actor, channel, works, answer)
            VALUES ($1, $2, $3, $4, $5, $6, NULL, '')";
        tx.run(sql, args![org.0, team, of.at, of.nth, actor, channel]).await?;
        let data = json!({ "what": "channel-tried", "team": team, "channel": channel });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(Some(of))
    }

    /// Notes what came of a try.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_try(
        &self,
        org: Org,
        of: TryOf,
        (works, answer): (Option<bool>, &str),
    ) -> Result<()> {
        let sql = "UPDATE channel_try SET works = $5, answer = $6
            WHERE org = $1 AND team = $2 AND at = $3 AND nth = $4";
        let values = args![org.0, of.team, of.at, of.nth, works, answer];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// The newest try of a team's channel.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn last_try(&self, org: Org, team: i64) -> Result<Option<ChannelTry>> {
        let sql = "SELECT at, channel, works, answer FROM channel_try
            WHERE org = $1 AND team = $2 ORDER BY at DESC, nth DESC LIMIT 1";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(ChannelTry {
            at: moment(row.int(0)?)?,
            channel: row.text(1)?,
            works: row.maybe_flag(2)?,
            answer: row.text(3)?,
        }))
    }
}
