//! Snapshots that arrive: several are added, and their assets settled, in a few statements. What each would cost by
//! itself is mostly the way to the database and back.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::settle::{JudgedBy, Settled, Work};
use crate::assets::{NewSnapshot, SNAPSHOT, Snapshot};
use crate::db::{Engine, Sql, Tx, args, rows};
use crate::error::Result;
use crate::held::{self, Locked};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::micros;
use crate::{Org, Store, StoreError};

/// A snapshot on its way in, whose document is stored, read and matched.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The asset.
    pub asset: i64,
    /// What is said of it.
    pub new: &'a NewSnapshot,
    /// Who sent it.
    pub actor: &'a str,
}

/// Which of them can be added at once: of one asset one after the other.
fn rounds(arrivals: &[Arrival<'_>]) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    let mut before: HashMap<i64, usize> = HashMap::new();
    for (place, arrival) in arrivals.iter().enumerate() {
        let round = before.entry(arrival.asset).or_default();
        match rounds.get_mut(*round) {
            Some(places) => places.push(place),
            None => rounds.push(vec![place]),
        }
        *round += 1;
    }
    rounds
}

impl Store {
    /// Adds snapshots, and settles their assets: all or nothing. The answers come in the order of the question.
    ///
    /// # Errors
    /// The store does not answer; a document was not read before, or an asset is not there.
    pub async fn add_snapshots(
        &self,
        org: Org,
        arrivals: &[Arrival<'_>],
        by: JudgedBy<'_>,
    ) -> Result<Vec<Settled>> {
        let ids = self.ids.take(&self.db, org.0, Kind::Snapshot, arrivals.len()).await?;
        let numbered: Vec<(i64, Arrival<'_>)> =
            ids.into_iter().zip(arrivals.iter().copied()).collect();
        let work = self.work(org, by);
        let mut tx = self.db.begin().await?;
        let mut all = vec![Settled::default(); arrivals.len()];
        for round in rounds(arrivals) {
            let of_round: Vec<_> =
                round.iter().filter_map(|place| numbered.get(*place).copied()).collect();
            let settled = arrive(&mut tx, &work, &of_round).await?;
            for (place, settled) in round.into_iter().zip(settled) {
                if let Some(held) = all.get_mut(place) {
                    *held = settled;
                }
            }
        }
        tx.commit().await?;
        Ok(all)
    }
}

/// Adds snapshots, each of another asset, and settles those whose main line moves.
async fn arrive(
    tx: &mut Tx,
    work: &Work<'_>,
    arrivals: &[(i64, Arrival<'_>)],
) -> Result<Vec<Settled>> {
    let (org, now) = (work.org, work.now);
    let assets: Vec<i64> = arrivals.iter().map(|(_, is)| is.asset).collect();
    let locked = held::lock_all(tx, org, &assets).await?;
    let mut locked: BTreeMap<i64, Locked> =
        locked.into_iter().map(|is| (is.asset.id, is)).collect();
    let asked: Vec<_> = arrivals.iter().map(|(_, is)| (is.asset, is.new)).collect();
    let known = added(tx, org, &asked).await?;
    let (mut adding, mut received, mut moved) = (Vec::new(), Vec::new(), Vec::new());
    for (id, is) in arrivals.iter().filter(|(_, is)| !known.contains_key(&is.asset)) {
        let gone = || StoreError::Refused(format!("there is no asset {}", is.asset));
        let mut asset = locked.remove(&is.asset).ok_or_else(gone)?;
        let accepted = is.new.received.unwrap_or(now);
        // What was accepted before another that is in already is kept, and changes nothing.
        let late = asset.newest.is_some_and(|newest| newest > accepted);
        // Another branch is kept to be compared; what is open is said of the main line.
        let leads = is.new.branch.is_none() && !late;
        received.push(told(*id, is, asset.asset.system, now));
        adding.push(Adding { id: *id, asset: is.asset, new: is.new, received: accepted, leads });
        if leads {
            asset.asset.latest = Some(*id);
            moved.push((asset, Some(is.new.document.as_str())));
        }
    }
    add(tx, org, &adding, now).await?;
    let (mut settled, mut followed) = (BTreeMap::new(), Vec::new());
    if !moved.is_empty() {
        let sides: Vec<_> = moved.iter().map(|(is, document)| (is, *document)).collect();
        let all = work.settle(tx, &sides, &mut followed).await?;
        settled = moved.iter().map(|(is, _)| is.asset.id).zip(all).collect();
    }
    ledger::append(tx, org, &each_with_its_own(received, followed)).await?;
    let one = |(id, is): &(i64, Arrival<'_>)| Settled {
        snapshot: Some(known.get(&is.asset).copied().unwrap_or(*id)),
        ..settled.remove(&is.asset).unwrap_or_default()
    };
    Ok(arrivals.iter().map(one).collect())
}

/// What followed of each document right after it was received: so the ledger says what brought it.
fn each_with_its_own(received: Vec<NewEvent>, followed: Vec<NewEvent>) -> Vec<NewEvent> {
    let mut of: BTreeMap<Option<i64>, Vec<NewEvent>> = BTreeMap::new();
    for event in followed {
        of.entry(event.asset).or_default().push(event);
    }
    let mut all = Vec::new();
    for event in received {
        let own = of.remove(&event.asset).unwrap_or_default();
        all.push(event);
        all.extend(own);
    }
    all
}

/// That a document was received.
fn told(id: i64, is: &Arrival<'_>, system: Option<i64>, now: Timestamp) -> NewEvent {
    let new = is.new;
    NewEvent {
        kind: EventKind::Received,
        at: now,
        actor: is.actor.to_owned(),
        system,
        asset: Some(is.asset),
        finding: None,
        data: json!({ "snapshot": id, "document": new.document, "revision": new.revision,
            "branch": new.branch, "build": new.build }),
    }
}

/// A snapshot that is to be added.
struct Adding<'n> {
    id: i64,
    asset: i64,
    new: &'n NewSnapshot,
    received: Timestamp,
    /// Whether the asset's main line is at it then.
    leads: bool,
}

/// The snapshots that were made of some acceptances before, by asset, each asset once: a worker may die between adding
/// one and saying so.
async fn added(tx: &mut Tx, org: Org, all: &[(i64, &NewSnapshot)]) -> Result<HashMap<i64, i64>> {
    let accepted = all.iter().filter_map(|(asset, new)| Some((*asset, *new, new.received?)));
    let lines: serde_json::Value =
        accepted.map(|(asset, new, at)| json!([asset, micros(at), new.document])).collect();
    let mut found = HashMap::new();
    if lines.as_array().is_none_or(Vec::is_empty) {
        return Ok(found);
    }
    let columns = [("held", "BIGINT"), ("accepted", "BIGINT"), ("digest", "TEXT")];
    let table = rows(tx.engine(), "$2", &columns);
    let sql = format!(
        "SELECT {SNAPSHOT} FROM {table} CROSS JOIN snapshot
         WHERE snapshot.org = $1 AND snapshot.asset = j.held AND snapshot.received = j.accepted
            AND snapshot.document = j.digest"
    );
    for row in tx.all(&sql, args![org.0, lines.to_string()]).await? {
        let is = Snapshot::from_row(&row)?;
        let same = |new: &NewSnapshot| {
            (&new.revision, &new.branch, &new.build) == (&is.revision, &is.branch, &is.build)
        };
        if all.iter().any(|(asset, new)| *asset == is.asset && same(new)) {
            found.insert(is.asset, is.id);
        }
    }
    Ok(found)
}

/// Adds snapshots, of each asset at most one.
async fn add(tx: &mut Tx, org: Org, all: &[Adding<'_>], now: Timestamp) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let line = |one: &Adding<'_>| {
        let new = one.new;
        let at = micros(one.received);
        let settled = micros(now);
        json!([one.id, one.asset, new.document, new.revision, new.branch, new.build, at, settled])
    };
    let lines: serde_json::Value = all.iter().map(line).collect();
    let columns = [
        ("id", "BIGINT"),
        ("asset", "BIGINT"),
        ("document", "TEXT"),
        ("revision", "TEXT"),
        ("branch", "TEXT"),
        ("build", "TEXT"),
        ("received", "BIGINT"),
        ("settled", "BIGINT"),
    ];
    let table = rows(tx.engine(), "$2", &columns);
    let sql = format!(
        "INSERT INTO snapshot (org, {SNAPSHOT}, settled) SELECT $1, {SNAPSHOT}, settled FROM {table}"
    );
    tx.run(&sql, args![org.0, lines.to_string()]).await?;
    let leads: serde_json::Value =
        all.iter().filter(|one| one.leads).map(|one| json!([one.asset, one.id])).collect();
    tx.run(&lead_sql(tx.engine()), args![org.0, leads.to_string()]).await.map(|_| ())
}

/// Assets are at snapshots. Not `UPDATE … FROM`: SQLite would walk all assets.
fn lead_sql(engine: Engine) -> String {
    let table = rows(engine, "$2", &[("held", "BIGINT"), ("newest", "BIGINT")]);
    format!(
        "UPDATE asset SET latest = (SELECT j.newest FROM {table} WHERE j.held = asset.id)
         WHERE org = $1 AND id IN (SELECT j.held FROM {table})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::end_sql;

    #[tokio::test]
    async fn what_arrives_walks_no_table() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let store = Store::open(file.to_str().unwrap(), Timestamp::UNIX_EPOCH).await.unwrap();
        for (sql, table, by) in [
            (
                lead_sql(Engine::Sqlite),
                "asset",
                "COVERING INDEX sqlite_autoindex_asset_1 (org=? AND id=?)",
            ),
            (end_sql(Engine::Sqlite), "job", "INDEX job_next (state=?)"),
        ] {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let rows = (&mut &store.db).all(&sql, args![1, "[]", 0]).await.unwrap();
            let way: Vec<String> = rows.iter().map(|row| row.text(3).unwrap()).collect();
            let way = way.join("\n");
            // An asset by its key; a job among the few that run.
            assert!(way.contains(&format!("SEARCH {table} USING {by}")), "{way}");
            assert!(!way.contains(&format!("SCAN {table}")), "{way}");
        }
    }
}
