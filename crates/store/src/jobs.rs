//! Work to be done. Somebody who waits comes before an upload, an upload before scheduled work; an
//! organisation has at most so many at once. A job that a process held when it died is taken again
//! when its lease runs out, so each must stand being done twice.

use std::time::Duration;

use jiff::Timestamp;

use crate::db::{Engine, Row, Sql, Tx, args, rows};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::page::{Cursor, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// How soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Somebody waits for the answer.
    Waited = 0,
    /// An upload.
    Upload = 1,
    /// By a schedule.
    Scheduled = 2,
}

/// How it stands with a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Not begun, or to be tried again.
    Waiting,
    /// A worker has it.
    Running,
    /// Done.
    Done,
    /// Given up after too many attempts: shown until somebody looks at it.
    Dead,
}

impl JobState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobState::Waiting => "waiting",
            JobState::Running => "running",
            JobState::Done => "done",
            JobState::Dead => "dead",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<JobState> {
        use JobState::{Dead, Done, Running, Waiting};
        [Waiting, Running, Done, Dead].into_iter().find(|state| state.as_str() == text)
    }

    fn read(text: &str) -> Result<JobState> {
        JobState::from_text(text)
            .ok_or_else(|| StoreError::Damaged(format!("state of a job `{text}`")))
    }
}

/// Work to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The organisation.
    pub org: Org,
    /// The kind: a name in the server's table of jobs.
    pub kind: String,
    /// What makes it the same work: while one of this name waits, no second one is added.
    pub name: String,
    /// What to do it with.
    pub payload: serde_json::Value,
    /// How soon.
    pub priority: Priority,
    /// Not before.
    pub run_at: Timestamp,
}

/// Work.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org: Org,
    /// The kind.
    pub kind: String,
    /// What makes it the same work.
    pub name: String,
    /// What to do it with.
    pub payload: serde_json::Value,
    /// How it stands.
    pub state: JobState,
    /// How often it was begun.
    pub attempts: i64,
    /// When it was added.
    pub created: Timestamp,
    /// Not before.
    pub run_at: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// What went wrong last.
    pub error: Option<String>,
    /// What it answers.
    pub result: Option<serde_json::Value>,
}

/// How often a job is tried.
pub const MAX_ATTEMPTS: i64 = 8;

const COLUMNS: &str =
    "id, org, kind, name, payload, state, attempts, created, run_at, ended, error, result";

impl Job {
    fn from_row(row: &Row) -> Result<Job> {
        let json = |text: String| {
            serde_json::from_str(&text).map_err(|e| StoreError::Damaged(e.to_string()))
        };
        Ok(Job {
            id: row.int(0)?,
            org: Org(row.int(1)?),
            kind: row.text(2)?,
            name: row.text(3)?,
            payload: json(row.text(4)?)?,
            state: JobState::read(&row.text(5)?)?,
            attempts: row.int(6)?,
            created: moment(row.int(7)?)?,
            run_at: moment(row.int(8)?)?,
            ended: maybe(row.maybe_int(9)?)?,
            error: row.maybe_text(10)?,
            result: row.maybe_text(11)?.map(json).transpose()?,
        })
    }
}

/// Adds work in a transaction, with an id that was taken before it. Returns the id of the job that
/// waits, the new one or the one that was there.
pub(crate) async fn add(tx: &mut Tx, id: i64, job: &NewJob, now: Timestamp) -> Result<i64> {
    add_unless(tx, id, job, now, "'waiting'", None).await
}

async fn add_unless(
    tx: &mut Tx,
    id: i64,
    job: &NewJob,
    now: Timestamp,
    states: &str,
    of: Option<&str>,
) -> Result<i64> {
    let mut values = args![job.org.0, &job.kind, &job.name];
    let mut last = "";
    if let Some(of) = of {
        values.extend(args![of]);
        last = "AND NOT EXISTS (SELECT 1 FROM job AS later
            WHERE later.org = $1 AND later.kind = $2 AND later.state IN ('waiting', 'running')
                AND later.id > job.id AND SUBSTR(later.name, 1, LENGTH($4)) = $4)";
    }
    let sql = format!(
        "SELECT id FROM job WHERE org = $1 AND kind = $2 AND name = $3 AND state IN ({states})
            {last} LIMIT 1"
    );
    if let Some(row) = tx.first(&sql, values).await? {
        let id = row.int(0)?;
        // Who waits now makes it more urgent.
        let sql = "UPDATE job SET priority = $2 WHERE id = $1 AND priority > $2";
        tx.run(sql, args![id, job.priority as i64]).await?;
        return Ok(id);
    }
    let sql =
        "INSERT INTO job (id, org, kind, name, payload, priority, state, attempts, run_at, created)
        VALUES ($1, $2, $3, $4, $5, $6, 'waiting', 0, $7, $8)";
    tx.run(
        sql,
        args![
            id,
            job.org.0,
            &job.kind,
            &job.name,
            job.payload.to_string(),
            job.priority as i64,
            micros(job.run_at),
            micros(now)
        ],
    )
    .await?;
    Ok(id)
}

/// Jobs of a worker are done.
pub(crate) fn end_sql(engine: Engine) -> String {
    let table = rows(engine, "$2", &[("ended", "BIGINT"), ("said", "TEXT")]);
    format!(
        "UPDATE job SET state = 'done', error = NULL, ended = $3, lease = NULL,
            result = (SELECT j.said FROM {table} WHERE j.ended = job.id)
         WHERE worker = $1 AND state = 'running' AND id IN (SELECT j.ended FROM {table})"
    )
}

impl Store {
    /// Adds work. Returns the id of the job that waits, the new one or the one that was there already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_job(&self, job: &NewJob, now: Timestamp) -> Result<i64> {
        let id = self.ids.one(&self.db, 0, Kind::Job).await?;
        let mut tx = self.db.begin().await?;
        let id = add(&mut tx, id, job, now).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The same of work that is all in its name, so that what runs is no less than what is asked for: who asks again
    /// because the answer got lost does not get it twice. Names of work on the same thing begin with `of`: what was
    /// asked for it since stands before what is asked again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_job_once(&self, job: &NewJob, of: &str, now: Timestamp) -> Result<i64> {
        let id = self.ids.one(&self.db, 0, Kind::Job).await?;
        let mut tx = self.db.begin().await?;
        let id = add_unless(&mut tx, id, job, now, "'waiting', 'running'", Some(of)).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Takes the next job: the most urgent one that is due, of an organisation for which fewer than `cap`
    /// workers work, and of none of the kinds `not`. It is this worker's until the lease ends.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_job(
        &self,
        worker: &str,
        cap: usize,
        lease: Duration,
        not: &[&str],
        now: Timestamp,
    ) -> Result<Option<Job>> {
        let skip = match self.engine() {
            Engine::Postgres => "FOR UPDATE SKIP LOCKED",
            Engine::Sqlite => "",
        };
        let sql = format!(
            "UPDATE job SET state = 'running', attempts = attempts + 1, worker = $1, lease = $2
             WHERE id = (
                SELECT id FROM job AS next
                WHERE state = 'waiting' AND run_at <= $3 AND $5 NOT LIKE '% ' || kind || ' %'
                    AND (SELECT COUNT(DISTINCT busy.worker) FROM job AS busy
                         WHERE busy.state = 'running' AND busy.org = next.org) < $4
                ORDER BY priority, run_at, id LIMIT 1 {skip})
             RETURNING {COLUMNS}"
        );
        let lease =
            micros(now).saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
        let cap = i64::try_from(cap).unwrap_or(i64::MAX);
        // Words of ours, with a space around each.
        let not = format!(" {} ", not.join(" "));
        let row = (&mut &self.db).first(&sql, args![worker, lease, micros(now), cap, not]).await?;
        row.as_ref().map(Job::from_row).transpose()
    }

    /// Takes more of the same: the next jobs that are due of the organisation and kind of one that was taken, that
    /// nobody has tried yet. They are done together with it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_more(
        &self,
        job: &Job,
        worker: &str,
        most: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Job>> {
        let skip = match self.engine() {
            Engine::Postgres => "FOR UPDATE SKIP LOCKED",
            Engine::Sqlite => "",
        };
        let sql = format!(
            // As many as are asked for, however the rest is planned.
            "WITH next AS MATERIALIZED (
                SELECT id FROM job
                WHERE state = 'waiting' AND run_at <= $3 AND org = $4 AND kind = $5 AND attempts = 0
                ORDER BY priority, run_at, id LIMIT $6 {skip})
             UPDATE job SET state = 'running', attempts = attempts + 1, worker = $1, lease = $2
             WHERE id IN (SELECT next.id FROM next)
             RETURNING {COLUMNS}"
        );
        let lease =
            micros(now).saturating_add(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let values = args![worker, lease, micros(now), job.org.0, &job.kind, most];
        let found = (&mut &self.db).all(&sql, values).await?;
        let mut jobs: Vec<Job> = found.iter().map(Job::from_row).collect::<Result<_>>()?;
        jobs.sort_by_key(|job| job.id);
        Ok(jobs)
    }

    /// A worker still works on a job: its lease is made longer, until when `until` says at the moment of writing,
    /// which may have been waited for. `false`: it is no longer the worker's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_job(
        &self,
        id: i64,
        worker: &str,
        until: impl FnOnce() -> Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE job SET lease = $3 WHERE id = $1 AND worker = $2 AND state = 'running'";
        let mut tx = self.db.begin().await?;
        let kept = tx.run(sql, args![id, worker, micros(until())]).await? == 1;
        tx.commit().await?;
        Ok(kept)
    }

    /// Whether some work whose name begins with `of`, and that was asked for after `since`, waits to be done or is
    /// being done.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_asked_of(
        &self,
        org: Org,
        kind: &str,
        of: &str,
        since: Timestamp,
    ) -> Result<bool> {
        // Few wait or run, and many of the kind are done: not by the index of kinds and names.
        let sql = "SELECT 1 FROM job WHERE org = $1 AND state IN ('waiting', 'running')
            AND kind || '' = $2 AND SUBSTR(name, 1, LENGTH($3)) = $3 AND created > $4 LIMIT 1";
        Ok((&mut &self.db).first(sql, args![org.0, kind, of, micros(since)]).await?.is_some())
    }

    /// Whether some work waits to be done or is being done.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_asked(&self, org: Org, kind: &str, name: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM job WHERE org = $1 AND kind = $2 AND name = $3
            AND state IN ('waiting', 'running') LIMIT 1";
        Ok((&mut &self.db).first(sql, args![org.0, kind, name]).await?.is_some())
    }

    /// A job is done. `false`: it was no longer this worker's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_job(
        &self,
        id: i64,
        worker: &str,
        result: &serde_json::Value,
        now: Timestamp,
    ) -> Result<bool> {
        let sql =
            "UPDATE job SET state = 'done', result = $3, error = NULL, ended = $4, lease = NULL
            WHERE id = $1 AND worker = $2 AND state = 'running'";
        let args = args![id, worker, result.to_string(), micros(now)];
        Ok((&mut &self.db).run(sql, args).await? == 1)
    }

    /// The same of several, each with its result. Returns how many were this worker's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_jobs(
        &self,
        all: &[(i64, serde_json::Value)],
        worker: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let line =
            |(id, result): &(i64, serde_json::Value)| serde_json::json!([id, result.to_string()]);
        let lines: serde_json::Value = all.iter().map(line).collect();
        let sql = end_sql(self.engine());
        (&mut &self.db).run(&sql, args![worker, lines.to_string(), micros(now)]).await
    }

    /// A job failed: it is tried again later, twice as long each time, or given up. `hopeless` gives it
    /// up at once: trying again would not help.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn fail_job(
        &self,
        job: &Job,
        worker: &str,
        error: &str,
        hopeless: bool,
        now: Timestamp,
    ) -> Result<JobState> {
        let dead = hopeless || job.attempts >= MAX_ATTEMPTS;
        let state = if dead { JobState::Dead } else { JobState::Waiting };
        let again = micros(now).saturating_add(delay(job.attempts));
        let ended = dead.then(|| micros(now));
        let sql = "UPDATE job SET state = $3, error = $4, run_at = $5, ended = $6, lease = NULL
            WHERE id = $1 AND worker = $2 AND state = 'running'";
        let error: String = error.chars().take(2000).collect();
        let args = args![job.id, worker, state.as_str(), error, again, ended];
        (&mut &self.db).run(sql, args).await?;
        Ok(state)
    }

    /// Gives back what dead workers held: jobs whose lease has run out. Returns how many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn release_jobs(&self, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE job SET
                state = CASE WHEN attempts >= $2 THEN 'dead' ELSE 'waiting' END,
                ended = CASE WHEN attempts >= $2 THEN $1 ELSE ended END,
                error = 'the process that worked on it went away', lease = NULL
            WHERE state = 'running' AND lease < $1";
        (&mut &self.db).run(sql, args![micros(now), MAX_ATTEMPTS]).await
    }

    /// A job of an organisation.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn job(&self, org: Org, id: i64) -> Result<Option<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM job WHERE id = $1 AND org = $2");
        let row = (&mut &self.db).first(&sql, args![id, org.0]).await?;
        row.as_ref().map(Job::from_row).transpose()
    }

    /// Jobs of a state, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn jobs(&self, org: Org, state: JobState, limit: usize) -> Result<Vec<Job>> {
        Ok(self.jobs_page(org, state, None, limit).await?.rows)
    }

    /// Jobs of a state, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn jobs_page(
        &self,
        org: Org,
        state: JobState,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Job>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM job WHERE org = $1 AND state = $2 AND id < $3
             ORDER BY id DESC LIMIT $4"
        );
        let before = after.map_or(i64::MAX, |after| after.id);
        let asked = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, state.as_str(), before, asked]).await?;
        let found = found.iter().map(Job::from_row).collect::<Result<Vec<Job>>>()?;
        Ok(Page::cut(found, limit, |job| Cursor { value: 0, id: job.id }))
    }

    /// The job of a kind that waits, runs or was given up: the newest, if there are several.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open_job(&self, org: Org, kind: &str) -> Result<Option<Job>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM job WHERE org = $1 AND kind = $2 AND state <> 'done'
             ORDER BY id DESC LIMIT 1"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, kind]).await?;
        row.as_ref().map(Job::from_row).transpose()
    }

    /// The job of a kind that was done last.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn last_done(&self, org: Org, kind: &str) -> Result<Option<Job>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM job WHERE org = $1 AND kind = $2 AND state = 'done'
             ORDER BY id DESC LIMIT 1"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, kind]).await?;
        row.as_ref().map(Job::from_row).transpose()
    }

    /// Has a job that waits begin earlier. `false`: it does not wait, or begins before that anyway.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn hasten_job(&self, org: Org, id: i64, run_at: Timestamp) -> Result<bool> {
        let sql = "UPDATE job SET run_at = $3
            WHERE id = $1 AND org = $2 AND state = 'waiting' AND run_at > $3";
        Ok((&mut &self.db).run(sql, args![id, org.0, micros(run_at)]).await? == 1)
    }

    /// Tries a job that was given up once more. `false`: it is not one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn retry_job(&self, org: Org, id: i64, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE job SET state = 'waiting', attempts = 0, run_at = $3, ended = NULL
            WHERE id = $1 AND org = $2 AND state = 'dead'";
        Ok((&mut &self.db).run(sql, args![id, org.0, micros(now)]).await? == 1)
    }
}

/// How long to wait after the `attempts`th attempt, in microseconds: 2 s, 4 s, … at most an hour.
fn delay(attempts: i64) -> i64 {
    let seconds = 1i64 << attempts.clamp(1, 12);
    seconds.min(3600) * 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_and_none_is_longer_than_an_hour() {
        let waits: Vec<_> = (1..=14).map(delay).collect();
        assert!(waits.is_sorted());
        assert_eq!(waits.first(), Some(&2_000_000));
        assert_eq!(waits.last(), Some(&3_600_000_000));
    }
}
