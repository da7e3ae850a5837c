//! The ledger, documents, charters, decisions, and the wall between organisations.

use jiff::SignedDuration;
use serde_json::json;
use trimtab_model::Role;
use trimtab_store::{
    CharterState, DecisionState, EventKind, NewDecision, NewEvent, NewPerson, Store, StoreError,
    System, Team,
};

use crate::{exception, now};

fn event(what: &str) -> NewEvent {
    NewEvent {
        kind: EventKind::Changed,
        at: now(),
        actor: "person:1".into(),
        system: None,
        asset: Some(3),
        finding: None,
        data: json!({ "what": what, "text": "„ünïcode“ \u{0}x" }),
    }
}

pub(crate) async fn the_ledger_holds_and_shows_what_was_changed(store: Store) {
    let org = store.add_organisation("Ferries", now()).await.unwrap();
    assert_eq!(store.verify_ledger(org).await.unwrap(), (0, None));
    store.tell(org, &[event("a"), event("b")]).await.unwrap();
    let mut writers = Vec::new();
    for n in 0..8 {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            store.tell(org, &[event(&n.to_string())]).await.unwrap();
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(store.verify_ledger(org).await.unwrap(), (10, None));
    let entries = store.ledger(org, 0, 100).await.unwrap();
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
    // What a verifier without this program would do.
    let mut before = "0".repeat(64);
    for entry in &entries {
        assert_eq!(entry.seal(&before), entry.hash);
        before.clone_from(&entry.hash);
    }
    let mut forged = entries[4].clone();
    forged.data = forged.data.replace("what", "waht");
    assert_ne!(forged.seal(&entries[3].hash), forged.hash);
}

pub(crate) async fn two_organisations_never_see_each_other(store: Store) {
    let a = store.add_organisation("A", now()).await.unwrap();
    let b = store.add_organisation("B", now()).await.unwrap();
    assert!(matches!(store.add_organisation("A", now()).await, Err(StoreError::Exists(_))));
    let team = Team {
        id: 0,
        name: "Team".into(),
        cadence: Some("weekly".into()),
        capacity: Some(5.0),
        open_limit: None,
    };
    let team_of_a = store.put_team(a, &team, "trimtab", now()).await.unwrap();
    let system = System { name: "payments".into(), team: Some(team_of_a), ..System::default() };
    let id = store.put_system(a, &system, "trimtab", now()).await.unwrap();
    let asset = store.put_asset(a, "repo", "repository", Some(id), now()).await.unwrap();
    let person = NewPerson { email: "x@example.org".into(), name: "X".into(), subject: None };
    let person_of_a = store.add_person(a, &person, &[], "trimtab", now()).await.unwrap();
    store.add_person(b, &person, &[], "trimtab", now()).await.unwrap();

    assert_eq!(store.teams(b).await.unwrap(), []);
    assert_eq!(*store.systems(b).await.unwrap(), []);
    assert_eq!(store.asset(b, asset.id).await.unwrap(), None);
    assert_eq!(store.asset_of_name(b, "repo").await.unwrap(), None);
    assert_eq!(store.people(a).await.unwrap().len(), 1);
    assert_eq!(store.people_of_email("x@example.org").await.unwrap().len(), 2);
    assert!(store.grants(b, person_of_a).await.unwrap().is_empty());
    assert_eq!(store.ledger(b, 0, 10).await.unwrap().len(), 1);
    // The same name again is the same system, changed.
    let changed = System { tier: Some("critical".into()), needs: vec![id], ..system };
    assert_eq!(store.put_system(a, &changed, "trimtab", now()).await.unwrap(), id);
    let systems = store.systems(a).await.unwrap();
    assert_eq!(systems.len(), 1);
    assert_eq!((systems[0].tier.as_deref(), &systems[0].needs), (Some("critical"), &vec![id]));
}

pub(crate) async fn a_document_is_kept_once_and_comes_back_as_it_was(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let bytes: Vec<u8> = (0..200_000u32).flat_map(|n| (n % 251).to_le_bytes()).collect();
    assert!(store.put_document(org, "d", &bytes, now()).await.unwrap());
    assert!(!store.put_document(org, "d", &bytes, now()).await.unwrap());
    assert_eq!(store.document_bytes(org, "d").await.unwrap(), Some(bytes));
    assert!(store.put_document(org, "empty", &[], now()).await.unwrap());
    assert_eq!(store.document_bytes(org, "empty").await.unwrap(), Some(Vec::new()));
    let other = store.add_organisation("B", now()).await.unwrap();
    assert_eq!(store.document(other, "d").await.unwrap(), None);
}

pub(crate) async fn a_charter_is_in_force_when_all_four_sides_agreed(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let first = store.propose_charter(org, "one", 1, "person:1", now()).await.unwrap();
    let sides = [Role::Security, Role::Engineering, Role::Product, Role::Operations];
    let terms = serde_json::json!({ "production": ["production"] });
    for (n, side) in sides.into_iter().enumerate() {
        assert_eq!(store.charter_in_force(org).await.unwrap(), None);
        let state = store.agree(org, first, (side, 1), &terms, "person:1", now()).await.unwrap();
        assert_eq!(state == CharterState::InForce, n == 3);
        if n == 0 {
            // A side that agrees again is told of once.
            let again = store.agree(org, first, (side, 2), &terms, "person:2", now()).await;
            assert_eq!(again.unwrap(), CharterState::Proposed);
            assert_eq!(store.ledger(org, 0, 100).await.unwrap().len(), 2);
        }
    }
    assert_eq!(store.charter_in_force(org).await.unwrap(), Some((first, "one".to_owned())));
    // What it says is told with the last side, and only then.
    let told = store.ledger(org, 0, 100).await.unwrap();
    let told: Vec<serde_json::Value> =
        told.iter().map(|entry| serde_json::from_str(&entry.data).unwrap()).collect();
    let said: Vec<_> = told.iter().filter(|data| data["terms"] == terms).collect();
    assert_eq!(said.len(), 1, "{told:?}");
    assert_eq!(said[0]["in_force"], true);
    let second = store.propose_charter(org, "two", 2, "person:2", now()).await.unwrap();
    assert_eq!(store.charter_in_force(org).await.unwrap().unwrap().0, first);
    for side in sides {
        store.agree(org, second, (side, 1), &terms, "person:1", now()).await.unwrap();
    }
    let charters = store.charters(org).await.unwrap();
    let states: Vec<_> = charters.iter().map(|c| (c.id, c.state, c.agreed.len())).collect();
    assert_eq!(states, [(second, CharterState::InForce, 4), (first, CharterState::Past, 4)]);
    assert!(store.agree(org, first, (Role::Security, 1), &terms, "person:1", now()).await.is_err());
}

pub(crate) async fn terms_that_were_never_told_are_told_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let sides = [Role::Security, Role::Engineering, Role::Product, Role::Operations];
    let terms = serde_json::json!({ "production": ["production"] });
    let later = now() + SignedDuration::from_hours(1);
    // The first as an older build agreed to it, the second as this one does.
    let mut ids = Vec::new();
    for (text, said, at) in [("one", &serde_json::Value::Null, now()), ("two", &terms, later)] {
        let id = store.propose_charter(org, text, 1, "person:1", at).await.unwrap();
        assert!(!store.tell_terms(org, id, &terms, at).await.unwrap(), "it holds nowhere yet");
        for side in sides {
            store.agree(org, id, (side, 1), said, "person:1", at).await.unwrap();
        }
        ids.push(id);
    }
    let held = store.held_charters(org).await.unwrap();
    assert_eq!(held, [(ids[0], now()), (ids[1], later)]);
    assert_eq!(store.charter_text(org, ids[0]).await.unwrap().as_deref(), Some("one"));
    let end = later + SignedDuration::from_hours(1);
    let known =
        async || store.told_terms(org, now()).await.unwrap().into_iter().collect::<Vec<_>>();
    assert_eq!(known().await, [ids[1]]);
    for told in [true, false] {
        assert_eq!(store.tell_terms(org, ids[0], &terms, end).await.unwrap(), told);
        assert!(!store.tell_terms(org, ids[1], &terms, end).await.unwrap(), "it was told");
    }
    assert_eq!(known().await.len(), 2);
    let ledger = store.ledger(org, 0, 100).await.unwrap();
    let told = ledger.iter().filter(|entry| entry.data.contains("charter-terms"));
    let told: Vec<serde_json::Value> =
        told.map(|entry| serde_json::from_str(&entry.data).unwrap()).collect();
    let [one] = &told[..] else { panic!("{told:?}") };
    assert_eq!((&one["charter"], &one["terms"]), (&ids[0].into(), &terms));
    assert_eq!(one["since"], now().to_string());
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn nobody_answers_their_own_question(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let new = NewDecision {
        vulnerability: Some("CVE-2021-44228".into()),
        reason: "The look-ups are off.".into(),
        expires: Some(now() + SignedDuration::from_hours(24)),
        ..exception()
    };
    let id = store.ask(org, &new, "person:1", now()).await.unwrap();
    let approved = DecisionState::Approved;
    let by = |person| (person, "security");
    let asked = async |person, at| {
        let all = store.asked_by_others(org, person, None, at, 9).await.unwrap();
        all.into_iter().map(|is| is.id).collect::<Vec<_>>()
    };
    let end = now() + SignedDuration::from_hours(24);
    assert_eq!(asked(2, now()).await, [id]);
    assert_eq!(asked(1, now()).await, [0; 0], "their own");
    assert_eq!(asked(2, end).await, [0; 0], "it would never hold");
    assert!(!store.answer(org, id, approved, by(1), "person:1", now()).await.unwrap());
    assert!(store.answer(org, id, approved, by(2), "person:2", now()).await.unwrap());
    assert!(!store.answer(org, id, approved, by(3), "person:3", now()).await.unwrap(), "once");
    let decision = store.decision(org, id).await.unwrap().unwrap();
    assert_eq!(decision.is, new);
    assert_eq!(decision.approver, Some((2, "security".to_owned())));
    assert_eq!(asked(2, now()).await, [0; 0], "it is answered");
    let ending = async |systems: Option<&[i64]>, from, to| {
        store.ending_decisions(org, systems, from, to, 9).await.unwrap().len()
    };
    let hour = SignedDuration::from_hours(1);
    assert_eq!(ending(None, now(), end + hour).await, 1);
    assert_eq!(ending(None, now(), end).await, 0, "later");
    assert_eq!(ending(None, end, end + hour).await, 0, "over");
    assert_eq!(ending(Some(&[1]), now(), end + hour).await, 0, "it is of no system");
    assert!(store.answer(org, id, DecisionState::Ended, by(1), "person:1", now()).await.unwrap());
    let decision = store.decision(org, id).await.unwrap().unwrap();
    assert_eq!(
        (decision.state, decision.approver),
        (DecisionState::Ended, Some((2, "security".to_owned())))
    );
    assert_eq!(store.decisions(org, DecisionState::Ended, 9).await.unwrap().len(), 1);
    // What it was about is gone: a request ends without an answer, and nothing that was answered does.
    let other = store.ask(org, &new, "person:1", now()).await.unwrap();
    assert_eq!(store.end_gone(org, &[id, other], end).await.unwrap(), 1);
    let decision = store.decision(org, other).await.unwrap().unwrap();
    assert_eq!(
        (decision.state, decision.approver, decision.answered),
        (DecisionState::Ended, None, Some(end))
    );
    assert_eq!(store.end_gone(org, &[id, other], end).await.unwrap(), 0, "once");
}
