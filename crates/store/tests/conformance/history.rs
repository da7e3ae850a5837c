//! What happened about a finding.

use trimtab_store::{
    DecisionState, FindingFilter, FindingOrder, FindingState, NewDecision, NewPerson, Outcome,
    Placement, PlacementState, PlannedChange, Store,
};

use crate::findings::{World, component, later, left, matched};
use crate::{exception, now};

fn asks(author: i64, vulnerability: Option<&str>, package: Option<&str>) -> NewDecision {
    NewDecision {
        vulnerability: vulnerability.map(str::to_owned),
        package: package.map(str::to_owned),
        reason: "later".into(),
        author,
        expires: Some(later(1000)),
        ..exception()
    }
}

pub(crate) async fn a_finding_s_history_is_all_that_happened_about_it(store: Store) {
    let world = World::new(store).await;
    let (store, org) = (&world.store, world.org);
    let mut people = Vec::new();
    for name in ["ada", "bob"] {
        let new =
            NewPerson { email: format!("{name}@a.example"), name: name.into(), subject: None };
        people.push(store.add_person(org, &new, &[], "trimtab", now()).await.unwrap());
    }
    // Before it is there, something happens to the asset already.
    world.document("d0", &[left("0.9.0", false)]).await;
    let before = world.push("d0", later(0)).await;
    world.deploy(before.snapshot.unwrap(), Outcome::Ok, later(1)).await;
    world.document("d1", &[left("1.0.0", true)]).await;
    let first = world.push("d1", later(2)).await;
    let [id] = first.detected[..] else { panic!("{first:?}") };
    world.deploy(first.snapshot.unwrap(), Outcome::Failed, later(3)).await;
    world.deploy(first.snapshot.unwrap(), Outcome::Ok, later(4)).await;
    // By another name of it; of another vulnerability; of the package as a whole.
    let wanted = [
        asks(people[0], Some("GHSA-aaaa"), Some("pkg:npm/left")),
        asks(people[0], Some("CVE-2000-1"), None),
        asks(people[0], None, Some("pkg:npm/left")),
    ];
    let mut ids = Vec::new();
    for (n, new) in (5..).zip(&wanted) {
        ids.push(store.ask(org, new, "person:1", later(n)).await.unwrap());
    }
    let by = (people[1], "security");
    for (n, (id, state)) in
        (8..).zip([(ids[0], DecisionState::Refused), (ids[2], DecisionState::Approved)])
    {
        assert!(store.answer(org, id, state, by, "person:2", later(n)).await.unwrap());
    }
    let place = |package: &str| Placement {
        change: PlannedChange { asset: world.asset, package: package.into() },
        state: PlacementState::Accepted,
        starts: Some(later(50)),
        reason: String::new(),
        actor: "person:1".into(),
        at: later(10),
    };
    store.place(org, 1, &[place("pkg:npm/left"), place("pkg:npm/right")]).await.unwrap();
    assert!(
        store.answer(org, ids[2], DecisionState::Ended, by, "person:2", later(11)).await.unwrap()
    );
    world.document("d2", &[left("2.0.0", false)]).await;
    let last = world.push("d2", later(12)).await;
    assert_eq!(last.merged, [id]);
    world.deploy(last.snapshot.unwrap(), Outcome::Ok, later(13)).await;
    // After it is gone, its asset goes on.
    world.deploy(last.snapshot.unwrap(), Outcome::Ok, later(14)).await;

    let is = store.finding(org, id).await.unwrap().unwrap();
    let names = store.aliases(org, is.vulnerability.0).await.unwrap();
    let decisions = store.decisions_about(org, &is, &names).await.unwrap();
    let stand: Vec<_> = decisions.iter().map(|d| (d.id, d.state)).collect();
    assert_eq!(stand, [(ids[2], DecisionState::Ended), (ids[0], DecisionState::Refused)]);
    let told = store.history_of(org, &is, &decisions).await.unwrap();
    assert!(!told.is_cut);
    let kinds: Vec<String> = told
        .entries
        .iter()
        .map(|e| {
            let data: serde_json::Value = serde_json::from_str(&e.data).unwrap();
            let word = data["outcome"].as_str().or_else(|| data["state"].as_str());
            word.map_or_else(|| e.kind.clone(), |word| format!("{} {word}", e.kind))
        })
        .collect();
    let told: Vec<&str> =
        kinds.iter().map(String::as_str).filter(|k| !k.starts_with("assessed")).collect();
    assert_eq!(
        told,
        [
            "received",
            "detected",
            "deployed failed",
            "deployed ok",
            "decided asked",
            "decided asked",
            "decided refused",
            "decided approved",
            "planned accepted",
            "decided ended",
            "received",
            "merged",
            "deployed ok",
            "fixed",
        ]
    );
}

pub(crate) async fn what_was_fixed_last_comes_first(store: Store) {
    let world = World::new(store).await;
    let one = |n: i64, bad: bool| {
        let says = vec![matched(&[&format!("CVE-1-{n}")], None)];
        (component(&format!("p{n}"), "1.0.0"), if bad { says } else { vec![] })
    };
    // Detected in the order 0, 1, 2, 3; gone in the order 1, 3, 0, 2.
    let mut at = 0;
    let mut there = Vec::new();
    for step in
        [(0, true), (1, true), (2, true), (3, true), (1, false), (3, false), (0, false), (2, false)]
    {
        match step {
            (n, true) => there.push(n),
            (n, false) => there.retain(|is| *is != n),
        }
        let listed: Vec<_> = there.iter().map(|n| one(*n, true)).collect();
        let digest = format!("d{at}");
        world.document(&digest, &listed).await;
        let pushed = world.push(&digest, later(at)).await;
        at += 1;
        world.deploy(pushed.snapshot.unwrap(), Outcome::Ok, later(at)).await;
        at += 1;
    }
    let filter = FindingFilter { states: vec![FindingState::Fixed], ..FindingFilter::default() };
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let order = FindingOrder::Fixed;
        let page = world.store.findings(world.org, &filter, order, after, 1).await.unwrap();
        names.extend(page.rows.iter().map(|f| f.vulnerability.1.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(names, ["CVE-1-2", "CVE-1-0", "CVE-1-3", "CVE-1-1"]);
}
