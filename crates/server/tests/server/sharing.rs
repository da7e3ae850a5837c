//! Boards of sides, and links that show them to whoever has one: never more than their maker may see, until they end.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::Grant;
use trimtab_store::ScopeOf::{Organisation, Team};

use crate::harness::{JSON, Server, Someone, bearer};
use crate::world::{World, post};

const SIDES: [&str; 5] = ["engineering", "security", "product", "operations", "leadership"];

fn share(server: &Server, who: &Someone, body: &Value) -> (i64, String) {
    let made = post(server, who, "/api/v1/shares", body);
    assert_eq!(made.status, 201, "{made:?}");
    let address = made.json()["address"].as_str().unwrap().to_owned();
    (made.json()["id"].as_i64().unwrap(), address.trim_start_matches("http://127.0.0.1").to_owned())
}

#[test]
fn each_side_has_a_board_of_what_may_be_seen() {
    let world = World::new();
    let World { server, lea, small, .. } = &world;
    server.settle(world.org);
    for side in SIDES {
        for path in [format!("/boards/{side}"), format!("/boards/{side}/wall")] {
            let page = server.open(lea, &path);
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            let theirs = server.open(small, &path);
            assert_eq!(theirs.status, 200, "{path}: {}", theirs.text);
            assert!(!theirs.text.contains("moment") && !theirs.text.contains("shop"), "{path}");
            assert_eq!(server.ask("GET", &path, &[], b"").status, 303, "{path}");
        }
        // A wall has no control, no secret of the session, and is fetched again by itself.
        let wall = server.open(lea, &format!("/boards/{side}/wall"));
        assert!(!wall.text.contains("<a ") && !wall.text.contains("<form"), "{side}");
        assert!(!wall.text.contains(&lea.csrf) && !wall.text.contains("<script"), "{side}");
        assert_eq!(wall.header("refresh"), Some("300"));
    }
    assert!(server.open(lea, "/boards/security").text.contains("moment"));
    assert!(server.open(lea, "/boards/product").text.contains("shop"));
    assert_eq!(server.open(lea, "/boards/auditor").status, 404);
    assert_eq!(server.open(lea, "/boards").status, 303);
}

#[test]
fn a_link_shows_what_its_maker_may_see_until_it_is_withdrawn() {
    let world = World::new();
    let World { server, lea, small, eve, team, .. } = &world;
    server.settle(world.org);
    let app = server.app();
    let body = |side: &str| json!({ "name": "wall", "side": side, "days": 3 });
    let (id, address) = share(server, lea, &body("security"));
    let open = |address: &str| server.ask("GET", address, &[], b"");
    let page = open(&address);
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("moment") && !page.text.contains("<a "), "{}", page.text);
    assert!(page.header("x-robots-tag").unwrap().contains("noindex"));
    assert_eq!(page.header("set-cookie"), None);
    assert_eq!(open(&format!("{address}x")).status, 404);

    // Of a team alone; another team's is not there, nor may somebody of a team share all.
    let own = server.someone(world.org, "Tess", &[(Role::Leadership, Organisation)]);
    let (_, of_team) =
        share(server, &own, &json!({ "name": "t", "side": "product", "team": team, "days": 1 }));
    assert!(open(&of_team).text.contains("shop") && !open(&of_team).text.contains("intranet"));
    let wrong = |who: &Someone, body: Value| post(server, who, "/api/v1/shares", &body).status;
    assert_eq!(wrong(small, body("security")), 403);
    assert_eq!(
        wrong(small, json!({ "name": "t", "side": "product", "team": team, "days": 1 })),
        404
    );
    assert_eq!(wrong(eve, json!({ "name": "t", "side": "product", "team": team, "days": 1 })), 404);
    for bad in [
        json!({ "name": "", "side": "product", "days": 1 }),
        json!({ "name": "x", "side": "auditor", "days": 1 }),
        json!({ "name": "x", "side": "product", "days": 0 }),
        json!({ "name": "x", "side": "product", "days": 91 }),
        json!(["x", "product", null, 1]),
    ] {
        assert!(matches!(wrong(lea, bad.clone()), 400 | 422), "{bad}");
    }

    // Its address is a secret: no answer that has one is kept.
    let key = [("cookie", lea.cookie.as_str()), JSON, ("idempotency-key", "k")];
    let text = body("product").to_string();
    assert_eq!(server.ask("POST", "/api/v1/shares", &key, text.as_bytes()).status, 422);

    // What its maker may no longer see, it no longer shows; nor if the maker may see nothing there.
    let set = |grants: &[Grant]| {
        let done = app.store.set_grants(world.org, own.id, grants, "trimtab", Timestamp::now());
        server.runtime.block_on(done).unwrap();
    };
    let (_, whole) = share(server, &own, &body("product"));
    assert_eq!(open(&whole).status, 200);
    set(&[Grant { role: Role::Leadership, scope: Team(*team) }]);
    assert_eq!((open(&whole).status, open(&of_team).status), (404, 200));
    set(&[]);
    assert_eq!(open(&of_team).status, 404);

    // It is listed with when it was read, without its secret; its maker and admins may withdraw it.
    let secret = address.rsplit('/').next().unwrap();
    let listed = server.open(lea, "/api/v1/shares");
    assert!(!listed.text.contains(secret) && listed.json()["rows"][0]["id"].is_i64());
    let rows = listed.json()["rows"].as_array().unwrap().clone();
    let row = rows.iter().find(|row| row["id"] == id).unwrap();
    assert!(row["used"].is_string() && row["withdrawn"].is_null(), "{row}");
    let theirs = server.open(small, "/api/v1/shares").json();
    assert!(!theirs["rows"].as_array().unwrap().iter().any(|row| row["id"] == id), "{theirs}");
    let end = |who: &Someone| {
        let headers = [("cookie", who.cookie.as_str()), JSON];
        server.ask("DELETE", &format!("/api/v1/shares/{id}"), &headers, b"").status
    };
    assert_eq!((end(small), end(eve), end(lea)), (404, 404, 204));
    assert_eq!(open(&address).status, 404);
}

#[test]
fn no_token_makes_a_link_nor_withdraws_one_if_it_only_looks() {
    let world = World::new();
    let World { server, lea, .. } = &world;
    let looks = bearer(&server.token(&lea.cookie, &["view"]));
    let shares = bearer(&server.token(&lea.cookie, &["view", "share"]));
    let wanted = json!({ "name": "w", "side": "security", "days": 1 }).to_string();
    let ask = |method: &str, path: &str, token: &str, body: &str| {
        let headers = [("authorization", token), JSON];
        server.ask(method, path, &headers, body.as_bytes())
    };
    let refused = ask("POST", "/api/v1/shares", &shares, &wanted);
    assert_eq!(refused.status, 403);
    // No admin can help.
    assert!(refused.text.contains("Only people who are signed in may make a link"), "{refused:?}");
    assert!(!server.open(lea, "/account").text.contains("share: make"));
    let ask =
        |method: &str, path: &str, token: &str, body: &str| ask(method, path, token, body).status;
    let path = format!("/api/v1/shares/{}", world.share);
    assert_eq!(ask("DELETE", &path, &looks, ""), 404);
    assert_eq!(ask("DELETE", &path, &shares, ""), 204);
}

#[test]
fn a_link_is_made_and_withdrawn_on_pages() {
    let world = World::new();
    let World { server, lea, .. } = &world;
    let path = "/boards/leadership/share";
    assert_eq!(server.open(lea, path).status, 200);
    let wrong = server.send(lea, path, &[("name", "floor 3"), ("days", "x")]);
    assert!(wrong.text.contains("Enter a number of days."), "{}", wrong.text);
    let beyond = server.send(lea, path, &[("name", "floor 3"), ("days", "91")]);
    assert!(beyond.text.contains("1 to 90"), "{}", beyond.text);
    let made = server.send(lea, path, &[("name", "floor 3"), ("days", "7")]);
    let (_, rest) = made.text.split_once("/shared/").unwrap();
    let secret: String =
        rest.chars().take_while(|c| c.is_alphanumeric() || "-_".contains(*c)).collect();
    assert_eq!(server.ask("GET", &format!("/shared/{secret}"), &[], b"").status, 200);
    let listed = server.open(lea, "/shares");
    assert!(listed.text.contains("floor 3") && !listed.text.contains(&secret), "shown once");
    let rows = server.open(lea, "/api/v1/shares").json();
    let id =
        rows["rows"].as_array().unwrap().iter().find(|r| r["name"] == "floor 3").unwrap()["id"]
            .to_string();
    assert_eq!(server.send(lea, "/shares", &[("id", &id), ("do", "withdraw")]).status, 303);
    // Whoever has it reads what to do, and of no page that they cannot open.
    let gone = server.ask("GET", &format!("/shared/{secret}"), &[], b"");
    assert_eq!(gone.status, 404);
    let is_told = gone.text.contains("This link does not work");
    assert!(is_told && !gone.text.contains("/findings"), "{}", gone.text);
    let auditor = server.someone(world.org, "Aud", &[(Role::Auditor, Organisation)]);
    assert_eq!(server.open(&auditor, path).status, 403);
    assert_eq!(server.send(&auditor, path, &[("name", "x"), ("days", "1")]).status, 403);
}
