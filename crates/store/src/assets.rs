//! Assets, their snapshots, and what runs where.

use jiff::Timestamp;
use serde_json::json;

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::findings::tally;
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::organisations::changed;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// Something that carries components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its id.
    pub id: i64,
    /// The system that it belongs to.
    pub system: Option<i64>,
    /// repository, image, host, product.
    pub kind: String,
    /// Its name, unique in the organisation.
    pub name: String,
    /// The newest snapshot of its main line.
    pub latest: Option<i64>,
}

/// The inventory of an asset at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: i64,
    /// The asset.
    pub asset: i64,
    /// The digest of the document.
    pub document: String,
    /// The commit.
    pub revision: Option<String>,
    /// The branch. `None`: the main line.
    pub branch: Option<String>,
    /// The build.
    pub build: Option<String>,
    /// When it was received.
    pub received: Timestamp,
}

/// A snapshot to be added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewSnapshot {
    /// The digest of the document, which is stored and read already.
    pub document: String,
    /// The commit.
    pub revision: Option<String>,
    /// The branch. `None`: the main line.
    pub branch: Option<String>,
    /// The build.
    pub build: Option<String>,
    /// When its document was accepted: what was accepted later is newer, whichever is added first, and
    /// adding one acceptance twice adds it once. `None`: now.
    pub received: Option<Timestamp>,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It runs.
    Ok,
    /// It does not; what ran before still does.
    Failed,
    /// It ran, and what ran before runs again.
    RolledBack,
    /// It no longer runs, and nothing else of the asset does in its place.
    Stopped,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &[Outcome] =
        &[Outcome::Ok, Outcome::Failed, Outcome::RolledBack, Outcome::Stopped];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Ok => "ok",
            Outcome::Failed => "failed",
            Outcome::RolledBack => "rolled-back",
            Outcome::Stopped => "stopped",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<Outcome> {
        Outcome::ALL.iter().copied().find(|o| o.as_str() == text)
    }
}

/// A deployment to be noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeployment {
    /// The asset.
    pub asset: i64,
    /// The environment.
    pub environment: String,
    /// What was deployed; of a roll-back, what runs again; of a stop, what ran.
    pub snapshot: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id.
    pub id: i64,
    /// What was noted.
    pub is: NewDeployment,
    /// Who told it.
    pub actor: String,
}

/// What runs in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The environment.
    pub environment: String,
    /// The snapshot.
    pub snapshot: i64,
    /// Since when.
    pub since: Timestamp,
}

/// An asset with what runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetDetails {
    /// The asset.
    pub asset: Asset,
    /// Its newest snapshot.
    pub latest: Option<Snapshot>,
    /// What runs where.
    pub running: Vec<Running>,
}

pub(crate) const ASSET: &str = "id, system, kind, name, latest";
pub(crate) const SNAPSHOT: &str = "id, asset, document, revision, branch, build, received";

impl Asset {
    pub(crate) fn from_row(row: &Row) -> Result<Asset> {
        Ok(Asset {
            id: row.int(0)?,
            system: row.maybe_int(1)?,
            kind: row.text(2)?,
            name: row.text(3)?,
            latest: row.maybe_int(4)?,
        })
    }
}

impl Snapshot {
    pub(crate) fn from_row(row: &Row) -> Result<Snapshot> {
        Ok(Snapshot {
            id: row.int(0)?,
            asset: row.int(1)?,
            document: row.text(2)?,
            revision: row.maybe_text(3)?,
            branch: row.maybe_text(4)?,
            build: row.maybe_text(5)?,
            received: moment(row.int(6)?)?,
        })
    }
}

impl Store {
    /// Makes an asset, or finds the one of its name and moves it to the system that is named.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_asset(
        &self,
        org: Org,
        name: &str,
        kind: &str,
        system: Option<i64>,
        now: Timestamp,
    ) -> Result<Asset> {
        self.put_asset_by(org, (name, kind), system, "trimtab", now).await
    }

    /// The same, as somebody does it: that an asset goes to another system is told to the ledger.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_asset_by(
        &self,
        org: Org,
        (name, kind): (&str, &str),
        system: Option<i64>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Asset> {
        if let Some(asset) = self.asset_of_name(org, name).await? {
            if system.is_none() || asset.system == system {
                return Ok(asset);
            }
            let mut tx = self.db.begin().await?;
            // Others may move it at the same time: where it goes from is read of the row that is held.
            let sql = "UPDATE asset SET system = system WHERE org = $1 AND id = $2
                RETURNING system";
            let held = tx.first(sql, args![org.0, asset.id]).await?;
            let lost = || StoreError::Busy(format!("the asset `{name}` went away"));
            let from = held.ok_or_else(lost)?.maybe_int(0)?;
            if from == system {
                tx.commit().await?;
                return Ok(Asset { system, ..asset });
            }
            let sql = "UPDATE asset SET system = $3 WHERE org = $1 AND id = $2";
            tx.run(sql, args![org.0, asset.id, system]).await?;
            ledger::hold(&mut tx, org).await?;
            let sql = "UPDATE finding SET system = $3,
                    team = (SELECT team FROM system WHERE system.org = $1 AND system.id = $3)
                WHERE org = $1 AND asset = $2";
            tx.run(sql, args![org.0, asset.id, system]).await?;
            tally::recount_systems(&mut tx, org, [from, system]).await?;
            let data = json!({ "what": "asset", "name": name, "from": from });
            let event = NewEvent { system, asset: Some(asset.id), ..changed(actor, now, data) };
            ledger::append(&mut tx, org, &[event]).await?;
            tx.commit().await?;
            return Ok(Asset { system, ..asset });
        }
        let id = self.ids.one(&self.db, org.0, Kind::Asset).await?;
        let sql = "INSERT INTO asset (org, id, system, kind, name, created)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let values = args![org.0, id, system, kind, name, micros(now)];
        if (&mut &self.db).run(sql, values).await? == 1 {
            let (kind, name) = (kind.to_owned(), name.to_owned());
            return Ok(Asset { id, system, kind, name, latest: None });
        }
        let found = self.asset_of_name(org, name).await?;
        found.ok_or_else(|| StoreError::Busy(format!("the asset `{name}` went away")))
    }

    /// The asset of a name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn asset_of_name(&self, org: Org, name: &str) -> Result<Option<Asset>> {
        let sql = format!("SELECT {ASSET} FROM asset WHERE org = $1 AND name = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, name]).await?;
        row.as_ref().map(Asset::from_row).transpose()
    }

    /// The asset of an id, with what runs.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn asset(&self, org: Org, id: i64) -> Result<Option<AssetDetails>> {
        let sql = format!("SELECT {ASSET} FROM asset WHERE org = $1 AND id = $2");
        let Some(row) = (&mut &self.db).first(&sql, args![org.0, id]).await? else {
            return Ok(None);
        };
        let asset = Asset::from_row(&row)?;
        let latest = match asset.latest {
            None => None,
            Some(snapshot) => self.snapshot(org, snapshot).await?,
        };
        let running = running(&mut &self.db, org, id).await?;
        Ok(Some(AssetDetails { asset, latest, running }))
    }

    /// Assets of a system, or of the organisation, by name; after a name, at most `limit`. `systems`: only of those;
    /// `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn assets(
        &self,
        org: Org,
        system: Option<i64>,
        systems: Option<&[i64]>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Asset>> {
        let mut is = Condition::of("org", org);
        is.and("name > ", Some(after));
        is.and("system = ", system);
        if let Some(systems) = systems {
            is.text += &format!(" AND system IN ({})", listed(systems));
        }
        let asked = is.value(i64::try_from(limit).unwrap_or(i64::MAX));
        let sql =
            format!("SELECT {ASSET} FROM asset WHERE {} ORDER BY name LIMIT {asked}", is.text);
        let found = (&mut &self.db).all(&sql, is.values).await?;
        found.iter().map(Asset::from_row).collect()
    }

    /// A snapshot.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn snapshot(&self, org: Org, id: i64) -> Result<Option<Snapshot>> {
        let sql = format!("SELECT {SNAPSHOT} FROM snapshot WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Snapshot::from_row).transpose()
    }

    /// Snapshots of an asset, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn snapshots(&self, org: Org, asset: i64, limit: usize) -> Result<Vec<Snapshot>> {
        let sql = format!(
            "SELECT {SNAPSHOT} FROM snapshot WHERE org = $1 AND asset = $2
             ORDER BY received DESC, id DESC LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, asset, limit]).await?;
        found.iter().map(Snapshot::from_row).collect()
    }

    /// Deployments of an asset in an environment, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn deployments_in(
        &self,
        org: Org,
        asset: i64,
        environment: &str,
        limit: usize,
    ) -> Result<Vec<Deployment>> {
        let sql = "SELECT id, environment, snapshot, outcome, at, actor FROM deployment
            WHERE org = $1 AND asset = $2 AND environment = $3
            ORDER BY at DESC, id DESC LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, asset, environment, limit]).await?;
        found.iter().map(|row| Deployment::from_row(row, asset)).collect()
    }

    /// Deployments of an asset, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn deployments(&self, org: Org, asset: i64, limit: usize) -> Result<Vec<Deployment>> {
        let sql = "SELECT id, environment, snapshot, outcome, at, actor FROM deployment
            WHERE org = $1 AND asset = $2 ORDER BY at DESC, id DESC LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(sql, args![org.0, asset, limit]).await?;
        found.iter().map(|row| Deployment::from_row(row, asset)).collect()
    }
}

impl Deployment {
    fn from_row(row: &Row, asset: i64) -> Result<Deployment> {
        let outcome = row.text(3)?;
        Ok(Deployment {
            id: row.int(0)?,
            is: NewDeployment {
                asset,
                environment: row.text(1)?,
                snapshot: row.int(2)?,
                outcome: Outcome::from_text(&outcome)
                    .ok_or_else(|| StoreError::Damaged(format!("outcome `{outcome}`")))?,
                at: moment(row.int(4)?)?,
            },
            actor: row.text(5)?,
        })
    }
}

pub(crate) async fn running(sql: &mut impl Sql, org: Org, asset: i64) -> Result<Vec<Running>> {
    let text = "SELECT environment, snapshot, since FROM running
        WHERE org = $1 AND asset = $2 ORDER BY environment";
    let read = |row: &Row| {
        Ok(Running {
            environment: row.text(0)?,
            snapshot: row.int(1)?,
            since: moment(row.int(2)?)?,
        })
    };
    sql.all(text, args![org.0, asset]).await?.iter().map(read).collect()
}

/// Notes a deployment in a transaction. Returns whether something else runs now.
pub(crate) async fn deploy(
    tx: &mut Tx,
    org: Org,
    id: i64,
    new: &NewDeployment,
    actor: &str,
) -> Result<bool> {
    let sql = "INSERT INTO deployment (org, id, asset, environment, snapshot, outcome, at, actor)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let values = args![
        org.0,
        id,
        new.asset,
        &new.environment,
        new.snapshot,
        new.outcome.as_str(),
        micros(new.at),
        actor
    ];
    tx.run(sql, values).await?;
    // A report that comes late does not undo a newer one.
    match new.outcome {
        Outcome::Failed => Ok(false),
        Outcome::Stopped => {
            let sql = "DELETE FROM running
                WHERE org = $1 AND asset = $2 AND environment = $3 AND since <= $4";
            let values = args![org.0, new.asset, &new.environment, micros(new.at)];
            tx.run(sql, values.clone()).await?;
            // That nothing of it runs is news also where nobody had said what does.
            let sql = "SELECT 1 FROM running
                WHERE org = $1 AND asset = $2 AND environment = $3 AND since > $4";
            Ok(tx.first(sql, values).await?.is_none())
        }
        Outcome::Ok | Outcome::RolledBack => {
            let sql = "INSERT INTO running (org, asset, environment, snapshot, since)
                SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM deployment
                    WHERE deployment.org = $1 AND deployment.asset = $2
                        AND deployment.environment = $3 AND deployment.at > $5
                        AND deployment.outcome = 'stopped')
                ON CONFLICT (org, asset, environment) DO UPDATE SET snapshot = $4, since = $5
                WHERE running.since <= $5";
            let values = args![org.0, new.asset, &new.environment, new.snapshot, micros(new.at)];
            Ok(tx.run(sql, values).await? == 1)
        }
    }
}

/// The entry of a deployment.
pub(crate) fn deployed(new: &NewDeployment, id: i64, system: Option<i64>, actor: &str) -> NewEvent {
    NewEvent {
        kind: EventKind::Deployed,
        at: new.at,
        actor: actor.to_owned(),
        system,
        asset: Some(new.asset),
        finding: None,
        data: serde_json::json!({
            "deployment": id,
            "environment": new.environment,
            "snapshot": new.snapshot,
            "outcome": new.outcome.as_str(),
        }),
    }
}
