//! What was tried and carried out where the code is: pushed, believed within bounds, and followed to production.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{JSON, Server, Someone};

/// The evidence of a batch that raised moment.
pub(crate) fn evidence(from: &str, to: &str, gone: &str) -> Value {
    let run = json!({ "ended": "all passed", "passed": 12, "failed": 0, "skipped": 1,
        "seconds": 4, "last": [] });
    json!({
        "format": "trimtab-applied", "version": 1, "target": "shop",
        "now": "2026-03-01T09:00:00Z", "batch": "sprint-1f3a", "window": "sprint of 2026-03-02",
        "place": "package-lock.json", "tool": "npm", "outcome": "part",
        "why": "tests are as before", "base": "5d1e0c7ab3f4", "branch": "trimtab/sprint-1f3a",
        "commits": [{ "id": "9f2c", "subject": "Move moment" }],
        "request": { "number": 12, "page": "https://git.example/shop/12", "became": "opened" },
        "actions": [
            { "name": "a1", "what": "raise moment", "outcome": "done", "why": "" },
            { "name": "a2", "what": "raise lodash", "outcome": "breaks",
                "why": "with it, 1 test fails that passed before" },
        ],
        "moves": [{ "package": "pkg:npm/moment", "from": [from], "to": [to] }],
        "removes": [{ "vulnerability": gone, "package": format!("pkg:npm/moment@{from}"),
            "level": null, "deadline": null, "exploited": null }],
        "load": 3.5, "worse": [],
        "tests": { "judgement": "unharmed", "why": "what passed before passes now",
            "command": "npm test", "before": run, "after": run, "failed_before": ["shop.slow"],
            "mended": [], "gone": [], "wavering": [], "runs": 2, "confined": [] },
        "changelogs": [], "why_these": [], "why_now": [], "rollback": [],
    })
}

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) team: i64,
    pub(crate) asset: i64,
    /// The names of the asset's findings.
    pub(crate) names: Vec<String>,
    pub(crate) lea: Someone,
    /// May set the pace of the team.
    pub(crate) tom: Someone,
    /// May look.
    pub(crate) ann: Someone,
}

pub(crate) fn begun() -> World {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let (_, team) = server.system(org, "shop");
    let lea = server.someone(org, "Lea", &[(Role::Engineering, Organisation)]);
    let finding = server.upload(&lea, "shop", "shop");
    let details = server.open(&lea, &format!("/api/v1/findings/{finding}")).json();
    let asset = details["asset"]["id"].as_i64().unwrap();
    let rows = server.open(&lea, "/api/v1/findings").json()["rows"].clone();
    let name = |row: &Value| row["vulnerability"].as_str().unwrap().to_owned();
    let names = rows.as_array().unwrap().iter().map(name).collect();
    let tom = server.someone(org, "Tom", &[(Role::Engineering, Team(team))]);
    let ann = server.someone(org, "Ann", &[(Role::Auditor, Organisation)]);
    World { server, team, asset, names, lea, tom, ann }
}

impl World {
    pub(crate) fn push(&self, who: &Someone, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.server.ask(
            "POST",
            path,
            &[JSON, ("cookie", &who.cookie), ("x-csrf-token", &who.csrf)],
            body.to_string().as_bytes(),
        );
        (answer.status, serde_json::from_str(&answer.text).unwrap_or_default())
    }

    pub(crate) fn pace(&self) {
        let edit = format!("/teams/{}/edit", self.team);
        let fields = [("cadence", "every sprint"), ("capacity", "20")];
        assert_eq!(self.server.send(&self.tom, &edit, &fields).status, 303);
        self.server.settle(self.server.org());
    }

    /// Makes the plans anew, as the job does within a minute.
    pub(crate) fn replan(&self) {
        let app = self.server.app();
        self.server.runtime.block_on(app.plan_anew(self.server.org())).unwrap();
    }

    pub(crate) fn update(&self, id: i64) -> Value {
        self.server.open(&self.ann, &format!("/api/v1/updates/{id}")).json()
    }

    /// A new snapshot in which moment has a version.
    pub(crate) fn build(&self, version: &str) {
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": "moment", "version": version,
                "purl": format!("pkg:npm/moment@{version}") }] });
        let path = "/api/v1/snapshots?asset=shop&system=shop&wait=50";
        let pushed = self.push(&self.lea, path, &document);
        assert!(matches!(pushed.0, 200 | 201), "{pushed:?}");
    }
}

#[test]
fn a_batch_is_followed_from_the_plan_to_production() {
    let world = begun();
    let ops = world.server.someone(world.server.org(), "Op", &[(Role::Operations, Organisation)]);
    let deploy = || {
        let said = json!({ "asset": "shop", "environment": "production" });
        let done = world.push(&ops, "/api/v1/deployments", &said);
        assert_eq!(done.0, 201, "{done:?}");
    };
    deploy();
    world.pace();
    let mut batch = evidence("2.24.0", "2.30.1", &world.names[0]);
    batch["now"] = json!(jiff::Timestamp::now().to_string());
    let (status, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
    assert_eq!((status, &taken["new"]), (201, &json!(true)), "{taken}");
    let id = taken["update"].as_i64().unwrap();
    let (status, again) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
    assert_eq!((status, &again["update"]), (200, &json!(id)));
    let is = world.update(id);
    assert_eq!(is["state"], json!("carried-out"), "{is:#}");
    assert!(is["planned"].is_string(), "the kept plan had it: {is:#}");
    assert_eq!(is["title"], json!("moment to 2.30.1"));
    let page = |words: &[&str]| {
        let page = world.server.open(&world.ann, &format!("/updates/{id}"));
        assert_eq!(page.status, 200);
        for words in words {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        page.text
    };
    let text = page(&[
        "waits to be merged",
        "What was left out",
        "With it, 1 test fails that passed before.",
        "trimtab rollback sprint-1f3a",
        "https://git.example/shop/12",
        "Failed before and after: shop.slow",
    ]);
    assert!(!text.contains("How it went"), "who may not say is not asked");
    // Merged: gone from the main line, and what runs still has it. Then deployed.
    world.build("2.30.1");
    assert_eq!(world.update(id)["state"], json!("merged"));
    page(&["is merged and waits to be deployed"]);
    deploy();
    let is = world.update(id);
    assert_eq!(is["state"], json!("deployed"), "{is:#}");
    assert!(is["merged"].is_string() && is["deployed"].is_string());
    page(&["is in production"]);
    // What it took is learnt; that it was taken back says why.
    let path = format!("/updates/{id}");
    let fields = [("points", "4"), ("reverted", "no"), ("reason", "")];
    assert_eq!(world.server.send(&world.ann, &path, &fields).status, 403);
    assert_eq!(world.server.send(&world.tom, &path, &fields).status, 303);
    assert_eq!(world.update(id)["points"], json!(4.0));
    let none = [("points", "x"), ("reverted", "no"), ("reason", "")];
    assert!(world.server.send(&world.tom, &path, &none).text.contains("Enter a number of points."));
    let none = [("points", "4"), ("reverted", "yes"), ("reason", "")];
    assert!(
        world.server.send(&world.tom, &path, &none).text.contains("Say why it was rolled back")
    );
    let back = [("points", "4"), ("reverted", "yes"), ("reason", "the till was slow")];
    assert_eq!(world.server.send(&world.tom, &path, &back).status, 303);
    assert_eq!(world.update(id)["state"], json!("reverted"));
    page(&["It was rolled back on", "the till was slow"]);
    let list = world.server.open(&world.ann, &format!("/updates?team={}", world.team));
    assert!(list.text.contains("moment to 2.30.1") && list.text.contains("rolled back"));
    let other = world.server.open(&world.ann, "/api/v1/updates?team=999").json();
    assert_eq!(other["rows"], json!([]));
}

#[test]
fn a_finding_that_a_batch_names_twice_is_one() {
    let world = begun();
    let path = format!("/api/v1/vulnerabilities/{}", world.names[0]);
    let is = world.server.open(&world.lea, &path).json();
    let aliases = is["aliases"].as_array().unwrap();
    let other = aliases.iter().find(|name| **name != json!(world.names[0])).unwrap();
    let mut batch = evidence("2.24.0", "2.30.1", &world.names[0]);
    let mut again = batch["removes"][0].clone();
    again["vulnerability"] = other.clone();
    batch["removes"].as_array_mut().unwrap().push(again);
    let (status, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &batch);
    assert_eq!(status, 201, "{taken}");
    let id = taken["update"].as_i64().unwrap();
    let is = world.update(id);
    assert_eq!(is["findings"].as_array().unwrap().len(), 1, "{is:#}");
    assert_eq!(is["state"], json!("carried-out"), "{is:#}");
    world.build("2.30.1");
    let is = world.update(id);
    assert!(is["merged"].is_string(), "both lines are known, and gone: {is:#}");
    // The page has both lines, each with its finding.
    let page = world.server.open(&world.ann, &format!("/updates/{id}")).text;
    assert!(page.contains(other.as_str().unwrap()), "{page}");
    assert!(!page.contains("the asset has no such finding"), "{page}");
    // Of what is pushed the ledger keeps so much.
    let line = batch["removes"][0].clone();
    batch["removes"] = json!(vec![line; 700]);
    batch["batch"] = json!("sprint-2");
    assert_eq!(world.push(&world.lea, "/api/v1/updates?asset=shop", &batch).0, 201);
    let org = world.server.org();
    let app = world.server.app();
    let all = world.server.runtime.block_on(app.store.ledger(org, 0, 1_000)).unwrap();
    let mut data = all.iter().map(|entry| serde_json::from_str::<Value>(&entry.data).unwrap());
    let told = data.find(|data| data["batch"] == json!("sprint-2")).unwrap();
    let kept = told["removes"].as_array().unwrap().len();
    assert!((200..=500).contains(&kept), "{kept}");
    assert_eq!(told["more"], json!(700 - kept));
}

/// A plan of `trimtab plan` with one confirmed action.
pub(crate) fn plan_of(world: &World, to: &str, least: f64) -> Value {
    let finding = |(n, name): (usize, &String)| {
        json!({ "name": format!("f{n}"), "vulnerability": name, "aliases": [],
            "package": "pkg:npm/moment@2.24.0", "file": "package-lock.json", "level": "high",
            "weight": 1.0, "deadline": null, "exploited": false, "now": false, "fix": null })
    };
    let names: Vec<String> = (0..world.names.len()).map(|n| format!("f{n}")).collect();
    json!({
        "format": "trimtab-plan", "version": 1, "target": "shop",
        "now": "2026-03-01T09:00:00Z", "folder": "",
        "index": { "data_date": null, "digest": "d" },
        "charter": { "name": "c", "version": "1" },
        "rhythm": { "team": "shop", "cadence": "every sprint", "capacity": 1.0,
            "days_per_point": 1.0, "open_limit": null, "assumed": [], "windows": [],
            "horizon": "2026-06-01T09:00:00Z" },
        "search": { "offline": false, "ideas": 1, "confirmed": 1, "tries": 1, "cut_short": false },
        "load": 1.0,
        "worth": { "objective": 1.0, "bound": 1.0, "gap": 0.0, "load_days": 1.0, "missed": 0 },
        "nothing": { "load_days": 1.0, "missed": [] },
        "course": [], "batches": [],
        "actions": [{
            "name": "a1", "way": "raise",
            "proposal": { "way": "raise", "package": "pkg:npm/moment@2.24.0", "to": to, "other": null },
            "place": "package-lock.json", "tool": "npm", "confirmed": true,
            "moves": [{ "package": "pkg:npm/moment", "from": ["2.24.0"], "to": [to] }],
            "distance": "minor", "removes": names, "brings": [],
            "cost": { "least": least, "most": 7.0, "reasons": [] },
            "confidence": { "value": 0.8, "reasons": [] },
            "quarantine": null, "checks": [], "changes": [], "commands": [],
        }],
        "left": [], "not_taken": [], "margins": [],
        "findings": world.names.iter().enumerate().map(finding).collect::<Vec<_>>(),
    })
}

#[test]
fn what_leaves_quarantine_within_a_window_is_not_on_today_before_its_day() {
    let world = begun();
    world.pace();
    let path = format!("/api/v1/teams/{}/plan", world.team);
    let plan = || world.server.open(&world.ann, &path).json()["plan"].clone();
    let windows = plan()["windows"].clone();
    // The next window, whole whatever the time is; its second half.
    let now = jiff::Timestamp::now();
    let moment = |text: &Value| text.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let is_next = |w: &&Value| moment(&w["starts"]) > now;
    let window = windows.as_array().unwrap().iter().find(is_next).unwrap();
    let at = |name: &str| moment(&window[name]);
    let begins = at("starts");
    let half = (at("ends").as_second() - begins.as_second()) / 2;
    let ready = jiff::Timestamp::from_second(begins.as_second() + half).unwrap();
    let mut sent = plan_of(&world, "2.30.1", 0.5);
    sent["actions"][0]["cost"]["most"] = json!(0.6);
    sent["actions"][0]["quarantine"] = json!(ready.to_string());
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &sent).0, 201);
    world.server.settle(world.server.org());
    world.replan();
    let is = plan();
    let batch = &is["batches"][0];
    assert_eq!(batch["window"], window["name"], "{is:#}");
    assert_eq!(batch["from"], json!(ready.to_string()), "{is:#}");
    let kept = world.server.open(&world.ann, "/api/v1/plans").json();
    let change = &kept["rows"][0]["changes"][0];
    assert_eq!(change["from"], json!(ready.to_string()), "{kept:#}");
    let today = world.server.open(&world.tom, "/api/v1/today/changes?side=engineering").json();
    assert_eq!(today["rows"], json!([]), "{today:#}");
    let day = format!("not before {}", ready.strftime("%Y-%m-%d"));
    for page in [format!("/teams/{}/plan", world.team), "/plan".to_owned()] {
        let page = world.server.open(&world.ann, &page);
        assert!(page.text.to_lowercase().contains(&day), "{day}: {}", page.text);
    }
    // An earlier day is told, and the reason names it in place of the other.
    sent["now"] = json!("2026-03-02T09:00:00Z");
    let earlier = jiff::Timestamp::from_second(begins.as_second() + half / 2).unwrap();
    sent["actions"][0]["quarantine"] = json!(earlier.to_string());
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &sent).0, 201);
    world.server.settle(world.server.org());
    world.replan();
    let kept = world.server.open(&world.ann, "/api/v1/plans").json();
    let change = &kept["rows"][0]["changes"][0];
    assert_eq!(change["from"], json!(earlier.to_string()), "{kept:#}");
    let why = change["why"].as_str().unwrap();
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d").to_string();
    assert!(why.contains(&day(earlier)) && !why.contains(&day(ready)), "{kept:#}");
}

#[test]
fn a_finding_tells_how_it_was_planned() {
    let world = begun();
    let rows = || world.server.open(&world.ann, "/api/v1/findings").json()["rows"].clone();
    let id = rows()[0]["id"].as_i64().unwrap();
    let details = || world.server.open(&world.ann, &format!("/api/v1/findings/{id}")).json();
    assert_eq!(details()["planned"], Value::Null);
    world.pace();
    let is = details();
    let planned = &is["planned"];
    let window = planned["window"].as_str().unwrap();
    assert_eq!(planned["team"], json!(world.team));
    assert!(!planned["why"].as_str().unwrap().is_empty());
    let kinds: Vec<&str> =
        is["history"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"planned"), "{kinds:?}");
    let page = world.server.open(&world.ann, &format!("/findings/{id}"));
    let to = planned["version"].as_str().unwrap();
    for words in [
        format!("Its update to {to} was planned for {window}"),
        format!("moment to {to}: {window}"),
    ] {
        assert!(page.text.contains(&words), "{words}: {}", page.text);
    }
}

#[test]
fn a_confirmed_action_stands_in_place_of_a_guess() {
    let world = begun();
    world.pace();
    let path = format!("/api/v1/teams/{}/plan", world.team);
    let plan = || world.server.open(&world.ann, &path).json()["plan"].clone();
    let change = || plan()["batches"][0]["changes"][0].clone();
    assert_eq!(change()["sure"], json!("guess"));
    let sent = plan_of(&world, "2.30.1", 5.0);
    let (status, taken) = world.push(&world.lea, "/api/v1/plans?asset=shop", &sent);
    assert_eq!(
        (status, &taken["actions"], &taken["kept"]),
        (201, &json!(1), &json!(true)),
        "{taken}"
    );
    let is = change();
    assert_eq!(
        (&is["sure"], &is["to"], &is["least"], &is["most"], &is["confidence"]),
        (&json!("confirmed"), &json!("2.30.1"), &json!(5.0), &json!(7.0), &json!(0.8))
    );
    assert_eq!(is["findings"].as_array().unwrap().len(), world.names.len());
    let page = world.server.open(&world.ann, &format!("/teams/{}/plan", world.team));
    assert!(page.text.contains("2.24.0 to 2.30.1, confirmed"), "{}", page.text);
    // An older one does not replace it.
    let mut older = plan_of(&world, "2.29.4", 1.0);
    older["now"] = json!("2026-02-01T09:00:00Z");
    let (_, taken) = world.push(&world.lea, "/api/v1/plans?asset=shop", &older);
    assert_eq!(taken["kept"], json!(false));
    assert_eq!(change()["to"], json!("2.30.1"));
    // Nothing was found that removes them: they are blocked, by name.
    let mut refused = plan_of(&world, "2.30.1", 5.0);
    refused["actions"] = json!([]);
    refused["now"] = json!("2026-03-02T09:00:00Z");
    let left = |n: usize| {
        json!({ "finding": format!("f{n}"), "why": "blocked", "next": "wait",
            "blockers": [{ "who": "pkg:npm/quay@1.0.0", "needs": "moment", "range": "<2.25" }],
            "edit": [], "tried": [] })
    };
    refused["left"] = (0..world.names.len()).map(left).collect();
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &refused).0, 201);
    let is = plan();
    assert_eq!(is["batches"], json!([]), "{is:#}");
    let why = is["left"][0]["why"].as_str().unwrap();
    assert!(why.contains("blocked by pkg:npm/quay@1.0.0, which needs moment <2.25"), "{why}");
    assert_eq!(is["left"][0]["next"], json!("wait"));
    let page = world.server.open(&world.ann, &format!("/teams/{}/plan", world.team));
    assert!(page.text.contains("; next: wait"), "{}", page.text);
    let finding = is["left"][0]["finding"].as_i64().unwrap();
    let page = world.server.open(&world.ann, &format!("/findings/{finding}"));
    assert!(
        page.text.contains("Pushed plan") && page.text.contains("; next: wait"),
        "{}",
        page.text
    );
    // Nobody stands in the way: the reason of the plan is told.
    refused["now"] = json!("2026-03-02T10:00:00Z");
    for left in refused["left"].as_array_mut().unwrap() {
        left["blockers"] = json!([]);
        left["why"] = json!("raise moment to 2.30.1: it broke the tests");
        left["next"] = json!(format!("mend the {}", "test ".repeat(100)));
    }
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &refused).0, 201);
    let is = plan();
    let why = is["left"][0]["why"].as_str().unwrap();
    assert!(why.contains("found: raise moment to 2.30.1: it broke the tests"), "{why}");
    let next = is["left"][0]["next"].as_str().unwrap();
    assert!(next.starts_with("mend the test") && next.chars().count() == 301, "{next}");
    // With a new snapshot it is old, and a guess stands in again.
    world.build("2.24.1");
    let confirmed = world.push(&world.lea, "/api/v1/plans?asset=shop&revision=none", &sent);
    assert_eq!(confirmed.0, 422, "no such snapshot");
    let left = plan()["left"].clone();
    let is_old = |left: &Value| left.get("next").is_none();
    assert!(left.as_array().unwrap().iter().all(is_old), "of another snapshot: {left:#}");
    assert_eq!(change()["sure"], json!("guess"));
}

#[test]
fn what_is_no_evidence_is_refused_and_says_why() {
    let world = begun();
    let good = evidence("2.24.0", "2.30.1", &world.names[0]);
    let plan = plan_of(&world, "2.30.1", 5.0);
    let with = |base: &Value, path: &str, value: Value| {
        let mut wrong = base.clone();
        *wrong.pointer_mut(path).unwrap() = value;
        wrong
    };
    let deep = (0..200).fold(json!(1), |deep, _| json!([deep]));
    for (path, body, words) in [
        ("updates", with(&good, "/version", json!(2)), "reads version 1"),
        ("updates", with(&good, "/format", json!("trimtab-plan")), "Not a `trimtab-applied`"),
        ("updates", with(&good, "/batch", json!("a; rm -rf")), "not the name of a batch"),
        ("updates", with(&good, "/batch", json!("")), "not the name of a batch"),
        ("updates", with(&good, "/why", json!("a\u{1b}[2J")), "has invalid characters"),
        ("updates", with(&good, "/why", json!("a\u{202e}b")), "has invalid characters"),
        ("updates", with(&good, "/why", json!("x".repeat(5000))), "longer than"),
        ("updates", with(&good, "/outcome", json!("great")), "not a known outcome"),
        ("updates", with(&good, "/now", json!("2999-01-01T00:00:00Z")), "in the future"),
        ("updates", with(&good, "/now", json!("yesterday")), "is not a time"),
        ("updates", with(&good, "/moves", json!(7)), "Not a valid `trimtab-applied`"),
        ("updates", json!([1, 2]), "Not a `trimtab-applied`"),
        ("updates", deep, "Not valid JSON"),
        ("plans", with(&plan, "/version", json!(9)), "reads version 1"),
        ("plans", with(&plan, "/actions/0/cost/least", json!(-1.0)), "out of its range"),
        ("plans", with(&plan, "/actions/0/cost/most", json!(1e9)), "out of its range"),
        ("plans", with(&plan, "/actions/0/confidence/value", json!(2)), "out of its range"),
        ("plans", with(&plan, "/findings/0/package", json!("a\u{0}")), "has invalid characters"),
        ("plans", good.clone(), "Not a `trimtab-plan`"),
    ] {
        let (status, told) = world.push(&world.lea, &format!("/api/v1/{path}?asset=shop"), &body);
        let detail = told["detail"].as_str().unwrap_or_default();
        assert!(status == 422 && detail.contains(words), "{words}: {status} {told}");
    }
    let huge = with(&good, "/why_now", json!(vec!["x".repeat(1000); 1200]));
    assert_eq!(world.push(&world.lea, "/api/v1/updates?asset=shop", &huge).0, 413);
    // What a plan drafts for files has lines, and what tests write has columns.
    let draft = "[[exception]]\nid = \"<id>\"\n";
    let left = json!([{
        "finding": "f0", "why": "it broke the tests", "blockers": [], "next": "accept it", "edit": [],
        "tried": ["raise moment: FAIL\tshop"],
        "accept": { "level": "high", "refused": null, "longest_days": 30, "may_ask": [],
            "may_approve": [], "control": false, "exception": draft, "not_affected": draft },
    }]);
    let drafted = with(&plan, "/left", left);
    let (status, told) = world.push(&world.lea, "/api/v1/plans?asset=shop", &drafted);
    assert_eq!(status, 201, "{told}");
    let forged = with(&drafted, "/left/0/why", json!("a\nb"));
    assert_eq!(world.push(&world.lea, "/api/v1/plans?asset=shop", &forged).0, 422);
    // Not theirs, or not there.
    assert_eq!(world.push(&world.ann, "/api/v1/updates?asset=shop", &good).0, 403);
    assert_eq!(world.push(&world.lea, "/api/v1/updates?asset=none", &good).0, 422);
    assert_eq!(world.push(&world.ann, "/api/v1/plans?asset=shop", &plan).0, 403);
    assert_eq!(world.server.open(&world.ann, "/updates/999").status, 404);
    // An address that is no page of the web is no link.
    let script = with(&good, "/request/page", json!("javascript:alert(1)"));
    let (_, taken) = world.push(&world.lea, "/api/v1/updates?asset=shop", &script);
    let page = world.server.open(&world.ann, &format!("/updates/{}", taken["update"]));
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("javascript:"), "{}", page.text);
    assert_eq!(world.asset, taken["asset"].as_i64().unwrap());
}

/// Gives a team a cadence of the charter in force, and points.
fn paced(world: &World, team: i64) {
    let fields = [("cadence", "every sprint"), ("capacity", "20")];
    let answer = world.server.send(&world.lea, &format!("/teams/{team}/edit"), &fields);
    assert_eq!(answer.status, 303, "{}", answer.text);
}

#[test]
fn a_team_is_planned_by_itself_and_is_told_nothing_of_another() {
    let world = begun();
    let org = world.server.org();
    let (_, desk) = world.server.system(org, "desk");
    paced(&world, world.team);
    paced(&world, desk);
    let commit = "5d1e0c7ab3f45d1e0c7ab3f45d1e0c7ab3f45d1e";
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": "2.24.0",
            "purl": "pkg:npm/moment@2.24.0" }] });
    for name in ["shop", "desk"] {
        let path =
            format!("/api/v1/snapshots?asset={name}&system={name}&revision={commit}&wait=50");
        let pushed = world.push(&world.lea, &path, &document);
        assert!(matches!(pushed.0, 200 | 201), "{pushed:?}");
        let sent = plan_of(&world, "2.30.1", 5.0);
        assert_eq!(world.push(&world.lea, &format!("/api/v1/plans?asset={name}"), &sent).0, 201);
    }
    world.server.settle(org);
    world.replan();
    // Each makes the change in its own assets, though both are of one commit.
    let kept = world.server.open(&world.ann, "/api/v1/plans").json();
    let changes = |row: &Value| row["changes"].as_array().unwrap().len();
    let counts: Vec<usize> = kept["rows"].as_array().unwrap().iter().map(changes).collect();
    assert_eq!(counts, [1, 1], "{kept:#}");
    // Whatever made the plans: none of what is kept of one team's tells its people of the other.
    let found = world.server.open(&world.tom, "/api/v1/findings").json();
    let finding = found["rows"][0]["id"].as_i64().unwrap();
    for path in [
        "/api/v1/plans".to_owned(),
        format!("/api/v1/teams/{}/plan", world.team),
        format!("/api/v1/findings/{finding}"),
        "/api/v1/today/changes?side=engineering".to_owned(),
        "/plan".to_owned(),
        format!("/teams/{}/plan", world.team),
        format!("/findings/{finding}"),
    ] {
        let answer = world.server.open(&world.tom, &path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let told = if path == "/plan" { "shop" } else { "moment" };
        assert!(answer.text.contains(told), "{path}: {}", answer.text);
        assert!(!answer.text.contains("desk"), "{path}: {}", answer.text);
    }
    let app = world.server.app();
    // What the team is told of is its own.
    let now = jiff::Timestamp::now();
    let job = trimtab_store::NewJob {
        org,
        kind: "notify".to_owned(),
        name: "after the plan".to_owned(),
        payload: json!({}),
        priority: trimtab_store::Priority::Waited,
        run_at: now,
    };
    world.server.runtime.block_on(app.store.add_job(&job, now)).unwrap();
    world.server.settle(org);
    let pending = world.server.runtime.block_on(app.store.pending(org, world.team)).unwrap();
    assert!(!pending.is_empty());
    for thing in &pending {
        assert!(!thing.told.to_string().contains("desk"), "{thing:?}");
    }
}
