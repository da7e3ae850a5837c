//! What tools say, beside what the matcher says.

use jiff::Timestamp;
use serde_json::json;
use trimtab_store::{
    FindingState, JudgedBy, NewReport, Reported, Reserved, Settled, Store, StoreError,
};

use crate::findings::{World, component, high, later, left};
use crate::now;

fn says(name: &str, ids: &[&str]) -> Reported {
    Reported {
        component: component(name, "1.0.0"),
        ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        summary: None,
        said: json!({ "severity": "HIGH" }),
    }
}

async fn report(world: &World, source: &str, says: &[Reported], at: Timestamp) -> (u64, Settled) {
    told(world, source, says, false, at).await
}

async fn told(
    world: &World,
    source: &str,
    says: &[Reported],
    incomplete: bool,
    at: Timestamp,
) -> (u64, Settled) {
    let new = NewReport {
        source: source.into(),
        document: format!("{source}{at}"),
        incomplete,
        says: says.to_vec(),
    };
    let production = ["production".to_owned()];
    let done = world.store.add_report(
        world.org,
        world.asset,
        &new,
        JudgedBy::new(&production, &high, at),
        "token:1",
    );
    done.await.unwrap()
}

pub(crate) async fn a_finding_lives_while_any_source_says_so(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    let [id] = world.push("d1", later(0)).await.detected[..] else { panic!() };
    // A tool says the same by another name, and something that nobody else says.
    let same = says("left", &["SNYK-7", "GHSA-aaaa"]);
    let (_, settled) =
        report(&world, "snyk", &[same.clone(), says("left", &["SNYK-8"])], later(1)).await;
    let [other] = settled.detected[..] else { panic!("{settled:?}") };
    let all = world.store.attributions(world.org, id).await.unwrap();
    let mut said: Vec<_> = all.iter().map(|a| (a.source.as_str(), a.until)).collect();
    said.sort_unstable();
    assert_eq!(said, [("snyk", None), ("trimtab", None)]);

    // The advisory is withdrawn: the tool still says so.
    world.document("d2", &[left("1.0.0", false)]).await;
    let settled = world.push("d2", later(2)).await;
    assert!(settled.retracted.is_empty() && settled.fixed.is_empty(), "{settled:?}");
    assert_eq!(settled.live, 2);
    let all = world.store.attributions(world.org, id).await.unwrap();
    let ours = all.iter().find(|a| a.source == "trimtab").unwrap();
    assert_eq!(ours.until, Some(later(2)));

    // A report that is not whole takes nothing back; a whole one does.
    let (gone, settled) = told(&world, "snyk", &[], true, later(3)).await;
    assert_eq!((gone, settled.live), (0, 2));
    let (gone, settled) = report(&world, "snyk", &[same], later(4)).await;
    assert_eq!((gone, settled.live), (1, 1));
    assert_eq!(world.state(other).await.0, FindingState::Retracted);
    let (gone, settled) = report(&world, "grype", &[], later(5)).await;
    assert_eq!((gone, settled.live), (0, 1), "another tool takes nothing of it back");
    let (gone, settled) = report(&world, "snyk", &[], later(6)).await;
    assert_eq!((gone, settled.live), (1, 0));
    assert_eq!(world.state(id).await.0, FindingState::Retracted);
    let (_, settled) = report(&world, "snyk", &[says("left", &["SNYK-8"])], later(7)).await;
    assert_eq!(settled.regressed, [other], "it comes back as the same finding");
    assert_eq!(world.store.verify_ledger(world.org).await.unwrap().1, None);
    let mut named = NewReport {
        source: "trimtab".into(),
        document: "x".into(),
        incomplete: false,
        says: vec![],
    };
    let none = world
        .store
        .add_report(world.org, world.asset, &named, JudgedBy::new(&[], &high, now()), "x")
        .await;
    assert!(matches!(none, Err(StoreError::Refused(_))));
    named.source = "other".into();
    assert!(
        world
            .store
            .add_report(world.org, 999, &named, JudgedBy::new(&[], &high, now()), "x")
            .await
            .is_err()
    );
}

pub(crate) async fn a_tool_does_not_decide_what_is_one_and_the_same(store: Store) {
    let world = World::new(store).await;
    report(&world, "a", &[says("left", &["CVE-1"]), says("left", &["CVE-2"])], later(0)).await;
    // One that lumps both together is taken at its first word.
    let (_, settled) = report(&world, "b", &[says("left", &["CVE-1", "CVE-2"])], later(1)).await;
    assert_eq!(settled.live, 2, "{settled:?}");
    let of = async |name| world.store.vulnerability_of(world.org, name).await.unwrap().unwrap().0;
    assert_ne!(of("CVE-1").await, of("CVE-2").await);
}

pub(crate) async fn what_a_newer_snapshot_no_longer_has_is_gone_whatever_a_tool_said(store: Store) {
    let world = World::new(store).await;
    world.document("d1", &[left("1.0.0", false)]).await;
    world.push("d1", later(0)).await;
    // It speaks of something that the inventory lists, and of something that it does not.
    let both = [says("left", &["CVE-1"]), says("libc", &["CVE-2"])];
    let (_, settled) = report(&world, "grype", &both, later(1)).await;
    assert_eq!(settled.live, 2);
    world.document("d2", &[left("2.0.0", false)]).await;
    let settled = world.push("d2", later(2)).await;
    assert_eq!((settled.fixed.len(), settled.live), (1, 1), "{settled:?}");
    // It says so once more, later than the snapshot: then it is there.
    let (_, settled) = report(&world, "grype", &both, later(3)).await;
    assert_eq!((settled.regressed.len(), settled.live), (1, 2), "{settled:?}");
}

pub(crate) async fn more_findings_than_a_block_of_ids(store: Store) {
    let world = World::new(store).await;
    let all: Vec<Reported> = (0..1500).map(|n| says("left", &[&format!("X-{n}")])).collect();
    let (_, settled) = report(&world, "a", &all, later(0)).await;
    assert_eq!(settled.detected.len(), 1500);
    let again = world
        .store
        .settle(world.org, world.asset, JudgedBy::new(&[], &high, later(1)))
        .await
        .unwrap();
    assert!(again.is_quiet());
}

pub(crate) async fn vex_documents_hold_once(store: Store) {
    let world = World::new(store).await;
    let add =
        async |asset| world.store.add_vex(world.org, asset, "d", "token:1", now()).await.unwrap();
    assert!(add(None).await);
    assert!(!add(None).await);
    assert!(add(Some(world.asset)).await);
    let all = world.store.vex(world.org).await.unwrap();
    assert_eq!(all.iter().map(|v| v.asset).collect::<Vec<_>>(), [None, Some(world.asset)]);
}

pub(crate) async fn a_key_is_answered_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let ask = async |request, at| store.reserve_answer(org, "k", request, at).await.unwrap();
    assert_eq!(ask("r", now()).await, Reserved::Fresh);
    assert_eq!(ask("r", now()).await, Reserved::Running);
    assert_eq!(ask("other", now()).await, Reserved::Other);
    assert_eq!(ask("r", later(1)).await, Reserved::Fresh, "who had it is gone");
    store.keep_answer(org, "k", None).await.unwrap();
    assert_eq!(ask("other", later(1)).await, Reserved::Fresh, "what failed is free again");
    store.keep_answer(org, "k", Some((201, "{}"))).await.unwrap();
    assert_eq!(ask("other", later(9)).await, Reserved::Answered(201, "{}".into()));
    assert_eq!(ask("r", later(9)).await, Reserved::Other);
}

pub(crate) async fn feeds_are_noted(store: Store) {
    store.note_feed("advisories", "fresh", true, None, later(0)).await.unwrap();
    store.note_feed("advisories", "failed", false, Some("why"), later(1)).await.unwrap();
    let feeds = store.feeds().await.unwrap();
    assert_eq!(feeds.len(), 1);
    assert_eq!((feeds[0].checked, feeds[0].changed), (Some(later(1)), Some(later(0))));
    assert_eq!(feeds[0].succeeded, Some(later(0)));
    assert_eq!(feeds[0].error.as_deref(), Some("why"));
}
