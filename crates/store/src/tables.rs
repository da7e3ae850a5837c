//! Every table as it is, whatever is in it: for copies and backups. Which there are is asked of the
//! database itself, so that none can be forgotten.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Store;
use crate::db::{Engine, Row, Sql, Tx, Value, args};
use crate::error::{Result, StoreError};
use crate::ledger::hex;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Int,
    Text,
    Real,
    Bool,
    Bytes,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Holds)>,
    /// The columns of its key, by their places.
    pub(crate) key: Vec<usize>,
}

/// What a table holds, in two numbers: tables with equal sums have the same rows, in whatever order an
/// engine keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// How many rows.
    pub rows: u64,
    /// The sum of the first halves of their SHA-256.
    pub hashes: u128,
}

impl Sum {
    /// Counts a row, told as [`Table::told`] does.
    pub(crate) fn add(&mut self, row: &str) {
        let digest: [u8; 32] = Sha256::digest(row).into();
        let mut half = [0u8; 16];
        half.copy_from_slice(&digest[..16]);
        self.rows += 1;
        self.hashes = self.hashes.wrapping_add(u128::from_be_bytes(half));
    }
}

impl Store {
    /// The sum of every table: two stores with equal sums hold the same.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sums(&self) -> Result<BTreeMap<String, Sum>> {
        let mut tx = self.still().await?;
        let mut sums = BTreeMap::new();
        for table in all(&mut tx).await? {
            sums.insert(table.name.clone(), table.sum(&mut tx).await?);
        }
        Ok(sums)
    }
}

/// How many rows are held at once; of rows with documents in them, few.
const ROWS: usize = 400;
const LARGE_ROWS: usize = 4;

/// Every table but `layout`, by name.
pub(crate) async fn all(sql: &mut impl Sql) -> Result<Vec<Table>> {
    let text = match sql.engine() {
        Engine::Sqlite => {
            "SELECT m.name, p.name, p.type, p.pk FROM sqlite_master AS m
             JOIN pragma_table_info(m.name) AS p
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name <> 'layout'
             ORDER BY m.name, p.cid"
        }
        Engine::Postgres => {
            "SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT),
                CAST(format_type(a.atttypid, a.atttypmod) AS TEXT),
                COALESCE((SELECT k.place FROM pg_index AS i
                    CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)
                    WHERE i.indrelid = c.oid AND i.indisprimary AND k.number = a.attnum), 0)
             FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
             JOIN pg_namespace AS n ON n.oid = c.relnamespace
             WHERE c.relkind = 'r' AND n.nspname = current_schema() AND a.attnum > 0
                AND NOT a.attisdropped AND c.relname <> 'layout'
             ORDER BY CAST(c.relname AS TEXT) COLLATE \"C\", a.attnum"
        }
    };
    let mut tables: Vec<Table> = Vec::new();
    let mut places: Vec<Vec<(i64, usize)>> = Vec::new();
    for row in sql.all(text, args![]).await? {
        let name = row.text(0)?;
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table { name, columns: Vec::new(), key: Vec::new() });
            places.push(Vec::new());
        }
        let (Some(table), Some(places)) = (tables.last_mut(), places.last_mut()) else { continue };
        let place = row.int(3)?;
        if place > 0 {
            places.push((place, table.columns.len()));
        }
        let holds = match row.text(2)?.to_ascii_lowercase().as_str() {
            "bigint" => Holds::Int,
            "text" => Holds::Text,
            "double precision" => Holds::Real,
            "boolean" => Holds::Bool,
            "bytea" => Holds::Bytes,
            other => return Err(StoreError::Damaged(format!("a column of type `{other}`"))),
        };
        table.columns.push((row.text(1)?, holds));
    }
    for (table, mut places) in tables.iter_mut().zip(places) {
        places.sort_unstable();
        table.key = places.into_iter().map(|(_, at)| at).collect();
    }
    Ok(tables)
}

/// The newest step of the layout.
pub(crate) async fn layout(sql: &mut impl Sql) -> Result<i64> {
    let row = sql.first("SELECT COALESCE(MAX(version), 0) FROM layout", args![]).await?;
    row.map_or(Ok(0), |row| row.int(0))
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn block(&self) -> usize {
        let large = self.columns.iter().any(|(_, holds)| *holds == Holds::Bytes);
        if large { LARGE_ROWS } else { ROWS }
    }

    /// How many rows it has.
    pub(crate) async fn count(&self, sql: &mut impl Sql) -> Result<i64> {
        let row = sql.first(&format!("SELECT COUNT(*) FROM {}", self.name), args![]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The next rows in the order of the key, after a row. None: that was all.
    pub(crate) async fn next(
        &self,
        sql: &mut impl Sql,
        after: Option<&[Value]>,
    ) -> Result<Vec<Vec<Value>>> {
        let key: Vec<&str> =
            self.key.iter().filter_map(|at| self.columns.get(*at)).map(|c| c.0.as_str()).collect();
        let key = key.join(", ");
        let (begin, values) = match after {
            None => (String::new(), Vec::new()),
            Some(row) => {
                let marks: Vec<String> =
                    (1..=self.key.len()).map(|place| format!("${place}")).collect();
                let values = self.key.iter().filter_map(|at| row.get(*at).cloned()).collect();
                (format!("WHERE ({key}) > ({})", marks.join(", ")), values)
            }
        };
        let (names, name, block) = (self.names(), &self.name, self.block());
        let text = format!("SELECT {names} FROM {name} {begin} ORDER BY {key} LIMIT {block}");
        let found = sql.all(&text, values).await?;
        found.iter().map(|row| self.read(row)).collect()
    }

    fn read(&self, row: &Row) -> Result<Vec<Value>> {
        let one = |(at, (_, holds)): (usize, &(String, Holds))| {
            Ok(match holds {
                Holds::Int => Value::Int(row.maybe_int(at)?),
                Holds::Text => Value::Text(row.maybe_text(at)?),
                Holds::Real => Value::Real(row.maybe_real(at)?),
                Holds::Bool => Value::Bool(row.maybe_flag(at)?),
                Holds::Bytes => Value::Bytes(row.maybe_bytes(at)?),
            })
        };
        self.columns.iter().enumerate().map(one).collect()
    }

    /// The sum of its rows.
    pub(crate) async fn sum(&self, sql: &mut impl Sql) -> Result<Sum> {
        let mut sum = Sum::default();
        let mut last: Option<Vec<Value>> = None;
        loop {
            let rows = self.next(sql, last.as_deref()).await?;
            rows.iter().for_each(|row| sum.add(&Table::told(row).to_string()));
            let Some(end) = rows.into_iter().next_back() else { return Ok(sum) };
            last = Some(end);
        }
    }

    /// Adds rows.
    pub(crate) async fn add(&self, tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let width = self.columns.len();
        let mark = |row: usize| {
            let marks: Vec<String> =
                (1..=width).map(|column| format!("${}", row * width + column)).collect();
            format!("({})", marks.join(", "))
        };
        let marks: Vec<String> = (0..rows.len()).map(mark).collect();
        let sql =
            format!("INSERT INTO {} ({}) VALUES {}", self.name, self.names(), marks.join(", "));
        tx.run(&sql, rows.into_iter().flatten().collect()).await.map(|_| ())
    }

    /// A row as a line of JSON.
    pub(crate) fn told(row: &[Value]) -> serde_json::Value {
        let one = |value: &Value| match value {
            Value::Int(v) => json!(v),
            Value::Text(v) => json!(v),
            // As bits: no digit is lost.
            Value::Real(v) => json!(v.map(f64::to_bits)),
            Value::Bool(v) => json!(v),
            Value::Bytes(v) => json!(v.as_deref().map(hex)),
        };
        row.iter().map(one).collect()
    }

    /// A row from its line.
    pub(crate) fn heard(&self, line: &serde_json::Value) -> Result<Vec<Value>> {
        let wrong = || StoreError::Damaged(format!("a row of `{}` in the backup", self.name));
        let values = line.as_array().filter(|v| v.len() == self.columns.len()).ok_or_else(wrong)?;
        let one = |(value, (_, holds)): (&serde_json::Value, &(String, Holds))| {
            if value.is_null() {
                return Some(match holds {
                    Holds::Int => Value::Int(None),
                    Holds::Text => Value::Text(None),
                    Holds::Real => Value::Real(None),
                    Holds::Bool => Value::Bool(None),
                    Holds::Bytes => Value::Bytes(None),
                });
            }
            Some(match holds {
                Holds::Int => Value::Int(Some(value.as_i64()?)),
                Holds::Text => Value::Text(Some(value.as_str()?.to_owned())),
                Holds::Real => Value::Real(Some(f64::from_bits(value.as_u64()?))),
                Holds::Bool => Value::Bool(Some(value.as_bool()?)),
                Holds::Bytes => Value::Bytes(Some(unhex(value.as_str()?)?)),
            })
        };
        let row: Option<Vec<Value>> = values.iter().zip(&self.columns).map(one).collect();
        row.ok_or_else(wrong)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect();
    if rest.is_empty() { bytes } else { None }
}
