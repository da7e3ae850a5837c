//! Digests of people's own: each time once, each thing once, however many look.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{Became, OwnDigest, Store};

use crate::now;

fn later(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn things(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(item, mark)| ((*item).to_owned(), (*mark).to_owned())).collect()
}

pub(crate) async fn a_digest_of_ones_own_tells_each_thing_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let wish = |hours: i64| OwnDigest { person: 7, told: json!({ "hour": 9 }), next: later(hours) };
    store.set_own_digest(org, &wish(5), "person:7", now()).await.unwrap();
    store.set_own_digest(org, &wish(2), "person:7", now()).await.unwrap();
    assert_eq!(store.own_digest(org, 7).await.unwrap(), Some(wish(2)));
    assert_eq!(store.own_digest(other, 7).await.unwrap(), None);
    assert_eq!(store.next_mail(org).await.unwrap(), Some(later(2)));
    assert_eq!(store.own_digests_due(org, later(1), 9).await.unwrap(), []);
    let due = store.own_digests_due(org, later(2), 9).await.unwrap();
    assert_eq!(due, [wish(2)]);
    assert_eq!(store.own_digests_due(other, later(2), 9).await.unwrap(), []);

    // However many look at once, one claims it, with what it tells.
    let tells = things(&[("answer:1", "a"), ("task:2", "b")]);
    let claim = || store.claim_own_digest(org, &due[0], later(9), (&tells, &[]), later(2));
    let (one, two, three) = tokio::join!(claim(), claim(), claim());
    let claims = [one, two, three].map(Result::unwrap);
    assert_eq!(claims.iter().filter(|claimed| **claimed).count(), 1, "{claims:?}");
    let told = store.own_told(org, 7).await.unwrap();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), tells);
    assert_eq!(store.own_told(other, 7).await.unwrap().len(), 0);
    assert_eq!(store.own_told_at(org, 7, later(2)).await.unwrap(), ["answer:1", "task:2"]);

    // It is not taken, and tried again by one.
    let put_off = (Became::Later, Some(later(3)), "busy");
    assert!(store.end_own_run(org, (7, later(2)), put_off, later(2)).await.unwrap());
    assert_eq!(store.next_mail(org).await.unwrap(), Some(later(3)));
    let again = store.own_runs_again(org, later(3), 9).await.unwrap();
    assert_eq!((again.len(), again[0].tries, again[0].became), (1, 1, Became::Later));
    let begin = || store.begin_own_run_again(org, &again[0], later(3));
    assert_eq!((begin().await.unwrap(), begin().await.unwrap()), (true, false));
    assert_eq!(store.lose_own_runs(org, later(3), later(4)).await.unwrap(), 0, "not before");
    assert_eq!(store.lose_own_runs(org, later(4), later(4)).await.unwrap(), 1);
    assert_eq!(store.own_runs(org, 7, 9).await.unwrap()[0].became, Became::Unknown);
    // It may have come: what it told stands. What was refused is told again.
    assert_eq!(store.own_told(org, 7).await.unwrap().len(), 2);
    let refused = (Became::Refused, None, "no such mailbox");
    assert!(store.end_own_run(org, (7, later(2)), refused, later(4)).await.unwrap());
    assert!(!store.end_own_run(org, (7, later(2)), refused, later(4)).await.unwrap(), "known");
    assert_eq!(store.own_told(org, 7).await.unwrap().len(), 0);

    // What changed is told by its new mark, what is gone is forgotten, and nothing is begun where nothing is told.
    let next = wish(9);
    let (tells, gone) = (things(&[("task:2", "b")]), Vec::new());
    assert!(
        store.claim_own_digest(org, &next, later(19), (&tells, &gone), later(9)).await.unwrap()
    );
    let (tells, gone) = (things(&[("task:2", "c"), ("ends:3", "d")]), Vec::new());
    let at = wish(19);
    assert!(store.claim_own_digest(org, &at, later(29), (&tells, &gone), later(19)).await.unwrap());
    let told = store.own_told(org, 7).await.unwrap();
    assert_eq!(told.into_iter().collect::<Vec<_>>(), things(&[("ends:3", "d"), ("task:2", "c")]));
    let gone = vec!["ends:3".to_owned()];
    let at = wish(29);
    assert!(store.claim_own_digest(org, &at, later(39), (&[], &gone), later(29)).await.unwrap());
    assert_eq!(store.own_told(org, 7).await.unwrap().len(), 1);
    assert_eq!(store.own_runs(org, 7, 9).await.unwrap().len(), 3);

    // With it ends what of it was to be tried again.
    assert!(store.end_own_run(org, (7, later(19)), put_off, later(29)).await.unwrap());
    assert_eq!(store.own_runs_again(org, later(30), 9).await.unwrap().len(), 1);
    assert!(store.end_own_digest(org, 7, "person:7", later(30)).await.unwrap());
    assert_eq!(store.own_runs_again(org, later(30), 9).await.unwrap(), []);
    assert_eq!(store.next_mail(org).await.unwrap(), None);
    assert_eq!(store.own_runs(org, 7, 9).await.unwrap()[0].became, Became::Refused);
    assert_eq!(store.own_told(org, 7).await.unwrap().len(), 0);
    assert!(!store.end_own_digest(org, 7, "person:7", later(30)).await.unwrap(), "once");
    // It does not begin by itself again; that of somebody who said nothing does, once.
    let begin = |person: i64| OwnDigest { person, ..wish(40) };
    let mut begun = Vec::new();
    for person in [7, 8, 8] {
        begun
            .push(store.begin_own_digest(org, &begin(person), "trimtab", later(31)).await.unwrap());
    }
    assert_eq!(begun, [false, true, false]);
    assert_eq!(store.own_digest(org, 7).await.unwrap(), None);
    assert_eq!(store.own_digests_said(org).await.unwrap().into_iter().collect::<Vec<_>>(), [7, 8]);
    assert_eq!(store.next_mail(org).await.unwrap(), Some(later(40)));
    let told = store.ledger(org, 0, 100).await.unwrap();
    let words = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((words("own-digest-set"), words("own-digest-ended")), (3, 1));
}

pub(crate) async fn what_is_told_somebody_at_once_is_told_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let tells = things(&[("appeal:1", "a"), ("owner:2", "3")]);
    let claim = || store.claim_own_alarm(org, 7, &tells, now());
    let (one, two) = tokio::join!(claim(), claim());
    let claims = [one.unwrap(), two.unwrap()];
    assert_eq!(claims.iter().flatten().count(), 1, "{claims:?}");
    // More of it is told by a time of its own, though the clock stands still.
    let more = things(&[("appeal:1", "a"), ("owner:2", "4")]);
    let at = store.claim_own_alarm(org, 7, &more, now()).await.unwrap().unwrap();
    assert!(at > now());
    assert_eq!(store.own_runs(org, 7, 9).await.unwrap().len(), 2);
    assert_eq!(store.own_told_at(org, 7, at).await.unwrap(), ["appeal:1", "owner:2"]);
    // Also of somebody without a digest of their own it is tried again.
    let put_off = (Became::Later, Some(later(1)), "busy");
    assert!(store.end_own_run(org, (7, at), put_off, now()).await.unwrap());
    assert_eq!(store.next_mail(org).await.unwrap(), Some(later(1)));
    assert_eq!(store.own_runs_again(org, later(1), 9).await.unwrap().len(), 1);
}
