//! A team is told what waits for it beside its plan: in its digest, and at once only where the charter says *now*.

use trimtab_store::{DecisionKind, DecisionState, NewDecision, NewReview, ReviewOf};

use super::duty::mailing;
use super::*;

impl World {
    /// An exception in a system that somebody asks for; `None`: in all.
    pub(super) fn asks_in(
        &self,
        author: i64,
        vulnerability: &str,
        system: Option<i64>,
        ends: Timestamp,
    ) -> i64 {
        let new = NewDecision {
            kind: DecisionKind::Exception,
            vulnerability: Some(vulnerability.to_owned()),
            package: Some("pkg:npm/left-pad".to_owned()),
            asset: None,
            system,
            environment: None,
            reason: "the supplier mends it".into(),
            justification: None,
            control: None,
            author,
            author_role: "product".into(),
            expires: Some(ends),
        };
        let app = self.server.app();
        let asked = app.store.ask(self.org, &new, "person:1", (self.clock)());
        self.server.runtime.block_on(asked).unwrap()
    }

    fn asks(&self, author: i64, vulnerability: &str, system: i64, ends: Timestamp) -> i64 {
        self.asks_in(author, vulnerability, Some(system), ends)
    }

    pub(super) fn api(&self, path: &str, body: &Value) -> Value {
        let headers = [JSON, ("cookie", self.lea.cookie.as_str())];
        let answer = self.server.ask("POST", path, &headers, body.to_string().as_bytes());
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.text);
        answer.json()
    }
}

fn titles(letter: &Value) -> Vec<String> {
    let items = letter["items"].as_array().unwrap();
    items.iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

clock!(MORE, more_clock);

#[test]
fn what_waits_beside_the_plan_is_in_the_digest_and_an_incident_breaks_through_if_it_is_now() {
    MORE.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), more_clock);
    let (server, app) = (&world.server, world.server.app());
    world.wishes(&hook, &json!({}));
    world.carries("web", world.system, 1..2);
    // An incident of something that the charter does not call *now*: it waits for the digest.
    let quiet = json!({ "title": "A worm", "looked_for": "pkg:npm/p1" });
    let quiet = world.api("/api/v1/incidents", &quiet);
    // By itself, without a full hour's waiting.
    world.settle();
    let has = |title: &str| world.notices()["things"].to_string().contains(title);
    assert!(has("Incident: A worm"), "{}", world.notices());
    assert_eq!(hook.came().len(), 0);
    // What is *now* goes out, and the incident about it, once, until the team says that it works on it.
    world.carries("desk", world.system, 100..101);
    assert_eq!(hook.came().len(), 1);
    let loud =
        world.api("/api/v1/incidents", &json!({ "title": "A door", "looked_for": "pkg:npm/p100" }));
    world.settle();
    assert_eq!(hook.came().len(), 2);
    assert_eq!(titles(&hook.came()[1]), ["Incident: A door"]);
    let room = format!("/api/v1/incidents/{}", loud["id"]);
    world.api(&room, &json!({ "kind": "acknowledged", "team": world.team }));
    world.job("notify", "it has it");
    world.settle();
    assert_eq!(hook.came().len(), 2);
    let drill = json!({ "title": "A drill", "drill": true, "looked_for": "pkg:npm/p100" });
    world.api("/api/v1/incidents", &drill);
    // Decisions, a review, and what was decided and is late by then.
    let far = at(DIGEST) + SignedDuration::from_hours(24 * 300);
    world.asks(world.lea.id, "CVE-2026-77", world.system, far);
    let soon = at(DIGEST) + SignedDuration::from_hours(24 * 10);
    let ending = world.asks(world.lea.id, "CVE-2026-78", world.system, soon);
    let sia = server.someone(world.org, "sia", &[(Role::Security, ScopeOf::Organisation)]);
    let (by, approved) = ((sia.id, "security"), DecisionState::Approved);
    let answered = app.store.answer(world.org, ending, approved, by, "person:9", more_clock());
    assert!(server.runtime.block_on(answered).unwrap());
    let review = world.api("/api/v1/reviews", &json!({ "team": world.team }));
    let held = format!("/api/v1/reviews/{}", review["id"]);
    world.api(&held, &json!({ "do": "open" }));
    let decided = json!({ "what": "Ask the supplier", "owner": world.lea.id, "due": "2026-03-04" });
    world.api(&format!("{held}/decisions"), &decided);
    let next = NewReview {
        kind: "weekly".into(),
        of: ReviewOf::Team(world.team),
        systems: Vec::new(),
        at: at(DIGEST) + SignedDuration::from_hours(26),
        minutes: 30,
    };
    let next = app.store.add_review(world.org, &next, "person:1", more_clock());
    let next = server.runtime.block_on(next).unwrap();
    MORE.store(DIGEST - 30, Ordering::SeqCst);
    world.job("notify", "before the digest");
    world.settle();
    // The deadline of what is *now* passed.
    assert_eq!(hook.came().len(), 3);
    MORE.store(DIGEST, Ordering::SeqCst);
    world.job("notify", "the digest");
    world.settle();
    let came = hook.came();
    assert_eq!(came.len(), 4, "one letter: {came:#?}");
    let told = titles(&came[3]);
    for title in [
        "Answer the request for an exception: CVE-2026-77 in left-pad",
        "An exception ends on 2026-03-19: CVE-2026-78 in left-pad",
        "Late: Ask the supplier",
        "A review is planned for 2026-03-10 11:00 UTC",
        "A review is still open, since 2026-03-02",
        "Incident: A worm",
        "Incident: A door",
    ] {
        let count = told.iter().filter(|is| *is == title).count();
        assert_eq!(count, 1, "{title}: {told:#?}");
    }
    assert!(told.iter().all(|title| !title.contains("A drill")), "{told:#?}");
    let late = |title: &String| title.ends_with("late in shop");
    assert_eq!(told.iter().filter(|is| late(is)).count(), 1, "{told:#?}");
    let agenda = came[3]["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["title"].as_str().unwrap().starts_with("A review is planned"));
    assert!(agenda.unwrap()["link"].as_str().unwrap().ends_with(&format!("/reviews/{next}")));
    // It is told once, and what is over is told no more.
    world.api(
        &format!("/api/v1/incidents/{}", quiet["id"]),
        &json!({ "kind": "closed", "text": "it was none", "undone": "nothing is affected" }),
    );
    MORE.store(DIGEST + 5, Ordering::SeqCst);
    world.job("notify", "after");
    world.settle();
    assert!(!has("Incident: A worm"), "{}", world.notices());
    assert_eq!(hook.came().len(), 4);
}

clock!(READERS, readers_clock);

#[test]
fn whoever_reads_a_digest_at_their_own_address_gets_what_they_may_see_and_answer() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    READERS.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), readers_clock);
    let (server, app) = (&world.server, world.server.app());
    let desk = System { name: "desk".into(), team: Some(world.team), ..System::default() };
    let desk = app.store.put_system(world.org, &desk, "trimtab", readers_clock());
    let desk = server.runtime.block_on(desk).unwrap();
    let part = ScopeOf::System(world.system);
    server.someone(world.org, "amy", &[(Role::Engineering, part)]);
    // Her side answers some decisions, and not what may be critical.
    server.someone(world.org, "pia", &[(Role::Product, ScopeOf::Organisation)]);
    let sia = server.someone(world.org, "sia", &[(Role::Security, ScopeOf::Organisation)]);
    let wishes = json!({ "zone": "UTC", "days": ["monday"], "time": "09:00", "budget": 1,
        "channel": "mail", "addresses":
            ["team@ferries.example", world.of("amy"), world.of("pia"), world.of("sia")] });
    assert_eq!(world.put(&wishes).0, 200);
    let far = at(DIGEST) + SignedDuration::from_hours(24 * 300);
    world.asks(world.lea.id, "CVE-2026-77", world.system, far);
    world.asks(sia.id, "CVE-2026-79", world.system, far);
    let soon = at(DIGEST) + SignedDuration::from_hours(24 * 10);
    for (vulnerability, system) in [("CVE-2026-80", world.system), ("CVE-2026-81", desk)] {
        let ending = world.asks(world.lea.id, vulnerability, system, soon);
        let (by, approved) = ((sia.id, "security"), DecisionState::Approved);
        let answered =
            app.store.answer(world.org, ending, approved, by, "person:9", readers_clock());
        assert!(server.runtime.block_on(answered).unwrap());
    }
    world.job("notify", "first");
    world.settle();
    READERS.store(DIGEST, Ordering::SeqCst);
    world.job("notify", "the digest");
    world.settle();
    let mut mails = [smtp.mail(), smtp.mail(), smtp.mail(), smtp.mail()];
    mails.sort_by_key(|mail| mail["to"].to_string());
    let [amy, pia, sia, team] = mails;
    let told = |mail: &Value, of: [bool; 4]| {
        let text = mail["text"].as_str().unwrap();
        let all = ["CVE-2026-77", "CVE-2026-79", "CVE-2026-80", "CVE-2026-81"];
        assert_eq!(all.map(|id| text.contains(id)), of, "{}: {text}", mail["to"]);
    };
    // She may see one of two systems, and answers nothing; who asks does not answer; the team's own address has it all.
    told(&amy, [false, false, true, false]);
    told(&pia, [false, false, true, true]);
    told(&sia, [true, false, true, true]);
    told(&team, [true, true, true, true]);
}

clock!(LATE, late_clock);

#[test]
fn a_step_that_becomes_late_is_told_of_by_the_next_look() {
    LATE.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), late_clock);
    world.wishes(&hook, &json!({}));
    // Their deadline is three days later, at ten on Thursday.
    world.carries("web", world.system, 1..3);
    let late = |minutes: i64| {
        LATE.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
        world.notices()["things"].to_string().contains("late in shop")
    };
    let deadline = 72 * 60;
    assert!(!late(deadline - 40), "not before");
    assert!(late(deadline + 1), "and not only hours afterwards");
}

clock!(MISSED, missed_clock);

#[test]
fn that_deadlines_were_missed_is_told_once_and_again_when_more_are() {
    MISSED.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), missed_clock);
    world.wishes(&hook, &json!({}));
    // Due three days later, before the first digest.
    world.carries("web", world.system, 1..3);
    let look = |minutes: i64| {
        MISSED.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
        let item = json!(format!("missed:{}", world.system));
        let things = world.notices()["things"].as_array().unwrap().clone();
        things.into_iter().find(|thing| thing["item"] == item)
    };
    let told = || -> Vec<String> {
        let all = hook.came().iter().flat_map(titles).collect::<Vec<_>>();
        all.into_iter().filter(|title| title.starts_with("Missed")).collect()
    };
    assert_eq!(look(72 * 60 - 1), None, "not before");
    let is = look(72 * 60 + 1).unwrap();
    assert_eq!((&is["findings"], is["now"].is_null()), (&json!(2), true), "{is}");
    look(DIGEST);
    let first = "Missed: 2 findings in shop are past their deadline".to_owned();
    assert_eq!(told(), std::slice::from_ref(&first));
    // Nothing more was missed within another week.
    let week = 7 * 24 * 60;
    look(DIGEST + week);
    assert_eq!(told(), std::slice::from_ref(&first));
    world.carries("desk", world.system, 5..6);
    look(DIGEST + week + 73 * 60);
    look(DIGEST + 2 * week);
    let both = [first, "Missed: 3 findings in shop are past their deadline".to_owned()];
    assert_eq!(told(), both);
    // Each week while it lasts.
    look(DIGEST + 2 * week + 4 * 24 * 60);
    look(DIGEST + 3 * week);
    assert_eq!(told(), [both[0].clone(), both[1].clone(), both[1].clone()]);
}

clock!(AGAIN_NOW, again_now_clock);

#[test]
fn that_a_deadline_of_what_is_now_passed_is_told_at_once_though_somebody_had_it() {
    AGAIN_NOW.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), again_now_clock);
    world.wishes(&hook, &json!({}));
    let look = |minutes: i64| {
        AGAIN_NOW.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
        let subjects = hook.came().iter().map(|letter| words(letter).0).collect::<Vec<_>>();
        subjects.iter().filter(|subject| subject.starts_with("Now, ")).count()
    };
    // Of two that are due three days later one is *now*; she has it.
    world.carries("web", world.system, 99..101);
    let letter = format!("/api/v1/notices/{}/acknowledgement", world.sent()[0]["id"]);
    assert_eq!(world.post(&world.lea, &letter).1["acknowledged"], 1);
    let deadline = 72 * 60;
    assert_eq!(look(deadline - 1), 1, "not before");
    assert_eq!(look(deadline + 1), 2);
    let came = hook.came();
    let subject = "Now, shop: Missed: 2 findings in shop are past their deadline";
    assert_eq!(words(&came[1]), (subject.to_owned(), 1));
    let detail = came[1]["items"][0]["detail"].as_str().unwrap();
    assert!(detail.ends_with("The charter requires some of them now."), "{detail}");
    assert_eq!(look(deadline + 90), 2, "once");
    // What is not *now* waits for the digest when it is late; what is, is told again.
    world.carries("desk", world.system, 5..6);
    assert_eq!(look(2 * deadline + 91), 2);
    world.carries("dock", world.system, 200..201);
    assert_eq!(look(3 * deadline + 92), 4, "that it is there, and that it is late");
}

clock!(MOVED, moved_clock);

#[test]
fn what_comes_with_a_system_is_told_once_the_plan_may_have_it() {
    MOVED.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), moved_clock);
    let (server, app) = (&world.server, world.server.app());
    world.wishes(&hook, &json!({}));
    let (far, _) = server.system(world.org, "far");
    world.carries("yard", far, 100..101);
    MOVED.store(10, Ordering::SeqCst);
    let far = System { name: "far".into(), team: Some(world.team), ..System::default() };
    let put = app.store.put_system(world.org, &far, "trimtab", moved_clock());
    server.runtime.block_on(put).unwrap();
    let look = |minutes: i64| {
        MOVED.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
        hook.came().len()
    };
    assert_eq!(look(11), 0, "it is being planned");
    assert_eq!(look(16), 1);
    // That it is written down again as the team's changes nothing.
    let put = app.store.put_system(world.org, &far, "trimtab", moved_clock());
    server.runtime.block_on(put).unwrap();
    assert_eq!(look(17), 1);
    let waits = world.notices()["things"].to_string();
    assert!(waits.contains("p100 in yard"), "{waits}");
}

clock!(GONE, gone_clock);

#[test]
fn a_request_about_what_is_gone_ends_by_itself_after_a_day() {
    GONE.store(0, Ordering::SeqCst);
    let world = begun(None, private(), gone_clock);
    let (server, app) = (&world.server, world.server.app());
    world.carries("web", world.system, 1..2);
    let asked = NewDecision {
        kind: DecisionKind::Exception,
        vulnerability: Some("CVE-2026-1".to_owned()),
        package: Some("pkg:npm/p1".to_owned()),
        asset: None,
        system: Some(world.system),
        environment: None,
        reason: "it is replaced".into(),
        justification: None,
        control: None,
        author: world.lea.id,
        author_role: "product".into(),
        expires: Some(at(90 * 24 * 60)),
    };
    let asked = app.store.ask(world.org, &asked, "person:1", gone_clock());
    let asked = server.runtime.block_on(asked).unwrap();
    let look = |minutes: i64| {
        GONE.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
        let is = server.runtime.block_on(app.store.decision(world.org, asked)).unwrap().unwrap();
        is.state
    };
    assert_eq!(look(2 * 24 * 60), DecisionState::Asked, "it is there");
    world.carries("web", world.system, 2..3);
    assert_eq!(look(3 * 24 * 60 - 1), DecisionState::Asked, "it may come back");
    assert_eq!(look(3 * 24 * 60), DecisionState::Ended);
    let page = server.open(&world.lea, &format!("/exceptions/{asked}")).text;
    assert!(page.contains("was closed: what it was about is gone."), "{page}");
}

clock!(NAMED, named_clock);

#[test]
fn a_hand_off_is_told_to_who_is_named_and_is_over_at_the_next_look() {
    NAMED.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), named_clock);
    let (server, app) = (&world.server, world.server.app());
    world.wishes(&hook, &json!({}));
    let part = ScopeOf::System(world.system);
    let ada = server.someone(world.org, "ada", &[(Role::Engineering, part)]);
    let bo = server.someone(world.org, "bo", &[(Role::Engineering, part)]);
    let name = |person: i64| {
        let named = [("selection", person), ("deployment", person)];
        let set =
            app.store.set_system_people(world.org, world.system, &named, "trimtab", named_clock());
        server.runtime.block_on(set).unwrap();
    };
    name(ada.id);
    world.carries("web", world.system, 1..3);
    let look = |minutes: i64| {
        NAMED.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
        world.notices()["things"].to_string()
    };
    let late = 72 * 60 + 1;
    assert!(look(late).contains("waits for ada"), "{}", look(late));
    let waits = |who: &Someone| server.open(who, "/account/digest").text.contains("late in shop");
    assert!(waits(&ada) && !waits(&bo), "by name, and nobody else");
    // Another is named: the next look tells it, and not one hours later.
    name(bo.id);
    assert!(look(late + 1).contains("waits for bo"));
    assert!(waits(&bo) && !waits(&ada));
}

clock!(PASSED, passed_clock);

#[test]
fn what_nobody_could_read_comes_with_the_next_digest_and_not_at_any_time() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    PASSED.store(0, Ordering::SeqCst);
    let world = begun(None, mailing(&smtp), passed_clock);
    let (server, app) = (&world.server, world.server.app());
    let desk = System { name: "desk".into(), team: Some(world.team), ..System::default() };
    let desk = app.store.put_system(world.org, &desk, "trimtab", passed_clock());
    let desk = server.runtime.block_on(desk).unwrap();
    let part = ScopeOf::System(world.system);
    let amy = server.someone(world.org, "amy", &[(Role::Engineering, part)]);
    let wishes = json!({ "zone": "UTC", "days": ["monday"], "time": "09:00", "budget": 1,
        "channel": "mail", "addresses": [world.of("amy")] });
    assert_eq!(world.put(&wishes).0, 200);
    let soon = at(DIGEST) + SignedDuration::from_hours(24 * 13);
    let sia = server.someone(world.org, "sia", &[(Role::Security, ScopeOf::Organisation)]);
    let ends = |vulnerability: &str, system: i64| {
        let ending = world.asks(world.lea.id, vulnerability, system, soon);
        let (by, approved) = ((sia.id, "security"), DecisionState::Approved);
        let answered =
            app.store.answer(world.org, ending, approved, by, "person:9", passed_clock());
        assert!(server.runtime.block_on(answered).unwrap());
    };
    let look = |minutes: i64| {
        PASSED.store(minutes, Ordering::SeqCst);
        world.job("notify", &format!("at {minutes}"));
        world.settle();
    };
    // In another system than hers: her digest would be empty.
    ends("CVE-2026-90", desk);
    look(DIGEST - 60);
    assert!(world.notices()["things"].to_string().contains("CVE-2026-90"), "it waits");
    look(DIGEST);
    assert_eq!(world.sent(), Vec::<Value>::new());
    // What she may read comes a day later: it waits for Monday, as everything does.
    ends("CVE-2026-91", world.system);
    look(DIGEST + 24 * 60);
    assert_eq!(world.sent(), Vec::<Value>::new());
    let held = world.notices();
    let next = at(DIGEST + 7 * 24 * 60).to_string();
    assert!(held["things"].to_string().contains(&next), "{held}");
    look(DIGEST + 7 * 24 * 60);
    let mail = smtp.mail();
    assert_eq!(mail["to"], json!([world.of("amy")]));
    assert!(mail["text"].as_str().unwrap().contains("CVE-2026-91"), "{mail}");
    assert_eq!((world.sent().len(), amy.id > 0), (1, true));
    // What none of its readers could read was not told by it, and waits on.
    assert!(!world.sent()[0].to_string().contains("CVE-2026-90"), "{:?}", world.sent());
    assert!(world.notices()["things"].to_string().contains("CVE-2026-90"));
}

clock!(FORM, form_clock);

#[test]
fn a_channel_is_tried_before_it_is_kept() {
    FORM.store(0, Ordering::SeqCst);
    let (kept, other) = (Hook::start(), Hook::start());
    let world = begun(None, private(), form_clock);
    world.wishes(&kept, &json!({}));
    let server = &world.server;
    let path = format!("/teams/{}/notices/edit", world.team);
    let form = |also: &str, address: &str| {
        let fields = [
            ("channel", "webhook"),
            ("address", address),
            ("secret", "another secret of ours"),
            ("day_friday", "yes"),
            ("time", "07:00"),
            ("zone", "UTC"),
            ("budget", "1"),
            ("also", also),
        ];
        server.send(&world.lea, &path, &fields)
    };
    let page = form("yes", &other.address);
    assert_eq!(page.status, 200);
    assert!(page.text.contains("took the test letter"), "{}", page.text);
    assert!(page.text.contains("Nothing is kept yet"), "{}", page.text);
    assert!(!page.text.contains("a-secret-path"), "an address is not shown");
    assert_eq!((kept.came().len(), other.came().len()), (0, 1));
    let wishes = format!("/api/v1/teams/{}/notices/wishes", world.team);
    let is = server.open(&world.lea, &wishes).json();
    assert_eq!((&is["days"], &is["time"]), (&json!(["monday"]), &json!("09:00")), "as it was");
    // What is wrong is told at its field, and nothing is tried.
    assert!(form("yes", "no address").text.contains("such as https://"));
    assert_eq!(other.came().len(), 1);
    // The same by the API.
    let body = json!({ "zone": "UTC", "days": [], "time": "07:00", "budget": 1,
        "channel": "webhook", "address": other.address, "secret": "another secret of ours" });
    let tried = format!("/api/v1/teams/{}/notices/try", world.team);
    assert_eq!(world.api(&tried, &body)["answers"][0]["works"], true);
    assert_eq!(world.api(&tried, &json!({}))["answers"][0]["works"], true, "as it is kept");
    assert_eq!((kept.came().len(), other.came().len()), (1, 2));
    let headers = [JSON, ("cookie", world.lea.cookie.as_str())];
    assert_eq!(server.ask("POST", &tried, &headers, b"[1]").status, 422);
    assert_eq!(form("", &other.address).status, 303);
    assert_eq!(server.open(&world.lea, &wishes).json()["time"], "07:00");
}

clock!(HELD, held_clock);

#[test]
fn what_a_dispute_held_back_comes_back_by_itself_and_is_told() {
    HELD.store(0, Ordering::SeqCst);
    let hook = Hook::start();
    let world = begun(None, private(), held_clock);
    let (server, app) = (&world.server, world.server.app());
    world.wishes(&hook, &json!({}));
    world.carries("web", world.system, 1..2);
    let rows = server.open(&world.lea, "/api/v1/findings").json()["rows"].clone();
    let finding = rows[0]["id"].clone();
    let asked = world.api(
        "/api/v1/appeals",
        &json!({ "kind": "dispute", "finding": finding, "wanted": "later", "reason": "the season" }),
    );
    let path = format!("/api/v1/appeals/{}", asked["id"]);
    let boss = server.someone(world.org, "boss", &[(Role::Security, ScopeOf::Organisation)]);
    let headers = [JSON, ("cookie", boss.cookie.as_str())];
    let yes = json!({ "state": "granted", "role": "security", "reason": "until then" }).to_string();
    let answer = server.ask("POST", &path, &headers, yes.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.settle();
    let is = || server.open(&world.lea, &path).json();
    let until: Timestamp = is()["until"].as_str().unwrap().parse().unwrap();
    let held = || {
        let all = server.runtime.block_on(app.store.placements(world.org, world.team)).unwrap();
        all.len()
    };
    let minutes = until.duration_since(at(0)).as_mins();
    HELD.store(minutes - 1, Ordering::SeqCst);
    world.job("replan", "before");
    world.settle();
    assert_eq!((held(), is()["ended"].is_null()), (1, true), "not before its time");
    // Its deadline passed in between: nobody is told to do it now.
    let digest = json!(hook.came()).to_string();
    assert!(digest.contains("All of them are held back by a decision."), "{digest}");
    assert!(!digest.contains("Fix them now"), "{digest}");
    HELD.store(minutes + 1, Ordering::SeqCst);
    world.job("replan", "after");
    world.job("replan", "and once more");
    world.settle();
    assert_eq!((held(), is()["ended"].is_null()), (0, false));
    let things = world.notices()["things"].to_string();
    assert!(things.contains("No longer held back: p1 in web"), "{things}");
    let history = server.open(&world.lea, &format!("/findings/{finding}")).text;
    assert!(history.contains("What a dispute held back was left to the plan again."), "{history}");
    assert!(!history.contains("changed.<"), "{history}");
    let told = server.runtime.block_on(app.store.ledger(world.org, 0, 5000)).unwrap();
    let over = |entry: &&trimtab_store::Entry| {
        entry.data.contains("\"dispute\"") && entry.data.contains("\"ended\"")
    };
    assert_eq!(told.iter().filter(over).count(), 1);
}
