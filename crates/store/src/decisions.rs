//! Decisions: asked for by one person, answered by another, with an end.

use jiff::Timestamp;

use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionKind {
    /// Accepted until a date.
    Exception,
    /// Not affected (VEX).
    NotAffected,
}

impl DecisionKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            DecisionKind::Exception => "exception",
            DecisionKind::NotAffected => "not-affected",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<DecisionKind> {
        [DecisionKind::Exception, DecisionKind::NotAffected]
            .into_iter()
            .find(|k| k.as_str() == text)
    }
}

/// How it stands with a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionState {
    /// Asked for.
    Asked,
    /// In force until its end.
    Approved,
    /// Refused.
    Refused,
    /// Ended before its time.
    Ended,
}

impl DecisionState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            DecisionState::Asked => "asked",
            DecisionState::Approved => "approved",
            DecisionState::Refused => "refused",
            DecisionState::Ended => "ended",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<DecisionState> {
        use DecisionState::{Approved, Asked, Ended, Refused};
        [Asked, Approved, Refused, Ended].into_iter().find(|s| s.as_str() == text)
    }
}

/// A decision to be asked for. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// What.
    pub kind: DecisionKind,
    /// Any id of the vulnerability.
    pub vulnerability: Option<String>,
    /// The package: a purl.
    pub package: Option<String>,
    /// The asset.
    pub asset: Option<i64>,
    /// The system.
    pub system: Option<i64>,
    /// The environment.
    pub environment: Option<String>,
    /// Why.
    pub reason: String,
    /// Why not affected: one of the five labels.
    pub justification: Option<String>,
    /// What lowers the risk meanwhile.
    pub control: Option<String>,
    /// Who asks.
    pub author: i64,
    /// The side that the author speaks for.
    pub author_role: String,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Its id.
    pub id: i64,
    /// What was asked for.
    pub is: NewDecision,
    /// How it stands.
    pub state: DecisionState,
    /// Who answered, and for which side.
    pub approver: Option<(i64, String)>,
    /// When it was asked for.
    pub asked: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
}

const COLUMNS: &str = "id, kind, state, vulnerability, package, asset, system, environment, reason,
    justification, control, author, author_role, approver, approver_role, asked, answered, expires";

impl Decision {
    fn from_row(row: &Row) -> Result<Decision> {
        let (kind, state) = (row.text(1)?, row.text(2)?);
        Ok(Decision {
            id: row.int(0)?,
            is: NewDecision {
                kind: DecisionKind::from_text(&kind)
                    .ok_or_else(|| StoreError::Damaged(format!("kind of a decision `{kind}`")))?,
                vulnerability: row.maybe_text(3)?,
                package: row.maybe_text(4)?,
                asset: row.maybe_int(5)?,
                system: row.maybe_int(6)?,
                environment: row.maybe_text(7)?,
                reason: row.text(8)?,
                justification: row.maybe_text(9)?,
                control: row.maybe_text(10)?,
                author: row.int(11)?,
                author_role: row.text(12)?,
                expires: maybe(row.maybe_int(17)?)?,
            },
            state: DecisionState::from_text(&state)
                .ok_or_else(|| StoreError::Damaged(format!("state of a decision `{state}`")))?,
            approver: row.maybe_int(13)?.zip(row.maybe_text(14)?),
            asked: moment(row.int(15)?)?,
            answered: maybe(row.maybe_int(16)?)?,
        })
    }
}

impl Store {
    /// Asks for a decision.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ask(
        &self,
        org: Org,
        new: &NewDecision,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Decision).await?;
        let mut tx = self.db.begin().await?;
        let sql =
            "INSERT INTO decision (org, id, kind, state, vulnerability, package, asset, system,
                environment, reason, justification, control, author, author_role, asked, expires)
            VALUES ($1, $2, $3, 'asked', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
        let values = args![
            org.0,
            id,
            new.kind.as_str(),
            new.vulnerability.clone(),
            new.package.clone(),
            new.asset,
            new.system,
            new.environment.clone(),
            &new.reason,
            new.justification.clone(),
            new.control.clone(),
            new.author,
            &new.author_role,
            micros(now),
            new.expires.map(micros)
        ];
        tx.run(sql, values).await?;
        let data = serde_json::json!({ "decision": id, "kind": new.kind.as_str(), "state": "asked",
            "vulnerability": new.vulnerability, "package": new.package, "reason": new.reason });
        ledger::append(&mut tx, org, &[decided(new, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Answers: approves, refuses or ends. `false`: it does not stand so that this could be answered,
    /// or the one who answers is the one who asked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer(
        &self,
        org: Org,
        id: i64,
        state: DecisionState,
        by: (i64, &str),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let from = if state == DecisionState::Ended { "approved" } else { "asked" };
        let own =
            if state == DecisionState::Approved { " AND author <> $4" } else { " AND $4 > 0" };
        let keep =
            if state == DecisionState::Ended { "" } else { ", approver = $4, approver_role = $6" };
        let role = if keep.is_empty() { " AND CAST($6 AS TEXT) IS NOT NULL" } else { "" };
        let sql = format!(
            "UPDATE decision SET state = $3, answered = $5{keep}
             WHERE org = $1 AND id = $2 AND state = '{from}'{own}{role}"
        );
        let values = args![org.0, id, state.as_str(), by.0, micros(now), by.1];
        if tx.run(&sql, values).await? == 0 {
            return Ok(false);
        }
        let sql = format!("SELECT {COLUMNS} FROM decision WHERE org = $1 AND id = $2");
        let row = tx.first(&sql, args![org.0, id]).await?;
        let is = row.ok_or_else(|| StoreError::Damaged(format!("decision {id} went away")))?;
        let is = Decision::from_row(&is)?.is;
        let data = serde_json::json!({ "decision": id, "kind": is.kind.as_str(),
            "state": state.as_str(), "role": by.1 });
        ledger::append(&mut tx, org, &[decided(&is, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A decision.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decision(&self, org: Org, id: i64) -> Result<Option<Decision>> {
        let sql = format!("SELECT {COLUMNS} FROM decision WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Decision::from_row).transpose()
    }

    /// Decisions of a state, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decisions(
        &self,
        org: Org,
        state: DecisionState,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM decision WHERE org = $1 AND state = $2 ORDER BY id DESC LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, state.as_str(), limit]).await?;
        found.iter().map(Decision::from_row).collect()
    }
}

fn decided(is: &NewDecision, actor: &str, now: Timestamp, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Decided,
        at: now,
        actor: actor.to_owned(),
        system: is.system,
        asset: is.asset,
        finding: None,
        data,
    }
}
