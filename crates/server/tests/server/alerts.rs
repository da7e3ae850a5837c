//! Alerting systems as a webhook: what each says, and what is noted of it. The messages are in `corpus/alerts`.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_server::access::Key;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{Answer, JSON, Server, Someone, bearer};

const EVENTS: &str = "/api/v1/deployments/alerts";

fn message(name: &str) -> String {
    let file = trimtab_testkit::repository().join(format!("corpus/alerts/{name}.json"));
    std::fs::read_to_string(file).unwrap()
}

struct World {
    server: Server,
    ada: Someone,
    finding: i64,
    token: i64,
    bearer: String,
    _folder: tempfile::TempDir,
}

impl World {
    /// A shop whose older build ran before the newer one.
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let key = Some(Key::of_file(&folder.path().join("key")).unwrap());
        let server = Server::with(Timestamp::now, Access { key, ..Access::default() });
        let app = server.app();
        server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
        let org = server.org();
        let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
        let ada = server.someone(org, "Ada", &roles);
        server.system(org, "shop");
        let finding = server.upload(&ada, "ferries/shop", "shop");
        let own = [("cookie", ada.cookie.as_str()), JSON];
        let wanted = json!({ "name": "alerts", "actions": ["deploy"], "days": 1 }).to_string();
        let made = server.ask("POST", "/api/v1/tokens", &own, wanted.as_bytes()).json();
        let token = made["id"].as_i64().unwrap();
        let bearer = bearer(made["token"].as_str().unwrap());
        World { server, ada, finding, token, bearer, _folder: folder }
    }

    fn deploy(&self) -> Value {
        self.say(&json!({}))
    }

    /// Says that it was deployed so; gives what was noted.
    fn say(&self, more: &Value) -> Value {
        let mut said = json!({ "asset": "ferries/shop", "environment": "production" });
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let own = [("cookie", self.ada.cookie.as_str()), JSON];
        let body = said.to_string();
        let done = self.server.ask("POST", "/api/v1/deployments", &own, body.as_bytes());
        assert_eq!(done.status, 201, "{done:?}");
        done.json()
    }

    /// How the deployments ended that were noted, oldest first.
    fn outcomes(&self) -> Vec<String> {
        let outcome = |d: &Value| d["outcome"].as_str().map(ToOwned::to_owned);
        self.told().iter().filter_map(outcome).collect()
    }

    /// Another build, without what the first one carried.
    fn build(&self) {
        let without = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": [{ "type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1" }] });
        let path = "/api/v1/snapshots?asset=ferries/shop&system=shop&revision=new&wait=60";
        let own = [("cookie", self.ada.cookie.as_str())];
        let pushed = self.server.ask("POST", path, &own, without.to_string().as_bytes());
        assert_eq!(pushed.status, 201, "{pushed:?}");
    }

    fn send(&self, query: &str, body: &str) -> Answer {
        let headers = [("authorization", self.bearer.as_str()), JSON];
        self.server.ask("POST", &format!("{EVENTS}{query}"), &headers, body.as_bytes())
    }

    /// What the ledger has about deployments, oldest first.
    fn told(&self) -> Vec<Value> {
        let ledger = self.server.open(&self.ada, "/api/v1/ledger?limit=500").json();
        let rows = ledger["rows"].as_array().unwrap().clone();
        rows.iter()
            .filter(|row| row["kind"] == "deployed")
            .map(|row| serde_json::from_str(row["data"].as_str().unwrap()).unwrap())
            .collect()
    }

    fn state(&self) -> String {
        let path = format!("/api/v1/findings/{}", self.finding);
        self.server.open(&self.ada, &path).json()["state"].as_str().unwrap().to_owned()
    }
}

/// A message of Alertmanager's whose alerts began at a moment.
fn at(message: &str, moment: &str) -> String {
    message.replace("2026-03-02T09:15:00.125Z", moment).replace("2026-03-02T09:11:30Z", moment)
}

#[test]
fn an_alert_is_evidence_and_may_say_that_a_deployment_was_rolled_back() {
    let world = World::new();
    // Nothing was deployed yet: nobody can say what the alert is about.
    let early = world.send("", &message("alertmanager-firing"));
    assert_eq!(early.status, 422, "{early:?}");
    world.deploy();
    world.build();
    world.deploy();
    assert_eq!(world.state(), "fixed");
    let before = world.told().len();
    // It began after that.
    let now = Timestamp::now().to_string();
    let firing = at(&message("alertmanager-firing"), &now);

    let taken = world.send("", &firing);
    assert_eq!(taken.status, 201, "{taken:?}");
    let taken = taken.json();
    let noted = taken["noted"].as_array().unwrap();
    let names: Vec<&str> = noted.iter().map(|n| n["alert"].as_str().unwrap()).collect();
    assert_eq!(names, ["RolloutRolledBack", "ErrorRateHigh"]);
    assert_eq!(noted[0]["outcome"], "rolled-back");
    assert_eq!(noted[1]["outcome"], Value::Null);
    let unclear = &taken["unclear"][0];
    assert_eq!(unclear["alert"], "DiskFull");
    assert!(unclear["why"].as_str().unwrap().contains("trimtab_environment"), "{unclear}");
    // What ran before runs again, with what it had; the main line is rid of it.
    assert_eq!(world.state(), "merged");
    let told = world.told();
    let of = |from: usize, member: &str| -> Vec<String> {
        told[from..].iter().filter_map(|d| d[member].as_str().map(ToOwned::to_owned)).collect()
    };
    assert_eq!(of(before, "outcome"), ["rolled-back"]);
    assert_eq!(of(before, "state"), ["firing", "firing"]);
    let page = world.server.open(&world.ada, &format!("/findings/{}", world.finding)).text;
    assert!(
        page.contains("An alert about the asset in production, firing: ErrorRateHigh."),
        "{page}"
    );

    // It comes again every few hours: once is enough.
    let again = world.send("", &firing);
    assert_eq!(again.status, 200, "{again:?}");
    assert!(again.json()["noted"].as_array().unwrap().iter().all(|n| n["known"] == true));
    assert_eq!(world.told().len(), told.len());
    // That it is over is another thing.
    let over = firing.replace("\"status\": \"firing\"", "\"status\": \"resolved\"");
    assert_eq!(world.send("", &over).status, 201);
    let told = world.told();
    assert_eq!(told.last().unwrap()["state"], "resolved");
    assert_eq!(told.iter().filter(|d| d["outcome"] == "rolled-back").count(), 1, "not twice");
    // Another alert about the same roll-back: what ran before the bad one goes on running.
    let later = Timestamp::now().to_string();
    let other = firing.replace("5f1d2c3b4a596877", "5f1d2c3b4a590000").replace(&now, &later);
    let twin = world.send("", &other);
    assert_eq!(twin.status, 201, "{twin:?}");
    assert_eq!(twin.json()["noted"][0]["deployment"], noted[0]["deployment"]);
    assert_eq!(world.state(), "merged");
    assert_eq!(world.outcomes().iter().filter(|o| *o == "rolled-back").count(), 1);
    // A roll-back to something else, which a revision names.
    let other = other.replace("5f1d2c3b4a590000", "5f1d2c3b4a590001");
    let named = other.replacen(
        "\"trimtab_outcome\"",
        "\"trimtab_revision\": \"new\", \"trimtab_outcome\"",
        1,
    );
    let named = world.send("", &named).json();
    assert_eq!(named["noted"][0]["outcome"], "rolled-back", "{named}");
    assert_eq!(world.state(), "fixed", "the revision that it names runs");
}

#[test]
fn what_the_delivery_system_said_is_not_noted_again() {
    let world = World::new();
    let good = world.deploy()["snapshot"].clone();
    world.build();
    world.deploy();
    // The alert begins, then the delivery system tells, then the alert comes.
    let began = Timestamp::now().to_string();
    let back = world.say(&json!({ "snapshot": good, "outcome": "rolled-back" }));
    let before = world.outcomes();
    let firing = at(&message("alertmanager-firing"), &began);
    let noted = world.send("", &firing).json();
    assert_eq!(noted["noted"][0]["deployment"], back["deployment"], "{noted}");
    // And one that begins after that.
    let after = at(&message("alertmanager-firing"), &Timestamp::now().to_string());
    let noted = world.send("", &after.replace("5f1d2c3b4a596877", "5f1d2c3b4a590000")).json();
    assert_eq!(noted["noted"][0]["deployment"], back["deployment"], "{noted}");
    // A field of an incident that is edited, time and again.
    let fields = message("pagerduty-fields").replace("\"failed\"", "\"rolled-back\"");
    for (n, status) in [(1, 201), (2, 200)] {
        let now = Timestamp::now().to_string();
        let fields = fields.replace("2026-03-02T09:31:00.000Z", &now);
        let edited = world.send("?environment=production", &fields);
        assert_eq!(edited.status, status, "{n}: {edited:?}");
        assert_eq!(edited.json()["noted"][0]["deployment"], back["deployment"], "{n}");
    }
    assert_eq!(world.outcomes(), before);
    assert_eq!(world.state(), "merged", "the good one runs");
}

#[test]
fn an_incident_that_is_opened_again_is_another_time() {
    let world = World::new();
    world.say(&json!({ "at": "2026-03-01T00:00:00Z" }));
    let triggered = message("pagerduty-triggered");
    let reopened = triggered.replace("incident.triggered", "incident.reopened");
    let again = reopened.replace("2026-03-02T09:20:00.000Z", "2026-03-03T09:20:00.000Z");
    for (message, status) in
        [(&triggered, 201), (&triggered, 200), (&reopened, 201), (&reopened, 200), (&again, 201)]
    {
        let sent = world.send("?environment=production", message);
        assert_eq!(sent.status, status, "{sent:?}");
    }
}

#[test]
fn an_alert_is_about_what_ran_when_it_began() {
    let world = World::new();
    let first = world.say(&json!({ "at": "2026-03-01T00:00:00Z" }));
    world.build();
    let second = world.deploy();
    let sent = world.send("?environment=production", &message("pagerduty-triggered")).json();
    assert_eq!(sent["noted"][0]["deployment"], first["deployment"], "{sent}");
    let why = sent["unclear"][0]["why"].as_str().unwrap();
    assert!(why.contains("before what runs"), "{why}");
    // One of an outcome is noted back then, and changes nothing of what runs.
    let sent =
        world.send("", &message("alertmanager-firing").replace("rolled-back", "failed")).json();
    assert_eq!(sent["noted"][0]["outcome"], "failed", "{sent}");
    assert_eq!(world.state(), "fixed");
    let now = message("pagerduty-triggered")
        .replace("Q1W2E3R4T5", "Q9")
        .replace("2026-03-02T09:19:58Z", &Timestamp::now().to_string());
    let sent = world.send("?environment=production", &now).json();
    assert_eq!(sent["noted"][0]["deployment"], second["deployment"], "{sent}");
    assert_eq!(sent["unclear"], json!([]));
    // It began before anything was deployed.
    let early = message("pagerduty-triggered")
        .replace("Q1W2E3R4T5", "Q8")
        .replace("2026-03-02T09:19:58Z", "2025-03-02T09:19:58Z");
    let early = world.send("?environment=production", &early);
    assert_eq!(early.status, 422, "{early:?}");
    assert!(early.text.contains("before the first recorded deployment"), "{}", early.text);
}

#[test]
fn an_alert_that_is_being_noted_is_not_swallowed() {
    let world = World::new();
    world.deploy();
    let now = Timestamp::now();
    let firing =
        at(&message("alertmanager-firing"), &now.to_string()).replace("rolled-back", "failed");
    let (app, org) = (world.server.app(), world.server.org());
    let asset = world.server.runtime.block_on(app.store.asset_of_name(org, "ferries/shop"));
    let asset = asset.unwrap().unwrap().id;
    // Another request has begun with one of the two.
    let key = format!("alert alertmanager 0a1b2c3d4e5f6071 {now} firing  {asset} production");
    let reserved = world.server.runtime.block_on(app.store.reserve_answer(org, &key, "alert", now));
    assert_eq!(reserved.unwrap(), trimtab_store::Reserved::Fresh);
    let sent = world.send("", &firing);
    assert_eq!(sent.status, 409, "{sent:?}");
    world.server.runtime.block_on(app.store.keep_answer(org, &key, None)).unwrap();
    let sent = world.send("", &firing).json();
    let known: Vec<_> =
        sent["noted"].as_array().unwrap().iter().map(|n| n["known"].clone()).collect();
    assert_eq!(known, [true, false], "the rest of it was noted: {sent}");
}

#[test]
fn each_format_is_understood_and_the_address_fills_in() {
    let world = World::new();
    world.say(&json!({ "at": "2026-03-01T00:00:00Z" }));
    let before = world.told().len();
    // Grafana names a system, in all of whose assets that run there it is noted.
    let grafana = world.send("", &message("grafana-resolved"));
    assert_eq!(grafana.status, 201, "{grafana:?}");
    let noted = grafana.json()["noted"][0].clone();
    assert_eq!(
        (noted["asset"].as_str(), noted["environment"].as_str()),
        (Some("ferries/shop"), Some("production"))
    );
    let last = world.told().pop().unwrap();
    assert_eq!(
        (last["source"].as_str(), last["state"].as_str()),
        (Some("grafana"), Some("resolved"))
    );
    assert_eq!(last["starts"], "2026-03-02T07:40:00Z");
    // PagerDuty says no environment: the address does. The service is the system.
    let duty = world.send("", &message("pagerduty-triggered"));
    assert_eq!(duty.status, 422);
    assert!(duty.text.contains("?environment="), "{}", duty.text);
    let duty = world.send("?environment=production", &message("pagerduty-triggered"));
    assert_eq!(duty.status, 201, "{duty:?}");
    assert_eq!(duty.json()["noted"][0]["alert"], "The shop answers with errors");
    // A custom field says that the deployment failed.
    let field = world.send("?environment=production", &message("pagerduty-fields"));
    assert_eq!(field.status, 201, "{field:?}");
    assert_eq!(field.json()["noted"][0]["outcome"], "failed");
    let other = world.send("?environment=production", &message("pagerduty-acknowledged"));
    assert_eq!(
        (other.status, other.json()["ignored"].as_str()),
        (200, Some("incident.acknowledged"))
    );
    let outcomes: Vec<Value> = world.told()[before..]
        .iter()
        .map(|d| d["outcome"].clone())
        .filter(|o| !o.is_null())
        .collect();
    assert_eq!(outcomes, ["failed"]);
    // What is not understood, or of an environment that the charter has not, or of another word.
    for (query, body, words) in [
        ("", "{}".to_owned(), "not a webhook of"),
        ("", "[]".to_owned(), "not a webhook of"),
        ("?environment=moon", message("pagerduty-triggered"), "no environment `moon`"),
        ("?system=none", message("grafana-resolved"), "There is no system `none`"),
        (
            "",
            message("alertmanager-firing")
                .replace("rolled-back", "burning")
                .replace("trimtab_environment", "x"),
            "names no environment",
        ),
        (
            "?environment=production",
            message("pagerduty-fields").replace("\"failed\"", "\"burning\""),
            "`failed` or `rolled-back`",
        ),
    ] {
        let wrong = world.send(query, &body);
        assert_eq!(wrong.status, 422, "{wrong:?}");
        assert!(wrong.text.contains(words), "{words}: {}", wrong.text);
    }
    let many = json!({ "receiver": "x", "alerts": vec![json!({ "labels": {} }); 201] });
    assert_eq!(world.send("", &many.to_string()).status, 422);
}

#[test]
fn who_may_not_deploy_notes_nothing() {
    let world = World::new();
    world.deploy();
    let before = world.told().len();
    let app = world.server.app();
    let org = world.server.org();
    let (_, elsewhere) = world.server.system(org, "intranet");
    let small = world.server.someone(org, "Small", &[(Role::Operations, Team(elsewhere))]);
    let rivals = world.server.runtime.block_on(app.store.add_organisation("R", Timestamp::now()));
    let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, Organisation)).collect();
    let eve = world.server.someone(rivals.unwrap(), "Eve", &roles);
    // Hers are of another team; Eve's organisation knows nothing of the asset.
    for (who, status) in [(&small, 403), (&eve, 422)] {
        for name in ["alertmanager-firing", "grafana-resolved", "pagerduty-fields"] {
            let own = [("cookie", who.cookie.as_str()), JSON];
            let path = format!("{EVENTS}?environment=production");
            let answer = world.server.ask("POST", &path, &own, message(name).as_bytes());
            assert_eq!(answer.status, status, "{name}: {answer:?}");
        }
    }
    assert_eq!(world.server.ask("POST", EVENTS, &[JSON], b"{}").status, 401);
    let plain = [("authorization", world.bearer.as_str()), ("content-type", "text/plain")];
    assert_eq!(world.server.ask("POST", EVENTS, &plain, b"{}").status, 415);
    assert_eq!(world.told().len(), before);
}

#[test]
fn grafana_signs_with_its_time() {
    let world = World::new();
    world.say(&json!({ "at": "2026-03-01T00:00:00Z" }));
    let path = format!("/api/v1/tokens/{}/signing", world.token);
    let own = [("cookie", world.ada.cookie.as_str())];
    let made = world.server.ask("POST", &path, &own, b"").json();
    let (secret, hook) = (made["secret"].as_str().unwrap(), made["hook"].as_str().unwrap());
    let path = format!("{EVENTS}?hook={hook}");
    let body = message("grafana-resolved");
    let sign = |text: &str| -> String {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
    };
    let send = |at: &str, signature: &str| {
        let headers = [
            ("x-grafana-alerting-signature", signature),
            ("x-grafana-alerting-timestamp", at),
            JSON,
        ];
        world.server.ask("POST", &path, &headers, body.as_bytes())
    };
    let now = Timestamp::now().as_second();
    let at = now.to_string();
    let good = sign(&format!("{at}:{body}"));
    assert_eq!(send(&at, &good).status, 201);
    assert_eq!(send(&at, &good).status, 200, "the same again is noted once");
    let old = (now - 400).to_string();
    assert_eq!(send(&old, &sign(&format!("{old}:{body}"))).status, 401);
    assert_eq!(send(&old, &good).status, 401);
    // Without a time in the signature a message that somebody kept could come again.
    let github = format!("sha256={}", sign(&body));
    let headers = [("x-hub-signature-256", github.as_str()), JSON];
    let undated = world.server.ask("POST", &path, &headers, body.as_bytes());
    assert_eq!(undated.status, 401, "{undated:?}");
    assert!(undated.text.contains("signed with its time"), "{}", undated.text);
}
