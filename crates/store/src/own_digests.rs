//! Digests of people's own: when each comes, what it told, and what became of each time. A time is claimed before anything
//! is sent, together with what it tells, so that however many look, one sends, and a thing is told once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::db::{Row, Sql, args, rows};
use crate::error::{Result, StoreError};
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
use crate::{Became, Org, Store, ledger};

/// So long it is kept what became of a time.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);
/// As many rows are written at once.
const BLOCK: usize = 500;
/// When a digest comes that somebody ended. What is ended is remembered: it does not begin by itself again.
const NEVER: Timestamp = Timestamp::MAX;

/// When somebody's own digest comes.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnDigest {
    /// Whose it is.
    pub person: i64,
    /// Days, hour and time zone; the server reads it.
    pub told: Value,
    /// When it comes next.
    pub next: Timestamp,
}

/// What became of one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRun {
    /// Whose it is.
    pub person: i64,
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

const RUN: &str = "person, due, state, changed, detail, tries, again";

impl OwnDigest {
    fn from_row(row: &Row) -> Result<OwnDigest> {
        let told = serde_json::from_str(&row.text(1)?);
        Ok(OwnDigest {
            person: row.int(0)?,
            told: told.map_err(|e| StoreError::Damaged(e.to_string()))?,
            next: moment(row.int(2)?)?,
        })
    }
}

impl OwnRun {
    fn from_row(row: &Row) -> Result<OwnRun> {
        Ok(OwnRun {
            person: row.int(0)?,
            due: moment(row.int(1)?)?,
            became: Became::read(&row.text(2)?)?,
            changed: moment(row.int(3)?)?,
            detail: row.text(4)?,
            tries: row.int(5)?,
            again: maybe(row.maybe_int(6)?)?,
        })
    }
}

impl Store {
    /// Has somebody's own digest come from now on, as it is told here.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_own_digest(
        &self,
        org: Org,
        is: &OwnDigest,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO own_digest (org, person, told, next) VALUES ($1, $2, $3, $4)
            ON CONFLICT (org, person) DO UPDATE SET told = $3, next = $4";
        tx.run(sql, args![org.0, is.person, is.told.to_string(), micros(is.next)]).await?;
        let data = json!({ "what": "own-digest-set", "person": is.person, "told": is.told });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Has somebody's own digest come from now on who never said anything about it. `false`: they did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_own_digest(
        &self,
        org: Org,
        is: &OwnDigest,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO own_digest (org, person, told, next) VALUES ($1, $2, $3, $4)
            ON CONFLICT (org, person) DO NOTHING";
        let values = args![org.0, is.person, is.told.to_string(), micros(is.next)];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "own-digest-set", "person": is.person, "told": is.told });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Who said when their own digest comes, or that it does not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_digests_said(&self, org: Org) -> Result<BTreeSet<i64>> {
        let sql = "SELECT person FROM own_digest WHERE org = $1";
        let found = (&mut &self.db).all(sql, args![org.0]).await?;
        found.iter().map(|row| row.int(0)).collect()
    }

    /// Ends it, and what of it was to be tried again. `false`: none came.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_own_digest(
        &self,
        org: Org,
        person: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE own_digest SET told = '{\"days\":[]}', next = $3
            WHERE org = $1 AND person = $2 AND next < $3";
        if tx.run(sql, args![org.0, person, micros(NEVER)]).await? == 0 {
            return Ok(false);
        }
        let sql = "DELETE FROM own_told WHERE org = $1 AND person = $2 AND due IN (
                SELECT due FROM own_digest_run
                WHERE org = $1 AND person = $2 AND state = 'later')";
        tx.run(sql, args![org.0, person]).await?;
        let sql = "UPDATE own_digest_run SET state = 'refused', again = NULL, changed = $3,
                detail = 'it is asked for no longer'
            WHERE org = $1 AND person = $2 AND state = 'later'";
        tx.run(sql, args![org.0, person, micros(now)]).await?;
        let data = json!({ "what": "own-digest-ended", "person": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// When somebody's own digest comes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_digest(&self, org: Org, person: i64) -> Result<Option<OwnDigest>> {
        let sql = "SELECT person, told, next FROM own_digest
            WHERE org = $1 AND person = $2 AND next < $3";
        let row = (&mut &self.db).first(sql, args![org.0, person, micros(NEVER)]).await?;
        row.as_ref().map(OwnDigest::from_row).transpose()
    }

    /// Digests that are to come by now, those that wait longest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_digests_due(
        &self,
        org: Org,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OwnDigest>> {
        let sql = "SELECT person, told, next FROM own_digest WHERE org = $1 AND next <= $2
            ORDER BY next, person LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, micros(now), limit]).await?;
        found.iter().map(OwnDigest::from_row).collect()
    }

    /// When the next of what is mailed to people by their own wish comes, or is tried again: boards and digests.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn next_mail(&self, org: Org) -> Result<Option<Timestamp>> {
        let sql = "SELECT MIN(at) FROM (
                SELECT MIN(next) AS at FROM board_mail WHERE org = $1
                UNION ALL SELECT MIN(again) AS at FROM board_mail_run
                    WHERE org = $1 AND state = 'later'
                UNION ALL SELECT MIN(next) AS at FROM own_digest WHERE org = $1 AND next < $2
                UNION ALL SELECT MIN(run.again) AS at FROM own_digest_run AS run
                    WHERE run.org = $1 AND run.state = 'later' AND NOT EXISTS (
                        SELECT 1 FROM own_digest AS own
                        WHERE own.org = run.org AND own.person = run.person AND own.next >= $2)
                ) AS each_of";
        let row = (&mut &self.db).first(sql, args![org.0, micros(NEVER)]).await?;
        row.map_or(Ok(None), |row| maybe(row.maybe_int(0)?))
    }

    /// What was told to somebody, by what it was then.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_told(&self, org: Org, person: i64) -> Result<BTreeMap<String, String>> {
        let sql = "SELECT item, mark FROM own_told WHERE org = $1 AND person = $2";
        let found = (&mut &self.db).all(sql, args![org.0, person]).await?;
        found.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
    }

    /// Claims a time that is due, notes what it tells, and has the digest come again at `next`. `gone` waits no longer: if
    /// it comes back it is told again. Where there is nothing to tell, nothing is begun. `false`: another claimed it, or it
    /// is wished otherwise or no longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim_own_digest(
        &self,
        org: Org,
        is: &OwnDigest,
        next: Timestamp,
        (tells, gone): (&[(String, String)], &[String]),
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let due = micros(is.next);
        let sql = "UPDATE own_digest SET next = $4 WHERE org = $1 AND person = $2 AND next = $3";
        if tx.run(sql, args![org.0, is.person, due, micros(next)]).await? == 0 {
            return Ok(false);
        }
        let over: Vec<&String> = gone.iter().chain(tells.iter().map(|(item, _)| item)).collect();
        for block in over.chunks(BLOCK) {
            let lines: Value = block.iter().map(|item| json!([item])).collect();
            let table = rows(tx.engine(), "$3", &[("item", "TEXT")]);
            let sql = format!(
                "DELETE FROM own_told WHERE org = $1 AND person = $2
                    AND item IN (SELECT item FROM {table})"
            );
            tx.run(&sql, args![org.0, is.person, lines.to_string()]).await?;
        }
        if tells.is_empty() {
            tx.commit().await?;
            return Ok(true);
        }
        // A clock that went back brings the same time again: it is claimed once all the same.
        let sql = "INSERT INTO own_digest_run (org, person, due, state, changed, detail, tries)
            VALUES ($1, $2, $3, 'begun', $4, '', 1) ON CONFLICT (org, person, due) DO NOTHING";
        let begun = tx.run(sql, args![org.0, is.person, due, micros(now)]).await? == 1;
        for block in tells.chunks(BLOCK) {
            let lines: Value = block.iter().map(|(item, mark)| json!([item, mark])).collect();
            let table = rows(tx.engine(), "$4", &[("item", "TEXT"), ("mark", "TEXT")]);
            let sql = format!(
                "INSERT INTO own_told (org, person, item, mark, due)
                 SELECT $1, $2, item, mark, $3 FROM {table}"
            );
            tx.run(&sql, args![org.0, is.person, due, lines.to_string()]).await?;
        }
        let sql = "DELETE FROM own_digest_run WHERE org = $1 AND person = $2 AND due < $3";
        tx.run(sql, args![org.0, is.person, micros(now - KEPT)]).await?;
        tx.commit().await?;
        Ok(begun)
    }

    /// Claims what is told to somebody at once, between digests, and notes that it is told. Returns the time by which its
    /// sending goes. `None`: all of it was told.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn claim_own_alarm(
        &self,
        org: Org,
        person: i64,
        tells: &[(String, String)],
        now: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let mut tx = self.db.begin().await?;
        // Two that tell at once do so one after the other.
        ledger::hold(&mut tx, org).await?;
        let sql = "SELECT item, mark FROM own_told WHERE org = $1 AND person = $2";
        let mut told: BTreeMap<String, String> = BTreeMap::new();
        for row in tx.all(sql, args![org.0, person]).await? {
            told.insert(row.text(0)?, row.text(1)?);
        }
        if tells.iter().all(|(item, mark)| told.get(item) == Some(mark)) {
            return Ok(None);
        }
        // A time of its own, also where the clock stands still.
        let sql = "SELECT MAX(due) FROM own_digest_run WHERE org = $1 AND person = $2";
        let last = match tx.first(sql, args![org.0, person]).await? {
            Some(row) => row.maybe_int(0)?,
            None => None,
        };
        let due = last.map_or(micros(now), |last| micros(now).max(last.saturating_add(1)));
        let sql = "INSERT INTO own_digest_run (org, person, due, state, changed, detail, tries)
            VALUES ($1, $2, $3, 'begun', $4, '', 1)";
        tx.run(sql, args![org.0, person, due, micros(now)]).await?;
        for (item, mark) in tells {
            let sql = "INSERT INTO own_told (org, person, item, mark, due)
                VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (org, person, item) DO UPDATE SET mark = $4, due = $5";
            tx.run(sql, args![org.0, person, item, mark, due]).await?;
        }
        tx.commit().await?;
        Ok(Some(moment(due)?))
    }

    /// Notes what became of a time that was claimed. What was not taken at all is told by the next one again. `false`: that
    /// is known already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_own_run(
        &self,
        org: Org,
        (person, due): (i64, Timestamp),
        (became, again, detail): (Became, Option<Timestamp>, &str),
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE own_digest_run SET state = $4, detail = $5, changed = $6, again = $7
            WHERE org = $1 AND person = $2 AND due = $3 AND state IN ('begun', 'unknown')";
        let again = again.map(micros);
        let values = args![org.0, person, micros(due), became.as_str(), detail, micros(now), again];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        if became == Became::Refused {
            let sql = "DELETE FROM own_told WHERE org = $1 AND person = $2 AND due = $3";
            tx.run(sql, args![org.0, person, micros(due)]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Times that were not taken and are to be tried again by now, but for those of digests that were ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_runs_again(
        &self,
        org: Org,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<OwnRun>> {
        let sql = format!(
            "SELECT {RUN} FROM own_digest_run AS run
             WHERE org = $1 AND state = 'later' AND again <= $2 AND NOT EXISTS (
                SELECT 1 FROM own_digest AS own
                WHERE own.org = run.org AND own.person = run.person AND own.next >= $4)
             ORDER BY again, person, due LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, micros(now), limit, micros(NEVER)];
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(OwnRun::from_row).collect()
    }

    /// Begins a time once more. `false`: another does.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_own_run_again(&self, org: Org, is: &OwnRun, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE own_digest_run
            SET state = 'begun', tries = tries + 1, again = NULL, changed = $5
            WHERE org = $1 AND person = $2 AND due = $3 AND state = 'later' AND tries = $4";
        let values = args![org.0, is.person, micros(is.due), is.tries, micros(now)];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// What one time told.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_told_at(&self, org: Org, person: i64, due: Timestamp) -> Result<Vec<String>> {
        let sql = "SELECT item FROM own_told WHERE org = $1 AND person = $2 AND due = $3
            ORDER BY item";
        let found = (&mut &self.db).all(sql, args![org.0, person, micros(due)]).await?;
        found.iter().map(|row| row.text(0)).collect()
    }

    /// Notes of times that were claimed before a moment and never ended that nobody knows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lose_own_runs(&self, org: Org, before: Timestamp, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE own_digest_run SET state = 'unknown', changed = $3,
                detail = 'the server ended while it was sent; it may have come'
            WHERE org = $1 AND state = 'begun' AND changed < $2";
        (&mut &self.db).run(sql, args![org.0, micros(before), micros(now)]).await
    }

    /// What became of the last times, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_runs(&self, org: Org, person: i64, limit: usize) -> Result<Vec<OwnRun>> {
        let sql = format!(
            "SELECT {RUN} FROM own_digest_run WHERE org = $1 AND person = $2
             ORDER BY due DESC LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, person, limit]).await?;
        found.iter().map(OwnRun::from_row).collect()
    }
}
