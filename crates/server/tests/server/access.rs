//! Signing in, and what nobody may without.

use crate::harness::{FORM, JSON, Server, bearer};

#[test]
fn the_first_link_signs_in_once_and_a_password_afterwards() {
    let server = Server::new();
    let cookie = server.first_admin();
    let page = server.ask("GET", "/", &[("cookie", &cookie)], b"");
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(
        page.text.contains("Ferries") && page.text.contains("No inventory has been sent yet"),
        "{}",
        page.text
    );
    let app = server.app();
    let link = server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    assert_eq!(link, None, "somebody has an account");

    let good = "email=ADA%40example.org&password=correct+horse+battery";
    assert_eq!(server.ask("POST", "/sign-in", &[FORM], good.as_bytes()).status, 303);
    let bad = "email=ada%40example.org&password=correct+horse+batterz";
    let answer = server.ask("POST", "/sign-in", &[FORM], bad.as_bytes());
    assert_eq!(answer.status, 200);
    assert!(answer.header("set-cookie").is_none());
    let unknown = "email=eve%40example.org&password=correct+horse+battery";
    let other = server.ask("POST", "/sign-in", &[FORM], unknown.as_bytes());
    let told = |text: &str| text.replace("ada@example.org", "X").replace("eve@example.org", "X");
    assert_eq!(told(&answer.text), told(&other.text), "nobody learns which accounts exist");
    let forged =
        server.ask("POST", "/sign-in", &[FORM, ("sec-fetch-site", "cross-site")], good.as_bytes());
    assert_eq!(forged.status, 403);
    for _ in 0..9 {
        server.ask("POST", "/sign-in", &[FORM], bad.as_bytes());
    }
    let locked = server.ask("POST", "/sign-in", &[FORM], good.as_bytes());
    assert_eq!(locked.status, 200, "locked for a while");
}

#[test]
fn nothing_is_shown_without_signing_in() {
    let server = Server::new();
    for path in ["/", "/findings", "/findings/1", "/systems", "/where?q=a"] {
        let answer = server.ask("GET", path, &[], b"");
        assert_eq!((answer.status, answer.header("location")), (303, Some("/sign-in")), "{path}");
    }
    for path in [
        "findings",
        "findings/1",
        "systems",
        "teams",
        "assets",
        "assets/1",
        "jobs/1",
        "where?q=a",
        "documents/x",
        "ledger",
        "tokens",
        "decisions",
    ] {
        let answer = server.ask("GET", &format!("/api/v1/{path}"), &[], b"");
        assert_eq!(answer.status, 401, "{path}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    }
    for path in ["/healthz", "/readyz", "/sign-in"] {
        let answer = server.ask("GET", path, &[], b"");
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(server.ask("GET", "/nothing", &[], b"").status, 404);
}

#[test]
fn a_token_does_what_it_is_for_and_no_more() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view"]));
    let with = [("authorization", token.as_str())];
    assert_eq!(server.ask("GET", "/api/v1/findings", &with, b"").status, 200);
    let upload = server.ask("POST", "/api/v1/snapshots?asset=a", &with, b"{}");
    assert_eq!(upload.status, 403, "{upload:?}");
    assert_eq!(server.ask("GET", "/api/v1/ledger", &with, b"").status, 403);
    let more = serde_json::json!({ "name": "x", "actions": ["view"], "days": 1 }).to_string();
    let made = server.ask("POST", "/api/v1/tokens", &[with[0], JSON], more.as_bytes());
    assert_eq!(made.status, 403, "a token makes no tokens");
    let tokens = server.ask("GET", "/api/v1/tokens", &[("cookie", &cookie)], b"").json();
    let id = tokens["rows"][0]["id"].as_i64().unwrap();
    assert!(!tokens.to_string().contains("trimtab_"), "shown once");
    let forged = server.ask(
        "DELETE",
        &format!("/api/v1/tokens/{id}"),
        &[("cookie", &cookie), ("sec-fetch-site", "cross-site")],
        b"",
    );
    assert_eq!(forged.status, 403);
    let revoked =
        server.ask("DELETE", &format!("/api/v1/tokens/{id}"), &[("cookie", &cookie)], b"");
    assert_eq!(revoked.status, 204);
    let answer = server.ask("GET", "/api/v1/findings", &with, b"");
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("was revoked, or has expired"), "{}", answer.text);
}
