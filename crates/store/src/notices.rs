//! Notices of teams: how each wishes to be told, and what there is to tell it of. What was told is in [`crate::letters`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::db::{Row, Sql, Tx, args, rows};
use crate::error::{Result, StoreError};
use crate::findings::counting;
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store, ledger};

/// How a team wishes to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Wished {
    /// The team.
    pub team: i64,
    /// What it wishes; the server reads it.
    pub told: Value,
    /// Where its channel is, sealed. `None`: it needs none.
    pub sealed: Option<Vec<u8>>,
    /// Counts changes of this and letters that were begun.
    pub turn: i64,
    /// When the last digest was due of which nobody could read anything. `None`: none was.
    pub passed: Option<Timestamp>,
}

/// Something to do, as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPending {
    /// Which action it is.
    pub item: String,
    /// What is told of it: with another mark it is told again.
    pub mark: String,
    /// How it is told; the server reads it.
    pub told: Value,
    /// Whether the charter calls it *now*.
    pub urgent: bool,
    /// For what, in order: with something more it is another alarm.
    pub urgent_of: Vec<String>,
}

/// Something to do, and since when.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Which action it is.
    pub item: String,
    /// How it is told.
    pub told: Value,
    /// When what is told of it changed last.
    pub since: Timestamp,
    /// Since when the charter calls it *now*.
    pub urgent: Option<Timestamp>,
    /// When somebody said last that they have it, and who.
    pub acknowledged: Option<(Timestamp, String)>,
}

/// As many rows are written at once.
const BLOCK: usize = 1000;
/// So far apart two clocks are taken to be at most, where it matters who looked later.
const APART: SignedDuration = SignedDuration::from_mins(10);

fn json_of(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|e| StoreError::Damaged(e.to_string()))
}

impl Wished {
    fn from_row(row: &Row) -> Result<Wished> {
        Ok(Wished {
            team: row.int(0)?,
            told: json_of(&row.text(1)?)?,
            sealed: row.maybe_bytes(2)?,
            turn: row.int(3)?,
            passed: Some(row.int(4)?).filter(|at| *at != 0).map(moment).transpose()?,
        })
    }
}

impl Pending {
    fn from_row(row: &Row) -> Result<Pending> {
        let by = row.maybe_text(5)?.unwrap_or_default();
        Ok(Pending {
            item: row.text(0)?,
            told: json_of(&row.text(1)?)?,
            since: moment(row.int(2)?)?,
            urgent: maybe(row.maybe_int(3)?)?,
            acknowledged: maybe(row.maybe_int(4)?)?.map(|at| (at, by)),
        })
    }
}

/// What is behind the name of an item that is apart from another one, of which it was a part: what was told at once of one
/// of them was told of both.
pub const LEFT: &str = ":left";

/// The other name of an item, if it is or was one of two.
pub fn apart(item: &str) -> String {
    item.strip_suffix(LEFT).map_or_else(|| format!("{item}{LEFT}"), ToOwned::to_owned)
}

/// What a row was.
struct Was {
    mark: String,
    told: String,
    since: i64,
    urgent: Option<i64>,
    urgent_of: String,
    acknowledged: Option<i64>,
    by: Option<String>,
}

impl Was {
    /// Since when it is *now*, if it still is for nothing that it was not before.
    fn urgent_for(&self, of: &[String]) -> Option<i64> {
        let before = self.of();
        self.urgent.filter(|_| of.iter().all(|one| before.contains(one)))
    }

    /// For what it is *now*.
    fn of(&self) -> BTreeSet<String> {
        serde_json::from_str(&self.urgent_of).unwrap_or_default()
    }
}

/// What of an item and of the one apart from it was *now* for some of the same, if all that the item is *now* for was so in
/// one of them: that it is cut or brought together otherwise is no other alarm.
fn together<'w>(all: &'w BTreeMap<String, Was>, new: &NewPending) -> Vec<&'w Was> {
    let own = [all.get(&new.item), all.get(&apart(&new.item))];
    let own: Vec<&Was> = own.into_iter().flatten().filter(|was| was.urgent.is_some()).collect();
    let known: BTreeSet<String> = own.iter().flat_map(|was| was.of()).collect();
    if new.urgent_of.is_empty() || !new.urgent_of.iter().all(|one| known.contains(one)) {
        return Vec::new();
    }
    own.into_iter().filter(|was| was.of().iter().any(|one| new.urgent_of.contains(one))).collect()
}

impl Store {
    /// Keeps how a team wishes to be told. `sealed`: another channel than before; `None` keeps what was there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_wishes(
        &self,
        org: Org,
        team: i64,
        (told, sealed): (&Value, Option<Vec<u8>>),
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO notice_wishes (org, team, told, sealed, turn)
            VALUES ($1, $2, $3, $4, 1)
            ON CONFLICT (org, team) DO UPDATE SET told = excluded.told,
                sealed = COALESCE(excluded.sealed, notice_wishes.sealed),
                turn = notice_wishes.turn + 1";
        let another = sealed.is_some();
        tx.run(sql, args![org.0, team, told.to_string(), sealed]).await?;
        let data = json!({ "what": "notice-wishes", "team": team, "wishes": told,
            "another_address": another });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// How a team wishes to be told. `None`: it said nothing yet.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn wishes(&self, org: Org, team: i64) -> Result<Option<Wished>> {
        let sql = "SELECT team, told, sealed, turn, passed FROM notice_wishes
            WHERE org = $1 AND team = $2";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        row.as_ref().map(Wished::from_row).transpose()
    }

    /// How every team wishes to be told, as far as it said so, by team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn all_wishes(&self, org: Org) -> Result<Vec<(i64, Value)>> {
        let sql = "SELECT team, told FROM notice_wishes WHERE org = $1 ORDER BY team";
        let found = (&mut &self.db).all(sql, args![org.0]).await?;
        found.iter().map(|row| Ok((row.int(0)?, json_of(&row.text(1)?)?))).collect()
    }

    /// Notes that a team's digest was due and nobody could read anything of it: what waits comes with the next.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn pass_digest(&self, org: Org, team: i64, now: Timestamp) -> Result<()> {
        let sql = "UPDATE notice_wishes SET passed = $3
            WHERE org = $1 AND team = $2 AND passed < $3";
        (&mut &self.db).run(sql, args![org.0, team, micros(now)]).await.map(|_| ())
    }

    /// By what teams' things to do were looked at last, by team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn notice_looks(&self, org: Org) -> Result<BTreeMap<i64, String>> {
        let sql = "SELECT team, mark FROM notice_look WHERE org = $1";
        let found = (&mut &self.db).all(sql, args![org.0]).await?;
        found.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// What a team has to do, by item.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn pending(&self, org: Org, team: i64) -> Result<Vec<Pending>> {
        let sql = "SELECT item, told, since, urgent, acknowledged, acknowledged_by
            FROM notice_pending WHERE org = $1 AND team = $2 ORDER BY item";
        let found = (&mut &self.db).all(sql, args![org.0, team]).await?;
        found.iter().map(Pending::from_row).collect()
    }

    /// Brings what a team has to do to what it is now, each item once, and keeps by what that was looked at. What is as
    /// before keeps its time; what is gone and comes back is new. Returns when another looked who did so after `now`: then
    /// what that one found stands.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn bring_pending(
        &self,
        org: Org,
        team: i64,
        (all, look): (&[NewPending], &str),
        now: Timestamp,
    ) -> Result<Option<Timestamp>> {
        let mut tx = self.db.begin().await?;
        // Two that look at once write one after the other.
        ledger::hold(&mut tx, org).await?;
        if let Some(looked) = looked_after(&mut tx, org, team, now).await? {
            return Ok(Some(looked));
        }
        let were = were(&mut tx, org, team).await?;
        let digest = last_digest(&mut tx, org, team).await?;
        let at = micros(now);
        let mut lines = Vec::new();
        let mut gone: BTreeSet<&String> = were.keys().collect();
        for new in all {
            match line(new, &were, digest, at) {
                // What changed goes and comes anew.
                Some(line) => lines.push(line),
                None => {
                    gone.remove(&new.item);
                }
            }
        }
        let gone: Vec<String> = gone.into_iter().cloned().collect();
        for block in gone.chunks(BLOCK) {
            drop_items(&mut tx, org, team, block).await?;
        }
        for block in lines.chunks(BLOCK) {
            add_items(&mut tx, org, team, block).await?;
        }
        let sql = "INSERT INTO notice_look (org, team, mark, looked) VALUES ($1, $2, $3, $4)
            ON CONFLICT (org, team) DO UPDATE SET mark = excluded.mark, looked = excluded.looked";
        tx.run(sql, args![org.0, team, look, at]).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// In which systems teams' findings that count are, as a mark by team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn finding_places(&self, org: Org) -> Result<BTreeMap<i64, i64>> {
        let is = counting(org);
        // By the finding too: two that change places are elsewhere.
        let sql = format!(
            "SELECT team, CAST(SUM(COALESCE(system, 0) * (id % 9973)) AS BIGINT)
             FROM finding WHERE {} AND team IS NOT NULL GROUP BY team",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        found.iter().map(|row| Ok((row.int(0)?, row.int(1)?))).collect()
    }

    /// Notes that somebody has some of what a team has to do. Returns how many of them the charter calls *now*, for which
    /// nobody said so since it does.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn acknowledge(
        &self,
        org: Org,
        team: i64,
        items: &[String],
        actor: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        ledger::hold(&mut tx, org).await?;
        let mut had: Vec<String> = Vec::new();
        for block in items.chunks(BLOCK) {
            let lines: Value = block.iter().map(|item| json!([item])).collect();
            let table = rows(tx.engine(), "$5", &[("item", "TEXT")]);
            let sql = format!(
                "UPDATE notice_pending SET acknowledged_by = $4,
                    acknowledged = CASE WHEN urgent > $3 THEN urgent ELSE $3 END
                 WHERE org = $1 AND team = $2 AND urgent IS NOT NULL
                    AND (acknowledged IS NULL OR acknowledged < urgent)
                    AND item IN (SELECT item FROM {table}) RETURNING item"
            );
            let values = args![org.0, team, micros(now), actor, lines.to_string()];
            for row in tx.all(&sql, values).await? {
                had.push(row.text(0)?);
            }
        }
        if had.is_empty() {
            return Ok(0);
        }
        had.sort_unstable();
        // Who began to tell further people of it meanwhile decides anew.
        let sql = "UPDATE notice_wishes SET turn = turn + 1 WHERE org = $1 AND team = $2";
        tx.run(sql, args![org.0, team]).await?;
        let data = json!({ "what": "notice-acknowledged", "team": team, "items": had });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(u64::try_from(had.len()).unwrap_or(u64::MAX))
    }

    /// The number of the newest notice of the outbox that was not looked at. `None`: all were.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn newest_unsent(&self, org: Org) -> Result<Option<i64>> {
        let sql = "SELECT MAX(id) FROM outbox WHERE sent IS NULL AND org = $1";
        let row = (&mut &self.db).first(sql, args![org.0]).await?;
        row.map_or(Ok(None), |row| row.maybe_int(0))
    }

    /// Notes that all notices of the outbox up to a number were looked at.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_all_sent(&self, org: Org, up_to: i64, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE outbox SET sent = $3, attempts = attempts + 1
            WHERE org = $1 AND id <= $2 AND sent IS NULL";
        (&mut &self.db).run(sql, args![org.0, up_to, micros(now)]).await
    }
}

/// When another one looked, if that was after a moment.
async fn looked_after(
    tx: &mut Tx,
    org: Org,
    team: i64,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let sql = "SELECT looked FROM notice_look
        WHERE org = $1 AND team = $2 AND looked > $3 AND looked < $4";
    let most = now.checked_add(APART).unwrap_or(Timestamp::MAX);
    let row = tx.first(sql, args![org.0, team, micros(now), micros(most)]).await?;
    row.map(|row| moment(row.int(0)?)).transpose()
}

/// What a team had to do, by item.
async fn were(tx: &mut Tx, org: Org, team: i64) -> Result<BTreeMap<String, Was>> {
    let sql = "SELECT item, mark, told, since, urgent, acknowledged, acknowledged_by, urgent_of
        FROM notice_pending WHERE org = $1 AND team = $2";
    let mut were = BTreeMap::new();
    for row in tx.all(sql, args![org.0, team]).await? {
        let was = Was {
            mark: row.text(1)?,
            told: row.text(2)?,
            since: row.int(3)?,
            urgent: row.maybe_int(4)?,
            acknowledged: row.maybe_int(5)?,
            by: row.maybe_text(6)?,
            urgent_of: row.text(7)?,
        };
        were.insert(row.text(0)?, was);
    }
    Ok(were)
}

/// When a team's last digest was written.
async fn last_digest(tx: &mut Tx, org: Org, team: i64) -> Result<Option<i64>> {
    let sql = "SELECT MAX(at) FROM letter WHERE org = $1 AND team = $2 AND why = 'digest'";
    match tx.first(sql, args![org.0, team]).await? {
        Some(row) => row.maybe_int(0),
        None => Ok(None),
    }
}

/// What is to be written of an item, which is now as it is told. `None`: it is as before.
fn line(
    new: &NewPending,
    were: &BTreeMap<String, Was>,
    digest: Option<i64>,
    at: i64,
) -> Option<Value> {
    let was = were.get(&new.item);
    let told = new.told.to_string();
    // What no digest was about yet is as old as its oldest news: else what changes again and again, or just when a
    // digest is due, would be put off to the next one.
    let untold = |was: &Was| digest.is_none_or(|digest| digest < was.since);
    let since = was.filter(|was| was.mark == new.mark || untold(was));
    let since = since.map_or(at, |was| was.since);
    let urgent_of = json!(new.urgent_of).to_string();
    let before = was.and_then(|was| was.urgent_for(&new.urgent_of));
    let both = if before.is_none() { together(were, new) } else { Vec::new() };
    let before = before.or_else(|| both.iter().filter_map(|was| was.urgent).max());
    let urgent = new.urgent.then(|| before.unwrap_or(at));
    let same = was.is_some_and(|was| {
        was.mark == new.mark
            && was.told == told
            && was.urgent == urgent
            && was.urgent_of == urgent_of
    });
    if same {
        return None;
    }
    // Who said that they have all of it has each part.
    let had = was.or_else(|| both.first().copied());
    let (acknowledged, by) =
        had.map(|was| (was.acknowledged, was.by.as_deref())).unwrap_or_default();
    Some(json!([new.item, new.mark, told, since, urgent, urgent_of, acknowledged, by]))
}

async fn add_items(tx: &mut Tx, org: Org, team: i64, lines: &[Value]) -> Result<()> {
    let columns = [
        ("item", "TEXT"),
        ("mark", "TEXT"),
        ("told", "TEXT"),
        ("since", "BIGINT"),
        ("urgent", "BIGINT"),
        ("urgent_of", "TEXT"),
        ("acknowledged", "BIGINT"),
        ("acknowledged_by", "TEXT"),
    ];
    let table = rows(tx.engine(), "$3", &columns);
    let sql = format!(
        "INSERT INTO notice_pending (org, team, item, mark, told, since, urgent, urgent_of,
            acknowledged, acknowledged_by)
         SELECT $1, $2, item, mark, told, since, urgent, urgent_of, acknowledged,
            acknowledged_by
         FROM {table}"
    );
    let lines = Value::from(lines.to_vec()).to_string();
    tx.run(&sql, args![org.0, team, lines]).await.map(|_| ())
}

async fn drop_items(tx: &mut Tx, org: Org, team: i64, items: &[String]) -> Result<()> {
    let lines: Value = items.iter().map(|item| json!([item])).collect();
    let table = rows(tx.engine(), "$3", &[("item", "TEXT")]);
    let sql = format!(
        "DELETE FROM notice_pending WHERE org = $1 AND team = $2
            AND item IN (SELECT item FROM {table})"
    );
    tx.run(&sql, args![org.0, team, lines.to_string()]).await.map(|_| ())
}
