//! A team's plan: what is missing before there is one, what is in it, and what people decide about it.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::Difference;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{JSON, Server, Someone};

struct World {
    server: Server,
    team: i64,
    /// May set the pace of the team.
    tom: Someone,
    /// May look.
    ann: Someone,
}

fn begun() -> World {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "shop");
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Organisation)]);
    server.upload(&lea, "shop", "shop");
    let tom = server.someone(org, "Tom", &[(Role::Engineering, Team(team))]);
    let ann = server.someone(org, "Ann", &[(Role::Auditor, Organisation)]);
    World { server, team, tom, ann }
}

impl World {
    fn path(&self) -> String {
        format!("/api/v1/teams/{}/plan", self.team)
    }

    fn plan(&self, query: &str) -> Value {
        let answer = self.server.open(&self.ann, &format!("{}{query}", self.path()));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let told = answer.json();
        match told["missing"].is_null() {
            true => told["plan"].clone(),
            false => told,
        }
    }

    fn decide(&self, who: &Someone, body: &Value) -> (u16, String) {
        let headers = [JSON, ("cookie", who.cookie.as_str()), ("x-csrf-token", who.csrf.as_str())];
        let answer = self.server.ask("POST", &self.path(), &headers, body.to_string().as_bytes());
        (answer.status, answer.text)
    }

    /// Gives the team a cadence of the charter in force, and points.
    fn pace(&self, capacity: &str) {
        let edit = format!("/teams/{}/edit", self.team);
        // The framework's charter, which holds where none was proposed.
        let cadence = "every sprint";
        assert!(self.server.open(&self.tom, &edit).text.contains(cadence));
        let fields = [("cadence", cadence), ("capacity", capacity)];
        assert_eq!(self.server.send(&self.tom, &edit, &fields).status, 303);
    }
}

/// Changes of all batches, with their window.
fn placed(plan: &Value) -> Vec<(String, String)> {
    let batches = plan["batches"].as_array().unwrap();
    let of = |batch: &Value| {
        let window = batch["window"].as_str().unwrap().to_owned();
        let changes = batch["changes"].as_array().unwrap().clone();
        changes.into_iter().map(move |c| (c["change"].as_str().unwrap().to_owned(), window.clone()))
    };
    batches.iter().flat_map(of).collect()
}

#[test]
fn a_plan_says_what_it_lacks_and_then_what_is_done_when() {
    let world = begun();
    let none = world.plan("");
    assert_eq!(none["missing"], json!("The team has not chosen a cadence."));
    assert_eq!(none.get("plan"), None, "what is not there has no numbers");
    let page = world.server.open(&world.tom, &format!("/teams/{}/plan", world.team));
    assert!(page.text.contains("The team has not chosen a cadence."), "{}", page.text);
    world.pace("20");
    let plan = world.plan("");
    assert_eq!(plan["missing"], Value::Null, "{plan:#}");
    let windows = plan["windows"].as_array().unwrap();
    assert_eq!(windows.len(), 6);
    let all = placed(&plan);
    let [(change, window)] = &all[..] else { panic!("{plan:#}") };
    assert!(change.ends_with(":pkg:npm/moment"), "{change}");
    // Whatever removes it is worth the first window that has room, or it is now.
    assert!(window == "now" || *window == windows[0]["name"].as_str().unwrap(), "{plan:#}");
    let batch = &plan["batches"][0];
    assert!(
        batch["load"].as_f64().unwrap() > 0.0 && !batch["why_now"].as_array().unwrap().is_empty()
    );
    assert!(plan["load_days"].as_f64() < plan["load_days_of_nothing"].as_f64(), "{plan:#}");
    // Without points nothing is done in windows, and what stays says why.
    let none = world.plan("?capacity=0");
    assert!(placed(&none).iter().all(|(_, w)| w == "now"), "{none:#}");
    let whole = none["left"].as_array().unwrap().len() + placed(&none).len();
    assert!(whole > 0, "what is not done is told: {none:#}");
    let wrong = world.server.open(&world.ann, &format!("{}?capacity=-1", world.path()));
    assert_eq!(wrong.status, 422);
    let page = world.server.open(&world.tom, &format!("/teams/{}/plan", world.team));
    for words in ["moment", "points", "Accept for this window", "Without the plan"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let page = world.server.open(&world.ann, &format!("/teams/{}/plan", world.team));
    assert!(!page.text.contains("Accept for this window"), "who may not decide is not asked");
}

/// Batches of each window, without what is done at once.
fn in_windows(plan: &Value) -> Vec<String> {
    let batches = plan["batches"].as_array().unwrap().iter();
    let names = batches.map(|batch| batch["window"].as_str().unwrap().to_owned());
    names.filter(|name| name != "now").collect()
}

#[test]
fn no_more_are_open_at_a_time_than_the_team_allows() {
    let world = begun();
    let leo = world.server.someone(world.server.org(), "Leo", &[(Role::Engineering, Organisation)]);
    world.server.upload(&leo, "desk", "shop");
    let edit = format!("/teams/{}/edit", world.team);
    for wrong in ["0", "1001", "x", "1.5"] {
        let fields = [("cadence", "every sprint"), ("capacity", "40"), ("open_limit", wrong)];
        let answer = world.server.send(&world.tom, &edit, &fields);
        assert!(answer.text.contains("This must be a whole number"), "{wrong}: {}", answer.status);
    }
    let fields = [("cadence", "every sprint"), ("capacity", "40"), ("open_limit", "1")];
    assert_eq!(world.server.send(&world.tom, &edit, &fields).status, 303);
    // One repository is one batch: of two, one waits.
    let plan = world.plan("");
    let windows = plan["windows"].as_array().unwrap();
    let name = |at: usize| windows[at]["name"].as_str().unwrap().to_owned();
    assert_eq!(in_windows(&plan), [name(0), name(1)], "{plan:#}");
    // Two of them fit into the first window. A trial changes nothing.
    assert_eq!(in_windows(&world.plan("?open_limit=2")), [name(0), name(0)]);
    assert_eq!(in_windows(&world.plan("")), [name(0), name(1)]);
    let page = world.server.open(&world.tom, &format!("/teams/{}/plan", world.team)).text;
    assert!(page.contains("1 open at a time, as agreed"), "{page}");
    let team = world.server.open(&world.ann, "/api/v1/teams").json();
    assert_eq!(team["rows"][0]["open_limit"], json!(1), "{team:#}");
}

#[test]
fn another_cadence_is_tried_and_nothing_is_changed_by_it() {
    let world = begun();
    world.pace("20");
    let own = world.plan("");
    let other = world.plan("?cadence=quarterly%20clean-up");
    assert_ne!(own["windows"], other["windows"]);
    assert_eq!(world.plan("")["windows"], own["windows"]);
    let none = world.plan("?cadence=daily");
    assert_eq!(none["missing"], json!("The charter in force has no cadence `daily`."));
    let path = format!("/teams/{}/plan", world.team);
    let page = world.server.open(&world.tom, &path).text;
    assert!(page.contains("if it were quarterly clean-up"), "{page}");
    let tried = world.server.open(&world.tom, &format!("{path}?cadence=quarterly%20clean-up")).text;
    assert!(tried.contains("This is a trial with the cadence quarterly clean-up"), "{tried}");
}

#[test]
fn what_is_decided_stands_in_the_next_plan() {
    let world = begun();
    world.pace("20");
    let plan = world.plan("");
    let change = placed(&plan)[0].0.clone();
    let third = plan["windows"][2]["starts"].as_str().unwrap();
    let accept = json!({ "changes": [change], "state": "accepted", "window": third });
    assert_eq!(world.decide(&world.ann, &accept).0, 403);
    assert_eq!(world.decide(&world.tom, &accept).0, 200);
    let again = world.plan("");
    assert_eq!(
        placed(&again),
        [(change.clone(), plan["windows"][2]["name"].as_str().unwrap().to_owned())]
    );
    assert_eq!(again["batches"][0]["changes"][0]["state"], json!("accepted"));
    // Held back, it is in no window, and the page says why.
    let hold = json!({ "changes": [change], "state": "held", "reason": "the ferry is at sea" });
    assert_eq!(world.decide(&world.tom, &hold).0, 200);
    let held = world.plan("");
    assert!(placed(&held).is_empty(), "{held:#}");
    assert_eq!(held["held"][0]["change"], json!(change));
    let why = "stays open: blocked by a decision to hold it back: the ferry is at sea";
    let mut left = held["left"].as_array().unwrap().iter();
    assert!(left.any(|left| left["why"].as_str().unwrap().ends_with(why)), "{held:#}");
    let page = world.server.open(&world.ann, &format!("/teams/{}/plan", world.team));
    assert!(page.text.contains("the ferry is at sea"), "{}", page.text);
    assert!(page.text.contains("a decision to hold it back"), "{}", page.text);
    assert!(!page.text.contains("known action removes it"), "{}", page.text);
    // Left to the plan again.
    let open = json!({ "changes": [change], "state": "open" });
    assert_eq!(world.decide(&world.tom, &open).0, 200);
    assert_eq!(placed(&world.plan("")), placed(&plan));
    // What is not in the plan, and windows that are none, are refused with a reason.
    for (wrong, words) in [
        (json!({ "changes": [change], "state": "held" }), "why it is held back"),
        (json!({ "changes": [change], "state": "held", "reason": " " }), "why it is held back"),
        (
            json!({ "changes": ["1:pkg:npm/none"], "state": "held", "reason": "x" }),
            "not in the plan",
        ),
        (json!({ "changes": ["x"], "state": "held" }), "not a change of a plan"),
        (json!({ "changes": ["1:pkg:npm/a\u{0}b"], "state": "open" }), "not a change of a plan"),
        (
            json!({ "changes": [format!("1:{}", "x".repeat(2000))], "state": "open" }),
            "not a change of a plan",
        ),
        (json!({ "changes": [change], "state": "held", "reason": "a\nb" }), "on one line"),
        (
            json!({ "changes": [change], "state": "accepted", "window": "2001-01-01T00:00:00Z" }),
            "No window",
        ),
        (json!({ "changes": [], "state": "held" }), "Choose 1 to"),
        (json!({ "changes": [change], "state": "done" }), "must be accepted, held or open"),
    ] {
        let (status, text) = world.decide(&world.tom, &wrong);
        assert!(status == 422 && text.contains(words), "{wrong}: {status} {text}");
    }
    // All of it is in the ledger.
    let org = world.server.org();
    let app = world.server.app();
    let entries = world.server.runtime.block_on(app.store.ledger(org, 0, 5000)).unwrap();
    let people = entries.iter().filter(|e| e.kind.as_str() == "planned" && e.actor != "trimtab");
    assert_eq!(people.count(), 3);
}

/// What the ledger says of plans: state, window, reason.
fn told(world: &World) -> Vec<(String, String, String)> {
    let (org, app) = (world.server.org(), world.server.app());
    let entries = world.server.runtime.block_on(app.store.ledger(org, 0, 5000)).unwrap();
    let ours = entries.iter().filter(|e| e.kind == "planned" && e.actor == "trimtab");
    ours.map(|e| {
        let data: Value = serde_json::from_str(&e.data).unwrap();
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        (text("state"), text("window"), text("reason"))
    })
    .collect()
}

#[test]
fn a_plan_is_kept_and_the_same_again_writes_nothing() {
    let world = begun();
    let (org, app) = (world.server.org(), world.server.app());
    let anew = || world.server.runtime.block_on(app.plan_anew(org)).unwrap();
    assert_eq!(anew().difference, Difference::default(), "nobody can plan yet");
    let list = || world.server.open(&world.ann, "/api/v1/plans").json()["rows"][0].clone();
    assert_eq!(list()["missing"], json!("The team has not chosen a cadence."));
    // The job that a change of the pace asks for keeps the first plan.
    world.pace("20");
    world.server.settle(org);
    let first = told(&world);
    let [(state, window, reason)] = &first[..] else { panic!("{first:?}") };
    assert_eq!(state, "scheduled");
    assert!(!reason.is_empty());
    let kept = list();
    let [change] = &kept["changes"].as_array().unwrap()[..] else { panic!("{kept:#}") };
    assert_eq!(change["window"], json!(window));
    assert_eq!(change["by_people"], json!(false));
    let plan = world.plan("");
    let shown = &plan["batches"][0]["changes"][0];
    assert_eq!((&shown["state"], &shown["since"]), (&json!("scheduled"), &change["since"]));
    let page = world.server.open(&world.ann, "/plan");
    for words in ["shop", window.as_str(), "1 change of 1 team is scheduled"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    // Nothing is new: it is not even planned again, and a plan of one's own making changes nothing.
    let entries = |app: &trimtab_server::App| {
        world.server.runtime.block_on(app.store.ledger(org, 0, 5000)).unwrap().len()
    };
    let before = entries(&app);
    let again = anew();
    assert_eq!((again.teams, again.same), (0, 1));
    assert_eq!(entries(&app), before);
    // A little more capacity moves nothing.
    world.pace("21");
    world.server.settle(org);
    assert_eq!(told(&world), first);
    assert_eq!(list()["changes"][0]["since"], change["since"]);
    // A trial does not bind, and is not bound.
    assert!(placed(&world.plan("?capacity=0")).iter().all(|(_, w)| w == "now"));
    assert_eq!(list()["changes"][0]["since"], change["since"]);
}

#[test]
fn what_people_decide_is_kept_with_the_reason() {
    let world = begun();
    let org = world.server.org();
    world.pace("20");
    world.server.settle(org);
    let plan = world.plan("");
    let change = placed(&plan)[0].0.clone();
    let (third, name) = (&plan["windows"][2]["starts"], &plan["windows"][2]["name"]);
    let accept = json!({ "changes": [change], "state": "accepted", "window": third });
    assert_eq!(world.decide(&world.tom, &accept).0, 200);
    world.server.settle(org);
    let last = |world: &World| told(world).last().unwrap().clone();
    assert_eq!(
        last(&world),
        ("moved".into(), name.as_str().unwrap().into(), "accepted for this window".into())
    );
    let kept = world.server.open(&world.ann, "/api/v1/plans").json()["rows"][0].clone();
    assert_eq!(kept["changes"][0]["by_people"], json!(true));
    let hold = json!({ "changes": [change], "state": "held", "reason": "the ferry is at sea" });
    assert_eq!(world.decide(&world.tom, &hold).0, 200);
    world.server.settle(org);
    assert_eq!(last(&world).0, "dropped");
    assert_eq!(last(&world).2, "it is held back: the ferry is at sea");
    assert!(placed(&world.plan("")).is_empty());
    // Without a capacity there is no plan: nothing is scheduled.
    let open = json!({ "changes": [change], "state": "open" });
    assert_eq!(world.decide(&world.tom, &open).0, 200);
    world.server.settle(org);
    assert_eq!(last(&world).0, "scheduled");
    world.pace("");
    world.server.settle(org);
    assert_eq!(last(&world).2, "The team has no capacity for a window.");
    let page = world.server.open(&world.ann, "/plan");
    assert!(page.text.contains("Teams without a plan"), "{}", page.text);
    // What changed left through the outbox, which is read after each plan: teams are told of it.
    let app = world.server.app();
    let unread = world.server.runtime.block_on(app.store.newest_unsent(org));
    assert_eq!(unread.unwrap(), None);
    let looks = world.server.runtime.block_on(app.store.notice_looks(org)).unwrap();
    assert!(looks.contains_key(&world.team));
}

#[test]
fn what_is_gone_leaves_the_plan() {
    let world = begun();
    let (org, app) = (world.server.org(), world.server.app());
    world.pace("20");
    world.server.settle(org);
    let lea = world.server.someone(org, "Lee", &[(Role::Engineering, Organisation)]);
    let mended = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": "2.30.1",
            "purl": "pkg:npm/moment@2.30.1" }] });
    let path = "/api/v1/snapshots?asset=shop&system=shop&wait=50";
    let pushed =
        world.server.ask("POST", path, &[("cookie", &lea.cookie)], mended.to_string().as_bytes());
    assert!(matches!(pushed.status, 200 | 201), "{pushed:?}");
    // What settled asks for it within a minute.
    world.server.settle(org);
    let waiting = app.store.jobs(org, trimtab_store::JobState::Waiting, 50);
    let waiting = world.server.runtime.block_on(waiting).unwrap();
    assert!(waiting.iter().any(|j| j.kind == "replan" && j.name.starts_with("minute-")));
    assert!(waiting.iter().any(|j| j.kind == "replan" && j.name.starts_with("window-")));
    let done = world.server.runtime.block_on(app.plan_anew(org)).unwrap();
    assert_eq!(done.difference, Difference { dropped: 1, ..Difference::default() });
    let last = told(&world).last().unwrap().clone();
    assert_eq!(last.2, "nothing that counts is left to remove");
}

#[test]
fn one_change_is_moved_by_a_form() {
    let world = begun();
    world.pace("20");
    let plan = world.plan("");
    let change = placed(&plan)[0].0.clone();
    let form = format!("/teams/{}/plan/move", world.team);
    let asked = format!("{form}?change={}", crate::harness::encode(&change));
    assert!(world.server.open(&world.tom, &asked).text.contains("When is moment"));
    assert_eq!(world.server.open(&world.ann, &asked).status, 403);
    // Where it goes is said, and not guessed.
    let nowhere = world.server.send(&world.tom, &form, &[("change", change.as_str())]);
    assert!(nowhere.text.contains("Choose when it is done."), "{}", nowhere.text);
    let second = plan["windows"][1]["starts"].as_str().unwrap();
    let fields = [("change", change.as_str()), ("to", second), ("reason", "after the fair")];
    assert_eq!(world.server.send(&world.tom, &form, &fields).status, 303);
    let name = plan["windows"][1]["name"].as_str().unwrap().to_owned();
    assert_eq!(placed(&world.plan("")), [(change.clone(), name)]);
    let choose = format!("/teams/{}/plan", world.team);
    let fields = [("id", change.as_str()), ("do", "open")];
    assert_eq!(world.server.send(&world.tom, &choose, &fields).status, 303);
    assert_eq!(placed(&world.plan("")), placed(&plan));
}

#[test]
fn what_is_held_in_a_table_is_asked_for_a_reason() {
    let world = begun();
    world.pace("20");
    let plan = world.plan("");
    let change = placed(&plan)[0].0.clone();
    let table = format!("/teams/{}/plan", world.team);
    let pressed = [("id", change.as_str()), ("do", "hold")];
    let asked = world.server.send(&world.tom, &table, &pressed);
    assert_eq!(asked.status, 200, "nothing is held yet");
    assert!(asked.text.contains("Why is 1 change held back?"), "{}", asked.text);
    assert!(asked.text.contains("moment 2.24.0 to "), "{}", asked.text);
    assert_eq!(placed(&world.plan("")), placed(&plan));
    // Sent without one, the form comes back with what is wrong, and with what was chosen.
    let empty = world.server.send(&world.tom, &table, &[&pressed[..], &[("reason", " ")]].concat());
    assert!(empty.text.contains("why it is held back"), "{}", empty.text);
    assert!(empty.text.contains(&format!("name=\"id\" value=\"{change}\"")), "{}", empty.text);
    assert_eq!(placed(&world.plan("")), placed(&plan));
    let why = [("reason", "the ferry is at sea")];
    let held = world.server.send(&world.tom, &table, &[&pressed[..], &why].concat());
    assert_eq!(held.status, 303, "{}", held.text);
    let held = world.plan("");
    assert_eq!(held["held"][0]["reason"], json!("the ferry is at sea"), "{held:#}");
    // Who may not decide is not asked either.
    assert_eq!(world.server.send(&world.ann, &table, &pressed).status, 403);
    // One change alone is asked for a reason too.
    let form = format!("{table}/move");
    let open = [("change", change.as_str()), ("to", "open")];
    assert_eq!(world.server.send(&world.tom, &form, &open).status, 303);
    let alone = [("change", change.as_str()), ("to", "held")];
    let alone = world.server.send(&world.tom, &form, &alone);
    assert!(alone.status == 200 && alone.text.contains("why it is held back"), "{}", alone.text);
}

impl World {
    fn what_if(&self, who: &Someone, body: &Value) -> (u16, Value) {
        let headers = [JSON, ("cookie", who.cookie.as_str()), ("x-csrf-token", who.csrf.as_str())];
        let body = body.to_string();
        let answer = self.server.ask("POST", "/api/v1/plans/what-if", &headers, body.as_bytes());
        (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
    }
}

#[test]
fn another_charter_is_tried_for_a_team_and_nothing_is_changed_by_it() {
    let world = begun();
    world.pace("20");
    world.server.settle(world.server.org());
    let before = world.plan("");
    // It is told of in other terms, and has the cadences of the framework.
    let named = world.plan("?charter=swift&cadence=every%20sprint");
    assert_eq!(named["windows"].as_array().map(Vec::len), Some(6), "{named:#}");
    let same = |is: &Value| (placed(is), is["batches"][0]["changes"].clone(), is["left"].clone());
    assert_eq!(same(&world.plan("")), same(&before), "a trial is not kept");
    for wrong in ["none", "999999", "-1"] {
        let path = format!("{}?charter={wrong}", world.path());
        let answer = world.server.open(&world.ann, &path);
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text);
    }
    let page = world.server.open(&world.ann, &format!("/teams/{}/plan?charter=swift", world.team));
    for words in ["the charter in force", "if it were swift"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
}

#[test]
fn all_teams_are_planned_as_they_are_and_as_they_would_be() {
    let world = begun();
    let (status, is) = world.what_if(&world.ann, &json!({}));
    assert_eq!(status, 200, "{is:#}");
    assert_eq!(is["teams"][0]["today"]["missing"], json!("The team has not chosen a cadence."));
    assert_eq!(is["today"]["findings"], json!(0), "who has no plan is in no sum");
    world.pace("20");
    let (_, same) = world.what_if(&world.ann, &json!({}));
    assert_eq!(same["today"], same["then"], "{same:#}");
    assert!(same["today"]["removed"].as_u64() > Some(0), "{same:#}");
    // Without points only what cannot wait is done.
    let (_, none) = world.what_if(&world.ann, &json!({ "capacity": 0.0 }));
    assert_eq!(none["today"], same["today"]);
    assert_eq!(none["then"]["batches"], none["then"]["interruptions"]);
    let days = |of: &Value, when: &str| of[when]["load_days"].as_f64().unwrap();
    assert!(days(&none, "then") >= days(&none, "today"), "{none:#}");
    // Another charter, by its text: other cadences, and the team's own is not among them.
    let text = "format = 1\npreset = \"swift\"\n";
    let (status, then) = world.what_if(&world.ann, &json!({ "charter": text }));
    assert_eq!(status, 200, "{then:#}");
    assert!(then["teams"][0]["then"]["plan"].is_object(), "{then:#}");
    // What is due when, is the charter's: all of it within two days, or none of it within the half year.
    let due = |term: &str| {
        let terms = ["critical", "high", "medium", "low"].map(|l| format!("{l} = \"{term}\"\n"));
        let terms = terms.concat();
        let text = format!(
            "{text}\n[deadlines.terms.production]\n{terms}\n[deadlines.terms.other]\n{terms}"
        );
        let (status, is) = world.what_if(&world.ann, &json!({ "charter": text }));
        assert_eq!(status, 200, "{is:#}");
        let plan = &is["teams"][0]["then"]["plan"];
        (plan["findings"].clone(), plan["missed_of_nothing"].clone())
    };
    let (findings, missed) = due("48 hours");
    assert_eq!(missed, findings);
    assert!(findings.as_u64() > Some(0));
    assert_eq!(due("365 days"), (findings, json!(0)));
    // Windows that end after the half year are windows: what cannot wait for them is all that is done by then.
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let long = format!(
        "{text}\n[calendar]\nsprint = {{ start = {today}, days = 92 }}\n\n[[cadence]]\n\
         name = \"every sprint\"\nevery = \"cool-down\"\nlevels = [\"high\", \"medium\"]\n"
    );
    let (status, long) = world.what_if(&world.ann, &json!({ "charter": long }));
    assert_eq!(status, 200, "{long:#}");
    let plan = &long["teams"][0]["then"]["plan"];
    assert_eq!(plan["batches"], plan["interruptions"], "{long:#}");
    assert!(plan["findings"].as_u64() > Some(0), "{long:#}");
    let (_, named) = world.what_if(&world.ann, &json!({ "named": "swift" }));
    assert_eq!(named["teams"], then["teams"], "a text and a name of the same are the same");
    for wrong in [
        json!({ "charter": "no charter" }),
        json!({ "charter": text, "named": "swift" }),
        json!({ "named": "none" }),
        json!({ "capacity": -1.0 }),
        json!({ "open_limit": 0 }),
        json!({ "team": 999_999 }),
        json!({ "days": 4 }),
        json!([null, null]),
    ] {
        let (status, answer) = world.what_if(&world.ann, &wrong);
        assert!(matches!(status, 404 | 422), "{wrong}: {status} {answer}");
    }
    let kept = placed(&world.plan(""));
    let page = world.server.open(&world.ann, "/plan/what-if?capacity=2");
    for words in ["By team", "load-days in half a year", "nothing is changed by it", "as agreed"] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    let page = world.server.open(&world.ann, "/plan/what-if");
    assert!(page.text.contains("Choose above what is to be different"), "{}", page.text);
    assert_eq!(placed(&world.plan("")), kept);
    // Who may see nothing of the team is told nothing of it.
    let org = world.server.org();
    let (other, _) = world.server.system(org, "harbour");
    let eve = world.server.someone(
        org,
        "Eve",
        &[(Role::Engineering, trimtab_store::ScopeOf::System(other))],
    );
    let (status, hers) = world.what_if(&eve, &json!({ "capacity": 2.0 }));
    assert_eq!((status, &hers["teams"]), (200, &json!([])), "{hers:#}");
    let (status, _) = world.what_if(&eve, &json!({ "team": world.team }));
    assert_eq!(status, 404);
}
