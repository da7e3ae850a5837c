//! Lists go page by page, each row once, and are narrowed by filters.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::Organisation;
use trimtab_store::{NewToken, Team};

use crate::harness::{JSON, Server, Someone};

const ALL: &[(Role, trimtab_store::ScopeOf)] = &[
    (Role::Security, Organisation),
    (Role::Engineering, Organisation),
    (Role::Product, Organisation),
    (Role::Operations, Organisation),
    (Role::Admin, Organisation),
];

fn begun() -> (Server, trimtab_store::Org, Someone) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let lea = server.someone(org, "Lea", ALL);
    (server, org, lea)
}

/// All rows of a list, two at a time: each once. `member` tells them apart.
fn walked(server: &Server, who: &Someone, path: &str, member: &str) -> Vec<Value> {
    let join = if path.contains('?') { '&' } else { '?' };
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let from = match after.as_str() {
            "" => String::new(),
            after => format!("&after={}", crate::harness::encode(after)),
        };
        let page = server.open(who, &format!("{path}{join}limit=2{from}"));
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let page = page.json();
        let rows = page["rows"].as_array().unwrap();
        assert!(rows.len() <= 2, "{path}");
        all.extend(rows.iter().map(|row| row[member].clone()));
        match &page["next"] {
            Value::Null => break,
            Value::String(next) => after.clone_from(next),
            next => after = next.to_string(),
        }
        assert!(all.len() < 1000, "{path} does not end");
    }
    let each: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(each.len(), all.len(), "{path}: each once");
    all
}

fn post(server: &Server, who: &Someone, path: &str, body: &Value) -> Value {
    let own = [("cookie", who.cookie.as_str()), JSON];
    let answer = server.ask("POST", path, &own, body.to_string().as_bytes());
    assert!(matches!(answer.status, 200 | 201), "{path}: {answer:?}");
    answer.json()
}

#[test]
fn lists_go_page_by_page() {
    let (server, org, lea) = begun();
    let app = server.app();
    let now = jiff::Timestamp::now();
    for name in ["a", "b", "c", "d", "e"] {
        server.system(org, name);
        server.someone(org, &format!("P{name}"), &[(Role::Auditor, Organisation)]);
        let new = NewToken {
            name: name.to_owned(),
            person: lea.id,
            actions: vec!["view".to_owned()],
            scope: Organisation,
            expires: now + jiff::SignedDuration::from_hours(1),
        };
        let digest = crate::harness::digest(name);
        server.runtime.block_on(app.store.add_token(org, &new, &digest, "trimtab", now)).unwrap();
        let text = format!("format = 1\npreset = \"swift\"\nname = \"{name}\"\nversion = \"7\"\n");
        post(&server, &lea, "/api/v1/charters", &json!({ "text": text }));
    }
    let names = |path: &str| -> Vec<String> {
        let all = walked(&server, &lea, path, "name");
        all.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("/api/v1/systems"), ["a", "b", "c", "d", "e"]);
    assert_eq!(names("/api/v1/teams"), ["a", "b", "c", "d", "e"]);
    assert_eq!(names("/api/v1/tokens"), ["e", "d", "c", "b", "a"], "the newest first");
    assert!(names("/api/v1/people").is_sorted());
    assert_eq!(walked(&server, &lea, "/api/v1/people", "id").len(), 7);
    assert_eq!(walked(&server, &lea, "/api/v1/charters", "id").len(), 5);
    assert_eq!(walked(&server, &lea, "/api/v1/charters?state=past", "id").len(), 0);
    let whole = server.open(&lea, "/api/v1/ledger?limit=5000").json();
    let seqs = walked(&server, &lea, "/api/v1/ledger", "seq");
    assert_eq!(seqs.len(), whole["rows"].as_array().unwrap().len());
    let full = server.open(&lea, &format!("/api/v1/ledger?limit={}", seqs.len())).json();
    assert_eq!(full["next"], Value::Null, "the last page is full, and the last");
    for path in ["/api/v1/teams?q=B", "/teams?q=B"] {
        let text = server.open(&lea, path).text;
        assert!(text.contains(&format!("b{}", if path.starts_with("/api") { '"' } else { '<' })));
        assert!(!text.contains(">c</a>") && !text.contains("\"name\":\"c\""), "{path}: {text}");
    }
    // By name, owner and exposure.
    let own = [("cookie", lea.cookie.as_str()), JSON];
    let told = json!({ "name": "a", "team": "a", "exposure": "internet", "tier": "vital" });
    server.ask("PUT", "/api/v1/systems", &own, told.to_string().as_bytes());
    for (filter, found) in [
        ("q=A", vec!["a"]),
        ("exposure=internet", vec!["a"]),
        ("exposure=unknown", vec!["b", "c", "d", "e"]),
        ("tier=vital", vec!["a"]),
        ("team=0", vec![]),
        ("q=z", vec![]),
    ] {
        assert_eq!(names(&format!("/api/v1/systems?{filter}")), found, "{filter}");
        let page = server.open(&lea, &format!("/systems?{filter}"));
        assert_eq!(page.status, 200);
        for name in ["a", "b", "c", "d", "e"] {
            let row = format!(">{name}</a>");
            assert_eq!(page.text.contains(&row), found.contains(&name), "{filter} {name}");
        }
    }
    assert_eq!(names("/api/v1/people?q=PA"), ["Pa"]);
    for wrong in [
        "systems?exposure=far",
        "charters?state=odd",
        "tokens?after=x",
        "teams?after=x",
        "people?after=x",
        "decisions?state=odd",
        "decisions?kind=odd",
        "decisions?expires_before=soon",
        "ledger?kind=odd",
        "ledger?since=yesterday",
        "jobs?after=1",
        "updates?after=x",
    ] {
        assert_eq!(server.open(&lea, &format!("/api/v1/{wrong}")).status, 422, "{wrong}");
    }
    let pa = server.someone(org, "Zoe", &[(Role::Security, Organisation)]);
    assert_eq!(server.open(&pa, "/api/v1/tokens").json()["rows"], json!([]), "not theirs");
    let others = format!("/api/v1/tokens?person={}", lea.id);
    assert_eq!(server.open(&pa, &others).status, 403);
}

#[test]
fn the_ledger_tells_what_is_asked_of_it() {
    let (server, org, lea) = begun();
    let (system, _) = server.system(org, "shop");
    let finding = server.upload(&lea, "shop", "shop");
    server.settle(org);
    let all = server.open(&lea, "/api/v1/ledger?limit=5000").json();
    let all = all["rows"].as_array().unwrap();
    let of = |query: &str| -> Vec<Value> {
        let page = server.open(&lea, &format!("/api/v1/ledger?limit=5000&{query}")).json();
        page["rows"].as_array().unwrap().clone()
    };
    let kept = |keep: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        all.iter().filter(|row| keep(row)).cloned().collect()
    };
    let detected = of("kind=detected");
    assert!(detected.len() > 1);
    assert_eq!(detected, kept(&|row| row["kind"] == "detected"));
    assert_eq!(of(&format!("finding={finding}")), kept(&|row| row["finding"] == finding));
    assert_eq!(of(&format!("system={system}")), kept(&|row| row["system"] == system));
    let actor = format!("person:{}", lea.id);
    assert_eq!(of(&format!("actor={actor}")), kept(&|row| row["actor"] == actor.as_str()));
    assert_eq!(of("since=2100-01-01T00:00:00Z"), Vec::<Value>::new());
    assert_eq!(of("until=2100-01-01T00:00:00Z"), *all);
    assert_eq!(of("kind=detected&asset=999"), Vec::<Value>::new());
}

#[test]
fn decisions_are_found_by_what_they_are_about() {
    let (server, org, lea) = begun();
    let (_, team) = server.system(org, "shop");
    let (desk, other) = server.system(org, "desk");
    server.upload(&lea, "shop", "shop");
    server.upload(&lea, "desk", "desk");
    let rows = server.open(&lea, "/api/v1/findings").json()["rows"].clone();
    for (days, row) in (3..).zip(rows.as_array().unwrap()) {
        let wanted = json!({ "finding": row["id"], "reason": "x", "control": "y",
            "role": "engineering", "days": days });
        post(&server, &lea, "/api/v1/decisions", &wanted);
    }
    let all = walked(&server, &lea, "/api/v1/decisions", "id");
    assert_eq!(all.len(), rows.as_array().unwrap().len());
    assert!(all.windows(2).all(|two| two[0].as_i64() > two[1].as_i64()), "the newest first");
    let of = |query: &str| walked(&server, &lea, &format!("/api/v1/decisions?{query}"), "id");
    assert_eq!(of(&format!("team={team}")).len(), all.len() / 2);
    assert_eq!(of(&format!("system={desk}")), of(&format!("team={other}")));
    assert_eq!(of("kind=not-affected").len(), 0);
    assert_eq!(of("state=approved").len(), 0);
    assert_eq!(of("state=any"), all);
    assert_eq!(of("q=MOMENT"), all);
    assert_eq!(of("q=lea"), all, "by who asked");
    assert_eq!(of("q=%25"), Vec::<Value>::new(), "a sign is a letter");
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * 4);
    assert_eq!(of(&format!("expires_before={soon}")).len(), 2, "of three and four days");
    // The register narrows in the same way.
    let page = server.open(&lea, &format!("/exceptions?state=asked&team={team}")).text;
    assert!(page.contains("in shop") && !page.contains("in desk"), "{page}");
    let page = server.open(&lea, "/exceptions?state=asked&q=moment").text;
    assert!(page.contains("in shop") && page.contains("in desk"));
    // Its numbers are those of what is chosen, and open what they count.
    let figure = |page: &str, label: &str| -> (String, String) {
        let before = page.split(label).next().unwrap();
        let link = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
        let number = before.trim_end().trim_end_matches(|c: char| !c.is_ascii_digit());
        let number = number.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap();
        (number.to_owned(), link.replace("&amp;", "&").replace("&#38;", "&"))
    };
    let page = server.open(&lea, &format!("/exceptions?state=asked&team={team}")).text;
    let (number, link) = figure(&page, "asked<");
    assert_eq!(number, (all.len() / 2).to_string(), "{page}");
    assert!(link.contains(&format!("team={team}")), "{link}");
    let (_, link) = figure(&page, "end within 14 days<");
    assert!(link.contains("expires_before=") && link.contains("state=in-force"), "{link}");
    let page = server.open(&lea, &format!("/exceptions?state=asked&system={desk}")).text;
    assert!(page.contains("system: desk"), "what narrows it can be taken away");
    let page = server.open(&lea, &format!("/exceptions?state=asked&expires_before={soon}")).text;
    assert_eq!(figure(&page, "asked<").0, "2");
    assert_eq!(server.open(&lea, "/exceptions?kind=odd").status, 422);
    assert_eq!(server.open(&lea, "/exceptions?expires_before=soon").status, 422);
    let none = Team { id: 0, name: "none".into(), cadence: None, capacity: None, open_limit: None };
    let now = jiff::Timestamp::now();
    let none = server.runtime.block_on(server.app().store.put_team(org, &none, "trimtab", now));
    let none = none.unwrap();
    assert_eq!(of(&format!("team={none}")).len(), 0);
    assert_eq!(server.open(&lea, "/api/v1/decisions?team=99999").status, 404);
}

#[test]
fn pages_of_who_sees_a_part_are_full_and_end() {
    let (server, org, _) = begun();
    let app = server.app();
    let now = jiff::Timestamp::now();
    let (shop, _) = server.system(org, "shop");
    let (desk, team) = server.system(org, "desk");
    let small =
        server.someone(org, "Small", &[(Role::Auditor, trimtab_store::ScopeOf::Team(team))]);
    server.runtime.block_on(async {
        for n in 0..9 {
            // Every third is hers, and none of the first.
            let system = if n % 3 == 2 { desk } else { shop };
            let name = format!("asset-{n}");
            app.store.put_asset(org, &name, "repository", Some(system), now).await.unwrap();
        }
    });
    let seen = walked(&server, &small, "/api/v1/assets", "name");
    assert_eq!(seen, ["asset-2", "asset-5", "asset-8"]);
    let page = server.open(&small, "/api/v1/assets?limit=2").json();
    assert_eq!(page["rows"].as_array().unwrap().len(), 2, "{page}");
    assert_eq!(page["next"], "asset-5");
    let page = server.open(&small, "/api/v1/assets?limit=3").json();
    assert_eq!((page["rows"].as_array().unwrap().len(), &page["next"]), (3, &Value::Null));
    assert_eq!(walked(&server, &small, &format!("/api/v1/assets?system={shop}"), "name").len(), 0);
}

#[test]
fn a_filter_of_blanks_is_none_and_times_have_no_end() {
    let (server, org, lea) = begun();
    server.system(org, "shop");
    let finding = server.upload(&lea, "shop", "shop");
    let wanted = json!({ "finding": finding, "kind": "not-affected", "reason": "x",
        "role": "engineering", "justification": "vulnerable_code_not_in_execute_path" });
    post(&server, &lea, "/api/v1/decisions", &wanted);
    let rows = |path: &str| -> usize {
        let answer = server.open(&lea, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()["rows"].as_array().unwrap().len()
    };
    for path in ["/api/v1/decisions", "/api/v1/findings", "/api/v1/systems", "/api/v1/people"] {
        assert!(rows(path) > 0, "{path}");
        assert_eq!(rows(&format!("{path}?q=%20%20")), rows(path), "{path}");
    }
    let page = server.open(&lea, "/exceptions?q=%20%20").text;
    assert!(page.contains("moment") && !page.contains("Of what is chosen"), "{page}");
    // The first and the last moment that there is are times as others; what is beyond is none.
    let (first, last) = ("-009999-01-02T01:59:59Z", "9999-12-30T22:00:00Z");
    for path in
        ["findings?due=", "decisions?state=any&expires_before=", "ledger?since=", "ledger?until="]
    {
        for at in [first, last] {
            let answer = server.open(&lea, &format!("/api/v1/{path}{at}"));
            assert_eq!(answer.status, 200, "{path}{at}: {}", answer.text);
        }
        for wrong in
            ["99999-01-01T00:00:00Z", "-99999-01-01T00:00:00Z", "1e30", "9".repeat(40).as_str()]
        {
            let answer = server.open(&lea, &format!("/api/v1/{path}{wrong}"));
            assert_eq!(answer.status, 422, "{path}{wrong}: {}", answer.text);
        }
    }
    assert_eq!(rows(&format!("/api/v1/findings?due={first}")), 0);
    let dated = rows("/api/v1/findings?due=passed") + rows("/api/v1/findings?due=week");
    let dated = dated + rows("/api/v1/findings?due=later");
    assert_eq!(rows(&format!("/api/v1/findings?due={last}")), dated, "with a deadline");
    for day in ["9999-12-31", "-009999-01-02"] {
        let status = server.open(&lea, &format!("/ledger?since={day}")).status;
        assert!(matches!(status, 200 | 422), "{day}: {status}");
    }
    for at in ["9223372036854775807", "-9223372036854775808", "99999999999999999999"] {
        let path = format!("/api/v1/metrics/list?of=found&at={at}");
        assert_eq!(server.open(&lea, &path).status, 422, "{at}");
    }
}
