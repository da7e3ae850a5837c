//! A verdict that comes: whether the same was said before, what is kept of it, and which refusals it answers.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::told::{BLOCK, MAIN, OPEN, answer, count, cut, event};
use super::{Answered, Judgement, NewVerdict, Reason, VerdictSource};
use crate::Org;
use crate::db::{Sql, Tx, args};
use crate::error::Result;
use crate::ids::Kind;
use crate::ledger::{NewEvent, hex};
use crate::time::micros;

/// The most reasons that are kept of a verdict.
const REASONS: usize = 200;
/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;
/// The most rules that its entry of the ledger names.
const RULES: usize = 50;

/// A verdict that is to be kept.
pub(super) struct Coming<'v> {
    pub(super) org: Org,
    pub(super) new: &'v NewVerdict,
    /// Its branch; empty: none.
    pub(super) branch: String,
    pub(super) digest: String,
    /// Of how many reasons that refuse it is not known here what they are about.
    pub(super) loose: i64,
    pub(super) actor: &'v str,
    pub(super) made: Timestamp,
    pub(super) now: Timestamp,
}

/// A verdict that says the same.
pub(super) struct Same {
    pub(super) id: i64,
    /// When it was said last.
    last: i64,
    /// How often.
    times: i64,
}

impl Coming<'_> {
    /// The last one of the branch, if it says the same. Of packages each has its own. What was answered and stands open
    /// again is refused anew.
    pub(super) async fn same(&self, tx: &mut Tx) -> Result<Option<Same>> {
        let sql = format!(
            "SELECT v.id, v.digest, CAST(CASE WHEN v.answered IS NOT NULL AND {OPEN}
                THEN 1 ELSE 0 END AS BIGINT), v.last, v.times
             FROM verdict AS v WHERE v.org = $1 AND v.asset = $2 AND v.source = $3
                AND COALESCE(v.branch, '') = $4 AND (v.source <> 'check-new' OR v.revision = $5)
             ORDER BY v.id DESC LIMIT 1"
        );
        let (source, revision) = (self.new.source.as_str(), self.new.revision.clone());
        let values = args![self.org.0, self.new.asset, source, self.branch.clone(), revision];
        match tx.first(&sql, values).await? {
            Some(row) if row.text(1)? == self.digest && row.int(2)? == 0 => {
                Ok(Some(Same { id: row.int(0)?, last: row.int(3)?, times: row.int(4)? }))
            }
            _ => Ok(None),
        }
    }

    /// Says one again. Returns what the ledger is told.
    pub(super) async fn say_again(&self, tx: &mut Tx, same: &Same) -> Result<Vec<NewEvent>> {
        let made = micros(self.made);
        // What was said before its document was read may be known by now.
        let sql = "UPDATE verdict SET last = CASE WHEN last < $3 THEN $3 ELSE last END,
            times = times + 1, loose = $4 WHERE org = $1 AND id = $2";
        tx.run(sql, args![self.org.0, same.id, made, self.loose]).await?;
        // The first of a day tells how often until then: a gate may say the same at each commit.
        if made.div_euclid(DAY) <= same.last.div_euclid(DAY) {
            return Ok(Vec::new());
        }
        let times = same.times.saturating_add(1);
        Ok(vec![self.event(json!({ "what": "verdict-again", "verdict": same.id, "times": times }))])
    }

    /// Adds it. Returns its id, and what the ledger is told.
    pub(super) async fn add(&self, tx: &mut Tx) -> Result<(i64, Vec<NewEvent>)> {
        let new = self.new;
        let told: Vec<Value> = new.reasons.iter().take(REASONS).map(Reason::told).collect();
        let id = crate::ids::within(tx, self.org, Kind::Verdict, 1).await?.start;
        let sql = "INSERT INTO verdict (org, id, asset, source, outcome, at, last, times, actor,
                revision, branch, snapshot, headline, charter, reasons, count, digest, loose)
            VALUES ($1, $2, $3, $4, $5, $6, $6, 1, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
        let values = args![
            self.org.0,
            id,
            new.asset,
            new.source.as_str(),
            new.judgement.as_str(),
            micros(self.made),
            self.actor,
            new.revision.clone(),
            new.branch.clone(),
            new.snapshot,
            cut(&new.headline),
            cut(&new.charter),
            Value::from(told).to_string(),
            count(new.reasons.len()),
            self.digest.clone(),
            self.loose
        ];
        tx.run(sql, values).await?;
        let mut rules: Vec<String> =
            new.reasons.iter().filter(|is| is.refuses).map(|is| cut(&is.rule)).collect();
        rules.sort_unstable();
        rules.dedup();
        rules.truncate(RULES);
        let data = json!({ "what": "verdict", "verdict": id, "source": new.source.as_str(),
            "outcome": new.judgement.as_str(), "revision": new.revision, "branch": new.branch,
            "snapshot": new.snapshot, "reasons": new.reasons.len(), "rules": rules });
        Ok((id, vec![self.event(data)]))
    }

    /// Answers the refusals before it, where it passed. Returns what the ledger is told.
    pub(super) async fn answers(&self, tx: &mut Tx, id: i64) -> Result<Vec<NewEvent>> {
        let new = self.new;
        if new.judgement != Judgement::Passed || new.source == VerdictSource::CheckNew {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT v.id FROM verdict AS v WHERE v.org = $1 AND v.asset = $2 AND v.source = $3
                AND COALESCE(v.branch, '') = $4 AND v.outcome = 'refused'
                AND v.answered IS NULL AND v.id < $5 AND v.last <= $7
                AND NOT ({MAIN} AND {OPEN})
             ORDER BY v.id DESC LIMIT $6"
        );
        let (source, branch) = (new.source.as_str(), self.branch.clone());
        let made = micros(self.made);
        let values = args![self.org.0, new.asset, source, branch, id, BLOCK, made];
        let mut told = Vec::new();
        for row in tx.all(&sql, values).await? {
            let refused = (row.int(0)?, new.asset);
            told.push(answer(tx, self.org, refused, Answered::Passed(id), self.now).await?);
        }
        Ok(told)
    }

    fn event(&self, data: Value) -> NewEvent {
        event(self.actor, self.now, self.new.asset, made_at(data, self.made, self.now))
    }
}

/// With when a verdict was made, where that was not when it came.
fn made_at(mut data: Value, made: Timestamp, now: Timestamp) -> Value {
    if micros(made) != micros(now) {
        data["made"] = json!(made.to_string());
    }
    data
}

/// The digest of what was said: words may tell how many hours late something is, and are not of it; nor is what is
/// looked up here, which may be known with the next of the same.
pub(super) fn digest(new: &NewVerdict) -> String {
    let key = |is: &Reason| json!([is.rule, is.refuses, is.vulnerability, is.level, is.brought]);
    let reasons: Vec<Value> = new.reasons.iter().map(key).collect();
    // Where nobody says of which commit it is, the document tells.
    let is_unnamed = new.source == VerdictSource::Push && new.revision.is_none();
    let snapshot = new.snapshot.filter(|_| is_unnamed);
    let said = json!([new.judgement.as_str(), new.revision, snapshot, new.charter, reasons]);
    hex(&Sha256::digest(said.to_string()))
}
