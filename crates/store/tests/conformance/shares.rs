//! Links to boards: found by their digest while they hold.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Role;
use trimtab_store::{Grant, NewPerson, NewShare, ScopeOf, Store};

use crate::now;

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

pub(crate) async fn a_link_shows_a_board_until_it_ends(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let grants = [Grant { role: Role::Leadership, scope: ScopeOf::Organisation }];
    let person = |name: &str| NewPerson {
        email: format!("{name}@example.org"),
        name: name.to_owned(),
        subject: None,
    };
    let ada = store.add_person(org, &person("ada"), &grants, "trimtab", now()).await.unwrap();
    let ben = store.add_person(org, &person("ben"), &grants, "trimtab", now()).await.unwrap();
    let admin = [Grant { role: Role::Admin, scope: ScopeOf::Organisation }];
    store.add_person(org, &person("cia"), &admin, "trimtab", now()).await.unwrap();
    let share = |person: i64, hours: i64| NewShare {
        name: "wall".into(),
        person,
        side: "leadership".into(),
        scope: ScopeOf::Team(7),
        expires: later(hours),
    };
    let first = store.add_share(org, &share(ada, 2), "d1", "person:1", now()).await.unwrap();
    let second = store.add_share(org, &share(ben, 9), "d2", "person:1", now()).await.unwrap();
    let is = store.share("d1", later(1)).await.unwrap().unwrap();
    assert_eq!((is.id, is.org, &is.is), (first, org, &share(ada, 2)));
    assert_eq!(store.share("d1", later(2)).await.unwrap(), None, "it ended");
    assert_eq!(store.share("d3", later(1)).await.unwrap(), None);

    // When it was last read is known to the hour, and never told as earlier than it was.
    let within = |minutes: i64| later(1) + SignedDuration::from_mins(minutes);
    store.note_share(&is, within(20)).await.unwrap();
    let used = store.share("d1", within(20)).await.unwrap().unwrap();
    assert_eq!(used.used, Some(within(20)));
    store.note_share(&used, within(40)).await.unwrap();
    let used = store.share("d1", within(40)).await.unwrap().unwrap();
    assert_eq!(used.used, Some(within(20)), "once an hour");

    // Each sees their own, the newest first; whoever is closed shares nothing any more.
    let all = store.shares(org, None, None, 1).await.unwrap();
    assert_eq!((all.rows[0].id, all.next.is_some()), (second, true));
    let mine = store.shares(org, Some(ada), None, 9).await.unwrap().rows;
    assert_eq!(mine.iter().map(|s| s.id).collect::<Vec<_>>(), [first]);
    store.set_disabled(org, ben, true, "trimtab", now()).await.unwrap();
    assert_eq!(store.share("d2", later(1)).await.unwrap(), None, "closed");

    assert!(store.withdraw_share(org, first, "person:1", now()).await.unwrap());
    assert!(!store.withdraw_share(org, first, "person:1", now()).await.unwrap(), "once");
    assert_eq!(store.share("d1", later(1)).await.unwrap(), None, "withdrawn");
    let other = store.add_organisation("B", now()).await.unwrap();
    assert_eq!(store.share_numbered(other, second).await.unwrap(), None);
    assert!(!store.withdraw_share(other, second, "person:1", now()).await.unwrap());
    let told = store.ledger(org, 0, 100).await.unwrap();
    let words = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((words("share-added"), words("share-withdrawn")), (2, 1));
    assert!(told.iter().all(|entry| !entry.data.contains("d1")), "no digest is told");
}
