//! Teams are told: once, at the time that they chose, and at once only what the charter calls *now*.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_connect::notify::Security;
use trimtab_model::{Level, Role};
use trimtab_server::{MailServer, Notices};
use trimtab_store::{
    Contents, Grant, JudgedBy, Known, Listed, Matched, NewComponent, NewJob, NewLetter,
    NewRecipient, NewSnapshot, Org, Priority, ScopeOf, System, Weighed,
};
use trimtab_testkit::browser::{Browser, rules};
use trimtab_testkit::postgres::Postgres;
use trimtab_testkit::smtp::Smtp;

use crate::harness::{JSON, Server, Someone};

#[macro_use]
mod world;

mod boards;
mod duty;
mod others;
mod own;

use world::*;

clock!(BURST, burst_clock);

#[test]
fn a_burst_of_ten_thousand_findings_is_one_digest_and_one_now() {
    let hook = Hook::start();
    let world = begun(None, private(), burst_clock);
    world.wishes(&hook, &json!({}));
    world.carries("web", world.system, 0..10_000);
    // All that is *now* is one message; the rest is held, and can be seen with the reason.
    let came = hook.came();
    assert_eq!(came.len(), 1, "{came:?}");
    let subject = "Now, shop: p0 in web: nothing is planned, and 99 more".to_owned();
    assert_eq!(words(&came[0]), (subject, 100));
    let is = world.notices();
    let all = is["things"].as_array().unwrap();
    assert_eq!(all.len() as u64 + is["more"].as_u64().unwrap(), 10_000);
    assert!(all[0]["now"].is_string() && all[0]["acknowledged"].is_null(), "{}", all[0]);
    // Of a team without a plan it is not said that its plan leaves something.
    let detail = all[0]["detail"].as_str().unwrap();
    assert!(detail.contains("there is no plan: the team has not chosen a cadence"), "{detail}");
    assert!(!all[0]["act"].as_str().unwrap().contains("the plan says"), "{}", all[0]);
    assert_eq!(all[0]["held"], "waits for the digest");
    assert_eq!(all[0]["until"], at(DIGEST).to_string());
    assert_eq!((&is["digests"], &is["alarms"]), (&json!(0), &json!(1)));
    // Asked again and again, nothing more leaves.
    for n in 0..5 {
        world.job("notify", &format!("again {n}"));
        world.settle();
    }
    assert_eq!(hook.came().len(), 1);
    // Deadlines of what is *now* passed by then: that is one message more.
    BURST.store(DIGEST - 1, Ordering::SeqCst);
    world.job("notify", "before the digest");
    world.settle();
    let came = hook.came();
    assert_eq!(came.len(), 2);
    let subject = "Now, shop: Missed: 10000 findings in shop are past their deadline".to_owned();
    assert_eq!(words(&came[1]), (subject, 1));
    // Nothing but the time brings the digest, and it has all.
    BURST.store(DIGEST, Ordering::SeqCst);
    world.job("notify", "a look");
    world.settle();
    let came = hook.came();
    assert_eq!(came.len(), 3);
    // With the steps that are late by then. What was told at once a minute ago it does not name again.
    assert_eq!(words(&came[2]), ("shop: 10001 things to do".to_owned(), 10_001));
    assert_eq!(world.notices()["digests"], 1);
    // What comes in the same week waits for the next: the budget is spent.
    BURST.store(DIGEST + 5, Ordering::SeqCst);
    world.carries("desk", world.system, 20_001..20_050);
    let is = world.notices();
    assert_eq!(hook.came().len(), 3);
    let new = is["things"].as_array().unwrap().iter().find(|t| t["held"].is_string()).unwrap();
    assert_eq!(new["until"], at(DIGEST + 7 * 24 * 60).to_string(), "{new}");
    let unsent = world.server.runtime.block_on(world.server.app().store.newest_unsent(world.org));
    assert_eq!(unsent.unwrap(), None, "the outbox was read");
}

clock!(AGAIN, again_clock);

#[test]
fn what_a_channel_does_not_take_is_tried_again_and_what_it_refuses_is_told() {
    let hook = Hook::start();
    let world = begun(None, private(), again_clock);
    world.wishes(&hook, &json!({}));
    hook.status.store(503, Ordering::SeqCst);
    world.carries("web", world.system, 100..101);
    let copy = || world.sent()[0]["copies"][0].clone();
    assert_eq!((hook.came().len(), &copy()["state"]), (1, &json!("later")));
    assert_eq!(copy()["next"], at(2).to_string());
    // The same letter, by its id.
    hook.status.store(404, Ordering::SeqCst);
    AGAIN.store(2, Ordering::SeqCst);
    world.job("notify", "due");
    world.settle();
    let came = hook.came();
    assert_eq!((came.len(), &came[0]["id"]), (2, &came[1]["id"]));
    assert_eq!((&copy()["state"], &copy()["tries"]), (&json!("refused"), &json!(2)));
    let detail = copy()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("404") && !detail.contains("a-secret-path"), "{detail}");
    // It is not tried by itself; the page says what to do, and it is sent when somebody wishes it.
    AGAIN.store(600, Ordering::SeqCst);
    world.job("notify", "later");
    world.settle();
    assert_eq!(hook.came().len(), 2);
    let id = world.sent()[0]["id"].as_i64().unwrap();
    let page = world.server.open(&world.lea, &format!("/notices/{id}"));
    assert!(page.text.contains("Send it again where it was not taken"), "{}", page.text);
    hook.status.store(200, Ordering::SeqCst);
    let (status, told) = world.post(&world.lea, &format!("/api/v1/notices/{id}/again"));
    assert_eq!((status, &told["copies"]), (200, &json!(1)));
    world.settle();
    assert_eq!((hook.came().len(), &copy()["state"]), (3, &json!("sent")));
    assert_eq!(world.sent().len(), 1, "it is one letter");
}

clock!(LOST, lost_clock);

#[test]
fn a_server_that_ended_while_it_told_has_nobody_told_twice() {
    let hook = Hook::start();
    let world = begun(None, private(), lost_clock);
    world.wishes(&hook, &json!({}));
    world.carries("web", world.system, 100..101);
    assert_eq!((hook.came().len(), world.sent().len()), (1, 1));
    // A letter of two copies, as it is if the process ends while it hands the first one over.
    let app = world.server.app();
    world.server.runtime.block_on(async {
        let (store, now) = (&app.store, lost_clock());
        let wished = store.wishes(world.org, world.team).await.unwrap().unwrap();
        let pending = store.pending(world.org, world.team).await.unwrap();
        let letter = NewLetter {
            team: world.team,
            why: "now".into(),
            items: vec![pending[0].item.clone()],
            told: json!({ "urgent": true,
                "named": [{ "item": pending[0].item, "told": pending[0].told }] }),
        };
        let to = NewRecipient {
            channel: "webhook".into(),
            address: wished.told["server"].as_str().unwrap().into(),
            person: None,
        };
        let to = [to.clone(), to];
        let begun = store.begin_letter(world.org, wished.turn, (&letter, &to), now).await;
        let kept = store.letter(world.org, begun.unwrap().unwrap()).await.unwrap().unwrap();
        assert!(store.begin_again(world.org, &kept.copies[0], now).await.unwrap());
    });
    LOST.store(1, Ordering::SeqCst);
    world.job("notify", "restart");
    world.settle();
    let states = || {
        let sent = world.sent();
        [0usize, 1].map(|nth| sent[0]["copies"][nth]["state"].clone())
    };
    assert_eq!(
        (world.sent().len(), states()),
        (2, [json!("begun"), json!("sent")]),
        "another may still hand the first one over; the second one was not begun"
    );
    assert_eq!(hook.came().len(), 2);
    LOST.store(12, Ordering::SeqCst);
    world.job("notify", "much later");
    world.settle();
    assert_eq!((world.sent().len(), states()), (2, [json!("unknown"), json!("sent")]));
    assert_eq!(hook.came().len(), 2);
    let page = world.server.open(&world.lea, &format!("/teams/{}/notices", world.team));
    assert!(page.text.contains("The latest notice did not reach everybody."), "{}", page.text);
}

clock!(TWO, two_clock);

#[test]
fn two_servers_tell_once() {
    let Some(postgres) = Postgres::start() else { return };
    let hook = Hook::start();
    TWO.store(0, Ordering::SeqCst);
    let store = postgres.database("notices");
    let world = begun(Some(store.clone()), private(), two_clock);
    let other = Server::telling(store, &world.key(), private(), (two_clock, 2));
    world.wishes(&hook, &json!({}));
    for n in 0..20 {
        world.job("notify", &format!("before {n}"));
    }
    world.carries("web", world.system, 100..103);
    for n in 0..20 {
        world.job("notify", &format!("after {n}"));
    }
    world.settle();
    assert_eq!(hook.came().len(), 1, "{:?}", hook.came());
    TWO.store(DIGEST, Ordering::SeqCst);
    for n in 0..20 {
        world.job("notify", &format!("digest {n}"));
    }
    world.settle();
    // One that deadlines passed, and one digest.
    assert_eq!(hook.came().len(), 3, "{:?}", hook.came());
    drop(other);
}

clock!(MAIL, mail_clock);

#[test]
fn people_on_duty_are_mailed_what_they_may_see_and_others_if_nobody_has_it() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    let mail = MailServer {
        host: "127.0.0.1".into(),
        port: smtp.port(),
        security: Security::None,
        login: None,
        from: "trimtab@ferries.example".into(),
    };
    let world = begun(None, Notices { mail: Some(mail), private: false }, mail_clock);
    let server = &world.server;
    let app = server.app();
    let desk = System { name: "desk".into(), team: Some(world.team), ..System::default() };
    let desk = app.store.put_system(world.org, &desk, "trimtab", mail_clock());
    let desk = server.runtime.block_on(desk).unwrap();
    let amy =
        server.someone(world.org, "amy", &[(Role::Engineering, ScopeOf::System(world.system))]);
    server.someone(world.org, "bob", &[(Role::Operations, ScopeOf::Team(world.team))]);
    let cyd = server.someone(world.org, "cyd", &[(Role::Leadership, ScopeOf::Organisation)]);
    let dot = server.someone(world.org, "dot", &[(Role::Security, ScopeOf::Organisation)]);
    let far = server.system(world.org, "far").1;
    server.someone(world.org, "eve", &[(Role::Engineering, ScopeOf::Team(far))]);
    let of = |name: &str| format!("{name}-{}@example.org", world.org.0);
    let wishes = |on_duty: &[&str]| {
        let on_duty: Vec<String> = on_duty.iter().map(|name| of(name)).collect();
        json!({ "zone": "UTC", "days": ["monday"], "time": "09:00", "budget": 1,
            "channel": "mail", "addresses": ["team@ferries.example"], "escalates": 30,
            "on_duty": on_duty, "second": [of("cyd")], "third": [of("dot")] })
    };
    // Who may see nothing of the team cannot be on duty for it.
    let (status, told) = world.put(&wishes(&["amy", "eve"]));
    assert!(status == 422 && told["detail"].as_str().unwrap().starts_with("`on_duty`"), "{told}");
    assert_eq!(world.put(&wishes(&["amy", "bob"])).0, 200);
    world.carries("a-one", world.system, 100..101);
    let mut got = smtp.mail();
    assert_eq!(got["to"], json!([of("amy")]));
    got = smtp.mail();
    assert_eq!(got["to"], json!([of("bob")]));
    // Something of the other system, at another time: Amy may not see that, and gets no mail.
    MAIL.store(5, Ordering::SeqCst);
    world.carries("b-two", desk, 200..201);
    got = smtp.mail();
    assert_eq!(got["to"], json!([of("bob")]));
    assert!(got["text"].as_str().unwrap().contains("b-two"), "{got}");
    let first = world.sent()[1].clone();
    let page = format!("/notices/{}", first["id"]);
    // Opening the page of the letter changes nothing; the button does.
    let ledger = || server.open(&world.lea, "/api/v1/ledger?limit=5000").json()["rows"].clone();
    let before = ledger();
    let opened = server.open(&amy, &page);
    assert!(opened.text.contains("I have it") && !opened.text.contains("b-two"), "{}", opened.text);
    let other = server.open(&amy, &format!("/notices/{}", world.sent()[0]["id"]));
    assert_eq!(other.status, 404, "she may see nothing of it: {}", other.text);
    assert_eq!(ledger(), before);
    assert_eq!(server.send(&amy, &page, &[("do", "acknowledge")]).status, 303);
    assert!(server.open(&amy, &page).text.contains("amy has it."));
    assert_eq!(ledger().as_array().unwrap().len(), before.as_array().unwrap().len() + 1);
    // Nobody has the other: half an hour after it was told, the second circle is told of it alone.
    MAIL.store(34, Ordering::SeqCst);
    world.job("notify", "before");
    world.settle();
    assert_eq!(world.sent().len(), 2);
    MAIL.store(35, Ordering::SeqCst);
    world.job("notify", "after");
    world.settle();
    got = smtp.mail();
    assert_eq!(got["to"], json!([of("cyd")]));
    let text = got["text"].as_str().unwrap();
    assert!(text.contains("b-two") && !text.contains("a-one"), "{text}");
    let second = world.sent()[0].clone();
    assert_eq!(second["why"], "second");
    let path = format!("/api/v1/notices/{}/acknowledgement", second["id"]);
    let (status, told) = world.post(&cyd, &path);
    assert_eq!((status, &told["acknowledged"]), (200, &json!(1)));
    assert_eq!(world.post(&cyd, &path).1["acknowledged"], 0, "once");
    MAIL.store(120, Ordering::SeqCst);
    world.job("notify", "much later");
    world.settle();
    assert_eq!(world.sent().len(), 3, "the third circle sleeps");
    // By then their deadlines passed: who is on duty is told of that, though somebody had it.
    MAIL.store(DIGEST, Ordering::SeqCst);
    world.job("notify", "digest");
    world.settle();
    let mails = [smtp.mail(), smtp.mail(), smtp.mail()];
    let to = |address: &str| {
        let own = mails.iter().find(|mail| mail["to"] == json!([address]));
        own.unwrap_or_else(|| panic!("nothing to {address}: {mails:?}"))
    };
    for (name, systems) in [("amy", [true, false]), ("bob", [true, true])] {
        let text = to(&of(name))["text"].as_str().unwrap().replace("=\r\n", "");
        let missed = |place: &str| text.contains(&format!("Missed: 1 finding in {place} is past"));
        assert_eq!([missed("shop"), missed("desk")], systems, "{text}");
    }
    // The digest goes to the team's address, at its time, and does not repeat that.
    let got = to("team@ferries.example");
    assert!(got["text"].as_str().unwrap().contains("4 things to do"), "{got}");
    assert_eq!(server.open(&dot, &page).status, 200);
}

clock!(QUIET, quiet_clock);

#[test]
fn wishes_are_checked_and_quiet_hours_hold_the_digest() {
    let hook = Hook::start();
    let world = begun(None, private(), quiet_clock);
    let good = json!({ "zone": "Europe/Berlin", "days": ["tuesday"], "time": "23:00", "budget": 1,
        "quiet": { "from": "20:00", "to": "07:00" }, "channel": "none" });
    for (member, value) in [
        ("zone", json!("Mars/Base")),
        ("days", json!(["someday"])),
        ("time", json!("9")),
        ("quiet", json!(["20:00", "07:00"])),
        ("quiet", json!({ "from": "20:00", "to": "25:00" })),
        ("budget", json!(51)),
        ("budget", json!(-1)),
        ("escalates", json!(0)),
        ("channel", json!("pigeon")),
        ("channel", json!("mail")),
        ("channel", json!("slack")),
        ("addresses", json!(["nobody"])),
        ("on_duty", json!(["nobody@example.org"])),
        ("address", json!("x".repeat(2001))),
        ("third", json!([format!("lea-{}@example.org", world.org.0)])),
    ] {
        let mut wrong = good.clone();
        wrong[member] = value.clone();
        let (status, told) = world.put(&wrong);
        assert_eq!(status, 422, "{member} {value}: {told}");
    }
    assert!(matches!(world.put(&json!([1])).0, 400 | 422));
    assert_eq!(world.put(&good).0, 200);
    world.carries("web", world.system, 1..3);
    // Without a channel nothing is sent, and it can be seen.
    let is = world.notices();
    assert_eq!(is["things"][0]["held"], "the team has no digest");
    assert_eq!(is["tells_at_once"], false);
    // Tuesday at 23 in Berlin is within the quiet hours: it comes on Wednesday at seven.
    let quiet = json!({ "zone": "Europe/Berlin", "days": ["tuesday"], "time": "23:00",
        "quiet": { "from": "20:00", "to": "07:00" } });
    world.wishes(&hook, &quiet);
    QUIET.store(36 * 60, Ordering::SeqCst);
    world.job("notify", "late on Tuesday");
    world.settle();
    assert_eq!(hook.came().len(), 0);
    let held = world.notices()["things"][0].clone();
    assert_eq!(
        (&held["held"], &held["until"]),
        (&json!("quiet hours of the team"), &json!("2026-03-04T06:00:00Z"))
    );
    QUIET.store(44 * 60, Ordering::SeqCst);
    world.job("notify", "Wednesday at seven");
    world.settle();
    assert_eq!(hook.came().len(), 1);
    assert!(world.notices()["things"].as_array().unwrap().is_empty(), "all was told");
}

clock!(INSIDE, inside_clock);

#[test]
fn a_channel_within_is_not_reached_unless_the_administrator_says_so() {
    let hook = Hook::start();
    INSIDE.store(0, Ordering::SeqCst);
    let world = begun(None, Notices::default(), inside_clock);
    let wishes = |address: &str| {
        json!({ "zone": "UTC", "days": [], "time": "09:00", "budget": 0, "channel": "webhook",
            "address": address, "secret": "sixteen letters!" })
    };
    assert_eq!(world.put(&wishes(&hook.address)).0, 422, "without TLS");
    let secure = hook.address.replace("http://", "https://");
    assert_eq!(world.put(&wishes(&secure)).0, 200);
    world.carries("web", world.system, 100..101);
    let copy = world.sent()[0]["copies"][0].clone();
    assert_eq!(copy["state"], "refused");
    assert!(copy["detail"].as_str().unwrap().contains("private network"), "{copy}");
    assert_eq!(hook.came().len(), 0);
}

clock!(CALENDAR, calendar_clock);

#[test]
fn a_calendar_shows_what_its_person_may_see_until_it_is_taken_back() {
    CALENDAR.store(0, Ordering::SeqCst);
    let world = begun(None, private(), calendar_clock);
    let server = &world.server;
    let app = server.app();
    let edit = format!("/teams/{}/edit", world.team);
    let fields = [("cadence", "every sprint"), ("capacity", "20")];
    assert_eq!(server.send(&world.lea, &edit, &fields).status, 303);
    let desk = System { name: "desk".into(), team: Some(world.team), ..System::default() };
    let desk = app.store.put_system(world.org, &desk, "trimtab", calendar_clock());
    let desk = server.runtime.block_on(desk).unwrap();
    world.carries("a-one", world.system, 1..2);
    world.carries("b-two", desk, 2..3);
    let amy = server.someone(world.org, "amy", &[(Role::Engineering, ScopeOf::System(desk))]);
    let path = format!("/api/v1/teams/{}/calendar", world.team);
    let address = |who: &Someone| {
        let (status, told) = world.post(who, &path);
        assert_eq!(status, 201, "{told}");
        told["address"].as_str().unwrap().trim_start_matches("http://127.0.0.1").to_owned()
    };
    let fetch = |address: &str| server.ask("GET", address, &[], b"");
    let (hers, amys) = (address(&world.lea), address(&amy));
    let all = fetch(&hers);
    assert_eq!(all.header("content-type"), Some("text/calendar; charset=utf-8"), "{all:?}");
    let unfolded = all.text.replace("\r\n ", "");
    assert!(unfolded.contains("a-one") && unfolded.contains("b-two"), "{unfolded}");
    assert!(unfolded.contains("CATEGORIES:window") && unfolded.contains("CATEGORIES:deadline"));
    assert!(unfolded.contains("SUMMARY:2 deadlines of"), "those of a day together: {unfolded}");
    assert_eq!(unfolded.matches("UID:").count(), unfolded.matches("BEGIN:VEVENT").count());
    assert_eq!(fetch(&hers).text, all.text, "the same bytes");
    let part = fetch(&amys).text.replace("\r\n ", "");
    assert!(
        part.contains("b-two") && !part.contains("a-one") && !part.contains("20 points"),
        "{part}"
    );
    // Who loses the role loses what it showed; who makes another address loses the one before.
    let none: [Grant; 0] = [];
    let taken = app.store.set_grants(world.org, amy.id, &none, "trimtab", calendar_clock());
    server.runtime.block_on(taken).unwrap();
    assert_eq!(fetch(&amys).status, 404);
    let second = address(&world.lea);
    assert_eq!((fetch(&hers).status, fetch(&second).status), (404, 200));
    let headers = [("cookie", world.lea.cookie.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(server.ask("DELETE", &path, &headers, b"").status, 204);
    assert_eq!(fetch(&second).status, 404);
    assert_eq!(fetch("/feeds/x/calendar.ics").status, 404);
}

clock!(WALK, walk_clock);

#[test]
fn a_team_says_how_it_is_told_sees_what_is_held_and_that_somebody_has_it() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    WALK.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), walk_clock);
    let server = &world.server;
    world.carries("web", world.system, 98..102);
    let page = world.entered(&browser);
    let here = format!("{}/teams/{}/notices", server.base, world.team);
    let mut wrong = Vec::new();
    let mut look =
        |name: &str| wrong.extend(rules::looked(&page, &axe, &format!("notices-{name}")));
    page.open(&here);
    assert!(
        page.text("main").contains("This team has no channel for notices"),
        "{}",
        page.text("main")
    );
    look("before");
    page.open(&format!("{here}/edit"));
    page.run("document.querySelector('#f-channel').value = 'webhook'");
    page.fill("#f-address", &hook.address);
    page.fill("#f-secret", "short");
    page.fill("#f-time", "08:30");
    page.follow("Enter");
    assert!(page.text("main").contains("16 to 200 characters"), "{}", page.text("main"));
    look("wishes");
    page.fill("#f-address", &hook.address);
    page.fill("#f-secret", "sixteen letters!");
    page.follow("Enter");
    assert_eq!(page.address(), here, "{}", page.text("main"));
    world.settle();
    page.open(&here);
    let text = page.text("main");
    assert!(text.contains("1 notice is marked now; nobody has acknowledged it yet."), "{text}");
    assert!(text.contains("waits for the digest"), "{text}");
    look("held");
    page.click("main a[href^='/notices/']");
    look("letter");
    page.reach("main form button[type=submit]");
    page.follow("Enter");
    assert!(page.text("main").contains("Lea has it."), "{}", page.text("main"));
    page.open(&here);
    assert!(page.text("main").contains("now, acknowledged"), "{}", page.text("main"));
    page.open(&format!("{}/teams/{}/calendar", server.base, world.team));
    page.click("main form button[type=submit]");
    assert!(page.text("main").contains("/calendar.ics"), "{}", page.text("main"));
    look("calendar");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(hook.came().len(), 1);
}
