//! The page of a finding: who owns which step, what was decided, what happened. And what a team's and a
//! system's pages list of it.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_store::{DecisionKind, DecisionState, NewDecision, ScopeOf};

use crate::harness::{JSON, Server, Someone};

/// How far the server's clock is ahead.
static MINUTES: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(MINUTES.load(Ordering::SeqCst))
}

fn sbom(version: &str) -> String {
    json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": version,
            "purl": format!("pkg:npm/moment@{version}") }] })
    .to_string()
}

fn post(server: &Server, who: &Someone, path: &str, body: &str) -> Value {
    let own = [("cookie", who.cookie.as_str()), JSON];
    let answer = server.ask("POST", path, &own, body.as_bytes());
    assert!(matches!(answer.status, 200 | 201), "{path}: {answer:?}");
    answer.json()
}

/// A step of the page.
fn step(page: &str, side: &str) -> String {
    let begin = format!("<p class=\"side\">{side}<");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{side}: {page}"));
    rest.split("</li>").next().unwrap().to_owned()
}

/// The part of a page below a title.
fn below<'p>(page: &'p str, title: &str) -> &'p str {
    let begin = format!("<h2>{title}</h2>");
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{title}: {page}"));
    rest.split("<h2>").next().unwrap()
}

#[test]
fn a_step_that_waits_says_on_whom_and_since_when() {
    let server = Server::with(clock, Access::default());
    server.first_admin();
    let org = server.org();
    let (system, team) = server.system(org, "shop");
    let everything: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
    let ada = server.someone(org, "ada", &everything);
    let bob = server.someone(org, "bob", &everything);
    server.someone(org, "sue", &[(Role::Security, ScopeOf::Team(team))]);
    let finding = server.upload(&ada, "web", "shop");
    let here = format!("/findings/{finding}");
    let page = server.open(&ada, &here).text;
    assert!(step(&page, "Product").contains("done"), "nothing is asked yet: {page}");
    assert!(below(&page, "Decisions").contains("Nothing was asked or decided"), "{page}");

    // Asked: product's step waits until it is answered.
    let wanted = json!({ "finding": finding, "reason": "not called", "role": "engineering",
        "kind": "not-affected", "justification": "vulnerable_code_not_in_execute_path" });
    let decision = post(&server, &ada, "/api/v1/decisions", &wanted.to_string())["id"].clone();
    let page = server.open(&ada, &here).text;
    let product = step(&page, "Product");
    assert!(product.contains("Waiting on <a href=\"/exceptions/"), "{product}");
    assert!(product.contains("an answer by") && product.contains("began"), "{product}");
    let decisions = below(&page, "Decisions");
    assert!(decisions.contains(">asked<") && decisions.contains("ada for engineering"), "{page}");
    assert!(page.contains("A decision was asked for."), "{page}");

    // Refused: it is told, and the step no longer waits.
    let answer = json!({ "state": "refused", "role": "security" }).to_string();
    post(&server, &bob, &format!("/api/v1/decisions/{decision}/answer"), &answer);
    let page = server.open(&ada, &here).text;
    let decisions = below(&page, "Decisions");
    assert!(decisions.contains("refused") && decisions.contains("bob for security"), "{page}");
    assert!(!step(&page, "Product").contains("Waiting"), "{page}");
    assert!(page.contains("A decision was refused."), "{page}");

    // It runs in production and is gone from the main line: operations wait since then.
    let shown = server.open(&ada, "/api/v1/assets").json();
    assert_eq!(shown["rows"][0]["name"], "web");
    let to = json!({ "asset": "web", "environment": "production" }).to_string();
    post(&server, &ada, "/api/v1/deployments", &to);
    assert!(step(&server.open(&ada, &here).text, "Operations").contains("not yet"));
    MINUTES.store(10, Ordering::SeqCst);
    post(&server, &ada, "/api/v1/snapshots?asset=web&system=shop&wait=60", &sbom("2.30.1"));
    let merged = server.open(&ada, &format!("/api/v1/findings/{finding}")).json();
    assert_eq!(merged["state"], "merged", "{merged}");
    let kinds: Vec<&str> =
        merged["history"].as_array().unwrap().iter().filter_map(|e| e["kind"].as_str()).collect();
    for kind in ["received", "detected", "decided", "deployed", "merged"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    let page = server.open(&ada, &here).text;
    let operations = step(&page, "Operations");
    let at = |member: &str| merged[member].as_str().unwrap().get(..16).unwrap().to_owned();
    assert!(
        operations.contains("Waiting on") && operations.contains(&at("merged")),
        "{operations}"
    );
    assert!(!operations.contains(&at("detected")), "{operations}");
    assert!(page.contains("The asset was deployed to production."), "{page}");

    // What could not be weighed waits for somebody with a name.
    let report = json!({ "matches": [{ "vulnerability": { "id": "CVE-2099-9", "severity": "High",
            "dataSource": "x", "fix": { "versions": [], "state": "unknown" } },
            "relatedVulnerabilities": [], "matchDetails": [],
            "artifact": { "id": "1", "name": "moment", "version": "2.30.1", "type": "npm",
                "locations": [{ "path": "/app/package.json" }], "language": "javascript",
                "purl": "pkg:npm/moment@2.30.1" } }],
        "source": { "type": "directory", "target": "/app" },
        "distro": { "name": "", "version": "", "idLike": null },
        "descriptor": { "name": "grype", "version": "0.74.0" } });
    post(&server, &ada, "/api/v1/reports?asset=web", &report.to_string());
    let rows = server.open(&ada, "/api/v1/findings?vulnerability=CVE-2099-9").json();
    let other = rows["rows"][0]["id"].as_i64().unwrap();
    let page = server.open(&ada, &format!("/findings/{other}")).text;
    let security = step(&page, "Security");
    assert!(security.contains("Waiting on") && security.contains("sue"), "{security}");

    // A decision of no system is listed where it touches a team.
    let exception = |vulnerability: &str| NewDecision {
        kind: DecisionKind::Exception,
        vulnerability: Some(vulnerability.to_owned()),
        package: None,
        asset: None,
        system: None,
        environment: None,
        reason: "the supplier mends it".into(),
        justification: None,
        control: None,
        author: ada.id,
        author_role: "product".into(),
        expires: Some(clock() + SignedDuration::from_hours(24)),
    };
    let app = server.app();
    let now = clock();
    server.runtime.block_on(async {
        for name in ["CVE-2099-9", "CVE-2099-0"] {
            let id = app.store.ask(org, &exception(name), "person:1", now).await.unwrap();
            let (by, state) = ((bob.id, "security"), DecisionState::Approved);
            assert!(app.store.answer(org, id, state, by, "person:2", now).await.unwrap());
        }
    });
    let page = server.open(&ada, &format!("/teams/{team}")).text;
    let accepted = below(&page, "What it accepted");
    assert!(accepted.contains("CVE-2099-9") && !accepted.contains("CVE-2099-0"), "{accepted}");
    let list = server.open(&ada, &format!("/exceptions?state=in-force&team={team}")).text;
    assert!(list.contains("CVE-2099-9") && !list.contains("CVE-2099-0"), "{list}");
    assert!(list.contains("team: shop"), "what narrows it can be taken away: {list}");

    // A system says how many of its assets are shown, and leads to the rest; the list what runs.
    server.runtime.block_on(async {
        for n in 0..129 {
            let name = format!("zz{n:03}");
            app.store.put_asset(org, &name, "image", Some(system), now).await.unwrap();
        }
    });
    let page = server.open(&ada, &format!("/systems/{system}")).text;
    assert!(page.contains("100 of 130 assets") && page.contains(">130<"), "{page}");
    let next = format!("/systems/{system}?after=zz098");
    assert!(page.contains(&next), "{page}");
    let rest = server.open(&ada, &next).text;
    assert!(rest.contains("zz128") && !rest.contains("zz098<"), "{rest}");
    assert!(rest.contains("30 of 130 assets"), "{rest}");
    let list = server.open(&ada, "/systems").text;
    assert!(list.contains("production (1 asset)"), "{list}");
}
