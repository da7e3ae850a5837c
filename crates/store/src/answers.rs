//! Answers that were given to requests that carry a key, so that a request that comes twice is done
//! once. A request reserves its key before it is done.

use jiff::{SignedDuration, Timestamp};

use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::micros;
use crate::{Org, Store};

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reserved {
    /// Nothing: it is this request's now.
    Fresh,
    /// The answer that was given: status and body.
    Answered(u16, String),
    /// The same request is being done.
    Running,
    /// Another request had this key.
    Other,
}

/// A request that has not been answered for so long never will be.
const GIVEN_UP: SignedDuration = SignedDuration::from_mins(5);

impl Store {
    /// Reserves a key for a request, told apart by its digest.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn reserve_answer(
        &self,
        org: Org,
        name: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<Reserved> {
        let sql = "INSERT INTO answered (org, name, request, status, body, created)
            VALUES ($1, $2, $3, 0, '', $4)
            ON CONFLICT (org, name) DO UPDATE SET created = $4
                WHERE answered.status = 0 AND answered.request = $3 AND answered.created < $5";
        let stale = micros(now - GIVEN_UP);
        let values = args![org.0, name, request, micros(now), stale];
        if (&mut &self.db).run(sql, values).await? == 1 {
            return Ok(Reserved::Fresh);
        }
        let sql = "SELECT request, status, body FROM answered WHERE org = $1 AND name = $2";
        let Some(row) = (&mut &self.db).first(sql, args![org.0, name]).await? else {
            // It failed in between: who asks again finds it free.
            return Ok(Reserved::Running);
        };
        Ok(match (row.text(0)? == request, u16::try_from(row.int(1)?).unwrap_or(0)) {
            (false, _) => Reserved::Other,
            (true, 0) => Reserved::Running,
            (true, status) => Reserved::Answered(status, row.text(2)?),
        })
    }

    /// Keeps the answer of a request whose key is reserved. `None`: it came to nothing, and may be
    /// tried again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_answer(
        &self,
        org: Org,
        name: &str,
        answer: Option<(u16, &str)>,
    ) -> Result<()> {
        match answer {
            Some((status, body)) => {
                let sql = "UPDATE answered SET status = $3, body = $4 WHERE org = $1 AND name = $2";
                let values = args![org.0, name, i64::from(status), body];
                (&mut &self.db).run(sql, values).await.map(|_| ())
            }
            None => {
                let sql = "DELETE FROM answered WHERE org = $1 AND name = $2 AND status = 0";
                (&mut &self.db).run(sql, args![org.0, name]).await.map(|_| ())
            }
        }
    }
}
