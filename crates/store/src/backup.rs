//! Backups: every row as a line of JSON, compressed (zstd, with its checksum), which either engine takes
//! back. A backup is whole or not there: it is written aside and renamed, and its last line tells what must have
//! been read. It is of one moment, and nobody waits for it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Store;
use crate::copy::{Carried, arrived, empty};
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::tables::{self, Sum, Table};
use crate::time::{micros, moment};

/// How hard to compress.
const LEVEL: i32 = 3;
/// The longest line of a backup: a row of a build that kept a document of half a GiB whole, its digits doubled.
const LINE: u64 = 2 << 30;
/// The form of the lines.
const FORM: i64 = 1;
/// How many rows go into one statement.
const ROWS: usize = 200;
/// The most bytes of lines that wait for a statement.
const BYTES: usize = 16 << 20;

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupMade {
    /// When.
    pub at: Timestamp,
    /// How large its file was.
    pub bytes: u64,
}

impl Store {
    /// Notes that a backup was made, so that people can see how old the last one is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_backup(&self, bytes: u64, now: Timestamp) -> Result<()> {
        let sql = "INSERT INTO backup_made (at, bytes) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        (&mut &self.db).run(sql, args![micros(now), bytes]).await.map(|_| ())
    }

    /// The last backup that was made of this store, as far as it was noted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn last_backup(&self) -> Result<Option<BackupMade>> {
        let sql = "SELECT at, bytes FROM backup_made ORDER BY at DESC LIMIT 1";
        let row = (&mut &self.db).first(sql, args![]).await?;
        let read = |row: Row| {
            let bytes = u64::try_from(row.int(1)?).unwrap_or(0);
            Ok(BackupMade { at: moment(row.int(0)?)?, bytes })
        };
        row.map(read).transpose()
    }

    /// Writes a backup to a path where nothing is yet.
    ///
    /// # Errors
    /// The store does not answer; something is at the path, or it cannot be written.
    pub async fn backup(&self, path: &Path) -> Result<()> {
        if path.exists() {
            return Err(StoreError::Exists(path.display().to_string()));
        }
        let aside = aside(path);
        let _ = std::fs::remove_file(&aside);
        self.dump(&aside).await?;
        std::fs::rename(&aside, path).map_err(|e| failed(path, e))
    }

    async fn dump(&self, path: &Path) -> Result<()> {
        let failed = |e: std::io::Error| failed(path, e);
        let mut from = self.still().await?;
        let tables = tables::all(&mut from).await?;
        let layout = tables::layout(&mut from).await?;
        let file = BufWriter::new(File::create_new(path).map_err(failed)?);
        let mut out = zstd::stream::write::Encoder::new(file, LEVEL).map_err(failed)?;
        out.include_checksum(true).map_err(failed)?;
        writeln!(out, "{}", json!({ "trimtab-store": FORM, "layout": layout })).map_err(failed)?;
        let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
        for table in &tables {
            let columns: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
            let head = json!({ "table": table.name, "columns": columns });
            writeln!(out, "{head}").map_err(failed)?;
            let mut last = None;
            loop {
                let rows = table.next(&mut from, last.as_deref()).await?;
                for row in &rows {
                    let line = Table::told(row).to_string();
                    sums.entry(&table.name).or_default().add(&line);
                    writeln!(out, "{line}").map_err(failed)?;
                }
                let Some(end) = rows.into_iter().next_back() else { break };
                last = Some(end);
            }
        }
        writeln!(out, "{}", json!({ "sums": told(&sums) })).map_err(failed)?;
        let mut file = out.finish().map_err(failed)?;
        file.flush().map_err(failed)?;
        file.get_ref().sync_all().map_err(failed)
    }

    /// Takes a backup back, of either engine, into this store, which must be empty. All or nothing.
    ///
    /// # Errors
    /// The store does not answer or is not empty; the backup cannot be read, is damaged or cut off.
    pub async fn restore(&self, path: &Path) -> Result<Carried> {
        let file = File::open(path).map_err(|e| failed(path, e))?;
        let input = zstd::stream::read::Decoder::new(file).map_err(|e| failed(path, e))?;
        let mut lines = Lines { input: BufReader::new(input), path };
        let head = lines.next()?.unwrap_or_default();
        if head["trimtab-store"].as_i64() != Some(FORM) {
            return Err(failed(path, "it is not a backup that this build knows"));
        }
        let mut to = self.db.begin().await?;
        let tables = tables::all(&mut to).await?;
        empty(&mut to, &tables, head["layout"].as_i64().unwrap_or(0)).await?;
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        let mut table: Option<&Table> = None;
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        let told = loop {
            let Some(line) = lines.next()? else {
                return Err(failed(path, "it is cut off"));
            };
            if line.is_object()
                && let Some(table) = table
            {
                table.add(&mut to, std::mem::take(&mut waiting)).await?;
                bytes = 0;
            }
            if let Some(sums) = line.get("sums") {
                break sums.clone();
            }
            if let Some(name) = line.get("table") {
                table = tables.iter().find(|t| name == t.name.as_str());
                let known: Option<Vec<&str>> =
                    table.map(|t| t.columns.iter().map(|(name, _)| name.as_str()).collect());
                if known.is_none_or(|known| line["columns"] != json!(known)) {
                    return Err(failed(path, format!("its table {name} is another here")));
                }
                continue;
            }
            let Some(table) = table else {
                return Err(failed(path, "a row stands before any table"));
            };
            waiting.push(table.heard(&line)?);
            bytes += length(&line);
            sums.entry(table.name.clone()).or_default().add(&line.to_string());
            if waiting.len() >= ROWS || bytes >= BYTES {
                table.add(&mut to, std::mem::take(&mut waiting)).await?;
                bytes = 0;
            }
        };
        let read: BTreeMap<&str, Sum> = sums.iter().map(|(name, sum)| (&**name, *sum)).collect();
        if lines.next()?.is_some() || self::told(&read) != told {
            return Err(failed(path, "its rows are not those that were written"));
        }
        arrived(&mut to, &tables, &sums).await?;
        to.commit().await?;
        let (entries, broken) = self.proven().await?;
        Ok(Carried { sums, entries, broken })
    }
}

/// The lines of a backup.
struct Lines<'p> {
    input: BufReader<zstd::stream::read::Decoder<'static, BufReader<File>>>,
    path: &'p Path,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Value>> {
        let mut text = Vec::new();
        let read = (&mut self.input).take(LINE).read_until(b'\n', &mut text);
        if read.map_err(|e| failed(self.path, e))? == 0 {
            return Ok(None);
        }
        if text.last() != Some(&b'\n') {
            return Err(failed(self.path, "it is cut off, or a line is too long"));
        }
        serde_json::from_slice(&text).map(Some).map_err(|e| failed(self.path, e))
    }
}

/// Sums as the last line tells them.
fn told(sums: &BTreeMap<&str, Sum>) -> Value {
    let one = |(name, sum): (&&str, &Sum)| {
        ((*name).to_owned(), json!([sum.rows, format!("{:032x}", sum.hashes)]))
    };
    Value::Object(sums.iter().map(one).collect())
}

/// About how long a row is.
fn length(row: &Value) -> usize {
    let one = |value: &Value| value.as_str().map_or(8, str::len);
    row.as_array().map_or(0, |all| all.iter().map(one).sum())
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

fn failed(path: &Path, why: impl std::fmt::Display) -> StoreError {
    StoreError::Refused(format!("backup `{}`: {why}", path.display()))
}
