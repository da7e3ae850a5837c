//! The layout of the database, in numbered steps. A step suits the build before it and the build that
//! brings it, so that two builds can run at once: see `migrations/README.md`.

use crate::db::{Db, Engine, Sql, args};
use crate::error::{Result, StoreError};

/// A step.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// Every step, in order.
pub(crate) const MIGRATIONS: &[Migration] =
    &[Migration { version: 1, name: "start", text: include_str!("../migrations/0001_start.sql") }];

/// A number of ours for PostgreSQL's advisory lock: one process migrates, the others wait.
const LOCK: i64 = 0x7472_696d_7461_6201;

/// Brings the database to the newest layout. Returns the steps that were taken.
pub(crate) async fn migrate(db: &Db, now: i64) -> Result<Vec<&'static str>> {
    let known = MIGRATIONS.last().map_or(0, |m| m.version);
    let mut tx = db.begin().await?;
    if tx.engine() == Engine::Postgres {
        tx.run("SELECT pg_advisory_xact_lock($1)", args![LOCK]).await?;
    }
    tx.run(
        "CREATE TABLE IF NOT EXISTS layout (
            version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)",
        args![],
    )
    .await?;
    let row = tx.first("SELECT COALESCE(MAX(version), 0) FROM layout", args![]).await?;
    let found = row.map_or(Ok(0), |row| row.int(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let mut taken = Vec::new();
    for step in MIGRATIONS.iter().filter(|m| m.version > found) {
        Db::script(&mut tx, step.text).await?;
        let sql = "INSERT INTO layout (version, name, at) VALUES ($1, $2, $3)";
        tx.run(sql, args![step.version, step.name, now]).await?;
        taken.push(step.name);
    }
    tx.commit().await?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_numbered_without_gaps_and_every_file_is_in_the_table() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|m| m.version).collect();
        assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files = std::fs::read_dir(folder).unwrap().flatten();
        let sql = files.filter(|f| f.path().extension().is_some_and(|e| e == "sql")).count();
        assert_eq!(sql, MIGRATIONS.len());
    }

    /// What an older build, still running, could not stand is only done in a step that says so.
    #[test]
    fn only_a_contracting_step_takes_something_away() {
        for step in MIGRATIONS.iter().skip(1) {
            let text = step.text.to_ascii_uppercase();
            let harsh = ["DROP ", "RENAME ", "NOT NULL", "ALTER COLUMN"];
            let takes = harsh.iter().any(|word| {
                text.lines().any(|l| {
                    let added = l.contains("ADD COLUMN") && l.contains("DEFAULT");
                    l.contains("ALTER TABLE") && l.contains(word) && !added
                        || *word == "DROP " && l.contains(word)
                })
            });
            assert!(!takes || step.name.starts_with("contract"), "{}", step.name);
        }
    }
}
