//! What registries tell of versions that are carried: when they were published, and what came after them. The server asks
//! no registry: whoever pushes is asked about the packages that most is built on, and tells what their own clients say.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::suppliers::event;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store, ledger};

/// How many packages one question names.
const BLOCK: usize = 200;

/// What a registry tells of a version. `None` is always *unknown*.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The purl without version.
    pub package: String,
    /// The version.
    pub version: String,
    /// When its registry was asked. `None`: it did not answer, and nothing is known.
    pub asked: Option<Timestamp>,
    /// By which program.
    pub source: String,
    /// When this version was published.
    pub published: Option<Timestamp>,
    /// When the newest version was published.
    pub last_release: Option<Timestamp>,
    /// The newest version.
    pub newest: Option<String>,
    /// How many versions came after this one.
    pub since: Option<i64>,
    /// `offered`, `deprecated` or `yanked`.
    pub standing: Option<String>,
    /// In which words it is deprecated or taken back.
    pub words: String,
    /// Whether the project is archived.
    pub archived: Option<bool>,
}

/// That, with who told it and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPublished {
    /// What is told.
    pub is: Published,
    /// When it came here.
    pub told: Timestamp,
    /// Who sent it.
    pub actor: String,
}

const COLUMNS: &str = "package, version, asked, source, published, last_release, newest, since,
    standing, words, archived, told, actor";

impl ToldPublished {
    fn from_row(row: &Row) -> Result<ToldPublished> {
        Ok(ToldPublished {
            is: Published {
                package: row.text(0)?,
                version: row.text(1)?,
                asked: maybe(row.maybe_int(2)?)?,
                source: row.text(3)?,
                published: maybe(row.maybe_int(4)?)?,
                last_release: maybe(row.maybe_int(5)?)?,
                newest: row.maybe_text(6)?,
                since: row.maybe_int(7)?,
                standing: row.maybe_text(8)?,
                words: row.text(9)?,
                archived: row.maybe_flag(10)?,
            },
            told: moment(row.int(11)?)?,
            actor: row.text(12)?,
        })
    }
}

impl Store {
    /// Keeps which packages most is built on, the first first. What registries told of others before a moment is
    /// forgotten.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn rank_relied(
        &self,
        org: Org,
        packages: &[String],
        forget: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM relied_package WHERE org = $1", args![org.0]).await?;
        for (place, package) in packages.iter().enumerate() {
            let sql = "INSERT INTO relied_package (org, package, place) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING";
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            tx.run(sql, args![org.0, package, place]).await?;
        }
        let sql = "DELETE FROM package_told WHERE org = $1 AND tried < $2 AND NOT EXISTS (
                SELECT 1 FROM relied_package AS relied
                WHERE relied.org = $1 AND relied.package = package_told.package)";
        tx.run(sql, args![org.0, micros(forget)]).await?;
        tx.commit().await
    }

    /// Whether it was ever reckoned which packages most is built on, and there were some.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_ranked(&self, org: Org) -> Result<bool> {
        let sql = "SELECT 1 FROM relied_package WHERE org = $1 LIMIT 1";
        Ok((&mut &self.db).first(sql, args![org.0]).await?.is_some())
    }

    /// Versions of packages that most is built on, which an asset carries on its main line or where it runs, and of which
    /// nobody told since a moment; the most relied on first, at most `limit`. Where no registry answered who pushed the
    /// asset, they are not asked again until they tried before the second moment: others may have the client that they
    /// have not. Purls without version, and versions.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn wanted(
        &self,
        org: Org,
        asset: i64,
        (since, again): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<(String, String)>> {
        let sql = "SELECT component.package, component.version, MIN(relied.place) AS place
            FROM carried
            JOIN component ON component.org = $1 AND component.id = carried.component
            JOIN relied_package AS relied
                ON relied.org = $1 AND relied.package = component.package
            LEFT JOIN package_told AS told ON told.org = $1
                AND told.package = component.package AND told.version = component.version
            WHERE carried.org = $1 AND carried.asset = $2
                AND (carried.latest OR carried.running)
                AND component.version IS NOT NULL AND component.registry
                AND (told.tried IS NULL OR told.tried < $3
                    OR ((told.asked IS NULL OR told.asked < $3)
                        AND (told.tried_by <> $2 OR told.tried < $5)))
            GROUP BY component.package, component.version
            ORDER BY place, component.package, component.version LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, asset, micros(since), limit, micros(again)];
        let rows = (&mut &self.db).all(sql, values).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.text(1)?))).collect()
    }

    /// Keeps what registries tell of versions that an asset carries and that are among the most relied on; of others
    /// nothing is kept, nor what is older than what is known. Returns how many were kept.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_published(
        &self,
        org: Org,
        asset: i64,
        all: &[Published],
        (actor, now): (&str, Timestamp),
    ) -> Result<usize> {
        let mut tx = self.db.begin().await?;
        let mut kept = Vec::new();
        for is in all {
            let done = match is.asked {
                None => {
                    // What was told before stays: only that it was tried is new.
                    let sql = "INSERT INTO package_told (org, package, version, tried, source,
                            words, told, asset, actor, tried_by)
                        SELECT $1, $3, $4, $5, '', '', $5, $2, $6, $2
                        FROM relied_package AS relied
                        WHERE relied.org = $1 AND relied.package = $3 AND EXISTS (
                            SELECT 1 FROM carried JOIN component
                                ON component.org = $1 AND component.id = carried.component
                            WHERE carried.org = $1 AND carried.asset = $2
                                AND (carried.latest OR carried.running)
                                AND component.package = $3 AND component.version = $4)
                        ON CONFLICT (org, package, version) DO UPDATE SET tried = excluded.tried,
                            tried_by = excluded.tried_by";
                    let (package, version) = (&is.package, &is.version);
                    tx.run(sql, args![org.0, asset, package, version, micros(now), actor]).await?
                }
                Some(asked) => {
                    let sql = "INSERT INTO package_told (org, package, version, tried, source,
                            words, told, asset, actor, asked, published, last_release, newest,
                            since, standing, archived, tried_by)
                        SELECT $1, $3, $4, $5, $7, $8, $5, $2, $6, $9, $10, $11, $12, $13, $14,
                            $15, $2
                        FROM relied_package AS relied
                        WHERE relied.org = $1 AND relied.package = $3 AND EXISTS (
                            SELECT 1 FROM carried JOIN component
                                ON component.org = $1 AND component.id = carried.component
                            WHERE carried.org = $1 AND carried.asset = $2
                                AND (carried.latest OR carried.running)
                                AND component.package = $3 AND component.version = $4)
                        ON CONFLICT (org, package, version) DO UPDATE SET tried = excluded.tried,
                            tried_by = excluded.tried_by, source = excluded.source, words = excluded.words,
                            told = excluded.told, asset = excluded.asset,
                            actor = excluded.actor, asked = excluded.asked,
                            published = excluded.published,
                            last_release = excluded.last_release, newest = excluded.newest,
                            since = excluded.since, standing = excluded.standing,
                            archived = excluded.archived
                        WHERE package_told.asked IS NULL OR package_told.asked <= excluded.asked";
                    let values = args![
                        org.0,
                        asset,
                        &is.package,
                        &is.version,
                        micros(now),
                        actor,
                        &is.source,
                        &is.words,
                        micros(asked),
                        is.published.map(micros),
                        is.last_release.map(micros),
                        is.newest.as_deref(),
                        is.since,
                        is.standing.as_deref(),
                        is.archived
                    ];
                    tx.run(sql, values).await?
                }
            };
            if done > 0 {
                kept.push(format!("{}@{}", is.package, is.version));
            }
        }
        if !kept.is_empty() {
            let data = json!({ "what": "packages-told", "packages": kept });
            ledger::append(&mut tx, org, &[event(actor, now, Some(asset), data)]).await?;
        }
        tx.commit().await?;
        Ok(kept.len())
    }

    /// What registries told of some packages, by package and version. What nobody could tell is not among it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn published(&self, org: Org, packages: &[String]) -> Result<Vec<ToldPublished>> {
        let mut all = Vec::new();
        for block in packages.chunks(BLOCK) {
            let places: Vec<String> = (2..block.len() + 2).map(|at| format!("${at}")).collect();
            let sql = format!(
                "SELECT {COLUMNS} FROM package_told
                 WHERE org = $1 AND asked IS NOT NULL AND package IN ({})
                 ORDER BY package, version",
                places.join(", ")
            );
            let mut values = args![org.0];
            values.extend(block.iter().map(|is| crate::db::Value::from(is.as_str())));
            let rows = (&mut &self.db).all(&sql, values).await?;
            for row in &rows {
                all.push(ToldPublished::from_row(row)?);
            }
        }
        Ok(all)
    }
}
