//! Today by role: what needs whom, and that each number has its list.

use serde_json::json;
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, System, Team};

use crate::figures::{Figure, figures};
use crate::harness::{JSON, Server, Someone};

/// What *Today* tells a side, by the word of its list.
fn told(server: &Server, who: &Someone, side: &str) -> Vec<(String, String)> {
    let page = server.open(who, "/");
    assert_eq!(page.status, 200, "{}", page.text);
    let of = format!("side={side}");
    figures(&page.text)
        .into_iter()
        .filter(|f| f.href.starts_with("/today/") && f.href.ends_with(&of))
        .map(|Figure { value, href, .. }| {
            let word = href.trim_start_matches("/today/").split('?').next().unwrap().to_owned();
            (word, value)
        })
        .collect()
}

/// The number of a list, as the page tells it; the API tells the same, and lists as many.
fn number(server: &Server, who: &Someone, side: &str, list: &str) -> Option<String> {
    let shown = told(server, who, side).into_iter().find(|(word, _)| word == list);
    let shown = shown.map(|(_, value)| value);
    let all = server.open(who, "/api/v1/today").json();
    let sides = all["sides"].as_array().unwrap();
    let lists = sides.iter().filter(|of| of["side"] == side).flat_map(|of| of["lists"].as_array());
    let counted = lists.flatten().find(|one| one["list"] == list);
    assert_eq!(counted.map(|one| one["count"].to_string()), shown, "{side} {list}: {all}");
    let rows = server.open(who, &format!("/api/v1/today/{list}?side={side}"));
    match &shown {
        None => assert_eq!(rows.status, 404, "{side} {list}: {}", rows.text),
        Some(number) => {
            assert_eq!(rows.status, 200, "{side} {list}: {}", rows.text);
            let rows = rows.json();
            assert_eq!(rows["at_least"], false, "{rows}");
            assert_eq!(rows["rows"].as_array().unwrap().len().to_string(), *number, "{rows}");
        }
    }
    shown
}

fn deploy(server: &Server, who: &Someone, outcome: &str) {
    let said = json!({ "asset": "shop", "environment": "production", "outcome": outcome });
    let own = [("cookie", who.cookie.as_str()), JSON];
    let done = server.ask("POST", "/api/v1/deployments", &own, said.to_string().as_bytes());
    assert_eq!(done.status, 201, "{done:?}");
}

#[test]
fn each_side_sees_what_needs_it() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (shop, shop_team) = server.system(org, "shop");
    let (intranet, other_team) = server.system(org, "intranet");
    let all = |role| vec![(role, Organisation)];
    let eng = server.someone(org, "Eng", &all(Role::Engineering));
    let sam = server.someone(org, "Sam", &all(Role::Security));
    let pia = server.someone(org, "Pia", &all(Role::Product));
    let leo = server.someone(org, "Leo", &all(Role::Leadership));
    let ops = server.someone(org, "Ops", &all(Role::Operations));
    let aud = server.someone(org, "Aud", &all(Role::Auditor));
    let small = server.someone(org, "Small", &[(Role::Operations, Team(other_team))]);
    let one = server.someone(
        org,
        "One",
        &[(Role::Product, System(intranet)), (Role::Engineering, Team(shop_team))],
    );
    let finding = server.upload(&eng, "shop", "shop");
    server.settle(org);

    // Engineering: nothing is scheduled, so that every finding that counts wants a choice.
    let count = server.open(&eng, "/api/v1/findings?counts=true&state=open").json();
    let open = count["rows"].as_array().unwrap().len().to_string();
    assert_ne!(open, "0");
    assert_eq!(number(&server, &eng, "engineering", "choices"), Some(open.clone()));
    assert_eq!(number(&server, &eng, "engineering", "changes"), Some("0".into()));
    assert_eq!(number(&server, &one, "engineering", "choices"), Some(open.clone()));
    // Nobody said how much the shop matters: all that is new is above its line.
    assert_eq!(number(&server, &sam, "security", "new"), Some(open));
    assert_eq!(number(&server, &sam, "security", "unweighed"), Some("0".into()));
    // Product: neither system has a tier; who is of one sees that alone.
    assert_eq!(number(&server, &pia, "product", "tiers"), Some("2".into()));
    assert_eq!(number(&server, &one, "product", "tiers"), Some("1".into()));
    // What a push named alone belongs to nobody: no plan, digest or alarm would ever tell of it.
    assert_eq!(number(&server, &sam, "security", "owners"), Some("0".into()));
    let archive = trimtab_store::System { name: "archive".to_owned(), ..Default::default() };
    let done = app.store.put_system(org, &archive, "trimtab", jiff::Timestamp::now());
    server.runtime.block_on(done).unwrap();
    for (who, side) in [(&sam, "security"), (&pia, "product"), (&ops, "operations")] {
        assert_eq!(number(&server, who, side, "owners"), Some("1".into()), "{side}");
    }
    assert_eq!(number(&server, &one, "product", "owners"), Some("0".into()), "not theirs to see");
    let owners = server.open(&sam, "/today/owners?side=security").text;
    assert!(owners.contains(">archive</a>"), "{owners}");
    // What a side has not is not there, nor is what is of the whole organisation.
    assert_eq!(told(&server, &pia, "security"), []);
    assert_eq!(told(&server, &aud, "auditor"), []);
    assert_eq!(number(&server, &one, "product", "charters"), None);
    assert_eq!(number(&server, &small, "operations", "jobs"), None);
    assert_eq!(number(&server, &ops, "operations", "jobs"), Some("0".into()));
    assert_eq!(
        number(&server, &ops, "operations", "upkeep").as_deref().map(|n| n != "0"),
        Some(true)
    );
    let upkeep = server.open(&ops, "/today/upkeep?side=operations").text;
    assert!(upkeep.contains("No backup of this store is known"), "{upkeep}");
    for (who, path) in [
        (&small, "/today/jobs?side=operations"),
        (&small, "/today/choices?side=engineering"),
        (&ops, "/today/choices?side=operations"),
        (&ops, "/today/rollouts"),
        (&ops, "/today/nothing?side=operations"),
    ] {
        assert_eq!(server.open(who, path).status, 404, "{path}");
    }

    // A decision: it waits for who may agree to it by the charter, and not for who asked.
    let level = server.open(&eng, &format!("/api/v1/findings/{finding}")).json();
    let level = level["level"].as_str().unwrap().to_owned();
    let wanted = json!({ "finding": finding, "kind": "exception", "reason": "The season",
        "control": "The edge filters it", "role": "security", "days": 5 });
    let own = [("cookie", sam.cookie.as_str()), JSON];
    let asked = server.ask("POST", "/api/v1/decisions", &own, wanted.to_string().as_bytes());
    assert_eq!(asked.status, 201, "{asked:?}");
    let wanted = wanted.to_string().replace("\"security\"", "\"engineering\"");
    let own = [("cookie", eng.cookie.as_str()), JSON];
    let asked = server.ask("POST", "/api/v1/decisions", &own, wanted.as_bytes());
    assert_eq!(asked.status, 201, "{asked:?}");
    // By the framework's charter.
    let may = |role: &str| match level.as_str() {
        "critical" => ["security", "leadership"].contains(&role),
        "high" => role == "security",
        _ => ["security", "product"].contains(&role),
    };
    for (who, side, others) in
        [(&sam, "security", "1"), (&pia, "product", "2"), (&leo, "leadership", "2")]
    {
        let expected = if may(side) { others } else { "0" };
        assert_eq!(
            number(&server, who, side, "answers").as_deref(),
            Some(expected),
            "{side} {level}"
        );
        let page = server.open(who, "/").text;
        let mine = figures(&page).into_iter().find(|f| f.href == "/today/answers").unwrap();
        assert_eq!(mine.value, expected, "{side} {level}");
        let list = server.open(who, "/today/answers").text;
        assert_eq!(list.matches("/exceptions/").count().to_string(), expected, "{list}");
    }

    // Charters: who has not agreed yet.
    let text = "format = 1\npreset = \"swift\"\nname = \"Ours\"\nversion = \"7\"\n";
    let proposed = json!({ "text": text }).to_string();
    let own = [("cookie", sam.cookie.as_str()), JSON];
    let charter = server.ask("POST", "/api/v1/charters", &own, proposed.as_bytes()).json();
    let charter = charter["id"].as_i64().unwrap();
    for (who, side) in
        [(&sam, "security"), (&eng, "engineering"), (&pia, "product"), (&ops, "operations")]
    {
        assert_eq!(number(&server, who, side, "charters"), Some("1".into()), "{side}");
    }
    let agree = json!({ "side": "product" }).to_string();
    let own = [("cookie", pia.cookie.as_str()), JSON];
    let path = format!("/api/v1/charters/{charter}/agree");
    assert_eq!(server.ask("POST", &path, &own, agree.as_bytes()).status, 200);
    assert_eq!(number(&server, &pia, "product", "charters"), Some("0".into()));
    assert_eq!(number(&server, &sam, "security", "charters"), Some("1".into()));

    // Operations: what went wrong, until something else is told there; what waits to be deployed.
    deploy(&server, &ops, "ok");
    assert_eq!(number(&server, &ops, "operations", "broken"), Some("0".into()));
    deploy(&server, &ops, "failed");
    assert_eq!(number(&server, &ops, "operations", "broken"), Some("1".into()));
    assert_eq!(number(&server, &small, "operations", "broken"), Some("0".into()));
    let list = server.open(&ops, "/today/broken?side=operations").text;
    assert!(list.contains("production") && list.contains("failed"), "{list}");
    deploy(&server, &ops, "ok");
    assert_eq!(number(&server, &ops, "operations", "broken"), Some("0".into()));
    assert_eq!(number(&server, &ops, "operations", "rollouts"), Some("0".into()));
    let without = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1" }] });
    let path = "/api/v1/snapshots?asset=shop&system=shop&wait=60";
    let own = [("cookie", eng.cookie.as_str())];
    let pushed = server.ask("POST", path, &own, without.to_string().as_bytes());
    assert_eq!(pushed.status, 201, "{pushed:?}");
    assert_eq!(number(&server, &ops, "operations", "rollouts"), Some("1".into()));
    assert_eq!(number(&server, &small, "operations", "rollouts"), Some("0".into()));
    deploy(&server, &ops, "ok");
    assert_eq!(number(&server, &ops, "operations", "rollouts"), Some("0".into()));

    // Somebody of another organisation sees nothing of it.
    let rivals = server.runtime.block_on(app.store.add_organisation("R", jiff::Timestamp::now()));
    let eve: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let eve = server.someone(rivals.unwrap(), "Eve", &eve);
    for side in ["security", "engineering", "product", "operations", "leadership"] {
        let none = told(&server, &eve, side);
        assert!(none.iter().all(|(list, n)| n == "0" || list == "upkeep"), "{side}: {none:?}");
    }
    assert!(shop > 0);
}

#[test]
fn leads_of_a_team_see_that_its_tracker_stands_still_and_that_nobody_is_on_duty() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "shop");
    let (_, other) = server.system(org, "intranet");
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Team(team))]);
    let pia = server.someone(org, "Pia", &[(Role::Product, Team(team))]);
    let oto = server.someone(org, "Oto", &[(Role::Engineering, Team(other))]);
    let ada = server.someone(org, "Ada", &[(Role::Admin, Organisation)]);
    let bob = server.someone(org, "Bob", &[(Role::Engineering, Team(team))]);
    let now = jiff::Timestamp::now();
    let since = now - jiff::SignedDuration::from_hours(3);
    // Without a token nobody looks at it: what is noted of it stays.
    let tracker = trimtab_store::NewTracker {
        team,
        software: "gitea".into(),
        address: "https://git.example/api/v1".into(),
        project: "o/r".into(),
        settings: json!({}),
        components: json!({}),
        open_limit: 3,
        private: false,
        token: Vec::new(),
        secret: Vec::new(),
        handle: "handle".into(),
        person: lea.id,
        home: String::new(),
    };
    let note = |trouble: &str| {
        let noted = app.store.note_tracker(org, team, None, (trouble, None), now);
        server.runtime.block_on(noted).unwrap();
    };
    server.runtime.block_on(app.store.put_tracker(org, &tracker, "person:1", since)).unwrap();
    for (who, side) in [(&lea, "engineering"), (&pia, "product"), (&ada, "admin")] {
        note("");
        assert_eq!(number(&server, who, side, "team-upkeep"), Some("0".into()), "{side}");
        note("the project was not found");
        assert_eq!(number(&server, who, side, "team-upkeep"), Some("1".into()), "{side}");
        let page = server.open(who, &format!("/today/team-upkeep?side={side}")).text;
        for words in ["closed: the project was not found.", &format!("/teams/{team}/tracker")] {
            assert!(page.contains(words), "{words}: {page}");
        }
        let list = server.open(who, &format!("/api/v1/today/team-upkeep?side={side}")).json();
        let row = &list["rows"][0];
        assert_eq!((&row["is"], &row["what"]), (&json!("team-upkeep"), &json!("tracker")));
        assert_eq!(row["team"]["id"], json!(team), "{row}");
        let told: jiff::Timestamp = row["since"].as_str().unwrap().parse().unwrap();
        assert_eq!(told.as_second(), since.as_second(), "{row}");
    }
    assert_eq!(number(&server, &oto, "engineering", "team-upkeep"), Some("0".into()), "not theirs");
    note("");
    // Everybody who is named for what is now has left.
    let wishes = json!({ "circles": [[bob.id], [], []] });
    server.runtime.block_on(async {
        app.store.put_wishes(org, team, (&wishes, None), "person:1", now).await.unwrap();
        app.store.set_disabled(org, bob.id, true, "person:1", now).await.unwrap();
    });
    let page = server.open(&lea, "/today/team-upkeep?side=engineering").text;
    assert!(page.contains("name somebody else") && page.contains(&format!("/teams/{team}/rota")));
    assert_eq!(number(&server, &oto, "engineering", "team-upkeep"), Some("0".into()), "not theirs");
    assert_eq!(number(&server, &ada, "admin", "team-upkeep"), Some("1".into()));
}

#[test]
fn a_token_sees_as_far_as_it_reaches() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (shop, shop_team) = server.system(org, "shop");
    let (intranet, other_team) = server.system(org, "intranet");
    let every: Vec<_> = Role::ALL.iter().map(|role| (*role, Organisation)).collect();
    let lea = server.someone(org, "Lea", &every);
    let sub = [(Role::Product, Team(shop_team)), (Role::Engineering, System(intranet))];
    let sub = server.someone(org, "Sub", &sub);
    server.upload(&lea, "quay", "shop");
    server.settle(org);
    let token = |who: &Someone, scope: trimtab_store::ScopeOf, name: &str| {
        let now = jiff::Timestamp::now();
        let new = trimtab_store::NewToken {
            name: name.to_owned(),
            person: who.id,
            actions: ["view", "answer", "agree", "audit"].map(ToOwned::to_owned).to_vec(),
            scope,
            expires: now + jiff::SignedDuration::from_hours(1),
        };
        let digest = crate::harness::digest(name);
        server.runtime.block_on(app.store.add_token(org, &new, &digest, "trimtab", now)).unwrap();
        crate::harness::bearer(name)
    };
    let open = |token: &str, path: &str| server.ask("GET", path, &[("authorization", token)], b"");
    let count = |token: &str, list: &str| -> Option<i64> {
        let answer = open(token, &format!("/api/v1/today/{list}"));
        let page = open(token, &format!("/today/{list}"));
        assert_eq!(answer.status, page.status, "{list}: {} {}", answer.text, page.text);
        match answer.status {
            200 => answer.json()["count"].as_i64(),
            status => {
                assert_eq!(status, 404, "{list}: {}", answer.text);
                None
            }
        }
    };
    let whole = token(&lea, Organisation, "whole");
    let choices = count(&whole, "choices?side=engineering").unwrap();
    assert!(choices > 0);
    assert_eq!(count(&whole, "tiers?side=product"), Some(2));
    assert_eq!(count(&whole, "jobs?side=operations"), Some(0));
    for (name, scope, seen, tiers) in [
        ("team", Team(shop_team), choices, 1),
        ("system", System(shop), choices, 1),
        ("other team", Team(other_team), 0, 1),
        ("other system", System(intranet), 0, 1),
    ] {
        let token = token(&lea, scope, name);
        assert_eq!(count(&token, "choices?side=engineering"), Some(seen), "{name}");
        assert_eq!(count(&token, "tiers?side=product"), Some(tiers), "{name}");
        // What is of the whole organisation is not there.
        for list in ["jobs?side=operations", "upkeep?side=admin", "charters?side=security"] {
            assert_eq!(count(&token, list), None, "{name} {list}");
        }
        assert_eq!(open(&token, "/api/v1/ledger").status, 403, "{name}");
        let today = open(&token, "/").text;
        assert_eq!(today.contains("quay"), seen > 0, "{name}: {today}");
        let assets = open(&token, "/api/v1/assets").text;
        assert_eq!(assets.contains("quay"), seen > 0, "{name}: {assets}");
    }
    // And never farther than who made it.
    let near = token(&sub, Team(shop_team), "near");
    assert_eq!(count(&near, "tiers?side=product"), Some(1));
    assert_eq!(count(&near, "choices?side=engineering"), None, "that role is of another system");
    let nowhere = token(&sub, Team(other_team), "nowhere");
    assert_eq!(count(&nowhere, "tiers?side=product"), None, "that role is of another team");
    assert_eq!(count(&nowhere, "choices?side=engineering"), Some(0));
    let one = token(&sub, System(shop), "one");
    assert_eq!(count(&one, "tiers?side=product"), Some(1));
}
