//! Digests of people's own: what waits for them in all teams and in none, once, by their own clock.

use trimtab_store::{Became, DecisionKind, NewDecision, NewReview, ReviewOf};

use super::duty::mailing;
use super::*;

clock!(OWN, own_clock);

/// What a person asks for their own digest.
fn put(world: &World, who: &Someone, body: &Value) -> (u16, Value) {
    let headers = [JSON, ("cookie", who.cookie.as_str())];
    let sent = body.to_string();
    let answer = world.server.ask("PUT", "/api/v1/own-digest", &headers, sent.as_bytes());
    (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
}

fn runs(world: &World, who: &Someone) -> Vec<Became> {
    let app = world.server.app();
    let all = world.server.runtime.block_on(app.store.own_runs(world.org, who.id, 9)).unwrap();
    all.into_iter().map(|run| run.became).collect()
}

#[test]
fn what_waits_for_somebody_reaches_them_once_whatever_lists_they_are_on() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    OWN.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), own_clock);
    let (server, app) = (&world.server, world.server.app());
    let whole = ScopeOf::Organisation;
    let sia = server.someone(world.org, "sia", &[(Role::Security, whole)]);
    let pia = server.someone(world.org, "pia", &[(Role::Product, ScopeOf::System(world.system))]);
    let nil = server.someone(world.org, "nil", &[]);
    let monday = json!({ "days": ["monday"], "hour": 10, "zone": "Europe/Berlin" });
    for wrong in [
        json!({ "days": [], "hour": 9 }),
        json!({ "days": ["mon"], "hour": 9 }),
        json!({ "days": ["monday"], "hour": 24 }),
        json!({ "days": ["monday"], "hour": 9, "zone": "Mars/Base" }),
    ] {
        assert_eq!(put(&world, &sia, &wrong).0, 422, "{wrong}");
    }
    for who in [&sia, &pia, &nil] {
        assert_eq!(put(&world, who, &monday).0, 200);
    }
    let far = at(DIGEST) + SignedDuration::from_hours(24 * 300);
    world.asks_in(world.lea.id, "CVE-2026-77", Some(world.system), far);
    world.asks_in(world.lea.id, "CVE-2026-78", None, far);
    world.asks_in(sia.id, "CVE-2026-79", Some(world.system), far);
    let review = NewReview {
        kind: "quarterly".into(),
        of: ReviewOf::All,
        systems: Vec::new(),
        at: at(DIGEST) + SignedDuration::from_hours(26),
        minutes: 60,
    };
    let review = app.store.add_review(world.org, &review, "person:1", own_clock());
    server.runtime.block_on(review).unwrap();
    let incident = json!({ "title": "A worm", "looked_for": "pkg:npm/p1" });
    let incident = world.api("/api/v1/incidents", &incident);
    let room = format!("/api/v1/incidents/{}", incident["id"]);
    // Of no team, hers alone.
    let task = json!({ "kind": "task", "text": "Ask the registry", "owner": sia.id,
        "due": "2026-03-04T00:00:00Z" });
    world.api(&room, &task);
    let look = |minutes: i64| {
        OWN.store(minutes, Ordering::SeqCst);
        for n in 0..3 {
            world.job("mail-people", &format!("{minutes} {n}"));
        }
        world.settle();
    };
    // Ten in Berlin is nine by UTC.
    look(DIGEST - 1);
    assert_eq!(runs(&world, &sia), []);
    look(DIGEST);
    let mail = smtp.mail();
    assert_eq!(mail["to"], json!([world.of("sia")]));
    let text = mail["text"].as_str().unwrap().replace("=\r\n", "");
    for (told, is) in [
        ("CVE-2026-77", true),
        ("CVE-2026-78", true),
        ("CVE-2026-79", false),
        ("A review is planned for 2026-03-10 11:00 UTC", true),
        ("Late: Ask the registry", true),
        ("4 things are waiting for you", true),
    ] {
        assert_eq!(text.contains(told), is, "{told}: {text}");
    }
    // Product answers nothing that may be critical, and who has no role sees nothing: nothing waits for them.
    assert_eq!(
        (runs(&world, &sia), runs(&world, &pia), runs(&world, &nil)),
        (vec![Became::Sent], vec![], vec![])
    );
    // What was told is not told again; what the team's digest tells at her own address is told there.
    look(DIGEST + 7 * 24 * 60);
    assert_eq!(runs(&world, &sia), [Became::Sent]);
    let wishes = json!({ "zone": "UTC", "days": ["friday"], "time": "09:00", "budget": 1,
        "channel": "mail", "addresses": [world.of("sia")] });
    assert_eq!(world.put(&wishes).0, 200);
    world.asks_in(world.lea.id, "CVE-2026-80", Some(world.system), far);
    world.asks_in(world.lea.id, "CVE-2026-81", None, far);
    look(DIGEST + 14 * 24 * 60);
    // The team's, whose day has passed meanwhile, and her own.
    let mails = [smtp.mail(), smtp.mail()];
    let texts = mails.iter().map(|mail| mail["text"].as_str().unwrap().replace("=\r\n", ""));
    let own: Vec<String> = texts.filter(|text| text.contains("for you")).collect();
    let [text] = own.as_slice() else { panic!("{mails:?}") };
    assert!(text.contains("CVE-2026-81") && !text.contains("CVE-2026-80"), "{text}");
    // The page shows when it comes and what waits; no day: it comes no longer.
    let page = server.open(&sia, "/account/digest").text;
    assert!(page.contains("monday at 10:00 Europe/Berlin"), "{page}");
    assert!(page.contains("CVE-2026-81") && page.contains("sent"), "{page}");
    assert_eq!(server.send(&sia, "/account/digest", &[("hour", "9"), ("zone", "UTC")]).status, 303);
    assert_eq!(server.open(&sia, "/api/v1/own-digest").json()["days"], json!([]));
    let told = server.runtime.block_on(app.store.ledger(world.org, 0, 5000)).unwrap();
    let count = |what: &str| told.iter().filter(|entry| entry.data.contains(what)).count();
    assert_eq!((count("own-digest-set"), count("own-digest-ended")), (3, 1));
}

clock!(SIDES, sides_clock);

#[test]
fn what_somebody_answers_is_found_however_much_else_is_older() {
    SIDES.store(0, Ordering::SeqCst);
    let world = begun(None, private(), sides_clock);
    let (server, app) = (&world.server, world.server.app());
    let whole = ScopeOf::Organisation;
    let lu = server.someone(world.org, "lu", &[(Role::Leadership, whole)]);
    let pia = server.someone(world.org, "pia", &[(Role::Product, whole)]);
    let far = at(DIGEST) + SignedDuration::from_hours(24 * 300);
    // What is high is security's to answer; of what nothing is found, it may be critical, and leadership answers it.
    world.carries("web", world.system, 1..2);
    for n in 0..600 {
        let new = NewDecision {
            kind: DecisionKind::Exception,
            vulnerability: None,
            package: Some("pkg:npm/p1".to_owned()),
            asset: None,
            system: Some(world.system),
            environment: None,
            reason: format!("for reason {n}"),
            justification: None,
            control: None,
            author: world.lea.id,
            author_role: "product".into(),
            expires: Some(far),
        };
        let asked = app.store.ask(world.org, &new, "person:1", sides_clock());
        server.runtime.block_on(asked).unwrap();
    }
    world.asks_in(world.lea.id, "CVE-2026-77", Some(world.system), far);
    let digest = |who: &Someone| server.open(who, "/account/digest").text;
    let told = digest(&lu);
    assert!(told.contains("CVE-2026-77") && !told.contains("findings in p1"), "{told}");
    // A charter is waiting for her side until it is said.
    let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\n";
    let proposed =
        app.store.propose_charter(world.org, text, world.lea.id, "person:1", sides_clock());
    server.runtime.block_on(proposed).unwrap();
    assert!(digest(&pia).contains("A charter is waiting for product"), "{}", digest(&pia));
    let eve = server.someone(world.org, "eve", &[(Role::Product, ScopeOf::System(world.system))]);
    assert!(!digest(&eve).contains("A charter is waiting"), "a side of the whole alone");
}

clock!(GREY, grey_clock);

#[test]
fn what_a_mail_server_does_not_take_at_once_is_tried_again() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    GREY.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), grey_clock);
    let (server, app) = (&world.server, world.server.app());
    // The first mail to an address that begins so is put off by the mail server.
    let grey = server.someone(world.org, "grey", &[(Role::Security, ScopeOf::Organisation)]);
    let api = |method: &str, path: &str, body: &Value| {
        let headers = [JSON, ("cookie", grey.cookie.as_str())];
        server.ask(method, path, &headers, body.to_string().as_bytes())
    };
    let board = "/api/v1/boards/security/mail";
    assert_eq!(api("GET", board, &Value::Null).json()["rhythm"], Value::Null);
    for wrong in [
        json!({ "rhythm": "week-8", "hour": 9 }),
        json!({ "rhythm": "week-1", "hour": 99 }),
        json!({ "rhythm": "week-1", "hour": 9, "zone": "x" }),
        json!([1]),
    ] {
        assert_eq!(api("PUT", board, &wrong).status, 422, "{wrong}");
    }
    let of_none = json!({ "rhythm": "week-1", "hour": 9, "team": 999 });
    assert_eq!(api("PUT", board, &of_none).status, 404);
    let of_team =
        json!({ "rhythm": "week-1", "hour": 11, "zone": "Europe/Berlin", "team": world.team });
    let kept = api("PUT", board, &of_team);
    assert_eq!(kept.status, 200, "{}", kept.text);
    assert_eq!(kept.json()["next"], at(DIGEST + 60).to_string(), "eleven in Berlin is ten by UTC");
    let of = (grey.id, "security");
    let run = || {
        let all = server.runtime.block_on(app.store.board_runs(world.org, of, 9)).unwrap();
        (all.len(), all[0].became, all[0].tries)
    };
    let look = |minutes: i64| {
        GREY.store(minutes, Ordering::SeqCst);
        world.job("mail-people", &format!("{minutes}"));
        world.settle();
    };
    look(DIGEST + 60);
    assert_eq!(run(), (1, Became::Later, 1));
    let page = server.open(&grey, "/boards/security/mail").text;
    assert!(page.contains("tried again at 10:02 UTC"), "{page}");
    // By itself, when its time has come.
    GREY.store(DIGEST + 62, Ordering::SeqCst);
    world.job("mail-people", "it is time");
    world.settle();
    assert_eq!(run(), (1, Became::Sent, 2));
    let mail = smtp.mail();
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("Board of security of shop") && text.contains("Europe/Berlin"), "{text}");
    assert_eq!(api("DELETE", board, &Value::Null).status, 204);
    assert_eq!(api("GET", board, &Value::Null).json()["next"], Value::Null);
}

clock!(LONELY, lonely_clock);

#[test]
fn what_nobody_owns_is_mailed_once_to_whom_the_system_names_else_to_admins() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    LONELY.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), lonely_clock);
    let (server, app) = (&world.server, world.server.app());
    let lonely = System { name: "lonely".into(), ..System::default() };
    let lonely = app.store.put_system(world.org, &lonely, "trimtab", lonely_clock());
    let lonely = server.runtime.block_on(lonely).unwrap();
    let part = ScopeOf::System(lonely);
    let amy = server.someone(world.org, "amy", &[(Role::Engineering, part)]);
    // Other admins are mailed, too.
    let mut mailed = |name: &str| {
        loop {
            let mail = smtp.mail();
            if mail["to"] == json!([world.of(name)]) {
                return mail["text"].as_str().unwrap().replace("=\r\n", "");
            }
        }
    };
    world.carries("attic", lonely, 100..101);
    let text = mailed("lea");
    assert!(text.contains("lonely has no owner: 1 finding, 1 of them now"), "{text}");
    // Told once; more of it is told again.
    world.job("notify", "again");
    world.settle();
    assert_eq!(runs(&world, &world.lea), [Became::Sent]);
    world.carries("cellar", lonely, 200..202);
    let text = mailed("lea");
    assert!(text.contains("3 findings, 2 of them now"), "{text}");
    // Whom the system names answers for it, and no admin.
    let named = [("assessment", amy.id)];
    let set = app.store.set_system_people(world.org, lonely, &named, "trimtab", lonely_clock());
    server.runtime.block_on(set).unwrap();
    world.carries("loft", lonely, 300..301);
    let text = mailed("amy");
    assert!(text.contains("4 findings, 3 of them now"), "{text}");
    assert_eq!(runs(&world, &world.lea).len(), 2);
    assert!(server.open(&amy, "/account/digest").text.contains("lonely has no owner"));
}

clock!(HOURS, hours_clock);

#[test]
fn an_emergency_is_mailed_at_once_to_who_may_answer_it() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    HOURS.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), hours_clock);
    let (server, app) = (&world.server, world.server.app());
    let sia = server.someone(world.org, "sia", &[(Role::Security, ScopeOf::Organisation)]);
    let ops = server.someone(world.org, "ops", &[(Role::Operations, ScopeOf::Organisation)]);
    world.carries("web", world.system, 1..2);
    let rows = server.open(&world.lea, "/api/v1/findings").json()["rows"].clone();
    let asked = json!({ "kind": "emergency", "finding": rows[0]["id"], "reason": "it is used" });
    let asked = world.api("/api/v1/appeals", &asked);
    world.settle();
    let mail = smtp.mail();
    assert_eq!(mail["to"], json!([world.of("sia")]));
    let text = mail["text"].as_str().unwrap().replace("=\r\n", "");
    assert!(text.contains("Answer the emergency: p1 in web"), "{text}");
    world.job("notify", "again");
    world.settle();
    let all = [&sia, &ops, &world.lea].map(|who| runs(&world, who).len());
    assert_eq!(all, [1, 0, 0], "once, and neither who may not nor who asked");
    // What waits for her is told her from now on.
    let own = |who: &Someone| app.store.own_digest(world.org, who.id);
    assert!(server.runtime.block_on(own(&sia)).unwrap().is_some());
    assert!(server.runtime.block_on(own(&ops)).unwrap().is_none());
    // Who asked is mailed the answer, once; and the team that it is granted.
    let yes = json!({ "state": "granted", "role": "security", "reason": "it burns" }).to_string();
    let headers = [JSON, ("cookie", sia.cookie.as_str())];
    let path = format!("/api/v1/appeals/{}", asked["id"]);
    let answer = server.ask("POST", &path, &headers, yes.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.job("notify", "answered");
    world.settle();
    let mail = smtp.mail();
    assert_eq!(mail["to"], json!([world.of("lea")]));
    let text = mail["text"].as_str().unwrap().replace("=\r\n", "");
    assert!(text.contains("Your emergency was granted: p1 in web"), "{text}");
    world.job("notify", "answered, again");
    world.settle();
    assert_eq!(runs(&world, &world.lea).len(), 1);
    let waits = world.notices()["things"].as_array().unwrap().clone();
    let granted = waits.iter().find(|is| is["item"] == format!("granted:{}", asked["id"]));
    let granted = granted.unwrap_or_else(|| panic!("{waits:#?}"));
    assert!(granted["now"].is_string(), "{granted}");
    assert!(granted["detail"].as_str().unwrap().contains("for security: it burns"), "{granted}");
}
