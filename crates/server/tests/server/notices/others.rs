//! A team is told what waits for it beside its plan: in its digest, and at once only where the charter says *now*.

use trimtab_store::{DecisionKind, DecisionState, NewDecision, NewReview, ReviewOf};

use super::duty::mailing;
use super::*;

impl World {
    /// An exception in a system that somebody asks for.
    fn asks(&self, author: i64, vulnerability: &str, system: i64, ends: Timestamp) -> i64 {
        let new = NewDecision {
            kind: DecisionKind::Exception,
            vulnerability: Some(vulnerability.to_owned()),
            package: Some("pkg:npm/left-pad".to_owned()),
            asset: None,
            system: Some(system),
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

    fn api(&self, path: &str, body: &Value) -> Value {
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
    MORE.store(DIGEST, Ordering::SeqCst);
    world.job("notify", "the digest");
    world.settle();
    let came = hook.came();
    assert_eq!(came.len(), 3, "one letter: {came:#?}");
    let told = titles(&came[2]);
    for title in [
        "Answer: an exception for CVE-2026-77 in left-pad is asked for",
        "An exception ends on 2026-03-19: CVE-2026-78 in left-pad",
        "Late: Ask the supplier",
        "A review is prepared for 2026-03-10 11:00 UTC",
        "Incident: A worm",
        "Incident: A door",
    ] {
        let count = told.iter().filter(|is| *is == title).count();
        assert_eq!(count, 1, "{title}: {told:#?}");
    }
    assert!(told.iter().all(|title| !title.contains("A drill")), "{told:#?}");
    let late = |title: &String| title.ends_with("late in shop");
    assert_eq!(told.iter().filter(|is| late(is)).count(), 1, "{told:#?}");
    let agenda = came[2]["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|item| item["title"].as_str().unwrap().starts_with("A review is prepared"));
    assert!(agenda.unwrap()["link"].as_str().unwrap().ends_with(&format!("/reviews/{next}")));
    // It is told once, and what is over is told no more.
    world.api(
        &format!("/api/v1/incidents/{}", quiet["id"]),
        &json!({ "kind": "closed", "text": "it was none" }),
    );
    MORE.store(DIGEST + 5, Ordering::SeqCst);
    world.job("notify", "after");
    world.settle();
    assert!(!has("Incident: A worm"), "{}", world.notices());
    assert_eq!(hook.came().len(), 3);
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
    let sia = server.someone(world.org, "sia", &[(Role::Security, ScopeOf::Organisation)]);
    let wishes = json!({ "zone": "UTC", "days": ["monday"], "time": "09:00", "budget": 1,
        "channel": "mail", "addresses":
            ["team@ferries.example", world.of("amy"), world.of("sia")] });
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
    let mut mails = [smtp.mail(), smtp.mail(), smtp.mail()];
    mails.sort_by_key(|mail| mail["to"].to_string());
    let [amy, sia, team] = mails;
    let told = |mail: &Value, of: [bool; 4]| {
        let text = mail["text"].as_str().unwrap();
        let all = ["CVE-2026-77", "CVE-2026-79", "CVE-2026-80", "CVE-2026-81"];
        assert_eq!(all.map(|id| text.contains(id)), of, "{}: {text}", mail["to"]);
    };
    // She may see one of two systems, and answers nothing; who asks does not answer; the team's own address has it all.
    told(&amy, [false, false, true, false]);
    told(&sia, [true, false, true, true]);
    told(&team, [true, true, true, true]);
}
