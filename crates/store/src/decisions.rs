//! Decisions: asked for by one person, answered by another, with an end.

use jiff::Timestamp;

use crate::condition::{Condition, contains, listed};
use crate::db::{Row, Sql, Tx, args};
use crate::described;
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// How many ids are asked for at once.
const BLOCK: usize = 1000;

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

/// Which decisions. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DecisionFilter {
    /// In these states; none: in any.
    pub states: Vec<DecisionState>,
    /// Of this kind.
    pub kind: Option<DecisionKind>,
    /// About a system.
    pub system: Option<i64>,
    /// About one of these systems: what a person may see. `None`: all, and those of all systems.
    pub systems: Option<Vec<i64>>,
    /// That touch one of these systems: about it, or about no system and with a live finding there that it covers.
    pub touching: Option<Vec<i64>>,
    /// That somebody asked for.
    pub author: Option<i64>,
    /// Without an end, or with one after a moment.
    pub ends_after: Option<Timestamp>,
    /// With an end at or before a moment.
    pub ends_by: Option<Timestamp>,
    /// With a text, in small letters, in the vulnerability, the package or the name of who asked.
    pub text: Option<String>,
}

impl DecisionFilter {
    /// `authors`: those who have the text in their names.
    fn wanted(&self, org: Org, authors: &[i64]) -> Condition {
        let mut is = Condition::of("decision.org", org);
        match self.states.as_slice() {
            [] => {}
            [one] => is.and("decision.state = ", Some(one.as_str())),
            // The words are ours.
            some => {
                let words: Vec<String> = some.iter().map(|s| format!("'{}'", s.as_str())).collect();
                is.text += &format!(" AND decision.state IN ({})", words.join(", "));
            }
        }
        is.and("decision.kind = ", self.kind.map(DecisionKind::as_str));
        is.and("decision.system = ", self.system);
        is.and("decision.author = ", self.author);
        if let Some(systems) = &self.systems {
            is.text += &format!(" AND decision.system IN ({})", listed(systems));
        }
        if let Some(systems) = &self.touching {
            is.text += &touching(&listed(systems));
        }
        if let Some(at) = self.ends_after {
            let at = is.value(micros(at));
            is.text += &format!(" AND (decision.expires IS NULL OR decision.expires > {at})");
        }
        is.and("decision.expires <= ", self.ends_by.map(micros));
        if let Some(text) = &self.text {
            let like = is.value(contains(text));
            is.text += &format!(
                " AND (LOWER(decision.vulnerability) LIKE {like} ESCAPE '!'
                    OR LOWER(decision.package) LIKE {like} ESCAPE '!'
                    OR decision.author IN ({}))",
                listed(authors)
            );
        }
        is
    }
}

/// A decision about one of some systems, or about none and with a live finding in one of them that it covers.
/// By what it names: each way has an index.
fn touching(systems: &str) -> String {
    let covers = |by: &str| {
        format!(
            "EXISTS (SELECT 1 FROM finding WHERE finding.org = $1 AND {by}
                AND finding.system IN ({systems}) AND finding.state IN ('open', 'merged')
                AND (decision.package IS NULL OR finding.package = decision.package)
                AND (decision.asset IS NULL OR finding.asset = decision.asset))"
        )
    };
    let vulnerability = covers(
        "finding.vulnerability = (SELECT alias.vulnerability FROM alias
            WHERE alias.org = $1 AND alias.alias = decision.vulnerability)",
    );
    let package = covers("finding.package = decision.package");
    let rest = covers("decision.package IS NULL");
    format!(
        " AND (decision.system IN ({systems}) OR (decision.system IS NULL AND CASE
            WHEN decision.vulnerability IS NOT NULL THEN {vulnerability}
            WHEN decision.package IS NOT NULL THEN {package} ELSE {rest} END))"
    )
}

pub(crate) const COLUMNS: &str =
    "id, kind, state, vulnerability, package, asset, system, environment, reason,
    justification, control, author, author_role, approver, approver_role, asked, answered, expires";

impl Decision {
    pub(crate) fn from_row(row: &Row) -> Result<Decision> {
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
        let ids = self.ask_all(org, std::slice::from_ref(new), actor, now).await?;
        ids.first().copied().ok_or_else(|| StoreError::Damaged("no id".to_owned()))
    }

    /// Asks for several decisions, all or none. Returns their ids, in their order.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ask_all(
        &self,
        org: Org,
        all: &[NewDecision],
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<i64>> {
        let ids = self.ids.take(&self.db, org.0, Kind::Decision, all.len()).await?;
        let mut tx = self.db.begin().await?;
        let mut events = Vec::with_capacity(all.len());
        for (new, id) in all.iter().zip(&ids) {
            events.push(insert(&mut tx, org, *id, new, actor, now).await?);
        }
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(ids)
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
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &[decided(&is, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends requests that nobody has to answer any longer, because what they were about is gone. Those that do not wait stay
    /// as they are. Returns how many ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_gone(&self, org: Org, ids: &[i64], now: Timestamp) -> Result<usize> {
        let mut tx = self.db.begin().await?;
        let mut events = Vec::with_capacity(ids.len());
        for id in ids {
            let sql = "UPDATE decision SET state = 'ended', answered = $3
                WHERE org = $1 AND id = $2 AND state = 'asked'";
            if tx.run(sql, args![org.0, *id, micros(now)]).await? == 0 {
                continue;
            }
            let sql = format!("SELECT {COLUMNS} FROM decision WHERE org = $1 AND id = $2");
            let row = tx.first(&sql, args![org.0, *id]).await?;
            let row = row.ok_or_else(|| StoreError::Damaged(format!("decision {id} went away")))?;
            let is = Decision::from_row(&row)?.is;
            let data = serde_json::json!({ "decision": id, "kind": is.kind.as_str(),
                "state": "ended", "why": "gone" });
            events.push(decided(&is, "trimtab", now, data));
        }
        if events.is_empty() {
            return Ok(0);
        }
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(events.len())
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

    /// Decisions in force that end between two moments, the soonest first, at most `limit`. Of some systems; `None`: of
    /// all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ending_decisions(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let of =
            systems.map_or_else(String::new, |ids| format!(" AND system IN ({})", listed(ids)));
        let sql = format!(
            "SELECT {COLUMNS} FROM decision
             WHERE org = $1 AND state = 'approved' AND expires > $2 AND expires < $3{of}
             ORDER BY expires, id LIMIT $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, micros(from), micros(to), limit];
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(Decision::from_row).collect()
    }

    /// Decisions that somebody asked for, hold and end between two moments, what ends first first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn own_ending_decisions(
        &self,
        org: Org,
        person: i64,
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM decision
             WHERE org = $1 AND state = 'approved' AND expires > $2 AND expires < $3
                AND author = $4
             ORDER BY expires, id LIMIT $5"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, micros(from), micros(to), person, limit];
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(Decision::from_row).collect()
    }

    /// Decisions that somebody else asked for and that could still hold, the oldest first, at most `limit`. About some
    /// systems; `None`: about all, and about none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn asked_by_others(
        &self,
        org: Org,
        person: i64,
        systems: Option<&[i64]>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Decision>> {
        let of =
            systems.map_or_else(String::new, |ids| format!(" AND system IN ({})", listed(ids)));
        let sql = format!(
            "SELECT {COLUMNS} FROM decision WHERE org = $1 AND state = 'asked' AND author <> $2
                AND (expires IS NULL OR expires > $3){of}
             ORDER BY id LIMIT $4"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, person, micros(now), limit];
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(Decision::from_row).collect()
    }
}

impl Store {
    /// Decisions by their ids, in no order. Those that are not there are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decisions_numbered(&self, org: Org, ids: &[i64]) -> Result<Vec<Decision>> {
        let mut found = Vec::with_capacity(ids.len());
        for block in ids.chunks(BLOCK) {
            let sql = format!(
                "SELECT {COLUMNS} FROM decision WHERE org = $1 AND id IN ({})",
                listed(block)
            );
            for row in (&mut &self.db).all(&sql, args![org.0]).await? {
                found.push(Decision::from_row(&row)?);
            }
        }
        Ok(found)
    }

    /// Who has the text of a filter in the name, whatever the letters are: no engine makes all of them small.
    async fn authors(&self, org: Org, filter: &DecisionFilter) -> Result<Vec<i64>> {
        let Some(text) = &filter.text else { return Ok(Vec::new()) };
        let people = self.people(org).await?;
        let has = people.iter().filter(|p| p.name.to_lowercase().contains(text));
        Ok(has.map(|person| person.id).collect())
    }

    /// Decisions, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decisions_page(
        &self,
        org: Org,
        filter: &DecisionFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Decision>> {
        let limit = limit.clamp(1, MOST);
        let mut is = filter.wanted(org, &self.authors(org, filter).await?);
        is.and("decision.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM decision WHERE {} ORDER BY decision.id DESC LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(Decision::from_row).collect::<Result<Vec<Decision>>>()?;
        Ok(Page::cut(found, limit, |decision| Cursor { value: 0, id: decision.id }))
    }

    /// How many decisions there are.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_decisions(&self, org: Org, filter: &DecisionFilter) -> Result<i64> {
        let is = filter.wanted(org, &self.authors(org, filter).await?);
        let sql = format!("SELECT COUNT(*) FROM decision WHERE {}", is.text);
        let row = (&mut &self.db).first(&sql, is.values).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}

/// Writes a question, and gives the event that tells of it.
async fn insert(
    tx: &mut Tx,
    org: Org,
    id: i64,
    new: &NewDecision,
    actor: &str,
    now: Timestamp,
) -> Result<NewEvent> {
    let sql = "INSERT INTO decision (org, id, kind, state, vulnerability, package, asset, system,
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
        "vulnerability": new.vulnerability, "package": new.package, "reason": new.reason,
        "justification": new.justification, "expires": new.expires.map(|at| at.to_string()) });
    Ok(decided(new, actor, now, data))
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
