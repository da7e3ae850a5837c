//! Boards that are mailed to people again and again. Each time is claimed before anything is sent, so that however many
//! look, one sends. What was begun and never ended may have been sent: it is not sent again.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Became, Org, Store, ledger};

/// So long it is kept what became of a time.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

/// A board that is mailed to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardMail {
    /// Who asked for it, and gets it.
    pub person: i64,
    /// Of which side the board is.
    pub side: String,
    /// How often, in the server's word.
    pub rhythm: String,
    /// At which hour.
    pub hour: i64,
    /// When it comes next.
    pub next: Timestamp,
}

/// What became of one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardRun {
    /// For when it was due.
    pub due: Timestamp,
    /// What became of it.
    pub became: Became,
    /// Since when it is so.
    pub changed: Timestamp,
    /// Why, in words.
    pub detail: String,
}

const COLUMNS: &str = "person, side, rhythm, hour, next";

impl BoardMail {
    fn from_row(row: &Row) -> Result<BoardMail> {
        Ok(BoardMail {
            person: row.int(0)?,
            side: row.text(1)?,
            rhythm: row.text(2)?,
            hour: row.int(3)?,
            next: moment(row.int(4)?)?,
        })
    }
}

impl Store {
    /// Has a board mailed to a person from now on, as it is told here.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_board_mail(
        &self,
        org: Org,
        is: &BoardMail,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO board_mail (org, person, side, rhythm, hour, next)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (org, person, side) DO UPDATE SET rhythm = $4, hour = $5, next = $6";
        let next = micros(is.next);
        tx.run(sql, args![org.0, is.person, &is.side, &is.rhythm, is.hour, next]).await?;
        let data = json!({ "what": "board-mail-set", "person": is.person, "side": is.side,
            "rhythm": is.rhythm, "hour": is.hour });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Ends it. `false`: it was not mailed to them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_board_mail(
        &self,
        org: Org,
        (person, side): (i64, &str),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM board_mail WHERE org = $1 AND person = $2 AND side = $3";
        if tx.run(sql, args![org.0, person, side]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "board-mail-ended", "person": person, "side": side });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// How a board is mailed to a person.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn board_mail(&self, org: Org, person: i64, side: &str) -> Result<Option<BoardMail>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM board_mail WHERE org = $1 AND person = $2 AND side = $3"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, person, side]).await?;
        row.as_ref().map(BoardMail::from_row).transpose()
    }

    /// Whether any board is mailed to anybody.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn any_board_mail(&self, org: Org) -> Result<bool> {
        let sql = "SELECT person FROM board_mail WHERE org = $1 LIMIT 1";
        Ok((&mut &self.db).first(sql, args![org.0]).await?.is_some())
    }

    /// Boards that are to be mailed by now, those that wait longest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn board_mails_due(
        &self,
        org: Org,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<BoardMail>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM board_mail WHERE org = $1 AND next <= $2
             ORDER BY next, person, side LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, micros(now), limit]).await?;
        found.iter().map(BoardMail::from_row).collect()
    }

    /// Claims a time that is due, and has the board come again at `next`. `false`: another did, or it is asked for
    /// otherwise or no longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim_board_mail(
        &self,
        org: Org,
        is: &BoardMail,
        next: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let due = micros(is.next);
        let sql = "UPDATE board_mail SET next = $5
            WHERE org = $1 AND person = $2 AND side = $3 AND next = $4";
        if tx.run(sql, args![org.0, is.person, &is.side, due, micros(next)]).await? == 0 {
            return Ok(false);
        }
        // A clock that went back brings the same time again: it is claimed once all the same.
        let sql = "INSERT INTO board_mail_run (org, person, side, due, state, changed, detail)
            VALUES ($1, $2, $3, $4, 'begun', $5, '')
            ON CONFLICT (org, person, side, due) DO NOTHING";
        let begun = tx.run(sql, args![org.0, is.person, &is.side, due, micros(now)]).await? == 1;
        let sql = "DELETE FROM board_mail_run
            WHERE org = $1 AND person = $2 AND side = $3 AND due < $4";
        tx.run(sql, args![org.0, is.person, &is.side, micros(now - KEPT)]).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// Notes what became of a time that was claimed. `false`: that is known already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_board_run(
        &self,
        org: Org,
        of: &BoardMail,
        (became, detail): (Became, &str),
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE board_mail_run SET state = $5, detail = $6, changed = $7
            WHERE org = $1 AND person = $2 AND side = $3 AND due = $4
                AND state IN ('begun', 'unknown')";
        let due = micros(of.next);
        let values = args![org.0, of.person, &of.side, due, became.as_str(), detail, micros(now)];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Notes of times that were claimed before a moment and never ended that nobody knows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lose_board_runs(
        &self,
        org: Org,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<u64> {
        let sql = "UPDATE board_mail_run SET state = 'unknown', changed = $3,
                detail = 'the server ended while it was sent; it may have come'
            WHERE org = $1 AND state = 'begun' AND changed < $2";
        (&mut &self.db).run(sql, args![org.0, micros(before), micros(now)]).await
    }

    /// What became of the last times, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn board_runs(
        &self,
        org: Org,
        (person, side): (i64, &str),
        limit: usize,
    ) -> Result<Vec<BoardRun>> {
        let sql = "SELECT due, state, changed, detail FROM board_mail_run
            WHERE org = $1 AND person = $2 AND side = $3 ORDER BY due DESC LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, person, side, limit]).await?;
        let read = |row: &Row| {
            Ok(BoardRun {
                due: moment(row.int(0)?)?,
                became: Became::read(&row.text(1)?)?,
                changed: moment(row.int(2)?)?,
                detail: row.text(3)?,
            })
        };
        found.iter().map(read).collect()
    }
}
