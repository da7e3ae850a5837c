//! Ids: small numbers that people can say, counted for each kind of row of an organisation. A process
//! takes a block at a time, so that giving one out asks nobody; what it has not used when it ends is a gap.
//!
//! Ids are taken before a transaction begins: a transaction that is undone must not undo a block that
//! another one already uses, and SQLite has one writer.

use std::collections::HashMap;

use tokio::sync::Mutex;

use crate::db::{Db, Sql, args};
use crate::error::{Result, StoreError};

/// What has ids of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Organisation,
    Person,
    Token,
    Team,
    System,
    Asset,
    Snapshot,
    Deployment,
    Component,
    Vulnerability,
    Finding,
    Decision,
    Charter,
    Job,
    Notice,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Organisation => "organisation",
            Kind::Person => "person",
            Kind::Token => "token",
            Kind::Team => "team",
            Kind::System => "system",
            Kind::Asset => "asset",
            Kind::Snapshot => "snapshot",
            Kind::Deployment => "deployment",
            Kind::Component => "component",
            Kind::Vulnerability => "vulnerability",
            Kind::Finding => "finding",
            Kind::Decision => "decision",
            Kind::Charter => "charter",
            Kind::Job => "job",
            Kind::Notice => "notice",
        }
    }

    /// How many a process takes at once: few where people see the gaps.
    const fn block(self) -> i64 {
        match self {
            Kind::Component | Kind::Finding | Kind::Notice => 1000,
            Kind::Snapshot | Kind::Job | Kind::Vulnerability => 100,
            _ => 1,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Block {
    next: i64,
    end: i64,
}

/// Blocks that this process holds.
#[derive(Default)]
pub(crate) struct Ids {
    blocks: Mutex<HashMap<(i64, Kind), Block>>,
}

impl Ids {
    /// As many ids as asked for, in order, but not always without a gap.
    pub(crate) async fn take(
        &self,
        db: &Db,
        org: i64,
        kind: Kind,
        count: usize,
    ) -> Result<Vec<i64>> {
        let mut ids = Vec::with_capacity(count);
        let mut blocks = self.blocks.lock().await;
        let block = blocks.entry((org, kind)).or_insert(Block { next: 0, end: 0 });
        while ids.len() < count {
            if block.next == block.end {
                let wanted = i64::try_from(count - ids.len()).unwrap_or(i64::MAX);
                let size = wanted.clamp(kind.block(), 1 << 20);
                let sql = "INSERT INTO counter (org, kind, next) VALUES ($1, $2, 1 + $3)
                    ON CONFLICT (org, kind) DO UPDATE SET next = counter.next + $3 RETURNING next";
                let row = (&mut &*db).first(sql, args![org, kind.name(), size]).await?;
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
