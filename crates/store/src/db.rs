//! Two engines, one way to ask: a statement with `$1`, `$2` … and its values, rows as the answer.
//!
//! SQLite has one writer: writes go through a pool of one connection, reads through another, so that a
//! reader never waits for a writer (WAL). PostgreSQL has one pool.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};

use crate::error::{Result, StoreError};

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
    Lite { write: SqlitePool, read: SqlitePool },
    Pg(PgPool),
}

type LiteQuery<'q> = Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

fn lite<'q>(sql: &str, args: Vec<Value>) -> LiteQuery<'q> {
    let query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    args.into_iter().fold(query, |query, value| match value {
        Value::Int(v) => query.bind(v),
        Value::Text(v) => query.bind(v),
        Value::Real(v) => query.bind(v),
        Value::Bool(v) => query.bind(v),
        Value::Bytes(v) => query.bind(v),
    })
}

fn pg<'q>(sql: &str, args: Vec<Value>) -> Query<'q, Postgres, PgArguments> {
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
        }
    }

    async fn all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>> {
        Ok(match self {
            Db::Lite { read, write } => {
                // Statements that write and answer go to the writer.
                let pool = if is_read(sql) { read } else { write };
                lite(sql, args).fetch_all(pool).await?.into_iter().map(Row::Lite).collect()
            }
            Db::Pg(pool) => pg(sql, args).fetch_all(pool).await?.into_iter().map(Row::Pg).collect(),
        })
    }

    async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Db::Lite { write, .. } => lite(sql, args).execute(write).await?.rows_affected(),
            Db::Pg(pool) => pg(sql, args).execute(pool).await?.rows_affected(),
        })
    }
}

fn is_read(sql: &str) -> bool {
    let start = sql.trim_start();
    start.get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"))
        || (start.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("with"))
            && !["insert", "update", "delete"]
                .iter()
                .any(|w| start.to_ascii_lowercase().contains(w)))
}

/// A transaction. What is not committed is undone when it goes.
pub(crate) enum Tx {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

impl Sql for Tx {
    fn engine(&self) -> Engine {
        match self {
            Tx::Lite(_) => Engine::Sqlite,
            Tx::Pg(_) => Engine::Postgres,
        }
    }

    async fn all(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>> {
        Ok(match self {
            Tx::Lite(tx) => {
                lite(sql, args).fetch_all(&mut **tx).await?.into_iter().map(Row::Lite).collect()
            }
            Tx::Pg(tx) => {
                pg(sql, args).fetch_all(&mut **tx).await?.into_iter().map(Row::Pg).collect()
            }
        })
    }

    async fn run(&mut self, sql: &str, args: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Tx::Lite(tx) => lite(sql, args).execute(&mut **tx).await?.rows_affected(),
            Tx::Pg(tx) => pg(sql, args).execute(&mut **tx).await?.rows_affected(),
        })
    }
}

impl Tx {
    /// Makes it so.
    pub(crate) async fn commit(self) -> Result<()> {
        match self {
            Tx::Lite(tx) => tx.commit().await?,
            Tx::Pg(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// How long a statement waits for a connection or for SQLite's writer.
const PATIENCE: Duration = Duration::from_secs(20);

impl Db {
    /// Opens a store: `postgres://…`, or the path of a SQLite file, which is made if it does not exist.
    pub(crate) async fn open(address: &str) -> Result<Db> {
        if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            let options: PgConnectOptions =
                address.parse().map_err(|_| StoreError::Address("postgres://…".to_owned()))?;
            let pool = PgPoolOptions::new()
                .max_connections(16)
                .acquire_timeout(PATIENCE)
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
            // What was accepted survives a power cut, too.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
            .pragma("cache_size", "-16384")
            .pragma("temp_store", "memory");
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(PATIENCE)
            .connect_with(options.clone())
            .await?;
        let read = SqlitePoolOptions::new()
            .max_connections(4)
            .acquire_timeout(PATIENCE)
            .connect_with(options.pragma("query_only", "true"))
            .await?;
        Ok(Db::Lite { write, read })
    }

    /// A transaction that will write.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        Ok(match self {
            // From the start as a writer: one that reads first and then wants to write may find that it cannot.
            Db::Lite { write, .. } => Tx::Lite(write.begin_with("BEGIN IMMEDIATE").await?),
            Db::Pg(pool) => Tx::Pg(pool.begin().await?),
        })
    }

    /// Runs a text of several statements without values.
    pub(crate) async fn script(tx: &mut Tx, text: &'static str) -> Result<()> {
        match tx {
            Tx::Lite(tx) => {
                sqlx::raw_sql(text).execute(&mut **tx).await?;
            }
            Tx::Pg(tx) => {
                sqlx::raw_sql(text).execute(&mut **tx).await?;
            }
        }
        Ok(())
    }

    /// Waits until all connections are closed.
    pub(crate) async fn close(&self) {
        match self {
            Db::Lite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Db::Pg(pool) => pool.close().await,
        }
    }
}

/// The rows of a JSON array of arrays as a table `j` with one column for each of `columns`
/// (`name type`): many rows in one statement, with one value.
///
/// Join it with `CROSS JOIN … WHERE`, it first: SQLite keeps that order. With a plain `JOIN` it may walk the
/// large table instead, and read the whole array for each of its rows.
pub(crate) fn rows(engine: Engine, value: &str, columns: &[(&str, &str)]) -> String {
    let list: Vec<String> = match engine {
        Engine::Sqlite => columns
            .iter()
            .enumerate()
            .map(|(i, (name, _))| format!("json_extract(value, '$[{i}]') AS {name}"))
            .collect(),
        Engine::Postgres => columns
            .iter()
            .enumerate()
            .map(|(i, (name, kind))| format!("CAST(value ->> {i} AS {kind}) AS {name}"))
            .collect(),
    };
    let from = match engine {
        Engine::Sqlite => format!("json_each({value})"),
        Engine::Postgres => format!("json_array_elements(CAST({value} AS json))"),
    };
    format!("(SELECT {} FROM {from}) AS j", list.join(", "))
}
