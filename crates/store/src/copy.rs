//! Everything of one store into another, empty one: from SQLite to PostgreSQL when an organisation
//! outgrows one machine. All or nothing, in blocks; what arrived is read again and compared before it counts.

use std::collections::BTreeMap;

use crate::Store;
use crate::db::{Engine, Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::tables::{self, Sum, Table};

/// What was carried over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// The sum of each table.
    pub sums: BTreeMap<String, Sum>,
    /// Entries of all ledgers, each verified.
    pub entries: i64,
    /// Where a chain breaks, in words; it then broke before, for every row is as it was.
    pub broken: Option<String>,
}

impl Store {
    /// Copies everything as it is at one moment to another store, which must be empty.
    ///
    /// # Errors
    /// A store does not answer; the other is not empty or of another layout; something was lost on the
    /// way. Then the other store stays empty.
    pub async fn copy_to(&self, other: &Store) -> Result<Carried> {
        let mut from = self.still().await?;
        let mut to = other.db.begin().await?;
        let tables = tables::all(&mut from).await?;
        empty(&mut to, &tables, tables::layout(&mut from).await?).await?;
        let mut carried = Carried::default();
        for table in &tables {
            let (mut last, mut sum) = (None, Sum::default());
            loop {
                let rows = table.next(&mut from, last.as_deref()).await?;
                let Some(end) = rows.last().cloned() else { break };
                last = Some(end);
                rows.iter().for_each(|row| sum.add(&Table::told(row).to_string()));
                table.add(&mut to, rows).await?;
            }
            carried.sums.insert(table.name.clone(), sum);
        }
        arrived(&mut to, &tables, &carried.sums).await?;
        to.commit().await?;
        drop(from);
        (carried.entries, carried.broken) = other.proven().await?;
        Ok(carried)
    }

    /// A transaction that sees everything as it is at one moment, and lets others write meanwhile.
    pub(crate) async fn still(&self) -> Result<Tx> {
        let mut tx = self.db.begin_reading().await?;
        if tx.engine() == Engine::Postgres {
            tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", args![]).await?;
        }
        Ok(tx)
    }

    /// Verifies every ledger; how many entries there are, and where a chain breaks.
    pub(crate) async fn proven(&self) -> Result<(i64, Option<String>)> {
        let (mut entries, mut broken) = (0, None);
        for organisation in self.organisations().await? {
            let (count, at) = self.verify_ledger(organisation.org).await?;
            entries += count;
            broken = broken.or_else(|| {
                at.map(|at| format!("{}: entry {}: {}", organisation.name, at.seq, at.what))
            });
        }
        Ok((entries, broken))
    }
}

/// Refuses a target that holds something, or that is laid out otherwise.
pub(crate) async fn empty(to: &mut Tx, tables: &[Table], layout: i64) -> Result<()> {
    let known = tables::layout(to).await?;
    if layout != known {
        let what = format!(
            "what is to be taken has layout {layout}, and this build {known}: take it with the build that wrote \
             it, then open it with this one"
        );
        return Err(StoreError::Refused(what));
    }
    for table in tables::all(to).await? {
        if table.count(to).await? > 0 {
            let what = format!("the target is not empty: `{}` has rows", table.name);
            return Err(StoreError::Refused(what));
        }
    }
    let names = |all: &[Table]| -> Vec<String> { all.iter().map(|t| t.name.clone()).collect() };
    if names(&tables::all(to).await?) != names(tables) {
        return Err(StoreError::Refused("the two have other tables".to_owned()));
    }
    Ok(())
}

/// Refuses if not every row arrived as it was.
pub(crate) async fn arrived(
    to: &mut Tx,
    tables: &[Table],
    sums: &BTreeMap<String, Sum>,
) -> Result<()> {
    for table in tables {
        let (is, should) =
            (table.sum(to).await?, sums.get(&table.name).copied().unwrap_or_default());
        if is != should {
            let what = format!(
                "of `{}` {} rows of {} arrived, or not as they were",
                table.name, is.rows, should.rows
            );
            return Err(StoreError::Damaged(what));
        }
    }
    Ok(())
}
