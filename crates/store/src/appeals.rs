//! What people ask of each other outside of the plan: a change outside of any cadence, and a dispute about what comes
//! first. One person asks and another answers; both stand in the ledger.

use jiff::Timestamp;
use serde_json::json;

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::incidents::{self, NewIncidentEvent};
use crate::jobs::{self, NewJob};
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::placements::{self, Placement, PlannedChange};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAppeal {
    /// Whether it is a dispute about what comes first. Otherwise a change outside of any cadence.
    pub dispute: bool,
    /// The incident that it is for.
    pub incident: Option<i64>,
    /// The finding that it is about.
    pub finding: Option<i64>,
    /// The asset.
    pub asset: i64,
    /// The package: a purl without version.
    pub package: String,
    /// The system.
    pub system: Option<i64>,
    /// The team whose plan it changes.
    pub team: Option<i64>,
    /// Whether it is to be done at once. Otherwise it is to wait.
    pub at_once: bool,
    /// Why.
    pub reason: String,
    /// Who asks.
    pub author: i64,
    /// Until when it is to be answered.
    pub due: Timestamp,
    /// By which rule of the charter, in words.
    pub rule: String,
    /// The sides that may answer.
    pub sides: Vec<String>,
    /// How many people must grant it, each another.
    pub needs: u32,
    /// Whether the charter names the sides for this. Otherwise they are those that may accept a finding of its level.
    pub named: bool,
}

/// Somebody who granted what more must grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who.
    pub person: i64,
    /// For which side.
    pub role: String,
    /// With which words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What follows from an answer, in its transaction.
#[derive(Debug, Default)]
pub struct Follows<'a> {
    /// What is decided about the change in the plan of a team, and until when, if that has an end.
    pub placed: Option<(i64, &'a Placement, Option<Timestamp>)>,
    /// Work.
    pub job: Option<&'a NewJob>,
    /// What is told in the incident that it is for, if that is open.
    pub told: Option<NewIncidentEvent>,
    /// What is told there instead while more must grant it.
    pub consented: Option<NewIncidentEvent>,
}

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppealState {
    /// Asked, and not answered.
    Asked,
    /// It is as was asked.
    Granted,
    /// It is not.
    Refused,
    /// Who asked took it back before it was answered.
    TakenBack,
}

impl AppealState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            AppealState::Asked => "asked",
            AppealState::Granted => "granted",
            AppealState::Refused => "refused",
            AppealState::TakenBack => "taken-back",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<AppealState> {
        let all = [
            AppealState::Asked,
            AppealState::Granted,
            AppealState::Refused,
            AppealState::TakenBack,
        ];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// What was asked, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// Its id.
    pub id: i64,
    /// What was asked.
    pub is: NewAppeal,
    /// The asset's name.
    pub asset_name: String,
    /// When.
    pub asked: Timestamp,
    /// How it stands.
    pub state: AppealState,
    /// Who answered, and for which side.
    pub approver: Option<(i64, String)>,
    /// When it was answered, or taken back.
    pub answered: Option<Timestamp>,
    /// With which words.
    pub answer: String,
    /// Until when a change stays held that this held back. `None`: it holds none back.
    pub until: Option<Timestamp>,
    /// When that was over, and the change was left to the plan again.
    pub ended: Option<Timestamp>,
    /// How many people granted it before the one who answered, or while more must.
    pub granted: u32,
    /// Who they are; told by [`Store::appeal`] alone.
    pub consents: Vec<Consent>,
}

const COLUMNS: &str = "appeal.id, appeal.kind, appeal.incident, appeal.finding, appeal.asset,
    appeal.package, appeal.system, appeal.team, appeal.wanted, appeal.reason, appeal.author,
    appeal.due, appeal.rule, appeal.sides, asset.name, appeal.asked, appeal.state,
    appeal.approver, appeal.approver_role, appeal.answered, appeal.answer, appeal.until,
    appeal.ended, appeal.needs, appeal.named,
    (SELECT COUNT(*) FROM appeal_consent WHERE appeal_consent.org = $1
        AND appeal_consent.appeal = appeal.id)";
const FROM: &str = "appeal JOIN asset ON asset.org = $1 AND asset.id = appeal.asset";

impl Appeal {
    fn from_row(row: &Row) -> Result<Appeal> {
        let state = row.text(16)?;
        let wrong = || StoreError::Damaged(format!("state of an appeal `{state}`"));
        Ok(Appeal {
            id: row.int(0)?,
            is: NewAppeal {
                dispute: row.text(1)? == "dispute",
                incident: row.maybe_int(2)?,
                finding: row.maybe_int(3)?,
                asset: row.int(4)?,
                package: row.text(5)?,
                system: row.maybe_int(6)?,
                team: row.maybe_int(7)?,
                at_once: row.text(8)? == "now",
                reason: row.text(9)?,
                author: row.int(10)?,
                due: moment(row.int(11)?)?,
                rule: row.text(12)?,
                sides: row.json(13)?,
                needs: u32::try_from(row.int(23)?).unwrap_or(1),
                named: row.int(24)? != 0,
            },
            asset_name: row.text(14)?,
            asked: moment(row.int(15)?)?,
            state: AppealState::from_text(&state).ok_or_else(wrong)?,
            approver: row.maybe_int(17)?.zip(row.maybe_text(18)?),
            answered: maybe(row.maybe_int(19)?)?,
            answer: row.text(20)?,
            until: maybe(row.maybe_int(21)?)?,
            ended: maybe(row.maybe_int(22)?)?,
            granted: u32::try_from(row.int(25)?).unwrap_or(0),
            consents: Vec::new(),
        })
    }
}

fn word(dispute: bool) -> &'static str {
    if dispute { "dispute" } else { "emergency" }
}

impl Store {
    /// Keeps what somebody asks. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_appeal(
        &self,
        org: Org,
        new: &NewAppeal,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        self.add_appeal_with(org, new, None, actor, now).await
    }

    /// The same, told in the incident that it is for, if that is open.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_appeal_with(
        &self,
        org: Org,
        new: &NewAppeal,
        told: Option<NewIncidentEvent>,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Appeal).await?;
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO appeal (org, id, kind, incident, finding, asset, package, system,
                team, wanted, reason, author, asked, due, state, rule, sides, answer, needs,
                named)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'asked', $15,
                $16, '', $17, $18)";
        let wanted = if new.at_once { "now" } else { "later" };
        let values = args![
            org.0,
            id,
            word(new.dispute),
            new.incident,
            new.finding,
            new.asset,
            &new.package,
            new.system,
            new.team,
            wanted,
            &new.reason,
            new.author,
            micros(now),
            micros(new.due),
            &new.rule,
            json!(new.sides).to_string(),
            i64::from(new.needs),
            i64::from(new.named)
        ];
        tx.run(sql, values).await?;
        let data = json!({ "what": word(new.dispute), "appeal": id, "state": "asked",
            "incident": new.incident, "package": new.package, "wanted": wanted,
            "reason": new.reason, "rule": new.rule, "due": new.due.to_string(),
            "needs": new.needs });
        if let Some((incident, told)) = new.incident.zip(told) {
            let told = numbered(told, id);
            incidents::add(&mut tx, (org, incident), &[told], None, (actor, now)).await?;
        }
        ledger::append(&mut tx, org, &[about(new, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Answers what was asked: somebody else than who asked. `false`: it was answered already, they asked it
    /// themselves, or it is not there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer_appeal(
        &self,
        org: Org,
        id: i64,
        answer: (bool, &str),
        by: (i64, &str, &str),
        now: Timestamp,
    ) -> Result<bool> {
        self.answer_appeal_with(org, id, answer, by, Follows::default(), now).await
    }

    /// The same, with what follows from it in the same transaction. While more people must grant it than did, that one
    /// more did is kept, and nothing follows yet; who granted it does not grant it twice.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer_appeal_with(
        &self,
        org: Org,
        id: i64,
        (granted, answer): (bool, &str),
        (person, role, actor): (i64, &str, &str),
        Follows { placed, job, told, consented }: Follows<'_>,
        now: Timestamp,
    ) -> Result<bool> {
        let Some(is) = self.appeal(org, id).await? else { return Ok(false) };
        let state = if granted { AppealState::Granted } else { AppealState::Refused };
        let job_id = self.ids.one(&self.db, 0, Kind::Job).await?;
        let team = placed.map_or(is.is.team, |(team, ..)| Some(team));
        let until = placed.and_then(|(_, _, until)| until);
        let mut tx = self.db.begin().await?;
        if granted && is.is.needs > 1 {
            // Of two who grant it at once, the second sees the first.
            ledger::hold(&mut tx, org).await?;
            let sql = "SELECT COUNT(*), COUNT(CASE WHEN person = $3 THEN 1 END),
                    (SELECT COUNT(*) FROM appeal AS a WHERE a.org = $1 AND a.id = $2
                        AND a.state = 'asked' AND a.author <> $3)
                FROM appeal_consent WHERE org = $1 AND appeal = $2";
            let row = tx.first(sql, args![org.0, id, person]).await?;
            let Some(row) = row else { return Ok(false) };
            let (consents, own, open) = (row.int(0)?, row.int(1)?, row.int(2)?);
            if own > 0 || open == 0 {
                return Ok(false);
            }
            if consents + 1 < i64::from(is.is.needs) {
                let sql = "INSERT INTO appeal_consent (org, appeal, person, role, reason, at)
                    VALUES ($1, $2, $3, $4, $5, $6)";
                tx.run(sql, args![org.0, id, person, role, answer, micros(now)]).await?;
                let data = json!({ "what": word(is.is.dispute), "appeal": id,
                    "state": "consented", "role": role, "answer": answer, "rule": is.is.rule,
                    "incident": is.is.incident, "consents": consents + 1, "needs": is.is.needs });
                if let Some((incident, told)) = is.is.incident.zip(consented) {
                    let told = numbered(told, id);
                    incidents::add(&mut tx, (org, incident), &[told], None, (actor, now)).await?;
                }
                ledger::append(&mut tx, org, &[about(&is.is, actor, now, data)]).await?;
                tx.commit().await?;
                return Ok(true);
            }
        }
        let sql = "UPDATE appeal SET state = $3, approver = $4, approver_role = $5, answered = $6,
                answer = $7, team = $8, until = $9
            WHERE org = $1 AND id = $2 AND state = 'asked' AND author <> $4";
        let held = until.map(micros);
        let values =
            args![org.0, id, state.as_str(), person, role, micros(now), answer, team, held];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": word(is.is.dispute), "appeal": id, "state": state.as_str(),
            "role": role, "answer": answer, "rule": is.is.rule, "incident": is.is.incident,
            "until": until.map(|at| at.to_string()) });
        if let Some(job) = job {
            jobs::add(&mut tx, job_id, job, now).await?;
        }
        if let Some((team, placed, _)) = placed {
            placements::put(&mut tx, org, team, std::slice::from_ref(placed)).await?;
        }
        if let Some((incident, told)) = is.is.incident.zip(told) {
            let told = numbered(told, id);
            incidents::add(&mut tx, (org, incident), &[told], None, (actor, now)).await?;
        }
        ledger::append(&mut tx, org, &[about(&is.is, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes back what somebody asked, while it waits for an answer; `told` in the incident that it is for, if that is open.
    /// `false`: it waits no longer, somebody else asked it, or it is not there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_back_appeal(
        &self,
        org: Org,
        id: i64,
        (person, actor): (i64, &str),
        told: Option<NewIncidentEvent>,
        now: Timestamp,
    ) -> Result<bool> {
        let Some(is) = self.appeal(org, id).await? else { return Ok(false) };
        let mut tx = self.db.begin().await?;
        // Who answers at the same time is before or after it.
        ledger::hold(&mut tx, org).await?;
        let sql = "UPDATE appeal SET state = $4, answered = $5
            WHERE org = $1 AND id = $2 AND author = $3 AND state = 'asked'";
        let state = AppealState::TakenBack.as_str();
        if tx.run(sql, args![org.0, id, person, state, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": word(is.is.dispute), "appeal": id, "state": state,
            "incident": is.is.incident, "package": is.is.package });
        if let Some((incident, told)) = is.is.incident.zip(told) {
            let told = numbered(told, id);
            incidents::add(&mut tx, (org, incident), &[told], None, (actor, now)).await?;
        }
        ledger::append(&mut tx, org, &[about(&is.is, actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Disputes that hold a change back, what is over first first: those whose end has come by now, or all.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn holding(
        &self,
        org: Org,
        over: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<Appeal>> {
        let mut is = Condition::of("appeal.org", org);
        is.text += " AND appeal.until IS NOT NULL AND appeal.ended IS NULL";
        is.and("appeal.until <= ", over.map(micros));
        let asked = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE {} ORDER BY appeal.until, appeal.id LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        rows.iter().map(Appeal::from_row).collect()
    }

    /// Disputes that held a change back until some time since a moment, the newest end first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn held_until(
        &self,
        org: Org,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Appeal>> {
        let mut is = Condition::of("appeal.org", org);
        is.and("appeal.ended >= ", Some(micros(since)));
        let asked = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE {} ORDER BY appeal.ended DESC, appeal.id DESC
             LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        rows.iter().map(Appeal::from_row).collect()
    }

    /// Notes that what a dispute held back is over: the change is left to the plan again, if it is held for this reason
    /// still, and that is told in the incident that it is for, if that is open. If people decided otherwise meanwhile, it
    /// holds nothing back any longer, and that alone is told, in the ledger. `false`: it was over already.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_dispute(
        &self,
        org: Org,
        is: &Appeal,
        (reason, told): (&str, NewIncidentEvent),
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE appeal SET ended = $3
            WHERE org = $1 AND id = $2 AND ended IS NULL AND until <= $3";
        if tx.run(sql, args![org.0, is.id, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let mut events = Vec::new();
        if let Some(team) = is.is.team {
            let change = PlannedChange { asset: is.is.asset, package: is.is.package.clone() };
            let held = placements::release(&mut tx, (org, team), &change, (reason, now)).await?;
            events.extend(held);
        }
        let released = !events.is_empty();
        if !released {
            // People decided otherwise meanwhile, and that stands: nothing comes back, and nobody is told that it does.
            let sql = "UPDATE appeal SET until = NULL, ended = NULL WHERE org = $1 AND id = $2";
            tx.run(sql, args![org.0, is.id]).await?;
        } else if let Some(incident) = is.is.incident {
            let told = numbered(told, is.id);
            incidents::add(&mut tx, (org, incident), &[told], None, ("trimtab", now)).await?;
        }
        let state = if released { "ended" } else { "superseded" };
        let data = json!({ "what": word(true), "appeal": is.id, "state": state,
            "incident": is.is.incident, "package": is.is.package });
        events.push(about(&is.is, "trimtab", now, data));
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What was asked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn appeal(&self, org: Org, id: i64) -> Result<Option<Appeal>> {
        let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE appeal.org = $1 AND appeal.id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        let Some(row) = row else { return Ok(None) };
        let mut is = Appeal::from_row(&row)?;
        if is.is.needs > 1 {
            let sql = "SELECT person, role, reason, at FROM appeal_consent
                WHERE org = $1 AND appeal = $2 ORDER BY at, person";
            for row in (&mut &self.db).all(sql, args![org.0, id]).await? {
                is.consents.push(Consent {
                    person: row.int(0)?,
                    role: row.text(1)?,
                    reason: row.text(2)?,
                    at: moment(row.int(3)?)?,
                });
            }
        }
        Ok(Some(is))
    }

    /// What was asked about assets of some systems, the newest first: in a state, of an incident, of a team.
    /// `None`: whichever.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn appeals(
        &self,
        org: Org,
        of: Of,
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Appeal>> {
        let limit = limit.clamp(1, MOST);
        let mut is = wanted(org, of, systems);
        is.and("appeal.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE {} ORDER BY appeal.id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        let found = rows.iter().map(Appeal::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: 0, id: one.id }))
    }

    /// How many of the same there are; `due`: only those that were to be answered before then.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_appeals(
        &self,
        org: Org,
        of: Of,
        systems: Option<&[i64]>,
        due: Option<Timestamp>,
    ) -> Result<i64> {
        let mut is = wanted(org, of, systems);
        is.and("appeal.due < ", due.map(micros));
        let sql = format!("SELECT COUNT(*) FROM {FROM} WHERE {}", is.text);
        let row = (&mut &self.db).first(&sql, is.values).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The changes of an asset that were granted outside of any cadence in a time (`from` is not in it), the newest
    /// first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn granted_emergencies(
        &self,
        org: Org,
        asset: i64,
        (from, to): (Option<Timestamp>, Timestamp),
    ) -> Result<Vec<Appeal>> {
        let mut is = Condition::of("appeal.org", org);
        is.text += " AND appeal.kind = 'emergency' AND appeal.state = 'granted'";
        is.and("appeal.asset = ", Some(asset));
        is.and("appeal.answered > ", from.map(micros));
        is.and("appeal.answered <= ", Some(micros(to)));
        let sql = format!(
            "SELECT {COLUMNS} FROM {FROM} WHERE {} ORDER BY appeal.id DESC LIMIT 500",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        rows.iter().map(Appeal::from_row).collect()
    }
}

/// In which state, of which incident, of which team. `None`: whichever.
type Of = (Option<AppealState>, Option<i64>, Option<i64>);

fn wanted(org: Org, (state, incident, team): Of, systems: Option<&[i64]>) -> Condition {
    let mut is = Condition::of("appeal.org", org);
    is.and("appeal.state = ", state.map(AppealState::as_str));
    is.and("appeal.incident = ", incident);
    is.and("appeal.team = ", team);
    if let Some(systems) = systems {
        is.text += &format!(" AND appeal.system IN ({})", listed(systems));
    }
    is
}

/// Says which appeal something is told of.
fn numbered(mut event: NewIncidentEvent, id: i64) -> NewIncidentEvent {
    if let Some(told) = event.told.as_object_mut() {
        told.insert("appeal".to_owned(), json!(id));
    }
    event
}

fn about(is: &NewAppeal, actor: &str, now: Timestamp, data: serde_json::Value) -> NewEvent {
    let (system, finding) = (is.system, is.finding);
    NewEvent { system, asset: Some(is.asset), finding, ..changed(actor, now, data) }
}
