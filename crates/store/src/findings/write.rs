//! Writing findings: all that one settling brings, in a few statements.

use jiff::Timestamp;
use serde_json::json;

use super::Weighed;
use super::present::{Key, Present, Stored};
use super::tally::{Tallied, counts};
use crate::Org;
use crate::assets::Asset;
use crate::db::{Sql, Tx, args, rows};
use crate::error::Result;
use crate::findings::FindingState;
use crate::time::micros;

/// How many rows go into one statement.
const BLOCK: usize = 1000;

/// A finding as it is to be stored.
pub(super) struct Written<'r> {
    pub(super) id: i64,
    pub(super) asset: &'r Asset,
    pub(super) key: &'r Key,
    pub(super) is: &'r Present,
    pub(super) state: FindingState,
    pub(super) production: Option<bool>,
    pub(super) detected: Timestamp,
    pub(super) weighed: Option<Weighed>,
    pub(super) team: Option<i64>,
}

/// Whether a weighing came out otherwise: level, deadline, weight or decision. A probability that moved
/// within its band is no news (TRAPS 27).
pub(super) fn differs(was: &Stored, is: &Weighed) -> bool {
    was.level != Some(is.level as i64)
        || was.deadline != is.deadline
        || was.weight != Some(is.weight)
        || was.decision != is.decision.map(|(id, _)| id)
        || was.decided.as_deref() != is.decision.map(|(_, kind)| kind)
}

impl Written<'_> {
    pub(super) fn differs(&self, was: &Stored) -> bool {
        was.state != self.state
            || was.production != self.production
            || was.component != self.is.component
            || was.fix != self.is.fix
            || was.ours != self.is.ours
            || self.weighed.as_ref().is_some_and(|weighed| differs(was, weighed))
            || self.weighed.is_none() != was.level.is_none()
            // Another version of it may be gone, or be there too: a change costs otherwise and weighs the same.
            || self.weighed.as_ref().is_some_and(|weighed| weighed.cost != was.cost)
    }

    pub(super) fn tallied(&self) -> Tallied {
        let w = self.weighed.as_ref();
        Tallied {
            level: w.map(|w| w.level as i64),
            weight: w.map(|w| w.weight),
            fix: self.is.fix.clone(),
            counts: counts(self.state, self.production, w.is_some_and(|w| w.decision.is_some())),
        }
    }

    fn line(&self, now: Timestamp) -> serde_json::Value {
        let w = self.weighed.as_ref();
        let merged = (self.state == FindingState::Merged).then(|| micros(now));
        json!([
            self.id,
            self.asset.id,
            self.asset.system,
            self.team,
            self.key.0,
            self.key.1,
            self.is.component,
            self.state.as_str(),
            self.production,
            micros(self.detected),
            merged,
            w.map(|w| w.level as i64),
            w.map(|w| w.bounds.0 as i64),
            w.map(|w| w.bounds.1 as i64),
            w.map(|w| w.probability),
            w.map(|w| w.weight),
            w.and_then(|w| w.deadline).map(micros),
            w.map(|w| w.deadline_kind),
            w.and_then(|w| w.cost).map(|cost| cost.0),
            w.and_then(|w| w.cost).map(|cost| cost.1),
            self.is.fix,
            w.and_then(|w| w.decision).map(|decision| decision.0),
            w.and_then(|w| w.decision).map(|decision| decision.1),
        ])
    }
}

/// The columns of [`Written::line`].
const COLUMNS: [(&str, &str); 23] = [
    ("id", "BIGINT"),
    ("asset", "BIGINT"),
    ("system", "BIGINT"),
    ("team", "BIGINT"),
    ("package", "TEXT"),
    ("vulnerability", "BIGINT"),
    ("component", "BIGINT"),
    ("state", "TEXT"),
    ("production", "BOOLEAN"),
    ("detected", "BIGINT"),
    ("merged", "BIGINT"),
    ("level", "BIGINT"),
    ("level_least", "BIGINT"),
    ("level_most", "BIGINT"),
    ("probability", "DOUBLE PRECISION"),
    ("weight", "DOUBLE PRECISION"),
    ("deadline", "BIGINT"),
    ("deadline_kind", "TEXT"),
    ("cost_least", "DOUBLE PRECISION"),
    ("cost_most", "DOUBLE PRECISION"),
    ("fix", "TEXT"),
    ("decision", "BIGINT"),
    ("decided", "TEXT"),
];

/// Stores findings, and that the matcher says so or no longer does.
pub(super) async fn put(tx: &mut Tx, org: Org, all: &[Written<'_>], now: Timestamp) -> Result<()> {
    let names = COLUMNS.map(|(name, _)| name).join(", ");
    for block in all.chunks(BLOCK) {
        let lines: serde_json::Value = block.iter().map(|one| one.line(now)).collect();
        let table = rows(tx.engine(), "$2", &COLUMNS);
        let sql = format!(
            "INSERT INTO finding (org, {names}) SELECT $1, {names} FROM {table} WHERE TRUE
             ON CONFLICT (org, asset, package, vulnerability) DO UPDATE SET
                system = excluded.system, team = excluded.team, component = excluded.component,
                state = excluded.state, production = excluded.production,
                detected = excluded.detected,
                merged = CASE WHEN excluded.merged IS NULL THEN NULL
                    WHEN finding.fixed IS NOT NULL THEN excluded.merged
                    ELSE COALESCE(finding.merged, excluded.merged) END,
                fixed = NULL, level = excluded.level, level_least = excluded.level_least,
                level_most = excluded.level_most, probability = excluded.probability,
                weight = excluded.weight, deadline = excluded.deadline,
                deadline_kind = excluded.deadline_kind, cost_least = excluded.cost_least,
                cost_most = excluded.cost_most, fix = excluded.fix, decision = excluded.decision,
                decided = excluded.decided"
        );
        tx.run(&sql, args![org.0, lines.to_string()]).await?;
        let (ours, others): (Vec<_>, Vec<_>) = block.iter().partition(|one| one.is.ours);
        attribute(tx, org, &ours, now).await?;
        let others: Vec<i64> = others.iter().map(|one| one.id).collect();
        end(tx, org, &others, now).await?;
    }
    Ok(())
}

/// The matcher says so.
async fn attribute(tx: &mut Tx, org: Org, ours: &[&Written<'_>], now: Timestamp) -> Result<()> {
    if ours.is_empty() {
        return Ok(());
    }
    let line = |one: &&Written<'_>| {
        let said = json!({ "purl": one.is.purl, "fix": one.is.fix });
        json!([one.id, said.to_string()])
    };
    let lines: serde_json::Value = ours.iter().map(line).collect();
    let table = rows(tx.engine(), "$3", &[("finding", "BIGINT"), ("said", "TEXT")]);
    let sql = format!(
        "INSERT INTO attribution (org, finding, source, since, last, said)
         SELECT $1, finding, 'trimtab', $2, $2, said FROM {table} WHERE TRUE
         ON CONFLICT (org, finding, source) DO UPDATE SET
            last = excluded.last, until = NULL, said = excluded.said"
    );
    tx.run(&sql, args![org.0, micros(now), lines.to_string()]).await.map(|_| ())
}

/// Findings that are gone, each with the state that it is in now.
pub(super) async fn close(
    tx: &mut Tx,
    org: Org,
    gone: &[(i64, FindingState)],
    now: Timestamp,
) -> Result<()> {
    for state in [FindingState::Fixed, FindingState::Retracted] {
        let ids: Vec<i64> = gone.iter().filter(|(_, is)| *is == state).map(|(id, _)| *id).collect();
        for block in ids.chunks(BLOCK) {
            let lines: serde_json::Value = block.iter().map(|id| json!([id])).collect();
            let table = rows(tx.engine(), "$2", &[("id", "BIGINT")]);
            let sql = format!(
                "UPDATE finding SET state = $3, production = FALSE, fixed = $4,
                    merged = COALESCE(merged, $4)
                 WHERE org = $1 AND id IN (SELECT j.id FROM {table})"
            );
            let values = args![org.0, lines.to_string(), state.as_str(), micros(now)];
            tx.run(&sql, values).await?;
        }
        end(tx, org, &ids, now).await?;
    }
    Ok(())
}

/// The matcher no longer says so.
async fn end(tx: &mut Tx, org: Org, findings: &[i64], now: Timestamp) -> Result<()> {
    for block in findings.chunks(BLOCK) {
        let lines: serde_json::Value = block.iter().map(|id| json!([id])).collect();
        let table = rows(tx.engine(), "$2", &[("finding", "BIGINT")]);
        let sql = format!(
            "UPDATE attribution SET until = $3 WHERE org = $1 AND source = 'trimtab'
                AND until IS NULL AND finding IN (SELECT j.finding FROM {table})"
        );
        tx.run(&sql, args![org.0, lines.to_string(), micros(now)]).await?;
    }
    Ok(())
}
