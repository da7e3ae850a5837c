//! Events that are signed, from senders that cannot send a token.

use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::Sha256;
use trimtab_model::Role;
use trimtab_server::Access;
use trimtab_server::access::Key;
use trimtab_store::ScopeOf;

use crate::harness::{Answer, JSON, Server, Someone, bearer};

/// How far the clock of these tests was moved on, in seconds.
static LATER: AtomicI64 = AtomicI64::new(0);

fn clock() -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(LATER.load(Ordering::SeqCst))
}

struct World {
    server: Server,
    ada: Someone,
    token: i64,
    bearer: String,
    secret: String,
    hook: String,
    _folder: tempfile::TempDir,
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        let key = Some(Key::of_file(&folder.path().join("key")).unwrap());
        let server = Server::with(clock, Access { key, ..Access::default() });
        let app = server.app();
        server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
        let org = server.org();
        let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
        let ada = server.someone(org, "Ada", &roles);
        server.system(org, "shop");
        server.upload(&ada, "ferries/shop", "shop");
        let own = [("cookie", ada.cookie.as_str()), JSON];
        let wanted = json!({ "name": "hook", "actions": ["deploy"], "days": 1 }).to_string();
        let made = server.ask("POST", "/api/v1/tokens", &own, wanted.as_bytes()).json();
        let token = made["id"].as_i64().unwrap();
        let bearer = bearer(made["token"].as_str().unwrap());
        let mut world = World {
            server,
            ada,
            token,
            bearer,
            secret: String::new(),
            hook: String::new(),
            _folder: folder,
        };
        world.sign();
        world
    }

    /// Makes a secret to sign with.
    fn sign(&mut self) {
        let path = format!("/api/v1/tokens/{}/signing", self.token);
        let own = [("cookie", self.ada.cookie.as_str())];
        let made = self.server.ask("POST", &path, &own, b"");
        assert_eq!(made.status, 201, "{made:?}");
        let made = made.json();
        self.secret = made["secret"].as_str().unwrap().to_owned();
        self.hook = made["hook"].as_str().unwrap().to_owned();
        assert!(made["address"].as_str().unwrap().ends_with(&self.hook));
    }

    fn address(&self) -> String {
        format!("/api/v1/deployments/events?hook={}", self.hook)
    }

    fn send(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [headers, &[JSON]].concat();
        self.server.ask("POST", &self.address(), &headers, body.as_bytes())
    }

    /// By the Standard Webhooks specification.
    fn standard(&self, id: &str, at: Timestamp, body: &str) -> Answer {
        let at = at.as_second().to_string();
        let key = BASE64_STANDARD.decode(self.secret.trim_start_matches("whsec_")).unwrap();
        let signature = BASE64_STANDARD.encode(hmac(&key, &format!("{id}.{at}.{body}")));
        let signature = format!("v1,{signature}");
        self.send(
            &[("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)],
            body,
        )
    }

    /// In GitHub's way.
    fn github(&self, body: &str) -> Answer {
        let signature = format!("sha256={}", hex(&hmac(self.secret.as_bytes(), body)));
        self.send(&[("x-hub-signature-256", &signature), ("x-github-delivery", "1")], body)
    }

    fn deployments(&self) -> usize {
        let ledger = self.server.open(&self.ada, "/api/v1/ledger?limit=500").json();
        let rows = ledger["rows"].as_array().unwrap().clone();
        rows.iter().filter(|row| row["kind"] == "deployed").count()
    }
}

fn event(at: Timestamp, state: &str) -> String {
    json!({ "deployment_status": { "state": state, "environment": "production",
            "updated_at": at.to_string() },
        "deployment": {}, "repository": { "full_name": "ferries/shop" } })
    .to_string()
}

#[test]
fn what_is_signed_and_of_now_is_taken_once() {
    let mut world = World::new();
    let before = world.deployments();
    let body = event(clock(), "success");
    let first = world.standard("m1", clock(), &body);
    assert_eq!(first.status, 201, "{first:?}");
    assert!(world.deployments() > before);
    let after = world.deployments();
    // The same message again: the same answer, and nothing is done.
    let again = world.standard("m1", clock(), &body);
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(again.json(), first.json());
    assert_eq!(world.deployments(), after);
    // The same number on something else is not taken; nor is what is too old or of a time to come.
    assert_eq!(world.standard("m1", clock(), &event(clock(), "failure")).status, 422);
    let minutes = SignedDuration::from_mins;
    for at in [clock() - minutes(6), clock() + minutes(6)] {
        let old = world.standard("m2", at, &body);
        assert_eq!(old.status, 401, "{old:?}");
        assert!(old.text.contains("of another time"), "{old:?}");
    }
    // What could not be done is free to come again.
    let unknown = body.replace("ferries/shop", "ferries/none");
    assert_eq!(world.standard("m3", clock(), &unknown).status, 422);
    assert_eq!(world.standard("m3", clock(), &body).status, 201);
    // GitHub signs the body alone: the same body is the same message, whatever number it brings.
    let body = event(clock(), "success").replace("\"deployment\":{}", "\"deployment\":{\"id\":7}");
    assert_eq!(world.github(&body).status, 201);
    let after = world.deployments();
    let again = world.github(&body);
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(world.deployments(), after);
    let old = event(clock() - SignedDuration::from_hours(25), "success");
    assert_eq!(world.github(&old).status, 401);
    assert_eq!(world.github("{}").status, 401, "it does not say of when it is");
    // A signature that does not hold, none, or somebody else's.
    let secret = std::mem::replace(&mut world.secret, format!("whsec_{}", "A".repeat(43) + "="));
    for wrong in [world.standard("m4", clock(), &body), world.github(&body), world.send(&[], &body)]
    {
        assert_eq!(wrong.status, 401, "{wrong:?}");
        assert!(wrong.text.contains("unsigned"), "{wrong:?}");
    }
    // A new secret: the old one no longer holds, the token itself does.
    world.secret = secret.clone();
    let hook = world.hook.clone();
    world.sign();
    assert_ne!((&world.secret, &world.hook), (&secret, &hook));
    let fresh = std::mem::replace(&mut world.secret, secret);
    assert_eq!(world.standard("m5", clock(), &body).status, 401);
    world.secret = fresh;
    assert_eq!(world.standard("m5", clock(), &body).status, 201);
    // A large body is not read.
    // A server that has answered need not listen to the rest: then only the end is seen.
    let large = world.standard("m6", clock(), &"x".repeat(2 << 20)).status;
    assert!(matches!(large, 413 | 0), "{large}");
    let kind = world.server.ask("POST", &world.address(), &[("content-type", "text/plain")], b"{}");
    assert_eq!(kind.status, 401, "who does not sign is told nothing else");
    let token = [("authorization", world.bearer.as_str()), JSON];
    let events = "/api/v1/deployments/events";
    assert_eq!(world.server.ask("POST", events, &token, body.as_bytes()).status, 201);
    let path = format!("/api/v1/tokens/{}/signing", world.token);
    let keyed = [("cookie", world.ada.cookie.as_str()), ("idempotency-key", "k")];
    assert_eq!(world.server.ask("POST", &path, &keyed, b"").status, 422, "its answer is a secret");
    assert_eq!(
        world.server.ask("POST", &path, &token, b"").status,
        403,
        "a token makes no secrets"
    );
    // The secret lies nowhere as it is.
    let shown = world.server.open(&world.ada, "/api/v1/tokens").text;
    assert!(shown.contains(&world.hook) && !shown.contains(&world.secret[6..]));
    // Taken back.
    let own = [("cookie", world.ada.cookie.as_str())];
    assert_eq!(world.server.ask("DELETE", &path, &own, b"").status, 204);
    assert_eq!(world.standard("m7", clock(), &body).status, 401);
}

#[test]
fn a_secret_may_what_its_token_may_and_ends_with_it() {
    let world = World::new();
    let app = world.server.app();
    let body = event(clock(), "success");
    // Another organisation has an asset of the same name: its secret reaches only that.
    let rivals = world.server.runtime.block_on(app.store.add_organisation("R", Timestamp::now()));
    let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
    let eve = world.server.someone(rivals.unwrap(), "Eve", &roles);
    let path = format!("/api/v1/tokens/{}/signing", world.token);
    for method in ["POST", "DELETE"] {
        let own = [("cookie", eve.cookie.as_str())];
        assert_eq!(world.server.ask(method, &path, &own, b"").status, 404);
    }
    let own = [("cookie", eve.cookie.as_str()), JSON];
    let wanted = |value: Value| value.to_string();
    let make = |body: Value| {
        let made = world.server.ask("POST", "/api/v1/tokens", &own, wanted(body).as_bytes());
        made.json()["id"].as_i64().unwrap()
    };
    let theirs = make(json!({ "name": "t", "actions": ["deploy"], "days": 1 }));
    let path = format!("/api/v1/tokens/{theirs}/signing");
    let made = world.server.ask("POST", &path, &own, b"").json();
    let their = |body: &str, hook: &str, secret: &str| {
        let signature = format!("sha256={}", hex(&hmac(secret.as_bytes(), body)));
        let headers = [("x-hub-signature-256", signature.as_str()), JSON];
        let path = format!("/api/v1/deployments/events?hook={hook}");
        world.server.ask("POST", &path, &headers, body.as_bytes())
    };
    let (hook, secret) = (made["hook"].as_str().unwrap(), made["secret"].as_str().unwrap());
    assert_eq!(their(&body, &world.hook, secret).status, 401);
    assert_eq!(their(&body, hook, &world.secret).status, 401);
    let before = world.deployments();
    let answer = their(&body, hook, secret);
    assert_eq!(answer.status, 422, "they have no such asset: {answer:?}");
    assert_eq!(world.deployments(), before);
    // What is not for deploying does not deploy.
    let view = make(json!({ "name": "v", "actions": ["view"], "days": 1 }));
    let made =
        world.server.ask("POST", &format!("/api/v1/tokens/{view}/signing"), &own, b"").json();
    let (hook, secret) = (made["hook"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1" }] });
    let path = "/api/v1/snapshots?asset=ferries/shop&wait=30";
    let pushed = world.server.ask("POST", path, &own, document.to_string().as_bytes());
    assert_eq!(pushed.status, 201, "{pushed:?}");
    assert_eq!(their(&body, hook, secret).status, 403);
    // With the token the secret ends: revoked, or past its days.
    assert_eq!(world.github(&body).status, 201);
    let own = [("cookie", world.ada.cookie.as_str())];
    let token = format!("/api/v1/tokens/{}", world.token);
    assert_eq!(world.server.ask("DELETE", &token, &own, b"").status, 204);
    assert_eq!(world.github(&body).status, 401);
    let late = world.server.ask("POST", &format!("{token}/signing"), &own, b"");
    assert_eq!(late.status, 409, "{late:?}");
}

#[test]
fn without_a_key_there_are_no_secrets() {
    let server = Server::new();
    let cookie = server.first_admin();
    server.token(&cookie, &["deploy"]);
    let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let refused = server.ask("POST", "/api/v1/tokens/1/signing", &own, b"");
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.text.contains("--key-file"));
}
