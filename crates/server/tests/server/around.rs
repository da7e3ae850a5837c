//! What stands around every answer: problems, numbers, tags, limits, counters, events.

use jiff::Timestamp;
use serde_json::json;
use trimtab_server::Access;

use crate::harness::{FORM, JSON, Server, bearer};

const PROBLEM: Option<&str> = Some("application/problem+json");

#[test]
fn what_a_library_refuses_is_a_problem_too() {
    let server = Server::new();
    let cookie = server.first_admin();
    let own = [("cookie", cookie.as_str()), JSON];
    for (method, path, body, status) in [
        ("DELETE", "/api/v1/findings", "", 405),
        ("GET", "/api/v1/findings?limit=many", "", 400),
        ("GET", "/api/v1/findings/one", "", 400),
        ("GET", "/api/v1/nothing", "", 404),
        ("POST", "/api/v1/decisions", "{", 400),
        ("POST", "/api/v1/decisions", "{}", 422),
        ("POST", "/api/v1/decisions", r#"{ "finding": 1, "resaon": "x" }"#, 422),
    ] {
        let answer = server.ask(method, path, &own, body.as_bytes());
        assert_eq!((answer.status, answer.header("content-type")), (status, PROBLEM), "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty() && problem["type"].is_string());
    }
    let answer = server.ask("DELETE", "/api/v1/findings", &own, b"");
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
    let plain = server.ask("POST", "/api/v1/decisions", &own[..1], b"{}");
    assert_eq!((plain.status, plain.header("content-type")), (415, PROBLEM));
    let page = server.ask("GET", "/findings/one", &own, b"");
    assert_eq!(page.status, 400);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    let given = server.ask("GET", "/healthz", &[("x-request-id", "from-proxy.1")], b"");
    assert_eq!(given.header("x-request-id"), Some("from-proxy.1"));
    let fresh = server.ask("GET", "/healthz", &[("x-request-id", "a b")], b"");
    assert_eq!(fresh.header("x-request-id").map(str::len), Some(24));
}

#[test]
fn what_has_not_changed_is_not_sent_again_nor_what_has_overwritten() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "describe", "administer", "pace"]));
    let with = ("authorization", token.as_str());
    let put = |path: &str, body: serde_json::Value, more: (&str, &str)| {
        server.ask("PUT", path, &[with, JSON, more], body.to_string().as_bytes())
    };
    for (path, member, one, two) in [
        ("/api/v1/teams", "capacity", json!(5.0), json!(6.0)),
        ("/api/v1/systems", "product_owner", json!("Mei"), json!("Tom")),
    ] {
        let list = |tag: &str| server.ask("GET", path, &[with, ("if-none-match", tag)], b"");
        let empty = list("\"x\"");
        let tag = empty.header("etag").unwrap().to_owned();
        let same = list(&format!("\"a\", W/{tag}"));
        assert_eq!((same.status, same.text.as_str()), (304, ""));
        assert_eq!(same.header("etag"), Some(tag.as_str()));
        let body = |value: &serde_json::Value| json!({ "name": "shop", member: value });
        assert_eq!(put(path, body(&one), ("if-match", "*")).status, 412, "there is none");
        assert_eq!(put(path, body(&one), ("if-none-match", "*")).status, 200);
        assert_eq!(put(path, body(&two), ("if-none-match", "*")).status, 412, "there is one");
        let now = list(&tag);
        assert_eq!(now.status, 200, "it has changed");
        let version = now.json()["rows"][0]["version"].as_str().unwrap().to_owned();
        let mine = format!("\"{version}\"");
        assert_eq!(put(path, body(&two), ("if-match", &mine)).status, 200);
        let stale = put(path, body(&one), ("if-match", &mine));
        assert_eq!((stale.status, stale.header("content-type")), (412, PROBLEM));
        assert_eq!(list("").json()["rows"][0][member], two);
        assert_eq!(put(path, body(&one), ("accept", "*/*")).status, 200, "who does not ask may");
    }
}

/// Many who change the same from the same version at once, of whom one may.
pub(crate) fn one_of_many_may(servers: &[&Server], token: &str) {
    let with = ("authorization", token);
    for (path, member) in [("/api/v1/teams", "capacity"), ("/api/v1/systems", "product_owner")] {
        let put = |server: &Server, value: &serde_json::Value, more: (&str, &str)| {
            let body = json!({ "name": "harbour", member: value }).to_string();
            server.ask("PUT", path, &[with, JSON, more], body.as_bytes()).status
        };
        let at_once = |by: usize, more: (&str, &str)| -> Vec<u16> {
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..8)
                    .map(|n| {
                        let server = servers[n % servers.len()];
                        let value = match member {
                            "capacity" => json!(10 * by + n),
                            _ => json!(format!("{by}-{n}")),
                        };
                        scope.spawn(move || put(server, &value, more))
                    })
                    .collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            })
        };
        let one = |all: Vec<u16>| {
            assert_eq!(all.iter().filter(|status| **status == 200).count(), 1, "{path}: {all:?}");
            assert_eq!(all.iter().filter(|status| **status == 412).count(), 7, "{path}: {all:?}");
        };
        one(at_once(1, ("if-none-match", "*")));
        let list = servers[0].ask("GET", path, &[with], b"").json();
        let rows = list["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["name"] == "harbour").unwrap();
        let mine = format!("\"{}\"", row["version"].as_str().unwrap());
        one(at_once(2, ("if-match", &mine)));
    }
}

#[test]
fn of_many_who_change_the_same_at_once_one_may() {
    let server = Server::new();
    let cookie = server.first_admin();
    let token = bearer(&server.token(&cookie, &["view", "describe", "administer", "pace"]));
    one_of_many_may(&[&server], &token);
}

/// A clock that stands: time passes for nobody.
fn still() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

#[test]
fn who_asks_too_often_is_told_when_to_ask_again() {
    let server = Server::with(still, Access { token_rate: 2, ..Access::default() });
    let link = "/welcome/no-such-link";
    let form = b"email=ada%40example.org&password=short";
    let asked: Vec<u16> = (0..50).map(|_| server.ask("POST", link, &[FORM], form).status).collect();
    assert!(asked.iter().all(|status| *status == 200), "{asked:?}");
    let refused = server.ask("POST", "/sign-in", &[FORM], form);
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")));
    assert!(refused.text.contains("Too many attempts"), "{}", refused.text);
    let elsewhere = [FORM, ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(server.ask("POST", link, &elsewhere, form).status, 200, "others still may");

    let app = server.app();
    server.runtime.block_on(async {
        let org = app.store.add_organisation("Ferries", still()).await.unwrap();
        let role = trimtab_model::Role::Security;
        let scope = trimtab_store::ScopeOf::Organisation;
        let new = trimtab_store::NewPerson {
            email: "a@example.org".into(),
            name: "A".into(),
            subject: None,
        };
        let grants = [trimtab_store::Grant { role, scope }];
        let person = app.store.add_person(org, &new, &grants, "trimtab", still()).await.unwrap();
        let token = trimtab_store::NewToken {
            name: "t".into(),
            person,
            actions: vec!["view".into()],
            scope,
            expires: still() + jiff::SignedDuration::from_hours(1),
        };
        let digest = crate::harness::digest("secret");
        app.store.add_token(org, &token, &digest, "trimtab", still()).await.unwrap();
    });
    let list = || server.ask("GET", "/api/v1/teams", &[("authorization", "Bearer secret")], b"");
    assert!((0..20).all(|_| list().status == 200));
    let refused = list();
    assert_eq!((refused.status, refused.header("content-type")), (429, PROBLEM));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.json()["type"], "too-often");
}

#[test]
fn attempts_to_sign_in_count_over_all_servers() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store.sqlite").to_str().unwrap().to_owned();
    let servers = [Server::beside(store.clone(), still), Server::beside(store, still)];
    let (link, form) = ("/welcome/no-such-link", b"email=ada%40example.org&password=short");
    let ask = |n: usize| servers[n % 2].ask("POST", link, &[FORM], form);
    let asked: Vec<u16> = (0..50).map(|n| ask(n).status).collect();
    assert!(asked.iter().all(|status| *status == 200), "{asked:?}");
    for (n, server) in servers.iter().enumerate() {
        let refused = ask(n);
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("2")), "{n}");
        let elsewhere = [FORM, ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(server.ask("POST", link, &elsewhere, form).status, 200, "others still may");
    }
}

#[test]
fn a_process_is_counted_and_a_job_is_heard() {
    let server = Server::new();
    let cookie = server.first_admin();
    server.all_roles();
    let org = server.org();
    let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "components": [{ "type": "library", "name": "moment", "version": "2.24.0",
            "purl": "pkg:npm/moment@2.24.0" }] });
    let own = [("cookie", cookie.as_str())];
    let push =
        server.ask("POST", "/api/v1/snapshots?asset=a", &own, document.to_string().as_bytes());
    assert_eq!(push.status, 202, "{push:?}");
    let job = push.json()["job"].as_i64().unwrap();
    let heard = server.ask("GET", &format!("/api/v1/jobs/{job}/events"), &own, b"");
    assert_eq!(heard.header("content-type"), Some("text/event-stream"));
    assert!(heard.text.contains("event: done\ndata: {"), "{}", heard.text);
    let last = heard.text.lines().filter_map(|l| l.strip_prefix("data: ")).next_back().unwrap();
    let last: serde_json::Value = serde_json::from_str(last).unwrap();
    assert_eq!((last["id"].as_i64(), last["state"].as_str()), (Some(job), Some("done")));
    server.settle(org);

    let counted = server.ask("GET", "/internal/metrics", &[], b"");
    assert_eq!(counted.status, 200, "{counted:?}");
    for line in [
        "trimtab_request_seconds_count{method=\"POST\",route=\"/api/v1/snapshots\",status=\"202\"} 1",
        "trimtab_jobs{state=\"dead\"} 0",
        "trimtab_sign_in_failures_total 0",
        "# EOF",
    ] {
        assert!(counted.text.contains(line), "{line}: {}", counted.text);
    }
    assert!(counted.text.contains("route=\"/welcome/{secret}\""), "a pattern, no address");
    let proxied = [("x-forwarded-for", "192.0.2.1")];
    assert_eq!(server.ask("GET", "/internal/metrics", &proxied, b"").status, 401);
    let admin = [proxied[0], own[0]];
    assert_eq!(server.ask("GET", "/internal/metrics", &admin, b"").status, 200);
}

#[test]
fn a_member_that_is_not_known_is_refused_by_its_name() {
    let server = Server::new();
    let cookie = server.first_admin();
    let own = [("cookie", cookie.as_str()), JSON];
    for (method, path) in [
        ("PUT", "/api/v1/teams"),
        ("PUT", "/api/v1/systems"),
        ("POST", "/api/v1/tokens"),
        ("POST", "/api/v1/charters"),
        ("POST", "/api/v1/charters/1/agree"),
        ("POST", "/api/v1/decisions"),
        ("POST", "/api/v1/decisions/several"),
        ("POST", "/api/v1/decisions/answers"),
        ("POST", "/api/v1/decisions/1/answer"),
        ("POST", "/api/v1/deployments"),
        ("POST", "/api/v1/people"),
        ("POST", "/api/v1/people/1/roles"),
        ("POST", "/api/v1/teams/1/plan"),
        ("POST", "/api/v1/updates/1"),
        ("POST", "/api/v1/ledger/verification"),
    ] {
        let answer = server.ask(method, path, &own, br#"{ "nmae": 1 }"#);
        assert_eq!(answer.status, 422, "{path}: {answer:?}");
        assert!(answer.text.contains("unknown field `nmae`"), "{path}: {answer:?}");
    }
}
