//! What the pages show, out of the API: the same facts.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{JSON, Server, Someone};

const ALL: &[(Role, trimtab_store::ScopeOf)] = &[
    (Role::Security, Organisation),
    (Role::Engineering, Organisation),
    (Role::Product, Organisation),
    (Role::Operations, Organisation),
    (Role::Admin, Organisation),
];

/// A document with a vulnerable package, and others.
fn document(components: &[(&str, &str)]) -> Value {
    let component = |(name, version): &(&str, &str)| {
        json!({ "type": "library", "name": name, "version": version,
            "purl": format!("pkg:npm/{name}@{version}") })
    };
    let components: Vec<Value> = components.iter().map(component).collect();
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components })
}

fn push(server: &Server, who: &Someone, revision: &str, components: &[(&str, &str)]) -> Value {
    let path = format!("/api/v1/snapshots?asset=shop&system=shop&revision={revision}&wait=60");
    let own = [("cookie", who.cookie.as_str()), JSON];
    let answer = server.ask("POST", &path, &own, document(components).to_string().as_bytes());
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer.json()
}

fn begun() -> (Server, trimtab_store::Org, Someone) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    server.system(org, "shop");
    let lea = server.someone(org, "Lea", ALL);
    (server, org, lea)
}

#[test]
fn a_finding_is_told_in_full() {
    let (server, _, lea) = begun();
    let id = server.upload(&lea, "shop", "shop");
    let is = server.open(&lea, &format!("/api/v1/findings/{id}")).json();
    let weighed = &is["assessment"];
    assert_eq!(weighed["level"], is["level"], "{is}");
    let factors = weighed["factors"].as_array().unwrap();
    assert!(factors.len() > 3);
    for factor in factors {
        let told = ["name", "value", "source"].map(|name| factor[name].as_str().unwrap());
        assert!(told.iter().all(|text| !text.is_empty()), "{factor}");
        let (effect, by) = (factor["effect"].as_str().unwrap(), &factor["by"]);
        let is_number = matches!(effect, "probability" | "odds" | "steps");
        assert_eq!(by.is_number(), is_number, "{factor}");
        assert_eq!(factor["level"].is_string(), matches!(effect, "floor" | "kept"), "{factor}");
    }
    // Recomputed by hand: the probability that is set, and what multiplies its odds.
    let number = |effect: &'static str| {
        let of = factors.iter().filter(move |f| f["effect"] == effect);
        of.map(|f| f["by"].as_f64().unwrap())
    };
    let base = number("probability").next_back().unwrap();
    let odds = number("odds").fold(base / (1.0 - base), |all, by| all * by);
    let told = weighed["probability"].as_f64().unwrap();
    assert!((odds / (1.0 + odds) - told).abs() < 1e-9, "{weighed}");

    let sides: Vec<&str> =
        is["steps"].as_array().unwrap().iter().map(|s| s["side"].as_str().unwrap()).collect();
    assert_eq!(sides, ["engineering", "security", "product", "operations"]);
    let choice = &is["steps"][0];
    assert_eq!((&choice["state"], &choice["on"]), (&json!("waiting"), &json!("shop")));
    assert_eq!((&choice["since"], &choice["until"]), (&is["detected"], &is["deadline"]));
    assert_eq!(is["steps"][3]["state"], "not-yet");
    let voices = is["voices"].as_array().unwrap();
    let spoken: Vec<&str> = voices.iter().map(|v| v["side"].as_str().unwrap()).collect();
    assert_eq!(spoken, ["product", "engineering", "security", "operations"]);
    assert!(voices.iter().all(|v| !v["lines"].as_array().unwrap().is_empty()), "{is}");
    assert_eq!(is["paths"]["unknown"], "the document does not say who brings it in");
    assert_eq!(is["evidence"]["production"], Value::Null, "nobody said what runs");
    assert_eq!((&is["decisions"], &is["history_complete"]), (&json!([]), &json!(true)));
    // The page says the same.
    let page = server.open(&lea, &format!("/findings/{id}?side=security")).text;
    for line in voices[2]["lines"].as_array().unwrap() {
        assert!(page.contains(line["label"].as_str().unwrap()), "{line}");
    }

    // Product's step waits for an answer while one is asked for.
    let wanted = json!({ "finding": id, "kind": "not-affected", "reason": "not called",
        "role": "engineering", "justification": "vulnerable_code_not_in_execute_path" });
    let own = [("cookie", lea.cookie.as_str()), JSON];
    let asked = server.ask("POST", "/api/v1/decisions", &own, wanted.to_string().as_bytes());
    let decision = asked.json()["id"].clone();
    let is = server.open(&lea, &format!("/api/v1/findings/{id}")).json();
    let priority = &is["steps"][2];
    assert_eq!((&priority["state"], &priority["decision"]), (&json!("waiting"), &decision));
    assert_eq!(is["decisions"][0]["id"], decision);
    let one = server.open(&lea, &format!("/api/v1/decisions/{decision}")).json();
    assert_eq!(one, is["decisions"][0]);
    assert_eq!(server.open(&lea, "/api/v1/decisions/999999").status, 404);
}

#[test]
fn groups_packages_and_vulnerabilities_agree_with_the_list() {
    let (server, _, lea) = begun();
    server.upload(&lea, "shop", "shop");
    server.upload(&lea, "till", "shop");
    let rows = server.open(&lea, "/api/v1/findings").json()["rows"].clone();
    let rows = rows.as_array().unwrap();
    for by in ["action", "vulnerability", "package", "system", "team", "level"] {
        let groups = server.open(&lea, &format!("/api/v1/findings/groups?by={by}")).json();
        let sum: i64 = groups["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|g| g["findings"].as_i64().unwrap())
            .sum();
        assert_eq!(usize::try_from(sum).unwrap(), rows.len(), "{by}: {groups}");
        assert_eq!(groups["next"], Value::Null);
    }
    let one = server.open(&lea, "/api/v1/findings/groups?by=vulnerability&limit=1").json();
    assert_eq!(one["rows"].as_array().unwrap().len(), 1);
    let after = crate::harness::encode(one["next"].as_str().unwrap());
    for path in ["/api/v1/findings/groups", "/findings"] {
        let rest = format!("{path}?by=vulnerability&limit=500&after={after}");
        let rest = server.open(&lea, &rest);
        assert_eq!(rest.status, 200, "{path}: {}", rest.text);
        let first = one["rows"][0]["name"].as_str().unwrap();
        assert!(!rest.text.contains(&format!("/vulnerabilities/{first}\"")), "{path}");
        let wrong = server.open(&lea, &format!("{path}?by=vulnerability&after=1.2"));
        assert_eq!(wrong.status, 422, "{path}");
    }
    let all = server.open(&lea, "/api/v1/findings/groups?by=vulnerability").json();
    let rest = format!("/api/v1/findings/groups?by=vulnerability&after={after}");
    let rest = server.open(&lea, &rest).json();
    assert_eq!(rest["rows"].as_array().unwrap()[..], all["rows"].as_array().unwrap()[1..]);
    assert_eq!(server.open(&lea, "/api/v1/findings/groups?by=colour").status, 422);
    assert_eq!(server.open(&lea, "/api/v1/findings/groups").status, 400);

    let package = server.open(&lea, "/api/v1/packages/pkg%3Anpm%2Fmoment%402.24.0").json();
    assert_eq!((&package["package"], &package["assets"]), (&json!("pkg:npm/moment"), &json!(2)));
    let version = json!({ "version": "2.24.0", "places": 2, "running": 0, "told": null });
    assert_eq!(package["versions"], json!([version]));
    let wrong: i64 = package["vulnerabilities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["findings"].as_i64().unwrap())
        .sum();
    assert_eq!(usize::try_from(wrong).unwrap(), rows.len());
    for none in ["pkg%3Anpm%2Fnone", "x", "pkg%3A", "..%2F..%2Fetc%2Fpasswd", "%00", "%FF"] {
        let status = server.open(&lea, &format!("/api/v1/packages/{none}")).status;
        assert!(matches!(status, 400 | 404), "{none}: {status}");
    }

    let name = rows[0]["vulnerability"].as_str().unwrap();
    let is = server.open(&lea, &format!("/api/v1/vulnerabilities/{name}")).json();
    assert_eq!((&is["name"], &is["findings"]), (&json!(name), &json!(2)));
    assert_eq!(is["gravest"].as_array().unwrap().len(), 2);
    assert!(is["aliases"].as_array().unwrap().contains(&json!(name)));
    assert!(!is["advisories"].as_array().unwrap().is_empty());
    assert_eq!(is["events"].as_array().unwrap().len(), 2);
    for alias in is["aliases"].as_array().unwrap() {
        let alias = alias.as_str().unwrap();
        let same = server.open(&lea, &format!("/api/v1/vulnerabilities/{alias}")).json();
        assert_eq!(same["name"], is["name"]);
    }
    assert_eq!(server.open(&lea, "/api/v1/vulnerabilities/CVE-1999-0001").status, 404);
}

#[test]
fn a_release_is_compared_with_the_one_before() {
    let (server, _, lea) = begun();
    push(&server, &lea, "one", &[("moment", "2.24.0"), ("left-pad", "1.3.0"), ("old", "1.0.0")]);
    push(&server, &lea, "two", &[("moment", "2.30.1"), ("left-pad", "1.3.0"), ("new", "1.0.0")]);
    let asset = server.open(&lea, "/api/v1/assets").json()["rows"][0]["id"].clone();
    let is = server.open(&lea, &format!("/api/v1/releases?asset={asset}")).json();
    assert_eq!((&is["from"]["revision"], &is["to"]["revision"]), (&json!("one"), &json!("two")));
    assert_eq!(is["came"], json!([{ "package": "pkg:npm/new", "version": "1.0.0" }]));
    assert_eq!(is["went"], json!([{ "package": "pkg:npm/old", "version": "1.0.0" }]));
    let changed = json!([{ "package": "pkg:npm/moment", "before": "2.24.0", "after": "2.30.1" }]);
    assert_eq!(is["changed"], changed);
    assert_eq!(is["findings_new"], json!([]));
    assert!(is["findings_gone"].as_array().unwrap().len() > 1);
    // The other way round.
    let (from, to) = (&is["to"]["id"], &is["from"]["id"]);
    let back = server.open(&lea, &format!("/api/v1/releases?from={from}&to={to}")).json();
    assert_eq!(back["findings_new"], is["findings_gone"]);
    // A version that stays beside a new one: what it has is not new with that one.
    push(&server, &lea, "three", &[("moment", "2.24.0"), ("left-pad", "1.3.0")]);
    push(
        &server,
        &lea,
        "four",
        &[("moment", "2.24.0"), ("moment", "2.24.1"), ("left-pad", "1.3.0")],
    );
    let is = server.open(&lea, &format!("/api/v1/releases?asset={asset}")).json();
    assert_eq!((&is["from"]["revision"], &is["to"]["revision"]), (&json!("three"), &json!("four")));
    assert_eq!((&is["came"], &is["went"]), (&json!([]), &json!([])));
    let changed =
        json!([{ "package": "pkg:npm/moment", "before": "2.24.0", "after": "2.24.0, 2.24.1" }]);
    assert_eq!(is["changed"], changed);
    assert_eq!((&is["findings_new"], &is["findings_gone"]), (&json!([]), &json!([])));
    for wrong in ["", "?asset=999", "?from=999", "?asset=1&from=999"] {
        assert_eq!(server.open(&lea, &format!("/api/v1/releases{wrong}")).status, 404, "{wrong}");
    }
}

#[test]
fn the_search_and_the_risk_register_are_those_of_the_pages() {
    let (server, org, lea) = begun();
    server.upload(&lea, "shop", "shop");
    let found = |who: &Someone, q: &str| {
        let rows = server.open(who, &format!("/api/v1/search?q={q}")).json()["rows"].clone();
        let kinds = rows.as_array().unwrap().iter();
        kinds.map(|row| row["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&lea, "shop"), ["system", "team"]);
    assert_eq!(found(&lea, "mom"), ["package"]);
    assert_eq!(found(&lea, "pkg:npm/moment"), ["package"]);
    assert_eq!(found(&lea, "LEA"), ["person"]);
    assert_eq!(found(&lea, ""), Vec::<String>::new());
    let name = server.open(&lea, "/api/v1/findings").json()["rows"][0]["vulnerability"].clone();
    assert_eq!(found(&lea, &name.as_str().unwrap().to_lowercase()), ["vulnerability"]);
    let (_, elsewhere) = server.system(org, "desk");
    let small = server.someone(org, "Small", &[(Role::Security, Team(elsewhere))]);
    assert_eq!(found(&small, "mom"), Vec::<String>::new());
    assert_eq!(found(&small, "Lea"), Vec::<String>::new(), "people are of the whole");

    let risks = server.open(&lea, "/api/v1/risks").json();
    let file = server.open(&lea, "/exceptions/register.json").json();
    assert_eq!((&risks["rows"], &risks["next"]), (&file["rows"], &Value::Null));
    assert_eq!(file["complete"], true);
    // Page by page it is the same, with the same priorities.
    let (mut paged, mut after) = (Vec::new(), String::new());
    for _ in 0..99 {
        let page = server.open(&lea, &format!("/api/v1/risks?limit=1&after={after}")).json();
        assert_eq!(page["rows"].as_array().unwrap().len(), 1, "{page}");
        paged.extend(page["rows"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(Value::from(paged), risks["rows"]);
    assert_eq!(risks["rows"][0]["priority"], 1);
    for wrong in ["x", "1.2", "1.2.x", "1.2.-1", "1.2.99999999999"] {
        let answer = server.open(&lea, &format!("/api/v1/risks?after={wrong}"));
        assert_eq!(answer.status, 422, "{wrong}");
    }
    let (api, page) =
        (server.open(&lea, "/api/v1/risks.csv"), server.open(&lea, "/exceptions/register.csv"));
    assert_eq!(api.text, page.text);
    assert_eq!(api.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(api.text.lines().count(), 1 + risks["rows"].as_array().unwrap().len());
}

#[test]
fn the_risk_register_tells_no_decision_that_the_finding_keeps() {
    let (server, org, lea) = begun();
    let finding = server.upload(&lea, "shop", "shop");
    let system = server.open(&lea, "/api/v1/systems").json()["rows"][0]["id"].as_i64().unwrap();
    let name = server.open(&lea, &format!("/api/v1/findings/{finding}")).json();
    let name = name["vulnerability"].as_str().unwrap().to_owned();
    let app = server.app();
    let now = jiff::Timestamp::now();
    let tom = server.someone(org, "Tom", ALL);
    let new = trimtab_store::NewDecision {
        kind: trimtab_store::DecisionKind::Exception,
        vulnerability: Some(name),
        package: None,
        asset: None,
        system: None,
        environment: None,
        reason: "the supplier mends it".into(),
        justification: None,
        control: Some("a guard".into()),
        author: lea.id,
        author_role: "product".into(),
        expires: Some(now + jiff::SignedDuration::from_hours(24)),
    };
    let id = server.runtime.block_on(async {
        let id = app.store.ask(org, &new, "person:1", now).await.unwrap();
        let (by, state) = ((tom.id, "security"), trimtab_store::DecisionState::Approved);
        assert!(app.store.answer(org, id, state, by, "person:2", now).await.unwrap());
        id
    });
    // Weighed again, with what was decided.
    server.upload(&lea, "shop", "shop");
    push(&server, &lea, "again", &[("moment", "2.24.0"), ("other", "1.0.0")]);
    server.settle(org);
    let bob =
        server.someone(org, "Bob", &[(Role::Engineering, trimtab_store::ScopeOf::System(system))]);
    let of = |who: &Someone| -> Value {
        let rows = server.open(who, "/api/v1/risks").json()["rows"].clone();
        let id = json!(format!("F-{finding}"));
        rows.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
    };
    let (hers, his) = (of(&lea), of(&bob));
    for is in [&hers, &his] {
        assert_eq!(
            (&is["risk_response_type"], &is["status"]),
            (&json!("accept"), &json!("accepted"))
        );
    }
    let told = hers["risk_response_description"].as_str().unwrap();
    assert!(told.contains("the supplier mends it") && told.contains("a guard"), "{told}");
    assert_eq!(his["risk_response_description"], json!(format!("Accepted by decision {id}.")));
}

#[test]
fn who_administers_tries_again_what_was_given_up() {
    let (server, org, lea) = begun();
    let app = server.app();
    let now = jiff::Timestamp::now();
    server.settle(org);
    // Of a kind that this server leaves to others: nobody comes between.
    let job = trimtab_store::NewJob {
        org,
        kind: "fetch-feeds".to_owned(),
        name: "n".to_owned(),
        payload: json!({}),
        priority: trimtab_store::Priority::Scheduled,
        run_at: now,
    };
    let id = server.runtime.block_on(async {
        let id = app.store.add_job(&job, now).await.unwrap();
        let lease = std::time::Duration::from_secs(60);
        let taken = app.store.take_job("test", 9, lease, &[], now).await.unwrap().unwrap();
        assert_eq!(taken.id, id);
        app.store.fail_job(&taken, "test", "it broke", true, now).await.unwrap();
        id
    });
    let list = server.open(&lea, "/api/v1/jobs?state=dead").json();
    let ids: Vec<i64> =
        list["rows"].as_array().unwrap().iter().map(|j| j["id"].as_i64().unwrap()).collect();
    assert!(ids.contains(&id), "{list}");
    let retry = |who: &Someone, id: i64| {
        let own = [("cookie", who.cookie.as_str()), JSON];
        server.ask("POST", &format!("/api/v1/jobs/{id}/retry"), &own, b"").status
    };
    let ana = server.someone(org, "Ana", &[(Role::Auditor, Organisation)]);
    assert_eq!(retry(&ana, id), 403);
    assert_eq!(retry(&lea, id), 200);
    assert_eq!(retry(&lea, id), 409, "it waits");
    assert_eq!(retry(&lea, 999_999), 404);
    assert_eq!(server.open(&lea, "/api/v1/jobs?state=lost").status, 422);
    let (_, team) = server.system(org, "desk");
    let small = server.someone(org, "Small", &[(Role::Admin, Team(team))]);
    assert_eq!(server.open(&small, "/api/v1/jobs").status, 403);
}
