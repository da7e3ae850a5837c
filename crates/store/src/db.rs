//! Two engines, one way to ask: a statement with `$1`, `$2` … and its values, rows as the answer.
//!
//! SQLite has one writer: writes go through a pool of one connection, reads through another, so that a
//! reader never waits for a writer (WAL). PostgreSQL has one pool. A write has returned when it is on the disk;
//! with [`Db::soon`] only when it is seen by all.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection as _, PgPool, Postgres, Row as _, Sqlite, SqlitePool};

use crate::disk::Disk;
use crate::error::{Result, StoreError};
use crate::readers::Readers;
pub(crate) use crate::tx::Tx;
use crate::tx::{Shared, over};

/// A value of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Real(Option<f64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($type:ty => $variant:ident, $value:ident => $into:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Value {
                Value::$variant(Some($into))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Value {
                Value::$variant(value.map(|$value| $into))
            }
        }
    )*};
}

from! {
    i64 => Int, v => v;
    &str => Text, v => v.to_owned();
    String => Text, v => v;
    &String => Text, v => v.clone();
    f64 => Real, v => v;
    bool => Bool, v => v;
    Vec<u8> => Bytes, v => v;
}

/// The values of a statement, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;

/// One row of an answer.
pub(crate) enum Row {
    Lite(SqliteRow),
    Pg(PgRow),
}

macro_rules! column {
    ($($name:ident, $optional:ident: $type:ty;)*) => {$(
        pub(crate) fn $name(&self, at: usize) -> Result<$type> {
            Ok(match self {
                Row::Lite(row) => row.try_get(at)?,
                Row::Pg(row) => row.try_get(at)?,
            })
        }
        pub(crate) fn $optional(&self, at: usize) -> Result<Option<$type>> {
            Ok(match self {
                Row::Lite(row) => row.try_get(at)?,
                Row::Pg(row) => row.try_get(at)?,
            })
        }
    )*};
}

impl Row {
    column! {
        int, maybe_int: i64;
        text, maybe_text: String;
        real, maybe_real: f64;
        flag, maybe_flag: bool;
        bytes, maybe_bytes: Vec<u8>;
    }

    /// What a column says that holds JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, at: usize) -> Result<T> {
        read_json(&self.text(at)?)
    }

    pub(crate) fn maybe_json<T: DeserializeOwned>(&self, at: usize) -> Result<Option<T>> {
        self.maybe_text(at)?.as_deref().map(read_json).transpose()
    }
}

fn read_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| StoreError::Damaged(e.to_string()))
}

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A store that is open.
#[derive(Clone)]
pub(crate) enum Db {
    Lite {
        write: SqlitePool,
        /// For statements that read.
        read: Arc<Readers>,
        /// For transactions that only read.
        still: SqlitePool,
        disk: Arc<Disk>,
        /// Whether a write waits until it is on the disk.
        waits: bool,
    },
    Pg(PgPool),
    /// Inside a transaction that somebody else ends: see [`crate::together`].
    Within(Arc<Shared>),
}

pub(crate) type LiteQuery<'q> = Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

pub(crate) fn lite<'q>(sql: &str, args: Vec<Value>) -> LiteQuery<'q> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    args.into_iter().fold(query, |query, value| match value {
        Value::Int(v) => query.bind(v),
        Value::Text(v) => query.bind(v),
        Value::Real(v) => query.bind(v),
        Value::Bool(v) => query.bind(v),
        Value::Bytes(v) => query.bind(v),
    })
}

pub(crate) fn pg<'q>(sql: &str, args: Vec<Value>) -> Query<'q, Postgres, PgArguments> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    args.into_iter().fold(query, |query, value| match value {
        Value::Int(v) => query.bind(v),
        Value::Text(v) => query.bind(v),
        Value::Real(v) => query.bind(v),
        Value::Bool(v) => query.bind(v),
        Value::Bytes(v) => query.bind(v),
    })
}

/// Whatever statements can be given to: the store itself, or a transaction.
pub(crate) trait Sql: Send {
    /// Which engine answers, for the few statements that differ.
    fn engine(&self) -> Engine;
    /// Every row.
    fn all(&mut self, sql: &str, args: Vec<Value>)
    -> impl Future<Output = Result<Vec<Row>>> + Send;
    /// How many rows were changed.
    fn run(&mut self, sql: &str, args: Vec<Value>) -> impl Future<Output = Result<u64>> + Send;
    /// The first row, if there is one.
    fn first(
        &mut self,
        sql: &str,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Option<Row>>> + Send {
        async { Ok(self.all(sql, args).await?.into_iter().next()) }
    }
}

impl Sql for &Db {
    fn engine(&self) -> Engine {
        match self {
            Db::Lite { .. } => Engine::Sqlite,
            Db::Pg(_) => Engine::Postgres,
            Db::Within(shared) => shared.engine,
        }
    }

    async fn all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>> {
        Ok(match self {
            Db::Lite { read, .. } if is_read(sql) => {
                read.all(sql, args).await?.into_iter().map(Row::Lite).collect()
            }
            // Statements that write and answer go to the writer.
            Db::Lite { write, disk, waits, .. } => {
                let rows = lite(sql, args).fetch_all(write).await?;
                if *waits && !rows.is_empty() {
                    disk.flush().await?;
                }
                rows.into_iter().map(Row::Lite).collect()
            }
            Db::Pg(pool) => pg(sql, args).fetch_all(pool).await?.into_iter().map(Row::Pg).collect(),
            Db::Within(shared) => {
                let mut tx = shared.lock()?;
                tx.as_mut().ok_or_else(over)?.all(sql, args).await?
            }
        })
    }

    async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Db::Lite { write, disk, waits, .. } => {
                let changed = lite(sql, args).execute(write).await?.rows_affected();
                if *waits && changed > 0 {
                    disk.flush().await?;
                }
                changed
            }
            Db::Pg(pool) => pg(sql, args).execute(pool).await?.rows_affected(),
            Db::Within(shared) => {
                let mut tx = shared.lock()?;
                tx.as_mut().ok_or_else(over)?.run(sql, args).await?
            }
        })
    }
}

pub(crate) fn is_read(sql: &str) -> bool {
    let start = sql.trim_start();
    start.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
        || (start.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("with"))
            && !["insert", "update", "delete"]
                .iter()
                .any(|w| start.to_ascii_lowercase().contains(w)))
}

/// How long a statement waits for a connection or for SQLite's writer.
const PATIENCE: Duration = Duration::from_secs(20);
/// For so long a connection to PostgreSQL is taken to be there still.
const FRESH: Duration = Duration::from_secs(1);

/// How PostgreSQL is to plan. A statement joins in the order in which it is written, as SQLite does: it knows that a list
/// of names is short and a table long, and PostgreSQL takes every list for a hundred rows. What a page needs lies in
/// memory and is found by an index: reading a table whole is for what has no index, and threads for one page take them
/// from others.
const PLANS: &str =
    "SET join_collapse_limit = 1; SET random_page_cost = 1.1; SET seq_page_cost = 4; SET jit = off;
    SET max_parallel_workers_per_gather = 0";

impl Db {
    /// Opens a store: `postgres://…`, or the path of a SQLite file, which is made if it does not exist.
    pub(crate) async fn open(address: &str) -> Result<Db> {
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            let options: PgConnectOptions =
                address.parse().map_err(|_| StoreError::Address("postgres://…".to_owned()))?;
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(PATIENCE)
                // One that worked a moment ago is not asked whether it still does: that is a way to the database and
                // back before each statement.
                .test_before_acquire(false)
                .before_acquire(|connection, has| {
                    Box::pin(async move {
                        if has.idle_for > FRESH {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .after_connect(|connection, _| {
                    Box::pin(async move {
                        sqlx::raw_sql(PLANS).execute(connection).await?;
                        Ok(())
                    })
                })
                .connect_with(options.application_name("trimtab"))
                .await?;
            return Ok(Db::Pg(pool));
        }
        if address.is_empty() || address.contains("://") {
            return Err(StoreError::Address(address.to_owned()));
        }
        let options = SqliteConnectOptions::new()
            .filename(Path::new(address))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was accepted survives a power cut, too: see `disk`.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE)
            // Rows come from a thread of SQLite's own: with room for a page of them it waits for no reader.
            .row_buffer_size(1024)
            .pragma("cache_size", "-16384")
            // Pages that many writes touch are brought home once for all of them: at 64 MB of writes, not at 4.
            .pragma("wal_autocheckpoint", "16384")
            .pragma("temp_store", "memory");
        // A file does not hang up.
        let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE).test_before_acquire(false);
        let write = pool()
            .max_connections(1)
            .connect_with(options.clone().pragma("cache_size", "-65536"))
            .await?;
        // Every one reads anew what it held after each write: no more than can run at once.
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let most = u32::try_from(cores.clamp(2, 8)).unwrap_or(2);
        let reading = options.pragma("query_only", "true");
        let read = Readers::of(reading.clone(), most, PATIENCE);
        let still = pool().max_connections(most).connect_lazy_with(reading);
        let disk = Arc::new(Disk::of(Path::new(address)));
        Ok(Db::Lite { write, read, still, disk, waits: true })
    }

    /// The same store for work that is begun again if the machine stops in the middle of it: a write does not
    /// wait for the disk. On PostgreSQL nothing differs: a process outlives its database there, and remembers
    /// what it committed.
    pub(crate) fn soon(&self) -> Db {
        match self.clone() {
            Db::Lite { write, read, still, disk, .. } => {
                Db::Lite { write, read, still, disk, waits: false }
            }
            other => other,
        }
    }

    /// Brings to the disk what did not wait for it.
    pub(crate) async fn flush(&self) -> Result<()> {
        match self {
            Db::Lite { disk, .. } => disk.flush().await,
            // Whoever ends a transaction waits for it.
            Db::Pg(_) | Db::Within(_) => Ok(()),
        }
    }

    /// Waits until all connections are closed.
    pub(crate) async fn close(&self) {
        match self {
            Db::Lite { write, read, still, .. } => {
                read.close().await;
                still.close().await;
                write.close().await;
            }
            Db::Pg(pool) => pool.close().await,
            Db::Within(_) => {}
        }
    }
}

/// The rows of a JSON array of arrays as a table `j` with one column for each of `columns`
/// (`name type`): many rows in one statement, with one value.
///
/// Join it with `CROSS JOIN … WHERE`, it first: SQLite keeps that order. With a plain `JOIN` it may walk the
/// large table instead, and read the whole array for each of its rows.
pub(crate) fn rows(engine: Engine, value: &str, columns: &[(&str, &str)]) -> String {
    rows_as(engine, value, "j", columns)
}

/// The same under another name than `j`.
pub(crate) fn rows_as(
    engine: Engine,
    value: &str,
    table: &str,
    columns: &[(&str, &str)],
) -> String {
    let list: Vec<String> = match engine {
        Engine::Sqlite => columns
            .iter()
            .enumerate()
            .map(|(i, (name, _))| format!("value ->> {i} AS {name}"))
            .collect(),
        Engine::Postgres => columns
            .iter()
            .enumerate()
            .map(|(i, (name, kind))| format!("CAST(value ->> {i} AS {kind}) AS {name}"))
            .collect(),
    };
    // In its binary form: a row is parsed once, not once for each column.
    let from = match engine {
        Engine::Sqlite => format!("jsonb_each({value})"),
        Engine::Postgres => format!("jsonb_array_elements(CAST({value} AS jsonb))"),
    };
    format!("(SELECT {} FROM {from}) AS {table}", list.join(", "))
}
