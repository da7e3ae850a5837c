//! The page of the ledger: what it shows of what was asked for, and what verifying says.

use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{Server, hidden};

/// The kinds in the first column of a page.
fn kinds(page: &str) -> Vec<String> {
    let rows = page.split("<span class=\"name\"><a href=\"/ledger?kind=").skip(1);
    rows.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn the_ledger_is_filtered_and_verified_by_who_may_audit() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "shop");
    let every: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let ada = server.someone(org, "Ada", &every);
    let aud = server.someone(org, "Aud", &[(Role::Auditor, Organisation)]);
    let pia = server.someone(org, "Pia", &[(Role::Product, Organisation)]);
    let small = server.someone(org, "Small", &[(Role::Auditor, Team(team))]);
    let finding = server.upload(&ada, "quay-asset", "shop");
    server.settle(org);
    for who in [&pia, &small] {
        assert_eq!(server.open(who, "/ledger").status, 403);
        assert_eq!(server.send(who, "/ledger/verify", &[]).status, 403);
        assert!(!server.open(who, "/").text.contains("href=\"/ledger\""), "nor is it in the rail");
    }
    let all = server.open(&aud, "/ledger");
    assert_eq!(all.status, 200, "{all:?}");
    let said = kinds(&all.text);
    assert!(
        said.iter().any(|k| k == "detected") && said.iter().any(|k| k == "changed"),
        "{said:?}"
    );
    let of = |query: &str| {
        let page = server.open(&aud, &format!("/ledger?{query}"));
        assert_eq!(page.status, 200, "{query}: {page:?}");
        kinds(&page.text)
    };
    let detected = of("kind=detected");
    assert!(!detected.is_empty() && detected.iter().all(|k| k == "detected"), "{detected:?}");
    let own = of(&format!("about={finding}"));
    assert!(
        own.contains(&"detected".to_owned()) && !own.contains(&"changed".to_owned()),
        "{own:?}"
    );
    assert!(of("about=quay-asset").contains(&"received".to_owned()));
    assert!(of("about=shop&kind=changed").len() == 1, "the system was described once");
    assert!(!of("about=trimtab").is_empty());
    assert_eq!(of("about=nobody"), [""; 0]);
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    assert_eq!(of("since=2999-01-01"), [""; 0]);
    assert_eq!(of("kind=detected&since=2999-01-01"), [""; 0]);
    assert_eq!(of(&format!("since={today}")).len(), said.len());
    for wrong in ["kind=nothing", "since=soon", "after=x"] {
        assert_eq!(server.open(&aud, &format!("/ledger?{wrong}")).status, 422, "{wrong}");
    }
    // Verifying says so; a form of another session does nothing.
    let page = server.send(&aud, "/ledger/verify", &[]);
    assert!(page.text.contains("every seal matches"), "{}", page.text);
    assert_eq!(hidden(&page.text, "csrf"), aud.csrf);
    let forged =
        [("content-type", "application/x-www-form-urlencoded"), ("cookie", aud.cookie.as_str())];
    assert_eq!(server.ask("POST", "/ledger/verify", &forged, b"csrf=no").status, 403);
}

#[test]
fn pages_of_the_ledger_go_on_and_miss_nothing() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let every: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let ada = server.someone(org, "Ada", &every);
    let total = server.runtime.block_on(async {
        let now = jiff::Timestamp::now();
        let event = |n: usize| trimtab_store::NewEvent {
            kind: if n.is_multiple_of(3) {
                trimtab_store::EventKind::Planned
            } else {
                trimtab_store::EventKind::Changed
            },
            // Several of one moment.
            at: now + jiff::SignedDuration::from_millis(i64::try_from(n / 40).unwrap()),
            actor: "trimtab".into(),
            system: None,
            asset: None,
            finding: None,
            data: serde_json::json!({ "n": n }),
        };
        app.store.tell(org, &(0..250).map(event).collect::<Vec<_>>()).await.unwrap();
        app.store.verify_ledger(org).await.unwrap().0
    });
    let walk = |query: &str| {
        let (mut next, mut rows) = (format!("/ledger?{query}"), 0);
        for _ in 0..9 {
            let page = server.open(&ada, &next).text;
            rows += kinds(&page).len();
            match page.split_once("<a rel=\"next\" href=\"") {
                Some((_, rest)) => next = rest.split('"').next().unwrap().replace("&#38;", "&"),
                None => return rows,
            }
        }
        panic!("{query} does not end");
    };
    assert_eq!(i64::try_from(walk("")).unwrap(), total);
    assert_eq!(walk("kind=planned"), 84);
    let day = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    assert_eq!(i64::try_from(walk(&format!("since={day}"))).unwrap(), total);
}

#[test]
fn the_ledger_is_verified_part_by_part() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    server.system(org, "shop");
    let aud = server.someone(org, "Aud", &[(Role::Auditor, Organisation)]);
    let entries = server.runtime.block_on(app.store.verify_ledger(org)).unwrap().0;
    assert!(entries > 2);
    let verify = |body: serde_json::Value| {
        let own = [("cookie", aud.cookie.as_str()), crate::harness::JSON];
        let body = body.to_string();
        server.ask("POST", "/api/v1/ledger/verification", &own, body.as_bytes())
    };
    let mut after = serde_json::Value::Null;
    for n in 1.. {
        let told = verify(serde_json::json!({ "after": after, "limit": 1 }));
        assert_eq!(told.status, 200, "{told:?}");
        let told = told.json();
        assert_eq!((&told["verified"], &told["entries"]), (&n.into(), &entries.into()), "{told}");
        assert_eq!(told["broken"], serde_json::Value::Null);
        after = told["next"].clone();
        assert_eq!(told["whole"], after.is_null(), "{told}");
        if after.is_null() {
            assert_eq!(n, entries);
            break;
        }
    }
    let whole = verify(serde_json::json!({})).json();
    assert_eq!((&whole["verified"], &whole["whole"]), (&entries.into(), &true.into()));
    // What goes on from another seal is told, and what is no place is refused.
    let other = format!("2.{}", "ab".repeat(32));
    let told = verify(serde_json::json!({ "after": other })).json();
    assert_eq!((&told["broken"]["seq"], &told["whole"]), (&2.into(), &false.into()), "{told}");
    for wrong in ["x", "2", "-1.00", "9223372036854775807.zz"] {
        assert_eq!(verify(serde_json::json!({ "after": wrong })).status, 422, "{wrong}");
    }
    // The page goes on from the same place, and refuses the same.
    let page = server.send(&aud, "/ledger/verify", &[("after", &other)]);
    assert!(page.text.contains("The chain breaks at entry 2"), "{}", page.text);
    assert_eq!(server.send(&aud, "/ledger/verify", &[("after", "x")]).status, 422);
}
