//! Teams and systems that are removed: what stands in the way of it, and the names that they had, by which what was recorded of
//! them is told on.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::described;
use crate::error::Result;
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormerKind {
    /// A team.
    Team,
    /// A system.
    System,
}

impl FormerKind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            FormerKind::Team => "team",
            FormerKind::System => "system",
        }
    }
}

/// A team or system that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// Its id: no other has it.
    pub id: i64,
    /// The name that it had.
    pub name: String,
    /// When it was removed.
    pub removed: Timestamp,
}

/// Of what something is there that stands in the way of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// Systems that a team owns.
    Systems,
    /// Assets in a system.
    Assets,
    /// Systems that need a system.
    NeededBy,
    /// A tracker with a team's tickets.
    Tracker,
    /// Decisions that wait for an answer, or are in force.
    Decisions,
    /// Emergencies and disputes that wait for an answer.
    Appeals,
    /// Incidents that are not closed.
    Incidents,
    /// Reviews that are planned or open.
    Reviews,
    /// Goals that run.
    Goals,
    /// Roles that people hold there.
    Roles,
    /// Tokens that reach there.
    Tokens,
}

/// What became of a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done,
    /// It was not there.
    Missing,
    /// Something stands in the way, and how many of each.
    Hindered(Vec<(Hindrance, i64)>),
}

/// What hinders the removal of a team ($2) at a moment ($3).
const TEAM: &[(Hindrance, &str)] = &[
    (Hindrance::Systems, "SELECT COUNT(*) FROM system WHERE org = $1 AND team = $2 AND $3 > 0"),
    (
        Hindrance::Tracker,
        "SELECT COUNT(*) FROM tracker WHERE org = $1 AND team = $2 AND person <> 0 AND $3 > 0",
    ),
    (
        Hindrance::Appeals,
        "SELECT COUNT(*) FROM appeal
         WHERE org = $1 AND team = $2 AND state = 'asked' AND $3 > 0",
    ),
    (
        Hindrance::Incidents,
        "SELECT COUNT(*) FROM incident WHERE org = $1 AND closed IS NULL AND $3 > 0
            AND EXISTS (SELECT 1 FROM incident_event AS e
                WHERE e.org = $1 AND e.incident = incident.id AND e.team = $2)",
    ),
    (
        Hindrance::Reviews,
        "SELECT COUNT(*) FROM review
         WHERE org = $1 AND team = $2 AND state IN ('prepared', 'open') AND $3 > 0",
    ),
    (
        Hindrance::Goals,
        "SELECT COUNT(*) FROM goal
         WHERE org = $1 AND team = $2 AND dropped IS NULL AND ends > $3",
    ),
    (
        Hindrance::Roles,
        "SELECT COUNT(*) FROM holds_role
         WHERE org = $1 AND scope = 'team' AND scope_id = $2 AND $3 > 0",
    ),
    (
        Hindrance::Tokens,
        "SELECT COUNT(*) FROM token WHERE org = $1 AND scope = 'team' AND scope_id = $2
            AND revoked IS NULL AND expires > $3",
    ),
];

/// The same of a system.
const SYSTEM: &[(Hindrance, &str)] = &[
    (Hindrance::Assets, "SELECT COUNT(*) FROM asset WHERE org = $1 AND system = $2 AND $3 > 0"),
    (
        Hindrance::NeededBy,
        "SELECT COUNT(*) FROM system_needs WHERE org = $1 AND needs = $2 AND $3 > 0",
    ),
    (
        Hindrance::Decisions,
        "SELECT COUNT(*) FROM decision WHERE org = $1 AND system = $2
            AND state IN ('asked', 'approved') AND (expires IS NULL OR expires > $3)",
    ),
    (
        Hindrance::Appeals,
        "SELECT COUNT(*) FROM appeal
         WHERE org = $1 AND system = $2 AND state = 'asked' AND $3 > 0",
    ),
    (
        Hindrance::Incidents,
        "SELECT COUNT(*) FROM incident WHERE org = $1 AND closed IS NULL AND $3 > 0
            AND EXISTS (SELECT 1 FROM incident_system AS s
                WHERE s.org = $1 AND s.incident = incident.id AND s.system = $2)",
    ),
    (
        // Of a team or the organisation it is one of many, and what is prepared follows the systems that are there.
        Hindrance::Reviews,
        "SELECT COUNT(*) FROM review
         WHERE org = $1 AND state IN ('prepared', 'open') AND team IS NULL AND NOT whole AND $3 > 0
            AND EXISTS (SELECT 1 FROM review_system AS s
                WHERE s.org = $1 AND s.review = review.id AND s.system = $2)",
    ),
    (
        Hindrance::Roles,
        "SELECT COUNT(*) FROM holds_role
         WHERE org = $1 AND scope = 'system' AND scope_id = $2 AND $3 > 0",
    ),
    (
        Hindrance::Tokens,
        "SELECT COUNT(*) FROM token WHERE org = $1 AND scope = 'system' AND scope_id = $2
            AND revoked IS NULL AND expires > $3",
    ),
];

const fn hindrances(kind: FormerKind) -> &'static [(Hindrance, &'static str)] {
    match kind {
        FormerKind::Team => TEAM,
        FormerKind::System => SYSTEM,
    }
}

async fn hindered(
    from: &mut impl Sql,
    org: Org,
    (kind, id): (FormerKind, i64),
    now: Timestamp,
) -> Result<Vec<(Hindrance, i64)>> {
    let mut found = Vec::new();
    for (what, sql) in hindrances(kind) {
        let row = from.first(sql, args![org.0, id, micros(now)]).await?;
        let count = row.map_or(Ok(0), |row| row.int(0))?;
        if count > 0 {
            found.push((*what, count));
        }
    }
    Ok(found)
}

impl Store {
    /// What stands in the way of removing a team or system now, and how many of each.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn hindered(
        &self,
        org: Org,
        of: (FormerKind, i64),
        now: Timestamp,
    ) -> Result<Vec<(Hindrance, i64)>> {
        hindered(&mut &self.db, org, of, now).await
    }

    /// Removes a team or system, if nothing stands in the way. What was recorded of it stays, and is told by its name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn remove(
        &self,
        org: Org,
        (kind, id): (FormerKind, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<Removed> {
        let mut tx = self.db.begin().await?;
        // Before any row, as all do: nobody gives it something meanwhile that is described.
        described::count(&mut tx, org).await?;
        let table = kind.as_str();
        let sql = format!("SELECT name FROM {table} WHERE org = $1 AND id = $2");
        let Some(row) = tx.first(&sql, args![org.0, id]).await? else {
            return Ok(Removed::Missing);
        };
        let name = row.text(0)?;
        let found = hindered(&mut tx, org, (kind, id), now).await?;
        if !found.is_empty() {
            return Ok(Removed::Hindered(found));
        }
        if kind == FormerKind::System {
            let sql = "DELETE FROM system_needs WHERE org = $1 AND system = $2";
            tx.run(sql, args![org.0, id]).await?;
        } else {
            // A board of it would be mailed with nothing in it.
            let sql = "DELETE FROM board_mail WHERE org = $1 AND team = $2";
            tx.run(sql, args![org.0, id]).await?;
        }
        let sql = format!("DELETE FROM {table} WHERE org = $1 AND id = $2");
        tx.run(&sql, args![org.0, id]).await?;
        let sql = "INSERT INTO former (org, kind, id, name, removed, actor)
            VALUES ($1, $2, $3, $4, $5, $6)";
        tx.run(sql, args![org.0, table, id, &name, micros(now), actor]).await?;
        let is_system = kind == FormerKind::System;
        let data = match kind {
            FormerKind::Team => json!({ "what": "team-removed", "team": id, "name": name }),
            FormerKind::System => json!({ "what": "system-removed", "name": name }),
        };
        let event = NewEvent { system: is_system.then_some(id), ..changed(actor, now, data) };
        ledger::append(&mut tx, org, &[event]).await?;
        tx.commit().await?;
        Ok(Removed::Done)
    }

    /// The teams or systems that were removed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn former(&self, org: Org, kind: FormerKind) -> Result<Vec<Former>> {
        let sql = "SELECT id, name, removed FROM former WHERE org = $1 AND kind = $2 ORDER BY id";
        let rows = (&mut &self.db).all(sql, args![org.0, kind.as_str()]).await?;
        let read = |row: &Row| {
            Ok(Former { id: row.int(0)?, name: row.text(1)?, removed: moment(row.int(2)?)? })
        };
        rows.iter().map(read).collect()
    }
}
