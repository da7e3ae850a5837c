//! What a supplier's products contain, the bytes of what they sent, and two who change a supplier at once.

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::Team;

use super::{Supplied, begun, sbom, vex};
use crate::harness::{Answer, JSON, Someone};

fn put(world: &Supplied, who: &Someone, version: Option<&str>, body: &Value) -> Answer {
    let mut headers = vec![("cookie", who.cookie.as_str()), JSON];
    headers.extend(version.map(|version| ("if-match", version)));
    let path = format!("/api/v1/suppliers/{}", world.id);
    world.server.ask("PUT", &path, &headers, body.to_string().as_bytes())
}

#[test]
fn what_they_deliver_is_listed_with_findings_and_what_they_state() {
    let world = begun(&json!({}));
    let (server, lea, id) = (&world.server, &world.lea, world.id);
    let all = |query: &str| {
        let answer = server.open(lea, &format!("/api/v1/suppliers/{id}/packages{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    };
    assert_eq!(all("")["rows"], json!([]));
    let product = world.product;
    let mut document: Value = serde_json::from_str(&sbom()).unwrap();
    document["components"].as_array_mut().unwrap().push(json!({ "type": "library",
        "name": "chalk", "version": "5.0.0", "purl": "pkg:npm/chalk@5.0.0",
        "licenses": [{ "license": { "id": "MIT" } }] }));
    let query = format!("product={product}&version=1.0");
    let sent = world.push(&query, document.to_string().as_bytes());
    assert!(matches!(sent.status, 200..=202), "{sent:?}");
    server.settle(world.org);
    let is = all("");
    let rows = is["rows"].as_array().unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row["purl"].as_str().unwrap()).collect();
    assert_eq!(names, ["pkg:npm/chalk@5.0.0", "pkg:npm/moment@2.24.0"]);
    assert_eq!((&rows[0]["licence"], &rows[0]["findings"]), (&json!("MIT"), &json!(0)));
    let found = rows[1]["findings"].as_i64().unwrap();
    assert!(found > 0, "{is:#}");
    assert_eq!((&rows[1]["stated"], &rows[1]["unstated"]), (&json!({}), &json!(found)));
    assert_eq!(rows[1]["product"], json!(product));
    // A page goes on where the last one ended.
    let first = all("?limit=1");
    assert_eq!(first["rows"][0], rows[0]);
    let next = all(&format!("?limit=1&after={}", first["next"].as_str().unwrap()));
    assert_eq!((&next["rows"][0], &next["next"]), (&rows[1], &Value::Null));
    assert_eq!(all("?affected=true")["rows"], json!([rows[1]]));
    assert_eq!(all(&format!("?product={product}"))["rows"], is["rows"]);
    let missing = format!("/api/v1/suppliers/{id}/packages?product={}", product + 1000);
    assert_eq!(server.open(lea, &missing).status, 404);
    // What they state is told before somebody lets it hold.
    let findings = server.open(lea, "/api/v1/findings").json()["rows"].clone();
    let name = findings[0]["vulnerability"].as_str().unwrap();
    let sent = world.push(&format!("product={product}&kind=vex"), vex(name).as_bytes());
    assert!(matches!(sent.status, 200..=202), "{sent:?}");
    server.settle(world.org);
    let stated = all("?affected=true")["rows"][0].clone();
    assert_eq!(stated["stated"], json!({ "not_affected": 1 }), "{stated}");
    assert_eq!(stated["unstated"], json!(found - 1));
    let page = server.open(lea, &format!("/suppliers/{id}/packages")).text;
    for words in ["Northwind delivers 2 components, 1 of them with findings.", "1 not affected"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = server.open(lea, &format!("/suppliers/{id}/packages?affected=yes")).text;
    assert!(page.contains("moment") && !page.contains("chalk"), "{page}");
    // Who sees the product's team alone reads the bytes of what came about it; who sees another does not.
    let own = server.someone(world.org, "Own", &[(Role::Auditor, Team(world.team))]);
    let documents = server.open(&own, &format!("/api/v1/suppliers/{id}/documents")).json();
    let document = documents["rows"][0]["id"].as_i64().unwrap();
    let bytes = format!("/api/v1/suppliers/{id}/documents/{document}/bytes");
    let read = server.open(&own, &bytes);
    assert_eq!((read.status, read.text), (200, vex(name)));
    let page = server.open(&own, &format!("/suppliers/{id}/documents/{document}")).text;
    assert!(page.contains(&bytes), "{page}");
    let (_, other) = server.system(world.org, "depot");
    let other = server.someone(world.org, "Other", &[(Role::Auditor, Team(other))]);
    assert_eq!(server.open(&other, &bytes).status, 404);
    assert_eq!(server.open(&other, &format!("/api/v1/suppliers/{id}/packages")).status, 404);
}

#[test]
fn of_two_who_change_a_supplier_the_second_is_told() {
    let world = begun(&json!({ "fresh_days": 90 }));
    let path = format!("/api/v1/suppliers/{}", world.id);
    let version = || {
        let is = world.server.open(&world.lea, &path).json();
        format!("\"{}\"", is["supplier"]["version"].as_str().unwrap())
    };
    let read = version();
    let changed = |days: i64| json!({ "name": "Northwind", "obligations": { "fresh_days": days } });
    assert_eq!(put(&world, &world.lea, Some(&read), &changed(60)).status, 200);
    assert_ne!(version(), read);
    assert_eq!(put(&world, &world.lea, Some(&read), &changed(30)).status, 412);
    assert_eq!(put(&world, &world.lea, None, &changed(45)).status, 200, "who read nothing may");
    let is = world.server.open(&world.lea, &path).json();
    assert_eq!(is["supplier"]["obligations"]["fresh_days"], 45);
    // The form was opened before: what was written stays in it.
    let edit = format!("/suppliers/{}/edit", world.id);
    let fields = [("name", "Northwind Plus"), ("fresh_days", "20"), ("version", "1")];
    let answer = world.server.send(&world.lea, &edit, &fields);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.text.contains("Somebody changed it while you wrote"), "{}", answer.text);
    assert!(answer.text.contains("Northwind Plus"), "{}", answer.text);
    let now = version();
    let fields = [("name", "Northwind"), ("fresh_days", "20"), ("version", now.trim_matches('"'))];
    assert_eq!(world.server.send(&world.lea, &edit, &fields).status, 303);
}
