//! What packs are made of, what was deployed, and who wants not to be shown.

use serde_json::json;
use trimtab_model::Level;
use trimtab_store::{
    CarriedOnce, Merged, NewApplied, NewComponent, NewDecision, NewReview, Outcome, PreparedPack,
    ProductionTime, Relied, ReviewFilter, ReviewOf, Store, System,
};

use crate::findings::{World, component, later, left};
use crate::{exception, now};

pub(crate) async fn what_is_carried_is_counted_by_package(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    let plain = NewComponent { version: None, registry: false, ..component("own", "0") };
    world.document("d1", &[left("1.0.0", true), left("1.1.0", false), (plain, vec![])]).await;
    let system = System { name: "shop".into(), ..System::default() };
    let shop = store.put_system(org, &system, "person:1", now()).await.unwrap();
    world.push("d1", later(1)).await;
    let all = store.stocked(org, None, 10).await.unwrap();
    let told: Vec<(&str, Option<&str>, i64)> = all
        .iter()
        .map(|s| (&*s.component.is.package, s.component.is.version.as_deref(), s.assets))
        .collect();
    let (left, own) = ("pkg:npm/left", "pkg:npm/own");
    assert_eq!(told, [(left, Some("1.0.0"), 1), (left, Some("1.1.0"), 1), (own, None, 1)]);
    assert_eq!(store.stocked(org, None, 2).await.unwrap().len(), 2);
    // Two versions in one asset are one asset, which belongs to no system.
    let relied =
        |package: &str, assets, systems| Relied { package: package.into(), assets, systems };
    let is = store.relied_on(org, None, 10).await.unwrap();
    assert_eq!(is, [relied(left, 1, 0), relied(own, 1, 0)]);
    assert_eq!(store.relied_on_of(org, None, &["deb", "npm"], 10).await.unwrap(), is);
    assert_eq!(store.relied_on_of(org, None, &["deb"], 10).await.unwrap(), []);
    assert_eq!(store.unread(org, None).await.unwrap(), (0, 1));
    // Who sees a system without any of it learns nothing.
    let other = Some(&[shop][..]);
    assert_eq!(store.stocked(org, other, 10).await.unwrap(), []);
    assert_eq!(store.relied_on(org, other, 10).await.unwrap(), []);
    assert_eq!(store.unread(org, other).await.unwrap(), (0, 0));

    let (id, _) = store.vulnerability_of(org, "CVE-2026-1").await.unwrap().unwrap();
    let [one] = &store.struck_by(org, &[id], None, 10).await.unwrap()[..] else { panic!() };
    assert_eq!((one.detected, one.gone, one.live), (later(1), None, true));
    assert_eq!((one.package.as_str(), one.asset.as_str()), (left, "repo"));
    assert_eq!(store.struck_by(org, &[id], other, 10).await.unwrap(), []);
    assert_eq!(store.struck_by(org, &[], None, 10).await.unwrap(), []);
    world.document("d2", &[(component("left", "1.1.0"), vec![])]).await;
    world.push("d2", later(5)).await;
    let [one] = &store.struck_by(org, &[id], None, 10).await.unwrap()[..] else { panic!() };
    assert_eq!((one.gone, one.live), (Some(later(5)), false));
}

pub(crate) async fn deployments_are_told_with_what_they_carried(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    world.document("d1", &[left("1.0.0", true)]).await;
    world.document("d2", &[left("2.0.0", false)]).await;
    let into = |name: &str, from, until| ProductionTime { environment: name.into(), from, until };
    let environments = [into("production", None, None)];
    let told = async || store.deployed_into(org, &environments, None, later(0), 10).await.unwrap();
    let first = world.push("d1", later(1)).await.snapshot.unwrap();
    world.deploy(first, Outcome::Ok, later(2)).await;
    let failure = async |times: &[ProductionTime], systems: Option<&[i64]>| {
        store.first_failure(org, times, systems).await.unwrap()
    };
    assert_eq!(failure(&environments, None).await, None, "nobody told of any");
    let new = NewApplied {
        asset: world.asset,
        batch: "b".into(),
        at: later(2),
        told: json!({ "outcome": "applied" }),
    };
    let (update, _) = store.add_applied(org, &new, "token:1", later(2)).await.unwrap();
    assert_eq!(store.merged_updates(org, None, later(0), 10).await.unwrap(), []);
    let second = world.push("d2", later(4)).await.snapshot.unwrap();
    store.see_applied(org, update, (Some(later(6)), None), later(6)).await.unwrap();
    // It was seen to be merged after the snapshot that had it was received.
    let (asset, since) = (world.asset, Some(later(4)));
    let merged = Merged { update, asset, since, reverted: None, at: later(2) };
    assert_eq!(store.merged_updates(org, None, later(0), 10).await.unwrap(), [merged]);
    assert_eq!(store.merged_updates(org, None, later(3), 10).await.unwrap(), []);
    world.deploy(second, Outcome::Failed, later(7)).await;
    world.deploy(second, Outcome::Stopped, later(8)).await;
    let all = told().await;
    let is: Vec<_> = all.iter().map(|one| (one.snapshot, one.received, one.outcome)).collect();
    let at = |hours| Some(later(hours));
    assert_eq!(is, [(second, at(4), Outcome::Failed), (first, at(1), Outcome::Ok)]);
    assert_eq!(failure(&environments, None).await, Some(later(7)));
    let test = [into("test", None, None)];
    assert_eq!(failure(&test, None).await, None, "of production alone");
    // What ran before: the failed one never did.
    let before = async |at| {
        let is = store.ran_before(org, &environments, None, at, 10).await.unwrap();
        is.iter().map(|one| (one.snapshot, one.main)).collect::<Vec<_>>()
    };
    assert_eq!(before(later(2)).await, []);
    assert_eq!(before(later(9)).await, [(first, true)]);
    let one = store.deployed_into(org, &environments, None, later(3), 10).await.unwrap();
    assert_eq!(one.len(), 1);
    for (names, systems) in [(&test[..], None), (&[], None), (&environments, Some(7))] {
        let systems: Option<Vec<i64>> = systems.map(|id| vec![id]);
        let of = systems.as_deref();
        assert_eq!(store.deployed_into(org, names, of, later(0), 10).await.unwrap(), []);
    }
    assert_eq!(failure(&environments, Some(&[])).await, None);
    // What was there while it was no production is told as well: it says what ran. What failed then is none of it.
    let times = [into("production", Some(later(5)), Some(later(9))), into("test", None, None)];
    let since = store.deployed_into(org, &times, None, later(0), 10).await.unwrap();
    assert_eq!(since.iter().map(|one| one.snapshot).collect::<Vec<_>>(), [second, first]);
    let ran = store.ran_before(org, &times, None, later(9), 10).await.unwrap();
    assert_eq!(ran.iter().map(|one| one.snapshot).collect::<Vec<_>>(), [first]);
    assert_eq!(failure(&times, None).await, Some(later(7)));
    // However many there are.
    let regions = (0..700).map(|n| into(&format!("region-{n}"), None, None));
    let many: Vec<ProductionTime> = regions.chain(environments.clone()).collect();
    assert_eq!(store.deployed_into(org, &many, None, later(0), 10).await.unwrap().len(), 2);
    assert_eq!(failure(&many, None).await, Some(later(7)));
    let past = [into("production", None, Some(later(7)))];
    assert_eq!(failure(&past, None).await, None);
    let other = store.add_organisation("Other", now()).await.unwrap();
    assert_eq!(store.deployed_into(other, &environments, None, later(0), 10).await.unwrap(), []);
}

pub(crate) async fn a_pack_keeps_what_was_carried(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let of = |kind: &str| NewReview {
        kind: kind.into(),
        of: ReviewOf::All,
        systems: Vec::new(),
        at: now(),
        minutes: 45,
    };
    let id = store.add_review(org, &of("monthly"), "person:3", now()).await.unwrap();
    store.add_review(org, &of("weekly"), "person:3", now()).await.unwrap();
    let monthly = ReviewFilter { kind: Some("monthly".into()), ..ReviewFilter::default() };
    let found = store.reviews(org, &monthly, None, 10).await.unwrap().rows;
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    assert_eq!(store.review_stock(org, id).await.unwrap(), None);
    let shown = json!({ "figures": { "load": 1 } });
    let open = async |stock| {
        let by = ("person:3", later(1));
        store.open_with_stock(org, (id, Some(3)), (&[], &shown), Some(stock), by).await.unwrap()
    };
    assert!(open("{\"packages\":[\"ü\"]}").await);
    // Whoever opens it a second time changes nothing.
    assert!(!open("x").await);
    let kept = store.review_stock(org, id).await.unwrap();
    assert_eq!(kept.as_deref(), Some("{\"packages\":[\"ü\"]}"));
    assert_eq!(store.review_stock(other, id).await.unwrap(), None);
}

pub(crate) async fn a_prepared_pack_is_kept_until_the_review_is_opened(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let review = NewReview {
        kind: "monthly".into(),
        of: ReviewOf::All,
        systems: Vec::new(),
        at: later(9),
        minutes: 45,
    };
    let id = store.add_review(org, &review, "person:1", now()).await.unwrap();
    assert_eq!(store.prepared_pack(org, id).await.unwrap(), None);
    let pack = |mark: &str, hours| PreparedPack {
        mark: mark.to_owned(),
        made: later(hours),
        pack: json!({ "of": mark }),
    };
    for is in [pack("a", 1), pack("b", 2)] {
        store.keep_prepared(org, id, &is).await.unwrap();
        assert_eq!(store.prepared_pack(org, id).await.unwrap(), Some(is));
    }
    // How far the ledger goes changes with all that is told.
    let end = store.ledger_end(org).await.unwrap();
    assert!(store.open_review(org, id, (&[], &json!({})), "person:1", later(3)).await.unwrap());
    assert!(store.ledger_end(org).await.unwrap() > end);
    assert_eq!(store.prepared_pack(org, id).await.unwrap(), None);
    // Who was late makes none of what is open.
    store.keep_prepared(org, id, &pack("c", 4)).await.unwrap();
    assert_eq!(store.prepared_pack(org, id).await.unwrap(), None);
}

pub(crate) async fn who_wants_not_to_be_shown_is_not(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let set = async |person: i64, hidden| {
        store.set_unshown(org, person, hidden, &format!("person:{person}"), now()).await.unwrap()
    };
    assert!(!set(3, false).await);
    assert!(set(3, true).await && set(2, true).await);
    assert!(!set(3, true).await, "it is so already");
    assert_eq!(store.unshown(org).await.unwrap(), [2, 3]);
    assert_eq!(store.unshown(other).await.unwrap(), [0i64; 0]);
    assert!(set(2, false).await);
    assert_eq!(store.unshown(org).await.unwrap(), [3]);
    let told = store.ledger(org, 0, 100).await.unwrap();
    let told = told.iter().filter(|one| one.data.contains("\"card\""));
    assert_eq!(told.count(), 3, "each change once");
    // Whose account was closed is shown again when they say so, and not when it is opened.
    for closed in [true, false] {
        store.set_disabled(org, 2, closed, "person:1", now()).await.unwrap();
        assert_eq!(store.unshown(org).await.unwrap(), [2, 3], "{closed}");
    }
    assert!(set(2, false).await);
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn what_was_carried_once_is_found_when_it_is_gone(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    world.document("d1", &[left("1.0.0", true), left("1.1.0", false)]).await;
    world.document("d2", &[left("1.1.0", false)]).await;
    world.push("d1", later(1)).await;
    world.push("d1", later(3)).await;
    world.push("d2", later(5)).await;
    assert_eq!(store.packages_listed(org, 9).await.unwrap(), ["pkg:npm/left"]);
    let versions = store.versions_listed(org, "pkg:npm/left", 9).await.unwrap();
    let told: Vec<Option<&str>> = versions.iter().map(|c| c.is.version.as_deref()).collect();
    assert_eq!(told, [Some("1.0.0"), Some("1.1.0")]);
    let once = async |systems: Option<&[i64]>, since, limit| {
        let of = (since, limit);
        let ids = [versions[0].id];
        let (found, more) = store.carried_once(org, &ids, systems, of).await.unwrap();
        let told = |one: &CarriedOnce| (one.asset.clone(), one.first, one.last);
        (found.iter().map(told).collect::<Vec<_>>(), more)
    };
    let all = (vec![("repo".to_owned(), later(1), later(3))], false);
    assert_eq!(once(None, later(0), 9).await, all, "gone since, and told with its days");
    assert_eq!(once(None, later(4), 9).await, (Vec::new(), false));
    assert_eq!(once(Some(&[77]), later(0), 9).await.0, [], "of another's systems nothing");
    assert!(once(None, later(0), 1).await.1, "more than was looked at");
}

pub(crate) async fn how_grave_many_decisions_are_is_asked_for_together(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (world.store.clone(), world.org);
    world.document("d1", &[left("1.0.0", true)]).await;
    world.push("d1", later(0)).await;
    let ask = async |vulnerability: Option<&str>, package: Option<&str>| {
        let new = NewDecision {
            vulnerability: vulnerability.map(str::to_owned),
            package: package.map(str::to_owned),
            reason: "later".into(),
            author_role: "product".into(),
            ..exception()
        };
        store.ask(org, &new, "person:1", now()).await.unwrap()
    };
    let by_name = ask(Some("GHSA-aaaa"), None).await;
    let by_package = ask(None, Some("pkg:npm/left")).await;
    let of_nothing = ask(Some("GHSA-none"), None).await;
    let told = store.gravest_of(org, &[by_name, by_package, of_nothing]).await.unwrap();
    let high = Level::High as i64;
    assert_eq!(told.get(&by_name), Some(&high));
    assert_eq!(told.get(&by_package), Some(&high));
    assert_eq!(told.get(&of_nothing), None, "of what nothing is found, nothing is said");
    assert!(store.decision_marks(org).await.unwrap().is_empty(), "of no team's system");
}
