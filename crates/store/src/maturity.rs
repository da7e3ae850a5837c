//! What is kept of maturity: how much an organisation asks of itself, the stage of each day, and how far its ledger was
//! found to hold.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::condition::listed;
use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
use crate::tx::Tx;
use crate::{Org, Store, ledger};

/// How much of a criterion is enough for an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// The criterion.
    pub criterion: String,
    /// In percent.
    pub least: i64,
    /// Why.
    pub reason: String,
    /// Since when.
    pub at: Timestamp,
    /// Who said so.
    pub actor: String,
}

/// The stage of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageDay {
    /// Of which team. `None`: of the organisation.
    pub team: Option<i64>,
    /// The day, since 1970.
    pub day: i64,
    /// 1 to 5.
    pub stage: i64,
    /// How many criteria were met.
    pub met: i64,
    /// How many were not.
    pub unmet: i64,
    /// Of how many it was not known.
    pub unknown: i64,
}

impl StageDay {
    fn from_row(row: &Row) -> Result<StageDay> {
        Ok(StageDay {
            team: Some(row.int(0)?).filter(|team| *team != 0),
            day: row.int(1)?,
            stage: row.int(2)?,
            met: row.int(3)?,
            unmet: row.int(4)?,
            unknown: row.int(5)?,
        })
    }
}

/// So many stages, teams and products one entry tells at most of each: more are told in more entries.
const TOLD: usize = 500;

/// What the ledger was told of each team last, with the day on which; of the organisation on each day on which it was told.
async fn told_last(tx: &mut Tx, org: Org) -> Result<HashMap<Option<i64>, StageDay>> {
    let sql = "SELECT team, day, stage, met, unmet, unknown FROM maturity_told WHERE org = $1";
    let rows = tx.all(sql, args![org.0]).await?;
    let told = |row: &Row| StageDay::from_row(row).map(|is| (is.team, is));
    rows.iter().map(told).collect()
}

async fn put_told(tx: &mut Tx, org: Org, all: &[StageDay]) -> Result<()> {
    for is in all {
        let sql = "INSERT INTO maturity_told (org, team, day, stage, met, unmet, unknown)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (org, team) DO UPDATE SET day = excluded.day, stage = excluded.stage,
                met = excluded.met, unmet = excluded.unmet, unknown = excluded.unknown";
        let team = is.team.unwrap_or(0);
        let values = args![org.0, team, is.day, is.stage, is.met, is.unmet, is.unknown];
        tx.run(sql, values).await?;
    }
    Ok(())
}

/// The entries of a judgement: the first has what is one number, and each a part of what are lists.
fn parts(stages: Vec<Value>, rests: Value) -> Vec<Value> {
    let (mut one, mut lists) = (json!({ "what": "maturity" }), vec![("stages".to_owned(), stages)]);
    if let Value::Object(rests) = rests {
        for (name, is) in rests {
            match is {
                Value::Array(all) => lists.push((name, all)),
                is => one[name] = is,
            }
        }
    }
    let longest = lists.iter().map(|(_, all)| all.len()).max().unwrap_or(0);
    let part = |at: usize| {
        let mut data = if at == 0 { one.clone() } else { json!({ "what": "maturity" }) };
        for (name, all) in &lists {
            let of = all.iter().skip(at * TOLD).take(TOLD).cloned();
            data[name.as_str()] = of.collect();
        }
        data
    };
    (0..longest.div_ceil(TOLD).max(1)).map(part).collect()
}

async fn put(tx: &mut Tx, org: Org, all: &[StageDay]) -> Result<()> {
    for is in all {
        let sql = "INSERT INTO maturity_day (org, team, day, stage, met, unmet, unknown)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (org, team, day) DO UPDATE SET stage = excluded.stage,
                met = excluded.met, unmet = excluded.unmet, unknown = excluded.unknown";
        let team = is.team.unwrap_or(0);
        let values = args![org.0, team, is.day, is.stage, is.met, is.unmet, is.unknown];
        tx.run(sql, values).await?;
    }
    Ok(())
}

/// How far a ledger was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Up to where, in this pass: the entry, and its seal. `None`: nowhere yet.
    pub place: Option<(i64, String)>,
    /// When this pass began.
    pub began: Timestamp,
    /// When it was gone on with last.
    pub read: Timestamp,
    /// How many entries there were.
    pub entries: i64,
    /// What the last pass came to that ended: whether it holds, and since when that is known.
    pub holds: Option<(bool, Timestamp)>,
}

impl Store {
    /// What an organisation asks of itself otherwise than others, by criterion.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn thresholds(&self, org: Org) -> Result<Vec<Threshold>> {
        let sql = "SELECT criterion, least, reason, at, actor FROM maturity_threshold
            WHERE org = $1 ORDER BY criterion";
        let read = |row: &Row| {
            Ok(Threshold {
                criterion: row.text(0)?,
                least: row.int(1)?,
                reason: row.text(2)?,
                at: moment(row.int(3)?)?,
                actor: row.text(4)?,
            })
        };
        (&mut &self.db).all(sql, args![org.0]).await?.iter().map(read).collect()
    }

    /// Says how much of a criterion is enough, and why. `None`: as for others again. `false`: it is so already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_threshold(
        &self,
        org: Org,
        (criterion, least, reason): (&str, Option<i64>, &str),
        (actor, now): (&str, Timestamp),
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let done = match least {
            None => {
                let sql = "DELETE FROM maturity_threshold WHERE org = $1 AND criterion = $2";
                tx.run(sql, args![org.0, criterion]).await?
            }
            Some(least) => {
                let sql = "INSERT INTO maturity_threshold
                        (org, criterion, least, reason, at, actor)
                    VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (org, criterion) DO UPDATE SET least = excluded.least,
                        reason = excluded.reason, at = excluded.at, actor = excluded.actor
                    WHERE maturity_threshold.least <> excluded.least
                        OR maturity_threshold.reason <> excluded.reason";
                let values = args![org.0, criterion, least, reason, micros(now), actor];
                tx.run(sql, values).await?
            }
        };
        if done == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "maturity-threshold", "criterion": criterion, "least": least,
            "reason": reason });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Keeps the stages of days, in place of what was kept of the same days.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_stages(&self, org: Org, all: &[StageDay]) -> Result<()> {
        let mut tx = self.db.begin().await?;
        put(&mut tx, org, all).await?;
        tx.commit().await
    }

    /// Keeps the stages of a day as they were judged at a moment, and tells the ledger once a day what they rest on that no
    /// other entry says (`rests`, an object), with the stages that are otherwise than it was told before, all of them at
    /// first; again on the same day where they came out otherwise. Returns whether the ledger was told.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn judge_stages(
        &self,
        org: Org,
        all: &[StageDay],
        (rests, now): (Value, Timestamp),
    ) -> Result<bool> {
        let Some(first) = all.first() else { return Ok(false) };
        let mut tx = self.db.begin().await?;
        // Of two that judge at once the second sees what the first told.
        ledger::hold(&mut tx, org).await?;
        let before = told_last(&mut tx, org).await?;
        let is_other = |is: &&StageDay| {
            before.get(&is.team).is_none_or(|was| StageDay { day: is.day, ..*was } != **is)
        };
        let other: Vec<StageDay> = all.iter().filter(is_other).copied().collect();
        let is_same_day = before.values().any(|was| was.day == first.day);
        put(&mut tx, org, all).await?;
        let is_told = !(is_same_day && other.is_empty());
        if is_told {
            // The organisation is the first: its row tells on which day it was.
            put_told(&mut tx, org, std::slice::from_ref(first)).await?;
            put_told(&mut tx, org, &other).await?;
            let stages = other.iter().map(|is| {
                json!({ "team": is.team, "stage": is.stage, "met": is.met, "not_met": is.unmet,
                    "unknown": is.unknown })
            });
            let told = parts(stages.collect(), rests).into_iter();
            let told: Vec<_> = told.map(|data| changed("trimtab", now, data)).collect();
            ledger::append(&mut tx, org, &told).await?;
        }
        tx.commit().await?;
        Ok(is_told)
    }

    /// The stages of a team, or of the organisation, on days of a time, both included, by day. Days that nobody kept are
    /// not among them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stages(
        &self,
        org: Org,
        team: Option<i64>,
        (first, last): (i64, i64),
    ) -> Result<Vec<StageDay>> {
        let sql = "SELECT team, day, stage, met, unmet, unknown FROM maturity_day
            WHERE org = $1 AND team = $2 AND day >= $3 AND day <= $4 ORDER BY day";
        let values = args![org.0, team.unwrap_or(0), first, last];
        (&mut &self.db).all(sql, values).await?.iter().map(StageDay::from_row).collect()
    }

    /// The systems that some assets belong to now. Those that belong to none are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn systems_of_assets(&self, org: Org, assets: &[i64]) -> Result<HashMap<i64, i64>> {
        if assets.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = format!(
            "SELECT id, system FROM asset
             WHERE org = $1 AND system IS NOT NULL AND id IN ({})",
            listed(assets)
        );
        let rows = (&mut &self.db).all(&sql, args![org.0]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// How far a ledger was found to hold. `None`: nobody looked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn proof(&self, org: Org) -> Result<Option<Proof>> {
        let sql = "SELECT seq, hash, began, read, entries, holds, since FROM ledger_proof
            WHERE org = $1";
        let Some(row) = (&mut &self.db).first(sql, args![org.0]).await? else { return Ok(None) };
        let (seq, hash) = (row.int(0)?, row.text(1)?);
        let holds = row.maybe_int(5)?.map(|holds| holds != 0);
        Ok(Some(Proof {
            place: (seq > 0).then_some((seq, hash)),
            began: moment(row.int(2)?)?,
            read: moment(row.int(3)?)?,
            entries: row.int(4)?,
            holds: holds.zip(maybe(row.maybe_int(6)?)?),
        }))
    }

    /// Keeps how far a ledger was found to hold.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_proof(&self, org: Org, is: &Proof) -> Result<()> {
        let sql = "INSERT INTO ledger_proof (org, seq, hash, began, read, entries, holds, since)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (org) DO UPDATE SET seq = excluded.seq, hash = excluded.hash,
                began = excluded.began, read = excluded.read, entries = excluded.entries,
                holds = excluded.holds, since = excluded.since";
        let (seq, hash) = is.place.as_ref().map_or((0, ""), |(seq, hash)| (*seq, hash.as_str()));
        let values = args![
            org.0,
            seq,
            hash,
            micros(is.began),
            micros(is.read),
            is.entries,
            is.holds.map(|(holds, _)| i64::from(holds)),
            is.holds.map(|(_, since)| micros(since))
        ];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }
}
