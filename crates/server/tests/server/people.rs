//! People, roles and questions about several findings, by the API: the same rules as on the pages.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf;

use crate::harness::{Answer, JSON, Server, Someone};

fn begun() -> (Server, Someone) {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let roles: Vec<_> = Role::ALL.iter().map(|r| (*r, ScopeOf::Organisation)).collect();
    let ada = server.someone(server.org(), "Ada", &roles);
    (server, ada)
}

fn ask(server: &Server, who: &Someone, method: &str, path: &str, body: &Value) -> Answer {
    let headers = [("cookie", who.cookie.as_str()), JSON];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    server.ask(method, path, &headers, body.as_bytes())
}

/// What the ledger says was changed about people, the newest last.
fn changes(server: &Server, who: &Someone) -> Vec<String> {
    let ledger = server.open(who, "/api/v1/ledger?limit=500").json();
    let rows = ledger["rows"].as_array().unwrap().clone();
    let what = |row: &Value| {
        // The bytes that are sealed: a text.
        let data: Value = serde_json::from_str(row["data"].as_str()?).ok()?;
        Some(data["what"].as_str()?.to_owned())
    };
    rows.iter().filter_map(what).collect()
}

#[test]
fn people_come_get_roles_and_go() {
    let (server, ada) = begun();
    let (system, team) = server.system(server.org(), "shop");
    let none = Value::Null;
    let ask = |method: &str, path: &str, body: &Value| ask(&server, &ada, method, path, body);
    let bob = json!({ "name": "Bob", "email": "Bob@Example.org",
        "roles": [{ "role": "engineering", "team": team }] });
    let added = ask("POST", "/api/v1/people", &bob);
    assert_eq!(added.status, 201, "{added:?}");
    let (id, link) = (added.json()["id"].as_i64().unwrap(), added.json()["link"].clone());
    let here = format!("/api/v1/people/{id}");
    let shown = ask("GET", &here, &none).json();
    assert_eq!(shown["email"], "bob@example.org");
    assert_eq!(shown["state"], "has not signed in yet");
    assert_eq!(shown["roles"], json!([{ "role": "engineering", "team": team, "system": null }]));
    // The link signs in once; then sessions end, and the account.
    let path = link.as_str().unwrap().trim_start_matches("http://127.0.0.1").to_owned();
    let form = "email=bob%40example.org&password=correct+horse+battery";
    let signed = server.ask("POST", &path, &[crate::harness::FORM], form.as_bytes());
    assert_eq!(signed.status, 303, "{signed:?}");
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let open = || server.ask("GET", "/account", &[("cookie", &cookie)], b"").status;
    assert_eq!(open(), 200);
    let fresh = ask("POST", &format!("{here}/link"), &none);
    assert_eq!(fresh.status, 201);
    assert_eq!(ask("DELETE", &format!("{here}/sessions"), &none).status, 204);
    assert_ne!(open(), 200);
    let path = fresh.json()["link"].as_str().unwrap().to_owned();
    let path = path.trim_start_matches("http://127.0.0.1");
    let unused = server.ask("POST", path, &[crate::harness::FORM], form.as_bytes());
    assert_eq!(unused.status, 404, "links that were not used went with the sessions");
    // Roles.
    let roles = format!("{here}/roles");
    let given = ask("POST", &roles, &json!({ "role": "product", "system": system }));
    assert_eq!(given.json()["rows"].as_array().unwrap().len(), 2, "{given:?}");
    let before = changes(&server, &ada).len();
    assert_eq!(ask("POST", &roles, &json!({ "role": "product", "system": system })).status, 200);
    assert_eq!(changes(&server, &ada).len(), before, "it was so already");
    let taken = ask("DELETE", &format!("{roles}?role=engineering&team={team}"), &none);
    assert_eq!(
        taken.json()["rows"],
        json!([{ "role": "product", "team": null, "system": system }])
    );
    for wrong in [
        json!({ "role": "king" }),
        json!({ "role": "product", "system": 4711 }),
        json!({ "role": "product", "team": 4711 }),
        json!({ "role": "product", "team": team, "system": system }),
    ] {
        assert_eq!(ask("POST", &roles, &wrong).status, 422, "{wrong}");
    }
    for wrong in [
        json!({ "name": "Bob", "email": "bob@example.org" }),
        json!({ "name": "", "email": "b@example.org" }),
        json!({ "name": "B", "email": "example.org" }),
        json!({ "name": "B", "email": "b@example.org", "roles": [{ "role": "king" }] }),
        json!({ "name": "B", "email": "b@example.org", "role": "security" }),
    ] {
        assert_eq!(ask("POST", "/api/v1/people", &wrong).status, 422, "{wrong}");
    }
    let keyed = [("cookie", ada.cookie.as_str()), JSON, ("idempotency-key", "k")];
    for path in ["/api/v1/people".to_owned(), format!("{here}/link")] {
        let refused = server.ask("POST", &path, &keyed, bob.to_string().as_bytes());
        assert_eq!(refused.status, 422, "its answer is a secret: {refused:?}");
    }
    // Closed and opened again.
    let app = server.app();
    let named = [("deployment", id)];
    let now = jiff::Timestamp::now();
    let kept = app.store.set_system_people(server.org(), system, &named, "trimtab", now);
    server.runtime.block_on(kept).unwrap();
    let wishes = json!({ "circles": [[id], [], []] });
    let kept = app.store.put_wishes(server.org(), team, (&wishes, None), "trimtab", now);
    server.runtime.block_on(kept).unwrap();
    let upkeep = || server.open(&ada, "/today/upkeep?side=admin").text;
    assert!(!upkeep().contains("nobody on duty, as"), "{}", upkeep());
    let closed = ask("DELETE", &here, &none);
    assert_eq!(closed.status, 200, "{closed:?}");
    let step = json!({ "kind": "step", "id": system, "name": "shop" });
    let duty = json!({ "kind": "duty", "id": team, "name": "shop" });
    assert_eq!(closed.json()["holds"], json!([duty, step]), "somebody else is to be named");
    assert!(upkeep().contains("1 team has nobody on duty, as"), "{}", upkeep());
    let page = server.open(&ada, &format!("/administration/people/{id}")).text;
    assert!(page.contains("on duty of shop; 1 step of shop"), "{page}");
    assert_eq!(ask("GET", &here, &none).json()["state"], "closed");
    assert_eq!(ask("POST", &format!("{here}/link"), &none).status, 409);
    assert_eq!(ask("POST", &format!("{here}/open"), &none).status, 200);
    assert_eq!(ask("DELETE", &format!("{here}/codes"), &none).status, 204);
    assert_eq!(ask("DELETE", &format!("/api/v1/people/{}", ada.id), &none).status, 409);
    assert_eq!(ask("GET", "/api/v1/people", &none).json()["rows"].as_array().unwrap().len(), 3);
    let told = changes(&server, &ada);
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    for what in
        ["person-added", "sessions-ended", "roles", "person-closed", "person-opened", "totp-off"]
    {
        assert!(told.contains(&what), "{what}: {told:?}");
    }
}

#[test]
fn the_last_admin_stays_and_only_admins_look() {
    let (server, ada) = begun();
    let org = server.org();
    let lea = server.someone(org, "Lea", &[(Role::Security, ScopeOf::Organisation)]);
    assert_eq!(server.open(&lea, "/api/v1/people").status, 403);
    let add = json!({ "name": "B", "email": "b@example.org" });
    assert_eq!(ask(&server, &lea, "POST", "/api/v1/people", &add).status, 403);
    // The first admin of all never signed in: without them, Ada is the last.
    let people = server.open(&ada, "/api/v1/people").json();
    let first = people["rows"].as_array().unwrap().iter().find(|p| p["name"] == "Admin").unwrap();
    let first = first["id"].as_i64().unwrap();
    let take = |id: i64| {
        let path = format!("/api/v1/people/{id}/roles?role=admin");
        ask(&server, &ada, "DELETE", &path, &Value::Null).status
    };
    assert_eq!((take(first), take(ada.id)), (200, 409));
}

#[test]
fn one_question_about_several_findings_is_asked_for_all_or_none() {
    let (server, ada) = begun();
    let org = server.org();
    for name in ["shop", "intranet"] {
        server.system(org, name);
        server.upload(&ada, name, name);
    }
    let rows = server.open(&ada, "/api/v1/findings?limit=500").json()["rows"].clone();
    let ids: Vec<i64> =
        rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
    assert!(ids.len() >= 2, "{rows}");
    let asked = || {
        let asked = server.open(&ada, "/api/v1/decisions?state=asked").json();
        asked["rows"].as_array().unwrap().len()
    };
    let wanted = |ids: &[i64]| {
        json!({ "findings": ids, "kind": "not-affected", "reason": "not called",
            "role": "engineering", "justification": "vulnerable_code_not_in_execute_path" })
    };
    let send = |body: &Value, key: &str| {
        let headers = [("cookie", ada.cookie.as_str()), JSON, ("idempotency-key", key)];
        let path = "/api/v1/decisions/several";
        server.ask("POST", path, &headers, body.to_string().as_bytes())
    };
    // One of them is not there, or what is asked for is not right: nothing is asked for.
    let missing = [&ids[..], &[999_999]].concat();
    assert_eq!(send(&wanted(&missing), "a").status, 404);
    let mut unjust = wanted(&ids);
    unjust["justification"] = Value::Null;
    let refused = send(&unjust, "b");
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Nothing was requested"), "{refused:?}");
    assert_eq!(send(&wanted(&[]), "c").status, 422);
    let many: Vec<i64> = (1..=101).collect();
    assert_eq!(send(&wanted(&many), "d").status, 422);
    assert_eq!(asked(), 0);
    // Who may ask about one of two systems asks about neither.
    let shop = rows[0]["system"]["id"].as_i64().unwrap();
    let small =
        [(Role::Engineering, ScopeOf::System(shop)), (Role::Auditor, ScopeOf::Organisation)];
    let bob = server.someone(org, "Bob", &small);
    let body = wanted(&ids);
    assert_eq!(ask(&server, &bob, "POST", "/api/v1/decisions/several", &body).status, 403);
    assert_eq!(asked(), 0);
    // Done once, with a key; each finding becomes a decision of its own, told in the ledger.
    let twice = [&ids[..], &ids[..]].concat();
    let first = send(&wanted(&twice), "e");
    assert_eq!(first.status, 201, "{first:?}");
    let again = send(&wanted(&twice), "e");
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json(), first.json());
    assert_eq!(asked(), ids.len());
    let told = first.json()["rows"].clone();
    assert_eq!(told.as_array().unwrap().len(), ids.len());
    assert!(told.as_array().unwrap().iter().all(|row| row["state"] == "asked"));
    let (_, broken) = server.runtime.block_on(server.app().store.verify_ledger(org)).unwrap();
    assert_eq!(broken, None);
}
