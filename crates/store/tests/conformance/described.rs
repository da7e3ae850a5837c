//! What is remembered of an organisation in a process follows every change.

use jiff::SignedDuration;
use trimtab_model::Role;
use trimtab_store::{DecisionState, NewDecision, Store, System, Team};

use crate::{exception, now};

pub(crate) async fn every_change_of_the_description_is_counted(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let mut counts = vec![store.described(org).await.unwrap()];
    let team = Team { id: 0, name: "Team".into(), cadence: None, capacity: None, open_limit: None };
    let team = store.put_team(org, &team, "trimtab", now()).await.unwrap();
    counts.push(store.described(org).await.unwrap());
    let renamed =
        Team { id: team, name: "Crew".into(), cadence: None, capacity: None, open_limit: None };
    assert_eq!(store.put_team(org, &renamed, "trimtab", now()).await.unwrap(), team);
    assert_eq!(store.teams(org).await.unwrap(), [renamed]);
    counts.push(store.described(org).await.unwrap());
    assert!(store.systems(org).await.unwrap().is_empty());
    let system = System { name: "payments".into(), team: Some(team), ..System::default() };
    store.put_system(org, &system, "trimtab", now()).await.unwrap();
    assert_eq!(store.systems(org).await.unwrap().len(), 1, "though it was remembered as empty");
    counts.push(store.described(org).await.unwrap());
    let charter = store.propose_charter(org, "one", 1, "person:1", now()).await.unwrap();
    counts.push(store.described(org).await.unwrap());
    store
        .agree(org, charter, (Role::Security, 1), &serde_json::Value::Null, "person:1", now())
        .await
        .unwrap();
    counts.push(store.described(org).await.unwrap());
    assert!(store.withdraw_charter(org, charter, "person:1", now()).await.unwrap());
    counts.push(store.described(org).await.unwrap());
    let decision = NewDecision {
        vulnerability: Some("CVE-2021-44228".into()),
        reason: "The look-ups are off.".into(),
        expires: Some(now() + SignedDuration::from_hours(24)),
        ..exception()
    };
    let id = store.ask(org, &decision, "person:1", now()).await.unwrap();
    counts.push(store.described(org).await.unwrap());
    let by = (2, "security");
    store.answer(org, id, DecisionState::Approved, by, "person:2", now()).await.unwrap();
    counts.push(store.described(org).await.unwrap());
    assert!(store.add_vex(org, None, "d", "token:1", now()).await.unwrap());
    counts.push(store.described(org).await.unwrap());
    assert!(store.end_vex(org, None, "d", "token:1", now()).await.unwrap());
    counts.push(store.described(org).await.unwrap());
    assert!(counts.windows(2).all(|pair| pair[0] < pair[1]), "{counts:?}");
    assert_eq!(store.described(other).await.unwrap(), 0, "another's changes do not count");
}
