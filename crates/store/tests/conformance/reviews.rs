//! Reviews with what they decided, goals, and the pulse.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_model::Role;
use trimtab_store::{
    NewGoal, NewResolve, NewReview, Org, PulseAnswer, PulseOf, ResolveState, ReviewFilter,
    ReviewOf, ReviewState, Store,
};

use crate::now;

fn at(hours: i64) -> Timestamp {
    now() + SignedDuration::from_hours(hours)
}

fn weekly(of: ReviewOf, systems: &[i64], hours: i64) -> NewReview {
    let kind = "weekly".to_owned();
    NewReview { kind, of, systems: systems.to_vec(), at: at(hours), minutes: 30 }
}

fn decided(review: i64, what: &str) -> NewResolve {
    NewResolve {
        review,
        topic: ("finding:7".to_owned(), "CVE in moment".to_owned()),
        what: what.to_owned(),
        owner: 3,
        due: at(100),
    }
}

pub(crate) async fn a_review_is_prepared_opened_and_closed_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let new = weekly(ReviewOf::Team(4), &[1, 2], 1);
    let id = store.add_review(org, &new, "person:3", at(0)).await.unwrap();
    let is = store.review(org, id).await.unwrap().unwrap();
    assert_eq!((&is.is, is.state, is.opened), (&new, ReviewState::Prepared, None));
    assert_eq!(store.review(other, id).await.unwrap(), None);

    // Nothing is decided, and nobody is there, before it is open.
    assert_eq!(store.resolve(org, &decided(id, "x"), "person:3", at(1)).await.unwrap(), None);
    assert!(!store.attend_review(org, id, 3, "person:3", at(1)).await.unwrap());
    assert!(!store.close_review(org, id, "", "person:3", at(1)).await.unwrap());
    let pack = json!({ "figures": { "load": 3.5 } });
    assert!(store.open_review(org, id, (&[1, 2, 5], &pack), "person:3", at(1)).await.unwrap());
    let again = json!({ "figures": { "load": 9 } });
    assert!(!store.open_review(org, id, (&[], &again), "person:3", at(2)).await.unwrap());
    let is = store.review(org, id).await.unwrap().unwrap();
    assert_eq!((is.state, is.opened, is.pack), (ReviewState::Open, Some(at(1)), Some(pack)));
    assert_eq!(is.is.systems, [1, 2, 5], "as it was when it was opened");

    for (person, hour) in [(9, 1), (3, 2), (9, 2)] {
        assert!(store.attend_review(org, id, person, "person:3", at(hour)).await.unwrap());
    }
    assert_eq!(store.review_people(org, id).await.unwrap(), [(9, at(1)), (3, at(2))]);
    let first = store.resolve(org, &decided(id, "raise it"), "person:3", at(1)).await.unwrap();
    let first = first.unwrap();
    assert!(store.close_review(org, id, "all said", "person:3", at(2)).await.unwrap());
    assert!(!store.close_review(org, id, "", "person:3", at(3)).await.unwrap());
    assert_eq!(store.resolve(org, &decided(id, "late"), "person:3", at(3)).await.unwrap(), None);

    // What was decided is followed after it.
    let say = async |state, hour| {
        let told = (state, "a word", None);
        assert!(store.follow_up(org, (id, first), told, "person:9", at(hour)).await.unwrap());
        let [is] = &store.resolved(org, &[id]).await.unwrap()[..] else { panic!() };
        (is.state, is.ended)
    };
    assert_eq!(say(ResolveState::Done, 5).await, (ResolveState::Done, Some(at(5))));
    assert_eq!(say(ResolveState::Done, 9).await, (ResolveState::Done, Some(at(5))), "since then");
    assert_eq!(say(ResolveState::Open, 10).await, (ResolveState::Open, None));
    // Somebody else does it from now on.
    let handed = (ResolveState::Open, "", Some(9));
    assert!(store.follow_up(org, (id, first), handed, "person:3", at(10)).await.unwrap());
    assert_eq!(store.resolved_of(org, 9, 10).await.unwrap().len(), 1);
    let kept = (ResolveState::Open, "", None);
    assert!(store.follow_up(org, (id, first), kept, "person:3", at(10)).await.unwrap());
    let [is] = &store.resolved(org, &[id]).await.unwrap()[..] else { panic!() };
    assert_eq!(is.is.owner, 9, "as before");
    let dropped = (ResolveState::Dropped, "", None);
    assert!(!store.follow_up(org, (id + 1, first), dropped, "x", at(9)).await.unwrap());
    assert!(!store.follow_up(other, (id, first), dropped, "x", at(9)).await.unwrap());
    let told = store.ledger(org, 0, 100).await.unwrap();
    let of = |what: &str| {
        let is = |e: &&trimtab_store::Entry| e.data.contains(&format!("\"what\":\"{what}\""));
        told.iter().filter(is).count()
    };
    assert_eq!((of("review"), of("review-decision")), (5, 6));
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn who_sees_a_review_sees_all_of_its_systems(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    for (of, systems, hours) in [
        (ReviewOf::Team(4), &[1, 2][..], 3),
        (ReviewOf::All, &[], 2),
        (ReviewOf::Systems(vec![2, 1]), &[1, 2], 1),
        (ReviewOf::Systems(vec![3]), &[3], 1),
        (ReviewOf::Team(4), &[1, 2], 0),
    ] {
        store.add_review(org, &weekly(of, systems, hours), "person:3", at(0)).await.unwrap();
    }
    let seen = async |filter: ReviewFilter| {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = store.reviews(org, &filter, after, 2).await.unwrap();
            ids.extend(page.rows.iter().map(|is| is.id));
            after = page.next;
            if after.is_none() {
                return ids;
            }
        }
    };
    let of = |systems: Option<&[i64]>| ReviewFilter {
        systems: systems.map(<[i64]>::to_vec),
        ..ReviewFilter::default()
    };
    assert_eq!(seen(of(None)).await, [1, 2, 4, 3, 5]);
    assert_eq!(seen(of(Some(&[1, 2, 3]))).await, [1, 4, 3, 5], "the whole is not a sum of parts");
    assert_eq!(seen(of(Some(&[1, 3]))).await, [4]);
    assert_eq!(seen(of(Some(&[]))).await, [0i64; 0]);
    assert_eq!(seen(ReviewFilter { team: Some(4), ..of(None) }).await, [1, 5]);
    let word = ReviewOf::Systems(vec![1, 2]).word();
    assert_eq!(seen(ReviewFilter { scope: Some(word), ..of(None) }).await, [3]);
    // Those that were opened before a moment.
    assert!(store.open_review(org, 5, (&[1], &json!({})), "x", at(4)).await.unwrap());
    let opened = ReviewFilter { opened: true, ..of(None) };
    assert_eq!(seen(opened.clone()).await, [5]);
    let undone = ReviewFilter { undone: true, ..opened.clone() };
    assert_eq!(seen(undone.clone()).await, [0i64; 0]);
    store.resolve(org, &decided(5, "raise it"), "x", at(4)).await.unwrap();
    assert_eq!(seen(undone).await, [5]);
    assert_eq!(seen(ReviewFilter { before: Some(at(4)), ..opened }).await, [0i64; 0]);
    // Whoever opens one is there; they stand by when they were opened, whenever they were planned.
    let (shown, by) = (json!({}), ("x", at(3)));
    let opened = store.open_with_stock(org, (2, Some(9)), (&[], &shown), None, by).await;
    assert!(opened.unwrap());
    let again = store.open_with_stock(org, (2, Some(8)), (&[], &shown), None, by).await;
    assert!(!again.unwrap());
    assert_eq!(store.review_people(org, 2).await.unwrap(), [(9, at(3))]);
    assert_eq!(seen(ReviewFilter { opened: true, ..of(None) }).await, [5, 2]);
    let counts = store.count_reviews(org, &of(None)).await.unwrap();
    let prepared = counts.iter().find(|(state, ..)| *state == ReviewState::Prepared);
    assert_eq!(prepared, Some(&(ReviewState::Prepared, 3, at(1))));
}

pub(crate) async fn goals_are_kept_until_they_are_given_up(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let new = NewGoal {
        team: Some(4),
        name: "Half the load".to_owned(),
        measure: "load".to_owned(),
        from: 12.5,
        to: 6.0,
        begins: at(0),
        ends: at(2000),
    };
    let id = store.add_goal(org, &new, "person:3", at(1)).await.unwrap();
    let all = NewGoal { team: None, ..new.clone() };
    store.add_goal(org, &all, "person:3", at(1)).await.unwrap();
    let goals = store.goals(org).await.unwrap();
    assert_eq!(goals.iter().map(|g| g.is.clone()).collect::<Vec<_>>(), [all, new]);
    assert!(store.drop_goal(org, id, "person:3", at(9)).await.unwrap());
    assert!(!store.drop_goal(org, id, "person:3", at(10)).await.unwrap());
    assert!(!store.drop_goal(Org(99), id, "person:3", at(10)).await.unwrap());
    assert_eq!(store.goals(org).await.unwrap()[1].dropped, Some(at(9)));
}

pub(crate) async fn answers_are_counted_and_not_kept(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let answer = async |round: &str, person, role, answers| {
        let is = store.answer_pulse(org, round, (person, role), answers, at(0)).await.unwrap();
        is == PulseAnswer::Counted
    };
    assert!(answer("2026-01", 1, Role::Engineering, [5, 4, 3]).await);
    assert!(!answer("2026-01", 1, Role::Product, [1, 1, 1]).await, "once in a round");
    assert!(answer("2026-01", 2, Role::Engineering, [1, 4, 5]).await);
    assert!(answer("2026-01", 3, Role::Product, [2, 2, 2]).await);
    assert!(answer("2026-02", 1, Role::Engineering, [5, 5, 5]).await);
    assert!(store.pulse_answered(org, "2026-02", 1).await.unwrap());
    assert!(!store.pulse_answered(org, "2026-02", 2).await.unwrap());
    let of = |role, count, sums| PulseOf { role, count, sums };
    let january = (
        "2026-01".to_owned(),
        vec![of(Role::Engineering, 2, [6, 8, 8]), of(Role::Product, 1, [2, 2, 2])],
    );
    let february = ("2026-02".to_owned(), vec![of(Role::Engineering, 1, [5, 5, 5])]);
    assert_eq!(store.pulses(org, "2026-02", 12).await.unwrap(), std::slice::from_ref(&january));
    let of_january = january.1.clone();
    assert_eq!(store.pulses(org, "2026-03", 12).await.unwrap(), [february.clone(), january]);
    assert_eq!(store.pulses(org, "2026-03", 1).await.unwrap(), [february]);
    // Nobody is named beside a sum that grew.
    let told = store.ledger(org, 0, 100).await.unwrap();
    let pulses: Vec<_> = told.iter().filter(|e| e.data.contains("pulse")).collect();
    assert!(pulses.len() == 4 && pulses.iter().all(|e| e.actor == "trimtab"), "{pulses:?}");
    // A round that is over is told once, as far as it may be.
    let mut read = Vec::new();
    let sums = |is: &[PulseOf]| {
        read = is.to_vec();
        serde_json::json!({ "all": null, "roles": { "engineering": null } })
    };
    assert!(store.tell_pulse(org, "2026-01", sums, at(9)).await.unwrap());
    assert_eq!(read, of_january, "of that round alone");
    let sums = |_: &[PulseOf]| serde_json::Value::Null;
    assert!(!store.tell_pulse(org, "2026-01", sums, at(10)).await.unwrap());
    let told = store.ledger(org, 0, 100).await.unwrap();
    let rounds: Vec<_> = told.iter().filter(|e| e.data.contains("pulse-round")).collect();
    let [round] = &rounds[..] else { panic!("{rounds:?}") };
    assert!(
        round.data.contains("\"round\":\"2026-01\"") && round.at == at(9).as_microsecond(),
        "{round:?}"
    );
    // What was told does not grow: the difference would be what somebody said. Others are answered still.
    let late = (9, Role::Engineering);
    let is = store.answer_pulse(org, "2026-01", late, [1, 1, 1], at(11)).await.unwrap();
    assert_eq!(is, PulseAnswer::Over);
    assert!(!store.pulse_answered(org, "2026-01", 9).await.unwrap());
    let rounds = store.pulses(org, "2026-02", 12).await.unwrap();
    assert_eq!(rounds[0].1, of_january, "nothing came");
    let is = store.answer_pulse(org, "2026-02", late, [1, 1, 1], at(12)).await.unwrap();
    assert_eq!(is, PulseAnswer::Counted);
}

pub(crate) async fn a_group_of_systems_has_a_name_of_its_own(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let of = |ids: &[i64]| ReviewOf::Systems(ids.to_vec());
    let name = async |of: &ReviewOf, name: &str| {
        store.name_group(org, of, name, "person:1", now()).await.unwrap();
    };
    name(&of(&[2, 1]), "Tills").await;
    name(&of(&[1, 2]), "Tills").await;
    name(&of(&[3, 4]), "Boats").await;
    let groups = store.named_groups(org).await.unwrap();
    let told: Vec<(String, &str)> = groups.iter().map(|(of, n)| (of.word(), n.as_str())).collect();
    assert_eq!(told, [("systems:3,4".to_owned(), "Boats"), ("systems:1,2".to_owned(), "Tills")]);
    name(&of(&[1, 2]), "").await;
    assert_eq!(store.named_groups(org).await.unwrap().len(), 1);
    let told = store.ledger(org, 0, 100).await.unwrap();
    let named = told.iter().filter(|e| e.data.contains("review-group")).count();
    assert_eq!(named, 3, "the same name again is nothing new");
}
