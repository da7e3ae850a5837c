//! Who merged updates: where git tells it by the verified address of a person of ours, or the person says it.

use jiff::Timestamp;
use serde_json::json;

use crate::applied::{COLUMNS, event};
use crate::condition::{Condition, listed, within};
use crate::db::{Engine, Sql, args};
use crate::error::Result;
use crate::time::{maybe, micros};
use crate::{Applied, Org, Store, ledger};

/// Who merged an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merger {
    /// The update.
    pub update: i64,
    /// The person.
    pub person: i64,
    /// `git` or `said`.
    pub how: String,
    /// When the merge was, or when they said it. `None`: nobody tells.
    pub at: Option<Timestamp>,
}

impl Store {
    /// Notes that a provider said that somebody has the address by which they are known here. Of another address nothing
    /// is noted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn verify_address(
        &self,
        org: Org,
        person: i64,
        email: &str,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "UPDATE person SET verified = $4 WHERE org = $1 AND id = $2 AND email = $3";
        let values = args![org.0, person, email.to_lowercase(), micros(now)];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Who has an address here that was verified, with an account that is open.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn person_of_verified(&self, org: Org, email: &str) -> Result<Option<i64>> {
        let sql = "SELECT id FROM person
            WHERE org = $1 AND email = $2 AND verified IS NOT NULL AND NOT disabled";
        let row = (&mut &self.db).first(sql, args![org.0, email.to_lowercase()]).await?;
        row.map(|row| row.int(0)).transpose()
    }

    /// Keeps who merged an update of an asset, unless that is known. `false`: it is, or there is no such update, or git
    /// names somebody who said that it was not them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_merger(
        &self,
        org: Org,
        (asset, merger): (i64, &Merger),
        revision: Option<&str>,
        (actor, now): (&str, Timestamp),
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let values = args![org.0, merger.update, merger.person];
        if merger.how == "said" {
            let sql = "DELETE FROM applied_merge_denied
                WHERE org = $1 AND applied = $2 AND person = $3";
            tx.run(sql, values).await?;
        } else {
            let sql = "SELECT 1 FROM applied_merge_denied
                WHERE org = $1 AND applied = $2 AND person = $3";
            if tx.first(sql, values).await?.is_some() {
                return Ok(false);
            }
        }
        let sql = "INSERT INTO applied_merge (org, applied, person, how, revision, told, actor, at)
            SELECT org, id, $4, $5, $6, $7, $8, $9 FROM applied
                WHERE org = $1 AND id = $2 AND asset = $3
            ON CONFLICT (org, applied) DO NOTHING";
        let values = args![
            org.0,
            merger.update,
            asset,
            merger.person,
            &merger.how,
            revision,
            micros(now),
            actor,
            merger.at.map(micros)
        ];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "merger", "update": merger.update, "person": merger.person,
            "how": merger.how, "revision": revision });
        ledger::append(&mut tx, org, &[event(asset, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes back that somebody merged an update of an asset, for good: git does not say it of them again. `false`: nobody
    /// said that they did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_merger(
        &self,
        org: Org,
        (asset, update, person): (i64, i64, i64),
        (actor, now): (&str, Timestamp),
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM applied_merge WHERE org = $1 AND applied = $2 AND person = $3";
        if tx.run(sql, args![org.0, update, person]).await? == 0 {
            return Ok(false);
        }
        let sql = "INSERT INTO applied_merge_denied (org, applied, person) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING";
        tx.run(sql, args![org.0, update, person]).await?;
        let data = json!({ "what": "merger", "update": update, "person": person, "how": null });
        ledger::append(&mut tx, org, &[event(asset, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Who merged an update. `None`: nobody knows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn merger(&self, org: Org, update: i64) -> Result<Option<Merger>> {
        let sql = "SELECT person, how, at FROM applied_merge WHERE org = $1 AND applied = $2";
        let Some(row) = (&mut &self.db).first(sql, args![org.0, update]).await? else {
            return Ok(None);
        };
        let at = maybe(row.maybe_int(2)?)?;
        Ok(Some(Merger { update, person: row.int(0)?, how: row.text(1)?, at }))
    }

    /// Updates that a person merged, each with when that was, as far as it is told; the newest first, at most `limit`. Of
    /// some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn merged_by(
        &self,
        org: Org,
        person: i64,
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<(Applied, Option<Timestamp>)>> {
        let mut is = Condition::of("applied.org", org);
        is.and("applied_merge.person = ", Some(person));
        is.text += &within(systems);
        let asked = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS}, applied_merge.at FROM applied_merge
             JOIN applied ON applied.org = $1 AND applied.id = applied_merge.applied
             JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             WHERE applied_merge.org = $1 AND {} ORDER BY applied.at DESC, applied.id DESC
             LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        found.iter().map(|row| Ok((Applied::from_row(row)?, maybe(row.maybe_int(14)?)?))).collect()
    }

    /// Updates of an asset since a moment of which nobody knows who merged them, and of which nobody was asked since
    /// another: those that were never asked about first, and the newest, at most `limit`. Those of which nothing can be
    /// merged, or of which somebody said that git is wrong, are none of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn without_merger(
        &self,
        org: Org,
        asset: i64,
        (since, asked): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<Applied>> {
        let told = match self.engine() {
            Engine::Sqlite => "applied.told",
            Engine::Postgres => "CAST(applied.told AS jsonb)",
        };
        let sql = format!(
            "SELECT {COLUMNS} FROM applied
             JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             WHERE applied.org = $1 AND applied.asset = $2 AND applied.at >= $3
                AND COALESCE({told} ->> 'outcome', '') NOT IN ('nothing', 'refused')
                AND (applied.merger_asked IS NULL OR applied.merger_asked < $5)
                AND NOT EXISTS (SELECT 1 FROM applied_merge
                    WHERE applied_merge.org = $1 AND applied_merge.applied = applied.id)
                AND NOT EXISTS (SELECT 1 FROM applied_merge_denied AS denied
                    WHERE denied.org = $1 AND denied.applied = applied.id)
             ORDER BY CASE WHEN applied.merger_asked IS NULL THEN 0 ELSE 1 END,
                applied.merger_asked, applied.at DESC, applied.id DESC LIMIT $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, asset, micros(since), limit, micros(asked)];
        (&mut &self.db).all(&sql, values).await?.iter().map(Applied::from_row).collect()
    }

    /// Notes that whoever pushes was asked who merged some updates.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_merger_asked(&self, org: Org, updates: &[i64], now: Timestamp) -> Result<()> {
        if updates.is_empty() {
            return Ok(());
        }
        let all = listed(updates);
        let sql = format!("UPDATE applied SET merger_asked = $2 WHERE org = $1 AND id IN ({all})");
        (&mut &self.db).run(&sql, args![org.0, micros(now)]).await.map(|_| ())
    }
}
