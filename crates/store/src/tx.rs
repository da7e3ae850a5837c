//! Transactions: one of its own, or a part of one that somebody else ends.

use std::sync::Arc;

use sqlx::{Postgres, Sqlite, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::db::{Db, Engine, Row, Sql, Value, is_read, lite, pg};
use crate::disk::Disk;
use crate::error::{Result, StoreError};

/// A transaction that several callers write in, one after another. `None`: it is over, or one of them gave up.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    tx: Arc<Mutex<Option<Begun>>>,
}

impl Shared {
    /// It, for one caller.
    pub(crate) fn lock(&self) -> Result<OwnedMutexGuard<Option<Begun>>> {
        // Who waited here would wait for itself.
        let locked = Arc::clone(&self.tx).try_lock_owned();
        let locked = locked.map_err(|_| StoreError::Busy("a transaction within one".to_owned()))?;
        if locked.is_some() { Ok(locked) } else { Err(over()) }
    }

    /// Commits it. Nobody writes in it any longer.
    pub(crate) async fn commit(&self) -> Result<()> {
        let begun = self.lock()?.take().ok_or_else(over)?;
        begun.commit().await
    }
}

pub(crate) fn over() -> StoreError {
    StoreError::Busy("the transaction is over: nothing of it took effect".to_owned())
}

/// A transaction of an engine.
pub(crate) enum Begun {
    Lite {
        tx: Transaction<'static, Sqlite>,
        /// What to wait for after the commit, if anything was written.
        disk: Option<Arc<Disk>>,
        wrote: bool,
    },
    Pg(Transaction<'static, Postgres>),
}

impl Begun {
    pub(crate) async fn all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>> {
        Ok(match self {
            Begun::Lite { tx, wrote, .. } => {
                *wrote |= !is_read(sql);
                lite(sql, args).fetch_all(&mut **tx).await?.into_iter().map(Row::Lite).collect()
            }
            Begun::Pg(tx) => {
                pg(sql, args).fetch_all(&mut **tx).await?.into_iter().map(Row::Pg).collect()
            }
        })
    }

    pub(crate) async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Begun::Lite { tx, wrote, .. } => {
                let changed = lite(sql, args).execute(&mut **tx).await?.rows_affected();
                *wrote |= changed > 0;
                changed
            }
            Begun::Pg(tx) => pg(sql, args).execute(&mut **tx).await?.rows_affected(),
        })
    }

    async fn script(&mut self, text: &'static str) -> Result<()> {
        match self {
            Begun::Lite { tx, wrote, .. } => {
                *wrote = true;
                sqlx::raw_sql(text).execute(&mut **tx).await?;
            }
            Begun::Pg(tx) => {
                sqlx::raw_sql(text).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    async fn commit(self) -> Result<()> {
        match self {
            Begun::Lite { tx, disk, wrote } => {
                tx.commit().await?;
                if let Some(disk) = disk.filter(|_| wrote) {
                    disk.flush().await?;
                }
            }
            Begun::Pg(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// A transaction. What is not committed is undone when it goes.
pub(crate) struct Tx {
    engine: Engine,
    held: Held,
}

enum Held {
    Own(Begun),
    Within(Part),
}

/// A part of a transaction that somebody else ends. Where it wrote and was not committed, the whole is undone.
struct Part {
    all: OwnedMutexGuard<Option<Begun>>,
    wrote: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.wrote {
            *self.all = None;
        }
    }
}

impl Tx {
    fn begun(&mut self, writes: bool) -> Result<&mut Begun> {
        match &mut self.held {
            Held::Own(begun) => Ok(begun),
            Held::Within(part) => {
                part.wrote |= writes;
                part.all.as_mut().ok_or_else(over)
            }
        }
    }

    /// Makes it so.
    pub(crate) async fn commit(self) -> Result<()> {
        match self.held {
            Held::Own(begun) => begun.commit().await,
            // Whoever began the whole commits it.
            Held::Within(mut part) => {
                part.wrote = false;
                Ok(())
            }
        }
    }
}

impl Sql for Tx {
    fn engine(&self) -> Engine {
        self.engine
    }

    async fn all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.begun(!is_read(sql))?.all(sql, args).await
    }

    async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        self.begun(true)?.run(sql, args).await
    }
}

impl Db {
    /// A transaction that will write.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let held = match self {
            Db::Within(shared) => Held::Within(Part { all: shared.lock()?, wrote: false }),
            db => Held::Own(db.begun().await?),
        };
        Ok(Tx { engine: Sql::engine(&self), held })
    }

    async fn begun(&self) -> Result<Begun> {
        Ok(match self {
            // From the start as a writer: one that reads first and then wants to write may find that it cannot.
            Db::Lite { write, disk, waits, .. } => {
                let tx = write.begin_with("BEGIN IMMEDIATE").await?;
                Begun::Lite { tx, disk: waits.then(|| Arc::clone(disk)), wrote: false }
            }
            Db::Pg(pool) => Begun::Pg(pool.begin().await?),
            Db::Within(_) => return Err(over()),
        })
    }

    /// A transaction around those that others begin.
    pub(crate) async fn within(&self) -> Result<Arc<Shared>> {
        let tx = Arc::new(Mutex::new(Some(self.begun().await?)));
        Ok(Arc::new(Shared { engine: Sql::engine(&self), tx }))
    }

    /// A transaction that only reads, and makes no writer wait.
    pub(crate) async fn begin_reading(&self) -> Result<Tx> {
        let Db::Lite { still, .. } = self else { return self.begin().await };
        let begun = Begun::Lite { tx: still.begin().await?, disk: None, wrote: false };
        Ok(Tx { engine: Engine::Sqlite, held: Held::Own(begun) })
    }

    /// Runs a text of several statements without values.
    pub(crate) async fn script(tx: &mut Tx, text: &'static str) -> Result<()> {
        tx.begun(true)?.script(text).await
    }
}
