//! Weekly reviews from their agenda to their minutes and the next one; goals; the pulse.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_store::ScopeOf::{Organisation, System, Team};
use trimtab_store::Session;
use trimtab_testkit::browser::{Browser, rules};

use crate::harness::{Answer, JSON, Server, Someone, digest};
use crate::world::post;

/// How far the server's clock is ahead, in minutes.
static MINUTES: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(MINUTES.load(Ordering::SeqCst))
}

fn later(minutes: i64) {
    MINUTES.fetch_add(minutes, Ordering::SeqCst);
}

/// The same for the pulse: tests run beside each other.
static DAYS: AtomicI64 = AtomicI64::new(0);

fn months() -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * DAYS.load(Ordering::SeqCst))
}

/// The same person, signed in for as long as the clock goes ahead.
fn lasting(server: &Server, who: &Someone) -> Someone {
    let app = server.app();
    let secret = format!("lasting-of-{}", who.id);
    let now = Timestamp::now();
    let expires = now + SignedDuration::from_hours(24 * 365);
    let session = Session { org: server.org(), person: who.id, csrf: who.csrf.clone(), expires };
    let secret_digest = digest(&secret);
    let added = app.store.add_session(&secret_digest, &session, now);
    server.runtime.block_on(added).unwrap();
    Someone { id: who.id, cookie: format!("trimtab={secret}"), csrf: who.csrf.clone() }
}

struct World {
    server: Server,
    team: i64,
    system: i64,
    finding: i64,
    /// Every side, of the whole organisation.
    lea: Someone,
    /// Engineering of the team.
    tom: Someone,
}

fn begun(server: Server) -> World {
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (system, team) = server.system(org, "shop");
    let every = [Role::Security, Role::Engineering, Role::Product, Role::Operations, Role::Auditor];
    let lea = server.someone(org, "Lea", &every.map(|role| (role, Organisation)));
    let tom = server.someone(org, "Tom", &[(Role::Engineering, Team(team))]);
    let finding = server.upload(&lea, "shop", "shop");
    let (lea, tom) = (lasting(&server, &lea), lasting(&server, &tom));
    World { server, team, system, finding, lea, tom }
}

fn made(answer: &Answer) -> i64 {
    assert!(matches!(answer.status, 200 | 201), "{answer:?}");
    answer.json()["id"].as_i64().unwrap()
}

impl World {
    fn prepare(&self) -> i64 {
        made(&post(&self.server, &self.tom, "/api/v1/reviews", &json!({ "team": self.team })))
    }

    fn review(&self, id: i64) -> Value {
        let answer = self.server.open(&self.tom, &format!("/api/v1/reviews/{id}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The topics of a part.
    fn topics(&self, id: i64, part: &str) -> Vec<Value> {
        let review = self.review(id);
        let parts = review["pack"]["parts"].as_array().unwrap();
        let found = parts.iter().find(|is| is["part"] == part).unwrap();
        found["topics"].as_array().unwrap().clone()
    }

    fn send(&self, id: i64, fields: &[(&str, &str)]) -> Answer {
        self.server.send(&self.tom, &format!("/reviews/{id}"), fields)
    }
}

fn tomorrow(days: i64) -> String {
    let at = clock() + SignedDuration::from_hours(24 * days);
    at.strftime("%Y-%m-%d").to_string()
}

#[test]
fn a_review_goes_from_its_agenda_to_its_minutes_and_the_next_follows_it() {
    let world = begun(Server::with(clock, Access::default()));
    let server = &world.server;
    let id = world.prepare();
    let prepared = world.review(id);
    let parts = prepared["pack"]["parts"].as_array().unwrap();
    let minutes: i64 = parts.iter().map(|part| part["minutes"].as_i64().unwrap()).sum();
    assert_eq!(minutes + prepared["pack"]["end"].as_i64().unwrap(), 30, "{prepared:#}");
    let key = format!("finding:{}", world.finding);
    let is_new = |topics: &[Value]| topics.iter().any(|topic| topic["key"] == key.as_str());
    assert!(is_new(&world.topics(id, "new")), "{prepared:#}");
    let page = server.open(&world.tom, &format!("/reviews/{id}")).text;
    assert!(page.contains("Open the review") && !page.contains("Record a decision"), "{page}");
    // Nothing is decided before it is open.
    let owner = world.tom.id.to_string();
    let due = tomorrow(3);
    let decide = [
        ("do", "decide"),
        ("topic", key.as_str()),
        ("what", "Raise moment <b>now</b>"),
        ("owner", owner.as_str()),
        ("due", due.as_str()),
    ];
    assert_eq!(world.send(id, &decide).status, 409);

    assert_eq!(world.send(id, &[("do", "open")]).status, 303);
    assert_eq!(world.send(id, &[("do", "open")]).status, 409, "once");
    let shown = world.review(id)["pack"].clone();
    later(7);
    let lea = world.lea.id.to_string();
    assert_eq!(world.send(id, &[("do", "attend"), ("person", &lea)]).status, 303);
    assert_eq!(world.send(id, &decide).status, 303);
    let page = server.open(&world.tom, &format!("/reviews/{id}")).text;
    for words in
        ["Now: ", "min left", "Tom, Lea", "Raise moment &#60;b&#62;now", "Record a decision"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    // What is not right is told at its field, and what was written stays in the form.
    for (name, value, words) in [
        ("what", "", "This must be 1 to 500"),
        ("due", "2020-01-01", "This must be a day from"),
        ("owner", "99999", "This must be a person who"),
        ("topic", "finding:99999", "This must be a key of"),
    ] {
        let fields = decide.map(|(field, was)| (field, if field == name { value } else { was }));
        let answer = world.send(id, &fields);
        assert!(answer.status == 200 && answer.text.contains(words), "{words}: {}", answer.text);
    }
    later(26);
    let page = server.open(&world.tom, &format!("/reviews/{id}")).text;
    assert!(page.contains("The 30 minutes are over"), "{page}");
    let note = [("do", "close"), ("note", "Quay closed.\r\nNext week earlier.")];
    assert_eq!(world.send(id, &note).status, 303);
    let late = world.send(id, &decide);
    assert_eq!(late.status, 409, "it is over");
    // The page is there, with what was written.
    for words in ["The review is not open. This was not recorded: ", "Weekly review of"] {
        assert!(late.text.contains(words), "{words}: {}", late.text);
    }
    // What was shown stays, whatever comes after.
    assert_eq!(world.review(id)["pack"], shown);

    // The minutes, in every format.
    let file = |format: &str| {
        let path = format!("/api/v1/reviews/{id}/minutes?as={format}");
        let answer = server.open(&world.tom, &path);
        assert_eq!(answer.status, 200, "{format}: {}", answer.text);
        answer
    };
    let told = file("md").text;
    for words in
        ["Weekly dependency review of shop", "There: Tom, Lea.", "Quay closed.", "33 of 30 minutes"]
    {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("<b>"), "{told}");
    assert!(file("html").text.contains("<td>Raise moment &lt;b&gt;now&lt;/b&gt;</td>"));
    assert_eq!(file("json").json(), world.review(id));
    let pdf = file("pdf");
    assert_eq!(pdf.header("content-type"), Some("application/pdf"));
    assert_eq!(server.open(&world.tom, &format!("/api/v1/reviews/{id}/minutes?as=x")).status, 422);

    // The next one begins with what was decided, and says what came again.
    later(7 * 24 * 60);
    let next = world.prepare();
    let [first] = &world.topics(next, "follow-through")[..] else { panic!() };
    assert!(first["note"].as_str().unwrap().ends_with("late"), "{first}");
    let again: Vec<Value> = ["new", "deadlines"]
        .into_iter()
        .flat_map(|part| world.topics(next, part))
        .filter(|topic| topic["key"] == key.as_str())
        .collect();
    assert!(again.iter().all(|topic| topic["repeats"] == 1), "{again:?}");
    assert_eq!(world.send(next, &[("do", "open")]).status, 303);
    let decision = world.review(id)["decisions"][0]["id"].as_i64().unwrap();
    let follow = format!("{id}.{decision}");
    // Somebody else does it, whom the review concerns.
    for (owner, became, status) in
        [("99999", "open", 200), (lea.as_str(), "done", 200), (lea.as_str(), "open", 303)]
    {
        let handed = [
            ("do", "follow"),
            ("decision", follow.as_str()),
            ("became", became),
            ("new_owner", owner),
        ];
        let answer = world.send(next, &handed);
        assert_eq!(answer.status, status, "{owner} {became}: {}", answer.text);
        assert!(status == 303 || answer.text.contains("This must be"), "{}", answer.text);
    }
    assert_eq!(world.review(id)["decisions"][0]["owner"]["id"], world.lea.id);
    let done = [("do", "follow"), ("decision", &follow), ("became", "done"), ("word", "in 2.30.1")];
    assert_eq!(world.send(next, &done).status, 303);
    assert_eq!(world.review(id)["decisions"][0]["stands"], "carried out late");
    assert_eq!(world.send(next, &[("do", "close")]).status, 303);
    assert_eq!(world.review(next)["before"], shown["figures"], "compared with the last");
    recomputed(&world, next);
    let list = server.open(&world.tom, &format!("/reviews?team={}", world.team)).text;
    assert!(list.contains(&format!("/reviews/{next}")) && list.contains("33 of 30"), "{list}");
}

/// The ledger: when, who, what.
fn ledger(server: &Server, who: &Someone) -> Vec<(Timestamp, String, Value)> {
    let rows = server.open(who, "/api/v1/ledger?limit=5000").json()["rows"].clone();
    let one = |row: &Value| {
        let at = Timestamp::from_microsecond(row["at"].as_i64().unwrap()).unwrap();
        let data = serde_json::from_str(row["data"].as_str().unwrap()).unwrap();
        (at, row["actor"].as_str().unwrap().to_owned(), data)
    };
    rows.as_array().unwrap().iter().map(one).collect()
}

/// How good the reviews were, verified from the ledger alone, by another way than the server's.
fn recomputed(world: &World, last: i64) {
    let now = clock();
    let mut opened: BTreeMap<i64, Timestamp> = BTreeMap::new();
    let mut closed: BTreeMap<i64, Timestamp> = BTreeMap::new();
    let mut due: BTreeMap<i64, Timestamp> = BTreeMap::new();
    let mut done: BTreeMap<i64, Timestamp> = BTreeMap::new();
    for (at, _, data) in ledger(&world.server, &world.lea) {
        let id = |name: &str| data[name].as_i64().unwrap();
        match (data["what"].as_str(), data["state"].as_str()) {
            (Some("review"), Some("open")) => opened.insert(id("review"), at),
            (Some("review"), Some("closed")) => closed.insert(id("review"), at),
            (Some("review-decision"), Some("open")) if data["due"].is_string() => {
                due.insert(id("decision"), data["due"].as_str().unwrap().parse().unwrap())
            }
            (Some("review-decision"), Some("done")) => done.insert(id("decision"), at),
            _ => None,
        };
    }
    let judged = due.iter().filter(|(id, due)| done.contains_key(*id) || **due <= now).count();
    let in_time = due.iter().filter(|(id, due)| done.get(*id).is_some_and(|at| at < *due)).count();
    let over = closed.iter().filter(|(id, at)| at.duration_since(opened[*id]).as_mins() > 30);
    let quality = world.review(last)["quality"].clone();
    for (name, number) in [
        ("reviews", opened.len()),
        ("decisions", due.len()),
        ("judged", judged),
        ("in_time", in_time),
        ("over", closed.len()),
        ("overran", over.count()),
    ] {
        assert_eq!(quality[name], json!(number), "{name}: {quality}");
    }
    // The page tells the same.
    let page = world.server.open(&world.tom, &format!("/reviews/{last}")).text;
    let words = format!("({in_time} of {judged})");
    assert!(page.contains(&words), "{words}: {page}");
    // The numbers of the pack are those of the lists.
    let figures = world.review(last)["pack"]["figures"].clone();
    let list = format!("/api/v1/findings?counts=true&team={}", world.team);
    let rows = world.server.open(&world.tom, &list).json()["rows"].clone();
    let rows = rows.as_array().unwrap();
    assert_eq!(figures["open"], json!(rows.len()), "{figures}");
    let load: f64 = rows.iter().filter_map(|row| row["weight"].as_f64()).sum();
    assert!((figures["load"].as_f64().unwrap() - load).abs() < 1e-6, "{figures} {load}");
}

#[test]
fn who_sees_a_part_of_a_review_s_systems_sees_no_review() {
    let world = begun(Server::new());
    let server = &world.server;
    let org = server.org();
    let app = server.app();
    // A second system of the same team, and somebody of the first alone.
    let second = trimtab_store::System {
        name: "till".to_owned(),
        team: Some(world.team),
        ..trimtab_store::System::default()
    };
    let second = app.store.put_system(org, &second, "trimtab", Timestamp::now());
    let second = server.runtime.block_on(second).unwrap();
    let part = server.someone(org, "Part", &[(Role::Engineering, System(world.system))]);
    let audit = server.someone(org, "Audit", &[(Role::Auditor, Organisation)]);
    let id = world.prepare();
    let path = format!("/api/v1/reviews/{id}");
    assert_eq!(server.open(&part, &path).status, 404);
    assert_eq!(server.open(&part, &format!("{path}/minutes")).status, 404);
    assert_eq!(server.open(&part, &format!("/reviews/{id}")).status, 404);
    assert_eq!(server.open(&part, "/api/v1/reviews").json()["rows"], json!([]));
    // They may hold one of what is theirs, and of no more.
    let try_of = |of: Value| post(server, &part, "/api/v1/reviews", &of).status;
    assert_eq!(try_of(json!({ "team": world.team })), 404);
    assert_eq!(try_of(json!({ "systems": [world.system, second] })), 404);
    assert_eq!(try_of(json!({})), 404, "the whole organisation is none of theirs");
    // Two plan the same one.
    let new =
        json!({ "team": world.team, "at": (clock() + SignedDuration::from_hours(48)).to_string() });
    let first = made(&post(server, &world.tom, "/api/v1/reviews", &new));
    let again = post(server, &world.lea, "/api/v1/reviews", &new);
    assert_eq!(again.status, 409, "{}", again.text);
    assert!(again.text.contains(&format!("/reviews/{first}")), "{}", again.text);
    let other = json!({ "kind": "monthly", "team": world.team, "at": new["at"] });
    made(&post(server, &world.lea, "/api/v1/reviews", &other));
    let own = json!({ "systems": [world.system] });
    let own = made(&post(server, &part, "/api/v1/reviews", &own));
    assert_eq!(server.open(&part, &format!("/reviews/{own}")).status, 200);
    // Who looks only, opens nothing.
    assert_eq!(server.open(&audit, &path).status, 200);
    assert_eq!(post(server, &audit, &path, &json!({ "do": "open" })).status, 403);
    assert_eq!(post(server, &world.tom, &path, &json!({ "do": "open" })).status, 200);
    // A person who could not see it owns nothing of it, and is not there.
    let decision = json!({ "what": "x", "owner": part.id, "due": tomorrow(2) });
    assert_eq!(post(server, &world.tom, &format!("{path}/decisions"), &decision).status, 422);
    let there = json!({ "do": "attend", "person": part.id });
    assert_eq!(post(server, &world.tom, &path, &there).status, 422);
    let planned = world.prepare();
    // A system goes to another team: whoever does not see it there sees no longer what was shown.
    let (_, elsewhere) = server.system(org, "intranet");
    let moved = trimtab_store::System {
        name: "till".to_owned(),
        team: Some(elsewhere),
        ..trimtab_store::System::default()
    };
    let moved = app.store.put_system(org, &moved, "trimtab", Timestamp::now());
    server.runtime.block_on(moved).unwrap();
    assert_eq!(server.open(&world.tom, &path).status, 404);
    assert_eq!(server.open(&world.lea, &path).status, 200);
    // One that showed nothing yet is of what the team owns now.
    assert!(world.review(planned)["pack"]["parts"].is_array());
    // And the next review of the team tells nothing of the one that knew it.
    let decision = json!({ "what": "hush", "owner": world.lea.id, "due": tomorrow(2) });
    made(&post(server, &world.lea, &format!("{path}/decisions"), &decision));
    let next = world.prepare();
    assert!(!world.review(next).to_string().contains("hush"));
    assert_eq!(world.review(next)["quality"]["reviews"], 0);
    // Lists are no objects.
    for (path, body) in [
        ("/api/v1/reviews".to_owned(), json!([1])),
        (path.clone(), json!(["open", null, ""])),
        (format!("{path}/decisions"), json!(["", "x", 1, "2026-12-01"])),
        (format!("{path}/followed"), json!([1, "done", ""])),
        ("/api/v1/goals".to_owned(), json!([null, "x", "load", 1.0, 0.0, "2027-01-01"])),
        ("/api/v1/pulse".to_owned(), json!(["security", 1, 2, 3])),
    ] {
        let status = post(server, &world.lea, &path, &body).status;
        assert!(matches!(status, 400 | 422), "{path}: {status}");
    }
}

#[test]
fn a_list_has_what_was_counted_and_a_review_goes_with_its_team_s_systems() {
    let world = begun(Server::new());
    let server = &world.server;
    let (app, org) = (server.app(), server.org());
    let id = world.prepare();
    let part = |id: i64| {
        let review = world.review(id);
        let parts = review["pack"]["parts"].as_array().unwrap();
        parts.iter().find(|is| is["part"] == "new").unwrap().clone()
    };
    let is = part(id);
    let list = is["list"].as_str().unwrap();
    let rows = |list: &str| {
        let answer = server.open(&world.tom, &format!("/api/v1{list}&limit=500"));
        assert_eq!(answer.status, 200, "{list}: {}", answer.text);
        answer.json()["rows"].as_array().unwrap().len() as i64
    };
    let counted = is["count"].as_i64().unwrap();
    assert!(counted > 0 && list.contains("above=true"), "{is:#}");
    assert_eq!(rows(list), counted);
    // What came before the last review, or is not above the line, is not in it.
    let since = list.split("since=").nth(1).unwrap().split('&').next().unwrap();
    let later = list.replace(since, "2999-01-01T00:00:00Z");
    assert_eq!(rows(&later), 0);
    let page = server.open(&world.tom, list).text;
    assert!(page.contains("above: true"), "{page}");
    for wrong in [list.replace(since, "yesterday"), list.replace("above=true", "above=false")] {
        assert_eq!(server.open(&world.tom, &format!("/api/v1{wrong}")).status, 422, "{wrong}");
    }

    // The same of several systems: as far as they may be seen.
    let all = format!("/findings?systems={},999", world.system);
    assert!(rows(&all) >= counted);
    assert_eq!(rows("/findings?systems=999"), 0);
    assert_eq!(server.open(&world.tom, "/api/v1/findings?systems=x").status, 422);

    // A system that goes to another team takes no review of the first from the list of those who see it.
    let kiosk = trimtab_store::System {
        name: "kiosk".into(),
        team: Some(world.team),
        ..trimtab_store::System::default()
    };
    let put = |system: &trimtab_store::System| {
        let put = app.store.put_system(org, system, "trimtab", Timestamp::now());
        server.runtime.block_on(put).unwrap()
    };
    put(&kiosk);
    let both = world.prepare();
    let listed = |who: &Someone| {
        let rows = server.open(who, "/api/v1/reviews").json()["rows"].clone();
        let ids = rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap());
        ids.collect::<Vec<i64>>()
    };
    assert!(listed(&world.tom).contains(&both));
    let (_, desk) = server.system(org, "desk");
    put(&trimtab_store::System { team: Some(desk), ..kiosk.clone() });
    assert!(listed(&world.tom).contains(&both), "it is of what the team owns now");
    let eva = server.someone(org, "Eva", &[(Role::Engineering, Team(desk))]);
    assert!(!listed(&eva).contains(&both));
}

#[test]
fn goals_are_as_far_as_the_number_that_they_are_about() {
    let world = begun(Server::new());
    let server = &world.server;
    let ends = tomorrow(60);
    let goal =
        json!({ "team": world.team, "name": "Half", "measure": "load", "to": 0.01, "ends": ends });
    let id = made(&post(server, &world.tom, "/api/v1/goals", &goal));
    let told = server.open(&world.tom, "/api/v1/goals").json()["rows"][0].clone();
    // Of its own time: of this day.
    let load = server.open(&world.tom, "/api/v1/metrics?days=1").json()["now"]["load"].clone();
    assert_eq!((&told["value"], &told["from"]), (&load, &load), "{told}");
    assert_eq!((&told["way"], &told["ends"]), (&json!(0.0), &json!(ends)));
    let page = server.open(&world.tom, "/goals").text;
    assert!(page.contains("Half") && page.contains("Share a goal"), "{page}");
    assert!(page.contains("/metrics?days=1&"), "its number opens its own time: {page}");
    // A goal that goes the wrong way, or has no number to begin at, is none.
    for (member, value) in [
        ("to", json!(1e6)),
        ("measure", json!("deadlines")),
        ("measure", json!("x")),
        ("name", json!("")),
        ("ends", json!("2020-01-01")),
    ] {
        let mut wrong = goal.clone();
        wrong[member] = value;
        assert_eq!(post(server, &world.tom, "/api/v1/goals", &wrong).status, 422, "{wrong}");
    }
    // Of the whole organisation: not by somebody of a team, and not seen by them.
    let all = json!({ "name": "All", "measure": "load", "to": 0.01, "ends": ends });
    assert_eq!(post(server, &world.tom, "/api/v1/goals", &all).status, 404);
    made(&post(server, &world.lea, "/api/v1/goals", &all));
    assert_eq!(
        server.open(&world.tom, "/api/v1/goals").json()["rows"].as_array().unwrap().len(),
        1
    );
    assert_eq!(
        server.open(&world.lea, "/api/v1/goals").json()["rows"].as_array().unwrap().len(),
        2
    );
    let gone = |who: &Someone| {
        let own = [("cookie", who.cookie.as_str()), JSON];
        server.ask("DELETE", &format!("/api/v1/goals/{id}"), &own, b"").status
    };
    let org = server.org();
    // Leadership shares goals of what it leads, and holds no review of it.
    let boss = server.someone(org, "Boss", &[(Role::Leadership, Organisation)]);
    made(&post(server, &boss, "/api/v1/goals", &all));
    assert!(server.open(&boss, "/goals").text.contains("Share a goal"));
    let review = json!({ "team": world.team });
    assert_eq!(post(server, &boss, "/api/v1/reviews", &review).status, 403);
    let audit = server.someone(org, "Audit", &[(Role::Auditor, Organisation)]);
    assert_eq!((gone(&audit), gone(&world.tom), gone(&world.tom)), (403, 200, 404));
    let form =
        [("of", "all"), ("name", "By form"), ("measure", "load"), ("to", "x"), ("ends", &ends)];
    let page = server.send(&world.lea, "/goals", &form).text;
    assert!(page.contains("This must be a number") && page.contains("By form"), "{page}");
}

#[test]
fn a_review_of_the_organisation_is_read_by_who_may_see_all_of_it_alone() {
    let world = begun(Server::new());
    let server = &world.server;
    let new = json!({ "kind": "monthly" });
    let id = made(&post(server, &world.lea, "/api/v1/reviews", &new));
    let api = format!("/api/v1/reviews/{id}");
    let pages = [api.clone(), format!("{api}/minutes?as=md"), format!("/reviews/{id}")];
    let reads = |who: &Someone| pages.clone().map(|page| server.open(who, &page).status);
    // Before it is opened, while it is open, and when it is closed.
    for does in [None, Some("open"), Some("close")] {
        if let Some(word) = does {
            let body = json!({ "do": word });
            assert_eq!(post(server, &world.tom, &api, &body).status, 404, "{does:?}");
            assert_eq!(post(server, &world.lea, &api, &body).status, 200, "{does:?}");
        }
        assert_eq!(reads(&world.tom), [404; 3], "{does:?}");
        assert_eq!(reads(&world.lea)[0], 200, "{does:?}");
    }
    assert_eq!(reads(&world.lea), [200; 3]);
}

#[test]
fn a_group_of_systems_is_named_and_planned_on_the_page() {
    let world = begun(Server::new());
    let server = &world.server;
    let org = server.org();
    server.system(org, "quay");
    let form = |of: &str, systems: &str, name: &str, time: &str| {
        let fields = [
            ("kind", "weekly"),
            ("of", of),
            ("day", &tomorrow(1)),
            ("time", time),
            ("minutes", "30"),
            ("systems", systems),
            ("name", name),
        ];
        server.send(&world.lea, "/reviews/new", &fields)
    };
    let one = form("group", "shop", "Tills", "10:00").text;
    assert!(one.contains("at least two systems") && one.contains("Tills"), "{one}");
    assert!(
        form("group", "shop\r\nnone", "Tills", "10:00")
            .text
            .contains("<code>none</code> is not a system")
    );
    assert_eq!(form("group", "shop\r\nquay", "Tills", "10:00").status, 303);
    let list = server.open(&world.lea, "/reviews").text;
    assert!(list.contains("Tills"), "{list}");
    // It can be chosen by its name, and its reviews are of the same.
    let page = server.open(&world.lea, "/reviews/new").text;
    assert!(page.contains("Group Tills"), "{page}");
    let word = page.split("value=\"systems:").nth(1).unwrap();
    let word = format!("systems:{}", word.split('"').next().unwrap());
    assert_eq!(form(&word, "", "", "11:00").status, 303);
    assert_eq!(server.open(&world.lea, "/reviews").text.matches("Tills").count(), 2);
    // Who holds a part of it does not learn of it.
    let page = server.open(&world.tom, "/reviews/new").text;
    assert!(!page.contains("Tills"), "{page}");
    assert!(!server.open(&world.tom, "/reviews").text.contains("Tills"));
    let wrong = json!({ "team": world.team, "name": "x" });
    assert_eq!(post(server, &world.lea, "/api/v1/reviews", &wrong).status, 422);
}

#[test]
fn the_pulse_tells_of_nobody() {
    let world = begun(Server::with(months, Access::default()));
    let server = &world.server;
    let org = server.org();
    let answers = |productive: u8| json!({ "role": "engineering", "productive": productive, "heard": 4, "clear": 5 });
    let people: Vec<Someone> = (0..4)
        .map(|n| server.someone(org, &format!("Eng{n}"), &[(Role::Engineering, Organisation)]))
        .map(|who| lasting(server, &who))
        .collect();
    for who in &people {
        assert_eq!(post(server, who, "/api/v1/pulse", &answers(2)).status, 200);
    }
    let security = json!({ "role": "security", "productive": 1, "heard": 1, "clear": 1 });
    assert_eq!(
        post(server, &people[0], "/api/v1/pulse", &security).status,
        422,
        "no role of theirs"
    );
    assert_eq!(post(server, &people[0], "/api/v1/pulse", &answers(5)).status, 409, "once a month");
    assert_eq!(post(server, &world.lea, "/api/v1/pulse", &answers(6)).status, 422);
    // A token of hers does not answer for her.
    let wanted = json!({ "name": "board", "actions": ["view"], "days": 1 });
    let token = post(server, &world.lea, "/api/v1/tokens", &wanted).json()["token"].clone();
    let token = format!("Bearer {}", token.as_str().unwrap());
    let with = [("authorization", token.as_str()), JSON];
    let sent = security.to_string();
    let refused = server.ask("POST", "/api/v1/pulse", &with, sent.as_bytes());
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.json()["detail"],
        "Only people who are signed in may answer the pulse: no token can."
    );
    assert_eq!(post(server, &world.lea, "/api/v1/pulse", &security).status, 200);
    let told = || server.open(&world.lea, "/api/v1/pulse").json()["rows"].clone();
    assert_eq!(told(), json!([]), "nothing of a month that is not over");
    // Over: four are too few, and the one beside them makes five of which none can be told apart.
    DAYS.fetch_add(32, Ordering::SeqCst);
    let is = told()[0].clone();
    assert!(is["roles"].as_array().unwrap().iter().all(|role| role["told"].is_null()), "{is}");
    assert_eq!((&is["all"]["answers"], &is["all"]["productive"]), (&json!(5), &json!(1.8)), "{is}");
    // A month with five of engineering and one of security: the one could be reckoned from the whole.
    for who in people.iter().chain([&world.tom]) {
        assert_eq!(post(server, who, "/api/v1/pulse", &answers(3)).status, 200);
    }
    assert_eq!(post(server, &world.lea, "/api/v1/pulse", &security).status, 200);
    DAYS.fetch_add(32, Ordering::SeqCst);
    let is = told()[0].clone();
    assert!(is["all"].is_null(), "{is}");
    let known: BTreeSet<&str> = is["roles"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|role| !role["told"].is_null())
        .filter_map(|role| role["role"].as_str())
        .collect();
    assert_eq!(known, BTreeSet::from(["engineering"]));
    let page = server.open(&world.lea, "/pulse").text;
    assert!(page.contains("Three questions for") && page.contains("fewer than five"), "{page}");
    let form = [("role", "security"), ("productive", "4"), ("heard", ""), ("clear", "2")];
    assert!(server.send(&world.lea, "/pulse", &form).text.contains("Each answer must be 1 to 5."));
    // Nobody's answers are in the ledger.
    let mut told = ledger(server, &world.lea);
    told.retain(|(.., data)| data["what"] == "pulse");
    assert!(told.len() == 11 && told.iter().all(|(_, actor, _)| actor == "trimtab"), "{told:?}");
}

#[test]
fn a_review_is_held_in_a_browser() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    let world = begun(Server::new());
    let page = browser.page();
    let (name, value) = world.tom.cookie.split_once('=').unwrap();
    let cookie = json!({ "name": name, "value": value, "url": world.server.base });
    assert_eq!(page.call("Network.setCookie", &cookie)["success"], true);
    let look = |what: &str| {
        let faults = rules::looked(&page, &axe, &format!("review-{what}"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    };
    page.size(1440, 900);
    page.open(&format!("{}/reviews/new?team={}", world.server.base, world.team));
    look("new");
    page.click("form.sheet button[type=submit]");
    let here = page.address();
    assert!(here.contains("/reviews/"), "{here}");
    look("prepared");
    page.click("form.sheet button[type=submit]");
    assert!(page.text("h1").starts_with("Now: "), "{}", page.text("h1"));
    assert!(page.text("dl.pairs").contains("Tom"), "whoever opens it is there");
    page.fill("#f-what", "Raise moment in the next window");
    page.run("document.getElementById('f-topic').selectedIndex = 1");
    page.click("form:has(#f-what) button[type=submit]");
    assert!(page.text("#decisions").contains("Raise moment in the next window"));
    look("open");
    // What another records appears, and what is being typed stays.
    page.fill("#f-what", "Ask the supplier");
    let decided = json!({ "what": "Replace moment", "owner": world.lea.id, "due": tomorrow(2) });
    let at = here.trim_start_matches(&world.server.base);
    made(&post(&world.server, &world.lea, &format!("/api/v1{at}/decisions"), &decided));
    page.run(
        "new Promise((done) => { \
         const has = () => document.querySelector('#decisions').innerText.includes('Replace moment'); \
         new MutationObserver(() => { if (has()) done(true); }).observe(document.querySelector('main'), { childList: true, subtree: true }); \
         document.dispatchEvent(new Event('visibilitychange')); })",
    );
    assert_eq!(page.run("document.querySelector('#f-what').value"), json!("Ask the supplier"));
    assert!(page.text("dl.pairs").contains("Lea"), "whoever decides is there");
    page.click("form:has(#f-note) button[type=submit]");
    assert!(page.text("h1").starts_with("2 decisions in 0 of 30 minutes"), "{}", page.text("h1"));
    assert!(!page.has("[data-live]"), "nobody adds to it");
    look("closed");
    page.click("form:has(#f-became) button[type=submit]");
    assert!(page.text("#decisions").contains("carried out"));
    page.click("form:has(#f-became) button[type=submit]");
    assert!(!page.has("#f-became"), "nothing is left to follow");
}

/// They were planned for other times: what is decided in one is not in the minutes of the other.
#[test]
fn two_open_reviews_of_the_same_say_so() {
    let World { server, team, lea, .. } = begun(Server::new());
    let plan = |hours: i64| {
        let at = (Timestamp::now() + SignedDuration::from_hours(hours)).to_string();
        let wanted = json!({ "team": team, "at": at });
        post(&server, &lea, "/api/v1/reviews", &wanted).json()["id"].as_i64().unwrap()
    };
    let (first, second) = (plan(0), plan(3));
    let page = |id: i64| server.open(&lea, &format!("/reviews/{id}")).text;
    let acts = |id: i64, what: &str| {
        let fields = [("do", what), ("note", "")];
        assert_eq!(server.send(&lea, &format!("/reviews/{id}"), &fields).status, 303, "{what}");
    };
    let says = |id: i64| page(id).contains("Another review of the same is open");
    acts(first, "open");
    assert!(says(second) && !says(first), "{}", page(second));
    assert!(page(second).contains(&format!("/reviews/{first}\"")));
    acts(second, "open");
    assert!(says(first) && says(second), "{}", page(first));
    acts(first, "close");
    assert!(!says(first) && !says(second), "{}", page(second));
}
