//! How teams wish to be told, what there is to tell, and letters on their way.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{
    Became, Keep, NewLetter, NewPending, NewRecipient, Org, Pending, RotaCover, Store, StoreError,
};

use crate::now;

fn later(minutes: i64) -> Timestamp {
    now() + SignedDuration::from_mins(minutes)
}

fn new(item: &str, mark: &str, urgent: bool) -> NewPending {
    NewPending {
        item: item.to_owned(),
        mark: mark.to_owned(),
        told: json!({ "title": item }),
        urgent,
        urgent_of: Vec::new(),
    }
}

async fn bring(store: &Store, org: Org, minutes: i64, all: &[NewPending]) -> Vec<Pending> {
    let look = format!("look {minutes}");
    store.bring_pending(org, 1, (all, &look), later(minutes)).await.unwrap();
    store.pending(org, 1).await.unwrap()
}

pub(crate) async fn what_is_to_be_told_is_as_old_as_it_is_the_same(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let first = bring(&store, org, 0, &[new("b", "1", false), new("a", "1", true)]).await;
    let times: Vec<_> = first.iter().map(|p| (p.item.as_str(), p.since, p.urgent)).collect();
    assert_eq!(times, [("a", later(0), Some(later(0))), ("b", later(0), None)]);
    // What no digest was about keeps its time, also with another mark, and what is *now* is so since it is.
    let all = [new("a", "1", true), new("b", "2", true), new("c", "1", false)];
    let second = bring(&store, org, 5, &all).await;
    let times: Vec<_> = second.iter().map(|p| (p.since, p.urgent)).collect();
    let expected = [(later(0), Some(later(0))), (later(0), Some(later(5))), (later(5), None)];
    assert_eq!(times, expected);
    assert_eq!(store.notice_looks(org).await.unwrap()[&1], "look 5");
    // Somebody has two of them; the third is not *now*, and one is not there.
    let items = ["a", "b", "c", "x"].map(str::to_owned);
    let count = store.acknowledge(org, 1, &items, "person:3", later(6)).await.unwrap();
    assert_eq!(count, 2);
    let kept = store.pending(org, 1).await.unwrap();
    let by = Some((later(6), "person:3".to_owned()));
    assert_eq!((&kept[0].acknowledged, &kept[1].acknowledged), (&by, &by));
    assert_eq!(kept[2].acknowledged, None);
    assert_eq!(store.acknowledge(org, 1, &items, "person:4", later(7)).await.unwrap(), 0);
    let entries = store.ledger(org, 0, 100).await.unwrap();
    assert_eq!(entries.len(), 1, "once, and only what changed something");
    assert!(entries[0].data.contains("notice-acknowledged"), "{}", entries[0].data);
    assert!(entries[0].data.contains("[\"a\",\"b\"]"), "what changed alone: {}", entries[0].data);
    // It stays so while it is told anew, and is gone with what it was about.
    let changed = bring(&store, org, 8, &[new("a", "2", true)]).await;
    assert_eq!((changed.len(), &changed[0].acknowledged), (1, &by));
    assert_eq!(bring(&store, org, 9, &[]).await, []);
    let back = bring(&store, org, 10, &[new("a", "2", true)]).await;
    assert_eq!((back[0].urgent, &back[0].acknowledged), (Some(later(10)), &None));
    // Something more that is *now* is another alarm, which nobody has said that they have.
    for (minutes, of, since) in [(20, "x", 20), (21, "x", 20), (22, "y", 22)] {
        let urgent_of = vec![of.to_owned()];
        let all = [NewPending { urgent_of, ..new("a", "2", true) }];
        let kept = bring(&store, org, minutes, &all).await;
        assert_eq!(kept[0].urgent, Some(later(since)));
    }
    // Who looked before that and writes later changes nothing.
    let stale = store.bring_pending(org, 1, (&[], "stale"), later(21)).await.unwrap();
    assert_eq!((stale, store.pending(org, 1).await.unwrap().len()), (Some(later(22)), 1));
    assert_eq!(store.pending(other, 1).await.unwrap(), []);
    assert_eq!(store.pending(org, 2).await.unwrap(), []);
    // Thousands are as one.
    let many: Vec<_> = (0..2500).map(|n| new(&format!("{n:04}"), "1", false)).collect();
    assert_eq!(bring(&store, org, 31, &many).await.len(), 2500);
    assert_eq!(bring(&store, org, 32, &many[..7]).await.len(), 7);
}

pub(crate) async fn what_is_cut_in_two_is_no_other_alarm(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let item = |item: &str, of: &[&str]| NewPending {
        urgent_of: of.iter().map(|one| (*one).to_owned()).collect(),
        ..new(item, "1", true)
    };
    let urgent = |all: &[Pending]| all.iter().map(|p| p.urgent).collect::<Vec<_>>();
    bring(&store, org, 0, &[item("7:p", &["x", "y"])]).await;
    store.acknowledge(org, 1, &["7:p".to_owned()], "person:3", later(1)).await.unwrap();
    // A plan takes a part of it: the rest was told with it, and somebody has it.
    let cut = bring(&store, org, 5, &[item("7:p", &["x"]), item("7:p:left", &["y"])]).await;
    assert_eq!(urgent(&cut), [Some(later(0)), Some(later(0))]);
    assert_eq!(cut[1].acknowledged, Some((later(1), "person:3".to_owned())));
    // Something more is another alarm, of its part alone; brought together again nothing is.
    let more = [item("7:p", &["x"]), item("7:p:left", &["y", "z"])];
    assert_eq!(urgent(&bring(&store, org, 9, &more).await), [Some(later(0)), Some(later(9))]);
    let whole = bring(&store, org, 12, &[item("7:p", &["x", "y", "z"])]).await;
    assert_eq!(urgent(&whole), [Some(later(9))]);
}

pub(crate) async fn what_a_digest_told_is_news_again_with_another_mark(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    store.put_wishes(org, 1, (&json!({}), None), "person:1", now()).await.unwrap();
    bring(&store, org, 0, &[new("a", "1", false), new("b", "1", false)]).await;
    let since = |all: Vec<Pending>| all.iter().map(|p| p.since).collect::<Vec<_>>();
    // It changes when its digest is due, and is not put off by that.
    let all = [new("a", "2", false), new("b", "1", false)];
    assert_eq!(since(bring(&store, org, 5, &all).await), [later(0), later(0)]);
    let digest = NewLetter { why: "digest".to_owned(), ..letter("a") };
    let turn = store.wishes(org, 1).await.unwrap().unwrap().turn;
    assert!(store.begin_letter(org, turn, (&digest, &[]), later(6)).await.unwrap().is_some());
    let all = [new("a", "3", false), new("b", "1", false)];
    assert_eq!(since(bring(&store, org, 7, &all).await), [later(7), later(0)]);
}

fn letter(item: &str) -> NewLetter {
    NewLetter {
        team: 1,
        why: "now".to_owned(),
        items: vec![item.to_owned()],
        told: json!({ "named": [item] }),
    }
}

fn to(address: &str) -> NewRecipient {
    NewRecipient { channel: "mail".into(), address: address.into(), person: Some(3) }
}

pub(crate) async fn a_letter_is_begun_once_however_many_decide(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    assert_eq!(store.wishes(org, 1).await.unwrap(), None);
    let none = store.begin_letter(org, 0, (&letter("a"), &[to("x@x.example")]), now()).await;
    assert_eq!(none.unwrap(), None, "of whom nobody said anything");
    let put = |sealed: Option<Vec<u8>>| {
        let store = store.clone();
        async move {
            let told = json!({ "channel": "mail" });
            store.put_wishes(org, 1, (&told, sealed), "person:1", now()).await.unwrap();
            store.wishes(org, 1).await.unwrap().unwrap()
        }
    };
    put(Some(vec![1, 2])).await;
    let wished = put(None).await;
    assert_eq!((wished.sealed.as_deref(), wished.turn), (Some(&[1u8, 2][..]), 2));
    let mut deciding = Vec::new();
    for n in 0..8 {
        let store = store.clone();
        deciding.push(tokio::spawn(async move {
            let to = [to("x@x.example"), to("y@x.example")];
            store.begin_letter(org, 2, (&letter("a"), &to), later(n)).await.unwrap()
        }));
    }
    let mut begun = Vec::new();
    for one in deciding {
        begun.extend(one.await.unwrap());
    }
    assert_eq!(begun.len(), 1);
    let kept = store.letter(org, begun[0]).await.unwrap().unwrap();
    assert_eq!((kept.is, kept.copies.len()), (letter("a"), 2));
    assert!(kept.copies.iter().all(|c| c.became == Became::Later && c.tries == 0));
    let told = store.told_since(org, 1, now()).await.unwrap();
    assert_eq!((told.len(), told[0].items.as_slice()), (1, &["a".to_owned()][..]));
    let entries = store.ledger(org, 0, 100).await.unwrap();
    let begun = entries.iter().filter(|e| e.data.contains("\"what\":\"letter\""));
    let begun: Vec<&str> = begun.map(|e| e.data.as_str()).collect();
    assert!(begun.len() == 1 && begun[0].contains("\"things\":1"), "{begun:?}");
    // Who acknowledges has others decide anew.
    bring(&store, org, 0, &[new("a", "1", true)]).await;
    let turn = store.wishes(org, 1).await.unwrap().unwrap().turn;
    store.acknowledge(org, 1, &["a".to_owned()], "person:1", later(1)).await.unwrap();
    let again = store.begin_letter(org, turn, (&letter("a"), &[]), later(2)).await.unwrap();
    assert_eq!(again, None);
}

pub(crate) async fn what_everybody_refused_goes_to_others_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    store.put_wishes(org, 1, (&json!({}), None), "person:1", now()).await.unwrap();
    let two = ["a@x.example", "b@x.example"].map(to);
    let id = store.begin_letter(org, 1, (&letter("a"), &two), now()).await.unwrap().unwrap();
    for copy in &store.copies_due(org, now(), 9).await.unwrap().0 {
        assert!(store.begin_again(org, copy, now()).await.unwrap());
    }
    let channel = NewRecipient { channel: "slack".into(), address: "".into(), person: None };
    let copied = async || {
        let to = std::slice::from_ref(&channel);
        store.copy_to_others(org, id, to, later(1)).await.unwrap()
    };
    let refused = async |nth: i64| {
        let became = (Became::Refused, None, "550");
        assert!(store.end_copy(org, (id, nth), became, later(1)).await.unwrap());
    };
    refused(0).await;
    assert_eq!(copied().await, 0, "the other may take it");
    let untaken = async |since| store.untaken_alarms(org, since).await.unwrap();
    assert_eq!(untaken(now()).await, [], "one of two");
    refused(1).await;
    assert_eq!(untaken(now()).await, [(1, id, now())]);
    assert_eq!(untaken(later(1)).await, [], "before that");
    assert_eq!((copied().await, copied().await), (1, 0));
    assert_eq!(untaken(now()).await, [], "others may take it");
    let due = store.copies_due(org, later(1), 9).await.unwrap().0;
    let due: Vec<_> = due.iter().map(|c| (c.nth, c.to.person, c.tries)).collect();
    assert_eq!(due, [(2, None, 0)]);
}

pub(crate) async fn what_became_of_a_copy_is_noted_and_nothing_is_sent_twice(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    store.put_wishes(org, 1, (&json!({}), None), "person:1", now()).await.unwrap();
    let to = ["a@x.example", "b@x.example", "c@x.example"].map(to);
    let id = store.begin_letter(org, 1, (&letter("a"), &to), now()).await.unwrap().unwrap();
    // Before each is handed over they are still to come, whatever ends.
    assert_eq!(store.lose_copies(org, later(9), later(9)).await.unwrap(), 0);
    for copy in &store.copies_due(org, now(), 9).await.unwrap().0 {
        assert!(store.begin_again(org, copy, now()).await.unwrap());
    }
    let end = |nth, became, next, at| {
        let store = store.clone();
        async move { store.end_copy(org, (id, nth), (became, next, "why"), at).await.unwrap() }
    };
    assert!(end(0, Became::Sent, None, later(1)).await);
    assert!(!end(0, Became::Refused, None, later(1)).await, "it is over");
    assert!(end(1, Became::Later, Some(later(5)), later(1)).await);
    // The process ended while it handed the third one over.
    assert_eq!(store.lose_copies(org, later(0), later(2)).await.unwrap(), 0);
    assert_eq!(store.lose_copies(org, later(1), later(11)).await.unwrap(), 1);
    let (due, next) = store.copies_due(org, later(4), 9).await.unwrap();
    assert_eq!((due.len(), next), (0, Some(later(5))));
    let (due, next) = store.copies_due(org, later(5), 9).await.unwrap();
    assert_eq!((due.len(), due[0].nth, next), (1, 1, None));
    assert!(store.begin_again(org, &due[0], later(5)).await.unwrap());
    assert!(!store.begin_again(org, &due[0], later(5)).await.unwrap(), "another has it");
    assert!(end(1, Became::Refused, None, later(6)).await);
    let states = |store: Store| async move {
        let letter = store.letter(org, id).await.unwrap().unwrap();
        letter.copies.iter().map(|c| (c.became, c.tries)).collect::<Vec<_>>()
    };
    let expected = [(Became::Sent, 1), (Became::Refused, 2), (Became::Unknown, 1)];
    assert_eq!(states(store.clone()).await, expected);
    // As somebody wishes.
    assert_eq!(store.send_again(org, id, &[], "person:1", later(7)).await.unwrap(), 2);
    assert_eq!(store.copies_due(org, later(7), 9).await.unwrap().0.len(), 2);
    assert_eq!(store.send_again(org, id, &[], "person:1", later(7)).await.unwrap(), 0);
    // A page at a time, the newest first.
    for n in 0..3 {
        store.begin_letter(org, 2 + n, (&letter("b"), &[]), later(20)).await.unwrap().unwrap();
    }
    let page = store.letters(org, 1, None, 2).await.unwrap();
    let rest = store.letters(org, 1, page.next, 9).await.unwrap();
    let ids: Vec<i64> = page.rows.iter().chain(&rest.rows).map(|l| l.id).collect();
    assert_eq!((ids.len(), rest.next), (4, None));
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    assert_eq!(rest.rows.last().unwrap().copies.len(), 3);
}

pub(crate) async fn a_calendar_has_one_address_until_it_is_taken_back(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let of = (3, 1);
    let put = |digest: &'static str, at| {
        let store = store.clone();
        async move { store.put_calendar(org, of, digest, "person:3", at).await }
    };
    put("one", later(0)).await.unwrap();
    put("two", later(1)).await.unwrap();
    assert_eq!(store.calendar_of("one").await.unwrap(), None);
    let found = store.calendar_of("two").await.unwrap().unwrap();
    assert_eq!((found.org, found.person, found.team, found.created), (org, 3, 1, later(1)));
    assert_eq!(store.calendar(org, 3, 1).await.unwrap(), Some(found));
    assert!(store.drop_calendar(org, of, "person:3", later(2)).await.unwrap());
    assert!(!store.drop_calendar(org, of, "person:3", later(2)).await.unwrap());
    assert_eq!(store.calendar_of("two").await.unwrap(), None);
    let told: Result<_, StoreError> = store.ledger(org, 0, 9).await;
    assert_eq!(told.unwrap().len(), 3, "what people did is told");
}

pub(crate) async fn letters_of_what_is_over_are_let_go(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    store.put_wishes(org, 1, (&json!({}), None), "person:1", now()).await.unwrap();
    bring(&store, org, 0, &[new("stays", "1", false), new("goes", "1", false)]).await;
    let to =
        [NewRecipient { channel: "mail".into(), address: "a@example.org".into(), person: None }];
    let mut ids = Vec::new();
    for (turn, (items, minutes)) in
        (1i64..).zip([(["goes"], 1), (["stays"], 2), (["goes"], 3), (["goes"], 50)])
    {
        let letter = NewLetter {
            team: 1,
            why: "digest".into(),
            items: items.map(str::to_owned).to_vec(),
            told: json!({}),
        };
        let begun = store.begin_letter(org, turn, (&letter, &to), later(minutes)).await.unwrap();
        ids.push(begun.unwrap());
    }
    // The third is still on its way.
    for id in [ids[0], ids[1], ids[3]] {
        store.end_copy(org, (id, 0), (Became::Sent, None, ""), later(60)).await.unwrap();
    }
    bring(&store, org, 60, &[new("stays", "1", false)]).await;
    let keep = |minutes| Keep {
        documents: None,
        letters: Some(later(minutes)),
        verdicts: None,
        rest: now(),
    };
    assert_eq!(store.forget(org, &Keep { letters: None, ..keep(99) }).await.unwrap().letters, 0);
    assert_eq!(store.forget(org, &keep(10)).await.unwrap().letters, 1);
    let left = store.letters(org, 1, None, 9).await.unwrap().rows;
    let left: Vec<i64> = left.iter().map(|letter| letter.id).collect();
    assert_eq!(left, [ids[3], ids[2], ids[1]], "what would be told again, and what is on its way");
    assert!(store.letter(org, ids[0]).await.unwrap().is_none());
    // What changed since is told anew whatever the letter said.
    bring(&store, org, 70, &[new("stays", "2", false)]).await;
    assert_eq!(store.forget(org, &keep(10)).await.unwrap().letters, 1);
}

pub(crate) async fn a_rota_has_its_covers_and_none_twice(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let wishes = json!({});
    store.put_wishes(org, 1, (&wishes, None), "person:1", now()).await.unwrap();
    assert_eq!(store.rota(org, 1).await.unwrap(), None);
    let told = json!({ "people": [1, 2] });
    store.put_rota(org, (1, &told), "person:1", now()).await.unwrap();
    let cover = |first: &str, until: &str| RotaCover {
        first: first.to_owned(),
        until: until.to_owned(),
        person: 2,
    };
    let week = cover("2026-03-02", "2026-03-09");
    assert!(store.add_cover(org, (1, &week), "person:2", now()).await.unwrap());
    for taken in [cover("2026-03-02", "2026-03-03"), cover("2026-02-27", "2026-03-10")] {
        assert!(!store.add_cover(org, (1, &taken), "person:2", now()).await.unwrap(), "{taken:?}");
    }
    let beside = cover("2026-03-09", "2026-03-10");
    assert!(store.add_cover(org, (1, &beside), "person:2", now()).await.unwrap());
    let kept = store.rota(org, 1).await.unwrap().unwrap();
    assert_eq!((&kept.told, kept.covers), (&told, vec![week, beside]));
    assert_eq!(store.rota(other, 1).await.unwrap(), None);
    // A team that never said how it wishes to be told has who is on duty told all the same.
    store.put_rota(other, (7, &told), "person:1", now()).await.unwrap();
    let wished = store.wishes(other, 7).await.unwrap().unwrap();
    assert_eq!((wished.told, wished.turn), (json!({}), 1));
    // Whoever was deciding who is on duty decides anew.
    assert_eq!(store.wishes(org, 1).await.unwrap().unwrap().turn, 4);
    assert!(store.drop_cover(org, (1, "2026-03-02"), "person:2", now()).await.unwrap());
    assert!(!store.drop_cover(org, (1, "2026-03-02"), "person:2", now()).await.unwrap());
    assert_eq!(store.rota(org, 1).await.unwrap().unwrap().covers.len(), 1);
    let told: Vec<String> =
        store.ledger(org, 0, 100).await.unwrap().into_iter().map(|entry| entry.data).collect();
    for what in ["\"rota\"", "rota-cover", "rota-cover-withdrawn"] {
        assert!(told.iter().any(|data| data.contains(what)), "{what}");
    }
}

pub(crate) async fn a_channel_is_tried_so_often(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let begin = |minutes: i64| {
        let store = &store;
        async move {
            let since = later(minutes - 60);
            let of = (1, "mail");
            store.begin_try(org, of, (2, since), "person:1", later(minutes)).await.unwrap()
        }
    };
    let first = begin(0).await.unwrap();
    assert!(begin(0).await.is_some(), "in the same moment");
    assert_eq!(begin(1).await, None);
    assert_eq!(begin(59).await, None);
    store.end_try(org, first, (Some(false), "no such host")).await.unwrap();
    let third = begin(61).await.unwrap();
    store.end_try(org, third, (Some(true), "")).await.unwrap();
    let last = store.last_try(org, 1).await.unwrap().unwrap();
    assert_eq!((last.at, last.works, last.channel.as_str()), (later(61), Some(true), "mail"));
    assert_eq!(store.last_try(org, 2).await.unwrap(), None);
    let tried = store.ledger(org, 0, 100).await.unwrap();
    assert_eq!(tried.iter().filter(|is| is.data.contains("channel-tried")).count(), 3);
}
