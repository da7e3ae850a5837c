//! Incidents, appeals, and who answers for which part.

use jiff::SignedDuration;
use serde_json::json;
use trimtab_store::{
    AppealState, Cursor, Follows, IncidentCount, IncidentSort, NewAppeal, NewIncident,
    NewIncidentEvent, Placement, PlacementState, PlannedChange, Store, System,
};

use crate::now;

fn incident(title: &str) -> NewIncident {
    NewIncident {
        title: title.to_owned(),
        looked_for: "pkg:npm/a".to_owned(),
        versions: "<2".to_owned(),
        published: Some(now()),
        drill: None,
        speed: 1,
        near_miss: false,
    }
}

fn event(kind: &str, team: Option<i64>) -> NewIncidentEvent {
    NewIncidentEvent { kind: kind.to_owned(), team, told: json!({ "text": kind }) }
}

pub(crate) async fn an_incident_is_told_in_order_and_in_the_ledger(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let drill = NewIncident { drill: Some("xz".to_owned()), published: None, ..incident("two") };
    let one = store.open_incident(org, &incident("one"), "person:1", now()).await.unwrap();
    let two = store.open_incident(org, &drill, "person:1", now()).await.unwrap();
    let is = store.incident(org, two).await.unwrap().unwrap();
    assert_eq!((is.is, is.opened, is.closed), (drill, now(), None));
    assert_eq!(store.incident(other, one).await.unwrap(), None);
    let told = [event("touched", Some(7)), event("acknowledged", Some(7))];
    let at = now() + SignedDuration::from_mins(3);
    let first = store.tell_incident(org, one, (&told, &[4, 9]), "trimtab", at).await.unwrap();
    assert_eq!(first, Some(2), "after `opened`");
    let none = store.tell_incident(other, one, (&told, &[]), "trimtab", at).await.unwrap();
    assert_eq!(none, None);
    // Those who write at once have numbers without a gap.
    let mut writers = Vec::new();
    for _ in 0..6 {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            let note = [event("note", None)];
            store.tell_incident(org, one, (&note, &[9]), "person:2", at).await.unwrap();
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let events = store.incident_events(org, one).await.unwrap();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    assert_eq!((&events[1].is, events[1].at), (&told[0], at));
    assert_eq!(store.incident_systems(org, one).await.unwrap(), [4, 9]);
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let told = entries.iter().filter(|e| e.data.contains("\"incident\"")).count();
    assert_eq!(told, 10, "each once");
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);

    // Lists: of some systems, open or not, a page at a time.
    let titles = async |open, systems: Option<&[i64]>, after, limit| {
        let page = store.incidents(org, open, systems, after, limit).await.unwrap();
        (page.rows.into_iter().map(|i| i.is.title).collect::<Vec<_>>(), page.next)
    };
    assert_eq!(titles(None, None, None, 9).await, (vec!["two".into(), "one".into()], None));
    let (first, next) = titles(None, None, None, 1).await;
    assert_eq!((first, next), (vec!["two".into()], Some(Cursor { value: 0, id: two })));
    assert_eq!(titles(None, None, next, 1).await.0, ["one"]);
    assert_eq!(titles(None, Some(&[9]), None, 9).await.0, ["one"]);
    assert_eq!(titles(None, Some(&[1]), None, 9).await.0, [""; 0]);
    assert_eq!(titles(None, Some(&[]), None, 9).await.0, [""; 0]);

    // What was looked at before others told something is not told.
    let stale = [event("fixed", Some(7))];
    let told = store.tell_incident_after(org, one, (&stale, &[]), Some(8), ("t", at)).await;
    assert_eq!(told.unwrap(), None);

    // What is closed is closed; what was learnt goes on.
    let learnt = json!({ "text": "x" });
    assert!(store.close_incident(org, one, learnt.clone(), "person:1", at).await.unwrap());
    assert!(!store.close_incident(org, one, learnt, "person:1", at).await.unwrap());
    let late = [event("note", None), event("touched", Some(8))];
    assert_eq!(store.tell_incident(org, one, (&late, &[]), "t", at).await.unwrap(), None);
    let action = [event("action", Some(7))];
    assert!(store.tell_incident(org, one, (&action, &[]), "t", at).await.unwrap().is_some());
    assert_eq!(titles(Some(true), None, None, 9).await.0, ["two"]);
    assert_eq!(titles(Some(false), None, None, 9).await.0, ["one"]);
    let count = store.count_incidents(org, None).await.unwrap();
    assert_eq!(count, IncidentCount { real: 1, drills: 1, ..IncidentCount::default() });
    let none = store.count_incidents(org, Some(&[1])).await.unwrap();
    assert_eq!(none, IncidentCount::default());
}

pub(crate) async fn an_appeal_is_answered_once_and_by_another(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let asset = store.put_asset(org, "repo", "repository", None, now()).await.unwrap().id;
    let new = NewAppeal {
        dispute: false,
        incident: Some(3),
        finding: Some(5),
        asset,
        package: "pkg:npm/a".to_owned(),
        system: Some(4),
        team: Some(7),
        at_once: true,
        reason: "it burns".to_owned(),
        author: 1,
        due: now() + SignedDuration::from_hours(4),
        rule: "who may accept what is critical".to_owned(),
        sides: vec!["security".to_owned(), "leadership".to_owned()],
        needs: 1,
        named: true,
    };
    let id = store.add_appeal(org, &new, "person:1", now()).await.unwrap();
    let dispute = NewAppeal { dispute: true, at_once: false, system: None, ..new.clone() };
    let second = store.add_appeal(org, &dispute, "person:1", now()).await.unwrap();
    let is = store.appeal(org, id).await.unwrap().unwrap();
    assert_eq!((&is.is, is.state, is.asset_name.as_str()), (&new, AppealState::Asked, "repo"));
    assert_eq!(store.appeal(org, second).await.unwrap().unwrap().is, dispute);
    let answer = async |person| {
        let by = (person, "security", "person:x");
        store.answer_appeal(org, id, (true, "yes"), by, now()).await.unwrap()
    };
    assert!(!answer(1).await, "not who asked");
    assert!(answer(2).await && !answer(3).await, "once");
    let is = store.appeal(org, id).await.unwrap().unwrap();
    assert_eq!((is.state, is.approver), (AppealState::Granted, Some((2, "security".to_owned()))));
    assert_eq!((is.answer.as_str(), is.answered), ("yes", Some(now())));
    let ids = async |state, incident, team, systems: Option<&[i64]>| {
        let page = store.appeals(org, (state, incident, team), systems, None, 9).await.unwrap();
        page.rows.into_iter().map(|a| a.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, None, None, None).await, [second, id]);
    assert_eq!(ids(Some(AppealState::Asked), None, None, None).await, [second]);
    assert_eq!(ids(None, Some(3), Some(7), None).await, [second, id]);
    assert_eq!(ids(None, None, None, Some(&[4])).await, [id], "of no system is of all");
    assert_eq!(ids(None, Some(9), None, None).await, [0; 0]);
    let asked = (Some(AppealState::Asked), None, None);
    assert_eq!(store.count_appeals(org, asked, None, None).await.unwrap(), 1);
    assert_eq!(store.count_appeals(org, asked, None, Some(now())).await.unwrap(), 0, "not late");
    let third = store.add_appeal(org, &dispute, "person:1", now()).await.unwrap();
    let back = async |id, person| {
        store.take_back_appeal(org, id, (person, "person:1"), None, now()).await.unwrap()
    };
    assert!(!back(third, 2).await, "somebody else");
    assert!(!back(id, 1).await, "it was answered");
    assert!(back(third, 1).await && !back(third, 1).await, "once");
    let is = store.appeal(org, third).await.unwrap().unwrap();
    assert_eq!((is.state, is.approver, is.answered), (AppealState::TakenBack, None, Some(now())));
    let by = (2, "security", "person:x");
    assert!(!store.answer_appeal(org, third, (true, "yes"), by, now()).await.unwrap(), "too late");
    assert_eq!(store.count_appeals(org, asked, None, None).await.unwrap(), 1, "it waits no longer");
    let granted = store.granted_emergencies(org, asset, (None, now())).await.unwrap();
    assert_eq!(granted.iter().map(|a| a.id).collect::<Vec<_>>(), [id]);
    let appeals = async || {
        let entries = store.ledger(org, 0, 100).await.unwrap();
        entries.iter().filter(|e| e.data.contains("\"appeal\"")).count()
    };
    assert_eq!(appeals().await, 5, "asked three times, answered and taken back once");

    // What a dispute holds back is left to the plan again when its time is over: by one, and only if it is held for that.
    let held = |package: &str| Placement {
        change: PlannedChange { asset, package: package.to_owned() },
        state: PlacementState::Held,
        starts: None,
        reason: format!("Dispute {second}: it burns"),
        actor: "person:2".to_owned(),
        at: now(),
    };
    let until = now() + SignedDuration::from_hours(24);
    let placed = held("pkg:npm/a");
    let follows = Follows { placed: Some((7, &placed, Some(until))), ..Follows::default() };
    let by = (2, "security", "person:2");
    assert!(store.answer_appeal_with(org, second, (true, "ok"), by, follows, now()).await.unwrap());
    let over = async |at| {
        let all = store.holding(org, at, 9).await.unwrap();
        all.into_iter().map(|a| (a.id, a.until)).collect::<Vec<_>>()
    };
    assert_eq!(over(None).await, [(second, Some(until))]);
    assert_eq!(over(Some(until - SignedDuration::from_secs(1))).await, []);
    assert_eq!(over(Some(until)).await, [(second, Some(until))]);
    let is = store.appeal(org, second).await.unwrap().unwrap();
    let note = || NewIncidentEvent { kind: "dispute".to_owned(), team: None, told: json!({}) };
    let end =
        async |reason: &str, at| store.end_dispute(org, &is, (reason, note()), at).await.unwrap();
    assert!(!end(&placed.reason, now()).await, "not before its time");
    assert_eq!(store.placements(org, 7).await.unwrap(), [held("pkg:npm/a")]);
    assert!(end(&placed.reason, until).await && !end(&placed.reason, until).await, "once");
    assert_eq!(store.placements(org, 7).await.unwrap(), []);
    assert_eq!(over(None).await, []);
    let ended = store.held_until(org, until, 9).await.unwrap();
    assert_eq!(ended.iter().map(|a| (a.id, a.ended)).collect::<Vec<_>>(), [(second, Some(until))]);
    let after = until + SignedDuration::from_secs(1);
    assert_eq!(store.held_until(org, after, 9).await.unwrap(), []);
    assert_eq!(appeals().await, 7, "answered, and over");
    // What people decided otherwise meanwhile stands.
    let third = store.add_appeal(org, &dispute, "person:1", now()).await.unwrap();
    let follows = Follows { placed: Some((7, &placed, Some(until))), ..Follows::default() };
    assert!(store.answer_appeal_with(org, third, (true, "ok"), by, follows, now()).await.unwrap());
    let is = store.appeal(org, third).await.unwrap().unwrap();
    let told = ("for another reason", note());
    assert!(store.end_dispute(org, &is, told, until).await.unwrap());
    assert_eq!(store.placements(org, 7).await.unwrap(), [held("pkg:npm/a")]);
    assert_eq!(over(None).await, []);
    let ended = store.held_until(org, until, 9).await.unwrap();
    assert_eq!(ended.iter().map(|a| a.id).collect::<Vec<_>>(), [second], "nothing came back");
}

pub(crate) async fn what_needs_two_is_granted_by_two_people(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let asset = store.put_asset(org, "repo", "repository", None, now()).await.unwrap().id;
    let new = NewAppeal {
        dispute: false,
        incident: None,
        finding: None,
        asset,
        package: "pkg:npm/a".to_owned(),
        system: None,
        team: Some(7),
        at_once: true,
        reason: "it burns".to_owned(),
        author: 1,
        due: now(),
        rule: "two of them".to_owned(),
        sides: vec!["security".to_owned()],
        needs: 2,
        named: false,
    };
    let id = store.add_appeal(org, &new, "person:1", now()).await.unwrap();
    let placed = Placement {
        change: PlannedChange { asset, package: "pkg:npm/a".to_owned() },
        state: PlacementState::Accepted,
        starts: None,
        reason: "it burns".to_owned(),
        actor: "person:2".to_owned(),
        at: now(),
    };
    let grant = async |person| {
        let follows = Follows { placed: Some((7, &placed, None)), ..Follows::default() };
        let by = (person, "security", "person:x");
        store.answer_appeal_with(org, id, (true, "yes"), by, follows, now()).await.unwrap()
    };
    assert!(!grant(1).await, "not who asked");
    assert!(grant(2).await && !grant(2).await, "each once");
    let is = store.appeal(org, id).await.unwrap().unwrap();
    assert_eq!((is.state, is.approver), (AppealState::Asked, None), "one of two is not enough");
    assert_eq!(is.consents.iter().map(|c| c.person).collect::<Vec<_>>(), [2]);
    let all = store.appeals(org, (None, None, None), None, None, 9).await.unwrap().rows;
    assert_eq!(all.iter().map(|a| a.granted).collect::<Vec<_>>(), [1], "a list counts them");
    assert_eq!(store.placements(org, 7).await.unwrap(), [], "nothing follows yet");
    assert!(grant(3).await && !grant(4).await);
    let is = store.appeal(org, id).await.unwrap().unwrap();
    assert_eq!(is.state, AppealState::Granted);
    assert_eq!(is.approver, Some((3, "security".to_owned())));
    assert_eq!(store.placements(org, 7).await.unwrap(), std::slice::from_ref(&placed));
    // One who refuses is enough, whoever granted it before.
    let id = store.add_appeal(org, &new, "person:1", now()).await.unwrap();
    let by = |person| (person, "security", "person:x");
    assert!(store.answer_appeal(org, id, (true, "yes"), by(2), now()).await.unwrap());
    assert!(store.answer_appeal(org, id, (false, "no"), by(3), now()).await.unwrap());
    let is = store.appeal(org, id).await.unwrap().unwrap();
    assert_eq!((is.state, is.consents.len()), (AppealState::Refused, 1));
    let told = store.ledger(org, 0, 100).await.unwrap();
    let consented = told.iter().filter(|e| e.data.contains("\"consented\"")).count();
    assert_eq!(consented, 2, "each stands in the ledger");
}

pub(crate) async fn people_of_systems_are_named_in_place_of_those_before(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let system = System { name: "s".to_owned(), ..System::default() };
    let id = store.put_system(org, &system, "trimtab", now()).await.unwrap();
    let set = async |people: &[(&str, i64)]| {
        store.set_system_people(org, id, people, "person:1", now()).await.unwrap();
        store.system_people(org).await.unwrap().into_iter().collect::<Vec<_>>()
    };
    let named = |part: &str, person| ((id, part.to_owned()), person);
    let all = set(&[("selection", 3), ("deployment", 4)]).await;
    assert_eq!(all, [named("deployment", 4), named("selection", 3)]);
    assert_eq!(set(&[("selection", 5)]).await, [named("selection", 5)]);
    assert!(store.system_people(other).await.unwrap().is_empty());
    assert_eq!(set(&[]).await, []);
}

pub(crate) async fn near_misses_are_told_apart(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let near = NewIncident { near_miss: true, ..incident("nearly") };
    let drill = NewIncident { drill: Some(String::new()), ..incident("played") };
    let real = store.open_incident(org, &incident("real"), "person:1", now()).await.unwrap();
    let near = store.open_incident(org, &near, "person:1", now()).await.unwrap();
    let drill = store.open_incident(org, &drill, "person:1", now()).await.unwrap();
    assert!(store.incident(org, near).await.unwrap().unwrap().is.near_miss);
    let of = |sort| {
        let store = &store;
        async move {
            let page = store.incidents_of(org, (None, sort), None, None, 9).await.unwrap();
            page.rows.iter().map(|is| is.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(of(None).await, [drill, near, real]);
    assert_eq!(of(Some(IncidentSort::Real)).await, [real]);
    assert_eq!(of(Some(IncidentSort::NearMiss)).await, [near]);
    assert_eq!(of(Some(IncidentSort::Drill)).await, [drill]);
    let count = store.count_incidents(org, None).await.unwrap();
    assert_eq!(count, IncidentCount { open: 1, real: 1, near_misses: 1, drills: 1 });
    // What happened to teams, of several at once.
    let touched = [event("touched", Some(7)), event("note", None)];
    for id in [real, near] {
        store.tell_incident(org, id, (&touched, &[4]), "trimtab", now()).await.unwrap();
    }
    let events = store.team_events(org, &[real, near, drill]).await.unwrap();
    assert_eq!(events.keys().copied().collect::<Vec<_>>(), [real, near]);
    assert_eq!(events[&real].len(), 1);
    let is = &events[&real][0].is;
    assert_eq!((events[&real][0].seq, is.kind.as_str(), is.team), (2, "touched", Some(7)));
    assert!(store.team_events(org, &[]).await.unwrap().is_empty());
    // What is to be done, and nothing else.
    let told = [event("task", Some(7)), event("update", None), event("action", None)];
    store.tell_incident(org, near, (&told, &[]), "person:1", now()).await.unwrap();
    let tasks = store.incident_tasks(org, &[real, near, drill]).await.unwrap();
    assert_eq!(tasks.keys().copied().collect::<Vec<_>>(), [near]);
    let kinds: Vec<&str> = tasks[&near].iter().map(|event| event.is.kind.as_str()).collect();
    assert_eq!(kinds, ["task", "action"]);
}
