//! What products contain, and whose change of a supplier counts.

use serde_json::json;
use trimtab_store::{NewSupplier, Proof, StageDay, Store, System};

use crate::findings::{World, component, later, left};
use crate::now;

pub(crate) async fn what_is_contained_is_listed_with_its_findings(store: Store) {
    let world = World::new(store).await;
    let (store, org, asset) = (world.store.clone(), world.org, world.asset);
    let other = World::named(store.clone(), "B").await;
    world.document("d1", &[left("1.0.0", true), (component("apt", "2.0.0"), vec![])]).await;
    assert_eq!(store.count_contained(org, &[asset]).await.unwrap(), (0, 0));
    world.push("d1", later(1)).await;
    let assets = [asset];
    let told = async |affected, after, limit| {
        let page = store.contained(org, (&assets, affected), after, limit).await.unwrap();
        let rows: Vec<(String, i64)> =
            page.rows.iter().map(|is| (is.component.is.purl.clone(), is.findings)).collect();
        (rows, page.next)
    };
    let (apt, left) = (("pkg:npm/apt@2.0.0".to_owned(), 0), ("pkg:npm/left@1.0.0".to_owned(), 1));
    assert_eq!(told(false, None, 9).await, (vec![apt.clone(), left.clone()], None));
    let (first, next) = told(false, None, 1).await;
    assert_eq!(first, [apt]);
    assert_eq!(told(false, next, 1).await, (vec![left.clone()], None));
    assert_eq!(told(true, None, 9).await.0, [left]);
    assert_eq!(store.count_contained(org, &[asset]).await.unwrap(), (2, 1));
    assert_eq!(store.count_contained(org, &[]).await.unwrap(), (0, 0));
    // Of another version beside it, that is not affected, the finding is none.
    let both = [crate::findings::left("1.0.0", true), crate::findings::left("2.0.0", false)];
    world.document("d2", &both).await;
    world.push("d2", later(2)).await;
    let (old, new) = ("pkg:npm/left@1.0.0".to_owned(), "pkg:npm/left@2.0.0".to_owned());
    assert_eq!(told(false, None, 9).await.0, [(old, 1), (new, 0)]);
    assert_eq!(store.count_contained(org, &[asset]).await.unwrap(), (2, 1));
    assert_eq!(store.contained(other.org, (&assets, false), None, 9).await.unwrap().rows, []);
}

pub(crate) async fn of_two_changes_of_a_supplier_one_counts(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    let new = |name: &str| NewSupplier {
        name: name.to_owned(),
        contact: String::new(),
        contract: String::new(),
        contract_ends: None,
        obligations: json!({}),
    };
    let added = store.add_supplier(org, &new("a"), ("p", world.asset), "test", now()).await;
    let (id, _) = added.unwrap();
    let set = async |name: &str, version| {
        let is = (&new(name), None, &json!({}));
        store.set_supplier_read(org, (id, version), is, "test", now()).await.unwrap()
    };
    let is = async || store.supplier(org, id).await.unwrap().unwrap();
    assert_eq!(is().await.version, 1);
    assert!(set("b", Some(1)).await);
    assert!(!set("c", Some(1)).await, "it is another one by now");
    assert_eq!((is().await.version, is().await.is.name), (2, "b".to_owned()));
    assert!(set("d", None).await);
    assert_eq!(is().await.version, 3);
}

pub(crate) async fn what_is_asked_and_what_it_came_to_is_kept(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    let other = World::named(store.clone(), "B").await;
    let set = async |least, reason| {
        store.set_threshold(org, ("all-owned", least, reason), ("person:1", now())).await.unwrap()
    };
    assert!(!set(None, "").await, "nothing was set");
    assert!(set(Some(80), "few").await);
    assert!(!set(Some(80), "few").await, "it is so already");
    assert!(set(Some(90), "few").await);
    let [one] = &store.thresholds(org).await.unwrap()[..] else { panic!() };
    assert_eq!((one.criterion.as_str(), one.least, one.reason.as_str()), ("all-owned", 90, "few"));
    assert_eq!((one.actor.as_str(), one.at), ("person:1", now()));
    assert_eq!(store.thresholds(other.org).await.unwrap(), []);
    assert!(set(None, "").await);
    assert_eq!(store.thresholds(org).await.unwrap(), []);

    let day = |team, day, stage| StageDay { team, day, stage, met: 2, unmet: 1, unknown: 0 };
    store.keep_stages(org, &[day(None, 7, 1), day(Some(3), 7, 2), day(None, 9, 2)]).await.unwrap();
    store.keep_stages(org, &[day(None, 9, 3)]).await.unwrap();
    let stages = async |team, first, last| store.stages(org, team, (first, last)).await.unwrap();
    assert_eq!(stages(None, 0, 99).await, [day(None, 7, 1), day(None, 9, 3)]);
    assert_eq!(stages(None, 8, 9).await, [day(None, 9, 3)]);
    assert_eq!(stages(Some(3), 7, 7).await, [day(Some(3), 7, 2)]);
    assert_eq!(store.stages(other.org, None, (0, 99)).await.unwrap(), []);

    // What a day's stages rest on is told once, with those that are otherwise than was told; and again where they came out
    // otherwise. What is more than one entry holds is in the next.
    let judge = async |all: &[StageDay], at| {
        let planless: Vec<i64> = (0..501).collect();
        let rests = serde_json::json!({ "exploits": 2, "planless": planless });
        store.judge_stages(org, all, (rests, later(at))).await.unwrap()
    };
    assert!(!judge(&[], 2).await, "of nothing");
    assert!(judge(&[day(None, 10, 3), day(Some(3), 10, 2)], 3).await);
    assert!(!judge(&[day(None, 10, 3), day(Some(3), 10, 2)], 4).await, "it was told of that day");
    assert!(judge(&[day(None, 10, 3), day(Some(3), 10, 4)], 5).await, "it is otherwise");
    assert!(judge(&[day(None, 11, 3), day(Some(3), 11, 4)], 6).await, "a day of its own");
    assert_eq!(stages(Some(3), 10, 11).await, [day(Some(3), 10, 4), day(Some(3), 11, 4)]);
    let told = store.ledger(org, 0, 5000).await.unwrap();
    let told: Vec<serde_json::Value> = told
        .iter()
        .map(|entry| serde_json::from_str(&entry.data).unwrap())
        .filter(|data: &serde_json::Value| data["what"] == "maturity")
        .collect();
    let teams =
        |at: usize| told[at]["stages"].as_array().unwrap().iter().map(|is| is["team"].as_i64());
    assert_eq!(told.len(), 6, "{told:?}");
    for (at, data) in told.iter().enumerate() {
        let is_first = at.is_multiple_of(2);
        let (exploits, many) = if is_first { (Some(2), 500) } else { (None, 1) };
        assert_eq!(data["exploits"].as_i64(), exploits, "{at}");
        assert_eq!(data["planless"].as_array().unwrap().len(), many, "{at}");
        assert!(is_first || teams(at).count() == 0);
    }
    // At first all is told, though the organisation was kept as it is before; then what is otherwise.
    assert_eq!(teams(0).collect::<Vec<_>>(), [None, Some(3)]);
    assert_eq!(teams(2).collect::<Vec<_>>(), [Some(3)]);
    assert_eq!(teams(4).count(), 0);

    assert_eq!(store.proof(org).await.unwrap(), None);
    let mut is = Proof { place: None, began: now(), read: later(1), entries: 9, holds: None };
    store.keep_proof(org, &is).await.unwrap();
    assert_eq!(store.proof(org).await.unwrap().as_ref(), Some(&is));
    is.place = Some((9, "ab".to_owned()));
    is.holds = Some((true, later(1)));
    store.keep_proof(org, &is).await.unwrap();
    assert_eq!(store.proof(org).await.unwrap(), Some(is));
    assert_eq!(store.proof(other.org).await.unwrap(), None);

    let shop = System { name: "shop".into(), ..System::default() };
    let shop = store.put_system(org, &shop, "person:1", now()).await.unwrap();
    let asset = store.put_asset(org, "till", "repository", Some(shop), now()).await.unwrap().id;
    let of = store.systems_of_assets(org, &[asset, world.asset]).await.unwrap();
    assert_eq!(of.into_iter().collect::<Vec<_>>(), [(asset, shop)]);
}
