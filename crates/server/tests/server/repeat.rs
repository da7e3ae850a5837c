//! Requests that come twice.

use serde_json::json;

use crate::harness::{JSON, Server, bearer};

#[test]
fn a_request_with_a_key_is_done_once() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload", "deploy", "audit"]));
    let with = ("authorization", token.as_str());
    let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:npm/left@1.0.0" }] });
    server.ask("POST", "/api/v1/snapshots?asset=a&wait=30", &[with], text.to_string().as_bytes());
    let deploy = |key: &str, environment: &str| {
        let said = json!({ "asset": "a", "environment": environment });
        let headers = [with, JSON, ("idempotency-key", key)];
        server.ask("POST", "/api/v1/deployments", &headers, said.to_string().as_bytes())
    };
    let first = deploy("k1", "production");
    assert_eq!(first.status, 201, "{first:?}");
    let again = deploy("k1", "production");
    assert_eq!((again.status, again.json()), (201, first.json()));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(deploy("k1", "mars").status, 422, "another request had the key");
    let other = deploy("k2", "production");
    assert_ne!(other.json()["deployment"], first.json()["deployment"]);
    assert_eq!(deploy("k3", "mars").status, 422);
    assert_eq!(deploy("k3", "mars").header("idempotency-replayed"), Some("true"));
    assert_eq!(deploy(&"k".repeat(201), "production").status, 422);
    let ledger = server.ask("GET", "/api/v1/ledger?limit=500", &[with], b"").text;
    assert_eq!(ledger.matches("\"deployed\"").count(), 2, "{ledger}");
}

#[test]
fn who_has_the_answer_is_told_so() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "upload"]));
    let with = ("authorization", token.as_str());
    let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "left", "version": "1.0.0", "purl": "pkg:npm/left@1.0.0" }] });
    let push = |revision: &str| {
        let path = format!("/api/v1/snapshots?asset=a&wait=30&revision={revision}");
        server.ask("POST", &path, &[with], text.to_string().as_bytes())
    };
    let asset = push("1").json()["asset"].clone();
    let path = format!("/api/v1/assets/{asset}");
    let first = server.ask("GET", &path, &[with], b"");
    let tag = first.header("etag").unwrap().to_owned();
    let same = server.ask("GET", &path, &[with, ("if-none-match", &tag)], b"");
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    push("2");
    let changed = server.ask("GET", &path, &[with, ("if-none-match", &tag)], b"");
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}
