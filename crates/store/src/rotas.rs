//! Who is on duty in teams: the rota as the server reads it, and days that somebody takes for others.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::organisations::changed;
use crate::{Org, Store, ledger};

/// Days that somebody takes for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotaCover {
    /// From the hand-over of this day on (2026-03-02).
    pub first: String,
    /// Until that of this one.
    pub until: String,
    /// Who takes them.
    pub person: i64,
}

/// A team's rota.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRota {
    /// How it goes round; the server reads it.
    pub told: Value,
    /// Days that others take, in order; of those that are over, the newest.
    pub covers: Vec<RotaCover>,
}

/// The most covers that are read, the last ones: more than there can be from today on, for nobody takes days that are
/// farther than a year.
const MOST: i64 = 500;

impl RotaCover {
    fn from_row(row: &Row) -> Result<RotaCover> {
        Ok(RotaCover { first: row.text(0)?, until: row.text(1)?, person: row.int(2)? })
    }
}

impl Store {
    /// Keeps a team's rota; what others take stays. Whoever was deciding who is told decides anew.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_rota(
        &self,
        org: Org,
        (team, told): (i64, &Value),
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO rota (org, team, told) VALUES ($1, $2, $3)
            ON CONFLICT (org, team) DO UPDATE SET told = excluded.told";
        tx.run(sql, args![org.0, team, told.to_string()]).await?;
        // Who is on duty is told though the team never said how it wishes to be told: as nobody wishes it otherwise.
        let sql = "INSERT INTO notice_wishes (org, team, told, sealed, turn)
            VALUES ($1, $2, '{}', NULL, 1)
            ON CONFLICT (org, team) DO UPDATE SET turn = notice_wishes.turn + 1";
        tx.run(sql, args![org.0, team]).await?;
        let data = json!({ "what": "rota", "team": team, "rota": told });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// A team's rota. `None`: nobody made one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn rota(&self, org: Org, team: i64) -> Result<Option<KeptRota>> {
        let sql = "SELECT told FROM rota WHERE org = $1 AND team = $2";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        let Some(row) = row else { return Ok(None) };
        let told = row.json(0)?;
        let sql = "SELECT begins, ends, person FROM rota_cover
            WHERE org = $1 AND team = $2 ORDER BY begins DESC LIMIT $3";
        let found = (&mut &self.db).all(sql, args![org.0, team, MOST]).await?;
        let mut covers = found.iter().map(RotaCover::from_row).collect::<Result<Vec<_>>>()?;
        covers.reverse();
        Ok(Some(KeptRota { told, covers }))
    }

    /// Notes that somebody takes days of a team's rota. `false`: somebody takes some of them already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_cover(
        &self,
        org: Org,
        (team, new): (i64, &RotaCover),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        // Of two that take the same days at once, one does.
        ledger::hold(&mut tx, org).await?;
        let sql = "SELECT begins FROM rota_cover
            WHERE org = $1 AND team = $2 AND begins < $4 AND ends > $3 LIMIT 1";
        let values = args![org.0, team, &new.first, &new.until];
        if tx.first(sql, values).await?.is_some() {
            return Ok(false);
        }
        let sql = "INSERT INTO rota_cover (org, team, begins, ends, person)
            VALUES ($1, $2, $3, $4, $5)";
        tx.run(sql, args![org.0, team, &new.first, &new.until, new.person]).await?;
        let sql = "UPDATE notice_wishes SET turn = turn + 1 WHERE org = $1 AND team = $2";
        tx.run(sql, args![org.0, team]).await?;
        let data = json!({ "what": "rota-cover", "team": team, "first": new.first,
            "until": new.until, "person": new.person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes back that somebody takes days that begin with one. `false`: nobody did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn drop_cover(
        &self,
        org: Org,
        (team, first): (i64, &str),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM rota_cover WHERE org = $1 AND team = $2 AND begins = $3";
        if tx.run(sql, args![org.0, team, first]).await? == 0 {
            return Ok(false);
        }
        let sql = "UPDATE notice_wishes SET turn = turn + 1 WHERE org = $1 AND team = $2";
        tx.run(sql, args![org.0, team]).await?;
        let data = json!({ "what": "rota-cover-withdrawn", "team": team, "first": first });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
