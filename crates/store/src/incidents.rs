//! Incidents: what each is about, and what happened in it, in order. Each event stands in the ledger too, written in
//! the same transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::jobs::{self, NewJob};
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// An incident to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIncident {
    /// What it is called.
    pub title: String,
    /// A purl, or a name of a vulnerability.
    pub looked_for: String,
    /// A version or range of it; empty: all.
    pub versions: String,
    /// When the world was told. `None`: nobody said.
    pub published: Option<Timestamp>,
    /// The past event that a drill plays; empty: one of our own. `None`: it is real.
    pub drill: Option<String>,
    /// How many minutes of the past go by in one of the drill.
    pub speed: u32,
    /// Whether it was caught before anything was touched: it counts in no time of incidents.
    pub near_miss: bool,
}

/// Incidents of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IncidentSort {
    /// What happened.
    Real,
    /// What nearly did.
    NearMiss,
    /// What was played.
    Drill,
}

/// How many incidents there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IncidentCount {
    /// Real ones that are open.
    pub open: i64,
    /// Real ones.
    pub real: i64,
    /// Near misses.
    pub near_misses: i64,
    /// Drills.
    pub drills: i64,
}

/// So many incidents are asked for together.
const BLOCK: usize = 100;

/// The word of a near miss.
const NEAR_MISS: &str = "near-miss";

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its id.
    pub id: i64,
    /// What it is about.
    pub is: NewIncident,
    /// When it was opened.
    pub opened: Timestamp,
    /// When it was closed. `None`: it is open.
    pub closed: Option<Timestamp>,
    /// The refusal that it was opened from.
    pub verdict: Option<i64>,
}

/// Something that is to be told of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct NewIncidentEvent {
    /// What: a word of the server.
    pub kind: String,
    /// The team that it is about.
    pub team: Option<i64>,
    /// What was said.
    pub told: Value,
}

/// Something that happened in an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentEvent {
    /// Its number in the incident, from 1 on.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub is: NewIncidentEvent,
}

const COLUMNS: &str =
    "id, title, looked_for, versions, published, drill, speed, opened, closed, kind, verdict";

impl Incident {
    fn from_row(row: &Row) -> Result<Incident> {
        Ok(Incident {
            id: row.int(0)?,
            is: NewIncident {
                title: row.text(1)?,
                looked_for: row.text(2)?,
                versions: row.text(3)?,
                published: maybe(row.maybe_int(4)?)?,
                drill: row.maybe_text(5)?,
                speed: u32::try_from(row.int(6)?).unwrap_or(1),
                near_miss: row.maybe_text(9)?.as_deref() == Some(NEAR_MISS),
            },
            opened: moment(row.int(7)?)?,
            closed: maybe(row.maybe_int(8)?)?,
            verdict: row.maybe_int(10)?,
        })
    }
}

fn event(row: &Row) -> Result<IncidentEvent> {
    Ok(IncidentEvent {
        seq: row.int(0)?,
        at: moment(row.int(1)?)?,
        actor: row.text(2)?,
        is: NewIncidentEvent { kind: row.text(3)?, team: row.maybe_int(4)?, told: row.json(5)? },
    })
}

impl IncidentSort {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            IncidentSort::Real => "incident",
            IncidentSort::NearMiss => NEAR_MISS,
            IncidentSort::Drill => "drill",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<IncidentSort> {
        let all = [IncidentSort::Real, IncidentSort::NearMiss, IncidentSort::Drill];
        all.into_iter().find(|is| is.as_str() == text)
    }
}

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

    /// An incident.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incident(&self, org: Org, id: i64) -> Result<Option<Incident>> {
        let sql = format!("SELECT {COLUMNS} FROM incident WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Incident::from_row).transpose()
    }

    /// Incidents that are open or not, and touched one of some systems, the newest first. `None`: whichever.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incidents(
        &self,
        org: Org,
        open: Option<bool>,
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Incident>> {
        self.incidents_of(org, (open, None), systems, after, limit).await
    }

    /// The same of one sort alone.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incidents_of(
        &self,
        org: Org,
        (open, sort): (Option<bool>, Option<IncidentSort>),
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Incident>> {
        let limit = limit.clamp(1, MOST);
        let mut is = touching(org, systems);
        match open {
            Some(true) => is.text += " AND closed IS NULL",
            Some(false) => is.text += " AND closed IS NOT NULL",
            None => {}
        }
        is.text += match sort {
            Some(IncidentSort::Drill) => " AND drill IS NOT NULL",
            Some(IncidentSort::Real) => " AND drill IS NULL AND kind IS NULL",
            Some(IncidentSort::NearMiss) => " AND drill IS NULL AND kind = 'near-miss'",
            None => "",
        };
        is.and("id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM incident WHERE {} ORDER BY id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        let found = rows.iter().map(Incident::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: 0, id: one.id }))
    }

    /// Near misses that were opened between two moments and touched one of some systems, the newest first, at most so
    /// many; and how many there are. `None`: whichever.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn near_misses(
        &self,
        org: Org,
        (since, until): (Timestamp, Timestamp),
        systems: Option<&[i64]>,
        limit: usize,
    ) -> Result<(Vec<Incident>, i64)> {
        let mut is = touching(org, systems);
        is.text += " AND drill IS NULL AND kind = 'near-miss'";
        is.and("opened >= ", Some(micros(since)));
        is.and("opened < ", Some(micros(until)));
        let sql = format!("SELECT COUNT(*) FROM incident WHERE {}", is.text);
        let row = (&mut &self.db).first(&sql, is.values.clone()).await?;
        let count = row.map_or(Ok(0), |row| row.int(0))?;
        let asked = is.value(i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM incident WHERE {} ORDER BY id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        Ok((rows.iter().map(Incident::from_row).collect::<Result<Vec<_>>>()?, count))
    }

    /// How many of each sort there are that touched one of some systems. `None`: whichever.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_incidents(
        &self,
        org: Org,
        systems: Option<&[i64]>,
    ) -> Result<IncidentCount> {
        let is = touching(org, systems);
        let sql = format!(
            "SELECT COUNT(CASE WHEN drill IS NULL AND kind IS NULL AND closed IS NULL THEN 1 END),
                COUNT(CASE WHEN drill IS NULL AND kind IS NULL THEN 1 END),
                COUNT(CASE WHEN drill IS NULL AND kind = 'near-miss' THEN 1 END), COUNT(drill)
             FROM incident WHERE {}",
            is.text
        );
        match (&mut &self.db).first(&sql, is.values).await? {
            Some(row) => Ok(IncidentCount {
                open: row.int(0)?,
                real: row.int(1)?,
                near_misses: row.int(2)?,
                drills: row.int(3)?,
            }),
            None => Ok(IncidentCount::default()),
        }
    }

    /// How far teams came in some incidents, by the incident, each in order; without what was said of it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn team_events(
        &self,
        org: Org,
        incidents: &[i64],
    ) -> Result<BTreeMap<i64, Vec<IncidentEvent>>> {
        let mut all: BTreeMap<i64, Vec<IncidentEvent>> = BTreeMap::new();
        for block in incidents.chunks(BLOCK) {
            let sql = format!(
                "SELECT seq, at, actor, kind, team, CAST('{{}}' AS TEXT), incident
                 FROM incident_event
                 WHERE org = $1 AND team IS NOT NULL AND incident IN ({})
                     AND kind IN ('touched', 'acknowledged', 'contained', 'fixed', 'returned',
                         'handed')
                 ORDER BY incident, seq",
                listed(block)
            );
            for row in (&mut &self.db).all(&sql, args![org.0]).await? {
                all.entry(row.int(6)?).or_default().push(event(&row)?);
            }
        }
        Ok(all)
    }

    /// What is to be done in some incidents, and what of it was done, by the incident, each in order.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incident_tasks(
        &self,
        org: Org,
        incidents: &[i64],
    ) -> Result<BTreeMap<i64, Vec<IncidentEvent>>> {
        let mut all: BTreeMap<i64, Vec<IncidentEvent>> = BTreeMap::new();
        for block in incidents.chunks(BLOCK) {
            let sql = format!(
                "SELECT seq, at, actor, kind, team, told, incident FROM incident_event
                 WHERE org = $1 AND kind IN ('task', 'action', 'done') AND incident IN ({})
                 ORDER BY incident, seq",
                listed(block)
            );
            for row in (&mut &self.db).all(&sql, args![org.0]).await? {
                all.entry(row.int(6)?).or_default().push(event(&row)?);
            }
        }
        Ok(all)
    }

    /// What happened in an incident, in order.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incident_events(&self, org: Org, id: i64) -> Result<Vec<IncidentEvent>> {
        let sql = "SELECT seq, at, actor, kind, team, told FROM incident_event
            WHERE org = $1 AND incident = $2 ORDER BY seq";
        let rows = (&mut &self.db).all(sql, args![org.0, id]).await?;
        rows.iter().map(event).collect()
    }

    /// The systems that an incident touched, ever.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn incident_systems(&self, org: Org, id: i64) -> Result<Vec<i64>> {
        let sql = "SELECT system FROM incident_system WHERE org = $1 AND incident = $2
            ORDER BY system";
        let rows = (&mut &self.db).all(sql, args![org.0, id]).await?;
        rows.iter().map(|row| row.int(0)).collect()
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

/// Incidents that touched one of some systems. `None`: whichever.
fn touching(org: Org, systems: Option<&[i64]>) -> Condition {
    let mut is = Condition::of("incident.org", org);
    if let Some(systems) = systems {
        is.text += &format!(
            " AND EXISTS (SELECT 1 FROM incident_system AS s WHERE s.org = $1
                AND s.incident = incident.id AND s.system IN ({}))",
            listed(systems)
        );
    }
    is
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
