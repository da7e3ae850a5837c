//! How much of each system has an inventory, by how new it is.

use trimtab_store::{JudgedBy, NewSnapshot, Store, System};

use crate::findings::{World, component, high, later};
use crate::now;

pub(crate) async fn systems_are_counted_by_how_new_their_inventories_are(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    world.document("d1", &[(component("left", "1"), vec![])]).await;
    let system = System { name: "shop".into(), ..System::default() };
    let shop = store.put_system(org, &system, "person:1", now()).await.unwrap();
    let production = ["production".to_owned()];
    let mut assets = Vec::new();
    for (name, at) in [("web", Some(later(2))), ("worker", Some(later(9))), ("bare", None)] {
        let asset = store.put_asset(org, name, "repository", Some(shop), now()).await.unwrap();
        let Some(at) = at else { continue };
        let new = NewSnapshot { document: "d1".into(), ..NewSnapshot::default() };
        let by = JudgedBy::new(&production, &high, at);
        store.add_snapshot(org, asset.id, &new, by, "token:1").await.unwrap();
        assets.push(asset.id);
    }
    let all = store.inventoried(org, [later(2), later(3)]).await.unwrap();
    let of = |system: i64| all.iter().find(|one| one.system == system).unwrap();
    let is = of(shop);
    assert_eq!((is.assets, is.with, is.since), (3, 2, [2, 1]));
    assert_eq!(is.oldest, Some(later(2)), "the newest of the one that waits longest");
    assert!(is.first.is_some_and(|at| at < later(2)), "{:?}", is.first);
    // The world's own asset belongs to no system, and has nothing yet.
    let none = of(0);
    assert_eq!((none.assets, none.with, none.since, none.oldest), (1, 0, [0, 0], None));
    assert_eq!(none.first, None);
    // A branch is no inventory of what is there, but since then it is known.
    let branch = NewSnapshot { branch: Some("x".into()), ..NewSnapshot::default() };
    let branch = NewSnapshot { document: "d1".into(), ..branch };
    let by = JudgedBy::new(&production, &high, later(4));
    store.add_snapshot(org, world.asset, &branch, by, "token:1").await.unwrap();
    let all = store.inventoried(org, [later(2), later(3)]).await.unwrap();
    let none = all.iter().find(|one| one.system == 0).unwrap();
    assert_eq!((none.with, none.first), (0, Some(now())));
    // What is sent again is as new as that, noted once a day.
    let web = store.snapshots(org, assets[0], 1).await.unwrap();
    for (at, newer) in [(later(20), 1), (later(40), 2)] {
        store.confirm_snapshot(org, web[0].id, at).await.unwrap();
        let all = store.inventoried(org, [later(2), later(3)]).await.unwrap();
        let is = all.iter().find(|one| one.system == shop).unwrap();
        assert_eq!(is.since, [2, newer]);
    }
    let other = store.add_organisation("Other", now()).await.unwrap();
    assert_eq!(store.inventoried(other, [now(), now()]).await.unwrap(), []);
}

pub(crate) async fn an_asset_that_goes_to_another_system_is_told(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let mut ids = Vec::new();
    for name in ["shop", "desk"] {
        let system = System { name: name.into(), ..System::default() };
        ids.push(store.put_system(org, &system, "person:1", now()).await.unwrap());
    }
    let put = async |system, actor| {
        store.put_asset_by(org, ("web", "repository"), Some(system), actor, now()).await.unwrap()
    };
    let asset = put(ids[0], "person:1").await;
    put(ids[0], "person:2").await;
    let told = async || {
        let all = store.ledger(org, 0, 100).await.unwrap();
        all.into_iter().filter(|entry| entry.asset == Some(asset.id)).collect::<Vec<_>>()
    };
    assert!(told().await.is_empty(), "it is where it was");
    put(ids[1], "person:3").await;
    let all = told().await;
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].actor.as_str(), all[0].system), ("person:3", Some(ids[1])));
    let data: serde_json::Value = serde_json::from_str(&all[0].data).unwrap();
    assert_eq!(data, serde_json::json!({ "what": "asset", "name": "web", "from": ids[0] }));
    // Of many at once each tells from where it took it, and who found it there already tells nothing.
    let mut movers = Vec::new();
    for n in 0..8 {
        let (store, system) = (store.clone(), ids[n % 2]);
        movers.push(tokio::spawn(async move {
            let of = ("web", "repository");
            store.put_asset_by(org, of, Some(system), "person:1", now()).await.unwrap();
        }));
    }
    for mover in movers {
        mover.await.unwrap();
    }
    let mut is = ids[0];
    for entry in told().await {
        let data: serde_json::Value = serde_json::from_str(&entry.data).unwrap();
        assert_eq!(data["from"], is, "{entry:?}");
        assert_ne!(entry.system, Some(is), "{entry:?}");
        is = entry.system.unwrap();
    }
    assert_eq!(store.asset(org, asset.id).await.unwrap().unwrap().asset.system, Some(is));
}
