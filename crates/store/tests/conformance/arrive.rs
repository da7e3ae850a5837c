//! Snapshots that arrive together.

use std::time::Duration;

use serde_json::json;
use trimtab_store::{
    Arrival, Engine, FindingFilter, FindingOrder, GroupBy, JudgedBy, NewJob, NewSnapshot, Numbers,
    Org, Priority, Store,
};

use crate::findings::{World, component, high, later, left, matched};
use crate::now;

/// Documents of some assets, in the order in which they come: the asset, the document, the branch.
const ARRIVING: [(&str, &str, Option<&str>); 7] = [
    ("shop", "bad", None),
    ("till", "bad", None),
    ("bank", "both", None),
    // Of one asset a second one, and of another a branch.
    ("shop", "good", None),
    ("till", "both", Some("next")),
    ("dock", "good", None),
    ("shop", "both", None),
];

/// An organisation with the documents, and the assets by number in the order of [`ARRIVING`].
async fn world(store: &Store, name: &str) -> (World, Vec<i64>) {
    let world = World::named(store.clone(), name).await;
    let right = (component("right", "1.0.0"), vec![matched(&["CVE-2026-2"], None)]);
    world.document("bad", &[left("1.0.0", true)]).await;
    world.document("good", &[left("2.0.0", false)]).await;
    world.document("both", &[left("1.0.0", true), right]).await;
    let mut assets = Vec::new();
    for (name, ..) in ARRIVING {
        let asset = store.put_asset(world.org, name, "repository", None, now()).await.unwrap();
        assets.push(asset.id);
    }
    (world, assets)
}

fn snapshots() -> Vec<NewSnapshot> {
    let one = |(_, document, branch): (&str, &str, Option<&str>)| NewSnapshot {
        document: document.into(),
        branch: branch.map(ToOwned::to_owned),
        ..NewSnapshot::default()
    };
    ARRIVING.map(one).to_vec()
}

/// What can be seen of an organisation, whatever its numbers are.
async fn seen(store: &Store, org: Org) -> String {
    let filter = FindingFilter { states: Vec::new(), ..FindingFilter::default() };
    let page = store.findings(org, &filter, FindingOrder::Level, None, 100).await.unwrap();
    let mut lines: Vec<String> = page
        .rows
        .iter()
        .map(|f| {
            format!(
                "{:?} {} {} {:?} {:?}",
                f.asset.1,
                f.package,
                f.vulnerability.1,
                f.state,
                f.weighed.as_ref().map(|w| w.level)
            )
        })
        .collect();
    for by in [GroupBy::Package, GroupBy::Vulnerability, GroupBy::Action] {
        let groups = store.group_findings(org, &filter, by, 100).await.unwrap();
        lines.extend(
            groups
                .iter()
                .map(|g| format!("{by:?} {} {} {:?} {:?}", g.name, g.findings, g.assets, g.weight)),
        );
    }
    for entry in store.ledger(org, 0, 1000).await.unwrap() {
        lines.push(format!("{} {:?}", entry.kind, entry.finding.is_some()));
    }
    lines.sort();
    lines.join("\n")
}

pub(crate) async fn several_together_are_as_each_alone(store: Store) {
    let (alone, assets) = world(&store, "A").await;
    let new = snapshots();
    let by = JudgedBy::new(&[], &high, later(1));
    let mut one_by_one = Vec::new();
    for (asset, new) in assets.iter().zip(&new) {
        let add = store.add_snapshot(alone.org, *asset, new, by, "token:1");
        one_by_one.push(add.await.unwrap());
    }
    let (together, assets) = world(&store, "B").await;
    let arrivals: Vec<Arrival<'_>> = assets
        .iter()
        .zip(&new)
        .map(|(asset, new)| Arrival { asset: *asset, new, actor: "token:1" })
        .collect();
    let all = store.add_snapshots(together.org, &arrivals, by).await.unwrap();
    let counts = |all: &[trimtab_store::Settled]| -> Vec<_> {
        all.iter().map(|s| (s.detected.len(), s.fixed.len(), s.regressed.len(), s.live)).collect()
    };
    assert_eq!(counts(&all), counts(&one_by_one));
    // What the documents say, worked out by hand: `shop` has one, none, and again that one with another beside it.
    assert_eq!(counts(&all)[0], (1, 0, 0, 1));
    assert_eq!(counts(&all)[3], (0, 1, 0, 0));
    assert_eq!(counts(&all)[4], (0, 0, 0, 0), "of a branch nothing is settled");
    assert_eq!(counts(&all)[6], (1, 0, 1, 2));
    let mut numbers: Vec<_> = all.iter().map(|settled| settled.snapshot.unwrap()).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), ARRIVING.len());
    let latest = store.asset(together.org, assets[0]).await.unwrap().unwrap().asset.latest;
    assert_eq!(latest, all[6].snapshot);
    assert_eq!(seen(&store, together.org).await, seen(&store, alone.org).await);
    assert_eq!(store.verify_ledger(together.org).await.unwrap().1, None);
    // What brought a finding stands right before it.
    let mut received = None;
    let mut follow = 0;
    for entry in store.ledger(together.org, 0, 1000).await.unwrap() {
        match entry.finding {
            None if entry.kind == "received" => received = entry.asset,
            None => {}
            Some(_) => {
                assert_eq!(entry.asset, received, "{entry:?}");
                follow += 1;
            }
        }
    }
    assert!(follow > 5, "{follow}");
    // One that is not there undoes them all.
    let more = [arrivals[0], Arrival { asset: 999, ..arrivals[0] }];
    assert!(store.add_snapshots(together.org, &more, by).await.is_err());
    let count = store.snapshots(together.org, assets[0], 10).await.unwrap().len();
    assert_eq!(count, 3);
}

pub(crate) async fn what_is_done_together_has_its_numbers_before(store: Store) {
    let (world, assets) = world(&store, "A").await;
    let numbers = Numbers { assets: 1, snapshots: 1, jobs: 1 };
    let together = store.together_for(world.org, numbers).await.unwrap();
    let within = together.store();
    let new = within.put_asset(world.org, "new", "repository", None, now()).await.unwrap();
    let snapshot = snapshots().swap_remove(0);
    let arrival = Arrival { asset: assets[0], new: &snapshot, actor: "token:1" };
    let job = |name: &str| NewJob {
        org: world.org,
        kind: "read-document".into(),
        name: name.into(),
        payload: json!({}),
        priority: Priority::Upload,
        run_at: now(),
    };
    let first = within.add_job(&job("within"), now()).await.unwrap();
    // On SQLite nobody else writes meanwhile; on PostgreSQL who needs a number does not wait for the end.
    if store.engine() == Engine::Postgres {
        let meanwhile = async {
            let other = store.put_asset(world.org, "other", "repository", None, now()).await;
            let second = store.add_job(&job("beside"), now()).await.unwrap();
            assert!(other.unwrap().id != new.id && second != first);
        };
        tokio::time::timeout(Duration::from_secs(10), meanwhile).await.expect("nobody waits");
    }
    within.add_snapshots(world.org, &[arrival], JudgedBy::new(&[], &high, later(1))).await.unwrap();
    together.commit().await.unwrap();
    let again = store.put_asset(world.org, "again", "repository", None, now()).await.unwrap();
    let third = store.add_job(&job("after"), now()).await.unwrap();
    assert!(again.id != new.id && third != first, "no number is given twice");
}

pub(crate) async fn only_ones_own_jobs_end(store: Store) {
    let lease = Duration::from_secs(60);
    let mut ids = Vec::new();
    for (name, worker) in [("a", "w1"), ("b", "w1"), ("c", "w2")] {
        let job = NewJob {
            org: Org(1),
            kind: "k".into(),
            name: name.into(),
            payload: json!({}),
            priority: Priority::Upload,
            run_at: now(),
        };
        store.add_job(&job, now()).await.unwrap();
        ids.push(store.take_job(worker, 9, lease, &[], now()).await.unwrap().unwrap().id);
    }
    let all: Vec<_> = ids.iter().map(|id| (*id, json!({ "of": id }))).collect();
    assert_eq!(store.end_jobs(&all, "w1", later(1)).await.unwrap(), 2);
    for (place, id) in ids.iter().enumerate() {
        let result = store.job(Org(1), *id).await.unwrap().unwrap().result;
        assert_eq!(result, (place < 2).then(|| json!({ "of": id })));
    }
    assert_eq!(store.end_jobs(&[], "w1", later(1)).await.unwrap(), 0);
}

pub(crate) async fn tables_that_grew_are_counted(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let all: Vec<_> = (0..1200).map(|n| component(&format!("p{n}"), "1.0.0")).collect();
    store.put_components(org, &all).await.unwrap();
    if store.engine() == Engine::Sqlite {
        assert_eq!(store.take_stock().await.unwrap(), 0);
        return;
    }
    // What a connection did is told to the others after it, within a second or two.
    let told = async {
        while store.take_stock().await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        while store.take_stock().await.unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), told).await.expect("it is counted once");
}
