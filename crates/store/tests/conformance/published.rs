//! What registries tell of versions that are carried.

use jiff::SignedDuration;
use serde_json::json;
use trimtab_store::{JudgedBy, Merger, NewApplied, NewPerson, NewSnapshot, Published, Store};

use crate::findings::{World, component, high, later};

fn told(name: &str, version: &str) -> Published {
    Published {
        package: format!("pkg:npm/{name}"),
        version: version.to_owned(),
        asked: Some(later(2)),
        source: "npm view".to_owned(),
        published: Some(later(-9000)),
        last_release: Some(later(-90)),
        newest: Some("3.0.0".to_owned()),
        since: Some(4),
        standing: Some("deprecated".to_owned()),
        words: "use right".to_owned(),
        archived: Some(false),
    }
}

pub(crate) async fn what_registries_tell_is_believed_of_what_is_carried(store: Store) {
    let world = World::new(store).await;
    let (store, org, asset) = (world.store.clone(), world.org, world.asset);
    let other = World::named(store.clone(), "B").await;
    let all = [
        (component("left", "1.0.0"), vec![]),
        (component("right", "2.0.0"), vec![]),
        (component("rare", "1.0.0"), vec![]),
    ];
    world.document("d1", &all).await;
    world.push("d1", later(1)).await;
    let wanted = async |hours| {
        let times = (later(hours), later(hours));
        store.wanted(org, asset, times, 10).await.unwrap()
    };
    assert!(!store.is_ranked(org).await.unwrap());
    assert_eq!(wanted(9).await, []);
    let names = |names: &[&str]| names.iter().map(|is| format!("pkg:npm/{is}")).collect::<Vec<_>>();
    store.rank_relied(org, &names(&["right", "left", "gone"]), later(0)).await.unwrap();
    assert!(store.is_ranked(org).await.unwrap() && !store.is_ranked(other.org).await.unwrap());
    let pair = |name: &str, version: &str| (format!("pkg:npm/{name}"), version.to_owned());
    // The most relied on first; what few rely on, and what is not carried, is not asked about.
    assert_eq!(wanted(9).await, [pair("right", "2.0.0"), pair("left", "1.0.0")]);
    assert_eq!(store.wanted(org, asset, (later(9), later(9)), 1).await.unwrap().len(), 1);
    assert_eq!(store.wanted(other.org, asset, (later(9), later(9)), 9).await.unwrap(), []);
    let sent = [told("left", "1.0.0"), told("left", "9.9.9"), told("rare", "1.0.0")];
    let tell = async |all: &[Published], hours| {
        store.tell_published(org, asset, all, ("token:1", later(hours))).await.unwrap()
    };
    assert_eq!(tell(&sent, 3).await, 1);
    assert_eq!(wanted(3).await, [pair("right", "2.0.0")], "what was told since is not asked again");
    assert_eq!(wanted(4).await.len(), 2);
    let known = async || store.published(org, &names(&["left", "right"])).await.unwrap();
    let [one] = &known().await[..] else { panic!() };
    assert_eq!((&one.is, one.told, one.actor.as_str()), (&sent[0], later(3), "token:1"));
    assert_eq!(store.published(other.org, &names(&["left"])).await.unwrap(), []);
    // An older answer, and none at all, change nothing but that it was tried.
    let older = Published { asked: Some(later(1)), since: Some(1), ..told("left", "1.0.0") };
    assert_eq!(tell(&[older], 5).await, 0);
    let silent = Published { asked: None, ..told("left", "1.0.0") };
    assert_eq!(tell(&[silent], 6).await, 1);
    assert_eq!(known().await[0].is, sent[0]);
    assert_eq!(wanted(6).await, [pair("right", "2.0.0")]);
    // Who has no client stands in nobody's way: who pushes another asset is asked at once.
    let image = store.put_asset(org, "image", "image", None, later(0)).await.unwrap().id;
    let new = NewSnapshot { document: "d1".into(), ..NewSnapshot::default() };
    let production = ["production".to_owned()];
    let by = JudgedBy::new(&production, &high, later(2));
    store.add_snapshot(org, image, &new, by, "token:1").await.unwrap();
    let silent = Published { asked: None, ..told("right", "2.0.0") };
    assert_eq!(tell(&[silent], 6).await, 1);
    let asked =
        async |asset, again| store.wanted(org, asset, (later(2), later(again)), 9).await.unwrap();
    assert_eq!(asked(image, 6).await, [pair("right", "2.0.0")]);
    assert_eq!(asked(asset, 6).await, []);
    assert_eq!(asked(asset, 7).await, [pair("right", "2.0.0")]);
    let newer = Published { asked: Some(later(7)), published: None, ..told("left", "1.0.0") };
    assert_eq!(tell(std::slice::from_ref(&newer), 7).await, 1);
    assert_eq!(known().await[0].is, newer);
    // Each time something was kept is one entry.
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let told = entries.iter().filter(|one| one.data.contains("packages-told")).count();
    assert_eq!(told, 4);
    // What is no longer relied on is kept until it is old.
    let day = SignedDuration::from_hours(24);
    store.rank_relied(org, &names(&["right"]), later(7)).await.unwrap();
    assert_eq!(known().await.len(), 1);
    store.rank_relied(org, &names(&["right"]), later(7) + day).await.unwrap();
    assert_eq!(known().await, []);
}

pub(crate) async fn who_merged_an_update_is_kept_once(store: Store) {
    let world = World::new(store).await;
    let (store, org, asset) = (world.store.clone(), world.org, world.asset);
    let person =
        |email: &str| NewPerson { email: email.to_owned(), name: email.to_owned(), subject: None };
    let add = async |email: &str| {
        store.add_person(org, &person(email), &[], "test", later(0)).await.unwrap()
    };
    let (ann, bo) = (add("ann@example.org").await, add("bo@example.org").await);
    let verified = async |email: &str| store.person_of_verified(org, email).await.unwrap();
    store.verify_address(org, ann, "another@example.org", later(1)).await.unwrap();
    assert_eq!(verified("ann@example.org").await, None, "another address was");
    store.verify_address(org, ann, "Ann@Example.org", later(1)).await.unwrap();
    assert_eq!(verified("ANN@example.org").await, Some(ann));
    let new = NewApplied {
        asset,
        batch: "b".into(),
        at: later(2),
        told: json!({ "outcome": "applied" }),
    };
    let (update, _) = store.add_applied(org, &new, "token:1", later(2)).await.unwrap();
    let without = async |hours| {
        let times = (later(hours), later(3));
        let all = store.without_merger(org, asset, times, 9).await.unwrap();
        all.iter().map(|is| is.id).collect::<Vec<_>>()
    };
    assert_eq!((without(1).await, without(3).await), (vec![update], vec![]));
    // Those that were asked about come after those that were not, and not too soon again.
    let second = NewApplied { at: later(1), ..new.clone() };
    let (second, _) = store.add_applied(org, &second, "token:1", later(2)).await.unwrap();
    let nothing = NewApplied { at: later(5), told: json!({ "outcome": "nothing" }), ..new };
    store.add_applied(org, &nothing, "token:1", later(5)).await.unwrap();
    assert_eq!(without(1).await, [update, second]);
    store.note_merger_asked(org, &[update], later(2)).await.unwrap();
    assert_eq!(without(1).await, [second, update]);
    store.note_merger_asked(org, &[second], later(3)).await.unwrap();
    assert_eq!(without(1).await, [update]);
    let of = |person, how: &str| Merger { update, person, how: how.to_owned(), at: Some(later(3)) };
    let by = ("token:1", later(4));
    let set = async |asset, is: &Merger| {
        store.set_merger(org, (asset, is), Some("5d1e"), by).await.unwrap()
    };
    assert!(!set(asset + 1, &of(ann, "git")).await, "it is of another asset");
    assert!(set(asset, &of(ann, "git")).await);
    assert!(!set(asset, &of(bo, "said")).await, "it is known");
    assert_eq!(store.merger(org, update).await.unwrap(), Some(of(ann, "git")));
    assert_eq!(without(1).await, Vec::<i64>::new());
    let merged = async |person, systems: Option<&[i64]>| {
        store.merged_by(org, person, systems, 9).await.unwrap().len()
    };
    assert_eq!((merged(ann, None).await, merged(bo, None).await), (1, 0));
    assert_eq!(store.merged_by(org, ann, None, 9).await.unwrap()[0].1, Some(later(3)));
    assert_eq!(merged(ann, Some(&[7])).await, 0);
    assert!(!store.end_merger(org, (asset, update, bo), by).await.unwrap());
    assert!(store.end_merger(org, (asset, update, ann), by).await.unwrap());
    assert_eq!(store.merger(org, update).await.unwrap(), None);
    // Who said that it was not them is named by nobody again, but by themselves.
    assert!(!set(asset, &of(ann, "git")).await);
    assert_eq!(without(1).await, Vec::<i64>::new());
    assert!(set(asset, &of(ann, "said")).await);
    store.set_disabled(org, ann, true, "test", later(5)).await.unwrap();
    assert_eq!(verified("ann@example.org").await, None, "the account is closed");
}
