//! What packs of a month and a quarter are made of: what is carried, how much relies on each package, and what was
//! carried when the last one was opened.

use jiff::Timestamp;

use crate::condition::{listed, within};
use crate::db::{Row, Sql, Tx, args};
use crate::documents::{pack, unpack};
use crate::error::{Result, StoreError};
use crate::ledger;
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
use crate::{Component, Org, Store};

/// A component that is carried.
#[derive(Debug, Clone, PartialEq)]
pub struct Stocked {
    /// The component.
    pub component: Component,
    /// How many assets carry it, on the main line or where it runs.
    pub assets: i64,
}

/// A pack of a review that is prepared, and of what it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedPack {
    /// What it was made of: while that is the same, so is it.
    pub mark: String,
    /// When.
    pub made: Timestamp,
    /// What it shows; the server reads it.
    pub pack: serde_json::Value,
}

/// How much relies on a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relied {
    /// The purl without version.
    pub package: String,
    /// How many assets carry some version of it.
    pub assets: i64,
    /// In how many systems these are; what belongs to none is in none.
    pub systems: i64,
}

/// A finding of a vulnerability, as far as a briefing needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struck {
    /// Its id.
    pub finding: i64,
    /// The purl without version.
    pub package: String,
    /// The vulnerability: id and name.
    pub vulnerability: (i64, String),
    /// The asset's name.
    pub asset: String,
    /// When it was detected.
    pub detected: Timestamp,
    /// When it was gone. `None`: it is still here, or nobody says so any longer.
    pub gone: Option<Timestamp>,
    /// Whether it is still here.
    pub live: bool,
    /// What was decided about it and holds: `accepted`, `not-affected`.
    pub decided: Option<String>,
}

impl Store {
    /// How far the ledger of an organisation goes: while it is the same, nothing was told.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ledger_end(&self, org: Org) -> Result<i64> {
        let sql = "SELECT seq FROM ledger_head WHERE org = $1";
        let row = (&mut &self.db).first(sql, args![org.0]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The pack of a review that is prepared, as it was made last.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn prepared_pack(&self, org: Org, review: i64) -> Result<Option<PreparedPack>> {
        let sql = "SELECT mark, made, pack FROM review_prepared WHERE org = $1 AND review = $2";
        let Some(row) = (&mut &self.db).first(sql, args![org.0, review]).await? else {
            return Ok(None);
        };
        let pack = serde_json::from_str(&row.text(2)?);
        Ok(Some(PreparedPack {
            mark: row.text(0)?,
            made: moment(row.int(1)?)?,
            pack: pack.map_err(|e| StoreError::Damaged(e.to_string()))?,
        }))
    }

    /// Keeps the pack of a review that is prepared, in place of the one before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_prepared(&self, org: Org, review: i64, is: &PreparedPack) -> Result<()> {
        let sql = "INSERT INTO review_prepared (org, review, mark, made, pack)
            SELECT org, id, $3, $4, $5 FROM review
                WHERE org = $1 AND id = $2 AND state = 'prepared'
            ON CONFLICT (org, review) DO UPDATE SET mark = $3, made = $4, pack = $5";
        let values = args![org.0, review, &is.mark, micros(is.made), is.pack.to_string()];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Components that assets carry, by package and id, at most `limit`. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stocked(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Stocked>> {
        let columns = crate::components::COLUMNS;
        let sql = format!(
            "SELECT {columns}, held.assets FROM (
                SELECT carried.component AS component, COUNT(*) AS assets FROM carried
                JOIN asset ON asset.org = $1 AND asset.id = carried.asset
                WHERE carried.org = $1 AND (carried.latest OR carried.running){}
                GROUP BY carried.component) AS held
             JOIN component ON component.org = $1 AND component.id = held.component
             ORDER BY component.package, component.id LIMIT $2",
            within(systems)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read =
            |row: &Row| Ok(Stocked { component: Component::from_row(row)?, assets: row.int(8)? });
        (&mut &self.db).all(&sql, args![org.0, limit]).await?.iter().map(read).collect()
    }

    /// The packages that most assets carry, at most `limit`. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn relied_on(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Relied>> {
        self.relied_on_of(org, systems, &[], limit).await
    }

    /// The same of packages of some types of purls alone. None named: of every type.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn relied_on_of(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        types: &[&'static str],
        limit: usize,
    ) -> Result<Vec<Relied>> {
        let like = |of: &&str| format!("component.package LIKE 'pkg:{of}/%'");
        let of = types.iter().map(like).collect::<Vec<_>>().join(" OR ");
        let of = if of.is_empty() { of } else { format!(" AND ({of})") };
        let sql = format!(
            "SELECT component.package, COUNT(DISTINCT carried.asset), COUNT(DISTINCT asset.system)
             FROM carried
             JOIN asset ON asset.org = $1 AND asset.id = carried.asset
             JOIN component ON component.org = $1 AND component.id = carried.component
             WHERE carried.org = $1 AND (carried.latest OR carried.running){}{of}
             GROUP BY component.package ORDER BY 2 DESC, 3 DESC, 1 LIMIT $2",
            within(systems)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row| {
            Ok(Relied { package: row.text(0)?, assets: row.int(1)?, systems: row.int(2)? })
        };
        (&mut &self.db).all(&sql, args![org.0, limit]).await?.iter().map(read).collect()
    }

    /// How many components of main lines nothing can be said about, and how many assets have an inventory. Of some
    /// systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unread(&self, org: Org, systems: Option<&[i64]>) -> Result<(i64, i64)> {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(contents.unknowns), 0) AS BIGINT), COUNT(*) FROM asset
             JOIN snapshot ON snapshot.org = $1 AND snapshot.id = asset.latest
             JOIN contents ON contents.org = $1 AND contents.digest = snapshot.document
             WHERE asset.org = $1{}",
            within(systems)
        );
        let row = (&mut &self.db).first(&sql, args![org.0]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }

    /// Findings of some vulnerabilities, whatever became of them, the newest first, at most `limit`. Of some systems;
    /// `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn struck_by(
        &self,
        org: Org,
        vulnerabilities: &[i64],
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Struck>> {
        let sql = format!(
            "SELECT finding.id, finding.package, vulnerability.id, vulnerability.name, asset.name,
                finding.detected, finding.fixed, finding.state, finding.decided
             FROM finding
             JOIN asset ON asset.org = $1 AND asset.id = finding.asset
             JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = finding.vulnerability
             WHERE finding.org = $1 AND finding.state <> 'retracted'
                AND finding.vulnerability IN ({}){}
             ORDER BY finding.detected DESC, finding.id DESC LIMIT $2",
            listed(vulnerabilities),
            within(systems)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = |row: &Row| {
            let live = matches!(row.text(7)?.as_str(), "open" | "merged");
            Ok(Struck {
                finding: row.int(0)?,
                package: row.text(1)?,
                vulnerability: (row.int(2)?, row.text(3)?),
                asset: row.text(4)?,
                detected: moment(row.int(5)?)?,
                gone: maybe(row.maybe_int(6)?)?.filter(|_| !live),
                live,
                decided: row.maybe_text(8)?,
            })
        };
        (&mut &self.db).all(&sql, args![org.0, limit]).await?.iter().map(read).collect()
    }

    /// What was carried when a review was opened. `None`: it was not kept.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn review_stock(&self, org: Org, review: i64) -> Result<Option<String>> {
        let sql = "SELECT listed FROM review_stock WHERE org = $1 AND review = $2";
        let Some(row) = (&mut &self.db).first(sql, args![org.0, review]).await? else {
            return Ok(None);
        };
        let packed = row.bytes(0)?;
        let wrong = || StoreError::Damaged("what a review carried, without a size".to_owned());
        let (size, packed) = packed.split_first_chunk::<8>().ok_or_else(wrong)?;
        let text = unpack(packed, i64::from_le_bytes(*size))?;
        String::from_utf8(text).map(Some).map_err(|e| StoreError::Damaged(e.to_string()))
    }

    /// Who made some tokens, whether they hold or not: ids of tokens, each with that of its person.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn token_makers(&self, org: Org, tokens: &[i64]) -> Result<Vec<(i64, i64)>> {
        let sql = format!(
            "SELECT id, person FROM token WHERE org = $1 AND id IN ({}) ORDER BY id",
            listed(tokens)
        );
        let found = (&mut &self.db).all(&sql, args![org.0]).await?;
        found.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// Whether people want that what their updates removed is shown to nobody else: those who do.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unshown(&self, org: Org) -> Result<Vec<i64>> {
        let sql = "SELECT person FROM unshown WHERE org = $1 ORDER BY person";
        (&mut &self.db).all(sql, args![org.0]).await?.iter().map(|row| row.int(0)).collect()
    }

    /// A person wants that what their updates removed is shown to nobody else, or no longer. `false`: it is so already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_unshown(
        &self,
        org: Org,
        person: i64,
        hidden: bool,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let done = if hidden {
            let sql = "INSERT INTO unshown (org, person, since) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING";
            tx.run(sql, args![org.0, person, micros(now)]).await?
        } else {
            let sql = "DELETE FROM unshown WHERE org = $1 AND person = $2";
            tx.run(sql, args![org.0, person]).await?
        };
        if done == 0 {
            return Ok(false);
        }
        let data = serde_json::json!({ "what": "card", "person": person, "hidden": hidden });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Keeps what was carried when a review is opened.
pub(crate) async fn put_stock(tx: &mut Tx, org: Org, review: i64, text: &str) -> Result<()> {
    let mut packed = i64::try_from(text.len()).unwrap_or(0).to_le_bytes().to_vec();
    packed.extend(pack(text.as_bytes())?);
    let sql = "INSERT INTO review_stock (org, review, listed) VALUES ($1, $2, $3)
        ON CONFLICT (org, review) DO UPDATE SET listed = excluded.listed";
    tx.run(sql, args![org.0, review, packed]).await.map(|_| ())
}
