//! What narrows the list of findings.

use trimtab_model::Role;
use trimtab_store::ScopeOf;

use crate::harness::Server;

#[test]
fn a_question_keeps_what_is_chosen_and_offers_what_may_be_seen() {
    let server = Server::new();
    server.first_admin();
    let org = server.org();
    let (shop, team) = server.system(org, "shop");
    let (bank, _) = server.system(org, "bank");
    let everywhere =
        [(Role::Security, ScopeOf::Organisation), (Role::Admin, ScopeOf::Organisation)];
    let ada = server.someone(org, "ada", &everywhere);
    server.upload(&ada, "web", "shop");
    server.upload(&ada, "core", "bank");
    let page = server.open(&ada, "/findings?package=pkg%3Anpm%2Fmoment&level=high").text;
    let hidden = |name: &str, value: &str| {
        format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">")
    };
    assert!(
        page.contains(&hidden("package", "pkg:npm/moment")),
        "the form goes on with the package"
    );
    assert!(page.contains("package: pkg:npm/moment") && page.contains("level: high"));
    let choice = |name: &str, value: i64| format!("name=\"{name}\" value=\"{value}\"");
    for system in [shop, bank] {
        assert!(page.contains(&choice("system", system)), "{system}");
    }
    // A choice leads to its findings, by name.
    let page = server.open(&ada, &format!("/findings?system={shop}")).text;
    assert!(page.contains("system: shop") && page.contains(">web<") && !page.contains(">core<"));

    let bob = server.someone(org, "bob", &[(Role::Engineering, ScopeOf::Team(team))]);
    let page = server.open(&bob, "/findings").text;
    assert!(page.contains(&choice("system", shop)) && page.contains(&choice("team", team)));
    assert!(!page.contains("bank"), "what they may not see is not offered");
    let rows = server.open(&ada, "/api/v1/findings").json()["rows"].clone();
    let core = rows.as_array().unwrap().iter().find(|r| r["asset"]["name"] == "core").unwrap();
    let core = core["asset"]["id"].as_i64().unwrap();
    let page = server.open(&ada, &format!("/findings?asset={core}")).text;
    assert!(page.contains("asset: core"));
    let page = server.open(&bob, &format!("/findings?asset={core}")).text;
    assert!(!page.contains("core") && page.contains(&format!("asset: {core}")));
    let other = server.open(&bob, &format!("/findings?system={bank}")).text;
    assert!(!other.contains(">bank<") && !other.contains(">core<"), "nor named when asked for");
}

/// Findings of two systems, one on the internet; gives the server and who sees all.
fn two_systems() -> (Server, trimtab_store::Org, crate::harness::Someone) {
    let server = Server::new();
    server.first_admin();
    let org = server.org();
    server.system(org, "shop");
    server.system(org, "bank");
    let roles = [Role::Security, Role::Engineering, Role::Product, Role::Admin];
    let ada = server.someone(org, "ada", &roles.map(|role| (role, ScopeOf::Organisation)));
    server.upload(&ada, "web", "shop");
    server.upload(&ada, "core", "bank");
    let own = [("cookie", ada.cookie.as_str()), crate::harness::JSON];
    let told = serde_json::json!({ "name": "shop", "team": "shop", "exposure": "internet",
        "environments": ["production"], "tier": "vital" });
    let told = server.ask("PUT", "/api/v1/systems", &own, told.to_string().as_bytes());
    assert_eq!(told.status, 200, "{told:?}");
    server.settle(org);
    (server, org, ada)
}

#[test]
fn each_facet_leaves_what_it_says() {
    let (server, _, ada) = two_systems();
    let of = |query: &str| -> Vec<serde_json::Value> {
        let page = server.open(&ada, &format!("/api/v1/findings?limit=500&{query}"));
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        page.json()["rows"].as_array().unwrap().clone()
    };
    let all = of("");
    assert!(all.len() >= 4);
    let now = jiff::Timestamp::now();
    let week = now + jiff::SignedDuration::from_hours(24 * 7);
    let deadline = |row: &serde_json::Value| -> Option<jiff::Timestamp> {
        row["deadline"].as_str().map(|at| at.parse().unwrap())
    };
    let kept = |keep: &dyn Fn(&serde_json::Value) -> bool| -> Vec<serde_json::Value> {
        all.iter().filter(|row| keep(row)).cloned().collect()
    };
    let is = |name: &'static str| move |row: &serde_json::Value| row["system"]["name"] == name;
    assert_eq!(of("exposure=internet"), kept(&is("shop")));
    assert_eq!(of("exposure=unknown"), kept(&is("bank")));
    assert_eq!(of("exposure=isolated"), kept(&|_| false));
    assert_eq!(of("fixable=true"), kept(&|row| row["fix"].is_string()));
    assert_eq!(of("fixable=false"), kept(&|row| row["fix"].is_null()));
    assert_eq!(of("due=passed"), kept(&|row| deadline(row).is_some_and(|at| at < now)));
    let soon = |row: &serde_json::Value| deadline(row).is_some_and(|at| now <= at && at < week);
    assert_eq!(of("due=week"), kept(&soon));
    // Without a plan of its team, the window is a week.
    assert_eq!(of("due=window"), kept(&soon));
    assert_eq!(of("due=later"), kept(&|row| deadline(row).is_some_and(|at| at >= week)));
    assert_eq!(of("due=none"), kept(&|row| deadline(row).is_none()));
    let sum: usize =
        ["passed", "week", "later", "none"].map(|due| of(&format!("due={due}")).len()).iter().sum();
    assert_eq!(sum, all.len(), "each is due in one way");
    assert_eq!(of("q=MOMENT"), all);
    assert_eq!(of("q=web"), kept(&is("shop")), "an asset");
    assert_eq!(of("q=Bank"), kept(&is("bank")), "a system");
    let name = all[0]["vulnerability"].as_str().unwrap();
    assert_eq!(of(&format!("q={name}")), kept(&|row| row["vulnerability"] == name));
    // Signs of a pattern are letters: each finds what has it in the summary or a name of the package, vulnerability,
    // asset or system. No other name of a vulnerability has one of them.
    for sign in ['%', '_', '!', '\''] {
        let has = |row: &serde_json::Value| {
            let texts = [&row["summary"], &row["package"], &row["vulnerability"]];
            let names = [&row["asset"]["name"], &row["system"]["name"]];
            let mut all = texts.into_iter().chain(names);
            all.any(|text| text.as_str().is_some_and(|text| text.contains(sign)))
        };
        let found = of(&format!("q={}", crate::harness::encode(&sign.to_string())));
        assert_eq!(found, kept(&has), "{sign}");
    }
    // Counts and groups follow the same filter.
    let groups = server.open(&ada, "/api/v1/findings/groups?by=system&exposure=internet").json();
    let told = groups["rows"][0]["findings"].as_u64().unwrap();
    assert_eq!(usize::try_from(told).unwrap(), kept(&is("shop")).len());
    let page = server.open(&ada, "/findings?exposure=internet&due=later").text;
    assert!(page.contains("exposure: internet") && page.contains("due: later"), "{page}");
    for (wrong, status) in [("due=soon", 422), ("exposure=far", 422), ("fixable=perhaps", 400)] {
        let answer = server.open(&ada, &format!("/api/v1/findings?{wrong}"));
        assert_eq!(answer.status, status, "{wrong}");
    }
}

#[test]
fn the_list_can_be_taken_away() {
    let (server, _, ada) = two_systems();
    let page = server.open(&ada, "/findings?exposure=internet").text;
    assert!(page.contains("href=\"/findings.csv?exposure=internet\""), "{page}");
    let csv = server.open(&ada, "/findings.csv?exposure=internet");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.text, server.open(&ada, "/api/v1/findings.csv?exposure=internet").text);
    let rows = server.open(&ada, "/api/v1/findings?exposure=internet").json()["rows"].clone();
    assert_eq!(csv.text.lines().count(), 1 + rows.as_array().unwrap().len(), "{}", csv.text);
    let grouped = server.open(&ada, "/findings.csv?by=package").text;
    assert_eq!(grouped, server.open(&ada, "/api/v1/findings/groups.csv?by=package").text);
    assert!(grouped.contains("pkg:npm/moment"), "{grouped}");
}

#[test]
fn a_group_is_asked_about_as_a_whole() {
    let (server, _, ada) = two_systems();
    let page = server.open(&ada, "/findings?by=package&exposure=internet").text;
    assert!(page.contains("value=\"package=pkg%3Anpm%2Fmoment\""), "{page}");
    // People read the name, and of which ecosystem it is.
    assert!(page.contains("moment (npm)") && !page.contains(">pkg:npm/moment<"), "{page}");
    assert!(page.contains("action=\"/findings/chosen?exposure=internet\""), "{page}");
    let id = [("id", "package=pkg%3Anpm%2Fmoment"), ("do", "ask")];
    let form = server.send(&ada, "/findings/chosen?exposure=internet", &id);
    let ids = crate::harness::hidden(&form.text, "findings");
    let rows = server.open(&ada, "/api/v1/findings?exposure=internet").json()["rows"].clone();
    let mut own: Vec<i64> =
        rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    own.sort_unstable();
    let mut told: Vec<i64> = ids.split(',').map(|id| id.parse().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, own, "of the group, what is in the list");
    // The same out of the API: of everything.
    let own = [("cookie", ada.cookie.as_str()), crate::harness::JSON];
    let wanted = serde_json::json!({ "groups": [{ "package": "pkg:npm/moment" }],
        "kind": "not-affected", "reason": "x", "role": "engineering",
        "justification": "vulnerable_code_not_in_execute_path" });
    let asked =
        server.ask("POST", "/api/v1/decisions/several", &own, wanted.to_string().as_bytes());
    assert_eq!(asked.status, 201, "{asked:?}");
    let all = server.open(&ada, "/api/v1/findings").json()["rows"].as_array().unwrap().len();
    assert_eq!(asked.json()["rows"].as_array().unwrap().len(), all);
    for groups in [serde_json::json!([]), serde_json::json!([{ "fix": "1" }])] {
        let mut wrong = wanted.clone();
        wrong["groups"] = groups;
        let answer =
            server.ask("POST", "/api/v1/decisions/several", &own, wrong.to_string().as_bytes());
        assert_eq!(answer.status, 422, "{answer:?}");
    }
    let nonsense = [("id", "=%%%")];
    assert_eq!(server.send(&ada, "/findings/chosen", &nonsense).status, 422);
}

#[test]
fn what_is_empty_in_a_group_is_not_everything() {
    let (server, org, ada) = two_systems();
    let wanted = |groups: serde_json::Value| {
        serde_json::json!({ "groups": groups, "kind": "not-affected", "reason": "x",
            "role": "engineering", "justification": "vulnerable_code_not_in_execute_path" })
    };
    let ask = |who: &crate::harness::Someone, groups: serde_json::Value| {
        let own = [("cookie", who.cookie.as_str()), crate::harness::JSON];
        let body = wanted(groups).to_string();
        server.ask("POST", "/api/v1/decisions/several", &own, body.as_bytes())
    };
    let moment = "pkg:npm/moment";
    for group in [
        serde_json::json!({ "package": "" }),
        serde_json::json!({ "vulnerability": " " }),
        serde_json::json!({ "package": moment, "fix": "" }),
        serde_json::json!({ "package": moment, "fixx": "2.0.0" }),
        serde_json::json!({ "fix": "2.29.4" }),
    ] {
        let answer = ask(&ada, serde_json::json!([group]));
        assert_eq!(answer.status, 422, "{group}: {answer:?}");
    }
    for id in
        ["package=", "vulnerability=%20", "package=pkg%3Anpm%2Fmoment&fix=", "package=x&fixx=1"]
    {
        let answer = server.send(&ada, "/findings/chosen", &[("id", id)]);
        assert_eq!(answer.status, 422, "{id}: {}", answer.text);
    }
    assert_eq!(server.open(&ada, "/api/v1/decisions").json()["rows"], serde_json::json!([]));

    // Who may ask in one system alone asks about what is there, and nowhere about the rest.
    let systems = server.open(&ada, "/api/v1/systems").json()["rows"].clone();
    let bank = systems.as_array().unwrap().iter().find(|s| s["name"] == "bank").unwrap();
    let bank = bank["id"].as_i64().unwrap();
    let grants =
        [(Role::Auditor, ScopeOf::Organisation), (Role::Engineering, ScopeOf::System(bank))];
    let bob = server.someone(org, "bob", &grants);
    let rows = server.open(&ada, "/api/v1/findings?limit=500").json()["rows"].clone();
    let of = |name: &str| {
        let rows = rows.as_array().unwrap().iter();
        let mut ids: Vec<i64> = rows
            .filter(|row| row["system"]["name"] == name)
            .map(|row| row["id"].as_i64().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    let shop = systems.as_array().unwrap().iter().find(|s| s["name"] == "shop").unwrap();
    let elsewhere = serde_json::json!([{ "package": moment, "system": shop["id"] }]);
    let none = ask(&bob, elsewhere);
    assert_eq!(none.status, 422);
    assert!(none.text.contains("about which you may ask"), "{}", none.text);
    // Each once, however many groups it is in.
    let vulnerability = rows[0]["vulnerability"].as_str().unwrap();
    let groups = serde_json::json!([{ "package": moment }, { "vulnerability": vulnerability }]);
    let asked = ask(&bob, groups);
    assert_eq!(asked.status, 201, "{asked:?}");
    let asked = asked.json()["rows"].clone();
    let told: Vec<i64> =
        asked.as_array().unwrap().iter().map(|row| row["finding"].as_i64().unwrap()).collect();
    assert_eq!(told, of("bank"));
    let auditor = server.someone(org, "aud", &[(Role::Auditor, ScopeOf::Organisation)]);
    assert_eq!(ask(&auditor, serde_json::json!([{ "package": moment }])).status, 403);
}
