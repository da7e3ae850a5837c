//! Opening incidents, telling what happens in them, and closing them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{NEAR_MISS, NewIncident, NewIncidentEvent};
use crate::db::{Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::jobs::{self, NewJob};
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::time::micros;
use crate::{Org, Store};

impl Store {
    /// Opens an incident. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open_incident(
        &self,
        org: Org,
        new: &NewIncident,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        self.open_incident_with(org, new, None, actor, now).await
    }

    /// The same, with work that is asked for in the same transaction.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open_incident_with(
        &self,
        org: Org,
        new: &NewIncident,
        job: Option<&NewJob>,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let is = Opened { new, verdict: None, events: &[], systems: &[] };
        let id = self.open_any(org, &is, job, actor, now).await?;
        id.ok_or_else(|| StoreError::Damaged("an incident that was opened before".to_owned()))
    }

    /// Opens a near miss out of a refusal, with what is known of it and the systems that it is about. Returns its id.
    /// `None`: one was opened from it before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open_near_miss(
        &self,
        org: Org,
        (new, verdict): (&NewIncident, i64),
        (events, systems): (&[NewIncidentEvent], &[i64]),
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let is = Opened { new, verdict: Some(verdict), events, systems };
        self.open_any(org, &is, None, actor, now).await
    }

    async fn open_any(
        &self,
        org: Org,
        is: &Opened<'_>,
        job: Option<&NewJob>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let new = is.new;
        let id = self.ids.one(&self.db, org.0, Kind::Incident).await?;
        let job_id = self.ids.one(&self.db, 0, Kind::Job).await?;
        let mut tx = self.db.begin().await?;
        if is.verdict.is_some() {
            // Of two who open it at once, the second finds it.
            ledger::hold(&mut tx, org).await?;
            let sql = "SELECT id FROM incident WHERE org = $1 AND verdict = $2";
            if tx.first(sql, args![org.0, is.verdict]).await?.is_some() {
                return Ok(None);
            }
        }
        let sql = "INSERT INTO incident (org, id, title, looked_for, versions, published, drill,
                speed, opened, kind, verdict)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let values = args![
            org.0,
            id,
            &new.title,
            &new.looked_for,
            &new.versions,
            new.published.map(micros),
            new.drill.clone(),
            i64::from(new.speed),
            micros(now),
            new.near_miss.then_some(NEAR_MISS),
            is.verdict
        ];
        tx.run(sql, values).await?;
        let told = json!({ "title": new.title, "looked_for": new.looked_for,
            "versions": new.versions, "drill": new.drill, "near_miss": new.near_miss,
            "verdict": is.verdict,
            "published": new.published.map(|at| at.to_string()) });
        let opened = NewIncidentEvent { kind: "opened".to_owned(), team: None, told };
        if let Some(job) = job {
            jobs::add(&mut tx, job_id, job, now).await?;
        }
        let mut all = vec![opened];
        all.extend_from_slice(is.events);
        add(&mut tx, (org, id), &all, None, (actor, now)).await?;
        touch(&mut tx, (org, id), is.systems).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Tells what happened in an incident, which touches some systems. Returns the number of the first.
    /// `None`: there is no such incident, or it is closed and this does not go on then.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_incident(
        &self,
        org: Org,
        id: i64,
        told: (&[NewIncidentEvent], &[i64]),
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        self.tell_incident_after(org, id, told, None, (actor, now)).await
    }

    /// The same, but only if nothing was told since the event with a number. `None`: as before, or something was.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_incident_after(
        &self,
        org: Org,
        id: i64,
        (events, systems): (&[NewIncidentEvent], &[i64]),
        last: Option<i64>,
        by: (&str, Timestamp),
    ) -> Result<Option<i64>> {
        let mut tx = self.db.begin().await?;
        let Some(first) = add(&mut tx, (org, id), events, last, by).await? else {
            return Ok(None);
        };
        touch(&mut tx, (org, id), systems).await?;
        tx.commit().await?;
        Ok(Some(first))
    }

    /// Closes an incident, with what was learnt. `false`: there is no such one, or it is closed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn close_incident(
        &self,
        org: Org,
        id: i64,
        told: Value,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let closed = NewIncidentEvent { kind: "closed".to_owned(), team: None, told };
        if add(&mut tx, (org, id), &[closed], None, (actor, now)).await?.is_none() {
            return Ok(false);
        }
        let sql = "UPDATE incident SET closed = $3 WHERE org = $1 AND id = $2";
        tx.run(sql, args![org.0, id, micros(now)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// What an incident is opened with.
struct Opened<'o> {
    new: &'o NewIncident,
    /// The refusal that it is opened from.
    verdict: Option<i64>,
    events: &'o [NewIncidentEvent],
    systems: &'o [i64],
}

/// Keeps which systems an incident touches.
async fn touch(tx: &mut Tx, (org, id): (Org, i64), systems: &[i64]) -> Result<()> {
    for system in systems {
        let sql = "INSERT INTO incident_system (org, incident, system) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING";
        tx.run(sql, args![org.0, id, *system]).await?;
    }
    Ok(())
}

/// Whether it may be told of an incident that is closed: what is done about what was learnt.
fn goes_on(event: &NewIncidentEvent) -> bool {
    matches!(event.kind.as_str(), "action" | "done" | "note")
}

/// Adds events to an open incident, and to the ledger. Whoever writes holds the ledger, so that numbers have no gap.
/// `last`: the number of the event after which nothing was told yet.
pub(crate) async fn add(
    tx: &mut Tx,
    (org, id): (Org, i64),
    events: &[NewIncidentEvent],
    last: Option<i64>,
    (actor, now): (&str, Timestamp),
) -> Result<Option<i64>> {
    ledger::hold(tx, org).await?;
    let sql = "SELECT closed FROM incident WHERE org = $1 AND id = $2";
    let Some(row) = tx.first(sql, args![org.0, id]).await? else { return Ok(None) };
    if row.maybe_int(0)?.is_some() && !events.iter().all(goes_on) {
        return Ok(None);
    }
    let sql = "SELECT COALESCE(MAX(seq), 0) FROM incident_event WHERE org = $1 AND incident = $2";
    let row = tx.first(sql, args![org.0, id]).await?;
    let first = row.map_or(Ok(0), |row| row.int(0))? + 1;
    if last.is_some_and(|last| last + 1 != first) {
        return Ok(None);
    }
    let mut told: Vec<NewEvent> = Vec::with_capacity(events.len());
    for (seq, event) in (first..).zip(events) {
        let sql = "INSERT INTO incident_event (org, incident, seq, at, actor, kind, team, told)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = args![
            org.0,
            id,
            seq,
            micros(now),
            actor,
            &event.kind,
            event.team,
            event.told.to_string()
        ];
        tx.run(sql, values).await?;
        let data = json!({ "what": "incident", "incident": id, "seq": seq, "event": event.kind,
            "team": event.team, "told": event.told });
        told.push(changed(actor, now, data));
    }
    ledger::append(tx, org, &told).await?;
    Ok(Some(first))
}
