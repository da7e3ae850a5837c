//! Letting go of what nobody needs any longer. What is evidence stays whatever its age: the ledger, decisions,
//! charters, findings, what was read of every document, and the bytes of those documents that something rests
//! on.

use jiff::Timestamp;

use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::micros;
use crate::{Org, Store};

/// What is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Bytes of documents that are older. `None`: every byte is kept.
    pub documents: Option<Timestamp>,
    /// Jobs that were done, sessions and links that ended, answers to requests, and notices that nobody sent, that are
    /// older.
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
}

/// A document that was read into snapshots, and on which nothing rests: it is no report and no VEX, and none
/// of its snapshots is the newest, was ever deployed, or brought, ended or took back a finding. Where it is not known
/// when a snapshot was settled, it was within a day.
const LET_GO: &str = "document.org = $1 AND document.received < $2
    AND EXISTS (SELECT 1 FROM snapshot
        WHERE snapshot.org = $1 AND snapshot.document = document.digest)
    AND NOT EXISTS (SELECT 1 FROM report
        WHERE report.org = $1 AND report.document = document.digest)
    AND NOT EXISTS (SELECT 1 FROM vex WHERE vex.org = $1 AND vex.document = document.digest)
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
        let sql = "DELETE FROM outbox WHERE org = $1 AND (sent IS NOT NULL OR created < $2)";
        forgotten.notices = tx.run(sql, args![org.0, before]).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}
