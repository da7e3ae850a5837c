//! How it stands with feeds: when each was asked for, and what came of it. One row for each, for all
//! organisations: they share the index.

use jiff::Timestamp;

use crate::Store;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::{maybe, micros};

/// A feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// Its name.
    pub name: String,
    /// How it stands, in a word: `fresh`, `unchanged`, `partly`, `failed`.
    pub state: String,
    /// When it was last asked for.
    pub checked: Option<Timestamp>,
    /// When it last brought something new.
    pub changed: Option<Timestamp>,
    /// When nothing went wrong last.
    pub succeeded: Option<Timestamp>,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Store {
    /// Notes what came of asking for a feed. `fresh`: it brought something new.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_feed(
        &self,
        name: &str,
        state: &str,
        fresh: bool,
        error: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO feed (name, state, checked, changed, error, succeeded)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (name) DO UPDATE SET state = $2, checked = $3,
                changed = COALESCE($4, feed.changed), error = $5,
                succeeded = COALESCE($6, feed.succeeded)";
        let (at, changed) = (micros(now), fresh.then(|| micros(now)));
        let succeeded = error.is_none().then_some(at);
        let values = args![name, state, at, changed, error, succeeded];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Every feed, by name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn feeds(&self) -> Result<Vec<Feed>> {
        let sql = "SELECT name, state, checked, changed, error, succeeded FROM feed ORDER BY name";
        let mut all = Vec::new();
        for row in (&mut &self.db).all(sql, args![]).await? {
            all.push(Feed {
                name: row.text(0)?,
                state: row.text(1)?,
                checked: maybe(row.maybe_int(2)?)?,
                changed: maybe(row.maybe_int(3)?)?,
                error: row.maybe_text(4)?,
                succeeded: maybe(row.maybe_int(5)?)?,
            });
        }
        Ok(all)
    }
}
