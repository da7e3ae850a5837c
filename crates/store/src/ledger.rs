//! The ledger: what happened, in order, each entry sealed by the hash of the one before it, so that
//! nothing can be changed, left out or put in between without being seen.
//!
//! The seal of an entry is SHA-256 over the seal before it and the entry's own members, each with its
//! length in front. The first entry of an organisation is sealed over 64 zeros.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::condition::Condition;
use crate::db::{Sql, Tx, args, rows};
use crate::error::Result;
use crate::{Org, Store, time};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),* $(,)?) => {
        /// What kind of thing happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind { $($(#[$doc])* $variant),* }

        impl EventKind {
            /// All of them.
            pub const ALL: &[EventKind] = &[$(EventKind::$variant),*];
            /// The word in the ledger.
            pub const fn as_str(self) -> &'static str {
                match self { $(EventKind::$variant => $text),* }
            }
            /// From the word.
            pub fn from_text(text: &str) -> Option<EventKind> {
                EventKind::ALL.iter().copied().find(|k| k.as_str() == text)
            }
        }
    };
}

kinds! {
    /// A document was received and read.
    Received = "received",
    /// A finding was seen for the first time.
    Detected = "detected",
    /// A finding was weighed and came out otherwise than before.
    Assessed = "assessed",
    /// People decided something about a finding.
    Decided = "decided",
    /// An action that removes a finding was given a window.
    Planned = "planned",
    /// A finding went from the main line.
    Merged = "merged",
    /// A snapshot began to run somewhere, or failed to.
    Deployed = "deployed",
    /// A finding went from production.
    Fixed = "fixed",
    /// A finding came back.
    Regressed = "regressed",
    /// No source says so any longer, though nothing was changed.
    Retracted = "retracted",
    /// Who may do what, or what is kept, was changed.
    Changed = "changed",
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What kind.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// Who: `person:3`, `token:4`, or `trimtab`.
    pub actor: String,
    /// The system that it is about.
    pub system: Option<i64>,
    /// The asset.
    pub asset: Option<i64>,
    /// The finding.
    pub finding: Option<i64>,
    /// More of it; what the kinds hold is said in `docs/ledger.md`.
    pub data: serde_json::Value,
}

/// An entry of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// What happened. The kind is kept as it is written: a newer build may know more.
    pub kind: String,
    /// When, microseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// The system.
    pub system: Option<i64>,
    /// The asset.
    pub asset: Option<i64>,
    /// The finding.
    pub finding: Option<i64>,
    /// The data, as JSON text: byte for byte what was sealed.
    pub data: String,
    /// The seal, hexadecimal.
    pub hash: String,
}

impl Entry {
    /// It as a line of an export: JSON, with the name of its organisation.
    pub fn line(&self, organisation: &str) -> String {
        serde_json::json!({ "organisation": organisation, "seq": self.seq, "at": self.at,
            "kind": self.kind, "actor": self.actor, "system": self.system, "asset": self.asset,
            "finding": self.finding, "data": self.data, "hash": self.hash })
        .to_string()
    }

    /// The seal that this entry must have after `before`.
    pub fn seal(&self, before: &str) -> String {
        let mut hash = Sha256::new();
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        let members = [
            before.to_owned(),
            self.seq.to_string(),
            self.at.to_string(),
            self.kind.clone(),
            self.actor.clone(),
            number(self.system),
            number(self.asset),
            number(self.finding),
            self.data.clone(),
        ];
        for member in &members {
            hash.update(member.len().to_string());
            hash.update(":");
            hash.update(member);
        }
        hex(&hash.finalize())
    }

    fn from_row(row: &crate::db::Row) -> Result<Entry> {
        Ok(Entry {
            seq: row.int(0)?,
            at: row.int(1)?,
            kind: row.text(2)?,
            actor: row.text(3)?,
            system: row.maybe_int(4)?,
            asset: row.maybe_int(5)?,
            finding: row.maybe_int(6)?,
            data: row.text(7)?,
            hash: row.text(8)?,
        })
    }
}

/// Which entries. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerFilter {
    /// Of this kind.
    pub kind: Option<EventKind>,
    /// By somebody: `person:3`, `token:4`, `trimtab`.
    pub actor: Option<String>,
    /// About a system.
    pub system: Option<i64>,
    /// About an asset.
    pub asset: Option<i64>,
    /// About a finding.
    pub finding: Option<i64>,
    /// At or after a moment.
    pub since: Option<Timestamp>,
    /// Before a moment.
    pub until: Option<Timestamp>,
}

impl LedgerFilter {
    /// Its entries; by `at` and `seq`, what lies between them is narrowed elsewhere.
    pub(crate) fn wanted(&self, org: Org) -> Condition {
        let mut is = Condition::of("event.org", org);
        is.and("event.kind = ", self.kind.map(EventKind::as_str));
        is.and("event.actor = ", self.actor.clone());
        is.and("event.system = ", self.system);
        is.and("event.asset = ", self.asset);
        is.and("event.finding = ", self.finding);
        is.and("event.at >= ", self.since.map(time::micros));
        is.and("event.at < ", self.until.map(time::micros));
        is
    }
}

/// Where a ledger does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The entry.
    pub seq: i64,
    /// What is wrong.
    pub what: &'static str,
}

/// The seal before the first entry.
pub(crate) const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// How many entries go into one statement.
const BLOCK: usize = 5000;

const COLUMNS: &str = "seq, at, kind, actor, system, asset, finding, data, hash";

/// Has other writers of the organisation's ledger, and of sums over its findings, wait until the transaction
/// ends. Returns where the ledger is: the row of the head is the lock.
pub(crate) async fn hold(tx: &mut Tx, org: Org) -> Result<(i64, String)> {
    let sql = "INSERT INTO ledger_head (org, seq, hash) VALUES ($1, 0, $2)
        ON CONFLICT (org) DO UPDATE SET seq = ledger_head.seq RETURNING seq, hash";
    match tx.first(sql, args![org.0, START]).await? {
        Some(row) => Ok((row.int(0)?, row.text(1)?)),
        None => Ok((0, START.to_owned())),
    }
}

/// Adds entries in the transaction that makes them true. Last in it: other writers of the organisation
/// wait from here on.
pub(crate) async fn append(tx: &mut Tx, org: Org, events: &[NewEvent]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let (mut seq, mut hash) = hold(tx, org).await?;
    let mut lines = Vec::with_capacity(events.len());
    for event in events {
        seq += 1;
        let mut entry = Entry {
            seq,
            at: time::micros(event.at),
            kind: event.kind.as_str().to_owned(),
            actor: event.actor.clone(),
            system: event.system,
            asset: event.asset,
            finding: event.finding,
            data: event.data.to_string(),
            hash: String::new(),
        };
        entry.hash = entry.seal(&hash);
        hash.clone_from(&entry.hash);
        lines.push(serde_json::json!([
            entry.seq,
            entry.at,
            entry.kind,
            entry.actor,
            entry.system,
            entry.asset,
            entry.finding,
            entry.data,
            entry.hash
        ]));
    }
    let table = rows(
        tx.engine(),
        "$2",
        &[
            ("seq", "BIGINT"),
            ("at", "BIGINT"),
            ("kind", "TEXT"),
            ("actor", "TEXT"),
            ("system", "BIGINT"),
            ("asset", "BIGINT"),
            ("finding", "BIGINT"),
            ("data", "TEXT"),
            ("hash", "TEXT"),
        ],
    );
    let sql = format!("INSERT INTO event (org, {COLUMNS}) SELECT $1, {COLUMNS} FROM {table}");
    for block in lines.chunks(BLOCK) {
        let block = serde_json::Value::from(block).to_string();
        tx.run(&sql, args![org.0, block]).await?;
    }
    let sql = "UPDATE ledger_head SET seq = $2, hash = $3 WHERE org = $1";
    tx.run(sql, args![org.0, seq, hash]).await?;
    Ok(())
}

/// Entries that a condition of ours holds for, in its order.
pub(crate) async fn about(
    sql: &mut impl Sql,
    condition: &str,
    values: Vec<crate::db::Value>,
) -> Result<Vec<Entry>> {
    let text = format!("SELECT {COLUMNS} FROM event WHERE {condition}");
    sql.all(&text, values).await?.iter().map(Entry::from_row).collect()
}

/// Entries after a number, in the order of the ledger.
fn forwards(mut is: Condition, after: i64, limit: usize) -> Condition {
    is.and("event.seq > ", Some(after));
    let asked = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
    is.text += &format!(" ORDER BY event.seq LIMIT {asked}");
    is
}

impl Store {
    /// Tells the ledger something that changes no other row.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell(&self, org: Org, events: &[NewEvent]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        append(&mut tx, org, events).await?;
        tx.commit().await
    }

    /// Entries after a number, at most `limit`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ledger(&self, org: Org, after: i64, limit: usize) -> Result<Vec<Entry>> {
        self.ledger_of(org, &LedgerFilter::default(), after, limit).await
    }

    /// Entries of a filter after a number, at most `limit`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ledger_of(
        &self,
        org: Org,
        filter: &LedgerFilter,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        // What is older is passed over, not read.
        let first = match filter.since {
            None => 0,
            Some(since) => self.first_since(org, time::micros(since)).await?,
        };
        let is = forwards(filter.wanted(org), after.max(first.saturating_sub(1)), limit);
        about(&mut &self.db, &is.text, is.values).await
    }

    /// Entries about a finding, oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn history(&self, org: Org, finding: i64) -> Result<Vec<Entry>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM event WHERE org = $1 AND finding = $2 ORDER BY seq LIMIT 1000"
        );
        let found = (&mut &self.db).all(&sql, args![org.0, finding]).await?;
        found.iter().map(Entry::from_row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of a ledger of millions is found by an index in its own order, whatever it is narrowed by.
    #[tokio::test]
    async fn a_narrowed_page_reads_no_more_than_it_shows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let store = Store::open(file.to_str().unwrap(), Timestamp::UNIX_EPOCH).await.unwrap();
        let none = LedgerFilter::default;
        let system = LedgerFilter { system: Some(1), ..none() };
        let actor = LedgerFilter { actor: Some("token:1".to_owned()), ..none() };
        let kind = LedgerFilter { kind: Some(EventKind::Decided), ..none() };
        let asset = LedgerFilter { asset: Some(1), ..none() };
        let finding = LedgerFilter { finding: Some(1), ..none() };
        for (filter, index, columns) in [
            (system, "event_system", "system=?"),
            (actor, "event_actor", "actor=?"),
            (kind, "event_kind_seq", "kind=?"),
            (asset, "event_asset", "asset=?"),
            (finding, "event_finding", "finding=?"),
        ] {
            let is = forwards(filter.wanted(Org(1)), 7, 10);
            let sql = format!("EXPLAIN QUERY PLAN SELECT {COLUMNS} FROM event WHERE {}", is.text);
            let rows = (&mut &store.db).all(&sql, is.values).await.unwrap();
            let way: Vec<String> = rows.iter().map(|row| row.text(3).unwrap()).collect();
            let expected = format!("INDEX {index} (org=? AND {columns} AND seq>?)");
            assert!(way.len() == 1 && way[0].contains(&expected), "{way:?}");
        }
    }
}
