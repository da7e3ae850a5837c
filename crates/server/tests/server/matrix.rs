//! Every role at every route of the API: what is written in `corpus/access/routes.txt` is what happens.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::ScopeOf::Organisation;

use crate::harness::{JSON, Someone};
use crate::world::World;

/// Who may, as the table says it.
#[derive(Debug)]
struct Row {
    method: String,
    path: String,
    who: BTreeSet<String>,
    hidden: bool,
}

fn table() -> Vec<Row> {
    let path = trimtab_testkit::repository().join("corpus/access/routes.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let words = ["public", "signed-in", "everybody", "owner"];
    let row = |line: &str| {
        let mut parts = line.split_whitespace().map(ToOwned::to_owned);
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let mut who: BTreeSet<String> = parts.collect();
        let hidden = who.remove("hidden");
        let known = |word: &String| {
            words.contains(&word.as_str()) || Role::ALL.iter().any(|role| role.as_str() == word)
        };
        assert!(!who.is_empty() && who.iter().all(known), "{line}");
        Row { method, path, who, hidden }
    };
    lines.map(row).collect()
}

impl Row {
    /// Whether somebody with one role may; `None`: with none.
    fn may(&self, role: Option<Role>) -> bool {
        let has = |word: &str| self.who.contains(word);
        has("public")
            || has("signed-in")
            || role.is_some_and(|role| has("everybody") || has(role.as_str()))
    }
}

/// How a team may wish to be told.
pub(crate) fn wishes() -> Value {
    json!({ "zone": "Europe/Berlin", "days": ["tuesday"], "time": "09:00", "budget": 1, "channel": "none" })
}

/// How a team's rota may go round.
pub(crate) fn rota(person: i64) -> Value {
    json!({ "people": [person], "first": "2026-03-02", "days": 7, "at": "09:00" })
}

/// What is sent: the address with its things, and a body that is understood.
fn request(world: &World, row: &Row, role: &str) -> (String, Value) {
    let id = |of: i64| of.to_string();
    let World { finding, asset, team, update, job, decision, token, charter, letter, .. } = world;
    let World { incident, appeal, system, .. } = world;
    let World { review, resolve, goal, lea, .. } = world;
    let day = (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(48)).to_string();
    let thing = match row.path.split('/').nth(3).unwrap() {
        "findings" => id(*finding),
        "assets" => id(*asset),
        "teams" => id(*team),
        "updates" => id(*update),
        "notices" => id(*letter),
        "incidents" => id(*incident),
        "appeals" => id(*appeal),
        "systems" => id(*system),
        "reviews" => id(*review),
        "goals" => id(*goal),
        "suppliers" => id(world.supplier),
        "verdicts" => id(world.verdict),
        "supplied" => id(world.question),
        "jobs" => id(*job),
        "decisions" => id(*decision),
        "tokens" => id(*token),
        "shares" => id(world.share),
        "charters" => id(*charter),
        "people" => id(world.small.id),
        "cards" => id(world.lea.id),
        "documents" | "vex" => world.digest.clone(),
        "today" => "answers".to_owned(),
        "boards" => "security".to_owned(),
        "vulnerabilities" => world.vulnerability.clone(),
        "packages" => "pkg%3Anpm%2Fmoment".to_owned(),
        _ => String::new(),
    };
    let mut path: String = row.path.clone();
    let names = [
        "{id}",
        "{side}",
        "{digest}",
        "{document}",
        "{name}",
        "{purl}",
        "{list}",
        "{number}",
        "{link}",
        "{question}",
    ];
    for name in names {
        path = path.replace(name, &thing);
    }
    path = path.replace("{day}", "2026-03-02");
    let asked = json!({ "reason": "x", "role": role, "days": 1, "control": "y" });
    let with = |member: &str, value: Value| {
        let mut body = asked.clone();
        body[member] = value;
        body
    };
    let (query, body) = match (row.method.as_str(), row.path.trim_start_matches("/api/v1/")) {
        ("POST", "appeals") => {
            ("", json!({ "kind": "dispute", "finding": finding, "wanted": "now", "reason": "x" }))
        }
        ("POST", "appeals/{id}") => {
            ("", json!({ "state": "refused", "role": role, "reason": "x" }))
        }
        ("POST", "incidents") => ("", json!({ "title": role, "looked_for": "pkg:npm/nothing" })),
        ("POST", "incidents/{id}") => ("", json!({ "kind": "note", "text": "x" })),
        ("PUT", "cards") => ("", json!({ "hidden": false })),
        ("PUT", "systems/{id}/people") => ("", json!({ "selection": world.small.id })),
        ("POST", "charters") => ("", json!({ "text": "format = 1\npreset = \"swift\"\n" })),
        ("POST", "charters/{id}/agree") => ("", json!({ "side": role })),
        ("POST", "decisions") => ("", with("finding", json!(finding))),
        ("POST", "decisions/several") => ("", with("findings", json!([finding]))),
        ("POST", "decisions/answers") => {
            ("", json!({ "decisions": [decision], "state": "ended", "role": role }))
        }
        ("POST", "decisions/{id}/answer") => ("", json!({ "state": "ended", "role": role })),
        ("POST", "deployments") => ("", json!({ "asset": "shop", "environment": "production" })),
        ("POST", "deployments/alerts") => (
            "?asset=shop&environment=production",
            json!({ "version": "4", "status": "firing", "receiver": "x", "alerts": [{
                "status": "firing", "fingerprint": format!("of {role}"),
                "startsAt": "2026-03-02T09:15:00Z", "labels": { "alertname": "x" } }] }),
        ),
        ("POST", "deployments/events") => (
            "?asset=shop&environment=production",
            json!({ "deployment_status": { "state": "success", "environment": "production" },
                "deployment": { "sha": "x", "ref": "main" } }),
        ),
        ("POST", "deployments/kubernetes") => ("?environment=production", json!({ "items": [] })),
        ("POST", "packages/published") => {
            ("?asset=shop", json!({ "packages": [{ "purl": "pkg:npm/moment@2.24.0" }] }))
        }
        ("POST", "updates/merges") => (
            "?asset=shop",
            json!({ "merges": [{ "update": 1, "commit": "5d1e0c7", "address": "a@b" }] }),
        ),
        ("PUT", "maturity/thresholds") => {
            ("", json!({ "criterion": "inventory-begun", "least": 50, "reason": "x" }))
        }
        ("PUT", "updates/{id}/merged") => ("", json!({ "mine": false })),
        ("POST", "people") => ("", json!({ "name": role, "email": format!("{role}@example.org") })),
        ("POST", "people/{id}/roles") => ("", json!({ "role": "auditor" })),
        ("DELETE", "people/{id}/roles") => ("?role=auditor", Value::Null),
        ("POST", "plans" | "reports" | "snapshots" | "updates" | "verdicts") => {
            ("?asset=shop", json!({}))
        }
        ("POST", "suppliers") => {
            ("", json!({ "name": format!("{role} Ltd"), "product": "x", "system": "shop" }))
        }
        ("PUT", "suppliers/{id}") => ("", json!({ "name": "Northwind" })),
        ("PUT", "suppliers/{id}/letters") => ("", json!({ "on": false })),
        ("POST", "suppliers/{id}/links") => ("", json!({ "name": role, "days": 1 })),
        ("POST", "suppliers/{id}/products") => ("", json!({ "product": role, "system": "shop" })),
        ("POST", "suppliers/{id}/questions") => {
            ("", json!({ "product": world.product, "text": "x" }))
        }
        ("POST", "suppliers/{id}/releases") => {
            ("", json!({ "product": world.product, "version": role }))
        }
        ("PUT", "systems") => ("", json!({ "name": "shop", "team": "shop" })),
        ("PUT", "teams") => ("", json!({ "name": "shop" })),
        ("PUT", "teams/{id}/notices/wishes") => ("", wishes()),
        ("PUT", "teams/{id}/rota") => ("", rota(lea.id)),
        ("POST", "teams/{id}/rota/covers") => {
            ("", json!({ "person": lea.id, "first": &day[..10], "until": "2100-01-01" }))
        }
        ("POST", "teams/{id}/plan") => (
            "",
            json!({ "changes": [format!("{asset}:pkg:npm/moment")], "state": "held", "reason": "x" }),
        ),
        ("POST", "shares") => ("", json!({ "name": role, "side": "security", "days": 1 })),
        ("PUT", "teams/{id}/tracker") => (
            "",
            json!({ "software": "gitea", "address": "https://git.example/api/v1", "project": "o/r" }),
        ),
        ("PUT", "boards/{side}/mail") => ("", json!({ "rhythm": "week-1", "hour": 8 })),
        ("PUT", "own-digest") => ("", json!({ "days": ["monday"], "hour": 8 })),
        ("POST", "tokens") => ("", json!({ "name": role, "actions": ["view"], "days": 1 })),
        ("POST", "reviews/{id}") => ("", json!({ "do": "attend" })),
        ("POST", "reviews/{id}/decisions") => {
            ("", json!({ "what": "x", "owner": lea.id, "due": &day[..10] }))
        }
        ("POST", "reviews/{id}/followed") => ("", json!({ "decision": resolve, "state": "done" })),
        ("POST", "goals") => {
            ("", json!({ "name": role, "measure": "load", "from": 9, "to": 1, "ends": &day[..10] }))
        }
        ("POST", "pulse") => ("", json!({ "role": role, "productive": 1, "heard": 2, "clear": 3 })),
        ("POST", "updates/{id}") => ("", json!({ "points": 1 })),
        ("GET", "findings/groups" | "findings/groups.csv") => ("?by=package", Value::Null),
        ("GET", "metrics/list") => ("?of=found", Value::Null),
        ("GET", "releases") => ("?asset=", json!(asset)),
        ("GET", "where") => ("?q=moment", Value::Null),
        ("POST", _) => ("", json!({})),
        _ => ("", Value::Null),
    };
    match (query, &body) {
        ("?asset=", Value::Number(asset)) => (format!("{path}?asset={asset}"), Value::Null),
        _ => (format!("{path}{query}"), body),
    }
}

#[test]
fn every_role_at_every_route() {
    let rows = table();
    let world = World::new();
    let server = &world.server;
    server.settle(world.org);
    let described = server.ask("GET", "/api/v1/openapi.json", &[], b"").json();
    let routes: BTreeSet<(String, String)> = described["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        })
        .collect();
    let told: BTreeSet<(String, String)> =
        rows.iter().map(|row| (row.method.clone(), row.path.clone())).collect();
    assert_eq!(told, routes, "every route is in corpus/access/routes.txt");
    assert_eq!(told.len(), rows.len(), "once");

    let mut people: BTreeMap<String, (Option<Role>, Someone)> = BTreeMap::new();
    for role in Role::ALL.iter().copied() {
        let name = format!("R{role}");
        let someone = server.someone(world.org, &name, &[(role, Organisation)]);
        people.insert(role.as_str().to_owned(), (Some(role), someone));
    }
    people.insert("none".to_owned(), (None, server.someone(world.org, "None", &[])));

    let mut faults = Vec::new();
    for row in &rows {
        let ask = |word: &str, who: Option<&Someone>| {
            let (path, body) = request(&world, row, word);
            let mut headers = vec![JSON];
            headers.extend(who.map(|who| ("cookie", who.cookie.as_str())));
            let body = if body.is_null() { String::new() } else { body.to_string() };
            server.ask(&row.method, &path, &headers, body.as_bytes())
        };
        let at = |word: &str| format!("{} {} as {word}", row.method, row.path);
        let stranger = ask("none", None);
        if (stranger.status == 401) == row.who.contains("public") {
            faults.push(format!("{}: {}", at("a stranger"), stranger.status));
        }
        for (word, (role, someone)) in &people {
            let answer = ask(word, Some(someone));
            // Who has no role may not see that something is there.
            let not_there = answer.status == 404 && (row.hidden || role.is_none());
            let refused = answer.status == 403 || not_there;
            let wrong = refused == row.may(*role) || answer.status == 401 || answer.status >= 500;
            // What is only looked at is there for whoever may.
            let looked = row.method == "GET" && row.may(*role) && answer.status != 200;
            let wrong = wrong || looked;
            if wrong {
                let text: String = answer.text.chars().take(200).collect();
                faults.push(format!("{}: {} {text}", at(word), answer.status));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
