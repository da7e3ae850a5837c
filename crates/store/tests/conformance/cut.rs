//! What the store narrows before it cuts a page, verifies in parts, and sums up to a bound.

use jiff::Timestamp;
use trimtab_store::{
    DecisionFilter, EventKind, FindingFilter, FindingOrder, FindingState, JudgedBy, Known, Load,
    NewDecision, NewEvent, NewSnapshot, Store, System, Weighed,
};

use crate::findings::{World, component, high, later, left, matched};
use crate::{exception, now};

fn decision(author: i64, system: Option<i64>) -> NewDecision {
    NewDecision {
        vulnerability: Some("CVE-1".into()),
        system,
        reason: "x".into(),
        author,
        ..exception()
    }
}

pub(crate) async fn lists_are_narrowed_before_they_are_cut(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let mut systems = Vec::new();
    for name in ["one", "two"] {
        let system = System { name: name.into(), ..System::default() };
        systems.push(store.put_system(org, &system, "person:1", now()).await.unwrap());
    }
    let [one, two] = systems[..] else { panic!("{systems:?}") };
    for (name, system) in
        [("a", Some(two)), ("b", Some(one)), ("c", Some(two)), ("d", None), ("e", Some(one))]
    {
        store.put_asset(org, name, "repository", system, now()).await.unwrap();
    }
    let of = async |system, systems: Option<&[i64]>, after: &str, limit| -> Vec<String> {
        let found = store.assets(org, system, systems, after, limit).await.unwrap();
        found.into_iter().map(|asset| asset.name).collect()
    };
    assert_eq!(of(None, None, "", 3).await, ["a", "b", "c"]);
    assert_eq!(of(None, Some(&[one]), "", 2).await, ["b", "e"], "as many as were asked for");
    assert_eq!(of(None, Some(&[one]), "b", 2).await, ["e"]);
    assert_eq!(of(None, Some(&[one, two]), "a", 9).await, ["b", "c", "e"], "not of no system");
    assert_eq!(of(Some(two), Some(&[one]), "", 9).await, [""; 0]);
    assert_eq!(of(Some(two), Some(&[two]), "a", 9).await, ["c"]);
    assert_eq!(of(None, Some(&[]), "", 9).await, [""; 0]);

    let mut ids = Vec::new();
    for system in [Some(two), None, Some(two), Some(one), Some(one)] {
        ids.push(store.ask(org, &decision(1, system), "person:1", now()).await.unwrap());
    }
    let asked = async |systems: Option<&[i64]>, limit| -> Vec<i64> {
        let found = store.asked_by_others(org, 2, systems, now(), limit).await.unwrap();
        found.into_iter().map(|decision| decision.id).collect()
    };
    assert_eq!(asked(None, 2).await, ids[..2]);
    assert_eq!(asked(Some(&[one]), 2).await, ids[3..]);
    assert_eq!(asked(Some(&[]), 2).await, [0; 0]);
    let own = store.ask(org, &decision(2, Some(one)), "person:2", now()).await.unwrap();
    assert_eq!(asked(Some(&[one]), 9).await, ids[3..], "not what one asked for oneself");
    let mine = DecisionFilter { author: Some(2), ..DecisionFilter::default() };
    let page = store.decisions_page(org, &mine, None, 9).await.unwrap();
    assert_eq!(page.rows.iter().map(|d| d.id).collect::<Vec<_>>(), [own]);
}

/// One that is due, and one that is not affected and has no deadline.
fn weighed(known: &Known) -> Option<Weighed> {
    let is = high(known)?;
    match known.package.as_str() {
        "pkg:npm/weak" => {
            Some(Weighed { deadline: None, decision: Some((1, "not-affected")), ..is })
        }
        _ => Some(is),
    }
}

pub(crate) async fn findings_are_narrowed_to_what_is_due_and_at_risk(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    let weak = (component("weak", "1.0.0"), vec![matched(&["CVE-2"], None)]);
    world.document("d1", &[left("1.0.0", true), weak]).await;
    let new = NewSnapshot { document: "d1".into(), ..NewSnapshot::default() };
    let production = ["production".to_owned()];
    let actor = "token:1";
    store
        .add_snapshot(org, world.asset, &new, JudgedBy::new(&production, &weighed, later(0)), actor)
        .await
        .unwrap();
    let any = FindingFilter::default;
    let of = async |filter: FindingFilter| -> Vec<String> {
        let page = store.findings(org, &filter, FindingOrder::Deadline, None, 9).await.unwrap();
        let number = store.count_findings(org, &filter).await.unwrap().number;
        assert_eq!(usize::try_from(number).unwrap(), page.rows.len(), "{filter:?}");
        page.rows.into_iter().map(|is| is.package).collect()
    };
    let (due, never) = ("pkg:npm/left", "pkg:npm/weak");
    assert_eq!(of(any()).await, [due, never]);
    assert_eq!(of(FindingFilter { risks: true, ..any() }).await, [due]);
    // What has no deadline is never due, however late it is.
    for (at, before, from) in [
        (Timestamp::MIN, &[][..], &[due][..]),
        (Timestamp::UNIX_EPOCH, &[], &[due]),
        (later(24), &[], &[due]),
        (later(25), &[due], &[]),
        (Timestamp::MAX, &[due], &[]),
    ] {
        assert_eq!(of(FindingFilter { due_before: Some(at), ..any() }).await, before, "{at}");
        let dated = FindingFilter { due_from: Some(at), dated: Some(true), ..any() };
        assert_eq!(of(dated).await, from, "{at}");
    }
    // Of what counts, by a kept sum and one by one.
    let load = async |filter: FindingFilter| store.load_of(org, &filter).await.unwrap();
    let asset = FindingFilter { asset: Some(world.asset), ..any() };
    let (kept, summed) = (load(any()).await, load(asset.clone()).await);
    assert_eq!(kept, Load { weight: 10.0, is_least: false });
    assert_eq!(summed, kept);
    let gone = FindingFilter { states: vec![FindingState::Fixed], ..asset };
    assert_eq!(load(gone).await, Load::default());
}

pub(crate) async fn a_ledger_is_verified_in_parts(store: Store) {
    let org = store.add_organisation("Ferries", now()).await.unwrap();
    let event = |n: i64| NewEvent {
        kind: EventKind::Changed,
        at: now(),
        actor: "person:1".into(),
        system: None,
        asset: None,
        finding: None,
        data: serde_json::json!({ "n": n }),
    };
    let none = store.verify_ledger_from(org, None, 3).await.unwrap();
    assert_eq!((none.seq, none.entries, none.is_whole, none.broken), (0, 0, true, None));
    store.tell(org, &(0..7).map(event).collect::<Vec<_>>()).await.unwrap();
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let mut from: Option<(i64, String)> = None;
    let mut ends = Vec::new();
    for _ in 0..9 {
        let after = from.as_ref().map(|(seq, hash)| (*seq, hash.as_str()));
        let part = store.verify_ledger_from(org, after, 3).await.unwrap();
        assert_eq!((part.entries, &part.broken), (7, &None));
        let place = usize::try_from(part.seq).unwrap() - 1;
        assert_eq!(part.hash, entries[place].hash);
        ends.push((part.seq, part.is_whole));
        if part.is_whole {
            break;
        }
        from = Some((part.seq, part.hash));
    }
    assert_eq!(ends, [(3, false), (6, false), (7, true)]);
    // A part that ends where the ledger does was all of it.
    let whole = store.verify_ledger_from(org, None, 7).await.unwrap();
    assert_eq!((whole.seq, whole.is_whole), (7, true));
    // What was verified is what the next part goes on from.
    let broken = async |seq: i64, hash: &str| {
        let part = store.verify_ledger_from(org, Some((seq, hash)), 3).await.unwrap();
        (part.seq, part.is_whole, part.broken.map(|broken| broken.seq))
    };
    assert_eq!(broken(3, &entries[2].hash).await, (6, false, None));
    assert_eq!(broken(3, &entries[1].hash).await, (3, false, Some(3)), "another seal");
    assert_eq!(broken(8, &entries[1].hash).await, (8, false, Some(8)), "no such entry");
    assert_eq!(broken(i64::MAX, &entries[1].hash).await.2, Some(i64::MAX));
    let other = store.add_organisation("B", now()).await.unwrap();
    let theirs = store.verify_ledger_from(other, Some((3, &entries[2].hash)), 3).await.unwrap();
    assert_eq!(theirs.broken.map(|broken| broken.seq), Some(3));
}
