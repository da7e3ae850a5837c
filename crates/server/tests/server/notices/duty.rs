//! Who is on duty by a rota is told; and a channel is tried before it is relied on.

use super::*;

pub(super) fn mailing(smtp: &Smtp) -> Notices {
    let mail = MailServer {
        host: "127.0.0.1".into(),
        port: smtp.port(),
        security: Security::None,
        login: None,
        from: "trimtab@ferries.example".into(),
    };
    Notices { mail: Some(mail), private: false }
}

impl World {
    pub(super) fn of(&self, name: &str) -> String {
        format!("{name}-{}@example.org", self.org.0)
    }

    fn ask(&self, who: &Someone, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("/api/v1/teams/{}/{path}", self.team);
        let headers = [JSON, ("cookie", who.cookie.as_str()), ("sec-fetch-site", "same-origin")];
        let answer = self.server.ask(method, &path, &headers, body.to_string().as_bytes());
        (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
    }

    fn look(&self, name: &str) {
        self.job("notify", name);
        self.settle();
    }
}

fn weekly(people: &[i64]) -> Value {
    json!({ "people": people, "first": "2026-03-02", "days": 7, "at": "09:00" })
}

clock!(ROTA, rota_clock);

#[test]
fn who_is_on_duty_by_the_rota_is_mailed_and_then_whoever_comes_next() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    ROTA.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), rota_clock);
    let server = &world.server;
    let whole = ScopeOf::Organisation;
    let amy = server.someone(world.org, "amy", &[(Role::Operations, whole)]);
    let bob = server.someone(world.org, "bob", &[(Role::Operations, ScopeOf::Team(world.team))]);
    server.someone(world.org, "cyd", &[(Role::Leadership, whole)]);
    let wishes = json!({ "zone": "UTC", "days": ["monday"], "time": "09:00", "budget": 1,
        "channel": "mail", "addresses": ["team@ferries.example"], "escalates": 30,
        // The rota stands in her place.
        "on_duty": [world.of("cyd")] });
    assert_eq!(world.put(&wishes).0, 200);
    let (status, told) = world.ask(&world.lea, "PUT", "rota", &weekly(&[amy.id, bob.id]));
    assert_eq!(status, 200, "{told}");
    assert_eq!((&told["turns"][0]["name"], &told["zone"]), (&json!("amy"), &json!("UTC")));
    world.carries("one", world.system, 100..101);
    assert_eq!(smtp.mail()["to"], json!([world.of("amy")]), "at ten on Monday");
    // Nobody has it: the next one, and then nobody is left.
    ROTA.store(30, Ordering::SeqCst);
    world.look("half an hour");
    assert_eq!(smtp.mail()["to"], json!([world.of("bob")]));
    ROTA.store(120, Ordering::SeqCst);
    world.look("two hours");
    assert_eq!(world.sent().len(), 2);
    // He takes Tuesday for her: now he is told first.
    let tuesday = json!({ "person": bob.id, "first": "2026-03-03", "until": "2026-03-04" });
    assert_eq!(world.ask(&bob, "POST", "rota/covers", &tuesday).0, 200, "for himself");
    ROTA.store(24 * 60, Ordering::SeqCst);
    world.carries("two", world.system, 200..201);
    assert_eq!(smtp.mail()["to"], json!([world.of("bob")]), "on Tuesday");
    ROTA.store(24 * 60 + 30, Ordering::SeqCst);
    world.look("Tuesday, later");
    assert_eq!(smtp.mail()["to"], json!([world.of("amy")]));
    // The deadlines of both pass: she is told of that, and has it.
    ROTA.store(96 * 60 + 1, Ordering::SeqCst);
    world.look("Friday");
    assert_eq!(smtp.mail()["to"], json!([world.of("amy")]), "she is on duty again");
    let letter = format!("/api/v1/notices/{}/acknowledgement", world.sent()[0]["id"]);
    assert_eq!(world.post(&amy, &letter).1["acknowledged"], 1);
    // At ten to nine of the next Monday she is told; he takes over at nine, and is told as the next one though he is first
    // by then.
    ROTA.store(DIGEST - 10, Ordering::SeqCst);
    world.carries("three", world.system, 300..301);
    assert_eq!(smtp.mail()["to"], json!([world.of("amy")]));
    ROTA.store(DIGEST + 20, Ordering::SeqCst);
    world.look("after the hand-over");
    let mut both = [smtp.mail()["to"].clone(), smtp.mail()["to"].clone()];
    both.sort_by_key(Value::to_string);
    assert_eq!(both, [json!([world.of("bob")]), json!(["team@ferries.example"])]);
    // Whose account is closed is passed over.
    let app = server.app();
    let closed = app.store.set_disabled(world.org, bob.id, true, "trimtab", rota_clock());
    server.runtime.block_on(closed).unwrap();
    ROTA.store(DIGEST + 60, Ordering::SeqCst);
    world.carries("four", world.system, 400..401);
    assert_eq!(smtp.mail()["to"], json!([world.of("amy")]));
    for page in ["rota", "notices"] {
        let page = server.open(&world.lea, &format!("/teams/{}/{page}", world.team)).text;
        assert!(page.contains("bob (account closed)"), "{page}");
    }
}

clock!(PART, part_clock);

#[test]
fn who_may_not_see_it_is_passed_over_though_the_team_never_said_how_it_is_told() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    PART.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), part_clock);
    let (server, app) = (&world.server, world.server.app());
    let desk = System { name: "desk".into(), team: Some(world.team), ..System::default() };
    let desk = app.store.put_system(world.org, &desk, "trimtab", part_clock());
    let desk = server.runtime.block_on(desk).unwrap();
    let amy = server.someone(world.org, "amy", &[(Role::Operations, ScopeOf::System(desk))]);
    let bob = server.someone(world.org, "bob", &[(Role::Operations, ScopeOf::Team(world.team))]);
    let (status, told) = world.ask(&world.lea, "PUT", "rota", &weekly(&[amy.id, bob.id]));
    assert_eq!(status, 200, "{told}");
    world.carries("one", world.system, 100..101);
    assert_eq!(smtp.mail()["to"], json!([world.of("bob")]));
}

clock!(ROUND, round_clock);

#[test]
fn a_rota_is_checked_told_and_shown_in_calendars() {
    ROUND.store(0, Ordering::SeqCst);
    let world = begun(None, private(), round_clock);
    let server = &world.server;
    let team = ScopeOf::Team(world.team);
    let amy = server.someone(world.org, "amy", &[(Role::Operations, team)]);
    let ben = server.someone(world.org, "ben", &[(Role::Engineering, team)]);
    let far = server.system(world.org, "far").1;
    let eve = server.someone(world.org, "eve", &[(Role::Engineering, ScopeOf::Team(far))]);
    let (status, told) = world.ask(&world.lea, "GET", "rota", &Value::Null);
    assert_eq!((status, &told["people"], &told["turns"]), (200, &json!([]), &json!([])));
    let wanted = weekly(&[amy.id, ben.id]);
    for (member, value) in [
        ("people", json!([amy.id, 999])),
        ("people", json!([eve.id])),
        ("people", json!("amy")),
        ("first", json!("2026-02-30")),
        ("first", json!("1999-12-31")),
        ("days", json!(0)),
        ("days", json!(93)),
        ("days", json!(-7)),
        ("at", json!("9")),
        ("at", json!("24:00")),
    ] {
        let mut wrong = wanted.clone();
        wrong[member] = value.clone();
        let (status, told) = world.ask(&ben, "PUT", "rota", &wrong);
        assert_eq!(status, 422, "{member} {value}: {told}");
    }
    assert_eq!(world.ask(&amy, "PUT", "rota", &wanted).0, 403, "operations set no pace");
    let take = |person: i64, first: &str, until: &str| json!({ "person": person, "first": first, "until": until });
    let early = take(ben.id, "2026-03-04", "2026-03-05");
    assert_eq!(world.ask(&ben, "POST", "rota/covers", &early).0, 422, "of no rota");
    assert_eq!(world.ask(&ben, "PUT", "rota", &wanted).0, 200);
    // Who is in it takes days; somebody else's are named by who sets the pace.
    let hers = take(amy.id, "2026-03-11", "2026-03-13");
    let (status, told) = world.ask(&amy, "POST", "rota/covers", &hers);
    assert_eq!(status, 200, "{told}");
    let turns: Vec<(&str, &str)> = told["turns"].as_array().unwrap()[..4]
        .iter()
        .map(|is| (is["name"].as_str().unwrap(), is["starts"].as_str().unwrap()))
        .collect();
    let expected = [
        ("amy", "2026-03-02T09:00:00Z"),
        ("ben", "2026-03-09T09:00:00Z"),
        ("amy", "2026-03-11T09:00:00Z"),
        ("ben", "2026-03-13T09:00:00Z"),
    ];
    assert_eq!(turns, expected);
    let his = take(ben.id, "2026-03-18", "2026-03-19");
    assert_eq!(world.ask(&amy, "POST", "rota/covers", &his).0, 403);
    assert_eq!(world.ask(&eve, "POST", "rota/covers", &his).0, 404);
    for (body, why) in [
        (take(ben.id, "2026-03-12", "2026-03-20"), "taken already"),
        (take(ben.id, "2026-03-20", "2026-03-20"), "no day"),
        (take(ben.id, "2026-03-20", "2026-07-20"), "too long"),
        (take(ben.id, "2026-02-01", "2026-02-08"), "over"),
        (take(eve.id, "2026-03-20", "2026-03-21"), "may see nothing of the team"),
        (json!([ben.id, "2026-03-20", "2026-03-21"]), "a list"),
    ] {
        let status = world.ask(&ben, "POST", "rota/covers", &body).0;
        assert!(matches!(status, 400 | 422), "{why}: {status}");
    }
    // In the calendar of who may see the team, and on its page.
    let (_, made) = world.ask(&amy, "POST", "calendar", &Value::Null);
    let feed = made["address"].as_str().unwrap().trim_start_matches("http://127.0.0.1").to_owned();
    let feed = server.ask("GET", &feed, &[], b"").text.replace("\r\n ", "");
    assert!(feed.contains("SUMMARY:On duty for shop: amy"), "{feed}");
    assert!(feed.contains("in the place of ben"), "{feed}");
    assert!(feed.contains("DTSTART:20260309T090000Z\r\nDTEND:20260311T090000Z"), "{feed}");
    let page = server.open(&amy, &format!("/teams/{}/rota", world.team)).text;
    assert!(page.contains("amy is on duty for shop until Mon 2026-03-09 09:00."), "{page}");
    assert!(page.contains("amy for ben") && !page.contains("Save the rota"), "{page}");
    let notices = server.open(&amy, &format!("/teams/{}/notices", world.team)).text;
    assert!(notices.contains("amy until Mon 2026-03-09 09:00, by the rota"), "{notices}");
    // Taken back: by whoever took them, once.
    assert_eq!(world.ask(&amy, "DELETE", "rota/covers/2026-03-11", &Value::Null).0, 204);
    assert_eq!(world.ask(&amy, "DELETE", "rota/covers/2026-03-11", &Value::Null).0, 403);
    assert_eq!(world.ask(&ben, "DELETE", "rota/covers/2026-03-11", &Value::Null).0, 404);
    // Each change is one entry of the ledger.
    let ledger = server.open(&world.lea, "/api/v1/ledger?limit=5000").json()["rows"].to_string();
    for what in ["\\\"rota\\\"", "rota-cover\\\"", "rota-cover-withdrawn"] {
        assert_eq!(
            ledger.matches(what).count(),
            1 + usize::from(what.len() == 8),
            "{what}: {ledger}"
        );
    }
}

clock!(TRY, try_clock);

#[test]
fn a_channel_is_tried_and_its_answer_told_some_times_an_hour() {
    TRY.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), try_clock);
    let try_it = || world.ask(&world.lea, "POST", "notices/try", &json!({}));
    assert_eq!(try_it().0, 409, "there is no channel yet");
    world.wishes(&hook, &json!({}));
    let (status, told) = try_it();
    assert_eq!((status, &told["answers"][0]["works"]), (200, &json!(true)), "{told}");
    let came = hook.came();
    assert_eq!((came.len(), &came[0]["subject"]), (1, &json!("Test message for shop")));
    assert_eq!(world.notices()["digests"], 0, "it is of no budget");
    assert_eq!(world.sent().len(), 0);
    hook.status.store(404, Ordering::SeqCst);
    let (_, told) = try_it();
    let answer = told["answers"][0].clone();
    assert_eq!(answer["works"], false);
    let why = answer["answer"].as_str().unwrap();
    assert!(why.contains("404") && !why.contains("a-secret-path"), "{why}");
    for _ in 2..5 {
        assert_eq!(try_it().0, 200);
    }
    assert_eq!(try_it().0, 429, "five in an hour");
    assert_eq!(hook.came().len(), 5);
    TRY.store(61, Ordering::SeqCst);
    assert_eq!(try_it().0, 200);
    let ledger = world.server.open(&world.lea, "/api/v1/ledger?limit=5000").json()["rows"].clone();
    assert_eq!(ledger.to_string().matches("channel-tried").count(), 6);
    // Only for whoever says how the team is told.
    let amy = world.server.someone(world.org, "amy", &[(Role::Security, ScopeOf::Organisation)]);
    assert_eq!(world.ask(&amy, "POST", "notices/try", &json!({})).0, 403);
    let page = format!("/teams/{}/notices/try", world.team);
    assert_eq!(world.server.open(&amy, &page).status, 403);
    assert!(world.server.open(&world.lea, &page).text.contains("not taken: "));
}

clock!(INSIDE_TRY, inside_try_clock);

#[test]
fn a_try_reaches_no_internal_address_and_a_mail_server_is_told_the_letter() {
    let hook = Hook::start();
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    INSIDE_TRY.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), inside_try_clock);
    let wishes = json!({ "zone": "UTC", "days": [], "time": "09:00", "budget": 0,
        "channel": "webhook", "address": hook.address.replace("http://", "https://"),
        "secret": "sixteen letters!" });
    assert_eq!(world.put(&wishes).0, 200);
    let (_, told) = world.ask(&world.lea, "POST", "notices/try", &json!({}));
    let answer = told["answers"][0].clone();
    assert_eq!(answer["works"], false);
    assert!(answer["answer"].as_str().unwrap().contains("private network"), "{answer}");
    assert_eq!(hook.came().len(), 0);
    let wishes = json!({ "zone": "UTC", "days": [], "time": "09:00", "budget": 0,
        "channel": "mail", "addresses": ["team@ferries.example", "other@ferries.example"] });
    assert_eq!(world.put(&wishes).0, 200);
    let (_, told) = world.ask(&world.lea, "POST", "notices/try", &json!({}));
    let works: Vec<&Value> =
        told["answers"].as_array().unwrap().iter().map(|is| &is["works"]).collect();
    assert_eq!(works, [&json!(true), &json!(true)], "{told}");
    let first = smtp.mail();
    assert_eq!(first["to"], json!(["team@ferries.example"]));
    assert!(
        first["text"].as_str().unwrap().contains("Somebody is testing this channel"),
        "{first}"
    );
    assert_eq!(smtp.mail()["to"], json!(["other@ferries.example"]));
}

clock!(ROTA_WALK, rota_walk_clock);

#[test]
fn a_team_makes_its_rota_in_a_browser() {
    let (Some(browser), Some(axe)) = (Browser::start(), rules::axe()) else { return };
    ROTA_WALK.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), rota_walk_clock);
    world.wishes(&hook, &json!({}));
    let server = &world.server;
    server.someone(world.org, "amy", &[(Role::Engineering, ScopeOf::Organisation)]);
    let page = world.entered(&browser);
    let here = format!("{}/teams/{}", server.base, world.team);
    let mut wrong = Vec::new();
    let mut look = |name: &str| wrong.extend(rules::looked(&page, &axe, &format!("rota-{name}")));
    page.open(&format!("{here}/rota"));
    assert!(page.text("main").contains("There is no rota"), "{}", page.text("main"));
    look("before");
    page.fill("#f-people", "nobody@example.org");
    page.fill("#f-days", "7");
    page.follow("Enter");
    let text = page.text("main");
    assert!(text.contains("Nobody who may see this team has the address"), "{text}");
    let people = format!("lea@example.org\\n{}", world.of("amy"));
    page.run(&format!("document.querySelector('#f-people').value = '{people}'"));
    page.run("document.querySelector('#f-first').value = '2026-03-02'");
    page.fill("#f-days", "7");
    page.follow("Enter");
    let text = page.text("main");
    assert!(text.contains("Lea is on duty for shop until Mon 2026-03-09 09:00."), "{text}");
    page.fill("#f-person", &world.of("amy"));
    page.run("document.querySelector('#f-from').value = '2026-03-04'");
    page.run("document.querySelector('#f-until').value = '2026-03-06'");
    page.follow("Enter");
    let text = page.text("main");
    assert!(text.contains("amy for Lea"), "{text}");
    look("with");
    page.open(&format!("{here}/notices/try"));
    look("try");
    page.click("main form button[type=submit]");
    let text = page.text("main");
    assert!(text.contains("The channel took the test letter."), "{text}");
    look("tried");
    assert_eq!(hook.came().len(), 1);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
