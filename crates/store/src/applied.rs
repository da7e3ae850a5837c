//! Batches that were carried out, with their evidence, and what people say of them afterwards. How far each is
//! since then is read from findings and the ledger, and not kept here.

use jiff::Timestamp;
use serde_json::json;

use crate::condition::{Condition, within};
use crate::db::{Engine, Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// How many things that a batch removes the ledger is told.
const REMOVED: usize = 500;
/// How long they are at most, in bytes.
const LONGEST: usize = 32 << 10;

/// The numbers of the evidence: what the runs of the tests came to, how often they ran, the load that is to go, and
/// the request. What it does not tell is `null`.
fn evidence(told: &serde_json::Value) -> serde_json::Value {
    let run = |of: &serde_json::Value| match of.is_object() {
        true => json!({ "passed": of["passed"], "failed": of["failed"], "skipped": of["skipped"],
            "seconds": of["seconds"] }),
        false => serde_json::Value::Null,
    };
    let tests = &told["tests"];
    json!({ "before": run(&tests["before"]), "after": run(&tests["after"]), "runs": tests["runs"],
        "load": told["load"], "request": told["request"]["number"] })
}

/// A batch that was carried out, to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewApplied {
    /// The asset.
    pub asset: i64,
    /// The batch's name.
    pub batch: String,
    /// When it was carried out.
    pub at: Timestamp,
    /// The evidence.
    pub told: serde_json::Value,
}

/// A batch that was carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Its id.
    pub id: i64,
    /// What was pushed.
    pub is: NewApplied,
    /// The asset's name.
    pub asset_name: String,
    /// The asset's system.
    pub system: Option<i64>,
    /// When it was pushed.
    pub received: Timestamp,
    /// By whom.
    pub actor: String,
    /// The points that it took in truth, as people say.
    pub points: Option<f64>,
    /// When it was taken back.
    pub reverted: Option<Timestamp>,
    /// Why it was.
    pub reason: String,
    /// When what it removes was gone from the main line, as it was seen first.
    pub merged: Option<Timestamp>,
    /// When it was gone from production.
    pub deployed: Option<Timestamp>,
}

pub(crate) const COLUMNS: &str =
    "applied.id, applied.asset, applied.batch, applied.at, applied.told,
    asset.name, asset.system, applied.received, applied.actor, applied.points, applied.reverted,
    applied.reason, applied.merged, applied.deployed";

impl Applied {
    pub(crate) fn from_row(row: &Row) -> Result<Applied> {
        Ok(Applied {
            id: row.int(0)?,
            is: NewApplied {
                asset: row.int(1)?,
                batch: row.text(2)?,
                at: moment(row.int(3)?)?,
                told: row.json(4)?,
            },
            asset_name: row.text(5)?,
            system: row.maybe_int(6)?,
            received: moment(row.int(7)?)?,
            actor: row.text(8)?,
            points: row.maybe_real(9)?,
            reverted: maybe(row.maybe_int(10)?)?,
            reason: row.text(11)?,
            merged: maybe(row.maybe_int(12)?)?,
            deployed: maybe(row.maybe_int(13)?)?,
        })
    }
}

impl Store {
    /// Keeps the evidence of a batch. Returns its id, and whether it is new: the same again is kept once.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_applied(
        &self,
        org: Org,
        new: &NewApplied,
        actor: &str,
        now: Timestamp,
    ) -> Result<(i64, bool)> {
        let id = self.ids.one(&self.db, org.0, Kind::Applied).await?;
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO applied
                (org, id, asset, batch, at, received, actor, told, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')
            ON CONFLICT (org, asset, batch, at) DO NOTHING";
        let values = args![
            org.0,
            id,
            new.asset,
            &new.batch,
            micros(new.at),
            micros(now),
            actor,
            new.told.to_string()
        ];
        if tx.run(sql, values).await? == 0 {
            let sql = "SELECT id FROM applied
                WHERE org = $1 AND asset = $2 AND batch = $3 AND at = $4";
            let row = tx.first(sql, args![org.0, new.asset, &new.batch, micros(new.at)]).await?;
            let lost = || StoreError::Damaged("a batch went away".to_owned());
            return Ok((row.ok_or_else(lost)?.int(0)?, false));
        }
        let (removes, more) = removes(&new.told);
        let mut data = json!({ "what": "update", "update": id, "batch": new.batch,
            "outcome": new.told["outcome"], "tests": new.told["tests"]["judgement"],
            "removes": removes });
        if more > 0 {
            data["more"] = json!(more);
        }
        data["carried"] = json!(new.at.to_string());
        data["did"] = json!(did(&new.told));
        if let (Some(data), Some(evidence)) =
            (data.as_object_mut(), evidence(&new.told).as_object())
        {
            data.extend(evidence.clone());
        }
        ledger::append(&mut tx, org, &[event(new.asset, actor, now, data)]).await?;
        tx.commit().await?;
        Ok((id, true))
    }

    /// What people say of a batch afterwards: the points that it took, when it was taken back and why.
    /// `false`: there is no such batch.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn say_of_applied(
        &self,
        org: Org,
        id: i64,
        (points, reverted, reason): (Option<f64>, Option<Timestamp>, &str),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE applied SET points = $3, reverted = $4, reason = $5
            WHERE org = $1 AND id = $2 RETURNING asset";
        let values = args![org.0, id, points, reverted.map(micros), reason];
        let Some(row) = tx.first(sql, values).await? else { return Ok(false) };
        let data = json!({ "what": "update", "update": id, "points": points,
            "reverted": reverted.map(|at| at.to_string()), "reason": reason });
        ledger::append(&mut tx, org, &[event(row.int(0)?, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A batch that was carried out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn applied(&self, org: Org, id: i64) -> Result<Option<Applied>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM applied
             JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             WHERE applied.org = $1 AND applied.id = $2"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Applied::from_row).transpose()
    }

    /// Batches that were carried out for a team's systems, of an asset, and of some systems, the newest first, a page
    /// at a time. `None`: for all.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn all_applied(
        &self,
        org: Org,
        (team, asset): (Option<i64>, Option<i64>),
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Applied>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("applied.org", org);
        if let Some(team) = team {
            let team = is.value(team);
            is.text += &format!(
                " AND EXISTS (SELECT 1 FROM system WHERE system.org = $1
                AND system.id = asset.system AND system.team = {team})"
            );
        }
        is.and("applied.asset = ", asset);
        is.text += &within(systems);
        if let Some(after) = after {
            let (at, id) = (is.value(after.value), is.value(after.id));
            is.text +=
                &format!(" AND applied.at <= {at} AND (applied.at < {at} OR applied.id < {id})");
        }
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM applied
             JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             WHERE {} ORDER BY applied.at DESC, applied.id DESC LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(Applied::from_row).collect::<Result<Vec<Applied>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: micros(one.is.at), id: one.id }))
    }

    /// Batches that a person pushed, by hand or with a token of theirs, whether it holds or not, the newest first, at
    /// most `limit`. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn applied_by(
        &self,
        org: Org,
        person: i64,
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Applied>> {
        let mut is = Condition::of("applied.org", org);
        let actor = is.value(format!("person:{person}"));
        let person = is.value(person);
        is.text += &format!(
            " AND (applied.actor = {actor} OR applied.actor IN (
                SELECT 'token:' || CAST(token.id AS TEXT) FROM token
                WHERE token.org = $1 AND token.person = {person}))"
        );
        is.text += &within(systems);
        let asked = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM applied
             JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             WHERE {} ORDER BY applied.at DESC, applied.id DESC LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        found.iter().map(Applied::from_row).collect()
    }

    /// Keeps when what a batch removes was gone, as far as it is known; what is kept already stays. What is new of it is told
    /// to the ledger, once, however many look at the same time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn see_applied(
        &self,
        org: Org,
        id: i64,
        (merged, deployed): (Option<Timestamp>, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql =
            "UPDATE applied SET merged = COALESCE(merged, $3), deployed = COALESCE(deployed, $4)
            WHERE org = $1 AND id = $2
                AND ((merged IS NULL AND CAST($3 AS BIGINT) IS NOT NULL)
                    OR (deployed IS NULL AND CAST($4 AS BIGINT) IS NOT NULL))
            RETURNING asset, merged, deployed";
        let values = args![org.0, id, merged.map(micros), deployed.map(micros)];
        let Some(row) = tx.first(sql, values).await? else { return Ok(()) };
        let (merged, deployed) = (maybe(row.maybe_int(1)?)?, maybe(row.maybe_int(2)?)?);
        let data = json!({ "what": "update", "update": id,
            "merged": merged.map(|at| at.to_string()),
            "deployed": deployed.map(|at| at.to_string()) });
        ledger::append(&mut tx, org, &[event(row.int(0)?, "trimtab", now, data)]).await?;
        tx.commit().await
    }

    /// Batches of a team's systems that were carried out since a moment and of which it is not known that they are in
    /// production, at most `limit`: those of which it is not known that they are merged before the others, and the newest
    /// first. Those of which nothing can be merged are none of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn unfinished(
        &self,
        org: Org,
        team: i64,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Applied>> {
        let told = match self.engine() {
            Engine::Sqlite => "applied.told",
            Engine::Postgres => "CAST(applied.told AS jsonb)",
        };
        let more = format!(
            "AND applied.deployed IS NULL AND applied.at >= $4
            AND COALESCE({told} ->> 'outcome', '') NOT IN ('nothing', 'refused')"
        );
        let order = "CASE WHEN applied.merged IS NULL THEN 0 ELSE 1 END,";
        self.applied_of(org, (team, limit), (&more, order), Some(since)).await
    }

    /// Batches of a team's systems that are over (merged, in production or taken back) or of which people said what they
    /// took, the newest first, at most `limit`. Of some systems alone; `None`: of all of the team's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn finished(
        &self,
        org: Org,
        team: i64,
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Applied>> {
        let mut more = "AND (applied.points IS NOT NULL OR applied.reverted IS NOT NULL
            OR applied.merged IS NOT NULL OR applied.deployed IS NOT NULL)"
            .to_owned();
        more += &within(systems);
        self.applied_of(org, (team, limit), (&more, ""), None).await
    }

    async fn applied_of(
        &self,
        org: Org,
        (team, limit): (i64, usize),
        (more, order): (&str, &str),
        since: Option<Timestamp>,
    ) -> Result<Vec<Applied>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM applied
             JOIN asset ON asset.org = $1 AND asset.id = applied.asset
             JOIN system ON system.org = $1 AND system.id = asset.system
             WHERE applied.org = $1 AND system.team = $2 {more}
             ORDER BY {order} applied.at DESC, applied.id DESC LIMIT $3"
        );
        let mut values = args![org.0, team, i64::try_from(limit).unwrap_or(i64::MAX)];
        if let Some(since) = since {
            values.push(micros(since).into());
        }
        let rows = (&mut &self.db).all(&sql, values).await?;
        rows.iter().map(Applied::from_row).collect()
    }

    /// A mark of what a team's batches came to: while it is the same, so is what is learnt of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn finished_mark(&self, org: Org, team: i64) -> Result<String> {
        let sql = "SELECT COUNT(applied.points), COUNT(applied.reverted),
                COALESCE(SUM(applied.points), 0.0), COUNT(applied.merged), COUNT(applied.deployed)
            FROM applied
            JOIN asset ON asset.org = $1 AND asset.id = applied.asset
            JOIN system ON system.org = $1 AND system.id = asset.system
            WHERE applied.org = $1 AND system.team = $2";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        let lost = || StoreError::Damaged("no sum".to_owned());
        let row = row.ok_or_else(lost)?;
        let (merged, deployed) = (row.int(3)?, row.int(4)?);
        Ok(format!("{} {} {} {merged} {deployed}", row.int(0)?, row.int(1)?, row.real(2)?))
    }

    /// What was planned of an asset, the newest first, at most `limit`: entries of the ledger.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn planned_of(
        &self,
        org: Org,
        asset: i64,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<ledger::Entry>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        ledger::about(
            &mut &self.db,
            "org = $1 AND asset = $2 AND kind = 'planned' AND at <= $3 ORDER BY seq DESC LIMIT $4",
            args![org.0, asset, micros(until), limit],
        )
        .await
    }
}

/// What was done in a batch, as far as it teaches what such changes cost: the sort of each action with the points that were
/// planned for it; where no action tells its sort, from which version to which each package moved. `None`: it is more than the
/// ledger keeps.
fn did(told: &serde_json::Value) -> Option<Vec<serde_json::Value>> {
    let list = |name: &str| told[name].as_array().map_or(&[][..], Vec::as_slice);
    let done = list("actions").iter().filter(|action| action["outcome"] == "done");
    let sort = |action: &serde_json::Value| {
        let is = action["estimate"].as_object()?;
        let of = |name: &str| is.get(name).cloned().unwrap_or_default();
        Some(json!({ "kind": of("kind"), "distance": of("distance"),
            "transitive": of("transitive"), "points": action["points"] }))
    };
    let mut all: Vec<_> = done.filter_map(sort).collect();
    if all.is_empty() {
        let version = |of: Option<&serde_json::Value>| of.cloned().unwrap_or_default();
        let moved = |is: &serde_json::Value| {
            let end = |name: &str| is[name].as_array();
            json!({ "from": version(end("from").and_then(|all| all.first())),
                "to": version(end("to").and_then(|all| all.last())) })
        };
        all.extend(list("moves").iter().map(moved));
    }
    let long: usize = all.iter().map(|line| line.to_string().len()).sum();
    (all.len() <= REMOVED && long <= LONGEST).then_some(all)
}

/// What a batch removes, as its evidence says: the names of vulnerabilities, each with its package. Of what was pushed the
/// ledger keeps so much, for ever; how many more there are is the second.
fn removes(told: &serde_json::Value) -> (Vec<serde_json::Value>, usize) {
    let all = told["removes"].as_array().map_or(&[][..], Vec::as_slice);
    let (mut kept, mut long) = (Vec::new(), 0);
    for gone in all.iter().take(REMOVED) {
        let line = json!({ "package": gone["package"], "vulnerability": gone["vulnerability"] });
        long += line.to_string().len();
        if long > LONGEST {
            break;
        }
        kept.push(line);
    }
    let more = all.len() - kept.len();
    (kept, more)
}

pub(crate) fn event(asset: i64, actor: &str, at: Timestamp, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Changed,
        at,
        actor: actor.to_owned(),
        system: None,
        asset: Some(asset),
        finding: None,
        data,
    }
}
