//! The lists behind the metrics: all of them while time goes on, and nothing of what somebody may not see.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_store::ScopeOf::{Organisation, Team};
use trimtab_store::{EventKind, NewEvent};

use crate::figures::next_page;
use crate::harness::Server;

/// How far the clock of the list that is walked through is ahead, in seconds.
static LATER: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(LATER.load(Ordering::SeqCst))
}

#[test]
fn a_list_has_all_its_rows_while_time_goes_on() {
    const FINDINGS: i64 = 250;
    let server = Server::with(clock, Access::default());
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let ada = server.someone(org, "Ada", &[(Role::Security, Organisation)]);
    let now = Timestamp::now();
    let event = |finding: i64, kind, data| NewEvent {
        kind,
        // One a minute, so that within an hour each is as old as others were.
        at: now - SignedDuration::from_hours(240) + SignedDuration::from_mins(finding),
        actor: "trimtab".into(),
        system: None,
        asset: Some(1),
        finding: Some(finding),
        data,
    };
    let events: Vec<NewEvent> = (1..=FINDINGS)
        .flat_map(|finding| {
            let weighed = json!({ "level": "high", "weight": 10.0, "production": true });
            let named = json!({ "vulnerability": format!("CVE-2026-{finding}") });
            [
                event(finding, EventKind::Detected, named),
                event(finding, EventKind::Assessed, weighed),
            ]
        })
        .collect();
    server.runtime.block_on(app.store.tell(org, &events)).unwrap();
    let to = now.strftime("%Y-%m-%d");
    for of in ["load-days", "backlog", "counting", "found"] {
        let mut next = Some(format!("/metrics/list?of={of}&days=28&to={to}"));
        let mut seen = Vec::new();
        // Nobody is signed in for longer than an hour here.
        LATER.store(0, Ordering::SeqCst);
        while let Some(path) = next {
            let page = server.open(&ada, &path);
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            assert!(page.text.contains("<h1>250 findings"), "{path}: {}", page.text);
            let rows = page.text.split("CVE-2026-").skip(1);
            let number = |rest: &str| {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
                rest[..end].parse::<i64>().unwrap()
            };
            seen.extend(rows.map(number));
            next = next_page(&page.text);
            LATER.fetch_add(600, Ordering::SeqCst);
            assert!(seen.len() <= 500, "{of} does not end");
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=FINDINGS).collect::<Vec<_>>(), "{of}");
        // The API tells the same, from the same moment on.
        LATER.store(0, Ordering::SeqCst);
        let first = format!("/api/v1/metrics/list?of={of}&days=28&to={to}");
        let (mut path, mut seen) = (first.clone(), Vec::new());
        loop {
            let page = server.open(&ada, &path);
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            let page = page.json();
            assert_eq!(page["total"], FINDINGS, "{page}");
            assert!(page["sum"].is_number(), "{page}");
            for row in page["rows"].as_array().unwrap() {
                assert_eq!((&row["is"], &row["level"]), (&json!("finding"), &json!("high")));
                assert_eq!(row["component"], json!(null), "it was never told to the store");
                seen.push(row["finding"].as_i64().unwrap());
            }
            let Some(next) = page["next"].as_str() else { break };
            path = format!("{first}&at={}&after={next}", page["at"]);
            LATER.fetch_add(600, Ordering::SeqCst);
            assert!(seen.len() <= 500, "{of} does not end");
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=FINDINGS).collect::<Vec<_>>(), "{of}");
    }
    for (of, status) in [("notices", 200), ("interruptions", 200), ("requests", 200), ("x", 404)] {
        let list = server.open(&ada, &format!("/api/v1/metrics/list?of={of}&days=28"));
        assert_eq!(list.status, status, "{of}: {}", list.text);
    }
    let wrong = server.open(&ada, "/metrics/list?of=backlog&at=soon");
    assert_eq!(wrong.status, 422);
}

#[test]
fn what_moved_out_of_sight_is_told_by_the_ledger_alone() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "shop");
    let (intranet, _) = server.system(org, "intranet");
    let all: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let ada = server.someone(org, "Ada", &all);
    let small = server.someone(org, "Small", &[(Role::Security, Team(team))]);
    let finding = server.upload(&ada, "quay-asset", "shop");
    server.settle(org);
    let list = || server.open(&small, "/metrics/list?of=found").text;
    let link = format!("\"/findings/{finding}\"");
    let before = list();
    assert!(before.contains(&link) && before.contains("quay-asset"), "{before}");
    let now = Timestamp::now();
    let moved = app.store.put_asset(org, "quay-asset", "repository", Some(intranet), now);
    server.runtime.block_on(moved).unwrap();
    assert_eq!(server.open(&small, &format!("/findings/{finding}")).status, 404);
    let after = list();
    assert!(!after.contains("/findings/") && !after.contains("quay-asset"), "{after}");
}

#[test]
fn before_the_ledger_began_nothing_is_known() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    server.system(org, "shop");
    let all: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let ada = server.someone(org, "Ada", &all);
    server.upload(&ada, "quay-asset", "shop");
    for chart in ["flow", "deadlines", "noise", "notices", "age"] {
        let of = |days: &str| server.open(&ada, &format!("/metrics.csv?chart={chart}&{days}")).text;
        let before = of("from=2020-01-01&to=2020-03-01");
        let cells = before.lines().skip(1).flat_map(|line| line.split(',').skip(1));
        assert!(cells.clone().count() > 3 && cells.clone().all(|c| c != "0"), "{chart}: {before}");
        let now = of("days=7");
        let last = now.lines().last().unwrap();
        assert!(last.split(',').skip(1).any(|c| c.parse::<f64>().is_ok()), "{chart}: {now}");
    }
}
