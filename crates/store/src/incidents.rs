//! Incidents: what each is about, and what happened in it, in order. Each event stands in the ledger too, written in
//! the same transaction.

mod write;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use write::add;

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::error::Result;
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
