//! A plan that is kept, confirmed actions, and batches that were carried out.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{
    Confirmed, Difference, NewApplied, Org, PlannedChange, Scheduled, ScheduledIn, Store, System,
    Team, TeamPlan,
};

use crate::now;

fn at(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

fn scheduled(package: &str, window: Option<i64>, since: i64) -> Scheduled {
    Scheduled {
        change: PlannedChange { asset: 7, package: package.to_owned() },
        version: "2.0.0".to_owned(),
        window: window.map(|day| ScheduledIn {
            name: format!("sprint {day}"),
            starts: at(day),
            ends: at(day + 12),
        }),
        ready: None,
        points: 2.5,
        load: 41.0,
        findings: vec![3, 9],
        why: "the first window for it".to_owned(),
        by_people: false,
        since: at(since),
    }
}

async fn keep(store: &Store, org: Org, day: i64, all: &[Scheduled]) -> Difference {
    let plan = TeamPlan {
        team: 1,
        mark: format!("mark {day}"),
        made: at(day),
        told: json!({ "until": day * 86_400, "missing": null, "load": 1.5, "windows": [],
            "costs": [{ "asset": 7, "package": "pkg:npm/a", "points": if day < 5 { 1.0 } else { 2.0 } }] }),
    };
    let gone = |was: &Scheduled| format!("{} is fixed", was.change.package);
    store.keep_plan(org, &plan, all, &gone).await.unwrap()
}

pub(crate) async fn a_plan_is_kept_as_the_difference_to_the_one_before(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let (a, b) = (scheduled("pkg:npm/a", None, 0), scheduled("pkg:npm/b", Some(14), 0));
    let first = keep(&store, org, 0, &[b.clone(), a.clone()]).await;
    assert_eq!(first, Difference { scheduled: 2, ..Difference::default() });
    assert_eq!(store.scheduled(org, 1).await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(store.scheduled(org, 2).await.unwrap(), []);
    assert_eq!(store.scheduled(other, 1).await.unwrap(), []);

    // The same again, later and with other words: nothing is told, and it is there since the first day.
    let later = |is: &Scheduled| Scheduled { since: at(3), why: "other".into(), ..is.clone() };
    let events = store.ledger(org, 0, 100).await.unwrap().len();
    let again = keep(&store, org, 3, &[later(&a), later(&b)]).await;
    assert_eq!(again, Difference::default());
    assert_eq!(store.scheduled(org, 1).await.unwrap(), [a.clone(), b.clone()]);
    assert_eq!(store.ledger(org, 0, 100).await.unwrap().len(), events);
    assert_eq!(store.unsent(org, 10).await.unwrap().len(), 1);
    // Points drift: kept, not told.
    let dear = Scheduled { points: 4.0, ..a.clone() };
    assert_eq!(keep(&store, org, 4, &[dear.clone(), b.clone()]).await, Difference::default());
    assert_eq!(store.scheduled(org, 1).await.unwrap(), [dear, b.clone()]);

    // One goes, one moves, one comes for other findings.
    let moved = Scheduled { why: "a freeze".into(), ..scheduled("pkg:npm/b", Some(28), 5) };
    let new = scheduled("pkg:npm/c", Some(14), 5);
    let difference = keep(&store, org, 5, &[moved.clone(), new.clone()]).await;
    assert_eq!(difference, Difference { scheduled: 1, moved: 1, changed: 0, dropped: 1 });
    let more = Scheduled { findings: vec![3, 9, 12], ..new.clone() };
    let difference = keep(&store, org, 6, &[moved.clone(), more.clone()]).await;
    assert_eq!(difference, Difference { changed: 1, ..Difference::default() });
    let is = store.all_scheduled(org).await.unwrap();
    assert_eq!(is, [(1, Scheduled { since: at(5), ..more }), (1, moved)]);
    // What is in the window that runs, of a team or of an asset's system.
    let runs = async |of: Option<(&[i64], &[i64])>, day, limit| {
        let all = store.scheduled_now(org, of, at(day), limit).await.unwrap();
        all.into_iter().map(|(_, is)| is.change.package).collect::<Vec<_>>()
    };
    for (day, expected) in [(13, &[][..]), (14, &["pkg:npm/c"]), (26, &[]), (30, &["pkg:npm/b"])] {
        assert_eq!(runs(None, day, 9).await, expected, "{day}");
    }
    assert_eq!(runs(None, 14, 0).await, [""; 0]);
    assert_eq!(runs(Some((&[1], &[])), 14, 9).await, ["pkg:npm/c"]);
    assert_eq!(runs(Some((&[2], &[1])), 14, 9).await, [""; 0]);

    let ledger = store.ledger(org, 0, 100).await.unwrap();
    let told: Vec<(String, String, String)> = ledger
        .iter()
        .filter(|e| e.kind == "planned")
        .map(|e| {
            let data: serde_json::Value = serde_json::from_str(&e.data).unwrap();
            let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(e.asset, Some(7));
            (text("package"), text("state"), text("reason"))
        })
        .collect();
    let line = |p: &str, s: &str, r: &str| (format!("pkg:npm/{p}"), s.to_owned(), r.to_owned());
    let first = "the first window for it";
    assert_eq!(
        told,
        [
            line("b", "scheduled", first),
            line("a", "scheduled", first),
            line("b", "moved", "a freeze"),
            line("c", "scheduled", first),
            line("a", "dropped", "pkg:npm/a is fixed"),
            line("c", "changed", ""),
        ]
    );
    // What it was reckoned with is told at first, and when it is another; nobody is sent that.
    let reckoned = ledger.iter().filter(|e| e.kind == "changed" && e.data.contains("\"plan\""));
    let reckoned: Vec<(i64, f64)> = reckoned
        .map(|e| {
            let data: serde_json::Value = serde_json::from_str(&e.data).unwrap();
            (e.at, data["costs"][0]["points"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(reckoned, [(at(0).as_microsecond(), 1.0), (at(5).as_microsecond(), 2.0)]);
    let notices = store.unsent(org, 10).await.unwrap();
    let sizes: Vec<usize> = notices
        .iter()
        .map(|n| {
            assert_eq!(n.topic, "plan");
            n.payload["changes"].as_array().unwrap().len()
        })
        .collect();
    assert_eq!(sizes, [2, 3, 1]);
    let [plan] = &store.team_plans(org).await.unwrap()[..] else { panic!() };
    assert_eq!((plan.team, plan.mark.as_str(), plan.made), (1, "mark 6", at(6)));
    assert_eq!(store.plan_marks(org).await.unwrap(), [(1, "mark 6".to_owned())]);
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);
}

pub(crate) async fn what_waits_for_a_day_within_its_window_is_not_of_the_window_before(
    store: Store,
) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let young = Scheduled { ready: Some(at(20)), ..scheduled("pkg:npm/a", Some(14), 0) };
    keep(&store, org, 0, std::slice::from_ref(&young)).await;
    assert_eq!(store.scheduled(org, 1).await.unwrap(), std::slice::from_ref(&young));
    let runs = async |day| store.scheduled_now(org, None, at(day), 9).await.unwrap().len();
    for (day, expected) in [(13, 0), (14, 0), (19, 0), (20, 1), (25, 1), (26, 0)] {
        assert_eq!(runs(day).await, expected, "{day}");
    }
    // What is done at once waits for no window, and for no day within one: older builds beside this one keep such a day.
    let once = Scheduled { ready: Some(at(20)), ..scheduled("pkg:npm/b", None, 0) };
    let other = store.add_organisation("B", now()).await.unwrap();
    keep(&store, other, 0, std::slice::from_ref(&once)).await;
    assert_eq!(store.scheduled_now(other, None, at(1), 9).await.unwrap().len(), 1);
    // Another day alone is told, and so is its reason; since when it is in its window stays.
    let later =
        Scheduled { ready: Some(at(22)), why: "younger".into(), since: at(15), ..young.clone() };
    let changed = Difference { changed: 1, ..Difference::default() };
    assert_eq!(keep(&store, org, 15, std::slice::from_ref(&later)).await, changed);
    let kept = Scheduled { since: at(0), ..later.clone() };
    assert_eq!(store.scheduled(org, 1).await.unwrap(), std::slice::from_ref(&kept));
    let ledger = store.ledger(org, 0, 100).await.unwrap();
    // What the plan was computed with is told after it.
    let last = ledger.iter().rfind(|entry| entry.kind == "planned").unwrap();
    let last: serde_json::Value = serde_json::from_str(&last.data).unwrap();
    assert_eq!((&last["state"], &last["reason"]), (&json!("changed"), &json!("younger")));
    assert_eq!(last["ready"], json!(at(22).to_string()));
    // Another version alone, too.
    let next = Scheduled { version: "2.0.1".into(), why: "newer".into(), ..later };
    assert_eq!(keep(&store, org, 16, std::slice::from_ref(&next)).await, changed);
    let kept = Scheduled { version: "2.0.1".into(), why: "newer".into(), ..kept };
    assert_eq!(store.scheduled(org, 1).await.unwrap(), std::slice::from_ref(&kept));
    // That the day is over is no news, and no other reason.
    let over = Scheduled { ready: None, why: "other".into(), ..kept.clone() };
    assert_eq!(keep(&store, org, 23, &[over]).await, Difference::default());
    assert_eq!(store.scheduled(org, 1).await.unwrap(), [Scheduled { ready: None, ..kept }]);
}

pub(crate) async fn what_was_carried_out_is_kept_once(store: Store) {
    let org = store.add_organisation("A", now()).await.unwrap();
    let other = store.add_organisation("B", now()).await.unwrap();
    let team = Team { id: 0, name: "t".into(), cadence: None, capacity: None, open_limit: None };
    let team = store.put_team(org, &team, "trimtab", now()).await.unwrap();
    let system = System { name: "s".into(), team: Some(team), ..System::default() };
    let system = store.put_system(org, &system, "trimtab", now()).await.unwrap();
    let asset = store.put_asset(org, "shop", "repository", Some(system), now()).await.unwrap().id;
    let alone = store.put_asset(org, "lone", "repository", None, now()).await.unwrap().id;
    let new = |asset: i64, batch: &str, day: i64| NewApplied {
        asset,
        batch: batch.to_owned(),
        at: at(day),
        told: json!({ "outcome": "applied" }),
    };
    let (one, is_new) =
        store.add_applied(org, &new(asset, "b1", 1), "token:1", at(2)).await.unwrap();
    assert!(is_new);
    let again = store.add_applied(org, &new(asset, "b1", 1), "token:2", at(3)).await.unwrap();
    assert_eq!(again, (one, false));
    store.add_applied(org, &new(asset, "b1", 4), "token:1", at(4)).await.unwrap();
    store.add_applied(org, &new(alone, "b2", 5), "token:1", at(5)).await.unwrap();
    let days = async |team| -> Vec<Timestamp> {
        let all = store.all_applied(org, (team, None), None, None, 10).await.unwrap();
        all.rows.iter().map(|a| a.is.at).collect()
    };
    assert_eq!(days(None).await, [at(5), at(4), at(1)]);
    assert_eq!(days(Some(team)).await, [at(4), at(1)]);
    assert_eq!(store.all_applied(other, (None, None), None, None, 10).await.unwrap().rows, []);
    let first = store.all_applied(org, (None, None), None, None, 2).await.unwrap();
    let rest = store.all_applied(org, (None, None), None, first.next, 2).await.unwrap();
    let days: Vec<Timestamp> = first.rows.iter().chain(&rest.rows).map(|a| a.is.at).collect();
    assert_eq!((days, rest.next), (vec![at(5), at(4), at(1)], None));
    assert_eq!(store.applied(other, one).await.unwrap(), None);
    let said = (Some(3.5), Some(at(6)), "the till was slow");
    assert!(store.say_of_applied(org, one, said, "person:1", at(6)).await.unwrap());
    assert!(!store.say_of_applied(other, one, said, "person:1", at(6)).await.unwrap());
    let is = store.applied(org, one).await.unwrap().unwrap();
    assert_eq!((is.points, is.reverted, is.reason.as_str()), said);
    assert_eq!(
        (is.asset_name.as_str(), is.system, is.actor.as_str()),
        ("shop", Some(system), "token:1")
    );
    assert_eq!(store.verify_ledger(org).await.unwrap().1, None);

    let finished = store.finished(org, team, None, 10).await.unwrap();
    assert_eq!(finished.iter().map(|a| a.id).collect::<Vec<_>>(), [one]);
    // Who sees another system learns nothing of this one.
    assert_eq!(store.finished(org, team, Some(&[system]), 10).await.unwrap(), finished);
    for systems in [&[][..], &[system + 1]] {
        assert_eq!(store.finished(org, team, Some(systems), 10).await.unwrap(), []);
    }
    assert_ne!(
        store.finished_mark(org, team).await.unwrap(),
        store.finished_mark(other, team).await.unwrap()
    );

    // The other one waits; when it was seen to be merged, that stays, and it teaches something.
    let waits = async |since| -> Vec<i64> {
        let all = store.unfinished(org, team, since, 9).await.unwrap();
        all.iter().map(|a| a.id).collect()
    };
    let two = waits(at(0)).await[0];
    assert_eq!(waits(at(0)).await, [two, one]);
    assert_eq!(waits(at(2)).await, [two]);
    let mark = store.finished_mark(org, team).await.unwrap();
    store.see_applied(org, two, (Some(at(6)), None), at(10)).await.unwrap();
    store.see_applied(org, two, (Some(at(8)), Some(at(9))), at(10)).await.unwrap();
    store.see_applied(other, two, (Some(at(7)), None), at(10)).await.unwrap();
    // Others looked at the same time, and come later.
    store.see_applied(org, two, (Some(at(6)), None), at(10)).await.unwrap();
    store.see_applied(org, two, (Some(at(8)), Some(at(9))), at(10)).await.unwrap();
    store.see_applied(org, two, (None, None), at(10)).await.unwrap();
    let is = store.applied(org, two).await.unwrap().unwrap();
    assert_eq!((is.merged, is.deployed), (Some(at(6)), Some(at(9))));
    // The ledger is told what is kept, of who has it alone, and at first what the batch removes.
    let told = |entries: Vec<trimtab_store::Entry>| -> Vec<serde_json::Value> {
        let all = entries.iter().map(|entry| serde_json::from_str(&entry.data).unwrap());
        all.filter(|data: &serde_json::Value| data["update"] == two).collect()
    };
    let seen = told(store.ledger(org, 0, 500).await.unwrap());
    assert!(seen[0]["removes"].is_array(), "{seen:?}");
    assert_eq!(seen[0].get("more"), None, "{seen:?}");
    assert_eq!(seen.len(), 3, "each that is new is told once: {seen:?}");
    let last = seen.last().unwrap();
    assert_eq!(last["merged"], at(6).to_string(), "what was kept stays");
    assert_eq!(last["deployed"], at(9).to_string());
    assert!(told(store.ledger(other, 0, 500).await.unwrap()).is_empty());
    assert_eq!(waits(at(0)).await, [one]);
    assert_ne!(store.finished_mark(org, team).await.unwrap(), mark);
    let finished = store.finished(org, team, None, 10).await.unwrap();
    assert_eq!(finished.iter().map(|a| a.id).collect::<Vec<_>>(), [two, one]);
    // What cannot be merged takes the place of nothing that is followed, and what waits is followed before what is merged.
    for (n, outcome) in (0..).zip(["nothing", "refused", "applied"]) {
        let told = json!({ "actions": [{ "outcome": "refused" }], "outcome": outcome });
        let new = NewApplied { told, ..new(asset, outcome, 7 + n) };
        store.add_applied(org, &new, "token:1", at(9)).await.unwrap();
    }
    let three = waits(at(0)).await[0];
    assert_eq!(waits(at(0)).await, [three, one]);
    store.see_applied(org, three, (Some(at(10)), None), at(10)).await.unwrap();
    assert_eq!(waits(at(0)).await, [one, three]);

    // Confirmed actions: the youngest of each asset.
    let confirmed = |made: i64, word: &str| Confirmed {
        asset,
        snapshot: 4,
        made: at(made),
        received: at(9),
        actor: "token:1".into(),
        told: json!([word]),
    };
    assert!(store.put_confirmed(org, &confirmed(2, "a")).await.unwrap());
    assert!(store.put_confirmed(org, &confirmed(3, "b")).await.unwrap());
    assert!(!store.put_confirmed(org, &confirmed(1, "c")).await.unwrap());
    assert!(store.confirmed_mark(org, team).await.unwrap().starts_with("1 "));
    assert!(store.confirmed_mark(other, team).await.unwrap().starts_with("0 "));
    let kept = store.confirmed(org, team).await.unwrap();
    assert_eq!(kept, [(confirmed(3, "b"), None)]);
    assert_eq!(store.confirmed(other, team).await.unwrap(), []);
    let of = store.confirmed_of(org, asset).await.unwrap();
    assert_eq!(of, Some((confirmed(3, "b"), None)));
    assert_eq!(store.confirmed_of(other, asset).await.unwrap(), None);
    assert_eq!(store.confirmed_of(org, asset + 1_000).await.unwrap(), None);
}
