//! Links to a board that are read without signing in: each with a scope, an end, and a way to withdraw it.

use jiff::Timestamp;

use crate::condition::Condition;
use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::people::ScopeOf;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A link to a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org: Org,
    /// What was asked for.
    pub is: NewShare,
    /// When it was made.
    pub created: Timestamp,
    /// When it was withdrawn.
    pub withdrawn: Option<Timestamp>,
    /// When it was last read: of several times within an hour, the first.
    pub used: Option<Timestamp>,
}

/// A link to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShare {
    /// What people call it.
    pub name: String,
    /// Who makes it; it never shows more than that person may see.
    pub person: i64,
    /// Of which side the board is.
    pub side: String,
    /// What it reaches.
    pub scope: ScopeOf,
    /// When it ends.
    pub expires: Timestamp,
}

const COLUMNS: &str =
    "id, org, name, person, side, scope, scope_id, created, expires, withdrawn, used";

impl Share {
    fn from_row(row: &Row) -> Result<Share> {
        Ok(Share {
            id: row.int(0)?,
            org: Org(row.int(1)?),
            is: NewShare {
                name: row.text(2)?,
                person: row.int(3)?,
                side: row.text(4)?,
                scope: ScopeOf::from_parts(&row.text(5)?, row.int(6)?)?,
                expires: moment(row.int(8)?)?,
            },
            created: moment(row.int(7)?)?,
            withdrawn: maybe(row.maybe_int(9)?)?,
            used: maybe(row.maybe_int(10)?)?,
        })
    }
}

impl Store {
    /// Makes a link; `digest` is that of its secret.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_share(
        &self,
        org: Org,
        new: &NewShare,
        digest: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Share).await?;
        let (scope, scope_id) = new.scope.parts();
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO share
                (org, id, name, digest, person, side, scope, scope_id, created, expires)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = args![
            org.0,
            id,
            &new.name,
            digest,
            new.person,
            &new.side,
            scope,
            scope_id,
            micros(now),
            micros(new.expires)
        ];
        tx.run(sql, values).await?;
        let data = serde_json::json!({ "what": "share-added", "share": id, "name": new.name,
            "side": new.side, "person": new.person, "scope": scope, "of": scope_id,
            "expires": new.expires.to_string() });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The link of a digest, if it holds: not ended, not withdrawn, its person not closed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn share(&self, digest: &str, now: Timestamp) -> Result<Option<Share>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM share
             WHERE digest = $1 AND withdrawn IS NULL AND expires > $2
                AND EXISTS (SELECT 1 FROM person
                    WHERE person.org = share.org AND person.id = share.person AND NOT disabled)"
        );
        let row = (&mut &self.db).first(&sql, args![digest, micros(now)]).await?;
        row.as_ref().map(Share::from_row).transpose()
    }

    /// Notes that a link was read. Once an hour, so that a wall that asks every few minutes writes little.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_share(&self, share: &Share, now: Timestamp) -> Result<()> {
        const HOUR: i64 = 3_600_000_000;
        let hour = micros(now).div_euclid(HOUR) * HOUR;
        if share.used.is_some_and(|used| micros(used) >= hour) {
            return Ok(());
        }
        let sql = "UPDATE share SET used = $3 WHERE org = $1 AND id = $2";
        (&mut &self.db).run(sql, args![share.org.0, share.id, micros(now)]).await.map(|_| ())
    }

    /// A link by its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn share_numbered(&self, org: Org, id: i64) -> Result<Option<Share>> {
        let sql = format!("SELECT {COLUMNS} FROM share WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Share::from_row).transpose()
    }

    /// Links of a person or of everybody, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn shares(
        &self,
        org: Org,
        person: Option<i64>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Share>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("share.org", org);
        is.and("share.person = ", person);
        is.and("share.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM share WHERE {} ORDER BY share.id DESC LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(Share::from_row).collect::<Result<Vec<Share>>>()?;
        Ok(Page::cut(found, limit, |share| Cursor { value: 0, id: share.id }))
    }

    /// Withdraws a link. `false`: there is none that was not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn withdraw_share(
        &self,
        org: Org,
        id: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql =
            "UPDATE share SET withdrawn = $3 WHERE org = $1 AND id = $2 AND withdrawn IS NULL";
        if tx.run(sql, args![org.0, id, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let data = serde_json::json!({ "what": "share-withdrawn", "share": id });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
