//! From where people try to sign in, and how often: counted over all servers of a store.

use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::micros;

/// How far clocks of servers may differ, in microseconds: an hour.
const SKEW: i64 = 3_600_000_000;

/// How often something may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many times at once.
    pub burst: u32,
    /// Then once every so often.
    pub every: SignedDuration,
}

impl Store {
    /// Notes that a network tries to sign in. `None`: it may; else how long it waits. What was tried long enough ago is
    /// forgotten. It need not wait for the disk: who stops the machine in order to try more often has more than this.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn attempt(
        &self,
        network: &str,
        rate: Rate,
        now: Timestamp,
    ) -> Result<Option<SignedDuration>> {
        let db = self.db.soon();
        let now = micros(now);
        let every = i64::try_from(rate.every.as_micros()).unwrap_or(i64::MAX);
        let ahead = every.saturating_mul(i64::from(rate.burst.saturating_sub(1)));
        // `until`: when all that was tried is made up for. Each try moves it on, unless it is too far ahead.
        let sql = "INSERT INTO attempt (network, until) VALUES ($1, $2)
            ON CONFLICT (network) DO UPDATE SET
                until = CASE WHEN attempt.until > $3 AND attempt.until <= $6
                    THEN attempt.until ELSE $3 END + $4
            WHERE attempt.until <= $5 OR attempt.until > $6";
        let latest = now.saturating_add(ahead);
        // Later than any try can have moved it: a clock was ahead, and nobody waits until it was right.
        let never = latest.saturating_add(every).saturating_add(SKEW);
        let values = args![network, now.saturating_add(every), now, every, latest, never];
        let may = (&mut &db).run(sql, values).await? == 1;
        let wait = match may {
            true => None,
            false => {
                let sql = "SELECT until FROM attempt WHERE network = $1";
                let until = (&mut &db).first(sql, args![network]).await?;
                let until = until.map_or(Ok(now), |row| row.int(0))?;
                let wait = until.saturating_sub(latest).max(0);
                Some(SignedDuration::from_micros(wait))
            }
        };
        // What is past may be forgotten later.
        drop((&mut &db).run("DELETE FROM attempt WHERE until <= $1", args![now]).await);
        Ok(wait)
    }
}
