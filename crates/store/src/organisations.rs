//! Organisations, their teams and systems.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_model::Exposure;

use crate::db::{Row, Sql, args};
use crate::described;
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::{micros, moment};
use crate::{Org, Store, reviews};

/// An organisation.
#[derive(Debug, Clone, PartialEq)]
pub struct Organisation {
    /// Its key.
    pub org: Org,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// Settings, as JSON: the server reads them.
    pub settings: serde_json::Value,
}

/// A team.
#[derive(Debug, Clone, PartialEq)]
pub struct Team {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The rhythm that it chose: the name of a cadence of the charter.
    pub cadence: Option<String>,
    /// Points for dependency work in one window. `None`: not said.
    pub capacity: Option<f64>,
    /// How many batches it may have open at a time. `None`: no limit.
    pub open_limit: Option<u32>,
}

/// A system, as the organisation describes it. What is `None` is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// Its id; 0 before it is stored.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The owner team.
    pub team: Option<i64>,
    /// Who decides what is done first.
    pub product_owner: Option<String>,
    /// Whom to call about running it.
    pub operations: Option<String>,
    /// How much it matters.
    pub tier: Option<String>,
    /// From where it can be reached.
    pub exposure: Option<Exposure>,
    /// The classes of its data.
    pub data: Option<Vec<String>>,
    /// Where it runs.
    pub environments: Option<Vec<String>>,
    /// What a failure means to customers.
    pub failure: Option<String>,
    /// Systems that it needs.
    pub needs: Vec<i64>,
}

const SYSTEM: &str =
    "id, name, team, product_owner, operations, tier, exposure, data, environments, failure";

impl System {
    fn from_row(row: &Row) -> Result<System> {
        let list = |text: Option<String>| match text {
            None => Ok(None),
            Some(text) => serde_json::from_str::<Vec<String>>(&text)
                .map(Some)
                .map_err(|e| StoreError::Damaged(e.to_string())),
        };
        Ok(System {
            id: row.int(0)?,
            name: row.text(1)?,
            team: row.maybe_int(2)?,
            product_owner: row.maybe_text(3)?,
            operations: row.maybe_text(4)?,
            tier: row.maybe_text(5)?,
            exposure: row
                .maybe_text(6)?
                .and_then(|e| Exposure::ALL.iter().copied().find(|known| known.as_str() == e)),
            data: list(row.maybe_text(7)?)?,
            environments: list(row.maybe_text(8)?)?,
            failure: row.maybe_text(9)?,
            needs: Vec::new(),
        })
    }
}

fn list(words: Option<&Vec<String>>) -> Option<String> {
    words.map(|words| serde_json::Value::from(words.clone()).to_string())
}

impl Store {
    /// Makes an organisation.
    ///
    /// # Errors
    /// The name is taken.
    pub async fn add_organisation(&self, name: &str, now: Timestamp) -> Result<Org> {
        let org = self.ids.one(&self.db, 0, Kind::Organisation).await?;
        let sql =
            "INSERT INTO organisation (org, name, created, settings) VALUES ($1, $2, $3, '{}')";
        (&mut &self.db).run(sql, args![org, name, micros(now)]).await?;
        Ok(Org(org))
    }

    /// Every organisation, by key.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn organisations(&self) -> Result<Vec<Organisation>> {
        let sql = "SELECT org, name, created, settings FROM organisation ORDER BY org";
        let found = (&mut &self.db).all(sql, args![]).await?;
        let read = |row: &Row| {
            Ok(Organisation {
                org: Org(row.int(0)?),
                name: row.text(1)?,
                created: moment(row.int(2)?)?,
                settings: row.json(3)?,
            })
        };
        found.iter().map(read).collect()
    }

    /// Makes a team, or changes the one of its id, or of its name where that is 0. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_team(
        &self,
        org: Org,
        team: &Team,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let (id, sql) = match team.id {
            0 => (
                self.ids.one(&self.db, org.0, Kind::Team).await?,
                "INSERT INTO team (org, id, name, cadence, capacity, open_limit)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org, name)
                DO UPDATE SET cadence = $4, capacity = $5, open_limit = $6 RETURNING id",
            ),
            id => (
                id,
                "UPDATE team SET name = $3, cadence = $4, capacity = $5, open_limit = $6
                WHERE org = $1 AND id = $2 RETURNING id",
            ),
        };
        let mut tx = self.db.begin().await?;
        // Before any row, as all do.
        described::count(&mut tx, org).await?;
        let limit = team.open_limit.map(i64::from);
        let args = args![org.0, id, &team.name, team.cadence.clone(), team.capacity, limit];
        let row = tx.first(sql, args).await?;
        let id = row.map_or(Ok(id), |row| row.int(0))?;
        let data = serde_json::json!({ "what": "team", "team": id, "name": team.name,
            "cadence": team.cadence, "capacity": team.capacity, "open_limit": team.open_limit });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Every team, by name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn teams(&self, org: Org) -> Result<Vec<Team>> {
        let sql = "SELECT id, name, cadence, capacity, open_limit FROM team
            WHERE org = $1 ORDER BY name";
        let found = (&mut &self.db).all(sql, args![org.0]).await?;
        let read = |row: &Row| {
            Ok(Team {
                id: row.int(0)?,
                name: row.text(1)?,
                cadence: row.maybe_text(2)?,
                capacity: row.maybe_real(3)?,
                open_limit: row.maybe_int(4)?.and_then(|limit| u32::try_from(limit).ok()),
            })
        };
        found.iter().map(read).collect()
    }

    /// Makes a system, or changes the one of its id, or of its name where that is 0. Returns its id. Findings of its assets
    /// follow a change of owner.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_system(
        &self,
        org: Org,
        system: &System,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let (id, sql) = match system.id {
            0 => (
                self.ids.one(&self.db, org.0, Kind::System).await?,
                "INSERT INTO system (org, id, name, team, product_owner, operations, tier,
                    exposure, data, environments, failure, created)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                ON CONFLICT (org, name) DO UPDATE SET team = $4, product_owner = $5,
                    operations = $6, tier = $7, exposure = $8, data = $9, environments = $10,
                    failure = $11
                RETURNING id",
            ),
            id => (
                id,
                "UPDATE system SET name = $3, team = $4, product_owner = $5, operations = $6,
                    tier = $7, exposure = $8, data = $9, environments = $10, failure = $11
                WHERE org = $1 AND id = $2 RETURNING id",
            ),
        };
        let mut tx = self.db.begin().await?;
        // Before any row, as all do.
        described::count(&mut tx, org).await?;
        let mut args = args![
            org.0,
            id,
            &system.name,
            system.team,
            system.product_owner.clone(),
            system.operations.clone(),
            system.tier.clone(),
            system.exposure.map(|e| e.as_str().to_owned()),
            list(system.data.as_ref()),
            list(system.environments.as_ref()),
            system.failure.clone(),
        ];
        if system.id == 0 {
            args.extend(args![micros(now)]);
        }
        let row = tx.first(sql, args).await?;
        let id = row.map_or(Ok(id), |row| row.int(0))?;
        tx.run("DELETE FROM system_needs WHERE org = $1 AND system = $2", args![org.0, id]).await?;
        for needs in &system.needs {
            let sql = "INSERT INTO system_needs (org, system, needs) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING";
            tx.run(sql, args![org.0, id, *needs]).await?;
        }
        let sql = "UPDATE finding SET team = $3 WHERE org = $1 AND system = $2";
        tx.run(sql, args![org.0, id, system.team]).await?;
        reviews::moved(&mut tx, org, (id, system.team)).await?;
        let data = serde_json::json!({ "what": "system", "name": system.name, "team": system.team,
            "tier": system.tier, "exposure": system.exposure.map(Exposure::as_str),
            "data": system.data, "environments": system.environments,
            "accountable": system.product_owner.is_some() && system.operations.is_some() });
        let event = NewEvent { system: Some(id), ..changed(actor, now, data) };
        ledger::append(&mut tx, org, &[event]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Every system, by name, with what it needs.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn systems(&self, org: Org) -> Result<Arc<Vec<System>>> {
        self.remembered(&self.systems, org, || self.read_systems(org)).await
    }

    async fn read_systems(&self, org: Org) -> Result<Vec<System>> {
        let sql = format!("SELECT {SYSTEM} FROM system WHERE org = $1 ORDER BY name");
        let found = (&mut &self.db).all(&sql, args![org.0]).await?;
        let mut systems: Vec<System> = found.iter().map(System::from_row).collect::<Result<_>>()?;
        let places: HashMap<i64, usize> =
            systems.iter().enumerate().map(|(at, system)| (system.id, at)).collect();
        let sql = "SELECT system, needs FROM system_needs WHERE org = $1 ORDER BY system, needs";
        for row in (&mut &self.db).all(sql, args![org.0]).await? {
            let (system, needs) = (row.int(0)?, row.int(1)?);
            if let Some(at) = places.get(&system)
                && let Some(system) = systems.get_mut(*at)
            {
                system.needs.push(needs);
            }
        }
        Ok(systems)
    }
}

/// An entry about a change of who may do what, or of what is kept.
pub(crate) fn changed(actor: &str, now: Timestamp, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Changed,
        at: now,
        actor: actor.to_owned(),
        system: None,
        asset: None,
        finding: None,
        data,
    }
}
