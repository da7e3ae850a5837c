//! Ids: small numbers that people can say, counted for each kind of row of an organisation. A process
//! takes a block at a time, so that giving one out asks nobody; what it has not used when it ends is a gap.
//!
//! Blocks are taken before a transaction begins: a transaction that is undone must not undo a block that
//! another one already uses, and SQLite has one writer. Ids of which nobody knows before how many are needed
//! are taken [`within`] it, just these, and go with it.

use std::collections::HashMap;
use std::sync::PoisonError;

use tokio::sync::Mutex;

use crate::Org;
use crate::db::{Db, Sql, Tx, args};
use crate::error::{Result, StoreError};

macro_rules! kinds {
    ($($variant:ident = $name:literal, $block:literal;)*) => {
        /// What has ids of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Kind { $($variant),* }

        impl Kind {
            const fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name),* }
            }

            /// How many a process takes at once: few where people see the gaps.
            const fn block(self) -> i64 {
                match self { $(Kind::$variant => $block),* }
            }
        }
    };
}

kinds! {
    // variant = name, how many at once: with one they are in the order of time, and whoever lists them by number lists
    // the newest first.
    Organisation = "organisation", 1;
    Person = "person", 1;
    Token = "token", 1;
    Team = "team", 1;
    System = "system", 1;
    Asset = "asset", 1;
    Snapshot = "snapshot", 1;
    Deployment = "deployment", 1;
    Component = "component", 1000;
    Vulnerability = "vulnerability", 100;
    Finding = "finding", 1;
    Decision = "decision", 1;
    Charter = "charter", 1;
    Job = "job", 1;
    Notice = "notice", 1;
    Applied = "applied", 1;
    Letter = "letter", 1;
    Incident = "incident", 1;
    Appeal = "appeal", 1;
    Share = "share", 1;
    Review = "review", 1;
    Resolve = "review-decision", 1;
    Goal = "goal", 1;
    Supplier = "supplier", 1;
    Product = "supplier-product", 1;
    SupplierLink = "supplier-link", 1;
    SupplierDocument = "supplier-document", 1;
    Question = "supplier-question", 1;
    Verdict = "verdict", 1;
}

/// Ids for rows that this transaction adds, as many as asked for. Undone with it, they are another's. On
/// PostgreSQL others of the organisation who want ids of the kind wait until it ends: take them after what can
/// take long.
pub(crate) async fn within(
    tx: &mut Tx,
    org: Org,
    kind: Kind,
    count: usize,
) -> Result<std::ops::Range<i64>> {
    let size = i64::try_from(count).unwrap_or(i64::MAX);
    if size == 0 {
        return Ok(0..0);
    }
    let row = tx.first(TAKE, args![org.0, kind.name(), size]).await?;
    let end = row.ok_or_else(|| StoreError::Damaged("no counter".to_owned()))?.int(0)?;
    Ok(end - size..end)
}

const TAKE: &str = "INSERT INTO counter (org, kind, next) VALUES ($1, $2, 1 + $3)
    ON CONFLICT (org, kind) DO UPDATE SET next = counter.next + $3 RETURNING next";

#[derive(Debug, Clone, Copy)]
struct Block {
    next: i64,
    end: i64,
}

/// Blocks that this process holds.
#[derive(Default)]
pub(crate) struct Ids {
    blocks: Mutex<HashMap<(i64, Kind), Block>>,
    /// What was taken before a transaction for what is added within it.
    held: std::sync::Mutex<HashMap<(i64, Kind), Vec<i64>>>,
}

impl Ids {
    /// Keeps ids for what a transaction will add.
    pub(crate) fn hold(&mut self, org: i64, kind: Kind, ids: Vec<i64>) {
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        held.insert((org, kind), ids);
    }

    /// As many of these, if there are as many.
    fn held(&self, org: i64, kind: Kind, count: usize) -> Option<Vec<i64>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = held.get_mut(&(org, kind)).filter(|ids| ids.len() >= count)?;
        Some(ids.drain(..count).collect())
    }

    /// As many ids as asked for, in order, but not always without a gap.
    pub(crate) async fn take(
        &self,
        db: &Db,
        org: i64,
        kind: Kind,
        count: usize,
    ) -> Result<Vec<i64>> {
        // A block of which the rest is another's must not be undone with this transaction.
        if let Db::Within(_) = db {
            if let Some(held) = self.held(org, kind, count) {
                return Ok(held);
            }
            let mut tx = db.begin().await?;
            let taken = within(&mut tx, Org(org), kind, count).await?.collect();
            tx.commit().await?;
            return Ok(taken);
        }
        let mut ids = Vec::with_capacity(count);
        let mut blocks = self.blocks.lock().await;
        let block = blocks.entry((org, kind)).or_insert(Block { next: 0, end: 0 });
        while ids.len() < count {
            if block.next == block.end {
                let wanted = i64::try_from(count - ids.len()).unwrap_or(i64::MAX);
                let size = wanted.clamp(kind.block(), 1 << 20);
                // What is written with an id comes to the disk after it, never before.
                let row = (&mut &db.soon()).first(TAKE, args![org, kind.name(), size]).await?;
                let end =
                    row.ok_or_else(|| StoreError::Damaged("no counter".to_owned()))?.int(0)?;
                *block = Block { next: end - size, end };
            }
            ids.push(block.next);
            block.next += 1;
        }
        Ok(ids)
    }

    /// One id.
    pub(crate) async fn one(&self, db: &Db, org: i64, kind: Kind) -> Result<i64> {
        let taken = self.take(db, org, kind, 1).await?;
        taken.first().copied().ok_or_else(|| StoreError::Damaged("no id".to_owned()))
    }
}
