//! Settling: bringing the findings of an asset to what it carries, and telling the ledger what changed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::{FindingState, Known, Weighed};
use crate::assets::{self, Asset, NewDeployment, NewSnapshot};
use crate::components::{self, Contents};
use crate::db::{Row, Sql, Tx, args, rows};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store, outbox};

/// The weighing of one finding: pure. `None`: it cannot be weighed.
pub type Weigh<'w> = dyn Fn(&Known) -> Option<Weighed> + Send + Sync + 'w;

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
    #[expect(
        clippy::too_many_arguments,
        reason = "what is added, by what it is judged, by whom and when"
    )]
    pub async fn add_snapshot(
        &self,
        org: Org,
        asset: i64,
        new: &NewSnapshot,
        production: &[String],
        weigh: &Weigh<'_>,
        actor: &str,
        now: Timestamp,
    ) -> Result<Settled> {
        let id = self.ids.one(&self.db, org.0, Kind::Snapshot).await?;
        let pool = self.pool(org, asset, Some(&new.document)).await?;
        let mut tx = self.db.begin().await?;
        let before = locked(&mut tx, org, asset).await?;
        assets::add_snapshot(&mut tx, org, id, &before, new, now).await?;
        let received = NewEvent {
            kind: EventKind::Received,
            at: now,
            actor: actor.to_owned(),
            system: before.system,
            asset: Some(asset),
            finding: None,
            data: json!({ "snapshot": id, "document": new.document, "revision": new.revision,
                "branch": new.branch, "build": new.build }),
        };
        let mut settled = Settled::default();
        let mut events = vec![received];
        // Another branch is kept to be compared; what is open is said of the main line.
        if new.branch.is_none() {
            let work = Work { org, now, production, weigh, pool };
            let after = Asset { latest: Some(id), ..before };
            settled = work.settle(&mut tx, &after, &mut events).await?;
        }
        settled.snapshot = Some(id);
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(settled)
    }

    /// Notes a deployment and settles its asset. Returns the deployment's id as well.
    ///
    /// # Errors
    /// The store does not answer; the snapshot is not one of the asset.
    pub async fn add_deployment(
        &self,
        org: Org,
        new: &NewDeployment,
        production: &[String],
        weigh: &Weigh<'_>,
        actor: &str,
        now: Timestamp,
    ) -> Result<(i64, Settled)> {
        let id = self.ids.one(&self.db, org.0, Kind::Deployment).await?;
        let pool = self.pool(org, new.asset, None).await?;
        let mut tx = self.db.begin().await?;
        let asset = locked(&mut tx, org, new.asset).await?;
        let sql = "SELECT 1 FROM snapshot WHERE org = $1 AND id = $2 AND asset = $3";
        if tx.first(sql, args![org.0, new.snapshot, new.asset]).await?.is_none() {
            let message = format!("snapshot {} is not one of `{}`", new.snapshot, asset.name);
            return Err(StoreError::Refused(message));
        }
        let changed = assets::deploy(&mut tx, org, id, new, actor).await?;
        let mut events = vec![assets::deployed(new, id, asset.system, actor)];
        let mut settled = Settled::default();
        if changed {
            let work = Work { org, now, production, weigh, pool };
            settled = work.settle(&mut tx, &asset, &mut events).await?;
        }
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok((id, settled))
    }

    /// Settles an asset again: the matcher's answers, the charter, a decision or the time changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn settle(
        &self,
        org: Org,
        asset: i64,
        production: &[String],
        weigh: &Weigh<'_>,
        now: Timestamp,
    ) -> Result<Settled> {
        let pool = self.pool(org, asset, None).await?;
        let mut tx = self.db.begin().await?;
        let asset = locked(&mut tx, org, asset).await?;
        let mut events = Vec::new();
        let work = Work { org, now, production, weigh, pool };
        let settled = work.settle(&mut tx, &asset, &mut events).await?;
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(settled)
    }

    /// Ids for new findings and a notice, taken before the transaction: as many as the asset may need at
    /// the most, which is every match of what it carries or is about to carry.
    async fn pool(&self, org: Org, asset: i64, document: Option<&str>) -> Result<Pool> {
        let sql = "SELECT COUNT(*) FROM carried CROSS JOIN affects
            WHERE carried.org = $1 AND carried.asset = $2
                AND affects.org = $1 AND affects.component = carried.component";
        let row = (&mut &self.db).first(sql, args![org.0, asset]).await?;
        let mut most = row.map_or(Ok(0), |row| row.int(0))?;
        let mut documents: Vec<String> = document.map(ToOwned::to_owned).into_iter().collect();
        let sql = "SELECT DISTINCT snapshot.document FROM running
            JOIN snapshot ON snapshot.org = $1 AND snapshot.id = running.snapshot
            WHERE running.org = $1 AND running.asset = $2";
        for row in (&mut &self.db).all(sql, args![org.0, asset]).await? {
            documents.push(row.text(0)?);
        }
        for document in &documents {
            most += self.count_matches(org, document).await?;
        }
        let sql = "SELECT COUNT(*) FROM finding WHERE org = $1 AND asset = $2";
        let row = (&mut &self.db).first(sql, args![org.0, asset]).await?;
        let known = row.map_or(Ok(0), |row| row.int(0))?;
        // What changes meanwhile is little; if it is more, the next attempt counts it.
        let wanted = usize::try_from(most.saturating_sub(known)).unwrap_or(0).max(16);
        Ok(Pool {
            findings: self.ids.take(&self.db, org.0, Kind::Finding, wanted).await?.into_iter(),
            notice: self.ids.one(&self.db, org.0, Kind::Notice).await?,
        })
    }

    /// How many matches the components of a document have.
    async fn count_matches(&self, org: Org, document: &str) -> Result<i64> {
        const BLOCK: usize = 2000;
        let contents =
            components::contents(&mut &self.db, org, document).await?.unwrap_or_default();
        let mut count = 0;
        for block in contents.listed.chunks(BLOCK) {
            let lines: Vec<_> = block.iter().map(|l| json!([l.component])).collect();
            let table = rows(self.engine(), "$2", &[("component", "BIGINT")]);
            let sql = format!(
                "SELECT COUNT(*) FROM {table} CROSS JOIN affects
                 WHERE affects.org = $1 AND affects.component = j.component"
            );
            let lines = serde_json::Value::from(lines).to_string();
            let row = (&mut &self.db).first(&sql, args![org.0, lines]).await?;
            count += row.map_or(Ok(0), |row| row.int(0))?;
        }
        Ok(count)
    }
}

struct Pool {
    findings: std::vec::IntoIter<i64>,
    notice: i64,
}

async fn locked(tx: &mut Tx, org: Org, asset: i64) -> Result<Asset> {
    let found = assets::lock(tx, org, asset).await?;
    found.ok_or_else(|| StoreError::Refused(format!("there is no asset {asset}")))
}

/// What the asset carries that is vulnerable: one for each package and vulnerability.
struct Present {
    component: i64,
    purl: String,
    vulnerability: String,
    latest: bool,
    running: bool,
    scope: String,
    relation: String,
    files: i64,
    fix: Option<String>,
}

/// What is stored of a finding.
struct Stored {
    id: i64,
    component: i64,
    state: FindingState,
    production: Option<bool>,
    detected: Timestamp,
    fix: Option<String>,
    level: Option<i64>,
    deadline: Option<Timestamp>,
    weight: Option<f64>,
    decision: Option<i64>,
    decided: Option<String>,
}

type Key = (String, i64);

struct Work<'w> {
    org: Org,
    now: Timestamp,
    production: &'w [String],
    weigh: &'w Weigh<'w>,
    pool: Pool,
}

impl Work<'_> {
    async fn settle(
        mut self,
        tx: &mut Tx,
        asset: &Asset,
        events: &mut Vec<NewEvent>,
    ) -> Result<Settled> {
        let known = self.carry(tx, asset).await?;
        let present = present(tx, self.org, asset.id).await?;
        let mut stored = stored(tx, self.org, asset.id).await?;
        let sql = "SELECT team FROM system WHERE org = $1 AND id = $2";
        let team = match tx.first(sql, args![self.org.0, asset.system]).await? {
            Some(row) => row.maybe_int(0)?,
            None => None,
        };
        let mut settled = Settled::default();
        for (key, is) in &present {
            // Where it is not known what runs, the main line stands in, and is said to.
            let production = known.then_some(is.running);
            let state = if is.latest { FindingState::Open } else { FindingState::Merged };
            let was = stored.remove(key);
            let back = was.as_ref().is_some_and(|w| !w.state.is_live());
            let detected = match &was {
                Some(was) if !back => was.detected,
                _ => self.now,
            };
            let weighed = (self.weigh)(&Known {
                asset: (asset.id, asset.name.clone()),
                system: asset.system,
                purl: is.purl.clone(),
                package: key.0.clone(),
                vulnerability: is.vulnerability.clone(),
                scope: is.scope.clone(),
                relation: is.relation.clone(),
                files: is.files,
                detected,
            });
            settled.live += 1;
            let id =
                match &was {
                    Some(was) => was.id,
                    None => self.pool.findings.next().ok_or_else(|| {
                        StoreError::Busy("more findings than ids were taken".into())
                    })?,
                };
            let event = |kind, data| NewEvent {
                kind,
                at: self.now,
                actor: "trimtab".to_owned(),
                system: asset.system,
                asset: Some(asset.id),
                finding: Some(id),
                data,
            };
            let names =
                json!({ "package": key.0, "vulnerability": is.vulnerability, "purl": is.purl });
            match &was {
                None => {
                    settled.detected.push(id);
                    events.push(event(EventKind::Detected, names));
                }
                Some(_) if back => {
                    settled.regressed.push(id);
                    events.push(event(EventKind::Regressed, names));
                }
                Some(was) if was.state == FindingState::Open && state == FindingState::Merged => {
                    settled.merged.push(id);
                    events.push(event(EventKind::Merged, names));
                }
                Some(was) if was.state == FindingState::Merged && state == FindingState::Open => {
                    settled.regressed.push(id);
                    events.push(event(EventKind::Regressed, names));
                }
                Some(_) => {}
            }
            let live = was.as_ref().filter(|_| !back);
            if let Some(weighed) = &weighed
                && live.is_none_or(|was| differs(was, weighed))
            {
                if live.is_some() {
                    settled.reassessed.push(id);
                }
                events.push(event(EventKind::Assessed, told(weighed, production)));
            } else if live.is_some_and(|was| was.production != production) {
                let weight = weighed.as_ref().map(|w| w.weight);
                let data = json!({ "production": production, "weight": weight });
                events.push(event(EventKind::Assessed, data));
            }
            let row = Written { id, key, is, state, production, detected, weighed, team };
            if live.is_none_or(|was| row.differs(was)) {
                row.write(tx, self.org, asset, self.now).await?;
            }
        }
        for (key, was) in stored.into_iter().filter(|(_, was)| was.state.is_live()) {
            self.gone(tx, asset, &key, &was, events, &mut settled).await?;
        }
        self.notice(tx, asset, &settled).await?;
        Ok(settled)
    }

    /// Brings `carried` up to date. Returns whether it is known what runs in production.
    async fn carry(&self, tx: &mut Tx, asset: &Asset) -> Result<bool> {
        let latest = match asset.latest {
            Some(snapshot) => listed(tx, self.org, snapshot).await?,
            None => Contents::default(),
        };
        let mut running = Vec::new();
        for one in assets::running(tx, self.org, asset.id).await? {
            if self.production.contains(&one.environment) {
                running.push(listed(tx, self.org, one.snapshot).await?);
            }
        }
        components::carry(tx, self.org, asset.id, &latest, &running).await?;
        Ok(!running.is_empty())
    }

    /// A finding that is no longer there.
    async fn gone(
        &self,
        tx: &mut Tx,
        asset: &Asset,
        key: &Key,
        was: &Stored,
        events: &mut Vec<NewEvent>,
        settled: &mut Settled,
    ) -> Result<()> {
        // The same component is still carried: then it is the advisories that changed.
        let sql = "SELECT 1 FROM carried WHERE org = $1 AND asset = $2 AND component = $3";
        let same = tx.first(sql, args![self.org.0, asset.id, was.component]).await?.is_some();
        let (state, kind) = if same {
            settled.retracted.push(was.id);
            (FindingState::Retracted, EventKind::Retracted)
        } else {
            settled.fixed.push(was.id);
            (FindingState::Fixed, EventKind::Fixed)
        };
        let sql = "UPDATE finding SET state = $3, production = FALSE, fixed = $4,
                merged = COALESCE(merged, $4) WHERE org = $1 AND id = $2";
        tx.run(sql, args![self.org.0, was.id, state.as_str(), micros(self.now)]).await?;
        let sql = "UPDATE attribution SET until = $3 WHERE org = $1 AND finding = $2
            AND source = 'trimtab' AND until IS NULL";
        tx.run(sql, args![self.org.0, was.id, micros(self.now)]).await?;
        let days = self.now.duration_since(was.detected).as_hours() / 24;
        events.push(NewEvent {
            kind,
            at: self.now,
            actor: "trimtab".to_owned(),
            system: asset.system,
            asset: Some(asset.id),
            finding: Some(was.id),
            data: json!({ "package": key.0, "days": days, "level": was.level, "weight": was.weight,
                "in_time": was.deadline.map(|deadline| self.now <= deadline) }),
        });
        Ok(())
    }

    /// One notice for all that one change brought.
    async fn notice(&self, tx: &mut Tx, asset: &Asset, settled: &Settled) -> Result<()> {
        if settled.detected.is_empty() && settled.regressed.is_empty() {
            return Ok(());
        }
        let payload = json!({ "asset": asset.id, "system": asset.system,
            "detected": settled.detected, "regressed": settled.regressed });
        outbox::put(tx, self.org, self.pool.notice, "findings", &payload, self.now).await
    }
}

async fn listed(tx: &mut Tx, org: Org, snapshot: i64) -> Result<Contents> {
    let sql = "SELECT document FROM snapshot WHERE org = $1 AND id = $2";
    let row = tx.first(sql, args![org.0, snapshot]).await?;
    let digest = row
        .ok_or_else(|| StoreError::Damaged(format!("snapshot {snapshot} went away")))?
        .text(0)?;
    components::contents(tx, org, &digest)
        .await?
        .ok_or_else(|| StoreError::Refused(format!("document {digest} was not read")))
}

/// What is vulnerable of what is carried. Of several versions of a package the one of the main line
/// stands for the finding, and of those the first by name.
async fn present(tx: &mut Tx, org: Org, asset: i64) -> Result<BTreeMap<Key, Present>> {
    let sql = "SELECT component.package, affects.vulnerability, component.id, component.purl,
            vulnerability.name, carried.latest, carried.running, carried.scope, carried.relation,
            carried.files, affects.fix
        FROM carried CROSS JOIN affects CROSS JOIN component CROSS JOIN vulnerability
        WHERE carried.org = $1 AND carried.asset = $2
            AND affects.org = $1 AND affects.component = carried.component
            AND component.org = $1 AND component.id = carried.component
            AND vulnerability.org = $1 AND vulnerability.id = affects.vulnerability
        ORDER BY component.package, affects.vulnerability, component.purl";
    let mut all: BTreeMap<Key, Present> = BTreeMap::new();
    for row in tx.all(sql, args![org.0, asset]).await? {
        let is = Present {
            component: row.int(2)?,
            purl: row.text(3)?,
            vulnerability: row.text(4)?,
            latest: row.flag(5)?,
            running: row.flag(6)?,
            scope: row.text(7)?,
            relation: row.text(8)?,
            files: row.int(9)?,
            fix: row.maybe_text(10)?,
        };
        match all.entry((row.text(0)?, row.int(1)?)) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(is);
            }
            std::collections::btree_map::Entry::Occupied(mut held) => {
                let held = held.get_mut();
                let (latest, running) = (held.latest || is.latest, held.running || is.running);
                let files = held.files + is.files;
                if is.latest && !held.latest {
                    *held = is;
                }
                (held.latest, held.running, held.files) = (latest, running, files);
            }
        }
    }
    Ok(all)
}

async fn stored(tx: &mut Tx, org: Org, asset: i64) -> Result<BTreeMap<Key, Stored>> {
    let sql =
        "SELECT package, vulnerability, id, component, state, production, detected, fix, level,
            deadline, weight, decision, decided
        FROM finding WHERE org = $1 AND asset = $2";
    let read = |row: &Row| {
        let is = Stored {
            id: row.int(2)?,
            component: row.int(3)?,
            state: FindingState::read(&row.text(4)?)?,
            production: row.maybe_flag(5)?,
            detected: moment(row.int(6)?)?,
            fix: row.maybe_text(7)?,
            level: row.maybe_int(8)?,
            deadline: maybe(row.maybe_int(9)?)?,
            weight: row.maybe_real(10)?,
            decision: row.maybe_int(11)?,
            decided: row.maybe_text(12)?,
        };
        Ok(((row.text(0)?, row.int(1)?), is))
    };
    tx.all(sql, args![org.0, asset]).await?.iter().map(read).collect()
}

/// Whether a weighing came out otherwise: level, deadline, weight or decision. A probability that moved
/// within its band is no news (TRAPS 27).
fn differs(was: &Stored, is: &Weighed) -> bool {
    was.level != Some(is.level as i64)
        || was.deadline != is.deadline
        || was.weight != Some(is.weight)
        || was.decision != is.decision.map(|(id, _)| id)
        || was.decided.as_deref() != is.decision.map(|(_, kind)| kind)
}

fn told(is: &Weighed, production: Option<bool>) -> serde_json::Value {
    json!({
        "level": is.level.as_str(),
        "weight": is.weight,
        "production": production,
        "deadline": is.deadline.map(|d| d.to_string()),
        "decision": is.decision.map(|(id, _)| id),
        "decided": is.decision.map(|(_, kind)| kind),
    })
}

/// A finding as it is to be stored.
struct Written<'r> {
    id: i64,
    key: &'r Key,
    is: &'r Present,
    state: FindingState,
    production: Option<bool>,
    detected: Timestamp,
    weighed: Option<Weighed>,
    team: Option<i64>,
}

impl Written<'_> {
    fn differs(&self, was: &Stored) -> bool {
        was.state != self.state
            || was.production != self.production
            || was.component != self.is.component
            || was.fix != self.is.fix
            || self.weighed.as_ref().is_some_and(|weighed| differs(was, weighed))
            || self.weighed.is_none() != was.level.is_none()
    }

    async fn write(self, tx: &mut Tx, org: Org, asset: &Asset, now: Timestamp) -> Result<()> {
        let w = self.weighed.as_ref();
        let merged = (self.state == FindingState::Merged).then(|| micros(now));
        let sql = "INSERT INTO finding (org, id, asset, package, vulnerability, system, team, component,
                state, production, detected, merged, level, level_least, level_most, probability,
                weight, deadline, deadline_kind, cost_least, cost_most, fix, decision, decided)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $21, $22, $23, $24)
            ON CONFLICT (org, asset, package, vulnerability) DO UPDATE SET
                system = $6, team = $7, component = $8, state = $9, production = $10, detected = $11,
                merged = CASE WHEN $12 IS NULL THEN NULL ELSE COALESCE(finding.merged, $12) END,
                fixed = NULL, level = $13, level_least = $14, level_most = $15, probability = $16,
                weight = $17, deadline = $18, deadline_kind = $19, cost_least = $20, cost_most = $21,
                fix = $22, decision = $23, decided = $24";
        let values = args![
            org.0,
            self.id,
            asset.id,
            &self.key.0,
            self.key.1,
            asset.system,
            self.team,
            self.is.component,
            self.state.as_str(),
            self.production,
            micros(self.detected),
            merged,
            w.map(|w| w.level as i64),
            w.map(|w| w.bounds.0 as i64),
            w.map(|w| w.bounds.1 as i64),
            w.map(|w| w.probability),
            w.map(|w| w.weight),
            w.and_then(|w| w.deadline).map(micros),
            w.map(|w| w.deadline_kind),
            w.and_then(|w| w.cost).map(|cost| cost.0),
            w.and_then(|w| w.cost).map(|cost| cost.1),
            self.is.fix.clone(),
            w.and_then(|w| w.decision).map(|decision| decision.0),
            w.and_then(|w| w.decision).map(|decision| decision.1),
        ];
        tx.run(sql, values).await?;
        let said = json!({ "purl": self.is.purl, "fix": self.is.fix });
        attribute(tx, org, self.id, "trimtab", &said, now).await
    }
}

/// A source says that a finding exists.
pub(crate) async fn attribute(
    tx: &mut Tx,
    org: Org,
    finding: i64,
    source: &str,
    said: &serde_json::Value,
    now: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO attribution (org, finding, source, since, last, said)
        VALUES ($1, $2, $3, $4, $4, $5)
        ON CONFLICT (org, finding, source) DO UPDATE SET last = $4, until = NULL, said = $5";
    tx.run(sql, args![org.0, finding, source, micros(now), said.to_string()]).await.map(|_| ())
}
