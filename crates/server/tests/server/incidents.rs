//! Incidents and drills, who answers for what, and what there is to learn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};
use trimtab_testkit::browser::{Browser, rules};

use crate::harness::{JSON, Server, Someone};
use crate::updates::{World, begun};

pub(crate) fn ask(
    server: &Server,
    who: &Someone,
    method: &str,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let own = [("cookie", who.cookie.as_str()), JSON];
    let answer = server.ask(method, path, &own, body.to_string().as_bytes());
    (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
}

/// Everybody who is needed: who leads, who is of the team, who is of another.
pub(crate) struct People {
    pub(crate) sia: Someone,
    pub(crate) tom: Someone,
    pub(crate) eva: Someone,
}

pub(crate) fn people(world: &World) -> People {
    let org = world.server.org();
    let (_, elsewhere) = world.server.system(org, "desk");
    let every = [Role::Security, Role::Engineering, Role::Product, Role::Operations];
    let of = |scope| every.map(|role| (role, scope));
    People {
        sia: world.server.someone(org, "Sia", &of(Organisation)),
        tom: world.server.someone(org, "Tam", &of(Team(world.team))),
        eva: world.server.someone(org, "Eva", &of(Team(elsewhere))),
    }
}

/// Looks where incidents are, as the job does every minute.
fn look(world: &World) {
    let app = world.server.app();
    let (org, now) = (world.server.org(), Timestamp::now());
    let job = trimtab_store::NewJob {
        org,
        kind: "look-at-incidents".to_owned(),
        name: format!("test {now}"),
        payload: json!({}),
        priority: trimtab_store::Priority::Waited,
        run_at: now,
    };
    world.server.runtime.block_on(app.store.add_job(&job, now)).unwrap();
    world.server.settle(org);
}

/// What a script that knows nothing of this program makes of the ledger alone: seconds from touched to each word, by
/// team.
fn from_the_ledger(world: &World, who: &Someone, id: i64) -> BTreeMap<i64, BTreeMap<String, i64>> {
    let rows = world.server.open(who, "/api/v1/ledger?limit=5000").json()["rows"].clone();
    let mut touched: BTreeMap<i64, Timestamp> = BTreeMap::new();
    let mut took: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        let data: Value = serde_json::from_str(row["data"].as_str().unwrap()).unwrap();
        if data["what"] != "incident" || data["incident"] != id || data["team"].is_null() {
            continue;
        }
        let at = Timestamp::from_microsecond(row["at"].as_i64().unwrap()).unwrap();
        let (team, word) = (data["team"].as_i64().unwrap(), data["event"].as_str().unwrap());
        if word == "touched" {
            touched.insert(team, at);
        } else if let Some(begun) = touched.get(&team) {
            let seconds = at.duration_since(*begun).as_secs();
            took.entry(team).or_default().entry(word.to_owned()).or_insert(seconds);
        }
    }
    took
}

#[test]
fn an_incident_from_the_first_word_to_what_was_learnt() {
    let world = begun();
    let server = &world.server;
    let People { sia, tom, eva } = people(&world);
    let audit = server.someone(server.org(), "Aud", &[(Role::Auditor, Organisation)]);

    // What cannot be understood opens nothing.
    for (wrong, told) in [
        (json!({ "title": "x", "looked_for": "moment" }), "`looked_for`"),
        (json!({ "title": "x", "looked_for": "log4j-core" }), "`looked_for`"),
        (json!({ "title": "x", "looked_for": "pkg:left-pad" }), "`looked_for`"),
        (json!({ "title": "", "looked_for": "pkg:npm/moment" }), "`title`"),
        (json!({ "title": "x", "looked_for": "pkg:npm/moment", "versions": "<<" }), "version"),
        (
            json!({ "title": "x", "looked_for": "pkg:npm/moment", "published": "2999-01-01T00:00:00Z" }),
            "future",
        ),
        (json!({ "title": "x", "looked_for": "pkg:npm/moment", "past": "xz" }), "drill"),
        (json!({ "title": "x", "drill": true, "past": "none" }), "`past`"),
        (json!({ "title": "x", "looked_for": "pkg:npm/moment", "speed": 0 }), "`speed`"),
        (json!(["x"]), ""),
    ] {
        let (status, answer) = ask(server, &sia, "POST", "/api/v1/incidents", &wrong);
        assert_eq!(status, 422, "{wrong}: {answer}");
        assert!(answer["detail"].as_str().unwrap().contains(told), "{wrong}: {answer}");
    }
    let (status, _) = ask(
        server,
        &tom,
        "POST",
        "/api/v1/incidents",
        &json!({ "title": "x", "looked_for": "pkg:npm/moment" }),
    );
    assert_eq!(status, 403, "who is of one team does not lead all");

    // A package that is in no feed: whose it is is known at once.
    let opening = json!({ "title": "A worm in moment", "looked_for": "pkg:npm/moment",
        "versions": "<2.30.0", "published": "2026-01-05T10:00:00Z" });
    let (status, opened) = ask(server, &sia, "POST", "/api/v1/incidents", &opening);
    assert_eq!(status, 201, "{opened}");
    let id = opened["id"].as_i64().unwrap();
    let here = format!("/api/v1/incidents/{id}");
    let is = |who: &Someone| server.open(who, &here).json();
    let room = is(&sia);
    assert_eq!(room["teams"][0]["team"]["id"], world.team, "{room:#}");
    assert_eq!(room["teams"][0]["places"], 1);
    assert_eq!(room["places"][0]["asset"], "shop");
    let told = room["drafts"]["update"].as_str().unwrap();
    assert!(told.contains("of them known to be in production."), "{told}");
    assert_eq!(room["teams"][0]["to_know"]["state"], "took");
    assert_eq!(
        room["teams"][0]["to_acknowledge"]["state"], "runs",
        "it has not happened: not zero"
    );

    // Who sees nothing that it touches does not know of it; who sees a part is told no other.
    assert_eq!(server.open(&eva, &here).status, 404);
    assert_eq!(server.open(&eva, &format!("/incidents/{id}")).status, 404);
    assert!(!server.open(&eva, "/incidents").text.contains("worm"));
    assert!(!server.open(&eva, "/api/v1/incidents").text.contains("worm"));
    let say = |who: &Someone, body: Value| ask(server, who, "POST", &here, &body);
    let secret = json!({ "kind": "note", "text": "desk is also in doubt" });
    assert_eq!(say(&sia, secret).0, 200);
    let part = is(&tom);
    assert_eq!((&part["whole"], part["drafts"].is_null()), (&json!(false), true), "{part:#}");
    assert!(!server.open(&tom, &here).text.contains("in doubt"));
    assert!(!server.open(&tom, &format!("/incidents/{id}")).text.contains("in doubt"));
    assert!(!server.open(&tom, &format!("{here}/report")).text.contains("in doubt"));

    // The team says how far it is; nobody says that what an inventory lists is gone.
    let team = world.team;
    for (who, body, status) in [
        (&eva, json!({ "kind": "acknowledged", "team": team }), 404),
        (&tom, json!({ "kind": "update", "text": "x" }), 403),
        (&tom, json!({ "kind": "acknowledged" }), 403),
        (&tom, json!({ "kind": "contained", "team": team }), 422),
        (&tom, json!({ "kind": "fixed", "team": team, "text": "gone" }), 409),
        (&tom, json!({ "kind": "task", "team": team, "text": "x" }), 422),
        (&sia, json!({ "kind": "task", "text": "x", "due": "2026-12-01T00:00:00Z" }), 422),
        (&sia, json!({ "kind": "acknowledged", "team": 99 }), 422),
        (&sia, json!({ "kind": "boo", "text": "x" }), 422),
        // It is still affected: it takes a reason to close it.
        (&sia, json!({ "kind": "closed", "text": "x" }), 422),
        (&tom, json!({ "kind": "acknowledged", "team": team }), 200),
        (
            &tom,
            json!({ "kind": "contained", "team": team, "text": "switched off at the edge" }),
            200,
        ),
        (
            &sia,
            json!({ "kind": "task", "team": team, "text": "raise it", "due": "2026-01-01T00:00:00Z" }),
            200,
        ),
    ] {
        let answer = say(who, body.clone());
        assert_eq!(answer.0, status, "{body}: {}", answer.1);
    }
    let room = is(&sia);
    let task = room["tasks"][0].clone();
    assert_eq!((&task["late"], &task["done"]), (&json!(true), &Value::Null), "{task}");
    assert_eq!(say(&tom, json!({ "kind": "done", "task": task["task"] })).0, 200);
    assert_eq!(say(&tom, json!({ "kind": "done", "task": task["task"] })).0, 409);

    // It is gone when it is gone, and back when it is back.
    world.build("2.30.1");
    look(&world);
    assert!(is(&sia)["teams"][0]["fixed"].is_string(), "{:#}", is(&sia));
    world.build("2.24.0");
    look(&world);
    assert!(is(&sia)["teams"][0]["fixed"].is_null() && is(&sia)["teams"][0]["contained"].is_null());
    world.build("2.30.1");
    look(&world);
    let room = is(&sia);
    let kinds: Vec<&str> =
        room["timeline"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    let last = &kinds[kinds.len() - 3..];
    assert_eq!(last, ["fixed", "returned", "fixed"], "told once each");
    look(&world);
    assert_eq!(is(&sia)["timeline"].as_array().unwrap().len(), kinds.len(), "and not again");

    // Words for others begin from facts, and are kept as they were sent.
    let drafts = room["drafts"].clone();
    assert!(drafts["update"].as_str().unwrap().contains("1 fixed it"), "{drafts}");
    assert!(!drafts["status"].as_str().unwrap().contains("shop"), "customers are told no names");
    assert_eq!(say(&sia, json!({ "kind": "status", "text": drafts["status"] })).0, 200);
    assert_eq!(
        say(&sia, json!({ "kind": "closed", "text": "Owners | were found <b>fast</b>." })).0,
        200
    );
    assert_eq!(say(&sia, json!({ "kind": "status", "text": "more" })).0, 409, "it is closed");
    let follows =
        json!({ "kind": "action", "team": team, "text": "pin it", "due": "2026-12-24T00:00:00Z" });
    assert_eq!(say(&sia, follows).0, 200, "what was learnt goes on");

    // Every number comes out of the ledger alone, too.
    let room = is(&sia);
    let told = from_the_ledger(&world, &audit, id);
    let seconds = &room["teams"][0]["to_acknowledge"]["seconds"];
    assert_eq!(*seconds, told[&team]["acknowledged"], "{told:?}");
    let last_fixed = room["timeline"].as_array().unwrap().iter().rev();
    let last_fixed = last_fixed.clone().find(|e| e["kind"] == "fixed").unwrap()["at"].clone();
    assert_eq!(room["teams"][0]["fixed"], last_fixed);
    let (verified, broken) =
        server.runtime.block_on(server.app().store.verify_ledger(server.org())).unwrap();
    assert!(verified > 10 && broken.is_none());

    // To take away, in three formats; what people wrote is no markup.
    let report = |format: &str| server.open(&sia, &format!("{here}/report?format={format}"));
    let markdown = report("markdown").text;
    for words in ["# A worm in moment", "switched off at the edge", "To know", "pin it"] {
        assert!(markdown.contains(words), "{words}: {markdown}");
    }
    assert!(markdown.contains("Owners \\| were found \\<b\\>fast"), "{markdown}");
    let page = report("html").text;
    assert!(page.contains("&lt;b&gt;fast") && !page.contains("<b>"), "{page}");
    assert_eq!(report("json").json()["id"], id);
    assert_eq!(report("pdf").status, 422);
    let list = server.open(&sia, "/incidents").text;
    assert!(list.contains("A worm in moment") && list.contains("/teams/"), "{list}");

    // Of a name that sources know they say when the world was told, unless somebody says it.
    let named = json!({ "title": "By its name", "looked_for": world.names[0] });
    let opened = ask(server, &sia, "POST", "/api/v1/incidents", &named).1;
    let room = server.open(&sia, &format!("/api/v1/incidents/{}", opened["id"])).json();
    let told: Timestamp = room["published"].as_str().unwrap_or_default().parse().unwrap();
    assert!(told < Timestamp::now(), "{room}");
    assert_ne!(room["teams"][0]["to_know"]["state"], "unknown", "{room}");

    // What no source knows was not looked for: nobody is told that it was not found.
    let unknown = json!({ "title": "A name of today", "looked_for": "CVE-2999-99999" });
    let (status, opened) = ask(server, &sia, "POST", "/api/v1/incidents", &unknown);
    assert_eq!(status, 201, "{opened}");
    let room = server.open(&sia, &format!("/api/v1/incidents/{}", opened["id"])).json();
    assert!(!room["drafts"]["status"].as_str().unwrap().contains("not found it"), "{room}");
}

/// Tells that what the main line has runs somewhere.
fn deploy(world: &World, who: &Someone, environment: &str) {
    let said = json!({ "asset": "shop", "environment": environment });
    let (status, told) = ask(&world.server, who, "POST", "/api/v1/deployments", &said);
    assert_eq!(status, 201, "{told}");
}

#[test]
fn fixed_and_contained_are_told_of_each_environment() {
    let world = begun();
    let server = &world.server;
    let People { sia, tom, eva } = people(&world);
    deploy(&world, &sia, "production");
    deploy(&world, &sia, "staging");
    let opening =
        json!({ "title": "A worm", "looked_for": "pkg:npm/moment", "versions": "<2.30.0" });
    let opened = ask(server, &sia, "POST", "/api/v1/incidents", &opening).1;
    let here = format!("/api/v1/incidents/{}", opened["id"]);
    let of = |name: &str| {
        let room = server.open(&sia, &here).json();
        assert!(room["published"].is_null(), "no advisory is about just these versions: {room}");
        let all = room["teams"][0]["environments"].as_array().unwrap().clone();
        all.into_iter().find(|is| is["environment"] == name).unwrap_or_default()
    };
    assert_eq!((&of("staging")["places"], &of("production")["places"]), (&json!(1), &json!(1)));
    // A team says how far it is in one of them, where it runs.
    let team = world.team;
    let contained = |environment: &str| json!({ "kind": "contained", "team": team, "text": "no way in", "environment": environment });
    assert_eq!(ask(server, &eva, "POST", &here, &contained("staging")).0, 404);
    assert_eq!(ask(server, &tom, "POST", &here, &contained("nowhere")).0, 422);
    let mut wrong = contained("staging");
    wrong["kind"] = json!("acknowledged");
    assert_eq!(ask(server, &tom, "POST", &here, &wrong).0, 422);
    assert_eq!(ask(server, &tom, "POST", &here, &contained("staging")).0, 200);
    assert!(of("staging")["contained"].is_string() && of("production")["contained"].is_null());
    let room = server.open(&sia, &here).json();
    assert!(room["teams"][0]["contained"].is_null(), "the team is not, by that: {room}");
    assert_eq!((&room["environments_known"], &room["elsewhere"]), (&json!(true), &json!([])));

    // Gone from the main line and production: fixed, and in staging it runs still.
    world.build("2.30.1");
    deploy(&world, &sia, "production");
    look(&world);
    let room = server.open(&sia, &here).json();
    assert!(room["teams"][0]["fixed"].is_string(), "{room:#}");
    assert!(of("production")["fixed"].is_string() && of("staging")["fixed"].is_null());
    assert_eq!((&of("staging")["places"], &of("production")["places"]), (&json!(1), &json!(0)));
    assert_eq!(ask(server, &tom, "POST", &here, &contained("production")).0, 409, "it is gone");
    let page = server.open(&tom, &here.replace("/api/v1", "")).text;
    assert!(page.contains("Environments") && page.contains("staging"), "{page}");
    deploy(&world, &sia, "staging");
    look(&world);
    assert!(of("staging")["fixed"].is_string());
    let timeline = server.open(&sia, &here).json()["timeline"].as_array().unwrap().len();
    look(&world);
    assert_eq!(server.open(&sia, &here).json()["timeline"].as_array().unwrap().len(), timeline);
    let report = server.open(&sia, &format!("{here}/report?format=markdown")).text;
    for words in ["How long it took in each environment", "gone from staging", "no way in"] {
        assert!(report.contains(words), "{words}: {report}");
    }

    // When the world was told is taken from the advisory that is about just these versions of the package.
    for (versions, day) in [
        ("<2.29.2", Some("2022-04-04")),
        (">=2.18.0 <2.29.4", Some("2022-07-06")),
        // It begins before that.
        (">=2.20.0 <2.29.4", None),
        ("", None),
    ] {
        let opening = json!({ "title": "By range", "looked_for": "pkg:npm/moment",
            "versions": versions });
        let opened = ask(server, &sia, "POST", "/api/v1/incidents", &opening).1;
        let room = server.open(&sia, &format!("/api/v1/incidents/{}", opened["id"])).json();
        let told = room["published"].as_str().map(|at| at[..10].to_owned());
        assert_eq!(told.as_deref(), day, "{versions}");
    }
}

#[test]
fn what_runs_in_staging_alone_is_found_when_an_incident_is_opened() {
    let world = begun();
    let server = &world.server;
    let People { sia, tom, eva } = people(&world);
    deploy(&world, &sia, "staging");
    // Gone from the main line, and never in production.
    world.build("2.30.1");
    let opening =
        json!({ "title": "A worm", "looked_for": "pkg:npm/moment", "versions": "<2.30.0" });
    let opened = ask(server, &sia, "POST", "/api/v1/incidents", &opening).1;
    let here = format!("/api/v1/incidents/{}", opened["id"]);
    let room = server.open(&sia, &here).json();
    let [team] = &room["elsewhere"].as_array().unwrap()[..] else { panic!("{room:#}") };
    let staging = &team["environments"][0];
    assert_eq!((&staging["environment"], &staging["places"]), (&json!("staging"), &json!(1)));
    assert_eq!(room["teams"], json!([]), "what staging alone has is nobody's to fix: {room:#}");
    // Who is of the team is let in, who is of another is not.
    assert_eq!(ask(server, &tom, "GET", &here, &json!({})).0, 200);
    assert_eq!(ask(server, &eva, "GET", &here, &json!({})).0, 404);
    deploy(&world, &sia, "staging");
    look(&world);
    let gone = server.open(&sia, &here).json();
    assert!(gone["elsewhere"][0]["environments"][0]["fixed"].is_string(), "{gone:#}");
}

#[test]
fn a_drill_is_marked_everywhere_and_counts_nowhere() {
    let world = begun();
    let server = &world.server;
    let People { sia, .. } = people(&world);
    let body = json!({ "drill": true, "past": "log4shell", "looked_for": "pkg:npm/moment",
        "speed": 1440 });
    let (status, opened) = ask(server, &sia, "POST", "/api/v1/incidents", &body);
    assert_eq!(status, 201, "{opened}");
    let id = opened["id"].as_i64().unwrap();
    let room = server.open(&sia, &format!("/api/v1/incidents/{id}")).json();
    assert_eq!((&room["drill"], &room["past"]), (&json!(true), &json!("log4shell")));
    assert_eq!(room["teams"][0]["to_know"]["state"], "unknown", "{room:#}");
    assert!(!room["brought"].as_array().unwrap().is_empty(), "the day begins");
    for words in ["update", "status"] {
        assert!(room["drafts"][words].as_str().unwrap().starts_with("DRILL"), "{room:#}");
    }
    for path in [format!("/incidents/{id}"), format!("/incidents/{id}/report"), "/incidents".into()]
    {
        let page = server.open(&sia, &path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text.to_lowercase().contains("drill"), "{path}");
    }
    // Each past event can be played as it was.
    for past in [
        "log4shell",
        "xz",
        "event-stream",
        "ua-parser-js",
        "heartbleed",
        "struts",
        "spring4shell",
        "eslint-scope",
    ] {
        let body = json!({ "drill": true, "past": past });
        let (status, opened) = ask(server, &sia, "POST", "/api/v1/incidents", &body);
        assert_eq!(status, 201, "{past}: {opened}");
    }
    let list = server.open(&sia, "/incidents").text;
    assert!(list.contains("No real incident touched a team"), "{list}");
    assert!(list.contains("No incident is open."), "{list}");
}

#[test]
fn nothing_is_without_an_owner_and_everything_teaches() {
    let world = begun();
    let server = &world.server;
    let People { sia, tom, eva } = people(&world);
    let systems = server.open(&sia, "/api/v1/systems?q=shop").json();
    let system = systems["rows"][0]["id"].as_i64().unwrap();
    let finding = server.open(&sia, "/api/v1/findings").json()["rows"][0]["id"].as_i64().unwrap();
    // Before anybody is named it is the owner team's.
    let handoffs = || server.open(&tom, "/api/v1/handoffs").json();
    let selection = |all: &Value| {
        let rows = all["rows"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["side"] == "engineering").unwrap()["on"].clone()
    };
    assert_eq!(selection(&handoffs()), "shop");
    assert_eq!(server.open(&eva, "/api/v1/handoffs").json()["rows"], json!([]));
    let page = server.open(&sia, &format!("/findings/{finding}")).text;
    assert!(!page.contains("nobody is named"), "{page}");
    let path = format!("/api/v1/systems/{system}/people");
    let named = json!({ "selection": tom.id, "deployment": sia.id });
    assert_eq!(ask(server, &eva, "PUT", &path, &named).0, 404);
    assert_eq!(ask(server, &sia, "PUT", &path, &json!({ "selection": 999 })).0, 422);
    assert_eq!(ask(server, &sia, "PUT", &path, &json!([1])).0, 422);
    let (status, told) = ask(server, &tom, "PUT", &path, &named);
    assert_eq!((status, &told["rows"][0]["person"]["id"]), (200, &json!(tom.id)), "{told}");
    assert_eq!(told["rows"][1]["person"], Value::Null);
    assert_eq!(selection(&handoffs()), "Tam");
    let page = server.open(&sia, &format!("/findings/{finding}")).text;
    assert!(page.contains("Tam"), "{page}");
    let form = format!("/systems/{system}/people");
    assert_eq!(server.send(&sia, &form, &[("selection", "")]).status, 303);
    assert_eq!(selection(&handoffs()), "shop", "an empty choice is the team");

    // A finding's weakness is explained where it is met, and counted for its team, with the list behind it.
    let lessons = server.open(&tom, &format!("/api/v1/lessons?team={}", world.team)).json();
    let rows = lessons["rows"].as_array().unwrap();
    let met = rows.iter().find(|row| !row["title"].is_null()).expect("a lesson");
    let findings = server.open(&sia, "/api/v1/findings?state=any").json();
    let all = findings["rows"].as_array().unwrap().len();
    let ever = met["ever"].as_u64().unwrap();
    assert!(ever >= 1 && ever <= all as u64, "{met} of {all}");
    let cwe = met["cwe"].as_str().unwrap();
    let page = server.open(&tom, &format!("/lessons/{cwe}?team={}", world.team)).text;
    let listed = page.matches("href=\"/findings/").count() as u64;
    assert!(page.contains("How to avoid it") && listed >= ever, "{page}");
    assert_eq!(server.open(&eva, &format!("/api/v1/lessons?team={}", world.team)).status, 404);
    let hers = server.open(&eva, "/api/v1/lessons").json();
    assert_eq!(hers["rows"], json!([]), "what others met is not told");
    let pages: Vec<String> = server.open(&sia, "/api/v1/findings").json()["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| server.open(&sia, &format!("/findings/{}", row["id"])).text)
        .collect();
    assert!(pages.iter().any(|page| page.contains("To learn:")), "none tells a lesson");
}

/// The way of a drill, in a browser, with the pictures that are looked at.
#[test]
fn a_drill_in_a_browser() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let world = begun();
    let server = &world.server;
    let People { sia, .. } = people(&world);
    deploy(&world, &sia, "production");
    deploy(&world, &sia, "staging");
    let page = browser.page();
    page.size(1440, 900);
    let (name, value) = sia.cookie.split_once('=').unwrap();
    let cookie = json!({ "name": name, "value": value, "url": server.base });
    assert_eq!(page.call("Network.setCookie", &cookie)["success"], true);
    let look = |name: &str| {
        let faults = rules::looked(&page, &axe, &format!("incident-{name}"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    };
    let send = || page.click("main form button[type=submit]");
    page.open(&format!("{}/incidents/new?drill=true", server.base));
    page.run("document.querySelector('#f-past').value = 'log4shell'");
    page.fill("#f-looked_for", "pkg:npm/moment");
    page.fill("#f-speed", "60");
    look("new");
    send();
    assert!(page.text("h1").starts_with("Drill: Log4Shell"), "{}", page.text("main"));
    assert!(page.text("main").contains("A working exploit is public."), "{}", page.text("main"));
    look("room-begun");
    page.click("a[href*='kind=acknowledged']");
    page.fill("#f-text", "Traffic is filtered at the edge.");
    look("acknowledge");
    send();
    page.click("a[href*='kind=contained']");
    page.fill("#f-text", "The feature is switched off.");
    send();
    page.click("a[href*='kind=task']");
    page.fill("#f-text", "Raise moment in the shop.");
    page.run("document.querySelector('#f-team').selectedIndex = 1");
    page.run("document.querySelector('#f-due').value = '2026-01-02'");
    look("task");
    send();
    assert!(page.text("main").contains("Raise moment in the shop."), "{}", page.text("main"));
    page.click("a[href*='kind=status']");
    assert!(page.run("document.querySelector('#f-text').value").to_string().contains("DRILL"));
    send();
    look("room");
    page.click("a[href*='kind=closed']");
    page.fill("#f-text", "Owners were found within a minute; the edge rule took too long.");
    send();
    page.click("main .actions a[href$='/report']");
    assert!(page.text("main").contains("the edge rule took too long"), "{}", page.text("main"));
    look("report");
    page.open(&format!("{}/incidents", server.base));
    look("list");
    page.open(&format!("{}/lessons", server.base));
    look("lessons");
    page.open(&format!("{}/handoffs", server.base));
    look("handoffs");
}

#[test]
fn a_near_miss_is_learnt_from_and_is_in_no_time_of_incidents() {
    let world = begun();
    let server = &world.server;
    let People { sia, tom, .. } = people(&world);
    let opening = json!({ "title": "A worm, refused by the gate", "looked_for": "pkg:npm/moment",
        "near_miss": true });
    let wrong =
        json!({ "title": "x", "looked_for": "pkg:npm/moment", "near_miss": true, "drill": true });
    assert_eq!(ask(server, &sia, "POST", "/api/v1/incidents", &wrong).0, 422);
    assert_eq!(ask(server, &tom, "POST", "/api/v1/incidents", &opening).0, 403);
    let (status, opened) = ask(server, &sia, "POST", "/api/v1/incidents", &opening);
    assert_eq!(status, 201, "{opened}");
    let here = format!("/api/v1/incidents/{}", opened["id"]);
    let say = |body: Value| ask(server, &sia, "POST", &here, &body).0;
    assert_eq!(server.open(&sia, &here).json()["near_miss"], true);
    // It has a room, and what follows from it is followed after it is closed.
    assert_eq!(say(json!({ "kind": "acknowledged", "team": world.team })), 200);
    assert_eq!(say(json!({ "kind": "closed", "text": "The gate held." })), 200);
    let action = json!({ "kind": "action", "text": "Pin it everywhere",
        "team": world.team, "due": "2026-12-24T00:00:00Z" });
    assert_eq!(say(action), 200);
    let report = server.open(&sia, &format!("{here}/report?format=md")).text;
    assert!(
        report.contains("This is a near miss") && report.contains("Pin it everywhere"),
        "{report}"
    );
    // Apart in the list, and in no team's times.
    let list = server.open(&sia, "/incidents").text;
    assert!(list.contains("near miss"), "{list}");
    assert!(list.contains("No real incident touched a team that you may see."), "{list}");
    assert!(server.open(&sia, "/incidents?near_miss=true").text.contains("A worm, refused"));
    assert!(!server.open(&sia, "/incidents?drill=false").text.contains("A worm, refused"));
    let form = server.open(&sia, "/incidents/new?near_miss=true&q=pkg:npm/x").text;
    assert!(form.contains("Record a near miss") && form.contains("pkg:npm/x"), "{form}");
}
