//! Letting go of what nobody needs any longer. What is evidence stays whatever its age: the ledger, decisions,
//! charters, findings, what was read of every document, and the bytes of those documents that something rests
//! on. Letters are let go once nothing of what they told is still to be told.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::condition::listed;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// So many letters are looked at together.
const BLOCK: usize = 500;
/// So many times in one run at most: what stays is looked at anew each time.
const BLOCKS: usize = 1_000;

/// What is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Bytes of documents that are older. `None`: every byte is kept.
    pub documents: Option<Timestamp>,
    /// Letters to teams that are older. `None`: every letter is kept.
    pub letters: Option<Timestamp>,
    /// Verdicts of the gate that were said last before it, but for those that a near miss was opened from. `None`: every
    /// one is kept.
    pub verdicts: Option<Timestamp>,
    /// Jobs that were done, sessions and links that ended, answers to requests, notices that nobody sent, and tries of
    /// channels, that are older.
    pub rest: Timestamp,
}

/// What was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// Documents. What was read of them, and their digests, stay.
    pub documents: u64,
    /// Jobs that were done.
    pub jobs: u64,
    /// Sessions and links that ended.
    pub sessions: u64,
    /// Answers that were kept for requests that might come twice.
    pub answers: u64,
    /// Notices that were sent, or that nobody sent in time. What they told is in the ledger.
    pub notices: u64,
    /// Letters to teams, with what became of their copies.
    pub letters: u64,
    /// Verdicts of the gate. What they said is in the ledger.
    pub verdicts: u64,
}

/// A document that was read into snapshots, and on which nothing rests: it is no report and no VEX, also none of a
/// supplier that waits, none of its snapshots is the newest, was ever deployed, or brought, ended or took back a finding,
/// and no supplier sent it since. Where it is not known when a snapshot was settled, it was within a day.
const LET_GO: &str = "document.org = $1 AND document.received < $2
    AND EXISTS (SELECT 1 FROM snapshot
        WHERE snapshot.org = $1 AND snapshot.document = document.digest)
    AND NOT EXISTS (SELECT 1 FROM report
        WHERE report.org = $1 AND report.document = document.digest)
    AND NOT EXISTS (SELECT 1 FROM vex WHERE vex.org = $1 AND vex.document = document.digest)
    AND NOT EXISTS (SELECT 1 FROM supplier_document AS sent
        WHERE sent.org = $1 AND sent.document = document.digest
            AND (sent.kind = 'vex' OR sent.received >= $2))
    AND NOT EXISTS (SELECT 1 FROM snapshot
        WHERE snapshot.org = $1 AND snapshot.document = document.digest AND (
            snapshot.received >= $2
            OR EXISTS (SELECT 1 FROM asset WHERE asset.org = $1 AND asset.latest = snapshot.id)
            OR EXISTS (SELECT 1 FROM deployment
                WHERE deployment.org = $1 AND deployment.snapshot = snapshot.id)
            OR EXISTS (SELECT 1 FROM running
                WHERE running.org = $1 AND running.snapshot = snapshot.id)
            OR EXISTS (SELECT 1 FROM event
                WHERE event.org = $1 AND event.asset = snapshot.asset
                    AND event.finding IS NOT NULL AND event.kind <> 'assessed'
                    AND (event.at = snapshot.settled
                        OR (snapshot.settled IS NULL AND event.at >= snapshot.received
                            AND event.at <= snapshot.received + 86400000000)))))";

impl Store {
    /// Lets go of what is old and no evidence.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget(&self, org: Org, keep: &Keep) -> Result<Forgotten> {
        let mut forgotten = Forgotten::default();
        let mut tx = self.db.begin().await?;
        if let Some(before) = keep.documents {
            let before = micros(before);
            let sql = format!(
                "DELETE FROM document_piece WHERE org = $1 AND digest IN
                    (SELECT document.digest FROM document WHERE {LET_GO})"
            );
            tx.run(&sql, args![org.0, before]).await?;
            let sql = format!("DELETE FROM document WHERE {LET_GO}");
            forgotten.documents = tx.run(&sql, args![org.0, before]).await?;
        }
        let before = micros(keep.rest);
        let sql = "DELETE FROM job WHERE org = $1 AND state = 'done' AND ended < $2";
        forgotten.jobs = tx.run(sql, args![org.0, before]).await?;
        let sql = "DELETE FROM session WHERE org = $1 AND expires < $2";
        forgotten.sessions = tx.run(sql, args![org.0, before]).await?;
        let sql = "DELETE FROM sign_in_link WHERE org = $1 AND expires < $2";
        forgotten.sessions += tx.run(sql, args![org.0, before]).await?;
        let sql = "DELETE FROM answered WHERE org = $1 AND created < $2";
        forgotten.answers = tx.run(sql, args![org.0, before]).await?;
        let sql = "DELETE FROM channel_try WHERE org = $1 AND at < $2";
        tx.run(sql, args![org.0, before]).await?;
        let sql = "DELETE FROM outbox WHERE org = $1 AND (sent IS NOT NULL OR created < $2)";
        forgotten.notices = tx.run(sql, args![org.0, before]).await?;
        if let Some(before) = keep.verdicts {
            let old = "org = $1 AND last < $2 AND NOT EXISTS (SELECT 1 FROM incident
                WHERE incident.org = $1 AND incident.verdict = verdict.id)";
            let before = micros(before);
            let sql = format!(
                "DELETE FROM verdict_subject WHERE org = $1 AND verdict IN
                    (SELECT id FROM verdict WHERE {old})"
            );
            tx.run(&sql, args![org.0, before]).await?;
            let sql = format!("DELETE FROM verdict WHERE {old}");
            forgotten.verdicts = tx.run(&sql, args![org.0, before]).await?;
        }
        tx.commit().await?;
        if let Some(before) = keep.letters {
            forgotten.letters = self.forget_letters(org, before).await?;
        }
        Ok(forgotten)
    }

    /// Since when each thing that a team has to do is as it is.
    async fn since(&self, org: Org, team: i64) -> Result<BTreeMap<String, Timestamp>> {
        let first = |is: crate::Pending| {
            let first = is.urgent.map_or(is.since, |urgent| urgent.min(is.since));
            (is.item, first)
        };
        Ok(self.pending(org, team).await?.into_iter().map(first).collect())
    }

    /// Lets go of letters that are older. One that told of something that is as it was stays: without it, it would be
    /// told again. So does one that is still on its way.
    async fn forget_letters(&self, org: Org, before: Timestamp) -> Result<u64> {
        let mut open: HashMap<i64, BTreeMap<String, Timestamp>> = HashMap::new();
        let (mut after, mut count) = ((0, 0), 0);
        for _ in 0..BLOCKS {
            let sql = "SELECT id, team, at, items FROM letter
                WHERE org = $1 AND at < $2 AND at >= $3 AND (at > $3 OR id > $4)
                    AND NOT EXISTS (SELECT 1 FROM letter_to
                        WHERE letter_to.org = $1 AND letter_to.letter = letter.id
                            AND letter_to.state IN ('begun', 'later'))
                ORDER BY at, id LIMIT $5";
            let limit = i64::try_from(BLOCK).unwrap_or(i64::MAX);
            let values = args![org.0, micros(before), after.0, after.1, limit];
            let found = (&mut &self.db).all(sql, values).await?;
            let mut gone: Vec<i64> = Vec::new();
            for row in &found {
                let (id, team, at) = (row.int(0)?, row.int(1)?, row.int(2)?);
                after = (at, id);
                let items: Vec<String> = row.json(3)?;
                let of = match open.entry(team) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => new.insert(self.since(org, team).await?),
                };
                let at = moment(at)?;
                let told = |item: &String| of.get(item).is_some_and(|since| *since <= at);
                if !items.iter().any(told) {
                    gone.push(id);
                }
            }
            if !gone.is_empty() {
                let ids = listed(&gone);
                let mut tx = self.db.begin().await?;
                // Not what somebody sends again meanwhile.
                let sql = format!(
                    "DELETE FROM letter WHERE org = $1 AND id IN ({ids})
                        AND NOT EXISTS (SELECT 1 FROM letter_to
                            WHERE letter_to.org = $1 AND letter_to.letter = letter.id
                                AND letter_to.state IN ('begun', 'later'))"
                );
                count += tx.run(&sql, args![org.0]).await?;
                let sql = format!(
                    "DELETE FROM letter_to WHERE org = $1 AND letter IN ({ids})
                        AND NOT EXISTS (SELECT 1 FROM letter
                            WHERE letter.org = $1 AND letter.id = letter_to.letter)"
                );
                tx.run(&sql, args![org.0]).await?;
                tx.commit().await?;
            }
            if found.len() < BLOCK {
                break;
            }
        }
        Ok(count)
    }
}
