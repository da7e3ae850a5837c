//! Settling: bringing the findings of an asset to what it carries, and telling the ledger what changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::arrive::Arrival;
use super::compare::Changes;
use super::present::{Key, Present, Stored, present, stored};
use super::write;
use super::{FindingState, Known, Weighed};
use crate::assets::{self, Asset, NewDeployment, NewSnapshot};
use crate::components::{self, Carries, Contents};
use crate::db::{Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::held::{self, Locked};
use crate::ids::{self, Kind};
use crate::ledger::{self, EventKind, NewEvent};
use crate::recent::Recent;
use crate::{Org, Store, outbox};

/// The weighing of one finding: pure. `None`: it cannot be weighed.
pub type Weigh<'w> = dyn Fn(&Known) -> Option<Weighed> + Send + Sync + 'w;

/// What a change of an asset is judged by.
#[derive(Clone, Copy)]
pub struct JudgedBy<'w> {
    /// The environments that are production.
    pub production: &'w [String],
    /// How a finding is weighed.
    pub weigh: &'w Weigh<'w>,
    /// The moment.
    pub now: Timestamp,
}

impl<'w> JudgedBy<'w> {
    /// By these environments and weights, at a moment.
    pub fn new(production: &'w [String], weigh: &'w Weigh<'w>, now: Timestamp) -> JudgedBy<'w> {
        JudgedBy { production, weigh, now }
    }
}

/// What settling changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settled {
    /// The snapshot that was added.
    pub snapshot: Option<i64>,
    /// Findings that were seen for the first time.
    pub detected: Vec<i64>,
    /// That came back.
    pub regressed: Vec<i64>,
    /// That went from the main line, but still run.
    pub merged: Vec<i64>,
    /// That are gone.
    pub fixed: Vec<i64>,
    /// That no source speaks of any longer.
    pub retracted: Vec<i64>,
    /// That came out at another level or deadline.
    pub reassessed: Vec<i64>,
    /// That are live now.
    pub live: usize,
}

impl Settled {
    /// Whether anything about findings changed.
    pub fn is_quiet(&self) -> bool {
        let lists = [
            &self.detected,
            &self.regressed,
            &self.merged,
            &self.fixed,
            &self.retracted,
            &self.reassessed,
        ];
        lists.iter().all(|list| list.is_empty())
    }
}

impl Store {
    /// Adds a snapshot whose document is stored, read and matched, and settles its asset.
    ///
    /// # Errors
    /// The store does not answer; the document was not read before.
    pub async fn add_snapshot(
        &self,
        org: Org,
        asset: i64,
        new: &NewSnapshot,
        by: JudgedBy<'_>,
        actor: &str,
    ) -> Result<Settled> {
        let arrival = Arrival { asset, new, actor };
        let settled = self.add_snapshots(org, &[arrival], by).await?;
        Ok(settled.into_iter().next().unwrap_or_default())
    }

    /// Notes a deployment and settles its asset. Returns the deployment's id as well.
    ///
    /// # Errors
    /// The store does not answer; the snapshot is not one of the asset.
    pub async fn add_deployment(
        &self,
        org: Org,
        new: &NewDeployment,
        by: JudgedBy<'_>,
        actor: &str,
    ) -> Result<(i64, Settled)> {
        let id = self.ids.one(&self.db, org.0, Kind::Deployment).await?;
        let mut tx = self.db.begin().await?;
        let is = locked(&mut tx, org, new.asset).await?;
        let sql = "SELECT 1 FROM snapshot WHERE org = $1 AND id = $2 AND asset = $3";
        if tx.first(sql, args![org.0, new.snapshot, new.asset]).await?.is_none() {
            let message = format!("snapshot {} is not one of `{}`", new.snapshot, is.asset.name);
            return Err(StoreError::Refused(message));
        }
        let changed = assets::deploy(&mut tx, org, id, new, actor).await?;
        let mut events = vec![assets::deployed(new, id, is.asset.system, actor)];
        let mut settled = Settled::default();
        if changed {
            let work = self.work(org, by);
            settled = work.one(&mut tx, &is, &mut events).await?;
        }
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok((id, settled))
    }

    /// Settles an asset again: the charter or the time changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn settle(&self, org: Org, asset: i64, by: JudgedBy<'_>) -> Result<Settled> {
        let mut tx = self.db.begin().await?;
        let is = locked(&mut tx, org, asset).await?;
        let mut events = Vec::new();
        let work = self.work(org, by);
        let settled = work.one(&mut tx, &is, &mut events).await?;
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(settled)
    }

    /// The settling of one asset, by what it is judged.
    pub(super) fn work<'w>(&'w self, org: Org, by: JudgedBy<'w>) -> Work<'w> {
        let JudgedBy { production, weigh, now } = by;
        Work { org, now, production, weigh, recent: &self.recent }
    }
}

pub(super) async fn locked(tx: &mut Tx, org: Org, asset: i64) -> Result<Locked> {
    let found = held::lock_all(tx, org, &[asset]).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| StoreError::Refused(format!("there is no asset {asset}")))
}

/// The settling of assets.
pub(super) struct Work<'w> {
    pub(super) org: Org,
    pub(super) now: Timestamp,
    pub(super) production: &'w [String],
    pub(super) weigh: &'w Weigh<'w>,
    pub(super) recent: &'w Recent,
}

/// An asset with what it has and what is stored of it.
pub(super) struct Side<'s> {
    pub(super) is: &'s Locked,
    /// Whether it is known what runs in production.
    pub(super) known: bool,
    /// What is looked at: all that it has, or some of its packages.
    pub(super) present: BTreeMap<Key, Present>,
    /// What is stored of these.
    pub(super) stored: BTreeMap<Key, Stored>,
    /// Live findings that stay as they are and share sums with these.
    pub(super) beside: BTreeMap<Key, Stored>,
}

impl Work<'_> {
    /// Settles one asset, of whose newest snapshot the document is not known.
    pub(super) async fn one(
        &self,
        tx: &mut Tx,
        is: &Locked,
        events: &mut Vec<NewEvent>,
    ) -> Result<Settled> {
        let settled = self.settle(tx, &[(is, None)], events).await?.pop();
        Ok(settled.unwrap_or_default())
    }

    /// Brings the findings of assets to what they carry and what tools say, in a transaction that has them locked. With
    /// each the document of its newest snapshot, if it is known already. The answers come in the order of the question.
    pub(super) async fn settle(
        &self,
        tx: &mut Tx,
        all: &[(&Locked, Option<&str>)],
        events: &mut Vec<NewEvent>,
    ) -> Result<Vec<Settled>> {
        let known = self.carry(tx, all).await?;
        // Assets first, then the ledger, then all that assets share: who settles several has no other order. What is
        // read from here on stays so.
        ledger::hold(tx, self.org).await?;
        let ids: Vec<i64> = all.iter().map(|(is, _)| is.asset.id).collect();
        let mut present = present(tx, self.org, &ids).await?;
        let mut stored = stored(tx, self.org, &ids).await?;
        let mut sides = Vec::with_capacity(all.len());
        for ((is, _), known) in all.iter().zip(known) {
            sides.push(Side {
                is,
                known,
                present: present.remove(&is.asset.id).unwrap_or_default(),
                stored: stored.remove(&is.asset.id).unwrap_or_default(),
                beside: BTreeMap::new(),
            });
        }
        self.sides(tx, &sides, events).await
    }

    /// Brings the findings of some assets to what they have, in a transaction that has them locked and holds the
    /// ledger. The answers come in the order of the question.
    pub(super) async fn sides(
        &self,
        tx: &mut Tx,
        sides: &[Side<'_>],
        events: &mut Vec<NewEvent>,
    ) -> Result<Vec<Settled>> {
        // As many ids as there are new findings, taken here: nobody else waits for these numbers.
        let new = |side: &Side<'_>| {
            side.present.keys().filter(|key| !side.stored.contains_key(*key)).count()
        };
        let count = sides.iter().map(new).sum();
        let mut new = ids::within(tx, self.org, Kind::Finding, count).await?;
        let mut changes = Changes::default();
        let mut all = Vec::with_capacity(sides.len());
        for (place, side) in sides.iter().enumerate() {
            all.push(self.compare((place, side), &mut new, &mut changes, events)?);
        }
        write::put(tx, self.org, &changes.written, self.now).await?;
        self.gone(tx, sides, &changes.gone, events, &mut all).await?;
        self.notice(tx, sides, &all).await?;
        changes.sums.write(tx, self.org).await?;
        Ok(all)
    }

    /// Brings `carried` up to date. Returns of each whether it is known what runs in production.
    async fn carry(&self, tx: &mut Tx, all: &[(&Locked, Option<&str>)]) -> Result<Vec<bool>> {
        let ids: Vec<i64> = all.iter().map(|(is, _)| is.asset.id).collect();
        let mut standing = held::standing(tx, self.org, &ids).await?;
        let (mut known, mut carried) = (Vec::new(), Vec::new());
        for (is, document) in all {
            let asset = &is.asset;
            let stands = standing.remove(&asset.id).unwrap_or_default();
            let runs: Vec<i64> = stands
                .runs
                .into_iter()
                .filter(|(environment, _)| self.production.contains(environment))
                .map(|(_, snapshot)| snapshot)
                .collect();
            // What was stopped is known not to run.
            let mut stopped = stands.stopped.iter();
            known.push(!runs.is_empty() || stopped.any(|is| self.production.contains(is)));
            let latest = match (asset.latest, document) {
                (Some(_), Some(digest)) => self.contents(tx, digest).await?,
                (Some(snapshot), None) => self.listed(tx, snapshot).await?,
                (None, _) => Arc::default(),
            };
            let mut running = Vec::new();
            for snapshot in runs {
                running.push(self.listed(tx, snapshot).await?);
            }
            carried.push(Carries { asset: asset.id, latest, running });
        }
        components::carry(tx, self.org, &carried).await?;
        Ok(known)
    }

    /// What a snapshot lists.
    async fn listed(&self, tx: &mut Tx, snapshot: i64) -> Result<Arc<Contents>> {
        let sql = "SELECT document FROM snapshot WHERE org = $1 AND id = $2";
        let row = tx.first(sql, args![self.org.0, snapshot]).await?;
        let lost = || StoreError::Damaged(format!("snapshot {snapshot} went away"));
        self.contents(tx, &row.ok_or_else(lost)?.text(0)?).await
    }

    /// What a document lists.
    async fn contents(&self, tx: &mut Tx, digest: &str) -> Result<Arc<Contents>> {
        if let Some(contents) = self.recent.get(self.org, digest) {
            return Ok(contents);
        }
        let contents = components::contents(tx, self.org, digest).await?;
        let unread = || StoreError::Refused(format!("document {digest} was not read"));
        contents.map(Arc::new).ok_or_else(unread)
    }

    /// Findings that are no longer there.
    async fn gone(
        &self,
        tx: &mut Tx,
        sides: &[Side<'_>],
        all: &[(usize, &Key, &Stored)],
        events: &mut Vec<NewEvent>,
        settled: &mut [Settled],
    ) -> Result<()> {
        // Of each asset's place: the asset and what settling it changed.
        let mut of: Vec<(&Asset, &mut Settled)> =
            sides.iter().map(|side| &side.is.asset).zip(settled).collect();
        // The same component is still carried: then it is the advisories that changed.
        let mut pairs = Vec::with_capacity(all.len());
        for (place, _, was) in all {
            pairs.extend(of.get(*place).map(|(asset, _)| (asset.id, was.component)));
        }
        let carried = components::carried(tx, self.org, &pairs).await?;
        let mut lines = Vec::with_capacity(all.len());
        for (place, key, was) in all {
            let Some((asset, settled)) = of.get_mut(*place) else { continue };
            let (state, kind) = if carried.contains(&(asset.id, was.component)) {
                settled.retracted.push(was.id);
                (FindingState::Retracted, EventKind::Retracted)
            } else {
                settled.fixed.push(was.id);
                (FindingState::Fixed, EventKind::Fixed)
            };
            lines.push((was.id, state));
            let days = self.now.duration_since(was.detected).as_hours() / 24;
            events.push(NewEvent {
                kind,
                at: self.now,
                actor: "trimtab".to_owned(),
                system: asset.system,
                asset: Some(asset.id),
                finding: Some(was.id),
                data: json!({ "package": key.0, "days": days, "level": was.level,
                    "weight": was.weight,
                    "in_time": was.deadline.map(|deadline| self.now <= deadline) }),
            });
        }
        write::close(tx, self.org, &lines, self.now).await
    }

    /// One notice of each asset for all that one change brought.
    async fn notice(&self, tx: &mut Tx, sides: &[Side<'_>], settled: &[Settled]) -> Result<()> {
        let mut payloads = Vec::new();
        for (side, settled) in sides.iter().zip(settled) {
            if settled.detected.is_empty() && settled.regressed.is_empty() {
                continue;
            }
            let asset = &side.is.asset;
            payloads.push(json!({ "asset": asset.id, "system": asset.system,
                "detected": settled.detected, "regressed": settled.regressed }));
        }
        let ids = ids::within(tx, self.org, Kind::Notice, payloads.len()).await?;
        let all: Vec<_> = ids.zip(payloads).collect();
        outbox::put_all(tx, self.org, &all, "findings", self.now).await
    }
}
