//! What narrows lists, and pages of them: the same rows on both engines, each once.

use jiff::Timestamp;
use trimtab_model::{Exposure, Role};
use trimtab_store::{
    CharterState, DecisionFilter, DecisionKind, DecisionState, DueByTeam, EventKind, ExposureIs,
    FindingFilter, FindingOrder, JobState, LedgerFilter, NewDecision, NewJob, NewPerson, NewToken,
    Priority, ScopeOf, Store, System, Team,
};

use crate::findings::{World, component, later, matched};
use crate::{exception, now};

pub(crate) async fn findings_are_narrowed_by_what_belongs_to_them(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let team =
        Team { id: 0, name: "Sails".into(), cadence: None, capacity: None, open_limit: None };
    let team = store.put_team(org, &team, "person:1", now()).await.unwrap();
    let system = System {
        name: "Till".into(),
        team: Some(team),
        exposure: Some(Exposure::Internet),
        ..System::default()
    };
    let system = store.put_system(org, &system, "person:1", now()).await.unwrap();
    let asset = store.put_asset(org, "shop", "repository", Some(system), now()).await.unwrap().id;
    let till = World { store: store.clone(), org, asset };
    let asset = store.put_asset(org, "Loose_end", "repository", None, now()).await.unwrap().id;
    let loose = World { store: store.clone(), org, asset };
    let left = (component("left", "1.0.0"), vec![matched(&["CVE-1", "GHSA-a"], Some("2.0.0"))]);
    let right = (component("right", "1.0.0"), vec![matched(&["CVE-2"], None)]);
    till.document("d1", &[left, right.clone()]).await;
    till.push("d1", later(0)).await;
    loose.document("d2", &[right]).await;
    loose.push("d2", later(10)).await;

    let of = async |filter: FindingFilter| -> Vec<String> {
        let page = store.findings(org, &filter, FindingOrder::Newest, None, 10).await.unwrap();
        let number = store.count_findings(org, &filter).await.unwrap().number;
        assert_eq!(usize::try_from(number).unwrap(), page.rows.len(), "{filter:?}");
        let mut all: Vec<String> =
            page.rows.iter().map(|f| format!("{} {}", f.asset.1, f.vulnerability.1)).collect();
        all.sort();
        all
    };
    let all = ["Loose_end CVE-2", "shop CVE-1", "shop CVE-2"];
    assert_eq!(of(FindingFilter::default()).await, all);
    let text = async |text: &str| {
        let text = Some(store.mentioned(org, text).await.unwrap());
        of(FindingFilter { text, ..FindingFilter::default() }).await
    };
    assert_eq!(text("left").await, all[1..2], "a package");
    assert_eq!(text("ghsa-a").await, all[1..2], "any name of the vulnerability");
    assert_eq!(text("wrong").await, all, "what it is about");
    assert_eq!(text("loose").await, all[..1], "an asset, however it is written");
    assert_eq!(text("till").await, all[1..], "a system");
    assert_eq!(text("e_e").await, all[..1], "a sign of a pattern is a letter");
    for none in ["%", "!", "shop%", "'", "\\"] {
        assert_eq!(text(none).await, [""; 0], "{none}");
    }
    let exposed =
        async |is| of(FindingFilter { exposure: Some(is), ..FindingFilter::default() }).await;
    assert_eq!(exposed(ExposureIs::Known(Exposure::Internet)).await, all[1..]);
    assert_eq!(exposed(ExposureIs::Known(Exposure::Isolated)).await, [""; 0]);
    assert_eq!(exposed(ExposureIs::Unknown).await, all[..1]);
    // Each is due a day after it was seen.
    let due = async |teams: &[(i64, Timestamp)], rest| {
        let due = DueByTeam { teams: teams.to_vec(), rest };
        of(FindingFilter { due_by_team: Some(due), ..FindingFilter::default() }).await
    };
    assert_eq!(due(&[], later(30)).await, all[1..]);
    assert_eq!(due(&[(team, later(20))], later(40)).await, all[..1]);
    assert_eq!(due(&[(team, later(30)), (team + 1, now())], later(30)).await, all[1..]);
    let dated = async |is| of(FindingFilter { dated: Some(is), ..FindingFilter::default() }).await;
    assert_eq!((dated(true).await, dated(false).await.len()), (all.map(String::from).to_vec(), 0));
}

pub(crate) async fn capitals_of_every_alphabet_are_letters(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let system = System { name: "ÄRLA".into(), ..System::default() };
    let system = store.put_system(org, &system, "person:1", now()).await.unwrap();
    for (name, system) in [("Ödla", None), ("till", Some(system))] {
        let asset = store.put_asset(org, name, "repository", system, now()).await.unwrap().id;
        let world = World { store: store.clone(), org, asset };
        let carried = (component("left", "1.0.0"), vec![matched(&["CVE-1"], None)]);
        world.document(name, &[carried]).await;
        world.push(name, later(0)).await;
    }
    for (text, found) in [
        ("ärla", vec!["till"]),
        ("Ärl", vec!["till"]),
        ("öDLA", vec!["Ödla"]),
        ("dla", vec!["Ödla"]),
        ("é", vec![]),
        ("cve", vec!["till", "Ödla"]),
    ] {
        let text = Some(store.mentioned(org, text).await.unwrap());
        let filter = FindingFilter { text, ..FindingFilter::default() };
        let page = store.findings(org, &filter, FindingOrder::Level, None, 10).await.unwrap();
        let mut names: Vec<&str> = page.rows.iter().map(|f| f.asset.1.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, found, "{filter:?}");
    }
}

/// More than can be told by their ids: nothing is left out, whatever the way.
pub(crate) async fn a_frequent_text_finds_all(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let asset = store.put_asset(org, "shop", "repository", None, now()).await.unwrap().id;
    let world = World { store: store.clone(), org, asset };
    let names: Vec<String> = (0..520).map(|n| format!("p{n}")).collect();
    let carried: Vec<_> =
        names.iter().map(|name| (component(name, "1.0.0"), vec![matched(&[name], None)])).collect();
    world.document("d", &carried).await;
    world.push("d", later(0)).await;
    for (text, found) in [("npm", 520), ("wrong", 520), ("shop", 520), ("p51", 11), ("_", 0)] {
        let is = Some(store.mentioned(org, text).await.unwrap());
        let filter = FindingFilter { text: is, ..FindingFilter::default() };
        assert_eq!(store.count_findings(org, &filter).await.unwrap().number, found, "{text}");
    }
}

pub(crate) async fn decisions_of_no_system_touch_what_they_cover(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let mut systems = Vec::new();
    for (name, package) in [("till", "left"), ("desk", "right")] {
        let system = System { name: name.into(), ..System::default() };
        let system = store.put_system(org, &system, "person:1", now()).await.unwrap();
        let asset = store.put_asset(org, name, "repository", Some(system), now()).await.unwrap().id;
        let world = World { store: store.clone(), org, asset };
        let names = [format!("CVE-{package}"), format!("GHSA-{package}")];
        let names = [names[0].as_str(), names[1].as_str()];
        let carried = (component(package, "1.0.0"), vec![matched(&names, None)]);
        world.document(name, &[carried]).await;
        world.push(name, later(0)).await;
        systems.push((system, asset));
    }
    let left = store.findings(org, &FindingFilter::default(), FindingOrder::Newest, None, 9).await;
    let left = left.unwrap().rows;
    let left = left.iter().find(|f| f.asset.0 == systems[0].1).unwrap().clone();
    let cases = [
        // Vulnerability, package, asset; which of the two systems.
        (Some("CVE-left"), None, None, [true, false]),
        (Some("GHSA-left"), Some(left.package.clone()), None, [true, false]),
        (Some("CVE-left"), Some("pkg:npm/right".to_owned()), None, [false, false]),
        (Some("CVE-unknown"), None, None, [false, false]),
        (None, Some(left.package.clone()), None, [true, false]),
        (None, None, Some(systems[1].1), [false, true]),
        (None, None, None, [true, true]),
    ];
    for (vulnerability, package, asset, touched) in cases {
        let new = NewDecision {
            vulnerability: vulnerability.map(str::to_owned),
            package,
            asset,
            reason: "x".into(),
            ..exception()
        };
        let id = store.ask(org, &new, "person:1", now()).await.unwrap();
        for ((system, _), touched) in systems.iter().zip(touched) {
            let filter =
                DecisionFilter { touching: Some(vec![*system]), ..DecisionFilter::default() };
            let page = store.decisions_page(org, &filter, None, 9).await.unwrap();
            assert_eq!(page.rows.iter().any(|d| d.id == id), touched, "{new:?} {system}");
        }
    }
    let undecided = FindingFilter { decided: Some(false), ..FindingFilter::default() };
    assert_eq!(store.count_findings(org, &undecided).await.unwrap().number, 2);
    let decided = FindingFilter { decided: Some(true), ..FindingFilter::default() };
    assert_eq!(store.count_findings(org, &decided).await.unwrap().number, 0);
}

pub(crate) async fn pages_of_lists_are_whole(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let person = NewPerson { email: "a@example.org".into(), name: "Änn".into(), subject: None };
    let person = store.add_person(org, &person, &[], "trimtab", now()).await.unwrap();
    let system = System { name: "till".into(), ..System::default() };
    let system = store.put_system(org, &system, "person:1", now()).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..5i64 {
        let new = NewDecision {
            vulnerability: Some(format!("CVE-{n}")),
            package: Some("pkg:npm/left".into()),
            system: (n % 2 == 0).then_some(system),
            reason: "x".into(),
            author: person,
            expires: (n > 0).then(|| later(n)),
            ..exception()
        };
        ids.insert(0, store.ask(org, &new, "person:1", now()).await.unwrap());
    }
    let of = async |filter: &DecisionFilter| -> Vec<i64> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = store.decisions_page(org, filter, after, 2).await.unwrap();
            all.extend(page.rows.iter().map(|d| d.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let number = store.count_decisions(org, filter).await.unwrap();
        assert_eq!(usize::try_from(number).unwrap(), all.len(), "{filter:?}");
        all
    };
    let any = DecisionFilter::default;
    assert_eq!(of(&any()).await, ids);
    assert_eq!(store.count_decisions(other, &any()).await.unwrap(), 0);
    let asked = vec![DecisionState::Asked];
    assert_eq!(of(&DecisionFilter { states: asked, ..any() }).await, ids);
    let over = vec![DecisionState::Refused, DecisionState::Ended];
    assert_eq!(of(&DecisionFilter { states: over, ..any() }).await, [0; 0]);
    assert_eq!(
        of(&DecisionFilter { kind: Some(DecisionKind::NotAffected), ..any() }).await,
        [0; 0]
    );
    let own = [ids[0], ids[2], ids[4]];
    assert_eq!(of(&DecisionFilter { system: Some(system), ..any() }).await, own);
    assert_eq!(of(&DecisionFilter { systems: Some(vec![system]), ..any() }).await, own);
    assert_eq!(of(&DecisionFilter { systems: Some(Vec::new()), ..any() }).await, [0; 0]);
    assert_eq!(of(&DecisionFilter { touching: Some(Vec::new()), ..any() }).await, [0; 0]);
    assert_eq!(of(&DecisionFilter { touching: Some(vec![system]), ..any() }).await, own);
    let numbered = store.decisions_numbered(org, &[ids[1], ids[3], 99_999]).await.unwrap();
    assert_eq!(numbered.len(), 2);
    assert!(store.decisions_numbered(other, &ids).await.unwrap().is_empty());
    assert_eq!(of(&DecisionFilter { ends_by: Some(later(2)), ..any() }).await, ids[2..4]);
    let held = DecisionFilter { ends_after: Some(later(2)), ..any() };
    assert_eq!(of(&held).await, [ids[0], ids[1], ids[4]], "without an end, too");
    for (text, found) in [("cve-3", &ids[1..2]), ("left", &ids[..]), ("änn", &ids[..])] {
        assert_eq!(of(&DecisionFilter { text: Some(text.into()), ..any() }).await, found, "{text}");
    }
    assert_eq!(of(&DecisionFilter { text: Some("%".into()), ..any() }).await, [0; 0]);

    let ledger = store.ledger(org, 0, 100).await.unwrap();
    let of = async |filter: LedgerFilter| {
        store
            .ledger_of(org, &filter, 0, 100)
            .await
            .unwrap()
            .iter()
            .map(|e| e.seq)
            .collect::<Vec<_>>()
    };
    let seqs: Vec<i64> = ledger.iter().map(|e| e.seq).collect();
    assert_eq!(of(LedgerFilter { since: Some(now()), ..LedgerFilter::default() }).await, seqs);
    assert_eq!(of(LedgerFilter { until: Some(now()), ..LedgerFilter::default() }).await, [0; 0]);
    let decided = LedgerFilter {
        kind: Some(EventKind::Decided),
        system: Some(system),
        actor: Some("person:1".into()),
        ..LedgerFilter::default()
    };
    assert_eq!(of(decided).await.len(), 3);
    let nothing = LedgerFilter { asset: Some(9), finding: Some(9), ..LedgerFilter::default() };
    assert_eq!(of(nothing).await, [0; 0]);

    for n in 0..3i64 {
        let new = NewToken {
            name: n.to_string(),
            person,
            actions: Vec::new(),
            scope: ScopeOf::Organisation,
            expires: later(n + 1),
        };
        store.add_token(org, &new, &format!("digest {n}"), "person:1", now()).await.unwrap();
    }
    let first = store.tokens_page(org, Some(person), None, None, 2).await.unwrap();
    let rest = store.tokens_page(org, Some(person), None, first.next, 2).await.unwrap();
    let names: Vec<&str> = first.rows.iter().chain(&rest.rows).map(|t| t.name.as_str()).collect();
    assert_eq!((names, rest.next), (vec!["2", "1", "0"], None));
    let holding = store.tokens_page(org, None, Some(later(2)), None, 9).await.unwrap();
    assert_eq!(holding.rows.len(), 1);
    let id = first.rows[0].id;
    assert_eq!(store.token_numbered(org, id).await.unwrap().unwrap().name, "2");
    assert_eq!(store.token_numbered(other, id).await.unwrap(), None);
    assert!(store.tokens_page(org, Some(person + 1), None, None, 2).await.unwrap().rows.is_empty());

    for n in 0..3i64 {
        let text = n.to_string();
        let id = store.propose_charter(org, &text, 1, "person:1", now()).await.unwrap();
        store
            .agree(org, id, (Role::Security, 1), &serde_json::Value::Null, "person:1", now())
            .await
            .unwrap();
        let name = format!("n{n}");
        let job = NewJob {
            org,
            kind: "k".into(),
            name,
            payload: serde_json::json!({}),
            priority: Priority::Scheduled,
            run_at: now(),
        };
        store.add_job(&job, now()).await.unwrap();
    }
    let proposed = Some(CharterState::Proposed);
    let first = store.charters_page(org, proposed, None, 2).await.unwrap();
    let rest = store.charters_page(org, proposed, first.next, 2).await.unwrap();
    let texts: Vec<(&str, usize)> =
        first.rows.iter().chain(&rest.rows).map(|c| (c.text.as_str(), c.agreed.len())).collect();
    assert_eq!((texts, rest.next), (vec![("2", 1), ("1", 1), ("0", 1)], None));
    assert!(store.charters_page(other, None, None, 2).await.unwrap().rows.is_empty());
    let first = store.jobs_page(org, JobState::Waiting, None, 2).await.unwrap();
    let rest = store.jobs_page(org, JobState::Waiting, first.next, 2).await.unwrap();
    let names: Vec<&str> = first.rows.iter().chain(&rest.rows).map(|j| j.name.as_str()).collect();
    assert_eq!((names, rest.next), (vec!["n2", "n1", "n0"], None));
}
