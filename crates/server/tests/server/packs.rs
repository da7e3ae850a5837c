//! Delivery beside updates, packs of a month and a quarter, and reviews in a calendar.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use trimtab_advisories::{Sources, index};
use trimtab_model::Role;
use trimtab_store::ScopeOf::Organisation;
use trimtab_testkit::browser::{Browser, rules};

use crate::harness::{JSON, Server, Someone, bearer};
use crate::refresh::{pushed, record};
use crate::updates::{World, begun, evidence};

/// Operations, who tell what was deployed; and every side of all, who hold reviews.
fn people(world: &World) -> (Someone, Someone) {
    let (server, org) = (&world.server, world.server.org());
    let ops = server.someone(org, "Op", &[(Role::Operations, Organisation)]);
    let every = [Role::Security, Role::Engineering, Role::Product, Role::Auditor];
    (ops, server.someone(org, "Eve", &every.map(|role| (role, Organisation))))
}

fn deploy(world: &World, ops: &Someone, outcome: &str) {
    let said = json!({ "asset": "shop", "environment": "production", "outcome": outcome });
    let done = world.push(ops, "/api/v1/deployments", &said);
    assert_eq!(done.0, 201, "{done:?}");
}

fn get(world: &World, who: &Someone, path: &str) -> Value {
    let answer = world.server.open(who, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.json()
}

#[test]
fn deployments_with_updates_stand_beside_all_of_them() {
    let world = begun();
    let (ops, _) = people(&world);
    deploy(&world, &ops, "ok");
    let mut batch = evidence("2.24.0", "2.30.1", &world.names[0]);
    batch["now"] = json!(jiff::Timestamp::now().to_string());
    let (status, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
    assert_eq!(status, 201, "{taken}");
    let id = taken["update"].as_i64().unwrap();
    world.build("2.30.1");
    // That it is merged is seen with the next plan.
    world.pace();
    world.replan();
    let told = || get(&world, &world.ann, "/api/v1/metrics?days=28")["delivery"].clone();
    let before = told();
    assert_eq!(
        (&before["all"]["deployments"], &before["with_updates"]["deployments"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(before["all"]["failed"], Value::Null, "nobody ever told of a failure: {before:#}");
    assert_eq!(before["all"]["change_failure_rate"], Value::Null);
    deploy(&world, &ops, "failed");
    deploy(&world, &ops, "ok");
    // The same again is no change.
    deploy(&world, &ops, "ok");
    let is = told();
    let (ours, all) = (&is["with_updates"], &is["all"]);
    assert_eq!((&all["deployments"], &all["failed"]), (&json!(3), &json!(1)), "{is:#}");
    // Of a time before that it stays unknown whether a failure would have been told.
    let day = |ago: i64| {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * ago);
        at.strftime("%Y-%m-%d").to_string()
    };
    let past = format!("/api/v1/metrics?from={}&to={}", day(60), day(30));
    let past = get(&world, &world.ann, &past)["delivery"]["all"].clone();
    assert_eq!((&past["deployments"], &past["failed"]), (&json!(0), &Value::Null), "{past:#}");
    // The attempt that failed had the update as well as the one that went well.
    assert_eq!((&ours["deployments"], &ours["failed"]), (&json!(2), &json!(1)), "{is:#}");
    assert_eq!((&ours["change_failure_rate"], &ours["few"]), (&json!(0.5), &json!(true)));
    assert_eq!((&ours["time_to_restore"]["count"], &ours["not_restored"]), (&json!(1), &json!(0)));
    assert_eq!(all["lead_time"]["count"], json!(2));
    // Each number opens its list.
    let list = |of: &str| get(&world, &world.ann, &format!("/api/v1/metrics/list?of={of}&days=28"));
    for (of, count) in [
        ("deployments", 3),
        ("deployments-failed", 1),
        ("updates-deployed", 2),
        ("updates-failed", 1),
    ] {
        let list = list(of);
        assert_eq!(
            (&list["total"], list["rows"].as_array().unwrap().len()),
            (&json!(count), count)
        );
    }
    let rows = list("updates-deployed")["rows"].clone();
    assert_eq!(
        (&rows[0]["updates"], &rows[0]["failed"]),
        (&json!([id]), &json!(false)),
        "{rows:#}"
    );
    let first = world.server.open(&world.ann, "/api/v1/metrics/list?of=deployments&limit=2").json();
    let next = first["next"].as_str().unwrap();
    let path = format!("/api/v1/metrics/list?of=deployments&limit=2&after={next}");
    assert_eq!(get(&world, &world.ann, &path)["rows"].as_array().unwrap().len(), 1);
    let page = world.server.open(&world.ann, "/metrics?days=28").text;
    for words in ["Delivery: with updates, and all", "Change failure rate", "1 of 2 (few)"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = world.server.open(&world.ann, "/metrics/list?of=updates-failed&days=28").text;
    assert!(page.contains("1 deployment.") && page.contains("failed, restored after"), "{page}");
    let csv = world.server.open(&world.ann, "/metrics.csv?chart=delivery&days=28").text;
    assert!(csv.contains("\"failed, share\",0.5,0.333,"), "{csv}");
}

#[test]
fn what_ran_before_a_charter_made_it_production_is_no_change() {
    let world = begun();
    let (ops, _) = people(&world);
    let deploys = |outcome: &str| {
        let said = json!({ "asset": "shop", "environment": "staging", "outcome": outcome });
        let done = world.push(&ops, "/api/v1/deployments", &said);
        assert_eq!(done.0, 201, "{done:?}");
    };
    let told = || {
        let all = get(&world, &world.ann, "/api/v1/metrics?days=28")["delivery"]["all"].clone();
        (all["deployments"].clone(), all["failed"].clone())
    };
    deploys("ok");
    assert_eq!(told(), (json!(0), Value::Null));
    let (app, org, lea) = (world.server.app(), world.server.org(), world.lea.id);
    let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\nversion = \"7\"\n\n\
        [[environment]]\nname = \"staging\"\nproduction = true\n";
    world.server.runtime.block_on(async {
        let now = app.now();
        let id = app.store.propose_charter(org, text, lea, "person:1", now).await.unwrap();
        for side in [Role::Security, Role::Engineering, Role::Product, Role::Operations] {
            let agreed = app.store.agree(org, id, (side, lea), &Value::Null, "person:1", now);
            agreed.await.unwrap();
        }
    });
    // The same again is no change, and where it fails the one that brought it did, which was to no production.
    deploys("ok");
    assert_eq!(told(), (json!(0), Value::Null));
    deploys("failed");
    assert_eq!(told(), (json!(0), json!(0)));
    world.build("2.30.1");
    deploys("ok");
    assert_eq!(told(), (json!(1), json!(0)));
}

#[test]
fn a_month_is_kept_and_the_next_says_what_came_and_went() {
    let world = begun();
    let (_, eve) = people(&world);
    let (server, team) = (&world.server, world.team);
    let new = json!({ "kind": "monthly", "team": team, "minutes": 45 });
    let begin = || {
        let (status, made) = world.push(&eve, "/api/v1/reviews", &new);
        assert_eq!(status, 201, "{made}");
        made["id"].as_i64().unwrap()
    };
    let open = |id: i64| {
        let done = world.push(&eve, &format!("/api/v1/reviews/{id}"), &json!({ "do": "open" }));
        assert_eq!(done.0, 200, "{done:?}");
        get(&world, &eve, &format!("/api/v1/reviews/{id}"))
    };
    let number = |of: &Value, name: &str| {
        let all = of["pack"]["numbers"].as_array().unwrap();
        let one = all.iter().find(|one| one["name"] == name);
        one.unwrap_or_else(|| panic!("{name}: {of:#}"))["value"].clone()
    };
    let topics = |of: &Value, part: &str| -> Vec<String> {
        let parts = of["pack"]["parts"].as_array().unwrap();
        let part = parts.iter().find(|one| one["part"] == part).unwrap();
        let all = part["topics"].as_array().unwrap();
        all.iter().map(|topic| topic["key"].as_str().unwrap().to_owned()).collect()
    };
    let id = begin();
    let first = open(id);
    assert_eq!(number(&first, "packages added"), Value::Null, "there was no month before");
    let packages = number(&first, "packages").as_f64().unwrap();
    assert!(
        packages >= 1.0 && topics(&first, "relied-on").iter().any(|key| key.contains("moment"))
    );
    assert!(topics(&first, "concentration").contains(&"concentration:pkg:npm/moment".to_owned()));
    let minutes: i64 = first["pack"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["minutes"].as_i64().unwrap())
        .sum();
    assert_eq!(minutes + first["pack"]["end"].as_i64().unwrap(), 45);
    // Another licence, a package that came; what was opened stays as it was.
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [
            { "type": "library", "name": "fresh", "version": "1.0.0", "purl": "pkg:npm/fresh@1.0.0",
              "licenses": [{ "license": { "id": "BUSL-1.1" } }] },
            { "type": "library", "name": "loose", "purl": "pkg:npm/loose" }] });
    let path = "/api/v1/snapshots?asset=shop&system=shop&wait=50";
    assert!(matches!(world.push(&world.lea, path, &document).0, 200 | 201));
    assert_eq!(get(&world, &eve, &format!("/api/v1/reviews/{id}"))["pack"], first["pack"]);
    let second = open(begin());
    assert_eq!(topics(&second, "added"), ["added:pkg:npm/fresh", "added:pkg:npm/loose"]);
    assert!(topics(&second, "removed").contains(&"removed:pkg:npm/moment".to_owned()));
    assert_eq!(topics(&second, "licences"), ["licence:BUSL-1.1"]);
    assert_eq!(topics(&second, "unmanaged"), ["unmanaged:pkg:npm/loose"]);
    assert_eq!(number(&second, "packages added"), json!(2.0));
    let before = second["before_numbers"].as_array().unwrap();
    let before = before.iter().find(|one| one["name"] == "packages").unwrap();
    assert_eq!(before["value"], json!(packages));
    // A weekly review of the same is another one.
    let weekly = world.push(&eve, "/api/v1/reviews", &json!({ "team": team })).1;
    let weekly = get(&world, &eve, &format!("/api/v1/reviews/{}", weekly["id"]));
    assert_eq!((&weekly["kind"], &weekly["before"]), (&json!("weekly"), &Value::Null));
    assert_eq!(weekly["pack"]["charts"][0]["title"], "Load");
    let wrong = json!({ "kind": "yearly", "team": team });
    assert_eq!(world.push(&eve, "/api/v1/reviews", &wrong).0, 422);
    let id = second["id"].as_i64().unwrap();
    let file = |format: &str| {
        let answer = server.open(&eve, &format!("/api/v1/reviews/{id}/minutes?as={format}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.text
    };
    let told = file("md");
    for words in
        ["# Monthly supply-chain health of", "packages added", "Licence BUSL-1.1", "Change"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    let told = file("html");
    assert!(told.contains("Dependencies added") && told.contains("<table>"), "{told}");
    let page = server.open(&eve, &format!("/reviews/{id}")).text;
    for words in ["Monthly supply-chain health of shop", "Licence drift", "As a table"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    // Who sees the team's calendar has it there.
    let made = world.push(&eve, &format!("/api/v1/teams/{team}/calendar"), &json!({}));
    assert_eq!(made.0, 201, "{made:?}");
    let address = made.1["address"].as_str().unwrap().trim_start_matches("http://127.0.0.1");
    let feed = server.ask("GET", address, &[], b"").text.replace("\r\n ", "");
    assert!(feed.contains("SUMMARY:Monthly supply-chain health of shop"), "{feed}");
    assert_eq!(feed.matches("CATEGORIES:review").count(), 3, "{feed}");
}

#[test]
fn a_pack_that_is_prepared_is_made_anew_when_something_changed_and_not_on_each_look() {
    let world = begun();
    let (ops, eve) = people(&world);
    let server = &world.server;
    let (app, org) = (server.app(), server.org());
    let new = json!({ "kind": "quarterly", "team": world.team, "minutes": 45 });
    let (status, made) = world.push(&eve, "/api/v1/reviews", &new);
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_i64().unwrap();
    let kept = || server.runtime.block_on(app.store.prepared_pack(org, id)).unwrap();
    assert_eq!(kept(), None);
    let look = || get(&world, &eve, &format!("/api/v1/reviews/{id}"))["pack"].clone();
    let first = look();
    let is = kept().unwrap();
    assert_eq!(is.pack["at"], first["at"]);
    assert_eq!((look()["at"].clone(), kept()), (first["at"].clone(), Some(is.clone())));
    assert!(server.open(&eve, &format!("/reviews/{id}")).text.contains("Open the review"));
    assert_eq!(kept(), Some(is.clone()), "neither by its page");
    // What is told of accounts and their wishes is no part of it.
    let wish = app.store.set_unshown(org, eve.id, true, "person:1", jiff::Timestamp::now());
    assert!(server.runtime.block_on(wish).unwrap());
    assert_eq!((look()["at"].clone(), kept().unwrap().made), (first["at"].clone(), is.made));
    // What is told of its systems has it made anew.
    deploy(&world, &ops, "ok");
    assert_ne!(look()["at"], first["at"]);
    assert_ne!(kept().unwrap().mark, is.mark);
    // When it is opened, what it shows stands with it. A week's agenda is not kept.
    let (status, opened) =
        world.push(&eve, &format!("/api/v1/reviews/{id}"), &json!({ "do": "open" }));
    assert_eq!(status, 200, "{opened}");
    assert_eq!(kept(), None);
    let weekly = json!({ "kind": "weekly", "team": world.team });
    let id = world.push(&eve, "/api/v1/reviews", &weekly).1["id"].as_i64().unwrap();
    get(&world, &eve, &format!("/api/v1/reviews/{id}"));
    assert_eq!(server.runtime.block_on(app.store.prepared_pack(org, id)).unwrap(), None);
}

#[test]
fn a_quarter_tells_what_is_known_and_what_is_not() {
    let world = begun();
    let (_, eve) = people(&world);
    for (title, more) in [("nearly", "near_miss"), ("played", "drill"), ("real", "")] {
        let mut body = json!({ "title": title, "looked_for": "pkg:npm/moment" });
        if !more.is_empty() {
            body[more] = json!(true);
        }
        assert_eq!(world.push(&world.lea, "/api/v1/incidents", &body).0, 201, "{title}");
    }
    let (status, made) = world.push(&eve, "/api/v1/reviews", &json!({ "kind": "quarterly" }));
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_i64().unwrap();
    let is = get(&world, &eve, &format!("/api/v1/reviews/{id}"));
    let parts = is["pack"]["parts"].as_array().unwrap();
    let words: Vec<&str> = parts.iter().map(|part| part["part"].as_str().unwrap()).collect();
    let wanted =
        ["follow-through", "exploited", "nearly", "attacks", "near-misses", "speed", "watch"];
    assert_eq!(words, wanted);
    let numbers = is["pack"]["numbers"].as_array().unwrap();
    let of = |name: &str| numbers.iter().find(|one| one["name"] == name).unwrap()["value"].clone();
    assert_eq!(of("days to know, median"), Value::Null, "{is:#}");
    // What people noted needs no advisories, and incidents and drills are none.
    assert_eq!(
        (of("near misses"), parts[4]["topics"][0]["title"].clone()),
        (json!(1.0), json!("nearly")),
        "{is:#}"
    );
    assert!(parts[4]["about"].as_str().unwrap().contains("0 in the period before"), "{is:#}");
    // The catalogue of the tests ends before the quarter begins: nothing can be said of it.
    let exploited = &parts[1];
    assert!(exploited["about"].as_str().unwrap().contains("for this period"), "{is:#}");
    let unknown = exploited["more"] == json!(true);
    assert_eq!(of("exploited in the wild, and here") == Value::Null, unknown, "{is:#}");
    let page = world.server.open(&eve, &format!("/reviews/{id}")).text;
    assert!(page.contains("Quarterly threat briefing of the organisation"), "{page}");
    let list = world.server.open(&eve, "/reviews").text;
    assert!(list.contains("quarterly"), "{list}");
}

/// Puts an index of today in place: two exploited flaws, a malicious version of a name, and a name near to another.
fn index_of_today(folder: &Path) -> PathBuf {
    let now = jiff::Timestamp::now();
    let day = now.strftime("%Y-%m-%d").to_string();
    let malicious = |id: &str, package: &str| {
        json!({ "schema_version": "1.6.0", "id": id, "modified": now.to_string(),
            "published": now.to_string(), "summary": "Malware",
            "affected": [{ "package": { "ecosystem": "npm", "name": package },
                "versions": ["9.9.9"] }] })
    };
    let records = [
        record("CVE-2026-1", "left", "2.0.0", &now.to_string()),
        record("CVE-2026-2", "right", "0.5.0", &now.to_string()),
        malicious("MAL-2026-1", "middle"),
        malicious("MAL-2026-2", "chalkbaord"),
    ];
    let osv = folder.join("osv");
    std::fs::create_dir_all(&osv).unwrap();
    for (at, record) in records.iter().enumerate() {
        std::fs::write(osv.join(format!("{at}.json")), record.to_string()).unwrap();
    }
    let listed = ["CVE-2026-1", "CVE-2026-2"].map(|id| {
        json!({ "cveID": id, "dateAdded": day, "dueDate": day,
            "knownRansomwareCampaignUse": "Unknown" })
    });
    let kev = folder.join("kev.json");
    let catalogue = json!({ "catalogVersion": day.replace('-', "."), "dateReleased": now.to_string(),
        "count": 2, "vulnerabilities": listed });
    std::fs::write(&kev, catalogue.to_string()).unwrap();
    let target = folder.join("index.db");
    let sources = Sources { osv: vec![osv], kev: Some(kev), ..Sources::default() };
    index::build(&sources, &target, &mut ()).unwrap();
    target
}

#[test]
fn a_quarter_tells_what_was_exploited_and_what_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let index = index_of_today(folder.path());
    let own = tempfile::tempdir().unwrap();
    let store = own.path().join("store.sqlite").to_str().unwrap().to_owned();
    let server = Server::at(own, store, index);
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload"]));
    pushed(&server, &token, "one", &["left", "right", "middle", "chalkboard"]);
    let headers = [JSON, ("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
    let made = server.ask("POST", "/api/v1/reviews", &headers, b"{\"kind\":\"quarterly\"}");
    assert_eq!(made.status, 201, "{made:?}");
    let path = format!("/api/v1/reviews/{}", made.json()["id"]);
    let is = server.ask("GET", &path, &[("authorization", &token)], b"").json();
    let parts = is["pack"]["parts"].as_array().unwrap();
    let part = |name: &str| parts.iter().find(|one| one["part"] == name).unwrap();
    let first = |name: &str| part(name)["topics"][0].clone();
    assert_eq!(first("exploited")["key"], "vulnerability:CVE-2026-1", "{is:#}");
    assert_eq!(first("nearly")["key"], "vulnerability:CVE-2026-2", "{is:#}");
    assert!(first("nearly")["note"].as_str().unwrap().ends_with("not affected"), "{is:#}");
    let attacks = part("attacks")["topics"].as_array().unwrap();
    let keys: Vec<&str> = attacks.iter().map(|one| one["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["malicious:npm/middle", "malicious:npm/chalkbaord", "attacks:npm"]);
    let numbers = is["pack"]["numbers"].as_array().unwrap();
    for (name, value) in [
        ("exploited in the wild, and here", 1.0),
        ("exploited, and nearly here", 1.0),
        ("malicious packages published", 2.0),
        ("packages that are here with malicious versions published", 1.0),
        ("malicious packages with a name near to ours", 1.0),
        ("findings of it still here", 1.0),
    ] {
        let one = numbers.iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(one["value"], json!(value), "{name}: {is:#}");
    }
}

#[test]
fn a_card_is_shown_until_its_person_refuses() {
    let world = begun();
    let (ops, eve) = people(&world);
    let server = &world.server;
    deploy(&world, &ops, "ok");
    let mut batch = evidence("2.24.0", "2.30.1", &world.names[0]);
    batch["now"] = json!(jiff::Timestamp::now().to_string());
    assert_eq!(world.push(&world.lea, "/api/v1/updates?asset=shop", &batch).0, 201);
    world.build("2.30.1");
    deploy(&world, &ops, "ok");
    let path = format!("/api/v1/cards/{}", world.lea.id);
    let card = get(&world, &world.ann, &path);
    let number = |of: &Value, at: usize| of["numbers"][at]["now"].clone();
    assert_eq!((number(&card, 0), number(&card, 1)), (json!(1.0), json!(1.0)), "{card:#}");
    assert!(number(&card, 2).as_f64().unwrap() > 0.0, "it weighed something: {card:#}");
    let told = card["milestones"].as_array().unwrap();
    assert_eq!(told[0], "The first update came into production.");
    assert!(told[1].as_str().unwrap().ends_with("of what went: 1 kept."), "{card:#}");
    assert_eq!(card["hidden"], json!(false));
    // Somebody who carried out nothing has no card that others see, and an empty one for themselves.
    let other = format!("/api/v1/cards/{}", ops.id);
    assert_eq!(server.open(&world.ann, &other).status, 404);
    assert_eq!(number(&get(&world, &ops, &other), 0), json!(0.0));
    let notes = server.open(&world.ann, &format!("{path}?as=md")).text;
    assert!(notes.contains("moment to 2.30.1 in shop: removes"), "{notes}");
    let team = format!("/api/v1/teams/{}/card?as=notes", world.team);
    assert!(server.open(&world.ann, &team).text.contains("moment to 2.30.1"), "{team}");
    let wall = |who: &Someone| get(&world, who, "/api/v1/wall");
    let is = wall(&world.ann);
    assert_eq!(is["teams"][0]["is"]["name"], "shop", "{is:#}");
    // What nobody reported an update for is a team's work as well.
    let rest = &is["teams"][0]["numbers"][6];
    assert_eq!(rest["name"], "findings that went without a reported update", "{is:#}");
    assert!(rest["now"].is_number(), "{is:#}");
    assert!(is["people"][0]["numbers"][6].is_null(), "{is:#}");
    assert_eq!(
        (&is["people"][0]["is"]["name"], number(&is["people"][0], 0)),
        (&json!("Lea"), json!(1.0))
    );
    // It is hers alone to say who sees it.
    let page = format!("/cards/{}", world.lea.id);
    assert_eq!(server.send(&world.ann, &page, &[("shown", "no")]).status, 404);
    assert_eq!(server.send(&world.lea, &page, &[("shown", "no")]).status, 303);
    assert_eq!(
        (server.open(&world.ann, &path).status, server.open(&world.ann, &page).status),
        (404, 404)
    );
    assert_eq!(wall(&world.ann)["people"], json!([]));
    let own = wall(&world.lea);
    assert_eq!(
        (&own["people"][0]["hidden"], own["people"].as_array().unwrap().len()),
        (&json!(true), 1)
    );
    assert!(server.open(&world.lea, &page).text.contains("Only you see this card"));
    let set = |hidden: bool| {
        let body = json!({ "hidden": hidden }).to_string();
        let headers = [JSON, ("cookie", &*world.lea.cookie), ("x-csrf-token", &*world.lea.csrf)];
        server.ask("PUT", "/api/v1/cards", &headers, body.as_bytes()).status
    };
    assert_eq!((set(false), server.open(&world.ann, &path).status), (200, 200));
    let app = server.app();
    let told = server.runtime.block_on(app.store.ledger(server.org(), 0, 5000)).unwrap();
    let told = told.iter().filter(|one| one.data.contains("\"what\":\"card\""));
    assert_eq!(told.count(), 2, "each change once");
    // A token says it for nobody, and who has left can say it no longer.
    let token = bearer(&server.token(&eve.cookie, &["view"]));
    let headers = [JSON, ("authorization", token.as_str())];
    assert_eq!(server.ask("PUT", "/api/v1/cards", &headers, b"{\"hidden\":true}").status, 403);
    let now = jiff::Timestamp::now();
    let left = app.store.set_disabled(server.org(), world.lea.id, true, "person:1", now);
    server.runtime.block_on(left).unwrap();
    assert_eq!(server.open(&world.ann, &path).status, 404);
    assert_eq!(wall(&world.ann)["people"], json!([]));
}

#[test]
fn packs_and_delivery_are_looked_at_in_a_browser() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let world = begun();
    let (ops, eve) = people(&world);
    deploy(&world, &ops, "ok");
    deploy(&world, &ops, "failed");
    let page = browser.page();
    let (name, value) = eve.cookie.split_once('=').unwrap();
    let cookie = json!({ "name": name, "value": value, "url": world.server.base });
    assert_eq!(page.call("Network.setCookie", &cookie)["success"], true);
    let prepared = |kind: &str| {
        let made = world.push(&eve, "/api/v1/reviews", &json!({ "kind": kind }));
        format!("/reviews/{}", made.1["id"])
    };
    for (what, path) in [
        ("monthly", prepared("monthly")),
        ("quarterly", prepared("quarterly")),
        ("metrics", "/metrics?days=28".to_owned()),
        ("deployments", "/metrics/list?of=deployments&days=28".to_owned()),
        ("card", format!("/cards/{}", eve.id)),
        ("wall", "/wall".to_owned()),
    ] {
        page.size(1440, 900);
        page.open(&format!("{}{path}", world.server.base));
        let faults = rules::looked(&page, &axe, &format!("pack-{what}"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
