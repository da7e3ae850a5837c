//! Teams and systems that are removed.

use trimtab_store::{FormerKind, Hindrance, Removed, Store, System, Team};

use crate::now;

fn crew(id: i64, name: &str) -> Team {
    Team { id, name: name.into(), cadence: None, capacity: None, open_limit: None }
}

pub(crate) async fn what_is_removed_keeps_its_name_and_its_number(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let team = store.put_team(org, &crew(0, "Crew"), "person:1", now()).await.unwrap();
    let shop = System { name: "shop".into(), team: Some(team), ..System::default() };
    let shop = store.put_system(org, &shop, "person:1", now()).await.unwrap();
    let till = System { name: "till".into(), needs: vec![shop], ..System::default() };
    let till = store.put_system(org, &till, "person:1", now()).await.unwrap();

    // A system gets another name by its number, and stays the one that others need.
    let harbour =
        System { id: shop, name: "harbour".into(), team: Some(team), ..System::default() };
    assert_eq!(store.put_system(org, &harbour, "person:1", now()).await.unwrap(), shop);
    let names: Vec<(i64, String)> =
        store.systems(org).await.unwrap().iter().map(|s| (s.id, s.name.clone())).collect();
    assert_eq!(names, [(shop, "harbour".to_owned()), (till, "till".to_owned())]);

    let remove = async |kind: FormerKind, id: i64| {
        store.remove(org, (kind, id), "person:1", now()).await.unwrap()
    };
    let hindered = |what: Hindrance| Removed::Hindered(vec![(what, 1)]);
    assert_eq!(remove(FormerKind::Team, team).await, hindered(Hindrance::Systems));
    assert_eq!(remove(FormerKind::System, shop).await, hindered(Hindrance::NeededBy));
    let found = store.hindered(org, (FormerKind::Team, team), now()).await.unwrap();
    assert_eq!(found, [(Hindrance::Systems, 1)]);
    assert_eq!(store.teams(org).await.unwrap().len(), 1, "it is still there");

    assert_eq!(remove(FormerKind::System, till).await, Removed::Done);
    assert_eq!(remove(FormerKind::System, shop).await, Removed::Done);
    assert_eq!(remove(FormerKind::Team, team).await, Removed::Done);
    assert_eq!(remove(FormerKind::Team, team).await, Removed::Missing);
    assert!(store.teams(org).await.unwrap().is_empty());
    assert!(store.systems(org).await.unwrap().is_empty());
    let former = store.former(org, FormerKind::Team).await.unwrap();
    assert_eq!(former.iter().map(|is| (is.id, &*is.name)).collect::<Vec<_>>(), [(team, "Crew")]);
    let former = store.former(org, FormerKind::System).await.unwrap();
    assert_eq!(former.iter().map(|is| &*is.name).collect::<Vec<_>>(), ["harbour", "till"]);
    assert!(store.former(other, FormerKind::Team).await.unwrap().is_empty());
    let told = store.ledger(org, 0, 100).await.unwrap();
    let told: Vec<&str> = told.iter().map(|entry| entry.data.as_str()).collect();
    for what in ["\"system-removed\"", "\"team-removed\""] {
        assert!(told.iter().any(|data| data.contains(what)), "{what}: {told:?}");
    }
    // Its name is free again, and its number is nobody's.
    let again = store.put_team(org, &crew(0, "Crew"), "person:1", now()).await.unwrap();
    assert_ne!(again, team);
}
