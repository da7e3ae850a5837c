//! What is said of a change is kept, and what answered a refusal: a pass, or a decision.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::coming::{Coming, digest};
use super::{Answered, NewVerdict};
use crate::db::{Sql, Tx, args};
use crate::error::Result;
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::time::micros;
use crate::{Org, Store};

/// The most refusals that are answered at once.
pub(super) const BLOCK: i64 = 500;
/// The longest text that is kept of a verdict or a reason, in characters.
const WORDS: usize = 500;

/// Something that refused is open on the main line, and nobody decided on it.
pub(super) const OPEN: &str = "EXISTS (SELECT 1 FROM verdict_subject AS s
    JOIN finding AS f ON f.org = s.org AND f.asset = v.asset AND f.vulnerability = s.vulnerability
    WHERE s.org = v.org AND s.verdict = v.id AND f.state = 'open' AND f.decision IS NULL)";
/// What was said of the main line. A pass of it may be of what is new alone: it mends nothing that is open.
pub(super) const MAIN: &str = "(v.source = 'push' OR v.branch IS NULL)";

impl Store {
    /// Keeps a verdict. Where it says what the last one of the branch said, that one is said again. One that passed
    /// answers the refusals before it. Returns its id, and whether it is new.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_verdict(
        &self,
        org: Org,
        new: &NewVerdict,
        actor: &str,
        now: Timestamp,
    ) -> Result<(i64, bool)> {
        self.add_verdict_made(org, new, actor, (now, now)).await
    }

    /// The same of a verdict that was made before it came: it is of that moment, and answers no refusal that was made, or
    /// said again, after it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_verdict_made(
        &self,
        org: Org,
        new: &NewVerdict,
        actor: &str,
        (made, now): (Timestamp, Timestamp),
    ) -> Result<(i64, bool)> {
        // Before anybody waits for the ledger.
        let refusing = new.reasons.iter().filter(|is| is.refuses);
        let mut names: Vec<String> = refusing.filter_map(|is| is.vulnerability.clone()).collect();
        names.sort_unstable();
        names.dedup();
        let known = self.vulnerabilities_named(org, &names).await?;
        let (subjects, loose) = subjects(new, &known);
        let is = Coming {
            org,
            new,
            branch: new.branch.clone().unwrap_or_default(),
            digest: digest(new),
            loose: count(loose),
            actor,
            made,
            now,
        };
        let mut tx = self.db.begin().await?;
        // One after the other, so that two of the same at once are one.
        ledger::hold(&mut tx, org).await?;
        let same = is.same(&mut tx).await?;
        let (id, mut told) = match &same {
            Some(same) => (same.id, is.say_again(&mut tx, same).await?),
            None => is.add(&mut tx).await?,
        };
        name(&mut tx, (org, id), &subjects).await?;
        told.extend(came_back(&mut tx, org, (new.asset, &is.branch), now).await?);
        if same.is_none() {
            told.extend(is.answers(&mut tx, id).await?);
        }
        ledger::append(&mut tx, org, &told).await?;
        tx.commit().await?;
        Ok((id, same.is_none()))
    }

    /// Notes which refusals were let through: every vulnerability that refused is decided on there, by a decision that
    /// was answered after the refusal; and which were mended after a pass that came before that was known. Returns how
    /// many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn let_through(&self, org: Org, now: Timestamp) -> Result<usize> {
        self.let_through_of(org, None, now).await
    }

    /// The same of one asset. `None`: of all.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn let_through_of(
        &self,
        org: Org,
        asset: Option<i64>,
        now: Timestamp,
    ) -> Result<usize> {
        let of = asset.map_or_else(String::new, |id| format!(" AND v.asset = {id}"));
        let mended = format!(
            "SELECT * FROM (SELECT v.id, v.asset, (SELECT MAX(p.id) FROM verdict AS p
                    WHERE p.org = v.org AND p.asset = v.asset AND p.source = v.source
                        AND COALESCE(p.branch, '') = COALESCE(v.branch, '')
                        AND p.outcome = 'passed'
                        AND (p.at > v.last OR (p.at = v.last AND p.id > v.id))) AS pass
                FROM verdict AS v
                WHERE v.org = $1{of} AND v.outcome = 'refused' AND v.answered IS NULL
                    AND v.source <> 'check-new' AND NOT ({MAIN} AND {OPEN})) AS m
             WHERE m.pass IS NOT NULL ORDER BY m.id LIMIT $2"
        );
        let decided = format!(
            "SELECT v.id, v.asset, (SELECT MAX(d.id) FROM verdict_subject AS s
                JOIN finding AS f ON f.org = s.org AND f.asset = v.asset
                    AND f.vulnerability = s.vulnerability
                JOIN decision AS d ON d.org = f.org AND d.id = f.decision AND d.answered >= v.at
                WHERE s.org = v.org AND s.verdict = v.id)
            FROM verdict AS v
            WHERE v.org = $1{of} AND v.outcome = 'refused' AND v.answered IS NULL AND v.loose = 0
                AND EXISTS (SELECT 1 FROM verdict_subject AS s
                    WHERE s.org = v.org AND s.verdict = v.id)
                AND NOT EXISTS (SELECT 1 FROM verdict_subject AS s
                    WHERE s.org = v.org AND s.verdict = v.id AND (
                        NOT EXISTS (SELECT 1 FROM finding AS f
                            JOIN decision AS d ON d.org = f.org AND d.id = f.decision
                            WHERE f.org = s.org AND f.asset = v.asset
                                AND f.vulnerability = s.vulnerability AND d.answered >= v.at)
                        OR EXISTS (SELECT 1 FROM finding AS f
                            WHERE f.org = s.org AND f.asset = v.asset AND f.state = 'open'
                                AND f.vulnerability = s.vulnerability AND f.decision IS NULL)))
            ORDER BY v.id LIMIT $2"
        );
        // Most often there is none, and nobody is held up.
        let one = || args![org.0, 1i64];
        if (&mut &self.db).first(&decided, one()).await?.is_none()
            && (&mut &self.db).first(&mended, one()).await?.is_none()
        {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        ledger::hold(&mut tx, org).await?;
        let mut told = Vec::new();
        for row in tx.all(&decided, args![org.0, BLOCK]).await? {
            let Some(decision) = row.maybe_int(2)? else { continue };
            let (id, asset) = (row.int(0)?, row.int(1)?);
            told.push(answer(&mut tx, org, (id, asset), Answered::Decided(decision), now).await?);
        }
        for row in tx.all(&mended, args![org.0, BLOCK]).await? {
            let Some(pass) = row.maybe_int(2)? else { continue };
            let (id, asset) = (row.int(0)?, row.int(1)?);
            told.push(answer(&mut tx, org, (id, asset), Answered::Passed(pass), now).await?);
        }
        ledger::append(&mut tx, org, &told).await?;
        tx.commit().await?;
        Ok(told.len())
    }

    /// Notes which branches were left: nothing came on them since a moment, neither a verdict nor an inventory; and which
    /// of those something came on again. Of what was refused there nobody waits for an answer. Returns how many changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn leave_verdicts(
        &self,
        org: Org,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<usize> {
        let came = "(EXISTS (SELECT 1 FROM verdict AS w WHERE w.org = v.org AND w.asset = v.asset
                AND w.branch = v.branch AND w.last >= $2)
            OR EXISTS (SELECT 1 FROM snapshot AS s WHERE s.org = v.org AND s.asset = v.asset
                AND s.branch = v.branch AND COALESCE(s.confirmed, s.received) >= $2))";
        let refused = "v.org = $1 AND v.outcome = 'refused' AND v.answered IS NULL
            AND v.branch IS NOT NULL AND v.source <> 'check-new'";
        let mut changed = 0;
        loop {
            // Asked before anybody waits for the ledger.
            let mut found = Vec::new();
            for (is, to) in
                [("v.abandoned IS NULL AND NOT", true), ("v.abandoned IS NOT NULL AND", false)]
            {
                let sql = format!(
                    "SELECT v.id, v.asset FROM verdict AS v WHERE {refused} AND {is} {came}
                     ORDER BY v.id LIMIT $3"
                );
                let values = args![org.0, micros(since), BLOCK];
                for row in (&mut &self.db).all(&sql, values).await? {
                    found.push((row.int(0)?, row.int(1)?, to));
                }
            }
            let done = self.note_left(org, &found, now).await?;
            if done == 0 {
                return Ok(changed);
            }
            changed += done;
        }
    }

    /// Notes of refusals, by id and asset, whether their branch was left, where that is new. Returns how many changed.
    async fn note_left(
        &self,
        org: Org,
        found: &[(i64, i64, bool)],
        now: Timestamp,
    ) -> Result<usize> {
        if found.is_empty() {
            return Ok(0);
        }
        let mut tx = self.db.begin().await?;
        ledger::hold(&mut tx, org).await?;
        let mut told = Vec::new();
        for (id, asset, to) in found {
            let was = if *to { "IS NULL" } else { "IS NOT NULL" };
            let sql = format!(
                "UPDATE verdict SET abandoned = $3
                 WHERE org = $1 AND id = $2 AND answered IS NULL AND abandoned {was}"
            );
            if tx.run(&sql, args![org.0, *id, to.then_some(micros(now))]).await? == 0 {
                continue;
            }
            let data = json!({ "what": "verdict-left", "verdict": id, "left": to });
            told.push(event("trimtab", now, *asset, data));
        }
        ledger::append(&mut tx, org, &told).await?;
        tx.commit().await?;
        Ok(told.len())
    }
}

/// Something came on a branch again that was left.
async fn came_back(
    tx: &mut Tx,
    org: Org,
    (asset, branch): (i64, &str),
    now: Timestamp,
) -> Result<Vec<NewEvent>> {
    let sql = "UPDATE verdict SET abandoned = NULL
        WHERE org = $1 AND asset = $2 AND branch = $3 AND abandoned IS NOT NULL
            AND answered IS NULL RETURNING id";
    let rows = tx.all(sql, args![org.0, asset, branch]).await?;
    let told = |row: &crate::db::Row| {
        let data = json!({ "what": "verdict-left", "verdict": row.int(0)?, "left": false });
        Ok(event("trimtab", now, asset, data))
    };
    rows.iter().map(told).collect()
}

pub(super) fn event(actor: &str, now: Timestamp, asset: i64, data: Value) -> NewEvent {
    NewEvent { asset: Some(asset), ..changed(actor, now, data) }
}

/// A text as far as it is kept.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(WORDS).collect()
}

/// A number as the store has it.
pub(super) fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// The vulnerabilities that refused, by their ids here, and how many reasons refused that no decision can answer.
fn subjects(new: &NewVerdict, known: &BTreeMap<String, i64>) -> (BTreeSet<i64>, usize) {
    let (mut all, mut loose) = (BTreeSet::new(), 0);
    for reason in new.reasons.iter().filter(|is| is.refuses) {
        match reason.vulnerability.as_ref().and_then(|name| known.get(name)) {
            Some(id) => {
                all.insert(*id);
            }
            None => loose += 1,
        }
    }
    (all, loose)
}

/// Keeps which vulnerabilities a verdict names.
async fn name(tx: &mut Tx, (org, id): (Org, i64), subjects: &BTreeSet<i64>) -> Result<()> {
    for subject in subjects {
        let sql = "INSERT INTO verdict_subject (org, verdict, vulnerability)
            VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        tx.run(sql, args![org.0, id, *subject]).await?;
    }
    Ok(())
}

/// Notes what answered a refusal.
pub(super) async fn answer(
    tx: &mut Tx,
    org: Org,
    (id, asset): (i64, i64),
    by: Answered,
    now: Timestamp,
) -> Result<NewEvent> {
    let (how, of) = match by {
        Answered::Passed(id) => ("passed", id),
        Answered::Decided(id) => ("decided", id),
    };
    let sql = "UPDATE verdict SET answered_how = $3, answered_by = $4, answered = $5
        WHERE org = $1 AND id = $2";
    tx.run(sql, args![org.0, id, how, of, micros(now)]).await?;
    let data = json!({ "what": "verdict-answered", "verdict": id, "how": how, "by": of });
    Ok(event("trimtab", now, asset, data))
}
