//! Boards that are mailed to people again and again. Each time is claimed before anything is sent, so that however many
//! look, one sends. What was begun and never ended may have been sent: it is not sent again.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
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
    /// Where its clock is read: a name of the time zone database.
    pub zone: String,
    /// Of which team it is. `None`: of all that its reader may see.
    pub team: Option<i64>,
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
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried again.
    pub again: Option<Timestamp>,
}

const COLUMNS: &str = "person, side, rhythm, hour, next, zone, team";
const RUN: &str = "due, state, changed, detail, tries, again";

impl BoardMail {
    fn from_row(row: &Row) -> Result<BoardMail> {
        Ok(BoardMail {
            person: row.int(0)?,
            side: row.text(1)?,
            rhythm: row.text(2)?,
            hour: row.int(3)?,
            next: moment(row.int(4)?)?,
            zone: row.text(5)?,
            team: Some(row.int(6)?).filter(|team| *team != 0),
        })
    }
}

impl BoardRun {
    /// From the columns after the first ones.
    fn from_row(row: &Row, first: usize) -> Result<BoardRun> {
        Ok(BoardRun {
            due: moment(row.int(first)?)?,
            became: Became::read(&row.text(first + 1)?)?,
            changed: moment(row.int(first + 2)?)?,
            detail: row.text(first + 3)?,
            tries: row.int(first + 4)?,
            again: maybe(row.maybe_int(first + 5)?)?,
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
        let sql = "INSERT INTO board_mail (org, person, side, rhythm, hour, next, zone, team)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (org, person, side) DO UPDATE
                SET rhythm = $4, hour = $5, next = $6, zone = $7, team = $8";
        let (next, team) = (micros(is.next), is.team.unwrap_or(0));
        let values = args![org.0, is.person, &is.side, &is.rhythm, is.hour, next, &is.zone, team];
        tx.run(sql, values).await?;
        let data = json!({ "what": "board-mail-set", "person": is.person, "side": is.side,
            "rhythm": is.rhythm, "hour": is.hour, "zone": is.zone, "team": is.team });
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

    /// The boards that are mailed to a person.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn board_mails(&self, org: Org, person: i64) -> Result<Vec<BoardMail>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM board_mail WHERE org = $1 AND person = $2 ORDER BY side"
        );
        let found = (&mut &self.db).all(&sql, args![org.0, person]).await?;
        found.iter().map(BoardMail::from_row).collect()
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
        (became, again, detail): (Became, Option<Timestamp>, &str),
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE board_mail_run SET state = $5, detail = $6, changed = $7, again = $8
            WHERE org = $1 AND person = $2 AND side = $3 AND due = $4
                AND state IN ('begun', 'unknown')";
        let (due, again) = (micros(of.next), again.map(micros));
        let values =
            args![org.0, of.person, &of.side, due, became.as_str(), detail, micros(now), again];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Times that were not taken and are to be tried again by now: the board as it is asked for now, at the time that it was
    /// due. Of what is asked for no longer nothing is tried.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn board_runs_again(
        &self,
        org: Org,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(BoardMail, BoardRun)>> {
        let sql = "SELECT m.person, m.side, m.rhythm, m.hour, r.due, m.zone, m.team,
                r.due, r.state, r.changed, r.detail, r.tries, r.again
            FROM board_mail_run AS r JOIN board_mail AS m
                ON m.org = r.org AND m.person = r.person AND m.side = r.side
            WHERE r.org = $1 AND r.state = 'later' AND r.again <= $2
            ORDER BY r.again, r.person, r.side LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, micros(now), limit]).await?;
        found
            .iter()
            .map(|row| Ok((BoardMail::from_row(row)?, BoardRun::from_row(row, 7)?)))
            .collect()
    }

    /// Begins a time once more. `false`: another does.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_board_run_again(
        &self,
        org: Org,
        (is, run): (&BoardMail, &BoardRun),
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE board_mail_run
            SET state = 'begun', tries = tries + 1, again = NULL, changed = $6
            WHERE org = $1 AND person = $2 AND side = $3 AND due = $4
                AND state = 'later' AND tries = $5";
        let values = args![org.0, is.person, &is.side, micros(run.due), run.tries, micros(now)];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Gives up times that wait to be tried again and whose board is asked for no longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn drop_board_runs(&self, org: Org, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE board_mail_run SET state = 'refused', again = NULL, changed = $2,
                detail = 'it is asked for no longer'
            WHERE org = $1 AND state = 'later' AND NOT EXISTS (
                SELECT 1 FROM board_mail AS m WHERE m.org = board_mail_run.org
                    AND m.person = board_mail_run.person AND m.side = board_mail_run.side)";
        (&mut &self.db).run(sql, args![org.0, micros(now)]).await
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
        let sql = format!(
            "SELECT {RUN} FROM board_mail_run
             WHERE org = $1 AND person = $2 AND side = $3 ORDER BY due DESC LIMIT $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, person, side, limit]).await?;
        found.iter().map(|row| BoardRun::from_row(row, 0)).collect()
    }
}
