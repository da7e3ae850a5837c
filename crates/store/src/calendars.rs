//! Calendars that programs of people fetch: each by a secret in its address, of which the digest is kept here. One for a
//! person and a team.

use jiff::Timestamp;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::ledger;
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// A calendar of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// The organisation.
    pub org: Org,
    /// Whose: it shows what they may see.
    pub person: i64,
    /// Of which team.
    pub team: i64,
    /// Since when it has its address.
    pub created: Timestamp,
}

const COLUMNS: &str = "org, person, team, created";

impl Calendar {
    fn from_row(row: &Row) -> Result<Calendar> {
        Ok(Calendar {
            org: Org(row.int(0)?),
            person: row.int(1)?,
            team: row.int(2)?,
            created: moment(row.int(3)?)?,
        })
    }
}

impl Store {
    /// Gives a person's calendar of a team an address; the one before is none any longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_calendar(
        &self,
        org: Org,
        (person, team): (i64, i64),
        digest: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO calendar (org, person, team, digest, created)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (org, person, team) DO UPDATE SET digest = excluded.digest,
                created = excluded.created";
        tx.run(sql, args![org.0, person, team, digest, micros(now)]).await?;
        let data = serde_json::json!({ "what": "calendar", "team": team });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Takes the address of a person's calendar of a team back. `false`: it had none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn drop_calendar(
        &self,
        org: Org,
        (person, team): (i64, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM calendar WHERE org = $1 AND person = $2 AND team = $3";
        if tx.run(sql, args![org.0, person, team]).await? == 0 {
            return Ok(false);
        }
        let data = serde_json::json!({ "what": "calendar-withdrawn", "team": team });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A person's calendar of a team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn calendar(&self, org: Org, person: i64, team: i64) -> Result<Option<Calendar>> {
        let sql =
            format!("SELECT {COLUMNS} FROM calendar WHERE org = $1 AND person = $2 AND team = $3");
        let row = (&mut &self.db).first(&sql, args![org.0, person, team]).await?;
        row.as_ref().map(Calendar::from_row).transpose()
    }

    /// The calendar of a digest, in whichever organisation.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn calendar_of(&self, digest: &str) -> Result<Option<Calendar>> {
        let sql = format!("SELECT {COLUMNS} FROM calendar WHERE digest = $1 LIMIT 1");
        let row = (&mut &self.db).first(&sql, args![digest]).await?;
        row.as_ref().map(Calendar::from_row).transpose()
    }
}
