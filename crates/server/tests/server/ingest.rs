//! From an upload to a finding that is gone from production.

use crate::harness::{JSON, Server, bearer};

fn lock(version: &str) -> String {
    serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [
            { "type": "library", "name": "moment", "version": version, "purl": format!("pkg:npm/moment@{version}") },
            { "type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:npm/left@1.0.0" }
        ]
    })
    .to_string()
}

#[test]
fn a_document_becomes_findings_and_a_deployment_ends_them() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload", "deploy"]));
    let with = [("authorization", token.as_str())];
    let push = |text: &str, revision: &str| {
        let path = format!("/api/v1/snapshots?asset=shop&revision={revision}&wait=30");
        server.ask("POST", &path, &with, text.as_bytes())
    };
    let first = push(&lock("2.24.0"), "a1");
    assert_eq!(first.status, 201, "{first:?}");
    let first = first.json();
    assert!(first["live"].as_i64().unwrap() > 0, "{first}");
    let again = push(&lock("2.24.0"), "a1");
    assert_eq!((again.status, again.json()["state"].as_str()), (200, Some("known")), "{again:?}");
    assert_eq!(again.json()["snapshot"], first["snapshot"]);
    let other = push(&lock("2.24.0"), "a2");
    assert_eq!((other.status, other.json()["state"].as_str()), (201, Some("settled")));
    let digest = first["document"].as_str().unwrap();
    let original = server.ask("GET", &format!("/api/v1/documents/{digest}"), &with, b"");
    assert_eq!(original.text, lock("2.24.0"), "the original bytes are kept");

    let list = server.ask("GET", "/api/v1/findings?package=pkg:npm/moment", &with, b"").json();
    let rows = list["rows"].as_array().unwrap();
    assert_eq!(rows.len() as i64, first["live"].as_i64().unwrap());
    let finding = &rows[0];
    assert_eq!(finding["production"], serde_json::Value::Null, "nobody said what runs");
    assert!(finding["level"].is_string() && finding["weight"].is_number(), "{finding}");
    let id = finding["id"].as_i64().unwrap();
    for side in ["product", "engineering", "security", "operations"] {
        let page =
            server.ask("GET", &format!("/findings/{id}?side={side}"), &[("cookie", &cookie)], b"");
        assert_eq!(page.status, 200, "{}", page.text);
        assert!(page.text.contains("moment") && page.text.contains("Why this level"), "{side}");
    }
    for path in [
        "/",
        "/findings",
        "/findings?by=action",
        "/findings?by=vulnerability",
        "/findings?by=package&level=high",
        "/systems",
        "/where?q=mom",
    ] {
        let page = server.ask("GET", path, &[("cookie", &cookie)], b"");
        assert_eq!(page.status, 200, "{path}: {}", page.text);
    }

    let deploy = |revision: &str, outcome: &str| {
        let said = serde_json::json!({ "asset": "shop", "environment": "production",
            "revision": revision, "outcome": outcome });
        server.ask("POST", "/api/v1/deployments", &[with[0], JSON], said.to_string().as_bytes())
    };
    assert_eq!(deploy("a2", "ok").status, 201);
    let fixed = push(&lock("2.29.4"), "b1").json();
    assert_eq!(fixed["live"], first["live"], "what runs still has them: {fixed}");
    assert_eq!(first["merged"], serde_json::json!(0), "{first}");
    assert_eq!(fixed["merged"], first["live"], "and it says that they wait: {fixed}");
    let shown = server.ask("GET", &format!("/api/v1/findings/{id}"), &with, b"").json();
    assert_eq!(
        (shown["state"].as_str(), shown["production"].as_bool()),
        (Some("merged"), Some(true))
    );
    assert_eq!(deploy("b1", "failed").json()["fixed"], 0);
    assert_eq!(deploy("b1", "ok").json()["fixed"], first["live"]);
    assert_eq!(deploy("a2", "rolled-back").json()["regressed"], first["live"]);
    assert_eq!(deploy("b1", "sideways").status, 422);
    let ledger = {
        let app = server.app();
        let org = server.runtime.block_on(app.store.organisations()).unwrap()[0].org;
        server.runtime.block_on(app.store.verify_ledger(org)).unwrap()
    };
    assert_eq!(ledger.1, None);
    assert!(ledger.0 > 10);
}

#[test]
fn what_is_no_document_is_refused_with_a_reason() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["upload"]));
    let with = [("authorization", token.as_str())];
    let push = |path: &str, body: &[u8]| {
        server.ask("POST", &format!("/api/v1/snapshots?{path}"), &with, body)
    };
    assert_eq!(push("asset=a&wait=30", b"").status, 422);
    let nonsense = push("asset=a&wait=30", b"{\"hello\": 1}");
    assert_eq!(nonsense.status, 422, "{nonsense:?}");
    assert!(nonsense.json()["detail"].as_str().unwrap().contains("cannot be read"), "{nonsense:?}");
    assert_eq!(push("asset=&wait=1", b"{}").status, 422);
    assert_eq!(push("asset=a%0Ab", b"{}").status, 422);
    assert_eq!(push("asset=a&kind=spaceship", b"{}").status, 422);
    let unknown = push("asset=a&system=none", b"{}");
    assert_eq!(unknown.status, 422);
    let detail = unknown.json()["detail"].clone();
    assert!(detail.as_str().is_some_and(|is| is.contains("Describe it first")), "{detail}");
    assert_eq!(push("", b"{}").status, 400);
    let large = vec![b' '; (8 << 20) + 1];
    assert!(matches!(push("asset=a", &large).status, 413 | 0));
}

/// The worker of an older document died: what came after it and is there already is not taken again for that.
#[test]
fn what_is_there_is_known_though_something_older_waits() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload"]));
    let push = |revision: &str| {
        let path = format!("/api/v1/snapshots?asset=shop&revision={revision}&wait=30");
        let sent =
            server.ask("POST", &path, &[("authorization", &token)], lock("2.24.0").as_bytes());
        (sent.status, sent.json())
    };
    let (status, first) = push("a1");
    assert_eq!(status, 201, "{first}");
    let (asset, app, org) = (first["asset"].as_i64().unwrap(), server.app(), server.org());
    let waits = |revision: &str, created: jiff::Timestamp| {
        let job = trimtab_store::NewJob {
            org,
            kind: "read-document".to_owned(),
            name: format!("[{asset},null,\"{revision}\"]"),
            payload: serde_json::json!({}),
            priority: trimtab_store::Priority::Upload,
            run_at: app.now() + jiff::SignedDuration::from_hours(9),
        };
        server.runtime.block_on(app.store.add_job(&job, created)).unwrap();
    };
    waits("a0", app.now() - jiff::SignedDuration::from_hours(1));
    let (status, again) = push("a1");
    assert_eq!((status, &again["snapshot"]), (200, &first["snapshot"]), "{again}");
    // What came later will take its place: then the same again comes after that.
    waits("a2", app.now());
    let (status, after) = push("a1");
    assert_eq!(status, 201, "{after}");
    assert_ne!(after["snapshot"], first["snapshot"]);
}
