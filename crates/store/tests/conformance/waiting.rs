//! What waits for somebody: roll-outs, deployments that went wrong, findings without a change, entries by filter.

use trimtab_model::Level;
use trimtab_store::{
    Cursor, EventKind, FindingFilter, FindingState, LedgerFilter, NewSupplier, Outcome, Store,
    System, Waits,
};

use crate::findings::{World, later, left};
use crate::now;

pub(crate) async fn what_waits_is_found_until_it_is_done(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    let system = System { name: "shop".into(), ..System::default() };
    let system = store.put_system(org, &system, "trimtab", now()).await.unwrap();
    store.put_asset(org, "repo", "repository", Some(system), now()).await.unwrap();
    world.document("d1", &[left("1.0.0", true)]).await;
    let first = world.push("d1", later(1)).await;
    let [id] = first.detected[..] else { panic!("{first:?}") };
    let waits = |waits| FindingFilter { waits: Some(waits), ..FindingFilter::default() };
    let count = async |filter: FindingFilter| {
        let number = store.count_findings(org, &filter).await.unwrap().number;
        let listed = store.findings(org, &filter, Default::default(), None, 10).await.unwrap();
        assert_eq!(listed.rows.len(), usize::try_from(number).unwrap());
        number
    };
    assert_eq!(count(waits(Waits::Choice)).await, 1);
    // In what a supplier delivers nobody here chooses: they are asked, as long as they deliver it.
    let new = NewSupplier {
        name: "Northwind".into(),
        contact: String::new(),
        contract: String::new(),
        contract_ends: None,
        obligations: serde_json::json!({}),
    };
    let of = ("Repo", world.asset);
    let (supplier, _) = store.add_supplier(org, &new, of, "person:1", now()).await.unwrap();
    assert_eq!(count(waits(Waits::Choice)).await, 0);
    store
        .set_supplier(org, supplier, (&new, Some(true), &serde_json::json!({})), "person:1", now())
        .await
        .unwrap();
    assert_eq!(count(waits(Waits::Choice)).await, 1, "nobody is left to be asked");
    assert_eq!(count(waits(Waits::Assessment)).await, 0, "it was weighed");
    // It is high: above a line at medium, not above one at high, and above none of another system's.
    for (line, systems, expected) in [
        (Level::Medium, vec![system], 1),
        (Level::High, vec![system], 0),
        (Level::Critical, vec![system + 1], 1),
        (Level::Critical, vec![], 1),
    ] {
        assert_eq!(count(waits(Waits::Above(vec![(line, systems)]))).await, expected, "{line}");
    }

    // It runs; then the main line is rid of it, and it still runs.
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(2)).await;
    assert_eq!(store.rollouts(org, None, 10).await.unwrap(), []);
    world.document("d2", &[left("2.0.0", false)]).await;
    let second = world.push("d2", later(3)).await;
    assert_eq!(store.finding(org, id).await.unwrap().unwrap().state, FindingState::Merged);
    let waiting = store.rollouts(org, Some(&[system]), 10).await.unwrap();
    let [is] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!((is.asset.1.as_str(), is.findings, is.weight), ("repo", 1, 10.0));
    assert_eq!((is.level, is.since), (Some(Level::High), Some(later(3))));
    assert_eq!(is.system, Some((system, "shop".to_owned())));
    assert_eq!(store.rollouts(org, Some(&[system + 1]), 10).await.unwrap(), []);

    // What went wrong stands until something else is told there.
    let broken = async |systems: Option<&[i64]>, since| {
        let all = store.broken(org, systems, since, 10).await.unwrap();
        all.into_iter().map(|is| (is.outcome, is.at)).collect::<Vec<_>>()
    };
    assert_eq!(broken(None, now()).await, []);
    world.deploy(second.snapshot.unwrap(), Outcome::Failed, later(4)).await;
    assert_eq!(broken(None, now()).await, [(Outcome::Failed, later(4))]);
    assert_eq!(broken(Some(&[system]), now()).await.len(), 1);
    assert_eq!(broken(Some(&[]), now()).await, []);
    assert_eq!(broken(None, later(5)).await, [], "it is older");
    world.deploy(first.snapshot.unwrap(), Outcome::RolledBack, later(6)).await;
    assert_eq!(broken(None, now()).await, [(Outcome::RolledBack, later(6))]);
    world.deploy(second.snapshot.unwrap(), Outcome::Ok, later(7)).await;
    assert_eq!(broken(None, now()).await, []);
    assert_eq!(store.rollouts(org, None, 10).await.unwrap(), []);

    let found = store.findings_of(org, &[id, id + 1], None).await.unwrap();
    assert_eq!(
        found.iter().map(|f| (f.id, f.state)).collect::<Vec<_>>(),
        [(id, FindingState::Fixed)]
    );
    assert_eq!(store.findings_of(org, &[], None).await.unwrap(), []);
    // By where it belongs now.
    assert_eq!(store.findings_of(org, &[id], Some(&[system])).await.unwrap().len(), 1);
    for none in [&[][..], &[system + 1]] {
        assert_eq!(store.findings_of(org, &[id], Some(none)).await.unwrap(), []);
    }
    let runs = async |system: i64, environment: &str| {
        let all = store.running_in(org, system, environment, 10).await.unwrap();
        all.into_iter().map(|asset| asset.name).collect::<Vec<_>>()
    };
    assert_eq!(runs(system, "production").await, ["repo"]);
    assert_eq!(runs(system, "test").await, [""; 0]);
    assert_eq!(runs(system + 1, "production").await, [""; 0]);
    let names = store.asset_names(org, &[world.asset, world.asset + 1]).await.unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), [(world.asset, "repo".to_owned())]);
}

pub(crate) async fn the_ledger_is_read_backwards_by_filter(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    world.document("d1", &[left("1.0.0", true)]).await;
    let first = world.push("d1", later(1)).await;
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(2)).await;
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(3)).await;
    // Told late, so that it stands after what is younger: twice, and something of the present after it.
    world.deploy(first.snapshot.unwrap(), Outcome::Failed, now()).await;
    world.deploy(first.snapshot.unwrap(), Outcome::Failed, later(1)).await;
    world.document("d2", &[left("2.0.0", false)]).await;
    world.push("d2", later(4)).await;
    let all = store.ledger(org, 0, 1000).await.unwrap();
    assert!(!all.is_sorted_by_key(|entry| entry.at), "the case says nothing");
    // One at a time, so that every page has another.
    let walk = async |filter: LedgerFilter| {
        let (mut after, mut seen): (Option<Cursor>, Vec<i64>) = (None, Vec::new());
        loop {
            let page = store.entries(org, &filter, after, 1).await.unwrap();
            seen.extend(page.rows.iter().map(|entry| entry.seq));
            after = page.next;
            if after.is_none() {
                return seen;
            }
        }
    };
    let expected = |keep: &dyn Fn(&trimtab_store::Entry) -> bool| -> Vec<i64> {
        all.iter().rev().filter(|entry| keep(entry)).map(|entry| entry.seq).collect()
    };
    // Of one kind, in the order of time.
    let of_kind = |since: i64| -> Vec<i64> {
        let kept = all.iter().filter(|e| e.kind == "deployed" && e.at >= since);
        let mut kept: Vec<(i64, i64)> = kept.map(|e| (e.at, e.seq)).collect();
        kept.sort_unstable();
        kept.into_iter().rev().map(|(_, seq)| seq).collect()
    };
    let none = LedgerFilter::default;
    assert_eq!(walk(none()).await, expected(&|_| true));
    let kind = EventKind::Deployed;
    assert_eq!(walk(LedgerFilter { kind: Some(kind), ..none() }).await, of_kind(0));
    let finding = first.detected[0];
    assert_eq!(
        walk(LedgerFilter { finding: Some(finding), ..none() }).await,
        expected(&|e| e.finding == Some(finding))
    );
    let asset = Some(world.asset);
    assert_eq!(walk(LedgerFilter { asset, ..none() }).await, expected(&|e| e.asset == asset));
    let actor = Some("token:1".to_owned());
    assert_eq!(walk(LedgerFilter { actor, ..none() }).await, expected(&|e| e.actor == "token:1"));
    for hours in 0..5 {
        let since = Some(later(hours));
        let from = later(hours).as_microsecond();
        assert_eq!(
            walk(LedgerFilter { since, ..none() }).await,
            expected(&|e| e.at >= from),
            "{hours}"
        );
        let filter = LedgerFilter { since, kind: Some(kind), ..none() };
        assert_eq!(walk(filter).await, of_kind(from), "{hours}");
    }
}
