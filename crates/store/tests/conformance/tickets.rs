//! Trackers of teams and their tickets.

use jiff::SignedDuration;
use serde_json::json;
use trimtab_store::{NewTracker, PlannedChange, Store, TicketOf};

use crate::now;

fn tracker(project: &str) -> NewTracker {
    NewTracker {
        team: 1,
        software: "gitea".into(),
        address: "https://git.example/api/v1".into(),
        project: project.into(),
        settings: json!({ "kind": "Task" }),
        components: json!({ "shop": "till" }),
        open_limit: 3,
        private: true,
        token: vec![1, 2, 3],
        secret: vec![0, 255],
        handle: "handle".into(),
        person: 9,
        home: String::new(),
    }
}

fn change(package: &str) -> PlannedChange {
    PlannedChange { asset: 7, package: package.to_owned() }
}

pub(crate) async fn a_tracker_is_kept_and_forgotten_with_its_tickets(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    assert_eq!(store.tracker(org, 1).await.unwrap(), None);
    store.put_tracker(org, &tracker("o/r"), "person:9", now()).await.unwrap();
    let is = store.tracker(org, 1).await.unwrap().unwrap();
    assert_eq!((&is.is, is.told, is.looked, &*is.trouble), (&tracker("o/r"), None, None, ""));
    assert_eq!(store.tracker_of_handle("handle").await.unwrap().unwrap().org, org);
    assert_eq!(store.tracker_of_handle("hand").await.unwrap(), None);
    assert_eq!(store.tracked(org).await.unwrap(), [1]);
    assert_eq!(store.troubled_trackers(org).await.unwrap(), []);
    store.note_tracker(org, 1, None, ("denied", None), now()).await.unwrap();
    let troubled = store.troubled_trackers(org).await.unwrap();
    let told: Vec<_> = troubled.iter().map(|is| (is.is.team, &*is.trouble)).collect();
    assert_eq!(told, [(1, "denied")]);
    assert_eq!(store.troubled_trackers(other).await.unwrap(), []);
    assert!(store.tracker(other, 1).await.unwrap().is_none());
    assert!(store.tracked(other).await.unwrap().is_empty());

    // One works with it at a time, until its time is over.
    let on = |minutes: i64| now() + SignedDuration::from_mins(minutes);
    let take = async |worker: &str, until: i64, is: i64| {
        store.take_tracker(org, 1, worker, on(until), on(is)).await.unwrap()
    };
    assert!(take("a", 2, 0).await && take("a", 3, 1).await, "it goes on");
    assert!(!take("b", 3, 1).await, "it is another's");
    assert!(take("b", 6, 4).await, "who has it is gone");
    store.leave_tracker(org, 1, "a").await.unwrap();
    assert!(!take("c", 6, 4).await, "it was not the one's to leave");
    store.leave_tracker(org, 1, "b").await.unwrap();
    assert!(take("c", 6, 4).await);

    let told = Some(on(5));
    store.note_tracker(org, 1, told, ("away", Some(on(9))), on(6)).await.unwrap();
    store.note_tracker(org, 1, None, ("", None), on(7)).await.unwrap();
    let is = store.tracker(org, 1).await.unwrap().unwrap();
    assert_eq!((is.told, is.looked, &*is.trouble, is.rests), (told, Some(on(7)), "", None));

    // The same project again keeps what is known; another one does not.
    store.want_ticket(org, 1, (&change("a"), true), &json!({})).await.unwrap();
    let known = (Some("7"), None, None);
    let at = ("https://git.example/api/v1", "o/r");
    assert!(store.keep_ticket(org, 1, &change("a"), known, at).await.unwrap());
    let elsewhere = ("https://git.example/api/v1", "o/other");
    assert!(!store.keep_ticket(org, 1, &change("a"), known, elsewhere).await.unwrap());
    assert!(!store.keep_ticket(org, 1, &change("b"), known, at).await.unwrap());
    store.see_ticket(org, 1, &change("a"), &json!({ "x": 1 }), (Some(now()), "")).await.unwrap();
    let more = NewTracker { open_limit: 5, ..tracker("o/r") };
    store.put_tracker(org, &more, "person:9", on(8)).await.unwrap();
    let rows = store.tickets(org, 1).await.unwrap();
    assert_eq!((rows[0].key.as_deref(), rows[0].looked), (Some("7"), None), "looked at anew");
    assert_eq!(store.tracker(org, 1).await.unwrap().unwrap().told, told);
    // Another name of the same project keeps it too, with other keys; at another address nothing is the same.
    let keys = [(change("a"), "NEW-7".to_owned())];
    let put = async |is: NewTracker| {
        store.put_tracker_with(org, &is, Some(&keys), "person:9", on(8)).await.unwrap();
        store.tickets(org, 1).await.unwrap()
    };
    let rows = put(tracker("o/new")).await;
    assert_eq!((rows[0].key.as_deref(), rows[0].looked), (Some("NEW-7"), None));
    assert_eq!(store.tracker(org, 1).await.unwrap().unwrap().told, told);
    let elsewhere =
        NewTracker { address: "https://git.elsewhere.example".into(), ..tracker("o/r") };
    assert_eq!(put(elsewhere).await, []);
    store.want_ticket(org, 1, (&change("a"), true), &json!({})).await.unwrap();
    store.put_tracker(org, &tracker("o/other"), "person:9", on(8)).await.unwrap();
    assert_eq!(store.tickets(org, 1).await.unwrap(), []);
    assert_eq!(store.tracker(org, 1).await.unwrap().unwrap().told, None);

    assert!(!store.end_tracker(other, 1, "person:9", now()).await.unwrap());
    assert!(store.end_tracker(org, 1, "person:9", now()).await.unwrap());
    assert!(!store.end_tracker(org, 1, "person:9", now()).await.unwrap());
    let told = store.ledger(org, 0, 100).await.unwrap();
    assert!(told.iter().all(|entry| !entry.data.contains("token")), "no secret is told");
    assert_eq!(told.iter().filter(|e| e.data.contains("\"tracker\"")).count(), 6);
    let renamed = told.iter().filter(|e| e.data.contains("\"renamed_from\":\"o/r\""));
    assert_eq!(renamed.count(), 1, "it is told as such");

    // What was ended shows nothing, and goes on where it is set again for the same project; elsewhere it begins anew.
    store.put_tracker(org, &tracker("o/r"), "person:9", on(9)).await.unwrap();
    store.want_ticket(org, 1, (&change("a"), true), &json!({})).await.unwrap();
    let eight = (Some("8"), None, None);
    assert!(store.keep_ticket(org, 1, &change("a"), eight, at).await.unwrap());
    assert!(store.end_tracker(org, 1, "person:9", on(9)).await.unwrap());
    assert_eq!(store.tracker(org, 1).await.unwrap(), None);
    assert_eq!(store.tracker_of_handle("handle").await.unwrap(), None);
    assert!(store.tracked(org).await.unwrap().is_empty());
    assert_eq!(store.tickets(org, 1).await.unwrap(), []);
    assert!(!store.keep_ticket(org, 1, &change("a"), eight, at).await.unwrap());
    assert!(!take("d", 20, 10).await, "nobody works with it");
    let again = NewTracker { handle: "another".into(), ..tracker("o/r") };
    store.put_tracker(org, &again, "person:9", on(10)).await.unwrap();
    let is = store.tracker(org, 1).await.unwrap().unwrap().is;
    assert_eq!((&*is.handle, &is.token), ("handle", &again.token), "its marks are of that");
    assert_eq!(store.tickets(org, 1).await.unwrap()[0].key.as_deref(), Some("8"));
    assert!(store.end_tracker(org, 1, "person:9", on(10)).await.unwrap());
    store.put_tracker(org, &tracker("o/other"), "person:9", on(11)).await.unwrap();
    assert_eq!(store.tickets(org, 1).await.unwrap(), []);
}

pub(crate) async fn a_ticket_is_known_beside_its_tracker(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let (a, b) = (change("pkg:npm/a"), change("pkg:npm/b"));
    let told = json!({ "title": "Raise a" });
    store.put_tracker(org, &tracker("o/r"), "person:9", now()).await.unwrap();
    let at = ("https://git.example/api/v1", "o/r");
    store.want_ticket(org, 1, (&a, true), &told).await.unwrap();
    let new = TicketOf::new(a.clone(), told.clone());
    assert_eq!(store.tickets(org, 1).await.unwrap(), [new]);
    assert!(store.tickets(org, 2).await.unwrap().is_empty());

    // Sent, made, noted, seen.
    assert!(store.keep_ticket(org, 1, &a, (None, Some(now()), None), at).await.unwrap());
    store.forget_ticket(org, 1, &a).await.unwrap();
    assert_eq!(store.tickets(org, 1).await.unwrap()[0].sent, Some(now()), "it may be there");
    assert!(store.keep_ticket(org, 1, &a, (Some("7"), None, Some("n")), at).await.unwrap());
    let had = json!({ "stage": "open" });
    // The ledger is told once how it stands, until it stands otherwise.
    for state in ["open", "open", "done"] {
        let stands = [("state".to_owned(), json!(state))].into_iter().collect();
        store.tell_ticket(org, 1, &a, stands, now()).await.unwrap();
    }
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let entries = entries.iter().filter(|entry| entry.data.contains("ticket-stands"));
    let is_done: Vec<bool> = entries.map(|entry| entry.data.contains("done")).collect();
    assert_eq!(is_done, [false, true]);
    store.see_ticket(org, 1, &a, &had, (Some(now()), "no")).await.unwrap();
    let row = store.tickets(org, 1).await.unwrap().remove(0);
    assert_eq!((row.key.as_deref(), row.sent, row.note.as_deref()), (Some("7"), None, Some("n")));
    assert_eq!((&row.seen, row.looked, &*row.trouble), (&had, Some(now()), "no"));

    // What is wanted anew is looked at anew, and what is known stays.
    store.want_ticket(org, 1, (&a, false), &told).await.unwrap();
    let row = store.tickets(org, 1).await.unwrap().remove(0);
    assert_eq!((row.wanted, row.looked, row.key.as_deref()), (false, None, Some("7")));
    store.see_ticket(org, 1, &a, &had, (Some(now()), "")).await.unwrap();
    assert_eq!(store.poke_ticket(org, 1, "8").await.unwrap(), 0);
    assert_eq!(store.poke_ticket(org, 2, "7").await.unwrap(), 0);
    assert_eq!(store.poke_ticket(org, 1, "7").await.unwrap(), 1);
    assert_eq!(store.tickets(org, 1).await.unwrap()[0].looked, None);

    // What people said, each once, in the ledger.
    let before = store.ticket_mark(org, 1).await.unwrap();
    let events = store.ledger(org, 0, 100).await.unwrap().len();
    assert!(store.point_ticket(org, 1, &a, Some(3.0), now(), None).await.unwrap());
    assert!(!store.point_ticket(org, 1, &a, Some(3.0), now(), None).await.unwrap());
    assert_ne!(store.ticket_mark(org, 1).await.unwrap(), before);
    // Points that change places leave no sum the same.
    store.want_ticket(org, 1, (&b, true), &told).await.unwrap();
    store.point_ticket(org, 1, &b, Some(5.0), now(), None).await.unwrap();
    let held = store.ticket_mark(org, 1).await.unwrap();
    store.point_ticket(org, 1, &a, Some(5.0), now(), None).await.unwrap();
    store.point_ticket(org, 1, &b, Some(3.0), now(), None).await.unwrap();
    assert_ne!(store.ticket_mark(org, 1).await.unwrap(), held);
    store.point_ticket(org, 1, &a, Some(3.0), now(), None).await.unwrap();
    store.forget_ticket(org, 1, &b).await.unwrap();
    let events = events + 4;
    // Of systems that somebody may not see there is nothing.
    assert!(store.tickets_in(org, 1, Some(&[])).await.unwrap().is_empty());
    assert!(store.tickets_in(org, 1, Some(&[1])).await.unwrap().is_empty(), "it is in no system");
    assert_eq!(store.tickets_in(org, 1, None).await.unwrap().len(), 1);
    store.answer_ticket(org, 1, &a, Some("no. 4"), now()).await.unwrap();
    let row = store.tickets(org, 1).await.unwrap().remove(0);
    assert_eq!((row.points, row.asked, &*row.answer), (Some(3.0), Some(now()), "no. 4"));
    store.answer_ticket(org, 1, &a, None, now()).await.unwrap();
    assert_eq!(store.tickets(org, 1).await.unwrap()[0].asked, None);
    assert_eq!(store.ledger(org, 0, 100).await.unwrap().len(), events + 3);
    assert!(store.point_ticket(org, 1, &a, None, now(), None).await.unwrap());
    assert_eq!(store.ticket_mark(org, 1).await.unwrap(), before);

    // What nobody made is forgotten; what was made is not.
    store.want_ticket(org, 1, (&b, true), &told).await.unwrap();
    for of in [&a, &b] {
        store.forget_ticket(org, 1, of).await.unwrap();
    }
    let left = store.tickets(org, 1).await.unwrap();
    assert_eq!(left.iter().map(|row| &row.change).collect::<Vec<_>>(), [&a]);
}

pub(crate) async fn a_copy_elsewhere_does_not_write_the_tickets(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    store.put_tracker(org, &tracker("o/r"), "person:1", now()).await.unwrap();
    let home = async |here: &str| store.at_home(org, 1, here).await.unwrap();
    assert_eq!(home("https://one.example").await, "https://one.example", "the first that writes");
    assert_eq!(home("https://copy.example").await, "https://one.example");
    let here = NewTracker { home: "https://copy.example".into(), ..tracker("o/r") };
    store.put_tracker(org, &here, "person:1", now()).await.unwrap();
    assert_eq!(home("https://one.example").await, "https://copy.example", "somebody said so");
    assert_eq!(store.tracker(org, 1).await.unwrap().unwrap().is.home, "https://copy.example");
    // Before it was kept who writes them, tickets were sent: a copy does not take them for its own.
    store.put_tracker(org, &tracker("o/r"), "person:1", now()).await.unwrap();
    let a = change("pkg:npm/a");
    let told = json!({ "links": [["The plan", "https://One.example/teams/1/plan"]] });
    store.want_ticket(org, 1, (&a, true), &told).await.unwrap();
    let at = ("https://git.example/api/v1", "o/r");
    let known = (Some("7"), None, None);
    assert!(store.keep_ticket(org, 1, &a, known, at).await.unwrap());
    assert_eq!(home("https://copy.example").await, "", "somebody has to say so");
    assert_eq!(home("https://one.example").await, "https://one.example", "its links are in them");
}
