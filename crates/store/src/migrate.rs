//! The layout of the database, in numbered steps. A step suits the build before it and the build that
//! brings it, so that two builds can run at once: see `migrations/README.md`.

use crate::Org;
use crate::db::{Db, Engine, Sql, args};
use crate::error::{Result, StoreError};
use crate::findings::tally;

/// A step.
pub(crate) struct Migration {
    pub(crate) version: i64,
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

/// Every step, in order.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "start", text: include_str!("../migrations/0001_start.sql") },
    Migration { version: 2, name: "ingest", text: include_str!("../migrations/0002_ingest.sql") },
    Migration { version: 3, name: "access", text: include_str!("../migrations/0003_access.sql") },
    Migration { version: 4, name: "lists", text: include_str!("../migrations/0004_lists.sql") },
    Migration { version: 5, name: "feeds", text: include_str!("../migrations/0005_feeds.sql") },
    Migration {
        version: 6,
        name: "webhooks",
        text: include_str!("../migrations/0006_webhooks.sql"),
    },
    Migration { version: 7, name: "backups", text: include_str!("../migrations/0007_backups.sql") },
    Migration { version: 8, name: "groups", text: include_str!("../migrations/0008_groups.sql") },
    Migration {
        version: 9,
        name: "placements",
        text: include_str!("../migrations/0009_placements.sql"),
    },
    Migration {
        version: 10,
        name: "sightings",
        text: include_str!("../migrations/0010_sightings.sql"),
    },
    Migration { version: 11, name: "plans", text: include_str!("../migrations/0011_plans.sql") },
    Migration { version: 12, name: "pages", text: include_str!("../migrations/0012_pages.sql") },
    Migration { version: 13, name: "waits", text: include_str!("../migrations/0013_waits.sql") },
    Migration { version: 14, name: "limits", text: include_str!("../migrations/0014_limits.sql") },
    Migration {
        version: 15,
        name: "narrowed",
        text: include_str!("../migrations/0015_narrowed.sql"),
    },
    Migration {
        version: 16,
        name: "settled",
        text: include_str!("../migrations/0016_settled.sql"),
    },
    Migration { version: 17, name: "ready", text: include_str!("../migrations/0017_ready.sql") },
    Migration {
        version: 18,
        name: "notices",
        text: include_str!("../migrations/0018_notices.sql"),
    },
    Migration {
        version: 19,
        name: "tickets",
        text: include_str!("../migrations/0019_tickets.sql"),
    },
    Migration {
        version: 20,
        name: "reviews",
        text: include_str!("../migrations/0020_reviews.sql"),
    },
    Migration {
        version: 21,
        name: "incidents",
        text: include_str!("../migrations/0021_incidents.sql"),
    },
    Migration { version: 22, name: "shares", text: include_str!("../migrations/0022_shares.sql") },
    Migration {
        version: 23,
        name: "suppliers",
        text: include_str!("../migrations/0023_suppliers.sql"),
    },
    Migration { version: 24, name: "packs", text: include_str!("../migrations/0024_packs.sql") },
    Migration { version: 25, name: "duty", text: include_str!("../migrations/0025_duty.sql") },
    Migration {
        version: 26,
        name: "exports",
        text: include_str!("../migrations/0026_exports.sql"),
    },
    Migration {
        version: 27,
        name: "verdicts",
        text: include_str!("../migrations/0027_verdicts.sql"),
    },
    Migration { version: 28, name: "own", text: include_str!("../migrations/0028_own.sql") },
    Migration {
        version: 29,
        name: "consents",
        text: include_str!("../migrations/0029_consents.sql"),
    },
    Migration { version: 30, name: "dial", text: include_str!("../migrations/0030_dial.sql") },
    Migration { version: 31, name: "pulse", text: include_str!("../migrations/0031_pulse.sql") },
    Migration {
        version: 32,
        name: "tickets told",
        text: include_str!("../migrations/0032_tickets_told.sql"),
    },
    Migration { version: 33, name: "former", text: include_str!("../migrations/0033_former.sql") },
];

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
    // Two lines of work may number apart until they meet: a step is asked for by its own number.
    let rows = tx.all("SELECT version FROM layout ORDER BY version", args![]).await?;
    let found = rows.iter().map(|row| row.int(0)).collect::<Result<Vec<i64>>>()?;
    if let Some(found) = found.last().copied().filter(|found| *found > known) {
        return Err(StoreError::Newer { found, known });
    }
    let mut taken = Vec::new();
    for step in MIGRATIONS.iter().filter(|m| !found.contains(&m.version)) {
        Db::script(&mut tx, step.text).await?;
        // Sums of what is there already: with the step or not at all, whenever the process dies.
        if step.name == "lists" {
            for row in tx.all("SELECT org FROM organisation", args![]).await? {
                tally::recount(&mut tx, Org(row.int(0)?)).await?;
            }
        }
        let sql = "INSERT INTO layout (version, name, at) VALUES ($1, $2, $3)";
        tx.run(sql, args![step.version, step.name, now]).await?;
        taken.push(step.name);
    }
    tx.commit().await?;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Whoever answered before layout 31 was promised that the ledger is not told.
    #[test]
    fn rounds_that_were_answered_before_are_never_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = Db::open(file.to_str().unwrap()).await.unwrap();
            let mut tx = db.begin().await.unwrap();
            let layout = "CREATE TABLE layout (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)";
            tx.run(layout, args![]).await.unwrap();
            for step in MIGRATIONS.iter().filter(|m| m.version < 31) {
                Db::script(&mut tx, step.text).await.unwrap();
                let sql = "INSERT INTO layout (version, name, at) VALUES ($1, $2, 0)";
                tx.run(sql, args![step.version, step.name]).await.unwrap();
            }
            for (role, round) in [("product", "2026-01"), ("security", "2026-01"), ("product", "2026-02")] {
                let sql = "INSERT INTO pulse_count (org, round, role, question, answer, number)
                    VALUES (1, $1, $2, 0, 5, 1)";
                tx.run(sql, args![round, role]).await.unwrap();
            }
            tx.commit().await.unwrap();
            migrate(&db, 0).await.unwrap();
            let sql = "SELECT round, told FROM pulse_told WHERE org = 1 ORDER BY round";
            let rows = (&mut &db).all(sql, args![]).await.unwrap();
            let rounds: Vec<_> =
                rows.iter().map(|row| (row.text(0).unwrap(), row.int(1).unwrap())).collect();
            assert_eq!(rounds, [("2026-01".to_owned(), 0), ("2026-02".to_owned(), 0)]);
            db.close().await;
        });
    }

    /// What was found before there were sums is in them as soon as there are.
    #[test]
    fn sums_begin_with_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let db = Db::open(file.to_str().unwrap()).await.unwrap();
            let mut tx = db.begin().await.unwrap();
            let layout = "CREATE TABLE layout (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)";
            tx.run(layout, args![]).await.unwrap();
            for step in MIGRATIONS.iter().filter(|m| m.version < 4) {
                Db::script(&mut tx, step.text).await.unwrap();
                let sql = "INSERT INTO layout (version, name, at) VALUES ($1, $2, 0)";
                tx.run(sql, args![step.version, step.name]).await.unwrap();
            }
            let sql = "INSERT INTO organisation (org, name, created, settings) VALUES (1, 'A', 0, '{}')";
            tx.run(sql, args![]).await.unwrap();
            for id in 1..=3i64 {
                let sql = "INSERT INTO finding
                        (org, id, asset, package, vulnerability, component, state, detected, level, weight)
                    VALUES (1, $1, $1, 'pkg:npm/p', 1, 1, 'open', 0, 2, 10.0)";
                tx.run(sql, args![id]).await.unwrap();
            }
            tx.commit().await.unwrap();
            migrate(&db, 0).await.unwrap();
            let sql = "SELECT findings, weight FROM tally_system WHERE org = 1 AND level = 2";
            let row = (&mut &db).first(sql, args![]).await.unwrap().unwrap();
            assert_eq!((row.int(0).unwrap(), row.real(1).unwrap()), (3, 10.0));
            db.close().await;
        });
    }

    #[test]
    fn steps_are_in_order_and_every_file_is_in_the_table() {
        assert!(MIGRATIONS.is_sorted_by(|a, b| a.version < b.version));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let files = std::fs::read_dir(folder).unwrap().flatten();
        let sql = files.filter(|f| f.path().extension().is_some_and(|e| e == "sql")).count();
        assert_eq!(sql, MIGRATIONS.len());
    }

    /// What was published is never changed: its digest stands here. A new step adds a line.
    #[test]
    fn what_was_published_is_as_it_was() {
        use sha2::{Digest, Sha256};
        let recorded: Vec<(i64, &str)> = include_str!("../migrations/published.txt")
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(' '))
            .map(|(version, digest)| (version.parse().unwrap(), digest))
            .collect();
        let are: Vec<(i64, String)> = MIGRATIONS
            .iter()
            .map(|m| (m.version, crate::ledger::hex(&Sha256::digest(m.text))))
            .collect();
        let are: Vec<(i64, &str)> = are.iter().map(|(v, digest)| (*v, &**digest)).collect();
        assert_eq!(are, recorded, "mend a mistake by a next step");
    }

    /// Tables that a step made anew in another order.
    const ANEW: [&str; 1] = ["carried"];

    /// An older build sees the table that it knows: the same columns, and rows told apart by the same ones.
    #[test]
    fn a_table_made_anew_differs_in_its_order_alone() {
        for table in ANEW {
            let made: Vec<(BTreeSet<String>, BTreeSet<String>)> = MIGRATIONS
                .iter()
                .filter_map(|m| {
                    let begin = format!("CREATE TABLE {table} (");
                    let anew = format!("CREATE TABLE {table}_anew (");
                    let (_, rest) =
                        m.text.split_once(&begin).or_else(|| m.text.split_once(&anew))?;
                    let (columns, key) = rest.split_once("PRIMARY KEY (").unwrap();
                    let key = key.split_once(')').unwrap().0;
                    let columns = columns.lines().map(str::trim);
                    let columns = columns.filter(|l| !l.is_empty() && !l.starts_with("--"));
                    Some((
                        columns.map(str::to_owned).collect(),
                        key.split(", ").map(str::to_owned).collect(),
                    ))
                })
                .collect();
            assert!(made.len() > 1, "{table}");
            assert!(made.windows(2).all(|pair| pair[0] == pair[1]), "{made:?}");
        }
    }

    /// Why a step may not run while an older build still does. Comments do not count; a statement does, over
    /// however many lines.
    fn takes_away(text: &str) -> Option<String> {
        let lines = text.lines().map(|line| line.split("--").next().unwrap_or_default());
        let text = lines.collect::<Vec<_>>().join(" ").to_ascii_uppercase();
        for statement in text.split(';') {
            let words: Vec<&str> =
                statement.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let has = |all: &[&str]| words.windows(all.len()).any(|window| window == all);
            let alters = words.first() == Some(&"ALTER");
            let adds = has(&["ADD", "COLUMN"]);
            // A rule that is stricter than before, or that an older build's rows may not keep.
            let strict = alters
                && (has(&["NOT", "NULL"]) && !(adds && words.contains(&"DEFAULT"))
                    || !adds && (has(&["ALTER", "COLUMN"]) || words.contains(&"CONSTRAINT")));
            let gone = ["DROP", "RENAME", "TRUNCATE", "DELETE", "UPDATE"];
            let unique = has(&["CREATE", "UNIQUE", "INDEX"])
                && !text.contains(&format!(
                    "CREATE TABLE {}",
                    words.iter().skip_while(|w| **w != "ON").nth(1).unwrap_or(&"?")
                ));
            // Without an index that was made to find rows an older build reads as before, only slower. One that
            // keeps rows apart is a rule, and statements of ours name it.
            let slower = words.starts_with(&["DROP", "INDEX"])
                && words.get(2).is_some_and(|name| {
                    let made = format!("\nCREATE INDEX {} ON", name.to_ascii_lowercase());
                    MIGRATIONS.iter().any(|m| m.text.contains(&made))
                });
            // A table that is made anew under its name: that nothing else differs is tested below.
            let anew = ANEW.iter().any(|table| {
                let table = table.to_ascii_uppercase();
                words == ["DROP", "TABLE", &table]
                    || words == ["ALTER", "TABLE", &format!("{table}_ANEW"), "RENAME", "TO", &table]
            });
            if strict || unique || !slower && !anew && words.iter().any(|word| gone.contains(word))
            {
                return Some(statement.trim().to_owned());
            }
        }
        None
    }

    /// What an older build, still running, could not stand is only done in a step that says so.
    #[test]
    fn only_a_contracting_step_takes_something_away() {
        for step in MIGRATIONS.iter().skip(1) {
            let taken = takes_away(step.text);
            assert!(
                taken.is_none() || step.name.starts_with("contract"),
                "{}: {taken:?}",
                step.name
            );
        }
        // And it comes in a later release than what it makes room for: never as the very next step.
        for pair in MIGRATIONS.windows(2) {
            let [before, step] = pair else { continue };
            let contracts = |m: &Migration| m.name.starts_with("contract");
            assert!(
                !contracts(step) || contracts(before),
                "{}: release `{}` first",
                step.name,
                before.name
            );
        }
    }

    #[test]
    fn what_takes_something_away_is_known() {
        let harmless = [
            "CREATE TABLE t (a BIGINT NOT NULL, b TEXT);\nCREATE UNIQUE INDEX t_b ON t (b);",
            "ALTER TABLE t ADD COLUMN c TEXT;",
            "DROP INDEX finding_level;",
            "ALTER TABLE t ADD COLUMN c BIGINT NOT NULL DEFAULT 0;",
            "CREATE INDEX t_c ON t (c); -- DROP what is not needed",
        ];
        for text in harmless {
            assert_eq!(takes_away(text), None, "{text}");
        }
        let harsh = [
            "DROP TABLE t;",
            "DROP TABLE finding;",
            "ALTER TABLE finding_anew RENAME TO finding;",
            "ALTER TABLE t\n    DROP COLUMN c;",
            "ALTER TABLE t RENAME COLUMN a TO b;",
            "ALTER TABLE t RENAME TO u;",
            "ALTER TABLE t ADD COLUMN c BIGINT NOT NULL;",
            "ALTER TABLE t ALTER COLUMN c SET NOT NULL;",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);",
            "CREATE UNIQUE INDEX t_a ON t (a);",
            "DROP INDEX t_a;",
            "DROP INDEX component_purl;",
            "UPDATE t SET a = 1;",
        ];
        for text in harsh {
            assert!(takes_away(text).is_some(), "{text}");
        }
    }
}
